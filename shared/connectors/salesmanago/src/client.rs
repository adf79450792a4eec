//! The way to the account: adds the proof, sends, and sorts answers from refusals.
//!
//! A refused credential is loaded anew and tried once more: it may have been renewed. Nothing else is repeated here.

use std::sync::{Arc, Mutex, PoisonError};

use http::HeaderMap;
use jiff::Timestamp;
use serde_json::Value as Json;
use syncline_engine::ports::clock::Clock;
use syncline_engine::ports::http::{Http, NoAnswer};
use syncline_engine::ports::secrets::Secrets;
use syncline_model::{CallError, Deadline, Fault};

use crate::auth::Proof;
use crate::calls::Ask;
use crate::faults;

pub(crate) const SYSTEM: &str = "salesmanago";

pub(crate) struct Client {
    http: Arc<dyn Http>,
    secrets: Arc<dyn Secrets>,
    clock: Arc<dyn Clock>,
    /// The name of the connection's secret.
    connection: String,
    base: String,
    proof: Mutex<Option<Proof>>,
}

/// A successful answer.
#[derive(Debug)]
pub(crate) struct Answer {
    /// Null where the vendor said nothing that is JSON, and may.
    pub(crate) body: Json,
    /// The vendor's clock, where it told it; ours otherwise.
    pub(crate) at: Timestamp,
}

/// Why there is none.
#[derive(Debug)]
pub(crate) struct Trouble {
    pub(crate) error: CallError,
    /// The vendor certainly heard nothing.
    pub(crate) unheard: bool,
}

impl From<Trouble> for CallError {
    fn from(trouble: Trouble) -> Self {
        trouble.error
    }
}

impl Client {
    pub(crate) fn new(http: Arc<dyn Http>, secrets: Arc<dyn Secrets>, clock: Arc<dyn Clock>, connection: String, base: String) -> Self {
        Self { http, secrets, clock, connection, base, proof: Mutex::new(None) }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// `sent`: values that must not come back in a sentence.
    pub(crate) async fn send(&self, ask: &Ask, sent: &[String], by: Deadline) -> Result<Answer, Trouble> {
        match self.once(ask, sent, by).await {
            Err(refused) if matches!(refused.error.fault, Fault::AuthRefused { .. }) && !refused.unheard => {
                *self.proof.lock().unwrap_or_else(PoisonError::into_inner) = None;
                self.once(ask, sent, by).await
            }
            answer => answer,
        }
    }

    async fn once(&self, ask: &Ask, sent: &[String], by: Deadline) -> Result<Answer, Trouble> {
        let trouble = |fault: Fault, unheard: bool| Trouble { error: error(ask.operation, fault), unheard };
        let proof = self.proof().await.map_err(|fault| trouble(fault, true))?;
        let call = ask
            .call(&self.base, &proof, self.now())
            .ok_or_else(|| trouble(Fault::Unsupported { capability: "address made of base_url and this path".to_owned() }, true))?;
        let response = self.http.send(call, by).await.map_err(|no_answer| match no_answer {
            NoAnswer::NotSent(detail) => trouble(Fault::Transient { detail }, true),
            NoAnswer::Budget { until } => trouble(Fault::RateLimited { until }, true),
            NoAnswer::Unanswered(_) if ask.writes => trouble(Fault::Uncertain, false),
            NoAnswer::Unanswered(detail) => trouble(Fault::Transient { detail }, false),
        })?;
        let (head, body) = response.into_parts();
        match faults::judge(ask, head.status, &head.headers, &body, self.now(), sent) {
            Ok(body) => Ok(Answer { body, at: told_time(&head.headers).unwrap_or_else(|| self.now()) }),
            Err(fault) => {
                tracing::debug!(operation = ask.operation, status = head.status.as_u16(), fault = fault.code(), "salesmanago refused");
                Err(trouble(fault, false))
            }
        }
    }

    pub(crate) async fn proof(&self) -> Result<Proof, Fault> {
        if let Some(proof) = self.proof.lock().unwrap_or_else(PoisonError::into_inner).clone() {
            return Ok(proof);
        }
        let bundle = self.secrets.load_anew(&self.connection).await.map_err(|error| Fault::Transient { detail: error.to_string() })?;
        let bundle = bundle.ok_or_else(|| Fault::AuthRefused { hint: format!("there is no secret named {}", self.connection) })?;
        let proof = Proof::of(&bundle).map_err(|hint| Fault::AuthRefused { hint })?;
        *self.proof.lock().unwrap_or_else(PoisonError::into_inner) = Some(proof.clone());
        Ok(proof)
    }
}

/// The moment in the answer's `Date`: the vendor's clock, to the second.
fn told_time(headers: &HeaderMap) -> Option<Timestamp> {
    let text = headers.get(http::header::DATE)?.to_str().ok()?;
    jiff::fmt::rfc2822::parse(text).ok().map(|zoned| zoned.timestamp())
}

pub(crate) fn error(operation: &str, fault: Fault) -> CallError {
    CallError::new(SYSTEM, operation, fault)
}
