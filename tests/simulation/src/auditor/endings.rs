//! How records end: which deletions of ours were right, and who is brought back although nobody brought him back.

use syncline_model::Side;

use super::Auditor;
use super::spelling::meaning;
use crate::kernel::TaskId;
use crate::ports::store::SimulatedStore;
use crate::scenario::{Keeps, Object, Sort};
use crate::vendors::{Author, Change, Vendors};

/// No sweep asks about fewer; and some few are met in passing, when their counterparts change.
const UNASKED_MAX: u64 = 10 + 4;

impl Auditor {
    /// P-7: who was merged into a record that lives is not gone, and takes no counterpart along.
    pub(super) fn judge_end_by_merge(&mut self, vendors: &Vendors, object: &Object, change: &Change, other: &str, task: TaskId) {
        let from = change.side.other();
        let live = vendors.live(from, object.kind(from));
        let mut id = other.to_owned();
        let mut merged_at = None;
        // Who is merged into one that is merged later belongs to the last of them.
        while let Some((place, merged)) =
            self.merges.iter().rev().find(|(_, its)| its.side == from && its.kind == object.kind(from) && its.loser == id)
        {
            // Back from the bin it is a record of its own again.
            if self.life_places(object, from, &id).any(|(its, _)| its >= *place) {
                return;
            }
            merged_at = Some(merged.at.as_millisecond());
            id.clone_from(&merged.survivor);
        }
        if merged_at.is_some_and(|at| at < self.begun_at(task)) && live.contains_key(&id) {
            let says = format!(
                "{} {} of {} was deleted, and its counterpart {other} lives on in {id}, into which it was merged",
                change.kind, change.id, change.side
            );
            self.breach("P-7", says);
        }
    }

    /// P-7: so many at once go only with a person's word. Only those are counted of which no feed tells: they can be known only as missing.
    pub(super) fn judge_share(&mut self, store: &SimulatedStore, object: &Object, change: &Change, other: &str) {
        let from = change.side.other();
        if !self.purged.contains(&(from, object.kind(from).to_owned(), other.to_owned())) {
            return;
        }
        // Who meets one of them because its counterpart changed asks for it alone, and is not asked about many.
        let gone_at = self.life_places(object, from, other).filter(|(_, its)| its.after.is_none()).map(|(place, _)| place).next_back();
        let is_later_edit = |(place, its): (usize, &Change)| its.author == Author::User && gone_at.is_some_and(|gone| place > gone);
        if self.life_places(object, change.side, &change.id).any(is_later_edit) {
            return;
        }
        let count = self.unasked.entry((object.mapping.to_owned(), from)).or_default();
        *count += 1;
        let gone = *count;
        let linked = self.book(store).active(object.mapping).count() as u64 + gone;
        let too_many = gone > UNASKED_MAX && gone * 100 > u64::from(self.scenario.affairs.max_share) * linked;
        if too_many && self.releases == 0 {
            self.breach("P-7", format!("{gone} of {linked} {} that were missing at {from} went, and nobody was asked", object.mapping));
        }
    }

    /// P-1: what the master's user wrote after the two were linked, and the other side never had, does not go with the other side's record.
    pub(super) fn judge_end_of_edited(&mut self, object: &Object, change: &Change, other: &str, task: TaskId) {
        let (side, from) = (change.side, change.side.other());
        let Some(before) = change.before.as_ref().filter(|_| self.scenario.master == side) else { return };
        let left = side.of(change.id.as_str(), other);
        let Some((_, linked)) = self.linked_at.get(&(object.mapping.to_owned(), left.to_owned())) else { return };
        let mut breaches = Vec::new();
        for field in self.mapped(object) {
            let stands = meaning(&field, side, before);
            if field.keeps != Keeps::Newest
                || matches!(field.sort, Sort::Reference { .. })
                || self.ever_unmapped.contains(field.name)
                || stands.is_empty()
            {
                continue;
            }
            let mut set = self.life_places(object, side, &change.id).filter(|(_, its)| {
                let was = |record: &Option<_>| record.as_ref().map(|record| meaning(&field, side, record)).unwrap_or_default();
                was(&its.before) != was(&its.after) && was(&its.after) == stands
            });
            let Some((place, wrote)) = set.next_back() else { continue };
            let unseen = wrote.at.as_millisecond() >= self.begun_at(task);
            let shown = self.had_shown(object, &field, from, other, &stands, self.changes.len());
            if wrote.author == Author::User && place >= *linked && !unseen && !shown {
                breaches.push(format!(
                    "{} {} of {side} was deleted with {other}: {stands:?} in {} was written there last, and {side} is the master",
                    change.kind, change.id, field.name
                ));
            }
        }
        for says in breaches {
            self.breach("P-1", says);
        }
    }

    /// P-2: a record that was linked once and is gone gets no new counterpart.
    pub(super) fn judge_return(&mut self, vendors: &Vendors, object: &Object, change: &Change, source: &str, task: TaskId) {
        let from = change.side.other();
        if vendors.live(from, object.kind(from)).contains_key(source) {
            return;
        }
        let was_linked = self
            .linked_at
            .iter()
            .any(|((mapping, left), (right, _))| mapping == object.mapping && from.of(left.as_str(), right.as_str()) == source);
        let gone = self.life(from, object.kind(from), source).next_back();
        let known = gone.is_some_and(|gone| gone.after.is_none() && gone.at.as_millisecond() < self.begun_at(task));
        if was_linked && known {
            let says =
                format!("{} {} of {} was created for {source}, which was linked once and is gone", change.kind, change.id, change.side);
            self.breach("P-2", says);
        }
    }

    /// A record's changes, each with its place among all.
    pub(super) fn life_places<'a>(
        &'a self,
        object: &'a Object,
        side: Side,
        id: &'a str,
    ) -> impl DoubleEndedIterator<Item = (usize, &'a Change)> {
        let of_it = move |change: &Change| change.side == side && change.kind == object.kind(side) && change.id == id;
        self.changes.iter().enumerate().filter(move |(_, change)| of_it(change))
    }
}
