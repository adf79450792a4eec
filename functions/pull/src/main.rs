//! The scheduled function on AWS: `EventBridge` Scheduler sends what to do as the event's payload.

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use syncline_lambda::{Host, Vendors, log};
use syncline_pull::{Event, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    log();
    let host = &Host::start(Vendors::Written).await?;
    run(service_fn(async |event: LambdaEvent<Event>| {
        let config = &host.deployment.config;
        event.payload.check(config)?;
        let done = handle(host.engine().await?, config, &event.payload, host.by(&event.context)).await?;
        tracing::info!(sync = %event.payload.sync, "done");
        Ok::<_, Error>(serde_json::to_value(done)?)
    }))
    .await
}
