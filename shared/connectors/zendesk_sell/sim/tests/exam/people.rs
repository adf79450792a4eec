//! What people do in Sell's own screens.

use serde_json::{Map, json};
use syncline_simulator::{Fields, Users as _};

use crate::harness::Client;

#[test]
fn merging_keeps_the_survivor_and_leaves_a_note() {
    let mut client = Client::calm();
    let (kept, gone) = (client.person("Kept"), client.person("Gone"));
    client.put(&format!("v2/contacts/{gone}"), json!({"phone": "123"}));
    let deal = client.post("v2/deals", json!({"name": "Website", "contact_id": gone})).id();
    client.sell.merge(client.now, "contact", &kept.to_string(), &gone.to_string()).unwrap();
    assert_eq!(client.get(&format!("v2/contacts/{gone}")).status, 404);
    assert_eq!(client.get(&format!("v2/contacts/{kept}")).body["data"]["phone"], json!("123"));
    assert_eq!(client.get(&format!("v2/deals/{deal}")).body["data"]["contact_id"], json!(kept));
    let notes = client.get(&format!("v2/notes?resource_type=contact&resource_id={kept}"));
    assert_eq!(notes.body["items"][0]["data"]["content"], json!("Contact merged from the following data:\n\nLast name: Gone"));
    let (events, _) = client.drain("contacts", "tail");
    assert_eq!(events.last().unwrap()["meta"]["event_type"], json!("deleted"));
}

#[test]
fn people_type_in_persons_and_organizations_and_part_of_an_address() {
    let mut client = Client::new();
    let fields =
        |pairs: &[(&str, serde_json::Value)]| pairs.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect::<Fields>();
    let firm =
        client.sell.create(client.now, "organization", &fields(&[("name", json!("Acme")), ("address.city", json!("Lyon"))])).unwrap();
    let person = client.sell.create(client.now, "person", &fields(&[("last_name", json!("Brandt")), ("contact_id", json!(firm))])).unwrap();
    client.sell.edit(client.now, "organization", &firm, &fields(&[("address.line1", json!("Street 1"))])).unwrap();
    assert_eq!(client.sell.live("organization")[&firm]["address.city"], json!("Lyon"));
    assert_eq!(client.sell.live("person").keys().collect::<Vec<_>>(), [&person]);
    assert_eq!(client.sell.live("contact").len(), 2);
    client.sell.delete(client.now, "organization", &firm).unwrap();
    assert_eq!(client.sell.live("person")[&person]["contact_id"], json!(null));
    assert!(client.sell.restore(client.now, "organization", &firm).is_err());
}

#[test]
fn appointments_are_known_to_their_stream_alone() {
    let mut client = Client::calm();
    let fields: Map<String, serde_json::Value> = Map::from_iter([
        ("name".to_owned(), json!("Lunch")),
        ("start_at".to_owned(), json!("2026-11-21T12:00:00Z")),
        ("contexts".to_owned(), json!([{"id": 1, "contextable_id": 2, "contextable_type": "deal"}])),
    ]);
    let id = client.sell.appointment(client.now, None, &fields).unwrap();
    assert_eq!(client.get("v2/appointments").status, 404);
    let (events, _) = client.drain("appointments", "tail");
    assert_eq!((&events[0]["data"]["id"], &events[0]["data"]["name"]), (&json!(id), &json!("Lunch")));
    assert!(events[0]["data"].get("updated_at").is_none());
}

#[test]
fn a_legacy_account_becomes_one_of_the_platform() {
    let mut client = Client::with(|profile| profile.subdomain = None);
    assert_eq!(client.get("v2/accounts/self").body["data"]["subdomain"], json!(null));
    assert_eq!(client.get("v2/users/self").body["data"]["zendesk_user_id"], json!(null));
    client.sell.connect_to_zendesk("acme");
    assert_eq!(client.get("v2/accounts/self").body["data"]["subdomain"], json!("acme"));
    assert!(client.get("v2/users/self").body["data"]["zendesk_user_id"].is_string());
}

#[test]
fn who_leaves_stays_on_the_list() {
    let mut client = Client::new();
    let bo = client.sell.add_user("Bo", "bo@acme.example", false);
    client.sell.add_token("bos-token", bo);
    assert!(client.sell.deactivate_user(client.now, bo));
    assert_eq!(client.get(&format!("v2/users/{bo}")).body["data"]["status"], json!("inactive"));
    "bos-token".clone_into(&mut client.token);
    assert_eq!(client.get("v2/users/self").status, 401);
}
