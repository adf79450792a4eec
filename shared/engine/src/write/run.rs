//! One run over the changes of one mapping and side: read, decide, write, store.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use syncline_mapping::{Choice, HoldReason, LinkChange, Pair, Plan, SkipReason, Verdict, Write as PlannedWrite, base_after, has_changed};
use syncline_model::{CallError, Deadline, Presence, Record, RecordId, Side};

use super::commit::{self, Commits};
use super::job::{Job, Other, Outgoing, Place, newest};
use super::{candidates, outcome, read};
use crate::budget::NoToken;
use crate::counts::{End, skip_name};
use crate::entry::{self, Entry, LinkState, Standing};
use crate::message::{Cause, Change, Counterpart};
use crate::settle::{Disposition, settle};
use crate::{Engine, EngineError, Sync, pull, state};
use syncline_mapping::ObjectMapping;

/// How many records are in memory at a time, at the least a vendor's largest batch: a delivery may bring many more.
const RECORDS_MAX: u32 = 400;

/// Handles the changes of one mapping and side, one change a record, in parts that bound memory and fill the vendor's calls.
pub(super) async fn run(
    engine: &Engine,
    sync: &Sync,
    mapping: &ObjectMapping,
    source: Side,
    changes: Vec<Change>,
    by: Deadline,
) -> Result<(), EngineError> {
    let place = Place { engine, sync, mapping, source, by };
    let (changes, superseded) = newest(changes);
    for _ in 0..superseded {
        count(place, source, &End::Superseded);
    }
    let batch = sync.facts(mapping, place.target()).map_or(1, |facts| facts.bounds.write_records_max);
    let part = usize::try_from(batch.max(RECORDS_MAX)).unwrap_or(usize::MAX);
    let mut rest = changes.into_iter().peekable();
    while rest.peek().is_some() {
        run_part(place, rest.by_ref().take(part).collect()).await?;
    }
    Ok(())
}

async fn run_part(place: Place<'_>, changes: Vec<Change>) -> Result<(), EngineError> {
    let Place { engine, sync, mapping, source, .. } = place;
    let mut out = Outgoing::default();
    let changes = make_room(place, changes, &mut out).await;
    let changes = read_hinted(place, changes, &mut out).await?;
    let ids: Vec<RecordId> = changes.iter().map(|(change, _)| change.id.clone()).collect();
    let mut standings = entry::standings(engine.store.as_ref(), &sync.name, &mapping.name, source, &ids).await?;
    let mut commits = Commits::default();
    let mut linked = Vec::new();
    let mut unlinked = Vec::new();
    for (change, record) in changes {
        let Some(standing) = standings.remove(&change.id) else { continue };
        match triage(place, &change, &record, &standing) {
            Triage::Ends(end) => {
                // Whoever waits for it learns that it will have no counterpart.
                if standing.own.has_children() && standing.link.is_none() && record.presence != Presence::Live {
                    commits.skip(place, Job::new(change, record, standing), &SkipReason::DeletedBeforeLink)?;
                } else {
                    count(place, source, &end);
                }
            }
            Triage::Linked => {
                let mut job = Job::new(change, record, standing);
                job.other_id = job.standing.counterpart(source);
                revive(&mut job);
                linked.push(job);
            }
            Triage::Severed(gone) => {
                let job = Job::new(change, record, standing);
                commits.skip(place, job, &SkipReason::CounterpartDeleted { on: gone })?;
            }
            Triage::Unlinked => unlinked.push(Job::new(change, record, standing)),
            Triage::Merged(survivor) => commit::merged(place, Job::new(change, record, standing), survivor, &mut out).await?,
        }
    }
    let matched = identify(place, unlinked, &mut commits, &mut out).await?;
    linked.extend(matched);
    let mut jobs = linked;
    if let Some((open, error)) = read::counterparts(place, &mut jobs).await {
        postpone(place, open.into_iter().map(|job| job.change).collect(), &error, place.target(), &mut out).await?;
    }
    let refs = read::references(place, &jobs).await?;
    let mut writing = Vec::new();
    for job in jobs {
        let plan = job.plan(place, &refs);
        if let Some(ready) = sort_plan(place, job, plan, &refs, &mut commits, &mut out).await? {
            writing.push(ready);
        }
    }
    outcome::carry_out(place, writing, &refs, &mut commits, &mut out).await?;
    out.send_stamps(place).await?;
    commits.store(place, &mut out).await?;
    out.send(place).await
}

pub(super) fn count(place: Place<'_>, side: Side, end: &End) {
    place.engine.counts.end(&place.sync.name, &place.mapping.name, side, end);
}

/// Work of a backfill steps back while the bucket is low: live changes go ahead.
async fn make_room(place: Place<'_>, changes: Vec<Change>, out: &mut Outgoing) -> Vec<Change> {
    if !changes.iter().any(|change| change.cause == Cause::Backfill) {
        return changes;
    }
    let Some(budget) = place.engine.budgets.get(&place.sync.ends.of(place.target()).connection) else { return changes };
    let until = match budget.room().await {
        Ok(()) => return changes,
        Err(NoToken::Until(until)) => until,
        Err(NoToken::Unknown(_)) => place.now() + SignedDuration::from_secs(5),
    };
    let (backfill, live): (Vec<Change>, Vec<Change>) = changes.into_iter().partition(|change: &Change| change.cause == Cause::Backfill);
    space_out(place, &backfill, until, out);
    live
}

/// Puts changes back so that they come due at the pace at which the budget flows in: in groups that one burst can serve, each when its
/// burst is there. All at once, they would be handed out and put back again and again.
pub(super) fn space_out(place: Place<'_>, changes: &[Change], first: syncline_model::Timestamp, out: &mut Outgoing) {
    let target = &place.sync.ends.of(place.target()).connection;
    let budget = place.engine.budgets.get(target);
    let batch = place.sync.facts(place.mapping, place.target()).map_or(1, |facts| facts.bounds.write_records_max.max(1));
    // A record costs about two calls where a vendor takes one a call: its counterpart is read, and written.
    let (group, rest) = budget.map_or((50, SignedDuration::ZERO), |budget| budget.spacing(batch, 2));
    let mut at = first;
    for chunk in changes.chunks(usize::try_from(group).unwrap_or(usize::MAX)) {
        at = at.checked_add(rest).unwrap_or(at);
        for change in chunk {
            count(place, place.source, &End::Later("rate_limited"));
            out.again(at, change.clone(), false);
        }
    }
}

/// Reads the records of hints, and confirms deletions.
async fn read_hinted(place: Place<'_>, changes: Vec<Change>, out: &mut Outgoing) -> Result<Vec<(Change, Record)>, EngineError> {
    let (hinted, seen): (Vec<Change>, Vec<Change>) = changes.into_iter().partition(|change| read::needs_reading(place, change));
    let mut ready: Vec<(Change, Record)> = Vec::new();
    for change in seen {
        if let Some(record) = change.seen.clone() {
            ready.push((change, record));
        }
    }
    if hinted.is_empty() {
        return Ok(ready);
    }
    let ids: Vec<RecordId> = hinted.iter().map(|change| change.id.clone()).collect();
    let mut got = read::get_all(place, place.source, &ids).await;
    let mut open = Vec::new();
    for change in hinted {
        match got.records.remove(&change.id) {
            Some(record) => {
                let record = record.unwrap_or_else(|| read::gone(place, &change));
                ready.push((change, record));
            }
            None => open.push(change),
        }
    }
    if let Some(error) = got.stopped {
        postpone(place, open, &error, place.source, out).await?;
    }
    Ok(ready)
}

/// A call failed as a whole: all its changes go back, as the fault says.
pub(super) async fn postpone(
    place: Place<'_>,
    changes: Vec<Change>,
    error: &CallError,
    side: Side,
    out: &mut Outgoing,
) -> Result<(), EngineError> {
    tracing::warn!(sync = %place.sync.name, mapping = %place.mapping.name, fault = error.fault.code(), "a call failed: {error}");
    if let syncline_model::Fault::RateLimited { until } = &error.fault {
        space_out(place, &changes, *until, out);
        return Ok(());
    }
    for change in changes {
        let disposition = settle(&error.fault, change.attempt, place.now(), place.engine.dice.roll());
        match disposition {
            Disposition::RetryAt { at, counts } => out.again(at, change, counts),
            Disposition::StopConnection { hint, at } => {
                state::stop(place.engine, &place.sync.ends.of(side).connection, &hint).await?;
                out.again(at, change, false);
            }
            // A whole call is nobody's record: these come again, and are counted.
            Disposition::Hold(_) | Disposition::CounterpartGone | Disposition::SeeHolders { .. } => {
                let at = crate::settle::backoff(change.attempt, place.now(), place.engine.dice.roll());
                let counts = change.attempt < 20;
                out.again(at, change, counts);
            }
        }
        count(place, place.source, &End::Later(error.fault.code()));
    }
    Ok(())
}

enum Triage {
    Ends(End),
    Linked,
    Unlinked,
    /// Its counterpart was deleted, and it was edited since.
    Severed(Side),
    Merged(RecordId),
}

fn triage(place: Place<'_>, change: &Change, record: &Record, standing: &Standing) -> Triage {
    let source = place.source;
    let insisted = matches!(change.cause, Cause::Release | Cause::Counterpart | Cause::Child);
    if !insisted
        && let Some(note) = standing.note()
        && note.print == entry::print(&place.engine.marker, place.mapping, source, record)
    {
        return Triage::Ends(End::Unchanged);
    }
    let Some(link) = standing.link() else {
        return match record.presence {
            Presence::Live => Triage::Unlinked,
            Presence::Deleted | Presence::MergedInto(_) => Triage::Ends(End::Skipped(skip_name(&SkipReason::DeletedBeforeLink))),
        };
    };
    let older = !insisted && record.version < *link.seen.of(source) && record.version.is_some();
    match (&link.state, &record.presence) {
        (_, Presence::Live) if older => Triage::Ends(End::Superseded),
        (LinkState::Active, Presence::Live) => {
            if insisted || has_changed(place.mapping, &place.engine.marker, &link.base, source, record) {
                Triage::Linked
            } else {
                Triage::Ends(End::Unchanged)
            }
        }
        (LinkState::Active, Presence::Deleted) => Triage::Linked,
        (LinkState::Active, Presence::MergedInto(survivor)) => Triage::Merged(survivor.clone()),
        (LinkState::Severed { gone }, Presence::Live) if *gone == source => Triage::Linked,
        (LinkState::Severed { gone }, Presence::Live) => Triage::Severed(*gone),
        (LinkState::Severed { gone }, Presence::Deleted | Presence::MergedInto(_)) if *gone != source => Triage::Linked,
        // A late message does not bring the record back: only one that is younger than its end does.
        (LinkState::Buried, Presence::Live) if insisted || pull::is_newer(link, source, record) => Triage::Unlinked,
        (LinkState::Buried, Presence::Live) => Triage::Ends(End::Superseded),
        (LinkState::Severed { .. } | LinkState::Buried, Presence::Deleted | Presence::MergedInto(_)) => Triage::Ends(End::Unchanged),
    }
}

/// A side that came back, or went too, after the link was severed.
fn revive(job: &mut Job) {
    let live = job.record.presence == Presence::Live;
    if let Some((_, link)) = &mut job.standing.link
        && let LinkState::Severed { .. } = link.state
    {
        if live {
            link.state = LinkState::Active;
        } else {
            job.other = Other::Gone;
        }
    }
}

/// Finds out who the counterparts of unlinked records are. Answers the jobs that can be decided now.
async fn identify(place: Place<'_>, jobs: Vec<Job>, commits: &mut Commits, out: &mut Outgoing) -> Result<Vec<Job>, EngineError> {
    let mut ready = Vec::new();
    let mut named = Vec::new();
    let mut asking = Vec::new();
    for mut job in jobs {
        // Buried links are history: the record begins anew.
        job.standing.link = None;
        // A create that the budget held back was certainly not sent; where creating twice makes one record, that may be relied on.
        let unsent = job.change.unsent && place.sync.facts(place.mapping, place.target()).is_some_and(|facts| facts.safe_create);
        let tried = matches!(job.standing.own.entry, Entry::Intent { .. }) && !unsent;
        match (&job.change.counterpart, candidates::carried_id(place, &job.record)) {
            (Counterpart::Is(id), _) => {
                let id = id.clone();
                named.push((job, id));
            }
            (Counterpart::Alone, None) if !tried => {
                job.other = Other::Nothing;
                ready.push(job);
            }
            (Counterpart::Unknown, Some(id)) if job.change.attempt == 0 => named.push((job, id)),
            (Counterpart::Alone | Counterpart::Unknown, _) => asking.push(job),
        }
    }
    adopt(place, named, &mut ready, &mut asking).await?;
    let (found, stopped) = candidates::find(place, &asking.iter().collect::<Vec<_>>()).await?;
    let open = asking.split_off(found.len().min(asking.len()));
    if let Some(error) = stopped {
        postpone(place, open.into_iter().map(|job| job.change).collect(), &error, place.target(), out).await?;
    }
    for (mut job, mut found) in asking.into_iter().zip(found) {
        match found.choice {
            Choice::Is(id) => {
                // If its write has to wait for the budget, the search need not be paid for twice.
                job.change.counterpart = Counterpart::Is(id.clone());
                job.other_own = found.standings.remove(&id).map(|standing| standing.own);
                job.other = found.records.remove(&id).map_or(Other::Unread, Other::Seen);
                job.other_id = Some(id);
                ready.push(job);
            }
            Choice::Nobody => {
                job.change.counterpart = Counterpart::Alone;
                job.other = Other::Nothing;
                ready.push(job);
            }
            Choice::Ambiguous { key, candidates } => commits.hold(place, job, HoldReason::Ambiguous { key, candidates })?,
            Choice::Taken { key, holder, linked_to } => {
                commits.skip(place, job, &SkipReason::TakenBy { key, holder, linked_to })?;
            }
        }
    }
    Ok(ready)
}

/// Counterparts that are named: by the backfill's index, or by the id in the link field. One that is linked to another record is not ours.
async fn adopt(place: Place<'_>, named: Vec<(Job, RecordId)>, ready: &mut Vec<Job>, asking: &mut Vec<Job>) -> Result<(), EngineError> {
    if named.is_empty() {
        return Ok(());
    }
    let ids: Vec<RecordId> = named.iter().map(|(_, id)| id.clone()).collect();
    let target = place.target();
    let standings = entry::standings(place.engine.store.as_ref(), &place.sync.name, &place.mapping.name, target, &ids).await?;
    // The id in the field may be nonsense, which a vendor may refuse to look for; then the keys decide.
    let mut records: BTreeMap<RecordId, Option<Record>> = read::get_all(place, target, &ids).await.records;
    for (mut job, id) in named {
        let record = records.get_mut(&id).and_then(Option::take).filter(|record| record.presence == Presence::Live);
        let standing = standings.get(&id);
        match (record, standing) {
            (Some(record), Some(standing)) if candidates::linked_to(standing).is_none() => {
                job.other_own = Some(standing.own.clone());
                job.other = Other::Seen(record);
                job.other_id = Some(id);
                ready.push(job);
            }
            (_, _) => asking.push(job),
        }
    }
    Ok(())
}

/// Puts a plan where it belongs; answers it where there is something to write on this worker's side.
async fn sort_plan(
    place: Place<'_>,
    mut job: Job,
    plan: Plan,
    refs: &syncline_mapping::Refs,
    commits: &mut Commits,
    out: &mut Outgoing,
) -> Result<Option<(Job, Plan)>, EngineError> {
    match plan.verdict.clone() {
        Verdict::Write if plan.write(place.target()).is_some() => Ok(Some((job, plan))),
        Verdict::Write | Verdict::NoChange => {
            let known = job.known(place, refs);
            let made = place.source.of(Pair::new(false, true), Pair::new(true, false));
            let base = base_after(&known, &plan, made, Pair::default());
            outcome::forward(place, &job, &plan, None, out);
            commits.settled(place, job, &plan, base)?;
            Ok(None)
        }
        Verdict::Skip(reason) => {
            if let LinkChange::Sever { gone } = plan.link {
                commits.sever(place, job, gone, &reason)?;
            } else {
                commits.skip(place, job, &reason)?;
            }
            Ok(None)
        }
        Verdict::Hold(reason) => {
            commits.hold(place, job, reason)?;
            Ok(None)
        }
        Verdict::Wait { parent, side, id } => {
            commit::wait(place, job, (&parent, side, &id), out).await?;
            Ok(None)
        }
        Verdict::Look(side) => {
            // What had to be read was read; a vendor that leaves mapped fields out brings us here. It is tried again, and then held.
            job.change.seen = None;
            let fault = syncline_model::Fault::Drift {
                path: format!("the {side} record"),
                expected: "all mapped fields".into(),
                found: "some of them".into(),
            };
            let change = job.change.clone();
            if let Disposition::Hold(reason) = settle(&fault, change.attempt, place.now(), 0) {
                commits.hold(place, job, reason)?;
            } else {
                out.again(place.now() + SignedDuration::from_secs(5), change, true);
            }
            Ok(None)
        }
    }
}

/// What a planned write becomes for the connector.
pub(super) fn action(place: Place<'_>, job: &Job, write: &PlannedWrite) -> crate::ports::connector::WriteAction {
    use crate::ports::connector::WriteAction;
    match write {
        PlannedWrite::Create { fields } => {
            WriteAction::Create { fields: fields.clone(), once: place.mapping.link_field.of(place.target()).clone() }
        }
        PlannedWrite::Update { id, fields } => {
            let expected = job.other.record().and_then(|record| record.version);
            WriteAction::Update { id: id.clone(), fields: fields.clone(), expected }
        }
        PlannedWrite::Delete { id } => WriteAction::Delete { id: id.clone() },
        PlannedWrite::Restore { id } => WriteAction::Restore { id: id.clone() },
    }
}
