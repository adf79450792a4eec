//! Both directions at once.

use syncline_aircall_sim::{Reason, Setting};
use syncline_model::Side;
use syncline_recipe_tests::{Agents, AgentsSetup};

const IDA: &str = "ida@acme.example";

fn lunch() -> Setting {
    Setting { reason: Some(Reason::OutForLunch), ..Setting::UNAVAILABLE }
}

/// A schedule may fire before the backfill has begun. What its listing shows is no edit: the master's status wins.
#[tokio::test]
async fn az_04_a_poll_before_the_backfill_takes_no_status_for_an_edit() {
    let agents = Agents::off(AgentsSetup::new("both").with("master: left", "master: right")).await;
    agents.hire_at_aircall(IDA);
    agents.hire_at_zendesk(IDA);
    agents.phone(IDA, Setting::AVAILABLE);
    for side in [Side::Left, Side::Right] {
        agents.pull(side).await;
    }
    agents.drain().await;
    agents.turn_on().await;
    assert_eq!(agents.shown(IDA), (Setting::UNAVAILABLE, "offline".to_owned()));
}

#[tokio::test]
async fn az_11_a_reason_survives_the_trip_to_offline_and_back_and_nothing_echoes() {
    let agents = Agents::new("both", &[IDA], &[IDA]).await;
    agents.phone(IDA, Setting::AVAILABLE);
    agents.hear().await;
    assert_eq!(agents.shown(IDA), (Setting::AVAILABLE, "online".to_owned()));
    agents.writes();

    agents.pause(IDA, Reason::OutForLunch);
    agents.hear().await;
    agents.settle().await;
    assert_eq!(agents.shown(IDA), (lunch(), "offline".to_owned()));
    assert_eq!(agents.writes().len(), 1, "one change is one write, and its echo none");

    // Another word of the desk for the same leaves the reason.
    agents.desk(IDA, "away");
    agents.hear().await;
    agents.settle().await;
    assert_eq!(agents.shown(IDA), (lunch(), "away".to_owned()));
    assert_eq!(agents.writes(), Vec::<String>::new());

    // Another meaning does not.
    agents.desk(IDA, "online");
    agents.hear().await;
    agents.settle().await;
    assert_eq!(agents.shown(IDA), (Setting::AVAILABLE, "online".to_owned()));
    agents.desk(IDA, "offline");
    agents.hear().await;
    agents.settle().await;
    assert_eq!(agents.shown(IDA), (Setting::UNAVAILABLE, "offline".to_owned()));
    assert_eq!(agents.writes().len(), 2);
}

#[tokio::test]
async fn az_11_each_side_sets_the_other() {
    let agents = Agents::new("both", &[IDA], &[IDA]).await;
    for (set, shown) in [(Setting::AVAILABLE, "online"), (Setting::UNAVAILABLE, "offline")] {
        agents.phone(IDA, set);
        agents.hear().await;
        assert_eq!(agents.shown(IDA), (set, shown.to_owned()));
    }
    for (chosen, set) in [("online", Setting::AVAILABLE), ("transfers only", Setting::UNAVAILABLE)] {
        agents.desk(IDA, chosen);
        agents.hear().await;
        assert_eq!(agents.shown(IDA), (set, chosen.to_owned()));
    }
    agents.writes();
    agents.settle().await;
    agents.hear().await;
    assert_eq!(agents.writes(), Vec::<String>::new(), "at rest nothing is written");
}

#[tokio::test]
async fn az_11_where_both_were_changed_the_master_wins_and_at_the_start_too() {
    let agents = Agents::off(AgentsSetup::new("both")).await;
    agents.hire_at_aircall(IDA);
    agents.hire_at_zendesk(IDA);
    agents.phone(IDA, Setting::AVAILABLE);
    agents.desk(IDA, "away");
    agents.turn_on().await;
    assert_eq!(agents.shown(IDA), (Setting::AVAILABLE, "online".to_owned()));
    agents.phone(IDA, Setting::UNAVAILABLE);
    agents.settle().await;
    agents.phone(IDA, Setting::AVAILABLE);
    agents.desk(IDA, "transfers only");
    agents.settle().await;
    assert_eq!(agents.shown(IDA), (Setting::AVAILABLE, "online".to_owned()), "away's kind of offline lost to the phone");
}
