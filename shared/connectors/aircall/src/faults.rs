//! An answer that is no success, as the caller's next action. Pure.
//!
//! Statuses: fact sheet §11. The body's shape is not documented (`{"error": "Forbidden", "troubleshoot": "…"}` in older pages), so it is read
//! as far as it goes. The vendor's sentences may repeat what was sent: the sent values are cut out before anything else sees them.

use http::{HeaderMap, StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value as Json;
use syncline_model::{Fault, Problem};

use crate::wire::{drift, is_page};

/// Seconds to wait after a refusal that gives no time: the limit is per minute (fact sheet §6: documented).
const RATE_WAIT_S: i64 = 60;
/// The longest wait that is believed, in seconds: a time further away is another clock's, not the window's end.
const RATE_WAIT_S_MAX: i64 = 3_600;
/// Characters of a vendor's sentence that are kept.
const WORDS_CHARACTERS_MAX: usize = 300;

/// Reads an answer whose status is not 2xx. `writes`: whether the question changes anything; `sent`: the values that it carried.
pub(crate) fn refusal(writes: bool, status: StatusCode, headers: &HeaderMap, body: &[u8], now: Timestamp, sent: &[String]) -> Fault {
    match status.as_u16() {
        // 401, and 403 for an invalid key (webhooks' page), which also says that a key lacks the right.
        401 | 403 => Fault::AuthRefused {
            hint: "Aircall does not accept the API key or access token; check that it was not removed in the dashboard".to_owned(),
        },
        404 if is_page(body) => drift("status", "404 of the API", "404 with an HTML page; is base_url right?"),
        // 410 is what endpoints answer that have ended.
        410 => Fault::Unsupported { capability: "answer at this address any more (410)".to_owned() },
        404 => Fault::Missing,
        405 => Fault::Unsupported { capability: "answer to this question (405)".to_owned() },
        429 => Fault::RateLimited { until: asked_again(headers, now) },
        // A server's trouble may come after a write was stored; 408 says that the request did not arrive in time, not what it did.
        408 | 500..=599 if writes => Fault::Uncertain,
        408 | 500..=599 => Fault::Transient { detail: format!("Aircall answered {}", status.as_u16()) },
        // 400: validation, bad paging; 422: cannot be processed in the present state.
        400..=499 => Fault::Rejected { problems: vec![problem(status, body, sent)] },
        // Redirects and their like: the API has none (wrong host, a login page).
        _ => drift("status", "an answer of the API", &format!("status {}", status.as_u16())),
    }
}

fn problem(status: StatusCode, body: &[u8], sent: &[String]) -> Problem {
    let json: Json = serde_json::from_slice(body).unwrap_or_default();
    let part = |name: &str| json.get(name).and_then(Json::as_str).filter(|text| !text.is_empty());
    let said: Vec<&str> = ["error", "message", "troubleshoot"].into_iter().filter_map(part).collect();
    let words = if said.is_empty() { "Aircall gave no reason".to_owned() } else { without_values(&said.join(": "), sent) };
    Problem { field: None, code: format!("http_{}", status.as_u16()), words }
}

/// The sentence without the values that were sent, and without anything that looks like an e-mail address.
fn without_values(words: &str, sent: &[String]) -> String {
    let mut words = words.to_owned();
    for value in sent.iter().filter(|value| !value.is_empty()) {
        words = words.replace(value.as_str(), "[value]");
    }
    let plain = words.split(' ').map(|word| if word.contains('@') { "[value]" } else { word }).collect::<Vec<_>>().join(" ");
    plain.chars().take(WORDS_CHARACTERS_MAX).collect()
}

/// When the vendor wants to hear from us again: the end of its window, and a second; else seconds; else a whole window.
pub(crate) fn asked_again(headers: &HeaderMap, now: Timestamp) -> Timestamp {
    let later = |seconds: i64| now.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MAX);
    let within = |seconds: &i64| (1..=RATE_WAIT_S_MAX).contains(seconds);
    let text = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<i64>().ok();
    let reset = text("x-aircallapi-reset").map(|second| second.saturating_sub(now.as_second()).saturating_add(1));
    later(reset.filter(within).or_else(|| text("retry-after").filter(within)).unwrap_or(RATE_WAIT_S))
}

/// A header's number.
pub(crate) fn number(headers: &HeaderMap, name: &str) -> Option<u32> {
    headers.get(name)?.to_str().ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-11-22T10:00:00Z".parse().unwrap()
    }

    fn fault(writes: bool, status: u16, body: &str) -> Fault {
        refusal(writes, StatusCode::from_u16(status).unwrap(), &HeaderMap::new(), body.as_bytes(), now(), &["secret-word".to_owned()])
    }

    #[test]
    fn each_status_says_what_to_do_next() {
        let forbidden = r#"{"error":"Forbidden","troubleshoot":"Check the key"}"#;
        for (writes, status, body, code) in [
            (false, 401, "", "auth_refused"),
            (true, 403, forbidden, "auth_refused"),
            (false, 404, r#"{"error":"Not found"}"#, "missing"),
            (false, 404, "", "missing"),
            (false, 404, "<html>", "drift"),
            (false, 410, "", "unsupported"),
            (true, 422, "{}", "rejected"),
            (true, 400, "", "rejected"),
            (true, 500, "", "uncertain"),
            (false, 502, "<html>", "transient"),
            (false, 302, "", "drift"),
        ] {
            assert_eq!(fault(writes, status, body).code(), code, "{status}");
        }
    }

    #[test]
    fn sentences_lose_what_was_sent() {
        let Fault::Rejected { problems } = fault(true, 422, r#"{"error":"secret-word is refused","troubleshoot":"ask ida@a.example"}"#)
        else {
            panic!("422 is a refusal");
        };
        assert_eq!(problems[0].words, "[value] is refused: ask [value]");
    }

    #[test]
    fn the_window_ends_when_the_header_says() {
        let until = |name: &'static str, value: i64| {
            let mut headers = HeaderMap::new();
            headers.insert(name, value.to_string().parse().unwrap());
            asked_again(&headers, now()).as_second() - now().as_second()
        };
        assert_eq!(until("x-aircallapi-reset", now().as_second() + 20), 21);
        assert_eq!(until("x-aircallapi-reset", now().as_second() - 20), 60, "a window that is over tells nothing");
        assert_eq!(until("x-aircallapi-reset", now().as_second() + 86_400 * 365), 60);
        assert_eq!(until("retry-after", 7), 7);
        assert_eq!(until("date", 7), 60);
    }
}
