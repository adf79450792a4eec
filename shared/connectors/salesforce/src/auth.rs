//! Tokens: three flows, no expiry time told, a new one after a 401, once (fact sheet §1.2: documented).

use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::RSA_PKCS1_SHA256;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use syncline_engine::ports::clock::Clock;
use syncline_engine::ports::http::{Call, Http, NoAnswer};
use syncline_engine::ports::secrets::{Bundle, Secrets, SecretsError};
use syncline_engine::ports::sign_in::Revoked;
use syncline_model::{Deadline, Fault, Secret};

use crate::calls::{self, Calls};
use crate::faults;
use crate::id;
use crate::settings::{Config, Flow};
use crate::signing_in;
use crate::wire::{Node, TokenAnswer};

/// A JWT is used at once; three minutes ahead are safe (fact sheet §1.2: seen in clients).
const ASSERTION_S: i64 = 120;

/// Who we are at the vendor, as the token answer's identity address tells: 18-character ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) organization: String,
    pub(crate) user: String,
}

impl Identity {
    /// `https://login.salesforce.com/id/<organisation>/<user>`.
    fn read(url: &str) -> Option<Self> {
        let mut parts = url.split_once("/id/")?.1.split('/');
        let organization = id::canonical(parts.next()?).filter(|id| id.starts_with("00D"))?;
        Some(Self { organization, user: id::canonical(parts.next()?)? })
    }
}

/// The organisation that this connection belongs to: as configured, else as the first sign-in told.
#[derive(Clone, Debug, Default)]
pub(crate) struct Organization(Arc<Mutex<Option<String>>>);

impl Organization {
    pub(crate) fn new(configured: Option<String>) -> Self {
        Self(Arc::new(Mutex::new(configured)))
    }

    pub(crate) fn known(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// # Errors
    /// `Fault::AuthRefused` where it is another than known.
    pub(crate) fn meet(&self, organization: &str) -> Result<(), Fault> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match known.as_deref() {
            Some(expected) if expected != organization => Err(Fault::AuthRefused {
                hint: format!(
                    "the credentials belong to organisation {organization}, this connection to {expected}: check `organization_id` and the secret"
                ),
            }),
            Some(_) => Ok(()),
            None => {
                *known = Some(organization.to_owned());
                Ok(())
            }
        }
    }
}

#[derive(Default)]
struct State {
    token: Option<Secret>,
    identity: Option<Identity>,
    /// A rotated refresh token that could not be saved yet: no token is handed out before it is.
    unsaved: Option<Bundle>,
}

/// Gets tokens and keeps the present one.
pub(crate) struct Auth {
    /// The secret's name: the connection's.
    name: String,
    flow: Flow,
    audience: String,
    calls: Calls,
    http: Arc<dyn Http>,
    secrets: Arc<dyn Secrets>,
    clock: Arc<dyn Clock>,
    pub(crate) organization: Organization,
    must_name_organization: bool,
    state: tokio::sync::Mutex<State>,
}

impl Auth {
    pub(crate) fn new(
        name: String,
        config: &Config,
        calls: Calls,
        http: Arc<dyn Http>,
        secrets: Arc<dyn Secrets>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            name,
            flow: config.flow,
            audience: config.audience.clone(),
            calls,
            http,
            secrets,
            clock,
            organization: Organization::new(config.organization.clone()),
            must_name_organization: config.organization.is_some(),
            state: tokio::sync::Mutex::default(),
        }
    }

    /// The present token, a new one where there is none.
    pub(crate) async fn token(&self, by: Deadline) -> Result<Secret, Fault> {
        let mut state = self.state.lock().await;
        match &state.token {
            Some(token) => Ok(token.clone()),
            None => self.mint(&mut state, by).await,
        }
    }

    /// A token other than this one, which the vendor no longer takes. Another task may have got it already.
    pub(crate) async fn renew(&self, refused: &Secret, by: Deadline) -> Result<Secret, Fault> {
        let mut state = self.state.lock().await;
        match &state.token {
            Some(token) if token != refused => Ok(token.clone()),
            Some(_) | None => {
                state.token = None;
                self.mint(&mut state, by).await
            }
        }
    }

    /// Who we are, where the token answer told.
    pub(crate) async fn identity(&self, by: Deadline) -> Result<Option<Identity>, Fault> {
        self.token(by).await?;
        Ok(self.state.lock().await.identity.clone())
    }

    /// Gives the refresh token up. Credentials of an app stay with its administrator.
    pub(crate) async fn revoke(&self, by: Deadline) -> Result<Revoked, Fault> {
        let mut state = self.state.lock().await;
        let bundle = self.load_anew().await?;
        let Some(token) = bundle.get("refresh_token").filter(|_| self.flow == Flow::RefreshToken) else { return Ok(signing_in::by_hand()) };
        let call = Call::new(calls::TOKEN, self.calls.revoke(token.expose())?);
        let answer = self.http.send(call, by).await.map_err(|no_answer| match no_answer {
            NoAnswer::NotSent(detail) | NoAnswer::Unanswered(detail) => Fault::Transient { detail: format!("revoking: {detail}") },
            NoAnswer::Budget { until } => Fault::RateLimited { until },
        })?;
        *state = State::default();
        // A token that the vendor no longer knows is refused with 400: it is as dead as it should be.
        match answer.status().as_u16() {
            200..=299 | 400 => Ok(Revoked::Done),
            status => Err(faults::of_token_answer(status, answer.body(), &[token.expose().to_owned()], self.clock.now())),
        }
    }

    async fn mint(&self, state: &mut State, by: Deadline) -> Result<Secret, Fault> {
        if let Some(bundle) = state.unsaved.clone() {
            self.save(&bundle).await?;
            state.unsaved = None;
        }
        let bundle = self.load().await?;
        let answer = match self.exchange(&bundle, by).await {
            // Another process may have rotated the token since the bundle was read, or somebody the other credentials.
            Err(refused @ Fault::AuthRefused { .. }) => {
                let newer = self.load_anew().await?;
                if newer == bundle {
                    return Err(refused);
                }
                let answer = self.exchange(&newer, by).await?;
                return self.accept(state, &newer, answer).await;
            }
            other => other?,
        };
        self.accept(state, &bundle, answer).await
    }

    /// Checks whose token it is, saves a rotated refresh token, and only then keeps the access token.
    async fn accept(&self, state: &mut State, bundle: &Bundle, answer: TokenAnswer) -> Result<Secret, Fault> {
        if let Some(rotated) = &answer.refresh_token
            && self.flow == Flow::RefreshToken
            && bundle.get("refresh_token") != Some(rotated)
        {
            let mut newer = bundle.clone();
            newer.0.insert("refresh_token".to_owned(), rotated.clone());
            state.unsaved = Some(newer.clone());
            self.save(&newer).await?;
            state.unsaved = None;
        }
        let identity = answer.identity_url.as_deref().and_then(Identity::read);
        match &identity {
            Some(identity) => self.organization.meet(&identity.organization)?,
            None if self.must_name_organization => {
                return Err(Fault::Drift {
                    path: "id".into(),
                    expected: "the address of an organisation and a user".into(),
                    found: "something else".into(),
                });
            }
            None => {}
        }
        state.identity = identity;
        state.token = Some(answer.access_token.clone());
        Ok(answer.access_token)
    }

    async fn load(&self) -> Result<Bundle, Fault> {
        self.found(self.secrets.load(&self.name).await)
    }

    async fn load_anew(&self) -> Result<Bundle, Fault> {
        self.found(self.secrets.load_anew(&self.name).await)
    }

    fn found(&self, loaded: Result<Option<Bundle>, SecretsError>) -> Result<Bundle, Fault> {
        let loaded = loaded.map_err(|error| Fault::Transient { detail: error.to_string() })?;
        loaded.ok_or_else(|| Fault::AuthRefused { hint: format!("no secret is stored for the connection {}", self.name) })
    }

    async fn save(&self, bundle: &Bundle) -> Result<(), Fault> {
        self.secrets.save(&self.name, bundle).await.map_err(|error| Fault::Transient { detail: error.to_string() })
    }

    async fn exchange(&self, bundle: &Bundle, by: Deadline) -> Result<TokenAnswer, Fault> {
        let needed = |key: &str| {
            bundle
                .get(key)
                .map(Secret::expose)
                .filter(|text| !text.is_empty())
                .ok_or_else(|| Fault::AuthRefused { hint: format!("the secret of the connection {} has no `{key}`", self.name) })
        };
        let client_id = needed("client_id")?;
        let assertion;
        let mut form = Vec::new();
        match self.flow {
            Flow::Jwt => {
                let expires = faults::plus(self.clock.now(), ASSERTION_S).as_second();
                assertion = assertion_of(client_id, needed("username")?, &self.audience, expires, needed("private_key")?)?;
                form.push(("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"));
                form.push(("assertion", assertion.as_str()));
            }
            Flow::ClientCredentials => {
                form.push(("grant_type", "client_credentials"));
                form.push(("client_id", client_id));
                form.push(("client_secret", needed("client_secret")?));
            }
            Flow::RefreshToken => {
                form.push(("grant_type", "refresh_token"));
                form.push(("refresh_token", needed("refresh_token")?));
                form.push(("client_id", client_id));
                if let Some(secret) = bundle.get("client_secret") {
                    form.push(("client_secret", secret.expose()));
                }
            }
        }
        let answer = self.http.send(Call::new(calls::TOKEN, self.calls.token(&form)?), by).await.map_err(|no_answer| match no_answer {
            NoAnswer::NotSent(detail) | NoAnswer::Unanswered(detail) => Fault::Transient { detail: format!("sign-in: {detail}") },
            NoAnswer::Budget { until } => Fault::RateLimited { until },
        })?;
        if !answer.status().is_success() {
            let sent: Vec<String> = bundle.0.values().map(|secret| secret.expose().to_owned()).collect();
            return Err(faults::of_token_answer(answer.status().as_u16(), answer.body(), &sent, self.clock.now()));
        }
        let node = Node::parse(answer.body())?;
        TokenAnswer::read(&node).ok_or_else(|| Fault::Drift {
            path: "access_token".into(),
            expected: "string".into(),
            found: node.get("access_token").map_or("nothing", Node::type_name).into(),
        })
    }
}

/// The signed claim (RS256). `expires` in seconds.
fn assertion_of(issuer: &str, subject: &str, audience: &str, expires: i64, key_pem: &str) -> Result<String, Fault> {
    let claims = Node::object_of([
        ("iss", Node::text_of(issuer)),
        ("sub", Node::text_of(subject)),
        ("aud", Node::text_of(audience)),
        ("exp", Node::Number(expires.to_string())),
    ]);
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(r#"{"alg":"RS256","typ":"JWT"}"#), URL_SAFE_NO_PAD.encode(claims.to_json()));
    let bad_key = || Fault::AuthRefused { hint: "`private_key` is no RSA key in PEM form (PKCS #8, unencrypted)".into() };
    let key = key_of(key_pem).ok_or_else(bad_key)?;
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature).map_err(|_| bad_key())?;
    Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

/// The key of a PEM text; line breaks may have become `\n` on the way through an environment.
fn key_of(pem: &str) -> Option<KeyPair> {
    let pem = pem.replace("\\n", "\n");
    let body = pem.split_once("-----BEGIN ")?.1.split_once("-----")?.1.split_once("-----END ")?.0;
    let der = STANDARD.decode(body.split_whitespace().collect::<String>()).ok()?;
    KeyPair::from_pkcs8(&der).or_else(|_| KeyPair::from_der(&der)).ok()
}
