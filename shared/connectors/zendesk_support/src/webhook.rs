//! Webhooks: events of agents and users, signed over time stamp and raw body (fact sheet §7).
//!
//! The signature is base64 of HMAC-SHA256 over `timestamp + body`, under the secret's own text. The vendor has no replay window; ours is five minutes. An
//! event is only a hint: its version and state are not believed, for events overtake each other, and dropped ones never come back.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value as Json;
use sha2::Sha256;
use syncline_engine::ports::secrets::Bundle;
use syncline_engine::ports::webhook::{Heard, Hint, RawWebhook, Refused, VerifiedWebhook, Webhooks};
use syncline_model::{CallError, RecordId, Secret};

use crate::agent::{KIND, record_id};
use crate::client::error;
use crate::faults::drift;
use crate::settings::Target;

const SIGNATURE: &str = "x-zendesk-webhook-signature";
const TIMESTAMP: &str = "x-zendesk-webhook-signature-timestamp";
const ACCOUNT: &str = "x-zendesk-account-id";
/// The largest body that is read.
const BODY_BYTES_MAX: usize = 256 * 1024;
/// How far the signed time may lie from ours.
const WINDOW: SignedDuration = SignedDuration::from_mins(5);

/// The webhooks of one account.
#[derive(Clone, Debug)]
pub(crate) struct Events {
    account_id: Option<String>,
}

impl Events {
    pub(crate) fn of(target: &Target) -> Self {
        Self { account_id: target.account_id.clone() }
    }
}

impl Webhooks for Events {
    fn check(&self, raw: &RawWebhook, secrets: &Bundle, now: Timestamp) -> Result<(), Refused> {
        let header = |name: &str| raw.headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
        let (signature, time) = header(SIGNATURE).zip(header(TIMESTAMP)).ok_or(Refused::Forged)?;
        let signature = STANDARD.decode(signature).map_err(|_| Refused::Forged)?;
        let mut good = false;
        // Every secret is tried, so that the time does not tell which one matched.
        for name in ["webhook_secret", "webhook_secret_previous"] {
            if let Some(secret) = secrets.get(name).map(Secret::expose).filter(|secret| !secret.is_empty()) {
                let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).map_err(|_| Refused::Forged)?;
                mac.update(time.as_bytes());
                mac.update(&raw.body);
                good |= mac.verify_slice(&signature).is_ok();
            }
        }
        if !good {
            return Err(Refused::Forged);
        }
        if let (Some(ours), Some(theirs)) = (&self.account_id, header(ACCOUNT))
            && ours != theirs
        {
            return Err(Refused::OtherAccount);
        }
        let at: Timestamp = time.parse().map_err(|_| Refused::Unreadable("its time stamp is no time".to_owned()))?;
        if now.duration_since(at) > WINDOW {
            return Err(Refused::TooOld);
        }
        if at.duration_since(now) > WINDOW {
            return Err(Refused::Unreadable("its time stamp lies in the future".to_owned()));
        }
        if raw.body.len() > BODY_BYTES_MAX {
            return Err(Refused::Unreadable(format!("it is longer than {BODY_BYTES_MAX} bytes")));
        }
        read(&raw.body).map(drop)
    }

    fn parse(&self, hook: &VerifiedWebhook<'_>) -> Result<Heard, CallError> {
        let event = read(hook.body()).map_err(|_| error("read a webhook", drift("$", "an event", "other bytes")))?;
        let hints = agents(&event).into_iter().map(|id| Hint { kind: KIND.into(), id }).collect();
        Ok(Heard { hints, answer: ("", String::new()) })
    }
}

fn read(body: &[u8]) -> Result<Json, Refused> {
    let event: Json = serde_json::from_slice(body).map_err(|problem| {
        Refused::Unreadable(if problem.is_eof() { "its JSON ends early".to_owned() } else { "it is not JSON".to_owned() })
    })?;
    if event.is_object() { Ok(event) } else { Err(Refused::Unreadable("it is no object".to_owned())) }
}

/// The agents that an event is about: `zen:event-type:agent.unified_state_changed` names one in `detail.agent_id`, `zen:event-type:user.…` in `detail.id`
/// (the documentation also writes `zen:event-type/user.…`). Of customers' events only those are heard that may have been agents.
fn agents(event: &Json) -> BTreeSet<RecordId> {
    let named = event.get("type").and_then(Json::as_str).unwrap_or_default();
    let named = named.rsplit([':', '/']).next().unwrap_or_default();
    let detail = event.get("detail");
    let in_detail = |name: &str| detail.and_then(|detail| detail.get(name));
    let in_subject = || {
        let subject = event.get("subject").and_then(Json::as_str)?;
        record_id(&Json::String(subject.rsplit(':').next()?.to_owned()))
    };
    let id = match named.split_once('.') {
        Some(("agent", _)) => in_detail("agent_id").and_then(record_id).or_else(in_subject),
        Some(("user", what)) => {
            let customer = in_detail("role").and_then(Json::as_str) == Some("end-user");
            let may_concern_agents = ["role_changed", "custom_role_changed", "deleted", "merged", "active_changed"].contains(&what);
            if customer && !may_concern_agents { None } else { in_detail("id").and_then(record_id).or_else(in_subject) }
        }
        Some(_) | None => None,
    };
    id.into_iter().collect()
}

#[cfg(test)]
#[path = "webhook_tests.rs"]
mod tests;
