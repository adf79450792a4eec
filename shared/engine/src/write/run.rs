//! One run over the changes of one mapping and side: read, decide, write, store.

use jiff::SignedDuration;
use syncline_mapping::{LinkChange, Pair, Plan, RefState, Refs, SkipReason, Verdict, Write as PlannedWrite, base_after};
use syncline_model::{Deadline, Presence, Record, RecordId, Side, Value};

use super::commit::{self, Commits};
use super::job::{Job, Observed, Other, Outgoing, Place, newest};
use super::postpone::{await_other, make_room, postpone};
use super::triage::{Triage, triage};
use super::{candidates, identify, outcome, parents, read, told};
use crate::counts::End;
use crate::entry::{self, Entry, LinkState, Standing};
use crate::message::{Cause, Change};
use crate::settle::{ATTEMPTS_MAX, Disposition, settle};
use crate::telemetry;
use crate::{Engine, EngineError, Sync, waiting};
use syncline_mapping::ObjectMapping;

/// How many records a part has at the least, and at the most: a part bounds memory, and fills the vendor's largest reads.
const PART_RECORDS_MIN: u32 = 400;
const PART_RECORDS_MAX: u32 = 1_000;

/// A part ends sooner where its observations are larger than this together, in bytes of text.
const PART_BYTES_MAX: usize = 2 * 1024 * 1024;

/// How many records' entries are read from the store at once: beside what is kept of them, the answers are in memory.
const STANDINGS_AT_ONCE: usize = 400;

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
    for change in &superseded {
        ended(place, change, &End::Superseded);
    }
    let mut run = Run::new(place);
    let mut rest = changes.into_iter().peekable();
    while rest.peek().is_some() {
        let part = next_part(place, &mut rest);
        run.part(part).await?;
    }
    run.write().await
}

fn next_part(place: Place<'_>, rest: &mut impl Iterator<Item = Change>) -> Vec<Change> {
    let bounds = place.sync.facts(place.mapping, place.target()).map(|facts| &facts.bounds);
    let largest = bounds.map_or(1, |bounds| bounds.write_records_max.max(bounds.get_records_max));
    let records_max = usize::try_from(largest.clamp(PART_RECORDS_MIN, PART_RECORDS_MAX)).unwrap_or(usize::MAX);
    let (mut part, mut bytes) = (Vec::new(), 0);
    while part.len() < records_max && bytes < PART_BYTES_MAX {
        let Some(change) = rest.next() else { break };
        bytes += change.seen.as_ref().map_or(0, text_bytes);
        part.push(change);
    }
    part
}

fn text_bytes(record: &Record) -> usize {
    let of = |value: &Value| match value {
        Value::Text(text) => text.len(),
        Value::Set(items) => items.iter().map(String::len).sum(),
        Value::Null
        | Value::Bool(_)
        | Value::Integer(_)
        | Value::Decimal(_)
        | Value::Date(_)
        | Value::DateTime(_)
        | Value::Reference(_) => 0,
    };
    record.fields.values().map(of).sum()
}

/// What goes on from part to part: writes that wait until they fill the vendor's call, and messages to be sent.
struct Run<'a> {
    place: Place<'a>,
    /// How many writes go together.
    batch: usize,
    writing: Vec<(Job, Plan)>,
    refs: Refs,
    commits: Commits,
    out: Outgoing,
}

impl<'a> Run<'a> {
    fn new(place: Place<'a>) -> Self {
        let bounds = place.sync.facts(place.mapping, place.target()).map(|facts| &facts.bounds);
        let largest = bounds.map_or(1, |bounds| bounds.write_records_max.max(1));
        // Where each record costs a call, so many that the store's transactions are full; else as many whole calls as that takes.
        let calls = PART_RECORDS_MIN.div_ceil(largest);
        let batch = usize::try_from(largest * calls).unwrap_or(usize::MAX);
        Self { place, batch, writing: Vec::new(), refs: Refs::default(), commits: Commits::default(), out: Outgoing::default() }
    }

    /// Reads and decides a part, and writes as much as fills the vendor's calls.
    async fn part(&mut self, changes: Vec<Change>) -> Result<(), EngineError> {
        let place = self.place;
        let changes = make_room(place, changes, &mut self.out).await;
        let observed = read_hinted(place, changes, &mut self.out).await?;
        let (mut jobs, mut unlinked) = self.sort(observed).await?;
        given_away(place, &mut jobs, &mut unlinked).await?;
        jobs.extend(identify::identify(place, unlinked, &mut self.commits, &mut self.out).await?);
        if let Some((open, error)) = read::counterparts(place, &mut jobs).await {
            postpone(place, open.into_iter().map(Job::into_change).collect(), &error, place.target(), &mut self.out).await?;
        }
        let mut open = ask_the_other_side(place, jobs, &mut self.out);
        while !open.is_empty() {
            match read::references(place, &open).await? {
                Ok(refs) => self.refs.extend(refs),
                Err((side, error)) => {
                    return postpone(place, open.into_iter().map(Job::into_change).collect(), &error, side, &mut self.out).await;
                }
            }
            let (jobs, later) = parents::first(place, open, &self.refs);
            for job in jobs {
                let plan = job.plan(place, &self.refs);
                if let Some(ready) = sort_plan(place, job, plan, &self.refs, &mut self.commits, &mut self.out).await? {
                    self.writing.push(ready);
                }
                if self.writing.len() >= self.batch {
                    self.write().await?;
                }
            }
            if place.mapping.refers_to_itself() {
                // Those that follow, in this part and in the next, may refer to these.
                self.write().await?;
            }
            open = later;
        }
        Ok(())
    }

    /// Tells the changes that end here from those of linked records and of others, which it answers.
    async fn sort(&mut self, observed: Vec<Observed>) -> Result<(Vec<Job>, Vec<Job>), EngineError> {
        let place = self.place;
        let Place { engine, sync, mapping, source, .. } = place;
        let (mut linked, mut unlinked) = (Vec::new(), Vec::new());
        let mut rest = observed.into_iter().peekable();
        while rest.peek().is_some() {
            let some: Vec<Observed> = rest.by_ref().take(STANDINGS_AT_ONCE).collect();
            let ids: Vec<RecordId> = some.iter().map(|observed| observed.change.id.clone()).collect();
            let mut standings = entry::standings(engine.store.as_ref(), &sync.name, &mapping.name, source, &ids).await?;
            for observed in some {
                let Some(standing) = standings.remove(&observed.change.id) else { continue };
                match triage(place, &observed, &standing) {
                    Triage::Ends(end) => {
                        // Whoever waits for it learns that it will have no counterpart; and it is held no more, also if it comes back as it was.
                        let was_held = standing.note().is_some_and(|note| note.end.starts_with("held"));
                        let gone = standing.link.is_none() && observed.record.presence != Presence::Live;
                        if gone && (standing.own.has_children() || was_held) {
                            self.commits.skip(place, Job::new(observed, standing), &SkipReason::DeletedBeforeLink)?;
                        } else {
                            release_left_behind(place, &observed.change.id, &standing, &end).await?;
                            ended(place, &observed.change, &end);
                        }
                    }
                    Triage::Linked => {
                        let mut job = Job::new(observed, standing);
                        job.other_id = job.standing.counterpart(source);
                        revive(&mut job);
                        linked.push(job);
                    }
                    Triage::Severed(gone) => {
                        self.commits.skip(place, Job::new(observed, standing), &SkipReason::CounterpartDeleted { on: gone })?;
                    }
                    Triage::Unlinked => unlinked.push(Job::new(observed, standing)),
                    Triage::DeletedUnlinked => self.deleted_unlinked(Job::new(observed, standing))?,
                    Triage::Moved(survivor) => {
                        let follows = Some(observed.change.trace(place.subject()));
                        let change = Change { follows, ..Change::hint(survivor, place.now(), Cause::Counterpart) };
                        self.out.again(place.now(), change, false);
                        ended(place, &observed.change, &End::Unchanged);
                    }
                    Triage::LooksBack => {
                        let change = Change { seen: None, ..observed.change };
                        telemetry::decided(place.subject(), &change, None, &End::Later("looks_again"));
                        self.out.again(place.now(), change, false);
                    }
                    Triage::Merged(survivor) => {
                        commit::merged(place, Job::new(observed, standing), survivor, &mut self.out).await?;
                    }
                }
            }
        }
        Ok((linked, unlinked))
    }

    /// Told as deleted before it had a counterpart. Where one is being made, what comes of that is waited for: it is deleted then.
    fn deleted_unlinked(&mut self, job: Job) -> Result<(), EngineError> {
        let place = self.place;
        if matches!(job.standing.own.entry, Entry::Intent { .. }) && job.change.attempt < ATTEMPTS_MAX {
            await_other(place, job, &mut self.out);
            return Ok(());
        }
        self.commits.skip(place, job, &SkipReason::DeletedBeforeLink)
    }

    /// Makes the writes that have gathered, stores what they and all decisions so far came to, and sends what follows from it.
    async fn write(&mut self) -> Result<(), EngineError> {
        let place = self.place;
        let writing = std::mem::take(&mut self.writing);
        outcome::carry_out(place, writing, &self.refs, &mut self.commits, &mut self.out).await?;
        self.out.send_stamps(place).await?;
        std::mem::take(&mut self.commits).store(place, &mut self.out).await?;
        std::mem::take(&mut self.out).send(place).await
    }
}

/// An attempt that died after it had stored how a record ended, and before it had released the children that waited for that, comes again and
/// finds nothing to do: then they are released here.
async fn release_left_behind(place: Place<'_>, id: &RecordId, standing: &Standing, end: &End) -> Result<(), EngineError> {
    let Place { engine, sync, mapping, source, .. } = place;
    if !matches!(end, End::Unchanged | End::Superseded) || !place.is_parent() {
        return Ok(());
    }
    waiting::release(engine, sync, &mapping.name, source, id).await?;
    if let Some(other) = standing.counterpart(source) {
        waiting::release(engine, sync, &mapping.name, source.other(), &other).await?;
    }
    Ok(())
}

/// A change has ended, or waits: counted where it was seen, and told.
pub(super) fn ended(place: Place<'_>, change: &Change, end: &End) {
    ended_at(place, change, None, (place.source, end));
}

/// The same with its counterpart, counted at a side of the pair.
pub(super) fn ended_at(place: Place<'_>, change: &Change, other: Option<&RecordId>, (side, end): (Side, &End)) {
    place.engine.counts.end(&place.sync.name, &place.mapping.name, side, end);
    telemetry::decided(place.subject(), change, other, end);
}

/// Reads the records of hints, and confirms deletions.
async fn read_hinted(place: Place<'_>, changes: Vec<Change>, out: &mut Outgoing) -> Result<Vec<Observed>, EngineError> {
    let (hinted, seen): (Vec<Change>, Vec<Change>) = changes.into_iter().partition(|change| read::needs_reading(place, change));
    let mut ready: Vec<Observed> = Vec::new();
    for mut change in seen {
        match change.seen.take() {
            Some(record) => ready.push(Observed { change, told: true, record }),
            None => told::nothing(place, &change).await?,
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
                ready.push(Observed { change, told: false, record });
            }
            None => open.push(change),
        }
    }
    if let Some(error) = got.stopped {
        postpone(place, open, &error, place.source, out).await?;
    }
    Ok(ready)
}

/// Where a counterpart is gone, its own side's worker finds out whether it was deleted or merged, and carries that over; then the change comes
/// again, and meets what that came to.
fn ask_the_other_side(place: Place<'_>, jobs: Vec<Job>, out: &mut Outgoing) -> Vec<Job> {
    let mut ready = Vec::new();
    for job in jobs {
        let is_live = job.record.presence == Presence::Live;
        // By no attempt's number: those that the vendor put off before tell nothing of it.
        let is_news = is_live && !job.change.asked;
        match (&job.other, job.other_id.clone()) {
            // A sweep found the difference: the other side's sweep finds who is missing there, counts them, and asks before many go.
            (Other::Gone | Other::Merged, _) if is_live && job.change.cause == Cause::Sweep && job.standing.link.is_some() => {
                ended(place, &job.change, &End::Later("other_side"));
            }
            // The link goes along, however long that takes, and then the two are looked at anew: with what is told here.
            (Other::Merged, _) if is_live && job.change.asked && job.standing.link.is_some() => {
                ended(place, &job.change, &End::Later("other_side"));
            }
            (Other::Gone | Other::Merged, Some(other)) if is_news => {
                out.forward(other, None, place.now(), job.trace(place));
                ended(place, &job.change, &End::Later("other_side"));
                out.again(place.now() + SignedDuration::from_secs(30), Change { asked: true, ..job.into_change() }, true);
            }
            (Other::Unread | Other::Seen(_) | Other::Gone | Other::Merged | Other::Nothing, _) => ready.push(job),
        }
    }
    ready
}

/// Links that come back with their record: where the counterpart has been given to another meanwhile, the record begins anew.
async fn given_away(place: Place<'_>, jobs: &mut Vec<Job>, unlinked: &mut Vec<Job>) -> Result<(), EngineError> {
    let back = |job: &Job| if job.comes_back() { job.other_id.clone() } else { None };
    let ids: Vec<RecordId> = jobs.iter().filter_map(back).collect();
    if ids.is_empty() {
        return Ok(());
    }
    let standings = entry::standings(place.engine.store.as_ref(), &place.sync.name, &place.mapping.name, place.target(), &ids).await?;
    for mut job in std::mem::take(jobs) {
        let other = back(&job).and_then(|id| standings.get(&id));
        if other.and_then(candidates::linked_to).is_some_and(|its| its != job.record.id) {
            unlinked.push(job);
            continue;
        }
        job.other_own = other.map(|standing| standing.own.clone());
        jobs.push(job);
    }
    Ok(())
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
        // What goes on the side that the change came from is its worker's to delete, and the link's end to note once it has.
        Verdict::Write if matches!(plan.write(place.source), Some(PlannedWrite::Delete { .. })) => {
            outcome::forward(place, &job, &plan, job.other.record(), out);
            ended(place, &job.change, &End::Later("other_side"));
            Ok(None)
        }
        Verdict::Write | Verdict::NoChange => {
            let known = job.known(place, refs);
            let made = place.source.of(Pair::new(false, true), Pair::new(true, false));
            let base = base_after(&known, &plan, made, Pair::default());
            outcome::forward(place, &job, &plan, job.other.record(), out);
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
            let Some(job) = parents::wait(place, job, (&parent, side, &id), out).await? else { return Ok(None) };
            let mut refs = refs.clone();
            refs.insert(parent, side, id, RefState::Later);
            let plan = job.plan(place, &refs);
            Box::pin(sort_plan(place, job, plan, &refs, commits, out)).await
        }
        Verdict::Look(side) => {
            // What had to be read was read; a vendor that leaves mapped fields out brings us here. It is tried again, and then held.
            job.told = place.is_told_only();
            let fault = syncline_model::Fault::Drift {
                path: format!("the {side} record"),
                expected: "all mapped fields".into(),
                found: "some of them".into(),
            };
            if let Disposition::Hold(reason) = settle(&fault, job.change.attempt, place.now(), 0) {
                commits.hold(place, job, reason)?;
            } else {
                telemetry::decided(place.subject(), &job.change, None, &End::Later("looks_again"));
                out.again(place.now() + SignedDuration::from_secs(5), job.into_change(), true);
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
