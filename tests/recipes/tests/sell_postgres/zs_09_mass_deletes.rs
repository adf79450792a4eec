//! ZS-9: a sweep that would delete more than a set share of records stops and asks.

use jiff::SignedDuration;
use syncline_engine::hold;
use syncline_engine::sweep::{HOLD_ID, SweepPhase};
use syncline_model::Side;
use syncline_recipe_tests::{Replica, ReplicaSetup};
use syncline_simulator::Population;

const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// An account without Firehose, with so many organisations, all of them in the replica.
async fn with(organizations: u32) -> Replica {
    let mut setup = ReplicaSetup::team();
    setup.sell.load(&Population::new(9), 0..0, 0..organizations, "2026-11-01T08:00:00Z".parse().unwrap());
    let replica = Replica::made(setup).await;
    assert_eq!(replica.count_live("contacts"), organizations as usize);
    replica
}

fn delete(replica: &Replica, count: usize) {
    let ids: Vec<String> = replica.rows("contacts").iter().map(|row| row["sell_id"].as_str().unwrap().to_owned()).collect();
    for id in ids.iter().rev().filter(|id| replica.at_sell("contact", id).is_some()).take(count) {
        replica.delete_at_sell("contact", id);
    }
}

async fn release(replica: &Replica) -> bool {
    let (engine, sync) = (&replica.stage.engine, &replica.stage.sync().name);
    hold::release(engine, sync, &"contacts".into(), Side::Left, HOLD_ID).await.unwrap()
}

async fn asked(replica: &Replica) -> u64 {
    replica.stage.status().await.syncs[0].held.get("mass_delete").copied().unwrap_or_default()
}

#[tokio::test]
async fn zs_09_a_sweep_that_would_delete_many_asks_and_carries_them_over_once_released() {
    let replica = with(60).await;
    delete(&replica, 14);
    replica.stage.after(HOUR).await;
    let progress = replica.sweep("contacts").await;
    assert_eq!((progress.phase, progress.gone, progress.links, progress.queued), (SweepPhase::Asked, 14, 60, 0));
    assert_eq!((replica.count_live("contacts"), asked(&replica).await), (60, 1));
    let holds = replica.stage.holds().await;
    assert_eq!((holds.len(), holds[0].name(), holds[0].id.as_str()), (1, "mass_delete", HOLD_ID));
    assert!(holds[0].says.contains("14 of 60"), "{}", holds[0].says);
    // Released, it need not wait for its next time.
    assert!(release(&replica).await);
    replica.run_due_sweeps().await;
    assert_eq!((replica.count_live("contacts"), asked(&replica).await), (46, 0));
    assert!(!release(&replica).await, "nothing is asked any more");
}

#[tokio::test]
async fn zs_09_as_long_as_nobody_releases_it_nothing_is_deleted_and_it_asks_again() {
    let replica = with(60).await;
    delete(&replica, 14);
    for _ in 0..3 {
        replica.stage.after(HOUR * 2).await;
        replica.run_due_sweeps().await;
        assert_eq!((replica.count_live("contacts"), asked(&replica).await), (60, 1));
    }
    // A release covers about as many as were asked about: had many more gone meanwhile, it asks anew.
    assert!(release(&replica).await);
    delete(&replica, 40);
    replica.stage.after(HOUR * 2).await;
    replica.run_due_sweeps().await;
    assert_eq!((replica.count_live("contacts"), asked(&replica).await), (60, 1));
    assert!(replica.stage.holds().await[0].says.contains("54 of 60"));
}

#[tokio::test]
async fn zs_09_an_api_that_wrongly_answers_with_a_part_erases_nothing_even_if_released() {
    let replica = with(60).await;
    replica.list_wrongly(40);
    let progress = replica.sweep("contacts").await;
    assert_eq!((progress.phase, progress.gone), (SweepPhase::Asked, 20));
    assert_eq!((replica.count_live("contacts"), asked(&replica).await), (60, 1));
    // Somebody releases it too soon, and the API still lies: each record is asked for, and lives.
    assert!(release(&replica).await);
    replica.list_wrongly(40);
    let progress = replica.sweep("contacts").await;
    assert_eq!((progress.phase, progress.gone, progress.queued), (SweepPhase::Done, 20, 20));
    assert_eq!((replica.count_live("contacts"), asked(&replica).await), (60, 0));
    // It lies once more; then it tells the truth, and the question is withdrawn.
    replica.list_wrongly(40);
    assert_eq!(replica.sweep("contacts").await.phase, SweepPhase::Asked);
    assert_eq!(replica.sweep("contacts").await.phase, SweepPhase::Done);
    assert_eq!((replica.count_live("contacts"), asked(&replica).await), (60, 0));
}

#[tokio::test]
async fn zs_09_the_share_is_the_configs() {
    let mut setup = ReplicaSetup::team().with("max_share: 5", "max_share: 50");
    setup.sell.load(&Population::new(9), 0..0, 0..60, "2026-11-01T08:00:00Z".parse().unwrap());
    let replica = Replica::made(setup).await;
    delete(&replica, 20);
    replica.stage.after(HOUR).await;
    assert_eq!(replica.sweep("contacts").await.phase, SweepPhase::Done);
    assert_eq!((replica.count_live("contacts"), asked(&replica).await), (40, 0));
}
