//! What an answer's body is, before its records are read: a list, one record, or an envelope of either.

use serde_json::{Map, Value as Json};
use syncline_model::Fault;

/// Envelopes inside envelopes that are opened: an app event is `{data: {contact: {…}}}`.
const DEPTH_MAX: u8 = 3;

/// The body as JSON. The fault says what stands there instead, never its content.
pub(crate) fn json(body: &[u8]) -> Result<Json, Fault> {
    serde_json::from_slice(body).map_err(|error| drift("$", "JSON", what_it_is(body, &error)))
}

/// The rows of an answer that holds records of this kind.
pub(crate) fn rows(kind: &str, body: &[u8]) -> Result<Vec<Json>, Fault> {
    open(kind, json(body)?, DEPTH_MAX)
}

fn open(kind: &str, body: Json, depth: u8) -> Result<Vec<Json>, Fault> {
    let names = names(kind);
    match body {
        Json::Array(rows) => Ok(rows.into_iter().map(|row| unwrapped(&names, row)).collect()),
        Json::Object(mut members) => {
            let envelope = ["results", "data", "items"].into_iter().map(str::to_owned).chain(names);
            if members.contains_key("id") && !members.contains_key("results") {
                return Ok(vec![Json::Object(members)]);
            }
            for name in envelope {
                if depth > 0 && members.get(&name).is_some_and(|inner| inner.is_array() || inner.is_object()) {
                    return open(kind, members.remove(&name).unwrap_or(Json::Null), depth - 1);
                }
            }
            Err(drift("$", &format!("a list of {kind} records, or one"), &what_instead(&members)))
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {
            Err(drift("$", &format!("a list of {kind} records, or one"), type_name(&body)))
        }
    }
}

/// A row that is itself wrapped, as the first version of the API did: `{"user": {…}}`.
fn unwrapped(names: &[String], row: Json) -> Json {
    match row {
        Json::Object(mut members) if !members.contains_key("id") => {
            let inner = names.iter().find(|name| members.get(name.as_str()).is_some_and(Json::is_object));
            match inner {
                Some(name) => members.remove(name.as_str()).unwrap_or(Json::Null),
                None => Json::Object(members),
            }
        }
        Json::Object(_) | Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Array(_) => row,
    }
}

/// What an object without an id is: one of the vendor's refusals, with its codes, or something else (fact sheet §4.1: recorded).
fn what_instead(members: &Map<String, Json>) -> String {
    let code_of = |members: &Map<String, Json>| {
        let code = members.get("code").and_then(Json::as_str)?;
        (!code.is_empty() && code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')).then(|| code.to_owned())
    };
    let entries = members.get("errors").and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
    let listed = entries.iter().filter_map(Json::as_object).filter_map(code_of);
    let codes: Vec<String> = code_of(members).into_iter().chain(listed).collect();
    let refuses = members.contains_key("errors") || members.contains_key("message") && members.len() <= 2;
    match (codes.is_empty(), refuses) {
        (false, _) => format!("an error answer ({})", codes.join(", ")),
        (true, true) => "an error answer".to_owned(),
        (true, false) => "an object without an id".to_owned(),
    }
}

/// The names under which an envelope holds records of this kind.
fn names(kind: &str) -> Vec<String> {
    let plural = kind.strip_suffix('y').map_or_else(|| format!("{kind}s"), |stem| format!("{stem}ies"));
    let mut names = vec![plural, kind.to_owned()];
    match kind {
        "contact" => names.extend(["users", "user"].map(str::to_owned)),
        "company" => names.extend(["customers", "customer"].map(str::to_owned)),
        _ => {}
    }
    names
}

/// The members of a JSON object.
pub(crate) fn object<'a>(path: &str, value: &'a Json) -> Result<&'a Map<String, Json>, Fault> {
    value.as_object().ok_or_else(|| drift(path, "an object", type_name(value)))
}

pub(crate) fn drift(path: &str, expected: &str, found: &str) -> Fault {
    Fault::Drift { path: path.to_owned(), expected: expected.to_owned(), found: found.to_owned() }
}

pub(crate) fn type_name(value: &Json) -> &'static str {
    match value {
        Json::Null => "null",
        Json::Bool(_) => "a boolean",
        Json::Number(_) => "a number",
        Json::String(_) => "a text",
        Json::Array(_) => "a list",
        Json::Object(_) => "an object",
    }
}

/// Whether a body is a page for a browser: a login form, a maintenance note, a proxy's error.
pub(crate) fn is_page(body: &[u8]) -> bool {
    body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'<')
}

fn what_it_is(body: &[u8], error: &serde_json::Error) -> &'static str {
    if body.iter().all(u8::is_ascii_whitespace) {
        "nothing"
    } else if is_page(body) {
        "an HTML page"
    } else if std::str::from_utf8(body).is_err() {
        "bytes that are no UTF-8"
    } else if error.is_eof() {
        "JSON that ends early"
    } else {
        "other text"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(kind: &str, body: &str, expected: Result<usize, &str>) {
        let found = rows(kind, body.as_bytes());
        match (&found, expected) {
            (Ok(rows), Ok(count)) => assert_eq!(rows.len(), count, "{body}"),
            (Err(Fault::Drift { found, .. }), Err(word)) => assert_eq!(found, word, "{body}"),
            _ => panic!("{body}: {found:?}"),
        }
    }

    #[test]
    fn every_known_envelope_opens() {
        check("contact", "[]", Ok(0));
        check("contact", r#"[{"id":1},{"id":2}]"#, Ok(2));
        check("contact", r#"{"id":1,"data":[]}"#, Ok(1));
        check("contact", r#"{"total":2,"results":[{"id":1},{"id":2}]}"#, Ok(2));
        check("company", r#"{"companies":[{"id":1,"name":"x"}]}"#, Ok(1));
        check("company", r#"{"company":{"id":1}}"#, Ok(1));
        check("contact", r#"{"account_id":"9","data":{"contact":{"id":1}}}"#, Ok(1));
        check("agent", r#"{"agents":[{"id":1}]}"#, Ok(1));
        assert_eq!(rows("contact", br#"[{"user":{"id":7}}]"#), Ok(vec![serde_json::json!({"id": 7})]));
    }

    #[test]
    fn what_is_no_list_says_what_it_is() {
        check("contact", "", Err("nothing"));
        check("contact", " <html></html>", Err("an HTML page"));
        check("contact", r#"[{"id":1"#, Err("JSON that ends early"));
        check("contact", "OK", Err("other text"));
        check("contact", "null", Err("null"));
        check("contact", "{}", Err("an object without an id"));
        check("contact", r#"{"code":"invalid_credentials","message":"no"}"#, Err("an error answer (invalid_credentials)"));
        check("contact", r#"{"message":"You have exceeded the limit of requests per minute"}"#, Err("an error answer"));
        let invalid = r#"{"description":"Validation failed","errors":[{"field":"email","message":"taken","code":"duplicate_value"}]}"#;
        check("contact", invalid, Err("an error answer (duplicate_value)"));
        assert_eq!(rows("contact", &[0xff, 0xfe]), Err(drift("$", "JSON", "bytes that are no UTF-8")));
    }
}
