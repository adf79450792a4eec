//! What a config says, once it has no problems.

use std::collections::BTreeMap;

use serde::Serialize;
use syncline_mapping::{ObjectMapping, Pair, Retain, Rules};
use syncline_model::{ConnectionName, Decimal, MappingName, ObjectKind, Side, SyncName, SystemName};

use crate::layer::MapLayer;
use crate::schedule::Schedule;

/// What the reader must know of a system, given by the caller: this crate knows no vendor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SystemFacts {
    pub system: SystemName,
    /// The name for people.
    pub title: String,
    pub setting_keys: Vec<SettingKey>,
    /// The objects that can be synced.
    pub objects: Vec<ObjectFacts>,
}

/// What the reader must know of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectFacts {
    pub kind: ObjectKind,
    /// Whether its records are written at all.
    pub written: bool,
    pub reading: Reading,
    /// Whether its records can be looked for by any of their fields.
    pub searched: bool,
}

/// How an object's records can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    AtAnyTime,
    /// A feed of changes is all there is: it cannot be asked what a record holds now.
    ByFeed,
    /// Records are taken and never given back.
    Never,
}

/// An object that can be read, written and searched.
impl From<&str> for ObjectFacts {
    fn from(kind: &str) -> Self {
        Self { kind: kind.into(), written: true, reading: Reading::AtAnyTime, searched: true }
    }
}

/// One key that a connection to a system may have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingKey {
    pub name: String,
    pub required: bool,
    /// One sentence: what it is and where to find it.
    pub help: String,
}

/// A whole `syncline.yaml`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    pub connections: BTreeMap<ConnectionName, Connection>,
    /// In the order of the file.
    pub syncs: Vec<Sync>,
    pub retain: Retain,
    pub history: HistoryKeep,
    /// What is drawn on the map, in the order of the file.
    pub map: Vec<MapLayer>,
}

impl Config {
    pub fn sync(&self, name: &str) -> Option<&Sync> {
        self.syncs.iter().find(|sync| sync.name.as_str() == name)
    }

    /// The system behind a connection.
    pub fn system(&self, connection: &ConnectionName) -> Option<&SystemName> {
        self.connections.get(connection).map(|connection| &connection.system)
    }
}

/// One account at a system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Connection {
    pub system: SystemName,
    /// The system's own settings, as they are written.
    pub settings: BTreeMap<String, String>,
    /// The name of the bundle with its credentials.
    pub secret: String,
}

/// How long and how much the record of writes keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct HistoryKeep {
    /// 0: no history.
    pub days: u32,
    /// Whether it holds the values before and after; undo needs them.
    pub values: bool,
}

impl Default for HistoryKeep {
    fn default() -> Self {
        Self { days: 30, values: true }
    }
}

/// What happens to records that exist when a sync is turned on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum HistoryMode {
    /// Nothing, until they are changed.
    #[default]
    None,
    /// They are linked and brought over.
    Backfill,
}

/// When everything is compared.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Sweep {
    /// As often as the record count and the budget allow.
    #[default]
    Auto,
    Schedule(Schedule),
}

/// Two connections that are kept in step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sync {
    pub name: SyncName,
    pub left: ConnectionName,
    pub right: ConnectionName,
    pub rules: Rules,
    pub history: HistoryMode,
    /// When each side is asked for changes.
    pub schedule: Pair<Schedule>,
    /// The most records, in per cent, that one sweep deletes before it stops and asks.
    pub deletes_max_share: Decimal,
    /// `None`: never.
    pub sweep: Option<Sweep>,
    /// Parents first, otherwise in the order of the file.
    pub mappings: Vec<ObjectMapping>,
    /// Seconds that a record must have been still before it is synced.
    pub debounce_s: BTreeMap<MappingName, u32>,
}

impl Sync {
    pub fn connection(&self, side: Side) -> &ConnectionName {
        side.of(&self.left, &self.right)
    }

    pub fn mapping(&self, name: &str) -> Option<&ObjectMapping> {
        self.mappings.iter().find(|mapping| mapping.name.as_str() == name)
    }
}
