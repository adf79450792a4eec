//! Calls of a minute. The vendor publishes no limit; that one answers 429 is known (fact sheet §8).

/// Five a second: what careful clients allow themselves.
pub(crate) const CALLS_PER_MINUTE: u32 = 300;

const WINDOW_S: i64 = 60;

pub(crate) struct Meter {
    pub(crate) calls: u32,
    window: i64,
    used: u32,
}

impl Meter {
    pub(crate) fn new(calls: u32) -> Self {
        Self { calls, window: 0, used: 0 }
    }

    /// Others use up the rest of the present minute.
    pub(crate) fn spend(&mut self, now_s: i64) {
        (self.window, self.used) = (now_s.div_euclid(WINDOW_S), self.calls);
    }

    /// Counts a call; whether it is let in.
    pub(crate) fn take(&mut self, now_s: i64) -> bool {
        let window = now_s.div_euclid(WINDOW_S);
        if window != self.window {
            (self.window, self.used) = (window, 0);
        }
        let free = self.used < self.calls;
        self.used = self.used.saturating_add(1).min(self.calls);
        free
    }
}
