//! From tokens to a tree, without knowledge of the schema.

use super::lex::{Token, lex};
use crate::refusal::Refusal;
use crate::soql;

/// A query as written.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Select {
    pub(crate) items: Vec<Item>,
    pub(crate) from: Name,
    pub(crate) filter: Option<Condition>,
    pub(crate) order: Vec<Order>,
    pub(crate) limit: Option<usize>,
    pub(crate) offset: usize,
}

/// A name and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Name {
    pub(crate) text: String,
    pub(crate) at: usize,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Item {
    Path(Name),
    Children(Box<Select>),
    Count,
    /// `FIELDS(ALL)` and its kin.
    Fields(Name),
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Condition {
    And(Vec<Condition>),
    Or(Vec<Condition>),
    Not(Box<Condition>),
    Compare(Name, Operator, Literal),
    Among { path: Name, negated: bool, literals: Vec<Literal> },
    Like(Name, String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Literal {
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
    Moment(i64),
    Day(String),
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Order {
    pub(crate) path: Name,
    pub(crate) descending: bool,
    pub(crate) nulls_last: bool,
}

/// Reads a whole query.
pub(crate) fn parse(text: &str) -> Result<Select, Refusal> {
    let mut parser = Parser { text, tokens: lex(text)?, next: 0 };
    let select = parser.select()?;
    if parser.peek() == &Token::End { Ok(select) } else { Err(parser.unexpected()) }
}

struct Parser<'a> {
    text: &'a str,
    tokens: Vec<(usize, Token)>,
    next: usize,
}

impl Parser<'_> {
    fn peek(&self) -> &Token {
        self.tokens.get(self.next).map_or(&Token::End, |(_, token)| token)
    }

    fn place(&self) -> usize {
        self.tokens.get(self.next).map_or(self.text.len(), |(at, _)| *at)
    }

    fn unexpected(&self) -> Refusal {
        let end = self.tokens.get(self.next + 1).map_or(self.text.len(), |(at, _)| *at);
        let word = if self.peek() == &Token::End { "<EOF>" } else { self.text.get(self.place()..end).unwrap_or_default().trim() };
        soql::at(self.text, self.place(), "MALFORMED_QUERY", &format!("unexpected token: '{word}'"))
    }

    fn is_word(&self, word: &str) -> bool {
        matches!(self.peek(), Token::Word(found) if found.eq_ignore_ascii_case(word))
    }

    fn take_word(&mut self, word: &str) -> bool {
        let found = self.is_word(word);
        self.next += usize::from(found);
        found
    }

    fn take_sign(&mut self, sign: &str) -> bool {
        let found = matches!(self.peek(), Token::Sign(found) if *found == sign);
        self.next += usize::from(found);
        found
    }

    fn need_word(&mut self, word: &str) -> Result<(), Refusal> {
        if self.take_word(word) { Ok(()) } else { Err(self.unexpected()) }
    }

    fn need_sign(&mut self, sign: &str) -> Result<(), Refusal> {
        if self.take_sign(sign) { Ok(()) } else { Err(self.unexpected()) }
    }

    fn name(&mut self) -> Result<Name, Refusal> {
        let at = self.place();
        let Token::Word(text) = self.peek() else { return Err(self.unexpected()) };
        let name = Name { text: text.clone(), at };
        self.next += 1;
        Ok(name)
    }

    fn count(&mut self) -> Result<usize, Refusal> {
        let number = if let Token::Number(number) = self.peek() { format!("{number}").parse().ok() } else { None };
        let number = number.ok_or_else(|| self.unexpected())?;
        self.next += 1;
        Ok(number)
    }

    fn select(&mut self) -> Result<Select, Refusal> {
        self.need_word("SELECT")?;
        let mut items = vec![self.item()?];
        while self.take_sign(",") {
            items.push(self.item()?);
        }
        self.need_word("FROM")?;
        let from = self.name()?;
        let filter = if self.take_word("WHERE") { Some(self.any()?) } else { None };
        let mut order = Vec::new();
        if self.take_word("ORDER") {
            self.need_word("BY")?;
            order.push(self.order()?);
            while self.take_sign(",") {
                order.push(self.order()?);
            }
        }
        let limit = if self.take_word("LIMIT") { Some(self.count()?) } else { None };
        let offset = if self.take_word("OFFSET") { self.count()? } else { 0 };
        Ok(Select { items, from, filter, order, limit, offset })
    }

    fn item(&mut self) -> Result<Item, Refusal> {
        if self.take_sign("(") {
            let children = self.select()?;
            self.need_sign(")")?;
            return Ok(Item::Children(Box::new(children)));
        }
        let name = self.name()?;
        if !self.take_sign("(") {
            return Ok(Item::Path(name));
        }
        let item = if name.text.eq_ignore_ascii_case("COUNT") {
            Item::Count
        } else if name.text.eq_ignore_ascii_case("FIELDS") {
            Item::Fields(self.name()?)
        } else {
            return Err(self.unexpected());
        };
        self.need_sign(")")?;
        Ok(item)
    }

    fn order(&mut self) -> Result<Order, Refusal> {
        let path = self.name()?;
        let descending = self.take_word("DESC");
        if !descending {
            self.take_word("ASC");
        }
        let mut nulls_last = false;
        if self.take_word("NULLS") {
            nulls_last = self.take_word("LAST");
            if !nulls_last {
                self.need_word("FIRST")?;
            }
        }
        Ok(Order { path, descending, nulls_last })
    }

    /// AND and OR may not be mixed without parentheses.
    fn any(&mut self) -> Result<Condition, Refusal> {
        let first = self.one()?;
        let word = if self.is_word("AND") {
            "AND"
        } else if self.is_word("OR") {
            "OR"
        } else {
            return Ok(first);
        };
        let mut all = vec![first];
        while self.take_word(word) {
            all.push(self.one()?);
        }
        if self.is_word("AND") || self.is_word("OR") {
            return Err(self.unexpected());
        }
        Ok(if word == "AND" { Condition::And(all) } else { Condition::Or(all) })
    }

    fn one(&mut self) -> Result<Condition, Refusal> {
        if self.take_word("NOT") {
            return Ok(Condition::Not(Box::new(self.one()?)));
        }
        if self.take_sign("(") {
            let inner = self.any()?;
            self.need_sign(")")?;
            return Ok(inner);
        }
        let path = self.name()?;
        let negated = self.take_word("NOT");
        if self.take_word("IN") {
            self.need_sign("(")?;
            let mut literals = vec![self.literal()?];
            while self.take_sign(",") {
                literals.push(self.literal()?);
            }
            self.need_sign(")")?;
            return Ok(Condition::Among { path, negated, literals });
        }
        if negated {
            return Err(self.unexpected());
        }
        if self.take_word("LIKE") {
            let Token::Text(pattern) = self.peek() else { return Err(self.unexpected()) };
            let pattern = pattern.clone();
            self.next += 1;
            return Ok(Condition::Like(path, pattern));
        }
        let signs = [
            ("=", Operator::Equal),
            ("!=", Operator::Unequal),
            ("<>", Operator::Unequal),
            ("<=", Operator::LessOrEqual),
            (">=", Operator::GreaterOrEqual),
            ("<", Operator::Less),
            (">", Operator::Greater),
        ];
        let Some((_, operator)) = signs.into_iter().find(|(sign, _)| self.take_sign(sign)) else { return Err(self.unexpected()) };
        Ok(Condition::Compare(path, operator, self.literal()?))
    }

    fn literal(&mut self) -> Result<Literal, Refusal> {
        let literal = match self.peek() {
            Token::Text(raw) => Literal::Text(unescaped(raw).ok_or_else(|| {
                soql::at(
                    self.text,
                    self.place(),
                    "MALFORMED_QUERY",
                    "Invalid string literal. Illegal character sequence in string literal.",
                )
            })?),
            Token::Number(number) => Literal::Number(*number),
            Token::Moment(at) => Literal::Moment(*at),
            Token::Day(day) => Literal::Day(day.clone()),
            Token::Word(word) if word.eq_ignore_ascii_case("null") => Literal::Null,
            Token::Word(word) if word.eq_ignore_ascii_case("true") => Literal::Bool(true),
            Token::Word(word) if word.eq_ignore_ascii_case("false") => Literal::Bool(false),
            Token::Word(_) | Token::Sign(_) | Token::End => return Err(self.unexpected()),
        };
        self.next += 1;
        Ok(literal)
    }
}

/// A string literal's text; `None` for an unknown escape.
fn unescaped(raw: &str) -> Option<String> {
    let mut text = String::with_capacity(raw.len());
    let mut letters = raw.chars();
    while let Some(letter) = letters.next() {
        if letter != '\\' {
            text.push(letter);
            continue;
        }
        text.push(match letters.next()? {
            'n' | 'N' => '\n',
            'r' | 'R' => '\r',
            't' | 'T' => '\t',
            'b' | 'B' => '\u{8}',
            'f' | 'F' => '\u{c}',
            same @ ('\'' | '"' | '\\' | '_' | '%') => same,
            _ => return None,
        });
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_reads_as_a_tree() {
        let select = parse("SELECT Id, Account.Name, (SELECT Id FROM Orders LIMIT 5) FROM Contact WHERE (A = 'O\\'N' OR B >= 2026-11-20T08:00:00Z) AND NOT C IN (1,null) ORDER BY X DESC NULLS LAST, Id LIMIT 3 OFFSET 2").unwrap();
        assert_eq!(select.items.len(), 3);
        assert_eq!((select.limit, select.offset, select.order.len()), (Some(3), 2, 2));
        assert!(select.order[0].descending && select.order[0].nulls_last);
        let Some(Condition::And(parts)) = select.filter else { panic!() };
        let Condition::Or(either) = &parts[0] else { panic!() };
        assert!(matches!(&either[0], Condition::Compare(_, Operator::Equal, Literal::Text(text)) if text == "O'N"));
        assert!(matches!(&either[1], Condition::Compare(_, Operator::GreaterOrEqual, Literal::Moment(1_795_161_600))));
        assert!(matches!(&parts[1], Condition::Not(_)));
    }

    #[test]
    fn broken_queries_are_refused() {
        for text in [
            "SELECT FROM Contact",
            "SELECT Id FROM Contact WHERE",
            "SELECT Id FROM Contact WHERE A = 'x",
            "SELECT Id FROM Contact WHERE A = 1 AND B = 2 OR C = 3",
            "SELECT Id FROM Contact WHERE A = 2026-11-20T08:00:00 00:00",
            "SELECT Id FROM Contact LIMIT -1",
            "SELECT Id FROM Contact WHERE A = '\\q'",
            "DELETE FROM Contact",
        ] {
            assert_eq!(parse(text).unwrap_err().code, "MALFORMED_QUERY", "{text}");
        }
    }
}
