//! All that the functions speak to, on this machine.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value as Json, json};
use syncline_aws::{SystemClock, SystemDice};
use syncline_engine::ports::clock::Clock;
use syncline_local::EmbeddedStore;
use syncline_registry_sim::{Load, Simulated, simulator};
use syncline_simulator::{Fields, Shared, Users, lock, shared};

use crate::cloud::Cloud;
use crate::function::Function;

const TABLE: &str = "syncline";
/// A secret that a helpdesk's app knows.
pub const PANEL_KEY: &str = "panel-key-of-sixteen";

/// One vendor's running simulator.
pub struct Vendor {
    simulated: &'static Simulated,
    base_url: String,
    users: Shared<Box<dyn Users>>,
}

/// What stands in a vendor's account when a world begins.
#[derive(Clone, Debug, Default)]
pub struct Filling {
    /// By their numbers in the population: who is in both accounts is the same person there.
    pub people: Range<u32>,
    pub companies: Range<u32>,
    /// Calls that the account grants in each of its windows; the vendor's usual number by default.
    pub calls: Option<u32>,
}

impl Vendor {
    async fn start(system: &str, filling: Filling) -> Self {
        let simulated = simulator(system).unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}", listener.local_addr().unwrap());
        let Filling { people, companies, calls } = filling;
        let load = Load { seed: 1, people, companies, at: SystemClock.now(), calls, provisioned: true };
        let users = shared(simulated.make(&load, &base_url));
        tokio::spawn(syncline_simulator::serve(listener, users.clone(), Arc::new(SystemClock)));
        Self { simulated, base_url, users }
    }

    /// A user makes a record.
    pub fn create(&self, kind: &str, fields: &[(&str, &str)]) -> String {
        let fields: Fields = fields.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        lock(&self.users).create(SystemClock.now(), kind, &fields).unwrap()
    }

    /// The live records of a kind.
    pub fn live(&self, kind: &str) -> BTreeMap<String, Fields> {
        lock(&self.users).live(kind)
    }
}

/// A deployment without AWS: its table, queues, secrets, and both vendors.
pub struct World {
    pub cloud: Cloud,
    pub freshdesk: Vendor,
    pub salesforce: Vendor,
    store: EmbeddedStore,
    calls: [Option<u32>; 2],
    _folder: tempfile::TempDir,
}

impl World {
    /// With two empty accounts.
    pub async fn start() -> Self {
        Self::filled(Filling::default(), Filling::default()).await
    }

    /// With these in the accounts of Freshdesk and Salesforce.
    pub async fn filled(left: Filling, right: Filling) -> Self {
        let calls = [left.calls, right.calls];
        let folder = tempfile::tempdir().unwrap();
        let store = EmbeddedStore::start(folder.path(), Arc::new(SystemClock), Arc::new(SystemDice)).await.unwrap();
        let cloud = Cloud::start().await;
        let (freshdesk, salesforce) = (Vendor::start("freshdesk", left).await, Vendor::start("salesforce", right).await);
        cloud.put_secret("syncline/installation", json!({ "key": STANDARD.encode([7_u8; 32]) }));
        for (name, vendor) in [("freshdesk", &freshdesk), ("salesforce", &salesforce)] {
            let mut bundle: serde_json::Map<String, Json> =
                vendor.simulated.ready_secrets().iter().map(|(name, secret)| (name.clone(), json!(secret.expose()))).collect();
            if name == "freshdesk" {
                bundle.insert("panel_key".to_owned(), json!(PANEL_KEY));
            }
            cloud.put_secret(&format!("syncline/{name}"), Json::Object(bundle));
        }
        Self { cloud, freshdesk, salesforce, store, calls, _folder: folder }
    }

    /// What a deployment puts into each function's environment.
    pub fn environment(&self) -> BTreeMap<String, String> {
        let queues = json!({ "freshdesk": self.cloud.queue_url("acme-freshdesk"), "salesforce": self.cloud.queue_url("acme-salesforce") });
        let pairs = [
            ("SYNCLINE_CONFIG", self.config()),
            ("SYNCLINE_TABLE", TABLE.to_owned()),
            ("SYNCLINE_QUEUES", queues.to_string()),
            ("RUST_LOG", "info".to_owned()),
            ("AWS_REGION", "us-east-1".to_owned()),
            ("AWS_ACCESS_KEY_ID", "AKIDLOCAL".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "local".to_owned()),
            ("AWS_ENDPOINT_URL_DYNAMODB", self.store.endpoint().to_owned()),
            ("AWS_ENDPOINT_URL_SQS", self.cloud.endpoint().to_owned()),
            ("AWS_ENDPOINT_URL_SECRETS_MANAGER", self.cloud.endpoint().to_owned()),
        ];
        pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// Starts a function in this world.
    pub async fn function(&self, name: &str) -> Function {
        Function::start(name, &self.environment()).await
    }

    /// The shipped recipe, pointed at the simulators.
    fn config(&self) -> String {
        let recipe = syncline_config::recipe("freshdesk-salesforce").unwrap();
        let (head, rest) = recipe.split_once("\nconnections:\n").unwrap();
        let (_, syncs) = rest.split_once("\nsyncs:\n").unwrap();
        let connection = |(name, vendor, calls): (&str, &Vendor, Option<u32>)| {
            let settings = vendor.simulated.ready_settings(&vendor.base_url, calls).into_iter();
            let settings: Vec<String> = settings.map(|(setting, value)| format!("    {setting}: {}\n", json!(value))).collect();
            let settings = settings.concat();
            format!("  {name}:\n    system: {name}\n{settings}")
        };
        let [left, right] = self.calls;
        let connections = [("freshdesk", &self.freshdesk, left), ("salesforce", &self.salesforce, right)].map(connection).concat();
        format!("{head}\nconnections:\n{connections}\nsyncs:\n{syncs}")
    }
}
