//! Identities, the same for the same seed: numbers ascending with gaps, and what stands for chance in tokens.

use syncline_simulator::Population;

/// Numbers of seven digits (fact sheet §2: recorded).
const USERS_FROM: i64 = 1_784_000;
const TEAMS_FROM: i64 = 120_000;
const CALLS_FROM: i64 = 2_812_000_000;
const HOOKS_FROM: i64 = 310_000;

pub(crate) struct Ids {
    rolls: Population,
    given: u32,
    user: i64,
    team: i64,
    call: i64,
    hook: i64,
}

impl Ids {
    pub(crate) fn new(seed: u64) -> Self {
        Self { rolls: Population::new(seed), given: 0, user: USERS_FROM, team: TEAMS_FROM, call: CALLS_FROM, hook: HOOKS_FROM }
    }

    pub(crate) fn user(&mut self) -> i64 {
        self.user += self.gap();
        self.user
    }

    pub(crate) fn team(&mut self) -> i64 {
        self.team += self.gap();
        self.team
    }

    pub(crate) fn call(&mut self) -> i64 {
        self.call += self.gap();
        self.call
    }

    pub(crate) fn hook(&mut self) -> i64 {
        self.hook += self.gap();
        self.hook
    }

    /// 32 hexadecimal digits.
    pub(crate) fn token(&mut self) -> String {
        format!("{:016x}{:016x}", self.roll(), self.roll())
    }

    /// The form of a UUID of the fourth version.
    pub(crate) fn uuid(&mut self) -> String {
        let text = self.token();
        let (head, rest) = text.split_at(8);
        let (second, rest) = rest.split_at(4);
        let (third, rest) = rest.split_at(4);
        let (fourth, last) = rest.split_at(4);
        format!("{head}-{second}-4{}-a{}-{last}", &third[1..], &fourth[1..])
    }

    fn gap(&mut self) -> i64 {
        i64::try_from(self.roll() % 9).unwrap_or(0) + 1
    }

    fn roll(&mut self) -> u64 {
        self.given = self.given.wrapping_add(1);
        self.rolls.roll(31, self.given)
    }
}
