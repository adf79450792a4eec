//! How often an object of a side is compared where the config leaves that to us, and when next.

use jiff::SignedDuration;
use serde::Serialize;
use syncline_mapping::ObjectMapping;
use syncline_model::{Side, Timestamp};

use super::progress::State;
use crate::backfill::{self, Phase};
use crate::{Engine, EngineError, Sync, cursor, keys, resumable};

/// Of a day's calls, the sweeps of a sync may take this share.
const SHARE_PERCENT: u64 = 5;
const PERIOD_MIN: SignedDuration = SignedDuration::from_hours(1);
const PERIOD_MAX: SignedDuration = SignedDuration::from_hours(30 * 24);
/// Where a feed tells of deletions, a sweep is a check that finds nothing.
const PERIOD_MIN_OF_CHECK: SignedDuration = SignedDuration::from_hours(24);

/// When a side's object is to be compared, and what that follows from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rhythm {
    /// Seconds from the beginning of one sweep to that of the next.
    pub period_s: u64,
    /// How many records the last completed listing had; 0 where there was none yet.
    pub records: u64,
    /// Calls of the connection that may be made in a day, for all purposes.
    pub calls_per_day: u64,
    /// When the next one begins, or goes on; `None` until the feed is read, and while the backfill reads.
    pub next_at: Option<Timestamp>,
}

impl Rhythm {
    pub fn is_due(&self, now: Timestamp) -> bool {
        self.next_at.is_some_and(|at| at <= now)
    }
}

/// How often an object of a side is compared, and when next; `None` where there is nothing to compare.
///
/// # Errors
/// `Store`, and `Unreadable` where a newer version wrote the state.
pub async fn rhythm(engine: &Engine, sync: &Sync, mapping: &ObjectMapping, side: Side) -> Result<Option<Rhythm>, EngineError> {
    // What cannot be asked for by its id is not compared: nobody could confirm that it is gone.
    let Some(facts) = sync.facts(mapping, side).filter(|facts| facts.bounds.get_records_max > 0) else { return Ok(None) };
    let swept = resumable::peek::<State>(engine, &keys::sweep(&sync.name, &mapping.name, side)).await?;
    let swept = swept.map(|resting| resting.state).unwrap_or_default();
    let feed = cursor::status(engine, &sync.name, &mapping.name, side).await?;
    let calls_per_day = engine.budgets.get(&sync.ends.of(side).connection).map_or(u64::MAX, |budget| budget.calls_per_day());
    let objects = u64::try_from(sync.mappings.len()).unwrap_or(u64::MAX).max(1);
    let records = swept.records.unwrap_or_default();
    let least = if facts.lists_deletes { PERIOD_MIN_OF_CHECK } else { PERIOD_MIN };
    let period = period(records, facts.bounds.page_records_max, calls_per_day / objects).max(least);
    let now = engine.now();
    let next_at = if !matches!(backfill::status(engine, sync).await?.phase, Phase::NotBegun | Phase::Done) {
        // The first full reading is under way: what it has not brought over yet would seem to be missed.
        None
    } else if !swept.is_at_rest() || swept.allowed.is_some() {
        // One that is under way goes on, and what a person let go does not wait.
        Some(now)
    } else {
        // The feed's beginning is that of the first full reading, where there was one.
        let from = swept.began.or(feed.begun);
        from.map(|from| from + period).or_else(|| feed.caught_up.map(|_| now))
    };
    Ok(Some(Rhythm { period_s: period.as_secs().unsigned_abs(), records, calls_per_day, next_at }))
}

/// How often a side is swept: so that the pages of `records` records take a twentieth of the calls of a day. Between an hour and 30 days.
pub fn period(records: u64, page_records: u32, calls_per_day: u64) -> SignedDuration {
    let pages = records.div_ceil(u64::from(page_records.max(1))).max(1);
    let share = (calls_per_day.saturating_mul(SHARE_PERCENT) / 100).max(1);
    let seconds = pages.saturating_mul(24 * 3600).div_ceil(share);
    SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX)).clamp(PERIOD_MIN, PERIOD_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_for_thousands_of_records_days_for_tens_of_thousands() {
        let hours = |records, page, calls| period(records, page, calls).as_hours();
        assert_eq!(hours(0, 100, 10_000), 1);
        assert_eq!(hours(5_000, 100, 10_000), 2);
        assert_eq!(hours(100_000, 100, 10_000), 48);
        assert_eq!(hours(100_000, 2_000, 100_000), 1);
        assert_eq!(hours(u64::MAX, 1, 0), 720);
    }
}
