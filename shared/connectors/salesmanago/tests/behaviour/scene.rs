//! An account with a connector in front of it, and a clock that only moves when told.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use jiff::SignedDuration;
use serde_json::Value as Json;
use syncline_engine::ports::clock::{Clock, Dice};
use syncline_engine::ports::connector::{Connector, From, Outcome, Resume, Selection, WriteAction};
use syncline_engine::ports::secrets::{Bundle, Secrets, SecretsError};
use syncline_engine::ports::vendor::{Parts, Settings, Vendor};
use syncline_model::{Deadline, Fault, FieldName, Record, RecordId, Secret, Timestamp, Value};
use syncline_salesmanago_sim::{API_KEY, API_SECRET, CLIENT_ID, OWNER_EMAIL, Profile, Salesmanago};
use syncline_simulator::{Fields, InProcess, Interrupted, Shared, Unkind, Users, lock, shared};

struct Hands(Mutex<Timestamp>);

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

impl Dice for Hands {
    fn roll(&self) -> u64 {
        4
    }
}

struct Fixed(Bundle);

#[async_trait]
impl Secrets for Fixed {
    async fn load(&self, _name: &str) -> Result<Option<Bundle>, SecretsError> {
        Ok(Some(self.0.clone()))
    }

    async fn save(&self, name: &str, _bundle: &Bundle) -> Result<(), SecretsError> {
        Err(SecretsError { name: name.to_owned(), problem: "these are fixed".to_owned() })
    }
}

pub(crate) struct Scene {
    pub(crate) account: Shared<Unkind<Salesmanago>>,
    pub(crate) wire: Arc<Interrupted<Salesmanago>>,
    clock: Arc<Hands>,
    pub(crate) connector: Arc<dyn Connector>,
}

/// The fields that most tests read.
const FIELDS: &[&str] = &[
    "name",
    "email",
    "phone",
    "company",
    "state",
    "birthday",
    "birthdayWithoutYear",
    "optedOut",
    "optedOutPhone",
    "tags",
    "mainContactOwner",
];

pub(crate) fn selection() -> Selection {
    Selection { kind: "contact".into(), fields: FIELDS.iter().map(|name| FieldName::from(*name)).collect() }
}

pub(crate) fn fields(pairs: &[(&str, Value)]) -> BTreeMap<FieldName, Value> {
    pairs.iter().map(|(name, value)| (FieldName::from(*name), value.clone())).collect()
}

pub(crate) fn plain(record: &Record, name: &str) -> Json {
    record.field(name).unwrap_or_else(|| panic!("{name} was not read")).to_plain()
}

/// The code of the first problem of a refusal.
pub(crate) fn code(outcome: &Outcome) -> &str {
    let Outcome::Failed(Fault::Rejected { problems }) = outcome else { panic!("{outcome:?}") };
    &problems[0].code
}

impl Scene {
    pub(crate) fn new(profile: Profile, settings: &[(&str, &str)]) -> Self {
        let clock = Arc::new(Hands(Mutex::new("2026-11-22T10:00:00Z".parse().unwrap())));
        let account = shared(Unkind::new(Salesmanago::new(Profile { calls_per_minute: 100_000, ..profile })));
        let wire = Arc::new(Interrupted::new(InProcess { simulator: account.clone(), clock: clock.clone() }));
        let texts = [("client_id", CLIENT_ID), ("api_key", API_KEY), ("api_secret", API_SECRET)];
        let secrets = Bundle(texts.map(|(name, text)| (name.to_owned(), Secret::new(text))).into());
        let own = [("server", "app2"), ("owner", OWNER_EMAIL), ("base_url", "http://127.0.0.1:9")];
        let parts = Parts {
            connection: "shop".to_owned(),
            settings: Settings(own.iter().chain(settings).map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()),
            secrets: Arc::new(Fixed(secrets)),
            http: wire.clone(),
            clock: clock.clone(),
            dice: clock.clone(),
        };
        let connector = syncline_salesmanago::VENDOR.connect(parts).unwrap();
        Self { account, wire, clock, connector }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn pass(&self, seconds: i64) {
        *self.clock.0.lock().unwrap() += SignedDuration::from_secs(seconds);
    }

    pub(crate) fn by(&self) -> Deadline {
        Deadline(self.now() + SignedDuration::from_mins(1))
    }

    /// A person types a contact in.
    pub(crate) fn type_in(&self, pairs: &[(&str, Json)]) -> RecordId {
        let typed: Fields = pairs.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        RecordId::new(lock(&self.account).simulator.create(self.now(), "contact", &typed).unwrap())
    }

    /// A person changes a contact.
    pub(crate) fn edit(&self, id: &RecordId, name: &str, value: Json) {
        let typed = Fields::from([(name.to_owned(), value)]);
        lock(&self.account).simulator.edit(self.now(), "contact", id.as_str(), &typed).unwrap();
    }

    pub(crate) async fn read(&self, id: &RecordId) -> Record {
        self.connector.get(&selection(), std::slice::from_ref(id), self.by()).await.unwrap().remove(0).unwrap()
    }

    pub(crate) async fn change(&self, id: &RecordId, pairs: &[(&str, Value)]) -> Outcome {
        self.write(WriteAction::Update { id: id.clone(), fields: fields(pairs), expected: None }).await
    }

    pub(crate) async fn create(&self, pairs: &[(&str, Value)]) -> Outcome {
        self.write(WriteAction::Create { fields: fields(pairs), once: None }).await
    }

    pub(crate) async fn write(&self, action: WriteAction) -> Outcome {
        self.connector.write(&selection(), &[action], self.by()).await.unwrap().remove(0)
    }

    /// All that changed since this moment; between pages something happens.
    pub(crate) async fn changes(&self, since: Timestamp, mut between: impl FnMut(usize)) -> Vec<Record> {
        let (mut records, mut cursor) = (Vec::new(), None);
        for pages in 1..200 {
            let from = cursor.as_ref().map_or(From::Since(since), From::Cursor);
            let page = self.connector.list_changes(&selection(), &from, self.by()).await.unwrap();
            records.extend(page.records.into_iter().map(Result::unwrap));
            match page.resume {
                Resume::CaughtUp(_) => return records,
                Resume::More(next) => cursor = Some(next),
            }
            between(pages);
        }
        panic!("the listing does not end");
    }

    /// How many calls of a path reached the account.
    pub(crate) fn calls(&self, path: &str) -> usize {
        lock(&self.account).seen.iter().filter(|seen| seen.contains(path)).count()
    }
}
