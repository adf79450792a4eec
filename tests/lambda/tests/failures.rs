//! What Lambda hears when something is wrong, and what a function leaves behind that is ended in the midst of its work.
#![allow(clippy::unwrap_used, reason = "what a test cannot set up fails the test")]

use std::os::unix::process::ExitStatusExt;

use jiff::SignedDuration;
use serde_json::json;
use syncline_aws::SystemClock;
use syncline_engine::ports::clock::Clock;
use syncline_lambda_tests::World;
use syncline_lambda_tests::function::{Ended, Function};
use syncline_lambda_tests::{Answer, event};

const FUNCTIONS: [&str; 4] = ["pull", "webhook", "write", "panel"];

#[tokio::test]
async fn a_start_without_settings_fails_and_names_what_is_missing() {
    let world = World::start().await;
    let mut environment = world.environment();
    environment.remove("SYNCLINE_TABLE");
    for name in FUNCTIONS {
        let mut function = Function::start(name, &environment).await;
        let event = json!({}).to_string();
        let Ended::Died(status) = function.try_invoke(event, SignedDuration::from_secs(10)).await else {
            unreachable!("{name} runs without a table")
        };
        assert_eq!(status.code(), Some(1), "{name}");
        let (_, said) = function.ended().await;
        assert!(said.contains("SYNCLINE_TABLE: the table's name is missing"), "{name}: {said}");
    }
}

#[tokio::test]
async fn a_failed_start_is_reported_to_the_runtime_api() {
    let world = World::start().await;
    let mut environment = world.environment();
    environment.insert("SYNCLINE_QUEUES".to_owned(), "no json".to_owned());
    for name in FUNCTIONS {
        let mut function = Function::start(name, &environment).await;
        let ended = function.try_invoke(json!({}).to_string(), SignedDuration::from_secs(10)).await;
        assert!(matches!(ended, Ended::Died(_)), "{name}: {ended:?}");
        let reported = function.api().init_error().unwrap_or_default();
        let says = reported["errorMessage"].as_str().unwrap_or_default();
        assert!(says.contains("SYNCLINE_QUEUES"), "{name}: {reported}");
    }
}

#[tokio::test]
async fn an_event_that_cannot_be_read_fails_alone() {
    let world = World::start().await;
    let mut pull = world.function("pull").await;
    let ended = pull.try_invoke("{\"sync\":".to_owned(), SignedDuration::from_mins(1)).await;
    assert!(matches!(ended, Ended::Answered(Answer::Error(_))), "{ended:?}");
    let unknown = pull.invoke(&json!({ "sync": "nobody", "side": "left" })).await.error();
    assert!(unknown.contains("sync nobody"), "{unknown}");
    let nothing = pull.invoke(&json!({ "sync": "customers" })).await.error();
    assert!(nothing.contains("give one of"), "{nothing}");
    assert_eq!(world.cloud.take_asked(), Vec::<String>::new(), "a mistake costs no call");
    pull.invoke(&json!({ "sync": "customers", "side": "left" })).await.response();
}

#[tokio::test]
async fn a_missing_key_fails_the_event_and_the_next_one_tries_again() {
    let world = World::start().await;
    let key = json!({ "key": "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=" });
    world.cloud.put_secret("syncline/installation", json!({}));
    let mut pull = world.function("pull").await;
    let asked = json!({ "sync": "customers", "side": "left" });
    let says = pull.invoke(&asked).await.error();
    assert!(says.contains("installation key"), "{says}");
    world.cloud.put_secret("syncline/installation", key);
    // The secret store's answer is kept for a while: a new environment asks anew.
    let mut another = world.function("pull").await;
    another.invoke(&asked).await.response();
}

#[tokio::test]
async fn a_function_that_is_told_to_end_ends_at_once() {
    let world = World::start().await;
    for name in FUNCTIONS {
        let function = world.function(name).await;
        function.started().await;
        function.terminate().await;
        let (status, said) = function.ended().await;
        // Nothing rests in its memory that is not stored: it needs no farewell.
        assert_eq!(status.signal(), Some(15), "{name}: {said}");
    }
}

#[tokio::test]
async fn a_write_that_is_killed_in_the_midst_loses_and_repeats_nothing() {
    let world = World::start().await;
    let mut pull = world.function("pull").await;
    let left = json!({ "sync": "customers", "side": "left" });
    pull.invoke(&left).await.response();
    for number in 0..30 {
        world.freshdesk.create("contact", &[("name", &format!("Ada {number}")), ("email", &format!("ada{number}@example.test"))]);
    }
    pull.invoke(&left).await.response();
    let bodies = world.cloud.take("syncline_salesforce");
    let batch = event::sqs("syncline_salesforce", &bodies);
    let mut first = world.function("write").await;
    let answer = first.api().invoke(batch.to_string(), SystemClock.now() + SignedDuration::from_mins(1));
    // As soon as the vendor has anything, the worker is gone.
    while world.salesforce.live("Contact").is_empty() {
        tokio::task::yield_now().await;
    }
    first.kill();
    let (status, _) = first.ended().await;
    assert_eq!(status.signal(), Some(9));
    drop(answer);
    let mut second = world.function("write").await;
    second.invoke(&batch).await.response();
    assert_eq!(world.salesforce.live("Contact").len(), 30);
}
