//! What goes over the wire besides records: query strings, bodies, and the ways in which the vendor says no.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header::{HeaderName, HeaderValue};
use jiff::Timestamp;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value as Json, json};
use syncline_simulator::{Response, answer};

/// Every way in which the vendor refuses, in its several shapes (fact sheet §4).
#[derive(Clone, Debug)]
pub(crate) enum Refusal {
    /// 401 to basic credentials.
    Unauthenticated,
    /// 401 to a bearer token.
    InvalidToken,
    /// 403, recorded: the error is an object.
    Forbidden,
    /// 404, recorded.
    RecordNotFound,
    /// 404, recorded: nothing at this address.
    InvalidEndpoint,
    /// 422, recorded: by field.
    RecordInvalid(Vec<Invalid>),
    /// Any status, `error` and `description`.
    Plain(u16, &'static str, String),
    /// Any status, a list of errors: the newer endpoints.
    Listed(u16, &'static str, &'static str, String),
    /// An OAuth refusal.
    Grant(u16, &'static str, &'static str),
    /// A page for browsers.
    Page(u16),
}

/// One entry of `details`.
#[derive(Clone, Debug)]
pub(crate) struct Invalid {
    pub(crate) field: &'static str,
    pub(crate) error: &'static str,
    pub(crate) description: String,
}

impl Invalid {
    pub(crate) fn new(field: &'static str, error: &'static str, description: impl Into<String>) -> Self {
        Self { field, error, description: description.into() }
    }
}

impl From<Invalid> for Refusal {
    fn from(invalid: Invalid) -> Self {
        Self::RecordInvalid(vec![invalid])
    }
}

impl Refusal {
    pub(crate) fn plain(status: u16, error: &'static str, description: impl Into<String>) -> Self {
        Self::Plain(status, error, description.into())
    }

    pub(crate) fn listed(status: u16, code: &'static str, title: &'static str, detail: impl Into<String>) -> Self {
        Self::Listed(status, code, title, detail.into())
    }

    pub(crate) fn into_response(self) -> Response {
        match self {
            Self::Unauthenticated => encode(401, &json!({"error": "Couldn't authenticate you"})),
            Self::InvalidToken => encode(
                401,
                &json!({
                    "error": "invalid_token",
                    "error_description": "The access token provided is expired, revoked, malformed or invalid for other reasons."
                }),
            ),
            Self::Forbidden => encode(
                403,
                &json!({"error": {
                    "title": "Forbidden",
                    "message": "You do not have access to this page. Please contact the account owner of this help desk for further help."
                }}),
            ),
            Self::RecordNotFound => encode(404, &json!({"error": "RecordNotFound", "description": "Not found"})),
            Self::InvalidEndpoint => encode(404, &json!({"error": "InvalidEndpoint", "description": "Not found"})),
            Self::RecordInvalid(problems) => {
                let mut details = Map::new();
                for problem in problems {
                    let entry = json!({"description": problem.description, "error": problem.error});
                    if let Some(entries) = details.entry(problem.field).or_insert_with(|| json!([])).as_array_mut() {
                        entries.push(entry);
                    }
                }
                encode(422, &json!({"error": "RecordInvalid", "description": "Record validation errors", "details": details}))
            }
            Self::Plain(status, error, description) => encode(status, &json!({"error": error, "description": description})),
            Self::Listed(status, code, title, detail) => {
                encode(status, &json!({"errors": [{"code": code, "title": title, "detail": detail, "status": status.to_string()}]}))
            }
            Self::Grant(status, error, description) => encode(status, &json!({"error": error, "error_description": description})),
            Self::Page(status) => {
                answer(status, "text/html; charset=utf-8", "<!DOCTYPE html><html><head><title>Zendesk</title></head><body></body></html>")
            }
        }
    }
}

pub(crate) type Answer = Result<Response, Refusal>;

pub(crate) fn encode(status: u16, body: &Json) -> Response {
    syncline_simulator::json(status, body)
}

/// An answer without a body.
pub(crate) fn empty(status: u16) -> Response {
    answer(status, "application/json; charset=utf-8", "")
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

/// A stamp of events and webhooks: nine digits after the point (fact sheet §5.4).
pub(crate) fn fine_stamp(seconds: i64) -> String {
    let plain = stamp(seconds);
    format!("{}.000000000Z", plain.trim_end_matches('Z'))
}

/// A body that must be a JSON object.
pub(crate) fn object(body: &[u8]) -> Result<Map<String, Json>, Refusal> {
    match serde_json::from_slice(body) {
        Ok(Json::Object(members)) => Ok(members),
        Ok(_) => Err(Refusal::plain(400, "InvalidParameter", "The body must be an object")),
        Err(_) => Err(Refusal::plain(422, "Unprocessable Entity", "Server could not parse JSON")),
    }
}

/// The object that a body wraps: `{"user": {…}}`.
pub(crate) fn wrapped(body: &[u8], name: &'static str) -> Result<Map<String, Json>, Refusal> {
    match object(body)?.remove(name) {
        Some(Json::Object(members)) => Ok(members),
        Some(_) | None => Err(Refusal::plain(400, "ParameterMissing", format!("Parameter {name} is required"))),
    }
}

/// A request's query, decoded.
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

    /// All values of a parameter: `role[]=agent&role[]=admin`, `role=agent`.
    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        let listed = format!("{name}[]");
        self.pairs.iter().filter(|(known, _)| *known == name || *known == listed).map(|(_, value)| value.as_str()).collect()
    }

    /// Ids, comma-separated.
    pub(crate) fn ids(&self, name: &str) -> Vec<i64> {
        self.get(name).into_iter().flat_map(|text| text.split(',')).filter_map(|part| part.trim().parse().ok()).collect()
    }

    /// The query without these parameters, encoded again as it came.
    pub(crate) fn without(&self, names: &[&str]) -> String {
        let kept = self.pairs.iter().filter(|(name, _)| !names.contains(&name.as_str()));
        kept.map(|(name, value)| format!("{}={}", escaped(name), escaped(value))).collect::<Vec<_>>().join("&")
    }
}

/// Pairs of a query string or form; a plus is a blank.
pub(crate) fn pairs(text: &str) -> Vec<(String, String)> {
    let decode = |part: &str| percent_decode_str(&part.replace('+', " ")).decode_utf8_lossy().into_owned();
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (decode(name), decode(value)))
        .collect()
}

pub(crate) fn escaped(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// A place in a list, as an opaque text.
pub(crate) fn cursor_of(place: &str) -> String {
    URL_SAFE_NO_PAD.encode(place)
}

pub(crate) fn place_of(cursor: &str) -> Option<String> {
    String::from_utf8(URL_SAFE_NO_PAD.decode(cursor.trim_end_matches('=')).ok()?).ok()
}
