//! The way to the account: adds the key and the host, sends, and sorts answers from refusals. Nothing is repeated here,
//! but for a call with an old key, of which the vendor did nothing.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode};
use jiff::Timestamp;
use syncline_engine::ports::clock::Clock;
use syncline_engine::ports::http::{Http, NoAnswer};
use syncline_engine::ports::secrets::{Bundle, Secrets};
use syncline_model::{CallError, Deadline, Fault, FieldName, RecordId};

use crate::calls::Ask;
use crate::faults::{self, Intent, Sent};
use crate::wire::record_id;

pub(crate) const SYSTEM: &str = "freshdesk";

pub(crate) struct Client {
    http: Arc<dyn Http>,
    secrets: Arc<dyn Secrets>,
    clock: Arc<dyn Clock>,
    /// The name of the connection's secret.
    connection: String,
    base: String,
    /// The header that carries the key, once it has been loaded.
    authorization: Mutex<Option<HeaderValue>>,
}

/// A successful answer.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    /// Whether the vendor names a next page (fact sheet §3.1: with and without a blank after the semicolon).
    pub(crate) fn has_next(&self) -> bool {
        self.headers.get_all(http::header::LINK).iter().filter_map(|value| value.to_str().ok()).any(|link| {
            link.split(',').any(|part| {
                part.split(';').skip(1).any(|parameter| {
                    let parameter = parameter.trim().to_ascii_lowercase();
                    parameter == "rel=\"next\"" || parameter == "rel=next"
                })
            })
        })
    }

    /// The server's own time when it answered.
    pub(crate) fn date(&self) -> Option<Timestamp> {
        self.headers.get(http::header::DATE).and_then(|value| value.to_str().ok()).and_then(faults::http_date)
    }

    /// The id at the end of the `Location` of what was created.
    pub(crate) fn location_id(&self) -> Option<RecordId> {
        let location = self.headers.get(http::header::LOCATION)?.to_str().ok()?;
        let last = location.trim_end_matches('/').rsplit('/').next()?;
        record_id(&serde_json::Value::String(last.to_owned()))
    }

    /// The account's whole limit, as the header tells.
    pub(crate) fn rate_total(&self) -> Option<u32> {
        number(&self.headers, "x-ratelimit-total")
    }
}

/// A header's number.
pub(crate) fn number(headers: &HeaderMap, name: &str) -> Option<u32> {
    headers.get(name)?.to_str().ok()?.trim().parse().ok()
}

/// Why there is no successful answer.
#[derive(Debug)]
pub(crate) struct Trouble {
    pub(crate) error: CallError,
    /// Every field that the vendor called taken.
    pub(crate) taken: Vec<FieldName>,
    /// The vendor certainly heard nothing.
    pub(crate) unheard: bool,
}

impl Trouble {
    pub(crate) fn fault(&self) -> &Fault {
        &self.error.fault
    }
}

impl From<Trouble> for CallError {
    fn from(trouble: Trouble) -> Self {
        trouble.error
    }
}

impl Client {
    pub(crate) fn new(http: Arc<dyn Http>, secrets: Arc<dyn Secrets>, clock: Arc<dyn Clock>, connection: String, base: String) -> Self {
        Self { http, secrets, clock, connection, base, authorization: Mutex::new(None) }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) async fn read(&self, ask: &Ask, sent: &Sent, by: Deadline) -> Result<Answer, Trouble> {
        self.send(ask, Intent::Read, sent, by).await
    }

    pub(crate) async fn write(&self, ask: &Ask, sent: &Sent, by: Deadline) -> Result<Answer, Trouble> {
        self.send(ask, Intent::Write, sent, by).await
    }

    async fn send(&self, ask: &Ask, intent: Intent, sent: &Sent, by: Deadline) -> Result<Answer, Trouble> {
        let trouble = |fault: Fault, unheard: bool| Trouble { error: error(&ask.operation, fault), taken: Vec::new(), unheard };
        let authorization = self.authorization().await.map_err(|fault| trouble(fault, true))?;
        let mut response = self.ask(ask, intent, &authorization, by).await.map_err(|(fault, unheard)| trouble(fault, unheard))?;
        if response.status() == StatusCode::UNAUTHORIZED
            && let Some(newer) = self.renewed(&authorization).await
        {
            response = self.ask(ask, intent, &newer, by).await.map_err(|(fault, unheard)| trouble(fault, unheard))?;
        }
        let (head, body) = response.into_parts();
        if head.status.is_success() {
            return Ok(Answer { status: head.status, headers: head.headers, body });
        }
        let refusal = faults::refusal(intent, head.status, &head.headers, &body, self.now(), sent);
        let mut error = error(&ask.operation, refusal.fault);
        error.request_id = head.headers.get("x-request-id").and_then(|id| id.to_str().ok()).map(str::to_owned);
        tracing::debug!(operation = %error.operation, status = head.status.as_u16(), fault = error.fault.code(), "freshdesk refused");
        Err(Trouble { error, taken: refusal.taken, unheard: false })
    }

    /// One exchange. Where there is no answer: what that means, and whether the vendor certainly heard nothing.
    async fn ask(
        &self,
        ask: &Ask,
        intent: Intent,
        authorization: &HeaderValue,
        by: Deadline,
    ) -> Result<http::Response<Bytes>, (Fault, bool)> {
        let unsupported = || (Fault::Unsupported { capability: "address made of base_url and this path".to_owned() }, true);
        let call = ask.call(&self.base, authorization).ok_or_else(unsupported)?;
        self.http.send(call, by).await.map_err(|no_answer| match no_answer {
            NoAnswer::NotSent(detail) => (Fault::Transient { detail }, true),
            NoAnswer::Budget { until } => (Fault::RateLimited { until }, true),
            NoAnswer::Unanswered(detail) => match intent {
                Intent::Read => (Fault::Transient { detail }, false),
                Intent::Write => (Fault::Uncertain, false),
            },
        })
    }

    async fn authorization(&self) -> Result<HeaderValue, Fault> {
        if let Some(value) = self.kept().clone() {
            return Ok(value);
        }
        let bundle = self.secrets.load(&self.connection).await.map_err(|error| Fault::Transient { detail: error.to_string() })?;
        let value = self.header(bundle.as_ref())?;
        *self.kept() = Some(value.clone());
        Ok(value)
    }

    /// Another key than the one that was refused, where somebody has put one there meanwhile. The refused one is forgotten in any case.
    async fn renewed(&self, refused: &HeaderValue) -> Option<HeaderValue> {
        *self.kept() = None;
        let bundle = self.secrets.load_anew(&self.connection).await.ok()?;
        let newer = self.header(bundle.as_ref()).ok().filter(|newer| newer != refused)?;
        *self.kept() = Some(newer.clone());
        Some(newer)
    }

    fn kept(&self) -> MutexGuard<'_, Option<HeaderValue>> {
        self.authorization.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `Basic base64("<key>:X")` (fact sheet §1: documented).
    fn header(&self, bundle: Option<&Bundle>) -> Result<HeaderValue, Fault> {
        let refused = |hint: String| Fault::AuthRefused { hint };
        let bundle = bundle.ok_or_else(|| refused(format!("there is no secret named {}", self.connection)))?;
        let key = bundle.get("api_key").map(|key| key.expose().trim()).filter(|key| !key.is_empty());
        let key = key.ok_or_else(|| refused(format!("the secret {} has no api_key", self.connection)))?;
        let mut value = HeaderValue::from_str(&format!("Basic {}", STANDARD.encode(format!("{key}:X"))))
            .map_err(|_| refused("the api_key cannot be sent in a header".to_owned()))?;
        value.set_sensitive(true);
        Ok(value)
    }
}

pub(crate) fn error(operation: &str, fault: Fault) -> CallError {
    CallError::new(SYSTEM, operation, fault)
}
