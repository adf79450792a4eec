//! P-6: what a hold says of its record is true of that record, not of another in the same batch.

use serde_json::Value as Json;
use syncline_engine::ports::store::Item;
use syncline_model::Side;

use super::Auditor;
use super::rest::Sides;
use super::spelling::meaning;
use crate::scenario::Object;

impl Auditor {
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
