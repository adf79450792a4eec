//! Signing in: the ways of each setting of `auth`, what a code is exchanged for, and whether there is an account of this subdomain.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::StatusCode;
use serde_json::{Value as Json, json};
use syncline_engine::ports::http::Call;
use syncline_engine::ports::secrets::Bundle;
use syncline_engine::ports::sign_in::{ClientProof, CodeGrant, Existence, ExistenceCheck, Keys, Redirect, Revoked, TokenBody, Way};
use syncline_engine::ports::vendor::Settings;
use syncline_model::{Fault, Secret, Timestamp};

use crate::auth::{ACCESS_S, REFRESH_S};
use crate::calls;
use crate::faults::{self, drift};
use crate::settings::{self, Flow, Target};

/// Fact sheet §1.1: documented.
const CODE_S: u32 = 120;

pub(crate) fn ways(settings: &Settings) -> Vec<Way> {
    let keys = |label, names| Way::Keys(Keys { label, names });
    let client = || keys("an OAuth client's own credentials", &["client_id", "client_secret"]);
    let Ok(target) = settings::read(settings) else { return vec![client()] };
    match target.flow {
        Flow::ClientCredentials => vec![client()],
        Flow::ApiToken => vec![keys("an API token, until 2027-04-30", &["email", "api_token"])],
        Flow::RefreshToken => {
            vec![Way::Code(Box::new(code_grant(&target))), keys("a refresh token of your own", &["client_id", "refresh_token"])]
        }
    }
}

/// Fact sheet §1.1: documented; that plain http is taken for this machine's own address is unverified.
fn code_grant(target: &Target) -> CodeGrant {
    CodeGrant {
        label: "your sign-in in the browser (OAuth)",
        authorize_url: format!("{}/oauth/authorizations/new", target.base),
        token_url: format!("{}/oauth/tokens", target.base),
        scope: target.scope.clone(),
        has_pkce: true,
        authorize_parameters: Vec::new(),
        token_parameters: vec![("expires_in", json!(ACCESS_S)), ("refresh_token_expires_in", json!(REFRESH_S))],
        client: ClientProof::Body,
        secret_is_optional: true,
        body: TokenBody::Json,
        redirect: Redirect { host: "localhost", port: Some(Redirect::REGISTERED_PORT) },
        yields: &["access_token", "refresh_token"],
        code_s: CODE_S,
        expected: Vec::new(),
        client_help: "Zendesk, Admin Center, Apps and integrations, APIs, OAuth clients: a client with this redirect URL; its unique identifier is the client_id",
    }
}

/// Both tokens: the functions share them.
pub(crate) fn tokens(answer: &http::Response<Bytes>, now: Timestamp) -> Result<Bundle, Fault> {
    let body: Json = serde_json::from_slice(answer.body()).unwrap_or(Json::Null);
    if !answer.status().is_success() {
        if body.get("error").and_then(Json::as_str) == Some("invalid_grant") {
            let hint = "the code is no longer valid: it works once, within two minutes, and with the redirect URL that is registered; sign in again";
            return Err(Fault::AuthRefused { hint: hint.to_owned() });
        }
        return Err(faults::of_token_answer(answer.status(), answer.headers(), answer.body(), now));
    }
    let token = |name: &str| body.get(name).and_then(Json::as_str).filter(|token| !token.is_empty()).map(Secret::new);
    let access = token("access_token").ok_or_else(|| drift("access_token", "a text", "something else"))?;
    let refresh = token("refresh_token").ok_or_else(|| drift("refresh_token", "a text", "nothing"))?;
    Ok(Bundle(BTreeMap::from([("access_token".to_owned(), access), ("refresh_token".to_owned(), refresh)])))
}

/// Asked without credentials (fact sheet §8: documented).
pub(crate) fn existence(settings: &Settings) -> Option<ExistenceCheck> {
    let target = settings::read(settings).ok()?;
    let label = target.host.strip_suffix(".zendesk.com")?;
    let request = http::Request::get(format!("{}/api/v2/accounts/available?subdomain={label}", target.base));
    let call = Call::new(calls::ACCOUNT, request.header("accept", "application/json").body(Bytes::new()).ok()?);
    Some(ExistenceCheck { account: target.host, call, read })
}

/// `success` says that the name is free.
fn read(answer: &http::Response<Bytes>, now: Timestamp) -> Result<Existence, Fault> {
    match answer.status() {
        StatusCode::OK => {}
        // The question is put to the account itself: where it is not there, neither is its answer.
        StatusCode::NOT_FOUND => return Ok(Existence::Missing),
        StatusCode::TOO_MANY_REQUESTS => return Err(Fault::RateLimited { until: faults::retry_after(answer.headers(), now) }),
        status if status.is_redirection() => return Ok(Existence::Missing),
        status => return Err(Fault::Transient { detail: format!("Zendesk answered {}", status.as_u16()) }),
    }
    let body: Json = serde_json::from_slice(answer.body()).unwrap_or(Json::Null);
    match body.get("success").and_then(Json::as_bool) {
        Some(true) => Ok(Existence::Missing),
        Some(false) => Ok(Existence::Exists),
        None => Err(drift("success", "true or false", "something else")),
    }
}

/// What no call ends.
pub(crate) fn by_hand(flow: Flow) -> Revoked {
    let how = match flow {
        Flow::ApiToken => "In Zendesk, Admin Center, Apps and integrations, APIs: delete the API token.",
        Flow::ClientCredentials | Flow::RefreshToken => {
            "In Zendesk, Admin Center, Apps and integrations, APIs, OAuth clients: delete the client."
        }
    };
    Revoked::ByHand { how: how.to_owned() }
}
