//! Every recorded answer is understood.

use syncline_engine::ports::vendor::Vendor;
use syncline_model::{Fault, Presence, Value};

use crate::VENDOR;

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/fixtures/{name}.json", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

#[test]
fn recorded_records_are_read() {
    for (name, kind, good, bad) in [
        ("read-list-contacts", "Contact", 20, 0),
        ("read-opportunity-with-account", "Opportunity", 2, 0),
        ("restforce-query_paginated_first_page_response", "Whizbang", 1, 0),
        ("restforce-query_paginated_last_page_response", "Whizbang", 1, 0),
        ("restforce-get_deleted_success_response", "Contact", 1, 0),
        ("restforce-get_updated_success_response", "Contact", 7, 0),
        ("subscription-update_contact", "Contact", 1, 0),
        ("subscription-update_contact_compound_address", "Contact", 1, 0),
        ("create-ok", "Account", 1, 0),
        ("batch-create-contacts-success", "Contact", 2, 0),
        ("batch-update-contacts-success", "Contact", 2, 0),
        ("batch-create-contacts-partial-but-allOrNone", "Contact", 0, 2),
        ("batch-update-contacts-err-each-no-ids", "Contact", 0, 2),
        ("success-with-errors", "Account", 0, 1),
        ("metadata-read-accounts-sampled", "Account", 0, 0),
        ("read-list-leads", "Lead", 8, 0),
        ("read-opportunity-with-contacts", "Opportunity", 1, 0),
        ("subscription-new_account", "Account", 1, 0),
        ("subscription-update_user", "User", 1, 0),
        ("pardot-read-prospects", "Prospect", 3, 0),
        ("restforce-list_view_results_success_response", "Account", 1, 0),
        ("restforce-query_success_response", "Whizbang", 1, 0),
        // Sums carry no id, so they are no records.
        ("restforce-query_aggregate_success_response", "Campaign", 0, 3),
        ("bulk-info-success", "Opportunity", 0, 0),
        ("metadata-write-user-info", "User", 0, 0),
        ("restforce-services_data_success_response", "Contact", 0, 0),
        ("restforce-auth_success_response", "Contact", 0, 0),
        ("restforce-reauth_success_response", "Contact", 0, 0),
        ("restforce-refresh_success_response", "Contact", 0, 0),
    ] {
        let rows = VENDOR.decode(&kind.into(), &fixture(name)).unwrap_or_else(|fault| panic!("{name}: {fault}"));
        let found = rows.iter().filter(|row| row.is_ok()).count();
        assert_eq!((found, rows.len() - found), (good, bad), "{name}");
        assert!(rows.iter().flatten().all(|record| record.kind.as_str() == kind), "{name}");
    }
}

#[test]
fn recorded_refusals_are_told_apart() {
    for (name, code) in [
        ("batch-create-contacts-err-bad-request", "rejected"),
        ("crm-delete-not-found", "missing"),
        ("invalid-field-upsert", "rejected"),
        ("restforce-auth_error_response", "auth_refused"),
        ("restforce-refresh_error_response", "auth_refused"),
        ("restforce-delete_error_response", "rejected"),
        ("restforce-expired_session_response", "auth_expired"),
        ("restforce-query_error_response", "rejected"),
        ("restforce-upsert_multiple_error_response", "taken"),
        ("restforce-write_error_response", "rejected"),
        ("pardot-delete-err-not-found", "rejected"),
        ("unknown-field", "rejected"),
        ("unknown-object", "rejected"),
    ] {
        let fault = VENDOR.decode(&"Contact".into(), &fixture(name)).unwrap_err();
        assert_eq!(fault.code(), code, "{name}");
    }
}

#[test]
fn types_come_from_the_json() {
    let rows = VENDOR.decode(&"Opportunity".into(), &fixture("read-opportunity-with-account")).unwrap();
    let first = rows[0].as_ref().unwrap();
    assert_eq!(first.id.as_str(), "006ak00000OQ4RxAAL");
    assert!(first.field("AccountId") == Some(&Value::Reference("001ak00000OKNPHAA5".into())));
    assert!(first.field("Amount") == Some(&Value::Decimal("50000".parse().unwrap())));
    assert!(first.field("attributes").is_none());
    assert!(rows[1].as_ref().unwrap().field("AccountId") == Some(&Value::Null));
}

#[test]
fn parents_are_flattened_and_children_left_out() {
    let body = r#"{"totalSize":1,"done":true,"records":[{"attributes":{"type":"Account","url":"/x/001ak00000OKNPHAA5"},"Id":"001ak00000OKNPH",
        "Owner":{"attributes":{"type":"User"},"Name":"Ida","Manager":{"Name":"Jo"}},"Parent":null,"CreatedDate":"2026-05-01T07:25:37.000+0000",
        "SystemModstamp":"2026-05-02T07:25:37.000+0000","Birthdate":"2026-05-01","NumberOfEmployees":12,
        "Contracts":{"totalSize":1,"done":true,"records":[{"attributes":{"type":"Contract"},"Id":"800ak00000OKNPH"}]}}]}"#;
    let rows = VENDOR.decode(&"Account".into(), body.as_bytes()).unwrap();
    let record = rows[0].as_ref().unwrap();
    assert_eq!(record.id.as_str(), "001ak00000OKNPHAA5");
    assert!(record.field("Owner.Name") == Some(&Value::text("Ida")) && record.field("Owner.Manager.Name") == Some(&Value::text("Jo")));
    assert!(record.field("Parent") == Some(&Value::Null) && record.field("NumberOfEmployees") == Some(&Value::Integer(12)));
    assert!(record.field("Birthdate") == Some(&Value::Date("2026-05-01".parse().unwrap())));
    assert!(record.field("CreatedDate") == Some(&Value::DateTime("2026-05-01T07:25:37Z".parse().unwrap())));
    assert_eq!(record.version.unwrap().0.to_string(), "2026-05-02T07:25:37Z");
    assert!(record.fields.keys().all(|name| !name.as_str().starts_with("Contracts")));
}

#[test]
fn change_events_carry_their_change() {
    let rows = VENDOR.decode(&"Contact".into(), &fixture("subscription-update_contact_compound_address")).unwrap();
    let record = rows[0].as_ref().unwrap();
    assert_eq!(record.id.as_str(), "003bm000016htgPAAQ");
    assert!(record.field("MailingStreet") == Some(&Value::text("1235 wildwood St")));
    assert!(record.field("MailingAddress.Street") == Some(&Value::text("1235 wildwood St")));
    let deleted = r#"{"detail":{"payload":{"ChangeEventHeader":{"entityName":"Contact","recordIds":["003bm000016htgPAAQ","001*"],"changeType":"DELETE",
        "commitTimestamp":1795171317000,"nulledFields":[]}}}}"#;
    let rows = VENDOR.decode(&"Contact".into(), deleted.as_bytes()).unwrap();
    assert_eq!(rows[0].as_ref().unwrap().presence, Presence::Deleted);
    assert!(matches!(rows[1].as_ref().unwrap_err().fault, Fault::Drift { .. }));
}

#[test]
fn split_events_and_milliseconds_are_read() {
    let rows = VENDOR.decode(&"User".into(), &fixture("subscription-update_user")).unwrap();
    let record = rows[0].as_ref().unwrap();
    assert_eq!(record.id.as_str(), "005ak00000GGsRRAA1");
    assert!(record.field("FirstName").is_some_and(|name| !name.is_null()));
    let rows = VENDOR.decode(&"Account".into(), &fixture("subscription-new_account")).unwrap();
    let record = rows[0].as_ref().unwrap();
    for moment in ["CreatedDate", "LastModifiedDate"] {
        assert!(matches!(record.field(moment), Some(Value::DateTime(_))), "{moment}");
    }
}

#[test]
fn a_list_views_rows_are_records() {
    let rows = VENDOR.decode(&"Account".into(), &fixture("restforce-list_view_results_success_response")).unwrap();
    let record = rows[0].as_ref().unwrap();
    assert_eq!(record.id.as_str(), "001D000000JliSTIAZ");
    assert!(record.field("Owner.Alias") == Some(&Value::text("TUser")));
    assert!(record.field("CreatedDate") == Some(&Value::DateTime("2014-08-01T21:15:46Z".parse().unwrap())));
    assert_eq!(record.version.unwrap().0.to_string(), "2014-08-01T21:15:46Z");
}

#[test]
fn numeric_ids_and_ids_in_capitals_are_ids() {
    let rows = VENDOR.decode(&"Prospect".into(), &fixture("pardot-read-prospects")).unwrap();
    assert_eq!(rows[0].as_ref().unwrap().id.as_str(), "55389571");
    let rows = VENDOR.decode(&"Contact".into(), br#"{"records":[{"ID":"1"}],"done":true,"totalSize":1}"#).unwrap();
    assert_eq!(rows[0].as_ref().unwrap().id.as_str(), "1");
    let limits = br#"{"DailyApiRequests":{"Max":15000,"Remaining":14976},"SingleEmail":{"Max":15,"Remaining":15}}"#;
    assert!(VENDOR.decode(&"Contact".into(), limits).unwrap().is_empty());
}

#[test]
fn envelopes_and_gaps_are_read_row_by_row() {
    let id = "003ak00000luKU1AAM";
    let record = format!(r#"{{"attributes":{{"type":"Contact"}},"Id":"{id}","LastName":"O"}}"#);
    for (body, good, bad) in [
        (record.clone(), 1, 0),
        (format!("[{record},null,{record}]"), 2, 0),
        (
            format!(
                r#"{{"compositeResponse":[{{"body":[{record}],"httpStatusCode":200}},{{"body":null,"httpStatusCode":204}},
            {{"body":[{{"message":"m","errorCode":"NOT_FOUND"}}],"httpStatusCode":404}}]}}"#
            ),
            1,
            1,
        ),
        (format!(r#"{{"hasErrors":false,"results":[{{"statusCode":200,"result":{record}}}]}}"#), 1, 0),
        (r#"{"totalSize":1,"done":true,"records":[{"attributes":{"type":"AggregateResult"},"expr0":3},7]}"#.to_owned(), 0, 2),
        (r#"{"totalSize":0,"done":true,"records":[]}"#.to_owned(), 0, 0),
        ("[]".to_owned(), 0, 0),
    ] {
        let rows = VENDOR.decode(&"Contact".into(), body.as_bytes()).unwrap_or_else(|fault| panic!("{body}: {fault}"));
        let found = rows.iter().filter(|row| row.is_ok()).count();
        assert_eq!((found, rows.len() - found), (good, bad), "{body}");
    }
}

#[test]
fn what_is_no_answer_drifts() {
    for body in ["", "  ", "<html></html>", "7", "null", "\"x\"", "{}", r#"{"records":"#, r#"{"foo":1}"#, "\u{1}"] {
        assert!(matches!(VENDOR.decode(&"Contact".into(), body.as_bytes()), Err(Fault::Drift { .. })), "{body}");
    }
    assert!(matches!(VENDOR.decode(&"Contact".into(), &[0xff, 0xfe]), Err(Fault::Drift { .. })));
    let deep = "[".repeat(5_000) + &"]".repeat(5_000);
    assert!(VENDOR.decode(&"Contact".into(), deep.as_bytes()).is_err());
}
