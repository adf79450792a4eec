//! A Freshdesk that answers from a list and remembers what it was asked.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use serde_json::Value as Json;
use syncline_engine::ports::clock::{Clock, Dice};
use syncline_engine::ports::connector::{Connector, Selection};
use syncline_engine::ports::http::{Call, Http, NoAnswer};
use syncline_engine::ports::secrets::{Bundle, Secrets, SecretsError};
use syncline_engine::ports::vendor::{Parts, Settings, Vendor};
use syncline_model::{Deadline, Secret, Timestamp};

pub(crate) const NOW: &str = "2026-11-22T10:00:00Z";

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(crate) fn by() -> Deadline {
    Deadline(at("2026-11-22T11:00:00Z"))
}

type Answer = Result<http::Response<Bytes>, NoAnswer>;

/// An answer with a status and a body.
pub(crate) fn answer(status: u16, body: impl Into<Bytes>) -> Answer {
    Ok(http::Response::builder().status(status).header("date", "Sun, 22 Nov 2026 09:59:58 GMT").body(body.into()).unwrap())
}

pub(crate) fn ok(body: &Json) -> Answer {
    answer(200, body.to_string())
}

/// A page of a list that names a next one.
pub(crate) fn page(body: &Json) -> Answer {
    with_header(ok(body), "link", "<https://acme.freshdesk.com/api/v2/contacts?page=2>;rel=\"next\"")
}

pub(crate) fn with_header(answer: Answer, name: &'static str, value: &str) -> Answer {
    let mut response = answer.unwrap();
    response.headers_mut().insert(name, value.parse().unwrap());
    Ok(response)
}

#[derive(Default)]
pub(crate) struct Script {
    answers: Mutex<VecDeque<Answer>>,
    asked: Mutex<Vec<Call>>,
}

#[async_trait]
impl Http for Script {
    async fn send(&self, call: Call, _by: Deadline) -> Answer {
        let line = format!("{} {}", call.request.method(), call.request.uri());
        self.asked.lock().unwrap().push(call);
        self.answers.lock().unwrap().pop_front().unwrap_or_else(|| panic!("no answer is left for {line}"))
    }
}

struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        at(NOW)
    }
}

impl Dice for Still {
    fn roll(&self) -> u64 {
        4
    }
}

/// Bundles by their names; one that was rotated is found only by who looks past what is remembered.
pub(crate) struct Keys {
    pub(crate) remembered: BTreeMap<String, Bundle>,
    pub(crate) rotated: BTreeMap<String, Bundle>,
}

#[async_trait]
impl Secrets for Keys {
    async fn load(&self, name: &str) -> Result<Option<Bundle>, SecretsError> {
        Ok(self.remembered.get(name).cloned())
    }

    async fn load_anew(&self, name: &str) -> Result<Option<Bundle>, SecretsError> {
        Ok(self.rotated.get(name).or_else(|| self.remembered.get(name)).cloned())
    }

    async fn save(&self, name: &str, _bundle: &Bundle) -> Result<(), SecretsError> {
        Err(SecretsError { name: name.to_owned(), problem: "these are fixed".to_owned() })
    }
}

/// A connector whose vendor follows a script.
pub(crate) struct Desk {
    pub(crate) connector: Arc<dyn Connector>,
    script: Arc<Script>,
}

impl Desk {
    pub(crate) fn new(answers: Vec<Answer>) -> Self {
        Self::with_settings(&[("domain", "acme")], answers)
    }

    pub(crate) fn with_settings(settings: &[(&str, &str)], answers: Vec<Answer>) -> Self {
        Self::with_keys(settings, "the-key", "the-key", answers)
    }

    /// A desk whose key has been rotated since it was read.
    pub(crate) fn rotated(answers: Vec<Answer>) -> Self {
        Self::with_keys(&[("domain", "acme")], "the-key", "the-newer-key", answers)
    }

    fn with_keys(settings: &[(&str, &str)], remembered: &str, rotated: &str, answers: Vec<Answer>) -> Self {
        let script = Arc::new(Script { answers: Mutex::new(answers.into()), asked: Mutex::default() });
        let keys = |key: &str| BTreeMap::from([("desk".to_owned(), Bundle([("api_key".to_owned(), Secret::new(key))].into()))]);
        let parts = Parts {
            connection: "desk".to_owned(),
            settings: Settings(settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()),
            secrets: Arc::new(Keys { remembered: keys(remembered), rotated: keys(rotated) }),
            http: script.clone(),
            clock: Arc::new(Still),
            dice: Arc::new(Still),
        };
        let connector = syncline_freshdesk::VENDOR.connect(parts).unwrap_or_else(|problems| panic!("{problems:?}"));
        Self { connector, script }
    }

    /// What was asked: method, and path with query below `/api/v2`.
    pub(crate) fn asked(&self) -> Vec<String> {
        let asked = self.script.asked.lock().unwrap();
        let line = |call: &Call| {
            let path = call.request.uri().path_and_query().unwrap().as_str();
            format!("{} {}", call.request.method(), path.strip_prefix("/api/v2").unwrap())
        };
        asked.iter().map(line).collect()
    }

    pub(crate) fn classes(&self) -> Vec<&'static str> {
        self.script.asked.lock().unwrap().iter().map(|call| call.class).collect()
    }

    /// The body of the request with this number.
    pub(crate) fn body(&self, number: usize) -> Json {
        serde_json::from_slice(self.script.asked.lock().unwrap()[number].request.body()).unwrap()
    }

    pub(crate) fn header(&self, number: usize, name: &str) -> String {
        self.script.asked.lock().unwrap()[number].request.headers()[name].to_str().unwrap().to_owned()
    }

    /// Whether every answer was asked for.
    pub(crate) fn is_done(&self) -> bool {
        self.script.answers.lock().unwrap().is_empty()
    }
}

pub(crate) fn contacts(fields: &[&str]) -> Selection {
    Selection { kind: "contact".into(), fields: fields.iter().map(|field| (*field).into()).collect() }
}

pub(crate) fn companies(fields: &[&str]) -> Selection {
    Selection { kind: "company".into(), fields: fields.iter().map(|field| (*field).into()).collect() }
}
