//! The tasks of a run: one worker a connection, one poller a side, one backfill a sync, one sweeper a sync, and the store's upkeep.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::SignedDuration;
use syncline_config::{HistoryMode, Sweep, Sync as SyncConfig};
use syncline_engine::pull::{Pulled, pull};
use syncline_engine::settle::backoff;
use syncline_engine::sweep::{Rhythm, SweepPhase};
use syncline_engine::write::{Delivery, write};
use syncline_engine::{EngineError, Sync, backfill, sweep};
use syncline_model::{ConnectionName, Deadline, Side, Timestamp};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::QueueError;
use crate::run::{Shared, connections};

/// How long a message stays hidden after its batch's deadline: for giving it back.
const VISIBILITY_GRACE_S: u32 = 60;
/// After a trouble of our own (the store, the queue), so much passes until the next try.
const TROUBLE: SignedDuration = SignedDuration::from_secs(2);
/// A poll that was stopped without a time to go on goes on then at the latest.
const STOPPED_POLL: SignedDuration = SignedDuration::from_secs(5);
/// How often it is looked what is to be compared, where the config says `auto`.
const SWEEP_LOOK: SignedDuration = SignedDuration::from_mins(10);
/// How often expired items are removed.
const UPKEEP: SignedDuration = SignedDuration::from_hours(1);

pub(crate) fn spawn_all(shared: &Arc<Shared>, set: &mut JoinSet<()>) {
    for connection in connections(shared) {
        set.spawn(work(shared.clone(), connection));
    }
    let installation = shared.installation.clone();
    for sync in &installation.engine.syncs {
        let Some(config) = installation.config.sync(sync.name.as_str()) else { continue };
        if config.history == HistoryMode::Backfill {
            shared.board.backfill(&sync.name, not_begun());
            set.spawn(fill(shared.clone(), sync.clone()));
        }
        for side in [Side::Left, Side::Right] {
            set.spawn(poll(shared.clone(), sync.clone(), config.clone(), side));
        }
        if config.sweep.is_some() {
            set.spawn(compare(shared.clone(), sync.clone(), config.clone()));
        }
    }
    set.spawn(keep_up(shared.clone()));
}

fn not_begun() -> backfill::Progress {
    backfill::Progress {
        phase: backfill::Phase::NotBegun,
        mapping: None,
        side: None,
        began: None,
        ended: None,
        mappings: Vec::new(),
        again_at: None,
        stopped: None,
    }
}

/// Nothing ever happens on it: for waits that only time or a stop ends.
fn nothing() -> (watch::Sender<u64>, watch::Receiver<u64>) {
    watch::channel(0)
}

/// A connection's worker: takes what is due, writes, and gives back what is not finished.
async fn work(shared: Arc<Shared>, connection: ConnectionName) {
    let mut arrivals = shared.installation.queue.arrivals();
    while !shared.stop.is_wished() {
        arrivals.borrow_and_update();
        let until = match work_once(&shared, &connection).await {
            Ok(Worked::Batch) => {
                shared.board.batch(&connection);
                continue;
            }
            Ok(Worked::Nothing { next }) => next,
            Err(error) => {
                tracing::error!(connection = %connection, "the worker stands still: {error}");
                Some(shared.now() + TROUBLE)
            }
        };
        shared.wait(until, &mut arrivals).await;
    }
}

enum Worked {
    Batch,
    /// When the next message falls due.
    Nothing {
        next: Option<Timestamp>,
    },
}

async fn work_once(shared: &Shared, connection: &ConnectionName) -> Result<Worked, QueueError> {
    let (engine, queue, pace) = (&shared.installation.engine, &shared.installation.queue, &shared.pace);
    let visibility_s = u32::try_from(pace.batch.as_secs()).unwrap_or(u32::MAX).saturating_add(VISIBILITY_GRACE_S);
    let handed_out = queue.receive(connection, pace.messages, visibility_s, shared.now()).await?;
    if handed_out.is_empty() {
        return Ok(Worked::Nothing { next: queue.next_due(connection).await? });
    }
    let deliveries: Vec<Delivery> = handed_out.iter().map(|one| Delivery { id: one.receipt.clone(), body: one.body.clone() }).collect();
    let by = Deadline(shared.now() + pace.batch);
    let unfinished: BTreeSet<String> = write(engine, connection, &deliveries, by).await.into_iter().collect();
    let finished: Vec<String> =
        deliveries.into_iter().map(|delivery| delivery.id).filter(|receipt| !unfinished.contains(receipt)).collect();
    queue.delete(&finished).await?;
    for one in handed_out.iter().filter(|one| unfinished.contains(&one.receipt)) {
        queue.release(&one.receipt, backoff(one.attempts, shared.now(), engine.dice.roll())).await?;
    }
    Ok(Worked::Batch)
}

/// A sync's backfill, step by step, to its end.
async fn fill(shared: Arc<Shared>, sync: Sync) {
    let (_open, mut never) = nothing();
    let engine = &shared.installation.engine;
    while !shared.stop.is_wished() {
        let by = Deadline(shared.now() + shared.pace.turn);
        let step = async {
            backfill::begin(engine, &sync, false).await?;
            backfill::step(engine, &sync, by).await
        };
        let again = match step.await {
            Ok(progress) => {
                let (phase, again_at) = (progress.phase, progress.again_at);
                if let Some(stopped) = &progress.stopped {
                    tracing::info!(sync = %sync.name, "the backfill waits: {stopped}");
                }
                shared.board.backfill(&sync.name, progress);
                if phase == backfill::Phase::Done {
                    return;
                }
                again_at
            }
            Err(error) => {
                tracing::error!(sync = %sync.name, "the backfill stands still: {error}");
                Some(shared.now() + TROUBLE)
            }
        };
        if again.is_some() {
            shared.wait(again, &mut never).await;
        }
    }
}

/// A side's polls, by its schedule. While the sync's backfill reads, the feed waits: it begins where that reading began.
async fn poll(shared: Arc<Shared>, sync: Sync, config: SyncConfig, side: Side) {
    let engine = &shared.installation.engine;
    let mut changes = shared.board.changes();
    while !shared.stop.is_wished() && !shared.board.is_backfilled(&sync.name) {
        changes.borrow_and_update();
        if !shared.board.is_backfilled(&sync.name) {
            shared.wait(None, &mut changes).await;
        }
    }
    let mut wanted = shared.board.wanted();
    while !shared.stop.is_wished() {
        let round = *wanted.borrow_and_update();
        let by = Deadline(shared.now() + shared.pace.turn);
        let scheduled = match shared.pace.poll {
            Some(period) => shared.now() + period,
            None => config.schedule.of(side).next_after(shared.now()),
        };
        let next = match pull(engine, &sync, side, by).await {
            Ok(pulled) => {
                shared.board.polled(&sync.name, side, pulled.caught_up.then_some(round), pulled.queued);
                match go_on(&pulled, shared.now()) {
                    Some(at) => at.min(scheduled),
                    None => scheduled,
                }
            }
            Err(error) => {
                tracing::error!(sync = %sync.name, %side, "a poll failed: {error}");
                shared.now() + TROUBLE
            }
        };
        shared.wait(Some(next), &mut wanted).await;
    }
}

/// When a poll that did not read to the end goes on.
fn go_on(pulled: &Pulled, now: Timestamp) -> Option<Timestamp> {
    match (pulled.caught_up, pulled.again_at, &pulled.stopped) {
        (true, _, _) => None,
        (false, Some(at), _) => Some(at),
        (false, None, Some(_)) => Some(now + STOPPED_POLL),
        // Only the turn was over.
        (false, None, None) => Some(now),
    }
}

/// Compares everything, by the config's schedule, one mapping and side after the other.
async fn compare(shared: Arc<Shared>, sync: Sync, config: SyncConfig) {
    let (_open, mut never) = nothing();
    let engine = &shared.installation.engine;
    let adopt = config.history == HistoryMode::Backfill;
    loop {
        let next = match &config.sweep {
            Some(Sweep::Schedule(schedule)) => schedule.next_after(shared.now()),
            Some(Sweep::Auto) => shared.now() + SWEEP_LOOK,
            None => return,
        };
        while shared.now() < next && !shared.stop.is_wished() {
            shared.wait(Some(next), &mut never).await;
        }
        if shared.stop.is_wished() {
            return;
        }
        for mapping in &sync.mappings {
            for side in [Side::Left, Side::Right] {
                if config.sweep == Some(Sweep::Auto) && !is_due(&sync, sweep::rhythm(engine, &sync, mapping, side).await, shared.now()) {
                    continue;
                }
                loop {
                    if shared.stop.is_wished() {
                        return;
                    }
                    let by = Deadline(shared.now() + shared.pace.turn);
                    let again = match sweep::step(engine, &sync, mapping, side, adopt, by).await {
                        Ok(progress) if matches!(progress.phase, SweepPhase::Done | SweepPhase::Asked) => break,
                        Ok(progress) => progress.again_at,
                        Err(error) => {
                            tracing::error!(sync = %sync.name, mapping = %mapping.name, %side, "a sweep stands still: {error}");
                            Some(shared.now() + TROUBLE)
                        }
                    };
                    if again.is_some() {
                        shared.wait(again, &mut never).await;
                    }
                }
            }
        }
    }
}

/// Whether an object of a side is to be compared now, where the config leaves that to us.
fn is_due(sync: &Sync, rhythm: Result<Option<Rhythm>, EngineError>, now: Timestamp) -> bool {
    match rhythm {
        Ok(rhythm) => rhythm.is_some_and(|rhythm| rhythm.is_due(now)),
        Err(error) => {
            tracing::error!(sync = %sync.name, "when a sweep is due cannot be told: {error}");
            false
        }
    }
}

/// Removes expired items now and then.
async fn keep_up(shared: Arc<Shared>) {
    let (_open, mut never) = nothing();
    while !shared.stop.is_wished() {
        match shared.installation.store.sweep_expired().await {
            Ok(removed) => tracing::debug!(removed, "expired items are removed"),
            Err(error) => tracing::warn!("the store's upkeep failed: {error}"),
        }
        shared.wait(Some(shared.now() + UPKEEP), &mut never).await;
    }
}
