//! All that the functions speak to, on this machine.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use syncline_aws::{SystemClock, SystemDice};
use syncline_engine::ports::clock::Clock;
use syncline_local::EmbeddedStore;
use syncline_registry_sim::{Load, Simulated, simulator};
use syncline_simulator::{Fields, Shared, Users, lock, shared};

use crate::cloud::Cloud;
use crate::function::Function;

const TABLE: &str = "syncline";
const CONNECTIONS: [&str; 2] = ["freshdesk", "salesforce"];

/// The queue of a connection, as a deployment of the stack `Syncline` names it.
pub fn queue(connection: &str) -> String {
    format!("syncline_{connection}")
}

/// A secret that a helpdesk's app knows.
pub const PANEL_KEY: &str = "panel-key-of-sixteen";

/// One vendor's running simulator.
pub struct Vendor {
    simulated: &'static Simulated,
    base_url: String,
    users: Shared<Box<dyn Users>>,
}

impl Vendor {
    async fn start(system: &str) -> Self {
        let simulated = simulator(system).unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}", listener.local_addr().unwrap());
        let load = Load { seed: 1, people: 0..0, companies: 0..0, at: SystemClock.now(), calls: None, provisioned: true };
        let users = shared(simulated.make(&load, &base_url));
        tokio::spawn(syncline_simulator::serve(listener, users.clone(), Arc::new(SystemClock)));
        Self { simulated, base_url, users }
    }

    /// A user makes a record.
    pub fn create(&self, kind: &str, fields: &[(&str, &str)]) -> String {
        let fields: Fields = fields.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        lock(&self.users).create(SystemClock.now(), kind, &fields).unwrap()
    }

    /// A user changes a record.
    pub fn edit(&self, kind: &str, id: &str, fields: &[(&str, &str)]) {
        let fields: Fields = fields.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        lock(&self.users).edit(SystemClock.now(), kind, id, &fields).unwrap();
    }

    /// Credentials that the vendor takes.
    pub fn credentials(&self) -> BTreeMap<String, String> {
        self.simulated.ready_secrets().iter().map(|(name, secret)| (name.clone(), secret.expose().to_owned())).collect()
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
    _folder: tempfile::TempDir,
}

impl World {
    pub async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = EmbeddedStore::start(folder.path(), Arc::new(SystemClock), Arc::new(SystemDice)).await.unwrap();
        let cloud = Cloud::start().await;
        let (freshdesk, salesforce) = (Vendor::start("freshdesk").await, Vendor::start("salesforce").await);
        cloud.put_secret("syncline/installation", json!({ "key": STANDARD.encode([7_u8; 32]) }));
        for (name, vendor) in [("freshdesk", &freshdesk), ("salesforce", &salesforce)] {
            let mut bundle = vendor.credentials();
            if name == "freshdesk" {
                bundle.insert("panel_key".to_owned(), PANEL_KEY.to_owned());
            }
            cloud.put_secret(&format!("syncline/{name}"), json!(bundle));
        }
        for connection in CONNECTIONS {
            cloud.make_queue(&queue(connection));
        }
        Self { cloud, freshdesk, salesforce, store, _folder: folder }
    }

    /// What a deployment puts into each function's environment.
    pub fn environment(&self) -> BTreeMap<String, String> {
        let queues = CONNECTIONS.map(|connection| (connection, self.cloud.queue_url(&queue(connection))));
        let queues: BTreeMap<&str, String> = queues.into();
        let pairs = [
            ("SYNCLINE_CONFIG", self.config()),
            ("SYNCLINE_TABLE", TABLE.to_owned()),
            ("SYNCLINE_SECRETS_PREFIX", "syncline/".to_owned()),
            ("SYNCLINE_QUEUES", json!(queues).to_string()),
            ("RUST_LOG", "info".to_owned()),
        ];
        pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).chain(self.aws_environment()).collect()
    }

    /// Where AWS is, and who asks, as every AWS tool finds it.
    pub fn aws_environment(&self) -> BTreeMap<String, String> {
        let pairs = [
            ("AWS_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", "AKIDLOCAL"),
            ("AWS_SECRET_ACCESS_KEY", "local"),
            ("AWS_ENDPOINT_URL_DYNAMODB", self.store.endpoint()),
            ("AWS_ENDPOINT_URL_SQS", self.cloud.endpoint()),
            ("AWS_ENDPOINT_URL_SECRETS_MANAGER", self.cloud.endpoint()),
        ];
        pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    /// Starts a function in this world.
    pub async fn function(&self, name: &str) -> Function {
        Function::start(name, &self.environment()).await
    }

    /// The shipped recipe, pointed at the simulators.
    pub fn config(&self) -> String {
        let recipe = syncline_config::recipe("freshdesk-salesforce").unwrap();
        let (head, rest) = recipe.split_once("\nconnections:\n").unwrap();
        let (_, syncs) = rest.split_once("\nsyncs:\n").unwrap();
        let connection = |(name, vendor): (&str, &Vendor)| {
            let settings = vendor.simulated.ready_settings(&vendor.base_url, None).into_iter();
            let settings: Vec<String> = settings.map(|(setting, value)| format!("    {setting}: {}\n", json!(value))).collect();
            let settings = settings.concat();
            format!("  {name}:\n    system: {name}\n{settings}")
        };
        let connections: String = [("freshdesk", &self.freshdesk), ("salesforce", &self.salesforce)].map(connection).concat();
        format!("{head}\nconnections:\n{connections}\nsyncs:\n{syncs}")
    }
}
