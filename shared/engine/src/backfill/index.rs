//! The match index: who belongs to whom, found in memory from the staged rows of both sides, without a search at a vendor.
//!
//! Key by key, over all records that are still open: an email that fits beats a phone that fits, whichever came first.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use syncline_mapping::{Marker, ObjectMapping, Pair};
use syncline_model::mutant::{Mutant, planted};
use syncline_model::{Record, RecordId, Side};

/// Where a staged record stands: which item, and which row of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Spot {
    pub(super) item: u32,
    pub(super) row: u32,
}

/// What the index knows of a record. Keys are keyed hashes of normal forms.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Row {
    pub(super) id: RecordId,
    /// By match key; `None` where the record has no value for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) keys: Vec<Option<String>>,
    /// The counterpart's id that it carries in its link field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) carries: Option<RecordId>,
    /// The counterpart that it was linked to when it was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) linked: Option<RecordId>,
}

impl Row {
    pub(super) fn new(marker: &Marker, mapping: &ObjectMapping, side: Side, record: &Record, linked: Option<RecordId>) -> Self {
        let keys = mapping
            .match_keys
            .iter()
            .map(|key| {
                let normal = key.equality.normal(record.fields.get(key.field.of(side))?);
                (!normal.is_null()).then(|| marker.print(key.field.left.as_str(), &normal))
            })
            .collect();
        let named = mapping.link_field.of(side).as_ref().and_then(|field| record.fields.get(field));
        let carries = named.and_then(|value| value.as_text().ok().flatten()).map(str::trim).filter(|text| !text.is_empty());
        Self { id: record.id.clone(), keys, carries: carries.map(RecordId::new), linked }
    }
}

/// One side's rows, each record once: the last reading of it counts.
#[derive(Debug, Default)]
pub(super) struct Index {
    rows: Vec<(Row, Spot)>,
    by_id: BTreeMap<RecordId, usize>,
}

impl Index {
    pub(super) fn add(&mut self, row: Row, spot: Spot) {
        if let Some(known) = self.by_id.get(&row.id).and_then(|at| self.rows.get_mut(*at)) {
            *known = (row, spot);
        } else {
            self.by_id.insert(row.id.clone(), self.rows.len());
            self.rows.push((row, spot));
        }
    }

    fn at(&self, id: &RecordId) -> Option<usize> {
        self.by_id.get(id).copied()
    }

    fn row(&self, at: usize) -> Option<&Row> {
        self.rows.get(at).map(|(row, _)| row)
    }

    fn id(&self, at: usize) -> Option<&RecordId> {
        self.row(at).map(|row| &row.id)
    }

    fn found(&self, at: usize) -> Option<Found> {
        self.rows.get(at).map(|(row, spot)| Found { id: row.id.clone(), spot: *spot })
    }
}

/// A staged record: its id and where to read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) id: RecordId,
    pub(super) spot: Spot,
}

/// What the index found out about one record or pair.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Task {
    Pair(Pair<Found>),
    Alone { side: Side, record: Found },
    Ambiguous { side: Side, record: Found, key: String, candidates: Vec<RecordId> },
    Taken { side: Side, record: Found, key: String, holder: RecordId, linked_to: RecordId },
}

impl Task {
    /// The side whose record stands alone: the other side's worker writes its counterpart. `None` for a pair.
    pub(super) fn lone_side(&self) -> Option<Side> {
        match self {
            Self::Pair(_) => None,
            Self::Alone { side, .. } | Self::Ambiguous { side, .. } | Self::Taken { side, .. } => Some(*side),
        }
    }
}

/// A hold shows this many candidates at most.
const CANDIDATES_MAX: usize = 20;

/// Pairs are handled by blocks of this many left items, so that both sides' items are read few times.
pub(super) const BLOCK_ITEMS: u32 = 32;

/// What became of a record so far.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Fate {
    Open,
    /// To this record of the other side, before or just now.
    Joined(RecordId),
    Ambiguous {
        key: String,
        candidates: Vec<RecordId>,
    },
    Taken {
        key: String,
        holder: RecordId,
        linked_to: RecordId,
    },
}

struct Join<'a> {
    index: Pair<&'a Index>,
    fates: Pair<Vec<Fate>>,
    pairs: Vec<(usize, usize)>,
}

/// Finds out who belongs to whom. The answer follows from the rows alone, and comes in the same order each time.
pub(super) fn join(mapping: &ObjectMapping, left: &Index, right: &Index) -> Vec<Task> {
    let fates = Pair::new(vec![Fate::Open; left.rows.len()], vec![Fate::Open; right.rows.len()]);
    let mut join = Join { index: Pair::new(left, right), fates, pairs: Vec::new() };
    join.known_links();
    join.adopt();
    for (place, key) in mapping.match_keys.iter().enumerate() {
        let names = Pair::new(key.field.left.as_str(), key.field.right.as_str());
        join.by_key(place, names, key.unique);
    }
    join.tasks()
}

impl Join<'_> {
    fn fate(&self, side: Side, at: usize) -> Option<&Fate> {
        self.fates.of(side).get(at)
    }

    fn set(&mut self, side: Side, at: usize, fate: Fate) {
        if let Some(its) = self.fates.of_mut(side).get_mut(at) {
            *its = fate;
        }
    }

    fn is_open(&self, side: Side, at: usize) -> bool {
        self.fate(side, at) == Some(&Fate::Open)
    }

    /// Not joined to anybody: a candidate, though perhaps for several.
    fn is_candidate(&self, side: Side, at: usize) -> bool {
        matches!(self.fate(side, at), Some(Fate::Open | Fate::Ambiguous { .. }))
    }

    fn ids(&self, side: Side, places: &[usize]) -> Vec<RecordId> {
        places.iter().filter_map(|at| self.index.of(side).id(*at)).take(CANDIDATES_MAX).cloned().collect()
    }

    fn pair(&mut self, left: usize, right: usize) {
        let (Some(left_id), Some(right_id)) = (self.index.left.id(left).cloned(), self.index.right.id(right).cloned()) else { return };
        self.set(Side::Left, left, Fate::Joined(right_id));
        self.set(Side::Right, right, Fate::Joined(left_id));
        self.pairs.push((left, right));
    }

    /// Links that were there when either side was read.
    fn known_links(&mut self) {
        for side in [Side::Left, Side::Right] {
            for at in 0..self.index.of(side).rows.len() {
                let Some(row) = self.index.of(side).row(at) else { continue };
                let Some(other) = row.linked.clone() else { continue };
                let id = row.id.clone();
                if let Some(there) = self.index.of(side.other()).at(&other)
                    && self.is_open(side.other(), there)
                {
                    self.set(side.other(), there, Fate::Joined(id));
                }
                self.set(side, at, Fate::Joined(other));
            }
        }
    }

    /// Ids that the records carry: where both sides, or one and nobody against it, name each other.
    fn adopt(&mut self) {
        let mut edges: BTreeSet<(usize, usize)> = BTreeSet::new();
        let mut mutual = Vec::new();
        for side in [Side::Left, Side::Right] {
            for at in 0..self.index.of(side).rows.len() {
                let named = self.index.of(side).row(at).and_then(|row| row.carries.as_ref());
                let Some(there) = named.and_then(|id| self.index.of(side.other()).at(id)) else { continue };
                if self.is_open(side, at) && self.is_open(side.other(), there) && !edges.insert(side.of((at, there), (there, at))) {
                    mutual.push(side.of((at, there), (there, at)));
                }
            }
        }
        for (left, right) in mutual {
            self.pair(left, right);
        }
        edges.retain(|(left, right)| self.is_open(Side::Left, *left) && self.is_open(Side::Right, *right));
        let mut named: Pair<BTreeMap<usize, Vec<usize>>> = Pair::default();
        for (left, right) in &edges {
            named.left.entry(*left).or_default().push(*right);
            named.right.entry(*right).or_default().push(*left);
        }
        let degree = |side: Side, at: usize| named.of(side).get(&at).map_or(0, Vec::len);
        for (left, right) in edges {
            if degree(Side::Left, left) == 1 && degree(Side::Right, right) == 1 {
                self.pair(left, right);
            }
        }
        for side in [Side::Left, Side::Right] {
            for (at, others) in named.of(side) {
                if self.is_open(side, *at) {
                    let candidates = self.ids(side.other(), others);
                    self.set(side, *at, Fate::Ambiguous { key: "linked id".into(), candidates });
                }
            }
        }
    }

    /// One match key over all records that are still open.
    fn by_key(&mut self, place: usize, names: Pair<&str>, unique: bool) {
        let mut groups: BTreeMap<String, Pair<Vec<usize>>> = BTreeMap::new();
        for side in [Side::Left, Side::Right] {
            for (at, (row, _)) in self.index.of(side).rows.iter().enumerate() {
                if let Some(Some(print)) = row.keys.get(place) {
                    groups.entry(print.clone()).or_default().of_mut(side).push(at);
                }
            }
        }
        for group in groups.into_values() {
            let candidates =
                |side: Side| -> Vec<usize> { group.of(side).iter().copied().filter(|at| self.is_candidate(side, *at)).collect() };
            let free = Pair::new(candidates(Side::Left), candidates(Side::Right));
            match (free.left.as_slice(), free.right.as_slice()) {
                ([left], [right]) if self.is_open(Side::Left, *left) && self.is_open(Side::Right, *right) => self.pair(*left, *right),
                ([left, ..], [right, ..])
                    if self.is_open(Side::Left, *left) && self.is_open(Side::Right, *right) && planted(Mutant::CandidateFirst) =>
                {
                    self.pair(*left, *right);
                }
                ([], []) => {}
                (_, []) if unique => self.taken(Side::Left, &free.left, &group.right, names.right),
                ([], _) if unique => self.taken(Side::Right, &free.right, &group.left, names.left),
                (_, []) | ([], _) => {}
                (_, _) => {
                    for side in [Side::Left, Side::Right] {
                        let others = self.ids(side.other(), free.of(side.other()));
                        for at in free.of(side) {
                            if self.is_open(side, *at) {
                                let key = names.of(side.other()).to_string();
                                self.set(side, *at, Fate::Ambiguous { key, candidates: others.clone() });
                            }
                        }
                    }
                }
            }
        }
    }

    /// The value belongs to one record, and that is joined to another one.
    fn taken(&mut self, side: Side, records: &[usize], holders: &[usize], key: &str) {
        let holder = holders.iter().find_map(|at| match self.fate(side.other(), *at) {
            Some(Fate::Joined(linked_to)) => Some((self.index.of(side.other()).id(*at)?.clone(), linked_to.clone())),
            Some(Fate::Open | Fate::Ambiguous { .. } | Fate::Taken { .. }) | None => None,
        });
        let Some((holder, linked_to)) = holder else { return };
        for at in records {
            if self.is_open(side, *at) {
                self.set(side, *at, Fate::Taken { key: key.to_owned(), holder: holder.clone(), linked_to: linked_to.clone() });
            }
        }
    }

    fn tasks(self) -> Vec<Task> {
        let mut pairs: Vec<Pair<Found>> = self
            .pairs
            .iter()
            .filter_map(|(left, right)| Some(Pair::new(self.index.left.found(*left)?, self.index.right.found(*right)?)))
            .collect();
        pairs.sort_by_key(|pair| (pair.left.spot.item / BLOCK_ITEMS, pair.right.spot));
        let mut tasks: Vec<Task> = pairs.into_iter().map(Task::Pair).collect();
        for side in [Side::Left, Side::Right] {
            let mut rest = Vec::new();
            for (at, fate) in self.fates.of(side).iter().enumerate() {
                let Some(record) = self.index.of(side).found(at) else { continue };
                let spot = record.spot;
                let task = match fate.clone() {
                    Fate::Joined(_) => continue,
                    Fate::Open => Task::Alone { side, record },
                    Fate::Ambiguous { key, candidates } => Task::Ambiguous { side, record, key, candidates },
                    Fate::Taken { key, holder, linked_to } => Task::Taken { side, record, key, holder, linked_to },
                };
                rest.push((spot, task));
            }
            rest.sort_by_key(|(spot, _)| *spot);
            tasks.extend(rest.into_iter().map(|(_, task)| task));
        }
        tasks
    }
}
