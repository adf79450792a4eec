//! Consents: a refusal is undone by nobody but a user who saw it.

use syncline_model::Side;

use super::Auditor;
use super::rest::Sides;
use super::spelling::meaning;
use crate::scenario::{Field, Object};
use crate::vendors::Author;

const OUT: &str = "out";

/// One word of a user's: that somebody is out, or in again.
struct Said {
    side: Side,
    place: usize,
    is_out: bool,
}

/// How things that users did are taken, of which what stands does not tell what they meant. What stands is right if one of the readings is.
#[derive(Clone, Copy)]
struct Reading {
    /// A refusal that comes back from the bin with its record is a new one; else it is the old one.
    back_is_news: bool,
    /// Who says yes and then no again, or no and then yes, with nothing of ours between the two, has said nothing: whoever looks at what stands
    /// cannot know. Else the later word counts: it is known where the other side said the same, and nothing had to be written.
    yes_and_no_is_nothing: bool,
    no_and_yes_is_nothing: bool,
}

impl Reading {
    fn all() -> impl Iterator<Item = Self> {
        let both = [true, false];
        both.into_iter().flat_map(move |back_is_news| {
            both.into_iter().flat_map(move |yes_and_no_is_nothing| {
                both.map(|no_and_yes_is_nothing| Self { back_is_news, yes_and_no_is_nothing, no_and_yes_is_nothing })
            })
        })
    }
}

impl Auditor {
    /// What users said, each where it changed what stood, or with the record that they made; in order.
    fn said_of_consent(&self, object: &Object, field: &Field, (left, right): (&str, &str), reading: Reading) -> Vec<Said> {
        let mut said = Vec::new();
        for side in [Side::Left, Side::Right] {
            let mut was_there = false;
            for (place, change) in self.life_places(object, side, side.of(left, right)) {
                let Some(after) = change.after.as_ref().map(|after| meaning(field, side, after)) else { continue };
                let before = change.before.as_ref().map(|before| meaning(field, side, before));
                // A record that is made without a refusal says nothing; one that comes back from the bin says what it did.
                let is_new = before.as_ref().is_none_or(|before| *before != after) && (before.is_some() || after == OUT);
                let is_back = before.is_none() && was_there;
                was_there = true;
                if is_new && change.author == Author::User && (reading.back_is_news || !is_back) {
                    said.push(Said { side, place, is_out: after == OUT });
                }
            }
        }
        said.sort_by_key(|said| said.place);
        self.without_second_thoughts(object, field, (left, right), said, reading)
    }

    fn without_second_thoughts(
        &self,
        object: &Object,
        field: &Field,
        (left, right): (&str, &str),
        said: Vec<Said>,
        reading: Reading,
    ) -> Vec<Said> {
        let was_heard = |one: &Said, two: &Said| {
            [Side::Left, Side::Right].into_iter().any(|side| {
                self.life_places(object, side, side.of(left, right)).any(|(place, change)| {
                    let of = |record: &Option<_>| record.as_ref().map(|record| meaning(field, side, record));
                    let is_between = one.place < place && place < two.place;
                    is_between && change.author != Author::User && of(&change.before) != of(&change.after)
                })
            })
        };
        let mut kept: Vec<Said> = Vec::new();
        for one in said {
            let before = kept.iter().rposition(|earlier| earlier.side == one.side);
            let again = before
                .filter(|_| if one.is_out { reading.yes_and_no_is_nothing } else { reading.no_and_yes_is_nothing })
                .filter(|place| kept.get(*place).is_some_and(|earlier| earlier.is_out != one.is_out && !was_heard(earlier, &one)));
            match again {
                Some(place) => drop(kept.remove(place)),
                None => kept.push(one),
            }
        }
        kept
    }

    /// Whether a side showed the refusal at that place.
    fn showed_out(&self, object: &Object, field: &Field, side: Side, id: &str, place: usize) -> bool {
        let last =
            self.life_places(object, side, id).take_while(|(its, _)| *its < place).filter_map(|(_, change)| change.after.as_ref()).last();
        last.is_some_and(|record| meaning(field, side, record) == OUT)
    }

    /// P-1: a refusal stands until a user takes it back who saw it, on the side where it was given or on the other once it was there. Where
    /// nobody's refusal stands, nobody is out.
    pub(super) fn judge_consent_at_rest(&mut self, object: &Object, field: &Field, (left, right): (&str, &str), sides: &Sides) {
        let Some(record) = sides.of(Side::Left).get(left) else { return };
        let is_out = meaning(field, Side::Left, record) == OUT;
        let linked = self.linked_at.get(&(object.mapping.to_owned(), left.to_owned())).map_or(0, |(_, at)| *at);
        let standing = |reading: Reading| {
            let said = self.said_of_consent(object, field, (left, right), reading);
            let is_withdrawn = |out: &Said| {
                said.iter().any(|later| {
                    later.place > out.place
                        && !later.is_out
                        // What stood there before the two were linked was that side's own.
                        && (later.side == out.side
                            || later.place >= linked && self.showed_out(object, field, later.side, later.side.of(left, right), later.place))
                })
            };
            let place = said.iter().position(|said| said.is_out && !is_withdrawn(said));
            place.and_then(|place| said.into_iter().nth(place))
        };
        let readings: Vec<Option<Said>> = Reading::all().map(standing).collect();
        if readings.iter().any(|standing| standing.is_some() == is_out) {
            return;
        }
        let Some(out) = readings.into_iter().flatten().next() else {
            self.breach("P-1", format!("{} {left} and {right}: out, though no user's refusal stands", object.mapping));
            return;
        };
        let unseen = self.life_places(object, out.side, out.side.of(left, right)).any(|(place, change)| {
            let Author::Integration(task) = change.author else { return false };
            let shows = |record: &Option<_>| record.as_ref().is_some_and(|record| meaning(field, out.side, record) == OUT);
            // No vendor here compares versions: who had read the record before may overwrite what a user says meanwhile.
            place > out.place
                && shows(&change.before)
                && !shows(&change.after)
                && self.changes.get(out.place).is_some_and(|said| self.begun_at(task) <= said.at.as_millisecond())
        });
        if unseen {
            self.figures.unseen_overwrites += 1;
        } else {
            self.breach("P-1", format!("{} {left} and {right}: a user of {} opted out, and nobody took it back", object.mapping, out.side));
        }
    }
}
