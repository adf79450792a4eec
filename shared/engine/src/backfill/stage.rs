//! The staged pages: what a scan read, sealed, until the join is through with it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use syncline_mapping::Pair;
use syncline_model::{Record, Side};

use super::decide::Place;
use super::index::{Index, Row, Spot};
use crate::ports::store::Key;
use crate::resumable::Pages;
use crate::{EngineError, keys};

/// How much plain text goes into one item, in bytes: sealed it grows by a third, and stays below 300 KB.
const PLAIN_BYTES_MAX: usize = 200 * 1024;

/// How many items are read at once.
const ITEMS_PER_READ: usize = 16;

/// Opened items that are kept: a block of one side's, and a few of the other's.
const OPEN_ITEMS_MAX: usize = 48;

const FORMAT: u8 = 1;

/// An item's body. The rows are sealed apart from the records, so that the index opens no values.
#[derive(Serialize, Deserialize)]
struct Body {
    v: u8,
    rows: String,
    records: String,
}

/// Stages rows as this run's next items. A record that alone is too large for an item is left out of it, and read again later.
pub(super) async fn append(
    place: Place<'_>,
    side: Side,
    segment: u64,
    pages: &mut Pages,
    staged: Vec<(Row, Option<Record>)>,
) -> Result<(), EngineError> {
    let mut bodies = Vec::new();
    let (mut rows, mut records, mut filled) = (Vec::new(), Vec::new(), 0);
    for (row, record) in staged {
        let row_size = length(&row)?;
        let mut record_size = record.as_ref().map_or(Ok(4), length)?;
        let record = record.filter(|_| row_size + record_size <= PLAIN_BYTES_MAX);
        if record.is_none() {
            record_size = 4;
        }
        if filled + row_size + record_size > PLAIN_BYTES_MAX && !rows.is_empty() {
            bodies.push(seal(place, &rows, &records)?);
            (rows, records, filled) = (Vec::new(), Vec::new(), 0);
        }
        filled += row_size + record_size;
        rows.push(row);
        records.push(record);
    }
    if !rows.is_empty() {
        bodies.push(seal(place, &rows, &records)?);
    }
    let partition = keys::stage(&place.sync.name, &place.mapping.name, side);
    pages.append(place.engine, &partition, segment, bodies).await
}

fn length<T: Serialize>(value: &T) -> Result<usize, EngineError> {
    Ok(plain(value)?.len() + 1)
}

fn plain<T: Serialize>(value: &T) -> Result<String, EngineError> {
    serde_json::to_string(value).map_err(|error| EngineError::Unreadable { what: "a page to stage".into(), problem: error.to_string() })
}

fn seal(place: Place<'_>, rows: &[Row], records: &[Option<Record>]) -> Result<String, EngineError> {
    let (sealer, dice) = (&place.engine.sealer, place.engine.dice.as_ref());
    plain(&Body { v: FORMAT, rows: sealer.seal(dice, &rows)?, records: sealer.seal(dice, &records)? })
}

fn read(body: &str) -> Result<Body, EngineError> {
    let broken = |problem: String| EngineError::Unreadable { what: "a staged page".into(), problem };
    let body: Body = serde_json::from_str(body).map_err(|error| broken(format!("line {}, column {}", error.line(), error.column())))?;
    if body.v != FORMAT {
        return Err(broken(format!("its format is {}", body.v)));
    }
    Ok(body)
}

/// Reads a side's rows; `None`: a page has expired meanwhile.
pub(super) async fn index(place: Place<'_>, side: Side, pages: &Pages) -> Result<Option<Index>, EngineError> {
    let keys = pages.keys(&keys::stage(&place.sync.name, &place.mapping.name, side));
    let mut index = Index::default();
    let mut number = 0;
    for chunk in keys.chunks(ITEMS_PER_READ) {
        for item in place.engine.store.get(chunk).await? {
            let Some(item) = item else { return Ok(None) };
            let rows: Vec<Row> = place.engine.sealer.open("a staged page", &read(&item.body)?.rows)?;
            for (row, at) in rows.into_iter().zip(0..) {
                index.add(row, Spot { item: number, row: at });
            }
            number += 1;
        }
    }
    Ok(Some(index))
}

/// An item's records, and when they were last asked for.
type Opened = (u64, Vec<Option<Record>>);

/// Reads staged records, and keeps the items that were opened last.
pub(super) struct Reader {
    keys: Pair<Vec<Key>>,
    open: BTreeMap<(Side, u32), Opened>,
    tick: u64,
}

impl Reader {
    pub(super) fn new(place: Place<'_>, pages: &Pair<Pages>) -> Self {
        let keys = |side: Side| pages.of(side).keys(&keys::stage(&place.sync.name, &place.mapping.name, side));
        Self { keys: Pair::new(keys(Side::Left), keys(Side::Right)), open: BTreeMap::new(), tick: 0 }
    }

    /// The records at these places; one that was too large to stage, or whose page has expired, is not among them.
    pub(super) async fn records(
        &mut self,
        place: Place<'_>,
        wanted: &BTreeSet<(Side, Spot)>,
    ) -> Result<BTreeMap<(Side, Spot), Record>, EngineError> {
        let mut by_item: BTreeMap<(Side, u32), Vec<Spot>> = BTreeMap::new();
        for (side, spot) in wanted {
            by_item.entry((*side, spot.item)).or_default().push(*spot);
        }
        let mut records = BTreeMap::new();
        let by_item: Vec<_> = by_item.into_iter().collect();
        for group in by_item.chunks(ITEMS_PER_READ) {
            self.open_all(place, group.iter().map(|(at, _)| *at)).await?;
            for ((side, item), spots) in group {
                let Some((_, rows)) = self.open.get(&(*side, *item)) else { continue };
                for spot in spots {
                    let row = usize::try_from(spot.row).ok().and_then(|row| rows.get(row));
                    if let Some(Some(record)) = row {
                        records.insert((*side, *spot), record.clone());
                    }
                }
            }
        }
        Ok(records)
    }

    async fn open_all(&mut self, place: Place<'_>, items: impl Iterator<Item = (Side, u32)>) -> Result<(), EngineError> {
        self.tick += 1;
        let (mut missing, mut keys) = (Vec::new(), Vec::new());
        for at in items {
            if let Some((used, _)) = self.open.get_mut(&at) {
                *used = self.tick;
                continue;
            }
            let number = usize::try_from(at.1).unwrap_or(usize::MAX);
            if let Some(key) = self.keys.of(at.0).get(number) {
                missing.push(at);
                keys.push(key.clone());
            }
        }
        if keys.is_empty() {
            return Ok(());
        }
        for (at, item) in missing.into_iter().zip(place.engine.store.get(&keys).await?) {
            let Some(item) = item else { continue };
            let rows = place.engine.sealer.open("a staged page", &read(&item.body)?.records)?;
            self.open.insert(at, (self.tick, rows));
        }
        while self.open.len() > OPEN_ITEMS_MAX {
            let Some(oldest) = self.open.iter().min_by_key(|(_, (used, _))| *used).map(|(at, _)| *at) else { break };
            self.open.remove(&oldest);
        }
        Ok(())
    }
}
