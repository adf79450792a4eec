//! What the vendor counts: credits in a rolling day, and calls at the same time (fact sheet §8).

use std::collections::VecDeque;

use crate::wire::Refusal;

const DAY_S: i64 = 86_400;

/// Calls of other programs that are under way.
struct Busy {
    calls: u32,
    complex: bool,
    until: i64,
}

#[derive(Default)]
pub(crate) struct Meter {
    used: VecDeque<(i64, u32)>,
    busy: Vec<Busy>,
}

/// What one call costs.
#[derive(Clone, Copy)]
pub(crate) struct Cost {
    pub(crate) credits: u32,
    /// Whether the narrower gate for complex calls counts it.
    pub(crate) complex: bool,
}

/// The account's limits.
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) credits: u32,
    pub(crate) concurrent: u32,
    pub(crate) complex: u32,
}

impl Meter {
    /// Credits of the last 24 hours: each comes back a day after its use.
    pub(crate) fn used(&mut self, now: i64) -> u32 {
        while self.used.front().is_some_and(|(at, _)| at + DAY_S <= now) {
            self.used.pop_front();
        }
        self.used.iter().map(|(_, credits)| *credits).sum()
    }

    pub(crate) fn spend(&mut self, now: i64, credits: u32) {
        match self.used.back_mut() {
            Some((at, sum)) if *at == now => *sum = sum.saturating_add(credits),
            Some(_) | None => self.used.push_back((now, credits)),
        }
    }

    pub(crate) fn occupy(&mut self, calls: u32, complex: bool, until: i64) {
        self.busy.push(Busy { calls, complex, until });
    }

    /// Counts the call, or refuses it: one code for three causes, told apart by the words alone.
    pub(crate) fn pass(&mut self, now: i64, cost: Cost, limits: Limits) -> Result<(), Refusal> {
        self.busy.retain(|busy| now < busy.until);
        let all: u32 = self.busy.iter().map(|busy| busy.calls).sum();
        if all >= limits.concurrent {
            return Err(Refusal::too_many("You have reached the maximum number of concurrent API calls allowed. Please try again later."));
        }
        let complex: u32 = self.busy.iter().filter(|busy| busy.complex).map(|busy| busy.calls).sum();
        if cost.complex && complex >= limits.complex {
            return Err(Refusal::too_many("You have reached the sub-concurrency limit of this API. Please try again later."));
        }
        if self.used(now).saturating_add(cost.credits) > limits.credits {
            return Err(Refusal::too_many("You have exceeded the API credits of the last 24 hours."));
        }
        self.spend(now, cost.credits);
        Ok(())
    }
}
