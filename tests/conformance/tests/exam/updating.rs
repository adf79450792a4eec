//! Changes of records that stand: also of those that are never created or deleted through us.

use std::collections::BTreeMap;

use syncline_conformance::{Candidate, Lab};
use syncline_engine::ports::connector::{Outcome, WriteAction};
use syncline_model::{Fault, ObjectSchema, Record, RecordId};
use syncline_simulator::Trouble;

use crate::examine;
use crate::trouble::troubles;
use crate::writing::{stored_as_said, written};

/// So many records are changed where the vendor takes one operation at a time.
const SINGLE_WRITES: u32 = 7;

/// Whether the account holds what the action writes.
fn is_stored(truth: &BTreeMap<RecordId, Record>, action: &WriteAction) -> bool {
    let WriteAction::Update { id, fields, .. } = action else { panic!("only changes are made here") };
    truth.get(id).is_some_and(|record| fields.iter().all(|(name, value)| record.field(name.as_str()) == Some(value)))
}

async fn write(lab: &Lab, actions: &[WriteAction]) -> Vec<Outcome> {
    let most = usize::try_from(lab.candidate.facts.bounds.write_records_max).unwrap();
    let connector = lab.connector();
    let mut outcomes = Vec::new();
    for group in actions.chunks(most) {
        outcomes.extend(connector.write(&lab.selection(), group, lab.by()).await.unwrap());
    }
    outcomes
}

#[test]
fn each_change_is_stored_as_told_and_a_bad_one_stops_only_itself() {
    examine(async |candidate| {
        let lab = Lab::new(candidate);
        if !lab.writes() {
            return;
        }
        let schema = lab.schema().await;
        let ids = lab.plant(0..candidate.facts.bounds.write_records_max.clamp(SINGLE_WRITES, 50));
        lab.pass(5);
        let mut actions: Vec<WriteAction> = (0..).zip(&ids).map(|(number, id)| lab.change(&schema, id, number)).collect();
        actions[1] = lab.bad_change(&schema, &ids[1]);
        if !lab.is_write_only() {
            actions[2] = lab.change(&schema, &candidate.object.absent.into(), 2);
        }
        let outcomes = write(&lab, &actions).await;
        let truth = lab.truth();
        for (place, (action, outcome)) in actions.iter().zip(&outcomes).enumerate() {
            match place {
                1 => assert!(matches!(outcome, Outcome::Failed(Fault::Rejected { problems }) if !problems.is_empty()), "{outcome:?}"),
                2 if !lab.is_write_only() => assert_eq!(*outcome, Outcome::Failed(Fault::Missing)),
                _ => {
                    written(outcome);
                    assert!(is_stored(&truth, action), "change {place} is not stored");
                }
            }
        }
        stored_as_said(&lab, &outcomes).await;
    });
}

#[test]
fn a_change_that_is_repeated_changes_nothing_more() {
    examine(async |candidate| {
        let lab = Lab::new(candidate);
        if !lab.writes() {
            return;
        }
        let schema = lab.schema().await;
        let ids = lab.plant(0..1);
        let change = [lab.change(&schema, &ids[0], 1)];
        written(&write(&lab, &change).await[0]);
        let once = lab.truth();
        let again = write(&lab, &change).await;
        written(&again[0]);
        assert!(
            lab.selection().fields.iter().all(|field| lab.truth()[&ids[0]].field(field.as_str()) == once[&ids[0]].field(field.as_str()))
        );
        stored_as_said(&lab, &again).await;
        let other = [lab.change(&schema, &ids[0], 2)];
        written(&write(&lab, &other).await[0]);
        assert!(is_stored(&lab.truth(), &other[0]));
    });
}

#[test]
fn what_is_said_of_a_change_is_true_whatever_goes_wrong() {
    examine(async |candidate| {
        let lab = Lab::new(candidate);
        if !lab.writes() {
            return;
        }
        let schema = lab.schema().await;
        let ids = lab.plant(0..1);
        let before = lab.requests();
        written(&write(&lab, &[lab.change(&schema, &ids[0], 1)]).await[0]);
        let requests = u32::try_from(lab.requests() - before).unwrap();
        for (trouble, _) in troubles() {
            for request in 0..requests {
                in_trouble(candidate, &schema, request, &trouble).await;
            }
        }
    });
}

async fn in_trouble(candidate: Candidate, schema: &ObjectSchema, request: u32, trouble: &Trouble) {
    let lab = Lab::new(candidate);
    let id = lab.plant(0..1).remove(0);
    let change = lab.change(schema, &id, 1);
    lab.trouble(request, trouble.clone());
    let answer = lab.connector().write(&lab.selection(), std::slice::from_ref(&change), lab.by()).await;
    assert!(lab.calm(), "the trouble did not happen");
    let context = format!("request {request}, {trouble:?}");
    let is_stored = is_stored(&lab.truth(), &change);
    match answer {
        Err(error) => {
            assert!(!is_stored, "{context}: Err says that nothing was received, and something was");
            assert!(matches!(error.fault, Fault::Transient { .. } | Fault::Drift { .. }), "{context}: {error}");
        }
        Ok(outcomes) => match &outcomes[0] {
            Outcome::Written { .. } => assert!(is_stored, "{context}: said to be written, and is not"),
            Outcome::Failed(Fault::Uncertain) => {}
            Outcome::Failed(fault) => assert!(!is_stored, "{context}: said not to be written ({fault}), and is"),
        },
    }
    written(&lab.connector().write(&lab.selection(), &[change], lab.by()).await.unwrap()[0]);
}
