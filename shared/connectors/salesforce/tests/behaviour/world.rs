//! A simulated organisation, its secrets, a clock, and connectors that remember nothing of each other.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use jiff::SignedDuration;
use serde_json::{Value as Json, json};
use syncline_engine::ports::clock::{Clock, Dice};
use syncline_engine::ports::connector::{Connector, Cursor, FindKey, From, Outcome, Resume, Selection, WriteAction};
use syncline_engine::ports::secrets::{Bundle, Secrets, SecretsError};
use syncline_engine::ports::vendor::{Parts, SettingProblem, Settings, Vendor};
use syncline_model::{Deadline, Fault, FieldName, Record, RecordId, Secret, Timestamp, Value};
use syncline_salesforce_sim::{Profile, Salesforce, TEST_KEY_PEM};
use syncline_simulator::{InProcess, Population, Shared, Trouble, Unkind, When, lock};

pub(crate) const LINK: &str = "FDCONTACTID__c";

pub(crate) struct Moved(Mutex<Timestamp>);

impl Clock for Moved {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

impl Dice for Moved {
    fn roll(&self) -> u64 {
        7
    }
}

#[derive(Default)]
pub(crate) struct Vault(pub(crate) Mutex<Bundle>);

#[async_trait]
impl Secrets for Vault {
    async fn load(&self, _name: &str) -> Result<Option<Bundle>, SecretsError> {
        Ok(Some(self.0.lock().unwrap().clone()))
    }

    async fn save(&self, _name: &str, bundle: &Bundle) -> Result<(), SecretsError> {
        *self.0.lock().unwrap() = bundle.clone();
        Ok(())
    }
}

pub(crate) struct World {
    pub(crate) org: Shared<Unkind<Salesforce>>,
    pub(crate) clock: Arc<Moved>,
    pub(crate) vault: Arc<Vault>,
    settings: BTreeMap<String, String>,
}

pub(crate) fn profile(change: impl FnOnce(&mut Profile)) -> Profile {
    let mut profile = Profile::default();
    change(&mut profile);
    profile
}

impl World {
    /// An organisation with the link field on contacts, and the settings that sign in to it.
    pub(crate) fn new(profile: Profile) -> Self {
        let mut salesforce = Salesforce::new(profile);
        let link = json!({ "type": "Text", "length": 40, "label": "Freshdesk Id", "externalId": true, "unique": true });
        assert!(salesforce.add_custom_field("Contact", LINK, &link));
        Self::around(salesforce)
    }

    pub(crate) fn around(salesforce: Salesforce) -> Self {
        let secrets = [
            ("client_id", "simulator-client"),
            ("client_secret", "simulator-secret"),
            ("username", "integration@simulator.example"),
            ("private_key", TEST_KEY_PEM),
            ("refresh_token", "simulator-refresh"),
            ("webhook_secret", "a-secret-in-the-path"),
        ];
        let bundle = Bundle(secrets.map(|(name, text)| (name.to_owned(), Secret::new(text))).into());
        let settings = [("base_url", "https://simulator.my.salesforce.com"), ("auth", "client_credentials")];
        Self {
            org: Arc::new(Mutex::new(Unkind::new(salesforce))),
            clock: Arc::new(Moved(Mutex::new("2026-11-22T10:00:00Z".parse().unwrap()))),
            vault: Arc::new(Vault(Mutex::new(bundle))),
            settings: settings.map(|(name, text)| (name.to_owned(), text.to_owned())).into(),
        }
    }

    /// With so many people, ten to a company.
    pub(crate) fn peopled(profile: Profile, people: u32) -> Self {
        let world = Self::new(profile);
        lock(&world.org).simulator.load(&Population::new(1), 0..people, 0..people.div_ceil(10), world.now());
        world
    }

    pub(crate) fn with(mut self, setting: &str, text: &str) -> Self {
        self.settings.insert(setting.to_owned(), text.to_owned());
        self
    }

    pub(crate) fn connect(&self) -> Result<Arc<dyn Connector>, Vec<SettingProblem>> {
        syncline_salesforce::VENDOR.connect(Parts {
            connection: "crm".to_owned(),
            settings: Settings(self.settings.clone()),
            secrets: self.vault.clone(),
            http: Arc::new(InProcess { simulator: self.org.clone(), clock: self.clock.clone() }),
            clock: self.clock.clone(),
            dice: self.clock.clone(),
        })
    }

    /// A connector that remembers nothing of the ones before.
    pub(crate) fn connector(&self) -> Arc<dyn Connector> {
        self.connect().unwrap_or_else(|problems| panic!("{problems:?}"))
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn by(&self) -> Deadline {
        Deadline(self.now() + SignedDuration::from_mins(5))
    }

    pub(crate) fn pass(&self, seconds: i64) {
        *self.clock.0.lock().unwrap() += SignedDuration::from_secs(seconds);
    }

    /// What a person does on the screen; answers the id.
    pub(crate) fn save(&self, object: &str, id: Option<&str>, fields: &Json) -> String {
        lock(&self.org).simulator.save(object, id, fields, self.now()).unwrap()
    }

    pub(crate) fn record(&self, object: &str, id: &str) -> Json {
        lock(&self.org).simulator.record(object, id).unwrap()
    }

    pub(crate) fn ids(&self, object: &str) -> BTreeSet<String> {
        lock(&self.org).simulator.ids(object).into_iter().collect()
    }

    pub(crate) fn trouble(&self, method: http::Method, path: &str, trouble: Trouble) {
        lock(&self.org).script.add(When::next(method, path), trouble);
    }

    /// The calls since the last look that count against the daily limit, without describes.
    pub(crate) fn calls(&self) -> Vec<String> {
        let seen = std::mem::take(&mut lock(&self.org).seen);
        seen.into_iter().filter(|call| !call.contains("/oauth2/") && !call.ends_with("/describe")).collect()
    }

    pub(crate) async fn write(&self, actions: &[WriteAction]) -> Vec<Outcome> {
        self.connector().write(&contacts(), actions, self.by()).await.unwrap()
    }

    pub(crate) async fn get(&self, id: &str) -> Option<Record> {
        self.connector().get(&contacts(), &[RecordId::new(id)], self.by()).await.unwrap().remove(0)
    }

    pub(crate) async fn find(&self, field: &str, value: Value) -> Result<Vec<String>, Fault> {
        let key = FindKey { field: field.into(), value };
        let found = self.connector().find(&contacts(), &[key], self.by()).await.map_err(|failed| failed.fault)?;
        Ok(found.into_iter().flatten().map(|record| record.id.to_string()).collect())
    }

    /// A whole scan, each page by a fresh connector from the cursor's text. `between` runs after each page but the last.
    pub(crate) async fn scan(&self, between: impl Fn(usize)) -> (Vec<Record>, Cursor) {
        let mut records = Vec::new();
        let mut from: Option<Cursor> = None;
        for page_number in 0..1_000 {
            let page = self.connector().scan(&contacts(), from.as_ref(), self.by()).await.unwrap();
            records.extend(page.records.into_iter().map(Result::unwrap));
            match page.resume {
                Resume::More(cursor) => from = Some(through_text(&cursor)),
                Resume::CaughtUp(cursor) => return (records, through_text(&cursor)),
            }
            between(page_number);
        }
        panic!("the scan did not end");
    }

    /// All changes from there on, each page by a fresh connector.
    pub(crate) async fn changes(&self, from: &From<'_>, between: impl Fn(usize)) -> (Vec<Record>, Cursor) {
        let mut records = Vec::new();
        let mut next: Option<Cursor> = None;
        for page_number in 0..1_000 {
            let from = next.as_ref().map_or_else(|| from.clone(), From::Cursor);
            let page = self.connector().list_changes(&contacts(), &from, self.by()).await.unwrap();
            records.extend(page.records.into_iter().map(Result::unwrap));
            match page.resume {
                Resume::More(cursor) => next = Some(through_text(&cursor)),
                Resume::CaughtUp(cursor) => return (records, through_text(&cursor)),
            }
            between(page_number);
        }
        panic!("the changes did not end");
    }

    /// The changes since a moment, and where the next listing goes on.
    pub(crate) async fn since(&self, moment: &str) -> (Vec<Record>, Cursor) {
        self.changes(&From::Since(moment.parse().unwrap()), |_| {}).await
    }

    pub(crate) async fn after(&self, cursor: &Cursor) -> (Vec<Record>, Cursor) {
        self.changes(&From::Cursor(cursor), |_| {}).await
    }
}

/// As a store would keep it.
fn through_text(cursor: &Cursor) -> Cursor {
    serde_json::from_str(&serde_json::to_string(cursor).unwrap()).unwrap()
}

pub(crate) fn select(kind: &str, fields: &[&str]) -> Selection {
    Selection { kind: kind.into(), fields: fields.iter().map(|field| FieldName::new(*field)).collect() }
}

pub(crate) fn contacts() -> Selection {
    select("Contact", &["LastName", "FirstName", "Email", "MobilePhone", "AccountId", LINK])
}

pub(crate) fn ids_of(records: &[Record]) -> BTreeSet<String> {
    records.iter().map(|record| record.id.to_string()).collect()
}

pub(crate) fn fields(pairs: &[(&str, &str)]) -> BTreeMap<FieldName, Value> {
    pairs.iter().map(|(name, text)| (FieldName::new(*name), Value::text(*text))).collect()
}

pub(crate) fn create(pairs: &[(&str, &str)]) -> WriteAction {
    WriteAction::Create { fields: fields(pairs), once: None }
}

pub(crate) fn create_once(pairs: &[(&str, &str)]) -> WriteAction {
    WriteAction::Create { fields: fields(pairs), once: Some(LINK.into()) }
}

pub(crate) fn update(id: &str, pairs: &[(&str, &str)]) -> WriteAction {
    WriteAction::Update { id: id.into(), fields: fields(pairs), expected: None }
}

pub(crate) fn delete(id: &str) -> WriteAction {
    WriteAction::Delete { id: id.into() }
}

/// The outcome's record, where it was written and read back.
pub(crate) fn stored(outcome: &Outcome) -> &Record {
    match outcome {
        Outcome::Written { stored: Some(record), .. } => record,
        Outcome::Written { stored: None, .. } => panic!("not read back"),
        Outcome::Failed(fault) => panic!("{fault}"),
    }
}

pub(crate) fn written_id(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Written { id, .. } => id.to_string(),
        Outcome::Failed(fault) => panic!("{fault}"),
    }
}

/// `created`, `updated`, or the fault's name.
pub(crate) fn word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Written { created: true, .. } => "created",
        Outcome::Written { created: false, .. } => "updated",
        Outcome::Failed(fault) => fault.code(),
    }
}

pub(crate) fn failed(outcome: &Outcome) -> &Fault {
    match outcome {
        Outcome::Failed(fault) => fault,
        Outcome::Written { id, .. } => panic!("{id} was written"),
    }
}

/// The vendor's code of a refusal.
pub(crate) fn code_of(outcome: &Outcome) -> String {
    let Fault::Rejected { problems } = failed(outcome) else { panic!("{outcome:?}") };
    problems[0].code.clone()
}
