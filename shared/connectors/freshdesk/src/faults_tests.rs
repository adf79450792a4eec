//! Every row of the vendor's table of errors, for reads and for writes, and sentences that must not repeat what was sent.

use serde_json::json;

use super::*;

fn now() -> Timestamp {
    "2026-11-22T10:00:00Z".parse().unwrap()
}

fn read(intent: Intent, status: u16, headers: &[(&'static str, &str)], body: &str) -> Refusal {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.insert(*name, value.parse().unwrap());
    }
    let sent = Sent::of(Kind::Contact, Some(&json!({"email": "Ida@x.example", "custom_fields": {"customer_segment": "Platinum"}})));
    refusal(intent, StatusCode::from_u16(status).unwrap(), &map, body.as_bytes(), now(), &sent)
}

fn codes(status: u16, body: &str) -> (&'static str, &'static str) {
    (read(Intent::Read, status, &[], body).fault.code(), read(Intent::Write, status, &[], body).fault.code())
}

#[test]
fn every_row_of_the_table() {
    let long =
        |code: &str| json!({"description": "Validation failed", "errors": [{"field": "x", "message": "no", "code": code}]}).to_string();
    let short = |code: &str| json!({"code": code, "message": "no"}).to_string();
    let html = "<html><body>Something went wrong</body></html>";
    for code in [
        "missing_field",
        "invalid_value",
        "datatype_mismatch",
        "invalid_field",
        "invalid_json",
        "readonly_field",
        "no_content_required",
        "inaccessible_field",
        "incompatible_field",
    ] {
        assert_eq!(codes(400, &long(code)), ("rejected", "rejected"), "{code}");
    }
    let rows = [
        (400, long("duplicate_value"), "taken", "taken"),
        (400, String::new(), "rejected", "rejected"),
        (400, html.to_owned(), "rejected", "rejected"),
        (401, short("invalid_credentials"), "auth_refused", "auth_refused"),
        (401, short("password_expired"), "auth_refused", "auth_refused"),
        (401, html.to_owned(), "auth_refused", "auth_refused"),
        (403, short("password_lockout"), "auth_refused", "auth_refused"),
        (403, short("access_denied"), "auth_refused", "auth_refused"),
        (403, long("account_suspended"), "auth_refused", "auth_refused"),
        (403, long("require_feature"), "rejected", "rejected"),
        (403, long("max_agents_reached"), "rejected", "rejected"),
        (404, String::new(), "missing", "missing"),
        (404, html.to_owned(), "drift", "drift"),
        (405, String::new(), "unsupported", "conflict"),
        (406, String::new(), "unsupported", "unsupported"),
        (408, String::new(), "transient", "uncertain"),
        (409, long("duplicate_value"), "taken", "taken"),
        (409, long("inconsistent_state"), "conflict", "conflict"),
        (409, String::new(), "taken", "taken"),
        (415, String::new(), "unsupported", "unsupported"),
        (418, String::new(), "rejected", "rejected"),
        (429, json!({"message": "You have exceeded the limit of requests per minute"}).to_string(), "rate_limited", "rate_limited"),
        (500, html.to_owned(), "transient", "uncertain"),
        (502, String::new(), "transient", "uncertain"),
        (503, html.to_owned(), "transient", "uncertain"),
        (504, html.to_owned(), "transient", "uncertain"),
        (302, html.to_owned(), "drift", "drift"),
    ];
    for (status, body, reading, writing) in rows {
        assert_eq!(codes(status, &body), (reading, writing), "{status} {body}");
    }
}

#[test]
fn a_page_from_the_api_itself_is_a_missing_record() {
    let refused = read(Intent::Read, 404, &[("x-freshdesk-api-version", "latest=v2; requested=v2")], "<html></html>");
    assert_eq!(refused.fault, Fault::Missing);
}

#[test]
fn each_problem_names_its_field_as_records_do() {
    let body = json!({"description": "Validation failed", "errors": [
        {"field": "name", "message": "It should be a/an String", "code": "missing_field"},
        {"field": "customer_segment", "message": "It should be one of these values: 'Gold,Silver'", "code": "invalid_value"},
        {"field": "custom_fields.cf_vip", "message": "no", "code": "invalid_value"},
        {"field": "company_name", "message": "no", "code": "invalid_value"},
        {"message": "no field", "code": "invalid_json"},
        "only words",
    ]});
    let Fault::Rejected { problems } = read(Intent::Write, 400, &[], &body.to_string()).fault else { panic!() };
    let found: Vec<(Option<&str>, &str)> =
        problems.iter().map(|problem| (problem.field.as_ref().map(FieldName::as_str), problem.words.as_str())).collect();
    let expected = [
        (Some("name"), "It should be a/an String"),
        (Some("custom_fields.customer_segment"), "It should be one of these values: 'Gold,Silver'"),
        (Some("custom_fields.vip"), "no"),
        (Some("company_id"), "no"),
        (None, "no field"),
        (None, "only words"),
    ];
    assert_eq!(found, expected);
}

#[test]
fn a_taken_value_names_its_holders() {
    let body = json!({"errors": [
        {"field": "email", "additional_info": {"user_id": 82_001_930_215_i64}, "message": "It should be a unique value", "code": "duplicate_value"},
        {"field": "custom_fields.sf", "additional_info": {"user_id": 82_001_930_215_i64}, "message": "no", "code": "duplicate_value"},
    ]});
    let refused = read(Intent::Write, 409, &[], &body.to_string());
    assert_eq!(refused.fault, Fault::Taken { field: Some("email".into()), holders: vec!["82001930215".into()] });
    assert_eq!(refused.taken, [FieldName::new("email"), FieldName::new("custom_fields.sf")]);
    let domain =
        json!({"errors": [{"field": "domains", "message": "taken by the company with id 82000114490", "code": "duplicate_value"}]});
    let sent = Sent::of(Kind::Company, Some(&json!({"domains": ["x12345678.example"]})));
    let refused = refusal(Intent::Write, StatusCode::CONFLICT, &HeaderMap::new(), domain.to_string().as_bytes(), now(), &sent);
    assert_eq!(refused.fault, Fault::Taken { field: Some("domains".into()), holders: vec!["82000114490".into()] });
}

#[test]
fn waiting_times_are_seconds_dates_or_a_minute() {
    let until = |headers: &[(&'static str, &str)]| {
        let Fault::RateLimited { until } = read(Intent::Write, 429, headers, "").fault else { panic!("{headers:?}") };
        until.to_string()
    };
    assert_eq!(until(&[("retry-after", "34")]), "2026-11-22T10:00:34Z");
    assert_eq!(until(&[("retry-after", "Sun, 22 Nov 2026 10:02:00 GMT")]), "2026-11-22T10:02:00Z");
    assert_eq!(until(&[("retry-after", "soon")]), "2026-11-22T10:01:00Z");
    assert_eq!(until(&[]), "2026-11-22T10:01:00Z");
}

#[test]
fn sentences_do_not_repeat_what_was_sent() {
    let values = |list: &[&str]| list.iter().map(|value| (*value).to_owned()).collect::<Vec<_>>();
    let check = |words: &str, sent: &[&str], expected: &str| assert_eq!(without_values(words, &values(sent)), expected);
    check("'Platinum' is not in the list", &["Platinum"], "'[value]' is not in the list");
    check("IDA kowalski has been taken", &["Ida Kowalski"], "[value] has been taken");
    check("ÉLODIE is taken", &["élodie"], "[value] is taken");
    check("a value: a", &["a"], "[value] value: [value]");
    check("number 7 of 77", &["7"], "number [value] of 77");
    check("other@x.example holds it", &[], "[value] holds it");
    check(&"x".repeat(900), &[], &"x".repeat(300));
    let body = json!({"errors": [{"field": "email", "message": "ida@x.example and PLATINUM are bad", "code": "invalid_value"}]});
    let text = format!("{:?}", read(Intent::Write, 400, &[], &body.to_string()));
    assert!(!text.to_lowercase().contains("ida@") && !text.to_lowercase().contains("platinum"), "{text}");
}
