//! A database and connectors on it, with nothing in between.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use syncline_engine::ports::clock::{Clock, Dice};
use syncline_engine::ports::connector::{Connector, Cursor, FieldWish, From, Outcome, Resume, Selection, WriteAction};
use syncline_engine::ports::secrets::{Bundle, Secrets, SecretsError};
use syncline_engine::ports::vendor::{Parts, Settings, Vendor};
use syncline_model::{CallError, Deadline, FieldName, FieldSchema, FieldType, Record, RecordId, Secret, Timestamp, Value};
use syncline_postgres_sim::{Database, Direct, PASSWORD};

pub(crate) const NOW: &str = "2026-11-22T10:00:00Z";

pub(crate) struct Now(pub(crate) Mutex<Timestamp>);

impl Clock for Now {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

struct Counting(AtomicU64);

impl Dice for Counting {
    fn roll(&self) -> u64 {
        self.0.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::Relaxed)
    }
}

struct Password {
    authority: Option<String>,
}

#[async_trait]
impl Secrets for Password {
    async fn load(&self, _name: &str) -> Result<Option<Bundle>, SecretsError> {
        let mut bundle = BTreeMap::from([("password".to_owned(), Secret::new(PASSWORD))]);
        bundle.extend(self.authority.iter().map(|pem| ("certificate_authority".to_owned(), Secret::new(pem))));
        Ok(Some(Bundle(bundle)))
    }

    async fn save(&self, _name: &str, _bundle: &Bundle) -> Result<(), SecretsError> {
        Ok(())
    }
}

pub(crate) struct World {
    pub(crate) database: Database,
    pub(crate) connector: Arc<dyn Connector>,
    pub(crate) clock: Arc<Now>,
}

impl World {
    /// Both tables are provisioned.
    pub(crate) fn new() -> Self {
        Self::with(Database::provisioned(), &[])
    }

    pub(crate) fn with(database: Database, settings: &[(&str, &str)]) -> Self {
        Self::vouched_for(database, settings, None)
    }

    /// The same, by the word of an authority.
    pub(crate) fn vouched_for(database: Database, settings: &[(&str, &str)], authority: Option<String>) -> Self {
        let clock = Arc::new(Now(Mutex::new(NOW.parse().unwrap())));
        let mut all = database.settings();
        all.extend(settings.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())));
        let parts = Parts {
            connection: "replica".to_owned(),
            settings: Settings(all),
            secrets: Arc::new(Password { authority }),
            http: Arc::new(Direct),
            clock: clock.clone(),
            dice: Arc::new(Counting(AtomicU64::new(7))),
        };
        let connector = syncline_postgres::VENDOR.connect(parts).unwrap_or_else(|problems| panic!("{problems:?}"));
        Self { database, connector, clock }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn pass(&self, days: i64) {
        *self.clock.0.lock().unwrap() += jiff::SignedDuration::from_hours(24 * days);
    }

    pub(crate) fn by(&self) -> Deadline {
        Deadline(self.now() + jiff::SignedDuration::from_mins(1))
    }

    /// SQL of the customer's; the cells that it answers.
    pub(crate) fn sql(&self, text: &str) -> Vec<String> {
        let rows = self.database.edit_with_sql(self.now(), &[text]).unwrap_or_else(|problem| panic!("{text}: {problem}"));
        rows.into_iter().flatten().flatten().flatten().collect()
    }

    /// The id of a contact that somebody has just made.
    pub(crate) fn contact(&self, name: &str) -> RecordId {
        self.sql(&format!("INSERT INTO contacts (name) VALUES ('{name}') RETURNING syncline_id::text")).remove(0).into()
    }

    pub(crate) async fn end_of_scan(&self) -> Cursor {
        let mut from = None;
        loop {
            match self.connector.scan(&contacts(&["name"]), from.as_ref(), self.by()).await.unwrap().resume {
                Resume::More(cursor) => from = Some(cursor),
                Resume::CaughtUp(cursor) => return cursor,
            }
        }
    }

    /// What changed since, and where to go on.
    pub(crate) async fn changes(&self, mut from: Cursor) -> (Vec<Record>, Cursor) {
        let mut seen = Vec::new();
        loop {
            let page = self.connector.list_changes(&contacts(&["name"]), &From::Cursor(&from), self.by()).await.unwrap();
            seen.extend(page.records.into_iter().map(Result::unwrap));
            match page.resume {
                Resume::More(cursor) => from = cursor,
                Resume::CaughtUp(cursor) => return (seen, cursor),
            }
        }
    }

    pub(crate) async fn write(&self, selection: &Selection, action: WriteAction) -> Outcome {
        self.connector.write(selection, &[action], self.by()).await.unwrap().remove(0)
    }

    pub(crate) async fn get(&self, selection: &Selection, id: &RecordId) -> Option<Record> {
        self.connector.get(selection, std::slice::from_ref(id), self.by()).await.unwrap().remove(0)
    }

    pub(crate) async fn make(&self, kind: &str, name: &str, field_type: FieldType) -> Result<(), CallError> {
        let wish = FieldWish { kind: kind.into(), schema: FieldSchema::new(name, name, field_type) };
        self.connector.provision(&wish, self.by()).await
    }
}

pub(crate) fn contacts(fields: &[&str]) -> Selection {
    Selection { kind: "contacts".into(), fields: fields.iter().map(|name| FieldName::from(*name)).collect() }
}

pub(crate) fn fields(pairs: &[(&str, Value)]) -> BTreeMap<FieldName, Value> {
    pairs.iter().map(|(name, value)| (FieldName::from(*name), value.clone())).collect()
}

pub(crate) fn ids(records: &[Record]) -> Vec<RecordId> {
    records.iter().map(|record| record.id.clone()).collect()
}
