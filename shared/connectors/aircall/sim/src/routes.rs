//! From a request to its answer: what it costs, who calls, which endpoint.

use http::Method;
use http::header::{AUTHORIZATION, DATE};
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;
use serde_json::json;
use syncline_simulator::{Consent, Request, Response, Simulator, json as answer_json};

use crate::Aircall;
use crate::access::Caller;
use crate::directory::Version;
use crate::wire::{Query, Refusal, object, with_header};

impl Simulator for Aircall {
    fn handle(&mut self, now: Timestamp, request: &Request) -> Response {
        let seconds = now.as_second();
        self.pass(seconds);
        let standing = self.meter.take(seconds);
        let answered = if standing.refused { Err(Refusal::TooMany) } else { self.answer(seconds, request) };
        let response = answered.unwrap_or_else(|refusal| refusal.into_response(self.profile.refused_status));
        let date = DateTimePrinter::new().timestamp_to_rfc9110_string(&now).unwrap_or_default();
        standing.headed(with_header(response, DATE, &date))
    }
}

impl Aircall {
    fn answer(&mut self, now: i64, request: &Request) -> Result<Response, Refusal> {
        let path: Vec<&str> = request.uri().path().split('/').filter(|part| !part.is_empty()).collect();
        let method = request.method();
        if path == ["v1", "oauth", "token"] {
            return if method == Method::POST { self.exchange_code(now, &object(request.body())?) } else { Err(Refusal::NotAllowed) };
        }
        if path == ["oauth", "authorize"] {
            return self.consent(now, &Consent::read(request.uri().query()));
        }
        let caller = self.access.signed_in(request.headers().get(AUTHORIZATION)).ok_or(Refusal::Unknown)?;
        let query = Query::parse(request.uri().query());
        let body = request.body();
        match path.as_slice() {
            ["v1", "ping"] => only(method, &Method::GET).map(|()| answer_json(200, &json!({"ping": "pong"}))),
            ["v1", "company"] => only(method, &Method::GET).map(|()| answer_json(200, &self.company())),
            ["v1", "integrations", what] => self.integrations_route(method, what, &caller),
            ["v1", "users", rest @ ..] => self.users_route(now, Version::First, method, rest, &query, body),
            ["v2", "users", rest @ ..] => self.users_route(now, Version::Second, method, rest, &query, body),
            ["v1", "teams", rest @ ..] => self.teams_route(now, method, rest, &query, body),
            ["v1", "webhooks", rest @ ..] => self.webhooks_route(now, method, rest, &query, body, &caller),
            _ => Err(Refusal::Missing),
        }
    }

    /// Only an application has an installation (unverified).
    fn integrations_route(&mut self, method: &Method, what: &str, caller: &Caller) -> Result<Response, Refusal> {
        if *caller == Caller::Key {
            return Err(Refusal::Denied);
        }
        match what {
            "me" => only(method, &Method::GET)?,
            "enable" | "disable" => {
                only(method, &Method::POST)?;
                self.access.enabled = what == "enable";
            }
            _ => return Err(Refusal::Missing),
        }
        Ok(answer_json(200, &self.integration()))
    }
}

fn only(method: &Method, allowed: &Method) -> Result<(), Refusal> {
    if method == allowed { Ok(()) } else { Err(Refusal::NotAllowed) }
}
