//! Words, literals and signs of a query, each with its place.

use crate::refusal::Refusal;
use crate::{moments, soql};

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    /// A name or keyword, with its dots.
    Word(String),
    /// The text between quotes, escapes kept.
    Text(String),
    Number(f64),
    Moment(i64),
    Day(String),
    Sign(&'static str),
    End,
}

const SIGNS: [&str; 11] = ["!=", "<>", "<=", ">=", "=", "<", ">", "(", ")", ",", ":"];

pub(super) fn lex(text: &str) -> Result<Vec<(usize, Token)>, Refusal> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(rest) = text.get(at..) {
        let Some(first) = rest.chars().next() else { break };
        let unexpected = || soql::at(text, at, "MALFORMED_QUERY", &format!("unexpected token: '{first}'"));
        if first.is_whitespace() {
            at += first.len_utf8();
        } else if first == '\'' {
            let length = quoted(rest).ok_or_else(|| soql::at(text, at, "MALFORMED_QUERY", "unterminated string literal"))?;
            tokens.push((at, Token::Text(rest.get(1..length - 1).unwrap_or_default().to_owned())));
            at += length;
        } else if first.is_ascii_digit() || ((first == '-' || first == '+') && rest[1..].starts_with(|next: char| next.is_ascii_digit())) {
            let length = rest.find(|letter: char| !(letter.is_ascii_alphanumeric() || ".:+-".contains(letter))).unwrap_or(rest.len());
            let word = rest.get(..length).unwrap_or_default();
            let token = moments::parse(word).map(Token::Moment).or_else(|| moments::parse_day(word).map(Token::Day));
            let token = token.or_else(|| word.parse().ok().map(Token::Number));
            tokens.push((at, token.ok_or_else(|| soql::at(text, at, "MALFORMED_QUERY", &format!("unexpected token: '{word}'")))?));
            at += length;
        } else if first.is_alphabetic() || first == '_' {
            let length = rest.find(|letter: char| !(letter.is_alphanumeric() || letter == '_' || letter == '.')).unwrap_or(rest.len());
            tokens.push((at, Token::Word(rest.get(..length).unwrap_or_default().to_owned())));
            at += length;
        } else {
            let sign = SIGNS.into_iter().find(|sign| rest.starts_with(sign)).ok_or_else(unexpected)?;
            tokens.push((at, Token::Sign(sign)));
            at += sign.len();
        }
    }
    tokens.push((text.len(), Token::End));
    Ok(tokens)
}

/// The length of a quoted text, quotes included.
fn quoted(rest: &str) -> Option<usize> {
    let mut escaped = false;
    for (place, letter) in rest.char_indices().skip(1) {
        if escaped {
            escaped = false;
        } else if letter == '\\' {
            escaped = true;
        } else if letter == '\'' {
            return Some(place + 1);
        }
    }
    None
}
