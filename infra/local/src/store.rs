//! The store on one machine: an embedded `DynamoDB` on a `SQLite` file, behind the same client as on AWS.
//!
//! Why over loopback: the conditions, the batching and the counting are then those of production, byte for byte.
//! Durability: the embedded server opens its file in WAL mode and leaves `synchronous` at `SQLite`'s default, FULL: a write that was
//! answered survives `kill -9` and a power cut.
//! Secrecy: the port takes no credentials, so every account of this machine can read the store through it; the folder itself is closed
//! to others. With `retain: fingerprints` there are no customer data in it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use dynoxide::Database;
use syncline_aws::{Aws, DynamoStore};
use syncline_engine::ports::clock::{Clock, Dice};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub(crate) const FILE: &str = "store.sqlite";
const TABLE: &str = "syncline";

/// The embedded store did not start or did not do its upkeep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmbeddedStoreError {
    pub file: PathBuf,
    pub problem: String,
}

impl std::fmt::Display for EmbeddedStoreError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "store {}: {}", self.file.display(), self.problem)
    }
}

impl std::error::Error for EmbeddedStoreError {}

/// A running embedded store. Dropping it stops it; what was written stays.
pub struct EmbeddedStore {
    file: PathBuf,
    database: Database,
    store: DynamoStore,
    endpoint: String,
    stop: oneshot::Sender<()>,
    server: JoinHandle<Result<(), String>>,
}

impl EmbeddedStore {
    /// Opens or creates the store in this folder and serves it on a loopback port that the system chooses.
    pub async fn start(folder: &Path, clock: Arc<dyn Clock>, dice: Arc<dyn Dice>) -> Result<Self, EmbeddedStoreError> {
        let file = folder.join(FILE);
        let fail = |problem: String| EmbeddedStoreError { file: file.clone(), problem };
        make_private_folder(folder).map_err(|error| fail(format!("its folder cannot be made: {error}")))?;
        let path = file.to_str().ok_or_else(|| fail("its path is not UTF-8; choose another data folder".to_owned()))?.to_owned();
        let database = blocking(move || Database::new(&path).map_err(|error| error.to_string())).await.map_err(fail)?;
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(|error| fail(format!("no loopback port: {error}")))?;
        let address = listener.local_addr().map_err(|error| fail(format!("no loopback port: {error}")))?;
        let (stop, stopped) = oneshot::channel::<()>();
        // Ends when `stop` is used and also when it is dropped.
        let until_stopped = async move { drop(stopped.await) };
        let server = tokio::spawn(dynoxide::server::serve_with_shutdown(listener, database.clone(), until_stopped));
        let endpoint = format!("http://{address}");
        let store = DynamoStore::new(Aws::at(&endpoint), TABLE, clock, dice);
        store.ensure_table().await.map_err(|error| fail(error.to_string()))?;
        Ok(Self { file, database, store, endpoint, stop, server })
    }

    /// The store as the engine wants it. Clones share its counters.
    pub fn store(&self) -> DynamoStore {
        self.store.clone()
    }

    /// Where it listens, for tools that speak to `DynamoDB`.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Removes expired items, as AWS does by itself, and says how many. The runner calls it now and then; requests go on meanwhile.
    /// It goes by the machine's clock.
    pub async fn sweep_expired(&self) -> Result<usize, EmbeddedStoreError> {
        let database = self.database.clone();
        let swept = blocking(move || database.sweep_ttl().map_err(|error| error.to_string())).await;
        swept.map_err(|problem| EmbeddedStoreError { file: self.file.clone(), problem: format!("expired items stay for now: {problem}") })
    }

    /// Lets running requests finish and ends the server.
    pub async fn stop(self) -> Result<(), EmbeddedStoreError> {
        let Self { file, database, store, endpoint: _, stop, server } = self;
        // Kept connections of the client would hold the server up.
        drop(store);
        drop(stop);
        let ended = server.await.map_err(|_| "its server stopped unexpectedly".to_owned()).and_then(|ended| ended);
        drop(database);
        ended.map_err(|problem| EmbeddedStoreError { file, problem })
    }
}

/// A folder that only this account may enter. One that exists keeps its mode.
pub(crate) fn make_private_folder(folder: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// `SQLite` waits for the disk: never on a thread that serves others.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, String> + Send + 'static) -> Result<T, String> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|_| Err("its work was stopped".to_owned()))
}
