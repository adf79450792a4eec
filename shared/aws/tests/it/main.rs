//! The adapters against a stand-in that speaks AWS's JSON protocol: what is sent, and what is made of answers that no local stand-in
//! gives (throttling, leftovers, conflicts, lost answers).

#![allow(clippy::unwrap_used, clippy::panic, reason = "what a test cannot set up fails the test")]

mod fake;
mod outbox;
mod parameters;
mod secrets;
mod store;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use syncline_engine::ports::clock::Clock;
use syncline_model::Timestamp;

/// A clock that a test moves.
pub(crate) struct HandClock(Mutex<Timestamp>);

impl HandClock {
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
