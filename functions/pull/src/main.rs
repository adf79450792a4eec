//! The scheduled function on AWS: `EventBridge` Scheduler sends what to do as the event's payload.

use lambda_runtime::{Context, Error, LambdaEvent, run, service_fn};
use syncline_engine::Engine;
use syncline_lambda::metrics::{Before, Figures};
use syncline_lambda::{Host, Vendors, log};
use syncline_pull::{Done, Event, exhaust};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    log();
    let host = &Host::start(Vendors::Written).await?;
    run(service_fn(async |event: LambdaEvent<Event>| {
        let (config, LambdaEvent { payload: event, context }) = (&host.deployment.config, event);
        event.check(config)?;
        let engine = host.engine().await?;
        let before = Before::of(engine);
        let done = exhaust(engine, config, &event, host.by(&context), async |at| host.wait_until(at).await).await;
        tell(host, engine, &before, &event, done.as_ref().ok(), &context);
        Ok::<_, Error>(serde_json::to_value(done?)?)
    }))
    .await
}

fn tell(host: &Host, engine: &Engine, before: &Before, event: &Event, done: Option<&Done>, context: &Context) {
    let mut figures = Figures::since(engine, before);
    match done {
        Some(Done::Pulled(pulled)) => {
            if let (Some(sync), Some(side)) = (engine.sync(&event.sync), event.side) {
                figures.pulled(&sync.ends.of(side).connection, pulled);
            }
        }
        Some(Done::Swept(progress)) => figures.swept(progress),
        Some(Done::Backfill(_) | Done::NotDue(_)) | None => {}
    }
    let asked = serde_json::to_value(event).unwrap_or_default();
    host.tell(&figures, context, [("event".to_owned(), asked)].into_iter().collect());
}
