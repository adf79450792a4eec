//! What a record refers to goes first: within a part in that order, and else the record waits until its parent is linked.
//!
//! Records of one object may refer to each other, even in a circle: two organisations that name each other, a record that names itself. Whoever
//! would wait for itself goes first without the reference, noted beforehand as a child of its parent: the reference follows when that is linked.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use syncline_mapping::{RefState, Refs};
use syncline_model::{MappingName, Record, RecordId, Side, Value};

use super::commit::noted;
use super::job::{Job, Outgoing, Place};
use super::run::ended;
use super::told;
use crate::counts::End;
use crate::entry::{self, Entry, LinkState, Placed, Standing, WAITING};
use crate::ports::store::Write;
use crate::{EngineError, waiting};

/// No chain of records of one object that wait for each other is followed further. Who is behind a longer one goes first without its reference, as
/// if it were a circle, which costs one write more.
const CHAIN_MAX: usize = 40;

/// Of a part of a mapping that refers to itself: those to be decided now, and those that refer to one of them. Of a circle, all.
pub(super) fn first(place: Place<'_>, jobs: Vec<Job>, refs: &Refs) -> (Vec<Job>, Vec<Job>) {
    if !place.mapping.refers_to_itself() {
        return (jobs, Vec::new());
    }
    let open: BTreeSet<RecordId> = jobs.iter().map(|job| job.record.id.clone()).collect();
    let (later, now): (Vec<Job>, Vec<Job>) =
        jobs.into_iter().partition(|job| relatives(place, &job.record, refs).any(|id| *id != job.record.id && open.contains(id)));
    if now.is_empty() { (later, now) } else { (now, later) }
}

/// The records of the same mapping that a record refers to and that are not linked yet.
fn relatives<'a>(place: Place<'a>, record: &'a Record, refs: &'a Refs) -> impl Iterator<Item = &'a RecordId> {
    let own = &place.mapping.name;
    let lenses = place.mapping.fields.iter().map(move |field| field.lens.of(place.source)).filter(move |lens| lens.parent() == Some(own));
    lenses.flat_map(|lens| lens.fields()).filter_map(move |name| match record.fields.get(name) {
        Some(Value::Reference(id)) if refs.state(own, place.source, id) == RefState::NotYet => Some(id),
        Some(_) | None => None,
    })
}

/// Lets a child wait for its parent, and asks for the parent, once. The child comes back where it would wait for itself: then it is to be decided
/// without the reference, which it is noted for.
pub(super) async fn wait(
    place: Place<'_>,
    mut job: Job,
    parent: (&MappingName, Side, &RecordId),
    out: &mut Outgoing,
) -> Result<Option<Job>, EngineError> {
    let (mapping, side, id) = parent;
    let store = place.engine.store.as_ref();
    let standing = entry::standings(store, &place.sync.name, mapping, side, std::slice::from_ref(id)).await?.remove(id);
    let Some(standing) = standing else { return Ok(None) };
    if standing.link().is_some_and(|link| link.state == LinkState::Active) {
        out.again(place.now(), job.into_change(), false);
        return Ok(None);
    }
    let child = (&place.mapping.name, place.source, &job.record.id);
    let follows = Some(job.trace(place));
    let waits = waiting::Waits { trace: follows.clone(), told: told::kept(place, &job)? };
    let mut writes = waiting::wait(place.sync, mapping, side, &standing, child, waits, place.now())?;
    // An own intent stays: it says that a create may be under way. What it waits for could not be told, so it waits for none of its own mapping.
    let has_intent = matches!(job.standing.own.entry, Entry::Intent { .. });
    let chain = if *mapping != place.mapping.name {
        Some(Vec::new())
    } else if has_intent {
        None
    } else {
        chain(place, &job, (side, id), &standing).await?
    };
    let goes_first = chain.is_none();
    if let Some(chain) = chain {
        if !has_intent {
            writes.extend(noted(place, &job, format!("{WAITING}{mapping}/{side}/{id}"), job.standing.own.has_children())?);
        }
        // Nobody of the chain has begun to wait for another meanwhile: else each of two might close a circle without the other's knowledge.
        writes.extend(chain.iter().map(|placed| Write::Check { key: placed.key.clone(), expect: placed.expect() }));
    }
    // Asked for before anybody is noted as waiting: later children do not ask again.
    if !standing.own.has_children() && standing.own.key != job.standing.own.key {
        place.engine.outbox.send(waiting::ask_for(place.engine, place.sync, parent, follows)?).await?;
    }
    let done = entry::commit(store, vec![writes]).await? == [true];
    if goes_first && done {
        if standing.own.key == job.standing.own.key {
            job.standing.own = waiting::marked(&standing.own);
        }
        return Ok(Some(job));
    }
    ended(place, &job.change, &End::Later("waiting"));
    if !done {
        out.again(place.now() + SignedDuration::from_secs(1), job.into_change(), false);
    }
    Ok(None)
}

/// For whom a parent waits in turn, as far as they are of this mapping, the parent left out; `None`: in the end for the child.
async fn chain(place: Place<'_>, job: &Job, parent: (Side, &RecordId), standing: &Standing) -> Result<Option<Vec<Placed>>, EngineError> {
    let is_child = |side: Side, id: &RecordId| side == place.source && *id == job.record.id;
    if is_child(parent.0, parent.1) {
        return Ok(None);
    }
    let Place { engine, sync, mapping, .. } = place;
    let mut chain: Vec<Placed> = Vec::new();
    let mut at = standing.clone();
    while chain.len() < CHAIN_MAX {
        let awaited = at.note().filter(|_| at.link.is_none()).and_then(entry::Note::waits_for);
        let Some((_, side, id)) = awaited.filter(|(name, ..)| *name == mapping.name) else { return Ok(Some(chain)) };
        if is_child(side, &id) {
            return Ok(None);
        }
        let found = entry::standings(engine.store.as_ref(), &sync.name, &mapping.name, side, std::slice::from_ref(&id)).await?.remove(&id);
        let Some(next) = found else { return Ok(Some(chain)) };
        chain.push(next.own.clone());
        at = next;
    }
    Ok(None)
}
