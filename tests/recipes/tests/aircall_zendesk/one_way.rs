//! One way: each direction's words, what is not synced, and what the other side may keep.

use syncline_aircall_sim::{Reason, Setting};
use syncline_recipe_tests::{Agents, AgentsSetup};
use syncline_simulator::lock;

const IDA: &str = "ida@acme.example";
const ALL: [Reason; 5] = [Reason::OutForLunch, Reason::OnABreak, Reason::InTraining, Reason::DoingBackOffice, Reason::Other];

async fn agents(direction: &str) -> Agents {
    Agents::new(direction, &[IDA], &[IDA]).await
}

fn because(reason: Reason) -> Setting {
    Setting { reason: Some(reason), ..Setting::UNAVAILABLE }
}

#[tokio::test]
async fn az_03_available_is_online_and_unavailable_is_offline() {
    let agents = agents("left_to_right").await;
    for (set, shown) in [(Setting::AVAILABLE, "online"), (Setting::UNAVAILABLE, "offline"), (Setting::AVAILABLE, "online")] {
        agents.phone(IDA, set);
        agents.settle().await;
        assert_eq!(agents.shown(IDA), (set, shown.to_owned()));
    }
    // Away is not offline: the source's word counts.
    agents.desk(IDA, "away");
    agents.settle().await;
    agents.phone(IDA, Setting::UNAVAILABLE);
    agents.settle().await;
    assert_eq!(agents.shown(IDA).1, "offline");
}

#[tokio::test]
async fn az_04_online_is_available_and_offline_away_and_transfers_only_are_unavailable() {
    let agents = agents("right_to_left").await;
    for status in ["offline", "away", "transfers only"] {
        agents.desk(IDA, "online");
        agents.settle().await;
        assert_eq!(agents.shown(IDA), (Setting::AVAILABLE, "online".to_owned()));
        agents.desk(IDA, status);
        agents.settle().await;
        assert_eq!(agents.shown(IDA), (Setting::UNAVAILABLE, status.to_owned()));
    }
}

#[tokio::test]
async fn az_05_the_automatic_schedule_and_custom_statuses_are_not_synced() {
    for direction in ["left_to_right", "right_to_left", "both"] {
        let agents = agents(direction).await;
        lock(&agents.zendesk).simulator.add_custom_status(agents.now(), "In a meeting", ["away", "online", "away"]);
        agents.phone(IDA, Setting::AVAILABLE);
        agents.desk(IDA, "online");
        agents.settle().await;
        agents.writes();

        agents.desk(IDA, "In a meeting");
        agents.settle().await;
        assert_eq!(agents.shown(IDA), (Setting::AVAILABLE, "In a meeting".to_owned()), "{direction}");
        agents.desk(IDA, "online");
        agents.settle().await;
        agents.phone(IDA, Setting::CUSTOM);
        agents.settle().await;
        agents.desk(IDA, "offline");
        agents.settle().await;
        assert_eq!(agents.shown(IDA), (Setting::CUSTOM, "offline".to_owned()), "{direction}: the schedule is not ended");
        assert_eq!(agents.writes(), Vec::<String>::new(), "{direction}");
        assert!(agents.holds().await.is_empty(), "{direction}: and nothing is wrong");
    }
}

#[tokio::test]
async fn az_05_a_custom_status_can_be_mapped() {
    let mapped =
        AgentsSetup::new("right_to_left").with("transfers_only: offline", "transfers_only: offline\n                In a meeting: offline");
    let agents = Agents::made(mapped, &[IDA], &[IDA]).await;
    lock(&agents.zendesk).simulator.add_custom_status(agents.now(), "In a meeting", ["away", "online", "away"]);
    agents.desk(IDA, "online");
    agents.settle().await;
    assert_eq!(agents.shown(IDA).0, Setting::AVAILABLE);
    agents.desk(IDA, "In a meeting");
    agents.settle().await;
    assert_eq!(agents.shown(IDA).0, Setting::UNAVAILABLE);
}

#[tokio::test]
async fn az_06_reasons_are_not_sent_as_such_and_are_overwritten_with_the_general_status() {
    let forth = agents("left_to_right").await;
    for reason in ALL {
        forth.phone(IDA, Setting::AVAILABLE);
        forth.settle().await;
        forth.pause(IDA, reason);
        forth.settle().await;
        assert_eq!(forth.shown(IDA), (because(reason), "offline".to_owned()));
    }
    let back = agents("right_to_left").await;
    for reason in ALL {
        back.desk(IDA, "online");
        back.settle().await;
        back.pause(IDA, reason);
        back.settle().await;
        assert_eq!(back.shown(IDA).0, because(reason), "it stays until Zendesk changes");
        back.desk(IDA, "offline");
        back.settle().await;
        assert_eq!(back.shown(IDA).0, Setting::UNAVAILABLE);
    }
}

#[tokio::test]
async fn az_06_each_reason_can_be_mapped_to_a_custom_status() {
    let mapped = AgentsSetup::new("left_to_right")
        .with("out_for_lunch: offline", "out_for_lunch: Lunch")
        .with("transfers_only: offline", "transfers_only: offline\n                Lunch: Lunch");
    let agents = Agents::off(mapped).await;
    lock(&agents.zendesk).simulator.add_custom_status(agents.now(), "Lunch", ["away", "online", "away"]);
    agents.hire_at_aircall(IDA);
    agents.hire_at_zendesk(IDA);
    agents.turn_on().await;
    for (set, shown) in [(because(Reason::OutForLunch), "Lunch"), (because(Reason::OnABreak), "offline"), (Setting::AVAILABLE, "online")] {
        agents.phone(IDA, set);
        agents.settle().await;
        assert_eq!(agents.shown(IDA), (set, shown.to_owned()));
    }
}

#[tokio::test]
async fn az_07_only_the_chosen_direction_acts_and_the_target_keeps_what_it_was_set_to() {
    let forth = agents("left_to_right").await;
    forth.writes();
    forth.desk(IDA, "online");
    forth.settle().await;
    forth.hear().await;
    assert_eq!(forth.shown(IDA), (Setting::UNAVAILABLE, "online".to_owned()));
    assert_eq!(forth.writes(), Vec::<String>::new());
    forth.phone(IDA, Setting::AVAILABLE);
    forth.phone(IDA, Setting::UNAVAILABLE);
    forth.settle().await;
    assert_eq!(forth.shown(IDA).1, "online", "the source is as it was");
    forth.phone(IDA, Setting::AVAILABLE);
    forth.settle().await;
    forth.phone(IDA, Setting::UNAVAILABLE);
    forth.settle().await;
    assert_eq!(forth.shown(IDA).1, "offline");

    let back = agents("right_to_left").await;
    back.writes();
    back.phone(IDA, Setting::AVAILABLE);
    back.settle().await;
    back.hear().await;
    assert_eq!(back.shown(IDA), (Setting::AVAILABLE, "offline".to_owned()));
    assert_eq!(back.writes(), Vec::<String>::new());
    back.desk(IDA, "away");
    back.settle().await;
    assert_eq!(back.shown(IDA).0, Setting::AVAILABLE, "away says over there what offline said");
    back.desk(IDA, "online");
    back.settle().await;
    back.desk(IDA, "away");
    back.settle().await;
    assert_eq!(back.shown(IDA).0, Setting::UNAVAILABLE);
}

#[tokio::test]
async fn az_07_turning_it_on_writes_nothing() {
    for direction in ["left_to_right", "right_to_left"] {
        let agents = Agents::off(AgentsSetup::new(direction)).await;
        agents.hire_at_aircall(IDA);
        agents.hire_at_zendesk(IDA);
        agents.phone(IDA, Setting::AVAILABLE);
        agents.desk(IDA, "away");
        agents.writes();
        agents.turn_on().await;
        assert_eq!(agents.shown(IDA), (Setting::AVAILABLE, "away".to_owned()));
        assert_eq!(agents.writes(), Vec::<String>::new(), "{direction}");
        assert_eq!(agents.status().await.syncs[0].mappings[0].entries.as_ref().unwrap().linked, 1, "{direction}: they are linked");
    }
}
