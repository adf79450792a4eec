//! One written value: from the JSON of a request to the form that is stored, or the refusal that Salesforce has for it (fact sheet §2.7, §4.6).

use serde_json::Value as Json;

use crate::objects::{Field, Kind};
use crate::refusal::Refusal;
use crate::{ids, moments};

/// The stored form of a written value. References are checked for their form only.
pub(crate) fn stored(field: &Field, value: &Json, reorders_multipicklist: bool) -> Result<Json, Refusal> {
    if value.is_null() || value.as_str().is_some_and(|text| text.trim().is_empty()) {
        return if field.kind == Kind::Boolean { Err(wrong_type("boolean", value)) } else { Ok(Json::Null) };
    }
    match field.kind {
        Kind::Boolean => value.as_bool().map(Json::Bool).ok_or_else(|| wrong_type("boolean", value)),
        Kind::Int => {
            let number = value.as_i64().or_else(|| value.as_f64().filter(|number| number.fract() == 0.0).and(value.as_i64()));
            number.map(Json::from).ok_or_else(|| wrong_type("int", value))
        }
        Kind::Double | Kind::Currency | Kind::Percent => number(field, value),
        Kind::Date => {
            let day = value.as_str().and_then(|text| moments::parse_day(text.get(..10).unwrap_or(text)));
            day.map(Json::String).ok_or_else(|| wrong_type("date", value))
        }
        Kind::DateTime => {
            let at = value.as_str().and_then(moments::parse);
            at.map(|at| Json::String(moments::wire(at))).ok_or_else(|| wrong_type("datetime", value))
        }
        Kind::Reference | Kind::Id => {
            let given = value.as_str().ok_or_else(|| wrong_type("reference", value))?;
            let id = ids::normalise(given).ok_or_else(|| malformed_id(given))?;
            Ok(Json::String(id))
        }
        Kind::Address => Err(wrong_type("address", value)),
        Kind::String | Kind::TextArea | Kind::Phone | Kind::Email | Kind::Url | Kind::Picklist | Kind::MultiPicklist => {
            let text = value.as_str().ok_or_else(|| wrong_type("string", value))?;
            words(field, text, reorders_multipicklist).map(Json::String)
        }
    }
}

pub(crate) fn malformed_id(given: &str) -> Refusal {
    Refusal::of_fields("MALFORMED_ID", format!("malformed id {given}"), &[])
}

fn number(field: &Field, value: &Json) -> Result<Json, Refusal> {
    let Some(number) = value.as_f64() else { return Err(wrong_type("double", value)) };
    let digits = usize::try_from(field.precision.saturating_sub(field.scale)).unwrap_or(18);
    if digits > 0 && format!("{:.0}", number.abs()).len() > digits {
        let message = format!("{}: value outside of valid range on numeric field: {value}", field.label);
        return Err(Refusal::of_fields("NUMBER_OUTSIDE_VALID_RANGE", message, &[&field.name]));
    }
    Ok(value.clone())
}

fn words(field: &Field, text: &str, reorders_multipicklist: bool) -> Result<String, Refusal> {
    let text = text.replace("\r\n", "\n").trim().to_owned();
    if field.length > 0 && text.chars().count() > usize::try_from(field.length).unwrap_or(usize::MAX) {
        let message = format!("{}: data value too large: {text} (max length={})", field.label, field.length);
        return Err(Refusal::of_fields("STRING_TOO_LONG", message, &[&field.name]));
    }
    if field.kind == Kind::Email && !is_email(&text) {
        let message = format!("{}: invalid email address: {text}", field.label);
        return Err(Refusal::of_fields("INVALID_EMAIL_ADDRESS", message, &[&field.name]));
    }
    let choices = || -> Vec<&str> { if field.kind == Kind::MultiPicklist { text.split(';').collect() } else { vec![text.as_str()] } };
    let is_picklist = matches!(field.kind, Kind::Picklist | Kind::MultiPicklist);
    if is_picklist && field.restricted {
        let stranger = choices().into_iter().find(|choice| !field.choices.iter().any(|known| known == choice)).map(str::to_owned);
        if let Some(stranger) = stranger {
            let message = format!("{}: bad value for restricted picklist field: {stranger}", field.label);
            return Err(Refusal::of_fields("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message, &[&field.name]));
        }
    }
    if field.kind == Kind::MultiPicklist && reorders_multipicklist {
        let mut chosen = choices();
        chosen.sort_by_key(|choice| field.choices.iter().position(|known| known == choice).unwrap_or(usize::MAX));
        return Ok(chosen.join(";"));
    }
    Ok(text)
}

fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let fits = |part: &str| !part.is_empty() && !part.contains(|letter: char| letter.is_whitespace() || ",;<>()@".contains(letter));
    fits(local) && fits(domain) && domain.contains('.') && !domain.starts_with('.') && !domain.ends_with('.')
}

/// The parser's complaint about a JSON value of another type [from memory: unverified].
fn wrong_type(expected: &str, value: &Json) -> Refusal {
    let found = if value.is_string() {
        "VALUE_STRING"
    } else if value.is_boolean() {
        if value == &Json::Bool(true) { "VALUE_TRUE" } else { "VALUE_FALSE" }
    } else if value.is_i64() || value.is_u64() {
        "VALUE_NUMBER_INT"
    } else if value.is_number() {
        "VALUE_NUMBER_FLOAT"
    } else if value.is_null() {
        "VALUE_NULL"
    } else if value.is_array() {
        "START_ARRAY"
    } else {
        "START_OBJECT"
    };
    Refusal::json(format!("Cannot deserialize instance of {expected} from {found} value or request may be missing a required field"))
}
