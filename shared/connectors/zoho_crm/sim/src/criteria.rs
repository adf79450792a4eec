//! The search's conditions: `(Email:equals:x)`, joined by `and` and `or`, or one of `email`, `phone`, `word` (fact sheet §3).

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use crate::fields::DataType;
use crate::table::{Row, Table};
use crate::wire::{Query, Refusal};

const CRITERIA_MAX: usize = 10;

pub(crate) enum Condition {
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Field {
        name: String,
        how: How,
        value: String,
    },
    /// Any field of this type that holds this.
    Kind(DataType, String),
    Word(String),
}

#[derive(Clone, Copy)]
pub(crate) enum How {
    Equals,
    NotEqual,
    StartsWith,
    In,
}

fn invalid(name: &str) -> Refusal {
    Refusal::new(400, "INVALID_QUERY", "Invalid query formed", json!({"param_name": name}))
}

impl Condition {
    pub(crate) fn parse(table: &Table, query: &Query) -> Result<Self, Refusal> {
        if let Some(criteria) = query.get("criteria") {
            let mut count = 0;
            return parse(table, criteria, &mut count);
        }
        if let Some(email) = query.get("email") {
            return Ok(Self::Kind(DataType::Email, email.to_lowercase()));
        }
        if let Some(phone) = query.get("phone") {
            return Ok(Self::Kind(DataType::Phone, phone.to_owned()));
        }
        match query.get("word").filter(|word| word.chars().count() >= 2) {
            Some(word) => Ok(Self::Word(word.to_lowercase())),
            None => Err(Refusal::parameter("REQUIRED_PARAM_MISSING", "criteria", "One of the expected parameter is missing")),
        }
    }

    pub(crate) fn holds(&self, row: &Row, values: &BTreeMap<String, Json>) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.holds(row, values)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(row, values)),
            Self::Field { name, how, value } => {
                let own = match name.as_str() {
                    "id" => row.id.to_string(),
                    "Owner" => row.owner.to_string(),
                    _ => match values.get(name) {
                        Some(Json::String(text)) => text.clone(),
                        Some(Json::Null) | None => String::new(),
                        Some(other) => other.to_string(),
                    },
                };
                // The index knows no case.
                let (own, value) = (own.to_lowercase(), value.to_lowercase());
                match how {
                    How::Equals => own == value,
                    How::NotEqual => own != value,
                    How::StartsWith => own.starts_with(&value),
                    How::In => value.split(',').any(|part| part == own),
                }
            }
            Self::Kind(data_type, wanted) => {
                let fields = if *data_type == DataType::Email {
                    ["Email", "Secondary_Email"].as_slice()
                } else {
                    ["Phone", "Mobile", "Home_Phone", "Other_Phone", "Asst_Phone"].as_slice()
                };
                fields.iter().any(|field| values.get(*field).and_then(Json::as_str).is_some_and(|own| own.to_lowercase() == *wanted))
            }
            Self::Word(word) => values.values().any(|value| value.as_str().is_some_and(|own| own.to_lowercase().contains(word))),
        }
    }
}

/// One condition in parentheses, or several joined inside a further pair.
fn parse(table: &Table, text: &str, count: &mut usize) -> Result<Condition, Refusal> {
    let text = text.trim();
    let parts = split(text)?;
    if let [single] = parts.pieces.as_slice() {
        return if single.starts_with('(') && ends_group(single) {
            parse(table, &single[1..single.len() - 1], count)
        } else {
            simple(table, single, count)
        };
    }
    let conditions = parts.pieces.iter().map(|piece| parse(table, piece, count)).collect::<Result<Vec<_>, _>>()?;
    Ok(if parts.any { Condition::Any(conditions) } else { Condition::All(conditions) })
}

struct Pieces {
    pieces: Vec<String>,
    any: bool,
}

/// The depth of parentheses along a text, each with whether it is escaped.
fn marks(text: &str) -> Vec<(usize, char, bool)> {
    let mut escaped = false;
    let mut marks = Vec::new();
    for (place, c) in text.char_indices() {
        marks.push((place, c, escaped));
        escaped = c == '\\' && !escaped;
    }
    marks
}

fn ends_group(text: &str) -> bool {
    let mut depth = 0_i32;
    for (place, c, escaped) in marks(text) {
        match c {
            '(' if !escaped => depth += 1,
            ')' if !escaped => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return place + c.len_utf8() == text.len();
        }
    }
    false
}

/// Splits at the `and` or `or` between groups.
fn split(text: &str) -> Result<Pieces, Refusal> {
    if !text.starts_with('(') {
        return Ok(Pieces { pieces: vec![text.to_owned()], any: false });
    }
    let (mut pieces, mut words, mut depth, mut from) = (Vec::new(), Vec::new(), 0_i32, 0);
    for (place, c, escaped) in marks(text) {
        match c {
            '(' if !escaped => {
                if depth == 0 {
                    words.push(text[from..place].trim().to_lowercase());
                    from = place;
                }
                depth += 1;
            }
            ')' if !escaped => {
                depth -= 1;
                if depth == 0 {
                    pieces.push(text[from..=place].to_owned());
                    from = place + 1;
                }
            }
            _ => {}
        }
    }
    let joins: Vec<&str> = words.iter().skip(1).map(String::as_str).collect();
    let any = joins.first() == Some(&"or");
    let is_sound = depth == 0 && text[from..].trim().is_empty() && joins.iter().all(|join| *join == if any { "or" } else { "and" });
    if is_sound { Ok(Pieces { pieces, any }) } else { Err(invalid("criteria")) }
}

fn simple(table: &Table, text: &str, count: &mut usize) -> Result<Condition, Refusal> {
    *count += 1;
    if *count > CRITERIA_MAX {
        return Err(Refusal::new(
            400,
            "LIMIT_EXCEEDED",
            "maximum limit exceeded",
            json!({"limit": CRITERIA_MAX, "param_name": "criteria"}),
        ));
    }
    let mut parts = text.splitn(3, ':');
    let (Some(name), Some(how), Some(value)) = (parts.next(), parts.next(), parts.next()) else { return Err(invalid("criteria")) };
    if name != "id" && table.field(name).is_none() {
        return Err(invalid("criteria"));
    }
    let how = match how {
        "equals" => How::Equals,
        "not_equal" => How::NotEqual,
        "starts_with" => How::StartsWith,
        "in" => How::In,
        _ => return Err(invalid("criteria")),
    };
    let raw = marks(value);
    // A comma that is not escaped ends a value, which only lists have several of.
    if !matches!(how, How::In) && raw.iter().any(|(_, c, escaped)| *c == ',' && !escaped) {
        return Err(invalid("criteria"));
    }
    let value: String = raw.iter().filter(|(_, c, escaped)| *c != '\\' || *escaped).map(|(_, c, _)| *c).collect();
    Ok(Condition::Field { name: name.to_owned(), how, value })
}
