//! Webhooks: true ones, forged ones, old ones, broken ones.

use bytes::Bytes;
use serde_json::json;
use syncline_engine::ports::webhook::admit;
use syncline_model::Secret;

use super::*;

const NOW: &str = "2026-11-22T10:00:00Z";

fn hooks() -> AppEvents {
    AppEvents { host: "acme.freshdesk.com".into(), account_id: Some("1001".into()), include_visitors: false }
}

fn bundle() -> Bundle {
    let pairs = [("webhook_secret", "new-secret"), ("webhook_secret_previous", "old-secret"), ("api_key", "key")];
    Bundle(pairs.into_iter().map(|(name, text)| (name.to_owned(), Secret::new(text))).collect())
}

fn raw(secret: &str, body: impl Into<Bytes>) -> RawWebhook {
    let mut headers = http::HeaderMap::new();
    headers.insert(SECRET_HEADER, secret.parse().unwrap());
    RawWebhook { headers, path_rest: String::new(), body: body.into() }
}

fn check(raw: &RawWebhook) -> Result<(), Refused> {
    hooks().check(raw, &bundle(), NOW.parse().unwrap())
}

fn event(timestamp: &Json) -> Json {
    json!({"account_id": "1001", "domain": "acme.freshdesk.com", "event": "onContactUpdate", "region": "EUC", "timestamp": timestamp,
        "data": {"actor": {"id": 5}, "contact": {"id": 82_001_930_215_i64, "company_id": 7, "email": "ida@x.example"}}})
}

fn hints(body: &Json) -> Vec<(String, String)> {
    let raw = raw("new-secret", body.to_string());
    let hooks = hooks();
    let hook = admit(&hooks, &raw, &bundle(), NOW.parse().unwrap()).unwrap();
    hooks.parse(&hook).unwrap().hints.into_iter().map(|hint| (hint.kind.to_string(), hint.id.to_string())).collect()
}

#[test]
fn either_secret_opens_and_no_other() {
    let body = event(&Json::Null).to_string();
    for (secret, expected) in [
        ("new-secret", Ok(())),
        ("old-secret", Ok(())),
        ("key", Err(Refused::Forged)),
        ("new-secre", Err(Refused::Forged)),
        ("", Err(Refused::Forged)),
    ] {
        assert_eq!(check(&raw(secret, body.clone())), expected, "{secret}");
    }
    let mut bare = raw("x", body.clone());
    bare.headers.clear();
    assert_eq!(check(&bare), Err(Refused::Forged));
    bare.path_rest = "/old-secret".into();
    assert_eq!(check(&bare), Ok(()));
    let unset = hooks().check(&raw("", body), &Bundle::default(), NOW.parse().unwrap());
    assert_eq!(unset, Err(Refused::Forged));
}

#[test]
fn only_this_account_and_only_now() {
    let at = |time: &str| NOW.replace("10:00:00", time);
    let millis = |text: &str| text.parse::<Timestamp>().unwrap().as_millisecond();
    let times = [
        (json!(null), Ok(())),
        (json!(millis(&at("09:50:00"))), Ok(())),
        (json!(millis(&at("09:50:00")) / 1000), Ok(())),
        (json!((millis(&at("09:50:00")) / 1000).to_string()), Ok(())),
        (json!(at("09:46:00")), Ok(())),
        (json!(millis(&at("09:44:59"))), Err(Refused::TooOld)),
        (json!(millis(&at("09:44:59")) / 1000), Err(Refused::TooOld)),
        (json!(at("09:00:00")), Err(Refused::TooOld)),
        (json!(at("10:20:00")), Err(Refused::Unreadable("its timestamp lies in the future".into()))),
        (json!({"at": 1}), Err(Refused::Unreadable("its timestamp is no time".into()))),
    ];
    for (time, expected) in times {
        assert_eq!(check(&raw("new-secret", event(&time).to_string())), expected, "{time}");
    }
    let accounts = [
        (json!({"domain": "other.freshdesk.com"}), Err(Refused::OtherAccount)),
        (json!({"domain": "https://ACME.freshdesk.com/"}), Ok(())),
        (json!({"domain": "acme.freshdesk.com.evil.example"}), Err(Refused::OtherAccount)),
        (json!({"account_id": 1002}), Err(Refused::OtherAccount)),
        (json!({"account_id": 1001}), Ok(())),
        (json!({"contact_id": 5}), Ok(())),
    ];
    for (body, expected) in accounts {
        assert_eq!(check(&raw("new-secret", body.to_string())), expected, "{body}");
    }
}

#[test]
fn broken_bodies_are_refused_after_the_secret() {
    let whole = event(&Json::Null).to_string();
    let unreadable = |words: &str| Err(Refused::Unreadable(words.into()));
    assert_eq!(check(&raw("new-secret", whole[..whole.len() / 2].to_owned())), unreadable("its JSON ends early"));
    assert_eq!(check(&raw("new-secret", "")), unreadable("its JSON ends early"));
    assert_eq!(check(&raw("new-secret", vec![0xff, 0xfe, 0x00])), unreadable("it is not UTF-8"));
    assert_eq!(check(&raw("new-secret", "<xml/>")), unreadable("it is not JSON"));
    assert_eq!(check(&raw("new-secret", "[]")), unreadable("it is no object"));
    let long = json!({"contact_id": 1, "padding": "x".repeat(BODY_BYTES_MAX)}).to_string();
    assert_eq!(check(&raw("new-secret", long.clone())), unreadable("it is longer than 262144 bytes"));
    assert_eq!(check(&raw("forged", long)), Err(Refused::Forged));
    assert_eq!(check(&raw("forged", vec![0xff])), Err(Refused::Forged));
}

#[test]
fn ids_are_found_where_senders_put_them() {
    let pair = |kind: &str, id: &str| (kind.to_owned(), id.to_owned());
    assert_eq!(hints(&event(&Json::Null)), [pair("contact", "82001930215")]);
    assert_eq!(hints(&json!({"event": "onCompanyUpdate", "data": {"company": {"id": "7"}}})), [pair("company", "7")]);
    let ticket = json!({"data": {"ticket": {"id": 1, "requester_id": 5, "requester": {"id": 5}}, "requester": {"id": 6}}});
    assert_eq!(hints(&ticket), [pair("contact", "5"), pair("contact", "6")]);
    assert_eq!(hints(&json!({"contact_id": "82", "company_id": 7})), [pair("contact", "82"), pair("company", "7")]);
    assert_eq!(hints(&json!({"contact_id": "{{ticket.contact.id}}", "ticket": {"contact": {"id": 9}}})), [pair("contact", "9")]);
    assert_eq!(hints(&json!({"data": {"contact": {"id": 1, "contact_type": "visitor"}}})), []);
    assert_eq!(hints(&json!({"hello": "world"})), []);
}
