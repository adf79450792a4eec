//! The vendor's JSON as records. A member that is absent was not read: users inside calls and teams carry a few only (fact sheet §2).

use jiff::Timestamp;
use serde_json::{Map, Value as Json};
use syncline_engine::ports::connector::BadRecord;
use syncline_model::{Fault, ObjectKind, Record, RecordId, Value};

use crate::fields::{AVAILABILITY_STATUS, Form, MEMBERS, STATUS, SUBSTATUS, USER};
use crate::status::{Availability, Reason, Status};

pub(crate) fn drift(path: &str, expected: &str, found: &str) -> Fault {
    Fault::Drift { path: path.to_owned(), expected: expected.to_owned(), found: found.to_owned() }
}

pub(crate) fn type_name(json: &Json) -> &'static str {
    match json {
        Json::Null => "null",
        Json::Bool(_) => "a boolean",
        Json::Number(_) => "a number",
        Json::String(_) => "a text",
        Json::Array(_) => "a list",
        Json::Object(_) => "an object",
    }
}

/// Whether a body is a page for browsers.
pub(crate) fn is_page(body: &[u8]) -> bool {
    body.trim_ascii_start().first() == Some(&b'<')
}

/// The body as JSON. The fault says what stands there instead, never its content.
pub(crate) fn json(body: &[u8]) -> Result<Json, Fault> {
    serde_json::from_slice(body).map_err(|error| {
        let found = if body.trim_ascii().is_empty() {
            "nothing"
        } else if is_page(body) {
            "an HTML page"
        } else if error.is_eof() {
            "JSON that ends early"
        } else {
            "other text"
        };
        drift("$", "JSON", found)
    })
}

/// A page of users: its rows, and what tells whether there is another.
pub(crate) struct Listed {
    pub(crate) rows: Vec<Json>,
    /// All records of the list, where the answer tells.
    pub(crate) total: Option<u64>,
    /// Whether the answer names a next page; `None` where it has no member for it.
    next: Option<bool>,
}

impl Listed {
    /// Reads `{"<plural>": […], "meta": {…}}`.
    pub(crate) fn read(plural: &str, body: &[u8]) -> Result<Self, Fault> {
        let mut body = json(body)?;
        let rows = match body.get_mut(plural).map(Json::take) {
            Some(Json::Array(rows)) => rows,
            Some(other) => return Err(drift(plural, "a list", type_name(&other))),
            None => return Err(drift("$", &format!("an object with {plural}"), type_name(&body))),
        };
        let meta = body.get("meta");
        let total = meta.and_then(|meta| meta.get("total")).and_then(Json::as_u64);
        let next = meta.and_then(|meta| meta.get("next_page_link")).map(|link| !link.is_null());
        Ok(Self { rows, total, next })
    }

    /// Whether rows follow after this page of so many: the link says so; else the total; else that the page is full. `count` is that of the
    /// page, and no sign of an end (fact sheet §5).
    pub(crate) fn has_next(&self, page: u32, rows: u32) -> bool {
        let by_total = || self.total.map(|total| u64::from(page) * u64::from(rows) < total);
        self.next.or_else(by_total).unwrap_or_else(|| self.rows.len() >= usize::try_from(rows).unwrap_or(usize::MAX))
    }

    /// The page on which the last row stands, as far as the total tells.
    pub(crate) fn last_page(&self, rows: u32) -> Option<u32> {
        self.total.and_then(|total| u32::try_from(total.div_ceil(u64::from(rows.max(1)))).ok())
    }
}

/// Reads an answer's body as records of any kind: a list, one, or a webhook's event.
pub(crate) fn decode(kind: &ObjectKind, body: &[u8]) -> Result<Vec<Result<Record, BadRecord>>, Fault> {
    let mut body = json(body)?;
    let name = kind.as_str();
    let plural = if name == "company" { "companies".to_owned() } else { format!("{name}s") };
    if body.get("id").is_some() {
        return Ok(vec![record(kind, &body)]);
    }
    let of_event = body.get("resource").and_then(Json::as_str) == Some(name);
    for member in [plural.as_str(), name, if of_event { "data" } else { name }] {
        match body.get_mut(member).map(Json::take) {
            Some(Json::Array(rows)) => return Ok(rows.iter().map(|row| record(kind, row)).collect()),
            Some(row @ Json::Object(_)) => return Ok(vec![record(kind, &row)]),
            Some(_) | None => {}
        }
    }
    let found = if body.get("error").is_some() { "an error answer" } else { type_name(&body) };
    Err(drift("$", &format!("a list of {name} records, or one"), found))
}

/// The one user of an answer `{"user": {…}}`.
pub(crate) fn one(body: &[u8]) -> Result<Record, Fault> {
    let body = json(body)?;
    match body.get(USER) {
        Some(user) => record(&ObjectKind::new(USER), user).map_err(|bad| bad.fault),
        None => Err(drift("$", "an object with user", type_name(&body))),
    }
}

/// Reads one row.
pub(crate) fn record(kind: &ObjectKind, row: &Json) -> Result<Record, BadRecord> {
    let Some(members) = row.as_object() else {
        return Err(BadRecord { id: None, fault: drift("$", &format!("a {kind}"), type_name(row)) });
    };
    let id = members.get("id").and_then(record_id);
    let Some(id) = id else {
        let found = members.get("id").map_or("nothing", type_name);
        return Err(BadRecord { id: None, fault: drift("id", "a whole number", found) });
    };
    let read = if kind.as_str() == USER { user(&id, members) } else { Ok(other(kind, &id, members)) };
    read.map_err(|fault| BadRecord { id: Some(id), fault })
}

/// An id: a whole number, or the same as text. 64 bits wide, so never through a float.
pub(crate) fn record_id(value: &Json) -> Option<RecordId> {
    let text = match value {
        Json::Number(number) if number.is_i64() || number.is_u64() => number.to_string(),
        Json::String(text) => text.clone(),
        Json::Number(_) | Json::Null | Json::Bool(_) | Json::Array(_) | Json::Object(_) => return None,
    };
    is_id(&text).then(|| RecordId::new(text))
}

/// Whether a text is an id of the vendor's.
pub(crate) fn is_id(text: &str) -> bool {
    !text.is_empty() && text.len() <= 20 && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn user(id: &RecordId, members: &Map<String, Json>) -> Result<Record, Fault> {
    let mut user = Record::new(ObjectKind::new(USER), id.clone()).with_field("id", Value::text(id.as_str()));
    for (name, form) in MEMBERS {
        if let Some(json) = members.get(*name) {
            user = user.with_field(*name, value(*form, json).map_err(|expected| drift(name, expected, type_name(json)))?);
        }
    }
    if let Some(status) = status(members)? {
        user = user
            .with_field(AVAILABILITY_STATUS, Value::text(status.availability.word()))
            .with_field(SUBSTATUS, status.reason.map_or(Value::Null, |reason| Value::text(reason.word())))
            .with_field(STATUS, Value::text(status.word()));
    }
    Ok(user)
}

/// What the user is set to; `None` where the answer does not tell. An absent substatus is none: accounts without the feature have it not.
/// `available` is never asked: it depends on hours and log-in (fact sheet §2: recorded).
fn status(members: &Map<String, Json>) -> Result<Option<Status>, Fault> {
    let word = |name: &str| match members.get(name) {
        Some(Json::String(text)) => Ok(Some(text.as_str())),
        None | Some(Json::Null) => Ok(None),
        Some(other) => Err(drift(name, "a text", type_name(other))),
    };
    let Some(availability) = word(AVAILABILITY_STATUS)? else { return Ok(None) };
    let reason = word(SUBSTATUS)?.and_then(Reason::read);
    let Some(availability) = Availability::read(availability) else {
        return Err(drift(AVAILABILITY_STATUS, "a status that Syncline knows", "another one"));
    };
    Ok(Some(Status::new(availability, reason)))
}

fn value(form: Form, json: &Json) -> Result<Value, &'static str> {
    match (form, json) {
        (_, Json::Null) => Ok(Value::Null),
        (Form::Text, Json::String(text)) => Ok(Value::text(text.as_str())),
        (Form::Text, Json::Number(number)) => Ok(Value::text(number.to_string())),
        (Form::Text, _) => Err("a text"),
        (Form::Number, Json::Number(number)) => number.as_i64().map(Value::Integer).ok_or("a whole number"),
        (Form::Number, _) => Err("a whole number"),
        (Form::Flag, Json::Bool(flag)) => Ok(Value::Bool(*flag)),
        (Form::Flag, _) => Err("a boolean"),
        (Form::Moment, json) => moment(json).map(Value::DateTime).ok_or("a time stamp"),
    }
}

/// ISO text, as users have it, or seconds, as calls have it (fact sheet §9).
fn moment(json: &Json) -> Option<Timestamp> {
    match json {
        Json::String(text) => text.parse().ok(),
        Json::Number(number) => number.as_i64().and_then(|second| Timestamp::from_second(second).ok()),
        Json::Null | Json::Bool(_) | Json::Array(_) | Json::Object(_) => None,
    }
}

/// A record of a kind that is decoded only: its plain members.
fn other(kind: &ObjectKind, id: &RecordId, members: &Map<String, Json>) -> Record {
    let mut record = Record::new(kind.clone(), id.clone());
    for (name, json) in members {
        let value = match json {
            Json::Null => Value::Null,
            Json::Bool(flag) => Value::Bool(*flag),
            Json::Number(number) => number.as_i64().map_or_else(|| Value::text(number.to_string()), Value::Integer),
            Json::String(text) => Value::text(text.as_str()),
            Json::Array(_) | Json::Object(_) => continue,
        };
        record = record.with_field(name.as_str(), value);
    }
    record
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn decoded(body: &Json) -> Record {
        decode(&ObjectKind::new(USER), body.to_string().as_bytes()).unwrap().remove(0).unwrap()
    }

    fn text(record: &Record, name: &str) -> Option<String> {
        record.field(name).map(|value| value.as_text().unwrap().unwrap_or_default().to_owned())
    }

    #[test]
    fn the_status_is_what_is_set_and_not_what_holds_at_the_moment() {
        let row = json!({"user": {"id": 1, "availability_status": "available", "available": false, "substatus": "always_opened"}});
        let user = decoded(&row);
        assert_eq!(text(&user, STATUS).as_deref(), Some("available"));
        assert_eq!(text(&user, SUBSTATUS).as_deref(), Some(""));
        let row = json!({"users": [{"id": "2", "availability_status": "unavailable", "substatus": "Back office"}]});
        assert_eq!(text(&decoded(&row), STATUS).as_deref(), Some("doing_back_office"));
    }

    #[test]
    fn a_user_inside_another_answer_has_no_status() {
        let nested = json!({"id": 456, "name": "Dana", "email": "dana@acme.example", "available": false, "language": "en-US"});
        assert_eq!(decoded(&nested).field(STATUS), None);
    }

    #[test]
    fn the_data_of_an_event_is_a_user() {
        let event = json!({"resource": "user", "event": "user.opened.v2", "data": {"id": 7, "availability_status": "available"}});
        assert_eq!(decoded(&event).id.as_str(), "7");
    }

    #[test]
    fn what_is_no_user_says_what_it_is() {
        let kind = ObjectKind::new(USER);
        for (body, found) in
            [("", "nothing"), ("<html>", "an HTML page"), ("[1", "JSON that ends early"), ("{\"error\":\"x\"}", "an error answer")]
        {
            let Err(Fault::Drift { found: told, .. }) = decode(&kind, body.as_bytes()) else { panic!("{body} is no user") };
            assert_eq!(told, found);
        }
        let bad = decode(&kind, br#"{"users":[{"name":"Nobody"},{"id":3,"availability_status":"asleep"}]}"#).unwrap();
        assert!(bad.iter().all(Result::is_err));
    }

    #[test]
    fn another_page_follows_as_the_link_says_then_the_total_then_a_full_page() {
        let has_next = |meta: &Json, rows: usize| {
            let body = json!({"users": vec![json!({}); rows], "meta": meta}).to_string();
            Listed::read("users", body.as_bytes()).unwrap().has_next(1, 2)
        };
        assert!(has_next(&json!({"next_page_link": "https://x.example", "total": 2}), 2));
        assert!(!has_next(&json!({"next_page_link": null, "total": 9}), 2));
        assert!(has_next(&json!({"total": 3}), 2) && !has_next(&json!({"total": 2}), 2));
        assert!(has_next(&json!({}), 2) && !has_next(&json!({}), 1));
    }
}
