//! Freshdesk's records as they travel, read into canonical values.
//!
//! Every member may be absent: accounts of 2015, 2022 and 2025 answer different sets (fact sheet §2.1, recorded). A member that is absent
//! was not read; one that is `null` is empty. A member that we know and that has an impossible type makes the row a bad record.

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde_json::{Map, Number, Value as Json};
use syncline_engine::ports::connector::BadRecord;
use syncline_model::{FieldName, ObjectKind, Presence, Record, RecordId, Value, Version};

use crate::attributes::{CUSTOM, Form, Kind, without_prefix};
use crate::envelope::{drift, rows, type_name};
use syncline_model::Fault;

/// Reads an answer's body as records of any kind.
pub(crate) fn decode(kind: &ObjectKind, body: &[u8]) -> Result<Vec<Result<Record, BadRecord>>, Fault> {
    Ok(rows(kind.as_str(), body)?.iter().map(|row| record(kind, row)).collect())
}

/// Reads one row.
pub(crate) fn record(kind: &ObjectKind, row: &Json) -> Result<Record, BadRecord> {
    let Some(members) = row.as_object() else {
        return Err(BadRecord { id: None, fault: drift("$", &format!("a {kind}"), type_name(row)) });
    };
    let id = match members.get("id") {
        Some(id) => record_id(id).ok_or_else(|| BadRecord { id: None, fault: drift("id", "a whole number", type_name(id)) })?,
        None => return Err(BadRecord { id: None, fault: drift("id", "a whole number", "nothing") }),
    };
    read_members(kind, &id, members).map_err(|fault| BadRecord { id: Some(id), fault })
}

/// An id: a whole number, or the same as text. 64 bits wide, so never through a float.
pub(crate) fn record_id(value: &Json) -> Option<RecordId> {
    let text = match value {
        Json::Number(number) if number.is_i64() || number.is_u64() => number.to_string(),
        Json::String(text) => text.trim().to_owned(),
        Json::Number(_) | Json::Null | Json::Bool(_) | Json::Array(_) | Json::Object(_) => return None,
    };
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| RecordId::new(text))
}

fn read_members(kind: &ObjectKind, id: &RecordId, members: &Map<String, Json>) -> Result<Record, Fault> {
    let known = Kind::of(kind);
    let mut record = Record::new(kind.clone(), id.clone()).with_field("id", Value::text(id.as_str()));
    for (name, json) in members {
        // `custom_field` is the name in the first version of the API and in app payloads.
        if name == CUSTOM || name == "custom_field" {
            read_custom(&mut record, json)?;
            continue;
        }
        match known.and_then(|known| known.attribute(name)) {
            Some(attribute) => {
                let value = read_form(attribute.form, json).map_err(|expected| drift(name, expected, type_name(json)))?;
                record.fields.insert(FieldName::new(name.as_str()), value);
            }
            None if name != "id" => read_unknown(&mut record, known.is_none(), name, json),
            None => {}
        }
    }
    if let Some(Value::DateTime(at)) = record.field("updated_at") {
        record.version = Some(Version(*at));
    }
    if members.get("deleted").and_then(Json::as_bool) == Some(true) {
        record.presence = Presence::Deleted;
    }
    Ok(record)
}

/// Custom fields are typed by their JSON; that a text is a date, only the metadata tells (`describe`).
fn read_custom(record: &mut Record, json: &Json) -> Result<(), Fault> {
    let members = match json {
        Json::Object(members) => members,
        Json::Null => return Ok(()),
        Json::Array(items) if items.is_empty() => return Ok(()),
        Json::Array(_) | Json::Bool(_) | Json::Number(_) | Json::String(_) => return Err(drift(CUSTOM, "an object", type_name(json))),
    };
    for (name, json) in members {
        if let Some(value) = by_json(json) {
            record.fields.insert(FieldName::new(format!("{CUSTOM}.{}", without_prefix(name))), value);
        }
    }
    Ok(())
}

fn read_form(form: Form, json: &Json) -> Result<Value, &'static str> {
    if json.is_null() {
        return Ok(Value::Null);
    }
    match form {
        Form::Text => scalar_text(json).map(Value::text).ok_or("a text"),
        Form::Flag => match json {
            Json::Bool(flag) => Ok(Value::Bool(*flag)),
            Json::String(text) if text == "true" => Ok(Value::Bool(true)),
            Json::String(text) if text == "false" => Ok(Value::Bool(false)),
            Json::String(_) | Json::Null | Json::Number(_) | Json::Array(_) | Json::Object(_) => Err("a boolean"),
        },
        Form::Company => match json {
            Json::String(text) if text.is_empty() => Ok(Value::Null),
            Json::String(_) | Json::Number(_) | Json::Null | Json::Bool(_) | Json::Array(_) | Json::Object(_) => {
                record_id(json).map(Value::Reference).ok_or("a company's id")
            }
        },
        Form::Texts => {
            let items = json.as_array().ok_or("a list of texts")?;
            let texts: Option<Vec<String>> = items.iter().map(scalar_text).collect();
            texts.map(|texts| Value::set(texts.into_iter().filter(|text| !text.is_empty()))).ok_or("a list of texts")
        }
        Form::Companies => {
            let items = json.as_array().ok_or("a list of companies")?;
            let ids: Option<Vec<String>> =
                items.iter().map(|item| record_id(item.get("company_id").unwrap_or(item)).map(|id| id.to_string())).collect();
            ids.map(Value::set).ok_or("a list of companies")
        }
        Form::Day => match json.as_str() {
            Some("") => Ok(Value::Null),
            Some(text) => day(text).map(Value::Date).ok_or("a date"),
            None => Err("a date"),
        },
        Form::Moment => match json.as_str() {
            Some("") => Ok(Value::Null),
            Some(text) => moment(text).map(Value::DateTime).ok_or("a time stamp"),
            None => Err("a time stamp"),
        },
    }
}

/// A member that our table does not name: typed by its JSON and its name. Objects are read one level deep, as `avatar.content_type`.
fn read_unknown(record: &mut Record, other_kind: bool, name: &str, json: &Json) {
    if let Json::Object(members) = json {
        for (inner, json) in members {
            if let Some(value) = by_name(other_kind, inner, json) {
                record.fields.insert(FieldName::new(format!("{name}.{inner}")), value);
            }
        }
        return;
    }
    if let Some(value) = by_name(other_kind, name, json) {
        record.fields.insert(FieldName::new(name), value);
    }
}

fn by_name(other_kind: bool, name: &str, json: &Json) -> Option<Value> {
    match json {
        Json::Number(_) if other_kind && name.ends_with("_id") => record_id(json).map(Value::Reference),
        Json::String(text) if name.ends_with("_at") || name.ends_with("_by") => {
            Some(moment(text).map_or_else(|| Value::text(text.as_str()), Value::DateTime))
        }
        Json::Number(_) | Json::String(_) | Json::Null | Json::Bool(_) | Json::Array(_) | Json::Object(_) => by_json(json),
    }
}

/// The value that this JSON is; `None` for what canonical values do not carry (objects, lists of objects).
fn by_json(json: &Json) -> Option<Value> {
    match json {
        Json::Null => Some(Value::Null),
        Json::Bool(flag) => Some(Value::Bool(*flag)),
        Json::Number(number) => read_number(number),
        Json::String(text) => Some(Value::text(text.as_str())),
        Json::Array(items) => items.iter().map(scalar_text).collect::<Option<Vec<String>>>().map(Value::set),
        Json::Object(_) => None,
    }
}

fn read_number(number: &Number) -> Option<Value> {
    if let Some(integer) = number.as_i64() {
        return Some(Value::Integer(integer));
    }
    let text = number.to_string();
    text.parse::<Decimal>().or_else(|_| Decimal::from_scientific(&text)).ok().map(Value::Decimal)
}

fn scalar_text(json: &Json) -> Option<String> {
    match json {
        Json::String(text) => Some(text.clone()),
        Json::Number(number) => Some(number.to_string()),
        Json::Bool(flag) => Some(flag.to_string()),
        Json::Null => Some(String::new()),
        Json::Array(_) | Json::Object(_) => None,
    }
}

/// A time stamp: `Z`, or an offset as documentation samples of companies show, or the blank-separated form of old accounts.
pub(crate) fn moment(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    text.parse().ok().or_else(|| Timestamp::strptime("%Y-%m-%d %H:%M:%S %z", text).ok())
}

/// A day: `2026-12-31`, or the midnight that it comes back as (fact sheet §2.2: documented).
pub(crate) fn day(text: &str) -> Option<Date> {
    let (date, rest) = text.trim().split_at_checked(10)?;
    (rest.is_empty() || rest.starts_with(['T', ' '])).then(|| date.parse().ok())?
}

#[cfg(test)]
#[path = "wire_tests.rs"]
mod tests;
