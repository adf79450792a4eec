//! Signing in and out: the ways of each setting of `auth`, what a code is exchanged for, and how a refresh token is given up.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::StatusCode;
use syncline_engine::ports::http::Call;
use syncline_engine::ports::secrets::Bundle;
use syncline_engine::ports::sign_in::{ClientProof, CodeGrant, Existence, ExistenceCheck, Keys, Redirect, Revoked, TokenBody, Way};
use syncline_model::{Fault, Timestamp};

use crate::calls;
use crate::faults;
use crate::settings::{Config, Flow};
use crate::wire::{Node, TokenAnswer};

/// Ten minutes (unverified; the fact sheet does not say).
const CODE_S: u32 = 600;

pub(crate) fn ways(config: &Config) -> Vec<Way> {
    let keys = |label, names| Way::Keys(Keys { label, names });
    match config.flow {
        Flow::Jwt => vec![keys("an external client app with a certificate (JWT)", &["client_id", "username", "private_key"])],
        Flow::ClientCredentials => vec![keys("an external client app's own credentials", &["client_id", "client_secret"])],
        Flow::RefreshToken => {
            vec![Way::Code(Box::new(code_grant(config))), keys("a refresh token of your own", &["client_id", "refresh_token"])]
        }
    }
}

/// At the organisation's own address, so that nobody signs in to another one (fact sheet §1.1). Proof keys and plain http to `localhost` are not in
/// the fact sheet: unverified.
fn code_grant(config: &Config) -> CodeGrant {
    CodeGrant {
        label: "your sign-in in the browser (OAuth)",
        authorize_url: format!("{}/services/oauth2/authorize", config.base_url),
        token_url: format!("{}/services/oauth2/token", config.base_url),
        scope: "api refresh_token".to_owned(),
        has_pkce: true,
        authorize_parameters: Vec::new(),
        token_parameters: Vec::new(),
        client: ClientProof::Body,
        secret_is_optional: true,
        body: TokenBody::Form,
        redirect: Redirect { host: "localhost", port: Some(Redirect::REGISTERED_PORT) },
        yields: &["refresh_token"],
        code_s: CODE_S,
        expected: Vec::new(),
        client_help: "Salesforce, Setup, External Client App Manager: an app with OAuth, the scopes api and refresh_token, and this callback URL",
    }
}

/// The refresh token. The access token is not kept: each process gets its own.
pub(crate) fn tokens(config: &Config, answer: &http::Response<Bytes>, now: Timestamp) -> Result<Bundle, Fault> {
    if !answer.status().is_success() {
        return Err(faults::of_token_answer(answer.status().as_u16(), answer.body(), &[], now));
    }
    let node = Node::parse(answer.body())?;
    let drift = |path: &str| Fault::Drift { path: path.to_owned(), expected: "string".to_owned(), found: "something else".to_owned() };
    let tokens = TokenAnswer::read(&node).ok_or_else(|| drift("access_token"))?;
    let instance = node.text_at("instance_url").ok_or_else(|| drift("instance_url"))?;
    let (there, ours) = (host(instance), host(&config.base_url));
    if there != ours {
        let hint = format!("you signed in to {there}, not to {ours}: sign out there first, or correct `base_url`");
        return Err(Fault::AuthRefused { hint });
    }
    let refresh = tokens.refresh_token.ok_or_else(|| Fault::AuthRefused {
        hint: "Salesforce gave no refresh token: allow the app the scope refresh_token (perform requests at any time)".to_owned(),
    })?;
    Ok(Bundle(BTreeMap::from([("refresh_token".to_owned(), refresh)])))
}

fn host(address: &str) -> String {
    address.parse::<http::Uri>().ok().and_then(|uri| uri.authority().map(|own| own.as_str().to_lowercase())).unwrap_or_default()
}

/// The list of API versions wants no credentials (fact sheet §1: recorded).
pub(crate) fn existence(config: &Config) -> Option<ExistenceCheck> {
    let request = http::Request::get(format!("{}/services/data", config.base_url)).header("accept", "application/json");
    let call = Call::new(calls::ACCOUNT, request.body(Bytes::new()).ok()?);
    Some(ExistenceCheck { account: host(&config.base_url), call, read })
}

/// A host that is nobody's answers with a page, or a redirect to one, instead of the list.
fn read(answer: &http::Response<Bytes>, _now: Timestamp) -> Result<Existence, Fault> {
    let is_list = || Node::parse(answer.body()).is_ok();
    match answer.status() {
        StatusCode::OK if is_list() => Ok(Existence::Exists),
        status if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS => {
            Err(Fault::Transient { detail: format!("Salesforce answered {}", status.as_u16()) })
        }
        StatusCode::OK | StatusCode::NOT_FOUND => Ok(Existence::Missing),
        status if status.is_redirection() => Ok(Existence::Missing),
        // Refused, but by somebody.
        _ => Ok(Existence::Exists),
    }
}

/// What is left to a person where there is no token of a person's to give up.
pub(crate) fn by_hand() -> Revoked {
    let how = "In Salesforce, Setup: block or delete the external client app, or freeze the integration user.";
    Revoked::ByHand { how: how.to_owned() }
}
