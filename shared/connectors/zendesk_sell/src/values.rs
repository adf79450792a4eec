//! Records and their values: from the wire and back. Pure.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use serde_json::{Map, Value as Json};
use syncline_engine::ports::connector::{BadRecord, Selection};
use syncline_model::{
    Choice, Decimal, FieldName, FieldSchema, FieldType, ObjectSchema, Presence, Problem, Record, RecordId, Value, Version,
};

use crate::faults::drift;
use crate::fields::{ADDRESS_PARTS, Access, CUSTOM, Form, Kind, address_part, custom_name};
use crate::wire::{Event, id};

/// The type of a custom field, in the vendor's word, with its options.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Definition {
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) options: Vec<String>,
}

impl Definition {
    /// One item of `/{kind}/custom_fields`; `None` where it has no name.
    pub(crate) fn read(json: &Json) -> Option<Self> {
        let text = |name: &str| json.get(name).and_then(Json::as_str).map(str::to_owned);
        // Both words for the list of options are told (fact sheet §5.2).
        let listed = json.get("options").or_else(|| json.get("choices")).and_then(Json::as_array);
        let options = listed.into_iter().flatten().filter_map(|option| option.get("name").or(Some(option))?.as_str().map(str::to_owned));
        Some(Self { name: text("name")?, kind: text("type").unwrap_or_default(), options: options.collect() })
    }

    fn field_type(&self) -> FieldType {
        let choices = || self.options.iter().map(|option| Choice { value: option.clone(), label: option.clone() }).collect();
        match self.kind.as_str() {
            "bool" | "boolean" => FieldType::Bool,
            "number" => FieldType::Decimal,
            "date" => FieldType::Date,
            "datetime" => FieldType::DateTime,
            "email" => FieldType::Email,
            "phone" => FieldType::Phone,
            "list" => FieldType::Choice { choices: choices(), restricted: true },
            "multi_select_list" => FieldType::Set { choices: choices() },
            "string" | "text" | "url" => FieldType::Text,
            other => FieldType::Other(other.to_owned()),
        }
    }
}

/// The account's custom fields of one object, by name. Empty: types are guessed from the values.
pub(crate) type Definitions = BTreeMap<String, Definition>;

/// A record, or why this row is none.
pub(crate) fn record(kind: Kind, row: &Json, definitions: &Definitions) -> Result<Record, BadRecord> {
    let own = row.get("id").and_then(id).map(RecordId::new);
    let bad = |path: &str, expected: &str| BadRecord { id: own.clone(), fault: drift(path, expected, "something else") };
    let Some(id) = own.clone() else { return Err(bad("id", "a whole number")) };
    let mut record = Record::new(kind.object(), id);
    for attribute in kind.attributes() {
        let Some(json) = row.get(attribute.name) else { continue };
        if attribute.form == Form::Address {
            for part in ADDRESS_PARTS {
                let name = format!("{}.{part}", attribute.name);
                let text = json.get(part).unwrap_or(&Json::Null);
                let value = value(Form::Text, text).ok_or_else(|| bad(&name, "a text"))?;
                record.fields.insert(name.into(), value);
            }
            continue;
        }
        let value = value(attribute.form, json).ok_or_else(|| bad(attribute.name, expected(attribute.form)))?;
        record.fields.insert(attribute.name.into(), value);
    }
    for (name, json) in row.get(CUSTOM).and_then(Json::as_object).into_iter().flatten() {
        // What a custom field of a type that is not carried holds is left out, not the record.
        if let Some(value) = custom_value(json, definitions.get(name)) {
            record.fields.insert(format!("{CUSTOM}.{name}").into(), value);
        }
    }
    for name in definitions.keys() {
        record.fields.entry(format!("{CUSTOM}.{name}").into()).or_insert(Value::Null);
    }
    // Appointments carry no stamp of their change (fact sheet §8.3): their event does.
    let stamp = row.get("updated_at").and_then(Json::as_str).and_then(moment);
    record.version = stamp.map(Version);
    Ok(record)
}

/// What an event tells of a record that cannot be read: all that is known of it. Of two within one second the one with the greater sequence is the
/// later (fact sheet §8: documented of one record's events), so that stands in the fraction of the second.
pub(crate) fn told(kind: Kind, event: &Event, definitions: &Definitions) -> Result<Record, BadRecord> {
    let bad = |path: &str, expected: &str| {
        let id = Some(RecordId::new(event.id.as_str()));
        BadRecord { id, fault: drift(path, expected, "something else") }
    };
    let at = event.at.ok_or_else(|| bad("items.meta.event_time", "a moment"))?;
    let sequence = event.sequence.ok_or_else(|| bad("items.meta.sequence", "a whole number"))?;
    let nanosecond = i32::try_from(sequence.clamp(0, 999_999_999)).unwrap_or(0);
    let at = Timestamp::new(at.as_second(), nanosecond).unwrap_or(at);
    let record = if event.deleted {
        // What else the event of a deletion holds is not told (fact sheet §8.1).
        Record::new(kind.object(), RecordId::new(event.id.as_str())).with_presence(Presence::Deleted)
    } else {
        record(kind, event.snapshot.json(), definitions)?
    };
    Ok(record.with_version(Version(at)))
}

/// Only the fields that were asked for.
pub(crate) fn select(mut record: Record, selection: &Selection) -> Record {
    record.fields.retain(|name, _| selection.fields.contains(name));
    for name in &selection.fields {
        record.fields.entry(name.clone()).or_insert(Value::Null);
    }
    record
}

fn expected(form: Form) -> &'static str {
    match form {
        Form::Text | Form::OneOf(_) => "a text",
        Form::Flag => "a boolean",
        Form::Number | Form::Reference(_) => "a whole number",
        Form::Amount => "an amount",
        Form::Moment => "a moment",
        Form::Day => "a day",
        Form::Tags => "a list of texts",
        Form::Links(..) => "a list of records' types and ids",
        Form::Address => "an object",
    }
}

/// `None` where it is not of this form.
fn value(form: Form, json: &Json) -> Option<Value> {
    if json.is_null() {
        return Some(Value::Null);
    }
    match form {
        Form::Text | Form::OneOf(_) => match json {
            Json::String(text) => Some(Value::text(text.clone())),
            // Some numbers came as such where the reference says text (fact sheet §5.1).
            Json::Number(number) => Some(Value::text(number.to_string())),
            Json::Null | Json::Bool(_) | Json::Array(_) | Json::Object(_) => None,
        },
        Form::Flag => json.as_bool().map(Value::Bool),
        Form::Number => match json {
            Json::String(text) => text.parse().ok().map(Value::Integer),
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::Array(_) | Json::Object(_) => json.as_i64().map(Value::Integer),
        },
        Form::Reference(_) => id(json).map(|id| Value::Reference(RecordId::new(id))),
        Form::Amount => decimal(json).map(Value::Decimal),
        Form::Moment => match json.as_str()? {
            "" => Some(Value::Null),
            text => moment(text).map(Value::DateTime),
        },
        Form::Day => match json.as_str()? {
            "" => Some(Value::Null),
            text => day(text).map(Value::Date),
        },
        Form::Tags => tags(json),
        Form::Links(kind, own) => links(json, kind, own),
        Form::Address => None,
    }
}

/// Texts, or the objects that streams send (fact sheet §8.1).
fn tags(json: &Json) -> Option<Value> {
    let read = |tag: &Json| {
        let name = tag.as_str().or_else(|| tag.get("data").and_then(|data| data.get("name")).and_then(Json::as_str));
        name.map(str::to_owned)
    };
    let tags: Option<Vec<String>> = json.as_array()?.iter().map(read).collect();
    tags.map(Value::set)
}

/// Other records, each as its type and id. The type's case is not told for all objects: it is written small.
fn links(json: &Json, kind: &str, own: &str) -> Option<Value> {
    let read = |link: &Json| {
        let kind = link.get(kind).and_then(Json::as_str)?.to_lowercase();
        Some(format!("{kind}:{}", link.get(own).and_then(id)?))
    };
    let links: Option<Vec<String>> = json.as_array()?.iter().map(read).collect();
    links.map(Value::set)
}

/// A number, or a text of one.
fn decimal(json: &Json) -> Option<Decimal> {
    match json {
        Json::Number(number) => {
            let text = number.to_string();
            text.parse().ok().or_else(|| Decimal::from_scientific(&text).ok())
        }
        Json::String(text) => text.trim().parse().ok(),
        Json::Null | Json::Bool(_) | Json::Array(_) | Json::Object(_) => None,
    }
}

/// Not always as strict as the reference says (fact sheet §10): with an offset, or without a zone, which then is UTC.
pub(crate) fn moment(text: &str) -> Option<Timestamp> {
    text.parse().ok().or_else(|| text.parse::<DateTime>().ok()?.in_tz("UTC").ok().map(|zoned| zoned.timestamp()))
}

fn day(text: &str) -> Option<Date> {
    text.parse().ok().or_else(|| moment(text).map(|at| at.to_zoned(jiff::tz::TimeZone::UTC).date()))
}

fn custom_value(json: &Json, definition: Option<&Definition>) -> Option<Value> {
    match json {
        Json::Null => return Some(Value::Null),
        Json::String(text) if text.is_empty() => return Some(Value::Null),
        Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Array(_) | Json::Object(_) => {}
    }
    match definition.map(Definition::field_type) {
        Some(FieldType::Bool) => json.as_bool().map(Value::Bool),
        Some(FieldType::Decimal | FieldType::Integer) => decimal(json).map(Value::Decimal),
        Some(FieldType::Date) => json.as_str().and_then(day).map(Value::Date),
        // A wall clock's time written as UTC (fact sheet §5.2).
        Some(FieldType::DateTime) => json.as_str().and_then(moment).map(Value::DateTime),
        Some(FieldType::Set { .. }) => tags(json),
        Some(FieldType::Other(_)) => None,
        Some(
            FieldType::Text | FieldType::Email | FieldType::Phone | FieldType::Choice { .. } | FieldType::Reference { .. } | FieldType::Id,
        ) => value(Form::Text, json),
        None => match json {
            Json::Bool(flag) => Some(Value::Bool(*flag)),
            Json::Number(_) => decimal(json).map(Value::Decimal),
            Json::String(text) => Some(Value::text(text.clone())),
            Json::Array(_) => tags(json),
            Json::Null | Json::Object(_) => None,
        },
    }
}

/// What of these fields goes into a body, or what cannot be sent. On a create an empty value is left out: there is nothing to clear.
pub(crate) fn body(kind: Kind, fields: &BTreeMap<FieldName, Value>, creating: bool) -> Result<Map<String, Json>, Vec<Problem>> {
    let mut members = Map::new();
    let mut problems = Vec::new();
    for (name, value) in fields.iter().filter(|(_, value)| !creating || !value.is_null()) {
        match place(kind, name.as_str(), creating) {
            Ok((outer, inner, form)) => match json_of(form, value) {
                Ok(json) => match inner {
                    None => {
                        members.insert(outer.to_owned(), json);
                    }
                    Some(inner) => {
                        let object = members.entry(outer).or_insert_with(|| Json::Object(Map::new()));
                        if let Some(object) = object.as_object_mut() {
                            object.insert(inner.to_owned(), json);
                        }
                    }
                },
                Err(expected) => problems.push(problem(
                    name,
                    "datatype_mismatch",
                    format!("Syncline was given a {} where Zendesk Sell takes {expected}; nothing was sent", value.type_name()),
                )),
            },
            Err(words) => problems.push(problem(name, "readonly_field", format!("this field {words}; nothing was sent"))),
        }
    }
    if problems.is_empty() { Ok(members) } else { Err(problems) }
}

fn problem(name: &FieldName, code: &str, words: String) -> Problem {
    Problem { field: Some(name.clone()), code: code.to_owned(), words }
}

/// Where a field stands in a body, and its form; `None` as form: a custom field's.
fn place(kind: Kind, name: &str, creating: bool) -> Result<(&'static str, Option<&str>, Option<Form>), &'static str> {
    if let Some(own) = custom_name(name).filter(|_| kind.has_custom_fields()) {
        return Ok((CUSTOM, Some(own), None));
    }
    if let Some((address, part)) = address_part(kind, name) {
        return Ok((address, Some(part), Some(Form::Text)));
    }
    match kind.attribute(name).filter(|attribute| attribute.form != Form::Address) {
        None => Err("is no attribute that Syncline writes"),
        Some(attribute) => match attribute.access {
            Access::Write => Ok((attribute.name, None, Some(attribute.form))),
            Access::Create if creating => Ok((attribute.name, None, Some(attribute.form))),
            Access::Create => Err("can be given only when the record is made"),
            Access::Read => Err("is computed by Zendesk Sell and cannot be written"),
        },
    }
}

fn json_of(form: Option<Form>, value: &Value) -> Result<Json, &'static str> {
    let Some(form) = form else { return Ok(custom_json(value)) };
    match (form, value) {
        (Form::Tags, Value::Null) => Ok(Json::Array(Vec::new())),
        (_, Value::Null) => Ok(Json::Null),
        (Form::Text | Form::OneOf(_), Value::Text(text)) => Ok(Json::String(text.clone())),
        (Form::Text | Form::OneOf(_), Value::Integer(number)) => Ok(Json::String(number.to_string())),
        (Form::Text | Form::OneOf(_), _) => Err("a text"),
        (Form::Flag, Value::Bool(flag)) => Ok(Json::Bool(*flag)),
        (Form::Flag, _) => Err("a boolean"),
        (Form::Number | Form::Reference(_), Value::Integer(number)) => Ok(Json::from(*number)),
        (Form::Number | Form::Reference(_), Value::Reference(id)) => {
            id.as_str().parse::<i64>().map(Json::from).map_err(|_| "a whole number")
        }
        (Form::Number | Form::Reference(_), Value::Text(text)) => text.parse::<i64>().map(Json::from).map_err(|_| "a whole number"),
        (Form::Number | Form::Reference(_), _) => Err("a whole number"),
        // As a text: both forms are read, and a text loses no cent.
        (Form::Amount, Value::Decimal(amount)) => Ok(Json::String(amount.normalize().to_string())),
        (Form::Amount, Value::Integer(amount)) => Ok(Json::String(amount.to_string())),
        (Form::Amount, _) => Err("an amount"),
        (Form::Moment, Value::DateTime(at)) => Ok(Json::String(whole_second(*at))),
        (Form::Moment, _) => Err("a moment"),
        (Form::Day, Value::Date(day)) => Ok(Json::String(day.to_string())),
        (Form::Day, _) => Err("a day"),
        (Form::Tags, Value::Set(tags)) => Ok(Json::from(tags.iter().cloned().collect::<Vec<_>>())),
        (Form::Tags, _) => Err("a set of texts"),
        (Form::Links(..), _) => Err("nothing: it is not written"),
        (Form::Address, _) => Err("its parts"),
    }
}

/// A custom field's type is known to the vendor; it refuses what does not fit. Numbers travel as texts (fact sheet §5.2).
fn custom_json(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(flag) => Json::Bool(*flag),
        Value::Integer(number) => Json::String(number.to_string()),
        Value::Decimal(number) => Json::String(number.normalize().to_string()),
        Value::Text(text) => Json::String(text.clone()),
        Value::Date(day) => Json::String(day.to_string()),
        Value::DateTime(at) => Json::String(whole_second(*at)),
        Value::Set(items) => Json::from(items.iter().cloned().collect::<Vec<_>>()),
        Value::Reference(id) => Json::String(id.to_string()),
    }
}

/// The vendor's stamps have whole seconds.
fn whole_second(at: Timestamp) -> String {
    Timestamp::from_second(at.as_second()).unwrap_or(at).to_string()
}

/// The object's fields: the vendor's own, then the customer's.
pub(crate) fn schema(kind: Kind, definitions: &[Definition]) -> ObjectSchema {
    let mut fields = Vec::new();
    for attribute in kind.attributes() {
        let names = match attribute.form {
            Form::Address => ADDRESS_PARTS.map(|part| format!("{}.{part}", attribute.name)).into(),
            Form::Text
            | Form::Flag
            | Form::Number
            | Form::Amount
            | Form::Reference(_)
            | Form::Moment
            | Form::Day
            | Form::Tags
            | Form::Links(..)
            | Form::OneOf(_) => vec![attribute.name.to_owned()],
        };
        for name in names {
            let label = name.replace(['_', '.'], " ");
            let mut field = FieldSchema::new(name, label, field_type(attribute.name, attribute.form));
            field.creatable = attribute.access != Access::Read;
            field.updatable = attribute.access == Access::Write;
            field.calculated = attribute.access == Access::Read;
            // A person needs a last name, an organisation its name, a lead one of two: only these are needed by every record of their kind.
            field.required = matches!((kind, attribute.name), (Kind::Deal, "name" | "contact_id") | (Kind::Task | Kind::Note, "content"));
            fields.push(field);
        }
    }
    for definition in definitions {
        let mut field = FieldSchema::new(format!("{CUSTOM}.{}", definition.name), definition.name.clone(), definition.field_type());
        field.custom = true;
        if matches!(field.field_type, FieldType::Other(_)) {
            (field.creatable, field.updatable) = (false, false);
        }
        fields.push(field);
    }
    ObjectSchema { kind: kind.object(), fields }
}

fn field_type(name: &str, form: Form) -> FieldType {
    match form {
        Form::Text if name == "email" => FieldType::Email,
        Form::Text if matches!(name, "phone" | "mobile" | "fax") => FieldType::Phone,
        Form::Text | Form::Address => FieldType::Text,
        Form::Flag => FieldType::Bool,
        Form::Number => FieldType::Integer,
        Form::Amount => FieldType::Decimal,
        Form::Reference(to) => FieldType::Reference { to: vec![to.object()] },
        Form::Moment => FieldType::DateTime,
        Form::Day => FieldType::Date,
        Form::Tags | Form::Links(..) => FieldType::Set { choices: Vec::new() },
        Form::OneOf(options) => {
            let choices = options.iter().map(|option| Choice { value: (*option).to_owned(), label: (*option).to_owned() });
            FieldType::Choice { choices: choices.collect(), restricted: true }
        }
    }
}
