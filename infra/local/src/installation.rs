//! An installation on one machine: a data folder, and everything that stands on it.
//!
//! Data folder: `store.sqlite`, `queue.sqlite`, `secrets.json` (0600; the installation's key is in it), `simulators/` with their journals,
//! and `running.lock`, which the one process holds that does the work.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::SignedDuration;
use syncline_aws::{SystemClock, SystemDice};
use syncline_config::Config;
use syncline_engine::Engine;
use syncline_engine::ports::clock::{Clock, Dice};
use syncline_engine::ports::secrets::Secrets;
use syncline_model::{Deadline, Secret};
use syncline_registry::{Adapters, AssemblyProblem, InstallationKey, KeyError, assemble, fill_required};
use syncline_sql::HttpAndSql;

use crate::simulation::{self, SimulateOptions, Simulation, SimulationError};
use crate::{EmbeddedQueue, EmbeddedStore, EmbeddedStoreError, FileSecrets, QueueError};

/// The data folder where none is named.
pub const FOLDER: &str = ".syncline";
/// After so many deliveries that nobody finished, a message is set aside as a dead letter.
pub const RECEIVES_MAX: u32 = 12;
/// How long vendors may take, all together, to tell which fields they demand.
const ASK_VENDORS: SignedDuration = SignedDuration::from_secs(20);

/// How an installation is to be opened.
#[derive(Clone, Debug)]
pub struct Setup {
    pub config: Config,
    pub folder: PathBuf,
    /// What `env:` references in `secrets.json` may name.
    pub environment: BTreeMap<String, Secret>,
    /// Simulators in place of the vendors.
    pub simulate: Option<SimulateOptions>,
    /// Whether vendors may be asked which fields they demand, where that is not known yet: for running, not for looking.
    pub ask_vendors: bool,
}

impl Setup {
    /// In the usual folder, against the real vendors.
    pub fn new(config: Config) -> Self {
        Self { config, folder: PathBuf::from(FOLDER), environment: BTreeMap::new(), simulate: None, ask_vendors: false }
    }
}

/// Why an installation did not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("{0}")]
    Store(EmbeddedStoreError),
    #[error("{0}")]
    Queue(QueueError),
    #[error("{0}")]
    Key(KeyError),
    #[error(transparent)]
    Simulation(#[from] SimulationError),
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Assembly(Vec<AssemblyProblem>),
}

/// An open installation.
pub struct Installation {
    /// As it runs: pointed at the simulators where there are any.
    pub config: Config,
    pub engine: Arc<Engine>,
    pub queue: EmbeddedQueue,
    pub secrets: Arc<dyn Secrets>,
    pub simulation: Option<Simulation>,
    /// What could not be found out, a sentence each.
    pub notes: Vec<String>,
    pub(crate) store: Arc<EmbeddedStore>,
    pub(crate) folder: PathBuf,
}

impl Installation {
    /// Opens the data folder, or makes it. Several processes may have it open; one of them may run it.
    pub async fn open(setup: Setup) -> Result<Self, OpenError> {
        let Setup { mut config, folder, environment, simulate, ask_vendors } = setup;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let dice: Arc<dyn Dice> = Arc::new(SystemDice);
        let store = EmbeddedStore::start(&folder, clock.clone(), dice.clone()).await.map_err(OpenError::Store)?;
        let queue = EmbeddedQueue::open(&folder, RECEIVES_MAX).await.map_err(OpenError::Queue)?;
        let mut secrets: Arc<dyn Secrets> = Arc::new(FileSecrets::new(folder.join("secrets.json"), environment));
        let key = InstallationKey::load_or_create(secrets.as_ref(), dice.as_ref()).await.map_err(OpenError::Key)?;
        let mut simulation = None;
        if let Some(options) = &simulate {
            let started = Simulation::start(&mut config, &folder, options, clock.clone()).await?;
            secrets = started.secrets(&config, secrets);
            simulation = Some(started);
        }
        let adapters = Adapters {
            store: Arc::new(store.store()),
            outbox: Arc::new(queue.clone()),
            clock: clock.clone(),
            dice,
            secrets: secrets.clone(),
            http: Arc::new(HttpAndSql::new(clock)),
        };
        let mut engine = assemble(&config, &adapters, &key).map_err(OpenError::Assembly)?;
        let by = Deadline(engine.now() + ASK_VENDORS);
        let mut notes = Vec::new();
        if simulation.as_ref().is_some_and(Simulation::may_lack_fields) && simulate.is_some_and(|options| options.provision) {
            notes.extend(simulation::provision(&engine, by).await.map_err(SimulationError::Provision)?);
        }
        if ask_vendors {
            notes.extend(fill_required(&config, &mut engine, by).await);
        }
        Ok(Self { config, engine: Arc::new(engine), queue, secrets, simulation, notes, store: Arc::new(store), folder })
    }
}
