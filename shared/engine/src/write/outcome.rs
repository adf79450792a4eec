//! Writing to the vendor, in its largest batches, and what each answer means.

use jiff::SignedDuration;
use syncline_mapping::{HoldReason, LinkChange, Pair, Plan, Refs, SkipReason, Write as PlannedWrite, WritePolicy, base_after};
use syncline_model::mutant::{Mutant, planted};
use syncline_model::{Fault, FieldName, Presence, Record, RecordId};

use super::commit::{self, Commits};
use super::job::{Job, Outgoing, Place};
use super::moved::{self, Move};
use super::postpone::{postpone, space_out};
use super::read;
use super::run::{action, ended};
use super::{blind, candidates, nameless};
use crate::counts::End;
use crate::entry::{self, Entry, Link, LinkState};
use crate::history::Act;
use crate::message::{Counterpart, Stamp};
use crate::ports::connector::{Outcome, WriteAction};
use crate::settle::{self, Disposition, settle};
use crate::telemetry::{self, Subject};
use crate::{EngineError, state};

/// Carries the plans out: intents and claims first, then the writes, then what they came to.
pub(super) async fn carry_out(
    place: Place<'_>,
    planned: Vec<(Job, Plan)>,
    refs: &Refs,
    commits: &mut Commits,
    out: &mut Outgoing,
) -> Result<(), EngineError> {
    let mut ready = prepare(place, planned, refs, out).await?;
    let batch = place.sync.facts(place.mapping, place.target()).map_or(1, |facts| facts.bounds.written_at_once());
    let batch = usize::try_from(batch).unwrap_or(1);
    let connector = &place.sync.ends.of(place.target()).connector;
    let selection = place.sync.selection(place.mapping, place.target());
    let mut results: Vec<(Job, Plan, RecordId, Option<Record>)> = Vec::new();
    while !ready.is_empty() {
        let rest = ready.split_off(batch.min(ready.len()));
        let answer = {
            let planned = ready.iter().filter_map(|(job, plan)| plan.write(place.target()).map(|write| action(place, job, write)));
            let actions: Vec<WriteAction> = planned.collect();
            connector.write(&selection, &actions, place.by).await
        };
        let mut outcomes = match answer {
            Ok(outcomes) => outcomes,
            Err(error) => {
                let changes = ready.into_iter().chain(rest).map(|(job, _)| job.into_change()).collect();
                postpone(place, changes, &error, place.target(), out).await?;
                break;
            }
        };
        if let Some(failed) =
            outcomes.iter().find(|outcome| matches!(outcome, Outcome::Failed(_)) && planted(Mutant::BatchSharesFailure)).cloned()
        {
            outcomes.fill(failed);
        }
        let mut limited = None;
        for ((mut job, plan), outcome) in ready.into_iter().zip(outcomes) {
            match outcome {
                // An earlier attempt had made it, and somebody may have edited it since: it is read, and joined as it is.
                Outcome::Written { id, created: false, .. }
                    if job.change.attempt < settle::ATTEMPTS_MAX
                        && !place.is_blind()
                        && matches!(plan.write(place.target()), Some(PlannedWrite::Create { .. })) =>
                {
                    job.change.counterpart = Counterpart::Is(id);
                    ended(place, &job.change, &End::Later("uncertain"));
                    out.again(place.now(), job.into_change(), true);
                }
                Outcome::Written { id, stored, .. } => results.push((job, plan, id, stored)),
                Outcome::Failed(Fault::RateLimited { until }) => {
                    limited = Some(until);
                    space_out(place, &[unsent(job)], until, out);
                }
                Outcome::Failed(_) if planted(Mutant::FailureSwallowed) => {}
                Outcome::Failed(fault) => failed(place, job, &fault, commits, out).await?,
            }
        }
        ready = rest;
        if let Some(until) = limited {
            // The budget is spent: the rest waits its turn instead of being refused one by one.
            let held: Vec<_> = ready.drain(..).map(|(job, _)| unsent(job)).collect();
            space_out(place, &held, until, out);
        }
    }
    if place.is_blind() {
        blind::own_entries(place, &mut results).await?;
    } else {
        read_back(place, &mut results).await;
    }
    for (job, plan, id, stored) in results {
        succeeded(place, job, &plan, (id, stored), refs, commits, out).await?;
    }
    Ok(())
}

fn unsent(job: Job) -> crate::message::Change {
    crate::message::Change { unsent: true, ..job.into_change() }
}

/// What must be durable before a vendor is written to: the intent of a create, the claim of a first link, the losers of a conflict.
async fn prepare(place: Place<'_>, planned: Vec<(Job, Plan)>, refs: &Refs, out: &mut Outgoing) -> Result<Vec<(Job, Plan)>, EngineError> {
    let facts = place.sync.facts(place.mapping, place.target());
    let mut groups = Vec::new();
    let mut losses = Vec::new();
    let mut kept = Vec::new();
    for (mut job, plan) in planned {
        job.change.unsent = false;
        let mut writes = Vec::new();
        match plan.write(place.target()) {
            Some(PlannedWrite::Create { .. }) => {
                if let Entry::Intent { at, .. } = &job.standing.own.entry {
                    // An earlier attempt may have created it, where a search cannot see it yet.
                    let lag = facts.map_or(0, |facts| facts.find_lag_s);
                    let visible = *at + SignedDuration::from_secs(i64::from(lag));
                    if facts.is_some_and(|facts| !facts.safe_create) && visible > place.now() {
                        ended(place, &job.change, &End::Later("uncertain"));
                        out.again(visible, job.into_change(), false);
                        continue;
                    }
                }
                let is_new = !matches!(job.standing.own.entry, Entry::Intent { .. });
                if (is_new || nameless::leaves_one(place)) && !planted(Mutant::NoIntent) {
                    let own = &job.standing.own;
                    let intent = Entry::Intent { at: place.now(), children: own.has_children(), held: own.is_held() };
                    writes.push(job.standing.own.replace(&intent)?);
                    writes.extend(nameless::note(place, &job.record.id));
                    job.standing.own.entry = intent;
                    job.standing.own.version += 1;
                }
            }
            Some(PlannedWrite::Update { .. }) if job.standing.link.is_none() => {
                writes.extend(claim_first(place, &mut job, &plan, refs)?);
            }
            Some(PlannedWrite::Update { .. }) if job.comes_back() => writes.extend(commit::claim_again(place, &mut job)?),
            Some(PlannedWrite::Update { .. } | PlannedWrite::Delete { .. } | PlannedWrite::Restore { .. }) | None => {}
        }
        losses.extend(Commits::losses(place, &job, &plan)?);
        groups.push(writes);
        kept.push((job, plan));
    }
    let store = place.engine.store.as_ref();
    if !losses.is_empty() {
        store.write_loose(losses).await?;
    }
    let done = entry::commit(store, groups).await?;
    let mut ready = Vec::new();
    for ((job, plan), done) in kept.into_iter().zip(done) {
        if done {
            ready.push((job, plan));
        } else {
            // Somebody else is at work on it.
            ended(place, &job.change, &End::Later("conflict"));
            out.again(place.now() + SignedDuration::from_secs(2), job.into_change(), true);
        }
    }
    Ok(ready)
}

/// Claims a pair before its counterpart is written, with the base of what agrees already: the rest is a first link for each field until it
/// has been written.
fn claim_first(place: Place<'_>, job: &mut Job, plan: &Plan, refs: &Refs) -> Result<Vec<crate::ports::store::Write>, EngineError> {
    let Some((left, right)) = job.pair(place.source) else { return Ok(Vec::new()) };
    let base = base_after(&job.known(place, refs), plan, Pair::new(false, false), Pair::default());
    let link = Link { right, base, state: LinkState::Active, seen: Pair::default(), note: None };
    let mut writes = commit::claim(place, job, &left, &link)?;
    // Whoever dies behind the claim leaves entries that tell of no hold any more.
    writes.extend(commit::cleared_holds(place, job, None));
    let other = job.other_own.clone().unwrap_or_else(|| {
        entry::Placed::absent(crate::keys::entry(
            &place.sync.name,
            &place.mapping.name,
            place.target(),
            job.other_id.as_ref().unwrap_or(&left),
        ))
    });
    let mut at = place.source.of(job.standing.own.clone(), other);
    at.version += 1;
    at.entry = Entry::Link(link.clone());
    job.standing.link = Some((at, link));
    Ok(writes)
}

/// Where the vendor's answer did not tell what it stores, it is asked: the base must be of what is stored.
async fn read_back(place: Place<'_>, results: &mut [(Job, Plan, RecordId, Option<Record>)]) {
    let wanted: Vec<RecordId> = results
        .iter()
        .filter(|(_, plan, _, stored)| stored.is_none() && plan.link != LinkChange::Bury)
        .map(|(_, _, id, _)| id.clone())
        .collect();
    if wanted.is_empty() {
        return;
    }
    // If this fails, what was sent stands for what is stored; the next observation corrects it.
    let mut got = read::get_all(place, place.target(), &wanted).await;
    for (_, _, id, stored) in results.iter_mut().filter(|(_, _, _, stored)| stored.is_none()) {
        *stored = got.records.remove(id).flatten();
    }
}

async fn succeeded(
    place: Place<'_>,
    mut job: Job,
    plan: &Plan,
    answer: (RecordId, Option<Record>),
    refs: &Refs,
    commits: &mut Commits,
    out: &mut Outgoing,
) -> Result<(), EngineError> {
    let (id, stored) = answer;
    let (source, target) = (place.source, place.target());
    let act = match plan.write(target) {
        Some(PlannedWrite::Create { .. }) => {
            job.other_id = Some(id.clone());
            Act::Created
        }
        Some(PlannedWrite::Delete { .. }) => Act::Deleted,
        Some(PlannedWrite::Restore { .. }) => Act::Restored,
        Some(PlannedWrite::Update { .. }) | None => Act::Updated,
    };
    let trace = job.trace(place);
    telemetry::written(Subject { side: target, ..place.subject() }, &id, act, &trace);
    let base = {
        let known = job.known(place, refs);
        let made = target.of(Pair::new(true, false), Pair::new(false, true));
        let told = target.of(Pair::new(stored.as_ref(), None), Pair::new(None, stored.as_ref()));
        base_after(&known, plan, made, told)
    };
    if let Some(old) = moved::left_behind(place, plan, &id) {
        let went = Move { job, plan, base, stored: stored.as_ref(), act, old, new: id };
        return moved::moved(place, went, commits, out).await;
    }
    if act == Act::Created
        && let Some(field) = place.mapping.link_field.of(source)
        && job.record.fields.contains_key(field)
    {
        out.stamps.push(Stamp::new(job.record.id.clone(), id, place.now(), Some(trace)));
    } else {
        forward(place, &job, plan, stored.as_ref(), out);
    }
    commits.written(place, job, plan, base, stored.as_ref(), act)
}

/// What the other side's worker must do: a stamp where only our link field is missing, else the whole decision again. `other_now`: the counterpart as it is
/// now. Where it was written and could not be read back nobody knows, and the worker reads it: as it was before the write, it would pass for an edit that
/// takes the write back.
pub(super) fn forward(place: Place<'_>, job: &Job, plan: &Plan, other_now: Option<&Record>, out: &mut Outgoing) {
    let source = place.source;
    let Some(write) = plan.write(source).filter(|_| !planted(Mutant::OtherSideForgotten)) else { return };
    let Some(other) = job.other_id.clone() else { return };
    if let (PlannedWrite::Update { fields, .. }, Some(link_field)) = (write, place.mapping.link_field.of(source))
        && fields.keys().eq([link_field])
    {
        out.stamps.push(Stamp::new(job.record.id.clone(), other, place.now(), Some(job.trace(place))));
        return;
    }
    out.forward(other, other_now.cloned(), place.now(), job.trace(place));
}

/// One record's write failed.
async fn failed(place: Place<'_>, job: Job, fault: &Fault, commits: &mut Commits, out: &mut Outgoing) -> Result<(), EngineError> {
    let now = place.now();
    match settle(fault, job.change.attempt, now, place.engine.dice.roll()) {
        Disposition::RetryAt { at, counts } => {
            ended(place, &job.change, &End::Later(fault.code()));
            out.again(at, job.into_change(), counts);
        }
        Disposition::Hold(reason) => commits.hold(place, job, reason)?,
        Disposition::StopConnection { hint, at } => {
            state::stop(place.engine, &place.sync.ends.of(place.target()).connection, &hint).await?;
            out.again(at, job.into_change(), false);
        }
        Disposition::CounterpartGone => {
            // The counterpart, or what the record refers to: the next look tells which. The other side's worker is asked only then: two workers
            // that each send the other back to look would never end.
            ended(place, &job.change, &End::Later("missing"));
            let at = settle::backoff(job.change.attempt, now, place.engine.dice.roll());
            out.again(at, job.into_change(), true);
        }
        Disposition::SeeHolders { field, holders } => taken(place, job, field, holders, commits, out).await?,
    }
    Ok(())
}

/// The vendor says that a unique value belongs to somebody: if that is the counterpart that no search showed, it is joined.
async fn taken(
    place: Place<'_>,
    mut job: Job,
    field: Option<FieldName>,
    holders: Vec<RecordId>,
    commits: &mut Commits,
    out: &mut Outgoing,
) -> Result<(), EngineError> {
    let target = place.target();
    let mapped =
        place.mapping.fields.iter().find(|mapped| field.as_ref().is_some_and(|field| mapped.lens.of(target).fields().contains(&field)));
    if let Some((_, link)) = &job.standing.link {
        // What users wrote does not wait for our own field: its id may rest in the bin. Not so in a pair that was only just claimed, where whoever
        // carries the id may be the right one.
        let link_field = place.mapping.link_field.of(target).as_ref().filter(|name| field.as_ref() == Some(*name) && !link.is_open());
        let mapped = mapped.filter(|mapped| *mapped.write.of(target) != WritePolicy::Always);
        let name = mapped.map(|mapped| mapped.name.clone()).or_else(|| link_field.map(ToString::to_string));
        if let Some(name) = name
            && job.change.leave_out.insert(name)
        {
            out.again(place.now(), job.into_change(), false);
            return Ok(());
        }
        return commits.hold(place, job, HoldReason::TakenByHidden { field, holders });
    }
    let [holder] = holders.as_slice() else {
        if holders.is_empty() && job.change.attempt == 0 {
            // Nobody is named: look again before giving up, it may have been created at this moment.
            out.again(place.now() + SignedDuration::from_secs(5), job.into_change(), true);
            return Ok(());
        }
        return commits.hold(place, job, HoldReason::TakenByHidden { field, holders });
    };
    let store = place.engine.store.as_ref();
    let standings = entry::standings(store, &place.sync.name, &place.mapping.name, target, std::slice::from_ref(holder)).await?;
    if let Some(linked_to) = standings.get(holder).and_then(candidates::linked_to) {
        let key = field.map_or_else(|| "unique value".to_owned(), |field| field.to_string());
        return commits.skip(place, job, &SkipReason::TakenBy { key, holder: holder.clone(), linked_to });
    }
    let got = read::get_all(place, target, std::slice::from_ref(holder)).await;
    if let Some(error) = got.stopped {
        return postpone(place, vec![job.into_change()], &error, target, out).await;
    }
    let records = got.records;
    match records.get(holder).and_then(Option::as_ref).map(|record| &record.presence) {
        Some(Presence::Live) if job.change.counterpart != Counterpart::Is(holder.clone()) => {
            job.change.counterpart = Counterpart::Is(holder.clone());
            out.again(place.now(), job.into_change(), true);
            Ok(())
        }
        _ => commits.hold(place, job, HoldReason::TakenByHidden { field, holders }),
    }
}
