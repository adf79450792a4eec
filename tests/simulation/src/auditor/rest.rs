//! What must hold once all is quiet.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;
use syncline_engine::ports::store::Item;
use syncline_model::Side;
use syncline_simulator::Fields;

use super::Auditor;
use super::book::{Book, State};
use super::spelling::{linked, meaning};
use crate::scenario::{Field, Keeps, Object, Sort};
use crate::vendors::{Author, Merged, Vendors};
use crate::workload::tokens;

type Records = BTreeMap<String, Fields>;

/// Both sides' live records of an object.
pub(super) struct Sides(Records, Records);

impl Sides {
    pub(super) fn of(&self, side: Side) -> &Records {
        side.of(&self.0, &self.1)
    }
}

/// Whether a vendor may refuse to have the one beside the other: they share what is unique, or both the name and the number.
fn is_refused_beside(object: &Object, (side, one): (Side, &Fields), (other, two): (Side, &Fields)) -> bool {
    let same = |field: &Field| {
        let own = meaning(field, side, one).to_lowercase();
        !own.is_empty() && own == meaning(field, other, two).to_lowercase()
    };
    let of = |sort: Sort| object.fields.iter().any(|field| field.sort == sort && same(field));
    object.fields.iter().any(|field| object.unique.contains(&field.name) && same(field)) || of(Sort::PersonName) && of(Sort::Phone)
}

impl Auditor {
    /// Judges the world at rest. `histories`: what the product shows as a pair's history, by mapping and left id.
    pub fn at_rest(&mut self, vendors: &Vendors, items: &[Item], histories: &BTreeMap<(String, String), String>) {
        let book = Book::read(self.sync, items);
        self.figures.held = book.held() as u64;
        for object in self.objects.clone() {
            let sides = Sides(vendors.live(Side::Left, object.kind(Side::Left)), vendors.live(Side::Right, object.kind(Side::Right)));
            self.no_duplicates(&object, &sides, &book);
            for side in [Side::Left, Side::Right] {
                self.nothing_vanished(&object, &sides, side, &book);
            }
            self.sides_agree(&object, &sides, vendors, &book);
            self.holds_are_true(&object, &sides, items);
            self.nobody_is_half_moved(vendors, &object);
            self.no_update_is_lost(&object, &sides, &book, histories);
        }
        self.no_value_rests(items);
    }

    /// The pairs that mapping's active links name, both alive.
    pub(super) fn pairs(object: &Object, sides: &Sides, book: &Book) -> Vec<(String, String)> {
        let links = book.active(object.mapping).filter(|link| sides.0.contains_key(&link.left) && sides.1.contains_key(&link.right));
        links.map(|link| (link.left.clone(), link.right.clone())).collect()
    }

    /// P-2: no two records are linked to the same one, and none that we made stands beside another for the same source.
    fn no_duplicates(&mut self, object: &Object, sides: &Sides, book: &Book) {
        let mut by_right: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for link in book.active(object.mapping) {
            by_right.entry(&link.right).or_default().push(&link.left);
        }
        for (right, lefts) in by_right.iter().filter(|(_, lefts)| lefts.len() > 1) {
            self.breach("P-2", format!("{} {lefts:?} are all linked to {right}", object.kind(Side::Left)));
        }
        for side in [Side::Left, Side::Right] {
            let mut made: BTreeMap<String, Vec<String>> = BTreeMap::new();
            for id in sides.of(side).keys() {
                let first = self.life(side, object.kind(side), id).next();
                let source = first
                    .filter(|first| first.before.is_none() && first.author != Author::User)
                    .and_then(|first| self.made_for(object, first));
                if let Some(source) = source
                    && !self.may_stand_twice(side, object.kind(side), id, &source)
                {
                    made.entry(source).or_default().push(id.clone());
                }
            }
            for (source, ids) in made.iter().filter(|(_, ids)| ids.len() > 1) {
                self.breach("P-2", format!("{} {ids:?} of {side} were all made for {source}", object.kind(side)));
            }
        }
    }

    /// P-4, P-5: a live record has a live counterpart, or there is a written reason why not, and the reason is true.
    fn nothing_vanished(&mut self, object: &Object, sides: &Sides, side: Side, book: &Book) {
        for (id, record) in sides.of(side) {
            if !self.is_concerned(side, object.kind(side), id) {
                continue;
            }
            let link = book.link(object.mapping, side, id);
            let note = link.map_or_else(|| book.note(object.mapping, side, id), |link| book.note(object.mapping, Side::Left, &link.left));
            // A hold of the counterpart's names both.
            let held = book.is_held(object.mapping, side, id)
                || link.is_some_and(|link| book.is_held(object.mapping, side.other(), side.of(&link.right, &link.left)));
            if let Some(own) = self.own_hidden(object, sides, side, id, book) {
                self.breach(
                    "P-5",
                    format!(
                        "{} {id} of {side} is held because a hidden record has its value: {own} was made for it, and lives",
                        object.kind(side)
                    ),
                );
            }
            let problem = match link.map(|link| (link.state.clone(), side.of(&link.right, &link.left))) {
                Some((State::Active, other)) if sides.of(side.other()).contains_key(other) => {
                    if held {
                        None
                    } else {
                        self.unstamped(object, sides, side, id, other)
                    }
                }
                Some((State::Severed { gone }, other)) if gone == side.other() => {
                    // It stays behind because deletions there are not carried over; or its counterpart lost itself in a merge.
                    let carried = gone.of(object.deletes[0], object.deletes[1]);
                    let lives = sides.of(gone).contains_key(other);
                    (lives || carried && !held && !self.was_merged(gone, object, other))
                        .then(|| format!("its link to {other} is severed (counterpart live: {lives})"))
                }
                _ if held => None,
                // From an empty listing no deletion is inferred: where the feed tells of none either, it stays unknown.
                Some((State::Active, _)) if self.was_swept_empty(object, side.other()) => None,
                Some((State::Active, other)) => Some(format!("it is linked to {other}, which is gone")),
                Some((State::Severed { .. } | State::Buried, other)) => Some(format!("its link to {other} is dead")),
                None => self.unlinked(object, sides, side, record, note),
            };
            if note.is_some() {
                self.figures.skipped += 1;
            }
            if let Some(problem) = problem {
                self.breach("P-4", format!("{} {id} of {side}: {problem}; note {note:?}", object.kind(side)));
            }
        }
    }

    fn was_swept_empty(&self, object: &Object, side: Side) -> bool {
        let place = self.objects.iter().position(|its| its.mapping == object.mapping);
        place.is_some_and(|place| self.swept_empty.contains(&(place, side)))
    }

    /// Whether a record went by a user's merge: the survivor changed in the same act.
    fn was_merged(&self, side: Side, object: &Object, id: &str) -> bool {
        let gone = self.life(side, object.kind(side), id).next_back();
        gone.is_some_and(|gone| {
            gone.after.is_none()
                && self.changes.iter().any(|other| {
                    other.at == gone.at
                        && other.side == side
                        && other.kind == gone.kind
                        && other.id != gone.id
                        && other.author == Author::User
                })
        })
    }

    /// Held because somebody whom nobody sees has its value, where that is the counterpart that we made for it: the reason is not true.
    fn own_hidden(&self, object: &Object, sides: &Sides, side: Side, id: &str, book: &Book) -> Option<String> {
        if book.held_because(object.mapping, side, id) != Some("taken_by_hidden") {
            return None;
        }
        let other = side.other();
        // Who came back from the bin when somebody else had taken its place is in the way indeed.
        let linked_to = book.link(object.mapping, side, id).map(|link| side.of(&link.right, &link.left));
        let mut made = sides.of(other).iter().filter(|(its, record)| {
            let first = self.life(other, object.kind(other), its).next();
            linked(record, object.link(other)).as_deref() == Some(id)
                && linked_to.is_none_or(|linked_to| linked_to == *its)
                && first.is_some_and(|first| first.before.is_none() && first.author != Author::User)
        });
        let (its, _) = made.next()?;
        let record = sides.of(side).get(id)?;
        // Of a linked one the hold tells that a value is in use by a third: by whom it names, or by whoever has shown it.
        let named = book.holders(object.mapping, side, id);
        let is_anothers = if named.is_empty() {
            self.changes.iter().any(|change| {
                change.side == other
                    && change.kind == object.kind(other)
                    && change.id != *its
                    && change.after.as_ref().is_some_and(|after| is_refused_beside(object, (side, record), (other, after)))
            })
        } else {
            named.iter().any(|holder| holder != its)
        };
        // Once the two agree, whatever stood in the way is over.
        let agree = sides.of(other).get(its).is_some_and(|twin| {
            let mut fields = object.fields.iter().filter(|field| !matches!(field.sort, Sort::Reference { .. }));
            fields.all(|field| meaning(field, side, record) == meaning(field, other, twin))
        });
        (linked_to.is_none() || !is_anothers || agree).then(|| its.clone())
    }

    /// Linked and alive: each carries the other's id.
    fn unstamped(&self, object: &Object, sides: &Sides, side: Side, id: &str, other: &str) -> Option<String> {
        if object.link(side).is_empty() {
            return None;
        }
        let carried = sides.of(side).get(id).and_then(|record| linked(record, object.link(side)));
        // The id is unique, and who carries it went to the bin with it.
        let in_bin = |change: &crate::vendors::Change| {
            let carried = || change.before.as_ref().and_then(|before| linked(before, object.link(side)));
            change.side == side && change.after.is_none() && carried().as_deref() == Some(other) && !sides.of(side).contains_key(&change.id)
        };
        if self.changes.iter().any(in_bin) {
            return None;
        }
        // While it was in the bin nothing could be written to it.
        if self.life(side, object.kind(side), id).any(|change| change.after.is_none()) {
            return None;
        }
        // A user who cleared or restored our field is told by nothing; what we wrote must have arrived once.
        let ever = self
            .life(side, object.kind(side), id)
            .any(|change| change.after.as_ref().and_then(|after| linked(after, object.link(side))).as_deref() == Some(other));
        // One that went to the bin, or into another by a merge, keeps the id there, and the vendor grants it to nobody else.
        let kept = self.changes.iter().any(|change| {
            change.side == side
                && change.kind == object.kind(side)
                && change.after.is_none()
                && change.before.as_ref().and_then(|before| linked(before, object.link(side))).as_deref() == Some(other)
        });
        (carried.as_deref() != Some(other) && !ever && !kept).then(|| format!("it never got the id of {other} (it carries {carried:?})"))
    }

    /// Not linked: the note has to say why, and to be right.
    fn unlinked(&self, object: &Object, sides: &Sides, side: Side, record: &Fields, note: Option<&str>) -> Option<String> {
        let Some(note) = note else { return Some("it has no counterpart, and nothing says why".to_owned()) };
        let other = side.other();
        let needed = other.of(&object.need_one_of[0], &object.need_one_of[1]);
        match note {
            note if note.contains("nothing_to_reach_them") => {
                let has = object.fields.iter().any(|field| needed.contains(&field.name) && !meaning(field, side, record).is_empty());
                (needed.is_empty() || has).then(|| "it could be reached".to_owned())
            }
            note if note.contains("taken_by") => {
                let shares = |one: &Fields, its: Side| {
                    object.fields.iter().filter(|field| object.unique.contains(&field.name)).any(|field| {
                        let own = meaning(field, side, record).to_lowercase();
                        !own.is_empty() && own == meaning(field, its, one).to_lowercase()
                    })
                };
                let twin = [side, other]
                    .into_iter()
                    .any(|its| sides.of(its).values().filter(|one| its == other || *one != record).any(|one| shares(one, its)));
                // The holder may have it as a further address, which is not mapped; or it went since, which brings nobody back who was left out.
                let holder = serde_json::from_str::<serde_json::Value>(note.trim_start_matches("skipped:")).ok();
                let holder = holder.as_ref().and_then(|note| note["holder"].as_str());
                let was = holder.is_some_and(|holder| self.life(other, object.kind(other), holder).next().is_some());
                (!twin && !was).then(|| "nobody has its address".to_owned())
            }
            // Nobody is made there: then there is nobody of whom it could be told.
            note if note.contains("not_created_there") => {
                let twin = sides.of(other).values().any(|one| {
                    object.fields.iter().filter(|field| object.unique.contains(&field.name)).any(|field| {
                        let own = meaning(field, side, record);
                        !own.is_empty() && own == meaning(field, other, one)
                    })
                });
                twin.then(|| "somebody there has its address".to_owned())
            }
            note if note.starts_with("held:") => Some("it is noted as held, and no hold stands".to_owned()),
            note => Some(format!("it is live, and {note:?} is no reason")),
        }
    }

    /// P-4: what is linked agrees on every field that is kept in step.
    fn sides_agree(&mut self, object: &Object, sides: &Sides, vendors: &Vendors, book: &Book) {
        for (left, right) in Self::pairs(object, sides, book) {
            let (Some(one), Some(two)) = (sides.0.get(&left), sides.1.get(&right)) else { continue };
            self.figures.pairs += 1;
            let untouched = !self.is_concerned(Side::Left, object.kind(Side::Left), &left);
            let held = book.is_held(object.mapping, Side::Left, &left) || book.is_held(object.mapping, Side::Right, &right);
            if held || untouched {
                continue;
            }
            for field in self.mapped(object) {
                let field = &field;
                let (ours, theirs) = (meaning(field, Side::Left, one), meaning(field, Side::Right, two));
                let agree = match field.sort {
                    Sort::Reference { parent } => self.parents_agree(parent, &ours, &theirs, vendors, book),
                    // What means nothing to the other side is left where it stands.
                    Sort::Choice(_) => ours == theirs || ours.is_empty() || theirs.is_empty(),
                    Sort::Text | Sort::Email | Sort::Phone | Sort::PersonName | Sort::Consent(_) => ours == theirs,
                };
                let filled = field.keeps == Keeps::First && !(ours.is_empty() ^ theirs.is_empty());
                let emptied = field.keeps == Keeps::First && self.was_emptied(object, field, (&left, &right));
                if !agree && !filled && !emptied {
                    self.breach("P-4", format!("{} {left} and {right} differ in {}: {ours:?}, {theirs:?}", object.mapping, field.name));
                }
            }
        }
    }

    /// A user emptied what is only ever filled, by clearing it or by merging its record into one without it: the other side keeps what it has.
    fn was_emptied(&self, object: &Object, field: &Field, (left, right): (&str, &str)) -> bool {
        [(Side::Left, left, right), (Side::Right, right, left)].into_iter().any(|(side, id, other)| {
            let survived = |merged: &Merged| merged.side == side && merged.kind == object.kind(side) && merged.survivor == id;
            self.merges.iter().any(|(_, merged)| survived(merged))
                || self.life(side, object.kind(side), id).any(|change| {
                    let had = change.before.as_ref().is_some_and(|before| !meaning(field, side, before).is_empty());
                    let has = change.after.as_ref().is_some_and(|after| !meaning(field, side, after).is_empty());
                    had && !has
                })
                || self.life(side.other(), object.kind(side.other()), other).any(|change| {
                    change.before.as_ref().and_then(|before| linked(before, object.link(side.other()))).is_some_and(|before| before != id)
                })
        })
    }

    fn parents_agree(&self, parent: &str, left: &str, right: &str, vendors: &Vendors, book: &Book) -> bool {
        let Some(object) = self.objects.iter().find(|object| object.mapping == parent) else { return false };
        // A parent that went and came back has a new counterpart, and its children have not changed since: they are not decided again.
        // Nor are they where it was left out by a rule, and got one later.
        let came_back = |side: Side, id: &str| {
            self.life(side, object.kind(side), id).any(|change| change.after.is_none())
                || self.left_out.contains(&(parent.to_owned(), side, id.to_owned()))
        };
        if came_back(Side::Left, left) || came_back(Side::Right, right) {
            return true;
        }
        let linked_to = |side: Side, id: &str| {
            book.link(parent, side, id)
                .filter(|link| link.state == State::Active)
                .map(|link| side.of(link.right.clone(), link.left.clone()))
                .filter(|other| vendors.live(side.other(), object.kind(side.other())).contains_key(other))
        };
        match (left.is_empty(), right.is_empty()) {
            (true, true) => true,
            (true, false) => linked_to(Side::Right, right).is_none(),
            (false, true) => linked_to(Side::Left, left).is_none(),
            // One whose counterpart is gone says nothing to the other side.
            (false, false) => match (linked_to(Side::Left, left), linked_to(Side::Right, right)) {
                (Some(other), Some(_)) => other == right,
                (_, _) => true,
            },
        }
    }

    /// P-10: no value of a user rests in the store. A seal's letters may look like one by chance: what nobody wrote is none.
    fn no_value_rests(&mut self, items: &[Item]) {
        let by_users = self.changes.iter().filter(|change| change.author == Author::User);
        let texts = by_users.filter_map(|change| change.after.as_ref()).flat_map(Fields::values).filter_map(Json::as_str);
        let written: BTreeSet<String> = texts.flat_map(tokens).collect();
        for item in items.iter().filter(|item| tokens(&item.body).iter().any(|token| written.contains(token))) {
            let kind = item.key.partition.split('#').next().unwrap_or_default().to_owned();
            self.breach("P-10", format!("an item of the partition {kind}# holds a user's value"));
        }
    }
}
