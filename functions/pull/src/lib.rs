//! The scheduled function: reads what changed, or takes a backfill or a sweep further, for as long as it may run.

mod going_on;

use serde::{Deserialize, Serialize};
use syncline_config::{Config, HistoryMode};
use syncline_engine::pull::{Pulled, pull};
use syncline_engine::{Engine, EngineError, backfill, sweep};
use syncline_model::{Deadline, MappingName, Side, SyncName};

pub use going_on::exhaust;

/// What a schedule asks for: `{"sync": "customers", "side": "left"}`, `{"sync": "customers", "backfill": true}`, or
/// `{"sync": "customers", "sweep": {"mapping": "contacts", "side": "right"}}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    pub sync: SyncName,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub side: Option<Side>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub backfill: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sweep: Option<Swept>,
}

/// What is to be compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Swept {
    pub mapping: MappingName,
    pub side: Side,
    /// Only where it is due by the number of records and the budget (`sweep: auto`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub auto: bool,
}

/// What was done, for whoever reads the function's answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Done {
    Pulled(Pulled),
    Backfill(backfill::Progress),
    Swept(sweep::SweepProgress),
    /// A comparison that is not due yet, or of a side that gives no list.
    NotDue(Option<sweep::Rhythm>),
}

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
pub enum PullError {
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error("the event asks for nothing: give one of `side` (left or right), `backfill` and `sweep`")]
    NotOne,
}

impl Event {
    /// Whether it asks for something that the config has: told without an engine, so that a mistake costs no call.
    ///
    /// # Errors
    /// It asks for nothing or for several things, or names a sync that there is not.
    pub fn check(&self, config: &Config) -> Result<(), PullError> {
        let wishes = [self.side.is_some(), self.backfill, self.sweep.is_some()];
        if wishes.into_iter().filter(|wished| *wished).count() != 1 {
            return Err(PullError::NotOne);
        }
        let known = config.sync(self.sync.as_str()).is_some();
        if known { Ok(()) } else { Err(EngineError::Unknown { what: format!("sync {}", self.sync) }.into()) }
    }
}

/// Handles one event, up to where it has to wait. Repeating it is safe, and so is running it twice at once: a lease lets one of them through.
pub async fn handle(engine: &Engine, config: &Config, event: &Event, by: Deadline) -> Result<Done, PullError> {
    let unknown = |what: String| EngineError::Unknown { what };
    let sync = engine.sync(&event.sync).ok_or_else(|| unknown(format!("sync {}", event.sync)))?;
    match (event.side, event.backfill, &event.sweep) {
        (Some(side), false, None) => Ok(Done::Pulled(pull(engine, sync, side, by).await?)),
        (None, true, None) => {
            backfill::begin(engine, sync, false).await?;
            Ok(Done::Backfill(backfill::step(engine, sync, by).await?))
        }
        (None, false, Some(Swept { mapping, side, auto })) => {
            let mapping = sync.mapping(mapping).ok_or_else(|| unknown(format!("mapping {mapping} of sync {}", sync.name)))?;
            if *auto {
                let rhythm = sweep::rhythm(engine, sync, mapping, *side).await?;
                if !rhythm.as_ref().is_some_and(|rhythm| rhythm.is_due(engine.now())) {
                    return Ok(Done::NotDue(rhythm));
                }
            }
            // Where history is not brought over, a record without a link was left out on purpose.
            let adopt = config.sync(sync.name.as_str()).is_some_and(|sync| sync.history == HistoryMode::Backfill);
            Ok(Done::Swept(sweep::step(engine, sync, mapping, *side, adopt, by).await?))
        }
        (_, _, _) => Err(PullError::NotOne),
    }
}
