//! Acts of several users that meet: what one of them alone would hardly ever hit.

use serde_json::Value as Json;
use syncline_model::Side;
use syncline_simulator::Fields;

use super::{SIDES, Touched, Workload, parent_json, pick};
use crate::house::Turns;
use crate::scenario::Sort;
use crate::vendors::Vendors;

/// Contacts, and the companies that they belong to, by their numbers among the objects.
const COMPANIES: usize = 0;
pub(super) const CONTACTS: usize = 1;

impl Workload {
    /// The record on the other side that this one is linked with, whichever of the two says so.
    pub(super) fn counterpart(&self, vendors: &Vendors, side: Side, object: usize, id: &str) -> Option<String> {
        let object = &self.objects[object];
        let own = vendors.live(side, object.kind(side));
        let others = vendors.live(side.other(), object.kind(side.other()));
        if object.link(Side::Left).is_empty() && object.link(Side::Right).is_empty() {
            // Neither says so: it is whoever has the same address.
            let field = object.fields.iter().find(|field| field.sort == Sort::Email)?;
            let address = |its: Side, record: &Fields| {
                let text = record.get(*field.parts(its).first()?)?.as_str()?.to_lowercase();
                (!text.is_empty()).then_some(text)
            };
            let wanted = address(side, own.get(id)?)?;
            return others.into_iter().find(|(_, record)| address(side.other(), record).as_ref() == Some(&wanted)).map(|(other, _)| other);
        }
        let said = own.get(id).and_then(|record| record.get(object.link(side))).and_then(Json::as_str);
        if let Some(said) = said.filter(|said| others.contains_key(*said)) {
            return Some(said.to_owned());
        }
        let link = object.link(side.other());
        others.into_iter().find(|(_, record)| record.get(link).and_then(Json::as_str) == Some(id)).map(|(other, _)| other)
    }

    /// Somebody edits the counterpart of a record, if it has one.
    fn edit_counterpart(&mut self, turns: &Turns, vendors: &Vendors, side: Side, object: usize, id: &str) -> Option<Touched> {
        let other = self.counterpart(vendors, side, object, id)?;
        let fields = self.editable(object, false);
        let field = pick(turns, &fields)?;
        self.set(turns, vendors, side.other(), object, &other, &field, false).then(|| (side.other(), object, other))
    }

    pub(super) fn merge_and_edit(&mut self, turns: &Turns, vendors: &Vendors, side: Side) -> Vec<Touched> {
        let (Some(survivor), Some(loser)) = (self.any(turns, vendors, side, CONTACTS), self.any(turns, vendors, side, CONTACTS)) else {
            return Vec::new();
        };
        let edited = if turns.one_in(2) { &survivor } else { &loser };
        let other = self.counterpart(vendors, side, CONTACTS, edited);
        if survivor == loser || other.is_none() {
            return Vec::new();
        }
        let first = turns.one_in(2);
        let mut touched = Vec::new();
        if first {
            touched.extend(self.edit_counterpart(turns, vendors, side, CONTACTS, edited));
        }
        touched.extend(self.merge_these(turns, vendors, side, CONTACTS, &survivor, &loser));
        let fields = self.editable(CONTACTS, false);
        if !first
            && let (Some(other), Some(field)) = (other, pick(turns, &fields))
            && self.set(turns, vendors, side.other(), CONTACTS, &other, &field, false)
        {
            touched.push((side.other(), CONTACTS, other));
        }
        touched
    }

    /// A company goes while its contacts are edited, on either side.
    pub(super) fn delete_company(&mut self, turns: &Turns, vendors: &Vendors, side: Side) -> Vec<Touched> {
        let Some(company) = self.any(turns, vendors, side, COMPANIES) else { return Vec::new() };
        let Some(part) = self.reference(CONTACTS).and_then(|field| field.parts(side).first().copied()) else { return Vec::new() };
        let belongs = |record: &Fields| match record.get(part) {
            Some(Json::String(text)) => *text == company,
            Some(Json::Number(number)) => number.to_string() == company,
            Some(Json::Null | Json::Bool(_) | Json::Array(_) | Json::Object(_)) | None => false,
        };
        let kind = self.objects[CONTACTS].kind(side);
        let contacts: Vec<String> = vendors.live(side, kind).into_iter().filter(|(_, record)| belongs(record)).map(|(id, _)| id).collect();
        let mut touched = Vec::new();
        let before = turns.one_in(2);
        if !before {
            touched.extend(self.delete_this(turns, vendors, side, COMPANIES, &company));
        }
        for id in &contacts {
            let fields = self.editable(CONTACTS, false);
            let Some(field) = pick(turns, &fields) else { continue };
            if turns.one_in(2) {
                touched.extend(self.edit_counterpart(turns, vendors, side, CONTACTS, id));
            } else if self.set(turns, vendors, side, CONTACTS, id, &field, false) {
                touched.push((side, CONTACTS, id.clone()));
            }
        }
        if before {
            touched.extend(self.delete_this(turns, vendors, side, COMPANIES, &company));
        }
        touched
    }

    /// A new contact of a new company, in one breath.
    pub(super) fn create_with_company(&mut self, turns: &Turns, vendors: &Vendors, side: Side) -> Vec<Touched> {
        let fields = self.fresh(turns, COMPANIES);
        let Some(company) = self.create(turns, vendors, side, COMPANIES, &fields) else { return Vec::new() };
        let mut touched = vec![(side, COMPANIES, company.clone())];
        let fields = self.fresh(turns, CONTACTS);
        if let Some(id) = self.create_in(turns, vendors, side, CONTACTS, &fields, Some(&company)) {
            touched.push((side, CONTACTS, id));
        }
        touched
    }

    /// Somebody edits what is left of a pair, then somebody else brings the other half back.
    pub(super) fn restore_after_edit(&mut self, turns: &Turns, vendors: &Vendors) -> Vec<Touched> {
        let Some((side, object, id)) = self.take_binned(turns) else { return Vec::new() };
        let mut touched: Vec<Touched> = self.edit_counterpart(turns, vendors, side, object, &id).into_iter().collect();
        if touched.is_empty() {
            self.binned.push((side, object, id));
            return Vec::new();
        }
        touched.extend(self.restore_this(turns, vendors, side, object, &id));
        touched
    }

    /// Nearly all contacts of a side go to the bin.
    pub fn delete_most(&mut self, turns: &Turns, vendors: &Vendors, side: Side) {
        for id in vendors.live(side, self.objects[CONTACTS].kind(side)).into_keys() {
            if !turns.one_in(8) {
                self.delete_this(turns, vendors, side, CONTACTS, &id);
            }
        }
    }

    /// A contact is put into another company.
    pub(super) fn move_to_company(&mut self, turns: &Turns, vendors: &Vendors, side: Side) -> Vec<Touched> {
        let parents: Vec<String> = vendors.live(side, self.objects[COMPANIES].kind(side)).into_keys().collect();
        let (Some(id), Some(parent), Some(field)) =
            (self.any(turns, vendors, side, CONTACTS), pick(turns, &parents), self.reference(CONTACTS))
        else {
            return Vec::new();
        };
        let Some(part) = field.parts(side).first() else { return Vec::new() };
        let fields = [((*part).to_owned(), parent_json(&parent))].into();
        let kind = self.objects[CONTACTS].kind(side);
        let done = vendors.act(side, turns.timestamp(), |users, at| users.edit(at, kind, &id, &fields));
        turns.note(|| format!("user at {side}: moves {kind} {id} to {parent} -> {done:?}"));
        done.is_ok().then_some((side, CONTACTS, id)).into_iter().collect()
    }

    /// The same new record on both sides.
    pub(super) fn create_on_both(&mut self, turns: &Turns, vendors: &Vendors, object: usize) -> Vec<Touched> {
        let fields = self.fresh(turns, object);
        SIDES.into_iter().filter_map(|side| Some((side, object, self.create(turns, vendors, side, object, &fields)?))).collect()
    }
}
