//! Every observed change ends in exactly one state; these are the counts of each, per mapping and side, and they add up.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use serde::Serialize;
use syncline_mapping::{HoldReason, SkipReason};
use syncline_model::{ConnectionName, MappingName, Side, SyncName};

/// In which state an observed change ended.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum End {
    Created,
    Updated,
    Deleted,
    Linked,
    Unchanged,
    Superseded,
    Skipped(&'static str),
    Held(&'static str),
    /// Not an end: it goes on later, and is counted again then.
    Later(&'static str),
}

impl End {
    /// Its name in events.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Deleted => "deleted",
            Self::Linked => "linked",
            Self::Unchanged => "unchanged",
            Self::Superseded => "superseded",
            Self::Skipped(_) => "skipped",
            Self::Held(_) => "held",
            Self::Later(_) => "waits",
        }
    }

    /// Why, where a rule, a person or a fault stands behind it.
    pub fn reason(&self) -> Option<&'static str> {
        match self {
            Self::Skipped(reason) | Self::Held(reason) | Self::Later(reason) => Some(reason),
            Self::Created | Self::Updated | Self::Deleted | Self::Linked | Self::Unchanged | Self::Superseded => None,
        }
    }
}

/// The counts of one mapping and side. `side` is where the change was seen; writes are counted at the side that was written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SideCounts {
    /// Records that listings or webhooks showed.
    pub read: u64,
    pub created: u64,
    pub updated: u64,
    pub deleted: u64,
    /// Pairs joined without a write of values.
    pub linked: u64,
    pub unchanged: u64,
    pub superseded: u64,
    pub skipped: BTreeMap<String, u64>,
    pub held: BTreeMap<String, u64>,
    /// Went back to the queue, by fault.
    pub later: BTreeMap<String, u64>,
    /// Writes of our link field alone.
    pub stamped: u64,
}

impl SideCounts {
    /// What came to these since they were `before`.
    #[must_use]
    pub fn since(&self, before: &Self) -> Self {
        let by_reason = |now: &BTreeMap<String, u64>, before: &BTreeMap<String, u64>| {
            let left = now.iter().map(|(reason, count)| (reason.clone(), count - before.get(reason).copied().unwrap_or(0).min(*count)));
            left.filter(|(_, count)| *count > 0).collect()
        };
        Self {
            read: self.read.saturating_sub(before.read),
            created: self.created.saturating_sub(before.created),
            updated: self.updated.saturating_sub(before.updated),
            deleted: self.deleted.saturating_sub(before.deleted),
            linked: self.linked.saturating_sub(before.linked),
            unchanged: self.unchanged.saturating_sub(before.unchanged),
            superseded: self.superseded.saturating_sub(before.superseded),
            skipped: by_reason(&self.skipped, &before.skipped),
            held: by_reason(&self.held, &before.held),
            later: by_reason(&self.later, &before.later),
            stamped: self.stamped.saturating_sub(before.stamped),
        }
    }
}

/// Counts by mapping and side.
pub type BySide = BTreeMap<(SyncName, MappingName, Side), SideCounts>;

/// One process's counts.
#[derive(Debug, Default)]
pub struct Counts {
    ends: Mutex<BySide>,
    stopped: Mutex<BTreeSet<ConnectionName>>,
}

impl Counts {
    fn with(&self, sync: &SyncName, mapping: &MappingName, side: Side, change: impl FnOnce(&mut SideCounts)) {
        let mut counts = self.ends.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        change(counts.entry((sync.clone(), mapping.clone(), side)).or_default());
    }

    pub fn read(&self, sync: &SyncName, mapping: &MappingName, side: Side, records: usize) {
        self.with(sync, mapping, side, |counts| counts.read += records as u64);
    }

    pub fn stamped(&self, sync: &SyncName, mapping: &MappingName, side: Side) {
        self.with(sync, mapping, side, |counts| counts.stamped += 1);
    }

    /// One end. For writes `side` is the side written to, for all else the side where the change was seen.
    pub fn end(&self, sync: &SyncName, mapping: &MappingName, side: Side, end: &End) {
        self.with(sync, mapping, side, |counts| match end {
            End::Created => counts.created += 1,
            End::Updated => counts.updated += 1,
            End::Deleted => counts.deleted += 1,
            End::Linked => counts.linked += 1,
            End::Unchanged => counts.unchanged += 1,
            End::Superseded => counts.superseded += 1,
            End::Skipped(reason) => *counts.skipped.entry((*reason).to_owned()).or_default() += 1,
            End::Held(reason) => *counts.held.entry((*reason).to_owned()).or_default() += 1,
            End::Later(reason) => *counts.later.entry((*reason).to_owned()).or_default() += 1,
        });
    }

    /// A run found this connection stopped, or stopped it.
    pub fn found_stopped(&self, connection: &ConnectionName) {
        self.stopped.lock().unwrap_or_else(std::sync::PoisonError::into_inner).insert(connection.clone());
    }

    /// The connections that were found stopped since this was last asked.
    pub fn take_stopped(&self) -> BTreeSet<ConnectionName> {
        std::mem::take(&mut self.stopped.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }

    pub fn all(&self) -> BySide {
        self.ends.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }
}

/// A skip's name in counts.
pub fn skip_name(reason: &SkipReason) -> &'static str {
    match reason {
        SkipReason::NotCreatedThere => "not_created_there",
        SkipReason::TakenBy { .. } => "taken_by",
        SkipReason::NothingToReachThem { .. } => "nothing_to_reach_them",
        SkipReason::CounterpartDeleted { .. } => "counterpart_deleted",
        SkipReason::DeletedBeforeLink => "deleted_before_link",
        SkipReason::NotChangedYet => "not_changed_yet",
        SkipReason::LeftBehind { .. } => "left_behind",
    }
}

/// A hold's name in counts.
pub fn hold_name(reason: &HoldReason) -> &'static str {
    match reason {
        HoldReason::Ambiguous { .. } => "ambiguous",
        HoldReason::RequiredFieldEmpty { .. } => "required_field_empty",
        HoldReason::DoesNotFit { .. } => "does_not_fit",
        HoldReason::BothChanged { .. } => "both_changed",
        HoldReason::DeletedAndEdited { .. } => "deleted_and_edited",
        HoldReason::CounterpartsOfMerged { .. } => "counterparts_of_merged",
        HoldReason::Refused { .. } => "refused",
        HoldReason::TakenByHidden { .. } => "taken_by_hidden",
        HoldReason::Unreadable { .. } => "unreadable",
        HoldReason::NotToldAgain => "not_told_again",
        HoldReason::NotSearched { .. } => "not_searched",
        HoldReason::TriedTooOften { .. } => "tried_too_often",
        HoldReason::MassDelete { .. } => "mass_delete",
    }
}
