//! PostgreSQL: the server itself, with a company's tables; or, for a demonstration, with none and with data that stay.

use std::collections::BTreeMap;
use std::path::Path;

use syncline_model::Timestamp;
use syncline_postgres_sim::{Database, KeptServer, PASSWORD, ROLE, settings_at};
use syncline_simulator::{Population, Simulator, Users};

use crate::{Load, Served, Simulated};

pub(crate) const SIMULATED: Simulated = Simulated {
    system: "postgres",
    make,
    settings,
    server: Some(server),
    secrets: &[("password", PASSWORD)],
    writes: |_| true,
    contact,
    edit: |base_url, id| command(base_url, &format!("UPDATE contacts SET mobile = '+49 171 5550199' WHERE syncline_id = '{id}'")),
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

fn server(folder: &Path) -> Result<Served, String> {
    let server = KeptServer::start(folder)?;
    Ok(Served { base_url: server.address(), _running: Box::new(server) })
}

/// Where a server's own address leads: which tables there are is not told by it.
fn settings_of(address: &str) -> Option<BTreeMap<String, String>> {
    let (at, database) = address.strip_prefix("postgresql://")?.split_once('/')?;
    let (host, port) = at.split_once(':')?;
    Some(
        [("host", host), ("port", port), ("database", database), ("user", ROLE)]
            .map(|(name, text)| (name.to_owned(), text.to_owned()))
            .into(),
    )
}

fn settings(base_url: &str, calls: Option<u32>) -> BTreeMap<String, String> {
    let mut settings = settings_of(base_url).unwrap_or_else(|| settings_at(base_url));
    settings.insert("calls_per_minute".to_owned(), calls.unwrap_or(CALLS_PER_MINUTE).to_string());
    settings
}

fn contact(simulator: &mut dyn Simulator, now: Timestamp) -> Option<String> {
    syncline_postgres_sim::first_contact(simulator, now)
}

fn command(base_url: &str, sql: &str) -> String {
    let settings = settings(base_url, None);
    let of = |name: &str| settings.get(name).map_or("", String::as_str);
    format!("psql postgresql://{ROLE}:{PASSWORD}@{}:{}/{} -c \"{sql}\"", of("host"), of("port"), of("database"))
}
