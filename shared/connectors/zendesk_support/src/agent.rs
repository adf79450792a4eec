//! An agent as a record: the user that Zendesk keeps, and the status that the user has.
//!
//! Names and values: fact sheet §2.1 (documented and recorded). A member that a list row leaves out is empty here: every list row that was recorded
//! has them all.

use jiff::Timestamp;
use serde_json::{Map, Value as Json};
use syncline_engine::ports::connector::{BadRecord, Selection};
use syncline_model::{
    Choice, Fault, FieldName, FieldSchema, FieldType, ObjectKind, ObjectSchema, Presence, Record, RecordId, Value, Version,
};

use crate::faults::drift;
use crate::status::{Catalogue, Status, default_choices, number};

/// The one object that is synced.
pub(crate) const KIND: &str = "agent";

/// The field with the agent's status by name, the one that can be set.
pub(crate) const STATUS: &str = "status";
const STATUS_ID: &str = "status_id";
const STATUS_IS_CUSTOM: &str = "status_is_custom";
const STATUS_UPDATED_AT: &str = "status_updated_at";

/// The fields that come from the agent's availability, not from the user.
const STATUS_FIELDS: [&str; 4] = [STATUS, STATUS_ID, STATUS_IS_CUSTOM, STATUS_UPDATED_AT];

/// How a user's member travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Text,
    Email,
    Phone,
    Flag,
    Integer,
    Moment,
    Texts,
    Role,
    Id,
}

struct Attribute {
    name: &'static str,
    label: &'static str,
    form: Form,
    writable: bool,
}

const fn writable(name: &'static str, label: &'static str, form: Form) -> Attribute {
    Attribute { name, label, form, writable: true }
}

const fn read_only(name: &'static str, label: &'static str, form: Form) -> Attribute {
    Attribute { name, label, form, writable: false }
}

/// An email is changed through the user's identities, roles and suspension cost or lose seats: none of them is written.
const ATTRIBUTES: &[Attribute] = &[
    read_only("id", "Id", Form::Id),
    writable("name", "Name", Form::Text),
    read_only("email", "Email", Form::Email),
    writable("alias", "Alias", Form::Text),
    writable("phone", "Phone", Form::Phone),
    writable("external_id", "External id", Form::Text),
    writable("details", "Details", Form::Text),
    writable("notes", "Notes", Form::Text),
    writable("signature", "Signature", Form::Text),
    read_only("role", "Role", Form::Role),
    read_only("role_type", "Role type", Form::Integer),
    read_only("custom_role_id", "Custom role", Form::Text),
    read_only("suspended", "Suspended", Form::Flag),
    read_only("tags", "Tags", Form::Texts),
    read_only("time_zone", "Time zone", Form::Text),
    read_only("locale", "Language", Form::Text),
    read_only("created_at", "Created", Form::Moment),
    read_only("updated_at", "Updated", Form::Moment),
    read_only("last_login_at", "Last sign-in", Form::Moment),
];

fn attribute(name: &str) -> Option<&'static Attribute> {
    ATTRIBUTES.iter().find(|attribute| attribute.name == name)
}

/// Whether these fields need the agent's availability.
pub(crate) fn needs_status(selection: &Selection) -> bool {
    selection.fields.iter().any(|field| STATUS_FIELDS.contains(&field.as_str()))
}

/// Whether a user works here: agents and administrators who were not deleted. Contributors and light agents are agents.
pub(crate) fn is_staff(user: &Json) -> bool {
    let role = user.get("role").and_then(Json::as_str);
    matches!(role, Some("agent" | "admin")) && user.get("active").and_then(Json::as_bool) != Some(false)
}

/// A record's id: 64 bits wide, so never through a float.
pub(crate) fn record_id(json: &Json) -> Option<RecordId> {
    number(json).filter(|id| *id > 0).map(|id| RecordId::new(id.to_string()))
}

/// Whether a text can be a user's id at all.
pub(crate) fn is_id(id: &RecordId) -> bool {
    !id.as_str().is_empty() && id.as_str().bytes().all(|byte| byte.is_ascii_digit())
}

/// One user, with every field that comes with it.
pub(crate) fn read(kind: &ObjectKind, user: &Json) -> Result<Record, BadRecord> {
    let members = user.as_object().ok_or_else(|| BadRecord { id: None, fault: drift("$", "a user", "something else") })?;
    let id = members.get("id").and_then(record_id);
    let id = id.ok_or_else(|| BadRecord { id: None, fault: drift("id", "a whole number", "something else") })?;
    let mut record = Record::new(kind.clone(), id.clone());
    for attribute in ATTRIBUTES {
        let json = members.get(attribute.name).unwrap_or(&Json::Null);
        let value = read_form(attribute.form, json)
            .map_err(|expected| BadRecord { id: Some(id.clone()), fault: drift(attribute.name, expected, "something else") })?;
        record.fields.insert(FieldName::new(attribute.name), value);
    }
    record.version = stamp(members, "updated_at").map(Version);
    if members.get("active").and_then(Json::as_bool) == Some(false) || (kind.as_str() == KIND && !is_staff(user)) {
        record.presence = Presence::Deleted;
    }
    Ok(record)
}

fn stamp(members: &Map<String, Json>, name: &str) -> Option<Timestamp> {
    members.get(name)?.as_str()?.parse().ok()
}

fn read_form(form: Form, json: &Json) -> Result<Value, &'static str> {
    match (form, json) {
        (_, Json::Null) => Ok(Value::Null),
        (Form::Text | Form::Email | Form::Phone | Form::Role | Form::Id, Json::String(text)) => Ok(Value::text(text.as_str())),
        (Form::Text | Form::Id, Json::Number(number)) => Ok(Value::text(number.to_string())),
        (Form::Text | Form::Email | Form::Phone | Form::Role | Form::Id, _) => Err("a text"),
        (Form::Flag, Json::Bool(flag)) => Ok(Value::Bool(*flag)),
        (Form::Flag, _) => Err("a boolean"),
        (Form::Integer, json) => json.as_i64().map(Value::Integer).ok_or("a whole number"),
        (Form::Moment, json) => json.as_str().and_then(|text| text.parse().ok()).map(Value::DateTime).ok_or("a time stamp"),
        (Form::Texts, Json::Array(items)) => {
            let texts: Option<Vec<String>> = items.iter().map(|item| item.as_str().map(str::to_owned)).collect();
            texts.map(Value::set).ok_or("a list of texts")
        }
        (Form::Texts, _) => Err("a list of texts"),
    }
}

/// Adds what the agent's availability says. An agent without one (a light agent, say) has no status.
///
/// The record's stamp is the younger one of user and status. Where the status has none (in Talk), neither has the record: the user's own would make a
/// new status look old.
pub(crate) fn add_status(record: &mut Record, status: Option<&Status>, catalogue: &Catalogue) {
    let mut put = |name: &str, value: Value| record.fields.insert(FieldName::new(name), value);
    let Some(status) = status else {
        for name in STATUS_FIELDS {
            put(name, Value::Null);
        }
        return;
    };
    let (value, own) = catalogue.value(status);
    put(STATUS, Value::text(value));
    put(STATUS_ID, status.id.map_or(Value::Null, |id| Value::text(id.to_string())));
    put(STATUS_IS_CUSTOM, Value::Bool(own));
    put(STATUS_UPDATED_AT, status.updated_at.map_or(Value::Null, Value::DateTime));
    record.version = status.updated_at.and_then(|since| record.version.map(|version| Version(version.0.max(since))));
}

/// The record with the selected fields alone.
pub(crate) fn select(mut record: Record, selection: &Selection) -> Record {
    record.fields.retain(|name, _| selection.fields.contains(name));
    record
}

/// The members of an update's body, and the status to set. Or what of these fields cannot be sent.
pub(crate) struct Wish {
    pub(crate) members: Map<String, Json>,
    pub(crate) status: Option<String>,
}

impl Wish {
    pub(crate) fn of(fields: &std::collections::BTreeMap<FieldName, Value>) -> Result<Self, Vec<syncline_model::Problem>> {
        let mut wish = Self { members: Map::new(), status: None };
        let mut problems = Vec::new();
        for (name, value) in fields {
            let problem = |code: &str, words: String| syncline_model::Problem { field: Some(name.clone()), code: code.to_owned(), words };
            if name.as_str() == STATUS {
                match value {
                    Value::Text(status) => wish.status = Some(status.clone()),
                    other @ (Value::Null
                    | Value::Bool(_)
                    | Value::Integer(_)
                    | Value::Decimal(_)
                    | Value::Date(_)
                    | Value::DateTime(_)
                    | Value::Set(_)
                    | Value::Reference(_)) => problems.push(problem(
                        "no_status",
                        format!("an agent always has a status, and Syncline was given a {}; nothing was sent", other.type_name()),
                    )),
                }
                continue;
            }
            let json = match value {
                Value::Null => Some(Json::Null),
                Value::Text(text) => Some(Json::String(text.clone())),
                Value::Reference(id) => Some(Json::String(id.to_string())),
                Value::Integer(number) => Some(Json::String(number.to_string())),
                Value::Bool(_) | Value::Decimal(_) | Value::Date(_) | Value::DateTime(_) | Value::Set(_) => None,
            };
            match (attribute(name.as_str()).filter(|attribute| attribute.writable), json) {
                (Some(attribute), Some(json)) => {
                    wish.members.insert(attribute.name.to_owned(), json);
                }
                (Some(_), None) => {
                    let words = format!("Syncline was given a {} where Zendesk takes a text; nothing was sent", value.type_name());
                    problems.push(problem("datatype_mismatch", words));
                }
                (None, _) => problems.push(problem("readonly_field", "this field cannot be written; nothing was sent".to_owned())),
            }
        }
        if problems.is_empty() { Ok(wish) } else { Err(problems) }
    }
}

/// The fields of an agent: the statuses are the account's.
pub(crate) fn schema(kind: &ObjectKind, statuses: Vec<Choice>) -> ObjectSchema {
    let mut fields: Vec<FieldSchema> = ATTRIBUTES.iter().map(described).collect();
    let fixed = |name: &str, label: &str, field_type: FieldType, updatable: bool| {
        let mut field = FieldSchema::new(name, label, field_type);
        (field.creatable, field.updatable) = (false, updatable);
        field
    };
    fields.push(fixed(STATUS, "Status", FieldType::Choice { choices: statuses, restricted: true }, true));
    fields.push(fixed(STATUS_ID, "Status id", FieldType::Text, false));
    fields.push(fixed(STATUS_IS_CUSTOM, "Status is the account's own", FieldType::Bool, false));
    fields.push(fixed(STATUS_UPDATED_AT, "Status since", FieldType::DateTime, false));
    ObjectSchema { kind: kind.clone(), fields }
}

/// The statuses where the account's list is not asked: Talk has the default ones alone.
pub(crate) fn talk_statuses() -> Vec<Choice> {
    default_choices()
}

fn described(attribute: &Attribute) -> FieldSchema {
    let field_type = match attribute.form {
        Form::Text => FieldType::Text,
        Form::Email => FieldType::Email,
        Form::Phone => FieldType::Phone,
        Form::Flag => FieldType::Bool,
        Form::Integer => FieldType::Integer,
        Form::Moment => FieldType::DateTime,
        Form::Texts => FieldType::Set { choices: Vec::new() },
        Form::Role => {
            let choice = |value: &str, label: &str| Choice { value: value.to_owned(), label: label.to_owned() };
            FieldType::Choice { choices: vec![choice("agent", "Agent"), choice("admin", "Administrator")], restricted: true }
        }
        Form::Id => FieldType::Id,
    };
    let mut field = FieldSchema::new(attribute.name, attribute.label, field_type);
    // Nobody is made an agent through Syncline: that takes a paid seat.
    (field.creatable, field.updatable) = (false, attribute.writable);
    field.unique = matches!(attribute.name, "id" | "email");
    field
}

/// The users of an answer: a list, one, or a user by itself. `agent_status` may stand beside a user's own members.
pub(crate) fn users(body: &Json) -> Result<Vec<&Json>, Fault> {
    match (body.get("users"), body.get("user"), body.get("id")) {
        (Some(Json::Array(users)), _, _) => Ok(users.iter().collect()),
        (None, Some(user), _) if user.is_object() => Ok(vec![user]),
        (None, None, Some(_)) => Ok(vec![body]),
        (_, _, _) => Err(drift("users", "a list of users, or one", "something else")),
    }
}

#[cfg(test)]
#[path = "agent_tests.rs"]
mod tests;
