//! What the next sync would do: the changes since the cursors, decided against what is there. Nothing is written, no cursor moves.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use syncline_mapping::ObjectMapping;
use syncline_model::{CallError, ConnectionName, Deadline, Fault, MappingName, Record, Side, SyncName, Timestamp};

use crate::ports::connector::{Cursor, From, Resume};
use crate::{Engine, EngineError, Sync, keys, state};

pub(crate) mod look;
mod words;

use look::{Looked, View, look};
pub(crate) use words::says;
pub use words::{Act, Says, WriteWords, skip_words};

/// At most so many changed records of one object and side are looked at: a forecast shall not use up the day's calls.
pub const RECORDS_MAX: usize = 20_000;

/// At most so many records are named in a forecast; all are counted.
pub const NAMED_MAX: usize = 200;

/// What the next run would do, over all objects of a sync.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Forecast {
    pub sync: SyncName,
    pub at: Timestamp,
    pub mappings: Vec<MappingForecast>,
    /// Calls that carrying it out would take, by connection.
    pub calls: BTreeMap<ConnectionName, u64>,
    /// About how long that takes at the pace of the limits, in seconds: connections work at the same time.
    pub seconds: u64,
    /// The first records of which something would become, in order of mapping, side and id.
    pub records: Vec<RecordForecast>,
    /// Why it is not the whole truth, a sentence each.
    pub remarks: Vec<String>,
}

/// The counts of one object, by the side on which the changes were seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MappingForecast {
    pub mapping: MappingName,
    pub seen_on: Side,
    /// Records that the change feed shows.
    pub read: u64,
    /// By what would become of them; together they are `read`.
    pub acts: BTreeMap<Act, u64>,
    /// Skips and holds by reason.
    pub reasons: BTreeMap<&'static str, u64>,
}

/// One record and what would become of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RecordForecast {
    pub mapping: MappingName,
    pub side: Side,
    pub id: String,
    /// The counterpart, where there is one.
    pub other: Option<String>,
    #[serde(flatten)]
    pub says: Says,
}

/// The one part of a stored cursor that a forecast needs.
#[derive(Deserialize)]
struct StoredCursor {
    cursor: Option<Cursor>,
}

/// Operations to come at one connection, by the object's bound on a call.
#[derive(Default)]
struct Load(BTreeMap<(ConnectionName, MappingName), (u64, u64)>);

impl Load {
    fn add(&mut self, sync: &Sync, mapping: &ObjectMapping, side: Side, operations: u64) {
        let bound = sync.facts(mapping, side).map_or(1, |facts| facts.bounds.write_records_max.max(1));
        let entry = self.0.entry((sync.ends.of(side).connection.clone(), mapping.name.clone())).or_insert((0, u64::from(bound)));
        entry.0 += operations;
    }

    fn calls(&self) -> BTreeMap<ConnectionName, u64> {
        let mut calls: BTreeMap<ConnectionName, u64> = BTreeMap::new();
        for ((connection, _), (operations, bound)) in &self.0 {
            *calls.entry(connection.clone()).or_default() += operations.div_ceil(*bound);
        }
        calls
    }
}

/// Looks at what changed since the cursors.
pub async fn forecast(engine: &Engine, sync: &Sync, by: Deadline) -> Result<Forecast, EngineError> {
    let mut forecast = Forecast {
        sync: sync.name.clone(),
        at: engine.now(),
        mappings: Vec::new(),
        calls: BTreeMap::new(),
        seconds: 0,
        records: Vec::new(),
        remarks: Vec::new(),
    };
    let mut load = Load::default();
    for side in [Side::Left, Side::Right] {
        let connection = &sync.ends.of(side).connection;
        if let Some(stopped) = state::stopped(engine, connection).await? {
            forecast.remarks.push(format!("connection {connection} is stopped ({}); its changes are not shown", stopped.hint));
            continue;
        }
        for mapping in &sync.mappings {
            if sync.is_write_only(mapping, side) {
                let name = &mapping.name;
                forecast
                    .remarks
                    .push(format!("what is edited of {name} at {connection} is not seen: it takes records and gives none back"));
                continue;
            }
            of_object(View { engine, sync, mapping, source: side, by }, &mut forecast, &mut load).await?;
        }
    }
    forecast.calls = load.calls();
    forecast.seconds = duration_s(engine, &forecast.calls);
    Ok(forecast)
}

/// How long these calls take at each connection's pace, in seconds.
pub fn duration_s(engine: &Engine, calls: &BTreeMap<ConnectionName, u64>) -> u64 {
    let of = |(connection, calls): (&ConnectionName, &u64)| {
        let pace = engine.budgets.get(connection).map_or(0, |budget| budget.pace().as_millis());
        let millis = pace.saturating_mul(i128::from(*calls));
        u64::try_from(millis / 1000).unwrap_or(u64::MAX)
    };
    calls.iter().map(of).max().unwrap_or(0)
}

async fn of_object(view: View<'_>, forecast: &mut Forecast, load: &mut Load) -> Result<(), EngineError> {
    let Some((records, unreadable)) = changes(view, &mut forecast.remarks).await? else { return Ok(()) };
    let mut counts = MappingForecast {
        mapping: view.mapping.name.clone(),
        seen_on: view.source,
        read: unreadable,
        acts: BTreeMap::new(),
        reasons: BTreeMap::new(),
    };
    if unreadable > 0 {
        counts.acts.insert(Act::Hold, unreadable);
        counts.reasons.insert("unreadable", unreadable);
    }
    counts.read += records.len() as u64;
    for looked in look(view, records, false).await? {
        let says = says(&looked, &view.mapping.name, view.source, view.engine.now());
        *counts.acts.entry(says.act).or_default() += 1;
        if let Some(reason) = says.reason {
            *counts.reasons.entry(reason).or_default() += 1;
        }
        weigh(view, &looked, &says, load);
        if says.act != Act::Nothing && forecast.records.len() < NAMED_MAX {
            forecast.records.push(RecordForecast {
                mapping: view.mapping.name.clone(),
                side: view.source,
                id: looked.record.id.to_string(),
                other: looked.other_id.as_ref().map(ToString::to_string),
                says,
            });
        }
    }
    forecast.mappings.push(counts);
    Ok(())
}

/// Writes, and the link fields that are written after a create or a first link.
fn weigh(view: View<'_>, looked: &Looked, says: &Says, load: &mut Load) {
    for write in &says.writes {
        load.add(view.sync, view.mapping, write.side, 1);
    }
    let is_new = looked.standing.link.is_none();
    if is_new && matches!(says.act, Act::Create | Act::Link | Act::Update) {
        let sides: &[Side] = if says.act == Act::Create { &[view.source] } else { &[Side::Left, Side::Right] };
        for side in sides.iter().filter(|side| view.mapping.link_field.of(**side).is_some()) {
            if !says.writes.iter().any(|write| write.side == *side) {
                load.add(view.sync, view.mapping, *side, 1);
            }
        }
    }
}

/// The records that changed since the cursor, newest state of each, and how many could not be read. `None`: the side was never read.
async fn changes(view: View<'_>, remarks: &mut Vec<String>) -> Result<Option<(Vec<Record>, u64)>, EngineError> {
    let (sync, mapping, side) = (view.sync, view.mapping, view.source);
    let Some(mut cursor) = stored_cursor(view.engine, sync, mapping, side).await? else {
        if !sync.is_readable(mapping, side) {
            remarks.push(format!("{} of the {side} side are not listed: what is told of them from the first run on comes", mapping.name));
            return Ok(None);
        }
        remarks.push(format!(
            "{} of the {side} side was never read: the first run begins there, and a backfill brings what exists",
            mapping.name
        ));
        return Ok(None);
    };
    let connector = &sync.ends.of(side).connector;
    let selection = sync.selection(mapping, side);
    let mut records: BTreeMap<_, Record> = BTreeMap::new();
    let mut unreadable = 0;
    loop {
        let page = match connector.list_changes(&selection, &From::Cursor(&cursor), view.by).await {
            Err(CallError { fault: Fault::Unsupported { capability }, .. }) if sync.is_feed_only(mapping, side) => {
                remarks.push(format!("{} of the {side} side are not read: {capability}", mapping.name));
                return Ok(None);
            }
            page => page?,
        };
        for record in page.records {
            match record {
                Ok(record) => {
                    records.insert(record.id.clone(), record);
                }
                Err(_) => unreadable += 1,
            }
        }
        match page.resume {
            Resume::CaughtUp(_) => break,
            Resume::More(next) if next == cursor || records.len() >= RECORDS_MAX => {
                remarks.push(format!("only the first {} changes of {} on the {side} side were looked at", records.len(), mapping.name));
                break;
            }
            Resume::More(next) => cursor = next,
        }
    }
    Ok(Some((records.into_values().collect(), unreadable)))
}

async fn stored_cursor(engine: &Engine, sync: &Sync, mapping: &ObjectMapping, side: Side) -> Result<Option<Cursor>, EngineError> {
    let key = keys::cursor(&sync.name, &mapping.name, side);
    let Some(item) = engine.store.get(std::slice::from_ref(&key)).await?.pop().flatten() else { return Ok(None) };
    let stored: StoredCursor = serde_json::from_str(&item.body)
        .map_err(|error| EngineError::Unreadable { what: format!("the cursor {}", key.sort), problem: error.to_string() })?;
    Ok(stored.cursor)
}
