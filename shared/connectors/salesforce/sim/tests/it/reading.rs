//! (b) SOQL, (c) pages, (d) ties, (e) late commits, (n) formulas.

use std::collections::BTreeSet;

use serde_json::json;
use syncline_salesforce_sim::Profile;

use crate::desk::{Desk, START, column, profile};

#[test]
fn b_filters_order_and_limits() {
    let mut desk = Desk::new(Profile::default());
    for (last, city, birth) in
        [("Äpfel", "Köln", json!("1990-01-02")), ("Birne", "Lyon", json!(null)), ("O'Neill", "Köln", json!("1980-05-05"))]
    {
        desk.create("Contact", &json!({ "LastName": last, "MailingCity": city, "Birthdate": birth, "DoNotCall": last == "Birne" }));
    }
    for (filter, names) in [
        ("MailingCity = 'köln' ORDER BY LastName", vec!["O'Neill", "Äpfel"]),
        ("MailingCity != 'Köln'", vec!["Birne"]),
        ("LastName IN ('birne', 'o\\'neill') ORDER BY Birthdate NULLS LAST", vec!["O'Neill", "Birne"]),
        ("LastName NOT IN ('birne')", vec!["Äpfel", "O'Neill"]),
        ("Birthdate = null", vec!["Birne"]),
        ("Birthdate >= 1985-01-01 OR DoNotCall = true ORDER BY Birthdate DESC NULLS LAST", vec!["Äpfel", "Birne"]),
        ("NOT (DoNotCall = true) ORDER BY LastName DESC LIMIT 1", vec!["Äpfel"]),
        ("LastName LIKE '%i%' ORDER BY LastName LIMIT 5 OFFSET 1", vec!["O'Neill"]),
        ("SystemModstamp >= 2026-11-20T10:40:00Z AND SystemModstamp < 2026-11-20T10:40:01%2B00:00 AND LastName = 'Birne'", vec!["Birne"]),
        ("CreatedDate > 2026-11-20T10:40:00.000+0000", vec![]),
    ] {
        let answer = desk.query(&format!("SELECT LastName FROM Contact WHERE {}", filter.replace("%2B", "+")));
        assert_eq!(answer.status, 200, "{filter}: {}", answer.text);
        assert_eq!(column(&answer, "LastName"), names, "{filter}");
    }
    assert_eq!(desk.query("SELECT COUNT() FROM Contact").body["totalSize"], 3);
}

#[test]
fn b_parents_children_and_the_order_of_members() {
    let mut desk = Desk::with_people(25);
    let answer = desk.query("SELECT Email, Account.Name, Account.Owner.Username FROM Contact WHERE Email LIKE 'person3@%'");
    let record = &answer.body["records"][0];
    assert_eq!(record["Account"]["Owner"]["Username"], "human@simulator.example");
    assert!(record["Account"]["attributes"]["url"].as_str().unwrap().starts_with("/services/data/v66.0/sobjects/Account/001"));
    let places: Vec<_> = ["\"attributes\"", "\"Email\"", "\"Account\""].iter().map(|member| answer.text.find(*member).unwrap()).collect();
    assert!(places.is_sorted());
    desk.create("Contact", &json!({ "LastName": "Alone" }));
    assert_eq!(desk.query("SELECT Account.Name FROM Contact WHERE LastName = 'Alone'").body["records"][0]["Account"], json!(null));

    let account = desk.org.ids("Account").remove(0);
    desk.create("Order", &json!({ "AccountId": account, "EffectiveDate": "2026-01-01", "Status": "Draft" }));
    desk.create("Order", &json!({ "AccountId": account, "EffectiveDate": "2026-02-01", "Status": "Draft" }));
    let orders = "(SELECT OrderNumber, EffectiveDate FROM Orders ORDER BY EffectiveDate DESC LIMIT 1)";
    let answer = desk
        .query(&format!("SELECT Id, {orders}, (SELECT Id FROM Contracts), (SELECT Id FROM Contacts) FROM Account WHERE Id = '{account}'"));
    let record = &answer.body["records"][0];
    assert_eq!(record["Orders"]["totalSize"], 1);
    assert_eq!(record["Orders"]["records"][0]["EffectiveDate"], "2026-02-01");
    assert_eq!((&record["Contracts"], &record["Contacts"]["totalSize"]), (&json!(null), &json!(10)));
}

#[test]
fn b_wrong_queries_show_the_place() {
    let mut desk = Desk::with_people(1);
    let wrong = desk.query("SELECT Id,Foo__c FROM Contact");
    assert_eq!(
        wrong.body[0]["message"],
        "\nSELECT Id,Foo__c FROM Contact\n          ^\nERROR at Row:1:Column:11\nNo such column 'Foo__c' on entity 'Contact'. If you are attempting \
         to use a custom field, be sure to append the '__c' after the custom field name. Please reference your WSDL or the describe call for the \
         appropriate names."
    );
    for (soql, code) in [
        ("SELECT Id FROM Contact WHERE SystemModstamp > '2026-11-20T08:00:00Z'", "INVALID_FIELD"),
        ("SELECT Id FROM Contact WHERE LastName = 5", "INVALID_FIELD"),
        ("SELECT Id FROM Contact WHERE Description = 'x'", "INVALID_FIELD"),
        ("SELECT Boss.Name FROM Contact", "INVALID_FIELD"),
        ("SELECT Id, Id FROM Contact", "INVALID_FIELD"),
        ("SELECT Id, (SELECT Id FROM Tickets) FROM Account", "INVALID_TYPE"),
        ("SELECT Id FROM Contact WHERE AccountId = 'nobody'", "INVALID_QUERY_FILTER_OPERATOR"),
        ("SELECT Id FROM Contact WHERE", "MALFORMED_QUERY"),
        ("SELECT FIELDS(ALL) FROM Contact", "MALFORMED_QUERY"),
    ] {
        let answer = desk.query(soql);
        assert_eq!((answer.status, answer.code()), (400, code), "{soql}");
    }
    let all = desk.query("SELECT FIELDS(ALL) FROM Contact LIMIT 1");
    assert_eq!(all.body["records"][0]["LastName"], desk.org.record("Contact", &desk.org.ids("Contact")[0]).unwrap()["LastName"]);
}

#[test]
fn c_pages_of_odd_sizes_give_each_record_once() {
    let mut desk = Desk::new(profile(|profile| profile.page_records = 7)).filled(100);
    let mut answer = desk.query("SELECT Id FROM Contact");
    let mut seen = BTreeSet::new();
    let mut pages = 0;
    loop {
        pages += 1;
        assert_eq!(answer.body["totalSize"], 100);
        seen.extend(column(&answer, "Id"));
        let Some(next) = answer.body["nextRecordsUrl"].as_str().map(str::to_owned) else { break };
        assert_eq!(answer.body["done"], false);
        answer = desk.send("GET", &next, "");
    }
    assert_eq!((pages, seen.len(), answer.body["done"].as_bool()), (15, 100, Some(true)));
}

#[test]
fn c_the_batch_size_header_is_a_hint() {
    let mut desk = Desk::with_people(500);
    desk.headers.push(("sforce-query-options", "batchSize=250".into()));
    assert_eq!(column(&desk.query("SELECT Id FROM Contact"), "Id").len(), 250);
    desk.headers[0].1 = "batchSize=3".into();
    assert_eq!(column(&desk.query("SELECT Id FROM Contact"), "Id").len(), 200);
}

#[test]
fn c_an_eleventh_cursor_pushes_the_first_out_and_age_the_rest() {
    let mut desk = Desk::new(profile(|profile| profile.page_records = 10)).filled(30);
    let open = |desk: &mut Desk| desk.query("SELECT Id FROM Contact").body["nextRecordsUrl"].as_str().unwrap().to_owned();
    let cursors: Vec<String> = (0..11).map(|_| open(&mut desk)).collect();
    let gone = desk.send("GET", &cursors[0], "");
    assert_eq!((gone.status, gone.code()), (400, "INVALID_QUERY_LOCATOR"));
    assert_eq!(desk.send("GET", &cursors[1], "").status, 200);
    desk.now += 2 * 24 * 3600;
    assert_eq!(desk.send("GET", &cursors[10], "").code(), "INVALID_QUERY_LOCATOR");
    let last = open(&mut desk);
    desk.org.drop_query_cursors();
    assert_eq!(desk.send("GET", &last, "").code(), "INVALID_QUERY_LOCATOR");
}

#[test]
fn d_stamps_are_whole_seconds_with_heavy_ties() {
    let mut desk = Desk::with_people(2_000);
    let stamps = column(&desk.query("SELECT SystemModstamp FROM Contact ORDER BY SystemModstamp, Id"), "SystemModstamp");
    assert!(stamps.iter().all(|stamp| stamp.ends_with(".000+0000")) && stamps.is_sorted());
    let distinct: BTreeSet<_> = stamps.iter().collect();
    assert!(distinct.len() * 10 < stamps.len(), "{} distinct stamps", distinct.len());
    let (stamp, id) = {
        let page = desk.query("SELECT Id, SystemModstamp FROM Contact ORDER BY SystemModstamp, Id LIMIT 777");
        (column(&page, "SystemModstamp").pop().unwrap(), column(&page, "Id").pop().unwrap())
    };
    let rest = desk.query(&format!(
        "SELECT Id FROM Contact WHERE (SystemModstamp = {stamp} AND Id > '{id}') OR SystemModstamp > {stamp} ORDER BY SystemModstamp, Id"
    ));
    assert_eq!(rest.body["totalSize"], 2_000 - 777);
}

#[test]
fn e_a_late_commit_becomes_visible_behind_the_stamp() {
    let mut desk = Desk::new(profile(|profile| profile.commit_lag_s = 90)).filled(10);
    let at = desk.now();
    let created = desk.org.save_slowly("Contact", None, &json!({ "LastName": "Late" }), at).unwrap();
    let changed = desk.org.ids("Contact").remove(0);
    desk.org.save_slowly("Contact", Some(&changed), &json!({ "Title": "Late" }), at).unwrap();
    let window = "SELECT Id FROM Contact WHERE SystemModstamp >= 2026-11-20T10:40:00Z";
    assert_eq!(column(&desk.query(window), "Id").len(), 0);
    assert_eq!(desk.get(&format!("sobjects/Contact/{created}")).status, 404);
    let locked = desk.call("PATCH", &format!("sobjects/Contact/{changed}"), &json!({ "Title": "x" }));
    assert_eq!(locked.code(), "UNABLE_TO_LOCK_ROW");
    assert_eq!(desk.send("DELETE", &format!("/services/data/v66.0/sobjects/Contact/{changed}"), "").code(), "UNABLE_TO_LOCK_ROW");
    desk.now += 60;
    let covered = desk.get("sobjects/Contact/updated?start=2026-11-20T10:00:00Z&end=2026-11-20T10:41:00Z");
    assert_eq!(covered.body["latestDateCovered"], "2026-11-20T10:39:00.000+0000");
    desk.now += 30;
    let ids: BTreeSet<String> = column(&desk.query(window), "Id").into_iter().collect();
    assert_eq!(ids, BTreeSet::from([created.clone(), changed]));
    assert_eq!(desk.get(&format!("sobjects/Contact/{created}")).body["SystemModstamp"], "2026-11-20T10:40:00.000+0000");
}

#[test]
fn e_get_updated_wants_minutes_and_recent_ones() {
    let mut desk = Desk::with_people(3);
    let updated = desk.get("sobjects/Contact/updated/?start=2026-11-20T09%3A00%3A59%2B00%3A00&end=2026-11-20T10%3A41%3A00%2B00%3A00");
    assert_eq!(updated.body["ids"].as_array().unwrap().len(), 3, "{}", updated.text);
    for (start, end) in
        [("2026-11-20T10:00:00Z", "2026-11-20T10:00:59Z"), ("2026-01-01T10:00:00Z", "2026-11-20T10:00:59Z"), ("soon", "later")]
    {
        assert_eq!(desk.get(&format!("sobjects/Contact/updated?start={start}&end={end}")).code(), "INVALID_REPLICATION_DATE");
    }
}

#[test]
fn n_a_formula_changes_without_a_stamp() {
    let mut desk = Desk::with_people(1);
    assert!(desk.org.add_custom_field("Contact", "Score__c", &json!({ "type": "Number", "precision": 18, "formula": "1+1" })));
    let id = desk.org.ids("Contact").remove(0);
    let before = desk.get(&format!("sobjects/Contact/{id}")).body;
    desk.now += 3_600;
    assert!(desk.org.set_formula("Contact", &id, "Score__c", json!(7)));
    let after = desk.get(&format!("sobjects/Contact/{id}")).body;
    assert_eq!((&before["Score__c"], &after["Score__c"]), (&json!(null), &json!(7)));
    assert_eq!((&before["SystemModstamp"], &before["LastModifiedDate"]), (&after["SystemModstamp"], &after["LastModifiedDate"]));
    let write = desk.call("PATCH", &format!("sobjects/Contact/{id}"), &json!({ "Score__c": 8 }));
    assert_eq!(write.code(), "INVALID_FIELD_FOR_INSERT_UPDATE");
    assert!(desk.org.touch("Contact", &id, crate::desk::at(START + 10)));
    let touched = desk.get(&format!("sobjects/Contact/{id}")).body;
    assert_ne!(touched["SystemModstamp"], touched["LastModifiedDate"]);
}

#[test]
fn b_an_index_gives_what_a_scan_gives() {
    let mut desk = Desk::with_people(300);
    let (contacts, accounts) = (desk.org.ids("Contact"), desk.org.ids("Account"));
    let email = desk.org.record("Contact", &contacts[7]).unwrap()["Email"].as_str().unwrap().to_uppercase();
    for filter in [
        format!("Email = '{email}'"),
        format!("AccountId IN ('{}', '{}')", accounts[3], &accounts[4][..15]),
        format!("Id = '{}' OR LastName = 'rao'", contacts[9]),
        format!("AccountId = '{}' AND LastName != 'Rao'", accounts[5]),
        "SystemModstamp > 2026-11-20T09:50:00Z AND SystemModstamp <= 2026-11-20T10:10:00Z".to_owned(),
    ] {
        let by_index = column(&desk.query(&format!("SELECT Id FROM Contact WHERE {filter} ORDER BY Id")), "Id");
        let by_scan = column(&desk.query(&format!("SELECT Id FROM Contact WHERE NOT (NOT ({filter})) ORDER BY Id")), "Id");
        assert!(!by_index.is_empty() && by_index.len() < 300, "{filter}: {}", by_index.len());
        assert_eq!(by_index, by_scan, "{filter}");
    }
}
