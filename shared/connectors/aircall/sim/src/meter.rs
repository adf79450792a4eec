//! The company's limit: fixed windows of one minute, all keys and applications together, and the headers that tell it (fact sheet §6).

use http::header::HeaderName;
use syncline_simulator::Response;

use crate::wire::with_header;

/// Published today; older pages say 60.
pub(crate) const CALLS_PER_MINUTE: u32 = 120;

const WINDOW_S: i64 = 60;
const LIMIT: HeaderName = HeaderName::from_static("x-aircallapi-limit");
const REMAINING: HeaderName = HeaderName::from_static("x-aircallapi-remaining");
const RESET: HeaderName = HeaderName::from_static("x-aircallapi-reset");

pub(crate) struct Meter {
    pub(crate) calls: u32,
    window: i64,
    used: u32,
}

/// The budget as the headers of one answer tell it.
pub(crate) struct Standing {
    calls: u32,
    left: u32,
    /// The end of the window, in seconds since the epoch.
    reset: i64,
    pub(crate) refused: bool,
}

impl Meter {
    pub(crate) fn new(calls: u32) -> Self {
        Self { calls, window: 0, used: 0 }
    }

    /// Others use up the rest of the present window.
    pub(crate) fn spend(&mut self, now: i64) {
        (self.window, self.used) = (now.div_euclid(WINDOW_S), self.calls);
    }

    /// Counts a request, whatever becomes of it.
    pub(crate) fn take(&mut self, now: i64) -> Standing {
        let window = now.div_euclid(WINDOW_S);
        if window != self.window {
            (self.window, self.used) = (window, 0);
        }
        let refused = self.used >= self.calls;
        self.used = self.used.saturating_add(1).min(self.calls);
        Standing { calls: self.calls, left: self.calls - self.used, reset: (window + 1) * WINDOW_S, refused }
    }
}

impl Standing {
    pub(crate) fn headed(&self, response: Response) -> Response {
        let response = with_header(response, LIMIT, &self.calls.to_string());
        let response = with_header(response, REMAINING, &self.left.to_string());
        with_header(response, RESET, &self.reset.to_string())
    }
}
