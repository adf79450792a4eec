//! A client with a token and a clock that only moves when told.

use http::{HeaderMap, Method};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use syncline_simulator::{Population, Request, Response, Simulator};
use syncline_zendesk_sell_sim::{ACCESS_TOKEN, Limits, Profile, Sell};

pub(crate) struct Client {
    pub(crate) sell: Sell,
    pub(crate) now: Timestamp,
    pub(crate) token: String,
    pub(crate) device: &'static str,
}

#[derive(Debug)]
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
    /// The ids on a page, or in events.
    pub(crate) fn ids(&self) -> Vec<i64> {
        let items = self.body["items"].as_array().unwrap_or_else(|| panic!("{} {}", self.status, self.text));
        items.iter().map(|item| item["data"]["id"].as_i64().unwrap()).collect()
    }

    pub(crate) fn id(&self) -> i64 {
        self.body["data"]["id"].as_i64().unwrap_or_else(|| panic!("{} {}", self.status, self.text))
    }

    /// Status, code and field of the first error.
    pub(crate) fn refusal(&self) -> (u16, &str, &str) {
        let error = &self.body["errors"][0]["error"];
        (self.status, error["code"].as_str().unwrap_or_default(), error["field"].as_str().unwrap_or_default())
    }
}

impl Client {
    /// A Growth account without limits, and the root user's token.
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(crate) fn with(change: impl FnOnce(&mut Profile)) -> Self {
        let mut profile = Profile { limits: Limits::BOUNDLESS, ..Profile::default() };
        change(&mut profile);
        let now = "2026-11-20T10:00:00Z".parse().unwrap();
        Self { sell: Sell::new(profile), now, token: ACCESS_TOKEN.to_owned(), device: "6dadcec8-6e61-4691-b318-1aab27b8fecf" }
    }

    /// Without lulls, repeats and mixing: for tests about something else.
    pub(crate) fn calm() -> Self {
        Self::with(|profile| {
            (profile.firehose_lag_s, profile.firehose_empty_every, profile.sync_empty_every, profile.creation_skew_s) = (0, 0, 0, 0);
            (profile.firehose_repeats, profile.firehose_mixes, profile.sync_orphan_deletes) = (false, false, false);
        })
    }

    pub(crate) fn loaded(people: u32) -> Self {
        let mut client = Self::new();
        client.sell.load(&Population::new(7), 0..people, 0..people.div_ceil(10), client.now);
        client
    }

    pub(crate) fn pass(&mut self, seconds: i64) {
        self.now += SignedDuration::from_secs(seconds);
    }

    pub(crate) fn get(&mut self, path: &str) -> Answer {
        self.send(&self.request(&Method::GET, path, None))
    }

    pub(crate) fn post(&mut self, path: &str, data: Value) -> Answer {
        self.send(&self.request(&Method::POST, path, Some(data)))
    }

    pub(crate) fn put(&mut self, path: &str, data: Value) -> Answer {
        self.send(&self.request(&Method::PUT, path, Some(data)))
    }

    pub(crate) fn delete(&mut self, path: &str) -> Answer {
        self.send(&self.request(&Method::DELETE, path, None))
    }

    pub(crate) fn send(&mut self, request: &Request) -> Answer {
        self.sell.handle(self.now, request).into()
    }

    pub(crate) fn request(&self, method: &Method, path: &str, data: Option<Value>) -> Request {
        let mut request = http::Request::builder().method(method).uri(format!("/{path}"));
        request = request.header("user-agent", "exam").header("accept", "application/json");
        request = request.header("authorization", format!("Bearer {}", self.token)).header("x-basecrm-device-uuid", self.device);
        let body = data.map(|data| json!({"data": data}).to_string()).unwrap_or_default();
        request.body(body.into()).unwrap()
    }

    pub(crate) fn person(&mut self, last_name: &str) -> i64 {
        self.post("v2/contacts", json!({"last_name": last_name, "email": format!("{}@exam.example", last_name.to_lowercase())})).id()
    }

    /// All events of a stream from a position on, and the position after them.
    pub(crate) fn drain(&mut self, stream: &str, from: &str) -> (Vec<Value>, String) {
        let (mut events, mut position) = (Vec::new(), from.to_owned());
        for _ in 0..100 {
            let page = self.get(&format!("v3/{stream}/stream?position={position}&limit=10"));
            assert_eq!(page.status, 200, "{}", page.text);
            events.extend(page.body["items"].as_array().unwrap().clone());
            page.body["meta"]["position"].as_str().unwrap().clone_into(&mut position);
            if page.body["meta"]["top"] == json!(true) {
                return (events, position);
            }
        }
        panic!("the stream does not end");
    }
}
