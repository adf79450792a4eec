//! A change through the real mains, and what each of them answers to events as AWS sends them.
#![allow(clippy::unwrap_used, reason = "what a test cannot set up fails the test")]

use http::Method;
use jiff::SignedDuration;
use serde_json::{Value as Json, json};
use syncline_lambda_tests::World;
use syncline_lambda_tests::event;
use syncline_lambda_tests::function::Function;
use syncline_lambda_tests::world::PANEL_KEY;

fn pull_left() -> Json {
    json!({ "sync": "customers", "side": "left" })
}

/// Lets feeds begin: what is there before the first pull is the backfill's.
async fn begun(world: &World) -> Function {
    let mut pull = world.function("pull").await;
    for side in ["left", "right"] {
        pull.invoke(&json!({ "sync": "customers", "side": side })).await.response();
    }
    pull
}

/// Delivers a queue's messages to its worker as one batch; answers the ids of those that come again.
async fn deliver(world: &World, write: &mut Function, queue: &str) -> Vec<String> {
    let bodies = world.cloud.take(queue);
    assert!(!bodies.is_empty(), "{queue} is empty");
    failures(&write.invoke(&event::sqs(queue, &bodies)).await.response())
}

fn failures(answer: &Json) -> Vec<String> {
    let failures = answer["batchItemFailures"].as_array().unwrap();
    failures.iter().map(|failure| failure["itemIdentifier"].as_str().unwrap().to_owned()).collect()
}

const ADA: &[(&str, &str)] = &[("name", "Ada Lovelace"), ("email", "ada@example.test")];

#[tokio::test]
async fn a_scheduled_pull_and_a_queued_write_carry_a_record_over() {
    let world = World::start().await;
    let mut pull = begun(&world).await;
    world.freshdesk.create("contact", ADA);
    let pulled = pull.invoke(&pull_left()).await.response();
    assert_eq!(pulled["pulled"]["queued"], 1, "{pulled}");
    let mut write = world.function("write").await;
    assert_eq!(deliver(&world, &mut write, "syncline_salesforce").await, Vec::<String>::new());
    let there = world.salesforce.live("Contact");
    assert_eq!(there.values().map(|fields| &fields["LastName"]).collect::<Vec<_>>(), [&json!("Lovelace")]);
}

#[tokio::test]
async fn a_webhook_is_heard_at_its_door_and_nowhere_else() {
    let world = World::start().await;
    drop(begun(&world).await);
    let id = world.freshdesk.create("contact", ADA);
    let mut webhook = world.function("webhook").await;
    let body = json!({ "contact_id": id }).to_string();
    let knock = |path: &str, secret: &str| event::http(&Method::POST, path, "", &[("x-syncline-secret", secret)], Some(&body));
    world.cloud.take_asked();
    let stranger = webhook.invoke(&knock("/webhooks/unknown", "simulator-webhook")).await.response();
    assert_eq!((stranger["statusCode"].as_u64(), world.cloud.take_asked().len()), (Some(404), 0), "a stranger costs no call");
    let forged = webhook.invoke(&knock("/webhooks/freshdesk", "guessed")).await.response();
    assert_eq!(forged["statusCode"], 401);
    assert!(world.cloud.take("syncline_salesforce").is_empty());
    let heard = webhook.invoke(&knock("/webhooks/freshdesk", "simulator-webhook")).await.response();
    assert_eq!(heard["statusCode"], 200, "{heard}");
    let mut write = world.function("write").await;
    assert_eq!(deliver(&world, &mut write, "syncline_salesforce").await, Vec::<String>::new());
    assert_eq!(world.salesforce.live("Contact").len(), 1);
}

#[tokio::test]
async fn the_panel_shows_a_requester_to_who_has_a_token() {
    let world = World::start().await;
    drop(begun(&world).await);
    let id = world.freshdesk.create("contact", ADA);
    let mut panel = world.function("panel").await;
    let ask = json!({ "requester_id": id, "domain": "acme.freshdesk.com" }).to_string();
    let refused = panel.invoke(&event::http(&Method::POST, "/panel/token", "", &[], Some(&ask))).await.response();
    assert_eq!(refused["statusCode"], 401);
    let given =
        panel.invoke(&event::http(&Method::POST, "/panel/token", "", &[("x-syncline-key", PANEL_KEY)], Some(&ask))).await.response();
    assert_eq!(given["statusCode"], 200, "{given}");
    let token: Json = serde_json::from_str(given["body"].as_str().unwrap()).unwrap();
    let query = format!("token={}", token["token"].as_str().unwrap());
    let page = panel.invoke(&event::http(&Method::GET, "/panel", &query, &[("accept", "application/json")], None)).await.response();
    assert_eq!((page["statusCode"].as_u64(), page["isBase64Encoded"].as_bool()), (Some(200), Some(false)), "{page}");
    let shown: Json = serde_json::from_str(page["body"].as_str().unwrap()).unwrap();
    assert_eq!(shown["state"], "not_linked", "{shown}");
}

#[tokio::test]
async fn of_a_batch_only_the_poisoned_message_comes_again() {
    let world = World::start().await;
    let mut pull = begun(&world).await;
    world.freshdesk.create("contact", ADA);
    pull.invoke(&pull_left()).await.response();
    let mut bodies = world.cloud.take("syncline_salesforce");
    bodies.insert(0, "no message of ours".to_owned());
    let mut write = world.function("write").await;
    let answer = write.invoke(&event::sqs("syncline_salesforce", &bodies)).await.response();
    assert_eq!(failures(&answer), ["m-0"], "the others are done with");
    assert_eq!(world.salesforce.live("Contact").len(), 1);
}

#[tokio::test]
async fn messages_of_a_queue_that_is_not_ours_stay_in_it() {
    let world = World::start().await;
    let mut write = world.function("write").await;
    let batch = event::sqs("someone-elses", &["a".to_owned(), "b".to_owned()]);
    assert_eq!(failures(&write.invoke(&batch).await.response()), ["m-0", "m-1"]);
    assert_eq!(failures(&write.invoke(&json!({ "Records": [] })).await.response()), Vec::<String>::new());
    assert_eq!(world.cloud.take_asked(), Vec::<String>::new(), "nobody was called");
}

#[tokio::test]
async fn work_that_does_not_fit_the_deadline_comes_again() {
    let world = World::start().await;
    let mut pull = begun(&world).await;
    world.freshdesk.create("contact", ADA);
    pull.invoke(&pull_left()).await.response();
    let bodies = world.cloud.take("syncline_salesforce");
    let batch = event::sqs("syncline_salesforce", &bodies);
    let mut write = world.function("write").await;
    // The margin for the answer alone is longer.
    let answer = write.invoke_within(&batch, SignedDuration::from_secs(2)).await.response();
    assert!(world.salesforce.live("Contact").is_empty());
    assert_eq!(failures(&answer), Vec::<String>::new());
    // It was sent anew, to be tried later; who hands it out earlier gets it back.
    let again = world.cloud.take("syncline_salesforce");
    assert_eq!(again.len(), 1);
    assert_eq!(failures(&write.invoke(&event::sqs("syncline_salesforce", &again)).await.response()), Vec::<String>::new());
    assert_eq!((world.salesforce.live("Contact").len(), world.cloud.take("syncline_salesforce").len()), (0, 1));
}

#[tokio::test]
async fn a_warm_function_asks_for_no_secret_twice() {
    let world = World::start().await;
    let mut pull = begun(&world).await;
    assert!(world.cloud.take_asked().contains(&"GetSecretValue".to_owned()));
    world.freshdesk.create("contact", ADA);
    pull.invoke(&pull_left()).await.response();
    assert_eq!(world.cloud.take_asked(), ["SendMessageBatch"]);
}
