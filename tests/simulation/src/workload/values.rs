//! Values that nobody wrote before.

use serde_json::{Value as Json, json};
use syncline_model::Side;
use syncline_simulator::Fields;

use crate::house::Turns;
use crate::scenario::{Choices, Field, Sort};

/// A value before it is spelled for a side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    Text(String),
    Email(String),
    /// The digits of a German mobile number after the country code.
    Phone(String),
    Name {
        first: String,
        last: String,
    },
    /// Which of a side's words it is follows from this.
    Choice(&'static Choices, u32),
}

/// Every text that a user of this simulation writes has this in it.
const TOKEN: &str = "zq";

/// Whether a user of this simulation wrote a part of a text: nothing else of the world has such a part.
pub fn is_token(text: &str) -> bool {
    !tokens(text).is_empty()
}

/// The tokens in a text, in lower case.
pub fn tokens(text: &str) -> Vec<String> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    for (place, two) in bytes.windows(2).enumerate() {
        let digits = bytes.get(place + 2..place + 8);
        if two.eq_ignore_ascii_case(TOKEN.as_bytes())
            && let Some(digits) = digits.filter(|digits| digits.iter().all(u8::is_ascii_digit))
        {
            found.push(format!("{TOKEN}{}", String::from_utf8_lossy(digits)));
        }
    }
    found
}

impl Value {
    /// A new one; `None` for what is not made up.
    pub(super) fn fresh(turns: &Turns, sort: Sort, serial: u32) -> Option<Self> {
        let token = format!("Zq{serial:06}");
        Some(match sort {
            Sort::Text if turns.one_in(4) => Self::Text(format!("{token}  Ünï ")),
            Sort::Text => Self::Text(token),
            Sort::Email if turns.one_in(3) => Self::Email(format!("{token}@Example.test")),
            Sort::Email => Self::Email(format!("{}@example.test", token.to_lowercase())),
            Sort::Phone => Self::Phone(format!("171{serial:07}")),
            Sort::PersonName => Self::Name { first: format!("Ida{}", serial % 10), last: token },
            Sort::Choice(choices) | Sort::Consent(choices) => Self::Choice(choices, turns.below(1_000).try_into().unwrap_or(0)),
            Sort::Reference { .. } => return None,
        })
    }

    /// Longer than some vendors take.
    pub(super) fn lengthen(&mut self) {
        if let Self::Name { last, .. } = self {
            last.push_str(&"x".repeat(120));
        }
    }

    /// Spells it for a side, as a user might type it.
    pub(super) fn put(&self, turns: &Turns, side: Side, field: &Field, fields: &mut Fields) {
        let parts = field.parts(side);
        let texts: Vec<String> = match self {
            Self::Text(text) | Self::Email(text) => vec![text.clone()],
            Self::Phone(digits) => {
                let (head, tail) = digits.split_at(3);
                vec![if turns.one_in(2) { format!("+49 {head} {tail}") } else { format!("+49{digits}") }]
            }
            Self::Name { first, last } if parts.len() == 2 => vec![first.clone(), last.clone()],
            Self::Name { first, last } => vec![format!("{first} {last}")],
            Self::Choice(choices, number) => {
                let words = choices.of(side);
                words.get(*number as usize % words.len().max(1)).map(|(word, _)| (*word).to_owned()).into_iter().collect()
            }
        };
        let spelled: Vec<Json> = texts
            .into_iter()
            .map(|text| match (field.sort, text.parse::<bool>()) {
                (Sort::Consent(_), Ok(flag)) => json!(flag),
                _ => json!(text),
            })
            .collect();
        fields.extend(parts.iter().map(|part| (*part).to_owned()).zip(spelled));
    }
}
