//! What earlier versions stored and queued, under the binaries of today; and what a later version left, after going back to them.
#![allow(clippy::unwrap_used, reason = "what a test cannot set up fails the test")]

use serde_json::{Value as Json, json};
use syncline_aws::SystemClock;
use syncline_engine::history::Act;
use syncline_engine::ports::clock::Clock;
use syncline_engine::ports::store::{Expect, Item, Store, Write};
use syncline_engine::{history, hold, keys};
use syncline_lambda_tests::function::Function;
use syncline_lambda_tests::stored::Stored;
use syncline_lambda_tests::{World, event};
use syncline_model::Side;

const TO_SALESFORCE: &str = "syncline_salesforce";
const TO_FRESHDESK: &str = "syncline_freshdesk";

fn pull(side: &str) -> Json {
    json!({ "sync": "customers", "side": side })
}

/// Delivers these messages; answers which of them come again.
async fn deliver(write: &mut Function, queue: &str, bodies: &[String]) -> Vec<String> {
    assert!(!bodies.is_empty(), "{queue} is empty");
    let answer = write.invoke(&event::sqs(queue, bodies)).await.response();
    let failures = answer["batchItemFailures"].as_array().unwrap();
    failures.iter().map(|failure| failure["itemIdentifier"].as_str().unwrap().to_owned()).collect()
}

fn last_names(world: &World) -> Vec<String> {
    let mut names: Vec<String> =
        world.salesforce.live("Contact").values().map(|fields| fields["LastName"].as_str().unwrap().to_owned()).collect();
    names.sort();
    names
}

const NOBODY: Vec<String> = Vec::new();

#[tokio::test]
async fn what_an_earlier_version_stored_and_queued_goes_on_under_this_one() {
    let versions = Stored::all();
    assert!(!versions.is_empty());
    for stored in versions {
        let version = &stored.version;
        let world = World::start().await;
        stored.put(&world).await;
        let person = |vendor: &str, name: &str| {
            let mut people = stored.people.iter().filter(|person| person.vendor == vendor);
            people.find(|person| person.fields.iter().any(|(_, text)| text.contains(name))).unwrap().id.clone()
        };
        let (ada, ada_there) = (person("freshdesk", "Lovelace"), person("salesforce", "Lovelace"));
        let (mut pull_function, mut write) = (world.function("pull").await, world.function("write").await);

        // The cursor is read, and the record that Syncline wrote is known: an echo.
        let echo = pull_function.invoke(&pull("right")).await.response();
        assert_eq!((&echo["pulled"]["unchanged"], &echo["pulled"]["read"]), (&json!(1), &json!(3)), "{version}: {echo}");
        world.cloud.take(TO_FRESHDESK);

        // The messages in flight: what was queued is written, by pull and by webhook, and the link field.
        assert_eq!(deliver(&mut write, TO_SALESFORCE, &stored.messages_of(TO_SALESFORCE)).await, NOBODY, "{version}");
        assert_eq!(last_names(&world), ["Hopper", "Hopper", "Lamarr", "Lovelace", "Perlman"], "{version}");
        assert_eq!(deliver(&mut write, TO_FRESHDESK, &stored.messages_of(TO_FRESHDESK)).await, NOBODY, "{version}");
        let stamped = &world.freshdesk.live("contact")[&ada];
        assert!(stamped.values().any(|value| *value == json!(ada_there)), "{version}: {stamped:?}");

        // The link is found: an edit is carried to the same record.
        world.freshdesk.edit("contact", &ada, &[("name", "Ada Byron")]);
        pull_function.invoke(&pull("left")).await.response();
        assert_eq!(deliver(&mut write, TO_SALESFORCE, &world.cloud.take(TO_SALESFORCE)).await, NOBODY, "{version}");
        assert_eq!(world.salesforce.live("Contact")[&ada_there]["LastName"], "Byron", "{version}");
        assert_eq!(world.salesforce.live("Contact").len(), 5, "{version}: nobody was made twice");

        // What waits for a person is listed, and the history is read with today's entries in it.
        let engine = world.engine();
        let holds = hold::list(&engine, &"customers".into(), 10).await.unwrap();
        let held: Vec<(Side, &str, &str)> = holds.iter().map(|hold| (hold.side, hold.id.as_str(), hold.name())).collect();
        assert_eq!(held, [(Side::Left, person("freshdesk", "Hopper").as_str(), "ambiguous")], "{version}");
        let sync = engine.sync(&"customers".into()).unwrap();
        let entries = history::list(&engine, sync, &"contacts".into(), &ada.as_str().into(), 10).await.unwrap();
        let acts: Vec<Act> = entries.iter().map(|entry| entry.act).collect();
        assert_eq!(acts, [Act::Created, Act::Updated], "{version}");
    }
}

#[tokio::test]
async fn a_message_of_a_later_version_stays_in_its_queue_and_stops_no_other() {
    let world = World::start().await;
    let (mut pull_function, mut write) = (world.function("pull").await, world.function("write").await);
    pull_function.invoke(&pull("left")).await.response();
    world.freshdesk.create("contact", &[("name", "Ada Lovelace"), ("email", "ada@example.test")]);
    pull_function.invoke(&pull("left")).await.response();
    let mut bodies = world.cloud.take(TO_SALESFORCE);
    let later = json!({ "type": "changes_v2", "sync": "customers", "mapping": "contacts", "side": "left", "sealed": "bm90aGluZw" });
    bodies.insert(0, later.to_string());
    assert_eq!(deliver(&mut write, TO_SALESFORCE, &bodies).await, ["m-0"]);
    assert_eq!(last_names(&world), ["Lovelace"]);
    let said = write.said().await;
    let says = said.iter().filter_map(|line| line["message"].as_str()).find(|says| says.contains("changes_v2")).unwrap();
    assert!(says.contains("it may come from a newer version of Syncline"), "{says}");
}

#[tokio::test]
async fn a_record_whose_item_is_of_a_later_version_waits_for_it_and_stops_no_other() {
    let world = World::start().await;
    let (mut pull_function, mut write) = (world.function("pull").await, world.function("write").await);
    pull_function.invoke(&pull("left")).await.response();
    let ada = world.freshdesk.create("contact", &[("name", "Ada Lovelace"), ("email", "ada@example.test")]);
    pull_function.invoke(&pull("left")).await.response();
    assert_eq!(deliver(&mut write, TO_SALESFORCE, &world.cloud.take(TO_SALESFORCE)).await, NOBODY);

    // A later version has been at work on Ada's link; then somebody went back to this one.
    let key = keys::entry(&"customers".into(), &"contacts".into(), Side::Left, &ada.as_str().into());
    let item = world.store().get(std::slice::from_ref(&key)).await.unwrap().pop().unwrap().unwrap();
    let mut body: Json = serde_json::from_str(&item.body).unwrap();
    body["v"] = json!(2);
    rewrite(&world, &item, body.to_string()).await;
    world.freshdesk.edit("contact", &ada, &[("name", "Ada Byron")]);
    for (name, email) in [("Hedy Lamarr", "hedy@example.test"), ("Radia Perlman", "radia@example.test")] {
        world.freshdesk.create("contact", &[("name", name), ("email", email)]);
    }
    let pulled = pull_function.invoke(&pull("left")).await.response();
    assert_eq!((&pulled["pulled"]["caught_up"], &pulled["pulled"]["queued"]), (&json!(true), &json!(3)), "{pulled}");
    assert_eq!(deliver(&mut write, TO_SALESFORCE, &world.cloud.take(TO_SALESFORCE)).await, NOBODY);
    assert_eq!(last_names(&world), ["Lamarr", "Lovelace", "Perlman"], "the others are carried over");

    // It waits in the queue, once, and says why.
    let waiting = world.cloud.take(TO_SALESFORCE);
    assert_eq!(waiting.len(), 1);
    let said = write.said().await;
    let says = said.iter().find(|line| line["level"] == "ERROR").unwrap();
    assert_eq!(says["record"], ada);
    assert!(says["message"].as_str().unwrap().contains("its format is 2"), "{says}");

    // The later version comes back, and reads it.
    rewrite(&world, &item, item.body.clone()).await;
    let mut message: Json = serde_json::from_str(&waiting[0]).unwrap();
    message["due"] = json!(SystemClock.now());
    let mut write = world.function("write").await;
    assert_eq!(deliver(&mut write, TO_SALESFORCE, &[message.to_string()]).await, NOBODY);
    assert_eq!(last_names(&world), ["Byron", "Lamarr", "Perlman"]);
}

async fn rewrite(world: &World, item: &Item, body: String) {
    let item = Item { body, ..item.clone() };
    world.store().write(vec![Write::Put { item, expect: Expect::Any }]).await.unwrap();
}
