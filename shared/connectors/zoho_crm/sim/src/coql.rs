//! COQL: `select … from … where … order by … limit a, b` (fact sheet §3). Of its functions, joins and aliases nothing.

use std::cmp::Ordering;

use serde_json::{Value as Json, json};

use crate::table::{Row, Table};
use crate::wire::{Answer, Refusal, empty, encode, moment, object};
use crate::{LEADS, ZohoCrm};

const ROWS_DEFAULT: usize = 200;
const ROWS_MAX: usize = 2_000;
const COLUMNS_MAX: usize = 50;
/// As far as offset and limit reach together.
const REACH_MAX: usize = 10_000;

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Sign(&'static str),
}

const SIGNS: [&str; 9] = [">=", "<=", "!=", "=", "<", ">", "(", ")", ","];

fn syntax(near: &str) -> Refusal {
    Refusal::new(400, "SYNTAX_ERROR", "Unexpected token", json!({"near": near}))
}

fn lex(text: &str) -> Result<Vec<Token>, Refusal> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        if first == '\'' {
            let (value, length) = quoted(&rest[1..]).ok_or_else(|| syntax("'"))?;
            tokens.push(Token::Text(value));
            rest = rest[1 + length..].trim_start();
        } else if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            tokens.push(Token::Sign(sign));
            rest = rest[sign.len()..].trim_start();
        } else {
            let end = rest.find(|c: char| c.is_whitespace() || "'=<>!(),".contains(c)).unwrap_or(rest.len());
            if end == 0 {
                return Err(syntax(&rest[..first.len_utf8()]));
            }
            tokens.push(Token::Word(rest[..end].to_owned()));
            rest = rest[end..].trim_start();
        }
    }
    Ok(tokens)
}

/// A text up to its quote, with the bytes that it took; a backslash keeps the next character as it is.
fn quoted(text: &str) -> Option<(String, usize)> {
    let (mut value, mut escaped) = (String::new(), false);
    for (place, c) in text.char_indices() {
        match c {
            '\\' if !escaped => escaped = true,
            '\'' if !escaped => return Some((value, place + 1)),
            _ => {
                value.push(c);
                escaped = false;
            }
        }
    }
    None
}

enum Test {
    And(Box<Test>, Box<Test>),
    Or(Box<Test>, Box<Test>),
    Compare(String, &'static str, String),
    Like(String, String, bool),
    In(String, Vec<String>, bool),
    Null(String, bool),
}

struct Select {
    columns: Vec<String>,
    module: String,
    test: Option<Test>,
    order: Vec<(String, bool)>,
    offset: usize,
    limit: usize,
}

struct Parser {
    tokens: Vec<Token>,
    place: usize,
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.place)
    }

    fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.place).cloned();
        self.place += 1;
        token
    }

    fn has_word(&mut self, word: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Word(next)) if next.eq_ignore_ascii_case(word));
        self.place += usize::from(found);
        found
    }

    fn has_sign(&mut self, sign: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Sign(next)) if *next == sign);
        self.place += usize::from(found);
        found
    }

    fn expect_word(&mut self, word: &str) -> Result<(), Refusal> {
        if self.has_word(word) { Ok(()) } else { Err(syntax(word)) }
    }

    fn expect_sign(&mut self, sign: &str) -> Result<(), Refusal> {
        if self.has_sign(sign) { Ok(()) } else { Err(syntax(sign)) }
    }

    fn name(&mut self) -> Result<String, Refusal> {
        match self.next() {
            Some(Token::Word(word)) => Ok(word),
            Some(Token::Text(_) | Token::Sign(_)) | None => Err(syntax("name")),
        }
    }

    fn value(&mut self) -> Result<String, Refusal> {
        match self.next() {
            Some(Token::Word(value) | Token::Text(value)) => Ok(value),
            Some(Token::Sign(sign)) => Err(syntax(sign)),
            None => Err(syntax("value")),
        }
    }

    fn number(&mut self) -> Result<usize, Refusal> {
        self.value()?.parse().map_err(|_| syntax("limit"))
    }

    fn select(&mut self) -> Result<Select, Refusal> {
        self.expect_word("select")?;
        let mut columns = vec![self.name()?];
        while self.has_sign(",") {
            columns.push(self.name()?);
        }
        self.expect_word("from")?;
        let module = self.name()?;
        // The condition must be there (fact of the language).
        self.expect_word("where")?;
        let test = Some(self.test()?);
        let mut order = Vec::new();
        if self.has_word("order") {
            self.expect_word("by")?;
            loop {
                let name = self.name()?;
                let descending = self.has_word("desc");
                if !descending {
                    self.has_word("asc");
                }
                order.push((name, descending));
                if !self.has_sign(",") {
                    break;
                }
            }
        }
        let (mut offset, mut limit) = (0, ROWS_DEFAULT);
        if self.has_word("limit") {
            limit = self.number()?;
            if self.has_sign(",") {
                offset = std::mem::replace(&mut limit, self.number()?);
            } else if self.has_word("offset") {
                offset = self.number()?;
            }
        }
        match self.peek() {
            None => Ok(Select { columns, module, test, order, offset, limit }),
            Some(_) => Err(syntax("end")),
        }
    }

    /// The vendor joins two conditions at a time, in parentheses; more in a row are read from the left.
    fn test(&mut self) -> Result<Test, Refusal> {
        let mut left = self.primary()?;
        loop {
            if self.has_word("and") {
                left = Test::And(Box::new(left), Box::new(self.primary()?));
            } else if self.has_word("or") {
                left = Test::Or(Box::new(left), Box::new(self.primary()?));
            } else {
                return Ok(left);
            }
        }
    }

    fn primary(&mut self) -> Result<Test, Refusal> {
        if self.has_sign("(") {
            let test = self.test()?;
            self.expect_sign(")")?;
            return Ok(test);
        }
        let name = self.name()?;
        if self.has_word("is") {
            let not = self.has_word("not");
            self.expect_word("null")?;
            return Ok(Test::Null(name, not));
        }
        let not = self.has_word("not");
        if self.has_word("like") {
            return Ok(Test::Like(name, self.value()?, not));
        }
        if self.has_word("in") {
            self.expect_sign("(")?;
            let mut values = vec![self.value()?];
            while self.has_sign(",") {
                values.push(self.value()?);
            }
            self.expect_sign(")")?;
            return Ok(Test::In(name, values, not));
        }
        match self.next() {
            Some(Token::Sign(sign)) if !["(", ")", ","].contains(&sign) => Ok(Test::Compare(name, sign, self.value()?)),
            Some(_) | None => Err(syntax("operator")),
        }
    }
}

fn text_of(value: &Json) -> String {
    match value {
        Json::Null => String::new(),
        Json::String(text) => text.clone(),
        Json::Bool(_) | Json::Number(_) | Json::Array(_) | Json::Object(_) => value.to_string(),
    }
}

fn order(own: &Json, other: &str) -> Ordering {
    let own = text_of(own);
    if let (Some(own), Some(other)) = (moment(&own), moment(other)) {
        return own.cmp(&other);
    }
    if let (Ok(own), Ok(other)) = (own.parse::<i128>(), other.parse::<i128>()) {
        return own.cmp(&other);
    }
    own.to_lowercase().cmp(&other.to_lowercase())
}

fn is_like(own: &str, pattern: &str) -> bool {
    let (own, pattern) = (own.to_lowercase(), pattern.to_lowercase());
    let inner = pattern.trim_matches('%');
    match (pattern.starts_with('%'), pattern.ends_with('%')) {
        (true, true) => own.contains(inner),
        (true, false) => own.ends_with(inner),
        (false, true) => own.starts_with(inner),
        (false, false) => own == inner,
    }
}

impl Test {
    fn names<'t>(&'t self, names: &mut Vec<&'t str>) {
        match self {
            Self::And(left, right) | Self::Or(left, right) => {
                left.names(names);
                right.names(names);
            }
            Self::Compare(name, ..) | Self::Like(name, ..) | Self::In(name, ..) | Self::Null(name, _) => names.push(name),
        }
    }

    fn holds(&self, value: &dyn Fn(&str) -> Json) -> bool {
        match self {
            Self::And(left, right) => left.holds(value) && right.holds(value),
            Self::Or(left, right) => left.holds(value) || right.holds(value),
            Self::Null(name, not) => text_of(&value(name)).is_empty() != *not,
            Self::Like(name, pattern, not) => is_like(&text_of(&value(name)), pattern) != *not,
            Self::In(name, values, not) => values.iter().any(|other| order(&value(name), other) == Ordering::Equal) != *not,
            Self::Compare(name, sign, other) => {
                let own = value(name);
                let is_null = own.is_null();
                let order = order(&own, other);
                match *sign {
                    "=" => !is_null && order == Ordering::Equal,
                    "!=" => order != Ordering::Equal,
                    "<" => !is_null && order == Ordering::Less,
                    "<=" => !is_null && order != Ordering::Greater,
                    ">" => !is_null && order == Ordering::Greater,
                    _ => !is_null && order != Ordering::Less,
                }
            }
        }
    }
}

/// What a query costs: by the rows that it may answer.
pub(crate) fn credits(body: &[u8]) -> u32 {
    let query = object(body).ok().and_then(|body| body.get("select_query").and_then(Json::as_str).map(str::to_owned)).unwrap_or_default();
    let select = lex(&query).and_then(|tokens| Parser { tokens, place: 0 }.select());
    match select.map_or(ROWS_DEFAULT, |select| select.limit) {
        0..=200 => 1,
        201..=1_000 => 2,
        _ => 3,
    }
}

impl ZohoCrm {
    /// `POST /coql`.
    pub(crate) fn coql(&self, body: &[u8]) -> Answer {
        let body = object(body)?;
        let Some(query) = body.get("select_query").and_then(Json::as_str) else {
            return Err(Refusal::new(400, "MANDATORY_NOT_FOUND", "required field not found", json!({"api_name": "select_query"})));
        };
        let select = Parser { tokens: lex(query)?, place: 0 }.select()?;
        let invalid = |name: &str| Refusal::new(400, "INVALID_QUERY", "invalid query", json!({"column_name": name}));
        let Some(table) = self.table(&select.module) else { return Err(invalid(&select.module)) };
        let mut names: Vec<&str> =
            select.columns.iter().map(String::as_str).chain(select.order.iter().map(|(name, _)| name.as_str())).collect();
        if let Some(test) = &select.test {
            test.names(&mut names);
        }
        let known = |name: &&str| *name == "id" || table.field(name.split('.').next().unwrap_or_default()).is_some();
        if let Some(unknown) = names.into_iter().find(|name| !known(name)) {
            return Err(invalid(unknown));
        }
        if select.columns.len() > COLUMNS_MAX || select.limit > ROWS_MAX || select.offset + select.limit > REACH_MAX {
            return Err(Refusal::new(400, "LIMIT_EXCEEDED", "maximum limit exceeded", json!({"limit": ROWS_MAX})));
        }
        let holds = |row: &&Row| {
            let is_shown = table.name != LEADS || row.converted.is_none();
            is_shown && select.test.as_ref().is_none_or(|test| test.holds(&|name: &str| self.plain(table, row, name)))
        };
        let mut rows: Vec<&Row> = table.rows.values().filter(holds).collect();
        rows.sort_by(|one, other| self.compare(table, one, other, &select.order));
        let data: Vec<Json> =
            rows.iter().skip(select.offset).take(select.limit).map(|row| self.columns(table, row, &select.columns)).collect();
        if data.is_empty() {
            return Ok(empty(204));
        }
        let more = select.offset + data.len() < rows.len();
        Ok(encode(200, &json!({"info": {"count": data.len(), "more_records": more}, "data": data})))
    }

    fn compare(&self, table: &Table, one: &Row, other: &Row, by: &[(String, bool)]) -> Ordering {
        for (name, descending) in by {
            let order = order(&self.plain(table, one, name), &text_of(&self.plain(table, other, name)));
            if order != Ordering::Equal {
                return if *descending { order.reverse() } else { order };
            }
        }
        other.id.cmp(&one.id)
    }

    /// The id comes always; a column of a related record comes under its whole name.
    fn columns(&self, table: &Table, row: &Row, columns: &[String]) -> Json {
        let own: Vec<&str> = columns.iter().map(String::as_str).filter(|name| !name.contains('.')).collect();
        let mut shape = self.shape(table, row, Some(&own), 8);
        if let Some(members) = shape.as_object_mut() {
            for name in columns.iter().filter(|name| name.contains('.')) {
                members.insert(name.clone(), self.plain(table, row, name));
            }
        }
        shape
    }
}
