//! Fills an account with contacts that were there before.

use std::ops::Range;

use jiff::{SignedDuration, Timestamp};
use syncline_simulator::Population;

use crate::Salesmanago;
use crate::contact::{Birthday, Contact, PROVINCE, State};

/// Over how many seconds before the load the contacts came: 30 days.
const SPREAD_S: u64 = 30 * 86_400;
/// The stream of the population's rolls that is used here.
const STREAM: u64 = 73;

impl Salesmanago {
    /// Adds these people as contacts, with the addresses that all other simulators know too; no rule hears of it. Of eight, four are
    /// prospects, three customers and one something else; one of eight is opted out. Nothing checks that they are new.
    pub fn load(&mut self, population: &Population, people: Range<u32>, at: Timestamp) {
        for number in people {
            let person = population.person(number);
            let company = population.company(person.company);
            let roll = population.roll(STREAM, number);
            let back = SignedDuration::from_secs(i64::try_from(roll % SPREAD_S).unwrap_or(0) + 1);
            let owner = self.owners.any(number);
            let mut contact = Contact::new(self.ids.uuid(), &owner, at.checked_sub(back).unwrap_or(at));
            contact.email = Some(person.email.to_lowercase());
            contact.state = match (roll >> 32) % 8 {
                0..=3 => State::Prospect,
                4..=6 => State::Customer,
                _ => State::Partner,
            };
            contact.opted_out = (roll >> 40).is_multiple_of(8);
            contact.texts.extend([
                ("name", format!("{} {}", person.first_name, person.last_name)),
                ("phone", person.mobile),
                ("company", company.name),
                ("streetAddress", company.street),
                ("zipCode", company.postcode),
                ("city", company.city),
                ("country", country_code(&company.country).to_owned()),
            ]);
            if number % 3 == 0 {
                contact.texts.insert(PROVINCE, "Małopolskie".to_owned());
            }
            if number % 4 == 1 {
                let (month, day) = (i8::try_from(1 + roll % 12).unwrap_or(1), i8::try_from(1 + (roll >> 8) % 28).unwrap_or(1));
                let year = (number % 8 == 1).then(|| 1950 + i16::try_from((roll >> 16) % 55).unwrap_or(0));
                contact.birthday = Some(Birthday { year, month, day });
            }
            let id = contact.id.clone();
            if let Some(email) = &contact.email {
                self.by_email.insert(email.clone(), id.clone());
            }
            self.contacts.insert(id, contact);
        }
    }
}

/// The vendor's examples write countries in two letters.
fn country_code(name: &str) -> &str {
    match name {
        "Germany" => "DE",
        "France" => "FR",
        "United Kingdom" => "GB",
        "Sweden" => "SE",
        "Poland" => "PL",
        "Italy" => "IT",
        "United States" => "US",
        "Portugal" => "PT",
        other => other,
    }
}
