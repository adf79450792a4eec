//! The links of the records that others refer to: what a decision must know of parents.

use std::collections::{BTreeMap, BTreeSet};

use syncline_mapping::{ObjectMapping, RefState, Refs};
use syncline_model::{MappingName, Record, RecordId, Side, Value};

use crate::entry::{self, LinkState, Standing};
use crate::{Engine, EngineError, Sync};

/// Records that are referred to, by mapping and side.
#[derive(Debug, Default)]
pub(crate) struct Wanted(BTreeMap<(MappingName, Side), BTreeSet<RecordId>>);

impl Wanted {
    /// Adds what a record refers to.
    pub(crate) fn gather(&mut self, mapping: &ObjectMapping, side: Side, record: &Record) {
        for field in &mapping.fields {
            let lens = field.lens.of(side);
            let Some(parent) = lens.parent() else { continue };
            for name in lens.fields() {
                if let Some(Value::Reference(id)) = record.fields.get(name) {
                    self.0.entry((parent.clone(), side)).or_default().insert(id.clone());
                }
            }
        }
    }

    /// Looks up where they stand: one batched read for each parent mapping and side.
    pub(crate) async fn look_up(self, engine: &Engine, sync: &Sync) -> Result<Refs, EngineError> {
        let mut refs = Refs::default();
        for ((parent, side), ids) in self.0 {
            let ids: Vec<RecordId> = ids.into_iter().collect();
            let standings = entry::standings(engine.store.as_ref(), &sync.name, &parent, side, &ids).await?;
            for (id, standing) in standings {
                let state = ref_state(side, &standing);
                refs.insert(parent.clone(), side, id, state);
            }
        }
        Ok(refs)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&MappingName, Side, &RecordId)> {
        self.0.iter().flat_map(|((parent, side), ids)| ids.iter().map(move |id| (parent, *side, id)))
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
