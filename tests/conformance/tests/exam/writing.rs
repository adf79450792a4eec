//! Writes: one outcome each, in order; what is said to be stored is.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use syncline_conformance::{Lab, same};
use syncline_engine::ports::connector::{Outcome, WriteAction};
use syncline_model::{Fault, FieldName, ObjectSchema, RecordId, Value, Version};

use crate::examine;

/// Vendors that take one operation at a time are given so many, one by one.
const SINGLE_WRITES: u32 = 13;

/// The id of what was written, and whether it was made by this.
pub(crate) fn written(outcome: &Outcome) -> (RecordId, bool) {
    match outcome {
        Outcome::Written { id, created, .. } => (id.clone(), *created),
        Outcome::Failed(fault) => panic!("not written: {fault:?}"),
    }
}

async fn write_one(lab: &Lab, action: &WriteAction) -> Outcome {
    lab.connector().write(&lab.selection(), std::slice::from_ref(action), lab.by()).await.unwrap().remove(0)
}

/// What outcomes say is stored is what the vendor answers later, and what the account holds.
pub(crate) async fn stored_as_said(lab: &Lab, outcomes: &[Outcome]) {
    let truth = lab.truth();
    let mut told = BTreeMap::new();
    for outcome in outcomes {
        if let Outcome::Written { id, stored: Some(stored), .. } = outcome {
            told.insert(id.clone(), stored);
        }
    }
    let ids: Vec<RecordId> = told.keys().cloned().collect();
    let read = if lab.gets() { lab.connector().get(&lab.selection(), &ids, lab.by()).await.unwrap() } else { vec![None; ids.len()] };
    for (id, read) in ids.iter().zip(&read) {
        let stored = told[id];
        for field in stored.fields.keys() {
            assert!(same(stored, &truth[id], field.as_str()), "{field} of {id} is not stored as told");
            assert!(read.as_ref().is_none_or(|read| same(stored, read, field.as_str())), "{field} of {id} reads otherwise than told");
        }
    }
}

/// An operation, and what must become of it.
enum Wanted {
    Made,
    Changed,
    Gone,
    Refused,
    Missing,
}

/// Every kind of operation in turn; only one on the record that is absent, for a batch has at most one operation a record.
fn mixed(lab: &Lab, schema: &ObjectSchema, ids: &[RecordId]) -> Vec<(WriteAction, Wanted)> {
    let candidate = lab.candidate;
    let absent = RecordId::new(candidate.object.absent);
    (10_000..)
        .zip(ids)
        .map(|(number, id)| match number % 6 {
            0 => (lab.create(schema, number), Wanted::Made),
            1 => (lab.update(id, &format!("Updated {number}")), Wanted::Changed),
            2 => (lab.bad_create(schema, number), Wanted::Refused),
            3 if candidate.facts.can_delete => (WriteAction::Delete { id: id.clone() }, Wanted::Gone),
            4 if number < 10_006 && !lab.is_write_only() => (lab.update(&absent, "Nobody's text"), Wanted::Missing),
            _ => (lab.update(id, &format!("Renewed {number}")), Wanted::Changed),
        })
        .collect()
}

#[test]
fn a_full_batch_has_an_outcome_for_each_in_order_and_bad_rows_stop_only_themselves() {
    examine(async |candidate| {
        let lab = Lab::new(candidate);
        if !lab.creates() {
            return;
        }
        let most = candidate.facts.bounds.write_records_max;
        let ids = lab.plant(0..if most == 1 { SINGLE_WRITES } else { most });
        lab.pass(5);
        let (actions, wanted): (Vec<WriteAction>, Vec<Wanted>) = mixed(&lab, &lab.schema().await, &ids).into_iter().unzip();
        let connector = lab.connector();
        let mut outcomes = Vec::new();
        for group in actions.chunks(usize::try_from(most).unwrap()) {
            outcomes.extend(connector.write(&lab.selection(), group, lab.by()).await.unwrap());
        }
        let (truth, name, text) = (lab.truth(), candidate.object.name, candidate.object.text);
        for (place, ((action, wanted), outcome)) in actions.iter().zip(&wanted).zip(&outcomes).enumerate() {
            let fields = match action {
                WriteAction::Create { fields, .. } | WriteAction::Update { fields, .. } => fields.clone(),
                WriteAction::Delete { .. } | WriteAction::Restore { .. } => BTreeMap::new(),
            };
            match wanted {
                Wanted::Made => {
                    let (id, created) = written(outcome);
                    assert!(created && truth[&id].field(name) == fields.get(name), "operation {place} made another record");
                }
                Wanted::Changed => {
                    let (id, _) = written(outcome);
                    assert!(truth[&id].field(text) == fields.get(text), "operation {place} is not stored");
                }
                Wanted::Gone => assert!(!truth.contains_key(&written(outcome).0), "operation {place} deleted nothing"),
                Wanted::Refused => {
                    assert!(matches!(outcome, Outcome::Failed(Fault::Rejected { problems }) if !problems.is_empty()), "{outcome:?}");
                    let there = truth.values().any(|record| fields.get(name).is_some_and(|own| record.field(name) == Some(own)));
                    assert!(!there || name == (candidate.object.refused)().0, "operation {place} was refused, and its record is there");
                }
                Wanted::Missing => assert_eq!(*outcome, Outcome::Failed(Fault::Missing), "operation {place}"),
            }
        }
        let made = wanted.iter().filter(|wanted| matches!(wanted, Wanted::Made)).count();
        let gone = wanted.iter().filter(|wanted| matches!(wanted, Wanted::Gone)).count();
        assert_eq!(truth.len(), ids.len() + made - gone);
        stored_as_said(&lab, &outcomes).await;
    });
}

#[test]
fn nothing_to_write_is_no_call() {
    examine(async |candidate| {
        let lab = Lab::new(candidate);
        if !lab.creates() {
            return;
        }
        assert_eq!(lab.connector().write(&lab.selection(), &[], lab.by()).await.unwrap(), []);
        assert_eq!(lab.requests(), 0);
    });
}

#[test]
fn null_clears_and_what_is_not_named_stays() {
    examine(async |candidate| {
        let lab = Lab::new(candidate);
        if !lab.creates() {
            return;
        }
        let id = lab.plant(0..1).remove(0);
        let (name, text) = (candidate.object.name, candidate.object.text);
        let before = lab.truth().remove(&id).unwrap();
        lab.pass(5);
        let clear = WriteAction::Update { id: id.clone(), fields: BTreeMap::from([(text.into(), Value::Null)]), expected: None };
        let outcome = write_one(&lab, &clear).await;
        if name == text {
            // The only text that it has, and it must have one.
            assert!(matches!(outcome, Outcome::Failed(Fault::Rejected { .. })) && lab.truth().remove(&id) == Some(before), "{outcome:?}");
            return;
        }
        written(&outcome);
        let after = lab.truth().remove(&id).unwrap();
        assert!(after.field(text).is_none_or(Value::is_null) && before.field(text).is_some_and(|value| !value.is_null()));
        assert!(lab.selection().fields.iter().filter(|field| field.as_str() != text).all(|field| same(&before, &after, field.as_str())));
        assert!(after.field(name).is_some_and(|value| !value.is_null()));
        stored_as_said(&lab, &[outcome]).await;
    });
}

#[test]
fn a_safe_create_repeated_makes_no_second_record() {
    examine(async |candidate| {
        let lab = Lab::new(candidate);
        if !lab.creates() || !candidate.facts.safe_create {
            return;
        }
        let schema = lab.schema().await;
        // At once, when searches show it, and much later.
        for (number, wait) in [(1, 0), (2, i64::from(candidate.facts.find_lag_s) + 1), (3, 86_400)] {
            let create = lab.create(&schema, number);
            let first = write_one(&lab, &create).await;
            let (id, created) = written(&first);
            assert!(created);
            lab.pass(wait);
            let second = write_one(&lab, &create).await;
            assert_eq!(written(&second), (id.clone(), false), "after {wait} s");
            assert_eq!(lab.named(number), [id]);
            stored_as_said(&lab, &[first, second]).await;
        }
    });
}

#[test]
fn a_record_that_is_gone_is_neither_changed_nor_deleted_again() {
    examine(async |candidate| {
        let lab = Lab::new(candidate);
        if !lab.creates() || !candidate.facts.can_delete {
            return;
        }
        let ids = lab.plant(0..2);
        if lab.is_write_only() {
            // Who cannot look can only ask again: that is no failure, and takes nobody else.
            for _ in 0..2 {
                assert_eq!(written(&write_one(&lab, &WriteAction::Delete { id: ids[0].clone() }).await).0, ids[0]);
                assert_eq!(lab.live_ids(), [ids[1].clone()].into());
            }
            return;
        }
        written(&write_one(&lab, &WriteAction::Delete { id: ids[0].clone() }).await);
        for action in [WriteAction::Delete { id: ids[0].clone() }, lab.update(&ids[0], "Too late")] {
            let outcome = write_one(&lab, &action).await;
            assert!(matches!(outcome, Outcome::Failed(Fault::Missing | Fault::Conflict)), "{outcome:?}");
        }
        assert_eq!(lab.live_ids(), [ids[1].clone()].into());
    });
}

#[test]
fn an_old_version_is_refused_where_the_vendor_compares() {
    examine(async |candidate| {
        let lab = Lab::new(candidate);
        if !lab.creates() {
            return;
        }
        let id = lab.plant(0..1).remove(0);
        let seen = lab.now();
        lab.pass(30);
        lab.edit(&id, candidate.object.text, serde_json::json!("Somebody was faster"));
        let fields = BTreeMap::from([(FieldName::from(candidate.object.text), Value::text("From an old plan"))]);
        let update = |version| WriteAction::Update { id: id.clone(), fields: fields.clone(), expected: Some(Version(version)) };
        let outcome = write_one(&lab, &update(seen - SignedDuration::from_secs(60))).await;
        if candidate.object.compares_versions {
            assert_eq!(outcome, Outcome::Failed(Fault::Conflict));
        } else {
            written(&outcome);
        }
        written(&write_one(&lab, &update(lab.truth()[&id].version.map_or(seen, |version| version.0))).await);
    });
}

#[test]
fn a_value_that_belongs_to_another_names_its_holder() {
    examine(async |candidate| {
        let lab = Lab::new(candidate);
        if !lab.creates() {
            return;
        }
        let schema = lab.schema().await;
        let Some(link) = candidate.object.link.filter(|link| schema.field(link).is_some_and(|field| field.unique && field.updatable))
        else {
            return;
        };
        let (holder, _) = written(&write_one(&lab, &lab.create(&schema, 1)).await);
        let (id, _) = written(&write_one(&lab, &lab.create(&schema, 2)).await);
        lab.pass_find_lag();
        let fields = BTreeMap::from([(FieldName::from(link), Value::text("linked-1"))]);
        let outcome = write_one(&lab, &WriteAction::Update { id: id.clone(), fields, expected: None }).await;
        let Outcome::Failed(Fault::Taken { field, holders }) = &outcome else { panic!("{outcome:?}") };
        assert!(field.as_ref().is_none_or(|field| field.as_str() == link) && holders.iter().all(|id| *id == holder), "{outcome:?}");
        assert!(lab.truth()[&id].field(link) == Some(&Value::text("linked-2")));
    });
}
