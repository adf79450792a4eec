//! The comparison: links whose record the completed listing did not show, the guard against a mass delete, and the hints.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use syncline_mapping::HoldReason;
use syncline_model::mutant::{Mutant, planted};
use syncline_model::{Decimal, Presence, Record, RecordId, Side, Timestamp};

use super::listing::settled_before;
use super::progress::State;
use super::{HOLD_ID, IN_FLIGHT, Place, SweepPhase};
use crate::entry::{self, Entry, Link, LinkState};
use crate::hold::{self, Hold};
use crate::message::{self, Cause, Change};
use crate::resumable::{Held, Pages, Pause};
use crate::telemetry::{self, Subject};
use crate::{EngineError, cursor, keys};

/// Ids of one item: sealed, at most 40 bytes each, they stay below 300 KB.
const IDS_PER_ITEM: usize = 4_000;

/// How many items of ids are read at once, and how many entries are listed at once.
const ITEMS_PER_READ: usize = 16;
const ENTRIES_PER_PAGE: u32 = 500;

/// Up to so many missing records nobody is asked, and a release covers so many more than were asked about.
const UNASKED_MAX: u64 = 10;

const FORMAT: u8 = 1;

#[derive(Serialize, Deserialize)]
struct Body {
    v: u8,
    ids: String,
}

/// Packs ids into bodies of items.
pub(super) fn seal(place: Place<'_>, ids: &[RecordId]) -> Result<Vec<String>, EngineError> {
    ids.chunks(IDS_PER_ITEM)
        .map(|ids| {
            let ids = place.engine.sealer.seal(place.engine.dice.as_ref(), &ids)?;
            serde_json::to_string(&Body { v: FORMAT, ids })
                .map_err(|error| EngineError::Unreadable { what: "a page of ids".into(), problem: error.to_string() })
        })
        .collect()
}

fn open(place: Place<'_>, body: &str) -> Result<Vec<RecordId>, EngineError> {
    let broken = |problem: String| EngineError::Unreadable { what: "a page of ids".into(), problem };
    let body: Body = serde_json::from_str(body).map_err(|error| broken(error.to_string()))?;
    if body.v != FORMAT {
        return Err(broken(format!("its format is {}", body.v)));
    }
    place.engine.sealer.open("a page of ids", &body.ids)
}

/// All ids that the listing showed; `None`: a page has expired meanwhile.
async fn load(place: Place<'_>, pages: &Pages) -> Result<Option<BTreeSet<RecordId>>, EngineError> {
    let keys = pages.keys(&keys::swept(&place.sync.name, &place.mapping.name, place.side, "seen"));
    let mut ids = BTreeSet::new();
    for chunk in keys.chunks(ITEMS_PER_READ) {
        for item in place.engine.store.get(chunk).await? {
            let Some(item) = item else { return Ok(None) };
            ids.extend(open(place, &item.body)?);
        }
    }
    Ok(Some(ids))
}

/// Compares one bucket of links; after the last one, decides what to do about those that are missing.
pub(super) async fn bucket(
    place: Place<'_>,
    held: &mut Held<State>,
    seen: &mut Option<BTreeSet<RecordId>>,
) -> Result<Option<Pause>, EngineError> {
    let Place { engine, sync, mapping, side, .. } = place;
    // An empty listing proves nothing, nor does one with rows that nobody can tell apart.
    if held.state.read == 0 || held.state.unnamed > 0 {
        let says = if held.state.read == 0 { "the listing is empty" } else { "the listing has rows without a readable id" };
        tracing::warn!(sync = %sync.name, mapping = %mapping.name, %side, "{says}: no deletion is inferred from it");
        finish(place, held).await?;
        return Ok(Some(Pause { again_at: None, says: Some(format!("{says}: no deletion was inferred from it")) }));
    }
    if seen.is_none() {
        *seen = load(place, &held.state.seen).await?;
    }
    let Some(seen) = seen.as_ref() else {
        held.state = held.state.next(engine.now());
        held.save(engine).await?;
        return Ok(None);
    };
    if held.state.bucket >= keys::BUCKETS {
        decide(place, held).await?;
        return Ok(None);
    }
    let settled = settled_before(cursor::status(engine, &sync.name, &mapping.name, side).await?.caught_up);
    let lists_deletes = sync.facts(mapping, side).is_some_and(|facts| facts.lists_deletes);
    // The links rest under the left ids, whichever side is swept.
    let partition = keys::entries(&sync.name, &mapping.name, Side::Left, held.state.bucket);
    let (mut after, mut links, mut late, mut missing) = (None, 0, 0, Vec::new());
    loop {
        let page = engine.store.list(&partition, after.as_deref(), ENTRIES_PER_PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.key.sort.clone());
        for item in page {
            let placed = entry::placed(item)?;
            let Entry::Link(link) = &placed.entry else { continue };
            if link.state != LinkState::Active {
                continue;
            }
            links += 1;
            let id = side.of(RecordId::new(placed.key.sort.clone()), link.right.clone());
            if seen.contains(&id) || is_young(link, side, held.state.began) {
                continue;
            }
            let version = *link.seen.of(side);
            late += u64::from(lists_deletes && version.zip(settled).is_some_and(|(version, settled)| version.0 < settled));
            missing.push(id);
        }
    }
    let bodies = seal(place, &missing)?;
    let segment = held.segment;
    held.state.missing.append(engine, &keys::swept(&sync.name, &mapping.name, side, "gone"), segment, bodies).await?;
    let state = &mut held.state;
    state.links += links;
    state.gone += missing.len() as u64;
    state.missed.deleted += late;
    state.bucket += 1;
    held.save(engine).await?;
    Ok(None)
}

/// A record that was written while the listing ran may have come after its page.
fn is_young(link: &Link, side: Side, began: Option<Timestamp>) -> bool {
    let since = began.and_then(|began| began.checked_sub(IN_FLIGHT).ok());
    link.seen.of(side).zip(since).is_some_and(|(version, since)| version.0 >= since)
}

async fn decide(place: Place<'_>, held: &mut Held<State>) -> Result<(), EngineError> {
    let Place { engine, sync, mapping, side, .. } = place;
    let (gone, links) = (held.state.gone, held.state.links);
    if gone == 0 {
        return finish(place, held).await;
    }
    let too_many = gone > UNASKED_MAX
        && Decimal::from(gone) * Decimal::ONE_HUNDRED > sync.deletes_max_share * Decimal::from(links)
        && !planted(Mutant::MassDeleteUnasked);
    let allowed = held.state.allowed.is_some_and(|allowed| gone <= allowed.saturating_add(UNASKED_MAX));
    if too_many && !allowed {
        let reason = HoldReason::MassDelete { side, proposed: gone, links };
        let question = Hold::new(&mapping.name, side, HOLD_ID, engine.now(), reason);
        tracing::error!(sync = %sync.name, mapping = %mapping.name, %side, gone, links, "a sweep stops and asks: so many records are missing");
        engine.store.write(vec![question.write(&sync.name)?]).await?;
        held.state.phase = SweepPhase::Asked;
        held.state.asked = Some(gone);
        held.state.allowed = None;
        held.state.ended = Some(engine.now());
    } else {
        held.state.phase = SweepPhase::Sending;
    }
    held.save(engine).await
}

/// Sends one page of missing records to the other side's worker, which asks for each before it does anything.
pub(super) async fn send(place: Place<'_>, held: &mut Held<State>) -> Result<Option<Pause>, EngineError> {
    let Place { engine, sync, mapping, side, .. } = place;
    let keys = held.state.missing.keys(&keys::swept(&sync.name, &mapping.name, side, "gone"));
    let Some(key) = usize::try_from(held.state.sent).ok().and_then(|sent| keys.get(sent)) else {
        finish(place, held).await?;
        return Ok(None);
    };
    // A page that has expired meanwhile is found again by the next sweep.
    if let Some(item) = engine.store.get(std::slice::from_ref(key)).await?.pop().flatten() {
        let now = engine.now();
        let mut changes: Vec<Change> = open(place, &item.body)?.into_iter().map(|id| Change::hint(id, now, Cause::Sweep)).collect();
        for change in changes.iter_mut().filter(|_| planted(Mutant::DeleteUnconfirmed) || planted(Mutant::PartialListing)) {
            let gone = Record::new(mapping.kind.of(side).clone(), change.id.clone());
            change.seen = Some(gone.with_presence(Presence::Deleted));
        }
        engine.outbox.send(message::changes(engine, sync, &mapping.name, side, now, &changes)?).await?;
        telemetry::queued(Subject { sync: &sync.name, mapping: &mapping.name, side }, &changes);
        held.state.queued += changes.len() as u64;
    }
    held.state.sent += 1;
    held.save(engine).await?;
    Ok(None)
}

/// The end, with or without deletions: what was asked before is settled, and the pages are forgotten.
async fn finish(place: Place<'_>, held: &mut Held<State>) -> Result<(), EngineError> {
    let Place { engine, sync, mapping, side, .. } = place;
    let seen = std::mem::take(&mut held.state.seen);
    let missing = std::mem::take(&mut held.state.missing);
    let inferred = held.state.read > 0 && held.state.unnamed == 0;
    if inferred && held.state.asked.take().is_some() {
        held.state.allowed = None;
        engine.store.write(vec![hold::clear(&sync.name, &mapping.name, side, &RecordId::new(HOLD_ID))]).await?;
    }
    held.state.phase = SweepPhase::Done;
    held.state.ended = Some(engine.now());
    held.save(engine).await?;
    seen.forget(engine, &keys::swept(&sync.name, &mapping.name, side, "seen")).await?;
    missing.forget(engine, &keys::swept(&sync.name, &mapping.name, side, "gone")).await
}
