//! Signing in: an API key of the company, or an installation of a partner's application, whose token lasts until it is removed.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::StatusCode;
use serde_json::Value as Json;
use syncline_engine::ports::secrets::Bundle;
use syncline_engine::ports::sign_in::{ClientProof, CodeGrant, Keys, Redirect, Revoked, TokenBody, Way};
use syncline_engine::ports::vendor::Settings;
use syncline_model::{Fault, Secret, Timestamp};

use crate::faults;
use crate::settings;
use crate::wire::drift;

/// Where an administrator consents (fact sheet §1: documented).
const DASHBOARD: &str = "https://dashboard.aircall.io";
/// Ten minutes (unverified).
const CODE_S: u32 = 600;

pub(crate) fn ways(settings: &Settings) -> Vec<Way> {
    let key = Way::Keys(Keys { label: "an API key of the company", names: &["api_id", "api_token"] });
    let Ok(target) = settings::read(settings) else { return vec![key] };
    // A simulator stands in for the dashboard too.
    let dashboard = if settings.get("base_url").is_some() { &target.base } else { DASHBOARD };
    let grant = CodeGrant {
        label: "an installation of your Aircall app (OAuth, for partners)",
        authorize_url: format!("{dashboard}/oauth/authorize"),
        // Address and scope are unverified (fact sheet §1).
        token_url: format!("{}/v1/oauth/token", target.base),
        scope: "public_api".to_owned(),
        has_pkce: false,
        authorize_parameters: Vec::new(),
        token_parameters: Vec::new(),
        client: ClientProof::Body,
        secret_is_optional: false,
        body: TokenBody::Json,
        redirect: Redirect { host: "localhost", port: Some(Redirect::REGISTERED_PORT) },
        yields: &["access_token"],
        code_s: CODE_S,
        expected: Vec::new(),
        client_help: "Aircall's partner team gives an app its client id and secret, and registers its redirect address",
    };
    vec![key, Way::Code(Box::new(grant))]
}

/// The token, which has no end of its own (fact sheet §1: documented).
pub(crate) fn tokens(answer: &http::Response<Bytes>, now: Timestamp) -> Result<Bundle, Fault> {
    match answer.status() {
        status if status.is_success() => {}
        StatusCode::TOO_MANY_REQUESTS => return Err(Fault::RateLimited { until: faults::asked_again(answer.headers(), now) }),
        status if status.is_server_error() => {
            return Err(Fault::Transient { detail: format!("sign-in: Aircall answered {}", status.as_u16()) });
        }
        status => {
            let hint = format!(
                "Aircall refused the code or the app ({}): check the app's id, secret and redirect address, and sign in again; a code works once",
                status.as_u16()
            );
            return Err(Fault::AuthRefused { hint });
        }
    }
    let body: Json = serde_json::from_slice(answer.body()).unwrap_or(Json::Null);
    let token = body.get("access_token").and_then(Json::as_str).filter(|token| !token.is_empty()).map(Secret::new);
    let token = token.ok_or_else(|| drift("access_token", "a text", "something else"))?;
    Ok(Bundle(BTreeMap::from([("access_token".to_owned(), token)])))
}

/// The API ends neither keys nor installations.
pub(crate) fn by_hand() -> Revoked {
    let how = "In the Aircall Dashboard, Integrations & API: delete the API key, or uninstall the app.";
    Revoked::ByHand { how: how.to_owned() }
}
