//! People who go on under another id: what happened to them before, happened to who they are now.

use std::collections::BTreeMap;

use syncline_model::Side;

use super::Auditor;
use super::book::Book;
use crate::kernel::Millis;
use crate::ports::store::SimulatedStore;
use crate::scenario::{HALF_MOVED, Object};
use crate::vendors::{Moved, Vendors};

/// Who moves people, as it is counted.
pub const MOVERS: [&str; 2] = ["a user moves a person to another module", "we move a person to another module"];

/// Where everybody went who moved, by side and the id from before.
#[derive(Debug, Default)]
pub(super) struct Moves {
    went: BTreeMap<(Side, String), String>,
    came: BTreeMap<(Side, String), Came>,
}

/// When somebody came to where they are, and how often they have moved by then.
#[derive(Clone, Copy, Debug)]
struct Came {
    at: Millis,
    count: usize,
}

impl Moves {
    fn note(&mut self, moved: &Moved, at: Millis) {
        // Who comes back under an earlier id is known by it again.
        self.went.remove(&(moved.side, moved.to.clone()));
        self.went.insert((moved.side, moved.from.clone()), moved.to.clone());
        let count = self.times(moved.side, &moved.from) + 1;
        self.came.insert((moved.side, moved.to.clone()), Came { at, count });
    }

    /// How often somebody has moved.
    pub(super) fn times(&self, side: Side, id: &str) -> usize {
        self.came.get(&(side, id.to_owned())).map_or(0, |came| came.count)
    }

    /// Whether somebody goes under this id only since then.
    pub(super) fn came_since(&self, side: Side, id: &str, since: Millis) -> bool {
        self.came.get(&(side, id.to_owned())).is_some_and(|came| came.at >= since)
    }

    /// The id under which somebody goes today.
    pub(super) fn today(&self, side: Side, id: &str) -> String {
        let mut id = id.to_owned();
        while let Some(next) = self.went.get(&(side, id.clone())) {
            id.clone_from(next);
        }
        id
    }

    pub(super) fn is_empty(&self) -> bool {
        self.went.is_empty()
    }
}

impl Auditor {
    /// What the store says while all goes on, by the ids of today: it may hear of a move later than the auditor. At rest it has to know.
    pub(super) fn book(&self, store: &SimulatedStore) -> Book {
        let mut book = Book::read(self.sync, &store.all());
        if !self.moves.is_empty() {
            book.follow(&self.moves);
        }
        book
    }

    /// P-2: who was moved by us stands once.
    pub(super) fn nobody_is_half_moved(&mut self, vendors: &Vendors, object: &Object) {
        for side in [Side::Left, Side::Right] {
            for id in vendors.live(side, HALF_MOVED).into_keys() {
                self.breach("P-2", format!("{} {id} of {side} stands beside whom it was made from", object.kind(side)));
            }
        }
    }

    /// Somebody has moved: all that is known of them goes along.
    pub(super) fn follow(&mut self, moved: &Moved, at: Millis) {
        self.moves.note(moved, at);
        let Moved { side, kind, from, to, .. } = moved;
        let Some(mapping) = self.object(*side, kind).map(|object| object.mapping.to_owned()) else { return };
        for change in self.changes.iter_mut().filter(|change| change.side == *side && change.kind == *kind && change.id == *from) {
            change.id.clone_from(to);
        }
        for (_, merged) in self.merges.iter_mut().filter(|(_, merged)| merged.side == *side && merged.kind == *kind) {
            for id in [&mut merged.survivor, &mut merged.loser] {
                if id == from {
                    id.clone_from(to);
                }
            }
        }
        let renamed = |its: &str, side_of_it: Side, id: &str| -> String {
            if its == mapping && side_of_it == *side && id == from { to.clone() } else { id.to_owned() }
        };
        self.linked_at = std::mem::take(&mut self.linked_at)
            .into_iter()
            .map(|((its, left), (right, at))| {
                let (left, right) = (renamed(&its, Side::Left, &left), renamed(&its, Side::Right, &right));
                ((its, left), (right, at))
            })
            .collect();
        self.stood = std::mem::take(&mut self.stood)
            .into_iter()
            .map(|((its, left, right), at)| {
                let (left, right) = (renamed(&its, Side::Left, &left), renamed(&its, Side::Right, &right));
                ((its, left, right), at)
            })
            .collect();
        self.linked_by = std::mem::take(&mut self.linked_by)
            .into_iter()
            .map(|((its, left), task)| {
                let left = renamed(&its, Side::Left, &left);
                ((its, left), task)
            })
            .collect();
        self.left_out = std::mem::take(&mut self.left_out)
            .into_iter()
            .map(|(its, side, id)| {
                let id = renamed(&its, side, &id);
                (its, side, id)
            })
            .collect();
    }
}
