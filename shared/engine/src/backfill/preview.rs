//! What a backfill would do: the same scan and the same join, in memory, without writing anything anywhere.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use syncline_mapping::{Decision, Pair, Plan, RefState, Refs, Write, has_changed};
use syncline_model::{CallError, Deadline, MappingName, Record, RecordId, Side, Timestamp};

use super::decide::{self, Decided, Place};
use super::index::{Found, Index, Row, Spot, Task, join};
use super::scan::linked_to;
use super::{PACKET_TASKS, TURNS_PER_RUN_MAX, carry};
use crate::counts::{hold_name, skip_name};
use crate::entry::{self, LinkState};
use crate::ports::connector::Resume;
use crate::references::Wanted;
use crate::resumable::MARGIN;
use crate::{Engine, EngineError, Sync};

/// The calls that a backfill makes at one side for one mapping, its workers' included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Calls {
    /// Pages of the scan.
    pub scans: u64,
    /// Reads of counterparts before they are written.
    pub reads: u64,
    /// Writes of values.
    pub writes: u64,
    /// Writes of link fields alone.
    pub stamps: u64,
}

impl Calls {
    pub fn all(&self) -> u64 {
        self.scans + self.reads + self.writes + self.stamps
    }
}

/// What would happen to one mapping. Pairs are by the side that is written to; `skipped` and `held` by the side where the record is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MappingPreview {
    pub mapping: MappingName,
    pub read: Pair<u64>,
    /// Rows that cannot be read.
    pub unreadable: Pair<u64>,
    /// The side gives no list: what its feed tells comes, and is not foreseen here.
    pub unlisted: Pair<bool>,
    /// Records that are linked already, counted at the left.
    pub linked: u64,
    /// Linked records of each side that differ from what was last agreed on.
    pub differ: Pair<u64>,
    /// Pairs that would be linked without a write of values.
    pub link: u64,
    /// Pairs that would be linked with a write of values, whatever the side.
    pub join: u64,
    pub create: Pair<u64>,
    /// Existing records that would be changed on each side, and in which mapped fields how often.
    pub change: Pair<u64>,
    pub fields: Pair<BTreeMap<String, u64>>,
    /// Records whose decision waits for another one, which is held or cannot be read.
    pub wait: u64,
    pub skipped: Pair<BTreeMap<String, u64>>,
    pub held: Pair<BTreeMap<String, u64>>,
    /// Link fields that would be written, on each side.
    pub stamp: Pair<u64>,
    pub calls: Pair<Calls>,
}

impl MappingPreview {
    fn new(mapping: MappingName) -> Self {
        Self {
            mapping,
            read: Pair::default(),
            unreadable: Pair::default(),
            unlisted: Pair::default(),
            linked: 0,
            differ: Pair::default(),
            link: 0,
            join: 0,
            create: Pair::default(),
            change: Pair::default(),
            fields: Pair::default(),
            wait: 0,
            skipped: Pair::default(),
            held: Pair::default(),
            stamp: Pair::default(),
            calls: Pair::default(),
        }
    }
}

/// What would happen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Preview {
    /// Both sides of every mapping were read to their end. If not, `mappings` holds what was finished before.
    pub complete: bool,
    /// A sentence for people on why it is not complete, and from when on another try is worth while.
    pub stopped: Option<String>,
    pub again_at: Option<Timestamp>,
    pub mappings: Vec<MappingPreview>,
    /// How long each side's calls take at the pace of its budget, in seconds.
    pub takes_s: Pair<u64>,
}

/// Why the preview stops early.
struct Stopped {
    says: String,
    again_at: Option<Timestamp>,
}

/// Reads both sides to their end and says what a backfill would do.
pub async fn preview(engine: &Engine, sync: &Sync, by: Deadline) -> Result<Preview, EngineError> {
    let mut preview = Preview { complete: true, stopped: None, again_at: None, mappings: Vec::new(), takes_s: Pair::default() };
    let mut fates = Fates::default();
    for mapping in &sync.mappings {
        let place = Place { engine, sync, mapping };
        let mut said = MappingPreview::new(mapping.name.clone());
        let read = match scan(place, Side::Left, by, &mut said).await? {
            Ok(left) => scan(place, Side::Right, by, &mut said).await?.map(|right| Pair::new(left, right)),
            Err(stopped) => Err(stopped),
        };
        match read {
            Ok(read) => foresee(place, &read, &mut fates, &mut said).await?,
            Err(Stopped { says, again_at }) => {
                preview.complete = false;
                preview.stopped = Some(says);
                preview.again_at = again_at;
                break;
            }
        }
        count_calls(place, &mut said);
        preview.mappings.push(said);
    }
    for side in [Side::Left, Side::Right] {
        let pace = engine.budgets.get(&sync.ends.of(side).connection).map(|budget| budget.pace()).unwrap_or_default();
        let calls: u64 = preview.mappings.iter().map(|said| said.calls.of(side).all()).sum();
        let millis = u128::from(calls).saturating_mul(pace.as_millis().unsigned_abs());
        *preview.takes_s.of_mut(side) = u64::try_from(millis.div_ceil(1000)).unwrap_or(u64::MAX);
    }
    Ok(preview)
}

/// One side, in memory.
#[derive(Default)]
struct Scanned {
    index: Index,
    pages: Vec<Vec<Record>>,
}

async fn scan(place: Place<'_>, side: Side, by: Deadline, said: &mut MappingPreview) -> Result<Result<Scanned, Stopped>, EngineError> {
    let Place { engine, sync, mapping } = place;
    let end = sync.ends.of(side);
    let selection = sync.selection(mapping, side);
    let mut read = Scanned::default();
    let mut cursor = None;
    if !sync.is_readable(mapping, side) {
        *said.unlisted.of_mut(side) = sync.is_feed_only(mapping, side);
        return Ok(Ok(read));
    }
    let stop = |says: String, again_at| Ok(Err(Stopped { says, again_at }));
    for _ in 0..TURNS_PER_RUN_MAX {
        if engine.now() + MARGIN >= by.0 {
            return stop(format!("there was no time to read {} of the {side} side to its end", mapping.name), None);
        }
        let page = match end.connector.scan(&selection, cursor.as_ref(), by).await {
            Ok(page) => page,
            Err(error) => return Ok(Err(stopped(&error))),
        };
        said.calls.of_mut(side).scans += 1;
        *said.read.of_mut(side) += page.records.len() as u64;
        let live: Vec<Record> = page.records.iter().flatten().filter(|record| record.is_live()).cloned().collect();
        *said.unreadable.of_mut(side) += page.records.iter().filter(|record| record.is_err()).count() as u64;
        keep(place, side, live, &mut read, said).await?;
        match page.resume {
            Resume::CaughtUp(_) => return Ok(Ok(read)),
            Resume::More(next) if cursor.as_ref() == Some(&next) => {
                return stop(format!("the listing of {} on the {side} side does not advance", mapping.name), None);
            }
            Resume::More(next) => cursor = Some(next),
        }
    }
    stop(format!("the listing of {} on the {side} side does not end", mapping.name), None)
}

fn stopped(error: &CallError) -> Stopped {
    let again_at = match &error.fault {
        syncline_model::Fault::RateLimited { until } => Some(*until),
        syncline_model::Fault::Transient { .. }
        | syncline_model::Fault::AuthExpired
        | syncline_model::Fault::AuthRefused { .. }
        | syncline_model::Fault::Rejected { .. }
        | syncline_model::Fault::Taken { .. }
        | syncline_model::Fault::Conflict
        | syncline_model::Fault::Missing
        | syncline_model::Fault::Uncertain
        | syncline_model::Fault::Unsupported { .. }
        | syncline_model::Fault::Drift { .. } => None,
    };
    Stopped { says: error.to_string(), again_at }
}

async fn keep(
    place: Place<'_>,
    side: Side,
    records: Vec<Record>,
    read: &mut Scanned,
    said: &mut MappingPreview,
) -> Result<(), EngineError> {
    let Place { engine, sync, mapping } = place;
    let ids: Vec<RecordId> = records.iter().map(|record| record.id.clone()).collect();
    let standings = entry::standings(engine.store.as_ref(), &sync.name, &mapping.name, side, &ids).await?;
    let mut page = Vec::new();
    for record in records {
        let Some(standing) = standings.get(&record.id) else { continue };
        let linked = linked_to(side, standing);
        if let Some(link) = standing.link() {
            if link.state != LinkState::Active {
                continue;
            }
            said.linked += u64::from(side == Side::Left);
            *said.differ.of_mut(side) += u64::from(has_changed(mapping, &engine.marker, &link.base, side, &record));
        }
        let spot = Spot { item: u32::try_from(read.pages.len()).unwrap_or(u32::MAX), row: u32::try_from(page.len()).unwrap_or(u32::MAX) };
        read.index.add(Row::new(&engine.marker, mapping, side, &record, linked), spot);
        page.push(record);
    }
    read.pages.push(page);
    Ok(())
}

/// What is foreseen of records that others refer to.
#[derive(Default)]
struct Fates(BTreeMap<(MappingName, Side, RecordId), RefState>);

impl Fates {
    fn set(&mut self, mapping: &MappingName, side: Side, id: &RecordId, state: RefState) {
        self.0.insert((mapping.clone(), side, id.clone()), state);
    }

    /// The references of these records: as they stand, and where nothing stands yet, as foreseen.
    async fn refs(&self, place: Place<'_>, records: &BTreeMap<(Side, Spot), Record>) -> Result<Refs, EngineError> {
        let mut wanted = Wanted::default();
        for ((side, _), record) in records {
            wanted.gather(place.mapping, *side, record);
        }
        let named: Vec<(MappingName, Side, RecordId)> =
            wanted.iter().map(|(parent, side, id)| (parent.clone(), side, id.clone())).collect();
        let mut refs = wanted.look_up(place.engine, place.sync, carry::patience(place.engine)).await?;
        for (parent, side, id) in named {
            if refs.state(&parent, side, &id) == RefState::NotYet
                && let Some(state) = self.0.get(&(parent.clone(), side, id.clone()))
            {
                refs.insert(parent, side, id, state.clone());
            }
        }
        Ok(refs)
    }
}

async fn foresee(place: Place<'_>, read: &Pair<Scanned>, fates: &mut Fates, said: &mut MappingPreview) -> Result<(), EngineError> {
    let mut tasks = join(place.mapping, &read.left.index, &read.right.index);
    let mut is_patient = place.mapping.refers_to_itself();
    loop {
        let mut waiting: Vec<(Task, Vec<Named>)> = Vec::new();
        for packet in tasks.chunks(PACKET_TASKS) {
            let records = records(read, &carry::spots(packet));
            let refs = fates.refs(place, &records).await?;
            for task in packet {
                let relatives = if is_patient { relatives(place, task, &records, &refs) } else { Vec::new() };
                if relatives.is_empty() {
                    foresee_one(place, task, &records, &refs, fates, said);
                } else {
                    waiting.push((task.clone(), relatives));
                }
            }
        }
        if waiting.is_empty() {
            return Ok(());
        }
        if waiting.len() == tasks.len() {
            // The rest waits for itself, or for one that will not be linked.
            is_patient = false;
            for (side, id) in circles(&waiting) {
                fates.set(&place.mapping.name, side, &id, RefState::Later);
            }
        }
        tasks = waiting.into_iter().map(|(task, _)| task).collect();
    }
}

type Named = (Side, RecordId);

/// The records of a task that may be linked: those that a pair has, or the one that stands alone.
fn of_task(task: &Task) -> Vec<(Side, &Found)> {
    match task {
        Task::Pair(pair) => vec![(Side::Left, &pair.left), (Side::Right, &pair.right)],
        Task::Alone { side, record } => vec![(*side, record)],
        Task::Ambiguous { .. } | Task::Taken { .. } => Vec::new(),
    }
}

/// The records of the same mapping that a task's records refer to, and of which nothing is foreseen yet.
fn relatives(place: Place<'_>, task: &Task, records: &BTreeMap<(Side, Spot), Record>, refs: &Refs) -> Vec<Named> {
    let mut wanted = Wanted::default();
    for (side, found) in of_task(task) {
        if let Some(record) = records.get(&(side, found.spot)) {
            wanted.gather(place.mapping, side, record);
        }
    }
    let own = &place.mapping.name;
    let open = wanted.iter().filter(|(parent, side, id)| *parent == own && refs.state(parent, *side, id) == RefState::NotYet);
    open.map(|(_, side, id)| (side, id.clone())).collect()
}

/// Of tasks that all wait, the records that wait for nobody but each other: the worker lets these go first, without their references.
fn circles(waiting: &[(Task, Vec<Named>)]) -> BTreeSet<Named> {
    let mut open: Vec<&(Task, Vec<Named>)> = waiting.iter().collect();
    loop {
        let ids: BTreeSet<Named> = open.iter().flat_map(|(task, _)| of_task(task)).map(|(side, found)| (side, found.id.clone())).collect();
        let before = open.len();
        open.retain(|(_, relatives)| relatives.iter().all(|named| ids.contains(named)));
        if open.len() == before {
            return ids;
        }
    }
}

fn records(read: &Pair<Scanned>, spots: &BTreeSet<(Side, Spot)>) -> BTreeMap<(Side, Spot), Record> {
    let at = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
    let record = |side: Side, spot: Spot| read.of(side).pages.get(at(spot.item))?.get(at(spot.row)).cloned();
    spots.iter().filter_map(|(side, spot)| Some(((*side, *spot), record(*side, *spot)?))).collect()
}

fn foresee_one(
    place: Place<'_>,
    task: &Task,
    records: &BTreeMap<(Side, Spot), Record>,
    refs: &Refs,
    fates: &mut Fates,
    said: &mut MappingPreview,
) {
    let name = &place.mapping.name;
    let record = |side: Side, found: &Found| records.get(&(side, found.spot));
    let bump = |map: &mut BTreeMap<String, u64>, key: &str| *map.entry(key.to_owned()).or_default() += 1;
    match task {
        Task::Ambiguous { side, .. } => bump(said.held.of_mut(*side), "ambiguous"),
        Task::Taken { side, record, .. } => {
            fates.set(name, *side, &record.id, RefState::Never);
            bump(said.skipped.of_mut(*side), "taken_by");
        }
        Task::Pair(pair) => {
            let (Some(left), Some(right)) = (record(Side::Left, &pair.left), record(Side::Right, &pair.right)) else { return };
            fates.set(name, Side::Left, &left.id, RefState::Linked(right.id.clone()));
            fates.set(name, Side::Right, &right.id, RefState::Linked(left.id.clone()));
            match decide::pair(place, left, right, refs) {
                Decided::Link(_) => {
                    said.link += 1;
                    said.stamp.left += u64::from(decide::lacks_stamp(place.mapping, Side::Left, left, &right.id));
                    said.stamp.right += u64::from(decide::lacks_stamp(place.mapping, Side::Right, right, &left.id));
                }
                Decided::Write { plan, .. } => {
                    said.join += 1;
                    changes(place, &plan, said);
                }
                Decided::Ask { .. } => said.wait += 1,
                Decided::Skip { side, reason } => bump(said.skipped.of_mut(side), skip_name(&reason)),
                Decided::Hold { side, reason } => bump(said.held.of_mut(side), hold_name(&reason)),
            }
        }
        Task::Alone { side, record: found } => {
            let Some(record) = record(*side, found) else { return };
            match decide::alone(place, *side, record, refs) {
                Decided::Write { .. } | Decided::Link(_) => {
                    // Nobody knows the id that it will get; for those that refer to it, it is enough that there is one.
                    fates.set(name, *side, &record.id, RefState::Linked(RecordId::new("to be created")));
                    *said.create.of_mut(side.other()) += 1;
                    *said.stamp.of_mut(*side) += u64::from(place.mapping.link_field.of(*side).is_some());
                }
                Decided::Ask { .. } => said.wait += 1,
                Decided::Skip { side, reason } => {
                    fates.set(name, side, &record.id, RefState::Never);
                    bump(said.skipped.of_mut(side), skip_name(&reason));
                }
                Decided::Hold { side, reason } => bump(said.held.of_mut(side), hold_name(&reason)),
            }
        }
    }
}

/// What a plan changes on each side.
fn changes(place: Place<'_>, plan: &Plan, said: &mut MappingPreview) {
    for outcome in &plan.fields {
        let targets = match outcome.decision {
            Decision::Write(side) => vec![side],
            Decision::Won(winner) => vec![winner.other()],
            Decision::Merged { left, right } => {
                [(Side::Left, left), (Side::Right, right)].into_iter().filter_map(|(side, is)| is.then_some(side)).collect()
            }
            Decision::Agree | Decision::Kept(_) | Decision::Drifted(_) | Decision::LeftAlone | Decision::Held | Decision::Awaits(_) => {
                Vec::new()
            }
        };
        for target in targets {
            *said.fields.of_mut(target).entry(outcome.field.clone()).or_default() += 1;
        }
    }
    for side in [Side::Left, Side::Right] {
        let Some(write @ (Write::Create { .. } | Write::Update { .. })) = plan.write(side) else { continue };
        if decide::values(place.mapping, side, write) > 0 {
            *said.change.of_mut(side) += 1;
        } else {
            *said.stamp.of_mut(side) += 1;
        }
    }
}

/// The calls, in the vendor's largest batches.
fn count_calls(place: Place<'_>, said: &mut MappingPreview) {
    for side in [Side::Left, Side::Right] {
        let bounds = place.sync.facts(place.mapping, side).map(|facts| &facts.bounds);
        let batch = |size: Option<u32>| u64::from(size.unwrap_or(1).max(1));
        let writes = batch(bounds.map(|bounds| bounds.write_records_max));
        let reads = batch(bounds.map(|bounds| bounds.get_records_max));
        let changed = *said.change.of(side);
        let calls = said.calls.of_mut(side);
        calls.reads = changed.div_ceil(reads);
        calls.writes = changed.div_ceil(writes) + said.create.of(side).div_ceil(writes);
        calls.stamps = said.stamp.of(side).div_ceil(batch(bounds.map(crate::write::stamps_at_once)));
    }
}
