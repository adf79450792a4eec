//! The way to the account: adds the token and the host, sends, and sorts answers from refusals. A 401 is answered with one other token, once.

use std::sync::Arc;

use bytes::Bytes;
use http::StatusCode;
use jiff::Timestamp;
use serde_json::Value as Json;
use syncline_engine::ports::clock::Clock;
use syncline_engine::ports::http::{Http, NoAnswer};
use syncline_engine::ports::vendor::Parts;
use syncline_model::{CallError, Deadline, Fault};

use crate::auth::{Access, Auth};
use crate::calls::Ask;
use crate::faults::{self, Intent, drift, http_date, is_page};
use crate::settings::Target;

pub(crate) const SYSTEM: &str = "zoho_crm";

pub(crate) struct Client {
    pub(crate) auth: Auth,
    http: Arc<dyn Http>,
    clock: Arc<dyn Clock>,
}

/// A successful answer.
#[derive(Debug)]
pub(crate) struct Answer {
    /// `None`: the vendor says that there is nothing (204), or nothing newer (304).
    pub(crate) json: Option<Json>,
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

impl From<Trouble> for Fault {
    fn from(trouble: Trouble) -> Self {
        trouble.fault
    }
}

impl Client {
    pub(crate) fn new(target: &Target, parts: Parts) -> Self {
        let auth = Auth::new(parts.connection, target.clone(), parts.http.clone(), parts.secrets, parts.clock.clone(), parts.dice.as_ref());
        Self { auth, http: parts.http, clock: parts.clock }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A question that changes nothing.
    pub(crate) async fn read(&self, ask: &Ask, by: Deadline) -> Result<Answer, Fault> {
        Ok(self.send(ask, &[], by).await?)
    }

    /// A question that changes nothing and carries values, which must not come back in a sentence.
    pub(crate) async fn look_for(&self, ask: &Ask, sent: &[String], by: Deadline) -> Result<Answer, Fault> {
        Ok(self.send(ask, sent, by).await?)
    }

    /// `sent`: values that must not come back in a sentence.
    pub(crate) async fn send(&self, ask: &Ask, sent: &[String], by: Deadline) -> Result<Answer, Trouble> {
        let intent = if ask.writes() { Intent::Write } else { Intent::Read };
        let silent = |fault| Trouble { fault, unheard: true };
        let answered = |fault| Trouble { fault, unheard: false };
        let access = self.auth.access(by).await.map_err(silent)?;
        let mut response = self.once(ask, intent, &access, by).await?;
        if response.status() == StatusCode::UNAUTHORIZED {
            // What was refused for its token did nothing. A missing scope is no matter of the token's age.
            let fault = faults::refusal(intent, response.status(), response.body(), self.now(), sent);
            if fault != Fault::AuthExpired {
                return Err(silent(fault));
            }
            let access = self.auth.renew(&access.token, by).await.map_err(silent)?;
            response = self.once(ask, intent, &access, by).await?;
        }
        let (head, body) = response.into_parts();
        let date = head.headers.get(http::header::DATE).and_then(|value| value.to_str().ok()).and_then(http_date);
        match head.status {
            StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED if intent == Intent::Read => return Ok(Answer { json: None, date }),
            // A write's rows say themselves what became of each, whatever the status (fact sheet §4).
            status if status.is_success() || (intent == Intent::Write && has_rows(&body)) => {
                return match serde_json::from_slice(&body) {
                    Ok(json) => Ok(Answer { json: Some(json), date }),
                    Err(_) if intent == Intent::Write => Err(answered(Fault::Uncertain)),
                    Err(_) => Err(answered(drift("$", "JSON", if is_page(&body) { "an HTML page" } else { "other bytes" }))),
                };
            }
            _ => {}
        }
        let mut fault = faults::refusal(intent, head.status, &body, self.now(), sent);
        if fault == Fault::AuthExpired {
            let hint = "Zoho refused a token that it had just given: check data_center, and that the app was not removed from the account";
            fault = Fault::AuthRefused { hint: hint.to_owned() };
        }
        tracing::debug!(operation = %ask.operation, status = head.status.as_u16(), fault = fault.code(), "zoho refused");
        Err(answered(fault))
    }

    async fn once(&self, ask: &Ask, intent: Intent, access: &Access, by: Deadline) -> Result<http::Response<Bytes>, Trouble> {
        let unheard = |fault| Trouble { fault, unheard: true };
        let header = access.header().map_err(unheard)?;
        let no_address = || unheard(faults::unsupported("address made of base_url and this path"));
        let call = ask.call(&access.base, &header).ok_or_else(no_address)?;
        self.http.send(call, by).await.map_err(|no_answer| match no_answer {
            NoAnswer::NotSent(detail) => unheard(Fault::Transient { detail }),
            NoAnswer::Budget { until } => unheard(Fault::RateLimited { until }),
            NoAnswer::Unanswered(detail) => match intent {
                Intent::Read => Trouble { fault: Fault::Transient { detail }, unheard: false },
                Intent::Write => Trouble { fault: Fault::Uncertain, unheard: false },
            },
        })
    }
}

fn has_rows(body: &[u8]) -> bool {
    let json = serde_json::from_slice::<Json>(body).ok();
    let row = json.as_ref().and_then(|json| json.get("data").or_else(|| json.get("watch")).or_else(|| json.get("fields"))?.get(0));
    row.is_some_and(|row| row.get("code").is_some())
}

pub(crate) fn error(operation: &str, fault: Fault) -> CallError {
    CallError::new(SYSTEM, operation, fault)
}
