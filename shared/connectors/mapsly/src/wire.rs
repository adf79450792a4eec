//! Records and values on the wire. Pure.

use serde_json::{Number, Value as Json};
use syncline_engine::ports::connector::BadRecord;
use syncline_model::{Fault, FieldType, ObjectKind, Record, RecordId, Value};

use crate::entities::ID;
use crate::faults::drift;

/// A value as it is sent to a field of this type; `None` where it does not fit.
pub(crate) fn json(value: &Value, field_type: &FieldType) -> Option<Json> {
    let fits = match field_type {
        FieldType::Bool => matches!(value, Value::Null | Value::Bool(_)),
        FieldType::Integer => matches!(value, Value::Null | Value::Integer(_)),
        FieldType::Decimal => matches!(value, Value::Null | Value::Integer(_) | Value::Decimal(_)),
        FieldType::Date => matches!(value, Value::Null | Value::Date(_)),
        FieldType::DateTime => matches!(value, Value::Null | Value::DateTime(_)),
        FieldType::Text
        | FieldType::Email
        | FieldType::Phone
        | FieldType::Choice { .. }
        | FieldType::Set { .. }
        | FieldType::Reference { .. }
        | FieldType::Id
        | FieldType::Other(_) => true,
    };
    fits.then(|| plain(value))
}

fn plain(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(flag) => Json::Bool(*flag),
        Value::Integer(number) => Json::from(*number),
        // As a number, to the last digit where it is one of JSON's.
        Value::Decimal(number) => {
            let text = number.normalize().to_string();
            text.parse::<f64>().ok().and_then(Number::from_f64).map_or(Json::String(text), Json::Number)
        }
        Value::Text(text) => Json::String(text.clone()),
        Value::Date(day) => Json::String(day.to_string()),
        Value::DateTime(moment) => Json::String(moment.to_string()),
        Value::Set(items) => Json::String(items.iter().cloned().collect::<Vec<_>>().join(", ")),
        Value::Reference(id) => Json::String(id.as_str().to_owned()),
    }
}

/// Records as we send them: a list, one, or `records` around a list. Types are guessed.
pub(crate) fn decode(kind: &ObjectKind, body: &[u8]) -> Result<Vec<Result<Record, BadRecord>>, Fault> {
    let json: Json = serde_json::from_slice(body).map_err(|_| drift("body", "JSON", "something else"))?;
    let rows = match &json {
        Json::Array(rows) => rows.clone(),
        Json::Object(members) => match members.get("records").and_then(Json::as_array) {
            Some(rows) => rows.clone(),
            None if members.contains_key(ID) => vec![json.clone()],
            None => return Err(drift("body", "records", "an object without an id")),
        },
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => return Err(drift("body", "records", "a plain value")),
    };
    Ok(rows.iter().map(|row| record(kind, row)).collect())
}

fn record(kind: &ObjectKind, row: &Json) -> Result<Record, BadRecord> {
    let id = match row.get(ID) {
        Some(Json::String(text)) if !text.is_empty() => RecordId::new(text.as_str()),
        Some(Json::Number(number)) => RecordId::new(number.to_string()),
        Some(Json::Null | Json::Bool(_) | Json::String(_) | Json::Array(_) | Json::Object(_)) | None => {
            return Err(BadRecord { id: None, fault: drift(ID, "a text", "something else") });
        }
    };
    let mut record = Record::new(kind.clone(), id.clone());
    for (name, json) in row.as_object().into_iter().flatten() {
        let value = match json {
            Json::Null => Value::Null,
            Json::Bool(flag) => Value::Bool(*flag),
            Json::String(text) => Value::text(text.as_str()),
            Json::Number(number) => match (number.as_i64(), number.to_string().parse()) {
                (Some(whole), _) => Value::Integer(whole),
                (None, Ok(decimal)) => Value::Decimal(decimal),
                (None, Err(_)) => return Err(BadRecord { id: Some(id), fault: drift(name, "a number of usual size", "a larger one") }),
            },
            Json::Array(_) | Json::Object(_) => {
                return Err(BadRecord { id: Some(id), fault: drift(name, "a plain value", "a list or object") });
            }
        };
        record.fields.insert(name.as_str().into(), value);
    }
    Ok(record)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_does_not_fit_its_type_is_not_sent() {
        let day = Value::Date("2026-11-22".parse().unwrap());
        assert_eq!(json(&day, &FieldType::Date), Some(Json::from("2026-11-22")));
        assert_eq!(json(&day, &FieldType::DateTime), None);
        assert_eq!(json(&Value::Decimal("12.50".parse().unwrap()), &FieldType::Decimal), Some(Json::from(12.5)));
        assert_eq!(json(&Value::text("12"), &FieldType::Integer), None);
    }

    #[test]
    fn records_are_read_as_they_are_sent() {
        for body in [r#"{"records":[{"id":"7","name":"Ida"}]}"#, r#"[{"id":7,"name":"Ida"}]"#, r#"{"id":"7","name":"Ida"}"#] {
            let rows = decode(&"Contacts".into(), body.as_bytes()).unwrap();
            let record = rows[0].as_ref().unwrap();
            assert!(record.id.as_str() == "7" && record.field("name") == Some(&Value::text("Ida")), "{body}");
        }
        assert!(decode(&"Contacts".into(), b"{}").is_err());
        assert!(decode(&"Contacts".into(), b"[{}]").unwrap()[0].is_err());
    }
}
