//! What goes over the wire besides records: query strings, envelopes, and the ways in which the vendor says no.

use http::header::{HeaderName, HeaderValue};
use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde_json::{Map, Value as Json, json};
use syncline_simulator::{Response, answer};

/// The default and the largest number of rows on a page (fact sheet §5: documented).
const PAGE_ROWS: i64 = 25;
const PAGE_ROWS_MAX: i64 = 100;

const MORE_INFO: &str = "https://developers.getbase.com/docs/rest/articles/errors";

/// What a link leaves unescaped in a query value: ids stand there comma-separated (recorded).
const QUERY_VALUE: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b',');

pub(crate) type Answer = Result<Response, Refusal>;

/// One thing that is wrong with a record that was sent.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    /// A JSON pointer: `/last_name`.
    pub(crate) field: String,
    pub(crate) code: &'static str,
    pub(crate) message: &'static str,
    pub(crate) details: String,
}

impl Problem {
    pub(crate) fn unknown(resource: &str, field: &str) -> Self {
        let details = format!("The attribute '/{field}' is not a known attribute for the '{resource}' resource.");
        Self { field: format!("/{field}"), code: "unknown", message: "unknown attribute", details }
    }

    pub(crate) fn missing(field: &str) -> Self {
        let details = format!("The attribute '/{field}' is required.");
        Self { field: format!("/{field}"), code: "missing", message: "missing attribute", details }
    }

    pub(crate) fn blank(field: &str) -> Self {
        Self {
            field: format!("/{field}"),
            code: "blank",
            message: "can't be blank",
            details: format!("The attribute '/{field}' is blank."),
        }
    }

    pub(crate) fn wrong_type(field: &str, expected: &str) -> Self {
        let details = format!("The attribute '/{field}' must be {expected}.");
        Self { field: format!("/{field}"), code: "invalid_type", message: "invalid type", details }
    }

    pub(crate) fn incorrect(field: &str, details: impl Into<String>) -> Self {
        Self { field: format!("/{field}"), code: "incorrect_value", message: "incorrect value", details: details.into() }
    }

    pub(crate) fn taken(field: &str) -> Self {
        let details = format!("The attribute '/{field}' must be unique.");
        Self { field: format!("/{field}"), code: "already_exists", message: "already exists", details }
    }
}

/// Every way in which the vendor refuses (fact sheet §3).
#[derive(Clone, Debug)]
pub(crate) enum Refusal {
    /// What is wrong with the request itself: status, code, message, details.
    Request(u16, &'static str, &'static str, String),
    /// 422, with what is wrong with the record that was sent.
    Record(&'static str, Vec<Problem>),
    /// A status without a body.
    Bare(u16),
    /// An OAuth refusal.
    Grant(u16, &'static str, &'static str),
}

impl Refusal {
    pub(crate) fn param(name: &str, why: &str) -> Self {
        let details = format!("The request query parameter '{name}' is malformed, missing, or has an invalid value ({why})");
        Self::Request(400, "invalid_param", "invalid request query parameter", details)
    }

    pub(crate) fn unauthorized() -> Self {
        let details = "Required access token is missing, malformed, expired, or invalid.".to_owned();
        Self::Request(401, "unauthorized", "unauthorized", details)
    }

    pub(crate) fn scope(details: impl Into<String>) -> Self {
        Self::Request(403, "insufficient_scope", "insufficient scope", details.into())
    }

    pub(crate) fn not_found(resource: &str, id: &str) -> Self {
        let details = format!("The '{resource}' resource with id '{id}' could not be found.");
        Self::Request(404, "not_found", "resource not found", details)
    }

    pub(crate) fn no_path() -> Self {
        Self::Request(404, "incorrect_path", "incorrect path", "The requested path does not exist.".to_owned())
    }

    pub(crate) fn header(code: &'static str, details: &str) -> Self {
        Self::Request(400, code, "invalid request header", details.to_owned())
    }

    pub(crate) fn payload(status: u16, code: &'static str, details: &str) -> Self {
        Self::Request(status, code, "invalid payload", details.to_owned())
    }

    /// `logref`: the id of the request, as its header carries it.
    pub(crate) fn into_response(self, logref: &str) -> Response {
        let (status, errors) = match self {
            Self::Bare(status) => return answer(status, "text/plain", ""),
            Self::Grant(status, error, description) => {
                return encode(status, &json!({"error": error, "error_description": description}));
            }
            Self::Request(status, code, message, details) => {
                (status, vec![error(&json!({"code": code, "message": message, "details": details}))])
            }
            Self::Record(resource, problems) => {
                let errors = problems.into_iter().map(|problem| {
                    error(&json!({
                        "resource": resource, "field": problem.field, "code": problem.code, "message": problem.message,
                        "details": problem.details
                    }))
                });
                (422, errors.collect())
            }
        };
        let reason = http::StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()).unwrap_or_default();
        let meta =
            json!({"type": "errors", "http_status": format!("{status} {reason}"), "logref": logref, "links": {"more_info": MORE_INFO}});
        encode(status, &json!({"errors": errors, "meta": meta}))
    }
}

fn error(error: &Json) -> Json {
    json!({"error": error, "meta": {"type": "error", "links": {"more_info": MORE_INFO}}})
}

pub(crate) fn encode(status: u16, body: &Json) -> Response {
    syncline_simulator::json(status, body)
}

/// An answer without a body; no word of JSON, so that clients do not look for some.
pub(crate) fn empty(status: u16) -> Response {
    let mut response = Response::new(Vec::new().into());
    *response.status_mut() = http::StatusCode::from_u16(status).unwrap_or(http::StatusCode::NO_CONTENT);
    response
}

pub(crate) fn with_header(mut response: Response, name: &'static str, value: &str) -> Response {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(HeaderName::from_static(name), value);
    }
    response
}

/// A stamp as the vendor writes it: UTC, whole seconds.
pub(crate) fn stamp(seconds: i64) -> String {
    Timestamp::from_second(seconds).unwrap_or_default().to_string()
}

/// What a body wraps under `data`.
pub(crate) fn data(body: &[u8]) -> Result<Map<String, Json>, Refusal> {
    let Ok(body) = serde_json::from_slice::<Json>(body) else {
        return Err(Refusal::payload(400, "invalid_payload", "The request body is not valid JSON."));
    };
    match body {
        Json::Object(mut members) => match members.remove("data") {
            Some(Json::Object(data)) => Ok(data),
            Some(_) | None => Err(Refusal::payload(422, "incorrect_payload", "The request body must have an object under 'data'.")),
        },
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Array(_) => {
            Err(Refusal::payload(422, "incorrect_payload", "The request body must be an object."))
        }
    }
}

/// Pairs of a query string or form; a plus is a blank.
pub(crate) fn pairs(text: &str) -> Vec<(String, String)> {
    let decode = |part: &str| percent_decode_str(&part.replace('+', " ")).decode_utf8_lossy().into_owned();
    let pairs = text.split('&').filter(|pair| !pair.is_empty()).map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    pairs.map(|(name, value)| (decode(name), decode(value))).collect()
}

/// A request's query, decoded.
#[derive(Default)]
pub(crate) struct Query {
    pairs: Vec<(String, String)>,
}

impl Query {
    pub(crate) fn parse(text: &str) -> Self {
        Self { pairs: pairs(text) }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.pairs.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Refuses every parameter that is not known (fact sheet §1: an unknown one is an error).
    pub(crate) fn only(&self, known: impl Fn(&str) -> bool) -> Result<(), Refusal> {
        match self.pairs.iter().find(|(name, _)| !known(name)) {
            Some((name, _)) => Err(Refusal::param(name, "unknown parameter")),
            None => Ok(()),
        }
    }

    /// A number within bounds.
    pub(crate) fn number(&self, name: &str, least: i64, most: i64) -> Result<Option<i64>, Refusal> {
        let Some(text) = self.get(name) else { return Ok(None) };
        match text.parse::<i64>() {
            Ok(number) if (least..=most).contains(&number) => Ok(Some(number)),
            Ok(_) | Err(_) => Err(Refusal::param(name, &format!("must be between {least} and {most}, given: {text}"))),
        }
    }

    pub(crate) fn paging(&self) -> Result<Paging, Refusal> {
        let page = self.number("page", 1, i64::from(u32::MAX))?.unwrap_or(1);
        let rows = self.number("per_page", 1, PAGE_ROWS_MAX)?.unwrap_or(PAGE_ROWS);
        Ok(Paging { page: usize::try_from(page).unwrap_or(1), rows: usize::try_from(rows).unwrap_or(1) })
    }

    fn of_page(&self, page: usize) -> String {
        let kept = self.pairs.iter().filter(|(name, _)| name != "page");
        let mut parts: Vec<String> = kept.map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, QUERY_VALUE))).collect();
        parts.push(format!("page={page}"));
        parts.join("&")
    }
}

/// Which page is asked for; the first is 1.
#[derive(Clone, Copy)]
pub(crate) struct Paging {
    page: usize,
    rows: usize,
}

impl Paging {
    /// The collection's envelope around this page of all items. `next_page` stands there only where there is one.
    pub(crate) fn collection(self, all: Vec<Json>, address: &str, query: &Query) -> Response {
        let skipped = (self.page - 1).saturating_mul(self.rows);
        let more = all.len() > skipped.saturating_add(self.rows);
        let items: Vec<Json> = all.into_iter().skip(skipped).take(self.rows).collect();
        let link = |page: usize| format!("{address}?{}", query.of_page(page));
        let mut links = Map::from_iter([("self".to_owned(), json!(link(self.page)))]);
        if self.page > 1 {
            links.insert("first_page".to_owned(), json!(link(1)));
            links.insert("prev_page".to_owned(), json!(link(self.page - 1)));
        }
        if more {
            links.insert("next_page".to_owned(), json!(link(self.page + 1)));
        }
        let meta = json!({"type": "collection", "count": items.len(), "links": links});
        encode(200, &json!({"items": items, "meta": meta}))
    }

    /// The numbers of the rows on this page.
    pub(crate) fn covers(self, index: usize) -> bool {
        let skipped = (self.page - 1).saturating_mul(self.rows);
        (skipped..skipped.saturating_add(self.rows)).contains(&index)
    }
}

/// An id for whatever has none of its own, decided by the roll.
pub(crate) fn uuid(high: u64, low: u64) -> String {
    let (high, low) = (format!("{high:016x}"), format!("{low:016x}"));
    let part = |text: &str, from: usize, to: usize| text.get(from..to).unwrap_or_default().to_owned();
    format!("{}-{}-4{}-8{}-{}", part(&high, 0, 8), part(&high, 8, 12), part(&high, 13, 16), part(&low, 1, 4), part(&low, 4, 16))
}
