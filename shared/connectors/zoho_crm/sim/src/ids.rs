//! Identities, the same for the same seed: numbers of 19 digits, ascending with gaps, and what stands for chance in tokens.

use syncline_simulator::Population;

/// What all ids of one organisation begin with (recorded: `6493490000001291001`).
const ORGANISATION: u64 = 6_493_490_000_000_000_000;
const FIRST: u64 = 1_291_000;
/// The stream of the population's rolls that is used here.
const STREAM: u64 = 51;

pub(crate) struct Ids {
    rolls: Population,
    given: u32,
    last: u64,
}

impl Ids {
    pub(crate) fn new(seed: u64) -> Self {
        Self { rolls: Population::new(seed), given: 0, last: ORGANISATION + FIRST }
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.last += 1 + self.roll() % 9;
        self.last
    }

    /// A token of this prefix: `1000.` as the vendor's have.
    pub(crate) fn token(&mut self) -> String {
        format!("1000.{:016x}{:016x}.{:016x}{:016x}", self.roll(), self.roll(), self.roll(), self.roll())
    }

    pub(crate) fn roll(&mut self) -> u64 {
        self.given = self.given.wrapping_add(1);
        self.rolls.roll(STREAM, self.given)
    }
}
