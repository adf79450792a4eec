//! Who may call: the company's API keys, and applications that an administrator installed by OAuth (fact sheet §1).

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::HeaderValue;
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use syncline_simulator::{Consent, Decision, Response, json as answer_json};

use crate::wire::Refusal;
use crate::{API_ID, API_TOKEN, Aircall, CLIENT_ID, CLIENT_SECRET};

/// How long a code can be exchanged, in seconds (unverified).
const CODE_S: i64 = 600;

/// By what a caller is let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Caller {
    Key,
    Application { token: String },
}

pub(crate) struct Access {
    keys: BTreeMap<String, String>,
    /// Codes that wait to be exchanged, with their end.
    codes: BTreeMap<String, i64>,
    /// Tokens of installations: permanent, until the application is removed.
    tokens: BTreeSet<String>,
    /// Whether the integration is switched on.
    pub(crate) enabled: bool,
}

impl Default for Access {
    fn default() -> Self {
        let keys = BTreeMap::from([(API_ID.to_owned(), API_TOKEN.to_owned())]);
        Self { keys, codes: BTreeMap::new(), tokens: BTreeSet::new(), enabled: true }
    }
}

impl Access {
    pub(crate) fn signed_in(&self, authorization: Option<&HeaderValue>) -> Option<Caller> {
        let (scheme, rest) = authorization?.to_str().ok()?.split_once(' ')?;
        if scheme.eq_ignore_ascii_case("bearer") {
            let token = rest.trim().to_owned();
            return self.tokens.contains(&token).then_some(Caller::Application { token });
        }
        if !scheme.eq_ignore_ascii_case("basic") {
            return None;
        }
        let decoded = String::from_utf8(BASE64_STANDARD.decode(rest.trim()).ok()?).ok()?;
        let (id, token) = decoded.split_once(':')?;
        (self.keys.get(id)? == token).then_some(Caller::Key)
    }
}

impl Aircall {
    /// A further API key.
    pub fn add_key(&mut self, id: &str, token: &str) {
        self.access.keys.insert(id.to_owned(), token.to_owned());
    }

    /// The key works no more; whether there was one.
    pub fn revoke_key(&mut self, id: &str) -> bool {
        self.access.keys.remove(id).is_some()
    }

    /// An administrator installs the application: the code that comes back with the browser.
    pub fn install(&mut self, now: Timestamp) -> String {
        let code = self.ids.token();
        self.access.codes.insert(code.clone(), now.as_second() + CODE_S);
        code
    }

    /// An administrator removes the application: its token dies, and its own webhooks hear of it before they go.
    pub fn uninstall(&mut self, now: Timestamp, token: &str) -> bool {
        let was = self.access.tokens.remove(token);
        if was {
            self.announce_removal(now.as_second(), token);
        }
        was
    }

    /// The dashboard's page on which an administrator installs the application (fact sheet §1: documented, on another host).
    pub(crate) fn consent(&mut self, now: i64, consent: &Consent) -> Result<Response, Refusal> {
        if !consent.is_of(CLIENT_ID) {
            return Err(Refusal::invalid("client_id, redirect_uri and response_type=code are needed"));
        }
        match consent.decision() {
            Decision::Open => Ok(consent.page("Aircall", &[("admin@acme.example".to_owned(), "an administrator".to_owned())])),
            Decision::Denied => Ok(consent.denied()),
            Decision::Allowed { .. } => {
                let code = self.ids.token();
                self.access.codes.insert(code.clone(), now + CODE_S);
                Ok(consent.redirect(&[("code", &code)]))
            }
        }
    }

    /// `POST /v1/oauth/token` (endpoint and members unverified).
    pub(crate) fn exchange_code(&mut self, now: i64, form: &Map<String, Value>) -> Result<Response, Refusal> {
        let given = |name: &str| form.get(name).and_then(Value::as_str).unwrap_or_default();
        if given("client_id") != CLIENT_ID || given("client_secret") != CLIENT_SECRET {
            return Err(Refusal::Unknown);
        }
        if given("grant_type") != "authorization_code" {
            return Err(Refusal::invalid("grant_type is authorization_code"));
        }
        if self.access.codes.remove(given("code")).is_none_or(|until| until < now) {
            return Err(Refusal::invalid("The code is not valid"));
        }
        let token = self.ids.token();
        self.access.tokens.insert(token.clone());
        Ok(answer_json(200, &json!({"access_token": token, "token_type": "Bearer", "created_at": now})))
    }
}
