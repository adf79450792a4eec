//! The way to the company's account: adds the credentials and the host, sends, and sorts answers from refusals.
//!
//! A refused credential is loaded anew and tried once more: it may have been renewed, and one 403 alone is no proof of a revoked key (fact
//! sheet §11). Nothing else is repeated here.

use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::HeaderValue;
use jiff::Timestamp;
use syncline_engine::ports::clock::Clock;
use syncline_engine::ports::http::{Http, NoAnswer};
use syncline_engine::ports::secrets::{Bundle, Secrets};
use syncline_model::{CallError, Deadline, Fault};

use crate::calls::Ask;
use crate::faults;

pub(crate) const SYSTEM: &str = "aircall";

pub(crate) struct Client {
    http: Arc<dyn Http>,
    secrets: Arc<dyn Secrets>,
    clock: Arc<dyn Clock>,
    /// The name of the connection's secret.
    connection: String,
    base: String,
    /// The header that carries the credentials, once they have been loaded.
    authorization: Mutex<Option<HeaderValue>>,
}

/// Why there is no successful answer.
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
        Self { http, secrets, clock, connection, base, authorization: Mutex::new(None) }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The body of a successful answer. `sent`: values that must not come back in a sentence.
    pub(crate) async fn send(&self, ask: &Ask, sent: &[String], by: Deadline) -> Result<Bytes, Trouble> {
        match self.once(ask, sent, by).await {
            Err(refused) if matches!(refused.error.fault, Fault::AuthRefused { .. }) && !refused.unheard => {
                *self.authorization.lock().unwrap_or_else(PoisonError::into_inner) = None;
                self.once(ask, sent, by).await
            }
            answer => answer,
        }
    }

    async fn once(&self, ask: &Ask, sent: &[String], by: Deadline) -> Result<Bytes, Trouble> {
        let trouble = |fault: Fault, unheard: bool| Trouble { error: error(ask.operation, fault), unheard };
        let authorization = self.authorization().await.map_err(|fault| trouble(fault, true))?;
        let call = ask
            .call(&self.base, &authorization)
            .ok_or_else(|| trouble(Fault::Unsupported { capability: "address made of base_url and this path".to_owned() }, true))?;
        let response = self.http.send(call, by).await.map_err(|no_answer| match no_answer {
            NoAnswer::NotSent(detail) => trouble(Fault::Transient { detail }, true),
            NoAnswer::Budget { until } => trouble(Fault::RateLimited { until }, true),
            NoAnswer::Unanswered(_) if ask.writes() => trouble(Fault::Uncertain, false),
            NoAnswer::Unanswered(detail) => trouble(Fault::Transient { detail }, false),
        })?;
        let (head, body) = response.into_parts();
        if head.status.is_success() {
            return Ok(body);
        }
        let fault = faults::refusal(ask.writes(), head.status, &head.headers, &body, self.now(), sent);
        tracing::debug!(operation = ask.operation, status = head.status.as_u16(), fault = fault.code(), "aircall refused");
        Err(trouble(fault, false))
    }

    pub(crate) async fn secrets(&self) -> Result<Bundle, Fault> {
        let bundle = self.secrets.load(&self.connection).await.map_err(|error| Fault::Transient { detail: error.to_string() })?;
        bundle.ok_or_else(|| Fault::AuthRefused { hint: format!("there is no secret named {}", self.connection) })
    }

    /// `Bearer <access token>` of an OAuth installation, or `Basic base64(api_id:api_token)` (fact sheet §1: documented).
    async fn authorization(&self) -> Result<HeaderValue, Fault> {
        if let Some(value) = self.authorization.lock().unwrap_or_else(PoisonError::into_inner).clone() {
            return Ok(value);
        }
        let bundle = self.secrets().await?;
        let part = |name: &str| bundle.get(name).map(|secret| secret.expose().trim()).filter(|text| !text.is_empty());
        let text = match (part("access_token"), part("api_id"), part("api_token")) {
            (Some(token), _, _) => format!("Bearer {token}"),
            (None, Some(id), Some(token)) => format!("Basic {}", STANDARD.encode(format!("{id}:{token}"))),
            (None, _, _) => {
                let hint = format!("the secret {} has neither api_id and api_token nor access_token", self.connection);
                return Err(Fault::AuthRefused { hint });
            }
        };
        let mut value = HeaderValue::from_str(&text)
            .map_err(|_| Fault::AuthRefused { hint: "the credentials cannot be sent in a header".to_owned() })?;
        value.set_sensitive(true);
        *self.authorization.lock().unwrap_or_else(PoisonError::into_inner) = Some(value.clone());
        Ok(value)
    }
}

pub(crate) fn error(operation: &str, fault: Fault) -> CallError {
    CallError::new(SYSTEM, operation, fault)
}
