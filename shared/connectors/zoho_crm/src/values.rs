//! Values on the wire: what a field's JSON means, and what is sent for a value (fact sheet §2).

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde_json::{Number, Value as Json, json};
use syncline_model::{FieldType, Value};

use crate::calls::stamp;
use crate::object::is_bare;

/// Reads a field whose type the metadata told. The error says what was expected.
pub(crate) fn read(json: &Json, field_type: &FieldType) -> Result<Value, &'static str> {
    // Empty texts stand for nothing, also where a composed field has them instead of null.
    if json.is_null() || json.as_str() == Some("") {
        return Ok(Value::Null);
    }
    match field_type {
        FieldType::Bool => match json.as_str() {
            None => json.as_bool().map(Value::Bool).ok_or("a boolean"),
            Some(text) => text.parse().map(Value::Bool).map_err(|_| "a boolean"),
        },
        FieldType::Integer => match json {
            Json::Number(number) => number_of(number).ok_or("a whole number"),
            Json::String(text) => text.parse().map(Value::Integer).map_err(|_| "a whole number"),
            Json::Null | Json::Bool(_) | Json::Array(_) | Json::Object(_) => Err("a whole number"),
        },
        FieldType::Decimal => scalar(json).and_then(|text| decimal(&text)).map(Value::Decimal).ok_or("a number"),
        FieldType::Date => json.as_str().and_then(day).map(Value::Date).ok_or("a date"),
        FieldType::DateTime => json.as_str().and_then(moment).map(Value::DateTime).ok_or("a time stamp with an offset"),
        FieldType::Set { .. } => texts(json).map(Value::set).ok_or("a list of texts"),
        FieldType::Reference { .. } => reference(json).ok_or("an object with an id"),
        FieldType::Text | FieldType::Email | FieldType::Phone | FieldType::Choice { .. } | FieldType::Id => {
            scalar(json).or_else(|| name_of(json)).map(Value::text).ok_or("a text")
        }
        FieldType::Other(_) => Ok(guess(json)),
    }
}

/// Reads a field by its JSON alone: for recorded answers, whose metadata nobody has.
pub(crate) fn guess(json: &Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(flag) => Value::Bool(*flag),
        Json::Number(number) => number_of(number).unwrap_or(Value::Null),
        Json::String(text) => match (moment(text), day(text)) {
            (Some(at), _) => Value::DateTime(at),
            (None, Some(date)) => Value::Date(date),
            (None, None) => Value::text(text.as_str()),
        },
        Json::Array(_) => texts(json).map_or(Value::Null, Value::set),
        Json::Object(_) => reference(json).unwrap_or(Value::Null),
    }
}

/// What is sent for a value; the type decides where the value alone does not.
pub(crate) fn write(value: &Value, field_type: Option<&FieldType>) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(flag) => Json::Bool(*flag),
        Value::Integer(number) => json!(number),
        // As a number: a text would be refused.
        Value::Decimal(number) => serde_json::from_str(&number.normalize().to_string()).unwrap_or_else(|_| json!(number.to_string())),
        Value::Text(text) => match field_type {
            Some(FieldType::Reference { .. }) => json!({ "id": text }),
            Some(_) | None => json!(text),
        },
        Value::Date(date) => json!(date.to_string()),
        Value::DateTime(at) => json!(stamp(*at)),
        Value::Set(items) => json!(items),
        Value::Reference(id) => json!({ "id": id.as_str() }),
    }
}

/// Every text and number that a body carries: none of them may come back in a sentence.
pub(crate) fn sent(body: &Json) -> Vec<String> {
    let mut found = Vec::new();
    collect(body, &mut found);
    found.sort_by_key(|value| std::cmp::Reverse(value.chars().count()));
    found
}

fn collect(json: &Json, found: &mut Vec<String>) {
    match json {
        Json::String(text) if !text.is_empty() => found.push(text.clone()),
        Json::Number(number) => found.push(number.to_string()),
        Json::Array(items) => items.iter().for_each(|item| collect(item, found)),
        Json::Object(members) => members.values().for_each(|member| collect(member, found)),
        Json::String(_) | Json::Null | Json::Bool(_) => {}
    }
}

fn number_of(number: &Number) -> Option<Value> {
    match number.as_i64() {
        Some(integer) => Some(Value::Integer(integer)),
        None => decimal(&number.to_string()).map(Value::Decimal),
    }
}

fn decimal(text: &str) -> Option<Decimal> {
    text.parse().ok().or_else(|| Decimal::from_scientific(text).ok())
}

/// A lookup, an owner: `{name, id}`; or the id alone.
fn reference(json: &Json) -> Option<Value> {
    let id = json.get("id").unwrap_or(json);
    let text = scalar(id)?;
    is_bare(&text).then(|| Value::Reference(text.as_str().into()))
}

/// A list of texts, or of objects with a name (tags).
fn texts(json: &Json) -> Option<Vec<String>> {
    match json {
        Json::Array(items) => items.iter().map(|item| scalar(item).or_else(|| name_of(item))).collect(),
        Json::String(text) => Some(vec![text.clone()]),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Object(_) => None,
    }
}

fn name_of(json: &Json) -> Option<String> {
    json.get("name").and_then(Json::as_str).map(str::to_owned)
}

fn scalar(json: &Json) -> Option<String> {
    match json {
        Json::String(text) => Some(text.clone()),
        Json::Number(number) => Some(number.to_string()),
        Json::Bool(flag) => Some(flag.to_string()),
        Json::Null | Json::Array(_) | Json::Object(_) => None,
    }
}

/// `2019-07-25T15:26:49+05:30`.
pub(crate) fn moment(text: &str) -> Option<Timestamp> {
    let shaped = (20..=35).contains(&text.len()) && text.as_bytes().get(10) == Some(&b'T');
    shaped.then(|| text.parse().ok())?
}

/// `1990-02-03`, nothing longer.
pub(crate) fn day(text: &str) -> Option<Date> {
    (text.len() == 10 && text.as_bytes().get(4) == Some(&b'-')).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_type_reads_its_own_json() {
        let plain = |json: Json, field_type: FieldType| read(&json, &field_type).map(|value| value.to_plain());
        assert_eq!(plain(json!("1990-02-03"), FieldType::Date), Ok(json!("1990-02-03")));
        assert_eq!(plain(json!("2026-05-14T14:37:59+03:00"), FieldType::DateTime), Ok(json!("2026-05-14T11:37:59Z")));
        assert_eq!(
            plain(json!({"name": "Acme", "id": "6493490000001291001"}), FieldType::Reference { to: Vec::new() }),
            Ok(json!("6493490000001291001"))
        );
        assert_eq!(plain(json!(["b", "a"]), FieldType::Set { choices: Vec::new() }), Ok(json!(["a", "b"])));
        assert_eq!(plain(json!(12.5), FieldType::Decimal), Ok(json!("12.5")));
        assert_eq!(plain(json!(""), FieldType::Date), Ok(Json::Null));
        assert_eq!(plain(json!(false), FieldType::Bool), Ok(json!(false)));
        assert_eq!(plain(json!("2026-02-11"), FieldType::Text), Ok(json!("2026-02-11")), "a text stays one");
        assert_eq!(plain(json!([1]), FieldType::Date), Err("a date"));
        assert_eq!(plain(json!({"name": "x"}), FieldType::Reference { to: Vec::new() }), Err("an object with an id"));
    }

    #[test]
    fn what_is_sent_has_the_vendors_form() {
        let reference = FieldType::Reference { to: Vec::new() };
        assert_eq!(write(&Value::Reference("7".into()), None), json!({"id": "7"}));
        assert_eq!(write(&Value::text("7"), Some(&reference)), json!({"id": "7"}));
        assert_eq!(write(&Value::Decimal("12.50".parse().unwrap()), None), json!(12.5));
        assert_eq!(write(&Value::DateTime("2026-11-22T10:00:00.9Z".parse().unwrap()), None), json!("2026-11-22T10:00:00+00:00"));
        assert_eq!(write(&Value::Null, Some(&reference)), Json::Null);
    }

    #[test]
    fn without_metadata_types_are_guessed_by_form() {
        assert_eq!(guess(&json!("2026-05-14T14:37:59+03:00")).type_name(), "date-time");
        assert_eq!(guess(&json!("2026-05-14")).type_name(), "date");
        assert_eq!(guess(&json!("2026-05-14x")).type_name(), "text");
        assert_eq!(guess(&json!({"name": "a", "id": "1"})).type_name(), "reference");
        assert_eq!(guess(&json!([{"name": "vip"}])).type_name(), "set");
    }
}
