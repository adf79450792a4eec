//! What goes over the wire besides users: query strings, pages with their `meta`, refusals, stamps.

use bytes::Bytes;
use http::header::{HeaderName, HeaderValue};
use jiff::Timestamp;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};
use syncline_simulator::{Response, json as answer_json};

/// The default and the largest number of rows on a page (fact sheet §5).
const PAGE_ROWS: i64 = 20;
const PAGE_ROWS_MAX: i64 = 50;

/// Every way in which the vendor says no. The bodies' shape is the older reference's (fact sheet §11: unverified).
#[derive(Debug)]
pub(crate) enum Refusal {
    /// 400, with the vendor's words.
    Invalid(String),
    /// 401 or 403, as the profile says.
    Unknown,
    /// 403: the key is good and may not do this.
    Denied,
    /// 404.
    Missing,
    /// 405.
    NotAllowed,
    /// 410: an endpoint of the first version that has ended.
    Gone,
    /// 422: not in this state.
    Unprocessable(String),
    /// 429.
    TooMany,
}

impl Refusal {
    pub(crate) fn invalid(words: &str) -> Self {
        Self::Invalid(words.to_owned())
    }

    pub(crate) fn into_response(self, refused_status: u16) -> Response {
        let (status, error, troubleshoot) = match self {
            Self::Invalid(words) => (400, "Bad Request", words),
            Self::Unknown if refused_status == 401 => (401, "Unauthorized", "Check if the API key is valid".to_owned()),
            Self::Unknown => (refused_status, "Forbidden", "Check if the API key is valid".to_owned()),
            Self::Denied => (403, "Forbidden", "The application is not allowed to do this".to_owned()),
            Self::Missing => (404, "Not Found", "Check the ID of the resource".to_owned()),
            Self::NotAllowed => (405, "Method Not Allowed", "Check the HTTP method".to_owned()),
            Self::Gone => (410, "Gone", "This endpoint ended on 2026-09-30, use /v2/users".to_owned()),
            Self::Unprocessable(words) => (422, "Unprocessable Entity", words),
            Self::TooMany => (429, "Too Many Requests", "Wait until the time of X-AircallApi-Reset".to_owned()),
        };
        answer_json(status, &json!({"error": error, "troubleshoot": troubleshoot}))
    }
}

/// 204.
pub(crate) fn no_content() -> Response {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = http::StatusCode::NO_CONTENT;
    response
}

pub(crate) fn with_header(mut response: Response, name: HeaderName, value: &str) -> Response {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
    response
}

/// A stamp as users carry it: UTC, with three digits that are always zero (recorded).
pub(crate) fn stamp(seconds: i64) -> String {
    let at = Timestamp::from_second(seconds).unwrap_or_default();
    format!("{at:.3}")
}

/// A request's body as an object; none is an empty one.
pub(crate) fn object(body: &[u8]) -> Result<Map<String, Value>, Refusal> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Map::new());
    }
    match serde_json::from_slice(body) {
        Ok(Value::Object(members)) => Ok(members),
        Ok(_) | Err(_) => Err(Refusal::invalid("The body is no JSON object")),
    }
}

/// A request's query, decoded. A parameter given twice counts as its last value.
pub(crate) struct Query {
    pairs: Vec<(String, String)>,
}

impl Query {
    pub(crate) fn parse(text: Option<&str>) -> Self {
        let decoded = |part: &str| percent_decode_str(&part.replace('+', " ")).decode_utf8_lossy().into_owned();
        let pair = |part: &str| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            (decoded(name), decoded(value))
        };
        Self { pairs: text.unwrap_or_default().split('&').filter(|part| !part.is_empty()).map(pair).collect() }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.pairs.iter().rev().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    fn number(&self, name: &str) -> Result<Option<i64>, Refusal> {
        let read = |text: &str| text.parse().map_err(|_| Refusal::Invalid(format!("{name} is no number")));
        self.get(name).filter(|text| !text.is_empty()).map(read).transpose()
    }

    pub(crate) fn paging(&self) -> Result<Paging, Refusal> {
        let page = self.number("page")?.unwrap_or(1);
        let rows = self.number("per_page")?.unwrap_or(PAGE_ROWS);
        if page < 1 || !(1..=PAGE_ROWS_MAX).contains(&rows) {
            return Err(Refusal::invalid("page starts at 1, per_page is from 1 to 50"));
        }
        let descending = match self.get("order") {
            None | Some("" | "asc") => false,
            Some("desc") => true,
            Some(_) => return Err(Refusal::invalid("order is asc or desc")),
        };
        Ok(Paging { page, rows, descending, from: self.number("from")?, to: self.number("to")? })
    }
}

/// Which rows of a list are asked for.
pub(crate) struct Paging {
    page: i64,
    rows: i64,
    descending: bool,
    from: Option<i64>,
    to: Option<i64>,
}

impl Paging {
    /// Whether a row created then is asked for.
    pub(crate) fn covers(&self, created_at: i64) -> bool {
        self.from.is_none_or(|from| created_at >= from) && self.to.is_none_or(|to| created_at <= to)
    }

    /// One page of these rows, which ascend. Pages are counted from the front: whoever is deleted there pulls the others up.
    pub(crate) fn answer(&self, name: &str, mut rows: Vec<Value>, links: Option<&str>) -> Response {
        if self.descending {
            rows.reverse();
        }
        let total = rows.len();
        let width = usize::try_from(self.rows).unwrap_or(usize::MAX);
        let skipped = usize::try_from(self.page - 1).unwrap_or(usize::MAX).saturating_mul(width);
        let page: Vec<Value> = rows.into_iter().skip(skipped).take(width).collect();
        let mut meta = json!({"count": page.len(), "total": total, "current_page": self.page, "per_page": self.rows});
        if let (Some(address), Some(meta)) = (links, meta.as_object_mut()) {
            let link = |page: i64| {
                let order = if self.descending { "desc" } else { "asc" };
                json!(format!("{address}?order={order}&page={page}&per_page={}", self.rows))
            };
            let more = skipped.saturating_add(width) < total;
            meta.insert("next_page_link".to_owned(), if more { link(self.page + 1) } else { Value::Null });
            meta.insert("previous_page_link".to_owned(), if self.page > 1 { link(self.page - 1) } else { Value::Null });
        }
        let mut body = Map::new();
        body.insert(name.to_owned(), Value::Array(page));
        body.insert("meta".to_owned(), meta);
        answer_json(200, &Value::Object(body))
    }
}
