//! A client with a key and a clock that only moves when told.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::{HeaderMap, Method};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use syncline_freshdesk_sim::{Freshdesk, INTEGRATION_KEY, Profile};
use syncline_simulator::{Population, Request, Response, Simulator};

pub(crate) struct Client {
    pub(crate) desk: Freshdesk,
    pub(crate) now: Timestamp,
    pub(crate) key: &'static str,
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
    /// Null where the body is no JSON.
    pub(crate) body: Value,
}

impl From<Response> for Answer {
    fn from(response: Response) -> Self {
        let text = String::from_utf8(response.body().to_vec()).unwrap();
        let body = serde_json::from_str(&text).unwrap_or_default();
        Self { status: response.status().as_u16(), headers: response.headers().clone(), text, body }
    }
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub(crate) fn id(&self) -> i64 {
        assert!(self.status == 200 || self.status == 201, "{} {}", self.status, self.text);
        self.body["id"].as_i64().unwrap()
    }

    pub(crate) fn names(&self) -> Vec<String> {
        self.rows().iter().map(|row| row["name"].as_str().unwrap().to_owned()).collect()
    }

    pub(crate) fn ids(&self) -> Vec<i64> {
        self.rows().iter().map(|row| row["id"].as_i64().unwrap()).collect()
    }

    pub(crate) fn rows(&self) -> &Vec<Value> {
        self.body.as_array().or_else(|| self.body["results"].as_array()).unwrap_or_else(|| panic!("{} {}", self.status, self.text))
    }

    /// Status, and field and code of the first entry of `errors[]`.
    pub(crate) fn refusal(&self) -> (u16, &str, &str) {
        let first = &self.body["errors"][0];
        (self.status, first["field"].as_str().unwrap_or_default(), first["code"].as_str().unwrap_or_default())
    }
}

impl Client {
    /// An account with limits that no test reaches.
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(crate) fn with(change: impl FnOnce(&mut Profile)) -> Self {
        let mut profile = Profile { calls_per_minute: 1_000_000, contacts_list_per_minute: 1_000_000, ..Profile::default() };
        change(&mut profile);
        Self { desk: Freshdesk::new(profile), now: "2026-11-20T10:00:00Z".parse().unwrap(), key: INTEGRATION_KEY }
    }

    pub(crate) fn loaded(people: u32, companies: u32) -> Self {
        let mut client = Self::new();
        client.desk.load(&Population::new(7), 0..people, 0..companies, client.now);
        client
    }

    pub(crate) fn pass(&mut self, seconds: i64) {
        self.now += SignedDuration::from_secs(seconds);
    }

    pub(crate) fn get(&mut self, path: &str) -> Answer {
        self.send(&self.request(&Method::GET, path, None))
    }

    pub(crate) fn post(&mut self, path: &str, body: Value) -> Answer {
        self.send(&self.request(&Method::POST, path, Some(body)))
    }

    pub(crate) fn put(&mut self, path: &str, body: Value) -> Answer {
        self.send(&self.request(&Method::PUT, path, Some(body)))
    }

    pub(crate) fn delete(&mut self, path: &str) -> Answer {
        self.send(&self.request(&Method::DELETE, path, None))
    }

    pub(crate) fn send(&mut self, request: &Request) -> Answer {
        self.desk.handle(self.now, request).into()
    }

    pub(crate) fn request(&self, method: &Method, path: &str, body: Option<Value>) -> Request {
        let mut request = http::Request::builder()
            .method(method)
            .uri(format!("/api/v2/{path}"))
            .header("authorization", format!("Basic {}", BASE64_STANDARD.encode(format!("{}:X", self.key))));
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        request.body(body.map(|body| body.to_string()).unwrap_or_default().into()).unwrap()
    }

    /// A contact with this name and address.
    pub(crate) fn contact(&mut self, name: &str, email: &str) -> i64 {
        self.post("contacts", json!({"name": name, "email": email})).id()
    }

    pub(crate) fn company(&mut self, name: &str, domains: &[&str]) -> i64 {
        self.post("companies", json!({"name": name, "domains": domains})).id()
    }

    /// A custom contact field; its id.
    pub(crate) fn contact_field(&mut self, label: &str, kind: &str, more: &Value) -> i64 {
        let mut body = json!({"label": label, "label_for_customers": label, "type": kind});
        for (key, value) in more.as_object().into_iter().flatten() {
            body[key] = value.clone();
        }
        self.post("contact_fields", body).id()
    }
}
