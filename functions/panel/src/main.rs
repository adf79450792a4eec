//! The panel function on AWS, behind an API Gateway HTTP API (payload 2.0).
//!
//! Beside what every function reads from its environment: `SYNCLINE_PANEL` (the blocks, as JSON; the recipe's by default),
//! `SYNCLINE_PANEL_FRAMES` (more origins that may frame it, parted by blanks) and `SYNCLINE_PANEL_URL` (where it is reached, if not as called).

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use syncline_lambda::metrics::{Before, Figures};
use syncline_lambda::{Host, Vendors, log, request, response};
use syncline_panel::{Panel, Signer, default_settings, handle, settings, turn_away, unreadable};
use syncline_registry::INSTALLATION;
use tokio::sync::OnceCell;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    log();
    let host = &Host::start(Vendors::NotWritten).await?;
    let panel = &OnceCell::new();
    run(service_fn(async |event: LambdaEvent<ApiGatewayV2httpRequest>| {
        let Some(request) = request(event.payload) else { return Ok(response(unreadable())) };
        if let Some(answer) = turn_away(&request) {
            return Ok::<_, Error>(response(answer));
        }
        let panel = panel.get_or_try_init(|| open(host)).await?;
        let engine = host.engine().await?;
        let before = Before::of(engine);
        let answer = handle(engine, panel, request).await;
        host.tell(&Figures::since(engine, &before), &event.context, serde_json::Map::new());
        Ok(response(answer))
    }))
    .await
}

async fn open(host: &Host) -> Result<Panel, Error> {
    let variable = |name: &str| host.environment.get(name).map_or("", String::as_str);
    let signer = Signer::load(host.adapters.secrets.as_ref(), INSTALLATION).await?;
    let shown = if variable("SYNCLINE_PANEL").is_empty() { default_settings() } else { settings(variable("SYNCLINE_PANEL")) }?;
    let engine = host.engine().await?;
    let (mut panel, problems) = Panel::new(&host.deployment.config, engine, &shown, host.adapters.secrets.clone(), signer);
    for problem in problems {
        tracing::warn!("{problem}");
    }
    for origin in panel.allow_frames(variable("SYNCLINE_PANEL_FRAMES")) {
        tracing::warn!(origin, "SYNCLINE_PANEL_FRAMES: this is no origin; write https://host");
    }
    panel.public_url = host.environment.get("SYNCLINE_PANEL_URL").filter(|url| !url.is_empty()).cloned();
    Ok(panel)
}
