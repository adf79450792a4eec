//! Counts: what happened how often in a world, and what many worlds cost together. Whole numbers only.

use std::collections::BTreeMap;

use crate::auditor::{Breach, Figures};
use crate::run::Outcome;
use crate::scenario::RecipeName;

/// How often each kind of happening came up. A part of the workload that falls away shows here as a kind that nothing counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally(BTreeMap<&'static str, u64>);

impl Tally {
    pub fn add(&mut self, what: &'static str, times: u64) {
        *self.0.entry(what).or_default() += times;
    }

    pub fn of(&self, what: &str) -> u64 {
        self.0.get(what).copied().unwrap_or_default()
    }

    pub fn include(&mut self, other: &Self) {
        for (what, times) in &other.0 {
            self.add(what, *times);
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.0.iter().map(|(what, times)| (*what, *times))
    }
}

/// A seed that broke a promise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    pub seed: u64,
    pub breaches: Vec<Breach>,
}

/// Many worlds together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    pub recipe: RecipeName,
    pub seeds: u64,
    /// By seed.
    pub broken: BTreeMap<u64, Broken>,
    /// Effects: the steps between which anything can happen.
    pub steps: u64,
    /// The most that one seed took, and which.
    pub longest: (u64, u64),
    pub invocations: u64,
    pub killed: u64,
    /// Virtual time, in milliseconds.
    pub passed: i64,
    /// Milliseconds from the last trouble to quiet, of each world that came to rest.
    to_quiet: Vec<i64>,
    pub figures: Figures,
    pub tally: Tally,
}

impl Sums {
    /// Of a recipe; nothing so far.
    pub fn of(recipe: RecipeName) -> Self {
        Self { recipe, ..Self::default() }
    }

    /// Adds a world; one that panicked has no outcome, only its words.
    pub fn include(&mut self, seed: u64, outcome: &Result<Outcome, String>) {
        self.seeds += 1;
        let breaches = match outcome {
            Ok(outcome) => {
                self.count(outcome);
                outcome.breaches.clone()
            }
            Err(words) => vec![Breach { promise: "panic", says: words.clone() }],
        };
        if !breaches.is_empty() {
            self.broken.insert(seed, Broken { seed, breaches });
        }
    }

    fn count(&mut self, outcome: &Outcome) {
        self.steps += outcome.steps;
        self.longest = self.longest.max((outcome.steps, outcome.seed));
        self.invocations += outcome.invocations;
        self.killed += outcome.killed;
        self.passed += outcome.passed;
        if outcome.to_quiet > 0 {
            self.to_quiet.push(outcome.to_quiet);
        }
        self.tally.include(&outcome.tally);
        let (sum, one) = (&mut self.figures, &outcome.figures);
        sum.user_changes += one.user_changes;
        sum.integration_changes += one.integration_changes;
        sum.calls += one.calls;
        sum.writes += one.writes;
        sum.idle_writes += one.idle_writes;
        sum.unseen_overwrites += one.unseen_overwrites;
        sum.losses += one.losses;
        sum.held += one.held;
        sum.skipped += one.skipped;
        sum.pairs += one.pairs;
    }

    /// The time to quiet, in milliseconds, that so many percent of all worlds did not need longer than.
    pub fn to_quiet(&self, percent: usize) -> i64 {
        let mut sorted = self.to_quiet.clone();
        sorted.sort_unstable();
        let place = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
        sorted.get(place).copied().unwrap_or_default()
    }
}

/// A quotient with two places, for people.
pub fn ratio(number: u64, of: u64) -> String {
    if of == 0 {
        return "-".to_owned();
    }
    let hundredths = number.saturating_mul(100).saturating_add(of / 2) / of;
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_one_of_the_values() {
        let sums = Sums { to_quiet: vec![30, 10, 20, 40], ..Sums::default() };
        assert_eq!([0, 50, 75, 99, 100].map(|percent| sums.to_quiet(percent)), [10, 20, 30, 40, 40]);
        assert_eq!(Sums::default().to_quiet(50), 0);
    }

    #[test]
    fn quotients_round_to_two_places() {
        assert_eq!([ratio(1, 3), ratio(2, 3), ratio(10, 4), ratio(1, 0)], ["0.33", "0.67", "2.50", "-"]);
    }
}
