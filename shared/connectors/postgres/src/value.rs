//! Values on their way to and from a row, whose form is JSON: exact for numbers of any length.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde_json::value::RawValue;
use serde_json::{Value as Json, json};
use syncline_model::{FieldType, Timestamp, Value};

/// A row's columns, each as the text of its JSON.
pub(crate) type Columns = BTreeMap<String, Box<RawValue>>;

/// A value as a statement takes it.
pub(crate) fn written(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(flag) => json!(flag),
        Value::Integer(number) => json!(number),
        // As a text, so that no digit is lost on the way.
        Value::Decimal(number) => json!(number.to_string()),
        Value::Text(text) => json!(text),
        Value::Date(day) => json!(day.to_string()),
        Value::DateTime(moment) => json!(moment.to_string()),
        Value::Set(items) => json!(items),
        Value::Reference(id) => json!(id.as_str()),
    }
}

/// A column's value by its type. `Err` is the form that was expected: `infinity` is no moment, and a number may be too long.
pub(crate) fn read(raw: &RawValue, field_type: &FieldType) -> Result<Value, &'static str> {
    let json: Json = serde_json::from_str(raw.get()).map_err(|_| "JSON")?;
    if json.is_null() {
        return Ok(Value::Null);
    }
    let text = json.as_str();
    match field_type {
        FieldType::Bool => json.as_bool().map(Value::Bool).ok_or("a truth value"),
        FieldType::Integer => json.as_i64().map(Value::Integer).ok_or("a whole number"),
        FieldType::Decimal => decimal(raw.get()).map(Value::Decimal).ok_or("a number of at most 28 digits"),
        FieldType::Date => text.and_then(|text| text.parse().ok()).map(Value::Date).ok_or("a day"),
        FieldType::DateTime => text.and_then(moment).map(Value::DateTime).ok_or("a moment"),
        FieldType::Reference { .. } => text.map(|text| Value::Reference(text.into())).ok_or("an id"),
        FieldType::Set { .. } => {
            let items = json.as_array().ok_or("a list")?;
            let texts = items.iter().filter(|item| !item.is_null()).map(|item| item.as_str().map(str::to_owned));
            texts.collect::<Option<Vec<_>>>().map(Value::set).ok_or("a list of texts")
        }
        FieldType::Text | FieldType::Email | FieldType::Phone | FieldType::Choice { .. } | FieldType::Id => {
            text.map(Value::text).ok_or("a text")
        }
        FieldType::Other(_) => Ok(Value::text(text.map_or_else(|| raw.get().to_owned(), str::to_owned))),
    }
}

/// A value whose type nobody told: texts stay texts, but for a moment as PostgreSQL writes one.
pub(crate) fn guessed(raw: &RawValue) -> Value {
    let field_type = match raw.get().as_bytes().first() {
        Some(b't' | b'f') => FieldType::Bool,
        Some(b'"') if raw.get().ends_with("+00:00\"") && moment(raw.get().trim_matches('"')).is_some() => FieldType::DateTime,
        Some(b'"') => FieldType::Text,
        Some(b'[') => FieldType::Set { choices: Vec::new() },
        Some(b'-' | b'0'..=b'9') if raw.get().contains(['.', 'e', 'E']) => FieldType::Decimal,
        Some(b'-' | b'0'..=b'9') => FieldType::Integer,
        Some(_) | None => FieldType::Other("json".to_owned()),
    };
    read(raw, &field_type).or_else(|_| read(raw, &FieldType::Other("json".to_owned()))).unwrap_or(Value::Null)
}

/// `2026-11-22T10:00:00.123456+00:00`, as PostgreSQL writes a moment into JSON.
pub(crate) fn moment(text: &str) -> Option<Timestamp> {
    text.parse().ok()
}

fn decimal(text: &str) -> Option<Decimal> {
    let number = if text.contains(['e', 'E']) { Decimal::from_scientific(text) } else { Decimal::from_str_exact(text) };
    number.ok().map(|number| number.normalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(text: &str) -> Box<RawValue> {
        RawValue::from_string(text.to_owned()).unwrap()
    }

    #[test]
    fn a_number_keeps_all_its_digits() {
        let long = "12345678901234567890.12";
        let Value::Decimal(number) = read(&raw(long), &FieldType::Decimal).unwrap() else { panic!() };
        assert_eq!(number.to_string(), long);
        assert!(read(&raw("1e-7"), &FieldType::Decimal).unwrap() == Value::Decimal("0.0000001".parse().unwrap()));
        assert!(read(&raw("\"NaN\""), &FieldType::Decimal).is_err());
        assert_eq!(written(&Value::Decimal("0.10".parse().unwrap())), json!("0.10"));
    }

    #[test]
    fn what_is_no_moment_is_told_and_empty_texts_and_lists_are_null() {
        let date_time = FieldType::DateTime;
        assert!(
            read(&raw("\"2026-11-22T10:00:00.5+00:00\""), &date_time).unwrap()
                == Value::DateTime("2026-11-22T10:00:00.5Z".parse().unwrap())
        );
        assert!(read(&raw("\"infinity\""), &date_time).is_err());
        for (text, field_type) in [("\"\"", FieldType::Text), ("[]", FieldType::Set { choices: vec![] }), ("null", FieldType::Bool)] {
            assert!(read(&raw(text), &field_type).unwrap().is_null());
        }
    }
}
