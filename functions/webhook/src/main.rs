//! The webhook function on AWS, behind an API Gateway HTTP API (payload 2.0).

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use syncline_lambda::{Host, Vendors, log, request, response};
use syncline_webhook::{Doors, bare, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    log();
    let host = &Host::start(Vendors::NotWritten).await?;
    let doors = &Doors::new(&host.deployment.config, host.adapters.secrets.clone());
    run(service_fn(async |event: LambdaEvent<ApiGatewayV2httpRequest>| {
        let Some(request) = request(event.payload) else { return Ok(response(bare(http::StatusCode::BAD_REQUEST))) };
        Ok::<_, Error>(response(match doors.turn_away(&request) {
            Some(answer) => answer,
            None => handle(host.engine().await?, doors, request).await,
        }))
    }))
    .await
}
