//! Signing in: with a personal access token, which never ends, or by OAuth with a refresh token that each use may replace (fact sheet §2).
//!
//! Functions that run at once share one pair of tokens through the secret: it is saved before it is used, and who is refused looks there first for
//! what another has saved.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use serde_json::Value as Json;
use syncline_engine::ports::clock::Clock;
use syncline_engine::ports::http::{Http, NoAnswer};
use syncline_engine::ports::secrets::{Bundle, Secrets};
use syncline_engine::ports::sign_in::Revoked;
use syncline_model::{Deadline, Fault, Secret};

use crate::calls;
use crate::faults::{self, drift};
use crate::settings::{Flow, Target};
use crate::signing_in;

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
    base: String,
    http: Arc<dyn Http>,
    secrets: Arc<dyn Secrets>,
    clock: Arc<dyn Clock>,
    state: tokio::sync::Mutex<State>,
}

impl Auth {
    pub(crate) fn new(name: String, target: &Target, http: Arc<dyn Http>, secrets: Arc<dyn Secrets>, clock: Arc<dyn Clock>) -> Self {
        Self { name, flow: target.flow, base: target.base.clone(), http, secrets, clock, state: tokio::sync::Mutex::default() }
    }

    /// The present token; a new one where there is none.
    pub(crate) async fn token(&self, by: Deadline) -> Result<Secret, Fault> {
        let mut state = self.state.lock().await;
        if let Some(token) = &state.token {
            return Ok(token.clone());
        }
        self.save_unsaved(&mut state).await?;
        let bundle = self.load().await?;
        let token = match (text(&bundle, "access_token"), self.flow) {
            (Some(token), _) => token.clone(),
            (None, Flow::RefreshToken) => self.refresh(&mut state, &bundle, by).await?,
            (None, Flow::AccessToken) => return Err(self.lacks("access_token")),
        };
        state.token = Some(token.clone());
        Ok(token)
    }

    /// Another token than this one, which was refused. Another task, or another function, may have got it already.
    pub(crate) async fn renew(&self, refused: &Secret, by: Deadline) -> Result<Secret, Fault> {
        let mut state = self.state.lock().await;
        if let Some(token) = state.token.as_ref().filter(|token| *token != refused) {
            return Ok(token.clone());
        }
        state.token = None;
        self.save_unsaved(&mut state).await?;
        let bundle = self.load().await?;
        let newer = text(&bundle, "access_token").filter(|token| *token != refused).cloned();
        let token = match (newer, self.flow) {
            (Some(newer), _) => newer,
            (None, Flow::AccessToken) => {
                let hint = "Zendesk Sell does not accept the access token; make a new one in Settings, Integrations, OAuth, Access tokens";
                return Err(Fault::AuthRefused { hint: hint.to_owned() });
            }
            (None, Flow::RefreshToken) => match self.refresh(&mut state, &bundle, by).await {
                Err(fault @ Fault::AuthRefused { .. }) => {
                    // Another function may have used the refresh token since the secret was read.
                    let newer = self.load().await?;
                    text(&newer, "access_token").filter(|token| *token != refused).cloned().ok_or(fault)?
                }
                other => other?,
            },
        };
        state.token = Some(token.clone());
        Ok(token)
    }

    /// Gives up the pair of tokens that a person's sign-in gave. A personal token stays with its owner.
    pub(crate) async fn revoke(&self, by: Deadline) -> Result<Revoked, Fault> {
        if self.flow == Flow::AccessToken {
            return Ok(signing_in::by_hand());
        }
        let mut state = self.state.lock().await;
        let bundle = self.load().await?;
        let header = self.client(&bundle)?;
        for token in ["refresh_token", "access_token"].iter().filter_map(|name| text(&bundle, name)) {
            let call = calls::revoke(token.expose().trim()).call(&self.base, &header);
            let call = call.ok_or_else(|| Fault::Unsupported { capability: "address made of base_url and this path".to_owned() })?;
            let answer = self.http.send(call, by).await.map_err(|no_answer| match no_answer {
                NoAnswer::NotSent(detail) | NoAnswer::Unanswered(detail) => Fault::Transient { detail: format!("revoking: {detail}") },
                NoAnswer::Budget { until } => Fault::RateLimited { until },
            })?;
            if !answer.status().is_success() {
                return Err(faults::of_token_answer(answer.status(), answer.headers(), answer.body(), self.clock.now()));
            }
        }
        *state = State::default();
        Ok(Revoked::Done)
    }

    /// The header of a request with this token.
    pub(crate) fn header(&self, token: &Secret) -> Result<HeaderValue, Fault> {
        self.sensitive(&format!("Bearer {}", token.expose().trim()))
    }

    fn sensitive(&self, text: &str) -> Result<HeaderValue, Fault> {
        let mut value = HeaderValue::from_str(text)
            .map_err(|_| Fault::AuthRefused { hint: format!("the secret {} holds what no header can carry", self.name) })?;
        value.set_sensitive(true);
        Ok(value)
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

    fn lacks(&self, key: &str) -> Fault {
        Fault::AuthRefused { hint: format!("the secret of the connection {} has no `{key}`", self.name) }
    }

    fn needed<'a>(&self, bundle: &'a Bundle, key: &str) -> Result<&'a str, Fault> {
        text(bundle, key).map(|secret| secret.expose().trim()).ok_or_else(|| self.lacks(key))
    }

    /// The header by which the OAuth client signs in.
    fn client(&self, bundle: &Bundle) -> Result<HeaderValue, Fault> {
        let client = format!("{}:{}", self.needed(bundle, "client_id")?, self.needed(bundle, "client_secret")?);
        self.sensitive(&format!("Basic {}", STANDARD.encode(client)))
    }

    /// The access token, and the refresh token that replaces the one used.
    async fn exchange(&self, bundle: &Bundle, by: Deadline) -> Result<(Secret, Option<Secret>), Fault> {
        let header = self.client(bundle)?;
        let call = calls::refresh(self.needed(bundle, "refresh_token")?).call(&self.base, &header);
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
