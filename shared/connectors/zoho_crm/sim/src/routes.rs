//! The way through the paths: who asks, what it costs, who answers.

use syncline_simulator::{Request, Response};

use crate::ZohoCrm;
use crate::auth::{Session, is_elsewhere};
use crate::coql;
use crate::meter::{Cost, Limits};
use crate::save::Actor;
use crate::wire::{Answer, Query, Refusal, moment, stamp, with_header};

/// Rows of a write from which on the narrower gate counts it.
const COMPLEX_ROWS: usize = 10;

/// One request, taken apart.
struct Asked<'r> {
    now: i64,
    version: u32,
    method: &'r str,
    path: &'r [&'r str],
    query: Query,
    body: &'r [u8],
    since: Option<&'r str>,
    unmodified_since: Option<i64>,
}

/// `v8` as 8; the oldest that is served is the second.
fn version(segment: &str) -> Option<u32> {
    segment.strip_prefix('v')?.split('.').next()?.parse().ok().filter(|version| (2..=8).contains(version))
}

/// How many rows a body brings.
fn row_count(body: &[u8]) -> usize {
    let body = serde_json::from_slice::<serde_json::Value>(body).unwrap_or_default();
    body.get("data").and_then(serde_json::Value::as_array).map_or(0, Vec::len)
}

/// What a call costs (fact sheet §8): ten rows are one credit, a search three, a conversion five.
fn cost(asked: &Asked<'_>) -> Cost {
    let rows = row_count(asked.body);
    let by_rows = u32::try_from(rows.div_ceil(10)).unwrap_or(u32::MAX).max(1);
    match (asked.method, asked.path) {
        ("POST", ["coql"]) => Cost { credits: coql::credits(asked.body), complex: true },
        ("POST", [_, _, "actions", "convert"]) => Cost { credits: 5, complex: true },
        ("GET", [_, "search"]) => Cost { credits: 3, complex: true },
        ("POST" | "PUT", [_] | [_, "upsert"]) => Cost { credits: by_rows, complex: rows > COMPLEX_ROWS },
        ("GET", [_]) => Cost { credits: 1, complex: asked.query.get("sort_by").is_some() || asked.query.get("cvid").is_some() },
        _ => Cost { credits: 1, complex: false },
    }
}

/// The scope that a path needs, in short.
fn scope(path: &[&str]) -> &'static str {
    match path {
        ["settings", ..] => "settings",
        ["users", ..] => "users",
        ["org"] => "org",
        ["coql"] => "coql",
        ["actions", "watch"] => "notifications",
        [_, "search"] => "search",
        _ => "modules",
    }
}

impl ZohoCrm {
    pub(crate) fn answer(&mut self, now: i64, request: &Request) -> Response {
        let path: Vec<&str> = request.uri().path().split('/').filter(|part| !part.is_empty()).collect();
        if let ["oauth", "v2", rest @ ..] = path.as_slice() {
            return self.accounts_route(now, rest, request);
        }
        let ["crm", version_text, rest @ ..] = path.as_slice() else { return Refusal::no_such_path().into_response() };
        let Some(version) = version(version_text) else { return Refusal::no_such_path().into_response() };
        let header = |name: http::HeaderName| request.headers().get(name).and_then(|value| value.to_str().ok());
        let session = self.auth.session(now, header(http::header::AUTHORIZATION)).filter(|_| !is_elsewhere(&self.profile, request));
        let Some(session) = session else {
            return Refusal::new(401, "INVALID_TOKEN", "invalid oauth token", serde_json::json!({})).into_response();
        };
        let asked = Asked {
            now,
            version,
            method: request.method().as_str(),
            path: rest,
            query: Query::parse(request.uri().query().unwrap_or_default()),
            body: request.body(),
            since: header(http::header::IF_MODIFIED_SINCE),
            unmodified_since: header(http::header::IF_UNMODIFIED_SINCE).and_then(moment),
        };
        let mut response = self.dispatch(&asked, session).unwrap_or_else(Refusal::into_response);
        // Nearly every answer tells when the token ends; an empty one does not (recorded).
        if let (Some(until), true) = (session.until, response.status() != 204) {
            with_header(&mut response, "x-accesstoken-reset", &stamp(until, self.profile.offset_s));
        }
        response
    }

    fn dispatch(&mut self, asked: &Asked<'_>, session: Session) -> Answer {
        if self.withheld.contains(scope(asked.path)) {
            let message = "invalid oauth scope to access this URL";
            return Err(Refusal::new(401, "OAUTH_SCOPE_MISMATCH", message, serde_json::json!({})));
        }
        let limits =
            Limits { credits: self.profile.credits, concurrent: self.profile.concurrent_calls, complex: self.profile.complex_calls };
        // What the people's own session asks is not the integration's to pay.
        if session.until.is_some() {
            self.meter.pass(asked.now, cost(asked), limits)?;
        }
        let actor = Actor { user: session.user, now: asked.now, unmodified_since: asked.unmodified_since };
        match (asked.method, asked.path) {
            (method, ["settings", rest @ ..]) => self.settings_route(asked.now, method, rest, &asked.query, asked.body),
            ("GET", ["users"]) => self.users_listed(session.user, &asked.query),
            ("GET", ["users", id]) => self.user_read(id),
            ("GET", ["org"]) => Ok(self.organisation()),
            ("POST", ["coql"]) => self.coql(asked.body),
            (method, ["actions", "watch"]) => self.watch_route(asked.now, method, &asked.query, asked.body),
            ("POST", ["Leads", id, "actions", "convert"]) => self.convert_route(id, asked.body, actor, asked.version),
            ("GET", ["Leads", id, "__conversion_options"]) => self.conversion_options(id),
            (_, [name, rest @ ..]) => {
                let module = self.tables.iter().map(|table| table.name).find(|known| known == name).ok_or_else(Refusal::invalid_module)?;
                self.module_route(module, rest, asked, actor)
            }
            (_, []) => Err(Refusal::no_such_path()),
        }
    }

    fn module_route(&mut self, module: &'static str, rest: &[&str], asked: &Asked<'_>, actor: Actor) -> Answer {
        match (asked.method, rest) {
            ("GET", []) => self.list(asked.now, module, &asked.query, asked.version, asked.since, actor.user),
            ("GET", ["deleted"]) => self.deleted(asked.now, module, &asked.query, asked.since),
            ("GET", ["search"]) => self.search(asked.now, module, &asked.query, asked.version),
            ("GET", [id]) => self.one(module, id, &asked.query, asked.version),
            ("POST" | "PUT", _) => self.write_route(module, rest, asked.method, asked.body, actor),
            ("DELETE", _) => self.delete_route(module, rest, &asked.query, actor),
            _ => Err(Refusal::wrong_method()),
        }
    }
}
