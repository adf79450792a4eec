//! Records whose owner the other system does not know: listed until it does, while the fallback user stands in.
//!
//! The list follows the bases of links, which say where somebody stands in; it rests beside them, written with them, so that it can be read without
//! them. An owner's id may be an email, so it is sealed.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use syncline_mapping::{Base, FieldOutcome, Lens, ObjectMapping, OwnerNotFound};
use syncline_model::{MappingName, RecordId, Side, SyncName, Timestamp};

use crate::entry::{self, LinkState};
use crate::message::{self, Cause, Change};
use crate::ports::store::{Expect, Item, Write};
use crate::telemetry::{self, Subject};
use crate::{Engine, EngineError, Sync, keys};

/// One field of a pair whose owner is not known on the other side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missing {
    /// The mapped field's name.
    pub field: String,
    #[serde(flatten)]
    pub owner: OwnerNotFound,
}

/// A pair with such fields.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Ownerless {
    pub mapping: MappingName,
    pub left: RecordId,
    pub right: RecordId,
    /// Since when the newest of them is missing.
    pub since: Timestamp,
    pub missing: Vec<Missing>,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    v: u8,
    since: Timestamp,
    right: RecordId,
    /// A sealed list of what is missing.
    missing: String,
}

const FORMAT: u8 = 1;

fn stands_in(base: &Base) -> bool {
    base.0.values().any(|field| field.owner_not_found.is_some())
}

/// What the list must learn when a pair's base changes.
pub(crate) fn write(
    engine: &Engine,
    sync: &SyncName,
    mapping: &MappingName,
    (left, right): (&RecordId, &RecordId),
    bases: (Option<&Base>, &Base),
    outcomes: &[FieldOutcome],
) -> Result<Option<Write>, EngineError> {
    let (before, after) = bases;
    let key = keys::ownerless(sync, mapping, left);
    if !stands_in(after) {
        return Ok(before.is_some_and(stands_in).then_some(Write::Delete { key, expect: Expect::Any }));
    }
    let missing: Vec<Missing> = outcomes
        .iter()
        .filter_map(|outcome| Some(Missing { field: outcome.field.clone(), owner: outcome.owner_not_found.clone()? }))
        .collect();
    if missing.is_empty() {
        return Ok(None);
    }
    let missing = engine.sealer.seal(engine.dice.as_ref(), &missing)?;
    let stored = Stored { v: FORMAT, since: engine.now(), right: right.clone(), missing };
    let body =
        serde_json::to_string(&stored).map_err(|error| EngineError::Unreadable { what: "a list".into(), problem: error.to_string() })?;
    Ok(Some(Write::Put { item: Item { key, body, version: 1, expires: None }, expect: Expect::Any }))
}

/// A sync's records whose owner is not known on the other side, at most so many. One whose link has ended or moved meanwhile is left out.
pub async fn list(engine: &Engine, sync: &Sync, limit: usize) -> Result<Vec<Ownerless>, EngineError> {
    let mut all = Vec::new();
    let is_owned = |mapping: &&ObjectMapping| mapping.fields.iter().any(|field| matches!(field.lens.left, Lens::Owner { .. }));
    for mapping in sync.mappings.iter().filter(is_owned) {
        let partition = keys::all_ownerless(&sync.name, &mapping.name);
        let mut after: Option<String> = None;
        while all.len() < limit {
            let page = engine.store.list(&partition, after.as_deref(), 100).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.key.sort.clone());
            let lefts: Vec<RecordId> = page.iter().map(|item| RecordId::new(item.key.sort.as_str())).collect();
            let standings = entry::standings(engine.store.as_ref(), &sync.name, &mapping.name, Side::Left, &lefts).await?;
            for (item, left) in page.into_iter().zip(lefts) {
                let link = standings.get(&left).and_then(|standing| standing.link());
                if link.is_some_and(|link| link.state == LinkState::Active && stands_in(&link.base)) {
                    all.push(read(engine, &mapping.name, left, &item)?);
                }
            }
        }
    }
    all.truncate(limit);
    Ok(all)
}

fn read(engine: &Engine, mapping: &MappingName, left: RecordId, item: &Item) -> Result<Ownerless, EngineError> {
    let what = format!("the list's entry of {left}");
    let stored: Stored = serde_json::from_str(&item.body)
        .map_err(|error| EngineError::Unreadable { what: what.clone(), problem: format!("column {}", error.column()) })?;
    if stored.v != FORMAT {
        return Err(EngineError::Unreadable { what, problem: format!("its format is {}", stored.v) });
    }
    let missing = engine.sealer.open(&what, &stored.missing)?;
    Ok(Ownerless { mapping: mapping.clone(), left, right: stored.right, since: stored.since, missing })
}

/// Looks at listed records again: who is known by now gets them. Answers how many are looked at.
pub async fn look_again(engine: &Engine, sync: &Sync) -> Result<usize, EngineError> {
    let mut by_mapping: BTreeMap<MappingName, BTreeSet<RecordId>> = BTreeMap::new();
    for found in list(engine, sync, usize::MAX).await? {
        by_mapping.entry(found.mapping).or_default().insert(found.left);
    }
    let mut looked_at = 0;
    for (mapping, lefts) in by_mapping {
        looked_at += lefts.len();
        let changes: Vec<Change> = lefts.into_iter().map(|left| Change::hint(left, engine.now(), Cause::Release)).collect();
        engine.outbox.send(message::changes(engine, sync, &mapping, Side::Left, engine.now(), &changes)?).await?;
        telemetry::queued(Subject { sync: &sync.name, mapping: &mapping, side: Side::Left }, &changes);
    }
    Ok(looked_at)
}
