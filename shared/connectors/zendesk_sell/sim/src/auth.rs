//! Personal tokens and OAuth 2: codes, tokens of an hour, refresh tokens that change (fact sheet §2).

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value as Json, json};
use syncline_simulator::Population;

use crate::wire::{Refusal, pairs};

pub(crate) const CLIENT_ID: &str = "sell-client-0001";
pub(crate) const CLIENT_SECRET: &str = "sell-client-secret-0001";
/// Public clients insist on 64 characters.
pub(crate) const ACCESS_TOKEN: &str = "5e11000000000000000000000000000000000000000000000000000000000001";
pub(crate) const REFRESH_TOKEN: &str = "5e11ref000000000000000000000000000000000000000000000000000000001";

pub(crate) const ALL_SCOPES: &str = "read write profile sync";
const TOKEN_S: i64 = 3_600;
const CODE_S: i64 = 600;

/// Who calls, and what they may.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    pub(crate) user: i64,
    pub(crate) scope: String,
    /// `None`: a personal token.
    expires: Option<i64>,
}

impl Session {
    pub(crate) fn personal(user: i64) -> Self {
        Self { user, scope: ALL_SCOPES.to_owned(), expires: None }
    }

    pub(crate) fn may(&self, scope: &str) -> bool {
        self.scope.split(' ').any(|own| own == scope)
    }
}

struct Code {
    user: i64,
    scope: String,
    redirect_uri: String,
    expires: i64,
}

pub(crate) struct Auth {
    tokens: BTreeMap<String, Session>,
    refreshes: BTreeMap<String, (i64, String)>,
    codes: BTreeMap<String, Code>,
    rolls: Population,
    given: u32,
    /// Whether a refresh token that was used goes on working.
    keeps_old_refresh: bool,
}

impl Auth {
    pub(crate) fn new(seed: u64, root: i64, keeps_old_refresh: bool) -> Self {
        Self {
            tokens: BTreeMap::from([(ACCESS_TOKEN.to_owned(), Session::personal(root))]),
            refreshes: BTreeMap::from([(REFRESH_TOKEN.to_owned(), (root, ALL_SCOPES.to_owned()))]),
            codes: BTreeMap::new(),
            rolls: Population::new(seed),
            given: 0,
            keeps_old_refresh,
        }
    }

    pub(crate) fn add_personal(&mut self, token: &str, user: i64) {
        self.tokens.insert(token.to_owned(), Session::personal(user));
    }

    pub(crate) fn revoke(&mut self, token: &str) -> bool {
        self.tokens.remove(token).is_some() | self.refreshes.remove(token).is_some()
    }

    /// Every token of OAuth ends, refresh tokens stay.
    pub(crate) fn end_sessions(&mut self) {
        self.tokens.retain(|_, session| session.expires.is_none());
    }

    pub(crate) fn bearer(&self, token: &str, now: i64) -> Result<Session, Refusal> {
        let live = self.tokens.get(token).filter(|session| session.expires.is_none_or(|expires| now < expires));
        live.cloned().ok_or_else(Refusal::unauthorized)
    }

    /// The person who is signed in consents.
    pub(crate) fn code(&mut self, now: i64, user: i64, scope: &str, redirect_uri: &str) -> String {
        let code = self.secret(61);
        self.codes
            .insert(code.clone(), Code { user, scope: scope.to_owned(), redirect_uri: redirect_uri.to_owned(), expires: now + CODE_S });
        code
    }

    /// `POST /oauth2/token`.
    pub(crate) fn token(&mut self, now: i64, authorization: Option<&str>, form: &str) -> Result<Json, Refusal> {
        Self::client(authorization)?;
        let form: BTreeMap<String, String> = pairs(form).into_iter().collect();
        let part = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
        let (user, scope) = match part("grant_type") {
            "authorization_code" => {
                let code = self.codes.remove(part("code")).filter(|code| now < code.expires);
                let code = code.ok_or(Refusal::Grant(400, "invalid_grant", "The authorization code is invalid or expired."))?;
                // One that is sent must be the one that was asked with; none is needed (fact sheet §2.2).
                if form.contains_key("redirect_uri") && part("redirect_uri") != code.redirect_uri {
                    return Err(Refusal::Grant(400, "invalid_grant", "The redirect URI does not match."));
                }
                (code.user, code.scope)
            }
            "refresh_token" => {
                let known = self.refreshes.get(part("refresh_token")).cloned();
                let known = known.ok_or(Refusal::Grant(400, "invalid_grant", "The refresh token is invalid or revoked."))?;
                if !self.keeps_old_refresh {
                    self.refreshes.remove(part("refresh_token"));
                }
                known
            }
            _ => return Err(Refusal::Grant(400, "unsupported_grant_type", "The grant type is not supported.")),
        };
        let (access, refresh) = (self.secret(62), self.secret(63));
        self.tokens.insert(access.clone(), Session { user, scope: scope.clone(), expires: Some(now + TOKEN_S) });
        self.refreshes.insert(refresh.clone(), (user, scope.clone()));
        Ok(json!({"access_token": access, "token_type": "bearer", "expires_in": TOKEN_S, "refresh_token": refresh, "scope": scope}))
    }

    /// `GET /oauth2/token/info`.
    pub(crate) fn info(&self, token: &str, now: i64) -> Result<Json, Refusal> {
        let session = self.bearer(token, now)?;
        let scopes: Vec<&str> = session.scope.split(' ').collect();
        Ok(json!({"resource_owner_id": session.user, "expires_in_seconds": session.expires.map(|expires| expires - now), "scopes": scopes}))
    }

    /// `POST /oauth2/revoke`.
    pub(crate) fn revoke_asked(&mut self, authorization: Option<&str>, form: &str) -> Result<(), Refusal> {
        Self::client(authorization)?;
        for (_, token) in pairs(form).iter().filter(|(name, _)| name == "token") {
            self.revoke(token);
        }
        Ok(())
    }

    /// Basic credentials of the client, on every call.
    fn client(authorization: Option<&str>) -> Result<(), Refusal> {
        let wanted = format!("{CLIENT_ID}:{CLIENT_SECRET}");
        let given = authorization.and_then(|header| header.split_once(' ')).filter(|(scheme, _)| scheme.eq_ignore_ascii_case("basic"));
        let given = given.and_then(|(_, encoded)| STANDARD.decode(encoded.trim()).ok());
        if given.as_deref() == Some(wanted.as_bytes()) {
            Ok(())
        } else {
            Err(Refusal::Grant(401, "invalid_client", "Client authentication failed."))
        }
    }

    fn secret(&mut self, stream: u64) -> String {
        self.given = self.given.wrapping_add(1);
        let part = |part: u64| self.rolls.roll(stream + part * 10, self.given);
        format!("{:016x}{:016x}{:016x}{:016x}", part(0), part(1), part(2), part(3))
    }
}
