//! What is stored after a write. The vendor's answer tells no values, but when each row was changed by it, and as whom: what is read afterwards and was
//! changed since is not what became of ours. Told as such, somebody's edit would pass for our own, and be carried nowhere.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;
use syncline_engine::ports::connector::{Outcome, Selection};
use syncline_model::{Deadline, Fault, Record, Timestamp};

use crate::batch::{Batch, Taken};
use crate::connection::Connection;
use crate::object::{Module, Object};
use crate::values;
use crate::wire::{MODIFIED, Reader, id_of};
use crate::writing::{Fields, Step};

const MODIFIED_BY: &str = "Modified_By";

/// One state of a row: since when, to the second, and by whom. A write's answer tells it, and so does the row (fact sheet §4: recorded).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Edition {
    at: Option<Timestamp>,
    by: Option<String>,
}

impl Edition {
    pub(crate) fn of(row: &Json) -> Self {
        Self { at: row.get(MODIFIED).and_then(Json::as_str).and_then(values::moment), by: row.get(MODIFIED_BY).and_then(id_of) }
    }

    /// Whether the row was changed between the two. What is not told counts as the same.
    fn is_before(&self, later: &Self) -> bool {
        let is_anothers = self.by.as_ref().zip(later.by.as_ref()).is_some_and(|(own, other)| own != other);
        is_anothers || self.at.zip(later.at).is_some_and(|(own, other)| own < other)
    }
}

impl Connection {
    /// Reads what is stored of what was made or changed, and tells it with the outcomes. Where that fails nothing is told: whoever asks then hears why.
    pub(crate) async fn tell_stored(
        &self,
        object: Object,
        selection: &Selection,
        steps: &[(usize, Step<'_>)],
        batch: &mut Batch,
        by: Deadline,
    ) {
        // Who writes our link field wants nothing told.
        if selection.fields.is_empty() {
            return;
        }
        for module in object.modules() {
            let mut sent: Vec<(usize, &Fields, Taken)> = Vec::new();
            for (place, step) in steps {
                match (step, batch.taken.get(place)) {
                    // One that was there already is looked at as it is.
                    (Step::Create { fields, .. }, Some(taken)) if taken.created && step.module() == Some(module) => {
                        sent.push((*place, fields, taken.clone()));
                    }
                    (Step::Update { fields, .. }, Some(taken)) if step.module() == Some(module) => {
                        sent.push((*place, fields, taken.clone()));
                    }
                    (Step::Create { .. } | Step::Update { .. } | Step::Delete { .. } | Step::Promote { .. } | Step::Demote { .. }, _) => {}
                }
            }
            let ids: BTreeSet<String> = sent.iter().map(|(_, _, taken)| taken.id.clone()).collect();
            if ids.is_empty() {
                continue;
            }
            let Ok(mut stored) = self.editions(object, module, selection, &ids, by).await else { continue };
            for (place, fields, Taken { id, created, edition }) in sent {
                let Some((now, mut record)) = stored.remove(&id) else { continue };
                if edition.is_before(&now) {
                    for (name, value) in &mut record.fields {
                        if let Some(sent) = fields.get(name) {
                            value.clone_from(sent);
                        }
                    }
                }
                batch.set(place, Outcome::Written { id: record.id.clone(), created, stored: Some(record) });
            }
        }
    }

    /// The live records by their bare ids.
    async fn editions(
        &self,
        object: Object,
        module: Module,
        selection: &Selection,
        ids: &BTreeSet<String>,
        by: Deadline,
    ) -> Result<BTreeMap<String, (Edition, Record)>, Fault> {
        let schema = self.module_schema(module, by).await?;
        let reader = Reader { object, module, schema: &schema, selection, link_field: self.target.link_field.as_deref() };
        let mut wanted = reader.wanted();
        if schema.has(MODIFIED_BY) && !wanted.iter().any(|name| name == MODIFIED_BY) {
            wanted.push(MODIFIED_BY.to_owned());
        }
        let rows = self.module_rows(&reader, &wanted, ids, by).await?;
        let read = |row: &Json| Some((id_of(row)?, (Edition::of(row), reader.read(row).ok().filter(Record::is_live)?)));
        Ok(rows.iter().filter_map(read).collect())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_row_is_another_edition_by_its_second_or_by_its_author() {
        let at = |second: u32, by: &str| {
            Edition::of(&json!({MODIFIED: format!("2026-11-22T12:00:{second:02}+02:00"), MODIFIED_BY: {"name": "Ola", "id": by}}))
        };
        let ours = at(10, "7");
        assert!(ours.is_before(&at(11, "7")) && ours.is_before(&at(10, "8")));
        assert!(!ours.is_before(&ours) && !ours.is_before(&at(9, "7")) && !ours.is_before(&Edition::of(&json!({}))));
    }
}
