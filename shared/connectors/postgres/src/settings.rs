//! The connection's settings: where the database is, which tables are synced, and how rows are deleted.

use syncline_engine::ports::settings::{is_loopback, reserve_percent};
use syncline_engine::ports::sql::SCHEME;
use syncline_engine::ports::vendor::{KeyFact, Limit, SettingProblem, Settings};

use crate::names::{Table, is_name};

/// So many calls a minute that a server of the smallest size hardly notices; each is one transaction.
const CALLS_PER_MINUTE: u32 = 600;
const MINUTE_S: u32 = 60;
const PORT: u16 = 5432;
const SCHEMA: &str = "public";
/// How long changes are kept for a reader that has not come by, in days: longer than a sync may stand still without a new backfill.
const CHANGES_DAYS: u32 = 30;
const CHANGES_DAYS_MAX: u32 = 3_650;

const fn key(name: &'static str, required: bool, help: &'static str) -> KeyFact {
    KeyFact { name, required, help }
}

pub(crate) const SETTING_KEYS: &[KeyFact] = &[
    key("host", true, "The database server's host name, as its certificate has it, or an address of this machine."),
    key("port", false, "Its port; 5432 by default."),
    key("database", true, "The database's name."),
    key("user", true, "The role that Syncline signs in as; it must own the tables that it keeps, and be no superuser."),
    key("schema", false, "The schema of the tables; `public` by default."),
    key("tables", true, "The tables that may be synced, with commas between them: `contacts, deals`; `sales.deals` in another schema."),
    key("deletes", false, "`soft` (the default): a deleted row stays and is marked in `syncline_deleted_at`; `hard`: it is removed."),
    key("tls", false, "`verify-full` (the default): the server proves its name; `off`: on this machine only, where it is the default."),
    key("changes_days", false, "How many days of changes are kept for a sync that stands still; 30 by default."),
    key("calls_per_minute", false, "Transactions that Syncline may make in a minute; 600 by default."),
    key("reserve_percent", false, "How much of that is left to others, in per cent; 0 by default."),
];

pub(crate) const SECRET_KEYS: &[KeyFact] = &[
    key("password", true, "The role's password."),
    key(
        "certificate_authority",
        false,
        "The authority that vouches for the server (PEM), where machines do not know it, as a hoster's own.",
    ),
];

/// What happens to a row whose counterpart is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deletes {
    Soft,
    Hard,
}

/// The settings, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    /// The database's address.
    pub(crate) address: String,
    pub(crate) user: String,
    pub(crate) tables: Vec<Table>,
    pub(crate) deletes: Deletes,
    pub(crate) changes_days: u32,
}

pub(crate) fn limits(settings: &Settings) -> Vec<Limit> {
    let calls = settings.get("calls_per_minute").and_then(|text| text.parse().ok()).unwrap_or(CALLS_PER_MINUTE);
    let reserve_percent = settings.get("reserve_percent").and_then(reserve_percent).unwrap_or_default();
    vec![Limit { class: None, calls, window_s: MINUTE_S, reserve_percent }]
}

/// # Errors
/// Every problem of the settings.
pub(crate) fn read(settings: &Settings) -> Result<Target, Vec<SettingProblem>> {
    let mut problems = Vec::new();
    let mut problem = |key: &str, problem: &str, hint: &str| {
        problems.push(SettingProblem { key: key.to_owned(), problem: problem.to_owned(), hint: hint.to_owned() });
    };
    let text = |key: &str| settings.get(key).map(str::trim).filter(|text| !text.is_empty());
    for (key, hint) in [
        ("host", "write the database server's host name"),
        ("database", "write the database's name"),
        ("user", "write the role that Syncline signs in as"),
    ] {
        if text(key).is_none() {
            problem(key, "is missing", hint);
        }
    }
    let host = text("host").unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    if host.contains(['/', '@', '?', '#', ' ']) {
        problem("host", "is no host name", "write the name alone, without scheme, user or port");
    }
    let user = text("user").unwrap_or_default();
    if user.contains(':') {
        problem("user", "has a colon", "sign in as a role without one");
    }
    let port = text("port").map_or(Some(PORT), |port| port.parse().ok());
    if port.is_none() {
        problem("port", "is no port", "write a number from 1 to 65535");
    }
    let tls = match (text("tls"), is_loopback(bare)) {
        (None, local) => !local,
        (Some("verify-full"), _) => true,
        (Some("off"), true) => false,
        (Some("off"), false) => {
            problem("tls", "would send the password unprotected to another machine", "leave it out: servers prove their names");
            true
        }
        (Some(_), _) => {
            problem("tls", "is neither verify-full nor off", "leave it out: servers prove their names");
            true
        }
    };
    let schema = text("schema").unwrap_or(SCHEMA);
    if !is_name(schema) || schema.contains('.') {
        problem("schema", "is no schema's name", "write its name alone, at most 63 characters");
    }
    let named: Vec<&str> = text("tables").unwrap_or_default().split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
    let tables: Vec<Table> = named.iter().filter_map(|name| Table::read(name, schema)).collect();
    if named.is_empty() {
        problem("tables", "is missing", "name the tables that may be synced, with commas between them");
    } else if tables.len() < named.len() {
        problem("tables", "has a name that no table can have", "write `table` or `schema.table`; the schema `syncline` is Syncline's own");
    }
    let deletes = match text("deletes") {
        None | Some("soft") => Deletes::Soft,
        Some("hard") => Deletes::Hard,
        Some(_) => {
            problem("deletes", "is neither soft nor hard", "leave it out to mark deleted rows, or write hard to remove them");
            Deletes::Soft
        }
    };
    let changes_days = text("changes_days").map_or(Some(CHANGES_DAYS), |days| days.parse().ok());
    let changes_days = changes_days.filter(|days| (1..=CHANGES_DAYS_MAX).contains(days));
    if changes_days.is_none() {
        problem("changes_days", "is no number of days", "write a number from 1 to 3650");
    }
    if text("calls_per_minute").is_some_and(|calls| calls.parse::<u32>().map_or(true, |calls| calls == 0)) {
        problem("calls_per_minute", "is no number of calls", "write a number from 1");
    }
    if text("reserve_percent").is_some_and(|percent| reserve_percent(percent).is_none()) {
        problem("reserve_percent", "is no share that can be left", "write a number from 0 to 90");
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let host = if bare.contains(':') { format!("[{bare}]") } else { bare.to_owned() };
    let database = percent_encoding::utf8_percent_encode(text("database").unwrap_or_default(), percent_encoding::NON_ALPHANUMERIC);
    let protection = if tls { "" } else { "?tls=off" };
    Ok(Target {
        address: format!("{SCHEME}://{host}:{}/{database}{protection}", port.unwrap_or(PORT)),
        user: user.to_owned(),
        tables,
        deletes,
        changes_days: changes_days.unwrap_or(CHANGES_DAYS),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(pairs: &[(&str, &str)]) -> Settings {
        Settings(pairs.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect())
    }

    #[test]
    fn a_server_elsewhere_proves_its_name_and_one_here_need_not() {
        let read = |host| read(&settings(&[("host", host), ("database", "crm"), ("user", "syncline"), ("tables", "a, sales.b")])).unwrap();
        let away = read("db.example");
        assert_eq!(away.address, "sql://db.example:5432/crm");
        assert_eq!(away.tables.iter().map(Table::quoted).collect::<Vec<_>>(), ["\"public\".\"a\"", "\"sales\".\"b\""]);
        assert_eq!((away.deletes, away.changes_days), (Deletes::Soft, 30));
        assert_eq!(read("::1").address, "sql://[::1]:5432/crm?tls=off");
        assert_eq!(read("localhost").address, "sql://localhost:5432/crm?tls=off");
    }

    #[test]
    fn every_problem_is_told_at_once() {
        let keys = |pairs: &[(&str, &str)]| read(&settings(pairs)).unwrap_err().into_iter().map(|found| found.key).collect::<Vec<_>>();
        assert_eq!(keys(&[]), ["host", "database", "user", "tables"]);
        let odd = [
            ("host", "https://db"),
            ("database", "crm"),
            ("user", "a:b"),
            ("port", "x"),
            ("tls", "off"),
            ("tables", "a.b.c"),
            ("schema", "a.b"),
            ("deletes", "maybe"),
            ("changes_days", "0"),
            ("calls_per_minute", "0"),
            ("reserve_percent", "99"),
        ];
        let all = ["host", "user", "port", "tls", "schema", "tables", "deletes", "changes_days", "calls_per_minute", "reserve_percent"];
        assert_eq!(keys(&odd), all);
    }

    #[test]
    fn the_budget_follows_the_settings() {
        let limit = limits(&settings(&[("calls_per_minute", "90"), ("reserve_percent", "10")])).remove(0);
        assert_eq!((limit.calls, limit.window_s, limit.reserve_percent), (90, 60, 10));
    }
}
