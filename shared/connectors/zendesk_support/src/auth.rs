//! Signing in: OAuth with the client's own credentials, OAuth with a refresh token that each use replaces, or an API token while those live.
//!
//! A refresh makes both old tokens worthless (fact sheet §1.1: documented), so functions that run at once share one pair through the secret: it is
//! saved before it is used, and who is refused looks there first for what another has saved.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use serde_json::{Value as Json, json};
use syncline_engine::ports::clock::Clock;
use syncline_engine::ports::http::{Http, NoAnswer};
use syncline_engine::ports::secrets::{Bundle, Secrets};
use syncline_engine::ports::sign_in::Revoked;
use syncline_model::{Deadline, Fault, Secret};

use crate::calls;
use crate::faults::{self, drift};
use crate::settings::{Flow, Target};
use crate::signing_in;

/// Asked for always: without it the answer names no end, and tokens die unseen after 30 days (fact sheet §0). 300 to 172,800 are allowed.
pub(crate) const ACCESS_S: u32 = 86_400;
/// The longest that is allowed: 90 days.
pub(crate) const REFRESH_S: u32 = 7_776_000;

#[derive(Default)]
struct State {
    token: Option<Secret>,
    /// A new pair of tokens that could not be saved yet: none is handed out before it is.
    unsaved: Option<Bundle>,
}

/// Gets tokens and keeps the present one.
pub(crate) struct Auth {
    /// The secret's name: the connection's.
    name: String,
    flow: Flow,
    scope: String,
    base: String,
    http: Arc<dyn Http>,
    secrets: Arc<dyn Secrets>,
    clock: Arc<dyn Clock>,
    state: tokio::sync::Mutex<State>,
}

impl Auth {
    pub(crate) fn new(name: String, target: &Target, http: Arc<dyn Http>, secrets: Arc<dyn Secrets>, clock: Arc<dyn Clock>) -> Self {
        let (flow, scope, base) = (target.flow, target.scope.clone(), target.base.clone());
        Self { name, flow, scope, base, http, secrets, clock, state: tokio::sync::Mutex::default() }
    }

    /// The credential that goes into the header; a new one where there is none.
    pub(crate) async fn token(&self, by: Deadline) -> Result<Secret, Fault> {
        let mut state = self.state.lock().await;
        match &state.token {
            Some(token) => Ok(token.clone()),
            None => self.begin(&mut state, by).await,
        }
    }

    /// Another credential than this one, which was refused. Another task may have got it already.
    pub(crate) async fn renew(&self, refused: &Secret, by: Deadline) -> Result<Secret, Fault> {
        let mut state = self.state.lock().await;
        match &state.token {
            Some(token) if token != refused => Ok(token.clone()),
            Some(_) | None => {
                state.token = None;
                self.replace(&mut state, refused, by).await
            }
        }
    }

    /// The header of a request with this credential.
    pub(crate) fn header(&self, token: &Secret) -> Result<HeaderValue, Fault> {
        let text = match self.flow {
            Flow::ApiToken => format!("Basic {}", STANDARD.encode(token.expose())),
            Flow::ClientCredentials | Flow::RefreshToken => format!("Bearer {}", token.expose()),
        };
        let mut value = HeaderValue::from_str(&text)
            .map_err(|_| Fault::AuthRefused { hint: format!("the secret {} holds what no header can carry", self.name) })?;
        value.set_sensitive(true);
        Ok(value)
    }

    /// Gives up the pair of tokens that a person's sign-in gave. A client's own credentials stay with its administrator.
    pub(crate) async fn revoke(&self, by: Deadline) -> Result<Revoked, Fault> {
        if self.flow != Flow::RefreshToken {
            return Ok(signing_in::by_hand(self.flow));
        }
        let mut state = self.state.lock().await;
        let bundle = self.load().await?;
        let kept = text(&bundle, "access_token").cloned();
        for fresh in [false, true] {
            let token = match (&kept, fresh) {
                (Some(token), false) => token.clone(),
                (None, false) => continue,
                // The access token had ended: the refresh token gives one more, which takes both with it.
                (_, true) => match self.refresh(&mut state, &bundle, by).await {
                    Err(Fault::AuthRefused { .. }) => return Ok(Revoked::Done),
                    other => other?,
                },
            };
            let call = calls::revoke().call(&self.base, Some(&self.header(&token)?));
            let call = call.ok_or_else(|| Fault::Unsupported { capability: "address made of base_url and this path".to_owned() })?;
            let answer = self.http.send(call, by).await.map_err(|no_answer| match no_answer {
                NoAnswer::NotSent(detail) | NoAnswer::Unanswered(detail) => Fault::Transient { detail: format!("revoking: {detail}") },
                NoAnswer::Budget { until } => Fault::RateLimited { until },
            })?;
            match answer.status().as_u16() {
                200..=299 => {
                    *state = State::default();
                    return Ok(Revoked::Done);
                }
                401 => {}
                _ => return Err(faults::of_token_answer(answer.status(), answer.headers(), answer.body(), self.clock.now())),
            }
        }
        Ok(Revoked::Done)
    }

    async fn begin(&self, state: &mut State, by: Deadline) -> Result<Secret, Fault> {
        self.save_unsaved(state).await?;
        let bundle = self.load().await?;
        let token = match self.flow {
            Flow::ApiToken => self.api_token(&bundle)?,
            Flow::ClientCredentials => self.exchange(&bundle, by).await?.0,
            Flow::RefreshToken => match text(&bundle, "access_token") {
                Some(token) => token.clone(),
                None => self.refresh(state, &bundle, by).await?,
            },
        };
        state.token = Some(token.clone());
        Ok(token)
    }

    async fn replace(&self, state: &mut State, refused: &Secret, by: Deadline) -> Result<Secret, Fault> {
        self.save_unsaved(state).await?;
        let bundle = self.load().await?;
        let token = match self.flow {
            Flow::ApiToken => {
                let token = self.api_token(&bundle)?;
                if token == *refused {
                    let hint =
                        "Zendesk does not accept the API token or its email; tokens unused for 30 days are switched off, all on 2027-04-30";
                    return Err(Fault::AuthRefused { hint: hint.to_owned() });
                }
                token
            }
            Flow::ClientCredentials => self.exchange(&bundle, by).await?.0,
            Flow::RefreshToken => match text(&bundle, "access_token") {
                Some(newer) if newer != refused => newer.clone(),
                Some(_) | None => match self.refresh(state, &bundle, by).await {
                    Err(fault @ Fault::AuthRefused { .. }) => {
                        // Another function may have used the refresh token since the secret was read.
                        let newer = self.load().await?;
                        let other = text(&newer, "access_token").filter(|token| *token != refused);
                        other.cloned().ok_or(fault)?
                    }
                    other => other?,
                },
            },
        };
        state.token = Some(token.clone());
        Ok(token)
    }

    /// A new pair, saved before it is used.
    async fn refresh(&self, state: &mut State, bundle: &Bundle, by: Deadline) -> Result<Secret, Fault> {
        let (access, refresh) = self.exchange(bundle, by).await?;
        let mut newer = bundle.clone();
        newer.0.insert("access_token".to_owned(), access.clone());
        if let Some(refresh) = refresh {
            newer.0.insert("refresh_token".to_owned(), refresh);
        }
        state.unsaved = Some(newer);
        self.save_unsaved(state).await?;
        Ok(access)
    }

    async fn save_unsaved(&self, state: &mut State) -> Result<(), Fault> {
        if let Some(bundle) = &state.unsaved {
            self.secrets.save(&self.name, bundle).await.map_err(|error| Fault::Transient { detail: error.to_string() })?;
            state.unsaved = None;
        }
        Ok(())
    }

    async fn load(&self) -> Result<Bundle, Fault> {
        let loaded = self.secrets.load(&self.name).await.map_err(|error| Fault::Transient { detail: error.to_string() })?;
        loaded.ok_or_else(|| Fault::AuthRefused { hint: format!("no secret is stored for the connection {}", self.name) })
    }

    fn needed<'a>(&self, bundle: &'a Bundle, key: &str) -> Result<&'a str, Fault> {
        let lacks = || Fault::AuthRefused { hint: format!("the secret of the connection {} has no `{key}`", self.name) };
        text(bundle, key).map(|secret| secret.expose().trim()).ok_or_else(lacks)
    }

    /// `email/token:api_token`: the email picks whose rights it has (fact sheet §1.2: documented).
    fn api_token(&self, bundle: &Bundle) -> Result<Secret, Fault> {
        Ok(Secret::new(format!("{}/token:{}", self.needed(bundle, "email")?, self.needed(bundle, "api_token")?)))
    }

    /// The access token, and the refresh token that replaces the one used.
    async fn exchange(&self, bundle: &Bundle, by: Deadline) -> Result<(Secret, Option<Secret>), Fault> {
        let mut form = json!({"client_id": self.needed(bundle, "client_id")?, "scope": self.scope, "expires_in": ACCESS_S});
        let secret = match self.flow {
            // A public client has none; it signs in with its refresh token alone.
            Flow::RefreshToken => text(bundle, "client_secret").map(|secret| secret.expose().trim()),
            Flow::ClientCredentials | Flow::ApiToken => Some(self.needed(bundle, "client_secret")?),
        };
        if let Some(members) = form.as_object_mut() {
            let mut put = |name: &str, value: Json| members.insert(name.to_owned(), value);
            if let Some(secret) = secret {
                put("client_secret", json!(secret));
            }
            if self.flow == Flow::RefreshToken {
                put("grant_type", json!("refresh_token"));
                put("refresh_token", json!(self.needed(bundle, "refresh_token")?));
                put("refresh_token_expires_in", json!(REFRESH_S));
            } else {
                put("grant_type", json!("client_credentials"));
            }
        }
        let call = calls::token(form).call(&self.base, None);
        let call = call.ok_or_else(|| Fault::Unsupported { capability: "address made of base_url and this path".to_owned() })?;
        let answer = self.http.send(call, by).await.map_err(|no_answer| match no_answer {
            NoAnswer::NotSent(detail) | NoAnswer::Unanswered(detail) => Fault::Transient { detail: format!("sign-in: {detail}") },
            NoAnswer::Budget { until } => Fault::RateLimited { until },
        })?;
        if !answer.status().is_success() {
            return Err(faults::of_token_answer(answer.status(), answer.headers(), answer.body(), self.clock.now()));
        }
        let body: Json = serde_json::from_slice(answer.body()).unwrap_or(Json::Null);
        let token = |name: &str| body.get(name).and_then(Json::as_str).filter(|token| !token.is_empty()).map(Secret::new);
        let access = token("access_token").ok_or_else(|| drift("access_token", "a text", "something else"))?;
        Ok((access, token("refresh_token")))
    }
}

fn text<'a>(bundle: &'a Bundle, key: &str) -> Option<&'a Secret> {
    bundle.get(key).filter(|secret| !secret.expose().trim().is_empty())
}
