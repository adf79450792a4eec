//! PostgreSQL for tests: no simulator, but the server itself, as Debian ships it, in a temporary folder; behind the same face as the simulators of
//! other vendors, so that the exam and its unkindness hold for it too.
//!
//! What is simulated is time alone: changes that people make are stamped with the caller's. Requests that reach a [`Database`] go to the server
//! through the production adapter, to this database whatever their address says.
#![allow(clippy::panic, reason = "a server that cannot be had, or is not as it was set up, fails whoever wanted it, in words")]

mod apart;
mod certificate;
mod kept;
mod open;
mod server;
mod tables;
mod way;

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use serde_json::{Value as Json, json};
use syncline_engine::ports::clock::Dice;
use syncline_engine::ports::connector::FieldWish;
use syncline_engine::ports::secrets::{Bundle, Secrets, SecretsError};
use syncline_engine::ports::sql::{Answer, Ended, SCHEME, SignIn, Statement, Transaction};
use syncline_engine::ports::vendor::{Parts, Settings, Vendor};
use syncline_model::{FieldSchema, FieldType, Secret, Timestamp};
use syncline_simulator::{Fields, Population, Request, Response, Simulator, Strain, Users, answer};

pub use kept::KeptServer;
pub use open::OpenTransaction;
pub use server::{PASSWORD, ROLE, is_installed};
pub use way::Direct;

use server::{PEOPLE, Server, server};
use tables::{KINDS, LINK};
use way::Rows;

/// A crowded server has connections again after this many seconds.
const CROWDED_S: i64 = 90;

/// A database of its own on the server of this process.
pub struct Database {
    server: &'static Server,
    name: String,
    /// The tables whose rows its people keep.
    kinds: &'static [&'static str],
    crowded_until: Option<Timestamp>,
    /// The server is its alone, and time the caller's.
    is_apart: bool,
    lingers: Option<Lingers>,
}

/// What people insert is committed late.
struct Lingers {
    for_s: u64,
    /// What is open, and when it ends.
    open: Vec<(Timestamp, OpenTransaction)>,
}

impl Database {
    /// With a company's tables, and nothing of ours.
    ///
    /// # Panics
    /// Where PostgreSQL is not installed: tests that need it cannot pass without it.
    pub fn new() -> Self {
        let server = server();
        let name = server.take();
        let database = Self { server, name, kinds: KINDS, crowded_until: None, is_apart: false, lingers: None };
        database.as_superuser(tables::anew()).unwrap_or_else(|problem| panic!("the tables could not be made: {problem}"));
        database
    }

    /// On a server of its own, without tables: those of these names are there for people once our role has made them. Its clock stands still between
    /// two calls, at the later one's moment.
    ///
    /// # Panics
    /// Where PostgreSQL is not installed, or is not as it is expected to be.
    pub fn apart(kinds: &'static [&'static str]) -> Self {
        let server = apart::take().unwrap_or_else(|problem| panic!("{problem}"));
        let database = Self { server, name: server.take(), kinds, crowded_until: None, is_apart: true, lingers: None };
        database.as_superuser(apart::anew()).unwrap_or_else(|problem| panic!("the database could not be emptied: {problem}"));
        database
    }

    /// From here on what people insert is committed, and so visible, so many seconds after it was written.
    pub fn linger(&mut self, seconds: u64) {
        self.lingers = (seconds > 0).then_some(Lingers { for_s: seconds, open: Vec::new() });
    }

    /// As after `syncline provision`.
    pub fn provisioned() -> Self {
        let database = Self::new();
        for kind in KINDS {
            database.provision(kind, LINK);
        }
        database
    }

    /// Makes the link field of a table, and all that a sync needs, by the connector's own means.
    ///
    /// # Panics
    /// Where that fails.
    pub fn provision(&self, kind: &str, link: &str) {
        let parts = Parts {
            connection: "simulated".to_owned(),
            settings: Settings(self.settings()),
            secrets: Arc::new(OnePassword),
            http: way::databases(),
            clock: Arc::new(way::StandingClock),
            dice: Arc::new(NoDice),
        };
        let connector = syncline_postgres::VENDOR.connect(parts).unwrap_or_else(|problems| panic!("{problems:?}"));
        let mut schema = FieldSchema::new(link, link, FieldType::Text);
        schema.unique = true;
        let wish = FieldWish { kind: kind.into(), schema };
        let made = way::wait_for(async move { connector.provision(&wish, way::deadline()).await });
        made.unwrap_or_else(|error| panic!("{kind} could not be provisioned: {error}"));
    }

    /// The settings with which a connector reaches it without a simulator in between.
    pub fn settings(&self) -> BTreeMap<String, String> {
        settings(self.server.port(), &self.name)
    }

    /// Fills the tables with people and companies of these numbers.
    ///
    /// # Panics
    /// Where the server refuses them.
    pub fn load(&mut self, population: &Population, people: Range<u32>, companies: Range<u32>, at: Timestamp) {
        for number in companies {
            let company = population.company(number);
            let fields = json!({ "name": company.name, "phone": company.phone, "domains": [company.domain] });
            self.must(at, "companies", &fields);
        }
        for number in people {
            let person = population.person(number);
            let name = format!("{} {}", person.first_name, person.last_name);
            let fields = json!({ "name": name, "email": person.email, "mobile": person.mobile, "phone": person.phone, "job_title": person.job_title });
            self.must(at, "contacts", &fields);
        }
    }

    fn must(&mut self, at: Timestamp, kind: &str, fields: &Json) {
        let fields: Fields = fields.as_object().into_iter().flatten().map(|(name, value)| (name.clone(), value.clone())).collect();
        self.create(at, kind, &fields).unwrap_or_else(|problem| panic!("{kind}: {problem}"));
    }

    /// SQL of the customer's, as somebody who edits the tables and has no right on anything of ours. Each statement takes effect with the others.
    ///
    /// # Errors
    /// The server's refusal.
    pub fn edit_with_sql(&self, now: Timestamp, statements: &[&str]) -> Result<Vec<Vec<Vec<Option<String>>>>, String> {
        self.as_people(now, statements.iter().map(|text| Statement::new(*text)).collect())
    }

    /// SQL of the server's administrator.
    ///
    /// # Errors
    /// The server's refusal.
    pub fn administer(&self, statements: &[&str]) -> Result<Vec<Vec<Vec<Option<String>>>>, String> {
        self.as_superuser(statements.iter().map(|text| Statement::new(*text)).collect())
    }

    /// Who vouches for the server, which it does under the name `localhost`; in PEM.
    pub fn authority() -> &'static str {
        &certificate::of_server().authority
    }

    /// Somebody who vouches for nobody here; in PEM.
    pub fn another_authority() -> String {
        certificate::stranger()
    }

    /// A transaction of somebody's who takes their time.
    ///
    /// # Panics
    /// Where the statement is refused.
    pub fn open_transaction(&self, statement: &str) -> OpenTransaction {
        let opened = OpenTransaction::begin(self.server.port(), &self.name, statement);
        opened.unwrap_or_else(|problem| panic!("the transaction could not be begun: {problem}"))
    }

    fn as_superuser(&self, statements: Vec<Statement>) -> Result<Vec<Rows>, String> {
        self.server.as_superuser(&self.name, statements)
    }

    /// Signed in as the superuser, so that a crowded server lets people in; acting as one of the people.
    fn as_people(&self, now: Timestamp, statements: Vec<Statement>) -> Result<Vec<Rows>, String> {
        let (before, count) = (if self.is_apart { 2 } else { 1 }, statements.len());
        let mut all: Vec<Statement> = self.is_apart.then(|| apart::set_clock(now)).into_iter().collect();
        all.push(Statement::new(format!("SET LOCAL ROLE {PEOPLE}")));
        all.extend(statements);
        all.push(Statement::new("RESET ROLE"));
        // Time is the caller's here.
        all.push(Statement::new(format!(
            "DO $do$ BEGIN IF to_regclass('syncline.changes') IS NOT NULL THEN \
             UPDATE syncline.changes SET at = '{now}' WHERE transaction = pg_current_xact_id(); END IF; END $do$"
        )));
        let mut rows = self.as_superuser(all)?;
        Ok(rows.drain(before..before + count).collect())
    }

    fn address(&self) -> String {
        self.server.address(&self.name)
    }
}

impl Default for Database {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if self.crowded_until.is_some() {
            self.calm();
        }
        // Whatever is open is undone before somebody else comes.
        self.lingers = None;
        self.server.give_back(std::mem::take(&mut self.name));
        if self.is_apart {
            apart::give_back(self.server);
        }
    }
}

/// The settings with which a connector reaches a database of this machine.
pub fn settings(port: u16, database: &str) -> BTreeMap<String, String> {
    [("host", "127.0.0.1"), ("port", &port.to_string()), ("database", database), ("user", ROLE), ("tables", &KINDS.join(", "))]
        .map(|(name, text)| (name.to_owned(), text.to_owned()))
        .into()
}

impl Database {
    /// No connection for anybody but the superuser.
    fn crowd(&self) -> Result<(), String> {
        let limit = format!("DO $do$ BEGIN EXECUTE format('ALTER DATABASE %I CONNECTION LIMIT {}', current_database()); END $do$", 0);
        self.as_superuser(vec![Statement::new(limit)])?;
        self.end_sessions()
    }

    fn calm(&mut self) {
        self.crowded_until = None;
        let limit = "DO $do$ BEGIN EXECUTE format('ALTER DATABASE %I CONNECTION LIMIT -1', current_database()); END $do$";
        self.as_superuser(vec![Statement::new(limit)]).unwrap_or_else(|problem| panic!("the limit could not be lifted: {problem}"));
    }

    fn end_sessions(&self) -> Result<(), String> {
        let end = format!(
            "SELECT pg_terminate_backend(pid, 5000)::text FROM pg_stat_activity WHERE datname = current_database() AND usename = '{ROLE}'"
        );
        self.as_superuser(vec![Statement::new(end)]).map(drop)
    }
}

impl Simulator for Database {
    fn handle(&mut self, now: Timestamp, request: &Request) -> Response {
        if self.crowded_until.is_some_and(|until| now >= until) {
            self.calm();
        }
        let mut here = http::Request::post(self.address());
        if let Some(headers) = here.headers_mut() {
            headers.clone_from(request.headers());
        }
        if request.uri().scheme_str().is_some_and(|scheme| scheme != SCHEME) {
            return answer(400, "text/plain", "this is a database");
        }
        if self.is_apart {
            self.as_superuser(vec![apart::set_clock(now)]).unwrap_or_else(|problem| panic!("the clock could not be set: {problem}"));
        }
        let Ok(here) = here.body(request.body().clone()) else { return answer(400, "text/plain", "no request") };
        way::exchange(here).unwrap_or_else(|no_answer| answer(503, "text/plain", no_answer.to_string()))
    }
}

impl Database {
    /// A table's name, if it is one of ours to fill.
    fn known(&self, kind: &str) -> Result<&'static str, String> {
        self.kinds.iter().find(|known| **known == kind).copied().ok_or_else(|| format!("there is no table {kind}"))
    }

    /// A row that is written now, and committed later.
    fn insert_lingering(&mut self, now: Timestamp, table: &str, fields: &Fields) -> Result<String, String> {
        let mut fields = fields.clone();
        let rows = self.as_superuser(vec![apart::set_clock(now), Statement::new("SELECT gen_random_uuid()::text")])?;
        let id = rows.into_iter().flatten().flatten().flatten().next().unwrap_or_default();
        fields.insert("syncline_id".to_owned(), json!(id));
        let values = format!("'{}'::jsonb", json!(fields).to_string().replace('\'', "''"));
        let insert = insertion(table, &fields, &values);
        let open = OpenTransaction::begin(self.server.port(), &self.name, &insert)?;
        if let Some(lingers) = &mut self.lingers {
            lingers.open.push((now + std::time::Duration::from_secs(lingers.for_s), open));
        }
        Ok(id)
    }
}

fn column(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Inserts a row `t` with these fields, whose values stand in a JSON object.
fn insertion(table: &str, fields: &Fields, values: &str) -> String {
    let names: Vec<String> = fields.keys().map(|name| column(name)).collect();
    let given: Vec<String> = names.iter().map(|name| format!("p.{name}")).collect();
    let (names, given) = (names.join(", "), given.join(", "));
    format!("INSERT INTO {table} AS t ({names}) SELECT {given} FROM jsonb_populate_record(NULL::{table}, {values}) AS p")
}

impl Users for Database {
    fn kinds(&self) -> &'static [&'static str] {
        self.kinds
    }

    fn create(&mut self, now: Timestamp, kind: &str, fields: &Fields) -> Result<String, String> {
        let table = self.known(kind)?;
        if self.lingers.is_some() {
            return self.insert_lingering(now, table, fields);
        }
        let insert = format!("{} RETURNING to_jsonb(t) ->> 'syncline_id'", insertion(table, fields, "$1::text::jsonb"));
        let rows = self.as_people(now, vec![Statement::new(insert).with(json!(fields).to_string())])?;
        Ok(rows.into_iter().flatten().flatten().flatten().next().unwrap_or_default())
    }

    fn edit(&mut self, now: Timestamp, kind: &str, id: &str, fields: &Fields) -> Result<(), String> {
        let table = self.known(kind)?;
        let sets: Vec<String> = fields.keys().map(|name| column(name)).map(|name| format!("{name} = p.{name}")).collect();
        let update = format!(
            "UPDATE {table} AS t SET {} FROM jsonb_populate_record(NULL::{table}, $1::text::jsonb) AS p \
             WHERE t.syncline_id::text = $2::text RETURNING t.syncline_id::text",
            sets.join(", ")
        );
        let rows = self.as_people(now, vec![Statement::new(update).with(json!(fields).to_string()).with(id)])?;
        if rows.iter().flatten().count() == 1 { Ok(()) } else { Err(format!("{kind} {id} is not there")) }
    }

    fn delete(&mut self, now: Timestamp, kind: &str, id: &str) -> Result<(), String> {
        let table = self.known(kind)?;
        let delete = format!("DELETE FROM {table} AS t WHERE t.syncline_id::text = $1::text RETURNING t.syncline_id::text");
        let rows = self.as_people(now, vec![Statement::new(delete).with(id)])?;
        if rows.iter().flatten().count() == 1 { Ok(()) } else { Err(format!("{kind} {id} is not there")) }
    }

    fn restore(&mut self, _now: Timestamp, kind: &str, _id: &str) -> Result<(), String> {
        Err(format!("a row of {kind} that was deleted is gone"))
    }

    fn merge(&mut self, _now: Timestamp, kind: &str, _survivor: &str, _loser: &str) -> Result<(), String> {
        Err(format!("rows of {kind} are not merged"))
    }

    fn live(&self, kind: &str) -> BTreeMap<String, Fields> {
        let Ok(table) = self.known(kind) else { return BTreeMap::new() };
        let all = format!("SELECT to_jsonb(t)::text FROM {table} AS t WHERE to_jsonb(t) ->> 'syncline_deleted_at' IS NULL");
        let rows = match self.as_superuser(vec![Statement::new(all)]) {
            Ok(rows) => rows,
            // Not made yet.
            Err(problem) if self.is_apart && problem.contains("42P01") => return BTreeMap::new(),
            Err(problem) => panic!("{kind} cannot be read: {problem}"),
        };
        let texts = rows.iter().flatten().flatten().flatten();
        let read = texts.filter_map(|text| serde_json::from_str::<Fields>(text).ok());
        read.map(|row| (row.get("syncline_id").and_then(Json::as_str).unwrap_or_default().to_owned(), row)).collect()
    }

    fn purge(&mut self, now: Timestamp, kind: &str, id: &str) -> Result<(), String> {
        self.delete(now, kind, id)
    }

    fn settle(&mut self, now: Timestamp) -> bool {
        let Some(lingers) = &mut self.lingers else { return false };
        let (due, open) = std::mem::take(&mut lingers.open).into_iter().partition::<Vec<_>, _>(|(until, _)| *until <= now);
        lingers.open = open;
        let any = !due.is_empty();
        for (_, transaction) in due {
            transaction.commit();
        }
        any
    }

    fn strain(&mut self, now: Timestamp, strain: Strain) -> bool {
        let happened = match strain {
            Strain::SessionsEnd => self.end_sessions(),
            Strain::LimitSpent => {
                self.crowded_until = now.checked_add(std::time::Duration::from_secs(CROWDED_S.unsigned_abs())).ok();
                self.crowd()
            }
            Strain::PlanDowngraded | Strain::PlanUpgraded => return false,
        };
        happened.unwrap_or_else(|problem| panic!("{strain:?}: {problem}"));
        true
    }
}

/// The secret of every simulated connection.
struct OnePassword;

#[async_trait]
impl Secrets for OnePassword {
    async fn load(&self, _name: &str) -> Result<Option<Bundle>, SecretsError> {
        Ok(Some(Bundle(BTreeMap::from([("password".to_owned(), Secret::new(PASSWORD))]))))
    }

    async fn save(&self, _name: &str, _bundle: &Bundle) -> Result<(), SecretsError> {
        Ok(())
    }
}

/// Provisioning rolls none.
struct NoDice;

impl Dice for NoDice {
    fn roll(&self) -> u64 {
        0
    }
}

/// Databases by the address at which a simulator was asked to answer: a connector is pointed at the server itself.
static PLACES: Mutex<BTreeMap<String, (u16, String)>> = Mutex::new(BTreeMap::new());

impl Database {
    /// Remembers it under the address at which a simulator was asked to answer.
    pub fn answers_at(&self, base_url: &str) {
        let place = (self.server.port(), self.name.clone());
        PLACES.lock().unwrap_or_else(PoisonError::into_inner).insert(base_url.to_owned(), place);
    }
}

/// The settings of the newest database for this address; where there is none yet, of one that nobody serves.
pub fn settings_at(base_url: &str) -> BTreeMap<String, String> {
    let known = PLACES.lock().unwrap_or_else(PoisonError::into_inner).get(base_url).cloned();
    let (port, name) = known.unwrap_or_else(|| (9, "crm".to_owned()));
    settings(port, &name)
}

/// The id of a contact that is there, asked as a connector asks.
pub fn first_contact(simulator: &mut dyn Simulator, now: Timestamp) -> Option<String> {
    let sign_in = SignIn { user: ROLE.to_owned(), password: Secret::new(PASSWORD), authority: None };
    let first = Statement::new("SELECT syncline_id::text FROM contacts ORDER BY id LIMIT 1");
    let request = Transaction { statements: vec![first] }.request(&format!("{SCHEME}://127.0.0.1/crm"), &sign_in).ok()?;
    let answer: Answer = serde_json::from_slice(simulator.handle(now, &request).body()).ok()?;
    match answer.results.into_iter().next()? {
        Ended::Rows(rows) => rows.into_iter().flatten().flatten().next(),
        Ended::Refused(_) => None,
    }
}
