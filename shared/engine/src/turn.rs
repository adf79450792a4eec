//! A run's turn: the right to wait for more work where another run of the same schedule would come and wait as well.
//!
//! Leases guard the work itself, and are given back whenever a run pauses. A runner that stays for the pause's end holds the turn meanwhile;
//! whoever finds it held ends instead of waiting beside it.

use syncline_model::{SyncName, Timestamp};

use crate::resumable::{self, Held, Resting};
use crate::{Engine, EngineError, keys};

/// The turn of one kind of work of a sync, until its end.
pub struct Turn(Held<()>);

impl Turn {
    /// Takes the turn until then; `None`: somebody else has it. `work` tells the kinds of a sync's work apart.
    ///
    /// # Errors
    /// The store is out of reach.
    pub async fn take(engine: &Engine, sync: &SyncName, work: &str, until: Timestamp) -> Result<Option<Self>, EngineError> {
        let key = keys::turn(sync, work);
        let resting = resumable::peek(engine, &key).await?.unwrap_or_else(Resting::absent);
        Ok(resumable::take(engine, key, resting, until).await?.map(Self))
    }

    /// Lets the next one have it. Who dies before that keeps it from others until its end, no longer.
    ///
    /// # Errors
    /// The store is out of reach.
    pub async fn give_back(self, engine: &Engine) -> Result<(), EngineError> {
        self.0.give_back(engine).await
    }
}
