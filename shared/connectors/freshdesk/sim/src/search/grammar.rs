//! The query language: terms `key:value`, `key:>value`, `key:<value`, joined by AND, OR and parentheses. AND binds tighter.

use crate::wire::{Problem, Refusal};

/// The longest query, without its double quotes (fact sheet §3.3: documented).
const QUERY_CHARS_MAX: usize = 512;

/// How deep parentheses may nest: a bound for the parser, not a fact about the vendor.
const DEPTH_MAX: usize = 64;

/// What kind of value a key takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyType {
    Text,
    Integer,
    Boolean,
    /// A moment, compared by its day in UTC.
    Day,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    AtLeast,
    AtMost,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Literal {
    Null,
    /// Lower-cased: the index compares without case.
    Text(String),
    Integer(i64),
    Boolean(bool),
    Day(jiff::civil::Date),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Term {
    pub(crate) key: String,
    pub(crate) comparison: Comparison,
    pub(crate) literal: Literal,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Expression {
    Term(Term),
    All(Vec<Expression>),
    Any(Vec<Expression>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Open,
    Close,
    And,
    Or,
    Term { key: String, comparison: Comparison, value: Written },
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Written {
    Quoted(String),
    Bare(String),
}

/// Reads the `query` parameter as it arrives, double quotes included.
pub(crate) fn parse(query: Option<&str>, key_type: &dyn Fn(&str) -> Option<KeyType>) -> Result<Expression, Refusal> {
    let Some(query) = query else {
        return Err(Problem::new("query", "missing_field", "It should be a/an String").into());
    };
    let inner = query.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let Some(inner) = inner else { return Err(malformed("It should be enclosed in double quotes")) };
    if inner.chars().count() > QUERY_CHARS_MAX {
        return Err(malformed("It can have a maximum of 512 characters"));
    }
    let tokens = tokens(inner)?;
    let mut reader = Reader { tokens: &tokens, place: 0, key_type };
    let expression = reader.any(0)?;
    if reader.place < tokens.len() {
        return Err(malformed("Given query is invalid"));
    }
    Ok(expression)
}

fn malformed(message: &str) -> Refusal {
    Problem::new("query", "invalid_value", message).into()
}

fn tokens(text: &str) -> Result<Vec<Token>, Refusal> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        rest = match first {
            '(' => {
                found.push(Token::Open);
                &rest[1..]
            }
            ')' => {
                found.push(Token::Close);
                &rest[1..]
            }
            _ => word(rest, &mut found)?,
        }
        .trim_start();
    }
    Ok(found)
}

fn word<'a>(rest: &'a str, found: &mut Vec<Token>) -> Result<&'a str, Refusal> {
    let end = rest.find(|c: char| c.is_whitespace() || matches!(c, ':' | '(' | ')')).unwrap_or(rest.len());
    let (head, tail) = rest.split_at(end);
    let Some(tail) = tail.strip_prefix(':') else {
        found.push(match head {
            "AND" => Token::And,
            "OR" => Token::Or,
            _ => return Err(malformed("Given query is invalid")),
        });
        return Ok(tail);
    };
    let (comparison, tail) = match tail.chars().next() {
        Some('>') => (Comparison::AtLeast, &tail[1..]),
        Some('<') => (Comparison::AtMost, &tail[1..]),
        Some(_) | None => (Comparison::Equal, tail),
    };
    let (value, tail) = if let Some(quoted) = tail.strip_prefix('\'') {
        let (inside, after) = quoted.split_once('\'').ok_or_else(|| malformed("Given query is invalid"))?;
        (Written::Quoted(inside.to_owned()), after)
    } else {
        let end = tail.find(|c: char| c.is_whitespace() || matches!(c, '(' | ')')).unwrap_or(tail.len());
        let (bare, after) = tail.split_at(end);
        (Written::Bare(bare.to_owned()), after)
    };
    if head.is_empty() || !tail.chars().next().is_none_or(|c| c.is_whitespace() || matches!(c, '(' | ')')) {
        return Err(malformed("Given query is invalid"));
    }
    found.push(Token::Term { key: head.to_owned(), comparison, value });
    Ok(tail)
}

struct Reader<'a> {
    tokens: &'a [Token],
    place: usize,
    key_type: &'a dyn Fn(&str) -> Option<KeyType>,
}

impl Reader<'_> {
    fn any(&mut self, depth: usize) -> Result<Expression, Refusal> {
        let mut parts = vec![self.all(depth)?];
        while self.tokens.get(self.place) == Some(&Token::Or) {
            self.place += 1;
            parts.push(self.all(depth)?);
        }
        Ok(if parts.len() == 1 { parts.swap_remove(0) } else { Expression::Any(parts) })
    }

    fn all(&mut self, depth: usize) -> Result<Expression, Refusal> {
        let mut parts = vec![self.one(depth)?];
        while self.tokens.get(self.place) == Some(&Token::And) {
            self.place += 1;
            parts.push(self.one(depth)?);
        }
        Ok(if parts.len() == 1 { parts.swap_remove(0) } else { Expression::All(parts) })
    }

    fn one(&mut self, depth: usize) -> Result<Expression, Refusal> {
        let token = self.tokens.get(self.place).cloned();
        self.place += 1;
        match token {
            Some(Token::Open) if depth < DEPTH_MAX => {
                let inner = self.any(depth + 1)?;
                if self.tokens.get(self.place) != Some(&Token::Close) {
                    return Err(malformed("Given query is invalid"));
                }
                self.place += 1;
                Ok(inner)
            }
            Some(Token::Term { key, comparison, value }) => self.term(key, comparison, value).map(Expression::Term),
            Some(Token::Open | Token::Close | Token::And | Token::Or) | None => Err(malformed("Given query is invalid")),
        }
    }

    fn term(&self, key: String, comparison: Comparison, value: Written) -> Result<Term, Refusal> {
        let Some(key_type) = (self.key_type)(&key) else { return Err(Problem::unexpected(key).into()) };
        let literal = match (key_type, value) {
            (_, Written::Bare(text)) if text == "null" && comparison == Comparison::Equal => Some(Literal::Null),
            (KeyType::Text, Written::Quoted(text)) if comparison == Comparison::Equal => Some(Literal::Text(text.to_lowercase())),
            (KeyType::Integer, Written::Bare(text)) => text.parse().ok().map(Literal::Integer),
            (KeyType::Boolean, Written::Bare(text)) if comparison == Comparison::Equal => text.parse().ok().map(Literal::Boolean),
            (KeyType::Day, Written::Quoted(text)) if text.len() == 10 => text.parse().ok().map(Literal::Day),
            (KeyType::Text | KeyType::Integer | KeyType::Boolean | KeyType::Day, Written::Quoted(_) | Written::Bare(_)) => None,
        };
        match literal {
            Some(literal) => Ok(Term { key, comparison, literal }),
            None => Err(Problem::new(key, "invalid_value", "Given value or operator does not fit the field").into()),
        }
    }
}
