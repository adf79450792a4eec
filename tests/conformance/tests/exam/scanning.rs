//! Scans: every live record, whatever the number, whatever happens meanwhile, wherever one stops.

use std::collections::BTreeSet;

use serde_json::json;
use syncline_conformance::{Lab, Place, same};
use syncline_model::{Record, RecordId};

use crate::examine;

/// Whether the records are those of the account, with the same values.
fn as_in_truth<'a>(lab: &Lab, fields: &[syncline_model::FieldName], records: impl Iterator<Item = &'a Record>) {
    let truth = lab.truth();
    let mut seen = BTreeSet::new();
    for record in records {
        let own = truth.get(&record.id).unwrap_or_else(|| panic!("{} is not live", record.id));
        for field in fields {
            assert!(same(record, own, field.as_str()), "{field} of {} is not what the account holds", record.id);
        }
        seen.insert(record.id.clone());
    }
    assert_eq!(seen, truth.keys().cloned().collect(), "each live record is listed");
}

#[test]
fn a_scan_returns_every_live_record_with_any_number_of_them() {
    examine(async |candidate| {
        let lab = Lab::paged(candidate).await;
        if !lab.lists() {
            return;
        }
        let page = lab.page_records_max();
        let mut planted = 0;
        for count in [0, 1, page, 2 * page + 1] {
            lab.plant(planted..count);
            planted = count;
            lab.pass(1);
            let walk = lab.walk(&lab.selection(), Place::Scan).await;
            as_in_truth(&lab, &lab.selection().fields, walk.records());
            assert!(walk.pages.len() >= usize::try_from(count.div_ceil(page)).unwrap());
        }
    });
}

#[test]
fn a_page_of_the_declared_size_is_read_and_gone_on_with() {
    examine(async |candidate| {
        let lab = Lab::new(candidate);
        if !lab.lists() {
            return;
        }
        lab.plant(0..lab.page_records_max() + 1);
        let walk = lab.walk(&lab.selection(), Place::Scan).await;
        assert_eq!(walk.first_page, usize::try_from(lab.page_records_max()).unwrap());
        as_in_truth(&lab, &lab.selection().fields, walk.records());
    });
}

#[test]
fn a_scan_carries_every_field_that_is_described() {
    examine(async |candidate| {
        let lab = Lab::paged(candidate).await;
        if !lab.lists() {
            return;
        }
        lab.plant(0..5);
        let schema = lab.schema().await;
        let writable = schema.fields.iter().filter(|field| field.creatable).map(|field| field.name.clone());
        let selection = lab.selecting(writable.chain(candidate.facts.thin_fields.iter().map(|field| (*field).into())));
        let walk = lab.walk(&selection, Place::Scan).await;
        as_in_truth(&lab, &selection.fields, walk.records());
    });
}

#[test]
fn a_page_of_records_that_cost_a_call_each_is_left_and_gone_on_with() {
    examine(async |candidate| {
        let lab = Lab::paged(candidate).await;
        if !lab.lists() || candidate.facts.thin_fields.is_empty() {
            return;
        }
        lab.plant(0..lab.page_records_max() + 3);
        let selection = lab.selecting(candidate.facts.thin_fields.iter().copied());
        let walk = lab.walk(&selection, Place::Scan).await;
        as_in_truth(&lab, &selection.fields, walk.records());
    });
}

#[test]
fn what_stands_throughout_a_scan_appears_though_others_are_edited_and_deleted() {
    examine(async |candidate| {
        let lab = Lab::paged(candidate).await;
        if !lab.lists() {
            return;
        }
        let page = lab.page_records_max();
        let ids = lab.plant(0..3 * page + 1);
        lab.pass(60);
        let mut doomed = ids.iter().take(6).cloned().collect::<Vec<_>>().into_iter();
        let mut gone: BTreeSet<RecordId> = BTreeSet::new();
        let name = candidate.object.name;
        let at = |index: u32| ids[usize::try_from(index).unwrap()].clone();
        let walk = lab
            .walk_with(&lab.selection(), Place::Scan, |read| {
                lab.pass(1);
                let read = u32::try_from(read).unwrap();
                // Two that were read are gone, one that was read moves to the end, and one that was not read moves to the front.
                for id in doomed.by_ref().take(2) {
                    lab.delete(&id);
                    gone.insert(id);
                }
                lab.edit(&at(20 + read), name, json!(format!("Zzz moved back {read}")));
                if let Some(id) = ids.get(usize::try_from(2 * page + read).unwrap()) {
                    lab.edit(id, name, json!(format!("Aaa moved forward {read}")));
                }
                lab.edit(&at(30 + read), candidate.object.text, json!(format!("Edited meanwhile {read}")));
                lab.plant(100_000 + read..100_001 + read);
            })
            .await;
        assert!(walk.pages.len() > 2 && gone.len() > 2, "the scan had no middle");
        let seen = walk.ids();
        let lost: Vec<&RecordId> = ids.iter().filter(|id| !gone.contains(*id) && !seen.contains(*id)).collect();
        assert!(lost.is_empty(), "{} records stood throughout and were not listed", lost.len());
    });
}

#[test]
fn a_page_that_many_deletions_shift_loses_nothing() {
    examine(async |candidate| {
        let lab = Lab::paged(candidate).await;
        if !lab.lists() {
            return;
        }
        let page = usize::try_from(lab.page_records_max()).unwrap();
        let ids = lab.plant(0..2 * lab.page_records_max() + 5);
        lab.pass(60);
        let mut gone: BTreeSet<RecordId> = BTreeSet::new();
        let walk = lab
            .walk_with(&lab.selection(), Place::Scan, |read| {
                // The end of the first page goes, and more than half of all that was read.
                if read == 1 {
                    for id in ids.iter().take(page).rev().step_by(2).chain(&ids[page - 25..page]) {
                        if gone.insert(id.clone()) {
                            lab.delete(id);
                        }
                    }
                }
            })
            .await;
        let seen = walk.ids();
        assert!(ids.iter().all(|id| gone.contains(id) || seen.contains(id)), "a record that stood throughout was not listed");
    });
}

#[test]
fn a_scan_that_stops_at_any_page_goes_on_without_loss() {
    examine(async |candidate| {
        let lab = Lab::paged(candidate).await;
        if !lab.lists() {
            return;
        }
        let ids: BTreeSet<RecordId> = lab.plant(0..2 * lab.page_records_max() + 1).into_iter().collect();
        let whole = lab.walk(&lab.selection(), Place::Scan).await;
        for (index, (place, _)) in whole.pages.iter().enumerate() {
            lab.pass(7);
            let mut seen: BTreeSet<RecordId> =
                whole.pages.iter().take(index).flat_map(|(_, records)| records).map(|record| record.id.clone()).collect();
            seen.extend(lab.walk(&lab.selection(), place.clone()).await.ids());
            assert_eq!(seen, ids, "stopped before page {index}");
        }
    });
}
