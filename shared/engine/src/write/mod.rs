//! The worker: takes a batch of messages for one connection, and writes what must be written there.
//!
//! A worker writes its own connection only. Where the other side must be written too, it sends a message to that side's worker.

mod apart;
mod blind;
mod candidates;
mod commit;
mod identify;
mod job;
mod moved;
mod nameless;
mod outcome;
mod parents;
mod postpone;
mod read;
mod run;
mod stamp;
mod told;
mod triage;

use std::collections::BTreeMap;

pub(crate) use blind::decide as decide_blind;
pub(crate) use stamp::stamps_at_once;
use syncline_mapping::ObjectMapping;
use syncline_model::mutant::{Mutant, planted};
use syncline_model::{ConnectionName, Deadline, MappingName, Side, SyncName, Timestamp};

use crate::message::{Change, Stamp, Work};
use crate::ports::outbox::Message;
use crate::{Engine, EngineError, Sync, message, state};

/// A message as the queue handed it out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The queue's name for this delivery.
    pub id: String,
    pub body: String,
}

/// Handles a batch of one connection's queue. Answers the deliveries that are not finished and must come again; a message that cannot be
/// read is among them each time, and so ends in the dead-letter queue.
pub async fn write(engine: &Engine, connection: &ConnectionName, deliveries: &[Delivery], by: Deadline) -> Vec<String> {
    let mut unfinished = Vec::new();
    let mut changes: Grouped<Change> = BTreeMap::new();
    let mut stamps: Grouped<Stamp> = BTreeMap::new();
    for delivery in deliveries {
        match unpack(engine, connection, delivery).await {
            Ok(Unpacked::Changes(place, list)) => changes.entry(place).or_default().push((delivery.id.clone(), list)),
            Ok(Unpacked::Stamps(place, list)) => stamps.entry(place).or_default().push((delivery.id.clone(), list)),
            Ok(Unpacked::Later) => {}
            Err(error) => {
                tracing::error!(connection = %connection, "a message was not handled: {error}");
                unfinished.push(delivery.id.clone());
            }
        }
    }
    // Parents before children: a batch that holds both needs no waiting.
    for sync in &engine.syncs {
        for mapping in &sync.mappings {
            for side in [Side::Left, Side::Right] {
                let place = (sync.name.clone(), mapping.name.clone(), side);
                if let Some(group) = stamps.remove(&place) {
                    let (ids, lists): (Vec<_>, Vec<_>) = group.into_iter().unzip();
                    if let Err(error) = stamp::stamp(engine, sync, mapping, side, lists.into_iter().flatten().collect(), by).await {
                        tracing::warn!(sync = %sync.name, mapping = %mapping.name, %side, "stamps go back to the queue: {error}");
                        unfinished.extend(ids);
                    }
                }
                if let Some(group) = changes.remove(&place) {
                    let (ids, lists): (Vec<_>, Vec<_>) = group.into_iter().unzip();
                    let mut done = run::run(engine, sync, mapping, side, lists.into_iter().flatten().collect(), by).await;
                    if let Err(EngineError::Unreadable { .. }) = &done {
                        done = again(engine, sync, mapping, side, deliveries, &ids, by).await;
                    }
                    if let Err(error) = done {
                        tracing::warn!(sync = %sync.name, mapping = %mapping.name, %side, "changes go back to the queue: {error}");
                        unfinished.extend(ids.into_iter().filter(|_| !planted(Mutant::FailuresUnreported)));
                    }
                }
            }
        }
    }
    // What names a sync or mapping that the config no longer has.
    for ((sync, mapping, _), group) in changes {
        tracing::error!(%sync, %mapping, "messages for a mapping that is no longer configured");
        unfinished.extend(group.into_iter().map(|(id, _)| id));
    }
    for ((sync, mapping, _), group) in stamps {
        tracing::error!(%sync, %mapping, "messages for a mapping that is no longer configured");
        unfinished.extend(group.into_iter().map(|(id, _)| id));
    }
    unfinished
}

/// The changes of these deliveries anew, those apart that meet what cannot be read. They are opened again rather than kept: this happens seldom,
/// and a batch is large.
async fn again(
    engine: &Engine,
    sync: &Sync,
    mapping: &ObjectMapping,
    side: Side,
    deliveries: &[Delivery],
    ids: &[String],
    by: Deadline,
) -> Result<(), EngineError> {
    let mut all: Vec<Change> = Vec::new();
    for delivery in deliveries.iter().filter(|delivery| ids.contains(&delivery.id)) {
        match message::read(&delivery.body)? {
            Work::ChangesV1 { changes, .. } => all.extend(engine.sealer.open::<Vec<Change>>("a message", &changes)?),
            Work::StampsV1 { .. } => {}
        }
    }
    apart::apart(engine, sync, mapping, side, all, by).await
}

/// Work by mapping and side, each list with the delivery that it came in.
type Grouped<T> = BTreeMap<(SyncName, MappingName, Side), Vec<(String, Vec<T>)>>;

enum Unpacked {
    Changes((SyncName, MappingName, Side), Vec<Change>),
    Stamps((SyncName, MappingName, Side), Vec<Stamp>),
    /// It was not due yet, or the connection is stopped: it is in the queue again.
    Later,
}

async fn unpack(engine: &Engine, connection: &ConnectionName, delivery: &Delivery) -> Result<Unpacked, EngineError> {
    let work = message::read(&delivery.body)?;
    let due = match &work {
        Work::ChangesV1 { due, .. } | Work::StampsV1 { due, .. } => *due,
    };
    let now = engine.now();
    // A queue holds a message back for 15 minutes at most: a later one hops.
    let again = if due > now {
        Some(due)
    } else if state::stopped(engine, connection).await?.is_some() && !planted(Mutant::PauseIgnored) {
        Some(now + state::STOPPED_RETRY)
    } else {
        None
    };
    if let Some(due) = again {
        put_back(engine, connection, &delivery.body, due).await?;
        return Ok(Unpacked::Later);
    }
    Ok(match work {
        Work::ChangesV1 { sync, mapping, side, changes, .. } => {
            let changes = engine.sealer.open("a message", &changes)?;
            Unpacked::Changes((sync, mapping, side), changes)
        }
        Work::StampsV1 { sync, mapping, side, stamps, .. } => Unpacked::Stamps((sync, mapping, side), stamps),
    })
}

async fn put_back(engine: &Engine, connection: &ConnectionName, body: &str, due: Timestamp) -> Result<(), EngineError> {
    let mut work = message::read(body)?;
    match &mut work {
        Work::ChangesV1 { due: its, .. } | Work::StampsV1 { due: its, .. } => *its = due,
    }
    let body =
        serde_json::to_string(&work).map_err(|error| EngineError::Unreadable { what: "a message".into(), problem: error.to_string() })?;
    engine.outbox.send(vec![Message { queue: connection.clone(), due, body }]).await?;
    Ok(())
}
