//! Signing in: at the right data centre, with a refresh token at the end (fact sheet §1).

use std::collections::BTreeMap;

use bytes::Bytes;
use syncline_engine::ports::secrets::Bundle;
use syncline_engine::ports::sign_in::{ClientProof, CodeGrant, Expected, Keys, Redirect, TokenBody, Way};
use syncline_engine::ports::vendor::Settings;
use syncline_model::{Fault, Secret, Timestamp};

use crate::auth;
use crate::settings::{self, Target};

/// What each question needs; COQL and bulk are not used.
const SCOPES: &str = "ZohoCRM.modules.ALL,ZohoCRM.settings.fields.ALL,ZohoCRM.users.READ,ZohoCRM.org.READ,ZohoCRM.notifications.ALL,ZohoSearch.securesearch.READ";
/// How long a code is good, in seconds: of a self client one to ten minutes; of a browser's redirect at least one (unverified).
const CODE_S: u32 = 60;

pub(crate) fn ways(settings: &Settings) -> Vec<Way> {
    let keys = Way::Keys(Keys {
        label: "a self client's id and secret, and a refresh token of your own",
        names: &["client_id", "client_secret", "refresh_token"],
    });
    match settings::read(settings) {
        Ok(target) => vec![Way::Code(Box::new(code_grant(&target))), keys],
        Err(_) => vec![keys],
    }
}

/// Without `access_type=offline` there is no refresh token; without `prompt=consent` a second sign-in may give none.
fn code_grant(target: &Target) -> CodeGrant {
    CodeGrant {
        label: "your sign-in in the browser (OAuth)",
        authorize_url: format!("{}/oauth/v2/auth", target.accounts()),
        token_url: format!("{}/oauth/v2/token", target.accounts()),
        scope: SCOPES.to_owned(),
        has_pkce: false,
        authorize_parameters: vec![("access_type", "offline".to_owned()), ("prompt", "consent".to_owned())],
        token_parameters: Vec::new(),
        client: ClientProof::Body,
        secret_is_optional: false,
        body: TokenBody::Form,
        redirect: Redirect { host: "localhost", port: Some(Redirect::REGISTERED_PORT) },
        yields: &["refresh_token", "access_token", "access_token_until", "api_domain"],
        code_s: CODE_S,
        expected: vec![Expected {
            parameter: "location",
            value: target.centre.name.to_owned(),
            hint: "your account lives in another of Zoho's data centres: correct `data_center`".to_owned(),
        }],
        client_help: "api-console at your data centre (https://api-console.zoho.eu for eu): a server-based application with this redirect URI",
    }
}

pub(crate) fn tokens(answer: &http::Response<Bytes>, now: Timestamp) -> Result<Bundle, Fault> {
    let fresh = match auth::read(answer, now) {
        Err(Fault::AuthRefused { .. }) => {
            let hint = "the code is no longer valid: it works once, within a minute, with the redirect URI that is registered and in the account's own \
                        data centre; sign in again";
            return Err(Fault::AuthRefused { hint: hint.to_owned() });
        }
        other => other?,
    };
    let refresh = fresh.refresh.ok_or_else(|| Fault::AuthRefused {
        hint:
            "Zoho gave no refresh token: sign in again and accept; if it happens again, remove the app under your account's connected apps"
                .to_owned(),
    })?;
    let mut bundle = BTreeMap::from([
        ("refresh_token".to_owned(), refresh),
        ("access_token".to_owned(), fresh.token),
        ("access_token_until".to_owned(), Secret::new(fresh.until.to_string())),
    ]);
    if let Some(domain) = fresh.api_domain {
        bundle.insert("api_domain".to_owned(), Secret::new(domain));
    }
    Ok(Bundle(bundle))
}
