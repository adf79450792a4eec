//! How far a backfill has come: what is stored of it, and what people see.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use syncline_mapping::Pair;
use syncline_model::{MappingName, Side, Timestamp};

use crate::ports::connector::Cursor;
use crate::resumable::{Pages, Pause};

/// Where a backfill is, mapping by mapping, parents first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    #[default]
    NotBegun,
    ScanLeft,
    ScanRight,
    Join,
    Done,
}

/// What was done for one mapping.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    pub mapping: MappingName,
    /// Pages that each side's scan has read.
    pub pages: Pair<u32>,
    /// Records read of each side, unreadable ones too.
    pub read: Pair<u64>,
    /// How many records each side has, once its scan has ended; of an earlier backfill before that.
    pub expected: Pair<Option<u64>>,
    /// Rows that could not be read and are held.
    pub unreadable: Pair<u64>,
    /// Pairs that the join found, beside those that were linked before.
    pub pairs: u64,
    /// Pairs that were linked without a write of values, or by a worker while the backfill ran.
    pub linked: u64,
    /// Pairs with values to write, queued for the workers.
    pub to_write: u64,
    /// Records queued to be made on each side.
    pub to_create: Pair<u64>,
    /// Records of each side that wait for a person.
    pub held: Pair<u64>,
    /// Records of each side that a rule leaves out.
    pub skipped: Pair<u64>,
    /// What the join found to do, and how much of it is done.
    pub tasks: u64,
    pub tasks_done: u64,
    /// Messages queued.
    pub messages: u64,
}

impl Tally {
    pub(super) fn new(mapping: MappingName, expected: Pair<Option<u64>>) -> Self {
        Self {
            mapping,
            pages: Pair::default(),
            read: Pair::default(),
            expected,
            unreadable: Pair::default(),
            pairs: 0,
            linked: 0,
            to_write: 0,
            to_create: Pair::default(),
            held: Pair::default(),
            skipped: Pair::default(),
            tasks: 0,
            tasks_done: 0,
            messages: 0,
        }
    }
}

/// A backfill as people see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Progress {
    pub phase: Phase,
    /// The mapping that it is at, and the side that is being scanned.
    pub mapping: Option<MappingName>,
    pub side: Option<Side>,
    pub began: Option<Timestamp>,
    pub ended: Option<Timestamp>,
    /// One for each mapping that was begun, in their order.
    pub mappings: Vec<Tally>,
    /// When to go on, where a limit or a passing trouble stopped it; `None` while it is not done: at once.
    pub again_at: Option<Timestamp>,
    /// A sentence for people on why it stopped.
    pub stopped: Option<String>,
}

/// What rests in the store.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct State {
    pub(super) phase: Phase,
    pub(super) mapping: Option<MappingName>,
    pub(super) began: Option<Timestamp>,
    pub(super) ended: Option<Timestamp>,
    /// When the scan of the present side began.
    pub(super) scan_began: Option<Timestamp>,
    /// How far that scan has come.
    pub(super) cursor: Option<Cursor>,
    /// The scan has ended with this cursor, from which the change feed is to begin.
    pub(super) caught_up: Option<Cursor>,
    /// A keyed hash of what rows are made of; where the config has changed since, the scans begin anew.
    pub(super) shape: String,
    pub(super) pages: Pair<Pages>,
    /// How many of the join's tasks are done.
    pub(super) position: u64,
    pub(super) tallies: Vec<Tally>,
    /// How many records each side had when it was last scanned to its end.
    #[serde(default)]
    pub(super) expected: BTreeMap<MappingName, Pair<Option<u64>>>,
    /// Linked records are sent again to a side that gives none back.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) resend: bool,
}

impl State {
    pub(super) fn side(&self) -> Option<Side> {
        match self.phase {
            Phase::ScanLeft => Some(Side::Left),
            Phase::ScanRight => Some(Side::Right),
            Phase::NotBegun | Phase::Join | Phase::Done => None,
        }
    }

    /// Begins a side's scan.
    pub(super) fn scan(&mut self, side: Side, now: Timestamp) {
        self.phase = side.of(Phase::ScanLeft, Phase::ScanRight);
        self.scan_began = Some(now);
        self.cursor = None;
        self.caught_up = None;
    }

    /// Begins a mapping.
    pub(super) fn enter(&mut self, mapping: MappingName, shape: String, now: Timestamp) {
        self.tallies.retain(|tally| tally.mapping != mapping);
        let expected = self.expected.get(&mapping).copied().unwrap_or_default();
        self.tallies.push(Tally::new(mapping.clone(), expected));
        self.mapping = Some(mapping);
        self.shape = shape;
        self.pages = Pair::default();
        self.position = 0;
        self.scan(Side::Left, now);
    }

    pub(super) fn tally(&mut self) -> Option<&mut Tally> {
        self.tallies.last_mut()
    }

    pub(super) fn progress(&self, pause: Pause) -> Progress {
        Progress {
            phase: self.phase,
            mapping: self.mapping.clone(),
            side: self.side(),
            began: self.began,
            ended: self.ended,
            mappings: self.tallies.clone(),
            again_at: pause.again_at,
            stopped: pause.says,
        }
    }
}
