//! ZS-3: without Firehose deletions are found by reading everything and comparing; how often follows from the records and the budget, and is shown.

use http::Method;
use jiff::SignedDuration;
use syncline_engine::status::SweepStatus;
use syncline_engine::sweep::{self, SweepPhase};
use syncline_model::Side;
use syncline_recipe_tests::{Replica, ReplicaSetup};
use syncline_simulator::{Population, Trouble, When, lock};

const RUN: SignedDuration = SignedDuration::from_mins(10);
const HOUR: SignedDuration = SignedDuration::from_hours(1);
const FIRST_PAGE: &str = "/v2/contacts?sort_by=id&per_page=100&page=1";
const EMPTY: &str = r#"{"items":[],"meta":{"type":"collection","count":0,"links":{"self":"https://api.getbase.com/v2/contacts"}}}"#;

async fn shown(replica: &Replica) -> SweepStatus {
    let status = replica.stage.status().await;
    let contacts = status.syncs[0].mappings.iter().find(|mapping| mapping.mapping.as_str() == "contacts").unwrap();
    contacts.sweeps.left.clone().unwrap()
}

#[tokio::test]
async fn zs_03_a_deletion_that_no_list_tells_is_found_by_the_sweep_when_it_is_due() {
    let replica = Replica::made(ReplicaSetup::team()).await;
    let ids = replica.organizations(4);
    replica.stage.settle().await;
    replica.delete_at_sell("contact", &ids[1]);
    replica.stage.after(RUN).await;
    assert!(replica.is_live("contacts", &ids[1]), "the lists of this plan tell of no deletion");
    let due = shown(&replica).await.auto.next_at.unwrap();
    assert!(due > replica.stage.now(), "the first reading was just done");
    replica.run_due_sweeps().await;
    assert!(replica.is_live("contacts", &ids[1]), "and before its time nothing is swept");
    replica.stage.clock.advance_to(due);
    replica.run_due_sweeps().await;
    let live: Vec<bool> = ids.iter().map(|id| replica.is_live("contacts", id)).collect();
    assert_eq!(live, [true, false, true, true]);
    let swept = shown(&replica).await;
    assert_eq!((swept.phase, swept.records, swept.gone), (SweepPhase::Done, Some(3), 1));
    assert!(swept.auto.next_at.unwrap() > due);
    // Nothing is missing any more: the next one finds nothing, and costs no write.
    let before = replica.rows("contacts");
    replica.stage.clock.advance_to(swept.auto.next_at.unwrap());
    replica.run_due_sweeps().await;
    assert_eq!(shown(&replica).await.gone, 0);
    assert_eq!(replica.rows("contacts"), before);
}

/// How an account with so many organisations is compared under this limit: seconds from one sweep to the next, and the calls of a day.
async fn compared_every(organizations: u32, calls_per_minute: u32) -> (u64, u64) {
    let mut setup = ReplicaSetup { calls_per_minute: Some(calls_per_minute), ..ReplicaSetup::team() };
    setup.sell.load(&Population::new(4), 0..0, 0..organizations, "2026-11-01T08:00:00Z".parse().unwrap());
    let replica = Replica::off(setup).await;
    replica.sweep("contacts").await;
    let shown = shown(&replica).await;
    assert_eq!((shown.records, shown.auto.records), (Some(u64::from(organizations)), u64::from(organizations)));
    let period = SignedDuration::from_secs(i64::try_from(shown.auto.period_s).unwrap());
    assert_eq!(shown.auto.next_at, shown.began.map(|began| began + period));
    (shown.auto.period_s, shown.auto.calls_per_day)
}

#[tokio::test]
async fn zs_03_how_often_follows_from_the_records_and_the_budget() {
    // A fifth of each limit is left to others.
    assert_eq!(compared_every(3, 1_000).await, (3_600, 1_152_000));
    let (narrow, calls) = compared_every(520, 10).await;
    assert_eq!(calls, 8 * 24 * 60);
    let (fewer, _) = compared_every(120, 10).await;
    let (wider, _) = compared_every(520, 20).await;
    assert!(fewer < narrow && wider < narrow && narrow > 3_600, "{narrow} {fewer} {wider}");
    // A sweep's pages take a twentieth of a day's calls, all objects of the sync together.
    let replica = Replica::off(ReplicaSetup::team()).await;
    let objects = replica.stage.sync().mappings.len() as u64;
    assert!(6 * objects * 86_400 <= narrow * (calls / 20), "{narrow}");
}

#[tokio::test]
async fn zs_03_a_failed_partial_or_empty_listing_deletes_nothing() {
    let mut setup = ReplicaSetup::team();
    setup.sell.load(&Population::new(6), 0..0, 0..150, "2026-11-01T08:00:00Z".parse().unwrap());
    let replica = Replica::made(setup).await;
    assert_eq!(replica.count_live("contacts"), 150);
    let second_page = When { method: Some(Method::GET), contains: "/v2/contacts?sort_by=id".into(), after: 1 };
    for trouble in [Trouble::HtmlError, Trouble::CutBody, Trouble::NeverSent, Trouble::EmptyBody, Trouble::HtmlInsteadOfJson] {
        lock(&replica.sell).script.add(second_page.clone(), trouble.clone());
        let stopped = replica.sweep_turn("contacts").await;
        assert!(stopped.phase == SweepPhase::Listing && stopped.stopped.is_some(), "{trouble:?}: {stopped:?}");
        replica.stage.drain().await;
        assert_eq!(replica.count_live("contacts"), 150, "{trouble:?}");
        // It goes on where it stopped.
        let progress = replica.sweep("contacts").await;
        assert_eq!((progress.phase, progress.read, progress.gone), (SweepPhase::Done, 150, 0), "{trouble:?}");
    }
    // An answer that is well-formed and empty.
    lock(&replica.sell).script.add(When::next(Method::GET, FIRST_PAGE), Trouble::Instead(200, EMPTY.to_owned()));
    let empty = replica.sweep("contacts").await;
    assert_eq!((empty.read, empty.gone, empty.queued), (0, 0, 0));
    assert!(empty.stopped.is_some_and(|says| says.contains("empty")));
    assert_eq!(replica.count_live("contacts"), 150);
    assert!(replica.stage.holds().await.is_empty());
}

#[tokio::test]
async fn zs_03_a_listing_that_wrongly_leaves_a_few_out_deletes_none_of_them() {
    let mut setup = ReplicaSetup::team();
    setup.sell.load(&Population::new(6), 0..0, 0..99, "2026-11-01T08:00:00Z".parse().unwrap());
    let replica = Replica::made(setup).await;
    // Each of those that are missing is asked for by its id before anything happens to it.
    replica.list_wrongly(95);
    let short = replica.sweep("contacts").await;
    assert_eq!((short.phase, short.read, short.gone, short.queued), (SweepPhase::Done, 95, 4, 4));
    assert_eq!(replica.count_live("contacts"), 99);
    let swept = sweep::status(&replica.stage.engine, &replica.stage.sync().name, &"contacts".into(), Side::Left).await.unwrap();
    assert_eq!(swept.phase, SweepPhase::Done);
    replica.stage.after(HOUR).await;
    assert_eq!(replica.sweep("contacts").await.gone, 0);
    assert_eq!(replica.count_live("contacts"), 99);
}
