//! What a vendor's metadata says about an object's fields.

use serde::{Deserialize, Serialize};

use crate::{FieldName, ObjectKind};

/// One option of a dropdown or picklist: the value that travels, and the label that people see.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    pub value: String,
    pub label: String,
}

/// A field's type, in canonical terms.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldType {
    Bool,
    Integer,
    Decimal,
    Text,
    /// Text that the vendor checks as an email address.
    Email,
    Phone,
    Date,
    DateTime,
    /// One of the choices. `restricted`: the vendor refuses any other value.
    Choice {
        choices: Vec<Choice>,
        restricted: bool,
    },
    /// A set of texts; with choices where the vendor names them (a multi-select), without for free tags.
    Set {
        choices: Vec<Choice>,
    },
    /// A record of one of these kinds.
    Reference {
        to: Vec<ObjectKind>,
    },
    /// The record's own identity.
    Id,
    /// A type that Syncline does not carry, in the vendor's word.
    Other(String),
}

/// One field, as the vendor's metadata describes it.
#[allow(clippy::struct_excessive_bools, reason = "each is an independent fact that vendors tell by a yes or no")]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FieldSchema {
    pub name: FieldName,
    pub label: String,
    pub field_type: FieldType,
    /// May be given a value when the record is created.
    pub creatable: bool,
    /// May be changed afterwards. False for formula, roll-up and system fields.
    pub updatable: bool,
    /// A record cannot be created without it.
    pub required: bool,
    /// No two records may share a value.
    pub unique: bool,
    /// Computed by the vendor (formula, roll-up, auto-number).
    pub calculated: bool,
    /// Agents or users see it in their forms; `None` where the vendor does not say.
    pub visible: Option<bool>,
    /// The vendor's upsert takes this field as a key.
    pub upsert_key: bool,
    /// Most characters that it takes; `None` where the vendor does not say.
    pub length: Option<u32>,
    /// Made by the customer, not by the vendor.
    pub custom: bool,
}

impl FieldSchema {
    /// A plain writable field; the vendor's facts are then set one by one.
    pub fn new(name: impl Into<FieldName>, label: impl Into<String>, field_type: FieldType) -> Self {
        Self {
            name: name.into(),
            label: label.into(),
            field_type,
            creatable: true,
            updatable: true,
            required: false,
            unique: false,
            calculated: false,
            visible: None,
            upsert_key: false,
            length: None,
            custom: false,
        }
    }

    /// Whether the vendor's records go by this field, and whoever makes one chooses its value: given once, and never changed.
    pub fn is_own_key(&self) -> bool {
        self.upsert_key && self.creatable && !self.updatable && !self.custom
    }
}

/// An object's fields, in the vendor's order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectSchema {
    pub kind: ObjectKind,
    pub fields: Vec<FieldSchema>,
}

impl ObjectSchema {
    pub fn field(&self, name: &str) -> Option<&FieldSchema> {
        self.fields.iter().find(|field| field.name.as_str() == name)
    }
}
