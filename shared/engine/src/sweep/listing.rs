//! The listing: one page, its differences queued and its ids kept, before the cursor moves past it.

use syncline_model::mutant::{Mutant, planted};
use syncline_model::{Deadline, Record, RecordId, Timestamp};

use super::progress::{Missed, State};
use super::{IN_FLIGHT, Place, SweepPhase, compare};
use crate::entry::{self, Entry, LinkState};
use crate::message::{self, Cause, Change};
use crate::ports::connector::Resume;
use crate::resumable::{self, Held, Pause};
use crate::telemetry::{self, Subject};
use crate::{EngineError, cursor, keys, pull};

/// Reads one page. Answers why the run must stop here, if it must.
pub(super) async fn page(place: Place<'_>, held: &mut Held<State>, by: Deadline) -> Result<Option<Pause>, EngineError> {
    let Place { engine, sync, mapping, side, .. } = place;
    let end = sync.ends.of(side);
    if let Some(pause) = resumable::may_call(engine, &end.connection).await? {
        return Ok(Some(pause));
    }
    let page = match end.connector.scan(&sync.selection(mapping, side), held.state.cursor.as_ref(), by).await {
        Ok(page) => page,
        Err(_) if held.state.read > 0 && planted(Mutant::PartialListing) => {
            held.state.phase = SweepPhase::Comparing;
            return held.save(engine).await.map(|()| None);
        }
        Err(error) => return Ok(Some(resumable::pause_for(engine, &end.connection, &error).await?)),
    };
    if let Resume::More(next) = &page.resume
        && held.state.cursor.as_ref() == Some(next)
    {
        let says = format!("the listing of {} on the {side} side does not advance", mapping.name);
        tracing::error!(sync = %sync.name, mapping = %mapping.name, %side, "a sweep does not advance");
        return Ok(Some(Pause { again_at: None, says: Some(says) }));
    }
    engine.counts.read(&sync.name, &mapping.name, side, page.records.len());
    let read = page.records.len() as u64;
    let (mut ids, mut live, mut unnamed) = (Vec::new(), Vec::new(), 0);
    for record in page.records {
        match record {
            Ok(record) if record.is_live() => {
                ids.push(record.id.clone());
                live.push(record);
            }
            Ok(_) => {}
            Err(bad) => {
                match &bad.id {
                    Some(id) => ids.push(id.clone()),
                    None => unnamed += 1,
                }
                pull::hold_bad(engine, sync, mapping, side, &bad, engine.now()).await?;
            }
        }
    }
    let caught_up = cursor::status(engine, &sync.name, &mapping.name, side).await?.caught_up;
    let (changes, missed) = differing(place, live, settled_before(caught_up)).await?;
    let messages = message::changes(engine, sync, &mapping.name, side, engine.now(), &changes)?;
    if !messages.is_empty() {
        engine.outbox.send(messages).await?;
        telemetry::queued(Subject { sync: &sync.name, mapping: &mapping.name, side }, &changes);
    }
    let bodies = compare::seal(place, &ids)?;
    let segment = held.segment;
    held.state.seen.append(engine, &keys::swept(&sync.name, &mapping.name, side, "seen"), segment, bodies).await?;
    let state = &mut held.state;
    state.pages += 1;
    state.read += read;
    state.unnamed += unnamed;
    state.queued += changes.len() as u64;
    state.missed.edited += missed.edited;
    state.missed.created += missed.created;
    match page.resume {
        Resume::More(next) => state.cursor = Some(next),
        Resume::CaughtUp(_) => {
            state.cursor = None;
            state.records = Some(state.read);
            state.phase = SweepPhase::Comparing;
        }
    }
    held.save(engine).await?;
    Ok(None)
}

/// What is older than this has been carried over, or was missed.
pub(super) fn settled_before(caught_up: Option<Timestamp>) -> Option<Timestamp> {
    caught_up?.checked_sub(IN_FLIGHT).ok()
}

/// The records that differ from what is known of them, and how many of them the incremental path has missed.
async fn differing(place: Place<'_>, records: Vec<Record>, settled: Option<Timestamp>) -> Result<(Vec<Change>, Missed), EngineError> {
    let Place { engine, sync, mapping, side, adopt } = place;
    let ids: Vec<RecordId> = records.iter().map(|record| record.id.clone()).collect();
    // A record whose entry cannot be read is left to the version that wrote it.
    let standings = entry::readable_standings(engine.store.as_ref(), &sync.name, &mapping.name, side, &ids).await?;
    let (mut changes, mut missed) = (Vec::new(), Missed::default());
    for record in records {
        let Some(standing) = standings.get(&record.id) else { continue };
        if pull::is_known(engine, mapping, side, &record, standing) {
            continue;
        }
        let linked = standing.link.is_some();
        // Without a link: its counterpart is being made, or it is older than the sync, which then leaves it alone.
        if !linked && (matches!(standing.own.entry, Entry::Intent { .. }) || !(adopt || planted(Mutant::SweepAdopts))) {
            continue;
        }
        let late = record.version.zip(settled).is_some_and(|(version, settled)| version.0 < settled);
        // What waits for a person, or stands without its counterpart, was seen.
        let in_step = standing.link().is_some_and(|link| link.state == LinkState::Active) && !standing.is_held();
        missed.edited += u64::from(late && in_step);
        missed.created += u64::from(late && !linked && !standing.is_held());
        changes.push(Change::seen(record, engine.now(), Cause::Sweep));
    }
    Ok((changes, missed))
}
