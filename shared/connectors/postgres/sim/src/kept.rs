//! A server whose data stay in a folder: for demonstrations, which end and go on.

use std::path::Path;
use std::process::Child;
use std::sync::Mutex;

use syncline_engine::ports::sql::Statement;

use crate::server::{PASSWORD, ROLE, as_superuser, create, launch};

/// The one database of a kept server.
const DATABASE: &str = "crm";

/// A running server with one database, in which our role may make tables. It ends with whoever holds this, however that comes about.
pub struct KeptServer {
    port: u16,
    /// Never killed: its end is that nobody holds its input any more.
    _script: Mutex<Child>,
}

impl KeptServer {
    /// Starts it, on a free port, with what it had in the folder before.
    ///
    /// # Errors
    /// Where PostgreSQL is not installed or does not start: one sentence, with what to do.
    pub fn start(folder: &Path) -> Result<Self, String> {
        let (port, script) = launch(Some(folder))?;
        let server = Self { port, _script: Mutex::new(script) };
        let role =
            format!("DO $do$ BEGIN IF to_regrole('{ROLE}') IS NULL THEN CREATE ROLE {ROLE} LOGIN PASSWORD '{PASSWORD}'; END IF; END $do$");
        let known = format!("SELECT datname::text FROM pg_database WHERE datname = '{DATABASE}'");
        let found = as_superuser(port, "postgres", vec![Statement::new(role), Statement::new(known)])?;
        if found.iter().flatten().next().is_none() {
            create(port, DATABASE)?;
        }
        let rights = [format!("GRANT CREATE ON DATABASE {DATABASE} TO {ROLE}"), format!("GRANT USAGE, CREATE ON SCHEMA public TO {ROLE}")];
        as_superuser(port, DATABASE, rights.map(Statement::new).into())?;
        Ok(server)
    }

    /// Where it answers: what a client of PostgreSQL's is given, but for who signs in.
    pub fn address(&self) -> String {
        format!("postgresql://127.0.0.1:{}/{DATABASE}", self.port)
    }
}
