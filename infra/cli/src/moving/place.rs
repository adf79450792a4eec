//! Where an installation stands: in a data folder of this machine, or in a table of an AWS account.

use std::sync::Arc;

use async_trait::async_trait;
use syncline_aws::{Aws, DynamoStore, SecretsManagerSecrets, SystemClock, SystemDice};
use syncline_config::Config;
use syncline_engine::Engine;
use syncline_engine::ports::outbox::{Message, Outbox, OutboxError};
use syncline_engine::ports::secrets::Secrets;
use syncline_http::ReqwestHttp;
use syncline_local::{RestError, Resting};
use syncline_registry::{Adapters, INSTALLATION, InstallationKey, KeyError, assemble};

use crate::args::Elsewhere;
use crate::context::Context;
use crate::exit::{Exit, Failure};

/// An installation at rest.
pub(crate) struct Place {
    pub(crate) store: DynamoStore,
    pub(crate) config: Config,
    /// For its keyed hashes and its clock: no vendor is asked, nothing is sent.
    pub(crate) engine: Engine,
    /// As people call it.
    pub(crate) name: String,
    /// The data folder; as long as it is held, nobody runs it.
    pub(crate) folder: Option<Resting>,
}

impl Place {
    /// Opens the place. `is_there`: an installation must have been begun in the data folder.
    pub(crate) async fn open(context: &Context, elsewhere: &Elsewhere, is_there: bool) -> Result<Self, Failure> {
        let config = context.config()?;
        match &elsewhere.table {
            Some(table) => Self::of_table(config, table, &elsewhere.secrets_prefix).await,
            None => Self::of_folder(context, config, is_there).await,
        }
    }

    async fn of_folder(context: &Context, config: Config, is_there: bool) -> Result<Self, Failure> {
        let data = &context.global.data;
        if is_there && !Resting::is_there(data) {
            let says = format!("there is no installation in {}", data.display());
            return Err(Failure::new(
                Exit::Failed,
                says,
                "name its data folder with `--data DIR`, or its table on AWS with `--table NAME`",
            ));
        }
        let resting = Resting::open(data, context.environment.clone()).await.map_err(|error| not_at_rest(&error))?;
        let secrets: Arc<dyn Secrets> = Arc::new(resting.secrets.clone());
        let key = InstallationKey::load(secrets.as_ref()).await.map_err(|error| {
            let file = data.join("secrets.json");
            keyless(&error, &format!("put the bundle `{INSTALLATION}` of the old place into {} (mode 0600)", file.display()))
        })?;
        let engine = engine(&config, &resting.store, secrets, &key)?;
        let name = format!("the data folder {}", data.display());
        Ok(Self { store: resting.store.clone(), config, engine, name, folder: Some(resting) })
    }

    async fn of_table(config: Config, table: &str, prefix: &str) -> Result<Self, Failure> {
        let aws = Aws::from_environment();
        let clock = Arc::new(SystemClock);
        let store = DynamoStore::new(aws.clone(), table, clock.clone(), Arc::new(SystemDice));
        let secrets: Arc<dyn Secrets> = Arc::new(SecretsManagerSecrets::new(aws, prefix, clock));
        let key = InstallationKey::load(secrets.as_ref()).await.map_err(|error| {
            let secret = format!("{prefix}{INSTALLATION}");
            keyless(&error, &format!("store the key of the old place in the secret {secret} of Secrets Manager, or name another prefix with `--secrets-prefix`"))
        })?;
        let engine = engine(&config, &store, secrets, &key)?;
        Ok(Self { store, config, engine, name: format!("the table {table}"), folder: None })
    }
}

fn engine(config: &Config, store: &DynamoStore, secrets: Arc<dyn Secrets>, key: &InstallationKey) -> Result<Engine, Failure> {
    let clock = Arc::new(SystemClock);
    let adapters = Adapters {
        store: Arc::new(store.clone()),
        outbox: Arc::new(NoQueue),
        clock: clock.clone(),
        dice: Arc::new(SystemDice),
        secrets,
        http: Arc::new(ReqwestHttp::new(clock)),
    };
    assemble(config, &adapters, key).map_err(|problems| {
        let says: Vec<String> = problems.iter().map(ToString::to_string).collect();
        Failure::new(Exit::Config, says.join("\n"), "correct the configuration, then run `syncline validate`")
    })
}

/// What is moved is not worked on: nothing is sent.
struct NoQueue;

#[async_trait]
impl Outbox for NoQueue {
    async fn send(&self, _: Vec<Message>) -> Result<(), OutboxError> {
        Err(OutboxError("an installation that is being moved has no queue".to_owned()))
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

/// The store's trouble in the words of a move.
pub(crate) fn out_of_reach(place: &str, error: &syncline_engine::ports::store::StoreError) -> Failure {
    let hint = "check the table's name, the region and your rights (scan, read and write), then run it again; doing it twice does no harm";
    Failure::new(Exit::OutOfReach, format!("{place}: {error}"), hint)
}
