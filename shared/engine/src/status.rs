//! How each sync stands: connections, cursors, holds, what waits, what is left of the budgets. Reads the store only; makes no call.

use std::collections::BTreeMap;

use serde::Serialize;
use syncline_mapping::{ObjectMapping, Pair, SkipReason};
use syncline_model::{ConnectionName, MappingName, RecordId, Side, SyncName, Timestamp};

use crate::backfill::{self, Progress};
use crate::budget::{Standing, Usage};
use crate::cursor::{self, CursorStatus};
use crate::entry::{self, Entry, LinkState};
use crate::state::{self, Stopped};
use crate::sweep::{self, Rhythm, SweepPhase, SweepProgress};
use crate::{Engine, EngineError, Sync, hold, keys, ownerless};

/// At most so many holds are counted; a sync with more says so.
pub const HOLDS_MAX: usize = 100_000;

/// How many items one request to the store lists.
const PAGE_ITEMS: u32 = 500;

/// How everything stands at one moment.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Status {
    pub at: Timestamp,
    pub syncs: Vec<SyncStatus>,
}

/// How one sync stands.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SyncStatus {
    pub sync: SyncName,
    pub ends: Pair<EndStatus>,
    pub mappings: Vec<MappingStatus>,
    /// By reason.
    pub held: BTreeMap<String, u64>,
    /// Linked pairs whose owner on one side is not known on the other.
    pub owners_not_found: u64,
    pub backfill: Progress,
}

/// How one connection stands.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EndStatus {
    pub connection: ConnectionName,
    pub system: &'static str,
    /// `None`: it runs.
    pub stopped: Option<Stopped>,
    /// What this process has used, and what the vendor said last was left.
    pub usage: Option<Usage>,
    /// What is used and left of the shared budget, by limit (`all/60`: all calls, a window of 60 seconds).
    pub budgets: BTreeMap<String, Bucket>,
}

/// A budget's bucket as it was left when a call last took from it; tokens have flowed in since.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Bucket {
    /// Calls that can be made at once, at least.
    pub left: i64,
    pub at: Option<Timestamp>,
    /// The vendor refused us: nothing goes before this moment.
    pub closed_until: Option<Timestamp>,
    /// Calls used in the present window of the clock (the minute, the day in UTC), by all processes together; up to a block of tokens a process
    /// among them may still be unused.
    pub used: i64,
    /// Calls left of our share in that window.
    pub window_left: i64,
}

/// How one object pair stands.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MappingStatus {
    pub mapping: MappingName,
    pub cursors: Pair<CursorStatus>,
    /// Sides that take records and give none back: they are never asked for changes.
    pub write_only: Pair<bool>,
    /// The sides that a feed alone tells of: what it does not tell any more is not had.
    pub feed_only: Pair<bool>,
    /// `None` for a side that gives no list.
    pub sweeps: Pair<Option<SweepStatus>>,
    /// Counted only where asked for: it reads every entry.
    pub entries: Option<EntryCounts>,
}

/// How the comparison of an object of a side with the links stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SweepStatus {
    pub phase: SweepPhase,
    /// When the last one began, and when it ended.
    pub began: Option<Timestamp>,
    pub ended: Option<Timestamp>,
    /// How many records the last completed listing had.
    pub records: Option<u64>,
    /// How many linked records the last one found missing.
    pub gone: u64,
    /// How often, and when next, where the config leaves it to us (`sweep: auto`).
    pub auto: Rhythm,
}

/// What rests in the store for one object pair.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct EntryCounts {
    pub linked: u64,
    /// One side was deleted, and the other is left alone.
    pub severed: u64,
    /// Both sides are gone.
    pub buried: u64,
    /// A counterpart is being created.
    pub creating: u64,
    /// Without a counterpart, by how it ended last.
    pub unlinked: BTreeMap<String, u64>,
    /// Records that others wait for.
    pub awaited: u64,
    /// By side, who stands alone: no counterpart was found, and the sync creates none.
    pub alone: Pair<Alone>,
}

/// Records of one side that have no counterpart and get none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Alone {
    pub count: u64,
    /// The first [`ALONE_SHOWN_MAX`] of them.
    pub shown: Vec<RecordId>,
}

/// So many records that stand alone are named; the others are counted.
pub const ALONE_SHOWN_MAX: usize = 100;

/// Reads how all syncs stand. `count_entries` also counts links and records without one, which reads the whole table.
pub async fn status(engine: &Engine, count_entries: bool) -> Result<Status, EngineError> {
    let mut syncs = Vec::new();
    for sync in &engine.syncs {
        syncs.push(of_sync(engine, sync, count_entries).await?);
    }
    Ok(Status { at: engine.now(), syncs })
}

async fn of_sync(engine: &Engine, sync: &Sync, count_entries: bool) -> Result<SyncStatus, EngineError> {
    let mut held: BTreeMap<String, u64> = BTreeMap::new();
    for hold in hold::list(engine, &sync.name, HOLDS_MAX).await? {
        *held.entry(hold.name().to_owned()).or_default() += 1;
    }
    let mut mappings = Vec::new();
    for mapping in &sync.mappings {
        let left = cursor::status(engine, &sync.name, &mapping.name, Side::Left).await?;
        let right = cursor::status(engine, &sync.name, &mapping.name, Side::Right).await?;
        let entries = if count_entries { Some(count(engine, &sync.name, &mapping.name).await?) } else { None };
        let write_only = Pair::new(sync.is_write_only(mapping, Side::Left), sync.is_write_only(mapping, Side::Right));
        let feed_only = Pair::new(sync.is_feed_only(mapping, Side::Left), sync.is_feed_only(mapping, Side::Right));
        let cursors = Pair::new(left, right);
        let sweeps = Pair::new(swept(engine, sync, mapping, Side::Left).await?, swept(engine, sync, mapping, Side::Right).await?);
        mappings.push(MappingStatus { mapping: mapping.name.clone(), cursors, write_only, feed_only, sweeps, entries });
    }
    Ok(SyncStatus {
        sync: sync.name.clone(),
        ends: Pair::new(of_end(engine, sync, Side::Left).await?, of_end(engine, sync, Side::Right).await?),
        mappings,
        held,
        owners_not_found: ownerless::list(engine, sync, HOLDS_MAX).await?.len().try_into().unwrap_or(u64::MAX),
        backfill: backfill::status(engine, sync).await?,
    })
}

async fn swept(engine: &Engine, sync: &Sync, mapping: &ObjectMapping, side: Side) -> Result<Option<SweepStatus>, EngineError> {
    let Some(auto) = sweep::rhythm(engine, sync, mapping, side).await? else { return Ok(None) };
    let SweepProgress { phase, began, ended, records, gone, .. } = sweep::status(engine, &sync.name, &mapping.name, side).await?;
    Ok(Some(SweepStatus { phase, began, ended, records, gone, auto }))
}

async fn of_end(engine: &Engine, sync: &Sync, side: Side) -> Result<EndStatus, EngineError> {
    let end = sync.ends.of(side);
    let mut budgets = BTreeMap::new();
    if let Some(budget) = engine.budgets.get(&end.connection) {
        for (limit, standing) in budget.standings().await? {
            let Standing { used, share, at_once, at, closed_until } = standing;
            budgets.insert(limit, Bucket { left: at_once, at, closed_until, used, window_left: (share - used).max(0) });
        }
    }
    Ok(EndStatus {
        connection: end.connection.clone(),
        system: end.connector.descriptor().system,
        stopped: state::stopped(engine, &end.connection).await?,
        usage: engine.budgets.get(&end.connection).map(|budget| budget.usage()),
        budgets,
    })
}

async fn count(engine: &Engine, sync: &SyncName, mapping: &MappingName) -> Result<EntryCounts, EngineError> {
    let mut counts = EntryCounts::default();
    for side in [Side::Left, Side::Right] {
        for bucket in 0..keys::BUCKETS {
            let partition = keys::entries(sync, mapping, side, bucket);
            let mut after: Option<String> = None;
            loop {
                let page = engine.store.list(&partition, after.as_deref(), PAGE_ITEMS).await?;
                let Some(last) = page.last() else { break };
                after = Some(last.key.sort.clone());
                for item in page {
                    let placed = entry::placed(item)?;
                    add(&mut counts, &placed.entry);
                    if stands_alone(&placed.entry) {
                        let alone = counts.alone.of_mut(side);
                        alone.count += 1;
                        if alone.shown.len() < ALONE_SHOWN_MAX {
                            alone.shown.push(RecordId::new(placed.key.sort));
                        }
                    }
                }
            }
        }
    }
    Ok(counts)
}

/// Whether a record was left out because it has no counterpart where none is created.
fn stands_alone(entry: &Entry) -> bool {
    let Entry::Unlinked { note: Some(note), .. } = entry else { return false };
    let reason = note.end.strip_prefix("skipped:").and_then(|reason| serde_json::from_str::<SkipReason>(reason).ok());
    matches!(reason, Some(SkipReason::NotCreatedThere))
}

fn add(counts: &mut EntryCounts, entry: &Entry) {
    match entry {
        Entry::Link(link) => match link.state {
            LinkState::Active => counts.linked += 1,
            LinkState::Severed { .. } => counts.severed += 1,
            LinkState::Buried => counts.buried += 1,
        },
        // Counted under its left id.
        Entry::Pointer(_) => {}
        Entry::Intent { children, .. } => {
            counts.creating += 1;
            counts.awaited += u64::from(*children);
        }
        Entry::Unlinked { note, children } => {
            let end = note.as_ref().map_or("not_seen_yet", |note| note.end.as_str());
            *counts.unlinked.entry(end.to_owned()).or_default() += 1;
            counts.awaited += u64::from(*children);
        }
    }
}
