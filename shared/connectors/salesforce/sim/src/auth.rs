//! Tokens: the three flows, sessions and their end, who is asking (fact sheet §1).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value as Json, json};
use syncline_simulator::{Consent, Decision, Response};

use crate::call::{Reply, Session, pairs};
use crate::profile::Profile;

pub(crate) const CLIENT_ID: &str = "simulator-client";
const CLIENT_SECRET: &str = "simulator-secret";
const REFRESH_TOKEN: &str = "simulator-refresh";
pub(crate) const INTEGRATION_USERNAME: &str = "integration@simulator.example";
/// How far ahead `exp` may lie, in seconds. Three minutes are safe (fact sheet §1.2); the true bound is unverified.
const ASSERTION_AHEAD_S_MAX: i64 = 300;

/// How long a code can be exchanged, in seconds (unverified).
const CODE_S: i64 = 600;

struct Grant {
    session: Session,
    /// `None` for sessions that were there from the start.
    until: Option<i64>,
    chain: Option<usize>,
}

/// A refresh token and its successors.
struct Chain {
    current: String,
    used: BTreeSet<String>,
    alive: bool,
}

pub(crate) struct Auth {
    org: String,
    integration: Session,
    sessions: BTreeMap<String, Grant>,
    chains: Vec<Chain>,
    codes: BTreeMap<String, Code>,
    keys: Vec<Vec<u8>>,
    revoked: BTreeSet<String>,
    minted: u64,
}

/// A code of the sign-in page.
struct Code {
    redirect_uri: String,
    challenge: Option<String>,
    until: i64,
}

/// An OAuth refusal: `error` and `error_description`.
struct Denied(&'static str, &'static str);

impl Auth {
    pub(crate) fn new(org: &str, integration: &str, human: &str) -> Self {
        let integration = Session { user: integration.into(), is_human: false };
        let human = Session { user: human.into(), is_human: true };
        let fixed = |session| Grant { session, until: None, chain: None };
        let sessions = [("simulator-session", integration.clone()), ("human-session", human)];
        Self {
            org: org.to_owned(),
            integration,
            sessions: sessions.into_iter().map(|(token, session)| (token.to_owned(), fixed(session))).collect(),
            chains: vec![Chain { current: REFRESH_TOKEN.to_owned(), used: BTreeSet::new(), alive: true }],
            codes: BTreeMap::new(),
            keys: Vec::new(),
            revoked: BTreeSet::new(),
            minted: 0,
        }
    }

    /// Registers a public key; false if it is neither PEM nor DER.
    pub(crate) fn add_key(&mut self, key: &[u8]) -> bool {
        let der = match std::str::from_utf8(key) {
            Ok(pem) if pem.contains("-----BEGIN") => {
                let body: String = pem.lines().filter(|line| !line.starts_with("-----")).map(str::trim).collect();
                STANDARD.decode(body).ok()
            }
            Ok(_) | Err(_) => Some(key.to_vec()),
        };
        der.map(|der| self.keys.push(der)).is_some()
    }

    pub(crate) fn expire_sessions(&mut self) {
        self.sessions.retain(|_, grant| grant.until.is_none());
    }

    /// Ends a session, a refresh token with its chain, or an app.
    pub(crate) fn revoke(&mut self, credential: &str) {
        self.sessions.remove(credential);
        let chain = self.chains.iter().position(|chain| chain.current == credential || chain.used.contains(credential));
        if let Some(chain) = chain {
            self.kill(chain);
        }
        self.revoked.insert(credential.to_owned());
    }

    fn kill(&mut self, chain: usize) {
        if let Some(chain) = self.chains.get_mut(chain) {
            chain.alive = false;
        }
        self.sessions.retain(|_, grant| grant.chain != Some(chain));
    }

    pub(crate) fn session(&self, authorization: Option<&str>, now: i64) -> Option<Session> {
        let (scheme, token) = authorization?.split_once(' ')?;
        let known = scheme.eq_ignore_ascii_case("Bearer") || scheme.eq_ignore_ascii_case("OAuth");
        let grant = self.sessions.get(token.trim()).filter(|_| known)?;
        grant.until.is_none_or(|until| now < until).then(|| grant.session.clone())
    }

    /// `POST /services/oauth2/token`.
    pub(crate) fn token(&mut self, profile: &Profile, form: &str, authorization: Option<&str>, now: i64) -> Reply {
        let form = pairs(form);
        let part = |name: &str| form.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        let basic = authorization.and_then(basic);
        let client = basic.as_ref().map(|(client, _)| client.as_str()).or(part("client_id"));
        let secret = basic.as_ref().map(|(_, secret)| secret.as_str()).or(part("client_secret"));
        let granted = match part("grant_type") {
            Some("authorization_code") => self
                .check_client(client, secret, part("code_verifier").is_none())
                .and_then(|()| self.redeem(profile, part("code"), part("redirect_uri"), part("code_verifier"), now)),
            Some("client_credentials") => self.check_client(client, secret, true).map(|()| (None, json!({}))),
            Some("refresh_token") => self.check_client(client, secret, false).and_then(|()| self.refresh(profile, part("refresh_token"))),
            Some("urn:ietf:params:oauth:grant-type:jwt-bearer") => {
                self.check_assertion(profile, part("assertion").unwrap_or_default(), now).map(|()| (None, json!({})))
            }
            Some(_) | None => Err(Denied("unsupported_grant_type", "grant type not supported")),
        };
        match granted {
            Err(Denied(error, description)) => Reply::json(400, &json!({ "error": error, "error_description": description })),
            Ok((chain, more)) => {
                let is_assertion = part("grant_type") == Some("urn:ietf:params:oauth:grant-type:jwt-bearer");
                Reply::json(200, &self.grant(profile, chain, &more, is_assertion, now))
            }
        }
    }

    fn grant(&mut self, profile: &Profile, chain: Option<usize>, more: &Json, is_assertion: bool, now: i64) -> Json {
        let random = self.random(profile.seed);
        let token = format!("{}!AQ0AQ{random}", crate::ids::short(&self.org));
        let until = Some(now + i64::from(profile.session_s));
        self.sessions.insert(token.clone(), Grant { session: self.integration.clone(), until, chain });
        let mut answer = json!({
            "access_token": token,
            "scope": "api web refresh_token",
            "instance_url": profile.instance_url,
            "id": format!("https://login.salesforce.com/id/{}/{}", self.org, self.integration.user),
            "token_type": "Bearer",
        });
        if let Some(members) = answer.as_object_mut() {
            if !is_assertion {
                members.insert("issued_at".to_owned(), json!(format!("{}000", now)));
                members.insert("signature".to_owned(), json!(format!("{}=", self.random(profile.seed))));
            }
            for (name, value) in more.as_object().into_iter().flatten() {
                members.insert(name.clone(), value.clone());
            }
        }
        answer
    }

    fn random(&mut self, seed: u64) -> String {
        self.minted += 1;
        let mut bytes = Vec::new();
        for stream in 0..4_u64 {
            let mut z = seed ^ self.minted.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ stream.wrapping_mul(0xD1B5_4A32_D192_ED03);
            z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            bytes.extend((z ^ (z >> 31)).to_be_bytes());
        }
        URL_SAFE_NO_PAD.encode(bytes)
    }

    fn check_client(&self, client: Option<&str>, secret: Option<&str>, needs_secret: bool) -> Result<(), Denied> {
        if client != Some(CLIENT_ID) || self.revoked.contains(CLIENT_ID) {
            return Err(Denied("invalid_client_id", "client identifier invalid"));
        }
        match secret {
            Some(CLIENT_SECRET) => Ok(()),
            None if !needs_secret => Ok(()),
            Some(_) | None => Err(Denied("invalid_client", "invalid client credentials")),
        }
    }

    /// `GET /services/oauth2/authorize`: the page on which the integration user lets the app in.
    pub(crate) fn consent(&mut self, profile: &Profile, consent: &Consent, now: i64) -> Reply {
        if !consent.is_of(CLIENT_ID) || self.revoked.contains(CLIENT_ID) {
            return Reply::text(400, "error=invalid_client_id&error_description=client%20identifier%20invalid".to_owned());
        }
        match consent.decision() {
            Decision::Open => {
                let page = consent.page("Salesforce", &[(INTEGRATION_USERNAME.to_owned(), "the integration user".to_owned())]);
                let body = String::from_utf8_lossy(page.body()).into_owned();
                Reply { status: 200, content_type: "text/html; charset=utf-8", headers: Vec::new(), body }
            }
            Decision::Denied => Self::go(&consent.denied()),
            Decision::Allowed { .. } => {
                let code = format!("aPrx{}", self.random(profile.seed));
                let kept = Code {
                    redirect_uri: consent.get("redirect_uri").unwrap_or_default().to_owned(),
                    challenge: consent.get("code_challenge").map(str::to_owned),
                    until: now + CODE_S,
                };
                self.codes.insert(code.clone(), kept);
                Self::go(&consent.redirect(&[("code", &code)]))
            }
        }
    }

    fn go(redirect: &Response) -> Reply {
        let place = redirect.headers().get(http::header::LOCATION).and_then(|place| place.to_str().ok()).unwrap_or_default();
        Reply::empty(302).with("location", place.to_owned())
    }

    /// A code works once, where it was asked for and with the proof of who asked; it begins a chain of refresh tokens.
    fn redeem(
        &mut self,
        profile: &Profile,
        code: Option<&str>,
        redirect_uri: Option<&str>,
        verifier: Option<&str>,
        now: i64,
    ) -> Result<(Option<usize>, Json), Denied> {
        let Some(code) = code.and_then(|code| self.codes.remove(code)) else {
            return Err(Denied("invalid_grant", "invalid authorization code"));
        };
        let proof = verifier.map(|verifier| URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes())));
        if now >= code.until {
            return Err(Denied("invalid_grant", "expired authorization code"));
        }
        if redirect_uri != Some(code.redirect_uri.as_str()) {
            return Err(Denied("redirect_uri_mismatch", "redirect_uri must match configuration"));
        }
        if code.challenge.is_some() && code.challenge != proof {
            return Err(Denied("invalid_grant", "invalid code verifier"));
        }
        let current = format!("5Aep{}", self.random(profile.seed));
        self.chains.push(Chain { current: current.clone(), used: BTreeSet::new(), alive: true });
        Ok((Some(self.chains.len() - 1), json!({ "refresh_token": current })))
    }

    /// With rotation, a token is used once, and its second use ends the chain and its sessions.
    fn refresh(&mut self, profile: &Profile, token: Option<&str>) -> Result<(Option<usize>, Json), Denied> {
        const EXPIRED: Denied = Denied("invalid_grant", "expired access/refresh token");
        let token = token.unwrap_or_default();
        let Some(place) = self.chains.iter().position(|chain| chain.current == token || chain.used.contains(token)) else {
            return Err(EXPIRED);
        };
        let next = self.random(profile.seed);
        let Some(chain) = self.chains.get_mut(place).filter(|chain| chain.alive) else { return Err(EXPIRED) };
        if chain.current != token {
            self.kill(place);
            return Err(EXPIRED);
        }
        if !profile.rotates_refresh_tokens {
            return Ok((Some(place), json!({})));
        }
        let rotated = format!("5Aep{next}");
        chain.used.insert(std::mem::replace(&mut chain.current, rotated.clone()));
        Ok((Some(place), json!({ "refresh_token": rotated })))
    }

    fn check_assertion(&self, profile: &Profile, assertion: &str, now: i64) -> Result<(), Denied> {
        const INVALID: Denied = Denied("invalid_grant", "invalid assertion");
        let Some((signed, signature)) = assertion.rsplit_once('.') else { return Err(INVALID) };
        let Some((header, claims)) = signed.split_once('.') else { return Err(INVALID) };
        let decode = |part: &str| -> Option<Json> { serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok() };
        let (Some(header), Some(claims), Ok(signature)) = (decode(header), decode(claims), URL_SAFE_NO_PAD.decode(signature)) else {
            return Err(INVALID);
        };
        let text = |name: &str| claims.get(name).and_then(Json::as_str);
        if header.get("alg").and_then(Json::as_str) != Some("RS256") {
            return Err(INVALID);
        }
        if text("iss") != Some(CLIENT_ID) || self.revoked.contains(CLIENT_ID) {
            return Err(Denied("invalid_client_id", "client identifier invalid"));
        }
        let is_signed = self
            .keys
            .iter()
            .any(|key| UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key).verify(signed.as_bytes(), &signature).is_ok());
        if !is_signed {
            return Err(INVALID);
        }
        let audiences = ["https://login.salesforce.com", "https://test.salesforce.com", profile.instance_url.as_str()];
        if !text("aud").is_some_and(|audience| audiences.contains(&audience)) {
            return Err(Denied("invalid_grant", "audience is invalid"));
        }
        if text("sub") != Some(INTEGRATION_USERNAME) {
            return Err(Denied("invalid_grant", "user hasn't approved this consumer"));
        }
        match claims.get("exp").and_then(Json::as_i64) {
            Some(until) if until > now && until <= now + ASSERTION_AHEAD_S_MAX => Ok(()),
            Some(_) | None => Err(Denied("invalid_grant", "token validity expired")),
        }
    }

    /// `GET /services/oauth2/userinfo`.
    pub(crate) fn userinfo(&self, profile: &Profile, session: &Session) -> Reply {
        let (org, user) = (&self.org, &session.user);
        let url = &profile.instance_url;
        let name = if session.is_human { "human@simulator.example" } else { INTEGRATION_USERNAME };
        Reply::json(
            200,
            &json!({
                "sub": format!("https://login.salesforce.com/id/{org}/{user}"),
                "user_id": user.as_ref(), "organization_id": org, "preferred_username": name,
                "nickname": name.split('@').next(), "name": name.split('@').next(), "email": name, "email_verified": true,
                "zoneinfo": "Europe/Berlin", "user_type": "STANDARD", "language": "en_US", "locale": "en_US",
                "urls": {
                    "rest": format!("{url}/services/data/v{{version}}/"),
                    "sobjects": format!("{url}/services/data/v{{version}}/sobjects/"),
                    "query": format!("{url}/services/data/v{{version}}/query/"),
                    "custom_domain": url,
                },
                "active": true,
            }),
        )
    }

    pub(crate) fn integration_user(&self) -> Arc<str> {
        Arc::clone(&self.integration.user)
    }
}

fn basic(authorization: &str) -> Option<(String, String)> {
    let coded = authorization.strip_prefix("Basic ")?;
    let text = String::from_utf8(STANDARD.decode(coded).ok()?).ok()?;
    text.split_once(':').map(|(client, secret)| (client.to_owned(), secret.to_owned()))
}
