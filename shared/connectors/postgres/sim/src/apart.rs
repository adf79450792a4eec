//! A database on a server of its own, in which time and ids are the caller's: the same story goes the same way each time.

use std::sync::{Mutex, PoisonError};

use syncline_engine::ports::sql::Statement;
use syncline_model::Timestamp;

use crate::server::{PEOPLE, ROLE, Server};
use crate::tables;

/// Servers that ran for somebody, and that nobody uses now.
static FREE: Mutex<Vec<&'static Server>> = Mutex::new(Vec::new());

/// A server that nobody else uses: a transaction that is open anywhere on it holds back how far a reader of changes may go.
pub(crate) fn take() -> Result<&'static Server, String> {
    let known = FREE.lock().unwrap_or_else(PoisonError::into_inner).pop();
    // It runs for as long as the process does.
    known.map_or_else(|| Server::start().map(|server| &*Box::leak(Box::new(server))), Ok)
}

pub(crate) fn give_back(server: &'static Server) {
    FREE.lock().unwrap_or_else(PoisonError::into_inner).push(server);
}

/// Empties the database. Tables that our role makes are then open to people. The server's own clock and roll of ids are put aside, under their names
/// stand the caller's clock and ids in their order: whatever calls them, a trigger or a column's default, gets these.
pub(crate) fn anew() -> Vec<Statement> {
    let put_aside = |name: &str, instead: &str| {
        format!(
            "DO $do$ BEGIN IF to_regprocedure('pg_catalog.machine_{name}()') IS NULL THEN \
             ALTER FUNCTION pg_catalog.{name}() RENAME TO machine_{name}; {instead} END IF; END $do$"
        )
    };
    let texts = [
        "DROP SCHEMA IF EXISTS caller CASCADE",
        "CREATE SCHEMA caller",
        "CREATE TABLE caller.clock (now timestamptz NOT NULL)",
        "INSERT INTO caller.clock VALUES ('epoch')",
        "CREATE SEQUENCE caller.ids",
        "GRANT USAGE ON SCHEMA caller TO PUBLIC",
        "GRANT SELECT ON caller.clock TO PUBLIC",
        "GRANT USAGE ON SEQUENCE caller.ids TO PUBLIC",
        &format!("ALTER DEFAULT PRIVILEGES FOR ROLE {ROLE} IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {PEOPLE}"),
        "SET LOCAL allow_system_table_mods = on",
        &put_aside(
            "clock_timestamp",
            "CREATE FUNCTION pg_catalog.clock_timestamp() RETURNS timestamptz LANGUAGE plpgsql VOLATILE \
             AS 'BEGIN RETURN (SELECT now FROM caller.clock); END';",
        ),
        &put_aside(
            "gen_random_uuid",
            "CREATE FUNCTION pg_catalog.gen_random_uuid() RETURNS uuid LANGUAGE plpgsql VOLATILE \
             AS 'BEGIN RETURN (''00000000-0000-4000-8000-'' || lpad(to_hex(nextval(''caller.ids'')), 12, ''0''))::uuid; END';",
        ),
    ];
    tables::emptied().into_iter().chain(texts.iter().map(|text| Statement::new(*text))).collect()
}

/// From here on it is this moment there.
pub(crate) fn set_clock(now: Timestamp) -> Statement {
    Statement::new("UPDATE caller.clock SET now = $1::text::timestamptz").with(now.to_string())
}
