//! Talk Partner Edition: screens that open beside a call, tickets of calls, and calls themselves (fact sheet §6). Needs its licence.

use serde_json::{Value as Json, json};

use crate::Support;
use crate::routes::Ask;
use crate::wire::{Answer, Refusal, empty, encode, object, stamp, wrapped};

impl Support {
    fn partner_edition(&self) -> Result<(), Refusal> {
        if self.profile.talk_partner_edition { Ok(()) } else { Err(Refusal::Forbidden) }
    }

    /// `/api/v2/channels/voice/agents/{agent}/{tickets|users}/{id}/display`.
    pub(crate) fn display(&self, agent: &str, what: &str, id: &str, ask: &Ask<'_>) -> Answer {
        self.partner_edition()?;
        if ask.method != http::Method::POST {
            return Err(Refusal::InvalidEndpoint);
        }
        let agent = self.user(agent)?;
        if self.unlicensed.contains(&agent.id) {
            return Err(Refusal::Forbidden);
        }
        let is_known =
            if what == "users" { self.user(id).is_ok() } else { id.parse::<i64>().is_ok_and(|id| self.tickets.contains_key(&id)) };
        if !is_known {
            return Err(Refusal::RecordNotFound);
        }
        Ok(empty(200))
    }

    /// `POST /api/v2/channels/voice/tickets`.
    pub(crate) fn create_voice_ticket(&mut self, ask: &Ask<'_>) -> Answer {
        self.partner_edition()?;
        if ask.method != http::Method::POST {
            return Err(Refusal::InvalidEndpoint);
        }
        let mut ticket = wrapped(ask.body, "ticket")?;
        if ticket.get("via_id").and_then(Json::as_i64).is_none() {
            return Err(Refusal::plain(400, "ParameterMissing", "Parameter ticket.via_id is required"));
        }
        let id = i64::try_from(self.tickets.len()).unwrap_or(0) + 1;
        ticket.insert("id".to_owned(), json!(id));
        ticket.insert("created_at".to_owned(), json!(stamp(ask.now)));
        let shape = json!({ "ticket": ticket });
        self.tickets.insert(id, Json::Object(ticket));
        Ok(encode(201, &shape))
    }

    /// `/api/v2/calls/…`.
    pub(crate) fn calls_route(&mut self, rest: &[&str], ask: &Ask<'_>) -> Answer {
        self.partner_edition()?;
        match (ask.method.as_str(), rest) {
            ("POST", []) => {
                let mut call = wrapped(ask.body, "call")?;
                if call.get("app_id").is_none_or(Json::is_null) {
                    return Err(Refusal::plain(400, "ParameterMissing", "Parameter call.app_id is required"));
                }
                in_utc(&mut call);
                let id = format!("01HCALL{:019}", self.calls.len() + 1);
                call.insert("id".to_owned(), json!(id));
                let shape = json!({ "call": call });
                self.calls.insert(id, call);
                Ok(encode(201, &shape))
            }
            ("GET", [id]) => {
                let call = self.calls.get(*id).ok_or(Refusal::RecordNotFound)?;
                Ok(encode(200, &json!({ "call": call })))
            }
            ("PATCH", [id]) => {
                let mut body = object(ask.body)?;
                let changes = body.remove("call").and_then(|call| call.as_object().cloned()).unwrap_or_default();
                let call = self.calls.get_mut(*id).ok_or(Refusal::RecordNotFound)?;
                call.extend(changes.into_iter().filter(|(name, _)| name != "id"));
                in_utc(call);
                Ok(encode(200, &json!({ "call": call })))
            }
            _ => Err(Refusal::InvalidEndpoint),
        }
    }
}

/// Times with an offset come back in UTC.
fn in_utc(call: &mut serde_json::Map<String, Json>) {
    for (_, value) in call.iter_mut().filter(|(name, _)| name.ends_with("_at")) {
        let moment = value.as_str().and_then(|text| text.parse::<jiff::Timestamp>().ok());
        if let Some(moment) = moment {
            *value = json!(stamp(moment.as_second()));
        }
    }
}
