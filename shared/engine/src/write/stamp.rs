//! Writing our link field: each side carries the other's id. The field is ours, so nothing is read first, and writing it twice is no harm.

use jiff::SignedDuration;
use syncline_mapping::{HoldReason, ObjectMapping};
use syncline_model::{Deadline, Fault, RecordId, Side, Timestamp, Value};

use crate::counts::End;
use crate::entry::{self, LinkState, Standing};
use crate::message::Stamp;
use crate::ports::connector::{Bounds, Outcome, Selection, WriteAction};
use crate::settle::{ATTEMPTS_MAX, Disposition, backoff, settle};
use crate::telemetry::{self, Subject};
use crate::{Engine, EngineError, Sync, message, state};

pub(super) async fn stamp(
    engine: &Engine,
    sync: &Sync,
    mapping: &ObjectMapping,
    side: Side,
    stamps: Vec<Stamp>,
    by: Deadline,
) -> Result<(), EngineError> {
    let Some(field) = mapping.link_field.of(side) else { return Ok(()) };
    let end = sync.ends.of(side);
    let facts = sync.facts(mapping, side);
    let batch = usize::try_from(facts.map_or(1, |facts| stamps_at_once(&facts.bounds))).unwrap_or(1);
    let (group, rest_s) = engine
        .budgets
        .get(&end.connection)
        .map_or((50, jiff::SignedDuration::ZERO), |budget| budget.spacing(u32::try_from(batch).unwrap_or(1), 1));
    // Nothing is asked back: the field is ours.
    let selection = Selection { kind: mapping.kind.of(side).clone(), fields: Vec::new() };
    let mut newest: std::collections::BTreeMap<_, Stamp> = std::collections::BTreeMap::new();
    for stamp in stamps {
        newest.insert(stamp.id.clone(), stamp);
    }
    let mut rest = still_there(engine, sync, mapping, side, newest.into_values().collect()).await?;
    let mut again: Vec<(Timestamp, Stamp)> = Vec::new();
    while !rest.is_empty() {
        let later = rest.split_off(batch.min(rest.len()));
        let actions: Vec<WriteAction> = rest
            .iter()
            .map(|stamp| WriteAction::Update {
                id: stamp.id.clone(),
                fields: [(field.clone(), if stamp.clears() { Value::Null } else { Value::text(stamp.other.as_str()) })].into(),
                expected: None,
            })
            .collect();
        let outcomes = match end.connector.write(&selection, &actions, by).await {
            Ok(outcomes) => outcomes,
            Err(error) => rest.iter().map(|_| Outcome::Failed(error.fault.clone())).collect(),
        };
        let mut limited = None;
        for (stamp, outcome) in rest.into_iter().zip(outcomes) {
            match outcome {
                Outcome::Written { .. } => {
                    engine.counts.stamped(&sync.name, &mapping.name, side);
                    telemetry::stamped(Subject { sync: &sync.name, mapping: &mapping.name, side }, &stamp);
                }
                Outcome::Failed(fault) => {
                    if let Fault::RateLimited { until } = &fault {
                        limited = Some(*until);
                    }
                    again.extend(next(engine, sync, mapping, side, stamp, &fault).await?);
                }
            }
        }
        rest = later;
        if let Some(until) = limited {
            let mut at = until;
            for chunk in rest.chunks(usize::try_from(group).unwrap_or(usize::MAX)) {
                at = at.checked_add(rest_s).unwrap_or(at);
                again.extend(chunk.iter().map(|stamp| (at, stamp.clone())));
            }
            rest.clear();
        }
    }
    again.sort_by_key(|(at, _)| *at);
    let mut messages = Vec::new();
    for chunk in again.chunk_by(|one, other| one.0 == other.0) {
        let Some((at, _)) = chunk.first() else { continue };
        let stamps: Vec<Stamp> = chunk.iter().map(|(_, stamp)| stamp.clone()).collect();
        messages.extend(message::stamps(sync, &mapping.name, side, *at, &stamps)?);
    }
    if !messages.is_empty() {
        engine.outbox.send(messages).await?;
    }
    Ok(())
}

/// A stamp comes within seconds. One that has waited for so long may come too late; where records move between places, any may.
const LATE: SignedDuration = SignedDuration::from_mins(1);

/// Without the late ones whose record has moved meanwhile: it may tell in this very field where it went, and nobody finds it who reads our id there
/// instead.
async fn still_there(
    engine: &Engine,
    sync: &Sync,
    mapping: &ObjectMapping,
    side: Side,
    stamps: Vec<Stamp>,
) -> Result<Vec<Stamp>, EngineError> {
    let now = engine.now();
    let they_move = sync.facts(mapping, side).is_some_and(|facts| facts.bounds.places > 1);
    let is_late = |stamp: &&Stamp| they_move || now.duration_since(stamp.since) > LATE;
    let late: Vec<RecordId> = stamps.iter().filter(is_late).map(|stamp| stamp.id.clone()).collect();
    if late.is_empty() {
        return Ok(stamps);
    }
    let standings = entry::standings(engine.store.as_ref(), &sync.name, &mapping.name, side, &late).await?;
    let has_moved = |stamp: &Stamp| standings.get(&stamp.id).and_then(Standing::note).is_some_and(|note| note.successor().is_some());
    Ok(stamps.into_iter().filter(|stamp| !has_moved(stamp)).collect())
}

/// How many stamps a connector is given at once. Reading back is what halves the records of a vendor's call that writes; where nothing is read
/// back, as many go as of a call that reads. What is more than its vendor takes, a connector parts.
pub(crate) fn stamps_at_once(bounds: &Bounds) -> u32 {
    if bounds.write_records_max > 1 { bounds.write_records_max.max(bounds.get_records_max) * bounds.places } else { 1 }
}

/// What a failed stamp comes to: when it comes again, if it does. It does not where the record is gone or refuses it; the link stands without it.
async fn next(
    engine: &Engine,
    sync: &Sync,
    mapping: &ObjectMapping,
    side: Side,
    stamp: Stamp,
    fault: &Fault,
) -> Result<Vec<(Timestamp, Stamp)>, EngineError> {
    let later = |at: Timestamp, counts: bool| (at, Stamp { attempt: stamp.attempt + u32::from(counts), ..stamp.clone() });
    // A stamp may be repeated blindly: an answer that was lost is an ordinary retry.
    Ok(match settle(fault, stamp.attempt, engine.now(), engine.dice.roll()) {
        Disposition::RetryAt { at, counts } => vec![later(at, counts)],
        Disposition::StopConnection { hint, at } => {
            state::stop(engine, &sync.ends.of(side).connection, &hint).await?;
            vec![later(at, false)]
        }
        Disposition::SeeHolders { holders, .. } if stamp.attempt < 2 => {
            let mut all = corrections(engine, sync, mapping, side, &stamp, &holders).await?;
            all.push(later(backoff(stamp.attempt + 1, engine.now(), 0), true));
            all
        }
        // An answer that could not be read is no refusal: nobody else would write the field later.
        Disposition::Hold(reason) if !matches!(reason, HoldReason::Refused { .. }) && stamp.attempt < ATTEMPTS_MAX => {
            vec![later(backoff(stamp.attempt + 1, engine.now(), engine.dice.roll()), true)]
        }
        Disposition::Hold(_) | Disposition::CounterpartGone | Disposition::SeeHolders { .. } => {
            tracing::warn!(sync = %sync.name, mapping = %mapping.name, %side, record = %stamp.id, fault = fault.code(), "the link field could not be written; the link stands without it");
            engine.counts.end(&sync.name, &mapping.name, side, &End::Skipped("link_field_not_written"));
            Vec::new()
        }
    })
}

/// Stamps travel before their links are stored, and a claim that then loses has stamped the wrong record: where another one carries the id that is this
/// one's, it gets its own, or none.
async fn corrections(
    engine: &Engine,
    sync: &Sync,
    mapping: &ObjectMapping,
    side: Side,
    stamp: &Stamp,
    holders: &[RecordId],
) -> Result<Vec<(Timestamp, Stamp)>, EngineError> {
    let ids: Vec<RecordId> = holders.iter().chain([&stamp.id]).cloned().collect();
    let standings = entry::standings(engine.store.as_ref(), &sync.name, &mapping.name, side, &ids).await?;
    let linked_to = |id: &RecordId| {
        let standing = standings.get(id)?;
        standing.link().filter(|link| link.state == LinkState::Active)?;
        standing.counterpart(side)
    };
    if linked_to(&stamp.id).as_ref() != Some(&stamp.other) {
        return Ok(Vec::new());
    }
    let wrong = holders.iter().filter(|holder| **holder != stamp.id && linked_to(holder).as_ref() != Some(&stamp.other));
    // Of a correction that fails nothing more follows.
    let correction = |holder: &RecordId| Stamp {
        id: holder.clone(),
        other: linked_to(holder).unwrap_or_else(|| RecordId::new("")),
        since: engine.now(),
        attempt: 2,
        trace: stamp.trace.clone(),
    };
    Ok(wrong.map(|holder| (engine.now(), correction(holder))).collect())
}
