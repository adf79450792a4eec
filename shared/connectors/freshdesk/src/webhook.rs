//! Webhooks: events that a Freshworks app or an automation rule forwards with a shared secret.
//!
//! Freshdesk signs nothing (fact sheet §6): what proves the sender is a long random text in the header `X-Syncline-Secret`, or, for a
//! sender that can set no header, at the end of the address. The body is only a hint: ids are taken from it, and the records are read.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value as Json;
use subtle::{Choice, ConstantTimeEq};
use syncline_engine::ports::secrets::Bundle;
use syncline_engine::ports::webhook::{Heard, Hint, RawWebhook, Refused, VerifiedWebhook, Webhooks};
use syncline_model::{CallError, RecordId};

use crate::attributes::Kind;
use crate::client::error;
use crate::envelope::drift;
use crate::settings::{Target, host};
use crate::wire::{moment, record_id};

/// The header that carries the secret.
pub(crate) const SECRET_HEADER: &str = "x-syncline-secret";
/// The largest body that is read.
const BODY_BYTES_MAX: usize = 256 * 1024;
/// How far an event's own time may lie from ours, in seconds.
const REPLAY_WINDOW_S: i64 = 15 * 60;
/// Times above this are in milliseconds: as seconds they would lie after the year 5000.
const MILLISECONDS_FROM: i64 = 100_000_000_000;

/// The webhooks of one account.
#[derive(Clone, Debug)]
pub(crate) struct AppEvents {
    host: String,
    account_id: Option<String>,
    include_visitors: bool,
}

impl AppEvents {
    pub(crate) fn of(target: &Target) -> Self {
        Self { host: target.host.clone(), account_id: target.account_id.clone(), include_visitors: target.include_visitors }
    }

    fn is_ours(&self, event: &Json) -> bool {
        let domain = event.get("domain").and_then(Json::as_str).map(|domain| {
            let bare = domain.trim().trim_start_matches("https://").trim_end_matches('/');
            host(bare).is_some_and(|host| host == self.host)
        });
        let account = event.get("account_id").and_then(record_id);
        let account = self.account_id.as_ref().zip(account).map(|(ours, theirs)| ours == theirs.as_str());
        domain != Some(false) && account != Some(false)
    }
}

impl Webhooks for AppEvents {
    fn check(&self, raw: &RawWebhook, secrets: &Bundle, now: Timestamp) -> Result<(), Refused> {
        let given = raw.headers.get(SECRET_HEADER).map_or_else(|| raw.path_rest.trim_matches('/').as_bytes(), http::HeaderValue::as_bytes);
        let mut known = Choice::from(0);
        for name in ["webhook_secret", "webhook_secret_previous"] {
            if let Some(secret) = secrets.get(name).map(|secret| secret.expose().as_bytes()).filter(|secret| !secret.is_empty()) {
                known |= secret.ct_eq(given);
            }
        }
        if !bool::from(known) {
            return Err(Refused::Forged);
        }
        if raw.body.len() > BODY_BYTES_MAX {
            return Err(Refused::Unreadable(format!("it is longer than {BODY_BYTES_MAX} bytes")));
        }
        let event = read(&raw.body)?;
        if !self.is_ours(&event) {
            return Err(Refused::OtherAccount);
        }
        match event.get("timestamp").filter(|time| !time.is_null()) {
            // A rule's body carries no time; a repeated hint costs one reading.
            None => Ok(()),
            Some(time) => {
                let at = event_time(time).ok_or_else(|| Refused::Unreadable("its timestamp is no time".to_owned()))?;
                let window = SignedDuration::from_secs(REPLAY_WINDOW_S);
                if now.duration_since(at) > window {
                    Err(Refused::TooOld)
                } else if at.duration_since(now) > window {
                    Err(Refused::Unreadable("its timestamp lies in the future".to_owned()))
                } else {
                    Ok(())
                }
            }
        }
    }

    fn parse(&self, hook: &VerifiedWebhook<'_>) -> Result<Heard, CallError> {
        let event = read(hook.body()).map_err(|_| error("read a webhook", drift("$", "JSON", "other bytes")))?;
        let mut found = BTreeSet::new();
        for part in [Some(&event), event.get("data")].into_iter().flatten() {
            self.collect(part, &mut found);
        }
        let hints = found.into_iter().map(|(kind, id)| Hint { kind: kind.object(), id }).collect();
        Ok(Heard { hints, answer: ("", String::new()) })
    }
}

impl AppEvents {
    /// The ids that a part of an event names: the records themselves, and a ticket's requester.
    fn collect(&self, part: &Json, found: &mut BTreeSet<(Kind, RecordId)>) {
        let mut note = |kind: Kind, id: Option<&Json>| {
            if let Some(id) = id.and_then(record_id) {
                found.insert((kind, id));
            }
        };
        note(Kind::Contact, part.get("contact_id"));
        note(Kind::Contact, part.get("requester_id"));
        note(Kind::Company, part.get("company_id"));
        for name in ["contact", "requester"] {
            if let Some(contact) = part.get(name)
                && (self.include_visitors || contact.get("contact_type").and_then(Json::as_str) != Some("visitor"))
            {
                note(Kind::Contact, contact.get("id"));
            }
        }
        note(Kind::Company, part.get("company").and_then(|company| company.get("id")));
        if let Some(ticket) = part.get("ticket") {
            note(Kind::Contact, ticket.get("requester_id"));
            note(Kind::Contact, ticket.get("requester").and_then(|requester| requester.get("id")));
            note(Kind::Contact, ticket.get("contact").and_then(|contact| contact.get("id")));
        }
    }
}

fn read(body: &[u8]) -> Result<Json, Refused> {
    let text = std::str::from_utf8(body).map_err(|_| Refused::Unreadable("it is not UTF-8".to_owned()))?;
    let event: Json = serde_json::from_str(text).map_err(|problem| {
        Refused::Unreadable(if problem.is_eof() { "its JSON ends early".to_owned() } else { "it is not JSON".to_owned() })
    })?;
    if event.is_object() { Ok(event) } else { Err(Refused::Unreadable("it is no object".to_owned())) }
}

/// Seconds, milliseconds, or a written time: which one the platform sends is not documented (fact sheet §6).
fn event_time(time: &Json) -> Option<Timestamp> {
    let from_number = |number: i64| {
        if number >= MILLISECONDS_FROM { Timestamp::from_millisecond(number).ok() } else { Timestamp::from_second(number).ok() }
    };
    match time {
        Json::Number(number) => {
            let whole = number.to_string();
            whole.split('.').next().and_then(|whole| whole.parse().ok()).and_then(from_number)
        }
        Json::String(text) => text.trim().parse().ok().and_then(from_number).or_else(|| moment(text)),
        Json::Null | Json::Bool(_) | Json::Array(_) | Json::Object(_) => None,
    }
}

#[cfg(test)]
#[path = "webhook_tests.rs"]
mod tests;
