//! How far a sweep has come: what is stored of it, and what people see.

use serde::{Deserialize, Serialize};
use syncline_model::Timestamp;

use crate::ports::connector::Cursor;
use crate::resumable::{Pages, Pause};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SweepPhase {
    #[default]
    NotBegun,
    /// The side is read page by page.
    Listing,
    /// What was read is compared with the links.
    Comparing,
    /// Missing records are sent to be confirmed.
    Sending,
    /// So many are missing that a person is asked. Nothing was sent.
    Asked,
    Done,
}

/// What the incremental path had missed, by cause. Changes that may still be on their way are not among them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missed {
    pub edited: u64,
    pub created: u64,
    /// Only where the vendor's feed tells of deletions; each is still to be confirmed.
    pub deleted: u64,
}

/// A sweep as people see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SweepProgress {
    pub phase: SweepPhase,
    pub began: Option<Timestamp>,
    pub ended: Option<Timestamp>,
    pub pages: u32,
    /// Records read, unreadable ones too.
    pub read: u64,
    /// How many the last completed listing had; what `period` wants to know.
    pub records: Option<u64>,
    /// Living links that were compared.
    pub links: u64,
    /// Linked records that the listing does not show.
    pub gone: u64,
    /// Changes sent to the workers, hints of missing records among them.
    pub queued: u64,
    pub missed: Missed,
    /// When to go on, where a limit or a passing trouble stopped it; `None` while it is under way: at once.
    pub again_at: Option<Timestamp>,
    /// A sentence for people on why it stopped.
    pub stopped: Option<String>,
}

/// What rests in the store.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct State {
    pub(super) phase: SweepPhase,
    pub(super) began: Option<Timestamp>,
    pub(super) ended: Option<Timestamp>,
    pub(super) cursor: Option<Cursor>,
    /// The ids that the listing showed.
    pub(super) seen: Pages,
    /// The ids that are missing.
    pub(super) missing: Pages,
    /// How many buckets of entries are compared.
    pub(super) bucket: u8,
    /// How many pages of missing ids are sent.
    pub(super) sent: u64,
    pub(super) pages: u32,
    pub(super) read: u64,
    /// Rows that could not even be identified: any missing record may be one of them.
    pub(super) unnamed: u64,
    pub(super) records: Option<u64>,
    pub(super) links: u64,
    pub(super) gone: u64,
    pub(super) queued: u64,
    pub(super) missed: Missed,
    /// How many missing records a person was asked about last.
    pub(super) asked: Option<u64>,
    /// How many a person let go.
    pub(super) allowed: Option<u64>,
}

impl State {
    /// Nothing is under way.
    pub(super) fn is_at_rest(&self) -> bool {
        match self.phase {
            SweepPhase::NotBegun | SweepPhase::Asked | SweepPhase::Done => true,
            SweepPhase::Listing | SweepPhase::Comparing | SweepPhase::Sending => false,
        }
    }

    /// The next sweep's beginning.
    pub(super) fn next(&self, now: Timestamp) -> Self {
        Self {
            phase: SweepPhase::Listing,
            began: Some(now),
            records: self.records,
            asked: self.asked,
            allowed: self.allowed,
            ..Self::default()
        }
    }

    pub(super) fn progress(&self, pause: Pause) -> SweepProgress {
        SweepProgress {
            phase: self.phase,
            began: self.began,
            ended: self.ended,
            pages: self.pages,
            read: self.read,
            records: self.records,
            links: self.links,
            gone: self.gone,
            queued: self.queued,
            missed: self.missed,
            again_at: pause.again_at,
            stopped: pause.says,
        }
    }
}
