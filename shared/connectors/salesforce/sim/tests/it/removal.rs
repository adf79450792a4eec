//! (f) deletes, the bin, merges, undelete.

use serde_json::json;

use crate::desk::{Desk, column};

#[test]
fn f_the_bin_shows_in_query_all_and_empties_after_fifteen_days() {
    let mut desk = Desk::with_people(10);
    let id = desk.org.ids("Contact").remove(0);
    assert_eq!(desk.send("DELETE", &format!("/services/data/v66.0/sobjects/Contact/{id}"), "").status, 204);
    assert_eq!(desk.query("SELECT Id FROM Contact").body["totalSize"], 9);
    let binned = "SELECT Id, IsDeleted, MasterRecordId FROM Contact WHERE IsDeleted = true AND SystemModstamp >= 2026-11-20T10:40:00Z";
    assert_eq!(column(&desk.query_all(binned), "Id"), [id.as_str()]);
    desk.now += 15 * 24 * 3600 + 1;
    assert_eq!(desk.query_all(binned).body["totalSize"], 0);
    let gone = desk.call("PATCH", &format!("sobjects/Contact/{id}"), &json!({ "Title": "x" }));
    assert_eq!((gone.status, gone.code()), (404, "INVALID_CROSS_REFERENCE_KEY"));
}

#[test]
fn f_hard_deleted_rows_show_in_get_deleted_only() {
    let mut desk = Desk::with_people(10);
    let ids = desk.org.ids("Contact");
    let at = desk.now();
    desk.org.hard_delete(&[&ids[0]], at);
    assert!(desk.org.delete_record("Contact", &ids[1], at));
    desk.org.empty_bin(at);
    assert!(desk.org.delete_record("Contact", &ids[2], at));
    assert_eq!(desk.query_all("SELECT Id FROM Contact WHERE IsDeleted = true").body["totalSize"], 1);
    desk.now += 600;
    let deleted = desk.get("sobjects/Contact/deleted/?start=2026-11-20T10%3A00%3A00Z&end=2026-11-20T10%3A50%3A00Z");
    let mut told: Vec<&str> = deleted.body["deletedRecords"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap()).collect();
    told.sort_unstable();
    assert_eq!(told, ids[..3]);
    assert_eq!(deleted.body["latestDateCovered"], "2026-11-20T10:48:00.000+0000");
    assert_eq!(deleted.body["earliestDateAvailable"], "2026-11-05T10:50:00.000+0000");
}

#[test]
fn f_a_merge_names_the_winner_and_moves_the_children() {
    let mut desk = Desk::with_people(20);
    let accounts = desk.org.ids("Account");
    desk.now += 60;
    let at = desk.now();
    assert!(desk.org.merge("Account", &accounts[0], &[&accounts[1]], at));
    let losers = desk.query_all("SELECT Id, MasterRecordId FROM Account WHERE IsDeleted = true");
    assert_eq!(losers.body["records"][0]["MasterRecordId"], json!(accounts[0]));
    let moved =
        desk.query(&format!("SELECT Id FROM Contact WHERE AccountId = '{}' AND SystemModstamp >= 2026-11-20T10:41:00Z", accounts[0]));
    assert_eq!(moved.body["totalSize"], 10);
    assert_eq!(desk.query(&format!("SELECT Id FROM Contact WHERE AccountId = '{}'", accounts[0])).body["totalSize"], 20);
    assert_eq!(desk.get(&format!("sobjects/Account/{}", accounts[1])).code(), "ENTITY_IS_DELETED");
}

#[test]
fn f_an_account_takes_its_contacts_along_and_brings_them_back() {
    let mut desk = Desk::with_people(20);
    let account = desk.org.ids("Account").remove(0);
    desk.send("DELETE", &format!("/services/data/v66.0/sobjects/Account/{account}"), "");
    assert_eq!((desk.org.count("Account"), desk.org.count("Contact")), (1, 10));
    desk.now += 60;
    let at = desk.now();
    assert!(desk.org.undelete("Account", &account, at));
    assert_eq!((desk.org.count("Account"), desk.org.count("Contact")), (2, 20));
    assert_eq!(desk.query("SELECT Id FROM Contact WHERE SystemModstamp >= 2026-11-20T10:41:00Z").body["totalSize"], 10);
}

#[test]
fn f_other_lookups_are_emptied_without_a_stamp() {
    let mut desk = Desk::with_people(2);
    let ids = desk.org.ids("Contact");
    desk.call("PATCH", &format!("sobjects/Contact/{}", ids[0]), &json!({ "ReportsToId": ids[1] }));
    let stamp = desk.org.record("Contact", &ids[0]).unwrap()["SystemModstamp"].clone();
    desk.now += 60;
    let at = desk.now();
    desk.org.delete_record("Contact", &ids[1], at);
    let after = desk.org.record("Contact", &ids[0]).unwrap();
    assert_eq!((&after["ReportsToId"], &after["SystemModstamp"]), (&json!(null), &stamp));
}

#[test]
fn a_converted_lead_is_an_update_and_then_read_only() {
    let mut desk = Desk::with_people(0);
    let lead = desk.create("Lead", &json!({ "LastName": "Rao", "Company": "Helio" }));
    assert_eq!(desk.org.record("Lead", &lead).unwrap()["Status"], "Open - Not Contacted");
    let at = desk.now();
    let (_, contact) = desk.org.convert_lead(&lead, at).unwrap();
    assert_eq!(desk.get(&format!("sobjects/Lead/{lead}")).body["ConvertedContactId"], json!(contact));
    let refused = desk.call("PATCH", &format!("sobjects/Lead/{lead}"), &json!({ "Title": "x" }));
    assert_eq!(refused.code(), "CANNOT_UPDATE_CONVERTED_LEAD");
}
