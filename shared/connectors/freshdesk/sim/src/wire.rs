//! What goes over the wire besides records: query strings, paging, refusals in the vendor's two error shapes, stamps.

use bytes::Bytes;
use http::header::{ALLOW, HeaderName, HeaderValue};
use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde::Serialize;
use serde_json::{Value, json};
use syncline_simulator::{Response, answer};

/// The default and the largest number of rows on a page (fact sheet §3.1: documented).
const PAGE_ROWS: i64 = 30;
const PAGE_ROWS_MAX: i64 = 100;

/// What a link header leaves unescaped in a query value.
const QUERY_VALUE: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The vendor's words for the wrong kind of thing in a request (fact sheet §8: texts unverified, codes documented).
pub(crate) const UNEXPECTED: &str = "Unexpected/invalid field in request";

/// One entry of `errors[]`.
#[derive(Debug)]
pub(crate) struct Problem {
    pub(crate) field: String,
    pub(crate) message: String,
    pub(crate) code: &'static str,
    /// Who holds the value already, where the vendor tells (fact sheet §4: from two clients).
    pub(crate) holder: Option<i64>,
}

impl Problem {
    pub(crate) fn new(field: impl Into<String>, code: &'static str, message: impl Into<String>) -> Self {
        Self { field: field.into(), message: message.into(), code, holder: None }
    }

    pub(crate) fn unexpected(field: impl Into<String>) -> Self {
        Self::new(field, "invalid_field", UNEXPECTED)
    }

    pub(crate) fn duplicate(field: impl Into<String>, holder: Option<i64>) -> Self {
        Self { holder, ..Self::new(field, "duplicate_value", "It should be a unique value") }
    }

    /// A value outside a closed list; the message names the list (fact sheet §2.2).
    pub(crate) fn not_a_choice(field: impl Into<String>, choices: &[&str]) -> Self {
        Self::new(field, "invalid_value", format!("It should be one of these values: '{}'", choices.join(",")))
    }
}

/// Every way in which the vendor says no, but 429, which needs the meter.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// 400, long shape.
    Invalid(Vec<Problem>),
    /// 409, long shape.
    Duplicate(Vec<Problem>),
    /// 400, short shape.
    BrokenJson,
    /// 401, short shape.
    Unknown,
    /// 403, short shape.
    Denied,
    /// 403, long shape.
    Suspended,
    /// 404 with an empty body.
    Missing,
    /// 405: the verb is wrong, or the contact is deleted or blocked. Holds what is allowed.
    NotAllowed(&'static str),
    /// 406: the caller accepts no JSON.
    NotAcceptable,
    /// 415: the body is not JSON.
    Unsupported,
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self::Invalid(vec![problem])
    }
}

impl Refusal {
    pub(crate) fn into_response(self, method: &http::Method) -> Response {
        match self {
            Self::Invalid(problems) => long(400, &problems),
            Self::Duplicate(problems) => long(409, &problems),
            Self::BrokenJson => short(400, "invalid_json", "Request body has invalid json format"),
            Self::Unknown => short(401, "invalid_credentials", "You have to be logged in to perform this action."),
            Self::Denied => short(403, "access_denied", "You are not authorized to perform this action."),
            Self::Suspended => encode(
                403,
                &json!({"description": "Access denied", "errors": [{"message": "Account has been suspended.", "code": "account_suspended"}]}),
            ),
            Self::Missing => answer(404, "application/json; charset=utf-8", ""),
            Self::NotAllowed(allowed) => {
                let message = format!("{method} method is not allowed. It should be one of these method(s): {allowed}");
                with_header(encode(405, &json!({ "message": message })), ALLOW, allowed)
            }
            Self::NotAcceptable => short(406, "invalid_accept_header", "Accept header should be application/json or */*"),
            Self::Unsupported => short(415, "invalid_content_type", "Content-Type header should be application/json"),
        }
    }
}

fn short(status: u16, code: &str, message: &str) -> Response {
    encode(status, &json!({"code": code, "message": message}))
}

fn long(status: u16, problems: &[Problem]) -> Response {
    let errors: Vec<Value> = problems
        .iter()
        .map(|problem| {
            let mut entry = json!({"field": problem.field, "message": problem.message, "code": problem.code});
            if let (Some(holder), Some(entry)) = (problem.holder, entry.as_object_mut()) {
                entry.insert("additional_info".to_owned(), json!({ "user_id": holder }));
            }
            entry
        })
        .collect();
    encode(status, &json!({"description": "Validation failed", "errors": errors}))
}

/// A JSON answer straight from whatever can be serialized, without a tree of values between.
pub(crate) fn encode(status: u16, body: &impl Serialize) -> Response {
    answer(status, "application/json; charset=utf-8", serde_json::to_vec(body).unwrap_or_default())
}

/// 204, as deletes and restores answer.
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

/// A stamp as the vendor writes it: UTC, whole seconds.
pub(crate) fn stamp(seconds: i64) -> String {
    Timestamp::from_second(seconds).unwrap_or_default().to_string()
}

/// A request's query, decoded. A parameter given twice counts as its last value.
pub(crate) struct Query {
    pairs: Vec<(String, String)>,
}

impl Query {
    pub(crate) fn parse(text: Option<&str>) -> Self {
        let decode = |part: &str| percent_decode_str(&part.replace('+', " ")).decode_utf8_lossy().into_owned();
        let pairs = text.unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
        let pairs = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, ""))).map(|(name, value)| (decode(name), decode(value)));
        Self { pairs: pairs.collect() }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.pairs.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Refuses every parameter that is not in the list (fact sheet §3.1: unknown parameters give 400 `invalid_field`).
    pub(crate) fn only(&self, known: &[&str]) -> Result<(), Refusal> {
        let unknown: Vec<Problem> =
            self.pairs.iter().filter(|(name, _)| !known.contains(&name.as_str())).map(|(name, _)| Problem::unexpected(name)).collect();
        if unknown.is_empty() { Ok(()) } else { Err(Refusal::Invalid(unknown)) }
    }

    pub(crate) fn integer(&self, name: &str) -> Result<Option<i64>, Refusal> {
        let Some(text) = self.get(name) else { return Ok(None) };
        match text.parse() {
            Ok(number) => Ok(Some(number)),
            Err(_) => Err(Problem::new(name, "datatype_mismatch", "It should be a/an Positive Integer").into()),
        }
    }

    pub(crate) fn one_of(&self, name: &str, choices: &[&str]) -> Result<Option<&str>, Refusal> {
        match self.get(name) {
            Some(value) if !choices.contains(&value) => Err(Problem::not_a_choice(name, choices).into()),
            found => Ok(found),
        }
    }

    /// A moment, in seconds since the epoch: ISO 8601 date and time with an offset, or a date.
    pub(crate) fn moment(&self, name: &str) -> Result<Option<i64>, Refusal> {
        let Some(text) = self.get(name) else { return Ok(None) };
        let moment = text.parse::<Timestamp>().ok().or_else(|| format!("{text}T00:00:00Z").parse().ok());
        match moment {
            Some(moment) => Ok(Some(moment.as_second())),
            None => Err(Problem::new(name, "invalid_value", "It should be in the 'combined date and time ISO8601' format").into()),
        }
    }

    /// `page` and `per_page`, checked; pages above `page_max` are refused where there is one.
    pub(crate) fn paging(&self, page_max: Option<i64>) -> Result<Paging, Refusal> {
        let page = self.integer("page")?.unwrap_or(1);
        let rows = self.integer("per_page")?.unwrap_or(PAGE_ROWS);
        if page < 1 {
            return Err(Problem::new("page", "invalid_value", "It should be a Positive Integer").into());
        }
        if let Some(most) = page_max.filter(|most| page > *most) {
            return Err(
                Problem::new("page", "invalid_value", format!("It should be a Positive Integer less than or equal to {most}")).into()
            );
        }
        if !(1..=PAGE_ROWS_MAX).contains(&rows) {
            let message = format!("It should be a Positive Integer less than or equal to {PAGE_ROWS_MAX}");
            return Err(Problem::new("per_page", "invalid_value", message).into());
        }
        Ok(Paging { page: usize::try_from(page).unwrap_or(1), rows: usize::try_from(rows).unwrap_or(1) })
    }

    /// The query of the page after this one, as a link header carries it.
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
    pub(crate) page: usize,
    pub(crate) rows: usize,
}

impl Paging {
    pub(crate) fn skipped(self) -> usize {
        (self.page - 1).saturating_mul(self.rows)
    }

    /// The link header, if there is more. With and without a blank after the semicolon, by turns: both were seen (fact sheet §3.1).
    pub(crate) fn link(self, response: Response, more: bool, address: &str, query: &Query) -> Response {
        if !more {
            return response;
        }
        let blank = if self.page % 2 == 1 { " " } else { "" };
        let link = format!("<{address}?{}>;{blank}rel=\"next\"", query.of_page(self.page + 1));
        with_header(response, http::header::LINK, &link)
    }
}
