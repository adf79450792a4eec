//! Acts that only worlds with an emphasis know.

use serde_json::json;
use syncline_model::{Side, Timestamp};
use syncline_simulator::Fields;

use super::afterwards::Afterwards;
use super::scenes::CONTACTS;
use super::{Touched, Value, Workload, pick};
use crate::house::Turns;
use crate::scenario::{Field, Sort};
use crate::vendors::Vendors;

impl Workload {
    /// Pairs of contacts of one side that share a mobile number, some with a third one on the other side. They were there long before: no feed
    /// lists them.
    pub(super) fn populate_lookalikes(&mut self, turns: &Turns, vendors: &Vendors) {
        let long_ago = turns.timestamp() - jiff::SignedDuration::from_hours(24);
        for _ in 0..3 {
            let side = if turns.one_in(2) { Side::Left } else { Side::Right };
            let digits = format!("172{:07}", self.next());
            for _ in 0..2 {
                self.create_with_mobile(turns, vendors, side, &digits, long_ago);
            }
            if turns.one_in(3) {
                self.create_with_mobile(turns, vendors, side.other(), &digits, long_ago);
            }
            self.shared_mobiles.push((side, digits));
        }
    }

    fn mobile(&self) -> Option<Field> {
        self.objects[CONTACTS].fields.iter().find(|field| field.sort == Sort::Phone).cloned()
    }

    /// All spell the number alike: vendors look for it letter by letter.
    fn create_with_mobile(&mut self, turns: &Turns, vendors: &Vendors, side: Side, digits: &str, at: Timestamp) -> Option<String> {
        let mobile = self.mobile()?;
        let mut values = self.fresh(turns, CONTACTS);
        values.retain(|(field, _)| *field != mobile);
        let mut fields: Fields = Self::spelled(turns, side, &values);
        fields.extend(mobile.parts(side).iter().map(|part| ((*part).to_owned(), json!(format!("+49{digits}")))));
        self.create_spelled(turns, vendors, side, CONTACTS, &fields, at)
    }

    /// A contact on the other side that two could be.
    pub(super) fn create_lookalike(&mut self, turns: &Turns, vendors: &Vendors) -> Vec<Touched> {
        let Some((side, digits)) = pick(turns, &self.shared_mobiles) else { return Vec::new() };
        let made = self.create_with_mobile(turns, vendors, side.other(), &digits, turns.timestamp());
        made.into_iter().map(|id| (side.other(), CONTACTS, id)).collect()
    }

    /// A contact is edited, and a while later removed for good: the edit may still be on its way.
    pub(super) fn purge(&mut self, turns: &Turns, vendors: &Vendors) -> Vec<Touched> {
        let side = Side::Right;
        let Some(id) = self.any(turns, vendors, side, CONTACTS) else { return Vec::new() };
        let Some(field) = pick(turns, &self.editable(CONTACTS, false)) else { return Vec::new() };
        if !self.set(turns, vendors, side, CONTACTS, &id, &field, false) {
            return Vec::new();
        }
        self.later.push((turns.between(10_000, 900_000), Afterwards::Purge((side, CONTACTS, id.clone()))));
        vec![(side, CONTACTS, id)]
    }

    pub(super) fn purge_this(&mut self, turns: &Turns, vendors: &Vendors, side: Side, object: usize, id: &str) -> Option<Touched> {
        let kind = self.objects[object].kind(side);
        let done = vendors.purge(side, turns.timestamp(), kind, id);
        turns.note(|| format!("user at {side}: removes {kind} {id} for good -> {done:?}"));
        done.is_ok().then(|| (side, object, id.to_owned()))
    }

    /// Nearly all contacts of a side are removed for good.
    pub fn purge_most(&mut self, turns: &Turns, vendors: &Vendors, side: Side) {
        for id in vendors.live(side, self.objects[CONTACTS].kind(side)).into_keys() {
            if !turns.one_in(8) {
                self.purge_this(turns, vendors, side, CONTACTS, &id);
            }
        }
    }

    /// Who is linked is merged into somebody new, who takes over; later its counterpart is edited.
    pub(super) fn succeed(&mut self, turns: &Turns, vendors: &Vendors) -> Vec<Touched> {
        let side = if turns.one_in(2) { Side::Left } else { Side::Right };
        let Some(loser) = self.any(turns, vendors, side, CONTACTS) else { return Vec::new() };
        let Some(other) = self.counterpart(vendors, side, CONTACTS, &loser) else { return Vec::new() };
        // Freshdesk merges two that both have a mobile only when told which stays: who has one is succeeded by who has an address.
        let kind = self.objects[CONTACTS].kind(side);
        let has_mobile = self.mobile().is_some_and(|mobile| {
            vendors
                .live(side, kind)
                .get(&loser)
                .is_some_and(|record| mobile.parts(side).iter().any(|part| record.get(*part).is_some_and(|value| !value.is_null())))
        });
        let mut values: Vec<(Field, Value)> = Vec::new();
        for field in self.objects[CONTACTS].fields.clone() {
            let wanted = match field.sort {
                Sort::PersonName => true,
                Sort::Email => has_mobile,
                Sort::Phone => !has_mobile,
                Sort::Text | Sort::Choice(_) | Sort::Consent(_) | Sort::Reference { .. } => false,
            };
            if wanted && let Some(value) = self.value(turns, &field) {
                values.push((field, value));
            }
        }
        let Some(heir) = self.create_in(turns, vendors, side, CONTACTS, &values, None) else { return Vec::new() };
        let touched = self.merge_these(turns, vendors, side, CONTACTS, &heir, &loser);
        if !touched.is_empty() {
            self.later.push((turns.between(60_000, 3_600_000), Afterwards::EditHeir((side.other(), CONTACTS, other))));
        }
        touched
    }
}
