//! Deleting, undeleting, merging: what happens to a record and to its neighbours (fact sheet §3.2).

use std::sync::Arc;

use serde_json::Value as Json;

use crate::Salesforce;
use crate::refusal::Refusal;
use crate::save::{Actor, locked};

impl Salesforce {
    /// The slot of the record that a write is aimed at.
    pub(crate) fn locate(&self, table: usize, id: &str) -> Result<usize, Refusal> {
        let target = self.table(table)?;
        let Some(slot) = target.slot_of(id) else { return Err(Refusal::cross_reference(404)) };
        if target.row(slot).is_some_and(|row| row.deleted_at.is_some()) { Err(Refusal::deleted()) } else { Ok(slot) }
    }

    /// Sends a record to the bin; an account takes its contacts, contracts, orders and opportunities along.
    pub(crate) fn delete(&mut self, table: usize, slot: usize, actor: &Actor) -> Result<(), Refusal> {
        let deletion = self.store.new_deletion();
        let victims = self.victims(table, slot, actor.now)?;
        for (table, slot) in victims {
            self.bin(table, slot, deletion, None, actor);
        }
        Ok(())
    }

    /// The record and all that go with it, after a look at what forbids it.
    fn victims(&self, table: usize, slot: usize, now: i64) -> Result<Vec<(usize, usize)>, Refusal> {
        let mut victims = vec![(table, slot)];
        let mut next = 0;
        while let Some(&(table, slot)) = victims.get(next) {
            next += 1;
            let Some(row) = self.table(table)?.row(slot) else { continue };
            if self.is_being_saved(&row.id) || self.locks.get(&row.id).is_some_and(|until| *until > now) {
                return Err(locked(&row.id));
            }
            for (child_table, child, index) in self.references_to(table, &row.id) {
                let Some(child_of) = self.store.table(child_table) else { continue };
                let cascades = child_of.object.fields.get(index).is_some_and(|field| field.cascade);
                if !cascades || victims.contains(&(child_table, child)) {
                    continue;
                }
                let status = child_of.object.index_of("StatusCode").and_then(|status| child_of.row(child)?.text(status));
                if status == Some("Activated") {
                    let message = format!(
                        "Your attempt to delete {} could not be completed because it is associated with activated records.",
                        row.id
                    );
                    return Err(Refusal::of_fields("DELETE_FAILED", message, &[]));
                }
                victims.push((child_table, child));
            }
        }
        Ok(victims)
    }

    /// Whether a save that is not visible yet holds a record: its own, or one that refers to it.
    pub(crate) fn is_being_saved(&self, id: &str) -> bool {
        let id = crate::ids::normalise(id).unwrap_or_default();
        self.store.late.iter().any(|late| late.row.id == id || late.row.cells.values().any(|cell| cell.as_str() == Some(id.as_str())))
    }

    /// Live rows that refer to an id: table, slot and field.
    fn references_to(&self, parent: usize, id: &str) -> Vec<(usize, usize, usize)> {
        let Some(parent) = self.store.table(parent) else { return Vec::new() };
        let mut found = Vec::new();
        for (table_index, table) in self.store.tables().iter().enumerate() {
            for (index, field) in table.object.fields.iter().enumerate() {
                if field.refers_to.as_deref() != Some(parent.object.name.as_str()) || field.name == "MasterRecordId" {
                    continue;
                }
                let slots = table.with_value(index, id).unwrap_or_default();
                found.extend(
                    slots
                        .into_iter()
                        .filter(|&slot| table.row(slot).is_some_and(|row| row.deleted_at.is_none()))
                        .map(|slot| (table_index, slot, index)),
                );
            }
        }
        found
    }

    fn bin(&mut self, table: usize, slot: usize, deletion: u64, master: Option<&str>, actor: &Actor) {
        let Some(target) = self.store.table(table) else { return };
        let Some(mut row) = target.row(slot).cloned() else { return };
        if let (Some(master), Some(index)) = (master, target.object.index_of("MasterRecordId")) {
            row.set(index, Json::String(master.to_owned()));
        }
        row.deleted_at = Some(actor.now);
        row.deletion = deletion;
        row.stamp = actor.now;
        row.modified_at = actor.now;
        row.modified_by = Arc::clone(&actor.user);
        // Lookups that do not cascade are emptied, and that moves no stamp (fact sheet §3.1, silent losses).
        let dangling: Vec<_> = self.references_to(table, &row.id);
        self.store.put(table, slot, Some(row));
        for (child_table, child, index) in dangling {
            let cascades =
                self.store.table(child_table).and_then(|table| table.object.fields.get(index)).is_some_and(|field| field.cascade);
            let Some(mut row) = self.store.table(child_table).and_then(|table| table.row(child)).cloned() else { continue };
            if !cascades {
                row.set(index, Json::Null);
                self.store.put(child_table, child, Some(row));
            }
        }
    }

    /// Brings a record back from the bin, with those that went with it.
    pub(crate) fn bring_back(&mut self, table: usize, slot: usize, actor: &Actor) -> bool {
        let Some(row) = self.store.table(table).and_then(|table| table.row(slot)).filter(|row| row.deleted_at.is_some()) else {
            return false;
        };
        let deletion = row.deletion;
        let mut together = Vec::new();
        for (index, table) in self.store.tables().iter().enumerate() {
            let same = table.binned(i64::MIN, i64::MAX).filter(|&slot| table.row(slot).is_some_and(|row| row.deletion == deletion));
            together.extend(same.map(|slot| (index, slot)));
        }
        for (table, slot) in together {
            let Some(mut row) = self.store.table(table).and_then(|table| table.row(slot)).cloned() else { continue };
            row.deleted_at = None;
            row.stamp = actor.now;
            row.modified_at = actor.now;
            row.modified_by = Arc::clone(&actor.user);
            self.store.put(table, slot, Some(row));
        }
        true
    }

    /// Merges losers into a winner: they go to the bin and name it, their children change parents, and all stamps move.
    pub(crate) fn merge_rows(&mut self, table: usize, winner: usize, losers: &[usize], actor: &Actor) {
        let Some(winner_id) = self.store.table(table).and_then(|table| table.row(winner)).map(|row| row.id.clone()) else { return };
        let touch = |row: &mut crate::rows::Row| {
            row.stamp = actor.now;
            row.modified_at = actor.now;
            row.modified_by = Arc::clone(&actor.user);
        };
        for &loser in losers {
            let Some(loser_id) = self.store.table(table).and_then(|table| table.row(loser)).map(|row| row.id.clone()) else { continue };
            for (child_table, child, index) in self.references_to(table, &loser_id) {
                let Some(mut row) = self.store.table(child_table).and_then(|table| table.row(child)).cloned() else { continue };
                row.set(index, Json::String(winner_id.clone()));
                touch(&mut row);
                self.store.put(child_table, child, Some(row));
            }
            let deletion = self.store.new_deletion();
            self.bin(table, loser, deletion, Some(&winner_id), actor);
        }
        if let Some(mut row) = self.store.table(table).and_then(|table| table.row(winner)).cloned() {
            touch(&mut row);
            self.store.put(table, winner, Some(row));
        }
    }
}
