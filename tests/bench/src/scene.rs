//! The world of a run: a shipped recipe, the engine on its embedded store and queue, simulators behind their APIs, and time that the run
//! moves. The vendors' limits are so wide that no budget ever makes anything wait.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use jiff::SignedDuration;
use syncline_aws::{Consumed, SystemDice};
use syncline_config::Config;
use syncline_engine::ports::clock::Clock;
use syncline_engine::ports::secrets::{Bundle, Secrets, SecretsError};
use syncline_engine::provision::{self, FieldState};
use syncline_engine::write::Delivery;
use syncline_engine::{Engine, Sync, pull, write};
use syncline_local::{EmbeddedQueue, EmbeddedStore, Pace, QueueRequests};
use syncline_mapping::ObjectMapping;
use syncline_model::{ConnectionName, Deadline, Side, Timestamp};
use syncline_recipe_tests::{CountingDice, TestClock};
use syncline_registry::{Adapters, InstallationKey, assemble, fill_required};
use syncline_registry_sim::Load;
use syncline_simulator::shared;

use crate::recipe::Recipe;
use crate::size::{SEED, Size};
use crate::traffic::{Plant, Traffic};
use crate::unmeasured::{Measured, Unmeasured};

/// Opens nothing but what this run stores.
pub(crate) const KEY: [u8; 32] = [7; 32];

/// Calls in the vendors' own windows: more than any run makes.
pub(crate) const CALLS: u32 = 10_000_000;
/// How long one use case may take, in virtual time.
const RUN: SignedDuration = SignedDuration::from_mins(10);
/// Deliveries after which a message counts as dead.
const RECEIVES_MAX: u32 = 5;
/// Turns after which a world that does not fall quiet is given up.
const TURNS_MAX: u32 = 100_000;
/// Waits for a budget after which a pull is given up.
const WAITS_MAX: u32 = 100;
const VISIBILITY_S: u32 = 900;

/// Credentials that open nothing but a simulator.
pub(crate) struct Bundles(BTreeMap<String, Bundle>);

impl Bundles {
    pub(crate) fn of_simulators() -> Self {
        let bundles = syncline_registry_sim::simulators().iter();
        Self(bundles.map(|simulated| (simulated.system.to_owned(), Bundle(simulated.ready_secrets()))).collect())
    }
}

#[async_trait]
impl Secrets for Bundles {
    async fn load(&self, name: &str) -> Result<Option<Bundle>, SecretsError> {
        Ok(self.0.get(name).cloned())
    }

    async fn save(&self, name: &str, _bundle: &Bundle) -> Result<(), SecretsError> {
        Err(SecretsError { name: name.to_owned(), problem: "a simulator's credentials do not change".to_owned() })
    }
}

/// Store and queue figures at one moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spent {
    pub(crate) store: Consumed,
    pub(crate) queue: QueueRequests,
}

pub(crate) struct Scene {
    pub(crate) recipe: &'static dyn Recipe,
    /// As it fits the recipe.
    pub(crate) size: Size,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) engine: Engine,
    pub(crate) traffic: Arc<Traffic>,
    store: EmbeddedStore,
    pub(crate) queue: EmbeddedQueue,
    pub(crate) folder: tempfile::TempDir,
    runs: AtomicU64,
}

impl Scene {
    /// Two filled accounts with their link fields; nothing has been synced.
    pub(crate) async fn start(recipe: &'static dyn Recipe, size: &Size) -> Measured<Self> {
        let size = recipe.size(size);
        let fail = |problem: String| Unmeasured::new("the world", problem);
        let folder = tempfile::tempdir().map_err(|error| fail(error.to_string()))?;
        let clock = Arc::new(TestClock::default());
        let store = EmbeddedStore::start(folder.path(), clock.clone(), Arc::new(SystemDice)).await.map_err(|e| fail(e.to_string()))?;
        let queue = EmbeddedQueue::open(folder.path(), RECEIVES_MAX).await.map_err(|error| fail(error.to_string()))?;
        let mut plants = Vec::new();
        for side in [Side::Left, Side::Right] {
            plants.push(plant(recipe.ends().of(side).system, side, &size, &clock).await?);
        }
        let traffic = Arc::new(Traffic::new(plants, clock.clone()));
        let config = config(recipe.name(), &traffic.settings())?;
        let adapters = Adapters {
            store: Arc::new(store.store()),
            outbox: Arc::new(queue.clone()),
            clock: clock.clone(),
            dice: Arc::new(CountingDice::default()),
            secrets: Arc::new(Bundles::of_simulators()),
            http: traffic.clone(),
        };
        let mut engine = assemble(&config, &adapters, &InstallationKey::new(KEY)).map_err(|problems| fail(format!("{problems:?}")))?;
        let by = Deadline(clock.now() + RUN);
        for sync in &engine.syncs {
            // Through the vendors' APIs, as a customer's: the link fields are unique then.
            let made = provision::provision(sync, false, by).await.map_err(|error| fail(error.to_string()))?;
            if let Some(failed) = made.iter().find(|made| made.state == FieldState::Failed) {
                return Err(fail(format!("the link field {} of {} could not be made", failed.field, failed.connection)));
            }
        }
        if let Some(unknown) = fill_required(&config, &mut engine, by).await.into_iter().next() {
            return Err(fail(unknown));
        }
        Ok(Self { recipe, size, clock, engine, traffic, store, queue, folder, runs: AtomicU64::new(0) })
    }

    pub(crate) fn sync(&self) -> Measured<&Sync> {
        self.engine.syncs.first().ok_or_else(|| Unmeasured::new("the world", "the recipe has no sync"))
    }

    pub(crate) fn system(&self, side: Side) -> &'static str {
        self.recipe.ends().of(side).system
    }

    pub(crate) fn systems(&self) -> [&'static str; 2] {
        [self.system(Side::Left), self.system(Side::Right)]
    }

    /// The mapping of people.
    pub(crate) fn mapping(&self) -> Measured<&ObjectMapping> {
        let mut mappings = self.sync()?.mappings.iter();
        let found = mappings.find(|mapping| mapping.name.as_str() == self.recipe.mapping());
        found.ok_or_else(|| Unmeasured::new("the recipe", "it maps no people"))
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn by(&self) -> Deadline {
        Deadline(self.now() + RUN)
    }

    pub(crate) fn spent(&self) -> Spent {
        Spent { store: self.store.store().consumed(), queue: self.queue.requests() }
    }

    /// Batches that workers have handled so far.
    pub(crate) fn runs(&self) -> u64 {
        self.runs.load(Ordering::Relaxed)
    }

    /// Where the store listens, for another process.
    pub(crate) fn store_endpoint(&self) -> &str {
        self.store.endpoint()
    }

    /// Due messages of a connection's queue, as many as a local worker takes at once.
    pub(crate) async fn receive(&self, connection: &ConnectionName) -> Measured<Vec<Delivery>> {
        let messages = Pace::default().messages;
        let deliveries = self.queue.receive(connection, messages, VISIBILITY_S, self.now()).await;
        let deliveries = deliveries.map_err(|error| Unmeasured::new("the queue", error))?;
        Ok(deliveries.into_iter().map(|delivery| Delivery { id: delivery.receipt, body: delivery.body }).collect())
    }

    /// One batch of a connection's worker; `false` where nothing was due.
    async fn work(&self, connection: &ConnectionName) -> Measured<bool> {
        let list = self.receive(connection).await?;
        if list.is_empty() {
            return Ok(false);
        }
        self.runs.fetch_add(1, Ordering::Relaxed);
        let unfinished = write::write(&self.engine, connection, &list, self.by()).await;
        if !unfinished.is_empty() {
            return Err(Unmeasured::new("a worker's batch", format!("{} of {} messages were not finished", unfinished.len(), list.len())));
        }
        self.done(&list).await?;
        Ok(true)
    }

    pub(crate) async fn done(&self, list: &[Delivery]) -> Measured<()> {
        let receipts: Vec<String> = list.iter().map(|delivery| delivery.id.clone()).collect();
        self.queue.delete(&receipts).await.map_err(|error| Unmeasured::new("the queue", error))?;
        Ok(())
    }

    /// Works until the queues are empty. Time moves as far as messages are due later.
    pub(crate) async fn drain(&self) -> Measured<()> {
        let sync = self.sync()?;
        let queues = [&sync.ends.left.connection, &sync.ends.right.connection];
        for _ in 0..TURNS_MAX {
            let mut worked = false;
            for queue in queues {
                worked |= self.work(queue).await?;
            }
            if worked {
                continue;
            }
            let mut next: Option<Timestamp> = None;
            for queue in queues {
                let due = self.queue.next_due(queue).await.map_err(|error| Unmeasured::new("the queue", error))?;
                next = [next, due].into_iter().flatten().min();
            }
            match next {
                None => return Ok(()),
                Some(due) => self.clock.advance_to(due),
            }
        }
        Err(Unmeasured::new("the world", "its queues did not become empty"))
    }

    /// One scheduled pull of each side; answers how many changes were queued.
    pub(crate) async fn poll(&self) -> Measured<u64> {
        let mut queued = 0;
        for side in [Side::Left, Side::Right] {
            queued += self.poll_side(side).await?;
        }
        Ok(queued)
    }

    /// One scheduled pull, which goes on where it had to wait for the budget; answers how many changes were queued.
    pub(crate) async fn poll_side(&self, side: Side) -> Measured<u64> {
        let mut queued = 0;
        for _ in 0..WAITS_MAX {
            let pulled = pull::pull(&self.engine, self.sync()?, side, self.by()).await.map_err(|error| Unmeasured::new("a pull", error))?;
            queued += pulled.queued;
            match (pulled.caught_up, pulled.again_at) {
                (true, _) => return Ok(queued),
                (false, Some(at)) => self.clock.advance_to(at),
                (false, None) => {
                    return Err(Unmeasured::new("a pull", pulled.stopped.unwrap_or_else(|| "it did not reach the feed's end".to_owned())));
                }
            }
        }
        Err(Unmeasured::new("a pull", "its budget was used up again and again"))
    }
}

async fn plant(system: &'static str, side: Side, amount: &Size, clock: &Arc<TestClock>) -> Measured<Plant> {
    let fail = |problem: String| Unmeasured::new("a simulator", problem);
    let simulated = syncline_registry_sim::simulator(system).ok_or_else(|| fail(format!("{system} has none")))?;
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.map_err(|error| fail(error.to_string()))?;
    let base_url = format!("http://{}", listener.local_addr().map_err(|error| fail(error.to_string()))?);
    let load = Load {
        seed: SEED,
        people: amount.people.of(side).clone(),
        companies: amount.companies.of(side).clone(),
        at: clock.now() - SignedDuration::from_hours(24),
        calls: Some(CALLS),
        provisioned: false,
    };
    let simulator = shared(simulated.make(&load, &base_url));
    // Ends with the process; only the child of the memory figure comes in through it.
    drop(tokio::spawn(syncline_simulator::serve(listener, simulator.clone(), clock.clone())));
    Ok(Plant { simulated, base_url, simulator })
}

/// Settings by system.
pub(crate) type SettingsOf = BTreeMap<String, BTreeMap<String, String>>;

/// A shipped recipe with its choices made as a demonstration has them, pointed at the simulators.
pub(crate) fn config(recipe: &str, settings: &SettingsOf) -> Measured<Config> {
    let fail = |problem: String| Unmeasured::new("the recipe", format!("{recipe}: {problem}"));
    let shown = syncline_local::demo(Some(recipe)).map(syncline_local::Demo::config);
    let text = shown.or_else(|| syncline_config::recipe(recipe).map(str::to_owned)).ok_or_else(|| fail("it is not shipped".to_owned()))?;
    let mut config =
        syncline_config::read(&text, recipe, &syncline_registry::system_facts()).map_err(|problems| fail(format!("{problems:?}")))?;
    for connection in config.connections.values_mut() {
        let ready = settings.get(connection.system.as_str()).ok_or_else(|| fail(format!("{} has no simulator", connection.system)))?;
        // Which tables there are, the recipe says.
        connection.settings.extend(ready.iter().filter(|(name, _)| *name != "tables").map(|(name, text)| (name.clone(), text.clone())));
        connection.system.as_str().clone_into(&mut connection.secret);
    }
    Ok(config)
}
