//! Notifications. The vendor signs none: the sender is proved by a long random text at the end of the address and by the channel's token, which each
//! notification repeats in its body (fact sheet §6). It is a hint: several ids at once, of a record that is then read.
//!
//! A channel ends after a week at most; it is renewed when half of that is over, by whoever lists changes next.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};
use subtle::{Choice, ConstantTimeEq};
use syncline_engine::ports::secrets::Bundle;
use syncline_engine::ports::webhook::{Heard, Hint, RawWebhook, Refused, VerifiedWebhook, Webhooks};
use syncline_model::{CallError, Deadline, Fault, ObjectKind};

use crate::calls;
use crate::client::error;
use crate::connection::Connection;
use crate::faults::drift;
use crate::object::{Module, Object, is_bare};
use crate::values::moment;

/// The largest body that is read.
const BODY_BYTES_MAX: usize = 1024 * 1024;
/// How long a channel is asked for, in days: a little less than the most.
const CHANNEL_DAYS: i64 = 6;
/// How often one instance looks whether it must be renewed.
const LOOK_EVERY_H: i64 = 6;

/// The notifications of one account.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Notifications;

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

impl Webhooks for Notifications {
    fn check(&self, raw: &RawWebhook, secrets: &Bundle, _now: Timestamp) -> Result<(), Refused> {
        if !is_one_of(secrets, ["webhook_secret", "webhook_secret_previous"], raw.path_rest.trim_matches('/').as_bytes()) {
            return Err(Refused::Forged);
        }
        if raw.body.len() > BODY_BYTES_MAX {
            return Err(Refused::Unreadable(format!("it is longer than {BODY_BYTES_MAX} bytes")));
        }
        let body = read(&raw.body)?;
        let token = body.get("token").and_then(Json::as_str).unwrap_or_default();
        if !is_one_of(secrets, ["webhook_token", "webhook_token_previous"], token.as_bytes()) {
            return Err(Refused::Forged);
        }
        Ok(())
    }

    fn parse(&self, hook: &VerifiedWebhook<'_>) -> Result<Heard, CallError> {
        let body = read(hook.body()).map_err(|_| error("read a notification", drift("$", "JSON", "other bytes")))?;
        Ok(Heard { hints: hints(&body), answer: ("", String::new()) })
    }
}

/// The record under both objects that may be synced: as its module's, and as a person.
fn hints(body: &Json) -> Vec<Hint> {
    let Some(module) = body.get("module").map(|own| own.get("api_name").unwrap_or(own)).and_then(Json::as_str).and_then(Module::of) else {
        return Vec::new();
    };
    let ids = body.get("ids").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str).filter(|id| is_bare(id));
    let objects = [Object::One(module), Object::Person].into_iter().filter(|object| object.has(module));
    let objects: Vec<Object> = objects.collect();
    ids.flat_map(|id| objects.iter().map(move |object| Hint { kind: object.kind(), id: object.id(module, id) })).collect()
}

fn read(body: &[u8]) -> Result<Json, Refused> {
    let body: Json = serde_json::from_slice(body).map_err(|problem| {
        Refused::Unreadable(if problem.is_eof() { "its JSON ends early".to_owned() } else { "it is not JSON".to_owned() })
    })?;
    if body.is_object() { Ok(body) } else { Err(Refused::Unreadable("it is no object".to_owned())) }
}

impl Connection {
    /// Makes the channel, or renews it where half of its time is over. A listing does not fail for it: it finds what notifications would tell.
    pub(crate) async fn keep_channel(&self, kind: &ObjectKind, by: Deadline) {
        let Some(address) = &self.target.notify_url else { return };
        let now = self.client.now();
        if !self.may_look_at_channel(now, LOOK_EVERY_H) {
            return;
        }
        if let Err(fault) = self.renewed_channel(address, now, by).await {
            tracing::warn!(object = %kind, fault = fault.code(), "the notification channel could not be kept alive; the schedule finds all changes");
        }
    }

    async fn renewed_channel(&self, address: &str, now: Timestamp, by: Deadline) -> Result<(), Fault> {
        let id = &self.target.channel;
        let standing = match self.client.read(&calls::channel(id), by).await {
            Ok(answer) => answer.json,
            Err(Fault::Missing | Fault::Rejected { .. }) => None,
            Err(fault) => return Err(fault),
        };
        let until = standing.as_ref().and_then(|json| json.get("watch")).and_then(Json::as_array).and_then(|rows| {
            let own = rows
                .iter()
                .filter(|row| row.get("channel_id").is_none_or(|own| own.as_str().map_or_else(|| own.to_string(), str::to_owned) == *id));
            own.filter_map(|row| row.get("channel_expiry")?.as_str().and_then(moment)).max()
        });
        let half = SignedDuration::from_hours(CHANNEL_DAYS * 12);
        if until.is_some_and(|until| until.duration_since(now) > half) {
            return Ok(());
        }
        let token = self.client.auth.webhook_token().await?;
        let secret = self.client.auth.webhook_secret().await?;
        let expiry = now.checked_add(SignedDuration::from_hours(CHANNEL_DAYS * 24)).unwrap_or(now);
        let channel = json!({
            "channel_id": id, "events": ["Leads.all", "Contacts.all", "Accounts.all"], "channel_expiry": calls::stamp(expiry), "token": token.expose(),
            "notify_url": format!("{}/{}", address.trim_end_matches('/'), secret.expose()), "return_affected_field_values": false
        });
        let sent = [token.expose().to_owned(), secret.expose().to_owned()];
        let answer = self.client.send(&calls::watch(until.is_some(), &channel), &sent, by).await?.json.unwrap_or(Json::Null);
        let row = answer.get("watch").and_then(|rows| rows.get(0));
        match row.and_then(|row| row.get("status")).and_then(Json::as_str) {
            Some("success") => Ok(()),
            Some(_) | None => Err(drift("watch", "a channel", "a refusal")),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use syncline_engine::ports::webhook::admit;
    use syncline_model::Secret;

    use super::*;

    fn secrets() -> Bundle {
        let texts =
            [("webhook_secret", "long-random-path"), ("webhook_token", "c3504777-token"), ("webhook_token_previous", "older-token")];
        Bundle(texts.into_iter().map(|(name, text)| (name.to_owned(), Secret::new(text))).collect::<BTreeMap<_, _>>())
    }

    fn raw(path: &str, body: &Json) -> RawWebhook {
        RawWebhook { headers: http::HeaderMap::new(), path_rest: path.to_owned(), body: body.to_string().into() }
    }

    fn notification(token: &str, module: &str) -> Json {
        json!({
            "server_time": 1_750_102_639_787_i64, "module": module, "resource_uri": "https://www.zohoapis.com/crm/v2/Leads", "operation": "update",
            "ids": ["6756839000000575405", "6756839000000575406", 7, "../x"], "affected_fields": [], "query_params": {}, "token": token,
            "channel_id": "1105420521999070702"
        })
    }

    #[test]
    fn every_id_is_hinted_as_a_record_and_as_a_person() {
        let now = "2026-11-22T10:00:00Z".parse().unwrap();
        let raw = raw("long-random-path", &notification("c3504777-token", "Leads"));
        let secrets = secrets();
        let heard = Notifications.parse(&admit(&Notifications, &raw, &secrets, now).unwrap()).unwrap();
        let hints: Vec<String> = heard.hints.iter().map(|hint| format!("{} {}", hint.kind, hint.id)).collect();
        assert_eq!(
            hints,
            [
                "Leads 6756839000000575405",
                "person Leads/6756839000000575405",
                "Leads 6756839000000575406",
                "person Leads/6756839000000575406"
            ]
        );
        assert!(super::hints(&notification("", "Deals")).is_empty());
    }

    #[test]
    fn both_the_address_and_the_token_prove_the_sender() {
        let now = "2026-11-22T10:00:00Z".parse().unwrap();
        let admitted = |path: &str, token: &str| admit(&Notifications, &raw(path, &notification(token, "Leads")), &secrets(), now).is_ok();
        assert!(admitted("long-random-path", "c3504777-token") && admitted("/long-random-path", "older-token"));
        assert!(!admitted("guessed", "c3504777-token") && !admitted("long-random-path", "guessed") && !admitted("", ""));
        let unreadable = RawWebhook { body: "<xml/>".into(), ..raw("long-random-path", &json!({})) };
        assert!(matches!(admit(&Notifications, &unreadable, &secrets(), now), Err(Refused::Unreadable(_))));
    }
}
