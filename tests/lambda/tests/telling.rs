//! What the functions write to their logs: metrics in the form that `CloudWatch` documents, events that one trace id joins, and nobody's data.
#![allow(clippy::unwrap_used, reason = "what a test cannot set up fails the test")]

use std::collections::BTreeSet;

use http::Method;
use serde_json::{Value as Json, json};
use syncline_aws::SystemClock;
use syncline_engine::history::Act;
use syncline_engine::ports::clock::Clock;
use syncline_engine::{Engine, history};
use syncline_lambda_tests::function::Function;
use syncline_lambda_tests::world::PANEL_KEY;
use syncline_lambda_tests::{World, event};

const ADA: &[(&str, &str)] = &[("name", "Ada Lovelace"), ("email", "ada@example.test")];
const LIST: &str = include_str!("../../../infra/aws/metrics.json");

fn pull(side: &str) -> Json {
    json!({ "sync": "customers", "side": side })
}

/// Lets the feeds begin, in an environment of its own.
async fn begin(world: &World) {
    let mut begun = world.function("pull").await;
    for side in ["left", "right"] {
        begun.invoke(&pull(side)).await.response();
    }
    drop(begun);
}

/// A function that tells what the engine does at this level.
async fn telling(world: &World, name: &str, level: &str) -> Function {
    let mut environment = world.environment();
    environment.insert("RUST_LOG".to_owned(), format!("info,syncline_engine={level}"));
    Function::start(name, &environment).await
}

async fn deliver(world: &World, write: &mut Function, queue: &str) {
    let answer = write.invoke(&event::sqs(queue, &world.cloud.take(queue))).await.response();
    assert_eq!(answer["batchItemFailures"], json!([]), "{answer}");
}

/// The lines that are metrics, each held against the format's documentation and against our list.
fn metrics(lines: &[Json]) -> Vec<&Json> {
    let list: Json = serde_json::from_str(LIST).unwrap();
    let found: Vec<&Json> = lines.iter().filter(|line| line.get("_aws").is_some()).collect();
    for line in &found {
        let told = line["_aws"]["Timestamp"].as_i64().unwrap();
        assert!((SystemClock.now().as_millisecond() - told).abs() < 600_000, "milliseconds of now: {line}");
        let directives = line["_aws"]["CloudWatchMetrics"].as_array().unwrap();
        assert_eq!(directives.len(), 1, "{line}");
        assert_eq!(directives[0]["Namespace"], list["namespace"]);
        let [dimensions] = directives[0]["Dimensions"].as_array().unwrap().as_slice() else { unreachable!("one set: {line}") };
        for dimension in dimensions.as_array().unwrap() {
            let value = line[dimension.as_str().unwrap()].as_str().unwrap();
            assert!(!value.is_empty() && value.len() <= 1024, "{line}");
        }
        let named = directives[0]["Metrics"].as_array().unwrap();
        assert!(!named.is_empty() && named.len() <= 100, "{line}");
        for metric in named {
            let name = metric["Name"].as_str().unwrap();
            let listed = list["metrics"].as_array().unwrap().iter().find(|listed| listed["name"] == name);
            let listed = listed.unwrap_or_else(|| unreachable!("{name} is not on the list"));
            assert_eq!((&listed["unit"], &listed["dimensions"]), (&metric["Unit"], dimensions));
            assert!(line[name].as_u64().is_some_and(|value| value > 0), "a number at the root, and none for zero: {line}");
            let function = line["function"].as_str().unwrap().strip_prefix("syncline-").unwrap();
            assert!(listed["by"].as_array().unwrap().contains(&json!(function)), "{name} by {function}");
        }
    }
    found
}

/// The values of a metric, line by line.
fn values(lines: &[Json], name: &str) -> Vec<u64> {
    metrics(lines).iter().filter_map(|line| line.get(name)?.as_u64()).collect()
}

/// The events of this name about this record.
fn events<'a>(lines: &'a [Json], name: &str, record: &str) -> Vec<&'a Json> {
    lines.iter().filter(|line| line["message"] == name && line["record"] == record).collect()
}

#[tokio::test]
async fn metrics_come_in_the_documented_format_and_only_when_there_is_something_to_tell() {
    let world = World::start().await;
    begin(&world).await;
    let (mut pull_function, mut write) = (world.function("pull").await, world.function("write").await);
    world.freshdesk.create("contact", ADA);
    for email in ["grace@example.test"; 2] {
        world.salesforce.create("Contact", &[("LastName", "Hopper"), ("Email", email)]);
    }
    world.freshdesk.create("contact", &[("name", "Grace Hopper"), ("email", "grace@example.test")]);
    pull_function.invoke(&pull("left")).await.response();
    deliver(&world, &mut write, "syncline_salesforce").await;

    let said = pull_function.said().await;
    assert_eq!(values(&said, "ChangesSeen"), [2]);
    assert_eq!(metrics(&said)[0]["Connection"], "freshdesk");
    assert_eq!(metrics(&said)[0]["event"], pull("left"));
    let said = write.said().await;
    assert_eq!((values(&said, "RecordsWritten"), values(&said, "RecordsHeld")), (vec![1], vec![1]));
    let [line] = metrics(&said).try_into().unwrap();
    assert_eq!(line["senders"], json!([event::SENDER_TRACE]), "whose messages these were");
    assert_eq!(line["counts"]["customers/contacts/left"]["held"], json!({ "ambiguous": 1 }), "{line}");
}

#[tokio::test]
async fn a_poll_that_finds_nothing_writes_nothing() {
    let world = World::start().await;
    begin(&world).await;
    let mut quiet = world.function("pull").await;
    for side in ["left", "right"] {
        let pulled = quiet.invoke(&pull(side)).await.response();
        assert_eq!(pulled["pulled"]["caught_up"], true, "{pulled}");
    }
    assert_eq!(quiet.said().await, Vec::<Json>::new());
}

#[tokio::test]
async fn a_connection_that_is_refused_sign_in_is_told_by_every_run_that_meets_it() {
    let world = World::start().await;
    begin(&world).await;
    world.cloud.put_secret("syncline/freshdesk", json!({ "api_key": "expired", "webhook_secret": "simulator-webhook" }));
    let mut refused = world.function("pull").await;
    for _ in 0..2 {
        refused.invoke(&pull("left")).await.response();
    }
    let said = refused.said().await;
    assert_eq!(values(&said, "SignInNeeded"), [1, 1]);
    assert!(metrics(&said).iter().all(|line| line["connections"] == json!(["freshdesk"])));
}

#[tokio::test]
async fn one_trace_joins_webhook_queue_write_and_history() {
    let world = World::start().await;
    begin(&world).await;
    let id = world.freshdesk.create("contact", ADA);
    world.cloud.take_traces();
    let mut webhook = world.function("webhook").await;
    let body = json!({ "contact_id": id }).to_string();
    let knock = event::http(&Method::POST, "/webhooks/freshdesk", "", &[("x-syncline-secret", "simulator-webhook")], Some(&body));
    assert_eq!(webhook.invoke(&knock).await.response()["statusCode"], 200);
    let mut write = telling(&world, "write", "debug").await;
    for queue in ["syncline_salesforce", "syncline_freshdesk"] {
        deliver(&world, &mut write, queue).await;
    }
    let (webhook, write) = (webhook.said().await, write.said().await);

    let [queued] = events(&webhook, "queued", &id).try_into().unwrap();
    let trace = queued["trace"].as_str().unwrap();
    assert_eq!((queued["cause"].as_str(), trace.len()), (Some("webhook"), 32));
    assert_eq!(values(&webhook, "ChangesSeen"), [1]);
    let [decided] = events(&write, "decided", &id).try_into().unwrap();
    let there = world.salesforce.live("Contact").into_keys().next().unwrap();
    assert_eq!((&decided["disposition"], &decided["other"]), (&json!("created"), &json!(there)));
    let [written] = events(&write, "written", &there).try_into().unwrap();
    let [stamped] = events(&write, "stamped", &id).try_into().unwrap();
    assert!([decided, written, stamped].iter().all(|event| event["trace"] == trace), "{write:?}");
    // X-Ray joins the same invocations: its header goes to SQS with the message.
    assert_eq!(world.cloud.take_traces().first().map(String::as_str), Some(event::SENDER_TRACE));
    assert!(queued["span"]["xrayTraceId"].as_str().is_some_and(|header| header.starts_with("Root=1-")), "{queued}");

    let engine: Engine = world.engine();
    let sync = engine.sync(&"customers".into()).unwrap();
    let entries = history::list(&engine, sync, &"contacts".into(), &id.as_str().into(), 10).await.unwrap();
    let created = entries.iter().find(|entry| entry.act == Act::Created).unwrap();
    assert_eq!(created.trace.as_ref().map(ToString::to_string).as_deref(), Some(trace));
}

#[tokio::test]
async fn a_polled_change_keeps_its_trace_while_it_waits() {
    let world = World::start().await;
    begin(&world).await;
    let id = world.freshdesk.create("contact", ADA);
    let mut pull_function = world.function("pull").await;
    pull_function.invoke(&pull("left")).await.response();
    let (mut write, hurried) = (telling(&world, "write", "debug").await, world.cloud.take("syncline_salesforce"));
    // So little time that it has to come again.
    let batch = event::sqs("syncline_salesforce", &hurried);
    write.invoke_within(&batch, jiff::SignedDuration::from_secs(2)).await.response();
    let again: Vec<String> = world.cloud.take("syncline_salesforce").iter().map(|body| due_now(body)).collect();
    write.invoke(&event::sqs("syncline_salesforce", &again)).await.response();
    let (pulled, written) = (pull_function.said().await, write.said().await);
    let traces: BTreeSet<&str> = events(&pulled, "queued", &id)
        .into_iter()
        .chain(events(&written, "decided", &id))
        .map(|event| event["trace"].as_str().unwrap())
        .collect();
    assert_eq!(traces.len(), 1, "{written:?}");
    let dispositions: Vec<&Json> = events(&written, "decided", &id).into_iter().map(|event| &event["disposition"]).collect();
    assert_eq!(dispositions, ["waits", "created"]);
}

/// A message as if its time had come.
fn due_now(body: &str) -> String {
    let mut message: Json = serde_json::from_str(body).unwrap();
    message["due"] = json!(SystemClock.now());
    message.to_string()
}

#[tokio::test]
async fn no_line_holds_a_value_or_a_secret() {
    const VALUES: [&str; 8] = ["Lovelace", "Ada", "Byron", "ada@", "Hopper", "grace@", "Turing", "example.test"];
    let world = World::start().await;
    begin(&world).await;
    let functions = ["pull", "webhook", "write", "panel"];
    let [mut pull_function, mut webhook, mut write, mut panel] = [
        telling(&world, functions[0], "trace").await,
        telling(&world, functions[1], "trace").await,
        telling(&world, functions[2], "trace").await,
        telling(&world, functions[3], "trace").await,
    ];
    let id = world.freshdesk.create("contact", ADA);
    for _ in 0..2 {
        world.salesforce.create("Contact", &[("LastName", "Hopper"), ("Email", "grace@example.test")]);
    }
    world.freshdesk.create("contact", &[("name", "Grace Hopper"), ("email", "grace@example.test")]);
    pull_function.invoke(&pull("left")).await.response();
    deliver(&world, &mut write, "syncline_salesforce").await;
    // Both sides edit the same field: one of them loses.
    let there = world.salesforce.live("Contact").into_iter().find(|(_, fields)| fields["Email"] == "ada@example.test").unwrap().0;
    world.freshdesk.edit("contact", &id, &[("name", "Ada Byron")]);
    world.salesforce.edit("Contact", &there, &[("LastName", "Turing")]);
    let body = json!({ "contact_id": id }).to_string();
    let knock = |secret| event::http(&Method::POST, "/webhooks/freshdesk", "", &[("x-syncline-secret", secret)], Some(&body));
    for secret in ["guessed-by-somebody", "simulator-webhook"] {
        webhook.invoke(&knock(secret)).await.response();
    }
    for queue in ["syncline_salesforce", "syncline_freshdesk"] {
        deliver(&world, &mut write, queue).await;
    }
    let ask = json!({ "requester_id": id, "domain": "acme.freshdesk.com" }).to_string();
    panel.invoke(&event::http(&Method::POST, "/panel/token", "", &[("x-syncline-key", PANEL_KEY)], Some(&ask))).await.response();
    write.invoke(&event::sqs("syncline_salesforce", &["{\"name\": \"Ada Lovelace\"}".to_owned()])).await.response();

    let secrets = [PANEL_KEY, "simulator-webhook", "simulator-secret", "simulator-client", "guessed-by-somebody", "BwcHBwcH"];
    let mut lines = 0;
    let mut dispositions = BTreeSet::new();
    for function in [pull_function, webhook, write, panel] {
        for line in function.said().await {
            let text = line.to_string();
            let found: Vec<_> = VALUES.iter().chain(&secrets).filter(|word| text.contains(**word)).collect();
            assert!(found.is_empty(), "{found:?}: {text}");
            dispositions.extend(line["disposition"].as_str().map(str::to_owned));
            dispositions.extend(line["message"].as_str().filter(|name| *name == "overruled").map(str::to_owned));
            lines += 1;
        }
    }
    assert!(lines > 10, "{lines}");
    for wanted in ["created", "held", "overruled"] {
        assert!(dispositions.contains(wanted), "{wanted} is among what was told: {dispositions:?}");
    }
}
