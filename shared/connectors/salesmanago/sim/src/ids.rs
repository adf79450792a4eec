//! Identities, the same for the same seed.

use syncline_simulator::Population;

pub(crate) struct Ids {
    rolls: Population,
    given: u32,
    request: i64,
}

impl Ids {
    pub(crate) fn new(seed: u64) -> Self {
        Self { rolls: Population::new(seed), given: 0, request: 184_000 }
    }

    /// The form of a UUID of the first version, as contacts have them: in no order of time.
    pub(crate) fn uuid(&mut self) -> String {
        let text = format!("{:016x}{:016x}", self.roll(), self.roll());
        let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
        format!("{}-{}-1{}-a{}-{}", part(0, 8), part(8, 12), part(12, 15), part(15, 18), part(18, 30))
    }

    pub(crate) fn request(&mut self) -> i64 {
        self.request += 1 + i64::try_from(self.roll() % 7).unwrap_or(0);
        self.request
    }

    fn roll(&mut self) -> u64 {
        self.given = self.given.wrapping_add(1);
        self.rolls.roll(71, self.given)
    }
}
