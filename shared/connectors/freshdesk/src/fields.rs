//! Metadata of fields, and the making of one. Pure.

use serde_json::{Value as Json, json};
use syncline_model::{Choice, Fault, FieldSchema, FieldType, ObjectKind, ObjectSchema, Problem};

use crate::attributes::{CUSTOM, Form, Kind, without_prefix};
use crate::envelope::{drift, object};

/// The object's fields: those that the metadata lists, then the attributes that it leaves out.
pub(crate) fn schema(kind: Kind, rows: &[Json]) -> Result<ObjectSchema, Fault> {
    let mut fields: Vec<FieldSchema> = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        let members = object(&format!("[{index}]"), row)?;
        let name = members.get("name").and_then(Json::as_str);
        let name = name.ok_or_else(|| drift(&format!("[{index}].name"), "a text", "something else"))?;
        let field = field(kind, name, row);
        if !fields.iter().any(|known| known.name == field.name) {
            fields.push(field);
        }
    }
    for field in unlisted(kind) {
        if !fields.iter().any(|known| known.name == field.name) {
            fields.push(field);
        }
    }
    Ok(ObjectSchema { kind: kind.object(), fields })
}

fn field(kind: Kind, name: &str, row: &Json) -> FieldSchema {
    let flag = |names: &[&str]| names.iter().find_map(|name| row.get(*name).and_then(Json::as_bool));
    let label = row.get("label").and_then(Json::as_str).unwrap_or(name);
    // Accounts of the first years say `field_type` (fact sheet §2.5).
    let type_name = ["type", "field_type"].iter().find_map(|key| row.get(*key).and_then(Json::as_str)).unwrap_or("");
    let custom = type_name.starts_with("custom") || (flag(&["default"]) == Some(false) && kind.attribute(attribute_name(name)).is_none());
    let choices = row.get("choices").map(|choices| read_choices(name, choices)).unwrap_or_default();
    let (name, field_type) = if custom {
        (format!("{CUSTOM}.{}", without_prefix(name)), custom_type(type_name, choices))
    } else {
        let name = attribute_name(name);
        (name.to_owned(), default_type(kind, name, type_name, choices))
    };
    let mut schema = FieldSchema::new(name.as_str(), label, field_type);
    schema.custom = custom;
    schema.required = flag(&["required_for_agents", "required_for_agent"]).unwrap_or(false) || name == "name";
    schema.unique = flag(&["unique"]).unwrap_or(false) || is_unique(kind, &name);
    schema.visible = flag(&["displayed_for_agents", "agents_can_edit"]);
    if !custom && !kind.attribute(&name).is_some_and(|attribute| attribute.writable) {
        read_only(&mut schema);
    }
    schema
}

/// The metadata names two fields otherwise than the records do (fact sheet §2.5: documented).
fn attribute_name(name: &str) -> &str {
    match name {
        "company_name" => "company_id",
        "tag_names" => "tags",
        other => other,
    }
}

/// Unique in every account (fact sheet §2.1, §2.2: documented).
fn is_unique(kind: Kind, name: &str) -> bool {
    match kind {
        Kind::Contact => ["email", "other_emails", "twitter_id", "unique_external_id"].contains(&name),
        Kind::Company => ["name", "domains"].contains(&name),
    }
}

fn default_type(kind: Kind, name: &str, type_name: &str, choices: Vec<Choice>) -> FieldType {
    match name {
        "email" => FieldType::Email,
        "phone" | "mobile" => FieldType::Phone,
        "language" | "time_zone" | "health_score" | "account_tier" | "industry" if !choices.is_empty() => {
            FieldType::Choice { choices, restricted: true }
        }
        "twitter_profile_status" => FieldType::Bool,
        "twitter_followers_count" => FieldType::Integer,
        _ => match kind.attribute(name) {
            Some(attribute) => form_type(attribute.form),
            None => FieldType::Other(type_name.to_owned()),
        },
    }
}

fn form_type(form: Form) -> FieldType {
    match form {
        Form::Text => FieldType::Text,
        Form::Flag => FieldType::Bool,
        Form::Company => FieldType::Reference { to: vec![ObjectKind::new("company")] },
        Form::Texts | Form::Companies => FieldType::Set { choices: Vec::new() },
        Form::Day => FieldType::Date,
        Form::Moment => FieldType::DateTime,
    }
}

fn custom_type(type_name: &str, choices: Vec<Choice>) -> FieldType {
    match type_name {
        "custom_text" | "custom_paragraph" | "custom_url" => FieldType::Text,
        "custom_checkbox" => FieldType::Bool,
        "custom_number" => FieldType::Integer,
        "custom_dropdown" => FieldType::Choice { choices, restricted: true },
        "custom_phone_number" => FieldType::Phone,
        "custom_date" => FieldType::Date,
        other => FieldType::Other(other.to_owned()),
    }
}

/// Attributes that records have and the metadata does not list.
fn unlisted(kind: Kind) -> Vec<FieldSchema> {
    let mut id = FieldSchema::new("id", "ID", FieldType::Id);
    id.unique = true;
    read_only(&mut id);
    let names: &[&str] = match kind {
        Kind::Contact => &[
            "other_emails",
            "view_all_tickets",
            "other_companies",
            "active",
            "contact_type",
            "first_name",
            "last_name",
            "created_at",
            "updated_at",
        ],
        Kind::Company => &["created_at", "updated_at"],
    };
    let attributes = names.iter().filter_map(|name| kind.attribute(name)).map(|attribute| {
        let mut field = FieldSchema::new(attribute.name, attribute.name.replace('_', " "), form_type(attribute.form));
        field.unique = is_unique(kind, attribute.name);
        if !attribute.writable {
            read_only(&mut field);
        }
        field
    });
    std::iter::once(id).chain(attributes).collect()
}

fn read_only(field: &mut FieldSchema) {
    field.creatable = false;
    field.updatable = false;
    field.calculated = true;
}

/// Choices come as objects, as texts, as pairs, or as a map (fact sheet §2.5).
fn read_choices(name: &str, choices: &Json) -> Vec<Choice> {
    let text = |json: &Json| json.as_str().map(str::to_owned).or_else(|| json.as_i64().map(|number| number.to_string()));
    match choices {
        Json::Array(items) => items
            .iter()
            .filter_map(|item| match item {
                Json::Array(pair) => {
                    let label = pair.first().and_then(text)?;
                    Some(Choice { value: pair.get(1).and_then(text).unwrap_or_else(|| label.clone()), label })
                }
                Json::Object(members) => {
                    let value = members.get("value").or_else(|| members.get("label")).and_then(text)?;
                    Some(Choice { label: members.get("label").and_then(text).unwrap_or_else(|| value.clone()), value })
                }
                Json::String(_) | Json::Number(_) => text(item).map(|value| Choice { label: value.clone(), value }),
                Json::Null | Json::Bool(_) => None,
            })
            .collect(),
        Json::Object(members) => members
            .iter()
            .filter_map(|(key, inner)| {
                let inner = text(inner)?;
                // Languages are mapped from code to name in some accounts and from name to code in others: the code is the shorter one.
                let key_is_value = name != "language" || key.len() <= inner.len();
                Some(if key_is_value { Choice { value: key.clone(), label: inner } } else { Choice { value: inner, label: key.clone() } })
            })
            .collect(),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => Vec::new(),
    }
}

/// The field that stands for a wished one already, by name or label.
pub(crate) fn standing<'a>(schema: &'a ObjectSchema, wish: &FieldSchema) -> Option<&'a FieldSchema> {
    let name = wish.name.as_str();
    let by_name = schema.field(name).or_else(|| schema.field(&format!("{CUSTOM}.{}", wished_name(wish))));
    by_name.or_else(|| schema.fields.iter().find(|field| field.custom && field.label.eq_ignore_ascii_case(&wish.label)))
}

/// Whether a standing field can serve as the wished one; else a sentence that says why not.
pub(crate) fn agrees(standing: &FieldSchema, wish: &FieldSchema) -> Result<(), Fault> {
    let same = match (&standing.field_type, &wish.field_type) {
        (FieldType::Choice { choices: here, .. }, FieldType::Choice { choices: wished, .. }) => {
            wished.iter().all(|choice| here.iter().any(|known| known.value == choice.value))
        }
        (FieldType::Text, FieldType::Text | FieldType::Id | FieldType::Email) => true,
        (here, wished) => here == wished,
    };
    if same {
        return Ok(());
    }
    let words = format!(
        "Freshdesk already has the field \"{}\" with another type or other options; rename it there, or map it as it is",
        standing.label
    );
    Err(Fault::Rejected { problems: vec![Problem { field: Some(standing.name.clone()), code: "field_type_differs".to_owned(), words }] })
}

/// The body that makes a field. Customers neither see nor edit it; agents see it, for Freshdesk lets nobody write what agents may not edit
/// (`inaccessible_field`, fact sheet §2.4).
pub(crate) fn creation(kind: Kind, wish: &FieldSchema) -> Result<Json, Fault> {
    let type_name = match &wish.field_type {
        FieldType::Text | FieldType::Email | FieldType::Id => "custom_text",
        FieldType::Bool => "custom_checkbox",
        FieldType::Integer => "custom_number",
        FieldType::Date => "custom_date",
        FieldType::Phone => "custom_phone_number",
        FieldType::Choice { .. } => "custom_dropdown",
        FieldType::Decimal | FieldType::DateTime | FieldType::Set { .. } | FieldType::Reference { .. } | FieldType::Other(_) => {
            return Err(Fault::Unsupported { capability: format!("custom {} field of the type wished for {}", kind.name(), wish.name) });
        }
    };
    let label = label(wish);
    let mut body = json!({ "label": label, "type": type_name, "required_for_agents": wish.required });
    if kind == Kind::Contact {
        body["label_for_customers"] = json!(label);
        body["customers_can_edit"] = json!(false);
        body["displayed_for_customers"] = json!(false);
    }
    // Only texts may be unique (fact sheet §2.5: documented).
    if wish.unique && type_name == "custom_text" {
        body["unique"] = json!(true);
    }
    if let FieldType::Choice { choices, .. } = &wish.field_type {
        body["choices"] = choices.iter().zip(1..).map(|(choice, position)| json!({"value": choice.value, "position": position})).collect();
    }
    Ok(body)
}

/// The same without what only newer accounts take in a field's creation.
pub(crate) fn plain_creation(body: &Json) -> Json {
    let mut plain = body.clone();
    if let Some(members) = plain.as_object_mut() {
        members.remove("customers_can_edit");
        members.remove("displayed_for_customers");
    }
    plain
}

/// The name is made of the label at creation (fact sheet §2.4): a label that would give another name gives way to the name.
fn label(wish: &FieldSchema) -> String {
    let name = wished_name(wish);
    if slug(&wish.label) == name { wish.label.clone() } else { name }
}

fn wished_name(wish: &FieldSchema) -> String {
    let name = wish.name.as_str();
    without_prefix(name.strip_prefix("custom_fields.").unwrap_or(name)).to_lowercase()
}

fn slug(label: &str) -> String {
    let mut slug = String::new();
    for c in label.trim().to_lowercase().chars() {
        if c.is_alphanumeric() {
            slug.push(c);
        } else if !slug.ends_with('_') {
            slug.push('_');
        }
    }
    slug.trim_matches('_').to_owned()
}

#[cfg(test)]
#[path = "fields_tests.rs"]
mod tests;
