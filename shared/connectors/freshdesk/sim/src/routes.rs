//! From a request to its answer: who calls, what it costs, which endpoint; and the headers that every answer carries.

use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, DATE, HeaderName, RETRY_AFTER};
use http::{HeaderMap, Method};
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;
use serde_json::{Value, json};
use syncline_simulator::{Request, Response, Simulator};

use crate::Freshdesk;
use crate::account::{Class, Role, Standing, groups, roles};
use crate::fields::Object;
use crate::tickets;
use crate::validation::object;
use crate::wire::{Query, Refusal, encode, with_header};

const VERSION: HeaderName = HeaderName::from_static("x-freshdesk-api-version");
const TOTAL: HeaderName = HeaderName::from_static("x-ratelimit-total");
const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const USED: HeaderName = HeaderName::from_static("x-ratelimit-used-currentrequest");

/// Who asks.
#[derive(Clone, Copy)]
struct Caller {
    agent: i64,
    role: Role,
}

/// One request, taken apart.
struct Ask<'a> {
    now: i64,
    method: &'a Method,
    query: Query,
    body: &'a [u8],
    caller: Caller,
}

impl Simulator for Freshdesk {
    fn handle(&mut self, now: Timestamp, request: &Request) -> Response {
        let seconds = now.as_second();
        self.settle(seconds);
        let query = Query::parse(request.uri().query());
        let path = segments(request.uri().path());
        let path = path.as_deref().unwrap_or_default();
        let (class, cost) = match (request.method() == Method::GET, path) {
            (true, ["contacts"]) => (Class::ContactsList, 1),
            (true, ["tickets"]) => (Class::TicketsList, tickets::cost(true, &query)),
            (true, ["tickets", _]) => (Class::Other, tickets::cost(false, &query)),
            _ => (Class::Other, 1),
        };
        let standing = self.meter.take(seconds, class, cost);
        let response = match standing.retry_after {
            Some(wait_s) => {
                let refused = encode(429, &json!({"message": "You have exceeded the limit of requests per minute"}));
                with_header(refused, RETRY_AFTER, &wait_s.to_string())
            }
            None => self
                .signed_in(request, query)
                .and_then(|(caller, query)| {
                    let ask = Ask { now: seconds, method: request.method(), query, body: request.body(), caller };
                    self.route(path, &ask)
                })
                .unwrap_or_else(|refusal| refusal.into_response(request.method())),
        };
        headed(response, now, &standing)
    }
}

impl Freshdesk {
    /// A person's act in the product's own screens: an admin's rights, the API's rules, and no part of the API's budget.
    ///
    /// The path is relative to the API's root: `contacts/82001930215`. `Value::Null` sends no body.
    pub fn as_person(&mut self, now: Timestamp, method: &Method, path: &str, body: &Value) -> Response {
        let (path, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        let seconds = now.as_second();
        self.settle(seconds);
        let caller = Caller { agent: self.person, role: Role::Admin };
        let ask = Ask { now: seconds, method, query: Query::parse(query), body: &body, caller };
        self.route(&parts, &ask).unwrap_or_else(|refusal| refusal.into_response(method))
    }

    fn settle(&mut self, now: i64) {
        self.contacts.index.settle(now);
        self.companies.index.settle(now);
    }

    fn signed_in(&self, request: &Request, query: Query) -> Result<(Caller, Query), Refusal> {
        let agent = self.agents.signed_in(request.headers().get(AUTHORIZATION)).ok_or(Refusal::Unknown)?;
        if self.suspended {
            return Err(Refusal::Suspended);
        }
        if !accepts_json(request.headers()) {
            return Err(Refusal::NotAcceptable);
        }
        if !request.body().is_empty() && !sends_json(request.headers()) {
            return Err(Refusal::Unsupported);
        }
        Ok((Caller { agent: agent.id, role: agent.role }, query))
    }

    fn route(&mut self, path: &[&str], ask: &Ask<'_>) -> Result<Response, Refusal> {
        let is_read = ask.method == Method::GET;
        if !is_read && ask.caller.role == Role::ReadOnly {
            return Err(Refusal::Denied);
        }
        match path {
            ["contacts", rest @ ..] => self.contacts_route(rest, ask),
            ["companies", rest @ ..] => self.companies_route(rest, ask),
            ["contact_fields", rest @ ..] => self.fields_route(Object::Contact, rest, ask),
            ["company_fields", rest @ ..] => self.fields_route(Object::Company, rest, ask),
            ["tickets", rest @ ..] => self.tickets_route(rest, ask),
            ["search", "contacts"] => only_get(ask).and_then(|()| self.search_contacts(&ask.query)),
            ["search", "companies"] => only_get(ask).and_then(|()| self.search_companies(&ask.query)),
            ["agents" | "roles" | "groups", ..] => only_get(ask).and_then(|()| self.people_route(path, ask)),
            _ => Err(Refusal::Missing),
        }
    }

    fn contacts_route(&mut self, rest: &[&str], ask: &Ask<'_>) -> Result<Response, Refusal> {
        match (ask.method.as_str(), rest) {
            ("GET", []) => self.list_contacts(&ask.query),
            ("POST", []) => self.create_contact(ask.now, &object(ask.body)?),
            ("GET", ["autocomplete"]) => self.autocomplete_contacts(&ask.query),
            ("POST", ["merge"]) => self.merge_contacts(ask.now, &object(ask.body)?),
            ("GET", [id]) => self.view_contact(number(id)?),
            ("PUT", [id]) => self.update_contact(ask.now, number(id)?, &object(ask.body)?),
            ("DELETE", [id]) => self.delete_contact(ask.now, number(id)?),
            ("PUT", [id, "restore"]) => self.restore_contact(ask.now, number(id)?),
            ("DELETE", [id, "hard_delete"]) => self.hard_delete_contact(ask.now, number(id)?, &ask.query),
            ("PUT", [id, "make_agent"]) => self.make_agent_of(ask.now, number(id)?, &object(ask.body)?),
            (_, []) => Err(Refusal::NotAllowed("GET, POST")),
            (_, ["autocomplete"]) => Err(Refusal::NotAllowed("GET")),
            (_, ["merge"]) => Err(Refusal::NotAllowed("POST")),
            (_, [id]) => number(id).and(Err(Refusal::NotAllowed("GET, PUT, DELETE"))),
            (_, [_, "restore" | "make_agent"]) => Err(Refusal::NotAllowed("PUT")),
            (_, [_, "hard_delete"]) => Err(Refusal::NotAllowed("DELETE")),
            (_, [_, ..]) => Err(Refusal::Missing),
        }
    }

    fn companies_route(&mut self, rest: &[&str], ask: &Ask<'_>) -> Result<Response, Refusal> {
        match (ask.method.as_str(), rest) {
            ("GET", []) => self.list_companies(&ask.query),
            ("POST", []) => self.create_company(ask.now, &object(ask.body)?),
            ("GET", ["autocomplete"]) => self.autocomplete_companies(&ask.query),
            ("GET", [id]) => self.view_company(number(id)?),
            ("PUT", [id]) => self.update_company(ask.now, number(id)?, &object(ask.body)?),
            ("DELETE", [id]) => self.delete_company(ask.now, number(id)?),
            (_, []) => Err(Refusal::NotAllowed("GET, POST")),
            (_, ["autocomplete"]) => Err(Refusal::NotAllowed("GET")),
            (_, [id]) => number(id).and(Err(Refusal::NotAllowed("GET, PUT, DELETE"))),
            (_, [_, ..]) => Err(Refusal::Missing),
        }
    }

    /// Admins only; listing is also for agents who may create the object (fact sheet §2.5: documented).
    fn fields_route(&mut self, of: Object, rest: &[&str], ask: &Ask<'_>) -> Result<Response, Refusal> {
        let may_list = matches!(ask.caller.role, Role::Admin | Role::Agent);
        let may_read = (rest.is_empty() && ask.method == Method::GET && may_list) || ask.caller.role == Role::Admin;
        if !may_read {
            return Err(Refusal::Denied);
        }
        let (address, fields) = match of {
            Object::Contact => (self.address("contact_fields"), &mut self.contact_fields),
            Object::Company => (self.address("company_fields"), &mut self.company_fields),
        };
        match (ask.method.as_str(), rest) {
            ("GET", []) => Ok(fields.all()),
            ("POST", []) => fields.create(ask.now, &object(ask.body)?, &address),
            ("GET", [id]) => fields.view(number(id)?),
            ("PUT", [id]) => fields.update(ask.now, number(id)?, &object(ask.body)?),
            ("DELETE", [id]) => {
                let (field, response) = fields.delete(number(id)?)?;
                self.forget_values(of, &field);
                Ok(response)
            }
            (_, []) => Err(Refusal::NotAllowed("GET, POST")),
            (_, [id]) => number(id).and(Err(Refusal::NotAllowed("GET, PUT, DELETE"))),
            (_, [_, ..]) => Err(Refusal::Missing),
        }
    }

    fn tickets_route(&mut self, rest: &[&str], ask: &Ask<'_>) -> Result<Response, Refusal> {
        match (ask.method.as_str(), rest) {
            ("GET", []) => self.list_tickets(ask.now, ask.caller.agent, &ask.query),
            ("POST", []) => self.create_ticket(ask.now, &object(ask.body)?),
            ("GET", [id]) => self.view_ticket(number(id)?, &ask.query),
            ("PUT", [id]) => self.update_ticket(ask.now, number(id)?, &object(ask.body)?),
            ("DELETE", [id]) => self.delete_ticket(ask.now, number(id)?),
            (_, []) => Err(Refusal::NotAllowed("GET, POST")),
            (_, [id]) => number(id).and(Err(Refusal::NotAllowed("GET, PUT, DELETE"))),
            (_, [_, ..]) => Err(Refusal::Missing),
        }
    }

    /// What clients list besides records: agents, roles, groups.
    fn people_route(&self, path: &[&str], ask: &Ask<'_>) -> Result<Response, Refusal> {
        let all = match path {
            ["agents", "me"] => {
                let agent = self.agents.get(ask.caller.agent).ok_or(Refusal::Missing)?;
                return Ok(encode(200, &agent.shape()));
            }
            ["agents", ..] => {
                let email = ask.query.get("email").map(str::to_lowercase);
                let asked = self.agents.all().filter(|agent| email.as_ref().is_none_or(|email| agent.email.to_lowercase() == *email));
                asked.map(crate::account::Agent::shape).collect()
            }
            ["roles", ..] => roles(self.opened_at),
            _ => groups(self.opened_at, &self.agents),
        };
        match path {
            [name] => {
                let paging = ask.query.paging(None)?;
                let more = all.len() > paging.skipped().saturating_add(paging.rows);
                let rows: Vec<&Value> = all.iter().skip(paging.skipped()).take(paging.rows).collect();
                Ok(paging.link(encode(200, &rows), more, &self.address(name), &ask.query))
            }
            [_, id] => {
                let id = number(id)?;
                let found = all.iter().find(|one| one.get("id").and_then(Value::as_i64) == Some(id)).ok_or(Refusal::Missing)?;
                Ok(encode(200, found))
            }
            _ => Err(Refusal::Missing),
        }
    }
}

/// The path below the API's root.
fn segments(path: &str) -> Option<Vec<&str>> {
    let rest = path.strip_prefix("/api/v2/")?;
    Some(rest.split('/').filter(|part| !part.is_empty()).collect())
}

fn number(text: &str) -> Result<i64, Refusal> {
    text.parse().map_err(|_| Refusal::Missing)
}

fn only_get(ask: &Ask<'_>) -> Result<(), Refusal> {
    if ask.method == Method::GET { Ok(()) } else { Err(Refusal::NotAllowed("GET")) }
}

fn accepts_json(headers: &HeaderMap) -> bool {
    let Some(accept) = headers.get(ACCEPT) else { return true };
    let accept = accept.to_str().unwrap_or_default();
    accept.split(',').map(|part| part.split(';').next().unwrap_or_default().trim()).any(|part| matches!(part, "application/json" | "*/*"))
}

fn sends_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json")
}

fn headed(response: Response, now: Timestamp, standing: &Standing) -> Response {
    let date = DateTimePrinter::new().timestamp_to_rfc9110_string(&now).unwrap_or_default();
    let response = with_header(response, VERSION, "latest=v2; requested=v2");
    let response = with_header(response, TOTAL, &standing.total.to_string());
    let response = with_header(response, REMAINING, &standing.remaining.to_string());
    let response = with_header(response, USED, &standing.used.to_string());
    with_header(response, DATE, &date)
}
