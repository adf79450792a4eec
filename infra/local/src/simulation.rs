//! Both ends of each sync as simulators in this process, on loopback ports, in place of the vendors of the config.

use std::collections::BTreeMap;
use std::fs::File;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use syncline_config::Config;
use syncline_engine::ports::clock::Clock;
use syncline_engine::ports::secrets::{Bundle, Secrets, SecretsError};
use syncline_engine::provision::{self, FieldState};
use syncline_engine::{Engine, EngineError};
use syncline_model::{ConnectionName, Deadline, Side};
use syncline_registry_sim::{Load, Served, Simulated, simulator};
use syncline_simulator::{Shared, lock, shared};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::journal::{JournalError, Journaled};

/// How many records a simulator is loaded with, and what it allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Amount {
    /// Numbers of people: where the two sides' ranges overlap, they are the same people.
    pub people: Range<u32>,
    pub companies: Range<u32>,
    /// The vendor's limit in its own window; `None`: so many that nothing waits, and a first run takes a minute or two.
    pub calls: Option<u32>,
}

/// A simulation. Opening an existing one keeps what it was begun with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SimulateOptions {
    pub seed: u64,
    pub left: Amount,
    pub right: Amount,
    /// Whether the link fields of the config are made, as `syncline provision` does.
    pub provision: bool,
}

impl Default for SimulateOptions {
    /// 10,000 people and 1,000 companies on the left, 8,000 and 900 on the right; half of the right's people are the left's, too.
    fn default() -> Self {
        Self {
            seed: 1,
            left: Amount { people: 0..10_000, companies: 0..1_000, calls: None },
            right: Amount { people: 6_000..14_000, companies: 550..1_450, calls: None },
            provision: true,
        }
    }
}

/// Why a simulation did not start.
#[derive(Debug, thiserror::Error)]
pub enum SimulationError {
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error("the simulation's folder {}: {problem}", folder.display())]
    Folder { folder: PathBuf, problem: String },
    #[error("there is no simulator of {system}, which connection {connection} is of")]
    NoSimulator { connection: ConnectionName, system: String },
    #[error("connection {connection} has no {system} on this machine: {problem}")]
    NoServer { connection: ConnectionName, system: String, problem: String },
    #[error("the simulators are started by another process right now; try again")]
    Starting,
    #[error("the link fields could not be made: {0}")]
    Provision(#[from] EngineError),
}

/// Where the simulators of a data folder answer, for other processes that use the same folder.
#[derive(Default, Serialize, Deserialize)]
struct Addresses(BTreeMap<ConnectionName, String>);

/// One running simulator.
pub struct Running {
    pub simulated: &'static Simulated,
    pub base_url: String,
    /// `None`: another process runs it.
    state: Option<Shared<Journaled>>,
}

/// The running simulators. Dropping it ends those that run in this process.
pub struct Simulation {
    running: BTreeMap<ConnectionName, Running>,
    /// Whether no request had ever been made to any of them.
    is_new: bool,
    /// Systems that run here themselves. Their data stay without a journal.
    served: Vec<Served>,
    servers: JoinSet<std::io::Result<()>>,
    clock: Arc<dyn Clock>,
    /// Held while the simulators run here.
    _lock: Option<File>,
}

impl Simulation {
    /// Starts a simulator for each connection of the config, and points the config at them. Where another process has started them already,
    /// they are shared.
    pub(crate) async fn start(
        config: &mut Config,
        folder: &Path,
        options: &SimulateOptions,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, SimulationError> {
        let folder = folder.join("simulators");
        let fail = |error: std::io::Error| SimulationError::Folder { folder: folder.clone(), problem: error.to_string() };
        crate::store::make_private_folder(&folder).map_err(fail)?;
        let addresses_file = folder.join("addresses.json");
        let known: Addresses =
            std::fs::read(&addresses_file).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
        let guard = File::options().write(true).create(true).truncate(false).open(folder.join("lock")).map_err(fail)?;
        let ours = guard.try_lock().is_ok();
        let mut simulation = Self {
            running: BTreeMap::new(),
            is_new: true,
            served: Vec::new(),
            servers: JoinSet::new(),
            clock,
            _lock: ours.then_some(guard),
        };
        let names: Vec<ConnectionName> = config.connections.keys().cloned().collect();
        for name in names {
            let side = side_of(config, &name);
            let Some(connection) = config.connections.get_mut(&name) else { continue };
            let simulated = simulator(connection.system.as_str())
                .ok_or_else(|| SimulationError::NoSimulator { connection: name.clone(), system: connection.system.to_string() })?;
            let amount = side.of(&options.left, &options.right);
            let before = known.0.get(&name).cloned();
            let running = if simulated.is_served() {
                let base_url =
                    if ours { simulation.serve(&folder, &name, simulated).await? } else { before.ok_or(SimulationError::Starting)? };
                // Which tables there are is the config's.
                connection.settings.extend(simulated.ready_settings(&base_url, amount.calls));
                Running { simulated, base_url, state: None }
            } else if ours {
                let (running, load) = simulation.launch(&folder, &name, simulated, options.seed, amount, before).await?;
                connection.settings = simulated.ready_settings(&running.base_url, load.calls);
                running
            } else {
                let base_url = before.ok_or(SimulationError::Starting)?;
                connection.settings = simulated.ready_settings(&base_url, amount.calls);
                Running { simulated, base_url, state: None }
            };
            simulation.running.insert(name, running);
        }
        if ours {
            let addresses = Addresses(simulation.running.iter().map(|(name, running)| (name.clone(), running.base_url.clone())).collect());
            let text = serde_json::to_string_pretty(&addresses).unwrap_or_default();
            std::fs::write(&addresses_file, text).map_err(fail)?;
        }
        Ok(simulation)
    }

    /// Starts the system's own server over a folder of its own; answers its address.
    async fn serve(&mut self, folder: &Path, name: &ConnectionName, simulated: &'static Simulated) -> Result<String, SimulationError> {
        let fail = |problem: String| SimulationError::NoServer { connection: name.clone(), system: simulated.system.to_owned(), problem };
        let at = std::path::absolute(folder.join(name.as_str())).map_err(|error| fail(error.to_string()))?;
        let started = tokio::task::spawn_blocking(move || simulated.serve(&at)).await;
        let started = started.map_err(|error| fail(error.to_string()))?.ok_or_else(|| fail("it has no server".to_owned()))?;
        let served = started.map_err(fail)?;
        let base_url = served.base_url.clone();
        self.served.push(served);
        Ok(base_url)
    }

    /// Opens the journal and answers on a port: the one of the last time, if it is free.
    async fn launch(
        &mut self,
        folder: &Path,
        name: &ConnectionName,
        simulated: &'static Simulated,
        seed: u64,
        amount: &Amount,
        before: Option<String>,
    ) -> Result<(Running, Load), SimulationError> {
        let fail = |error: std::io::Error| SimulationError::Folder { folder: folder.to_owned(), problem: error.to_string() };
        let port = before.as_deref().and_then(|url| url.rsplit(':').next()?.parse::<u16>().ok()).unwrap_or(0);
        let listener = match TcpListener::bind(("127.0.0.1", port)).await {
            Ok(listener) => listener,
            Err(_) => TcpListener::bind(("127.0.0.1", 0)).await.map_err(fail)?,
        };
        let base_url = format!("http://{}", listener.local_addr().map_err(fail)?);
        let load = Load {
            seed,
            people: amount.people.clone(),
            companies: amount.companies.clone(),
            at: self.clock.now(),
            calls: amount.calls,
            provisioned: false,
        };
        let (path, address) = (folder.join(format!("{name}.jsonl")), base_url.clone());
        let opened = tokio::task::spawn_blocking(move || Journaled::open(&path, simulated, &load, &address)).await;
        let journaled = opened.map_err(|error| fail(std::io::Error::other(error)))??;
        self.is_new &= journaled.replayed() == 0;
        let load = journaled.load().clone();
        let state = shared(journaled);
        self.servers.spawn(syncline_simulator::serve(listener, state.clone(), self.clock.clone()));
        Ok((Running { simulated, base_url, state: Some(state) }, load))
    }

    /// Whether nobody has used the simulators yet.
    pub fn is_new(&self) -> bool {
        self.is_new
    }

    /// Whether what a sync needs is still to be made at them: nobody has used them, or nothing tells whether somebody has. Making it again changes nothing.
    pub(crate) fn may_lack_fields(&self) -> bool {
        self.is_new || !self.served.is_empty()
    }

    /// The simulators by connection.
    pub fn running(&self) -> &BTreeMap<ConnectionName, Running> {
        &self.running
    }

    /// The id of a contact at this connection, for an example; `None` where there is none, or where another process runs the simulator.
    pub fn any_contact(&self, connection: &ConnectionName) -> Option<String> {
        let running = self.running.get(connection)?;
        let mut journaled = lock(running.state.as_ref()?);
        running.simulated.any_contact(&mut *journaled, self.clock.now())
    }

    /// The credentials of the simulators over those of the machine.
    pub(crate) fn secrets(&self, config: &Config, beneath: Arc<dyn Secrets>) -> Arc<dyn Secrets> {
        let bundle = |name: &ConnectionName| {
            let connection = config.connections.get(name)?;
            let running = self.running.get(name)?;
            Some((connection.secret.clone(), Bundle(running.simulated.ready_secrets())))
        };
        let bundles = self.running.keys().filter_map(bundle).collect();
        Arc::new(SimulatedSecrets { bundles: Mutex::new(bundles), beneath })
    }
}

/// The side on which a connection stands first.
fn side_of(config: &Config, connection: &ConnectionName) -> Side {
    let is_right = config.syncs.iter().find_map(|sync| {
        if sync.left == *connection {
            return Some(Side::Left);
        }
        (sync.right == *connection).then_some(Side::Right)
    });
    is_right.unwrap_or(Side::Left)
}

/// Bundles of simulators, kept in memory alone; all others beneath.
struct SimulatedSecrets {
    bundles: Mutex<BTreeMap<String, Bundle>>,
    beneath: Arc<dyn Secrets>,
}

#[async_trait]
impl Secrets for SimulatedSecrets {
    async fn load(&self, name: &str) -> Result<Option<Bundle>, SecretsError> {
        let known = lock(&self.bundles).get(name).cloned();
        match known {
            Some(bundle) => Ok(Some(bundle)),
            None => self.beneath.load(name).await,
        }
    }

    async fn save(&self, name: &str, bundle: &Bundle) -> Result<(), SecretsError> {
        if let Some(known) = lock(&self.bundles).get_mut(name) {
            *known = bundle.clone();
            return Ok(());
        }
        self.beneath.save(name, bundle).await
    }
}

/// Makes the link fields of the config at the simulators, as `syncline provision` does. Answers what could not be made.
pub(crate) async fn provision(engine: &Engine, by: Deadline) -> Result<Vec<String>, EngineError> {
    let mut failed = Vec::new();
    for sync in &engine.syncs {
        let done = provision::provision(sync, false, by).await?;
        let missing = done.into_iter().filter(|one| one.state == FieldState::Failed);
        failed.extend(missing.map(|one| format!("the link field {} of {} at {} could not be made", one.field, one.kind, one.connection)));
    }
    Ok(failed)
}
