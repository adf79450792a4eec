//! An answer as what became of each record, or as the caller's next action. Pure.
//!
//! Status, body and partial failure are all unverified (fact sheet §2.1): what is not understood of a write is `Uncertain`, never a success; sending
//! it again is harmless.

use http::{HeaderMap, StatusCode};
use jiff::SignedDuration;
use serde_json::Value as Json;
use syncline_model::{Fault, FieldName, Problem, Timestamp};

use crate::settings::Accepted;

/// Seconds to wait after a refusal that gives no time: no limit is published (fact sheet §2.3).
const RATE_WAIT_S: i64 = 60;
const RATE_WAIT_S_MAX: i64 = 3_600;
/// Characters of a vendor's sentence that are kept.
const WORDS_CHARACTERS_MAX: usize = 300;

const AUTH_HINT: &str = "Mapsly does not accept the API key: check the key, and the setting `auth`, which says where it stands in a call";

/// What became of one record of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    Taken { created: bool },
    Failed(Fault),
}

/// Each record's end, in the order of the ids; `Err`: of the call as a whole.
pub(crate) fn judge(
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
    ids: &[String],
    accepted: Accepted,
    now: Timestamp,
    sent: &[String],
) -> Result<Vec<Ended>, Fault> {
    if !status.is_success() {
        return Err(refused(status, headers, body, now, sent));
    }
    let json = serde_json::from_slice::<Json>(body).ok();
    let rows = json.as_ref().and_then(|json| json.get("results")).and_then(Json::as_array);
    match (rows, accepted) {
        (Some(rows), Accepted::ByRecord | Accepted::ByStatus) => Ok(ids.iter().map(|id| ended(id, rows, sent)).collect()),
        (None, Accepted::ByStatus) if json.as_ref().is_some_and(|json| json.is_object() || json.is_array()) => {
            Ok(ids.iter().map(|_| Ended::Taken { created: true }).collect())
        }
        (None, Accepted::ByRecord | Accepted::ByStatus) => Err(Fault::Uncertain),
    }
}

fn ended(id: &str, rows: &[Json], sent: &[String]) -> Ended {
    let is_own = |row: &&Json| match row.get("id") {
        Some(Json::String(text)) => text == id,
        Some(Json::Number(number)) => number.to_string() == id,
        Some(Json::Null | Json::Bool(_) | Json::Array(_) | Json::Object(_)) | None => false,
    };
    let Some(row) = rows.iter().find(is_own) else { return Ended::Failed(Fault::Uncertain) };
    let text = |name: &str| row.get(name).and_then(Json::as_str);
    match text("status") {
        Some("created") => Ended::Taken { created: true },
        // Deleting what is gone is done (fact sheet §2.3).
        Some("updated" | "deleted" | "not_found") => Ended::Taken { created: false },
        Some("error") => {
            let words = without_values(text("message").unwrap_or_default(), sent);
            Ended::Failed(Fault::Rejected { problems: vec![problem(text("field"), text("code").unwrap_or("refused"), words)] })
        }
        Some(_) | None => Ended::Failed(Fault::Uncertain),
    }
}

/// A call that was refused as a whole.
pub(crate) fn refused(status: StatusCode, headers: &HeaderMap, body: &[u8], now: Timestamp, sent: &[String]) -> Fault {
    match status.as_u16() {
        401 | 403 => Fault::AuthRefused { hint: AUTH_HINT.to_owned() },
        // The object, or the whole address (fact sheet §2.4: stop the flow, do not retry).
        404 | 405 => drift("the object", "an object of the account: check `entities`", "none of this name"),
        429 => Fault::RateLimited { until: asked_again(headers, now) },
        408 | 500..=599 => Fault::Uncertain,
        400..=499 => {
            let json = serde_json::from_slice::<Json>(body).unwrap_or_default();
            let words = json.get("message").or_else(|| json.get("error")).and_then(Json::as_str).unwrap_or_default();
            Fault::Rejected { problems: vec![problem(None, &format!("http_{}", status.as_u16()), without_values(words, sent))] }
        }
        other => drift("status", "an answer of the API", &format!("status {other}")),
    }
}

pub(crate) fn problem(field: Option<&str>, code: &str, words: String) -> Problem {
    let words = if words.is_empty() { "Mapsly gave no reason".to_owned() } else { words };
    Problem { field: field.map(FieldName::from), code: code.to_owned(), words }
}

pub(crate) fn drift(path: &str, expected: &str, found: &str) -> Fault {
    Fault::Drift { path: path.to_owned(), expected: expected.to_owned(), found: found.to_owned() }
}

/// The sentence without the values that were sent, and without anything that looks like an e-mail address.
fn without_values(words: &str, sent: &[String]) -> String {
    let mut words = words.to_owned();
    for value in sent.iter().filter(|value| !value.trim().is_empty()) {
        words = words.replace(value.as_str(), "[value]").replace(&value.to_lowercase(), "[value]");
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
    use super::*;

    fn codes(status: u16, body: &str, accepted: Accepted) -> Vec<String> {
        let now = "2026-11-22T10:00:00Z".parse().unwrap();
        let ids = ["a".to_owned(), "b".to_owned()];
        let status = StatusCode::from_u16(status).unwrap();
        match judge(status, &HeaderMap::new(), body.as_bytes(), &ids, accepted, now, &[]) {
            Err(fault) => vec![fault.code().to_owned()],
            Ok(ended) => ended
                .into_iter()
                .map(|ended| match ended {
                    Ended::Taken { created } => format!("taken {created}"),
                    Ended::Failed(fault) => fault.code().to_owned(),
                })
                .collect(),
        }
    }

    #[test]
    fn each_record_ends_as_its_own_row_says() {
        let body = r#"{"results":[{"id":"b","status":"error","message":"no"},{"id":"a","status":"created"}]}"#;
        assert_eq!(codes(200, body, Accepted::ByRecord), ["taken true", "rejected"]);
        assert_eq!(codes(200, r#"{"results":[{"id":"a","status":"updated"}]}"#, Accepted::ByRecord), ["taken false", "uncertain"]);
        assert_eq!(
            codes(200, r#"{"results":[{"id":"a","status":"not_found"},{"id":"b","status":"?"}]}"#, Accepted::ByRecord),
            ["taken false", "uncertain"]
        );
    }

    #[test]
    fn what_is_not_understood_is_no_success() {
        for (status, body, code) in [
            (200, "{}", "uncertain"),
            (200, "<html>", "uncertain"),
            (202, "", "uncertain"),
            (502, "<html>", "uncertain"),
            (401, "", "auth_refused"),
            (403, "", "auth_refused"),
            (404, "", "drift"),
            (429, "", "rate_limited"),
            (400, "{}", "rejected"),
            (302, "", "drift"),
        ] {
            assert_eq!(codes(status, body, Accepted::ByRecord), [code], "{status} {body}");
        }
        assert_eq!(codes(200, "{}", Accepted::ByStatus), ["taken true", "taken true"]);
        assert_eq!(codes(200, "<html>", Accepted::ByStatus), ["uncertain"]);
    }

    #[test]
    fn sentences_lose_what_was_sent() {
        assert_eq!(without_values("Secret of ida@a.example is wrong", &["Secret".to_owned()]), "[value] of [value] is wrong");
    }
}
