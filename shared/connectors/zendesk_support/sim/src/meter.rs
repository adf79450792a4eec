//! The account's calls a minute, and the limits of some endpoints, which refuse while the account has calls left (fact sheet §3).

use std::collections::BTreeMap;

use syncline_simulator::Response;

use crate::wire::{Refusal, with_header};

const WINDOW_S: i64 = 60;

/// What an account may call in a minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// All calls of the account together.
    pub calls: u32,
    /// `/incremental/*`, all together.
    pub incremental: u32,
    /// `GET /agent_availabilities`.
    pub availabilities: u32,
    /// `PUT /users/{id}`, for each user.
    pub user_updates: u32,
    /// The administration of webhooks.
    pub webhooks: u32,
}

impl Limits {
    pub const TEAM: Self = Self { calls: 200, incremental: 10, availabilities: 300, user_updates: 5, webhooks: 100 };
    pub const PROFESSIONAL: Self = Self { calls: 400, ..Self::TEAM };
    pub const ENTERPRISE: Self = Self { calls: 700, ..Self::TEAM };
    /// Enterprise Plus, or the High Volume add-on.
    pub const HIGH_VOLUME: Self = Self { calls: 2_500, incremental: 30, ..Self::TEAM };
    /// So many that nothing waits.
    pub const BOUNDLESS: Self =
        Self { calls: 1_000_000, incremental: 1_000_000, availabilities: 1_000_000, user_updates: 1_000_000, webhooks: 1_000_000 };
}

/// Which further limit a request counts against.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Class {
    Other,
    Incremental,
    Availabilities,
    UserUpdate(i64),
    Webhooks,
}

impl Class {
    fn limit(self, limits: &Limits) -> Option<(&'static str, u32)> {
        match self {
            Self::Other => None,
            Self::Incremental => Some(("incremental-exports", limits.incremental)),
            Self::Availabilities => Some(("agent-availabilities", limits.availabilities)),
            Self::UserUpdate(_) => Some(("update-user", limits.user_updates)),
            Self::Webhooks => Some(("webhooks", limits.webhooks)),
        }
    }
}

/// Fixed windows of one minute.
pub(crate) struct Meter {
    pub(crate) limits: Limits,
    window: i64,
    used: u32,
    by_class: BTreeMap<Class, u32>,
}

/// The budget as the headers of one answer tell it.
pub(crate) struct Standing {
    calls: u32,
    left: u32,
    resets_s: i64,
    /// The further limit: its name, its size, what is left of it.
    class: Option<(&'static str, u32, u32)>,
    refused: bool,
}

impl Meter {
    pub(crate) fn new(limits: Limits) -> Self {
        Self { limits, window: 0, used: 0, by_class: BTreeMap::new() }
    }

    /// Others use up the rest of the present window.
    pub(crate) fn spend(&mut self, now: i64) {
        self.turn(now);
        self.used = self.limits.calls;
    }

    fn turn(&mut self, now: i64) {
        let window = now.div_euclid(WINDOW_S);
        if window != self.window {
            (self.window, self.used) = (window, 0);
            self.by_class.clear();
        }
    }

    /// Counts a request, whatever becomes of it.
    pub(crate) fn take(&mut self, now: i64, class: Class) -> Standing {
        self.turn(now);
        let fits = self.used < self.limits.calls;
        self.used = self.used.saturating_add(1).min(self.limits.calls);
        let further = class.limit(&self.limits).map(|(name, limit)| {
            let used = self.by_class.entry(class).or_default();
            let fits = *used < limit;
            *used = used.saturating_add(1).min(limit);
            (name, limit, limit - *used, fits)
        });
        Standing {
            calls: self.limits.calls,
            left: self.limits.calls - self.used,
            resets_s: WINDOW_S - now.rem_euclid(WINDOW_S),
            class: further.map(|(name, limit, left, _)| (name, limit, left)),
            refused: !fits || further.is_some_and(|(_, _, _, fits)| !fits),
        }
    }
}

impl Standing {
    /// The refusal, if the request came too often.
    pub(crate) fn check(&self) -> Result<(), Refusal> {
        if self.refused {
            return Err(Refusal::plain(429, "APIRateLimitExceeded", "Number of allowed API requests per minute exceeded"));
        }
        Ok(())
    }

    /// Both families of headers: those recorded in 2023, and those of today's documentation (fact sheet §3).
    pub(crate) fn headed(&self, response: Response) -> Response {
        let (calls, left, resets) = (self.calls.to_string(), self.left.to_string(), self.resets_s.to_string());
        let mut response = response;
        for (name, value) in [
            ("x-rate-limit", &calls),
            ("x-rate-limit-remaining", &left),
            ("ratelimit-limit", &calls),
            ("ratelimit-remaining", &left),
            ("ratelimit-reset", &resets),
        ] {
            response = with_header(response, name, value);
        }
        if let Some((name, total, left)) = self.class {
            let value = format!("total={total}; remaining={left}; resets={resets}");
            response = match name {
                "incremental-exports" => with_header(response, "zendesk-ratelimit-incremental-exports", &value),
                "agent-availabilities" => with_header(response, "zendesk-ratelimit-agent-availabilities", &value),
                "update-user" => with_header(response, "zendesk-ratelimit-update-user", &value),
                _ => with_header(response, "zendesk-ratelimit-webhooks", &value),
            };
        }
        if self.refused { with_header(response, "retry-after", &resets) } else { response }
    }
}
