//! Tokens: refresh and code grants, the limits on them, and which data centre they belong to (fact sheet §1).

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;
use serde_json::json;
use syncline_simulator::{Consent, Decision, Request, Response};

use crate::ids::Ids;
use crate::wire::{empty, encode, pairs};
use crate::{Profile, ZohoCrm};

/// The self client that is registered from the start, and its refresh token.
pub const CLIENT_ID: &str = "1000.SIMULATORCLIENT";
pub const CLIENT_SECRET: &str = "simulator-client-secret";
pub const REFRESH_TOKEN: &str = "1000.simulator.refresh";
/// The access token of a person in the organisation, which never ends: for tests and examples.
pub const HUMAN_TOKEN: &str = "1000.simulator.human";

/// How long an access token lives, in seconds.
const ACCESS_S: i64 = 3600;
/// New access tokens of one refresh token in a window of so many seconds; then none for the rest of it.
const TOKENS_PER_WINDOW: usize = 10;
const WINDOW_S: i64 = 600;
/// Access tokens of one refresh token that live at once; a further one ends the oldest (told by others).
const ACTIVE_MAX: usize = 15;
/// How long a code can be exchanged, in seconds.
const CODE_S: i64 = 600;

struct Grant {
    token: String,
    alive: bool,
    window: VecDeque<i64>,
    active: VecDeque<String>,
}

impl Grant {
    fn new(token: &str) -> Self {
        Self { token: token.to_owned(), alive: true, window: VecDeque::new(), active: VecDeque::new() }
    }
}

#[derive(Clone, Copy)]
pub(crate) struct Session {
    pub(crate) user: u64,
    /// `None` for one that never ends.
    pub(crate) until: Option<i64>,
}

pub(crate) struct Auth {
    grants: Vec<Grant>,
    sessions: BTreeMap<String, Session>,
    codes: BTreeMap<String, i64>,
    integration: u64,
}

impl Auth {
    pub(crate) fn new(integration: u64, human: u64) -> Self {
        let sessions = BTreeMap::from([(HUMAN_TOKEN.to_owned(), Session { user: human, until: None })]);
        Self { grants: vec![Grant::new(REFRESH_TOKEN)], sessions, codes: BTreeMap::new(), integration }
    }

    /// Who asks: `Zoho-oauthtoken`, and `Bearer` too (told by others).
    pub(crate) fn session(&self, now: i64, authorization: Option<&str>) -> Option<Session> {
        let (scheme, token) = authorization?.split_once(' ')?;
        let known = scheme.eq_ignore_ascii_case("Zoho-oauthtoken") || scheme.eq_ignore_ascii_case("Bearer");
        let session = self.sessions.get(token.trim()).filter(|_| known)?;
        session.until.is_none_or(|until| now < until).then_some(*session)
    }

    pub(crate) fn end_sessions(&mut self) {
        self.sessions.retain(|_, session| session.until.is_none());
        for grant in &mut self.grants {
            grant.active.clear();
        }
    }

    fn revoke(&mut self, token: &str) -> bool {
        let Some(grant) = self.grants.iter_mut().find(|grant| grant.alive && grant.token == token) else { return false };
        grant.alive = false;
        for access in std::mem::take(&mut grant.active) {
            self.sessions.remove(&access);
        }
        true
    }

    /// A new access token of a refresh token, `None` where the window is full.
    fn access(&mut self, now: i64, place: usize, ids: &mut Ids) -> Option<String> {
        let grant = self.grants.get_mut(place)?;
        while grant.window.front().is_some_and(|at| at + WINDOW_S <= now) {
            grant.window.pop_front();
        }
        if grant.window.len() >= TOKENS_PER_WINDOW {
            return None;
        }
        grant.window.push_back(now);
        let token = ids.token();
        grant.active.push_back(token.clone());
        if grant.active.len() > ACTIVE_MAX
            && let Some(oldest) = grant.active.pop_front()
        {
            self.sessions.remove(&oldest);
        }
        self.sessions.insert(token.clone(), Session { user: self.integration, until: Some(now + ACCESS_S) });
        Some(token)
    }
}

/// The host that was asked, where the request tells: `www.zohoapis.eu`.
fn host(request: &Request) -> Option<String> {
    let named = request.uri().host().map(str::to_owned);
    let header = || request.headers().get(http::header::HOST).and_then(|value| value.to_str().ok()).map(str::to_owned);
    named.or_else(header).map(|host| host.split(':').next().unwrap_or_default().to_ascii_lowercase())
}

fn host_of(url: &str) -> &str {
    url.split("://").last().unwrap_or_default().split(['/', ':']).next().unwrap_or_default()
}

/// The data centre's name, by the end of its host; the first one's where the simulator answers on an address of its own.
fn location(api_domain: &str) -> &'static str {
    const ENDS: [(&str, &str); 8] =
        [(".eu", "eu"), (".in", "in"), (".com.au", "au"), (".com.cn", "cn"), (".jp", "jp"), (".ca", "ca"), (".sa", "sa"), (".uk", "uk")];
    let host = host_of(api_domain);
    ENDS.iter().find(|(end, _)| host.ends_with(end)).map_or("us", |(_, name)| name)
}

/// Whether a request reaches another data centre than the account's. Where the simulator answers on an address of its own, there is only one.
pub(crate) fn is_elsewhere(profile: &Profile, request: &Request) -> bool {
    host(request).is_some_and(|host| {
        let is_vendors = host.contains("zohoapis.") || host.contains("zohocloud.") || host.starts_with("accounts.zoho.");
        is_vendors && host != host_of(&profile.api_domain) && host != host_of(&profile.accounts_url)
    })
}

impl ZohoCrm {
    /// A person agrees, or makes a code for the self client: what comes back with the browser, good for ten minutes and once.
    pub fn authorize(&mut self, now: Timestamp) -> String {
        let code = self.ids.token();
        self.auth.codes.insert(code.clone(), now.as_second() + CODE_S);
        code
    }

    /// Somebody removes the connected app: the refresh token and what it gave end.
    pub fn revoke(&mut self, refresh_token: &str) -> bool {
        self.auth.revoke(refresh_token)
    }

    /// `POST /oauth/v2/token` and `/oauth/v2/token/revoke`; parameters stand in the query or in the form.
    pub(crate) fn accounts_route(&mut self, now: i64, rest: &[&str], request: &Request) -> Response {
        let form = String::from_utf8_lossy(request.body()).into_owned();
        let given: BTreeMap<String, String> = pairs(request.uri().query().unwrap_or_default()).into_iter().chain(pairs(&form)).collect();
        match rest {
            ["token"] if request.method() == http::Method::POST => self.token(now, &given, is_elsewhere(&self.profile, request)),
            ["token", "revoke"] if request.method() == http::Method::POST => {
                let known = given.get("token").is_some_and(|token| self.auth.revoke(token));
                if known { encode(200, &json!({"status": "success"})) } else { self.denied("invalid_token") }
            }
            ["auth"] if request.method() == http::Method::GET => self.consent(now, &Consent::read(request.uri().query())),
            _ => empty(404),
        }
    }

    /// The page on which a person lets a program in; the code comes back with the data centre, which the vendor calls `location` (fact sheet §1).
    fn consent(&mut self, now: i64, consent: &Consent) -> Response {
        if !consent.is_of(CLIENT_ID) {
            return self.denied("invalid_client");
        }
        match consent.decision() {
            Decision::Open => {
                let user = self.users.iter().find(|user| user.id == self.integration);
                let users: Vec<(String, String)> = user.map(|user| (user.email.clone(), "administrator".to_owned())).into_iter().collect();
                consent.page("Zoho CRM", &users)
            }
            Decision::Denied => consent.denied(),
            Decision::Allowed { .. } => {
                let code = self.ids.token();
                self.auth.codes.insert(code.clone(), now + CODE_S);
                let accounts = self.profile.accounts_url.clone();
                consent.redirect(&[("code", &code), ("location", location(&self.profile.api_domain)), ("accounts-server", &accounts)])
            }
        }
    }

    /// Other refusals than that for too many tokens come with 200 and an `error` (unverified): the status is the profile's.
    fn denied(&self, error: &str) -> Response {
        encode(self.profile.token_error_status, &json!({"error": error}))
    }

    fn token(&mut self, now: i64, given: &BTreeMap<String, String>, elsewhere: bool) -> Response {
        let part = |name: &str| given.get(name).map(String::as_str).unwrap_or_default();
        if part("client_id") != CLIENT_ID || elsewhere {
            return self.denied("invalid_client");
        }
        if part("client_secret") != CLIENT_SECRET {
            return self.denied("invalid_client_secret");
        }
        let (place, is_new) = match part("grant_type") {
            "refresh_token" => {
                let token = part("refresh_token");
                let Some(place) = self.auth.grants.iter().position(|grant| grant.alive && grant.token == token) else {
                    return self.denied("invalid_code");
                };
                (place, false)
            }
            "authorization_code" => {
                if self.auth.codes.remove(part("code")).is_none_or(|until| until <= now) {
                    return self.denied("invalid_code");
                }
                let refresh = self.ids.token();
                self.auth.grants.push(Grant::new(&refresh));
                (self.auth.grants.len() - 1, true)
            }
            _ => return self.denied("unsupported_grant_type"),
        };
        let Some(access) = self.auth.access(now, place, &mut self.ids) else {
            return encode(
                400,
                &json!({
                    "error": "Access Denied", "status": "failure",
                    "error_description": "You have made too many requests continuously. Please try again after some time."
                }),
            );
        };
        let mut body =
            json!({"access_token": access, "api_domain": self.profile.api_domain, "token_type": "Bearer", "expires_in": ACCESS_S});
        if let (true, Some(members), Some(grant)) = (is_new, body.as_object_mut(), self.auth.grants.get(place)) {
            members.insert("refresh_token".to_owned(), json!(grant.token));
        }
        encode(200, &body)
    }
}
