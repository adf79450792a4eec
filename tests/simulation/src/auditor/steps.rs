//! What must hold at every step.

use serde_json::Value as Json;
use syncline_engine::ports::store::Write;
use syncline_model::Side;
use syncline_simulator::Fields;

use super::Auditor;
use super::book::State;
use super::spelling::{linked, meaning};
use crate::house::Turns;
use crate::kernel::{Millis, TaskId};
use crate::ports::store::SimulatedStore;
use crate::scenario::{Field, Keeps, Object, Sort};
use crate::vendors::{Arrived, Author, Change, Merged, Vendors};
use crate::workload::tokens;

/// Whether a record names a parent.
fn refers(record: Option<&Fields>, references: &[&str]) -> bool {
    record.is_some_and(|record| references.iter().any(|name| record.get(*name).is_some_and(|value| !value.is_null())))
}

impl Auditor {
    pub(super) fn object(&self, side: Side, kind: &str) -> Option<Object> {
        self.objects.iter().find(|object| object.kind(side) == kind).cloned()
    }

    /// The fields that the config in force maps.
    pub(super) fn mapped(&self, object: &Object) -> Vec<Field> {
        object.fields.iter().filter(|field| field.keeps != Keeps::Apart && !self.unmapped.contains(field.name)).cloned().collect()
    }

    /// When a task began; for one that is not known, the beginning of time.
    pub(super) fn begun_at(&self, task: TaskId) -> Millis {
        self.begun.get(&task).copied().unwrap_or_default()
    }

    /// A record's changes so far.
    pub(super) fn life<'a>(&'a self, side: Side, kind: &'a str, id: &'a str) -> impl DoubleEndedIterator<Item = &'a Change> {
        self.changes.iter().filter(move |change| change.side == side && change.kind == kind && change.id == id)
    }

    pub(super) fn arrived(&mut self, arrived: &Arrived) {
        self.figures.calls += 1;
        if arrived.may_change {
            self.figures.writes += 1;
            self.figures.idle_writes += u64::from(!arrived.changed && arrived.status < 300);
            if self.quiet {
                self.breach("P-3", format!("{} {} at {} after quiet", arrived.method, arrived.path, arrived.side));
            }
        }
        // What others use up, or a smaller plan, can only be learnt from a refusal.
        if arrived.status == 429 && !self.strained.contains(&arrived.side) {
            self.breach("P-9", format!("{} refused a call for our rate", arrived.side));
        }
        if let Some(task) = arrived.task {
            self.listed.entry(task).or_default().extend(arrived.shown.iter().cloned());
        }
    }

    /// The integration changed a record.
    pub(super) fn judge_change(&mut self, vendors: &Vendors, store: &SimulatedStore, change: &Change, task: TaskId) {
        let Some(object) = self.object(change.side, &change.kind) else { return };
        if self.quiet {
            self.breach("P-3", format!("{} {} of {} was written after quiet", change.kind, change.id, change.side));
        }
        match (&change.before, &change.after) {
            (None, Some(_)) => self.judge_creation(vendors, store, &object, change, task),
            (Some(_), None) => self.judge_deletion(vendors, store, &object, change, task),
            (Some(_), Some(_)) => self.judge_update(store, &object, change, task),
            (None, None) => {}
        }
    }

    /// P-2: a creation has an intent in the store, and its source has no counterpart that lives.
    fn judge_creation(&mut self, vendors: &Vendors, store: &SimulatedStore, object: &Object, change: &Change, task: TaskId) {
        // Back from the bin is no creation.
        if self.life(change.side, &change.kind, &change.id).next().is_some() {
            return;
        }
        if object.link(change.side).is_empty() && !object.unique.is_empty() {
            self.judge_unmarked_creation(store, object, change, task);
            return;
        }
        let Some(source) = self.made_for(object, change) else {
            let told = if object.link(change.side).is_empty() { "for nobody that was ever there" } else { "without its source's id" };
            self.breach("P-2", format!("{} {} of {} was created {told}", change.kind, change.id, change.side));
            return;
        };
        let from = change.side.other();
        let book = self.book(store);
        if !book.is_claimed(object.mapping, from, &source) {
            self.breach("P-2", format!("a counterpart of {} {source} of {from} was created without an intent", object.kind(from)));
        }
        self.judge_return(vendors, object, change, &source, task);
        let live = vendors.live(change.side, &change.kind);
        let twins: Vec<&Change> = self
            .changes
            .iter()
            .filter(|earlier| {
                earlier.side == change.side
                    && earlier.kind == change.kind
                    && earlier.id != change.id
                    && earlier.before.is_none()
                    && earlier.author != Author::User
                    && self.made_for(object, earlier).as_ref() == Some(&source)
                    && live.contains_key(&earlier.id)
                    && !self.may_stand_twice(change.side, &change.kind, &earlier.id, &source)
            })
            .collect();
        if let Some(twin) = twins.first() {
            let says = format!("{} {source} of {from} got a second counterpart {} beside {}", object.kind(from), change.id, twin.id);
            self.breach("P-2", says);
        }
    }

    /// For whom we created a record: it carries that one's id. Where a side carries no ids, and nothing is
    /// unique, it is whoever had the same in a field that is never empty.
    pub(super) fn made_for(&self, object: &Object, created: &Change) -> Option<String> {
        let after = created.after.as_ref()?;
        if !object.link(created.side).is_empty() {
            return linked(after, object.link(created.side));
        }
        if !object.unique.is_empty() {
            return None;
        }
        let from = created.side.other();
        let is_always_there = |field: &&Field| !field.clears && field.sort == Sort::Text && field.keeps == Keeps::Newest;
        let field = object.fields.iter().find(is_always_there)?;
        let own = meaning(field, created.side, after);
        let mut sources = self.changes.iter().filter(|change| change.side == from && change.kind == object.kind(from));
        let source = sources.find(|change| change.after.as_ref().is_some_and(|record| meaning(field, from, record) == own));
        source.map(|change| change.id.clone())
    }

    /// P-2, where no record can carry its source's id: an intent stands for somebody over there who has shown the same address.
    fn judge_unmarked_creation(&mut self, store: &SimulatedStore, object: &Object, change: &Change, task: TaskId) {
        let from = change.side.other();
        // A vendor that writes by the address makes anew whom a user deletes between our read and our write.
        let is_back = self.changes.iter().any(|gone| {
            let shared = |field: &Field| {
                let of = |record: &Option<Fields>| record.as_ref().map(|record| meaning(field, change.side, record)).unwrap_or_default();
                object.unique.contains(&field.name) && !of(&change.after).is_empty() && of(&gone.before) == of(&change.after)
            };
            gone.side == change.side
                && gone.kind == change.kind
                && gone.author == Author::User
                && gone.after.is_none()
                && gone.at.as_millisecond() >= self.begun_at(task)
                && object.fields.iter().any(shared)
        });
        if is_back {
            self.figures.unseen_overwrites += 1;
            return;
        }
        let book = self.book(store);
        let is_source = |field: &Field, id: &str| {
            let wanted = change.after.as_ref().map(|after| meaning(field, change.side, after)).unwrap_or_default();
            !wanted.is_empty() && self.had_shown(object, field, from, id, &wanted, self.changes.len())
        };
        let mut sources = self.changes.iter().filter(|source| source.side == from && source.kind == object.kind(from)).filter(|source| {
            object.fields.iter().filter(|field| object.unique.contains(&field.name)).any(|field| is_source(field, &source.id))
        });
        if !sources.any(|source| book.is_claimed(object.mapping, from, &source.id)) {
            self.breach("P-2", format!("{} {} of {} was created without an intent", change.kind, change.id, change.side));
        }
    }

    /// Whether a counterpart that we made may stand beside another: a user brought it back from the bin, or merged its source away, which gave it to
    /// the survivor, or merged another into it while its source was away.
    pub(super) fn may_stand_twice(&self, side: Side, kind: &str, id: &str, source: &str) -> bool {
        let came_back = |side: Side, kind: &str, id: &str| {
            self.life(side, kind, id).skip(1).any(|change| change.before.is_none() && change.author == Author::User)
        };
        // It took the counterpart of another over, by a merge, while its own was in the bin.
        let given_away = self.object(side, kind).is_some_and(|object| came_back(side.other(), object.kind(side.other()), source))
            && self.merges.iter().any(|(_, merged)| merged.side == side && merged.survivor == id);
        came_back(side, kind, id) || given_away || self.merges.iter().any(|(_, merged)| merged.loser == source)
    }

    /// P-7: what is deleted has a counterpart that is gone, and whose deletion is carried over.
    fn judge_deletion(&mut self, vendors: &Vendors, store: &SimulatedStore, object: &Object, change: &Change, task: TaskId) {
        let from = change.side.other();
        let book = self.book(store);
        let other = book
            .link(object.mapping, change.side, &change.id)
            .map(|link| from.of(link.left.clone(), link.right.clone()))
            .or_else(|| change.before.as_ref().and_then(|before| linked(before, object.link(change.side))));
        let Some(other) = other else {
            self.breach("P-7", format!("{} {} of {} was deleted, and is linked to nothing", change.kind, change.id, change.side));
            return;
        };
        if !from.of(object.deletes[0], object.deletes[1]) {
            self.breach(
                "P-7",
                format!("{} {} of {} was deleted: deletions at {from} are not carried over", change.kind, change.id, change.side),
            );
        }
        self.judge_share(store, object, change, &other);
        self.judge_end_by_merge(vendors, object, change, &other, task);
        self.judge_end_of_edited(object, change, &other, task);
        let is_live = vendors.live(from, object.kind(from)).contains_key(&other);
        // Brought back after our last look at it: nobody could know.
        let back_since = self
            .life(from, object.kind(from), &other)
            .next_back()
            .is_some_and(|last| last.author == Author::User && last.before.is_none() && last.at.as_millisecond() >= self.begun_at(task));
        if is_live && !back_since {
            self.breach("P-7", format!("{} {} of {} was deleted, and its counterpart {other} lives", change.kind, change.id, change.side));
        }
    }

    /// P-3: no value is written to the same field twice, unless a user changed that field in between. P-1: what is only to be filled is not
    /// replaced.
    fn judge_update(&mut self, store: &SimulatedStore, object: &Object, change: &Change, task: TaskId) {
        let (Some(before), Some(after)) = (&change.before, &change.after) else { return };
        let mut breaches = Vec::new();
        let mut unseen = 0;
        for field in &object.fields {
            let (old, new) = (meaning(field, change.side, before), meaning(field, change.side, after));
            if old == new {
                continue;
            }
            // What a user wrote between our read and our write, nobody could know of.
            let came = self.life(change.side, &change.kind, &change.id).next_back();
            let is_unseen = came.is_some_and(|last| last.author == Author::User && last.at.as_millisecond() >= self.begun_at(task));
            if field.keeps == Keeps::First && !old.is_empty() && is_unseen {
                unseen += 1;
            } else if field.keeps == Keeps::First && !old.is_empty() {
                breaches.push(("P-1", format!("{} {} of {}: {} was replaced", change.kind, change.id, change.side, field.name)));
            }
            if matches!(field.sort, Sort::Choice(_) | Sort::Consent(_)) {
                breaches.extend(self.judge_choice_written(store, object, field, change));
                continue;
            }
            // An id stands for whatever record it names at the time, and comes back with it.
            if new.is_empty() || matches!(field.sort, Sort::Reference { .. }) {
                continue;
            }
            let mut written = 0_u32;
            let mut by_users = 0_u32;
            let mut known = String::new();
            for earlier in self.life(change.side, &change.kind, &change.id) {
                let Some(became) = earlier.after.as_ref().map(|record| meaning(field, change.side, record)) else { continue };
                if std::mem::replace(&mut known, became.clone()) == became {
                    continue;
                }
                match earlier.author {
                    Author::User => by_users += 1,
                    Author::Integration(_) => written += u32::from(became == new),
                }
            }
            if written > by_users {
                breaches.push(("P-3", format!("{} {} of {}: {} got {new:?} again", change.kind, change.id, change.side, field.name)));
            }
        }
        self.figures.unseen_overwrites += unseen;
        for (promise, says) in breaches {
            self.breach(promise, says);
        }
    }

    /// P-8: a cursor moves only past what is queued, or known on both sides, or has its reason.
    pub(super) fn judge_write(&mut self, turns: &Turns, vendors: &Vendors, store: &SimulatedStore, task: Option<TaskId>, write: &Write) {
        let Write::Put { item, .. } = write else { return };
        self.judge_hold(vendors, store, task, item);
        if let ["e", _, mapping, letter, _] = item.key.partition.split('#').collect::<Vec<_>>().as_slice()
            && item.body.contains("\"skipped:")
        {
            let side = if *letter == "l" { Side::Left } else { Side::Right };
            self.left_out.insert(((*mapping).to_owned(), side, item.key.sort.clone()));
        }
        if let ["e", _, mapping, "l", _] = item.key.partition.split('#').collect::<Vec<_>>().as_slice()
            && let Some(right) =
                serde_json::from_str::<Json>(&item.body).ok().and_then(|body| body.pointer("/link/right")?.as_str().map(str::to_owned))
        {
            let (at, right) = (self.changes.len(), self.moves.today(Side::Right, &right));
            if !self.linked_at.contains_key(&((*mapping).to_owned(), item.key.sort.clone())) {
                self.judge_choice(vendors, store, task, mapping, (&item.key.sort, &right));
            }
            self.stood.entry(((*mapping).to_owned(), item.key.sort.clone(), right.clone())).or_insert(at);
            self.linked_by.entry(((*mapping).to_owned(), item.key.sort.clone())).or_insert(task);
            let known = self.linked_at.entry(((*mapping).to_owned(), item.key.sort.clone())).or_insert_with(|| (right.clone(), at));
            if known.0 != right {
                *known = (right, at);
            }
        }
        if !item.key.partition.starts_with("c#") {
            return;
        }
        let Ok(body) = serde_json::from_str::<Json>(&item.body) else { return };
        let place = body["cursor"].to_string();
        let Some(task) = task else { return };
        let shown = self.listed.remove(&task).unwrap_or_default();
        let before = self.cursors.get(&item.key.sort).cloned();
        if before.as_ref().is_some_and(|(before, _)| *before == place) {
            return;
        }
        self.cursors.insert(item.key.sort.clone(), (place, self.begun_at(task)));
        // Only what is new since the last reading has to be queued by this one.
        let Some((_, since)) = before else { return };
        if shown.is_empty() {
            return;
        }
        let Some((mapping, letter)) = item.key.sort.split_once('#') else { return };
        let side = if letter == "l" { Side::Left } else { Side::Right };
        let Some(object) = self.objects.iter().find(|object| object.mapping == mapping).cloned() else { return };
        let book = self.book(store);
        let others = vendors.live(side.other(), object.kind(side.other()));
        for (id, record) in vendors.live(side, object.kind(side)) {
            // Who moved while this was read was perhaps listed under the other id.
            if self.moves.came_since(side, &id, since)
                || book.note(mapping, side, &id).is_some()
                || book.is_held(mapping, side, &id)
                || !self.is_concerned(side, object.kind(side), &id)
            {
                continue;
            }
            let link = book.link(mapping, side, &id);
            // What a dead link means is decided apart.
            if link.is_some_and(|link| link.state != State::Active) {
                continue;
            }
            // Our field may still be on its way.
            let other = link.map(|link| side.of(link.right.clone(), link.left.clone())).or_else(|| linked(&record, object.link(side)));
            let other_id = other.clone();
            let other = other.map(|other| others.get(&other));
            // Its counterpart is gone: what that means is decided apart.
            if other == Some(None) {
                continue;
            }
            let other = other.flatten();
            let pair_noted = link.is_some_and(|link| {
                book.note(mapping, Side::Left, &link.left).is_some()
                    || book.is_held(mapping, side.other(), side.of(&link.right, &link.left))
            });
            if pair_noted {
                continue;
            }
            for field in self.mapped(&object).into_iter().filter(|field| field.keeps == Keeps::Newest) {
                let field = &field;
                let own = meaning(field, side, &record);
                let across = other.map(|other| meaning(field, side.other(), other));
                // It was there, and was overwritten since.
                let there = |id: &str| {
                    self.life(side.other(), object.kind(side.other()), id)
                        .any(|change| change.after.as_ref().is_some_and(|after| meaning(field, side.other(), after) == own))
                };
                // Or in a record that was merged into the counterpart, and was the counterpart before.
                let there_before = |id: &str| {
                    let into = |merged: &Merged| merged.side == side.other() && merged.survivor == id && there(&merged.loser);
                    self.merges.iter().any(|(_, merged)| into(merged))
                };
                if other_id.as_deref().is_some_and(|id| there(id) || there_before(id)) {
                    continue;
                }
                // The same record was made on both sides before either was visible: which of the two was listed, its text does not tell.
                let is_twin = |one: &Fields| meaning(field, side, one) == own;
                if vendors.live(side, object.kind(side)).iter().any(|(other, one)| *other != id && is_twin(one)) {
                    continue;
                }
                let is_new = tokens(&own).iter().any(|token| shown.contains(token)) && across.as_ref() != Some(&own);
                if is_new
                    && !matches!(field.sort, Sort::Reference { .. })
                    && self.is_the_users(side, object.kind(side), &id, field, &own, since)
                {
                    let says = format!("the cursor of {mapping} at {side} passed {} of {id} ({own:?}), which is not queued", field.name);
                    turns.note(|| format!("auditor: {says}"));
                    self.breach("P-8", says);
                }
            }
        }
    }

    /// Whether a user of that side wrote this value last, and since then, so that the other side has to hear of it.
    fn is_the_users(&self, side: Side, kind: &str, id: &str, field: &Field, value: &str, since: Millis) -> bool {
        let mut set = self.life(side, kind, id).filter(|change| {
            let was = |record: &Option<_>| record.as_ref().map(|record| meaning(field, side, record)).unwrap_or_default();
            was(&change.before) != was(&change.after) && was(&change.after) == value
        });
        set.next_back().is_some_and(|change| change.author == Author::User && change.at.as_millisecond() > since)
    }

    /// Without a backfill, what was there before and was not touched since is left alone.
    pub(super) fn is_concerned(&self, side: Side, kind: &str, id: &str) -> bool {
        let since = if self.scenario.backfill { 0 } else { self.on };
        // A reference that goes with its parent moves no record's stamp.
        let references: Vec<&str> = self
            .objects
            .iter()
            .flat_map(|object| &object.fields)
            .filter(|field| matches!(field.sort, Sort::Reference { .. }))
            .flat_map(|field| field.parts(side).iter().copied())
            .collect();
        let beside = |record: &Option<Fields>| {
            record.clone().map(|mut record| {
                record.retain(|name, _| !references.contains(&name.as_str()));
                record
            })
        };
        self.changes
            .iter()
            .skip(since)
            .filter(|change| change.side == side && change.kind == kind && change.id == id)
            .any(|change| beside(&change.before) != beside(&change.after) || refers(change.after.as_ref(), &references))
    }
}
