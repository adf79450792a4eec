//! What stands in for AWS on one machine keeps AWS's promises.

#![allow(clippy::unwrap_used, clippy::panic, reason = "what a test cannot set up fails the test")]

mod journal;
mod listener;
mod map;
mod queue;
mod running;
mod secrets;
mod store;

use std::sync::Arc;

use syncline_engine::ports::clock::Clock;
use syncline_model::Timestamp;

/// A clock that stands still.
#[derive(Debug)]
pub(crate) struct StillClock;

impl StillClock {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self)
    }
}

impl Clock for StillClock {
    fn now(&self) -> Timestamp {
        "2026-11-22T10:00:00Z".parse().unwrap()
    }
}
