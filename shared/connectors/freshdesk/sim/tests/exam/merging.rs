//! Merges: the secondaries end up deleted, the primary has their addresses.

use serde_json::{Value, json};

use crate::harness::Client;

#[test]
fn the_losers_address_goes_to_the_winner() {
    let mut client = Client::new();
    let (a, b) = (client.contact("Ida", "ida@b.example"), client.contact("Ida K.", "ida@old.example"));
    let ticket = client.post("tickets", json!({"subject": "Hm", "requester_id": b})).id();
    client.pass(60);
    assert_eq!(client.post("contacts/merge", json!({"primary_contact_id": a, "secondary_contact_ids": [b]})).status, 204);
    let winner = client.get(&format!("contacts/{a}")).body;
    assert_eq!((&winner["email"], &winner["other_emails"]), (&json!("ida@b.example"), &json!(["ida@old.example"])));
    assert_eq!(winner["updated_at"], "2026-11-20T10:01:00Z");
    let loser = client.get(&format!("contacts/{b}")).body;
    assert_eq!((&loser["deleted"], &loser["email"]), (&json!(true), &Value::Null));
    assert_eq!(client.get("contacts?state=deleted").ids(), [b]);
    assert_eq!(client.get(&format!("tickets/{ticket}")).body["requester_id"], a);
    let refused = client.post("contacts", json!({"name": "Eve", "email": "ida@old.example"}));
    assert_eq!(refused.body["errors"][0]["additional_info"]["user_id"], a);
}

#[test]
fn what_both_have_must_be_chosen() {
    let mut client = Client::new();
    let company = client.company("A", &[]);
    let a = client.post("contacts", json!({"name": "Ida", "email": "ida@b.example", "phone": "1"})).id();
    let b = client
        .post("contacts", json!({"name": "Ida", "mobile": "3", "phone": "2", "unique_external_id": "003", "company_id": company}))
        .id();
    let ids = json!({"primary_contact_id": a, "secondary_contact_ids": [b]});
    assert_eq!(client.post("contacts/merge", ids.clone()).refusal(), (400, "contact.phone", "missing_field"));
    let mut body = ids;
    body["contact"] = json!({"phone": "9"});
    assert_eq!(client.post("contacts/merge", body.clone()).refusal(), (400, "contact.phone", "invalid_value"));
    assert_eq!(client.get(&format!("contacts/{b}")).body["deleted"], false, "nothing happened");
    body["contact"] = json!({"phone": "2"});
    assert_eq!(client.post("contacts/merge", body).status, 204);
    let winner = client.get(&format!("contacts/{a}")).body;
    assert_eq!((&winner["phone"], &winner["mobile"], &winner["unique_external_id"]), (&json!("2"), &json!("3"), &json!("003")));
    assert_eq!(winner["company_id"], company);
    assert_eq!(client.put(&format!("contacts/{b}/restore"), json!({})).status, 204);
    assert_eq!(client.get(&format!("contacts/{b}")).body["unique_external_id"], Value::Null, "a restore brings no duplicate");
}

#[test]
fn only_live_contacts_are_merged() {
    let mut client = Client::new();
    let (a, b) = (client.contact("Ida", "ida@b.example"), client.contact("Bo", "bo@b.example"));
    client.delete(&format!("contacts/{b}"));
    for (body, field) in [
        (json!({"primary_contact_id": a, "secondary_contact_ids": [b]}), "secondary_contact_ids"),
        (json!({"primary_contact_id": a, "secondary_contact_ids": [a]}), "secondary_contact_ids"),
        (json!({"primary_contact_id": a, "secondary_contact_ids": []}), "secondary_contact_ids"),
        (json!({"primary_contact_id": b, "secondary_contact_ids": [a]}), "primary_contact_id"),
        (json!({"secondary_contact_ids": [a]}), "primary_contact_id"),
    ] {
        let refused = client.post("contacts/merge", body);
        assert_eq!((refused.status, refused.refusal().1), (400, field));
    }
}
