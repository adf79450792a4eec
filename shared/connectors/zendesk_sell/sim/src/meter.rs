//! What a token may call: so many requests in a second and in an hour. No header tells of it (fact sheet §4).

use std::collections::BTreeMap;

const HOUR_S: i64 = 3_600;

/// Of each token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    pub calls_per_second: u32,
    pub calls_per_hour: u32,
}

impl Limits {
    pub const DOCUMENTED: Self = Self { calls_per_second: 10, calls_per_hour: 36_000 };
    /// So many that nothing waits.
    pub const BOUNDLESS: Self = Self { calls_per_second: 1_000_000, calls_per_hour: 100_000_000 };
}

#[derive(Clone, Copy, Default)]
struct Used {
    second: i64,
    in_second: u32,
    hour: i64,
    in_hour: u32,
}

pub(crate) struct Meter {
    pub(crate) limits: Limits,
    used: BTreeMap<String, Used>,
    /// The second that other programs have used up.
    spent: Option<i64>,
    refused: u64,
}

impl Meter {
    pub(crate) fn new(limits: Limits) -> Self {
        Self { limits, used: BTreeMap::new(), spent: None, refused: 0 }
    }

    /// Others use up what is left of the present second.
    pub(crate) fn spend(&mut self, now: i64) {
        self.spent = Some(now);
    }

    /// Counts a request. Refused: how many were before.
    pub(crate) fn take(&mut self, now: i64, token: &str) -> Result<(), u64> {
        let used = self.used.entry(token.to_owned()).or_default();
        if used.second != now {
            (used.second, used.in_second) = (now, 0);
        }
        if used.hour != now.div_euclid(HOUR_S) {
            (used.hour, used.in_hour) = (now.div_euclid(HOUR_S), 0);
        }
        let fits = used.in_second < self.limits.calls_per_second && used.in_hour < self.limits.calls_per_hour && self.spent != Some(now);
        if fits {
            used.in_second += 1;
            used.in_hour += 1;
            Ok(())
        } else {
            self.refused += 1;
            Err(self.refused)
        }
    }
}
