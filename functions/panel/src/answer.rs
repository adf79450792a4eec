//! Answers with the headers that keep a panel where it belongs.

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderName, HeaderValue, Response, StatusCode};
use serde_json::json;

pub(crate) type Answer = Response<Bytes>;

/// Whether the browser may keep the answer for a minute: reopening a ticket then asks nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keep {
    AMinute,
    Not,
}

fn answer(status: StatusCode, content_type: &'static str, body: String, keep: Keep) -> Answer {
    let mut answer = Response::new(Bytes::from(body));
    *answer.status_mut() = status;
    let cache = match keep {
        Keep::AMinute => "private, max-age=60",
        Keep::Not => "no-store",
    };
    for (name, value) in [
        (CONTENT_TYPE, content_type),
        (CACHE_CONTROL, cache),
        (VARY, "Accept"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("x-robots-tag"), "noindex"),
    ] {
        answer.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    answer
}

/// A page with its policy. A policy that is no header value (a mistake in the configured list) is replaced by one that allows no frame.
pub(crate) fn html(status: StatusCode, body: String, keep: Keep, policy: &str) -> Answer {
    let mut answer = answer(status, "text/html; charset=utf-8", body, keep);
    let strict = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
    answer.headers_mut().insert(CONTENT_SECURITY_POLICY, HeaderValue::from_str(policy).unwrap_or(strict));
    answer
}

pub(crate) fn json_kept(status: StatusCode, body: &serde_json::Value, keep: Keep) -> Answer {
    let mut answer = answer(status, "application/json; charset=utf-8", body.to_string(), keep);
    answer.headers_mut().insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"));
    answer
}

pub(crate) fn json(status: StatusCode, body: &serde_json::Value) -> Answer {
    json_kept(status, body, Keep::Not)
}

/// A refusal that a program reads.
pub(crate) fn problem(status: StatusCode, state: &str, message: &str) -> Answer {
    json(status, &json!({ "state": state, "message": message }))
}
