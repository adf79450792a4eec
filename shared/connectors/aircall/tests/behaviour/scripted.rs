//! An Aircall that answers from a list and remembers what it was asked.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use serde_json::{Value as Json, json};
use syncline_engine::ports::clock::{Clock, Dice};
use syncline_engine::ports::connector::{Connector, Selection};
use syncline_engine::ports::http::{Call, Http, NoAnswer};
use syncline_engine::ports::secrets::{Bundle, Secrets, SecretsError};
use syncline_engine::ports::vendor::{Parts, Settings, Vendor};
use syncline_model::{Deadline, Secret, Timestamp};

type Answer = Result<http::Response<Bytes>, NoAnswer>;

pub(crate) fn by() -> Deadline {
    Deadline("2026-11-22T11:00:00Z".parse().unwrap())
}

#[allow(clippy::unnecessary_wraps, reason = "an answer stands in a script beside what is none")]
pub(crate) fn answer(status: u16, body: &Json) -> Answer {
    Ok(http::Response::builder().status(status).body(body.to_string().into()).unwrap())
}

/// A user as the vendor answers one.
pub(crate) fn user(id: u64, availability: &str, substatus: &str) -> Json {
    json!({
        "id": id, "name": "Nia Example", "email": "nia@acme.example", "availability_status": availability, "substatus": substatus,
        "available": true, "wrap_up_time": 30
    })
}

pub(crate) fn one(id: u64, availability: &str, substatus: &str) -> Answer {
    answer(200, &json!({"user": user(id, availability, substatus)}))
}

/// A page with the users of these ids.
pub(crate) fn page(ids: &[u64], total: u64, next: bool) -> Answer {
    let users: Vec<Json> = ids.iter().map(|id| user(*id, "available", "always_opened")).collect();
    let next = if next { json!("https://api.aircall.io/v2/users?page=9") } else { Json::Null };
    answer(200, &json!({"users": users, "meta": {"count": ids.len(), "total": total, "next_page_link": next}}))
}

#[derive(Default)]
struct Script {
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
        "2026-11-22T10:00:00Z".parse().unwrap()
    }
}

impl Dice for Still {
    fn roll(&self) -> u64 {
        4
    }
}

/// The bundles that are loaded, one after the other; the last stays.
struct Keys(Mutex<VecDeque<Bundle>>);

#[async_trait]
impl Secrets for Keys {
    async fn load(&self, _name: &str) -> Result<Option<Bundle>, SecretsError> {
        let mut bundles = self.0.lock().unwrap();
        let first = bundles.front().cloned();
        if bundles.len() > 1 {
            bundles.pop_front();
        }
        Ok(first)
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
        Self::with(&[], &[&[("api_id", "the-id"), ("api_token", "the-token")]], answers)
    }

    pub(crate) fn with(settings: &[(&str, &str)], bundles: &[&[(&str, &str)]], answers: Vec<Answer>) -> Self {
        let script = Arc::new(Script { answers: Mutex::new(answers.into()), asked: Mutex::default() });
        let bundle = |names: &&[(&str, &str)]| {
            Bundle(names.iter().map(|(name, text)| ((*name).to_owned(), Secret::new(*text))).collect::<BTreeMap<_, _>>())
        };
        let parts = Parts {
            connection: "desk".to_owned(),
            settings: Settings(settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()),
            secrets: Arc::new(Keys(Mutex::new(bundles.iter().map(bundle).collect()))),
            http: script.clone(),
            clock: Arc::new(Still),
            dice: Arc::new(Still),
        };
        Self { connector: syncline_aircall::VENDOR.connect(parts).unwrap(), script }
    }

    /// What was asked, method and path, and the body where there was one.
    pub(crate) fn asked(&self) -> Vec<String> {
        let asked = self.script.asked.lock().unwrap();
        let line = |call: &Call| {
            let body = String::from_utf8_lossy(call.request.body()).into_owned();
            let path = call.request.uri().path_and_query().unwrap();
            format!("{} {path} {body}", call.request.method()).trim_end().to_owned()
        };
        asked.iter().map(line).collect()
    }

    pub(crate) fn authorizations(&self) -> Vec<String> {
        let asked = self.script.asked.lock().unwrap();
        asked.iter().map(|call| call.request.headers()["authorization"].to_str().unwrap().to_owned()).collect()
    }
}

pub(crate) fn selecting(fields: &[&str]) -> Selection {
    Selection { kind: "user".into(), fields: fields.iter().map(|field| (*field).into()).collect() }
}
