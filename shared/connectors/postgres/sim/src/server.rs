//! The one server of a test process: Debian's own, started when it is first needed, gone when the process is.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, OnceLock, PoisonError};

use syncline_engine::ports::sql::{SCHEME, SignIn, Statement};
use syncline_model::Secret;

use crate::certificate;
use crate::way::{self, Rows};

/// The superuser's and everybody's password. Public: it opens nothing but a temporary server on this machine.
pub const PASSWORD: &str = "simulator-password";
/// The role that Syncline signs in as.
pub const ROLE: &str = "syncline";
/// The role of those who edit tables with SQL of their own.
pub(crate) const PEOPLE: &str = "people";
const SUPERUSER: &str = "postgres";

pub(crate) struct Server {
    port: u16,
    /// The script that ends the server when this process ends. Never killed: its end is that nobody holds its input any more.
    _script: Mutex<Child>,
    /// Databases that nobody uses now.
    free: Mutex<Vec<String>>,
    made: Mutex<u32>,
}

/// The server of this process.
///
/// # Panics
/// Where PostgreSQL is not installed or does not start, with the reason: tests that need it cannot pass without it.
pub(crate) fn server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| Server::start().unwrap_or_else(|problem| panic!("{problem}")))
}

/// A free port, and the script that runs a server on it; `kept`: the folder whose data stay.
///
/// # Errors
/// Where PostgreSQL is not installed or does not start: one sentence, with what to do.
pub(crate) fn launch(kept: Option<&Path>) -> Result<(u16, Child), String> {
    let trouble = |error: std::io::Error| format!("PostgreSQL cannot be started: {error}");
    // Taken and let go of: the server takes it a moment later.
    let port = TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr()).map_err(trouble)?.port();
    let shown = certificate::of_server();
    let mut script = Command::new("sh")
        .args(["-c", include_str!("server.sh"), "server.sh", &port.to_string(), PASSWORD, &shown.certificate, &shown.key])
        .args(kept)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(trouble)?;
    let mut said = String::new();
    if let Some(output) = script.stdout.take() {
        BufReader::new(output).read_line(&mut said).map_err(trouble)?;
    }
    if said.trim() != "ready" {
        return Err(format!("PostgreSQL cannot be started: {}", said.trim().trim_start_matches("error: ")));
    }
    Ok((port, script))
}

/// Whether PostgreSQL's server is installed on this machine, so that a [`Database`](crate::Database) can be had.
pub fn is_installed() -> bool {
    let looked = Command::new("sh").args(["-c", include_str!("server.sh"), "server.sh", "look"]).output();
    looked.is_ok_and(|output| output.status.success())
}

impl Server {
    pub(crate) fn start() -> Result<Self, String> {
        let (port, script) = launch(None)?;
        let server = Self { port, _script: Mutex::new(script), free: Mutex::default(), made: Mutex::default() };
        let roles = [ROLE, PEOPLE].map(|role| Statement::new(format!("CREATE ROLE {role} LOGIN PASSWORD '{PASSWORD}'")));
        server.as_superuser("postgres", roles.into())?;
        Ok(server)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn address(&self, database: &str) -> String {
        address(self.port, database)
    }

    pub(crate) fn as_superuser(&self, database: &str, statements: Vec<Statement>) -> Result<Vec<Rows>, String> {
        as_superuser(self.port, database, statements)
    }

    /// An empty database that nobody else uses: a used one is emptied, because that takes a tenth of the time of making one.
    pub(crate) fn take(&self) -> String {
        let known = self.free.lock().unwrap_or_else(PoisonError::into_inner).pop();
        known.unwrap_or_else(|| {
            let number = {
                let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
                *made += 1;
                *made
            };
            let name = format!("crm_{number}");
            self.create(&name).unwrap_or_else(|problem| panic!("no database could be made: {problem}"));
            name
        })
    }

    pub(crate) fn give_back(&self, database: String) {
        self.free.lock().unwrap_or_else(PoisonError::into_inner).push(database);
    }

    /// Databases are made outside of any transaction, which the way to them does not offer.
    fn create(&self, name: &str) -> Result<(), String> {
        create(self.port, name)
    }
}

pub(crate) fn as_superuser(port: u16, database: &str, statements: Vec<Statement>) -> Result<Vec<Rows>, String> {
    let sign_in = SignIn { user: SUPERUSER.to_owned(), password: Secret::new(PASSWORD), authority: None };
    way::rows(&address(port, database), &sign_in, statements)
}

fn address(port: u16, database: &str) -> String {
    format!("{SCHEME}://127.0.0.1:{port}/{database}?tls=off")
}

pub(crate) fn create(port: u16, name: &str) -> Result<(), String> {
    let address = format!("postgresql://{SUPERUSER}:{PASSWORD}@127.0.0.1:{port}/postgres");
    let output = Command::new("psql").args([&address, "-q", "-c", &format!("CREATE DATABASE {name}")]).output();
    let output = output.map_err(|error| format!("psql: {error}; hint: apt-get install postgresql"))?;
    if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
}
