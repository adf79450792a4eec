//! PostgreSQL: the server itself, with a company's tables.

use std::collections::BTreeMap;

use syncline_model::Timestamp;
use syncline_postgres_sim::{Database, PASSWORD, ROLE, settings_at};
use syncline_simulator::{Population, Simulator, Users};

use crate::{Load, Simulated};

pub(crate) const SIMULATED: Simulated = Simulated {
    system: "postgres",
    make,
    settings,
    secrets: &[("password", PASSWORD)],
    writes: |_| true,
    contact,
    edit: |base_url, id| command(base_url, &format!("UPDATE contacts SET name = 'Ada Newname' WHERE syncline_id = '{id}'")),
    show: |base_url, id| command(base_url, &format!("SELECT * FROM contacts WHERE syncline_id = '{id}'")),
};

/// So many transactions a minute that nothing waits.
const CALLS_PER_MINUTE: u32 = 100_000;

fn make(load: &Load, base_url: &str) -> Box<dyn Users> {
    let mut database = if load.provisioned { Database::provisioned() } else { Database::new() };
    database.load(&Population::new(load.seed), load.people.clone(), load.companies.clone(), load.at);
    database.answers_at(base_url);
    Box::new(database)
}

fn settings(base_url: &str, calls: Option<u32>) -> BTreeMap<String, String> {
    let mut settings = settings_at(base_url);
    settings.insert("calls_per_minute".to_owned(), calls.unwrap_or(CALLS_PER_MINUTE).to_string());
    settings
}

fn contact(simulator: &mut dyn Simulator, now: Timestamp) -> Option<String> {
    syncline_postgres_sim::first_contact(simulator, now)
}

fn command(base_url: &str, sql: &str) -> String {
    let settings = settings_at(base_url);
    let of = |name: &str| settings.get(name).map_or("", String::as_str);
    format!("psql postgresql://{ROLE}:{PASSWORD}@{}:{}/{} -c \"{sql}\"", of("host"), of("port"), of("database"))
}
