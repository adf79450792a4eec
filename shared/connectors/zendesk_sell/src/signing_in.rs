//! Signing in: a personal token of Sell's settings, or OAuth, whose code and tokens want the client's name and secret in the header each time.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde_json::Value as Json;
use syncline_engine::ports::secrets::Bundle;
use syncline_engine::ports::sign_in::{ClientProof, CodeGrant, Keys, Redirect, Revoked, TokenBody, Way};
use syncline_engine::ports::vendor::Settings;
use syncline_model::{Fault, Secret, Timestamp};

use crate::faults::{self, drift};
use crate::settings::{self, Flow, Target};

/// Ten minutes (unverified; the fact sheet does not say).
const CODE_S: u32 = 600;

pub(crate) fn ways(settings: &Settings) -> Vec<Way> {
    let token = Way::Keys(Keys { label: "a personal access token of an administrator", names: &["access_token"] });
    match settings::read(settings) {
        Ok(target) if target.flow == Flow::RefreshToken => {
            let own = Keys { label: "a refresh token of your own", names: &["client_id", "client_secret", "refresh_token"] };
            vec![Way::Code(Box::new(code_grant(&target))), Way::Keys(own)]
        }
        Ok(_) | Err(_) => vec![token],
    }
}

/// Fact sheet §2.2: documented. All scopes: `profile` for the account and its users, `sync` for nothing that is used yet.
fn code_grant(target: &Target) -> CodeGrant {
    CodeGrant {
        label: "your sign-in in the browser (OAuth)",
        authorize_url: format!("{}/oauth2/authorize", target.base),
        token_url: format!("{}/oauth2/token", target.base),
        scope: "read write profile".to_owned(),
        has_pkce: false,
        authorize_parameters: Vec::new(),
        token_parameters: Vec::new(),
        client: ClientProof::Basic,
        secret_is_optional: false,
        body: TokenBody::Form,
        redirect: Redirect { host: "localhost", port: Some(Redirect::REGISTERED_PORT) },
        yields: &["access_token", "refresh_token"],
        code_s: CODE_S,
        expected: Vec::new(),
        client_help: "Sell, Settings, Integrations, OAuth, Developer apps: an app with this redirect URI",
    }
}

/// Both tokens: the functions share them.
pub(crate) fn tokens(answer: &http::Response<Bytes>, now: Timestamp) -> Result<Bundle, Fault> {
    if !answer.status().is_success() {
        if String::from_utf8_lossy(answer.body()).contains("invalid_grant") {
            let hint = "the code is no longer valid: it works once, and with the redirect URI that is registered; sign in again";
            return Err(Fault::AuthRefused { hint: hint.to_owned() });
        }
        return Err(faults::of_token_answer(answer.status(), answer.headers(), answer.body(), now));
    }
    let body: Json = serde_json::from_slice(answer.body()).unwrap_or(Json::Null);
    let token = |name: &str| {
        let token = body.get(name).and_then(Json::as_str).filter(|token| !token.is_empty()).map(Secret::new);
        token.map(|token| (name.to_owned(), token)).ok_or_else(|| drift(name, "a text", "something else"))
    };
    Ok(Bundle(BTreeMap::from([token("access_token")?, token("refresh_token")?])))
}

/// A personal token is not the API's to end.
pub(crate) fn by_hand() -> Revoked {
    Revoked::ByHand { how: "In Sell, Settings, Integrations, OAuth, Access tokens: remove the token.".to_owned() }
}
