//! From a request to its answer: which account, who calls, what it costs, which endpoint; and the headers that every answer carries.

use http::Method;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;
use serde_json::{Map, Value as Json, json};
use syncline_simulator::{Consent, Decision, Request, Response, Simulator};

use crate::Support;
use crate::auth::{Form, Session};
use crate::meter::Class;
use crate::users::{Role, User};
use crate::wire::{Answer, Query, Refusal, encode, pairs, with_header};

/// One request, taken apart.
pub(crate) struct Ask<'a> {
    pub(crate) now: i64,
    pub(crate) method: &'a Method,
    pub(crate) query: Query,
    pub(crate) body: &'a [u8],
    /// `None` without credentials.
    pub(crate) session: Option<Session>,
}

impl Simulator for Support {
    fn handle(&mut self, now: Timestamp, request: &Request) -> Response {
        let seconds = now.as_second();
        let response = if self.is_ours(request) { self.answer(seconds, request) } else { Refusal::Page(404).into_response() };
        let date = DateTimePrinter::new().timestamp_to_rfc9110_string(&now).unwrap_or_default();
        let response = with_header(response, "date", &date);
        with_header(response, "x-request-id", &format!("simulated-{seconds}"))
    }
}

impl Support {
    /// A name of zendesk.com must be this account's; any other host is a way to it.
    fn is_ours(&self, request: &Request) -> bool {
        let host = request.headers().get(HOST).and_then(|host| host.to_str().ok()).or_else(|| request.uri().host()).unwrap_or_default();
        let host = host.split(':').next().unwrap_or_default().to_ascii_lowercase();
        host.strip_suffix(".zendesk.com").is_none_or(|label| label == self.profile.subdomain)
    }

    fn answer(&mut self, now: i64, request: &Request) -> Response {
        let path = request.uri().path().trim_end_matches('/');
        let path = path.strip_suffix(".json").unwrap_or(path);
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        let query = Query::parse(request.uri().query().unwrap_or_default());
        match (request.method().as_str(), parts.as_slice()) {
            ("POST", ["oauth", "tokens"]) => self.token(now, request).unwrap_or_else(Refusal::into_response),
            ("GET", ["oauth", "authorizations", "new"]) => {
                self.consent(now, &Consent::read(request.uri().query())).unwrap_or_else(Refusal::into_response)
            }
            (_, ["api", "v2", rest @ ..]) => self.api(now, request, rest, query),
            _ => Refusal::Page(404).into_response(),
        }
    }

    fn api(&mut self, now: i64, request: &Request, rest: &[&str], query: Query) -> Response {
        let class = match (request.method().as_str(), rest) {
            (_, ["incremental", ..]) => Class::Incremental,
            ("GET", ["agent_availabilities"]) => Class::Availabilities,
            ("PUT", ["users", id]) => Class::UserUpdate(id.parse().unwrap_or(0)),
            (_, ["webhooks", ..]) => Class::Webhooks,
            _ => Class::Other,
        };
        let standing = self.meter.take(now, class);
        let bearer = bearer(request);
        let answer = standing.check().and_then(|()| self.session(now, request)).and_then(|session| {
            let ask = Ask { now, method: request.method(), query, body: request.body(), session };
            self.route(rest, &ask, bearer.as_deref())
        });
        standing.headed(answer.unwrap_or_else(Refusal::into_response))
    }

    fn route(&mut self, rest: &[&str], ask: &Ask<'_>, bearer: Option<&str>) -> Answer {
        match rest {
            ["accounts", "available"] => return Ok(self.subdomain_available(ask)),
            // The only one of the rest that answers nobody.
            ["users", "me"] if ask.session.is_none() => return self.users_route(&["me"], ask),
            [] => return Err(Refusal::InvalidEndpoint),
            _ => {}
        }
        let session = ask.session.as_ref().ok_or(Refusal::Unauthenticated)?;
        let resource = rest.first().copied().unwrap_or_default();
        let resource = if resource == "incremental" { rest.get(1).copied().unwrap_or_default() } else { resource };
        if !session.may(resource, ask.method != Method::GET) {
            return Err(Refusal::Forbidden);
        }
        match rest {
            ["users", rest @ ..] => self.users_route(rest, ask),
            ["deleted_users", rest @ ..] => self.deleted_users_route(rest, ask),
            ["incremental", rest @ ..] => self.incremental_route(rest, ask),
            ["agent_availabilities", rest @ ..] => self.availabilities_route(rest, ask),
            ["channels", "voice", "availabilities", id] => self.talk_route(id, ask),
            ["channels", "voice", "agents", agent, what @ ("tickets" | "users"), id, "display"] => self.display(agent, what, id, ask),
            ["channels", "voice", "tickets"] => self.create_voice_ticket(ask),
            ["calls", rest @ ..] => self.calls_route(rest, ask),
            ["webhooks", rest @ ..] => self.webhooks_route(rest, ask),
            ["account", "settings"] if ask.method == Method::GET => self.settings(ask),
            ["oauth", "tokens", "current"] => self.current_token(ask, bearer),
            ["job_statuses", id] => self.job(id),
            _ => Err(Refusal::InvalidEndpoint),
        }
    }

    /// Who calls; nobody, where there are no credentials at all.
    fn session(&self, now: i64, request: &Request) -> Result<Option<Session>, Refusal> {
        let Some(header) = request.headers().get(AUTHORIZATION) else { return Ok(None) };
        let text = header.to_str().map_err(|_| Refusal::Unauthenticated)?;
        let (scheme, rest) = text.split_once(' ').ok_or(Refusal::Unauthenticated)?;
        let session = match scheme.to_ascii_lowercase().as_str() {
            "bearer" => self.auth.bearer(rest.trim(), now)?,
            "basic" => self.auth.basic(rest.trim(), |email| self.users.with_email(email).map(|user| user.id))?,
            _ => return Err(Refusal::Unauthenticated),
        };
        let allowed = self.users.get(session.user).is_some_and(|user| user.active && !user.is_suspended());
        if allowed { Ok(Some(session)) } else { Err(Refusal::InvalidToken) }
    }

    fn role(&self, ask: &Ask<'_>) -> Option<Role> {
        ask.session.as_ref().and_then(|session| self.users.get(session.user)).map(|user| user.role)
    }

    pub(crate) fn only_admins(&self, ask: &Ask<'_>) -> Result<(), Refusal> {
        if self.role(ask) == Some(Role::Admin) { Ok(()) } else { Err(Refusal::Forbidden) }
    }

    pub(crate) fn only_team(&self, ask: &Ask<'_>) -> Result<(), Refusal> {
        if self.role(ask).is_some_and(Role::is_team) { Ok(()) } else { Err(Refusal::Forbidden) }
    }

    /// The address of a list, as links to its pages name it: maybe of another host (fact sheet §2.4: recorded).
    pub(crate) fn link(&self, path: &str) -> String {
        let base = self.profile.links_base.as_ref().unwrap_or(&self.profile.base_url);
        format!("{base}/api/v2/{path}")
    }

    /// From JSON or a form.
    fn token(&mut self, now: i64, request: &Request) -> Answer {
        let kind = request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let members: Map<String, Json> = if kind.starts_with("application/x-www-form-urlencoded") {
            let text = String::from_utf8_lossy(request.body());
            pairs(&text).into_iter().map(|(name, value)| (name, json!(value))).collect()
        } else {
            crate::wire::object(request.body()).map_err(|_| Refusal::Grant(400, "invalid_request", "The request is malformed"))?
        };
        self.auth.token(now, &Form(members)).map(|body| encode(200, &body))
    }

    /// The sign-in page. Whose link is followed signs in; the account's owner, or whom [`Support::sign_in`] named, is first.
    fn consent(&mut self, now: i64, consent: &Consent) -> Answer {
        if !consent.is_of(crate::auth::CLIENT_ID) {
            return Err(Refusal::Page(400));
        }
        let user = match consent.decision() {
            Decision::Open => return Ok(consent.page("Zendesk", &self.may_sign_in())),
            Decision::Denied => return Ok(consent.denied()),
            Decision::Allowed { user: None } => self.person,
            Decision::Allowed { user: Some(email) } => self.users.with_email(&email).map(|user| user.id).ok_or(Refusal::Page(400))?,
        };
        let scope = consent.get("scope").unwrap_or("read write");
        let redirect_uri = consent.get("redirect_uri").unwrap_or_default();
        let code = self.auth.code(now, user, scope, redirect_uri, consent.get("code_challenge"));
        Ok(consent.redirect(&[("code", &code)]))
    }

    fn may_sign_in(&self) -> Vec<(String, String)> {
        let mut team: Vec<_> = self.users.active().filter(|user| user.role.is_team()).collect();
        team.sort_by_key(|user| (user.id != self.person, user.id));
        let word = |user: &User| if user.id == self.owner { "the owner" } else { user.role.word() };
        team.iter().filter_map(|user| Some((user.text("email")?.to_owned(), word(user).to_owned()))).take(10).collect()
    }

    /// A person's act in the product's own screens: an administrator's rights, the API's rules, and no part of the API's budget.
    ///
    /// The path is relative to the API's root: `users/123`. `Value::Null` sends no body.
    pub fn as_person(&mut self, now: Timestamp, method: &Method, path: &str, body: &Json) -> Response {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        let session = Some(Session { user: self.owner, scope: "read write".to_owned() });
        let ask = Ask { now: now.as_second(), method, query: Query::parse(query), body: &body, session };
        self.route(&parts, &ask, None).unwrap_or_else(Refusal::into_response)
    }
}

fn bearer(request: &Request) -> Option<String> {
    let text = request.headers().get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = text.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_owned())
}
