//! The queued function on AWS. One a connection, or one for all: the queue's ARN tells whose messages these are.

use std::collections::BTreeSet;

use aws_lambda_events::event::sqs::SqsEvent;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::Value as Json;
use syncline_lambda::metrics::{Before, Figures};
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
        let (engine, from) = (host.engine().await?, senders(&event.payload));
        let before = Before::of(engine);
        // On the heap: the worker's state is too large to be moved about.
        let answer = Box::pin(handle(engine, connection, event.payload, host.by(&event.context))).await;
        host.tell(&Figures::since(engine, &before), &event.context, [("senders".to_owned(), from)].into_iter().collect());
        Ok(answer)
    }))
    .await
}

/// The X-Ray traces of the runs that sent these messages: SQS carries each along, beside a message.
fn senders(event: &SqsEvent) -> Json {
    let traces = event.records.iter().filter_map(|message| message.attributes.get("AWSTraceHeader"));
    traces.collect::<BTreeSet<_>>().into_iter().cloned().collect()
}
