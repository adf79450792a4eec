//! Canonical values: what a field holds, whatever its vendor's wire form.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::RecordId;

/// A field's value. An absent field is not a value: it was not read.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    /// The field is empty. Vendors' empty strings are read as this.
    Null,
    Bool(bool),
    Integer(i64),
    Decimal(Decimal),
    Text(String),
    /// A day, without a time zone.
    Date(Date),
    /// A moment, in UTC.
    DateTime(Timestamp),
    /// A set of texts: order and repetition carry no meaning.
    Set(BTreeSet<String>),
    /// Another record of the same connection.
    Reference(RecordId),
}

/// A value was asked for as something that it is not. Carries types only, never the value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected}, found {found}")]
pub struct NotThisType {
    pub expected: &'static str,
    pub found: &'static str,
}

impl Value {
    /// Text, where the empty text is `Null`: no vendor here tells the two apart.
    pub fn text(text: impl Into<String>) -> Self {
        let text = text.into();
        if text.is_empty() { Self::Null } else { Self::Text(text) }
    }

    /// A set, where the empty set is `Null`.
    pub fn set(items: impl IntoIterator<Item = String>) -> Self {
        let items: BTreeSet<String> = items.into_iter().collect();
        if items.is_empty() { Self::Null } else { Self::Set(items) }
    }

    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The type's name, for people.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "bool",
            Self::Integer(_) => "integer",
            Self::Decimal(_) => "decimal",
            Self::Text(_) => "text",
            Self::Date(_) => "date",
            Self::DateTime(_) => "date-time",
            Self::Set(_) => "set",
            Self::Reference(_) => "reference",
        }
    }

    /// The text inside; `None` for null.
    pub fn as_text(&self) -> Result<Option<&str>, NotThisType> {
        match self {
            Self::Null => Ok(None),
            Self::Text(text) => Ok(Some(text)),
            Self::Bool(_) | Self::Integer(_) | Self::Decimal(_) | Self::Date(_) | Self::DateTime(_) | Self::Set(_) | Self::Reference(_) => {
                Err(NotThisType { expected: "text", found: self.type_name() })
            }
        }
    }

    /// The record referred to; `None` for null.
    pub fn as_reference(&self) -> Result<Option<&RecordId>, NotThisType> {
        match self {
            Self::Null => Ok(None),
            Self::Reference(id) => Ok(Some(id)),
            Self::Bool(_) | Self::Integer(_) | Self::Decimal(_) | Self::Text(_) | Self::Date(_) | Self::DateTime(_) | Self::Set(_) => {
                Err(NotThisType { expected: "reference", found: self.type_name() })
            }
        }
    }

    /// The value as a person writes it in JSON: a string for text, dates, decimals and references, a sorted list for a set.
    pub fn to_plain(&self) -> serde_json::Value {
        use serde_json::Value as Json;
        match self {
            Self::Null => Json::Null,
            Self::Bool(value) => Json::Bool(*value),
            Self::Integer(value) => Json::from(*value),
            Self::Decimal(value) => Json::String(value.normalize().to_string()),
            Self::Text(value) => Json::String(value.clone()),
            Self::Date(value) => Json::String(value.to_string()),
            Self::DateTime(value) => Json::String(value.to_string()),
            Self::Set(value) => Json::from(value.iter().cloned().collect::<Vec<_>>()),
            Self::Reference(value) => Json::String(value.as_str().to_owned()),
        }
    }
}

/// Shows the type, never the value: records pass through logs and test failures.
impl std::fmt::Debug for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "<{}>", self.type_name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_text_and_empty_set_are_null() {
        assert!(Value::text("").is_null());
        assert!(Value::set([]).is_null());
        assert!(Value::text("a") == Value::Text("a".into()));
    }

    #[test]
    fn debug_shows_no_value() {
        assert_eq!(format!("{:?}", Value::text("ida@nordwerk.example")), "<text>");
    }

    #[test]
    fn stored_form_round_trips() {
        let values = vec![
            Value::Null,
            Value::Bool(true),
            Value::Integer(-7),
            Value::Decimal("12.50".parse().unwrap()),
            Value::Text("x".into()),
            Value::Date("2026-11-22".parse().unwrap()),
            Value::DateTime("2026-11-22T10:00:00Z".parse().unwrap()),
            Value::set(["b".into(), "a".into()]),
            Value::Reference(RecordId::new("001")),
        ];
        let stored = serde_json::to_string(&values).unwrap();
        let back: Vec<Value> = serde_json::from_str(&stored).unwrap();
        assert!(back == values);
    }
}
