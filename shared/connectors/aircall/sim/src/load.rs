//! Fills a company with users that were there before.

use std::ops::Range;

use jiff::Timestamp;
use syncline_simulator::Population;

use crate::Aircall;
use crate::user::{Reason, Setting, User};

/// Over how many seconds before the load the users came: 30 days.
const SPREAD_S: u64 = 30 * 86_400;
/// The stream of the population's rolls that is used here.
const STREAM: u64 = 33;
/// Of so many users, one each follows the working hours, is unavailable, and is out for lunch; the others are available.
const USERS_PER_TURN: u64 = 8;

impl Aircall {
    /// Adds these people as users, each with the address that all other simulators know too; nobody hears of it. Every fourth writes their address
    /// in capitals. Nothing checks that they are new.
    pub fn load(&mut self, population: &Population, people: Range<u32>, at: Timestamp) {
        for number in people {
            let person = population.person(number);
            let back = i64::try_from(population.roll(STREAM, number) % SPREAD_S).unwrap_or(0);
            let email = if number % 4 == 3 { person.email.to_uppercase() } else { person.email };
            let mut user = User::new(self.ids.user(), &email, at.as_second() - 1 - back);
            let reasons = self.profile.substatuses;
            user.first_name = person.first_name;
            user.last_name = person.last_name;
            user.logged_in = number % 5 != 4;
            user.setting = match population.roll(STREAM + 1, number) % USERS_PER_TURN {
                0 => Setting::CUSTOM,
                1 => Setting::UNAVAILABLE,
                2 => Setting { reason: reasons.then_some(Reason::OutForLunch), ..Setting::UNAVAILABLE },
                _ => Setting::AVAILABLE,
            };
            self.users.insert(user.id, user);
        }
    }
}
