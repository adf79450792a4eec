//! Signatures as the fact sheet computes them, and what events say.

use bytes::Bytes;
use http::HeaderMap;
use serde_json::json;
use syncline_engine::ports::webhook::admit;

use super::*;

const SECRET: &str = "HRkRd4BeOAoUkfZr-mhauJT64rvBASlJRoIyPsd3zeA=";

fn bundle(pairs: &[(&str, &str)]) -> Bundle {
    Bundle(pairs.iter().map(|(name, text)| ((*name).to_owned(), Secret::new(*text))).collect())
}

fn sign(secret: &str, time: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(time.as_bytes());
    mac.update(body);
    STANDARD.encode(mac.finalize().into_bytes())
}

fn raw(signature: &str, time: &str, body: &str) -> RawWebhook {
    let mut headers = HeaderMap::new();
    headers.insert(SIGNATURE, signature.parse().unwrap());
    headers.insert(TIMESTAMP, time.parse().unwrap());
    headers.insert(ACCOUNT, "2".parse().unwrap());
    RawWebhook { headers, path_rest: String::new(), body: Bytes::from(body.to_owned()) }
}

fn events(account_id: Option<&str>) -> Events {
    Events { account_id: account_id.map(str::to_owned) }
}

fn check(hook: &RawWebhook, secrets: &Bundle, now: &str) -> Result<(), Refused> {
    events(None).check(hook, secrets, now.parse().unwrap())
}

#[test]
fn the_published_vectors_hold() {
    let time = "2021-07-25T10:00:00Z";
    let hook = raw("Rry/4TtIdFyawtXXp8QdI6tlAUUQ/5kL1OTp5qo/ZIk=", time, r#"{"say": "hello"}"#);
    assert_eq!(check(&hook, &bundle(&[("webhook_secret", SECRET)]), time), Ok(()));
    // The order of an older page of the vendor's: body, then time stamp.
    let old = raw("tRDSF7URY8BLCDlaBcQ7FHu051Zk+aAB0NKMP53teMw=", time, r#"{"say": "hello"}"#);
    assert_eq!(check(&old, &bundle(&[("webhook_secret", SECRET)]), time), Err(Refused::Forged));
    let test = "dGhpc19zZWNyZXRfaXNfZm9yX3Rlc3Rpbmdfb25seQ==";
    assert_eq!(sign(test, "2023-09-18T23:38:13Z", b""), "muttWn9lEppRQvaq5+5YBVmYZiaQLuoqHGCE4rphSog=");
}

#[test]
fn only_what_is_signed_fresh_and_ours_is_let_in() {
    let time = "2026-11-22T10:00:00Z";
    let body = "{\n   \"type\": \"x\"\n}\n";
    let good = sign(SECRET, time, body.as_bytes());
    let secrets = bundle(&[("webhook_secret", "another"), ("webhook_secret_previous", SECRET)]);
    assert_eq!(check(&raw(&good, time, body), &secrets, "2026-11-22T10:04:59Z"), Ok(()));
    assert_eq!(check(&raw(&good, time, body), &secrets, "2026-11-22T10:05:01Z"), Err(Refused::TooOld));
    assert!(matches!(check(&raw(&good, time, body), &secrets, "2026-11-22T09:54:59Z"), Err(Refused::Unreadable(_))));
    for (signature, stamp, text) in
        [(good.as_str(), time, "{}"), (&good, "2026-11-22T10:00:01Z", body), ("x", time, body), ("", time, body)]
    {
        assert_eq!(check(&raw(signature, stamp, text), &secrets, time), Err(Refused::Forged));
    }
    assert_eq!(check(&raw(&good, time, body), &bundle(&[("webhook_secret", "")]), time), Err(Refused::Forged));
    let empty = sign("", time, body.as_bytes());
    assert_eq!(check(&raw(&empty, time, body), &bundle(&[("webhook_secret", "")]), time), Err(Refused::Forged));
    let hook = raw(&good, time, body);
    assert_eq!(events(Some("2")).check(&hook, &secrets, time.parse().unwrap()), Ok(()));
    assert_eq!(events(Some("3")).check(&hook, &secrets, time.parse().unwrap()), Err(Refused::OtherAccount));
    let cut = sign(SECRET, time, b"{");
    assert!(matches!(check(&raw(&cut, time, "{"), &secrets, time), Err(Refused::Unreadable(_))));
}

#[test]
fn an_event_is_a_hint_for_its_agent() {
    let time = "2026-11-22T10:00:00Z";
    let heard = |event: Json| {
        let body = event.to_string();
        let hook = raw(&sign(SECRET, time, body.as_bytes()), time, &body);
        let (hooks, secrets) = (events(None), bundle(&[("webhook_secret", SECRET)]));
        let verified = admit(&hooks, &hook, &secrets, time.parse().unwrap()).unwrap();
        let heard = hooks.parse(&verified).unwrap();
        heard.hints.into_iter().map(|hint| (hint.kind.as_str().to_owned(), hint.id.to_string())).collect::<Vec<_>>()
    };
    let agent = |id: &str| vec![("agent".to_owned(), id.to_owned())];
    let state =
        json!({"detail": {"account_id": "2", "agent_id": "10011", "version": "4"}, "type": "zen:event-type:agent.unified_state_changed"});
    assert_eq!(heard(state), agent("10011"));
    assert_eq!(heard(json!({"subject": "zen:agent:7", "type": "zen:event-type:agent.work_item_added"})), agent("7"));
    assert_eq!(heard(json!({"detail": {"id": "22883", "role": "agent"}, "type": "zen:event-type/user.name_changed"})), agent("22883"));
    assert_eq!(heard(json!({"detail": {"id": "5", "role": "end-user"}, "type": "zen:event-type:user.role_changed"})), agent("5"));
    assert_eq!(heard(json!({"detail": {"id": "5", "role": "end-user"}, "type": "zen:event-type:user.name_changed"})), []);
    assert_eq!(heard(json!({"detail": {"id": "5"}, "type": "zen:event-type:organization.created"})), []);
    assert_eq!(heard(json!({"event": {}})), []);
}
