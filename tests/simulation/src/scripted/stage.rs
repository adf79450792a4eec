//! A world without chance acts: the script's hand at the vendors' screens.

use serde_json::json;
use syncline_engine::ports::webhook::Hint;
use syncline_model::Side;
use syncline_simulator::{Fields, Users};

use crate::house::House;

/// Which of the recipe's objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Company,
    Contact,
}

impl Kind {
    pub const ALL: [Self; 2] = [Self::Company, Self::Contact];

    pub fn at(self, side: Side) -> &'static str {
        match self {
            Self::Company => side.of("company", "Account"),
            Self::Contact => side.of("contact", "Contact"),
        }
    }

    /// The field in which a side carries the other's id.
    pub fn link(self, side: Side) -> &'static str {
        match self {
            Self::Company => side.of("custom_fields.sfaccountid", "FDACCOUNTID__c"),
            Self::Contact => side.of("custom_fields.sfcontactid", "FDCONTACTID__c"),
        }
    }
}

/// The field in which a contact names its company.
pub(super) fn reference(side: Side) -> &'static str {
    side.of("company_id", "AccountId")
}

pub(super) fn email(side: Side) -> &'static str {
    side.of("email", "Email")
}

/// A person whom nobody else resembles. Those with even numbers have no mobile: Freshdesk merges two that have one only when told which stays.
pub(super) fn person(side: Side, number: u32) -> Fields {
    let (first, last) = (format!("Ida{number}"), format!("Zq{number:06}"));
    let address = format!("zq{number:06}@example.test");
    let mut fields = match side {
        Side::Left => vec![("name", format!("{first} {last}")), (email(side), address)],
        Side::Right => vec![("FirstName", first), ("LastName", last), (email(side), address)],
    };
    if number % 2 == 1 {
        fields.push((side.of("mobile", "MobilePhone"), format!("+49171{number:07}")));
    }
    fields.into_iter().map(|(name, value)| (name.to_owned(), json!(value))).collect()
}

/// A company whom nobody else resembles.
pub(super) fn company(side: Side, number: u32) -> Fields {
    [(side.of("name", "Name").to_owned(), json!(format!("Zq{number:06} GmbH")))].into()
}

/// The title of a contact, as a side spells the field.
pub(super) fn title(side: Side, text: &str) -> Fields {
    [(side.of("job_title", "Title").to_owned(), json!(text))].into()
}

/// Where a script acts.
pub struct Stage {
    pub(super) house: House,
    /// Who went to the bin.
    pub(super) deleted: Option<String>,
}

impl Stage {
    fn act<T: std::fmt::Debug>(
        &mut self,
        side: Side,
        says: &str,
        act: impl FnOnce(&mut dyn Users, syncline_model::Timestamp) -> Result<T, String>,
    ) -> T {
        let done = self.house.vendors.act(side, self.house.kernel.timestamp(), act);
        self.house.kernel.note(|| format!("user at {side}: {says} -> {done:?}"));
        self.house.hear_of_it();
        done.unwrap_or_else(|refusal| panic!("{says}: {refusal}"))
    }

    pub fn create(&mut self, side: Side, kind: Kind, fields: &Fields) -> String {
        self.act(side, &format!("creates {} {fields:?}", kind.at(side)), |users, at| users.create(at, kind.at(side), fields))
    }

    pub fn edit(&mut self, side: Side, kind: Kind, id: &str, fields: &Fields) {
        self.act(side, &format!("edits {} {id} {fields:?}", kind.at(side)), |users, at| users.edit(at, kind.at(side), id, fields));
    }

    pub fn delete(&mut self, side: Side, kind: Kind, id: &str) {
        self.act(side, &format!("deletes {} {id}", kind.at(side)), |users, at| users.delete(at, kind.at(side), id));
    }

    pub fn restore(&mut self, side: Side, kind: Kind, id: &str) {
        self.act(side, &format!("restores {} {id}", kind.at(side)), |users, at| users.restore(at, kind.at(side), id));
    }

    pub fn merge(&mut self, side: Side, kind: Kind, survivor: &str, loser: &str) {
        let says = format!("merges {} {loser} into {survivor}", kind.at(side));
        self.act(side, &says, |users, at| users.merge(at, kind.at(side), survivor, loser));
    }

    /// A webhook tells of a record.
    pub fn hint(&mut self, side: Side, kind: Kind, id: &str) {
        self.house.tell_of(side, Hint { kind: kind.at(side).into(), id: id.into() });
    }

    /// The one whose fields are these.
    ///
    /// # Panics
    ///
    /// If there is none: the scene is written wrongly.
    pub fn find(&self, side: Side, kind: Kind, fields: &Fields) -> String {
        let wanted = |record: &Fields| fields.iter().all(|(name, value)| record.get(name) == Some(value));
        let found = self.house.vendors.live(side, kind.at(side)).into_iter().find(|(_, record)| wanted(record));
        found.map_or_else(|| panic!("nobody at {side} has {fields:?}"), |(id, _)| id)
    }
}
