//! Describe answers: what an object's fields are, and which of a selection may be asked for.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::value::RawValue;
use syncline_engine::ports::connector::{BadRecord, Selection};
use syncline_model::{Choice, Fault, FieldSchema, FieldType, ObjectKind, ObjectSchema, Presence, Record, Value, Version};

use crate::id;
use crate::values::{WireType, date_time, typed};
use crate::wire::{Node, items, type_name};

/// An object as describe shows it to our user. Fields hidden from us are simply missing (fact sheet §2.8: documented).
#[derive(Clone, Debug)]
pub(crate) struct Described {
    pub(crate) createable: bool,
    pub(crate) updateable: bool,
    pub(crate) deletable: bool,
    pub(crate) fields: IndexMap<String, Field>,
}

/// One described field.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    pub(crate) schema: FieldSchema,
    /// `None` for compound, binary and other types that are not carried.
    pub(crate) wire: Option<WireType>,
    /// The name under which a lookup's parent is read: `Account` for `AccountId`.
    pub(crate) relationship: Option<String>,
    pub(crate) targets: Vec<String>,
    /// Whether SOQL takes it in a WHERE.
    pub(crate) filterable: bool,
}

/// What is read of an object's describe, not taken apart yet.
#[derive(Deserialize)]
struct WireObject<'a> {
    #[serde(borrow)]
    fields: Option<&'a RawValue>,
    createable: Option<&'a RawValue>,
    updateable: Option<&'a RawValue>,
    deletable: Option<&'a RawValue>,
}

/// What is read of a field's describe. It has some sixty members, and an object hundreds of fields: the others are passed over.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireField<'a> {
    #[serde(borrow)]
    name: Option<&'a RawValue>,
    r#type: Option<&'a RawValue>,
    label: Option<&'a RawValue>,
    length: Option<&'a RawValue>,
    reference_to: Option<&'a RawValue>,
    relationship_name: Option<&'a RawValue>,
    picklist_values: Option<&'a RawValue>,
    restricted_picklist: Option<&'a RawValue>,
    createable: Option<&'a RawValue>,
    updateable: Option<&'a RawValue>,
    nillable: Option<&'a RawValue>,
    defaulted_on_create: Option<&'a RawValue>,
    unique: Option<&'a RawValue>,
    calculated: Option<&'a RawValue>,
    auto_number: Option<&'a RawValue>,
    external_id: Option<&'a RawValue>,
    custom: Option<&'a RawValue>,
    filterable: Option<&'a RawValue>,
}

/// A member as a tree; `None` where it is missing.
fn node(member: Option<&RawValue>) -> Option<Node> {
    Node::of_raw(member?).ok()
}

fn text(member: Option<&RawValue>) -> Option<String> {
    if let Node::Text(text) = node(member)? { Some(text) } else { None }
}

fn list(member: Option<&RawValue>) -> Vec<Node> {
    if let Some(Node::List(items)) = node(member) { items } else { Vec::new() }
}

fn truth(member: Option<&RawValue>) -> Option<bool> {
    node(member)?.as_bool()
}

fn flag(member: Option<&RawValue>) -> bool {
    truth(member).unwrap_or(false)
}

impl Described {
    /// # Errors
    /// `Fault::Drift` where the answer is no describe.
    pub(crate) fn read(answer: &RawValue) -> Result<Self, Fault> {
        let drift = |found: &str| Fault::Drift { path: "fields".into(), expected: "list".into(), found: found.into() };
        let object: WireObject = serde_json::from_str(answer.get()).map_err(|_| drift("nothing"))?;
        let fields = object.fields.ok_or_else(|| drift("nothing"))?;
        let fields = items(fields).ok_or_else(|| drift(type_name(fields)))?;
        let fields = fields.into_iter().filter_map(Field::read).map(|field| (field.schema.name.as_str().to_owned(), field)).collect();
        Ok(Self { createable: flag(object.createable), updateable: flag(object.updateable), deletable: flag(object.deletable), fields })
    }

    pub(crate) fn schema(&self, kind: &ObjectKind) -> ObjectSchema {
        ObjectSchema { kind: kind.clone(), fields: self.fields.values().map(|field| field.schema.clone()).collect() }
    }

    /// The lookup behind a relationship name.
    pub(crate) fn relationship(&self, name: &str) -> Option<&Field> {
        self.fields.values().find(|field| field.relationship.as_deref() == Some(name))
    }

    pub(crate) fn wire(&self, name: &str) -> Option<WireType> {
        self.fields.get(name).and_then(|field| field.wire)
    }
}

impl Field {
    fn read(field: &RawValue) -> Option<Self> {
        let field: WireField = serde_json::from_str(field.get()).ok()?;
        let name = text(field.name)?;
        let kind = text(field.r#type).unwrap_or_default();
        let targets: Vec<String> = list(field.reference_to).iter().filter_map(Node::as_text).map(str::to_owned).collect();
        let choices = || {
            let choices = list(field.picklist_values);
            let active = choices.iter().filter(|choice| choice.get("active").and_then(Node::as_bool).unwrap_or(true));
            active
                .filter_map(|choice| {
                    let value = choice.text_at("value")?;
                    Some(Choice { value: value.to_owned(), label: choice.text_at("label").unwrap_or(value).to_owned() })
                })
                .collect()
        };
        let (wire, field_type) = match kind.as_str() {
            "boolean" => (Some(WireType::Bool), FieldType::Bool),
            "int" | "long" => (Some(WireType::Integer), FieldType::Integer),
            "double" | "currency" | "percent" => (Some(WireType::Decimal), FieldType::Decimal),
            "date" => (Some(WireType::Date), FieldType::Date),
            "datetime" => (Some(WireType::DateTime), FieldType::DateTime),
            "email" => (Some(WireType::Text), FieldType::Email),
            "phone" => (Some(WireType::Text), FieldType::Phone),
            "string" | "textarea" | "url" | "encryptedstring" => (Some(WireType::Text), FieldType::Text),
            "picklist" => (Some(WireType::Text), FieldType::Choice { choices: choices(), restricted: flag(field.restricted_picklist) }),
            "combobox" => (Some(WireType::Text), FieldType::Choice { choices: choices(), restricted: false }),
            "multipicklist" => (Some(WireType::Set), FieldType::Set { choices: choices() }),
            "reference" => (
                Some(WireType::Reference),
                FieldType::Reference { to: targets.iter().map(|kind| ObjectKind::new(kind.as_str())).collect() },
            ),
            "id" => (Some(WireType::Id), FieldType::Id),
            "time" => (Some(WireType::Text), FieldType::Other("time".into())),
            other => (None, FieldType::Other(other.to_owned())),
        };
        let mut schema = FieldSchema::new(name.as_str(), text(field.label).unwrap_or_else(|| name.clone()), field_type);
        schema.creatable = flag(field.createable);
        schema.updatable = flag(field.updateable);
        schema.required = schema.creatable && truth(field.nillable) == Some(false) && !flag(field.defaulted_on_create);
        schema.unique = flag(field.unique);
        schema.calculated = flag(field.calculated) || flag(field.auto_number);
        schema.upsert_key = flag(field.external_id);
        schema.length = node(field.length)
            .as_ref()
            .and_then(Node::as_integer)
            .and_then(|length| u32::try_from(length).ok())
            .filter(|&length| length > 0);
        schema.custom = flag(field.custom);
        Some(Self {
            schema,
            wire,
            relationship: text(field.relationship_name),
            targets,
            filterable: truth(field.filterable).unwrap_or(true),
        })
    }
}

/// What is asked for and how it is read: the part of a selection that describe knows.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) kind: ObjectKind,
    /// Each field that is asked for, with its type; `None`: by its JSON.
    pub(crate) fields: BTreeMap<String, Option<WireType>>,
    /// Rows merge into their survivor (Account, Contact, Lead).
    pub(crate) merges: bool,
    /// The organisation has person accounts: their rows are left out.
    pub(crate) persons: bool,
}

impl Plan {
    /// The selection without what describe does not know. `parents` holds the described objects behind relationships, by object name.
    pub(crate) fn new(selection: &Selection, described: &Described, parents: &BTreeMap<String, std::sync::Arc<Described>>) -> Self {
        let mut fields = BTreeMap::new();
        for name in selection.fields.iter().map(syncline_model::FieldName::as_str) {
            match resolve(name, described, parents) {
                Asked::No => None,
                Asked::Typed(wire) => fields.insert(name.to_owned(), Some(wire)),
                Asked::Untyped => fields.insert(name.to_owned(), None),
            };
        }
        Self {
            kind: selection.kind.clone(),
            fields,
            merges: ["Account", "Contact", "Lead"].contains(&selection.kind.as_str()),
            persons: described.fields.contains_key("IsPersonAccount"),
        }
    }

    /// The selection as it stands, read by its JSON.
    pub(crate) fn untyped(kind: &ObjectKind, fields: impl Iterator<Item = String>) -> Self {
        let fields = fields.filter(|name| crate::soql::is_name(name)).map(|name| (name, None)).collect();
        Self { kind: kind.clone(), fields, merges: false, persons: false }
    }

    /// Whether a field of a parent is asked for: collections do not carry those.
    pub(crate) fn has_parents(&self) -> bool {
        self.fields.keys().any(|name| name.contains('.'))
    }

    /// The field list of a SELECT, the system fields at its end.
    pub(crate) fn select(&self, with_deletion: bool) -> String {
        let mut names: Vec<&str> = self.fields.keys().map(String::as_str).collect();
        let merges = with_deletion && self.merges;
        for (name, wanted) in [("Id", true), ("IsDeleted", with_deletion), ("MasterRecordId", merges), ("SystemModstamp", true)] {
            if wanted && !names.contains(&name) {
                names.push(name);
            }
        }
        names.join(",")
    }

    /// Reads one row: its system fields, and of the rest what was asked for.
    ///
    /// # Errors
    /// `BadRecord` with `Fault::Drift` where the row has no id, or a field another type.
    pub(crate) fn record(&self, row: &Node) -> Result<Record, BadRecord> {
        let Some(id) = row_id(row) else {
            let fault =
                Fault::Drift { path: "Id".into(), expected: "id".into(), found: row.get("Id").map_or("nothing", Node::type_name).into() };
            return Err(BadRecord { id: None, fault });
        };
        let mut record = Record::new(self.kind.clone(), id::record_id(&id)).with_presence(presence(row));
        if let Some(stamp) = row.text_at("SystemModstamp").and_then(date_time) {
            record = record.with_version(Version(stamp));
        }
        for (name, wire) in &self.fields {
            let Some(node) = at_path(row, name) else { continue };
            let value = match wire {
                Some(wire) => typed(node, *wire, name),
                None => crate::values::guessed(node, name),
            };
            let value = value.map_err(|fault| BadRecord { id: Some(record.id.clone()), fault })?;
            record = record.with_field(name.as_str(), value);
        }
        Ok(record)
    }
}

/// Whether and how a field is asked for.
enum Asked {
    No,
    Typed(WireType),
    /// Its type is not described: read by its JSON.
    Untyped,
}

fn resolve(name: &str, described: &Described, parents: &BTreeMap<String, std::sync::Arc<Described>>) -> Asked {
    let Some((relationship, rest)) = name.split_once('.') else {
        return described.wire(name).map_or(Asked::No, Asked::Typed);
    };
    match described.relationship(relationship).map(|lookup| lookup.targets.as_slice()) {
        Some([one]) => parents.get(one).map_or(Asked::No, |parent| resolve(rest, parent, parents)),
        // A lookup to several objects is read through their common part, which describe does not show.
        Some(_) if crate::soql::is_name(rest) => Asked::Untyped,
        Some(_) | None => Asked::No,
    }
}

/// The node at a dotted path; the null parent of an empty lookup stands for all its fields.
fn at_path<'a>(row: &'a Node, path: &str) -> Option<&'a Node> {
    let mut node = row;
    for step in path.split('.') {
        if matches!(node, Node::Null) {
            return Some(node);
        }
        node = node.get(step)?;
    }
    Some(node)
}

/// The row's id: its own member, or the end of its address.
pub(crate) fn row_id(row: &Node) -> Option<String> {
    if let Some(id) = row.text_at("Id").or_else(|| row.text_at("id")) {
        return Some(id.to_owned());
    }
    let url = row.get("attributes")?.text_at("url")?;
    url.rsplit('/').next().filter(|tail| !tail.is_empty()).map(str::to_owned)
}

/// Whether the row stands (fact sheet §3.2: documented): a merged one names its survivor.
pub(crate) fn presence(row: &Node) -> Presence {
    if !row.flag("IsDeleted") {
        return Presence::Live;
    }
    match row.text_at("MasterRecordId").filter(|id| !id.is_empty()) {
        Some(winner) => Presence::MergedInto(id::record_id(winner)),
        None => Presence::Deleted,
    }
}

/// Whether a value says something at all: an empty key finds nothing.
pub(crate) fn is_empty(value: &Value) -> bool {
    value.is_null() || matches!(value, Value::Text(text) if text.trim().is_empty())
}
