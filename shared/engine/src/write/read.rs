//! What the worker reads before it can decide: hinted records, counterparts, and the links of referenced records.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use syncline_mapping::Refs;
use syncline_model::mutant::{Mutant, planted};
use syncline_model::{CallError, Fault, Presence, Record, RecordId, Side};

use super::job::{Job, Other, Place};
use crate::EngineError;
use crate::message::{Cause, Change};
use crate::references::Wanted;

/// What was read of some records, and why not the rest.
pub(super) struct GotAll {
    /// The records by id, as far as they were asked for before a call failed; `None`: the vendor knows none.
    pub(super) records: BTreeMap<RecordId, Option<Record>>,
    pub(super) stopped: Option<CallError>,
}

/// Reads records of a side by id, in the vendor's largest batches. What was read before a call failed is kept: it has been paid for.
pub(super) async fn get_all(place: Place<'_>, side: Side, ids: &[RecordId]) -> GotAll {
    let connector = &place.sync.ends.of(side).connector;
    let selection = place.sync.selection(place.mapping, side);
    let batch = place.sync.facts(place.mapping, side).map_or(1, |facts| facts.bounds.got_at_once());
    let mut got = GotAll { records: BTreeMap::new(), stopped: None };
    for chunk in ids.chunks(usize::try_from(batch).unwrap_or(1)) {
        match connector.get(&selection, chunk, place.by).await {
            Ok(records) => got.records.extend(chunk.iter().cloned().zip(records)),
            Err(error) => {
                got.stopped = Some(error);
                break;
            }
        }
    }
    got
}

/// Reads records whose ids stood in a field, and may be nonsense: where a vendor refuses the question, each id is asked for alone, and who is
/// refused alone is nobody.
pub(super) async fn get_named(place: Place<'_>, side: Side, ids: &[RecordId]) -> GotAll {
    let refuses = |error: &CallError| matches!(error.fault, Fault::Rejected { .. } | Fault::Missing | Fault::Unsupported { .. });
    let mut got = get_all(place, side, ids).await;
    if !got.stopped.as_ref().is_some_and(refuses) {
        return got;
    }
    got.stopped = None;
    for id in ids {
        if got.records.contains_key(id) {
            continue;
        }
        let one = get_all(place, side, std::slice::from_ref(id)).await;
        match one.stopped {
            None => got.records.extend(one.records),
            Some(error) if refuses(&error) => {
                got.records.insert(id.clone(), None);
            }
            Some(error) => {
                got.stopped = Some(error);
                break;
            }
        }
    }
    got
}

/// The changes that need their record read: hints, what was told long ago, and deletions, which are confirmed before anything is deleted.
pub(super) fn needs_reading(place: Place<'_>, change: &Change) -> bool {
    if place.is_told_only() {
        return false;
    }
    match &change.seen {
        None => !planted(Mutant::HintDropped),
        Some(record) => match record.presence {
            Presence::Deleted if planted(Mutant::DeleteUnconfirmed) || planted(Mutant::PartialListing) => false,
            Presence::Deleted => {
                *place.mapping.deletes.of(place.source) == syncline_mapping::DeletePolicy::Propagate
                    || !place.sync.facts(place.mapping, place.source).is_some_and(|facts| facts.lists_merges)
            }
            Presence::Live if planted(Mutant::OldestKept) => false,
            // Of two tellings without a version nobody knows which is older: what is written is what stands there now. The first listing of a feed
            // writes nothing; what it showed is what a later edit is measured by.
            Presence::Live if record.version.is_none() => change.cause != Cause::Listed,
            // Of a backfill there are many, and most are made then: only those that are linked by now are read, once that is known.
            Presence::Live => change.cause != Cause::Backfill && was_told_long_ago(place, change),
            Presence::MergedInto(_) => false,
        },
    }
}

/// What a message tells counts for so long. After that the record is read again: the feed may have shown since that it is as the base remembers
/// it, which no message tells, and what was told is what a user has taken back.
const TOLD_LATELY: SignedDuration = SignedDuration::from_mins(2);

pub(super) fn was_told_long_ago(place: Place<'_>, change: &Change) -> bool {
    place.now().duration_since(change.since) > TOLD_LATELY
}

/// A record that the vendor does not know any more.
pub(super) fn gone(place: Place<'_>, change: &Change) -> Record {
    let kind = place.mapping.kind.of(place.source).clone();
    let gone = Record::new(kind, change.id.clone()).with_presence(Presence::Deleted);
    match change.seen.as_ref().and_then(|seen| seen.version) {
        Some(version) => gone.with_version(version),
        None => gone,
    }
}

/// Reads the counterparts of jobs that are linked or were matched, in as few calls as the vendor allows. Answers the jobs whose counterpart
/// could not be read, and why.
pub(super) async fn counterparts(place: Place<'_>, jobs: &mut Vec<Job>) -> Option<(Vec<Job>, CallError)> {
    if place.is_blind() {
        return None;
    }
    let unread = |job: &Job| {
        matches!(job.other, Other::Unread) && job.other_id.is_some() && !(job.standing.link.is_some() && planted(Mutant::CounterpartUnread))
    };
    let wanted: BTreeSet<RecordId> = jobs.iter().filter(|job| unread(job)).filter_map(|job| job.other_id.clone()).collect();
    if wanted.is_empty() {
        return None;
    }
    let mut got = get_all(place, place.target(), &wanted.into_iter().collect::<Vec<_>>()).await;
    for job in jobs.iter_mut().filter(|job| unread(job)) {
        let Some(record) = job.other_id.as_ref().and_then(|id| got.records.remove(id)) else { continue };
        job.other = match record {
            Some(record) => match record.presence {
                Presence::Live => Other::Seen(record),
                Presence::MergedInto(_) => Other::Merged,
                Presence::Deleted => Other::Gone,
            },
            None => Other::Gone,
        };
    }
    let stopped = got.stopped?;
    let (open, ready): (Vec<Job>, Vec<Job>) = std::mem::take(jobs).into_iter().partition(unread);
    *jobs = ready;
    Some((open, stopped))
}

/// Looks up the links of all records that the jobs refer to, on both sides, and who their owners are. Where a vendor does not list its users: whose
/// that is, and why.
pub(super) async fn references(place: Place<'_>, jobs: &[Job]) -> Result<Result<Refs, (Side, CallError)>, EngineError> {
    let mut wanted = Wanted::default();
    for job in jobs {
        wanted.gather(place.mapping, place.source, &job.record);
        if let Other::Seen(record) = &job.other {
            wanted.gather(place.mapping, place.target(), record);
        }
    }
    wanted.look_up_or_wait(place.engine, place.sync, place.by).await
}
