//! An organisation in the process, with a clock that the test moves.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use jiff::SignedDuration;
use serde_json::Value as Json;
use syncline_engine::ports::clock::{Clock, Dice};
use syncline_engine::ports::connector::{Connector, Cursor, From, Outcome, Resume, Selection, WriteAction};
use syncline_engine::ports::secrets::{Bundle, Secrets, SecretsError};
use syncline_engine::ports::vendor::{Parts, Settings, Vendor};
use syncline_model::{Deadline, FieldName, Record, RecordId, Secret, Timestamp, Value};
use syncline_simulator::{Fields, InProcess, Interrupted, Shared, Trouble, Unkind, Users, When, lock, shared};
use syncline_zoho_crm_sim::{CLIENT_ID, CLIENT_SECRET, CONTACTS, DataType, Field, LEADS, Profile, REFRESH_TOKEN, ZohoCrm};

pub(crate) const LINK: &str = "SALESmanago_Id";

struct Moved(Mutex<Timestamp>);

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

struct Safe(Mutex<Bundle>);

#[async_trait]
impl Secrets for Safe {
    async fn load(&self, _name: &str) -> Result<Option<Bundle>, SecretsError> {
        Ok(Some(self.0.lock().unwrap().clone()))
    }

    async fn save(&self, _name: &str, bundle: &Bundle) -> Result<(), SecretsError> {
        *self.0.lock().unwrap() = bundle.clone();
        Ok(())
    }
}

pub(crate) struct World {
    pub(crate) account: Shared<Unkind<ZohoCrm>>,
    pub(crate) wire: Arc<Interrupted<ZohoCrm>>,
    clock: Arc<Moved>,
    safe: Arc<Safe>,
    settings: BTreeMap<String, String>,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(&[])
    }

    /// An organisation with a unique link field in both modules, and these settings.
    pub(crate) fn with(settings: &[(&str, &str)]) -> Self {
        let mut zoho = ZohoCrm::new(Profile { credits: 1_000_000, ..Profile::default() });
        for module in [LEADS, CONTACTS] {
            assert!(zoho.add_field(module, Field::new(LINK, DataType::Text, 40).custom(true)));
        }
        let secrets = [
            ("client_id", CLIENT_ID),
            ("client_secret", CLIENT_SECRET),
            ("refresh_token", REFRESH_TOKEN),
            ("webhook_secret", "long-random-path"),
            ("webhook_token", "random-token"),
        ];
        let own = [("data_center", "us"), ("link_field", LINK)];
        let account = shared(Unkind::new(zoho));
        let clock = Arc::new(Moved(Mutex::new("2026-11-22T10:00:00Z".parse().unwrap())));
        Self {
            wire: Arc::new(Interrupted::new(InProcess { simulator: account.clone(), clock: clock.clone() })),
            account,
            clock,
            safe: Arc::new(Safe(Mutex::new(Bundle(secrets.map(|(name, text)| (name.to_owned(), Secret::new(text))).into())))),
            settings: own.iter().chain(settings).map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect(),
        }
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

    /// A connector that remembers nothing of those before it.
    pub(crate) fn connector(&self) -> Arc<dyn Connector> {
        let parts = Parts {
            connection: "zoho".to_owned(),
            settings: Settings(self.settings.clone()),
            secrets: self.safe.clone(),
            http: self.wire.clone(),
            clock: self.clock.clone(),
            dice: self.clock.clone(),
        };
        syncline_zoho_crm::VENDOR.connect(parts).unwrap_or_else(|problems| panic!("{problems:?}"))
    }

    pub(crate) fn act<T>(&self, act: impl FnOnce(&mut ZohoCrm, Timestamp) -> T) -> T {
        let now = self.now();
        act(&mut lock(&self.account).simulator, now)
    }

    /// A person types a record in; its bare id.
    pub(crate) fn typed<const N: usize>(&self, module: &str, values: [(&str, Json); N]) -> String {
        let fields: Fields = values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        self.act(|zoho, now| zoho.create(now, module, &fields)).unwrap()
    }

    /// The live records of a module by their bare ids.
    pub(crate) fn live(&self, module: &str) -> BTreeMap<String, Fields> {
        self.act(|zoho, _| zoho.live(module))
    }

    pub(crate) fn record(&self, module: &str, id: &str) -> Json {
        self.act(|zoho, _| zoho.record(module, id)).unwrap()
    }

    /// How many requests reached the vendor so far.
    pub(crate) fn requests(&self) -> usize {
        lock(&self.account).seen.len()
    }

    /// The requests since then, method and path.
    pub(crate) fn seen_since(&self, before: usize) -> Vec<String> {
        lock(&self.account).seen[before..].to_vec()
    }

    /// Of the coming requests, this one (from 0) meets a trouble.
    pub(crate) fn trouble(&self, request: u32, trouble: Trouble) {
        lock(&self.account).script.add(When { method: None, contains: String::new(), after: request }, trouble);
    }

    pub(crate) async fn write(&self, action: WriteAction) -> Outcome {
        self.connector().write(&persons(), &[action], self.by()).await.unwrap().remove(0)
    }

    pub(crate) async fn get(&self, id: &RecordId) -> Option<Record> {
        self.connector().get(&persons(), std::slice::from_ref(id), self.by()).await.unwrap().remove(0)
    }

    /// What is told from here, in order, and where it goes on.
    pub(crate) async fn changes(&self, from: From<'_>) -> (Vec<Record>, Cursor) {
        let connector = self.connector();
        let mut told = Vec::new();
        let mut page = connector.list_changes(&persons(), &from, self.by()).await.unwrap();
        loop {
            told.extend(page.records.into_iter().map(|record| record.unwrap()));
            match page.resume {
                Resume::CaughtUp(cursor) => return (told, cursor),
                Resume::More(cursor) => page = connector.list_changes(&persons(), &From::Cursor(&cursor), self.by()).await.unwrap(),
            }
        }
    }
}

pub(crate) fn persons() -> Selection {
    let fields = ["module", "Last_Name", "Email", "City", "Company", "Title", "Date_of_Birth", "Owner", "owner_email", LINK];
    Selection { kind: "person".into(), fields: fields.map(FieldName::from).to_vec() }
}

pub(crate) fn values<const N: usize>(values: [(&str, Value); N]) -> BTreeMap<FieldName, Value> {
    values.into_iter().map(|(name, value)| (FieldName::from(name), value)).collect()
}

pub(crate) fn update<const N: usize>(id: &RecordId, fields: [(&str, Value); N]) -> WriteAction {
    WriteAction::Update { id: id.clone(), fields: values(fields), expected: None }
}

pub(crate) fn written(outcome: &Outcome) -> RecordId {
    let Outcome::Written { id, .. } = outcome else { panic!("{outcome:?}") };
    id.clone()
}

pub(crate) fn bare(id: &RecordId) -> &str {
    id.as_str().split_once('/').unwrap().1
}
