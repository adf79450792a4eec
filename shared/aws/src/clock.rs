//! The machine's clock.

use syncline_engine::ports::clock::Clock;
use syncline_model::Timestamp;

/// The production `Clock`.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods, reason = "this adapter is the one place where time comes in")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}
