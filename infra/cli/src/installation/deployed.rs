//! An installation in an AWS account, reached with the operator's own credentials, as every AWS tool finds them.

use std::sync::Arc;

use jiff::SignedDuration;
use syncline_aws::{Aws, DynamoStore, SqsOutbox, SystemClock, SystemDice, secrets};
use syncline_config::Config;
use syncline_engine::ports::clock::Clock;
use syncline_engine::ports::secrets::Secrets;
use syncline_engine::ports::store::{Store as _, StoreError};
use syncline_engine::{Engine, keys};
use syncline_model::Deadline;
use syncline_registry::{Adapters, INSTALLATION, InstallationKey, KeyError, assemble, fill_required};
use syncline_sql::HttpAndSql;

use super::{Demands, Installation};
use crate::exit::{Exit, Failure};
use crate::place::{Deployment, Place};

/// How long vendors may take, all together, to tell which fields they demand.
const ASK_VENDORS: SignedDuration = SignedDuration::from_secs(20);

/// What a deployment stands on, and the engine over it.
pub(super) struct Reached {
    pub(super) store: DynamoStore,
    pub(super) secrets: Arc<dyn Secrets>,
    pub(super) engine: Engine,
}

pub(super) async fn open(config: Config, deployment: Deployment, demands: Demands) -> Result<Installation, Failure> {
    let mut reached = reach(&config, &deployment).await?;
    let notes = match demands {
        Demands::Asked => {
            let by = Deadline(reached.engine.now() + ASK_VENDORS);
            fill_required(&config, &mut reached.engine, by).await
        }
        Demands::NotAsked => Vec::new(),
    };
    let Reached { secrets, engine, store: _ } = reached;
    Ok(Installation { place: Place::Deployed(deployment), config, engine: Arc::new(engine), secrets, notes, _served: None })
}

/// Finds table and key. Asks the table first: it is what a wrong name, region or sign-in shows at, in AWS's own words.
pub(super) async fn reach(config: &Config, deployment: &Deployment) -> Result<Reached, Failure> {
    let aws = Aws::from_environment();
    let Some(region) = aws.region().await.map(str::to_owned) else {
        return Err(Failure::new(
            Exit::Failed,
            format!("in which AWS region is the deployment {}? None is named", deployment.stack),
            "set AWS_REGION, or AWS_PROFILE to a profile that has a region",
        ));
    };
    let (clock, dice): (Arc<dyn Clock>, _) = (Arc::new(SystemClock), Arc::new(SystemDice));
    let store = DynamoStore::new(aws.clone(), &deployment.table, clock.clone(), dice.clone());
    let any: Vec<_> = config.connections.keys().take(1).map(keys::connection).collect();
    if let Err(error) = store.get(&any).await {
        let is_signed = aws.has_credentials().await;
        return Err(if is_signed { no_table(deployment, &region, &error) } else { nobody() });
    }
    let secrets = secrets(&aws, &deployment.secrets_prefix, deployment.secrets, INSTALLATION, &clock);
    let key = InstallationKey::load(secrets.as_ref()).await.map_err(|error| no_key(deployment, &region, &error))?;
    let adapters = Adapters {
        store: Arc::new(store.clone()),
        outbox: Arc::new(SqsOutbox::named(aws, deployment.queue_prefix(), None, clock.clone())),
        http: Arc::new(HttpAndSql::new(clock.clone())),
        secrets: secrets.clone(),
        clock,
        dice,
    };
    let engine = assemble(config, &adapters, &key)?;
    Ok(Reached { store, secrets, engine })
}

fn nobody() -> Failure {
    Failure::new(
        Exit::Failed,
        "there are no AWS credentials that can be used",
        "name a profile with AWS_PROFILE, sign in where it asks for that (`aws sso login`), or set AWS_ACCESS_KEY_ID and the like",
    )
}

fn no_table(deployment: &Deployment, region: &str, error: &StoreError) -> Failure {
    let says = format!("the table {} in {region}: {error}", deployment.table);
    match error {
        StoreError::Refused(_) => Failure::new(
            Exit::Failed,
            says,
            "name the deployed stack with `--stack NAME` (and `--table NAME` where its table is another), its region with AWS_REGION, and with \
             AWS_PROFILE credentials of its account that may read and write the table",
        ),
        StoreError::Unavailable(_) | StoreError::Lost { .. } => {
            Failure::new(Exit::OutOfReach, says, "run it again; see whether AWS is within reach of this machine")
        }
    }
}

fn no_key(deployment: &Deployment, region: &str, error: &KeyError) -> Failure {
    let secret = format!("{}{INSTALLATION}", deployment.secrets_prefix);
    match error {
        KeyError::Missing => Failure::new(
            Exit::Failed,
            format!("there is no installation key in the secret {secret} in {region}"),
            "the deployment makes it: deploy first, or name another stack with `--stack`, other secrets with `--secrets-prefix`; \
             where an installation is moved to, store the key of the old place in it",
        ),
        KeyError::Secrets(_) => Failure::new(
            Exit::Failed,
            error.to_string(),
            format!("ask for the right secretsmanager:GetSecretValue on {secret}, or sign in with AWS_PROFILE as somebody who has it"),
        ),
        KeyError::Unreadable => Failure::new(Exit::Failed, error.to_string(), format!("write the kept key back into the secret {secret}")),
    }
}
