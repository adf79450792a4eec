//! What a hold says is true. P-5: who is said to be in the way is not our own creation. P-6: it is true of that record, not of another in the same
//! batch.

use serde_json::Value as Json;
use syncline_engine::ports::store::Item;
use syncline_model::Side;

use super::Auditor;
use super::rest::Sides;
use super::spelling::{linked, meaning};
use crate::kernel::TaskId;
use crate::ports::store::SimulatedStore;
use crate::scenario::Object;
use crate::vendors::{Author, Vendors};

impl Auditor {
    /// P-5: a record without a link is held because somebody has its value: that may not be whom we made for it before this task began. At rest
    /// such a hold may be gone, when the other one's change has joined the two.
    pub(super) fn judge_hold(&mut self, vendors: &Vendors, store: &SimulatedStore, task: Option<TaskId>, item: &Item) {
        if item.key.partition != format!("h#{}", self.sync) {
            return;
        }
        let place: Vec<&str> = item.key.sort.splitn(3, '#').collect();
        let ([mapping, letter, id], Ok(body)) = (place.as_slice(), serde_json::from_str::<Json>(&item.body)) else { return };
        let Some(object) = self.objects.iter().find(|object| object.mapping == *mapping) else { return };
        let (side, Some(task)) = (if *letter == "l" { Side::Left } else { Side::Right }, task) else { return };
        let is_linked = || self.book(store).link(mapping, side, id).is_some();
        if body.pointer("/why/reason") != Some(&Json::from("taken_by_hidden")) || is_linked() {
            return;
        }
        let (other, begun) = (side.other(), self.begun_at(task));
        let live = vendors.live(other, object.kind(other));
        let mut made = live.iter().filter(|(its, record)| {
            let first = self.life(other, object.kind(other), its).next();
            linked(record, object.link(other)).as_deref() == Some(*id)
                && first.is_some_and(|first| first.before.is_none() && first.author != Author::User && first.at.as_millisecond() < begun)
        });
        if let Some((its, _)) = made.next() {
            let says = format!("{} {id} of {side} is held because somebody has its value: {its}, which was made for it", object.kind(side));
            self.breach("P-5", says);
        }
    }

    /// A vendor is said to have refused a value for its length: then the record, or its counterpart, has one that is too long.
    pub(super) fn holds_are_true(&mut self, object: &Object, sides: &Sides, items: &[Item]) {
        let partition = format!("h#{}", self.sync);
        for item in items.iter().filter(|item| item.key.partition == partition) {
            let place: Vec<&str> = item.key.sort.splitn(3, '#').collect();
            let [mapping, letter, id] = place.as_slice() else { continue };
            let Ok(body) = serde_json::from_str::<Json>(&item.body) else { continue };
            if *mapping != object.mapping || body.pointer("/why/reason") != Some(&Json::from("refused")) {
                continue;
            }
            let side = if *letter == "l" { Side::Left } else { Side::Right };
            let Some(record) = sides.of(side).get(*id) else { continue };
            for problem in body.pointer("/why/problems").and_then(Json::as_array).into_iter().flatten() {
                let Some((field, most)) = problem["field"].as_str().and_then(|part| object.longest(side.other(), part)) else { continue };
                let own = meaning(field, side, record);
                if own.chars().count() <= most {
                    self.breach("P-6", format!("{} {id} of {side} is held for its {}, which fits", object.kind(side), field.name));
                }
            }
        }
    }
}
