//! What a verified webhook becomes: hints, queued. Nothing of its content is believed; the record is read when the hint is handled.

use syncline_model::{ConnectionName, Side};

use crate::message::{Cause, Change};
use crate::ports::webhook::Hint;
use crate::telemetry::{self, Subject};
use crate::{Engine, EngineError, message};

/// Queues the hints of a connection for every sync that has its objects. Answers how many were queued.
pub async fn queue(engine: &Engine, connection: &ConnectionName, hints: &[Hint]) -> Result<usize, EngineError> {
    let mut messages = Vec::new();
    let mut queued = 0;
    let mut heard = Vec::new();
    let now = engine.now();
    for sync in &engine.syncs {
        for side in [Side::Left, Side::Right] {
            if sync.ends.of(side).connection != *connection {
                continue;
            }
            for mapping in &sync.mappings {
                let changes: Vec<Change> = hints
                    .iter()
                    .filter(|hint| hint.kind == *mapping.kind.of(side))
                    .map(|hint| Change::hint(hint.id.clone(), now, Cause::Webhook))
                    .collect();
                if changes.is_empty() {
                    continue;
                }
                engine.counts.read(&sync.name, &mapping.name, side, changes.len());
                queued += changes.len();
                let due = sync.due(&mapping.name, now);
                messages.extend(message::changes(engine, sync, &mapping.name, side, due, &changes)?);
                heard.push((Subject { sync: &sync.name, mapping: &mapping.name, side }, changes));
            }
        }
    }
    if !messages.is_empty() {
        engine.outbox.send(messages).await?;
    }
    for (at, changes) in heard {
        telemetry::queued(at, &changes);
    }
    Ok(queued)
}
