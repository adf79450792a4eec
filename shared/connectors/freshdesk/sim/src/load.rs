//! Fills an account with people and companies that were there before: as after years of work, with an import that shares its seconds.

use std::ops::Range;

use jiff::Timestamp;
use syncline_simulator::Population;

use crate::Freshdesk;
use crate::companies::Company;
use crate::contacts::Contact;

/// So many neighbours share the second in which they were created: imports write thousands in one (fact sheet §3.2).
const RECORDS_PER_SECOND: u32 = 40;

/// Over how many seconds before the load the creations spread: 30 days.
const SPREAD_S: u64 = 30 * 86_400;

/// Every so many people have a ticket.
const PEOPLE_PER_TICKET: u32 = 50;

/// Streams of the population's rolls that are used here.
const CONTACT_STREAM: u64 = 21;
const COMPANY_STREAM: u64 = 22;

impl Freshdesk {
    /// Adds these people and companies; searches see them at once.
    ///
    /// Contacts are named "First Last" and belong to their company where it is loaded, now or before. Nothing checks that they are new.
    pub fn load(&mut self, population: &Population, people: Range<u32>, companies: Range<u32>, at: Timestamp) {
        let at = at.as_second();
        for number in companies {
            let source = population.company(number);
            let mut company = Company::blank(self.ids.company(), created(*population, COMPANY_STREAM, number, at));
            company.name = source.name;
            company.domains = vec![source.domain];
            self.companies.load(company);
        }
        for number in people {
            let source = population.person(number);
            let mut contact = Contact::blank(self.ids.contact(), created(*population, CONTACT_STREAM, number, at));
            contact.name = format!("{} {}", source.first_name, source.last_name);
            contact.email = Some(source.email);
            contact.mobile = Some(source.mobile);
            contact.phone = Some(source.phone);
            contact.job_title = Some(source.job_title);
            contact.active = number % 4 != 0;
            self.attach_by_domain(&mut contact);
            let contact = self.contacts.load(contact);
            if number % PEOPLE_PER_TICKET == 0 {
                self.tickets.load(&contact, contact.created_at);
            }
        }
    }
}

fn created(population: Population, stream: u64, number: u32, at: i64) -> i64 {
    let back = population.roll(stream, number / RECORDS_PER_SECOND) % SPREAD_S;
    at - 1 - i64::try_from(back).unwrap_or(0)
}
