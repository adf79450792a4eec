//! Rows and their results.

use serde_json::{Value as Json, json};
use syncline_simulator::Users;
use syncline_zoho_crm_sim::{CONTACTS, DataType, Field, LEADS, Profile};

use crate::desk::Desk;

fn codes(body: &Json) -> Vec<&str> {
    body["data"].as_array().unwrap().iter().map(|row| row["code"].as_str().unwrap()).collect()
}

#[test]
fn each_row_has_its_result_in_its_place() {
    let rows = json!({"data": [
        {"Last_Name": "Good"}, {"First_Name": "Nameless"}, {"Last_Name": "x".repeat(81)}, {"Last_Name": "P", "Phone": "call me"},
        {"Last_Name": "E", "Email": "none"}, {"Last_Name": 7}, {"Last_Name": "L", "Account_Name": {"id": "1"}}, {"Last_Name": "Also good"},
    ]});
    let mut desk = Desk::new(Profile::default());
    let (status, body) = desk.ask("POST", "/crm/v8/Contacts", &rows);
    let expected =
        ["SUCCESS", "MANDATORY_NOT_FOUND", "INVALID_DATA", "INVALID_DATA", "INVALID_DATA", "INVALID_DATA", "INVALID_DATA", "SUCCESS"];
    assert_eq!((status, codes(&body)), (207, expected.to_vec()));
    assert_eq!(body["data"][2]["details"]["maximum_length"], json!(80));
    assert_eq!(body["data"][3]["details"]["expected_data_type"], json!("phone"));
    assert_eq!(body["data"][4]["details"]["json_path"], json!("$.data[4].Email"));
    assert_eq!(desk.zoho.live(CONTACTS).len(), 2);
    let mut older = Desk::new(Profile { mixed_status: 202, failed_status: 202, ..Profile::default() });
    assert_eq!(older.ask("POST", "/crm/v8/Contacts", &rows).0, 202);
    assert_eq!(older.ask("POST", "/crm/v8/Contacts", &json!({"data": [{}]})).0, 202);
    let many: Vec<Json> = (0..101).map(|_| json!({"Last_Name": "N"})).collect();
    let (status, body) = desk.ask("POST", "/crm/v8/Contacts", &json!({"data": many}));
    assert_eq!((status, &body["details"]["maximum_length"]), (400, &json!(100)));
}

#[test]
fn null_clears_absent_keeps_and_the_stamp_moves() {
    let mut desk = Desk::new(Profile::default());
    let id = desk.made(LEADS, &json!({"Last_Name": " Kowalski ", "Company": "Acme", "City": "Köln", "Phone": "1"}));
    desk.pass(10);
    let (status, body) = desk.ask("PUT", "/crm/v8/Leads", &json!({"data": [{"id": id, "City": null, "Phone": ""}]}));
    assert_eq!((status, &body["data"][0]["details"]["Modified_Time"]), (200, &json!("2026-11-22T13:00:10+03:00")));
    let lead = desk.zoho.record(LEADS, &id).unwrap();
    assert_eq!(
        (&lead["City"], &lead["Phone"], &lead["Company"], &lead["Last_Name"]),
        (&Json::Null, &Json::Null, &json!("Acme"), &json!("Kowalski"))
    );
    let (_, body) = desk.ask("PUT", "/crm/v8/Leads", &json!({"data": [{"id": id, "Company": null}, {"id": "1", "City": "x"}]}));
    assert_eq!(codes(&body), ["MANDATORY_NOT_FOUND", "INVALID_DATA"]);
}

#[test]
fn an_upsert_meets_inside_one_module() {
    let mut desk = Desk::new(Profile::default());
    let id = desk.contacts(&["ida"]).remove(0);
    let rows = json!({"data": [
        {"Last_Name": "Met", "Email": "IDA@a.example"}, {"Last_Name": "New", "Email": "new@a.example"}, {"Last_Name": "Without"}
    ], "duplicate_check_fields": ["Email"]});
    let (status, body) = desk.ask("POST", "/crm/v8/Contacts/upsert", &rows);
    let told = |place: usize| (body["data"][place]["action"].as_str().unwrap(), body["data"][place]["duplicate_field"].as_str());
    assert_eq!((status, told(0), told(1), told(2)), (200, ("update", Some("Email")), ("insert", None), ("insert", None)));
    assert_eq!(body["data"][0]["details"]["id"], json!(id));
    let lead = json!({"data": [{"Last_Name": "Lead", "Company": "A", "Email": "ida@a.example"}]});
    let (_, body) = desk.ask("POST", "/crm/v8/Leads/upsert", &lead);
    assert_eq!(body["data"][0]["action"], json!("insert"), "another module's records are not met");
    desk.zoho.profile_mut().checks_leads_against_contacts = true;
    let (_, body) = desk.ask("POST", "/crm/v8/Leads", &lead);
    assert_eq!(body["data"][0]["details"]["duplicate_record"]["module"]["api_name"], json!("Contacts"));
}

#[test]
fn a_unique_field_refuses_a_second_record() {
    let mut desk = Desk::new(Profile::default());
    assert!(desk.zoho.add_field(CONTACTS, Field::new("Other_Id", DataType::Text, 40).custom(true)));
    let first = desk.made(CONTACTS, &json!({"Last_Name": "A", "Other_Id": "x-1"}));
    let (_, body) = desk.ask("POST", "/crm/v8/Contacts", &json!({"data": [{"Last_Name": "B", "Other_Id": "x-1"}]}));
    assert_eq!((codes(&body), &body["data"][0]["details"]["duplicate_record"]["id"]), (vec!["DUPLICATE_DATA"], &json!(first)));
    let (_, body) = desk.ask(
        "POST",
        "/crm/v8/Contacts/upsert",
        &json!({"data": [{"Last_Name": "B", "Other_Id": "x-1"}], "duplicate_check_fields": ["Other_Id"]}),
    );
    assert_eq!((&body["data"][0]["action"], &body["data"][0]["details"]["id"]), (&json!("update"), &json!(first)));
    let wish = json!({"fields": [{"field_label": "Made Here", "data_type": "text", "length": 40, "unique": {"casesensitive": "false"}}]});
    assert_eq!(desk.ask("POST", "/crm/v8/settings/fields?module=Contacts", &wish).0, 201);
    desk.made(CONTACTS, &json!({"Last_Name": "C", "Made_Here": "1"}));
}

#[test]
fn what_changed_meanwhile_is_refused_on_wish() {
    let mut desk = Desk::new(Profile::default());
    let id = desk.contacts(&["a"]).remove(0);
    desk.pass(5);
    desk.headers = vec![("if-unmodified-since", "2026-11-22T12:59:00+03:00".to_owned())];
    let (status, body) = desk.ask("PUT", &format!("/crm/v8/Contacts/{id}"), &json!({"data": [{"Title": "x"}]}));
    assert_eq!((status, codes(&body)), (412, vec!["ALREADY_MODIFIED"]));
    desk.headers = vec![("if-unmodified-since", "2026-11-22T13:00:00+03:00".to_owned())];
    assert_eq!(desk.ask("PUT", &format!("/crm/v8/Contacts/{id}"), &json!({"data": [{"Title": "x"}]})).0, 200);
}

#[test]
fn locked_records_and_inactive_owners_are_refused() {
    let mut desk = Desk::new(Profile { wraps_errors: true, ..Profile::default() });
    let id = desk.contacts(&["a"]).remove(0);
    assert!(desk.zoho.lock(CONTACTS, &id, true));
    let (_, body) = desk.ask("PUT", "/crm/v8/Contacts", &json!({"data": [{"id": id, "Title": "x"}]}));
    assert_eq!(codes(&body), ["RECORD_LOCKED"]);
    let owner = desk.zoho.add_user(desk.now, "o@a.example", "O", "O");
    desk.zoho.set_user_active(&owner, false);
    let (_, body) = desk.ask(
        "POST",
        "/crm/v8/Contacts",
        &json!({"data": [{"Last_Name": "x", "Owner": {"id": owner}}, {"Email": "no", "Phone": "no"}]}),
    );
    assert_eq!(
        (codes(&body), &body["data"][0]["details"]["api_name"]),
        (vec!["INVALID_DATA", "MULTIPLE_OR_MULTI_ERRORS"], &json!("Owner"))
    );
    assert_eq!(body["data"][1]["details"]["errors"].as_array().unwrap().len(), 2);
}
