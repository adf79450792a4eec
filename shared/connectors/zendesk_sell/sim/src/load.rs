//! Fills an account with people and organisations that were there before, as after an import: many share their seconds.

use std::ops::Range;

use jiff::Timestamp;
use serde_json::json;
use syncline_simulator::Population;

use crate::Sell;
use crate::rows::Row;
use crate::spec::{CONTACTS, DEALS, LEADS, STAGES};

/// So many neighbours share the second in which they were made.
const ROWS_PER_SECOND: u32 = 40;
/// Over how many seconds before the load they spread: 30 days, all before Firehose's 72 hours.
const SPREAD_S: u64 = 30 * 86_400;
const BEFORE_S: i64 = 73 * 3_600;
/// Every so many people have a deal; every so many companies a lead of the same trade.
const PEOPLE_PER_DEAL: u32 = 20;
const STREAM: u64 = 81;

impl Sell {
    /// Adds these people as persons and these companies as organisations, with a few deals. Nothing checks that they are new; no event tells of them.
    pub fn load(&mut self, population: &Population, people: Range<u32>, companies: Range<u32>, at: Timestamp) {
        let mut organizations = std::collections::BTreeMap::new();
        for number in companies {
            let source = population.company(number);
            let mut row = self.loaded(*population, number, at);
            for (member, value) in [
                ("is_organization", json!(true)),
                ("name", json!(source.name)),
                ("phone", json!(source.phone)),
                ("website", json!(format!("https://{}", source.domain))),
                (
                    "address",
                    json!({"line1": source.street, "city": source.city, "postal_code": source.postcode, "country": source.country}),
                ),
            ] {
                row.set(member, value);
            }
            organizations.insert(number, row.id);
            self.tables.put(&CONTACTS, row);
        }
        for number in people {
            let mut row = self.loaded_person(*population, number, at);
            let name = format!("{} {}", row.text("first_name").unwrap_or_default(), row.text("last_name").unwrap_or_default());
            row.set("name", json!(name));
            row.set("is_organization", json!(false));
            row.set("contact_id", json!(organizations.get(&population.person(number).company)));
            let (id, created) = (row.id, row.created);
            self.tables.put(&CONTACTS, row);
            if number % PEOPLE_PER_DEAL == 0 {
                let mut deal = Row::new(self.next_id(), created);
                deal.revision = 1;
                for (member, value) in [
                    ("name", json!(format!("Deal {number}"))),
                    ("value", json!(format!("{}.50", number + 100))),
                    ("currency", json!(crate::CURRENCY)),
                    ("hot", json!(false)),
                    ("contact_id", json!(id)),
                    ("stage_id", json!(self.tables.of(&STAGES).next().map(|stage| stage.id))),
                    ("creator_id", json!(self.owner)),
                    ("owner_id", json!(self.owner)),
                ] {
                    deal.set(member, value);
                }
                self.tables.put(&DEALS, deal);
            }
        }
    }

    /// Adds these people as leads.
    pub fn load_leads(&mut self, population: &Population, people: Range<u32>, at: Timestamp) {
        for number in people {
            let mut row = self.loaded_person(*population, number, at);
            row.set("organization_name", json!(population.company(population.person(number).company).name));
            row.set("status", json!("New"));
            self.tables.put(&LEADS, row);
        }
    }

    fn loaded(&mut self, population: Population, number: u32, at: Timestamp) -> Row {
        let spread = population.roll(STREAM, number / ROWS_PER_SECOND) % SPREAD_S;
        let mut row = Row::new(self.next_id(), at.as_second() - BEFORE_S - i64::try_from(spread).unwrap_or(0));
        row.revision = 1;
        row.set("creator_id", json!(self.owner));
        row.set("owner_id", json!(self.owner));
        row.set("customer_status", json!("none"));
        row.set("prospect_status", json!("none"));
        row
    }

    fn loaded_person(&mut self, population: Population, number: u32, at: Timestamp) -> Row {
        let person = population.person(number);
        let mut row = self.loaded(population, number, at);
        for (member, value) in [
            ("first_name", person.first_name),
            ("last_name", person.last_name),
            ("email", person.email),
            ("mobile", person.mobile),
            ("phone", person.phone),
            ("title", person.job_title),
        ] {
            row.set(member, json!(value));
        }
        row
    }
}
