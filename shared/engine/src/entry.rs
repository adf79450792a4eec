//! What the store knows of a record: one entry under its own side and id.
//!
//! The link itself rests under the left id, a pointer to it under the right id; both are claimed in one transaction. Before there is a link,
//! the same place holds the intent to create its counterpart, or a note of how the record ended.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use syncline_mapping::{Base, Marker, ObjectMapping, Pair};
use syncline_model::mutant::{Mutant, planted};
use syncline_model::{MappingName, Presence, Record, RecordId, Side, SyncName, Timestamp, Value, Version};

use crate::ports::store::{Expect, Item, Key, Store, StoreError, Write};
use crate::{EngineError, keys};

/// The link of a pair, under its left id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    pub right: RecordId,
    #[serde(default)]
    pub base: Base,
    #[serde(default)]
    pub state: LinkState,
    /// The newest version of each side's record that went into the base: an older observation is superseded.
    #[serde(default)]
    pub seen: Pair<Option<Version>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Note>,
}

impl Link {
    /// It was claimed before its counterpart was written, and nothing is known of what became of that: the two are decided again.
    pub fn is_open(&self) -> bool {
        self.seen == Pair::default()
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkState {
    #[default]
    Active,
    /// One side was deleted and the other left alone.
    Severed { gone: Side },
    /// Both are gone.
    Buried,
}

/// The end of a record that its vendor says was merged into another, whose id follows: that one has its link.
pub const MERGED: &str = "merged:";

/// The end of a record that a write of ours moved to another id, which follows: that one has its link, whatever becomes of this one.
pub const MOVED: &str = "moved:";

/// The end of a record that waits for another: that one's mapping, side and id follow, with a slash between them.
pub const WAITING: &str = "waiting:";

/// How an observation ended that was not carried over: the same observation again changes nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// A keyed hash of the observed values.
    pub print: String,
    /// The end's name: `skipped:…` or `held:…`; `merged:…` or `moved:…` with the id that has its link now.
    pub end: String,
    /// The same of the counterpart, where it was read: as long as both are as they were, nothing is decided anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other: Option<String>,
}

impl Note {
    /// Whether it tells how the same observation would end again. Who waits for a parent has not ended.
    pub fn is_final(&self) -> bool {
        !self.end.starts_with(WAITING)
    }

    /// The record for which it waits.
    pub fn waits_for(&self) -> Option<(MappingName, Side, RecordId)> {
        let mut parts = self.end.strip_prefix(WAITING)?.splitn(3, '/');
        let (mapping, side, id) = (parts.next()?, parts.next()?, parts.next()?);
        let side = [Side::Left, Side::Right].into_iter().find(|known| known.to_string() == side)?;
        Some((mapping.into(), side, id.into()))
    }

    /// The record that has its link now.
    pub fn successor(&self) -> Option<RecordId> {
        self.end.strip_prefix(MERGED).or_else(|| self.end.strip_prefix(MOVED)).map(RecordId::from)
    }

    /// The same where the record itself may live on, without a counterpart.
    pub fn left_behind_by(&self) -> Option<RecordId> {
        self.end.strip_prefix(MOVED).map(RecordId::from)
    }

    /// Whether an observation, by its print, is the one that ended so, or its counterpart's at that time.
    pub fn remembers(&self, print: &str) -> bool {
        self.print == print || self.other.as_deref() == Some(print)
    }
}

/// What rests under a record's key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Entry {
    /// Under the left id.
    Link(Link),
    /// Under the right id: the left one.
    Pointer(RecordId),
    /// A counterpart is being created; by whom does not matter, since when does. `held`: a hold is to be cleared when it is.
    Intent {
        at: Timestamp,
        children: bool,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        held: bool,
    },
    /// Not linked: how it ended last, and whether children wait for it.
    Unlinked { note: Option<Note>, children: bool },
}

#[derive(Serialize, Deserialize)]
struct Stored<T> {
    v: u8,
    #[serde(flatten)]
    entry: T,
}

const FORMAT: u8 = 1;

/// An entry with its place and its version in the store (0: there is none).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    pub key: Key,
    pub version: u64,
    pub entry: Entry,
}

impl Placed {
    pub fn absent(key: Key) -> Self {
        Self { key, version: 0, entry: Entry::Unlinked { note: None, children: false } }
    }

    fn read(key: Key, item: Option<Item>) -> Result<Self, EngineError> {
        let Some(item) = item else { return Ok(Self::absent(key)) };
        let broken = |problem: String| EngineError::Unreadable { what: format!("the entry of {}", key.sort), problem };
        let stored: Stored<Entry> = serde_json::from_str(&item.body).map_err(|error| broken(error.to_string()))?;
        if stored.v != FORMAT {
            return Err(broken(format!("its format is {}", stored.v)));
        }
        Ok(Self { key, version: item.version, entry: stored.entry })
    }

    pub fn expect(&self) -> Expect {
        match self.version {
            0 if planted(Mutant::ClaimUnchecked) => Expect::Any,
            0 => Expect::Absent,
            _ if planted(Mutant::LinkUnconditional) => Expect::Any,
            version => Expect::Version(version),
        }
    }

    /// The write that replaces this entry, if nobody has meanwhile.
    pub fn replace(&self, entry: &Entry) -> Result<Write, EngineError> {
        let body = serde_json::to_string(&Stored { v: FORMAT, entry })
            .map_err(|error| EngineError::Unreadable { what: "an entry".into(), problem: error.to_string() })?;
        let item = Item { key: self.key.clone(), body, version: self.version + 1, expires: None };
        Ok(Write::Put { item, expect: self.expect() })
    }

    /// Whether a hold stands for this record.
    pub fn is_held(&self) -> bool {
        match &self.entry {
            Entry::Intent { held, .. } => *held,
            Entry::Link(_) | Entry::Unlinked { .. } => self.note().is_some_and(|note| note.end.starts_with("held")),
            Entry::Pointer(_) => false,
        }
    }

    /// Whether children wait for this record.
    pub fn has_children(&self) -> bool {
        match &self.entry {
            Entry::Intent { children, .. } | Entry::Unlinked { children, .. } => *children,
            Entry::Link(_) | Entry::Pointer(_) => false,
        }
    }

    pub fn note(&self) -> Option<&Note> {
        match &self.entry {
            Entry::Unlinked { note, .. } => note.as_ref(),
            Entry::Link(link) => link.note.as_ref(),
            Entry::Pointer(_) | Entry::Intent { .. } => None,
        }
    }
}

/// A record's standing: its own entry, and the link where there is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The entry under the record's own key.
    pub own: Placed,
    /// The link and its place, from either side.
    pub link: Option<(Placed, Link)>,
}

impl Standing {
    pub fn link(&self) -> Option<&Link> {
        self.link.as_ref().map(|(_, link)| link)
    }

    /// The counterpart's id, whatever the link's state.
    pub fn counterpart(&self, side: Side) -> Option<RecordId> {
        self.link.as_ref().map(|(placed, link)| match side {
            Side::Left => link.right.clone(),
            Side::Right => RecordId::new(placed.key.sort.clone()),
        })
    }

    /// Whether a hold stands for this record.
    pub fn is_held(&self) -> bool {
        self.link.as_ref().map_or_else(|| self.own.is_held(), |(at, _)| at.is_held())
    }

    pub fn note(&self) -> Option<&Note> {
        match &self.link {
            Some((_, link)) => link.note.as_ref(),
            None => self.own.note(),
        }
    }
}

/// Reads the standing of records of one side: one batched read, and for the right side a second one for the links behind the pointers.
pub async fn standings(
    store: &dyn Store,
    sync: &SyncName,
    mapping: &MappingName,
    side: Side,
    ids: &[RecordId],
) -> Result<BTreeMap<RecordId, Standing>, EngineError> {
    each_standing(store, sync, mapping, side, ids).await?.into_iter().map(|(id, standing)| Ok((id, standing?))).collect()
}

/// The same without the records whose entries cannot be read: for who only sorts out what needs no work. The worker, who gets the others, says why.
pub async fn readable_standings(
    store: &dyn Store,
    sync: &SyncName,
    mapping: &MappingName,
    side: Side,
    ids: &[RecordId],
) -> Result<BTreeMap<RecordId, Standing>, EngineError> {
    let each = each_standing(store, sync, mapping, side, ids).await?;
    Ok(each.into_iter().filter_map(|(id, standing)| Some((id, standing.ok()?))).collect())
}

async fn each_standing(
    store: &dyn Store,
    sync: &SyncName,
    mapping: &MappingName,
    side: Side,
    ids: &[RecordId],
) -> Result<BTreeMap<RecordId, Result<Standing, EngineError>>, EngineError> {
    let ids: Vec<&RecordId> = ids.iter().collect::<std::collections::BTreeSet<_>>().into_iter().collect();
    let placed = read_many(store, ids.iter().map(|id| keys::entry(sync, mapping, side, id)).collect()).await?;
    let lefts: Vec<Key> = placed
        .iter()
        .filter_map(|placed| match placed.as_ref().map(|placed| &placed.entry) {
            Ok(Entry::Pointer(left)) => Some(keys::entry(sync, mapping, Side::Left, left)),
            Ok(Entry::Link(_) | Entry::Intent { .. } | Entry::Unlinked { .. }) | Err(_) => None,
        })
        .collect();
    let read = read_many(store, lefts.clone()).await?;
    let mut links: BTreeMap<Key, Result<Placed, EngineError>> = lefts.into_iter().zip(read).collect();
    let mut standings = BTreeMap::new();
    for (id, own) in ids.into_iter().zip(placed) {
        let at = match own.as_ref().map(|own| &own.entry) {
            Ok(Entry::Pointer(left)) => links.remove(&keys::entry(sync, mapping, Side::Left, left)).transpose(),
            Ok(Entry::Link(_)) => Ok(own.as_ref().ok().cloned()),
            Ok(Entry::Intent { .. } | Entry::Unlinked { .. }) | Err(_) => Ok(None),
        };
        let (own, at) = match (own, at) {
            (Ok(own), Ok(at)) => (own, at),
            (Err(error), _) | (_, Err(error)) => {
                standings.insert(id.clone(), Err(error));
                continue;
            }
        };
        let link = at.and_then(|placed| match &placed.entry {
            // A pointer whose link has moved on to another right record is stale: the record stands alone.
            Entry::Link(link) if side == Side::Left || link.right == *id => Some((placed.clone(), link.clone())),
            Entry::Link(_) | Entry::Pointer(_) | Entry::Intent { .. } | Entry::Unlinked { .. } => None,
        });
        standings.insert(id.clone(), Ok(Standing { own, link }));
    }
    Ok(standings)
}

async fn read_many(store: &dyn Store, wanted: Vec<Key>) -> Result<Vec<Result<Placed, EngineError>>, EngineError> {
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let items = store.get(&wanted).await?;
    Ok(wanted.into_iter().zip(items).map(|(key, item)| Placed::read(key, item)).collect())
}

/// Reads an entry out of a listed item.
pub fn placed(item: Item) -> Result<Placed, EngineError> {
    Placed::read(item.key.clone(), Some(item))
}

/// A keyed hash of everything about an observation that matters to the sync: what a note remembers.
pub fn print(marker: &Marker, mapping: &ObjectMapping, side: Side, record: &Record) -> String {
    let mut parts = vec![match &record.presence {
        Presence::Live => "live".to_owned(),
        Presence::Deleted => "deleted".to_owned(),
        Presence::MergedInto(survivor) => format!("merged {survivor}"),
    }];
    for name in mapping.selection(side) {
        if Some(&name) == mapping.link_field.of(side).as_ref() {
            continue;
        }
        let mark = record.fields.get(&name).map_or_else(|| "-".to_owned(), |value| marker.print(name.as_str(), value));
        parts.push(mark);
    }
    marker.print("observation", &Value::Text(parts.join("|")))
}

/// Groups writes into transactions: those that belong together stay together. Answers which groups lost (somebody else wrote first).
pub async fn commit(store: &dyn Store, groups: Vec<Vec<Write>>) -> Result<Vec<bool>, StoreError> {
    let mut done = vec![true; groups.len()];
    let mut open: Vec<(usize, Vec<Write>)> = groups.into_iter().enumerate().filter(|(_, writes)| !writes.is_empty()).collect();
    while !open.is_empty() {
        let mut batch: Vec<Write> = Vec::new();
        let mut owners: Vec<usize> = Vec::new();
        let mut taken = std::collections::BTreeSet::new();
        let mut later = Vec::new();
        for (index, writes) in open {
            let clashes = writes.iter().any(|write| taken.contains(write.key()));
            if clashes || batch.len() + writes.len() > crate::ports::store::WRITES_MAX {
                later.push((index, writes));
                continue;
            }
            taken.extend(writes.iter().map(|write| write.key().clone()));
            owners.extend(std::iter::repeat_n(index, writes.len()));
            batch.extend(writes);
        }
        match store.write(batch.clone()).await {
            Ok(()) => {}
            Err(StoreError::Lost { at }) => {
                let losers: std::collections::BTreeSet<usize> = at.iter().filter_map(|place| owners.get(*place)).copied().collect();
                if losers.is_empty() {
                    return Err(StoreError::Unavailable("a transaction was refused without a reason".into()));
                }
                for loser in &losers {
                    if let Some(flag) = done.get_mut(*loser) {
                        *flag = false;
                    }
                }
                // Nothing of the transaction was written: the others go again, without the losers.
                let mut again: BTreeMap<usize, Vec<Write>> = BTreeMap::new();
                for (owner, write) in owners.into_iter().zip(batch) {
                    if !losers.contains(&owner) {
                        again.entry(owner).or_default().push(write);
                    }
                }
                later.extend(again.into_iter().filter(|_| !planted(Mutant::WinnersForgotten)));
            }
            Err(error @ (StoreError::Unavailable(_) | StoreError::Refused(_))) => return Err(error),
        }
        open = later;
    }
    Ok(done)
}
