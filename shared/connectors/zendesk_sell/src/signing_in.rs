//! Signing in: the ways of each setting of `auth`, and what a code is exchanged for (fact sheet §2).

use std::collections::BTreeMap;

use bytes::Bytes;
use serde_json::Value as Json;
use syncline_engine::ports::secrets::Bundle;
use syncline_engine::ports::sign_in::{ClientProof, CodeGrant, Keys, Redirect, Revoked, TokenBody, Way};
use syncline_engine::ports::vendor::Settings;
use syncline_model::{Fault, Secret, Timestamp};

use crate::faults::{self, drift};
use crate::settings::{self, Flow, Target};

/// Not told (unverified): as long as is usual.
const CODE_S: u32 = 600;

pub(crate) fn ways(settings: &Settings) -> Vec<Way> {
    let token = Way::Keys(Keys { label: "an access token of the root user", names: &["access_token"] });
    match settings::read(settings) {
        Ok(target) if target.flow == Flow::RefreshToken => {
            let names = &["client_id", "client_secret", "refresh_token"];
            vec![Way::Code(Box::new(code_grant(&target))), Way::Keys(Keys { label: "a refresh token of your own", names })]
        }
        Ok(_) | Err(_) => vec![token],
    }
}

/// The client shows itself by Basic at every exchange (documented); a proof key is mentioned nowhere.
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
        client_help: "Sell, Settings, Integrations, OAuth, Developer apps: an app with this redirect URL",
    }
}

/// Both tokens: the functions share them.
pub(crate) fn tokens(answer: &http::Response<Bytes>, now: Timestamp) -> Result<Bundle, Fault> {
    if !answer.status().is_success() {
        return Err(faults::of_token_answer(answer.status(), answer.headers(), answer.body(), now));
    }
    let body: Json = serde_json::from_slice(answer.body()).unwrap_or(Json::Null);
    let token = |name: &str| body.get(name).and_then(Json::as_str).filter(|token| !token.is_empty()).map(Secret::new);
    let access = token("access_token").ok_or_else(|| drift("access_token", "a text", "something else"))?;
    let refresh = token("refresh_token").ok_or_else(|| drift("refresh_token", "a text", "nothing"))?;
    Ok(Bundle(BTreeMap::from([("access_token".to_owned(), access), ("refresh_token".to_owned(), refresh)])))
}

/// What the call for it takes is not documented.
pub(crate) fn by_hand() -> Revoked {
    Revoked::ByHand { how: "In Sell, Settings, Integrations, OAuth: delete the access token, or the app.".to_owned() }
}
