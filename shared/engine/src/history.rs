//! What was done to a pair, and what users lost by it: sealed, and forgotten after `history.days`.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use syncline_model::{FieldName, MappingName, RecordId, Side, Timestamp, Value};

use crate::message::Cause;
use crate::ports::store::{Expect, Item, Key, Write};
use crate::trace::TraceId;
use crate::{Engine, EngineError, Sync, keys};

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    Created,
    Updated,
    Deleted,
    Restored,
    Linked,
    /// A conflict was decided: `before` is what lost.
    Overruled,
    Severed,
    Moved,
}

impl Act {
    /// As it is stored, and told in events.
    pub fn name(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Deleted => "deleted",
            Self::Restored => "restored",
            Self::Linked => "linked",
            Self::Overruled => "overruled",
            Self::Severed => "severed",
            Self::Moved => "moved",
        }
    }
}

/// A field before and after; `None` where it was not read or not written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldChange {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
}

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryEntry {
    pub at: Timestamp,
    pub act: Act,
    /// The side that was written.
    pub side: Side,
    pub left: RecordId,
    pub right: RecordId,
    /// Where the change came from.
    pub cause: Cause,
    /// What joins it to the log; entries of earlier versions have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<TraceId>,
    pub fields: BTreeMap<FieldName, FieldChange>,
}

const FORMAT: u8 = 1;

#[derive(Serialize, Deserialize)]
struct Body {
    v: u8,
    sealed: String,
}

/// The write that stores an entry; `None` where the sync keeps no history.
pub fn write(engine: &Engine, sync: &Sync, mapping: &MappingName, entry: &HistoryEntry) -> Result<Option<Write>, EngineError> {
    if sync.history_days == 0 {
        return Ok(None);
    }
    let mut entry = entry.clone();
    if !sync.history_values {
        entry.fields = entry.fields.into_keys().map(|name| (name, FieldChange { before: None, after: None })).collect();
    }
    let sealed = engine.sealer.seal(engine.dice.as_ref(), &entry)?;
    let body = serde_json::to_string(&Body { v: FORMAT, sealed })
        .map_err(|error| EngineError::Unreadable { what: "a history entry".into(), problem: error.to_string() })?;
    let key = Key {
        partition: keys::history(&sync.name, mapping, &entry.left),
        // Zero-padded, so that entries list in order of time; the roll tells two of one moment apart.
        sort: format!("{:020}#{:016x}", entry.at.as_millisecond(), engine.dice.roll()),
    };
    let expires = entry.at.checked_add(SignedDuration::from_hours(24 * i64::from(sync.history_days))).ok();
    Ok(Some(Write::Put { item: Item { key, body, version: 1, expires }, expect: Expect::Any }))
}

/// A pair's history, oldest first, at most `limit` entries.
pub async fn list(
    engine: &Engine,
    sync: &Sync,
    mapping: &MappingName,
    left: &RecordId,
    limit: u32,
) -> Result<Vec<HistoryEntry>, EngineError> {
    let items = engine.store.list(&keys::history(&sync.name, mapping, left), None, limit).await?;
    items
        .into_iter()
        .map(|item| {
            let broken = |problem: String| EngineError::Unreadable { what: "a history entry".into(), problem };
            let body: Body = serde_json::from_str(&item.body).map_err(|error| broken(error.to_string()))?;
            if body.v != FORMAT {
                return Err(broken(format!("its format is {}", body.v)));
            }
            engine.sealer.open("a history entry", &body.sealed)
        })
        .collect()
}
