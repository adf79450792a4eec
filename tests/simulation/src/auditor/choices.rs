//! Values of which there are few, so that what stands does not tell who wrote it: agents' statuses. What is judged follows from the order of what
//! happened, and from what a user could see.

use syncline_model::Side;

use super::Auditor;
use super::rest::Sides;
use super::spelling::meaning;
use crate::ports::store::SimulatedStore;
use crate::scenario::{Field, Object, Sort};
use crate::vendors::{Author, Change};

/// One change of what a record's field means.
struct Turn<'a> {
    change: &'a Change,
    place: usize,
    before: String,
    after: String,
}

impl Auditor {
    /// Every change of what the field of a record means, in order; that it was made with one is none.
    fn turns_of<'a>(&'a self, object: &'a Object, field: &'a Field, side: Side, id: &'a str) -> impl DoubleEndedIterator<Item = Turn<'a>> {
        self.life_places(object, side, id).filter_map(move |(place, change)| {
            let (before, after) = (change.before.as_ref()?, change.after.as_ref()?);
            let (before, after) = (meaning(field, side, before), meaning(field, side, after));
            (before != after).then_some(Turn { change, place, before, after })
        })
    }

    /// P-3: each of our writes to a pair follows from one edit of a user's on either side; one more where the two were linked first.
    pub(super) fn judge_choice_written(
        &self,
        store: &SimulatedStore,
        object: &Object,
        field: &Field,
        change: &Change,
    ) -> Option<(&'static str, String)> {
        let book = self.book(store);
        let other_side = change.side.other();
        let link = book.link(object.mapping, change.side, &change.id)?;
        let other = other_side.of(link.left.as_str(), link.right.as_str());
        let count = |side: Side, id: &str, by_users: bool| {
            self.turns_of(object, field, side, id).filter(|turn| (turn.change.author == Author::User) == by_users).count()
        };
        let both = |by_users| count(change.side, &change.id, by_users) + count(other_side, other, by_users);
        // This one is not among the changes yet.
        let (ours, users) = (both(false) + 1, both(true) + 1);
        // Who goes back into a contact that stayed shows for a moment what was said there before.
        let shown = match field.sort {
            Sort::Consent(_) => self.moves.times(change.side, &change.id) + self.moves.times(other_side, other),
            Sort::Text | Sort::Email | Sort::Phone | Sort::PersonName | Sort::Reference { .. } | Sort::Choice(_) => 0,
        };
        (ours > users + shown).then(|| {
            let says = format!(
                "{} {} of {}: {} was written {ours} times in all, for {} edits",
                change.kind,
                change.id,
                change.side,
                field.name,
                users - 1
            );
            ("P-3", says)
        })
    }

    /// P-1: what stands at rest is what the user wrote last who saw what the other side's had written before; where neither saw the other's, the
    /// master's.
    pub(super) fn judge_choice_at_rest(&mut self, object: &Object, field: &Field, (left, right): (&str, &str), sides: &Sides) {
        let stands = |side: Side| sides.of(side).get(side.of(left, right)).map(|record| meaning(field, side, record)).unwrap_or_default();
        let (one, two) = (stands(Side::Left), stands(Side::Right));
        // What is not synced stays where it is.
        if one.is_empty() || two.is_empty() {
            return;
        }
        let last = |side: Side| self.turns_of(object, field, side, side.of(left, right)).rfind(|turn| turn.change.author == Author::User);
        let linked = self.linked_at.get(&(object.mapping.to_owned(), left.to_owned())).map_or(0, |(_, at)| *at);
        let (latest, other) = match (last(Side::Left), last(Side::Right)) {
            (Some(one), Some(two)) if one.place < two.place => (two, Some(one)),
            (Some(one), two) => (one, two),
            (None, Some(two)) => (two, None),
            (None, None) => return,
        };
        // Before the two were linked nobody's edit had anywhere to go; what came off a schedule, or went on one, meets what stands there.
        if latest.place <= linked || latest.before.is_empty() || latest.after.is_empty() {
            return;
        }
        let side = latest.change.side;
        let is_lost = latest.after != one;
        if !is_lost {
            return;
        }
        let is_masters = side == self.scenario.master;
        // The other side's edit was on this user's screen already, brought there by a task of ours that ended well: it is superseded.
        let shown = self.turns_of(object, field, side, side.of(left, right)).take_while(|turn| turn.place < latest.place).last();
        let saw = other.as_ref().is_none_or(|other| {
            shown.as_ref().is_some_and(|shown| {
                let noted = match shown.change.author {
                    Author::User => false,
                    Author::Integration(task) => self.ended.contains_key(&task),
                };
                noted && shown.place > other.place && shown.after == other.after
            })
        });
        // A task that had read the record before the user wrote may overwrite it: no vendor here compares versions.
        let overwritten =
            self.turns_of(object, field, side, side.of(left, right)).find(|turn| turn.place > latest.place).is_some_and(|turn| match turn
                .change
                .author
            {
                Author::User => false,
                Author::Integration(task) => self.begun_at(task) <= latest.change.at.as_millisecond(),
            });
        // Back to what stood there when our last task was done, or the two were linked: nobody who looks at states can tell that from nothing.
        let came_from = |place: usize| {
            let ours = self
                .turns_of(object, field, side, side.of(left, right))
                .rfind(|turn| turn.place < place && turn.change.author != Author::User);
            let since = ours.map_or(linked, |turn| turn.place.max(linked));
            self.turns_of(object, field, side, side.of(left, right)).find(|turn| turn.place >= since && turn.change.author == Author::User)
        };
        let taken_back = came_from(latest.place).is_some_and(|first| first.before == latest.after);
        if overwritten || taken_back {
            self.figures.unseen_overwrites += 1;
        } else if is_masters || saw {
            let says =
                format!("{} {left} and {right}: {} is {one:?}; a user of {side} wrote {:?} last", object.mapping, field.name, latest.after);
            self.breach("P-1", says);
        } else {
            self.figures.losses += 1;
        }
    }
}
