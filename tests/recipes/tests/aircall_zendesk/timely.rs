//! How soon a status crosses, and which of several does.

use http::Method;
use jiff::SignedDuration;
use syncline_aircall_sim::{Reason, Setting};
use syncline_model::Side;
use syncline_recipe_tests::{Agents, AgentsSetup};
use syncline_simulator::{Trouble, When, lock};

const IDA: &str = "ida@acme.example";

async fn agents(direction: &str) -> Agents {
    Agents::new(direction, &[IDA], &[IDA]).await
}

#[tokio::test]
async fn az_08_a_status_crosses_within_seconds_by_webhook() {
    let forth = agents("left_to_right").await;
    forth.phone(IDA, Setting::AVAILABLE);
    let begun = forth.now();
    forth.hear().await;
    assert_eq!(forth.shown(IDA).1, "online", "without a pull");
    let took = forth.now().duration_since(begun);
    assert!(took <= SignedDuration::from_secs(30), "{took}");

    let back = agents("right_to_left").await;
    back.desk(IDA, "online");
    let begun = back.now();
    back.hear().await;
    assert_eq!(back.shown(IDA).0, Setting::AVAILABLE, "without a pull");
    let took = back.now().duration_since(begun);
    assert!(took <= SignedDuration::from_secs(30), "{took}");
}

#[tokio::test]
async fn az_08_calls_bring_a_status_over_too_and_a_pull_what_every_lost_event_missed() {
    let agents = agents("left_to_right").await;
    let ida = lock(&agents.aircall).simulator.user_ids()[0];
    lock(&agents.aircall).simulator.log_in(agents.now(), ida);
    agents.phone(IDA, Setting::AVAILABLE);
    agents.lose_events();
    agents.drain().await;
    assert_eq!(agents.shown(IDA).1, "offline");
    agents.call(IDA);
    agents.hear().await;
    assert_eq!(agents.shown(IDA).1, "online", "the call's events were heard");

    agents.phone(IDA, Setting::UNAVAILABLE);
    agents.lose_events();
    agents.drain().await;
    assert_eq!(agents.shown(IDA).1, "online");
    agents.pull(Side::Left).await;
    agents.drain().await;
    assert_eq!(agents.shown(IDA).1, "offline");
}

#[tokio::test]
async fn az_10_of_several_changes_that_wait_the_newest_is_written_once() {
    for direction in ["left_to_right", "right_to_left"] {
        let agents = agents(direction).await;
        agents.phone(IDA, Setting::AVAILABLE);
        agents.desk(IDA, "online");
        agents.settle().await;
        agents.hear().await;
        agents.writes();
        for _ in 0..5 {
            agents.phone(IDA, Setting::UNAVAILABLE);
            agents.desk(IDA, "offline");
            agents.pull(Side::Left).await;
            agents.pull(Side::Right).await;
            agents.phone(IDA, Setting::AVAILABLE);
            agents.desk(IDA, "online");
            agents.post().await;
        }
        let newest = if direction == "left_to_right" {
            agents.phone(IDA, Setting::UNAVAILABLE);
            (Setting::UNAVAILABLE, "offline".to_owned())
        } else {
            agents.desk(IDA, "away");
            (Setting::UNAVAILABLE, "away".to_owned())
        };
        agents.post().await;
        agents.drain().await;
        agents.settle().await;
        assert_eq!(agents.shown(IDA), newest, "{direction}");
        assert_eq!(agents.writes().len(), 1, "{direction}");
    }
}

#[tokio::test]
async fn az_10_a_status_that_is_older_than_the_one_written_last_is_never_written() {
    let agents = agents("left_to_right").await;
    // What a pull saw waits in the queue, out of the worker's reach.
    agents.phone(IDA, Setting::AVAILABLE);
    agents.pull(Side::Left).await;
    let connection = agents.sync().ends.right.connection.clone();
    let late = agents.queue.receive(&connection, 50, 900, agents.now()).await.unwrap();
    assert_eq!(late.len(), 1);
    // A newer status crosses, and back to what it was.
    agents.pause(IDA, Reason::OutForLunch);
    agents.hear().await;
    agents.writes();
    let list: Vec<_> = late
        .iter()
        .map(|delivery| syncline_engine::write::Delivery { id: delivery.receipt.clone(), body: delivery.body.clone() })
        .collect();
    let unfinished = syncline_engine::write::write(&agents.engine, &connection, &list, agents.by()).await;
    assert!(unfinished.is_empty());
    assert_eq!(agents.writes(), Vec::<String>::new(), "the late message wrote nothing");
    assert_eq!(agents.shown(IDA).1, "offline");
}

#[tokio::test]
async fn az_10_a_write_that_waited_for_minutes_writes_what_is_newest_then() {
    let agents = agents("right_to_left").await;
    lock(&agents.aircall).script.add(When::next(Method::PUT, "/v2/users"), Trouble::NeverSent);
    agents.desk(IDA, "online");
    agents.pull(Side::Right).await;
    agents.work(Side::Left).await;
    agents.desk(IDA, "offline");
    agents.pull(Side::Right).await;
    agents.writes();
    agents.clock.advance(SignedDuration::from_mins(3));
    agents.drain().await;
    agents.settle().await;
    assert_eq!(agents.shown(IDA), (Setting::UNAVAILABLE, "offline".to_owned()));
    assert_eq!(agents.writes(), Vec::<String>::new(), "online was never written");
}

#[tokio::test]
async fn az_08_a_poll_that_met_a_spent_budget_goes_on_until_it_has_read_everybody() {
    let narrow = AgentsSetup::new("right_to_left").with(
        "calls_per_minute: \"100000\"\n    exports_per_minute: \"100000\"",
        "calls_per_minute: \"50\"\n    exports_per_minute: \"50\"",
    );
    // Everybody's status is read at once, a hundred in a call: five calls, of which none may be missing. Ten go at once, and one every two seconds.
    let desk: Vec<String> = (0..450).map(|number| format!("agent{number}@acme.example")).collect();
    let desk: Vec<&str> = desk.iter().map(String::as_str).collect();
    let agents = Agents::made(narrow, &[], &desk).await;
    let mut polls = 0;
    let mut pulled = agents.pull(Side::Right).await;
    while pulled.again_at.is_none() && polls < 20 {
        pulled = agents.pull(Side::Right).await;
        polls += 1;
    }
    let mut waits = 0;
    while let Some(at) = pulled.again_at.filter(|_| waits < 10) {
        agents.clock.advance_to(at);
        pulled = agents.pull(Side::Right).await;
        waits += 1;
    }
    assert!(pulled.caught_up && (1..=2).contains(&waits), "after {waits} waits: {pulled:?}");
}
