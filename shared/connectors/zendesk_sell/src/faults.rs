//! An answer that is no success, as the caller's next action. Pure.
//!
//! The envelope is fact sheet §3 (recorded); a 429 and a server's error may have an empty body or a page, so the status comes first. The vendor's
//! sentences may repeat what was sent: the sent values are cut out of them here, before anything else sees them.

use http::{HeaderMap, StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value as Json;
use syncline_model::{Fault, FieldName, Problem};

/// Seconds to wait after a refusal: no header tells, and the limiter's window is short (fact sheet §4).
const RATE_WAIT_S: i64 = 5;
/// The longest wait that is believed, should a header come.
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

/// Reads an answer whose status is not 2xx. `sent`: values that must not come back in a sentence. `one`: whether one record's own address was
/// asked; only then 404 means that it is gone.
pub(crate) fn refusal(
    intent: Intent,
    one: bool,
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
    now: Timestamp,
    sent: &[String],
) -> Fault {
    let said = Said::read(body, sent);
    match status.as_u16() {
        401 => Fault::AuthExpired,
        403 if intent == Intent::Read || said.has("insufficient_scope") => Fault::AuthRefused { hint: NOT_ALLOWED.to_owned() },
        404 if is_page(body) => drift("status", "404 of the API", "404 with an HTML page; is base_url right?"),
        404 if one && !said.has("incorrect_path") => Fault::Missing,
        // A list is never gone: the account is, or all of Sell (fact sheet §0: its end is announced).
        404 | 410 => Fault::AuthRefused { hint: SOURCE_GONE.to_owned() },
        429 => Fault::RateLimited { until: retry_after(headers, now) },
        // Seen as a sign of throttling where nothing is written (fact sheet §4: told by others).
        409 if intent == Intent::Read => Fault::RateLimited { until: retry_after(headers, now) },
        409 => Fault::Conflict,
        408 | 500..=599 => match intent {
            Intent::Read => Fault::Transient { detail: format!("Zendesk Sell answered {}", status.as_u16()) },
            Intent::Write => Fault::Uncertain,
        },
        422 if said.has("already_exists") => Fault::Taken { field: said.field_of("already_exists"), holders: Vec::new() },
        400..=499 => Fault::Rejected { problems: said.problems(&format!("http_{}", status.as_u16())) },
        _ => drift("status", "an answer of the API", &format!("status {}", status.as_u16())),
    }
}

const NOT_ALLOWED: &str =
    "Zendesk Sell does not allow this: the token needs the scopes `read write profile`, and its user must be an administrator";
const SOURCE_GONE: &str =
    "Zendesk Sell no longer serves this account (it ends on 2027-08-31); what was copied stays, and nothing is deleted";

/// The announced end of Sell: 2027-08-31, in seconds of UTC (fact sheet §0). How it will answer then is not announced.
const ENDS_AT_S: i64 = 1_819_670_400;

/// From the announced day on, a refused sign-in most likely means the end, not the token.
pub(crate) fn at_the_end(fault: Fault, now: Timestamp) -> Fault {
    let ended = now.as_second() >= ENDS_AT_S && matches!(fault, Fault::AuthRefused { .. });
    if ended { Fault::AuthRefused { hint: SOURCE_GONE.to_owned() } } else { fault }
}

/// A refused sign-in.
pub(crate) fn of_token_answer(status: StatusCode, headers: &HeaderMap, body: &[u8], now: Timestamp) -> Fault {
    match status.as_u16() {
        429 => Fault::RateLimited { until: retry_after(headers, now) },
        408 | 500..=599 => Fault::Transient { detail: format!("sign-in: Zendesk Sell answered {}", status.as_u16()) },
        400..=499 => {
            let text = String::from_utf8_lossy(body);
            let hint = if text.contains("invalid_grant") {
                "the refresh token is no longer valid"
            } else {
                "Zendesk Sell does not accept the OAuth client's credentials; check client_id and client_secret"
            };
            Fault::AuthRefused { hint: hint.to_owned() }
        }
        _ => drift("status", "a token", &format!("status {}", status.as_u16())),
    }
}

/// What a body without its status says, where it is one of the vendor's refusals: for recorded answers.
pub(crate) fn of_body(body: &Json) -> Option<Fault> {
    body.get("errors").and_then(Json::as_array)?;
    let told = body.get("meta").and_then(|meta| meta.get("http_status")).and_then(Json::as_str).unwrap_or_default();
    let status = told.split(' ').next().and_then(|number| number.parse().ok()).unwrap_or(400);
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    // No time is needed: a body alone says nothing of limits.
    Some(refusal(Intent::Read, true, status, &HeaderMap::new(), body.to_string().as_bytes(), Timestamp::UNIX_EPOCH, &[]))
}

/// One thing that the vendor says.
#[derive(Debug)]
struct Entry {
    field: Option<FieldName>,
    code: String,
    words: String,
}

/// What a refusal says. Several entries are normal.
#[derive(Debug, Default)]
struct Said {
    entries: Vec<Entry>,
}

/// The field's name from a JSON pointer: `/email`, `/data/email`, `/custom_fields/Tier`.
fn field_name(pointer: &str) -> Option<FieldName> {
    let path = pointer.trim_start_matches('/');
    let path = path.strip_prefix("data/").unwrap_or(path);
    (!path.is_empty()).then(|| FieldName::new(path.replace("~1", "\u{1}").replace('/', ".").replace('\u{1}', "/")))
}

impl Said {
    fn read(body: &[u8], sent: &[String]) -> Self {
        let json: Json = serde_json::from_slice(body).unwrap_or(Json::Null);
        let entry = |item: &Json| {
            let error = item.get("error").unwrap_or(item);
            let text = |name: &str| error.get(name).and_then(Json::as_str).unwrap_or_default();
            let words = [text("details"), text("message")].into_iter().find(|words| !words.is_empty()).unwrap_or_default();
            Entry { field: field_name(text("field")), code: text("code").to_owned(), words: without_values(words, sent) }
        };
        Self { entries: json.get("errors").and_then(Json::as_array).into_iter().flatten().map(entry).collect() }
    }

    fn has(&self, code: &str) -> bool {
        self.entries.iter().any(|entry| entry.code == code)
    }

    fn field_of(&self, code: &str) -> Option<FieldName> {
        self.entries.iter().find(|entry| entry.code == code)?.field.clone()
    }

    fn problems(&self, otherwise: &str) -> Vec<Problem> {
        if self.entries.is_empty() {
            return vec![Problem { field: None, code: otherwise.to_owned(), words: "Zendesk Sell gave no reason".to_owned() }];
        }
        let problem = |entry: &Entry| Problem {
            field: entry.field.clone(),
            code: if entry.code.is_empty() { otherwise.to_owned() } else { entry.code.clone() },
            words: if entry.words.is_empty() { "Zendesk Sell gave no reason".to_owned() } else { entry.words.clone() },
        };
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

/// No such header is documented; one that came would be believed.
pub(crate) fn retry_after(headers: &HeaderMap, now: Timestamp) -> Timestamp {
    let seconds = headers.get(http::header::RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse::<i64>().ok());
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

    fn of(intent: Intent, one: bool, status: u16, body: &str) -> Fault {
        let sent = ["Ida Secret".to_owned()];
        let status = StatusCode::from_u16(status).unwrap();
        refusal(intent, one, status, &HeaderMap::new(), body.as_bytes(), NOW.parse().unwrap(), &sent)
    }

    #[test]
    fn each_status_has_its_next_action() {
        let scope = r#"{"errors":[{"error":{"code":"insufficient_scope"}}]}"#;
        let path = r#"{"errors":[{"error":{"code":"incorrect_path"}}]}"#;
        let cases = [
            (Intent::Read, false, 401, "", "auth_expired"),
            (Intent::Read, false, 403, "", "auth_refused"),
            (Intent::Write, true, 403, "{}", "rejected"),
            (Intent::Write, true, 403, scope, "auth_refused"),
            (Intent::Read, true, 404, "", "missing"),
            (Intent::Read, true, 404, path, "auth_refused"),
            (Intent::Read, false, 404, "", "auth_refused"),
            (Intent::Read, false, 404, "<html>", "drift"),
            (Intent::Read, false, 429, "", "rate_limited"),
            (Intent::Read, false, 409, "", "rate_limited"),
            (Intent::Write, true, 409, "", "conflict"),
            (Intent::Write, true, 422, r#"{"errors":[{"error":{"code":"already_exists","field":"/data/email"}}]}"#, "taken"),
            (Intent::Read, false, 500, "[]", "transient"),
            (Intent::Write, true, 502, "<html>", "uncertain"),
            (Intent::Read, false, 302, "", "drift"),
        ];
        for (intent, one, status, body, code) in cases {
            assert_eq!(of(intent, one, status, body).code(), code, "{intent:?} {one} {status} {body}");
        }
    }

    #[test]
    fn from_the_announced_day_on_a_refusal_means_the_end() {
        let refused = || Fault::AuthRefused { hint: "the token".to_owned() };
        assert_eq!(at_the_end(refused(), "2027-08-30T23:59:59Z".parse().unwrap()), refused());
        let day = "2027-08-31T00:00:00Z".parse().unwrap();
        assert_eq!(at_the_end(refused(), day), Fault::AuthRefused { hint: SOURCE_GONE.to_owned() });
        assert_eq!(at_the_end(Fault::Missing, day), Fault::Missing);
    }

    #[test]
    fn fields_are_named_and_values_are_not() {
        let body = r#"{"errors":[{"error":{"field":"/custom_fields/Tier","code":"incorrect_value","details":"'Ida Secret' is not in the list"}}]}"#;
        let Fault::Rejected { problems } = of(Intent::Write, true, 422, body) else { panic!() };
        assert_eq!(problems[0].field.as_ref().unwrap().as_str(), "custom_fields.Tier");
        assert_eq!((problems[0].code.as_str(), problems[0].words.as_str()), ("incorrect_value", "'…' is not in the list"));
    }
}
