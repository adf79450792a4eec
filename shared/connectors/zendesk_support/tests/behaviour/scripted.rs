//! A Zendesk that answers from a list and remembers what it was asked.

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

pub(crate) const NOW: &str = "2026-11-22T10:00:00Z";

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(crate) fn by() -> Deadline {
    Deadline(at("2026-11-22T11:00:00Z"))
}

pub(crate) type Answer = Result<http::Response<Bytes>, NoAnswer>;

/// An answer with a status and a body.
#[allow(clippy::unnecessary_wraps, reason = "answers stand in lists beside lost ones")]
pub(crate) fn answer(status: u16, body: impl Into<Bytes>) -> Answer {
    Ok(http::Response::builder().status(status).header("date", "Sun, 22 Nov 2026 09:59:58 GMT").body(body.into()).unwrap())
}

pub(crate) fn ok(body: &Json) -> Answer {
    answer(200, body.to_string())
}

pub(crate) fn token(name: &str) -> Answer {
    ok(&json!({"access_token": name, "token_type": "bearer", "scope": "read write", "expires_in": 86400}))
}

/// The account's settings, with omnichannel routing on or off.
pub(crate) fn routing(enabled: bool) -> Answer {
    ok(&json!({"settings": {"routing": {"enabled": enabled}, "agents": {"agent_workspace": true}, "active_features": {"voice": true}}}))
}

/// The account's statuses, with ids of its own.
pub(crate) fn statuses() -> Answer {
    let row = |id: i64, name: &str| json!({"attributes": {"name": name}, "id": id, "type": "agent_status"});
    ok(&json!({
        "default": [row(11, "away"), row(12, "offline"), row(13, "online"), row(14, "transfers only")],
        "custom": [row(99, "In a meeting")], "links": {}, "meta": {}
    }))
}

pub(crate) fn user(id: i64, updated_at: &str) -> Json {
    json!({"id": id, "name": format!("Agent {id}"), "email": format!("agent{id}@acme.example"), "role": "agent", "active": true,
        "updated_at": updated_at})
}

pub(crate) fn availability(id: i64, status: i64, name: &str, updated_at: &str) -> Json {
    json!({"id": format!("agent_availabilities|{id}"), "type": "agent_availabilities", "attributes": {"agent_id": id,
        "agent_status": {"id": status, "name": name, "reason": "UNKNOWN", "updated_at": updated_at}, "version": 4}})
}

/// The last page of a list.
pub(crate) fn last(name: &str, rows: &[Json]) -> Answer {
    ok(&json!({name: rows, "meta": {"has_more": false, "after_cursor": null}, "links": {"next": null}}))
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

/// One bundle that can be saved, and changed by another function behind our back.
#[derive(Default)]
pub(crate) struct Safe(pub(crate) Mutex<BTreeMap<String, Secret>>);

#[async_trait]
impl Secrets for Safe {
    async fn load(&self, _name: &str) -> Result<Option<Bundle>, SecretsError> {
        Ok(Some(Bundle(self.0.lock().unwrap().clone())))
    }

    async fn save(&self, _name: &str, bundle: &Bundle) -> Result<(), SecretsError> {
        *self.0.lock().unwrap() = bundle.0.clone();
        Ok(())
    }
}

/// A connector whose vendor follows a script.
pub(crate) struct Desk {
    pub(crate) connector: Arc<dyn Connector>,
    pub(crate) safe: Arc<Safe>,
    script: Arc<Script>,
}

impl Desk {
    /// Signed in already by an API token: the script has the questions alone.
    pub(crate) fn new(answers: Vec<Answer>) -> Self {
        Self::with(&[("auth", "api_token")], &[("email", "admin@acme.example"), ("api_token", "the-token")], answers)
    }

    pub(crate) fn with(settings: &[(&str, &str)], secrets: &[(&str, &str)], answers: Vec<Answer>) -> Self {
        let script = Arc::new(Script { answers: Mutex::new(answers.into()), asked: Mutex::default() });
        let safe = Arc::new(Safe(Mutex::new(secrets.iter().map(|(name, text)| ((*name).to_owned(), Secret::new(*text))).collect())));
        let mut settings: BTreeMap<String, String> = settings.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        settings.insert("subdomain".to_owned(), "acme".to_owned());
        let parts = Parts {
            connection: "desk".to_owned(),
            settings: Settings(settings),
            secrets: safe.clone(),
            http: script.clone(),
            clock: Arc::new(Still),
            dice: Arc::new(Still),
        };
        let connector = syncline_zendesk_support::VENDOR.connect(parts).unwrap_or_else(|problems| panic!("{problems:?}"));
        Self { connector, safe, script }
    }

    /// What was asked: method, and path with query below `/api/v2`.
    pub(crate) fn asked(&self) -> Vec<String> {
        let asked = self.script.asked.lock().unwrap();
        let line = |call: &Call| {
            let path = call.request.uri().path_and_query().unwrap().as_str();
            format!("{} {}", call.request.method(), path.strip_prefix("/api/v2").unwrap_or(path))
        };
        asked.iter().map(line).collect()
    }

    /// The body of the request with this number.
    pub(crate) fn body(&self, number: usize) -> Json {
        serde_json::from_slice(self.script.asked.lock().unwrap()[number].request.body()).unwrap()
    }

    pub(crate) fn header(&self, number: usize, name: &str) -> String {
        self.script.asked.lock().unwrap()[number].request.headers()[name].to_str().unwrap().to_owned()
    }

    pub(crate) fn secret(&self, name: &str) -> Option<String> {
        self.safe.0.lock().unwrap().get(name).map(|secret| secret.expose().to_owned())
    }

    /// Whether every answer was asked for.
    pub(crate) fn is_done(&self) -> bool {
        self.script.answers.lock().unwrap().is_empty()
    }
}

pub(crate) fn agents(fields: &[&str]) -> Selection {
    Selection { kind: "agent".into(), fields: fields.iter().map(|field| (*field).into()).collect() }
}
