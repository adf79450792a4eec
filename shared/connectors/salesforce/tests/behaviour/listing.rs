//! Scans and listings of changes: nothing is missed, whatever happens between two pages.

use std::collections::BTreeSet;

use serde_json::json;
use syncline_engine::ports::connector::From;
use syncline_model::{Presence, Record, Value};
use syncline_salesforce_sim::Profile;
use syncline_simulator::lock;

use crate::world::{World, contacts, ids_of, profile};

fn presence<'a>(records: &'a [Record], id: &str) -> &'a Presence {
    &records.iter().rfind(|record| record.id.as_str() == id).unwrap().presence
}

#[tokio::test]
async fn five_thousand_contacts_are_scanned_once_each_at_any_page_size() {
    for (page_records, pages) in [(137, 37), (1_999, 3), (2_500, 3), (5_000, 3)] {
        let world = World::peopled(profile(|profile| profile.page_records = page_records), 5_000);
        let (records, _) = world.scan(|_| {}).await;
        assert_eq!(records.len(), 5_000, "pages of {page_records}");
        assert_eq!(ids_of(&records), world.ids("Contact"), "pages of {page_records}");
        assert_eq!(world.calls().len(), pages, "pages of {page_records}");
        assert!(
            records.iter().all(|record| record.is_live() && record.version.is_some() && record.fields.len() == contacts().fields.len())
        );
    }
}

#[tokio::test]
async fn records_that_change_during_a_scan_are_in_it_or_in_the_changes_after_it() {
    let world = World::peopled(profile(|profile| profile.page_records = 100), 1_000);
    let before = world.ids("Contact");
    let gone = before.iter().nth(900).unwrap().clone();
    let edited: Vec<String> = before.iter().step_by(7).filter(|id| **id != gone).cloned().collect();
    let (records, cursor) = world
        .scan(|page| {
            world.pass(1);
            lock(&world.org).simulator.drop_query_cursors();
            if let Some(id) = edited.get(page) {
                world.save("Contact", Some(id), &json!({ "Title": "Moved" }));
            }
            if page == 4 {
                world.save("Contact", None, &json!({ "LastName": "Newcomer" }));
                let now = world.now();
                assert!(lock(&world.org).simulator.delete_record("Contact", &gone, now));
            }
        })
        .await;
    let mut there_throughout = before.clone();
    there_throughout.remove(&gone);
    assert!(ids_of(&records).is_superset(&there_throughout));
    let (changed, _) = world.after(&cursor).await;
    let changed_ids = ids_of(&changed);
    assert!(edited.iter().take(9).all(|id| changed_ids.contains(id)));
    assert_eq!(presence(&changed, &gone), &Presence::Deleted);
    assert!(changed.iter().any(|record| record.field("LastName") == Some(&Value::text("Newcomer"))));
}

#[tokio::test]
async fn rows_that_share_a_second_are_not_lost_at_page_ends_with_and_without_cursors() {
    for drops_cursors in [false, true] {
        let world = World::new(profile(|profile| profile.page_records = 40));
        let mut all = BTreeSet::new();
        for second in 0..3 {
            for number in 0..150 {
                all.insert(world.save("Contact", None, &json!({ "LastName": format!("Tie {second} {number}") })));
            }
            world.pass(1);
        }
        let from = From::Since("2026-11-22T09:00:00Z".parse().unwrap());
        let between = |_| {
            if drops_cursors {
                lock(&world.org).simulator.drop_query_cursors();
            }
        };
        let (records, _) = world.changes(&from, between).await;
        assert_eq!((ids_of(&records), records.len()), (all, 450), "cursors dropped: {drops_cursors}");
    }
}

#[tokio::test]
async fn a_listing_whose_cursor_grew_old_goes_on_from_the_last_row() {
    let world = World::peopled(profile(|profile| profile.page_records = 300), 1_000);
    world.calls();
    let from = From::Since("2026-11-22T00:00:00Z".parse().unwrap());
    let (records, _) = world.changes(&from, |_| world.pass(3 * 24 * 3_600)).await;
    assert_eq!((ids_of(&records), records.len()), (world.ids("Contact"), 1_000));
    // Each of the three further pages was asked for twice: by the dead locator, and from its last row on.
    assert_eq!(world.calls().len(), 1 + 2 * 3);
}

#[tokio::test]
async fn a_row_that_becomes_visible_late_is_found_by_the_lookback() {
    let late = |world: &World| {
        let now = world.now();
        let id = lock(&world.org).simulator.save_slowly("Contact", None, &json!({ "LastName": "Slow" }), now);
        assert!(id.is_ok());
    };
    for (lookback, found) in [("600", 1), ("0", 0)] {
        let world = World::new(profile(|profile| profile.commit_lag_s = 300)).with("lookback_s", lookback);
        let (_, cursor) = world.since("2026-11-22T09:59:00Z").await;
        world.pass(10);
        late(&world);
        world.pass(60);
        world.save("Contact", None, &json!({ "LastName": "Quick" }));
        world.pass(1);
        let (records, cursor) = world.after(&cursor).await;
        assert_eq!(records.len(), 1, "only the quick one is visible");
        world.pass(300);
        let (records, _) = world.after(&cursor).await;
        let slow = records.iter().filter(|record| record.field("LastName") == Some(&Value::text("Slow"))).count();
        assert_eq!(slow, found, "lookback {lookback}");
    }
}

#[tokio::test]
async fn a_window_delay_leaves_young_changes_for_the_next_listing() {
    let world = World::new(Profile::default()).with("window_delay_s", "120").with("lookback_s", "0");
    let (_, cursor) = world.since("2026-11-22T09:59:00Z").await;
    let id = world.save("Contact", None, &json!({ "LastName": "Young" }));
    world.pass(60);
    let (records, cursor) = world.after(&cursor).await;
    assert_eq!(records.len(), 0, "sixty seconds are too young");
    world.pass(60);
    let (records, cursor) = world.after(&cursor).await;
    assert_eq!(records.len(), 0, "the window's end is exclusive");
    world.pass(1);
    let (records, cursor) = world.after(&cursor).await;
    assert_eq!(ids_of(&records), BTreeSet::from([id]));
    world.pass(300);
    assert_eq!(world.after(&cursor).await.0.len(), 0, "and it comes once: the windows meet without overlap");
}

#[tokio::test]
async fn deletions_merges_and_undeletions_are_told_with_their_presence() {
    let world = World::new(Profile::default());
    let names = ["Deleted", "Loser", "Winner", "Back", "Purged"];
    let [deleted, loser, winner, back, purged] = names.map(|name| world.save("Contact", None, &json!({ "LastName": name })));
    let (_, cursor) = world.since("2026-11-22T09:59:00Z").await;
    world.pass(3_600);
    {
        let now = world.now();
        let org = &mut lock(&world.org).simulator;
        for id in [&deleted, &back, &purged] {
            assert!(org.delete_record("Contact", id, now));
        }
        assert!(org.merge("Contact", &winner, &[&loser], now));
        org.hard_delete(&[&purged], now);
    }
    world.pass(1);
    let (records, cursor) = world.after(&cursor).await;
    assert_eq!(presence(&records, &deleted), &Presence::Deleted);
    assert_eq!(presence(&records, &back), &Presence::Deleted);
    assert_eq!(presence(&records, &loser), &Presence::MergedInto(winner.as_str().into()));
    assert_eq!(presence(&records, &winner), &Presence::Live);
    assert!(!ids_of(&records).contains(&purged), "what is past the bin is found by a sweep only");
    world.pass(3_600);
    let now = world.now();
    assert!(lock(&world.org).simulator.undelete("Contact", &back, now));
    let (records, _) = world.after(&cursor).await;
    assert_eq!(presence(&records, &back), &Presence::Live);
    let (scanned, _) = world.scan(|_| {}).await;
    assert_eq!(ids_of(&scanned), BTreeSet::from([winner, back]));
}

#[tokio::test]
async fn a_field_that_goes_between_two_pages_is_left_out_of_the_rest() {
    let world = World::peopled(profile(|profile| profile.page_records = 100), 250);
    let connector = world.connector();
    let first = connector.scan(&contacts(), None, world.by()).await.unwrap();
    assert!(first.records[0].as_ref().unwrap().field("MobilePhone").is_some());
    assert!(lock(&world.org).simulator.set_field_hidden("Contact.MobilePhone", true));
    lock(&world.org).simulator.drop_query_cursors();
    let second = connector.scan(&contacts(), Some(first.resume.cursor()), world.by()).await.unwrap();
    let record = second.records[0].as_ref().unwrap();
    assert!(record.field("MobilePhone").is_none() && record.field("Email").is_some());
    assert_eq!(second.records.len(), 100);
}

#[tokio::test]
async fn a_foreign_cursor_is_refused() {
    let world = World::new(Profile::default());
    let (_, cursor) = world.since("2026-11-22T09:59:00Z").await;
    let accounts = crate::world::select("Account", &["Name"]);
    let refused = world.connector().list_changes(&accounts, &From::Cursor(&cursor), world.by()).await.unwrap_err();
    assert_eq!(refused.fault.code(), "drift");
    let refused = world.connector().scan(&contacts(), Some(&cursor), world.by()).await.unwrap_err();
    assert_eq!(refused.fault.code(), "drift");
}
