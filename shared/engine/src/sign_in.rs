//! Signing in with a browser: what is sent and what comes back, the same for all vendors (RFC 6749 §4.1, RFC 7636, RFC 8252). Pure, but for
//! [`exchange`], which sends one request.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde_json::{Map, Value as Json};
use sha2::{Digest as _, Sha256};
use syncline_model::{CallError, Deadline, Fault, Secret};

use crate::ports::clock::{Clock, Dice};
use crate::ports::http::{Call, EndpointClass, Http, NoAnswer};
use crate::ports::secrets::Bundle;
use crate::ports::sign_in::{ClientProof, CodeGrant, TokenBody};
use crate::ports::vendor::{Settings, Vendor};

const TOKEN: EndpointClass = "token";
/// Everything but letters, digits and `-._~`.
const QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// Rolls of a secret of our own: 256 bits.
const ROLLS: usize = 4;

/// What one attempt to sign in keeps to itself until the browser is back.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// Ties the redirect to this attempt: who does not know it was not sent by us.
    pub state: Secret,
    /// The proof key; the vendor sees its hash first and itself only with the code.
    pub verifier: Option<Secret>,
    pub redirect_uri: String,
}

impl Attempt {
    pub fn new(grant: &CodeGrant, redirect_uri: String, dice: &dyn Dice) -> Self {
        Self { state: random(dice), verifier: grant.has_pkce.then(|| random(dice)), redirect_uri }
    }

    /// Where the browser is sent.
    pub fn address(&self, grant: &CodeGrant, client_id: &str) -> String {
        let challenge = self.verifier.as_ref().map(|verifier| URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.expose().as_bytes())));
        let mut query = vec![("response_type", "code"), ("client_id", client_id), ("redirect_uri", &self.redirect_uri)];
        if !grant.scope.is_empty() {
            query.push(("scope", &grant.scope));
        }
        query.push(("state", self.state.expose()));
        if let Some(challenge) = &challenge {
            query.extend([("code_challenge", challenge.as_str()), ("code_challenge_method", "S256")]);
        }
        query.extend(grant.authorize_parameters.iter().map(|(name, value)| (*name, value.as_str())));
        format!("{}?{}", grant.authorize_url, form(&query))
    }

    /// Reads what the browser brought back: the query of the redirect address.
    ///
    /// # Errors
    /// Why there is no code, and what to do about it.
    pub fn read(&self, grant: &CodeGrant, query: &str) -> Result<Secret, NotSignedIn> {
        let pairs = pairs(query);
        let part = |name: &str| pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        // First of all: words of somebody else's are not repeated, and end nothing.
        let state = part("state").unwrap_or_default();
        if verify_slices_are_equal(state.as_bytes(), self.state.expose().as_bytes()).is_err() {
            return Err(NotSignedIn::Foreign);
        }
        if let Some(error) = part("error") {
            return Err(match error {
                "access_denied" => NotSignedIn::Denied,
                other => NotSignedIn::Refused { code: plain(other), words: plain(part("error_description").unwrap_or_default()) },
            });
        }
        for expected in &grant.expected {
            if part(expected.parameter).is_some_and(|value| !value.eq_ignore_ascii_case(&expected.value)) {
                return Err(NotSignedIn::Elsewhere { hint: expected.hint.clone() });
            }
        }
        part("code").filter(|code| !code.is_empty()).map(Secret::new).ok_or(NotSignedIn::Empty)
    }
}

/// Why the browser brought no code. The sentences say what to do next.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotSignedIn {
    #[error("the sign-in was cancelled, and nothing was changed: try again, and allow the access")]
    Denied,
    #[error(
        "this sign-in does not belong to this attempt: use the page that this command opened last, or the address that it printed last"
    )]
    Foreign,
    #[error("the vendor refused the sign-in ({code}: {words}): check the OAuth client, its redirect address and its scopes")]
    Refused { code: String, words: String },
    #[error("the sign-in was made elsewhere than the settings say: {hint}")]
    Elsewhere { hint: String },
    #[error("the redirect carries no code: paste the whole address that the browser shows in the end")]
    Empty,
}

/// The request that exchanges a code.
///
/// # Errors
/// `AuthRefused` where the client's id or secret is missing, `Unsupported` where no request can be made of the address.
pub fn request(grant: &CodeGrant, attempt: &Attempt, client: &Bundle, code: &Secret) -> Result<Call, Fault> {
    let text = |name: &str| client.get(name).map(|secret| secret.expose().trim()).filter(|text| !text.is_empty());
    let lacks = |name: &str| Fault::AuthRefused { hint: format!("`{name}` of the OAuth client is missing; {}", grant.client_help) };
    let id = text("client_id").ok_or_else(|| lacks("client_id"))?;
    let secret = text("client_secret");
    if secret.is_none() && !grant.secret_is_optional {
        return Err(lacks("client_secret"));
    }
    let mut members: Vec<(&str, Json)> = vec![
        ("grant_type", "authorization_code".into()),
        ("code", code.expose().into()),
        ("redirect_uri", attempt.redirect_uri.as_str().into()),
    ];
    if let Some(verifier) = &attempt.verifier {
        members.push(("code_verifier", verifier.expose().into()));
    }
    let mut request = http::Request::post(&grant.token_url).header(ACCEPT, "application/json");
    match (grant.client, secret) {
        (ClientProof::Basic, Some(secret)) => {
            // RFC 6749 §2.3.1: both are form-encoded before they are joined.
            let both = format!("{}:{}", utf8_percent_encode(id, QUERY), utf8_percent_encode(secret, QUERY));
            request = request.header(AUTHORIZATION, format!("Basic {}", STANDARD.encode(both)));
        }
        (ClientProof::Basic | ClientProof::Body, _) => {
            members.push(("client_id", id.into()));
            members.extend(secret.map(|secret| ("client_secret", secret.into())));
        }
    }
    members.extend(grant.token_parameters.iter().cloned());
    let (kind, body) = match grant.body {
        TokenBody::Json => {
            let members: Map<String, Json> = members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
            ("application/json", Json::Object(members).to_string())
        }
        TokenBody::Form => {
            let texts: Vec<(&str, String)> =
                members.into_iter().map(|(name, value)| (name, value.as_str().map_or_else(|| value.to_string(), str::to_owned))).collect();
            let pairs: Vec<(&str, &str)> = texts.iter().map(|(name, value)| (*name, value.as_str())).collect();
            ("application/x-www-form-urlencoded", form(&pairs))
        }
    };
    let request = request.header(CONTENT_TYPE, kind).body(Bytes::from(body));
    request
        .map(|request| Call::new(TOKEN, request))
        .map_err(|_| Fault::Unsupported { capability: "address of the token endpoint".to_owned() })
}

/// A code on its way to the vendor.
#[derive(Clone, Copy)]
pub struct Exchange<'a> {
    pub vendor: &'a dyn Vendor,
    pub settings: &'a Settings,
    pub grant: &'a CodeGrant,
    pub attempt: &'a Attempt,
    /// `client_id`, and `client_secret` where there is one.
    pub client: &'a Bundle,
    pub code: &'a Secret,
}

/// Exchanges the code, once: a code works once. Answers the whole bundle: the client's own keys and what the vendor gave.
pub async fn exchange(exchange: Exchange<'_>, http: &dyn Http, clock: &dyn Clock, by: Deadline) -> Result<Bundle, CallError> {
    let Exchange { vendor, settings, grant, attempt, client, code } = exchange;
    let error = |fault: Fault| CallError::new(vendor.descriptor().system, "exchange the code of the sign-in", fault);
    let call = request(grant, attempt, client, code).map_err(error)?;
    let answer = http.send(call, by).await.map_err(|no_answer| {
        error(match no_answer {
            NoAnswer::NotSent(detail) | NoAnswer::Unanswered(detail) => Fault::Transient { detail: format!("sign-in: {detail}") },
            NoAnswer::Budget { until } => Fault::RateLimited { until },
        })
    })?;
    let mut bundle = client.clone();
    bundle.0.extend(vendor.tokens(settings, &answer, clock.now()).map_err(error)?.0);
    Ok(bundle)
}

fn random(dice: &dyn Dice) -> Secret {
    let bytes: Vec<u8> = (0..ROLLS).flat_map(|_| dice.roll().to_be_bytes()).collect();
    Secret::new(URL_SAFE_NO_PAD.encode(bytes))
}

fn form(pairs: &[(&str, &str)]) -> String {
    pairs.iter().map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, QUERY))).collect::<Vec<_>>().join("&")
}

fn pairs(query: &str) -> Vec<(String, String)> {
    let decode = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
    let split = |pair: &str| pair.split_once('=').map(|(name, value)| (decode(name), decode(value)));
    query.trim_start_matches('?').split('&').filter_map(split).collect()
}

/// Words from an address, safe to print at a terminal.
fn plain(text: &str) -> String {
    const CHARACTERS_MAX: usize = 200;
    text.chars().filter(|sign| !sign.is_control()).take(CHARACTERS_MAX).collect()
}

#[cfg(test)]
#[path = "sign_in_tests.rs"]
mod tests;
