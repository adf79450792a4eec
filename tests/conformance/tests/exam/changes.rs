//! Changes: what a scan overtakes, what ties, what goes and comes back.

use std::collections::BTreeSet;

use serde_json::json;
use syncline_conformance::{Lab, Place, same};
use syncline_model::{Presence, RecordId};

use crate::examine;

/// Long enough that no lookback reaches so far.
const LONG_S: i64 = 3_600;

#[test]
fn many_changes_of_one_second_are_all_listed_wherever_one_stops() {
    examine(async |candidate| {
        let lab = Lab::paged(candidate).await;
        if !lab.tells() {
            return;
        }
        let before = lab.now();
        lab.pass(5);
        let ids: BTreeSet<RecordId> = lab.plant(0..2 * lab.page_records_max() + 1).into_iter().collect();
        lab.pass(5);
        let whole = lab.walk(&lab.selection(), Place::Since(before)).await;
        assert_eq!(whole.ids(), ids);
        let truth = lab.truth();
        for record in whole.records() {
            assert!(lab.selection().fields.iter().all(|field| same(record, &truth[&record.id], field.as_str())), "{}", record.id);
        }
        for (index, (place, _)) in whole.pages.iter().enumerate() {
            lab.pass(7);
            let mut seen: BTreeSet<RecordId> =
                whole.pages.iter().take(index).flat_map(|(_, records)| records).map(|record| record.id.clone()).collect();
            seen.extend(lab.walk(&lab.selection(), place.clone()).await.ids());
            assert_eq!(seen, ids, "stopped before page {index}");
        }
    });
}

#[test]
fn a_listing_of_changes_that_deletions_shift_loses_nothing() {
    examine(async |candidate| {
        let lab = Lab::paged(candidate).await;
        if !lab.tells() {
            return;
        }
        let before = lab.now();
        lab.pass(5);
        let ids = lab.plant(0..3 * lab.page_records_max() + 1);
        lab.pass(60);
        let mut doomed = ids.iter().take(8).cloned().collect::<Vec<_>>().into_iter();
        let mut gone: BTreeSet<RecordId> = BTreeSet::new();
        let walk = lab
            .walk_with(&lab.selection(), Place::Since(before), |_| {
                for id in doomed.by_ref().take(3) {
                    lab.delete(&id);
                    gone.insert(id);
                }
            })
            .await;
        let seen = walk.ids();
        assert!(gone.len() > 3 && ids.iter().all(|id| gone.contains(id) || seen.contains(id)), "a change was not listed");
    });
}

#[test]
fn changes_after_a_scan_miss_nothing_that_happened_during_it() {
    examine(async |candidate| {
        let lab = Lab::paged(candidate).await;
        if !lab.lists() {
            return;
        }
        let text = candidate.object.text;
        let page = lab.page_records_max();
        let ids = lab.plant(0..2 * page + 1);
        lab.pass(LONG_S);
        // In the very second in which the scan begins.
        lab.edit(&ids[0], text, json!("Edited in the first second"));
        let mut edited = vec![ids[0].clone()];
        let mut made: Vec<RecordId> = Vec::new();
        let mut gone: Vec<RecordId> = Vec::new();
        let scan = lab
            .walk_with(&lab.selection(), Place::Scan, |read| {
                let read = u32::try_from(read).unwrap();
                let index = usize::try_from(read).unwrap();
                lab.edit(&ids[index], text, json!(format!("Edited before page {read}")));
                edited.push(ids[index].clone());
                lab.delete(&ids[40 + index]);
                gone.push(ids[40 + index].clone());
                made.extend(lab.plant(200_000 + read..200_001 + read));
                lab.pass(1);
            })
            .await;
        // In the very second in which it ended.
        lab.edit(&ids[30], text, json!("Edited in the last second"));
        edited.push(ids[30].clone());
        lab.pass(1);
        let told = lab.walk(&lab.selection(), Place::ChangesOn(scan.end.clone())).await;
        let truth = lab.truth();
        for id in edited.iter().chain(&made) {
            // What happened before the scan began, it showed itself.
            let last = told.last(id).or_else(|| scan.last(id)).unwrap_or_else(|| panic!("a change of {id} was not told"));
            assert!(last.is_live() && same(last, &truth[id], text), "what was told of {id} is old");
        }
        for id in &gone {
            let last = told.last(id);
            assert!(last.is_none_or(|record| !record.is_live()), "{id} is deleted and told as live");
            assert!(!candidate.facts.lists_deletes || last.is_some(), "the deletion of {id} was not told");
        }
    });
}

#[test]
fn an_idle_feed_falls_quiet_and_wakes_up() {
    examine(async |candidate| {
        let lab = Lab::paged(candidate).await;
        if !lab.tells() {
            return;
        }
        let ids = lab.plant(0..5);
        let mut end = lab.walk(&lab.selection(), lab.beginning()).await.end;
        for _ in 0..2 {
            lab.pass(LONG_S);
            end = lab.walk(&lab.selection(), Place::ChangesOn(end)).await.end;
        }
        lab.pass(LONG_S);
        let quiet = lab.walk(&lab.selection(), Place::ChangesOn(end)).await;
        if candidate.facts.lists_changes {
            assert!(quiet.records().next().is_none(), "nothing happened, and something is told");
        } else {
            assert_eq!(quiet.ids(), lab.live_ids(), "a listing that tells everything left something out");
        }
        // In the very second in which the listing ended.
        lab.edit(&ids[3], candidate.object.text, json!("Edited at last"));
        lab.pass(1);
        let told = lab.walk(&lab.selection(), Place::ChangesOn(quiet.end)).await;
        assert!(told.ids().contains(&ids[3]));
    });
}

#[test]
fn deletions_and_returns_are_told_as_declared() {
    examine(async |candidate| {
        let lab = Lab::paged(candidate).await;
        let ids = lab.plant(0..4);
        if !lab.tells() {
            return;
        }
        let end = lab.walk(&lab.selection(), lab.beginning()).await.end;
        lab.pass(30);
        lab.delete(&ids[1]);
        lab.delete(&ids[2]);
        lab.pass(30);
        let told = lab.walk(&lab.selection(), Place::ChangesOn(end)).await;
        for id in &ids[1..3] {
            match told.last(id) {
                Some(record) => assert_eq!(record.presence, Presence::Deleted),
                None => assert!(!candidate.facts.lists_deletes, "the deletion of {id} was not told"),
            }
        }
        if lab.lists() {
            let scanned = lab.walk(&lab.selection(), Place::Scan).await;
            assert_eq!(scanned.ids(), [ids[0].clone(), ids[3].clone()].into());
        }
        lab.pass(30);
        if lab.restore(&ids[2]).is_err() {
            return;
        }
        lab.pass(30);
        let told = lab.walk(&lab.selection(), Place::ChangesOn(told.end)).await;
        assert!(told.last(&ids[2]).is_some_and(syncline_model::Record::is_live), "the return of {} was not told", ids[2]);
        assert!(!lab.lists() || lab.walk(&lab.selection(), Place::Scan).await.ids().contains(&ids[2]));
    });
}

#[test]
fn merges_are_told_as_declared() {
    examine(async |candidate| {
        let lab = Lab::paged(candidate).await;
        let ids = lab.plant(0..3);
        if !candidate.object.merges {
            assert!(lab.merge(&ids[0], &ids[1]).is_err() && !candidate.facts.lists_merges, "a merge is possible, or declared");
            return;
        }
        if !lab.lists() {
            return;
        }
        let end = lab.walk(&lab.selection(), Place::Scan).await.end;
        lab.pass(30);
        lab.merge(&ids[0], &ids[1]).unwrap();
        lab.pass(30);
        let told = lab.walk(&lab.selection(), Place::ChangesOn(end)).await;
        assert!(told.last(&ids[0]).is_some_and(syncline_model::Record::is_live), "the survivor changed");
        let got = lab.connector().get(&lab.selection(), &ids[1..2], lab.by()).await.unwrap().remove(0);
        if candidate.facts.lists_merges {
            let merged = Presence::MergedInto(ids[0].clone());
            assert_eq!(told.last(&ids[1]).map(|record| record.presence.clone()), Some(merged.clone()));
            assert_eq!(got.map(|record| record.presence), Some(merged));
        } else {
            let gone = |presence: &Presence| *presence == Presence::Deleted || *presence == Presence::MergedInto(ids[0].clone());
            assert!(told.last(&ids[1]).is_none_or(|record| gone(&record.presence)));
            assert!(got.is_none_or(|record| gone(&record.presence)));
        }
    });
}

#[test]
fn what_a_feed_alone_tells_says_which_of_two_tellings_is_the_later() {
    examine(async |candidate| {
        let lab = Lab::new(candidate);
        if !lab.tells() || lab.lists() {
            return;
        }
        let id = lab.plant(0..1).remove(0);
        lab.pass(5);
        let first = lab.walk(&lab.selection(), Place::Since(lab.now())).await;
        // Twice within one second.
        let mut versions = vec![first.last(&id).expect("it was told").version];
        let mut end = first.end;
        for number in 0..2 {
            lab.edit(&id, candidate.object.text, json!(format!("Edited for the {number}. time")));
            let told = lab.walk(&lab.selection(), Place::ChangesOn(end)).await;
            versions.push(told.last(&id).expect("the edit was told").version);
            end = told.end;
        }
        lab.delete(&id);
        let told = lab.walk(&lab.selection(), Place::ChangesOn(end)).await;
        versions.push(told.last(&id).expect("the deletion was told").version);
        assert!(versions.iter().all(Option::is_some) && versions.is_sorted_by(|one, other| one < other), "{versions:?}");
    });
}
