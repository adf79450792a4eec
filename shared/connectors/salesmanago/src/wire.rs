//! Contacts as the vendor sends them: two shapes, whose differences are told in fact sheet §3.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::Value as Json;
use syncline_engine::ports::connector::{BadRecord, Selection};
use syncline_model::{Fault, FieldName, ObjectKind, Presence, Record, RecordId, Value, Version};

use crate::fields::{
    ATTRIBUTES, BIRTHDAY, BIRTHDAY_WITHOUT_YEAR, CONTACT, MODIFIED, OPTED_OUT, OPTED_OUT_PHONE, PROPERTIES, Place, TAGS, attribute,
    property,
};

pub(crate) fn drift(path: &str, expected: &str, found: &str) -> Fault {
    Fault::Drift { path: path.to_owned(), expected: expected.to_owned(), found: found.to_owned() }
}

pub(crate) fn type_name(json: &Json) -> &'static str {
    match json {
        Json::Null => "null",
        Json::Bool(_) => "a bool",
        Json::Number(_) => "a number",
        Json::String(_) => "a text",
        Json::Array(_) => "a list",
        Json::Object(_) => "an object",
    }
}

/// A list of an answer's.
pub(crate) fn list<'a>(body: &'a Json, name: &str) -> Result<&'a [Json], Fault> {
    match body.get(name) {
        Some(Json::Array(rows)) => Ok(rows),
        other => Err(drift(name, "a list", other.map_or("nothing", type_name))),
    }
}

/// The id: `id` in one shape, `contactId` in the other.
pub(crate) fn id_of(row: &Json) -> Option<RecordId> {
    let id = ["id", "contactId"].into_iter().find_map(|name| row.get(name)?.as_str());
    id.filter(|id| !id.is_empty()).map(RecordId::new)
}

/// Whether a text can be a contact's id: a UUID's digits. Anything else is not asked for.
pub(crate) fn is_id(text: &str) -> bool {
    text.len() == 36 && text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

/// An e-mail address as it is compared.
pub(crate) fn folded(email: &str) -> String {
    email.trim().to_lowercase()
}

/// A contact with everything that its row carries.
pub(crate) fn record(row: &Json) -> Result<Record, BadRecord> {
    let bad = |id: Option<RecordId>, fault| BadRecord { id, fault };
    if !row.is_object() {
        return Err(bad(None, drift("contact", "an object", type_name(row))));
    }
    let id = id_of(row).ok_or_else(|| bad(None, drift("contact.id", "a text", row.get("id").map_or("nothing", type_name))))?;
    let fail = |fault: Fault| bad(Some(id.clone()), fault);
    let mut record = Record::new(ObjectKind::new(CONTACT), id.clone());
    for attribute in ATTRIBUTES {
        if let Some(value) = value(attribute.name, attribute.place, row).map_err(fail)? {
            record.fields.insert(FieldName::from(attribute.name), value);
        }
    }
    for (name, value) in properties(row).map_err(fail)? {
        record.fields.insert(FieldName::new(format!("{PROPERTIES}{name}")), value);
    }
    if row.get("deleted").and_then(Json::as_bool) == Some(true) {
        record.presence = Presence::Deleted;
    }
    if let Some(modified) = row.get(MODIFIED).and_then(moment) {
        record = record.with_version(Version(modified));
    }
    Ok(record)
}

/// `None`: the row does not carry the field.
fn value(name: &str, place: Place, row: &Json) -> Result<Option<Value>, Fault> {
    let own = || row.get(name);
    Ok(match place {
        Place::Contact | Place::Beside => own().map(|json| text(name, json)).transpose()?,
        Place::Owner => own().map(|json| text(name, json)).transpose()?.map(|value| owner(&value)),
        Place::Address(part) => match row.get("address") {
            Some(Json::Object(address)) => address.get(part).map_or(Ok(Value::Null), |json| text(name, json)).map(Some)?,
            Some(Json::Null) => Some(Value::Null),
            Some(other) => return Err(drift("address", "an object", type_name(other))),
            None => None,
        },
        Place::Birthday => tells_birthday(row).then(|| birthday(row).and_then(|born| born.date()).map_or(Value::Null, Value::Date)),
        Place::OptOut => match own() {
            Some(Json::Bool(flag)) => Some(Value::Bool(*flag)),
            Some(Json::Null) | None => None,
            Some(other) => return Err(drift(name, "a bool", type_name(other))),
        },
        Place::Tags => tags(row)?,
        Place::Computed if name == BIRTHDAY_WITHOUT_YEAR => {
            let born = birthday(row).filter(|born| born.year.is_none());
            tells_birthday(row).then(|| born.map_or(Value::Null, |born| Value::text(born.without_year())))
        }
        Place::Computed => own().map(|json| computed(name, json)),
    })
}

/// A user, by their address in lower case: so the directory names them too.
fn owner(value: &Value) -> Value {
    let address = value.as_text().ok().flatten().map(folded).filter(|email| !email.is_empty());
    address.map_or(Value::Null, |email| Value::Reference(RecordId::new(email)))
}

fn text(name: &str, json: &Json) -> Result<Value, Fault> {
    match json {
        Json::Null => Ok(Value::Null),
        Json::String(text) => Ok(Value::text(text.as_str())),
        Json::Number(number) => Ok(Value::text(number.to_string())),
        Json::Bool(_) | Json::Array(_) | Json::Object(_) => Err(drift(name, "a text", type_name(json))),
    }
}

fn computed(name: &str, json: &Json) -> Value {
    match json {
        Json::Bool(flag) => Value::Bool(*flag),
        Json::Number(number) if name.ends_with("On") => number.as_i64().and_then(at).map_or(Value::Null, Value::DateTime),
        Json::Number(number) => number.as_i64().map_or(Value::Null, Value::Integer),
        Json::Null | Json::String(_) | Json::Array(_) | Json::Object(_) => Value::Null,
    }
}

fn moment(json: &Json) -> Option<Timestamp> {
    json.as_i64().and_then(at)
}

/// Milliseconds since the epoch (fact sheet §3).
fn at(milliseconds: i64) -> Option<Timestamp> {
    Timestamp::from_millisecond(milliseconds).ok()
}

/// A day of birth, whose year may be unknown. It is a day, not a moment: no time zone moves it.
pub(crate) struct Birthday {
    pub(crate) year: Option<i16>,
    pub(crate) month: i8,
    pub(crate) day: i8,
}

impl Birthday {
    fn date(&self) -> Option<Date> {
        Date::new(self.year?, self.month, self.day).ok()
    }

    /// `08-04`.
    fn without_year(&self) -> String {
        format!("{:02}-{:02}", self.month, self.day)
    }
}

/// Whether the row says anything of a birthday.
fn tells_birthday(row: &Json) -> bool {
    ["birthdayYear", "birthdayMonth", "birthdayDay"].into_iter().any(|name| row.get(name).is_some())
}

/// The parts are texts without leading zeros, each of which may be null.
pub(crate) fn birthday(row: &Json) -> Option<Birthday> {
    let part =
        |name: &str| row.get(name).and_then(|json| json.as_str().map_or_else(|| json.to_string(), str::to_owned).parse::<i16>().ok());
    let small = |name: &str| part(name).and_then(|part| i8::try_from(part).ok());
    Some(Birthday { year: part("birthdayYear"), month: small("birthdayMonth")?, day: small("birthdayDay")? })
}

/// Tags are written as texts and read as objects.
pub(crate) fn tags(row: &Json) -> Result<Option<Value>, Fault> {
    let Some(found) = ["contactTags", TAGS].into_iter().find_map(|name| row.get(name)) else { return Ok(None) };
    match found {
        Json::Null => Ok(Some(Value::Null)),
        Json::Array(items) => {
            let name = |item: &Json| item.as_str().or_else(|| item.get("tag")?.as_str()).map(str::to_owned);
            let names: Option<Vec<String>> = items.iter().map(name).collect();
            names.map(|names| Some(Value::set(names))).ok_or_else(|| drift("contactTags", "tags", "something else"))
        }
        other @ (Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Object(_)) => {
            Err(drift("contactTags", "a list", type_name(other)))
        }
    }
}

/// Own details are written as members and read as a list of names and values.
fn properties(row: &Json) -> Result<BTreeMap<String, Value>, Fault> {
    let text_of = |json: &Json| json.as_str().map_or_else(|| text("properties", json), |text| Ok(Value::text(text)));
    match row.get("properties") {
        None | Some(Json::Null) => Ok(BTreeMap::new()),
        Some(Json::Array(items)) => {
            let named = items.iter().filter_map(|item| Some((item.get("name")?.as_str()?, item.get("value").unwrap_or(&Json::Null))));
            named.map(|(name, value)| Ok((name.to_owned(), text_of(value)?))).collect()
        }
        Some(Json::Object(members)) => members.iter().map(|(name, value)| Ok((name.clone(), text_of(value)?))).collect(),
        Some(other) => Err(drift("properties", "a list", type_name(other))),
    }
}

/// The record with the selected fields alone. A known one that the row left out is empty, but for consent: what is not known of that must not
/// be taken for a wish.
pub(crate) fn selected(selection: &Selection, mut record: Record) -> Result<Record, BadRecord> {
    if !record.is_live() {
        record.fields.clear();
        return Ok(record);
    }
    for field in &selection.fields {
        let name = field.as_str();
        if record.field(name).is_some() {
            continue;
        }
        if [OPTED_OUT, OPTED_OUT_PHONE].contains(&name) {
            return Err(BadRecord { id: Some(record.id.clone()), fault: drift(name, "a bool", "nothing") });
        }
        if attribute(name).is_some() || property(name).is_some() {
            record.fields.insert(field.clone(), Value::Null);
        }
    }
    record.fields.retain(|name, _| selection.fields.contains(name));
    Ok(record)
}

/// A recorded or answered body: `{contacts: […]}`, a list, or one contact.
pub(crate) fn decode(kind: &ObjectKind, body: &[u8]) -> Result<Vec<Result<Record, BadRecord>>, Fault> {
    let json: Json = serde_json::from_slice(body).map_err(|_| drift("$", "JSON", "other bytes"))?;
    if kind.as_str() != CONTACT {
        return Err(Fault::Unsupported { capability: format!("recorded object {kind}") });
    }
    let rows = match &json {
        Json::Array(rows) => rows.as_slice(),
        Json::Object(members) => match members.get("contacts") {
            Some(Json::Array(rows)) => rows.as_slice(),
            Some(other) => return Err(drift("contacts", "a list", type_name(other))),
            None if members.get("success") == Some(&Json::Bool(false)) => return Err(drift("success", "true", "false")),
            None => std::slice::from_ref(&json),
        },
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => return Err(drift("$", "contacts", type_name(&json))),
    };
    Ok(rows.iter().map(record).collect())
}

/// The day that a `birthday` is written as: eight digits, no time and no zone.
pub(crate) fn written_day(date: Date) -> String {
    format!("{:04}{:02}{:02}", date.year(), date.month(), date.day())
}

/// A name for the field in problems.
pub(crate) const BIRTHDAY_FIELD: &str = BIRTHDAY;

#[cfg(test)]
#[path = "wire_tests.rs"]
mod tests;
