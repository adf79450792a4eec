//! Webhooks. Aircall signs none: the sender is proved by a long random text at the end of the address, which only Aircall was told, and by the
//! webhook's token, which every event carries in its body (fact sheet §8: documented; no header, no HMAC, no list of addresses).
//!
//! Events are repeated for up to twelve hours and come in any order, so their age proves nothing and is not looked at. They are hints: only the
//! agent's id is taken, and the agent is read.

use jiff::Timestamp;
use serde_json::Value as Json;
use subtle::{Choice, ConstantTimeEq};
use syncline_engine::ports::secrets::Bundle;
use syncline_engine::ports::webhook::{Heard, Hint, RawWebhook, Refused, VerifiedWebhook, Webhooks};
use syncline_model::{CallError, ObjectKind, RecordId};

use crate::client::error;
use crate::fields::USER;
use crate::wire::{drift, record_id};

/// The largest body that is read.
const BODY_BYTES_MAX: usize = 256 * 1024;
/// Events of calls that come with a change of the agent's state: several come for every call, and each costs a reading.
const CALL_EVENTS: &[&str] = &["call.answered", "call.agent_declined", "call.transferred", "call.hungup", "call.ended"];
/// Events of users that leave what they are set to as it was: log-in and wrap-up.
const IDLE_EVENTS: &[&str] = &["user.connected", "user.disconnected", "user.wut_start", "user.wut_end"];

/// The webhooks of one account.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Events;

/// Whether the given text is one of these secrets, in constant time. An empty secret is none.
fn is_one_of(secrets: &Bundle, names: [&str; 2], given: &[u8]) -> bool {
    let mut known = Choice::from(0);
    for name in names {
        if let Some(secret) = secrets.get(name).map(|secret| secret.expose().as_bytes()).filter(|secret| !secret.is_empty()) {
            known |= secret.ct_eq(given);
        }
    }
    bool::from(known)
}

impl Webhooks for Events {
    fn check(&self, raw: &RawWebhook, secrets: &Bundle, _now: Timestamp) -> Result<(), Refused> {
        if !is_one_of(secrets, ["webhook_secret", "webhook_secret_previous"], raw.path_rest.trim_matches('/').as_bytes()) {
            return Err(Refused::Forged);
        }
        if raw.body.len() > BODY_BYTES_MAX {
            return Err(Refused::Unreadable(format!("it is longer than {BODY_BYTES_MAX} bytes")));
        }
        let event = read(&raw.body)?;
        let token = event.get("token").and_then(Json::as_str).unwrap_or_default();
        if !is_one_of(secrets, ["webhook_token", "webhook_token_previous"], token.as_bytes()) {
            return Err(Refused::Forged);
        }
        Ok(())
    }

    fn parse(&self, hook: &VerifiedWebhook<'_>) -> Result<Heard, CallError> {
        let event = read(hook.body()).map_err(|_| error("read a webhook", drift("$", "JSON", "other bytes")))?;
        let hints = agent(&event).map(|id| Hint { kind: ObjectKind::new(USER), id });
        Ok(Heard { hints: hints.into_iter().collect(), answer: ("", String::new()) })
    }
}

/// The agent whom an event is about. Names come with and without their version while accounts migrate (fact sheet §9).
fn agent(event: &Json) -> Option<RecordId> {
    let name = event.get("event").and_then(Json::as_str)?;
    let name = name.strip_suffix(".v2").unwrap_or(name);
    let data = event.get("data")?;
    let user = if name.starts_with("user.") && !IDLE_EVENTS.contains(&name) {
        data
    } else if CALL_EVENTS.contains(&name) {
        data.get("user")?
    } else {
        return None;
    };
    user.get("id").and_then(record_id)
}

fn read(body: &[u8]) -> Result<Json, Refused> {
    let event: Json = serde_json::from_slice(body).map_err(|problem| {
        Refused::Unreadable(if problem.is_eof() { "its JSON ends early".to_owned() } else { "it is not JSON".to_owned() })
    })?;
    if event.is_object() { Ok(event) } else { Err(Refused::Unreadable("it is no object".to_owned())) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use syncline_engine::ports::webhook::admit;
    use syncline_model::Secret;

    use super::*;

    const TOKEN: &str = "d0a7d0a7d0a7d0a7d0a7d0a7d0a7264d";

    fn secrets(names: &[(&str, &str)]) -> Bundle {
        Bundle(names.iter().map(|(name, text)| ((*name).to_owned(), Secret::new(*text))).collect())
    }

    fn both() -> Bundle {
        secrets(&[("webhook_secret", "long-random-path"), ("webhook_token", TOKEN)])
    }

    fn raw(path: &str, body: &Json) -> RawWebhook {
        RawWebhook { headers: http::HeaderMap::new(), path_rest: path.to_owned(), body: body.to_string().into() }
    }

    fn event(name: &str, token: &str, data: &Json) -> Json {
        json!({"resource": name.split('.').next(), "event": name, "timestamp": 1_585_001_020, "token": token, "data": data})
    }

    fn check(raw: &RawWebhook, secrets: &Bundle) -> Result<(), Refused> {
        admit(&Events, raw, secrets, "2026-11-22T10:00:00Z".parse().unwrap()).map(drop)
    }

    #[test]
    fn path_and_token_must_both_be_right_however_old_the_event_is() {
        let closed = event("user.closed.v2", TOKEN, &json!({"id": 7}));
        assert_eq!(check(&raw("long-random-path", &closed), &both()), Ok(()));
        assert_eq!(check(&raw("/long-random-path/", &closed), &both()), Ok(()));
        assert_eq!(check(&raw("guessed", &closed), &both()), Err(Refused::Forged));
        assert_eq!(check(&raw("", &closed), &both()), Err(Refused::Forged));
        let other = event("user.closed.v2", "0000", &json!({"id": 7}));
        assert_eq!(check(&raw("long-random-path", &other), &both()), Err(Refused::Forged));
        assert!(matches!(check(&raw("long-random-path", &json!([1])), &both()), Err(Refused::Unreadable(_))));
    }

    #[test]
    fn without_stored_secrets_nothing_is_let_in() {
        let closed = event("user.closed.v2", "", &json!({"id": 7}));
        for secrets in [Bundle::default(), secrets(&[("webhook_secret", ""), ("webhook_token", "")]), secrets(&[("webhook_secret", "p")])] {
            assert_eq!(check(&raw("", &closed), &secrets), Err(Refused::Forged));
            assert_eq!(check(&raw("p", &closed), &secrets), Err(Refused::Forged));
        }
    }

    #[test]
    fn during_a_rotation_the_one_before_works_too() {
        let closed = event("user.closed.v2", TOKEN, &json!({"id": 7}));
        let rotating = secrets(&[
            ("webhook_secret", "new-path"),
            ("webhook_secret_previous", "old-path"),
            ("webhook_token", "new-token"),
            ("webhook_token_previous", TOKEN),
        ]);
        assert_eq!(check(&raw("old-path", &closed), &rotating), Ok(()));
        assert_eq!(check(&raw("new-path", &closed), &rotating), Ok(()));
    }

    #[test]
    fn events_name_the_agent_and_nothing_else_is_taken_from_them() {
        let hints = |name: &str, data: &Json| {
            let (raw, secrets) = (raw("long-random-path", &event(name, TOKEN, data)), both());
            let hook = admit(&Events, &raw, &secrets, "2026-11-22T10:00:00Z".parse().unwrap()).unwrap();
            Events.parse(&hook).unwrap().hints.into_iter().map(|hint| hint.id.to_string()).collect::<Vec<_>>()
        };
        let user = json!({"id": 1_981_305, "availability_status": "unavailable"});
        for name in ["user.opened.v2", "user.closed.v2", "user.closed", "user.created.v2", "user.deleted.v2", "user.of_days_to_come"] {
            assert_eq!(hints(name, &user), ["1981305"], "{name}");
        }
        for name in ["user.connected.v2", "user.wut_end.v2", "contact.created", "integration.deleted", "number.closed"] {
            assert!(hints(name, &user).is_empty(), "{name}");
        }
        assert_eq!(hints("call.hungup", &json!({"id": 5, "user": {"id": 7}})), ["7"]);
        assert!(hints("call.hungup", &json!({"id": 5, "user": {}})).is_empty());
        assert!(hints("call.created", &json!({"id": 5, "user": {"id": 7}})).is_empty());
    }
}
