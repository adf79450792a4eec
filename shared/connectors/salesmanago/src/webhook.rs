//! What automation rules send. The vendor signs nothing (fact sheet §6): the sender is proved by a long random text at the end of the address,
//! and, where a login is stored, by the rule's Basic authorization as well.
//!
//! A rule's message names the rule and the contact; it has no time, no id of its own and no detail of what changed. It is a hint: the contact is
//! read.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::Value as Json;
use subtle::{Choice, ConstantTimeEq};
use syncline_engine::ports::secrets::Bundle;
use syncline_engine::ports::webhook::{Heard, Hint, RawWebhook, Refused, VerifiedWebhook, Webhooks};
use syncline_model::{CallError, ObjectKind, RecordId};

use crate::client::error;
use crate::fields::CONTACT;
use crate::wire::{drift, is_id};

/// The largest body that is read.
const BODY_BYTES_MAX: usize = 64 * 1024;

/// The webhooks of one account.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules;

/// Whether the given text is one of these secrets, in constant time; `None` where none is stored.
fn is_one_of(secrets: &Bundle, names: [&str; 2], given: &[u8]) -> Option<bool> {
    let mut known = None;
    for name in names {
        if let Some(secret) = secrets.get(name).map(|secret| secret.expose().as_bytes()).filter(|secret| !secret.is_empty()) {
            known = Some(known.unwrap_or(Choice::from(0)) | secret.ct_eq(given));
        }
    }
    known.map(bool::from)
}

impl Webhooks for Rules {
    fn check(&self, raw: &RawWebhook, secrets: &Bundle, _now: Timestamp) -> Result<(), Refused> {
        let path = raw.path_rest.trim_matches('/').as_bytes();
        if is_one_of(secrets, ["webhook_secret", "webhook_secret_previous"], path) != Some(true) {
            return Err(Refused::Forged);
        }
        let login = basic(&raw.headers).unwrap_or_default();
        if is_one_of(secrets, ["webhook_login", "webhook_login_previous"], &login) == Some(false) {
            return Err(Refused::Forged);
        }
        if raw.body.len() > BODY_BYTES_MAX {
            return Err(Refused::Unreadable(format!("it is longer than {BODY_BYTES_MAX} bytes")));
        }
        read(&raw.body).map(drop)
    }

    fn parse(&self, hook: &VerifiedWebhook<'_>) -> Result<Heard, CallError> {
        let message = read(hook.body()).map_err(|_| error("read a webhook", drift("$", "JSON", "other bytes")))?;
        let id = message.get("contactId").and_then(Json::as_str).filter(|id| is_id(id));
        let hints = id.map(|id| Hint { kind: ObjectKind::new(CONTACT), id: RecordId::new(id) });
        Ok(Heard { hints: hints.into_iter().collect(), answer: ("", String::new()) })
    }
}

/// Login and password, with a colon between.
fn basic(headers: &http::HeaderMap) -> Option<Vec<u8>> {
    let text = headers.get(http::header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, encoded) = text.split_once(' ')?;
    if scheme.eq_ignore_ascii_case("basic") { STANDARD.decode(encoded.trim()).ok() } else { None }
}

fn read(body: &[u8]) -> Result<Json, Refused> {
    let message: Json = serde_json::from_slice(body).map_err(|_| Refused::Unreadable("it is not JSON".to_owned()))?;
    if message.is_object() { Ok(message) } else { Err(Refused::Unreadable("it is no object".to_owned())) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use syncline_engine::ports::webhook::admit;
    use syncline_model::Secret;

    use super::*;

    const ID: &str = "d51bd57f-f9ab-11e6-b840-0cc47a1254ce";

    fn secrets(pairs: &[(&str, &str)]) -> Bundle {
        Bundle(pairs.iter().map(|(name, text)| ((*name).to_owned(), Secret::new(*text))).collect())
    }

    fn raw(path: &str, login: Option<&str>) -> RawWebhook {
        let mut headers = http::HeaderMap::new();
        if let Some(login) = login {
            headers.insert("authorization", format!("Basic {}", STANDARD.encode(login)).parse().unwrap());
        }
        let body = json!({"id": "rule", "name": "Changed", "contactId": ID, "description": "", "email": "a@b.example"});
        RawWebhook { headers, path_rest: path.to_owned(), body: body.to_string().into() }
    }

    fn check(raw: &RawWebhook, secrets: &Bundle) -> Result<(), Refused> {
        admit(&Rules, raw, secrets, "2026-11-22T10:00:00Z".parse().unwrap()).map(drop)
    }

    #[test]
    fn the_path_must_be_right_and_the_login_where_one_is_stored() {
        let path_only = secrets(&[("webhook_secret", "long-random-path")]);
        assert_eq!(check(&raw("long-random-path", None), &path_only), Ok(()));
        assert_eq!(check(&raw("guessed", None), &path_only), Err(Refused::Forged));
        let both = secrets(&[("webhook_secret", "long-random-path"), ("webhook_login", "rule:word")]);
        assert_eq!(check(&raw("long-random-path", Some("rule:word")), &both), Ok(()));
        for login in [None, Some("rule:other")] {
            assert_eq!(check(&raw("long-random-path", login), &both), Err(Refused::Forged));
        }
        for nothing in [Bundle::default(), secrets(&[("webhook_secret", "")])] {
            assert_eq!(check(&raw("", None), &nothing), Err(Refused::Forged));
        }
    }

    #[test]
    fn during_a_rotation_the_one_before_works_too() {
        let rotating = secrets(&[
            ("webhook_secret", "new-path"),
            ("webhook_secret_previous", "old-path"),
            ("webhook_login", "rule:new"),
            ("webhook_login_previous", "rule:old"),
        ]);
        assert_eq!(check(&raw("old-path", Some("rule:new")), &rotating), Ok(()));
        assert_eq!(check(&raw("new-path", Some("rule:old")), &rotating), Ok(()));
    }

    #[test]
    fn only_the_contacts_id_is_taken() {
        let (raw, secrets) = (raw("long-random-path", None), secrets(&[("webhook_secret", "long-random-path")]));
        let hook = admit(&Rules, &raw, &secrets, "2026-11-22T10:00:00Z".parse().unwrap()).unwrap();
        let hints = Rules.parse(&hook).unwrap().hints;
        assert_eq!(hints.iter().map(|hint| hint.id.as_str()).collect::<Vec<_>>(), [ID]);
    }
}
