//! What goes over the wire besides records: query strings, stamps, and the one envelope in which the vendor says no (fact sheet §9).

use http::header::{HeaderName, HeaderValue};
use jiff::Timestamp;
use jiff::tz::Offset;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value as Json, json};
use syncline_simulator::{Response, answer};

/// A refusal: of a request, or of one row of it; the same code comes either way.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) code: &'static str,
    pub(crate) message: String,
    pub(crate) details: Json,
}

impl Refusal {
    pub(crate) fn new(status: u16, code: &'static str, message: impl Into<String>, details: Json) -> Self {
        Self { status, code, message: message.into(), details }
    }

    pub(crate) fn parameter(code: &'static str, name: &str, message: &str) -> Self {
        Self::new(400, code, message, json!({"param_name": name}))
    }

    /// A value that is none, at its place in the body.
    pub(crate) fn invalid(row: usize, field: &str, more: &Json) -> Self {
        let mut details = json!({"api_name": field, "json_path": format!("$.data[{row}].{field}")});
        merge(&mut details, more);
        Self::new(400, "INVALID_DATA", "invalid data", details)
    }

    pub(crate) fn mandatory(row: usize, field: &str) -> Self {
        let details = json!({"api_name": field, "json_path": format!("$.data[{row}].{field}")});
        Self::new(400, "MANDATORY_NOT_FOUND", "required field not found", details)
    }

    pub(crate) fn invalid_module() -> Self {
        Self::new(400, "INVALID_MODULE", "the module name given seems to be invalid", json!({"resource_path_index": 0}))
    }

    pub(crate) fn invalid_id(id: &str) -> Self {
        Self::new(400, "INVALID_DATA", "the id given seems to be invalid", json!({"id": id, "api_name": "id"}))
    }

    pub(crate) fn no_such_path() -> Self {
        Self::new(404, "INVALID_URL_PATTERN", "Please check if the URL trying to access is a correct one", json!({}))
    }

    pub(crate) fn wrong_method() -> Self {
        Self::new(400, "INVALID_REQUEST_METHOD", "The http request method type is not a valid one", json!({}))
    }

    pub(crate) fn too_many(message: &str) -> Self {
        Self::new(429, "TOO_MANY_REQUESTS", message, json!({}))
    }

    pub(crate) fn body(&self) -> Json {
        json!({"code": self.code, "details": self.details, "message": self.message, "status": "error"})
    }

    pub(crate) fn into_response(self) -> Response {
        encode(self.status, &self.body())
    }
}

pub(crate) type Answer = Result<Response, Refusal>;

fn merge(into: &mut Json, more: &Json) {
    if let (Some(into), Some(more)) = (into.as_object_mut(), more.as_object()) {
        into.extend(more.clone());
    }
}

pub(crate) fn encode(status: u16, body: &Json) -> Response {
    syncline_simulator::json(status, body)
}

/// An answer without a body, as for an empty list: no content type either.
pub(crate) fn empty(status: u16) -> Response {
    let mut response = answer(status, "application/json", "");
    response.headers_mut().remove(http::header::CONTENT_TYPE);
    response
}

pub(crate) fn with_header(response: &mut Response, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(HeaderName::from_static(name), value);
    }
}

/// A stamp as the vendor writes it: whole seconds, with the organisation's offset (recorded: `+03:00`).
pub(crate) fn stamp(seconds: i64, offset_s: i32) -> String {
    let offset = Offset::from_seconds(offset_s).unwrap_or(Offset::UTC);
    Timestamp::from_second(seconds).unwrap_or_default().display_with_offset(offset).to_string()
}

/// A stamp as ISO 8601 with an offset; nothing else is understood.
pub(crate) fn moment(text: &str) -> Option<i64> {
    text.trim().parse::<Timestamp>().ok().map(Timestamp::as_second)
}

/// A body that must be a JSON object.
pub(crate) fn object(body: &[u8]) -> Result<Map<String, Json>, Refusal> {
    match serde_json::from_slice(body) {
        Ok(Json::Object(members)) => Ok(members),
        Ok(_) | Err(_) => Err(Refusal::new(400, "INVALID_DATA", "body", json!({"expected_data_type": "jsonobject"}))),
    }
}

/// A list of objects in a body, of at most so many.
pub(crate) fn rows(body: &Map<String, Json>, name: &str, max: usize) -> Result<Vec<Map<String, Json>>, Refusal> {
    let Some(rows) = body.get(name) else {
        return Err(Refusal::new(
            400,
            "MANDATORY_NOT_FOUND",
            "required field not found",
            json!({"api_name": name, "json_path": format!("$.{name}")}),
        ));
    };
    let rows = rows.as_array().filter(|rows| !rows.is_empty() && rows.iter().all(Json::is_object));
    let Some(rows) = rows else {
        return Err(Refusal::new(400, "INVALID_DATA", "invalid data", json!({"expected_data_type": "jsonarray", "api_name": name})));
    };
    if rows.len() > max {
        return Err(Refusal::new(400, "LIMIT_EXCEEDED", "maximum limit exceeded", json!({"maximum_length": max, "api_name": name})));
    }
    Ok(rows.iter().filter_map(Json::as_object).cloned().collect())
}

/// A request's query, decoded.
pub(crate) struct Query {
    pub(crate) pairs: Vec<(String, String)>,
}

impl Query {
    pub(crate) fn parse(text: &str) -> Self {
        Self { pairs: pairs(text) }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// A comma-separated list.
    pub(crate) fn list(&self, name: &str) -> Vec<&str> {
        self.get(name).into_iter().flat_map(|text| text.split(',')).map(str::trim).filter(|part| !part.is_empty()).collect()
    }

    /// A number from 1; the default where there is none.
    pub(crate) fn count(&self, name: &str, default: usize, max: usize) -> Result<usize, Refusal> {
        let Some(text) = self.get(name) else { return Ok(default) };
        match text.parse::<usize>() {
            Ok(number) if (1..=max).contains(&number) => Ok(number),
            Ok(_) | Err(_) => {
                Err(Refusal::new(400, "INVALID_DATA", "invalid data", json!({"param_name": name, "expected_data_type": "integer"})))
            }
        }
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
