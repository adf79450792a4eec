//! Contacts: (g) deletes, (i) the company by domain, (l) unknown keys, (m) 64-bit ids, (n) stamps, (p) agents; and what a write may say.

use serde_json::{Value, json};

use crate::harness::Client;

fn ida() -> (Client, String) {
    let mut client = Client::new();
    let id = client.contact("Ida Kowalski", "ida@nordwerk.example");
    (client, format!("contacts/{id}"))
}

#[test]
fn a_put_is_partial_and_null_clears() {
    let (mut client, path) = ida();
    client.put(&path, json!({"phone": "030 1", "job_title": "Buyer", "tags": ["a", "b"], "other_emails": ["i@old.example"]}));
    client.pass(5);
    let view = client.put(&path, json!({"job_title": null, "tags": ["c"]})).body;
    assert_eq!((&view["job_title"], &view["phone"], &view["tags"]), (&Value::Null, &json!("030 1"), &json!(["c"])));
    assert_eq!(view["other_emails"], json!(["i@old.example"]));
    assert_eq!(client.put(&path, json!({"other_emails": []})).body["other_emails"], json!([]));
    assert_eq!(client.put(&path, json!({"phone": ""})).body["phone"], Value::Null);
}

#[test]
fn the_name_stays_and_so_does_one_way_to_reach_them() {
    let (mut client, path) = ida();
    assert_eq!(client.put(&path, json!({"name": null})).refusal(), (400, "name", "datatype_mismatch"));
    assert_eq!(client.put(&path, json!({"name": " "})).refusal(), (400, "name", "invalid_value"));
    assert_eq!(client.put(&path, json!({"email": null})).refusal(), (400, "email", "missing_field"));
    assert_eq!(client.put(&path, json!({"email": null, "unique_external_id": "003"})).status, 200);
    assert_eq!(client.post("contacts", json!({"name": "Bo"})).refusal(), (400, "email", "missing_field"));
    for key in ["email", "phone", "mobile", "twitter_id", "unique_external_id"] {
        let value = if key == "email" { "bo@b.example" } else { "77" };
        assert_eq!(client.post("contacts", json!({"name": "Bo", key: value})).status, 201, "{key}");
    }
}

#[test]
fn unknown_and_read_only_keys_are_refused_and_nothing_is_stored() {
    let (mut client, path) = ida();
    for key in ["shoe_size", "id", "created_at", "updated_at", "active", "first_name", "deleted", "contact_type"] {
        let answer = client.put(&path, json!({"job_title": "Buyer", key: "x"}));
        assert_eq!(answer.refusal(), (400, key, "invalid_field"));
    }
    assert_eq!(client.put(&path, json!({"custom_fields": {"nope": 1}})).refusal(), (400, "custom_fields.nope", "invalid_field"));
    assert_eq!(client.get(&path).body["job_title"], Value::Null);
    let view = client.get(&path).body;
    assert_eq!(client.put(&path, view).status, 400, "a view cannot be sent back");
}

#[test]
fn each_wrong_field_has_its_entry() {
    let answer = Client::new().post("contacts", json!({"email": "no address", "phone": 7, "shoe_size": 44, "company_id": 12}));
    let mut found: Vec<(&str, &str)> = Vec::new();
    for error in answer.body["errors"].as_array().unwrap() {
        found.push((error["field"].as_str().unwrap(), error["code"].as_str().unwrap()));
    }
    found.sort_unstable();
    let expected = [
        ("company_id", "invalid_value"),
        ("email", "invalid_value"),
        ("name", "missing_field"),
        ("phone", "datatype_mismatch"),
        ("shoe_size", "invalid_field"),
    ];
    assert_eq!((answer.status, found.as_slice()), (400, expected.as_slice()));
    assert!(!answer.text.contains("no address"), "a refusal names the field, not the value");
}

#[test]
fn types_and_lengths_are_checked() {
    let (mut client, path) = ida();
    for (key, value, code) in [
        ("job_title", json!("x".repeat(256)), "invalid_value"),
        ("tags", json!(["a,b"]), "invalid_value"),
        ("tags", json!(["x".repeat(33)]), "invalid_value"),
        ("tags", json!("a"), "datatype_mismatch"),
        ("other_emails", json!(["nope"]), "invalid_value"),
        ("company_id", json!("12"), "datatype_mismatch"),
        ("view_all_tickets", json!("yes"), "datatype_mismatch"),
        ("language", json!("xx"), "invalid_value"),
        ("time_zone", json!("Moon"), "invalid_value"),
        ("custom_fields", json!([]), "datatype_mismatch"),
    ] {
        assert_eq!(client.put(&path, json!({key: value})).refusal(), (400, key, code));
    }
    assert_eq!(client.put(&path, json!({"job_title": "x".repeat(255)})).status, 200);
}

#[test]
fn features_of_higher_plans_are_refused_without_them() {
    let mut client = Client::with(|profile| {
        (profile.multi_language, profile.multi_time_zone, profile.multiple_companies) = (false, false, false);
    });
    let path = format!("contacts/{}", client.contact("Ida", "ida@b.example"));
    for (key, value) in [("language", json!("de")), ("time_zone", json!("Berlin")), ("other_companies", json!([]))] {
        assert_eq!(client.put(&path, json!({key: value})).refusal(), (400, key, "inaccessible_field"));
    }
    assert!(client.get(&path).body.get("other_companies").is_none());
}

#[test]
fn text_and_addresses_are_stored_as_the_account_likes_them() {
    let mut client = Client::new();
    let view = client.post("contacts", json!({"name": " Ida ", "email": "Ida@Nordwerk.Example"})).body;
    assert_eq!((&view["name"], &view["email"]), (&json!("Ida"), &json!("ida@nordwerk.example")));
    let mut client = Client::with(|profile| (profile.trims_text, profile.lower_case_emails) = (false, false));
    let view = client.post("contacts", json!({"name": " Ida ", "email": "Ida@Nordwerk.Example"})).body;
    assert_eq!((&view["name"], &view["email"]), (&json!(" Ida "), &json!("Ida@Nordwerk.Example")));
}

#[test]
fn stamps_have_whole_seconds_and_move_only_with_a_change() {
    let (mut client, path) = ida();
    client.now = "2026-11-20T10:00:07.900Z".parse().unwrap();
    assert_eq!(client.put(&path, json!({"job_title": "Buyer"})).body["updated_at"], "2026-11-20T10:00:07Z");
    client.pass(60);
    let view = client.put(&path, json!({"job_title": "Buyer"})).body;
    assert_eq!((&view["updated_at"], &view["created_at"]), (&json!("2026-11-20T10:00:07Z"), &json!("2026-11-20T10:00:00Z")));
    assert_eq!(client.put(&path, json!({"tags": ["x"]})).body["updated_at"], "2026-11-20T10:01:07Z");
    let mut client = Client::with(|profile| profile.tags_bump_updated_at = false);
    let path = format!("contacts/{}", client.contact("Ida", "ida@b.example"));
    client.pass(9);
    assert_eq!(client.put(&path, json!({"tags": ["x"]})).body["updated_at"], "2026-11-20T10:00:00Z");
}

#[test]
fn ids_need_64_bits_and_repeat_with_the_seed() {
    let (client, _) = ida();
    let id = client.desk.contact_ids()[0];
    assert!(id > i64::from(u32::MAX));
    let organisation = client.desk.contact(id).unwrap()["org_contact_id"].as_i64().unwrap();
    assert!(organisation > 1 << 53, "beyond what a float holds");
    assert_eq!(Client::loaded(50, 5).desk.contact_ids(), Client::loaded(50, 5).desk.contact_ids());
}

#[test]
fn a_deleted_contact_can_be_read_restored_and_not_written() {
    let (mut client, path) = ida();
    client.pass(30);
    assert_eq!(client.delete(&path).status, 204);
    assert!(client.get("contacts").rows().is_empty());
    let view = client.get(&path).body;
    assert_eq!((&view["deleted"], &view["updated_at"]), (&json!(true), &json!("2026-11-20T10:00:30Z")));
    assert_eq!(client.get("contacts?state=deleted&updated_since=2026-11-20T10:00:30Z").rows().len(), 1);
    assert_eq!(client.put(&path, json!({"name": "Eve"})).status, 405);
    assert_eq!(client.delete(&path).status, 405);
    assert_eq!(client.put(&format!("{path}/restore"), json!({})).status, 204);
    assert_eq!(client.put(&format!("{path}/restore"), json!({})).status, 404);
    assert_eq!(client.get(&path).body["deleted"], false);
    assert_eq!(client.put(&path, json!({"name": "Eve"})).status, 200);
}

#[test]
fn a_blocked_contact_is_listed_apart_and_not_written() {
    let (mut client, path) = ida();
    let id = client.desk.contact_ids()[0];
    assert!(client.desk.block(client.now, id));
    assert!(client.get("contacts").rows().is_empty());
    assert_eq!(client.get("contacts?state=blocked").ids(), [id]);
    assert_eq!(client.put(&path, json!({"name": "Eve"})).status, 405);
    assert!(client.desk.unblock(client.now, id));
    assert_eq!(client.put(&path, json!({"name": "Eve"})).status, 200);
}

#[test]
fn a_hard_delete_leaves_no_trace() {
    let (mut client, path) = ida();
    let ticket = client.post("tickets", json!({"subject": "Hm", "email": "ida@nordwerk.example", "status": 2, "priority": 1})).id();
    assert_eq!(client.delete(&format!("{path}/hard_delete")).status, 400);
    client.delete(&path);
    assert_eq!(client.delete(&format!("{path}/hard_delete")).status, 204);
    assert_eq!(client.get(&path).status, 404);
    assert!(client.get("contacts?state=deleted").rows().is_empty());
    assert_eq!(client.get(&format!("tickets/{ticket}")).status, 404);
    assert_eq!(client.delete(&format!("{path}/hard_delete?force=true")).status, 404);
    let again = client.contact("Ida Kowalski", "ida@nordwerk.example");
    assert_eq!(client.delete(&format!("contacts/{again}/hard_delete?force=True")).status, 204);
}

#[test]
fn a_company_is_attached_by_domain_unasked() {
    let mut client = Client::new();
    let company = client.company("Nordwerk GmbH", &["nordwerk.example"]);
    let other = client.company("Helio AB", &["helio.example"]);
    let id = client.contact("Ida", "Ida@NORDWERK.example");
    let path = format!("contacts/{id}");
    assert_eq!(client.get(&path).body["company_id"], company);
    assert_eq!(client.put(&path, json!({"company_id": null})).body["company_id"], Value::Null, "detached");
    let moved = client.put(&path, json!({"email": "ida@helio.example"})).body;
    assert_eq!(moved["company_id"], other, "given an address at the domain");
    assert_eq!(client.put(&path, json!({"email": "ida@nordwerk.example"})).body["company_id"], other, "one that has a company keeps it");
    client.put(&format!("companies/{other}"), json!({"domains": []}));
    assert_eq!(client.get(&path).body["company_id"], other, "a domain that goes detaches nobody");
    let chosen = client.post("contacts", json!({"name": "Bo", "email": "bo@nordwerk.example", "company_id": other})).body;
    assert_eq!(chosen["company_id"], other);
}

#[test]
fn further_companies_are_replaced_as_a_whole() {
    let mut client = Client::new();
    let (a, b) = (client.company("A", &[]), client.company("B", &[]));
    let path = format!("contacts/{}", client.contact("Ida", "ida@b.example"));
    let view = client.put(&path, json!({"company_id": a, "view_all_tickets": true, "other_companies": [{"company_id": b}]})).body;
    assert_eq!(view["other_companies"], json!([{"company_id": b, "view_all_tickets": false}]));
    assert_eq!(view["view_all_tickets"], true);
    let refused = client.put(&path, json!({"other_companies": [{"company_id": 5}]}));
    assert_eq!(refused.refusal(), (400, "other_companies", "invalid_value"));
    assert_eq!(client.put(&path, json!({"other_companies": []})).body["other_companies"], json!([]));
}

#[test]
fn an_agent_is_no_contact_any_more() {
    let (mut client, path) = ida();
    client.put(&path, json!({"other_emails": ["i@old.example"]}));
    let id = client.desk.contact_ids()[0];
    assert!(client.desk.make_agent(id));
    assert_eq!(client.get(&path).status, 404);
    assert!(client.get("contacts").rows().is_empty());
    assert!(client.get("contacts?state=deleted").rows().is_empty());
    assert_eq!(client.get(&format!("agents/{id}")).body["contact"]["email"], "ida@nordwerk.example");
    let refused = client.post("contacts", json!({"name": "Ida", "email": "IDA@nordwerk.example"}));
    assert_eq!(refused.refusal(), (409, "email", "duplicate_value"));
    assert_eq!(refused.body["errors"][0]["additional_info"]["user_id"], id);
    assert_eq!(client.post("contacts", json!({"name": "Ida", "email": "i@old.example"})).status, 201, "further addresses are dropped");
}

#[test]
fn autocomplete_reads_the_beginnings_of_words() {
    let (mut client, _) = ida();
    client.contact("Jonas Kowal", "j@b.example");
    assert_eq!(client.get("contacts/autocomplete?term=KOW").names(), ["Ida Kowalski", "Jonas Kowal"]);
    assert_eq!(client.get("contacts/autocomplete?term=ida%20kow").names(), ["Ida Kowalski"]);
    assert!(client.get("contacts/autocomplete?term=owal").rows().is_empty());
}
