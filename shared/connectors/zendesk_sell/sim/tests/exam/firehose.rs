//! Streams: positions, 72 hours, lulls, repeats, and the plan.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use syncline_zendesk_sell_sim::{CustomField, DeletedBody, Plan, PlanRefusal};

use crate::harness::Client;

#[test]
fn a_stream_tells_what_happened_since_its_position() {
    let mut client = Client::calm();
    client.sell.add_custom_field("contact", CustomField::new("Tier", "string")).unwrap();
    client.person("Before");
    let (_, top) = client.drain("contacts", "top");
    let id = client.post("v2/contacts", json!({"last_name": "Example", "tags": ["vip"], "custom_fields": {"Tier": "Gold"}})).id();
    client.put(&format!("v2/contacts/{id}"), json!({"title": "Buyer"}));
    client.delete(&format!("v2/contacts/{id}"));
    let (events, position) = client.drain("contacts", &top);
    let told: Vec<(&str, i64)> =
        events.iter().map(|event| (event["meta"]["event_type"].as_str().unwrap(), event["meta"]["sequence"].as_i64().unwrap())).collect();
    assert_eq!(told, [("created", 1), ("updated", 2), ("deleted", 3)]);
    let data = &events[0]["data"];
    assert_eq!((&data["tags"][0]["data"]["name"], &data["custom_field_values"][0]["value"]), (&json!("vip"), &json!("Gold")));
    assert!(data.get("updated_at").is_none() && data.get("custom_fields").is_none());
    assert_eq!(events[1]["meta"]["previous"], json!({"title": null}));
    assert_eq!(events[2]["data"], json!({"id": id}));
    assert_eq!(client.drain("contacts", &position).0, Vec::<Value>::new());
    assert_eq!(client.drain("contacts", "tail").0.len(), 4);
}

#[test]
fn an_unkind_stream_loses_nothing_and_keeps_the_order_of_each_row() {
    let mut client = Client::with(|profile| profile.deleted_events = DeletedBody::LastSnapshot);
    let (_, top) = client.drain("contacts", "top");
    let ids: Vec<i64> = (0..30).map(|number| client.person(&format!("Example{number}"))).collect();
    for id in &ids {
        client.put(&format!("v2/contacts/{id}"), json!({"title": "Buyer"}));
    }
    client.delete(&format!("v2/contacts/{}", ids[0]));
    // Nothing of it can be seen at once.
    assert_eq!(client.drain("contacts", &top).0, Vec::<Value>::new());
    client.pass(3);
    let (events, _) = client.drain("contacts", &top);
    let mut sequences: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
    for event in &events {
        sequences.entry(event["data"]["id"].as_i64().unwrap()).or_default().push(event["meta"]["sequence"].as_i64().unwrap());
    }
    assert!(events.len() > 61, "{} events, some of them twice", events.len());
    for (id, sequence) in sequences {
        let distinct: BTreeSet<i64> = sequence.iter().copied().collect();
        assert_eq!(distinct.len(), if id == ids[0] { 3 } else { 2 });
    }
    let seen: Vec<i64> = events.iter().map(|event| event["data"]["id"].as_i64().unwrap()).collect();
    assert!(!seen.is_sorted(), "rows change places");
}

#[test]
fn an_empty_page_is_not_the_end() {
    let mut client = Client::with(|profile| (profile.firehose_lag_s, profile.firehose_empty_every) = (0, 2));
    client.person("Example");
    let pages: Vec<(usize, Value)> = (0..2)
        .map(|_| {
            let page = client.get("v3/contacts/stream?position=tail");
            (page.ids().len(), page.body["meta"]["top"].clone())
        })
        .collect();
    assert_eq!(pages, [(1, json!(true)), (0, json!(false))]);
}

#[test]
fn a_position_older_than_72_hours_is_gone() {
    let mut client = Client::calm();
    client.person("Example");
    let (_, top) = client.drain("contacts", "top");
    client.pass(72 * 3_600);
    assert_eq!(client.drain("contacts", &top).0, Vec::<Value>::new());
    client.pass(1);
    assert_eq!(client.get(&format!("v3/contacts/stream?position={top}")).status, 410);
    assert_eq!(client.drain("contacts", "tail").0, Vec::<Value>::new());
    assert_eq!(client.get("v3/contacts/stream?position=nonsense").refusal(), (400, "invalid_param", ""));
    assert_eq!(client.get("v3/contacts/stream").refusal(), (400, "invalid_param", ""));
    assert_eq!(client.get("v3/sequences/stream?position=top").refusal(), (404, "incorrect_path", ""));
}

#[test]
fn the_plan_and_the_user_decide_who_reads_streams() {
    let mut client = Client::with(|profile| profile.plan = Plan::Team);
    assert_eq!(client.get("v3/contacts/stream?position=top").refusal(), (403, "insufficient_scope", ""));
    assert_eq!(client.post("v2/sync/start", json!({})).status, 403);
    client.person("Early");
    client.sell.upgrade();
    client.pass(10);
    let (events, position) = client.drain("contacts", "tail");
    assert_eq!(events, Vec::<Value>::new());
    client.sell.downgrade();
    assert_eq!(client.get(&format!("v3/contacts/stream?position={position}")).status, 403);
    client.sell.upgrade();
    assert_eq!(client.get(&format!("v3/contacts/stream?position={position}")).status, 410);
    let seller = client.sell.add_user("Bo Seller", "bo@acme.example", true);
    client.sell.add_token("bos-token", seller);
    "bos-token".clone_into(&mut client.token);
    assert_eq!(client.get("v3/contacts/stream?position=top").refusal(), (403, "insufficient_scope", ""));
    assert_eq!(client.get("v2/contacts").status, 200);
}

#[test]
fn a_plan_may_refuse_without_a_word() {
    let mut client = Client::with(|profile| (profile.plan, profile.plan_refusal) = (Plan::Team, PlanRefusal::Bare));
    let refused = client.get("v3/contacts/stream?position=top");
    assert_eq!((refused.status, refused.text.as_str()), (403, ""));
}
