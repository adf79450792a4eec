//! Makes the link fields that are missing, at both vendors. What is there is never touched.

use serde::Serialize;
use syncline_mapping::ObjectMapping;
use syncline_model::{ConnectionName, Deadline, FieldName, FieldSchema, FieldType, MappingName, ObjectKind, Side};

use crate::ports::connector::FieldWish;
use crate::preflight::Trouble;
use crate::{EngineError, Sync};

/// The length of a link field, in characters: design FS-9.
pub const LINK_FIELD_CHARACTERS: u32 = 40;

/// One link field and what became of it.
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

/// What became of a link field.
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

/// Makes each missing link field of a sync; with `dry_run` only says which. One that fails does not stop the others.
pub async fn provision(sync: &Sync, dry_run: bool, by: Deadline) -> Result<Vec<Provisioned>, EngineError> {
    let mut done = Vec::new();
    for mapping in &sync.mappings {
        for side in [Side::Left, Side::Right] {
            let Some(field) = mapping.link_field.of(side) else { continue };
            done.push(one(sync, mapping, side, field, dry_run, by).await);
        }
    }
    Ok(done)
}

async fn one(sync: &Sync, mapping: &ObjectMapping, side: Side, field: &FieldName, dry_run: bool, by: Deadline) -> Provisioned {
    let end = sync.ends.of(side);
    let kind = mapping.kind.of(side);
    let mut done = Provisioned {
        mapping: mapping.name.clone(),
        side,
        connection: end.connection.clone(),
        kind: kind.clone(),
        field: field.clone(),
        state: FieldState::Failed,
        trouble: None,
    };
    let outcome = match end.connector.describe(kind, by).await {
        Err(error) => Err(error),
        Ok(schema) if schema.field(field.as_str()).is_some() => Ok(FieldState::There),
        Ok(_) if dry_run => Ok(FieldState::Missing),
        Ok(_) => end.connector.provision(&wish(kind, field), by).await.map(|()| FieldState::Made),
    };
    match outcome {
        Ok(state) => done.state = state,
        Err(error) => done.trouble = Some(error.into()),
    }
    done
}

/// A text that belongs to one record, hidden from agents where the vendor can, and the key of its upsert where it has one.
fn wish(kind: &ObjectKind, field: &FieldName) -> FieldWish {
    let bare = field.as_str().rsplit('.').next().unwrap_or_default();
    let label = bare.strip_suffix("__c").unwrap_or(bare).to_uppercase();
    let mut schema = FieldSchema::new(field.clone(), label, FieldType::Text);
    schema.unique = true;
    schema.upsert_key = true;
    schema.custom = true;
    schema.visible = Some(false);
    schema.length = Some(LINK_FIELD_CHARACTERS);
    FieldWish { kind: kind.clone(), schema }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_field_is_a_unique_text_of_forty_labelled_without_the_vendors_prefix() {
        for (name, label) in [("custom_fields.sfcontactid", "SFCONTACTID"), ("FDACCOUNTID__c", "FDACCOUNTID")] {
            let wish = wish(&"contact".into(), &name.into());
            assert_eq!((wish.schema.label.as_str(), wish.schema.unique, wish.schema.length), (label, true, Some(40)));
            assert_eq!(wish.schema.name.as_str(), name);
        }
    }
}
