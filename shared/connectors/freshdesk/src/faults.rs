//! An answer that is no success, as the caller's next action. Pure.
//!
//! The table is fact sheet §4.1; each arm quotes the vendor. The vendor's sentences may repeat what was sent, so the sent values are cut
//! out of them here, before anything else sees them.

use http::{HeaderMap, StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value as Json;
use syncline_model::mutant::{Mutant, planted};
use syncline_model::{Fault, FieldName, Problem, RecordId};

use crate::attributes::{CUSTOM, Kind, without_prefix};
use crate::envelope::{drift, is_page};
use crate::wire::record_id;

/// Seconds to wait after a refusal that gives no time: the limits are per minute (fact sheet §5: documented).
const RATE_WAIT_S: i64 = 60;
/// Characters of a vendor's sentence that are kept.
const WORDS_CHARACTERS_MAX: usize = 300;
/// Fewest digits of a number in a sentence that is taken for a company's id.
const ID_DIGITS_MIN: usize = 5;

/// Whether the question changes anything: then an answer that says nothing leaves it open whether it did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Intent {
    Read,
    Write,
}

/// What was sent, as far as it must not, or may, be named in an error.
#[derive(Clone, Default)]
pub(crate) struct Sent {
    /// The values, to be cut out of the vendor's sentences.
    pub(crate) values: Vec<String>,
    /// The own names of the custom fields: the vendor names them with and without `custom_fields.`.
    pub(crate) custom: Vec<String>,
    pub(crate) kind: Option<Kind>,
}

impl Sent {
    /// What a body carries.
    pub(crate) fn of(kind: Kind, body: Option<&Json>) -> Self {
        let mut values = Vec::new();
        if let Some(body) = body {
            collect(body, &mut values);
        }
        values.sort_by_key(|value| std::cmp::Reverse(value.chars().count()));
        let custom = body.and_then(|body| body.get(CUSTOM)).and_then(Json::as_object);
        Self { values, custom: custom.map(|members| members.keys().cloned().collect()).unwrap_or_default(), kind: Some(kind) }
    }

    /// What a look-up's key carries.
    pub(crate) fn key(kind: Kind, value: &str) -> Self {
        Self { values: vec![value.to_owned()], custom: Vec::new(), kind: Some(kind) }
    }
}

fn collect(json: &Json, values: &mut Vec<String>) {
    match json {
        Json::String(text) if !text.is_empty() => values.push(text.clone()),
        Json::Number(number) => values.push(number.to_string()),
        Json::Array(items) => items.iter().for_each(|item| collect(item, values)),
        Json::Object(members) => members.values().for_each(|member| collect(member, values)),
        Json::String(_) | Json::Null | Json::Bool(_) => {}
    }
}

/// An answer that refuses: the fault, and every field that the vendor called taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) fault: Fault,
    pub(crate) taken: Vec<FieldName>,
}

impl Refusal {
    fn plain(fault: Fault) -> Self {
        Self { fault, taken: Vec::new() }
    }
}

/// Reads an answer whose status is not 2xx.
pub(crate) fn refusal(intent: Intent, status: StatusCode, headers: &HeaderMap, body: &[u8], now: Timestamp, sent: &Sent) -> Refusal {
    let json = serde_json::from_slice::<Json>(body).ok();
    let entries = json.as_ref().map(|json| entries(json, sent)).unwrap_or_default();
    let code = entries.first().map_or("", |entry| entry.problem.code.as_str());
    match status.as_u16() {
        // "Validation failed", one entry per field; 422 is what its like answer elsewhere.
        400 | 422 if entries.iter().any(|entry| entry.problem.code == "duplicate_value") => taken(&entries),
        // "The feature(s) are not enabled", "max agents reached": this request asks for more than the plan has; others go on.
        403 if matches!(code, "require_feature" | "max_agents_reached") => rejected(entries, status),
        // "You have to be logged in to perform this action." (invalid_credentials, password_expired, password_lockout); "Access denied",
        // "Account has been suspended."
        401 | 403 => Refusal::plain(Fault::AuthRefused { hint: sign_in_hint(code) }),
        404 => Refusal::plain(missing(headers, body)),
        // "Method not allowed": also the answer to changing a contact that is in the bin or blocked.
        405 => Refusal::plain(match intent {
            Intent::Write => Fault::Conflict,
            Intent::Read => unsupported("answer to this question (405)"),
        }),
        // Wrong Accept or Content-Type header: ours to repair.
        406 | 415 => Refusal::plain(unsupported("answer to a request with these headers")),
        // "inconsistent_state": the record is not in a state that allows this.
        409 if code == "inconsistent_state" => Refusal::plain(Fault::Conflict),
        // "It should be a unique value" (duplicate_value); a 409 without a readable body means the same.
        409 => taken(&entries),
        // "You have exceeded the limit of requests per minute"
        429 => Refusal::plain(Fault::RateLimited { until: retry_after(headers, now) }),
        // A server's trouble; 408 says that the request did not arrive in time, not whether a part of it did anything.
        408 | 500..=599 => Refusal::plain(silent(intent, status)),
        // missing_field, invalid_value, datatype_mismatch, invalid_field, invalid_json, readonly_field, no_content_required, …
        400..=499 => rejected(entries, status),
        // Redirects and their like: the API has none (wrong host, a login page).
        _ => Refusal::plain(drift("status", "an answer of the API", &format!("status {}", status.as_u16()))),
    }
}

/// A server's trouble. It may come after a write was stored, so a write is looked up before it is repeated.
fn silent(intent: Intent, status: StatusCode) -> Fault {
    match intent {
        Intent::Read => Fault::Transient { detail: format!("Freshdesk answered {}", status.as_u16()) },
        Intent::Write => Fault::Uncertain,
    }
}

fn unsupported(capability: &str) -> Fault {
    Fault::Unsupported { capability: capability.to_owned() }
}

/// Often an empty body. A page for browsers that does not come from the API says that the account is not there, not that a record is gone:
/// a deletion must not follow from a wrong host name.
fn missing(headers: &HeaderMap, body: &[u8]) -> Fault {
    if is_page(body) && !headers.contains_key("x-freshdesk-api-version") {
        return drift("status", "404 of the API", "404 with an HTML page; is the domain right?");
    }
    Fault::Missing
}

fn sign_in_hint(code: &str) -> String {
    match code {
        "invalid_credentials" => "the API key is not valid; take the agent's present key from the profile settings",
        "password_expired" | "password_lockout" => {
            "the agent's password has expired or is locked; renew it in Freshdesk, then take the key anew"
        }
        "account_suspended" => "the Freshdesk account is suspended; its owner must reactivate it",
        "access_denied" => "the agent's role lacks the right to do this; give it the right to view, create and edit contacts and companies",
        _ => "Freshdesk does not accept the API key; check key, domain and the agent's role",
    }
    .to_owned()
}

fn rejected(entries: Vec<Entry>, status: StatusCode) -> Refusal {
    let mut problems: Vec<Problem> = entries.into_iter().map(|entry| entry.problem).collect();
    if problems.is_empty() {
        let code = format!("http_{}", status.as_u16());
        problems.push(Problem { field: None, code, words: "Freshdesk gave no reason".to_owned() });
    }
    Refusal::plain(Fault::Rejected { problems })
}

fn taken(entries: &[Entry]) -> Refusal {
    let duplicates: Vec<&Entry> = entries.iter().filter(|entry| entry.problem.code == "duplicate_value").collect();
    let entries = if duplicates.is_empty() { entries.iter().collect() } else { duplicates };
    let taken: Vec<FieldName> = entries.iter().filter_map(|entry| entry.problem.field.clone()).collect();
    let mut holders: Vec<RecordId> = Vec::new();
    for holder in entries.iter().filter_map(|entry| entry.holder.clone()) {
        if !holders.contains(&holder) {
            holders.push(holder);
        }
    }
    Refusal { fault: Fault::Taken { field: taken.first().cloned(), holders }, taken }
}

/// One entry of the vendor's list of errors.
struct Entry {
    problem: Problem,
    /// The record that holds the value, where the vendor tells.
    holder: Option<RecordId>,
}

/// Both shapes: `{description, errors: [{field, message, code, additional_info}]}`, and the short `{code, message}` of sign-in errors.
fn entries(json: &Json, sent: &Sent) -> Vec<Entry> {
    let list = match json.get("errors") {
        Some(Json::Array(list)) => list.as_slice(),
        Some(_) | None => std::slice::from_ref(json),
    };
    list.iter().filter_map(|entry| read_entry(entry, sent)).collect()
}

fn read_entry(entry: &Json, sent: &Sent) -> Option<Entry> {
    let text = |name: &str| entry.get(name).and_then(Json::as_str).map(str::to_owned);
    let message = text("message").or_else(|| text("description")).or_else(|| entry.as_str().map(str::to_owned));
    let code = text("code");
    if message.is_none() && code.is_none() {
        return None;
    }
    let field = text("field").map(|field| field_name(&field, sent));
    let words = without_values(&message.unwrap_or_default(), &sent.values);
    let info = entry.get("additional_info");
    let mut holder =
        info.and_then(|info| ["user_id", "contact_id", "company_id"].iter().find_map(|key| info.get(*key))).and_then(record_id);
    // The answer to a taken domain names the owning company in its sentence only (fact sheet §4: unverified).
    if holder.is_none() && field.as_ref().is_some_and(|field| field.as_str() == "domains") {
        holder = id_in(&words);
    }
    let code = code.unwrap_or_else(|| "unknown".to_owned());
    Some(Entry { problem: Problem { field, code: without_values(&code, &sent.values), words }, holder })
}

/// The field's name as records have it: custom fields come bare, with `cf_`, or inside `custom_fields.`.
fn field_name(name: &str, sent: &Sent) -> FieldName {
    let bare = without_prefix(name.strip_prefix("custom_fields.").unwrap_or(name));
    let ours = match bare {
        "company_name" => "company_id",
        "tag_names" => "tags",
        other => other,
    };
    let default = sent.kind.is_some_and(|kind| kind.attribute(ours).is_some()) && !name.starts_with("custom_fields.");
    let is_custom = name != bare || sent.custom.iter().any(|own| own == bare);
    if !default && is_custom { FieldName::new(format!("{CUSTOM}.{bare}")) } else { FieldName::new(ours) }
}

fn id_in(words: &str) -> Option<RecordId> {
    let mut numbers = words.split(|c: char| !c.is_ascii_digit());
    numbers.find(|number| number.len() >= ID_DIGITS_MIN).map(RecordId::new)
}

/// When the vendor wants to hear from us again: seconds, or a date.
pub(crate) fn retry_after(headers: &HeaderMap, now: Timestamp) -> Timestamp {
    let text = headers.get(http::header::RETRY_AFTER).and_then(|value| value.to_str().ok()).map(str::trim);
    let later = |seconds: i64| now.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MAX);
    match text {
        Some(text) => match text.parse::<u32>() {
            Ok(seconds) => later(i64::from(seconds)),
            Err(_) => http_date(text).unwrap_or_else(|| later(RATE_WAIT_S)),
        },
        None => later(RATE_WAIT_S),
    }
}

/// The moment in an HTTP date: `Sun, 22 Nov 2026 05:07:06 GMT`.
pub(crate) fn http_date(text: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::parse(text).ok().map(|zoned| zoned.timestamp())
}

/// The vendor's sentence without the values that were sent, and without anything that looks like an email address.
pub(crate) fn without_values(words: &str, values: &[String]) -> String {
    if planted(Mutant::ValuesInErrors) {
        return words.to_owned();
    }
    let mut words = words.to_owned();
    for value in values {
        words = cut(&words, value);
    }
    let mut kept = String::new();
    for (index, word) in words.split(' ').enumerate() {
        if index > 0 {
            kept.push(' ');
        }
        kept.push_str(if word.contains('@') { CUT } else { word });
    }
    kept.chars().take(WORDS_CHARACTERS_MAX).collect()
}

const CUT: &str = "[value]";
/// A value shorter than this is cut only where it stands alone: else `a` would empty every sentence.
const CUT_INSIDE_CHARACTERS_MIN: usize = 3;

/// Replaces a value wherever it stands, in any case: the vendor writes emails in lower case.
fn cut(words: &str, value: &str) -> String {
    let value: Vec<char> = value.trim().chars().collect();
    if value.is_empty() {
        return words.to_owned();
    }
    let text: Vec<char> = words.chars().collect();
    let mut kept = String::new();
    let mut at = 0;
    while at < text.len() {
        let here = text.get(at..at + value.len()).is_some_and(|part| part.iter().zip(&value).all(|(a, b)| same(*a, *b)));
        let alone = || {
            let before = at.checked_sub(1).and_then(|before| text.get(before));
            let after = text.get(at + value.len());
            !before.is_some_and(|c| c.is_alphanumeric()) && !after.is_some_and(|c| c.is_alphanumeric())
        };
        if here && (value.len() >= CUT_INSIDE_CHARACTERS_MIN || alone()) {
            kept.push_str(CUT);
            at += value.len();
        } else {
            kept.extend(text.get(at));
            at += 1;
        }
    }
    kept
}

fn same(a: char, b: char) -> bool {
    a == b || a.to_lowercase().eq(b.to_lowercase())
}

#[cfg(test)]
#[path = "faults_tests.rs"]
mod tests;
