//! Contacts: the record, how lists and searches see it, and its two shapes on the wire.

mod acts;
mod list;
mod merge;
mod write;

pub(crate) use list::{Found, SEARCH_PAGES_MAX, SEARCH_ROWS};

use std::collections::BTreeMap;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::Value;
use syncline_simulator::Population;

use crate::fields::{CustomFields, Field, Fields, exact_key};
use crate::search::{KeyType, Operand, Searchable};
use crate::table::{Row, Shelf};
use crate::wire::stamp;

/// A further company of a contact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct FurtherCompany {
    pub(crate) company_id: i64,
    pub(crate) view_all_tickets: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Contact {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) email: Option<String>,
    pub(crate) other_emails: Vec<String>,
    pub(crate) phone: Option<String>,
    pub(crate) mobile: Option<String>,
    pub(crate) twitter_id: Option<String>,
    pub(crate) unique_external_id: Option<String>,
    pub(crate) company_id: Option<i64>,
    pub(crate) view_all_tickets: bool,
    pub(crate) other_companies: Vec<FurtherCompany>,
    pub(crate) job_title: Option<String>,
    pub(crate) address: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) language: String,
    pub(crate) time_zone: Option<String>,
    pub(crate) tags: Vec<String>,
    pub(crate) custom_fields: BTreeMap<String, Value>,
    pub(crate) active: bool,
    pub(crate) visitor: bool,
    pub(crate) shelf: Shelf,
    /// Seconds since the epoch, as all stamps here.
    pub(crate) created_at: i64,
    pub(crate) updated_at: i64,
}

impl Contact {
    pub(crate) fn blank(id: i64, at: i64) -> Self {
        Self {
            id,
            name: String::new(),
            email: None,
            other_emails: Vec::new(),
            phone: None,
            mobile: None,
            twitter_id: None,
            unique_external_id: None,
            company_id: None,
            view_all_tickets: false,
            other_companies: Vec::new(),
            job_title: None,
            address: None,
            description: None,
            language: "en".to_owned(),
            time_zone: Some("Eastern Time (US & Canada)".to_owned()),
            tags: Vec::new(),
            custom_fields: BTreeMap::new(),
            active: false,
            visitor: false,
            shelf: Shelf::Live,
            created_at: at,
            updated_at: at,
        }
    }

    /// All addresses, the primary one first.
    pub(crate) fn addresses(&self) -> impl Iterator<Item = &String> {
        self.email.iter().chain(&self.other_emails)
    }

    /// Takes the company away, wherever it stands.
    pub(crate) fn detach(&mut self, company: i64) {
        if self.company_id == Some(company) {
            self.company_id = None;
            self.view_all_tickets = false;
        }
        self.other_companies.retain(|further| further.company_id != company);
    }
}

impl Row for Contact {
    fn id(&self) -> i64 {
        self.id
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn updated_at(&self) -> i64 {
        self.updated_at
    }

    fn shelf(&self) -> Shelf {
        self.shelf
    }

    fn exact(&self, note: &mut dyn FnMut(&str, String)) {
        for address in self.addresses() {
            note("email", address.to_lowercase());
        }
        if let Some(email) = &self.email {
            note("primary_email", email.to_lowercase());
        }
        for (field, value) in [
            ("phone", &self.phone),
            ("mobile", &self.mobile),
            ("twitter_id", &self.twitter_id),
            ("unique_external_id", &self.unique_external_id),
        ] {
            if let Some(value) = value {
                note(field, value.clone());
            }
        }
        for company in self.company_id.iter().chain(self.other_companies.iter().map(|further| &further.company_id)) {
            note("company_id", company.to_string());
        }
        for (name, value) in &self.custom_fields {
            if let Some(text) = value.as_str() {
                note(&exact_key(name), text.to_owned());
            }
        }
    }
}

impl Searchable for Contact {
    fn is_listed(&self) -> bool {
        self.shelf == Shelf::Live
    }

    fn operands(&self, key: &str) -> Vec<Operand<'_>> {
        match key {
            "active" => vec![Operand::Boolean(self.active)],
            "company_id" => self.company_id.map(Operand::Integer).into_iter().collect(),
            "twitter_id" => of(self.twitter_id.as_deref()),
            "email" => of(self.email.as_deref()),
            "phone" => of(self.phone.as_deref()),
            "mobile" => of(self.mobile.as_deref()),
            "language" => of(Some(&self.language)),
            "time_zone" => of(self.time_zone.as_deref()),
            "tag" => self.tags.iter().map(|tag| Operand::Text(tag)).collect(),
            "created_at" => vec![Operand::Moment(self.created_at)],
            "updated_at" => vec![Operand::Moment(self.updated_at)],
            custom => custom_operand(self.custom_fields.get(custom)),
        }
    }

    fn terms(&self, note: &mut dyn FnMut(&str, &str)) {
        let own = [("twitter_id", &self.twitter_id), ("email", &self.email), ("phone", &self.phone), ("mobile", &self.mobile)];
        for (key, value) in own {
            if let Some(text) = value {
                note(key, text);
            }
        }
        custom_terms(&self.custom_fields, note);
    }

    fn is_term(key: &str) -> bool {
        !matches!(key, "language" | "time_zone" | "tag")
    }
}

/// What keys a search over contacts knows (fact sheet §3.3: documented; neither `name` nor `unique_external_id`).
pub(crate) fn key_type(fields: &Fields, key: &str) -> Option<KeyType> {
    match key {
        "active" => Some(KeyType::Boolean),
        "company_id" => Some(KeyType::Integer),
        "twitter_id" | "email" | "phone" | "mobile" | "tag" | "language" | "time_zone" => Some(KeyType::Text),
        "created_at" | "updated_at" => Some(KeyType::Day),
        custom => fields.custom(custom).and_then(Field::search_type),
    }
}

fn of(text: Option<&str>) -> Vec<Operand<'_>> {
    text.map(Operand::Text).into_iter().collect()
}

/// A custom field's value in a search.
pub(crate) fn custom_operand(value: Option<&Value>) -> Vec<Operand<'_>> {
    let Some(value) = value else { return Vec::new() };
    let text = value.as_str().map(Operand::Text);
    text.or_else(|| value.as_i64().map(Operand::Integer)).or_else(|| value.as_bool().map(Operand::Boolean)).into_iter().collect()
}

pub(crate) fn custom_terms(values: &BTreeMap<String, Value>, note: &mut dyn FnMut(&str, &str)) {
    for (name, value) in values {
        if let Some(text) = value.as_str() {
            note(name, text);
        }
    }
}

/// A contact on the wire.
pub(crate) struct Shape<'a> {
    pub(crate) contact: &'a Contact,
    pub(crate) fields: &'a Fields,
    pub(crate) old: bool,
    pub(crate) multiple_companies: bool,
    /// A list's row: without what only a view has (fact sheet §3.2).
    pub(crate) thin: bool,
}

impl Serialize for Shape<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { contact, fields, old, multiple_companies, thin } = *self;
        let none: Option<&str> = None;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("active", &contact.active)?;
        map.serialize_entry("address", &contact.address)?;
        map.serialize_entry("company_id", &contact.company_id)?;
        map.serialize_entry("description", &contact.description)?;
        map.serialize_entry("email", &contact.email)?;
        map.serialize_entry("id", &contact.id)?;
        map.serialize_entry("job_title", &contact.job_title)?;
        map.serialize_entry("language", &contact.language)?;
        map.serialize_entry("mobile", &contact.mobile)?;
        map.serialize_entry("name", &contact.name)?;
        map.serialize_entry("phone", &contact.phone)?;
        map.serialize_entry("time_zone", &contact.time_zone)?;
        map.serialize_entry("twitter_id", &contact.twitter_id)?;
        map.serialize_entry("unique_external_id", &contact.unique_external_id)?;
        map.serialize_entry("custom_fields", &CustomFields { fields, values: &contact.custom_fields })?;
        map.serialize_entry("facebook_id", &none)?;
        map.serialize_entry("created_at", &stamp(contact.created_at))?;
        map.serialize_entry("updated_at", &stamp(contact.updated_at))?;
        if old {
            map.serialize_entry("twitter_profile_status", &false)?;
            map.serialize_entry("twitter_followers_count", &none)?;
        } else {
            let (first, last) = contact.name.split_once(' ').unwrap_or((&contact.name, ""));
            map.serialize_entry("first_name", first)?;
            map.serialize_entry("last_name", last)?;
            map.serialize_entry("contact_type", if contact.visitor { "visitor" } else { "contact" })?;
            map.serialize_entry("visitor_id", &visitor_id(contact.id))?;
            map.serialize_entry("org_contact_id", &(1_891_000_000_000_000_001 + contact.id))?;
            map.serialize_entry("social_handler", &[(); 0])?;
            map.serialize_entry("other_phone_numbers", &[(); 0])?;
            map.serialize_entry("csat_rating", &none)?;
            map.serialize_entry("preferred_source", &none)?;
        }
        if !thin {
            map.serialize_entry("deleted", &(contact.shelf == Shelf::Deleted))?;
            map.serialize_entry("tags", &contact.tags)?;
            map.serialize_entry("other_emails", &contact.other_emails)?;
            // Null without a company: recordings have both null and false (fact sheet §2.1).
            map.serialize_entry("view_all_tickets", &contact.company_id.map(|_| contact.view_all_tickets))?;
            map.serialize_entry("avatar", &none)?;
            if multiple_companies {
                map.serialize_entry("other_companies", &contact.other_companies)?;
            }
        }
        map.end()
    }
}

fn visitor_id(id: i64) -> String {
    let rolls = Population::new(id.unsigned_abs());
    let (high, low) = (rolls.roll(1, 0), rolls.roll(2, 0));
    let front = format!("{:08x}-{:04x}-4{:03x}", high >> 32, (high >> 16) & 0xFFFF, high & 0xFFF);
    format!("{front}-a{:03x}-{:012x}", (low >> 48) & 0xFFF, low & 0xFFFF_FFFF_FFFF)
}
