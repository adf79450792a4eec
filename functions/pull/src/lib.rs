//! The scheduled function: reads what changed, or takes a backfill or a sweep one step further.

use serde::{Deserialize, Serialize};
use syncline_engine::pull::{Pulled, pull};
use syncline_engine::{Engine, EngineError, backfill};
use syncline_model::{Deadline, Side, SyncName};

/// What a schedule asks for: `{"sync": "customers", "side": "left"}`, or `{"sync": "customers", "backfill": true}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    pub sync: SyncName,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub side: Option<Side>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub backfill: bool,
}

/// What was done, for whoever reads the function's answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Done {
    Pulled(Pulled),
    Backfill(backfill::Progress),
}

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
pub enum PullError {
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error("the event asks for nothing: give `side` (left or right) or `backfill`")]
    Nothing,
}

/// Handles one event. Repeating it is safe, and so is running it twice at once: a lease lets one of them through.
pub async fn handle(engine: &Engine, event: &Event, by: Deadline) -> Result<Done, PullError> {
    let sync = engine.sync(&event.sync).ok_or_else(|| EngineError::Unknown { what: format!("sync {}", event.sync) })?;
    match (event.backfill, event.side) {
        (true, _) => {
            backfill::begin(engine, sync, false).await?;
            Ok(Done::Backfill(backfill::step(engine, sync, by).await?))
        }
        (false, Some(side)) => Ok(Done::Pulled(pull(engine, sync, side, by).await?)),
        (false, None) => Err(PullError::Nothing),
    }
}
