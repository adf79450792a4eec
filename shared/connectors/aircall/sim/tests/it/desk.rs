//! A company at a fixed moment, and short ways to ask it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};
use syncline_aircall_sim::{API_ID, API_TOKEN, Aircall, Delivery, Profile};
use syncline_simulator::{Fields, Response, Simulator, Users};

pub(crate) struct Desk {
    pub(crate) aircall: Aircall,
    pub(crate) now: Timestamp,
    pub(crate) authorization: String,
}

pub(crate) fn basic(id: &str, token: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{id}:{token}")))
}

impl Desk {
    pub(crate) fn new(profile: Profile) -> Self {
        let now = "2026-11-22T10:00:00Z".parse().unwrap();
        Self { aircall: Aircall::new(profile), now, authorization: basic(API_ID, API_TOKEN) }
    }

    pub(crate) fn pass(&mut self, seconds: i64) {
        self.now += SignedDuration::from_secs(seconds);
    }

    pub(crate) fn raw(&mut self, method: &str, path: &str, body: &Json) -> Response {
        let body = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
        let request = http::Request::builder().method(method).uri(path).header("authorization", &self.authorization).body(body).unwrap();
        self.aircall.handle(self.now, &request)
    }

    pub(crate) fn ask(&mut self, method: &str, path: &str, body: &Json) -> (u16, Json) {
        let answer = self.raw(method, path, body);
        (answer.status().as_u16(), serde_json::from_slice(answer.body()).unwrap_or(Json::Null))
    }

    pub(crate) fn get(&mut self, path: &str) -> Json {
        let (status, body) = self.ask("GET", path, &Json::Null);
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    /// A person adds a user; the id.
    pub(crate) fn user(&mut self, number: u32) -> i64 {
        let fields = Fields::from([
            ("name".to_owned(), json!(format!("Agent Number {number}"))),
            ("email".to_owned(), json!(format!("agent{number}@acme.example"))),
        ]);
        self.aircall.create(self.now, "user", &fields).unwrap().parse().unwrap()
    }

    /// A webhook for these events; its id and its token.
    pub(crate) fn hook(&mut self, events: &[&str]) -> (String, String) {
        let (status, body) = self.ask("POST", "/v1/webhooks", &json!({"url": "https://hooks.example/a", "events": events}));
        assert_eq!(status, 200, "{body}");
        let text = |name: &str| body["webhook"][name].as_str().unwrap().to_owned();
        (text("webhook_id"), text("token"))
    }

    /// What is posted now, taken with this status.
    pub(crate) fn post(&mut self, status: Option<u16>) -> Vec<Json> {
        let due: Vec<Delivery> = self.aircall.deliveries(self.now);
        for delivery in &due {
            self.aircall.delivered(self.now, delivery.number, status);
        }
        due.iter().map(|delivery| serde_json::from_slice(&delivery.body).unwrap()).collect()
    }

    /// The events' names, in the order in which they are posted.
    pub(crate) fn events(&mut self) -> Vec<String> {
        self.post(Some(200)).iter().map(|event| event["event"].as_str().unwrap().to_owned()).collect()
    }
}
