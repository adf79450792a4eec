//! What a value means, whatever type it came in: an answer that is read without metadata guesses its types, one that is read with it knows them.

use serde_json::Value as Json;
use syncline_model::{FieldType, Record, Value};

/// The value as it is compared: numbers as texts, an absent field as an empty one.
pub fn meaning(value: Option<&Value>) -> Json {
    match value.map_or(Json::Null, Value::to_plain) {
        Json::Number(number) => Json::String(number.to_string()),
        other @ (Json::Null | Json::Bool(_) | Json::String(_) | Json::Array(_) | Json::Object(_)) => other,
    }
}

/// Whether two records mean the same in this field.
pub fn same(one: &Record, other: &Record, field: &str) -> bool {
    meaning(one.field(field)) == meaning(other.field(field))
}

/// What a person typed in, as the engine would carry it to a field of this type.
pub fn value_of(json: &Json, field_type: &FieldType) -> Value {
    match (json, field_type) {
        (Json::Null | Json::Object(_), _) => Value::Null,
        (Json::Bool(flag), _) => Value::Bool(*flag),
        (Json::Number(number), _) => number.as_i64().map_or(Value::Null, Value::Integer),
        (Json::Array(items), _) => Value::set(items.iter().filter_map(Json::as_str).map(str::to_owned)),
        (Json::String(text), FieldType::Date) => text.parse().map_or(Value::Null, Value::Date),
        (Json::String(text), FieldType::DateTime) => text.parse().map_or(Value::Null, Value::DateTime),
        (Json::String(text), FieldType::Reference { .. }) => Value::Reference(text.as_str().into()),
        (Json::String(text), FieldType::Set { .. }) => Value::set([text.clone()]),
        (
            Json::String(text),
            FieldType::Bool
            | FieldType::Integer
            | FieldType::Decimal
            | FieldType::Text
            | FieldType::Email
            | FieldType::Phone
            | FieldType::Choice { .. }
            | FieldType::Id
            | FieldType::Other(_),
        ) => Value::text(text.as_str()),
    }
}
