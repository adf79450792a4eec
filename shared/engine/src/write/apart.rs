//! Changes among which one meets an item that cannot be read: written by a newer version, before somebody went back to this one. It must not
//! keep the others from being carried over, and must not be lost.

use syncline_mapping::ObjectMapping;
use syncline_model::{Deadline, Side};

use super::run;
use crate::counts::End;
use crate::message::{self, Change};
use crate::telemetry::{self, Subject};
use crate::{Engine, EngineError, Sync, state};

/// Handles the changes in halves until those that cannot be handled stand alone; each of these goes back to the queue, for a version that can.
/// What was done before the item was met is done again, which changes nothing.
pub(super) async fn apart(
    engine: &Engine,
    sync: &Sync,
    mapping: &ObjectMapping,
    side: Side,
    changes: Vec<Change>,
    by: Deadline,
) -> Result<(), EngineError> {
    let mut parts = vec![changes];
    while let Some(mut part) = parts.pop() {
        match run::run(engine, sync, mapping, side, part.clone(), by).await {
            Ok(()) => {}
            Err(EngineError::Unreadable { .. }) if part.len() > 1 => {
                let tail = part.split_off(part.len() / 2);
                parts.push(tail);
                parts.push(part);
            }
            Err(error @ EngineError::Unreadable { .. }) => rest(engine, sync, mapping, side, part, &error).await?,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

async fn rest(
    engine: &Engine,
    sync: &Sync,
    mapping: &ObjectMapping,
    side: Side,
    changes: Vec<Change>,
    error: &EngineError,
) -> Result<(), EngineError> {
    let at = Subject { sync: &sync.name, mapping: &mapping.name, side };
    let due = engine.now() + state::STOPPED_RETRY;
    engine.outbox.send(message::changes(engine, sync, &mapping.name, side, due, &changes)?).await?;
    for change in &changes {
        let end = End::Later("unreadable");
        tracing::error!(sync = %sync.name, mapping = %mapping.name, %side, record = %change.id, "a change waits for a version that reads what is stored: {error}");
        engine.counts.end(&sync.name, &mapping.name, side, &end);
        telemetry::decided(at, change, None, &end);
    }
    Ok(())
}
