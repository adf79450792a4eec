//! A data folder while nobody runs it: for moving what it holds. No vendor is asked and no key is made.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use syncline_aws::{DynamoStore, SystemClock, SystemDice};
use syncline_model::Secret;

use crate::installation::RECEIVES_MAX;
use crate::run::{RunError, lock};
use crate::{EmbeddedQueue, EmbeddedStore, EmbeddedStoreError, FileSecrets, QueueError};

/// Why a folder is not at rest, or does not open.
#[derive(Debug, thiserror::Error)]
pub enum RestError {
    #[error("{0}")]
    Running(RunError),
    #[error("{0}")]
    Store(EmbeddedStoreError),
    #[error("{0}")]
    Queue(QueueError),
}

/// An open data folder. As long as it is open, `run` refuses the folder.
pub struct Resting {
    pub store: DynamoStore,
    pub queue: EmbeddedQueue,
    pub secrets: FileSecrets,
    _embedded: EmbeddedStore,
    _lock: File,
}

impl Resting {
    /// Whether an installation was ever begun in this folder.
    pub fn is_there(folder: &Path) -> bool {
        folder.join(crate::store::FILE).exists()
    }

    /// Opens the folder, or makes it. `environment` is what `env:` references in `secrets.json` may name.
    pub async fn open(folder: &Path, environment: BTreeMap<String, Secret>) -> Result<Self, RestError> {
        let embedded = EmbeddedStore::start(folder, Arc::new(SystemClock), Arc::new(SystemDice)).await.map_err(RestError::Store)?;
        let lock = lock(folder).map_err(RestError::Running)?;
        let queue = EmbeddedQueue::open(folder, RECEIVES_MAX).await.map_err(RestError::Queue)?;
        let secrets = FileSecrets::new(folder.join("secrets.json"), environment);
        Ok(Self { store: embedded.store(), queue, secrets, _embedded: embedded, _lock: lock })
    }
}
