//! Acts of pressed worlds: the same record again and again, a pair in several fields, many records at once.

use syncline_model::Side;

use super::{Touched, Workload, pick};
use crate::house::Turns;
use crate::scenario::Sort;
use crate::vendors::Vendors;

/// Contacts, by their number among the objects.
const CONTACTS: usize = 1;
/// How many records of an import fit.
const FITTING: usize = 3;

impl Workload {
    /// Somebody edits a record that was edited before in the same field; now and then they turn to another.
    pub(super) fn edit_again(&mut self, turns: &Turns, vendors: &Vendors, side: Side, object: usize) -> Option<Touched> {
        let kept = self
            .again
            .take()
            .filter(|((side, object, id), _)| !turns.one_in(6) && vendors.live(*side, self.objects[*object].kind(*side)).contains_key(id));
        let (touched, field) = if let Some(kept) = kept {
            kept
        } else {
            let id = self.any(turns, vendors, side, object)?;
            ((side, object, id), pick(turns, &self.editable(object, false))?)
        };
        let (side, object, id) = &touched;
        let done = self.set(turns, vendors, *side, *object, id, &field, false);
        self.again = Some((touched.clone(), field));
        done.then_some(touched)
    }

    /// A field on both sides at once, and another one on one of them.
    pub(super) fn edit_both_wide(&mut self, turns: &Turns, vendors: &Vendors, side: Side, object: usize) -> Vec<Touched> {
        let Some(id) = self.any(turns, vendors, side, object) else { return Vec::new() };
        let Some(other) = self.counterpart(vendors, side, object, &id) else { return Vec::new() };
        let fields = self.editable(object, false);
        let may_wait: Vec<_> = fields.iter().filter(|field| field.conflicts).cloned().collect();
        let Some(field) = pick(turns, &may_wait) else { return Vec::new() };
        let rest: Vec<_> = fields.into_iter().filter(|one| one.name != field.name).collect();
        let Some(beside) = pick(turns, &rest) else { return Vec::new() };
        let mut touched: Vec<Touched> = Vec::new();
        for (side, id, fields) in [(side, id, vec![&field, &beside]), (side.other(), other, vec![&field])] {
            if self.set_all(turns, vendors, (side, object, &id), &fields) {
                touched.push((side, object, id));
            }
        }
        touched
    }

    /// Several contacts at once, of which one does not fit the other side.
    pub(super) fn import(&mut self, turns: &Turns, vendors: &Vendors, side: Side) -> Vec<Touched> {
        let mut fields = self.fresh(turns, CONTACTS);
        for (field, value) in &mut fields {
            if field.sort == Sort::PersonName {
                value.lengthen();
            }
        }
        // It can be made only where it fits.
        let made = [side, side.other()].into_iter().find_map(|side| Some((side, self.create(turns, vendors, side, CONTACTS, &fields)?)));
        let Some((side, id)) = made else { return Vec::new() };
        let mut touched = vec![(side, CONTACTS, id)];
        for _ in 0..FITTING {
            let fields = self.fresh(turns, CONTACTS);
            touched.extend(self.create(turns, vendors, side, CONTACTS, &fields).map(|id| (side, CONTACTS, id)));
        }
        touched
    }
}
