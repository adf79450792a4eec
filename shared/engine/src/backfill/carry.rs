//! Carrying the join out: links that need no values are claimed here, in transactions that carry many; all else goes to the workers, packed.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use syncline_mapping::{Base, HoldReason, Pair, SkipReason};
use syncline_model::{Deadline, Record, RecordId, Side};

use super::decide::{self, Decided, Place};
use super::index::{Spot, Task};
use super::progress::Tally;
use super::scan::linked_to;
use crate::counts::{End, skip_name};
use crate::entry::{self, Entry, Link, LinkState, Note, Standing};
use crate::history::{self, Act, HistoryEntry};
use crate::hold::{self, Hold};
use crate::message::{self, Cause, Change, Counterpart, Stamp};
use crate::ports::store::Write;
use crate::references::Wanted;
use crate::telemetry::{self, Subject};
use crate::{Engine, EngineError, keys, pull, waiting};

/// What a group of writes comes to, once it is stored.
enum Outcome {
    Linked { left: RecordId, right: RecordId, stamps: Vec<(Side, Stamp)> },
    Noted { side: Side, id: RecordId, end: End },
}

struct Group {
    writes: Vec<Write>,
    outcome: Outcome,
    children: Vec<(Side, RecordId)>,
    /// If somebody else wrote first: the worker decides it anew.
    otherwise: (Side, Change),
}

#[derive(Default)]
struct Gathered {
    groups: Vec<Group>,
    changes: Pair<Vec<Change>>,
    stamps: Pair<Vec<Stamp>>,
    children: Vec<(Side, RecordId)>,
    tally: Done,
}

/// What a packet of tasks came to.
#[derive(Default)]
pub(super) struct Done {
    linked: u64,
    to_write: u64,
    to_create: Pair<u64>,
    held: Pair<u64>,
    skipped: Pair<u64>,
    messages: u64,
}

impl Done {
    pub(super) fn add_to(&self, tally: &mut Tally) {
        tally.linked += self.linked;
        tally.to_write += self.to_write;
        tally.messages += self.messages;
        for side in [Side::Left, Side::Right] {
            *tally.to_create.of_mut(side) += self.to_create.of(side);
            *tally.held.of_mut(side) += self.held.of(side);
            *tally.skipped.of_mut(side) += self.skipped.of(side);
        }
    }
}

/// Until when a vendor may list its users, which happens a few times a day.
pub(super) fn patience(engine: &Engine) -> Deadline {
    Deadline(engine.now() + SignedDuration::from_mins(1))
}

/// The places of all records that these tasks need.
pub(super) fn spots(tasks: &[Task]) -> BTreeSet<(Side, Spot)> {
    let mut spots = BTreeSet::new();
    for task in tasks {
        match task {
            Task::Pair(pair) => spots.extend([(Side::Left, pair.left.spot), (Side::Right, pair.right.spot)]),
            Task::Alone { side, record } | Task::Ambiguous { side, record, .. } | Task::Taken { side, record, .. } => {
                spots.insert((*side, record.spot));
            }
        }
    }
    spots
}

/// Carries tasks out. Everything is durable when it returns; doing it again changes nothing.
pub(super) async fn carry_out(place: Place<'_>, tasks: &[Task], records: &BTreeMap<(Side, Spot), Record>) -> Result<Done, EngineError> {
    let Place { engine, sync, mapping } = place;
    let standings = Pair::new(standings(place, Side::Left, tasks).await?, standings(place, Side::Right, tasks).await?);
    let mut wanted = Wanted::default();
    for ((side, _), record) in records {
        wanted.gather(mapping, *side, record);
    }
    let refs = wanted.look_up(engine, sync, patience(engine)).await?;
    let mut gathered = Gathered::default();
    for task in tasks {
        match task {
            Task::Pair(pair) => {
                let (Some(left), Some(right)) = (standings.left.get(&pair.left.id), standings.right.get(&pair.right.id)) else { continue };
                let left = Known { id: &pair.left.id, record: records.get(&(Side::Left, pair.left.spot)), standing: left };
                let right = Known { id: &pair.right.id, record: records.get(&(Side::Right, pair.right.spot)), standing: right };
                gathered.pair(place, Pair::new(left, right), &refs)?;
            }
            Task::Alone { side, record } | Task::Ambiguous { side, record, .. } | Task::Taken { side, record, .. } => {
                let Some(standing) = standings.of(*side).get(&record.id) else { continue };
                if linked_to(*side, standing).is_some() || pull::left_behind_by(standing).is_some() {
                    continue;
                }
                let known = Known { id: &record.id, record: records.get(&(*side, record.spot)), standing };
                let decided = match (task, known.record) {
                    (Task::Ambiguous { key, candidates, .. }, Some(_)) => {
                        let reason = HoldReason::Ambiguous { key: key.clone(), candidates: candidates.clone() };
                        Decided::Hold { side: *side, reason }
                    }
                    (Task::Taken { key, holder, linked_to, .. }, Some(_)) => {
                        let reason = SkipReason::TakenBy { key: key.clone(), holder: holder.clone(), linked_to: linked_to.clone() };
                        Decided::Skip { side: *side, reason }
                    }
                    (Task::Alone { .. }, Some(record)) => decide::alone(place, *side, record, &refs),
                    (Task::Alone { .. } | Task::Ambiguous { .. } | Task::Taken { .. } | Task::Pair(_), _) => Decided::Ask { source: *side },
                };
                let alone = matches!(task, Task::Alone { .. });
                gathered.single(place, *side, known, decided, alone)?;
            }
        }
    }
    gathered.store(place).await
}

async fn standings(place: Place<'_>, side: Side, tasks: &[Task]) -> Result<BTreeMap<RecordId, Standing>, EngineError> {
    let ids: Vec<RecordId> = tasks
        .iter()
        .filter_map(|task| match task {
            Task::Pair(pair) => Some(pair.of(side).id.clone()),
            Task::Alone { side: its, record } | Task::Ambiguous { side: its, record, .. } | Task::Taken { side: its, record, .. } => {
                (*its == side).then(|| record.id.clone())
            }
        })
        .collect();
    entry::standings(place.engine.store.as_ref(), &place.sync.name, &place.mapping.name, side, &ids).await
}

/// One record, with what the store knows of it. The record is missing where it was too large to be staged.
#[derive(Clone, Copy)]
struct Known<'a> {
    id: &'a RecordId,
    record: Option<&'a Record>,
    standing: &'a Standing,
}

impl Known<'_> {
    fn change(&self, place: Place<'_>, counterpart: Counterpart) -> Change {
        Change { seen: self.record.cloned(), counterpart, ..Change::hint(self.id.clone(), place.engine.now(), Cause::Backfill) }
    }

    /// Nothing was ever begun with it, so that it may be linked here.
    fn is_untouched(&self) -> bool {
        matches!(self.standing.own.entry, Entry::Unlinked { .. })
    }
}

impl Gathered {
    fn queue(&mut self, side: Side, change: Change) {
        self.changes.of_mut(side).push(change);
    }

    fn pair(&mut self, place: Place<'_>, pair: Pair<Known<'_>>, refs: &syncline_mapping::Refs) -> Result<(), EngineError> {
        let linked = Pair::new(linked_to(Side::Left, pair.left.standing), linked_to(Side::Right, pair.right.standing));
        if linked.left.as_ref() == Some(pair.right.id) {
            // Linked since, perhaps by a run that was cut before it could say so: what follows from the link is said again.
            self.tally.linked += 1;
            for (side, stamp) in stamps(place, &pair) {
                self.stamps.of_mut(side).push(stamp);
            }
            self.children.extend([(Side::Left, pair.left.id.clone()), (Side::Right, pair.right.id.clone())]);
            return Ok(());
        }
        if linked.left.is_some() || linked.right.is_some() || !pair.left.is_untouched() || !pair.right.is_untouched() {
            // Somebody else is at work on one of them: the worker looks again.
            for side in [Side::Left, Side::Right] {
                let known = pair.of(side);
                if linked.of(side).is_none() && (side == Side::Left || linked.left.is_some()) {
                    self.queue(side, known.change(place, Counterpart::Unknown));
                }
            }
            return Ok(());
        }
        let decided = match (pair.left.record, pair.right.record) {
            (Some(left), Some(right)) => decide::pair(place, left, right, refs),
            (_, _) => Decided::Ask { source: Side::Left },
        };
        match decided {
            Decided::Link(base) => self.link(place, &pair, base)?,
            Decided::Write { source, .. } | Decided::Ask { source } => {
                let counterpart = Counterpart::Is(pair.of(source.other()).id.clone());
                self.queue(source, pair.of(source).change(place, counterpart));
                self.tally.to_write += 1;
            }
            decided @ (Decided::Skip { side, .. } | Decided::Hold { side, .. }) => {
                self.single(place, side, *pair.of(side), decided, false)?;
            }
        }
        Ok(())
    }

    fn single(&mut self, place: Place<'_>, side: Side, known: Known<'_>, decided: Decided, alone: bool) -> Result<(), EngineError> {
        match decided {
            // While an intent stands, a worker is creating the counterpart: it knows best.
            Decided::Skip { reason, .. } if known.is_untouched() => {
                let name = skip_name(&reason);
                let end = format!("skipped:{}", serde_json::to_string(&reason).unwrap_or_else(|_| name.to_owned()));
                *self.tally.skipped.of_mut(side) += 1;
                self.note(place, side, known, end, None, End::Skipped(name))
            }
            Decided::Hold { reason, .. } if known.is_untouched() => {
                let hold = Hold::new(&place.mapping.name, side, known.id.as_str(), place.engine.now(), reason);
                let name = hold.name();
                *self.tally.held.of_mut(side) += 1;
                self.note(place, side, known, format!("held:{name}"), Some(&hold), End::Held(name))
            }
            Decided::Write { .. } | Decided::Ask { .. } | Decided::Skip { .. } | Decided::Hold { .. } | Decided::Link(_) => {
                let counterpart = if alone { Counterpart::Alone } else { Counterpart::Unknown };
                self.queue(side, known.change(place, counterpart));
                if alone {
                    *self.tally.to_create.of_mut(side.other()) += 1;
                }
                Ok(())
            }
        }
    }

    /// Notes how a record ended, in the form in which the worker does: the same observation again changes nothing.
    fn note(
        &mut self,
        place: Place<'_>,
        side: Side,
        known: Known<'_>,
        end: String,
        hold: Option<&Hold>,
        count: End,
    ) -> Result<(), EngineError> {
        let Some(record) = known.record else { return Ok(()) };
        let own = &known.standing.own;
        let note = Note { print: entry::print(&place.engine.marker, place.mapping, side, record), end, other: None };
        if own.note() == Some(&note) {
            // Noted by a run that was cut before it could release those who wait.
            if hold.is_none() {
                self.children.push((side, known.id.clone()));
            }
            return Ok(());
        }
        let mut writes = Vec::new();
        let mut children = Vec::new();
        if let Some(hold) = hold {
            writes.push(hold.write(&place.sync.name)?);
        } else if own.has_children() {
            // Left out for good: whoever waits for it goes on without.
            children.push((side, known.id.clone()));
        }
        let waits = hold.is_some() && own.has_children();
        writes.push(own.replace(&Entry::Unlinked { note: Some(note), children: waits })?);
        let otherwise = (side, known.change(place, Counterpart::Unknown));
        self.groups.push(Group { writes, outcome: Outcome::Noted { side, id: known.id.clone(), end: count }, children, otherwise });
        Ok(())
    }

    /// Claims a pair: both entries or neither.
    fn link(&mut self, place: Place<'_>, pair: &Pair<Known<'_>>, base: Base) -> Result<(), EngineError> {
        let (left, right) = (pair.left.id.clone(), pair.right.id.clone());
        let version = |known: Known<'_>| known.record.and_then(|record| record.version);
        let seen = Pair::new(version(pair.left), version(pair.right));
        let link = Link { right: right.clone(), base, state: LinkState::Active, seen, note: None };
        let mut writes =
            vec![pair.left.standing.own.replace(&Entry::Link(link))?, pair.right.standing.own.replace(&Entry::Pointer(left.clone()))?];
        let mut children = Vec::new();
        for side in [Side::Left, Side::Right] {
            let known = pair.of(side);
            if known.standing.note().is_some_and(|note| note.end.starts_with("held")) {
                writes.push(hold::clear(&place.sync.name, &place.mapping.name, side, known.id));
            }
            if known.standing.own.has_children() {
                children.push((side, known.id.clone()));
            }
        }
        let outcome = Outcome::Linked { left, right, stamps: stamps(place, pair) };
        let otherwise = (Side::Left, pair.left.change(place, Counterpart::Unknown));
        self.groups.push(Group { writes, outcome, children, otherwise });
        Ok(())
    }

    async fn store(mut self, place: Place<'_>) -> Result<Done, EngineError> {
        let Place { engine, sync, mapping } = place;
        let store = engine.store.as_ref();
        let groups = std::mem::take(&mut self.groups);
        let done = entry::commit(store, groups.iter().map(|group| group.writes.clone()).collect()).await?;
        let mut history = Vec::new();
        let at = Subject { sync: &sync.name, mapping: &mapping.name, side: Side::Left };
        for (group, done) in groups.into_iter().zip(done) {
            if !done {
                let (side, change) = group.otherwise;
                self.queue(side, change);
                continue;
            }
            self.children.extend(group.children);
            match group.outcome {
                Outcome::Linked { left, right, stamps } => {
                    self.tally.linked += 1;
                    engine.counts.end(&sync.name, &mapping.name, Side::Left, &End::Linked);
                    let change = Change::hint(left.clone(), engine.now(), Cause::Backfill);
                    telemetry::decided(at, &change, Some(&right), &End::Linked);
                    let trace = Some(change.trace(at));
                    for (side, stamp) in stamps {
                        self.stamps.of_mut(side).push(Stamp { trace: trace.clone(), ..stamp });
                    }
                    let act = Act::Linked;
                    let entry = HistoryEntry {
                        at: engine.now(),
                        act,
                        side: Side::Right,
                        left,
                        right,
                        cause: Cause::Backfill,
                        trace,
                        fields: BTreeMap::new(),
                    };
                    history.extend(history::write(engine, sync, &mapping.name, &entry)?);
                }
                Outcome::Noted { side, id, end } => {
                    engine.counts.end(&sync.name, &mapping.name, side, &end);
                    telemetry::decided(Subject { side, ..at }, &Change::hint(id, engine.now(), Cause::Backfill), None, &end);
                }
            }
        }
        let mut messages = Vec::new();
        for side in [Side::Left, Side::Right] {
            let due = message::stamps_due(sync, &mapping.name, side, engine.now());
            messages.extend(message::stamps(sync, &mapping.name, side, due, self.stamps.of(side))?);
            messages.extend(message::changes(engine, sync, &mapping.name, side, engine.now(), self.changes.of(side))?);
        }
        self.tally.messages += messages.len() as u64;
        if !messages.is_empty() {
            engine.outbox.send(messages).await?;
            for side in [Side::Left, Side::Right] {
                telemetry::queued(Subject { side, ..at }, self.changes.of(side));
            }
        }
        if !history.is_empty() {
            store.write_loose(history).await?;
        }
        for (side, id) in &self.children {
            waiting::release(engine, sync, &mapping.name, *side, id).await?;
        }
        Ok(self.tally)
    }
}

/// The link fields of a pair that do not carry the other's id yet.
fn stamps(place: Place<'_>, pair: &Pair<Known<'_>>) -> Vec<(Side, Stamp)> {
    let mut stamps = Vec::new();
    for side in [Side::Left, Side::Right] {
        let (own, other) = (pair.of(side), pair.of(side.other()).id);
        if own.record.is_some_and(|record| decide::lacks_stamp(place.mapping, side, record, other)) {
            stamps.push((side, Stamp::new(own.id.clone(), other.clone(), place.engine.now(), None)));
        }
    }
    stamps
}

/// The shape of what is staged, for noticing that the config has changed.
pub(super) fn shape(place: Place<'_>) -> String {
    let mapping = place.mapping;
    let text = format!(
        "{:?} {:?} {:?} {:?}",
        mapping.kind,
        mapping.match_keys,
        mapping.link_field,
        keys::stage(&place.sync.name, &mapping.name, Side::Left)
    ) + &format!("{:?} {:?}", mapping.selection(Side::Left), mapping.selection(Side::Right));
    place.engine.marker.print("shape", &syncline_model::Value::text(text))
}
