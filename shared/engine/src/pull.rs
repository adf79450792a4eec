//! The scheduled pull: read what changed, drop what the base knows, queue the rest, and only then move the cursor.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use syncline_mapping::{ObjectMapping, has_changed};
use syncline_model::mutant::{Mutant, planted};
use syncline_model::{CallError, Deadline, Fault, Presence, Record, RecordId, Side, Timestamp, Version};

use crate::entry::{self, LinkState, Standing};
use crate::hold::Hold;
use crate::message::{Cause, Change};
use crate::ports::connector::{BadRecord, From, Resume};
use crate::resumable::{Pause, pause_for};
use crate::telemetry::{self, Subject};
use crate::{Engine, EngineError, Sync, backfill, counts, cursor, message, state};

/// What one pull did, over all objects of a side.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pulled {
    pub pages: u32,
    pub read: u64,
    pub queued: u64,
    pub unchanged: u64,
    /// Every object was read to its end.
    pub caught_up: bool,
    /// When to go on, where a limit or a passing trouble stopped it.
    pub again_at: Option<Timestamp>,
    /// A sentence for people on why it stopped.
    pub stopped: Option<String>,
    /// Where it was not read to the end: how long ago, in seconds, the object was that is behind most. An object that never was is not told.
    #[serde(default)]
    pub lag_s: Option<u64>,
}

/// The pull gives its lease back this long before its deadline, and goes on in the next run.
const MARGIN: SignedDuration = SignedDuration::from_secs(5);

/// No run reads more pages than this of one object: a feed that does not advance costs no more.
const PAGES_PER_RUN_MAX: u32 = 10_000;

/// Pulls one side of a sync.
pub async fn pull(engine: &Engine, sync: &Sync, side: Side, by: Deadline) -> Result<Pulled, EngineError> {
    let mut pulled = Pulled { caught_up: true, ..Pulled::default() };
    let end = sync.ends.of(side);
    if let Some(stopped) = state::stopped(engine, &end.connection).await? {
        pulled.caught_up = false;
        pulled.stopped = Some(format!("connection {} is stopped: {}", end.connection, stopped.hint));
        return Ok(pulled);
    }
    let now = engine.now();
    let mut stopped = false;
    for (caught_up, mapping) in longest_unread(engine, sync, side).await? {
        if sync.is_write_only(mapping, side) {
            continue;
        }
        let lag_s = caught_up.and_then(|caught_up| u64::try_from(now.duration_since(caught_up).as_secs()).ok());
        if stopped {
            pulled.lag_s = pulled.lag_s.max(lag_s);
            continue;
        }
        match pull_object(engine, sync, mapping, side, by, &mut pulled).await {
            Ok(true) => {}
            Ok(false) => {
                pulled.caught_up = false;
                pulled.lag_s = pulled.lag_s.max(lag_s);
            }
            Err(EngineError::Call(error)) => {
                pulled.caught_up = false;
                let Pause { again_at, says } = pause_for(engine, &end.connection, &error).await?;
                (pulled.again_at, pulled.stopped) = (again_at, says);
                pulled.lag_s = pulled.lag_s.max(lag_s);
                stopped = true;
            }
            // A cursor of a newer version: its object waits for that, the others are read.
            Err(error @ EngineError::Unreadable { .. }) => {
                tracing::error!(sync = %sync.name, mapping = %mapping.name, %side, "a feed is not read: {error}");
                pulled.caught_up = false;
                pulled.lag_s = pulled.lag_s.max(lag_s);
                pulled.stopped = Some(error.to_string());
            }
            Err(error) => return Err(error),
        }
    }
    Ok(pulled)
}

/// The objects in the order in which they were last read to their end: where the budget allows one listing at a time, each has its turn. Parents
/// come before their children otherwise.
async fn longest_unread<'a>(
    engine: &Engine,
    sync: &'a Sync,
    side: Side,
) -> Result<Vec<(Option<Timestamp>, &'a ObjectMapping)>, EngineError> {
    let mut order = Vec::new();
    for mapping in &sync.mappings {
        let caught_up = match cursor::status(engine, &sync.name, &mapping.name, side).await {
            Ok(status) => status.caught_up,
            // Who reads the feed says so.
            Err(EngineError::Unreadable { .. }) => None,
            Err(error) => return Err(error),
        };
        order.push((caught_up, mapping));
    }
    order.sort_by_key(|(caught_up, _)| *caught_up);
    Ok(order)
}

async fn pull_object(
    engine: &Engine,
    sync: &Sync,
    mapping: &ObjectMapping,
    side: Side,
    by: Deadline,
    pulled: &mut Pulled,
) -> Result<bool, EngineError> {
    let tells_changes = sync.facts(mapping, side).is_none_or(|facts| facts.lists_changes);
    // A feed that cannot tell changes shows everybody. Before the backfill has joined who is the same, an edit is not to be told from what was
    // there before: pairs would be linked as they differ, or as if their side had been edited.
    if !tells_changes && sync.brings_history && backfill::status(engine, sync).await?.phase != backfill::Phase::Done {
        return Ok(true);
    }
    let Some(mut lease) = cursor::lease(engine, &sync.name, &mapping.name, side, by.0).await? else {
        pulled.stopped = Some(format!("{} of the {side} side is being read by another run", mapping.name));
        return Ok(false);
    };
    let connector = &sync.ends.of(side).connector;
    let selection = sync.selection(mapping, side);
    // Turning a sync on migrates nothing: it begins now. A backfill sets the cursor to where its scan began.
    let begin = lease.begins(engine.now());
    for _ in 0..PAGES_PER_RUN_MAX {
        if engine.now() + MARGIN >= by.0 {
            lease.release(engine).await?;
            return Ok(false);
        }
        let from = lease.cursor().cloned();
        let from = from.as_ref().map_or(From::Since(begin), From::Cursor);
        let page = match connector.list_changes(&selection, &from, by).await {
            Ok(page) => page,
            Err(CallError { fault: Fault::Unsupported { capability }, .. }) if sync.is_feed_only(mapping, side) => {
                tracing::info!(sync = %sync.name, mapping = %mapping.name, %side, "a feed is not open to this account");
                lease.close(engine, capability).await?;
                return Ok(true);
            }
            Err(error) => {
                lease.release(engine).await?;
                return Err(error.into());
            }
        };
        pulled.pages += 1;
        if let Some(since) = page.gap {
            tracing::error!(sync = %sync.name, mapping = %mapping.name, %side, %since, "changes were forgotten before they were read");
            lease.note_gap(since, engine.now());
        }
        if planted(Mutant::CursorBeforeQueue) {
            lease.advance(engine, page.resume.cursor().clone(), false).await?;
        }
        let cause = if lease.is_first() && !tells_changes { Cause::Listed } else { Cause::Pull };
        admit(engine, sync, mapping, side, page.records, cause, pulled).await?;
        match page.resume {
            Resume::CaughtUp(cursor) => {
                lease.finish(engine, cursor).await?;
                return Ok(true);
            }
            Resume::More(cursor) => {
                if lease.cursor() == Some(&cursor) && !planted(Mutant::CursorBeforeQueue) {
                    tracing::error!(sync = %sync.name, mapping = %mapping.name, %side, "a change feed does not advance");
                    lease.release(engine).await?;
                    return Ok(false);
                }
                lease.advance(engine, cursor, false).await?;
            }
        }
    }
    lease.release(engine).await?;
    Ok(false)
}

/// Drops what the base knows, and queues the rest. Durable when it returns.
pub(crate) async fn admit(
    engine: &Engine,
    sync: &Sync,
    mapping: &ObjectMapping,
    side: Side,
    records: Vec<Result<Record, BadRecord>>,
    cause: Cause,
    pulled: &mut Pulled,
) -> Result<(), EngineError> {
    let now = engine.now();
    pulled.read += records.len() as u64;
    engine.counts.read(&sync.name, &mapping.name, side, records.len());
    let mut good = Vec::new();
    for record in records {
        match record {
            Ok(record) => good.push(record),
            Err(bad) => hold_bad(engine, sync, mapping, side, &bad, now).await?,
        }
    }
    let ids: Vec<RecordId> = good.iter().map(|record| record.id.clone()).collect();
    let standings = entry::readable_standings(engine.store.as_ref(), &sync.name, &mapping.name, side, &ids).await?;
    let mut changes = Vec::new();
    let at = Subject { sync: &sync.name, mapping: &mapping.name, side };
    let told_only = sync.is_feed_only(mapping, side);
    for record in good {
        let is_old_news = |standing: &Standing| {
            if told_only { is_repeated(side, &record, standing) } else { is_known(engine, mapping, side, &record, standing) }
        };
        let known = standings.get(&record.id).is_some_and(is_old_news);
        if known {
            pulled.unchanged += 1;
            engine.counts.end(&sync.name, &mapping.name, side, &counts::End::Unchanged);
            telemetry::decided(at, &Change::hint(record.id, now, cause), None, &counts::End::Unchanged);
        } else {
            changes.push(Change::seen(record, now, cause));
        }
    }
    if changes.is_empty() {
        return Ok(());
    }
    pulled.queued += changes.len() as u64;
    let due = sync.due(&mapping.name, now);
    engine.outbox.send(message::changes(engine, sync, &mapping.name, side, due, &changes)?).await?;
    telemetry::queued(at, &changes);
    Ok(())
}

/// A row that could not be read is held under its id, or under a print of what is wrong where it has none.
pub(crate) async fn hold_bad(
    engine: &Engine,
    sync: &Sync,
    mapping: &ObjectMapping,
    side: Side,
    bad: &BadRecord,
    now: Timestamp,
) -> Result<(), EngineError> {
    let id = bad.id.as_ref().map_or_else(
        || format!("unreadable-{}", engine.marker.print("unreadable", &syncline_model::Value::text(bad.fault.to_string()))),
        ToString::to_string,
    );
    // The row itself does not fit: looking again would show the same.
    let crate::settle::Disposition::Hold(why) = crate::settle::settle(&bad.fault, crate::settle::ATTEMPTS_MAX, now, 0) else {
        return Ok(());
    };
    let hold = Hold::new(&mapping.name, side, id, now, why);
    let end = counts::End::Held(hold.name());
    engine.counts.end(&sync.name, &mapping.name, side, &end);
    engine.store.write(vec![hold.write(&sync.name)?]).await?;
    let change = Change::hint(RecordId::new(hold.id), now, Cause::Pull);
    telemetry::decided(Subject { sync: &sync.name, mapping: &mapping.name, side }, &change, None, &end);
    Ok(())
}

/// Whether a telling that cannot be asked for again was handled before. One that says what the base knows is none of them: an earlier one may be in
/// the queue, which must not be carried over after it; and a deletion of whom nobody knows may follow its creation in the queue.
fn is_repeated(side: Side, record: &Record, standing: &Standing) -> bool {
    standing.link().is_some_and(|link| record.version.is_some() && record.version <= *link.seen.of(side))
}

/// Whether an observation tells nothing new: an echo of our own write, a repeat, or one that ended before in a note.
pub(crate) fn is_known(engine: &Engine, mapping: &ObjectMapping, side: Side, record: &Record, standing: &Standing) -> bool {
    if let Some(note) = standing.note().filter(|note| note.is_final())
        && note.remembers(&entry::print(&engine.marker, mapping, side, record))
    {
        return true;
    }
    match (standing.link(), &record.presence) {
        (None, Presence::Live) => left_behind_by(standing).is_some(),
        // Never linked and gone: there is nothing to do.
        (None, Presence::Deleted | Presence::MergedInto(_)) => true,
        (Some(link), Presence::Live) => match link.state {
            LinkState::Active => {
                let differs = has_changed(mapping, &engine.marker, &link.base, side, record);
                !is_unsettled(link, record) && !differs || is_recent(link, side, record)
            }
            LinkState::Severed { gone } => gone != side && !is_newer(link, side, record),
            LinkState::Buried => !is_newer(link, side, record) && !planted(Mutant::BuriedForgotten),
        },
        (Some(link), Presence::Deleted | Presence::MergedInto(_)) => match link.state {
            LinkState::Active => false,
            LinkState::Severed { gone } => gone == side,
            LinkState::Buried => true,
        },
    }
}

/// The id to which a write of ours moved what this record was: that one is synced instead of it, until a person releases this one.
pub(crate) fn left_behind_by(standing: &Standing) -> Option<RecordId> {
    standing.note().filter(|_| standing.link.is_none())?.left_behind_by()
}

/// Whether a pair was claimed, and the worker died before it could note what it had done.
pub(crate) fn is_unsettled(link: &entry::Link, record: &Record) -> bool {
    link.is_open() && record.version.is_some()
}

/// No proof of an echo: whether an observation came within a minute of what the link knows of that side.
fn is_recent(link: &entry::Link, side: Side, record: &Record) -> bool {
    let within = |(seen, known): (Version, Version)| seen.0 < known.0 + SignedDuration::from_mins(1);
    planted(Mutant::EchoByTime) && record.version.zip(*link.seen.of(side)).is_some_and(within)
}

/// Whether an observation is younger than what the link knows of that side.
pub(crate) fn is_newer(link: &entry::Link, side: Side, record: &Record) -> bool {
    match (record.version, link.seen.of(side)) {
        (Some(seen), Some(known)) => seen > *known,
        (_, _) => true,
    }
}
