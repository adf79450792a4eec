//! An answer that is no success, and one row of an answer that is none, as the caller's next action. Pure.
//!
//! The table is fact sheet §9: the same codes come for a whole request and for one of its rows. The vendor's sentences may repeat what was sent, so
//! the sent values are cut out of them here, before anything else sees them.

use http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value as Json;
use syncline_model::{Fault, FieldName, Problem};

/// Seconds to wait after a refusal for calls at the same time, and for calls of a minute: no answer gives a time (fact sheet §8).
const CONCURRENCY_WAIT_S: i64 = 10;
const RATE_WAIT_S: i64 = 60;
/// Seconds to wait where the day's credits are spent: each comes back a day after its use.
const CREDITS_WAIT_S: i64 = 1_800;
/// After too many tokens no more are made for the rest of ten minutes (fact sheet §1: documented).
const TOKEN_WAIT_S: i64 = 600;
/// Characters of a vendor's sentence that are kept.
const WORDS_CHARACTERS_MAX: usize = 300;
/// Shorter values are parts of too many words to be cut out.
const SENT_CHARACTERS_MIN: usize = 3;

/// Whether the question changes anything: then an answer that says nothing leaves it open whether it did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Intent {
    Read,
    Write,
}

/// What a refusal says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) code: String,
    words: String,
    /// The field concerned.
    pub(crate) field: Option<String>,
    /// What was expected there: a data type, a greatest length.
    expected: Option<String>,
}

impl Said {
    /// A refusal, with several inside it unwrapped to the first (fact sheet §9: a newer wrapper).
    pub(crate) fn of(json: &Json, sent: &[String]) -> Self {
        let details = json.get("details");
        if let Some(first) = details.and_then(|details| details.get("errors")).and_then(|errors| errors.get(0)) {
            return Self::of(first, sent);
        }
        let text = |json: Option<&Json>| json.and_then(Json::as_str).unwrap_or_default().to_owned();
        let detail = |name: &str| details.and_then(|details| details.get(name));
        let expected = detail("expected_data_type")
            .and_then(Json::as_str)
            .map(|kind| format!("a value of the type {kind}"))
            .or_else(|| detail("maximum_length").and_then(Json::as_u64).map(|length| format!("at most {length} characters")));
        Self {
            code: text(json.get("code").or_else(|| json.get("error"))),
            words: without_values(&text(json.get("message").or_else(|| json.get("error_description"))), sent),
            field: detail("api_name").or_else(|| detail("param_name")).and_then(Json::as_str).map(str::to_owned),
            expected,
        }
    }

    pub(crate) fn read(body: &[u8], sent: &[String]) -> Self {
        serde_json::from_slice::<Json>(body).map(|json| Self::of(&json, sent)).unwrap_or_default()
    }

    fn problem(&self, otherwise: &str) -> Problem {
        let words = if self.words.is_empty() { "Zoho gave no reason".to_owned() } else { self.words.clone() };
        Problem {
            field: self.field.as_deref().map(FieldName::new),
            code: if self.code.is_empty() { otherwise.to_owned() } else { self.code.clone() },
            words: self.expected.as_ref().map_or(words.clone(), |expected| format!("{words}; expected is {expected}")),
        }
    }

    fn rejected(&self, otherwise: &str) -> Fault {
        Fault::Rejected { problems: vec![self.problem(otherwise)] }
    }
}

/// Reads an answer whose status is not 2xx.
pub(crate) fn refusal(intent: Intent, status: StatusCode, body: &[u8], now: Timestamp, sent: &[String]) -> Fault {
    let said = Said::read(body, sent);
    match (status.as_u16(), said.code.as_str()) {
        (_, "OAUTH_SCOPE_MISMATCH") => Fault::AuthRefused {
            hint: "the token lacks a scope that this needs; sign in again and allow all that Syncline asks for".to_owned(),
        },
        // A token of another data centre looks the same as one that has ended (fact sheet §1).
        (401, _) => Fault::AuthExpired,
        (403, _) | (400, "NO_PERMISSION" | "AUTHORIZATION_FAILED") => match intent {
            Intent::Read => Fault::AuthRefused {
                hint: "Zoho does not allow our user this; give its profile the right to see and change leads, contacts and accounts"
                    .to_owned(),
            },
            Intent::Write => said.rejected("forbidden"),
        },
        (_, "INVALID_MODULE") => Fault::Unsupported { capability: "such module in this account".to_owned() },
        (404, _) if is_page(body) || said.code == "INVALID_URL_PATTERN" => {
            drift("status", "an answer of the API", "404; is the data centre right?")
        }
        (404, _) => Fault::Missing,
        (409 | 412, _) => Fault::Conflict,
        (429, _) => Fault::RateLimited { until: until(&said, now) },
        (408 | 500..=599, _) => silent(intent, status),
        (400..=499, _) => said.rejected(&format!("http_{}", status.as_u16())),
        _ => drift("status", "an answer of the API", &format!("status {}", status.as_u16())),
    }
}

/// A server's trouble. It may come after a write was stored, so a write is looked up before it is repeated.
fn silent(intent: Intent, status: StatusCode) -> Fault {
    match intent {
        Intent::Read => Fault::Transient { detail: format!("Zoho answered {}", status.as_u16()) },
        Intent::Write => Fault::Uncertain,
    }
}

/// When to ask again: which limit it was, only the sentence tells (fact sheet §8).
fn until(said: &Said, now: Timestamp) -> Timestamp {
    let words = said.words.to_lowercase();
    let seconds = if words.contains("credit") || words.contains("24") || words.contains("day") {
        CREDITS_WAIT_S
    } else if words.contains("concurren") || words.contains("simultaneous") {
        CONCURRENCY_WAIT_S
    } else {
        RATE_WAIT_S
    };
    plus(now, seconds)
}

/// When to ask again after an answer 429; `None` for any other.
pub(crate) fn refused_until(answer: &http::Response<bytes::Bytes>, now: Timestamp) -> Option<Timestamp> {
    (answer.status() == StatusCode::TOO_MANY_REQUESTS).then(|| until(&Said::read(answer.body(), &[]), now))
}

/// One row that was refused.
pub(crate) fn of_row(row: &Json, now: Timestamp, sent: &[String]) -> Fault {
    let said = Said::of(row, sent);
    match said.code.as_str() {
        "ALREADY_MODIFIED" => Fault::Conflict,
        "TOO_MANY_REQUESTS" | "RATE_LIMIT_EXCEEDED" => Fault::RateLimited { until: until(&said, now) },
        "INTERNAL_ERROR" | "" => Fault::Uncertain,
        "INVALID_TOKEN" | "AUTHENTICATION_FAILURE" => Fault::AuthExpired,
        // "the id given seems to be invalid"
        "INVALID_DATA" if said.field.as_deref() == Some("id") => Fault::Missing,
        // Rejected: MANDATORY_NOT_FOUND, INVALID_DATA, DEPENDENT_FIELD_MISSING, RECORD_LOCKED, NOT_APPROVED, RECORD_IN_BLUEPRINT, …: all wait for a person.
        _ => said.rejected("unknown"),
    }
}

/// A refused sign-in; most come with 200 (fact sheet §1).
pub(crate) fn of_token_answer(status: StatusCode, body: &[u8], now: Timestamp) -> Fault {
    let said = Said::read(body, &[]);
    let throttled = said.code == "Access Denied" || said.words.contains("too many requests");
    match status.as_u16() {
        _ if throttled => Fault::RateLimited { until: plus(now, TOKEN_WAIT_S) },
        429 => Fault::RateLimited { until: plus(now, TOKEN_WAIT_S) },
        408 | 500..=599 => Fault::Transient { detail: format!("sign-in: Zoho answered {}", status.as_u16()) },
        200..=499 if !said.code.is_empty() || status.is_client_error() => {
            let hint = match said.code.as_str() {
                "invalid_code" | "invalid_grant" => {
                    "the refresh token is not valid (any more), or belongs to another data centre; sign in again"
                }
                "invalid_client" => "Zoho does not know this OAuth client in this data centre; check client_id and data_center",
                "invalid_client_secret" => "the OAuth client's secret is wrong",
                _ => "Zoho does not accept the OAuth client's credentials; check them and data_center",
            };
            Fault::AuthRefused { hint: hint.to_owned() }
        }
        _ => drift("access_token", "a text", "something else"),
    }
}

/// What a body without its status says, where it is one of the vendor's refusals: for recorded answers.
pub(crate) fn of_body(body: &Json) -> Option<Fault> {
    let members = body.as_object()?;
    let code = members.get("code").and_then(Json::as_str)?;
    if members.get("status").and_then(Json::as_str) != Some("error") {
        return None;
    }
    let status = match code {
        "INVALID_TOKEN" | "AUTHENTICATION_FAILURE" => 401,
        "NO_PERMISSION" => 403,
        "TOO_MANY_REQUESTS" => 429,
        "INTERNAL_ERROR" => 500,
        _ => 400,
    };
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    // No time is needed: a body alone says nothing of when.
    Some(refusal(Intent::Read, status, body.to_string().as_bytes(), Timestamp::UNIX_EPOCH, &[]))
}

/// Whether a fault is the vendor's refusal with one of these codes.
pub(crate) fn has_code(fault: &Fault, codes: &[&str]) -> bool {
    match fault {
        Fault::Rejected { problems } => problems.iter().any(|problem| codes.contains(&problem.code.as_str())),
        Fault::Transient { .. }
        | Fault::RateLimited { .. }
        | Fault::AuthExpired
        | Fault::AuthRefused { .. }
        | Fault::Taken { .. }
        | Fault::Conflict
        | Fault::Missing
        | Fault::Uncertain
        | Fault::Unsupported { .. }
        | Fault::Drift { .. } => false,
    }
}

/// A record that a person must look at, in our words.
pub(crate) fn refused(field: Option<&str>, code: &str, words: impl Into<String>) -> Fault {
    Fault::Rejected { problems: vec![Problem { field: field.map(FieldName::new), code: code.to_owned(), words: words.into() }] }
}

/// The vendor's sentence without what was sent, without addresses, and not too long.
fn without_values(words: &str, sent: &[String]) -> String {
    let mut words = words.to_owned();
    for value in sent.iter().filter(|value| value.chars().count() >= SENT_CHARACTERS_MIN) {
        words = words.replace(value.as_str(), "…");
    }
    let kept: Vec<&str> = words.split(' ').map(|word| if word.contains('@') { "…" } else { word }).collect();
    kept.join(" ").chars().take(WORDS_CHARACTERS_MAX).collect()
}

pub(crate) fn plus(at: Timestamp, seconds: i64) -> Timestamp {
    at.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(at)
}

pub(crate) fn drift(path: &str, expected: &str, found: &str) -> Fault {
    Fault::Drift { path: path.to_owned(), expected: expected.to_owned(), found: found.to_owned() }
}

pub(crate) fn unsupported(capability: impl Into<String>) -> Fault {
    Fault::Unsupported { capability: capability.into() }
}

/// Whether a body is a page for a browser.
pub(crate) fn is_page(body: &[u8]) -> bool {
    body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'<')
}

/// The moment in an HTTP date.
pub(crate) fn http_date(text: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::parse(text).ok().map(|zoned| zoned.timestamp())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: &str = "2026-11-22T10:00:00Z";

    fn now() -> Timestamp {
        NOW.parse().unwrap()
    }

    fn of(intent: Intent, status: u16, body: &str) -> Fault {
        refusal(intent, StatusCode::from_u16(status).unwrap(), body.as_bytes(), now(), &["Ida Secret".to_owned()])
    }

    #[test]
    fn each_refusal_has_its_next_action() {
        let said = |code: &str| format!(r#"{{"code":"{code}","details":{{}},"message":"m","status":"error"}}"#);
        let cases = [
            (Intent::Read, 401, said("INVALID_TOKEN"), "auth_expired"),
            (Intent::Read, 401, said("OAUTH_SCOPE_MISMATCH"), "auth_refused"),
            (Intent::Read, 403, said("NO_PERMISSION"), "auth_refused"),
            (Intent::Write, 403, said("NO_PERMISSION"), "rejected"),
            (Intent::Read, 400, said("INVALID_MODULE"), "unsupported"),
            (Intent::Read, 400, said("REQUIRED_PARAM_MISSING"), "rejected"),
            (Intent::Read, 404, said("INVALID_URL_PATTERN"), "drift"),
            (Intent::Write, 412, said("ALREADY_MODIFIED"), "conflict"),
            (Intent::Read, 429, said("TOO_MANY_REQUESTS"), "rate_limited"),
            (Intent::Read, 500, said("INTERNAL_ERROR"), "transient"),
            (Intent::Write, 502, "<html>".to_owned(), "uncertain"),
            (Intent::Read, 302, String::new(), "drift"),
        ];
        for (intent, status, body, code) in cases {
            assert_eq!(of(intent, status, &body).code(), code, "{intent:?} {status} {body}");
        }
    }

    #[test]
    fn a_row_names_its_field_and_no_value() {
        let row = json!({
            "code": "INVALID_DATA", "status": "error", "message": "invalid data: Ida Secret of ida@acme.example",
            "details": {"api_name": "Phone", "expected_data_type": "phone", "json_path": "$.data[0].Phone"}
        });
        let Fault::Rejected { problems } = of_row(&row, now(), &["Ida Secret".to_owned()]) else { panic!() };
        assert_eq!((problems[0].field.as_ref().unwrap().as_str(), problems[0].code.as_str()), ("Phone", "INVALID_DATA"));
        assert_eq!(problems[0].words, "invalid data: … of …; expected is a value of the type phone");
        let gone = json!({"code": "INVALID_DATA", "details": {"api_name": "id"}, "message": "the id given seems to be invalid"});
        assert_eq!(of_row(&gone, now(), &[]), Fault::Missing);
        let wrapped = json!({"code": "MULTIPLE_OR_MULTI_ERRORS", "details": {"errors": [{"code": "MANDATORY_NOT_FOUND", "details": {"api_name": "Company"}}]}});
        assert!(has_code(&of_row(&wrapped, now(), &[]), &["MANDATORY_NOT_FOUND"]));
    }

    #[test]
    fn which_limit_it_was_only_the_sentence_tells() {
        let wait = |words: &str| {
            let fault = of(Intent::Read, 429, &json!({"code": "TOO_MANY_REQUESTS", "message": words}).to_string());
            let Fault::RateLimited { until } = fault else { panic!() };
            until.as_second() - now().as_second()
        };
        assert_eq!(wait("You have reached the concurrency limit"), 10);
        assert_eq!(wait("You have used all credits of the last 24 hours"), 1_800);
        assert_eq!(wait("too many"), 60);
    }

    #[test]
    fn a_sign_in_is_refused_with_any_status() {
        let token = |status: u16, body: &str| of_token_answer(StatusCode::from_u16(status).unwrap(), body.as_bytes(), now());
        assert_eq!(token(200, r#"{"error":"invalid_code"}"#).code(), "auth_refused");
        let throttled = token(400, r#"{"error":"Access Denied","error_description":"You have made too many requests continuously."}"#);
        assert_eq!(throttled, Fault::RateLimited { until: "2026-11-22T10:10:00Z".parse().unwrap() });
        assert_eq!(token(500, "").code(), "transient");
        assert_eq!(token(200, "{}").code(), "drift");
    }
}
