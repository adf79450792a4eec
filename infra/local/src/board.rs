//! What the tasks of a run know of each other: how far backfills are, which polls have ended, and that something has happened.

use std::collections::BTreeMap;
use std::sync::Mutex;

use syncline_engine::backfill::{self, Phase};
use syncline_model::{ConnectionName, Side, SyncName};
use syncline_simulator::lock;
use tokio::sync::watch;

#[derive(Default)]
struct Facts {
    /// Batches that workers have handled, by connection.
    batches: BTreeMap<ConnectionName, u64>,
    backfills: BTreeMap<SyncName, backfill::Progress>,
    /// The same as they were last seen in the middle of a turn: for drawing, nothing is decided by it.
    shown: BTreeMap<SyncName, backfill::Progress>,
    /// The last round of polls that a side has read to its end.
    rounds: BTreeMap<(SyncName, Side), u64>,
    /// Changes that polls have queued.
    queued: u64,
}

pub(crate) struct Board {
    facts: Mutex<Facts>,
    /// Counts what happens.
    changes: watch::Sender<u64>,
    /// The round of polls that is wanted now, beside the schedules.
    wanted: watch::Sender<u64>,
}

impl Default for Board {
    fn default() -> Self {
        Self { facts: Mutex::default(), changes: watch::Sender::new(0), wanted: watch::Sender::new(0) }
    }
}

impl Board {
    fn change<T>(&self, change: impl FnOnce(&mut Facts) -> T) -> T {
        let done = change(&mut lock(&self.facts));
        self.changes.send_modify(|count| *count += 1);
        done
    }

    /// Subscribe first, then look, then wait for a change.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    pub(crate) fn batch(&self, connection: &ConnectionName) {
        self.change(|facts| *facts.batches.entry(connection.clone()).or_default() += 1);
    }

    pub(crate) fn batches(&self) -> u64 {
        lock(&self.facts).batches.values().sum()
    }

    pub(crate) fn backfill(&self, sync: &SyncName, progress: backfill::Progress) {
        self.change(|facts| facts.backfills.insert(sync.clone(), progress));
    }

    pub(crate) fn show(&self, sync: &SyncName, progress: backfill::Progress) {
        lock(&self.facts).shown.insert(sync.clone(), progress);
    }

    /// The backfills, for drawing.
    pub(crate) fn backfills(&self) -> BTreeMap<SyncName, backfill::Progress> {
        let facts = lock(&self.facts);
        let newest = |(name, known): (&SyncName, &backfill::Progress)| {
            let shown = facts.shown.get(name).filter(|_| known.phase != Phase::Done);
            (name.clone(), shown.unwrap_or(known).clone())
        };
        facts.backfills.iter().map(newest).collect()
    }

    /// Whether nothing of what is there already waits to be read.
    pub(crate) fn is_backfilled(&self, sync: &SyncName) -> bool {
        lock(&self.facts).backfills.get(sync).is_none_or(|progress| progress.phase == Phase::Done)
    }

    pub(crate) fn polled(&self, sync: &SyncName, side: Side, round: Option<u64>, queued: u64) {
        self.change(|facts| {
            facts.queued += queued;
            if let Some(round) = round {
                facts.rounds.insert((sync.clone(), side), round);
            }
        });
    }

    /// Whether so many sides have been read to their end in this round.
    pub(crate) fn has_polled(&self, sides: usize, round: u64) -> bool {
        lock(&self.facts).rounds.values().filter(|done| **done >= round).count() == sides
    }

    /// A figure that moves with every batch and every queued change.
    pub(crate) fn activity(&self) -> u64 {
        let facts = lock(&self.facts);
        facts.queued + facts.batches.values().sum::<u64>()
    }

    /// Wants every side to be polled now.
    pub(crate) fn want_round(&self) -> u64 {
        self.wanted.send_modify(|round| *round += 1);
        *self.wanted.borrow()
    }

    pub(crate) fn wanted(&self) -> watch::Receiver<u64> {
        self.wanted.subscribe()
    }
}
