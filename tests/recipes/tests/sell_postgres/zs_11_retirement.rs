//! ZS-11: a source that stops answering for good freezes its connection; the replica stays as it is.

use jiff::SignedDuration;
use serde_json::json;
use syncline_engine::sweep::SweepPhase;
use syncline_recipe_tests::{Replica, ReplicaSetup};
use syncline_simulator::lock;
use syncline_zendesk_sell_sim::{Plan, Profile, Retirement};

const RUN: SignedDuration = SignedDuration::from_mins(10);
const DAY: SignedDuration = SignedDuration::from_hours(24);

#[tokio::test]
async fn zs_11_a_retired_account_freezes_its_connection_and_nothing_is_deleted() {
    for how in [Retirement::Unauthorized, Retirement::Forbidden, Retirement::NotFound, Retirement::Gone] {
        for plan in [Plan::Growth, Plan::Team] {
            let replica = Replica::made(ReplicaSetup::of(Profile { plan, ..Profile::default() })).await;
            let ids = replica.organizations(20);
            replica.stage.after(RUN).await;
            let before = replica.rows("contacts");
            lock(&replica.sell).simulator.retire(how);
            // An edit of the replica meets it first.
            let [edited, ..] = ids.as_slice() else { panic!("no organisation") };
            replica.sql(&format!("UPDATE contacts SET city = 'Kiel' WHERE sell_id = '{edited}'"));
            for _ in 0..3 {
                replica.stage.run_schedules(replica.stage.now() + RUN * 3).await;
                let swept = replica.sweep_turn("contacts").await;
                assert!(swept.phase != SweepPhase::Done || swept.gone == 0, "{how:?} {plan:?}: {swept:?}");
                replica.stage.clock.advance(DAY * 3);
            }
            let after = replica.rows("contacts");
            assert_eq!(after.len(), before.len(), "{how:?} {plan:?}");
            assert!(after.iter().all(|row| row["syncline_deleted_at"].is_null()), "{how:?} {plan:?}");
            assert_eq!(replica.row("contacts", edited).unwrap()["city"], "Kiel", "whoever edits the replica keeps what they wrote");
            assert!(after[1..] == before[1..], "{how:?} {plan:?}");
            let status = replica.stage.status().await;
            let stopped = status.syncs[0].ends.left.stopped.as_ref().unwrap_or_else(|| panic!("{how:?} {plan:?}: it runs on"));
            assert!(stopped.hint.contains("Zendesk Sell"), "{}", stopped.hint);
            assert!(status.syncs[0].ends.right.stopped.is_none(), "the replica's own connection is not concerned");
            assert_eq!(status.syncs[0].mappings[0].entries.as_ref().unwrap().linked, 20, "{how:?} {plan:?}");
            assert!(replica.stage.holds().await.is_empty(), "{how:?} {plan:?}: {:?}", replica.stage.holds().await);
            // Frozen: nobody is asked any more.
            replica.calls_to_sell();
            replica.stage.run_schedules(replica.stage.now() + RUN * 3).await;
            assert_eq!(replica.calls_to_sell(), Vec::<String>::new(), "{how:?} {plan:?}");
        }
    }
}

#[tokio::test]
async fn zs_11_on_the_announced_day_status_says_that_it_is_the_end_whatever_the_refusal_looks_like() {
    let replica = Replica::new().await;
    let id = replica.organizations(1).remove(0);
    replica.stage.after(RUN).await;
    let note = "Zendesk ends Sell on 2027-08-31";
    assert!(replica.stage.preflight().await.ends.left.account.unwrap().notes.iter().any(|said| said.contains(note)));
    replica.stage.clock.advance_to("2027-08-31T00:00:01Z".parse().unwrap());
    replica.stage.run_schedules(replica.stage.now() + RUN * 2).await;
    let status = replica.stage.status().await;
    let stopped = status.syncs[0].ends.left.stopped.clone().unwrap();
    assert!(stopped.hint.contains("2027-08-31") && stopped.hint.contains("stays"), "{}", stopped.hint);
    assert!(replica.is_live("contacts", &id));
    assert_eq!(replica.rows("contacts").len(), 1);
    assert_eq!(replica.at_sell("contact", &id).unwrap()["name"], json!("Nordwerk 0000"), "the account still has it, and gives nothing");
}
