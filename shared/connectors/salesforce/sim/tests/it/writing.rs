//! (g) single writes, (h) collections and composite, (i) rules, (j) locks, (k) preconditions, (o) triggers, (p) multi-select lists,
//! (q) short ids, (r) commit, then 503.

use serde_json::json;
use syncline_salesforce_sim::{DuplicateRule, Profile, Rewrite, Trigger};

use crate::desk::{Desk, at, profile};

#[test]
fn g_upsert_creates_then_updates_and_update_only_refuses() {
    let mut desk = Desk::new(Profile::default());
    desk.external_id_on_contact();
    let path = "sobjects/Contact/Freshdesk_Id__c/82001930215";
    assert_eq!(desk.call("PATCH", &format!("{path}?updateOnly=true"), &json!({ "LastName": "Rao" })).status, 404);
    let created = desk.call("PATCH", path, &json!({ "LastName": "Rao" }));
    assert_eq!((created.status, &created.body["created"]), (201, &json!(true)));
    let updated = desk.call("PATCH", path, &json!({ "LastName": "Rao", "Title": "Boss" }));
    assert_eq!((updated.status, &updated.body["created"], &updated.body["id"]), (200, &json!(false), &created.body["id"]));
    assert_eq!(desk.get(&format!("{path}?fields=Id,SystemModstamp")).status, 200);
    let repeated = desk.call("PATCH", path, &json!({ "LastName": "Rao", "Freshdesk_Id__c": "82001930215" }));
    assert_eq!(repeated.code(), "INVALID_FIELD");
    let old = desk.send("PATCH", "/services/data/v45.0/sobjects/Contact/Freshdesk_Id__c/82001930215", r#"{"Title":"x"}"#);
    assert_eq!((old.status, old.text.as_str()), (204, ""));
    assert_eq!(desk.call("PATCH", "sobjects/Contact/Title/x", &json!({})).code(), "NOT_FOUND");
    for broken in ["a%2Fb", "a.json", "a.inc"] {
        assert_eq!(desk.call("PATCH", &format!("sobjects/Contact/Freshdesk_Id__c/{broken}"), &json!({ "LastName": "x" })).status, 404);
    }
}

#[test]
fn g_several_matches_are_a_300() {
    let mut desk = Desk::new(Profile::default());
    for _ in 0..2 {
        desk.create("Contact", &json!({ "LastName": "Rao", "Email": "rao@helio.example" }));
    }
    let answer = desk.call("PATCH", "sobjects/Contact/Email/RAO%40helio.example", &json!({ "Title": "x" }));
    assert_eq!((answer.status, answer.body.as_array().unwrap().len()), (300, 2));
}

#[test]
fn g_text_is_trimmed_and_empty_text_is_null() {
    let mut desk = Desk::new(Profile::default());
    let id = desk.create("Contact", &json!({ "LastName": "  Rao ", "Title": "x", "Birthdate": "2026-01-02", "LeadSource": "Fair" }));
    desk.call("PATCH", &format!("sobjects/Contact/{}", &id[..15]), &json!({ "Title": "", "Department": null }));
    let record = desk.org.record("Contact", &id).unwrap();
    assert_eq!((&record["LastName"], &record["Title"], &record["DoNotCall"]), (&json!("Rao"), &json!(null), &json!(false)));
    assert_eq!((&record["LeadSource"], &record["Name"]), (&json!("Fair"), &json!("Rao")));
}

#[test]
fn g_a_parent_is_named_by_its_external_id() {
    let mut desk = Desk::new(Profile::default());
    desk.org.add_custom_field("Account", "Company_Id__c", &json!({ "type": "Text", "length": 40, "externalId": true, "unique": true }));
    let account = desk.create("Account", &json!({ "Name": "Helio", "Company_Id__c": "820" }));
    let contact = desk.create("Contact", &json!({ "LastName": "Rao", "Account": { "Company_Id__c": "820" } }));
    assert_eq!(desk.org.record("Contact", &contact).unwrap()["AccountId"], json!(account));
    let unknown = desk.call("POST", "sobjects/Contact", &json!({ "LastName": "Rao", "Account": { "Company_Id__c": "821" } }));
    assert_eq!(unknown.body[0]["message"], "Foreign key external ID: 821 not found for field Company_Id__c in entity Account");
}

#[test]
fn h_attributes_come_first_and_only_that_row_fails() {
    let mut desk = Desk::new(Profile::default());
    let body = r#"{"records":[{"LastName":"a","attributes":{"type":"Contact"}},{"attributes":{"type":"Contact"},"LastName":"b"}]}"#;
    let answer = desk.send("POST", "/services/data/v66.0/composite/sobjects", body);
    assert_eq!((answer.status, &answer.body[0]["errors"][0]["statusCode"]), (200, &json!("JSON_PARSER_ERROR")));
    assert_eq!((&answer.body[1]["success"], desk.org.count("Contact")), (&json!(true), 1));
}

#[test]
fn h_all_or_none_takes_back_and_still_shows_the_ids_of_updates() {
    let mut desk = Desk::with_people(2);
    let ids = desk.org.ids("Contact");
    let rows = [format!(r#""id":"{}","Title":"new""#, ids[0]), format!(r#""id":"{}","LastName":null"#, ids[1])];
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    let answer = desk.rows("PATCH", "composite/sobjects", true, "Contact", &rows);
    let first = &answer.body[0];
    assert_eq!((&first["success"], &first["id"]), (&json!(false), &json!(ids[0])));
    assert_eq!(first["errors"][0]["statusCode"], "ALL_OR_NONE_OPERATION_ROLLED_BACK");
    assert_ne!(desk.org.record("Contact", &ids[0]).unwrap()["Title"], "new");
    let answer = desk.rows("PATCH", "composite/sobjects", false, "Contact", &rows);
    assert_eq!((&answer.body[0]["success"], &answer.body[1]["errors"][0]["statusCode"]), (&json!(true), &json!("REQUIRED_FIELD_MISSING")));
    assert_eq!(answer.body[0]["errors"], json!([]));
}

#[test]
fn h_sizes_chunks_repeats_and_malformed_ids() {
    let mut desk = Desk::with_people(1);
    let id = desk.org.ids("Contact").remove(0);
    assert_eq!(desk.rows("POST", "composite/sobjects", false, "Contact", &[r#""LastName":"a""#; 201]).code(), "EXCEEDED_ID_LIMIT");
    assert_eq!(desk.rows("POST", "composite/sobjects", false, "Contact", &[r#""LastName":"a""#; 200]).body[199]["success"], true);
    let mixed: Vec<String> = (0..11)
        .map(|n| format!(r#"{{"attributes":{{"type":"{}"}},"LastName":"a"}}"#, if n % 2 == 0 { "Contact" } else { "Lead" }))
        .collect();
    let answer = desk.send("POST", "/services/data/v66.0/composite/sobjects", format!(r#"{{"records":[{}]}}"#, mixed.join(",")));
    assert_eq!(answer.code(), "LIMIT_EXCEEDED");
    let same = format!(r#""id":"{id}","Title":"a""#);
    let short = format!(r#""id":"{}","Title":"b""#, &id[..15]);
    let answer = desk.rows("PATCH", "composite/sobjects", false, "Contact", &[&same, &short, r#""id":"junk","Title":"c""#]);
    assert_eq!((&answer.body[0]["success"], &answer.body[1]["errors"][0]["statusCode"]), (&json!(true), &json!("DUPLICATE_VALUE")));
    assert_eq!(answer.body[2]["errors"][0]["statusCode"], "MALFORMED_ID");
}

#[test]
fn h_collections_upsert_read_and_delete() {
    let mut desk = Desk::new(Profile::default());
    desk.external_id_on_contact();
    let rows =
        [r#""Freshdesk_Id__c":"1","LastName":"a""#, r#""Freshdesk_Id__c":"2","LastName":"b""#, r#""Freshdesk_Id__c":"2","LastName":"c""#];
    let path = "composite/sobjects/Contact/Freshdesk_Id__c";
    let answer = desk.rows("PATCH", path, false, "Contact", &rows);
    assert_eq!((&answer.body[0]["created"], &answer.body[2]["errors"][0]["statusCode"]), (&json!(true), &json!("DUPLICATE_VALUE")));
    let answer = desk.rows("PATCH", path, false, "Contact", &rows[..2]);
    assert_eq!((&answer.body[0]["created"], &answer.body[1]["created"]), (&json!(false), &json!(true)));
    let ids: Vec<String> = answer.body.as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect();
    let read =
        desk.call("POST", "composite/sobjects/Contact", &json!({ "ids": [ids[1], "003Sy0000000000AAA", ids[0]], "fields": ["LastName"] }));
    assert_eq!(read.status, 400, "a wrong check is malformed: {}", read.text);
    let read = desk.get(&format!("composite/sobjects/Contact?ids={},{}&fields=LastName", ids[1], ids[0]));
    assert_eq!((&read.body[0]["LastName"], &read.body[1]["LastName"]), (&json!("b"), &json!("a")));
    let gone = desk.send("DELETE", &format!("/services/data/v66.0/composite/sobjects?ids={},{}&allOrNone=false", ids[0], ids[0]), "");
    assert_eq!((&gone.body[0]["success"], &gone.body[1]["errors"][0]["statusCode"]), (&json!(true), &json!("ENTITY_IS_DELETED")));
}

#[test]
fn h_composite_passes_references_and_halts() {
    let mut desk = Desk::new(Profile::default());
    let part = |method: &str, url: &str, id: &str, body: serde_json::Value| json!({ "method": method, "url": format!("/services/data/v66.0/{url}"), "referenceId": id, "body": body });
    let good = json!({ "allOrNone": true, "compositeRequest": [
        part("POST", "sobjects/Account", "account", json!({ "Name": "Helio" })),
        part("POST", "sobjects/Contact", "contact", json!({ "LastName": "Rao", "AccountId": "@{account.id}" })),
        part("GET", "query?q=SELECT+Account.Name+FROM+Contact+WHERE+Id='@{contact.id}'", "read", json!(null)),
        part("PATCH", "sobjects/Contact/@{read.records[0].attributes.url}", "odd", json!({})),
    ] });
    let answer = desk.call("POST", "composite", &good);
    let statuses: Vec<_> =
        answer.body["compositeResponse"].as_array().unwrap().iter().map(|part| part["httpStatusCode"].as_u64().unwrap()).collect();
    assert_eq!((statuses, desk.org.count("Contact")), (vec![400, 400, 400, 404], 0));
    let mut kind = good.clone();
    kind["compositeRequest"].as_array_mut().unwrap().pop();
    let answer = desk.call("POST", "composite", &kind);
    assert_eq!(answer.body["compositeResponse"][2]["body"]["records"][0]["Account"]["Name"], "Helio");
    assert_eq!(
        answer.body["compositeResponse"][0]["httpHeaders"]["Location"].as_str().map(|url| &url[..36]),
        Some("/services/data/v66.0/sobjects/Accoun")
    );
    let unknown = json!({ "compositeRequest": [part("GET", "sobjects/Contact/@{nothing.id}", "a", json!(null))] });
    let answer = desk.call("POST", "composite", &unknown);
    assert_eq!(answer.body["compositeResponse"][0]["body"][0]["errorCode"], "PROCESSING_HALTED");
    let many = json!({ "compositeRequest": (0..6).map(|n| part("GET", "query?q=SELECT+Id+FROM+Contact", &format!("r{n}"), json!(null))).collect::<Vec<_>>() });
    assert_eq!(desk.call("POST", "composite", &many).status, 400);
}

#[test]
fn h_batch_halts_and_graph_rolls_back() {
    let mut desk = Desk::new(Profile::default());
    let batch = json!({ "haltOnError": true, "batchRequests": [
        { "method": "POST", "url": "v66.0/sobjects/Contact", "richInput": { "LastName": "Rao" } },
        { "method": "GET", "url": "v66.0/sobjects/Nothing/describe" },
        { "method": "GET", "url": "v66.0/limits" },
    ] });
    let answer = desk.call("POST", "composite/batch", &batch);
    let statuses: Vec<_> = answer.body["results"].as_array().unwrap().iter().map(|part| part["statusCode"].as_u64().unwrap()).collect();
    assert_eq!((statuses, &answer.body["hasErrors"]), (vec![201, 404, 412], &json!(true)));
    let node = |name: &str, body: serde_json::Value| json!({ "method": "POST", "url": "/services/data/v66.0/sobjects/Contact", "referenceId": name, "body": body });
    let graphs = json!({ "graphs": [
        { "graphId": "1", "compositeRequest": [node("a", json!({ "LastName": "A" }))] },
        { "graphId": "2", "compositeRequest": [node("b", json!({ "LastName": "B" })), node("c", json!({}))] },
    ] });
    let answer = desk.call("POST", "composite/graph", &graphs);
    assert_eq!((&answer.body["graphs"][0]["isSuccessful"], &answer.body["graphs"][1]["isSuccessful"]), (&json!(true), &json!(false)));
    assert_eq!(desk.org.count("Contact"), 2);
}

#[test]
fn i_values_are_checked() {
    let mut desk = Desk::with_people(10);
    let account = desk.org.ids("Account").remove(0);
    let contact = desk.org.ids("Contact").remove(0);
    for (object, body, code, field) in [
        ("Contact", json!({ "FirstName": "x" }), "REQUIRED_FIELD_MISSING", "LastName"),
        ("Contact", json!({ "LastName": "x".repeat(81) }), "STRING_TOO_LONG", "LastName"),
        ("Contact", json!({ "LastName": "x", "Email": "nobody@" }), "INVALID_EMAIL_ADDRESS", "Email"),
        ("Contract", json!({ "AccountId": account, "Status": "Sleeping" }), "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "Status"),
        ("Contract", json!({ "AccountId": account, "Status": "Activated" }), "FAILED_ACTIVATION", "Status"),
        ("Contact", json!({ "LastName": "x", "MasterRecordId": contact }), "INVALID_FIELD_FOR_INSERT_UPDATE", "MasterRecordId"),
        ("Contact", json!({ "LastName": "x", "AccountId": contact }), "MALFORMED_ID", "AccountId"),
        ("Contact", json!({ "LastName": "x", "AccountId": "001Sy000000zzzz" }), "INVALID_CROSS_REFERENCE_KEY", "AccountId"),
        ("Opportunity", json!({ "Name": "x", "StageName": "Prospecting" }), "REQUIRED_FIELD_MISSING", "CloseDate"),
        ("Contact", json!({ "LastName": 5 }), "JSON_PARSER_ERROR", ""),
        ("Contact", json!({ "LastName": "x", "DoNotCall": null }), "JSON_PARSER_ERROR", ""),
    ] {
        let answer = desk.call("POST", &format!("sobjects/{object}"), &body);
        assert_eq!((answer.status, answer.code(), answer.body[0]["fields"][0].as_str().unwrap_or("")), (400, code, field), "{body}");
    }
    let agreement = desk.create("Contract", &json!({ "AccountId": account, "StartDate": "2026-01-31", "ContractTerm": 12 }));
    let agreement = desk.org.record("Contract", &agreement).unwrap();
    assert_eq!(
        (&agreement["EndDate"], &agreement["Status"], &agreement["StatusCode"]),
        (&json!("2027-01-30"), &json!("Draft"), &json!("Draft"))
    );
}

#[test]
fn i_duplicate_rules_alert_or_block() {
    let rao = json!({ "LastName": "Rao", "Email": "rao@helio.example" });
    for (rule, saved) in [(DuplicateRule::Alert, 201), (DuplicateRule::Block, 400)] {
        let mut desk = Desk::new(profile(|profile| profile.duplicate_rule = rule));
        let first = desk.create("Contact", &rao);
        let refused = desk.call("POST", "sobjects/Contact", &rao);
        assert_eq!(
            (refused.status, refused.code(), &refused.body[0]["message"]),
            (400, "DUPLICATES_DETECTED", &json!("Use one of these records?"))
        );
        let found = &refused.body[0]["duplicateResult"]["matchResults"][0]["matchRecords"][0];
        assert_eq!((&found["record"]["Id"], &found["matchConfidence"]), (&json!(first), &json!(100.0)));
        let header = ("sforce-duplicate-rule-header", "allowSave=true; includeRecordDetails=true; runAsCurrentUser=true".to_owned());
        assert_eq!(desk.call_with(header, "POST", "sobjects/Contact", &rao).status, saved);
        let rows = desk.rows("POST", "composite/sobjects", false, "Contact", &[r#""LastName":"x","Email":"RAO@helio.example""#]);
        assert_eq!(
            rows.body[0]["errors"],
            json!([{ "statusCode": "DUPLICATES_DETECTED", "message": "Use one of these records?", "fields": [] }])
        );
    }
}

#[test]
fn i_q_unique_values_name_the_holder_by_its_short_id() {
    let mut desk = Desk::new(profile(|profile| profile.commit_lag_s = 60));
    desk.external_id_on_contact();
    let holder = desk.create("Contact", &json!({ "LastName": "a", "Freshdesk_Id__c": "Ab1" }));
    let refused = desk.call("POST", "sobjects/Contact", &json!({ "LastName": "b", "Freshdesk_Id__c": "aB1" }));
    let said = format!("duplicate value found: Freshdesk_Id__c duplicates value on record with id: {}", &holder[..15]);
    assert_eq!((refused.code(), refused.body[0]["message"].as_str()), ("DUPLICATE_VALUE", Some(said.as_str())));
    let now = desk.now();
    desk.org.save_slowly("Contact", None, &json!({ "LastName": "c", "Freshdesk_Id__c": "9" }), now).unwrap();
    let refused = desk.call("PATCH", "sobjects/Contact/Freshdesk_Id__c/9", &json!({ "LastName": "d" }));
    assert!(refused.body[0]["message"].as_str().unwrap().ends_with("<unknown>"));
}

#[test]
fn j_a_locked_account_refuses_its_children_until_then() {
    let mut desk = Desk::with_people(20);
    let account = desk.org.ids("Account").remove(0);
    let until = at(desk.now + 10);
    desk.org.lock_account(&account, until);
    let refused = desk.call("POST", "sobjects/Contact", &json!({ "LastName": "x", "AccountId": account }));
    assert_eq!((refused.status, refused.code()), (400, "UNABLE_TO_LOCK_ROW"));
    assert!(refused.body[0]["message"].as_str().unwrap().ends_with(&account));
    assert_eq!(desk.call("PATCH", &format!("sobjects/Account/{account}"), &json!({ "Site": "x" })).code(), "UNABLE_TO_LOCK_ROW");
    desk.now += 10;
    assert_eq!(desk.call("POST", "sobjects/Contact", &json!({ "LastName": "x", "AccountId": account })).status, 201);
}

#[test]
fn j_locks_by_profile() {
    let mut desk = Desk::new(profile(|profile| profile.lock_every = 3)).filled(10);
    let ids = desk.org.ids("Contact");
    let statuses: Vec<u16> =
        ids[..6].iter().map(|id| desk.call("PATCH", &format!("sobjects/Contact/{id}"), &json!({ "Title": "x" })).status).collect();
    assert_eq!(statuses, [204, 204, 400, 204, 204, 400]);
}

#[test]
fn k_if_unmodified_since_looks_at_the_system_stamp() {
    let mut desk = Desk::with_people(1);
    let id = desk.org.ids("Contact").remove(0);
    let path = format!("sobjects/Contact/{id}");
    let seen = desk.get(&path).header("last-modified").unwrap().to_owned();
    let now = desk.now();
    desk.org.touch("Contact", &id, now);
    let write =
        |desk: &mut Desk, since: &str| desk.call_with(("if-unmodified-since", since.to_owned()), "PATCH", &path, &json!({ "Title": "x" }));
    assert_eq!(write(&mut desk, &seen).status, 412);
    assert_eq!(write(&mut desk, "Fri, 20 Nov 2026 10:40:00 GMT").status, 204);
    assert_eq!(write(&mut desk, "yesterday").status, 400);
    let unchanged = desk.call_with(("if-modified-since", "Fri, 20 Nov 2026 10:40:00 GMT".into()), "GET", &path, &json!(null));
    assert_eq!((unchanged.status, unchanged.text.as_str()), (304, ""));
}

#[test]
fn k_only_accounts_have_an_etag() {
    let mut desk = Desk::with_people(1);
    let contact = desk.org.ids("Contact").remove(0);
    let path = format!("sobjects/Account/{}", desk.org.ids("Account")[0]);
    assert_eq!(desk.get(&format!("sobjects/Contact/{contact}")).header("etag"), None);
    let tag = desk.get(&path).header("etag").unwrap().to_owned();
    assert_eq!(desk.call_with(("if-none-match", tag.clone()), "GET", &path, &json!(null)).status, 304);
    assert_eq!(desk.call_with(("if-match", tag.clone()), "PATCH", &path, &json!({ "Site": "x" })).status, 204);
    assert_eq!(desk.call_with(("if-match", tag), "PATCH", &path, &json!({ "Site": "y" })).status, 412);
}

#[test]
fn o_triggers_rewrite_what_was_saved() {
    let trigger = |field: &str, rewrite| Trigger { object: "Contact".into(), field: field.into(), rewrite };
    let triggers = vec![trigger("LastName", Rewrite::UpperCase), trigger("Phone", Rewrite::PhoneDigits)];
    let mut desk = Desk::new(profile(|profile| profile.triggers = triggers));
    let id = desk.create("Contact", &json!({ "LastName": "Rao", "Phone": "+49 (30) 1234" }));
    let record = desk.org.record("Contact", &id).unwrap();
    assert_eq!((&record["LastName"], &record["Phone"]), (&json!("RAO"), &json!("+49301234")));
}

#[test]
fn p_multi_select_values_come_back_in_the_lists_order() {
    let mut desk = Desk::new(profile(|profile| profile.reorders_multipicklist = true));
    let values = json!({ "restricted": true, "valueSetDefinition": { "value": [{ "fullName": "Pumps" }, { "fullName": "Valves" }, { "fullName": "Pipes" }] } });
    desk.org.add_custom_field("Contact", "Interests__c", &json!({ "type": "MultiselectPicklist", "valueSet": values }));
    let id = desk.create("Contact", &json!({ "LastName": "Rao", "Interests__c": "Pipes;Pumps" }));
    assert_eq!(desk.org.record("Contact", &id).unwrap()["Interests__c"], "Pumps;Pipes");
    let refused = desk.call("PATCH", &format!("sobjects/Contact/{id}"), &json!({ "Interests__c": "Pumps;Cats" }));
    assert_eq!(refused.code(), "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST");
}

#[test]
fn r_a_write_is_committed_and_its_answer_is_a_503() {
    let mut desk = Desk::new(Profile::default());
    desk.org.unavailable_after_commit("sobjects/Contact");
    let answer = desk.call("POST", "sobjects/Contact", &json!({ "LastName": "Rao" }));
    assert_eq!((answer.status, answer.code(), desk.org.count("Contact")), (503, "SERVER_UNAVAILABLE", 1));
    assert_eq!(desk.call("POST", "sobjects/Contact", &json!({ "LastName": "Rao" })).status, 201);
}
