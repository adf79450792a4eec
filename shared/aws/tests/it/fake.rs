//! A stand-in for AWS that answers by script and remembers what it was asked.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::{Response, StatusCode};
use serde_json::{Value, json};
use syncline_aws::Aws;

/// What the stand-in does with one request.
pub(crate) enum Answer {
    Ok(Value),
    /// A refusal with this status and error code, and members beside the code.
    Refused(u16, &'static str, Value),
    /// The connection breaks after the request was read.
    Lost,
}

type Script = dyn Fn(&str, &Value) -> Answer + Send + Sync;

struct Shared {
    script: Box<Script>,
    asked: Mutex<Vec<(String, Value)>>,
}

/// A running stand-in.
pub(crate) struct Fake {
    shared: Arc<Shared>,
    endpoint: String,
}

impl Fake {
    /// Answers each request with what the script makes of the operation's name and the request's members.
    pub(crate) async fn start(script: impl Fn(&str, &Value) -> Answer + Send + Sync + 'static) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let shared = Arc::new(Shared { script: Box::new(script), asked: Mutex::default() });
        let router = Router::new().fallback(answer).with_state(shared.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { shared, endpoint }
    }

    pub(crate) fn aws(&self) -> Arc<Aws> {
        Aws::at(&self.endpoint)
    }

    /// Operations and their members, in order.
    pub(crate) fn asked(&self) -> Vec<(String, Value)> {
        self.shared.asked.lock().unwrap().clone()
    }

    pub(crate) fn operations(&self) -> Vec<String> {
        self.asked().into_iter().map(|(operation, _)| operation).collect()
    }
}

async fn answer(State(shared): State<Arc<Shared>>, request: Request) -> Response<axum::body::Body> {
    let target = request.headers()["x-amz-target"].to_str().unwrap().to_owned();
    assert!(request.headers().contains_key("authorization"), "requests are signed");
    let operation = target.split_once('.').unwrap().1.to_owned();
    let body = to_bytes(request.into_body(), 20 * 1024 * 1024).await.unwrap();
    let members: Value = serde_json::from_slice(&body).unwrap();
    shared.asked.lock().unwrap().push((operation.clone(), members.clone()));
    match (shared.script)(&operation, &members) {
        Answer::Ok(value) => respond(200, &value),
        Answer::Refused(status, code, mut value) => {
            value["__type"] = json!(code);
            respond(status, &value)
        }
        // A handler that panics takes its connection with it.
        Answer::Lost => panic!("the answer is lost on purpose"),
    }
}

fn respond(status: u16, value: &Value) -> Response<axum::body::Body> {
    Response::builder()
        .status(StatusCode::from_u16(status).unwrap())
        .header("content-type", "application/x-amz-json-1.0")
        .body(value.to_string().into())
        .unwrap()
}
