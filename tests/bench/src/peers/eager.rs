//! The functions with their clients built at the start, as functions mostly have them: the same settings, the same events turned away. Which of
//! the functions it plays, its name tells, as on Lambda.

use aws_lambda_events::event::sqs::SqsEvent;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;
use syncline_aws::Aws;
use syncline_http::{Limits, Network};
use syncline_lambda::{Host, Vendors, log, request, response};
use syncline_webhook::Doors;

const LIMITS: Limits = Limits { connect: std::time::Duration::from_secs(10), idle: std::time::Duration::from_secs(50), idle_per_host: 8 };

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    log();
    let host = &Host::start(Vendors::NotWritten).await?;
    // One pool for vendors and one for AWS, as the functions have them, and a client for each service.
    let (vendors, services) = (Network::new(LIMITS), Network::new(LIMITS));
    vendors.prepare()?;
    services.prepare()?;
    let aws = Aws::from_environment();
    let clients = (aws.dynamodb().await.clone(), aws.sqs().await.clone(), aws.secrets_manager().await.clone());
    let doors = &Doors::new(&host.deployment.config, host.adapters.secrets.clone());
    let name = host.environment.get("AWS_LAMBDA_FUNCTION_NAME").map_or("", String::as_str);
    run(service_fn(async |event: LambdaEvent<Json>| turn_away(name, host, doors, event.payload))).await?;
    drop((vendors, services, clients));
    Ok(())
}

/// What each function answers to an event that asks for nothing.
fn turn_away(name: &str, host: &Host, doors: &Doors, event: Json) -> Result<Json, Error> {
    match name {
        "syncline-webhook" => {
            let request = request(read(event)?).ok_or("no request")?;
            told(&response(doors.turn_away(&request).ok_or("a request that is taken")?))
        }
        "syncline-panel" => {
            let request = request(read(event)?).ok_or("no request")?;
            told(&response(syncline_panel::turn_away(&request).ok_or("a request that is taken")?))
        }
        "syncline-write" => told(&syncline_write::refuse(read::<SqsEvent>(event)?)),
        "syncline-pull" => {
            read::<syncline_pull::Event>(event)?.check(&host.deployment.config)?;
            Err("an event that is taken".into())
        }
        _ => Err("a function of that name is not played".into()),
    }
}

fn read<T: DeserializeOwned>(event: Json) -> Result<T, Error> {
    Ok(serde_json::from_value(event)?)
}

fn told<T: Serialize>(answer: &T) -> Result<Json, Error> {
    Ok(serde_json::to_value(answer)?)
}
