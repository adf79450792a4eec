//! The daily quota: calls per rolling 24 hours, counted by the minute (fact sheet §5).

use std::collections::BTreeMap;

#[derive(Default)]
pub(crate) struct Quota {
    by_minute: BTreeMap<i64, u32>,
    used: u32,
    preset: Option<u32>,
}

impl Quota {
    pub(crate) fn preset(&mut self, used: u32) {
        self.preset = Some(used);
    }

    /// Calls in the 24 hours before this moment.
    pub(crate) fn used(&mut self, now: i64) -> u32 {
        const DAY_MINUTES: i64 = 24 * 60;
        let minute = now.div_euclid(60);
        if let Some(preset) = self.preset.take() {
            self.by_minute = BTreeMap::from([(minute, preset)]);
            self.used = preset;
        }
        while let Some(oldest) = self.by_minute.first_entry().filter(|entry| *entry.key() <= minute - DAY_MINUTES) {
            self.used = self.used.saturating_sub(oldest.remove());
        }
        self.used
    }

    pub(crate) fn count(&mut self, now: i64) {
        *self.by_minute.entry(now.div_euclid(60)).or_default() += 1;
        self.used += 1;
    }
}
