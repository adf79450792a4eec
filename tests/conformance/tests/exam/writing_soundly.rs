//! Whatever goes wrong with one request of a write: what the outcomes claim is true of the account, and repeating is safe.

use std::collections::BTreeMap;

use syncline_conformance::{Candidate, Lab};
use syncline_engine::ports::connector::{Outcome, WriteAction};
use syncline_model::{Fault, FieldName, Record, RecordId};
use syncline_simulator::Trouble;

use crate::examine;
use crate::trouble::troubles;

/// An account with three records, and a batch on it: made, changed, deleted, refused, made again.
struct Scene {
    lab: Lab,
    before: BTreeMap<RecordId, Record>,
    batch: Vec<WriteAction>,
}

impl Scene {
    async fn new(candidate: Candidate) -> Self {
        let lab = Lab::new(candidate);
        let ids = lab.plant(0..3);
        lab.pass(10);
        let schema = lab.schema().await;
        let mut batch =
            vec![lab.create(&schema, 11), lab.update(&ids[0], "Written in trouble"), lab.bad_create(&schema, 12), lab.create(&schema, 13)];
        if candidate.facts.can_delete {
            batch.push(WriteAction::Delete { id: ids[2].clone() });
        }
        Self { before: lab.truth(), lab, batch }
    }

    /// The batch, or its one operation where the vendor takes no more.
    fn batches(&self) -> Vec<Vec<WriteAction>> {
        let most = usize::try_from(self.lab.candidate.facts.bounds.write_records_max).unwrap();
        self.batch.chunks(most).map(<[WriteAction]>::to_vec).collect()
    }

    fn happened(&self, action: &WriteAction, now: &BTreeMap<RecordId, Record>) -> bool {
        let (name, text) = (self.lab.candidate.object.name, self.lab.candidate.object.text);
        match action {
            WriteAction::Create { fields, .. } => now.values().any(|record| record.field(name) == fields.get(&FieldName::from(name))),
            WriteAction::Update { id, fields, .. } => {
                now.get(id).is_some_and(|record| record.field(text) == fields.get(&FieldName::from(text)))
            }
            WriteAction::Delete { id } => !now.contains_key(id),
            WriteAction::Restore { id } => now.contains_key(id),
        }
    }

    /// Whether each claim is true of the account as it is now.
    fn judge(&self, batch: &[WriteAction], outcomes: &[Outcome]) {
        let now = self.lab.truth();
        for (action, outcome) in batch.iter().zip(outcomes) {
            let happened = self.happened(action, &now);
            match outcome {
                Outcome::Written { .. } => assert!(happened, "said to be written, and is not: {action:?}"),
                Outcome::Failed(fault) => match fault {
                    Fault::Uncertain => {}
                    Fault::Transient { .. }
                    | Fault::RateLimited { .. }
                    | Fault::AuthExpired
                    | Fault::AuthRefused { .. }
                    | Fault::Rejected { .. }
                    | Fault::Taken { .. }
                    | Fault::Conflict
                    | Fault::Missing
                    | Fault::Unsupported { .. }
                    | Fault::Drift { .. } => assert!(!happened, "said not to be written ({fault}), and is: {action:?}"),
                },
            }
        }
    }
}

/// How many requests each batch takes when nothing goes wrong.
async fn requests(candidate: Candidate) -> Vec<u32> {
    let scene = Scene::new(candidate).await;
    let mut counts = Vec::new();
    for batch in scene.batches() {
        let before = scene.lab.requests();
        let outcomes = scene.lab.connector().write(&scene.lab.selection(), &batch, scene.lab.by()).await.unwrap();
        scene.judge(&batch, &outcomes);
        counts.push(u32::try_from(scene.lab.requests() - before).unwrap());
    }
    counts
}

#[test]
fn what_outcomes_claim_is_true_whatever_goes_wrong() {
    examine(async |candidate| {
        if !Lab::new(candidate).creates() {
            return;
        }
        let counts = requests(candidate).await;
        for (trouble, _) in troubles() {
            for (place, count) in counts.iter().enumerate() {
                for request in 0..*count {
                    in_trouble(candidate, place, request, &trouble).await;
                }
            }
        }
    });
}

async fn in_trouble(candidate: Candidate, place: usize, request: u32, trouble: &Trouble) {
    let scene = Scene::new(candidate).await;
    let batch = scene.batches().swap_remove(place);
    scene.lab.trouble(request, trouble.clone());
    let answer = scene.lab.connector().write(&scene.lab.selection(), &batch, scene.lab.by()).await;
    assert!(scene.lab.calm(), "the trouble did not happen");
    let context = format!("batch {place}, request {request}, {trouble:?}");
    match &answer {
        Err(error) => {
            assert!(scene.lab.truth() == scene.before, "{context}: Err says that nothing was received, and something was");
            assert!(matches!(error.fault, Fault::Transient { .. } | Fault::Drift { .. }), "{context}: {error}");
        }
        Ok(outcomes) => scene.judge(&batch, outcomes),
    }
    // The engine looks and asks again; a create that is safe is simply asked again.
    let again: Vec<WriteAction> = match &answer {
        Err(_) => batch.clone(),
        Ok(outcomes) => {
            let undone = batch.iter().zip(outcomes).filter(|(_, outcome)| {
                matches!(outcome, Outcome::Failed(Fault::Uncertain | Fault::Transient { .. } | Fault::Drift { .. }))
            });
            undone.map(|(action, _)| action.clone()).filter(|action| matches!(action, WriteAction::Create { .. })).collect()
        }
    };
    if candidate.facts.safe_create && !again.is_empty() {
        scene.lab.pass(30);
        let outcomes = scene.lab.connector().write(&scene.lab.selection(), &again, scene.lab.by()).await.unwrap();
        scene.judge(&again, &outcomes);
    }
    for number in [11, 13] {
        assert!(scene.lab.named(number).len() < 2, "{context}: record {number} is there twice");
    }
}
