//! ZS-2: deletions come through Firehose at every regular run, where the plan has it.

use jiff::SignedDuration;
use serde_json::json;
use syncline_engine::sweep::{self, SweepPhase};
use syncline_model::Side;
use syncline_recipe_tests::{Replica, ReplicaSetup};
use syncline_simulator::{Population, Users, lock};
use syncline_zendesk_sell_sim::{DeletedBody, Profile};

const RUN: SignedDuration = SignedDuration::from_mins(10);
const KINDS: [(&str, &str); 5] = [("note", "notes"), ("task", "tasks"), ("deal", "deals"), ("lead", "leads"), ("contact", "contacts")];

/// One of each kind, children first.
fn one_of_each(replica: &Replica) -> Vec<String> {
    let contact = replica.new_at_sell("contact", &json!({"name": "Nordwerk GmbH", "is_organization": true}));
    let lead = replica.new_at_sell("lead", &json!({"last_name": "Brandt"}));
    let deal = replica.new_at_sell("deal", &json!({"name": "Solar roof", "contact_id": contact}));
    let task = replica.new_at_sell("task", &json!({"content": "Call back"}));
    let note = replica.new_at_sell("note", &json!({"content": "Wants a quote", "resource_type": "deal", "resource_id": deal}));
    vec![note, task, deal, lead, contact]
}

#[tokio::test]
async fn zs_02_a_deletion_of_any_kind_is_carried_over_by_the_next_run_without_a_listing() {
    for deleted_events in [DeletedBody::IdOnly, DeletedBody::LastSnapshot] {
        let replica = Replica::made(ReplicaSetup::of(Profile { deleted_events, ..Profile::default() })).await;
        let ids = one_of_each(&replica);
        replica.stage.after(RUN).await;
        for ((_, table), id) in KINDS.iter().zip(&ids) {
            assert!(replica.is_live(table, id), "{table}");
        }
        for ((kind, table), id) in KINDS.iter().zip(&ids) {
            replica.delete_at_sell(kind, id);
            replica.calls_to_sell();
            replica.stage.after(RUN).await;
            assert!(replica.row(table, id).is_some_and(|row| row["syncline_deleted_at"].is_string()), "{table}: marked, and still there");
            let calls = replica.calls_to_sell();
            assert!(calls.iter().any(|call| call.contains(&format!("/v3/{table}/stream"))), "{calls:?}");
            assert!(!calls.iter().any(|call| call.contains("sort_by=")), "nothing had to be listed: {calls:?}");
        }
        for mapping in &replica.stage.sync().mappings {
            let swept = sweep::status(&replica.stage.engine, &replica.stage.sync().name, &mapping.name, Side::Left).await.unwrap();
            assert_eq!(swept.phase, SweepPhase::NotBegun);
        }
    }
}

#[tokio::test]
async fn zs_02_late_repeated_and_empty_pages_of_events_lose_no_deletion() {
    let profile = Profile { firehose_lag_s: 45, firehose_empty_every: 2, ..Profile::default() };
    let replica = Replica::made(ReplicaSetup::unhurried(profile)).await;
    let ids = replica.organizations(6);
    let until = |minutes| replica.stage.now() + SignedDuration::from_mins(minutes);
    replica.stage.run_schedules(until(60)).await;
    assert_eq!(replica.count_live("contacts"), 6);
    for id in ids.iter().take(4) {
        replica.delete_at_sell("contact", id);
        replica.stage.run_schedules(until(10)).await;
    }
    replica.stage.run_schedules(until(60)).await;
    let live: Vec<&String> = ids.iter().filter(|id| replica.is_live("contacts", id)).collect();
    assert_eq!(live, [&ids[4], &ids[5]]);
    assert_eq!(replica.rows("contacts").len(), 6, "marked rows stay");
    assert!(replica.stage.holds().await.is_empty());
}

#[tokio::test]
async fn zs_02_what_is_deleted_while_everything_is_read_the_first_time_is_not_left_behind() {
    let mut setup = ReplicaSetup::default();
    let at = "2026-11-01T08:00:00Z".parse().unwrap();
    setup.sell.load(&Population::new(5), 0..0, 0..230, at);
    let replica = Replica::off(setup).await;
    let first = lock(&replica.sell).simulator.live("contact").into_keys().next().unwrap();
    let gone = first.clone();
    // The page that has it was read; the ones behind it were not.
    replica.interject("/v2/contacts?sort_by=id&per_page=100&page=1", move |sell, now| {
        sell.delete(now, "contact", &gone).unwrap();
    });
    replica.stage.turn_on().await;
    replica.stage.after(RUN).await;
    assert!(!replica.is_live("contacts", &first));
    assert_eq!(replica.count_live("contacts"), 229);
}
