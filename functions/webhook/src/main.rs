//! The webhook function on AWS, behind an API Gateway HTTP API (payload 2.0).

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use aws_lambda_events::encodings::Body;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use syncline_aws::{Aws, DynamoStore, SecretsManagerSecrets, SqsOutbox, SystemClock, SystemDice};
use syncline_http::ReqwestHttp;
use syncline_registry::{Adapters, Deployment, InstallationKey, assemble};
use syncline_webhook::{Doors, handle};

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
    let engine = assemble(&deployment.config, &adapters, &key).map_err(|problems| told(&problems))?;
    let doors = Doors::new(&deployment.config, adapters.secrets.clone());

    let (engine, doors) = (&engine, &doors);
    run(service_fn(async |event: LambdaEvent<ApiGatewayV2httpRequest>| {
        let answer = match request(event.payload) {
            Some(request) => handle(engine, doors, request).await,
            None => http::Response::builder().status(http::StatusCode::BAD_REQUEST).body(Bytes::new())?,
        };
        Ok::<_, Error>(response(answer))
    }))
    .await
}

/// The request as it was sent; `None` where its body is not the base64 that it is said to be.
fn request(event: ApiGatewayV2httpRequest) -> Option<http::Request<Bytes>> {
    let body = event.body.unwrap_or_default();
    let body = if event.is_base64_encoded { STANDARD.decode(body).ok()? } else { body.into_bytes() };
    let mut request = http::Request::new(Bytes::from(body));
    *request.method_mut() = event.request_context.http.method;
    *request.uri_mut() = event.raw_path?.parse().ok()?;
    *request.headers_mut() = event.headers;
    Some(request)
}

fn response(answer: http::Response<Bytes>) -> ApiGatewayV2httpResponse {
    let (head, body) = answer.into_parts();
    let mut response = ApiGatewayV2httpResponse::default();
    response.status_code = i64::from(head.status.as_u16());
    response.headers = head.headers;
    response.body = Some(match String::from_utf8(body.to_vec()) {
        Ok(text) => Body::Text(text),
        Err(bytes) => {
            response.is_base64_encoded = true;
            Body::Text(STANDARD.encode(bytes.into_bytes()))
        }
    });
    response
}

fn told<P: std::fmt::Display>(problems: &[P]) -> Error {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n").into()
}
