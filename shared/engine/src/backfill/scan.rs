//! The scan: one page of a side, staged, before the scan's cursor moves past it.

use syncline_model::mutant::{Mutant, planted};
use syncline_model::{CallError, Deadline, Fault, Record, RecordId, Side, Timestamp};

use super::decide::{self, Place};
use super::index::Row;
use super::progress::{Phase, State};
use super::stage;
use crate::entry::{self, LinkState, Standing};
use crate::message::{self, Cause, Change, Stamp};
use crate::ports::connector::{BadRecord, From, Resume};
use crate::resumable::{self, Held, Pause};
use crate::telemetry::{self, Subject};
use crate::{EngineError, cursor, pull};

/// Reads one page, or hands the finished scan's cursor to the change feed. Answers why the run must stop here, if it must.
pub(super) async fn page(place: Place<'_>, side: Side, held: &mut Held<State>, by: Deadline) -> Result<Option<Pause>, EngineError> {
    let Place { engine, sync, mapping } = place;
    if sync.is_feed_only(mapping, side) {
        return begin_feed(place, side, held, by).await;
    }
    if held.state.caught_up.is_some() || sync.is_write_only(mapping, side) {
        return hand_over(place, side, held).await;
    }
    let end = sync.ends.of(side);
    if let Some(pause) = resumable::may_call(engine, &end.connection).await? {
        return Ok(Some(pause));
    }
    let page = match end.connector.scan(&sync.selection(mapping, side), held.state.cursor.as_ref(), by).await {
        Ok(page) => page,
        Err(error) => return Ok(Some(resumable::pause_for(engine, &end.connection, &error).await?)),
    };
    if let Resume::More(next) = &page.resume
        && held.state.cursor.as_ref() == Some(next)
    {
        let says = format!("the listing of {} on the {side} side does not advance", mapping.name);
        tracing::error!(sync = %sync.name, mapping = %mapping.name, %side, "a scan does not advance");
        return Ok(Some(Pause { again_at: None, says: Some(says) }));
    }
    let read = page.records.len();
    engine.counts.read(&sync.name, &mapping.name, side, read);
    let Sorted { staged, changes, stamps, unreadable } = sort(place, side, page.records, held.state.resend).await?;
    let segment = held.segment;
    stage::append(place, side, segment, held.state.pages.of_mut(side), staged).await?;
    let mut messages = message::changes(engine, sync, &mapping.name, side, engine.now(), &changes)?;
    let due = message::stamps_due(sync, &mapping.name, side, engine.now());
    messages.extend(message::stamps(sync, &mapping.name, side, due, &stamps)?);
    let queued = messages.len() as u64;
    if !messages.is_empty() {
        engine.outbox.send(messages).await?;
        telemetry::queued(Subject { sync: &sync.name, mapping: &mapping.name, side }, &changes);
    }
    if let Some(tally) = held.state.tally() {
        *tally.pages.of_mut(side) += 1;
        *tally.read.of_mut(side) += read as u64;
        *tally.unreadable.of_mut(side) += unreadable;
        tally.messages += queued;
        if matches!(page.resume, Resume::CaughtUp(_)) {
            let all = *tally.read.of(side);
            *tally.expected.of_mut(side) = Some(all);
            *held.state.expected.entry(mapping.name.clone()).or_default().of_mut(side) = Some(all);
        }
    }
    match page.resume {
        Resume::More(next) => held.state.cursor = Some(next),
        Resume::CaughtUp(end) => held.state.caught_up = Some(end),
    }
    held.save(engine).await?;
    Ok(None)
}

/// Where a feed is all that there is, it begins with the oldest that it still tells; what was before that is not to be had.
async fn begin_feed(place: Place<'_>, side: Side, held: &mut Held<State>, by: Deadline) -> Result<Option<Pause>, EngineError> {
    let Place { engine, sync, mapping } = place;
    let end = sync.ends.of(side);
    if let Some(pause) = resumable::may_call(engine, &end.connection).await? {
        return Ok(Some(pause));
    }
    let oldest = From::Since(Timestamp::UNIX_EPOCH);
    let page = match end.connector.list_changes(&sync.selection(mapping, side), &oldest, by).await {
        Ok(page) => page,
        // Who reads the feed notes why.
        Err(CallError { fault: Fault::Unsupported { .. }, .. }) => return hand_over(place, side, held).await,
        Err(error) => return Ok(Some(resumable::pause_for(engine, &end.connection, &error).await?)),
    };
    if let Some(tally) = held.state.tally() {
        *tally.pages.of_mut(side) += 1;
        *tally.read.of_mut(side) += page.records.len() as u64;
    }
    pull::admit(engine, sync, mapping, side, page.records, Cause::Pull, &mut pull::Pulled::default()).await?;
    let cursor = page.resume.cursor().clone();
    if let Some(until) = cursor::begin_at(engine, &sync.name, &mapping.name, side, cursor, Timestamp::UNIX_EPOCH).await? {
        return Ok(Some(being_pulled(place, side, until)));
    }
    hand_over(place, side, held).await
}

fn being_pulled(place: Place<'_>, side: Side, until: Timestamp) -> Pause {
    Pause::until(until, format!("{} of the {side} side is being pulled; the backfill goes on after that", place.mapping.name))
}

/// The feed begins where the scan began; then the next phase.
async fn hand_over(place: Place<'_>, side: Side, held: &mut Held<State>) -> Result<Option<Pause>, EngineError> {
    let Place { engine, sync, mapping } = place;
    if let (Some(end), Some(began)) = (held.state.caught_up.clone(), held.state.scan_began)
        && !planted(Mutant::HandoverSkipped)
        && let Some(until) = cursor::begin_at(engine, &sync.name, &mapping.name, side, end, began).await?
    {
        return Ok(Some(being_pulled(place, side, until)));
    }
    match side {
        Side::Left => held.state.scan(Side::Right, engine.now()),
        Side::Right => {
            held.state.phase = Phase::Join;
            held.state.cursor = None;
            held.state.caught_up = None;
            held.state.position = 0;
        }
    }
    held.save(engine).await?;
    Ok(None)
}

/// What a page's records come to.
#[derive(Default)]
struct Sorted {
    staged: Vec<(Row, Option<Record>)>,
    changes: Vec<Change>,
    stamps: Vec<Stamp>,
    unreadable: u64,
}

/// Holds what cannot be read; tells what is linked from what is to be joined. Linked records are staged without their values: they are known
/// as taken. One that differs from its base goes to the worker at once. One that does not carry its counterpart's id gets it: a run that was cut
/// behind its links says so again only while its scans stand, and not where another config made them begin anew.
async fn sort(place: Place<'_>, side: Side, records: Vec<Result<Record, BadRecord>>, resend: bool) -> Result<Sorted, EngineError> {
    let Place { engine, sync, mapping } = place;
    let now = engine.now();
    let mut sorted = Sorted::default();
    let mut good = Vec::new();
    for record in records {
        match record {
            Ok(record) if record.is_live() => good.push(record),
            // A scan lists live records; what is gone has no counterpart to find.
            Ok(_) => {}
            Err(bad) => {
                sorted.unreadable += 1;
                pull::hold_bad(engine, sync, mapping, side, &bad, now).await?;
            }
        }
    }
    let ids: Vec<RecordId> = good.iter().map(|record| record.id.clone()).collect();
    let standings = entry::standings(engine.store.as_ref(), &sync.name, &mapping.name, side, &ids).await?;
    for record in good {
        let Some(standing) = standings.get(&record.id) else { continue };
        if standing.link.is_none() {
            sorted.staged.push((Row::new(&engine.marker, mapping, side, &record, None), Some(record)));
            continue;
        }
        let counterpart = linked_to(side, standing);
        let resend = resend && counterpart.is_some() && sync.is_write_only(mapping, side.other());
        if let Some(counterpart) = counterpart {
            if decide::lacks_stamp(mapping, side, &record, &counterpart) {
                sorted.stamps.push(Stamp::new(record.id.clone(), counterpart.clone(), now, None));
            }
            sorted.staged.push((Row::new(&engine.marker, mapping, side, &record, Some(counterpart)), None));
        }
        if resend || !pull::is_known(engine, mapping, side, &record, standing) {
            sorted.changes.push(Change { resend, ..Change::seen(record, now, Cause::Backfill) });
        }
    }
    Ok(sorted)
}

/// The counterpart, while the link lives.
pub(super) fn linked_to(side: Side, standing: &Standing) -> Option<RecordId> {
    standing.link().filter(|link| link.state == LinkState::Active)?;
    standing.counterpart(side)
}
