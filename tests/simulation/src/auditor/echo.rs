//! P-3, field by field: a write of ours that changes a value's spelling and not its meaning told nobody anything.

use syncline_model::Side;
use syncline_simulator::Fields;

use super::Auditor;
use super::spelling::meaning;
use crate::kernel::TaskId;
use crate::ports::store::SimulatedStore;
use crate::scenario::{Field, Object, Sort};
use crate::vendors::{Author, Change};

/// How a task ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ended {
    at: crate::kernel::Millis,
    /// How many changes had happened.
    place: usize,
}

/// A field as it is stored, letter by letter; an empty one is as none.
fn letters(field: &Field, side: Side, record: &Fields) -> Vec<String> {
    let text = |part: &&str| record.get(*part).filter(|value| !value.is_null()).map(ToString::to_string).unwrap_or_default();
    field.parts(side).iter().map(text).collect()
}

impl Auditor {
    /// A task ended and met no trouble: what it had to store is stored.
    pub fn ended_well(&mut self, task: TaskId, at: crate::kernel::Millis) {
        self.ended.insert(task, Ended { at, place: self.changes.len() });
    }

    /// We changed a record.
    pub(super) fn judge_spelling(&mut self, store: &SimulatedStore, object: &Object, change: &Change, task: TaskId) {
        let (Some(before), Some(after)) = (&change.before, &change.after) else { return };
        for field in &object.fields {
            let side = change.side;
            let same = meaning(field, side, before) == meaning(field, side, after);
            if !same || letters(field, side, before) == letters(field, side, after) || matches!(field.sort, Sort::Reference { .. }) {
                continue;
            }
            let is_idle = match field.sort {
                // However it is spelled, it is the same number or address; or one word for another that means the same: away for offline.
                Sort::Phone | Sort::Email | Sort::Choice(_) | Sort::Consent(_) => true,
                // Another spelling of a text may be a user's. What we wrote ourselves is not.
                Sort::Text | Sort::PersonName => self.is_own_echo(store, object, field, change, task),
                Sort::Reference { .. } => false,
            };
            if is_idle {
                let says = format!("{} {} of {side}: {} was only spelled anew", change.kind, change.id, field.name);
                self.breach("P-3", says);
            }
        }
    }

    /// Whether what stands on the other side was written there by a task of ours that had ended, and stored what it had to, before this one began.
    fn is_own_echo(&self, store: &SimulatedStore, object: &Object, field: &Field, change: &Change, task: TaskId) -> bool {
        let (side, other_side) = (change.side, change.side.other());
        if self.ever_unmapped.contains(field.name) {
            return false;
        }
        let book = self.book(store);
        let Some(link) = book.link(object.mapping, side, &change.id) else { return false };
        let other = other_side.of(link.left.as_str(), link.right.as_str());
        // Who was deleted or had another counterpart may be linked anew, and then the two spellings differ.
        let settled = |its: Side, id: &str, other: &str| {
            !self.had_another(object, its, id, other) && self.life(its, object.kind(its), id).all(|change| change.after.is_some())
        };
        if !settled(side, &change.id, other) || !settled(other_side, other, &change.id) {
            return false;
        }
        let wrote = self.life(other_side, object.kind(other_side), other).rfind(|earlier| {
            let of = |record: &Option<Fields>| record.as_ref().map(|record| letters(field, other_side, record));
            of(&earlier.before) != of(&earlier.after)
        });
        let Some(Author::Integration(writer)) = wrote.map(|wrote| wrote.author) else { return false };
        let Some(ended) = self.ended.get(&writer) else { return false };
        let linked = self.linked_at.get(&(object.mapping.to_owned(), link.left.clone())).map_or(0, |(_, at)| *at);
        linked <= ended.place && ended.at < self.begun_at(task)
    }
}
