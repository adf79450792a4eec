//! Fills an organisation with companies and people that were there before: of four people one is a lead.

use std::collections::BTreeMap;
use std::ops::Range;

use jiff::Timestamp;
use serde_json::{Map, Value as Json, json};
use syncline_simulator::Population;

use crate::save::Actor;
use crate::{ACCOUNTS, CONTACTS, LEADS, ZohoCrm};

/// Over how many seconds before the load the records came: 30 days.
const SPREAD_S: u64 = 30 * 86_400;
const STREAM: u64 = 52;
const PEOPLE_PER_LEAD: u32 = 4;

fn object(members: Json) -> Map<String, Json> {
    match members {
        Json::Object(members) => members,
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Array(_) => Map::new(),
    }
}

impl ZohoCrm {
    /// Adds these companies and people; nobody hears of it. Nothing checks that they are new.
    pub fn load(&mut self, population: &Population, people: Range<u32>, companies: Range<u32>, at: Timestamp) {
        let human = self.human;
        let actor = |number: u32, stream: u64| {
            let back = i64::try_from(population.roll(stream, number) % SPREAD_S).unwrap_or(0);
            Actor { user: human, now: at.as_second() - 1 - back, unmodified_since: None }
        };
        let mut accounts = BTreeMap::new();
        for number in companies {
            let company = population.company(number);
            let input = object(json!({
                "Account_Name": company.name, "Phone": company.phone, "Website": format!("https://{}", company.domain),
                "Billing_Street": company.street, "Billing_City": company.city, "Billing_Code": company.postcode,
                "Billing_Country": company.country
            }));
            if let Ok(id) = self.insert(ACCOUNTS, &input, 0, actor(number, STREAM)) {
                accounts.insert(number, id);
            }
        }
        for number in people {
            let person = population.person(number);
            let company = population.company(person.company);
            let is_lead = number % PEOPLE_PER_LEAD == PEOPLE_PER_LEAD - 1;
            let mut input = object(json!({
                "First_Name": person.first_name, "Last_Name": person.last_name, "Email": person.email, "Phone": person.phone,
                "Mobile": person.mobile, "Title": person.job_title
            }));
            let prefix = if is_lead { "" } else { "Mailing_" };
            let postcode = if is_lead { "Zip_Code" } else { "Mailing_Zip" };
            input.insert(format!("{prefix}Street"), json!(company.street));
            input.insert(format!("{prefix}City"), json!(company.city));
            input.insert(postcode.to_owned(), json!(company.postcode));
            input.insert(format!("{prefix}Country"), json!(company.country));
            if is_lead {
                input.insert("Company".to_owned(), json!(company.name));
            } else if let Some(account) = accounts.get(&person.company) {
                input.insert("Account_Name".to_owned(), json!({"id": account.to_string()}));
            }
            let module = if is_lead { LEADS } else { CONTACTS };
            let loaded = self.insert(module, &input, 0, actor(number, STREAM + 1));
            debug_assert!(loaded.is_ok(), "{loaded:?}");
        }
    }
}
