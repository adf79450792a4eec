//! A Sell that answers from a list and remembers what it was asked.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use serde_json::{Value as Json, json};
use syncline_engine::ports::clock::{Clock, Dice};
use syncline_engine::ports::connector::{Connector, Page, Resume, Selection};
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

/// An answer with a status and a body, given at ten.
#[allow(clippy::unnecessary_wraps, reason = "answers stand in lists beside lost ones")]
pub(crate) fn answer(status: u16, body: impl Into<Bytes>) -> Answer {
    Ok(http::Response::builder().status(status).header("date", "Sun, 22 Nov 2026 10:00:00 GMT").body(body.into()).unwrap())
}

pub(crate) fn ok(body: &Json) -> Answer {
    answer(200, body.to_string())
}

pub(crate) fn refused(status: u16, code: &str) -> Answer {
    answer(status, json!({"errors": [{"error": {"code": code, "message": "no"}, "meta": {"type": "error"}}]}).to_string())
}

pub(crate) fn contact(id: u64, updated_at: &str) -> Json {
    json!({"id": id, "last_name": format!("Name {id}"), "updated_at": updated_at})
}

/// A page of a list, and whether it goes on.
pub(crate) fn list(rows: &[Json], more: bool) -> Answer {
    let items: Vec<Json> = rows.iter().map(|row| json!({"data": row, "meta": {"type": "contact"}})).collect();
    let links = if more { json!({"next_page": "https://api.getbase.com/v2/contacts?page=2"}) } else { json!({}) };
    ok(&json!({"items": items, "meta": {"type": "collection", "links": links}}))
}

/// A page of a stream: ids, and whether each was deleted.
pub(crate) fn stream(events: &[(u64, bool)], position: &str, top: bool) -> Answer {
    let item = |(id, deleted): &(u64, bool)| json!({"data": {"id": id}, "meta": {"event_type": if *deleted { "deleted" } else { "updated" }, "sequence": 1}});
    ok(&json!({"items": events.iter().map(item).collect::<Vec<_>>(), "meta": {"position": position, "top": top}}))
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
    /// With a personal token.
    pub(crate) fn new(answers: Vec<Answer>) -> Self {
        Self::with(&[], &[("access_token", "the-token")], answers)
    }

    pub(crate) fn with(settings: &[(&str, &str)], secrets: &[(&str, &str)], answers: Vec<Answer>) -> Self {
        let script = Arc::new(Script { answers: Mutex::new(answers.into()), asked: Mutex::default() });
        let safe = Arc::new(Safe(Mutex::new(secrets.iter().map(|(name, text)| ((*name).to_owned(), Secret::new(*text))).collect())));
        let parts = Parts {
            connection: "sell".to_owned(),
            settings: Settings(settings.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()),
            secrets: safe.clone(),
            http: script.clone(),
            clock: Arc::new(Still),
            dice: Arc::new(Still),
        };
        let connector = syncline_zendesk_sell::VENDOR.connect(parts).unwrap_or_else(|problems| panic!("{problems:?}"));
        Self { connector, safe, script }
    }

    /// What was asked: method, and path with query.
    pub(crate) fn asked(&self) -> Vec<String> {
        let asked = self.script.asked.lock().unwrap();
        asked.iter().map(|call| format!("{} {}", call.request.method(), call.request.uri().path_and_query().unwrap())).collect()
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

/// The ids of a page, those of deleted records with a minus.
pub(crate) fn told(page: &Page) -> Vec<String> {
    let id = |record: &syncline_model::Record| format!("{}{}", if record.is_live() { "" } else { "-" }, record.id);
    page.records.iter().map(|row| id(row.as_ref().unwrap())).collect()
}

pub(crate) fn is_end(page: &Page) -> bool {
    matches!(page.resume, Resume::CaughtUp(_))
}
