//! A contact, and the two shapes in which it is read (fact sheet §3).

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::{Value, json};

/// What kind of contact it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// The Polish screens say Klient.
    Customer,
    /// The Polish screens say Potencjalny.
    #[default]
    Prospect,
    Partner,
    Other,
    Unknown,
}

impl State {
    pub(crate) fn read(text: &str) -> Option<Self> {
        [Self::Customer, Self::Prospect, Self::Partner, Self::Other, Self::Unknown].into_iter().find(|state| state.word() == text)
    }

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Customer => "CUSTOMER",
            Self::Prospect => "PROSPECT",
            Self::Partner => "PARTNER",
            Self::Other => "OTHER",
            Self::Unknown => "UNKNOWN",
        }
    }
}

/// A day, and the year where it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Birthday {
    pub(crate) year: Option<i16>,
    pub(crate) month: i8,
    pub(crate) day: i8,
}

impl Birthday {
    /// `yyyyMMdd` or `MMdd`.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let number = |from: usize, to: usize| text.get(from..to).and_then(|part| part.parse::<i16>().ok());
        let (year, month, day) = match text.len() {
            8 => (Some(number(0, 4)?), number(4, 6)?, number(6, 8)?),
            4 => (None, number(0, 2)?, number(2, 4)?),
            _ => return None,
        };
        let (month, day) = (i8::try_from(month).ok()?, i8::try_from(day).ok()?);
        // A day without a year may be the one that only some years have.
        Date::new(year.unwrap_or(2000), month, day).ok()?;
        Some(Self { year, month, day })
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tag {
    pub(crate) name: String,
    pub(crate) score: i64,
    pub(crate) created_on: i64,
}

/// Texts of a contact that are written inside `contact`, or inside `contact.address`, or beside it, by the names under which they are read.
pub(crate) const INSIDE: [&str; 5] = ["name", "phone", "fax", "company", "externalId"];
pub(crate) const IN_ADDRESS: [&str; 4] = ["streetAddress", "zipCode", "city", "country"];
pub(crate) const PROVINCE: &str = "province";

#[allow(clippy::struct_excessive_bools, reason = "the vendor's contact has four independent flags")]
#[derive(Clone, Debug)]
pub(crate) struct Contact {
    pub(crate) id: String,
    /// In lower case.
    pub(crate) email: Option<String>,
    pub(crate) texts: BTreeMap<&'static str, String>,
    pub(crate) score: i64,
    pub(crate) state: State,
    pub(crate) opted_out: bool,
    pub(crate) opted_out_phone: bool,
    pub(crate) deleted: bool,
    pub(crate) invalid: bool,
    pub(crate) birthday: Option<Birthday>,
    pub(crate) main_owner: String,
    pub(crate) owners: BTreeSet<String>,
    pub(crate) tags: Vec<Tag>,
    pub(crate) properties: BTreeMap<String, String>,
    /// Epoch milliseconds, as all stamps here.
    pub(crate) created_on: i64,
    pub(crate) modified_on: i64,
    pub(crate) last_visit: Option<i64>,
    /// Every moment at which it was modified.
    pub(crate) modifications: Vec<i64>,
}

impl Contact {
    pub(crate) fn new(id: String, owner: &str, now: Timestamp) -> Self {
        let at = now.as_millisecond();
        Self {
            id,
            email: None,
            texts: BTreeMap::new(),
            score: 0,
            state: State::default(),
            opted_out: false,
            opted_out_phone: false,
            deleted: false,
            invalid: false,
            birthday: None,
            main_owner: owner.to_owned(),
            owners: BTreeSet::from([owner.to_owned()]),
            tags: Vec::new(),
            properties: BTreeMap::new(),
            created_on: at,
            modified_on: at,
            last_visit: None,
            modifications: vec![at],
        }
    }

    /// It is modified now.
    pub(crate) fn touch(&mut self, now: Timestamp) {
        let at = now.as_millisecond();
        self.modified_on = at;
        if self.modifications.last() != Some(&at) {
            self.modifications.push(at);
        }
    }

    /// Whether the tag is new to it. A tag that is there already counts one more.
    pub(crate) fn tag(&mut self, name: &str, now: Timestamp) -> bool {
        // Blanks become underscores and letters large, as the vendor's own clients send them.
        let name = name.trim().replace(' ', "_").to_uppercase();
        if name.is_empty() {
            return false;
        }
        if let Some(tag) = self.tags.iter_mut().find(|tag| tag.name == name) {
            tag.score += 1;
            return false;
        }
        self.tags.push(Tag { name, score: 1, created_on: now.as_millisecond() });
        true
    }

    pub(crate) fn untag(&mut self, name: &str) {
        let name = name.trim().replace(' ', "_").to_uppercase();
        self.tags.retain(|tag| tag.name != name);
    }

    fn address(&self) -> Value {
        if IN_ADDRESS.iter().all(|part| !self.texts.contains_key(part)) {
            return Value::Null;
        }
        let member = |part: &str| self.texts.get(part);
        json!({
            "streetAddress": member("streetAddress"), "zipCode": member("zipCode"), "city": member("city"), "country": member("country")
        })
    }

    fn birthday_part(&self, part: impl Fn(&Birthday) -> Option<String>) -> Option<String> {
        self.birthday.as_ref().and_then(part)
    }

    /// As `contact/list` and `contact/listById` answer it.
    pub(crate) fn full(&self) -> Value {
        let tags: Vec<Value> = self
            .tags
            .iter()
            .map(|tag| {
                json!({
                    "tag": tag.name, "tagName": tag.name, "score": tag.score, "createdOn": tag.created_on,
                    "tagWithScore": format!("{} ({})", tag.name, tag.score)
                })
            })
            .collect();
        let properties: Vec<Value> = self.properties.iter().map(|(name, value)| json!({"name": name, "value": value})).collect();
        let text = |name: &str| self.texts.get(name);
        json!({
            "id": self.id, "name": text("name"), "email": self.email, "phone": text("phone"), "fax": text("fax"), "score": self.score,
            "state": self.state.word(), "optedOut": self.opted_out, "optedOutPhone": self.opted_out_phone, "deleted": self.deleted,
            "invalid": self.invalid, "company": text("company"), "externalId": text("externalId"), "address": self.address(),
            "birthdayYear": self.birthday_part(|day| day.year.map(|year| year.to_string())),
            "birthdayMonth": self.birthday_part(|day| Some(day.month.to_string())),
            "birthdayDay": self.birthday_part(|day| Some(day.day.to_string())),
            "province": text(PROVINCE), "mainContactOwner": self.main_owner, "contactVisits": [], "contactTags": tags, "contactEvents": [],
            "emailMessages": [], "properties": properties, "contactFunnels": [], "contactNotes": [], "contactTasks": [],
            "incomingEmailMessages": [], "contactExtEvents": [], "coupons": [], "smsMessages": [],
            "modifiedOn": self.modified_on, "createdOn": self.created_on,
        })
    }

    /// As `contact/basic` and `contact/basicById` answer it: another name of the id, no owner, no province, no tags.
    pub(crate) fn basic(&self) -> Value {
        let text = |name: &str| self.texts.get(name);
        json!({
            "name": text("name"), "email": self.email, "phone": text("phone"), "fax": text("fax"), "score": self.score,
            "state": self.state.word(), "optedOut": self.opted_out, "optedOutPhone": self.opted_out_phone, "deleted": self.deleted,
            "invalid": self.invalid, "company": text("company"), "externalId": text("externalId"), "address": self.address(),
            "contactId": self.id,
            "birthdayYear": self.birthday_part(|day| day.year.map(|year| year.to_string())),
            "birthdayMonth": self.birthday_part(|day| Some(day.month.to_string())),
            "birthdayDay": self.birthday_part(|day| Some(day.day.to_string())),
            "modifiedOn": self.modified_on, "createdOn": self.created_on, "lastVisit": self.last_visit,
        })
    }
}
