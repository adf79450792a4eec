//! An answer that is no success, as the caller's next action. Pure.
//!
//! The shapes are fact sheet §4: `error` may be a code or an object, `details` names fields, `errors` is the newer form. The vendor's sentences may
//! repeat what was sent, so the sent values are cut out of them here, before anything else sees them.

use http::{HeaderMap, StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value as Json;
use syncline_model::{Fault, FieldName, Problem};

/// Seconds to wait after a refusal that gives no time: the limits are per minute.
const RATE_WAIT_S: i64 = 60;
/// The longest wait that is believed.
const RATE_WAIT_S_MAX: i64 = 3_600;
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

/// Reads an answer whose status is not 2xx. `sent`: values that must not come back in a sentence.
pub(crate) fn refusal(intent: Intent, status: StatusCode, headers: &HeaderMap, body: &[u8], now: Timestamp, sent: &[String]) -> Fault {
    let said = Said::read(body, sent);
    match status.as_u16() {
        // `{"error":"Couldn't authenticate you"}`, `{"error":"invalid_token",…}` (unverified): a new token is tried once.
        401 => Fault::AuthExpired,
        // A token whose scopes do not reach (fact sheet §1.1: every call answers 403), or a user who is no administrator.
        403 if intent == Intent::Read || said.is_about_scope() => Fault::AuthRefused {
            hint: "Zendesk does not allow this: the token needs the scopes `read write`, and its user must be an administrator".to_owned(),
        },
        403 => Fault::Rejected { problems: said.problems("forbidden") },
        404 => missing(body, &said),
        409 => Fault::Conflict,
        410 => Fault::Missing,
        422 if said.is_taken() => Fault::Taken { field: said.taken_field(), holders: Vec::new() },
        429 => Fault::RateLimited { until: retry_after(headers, now) },
        503 if headers.contains_key(http::header::RETRY_AFTER) => Fault::RateLimited { until: retry_after(headers, now) },
        408 | 500..=599 => match intent {
            Intent::Read => Fault::Transient { detail: format!("Zendesk answered {}", status.as_u16()) },
            Intent::Write => Fault::Uncertain,
        },
        400..=499 => Fault::Rejected { problems: said.problems(&format!("http_{}", status.as_u16())) },
        _ => drift("status", "an answer of the API", &format!("status {}", status.as_u16())),
    }
}

/// A refused sign-in: `invalid_grant`, `invalid_client`, `invalid_scope` (fact sheet §1.1).
pub(crate) fn of_token_answer(status: StatusCode, headers: &HeaderMap, body: &[u8], now: Timestamp) -> Fault {
    let said = Said::read(body, &[]);
    match status.as_u16() {
        429 => Fault::RateLimited { until: retry_after(headers, now) },
        408 | 500..=599 => Fault::Transient { detail: format!("sign-in: Zendesk answered {}", status.as_u16()) },
        400..=499 => {
            let hint = match said.code.as_str() {
                "invalid_grant" => "the refresh token is no longer valid; each can be used once, and dies after at most 90 days",
                "invalid_client" | "unauthorized_client" => "Zendesk does not know this OAuth client; check client_id and client_secret",
                "invalid_scope" => "the OAuth client may not ask for these scopes; allow `read write` in its settings",
                _ => "Zendesk does not accept the OAuth client's credentials; check them, and that the subdomain is right",
            };
            Fault::AuthRefused { hint: hint.to_owned() }
        }
        _ => drift("status", "a token", &format!("status {}", status.as_u16())),
    }
}

/// What a body without its status says, where it is one of the vendor's refusals: for recorded answers.
pub(crate) fn of_body(body: &Json) -> Option<Fault> {
    let members = body.as_object()?;
    if !(members.contains_key("error") || members.contains_key("errors")) {
        return None;
    }
    let said = Said::of(body, &[]);
    let status = match members.get("status").and_then(Json::as_u64) {
        Some(status) => u16::try_from(status).unwrap_or(500),
        None => match said.code.as_str() {
            "Forbidden" => 403,
            "RecordNotFound" | "InvalidEndpoint" => 404,
            "RecordInvalid" => 422,
            "invalid_token" | "Couldn't authenticate you" => 401,
            _ => 400,
        },
    };
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    // No time is needed: a body alone says nothing of limits.
    Some(refusal(Intent::Read, status, &HeaderMap::new(), body.to_string().as_bytes(), Timestamp::UNIX_EPOCH, &[]))
}

/// A page for browsers says that the account is not there, not that a record is gone; an unknown endpoint, that a feature is not.
fn missing(body: &[u8], said: &Said) -> Fault {
    if is_page(body) {
        return drift("status", "404 of the API", "404 with an HTML page; is the subdomain right?");
    }
    if said.code == "InvalidEndpoint" {
        return Fault::Unsupported { capability: "such endpoint in this account (its plan or settings lack the feature)".to_owned() };
    }
    Fault::Missing
}

/// One thing that the vendor says.
#[derive(Debug)]
struct Entry {
    field: Option<String>,
    code: String,
    words: String,
}

/// What a refusal says, whatever its shape.
#[derive(Debug, Default)]
struct Said {
    code: String,
    entries: Vec<Entry>,
}

impl Said {
    fn read(body: &[u8], sent: &[String]) -> Self {
        serde_json::from_slice::<Json>(body).map(|json| Self::of(&json, sent)).unwrap_or_default()
    }

    fn of(json: &Json, sent: &[String]) -> Self {
        let text = |json: Option<&Json>| json.and_then(Json::as_str).unwrap_or_default().to_owned();
        let words = |json: Option<&Json>| without_values(&text(json), sent);
        let mut said = Self::default();
        match json.get("error") {
            Some(Json::Object(error)) => {
                said.code = text(error.get("title"));
                said.entries.push(Entry { field: None, code: said.code.clone(), words: words(error.get("message")) });
            }
            Some(Json::String(code)) => code.clone_into(&mut said.code),
            Some(_) | None => {}
        }
        for (field, list) in json.get("details").and_then(Json::as_object).into_iter().flatten() {
            for entry in list.as_array().into_iter().flatten() {
                let code = text(entry.get("error"));
                said.entries.push(Entry { field: Some(field.clone()), code, words: words(entry.get("description")) });
            }
        }
        for entry in json.get("errors").and_then(Json::as_array).into_iter().flatten() {
            let code = text(entry.get("code"));
            if said.code.is_empty() {
                said.code.clone_from(&code);
            }
            let sentence = words(entry.get("detail").or_else(|| entry.get("title")).or(Some(entry)));
            said.entries.push(Entry { field: None, code, words: sentence });
        }
        if said.entries.is_empty() && !said.code.is_empty() {
            let sentence = ["description", "error_description", "message"].iter().find_map(|name| json.get(*name));
            said.entries.push(Entry { field: None, code: said.code.clone(), words: words(sentence) });
        }
        said
    }

    fn is_about_scope(&self) -> bool {
        let about = |text: &str| text.to_lowercase().contains("scope");
        about(&self.code) || self.entries.iter().any(|entry| about(&entry.words))
    }

    fn is_taken(&self) -> bool {
        self.entries.iter().any(|entry| entry.code == "DuplicateValue")
    }

    fn taken_field(&self) -> Option<FieldName> {
        let taken = self.entries.iter().find(|entry| entry.code == "DuplicateValue")?;
        taken.field.as_deref().map(FieldName::new)
    }

    fn problems(&self, otherwise: &str) -> Vec<Problem> {
        let problem = |entry: &Entry| Problem {
            field: entry.field.as_deref().map(FieldName::new),
            code: if entry.code.is_empty() { otherwise.to_owned() } else { entry.code.clone() },
            words: if entry.words.is_empty() { "Zendesk gave no reason".to_owned() } else { entry.words.clone() },
        };
        if self.entries.is_empty() {
            return vec![Problem { field: None, code: otherwise.to_owned(), words: "Zendesk gave no reason".to_owned() }];
        }
        self.entries.iter().map(problem).collect()
    }
}

/// The vendor's sentence without what was sent, and not too long.
fn without_values(words: &str, sent: &[String]) -> String {
    let mut words = words.to_owned();
    for value in sent.iter().filter(|value| value.chars().count() >= SENT_CHARACTERS_MIN) {
        words = words.replace(value.as_str(), "…");
    }
    words.chars().take(WORDS_CHARACTERS_MAX).collect()
}

/// Seconds, or a date (fact sheet §3: seconds recorded).
pub(crate) fn retry_after(headers: &HeaderMap, now: Timestamp) -> Timestamp {
    let text = headers.get(http::header::RETRY_AFTER).and_then(|value| value.to_str().ok()).map(str::trim);
    let seconds = match text {
        Some(text) => text.parse::<i64>().ok().or_else(|| http_date(text).map(|at| at.as_second() - now.as_second())),
        None => None,
    };
    plus(now, seconds.unwrap_or(RATE_WAIT_S).clamp(1, RATE_WAIT_S_MAX))
}

/// The `Date` of an answer's head.
pub(crate) fn http_date(text: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::parse(text).ok().map(|zoned| zoned.timestamp())
}

pub(crate) fn plus(at: Timestamp, seconds: i64) -> Timestamp {
    at.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(at)
}

pub(crate) fn drift(path: &str, expected: &str, found: &str) -> Fault {
    Fault::Drift { path: path.to_owned(), expected: expected.to_owned(), found: found.to_owned() }
}

/// Whether a body is a page for a browser.
pub(crate) fn is_page(body: &[u8]) -> bool {
    body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'<')
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = "2026-11-22T10:00:00Z";

    fn of(intent: Intent, status: u16, body: &str) -> Fault {
        let sent = ["Ida Secret".to_owned()];
        refusal(intent, StatusCode::from_u16(status).unwrap(), &HeaderMap::new(), body.as_bytes(), NOW.parse().unwrap(), &sent)
    }

    #[test]
    fn each_status_has_its_next_action() {
        let cases = [
            (Intent::Read, 401, r#"{"error":"invalid_token"}"#, "auth_expired"),
            (Intent::Read, 403, r#"{"error":{"title":"Forbidden","message":"no"}}"#, "auth_refused"),
            (Intent::Write, 403, r#"{"error":{"title":"Forbidden","message":"no"}}"#, "rejected"),
            (Intent::Write, 403, r#"{"error":"Forbidden","description":"missing the following scopes: write"}"#, "auth_refused"),
            (Intent::Read, 404, r#"{"error":"RecordNotFound","description":"Not found"}"#, "missing"),
            (Intent::Read, 404, "<html>no account</html>", "drift"),
            (Intent::Read, 404, r#"{"error":"InvalidEndpoint","description":"Not found"}"#, "unsupported"),
            (Intent::Write, 409, "{}", "conflict"),
            (Intent::Write, 413, "{}", "rejected"),
            (Intent::Read, 429, "", "rate_limited"),
            (Intent::Read, 500, "[]", "transient"),
            (Intent::Write, 502, "<html>", "uncertain"),
            (Intent::Read, 302, "", "drift"),
        ];
        for (intent, status, body, code) in cases {
            assert_eq!(of(intent, status, body).code(), code, "{intent:?} {status} {body}");
        }
    }

    #[test]
    fn fields_are_named_and_values_are_not() {
        let body = r#"{"error":"RecordInvalid","description":"Record validation errors",
            "details":{"alias":[{"description":"Alias: Ida Secret is too long","error":"InvalidValue"}]}}"#;
        let Fault::Rejected { problems } = of(Intent::Write, 422, body) else { panic!() };
        assert_eq!(problems[0].field.as_ref().unwrap().as_str(), "alias");
        assert_eq!((problems[0].code.as_str(), problems[0].words.as_str()), ("InvalidValue", "Alias: … is too long"));
        let taken = r#"{"error":"RecordInvalid","details":{"email":[{"description":"taken","error":"DuplicateValue"}]}}"#;
        assert_eq!(of(Intent::Write, 422, taken), Fault::Taken { field: Some("email".into()), holders: Vec::new() });
    }

    #[test]
    fn the_wait_is_the_vendors_where_it_says_one() {
        let until = |value: Option<&str>| {
            let mut headers = HeaderMap::new();
            if let Some(value) = value {
                headers.insert("retry-after", value.parse().unwrap());
            }
            retry_after(&headers, NOW.parse().unwrap()).to_string()
        };
        assert_eq!(until(Some("17")), "2026-11-22T10:00:17Z");
        assert_eq!(until(Some("Sun, 22 Nov 2026 10:00:30 GMT")), "2026-11-22T10:00:30Z");
        assert_eq!(until(Some("-5")), "2026-11-22T10:00:01Z");
        assert_eq!(until(Some("soon")), "2026-11-22T10:01:00Z");
        assert_eq!(until(None), "2026-11-22T10:01:00Z");
    }
}
