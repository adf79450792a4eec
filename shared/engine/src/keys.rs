//! Where each thing rests in the store. One table; every access of the hot path is a batched read or one conditional write.

use sha2::{Digest, Sha256};
use syncline_model::{ConnectionName, MappingName, RecordId, Side, SyncName};

use crate::ports::store::Key;

/// Over how many partitions the entries of one object and side are spread: many enough for the store's throughput, few enough to list.
pub const BUCKETS: u8 = 16;

fn letter(side: Side) -> &'static str {
    side.of("l", "r")
}

/// A record's entry: its link, the pointer to it, or why there is none.
pub fn entry(sync: &SyncName, mapping: &MappingName, side: Side, id: &RecordId) -> Key {
    let bucket = Sha256::digest(id.as_str().as_bytes()).first().copied().unwrap_or_default() % BUCKETS;
    Key { partition: entries(sync, mapping, side, bucket), sort: id.as_str().to_owned() }
}

/// The partition of a bucket of entries.
pub fn entries(sync: &SyncName, mapping: &MappingName, side: Side, bucket: u8) -> String {
    format!("e#{sync}#{mapping}#{}#{bucket:02}", letter(side))
}

/// How far a side's change feed has been read.
pub fn cursor(sync: &SyncName, mapping: &MappingName, side: Side) -> Key {
    Key { partition: format!("c#{sync}"), sort: format!("{mapping}#{}", letter(side)) }
}

/// The partition of the records of a side whose counterparts are being made where a lost answer leaves one that nothing names.
pub fn nameless(sync: &SyncName, mapping: &MappingName, side: Side) -> String {
    format!("i#{sync}#{mapping}#{}", letter(side))
}

/// The partition of a sync's holds.
pub fn holds(sync: &SyncName) -> String {
    format!("h#{sync}")
}

pub fn hold(sync: &SyncName, mapping: &MappingName, side: Side, id: &str) -> Key {
    Key { partition: holds(sync), sort: format!("{mapping}#{}#{id}", letter(side)) }
}

/// The partition of the children that wait for a parent.
pub fn waiting(sync: &SyncName, parent: &MappingName, side: Side, id: &RecordId) -> String {
    format!("w#{sync}#{parent}#{}#{id}", letter(side))
}

/// The partition of a linked record's history, under its left id.
pub fn history(sync: &SyncName, mapping: &MappingName, left: &RecordId) -> String {
    format!("y#{sync}#{mapping}#{left}")
}

/// A connection's budget for a class of calls (`all` for the whole).
pub fn budget(connection: &ConnectionName, class: &str) -> Key {
    Key { partition: format!("b#{connection}"), sort: class.to_owned() }
}

/// What is kept of a connection's users: `head`, or a part.
pub fn users(connection: &ConnectionName, part: &str) -> Key {
    Key { partition: format!("u#{connection}"), sort: part.to_owned() }
}

/// The partition of an object's pairs whose owner is not known on the other side.
pub fn all_ownerless(sync: &SyncName, mapping: &MappingName) -> String {
    format!("o#{sync}#{mapping}")
}

/// One of them, under its left id.
pub fn ownerless(sync: &SyncName, mapping: &MappingName, left: &RecordId) -> Key {
    Key { partition: all_ownerless(sync, mapping), sort: left.as_str().to_owned() }
}

/// Whether a connection works, and why not.
pub fn connection(connection: &ConnectionName) -> Key {
    Key { partition: format!("n#{connection}"), sort: "state".to_owned() }
}

/// How far a backfill has come.
pub fn backfill(sync: &SyncName) -> Key {
    Key { partition: format!("f#{sync}"), sort: "state".to_owned() }
}

/// Whose turn it is to wait for more of a sync's work.
pub fn turn(sync: &SyncName, work: &str) -> Key {
    Key { partition: format!("t#{sync}"), sort: work.to_owned() }
}

/// The partition of the sealed pages that a backfill has read of a side.
pub fn stage(sync: &SyncName, mapping: &MappingName, side: Side) -> String {
    format!("s#{sync}#{mapping}#{}", letter(side))
}

/// The partition of the sealed ids that a sweep has seen of a side (`seen`), or misses there (`gone`).
pub fn swept(sync: &SyncName, mapping: &MappingName, side: Side, what: &str) -> String {
    format!("q#{sync}#{mapping}#{}#{what}", letter(side))
}

/// How far a sweep has come.
pub fn sweep(sync: &SyncName, mapping: &MappingName, side: Side) -> Key {
    Key { partition: format!("p#{sync}"), sort: format!("{mapping}#{}", letter(side)) }
}
