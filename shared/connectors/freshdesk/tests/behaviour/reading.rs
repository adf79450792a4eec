//! Records by id, their types, the account, fields made, limits.

use serde_json::json;
use syncline_engine::ports::connector::FieldWish;
use syncline_engine::ports::vendor::Vendor;
use syncline_freshdesk::VENDOR;
use syncline_model::{FieldSchema, FieldType, Presence, Value};

use crate::scripted::{Desk, NOW, answer, at, by, companies, contacts, ok, with_header};

#[tokio::test]
async fn the_key_travels_as_basic_credentials() {
    let desk = Desk::new(vec![ok(&json!({"id": 1, "name": "A"}))]);
    desk.connector.get(&contacts(&["name"]), &["1".into()], by()).await.unwrap();
    assert_eq!(desk.header(0, "authorization"), "Basic dGhlLWtleTpY");
}

#[tokio::test]
async fn a_key_that_somebody_has_rotated_is_found_when_the_old_one_is_refused() {
    let person = || ok(&json!({"id": 1, "name": "A"}));
    let desk = Desk::rotated(vec![person(), answer(401, ""), person(), person()]);
    for _ in 0..3 {
        desk.connector.get(&contacts(&["name"]), &["1".into()], by()).await.unwrap();
    }
    let newer = "Basic dGhlLW5ld2VyLWtleTpY";
    assert_eq!([1, 2, 3].map(|call| desk.header(call, "authorization")), ["Basic dGhlLWtleTpY", newer, newer]);
}

#[tokio::test]
async fn a_key_that_is_refused_and_was_not_rotated_is_sent_once() {
    let desk = Desk::new(vec![answer(401, "")]);
    assert_eq!(desk.connector.get(&contacts(&["name"]), &["1".into()], by()).await.unwrap_err().fault.code(), "auth_refused");
    assert_eq!(desk.asked().len(), 1);
}

#[tokio::test]
async fn records_are_answered_in_their_places_with_the_selection_only() {
    let desk =
        Desk::new(vec![ok(&json!({"id": 1, "name": "A", "phone": "", "tags": []})), answer(404, ""), ok(&json!({"id": 3, "name": "C"}))]);
    let found = desk.connector.get(&contacts(&["name", "phone"]), &["1".into(), "2".into(), "3".into()], by()).await.unwrap();
    let first = found[0].as_ref().unwrap();
    assert_eq!(first.fields.len(), 2);
    assert!(first.field("phone") == Some(&Value::Null));
    assert!(found[1].is_none() && found[2].is_some());
}

#[tokio::test]
async fn a_wrong_host_deletes_nothing() {
    for body in ["<!DOCTYPE html><html></html>", "  <html>"] {
        let desk = Desk::new(vec![answer(404, body)]);
        let failed = desk.connector.get(&contacts(&["name"]), &["2".into()], by()).await.unwrap_err();
        assert_eq!(failed.fault.code(), "drift");
    }
    let desk = Desk::new(vec![ok(&json!({"id": 9, "name": "another"}))]);
    assert_eq!(desk.connector.get(&contacts(&["name"]), &["2".into()], by()).await.unwrap_err().fault.code(), "drift");
}

#[tokio::test]
async fn a_deleted_contact_whose_email_lives_on_was_merged() {
    let deleted = json!({"id": 1, "email": "a+b@x.example", "deleted": true});
    for (others, expected) in [
        (json!([{"id": 2, "email": "c@x.example"}]), Presence::MergedInto("2".into())),
        (json!([]), Presence::Deleted),
        (json!([{"id": 1, "email": "a+b@x.example"}]), Presence::Deleted),
    ] {
        let desk = Desk::new(vec![ok(&deleted), ok(&others)]);
        let found = desk.connector.get(&contacts(&["name"]), &["1".into()], by()).await.unwrap();
        assert_eq!(found[0].as_ref().unwrap().presence, expected);
        assert_eq!(desk.asked()[1], "GET /contacts?per_page=100&page=1&email=a%2Bb%40x.example");
    }
    let desk = Desk::new(vec![ok(&json!({"id": 1, "email": null, "deleted": true}))]);
    let found = desk.connector.get(&contacts(&["name"]), &["1".into()], by()).await.unwrap();
    assert_eq!(found[0].as_ref().unwrap().presence, Presence::Deleted);
}

#[tokio::test]
async fn custom_dates_get_their_type_from_the_metadata_asked_once() {
    let record = json!({"id": 1, "custom_fields": {"signed_on": "2024-02-11", "note": "2024-02-11", "plain": "x"}});
    let fields = json!([
        {"name": "signed_on", "label": "Signed", "type": "custom_date", "default": false},
        {"name": "note", "label": "Note", "type": "custom_text", "default": false},
    ]);
    let selection = companies(&["custom_fields.signed_on", "custom_fields.note"]);
    let desk = Desk::new(vec![ok(&record), ok(&fields), ok(&record)]);
    for _ in 0..2 {
        let found = desk.connector.get(&selection, &["1".into()], by()).await.unwrap();
        let found = found[0].as_ref().unwrap();
        assert!(found.field("custom_fields.signed_on") == Some(&Value::Date("2024-02-11".parse().unwrap())));
        assert!(found.field("custom_fields.note") == Some(&Value::text("2024-02-11")));
    }
    assert!(desk.is_done());
    assert_eq!(desk.classes(), ["companies_read", "fields", "companies_read"]);
}

#[tokio::test]
async fn the_account_says_whose_key_it_is_and_what_its_plan_allows() {
    let me = json!({"id": 5, "type": "support_agent", "occasional": false, "contact": {"name": "Root", "email": "root@acme.example"}});
    let desk = Desk::with_settings(&[("domain", "acme"), ("plan", "pro")], vec![with_header(ok(&me), "X-Ratelimit-Total", "200")]);
    let account = desk.connector.account(by()).await.unwrap();
    assert_eq!((account.id.as_str(), account.user.as_str()), ("acme.freshdesk.com", "root@acme.example"));
    assert!(account.notes.iter().any(|note| note.contains("200 calls a minute")));
    assert_eq!(account.problems.len(), 1);
    assert!(account.problems[0].contains("set calls_per_minute to 200"));
    let desk = Desk::new(vec![answer(200, "<html></html>")]);
    assert_eq!(desk.connector.account(by()).await.unwrap_err().fault.code(), "drift");
    assert_eq!(desk.connector.web_address(&"company".into(), &"7".into()).as_deref(), Some("https://acme.freshdesk.com/a/companies/7"));
    assert_eq!(desk.connector.web_address(&"ticket".into(), &"7".into()), None);
}

fn link_wish() -> FieldWish {
    let mut schema = FieldSchema::new("custom_fields.sfcontactid", "SFCONTACTID", FieldType::Text);
    schema.unique = true;
    FieldWish { kind: "contact".into(), schema }
}

#[tokio::test]
async fn a_field_is_made_once() {
    let stands = json!([{"name": "sfcontactid", "label": "SFCONTACTID", "type": "custom_text", "default": false, "unique": true}]);
    let desk = Desk::new(vec![ok(&json!([])), answer(201, stands[0].to_string()), ok(&stands), ok(&stands)]);
    desk.connector.provision(&link_wish(), by()).await.unwrap();
    desk.connector.provision(&link_wish(), by()).await.unwrap();
    assert_eq!(desk.asked(), ["GET /contact_fields", "POST /contact_fields", "GET /contact_fields", "GET /contact_fields"]);
    assert_eq!((&desk.body(1)["unique"], &desk.body(1)["customers_can_edit"]), (&json!(true), &json!(false)));
}

#[tokio::test]
async fn a_field_of_another_type_and_an_account_without_the_switches() {
    let number = json!([{"name": "sfcontactid", "label": "SFCONTACTID", "type": "custom_number", "default": false}]);
    let desk = Desk::new(vec![ok(&number)]);
    assert_eq!(desk.connector.provision(&link_wish(), by()).await.unwrap_err().fault.code(), "rejected");
    let stands = json!([{"name": "sfcontactid", "label": "SFCONTACTID", "type": "custom_text", "default": false}]);
    let refused = json!({"errors": [{"field": "customers_can_edit", "message": "no", "code": "invalid_field"}]});
    let desk = Desk::new(vec![ok(&json!([])), answer(400, refused.to_string()), answer(201, "{}"), ok(&stands)]);
    desk.connector.provision(&link_wish(), by()).await.unwrap();
    assert_eq!(desk.body(2).get("customers_can_edit"), None);
}

#[test]
fn rate_headers_are_read_in_any_case() {
    let facts = |status: u16, headers: &[(&str, &str)]| {
        let mut answer = http::Response::builder().status(status);
        for (name, value) in headers {
            answer = answer.header(*name, *value);
        }
        VENDOR.rate_facts("contacts_list", &answer.body(bytes::Bytes::new()).unwrap(), at(NOW))
    };
    let calm = facts(200, &[("X-RateLimit-Total", "200"), ("x-ratelimit-remaining", "183")]);
    assert_eq!((calm.refused, calm.limit, calm.left, calm.until), (false, Some(200), Some(183), None));
    let class = facts(429, &[("X-Ratelimit-Remaining", "150"), ("Retry-After", "34")]);
    assert_eq!((class.refused, class.class_only, class.until), (true, true, Some(at("2026-11-22T10:00:34Z"))));
    assert!(!facts(429, &[("x-ratelimit-remaining", "0")]).class_only);
    assert_eq!(facts(429, &[]).until, Some(at("2026-11-22T10:01:00Z")));
}
