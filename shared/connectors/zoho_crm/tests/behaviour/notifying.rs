//! The notification channel: made and renewed by whoever lists changes, and what it brings.

use serde_json::json;
use syncline_engine::ports::connector::From;
use syncline_engine::ports::secrets::Bundle;
use syncline_engine::ports::webhook::{RawWebhook, admit};
use syncline_model::Secret;
use syncline_zoho_crm_sim::{LEADS, ZohoCrm};

use crate::world::World;

fn watch_calls(world: &World, before: usize) -> Vec<String> {
    let calls = world.seen_since(before).into_iter().filter(|call| call.contains("/actions/watch"));
    calls.map(|call| call.split(' ').next().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_channel_is_made_kept_and_renewed_at_half_time() {
    let world = World::with(&[("notify_url", "https://hooks.example/webhooks/zoho")]);
    for (days, expected) in [(0, vec!["GET", "POST"]), (1, vec!["GET"]), (3, vec!["GET", "PUT"]), (1, vec!["GET"])] {
        world.pass(days * 86_400);
        let before = world.requests();
        world.changes(From::Since(world.now())).await;
        assert_eq!(watch_calls(&world, before), expected, "after {days} more days");
    }
}

#[tokio::test]
async fn without_an_address_there_is_no_channel() {
    let world = World::new();
    let before = world.requests();
    world.changes(From::Since(world.now())).await;
    assert!(watch_calls(&world, before).is_empty());
}

#[tokio::test]
async fn a_notification_names_the_record_that_changed() {
    let world = World::with(&[("notify_url", "https://hooks.example/webhooks/zoho")]);
    world.changes(From::Since(world.now())).await;
    let id = world.typed(LEADS, [("Last_Name", json!("Nowak")), ("Company", json!("Acme"))]);
    let delivery = world.act(ZohoCrm::deliveries).remove(0);
    let path = delivery.url.strip_prefix("https://hooks.example/webhooks/zoho/").unwrap().to_owned();
    let raw = RawWebhook { headers: http::HeaderMap::new(), path_rest: path, body: delivery.body.clone() };
    let secrets = [("webhook_secret", "long-random-path"), ("webhook_token", "random-token")];
    let secrets = Bundle(secrets.map(|(name, text)| (name.to_owned(), Secret::new(text))).into());
    let connector = world.connector();
    let hooks = connector.webhooks().unwrap();
    let heard = hooks.parse(&admit(hooks, &raw, &secrets, world.now()).unwrap()).unwrap();
    let hints: Vec<String> = heard.hints.iter().map(|hint| format!("{} {}", hint.kind, hint.id)).collect();
    assert_eq!(hints, [format!("Leads {id}"), format!("person Leads/{id}")]);
}
