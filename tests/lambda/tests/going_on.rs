//! An invocation of `pull` that has to wait for the vendor's limit goes on in the time that it has left.
#![allow(clippy::unwrap_used, reason = "what a test cannot set up fails the test")]

use jiff::SignedDuration;
use serde_json::{Value as Json, json};
use syncline_engine::turn::Turn;
use syncline_lambda_tests::World;
use syncline_lambda_tests::world::Filling;

/// More pages than a burst of so few calls a minute reads.
fn filled() -> (Filling, Filling) {
    (Filling { people: 0..400, calls: Some(40), ..Filling::default() }, Filling::default())
}

fn backfill() -> Json {
    json!({ "sync": "customers", "backfill": true })
}

#[tokio::test]
async fn a_backfill_that_meets_the_limit_goes_on_in_the_same_invocation() {
    let (left, right) = filled();
    let world = World::filled(left, right).await;
    let mut pull = world.function("pull").await;
    let done = pull.invoke_within(&backfill(), SignedDuration::from_mins(3)).await.response();
    assert_eq!(done["backfill"]["phase"], "done", "{done}");
    // What is done costs the next schedule a look.
    let again = pull.invoke(&backfill()).await.response();
    assert_eq!(again["backfill"]["phase"], "done", "{again}");
}

#[tokio::test]
async fn where_the_time_is_up_or_another_run_waits_already_the_rest_is_left_to_it() {
    let (left, right) = filled();
    let world = World::filled(left, right).await;
    let mut pull = world.function("pull").await;
    // So little time that no wait is worth it: it stops at its first pause, and says when to go on.
    let stopped = pull.invoke_within(&backfill(), SignedDuration::from_secs(18)).await.response();
    assert_ne!(stopped["backfill"]["phase"], "done", "{stopped}");
    assert!(stopped["backfill"]["again_at"].is_string(), "{stopped}");
    // While another run has the turn, this one does what it can and ends.
    let engine = world.engine();
    let until = engine.now() + SignedDuration::from_mins(10);
    let turn = Turn::take(&engine, &"customers".into(), "backfill", until).await.unwrap().unwrap();
    let beside = pull.invoke_within(&backfill(), SignedDuration::from_mins(3)).await.response();
    assert_ne!(beside["backfill"]["phase"], "done", "{beside}");
    turn.give_back(&engine).await.unwrap();
    let done = pull.invoke_within(&backfill(), SignedDuration::from_mins(3)).await.response();
    assert_eq!(done["backfill"]["phase"], "done", "{done}");
}
