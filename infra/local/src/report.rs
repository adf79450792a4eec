//! What a run shows while it goes, and what it says at its end.

use std::collections::BTreeMap;

use serde::Serialize;
use syncline_engine::backfill::Phase;
use syncline_engine::budget::Usage;
use syncline_engine::counts::SideCounts;
use syncline_model::{ConnectionName, Side};

use crate::QueueRequests;
use crate::board::Board;
use crate::installation::Installation;

/// A moment of a run, for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Snapshot {
    /// Every backfill is done and nothing waits in a queue.
    pub rests: bool,
    /// What is going on: `reading contacts of freshdesk`.
    pub phase: String,
    /// Records done of those expected; unknown until both sides of a mapping are read.
    pub done: u64,
    pub expected: Option<u64>,
    /// By connection: calls of this run, and what the vendor says is left.
    pub usage: BTreeMap<ConnectionName, Usage>,
    /// At the present pace, in seconds.
    pub seconds_left: Option<u64>,
    /// Batches that workers have handled.
    pub batches: u64,
    pub seconds: u64,
}

/// Draws progress. Called a few times a second, from inside the run: it must not block.
pub trait Progress: Send + Sync {
    fn update(&self, snapshot: &Snapshot);
}

/// Shows nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoProgress;

impl Progress for NoProgress {
    fn update(&self, _: &Snapshot) {}
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// Nothing is left to do, and a poll of every side found nothing.
    Quiet,
    /// Somebody stopped it.
    Stopped,
    /// A connection was refused sign-in, so that it cannot fall quiet.
    ConnectionStopped { connection: ConnectionName, hint: String },
}

/// The counts of one mapping's side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SideReport {
    pub sync: String,
    pub mapping: String,
    pub side: Side,
    #[serde(flatten)]
    pub counts: SideCounts,
}

/// What the store and the queue would have been billed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Cost {
    /// Request units of `DynamoDB`, rounded up.
    pub read_units: u64,
    pub write_units: u64,
    /// Requests of SQS, sends, receives and deletes, without empty receives.
    pub queue_requests: u64,
}

/// A run, in figures of this process alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    pub ended: Ended,
    pub sides: Vec<SideReport>,
    pub usage: BTreeMap<ConnectionName, Usage>,
    pub cost: Cost,
    pub seconds: u64,
    /// The most memory that the process has had, in KiB; `None` where the system does not tell.
    pub memory_peak_kib: Option<u64>,
    /// Writes that a last poll of every side led to, once all was quiet: should be 0.
    pub writes_after_quiet: u64,
    /// Messages that were handed out too often, and wait for a person.
    pub dead_letters: u64,
}

/// All writes of this process, stamps included.
pub(crate) fn writes(installation: &Installation) -> u64 {
    let all = installation.engine.counts.all();
    all.values().map(|counts| counts.created + counts.updated + counts.deleted + counts.stamped).sum()
}

pub(crate) fn usage(installation: &Installation) -> BTreeMap<ConnectionName, Usage> {
    installation.engine.budgets.iter().map(|(name, budget)| (name.clone(), budget.usage())).collect()
}

pub(crate) fn sides(installation: &Installation) -> Vec<SideReport> {
    let all = installation.engine.counts.all();
    all.into_iter()
        .map(|((sync, mapping, side), counts)| SideReport { sync: sync.to_string(), mapping: mapping.to_string(), side, counts })
        .collect()
}

pub(crate) fn cost(installation: &Installation) -> Cost {
    let consumed = installation.store.store().consumed();
    let QueueRequests { sends, receives, empty_receives: _, deletes, releases } = installation.queue.requests();
    Cost {
        read_units: consumed.read_units_x2.div_ceil(2),
        write_units: consumed.write_units_x2.div_ceil(2),
        queue_requests: sends + receives + deletes + releases,
    }
}

/// `VmHWM` of `/proc/self/status`.
pub(crate) fn memory_peak_kib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// `rests`: the queues are empty.
pub(crate) fn snapshot(installation: &Installation, board: &Board, seconds: u64, rests: bool) -> Snapshot {
    let backfills = board.backfills();
    let mut phase = None;
    let (mut done, mut expected, mut is_known) = (0, 0, true);
    for (name, progress) in &backfills {
        let mapping = progress.mapping.as_ref().map_or("records", |mapping| mapping.as_str());
        let words = match progress.phase {
            Phase::NotBegun => Some("beginning".to_owned()),
            Phase::ScanLeft | Phase::ScanRight => {
                let side = progress.side.unwrap_or(Side::Left);
                let connection = installation.engine.sync(name).map(|sync| sync.ends.of(side).connection.to_string());
                Some(format!("reading {mapping} of {}", connection.unwrap_or_default()))
            }
            Phase::Join => Some(format!("matching {mapping}")),
            Phase::Done => None,
        };
        is_known &= progress.phase == Phase::Done;
        phase = phase.or(words);
        for tally in &progress.mappings {
            expected += tally.linked + tally.to_write + tally.to_create.left + tally.to_create.right;
            done += tally.linked;
        }
    }
    let written: u64 = installation.engine.counts.all().values().map(|counts| counts.created + counts.updated).sum();
    done += written;
    // What a run before this one has done is not counted here: once nothing waits, all of it is done.
    let is_done = is_known && rests;
    let done = if is_done { expected } else { done.min(if is_known { expected } else { u64::MAX }) };
    let phase = phase.unwrap_or_else(|| if is_done { "watching" } else { "writing" }.to_owned());
    let left = expected.saturating_sub(done);
    let seconds_left = (is_known && done > 0 && left > 0).then(|| left.saturating_mul(seconds) / done);
    Snapshot {
        phase,
        rests: is_done,
        done,
        expected: is_known.then_some(expected),
        usage: usage(installation),
        seconds_left,
        batches: board.batches(),
        seconds,
    }
}
