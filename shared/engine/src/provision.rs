//! Makes the link fields that are missing, at both vendors, and all mapped fields where the customer names the objects. What is there is never touched.

use std::collections::BTreeMap;

use serde::Serialize;
use syncline_mapping::{Lens, ObjectMapping};
use syncline_model::{CallError, ConnectionName, Deadline, FieldName, FieldSchema, FieldType, MappingName, ObjectKind, ObjectSchema, Side};

use crate::ports::connector::{ANY_KIND, FieldWish};
use crate::preflight::Trouble;
use crate::{EngineError, Sync};

/// The length of a link field, in characters: design FS-9.
pub const LINK_FIELD_CHARACTERS: u32 = 40;

/// One field and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Provisioned {
    pub mapping: MappingName,
    pub side: Side,
    pub connection: ConnectionName,
    pub kind: ObjectKind,
    pub field: FieldName,
    pub state: FieldState,
    /// Why it could not be looked at or made.
    pub trouble: Option<Trouble>,
}

/// What became of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldState {
    /// It was there, and was left as it is.
    There,
    /// It is missing, and nothing was made, because only a plan was asked for.
    Missing,
    Made,
    Failed,
}

/// Makes each missing link field of a sync, and where the customer names the objects (`ANY_KIND`) also the fields that are mapped; with `dry_run` only
/// says which. One that fails does not stop the others.
pub async fn provision(sync: &Sync, dry_run: bool, by: Deadline) -> Result<Vec<Provisioned>, EngineError> {
    let mut done = Vec::new();
    for mapping in &sync.mappings {
        for side in [Side::Left, Side::Right] {
            done.extend(object(sync, mapping, side, dry_run, by).await);
        }
    }
    Ok(done)
}

/// One object of one side: its fields are asked for once, and those of the other side only where mapped fields are made.
async fn object(sync: &Sync, mapping: &ObjectMapping, side: Side, dry_run: bool, by: Deadline) -> Vec<Provisioned> {
    let end = sync.ends.of(side);
    let kind = mapping.kind.of(side);
    let done = |field: &FieldName, state, trouble| Provisioned {
        mapping: mapping.name.clone(),
        side,
        connection: end.connection.clone(),
        kind: kind.clone(),
        field: field.clone(),
        state,
        trouble,
    };
    let makes_all = sync.facts(mapping, side).is_some_and(|facts| facts.kind == ANY_KIND);
    let link = mapping.link_field.of(side).as_ref().map(link_field);
    let failed = |fields: &[FieldName], error: CallError| -> Vec<Provisioned> {
        let trouble = Trouble::from(error);
        fields.iter().map(|field| done(field, FieldState::Failed, Some(trouble.clone()))).collect()
    };
    let names: Vec<FieldName> = if makes_all { mapping.selection(side) } else { link.iter().map(|schema| schema.name.clone()).collect() };
    if names.is_empty() {
        return Vec::new();
    }
    let schema = match end.connector.describe(kind, by).await {
        Ok(schema) => schema,
        Err(error) => return failed(&names, error),
    };
    let mut wishes: Vec<FieldSchema> = link.into_iter().collect();
    if makes_all {
        let (other, other_kind) = (sync.ends.of(side.other()), mapping.kind.of(side.other()));
        match other.connector.describe(other_kind, by).await {
            Ok(source) => wishes.extend(mapped_fields(mapping, &sync.mappings, side, &source)),
            Err(error) => return failed(&names, error),
        }
    }
    // A customer's own object may have every field already, and lack what makes it one of a sync: an identity that the connector describes.
    // Where records go by an id of ours, that is the link field itself.
    let is_identity = |field: &FieldSchema| field.field_type == FieldType::Id || field.is_own_key();
    let is_ready = !makes_all || schema.fields.iter().any(is_identity);
    let mut all = Vec::with_capacity(wishes.len());
    for (place, wish) in wishes.into_iter().enumerate() {
        let field = wish.name.clone();
        let outcome = if schema.field(field.as_str()).is_some() && (is_ready || place > 0) {
            Ok(FieldState::There)
        } else if dry_run {
            Ok(FieldState::Missing)
        } else {
            let wish = FieldWish { kind: kind.clone(), schema: wish };
            end.connector.provision(&wish, by).await.map(|()| FieldState::Made)
        };
        all.push(match outcome {
            Ok(state) => done(&field, state, None),
            Err(error) => done(&field, FieldState::Failed, Some(error.into())),
        });
    }
    all
}

/// The mapped fields of a side, each once, of the types that the other side's fields have. A field that the other side does not describe is
/// left to the check of the mapping, which says so.
fn mapped_fields(mapping: &ObjectMapping, all: &[ObjectMapping], side: Side, source: &ObjectSchema) -> Vec<FieldSchema> {
    let mut wishes: BTreeMap<FieldName, FieldSchema> = BTreeMap::new();
    let mut wish = |name: &FieldName, label: String, field_type: FieldType| {
        if mapping.link_field.of(side).as_ref() != Some(name) {
            let mut schema = FieldSchema::new(name.clone(), label, field_type);
            schema.custom = true;
            wishes.entry(name.clone()).or_insert(schema);
        }
    };
    for field in &mapping.fields {
        let (own, other) = (field.lens.of(side), field.lens.of(side.other()));
        let described = other.fields().first().and_then(|name| source.field(name.as_str()));
        let label = described.map_or_else(|| field.name.clone(), |described| described.label.clone());
        match (own, other) {
            (Lens::Reference { field, parent }, _) => {
                let to = all.iter().filter(|mapping| mapping.name == *parent).map(|mapping| mapping.kind.of(side).clone());
                wish(field, label, FieldType::Reference { to: to.collect() });
            }
            (Lens::Field(field), Lens::Field(_)) => {
                if let Some(described) = described {
                    wish(field, label, described.field_type.clone());
                }
            }
            (Lens::Field(field), Lens::CommaText(_)) => wish(field, label, FieldType::Set { choices: Vec::new() }),
            (Lens::Field(field), Lens::FullName { .. } | Lens::Mapped { .. } | Lens::Reference { .. } | Lens::Owner { .. }) => {
                wish(field, label, FieldType::Text);
            }
            (Lens::Not(field), _) | (Lens::Field(field), Lens::Not(_)) => wish(field, label, FieldType::Bool),
            (Lens::FullName { .. } | Lens::CommaText(_) | Lens::Mapped { .. } | Lens::Owner { .. }, _) => {
                own.fields().into_iter().for_each(|name| wish(name, name.to_string(), FieldType::Text));
            }
        }
    }
    for key in &mapping.match_keys {
        if let Some(described) = source.field(key.field.of(side.other()).as_str()) {
            wish(key.field.of(side), described.label.clone(), described.field_type.clone());
        }
    }
    wishes.into_values().collect()
}

/// A text that belongs to one record, hidden from agents where the vendor can, and the key of its upsert where it has one.
fn link_field(field: &FieldName) -> FieldSchema {
    let bare = field.as_str().rsplit('.').next().unwrap_or_default();
    let label = bare.strip_suffix("__c").unwrap_or(bare).to_uppercase();
    let mut schema = FieldSchema::new(field.clone(), label, FieldType::Text);
    schema.unique = true;
    schema.upsert_key = true;
    schema.custom = true;
    schema.visible = Some(false);
    schema.length = Some(LINK_FIELD_CHARACTERS);
    schema
}

#[cfg(test)]
mod tests {
    use syncline_mapping::{Conflict, Drift, Equality, FieldMapping, Flow, MatchKey, Pair};

    use super::*;

    #[test]
    fn a_link_field_is_a_unique_text_of_forty_labelled_without_the_vendors_prefix() {
        for (name, label) in [("custom_fields.sfcontactid", "SFCONTACTID"), ("FDACCOUNTID__c", "FDACCOUNTID")] {
            let schema = link_field(&name.into());
            assert_eq!((schema.label.as_str(), schema.unique, schema.length), (label, true, Some(40)));
            assert_eq!(schema.name.as_str(), name);
        }
    }

    fn field(name: &str, left: Lens, right: Lens) -> FieldMapping {
        FieldMapping {
            name: name.into(),
            lens: Pair::new(left, right),
            flow: Flow::Both,
            equality: Equality::Exact,
            conflict: Conflict::Master,
            whole_sets: false,
            write: Pair::default(),
            drift: Drift::default(),
        }
    }

    #[test]
    fn mapped_fields_take_the_types_of_the_other_side() {
        let plain = |name: &str| Lens::Field(name.into());
        let owner = |field: &str| Lens::Reference { field: field.into(), parent: "companies".into() };
        let mapping = |name: &str, kind: &str, fields| ObjectMapping {
            name: name.into(),
            kind: Pair::new(kind.into(), format!("t_{kind}").into()),
            fields,
            match_keys: vec![MatchKey { field: Pair::new("email".into(), "mail".into()), equality: Equality::Exact, unique: false }],
            link_field: Pair::new(None, Some("crm_id".into())),
            create: Pair::new(true, true),
            deletes: Pair::default(),
            need_one_of: Pair::default(),
            required: Pair::default(),
        };
        let contacts = mapping(
            "contacts",
            "contact",
            vec![
                field("name", Lens::FullName { first: "first".into(), last: "last".into() }, plain("name")),
                field("value", plain("value"), plain("value")),
                field("tags", Lens::CommaText("tags".into()), plain("tags")),
                field("company", owner("company_id"), owner("company")),
                field("unknown", plain("nowhere"), plain("unknown")),
            ],
        );
        let all = [mapping("companies", "company", Vec::new()), contacts];
        let described = [("value", FieldType::Decimal), ("email", FieldType::Email), ("tags", FieldType::Text)];
        let fields = described.map(|(name, field_type)| FieldSchema::new(name, name, field_type));
        let source = ObjectSchema { kind: "contact".into(), fields: fields.into() };
        let made = mapped_fields(&all[1], &all, Side::Right, &source);
        let made: Vec<(&str, &FieldType)> = made.iter().map(|field| (field.name.as_str(), &field.field_type)).collect();
        let set = FieldType::Set { choices: Vec::new() };
        let company = FieldType::Reference { to: vec!["t_company".into()] };
        let wanted = [
            ("company", &company),
            ("mail", &FieldType::Email),
            ("name", &FieldType::Text),
            ("tags", &set),
            ("value", &FieldType::Decimal),
        ];
        assert_eq!(made, wanted);
    }
}
