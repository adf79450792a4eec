//! SQS and Secrets Manager over their protocol, as far as the functions and the command line use them. `DynamoDB` is the embedded one.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::Response;
use serde_json::{Value as Json, json};

const BODY_BYTES_MAX: usize = 2 * 1024 * 1024;

#[derive(Default)]
struct Shared {
    secrets: BTreeMap<String, Json>,
    /// Messages by queue, in the order in which they came.
    queues: BTreeMap<String, Vec<String>>,
    /// The URLs of the queues that have been made, by their names.
    names: BTreeMap<String, String>,
    denied: BTreeSet<String>,
    /// Every operation, in order.
    asked: Vec<String>,
}

/// A running stand-in.
pub struct Cloud {
    shared: Arc<Mutex<Shared>>,
    endpoint: String,
}

impl Cloud {
    pub async fn start() -> Self {
        let shared = Arc::new(Mutex::new(Shared::default()));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(answer).with_state(shared.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { shared, endpoint }
    }

    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Stores a secret, or replaces it, as a rotation does. `null`: one that was made and has no value yet.
    pub fn put_secret(&self, name: &str, value: Json) {
        self.shared.lock().unwrap().secrets.insert(name.to_owned(), value);
    }

    /// A bundle as it is stored.
    pub fn secret(&self, name: &str) -> Json {
        self.shared.lock().unwrap().secrets.get(name).cloned().unwrap_or_default()
    }

    /// Makes a queue; only then it is found by its name.
    pub fn make_queue(&self, name: &str) {
        let url = self.queue_url(name);
        self.shared.lock().unwrap().names.insert(name.to_owned(), url);
    }

    /// From now on nobody has the right to this operation, of whatever service.
    pub fn deny(&self, operation: &str) {
        self.shared.lock().unwrap().denied.insert(operation.to_owned());
    }

    /// The address of a queue.
    pub fn queue_url(&self, name: &str) -> String {
        format!("{}/123456789012/{name}", self.endpoint)
    }

    /// Takes all messages of a queue.
    pub fn take(&self, name: &str) -> Vec<String> {
        let url = self.queue_url(name);
        self.shared.lock().unwrap().queues.remove(&url).unwrap_or_default()
    }

    /// Every operation since the last call of this.
    pub fn take_asked(&self) -> Vec<String> {
        std::mem::take(&mut self.shared.lock().unwrap().asked)
    }
}

async fn answer(State(shared): State<Arc<Mutex<Shared>>>, request: Request) -> Response<Body> {
    let target = request.headers().get("x-amz-target").map(|target| target.to_str().unwrap().to_owned()).unwrap_or_default();
    assert!(request.headers().contains_key("authorization"), "requests are signed");
    let body = to_bytes(request.into_body(), BODY_BYTES_MAX).await.unwrap();
    let members: Json = serde_json::from_slice(&body).unwrap();
    let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
    let mut shared = shared.lock().unwrap();
    let (status, answer) = shared.answer(&operation, &members);
    shared.asked.push(operation);
    Response::builder().status(status).header("content-type", "application/x-amz-json-1.1").body(answer.to_string().into()).unwrap()
}

impl Shared {
    fn answer(&mut self, operation: &str, members: &Json) -> (u16, Json) {
        if self.denied.contains(operation) {
            let message = format!("User: arn:aws:iam::123456789012:user/operator is not authorized to perform: {operation}");
            return (400, json!({ "__type": "AccessDeniedException", "Message": message, "message": message }));
        }
        match operation {
            "GetQueueUrl" => match self.names.get(members["QueueName"].as_str().unwrap_or_default()) {
                Some(url) => (200, json!({ "QueueUrl": url })),
                None => (400, json!({ "__type": "com.amazonaws.sqs#QueueDoesNotExist", "message": "The specified queue does not exist." })),
            },
            "GetSecretValue" | "PutSecretValue" => {
                let name = members["SecretId"].as_str().unwrap_or_default();
                let is_there = |secret: &&mut Json| operation == "PutSecretValue" || !secret.is_null();
                let Some(secret) = self.secrets.get_mut(name).filter(is_there) else {
                    let message = "Secrets Manager can't find the specified secret.";
                    return (400, json!({ "__type": "ResourceNotFoundException", "Message": message }));
                };
                if let Some(text) = members["SecretString"].as_str() {
                    *secret = serde_json::from_str(text).unwrap();
                }
                let arn = format!("arn:aws:secretsmanager:us-east-1:123456789012:secret:{name}-AbCdEf");
                (200, json!({ "ARN": arn, "Name": name, "SecretString": secret.to_string(), "VersionId": "v1" }))
            }
            "SendMessageBatch" => {
                let entries = members["Entries"].as_array().cloned().unwrap_or_default();
                let queue = self.queues.entry(members["QueueUrl"].as_str().unwrap_or_default().to_owned()).or_default();
                queue.extend(entries.iter().filter_map(|entry| entry["MessageBody"].as_str().map(str::to_owned)));
                let sent: Vec<Json> =
                    entries.iter().map(|entry| json!({ "Id": entry["Id"], "MessageId": "m", "MD5OfMessageBody": "0" })).collect();
                (200, json!({ "Successful": sent, "Failed": [] }))
            }
            other => (400, json!({ "__type": "UnknownOperationException", "Message": format!("{other} is not played here") })),
        }
    }
}
