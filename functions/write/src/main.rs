//! The queued function on AWS. One a connection, or one for all: the queue's ARN tells whose messages these are.

use aws_lambda_events::event::sqs::SqsEvent;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use syncline_lambda::{Host, Vendors, log};
use syncline_write::{handle, refuse};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    log();
    let host = &Host::start(Vendors::Written).await?;
    run(service_fn(async |event: LambdaEvent<SqsEvent>| {
        let Some(first) = event.payload.records.first() else { return Ok(refuse(event.payload)) };
        let Some(connection) = host.deployment.connection_of(first.event_source_arn.as_deref().unwrap_or_default()) else {
            tracing::error!("messages of a queue that SYNCLINE_QUEUES does not name; they stay in it");
            return Ok::<_, Error>(refuse(event.payload));
        };
        Ok(handle(host.engine().await?, connection, event.payload, host.by(&event.context)).await)
    }))
    .await
}
