//! Tickets, as far as a sidebar reads them.

use serde_json::{Value, json};

use crate::harness::Client;

#[test]
fn a_ticket_shows_its_requester_and_company_and_counts_for_it() {
    let mut client = Client::with(|profile| profile.calls_per_minute = 100);
    let company = client.company("Nordwerk GmbH", &["nordwerk.example"]);
    let ida = client.contact("Ida", "ida@nordwerk.example");
    let made = client
        .post("tickets", json!({"subject": "Hm", "description": "Where?", "email": "IDA@nordwerk.example", "status": 2, "priority": 1}));
    assert_eq!((made.status, &made.body["requester_id"], &made.body["company_id"]), (201, &json!(ida), &json!(company)));
    let view = client.get(&format!("tickets/{}?include=requester,company", made.id()));
    assert_eq!(view.body["requester"], json!({"id": ida, "name": "Ida", "email": "ida@nordwerk.example", "mobile": null, "phone": null}));
    assert_eq!(view.body["company"], json!({"id": company, "name": "Nordwerk GmbH"}));
    assert_eq!(view.header("x-ratelimit-used-currentrequest"), Some("3"));
    assert_eq!(view.header("x-ratelimit-remaining"), Some("94"));
    assert!(client.get(&format!("tickets/{}", made.id())).body.get("requester").is_none());
}

#[test]
fn lists_are_filtered_and_forget_after_a_month() {
    let mut client = Client::new();
    let (ida, bo) = (client.contact("Ida", "ida@b.example"), client.contact("Bo", "bo@b.example"));
    let first = client.post("tickets", json!({"subject": "1", "requester_id": ida})).id();
    client.pass(40 * 86_400);
    let second = client.post("tickets", json!({"subject": "2", "requester_id": bo})).id();
    assert_eq!(client.get("tickets").ids(), [second]);
    assert_eq!(client.get("tickets?updated_since=2026-01-01T00:00:00Z").ids(), [second, first]);
    assert_eq!(client.get("tickets?updated_since=2026-01-01T00:00:00Z&order_type=asc&email=ida%40b.example").ids(), [first]);
    assert!(client.get(&format!("tickets?requester_id={ida}")).rows().is_empty());
    assert_eq!(client.get("tickets?include=requester").rows()[0]["requester"]["id"], bo);
    assert_eq!(client.get("tickets?page=301").status, 400);
}

#[test]
fn an_unknown_address_makes_a_contact() {
    let mut client = Client::new();
    let ticket = client.post("tickets", json!({"subject": "Hm", "email": "new@b.example"}));
    let contact = client.desk.contact_with_email("new@b.example").unwrap();
    assert_eq!(ticket.body["requester_id"], contact);
    assert_eq!(client.post("tickets", json!({"subject": "Hm"})).refusal(), (400, "requester_id", "missing_field"));
    assert_eq!(client.post("tickets", json!({"requester_id": 5})).refusal(), (400, "requester_id", "invalid_value"));
    assert_eq!(client.post("tickets", json!({"email": "a@b.example", "status": 77})).refusal(), (400, "status", "invalid_value"));
}

#[test]
fn tickets_are_changed_and_deleted() {
    let mut client = Client::loaded(120, 12);
    let all = client.get("tickets?updated_since=2020-01-01T00:00:00Z").ids();
    assert_eq!(all.len(), 3, "some came with the load");
    let path = format!("tickets/{}", all[0]);
    assert_eq!(client.put(&path, json!({"status": 5, "tags": ["done"]})).body["status"], 5);
    assert_eq!(client.delete(&path).status, 204);
    assert_eq!(client.get("tickets?filter=deleted&updated_since=2020-01-01T00:00:00Z").ids(), [all[0]]);
    assert_eq!(client.put(&path, json!({"status": 2})).status, 405);
    assert_eq!(client.get(&path).body["deleted"], Value::Bool(true));
}
