//! The webhook function on AWS, behind an API Gateway HTTP API (payload 2.0).

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use syncline_lambda::metrics::{Before, Figures};
use syncline_lambda::{Host, Vendors, log, request, response};
use syncline_webhook::{Doors, bare, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    log();
    let host = &Host::start(Vendors::NotWritten).await?;
    let doors = &Doors::new(&host.deployment.config, host.adapters.secrets.clone());
    run(service_fn(async |event: LambdaEvent<ApiGatewayV2httpRequest>| {
        let Some(request) = request(event.payload) else { return Ok(response(bare(http::StatusCode::BAD_REQUEST))) };
        if let Some(answer) = doors.turn_away(&request) {
            return Ok::<_, Error>(response(answer));
        }
        let engine = host.engine().await?;
        let before = Before::of(engine);
        let answer = handle(engine, doors, request).await;
        let mut figures = Figures::since(engine, &before);
        figures.heard(|sync, side| Some(engine.sync(sync)?.ends.of(side).connection.clone()));
        host.tell(&figures, &event.context, serde_json::Map::new());
        Ok(response(answer))
    }))
    .await
}
