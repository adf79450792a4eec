//! What stands in for AWS on one machine keeps AWS's promises.

#![allow(clippy::unwrap_used, clippy::panic, reason = "what a test cannot set up fails the test")]

mod journal;
mod listener;
mod queue;
mod running;
mod secrets;
mod store;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use syncline_engine::ports::clock::Clock;
use syncline_model::Timestamp;

/// A clock that a test moves.
#[derive(Debug)]
pub(crate) struct HandClock(Mutex<Timestamp>);

impl HandClock {
    /// The embedded store's own upkeep goes by the machine's clock, so that tests live in its past: nothing expires behind their back.
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new("2026-11-22T10:00:00Z".parse().unwrap())))
    }

    pub(crate) fn pass(&self, seconds: u64) {
        let mut now = self.0.lock().unwrap();
        *now += Duration::from_secs(seconds);
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}
