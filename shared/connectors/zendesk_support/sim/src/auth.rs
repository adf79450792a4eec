//! Tokens: authorization codes, access tokens that end, refresh tokens that work once, and API tokens that are dying out (fact sheet §1).

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Map, Value as Json, json};
use sha2::{Digest as _, Sha256};

use crate::wire::Refusal;

pub(crate) const CLIENT_ID: &str = "simulator-client";
pub(crate) const CLIENT_SECRET: &str = "simulator-secret";
/// A refresh token that is there from the start; like all, it works once.
pub(crate) const REFRESH_TOKEN: &str = "simulator-refresh";
/// An API token of the integration's admin.
pub(crate) const API_TOKEN: &str = "simulator-api-token";

const CODE_S: i64 = 120;
/// How long a token works whose request named no time: nothing in the answer says so.
const UNSAID_S: i64 = 30 * 86_400;
const REFRESH_S: i64 = 30 * 86_400;
/// What clients made since 2026-04-30 get without asking.
const NEW_CLIENT_S: i64 = 1_800;
const ACCESS_S: std::ops::RangeInclusive<i64> = 300..=172_800;
const REFRESH_RANGE_S: std::ops::RangeInclusive<i64> = 604_800..=7_776_000;

struct Code {
    user: i64,
    scope: String,
    redirect_uri: String,
    challenge: Option<String>,
    until: i64,
}

struct Access {
    user: i64,
    scope: String,
    until: i64,
    /// The refresh token that belongs to it.
    refresh: Option<String>,
}

struct Refresh {
    user: i64,
    scope: String,
    until: i64,
}

/// Who calls, with what rights.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Session {
    pub(crate) user: i64,
    pub(crate) scope: String,
}

pub(crate) struct Auth {
    /// The scopes that the client may ask for.
    allowed: Vec<&'static str>,
    is_new_client: bool,
    codes: BTreeMap<String, Code>,
    accesses: BTreeMap<String, Access>,
    refreshes: BTreeMap<String, Refresh>,
    minted: u64,
    integration: i64,
    pub(crate) takes_api_tokens: bool,
}

/// What a token request carries, from JSON or a form.
pub(crate) struct Form(pub(crate) Map<String, Json>);

impl Form {
    fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Json::as_str).filter(|text| !text.is_empty())
    }

    fn number(&self, name: &str) -> Option<i64> {
        self.0.get(name).and_then(|json| json.as_i64().or_else(|| json.as_str().and_then(|text| text.parse().ok())))
    }
}

impl Auth {
    pub(crate) fn new(integration: i64, is_new_client: bool, takes_api_tokens: bool) -> Self {
        let refresh = Refresh { user: integration, scope: "read write".to_owned(), until: i64::MAX };
        Self {
            allowed: vec!["read", "write", "users:read", "users:write", "webhooks:read", "webhooks:write"],
            is_new_client,
            codes: BTreeMap::new(),
            accesses: BTreeMap::new(),
            refreshes: BTreeMap::from([(REFRESH_TOKEN.to_owned(), refresh)]),
            minted: 0,
            integration,
            takes_api_tokens,
        }
    }

    /// Every access token ends; refresh tokens go on.
    pub(crate) fn end_sessions(&mut self) {
        self.accesses.clear();
    }

    /// Everything that a user was given ends, as on uninstalling the app.
    pub(crate) fn revoke_user(&mut self, user: i64) {
        self.accesses.retain(|_, access| access.user != user);
        self.refreshes.retain(|_, refresh| refresh.user != user);
    }

    /// A code, as the sign-in page hands out.
    pub(crate) fn code(&mut self, now: i64, user: i64, scope: &str, redirect_uri: &str, challenge: Option<&str>) -> String {
        let code = self.mint("code", user);
        let made = Code {
            user,
            scope: scope.to_owned(),
            redirect_uri: redirect_uri.to_owned(),
            challenge: challenge.map(str::to_owned),
            until: now + CODE_S,
        };
        self.codes.insert(code.clone(), made);
        code
    }

    fn mint(&mut self, what: &str, user: i64) -> String {
        self.minted += 1;
        let part = |text: String| URL_SAFE_NO_PAD.encode(text);
        let claims = json!({"sub": user.to_string(), "jti": format!("{what}-{}", self.minted)}).to_string();
        let signature = URL_SAFE_NO_PAD.encode(Sha256::digest(claims.as_bytes()));
        format!("{}.{}.{signature}", part(json!({"alg": "RS256", "typ": "at+jwt"}).to_string()), part(claims))
    }

    /// Whose bearer token it is.
    pub(crate) fn bearer(&self, token: &str, now: i64) -> Result<Session, Refusal> {
        let access = self.accesses.get(token).filter(|access| now < access.until).ok_or(Refusal::InvalidToken)?;
        Ok(Session { user: access.user, scope: access.scope.clone() })
    }

    /// Whose basic credentials they are: `<email>/token:<api token>`; the e-mail picks the user.
    pub(crate) fn basic(&self, encoded: &str, user_of: impl Fn(&str) -> Option<i64>) -> Result<Session, Refusal> {
        let decoded = STANDARD.decode(encoded).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let named = decoded.as_deref().and_then(|text| text.split_once("/token:"));
        let user = named.filter(|(_, token)| self.takes_api_tokens && *token == API_TOKEN).and_then(|(email, _)| user_of(email));
        let user = user.ok_or(Refusal::Unauthenticated)?;
        Ok(Session { user, scope: "read write".to_owned() })
    }

    /// `DELETE /oauth/tokens/current`.
    pub(crate) fn revoke(&mut self, token: &str) {
        if let Some(access) = self.accesses.remove(token)
            && let Some(refresh) = access.refresh
        {
            self.refreshes.remove(&refresh);
        }
    }

    /// `GET /oauth/tokens/current`.
    pub(crate) fn current(&self, token: &str) -> Option<Json> {
        let access = self.accesses.get(token)?;
        let scopes: Vec<&str> = access.scope.split(' ').collect();
        Some(json!({"token": {
            "id": access.user, "client_id": 1, "user_id": access.user, "scopes": scopes, "token": token.chars().take(10).collect::<String>(),
            "refresh_token": null, "expires_at": crate::wire::stamp(access.until.min(253_402_300_799)), "used_at": null
        }}))
    }

    /// `POST /oauth/tokens`.
    pub(crate) fn token(&mut self, now: i64, form: &Form) -> Result<Json, Refusal> {
        let client = (form.text("client_id"), form.text("client_secret"));
        let public = form.text("code_verifier").is_some();
        let known = client.0 == Some(CLIENT_ID) && (client.1 == Some(CLIENT_SECRET) || (public && client.1.is_none()));
        if !known {
            return Err(Refusal::Grant(401, "invalid_client", "Client authentication failed"));
        }
        let (access_s, refresh_s) = Self::lifetimes(form)?;
        let (user, scope) = match form.text("grant_type") {
            Some("authorization_code") => self.redeem(now, form)?,
            Some("refresh_token") => self.refresh(now, form)?,
            Some("client_credentials") => (self.integration, self.scope(form)?),
            Some(_) | None => return Err(Refusal::Grant(400, "unsupported_grant_type", "The grant type is not supported")),
        };
        let access_token = self.mint("access", user);
        let refresh_token = self.mint("refresh", user);
        let said = access_s.or(self.is_new_client.then_some(NEW_CLIENT_S));
        let access = Access { user, scope: scope.clone(), until: now + said.unwrap_or(UNSAID_S), refresh: Some(refresh_token.clone()) };
        self.accesses.insert(access_token.clone(), access);
        let refresh = Refresh { user, scope: scope.clone(), until: now + refresh_s.unwrap_or(REFRESH_S) };
        self.refreshes.insert(refresh_token.clone(), refresh);
        let mut answer = json!({"access_token": access_token, "refresh_token": refresh_token, "token_type": "bearer", "scope": scope});
        if let (Some(seconds), Some(members)) = (said, answer.as_object_mut()) {
            members.insert("expires_in".to_owned(), json!(seconds));
            members.insert("refresh_token_expires_in".to_owned(), json!(refresh_s.unwrap_or(REFRESH_S)));
        }
        Ok(answer)
    }

    fn lifetimes(form: &Form) -> Result<(Option<i64>, Option<i64>), Refusal> {
        let within = |name: &str, range: &std::ops::RangeInclusive<i64>| match form.number(name) {
            Some(seconds) if !range.contains(&seconds) => Err(Refusal::Grant(400, "invalid_request", "A lifetime is out of range")),
            other => Ok(other),
        };
        let (access_s, refresh_s) = (within("expires_in", &ACCESS_S)?, within("refresh_token_expires_in", &REFRESH_RANGE_S)?);
        if access_s.is_some_and(|access| access >= refresh_s.unwrap_or(REFRESH_S)) {
            return Err(Refusal::Grant(400, "invalid_request", "expires_in must be less than refresh_token_expires_in"));
        }
        Ok((access_s, refresh_s))
    }

    fn scope(&self, form: &Form) -> Result<String, Refusal> {
        let Some(scope) = form.text("scope") else { return Ok("read write".to_owned()) };
        if scope.split(' ').all(|one| self.allowed.contains(&one)) {
            return Ok(scope.to_owned());
        }
        Err(Refusal::Grant(400, "invalid_scope", "The requested scope is invalid, unknown, or malformed"))
    }

    fn redeem(&mut self, now: i64, form: &Form) -> Result<(i64, String), Refusal> {
        const DENIED: Refusal = Refusal::Grant(
            400,
            "invalid_grant",
            "The provided access grant is invalid, expired, or revoked (e.g. invalid assertion, expired authorization token, bad end-user password credentials, or mismatching authorization code and redirection URI).",
        );
        let code = form.text("code").and_then(|code| self.codes.remove(code)).ok_or(DENIED)?;
        let same_place = form.text("redirect_uri") == Some(code.redirect_uri.as_str());
        let proved = match &code.challenge {
            None => true,
            Some(challenge) => {
                let proof = form.text("code_verifier").map(|verifier| URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes())));
                proof.as_ref() == Some(challenge)
            }
        };
        if now >= code.until || !same_place || !proved {
            return Err(DENIED);
        }
        Ok((code.user, code.scope))
    }

    /// Both old tokens end with it.
    fn refresh(&mut self, now: i64, form: &Form) -> Result<(i64, String), Refusal> {
        let denied = || Refusal::Grant(400, "invalid_grant", "The provided refresh token is invalid, expired, or revoked");
        let token = form.text("refresh_token").ok_or_else(denied)?;
        let refresh = self.refreshes.remove(token).filter(|refresh| now < refresh.until).ok_or_else(denied)?;
        self.accesses.retain(|_, access| access.refresh.as_deref() != Some(token));
        Ok((refresh.user, refresh.scope))
    }
}

impl Session {
    /// Whether the scope covers this resource.
    pub(crate) fn may(&self, resource: &str, writes: bool) -> bool {
        let act = if writes { "write" } else { "read" };
        let own = format!("{resource}:{act}");
        self.scope.split(' ').any(|scope| scope == act || scope == own)
    }
}
