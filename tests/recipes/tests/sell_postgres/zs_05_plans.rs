//! ZS-5: the plan is probed, not configured; upgrades and downgrades are met while it runs, with nothing lost or repeated.

use jiff::SignedDuration;
use serde_json::json;
use syncline_recipe_tests::{Replica, ReplicaSetup};
use syncline_simulator::{Users, lock};
use syncline_zendesk_sell_sim::{PlanRefusal, Profile};

const RUN: SignedDuration = SignedDuration::from_mins(10);

fn place(calls: &[String], contains: &str) -> usize {
    calls.iter().position(|call| call.contains(contains)).unwrap_or_else(|| panic!("no call has {contains}: {calls:?}"))
}

/// Names of the replica's organisations that are not marked, in the order of Sell's ids.
fn names(replica: &Replica) -> Vec<String> {
    let live = replica.rows("contacts").into_iter().filter(|row| row["syncline_deleted_at"].is_null());
    live.map(|row| row["name"].as_str().unwrap_or_default().to_owned()).collect()
}

#[tokio::test]
async fn zs_05_after_an_upgrade_firehose_is_used_from_the_next_run_on() {
    for plan_refusal in [PlanRefusal::Envelope, PlanRefusal::Bare] {
        let setup = ReplicaSetup::of(Profile { plan: syncline_zendesk_sell_sim::Plan::Team, plan_refusal, ..Profile::default() });
        let replica = Replica::made(setup).await;
        let ids = replica.organizations(4);
        replica.stage.after(RUN).await;
        assert_eq!(replica.count_live("contacts"), 4);
        let untouched = replica.row("contacts", &ids[3]);
        lock(&replica.sell).simulator.upgrade();
        replica.edit_at_sell("contact", &ids[0], &json!({"name": "Helio GmbH"}));
        // The list of the next run has been answered, and does not show this any more: only the position taken before it does.
        let gone = ids[1].clone();
        replica.interject("/v2/contacts?sort_by=updated_at", move |sell, now| sell.delete(now, "contact", &gone).unwrap());
        replica.calls_to_sell();
        replica.stage.after(RUN).await;
        let calls = replica.calls_to_sell();
        assert!(place(&calls, "/v3/contacts/stream?position=top") < place(&calls, "/v2/contacts?sort_by="), "{calls:?}");
        replica.stage.after(RUN).await;
        assert_eq!(names(&replica), ["Helio GmbH", "Nordwerk 0002", "Nordwerk 0003"]);
        // From now on nothing is listed, and deletions need no sweep.
        replica.delete_at_sell("contact", &ids[2]);
        replica.calls_to_sell();
        replica.stage.after(RUN).await;
        let calls = replica.calls_to_sell();
        assert!(!calls.iter().any(|call| call.contains("/v2/contacts?sort_by=")), "{calls:?}");
        assert_eq!(names(&replica), ["Helio GmbH", "Nordwerk 0003"]);
        assert_eq!(replica.row("contacts", &ids[3]), untouched, "what did not change was not written again");
        assert!(replica.stage.holds().await.is_empty());
    }
}

#[tokio::test]
async fn zs_05_after_a_downgrade_changes_are_listed_and_deletions_swept() {
    let replica = Replica::new().await;
    let ids = replica.organizations(4);
    replica.stage.after(RUN).await;
    let untouched = replica.row("contacts", &ids[3]);
    let said = async || serde_json::to_string(&replica.stage.preflight().await.ends.left.account.unwrap().notes).unwrap();
    assert!(said().await.contains("changes and deletions come through it"), "{}", said().await);
    // Told by no run before the stream was taken away.
    replica.edit_at_sell("contact", &ids[0], &json!({"name": "Helio GmbH"}));
    lock(&replica.sell).simulator.downgrade();
    replica.edit_at_sell("contact", &ids[1], &json!({"name": "Wind AG"}));
    replica.stage.after(RUN).await;
    assert_eq!(names(&replica), ["Helio GmbH", "Wind AG", "Nordwerk 0002", "Nordwerk 0003"]);
    replica.delete_at_sell("contact", &ids[2]);
    replica.stage.after(RUN).await;
    assert!(replica.is_live("contacts", &ids[2]));
    assert!(said().await.contains("deletions are found by the sweep alone"), "{}", said().await);
    replica.stage.after(SignedDuration::from_hours(1)).await;
    replica.run_due_sweeps().await;
    assert_eq!(names(&replica), ["Helio GmbH", "Wind AG", "Nordwerk 0003"]);
    assert_eq!(replica.row("contacts", &ids[3]), untouched, "what did not change was not written again");
}

#[tokio::test]
async fn zs_05_up_and_down_again_nothing_is_lost_or_repeated() {
    let replica = Replica::new().await;
    let ids = replica.organizations(3);
    replica.stage.after(RUN).await;
    for round in 0..6 {
        let name = format!("Round {round}");
        replica.edit_at_sell("contact", &ids[round % 3], &json!({"name": name.as_str()}));
        if round % 2 == 0 {
            lock(&replica.sell).simulator.downgrade();
        } else {
            lock(&replica.sell).simulator.upgrade();
        }
        let new = replica.new_at_sell("contact", &json!({"name": format!("New {round}"), "is_organization": true}));
        let others: Vec<_> = ids.iter().filter(|id| **id != ids[round % 3]).map(|id| replica.row("contacts", id)).collect();
        replica.stage.after(RUN).await;
        assert_eq!(replica.row("contacts", &ids[round % 3]).unwrap()["name"], name);
        assert!(replica.is_live("contacts", &new));
        assert_eq!(ids.iter().filter(|id| **id != ids[round % 3]).map(|id| replica.row("contacts", id)).collect::<Vec<_>>(), others);
    }
    assert_eq!(replica.rows("contacts").len(), 9);
    assert!(replica.stage.holds().await.is_empty());
}

#[tokio::test]
async fn zs_05_a_position_that_is_older_than_72_hours_leads_back_to_a_full_read() {
    let replica = Replica::new().await;
    let ids = replica.organizations(4);
    replica.stage.after(RUN).await;
    let untouched = replica.row("contacts", &ids[3]);
    replica.edit_at_sell("contact", &ids[0], &json!({"name": "Helio GmbH"}));
    replica.delete_at_sell("contact", &ids[1]);
    let new = replica.new_at_sell("contact", &json!({"name": "Wind AG", "is_organization": true}));
    // The sync stands still for longer than the vendor keeps its events.
    replica.stage.clock.advance(SignedDuration::from_hours(80));
    replica.calls_to_sell();
    replica.stage.after(RUN).await;
    let gone = lock(&replica.sell).statuses.get(&410).copied().unwrap_or_default();
    assert!(gone > 0, "the position was refused");
    assert!(replica.is_live("contacts", &new));
    assert_eq!(replica.row("contacts", &ids[0]).unwrap()["name"], "Helio GmbH");
    // What was deleted in that time no event tells any more.
    replica.run_due_sweeps().await;
    assert_eq!(names(&replica), ["Helio GmbH", "Nordwerk 0002", "Nordwerk 0003", "Wind AG"]);
    assert_eq!(replica.row("contacts", &ids[3]), untouched, "what did not change was not written again");
    // And Firehose goes on.
    replica.delete_at_sell("contact", &ids[2]);
    replica.stage.after(RUN).await;
    assert_eq!(names(&replica), ["Helio GmbH", "Nordwerk 0003", "Wind AG"]);
}
