//! A client with credentials and a clock that only moves when told.

use http::Method;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};
use syncline_salesmanago_sim::{API_KEY, API_SECRET, CLIENT_ID, OWNER_EMAIL, Profile, Salesmanago, signature};
use syncline_simulator::{Fields, Response, Simulator};

pub(crate) struct Client {
    pub(crate) account: Salesmanago,
    pub(crate) now: Timestamp,
    pub(crate) owner: &'static str,
}

impl Client {
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(crate) fn with(change: impl FnOnce(&mut Profile)) -> Self {
        let mut profile = Profile { calls_per_minute: 1_000_000, ..Profile::default() };
        change(&mut profile);
        Self { account: Salesmanago::new(profile), now: "2026-11-20T10:00:00Z".parse().unwrap(), owner: OWNER_EMAIL }
    }

    pub(crate) fn pass(&mut self, seconds: i64) {
        self.now += SignedDuration::from_secs(seconds);
    }

    pub(crate) fn credentials(&self) -> Map<String, Value> {
        let body = json!({
            "clientId": CLIENT_ID, "apiKey": API_KEY, "sha": signature(API_KEY, CLIENT_ID, API_SECRET),
            "requestTime": self.now.as_millisecond(), "owner": self.owner,
        });
        body.as_object().unwrap().clone()
    }

    pub(crate) fn send(&mut self, method: Method, path: &str, body: &Value) -> Response {
        let request = http::Request::builder().method(method).uri(path).body(bytes::Bytes::from(body.to_string())).unwrap();
        self.account.handle(self.now, &request)
    }

    /// A call with credentials; the status and the body.
    pub(crate) fn raw(&mut self, path: &str, body: &Value) -> (u16, Value) {
        let mut whole = self.credentials();
        whole.extend(body.as_object().unwrap().clone());
        let answer = self.send(Method::POST, &format!("/api/{path}"), &Value::Object(whole));
        (answer.status().as_u16(), serde_json::from_slice(answer.body()).unwrap_or_default())
    }

    /// A call that must succeed.
    pub(crate) fn call(&mut self, path: &str, body: &Value) -> Value {
        let (status, answer) = self.raw(path, body);
        assert_eq!((status, &answer["success"], &answer["message"]), (200, &json!(true), &json!([])), "{path}: {answer}");
        answer
    }

    /// The vendor's words of a refusal, which comes with 200.
    pub(crate) fn refused(&mut self, path: &str, body: &Value) -> String {
        let (status, answer) = self.raw(path, body);
        assert_eq!((status, &answer["success"]), (200, &json!(false)), "{path}: {answer}");
        answer["message"][0].as_str().unwrap().to_owned()
    }

    pub(crate) fn upsert(&mut self, contact: &Value) -> String {
        self.call("contact/upsert", &json!({ "contact": contact }))["contactId"].as_str().unwrap().to_owned()
    }

    /// The contact as any user reads it.
    pub(crate) fn read(&mut self, id: &str) -> Value {
        self.call("contact/listAllById", &json!({"contactId": [id]}))["contacts"][0].clone()
    }
}

pub(crate) fn fields<const N: usize>(fields: [(&str, Value); N]) -> Fields {
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// The ids of a list.
pub(crate) fn ids(rows: &Value) -> Vec<&str> {
    rows.as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap()).collect()
}
