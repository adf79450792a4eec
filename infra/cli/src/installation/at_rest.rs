//! An installation that nobody runs, for moving what it holds.

use std::sync::Arc;

use syncline_aws::{DynamoStore, SystemClock, SystemDice};
use syncline_config::Config;
use syncline_engine::Engine;
use syncline_engine::ports::secrets::Secrets;
use syncline_engine::ports::store::StoreError;
use syncline_local::{RestError, Resting};
use syncline_registry::{Adapters, INSTALLATION, InstallationKey, KeyError, assemble};
use syncline_sql::HttpAndSql;

use super::deployed::{self, Reached};
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::place::Place;

/// An installation at rest: read and written as a whole, item by item.
pub(crate) struct AtRest {
    pub(crate) store: DynamoStore,
    pub(crate) config: Config,
    /// For its keyed hashes and its clock: no vendor is asked, nothing is sent.
    pub(crate) engine: Engine,
    /// As people call it.
    pub(crate) name: String,
    /// The data folder; as long as it is held, nobody runs it.
    pub(crate) folder: Option<Resting>,
}

impl AtRest {
    /// Opens the place that the flags and the environment name. `is_there`: an installation must have been begun in the data folder.
    pub(crate) async fn open(context: &Context, is_there: bool) -> Result<Self, Failure> {
        let place = context.place()?;
        let config = context.config()?;
        let name = place.name();
        match place {
            Place::Folder(folder) => Self::of_folder(context, config, &folder, name, is_there).await,
            Place::Deployed(deployment) => {
                let Reached { store, engine, secrets: _ } = deployed::reach(&config, &deployment).await?;
                Ok(Self { store, config, engine, name, folder: None })
            }
        }
    }

    async fn of_folder(context: &Context, config: Config, folder: &std::path::Path, name: String, is_there: bool) -> Result<Self, Failure> {
        if is_there && !Resting::is_there(folder) {
            let says = format!("there is no installation in {}", folder.display());
            return Err(Failure::new(
                Exit::Failed,
                says,
                "name its data folder with `--data DIR`, or its deployment on AWS with `--stack NAME` or `--table NAME`",
            ));
        }
        let resting = Resting::open(folder, context.environment.clone()).await.map_err(|error| not_at_rest(&error))?;
        let secrets: Arc<dyn Secrets> = Arc::new(resting.secrets.clone());
        let key = InstallationKey::load(secrets.as_ref()).await.map_err(|error| {
            let file = folder.join("secrets.json");
            keyless(&error, &format!("put the bundle `{INSTALLATION}` of the old place into {} (mode 0600)", file.display()))
        })?;
        let clock = Arc::new(SystemClock);
        let adapters = Adapters {
            store: Arc::new(resting.store.clone()),
            outbox: Arc::new(resting.queue.clone()),
            http: Arc::new(HttpAndSql::new(clock.clone())),
            clock,
            dice: Arc::new(SystemDice),
            secrets,
        };
        let engine = assemble(&config, &adapters, &key)?;
        Ok(Self { store: resting.store.clone(), config, engine, name, folder: Some(resting) })
    }

    /// The store's trouble in the words of a move.
    pub(crate) fn unreached(&self, error: &StoreError) -> Failure {
        let says = format!("{}: {error}", self.name);
        match error {
            StoreError::Refused(_) => Failure::new(
                Exit::Failed,
                says,
                "you need the rights to scan, read and write the table; then run it again: doing it twice does no harm",
            ),
            StoreError::Unavailable(_) | StoreError::Lost { .. } => {
                Failure::new(Exit::OutOfReach, says, "run it again: doing it twice does no harm")
            }
        }
    }
}

fn keyless(error: &KeyError, hint: &str) -> Failure {
    match error {
        KeyError::Missing => Failure::new(Exit::Held, format!("secret {INSTALLATION}: there is no installation key here"), hint),
        KeyError::Secrets(_) | KeyError::Unreadable => Failure::new(Exit::Failed, error.to_string(), hint),
    }
}

fn not_at_rest(error: &RestError) -> Failure {
    let says = error.to_string();
    match error {
        RestError::Running(_) => Failure::new(Exit::Held, says, "let it come to rest with `syncline local --until-quiet`, then move it"),
        RestError::Store(_) | RestError::Queue(_) => {
            Failure::new(Exit::OutOfReach, says, "check that the data folder can be written: `--data DIR`")
        }
    }
}
