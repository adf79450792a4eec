//! An account, and a connector that holds its key.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Map, Value as Json, json};
use syncline_engine::ports::clock::{Clock, Dice};
use syncline_engine::ports::connector::{Connector, Outcome, Selection, WriteAction};
use syncline_engine::ports::secrets::{Bundle, Secrets, SecretsError};
use syncline_engine::ports::vendor::{Parts, Settings, Vendor};
use syncline_mapsly_sim::{API_KEY, ENTITIES, Mapsly, Profile};
use syncline_model::{CallError, Deadline, Secret, Timestamp, Value};
use syncline_simulator::{InProcess, Shared, Unkind, lock, shared};

pub(crate) const NOW: &str = "2026-11-22T10:00:00Z";

struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        NOW.parse().unwrap()
    }
}

impl Dice for Still {
    fn roll(&self) -> u64 {
        4
    }
}

struct Keys(Bundle);

#[async_trait]
impl Secrets for Keys {
    async fn load(&self, _name: &str) -> Result<Option<Bundle>, SecretsError> {
        Ok(Some(self.0.clone()))
    }

    async fn save(&self, name: &str, _bundle: &Bundle) -> Result<(), SecretsError> {
        Err(SecretsError { name: name.to_owned(), problem: "these are fixed".to_owned() })
    }
}

pub(crate) struct Scene {
    pub(crate) account: Shared<Unkind<Mapsly>>,
    pub(crate) connector: Arc<dyn Connector>,
}

impl Scene {
    pub(crate) fn new(profile: Profile) -> Self {
        Self::with(profile, API_KEY, &[])
    }

    pub(crate) fn with(profile: Profile, key: &str, settings: &[(&str, &str)]) -> Self {
        let account = shared(Unkind::new(Mapsly::new(profile)));
        let all = [("entities", ENTITIES)].iter().chain(settings).map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
        let clock = Arc::new(Still);
        let parts = Parts {
            connection: "map".to_owned(),
            settings: Settings(all.collect()),
            secrets: Arc::new(Keys(Bundle([("api_key".to_owned(), Secret::new(key))].into()))),
            http: Arc::new(InProcess { simulator: account.clone(), clock: clock.clone() }),
            clock: clock.clone(),
            dice: clock,
        };
        Self { account, connector: syncline_mapsly::VENDOR.connect(parts).unwrap() }
    }

    /// Writes into `Contacts`.
    pub(crate) async fn write(&self, actions: &[WriteAction]) -> Result<Vec<Outcome>, CallError> {
        self.connector.write(&contacts(), actions, by()).await
    }

    pub(crate) fn stored(&self, id: &str) -> Option<Json> {
        lock(&self.account).simulator.record("Contacts", id)
    }

    pub(crate) fn ids(&self) -> Vec<String> {
        lock(&self.account).simulator.ids("Contacts")
    }

    /// The requests since the last call of this, method and path each.
    pub(crate) fn asked(&self) -> Vec<String> {
        std::mem::take(&mut lock(&self.account).seen)
    }
}

pub(crate) fn by() -> Deadline {
    Deadline("2026-11-22T10:01:00Z".parse().unwrap())
}

pub(crate) fn contacts() -> Selection {
    Selection { kind: "Contacts".into(), fields: vec!["id".into(), "name".into()] }
}

pub(crate) fn create(id: &str, name: &str) -> WriteAction {
    let fields = BTreeMap::from([("id".into(), Value::text(id)), ("name".into(), Value::text(name))]);
    WriteAction::Create { fields, once: Some("id".into()) }
}

/// An update of a field that the account refuses at this value.
pub(crate) fn bad(id: &str) -> WriteAction {
    let fields = BTreeMap::from([("remark".into(), Value::text("Private remark")), ("latitude".into(), Value::Integer(4_711))]);
    WriteAction::Update { id: id.into(), fields, expected: None }
}

/// How each ended: `made`, `changed`, or the fault's name.
pub(crate) fn ends(outcomes: &[Outcome]) -> Vec<&'static str> {
    let end = |outcome: &Outcome| match outcome {
        Outcome::Written { created: true, .. } => "made",
        Outcome::Written { created: false, .. } => "changed",
        Outcome::Failed(fault) => fault.code(),
    };
    outcomes.iter().map(end).collect()
}

/// A record as the map shows it.
pub(crate) fn named(name: &str) -> Json {
    Json::Object(Map::from_iter([("name".to_owned(), json!(name))]))
}
