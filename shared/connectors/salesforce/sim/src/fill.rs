//! What an org holds before anyone calls: its own users and objects, and a population of people and companies.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value as Json, json};
use syncline_simulator::Population;

use crate::Salesforce;
use crate::auth::INTEGRATION_USERNAME;
use crate::moments;
use crate::rows::Row;

/// 2025-12-10T20:11:14Z, the moment of the recorded describe answer.
const FOUNDED_AT: i64 = 1_765_397_474;

impl Salesforce {
    /// The org's own rows; answers the integration user's id and the human one's.
    pub(crate) fn found(&mut self) -> (String, String) {
        let org = self.org_id.clone();
        self.plant(
            "Organization",
            &json!({ "Name": "Simulator", "OrganizationType": "Enterprise Edition", "IsSandbox": false }),
            FOUNDED_AT,
            &org,
        );
        let user = |username: &str, last: &str| json!({ "Username": username, "Email": username, "LastName": last, "IsActive": true, "UserType": "Standard" });
        let integration = self.plant("User", &user(INTEGRATION_USERNAME, "Integration"), FOUNDED_AT, &org);
        let human = self.plant("User", &user("human@simulator.example", "Human"), FOUNDED_AT, &integration);
        let names: Vec<(String, String)> =
            self.store.tables().iter().map(|table| (table.object.name.clone(), table.object.prefix.clone())).collect();
        for (name, prefix) in names {
            let entity = json!({ "QualifiedApiName": name, "DeveloperName": name, "Label": name, "KeyPrefix": prefix, "DurableId": name });
            self.plant("EntityDefinition", &entity, FOUNDED_AT, &integration);
        }
        (integration, human)
    }

    /// Puts a row in without rules or triggers; answers its id.
    fn plant(&mut self, object: &str, values: &Json, at: i64, by: &str) -> String {
        let Some(index) = self.store.table_index(object) else { return String::new() };
        let by: Arc<str> = Arc::from(by);
        let Some(table) = self.store.table_mut(index) else { return String::new() };
        let mut row = Row {
            id: table.mint_id(),
            cells: BTreeMap::new(),
            created_at: at,
            created_by: Arc::clone(&by),
            modified_at: at,
            modified_by: Arc::clone(&by),
            stamp: at,
            deleted_at: None,
            deletion: 0,
        };
        for (name, value) in values.as_object().into_iter().flatten() {
            if let Some(field) = table.object.index_of(name) {
                row.set(field, value.clone());
            }
        }
        if let Some(owner) = table.object.index_of("OwnerId") {
            row.set(owner, json!(by.as_ref()));
        }
        let id = row.id.clone();
        let slot = self.store.new_slot(index);
        self.store.put(index, slot, Some(row));
        id
    }

    /// Fills accounts with companies and contacts with people, as the human user saved them in bulk before `at`: many share a second (fact
    /// sheet §3.1, ties). A person's account is empty where their company is outside the range.
    pub fn load(&mut self, population: &Population, people: Range<u32>, companies: Range<u32>, at: Timestamp) {
        let end = moments::seconds(at);
        let human = self.human.to_string();
        // Bursts of about forty, some of which meet in one second: ties are as uneven as recorded ones.
        let stamp = |stream: u64, number: u32| {
            let roll = population.roll(stream, number / 40);
            end - 3_600 + i64::try_from(roll % 3_000).unwrap_or(0) + i64::from(number % 40 == 39)
        };
        let mut accounts = BTreeMap::new();
        for number in companies {
            let company = population.company(number);
            let values = json!({
                "Name": company.name, "Phone": company.phone, "Website": company.domain, "BillingStreet": company.street,
                "BillingCity": company.city, "BillingPostalCode": company.postcode, "BillingCountry": company.country,
            });
            accounts.insert(number, self.plant("Account", &values, stamp(11, number), &human));
        }
        for number in people {
            let person = population.person(number);
            let values = json!({
                "FirstName": person.first_name, "LastName": person.last_name, "Email": person.email, "MobilePhone": person.mobile,
                "Phone": person.phone, "Title": person.job_title, "AccountId": accounts.get(&person.company),
            });
            self.plant("Contact", &values, stamp(12, number), &human);
        }
    }
}
