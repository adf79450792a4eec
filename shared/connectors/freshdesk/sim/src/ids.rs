//! Identities: 64-bit, ascending, with gaps, the same for the same seed.

use syncline_simulator::Population;

/// Above 32 bits from the first one on (fact sheet §2.1: recorded).
const CONTACTS_FROM: i64 = 157_000_790_000;
const COMPANIES_FROM: i64 = 82_000_114_000;
const AGENTS_FROM: i64 = 151_000_100_000;

pub(crate) struct Ids {
    rolls: Population,
    given: u32,
    contact: i64,
    company: i64,
    agent: i64,
}

impl Ids {
    pub(crate) fn new(seed: u64) -> Self {
        Self { rolls: Population::new(seed), given: 0, contact: CONTACTS_FROM, company: COMPANIES_FROM, agent: AGENTS_FROM }
    }

    pub(crate) fn contact(&mut self) -> i64 {
        self.contact += self.gap();
        self.contact
    }

    pub(crate) fn company(&mut self) -> i64 {
        self.company += self.gap();
        self.company
    }

    pub(crate) fn agent(&mut self) -> i64 {
        self.agent += self.gap();
        self.agent
    }

    fn gap(&mut self) -> i64 {
        self.given = self.given.wrapping_add(1);
        i64::try_from(self.rolls.roll(11, self.given) % 9).unwrap_or(0) + 1
    }
}
