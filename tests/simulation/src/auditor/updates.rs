//! P-1: no update is lost. Every value that a user wrote is new, so that what stands at the end tells who wrote it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use syncline_model::Side;

use super::Auditor;
use super::book::Book;
use super::rest::Sides;
use super::spelling::{linked, meaning};
use crate::scenario::{Field, Keeps, Object, Sort};
use crate::vendors::Author;

/// A field of a record, as one user left it last.
struct Wrote {
    at: Timestamp,
    /// The place among all changes.
    place: usize,
    /// The place since which the field has had the value: earlier than `place` where a merge kept it.
    since: usize,
    value: String,
}

impl Auditor {
    pub(super) fn no_update_is_lost(
        &mut self,
        object: &Object,
        sides: &Sides,
        book: &Book,
        histories: &BTreeMap<(String, String), String>,
    ) {
        for (left, right) in Self::pairs(object, sides, book) {
            if book.is_held(object.mapping, Side::Left, &left) || book.is_held(object.mapping, Side::Right, &right) {
                continue;
            }
            // A record that had other counterparts before: what stands may have come from them.
            let moved = self.had_another(object, Side::Left, &left, &right) || self.had_another(object, Side::Right, &right, &left);
            let history = histories.get(&(object.mapping.to_owned(), left.clone())).map_or("", String::as_str);
            for field in self.mapped(object).into_iter().filter(|field| field.keeps == Keeps::Newest) {
                let field = &field;
                if matches!(field.sort, Sort::Reference { .. }) || moved || self.ever_unmapped.contains(field.name) {
                    // A field that was left out meanwhile is a first link when it comes back.
                    continue;
                }
                if matches!(field.sort, Sort::Choice(_)) {
                    self.judge_choice_at_rest(object, field, (&left, &right), sides);
                } else if matches!(field.sort, Sort::Consent(_)) {
                    self.judge_consent_at_rest(object, field, (&left, &right), sides);
                } else {
                    self.judge_field(object, field, (&left, &right), sides, history);
                }
            }
        }
    }

    fn judge_field(&mut self, object: &Object, field: &Field, (left, right): (&str, &str), sides: &Sides, history: &str) {
        let Some(stands) = sides.of(Side::Left).get(left).map(|record| meaning(field, Side::Left, record)) else { return };
        let wrote = |side: Side| self.wrote_last(object, field, side, side.of(left, right), side.of(right, left));
        let (Some(one), Some(two)) = (wrote(Side::Left), wrote(Side::Right)) else {
            // Only one side's users ever wrote it: that stands, or it was cleared before the two were linked.
            if let Some(only) = wrote(Side::Left).or_else(|| wrote(Side::Right))
                && only.value != stands
                && !only.value.is_empty()
            {
                // Against what a broken task of ours wrote it loses as against a user's, where it is not the master's.
                let loser = if wrote(Side::Left).is_some() { Side::Left } else { Side::Right };
                let policy = if field.conflicts { self.scenario.conflict } else { "master" };
                let may_lose = match policy {
                    "hold" => false,
                    "master" => loser != self.scenario.master,
                    _ => true,
                };
                if may_lose && self.was_taken_for_a_users(object, field, (left, right), &stands) && tells(history, &only.value) {
                    self.figures.losses += 1;
                    return;
                }
                self.breach(
                    "P-1",
                    format!(
                        "{} {left} and {right}: {} is {stands:?}, and its only writer wrote {:?}",
                        object.mapping, field.name, only.value
                    ),
                );
            }
            return;
        };
        if one.value == two.value && one.value == stands {
            return;
        }
        let (earlier, later, early_side) = if one.place < two.place { (one, two, Side::Left) } else { (two, one, Side::Right) };
        let name = format!("{} {left} and {right}: {}", object.mapping, field.name);
        let id = |side: Side| side.of(left, right).to_owned();
        if stands == later.value {
            // The earlier was superseded if the later writer could see it; else it was a conflict.
            let late_side = early_side.other();
            let arrived = self.had_arrived(object, field, late_side, &id(late_side), &earlier, &later);
            // Both sides' users had written the same before: then the two agreed, and the later one went on from there.
            let agreed = self.had_shown(object, field, late_side, &id(late_side), &earlier.value, later.place);
            if !arrived && !agreed {
                self.judge_loss(&name, field, early_side, &earlier, &later, history, object, &id(early_side));
            }
        } else if stands == earlier.value {
            let seen = self.had_arrived(object, field, early_side.other(), &id(early_side.other()), &earlier, &later);
            // A clear before the two were linked empties nothing; a field that has waited for a person since is still to be linked.
            let waited = field.conflicts && self.scenario.conflict == "hold";
            if later.value.is_empty() && (!seen || waited) {
                return;
            }
            // Linked only afterwards: nothing told then who had written first.
            let linked = self.linked_at.get(&(object.mapping.to_owned(), left.to_owned())).map_or(0, |(_, at)| *at);
            let met = self.was_taken_for_a_users(object, field, (left, right), &stands) && tells(history, &later.value);
            if seen && linked <= later.place && !met {
                self.breach("P-1", format!("{name} is {stands:?}: {:?} superseded it, and is lost", later.value));
            } else {
                self.judge_loss(&name, field, early_side.other(), &later, &earlier, history, object, &id(early_side.other()));
            }
        } else if self.was_taken_for_a_users(object, field, (left, right), &stands) && tells(history, &later.value) {
            self.figures.losses += 1;
        } else if !(earlier.value.is_empty() || later.value.is_empty()) || !stands.is_empty() {
            self.breach("P-1", format!("{name} is {stands:?}; users wrote {:?} and {:?} last", earlier.value, later.value));
        }
    }

    /// A conflict: the policy must have wanted this one to lose, and the history must tell.
    #[expect(clippy::too_many_arguments, reason = "one loss: where, what, against what, and where it should be told")]
    fn judge_loss(&mut self, name: &str, field: &Field, loser: Side, lost: &Wrote, won: &Wrote, history: &str, object: &Object, id: &str) {
        if self.was_overwritten_unseen(object, field, loser, id, lost) {
            self.figures.unseen_overwrites += 1;
            return;
        }
        if lost.value.is_empty() {
            return;
        }
        let policy = if field.conflicts { self.scenario.conflict } else { "master" };
        if policy == "master" && loser == self.scenario.master {
            self.breach("P-1", format!("{name}: {:?} of the master lost against {:?}", lost.value, won.value));
        }
        if tells(history, &lost.value) {
            self.figures.losses += 1;
        } else {
            self.breach("P-1", format!("{name}: {:?} lost against {:?}, and the history does not tell", lost.value, won.value));
        }
    }

    /// What a user of this side wrote into the field last; a record made without it wrote nothing.
    fn wrote_last(&self, object: &Object, field: &Field, side: Side, id: &str, other: &str) -> Option<Wrote> {
        let (mut last, mut known) = (None, String::new());
        for (place, change) in self.changes.iter().enumerate() {
            if change.side != side || change.kind != object.kind(side) || change.id != id {
                continue;
            }
            // What comes back from the bin is what went there.
            let Some(value) = change.after.as_ref().map(|record| meaning(field, side, record)) else { continue };
            let before = std::mem::replace(&mut known, value.clone());
            if value != before && change.author == Author::User {
                last = Some(Wrote { at: change.at, place, since: place, value });
            }
        }
        // Who merged another record into it, and so gave it that one's counterpart, chose all its values.
        let merged = self.merges.iter().rev().find(|(place, its)| {
            its.side == side && its.kind == object.kind(side) && its.survivor == id && !self.was_linked(object, side, id, other, *place)
        });
        if let Some((place, merged)) = merged
            && last.as_ref().is_none_or(|last| last.place < *place)
        {
            let then = self
                .changes
                .iter()
                .take(*place)
                .rev()
                .find(|change| change.side == side && change.kind == object.kind(side) && change.id == id);
            let value = then.and_then(|change| change.after.as_ref()).map(|after| meaning(field, side, after)).unwrap_or_default();
            let since = self
                .life_places(object, side, id)
                .find(|(its, change)| *its < *place && change.after.as_ref().is_some_and(|after| meaning(field, side, after) == value));
            // As of other writes, the place is that of the change itself: of the merge's last one.
            let place = place.saturating_sub(1);
            last = Some(Wrote { at: merged.at, place, since: since.map_or(place, |(its, _)| its), value });
        }
        last
    }

    /// Whether a value had reached a side before a user there wrote: then that user could see it, and superseded it.
    fn had_arrived(&self, object: &Object, field: &Field, side: Side, id: &str, earlier: &Wrote, wrote: &Wrote) -> bool {
        // Who merges records sees both; the merge itself may be what was written, and then its last change is at that place.
        let mut seen = vec![id.to_owned()];
        let merges =
            self.merges.iter().filter(|(place, its)| *place <= wrote.place + 1 && its.side == side && its.kind == object.kind(side));
        for (_, merged) in merges {
            if seen.contains(&merged.survivor) {
                seen.push(merged.loser.clone());
            }
        }
        self.changes.iter().take(wrote.place).skip(earlier.since).any(|change| {
            change.side == side
                && change.kind == object.kind(side)
                && seen.contains(&change.id)
                && change.author != Author::User
                && change.after.as_ref().is_some_and(|after| meaning(field, side, after) == earlier.value)
        })
    }

    /// A task of ours wrote it and could not note that it had, because it died, or because the answer to its create was lost: then the next look takes
    /// it for what a user wrote there, and a conflict begins.
    fn was_taken_for_a_users(&self, object: &Object, field: &Field, (left, right): (&str, &str), value: &str) -> bool {
        let linked_by = self.linked_by.get(&(object.mapping.to_owned(), left.to_owned())).copied().flatten();
        [(Side::Left, left), (Side::Right, right)].into_iter().any(|(side, id)| {
            self.life(side, object.kind(side), id).any(|change| {
                let is = |record: &Option<_>| record.as_ref().is_some_and(|record| meaning(field, side, record) == value);
                let Author::Integration(task) = change.author else { return false };
                let unnoted = !self.ended.contains_key(&task) || change.before.is_none() && linked_by != Some(task);
                unnoted && is(&change.after) && !is(&change.before)
            })
        })
    }

    /// Whether a record was ever linked to anybody else: it carried that one's id, or the link stood and our field could not be written.
    pub(super) fn had_another(&self, object: &Object, side: Side, id: &str, other: &str) -> bool {
        let another = |left: &str, right: &str| side.of(left, right) == id && side.of(right, left) != other;
        self.stood.keys().any(|(mapping, left, right)| mapping == object.mapping && another(left, right))
            || self
                .life(side, object.kind(side), id)
                .any(|change| change.after.as_ref().and_then(|after| linked(after, object.link(side))).is_some_and(|its| its != other))
    }

    /// Whether a record ever showed a value before that place, whoever wrote it.
    pub(super) fn had_shown(&self, object: &Object, field: &Field, side: Side, id: &str, value: &str, place: usize) -> bool {
        let mut life =
            self.changes.iter().take(place).filter(|change| change.side == side && change.kind == object.kind(side) && change.id == id);
        life.any(|change| change.after.as_ref().is_some_and(|after| meaning(field, side, after) == value))
    }

    /// Whether a record was linked to another before that place: it carried its id, or the link stood and our field was still on its way.
    fn was_linked(&self, object: &Object, side: Side, id: &str, other: &str, place: usize) -> bool {
        let (left, right) = side.of((id, other), (other, id));
        let stood = self.stood.get(&(object.mapping.to_owned(), left.to_owned(), right.to_owned()));
        let mut life =
            self.changes.iter().take(place).filter(|change| change.side == side && change.kind == object.kind(side) && change.id == id);
        stood.is_some_and(|at| *at < place)
            || life.any(|change| change.after.as_ref().and_then(|after| linked(after, object.link(side))).as_deref() == Some(other))
    }

    /// The integration overwrote it in a task that had begun before the user wrote: it had read the record before.
    fn was_overwritten_unseen(&self, object: &Object, field: &Field, side: Side, id: &str, lost: &Wrote) -> bool {
        self.changes.iter().skip(lost.place + 1).find_map(|change| {
            let is_this = change.side == side && change.kind == object.kind(side) && change.id == id;
            let was = change.before.as_ref().map(|before| meaning(field, side, before));
            let became = change.after.as_ref().map(|after| meaning(field, side, after));
            if !is_this || was == became {
                return None;
            }
            Some(match change.author {
                Author::User => false,
                Author::Integration(task) => self.begun_at(task) <= lost.at.as_millisecond(),
            })
        }) == Some(true)
    }
}

/// Whether a history shows a value: phones by their digits.
fn tells(history: &str, value: &str) -> bool {
    let history = history.to_lowercase();
    let value = value.to_lowercase();
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    // Every value ends in a token of its own; blanks and letters may have been normalised since.
    value.split_whitespace().any(|word| crate::workload::is_token(word) && history.contains(word))
        || value.chars().all(|sign| sign.is_ascii_digit()) && digits(&history).contains(&value)
}
