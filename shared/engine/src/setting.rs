//! What every use case stands on: the ports, the syncs, the keys.

use std::collections::BTreeMap;
use std::sync::Arc;

use syncline_mapping::{Marker, ObjectMapping, Pair, Rules};
use syncline_model::{CallError, ConnectionName, Decimal, MappingName, Side, SyncName, Timestamp};

use crate::budget::Budget;
use crate::counts::Counts;
use crate::ports::clock::{Clock, Dice};
use crate::ports::connector::{Connector, ObjectFacts, Selection};
use crate::ports::outbox::{Outbox, OutboxError};
use crate::ports::store::{Store, StoreError};
use crate::seal::Sealer;

/// One end of a sync: a connection, and the way to it.
#[derive(Clone)]
pub struct End {
    pub connection: ConnectionName,
    pub connector: Arc<dyn Connector>,
}

/// Two connections kept in step.
#[derive(Clone)]
pub struct Sync {
    pub name: SyncName,
    pub ends: Pair<End>,
    pub rules: Rules,
    /// Parents before those that refer to them.
    pub mappings: Vec<ObjectMapping>,
    /// Whether a backfill brings over what was there before.
    pub brings_history: bool,
    /// How long the history keeps an entry; 0 keeps none.
    pub history_days: u32,
    /// Whether history entries carry the values before and after.
    pub history_values: bool,
    /// A sweep that would delete more than this share of an object's links, in per cent, stops and asks.
    pub deletes_max_share: Decimal,
    /// How long a record must have been still before its change is carried over, in seconds; 0 where a mapping is not named.
    pub debounce_s: BTreeMap<MappingName, u32>,
}

impl Sync {
    pub fn mapping(&self, name: &MappingName) -> Option<&ObjectMapping> {
        self.mappings.iter().find(|mapping| mapping.name == *name)
    }

    /// When a change that is seen now may be handled.
    pub fn due(&self, mapping: &MappingName, now: Timestamp) -> Timestamp {
        now + jiff::SignedDuration::from_secs(i64::from(self.debounce_s.get(mapping).copied().unwrap_or_default()))
    }

    /// What to read of a mapping's records on a side.
    pub fn selection(&self, mapping: &ObjectMapping, side: Side) -> Selection {
        Selection { kind: mapping.kind.of(side).clone(), fields: mapping.selection(side) }
    }

    /// The connector's facts about a mapping's object on a side.
    pub fn facts(&self, mapping: &ObjectMapping, side: Side) -> Option<&'static ObjectFacts> {
        self.ends.of(side).connector.descriptor().object(mapping.kind.of(side).as_str())
    }

    /// Whether a mapping's object on a side takes records and gives none back.
    pub fn is_write_only(&self, mapping: &ObjectMapping, side: Side) -> bool {
        self.facts(mapping, side).is_some_and(ObjectFacts::is_write_only)
    }

    /// Whether a mapping's object on a side is known by a feed of changes alone.
    pub fn is_feed_only(&self, mapping: &ObjectMapping, side: Side) -> bool {
        self.facts(mapping, side).is_some_and(ObjectFacts::is_feed_only)
    }

    /// Whether a mapping's object on a side can be read at any time: its live records in a list, and each by its id.
    pub fn is_readable(&self, mapping: &ObjectMapping, side: Side) -> bool {
        self.facts(mapping, side).is_none_or(ObjectFacts::is_read_by_id)
    }
}

/// The engine, put together once per process.
pub struct Engine {
    pub store: Arc<dyn Store>,
    pub outbox: Arc<dyn Outbox>,
    pub clock: Arc<dyn Clock>,
    pub dice: Arc<dyn Dice>,
    pub marker: Marker,
    pub sealer: Sealer,
    pub syncs: Vec<Sync>,
    /// By connection: what the gate in front of its vendor asks.
    pub budgets: BTreeMap<ConnectionName, Arc<Budget>>,
    pub counts: Counts,
}

impl Engine {
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub fn sync(&self, name: &SyncName) -> Option<&Sync> {
        self.syncs.iter().find(|sync| sync.name == *name)
    }
}

/// Why a use case stopped as a whole. What one record runs into is never this: it ends in a written state of its own.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The store was out of reach or contended: run again. Or it refused: somebody has to mend that first.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The queue did not take the work: run again, unless it refused.
    #[error(transparent)]
    Outbox(#[from] OutboxError),
    /// A vendor's call failed as a whole; its fault says what comes next.
    #[error(transparent)]
    Call(#[from] CallError),
    /// A stored item or a message cannot be read: it was written by a newer version, or is damaged.
    #[error("{what} cannot be read: {problem}; it may come from a newer version of Syncline")]
    Unreadable { what: String, problem: String },
    /// The config no longer has what a message or a request names.
    #[error("there is no {what} in the configuration")]
    Unknown { what: String },
    /// What was asked for cannot be had of this object or sync, whatever is tried; `instead` says what to ask for.
    #[error("{problem}: {instead}")]
    Impossible { problem: String, instead: String },
}
