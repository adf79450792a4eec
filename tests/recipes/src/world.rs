//! The world itself.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use http::Method;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value as Json;
use syncline_config::{Config, SettingKey, SystemFacts};
use syncline_engine::budget::Budget;
use syncline_engine::gate::Gate;
use syncline_engine::ports::clock::Clock;
use syncline_engine::ports::connector::FieldWish;
use syncline_engine::ports::http::Http;
use syncline_engine::ports::secrets::{Bundle, Secrets, SecretsError};
use syncline_engine::ports::vendor::{Parts, Settings, Vendor};
use syncline_engine::seal::Sealer;
use syncline_engine::write::Delivery;
use syncline_engine::{End, Engine, Sync, backfill, hold, pull};
use syncline_freshdesk_sim::Freshdesk;
use syncline_local::EmbeddedQueue;
use syncline_local::EmbeddedStore;
use syncline_mapping::{Marker, Pair};
use syncline_model::{ConnectionName, Deadline, FieldSchema, FieldType, Secret, Side};
use syncline_salesforce_sim::Salesforce;
use syncline_simulator::{InProcess, Shared, Unkind, lock, shared};

use crate::{CountingDice, TestClock};

/// Secrets in memory.
#[derive(Default)]
pub struct Memory(Mutex<BTreeMap<String, Bundle>>);

impl Memory {
    pub fn set(&self, name: &str, key: &str, value: &str) {
        let mut bundles = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        bundles.entry(name.to_owned()).or_default().0.insert(key.to_owned(), Secret::new(value));
    }
}

#[async_trait]
impl Secrets for Memory {
    async fn load(&self, name: &str) -> Result<Option<Bundle>, SecretsError> {
        Ok(self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).get(name).cloned())
    }

    async fn save(&self, name: &str, bundle: &Bundle) -> Result<(), SecretsError> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).insert(name.to_owned(), bundle.clone());
        Ok(())
    }
}

/// How a world is to be made.
pub struct WorldSetup {
    /// The recipe's text, changed as the test likes.
    pub config: String,
    pub freshdesk: Freshdesk,
    pub salesforce: Salesforce,
    /// Whether the link fields are made before the start.
    pub provisioned: bool,
    /// Whether the vendors' metadata is read before the start.
    pub described: bool,
}

impl Default for WorldSetup {
    fn default() -> Self {
        let freshdesk =
            syncline_freshdesk_sim::Profile { calls_per_minute: 100_000, contacts_list_per_minute: 100_000, ..Default::default() };
        let mut salesforce = syncline_salesforce_sim::Profile::default();
        salesforce.instance_url = "http://127.0.0.1:9".into();
        Self {
            config: recipe(),
            freshdesk: Freshdesk::new(freshdesk),
            salesforce: Salesforce::new(salesforce),
            provisioned: true,
            described: true,
        }
    }
}

impl WorldSetup {
    /// Replaces a part of the recipe; it must be there.
    #[must_use]
    pub fn with(mut self, from: &str, to: &str) -> Self {
        assert!(self.config.contains(from), "the recipe has no {from:?}");
        self.config = self.config.replace(from, to);
        self
    }
}

/// The shipped recipe, pointed at simulators, without a backfill.
fn recipe() -> String {
    syncline_config::recipe("freshdesk-salesforce")
        .expect("the recipe is shipped")
        .replace(
            "domain: acme # acme.freshdesk.com",
            "domain: acme\n    calls_per_minute: \"100000\"\n    contacts_list_per_minute: \"100000\"",
        )
        .replace(
            "base_url: https://acme.my.salesforce.com\n    auth: jwt",
            "base_url: http://127.0.0.1:9\n    login_url: http://127.0.0.1:9\n    auth: client_credentials\n    daily_calls: \"100000\"",
        )
        .replace("history: backfill", "history: none")
}

/// Everything that a recipe's test needs.
pub struct World {
    pub clock: Arc<TestClock>,
    pub freshdesk: Shared<Unkind<Freshdesk>>,
    pub salesforce: Shared<Unkind<Salesforce>>,
    pub secrets: Arc<Memory>,
    pub engine: Engine,
    pub queue: EmbeddedQueue,
    pub config: Config,
    store: EmbeddedStore,
    folder: tempfile::TempDir,
}

fn facts(vendor: &dyn Vendor) -> SystemFacts {
    let descriptor = vendor.descriptor();
    SystemFacts {
        system: descriptor.system.into(),
        title: descriptor.title.into(),
        setting_keys: vendor
            .setting_keys()
            .iter()
            .map(|key| SettingKey { name: key.name.into(), required: key.required, help: key.help.into() })
            .collect(),
        objects: descriptor.objects.iter().map(|object| object.kind.into()).collect(),
    }
}

fn vendor(system: &str) -> &'static dyn Vendor {
    match system {
        "freshdesk" => &syncline_freshdesk::VENDOR,
        "salesforce" => &syncline_salesforce::VENDOR,
        other => panic!("no vendor {other}"),
    }
}

/// How long a run may take, in virtual time.
const RUN: SignedDuration = SignedDuration::from_mins(10);

impl World {
    /// The shipped recipe between two empty accounts.
    pub async fn new() -> Self {
        Self::made(WorldSetup::default()).await
    }

    pub async fn made(setup: WorldSetup) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let clock = Arc::new(TestClock::default());
        let dice = Arc::new(CountingDice::default());
        let store = EmbeddedStore::start(folder.path(), clock.clone(), dice.clone()).await.expect("the embedded store");
        let queue = EmbeddedQueue::open(folder.path(), 5).await.expect("the embedded queue");
        let secrets = Arc::new(Memory::default());
        secrets.set("freshdesk", "api_key", syncline_freshdesk_sim::INTEGRATION_KEY);
        secrets.set("freshdesk", "webhook_secret", "a-secret-of-the-app");
        secrets.set("salesforce", "client_id", "simulator-client");
        secrets.set("salesforce", "client_secret", "simulator-secret");
        secrets.set("salesforce", "webhook_secret", "a-secret-in-the-path");
        let freshdesk = shared(Unkind::new(setup.freshdesk));
        let salesforce = shared(Unkind::new(setup.salesforce));
        let systems = [facts(vendor("freshdesk")), facts(vendor("salesforce"))];
        let config =
            syncline_config::read(&setup.config, "syncline.yaml", &systems).unwrap_or_else(|problems| panic!("the config: {problems:?}"));
        let engine = {
            let to = |system: &str| -> Arc<dyn Http> {
                match system {
                    "freshdesk" => Arc::new(InProcess { simulator: freshdesk.clone(), clock: clock.clone() }),
                    _ => Arc::new(InProcess { simulator: salesforce.clone(), clock: clock.clone() }),
                }
            };
            let mut ends = BTreeMap::new();
            let mut budgets = BTreeMap::new();
            for (name, connection) in &config.connections {
                let vendor = vendor(connection.system.as_str());
                let settings = Settings(connection.settings.clone());
                let budget = Arc::new(Budget::new(name.clone(), vendor.limits(&settings), Arc::new(store.store()), clock.clone()));
                let http = Gate { inner: to(connection.system.as_str()), budget: budget.clone(), vendor, clock: clock.clone() };
                let parts = Parts {
                    connection: connection.secret.clone(),
                    settings,
                    secrets: secrets.clone(),
                    http: Arc::new(http),
                    clock: clock.clone(),
                    dice: dice.clone(),
                };
                let connector = vendor.connect(parts).unwrap_or_else(|problems| panic!("{name}: {problems:?}"));
                budgets.insert(name.clone(), budget);
                ends.insert(name.clone(), End { connection: name.clone(), connector });
            }
            let mut config = config.clone();
            let mut schemas = syncline_config::Schemas::new();
            if setup.described {
                for (side, sync) in config.syncs.iter().flat_map(|sync| [(Side::Left, sync), (Side::Right, sync)]) {
                    for mapping in &sync.mappings {
                        let (name, kind) = (sync.connection(side).clone(), mapping.kind.of(side).clone());
                        let by = Deadline(clock.now() + RUN);
                        let schema = ends[&name].connector.describe(&kind, by).await.expect("the vendor's metadata");
                        schemas.insert((name, kind), schema);
                    }
                }
            }
            for sync in &mut config.syncs {
                syncline_config::apply_schemas(sync, &schemas);
            }
            let syncs = config
                .syncs
                .iter()
                .map(|sync| Sync {
                    name: sync.name.clone(),
                    ends: Pair::new(ends[&sync.left].clone(), ends[&sync.right].clone()),
                    rules: sync.rules,
                    mappings: sync.mappings.clone(),
                    brings_history: sync.history == syncline_config::HistoryMode::Backfill,
                    history_days: config.history.days,
                    history_values: config.history.values,
                    deletes_max_share: sync.deletes_max_share,
                    debounce_s: sync.debounce_s.clone(),
                })
                .collect();
            Engine {
                store: Arc::new(store.store()),
                outbox: Arc::new(queue.clone()),
                clock: clock.clone(),
                dice,
                marker: Marker::new([7; 32], config.retain),
                sealer: Sealer::new([9; 32]),
                syncs,
                budgets,
                counts: syncline_engine::counts::Counts::default(),
            }
        };
        let world = Self { clock, freshdesk, salesforce, secrets, engine, queue, config, store, folder };
        if setup.provisioned {
            world.provision().await;
        }
        // Turning it on: from here on, changes are seen.
        world.settle().await;
        world
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub fn by(&self) -> Deadline {
        Deadline(self.now() + RUN)
    }

    pub fn sync(&self) -> &Sync {
        &self.engine.syncs[0]
    }

    /// Makes the link fields at both vendors, through their APIs.
    pub async fn provision(&self) {
        for mapping in &self.sync().mappings {
            for side in [Side::Left, Side::Right] {
                let Some(field) = mapping.link_field.of(side) else { continue };
                let label = field.as_str().trim_start_matches("custom_fields.").trim_end_matches("__c").to_uppercase();
                let mut schema = FieldSchema::new(field.clone(), label, FieldType::Text);
                schema.unique = true;
                schema.upsert_key = true;
                schema.custom = true;
                schema.length = Some(40);
                let wish = FieldWish { kind: mapping.kind.of(side).clone(), schema };
                self.sync().ends.of(side).connector.provision(&wish, self.by()).await.expect("the link field is made");
            }
        }
    }

    /// One scheduled pull of a side.
    pub async fn pull(&self, side: Side) -> pull::Pulled {
        pull::pull(&self.engine, self.sync(), side, self.by()).await.expect("a pull")
    }

    /// Works on what is due in a connection's queue, once. Answers how many messages there were.
    pub async fn work(&self, side: Side) -> usize {
        let connection = &self.sync().ends.of(side).connection;
        let deliveries = self.queue.receive(connection, 50, 900, self.now()).await.expect("the queue");
        let list: Vec<Delivery> =
            deliveries.iter().map(|delivery| Delivery { id: delivery.receipt.clone(), body: delivery.body.clone() }).collect();
        if list.is_empty() {
            return 0;
        }
        let unfinished = Box::pin(syncline_engine::write::write(&self.engine, connection, &list, self.by())).await;
        let done: Vec<String> = list.iter().map(|delivery| delivery.id.clone()).filter(|id| !unfinished.contains(id)).collect();
        self.queue.delete(&done).await.expect("the queue");
        for id in &unfinished {
            self.queue.release(id, self.now() + SignedDuration::from_secs(1)).await.expect("the queue");
        }
        list.len()
    }

    /// Runs a backfill to its end, workers in between; answers what it did.
    pub async fn backfill(&self) -> backfill::Progress {
        backfill::begin(&self.engine, self.sync(), false).await.expect("the backfill begins");
        for _ in 0..1000 {
            let progress = backfill::step(&self.engine, self.sync(), self.by()).await.expect("a step of the backfill");
            self.drain().await;
            if let Some(at) = progress.again_at {
                self.clock.advance_to(at);
            }
            if progress.phase == backfill::Phase::Done {
                return progress;
            }
        }
        panic!("the backfill did not end");
    }

    /// Works on the queues until they are empty. Time moves as far as is needed, and not at all where nothing waits.
    pub async fn drain(&self) {
        for _ in 0..2000 {
            if self.work(Side::Left).await + self.work(Side::Right).await > 0 {
                continue;
            }
            let mut next: Option<Timestamp> = None;
            for side in [Side::Left, Side::Right] {
                let due = self.queue.next_due(self.connection(side)).await.expect("the queue");
                next = match (next, due) {
                    (Some(one), Some(other)) => Some(one.min(other)),
                    (one, other) => one.or(other),
                };
            }
            match next {
                None => return,
                Some(due) => self.clock.advance_to(due),
            }
        }
        panic!("the queues did not become empty");
    }

    /// Pulls and works until nothing is left to do.
    pub async fn settle(&self) {
        let mut last = None;
        for _ in 0..100 {
            self.drain().await;
            let (left, right) = (self.pull(Side::Left).await, self.pull(Side::Right).await);
            let again = [&left, &right].into_iter().filter_map(|pulled| pulled.again_at).max();
            if let Some(at) = again {
                self.clock.advance_to(at);
            }
            if left.queued + right.queued == 0 && again.is_none() {
                return;
            }
            last = Some((left, right));
        }
        panic!("the world did not fall quiet: {last:?}");
    }

    /// Runs the configured schedules until then: each side is pulled when it is due, and the workers work in between. Answers when
    /// pulls took place.
    pub async fn run_schedules(&self, until: Timestamp) -> Vec<(Side, Timestamp)> {
        let mut pulls = Vec::new();
        let sync = &self.config.syncs[0];
        loop {
            let now = self.now();
            let next = [Side::Left, Side::Right].map(|side| (sync.schedule.of(side).next_after(now), side));
            let due = next.iter().map(|(at, _)| *at).min().expect("two sides");
            if due > until {
                self.clock.advance_to(until);
                return pulls;
            }
            self.clock.advance_to(due);
            for (at, side) in next {
                if at == due {
                    self.pull(side).await;
                    pulls.push((side, at));
                }
            }
            while self.work(Side::Left).await + self.work(Side::Right).await > 0 {}
        }
    }

    /// The vendors' metadata of every mapped object.
    pub async fn schemas(&self) -> syncline_config::Schemas {
        let mut schemas = syncline_config::Schemas::new();
        for mapping in &self.sync().mappings {
            for side in [Side::Left, Side::Right] {
                let end = self.sync().ends.of(side);
                let kind = mapping.kind.of(side);
                let schema = end.connector.describe(kind, self.by()).await.expect("the vendor's metadata");
                schemas.insert((end.connection.clone(), kind.clone()), schema);
            }
        }
        schemas
    }

    /// Lets time pass and settles: what the schedules would do in it.
    pub async fn after(&self, time: SignedDuration) {
        self.clock.advance(time);
        self.settle().await;
    }

    /// A person edits Freshdesk, through its API.
    pub fn at_freshdesk(&self, method: &Method, path: &str, body: Json) -> Json {
        self.clock.advance(SignedDuration::from_secs(2));
        let answer = lock(&self.freshdesk).simulator.as_person(self.now(), method, path, &body);
        assert!(answer.status().is_success(), "{method} {path}: {} {:?}", answer.status(), answer.body());
        serde_json::from_slice(answer.body()).unwrap_or(Json::Null)
    }

    /// A person makes a Freshdesk contact; answers its id.
    pub fn new_contact(&self, body: Json) -> i64 {
        self.at_freshdesk(&Method::POST, "contacts", body)["id"].as_i64().expect("an id")
    }

    pub fn new_company(&self, body: Json) -> i64 {
        self.at_freshdesk(&Method::POST, "companies", body)["id"].as_i64().expect("an id")
    }

    pub fn edit_contact(&self, id: i64, body: Json) {
        self.at_freshdesk(&Method::PUT, &format!("contacts/{id}"), body);
    }

    /// A person creates (`id` is `None`) or edits a Salesforce record; answers its id.
    pub fn save(&self, object: &str, id: Option<&str>, fields: Json) -> String {
        self.clock.advance(SignedDuration::from_secs(2));
        lock(&self.salesforce).simulator.save(object, id, &fields, self.now()).expect("the record is saved")
    }

    pub fn freshdesk_contact(&self, id: i64) -> Json {
        lock(&self.freshdesk).simulator.contact(id).expect("the contact is there")
    }

    pub fn freshdesk_company(&self, id: i64) -> Json {
        lock(&self.freshdesk).simulator.company(id).expect("the company is there")
    }

    pub fn salesforce_record(&self, object: &str, id: &str) -> Json {
        lock(&self.salesforce).simulator.record(object, id).expect("the record is there")
    }

    pub fn salesforce_ids(&self, object: &str) -> Vec<String> {
        lock(&self.salesforce).simulator.ids(object)
    }

    pub fn freshdesk_contacts(&self) -> Vec<i64> {
        lock(&self.freshdesk).simulator.contact_ids()
    }

    /// The one Salesforce record that carries this Freshdesk id in its link field.
    pub fn counterpart(&self, object: &str, link_field: &str, freshdesk_id: i64) -> String {
        let found: Vec<String> = self
            .salesforce_ids(object)
            .into_iter()
            .filter(|id| self.salesforce_record(object, id)[link_field] == freshdesk_id.to_string().as_str())
            .collect();
        assert_eq!(found.len(), 1, "exactly one {object} carries the id");
        found.into_iter().next().expect("one")
    }

    /// Writing requests that reached the vendors since the last call of this: `POST`, `PUT`, `PATCH`, `DELETE`, without sign-in and reading ones.
    pub fn writes(&self) -> Vec<String> {
        let mut seen = std::mem::take(&mut lock(&self.freshdesk).seen);
        seen.extend(std::mem::take(&mut lock(&self.salesforce).seen));
        seen.retain(|line| !line.starts_with("GET ") && !line.contains("/oauth2/") && !line.contains("composite/sobjects/"));
        seen
    }

    pub async fn holds(&self) -> Vec<hold::Hold> {
        hold::list(&self.engine, &self.sync().name, 100).await.expect("the holds")
    }

    /// How many changes were skipped for this reason, seen on this side, over all mappings.
    pub fn skipped(&self, side: Side, reason: &str) -> u64 {
        let all = self.engine.counts.all();
        all.iter().filter(|((_, _, its), _)| *its == side).filter_map(|(_, counts)| counts.skipped.get(reason)).sum()
    }

    /// The bytes of everything that the store and the queue have on disk.
    pub fn at_rest(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for entry in std::fs::read_dir(self.folder.path()).expect("the folder").flatten() {
            bytes.extend(std::fs::read(entry.path()).unwrap_or_default());
        }
        bytes
    }

    /// `DynamoDB` requests and units used so far.
    pub fn consumed(&self) -> String {
        format!("{:?}", self.store.store().consumed())
    }

    pub fn connection(&self, side: Side) -> &ConnectionName {
        &self.sync().ends.of(side).connection
    }
}
