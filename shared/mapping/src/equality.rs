//! When two values count as the same: each equality is the comparison of normal forms, and a normal form is its own normal form.

use std::borrow::Cow;
use std::str::FromStr;

use rust_decimal::prelude::ToPrimitive;
use serde::{Deserialize, Serialize};
use syncline_model::Value;
use syncline_model::mutant::{Mutant, planted};

/// How a field's values are compared.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Equality {
    /// White space at the ends and line-end style aside, to the letter. Numbers by amount.
    #[default]
    Exact,
    /// As `Exact`, but one blank between words is as good as several: names.
    Words,
    /// As `Exact`, but letters' case does not count: emails.
    CaseInsensitive,
    /// As phone numbers: blanks, dashes and brackets do not count, and a national number is read in this region (`DE`).
    Phone { region: Option<String> },
}

impl Equality {
    /// The value's normal form: equal values have the same. Text that is all white space is empty; a set is compared item by item.
    pub fn normal(&self, value: &Value) -> Value {
        match value {
            Value::Text(text) => Value::text(self.normal_text(text)),
            // A number that one side keeps as an integer and the other as a decimal is one number.
            Value::Decimal(amount) => {
                let amount = amount.normalize();
                match amount.to_i64() {
                    Some(whole) if amount.scale() == 0 => Value::Integer(whole),
                    Some(_) | None => Value::Decimal(amount),
                }
            }
            Value::Set(items) => Value::set(items.iter().map(|item| self.normal_text(item)).filter(|item| !item.is_empty())),
            Value::Null | Value::Bool(_) | Value::Integer(_) | Value::Date(_) | Value::DateTime(_) | Value::Reference(_) => value.clone(),
        }
    }

    pub fn same(&self, one: &Value, other: &Value) -> bool {
        self.normal(one) == self.normal(other)
    }

    fn normal_text(&self, text: &str) -> String {
        let text = text.trim();
        // Only a text of several lines has line ends to make alike.
        let text = if text.contains('\r') { Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n")) } else { Cow::Borrowed(text) };
        match self {
            Self::Exact => text.into_owned(),
            Self::Words => text.split_whitespace().collect::<Vec<_>>().join(" "),
            // Lower-casing may change what counts as its own lower case (final sigma, dotted I): twice is a fixed point.
            Self::CaseInsensitive if text.is_ascii() => text.to_ascii_lowercase(),
            Self::CaseInsensitive => text.to_lowercase().to_lowercase().trim().to_owned(),
            Self::Phone { .. } if planted(Mutant::SpellingCounts) => text.into_owned(),
            Self::Phone { region } => normal_phone(&text, region.as_deref()),
        }
    }
}

/// E.164 where the number can be read as one, else its digits (and a leading plus), else the text as it is.
fn normal_phone(text: &str, region: Option<&str>) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    if digits.len() < 3 {
        return text;
    }
    if let Some(number) = e164(&text, region) {
        return number;
    }
    // Letters beside the digits ("ext. 5", "call after six") are part of what was written.
    if text.chars().any(char::is_alphabetic) {
        return text;
    }
    let bare = if text.starts_with('+') { format!("+{digits}") } else { digits };
    // Without its odd signs it may be a number after all; it must not become one only at the second reading.
    e164(&bare, region).unwrap_or(bare)
}

fn e164(text: &str, region: Option<&str>) -> Option<String> {
    let region = region.and_then(|code| phonenumber::country::Id::from_str(code).ok());
    // The library reads only sane lengths well, and is slow on long text that is no number.
    if text.len() > 40 || !(text.starts_with('+') || region.is_some()) {
        return None;
    }
    let number = spelled_out(text, region)?;
    // What is read out of its own spelling as another number has none that could be relied on.
    (number == text || spelled_out(&number, region).as_ref() == Some(&number)).then_some(number)
}

/// The number in E.164, where it has the form of its country's numbers. Which kind of line it is does not matter: to ask would load the patterns
/// of all of the country's kinds, megabytes of them.
fn spelled_out(text: &str, region: Option<phonenumber::country::Id>) -> Option<String> {
    let number = phonenumber::parse(region, text).ok()?;
    if number.extension().is_some() {
        return None;
    }
    let (code, national) = (number.code().value(), number.national().to_string());
    let regions = phonenumber::metadata::DATABASE.by_code(&code)?;
    let fits = regions.iter().any(|region| region.descriptors().general().is_match(&national));
    fits.then(|| format!("+{code}{national}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(text: &str) -> Value {
        Value::text(text)
    }

    #[test]
    fn what_counts_as_the_same() {
        let phone = Equality::Phone { region: Some("DE".into()) };
        let cases = [
            (Equality::Exact, "Ida", "Ida ", true),
            (Equality::Exact, "Ida", "ida", false),
            (Equality::Exact, "a\r\nb", "a\nb", true),
            (Equality::CaseInsensitive, "Ida@Nordwerk.example", "ida@nordwerk.EXAMPLE", true),
            (phone.clone(), "+49 171 5550143", "0171 / 555 0143", true),
            (phone.clone(), "+49 171 5550143", "+491715550143", true),
            (phone.clone(), "+49 171 5550143", "+49 171 5550144", false),
            (phone, "030 1234567 ext. 5", "030 1234567", false),
            (Equality::Phone { region: None }, "(555) 01-43", "5550143", true),
            (Equality::Phone { region: Some("DE".into()) }, "2010+00", "+49201000", true),
        ];
        for (equality, one, other, same) in cases {
            assert_eq!(equality.same(&text(one), &text(other)), same, "case with {} and {} letters", one.len(), other.len());
        }
    }

    #[test]
    fn a_number_is_the_same_as_integer_and_decimal() {
        let exact = Equality::Exact;
        assert!(exact.same(&Value::Integer(12), &Value::Decimal("12.00".parse().unwrap())));
        assert!(!exact.same(&Value::Integer(12), &Value::Decimal("12.01".parse().unwrap())));
    }

    #[test]
    fn sets_are_the_same_item_by_item() {
        let set = |items: &[&str]| Value::set(items.iter().map(|item| (*item).to_owned()));
        assert!(Equality::Exact.same(&set(&["a ", "b"]), &set(&["b", " a"])));
        assert!(!Equality::Exact.same(&set(&["a"]), &set(&["A"])));
        assert!(Equality::CaseInsensitive.same(&set(&["a"]), &set(&["A"])));
        assert!(Equality::Exact.same(&set(&[" "]), &Value::Null));
    }

    fn any_equality() -> impl Strategy<Value = Equality> {
        prop_oneof![
            Just(Equality::Exact),
            Just(Equality::Words),
            Just(Equality::CaseInsensitive),
            Just(Equality::Phone { region: None }),
            Just(Equality::Phone { region: Some("DE".into()) }),
            Just(Equality::Phone { region: Some("US".into()) }),
        ]
    }

    fn any_text() -> impl Strategy<Value = String> {
        prop_oneof!["\\PC{0,24}", "[+0-9 ()/-]{0,20}", "[0-9]{3,15}", "\\+[0-9 ]{4,16}", "[A-Za-zİΣς ]{0,12}"]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]
        #[test]
        fn a_normal_form_is_its_own(equality in any_equality(), raw in any_text()) {
            let once = equality.normal(&Value::text(raw));
            prop_assert!(equality.normal(&once) == once);
        }
    }
}
