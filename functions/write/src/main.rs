//! The queued function on AWS. One a connection, or one for all: the queue's ARN tells whose messages these are.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_lambda_events::event::sqs::SqsEvent;
use jiff::{SignedDuration, Timestamp};
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use syncline_aws::{Aws, DynamoStore, SecretsManagerSecrets, SqsOutbox, SystemClock, SystemDice};
use syncline_http::ReqwestHttp;
use syncline_model::Deadline;
use syncline_registry::{Adapters, Deployment, InstallationKey, assemble, fill_required};

/// Left for the answer and for giving messages back, before Lambda ends the function.
const MARGIN: SignedDuration = SignedDuration::from_secs(5);
/// How long the first run may ask vendors for their required fields.
const DESCRIBE: SignedDuration = SignedDuration::from_secs(10);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    tracing_subscriber::fmt().json().with_env_filter(tracing_subscriber::EnvFilter::from_default_env()).without_time().init();
    let environment: BTreeMap<String, String> = std::env::vars().collect();
    let folder = environment.get("LAMBDA_TASK_ROOT").cloned().unwrap_or_else(|| ".".to_owned());
    let deployment = Deployment::read(&environment, folder.as_ref()).map_err(|problems| told(&problems))?;

    let aws = Aws::from_environment().await;
    let clock = Arc::new(SystemClock);
    let dice = Arc::new(SystemDice);
    let adapters = Adapters {
        store: Arc::new(DynamoStore::new(aws.clone(), deployment.table.clone(), clock.clone(), dice.clone())),
        outbox: Arc::new(SqsOutbox::new(aws.clone(), deployment.queue_urls.clone(), None, clock.clone())),
        secrets: Arc::new(SecretsManagerSecrets::new(aws, deployment.secrets_prefix.clone(), clock.clone())),
        http: Arc::new(ReqwestHttp::new(clock.clone())),
        clock,
        dice,
    };
    let key = InstallationKey::load(adapters.secrets.as_ref()).await?;
    let mut engine = assemble(&deployment.config, &adapters, &key).map_err(|problems| told(&problems))?;
    let by = Deadline(engine.now() + DESCRIBE);
    fill_required(&deployment.config, &mut engine, by).await;

    let (engine, deployment) = (&engine, &deployment);
    run(service_fn(async |event: LambdaEvent<SqsEvent>| {
        let end = i64::try_from(event.context.deadline).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
        let by = Deadline(end.unwrap_or_else(|| engine.now() + DESCRIBE) - MARGIN);
        let arn = event.payload.records.first().and_then(|message| message.event_source_arn.as_deref()).unwrap_or_default();
        let Some(connection) = deployment.connection_of(arn) else {
            tracing::error!("messages of a queue that SYNCLINE_QUEUES does not name; they stay in it");
            return Ok::<_, Error>(syncline_write::refuse(event.payload));
        };
        Ok(syncline_write::handle(engine, connection, event.payload, by).await)
    }))
    .await
}

fn told<P: std::fmt::Display>(problems: &[P]) -> Error {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n").into()
}
