//! Records that are made, changed and deleted, alone and many at once.

use http::Method;
use serde_json::{Value, json};
use syncline_mapsly_sim::{Profile, RECORDS_MAX, UpsertBody};

use crate::desk::{desk, statuses};

fn many(count: usize) -> Value {
    json!({ "records": (0..count).map(|number| json!({"id": number.to_string(), "name": format!("Person {number}")})).collect::<Vec<_>>() })
}

#[test]
fn a_record_is_one_by_its_id_however_often_it_is_sent() {
    let mut desk = desk(Profile::default());
    let ida = json!({"records": [{"id": "sell:1", "name": "Ida Nowak", "city": "Bonn"}]});
    assert_eq!(desk.upsert(&ida), ["created"]);
    assert_eq!(desk.upsert(&ida), ["updated"]);
    // A bare list is taken, and a number is an id.
    assert_eq!(desk.upsert(&json!([{"id": 7, "name": "Jonas Brandt"}])), ["created"]);
    assert_eq!(desk.account.ids("Contacts"), ["7", "sell:1"]);
    assert_eq!(desk.account.ids("Deals"), Vec::<String>::new());
}

#[test]
fn an_account_takes_lists_or_records_or_both() {
    for (upsert_body, wanted) in [(UpsertBody::Either, [200, 200]), (UpsertBody::List, [200, 400]), (UpsertBody::Records, [400, 200])] {
        let mut desk = desk(Profile { upsert_body, ..Profile::default() });
        let mut ask = |body: &str| desk.ask(Method::POST, "/v1/record?entity=Contacts", body).0;
        assert_eq!([ask(r#"[{"id":"1"}]"#), ask(r#"{"records":[{"id":"1"}]}"#)], wanted, "{upsert_body:?}");
        assert_eq!(desk.ask(Method::DELETE, "/v1/record?entity=Contacts", r#"{"records":[{"id":"1"}]}"#).0, 200);
    }
}

#[test]
fn what_a_write_does_not_name_is_kept_or_dropped() {
    for (replaces, wanted) in [(false, json!({"name": "Ida Nowak", "city": "Köln"})), (true, json!({"city": "Köln"}))] {
        let mut desk = desk(Profile { replaces, ..Profile::default() });
        desk.upsert(&json!({"records": [{"id": "1", "name": "Ida Nowak", "city": "Bonn", "remark": "Buyer"}]}));
        desk.upsert(&json!({"records": [{"id": "1", "city": "Köln", "remark": null}]}));
        assert_eq!(desk.account.record("Contacts", "1"), Some(wanted));
    }
}

#[test]
fn one_record_is_refused_in_a_batch_that_is_taken() {
    let mut desk = desk(Profile::default());
    let body = json!({"records": [
        {"id": "1", "name": "Ida Nowak"},
        {"id": "2", "latitude": 91},
        {"id": "3", "colour": "red"},
        {"name": "Nobody"},
        {"id": "5", "longitude": "-179.5"},
    ]});
    let (status, answer) = desk.ask(Method::POST, "/v1/record?entity=Contacts", &body.to_string());
    assert_eq!((status, statuses(&answer)), (200, ["created", "error", "error", "error", "created"].map(str::to_owned).to_vec()));
    let fields: Vec<&str> = answer["results"].as_array().unwrap().iter().filter_map(|row| row["field"].as_str()).collect();
    assert_eq!(fields, ["latitude", "colour", "id"]);
    assert_eq!(desk.account.ids("Contacts"), ["1", "5"]);
}

#[test]
fn or_it_refuses_the_whole_batch() {
    let mut desk = desk(Profile { refuses_whole: true, ..Profile::default() });
    let body = json!({"records": [{"id": "1", "name": "Ida Nowak"}, {"id": "2", "latitude": 91}]});
    assert_eq!(desk.ask(Method::POST, "/v1/record?entity=Contacts", &body.to_string()).0, 422);
    assert_eq!(desk.account.ids("Contacts"), Vec::<String>::new());
}

#[test]
fn a_batch_has_a_limit() {
    let mut desk = desk(Profile::default());
    assert_eq!(desk.ask(Method::POST, "/v1/record?entity=Contacts", &many(RECORDS_MAX + 1).to_string()).0, 400);
    assert_eq!(desk.account.ids("Contacts").len(), 0);
    assert_eq!(desk.upsert(&many(RECORDS_MAX)), vec!["created"; RECORDS_MAX]);
    for body in ["", "{}", r#"{"records":"1"}"#, "<records/>"] {
        assert_eq!(desk.ask(Method::POST, "/v1/record?entity=Contacts", body).0, 400, "{body}");
    }
}

#[test]
fn deleting_twice_is_no_error() {
    let mut desk = desk(Profile::default());
    desk.upsert(&many(2));
    for wanted in [["deleted", "not_found"], ["not_found", "not_found"]] {
        let body = json!({"records": [{"id": "0"}, {"id": "nobody"}]});
        let (status, answer) = desk.ask(Method::DELETE, "/v1/record?entity=Contacts", &body.to_string());
        assert_eq!((status, statuses(&answer)), (200, wanted.map(str::to_owned).to_vec()));
        assert_eq!(desk.account.ids("Contacts"), ["1"]);
    }
}

#[test]
fn a_get_writes_and_a_get_deletes() {
    let mut desk = desk(Profile::default());
    let (_, answer) = desk.ask(Method::GET, "/v1/updaterecord?entity=Contacts&id=1&name=Ida+Nowak&city=K%C3%B6ln", "");
    assert_eq!(statuses(&answer), ["created"]);
    let (_, answer) = desk.ask(Method::POST, "/v1/updaterecord", "entity=Contacts&id=1&remark=Buyer");
    assert_eq!(statuses(&answer), ["updated"]);
    assert_eq!(desk.account.record("Contacts", "1"), Some(json!({"name": "Ida Nowak", "city": "Köln", "remark": "Buyer"})));
    assert_eq!(statuses(&desk.ask(Method::GET, "/v1/deleterecord?entity=Contacts&id=1", "").1), ["deleted"]);
    assert_eq!(statuses(&desk.ask(Method::POST, "/v1/deleterecord", "entity=Contacts&id=1").1), ["not_found"]);
}

#[test]
fn an_answer_may_name_no_record() {
    let mut desk = desk(Profile { answers_nothing: true, ..Profile::default() });
    assert_eq!(desk.ask(Method::POST, "/v1/record?entity=Contacts", &many(1).to_string()), (200, json!({"success": true})));
    assert_eq!(desk.account.ids("Contacts"), ["0"]);
}
