//! Records what this version's functions store and queue, for the tests of every later version: `make record`.
//!
//! A linked pair with its history, a record that waits for a person, a change from a pull and one from a webhook that nobody has taken yet,
//! and a link field that is still to be written.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "an example shows what it does")]

use http::Method;
use serde_json::{Value as Json, json};
use syncline_lambda_tests::stored::{Person, Stored};
use syncline_lambda_tests::{World, event};

const QUEUES: [&str; 2] = ["syncline_salesforce", "syncline_freshdesk"];

/// Makes a record, and remembers how.
fn make(world: &World, people: &mut Vec<Person>, vendor: &str, kind: &str, fields: &[(&str, &str)]) {
    let of = if vendor == "freshdesk" { &world.freshdesk } else { &world.salesforce };
    let id = of.create(kind, fields);
    people.push(person(vendor, kind, id, fields));
}

fn person(vendor: &str, kind: &str, id: String, fields: &[(&str, &str)]) -> Person {
    let fields = fields.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    Person { vendor: vendor.to_owned(), kind: kind.to_owned(), id, fields }
}

fn pull(side: &str) -> Json {
    json!({ "sync": "customers", "side": side })
}

#[tokio::main]
async fn main() {
    let world = World::start().await;
    let mut people = Vec::new();
    let mut function = world.function("pull").await;
    for side in ["left", "right"] {
        function.invoke(&pull(side)).await.response();
    }

    // Linked: written at the other side, its own link field not yet.
    make(&world, &mut people, "freshdesk", "contact", &[("name", "Ada Lovelace"), ("email", "ada@example.test")]);
    function.invoke(&pull("left")).await.response();
    let mut write = world.function("write").await;
    let answer = write.invoke(&event::sqs(QUEUES[0], &world.cloud.take(QUEUES[0]))).await.response();
    assert_eq!(answer["batchItemFailures"], json!([]), "{answer}");
    for (id, fields) in world.salesforce.live("Contact") {
        let texts = ["FirstName", "LastName", "Email", "FDCONTACTID__c"].map(|name| (name, fields[name].as_str().unwrap_or_default()));
        people.push(person("salesforce", "Contact", id, &texts));
    }

    // Held: two there have her address.
    for first in ["Grace", "G."] {
        make(
            &world,
            &mut people,
            "salesforce",
            "Contact",
            &[("FirstName", first), ("LastName", "Hopper"), ("Email", "grace@example.test")],
        );
    }
    make(&world, &mut people, "freshdesk", "contact", &[("name", "Grace Hopper"), ("email", "grace@example.test")]);
    function.invoke(&pull("left")).await.response();
    let answer = write.invoke(&event::sqs(QUEUES[0], &world.cloud.take(QUEUES[0]))).await.response();
    assert_eq!(answer["batchItemFailures"], json!([]), "{answer}");

    // In flight: from a pull, and from a webhook.
    make(&world, &mut people, "freshdesk", "contact", &[("name", "Hedy Lamarr"), ("email", "hedy@example.test")]);
    function.invoke(&pull("left")).await.response();
    make(&world, &mut people, "freshdesk", "contact", &[("name", "Radia Perlman"), ("email", "radia@example.test")]);
    let id = people.last().map(|person| person.id.clone()).unwrap_or_default();
    let body = json!({ "contact_id": id }).to_string();
    let knock = event::http(&Method::POST, "/webhooks/freshdesk", "", &[("x-syncline-secret", "simulator-webhook")], Some(&body));
    let heard = world.function("webhook").await.invoke(&knock).await.response();
    assert_eq!(heard["statusCode"], 200, "{heard}");

    let stored = Stored::take(&world, &QUEUES, people).await;
    let path = format!("{}/stored/{}.json", env!("CARGO_MANIFEST_DIR"), stored.version);
    std::fs::write(&path, format!("{}\n", serde_json::to_string_pretty(&stored).unwrap())).unwrap();
    println!("{path}: {} items, {} messages", stored.items.len(), stored.messages.len());
}
