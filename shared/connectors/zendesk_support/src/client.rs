//! The way to the account: adds the token and the host, sends, and sorts answers from refusals. A 401 is answered with one new token, once.

use std::sync::Arc;

use http::StatusCode;
use jiff::Timestamp;
use serde_json::Value as Json;
use syncline_engine::ports::clock::Clock;
use syncline_engine::ports::http::{Http, NoAnswer};
use syncline_engine::ports::sign_in::Revoked;
use syncline_engine::ports::vendor::Parts;
use syncline_model::{CallError, Deadline, Fault, Secret};

use crate::auth::Auth;
use crate::calls::Ask;
use crate::faults::{self, Intent, drift, http_date, is_page};
use crate::settings::Target;

pub(crate) const SYSTEM: &str = "zendesk_support";

pub(crate) struct Client {
    auth: Auth,
    http: Arc<dyn Http>,
    clock: Arc<dyn Clock>,
    base: String,
}

/// A successful answer.
pub(crate) struct Answer {
    pub(crate) json: Json,
    /// The server's own time when it answered.
    pub(crate) date: Option<Timestamp>,
}

/// Why there is no successful answer.
#[derive(Debug)]
pub(crate) struct Trouble {
    pub(crate) fault: Fault,
    /// The vendor certainly heard nothing.
    pub(crate) unheard: bool,
}

impl Trouble {
    fn unheard(fault: Fault) -> Self {
        Self { fault, unheard: true }
    }

    pub(crate) fn heard(fault: Fault) -> Self {
        Self { fault, unheard: false }
    }
}

impl From<Trouble> for Fault {
    fn from(trouble: Trouble) -> Self {
        trouble.fault
    }
}

impl Client {
    pub(crate) fn new(target: &Target, parts: Parts) -> Self {
        let auth = Auth::new(parts.connection, target, parts.http.clone(), parts.secrets, parts.clock.clone());
        Self { auth, http: parts.http, clock: parts.clock, base: target.base.clone() }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) async fn revoke(&self, by: Deadline) -> Result<Revoked, Fault> {
        self.auth.revoke(by).await
    }

    /// A question that changes nothing.
    pub(crate) async fn read(&self, ask: &Ask, by: Deadline) -> Result<Answer, Fault> {
        Ok(self.send(ask, &[], by).await?)
    }

    /// `sent`: values that must not come back in a sentence.
    pub(crate) async fn send(&self, ask: &Ask, sent: &[String], by: Deadline) -> Result<Answer, Trouble> {
        let intent = if ask.writes() { Intent::Write } else { Intent::Read };
        let token = self.auth.token(by).await.map_err(Trouble::unheard)?;
        let mut response = self.once(ask, intent, &token, by).await?;
        if response.status() == StatusCode::UNAUTHORIZED {
            // What was refused for its token did nothing.
            let token = self.auth.renew(&token, by).await.map_err(Trouble::unheard)?;
            response = self.once(ask, intent, &token, by).await?;
        }
        let (head, body) = response.into_parts();
        let odd = || match intent {
            Intent::Read => drift("$", "JSON", if is_page(&body) { "an HTML page" } else { "other bytes" }),
            Intent::Write => Fault::Uncertain,
        };
        if head.status.is_success() {
            let json = serde_json::from_slice(&body).map_err(|_| Trouble::heard(odd()))?;
            let date = head.headers.get(http::header::DATE).and_then(|value| value.to_str().ok()).and_then(http_date);
            return Ok(Answer { json, date });
        }
        let mut fault = faults::refusal(intent, head.status, &head.headers, &body, self.now(), sent);
        if fault == Fault::AuthExpired {
            let hint = "Zendesk refused a token that it had just given; check the OAuth client, and that the subdomain is right";
            fault = Fault::AuthRefused { hint: hint.to_owned() };
        }
        tracing::debug!(operation = ask.operation, status = head.status.as_u16(), fault = fault.code(), "zendesk refused");
        Err(Trouble::heard(fault))
    }

    async fn once(&self, ask: &Ask, intent: Intent, token: &Secret, by: Deadline) -> Result<http::Response<bytes::Bytes>, Trouble> {
        let header = self.auth.header(token).map_err(Trouble::unheard)?;
        let no_address = || Trouble::unheard(Fault::Unsupported { capability: "address made of base_url and this path".to_owned() });
        let call = ask.call(&self.base, Some(&header)).ok_or_else(no_address)?;
        self.http.send(call, by).await.map_err(|no_answer| match no_answer {
            NoAnswer::NotSent(detail) => Trouble::unheard(Fault::Transient { detail }),
            NoAnswer::Budget { until } => Trouble::unheard(Fault::RateLimited { until }),
            NoAnswer::Unanswered(detail) => match intent {
                Intent::Read => Trouble::heard(Fault::Transient { detail }),
                Intent::Write => Trouble::heard(Fault::Uncertain),
            },
        })
    }
}

pub(crate) fn error(operation: &str, fault: Fault) -> CallError {
    CallError::new(SYSTEM, operation, fault)
}
