//! SOQL: building it, and escaping what is put into it.

use syncline_model::mutant::{Mutant, planted};
use syncline_model::{Timestamp, Value};

use crate::id;
use crate::values::WireType;

/// A request's whole address must stay below 16,384 bytes with its headers (fact sheet §3.1: documented); this is ours for the query.
pub(crate) const QUERY_BYTES_MAX: usize = 12_000;

/// The marks that stay as they are in a query's address.
const KEEP: &percent_encoding::AsciiSet =
    &percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b',').remove(b'(').remove(b')');

pub(crate) fn encode(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, KEEP).to_string()
}

/// Whether a field or object name may stand in a query: it comes from a config, and a query takes no parameters.
pub(crate) fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name.split('.').all(|step| {
            step.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic())
                && step.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        })
}

/// A string literal.
pub(crate) fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('\'');
    for mark in text.chars() {
        match mark {
            '\\' => quoted.push_str("\\\\"),
            '\'' => quoted.push_str("\\'"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '\u{8}' => quoted.push_str("\\b"),
            '\u{c}' => quoted.push_str("\\f"),
            other => quoted.push(other),
        }
    }
    quoted.push('\'');
    quoted
}

/// A value as a literal for a field of this type; `None` where the two do not go together.
pub(crate) fn literal(value: &Value, wire: Option<WireType>) -> Option<String> {
    let text = matches!(wire, Some(WireType::Text | WireType::Id | WireType::Reference));
    match value {
        Value::Null | Value::Set(_) => None,
        Value::Bool(value) => Some(value.to_string()),
        Value::Integer(value) if text => Some(quote(&value.to_string())),
        Value::Integer(value) => Some(value.to_string()),
        Value::Decimal(value) if text => Some(quote(&value.to_string())),
        Value::Decimal(value) => Some(value.to_string()),
        Value::Text(value) => match wire {
            Some(WireType::Id | WireType::Reference) => id::sendable(value.trim()).map(|id| quote(&id)),
            Some(WireType::Bool | WireType::Integer | WireType::Decimal | WireType::Date | WireType::DateTime) => None,
            Some(WireType::Text | WireType::Set) | None => Some(quote(value)),
        },
        Value::Date(value) => Some(value.to_string()),
        Value::DateTime(value) => Some(value.to_string()),
        Value::Reference(value) => id::sendable(value.as_str()).map(|id| quote(&id)),
    }
}

/// Where a listing by (`SystemModstamp`, `Id`) goes on: after this row. Never by the stamp alone: thousands of rows may share one
/// (fact sheet §3.1: recorded).
pub(crate) fn after(stamp: Timestamp, id: &str) -> String {
    if planted(Mutant::TiesDropped) {
        return format!("SystemModstamp > {stamp}");
    }
    format!("((SystemModstamp = {stamp} AND Id > {}) OR SystemModstamp > {stamp})", quote(id))
}

/// `field IN (…)`.
pub(crate) fn within(field: &str, literals: &[String]) -> String {
    format!("{field} IN ({})", literals.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_cannot_break_out() {
        assert_eq!(quote("O'Neill"), r"'O\'Neill'");
        assert_eq!(quote(r"a\' OR Name != '"), r"'a\\\' OR Name != \''");
        assert_eq!(quote("a\nb"), r"'a\nb'");
    }

    #[test]
    fn names_are_names() {
        for good in ["Email", "FDCONTACTID__c", "Account.Name", "ns__Name__c"] {
            assert!(is_name(good), "{good}");
        }
        for bad in ["", "a b", "Email FROM Contact", "a..b", "1a", "Name)", "é"] {
            assert!(!is_name(bad), "{bad}");
        }
    }

    #[test]
    fn literals_follow_the_field() {
        assert_eq!(literal(&Value::Integer(7), Some(WireType::Text)).as_deref(), Some("'7'"));
        assert_eq!(literal(&Value::Integer(7), Some(WireType::Decimal)).as_deref(), Some("7"));
        assert_eq!(literal(&Value::text("x"), Some(WireType::Reference)), None);
        assert_eq!(literal(&Value::text("001ak00000OQTie"), Some(WireType::Id)).as_deref(), Some("'001ak00000OQTieAAH'"));
        assert_eq!(literal(&Value::DateTime("2026-11-20T08:00:00Z".parse().unwrap()), None).as_deref(), Some("2026-11-20T08:00:00Z"));
    }

    #[test]
    fn addresses_carry_queries_whole() {
        assert_eq!(encode("a+b 'ü'&#"), "a%2Bb%20%27%C3%BC%27%26%23");
    }
}
