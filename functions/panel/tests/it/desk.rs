//! A helpdesk and a CRM behind their APIs, a store in memory, and the panel in front of them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use http::{Method, Request, Response};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};
use syncline_engine::Engine;
use syncline_engine::entry::{Entry, Link, LinkState, Placed};
use syncline_engine::keys;
use syncline_engine::panel::PanelSettings;
use syncline_engine::ports::clock::{Clock, Dice};
use syncline_engine::ports::http::{Call, Http, NoAnswer};
use syncline_engine::ports::outbox::{Message, Outbox, OutboxError};
use syncline_engine::ports::secrets::{Bundle, Secrets, SecretsError};
use syncline_engine::ports::store::{Item, Key, Store, StoreError, Write};
use syncline_freshdesk_sim::Freshdesk;
use syncline_mapping::{Base, Pair};
use syncline_model::{Deadline, MappingName, RecordId, Secret, Side, SyncName};
use syncline_panel::{Panel, Signer, default_settings, handle};
use syncline_registry::{Adapters, InstallationKey, assemble, system_facts};
use syncline_salesforce_sim::Salesforce;
use syncline_simulator::{InProcess, Shared, Unkind, lock, shared};

pub(crate) const PANEL_KEY: &str = "a-panel-secret-of-the-app";
pub(crate) const DOMAIN: &str = "acme.freshdesk.com";
const SALESFORCE: &str = "http://127.0.0.1:9";
const INSTALLATION: [u8; 32] = [7; 32];

#[derive(Default)]
struct Memory {
    bundles: Mutex<BTreeMap<String, Bundle>>,
    items: Mutex<BTreeMap<Key, Item>>,
    now: Mutex<Timestamp>,
    broken: Mutex<bool>,
}

#[async_trait]
impl Secrets for Memory {
    async fn load(&self, name: &str) -> Result<Option<Bundle>, SecretsError> {
        Ok(self.bundles.lock().unwrap().get(name).cloned())
    }

    async fn save(&self, name: &str, bundle: &Bundle) -> Result<(), SecretsError> {
        self.bundles.lock().unwrap().insert(name.to_owned(), bundle.clone());
        Ok(())
    }
}

#[async_trait]
impl Store for Memory {
    async fn get(&self, keys: &[Key]) -> Result<Vec<Option<Item>>, StoreError> {
        if *self.broken.lock().unwrap() {
            return Err(StoreError::Unavailable("throttled".into()));
        }
        let items = self.items.lock().unwrap();
        Ok(keys.iter().map(|key| items.get(key).cloned()).collect())
    }

    async fn write(&self, writes: Vec<Write>) -> Result<(), StoreError> {
        self.write_loose(writes).await
    }

    async fn write_loose(&self, writes: Vec<Write>) -> Result<(), StoreError> {
        let mut items = self.items.lock().unwrap();
        for write in writes {
            match write {
                Write::Put { item, .. } => drop(items.insert(item.key.clone(), item)),
                Write::Delete { key, .. } => drop(items.remove(&key)),
                Write::Check { .. } => {}
            }
        }
        Ok(())
    }

    async fn list(&self, _partition: &str, _after: Option<&str>, _limit: u32) -> Result<Vec<Item>, StoreError> {
        Ok(Vec::new())
    }
}

#[async_trait]
impl Outbox for Memory {
    async fn send(&self, messages: Vec<Message>) -> Result<(), OutboxError> {
        Err(OutboxError::Unavailable(format!("a panel queues nothing, and not {} messages", messages.len())))
    }
}

impl Clock for Memory {
    fn now(&self) -> Timestamp {
        *self.now.lock().unwrap()
    }
}

impl Dice for Memory {
    fn roll(&self) -> u64 {
        4
    }
}

/// Both vendors, told apart by the host.
struct Network {
    freshdesk: InProcess<Freshdesk>,
    salesforce: InProcess<Salesforce>,
}

#[async_trait]
impl Http for Network {
    async fn send(&self, call: Call, by: Deadline) -> Result<Response<Bytes>, NoAnswer> {
        if call.request.uri().host() == Some(DOMAIN) { self.freshdesk.send(call, by).await } else { self.salesforce.send(call, by).await }
    }
}

pub(crate) struct Desk {
    memory: Arc<Memory>,
    pub(crate) freshdesk: Shared<Unkind<Freshdesk>>,
    pub(crate) salesforce: Shared<Unkind<Salesforce>>,
    pub(crate) engine: Engine,
    pub(crate) panel: Panel,
}

/// What a page or JSON answer is.
pub(crate) struct Seen {
    pub(crate) status: u16,
    pub(crate) headers: http::HeaderMap,
    pub(crate) text: String,
}

impl Seen {
    pub(crate) fn json(&self) -> Json {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

impl Desk {
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    /// With the default blocks, changed as the test likes.
    pub(crate) fn with(change: impl FnOnce(&mut PanelSettings)) -> Self {
        let memory = Arc::new(Memory::default());
        *memory.now.lock().unwrap() = "2026-11-22T10:00:00Z".parse().unwrap();
        for (bundle, key, value) in [
            ("freshdesk", "api_key", syncline_freshdesk_sim::INTEGRATION_KEY),
            ("freshdesk", "panel_key", PANEL_KEY),
            ("salesforce", "client_id", "simulator-client"),
            ("salesforce", "client_secret", "simulator-secret"),
        ] {
            let mut bundles = memory.bundles.lock().unwrap();
            bundles.entry(bundle.to_owned()).or_default().0.insert(key.to_owned(), Secret::new(value));
        }
        let freshdesk = shared(Unkind::new(Freshdesk::new(syncline_freshdesk_sim::Profile::default())));
        let org = syncline_salesforce_sim::Profile { instance_url: SALESFORCE.into(), ..Default::default() };
        let salesforce = shared(Unkind::new(Salesforce::new(org)));
        let network = Network {
            freshdesk: InProcess { simulator: freshdesk.clone(), clock: memory.clone() },
            salesforce: InProcess { simulator: salesforce.clone(), clock: memory.clone() },
        };
        let adapters = Adapters {
            store: memory.clone(),
            outbox: memory.clone(),
            clock: memory.clone(),
            dice: memory.clone(),
            secrets: memory.clone(),
            http: Arc::new(network),
        };
        let recipe = syncline_config::recipe("freshdesk-salesforce").unwrap().replace(
            "base_url: https://acme.my.salesforce.com\n    auth: jwt",
            &format!("base_url: {SALESFORCE}\n    login_url: {SALESFORCE}\n    auth: client_credentials\n    daily_calls: \"100000\""),
        );
        let config = syncline_config::read(&recipe, "syncline.yaml", &system_facts()).unwrap_or_else(|problems| panic!("{problems:?}"));
        let engine = assemble(&config, &adapters, &InstallationKey::new(INSTALLATION)).unwrap();
        let mut settings = default_settings().unwrap();
        change(&mut settings);
        let (panel, problems) = Panel::new(&config, &engine, &settings, memory.clone(), Signer::new(&INSTALLATION));
        assert_eq!(problems, Vec::<String>::new());
        Self { memory, freshdesk, salesforce, engine, panel }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.memory.now()
    }

    pub(crate) fn advance(&self, by: SignedDuration) {
        *self.memory.now.lock().unwrap() += by;
    }

    pub(crate) fn break_store(&self) {
        *self.memory.broken.lock().unwrap() = true;
    }

    pub(crate) fn set_secret(&self, key: &str, value: &str) {
        let mut bundles = self.memory.bundles.lock().unwrap();
        bundles.entry("freshdesk".to_owned()).or_default().0.insert(key.to_owned(), Secret::new(value));
    }

    /// A person makes a helpdesk contact; answers its id.
    pub(crate) fn requester(&self, body: &Json) -> i64 {
        self.advance(SignedDuration::from_secs(1));
        let answer = lock(&self.freshdesk).simulator.as_person(self.now(), &Method::POST, "contacts", body);
        let made: Json = serde_json::from_slice(answer.body()).unwrap();
        made["id"].as_i64().unwrap_or_else(|| panic!("{made}"))
    }

    /// A person makes a CRM record; answers its id.
    pub(crate) fn crm(&self, object: &str, fields: &Json) -> String {
        self.advance(SignedDuration::from_secs(1));
        lock(&self.salesforce).simulator.save(object, None, fields, self.now()).unwrap()
    }

    pub(crate) fn contract(&self, account: &str, start: &str) -> String {
        let id = self.crm("Contract", &json!({"AccountId": account, "Status": "Draft", "StartDate": start, "ContractTerm": 12}));
        lock(&self.salesforce).simulator.record("Contract", &id).unwrap()["ContractNumber"].as_str().unwrap().to_owned()
    }

    pub(crate) fn order(&self, account: &str, date: &str) -> String {
        let id = self.crm("Order", &json!({"AccountId": account, "Status": "Draft", "EffectiveDate": date}));
        lock(&self.salesforce).simulator.record("Order", &id).unwrap()["OrderNumber"].as_str().unwrap().to_owned()
    }

    /// Links a requester with a person, as the sync leaves it.
    pub(crate) async fn link(&self, requester: i64, person: &str, state: LinkState) {
        let (sync, mapping): (SyncName, MappingName) = ("customers".into(), "contacts".into());
        let (left, right) = (RecordId::new(requester.to_string()), RecordId::new(person));
        let link = Link { right: right.clone(), base: Base::default(), state, seen: Pair::default(), note: None };
        let link = Placed::absent(keys::entry(&sync, &mapping, Side::Left, &left)).replace(&Entry::Link(link)).unwrap();
        let pointer = Placed::absent(keys::entry(&sync, &mapping, Side::Right, &right)).replace(&Entry::Pointer(left)).unwrap();
        self.memory.write(vec![link, pointer]).await.unwrap();
    }

    pub(crate) async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)], body: &Json) -> Seen {
        let mut request = Request::builder().method(method).uri(format!("https://panel.example{path}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = handle(&self.engine, &self.panel, request.body(Bytes::from(body.to_string())).unwrap()).await;
        let (head, body) = answer.into_parts();
        Seen { status: head.status.as_u16(), headers: head.headers, text: String::from_utf8(body.to_vec()).unwrap() }
    }

    pub(crate) async fn get(&self, path: &str) -> Seen {
        self.send(Method::GET, path, &[("accept", "text/html,application/json;q=0.5")], &Json::Null).await
    }

    pub(crate) async fn mint(&self, key: &str, body: &Json) -> Seen {
        self.send(Method::POST, "/panel/token", &[("x-syncline-key", key)], body).await
    }

    /// A token for this requester, gone the whole way.
    pub(crate) async fn token(&self, requester: i64) -> String {
        let minted = self.mint(PANEL_KEY, &json!({"requester_id": requester, "domain": DOMAIN})).await;
        assert_eq!(minted.status, 200, "{}", minted.text);
        minted.json()["token"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn page(&self, requester: i64) -> Seen {
        self.get(&format!("/panel?token={}", self.token(requester).await)).await
    }

    pub(crate) async fn json(&self, requester: i64) -> Json {
        self.get(&format!("/panel?token={}&format=json", self.token(requester).await)).await.json()
    }

    /// The questions that reached the CRM since the last call of this, without signing in.
    pub(crate) fn crm_calls(&self) -> Vec<String> {
        let mut seen = std::mem::take(&mut lock(&self.salesforce).seen);
        seen.retain(|line| !line.contains("/oauth2/"));
        seen
    }
}

/// The headings of a block's records.
pub(crate) fn headings(shown: &Json, block: &str) -> Vec<String> {
    let blocks = shown["blocks"].as_array().unwrap();
    let block = blocks.iter().find(|one| one["name"] == block).unwrap_or_else(|| panic!("no block {block}: {shown}"));
    block["records"].as_array().unwrap().iter().map(|record| record["heading"].as_str().unwrap().to_owned()).collect()
}

pub(crate) fn block_names(shown: &Json) -> Vec<&str> {
    shown["blocks"].as_array().unwrap().iter().map(|block| block["name"].as_str().unwrap()).collect()
}
