//! An answer as a body that can be used, or as the caller's next action. Pure.
//!
//! Success is status 200 and `success: true`, both: refusals come with 200 too, as human sentences in English or Polish without a code (fact
//! sheet §2). The vendor's sentences may repeat what was sent: the sent values are cut out before anything else sees them.

use http::{HeaderMap, StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value as Json;
use syncline_model::{Fault, Problem};

use crate::calls::Ask;
use crate::wire::drift;

/// Seconds to wait after a refusal that gives no time: no limit is published (fact sheet §8).
const RATE_WAIT_S: i64 = 60;
const RATE_WAIT_S_MAX: i64 = 3_600;
/// Characters of a vendor's sentence that are kept.
const WORDS_CHARACTERS_MAX: usize = 300;

/// The body of a success, or what is to be done about anything else.
pub(crate) fn judge(
    ask: &Ask,
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
    now: Timestamp,
    sent: &[String],
) -> Result<Json, Fault> {
    if !status.is_success() {
        return Err(refused(ask, status, headers, now));
    }
    let json = serde_json::from_slice::<Json>(body).ok();
    match json.as_ref().and_then(|json| json.get("success")).and_then(Json::as_bool) {
        Some(true) => Ok(json.unwrap_or_default()),
        Some(false) => Err(said_no(ask, json.as_ref(), sent)),
        None if ask.may_be_mute => Ok(Json::Null),
        // A page of a gateway, a body cut short: for a write that leaves it open what was done.
        None if ask.writes => Err(Fault::Uncertain),
        None => Err(Fault::Transient { detail: "SALESmanago's answer is no JSON of the API".to_owned() }),
    }
}

fn refused(ask: &Ask, status: StatusCode, headers: &HeaderMap, now: Timestamp) -> Fault {
    match status.as_u16() {
        401 | 403 => Fault::AuthRefused { hint: AUTH_HINT.to_owned() },
        404 => drift("status", "an answer of the API", "404; is `server` right?"),
        429 => Fault::RateLimited { until: asked_again(headers, now) },
        408 | 500..=599 if ask.writes => Fault::Uncertain,
        408 | 500..=599 => Fault::Transient { detail: format!("SALESmanago answered {}", status.as_u16()) },
        400..=499 => Fault::Rejected { problems: vec![problem(&format!("http_{}", status.as_u16()), String::new())] },
        _ => drift("status", "an answer of the API", &format!("status {}", status.as_u16())),
    }
}

const AUTH_HINT: &str =
    "SALESmanago does not accept the credentials: check client id, API secret and `server`; a key works on its own server only";

/// `success: false`, with sentences.
fn said_no(ask: &Ask, json: Option<&Json>, sent: &[String]) -> Fault {
    let words = sentences(json);
    let lower = words.to_lowercase();
    // "User not authenticated": wrong key or server; "Not authenticated": an account that is not active.
    if lower.contains("not authenticated") {
        return Fault::AuthRefused { hint: AUTH_HINT.to_owned() };
    }
    if lower.contains("user cannot be empty") {
        return Fault::AuthRefused { hint: "SALESmanago knows no such user: check the setting `owner`".to_owned() };
    }
    let words = without_values(&words, sent);
    if ask.writes {
        return Fault::Rejected { problems: vec![problem("refused", words)] };
    }
    Fault::Transient { detail: format!("SALESmanago refused to answer: {words}") }
}

/// What the vendor said: a list of texts, or one.
fn sentences(json: Option<&Json>) -> String {
    let message = json.and_then(|json| json.get("message"));
    match message {
        Some(Json::Array(items)) => items.iter().filter_map(Json::as_str).collect::<Vec<_>>().join("; "),
        Some(Json::String(text)) => text.clone(),
        Some(Json::Null | Json::Bool(_) | Json::Number(_) | Json::Object(_)) | None => String::new(),
    }
}

pub(crate) fn problem(code: &str, words: String) -> Problem {
    let words = if words.is_empty() { "SALESmanago gave no reason".to_owned() } else { words };
    Problem { field: None, code: code.to_owned(), words }
}

/// The sentence without the values that were sent, and without anything that looks like an e-mail address.
pub(crate) fn without_values(words: &str, sent: &[String]) -> String {
    let mut words = words.to_owned();
    for value in sent.iter().filter(|value| !value.trim().is_empty()) {
        words = words.replace(value.as_str(), "[value]");
        words = words.replace(&value.to_lowercase(), "[value]");
    }
    let plain = words.split(' ').map(|word| if word.contains('@') { "[value]" } else { word }).collect::<Vec<_>>().join(" ");
    plain.chars().take(WORDS_CHARACTERS_MAX).collect()
}

/// When to ask again after 429: what the vendor says, within reason, or a minute.
pub(crate) fn asked_again(headers: &HeaderMap, now: Timestamp) -> Timestamp {
    let text = headers.get(http::header::RETRY_AFTER).and_then(|value| value.to_str().ok());
    let seconds = text.and_then(|text| text.trim().parse::<i64>().ok()).filter(|seconds| (1..=RATE_WAIT_S_MAX).contains(seconds));
    now.checked_add(SignedDuration::from_secs(seconds.unwrap_or(RATE_WAIT_S))).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::calls;

    fn code(ask: &Ask, status: u16, body: &str) -> String {
        let now = "2026-11-22T10:00:00Z".parse().unwrap();
        let sent = ["secret-word".to_owned()];
        match judge(ask, StatusCode::from_u16(status).unwrap(), &HeaderMap::new(), body.as_bytes(), now, &sent) {
            Ok(_) => "success".to_owned(),
            Err(fault) => fault.code().to_owned(),
        }
    }

    #[test]
    fn success_takes_the_status_and_the_word() {
        let (read, write, delete) = (calls::users("o"), calls::upsert("o", &json!({})), calls::delete("o", "e"));
        for (ask, status, body, expected) in [
            (&read, 200, r#"{"success":true,"message":[]}"#, "success"),
            (&read, 200, r#"{"success":false,"message":["User not authenticated"]}"#, "auth_refused"),
            (&write, 200, r#"{"success":false,"message":"Not authenticated"}"#, "auth_refused"),
            (&read, 200, r#"{"success":false,"message":["User cannot be empty"]}"#, "auth_refused"),
            (&write, 200, r#"{"success":false,"message":["Niepoprawny adres"]}"#, "rejected"),
            (&read, 200, r#"{"success":false,"message":["Try later"]}"#, "transient"),
            (&read, 200, "<html>", "transient"),
            (&write, 200, "<html>", "uncertain"),
            (&write, 200, r#"{"success":tr"#, "uncertain"),
            (&delete, 200, "", "success"),
            (&delete, 502, "<html>", "uncertain"),
            (&read, 502, "<html>", "transient"),
            (&read, 429, "", "rate_limited"),
            (&read, 404, "<html>", "drift"),
            (&write, 302, "", "drift"),
        ] {
            assert_eq!(code(ask, status, body), expected, "{} {status} {body}", ask.path);
        }
    }

    #[test]
    fn sentences_lose_what_was_sent() {
        let words = without_values("Contact secret-word of ida@a.example is wrong", &["secret-word".to_owned()]);
        assert_eq!(words, "Contact [value] of [value] is wrong");
    }
}
