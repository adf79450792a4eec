//! A clock that a test moves.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use syncline_engine::ports::clock::Clock;
use syncline_model::Timestamp;

#[derive(Debug)]
pub struct HandClock(Mutex<Timestamp>);

impl HandClock {
    /// A store removes what has expired by its machine's clock: the cases live in that clock's future, and nothing vanishes behind their back.
    pub fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new("2100-01-01T10:00:00Z".parse().unwrap())))
    }

    pub fn pass(&self, seconds: u64) {
        let mut now = self.0.lock().unwrap();
        *now += Duration::from_secs(seconds);
    }

    /// Moves it there, where that lies ahead.
    pub fn reach(&self, moment: Timestamp) {
        let mut now = self.0.lock().unwrap();
        *now = moment.max(*now);
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}
