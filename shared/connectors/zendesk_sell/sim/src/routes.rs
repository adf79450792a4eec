//! From a request to its answer: is the account still there, who calls, what may they, which endpoint.

use http::Method;
use http::header::{ACCEPT, AUTHORIZATION, USER_AGENT};
use jiff::Timestamp;
use serde_json::{Value as Json, json};
use syncline_simulator::{Consent, Decision, Request, Response, Simulator};

use crate::auth::Session;
use crate::spec::{CONTACTS, DEALS, LEADS, Resource, USERS, resource};
use crate::wire::{Answer, Query, Refusal, empty, encode, stamp, uuid, with_header};
use crate::{Retirement, Sell};

/// One request, taken apart.
pub(crate) struct Ask<'a> {
    pub(crate) now: i64,
    pub(crate) method: &'a Method,
    pub(crate) query: Query,
    pub(crate) body: &'a [u8],
    pub(crate) user: i64,
    /// `X-Basecrm-Device-UUID`.
    pub(crate) device: Option<String>,
}

impl Simulator for Sell {
    fn handle(&mut self, now: Timestamp, request: &Request) -> Response {
        self.requests = self.requests.wrapping_add(1);
        let logref = uuid(self.rolls.roll(71, self.requests), self.rolls.roll(72, self.requests));
        let response = self.answer(now.as_second(), request).unwrap_or_else(|refusal| refusal.into_response(&logref));
        let response = with_header(response, "x-request-id", &logref);
        let response = with_header(response, "content-language", "en");
        with_header(response, "vary", "Accept-Language")
    }
}

impl Sell {
    fn answer(&mut self, now: i64, request: &Request) -> Answer {
        if let Some(how) = self.retirement(now) {
            return Err(how);
        }
        if request.headers().get(USER_AGENT).is_none_or(|agent| agent.as_bytes().trim_ascii().is_empty()) {
            return Err(Refusal::header("invalid_user_agent", "The header User-Agent is required."));
        }
        let path = request.uri().path();
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        let query = Query::parse(request.uri().query().unwrap_or_default());
        match parts.as_slice() {
            ["oauth2", rest @ ..] => self.oauth(now, rest, request),
            ["v2" | "v3", ..] => self.api(now, &parts, request, query),
            _ => Err(Refusal::no_path()),
        }
    }

    /// What everybody hears once the product is at its end.
    fn retirement(&self, now: i64) -> Option<Refusal> {
        let due = self.profile.retires_at.filter(|at| at.as_second() <= now).map(|_| Retirement::Unauthorized);
        self.retired.or(due).map(|how| match how {
            Retirement::Unauthorized => Refusal::unauthorized(),
            Retirement::Forbidden => Refusal::Bare(403),
            Retirement::NotFound => Refusal::no_path(),
            Retirement::Gone => Refusal::Bare(410),
        })
    }

    fn oauth(&mut self, now: i64, rest: &[&str], request: &Request) -> Answer {
        let authorization = header(request, AUTHORIZATION.as_str());
        let form = String::from_utf8_lossy(request.body());
        let is_form = header(request, "content-type").is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
        match (request.method(), rest) {
            (&Method::POST, ["token" | "revoke"]) if !is_form => Err(Refusal::Grant(400, "invalid_request", "The request must be a form.")),
            (&Method::POST, ["token"]) => self.auth.token(now, authorization.as_deref(), &form).map(|body| encode(200, &body)),
            (&Method::POST, ["revoke"]) => self.auth.revoke_asked(authorization.as_deref(), &form).map(|()| empty(200)),
            (&Method::GET, ["token", "info"]) => {
                let token = bearer(request).ok_or_else(Refusal::unauthorized)?;
                self.auth.info(&token, now).map(|body| encode(200, &body))
            }
            (&Method::GET, ["authorize"]) => self.consent(now, &Consent::read(request.uri().query())),
            _ => Err(Refusal::no_path()),
        }
    }

    /// The sign-in page. Whose link is followed signs in; the owner, or whom [`Sell::sign_in`] named, is first.
    fn consent(&mut self, now: i64, consent: &Consent) -> Answer {
        if !consent.is_of(crate::CLIENT_ID) {
            return Err(Refusal::Grant(400, "invalid_request", "The request is missing a parameter or has an unknown client."));
        }
        let mut people: Vec<_> = self.tables.of(&USERS).filter(|user| user.text("status") == Some("active")).collect();
        people.sort_by_key(|user| (user.id != self.person, user.id));
        let user = match consent.decision() {
            Decision::Open => {
                let people = people.iter().filter_map(|user| Some((user.text("email")?.to_owned(), user.text("role")?.to_owned())));
                return Ok(consent.page("Zendesk Sell", &people.take(10).collect::<Vec<_>>()));
            }
            Decision::Denied => return Ok(consent.denied()),
            Decision::Allowed { user: None } => self.person,
            Decision::Allowed { user: Some(email) } => {
                let named = people.iter().find(|user| user.text("email") == Some(email.as_str())).map(|user| user.id);
                named.ok_or(Refusal::Grant(400, "invalid_request", "There is no such user."))?
            }
        };
        let scope = consent.get("scope").unwrap_or(crate::auth::ALL_SCOPES);
        let code = self.auth.code(now, user, scope, consent.get("redirect_uri").unwrap_or_default());
        Ok(consent.redirect(&[("code", &code)]))
    }

    fn api(&mut self, now: i64, parts: &[&str], request: &Request, query: Query) -> Answer {
        let accepts = header(request, ACCEPT.as_str()).is_none_or(|accept| accept.contains("application/json") || accept.contains("*/*"));
        if !accepts {
            return Err(Refusal::Request(406, "not_acceptable", "not acceptable", "Only application/json is supported.".to_owned()));
        }
        let token = bearer(request).ok_or_else(Refusal::unauthorized)?;
        let session = self.auth.bearer(&token, now)?;
        if self.tables.get(&USERS, session.user).is_none_or(|user| user.text("status") != Some("active")) {
            return Err(Refusal::unauthorized());
        }
        self.meter.take(now, &token).map_err(|refused| match refused % 2 {
            0 => Refusal::Bare(429),
            _ => {
                Refusal::Request(429, "rate_limit_exceeded", "rate limit exceeded", "You have exceeded the request rate limit.".to_owned())
            }
        })?;
        let device = header(request, "x-basecrm-device-uuid");
        let ask = Ask { now, method: request.method(), query, body: request.body(), user: session.user, device };
        permitted(parts, &ask, &session)?;
        self.route(parts, &ask)
    }

    fn route(&mut self, parts: &[&str], ask: &Ask<'_>) -> Answer {
        match parts {
            ["v3", path, "stream"] if ask.method == Method::GET => self.stream(ask, path),
            ["v2", "sync", rest @ ..] => self.sync_route(rest, ask),
            ["v2", "accounts", "self"] if ask.method == Method::GET => {
                ask.query.only(|_| false)?;
                Ok(encode(200, &self.account()))
            }
            ["v2", "users", "self"] if ask.method == Method::GET => self.view_row(ask, &USERS, ask.user),
            ["v2", "deals", deal, "associated_contacts"] => self.associated_contacts(ask, number("deal", deal)?, None),
            ["v2", "deals", deal, "associated_contacts", contact] => {
                self.associated_contacts(ask, number("deal", deal)?, Some(number("contact", contact)?))
            }
            ["v2", of @ ("lead" | "contact" | "deal" | "prospect_and_customer"), "custom_fields"] if ask.method == Method::GET => {
                let of = match *of {
                    "lead" => &LEADS,
                    "deal" => &DEALS,
                    _ => &CONTACTS,
                };
                let all = self.custom.definitions(of, self.profile.options_are_choices);
                Ok(ask.query.paging()?.collection(all, &self.address(&format!("{}/custom_fields", of.name)), &ask.query))
            }
            ["v2", "lead_conversions"] if ask.method == Method::POST => self.convert_asked(ask),
            ["v2", path, rest @ ..] => {
                let of = resource(path).ok_or_else(Refusal::no_path)?;
                self.core_route(of, rest, ask)
            }
            _ => Err(Refusal::no_path()),
        }
    }

    fn core_route(&mut self, of: &'static Resource, rest: &[&str], ask: &Ask<'_>) -> Answer {
        let core = of.core.as_ref().ok_or_else(Refusal::no_path)?;
        match (ask.method.as_str(), rest) {
            ("GET", []) => self.list_rows(ask, of),
            ("GET", [id]) => self.view_row(ask, of, number(of.name, id)?),
            ("POST", []) if core.writes => {
                ask.query.only(|_| false)?;
                self.create_row(ask, of)
            }
            ("POST", ["upsert"]) if core.upserts => self.upsert_row(ask, of),
            ("PUT", [id]) if core.writes => self.update_row(ask, of, number(of.name, id)?),
            ("DELETE", [id]) if core.writes => self.delete_row(ask, of, number(of.name, id)?),
            _ => Err(Refusal::no_path()),
        }
    }

    fn account(&self) -> Json {
        let at = stamp(crate::OPENED_AT);
        json!({
            "data": {
                "id": crate::ACCOUNT_ID, "name": "Acme Ltd.", "currency": crate::CURRENCY, "time_format": "24H", "timezone": "UTC+02:00",
                "phone": "+44-208-1234567", "subdomain": self.zendesk, "created_at": at, "updated_at": at
            },
            "meta": {"type": "account"}
        })
    }

    pub(crate) fn address(&self, path: &str) -> String {
        format!("{}/v2/{path}", self.profile.base_url)
    }

    /// A person's act in the product's own screens: the owner's rights, the API's rules, and no part of the API's budget.
    ///
    /// The path is relative to the API's root: `v2/contacts/17`. `Value::Null` sends no body.
    pub fn as_person(&mut self, now: Timestamp, method: &Method, path: &str, body: &Json) -> Response {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        let body = if body.is_null() { Vec::new() } else { json!({"data": body}).to_string().into_bytes() };
        let query = Query::parse(query);
        let ask = Ask { now: now.as_second(), method, query, body: &body, user: self.owner, device: None };
        self.route(&parts, &ask).unwrap_or_else(|refusal| refusal.into_response("a-persons-act"))
    }
}

/// Which scope an endpoint asks for (fact sheet §2.2).
fn permitted(parts: &[&str], ask: &Ask<'_>, session: &Session) -> Result<(), Refusal> {
    let scope = match parts {
        ["v2", "sync", ..] => "sync",
        ["v2", "accounts" | "users", ..] => "profile",
        _ if ask.method == Method::GET => "read",
        _ => "write",
    };
    if session.may(scope) { Ok(()) } else { Err(Refusal::scope(format!("The access token lacks the scope '{scope}'."))) }
}

fn header(request: &Request, name: &str) -> Option<String> {
    request.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
}

fn bearer(request: &Request) -> Option<String> {
    let text = header(request, AUTHORIZATION.as_str())?;
    let (scheme, token) = text.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_owned())
}

fn number(name: &str, text: &str) -> Result<i64, Refusal> {
    text.parse().map_err(|_| Refusal::not_found(name, text))
}
