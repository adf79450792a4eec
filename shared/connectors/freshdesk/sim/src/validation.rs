//! Reads a request's body attribute by attribute: each is absent, wrong (a problem is noted), or a value. Nothing is stored until all are read.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::fields::{Field, Fields, Kind};
use crate::wire::{Problem, Refusal};

/// The longest short text (fact sheet §2.1: assumed).
pub(crate) const TEXT_CHARS_MAX: usize = 255;

/// The longest long text: a bound for the simulator, not a fact about the vendor.
const LONG_TEXT_CHARS_MAX: usize = 65_535;

/// A body's object; an empty body is an empty object.
pub(crate) fn object(body: &[u8]) -> Result<Map<String, Value>, Refusal> {
    if body.is_empty() {
        return Ok(Map::new());
    }
    match serde_json::from_slice(body) {
        Ok(Value::Object(map)) => Ok(map),
        Ok(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) | Err(_) => Err(Refusal::BrokenJson),
    }
}

/// What a body says of an attribute that it names: a value, or none to clear it.
pub(crate) type Wish<T> = Option<T>;

/// A body being read.
pub(crate) struct Body<'a> {
    map: &'a Map<String, Value>,
    pub(crate) problems: Vec<Problem>,
    trims: bool,
}

impl<'a> Body<'a> {
    /// Notes every attribute that is not in the list as unexpected (fact sheet §4: read-only ones too).
    pub(crate) fn new(map: &'a Map<String, Value>, known: &[&str], trims: bool) -> Self {
        let problems = map.keys().filter(|key| !known.contains(&key.as_str())).map(Problem::unexpected).collect();
        Self { map, problems, trims }
    }

    pub(crate) fn finish(self) -> Result<(), Refusal> {
        if self.problems.is_empty() { Ok(()) } else { Err(Refusal::Invalid(self.problems)) }
    }

    pub(crate) fn has(&self, key: &str) -> bool {
        self.map.contains_key(key)
    }

    pub(crate) fn note(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    /// An attribute that a creation must have.
    pub(crate) fn require(&mut self, key: &str, kind: &str) {
        if !self.has(key) {
            self.note(Problem::new(key, "missing_field", format!("It should be a/an {kind}")));
        }
    }

    /// A text that may be cleared: null and blank both clear it.
    pub(crate) fn text(&mut self, key: &str) -> Option<Wish<String>> {
        self.text_of(key, TEXT_CHARS_MAX)
    }

    pub(crate) fn long_text(&mut self, key: &str) -> Option<Wish<String>> {
        self.text_of(key, LONG_TEXT_CHARS_MAX)
    }

    /// A text that may not be cleared.
    pub(crate) fn mandatory_text(&mut self, key: &str) -> Option<String> {
        if self.map.get(key)?.is_null() {
            self.note(mismatch(key, &Value::Null, "String"));
            return None;
        }
        let text = self.text(key)?.filter(|text| !text.trim().is_empty());
        if text.is_none() {
            self.note(Problem::new(key, "invalid_value", "It should not be blank as this is a mandatory field"));
        }
        text
    }

    pub(crate) fn boolean(&mut self, key: &str) -> Option<Wish<bool>> {
        match self.map.get(key)? {
            Value::Null => Some(None),
            Value::Bool(flag) => Some(Some(*flag)),
            other @ (Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_)) => {
                let problem = mismatch(key, other, "Boolean");
                self.note(problem);
                None
            }
        }
    }

    pub(crate) fn integer(&mut self, key: &str) -> Option<Wish<i64>> {
        let value = self.map.get(key)?;
        if value.is_null() {
            return Some(None);
        }
        let number = value.as_i64();
        if number.is_none() {
            self.note(mismatch(key, value, "Positive Integer"));
        }
        number.map(Some)
    }

    pub(crate) fn array(&mut self, key: &str) -> Option<&'a [Value]> {
        match self.map.get(key)? {
            Value::Null => Some(&[]),
            Value::Array(items) => Some(items),
            other @ (Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) => {
                let problem = mismatch(key, other, "Array");
                self.note(problem);
                None
            }
        }
    }

    /// An array of texts; blank ones are dropped.
    pub(crate) fn texts(&mut self, key: &str) -> Option<Vec<String>> {
        let items = self.array(key)?;
        let mut texts = Vec::new();
        for item in items {
            let Some(text) = item.as_str() else {
                self.note(mismatch(key, item, "String"));
                return None;
            };
            texts.push(if self.trims { text.trim().to_owned() } else { text.to_owned() });
        }
        texts.retain(|text| !text.trim().is_empty());
        Some(texts)
    }

    pub(crate) fn integers(&mut self, key: &str) -> Option<Vec<i64>> {
        let items = self.array(key)?;
        let numbers: Option<Vec<i64>> = items.iter().map(Value::as_i64).collect();
        if numbers.is_none() {
            self.note(Problem::new(key, "datatype_mismatch", "It should contain elements of type Positive Integer only"));
        }
        numbers
    }

    pub(crate) fn nested(&mut self, key: &str) -> Option<&'a Map<String, Value>> {
        let value = self.map.get(key)?;
        if value.as_object().is_none() {
            self.note(mismatch(key, value, "key/value pair"));
        }
        value.as_object()
    }

    /// An e-mail address, checked for its form only.
    pub(crate) fn email(&mut self, key: &str) -> Option<Wish<String>> {
        let email = self.text(key)?;
        if email.as_deref().is_some_and(|email| !is_email(email)) {
            self.note(not_an_email(key));
            return None;
        }
        Some(email)
    }

    /// Reads `custom_fields` into the values; keys that are not named keep what they have.
    pub(crate) fn custom_fields(&mut self, fields: &Fields, values: &mut BTreeMap<String, Value>, creating: bool) {
        let none = Map::new();
        let given = self.nested("custom_fields").unwrap_or(&none);
        for (name, value) in given {
            match fields.custom(name) {
                None => self.note(Problem::unexpected(format!("custom_fields.{name}"))),
                Some(field) => match custom_value(field, value, self.trims) {
                    Ok(Some(value)) => {
                        values.insert(name.clone(), value);
                    }
                    Ok(None) if field.required_for_agents => {
                        let message = "It should not be blank as this is a mandatory field";
                        self.note(Problem::new(format!("custom_fields.{name}"), "invalid_value", message));
                    }
                    Ok(None) => {
                        values.remove(name);
                    }
                    Err(problem) => self.note(problem),
                },
            }
        }
        for field in fields.customs().filter(|field| creating && field.required_for_agents && !given.contains_key(&field.name)) {
            self.note(Problem::new(format!("custom_fields.{}", field.name), "missing_field", "It should be a/an String"));
        }
    }

    fn text_of(&mut self, key: &str, chars_max: usize) -> Option<Wish<String>> {
        let value = self.map.get(key)?;
        if value.is_null() {
            return Some(None);
        }
        match text(key, value, chars_max, self.trims) {
            Ok(text) => Some(text),
            Err(problem) => {
                self.note(problem);
                None
            }
        }
    }
}

/// What is stored for a custom field's value; none clears it.
fn custom_value(field: &Field, value: &Value, trims: bool) -> Result<Option<Value>, Problem> {
    if value.is_null() {
        return Ok(None);
    }
    let place = format!("custom_fields.{}", field.name);
    let text = |chars_max| text(&place, value, chars_max, trims);
    match field.kind {
        Kind::Text | Kind::PhoneNumber | Kind::Default(_) => Ok(text(TEXT_CHARS_MAX)?.map(Value::String)),
        Kind::Paragraph => Ok(text(LONG_TEXT_CHARS_MAX)?.map(Value::String)),
        Kind::Checkbox if value.is_boolean() => Ok(Some(value.clone())),
        Kind::Checkbox => Err(mismatch(&place, value, "Boolean")),
        Kind::Number if value.is_i64() || value.is_u64() => Ok(Some(value.clone())),
        Kind::Number => Err(mismatch(&place, value, "Integer")),
        Kind::Dropdown => match text(TEXT_CHARS_MAX)? {
            Some(label) if !field.has_choice(&label) => Err(Problem::not_a_choice(place, &field.choice_labels())),
            label => Ok(label.map(Value::String)),
        },
        Kind::Url => match text(TEXT_CHARS_MAX)? {
            Some(url) if !url.starts_with("http://") && !url.starts_with("https://") => {
                Err(Problem::new(place, "invalid_value", "It should be in the 'valid URL' format"))
            }
            url => Ok(url.map(Value::String)),
        },
        Kind::Date => match text(TEXT_CHARS_MAX)? {
            Some(date) if !is_date(&date) => Err(Problem::new(place, "invalid_value", "It should be in the 'yyyy-mm-dd' format")),
            date => Ok(date.map(Value::String)),
        },
    }
}

fn text(place: &str, value: &Value, chars_max: usize, trims: bool) -> Result<Option<String>, Problem> {
    let Some(text) = value.as_str() else { return Err(mismatch(place, value, "String")) };
    let length = text.chars().count();
    if length > chars_max {
        return Err(Problem::new(
            place,
            "invalid_value",
            format!("Has {length} characters, it can have maximum of {chars_max} characters"),
        ));
    }
    let text = if trims { text.trim() } else { text };
    Ok((!text.is_empty()).then(|| text.to_owned()))
}

/// The wrong type; the message names the types, never the value.
pub(crate) fn mismatch(field: &str, value: &Value, wanted: &str) -> Problem {
    let set = match value {
        Value::Null => "Null",
        Value::Bool(_) => "Boolean",
        Value::Number(number) if number.is_f64() => "Float",
        Value::Number(_) => "Integer",
        Value::String(_) => "String",
        Value::Array(_) => "Array",
        Value::Object(_) => "key/value pair",
    };
    Problem::new(field, "datatype_mismatch", format!("Value set is of type {set}.It should be a/an {wanted}"))
}

pub(crate) fn not_an_email(field: &str) -> Problem {
    Problem::new(field, "invalid_value", "It should be in the 'valid email address' format")
}

pub(crate) fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else { return false };
    !local.is_empty() && is_domain(domain) && !text.contains(|c: char| c.is_whitespace() || matches!(c, ',' | '<' | '>'))
}

pub(crate) fn is_domain(text: &str) -> bool {
    let labels: Vec<&str> = text.split('.').collect();
    labels.len() > 1 && labels.iter().all(|label| !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '-'))
}

/// `YYYY-MM-DD`, nothing else.
pub(crate) fn is_date(text: &str) -> bool {
    text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok()
}
