//! The panel function on AWS, behind an API Gateway HTTP API (payload 2.0).
//!
//! Beside what every function reads from its environment: `SYNCLINE_PANEL` (the blocks, as JSON; the recipe's by default),
//! `SYNCLINE_PANEL_FRAMES` (more origins that may frame it, parted by blanks) and `SYNCLINE_PANEL_URL` (where it is reached, if not as called).

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
use syncline_panel::{Panel, Signer, default_settings, handle, settings};
use syncline_registry::{Adapters, Deployment, INSTALLATION, InstallationKey, assemble};

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
    let signer = Signer::load(adapters.secrets.as_ref(), INSTALLATION).await?;
    let shown = environment.get("SYNCLINE_PANEL").map_or_else(default_settings, |text| settings(text))?;
    let (mut panel, problems) = Panel::new(&deployment.config, &engine, &shown, adapters.secrets.clone(), signer);
    for problem in problems {
        tracing::warn!("{problem}");
    }
    for origin in panel.allow_frames(environment.get("SYNCLINE_PANEL_FRAMES").map_or("", String::as_str)) {
        tracing::warn!(origin, "SYNCLINE_PANEL_FRAMES: this is no origin; write https://host");
    }
    panel.public_url = environment.get("SYNCLINE_PANEL_URL").cloned();

    let (engine, panel) = (&engine, &panel);
    run(service_fn(async |event: LambdaEvent<ApiGatewayV2httpRequest>| {
        let answer = match request(event.payload) {
            Some(request) => handle(engine, panel, request).await,
            None => http::Response::builder().status(http::StatusCode::BAD_REQUEST).body(Bytes::new())?,
        };
        Ok::<_, Error>(response(answer))
    }))
    .await
}

/// The request as it was sent, with the host that it was sent to; `None` where it cannot be read.
fn request(event: ApiGatewayV2httpRequest) -> Option<http::Request<Bytes>> {
    let body = event.body.unwrap_or_default();
    let body = if event.is_base64_encoded { STANDARD.decode(body).ok()? } else { body.into_bytes() };
    let path = event.raw_path?;
    let query = event.raw_query_string.filter(|query| !query.is_empty()).map(|query| format!("?{query}")).unwrap_or_default();
    let uri = match event.request_context.domain_name {
        Some(host) => format!("https://{host}{path}{query}"),
        None => format!("{path}{query}"),
    };
    let mut request = http::Request::new(Bytes::from(body));
    *request.method_mut() = event.request_context.http.method;
    *request.uri_mut() = uri.parse().ok()?;
    *request.headers_mut() = event.headers;
    Some(request)
}

/// Every answer of the panel is text.
fn response(answer: http::Response<Bytes>) -> ApiGatewayV2httpResponse {
    let (head, body) = answer.into_parts();
    let mut response = ApiGatewayV2httpResponse::default();
    response.status_code = i64::from(head.status.as_u16());
    response.headers = head.headers;
    response.body = Some(Body::Text(String::from_utf8_lossy(&body).into_owned()));
    response
}

fn told<P: std::fmt::Display>(problems: &[P]) -> Error {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n").into()
}
