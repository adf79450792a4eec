//! The store: small versioned items, read many at once and strongly consistent, written under conditions, atomically.

use async_trait::async_trait;
use syncline_model::Timestamp;

/// An item's place: all items of a partition can be listed in order of `sort`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    pub partition: String,
    pub sort: String,
}

/// An item as it rests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    pub key: Key,
    /// JSON; its own `v` says its format.
    pub body: String,
    /// Counts the writes of this item, from 1.
    pub version: u64,
    /// The store may forget the item after this moment, and readers treat it as gone.
    pub expires: Option<Timestamp>,
}

/// What must hold of an item for a write to happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    Any,
    Absent,
    Version(u64),
}

/// One write of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Write {
    /// `item.version` is what will be stored; by custom the expected one plus one.
    Put {
        item: Item,
        expect: Expect,
    },
    Delete {
        key: Key,
        expect: Expect,
    },
    /// Changes nothing, but the transaction fails unless it holds.
    Check {
        key: Key,
        expect: Expect,
    },
}

impl Write {
    pub fn key(&self) -> &Key {
        match self {
            Self::Put { item, .. } => &item.key,
            Self::Delete { key, .. } | Self::Check { key, .. } => key,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Conditions did not hold, at these places of the list: somebody else wrote first. Nothing was written.
    #[error("somebody else wrote first")]
    Lost { at: Vec<usize> },
    /// Throttled, in conflict with another transaction, or out of reach; it may have been written. Do it again, from the reading.
    #[error("the store did not answer: {0}")]
    Unavailable(String),
    /// It says no and will go on saying so until somebody mends it: a right, credentials, the table's name. Nothing was written.
    #[error("the store refused: {0}")]
    Refused(String),
}

#[async_trait]
pub trait Store: Send + Sync {
    /// Strongly consistent, in the order of the keys, any number of them. An expired item is `None`.
    async fn get(&self, keys: &[Key]) -> Result<Vec<Option<Item>>, StoreError>;

    /// All or nothing; at most `WRITES_MAX`, each of another key.
    async fn write(&self, writes: Vec<Write>) -> Result<(), StoreError>;

    /// Any number of puts and deletes, without conditions and not atomic: cheaper, for what may be repeated.
    async fn write_loose(&self, writes: Vec<Write>) -> Result<(), StoreError>;

    /// A partition's items in order of `sort`, those after `after`, at most `limit`. An expired item is left out, so
    /// a page may be short; it ends the partition only when it is empty.
    async fn list(&self, partition: &str, after: Option<&str>, limit: u32) -> Result<Vec<Item>, StoreError>;
}

/// The most writes of one transaction (`DynamoDB`'s limit).
pub const WRITES_MAX: usize = 100;
