//! What the worker stores: links and bases, notes of how a record ended, holds, waiting children. Gathered over a run, written in transactions
//! that carry many, each record's writes together.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use syncline_mapping::{Base, HoldReason, LinkChange, Plan, SkipReason};
use syncline_model::mutant::{Mutant, planted};
use syncline_model::{FieldName, Record, RecordId, Side, Version};

use super::job::{Job, Other, Outgoing, Place};
use super::postpone::await_other;
use super::run::{ended, ended_at};
use super::told;
use crate::counts::{End, skip_name};
use crate::entry::{self, Entry, Link, LinkState, Note, Placed};
use crate::history::{self, Act, FieldChange, HistoryEntry};
use crate::hold::{self, Hold};
use crate::message::Change;
use crate::ports::store::Write;
use crate::settle::ATTEMPTS_MAX;
use crate::telemetry::{self, Subject};
use crate::{EngineError, keys, ownerless, waiting};

/// One record's writes, and what follows from them.
struct Pending {
    change: Change,
    /// The counterpart's id, where it is known.
    other: Option<RecordId>,
    writes: Vec<Write>,
    /// Counted once stored: at which side, and how.
    ends: Vec<(Side, End)>,
    /// Children that wait for either record of the pair.
    children: Vec<(Side, RecordId)>,
}

/// What a write came to, for the history.
pub(super) struct Recorded<'a> {
    /// What the vendor keeps.
    pub(super) stored: Option<&'a Record>,
    pub(super) act: Act,
}

/// Everything that a run stores.
#[derive(Default)]
pub(super) struct Commits {
    pending: Vec<Pending>,
    history: Vec<Write>,
}

impl Commits {
    /// Writes it all. A record whose entry somebody else changed meanwhile is decided again.
    pub(super) async fn store(mut self, place: Place<'_>, out: &mut Outgoing) -> Result<(), EngineError> {
        let store = place.engine.store.as_ref();
        let groups = self.pending.iter_mut().map(|pending| std::mem::take(&mut pending.writes)).collect();
        let done = entry::commit(store, groups).await?;
        if !self.history.is_empty() {
            store.write_loose(self.history).await?;
        }
        for (pending, done) in self.pending.into_iter().zip(done) {
            if !done {
                ended(place, &pending.change, &End::Later("conflict"));
                if !planted(Mutant::ConflictDropped) {
                    out.again(place.now() + SignedDuration::from_secs(1), pending.change, true);
                }
                continue;
            }
            for (side, end) in &pending.ends {
                ended_at(place, &pending.change, pending.other.as_ref(), (*side, end));
            }
            for (side, id) in pending.children {
                waiting::release(place.engine, place.sync, &place.mapping.name, side, &id).await?;
            }
        }
        Ok(())
    }

    /// Left out by a rule.
    pub(super) fn skip(&mut self, place: Place<'_>, job: Job, reason: &SkipReason) -> Result<(), EngineError> {
        let name = skip_name(reason);
        let end = format!("skipped:{}", serde_json::to_string(reason).unwrap_or_else(|_| name.to_owned()));
        let mut writes = cleared_holds(place, &job, None);
        writes.extend(noted(place, &job, end, false)?);
        let children = waiting_for(place, &job);
        let (other, ends) = (job.other_id.clone(), vec![(place.source, End::Skipped(name))]);
        self.pending.push(Pending { change: job.into_change(), other, writes, ends, children });
        Ok(())
    }

    /// Waits for a person.
    pub(super) fn hold(&mut self, place: Place<'_>, job: Job, reason: HoldReason) -> Result<(), EngineError> {
        if planted(Mutant::HoldSwallowed) {
            return Ok(());
        }
        let hold = Hold::new(&place.mapping.name, place.source, job.record.id.as_str(), place.now(), reason);
        let hold = Hold { told: told::kept(place, &job)?, ..hold };
        let name = hold.name();
        let mut writes = vec![hold.write(&place.sync.name)?];
        writes.extend(noted(place, &job, format!("held:{name}"), job.standing.own.has_children())?);
        if job.standing.link.is_some() {
            writes.extend(cleared_holds(place, &job, Some(place.source)));
        }
        let (other, ends) = (job.other_id.clone(), vec![(place.source, End::Held(name))]);
        self.pending.push(Pending { change: job.into_change(), other, writes, ends, children: Vec::new() });
        Ok(())
    }

    /// One side was deleted and the other is left alone.
    pub(super) fn sever(&mut self, place: Place<'_>, mut job: Job, gone: Side, reason: &SkipReason) -> Result<(), EngineError> {
        let name = skip_name(reason);
        let print = entry::print(&place.engine.marker, place.mapping, place.source, &job.record);
        let mut writes = cleared_holds(place, &job, None);
        if let Some((at, link)) = &mut job.standing.link {
            link.state = LinkState::Severed { gone };
            link.note = Some(Note { print, end: format!("skipped:{name}"), other: None });
            see(link, place.source, job.record.version);
            writes.push(at.replace(&Entry::Link(link.clone()))?);
        }
        self.remember(place, &job, Act::Severed, gone, BTreeMap::new())?;
        let (other, ends) = (job.other_id.clone(), vec![(place.source, End::Skipped(name))]);
        self.pending.push(Pending { change: job.into_change(), other, writes, ends, children: Vec::new() });
        Ok(())
    }

    /// Decided, with nothing (more) to write on this worker's side.
    pub(super) fn settled(&mut self, place: Place<'_>, job: Job, plan: &Plan, base: Base) -> Result<(), EngineError> {
        let joined = job.standing.link.is_none();
        let mut ends = vec![(place.source, if joined { End::Linked } else { End::Unchanged })];
        if plan.write(place.source).is_some() && !joined {
            ends = vec![(place.source, End::Later("other_side"))];
        }
        if joined {
            self.remember(place, &job, Act::Linked, place.target(), BTreeMap::new())?;
        }
        let version = job.other.record().and_then(|record| record.version);
        self.link(place, job, plan, base, version, ends)
    }

    /// Written on this worker's side; `stored` is what the vendor keeps.
    pub(super) fn written(
        &mut self,
        place: Place<'_>,
        job: Job,
        plan: &Plan,
        base: Base,
        stored: Option<&Record>,
        act: Act,
    ) -> Result<(), EngineError> {
        let target = place.target();
        let end = match act {
            Act::Created => End::Created,
            Act::Deleted => End::Deleted,
            Act::Updated | Act::Restored | Act::Linked | Act::Overruled | Act::Severed | Act::Moved => End::Updated,
        };
        self.remember(place, &job, act, target, changes(place, &job, plan, stored))?;
        let version = stored.and_then(|record| record.version);
        let mut job = job;
        if act == Act::Deleted {
            job.other = Other::Gone;
        }
        self.link(place, job, plan, base, version, vec![(target, end)])
    }

    /// Written on this worker's side, where the record went to another id: `writes` move the link there.
    pub(super) fn moved(
        &mut self,
        place: Place<'_>,
        job: Job,
        plan: &Plan,
        Recorded { stored, act }: Recorded<'_>,
        mut writes: Vec<Write>,
        children: Vec<(Side, RecordId)>,
    ) -> Result<(), EngineError> {
        let target = place.target();
        self.remember(place, &job, act, target, changes(place, &job, plan, stored))?;
        self.remember(place, &job, Act::Moved, target, BTreeMap::new())?;
        writes.extend(cleared_holds(place, &job, None));
        let (other, ends) = (job.other_id.clone(), vec![(target, End::Updated)]);
        self.pending.push(Pending { change: job.into_change(), other, writes, ends, children });
        Ok(())
    }

    /// The history entry of a conflict, before the loser is overwritten.
    pub(super) fn losses(place: Place<'_>, job: &Job, plan: &Plan) -> Result<Vec<Write>, EngineError> {
        let mut writes = Vec::new();
        for side in [Side::Left, Side::Right] {
            let mut fields = BTreeMap::new();
            for loss in plan.losses.iter().filter(|loss| loss.side == side) {
                let Some(field) = place.mapping.fields.iter().find(|field| field.name == loss.field) else { continue };
                for (name, value) in field.lens.of(side).fields().into_iter().zip(&loss.raw) {
                    fields.insert(name.clone(), FieldChange { before: Some(value.clone()), after: None });
                }
            }
            if !fields.is_empty()
                && let Some((left, right)) = job.pair(place.source)
            {
                let trace = job.trace(place);
                let record = side.of(&left, &right);
                telemetry::overruled(Subject { side, ..place.subject() }, record, fields.keys(), &trace);
                let (act, cause, trace) = (Act::Overruled, job.change.cause, Some(trace));
                let entry = HistoryEntry { at: place.now(), act, side, left, right, cause, trace, fields };
                writes.extend(history::write(place.engine, place.sync, &place.mapping.name, &entry)?);
            }
        }
        Ok(writes)
    }

    fn link(
        &mut self,
        place: Place<'_>,
        job: Job,
        plan: &Plan,
        base: Base,
        other_version: Option<Version>,
        ends: Vec<(Side, End)>,
    ) -> Result<(), EngineError> {
        let anew = (!plan.held_fields.is_empty()).then_some(place.source);
        let mut writes = cleared_holds(place, &job, anew);
        let mut children = Vec::new();
        let (source, target) = (place.source, place.target());
        let state = match plan.link {
            LinkChange::Keep | LinkChange::Join => LinkState::Active,
            LinkChange::Sever { gone } => LinkState::Severed { gone },
            LinkChange::Bury => LinkState::Buried,
        };
        if !plan.held_fields.is_empty() {
            let reason = HoldReason::BothChanged { fields: plan.held_fields.clone() };
            let hold = Hold::new(&place.mapping.name, source, job.record.id.as_str(), place.now(), reason);
            writes.push(hold.write(&place.sync.name)?);
        }
        // Who waits for either of them: the entries tell, as they were before the pair was claimed; of a claim whose worker died they cannot.
        let joins = job.standing.link.as_ref().is_none_or(|(_, link)| link.is_open());
        let unknown = matches!(job.standing.own.entry, Entry::Link(_) | Entry::Pointer(_));
        // What was read anew may be what an attempt linked that died before it could release them: nothing tells.
        let again = !joins && !job.told && place.is_parent();
        if (joins || again)
            && let Some(other) = &job.other_id
        {
            if unknown || job.standing.own.has_children() {
                children.push((source, job.record.id.clone()));
            }
            if unknown || job.other_own.as_ref().is_some_and(Placed::has_children) {
                children.push((target, other.clone()));
            }
        }
        let listed = match job.pair(source) {
            Some((left, right)) => {
                ownerless::write(place.engine, &place.sync.name, &place.mapping.name, (&left, &right), (job.base(), &base), &plan.fields)?
            }
            None => None,
        };
        match &job.standing.link {
            Some((at, link)) => {
                let mut next = Link { base, state, note: None, ..link.clone() };
                see(&mut next, source, job.record.version);
                see(&mut next, target, other_version);
                // What did not change is not written: a newer stamp alone is worth no write.
                let same =
                    next.base == link.base && next.state == link.state && link.note.is_none() && !job.comes_back() && !link.is_open();
                // Where nothing can be read again, the stamp tells an older telling that comes late.
                let same = same && !(place.is_told_only() && next.seen != link.seen);
                if (!same || matches!(ends.as_slice(), [(_, End::Updated | End::Deleted)])) && !planted(Mutant::BaseNotStored) {
                    writes.extend(kept(place, &job, at, next)?);
                    writes.extend(listed);
                }
            }
            None => {
                if let Some((left, right)) = job.pair(source) {
                    let mut link = Link { right, base, state, seen: syncline_mapping::Pair::default(), note: None };
                    see(&mut link, source, job.record.version);
                    see(&mut link, target, other_version);
                    writes.extend(claim(place, &job, &left, &link)?);
                    writes.extend(listed);
                }
            }
        }
        let other = job.other_id.clone();
        self.pending.push(Pending { change: job.into_change(), other, writes, ends, children });
        Ok(())
    }

    fn remember(
        &mut self,
        place: Place<'_>,
        job: &Job,
        act: Act,
        side: Side,
        fields: BTreeMap<FieldName, FieldChange>,
    ) -> Result<(), EngineError> {
        if let Some((left, right)) = job.pair(place.source) {
            let (cause, trace) = (job.change.cause, Some(job.trace(place)));
            let entry = HistoryEntry { at: place.now(), act, side, left, right, cause, trace, fields };
            self.history.extend(history::write(place.engine, place.sync, &place.mapping.name, &entry)?);
        }
        Ok(())
    }
}

fn see(link: &mut Link, side: Side, version: Option<Version>) {
    let seen = link.seen.of_mut(side);
    *seen = (*seen).max(version);
}

/// The two writes that claim a pair, both or neither.
pub(super) fn claim(place: Place<'_>, job: &Job, left: &RecordId, link: &Link) -> Result<Vec<Write>, EngineError> {
    let mapping = &place.mapping.name;
    let absent;
    let other = match (&job.other_own, &job.other_id) {
        (Some(own), _) => own,
        (None, Some(id)) => {
            absent = Placed::absent(keys::entry(&place.sync.name, mapping, place.target(), id));
            &absent
        }
        (None, None) => return Ok(Vec::new()),
    };
    let own = &job.standing.own;
    let (at_left, at_right) = place.source.of((own, other), (other, own));
    Ok(vec![at_left.replace(&Entry::Link(link.clone()))?, at_right.replace(&Entry::Pointer(left.clone()))?])
}

/// The writes that keep a link as it is to be now. One that comes back takes its right record again too, which may be given to another at the same
/// time: then one of the two loses.
fn kept(place: Place<'_>, job: &Job, at: &Placed, next: Link) -> Result<Vec<Write>, EngineError> {
    let mut writes = Vec::new();
    let pointer = place.source.of(job.other_own.as_ref(), Some(&job.standing.own));
    if next.state == LinkState::Active
        && job.comes_back()
        && let Some(pointer) = pointer
    {
        writes.push(pointer.replace(&Entry::Pointer(RecordId::new(at.key.sort.clone())))?);
    }
    writes.push(at.replace(&Entry::Link(next))?);
    Ok(writes)
}

/// Takes both records of a link that comes back, before its counterpart is written. Whoever dies behind this leaves a pair that is decided again.
pub(super) fn claim_again(place: Place<'_>, job: &mut Job) -> Result<Vec<Write>, EngineError> {
    let Some((at, link)) = &job.standing.link else { return Ok(Vec::new()) };
    let next = Link { seen: syncline_mapping::Pair::default(), note: None, ..link.clone() };
    let writes = kept(place, job, at, next.clone())?;
    let at = Placed { version: at.version + 1, entry: Entry::Link(next.clone()), ..at.clone() };
    job.standing.link = Some((at, next));
    Ok(writes)
}

/// Removes the holds of a record that goes on now and of its counterpart: a pair's hold stands under the one of the two that was decided then,
/// whichever that was. `anew`: the side whose hold the same transaction stores.
pub(super) fn cleared_holds(place: Place<'_>, job: &Job, anew: Option<Side>) -> Vec<Write> {
    if !job.held && !job.other_own.as_ref().is_some_and(Placed::is_held) {
        return Vec::new();
    }
    let both = [(place.source, Some(&job.record.id)), (place.target(), job.other_id.as_ref())];
    let old = both.into_iter().filter(|(side, _)| Some(*side) != anew);
    old.filter_map(|(side, id)| Some(hold::clear(&place.sync.name, &place.mapping.name, side, id?))).collect()
}

fn waiting_for(place: Place<'_>, job: &Job) -> Vec<(Side, RecordId)> {
    if job.standing.own.has_children() { vec![(place.source, job.record.id.clone())] } else { Vec::new() }
}

/// The writes that note how an observation ended.
pub(super) fn noted(place: Place<'_>, job: &Job, end: String, children: bool) -> Result<Vec<Write>, EngineError> {
    let print = |side, record| entry::print(&place.engine.marker, place.mapping, side, record);
    let other = job.standing.link.as_ref().and_then(|_| job.other.record()).map(|other| print(place.target(), other));
    let note = Some(Note { print: print(place.source, &job.record), end, other });
    match &job.standing.link {
        Some((at, link)) => kept(place, job, at, Link { note, ..link.clone() }),
        None => Ok(vec![job.standing.own.replace(&Entry::Unlinked { note, children })?]),
    }
}

/// What a write changed, field by field.
fn changes(place: Place<'_>, job: &Job, plan: &Plan, stored: Option<&Record>) -> BTreeMap<FieldName, FieldChange> {
    use syncline_mapping::Write as Planned;
    let before = |name: &FieldName| job.other.record().and_then(|record| record.fields.get(name).cloned());
    match plan.write(place.target()) {
        Some(Planned::Create { fields } | Planned::Update { fields, .. }) => fields
            .iter()
            // What the record does not have was not written.
            .filter(|(name, _)| stored.is_none_or(|record| record.fields.contains_key(*name)))
            .map(|(name, sent)| {
                let after = stored.and_then(|record| record.fields.get(name)).unwrap_or(sent).clone();
                (name.clone(), FieldChange { before: before(name), after: Some(after) })
            })
            .collect(),
        Some(Planned::Delete { .. }) => match &job.other {
            Other::Seen(record) => {
                record.fields.iter().map(|(name, value)| (name.clone(), FieldChange { before: Some(value.clone()), after: None })).collect()
            }
            Other::Unread | Other::Gone | Other::Merged | Other::Nothing => BTreeMap::new(),
        },
        Some(Planned::Restore { .. }) | None => BTreeMap::new(),
    }
}

/// A record was merged into another of its side: its link moves to the survivor, unless that has one of its own.
pub(super) async fn merged(place: Place<'_>, mut job: Job, survivor: RecordId, out: &mut Outgoing) -> Result<(), EngineError> {
    let store = place.engine.store.as_ref();
    let (source, mapping) = (place.source, &place.mapping.name);
    let Some((at, link)) = job.standing.link.clone() else { return Ok(()) };
    let Some(other) = job.standing.counterpart(source) else { return Ok(()) };
    job.other_id = Some(other.clone());
    let found = entry::standings(store, &place.sync.name, mapping, source, std::slice::from_ref(&survivor)).await?;
    let Some(heir) = found.get(&survivor) else { return Ok(()) };
    let mut commits = Commits::default();
    if let Some(theirs) = heir.link()
        && theirs.state == LinkState::Active
    {
        let counterparts = vec![heir.counterpart(source).unwrap_or_else(|| theirs.right.clone()), other];
        commits.hold(place, job, HoldReason::CounterpartsOfMerged { survivor, counterparts })?;
        return commits.store(place, out).await;
    }
    if matches!(heir.own.entry, Entry::Intent { .. }) && job.change.attempt < ATTEMPTS_MAX {
        // A counterpart of its own is being made for it.
        await_other(place, job, out);
        return Ok(());
    }
    let note = Some(Note {
        print: entry::print(&place.engine.marker, place.mapping, source, &job.record),
        end: format!("{}{survivor}", entry::MERGED),
        other: None,
    });
    let left_behind = Entry::Unlinked { note, children: false };
    let mut moved = Link { note: None, ..link.clone() };
    *moved.seen.of_mut(source) = None;
    let mut writes = cleared_holds(place, &job, None);
    match source {
        Side::Left => {
            let pointer = keys::entry(&place.sync.name, mapping, Side::Right, &link.right);
            let pointer = store.get(std::slice::from_ref(&pointer)).await?.pop().flatten();
            writes.push(at.replace(&left_behind)?);
            writes.push(heir.own.replace(&Entry::Link(moved))?);
            if let Some(pointer) = pointer.filter(|_| !planted(Mutant::MergePointerLeft)) {
                writes.push(entry::placed(pointer)?.replace(&Entry::Pointer(survivor.clone()))?);
            }
        }
        Side::Right => {
            moved.right = survivor.clone();
            let left = RecordId::new(at.key.sort.clone());
            writes.push(at.replace(&Entry::Link(moved))?);
            writes.push(heir.own.replace(&Entry::Pointer(left))?);
            writes.push(job.standing.own.replace(&left_behind)?);
        }
    }
    let mut after = job.clone();
    after.record.id = survivor.clone();
    after.other_id = Some(other);
    commits.remember(place, &after, Act::Moved, source, BTreeMap::new())?;
    let follows = Some(job.trace(place));
    let ends = vec![(source, End::Superseded)];
    let children = if heir.own.has_children() { vec![(source, survivor.clone())] } else { Vec::new() };
    commits.pending.push(Pending { change: job.into_change(), other: Some(survivor.clone()), writes, ends, children });
    // The survivor is decided anew: it may carry other values now.
    out.again(place.now(), Change { follows, ..Change::hint(survivor, place.now(), crate::message::Cause::Counterpart) }, false);
    commits.store(place, out).await
}
