//! Fills an account with a team that was there before.

use std::ops::Range;

use jiff::Timestamp;
use serde_json::json;
use syncline_simulator::Population;

use crate::users::User;
use crate::{Role, Support};

/// So many neighbours share the second in which they were made.
const USERS_PER_SECOND: u32 = 40;
/// Over how many seconds before the load they spread: 30 days.
const SPREAD_S: u64 = 30 * 86_400;
/// A stream of the population's rolls.
const STREAM: u64 = 51;

impl Support {
    /// Adds these people as agents, offline. Nothing checks that they are new.
    pub fn load(&mut self, population: &Population, people: Range<u32>, at: Timestamp) {
        for number in people {
            let person = population.person(number);
            let spread = population.roll(STREAM, number / USERS_PER_SECOND) % SPREAD_S;
            let made_at = at.as_second() - 61 - i64::try_from(spread).unwrap_or(0);
            let mut user = User::blank(self.next_id(), Role::Agent, made_at);
            user.set("name", json!(format!("{} {}", person.first_name, person.last_name)));
            user.set("email", json!(person.email));
            user.set("phone", json!(person.phone));
            user.set("verified", json!(true));
            self.users.put(user);
        }
    }

    /// Adds these people as end users, as they come with tickets.
    pub fn load_customers(&mut self, population: &Population, people: Range<u32>, at: Timestamp) {
        for number in people {
            let person = population.person(number);
            let mut user = User::blank(self.next_id(), Role::EndUser, at.as_second() - 61);
            user.set("name", json!(format!("{} {}", person.first_name, person.last_name)));
            user.set("email", json!(person.email));
            self.users.put(user);
        }
    }
}
