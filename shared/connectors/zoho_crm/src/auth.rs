//! Tokens: a refresh token that stays, and access tokens of an hour that are few: ten in ten minutes, then none for the rest of them (fact sheet §1).
//!
//! So all functions share one access token through the secret. Who finds it ending, or is refused with it, looks there first for what another has
//! saved; only then is a new one fetched, saved, and used. Each begins to look at a time of its own before the end, so that one of them is first.

use std::sync::Arc;

use bytes::Bytes;
use http::HeaderValue;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value as Json;
use syncline_engine::ports::clock::{Clock, Dice};
use syncline_engine::ports::http::{Call, Http, NoAnswer};
use syncline_engine::ports::secrets::{Bundle, Secrets, SecretsError};
use syncline_engine::ports::sign_in::Revoked;
use syncline_model::{Deadline, Fault, Secret};

use crate::calls::{TOKEN, encoded};
use crate::faults;
use crate::settings::Target;

/// Within so many seconds before its end a token is renewed: at least, and so many more by chance.
const AHEAD_S: i64 = 60;
const AHEAD_SPREAD_S: u64 = 240;
/// What a token lives whose answer does not say, in seconds.
const LIFE_S: i64 = 3_600;

/// What goes with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Access {
    pub(crate) token: Secret,
    /// Where the API is.
    pub(crate) base: String,
    until: Timestamp,
}

impl Access {
    pub(crate) fn header(&self) -> Result<HeaderValue, Fault> {
        let text = format!("Zoho-oauthtoken {}", self.token.expose());
        let refused = |_| Fault::AuthRefused { hint: "the access token in the secret holds what no header can carry".to_owned() };
        let mut value = HeaderValue::from_str(&text).map_err(refused)?;
        value.set_sensitive(true);
        Ok(value)
    }
}

/// Gets tokens and keeps the present one.
pub(crate) struct Auth {
    /// The secret's name: the connection's.
    name: String,
    target: Target,
    http: Arc<dyn Http>,
    secrets: Arc<dyn Secrets>,
    clock: Arc<dyn Clock>,
    /// How long before a token's end this instance renews it.
    ahead: SignedDuration,
    state: tokio::sync::Mutex<Option<Access>>,
}

impl Auth {
    pub(crate) fn new(
        name: String,
        target: Target,
        http: Arc<dyn Http>,
        secrets: Arc<dyn Secrets>,
        clock: Arc<dyn Clock>,
        dice: &dyn Dice,
    ) -> Self {
        let spread = i64::try_from(dice.roll() % AHEAD_SPREAD_S).unwrap_or(0);
        let ahead = SignedDuration::from_secs(AHEAD_S + spread);
        Self { name, target, http, secrets, clock, ahead, state: tokio::sync::Mutex::default() }
    }

    /// The present token, another where there is none or its end is near.
    pub(crate) async fn access(&self, by: Deadline) -> Result<Access, Fault> {
        let mut state = self.state.lock().await;
        if let Some(access) = state.as_ref().filter(|access| self.is_good(access)) {
            return Ok(access.clone());
        }
        if state.is_none() {
            let kept = self.kept(&self.found(self.secrets.load(&self.name).await)?);
            if let Some(access) = kept.filter(|access| self.is_good(access)) {
                return Ok(state.insert(access).clone());
            }
        }
        let ending = state.take().map(|access| access.token);
        self.replace(&mut state, ending.as_ref(), by).await
    }

    /// Another token than this one, which was refused. Another task may have got it already.
    pub(crate) async fn renew(&self, refused: &Secret, by: Deadline) -> Result<Access, Fault> {
        let mut state = self.state.lock().await;
        if let Some(access) = state.as_ref().filter(|access| access.token != *refused) {
            return Ok(access.clone());
        }
        *state = None;
        self.replace(&mut state, Some(refused), by).await
    }

    /// Gives the refresh token up, and all access tokens with it.
    pub(crate) async fn revoke(&self, by: Deadline) -> Result<Revoked, Fault> {
        let bundle = self.found(self.secrets.load_anew(&self.name).await)?;
        let Some(token) = text(&bundle, "refresh_token") else { return Ok(Revoked::Done) };
        let answer = self.post(&format!("/oauth/v2/token/revoke?token={}", encoded(token)), String::new(), by).await?;
        match answer.status().as_u16() {
            // What the vendor no longer knows, it does not take.
            200..=299 | 400 => {
                *self.state.lock().await = None;
                Ok(Revoked::Done)
            }
            _ => Err(faults::of_token_answer(answer.status(), answer.body(), self.clock.now())),
        }
    }

    /// What every notification shall repeat.
    pub(crate) async fn webhook_token(&self) -> Result<Secret, Fault> {
        self.own("webhook_token").await
    }

    /// What ends the address of notifications.
    pub(crate) async fn webhook_secret(&self) -> Result<Secret, Fault> {
        self.own("webhook_secret").await
    }

    async fn own(&self, key: &str) -> Result<Secret, Fault> {
        let bundle = self.found(self.secrets.load(&self.name).await)?;
        let missing = || Fault::AuthRefused { hint: format!("the secret of the connection {} has no `{key}`", self.name) };
        text(&bundle, key).map(Secret::new).ok_or_else(missing)
    }

    fn is_good(&self, access: &Access) -> bool {
        self.clock.now().checked_add(self.ahead).is_ok_and(|then| then < access.until)
    }

    /// What another has saved meanwhile, else a new token, saved where others find it.
    async fn replace(&self, state: &mut Option<Access>, old: Option<&Secret>, by: Deadline) -> Result<Access, Fault> {
        let bundle = self.found(self.secrets.load_anew(&self.name).await)?;
        let newer = |bundle: &Bundle| self.kept(bundle).filter(|access| self.is_good(access) && Some(&access.token) != old);
        if let Some(access) = newer(&bundle) {
            return Ok(state.insert(access).clone());
        }
        match self.refresh(&bundle, by).await {
            Ok(access) => Ok(state.insert(access).clone()),
            // Somebody else may have been faster, or have put other credentials there.
            Err(fault @ (Fault::RateLimited { .. } | Fault::AuthRefused { .. })) => {
                let later = self.found(self.secrets.load_anew(&self.name).await)?;
                if let Some(access) = newer(&later) {
                    return Ok(state.insert(access).clone());
                }
                if later == bundle {
                    return Err(fault);
                }
                let access = self.refresh(&later, by).await?;
                Ok(state.insert(access).clone())
            }
            Err(fault) => Err(fault),
        }
    }

    /// The token that functions share, where one is kept.
    fn kept(&self, bundle: &Bundle) -> Option<Access> {
        let token = text(bundle, "access_token")?;
        let until = text(bundle, "access_token_until").and_then(|text| text.parse().ok())?;
        Some(Access { token: Secret::new(token), base: self.target.api(text(bundle, "api_domain")), until })
    }

    async fn refresh(&self, bundle: &Bundle, by: Deadline) -> Result<Access, Fault> {
        let needed = |key: &str| {
            text(bundle, key)
                .ok_or_else(|| Fault::AuthRefused { hint: format!("the secret of the connection {} has no `{key}`", self.name) })
        };
        let form = [
            ("grant_type", "refresh_token"),
            ("client_id", needed("client_id")?),
            ("client_secret", needed("client_secret")?),
            ("refresh_token", needed("refresh_token")?),
        ];
        let form: Vec<String> = form.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
        let asked = self.clock.now();
        let answer = self.post("/oauth/v2/token", form.join("&"), by).await?;
        let fresh = read(&answer, asked)?;
        let mut newer = bundle.clone();
        newer.0.insert("access_token".to_owned(), fresh.token.clone());
        newer.0.insert("access_token_until".to_owned(), Secret::new(fresh.until.to_string()));
        if let Some(domain) = &fresh.api_domain {
            newer.0.insert("api_domain".to_owned(), Secret::new(domain.as_str()));
        }
        // Nothing is lost where it cannot be saved: the refresh token stays. Only others must fetch a token of their own.
        if let Err(error) = self.secrets.save(&self.name, &newer).await {
            tracing::warn!(%error, "a new access token could not be shared");
        }
        Ok(Access { base: self.target.api(fresh.api_domain.as_deref()), token: fresh.token, until: fresh.until })
    }

    async fn post(&self, path: &str, form: String, by: Deadline) -> Result<http::Response<Bytes>, Fault> {
        let request = http::Request::post(format!("{}{path}", self.target.accounts()))
            .header(http::header::ACCEPT, "application/json")
            .header(http::header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Bytes::from(form))
            .map_err(|_| faults::unsupported("address made of base_url and this path"))?;
        self.http.send(Call::new(TOKEN, request), by).await.map_err(|no_answer| match no_answer {
            NoAnswer::NotSent(detail) | NoAnswer::Unanswered(detail) => Fault::Transient { detail: format!("sign-in: {detail}") },
            NoAnswer::Budget { until } => Fault::RateLimited { until },
        })
    }

    fn found(&self, loaded: Result<Option<Bundle>, SecretsError>) -> Result<Bundle, Fault> {
        let loaded = loaded.map_err(|error| Fault::Transient { detail: error.to_string() })?;
        loaded.ok_or_else(|| Fault::AuthRefused { hint: format!("no secret is stored for the connection {}", self.name) })
    }
}

/// A token's answer.
pub(crate) struct Fresh {
    pub(crate) token: Secret,
    pub(crate) refresh: Option<Secret>,
    pub(crate) api_domain: Option<String>,
    pub(crate) until: Timestamp,
}

/// Reads the answer to a refresh or an exchanged code. `expires_in` is in seconds.
pub(crate) fn read(answer: &http::Response<Bytes>, asked: Timestamp) -> Result<Fresh, Fault> {
    let body: Json = serde_json::from_slice(answer.body()).unwrap_or(Json::Null);
    let member = |name: &str| body.get(name).and_then(Json::as_str).filter(|text| !text.is_empty());
    let Some(token) = member("access_token").filter(|_| answer.status().is_success()) else {
        return Err(faults::of_token_answer(answer.status(), answer.body(), asked));
    };
    let life = body.get("expires_in").and_then(Json::as_i64).filter(|seconds| *seconds > 0).unwrap_or(LIFE_S);
    Ok(Fresh {
        token: Secret::new(token),
        refresh: member("refresh_token").map(Secret::new),
        api_domain: member("api_domain").map(str::to_owned),
        until: faults::plus(asked, life),
    })
}

fn text<'a>(bundle: &'a Bundle, key: &str) -> Option<&'a str> {
    bundle.get(key).map(|secret| secret.expose().trim()).filter(|text| !text.is_empty())
}

#[cfg(test)]
#[path = "auth_tests.rs"]
mod tests;
