//! A write that moved its record: the vendor keeps it under another id now, and the link goes with it.

use syncline_mapping::{Base, HoldReason, Plan, Write as PlannedWrite};
use syncline_model::mutant::{Mutant, planted};
use syncline_model::{Presence, Record, RecordId, Side};

use super::candidates::linked_to;
use super::commit::{Commits, Recorded};
use super::job::{Job, Outgoing, Place};
use super::postpone::await_other;
use crate::EngineError;
use crate::entry::{self, Entry, Link, LinkState, Note, Placed, Standing};
use crate::history::Act;
use crate::message::Stamp;
use crate::settle::ATTEMPTS_MAX;

/// The id that a plan wrote to, where the vendor answered with another.
pub(super) fn left_behind(place: Place<'_>, plan: &Plan, answered: &RecordId) -> Option<RecordId> {
    match plan.write(place.target()) {
        Some(PlannedWrite::Update { id, .. } | PlannedWrite::Restore { id }) => (id != answered).then(|| id.clone()),
        Some(PlannedWrite::Create { .. } | PlannedWrite::Delete { .. }) | None => None,
    }
}

/// What was written, and where it went.
pub(super) struct Move<'a> {
    pub(super) job: Job,
    pub(super) plan: &'a Plan,
    pub(super) base: Base,
    pub(super) stored: Option<&'a Record>,
    pub(super) act: Act,
    pub(super) old: RecordId,
    pub(super) new: RecordId,
}

/// Moves the link: the link or pointer under the new id, the other end of it, and a note under the old id, in one transaction. Until the pair has been
/// looked at anew the link is open, so that whoever dies behind this leaves a pair that is decided again. Who dies before it leaves a link to
/// the old id: the next read finds where that went.
pub(super) async fn moved(place: Place<'_>, went: Move<'_>, commits: &mut Commits, out: &mut Outgoing) -> Result<(), EngineError> {
    let Move { mut job, plan, base, stored, act, old, new } = went;
    let (source, target, mapping) = (place.source, place.target(), &place.mapping.name);
    let store = place.engine.store.as_ref();
    let mut theirs = entry::standings(store, &place.sync.name, mapping, target, &[old.clone(), new.clone()]).await?;
    let mut ours = entry::standings(store, &place.sync.name, mapping, source, std::slice::from_ref(&job.record.id)).await?;
    let (Some(heir), Some(behind), Some(own)) = (theirs.remove(&new), theirs.remove(&old), ours.remove(&job.record.id)) else {
        return Ok(());
    };
    if let Some(other) = linked_to(&heir)
        && other != job.record.id
    {
        let counterparts = vec![other, job.record.id.clone()];
        return commits.hold(place, job, HoldReason::CounterpartsOfMerged { survivor: new, counterparts });
    }
    let making = matches!(heir.own.entry, Entry::Intent { .. }) && job.change.attempt < ATTEMPTS_MAX;
    let Some((at, link)) = job.standing.link.clone().filter(|_| !making && linked_to(&own).as_ref() == Some(&old)) else {
        // One of the two is being linked, or the link has moved already.
        await_other(place, job, out);
        return Ok(());
    };
    let children = [(source, &job.record.id, own.own.has_children()), (target, &new, heir.own.has_children())];
    let children = children.into_iter().filter(|(.., waits)| *waits).map(|(side, id, _)| (side, id.clone())).collect();
    let note = Note { print: print_of_old(place, &old, &new), end: format!("{}{new}", entry::MOVED), other: None };
    let next = Link { base, state: LinkState::Active, seen: syncline_mapping::Pair::default(), note: None, ..link };
    let writes = entries(target, &at, next, (&behind.own, note), (&heir, &new), &own.own)?;
    job.other_id = Some(new.clone());
    let trace = job.trace(place);
    if place.mapping.link_field.of(source).as_ref().is_some_and(|field| job.record.fields.contains_key(field)) {
        out.stamps.push(Stamp::new(job.record.id.clone(), new.clone(), place.now(), Some(trace.clone())));
    }
    // The new record may lack our link field, and carry other values than were sent.
    out.forward(new, None, place.now(), trace);
    commits.moved(place, job, plan, Recorded { stored, act }, writes, children)
}

/// The entries after the move.
fn entries(
    target: Side,
    at: &Placed,
    link: Link,
    (behind, note): (&Placed, Note),
    (heir, new): (&Standing, &RecordId),
    own: &Placed,
) -> Result<Vec<crate::ports::store::Write>, EngineError> {
    let behind_now = Entry::Unlinked { note: Some(note), children: false };
    Ok(match target {
        Side::Right => vec![
            at.replace(&Entry::Link(Link {
                right: if planted(Mutant::MoveLeftBehind) { link.right.clone() } else { new.clone() },
                ..link
            }))?,
            heir.own.replace(&Entry::Pointer(RecordId::new(at.key.sort.clone())))?,
            behind.replace(&behind_now)?,
        ],
        Side::Left => vec![at.replace(&behind_now)?, heir.own.replace(&Entry::Link(link))?, own.replace(&Entry::Pointer(new.clone()))?],
    })
}

/// What the old id shows once it says where it went.
fn print_of_old(place: Place<'_>, old: &RecordId, new: &RecordId) -> String {
    let target = place.target();
    let gone = Record::new(place.mapping.kind.of(target).clone(), old.clone()).with_presence(Presence::MergedInto(new.clone()));
    entry::print(&place.engine.marker, place.mapping, target, &gone)
}
