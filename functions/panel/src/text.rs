//! Values as people read them, and as HTML takes them.

use syncline_model::{Decimal, Timestamp, Value};

/// Between groups of three digits: no language takes it for a decimal mark, and no line breaks at it.
const GROUP: char = '\u{202f}';
/// Numbers below this stay in one piece: they may be years.
const GROUPED_FROM_DIGITS: usize = 5;

/// A value for people; `None` where the field is empty.
pub(crate) fn shown(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::Bool(yes) => Some(if *yes { "Yes" } else { "No" }.to_owned()),
        Value::Integer(number) => Some(grouped(&number.to_string())),
        Value::Decimal(number) => Some(amount(*number)),
        Value::Text(text) => match moment(text) {
            Some(moment) => Some(minute(moment)),
            None => Some(text.clone()),
        },
        Value::Date(date) => Some(date.to_string()),
        Value::DateTime(moment) => Some(minute(*moment)),
        Value::Set(items) => Some(items.iter().map(String::as_str).collect::<Vec<_>>().join(", ")),
        Value::Reference(id) => Some(id.as_str().to_owned()),
    }
}

fn minute(moment: Timestamp) -> String {
    moment.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// A moment that arrived as text, as from objects whose types were not asked for: `2026-11-20T10:00:00.000+0000`.
fn moment(text: &str) -> Option<Timestamp> {
    let bytes = text.as_bytes();
    let shaped = bytes.len() >= "2026-11-20T10:00:00Z".len() && bytes.get(10) == Some(&b'T') && bytes.iter().all(u8::is_ascii);
    if shaped { text.parse().ok() } else { None }
}

/// Whole amounts without a fraction, others with at least two places.
fn amount(number: Decimal) -> String {
    let mut number = number.normalize();
    if number.scale() == 1 {
        number.rescale(2);
    }
    grouped(&number.to_string())
}

fn grouped(number: &str) -> String {
    let (sign, rest) = number.strip_prefix('-').map_or(("", number), |rest| ("-", rest));
    let (whole, fraction) = rest.split_once('.').map_or((rest, None), |(whole, fraction)| (whole, Some(fraction)));
    let mut text = sign.to_owned();
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && whole.len() >= GROUPED_FROM_DIGITS && (whole.len() - place).is_multiple_of(3) {
            text.push(GROUP);
        }
        text.push(digit);
    }
    if let Some(fraction) = fraction {
        text.push('.');
        text.push_str(fraction);
    }
    text
}

/// Text as it may stand between tags and in quoted attributes.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for mark in text.chars() {
        match mark {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '`' => escaped.push_str("&#96;"),
            // Browsers take a null for the replacement mark, and other control marks have no picture.
            control if control.is_control() && !matches!(control, '\n' | '\t') => escaped.push('\u{fffd}'),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_shown_for_people() {
        let decimal = |text: &str| Value::Decimal(text.parse().unwrap());
        let cases = [
            (decimal("1250000.50"), "1\u{202f}250\u{202f}000.50"),
            (decimal("12.5"), "12.50"),
            (decimal("900.00"), "900"),
            (decimal("-123456"), "-123\u{202f}456"),
            (Value::Integer(2026), "2026"),
            (Value::Bool(true), "Yes"),
            (Value::text("2026-11-20T10:05:00.000+0000"), "2026-11-20 10:05 UTC"),
            (Value::text("2026-11-20"), "2026-11-20"),
            (Value::set(["b".into(), "a".into()]), "a, b"),
            (Value::DateTime("2026-11-20T10:05:09Z".parse().unwrap()), "2026-11-20 10:05 UTC"),
        ];
        for (value, expected) in cases {
            assert_eq!(shown(&value).as_deref(), Some(expected));
        }
        assert_eq!(shown(&Value::Null), None);
    }

    #[test]
    fn no_mark_leaves_its_place() {
        assert_eq!(escape(r#"<a href="x" id='y'>&`"#), "&lt;a href=&quot;x&quot; id=&#39;y&#39;&gt;&amp;&#96;");
        assert_eq!(escape("a\0b\u{1b}"), "a\u{fffd}b\u{fffd}");
    }
}
