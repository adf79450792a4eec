//! `decode`: recorded answers become records; what is no answer is named.

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::{Value as Json, json};

use crate::{BINARY, code, fixture, json, stderr, stdout, syncline};

fn decode(system: &str, object: &str, body: &str) -> std::process::Output {
    let mut child = Command::new(BINARY)
        .args(["decode", system, object, "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    child.stdin.take().expect("stdin").write_all(body.as_bytes()).expect("it reads");
    child.wait_with_output().expect("it ends")
}

#[test]
fn recorded_answers_with_records_fit() {
    let folder = tempfile::tempdir().expect("a folder");
    for (system, object, file, records) in [
        ("freshdesk", "contact", "list-contacts.json", None),
        ("freshdesk", "contact", "view-contact.json", Some(1)),
        ("freshdesk", "contact", "create-contacts.json", Some(1)),
        ("freshdesk", "company", "view-company.json", Some(1)),
        ("freshdesk", "contact", "empty.json", Some(0)),
        ("salesforce", "Contact", "read-list-contacts.json", None),
        ("salesforce", "Contact", "batch-create-contacts-success.json", None),
        ("salesforce", "Contact", "restforce-get_deleted_success_response.json", None),
        ("salesforce", "Contact", "subscription-update_contact.json", Some(1)),
    ] {
        let output = syncline(folder.path(), &["decode", system, object, &fixture(system, file)]);
        assert_eq!(code(&output), 0, "{file}: {}", stderr(&output));
        let decoded = json(&output);
        assert_eq!((&decoded["system"], &decoded["object"]), (&json!(system), &json!(object)), "{file}");
        assert_eq!(decoded["problems"], json!([]), "{file}");
        let found = decoded["records"].as_array().expect("a list").len();
        assert!(records.map_or(found > 0, |records| found == records), "{file}: {found}");
    }
}

#[test]
fn a_record_is_shown_with_plain_values() {
    let folder = tempfile::tempdir().expect("a folder");
    let body = r#"[{"id":82000000012,"name":"Ada Example","email":"ada@acme.example","tags":["b","a"],"company_id":7,
        "updated_at":"2026-11-01T10:00:00Z","custom_fields":{"cf_tier":"gold"}}]"#;
    let output = decode("freshdesk", "contact", body);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let record = &json(&output)["records"][0];
    assert_eq!(record["id"], "82000000012");
    assert_eq!(record["version"], "2026-11-01T10:00:00Z");
    assert_eq!(record["presence"], "live");
    assert_eq!(record["fields"]["tags"], json!(["a", "b"]));
    assert_eq!(record["fields"]["company_id"], "7");
    drop(folder);
}

#[test]
fn a_record_that_does_not_fit_stops_only_itself() {
    let output = decode("freshdesk", "contact", r#"[{"id":1,"name":"Ada"},{"id":2,"name":"Bob","updated_at":[]},{"name":"no id"}]"#);
    assert_eq!(code(&output), 5);
    let decoded = json(&output);
    assert_eq!(decoded["records"].as_array().map(Vec::len), Some(1));
    let problems = decoded["problems"].as_array().expect("a list");
    assert_eq!(problems.len(), 2);
    assert_eq!((&problems[0]["index"], &problems[0]["id"], &problems[0]["path"]), (&json!(1), &json!("2"), &json!("updated_at")));
    assert_eq!((&problems[1]["index"], &problems[1]["id"]), (&json!(2), &Json::Null));
    assert!(stderr(&output).contains("updated_at should be"), "{}", stderr(&output));
    assert!(!stderr(&output).contains("Bob"));
}

#[test]
fn what_is_no_answer_is_named() {
    for (system, object, body, word) in [
        ("freshdesk", "contact", "", "nothing"),
        ("freshdesk", "contact", "<html><body>Down</body></html>", "HTML"),
        ("freshdesk", "contact", r#"[{"id":1,"na"#, "ends early"),
        ("freshdesk", "contact", r#"{"code":"invalid_credentials","message":"You have to be logged in"}"#, "invalid_credentials"),
        (
            "freshdesk",
            "contact",
            r#"{"description":"Validation failed","errors":[{"field":"email","message":"It should be a valid email address","code":"invalid_value"}]}"#,
            "invalid_value",
        ),
        ("salesforce", "Contact", "", "empty"),
        ("salesforce", "Contact", "<!DOCTYPE html><html></html>", "HTML"),
        ("salesforce", "Contact", r#"{"totalSize":1,"records":[{"#, "cut"),
        ("salesforce", "Contact", r#"[{"message":"Session expired or invalid","errorCode":"INVALID_SESSION_ID"}]"#, "INVALID_SESSION_ID"),
        ("salesforce", "Contact", r#"[{"message":"No such column","errorCode":"INVALID_FIELD"}]"#, "INVALID_FIELD"),
    ] {
        let output = decode(system, object, body);
        assert_eq!(code(&output), 5, "{body}: {}", stderr(&output));
        assert_eq!(stdout(&output), "", "{body}");
        let words = stderr(&output);
        assert!(words.starts_with("error: ") && words.contains("\nhint: ") && words.contains(word), "{body}: {words}");
    }
}

#[test]
fn an_object_is_recognised_in_the_plural_and_one_that_is_not_synced_is_read_by_its_json() {
    let output = decode("salesforce", "contacts", r#"{"totalSize":0,"done":true,"records":[]}"#);
    assert_eq!((code(&output), &json(&output)["object"]), (0, &json!("Contact")));
    for (system, object, body, field, value) in [
        ("freshdesk", "ticket", r#"[{"id":18,"subject":"Please help","priority":1}]"#, "priority", json!(1)),
        (
            "salesforce",
            "Opportunity",
            r#"{"records":[{"Id":"006ak00000OQ4RxAAL","StageName":"Prospecting"}]}"#,
            "StageName",
            json!("Prospecting"),
        ),
    ] {
        let output = decode(system, object, body);
        assert_eq!(code(&output), 0, "{object}: {}", stderr(&output));
        let record = json(&output)["records"][0].clone();
        assert_eq!(record["fields"][field], value, "{object}");
        assert!(stderr(&output).contains("is not an object that is synced"), "{object}");
    }
}

#[test]
fn names_that_are_not_known_get_the_nearest() {
    for (system, object, meant) in [("freshdsk", "contact", "`freshdesk`"), ("x", "y", "`salesforce`")] {
        let output = decode(system, object, "[]");
        assert_eq!(code(&output), 2);
        assert!(stderr(&output).contains(meant), "{}", stderr(&output));
    }
    let folder = tempfile::tempdir().expect("a folder");
    let output = syncline(folder.path(), &["decode", "freshdesk", "contact", "absent.json", "--json"]);
    assert_eq!((code(&output), &json(&output)["exit"]), (2, &json!(2)));
}
