//! A contact as it is written: one shape for making and changing (fact sheet §4). Pure.
//!
//! Consent is pushed, not set: both flags false leave it as it is, and that is what every write says that does not concern it. So no write can
//! subscribe anybody again by the way.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json, json};
use syncline_model::{Fault, FieldName, Problem, Record, RecordId, Value};

use crate::fields::{EMAIL, OPTED_OUT, OPTED_OUT_PHONE, Place, attribute, property};
use crate::settings::Clearing;
use crate::wire::{BIRTHDAY_FIELD, birthday, folded, tags, written_day};

/// What is written of one contact.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Item {
    /// As `upsertDetails` has it.
    pub(crate) body: Json,
    /// The address by which the vendor finds the contact, in lower case; `None` for one that has none.
    pub(crate) email: Option<String>,
    /// The address that it has afterwards.
    pub(crate) email_after: Option<String>,
    /// The user who shall own it, where that changes.
    pub(crate) owner: Option<String>,
}

impl Item {
    /// Whether a contact that is there gets another address: the key by which the vendor would look for it.
    pub(crate) fn readdresses(&self) -> bool {
        self.body.get("newEmail").is_some()
    }
}

/// How this account is written to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Manner {
    pub(crate) clearing: Clearing,
    pub(crate) double_opt_in: bool,
}

pub(crate) fn rejected(field: &str, code: &str, words: &str) -> Fault {
    let field = Some(FieldName::from(field));
    Fault::Rejected { problems: vec![Problem { field, code: code.to_owned(), words: words.to_owned() }] }
}

/// The item for these fields. `present`: the contact's row as it is now; `None` for a new one.
pub(crate) fn item(fields: &BTreeMap<FieldName, Value>, present: Option<&Json>, manner: Manner) -> Result<Item, Fault> {
    let mut draft = Draft::new(present, manner);
    for (name, value) in fields {
        draft.put(name.as_str(), value)?;
    }
    draft.finish()
}

struct Draft<'a> {
    present: Option<&'a Json>,
    manner: Manner,
    contact: Map<String, Json>,
    address: Option<Map<String, Json>>,
    beside: Map<String, Json>,
    properties: Map<String, Json>,
    old_email: Option<String>,
    new_email: Option<String>,
    owner: Option<String>,
}

impl<'a> Draft<'a> {
    fn new(present: Option<&'a Json>, manner: Manner) -> Self {
        let old_email = present.and_then(|row| row.get(EMAIL)?.as_str()).filter(|email| !email.is_empty()).map(str::to_owned);
        let mut beside = Map::new();
        for flag in ["forceOptIn", "forceOptOut", "forcePhoneOptIn", "forcePhoneOptOut", "useApiDoubleOptIn"] {
            beside.insert(flag.to_owned(), json!(false));
        }
        let (contact, properties) = (Map::new(), Map::new());
        Self { present, manner, contact, address: None, beside, properties, old_email, new_email: None, owner: None }
    }

    fn put(&mut self, name: &str, value: &Value) -> Result<(), Fault> {
        if let Some(own) = property(name) {
            if let Some(value) = self.text(name, value)? {
                self.properties.insert(own.to_owned(), value);
            }
            return Ok(());
        }
        let Some(attribute) = attribute(name) else { return Err(rejected(name, "unknown", "SALESmanago's contacts have no such field")) };
        match attribute.place {
            Place::Contact if name == EMAIL => self.email(value)?,
            Place::Contact => {
                if let Some(value) = self.text(name, value)? {
                    self.contact.insert(name.to_owned(), value);
                }
            }
            Place::Address(part) => {
                if let Some(value) = self.text(name, value)? {
                    self.address_now().insert(part.to_owned(), value);
                }
            }
            Place::Beside => {
                if let Some(value) = self.text(name, value)? {
                    self.beside.insert(name.to_owned(), value);
                }
            }
            Place::Birthday => self.birthday(value)?,
            Place::OptOut => self.consent(name, value)?,
            Place::Tags => self.tags(value)?,
            Place::Owner => self.owner(name, value)?,
            Place::Computed => return Err(rejected(name, "read_only", "SALESmanago computes this field")),
        }
        Ok(())
    }

    /// Who owns the contact already need not be told.
    fn owner(&mut self, name: &str, value: &Value) -> Result<(), Fault> {
        match value {
            Value::Reference(user) => {
                let present = self.present.and_then(|row| row.get(name)?.as_str()).map(folded);
                self.owner = Some(folded(user.as_str())).filter(|owner| present.as_ref() != Some(owner));
                Ok(())
            }
            Value::Null if self.present.is_none() => Ok(()),
            Value::Null => Err(rejected(name, "required", "a contact has an owner, who cannot be taken away")),
            Value::Bool(_)
            | Value::Integer(_)
            | Value::Decimal(_)
            | Value::Text(_)
            | Value::Date(_)
            | Value::DateTime(_)
            | Value::Set(_) => Err(rejected(name, "wrong_type", "a user is wanted")),
        }
    }

    /// A text; `None` where there is nothing to say: a new contact is empty there anyhow.
    fn text(&self, name: &str, value: &Value) -> Result<Option<Json>, Fault> {
        match value.as_text() {
            Ok(Some(text)) => Ok(Some(json!(text))),
            Ok(None) => self.cleared(name),
            Err(_) => Err(rejected(name, "wrong_type", &format!("a text is wanted, and a {} came", value.type_name()))),
        }
    }

    /// Whether an empty text, or null, takes a value away is not documented: unless it was tried with the account, nothing is sent that would
    /// be silently ignored.
    fn cleared(&self, name: &str) -> Result<Option<Json>, Fault> {
        match self.manner.clearing {
            _ if self.present.is_none() => Ok(None),
            Clearing::Empty => Ok(Some(json!(""))),
            Clearing::Null => Ok(Some(Json::Null)),
            Clearing::Off => {
                let words = "how SALESmanago empties a field is not documented: try it with a contact of your own, then set `clearing`";
                Err(rejected(name, "clearing_is_off", words))
            }
        }
    }

    fn email(&mut self, value: &Value) -> Result<(), Fault> {
        let given = value.as_text().map_err(|_| rejected(EMAIL, "wrong_type", "a text is wanted"))?;
        match given.map(str::trim).filter(|email| !email.is_empty()) {
            Some(email) if self.old_email.as_deref().map(folded) == Some(folded(email)) => {}
            Some(email) => self.new_email = Some(email.to_owned()),
            None if self.present.is_none() => {}
            None if self.old_email.is_none() => {}
            None => return Err(rejected(EMAIL, "required", "the e-mail address is the contact's key and cannot be taken away")),
        }
        Ok(())
    }

    /// An address is sent as a whole: whether the parts that are left out would stay is not documented.
    fn address_now(&mut self) -> &mut Map<String, Json> {
        let present = self.present.and_then(|row| row.get("address")?.as_object()).into_iter().flatten();
        let present = present.filter(|(_, value)| value.as_str().is_some_and(|text| !text.is_empty()));
        let present: Map<String, Json> = present.map(|(name, value)| (name.clone(), value.clone())).collect();
        self.address.get_or_insert(present)
    }

    /// A day, whatever time it is anywhere. A birthday whose year the vendor does not know is completed, not replaced.
    fn birthday(&mut self, value: &Value) -> Result<(), Fault> {
        let name = BIRTHDAY_FIELD;
        let known = self.present.and_then(birthday).filter(|born| born.year.is_none());
        match value {
            Value::Date(date) => {
                if known.is_some_and(|born| (born.month, born.day) != (date.month(), date.day())) {
                    let words = "SALESmanago has another birthday, without a year: correct one of the two by hand";
                    return Err(rejected(name, "birthday_without_year", words));
                }
                self.beside.insert(name.to_owned(), json!(written_day(*date)));
                Ok(())
            }
            // Not a full date there: there is none to take away.
            Value::Null if known.is_some() => Ok(()),
            Value::Null => {
                if let Some(value) = self.cleared(name)? {
                    self.beside.insert(name.to_owned(), value);
                }
                Ok(())
            }
            Value::Bool(_)
            | Value::Integer(_)
            | Value::Decimal(_)
            | Value::Text(_)
            | Value::DateTime(_)
            | Value::Set(_)
            | Value::Reference(_) => Err(rejected(name, "wrong_type", &format!("a date is wanted, and a {} came", value.type_name()))),
        }
    }

    fn consent(&mut self, name: &str, value: &Value) -> Result<(), Fault> {
        let Value::Bool(out) = value else {
            return Err(rejected(name, "wrong_type", "true or false is wanted: consent cannot be empty"));
        };
        // What stands already is not pushed again: an opt-in could send an e-mail.
        if self.present.and_then(|row| row.get(name)?.as_bool()) == Some(*out) {
            return Ok(());
        }
        let flags = if name == OPTED_OUT_PHONE { ["forcePhoneOptIn", "forcePhoneOptOut"] } else { ["forceOptIn", "forceOptOut"] };
        let [into, out_of] = flags;
        self.beside.insert(into.to_owned(), json!(!out));
        self.beside.insert(out_of.to_owned(), json!(*out));
        if name == OPTED_OUT && !out {
            self.beside.insert("useApiDoubleOptIn".to_owned(), json!(self.manner.double_opt_in));
        }
        Ok(())
    }

    fn tags(&mut self, value: &Value) -> Result<(), Fault> {
        let wanted: BTreeSet<String> = match value {
            Value::Null => BTreeSet::new(),
            Value::Set(tags) => tags.iter().map(|tag| as_tag(tag)).filter(|tag| !tag.is_empty()).collect(),
            Value::Bool(_)
            | Value::Integer(_)
            | Value::Decimal(_)
            | Value::Text(_)
            | Value::Date(_)
            | Value::DateTime(_)
            | Value::Reference(_) => return Err(rejected("tags", "wrong_type", "a set of texts is wanted")),
        };
        let mut present = BTreeSet::new();
        if let Some(Value::Set(tags)) = self.present.map(tags).transpose()?.flatten() {
            present = tags;
        }
        let new: Vec<&String> = wanted.difference(&present).collect();
        let gone: Vec<&String> = present.difference(&wanted).collect();
        for (name, tags) in [("tags", new), ("removeTags", gone)] {
            if !tags.is_empty() {
                self.beside.insert(name.to_owned(), json!(tags));
            }
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Item, Fault> {
        let key = match (&self.old_email, &self.new_email, self.present.is_some()) {
            (Some(old), Some(new), _) => {
                self.beside.insert("newEmail".to_owned(), json!(new));
                Some(old.clone())
            }
            (Some(old), None, _) => Some(old.clone()),
            (None, Some(new), false) => Some(new.clone()),
            // A contact that the vendor keeps without an address: a write by the new address would make a second one.
            (None, Some(new), true) => {
                self.beside.insert("newEmail".to_owned(), json!(new));
                None
            }
            (None, None, false) => {
                return Err(rejected(EMAIL, "required", "SALESmanago keeps contacts by their e-mail address, and this record has none"));
            }
            (None, None, true) => None,
        };
        if let Some(key) = &key {
            self.contact.insert(EMAIL.to_owned(), json!(key));
        }
        if let Some(address) = self.address {
            self.contact.insert("address".to_owned(), Json::Object(address));
        }
        let mut body = self.beside;
        body.insert("contact".to_owned(), Json::Object(self.contact));
        if !self.properties.is_empty() {
            body.insert("properties".to_owned(), Json::Object(self.properties));
        }
        let email_after = self.new_email.or(self.old_email).map(|email| folded(&email));
        Ok(Item { body: Json::Object(body), email: key.map(|email| folded(&email)), email_after, owner: self.owner })
    }
}

/// A tag as the vendor's own client writes it: upper case, blanks as underscores (fact sheet §3).
fn as_tag(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join("_").to_uppercase()
}

/// What the vendor did not do of what it was told, though it said success: a value that was not taken away, an address, consent, state or owner that stayed.
/// Without this look the two sides would count as agreed.
pub(crate) fn not_taken(fields: &BTreeMap<FieldName, Value>, stored: &Record, manner: Manner) -> Option<Fault> {
    for (name, value) in fields {
        let (name, now) = (name.as_str(), stored.field(name.as_str()));
        let asked_first = manner.double_opt_in && name == OPTED_OUT && *value == Value::Bool(false);
        let watched = matches!(name, OPTED_OUT | OPTED_OUT_PHONE | crate::fields::STATE | crate::fields::OWNER);
        let differs = match (value, now) {
            (Value::Null, Some(now)) => !now.is_null() && !watched,
            (Value::Text(wanted), Some(now)) if name == EMAIL => now.as_text().ok().flatten().map(folded) != Some(folded(wanted.trim())),
            (Value::Reference(wanted), Some(now)) => *now != Value::Reference(RecordId::new(folded(wanted.as_str()))),
            (wanted, Some(now)) => watched && wanted != now,
            (_, None) => false,
        };
        if differs && !asked_first {
            let words = if value.is_null() {
                "SALESmanago said success and kept the value: set `clearing` as this account wants it"
            } else {
                "SALESmanago said success and kept the value that it had"
            };
            return Some(rejected(name, "not_taken", words));
        }
    }
    None
}

/// The texts that a write carries, to be cut out of the vendor's sentences.
pub(crate) fn values(fields: &BTreeMap<FieldName, Value>) -> Vec<String> {
    let mut texts: Vec<String> = Vec::new();
    for value in fields.values() {
        match value {
            Value::Text(text) => texts.push(text.clone()),
            Value::Set(items) => texts.extend(items.iter().cloned()),
            Value::Date(date) => texts.extend([date.to_string(), written_day(*date)]),
            Value::Null | Value::Bool(_) | Value::Integer(_) | Value::Decimal(_) | Value::DateTime(_) | Value::Reference(_) => {}
        }
    }
    texts.sort_by_key(|text| std::cmp::Reverse(text.len()));
    texts
}

#[cfg(test)]
#[path = "outgoing_tests.rs"]
mod tests;
