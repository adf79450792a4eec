//! A host for the Lambda Runtime API, version 2018-06-01, as AWS documents it for custom runtimes.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Response, StatusCode};
use axum::routing::{get, post};
use jiff::Timestamp;
use serde_json::Value as Json;
use tokio::sync::{Notify, oneshot};

/// What a function said of an invocation.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// It answered with this.
    Response(Json),
    /// It failed; the members are `errorType`, `errorMessage` and perhaps `stackTrace`.
    Error(Json),
}

impl Answer {
    /// The response.
    ///
    /// # Panics
    /// Where the invocation failed.
    pub fn response(self) -> Json {
        match self {
            Self::Response(json) => json,
            Self::Error(json) => panic!("the invocation failed: {json}"),
        }
    }

    /// The error's sentence.
    ///
    /// # Panics
    /// Where the invocation succeeded.
    pub fn error(self) -> String {
        match self {
            Self::Error(json) => json["errorMessage"].as_str().unwrap_or_default().to_owned(),
            Self::Response(json) => panic!("the invocation succeeded: {json}"),
        }
    }
}

struct Invocation {
    id: String,
    payload: String,
    deadline: Timestamp,
}

#[derive(Default)]
struct Calls {
    serial: u64,
    waiting: VecDeque<Invocation>,
    open: BTreeMap<String, oneshot::Sender<Answer>>,
    init_error: Option<Json>,
    /// How often the function asked for an invocation: the first time, its start was over.
    asked: u64,
}

#[derive(Default)]
struct Shared {
    calls: Mutex<Calls>,
    arrived: Notify,
    asked: Notify,
}

/// A running host: one for each process, as on AWS.
pub struct RuntimeApi {
    shared: Arc<Shared>,
    address: SocketAddr,
}

impl RuntimeApi {
    pub async fn start() -> Self {
        let shared = Arc::new(Shared::default());
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
            .route("/2018-06-01/runtime/init/error", post(init_error))
            .with_state(shared.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { shared, address }
    }

    /// What `AWS_LAMBDA_RUNTIME_API` is set to.
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// Hands an event to the function; the receiver gets what it says.
    pub fn invoke(&self, payload: String, deadline: Timestamp) -> oneshot::Receiver<Answer> {
        let (sender, receiver) = oneshot::channel();
        let mut calls = self.shared.calls.lock().unwrap();
        calls.serial += 1;
        let id = format!("8476a536-e9f4-11e8-9739-{:012}", calls.serial);
        calls.open.insert(id.clone(), sender);
        calls.waiting.push_back(Invocation { id, payload, deadline });
        drop(calls);
        self.shared.arrived.notify_one();
        receiver
    }

    /// Waits until the function's start is over: it has asked for its first invocation.
    pub async fn started(&self) {
        loop {
            let asked = self.shared.asked.notified();
            if self.shared.calls.lock().unwrap().asked > 0 {
                return;
            }
            asked.await;
        }
    }

    /// What the function said of a start that failed.
    pub fn init_error(&self) -> Option<Json> {
        self.shared.calls.lock().unwrap().init_error.clone()
    }
}

async fn next(State(shared): State<Arc<Shared>>) -> Response<Body> {
    shared.calls.lock().unwrap().asked += 1;
    shared.asked.notify_one();
    loop {
        let arrived = shared.arrived.notified();
        let taken = shared.calls.lock().unwrap().waiting.pop_front();
        if let Some(invocation) = taken {
            return Response::builder()
                .header("content-type", "application/json")
                .header("lambda-runtime-aws-request-id", invocation.id)
                .header("lambda-runtime-deadline-ms", invocation.deadline.as_millisecond().to_string())
                .header("lambda-runtime-invoked-function-arn", "arn:aws:lambda:us-east-1:123456789012:function:syncline")
                .header("lambda-runtime-trace-id", "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1")
                .body(invocation.payload.into())
                .unwrap();
        }
        arrived.await;
    }
}

fn accept(shared: &Shared, id: &str, answer: Answer) -> StatusCode {
    match shared.calls.lock().unwrap().open.remove(id) {
        Some(open) => {
            drop(open.send(answer));
            StatusCode::ACCEPTED
        }
        None => StatusCode::BAD_REQUEST,
    }
}

async fn response(State(shared): State<Arc<Shared>>, Path(id): Path<String>, body: Bytes) -> StatusCode {
    let json = serde_json::from_slice(&body).unwrap_or(Json::Null);
    accept(&shared, &id, Answer::Response(json))
}

async fn error(State(shared): State<Arc<Shared>>, Path(id): Path<String>, headers: HeaderMap, body: Bytes) -> StatusCode {
    assert!(headers.contains_key("lambda-runtime-function-error-type"), "an error is reported with its type");
    accept(&shared, &id, Answer::Error(serde_json::from_slice(&body).unwrap()))
}

async fn init_error(State(shared): State<Arc<Shared>>, body: Bytes) -> StatusCode {
    shared.calls.lock().unwrap().init_error = Some(serde_json::from_slice(&body).unwrap());
    StatusCode::ACCEPTED
}
