//! The links of the records that others refer to: what a decision must know of parents.

use std::collections::{BTreeMap, BTreeSet};

use syncline_mapping::{ObjectMapping, RefState, Refs};
use syncline_model::{CallError, Deadline, MappingName, Record, RecordId, Side, Value};

use crate::directory::Owners;
use crate::entry::{self, LinkState, Standing};
use crate::{Engine, EngineError, Sync};

/// Records that are referred to, by mapping and side, and users to whom records belong.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    records: BTreeMap<(MappingName, Side), BTreeSet<RecordId>>,
    owners: Owners,
}

impl Wanted {
    /// Adds what a record refers to.
    pub(crate) fn gather(&mut self, mapping: &ObjectMapping, side: Side, record: &Record) {
        self.owners.gather(mapping, side, record);
        for field in &mapping.fields {
            let lens = field.lens.of(side);
            let Some(parent) = lens.parent() else { continue };
            for name in lens.fields() {
                if let Some(Value::Reference(id)) = record.fields.get(name) {
                    self.records.entry((parent.clone(), side)).or_default().insert(id.clone());
                }
            }
        }
    }

    /// Looks up where they stand: one batched read for each parent mapping and side, and who the owners are.
    ///
    /// # Errors
    /// `EngineError::Call` where a vendor does not list its users.
    pub(crate) async fn look_up(self, engine: &Engine, sync: &Sync, by: Deadline) -> Result<Refs, EngineError> {
        self.look_up_or_wait(engine, sync, by).await?.map_err(|(_, error)| EngineError::Call(error))
    }

    /// The same; where a vendor does not list its users, whose that is, and why.
    pub(crate) async fn look_up_or_wait(
        self,
        engine: &Engine,
        sync: &Sync,
        by: Deadline,
    ) -> Result<Result<Refs, (Side, CallError)>, EngineError> {
        let mut refs = match self.owners.look_up(engine, sync, by).await? {
            Ok(refs) => refs,
            Err(unanswered) => return Ok(Err(unanswered)),
        };
        for ((parent, side), ids) in self.records {
            let ids: Vec<RecordId> = ids.into_iter().collect();
            let standings = entry::standings(engine.store.as_ref(), &sync.name, &parent, side, &ids).await?;
            for (id, standing) in standings {
                let state = ref_state(side, &standing);
                refs.insert(parent.clone(), side, id, state);
            }
        }
        Ok(Ok(refs))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&MappingName, Side, &RecordId)> {
        self.records.iter().flat_map(|((parent, side), ids)| ids.iter().map(move |id| (parent, *side, id)))
    }
}

/// Where a referenced record stands.
fn ref_state(side: Side, standing: &Standing) -> RefState {
    match standing.link() {
        Some(link) if link.state == LinkState::Active => standing.counterpart(side).map_or(RefState::NotYet, RefState::Linked),
        // A parent whose counterpart is deleted and stays so.
        Some(_) => RefState::Never,
        // One that a rule leaves out will have no counterpart; one that is held may have one yet.
        None => match standing.note() {
            Some(note) if note.end.starts_with("skipped") => RefState::Never,
            Some(_) | None => RefState::NotYet,
        },
    }
}
