//! Webhooks: administered, signed, sent, and dropped.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use syncline_zendesk_support_sim::{Delivery, Fate};

use crate::harness::Client;

const ENDPOINT: &str = "https://receiver.example/webhooks/zendesk";

fn subscribed(client: &mut Client, events: &[&str]) -> (String, String) {
    client.desk.add_webhook(client.now, ENDPOINT, events).unwrap()
}

/// The bodies of what is sent, each answered with this status.
fn sent(client: &mut Client, status: Option<u16>) -> Vec<Value> {
    client.pass(1);
    let due = client.desk.deliveries(client.now);
    for delivery in &due {
        client.desk.delivered(client.now, delivery, status, None);
    }
    due.iter().map(|delivery| serde_json::from_slice(delivery.request.body()).unwrap()).collect()
}

#[test]
fn a_change_of_status_is_told_signed_over_time_and_raw_body() {
    let mut client = Client::new();
    let (_, secret) = subscribed(&mut client, &["agent.unified_state_changed"]);
    let agent = client.agent("Ida", "ida@acme.example");
    client.desk.log_in(client.now, agent);
    client.pass(1);
    let due = client.desk.deliveries(client.now);
    let [Delivery { request, .. }] = due.as_slice() else { panic!("{} deliveries", due.len()) };
    let header = |name: &str| request.headers()[name].to_str().unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(header("x-zendesk-webhook-signature-timestamp").as_bytes());
    mac.update(request.body());
    assert_eq!(header("x-zendesk-webhook-signature"), BASE64_STANDARD.encode(mac.finalize().into_bytes()));
    assert_eq!((request.uri().to_string().as_str(), header("x-zendesk-account-id")), (ENDPOINT, "2"));
    let text = std::str::from_utf8(request.body()).unwrap();
    assert!(text.starts_with("{\n   \"account_id\"") && text.ends_with("}\n"), "{text}");
    let body: Value = serde_json::from_str(text).unwrap();
    assert_eq!(body["type"], "zen:event-type:agent.unified_state_changed");
    assert_eq!(body["detail"]["agent_id"], agent.to_string());
    assert_eq!(body["event"]["new_unified_state"]["reason"], "AGENT_LOGIN");
    assert!(body["detail"]["version"].is_string());
    assert!(client.desk.deliveries(client.now).is_empty(), "what is on its way is not sent again");
}

#[test]
fn each_channel_and_each_user_has_events_of_its_own() {
    let mut client = Client::new();
    subscribed(&mut client, &["agent.state_changed", "user.created", "user.role_changed", "user.deleted"]);
    let made = client.post("users", json!({"user": {"name": "Ida", "email": "ida@acme.example"}}));
    let id = made.body["user"]["id"].as_i64().unwrap();
    client.put(&format!("users/{id}"), json!({"user": {"role": "agent"}}));
    client.desk.choose_status(client.now, id, "online").unwrap();
    client.delete(&format!("users/{id}"));
    let bodies = sent(&mut client, Some(200));
    let types: Vec<&str> = bodies.iter().map(|body| body["type"].as_str().unwrap().rsplit(':').next().unwrap()).collect();
    let channels = ["agent.state_changed"; 3];
    assert_eq!(types, [&["user.created", "user.role_changed"][..], &channels, &["user.deleted"]].concat());
    assert_eq!(bodies[0]["detail"]["default_group_id"], "0", "nobody's group");
    assert_eq!(bodies[1]["event"], json!({"current": "agent", "previous": "end-user"}));
}

#[test]
fn an_empty_event_is_written_with_a_blank() {
    let mut client = Client::new();
    subscribed(&mut client, &["user.created"]);
    client.post("users", json!({"user": {"name": "Ida"}}));
    client.pass(1);
    let due = client.desk.deliveries(client.now);
    assert!(std::str::from_utf8(due[0].request.body()).unwrap().contains("\"event\": { }"));
}

#[test]
fn refusals_are_final_but_for_those_that_are_sent_again() {
    let fates = |status: Option<u16>, retry_after: Option<i64>| {
        let mut client = Client::new();
        let (id, _) = subscribed(&mut client, &["agent.unified_state_changed"]);
        let agent = client.agent("Ida", "ida@acme.example");
        client.desk.log_in(client.now, agent);
        let mut attempts = 0;
        for _ in 0..20 {
            client.pass(60);
            for delivery in client.desk.deliveries(client.now) {
                attempts += 1;
                client.desk.delivered(client.now, &delivery, status, retry_after);
            }
        }
        (attempts, client.desk.fates(&id)[0])
    };
    assert_eq!(fates(Some(200), None), (1, Fate::Success));
    assert_eq!(fates(Some(403), None), (1, Fate::Terminated));
    assert_eq!(fates(Some(500), None), (1, Fate::Terminated));
    assert_eq!(fates(Some(409), None), (4, Fate::Terminated));
    assert_eq!(fates(None, None), (6, Fate::Terminated));
    assert_eq!(fates(Some(503), None), (1, Fate::Terminated));
    assert_eq!(fates(Some(503), Some(120)), (1, Fate::Terminated));
    assert_eq!(fates(Some(429), Some(5)).0, 6);
}

#[test]
fn the_breaker_drops_events_after_too_many_failures_and_closes_again() {
    let mut client = Client::new();
    let (id, _) = subscribed(&mut client, &["agent.unified_state_changed"]);
    let agent = client.agent("Ida", "ida@acme.example");
    for name in ["online", "offline"].into_iter().cycle().take(10) {
        client.desk.choose_status(client.now, agent, name).unwrap();
    }
    sent(&mut client, Some(500));
    client.desk.choose_status(client.now, agent, "online").unwrap();
    assert!(sent(&mut client, Some(200)).is_empty(), "the breaker is open");
    client.pass(10);
    client.desk.choose_status(client.now, agent, "away").unwrap();
    assert_eq!(sent(&mut client, Some(200)).len(), 1);
    let fates = client.desk.fates(&id);
    assert_eq!((fates[10], fates[11]), (Fate::CircuitBroken, Fate::Success));
    let invocations = client.get(&format!("webhooks/{id}/invocations?page[size]=2"));
    assert_eq!(invocations.body["invocations"][1]["status"], "circuit broken", "newest first");
    assert_eq!(invocations.body["meta"]["has_more"], true);
    let first = invocations.body["invocations"][0]["id"].as_str().unwrap();
    let attempts = client.get(&format!("webhooks/{id}/invocations/{first}/attempts"));
    assert_eq!(attempts.body["attempts"][0]["response"]["status_code"], 200);
}

#[test]
fn events_may_come_twice_and_backwards_and_a_trial_is_throttled() {
    let mut client = Client::with(|profile| (profile.delivery_twice_every, profile.delivery_backwards) = (1, true));
    subscribed(&mut client, &["agent.unified_state_changed"]);
    let agent = client.agent("Ida", "ida@acme.example");
    for name in ["online", "away"] {
        client.desk.choose_status(client.now, agent, name).unwrap();
    }
    let versions: Vec<i64> =
        sent(&mut client, Some(200)).iter().map(|body| body["detail"]["version"].as_str().unwrap().parse().unwrap()).collect();
    assert!(versions.len() == 4 && versions[0] > versions[3] && versions[0] == versions[1], "{versions:?}");
    let mut trial = Client::with(|profile| profile.trial = true);
    let (id, _) = subscribed(&mut trial, &["agent.unified_state_changed"]);
    let agent = trial.agent("Ida", "ida@acme.example");
    for name in ["online", "away"].into_iter().cycle().take(61) {
        trial.desk.choose_status(trial.now, agent, name).unwrap();
    }
    assert_eq!(trial.desk.fates(&id)[60], Fate::Throttled);
}

#[test]
fn webhooks_are_administered() {
    let mut client = Client::new();
    let webhook = json!({"webhook": {
        "name": "Syncline", "endpoint": ENDPOINT, "http_method": "POST", "request_format": "json", "status": "active",
        "subscriptions": ["zen:event-type:user.created"],
        "authentication": {"type": "bearer_token", "data": {"token": "a-long-token"}, "add_position": "header"}
    }});
    let made = client.post("webhooks", webhook.clone());
    let id = made.body["webhook"]["id"].as_str().unwrap().to_owned();
    assert_eq!((made.status, made.text.contains("a-long-token")), (201, false));
    let secret = client.get(&format!("webhooks/{id}/signing_secret")).body["signing_secret"].clone();
    assert_eq!(secret["algorithm"], "SHA256");
    let rotated = client.post(&format!("webhooks/{id}/signing_secret"), json!({})).body["signing_secret"].clone();
    assert_ne!(rotated, secret);
    assert_eq!(client.get("webhooks?filter[name_contains]=sync").body["webhooks"].as_array().unwrap().len(), 1);
    let patch = client.request(&http::Method::PATCH, &format!("webhooks/{id}"), Some(json!({"webhook": {"status": "inactive"}})));
    assert_eq!(client.send(&patch).status, 204);
    assert_eq!(client.get(&format!("webhooks/{id}")).body["webhook"]["status"], "inactive");
    let mut triggers = webhook.clone();
    triggers["webhook"]["subscriptions"] = json!(["conditional_ticket_events"]);
    assert_eq!(client.put(&format!("webhooks/{id}"), triggers).refusal(), (400, "InvalidWebhook"));
    let mut plain = webhook;
    plain["webhook"]["endpoint"] = json!("http://receiver.example");
    assert_eq!(client.post("webhooks", plain).refusal(), (400, "InvalidWebhook"));
    assert_eq!(client.post("webhooks/test", json!({"request": {}})).body["response"]["status_code"], 200);
    assert_eq!(client.post(&format!("webhooks?clone_webhook_id={id}"), json!({})).status, 201);
    assert_eq!(client.delete(&format!("webhooks/{id}")).status, 204);
    assert_eq!(client.get(&format!("webhooks/{id}")).status, 404);
}
