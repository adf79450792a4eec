//! Salesforce as a state machine: the REST API of one org, from the fact sheet and recorded answers, as unkind as they say.
//!
//! Request and time in, answer out. Single thread, no clock, no dice: the profile's seed decides ids and tokens. What the fact sheet marks as
//! unverified is marked here too, where it is decided.
//!
//! Not here: person accounts, SOSL search, `composite/tree`, SOQL semi-joins and aggregates, change events, Bulk API v1, SOAP.

mod auth;
mod bulk;
mod call;
mod collections;
mod composite;
mod duplicates;
mod fill;
mod ids;
mod metadata;
mod moments;
mod objects;
mod profile;
mod query;
mod quota;
mod refusal;
mod removal;
mod replication;
mod rest;
mod rows;
mod save;
mod script;
mod soql;
mod users;
mod values;

use std::collections::BTreeMap;
use std::sync::Arc;

use syncline_simulator::{Consent, Request, Response, Simulator};

use auth::Auth;
use call::{Call, Reply, Session, pairs, segments};
pub use profile::{DuplicateRule, Profile, Rewrite, Trigger};
use query::Cursors;
use quota::Quota;
use refusal::Refusal;
use rows::Store;

/// A private key for tests of the JWT flow. Test key: made for this simulator, worth nothing elsewhere.
pub const TEST_KEY_PEM: &str = include_str!("../fixtures/test-key.pem");
/// The public half of [`TEST_KEY_PEM`]; every simulated org knows it from the start.
pub const TEST_PUBLIC_KEY_PEM: &str = include_str!("../fixtures/test-key.public.pem");

/// A simulated org.
pub struct Salesforce {
    profile: Profile,
    store: Store,
    auth: Auth,
    quota: Quota,
    cursors: Cursors,
    jobs: bulk::Jobs,
    /// Accounts whose rows are locked, until when.
    locks: BTreeMap<String, i64>,
    writes_with_account: u32,
    /// What the path of the write must contain whose answer becomes a 503 after the commit.
    unavailable_after: Option<String>,
    /// After how many parts of the next composite call the sessions end.
    session_ends_after_parts: Option<usize>,
    org_id: String,
    human: Arc<str>,
}

impl Salesforce {
    /// An empty org with an integration user and a human one.
    ///
    /// Known from the start: client `simulator-client` with secret `simulator-secret` (client credentials), refresh token
    /// `simulator-refresh`, sessions `simulator-session` (integration user) and `human-session`. For the JWT flow: user
    /// `integration@simulator.example` with [`TEST_KEY_PEM`], or with a key that is added.
    pub fn new(profile: Profile) -> Self {
        let (mut objects, _) = objects::standard();
        objects.retain(|object| profile.orders_enabled || object.name != "Order");
        let store = Store::new(objects, 1_000_000 + profile.seed % 1_000_000);
        let org_id = ids::mint("00D", 1_000_000 + profile.seed % 1_000_000 + 1);
        let mut salesforce = Self {
            auth: Auth::new(&org_id, "", ""),
            profile,
            store,
            quota: Quota::default(),
            cursors: Cursors::default(),
            jobs: bulk::Jobs::default(),
            locks: BTreeMap::new(),
            writes_with_account: 0,
            unavailable_after: None,
            session_ends_after_parts: None,
            org_id,
            human: Arc::from(""),
        };
        let (integration, human) = salesforce.found();
        salesforce.auth = Auth::new(&salesforce.org_id, &integration, &human);
        salesforce.human = Arc::from(human);
        salesforce.auth.add_key(TEST_PUBLIC_KEY_PEM.as_bytes());
        salesforce.hide_fields();
        salesforce
    }

    /// Registers a public key for the JWT flow, PEM or DER; false if it cannot be read.
    pub fn add_jwt_key(&mut self, public_key: &[u8]) -> bool {
        self.auth.add_key(public_key)
    }

    /// The organisation's 18-character id.
    pub fn organization_id(&self) -> &str {
        &self.org_id
    }

    fn answer(&mut self, now: i64, request: &Request) -> (Reply, bool) {
        let path = segments(request.uri().path());
        let parts: Vec<&str> = path.iter().map(String::as_str).collect();
        let header = |name: http::HeaderName| request.headers().get(name).and_then(|value| value.to_str().ok());
        let authorization = header(http::header::AUTHORIZATION);
        let is_post = request.method() == http::Method::POST;
        let unknown_session = || refused(&Refusal::new(401, "INVALID_SESSION_ID", "Session expired or invalid"));
        match parts.as_slice() {
            ["services", "oauth2", "token"] if is_post => {
                let form = String::from_utf8_lossy(request.body()).into_owned();
                (self.auth.token(&self.profile, &form, authorization, now), false)
            }
            ["services", "oauth2", "authorize"] => {
                let consent = Consent::read(request.uri().query());
                (self.auth.consent(&self.profile, &consent, now), false)
            }
            ["services", "oauth2", "revoke"] => {
                let text = String::from_utf8_lossy(request.body()).into_owned();
                let given = pairs(request.uri().query().unwrap_or_default()).into_iter().chain(pairs(&text));
                for (_, token) in given.filter(|(name, _)| name == "token") {
                    self.auth.revoke(&token);
                }
                (Reply::empty(200), false)
            }
            ["services", "oauth2", "userinfo"] => match self.auth.session(authorization, now) {
                Some(session) => (self.auth.userinfo(&self.profile, &session), false),
                None => (unknown_session(), false),
            },
            ["services", "data"] => (rest::versions(), false),
            ["services", "data", version, rest @ ..] => {
                let Some(session) = self.auth.session(authorization, now) else { return (unknown_session(), false) };
                let Some(version) = rest::version(version) else { return (refused(&Refusal::not_found()), false) };
                if self.quota.used(now) >= self.profile.daily_calls {
                    return (refused(&Refusal::new(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")), true);
                }
                self.quota.count(now);
                let headers =
                    request.headers().iter().filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())));
                let call = Call {
                    method: request.method().as_str().to_owned(),
                    path: rest.iter().map(|&part| part.to_owned()).collect(),
                    query: pairs(request.uri().query().unwrap_or_default()),
                    headers: headers.collect(),
                    body: request.body().to_vec(),
                    version,
                    session,
                    now,
                };
                let reply = self.dispatch(&call).unwrap_or_else(|refusal| refused(&refusal));
                (self.maybe_unavailable(request, reply), true)
            }
            _ => (refused(&Refusal::not_found()), false),
        }
    }

    /// The write is committed, and its answer lost to a 503 (fact sheet §8.1 (r)).
    fn maybe_unavailable(&mut self, request: &Request, reply: Reply) -> Reply {
        let is_write = !matches!(request.method().as_str(), "GET" | "HEAD");
        match self.unavailable_after.take() {
            Some(part) if is_write && request.uri().path().contains(&part) => {
                refused(&Refusal::new(503, "SERVER_UNAVAILABLE", "The server is temporarily unavailable."))
            }
            waiting => {
                self.unavailable_after = waiting;
                reply
            }
        }
    }
}

/// The answer to a refused request.
fn refused(refusal: &Refusal) -> Reply {
    Reply::json(refusal.status, &refusal.body())
}

impl Simulator for Salesforce {
    fn handle(&mut self, now: jiff::Timestamp, request: &Request) -> Response {
        let now = moments::seconds(now);
        self.store.settle(now);
        let (reply, counts) = self.answer(now, request);
        let has_body = !reply.body.is_empty();
        let mut response = Response::new(reply.body.into());
        *response.status_mut() = http::StatusCode::from_u16(reply.status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
        let mut headers = reply.headers;
        headers.push(("date", moments::http(now)));
        if has_body {
            headers.push(("content-type", reply.content_type.to_owned()));
            if counts {
                headers.push(("sforce-limit-info", format!("api-usage={}/{}", self.quota.used(now), self.profile.daily_calls)));
            }
        }
        for (name, value) in headers {
            if let Ok(value) = http::HeaderValue::from_str(&value) {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }
}
