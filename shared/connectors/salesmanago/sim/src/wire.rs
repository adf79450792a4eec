//! The envelope: 200 with `success` and `message`, also where the answer is no (fact sheet §2).

use serde_json::{Map, Value, json};
use syncline_simulator::{Response, answer, json as answer_json};

/// Why a call was refused.
#[derive(Clone, Debug)]
pub(crate) enum Failure {
    /// 200 with `success: false` and these words.
    Said(String),
    /// An answer of a gateway before the application: this status, with a page for browsers.
    Page(u16),
    /// 429.
    TooMany,
}

impl Failure {
    pub(crate) fn said(words: impl Into<String>) -> Self {
        Self::Said(words.into())
    }

    pub(crate) fn into_response(self, message_is_text: bool) -> Response {
        let said = |status: u16, words: String| {
            let message = if message_is_text { json!(words) } else { json!([words]) };
            answer_json(status, &json!({"success": false, "message": message}))
        };
        match self {
            Self::Said(words) => said(200, words),
            Self::Page(status) => {
                answer(status, "text/html; charset=utf-8", "<html><head><title>SALESmanago</title></head><body></body></html>")
            }
            Self::TooMany => said(429, "Too many requests".to_owned()),
        }
    }
}

/// The members of an answer beside `success` and `message`.
pub(crate) type Payload = Map<String, Value>;

/// What a call answers.
pub(crate) enum Answer {
    Payload(Payload),
    /// 200 and not a byte.
    Nothing,
    /// Still at work: `message` says so.
    AtWork(&'static str),
    /// A file.
    File(Value),
}

impl Answer {
    /// One member.
    pub(crate) fn one(name: &str, value: Value) -> Self {
        Self::Payload(Map::from_iter([(name.to_owned(), value)]))
    }

    pub(crate) fn into_response(self) -> Response {
        match self {
            Self::Payload(payload) => {
                let mut body = Map::from_iter([("success".to_owned(), json!(true)), ("message".to_owned(), json!([]))]);
                body.extend(payload);
                answer_json(200, &Value::Object(body))
            }
            Self::Nothing => answer(200, "application/json;charset=UTF-8", ""),
            Self::AtWork(words) => answer_json(200, &json!({"success": true, "message": [words]})),
            Self::File(value) => answer_json(200, &value),
        }
    }
}

pub(crate) type Result<T = Answer> = std::result::Result<T, Failure>;

/// A member that must be an object.
pub(crate) fn object<'a>(body: &'a Map<String, Value>, name: &str) -> Result<&'a Map<String, Value>> {
    body.get(name).and_then(Value::as_object).ok_or_else(|| Failure::said(format!("{name} cannot be empty")))
}

/// A member that must be a list, of at most so many.
pub(crate) fn list<'a>(body: &'a Map<String, Value>, name: &str, most: usize) -> Result<&'a [Value]> {
    let rows = body.get(name).and_then(Value::as_array).ok_or_else(|| Failure::said(format!("{name} cannot be empty")))?;
    if rows.len() > most {
        return Err(Failure::said(format!("{name} has more than {most} elements")));
    }
    Ok(rows)
}

/// A text that is not empty.
pub(crate) fn text<'a>(body: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    body.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
}
