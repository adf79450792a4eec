//! (o) the fields' metadata in both shapes, custom fields of every type, and their life.

use serde_json::{Value, json};

use crate::harness::Client;

#[test]
fn metadata_has_two_shapes() {
    let field =
        |client: &mut Client| client.get("contact_fields").rows().iter().find(|field| field["name"] == "company_name").unwrap().clone();
    let today = field(&mut Client::new());
    assert_eq!((&today["type"], &today["required_for_agents"]), (&json!("default_company_name"), &json!(false)));
    let old = field(&mut Client::with(|profile| profile.old_metadata = true));
    assert_eq!((&old["field_type"], &old["required_for_agent"]), (&json!("default_company_name"), &json!(false)));
    assert!(old.get("type").is_none());
}

#[test]
fn old_accounts_have_the_old_contact() {
    let mut client = Client::with(|profile| profile.old_metadata = true);
    let id = client.contact("Ida", "ida@b.example");
    let view = client.get(&format!("contacts/{id}")).body;
    assert!(view.get("contact_type").is_none() && view.get("visitor_id").is_none());
    assert!(view.get("twitter_followers_count").is_some());
}

#[test]
fn default_fields_are_named_as_documented() {
    let mut client = Client::new();
    let names = client.get("contact_fields").names();
    for name in ["name", "job_title", "email", "phone", "mobile", "twitter_id", "company_name", "tag_names", "unique_external_id"] {
        assert!(names.contains(&name.to_owned()), "{name}");
    }
    let fields = client.get("contact_fields");
    let choices = |name: &str| fields.rows().iter().find(|field| field["name"] == name).unwrap()["choices"].clone();
    assert_eq!(choices("language")["German"], "de");
    assert_eq!(
        client.get("company_fields").names(),
        ["name", "description", "note", "domains", "health_score", "account_tier", "renewal_date", "industry"]
    );
}

#[test]
fn each_type_takes_its_values_and_no_others() {
    let mut client = Client::new();
    for kind in ["text", "paragraph", "checkbox", "number", "phone_number", "url", "date"] {
        client.contact_field(&format!("My {kind}"), &format!("custom_{kind}"), &json!({}));
    }
    let choices = json!({"choices": [{"value": "Gold", "position": 1}, {"value": "Silver", "position": 2}]});
    client.contact_field("My dropdown", "custom_dropdown", &choices);
    let path = format!("contacts/{}", client.contact("Ida", "ida@b.example"));
    let unset = client.get(&path).body["custom_fields"].clone();
    assert_eq!(unset.as_object().unwrap().len(), 8, "every defined field has its key");
    assert!(unset.as_object().unwrap().values().all(Value::is_null));
    for (key, good, bad, code) in [
        ("my_text", json!("a"), json!(1), "datatype_mismatch"),
        ("my_text", json!("a"), json!("x".repeat(256)), "invalid_value"),
        ("my_paragraph", json!("x".repeat(3000)), json!(true), "datatype_mismatch"),
        ("my_checkbox", json!(false), json!("false"), "datatype_mismatch"),
        ("my_number", json!(-7), json!("7"), "datatype_mismatch"),
        ("my_number", json!(7), json!(7.5), "datatype_mismatch"),
        ("my_dropdown", json!("Silver"), json!("Bronze"), "invalid_value"),
        ("my_phone_number", json!("+49 30 1"), json!(30), "datatype_mismatch"),
        ("my_url", json!("https://a.example"), json!("a.example"), "invalid_value"),
        ("my_date", json!("2026-11-20"), json!("2026-11-20T00:00:00Z"), "invalid_value"),
        ("my_date", json!("2026-11-20"), json!("20.11.2026"), "invalid_value"),
    ] {
        assert_eq!(client.put(&path, json!({"custom_fields": {key: good}})).body["custom_fields"][key], good);
        let refused = client.put(&path, json!({"custom_fields": {key: bad}}));
        assert_eq!(refused.refusal(), (400, format!("custom_fields.{key}").as_str(), code));
        assert_eq!(client.get(&path).body["custom_fields"][key], good);
        assert_eq!(client.get("contacts").rows()[0]["custom_fields"][key], good, "lists have them too");
    }
    let refused = client.put(&path, json!({"custom_fields": {"my_dropdown": "Bronze"}}));
    assert_eq!(refused.body["errors"][0]["message"], "It should be one of these values: 'Gold,Silver'");
    let cleared = client.put(&path, json!({"custom_fields": {"my_number": null}})).body;
    assert_eq!((&cleared["custom_fields"]["my_number"], &cleared["custom_fields"]["my_text"]), (&Value::Null, &json!("a")));
}

#[test]
fn fields_are_made_changed_and_removed() {
    let mut client = Client::new();
    let body = json!({"label": "Customer Segment!", "label_for_customers": "Segment", "type": "custom_dropdown",
        "choices": [{"value": "Gold"}, {"value": "Silver"}]});
    let made = client.post("contact_fields", body.clone());
    assert_eq!((made.status, &made.body["name"]), (201, &json!("customer_segment")));
    assert!(made.header("location").unwrap().ends_with(&format!("contact_fields/{}", made.id())));
    assert_eq!(client.post("contact_fields", body).refusal(), (409, "label", "duplicate_value"));
    let path = format!("contact_fields/{}", made.id());
    let gold = made.body["choices"][0]["id"].clone();
    let changed = client.put(&path, json!({"label": "Segment", "choices": [{"id": gold, "deleted": true}, {"value": "Bronze"}]})).body;
    assert_eq!(changed["name"], "customer_segment", "the name stays");
    let values: Vec<&Value> = changed["choices"].as_array().unwrap().iter().map(|choice| &choice["value"]).collect();
    assert_eq!(values, ["Silver", "Bronze"]);
    let contact = client.post("contacts", json!({"name": "Ida", "phone": "1", "custom_fields": {"customer_segment": "Silver"}})).id();
    assert_eq!(client.delete(&path).status, 204);
    assert_eq!(client.get(&path).status, 404);
    assert_eq!(client.get(&format!("contacts/{contact}")).body["custom_fields"], json!({}));
    client.contact_field("Customer segment", "custom_text", &json!({}));
    assert_eq!(client.get(&format!("contacts/{contact}")).body["custom_fields"], json!({"customer_segment": null}), "old values are gone");
}

#[test]
fn what_cannot_be_is_refused() {
    let mut client = Client::new();
    assert_eq!(
        client.post("contact_fields", json!({"label": "A", "type": "custom_text"})).refusal(),
        (400, "label_for_customers", "missing_field")
    );
    assert_eq!(client.post("company_fields", json!({"label": "A", "type": "multi"})).refusal(), (400, "type", "invalid_value"));
    let number = json!({"label": "A", "type": "custom_number", "unique": true});
    assert_eq!(client.post("company_fields", number).refusal(), (400, "unique", "incompatible_field"));
    assert_eq!(
        client.post("company_fields", json!({"label": "A", "type": "custom_dropdown"})).refusal(),
        (400, "choices", "missing_field")
    );
    let name = client.get("company_fields").ids()[0];
    assert_eq!(client.delete(&format!("company_fields/{name}")).status, 400);
}

#[test]
fn a_required_field_must_be_given() {
    let mut client = Client::new();
    client.contact_field("Segment", "custom_text", &json!({"required_for_agents": true}));
    let without = client.post("contacts", json!({"name": "Ida", "phone": "1"}));
    assert_eq!(without.refusal(), (400, "custom_fields.segment", "missing_field"));
    let id = client.post("contacts", json!({"name": "Ida", "phone": "1", "custom_fields": {"segment": "a"}})).id();
    assert_eq!(client.put(&format!("contacts/{id}"), json!({"job_title": "Buyer"})).status, 200);
    let cleared = client.put(&format!("contacts/{id}"), json!({"custom_fields": {"segment": null}}));
    assert_eq!(cleared.refusal(), (400, "custom_fields.segment", "invalid_value"));
}

#[test]
fn the_work_phone_can_be_made_unique() {
    let mut client = Client::new();
    let phone = client.get("contact_fields").rows().iter().find(|field| field["name"] == "phone").unwrap()["id"].clone();
    client.post("contacts", json!({"name": "Ida", "phone": "1"})).id();
    assert_eq!(client.put(&format!("contact_fields/{phone}"), json!({"unique": true})).body["unique"], true);
    assert_eq!(client.post("contacts", json!({"name": "Bo", "phone": "1"})).refusal(), (409, "phone", "duplicate_value"));
}
