//! The recorded answers of the real API, and ours in the same situation: the same members, and where they are fixed, the same words.

use serde_json::{Value as Json, json};
use syncline_salesforce_sim::Profile;

use crate::desk::{Desk, START, profile};

fn recorded(text: &str) -> Json {
    serde_json::from_str(text).unwrap()
}

macro_rules! fixture {
    ($name:literal) => {
        recorded(include_str!(concat!("../../fixtures/recorded/", $name, ".json")))
    };
}

/// The value with every text, number and flag replaced by its type, and lists cut to one item.
fn shape(value: &Json) -> Json {
    if let Some(members) = value.as_object() {
        return members.iter().map(|(name, value)| (name.clone(), shape(value))).collect::<serde_json::Map<_, _>>().into();
    }
    if let Some(items) = value.as_array() {
        return json!(items.iter().take(1).map(shape).collect::<Vec<_>>());
    }
    json!(if value.is_string() {
        "text"
    } else if value.is_boolean() {
        "flag"
    } else if value.is_number() {
        "number"
    } else {
        "null"
    })
}

fn names(value: &Json) -> Vec<String> {
    let mut names: Vec<String> = value.as_object().unwrap().keys().cloned().collect();
    names.sort();
    names
}

#[test]
fn creates_and_collections() {
    let mut desk = Desk::new(Profile::default());
    let created = desk.call("POST", "sobjects/Account", &json!({ "Name": "Helio" }));
    assert_eq!(shape(&created.body), shape(&fixture!("create-ok")));
    let rows = desk.rows("POST", "composite/sobjects", true, "Contact", &[r#""LastName":"a""#, r#""LastName":"b""#]);
    assert_eq!(shape(&rows.body), shape(&fixture!("batch-create-contacts-success")));
    let rows = desk.rows("POST", "composite/sobjects", true, "Contact", &[r#""FirstName":"a""#, r#""LastName":"b""#]);
    assert_eq!(rows.body, fixture!("batch-create-contacts-partial-but-allOrNone"));
    assert_eq!(desk.rows("POST", "composite/sobjects", true, "Contact", &[]).body, fixture!("batch-create-contacts-err-bad-request"));
    let rows = desk.rows("PATCH", "composite/sobjects", false, "Contact", &[r#""LastName":"a""#, r#""LastName":"b""#]);
    assert_eq!(rows.body, fixture!("batch-update-contacts-err-each-no-ids"));
    let id = desk.org.ids("Contact").remove(0);
    let rows = desk.rows("PATCH", "composite/sobjects", false, "Contact", &[&format!(r#""id":"{id}","LastName":"c""#)]);
    assert_eq!(shape(&rows.body), shape(&fixture!("batch-update-contacts-success")));
}

#[test]
fn refusals() {
    let mut desk = Desk::with_people(1);
    let id = desk.org.ids("Contact").remove(0);
    let path = format!("/services/data/v66.0/sobjects/Contact/{id}");
    assert_eq!(desk.send("DELETE", &path, "").status, 204);
    let again = desk.send("DELETE", &path, "");
    assert_eq!((again.status, again.body), (404, fixture!("crm-delete-not-found")));
    assert_eq!(desk.call("POST", "sobjects/Account", &json!({ "AccountNumer": "1" })).body, fixture!("unknown-field"));
    let account = desk.org.ids("Account").remove(0);
    let refused = desk.call("PATCH", &format!("sobjects/Account/{account}"), &json!({ "MasterRecordId": account }));
    assert_eq!(refused.body, fixture!("invalid-field-upsert"));
    assert_eq!(desk.query("SELECT Id,Name,BillingCity,IsDeleted FROM Accout").body, fixture!("unknown-object"));
    let by_name = desk.send("DELETE", "/services/data/v66.0/sobjects/Contact/rid", "");
    assert_eq!((by_name.status, by_name.body), (404, fixture!("restforce-delete_error_response")));
}

#[test]
fn several_matches() {
    let mut desk = Desk::new(Profile::default());
    for _ in 0..2 {
        desk.create("Contact", &json!({ "LastName": "Rao", "Email": "rao@helio.example" }));
    }
    let answer = desk.call("PATCH", "sobjects/Contact/Email/rao%40helio.example", &json!({}));
    assert_eq!(shape(&answer.body), shape(&fixture!("restforce-upsert_multiple_error_response")));
}

#[test]
fn tokens() {
    let mut desk = Desk::new(Profile::default());
    let form = "grant_type=refresh_token&client_id=simulator-client&refresh_token=";
    let success = desk.send("POST", "/services/oauth2/token", format!("{form}simulator-refresh")).body;
    for member in names(&fixture!("restforce-auth_success_response")) {
        assert!(success[&member].is_string(), "{member}");
    }
    assert_eq!(desk.send("POST", "/services/oauth2/token", format!("{form}other")).body, fixture!("restforce-refresh_error_response"));
    let error = desk.send("POST", "/services/oauth2/token", "grant_type=client_credentials").body;
    assert_eq!(shape(&error), shape(&fixture!("restforce-auth_error_response")));
    desk.token = "expired".into();
    assert_eq!(desk.get("limits").body, fixture!("restforce-expired_session_response"));
}

#[test]
fn query_pages() {
    let mut desk = Desk::new(profile(|profile| profile.page_records = 1)).filled(2);
    let first = desk.query("SELECT LastName FROM Contact").body;
    let recorded = fixture!("restforce-query_paginated_first_page_response");
    assert_eq!(
        (names(&first), names(&first["records"][0]["attributes"])),
        (names(&recorded), names(&recorded["records"][0]["attributes"]))
    );
    let last = desk.send("GET", first["nextRecordsUrl"].as_str().unwrap(), "").body;
    assert_eq!(names(&last), names(&fixture!("restforce-query_paginated_last_page_response")));
    let opportunity = json!({ "Name": "x", "StageName": "Prospecting", "CloseDate": "2026-01-01", "Amount": 50000.00 });
    desk.create("Opportunity", &opportunity);
    let read = desk.query("SELECT Id, Name, AccountId, Amount, StageName FROM Opportunity").body;
    assert_eq!(names(&read["records"][0]), names(&fixture!("read-opportunity-with-account")["records"][1]));
}

#[test]
fn replication() {
    let mut desk = Desk::with_people(2);
    let id = desk.org.ids("Contact").remove(0);
    desk.send("DELETE", &format!("/services/data/v66.0/sobjects/Contact/{id}"), "");
    desk.now = START + 600;
    let span = "start=2026-11-20T09:00:00Z&end=2026-11-20T10:50:00Z";
    let deleted = desk.get(&format!("sobjects/Contact/deleted/?{span}"));
    assert_eq!(shape(&deleted.body), shape(&fixture!("restforce-get_deleted_success_response")));
    let updated = desk.get(&format!("sobjects/Contact/updated/?{span}"));
    assert_eq!(shape(&updated.body), shape(&fixture!("restforce-get_updated_success_response")));
}

#[test]
fn describe() {
    let mut desk = Desk::new(Profile::default());
    let described = desk.get("sobjects/Account/describe").body;
    let recorded = &fixture!("metadata-read-accounts-sampled")["compositeResponse"][0]["body"];
    assert_eq!(names(&described), names(recorded));
    for field in recorded["fields"].as_array().unwrap() {
        let ours = described["fields"].as_array().unwrap().iter().find(|ours| ours["name"] == field["name"]).unwrap();
        assert_eq!(names(ours), names(field));
        for member in [
            "type",
            "soapType",
            "length",
            "createable",
            "updateable",
            "nillable",
            "defaultedOnCreate",
            "referenceTo",
            "relationshipName",
            "idLookup",
        ] {
            assert_eq!(ours[member], field[member], "{} {member}", field["name"]);
        }
    }
}
