//! The Sync API: sessions, acknowledgements, and what comes again.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::harness::Client;

/// Drains a new session and acknowledges what the caller keeps; the items.
fn drain(client: &mut Client, acknowledge: impl Fn(&Value) -> bool) -> Vec<Value> {
    let session = client.post("v2/sync/start", json!({}));
    if session.status == 204 {
        return Vec::new();
    }
    assert_eq!((session.status, &session.body["data"]["queues"][0]["data"]["name"]), (201, &json!("main")));
    let id = session.body["data"]["id"].as_str().unwrap().to_owned();
    let mut items = Vec::new();
    for _ in 0..100 {
        let page = client.get(&format!("v2/sync/{id}/queues/main"));
        if page.status == 204 {
            return items;
        }
        let page = page.body["items"].as_array().unwrap().clone();
        let keys: Vec<&Value> = page.iter().filter(|item| acknowledge(item)).map(|item| &item["meta"]["sync"]["ack_key"]).collect();
        assert_eq!(client.post("v2/sync/ack", json!({"ack_keys": keys})).status, 202);
        items.extend(page);
    }
    panic!("the queue does not end");
}

fn count(items: &[Value]) -> BTreeMap<(&str, &str), usize> {
    let mut counts = BTreeMap::new();
    for item in items {
        *counts.entry((item["meta"]["type"].as_str().unwrap(), item["meta"]["sync"]["event_type"].as_str().unwrap())).or_default() += 1;
    }
    counts
}

#[test]
fn a_device_hears_of_everything_until_it_acknowledges() {
    let mut client = Client::loaded(230);
    let first = drain(&mut client, |item| item["meta"]["type"] != json!("stage"));
    assert_eq!(count(&first)[&("contact", "created")], 253);
    let again = drain(&mut client, |_| true);
    assert_eq!(count(&again).keys().collect::<Vec<_>>(), [&("stage", "created")]);
    assert_eq!(client.post("v2/sync/start", json!({})).status, 204);
    let id = first.iter().find(|item| item["meta"]["type"] == json!("contact")).unwrap()["data"]["id"].clone();
    client.put(&format!("v2/contacts/{id}"), json!({"phone": "1"}));
    let changed = drain(&mut client, |_| true);
    assert_eq!(count(&changed), [(("contact", "updated"), 1)].into());
    client.delete(&format!("v2/contacts/{id}"));
    let deleted = drain(&mut client, |_| true);
    assert_eq!((count(&deleted), &deleted[0]["data"]), ([(("contact", "deleted"), 1)].into(), &json!({"id": id})));
    client.device = "another";
    assert!(drain(&mut client, |_| true).len() > 252);
}

#[test]
fn an_empty_page_is_not_the_end_and_a_session_does_not_live_for_ever() {
    let mut client = Client::with(|profile| (profile.sync_empty_every, profile.sync_page) = (2, 5));
    let session = client.post("v2/sync/start", json!({})).body["data"]["id"].as_str().unwrap().to_owned();
    let path = format!("v2/sync/{session}/queues/main");
    let pages: Vec<usize> = (0..3).map(|_| client.get(&path).ids().len()).collect();
    assert_eq!(pages, [5, 0, 5]);
    client.pass(300);
    assert_eq!(client.get(&path).refusal(), (404, "not_found", ""));
}

#[test]
fn a_hundred_sessions_and_no_more() {
    let mut client = Client::new();
    let statuses: Vec<u16> = (0..101).map(|_| client.post("v2/sync/start", json!({})).status).collect();
    assert_eq!((statuses[99], statuses[100]), (201, 429));
}
