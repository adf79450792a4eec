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
use crate::calls::{self, Ask};
use crate::faults::{self, Intent, http_date, plus};
use crate::fields::Kind;
use crate::settings::Target;
use crate::wire::{self, Stream};

pub(crate) const SYSTEM: &str = "zendesk_sell";

/// How far back our own clock is taken to be, in seconds, where an answer's head names no time.
const OWN_CLOCK_S: i64 = 600;

pub(crate) struct Client {
    auth: Auth,
    http: Arc<dyn Http>,
    clock: Arc<dyn Clock>,
    base: String,
}

/// A successful answer.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    /// Null where the body is empty and that was to be expected.
    pub(crate) json: Json,
    /// The server's own time when it answered, or ours with room for a wrong clock.
    pub(crate) at: Timestamp,
}

/// What came of asking for a stream.
#[derive(Debug)]
pub(crate) enum Streamed {
    Page {
        page: Stream,
        at: Timestamp,
    },
    /// The position is older than what is kept.
    TooOld,
    /// The plan does not have it, or the token is not the root user's; nothing tells which (fact sheet §8.4: unverified).
    NotOffered,
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
            let end = |fault| Trouble::unheard(faults::at_the_end(fault, self.clock.now()));
            let token = self.auth.renew(&token, by).await.map_err(end)?;
            response = self.once(ask, intent, &token, by).await?;
        }
        let (head, body) = response.into_parts();
        if head.status.is_success() {
            let json = match wire::json(&body) {
                Ok(json) => json,
                Err(_) if head.status == StatusCode::NO_CONTENT => Json::Null,
                Err(_) if intent == Intent::Write => return Err(Trouble::heard(Fault::Uncertain)),
                Err(fault) => return Err(Trouble::heard(fault)),
            };
            return Ok(Answer { status: head.status, json, at: self.time(&head.headers) });
        }
        let mut fault = faults::refusal(intent, ask.one, head.status, &head.headers, &body, self.clock.now(), sent);
        if fault == Fault::AuthExpired {
            let hint = "Zendesk Sell refused a token that it had just given; check the OAuth client";
            fault = Fault::AuthRefused { hint: hint.to_owned() };
        }
        fault = faults::at_the_end(fault, self.clock.now());
        tracing::debug!(operation = ask.operation, status = head.status.as_u16(), fault = fault.code(), "zendesk sell refused");
        Err(Trouble::heard(fault))
    }

    /// Events of an object from a position on. A 401 here may mean the plan: whose token it is tells the two apart, and renews it if it has aged.
    pub(crate) async fn stream(&self, kind: Kind, position: &str, rows: u32, by: Deadline) -> Result<Streamed, Fault> {
        let ask = calls::stream(kind, position, rows);
        let token = self.auth.token(by).await?;
        let mut response = self.once(&ask, Intent::Read, &token, by).await?;
        if response.status() == StatusCode::UNAUTHORIZED {
            self.read(&calls::me(), by).await?;
            let token = self.auth.token(by).await?;
            response = self.once(&ask, Intent::Read, &token, by).await?;
        }
        let (head, body) = response.into_parts();
        match head.status {
            StatusCode::GONE => Ok(Streamed::TooOld),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::NOT_FOUND => Ok(Streamed::NotOffered),
            status if status.is_success() => {
                let page = wire::stream(&wire::json(&body)?)?;
                Ok(Streamed::Page { page, at: self.time(&head.headers) })
            }
            status => Err(faults::refusal(Intent::Read, false, status, &head.headers, &body, self.clock.now(), &[])),
        }
    }

    fn time(&self, headers: &http::HeaderMap) -> Timestamp {
        let told = headers.get(http::header::DATE).and_then(|value| value.to_str().ok()).and_then(http_date);
        told.unwrap_or_else(|| plus(self.clock.now(), -OWN_CLOCK_S))
    }

    async fn once(&self, ask: &Ask, intent: Intent, token: &Secret, by: Deadline) -> Result<http::Response<bytes::Bytes>, Trouble> {
        let header = self.auth.header(token).map_err(Trouble::unheard)?;
        let no_address = || Trouble::unheard(Fault::Unsupported { capability: "address made of base_url and this path".to_owned() });
        let call = ask.call(&self.base, &header).ok_or_else(no_address)?;
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
