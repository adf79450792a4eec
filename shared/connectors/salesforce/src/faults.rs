//! Pure: status, code and words of an answer → what to do next (fact sheet §4.6).

use syncline_model::mutant::{Mutant, planted};
use syncline_model::{Fault, FieldName, Problem, Timestamp};

use crate::id;
use crate::wire::{ErrorRow, Node};

/// After the daily limit: asked again every hour, because the 24 hours roll (fact sheet §5: documented).
const DAILY_PAUSE_S: i64 = 3_600;
/// After too many requests at once: they end within seconds.
const CONCURRENT_PAUSE_S: i64 = 15;
/// The longest sentence of the vendor's that is kept, in characters.
const WORDS_CHARS_MAX: usize = 400;

/// What an error is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum About {
    /// The whole call.
    Call,
    /// A row that makes a record.
    NewRow,
    /// A row that names a record by its id.
    KnownRow,
}

/// An answer that is no success, as a whole. `sent`: values that must not come back in the vendor's sentence.
pub(crate) fn of_answer(status: u16, body: &[u8], sent: &[String], now: Timestamp) -> Fault {
    match Node::parse(body) {
        Ok(node) => of_node(status, &node, sent, now),
        Err(Fault::Drift { found, .. }) => of_unreadable(status, &found),
        Err(other) => other,
    }
}

/// The same for a body that was read already (a subrequest's).
pub(crate) fn of_node(status: u16, node: &Node, sent: &[String], now: Timestamp) -> Fault {
    if status == 300
        && let Some(urls) = node.as_list()
    {
        return Fault::Taken { field: None, holders: holders_of_urls(urls) };
    }
    match ErrorRow::read_all(node) {
        Some(rows) => of_rows(status, &rows, About::Call, sent, now),
        None => of_unreadable(status, node.type_name()),
    }
}

fn of_unreadable(status: u16, found: &str) -> Fault {
    match status {
        401 => Fault::AuthExpired,
        404 | 410 => Fault::Missing,
        412 => Fault::Conflict,
        408 | 406 | 420 | 429 | 500..=599 => Fault::Transient { detail: format!("HTTP {status} with {found}") },
        _ => Fault::Drift { path: format!("HTTP {status}"), expected: "a list of errors".into(), found: found.into() },
    }
}

/// The errors of a call or of one row: the first that says more than "refused", else all of them as problems.
pub(crate) fn of_rows(status: u16, rows: &[ErrorRow], about: About, sent: &[String], now: Timestamp) -> Fault {
    let mut problems = Vec::new();
    for row in rows {
        match of_row(status, row, about, sent, now) {
            Fault::Rejected { problems: more } => problems.extend(more),
            other @ (Fault::Transient { .. }
            | Fault::RateLimited { .. }
            | Fault::AuthExpired
            | Fault::AuthRefused { .. }
            | Fault::Taken { .. }
            | Fault::Conflict
            | Fault::Missing
            | Fault::Uncertain
            | Fault::Unsupported { .. }
            | Fault::Drift { .. }) => return other,
        }
    }
    if problems.is_empty() {
        problems.push(Problem { field: None, code: format!("HTTP_{status}"), words: "refused without a reason".into() });
    }
    Fault::Rejected { problems }
}

fn of_row(status: u16, row: &ErrorRow, about: About, sent: &[String], now: Timestamp) -> Fault {
    let passing = || Fault::Transient { detail: row.code.clone() };
    match row.code.as_str() {
        "INVALID_SESSION_ID" | "InvalidSessionId" | "INVALID_AUTH_HEADER" => of_session(&row.message),
        "REQUEST_LIMIT_EXCEEDED" => Fault::RateLimited { until: pause(&row.message, now) },
        "UNABLE_TO_LOCK_ROW"
        | "QUERY_TIMEOUT"
        | "INVALID_QUERY_LOCATOR"
        | "SERVER_UNAVAILABLE"
        | "UNKNOWN_EXCEPTION"
        | "ALL_OR_NONE_OPERATION_ROLLED_BACK"
        | "PROCESSING_HALTED"
        | "BATCH_PROCESSING_HALTED" => passing(),
        "DUPLICATE_VALUE" => of_duplicate(row),
        "DUPLICATES_DETECTED" => Fault::Taken { field: None, holders: row.matches.iter().map(|id| id::record_id(id)).collect() },
        "DUPLICATE_EXTERNAL_ID" => {
            Fault::Taken { field: row.fields.first().map(|field| FieldName::new(field.as_str())), holders: Vec::new() }
        }
        "ENTITY_IS_DELETED" => Fault::Missing,
        "INVALID_CROSS_REFERENCE_KEY" if about == About::KnownRow && row.fields.is_empty() => Fault::Missing,
        "NOT_FOUND" if row.message.contains("external ID field") => rejected(row, sent),
        "NOT_FOUND" if about != About::NewRow => Fault::Missing,
        "ENTITY_FAILED_IFLASTMODIFIED_ON_UPDATE_CHECK" => Fault::Conflict,
        "API_DISABLED_FOR_ORG" | "API_CURRENTLY_DISABLED" => Fault::AuthRefused {
            hint: format!(
                "the organisation or the user has no API access ({}): give the integration user the right \"API Enabled\"",
                row.code
            ),
        },
        "INSUFFICIENT_ACCESS" | "INSUFFICIENT_ACCESS_OR_READONLY" if about == About::Call && status == 403 => {
            Fault::AuthRefused { hint: format!("the integration user lacks a right ({}): check its permission sets", row.code) }
        }
        "" => of_unreadable(status, "an error without a code"),
        _ if status >= 500 || matches!(status, 406 | 420 | 429) => passing(),
        _ if status == 401 => of_session(&row.message),
        _ if status == 412 => Fault::Conflict,
        _ => rejected(row, sent),
    }
}

/// 401: a stale session, or one that never works here (fact sheet §1.2: documented; seen by other clients as endless loops).
fn of_session(words: &str) -> Fault {
    let lower = words.to_lowercase();
    if lower.contains("not valid for use with") {
        let hint =
            "the session is not valid for the REST API: the connected app lacks the scope \"api\", or the user the right \"API Enabled\"";
        return Fault::AuthRefused { hint: hint.into() };
    }
    if lower.contains("not attached to agent") {
        let hint = "the connected app is not attached to an agent: use an app of its own for Syncline";
        return Fault::AuthRefused { hint: hint.into() };
    }
    Fault::AuthExpired
}

/// The token endpoint's refusal (fact sheet §1.2). `sent`: the credentials that were sent.
pub(crate) fn of_token_answer(status: u16, body: &[u8], sent: &[String], now: Timestamp) -> Fault {
    let row = Node::parse(body).ok().and_then(|node| ErrorRow::read_all(&node)).and_then(|rows| rows.into_iter().next());
    let Some(row) = row else {
        return if matches!(status, 300..=399 | 400..=407 | 409..=419 | 421..=428) {
            Fault::AuthRefused { hint: format!("the token endpoint answered HTTP {status} without a reason: check `login_url`") }
        } else {
            Fault::Transient { detail: format!("the token endpoint answered HTTP {status}") }
        };
    };
    let words = clean(&row.message, sent);
    if row.message.to_lowercase().contains("login rate exceeded") || row.code == "rate_limit_exceeded" {
        return Fault::RateLimited { until: plus(now, DAILY_PAUSE_S) };
    }
    if status >= 500 || matches!(row.code.as_str(), "unknown_error" | "server_error" | "temporarily_unavailable") {
        return Fault::Transient { detail: format!("the token endpoint answered {}", row.code) };
    }
    let advice = if words.contains("approved this consumer") {
        "let an administrator pre-authorise the app for the integration user"
    } else if words.contains("audience") {
        "set `audience` to https://login.salesforce.com, or to https://test.salesforce.com for a sandbox"
    } else if row.code.starts_with("invalid_client") || row.code == "invalid_app_access" {
        "check the app's consumer key and secret"
    } else {
        "check the credentials and that the user is active"
    };
    let said = if words.is_empty() { row.code } else { format!("{}: {words}", row.code) };
    Fault::AuthRefused { hint: format!("{said}; {advice}") }
}

/// When to ask again after `REQUEST_LIMIT_EXCEEDED`.
pub(crate) fn pause(words: &str, now: Timestamp) -> Timestamp {
    plus(now, if words.contains("Concurrent") { CONCURRENT_PAUSE_S } else { DAILY_PAUSE_S })
}

pub(crate) fn plus(now: Timestamp, seconds: i64) -> Timestamp {
    now.checked_add(jiff::SignedDuration::from_secs(seconds)).unwrap_or(now)
}

/// `duplicate value found: F__c duplicates value on record with id: 0038M000003uKqq` (15 characters; the field may be `<unknown>`).
fn of_duplicate(row: &ErrorRow) -> Fault {
    let field = row.message.split_once("value found: ").and_then(|(_, rest)| rest.split_once(" duplicates")).map(|(field, _)| field.trim());
    let field = field.filter(|field| crate::soql::is_name(field)).or_else(|| row.fields.first().map(String::as_str)).map(FieldName::from);
    let holder = row.message.rsplit_once("with id: ").and_then(|(_, rest)| {
        let id: String = rest.chars().take_while(char::is_ascii_alphanumeric).collect();
        id::canonical(&id)
    });
    Fault::Taken { field, holders: holder.into_iter().map(|id| id::record_id(&id)).collect() }
}

pub(crate) fn holders_of_urls(urls: &[Node]) -> Vec<syncline_model::RecordId> {
    urls.iter().filter_map(Node::as_text).filter_map(|url| url.rsplit('/').next()).filter(|id| !id.is_empty()).map(id::record_id).collect()
}

fn rejected(row: &ErrorRow, sent: &[String]) -> Fault {
    let words = clean(&row.message, sent);
    let problem = |field| Problem { field, code: row.code.clone(), words: words.clone() };
    let named = missing_column(&row.message).or_else(|| listed_field(&row.message));
    let problems = if row.fields.is_empty() {
        vec![problem(named.map(FieldName::new))]
    } else {
        row.fields.iter().map(|field| problem(Some(FieldName::new(field.as_str())))).collect()
    };
    Fault::Rejected { problems }
}

/// `No such column 'X__c' on entity 'Contact'`.
fn missing_column(words: &str) -> Option<String> {
    let name = words.split_once("No such column '")?.1.split_once('\'')?.0;
    crate::soql::is_name(name).then(|| name.to_owned())
}

/// `Required fields are missing: [LastName]`.
fn listed_field(words: &str) -> Option<String> {
    let name = words.split_once("missing: [")?.1.split_once([']', ','])?.0;
    crate::soql::is_name(name).then(|| name.to_owned())
}

/// The vendor's sentence without values: those that were sent, what follows the places where Salesforce quotes one (it may have changed
/// or cut it), and the query that it repeats before `ERROR at`.
pub(crate) fn clean(words: &str, sent: &[String]) -> String {
    if planted(Mutant::ValuesInErrors) {
        return words.to_owned();
    }
    let mut text = match words.split_once("ERROR at Row:") {
        Some((_, rest)) => rest.split_once('\n').map_or("", |(_, rest)| rest).to_owned(),
        None => words.to_owned(),
    };
    let mut values: Vec<&str> = sent.iter().map(String::as_str).filter(|value| !value.trim().is_empty()).collect();
    values.sort_by_key(|value| std::cmp::Reverse(value.len()));
    for value in values {
        text = without(&text, value);
    }
    for (start, end) in [
        ("data value too large: ", " (max length"),
        ("invalid email address: ", "\u{0}"),
        ("bad value for restricted picklist field: ", "\u{0}"),
        ("malformed id ", "\u{0}"),
        ("VALUE_STRING value ", " at ["),
        ("VALUE_NUMBER_INT value ", " at ["),
        ("VALUE_NUMBER_FLOAT value ", " at ["),
        ("Failed to deserialize field at ", "\u{0}"),
    ] {
        if let Some(at) = text.find(start) {
            let from = at + start.len();
            let to = text[from..].find(end).map_or(text.len(), |offset| from + offset);
            text.replace_range(from..to, "[value]");
        }
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(WORDS_CHARS_MAX).collect()
}

/// A short value is cut only where it stands alone: it is a part of too many words.
fn without(text: &str, value: &str) -> String {
    if value.chars().count() >= 4 {
        return text.replace(value, "[value]");
    }
    let alone = |mark: Option<char>| mark.is_none_or(|mark| !mark.is_alphanumeric());
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(value) {
        let (before, from) = rest.split_at(at);
        let after = &from[value.len()..];
        let stands_alone = alone(before.chars().next_back().or_else(|| out.chars().next_back())) && alone(after.chars().next());
        out.push_str(before);
        out.push_str(if stands_alone { "[value]" } else { value });
        rest = after;
    }
    out.push_str(rest);
    out
}
