//! What somebody does a little later, because of what happened.

use syncline_engine::ports::webhook::Hint;
use syncline_model::Side;

use super::{Touched, Workload, pick};
use crate::house::Turns;
use crate::kernel::Millis;
use crate::scenario::Sort;
use crate::vendors::{Author, Change, News, Vendors};

/// Each with the words under which it is counted.
pub const AFTERWARDS: [&str; 3] = [
    "a record is edited just after we created it",
    "the counterpart of a merged record is edited later",
    "an edited record is removed for good",
];

/// One thing that is still to come.
#[derive(Clone, Debug)]
pub(super) enum Afterwards {
    /// We created it, and somebody edits it at once.
    EditNewborn(Touched),
    /// Somebody edits who was the counterpart of a merged record.
    EditHeir(Touched),
    /// It goes past the bin.
    Purge(Touched),
}

impl Workload {
    /// Somebody edits what was just created for him, now and then.
    pub fn notice(&mut self, turns: &Turns, news: &[News]) {
        for news in news {
            let News::Changed(Change { side, kind, id, author: Author::Integration(_), before: None, after: Some(_), .. }) = news else {
                continue;
            };
            if let Some(object) = self.objects.iter().position(|object| object.kind(*side) == kind)
                && turns.one_in(2)
            {
                self.later.push((turns.between(100, 40_000), Afterwards::EditNewborn((*side, object, id.clone()))));
            }
        }
    }

    /// What was begun since the last call of this, each with how much later it is to happen, and its number.
    pub fn take_later(&mut self) -> Vec<(Millis, usize)> {
        let begun = std::mem::take(&mut self.later);
        let mut numbers = Vec::new();
        for (wait, what) in begun {
            self.planned.push(what);
            numbers.push((wait, self.planned.len() - 1));
        }
        numbers
    }

    /// Does it. Answers hints on the records that changed.
    pub fn act_afterwards(&mut self, turns: &Turns, vendors: &Vendors, number: usize) -> Vec<(Side, Hint)> {
        let Some(what) = self.planned.get(number).cloned() else { return Vec::new() };
        let (words, touched) = match what {
            Afterwards::EditNewborn(touched) => (AFTERWARDS[0], self.edit_newborn(turns, vendors, touched)),
            Afterwards::EditHeir(touched) => (AFTERWARDS[1], self.edit_this(turns, vendors, touched)),
            Afterwards::Purge((side, object, id)) => (AFTERWARDS[2], self.purge_this(turns, vendors, side, object, &id)),
        };
        if touched.is_some() {
            turns.happened(words);
        }
        self.hints_of(touched.into_iter().collect())
    }

    /// Often that by which it could be found again.
    fn edit_newborn(&mut self, turns: &Turns, vendors: &Vendors, touched: Touched) -> Option<Touched> {
        let (side, object, id) = &touched;
        let record = vendors.live(*side, self.objects[*object].kind(*side)).remove(id)?;
        let mut keys = self.editable(*object, false);
        keys.retain(|field| {
            let filled = field.parts(*side).iter().any(|part| record.get(*part).is_some_and(|value| !value.is_null()));
            filled && (field.sort == Sort::Phone || self.objects[*object].unique.contains(&field.name))
        });
        match pick(turns, &keys) {
            Some(field) if !turns.one_in(3) => self.set(turns, vendors, *side, *object, id, &field, false).then_some(touched),
            Some(_) | None => self.edit_this(turns, vendors, touched),
        }
    }

    fn edit_this(&mut self, turns: &Turns, vendors: &Vendors, (side, object, id): Touched) -> Option<Touched> {
        let field = pick(turns, &self.editable(object, false))?;
        self.set(turns, vendors, side, object, &id, &field, false).then_some((side, object, id))
    }
}
