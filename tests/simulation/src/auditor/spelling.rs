//! What two spellings mean: the auditor's own idea of when two sides agree.

use serde_json::Value as Json;
use syncline_model::Side;
use syncline_simulator::Fields;

use crate::scenario::{Field, Sort};

/// A field's value as it means the same on both sides; empty for none. References stay the ids of their side.
pub(super) fn meaning(field: &Field, side: Side, record: &Fields) -> String {
    let texts: Vec<String> = field.parts(side).iter().map(|part| text(record.get(*part))).collect();
    let joined = texts.join(" ");
    let words = joined.split_whitespace().collect::<Vec<_>>().join(" ");
    match field.sort {
        Sort::Text | Sort::PersonName | Sort::Reference { .. } => words,
        // What is no word of that side means nothing to both.
        Sort::Choice(choices) | Sort::Consent(choices) => {
            choices.of(side).iter().find(|(word, _)| *word == words).map(|(_, meaning)| (*meaning).to_owned()).unwrap_or_default()
        }
        Sort::Email => words.to_lowercase(),
        Sort::Phone => words.chars().filter(char::is_ascii_digit).collect(),
    }
}

fn text(value: Option<&Json>) -> String {
    match value {
        Some(Json::String(text)) => text.trim().to_owned(),
        Some(Json::Number(number)) => number.to_string(),
        Some(Json::Bool(flag)) => flag.to_string(),
        Some(Json::Null | Json::Array(_) | Json::Object(_)) | None => String::new(),
    }
}

/// The id in a link field; `None` where it is empty.
pub(super) fn linked(record: &Fields, link: &str) -> Option<String> {
    Some(text(record.get(link))).filter(|text| !text.is_empty())
}
