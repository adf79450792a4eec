use serde_json::json;
use syncline_model::Fault;

use crate::scripted::{Desk, answer, by};

const KEYS: &[(&str, &str)] = &[("api_id", "the-id"), ("api_token", "the-token"), ("webhook_token", "0123456789abcdef0123456789abcdef")];

fn company() -> Result<http::Response<bytes::Bytes>, syncline_engine::ports::http::NoAnswer> {
    answer(200, &json!({"company": {"name": "Acme", "users_count": 12, "numbers_count": 3}}))
}

#[tokio::test]
async fn a_company_without_an_id_is_known_by_its_name() {
    let desk = Desk::new(vec![company()]);
    let account = desk.connector.account(by()).await.unwrap();
    assert_eq!((account.id.as_str(), account.name.as_str(), account.problems.len()), ("Acme", "Acme", 0));
    assert_eq!(desk.asked(), ["GET /v1/company"]);
    assert_eq!(desk.authorizations(), ["Basic dGhlLWlkOnRoZS10b2tlbg=="]);
}

#[tokio::test]
async fn a_webhook_that_aircall_switched_off_is_a_problem() {
    let hooks = |active: bool, token: &str| json!({"webhooks": [{"webhook_id": "a-b", "active": active, "token": token, "events": ["user.opened.v2", "user.closed.v2"]}], "meta": {"total": 1}});
    let problems = async |hooks: serde_json::Value| {
        let desk = Desk::with(&[], &[KEYS], vec![company(), answer(200, &hooks)]);
        let account = desk.connector.account(by()).await.unwrap();
        (account.problems.len(), account.notes.join(" "))
    };
    assert_eq!(problems(hooks(false, "0123456789abcdef0123456789abcdef")).await.0, 1);
    assert_eq!(problems(hooks(true, "0123456789abcdef0123456789abcdef")).await.0, 0);
    let (count, notes) = problems(hooks(false, "another")).await;
    assert!(count == 0 && notes.contains("No webhook of the company has the stored token"), "{notes}");
}

#[tokio::test]
async fn a_refused_key_is_loaded_anew_once() {
    let old: &[(&str, &str)] = &[("access_token", "old")];
    let new: &[(&str, &str)] = &[("access_token", "new")];
    let desk = Desk::with(&[], &[old, new], vec![answer(403, &json!({"error": "Forbidden"})), company()]);
    assert_eq!(desk.connector.account(by()).await.unwrap().id, "Acme");
    assert_eq!(desk.authorizations(), ["Bearer old", "Bearer new"]);
    let desk = Desk::new(vec![answer(403, &json!({})), answer(403, &json!({}))]);
    let refused = desk.connector.account(by()).await.unwrap_err();
    assert!(matches!(refused.fault, Fault::AuthRefused { .. }), "{refused}");
}

#[tokio::test]
async fn without_credentials_nobody_is_asked() {
    let desk = Desk::with(&[], &[&[("api_id", "alone")]], Vec::new());
    let refused = desk.connector.account(by()).await.unwrap_err();
    assert!(matches!(refused.fault, Fault::AuthRefused { .. }) && desk.asked().is_empty(), "{refused}");
}
