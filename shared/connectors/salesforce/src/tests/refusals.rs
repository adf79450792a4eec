//! Each row of the fact sheet's error table, and sentences without values.

use bytes::Bytes;
use syncline_engine::ports::vendor::Vendor;
use syncline_model::{Fault, Timestamp};

use super::NOW;
use crate::VENDOR;
use crate::faults::{self, About};
use crate::wire::{ErrorRow, Node};

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

fn call(status: u16, code: &str, words: &str) -> Fault {
    let body = Node::List(vec![Node::object_of([("message", Node::text_of(words)), ("errorCode", Node::text_of(code))])]).to_json();
    faults::of_answer(status, body.as_bytes(), &[], now())
}

fn row(about: About, json: &str) -> Fault {
    let node = Node::parse(json.as_bytes()).unwrap();
    faults::of_rows(200, &[ErrorRow::read(&node).unwrap()], about, &["ida@nordwerk.example".into(), "ab".into()], now())
}

#[test]
fn calls_are_classified_by_code_then_status() {
    for (status, code, expect) in [
        (400, "REQUIRED_FIELD_MISSING", "rejected"),
        (400, "STRING_TOO_LONG", "rejected"),
        (400, "INVALID_EMAIL_ADDRESS", "rejected"),
        (400, "FIELD_CUSTOM_VALIDATION_EXCEPTION", "rejected"),
        (400, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "rejected"),
        (400, "MALFORMED_ID", "rejected"),
        (400, "INVALID_FIELD", "rejected"),
        (400, "INVALID_FIELD_FOR_INSERT_UPDATE", "rejected"),
        (400, "JSON_PARSER_ERROR", "rejected"),
        (400, "CANNOT_EXECUTE_FLOW_TRIGGER", "rejected"),
        (400, "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "rejected"),
        (400, "DUPLICATE_VALUE", "taken"),
        (400, "DUPLICATES_DETECTED", "taken"),
        (400, "UNABLE_TO_LOCK_ROW", "transient"),
        (400, "QUERY_TIMEOUT", "transient"),
        (400, "INVALID_QUERY_LOCATOR", "transient"),
        (400, "PROCESSING_HALTED", "transient"),
        (401, "INVALID_SESSION_ID", "auth_expired"),
        (403, "REQUEST_LIMIT_EXCEEDED", "rate_limited"),
        (403, "INSUFFICIENT_ACCESS", "auth_refused"),
        (403, "INSUFFICIENT_ACCESS_OR_READONLY", "auth_refused"),
        (403, "API_DISABLED_FOR_ORG", "auth_refused"),
        (403, "API_CURRENTLY_DISABLED", "auth_refused"),
        (404, "NOT_FOUND", "missing"),
        (404, "ENTITY_IS_DELETED", "missing"),
        (412, "ENTITY_FAILED_IFLASTMODIFIED_ON_UPDATE_CHECK", "conflict"),
        (412, "PRECONDITION", "conflict"),
        (500, "UNKNOWN_EXCEPTION", "transient"),
        (503, "SERVER_UNAVAILABLE", "transient"),
        (500, "SOMETHING_NEW", "transient"),
        (400, "SOMETHING_NEW", "rejected"),
    ] {
        assert_eq!(call(status, code, "words").code(), expect, "{status} {code}");
    }
}

#[test]
fn answers_without_json_are_classified_by_status() {
    for (status, body, expect) in [
        (500, "<html>oops</html>", "transient"),
        (502, "", "transient"),
        (503, "{\"a\":", "transient"),
        (406, "<html/>", "transient"),
        (420, "", "transient"),
        (404, "<html/>", "missing"),
        (412, "", "conflict"),
        (401, "", "auth_expired"),
        (302, "", "drift"),
        (400, "<html/>", "drift"),
        (300, r#"["/services/data/v66.0/sobjects/Contact/003ak00000luKU1"]"#, "taken"),
    ] {
        assert_eq!(faults::of_answer(status, body.as_bytes(), &[], now()).code(), expect, "{status}");
    }
}

#[test]
fn the_daily_limit_waits_an_hour_and_too_many_at_once_seconds() {
    let until = |words| {
        let Fault::RateLimited { until } = call(403, "REQUEST_LIMIT_EXCEEDED", words) else { panic!("no rate limit") };
        until.duration_since(now()).as_secs()
    };
    assert_eq!(until("TotalRequests Limit exceeded."), 3_600);
    assert_eq!(until("ConcurrentRequests (Concurrent API Requests) Limit exceeded."), 15);
}

#[test]
fn a_permanent_401_is_no_expiry() {
    for words in ["This session is not valid for use with the REST API", "Connected app is not attached to Agent"] {
        assert_eq!(call(401, "INVALID_SESSION_ID", words).code(), "auth_refused", "{words}");
    }
}

#[test]
fn rows_say_whose_value_it_is_and_what_is_gone() {
    let taken = row(
        About::NewRow,
        r#"{"statusCode":"DUPLICATE_VALUE","message":"duplicate value found: Freshdesk_Id__c duplicates value on record with id: 003ak00000luKU1","fields":[]}"#,
    );
    assert_eq!(taken, Fault::Taken { field: Some("Freshdesk_Id__c".into()), holders: vec!["003ak00000luKU1AAM".into()] });
    let unknown = row(
        About::NewRow,
        r#"{"statusCode":"DUPLICATE_VALUE","message":"duplicate value found: <unknown> duplicates value on record with id: <unknown>","fields":[]}"#,
    );
    assert_eq!(unknown, Fault::Taken { field: None, holders: vec![] });
    let detected = r#"{"statusCode":"DUPLICATES_DETECTED","message":"Use one of these records?","fields":[],
        "duplicateResut":{"matchResults":[{"matchRecords":[{"matchConfidence":100.0,"record":{"attributes":{"type":"Contact"},"Id":"003ak00000luKU2AAM"}}]}]}}"#;
    assert_eq!(row(About::NewRow, detected), Fault::Taken { field: None, holders: vec!["003ak00000luKU2AAM".into()] });
    let cross = r#"{"statusCode":"INVALID_CROSS_REFERENCE_KEY","message":"invalid cross reference id","fields":[]}"#;
    assert_eq!(row(About::KnownRow, cross), Fault::Missing);
    assert_eq!(row(About::NewRow, cross).code(), "rejected");
    let parent = r#"{"statusCode":"INVALID_CROSS_REFERENCE_KEY","message":"invalid cross reference id","fields":["AccountId"]}"#;
    assert_eq!(row(About::KnownRow, parent).code(), "rejected");
    let access = r#"{"statusCode":"INSUFFICIENT_ACCESS_OR_READONLY","message":"insufficient access rights on object id","fields":[]}"#;
    assert_eq!(row(About::KnownRow, access).code(), "rejected");
    assert_eq!(row(About::KnownRow, r#"{"statusCode":"ENTITY_IS_DELETED","message":"entity is deleted","fields":[]}"#), Fault::Missing);
}

#[test]
fn sentences_carry_no_value() {
    for (code, words) in [
        ("INVALID_EMAIL_ADDRESS", "Email: invalid email address: ida@nordwerk.example"),
        ("INVALID_EMAIL_ADDRESS", "Email: invalid email address: ida@nordwerk.examp"),
        ("STRING_TOO_LONG", "First Name: data value too large: ida@nordwerk.example and more (max length=40)"),
        ("FIELD_CUSTOM_VALIDATION_EXCEPTION", "We do not want ida@nordwerk.example here"),
        (
            "INVALID_FIELD",
            "\nSELECT Id FROM Contact WHERE Email IN ('ida@nordwerk.example') AND X = 1\n   ^\nERROR at Row:1:Column:11\nNo such column 'X' on entity 'Contact'.",
        ),
        ("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "Level: bad value for restricted picklist field: ida@nordwerk"),
    ] {
        let json = Node::object_of([("statusCode", Node::text_of(code)), ("message", Node::text_of(words))]).to_json();
        let fault = row(About::NewRow, &json);
        assert!(!fault.to_string().contains("nordwerk"), "{fault}");
        assert_eq!(fault.code(), "rejected");
    }
    assert_eq!(faults::clean("a tab says ab, not lab.", &["ab".into()]), "a tab says [value], not lab.");
}

#[test]
fn the_head_tells_the_organisations_count() {
    let answer = |status: u16, body: &str, header: &str| {
        http::Response::builder().status(status).header("Sforce-Limit-Info", header).body(Bytes::from(body.to_owned())).unwrap()
    };
    let facts = VENDOR.rate_facts("query", &answer(200, "[]", "api-usage=22/15000"), now());
    assert_eq!((facts.refused, facts.limit, facts.left, facts.until), (false, Some(15_000), Some(14_978), None));
    let facts = VENDOR.rate_facts("query", &answer(200, "[]", "api-usage=25/5000; per-app-api-usage=17/250(appName=x)"), now());
    assert_eq!((facts.limit, facts.left), (Some(5_000), Some(4_975)));
    let refused = r#"[{"message":"TotalRequests Limit exceeded.","errorCode":"REQUEST_LIMIT_EXCEEDED"}]"#;
    let facts = VENDOR.rate_facts("query", &answer(403, refused, "api-usage=15001/15000"), now());
    assert_eq!((facts.refused, facts.left, facts.until), (true, Some(0), Some("2026-11-22T11:00:00Z".parse().unwrap())));
    let facts = VENDOR.rate_facts("query", &answer(403, r#"[{"message":"m","errorCode":"INSUFFICIENT_ACCESS"}]"#, "odd"), now());
    assert_eq!((facts.refused, facts.limit), (false, None));
}
