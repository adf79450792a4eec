//! A record as it was seen at its vendor.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{FieldName, ObjectKind, RecordId, Value};

/// The vendor's own stamp of a record's state. Two states may share one: vendors count in whole seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Version(pub Timestamp);

/// Whether the record still stands at its vendor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    Live,
    /// In the vendor's bin, or gone for good.
    Deleted,
    /// Merged into another record, which goes on.
    MergedInto(RecordId),
}

/// One record at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Record {
    pub kind: ObjectKind,
    pub id: RecordId,
    /// `None` where the vendor's answer carries no stamp.
    pub version: Option<Version>,
    pub presence: Presence,
    /// The fields that were read. One that is not here was not read; one that is `Null` is empty.
    pub fields: BTreeMap<FieldName, Value>,
}

impl Record {
    pub fn new(kind: ObjectKind, id: RecordId) -> Self {
        Self { kind, id, version: None, presence: Presence::Live, fields: BTreeMap::new() }
    }

    #[must_use]
    pub fn with_version(mut self, version: Version) -> Self {
        self.version = Some(version);
        self
    }

    #[must_use]
    pub fn with_presence(mut self, presence: Presence) -> Self {
        self.presence = presence;
        self
    }

    #[must_use]
    pub fn with_field(mut self, name: impl Into<FieldName>, value: Value) -> Self {
        self.fields.insert(name.into(), value);
        self
    }

    pub fn is_live(&self) -> bool {
        self.presence == Presence::Live
    }

    /// The field's value, `None` where it was not read.
    pub fn field(&self, name: &str) -> Option<&Value> {
        self.fields.get(name)
    }
}
