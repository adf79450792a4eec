//! (f) 409: what must be unique, and who holds it.

use serde_json::json;

use crate::harness::Client;

#[test]
fn an_address_is_unique_over_primary_and_further_ones() {
    let mut client = Client::new();
    let id = client.post("contacts", json!({"name": "Ida", "email": "ida@b.example", "other_emails": ["ida@old.example"]})).id();
    for (body, field) in [
        (json!({"name": "Eve", "email": "IDA@b.example"}), "email"),
        (json!({"name": "Eve", "email": "ida@OLD.example"}), "email"),
        (json!({"name": "Eve", "phone": "1", "other_emails": ["ida@b.example"]}), "other_emails"),
    ] {
        let refused = client.post("contacts", body);
        assert_eq!(refused.refusal(), (409, field, "duplicate_value"));
        assert_eq!(refused.body["errors"][0]["additional_info"]["user_id"], id);
        assert_eq!(refused.body["description"], "Validation failed");
    }
    assert_eq!(client.desk.contact_count(), 1);
    let bo = client.contact("Bo", "bo@b.example");
    assert_eq!(client.put(&format!("contacts/{bo}"), json!({"email": "ida@old.example"})).refusal(), (409, "email", "duplicate_value"));
    let swapped = client.put(&format!("contacts/{id}"), json!({"email": "ida@old.example"})).body;
    assert_eq!((&swapped["email"], &swapped["other_emails"]), (&json!("ida@old.example"), &json!([])));
    assert_eq!(client.put(&format!("contacts/{bo}"), json!({"email": "ida@b.example"})).status, 200, "a swap gives the old one free");
}

#[test]
fn the_holder_may_be_deleted() {
    let mut client = Client::new();
    let id = client.contact("Ida", "ida@b.example");
    client.delete(&format!("contacts/{id}"));
    let refused = client.post("contacts", json!({"name": "Ida", "email": "ida@b.example"}));
    assert_eq!(refused.body["errors"][0]["additional_info"]["user_id"], id);
    assert_eq!(client.get(&format!("contacts/{id}")).body["deleted"], true);
    client.delete(&format!("contacts/{id}/hard_delete"));
    assert_eq!(client.post("contacts", json!({"name": "Ida", "email": "ida@b.example"})).status, 201);
}

#[test]
fn handles_external_ids_and_marked_fields_are_unique() {
    let mut client = Client::with(|profile| profile.mobile_unique = true);
    client.contact_field("Loyalty number", "custom_text", &json!({"unique": true}));
    client.contact_field("Nickname", "custom_text", &json!({}));
    let custom = json!({"loyalty_number": "L1", "nickname": "N"});
    let full = json!({"name": "Ida", "email": "ida@b.example", "twitter_id": "@ida", "unique_external_id": "003A", "mobile": "1",
        "phone": "2", "custom_fields": custom});
    client.post("contacts", full).id();
    for (key, value) in [("twitter_id", "@ida"), ("unique_external_id", "003A"), ("mobile", "1")] {
        let refused = client.post("contacts", json!({"name": "Eve", "email": "eve@b.example", key: value}));
        assert_eq!(refused.refusal(), (409, key, "duplicate_value"));
    }
    let refused = client.post("contacts", json!({"name": "Eve", "email": "eve@b.example", "custom_fields": {"loyalty_number": "L1"}}));
    assert_eq!(refused.refusal(), (409, "custom_fields.loyalty_number", "duplicate_value"));
    let shared = json!({"name": "Eve", "email": "eve@b.example", "phone": "2", "custom_fields": {"nickname": "N"}});
    assert_eq!(client.post("contacts", shared).status, 201, "the phone and an unmarked field may be shared");
}

#[test]
fn a_mobile_may_be_shared_where_the_account_lets_it() {
    let mut client = Client::new();
    for name in ["Ida", "Bo"] {
        assert_eq!(client.post("contacts", json!({"name": name, "mobile": "1"})).status, 201);
    }
}

#[test]
fn company_names_and_domains_are_unique() {
    let mut client = Client::new();
    let id = client.company("Nordwerk GmbH", &["nordwerk.example"]);
    let refused = client.post("companies", json!({"name": "NORDWERK gmbh"}));
    assert_eq!(refused.refusal(), (409, "name", "duplicate_value"));
    assert!(refused.body["errors"][0].get("additional_info").is_none());
    let refused = client.post("companies", json!({"name": "Helio AB", "domains": ["Nordwerk.example"]}));
    assert_eq!(refused.refusal(), (409, "domains", "duplicate_value"));
    assert!(refused.body["errors"][0]["message"].as_str().unwrap().contains(&id.to_string()), "the message names the owner");
    client.post("company_fields", json!({"label": "Salesforce Account ID", "type": "custom_text", "unique": true})).id();
    client.put(&format!("companies/{id}"), json!({"custom_fields": {"salesforce_account_id": "001"}})).id();
    let refused = client.post("companies", json!({"name": "Helio AB", "custom_fields": {"salesforce_account_id": "001"}}));
    assert_eq!(refused.refusal(), (409, "custom_fields.salesforce_account_id", "duplicate_value"));
    assert_eq!(client.desk.company_count(), 1);
}
