//! Holds a config against the vendors' metadata: fields that are missing, cannot be written, or do not fit each other.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use syncline_mapping::{Conflict, FieldMapping, Lens, ObjectMapping};
use syncline_model::{ConnectionName, FieldName, FieldSchema, FieldType, MappingName, ObjectKind, ObjectSchema, Side, SyncName};

use crate::config::{Config, Sync};
use crate::findings::{listed, nearest};
use crate::sync::SIDES;
use crate::types;

/// The fewest characters that a link field takes: design FS-9 makes it a text of 40.
pub const LINK_FIELD_CHARACTERS_MIN: u32 = 40;

/// What the vendors' metadata says, by connection and object.
pub type Schemas = BTreeMap<(ConnectionName, ObjectKind), ObjectSchema>;

/// Whether a sync can run with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The field cannot be synced as it is mapped.
    Error,
    /// It can, and some records may be reported.
    Warning,
}

/// What is wrong with one field, on the side where it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldIssue {
    pub severity: Severity,
    pub sync: SyncName,
    pub mapping: MappingName,
    /// The vendor's name of the field; `None` where the whole object is meant.
    pub field: Option<FieldName>,
    pub side: Side,
    pub problem: String,
    pub hint: String,
}

/// Issues of one mapping as they are found.
pub(crate) struct Issues<'a> {
    sync: &'a Sync,
    mapping: &'a ObjectMapping,
    found: Vec<FieldIssue>,
}

impl Issues<'_> {
    pub(crate) fn add(
        &mut self,
        severity: Severity,
        side: Side,
        field: Option<&FieldName>,
        problem: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.found.push(FieldIssue {
            severity,
            sync: self.sync.name.clone(),
            mapping: self.mapping.name.clone(),
            field: field.cloned(),
            side,
            problem: problem.into(),
            hint: hint.into(),
        });
    }

    pub(crate) fn error(&mut self, side: Side, field: &FieldName, problem: impl Into<String>, hint: impl Into<String>) {
        self.add(Severity::Error, side, Some(field), problem, hint);
    }

    pub(crate) fn warning(&mut self, side: Side, field: &FieldName, problem: impl Into<String>, hint: impl Into<String>) {
        self.add(Severity::Warning, side, Some(field), problem, hint);
    }
}

/// Checks one sync of the config, errors first. An object without metadata is one warning, and is otherwise passed over.
pub fn check_fields(config: &Config, sync: &Sync, schemas: &Schemas) -> Vec<FieldIssue> {
    let mut all = Vec::new();
    for mapping in &sync.mappings {
        let mut issues = Issues { sync, mapping, found: Vec::new() };
        let schema = |side: Side| schemas.get(&(sync.connection(side).clone(), mapping.kind.of(side).clone()));
        for (side, _) in SIDES {
            if let Some(schema) = schema(side) {
                check_side(mapping, side, schema, &mut issues);
                continue;
            }
            let connection = sync.connection(side);
            let system = config.system(connection).map_or_else(String::new, |system| format!(" ({system})"));
            let problem = format!("the fields of {}{system} are not known: {connection} was not asked for them", mapping.kind.of(side));
            issues.add(Severity::Warning, side, None, problem, "run `syncline preflight` when the connection works");
        }
        if let (Some(left), Some(right)) = (schema(Side::Left), schema(Side::Right)) {
            for field in &mapping.fields {
                types::check_pair(sync, field, left, right, &mut issues);
            }
        }
        all.extend(issues.found);
    }
    all.sort_by_key(|issue| issue.severity);
    all
}

fn check_side(mapping: &ObjectMapping, side: Side, schema: &ObjectSchema, issues: &mut Issues<'_>) {
    let mut named: BTreeSet<&FieldName> = mapping.fields.iter().flat_map(|field| field.lens.of(side).fields()).collect();
    named.extend(mapping.match_keys.iter().map(|key| key.field.of(side)));
    named.extend(mapping.need_one_of.of(side));
    for name in named.into_iter().filter(|name| schema.field(name.as_str()).is_none()) {
        let known = || schema.fields.iter().map(|field| field.name.as_str());
        let hint = match nearest(name.as_str(), known()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => {
                format!("list the object's fields with `syncline fields`, or make it: {} has {} fields", schema.kind, schema.fields.len())
            }
        };
        issues.error(side, name, format!("{} has no field `{name}`, or the connected user may not see it", schema.kind), hint);
    }
    if let Some(link) = mapping.link_field.of(side) {
        check_link(link, side, schema, issues);
    }
    for field in &mapping.fields {
        for name in field.lens.of(side).fields() {
            if let Some(found) = schema.field(name.as_str()) {
                if field.flow.reaches(side) {
                    check_target(mapping, field, found, side, issues);
                }
                if field.conflict == Conflict::OptOutWins && found.field_type != FieldType::Bool {
                    let problem =
                        format!("`{name}` is {}, and `opt_out_wins` is for a field that is true or false", types::title(&found.field_type));
                    issues.error(side, name, problem, "choose `master`, `latest` or `hold` for this field's conflict");
                }
            }
        }
    }
    if *mapping.create.of(side) {
        check_required(mapping, side, schema, issues);
    }
}

/// FS-9: the field in which the other side's id is carried.
fn check_link(link: &FieldName, side: Side, schema: &ObjectSchema, issues: &mut Issues<'_>) {
    let Some(field) = schema.field(link.as_str()) else {
        let hint = "make it with `syncline provision`, or by hand: a text field of 40 characters";
        return issues.error(side, link, format!("{} has no link field `{link}`, or the connected user may not see it", schema.kind), hint);
    };
    if field.field_type != FieldType::Text {
        let problem = format!("the link field `{link}` is {}, and must be plain text", types::title(&field.field_type));
        issues.error(side, link, problem, "name a text field under `link`, or make one with `syncline provision`");
    }
    if let Some(length) = field.length.filter(|length| *length < LINK_FIELD_CHARACTERS_MIN) {
        let problem = format!("the link field `{link}` takes {length} characters, and needs {LINK_FIELD_CHARACTERS_MIN}");
        issues.error(side, link, problem, "lengthen it at the vendor");
    }
    // An id that is chosen when the record is made carries the other side's for good.
    if field.calculated || !field.creatable || !(field.updatable || field.is_own_key()) {
        let hint = "give the connected user the right to edit it; a formula cannot be a link field";
        issues.error(side, link, format!("the link field `{link}` cannot be written"), hint);
    }
    if field.visible == Some(true) {
        let hint = "hide it from agents: a link that is edited by hand points to another record";
        issues.warning(side, link, format!("the link field `{link}` is visible to agents"), hint);
    }
}

/// FS-17: what may not be written to.
fn check_target(mapping: &ObjectMapping, field: &FieldMapping, found: &FieldSchema, side: Side, issues: &mut Issues<'_>) {
    let name = &found.name;
    let one_way = format!("let changes come from it only: `direction: {}`, or remove the field", side.of("left_to_right", "right_to_left"));
    let is_reference = matches!(field.lens.of(side), Lens::Reference { .. } | Lens::Owner { .. });
    match &found.field_type {
        FieldType::Id => return issues.error(side, name, format!("`{name}` is the record's own id, which the system gives"), one_way),
        FieldType::Reference { .. } if !is_reference => {
            let hint = "say which object mapping links those records: `reference: <object mapping>`; or that it is the record's owner: `as: owner`";
            return issues.error(side, name, format!("`{name}` is a lookup: it takes the id of another record of its own system"), hint);
        }
        FieldType::Other(word) => {
            let problem = format!("`{name}` is of the type `{word}`, which cannot be synced");
            return issues.error(side, name, problem, "remove the field");
        }
        FieldType::Bool
        | FieldType::Integer
        | FieldType::Decimal
        | FieldType::Text
        | FieldType::Email
        | FieldType::Phone
        | FieldType::Date
        | FieldType::DateTime
        | FieldType::Choice { .. }
        | FieldType::Set { .. }
        | FieldType::Reference { .. } => {}
    }
    if found.calculated {
        return issues.error(side, name, format!("`{name}` is a formula: its system computes it"), one_way);
    }
    if !found.updatable {
        let hint = format!("give the connected user the right to edit it, or {one_way}");
        return issues.error(side, name, format!("`{name}` cannot be changed"), hint);
    }
    if !found.creatable && *mapping.create.of(side) {
        let hint = format!("{one_way}; or create no records there: `create: {{ {side}: false }}`");
        issues.error(side, name, format!("`{name}` cannot be given when a record is created"), hint);
    }
}

/// Fields without which the vendor makes no record, but for the link field, which is always written.
fn required<'a>(mapping: &'a ObjectMapping, side: Side, schema: &'a ObjectSchema) -> impl Iterator<Item = &'a FieldSchema> {
    let link = mapping.link_field.of(side);
    schema.fields.iter().filter(move |field| {
        let ours = field.required && field.creatable && !field.calculated && field.field_type != FieldType::Id;
        ours && link.as_ref() != Some(&field.name)
    })
}

/// FS-14: a required field that nothing fills.
fn check_required(mapping: &ObjectMapping, side: Side, schema: &ObjectSchema, issues: &mut Issues<'_>) {
    let fills =
        |name: &FieldName| mapping.fields.iter().any(|field| field.flow.reaches(side) && field.lens.of(side).fields().contains(&name));
    for field in required(mapping, side, schema).filter(|field| !fills(&field.name)) {
        let problem = format!("{} needs `{}` for a new record, and nothing is mapped to it", schema.kind, field.name);
        let hint = format!(
            "map a field to it, or create no records there: `create: {{ {side}: false }}`; until then new records are reported, not created"
        );
        issues.warning(side, &field.name, problem, hint);
    }
}

/// Fills in what only the metadata knows: the fields without which a record cannot be created.
pub fn apply_schemas(sync: &mut Sync, schemas: &Schemas) {
    let connections = [sync.left.clone(), sync.right.clone()];
    for mapping in &mut sync.mappings {
        for (side, _) in SIDES {
            let [left, right] = &connections;
            let key = (side.of(left, right).clone(), mapping.kind.of(side).clone());
            if let Some(schema) = schemas.get(&key) {
                let names: Vec<FieldName> = required(mapping, side, schema).map(|field| field.name.clone()).collect();
                *mapping.required.of_mut(side) = names;
            }
        }
    }
}

/// Names for a sentence, every one of them.
pub(crate) fn options(names: &[&str]) -> String {
    listed(names.iter().copied()).replace(" or ", ", ")
}
