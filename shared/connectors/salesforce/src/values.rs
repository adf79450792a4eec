//! Wire form and canonical values, both ways: by the described type where there is one, else by the JSON itself.

use std::str::FromStr;

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use syncline_model::{Date, Fault, Timestamp, Value};

use crate::id;
use crate::wire::{Node, Object};

/// How a described field travels (fact sheet §2.7: recorded).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WireType {
    Bool,
    Integer,
    Decimal,
    Text,
    Date,
    DateTime,
    /// `A;B;C` in one string.
    Set,
    Reference,
    /// The record's own id, and phone, picklist and the like travel as text; this one is normalised.
    Id,
}

impl WireType {
    fn expected(self) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::Integer => "whole number",
            Self::Decimal => "number",
            Self::Text => "string",
            Self::Date => "date",
            Self::DateTime => "date-time",
            Self::Set => "string of values",
            Self::Reference | Self::Id => "id",
        }
    }
}

/// Reads a value of a described type.
///
/// # Errors
/// `Fault::Drift` with the path and the types where it does not have that type.
pub(crate) fn typed(node: &Node, wire: WireType, path: &str) -> Result<Value, Fault> {
    let drift = || Fault::Drift { path: path.into(), expected: wire.expected().into(), found: node.type_name().into() };
    if matches!(node, Node::Null) || node.as_text().is_some_and(str::is_empty) {
        return Ok(Value::Null);
    }
    match wire {
        WireType::Bool => node.as_bool().map(Value::Bool).ok_or_else(drift),
        WireType::Integer => match node {
            Node::Number(text) => whole(text).map(Value::Integer).ok_or_else(drift),
            Node::Null | Node::Bool(_) | Node::Text(_) | Node::List(_) | Node::Object(_) => Err(drift()),
        },
        WireType::Decimal => match node {
            Node::Number(text) => decimal(text).map(Value::Decimal).ok_or_else(drift),
            Node::Null | Node::Bool(_) | Node::Text(_) | Node::List(_) | Node::Object(_) => Err(drift()),
        },
        WireType::Text => match node {
            Node::Text(text) | Node::Number(text) => Ok(Value::text(text.clone())),
            Node::Null | Node::Bool(_) | Node::List(_) | Node::Object(_) => Err(drift()),
        },
        WireType::Date => node.as_text().and_then(date).map(Value::Date).ok_or_else(drift),
        WireType::DateTime => node.as_text().and_then(date_time).map(Value::DateTime).ok_or_else(drift),
        WireType::Set => {
            let items = node.as_text().ok_or_else(drift)?.split(';').map(str::trim).filter(|item| !item.is_empty());
            Ok(Value::set(items.map(str::to_owned)))
        }
        WireType::Reference => node.as_text().map(|text| Value::Reference(id::record_id(text))).ok_or_else(drift),
        WireType::Id => node.as_text().map(|text| Value::text(id::record_id(text).as_str())).ok_or_else(drift),
    }
}

/// Reads a scalar by what the JSON shows: `…Id` members with an id are references, strings that are dates are dates.
///
/// # Errors
/// `Fault::Drift` for a number that no canonical value holds, and for lists and objects.
pub(crate) fn guessed(node: &Node, path: &str) -> Result<Value, Fault> {
    let name = path.rsplit('.').next().unwrap_or(path);
    match node {
        Node::Null => Ok(Value::Null),
        Node::Bool(value) => Ok(Value::Bool(*value)),
        Node::Number(text) if !text.contains(['.', 'e', 'E']) && text.parse::<i64>().is_ok() => typed(node, WireType::Integer, path),
        Node::Number(_) => typed(node, WireType::Decimal, path),
        Node::Text(text) if name == "Id" && id::is_id(text) => typed(node, WireType::Id, path),
        Node::Text(text) if name.ends_with("Id") && id::is_id(text) => typed(node, WireType::Reference, path),
        Node::Text(text) => {
            Ok(date(text).map(Value::Date).or_else(|| date_time(text).map(Value::DateTime)).unwrap_or_else(|| Value::text(text.clone())))
        }
        Node::List(_) | Node::Object(_) => {
            Err(Fault::Drift { path: path.into(), expected: "a single value".into(), found: node.type_name().into() })
        }
    }
}

/// Flattens a record's members to fields: nested parents with dots, `attributes` and the rows of sub-selects (records of their own) left out.
///
/// # Errors
/// `Fault::Drift` of the first member that cannot be read.
pub(crate) fn flatten(members: &Object, prefix: &str, fields: &mut Vec<(String, Value)>) -> Result<(), Fault> {
    for (key, node) in members {
        if key == "attributes" {
            continue;
        }
        let path = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
        match node {
            Node::Object(inner) if inner.contains_key("records") && inner.contains_key("totalSize") => {}
            Node::Object(inner) => flatten(inner, &path, fields)?,
            Node::List(_) => {}
            Node::Null | Node::Bool(_) | Node::Number(_) | Node::Text(_) => fields.push((path.clone(), guessed(node, &path)?)),
        }
    }
    Ok(())
}

/// A value as it is written. The described type decides where one canonical value has several forms.
pub(crate) fn to_wire(value: &Value, wire: Option<WireType>) -> Node {
    match value {
        Value::Null => Node::Null,
        Value::Bool(value) if wire == Some(WireType::Text) => Node::Text(value.to_string()),
        Value::Bool(value) => Node::Bool(*value),
        Value::Integer(value) if wire == Some(WireType::Text) => Node::Text(value.to_string()),
        Value::Integer(value) => Node::Number(value.to_string()),
        Value::Decimal(value) if wire == Some(WireType::Text) => Node::Text(value.to_string()),
        Value::Decimal(value) => Node::Number(value.to_string()),
        Value::Text(text) => Node::Text(text.clone()),
        Value::Date(value) => Node::Text(value.to_string()),
        Value::DateTime(value) => Node::Text(value.to_string()),
        Value::Set(items) => Node::Text(items.iter().map(String::as_str).collect::<Vec<_>>().join(";")),
        Value::Reference(id) => Node::Text(id.as_str().to_owned()),
    }
}

/// The texts under which a value may come back inside a vendor's sentence.
pub(crate) fn traces(value: &Value) -> Vec<String> {
    match value {
        Value::Null | Value::Bool(_) | Value::Reference(_) => Vec::new(),
        Value::Text(text) if text.trim().len() < text.len() => vec![text.clone(), text.trim().to_owned()],
        Value::Text(text) => vec![text.clone()],
        Value::Set(items) => items.iter().cloned().collect(),
        Value::Integer(_) | Value::Decimal(_) | Value::Date(_) | Value::DateTime(_) => {
            to_wire(value, Some(WireType::Text)).as_text().map(str::to_owned).into_iter().collect()
        }
    }
}

fn whole(text: &str) -> Option<i64> {
    text.parse().ok().or_else(|| decimal(text).filter(Decimal::is_integer).and_then(|number| number.to_i64()))
}

fn decimal(text: &str) -> Option<Decimal> {
    if text.contains(['e', 'E']) { Decimal::from_scientific(text).ok() } else { Decimal::from_str(text).ok() }
}

/// A day `YYYY-MM-DD`, and nothing else.
fn date(text: &str) -> Option<Date> {
    if text.len() == 10 && text.as_bytes()[4] == b'-' { text.parse().ok() } else { None }
}

/// `2026-05-01T07:25:37.000+0000` (no colon: not RFC 3339; fact sheet §2.7: recorded), and the usual forms.
pub(crate) fn date_time(text: &str) -> Option<Timestamp> {
    if text.len() < 20 || text.as_bytes()[10] != b'T' || !text.is_ascii() {
        return None;
    }
    let (head, tail) = text.split_at(text.len() - 5);
    if tail.starts_with(['+', '-']) && tail[1..].bytes().all(|byte| byte.is_ascii_digit()) {
        return format!("{head}{}:{}", &tail[..3], &tail[3..]).parse().ok();
    }
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(json: &str) -> Node {
        Node::parse(json.as_bytes()).unwrap()
    }

    #[test]
    fn the_described_type_decides() {
        let cases = [
            ("\"A;B; C\"", WireType::Set, Value::set(["A".into(), "B".into(), "C".into()])),
            ("\"B\"", WireType::Text, Value::text("B")),
            ("\"2026-05-01\"", WireType::Text, Value::text("2026-05-01")),
            ("7.0", WireType::Integer, Value::Integer(7)),
            ("50000", WireType::Decimal, Value::Decimal("50000".parse().unwrap())),
            ("1.5E3", WireType::Decimal, Value::Decimal("1500".parse().unwrap())),
            ("\"2026-05-01T07:25:37.000+0000\"", WireType::DateTime, Value::DateTime("2026-05-01T07:25:37Z".parse().unwrap())),
            ("\"2026-05-01T09:25:37.000+0200\"", WireType::DateTime, Value::DateTime("2026-05-01T07:25:37Z".parse().unwrap())),
            ("\"001ak00000OQTie\"", WireType::Reference, Value::Reference("001ak00000OQTieAAH".into())),
            ("\"\"", WireType::Date, Value::Null),
            ("null", WireType::Bool, Value::Null),
        ];
        for (json, wire, expect) in cases {
            assert!(typed(&node(json), wire, "F").unwrap() == expect, "{json}");
        }
    }

    #[test]
    fn a_wrong_type_names_place_and_types_but_no_value() {
        let fault = typed(&node("\"secret-text\""), WireType::Bool, "Vip__c").unwrap_err();
        assert_eq!(fault, Fault::Drift { path: "Vip__c".into(), expected: "bool".into(), found: "string".into() });
    }

    #[test]
    fn amounts_pass_through_no_float() {
        let amount = guessed(&node("0.1000000000000000055511151231"), "Amount").unwrap();
        assert!(amount == Value::Decimal("0.1000000000000000055511151231".parse().unwrap()));
        assert_eq!(to_wire(&amount, Some(WireType::Decimal)).to_json(), "0.1000000000000000055511151231");
        assert!(guessed(&node("9007199254740993"), "N").unwrap() == Value::Integer(9_007_199_254_740_993));
    }
}
