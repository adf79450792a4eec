//! What people do in a vendor's own screens, without a word of any vendor: so that a test can bring any simulated account to life.

use std::collections::BTreeMap;

use serde_json::Value as Json;
use syncline_model::Timestamp;

use crate::Simulator;

/// A record's fields by the names under which a config maps them (`custom_fields.tier` for one inside an object).
pub type Fields = BTreeMap<String, Json>;

/// Something that happens to a whole account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Strain {
    /// Every session that a token request opened ends.
    SessionsEnd,
    /// Other programs of the customer use up what is left of the vendor's present window.
    LimitSpent,
    /// The account moves to a plan that allows less.
    PlanDowngraded,
    /// The account moves to a plan that allows more.
    PlanUpgraded,
}

/// A simulated account as its users and its administrator know it. No act costs anything of the API's limits.
pub trait Users: Simulator {
    /// The kinds of records that its users keep, parents before those that refer to them.
    fn kinds(&self) -> &'static [&'static str];

    /// Makes a record; answers its id, or the vendor's words of refusal.
    fn create(&mut self, now: Timestamp, kind: &str, fields: &Fields) -> Result<String, String>;

    /// Changes fields of a live record; `null` clears one.
    fn edit(&mut self, now: Timestamp, kind: &str, id: &str, fields: &Fields) -> Result<(), String>;

    /// Deletes a live record as a user does: into the bin, where the vendor has one for its kind.
    fn delete(&mut self, now: Timestamp, kind: &str, id: &str) -> Result<(), String>;

    /// Brings a record back from the bin; refused where the vendor has none for its kind.
    fn restore(&mut self, now: Timestamp, kind: &str, id: &str) -> Result<(), String>;

    /// Makes one record of two: the loser is gone afterwards. Refused where the vendor cannot for this kind.
    fn merge(&mut self, now: Timestamp, kind: &str, survivor: &str, loser: &str) -> Result<(), String>;

    /// Every live record of a kind by its id, as it is stored, whatever the API shows of it already.
    fn live(&self, kind: &str) -> BTreeMap<String, Fields>;

    /// Under which id somebody goes on whose record stands no longer among the live ones, where the vendor moves people between modules.
    fn moved(&self, _kind: &str, _id: &str) -> Option<String> {
        None
    }

    /// Removes a live record for good, past the bin; refused where the vendor's users cannot.
    fn purge(&mut self, _now: Timestamp, kind: &str, _id: &str) -> Result<(), String> {
        Err(format!("{kind} goes by way of the bin"))
    }

    /// Lets it happen; `false` where this vendor knows no such thing.
    fn strain(&mut self, now: Timestamp, strain: Strain) -> bool;

    /// Makes visible what users saved before and nobody could see until now; whether there was any.
    fn settle(&mut self, _now: Timestamp) -> bool {
        false
    }
}

impl<S: Users + ?Sized> Users for Box<S> {
    fn kinds(&self) -> &'static [&'static str] {
        (**self).kinds()
    }

    fn create(&mut self, now: Timestamp, kind: &str, fields: &Fields) -> Result<String, String> {
        (**self).create(now, kind, fields)
    }

    fn edit(&mut self, now: Timestamp, kind: &str, id: &str, fields: &Fields) -> Result<(), String> {
        (**self).edit(now, kind, id, fields)
    }

    fn delete(&mut self, now: Timestamp, kind: &str, id: &str) -> Result<(), String> {
        (**self).delete(now, kind, id)
    }

    fn restore(&mut self, now: Timestamp, kind: &str, id: &str) -> Result<(), String> {
        (**self).restore(now, kind, id)
    }

    fn merge(&mut self, now: Timestamp, kind: &str, survivor: &str, loser: &str) -> Result<(), String> {
        (**self).merge(now, kind, survivor, loser)
    }

    fn live(&self, kind: &str) -> BTreeMap<String, Fields> {
        (**self).live(kind)
    }

    fn moved(&self, kind: &str, id: &str) -> Option<String> {
        (**self).moved(kind, id)
    }

    fn purge(&mut self, now: Timestamp, kind: &str, id: &str) -> Result<(), String> {
        (**self).purge(now, kind, id)
    }

    fn strain(&mut self, now: Timestamp, strain: Strain) -> bool {
        (**self).strain(now, strain)
    }

    fn settle(&mut self, now: Timestamp) -> bool {
        (**self).settle(now)
    }
}

/// A record's JSON as fields: members of objects get names with a point, lists stay whole.
pub fn flat(record: &Json) -> Fields {
    let mut fields = Fields::new();
    for (name, value) in record.as_object().into_iter().flatten() {
        match value.as_object() {
            Some(members) => fields.extend(members.iter().map(|(member, value)| (format!("{name}.{member}"), value.clone()))),
            None => {
                fields.insert(name.clone(), value.clone());
            }
        }
    }
    fields
}

/// The reverse of [`flat`].
pub fn nested(fields: &Fields) -> Json {
    let mut record = serde_json::Map::new();
    for (name, value) in fields {
        match name.split_once('.') {
            Some((outer, member)) => {
                let object = record.entry(outer).or_insert_with(|| Json::Object(serde_json::Map::new()));
                if let Some(object) = object.as_object_mut() {
                    object.insert(member.to_owned(), value.clone());
                }
            }
            None => {
                record.insert(name.clone(), value.clone());
            }
        }
    }
    Json::Object(record)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn nested_fields_have_names_with_a_point_and_find_back() {
        let record = json!({"name": "Ida", "tags": ["a"], "custom_fields": {"tier": "gold", "id": null}});
        let fields = flat(&record);
        assert_eq!(fields.keys().collect::<Vec<_>>(), ["custom_fields.id", "custom_fields.tier", "name", "tags"]);
        assert_eq!(nested(&fields), record);
    }
}
