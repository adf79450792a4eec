//! Companies: (h) the delete that nothing tells of, (k) the renewal date, lists, and what a write may say.

use serde_json::{Value, json};

use crate::harness::Client;

#[test]
fn a_deleted_company_is_gone_and_its_contacts_do_not_tell() {
    let mut client = Client::new();
    let (a, b) = (client.company("A", &["a.example"]), client.company("B", &["b.example"]));
    let ida = client.contact("Ida", "ida@a.example");
    let bo = client.post("contacts", json!({"name": "Bo", "email": "bo@b.example", "other_companies": [{"company_id": a}]})).id();
    client.pass(60);
    assert_eq!(client.delete(&format!("companies/{a}")).status, 204);
    assert_eq!(client.get(&format!("companies/{a}")).status, 404);
    assert_eq!(client.delete(&format!("companies/{a}")).status, 404);
    let ida = client.get(&format!("contacts/{ida}")).body;
    assert_eq!((&ida["company_id"], &ida["updated_at"]), (&Value::Null, &json!("2026-11-20T10:00:00Z")));
    let bo = client.get(&format!("contacts/{bo}")).body;
    assert_eq!((&bo["company_id"], &bo["other_companies"]), (&json!(b), &json!([])));
    assert!(client.get("contacts?updated_since=2026-11-20T10:00:30Z").rows().is_empty());
    assert!(client.get(&format!("contacts?company_id={a}")).rows().is_empty());
}

#[test]
fn a_renewal_date_goes_in_as_a_day_and_comes_back_as_a_moment() {
    let mut client = Client::new();
    let id = client.company("A", &[]);
    let path = format!("companies/{id}");
    assert_eq!(client.put(&path, json!({"renewal_date": "2027-03-31"})).body["renewal_date"], "2027-03-31T00:00:00Z");
    for wrong in ["2027-03-31T00:00:00Z", "31.03.2027", "2027-02-30"] {
        assert_eq!(client.put(&path, json!({"renewal_date": wrong})).refusal(), (400, "renewal_date", "invalid_value"));
    }
    assert_eq!(client.put(&path, json!({"renewal_date": null})).body["renewal_date"], Value::Null);
}

#[test]
fn values_outside_a_list_are_refused_with_the_list() {
    let mut client = Client::new();
    let refused = client.post("companies", json!({"name": "A", "health_score": "Great"}));
    assert_eq!(refused.refusal(), (400, "health_score", "invalid_value"));
    let message = refused.body["errors"][0]["message"].as_str().unwrap().to_owned();
    assert_eq!(message, "It should be one of these values: 'Happy,Doing okay,At risk'");
    let made =
        client.post("companies", json!({"name": "A", "health_score": "At risk", "account_tier": "Premium", "industry": "Logistics"}));
    assert_eq!(made.body["health_score"], "At risk");
    assert_eq!(made.header("location"), Some(format!("https://acme.freshdesk.com/api/v2/companies/{}", made.id()).as_str()));
}

#[test]
fn low_plans_lack_fields() {
    let mut client = Client::with(|profile| profile.company_plan_fields = false);
    let id = client.company("A", &[]);
    assert!(client.get(&format!("companies/{id}")).body.get("health_score").is_none());
    assert_eq!(client.put(&format!("companies/{id}"), json!({"industry": "Media"})).refusal(), (400, "industry", "invalid_field"));
    let fields = client.get("company_fields");
    assert!(!fields.names().contains(&"renewal_date".to_owned()));
}

#[test]
fn unknown_keys_missing_names_and_bad_domains_are_refused() {
    let mut client = Client::new();
    assert_eq!(client.post("companies", json!({"domains": []})).refusal(), (400, "name", "missing_field"));
    assert_eq!(client.post("companies", json!({"name": "A", "phone": "1"})).refusal(), (400, "phone", "invalid_field"));
    assert_eq!(client.post("companies", json!({"name": "A", "domains": ["a@b"]})).refusal(), (400, "domains", "invalid_value"));
    let id = client.company("A", &["a.example", "b.example"]);
    assert_eq!(client.put(&format!("companies/{id}"), json!({"domains": []})).body["domains"], json!([]));
    assert_eq!(client.put(&format!("companies/{id}"), json!({"name": null})).refusal(), (400, "name", "datatype_mismatch"));
    assert_eq!(client.put("companies/1", json!({"name": "A"})).status, 404);
}

#[test]
fn companies_are_listed_by_name_and_by_change() {
    let mut client = Client::loaded(0, 35);
    let first = client.get("companies");
    assert_eq!(first.rows().len(), 30);
    assert!(first.header("link").unwrap().contains("https://acme.freshdesk.com/api/v2/companies?page=2"));
    let second = client.get("companies?page=2");
    assert_eq!((second.rows().len(), second.header("link")), (5, None));
    client.pass(10);
    let id = first.ids()[3];
    client.put(&format!("companies/{id}"), json!({"note": "Called"}));
    assert_eq!(client.get(&format!("companies?updated_since={}", client.now)).ids(), [id]);
    assert_eq!(client.get("companies?state=deleted").refusal(), (400, "state", "invalid_field"));
}

#[test]
fn autocomplete_finds_a_company_by_the_words_of_its_name() {
    let mut client = Client::new();
    let id = client.company("Nordwerk Nord GmbH", &[]);
    client.company("Südwerk GmbH", &[]);
    let found = client.get("companies/autocomplete?name=nordwerk%20gmbh").body;
    assert_eq!(found, json!({"companies": [{"id": id, "name": "Nordwerk Nord GmbH"}]}));
    assert_eq!(client.get("companies/autocomplete?name=gmbh").body["companies"].as_array().unwrap().len(), 2);
}
