//! Canonical values as a request's body: only attributes from the table, each in the vendor's own type.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};
use syncline_model::{FieldName, Problem, Value};

use crate::attributes::{CUSTOM, Form, Kind, custom_name};

/// The body, or what of these fields cannot be sent. On a create an empty value is left out: there is nothing to clear.
pub(crate) fn body(kind: Kind, fields: &BTreeMap<FieldName, Value>, creating: bool) -> Result<Map<String, Json>, Vec<Problem>> {
    let mut members = Map::new();
    let mut custom = Map::new();
    let mut problems = Vec::new();
    for (name, value) in fields {
        if creating && value.is_null() {
            continue;
        }
        if let Some(own) = custom_name(name.as_str()) {
            match custom_json(value) {
                Ok(json) => {
                    custom.insert(own.to_owned(), json);
                }
                Err(expected) => problems.push(mismatch(name, value, expected)),
            }
            continue;
        }
        match kind.attribute(name.as_str()) {
            Some(attribute) if attribute.writable => match attribute_json(attribute.form, value) {
                Ok(json) => {
                    members.insert(attribute.name.to_owned(), json);
                }
                Err(expected) => problems.push(mismatch(name, value, expected)),
            },
            Some(_) => problems.push(not_writable(name, "is computed by Freshdesk and cannot be written")),
            None => problems.push(not_writable(name, "is no attribute that Syncline writes")),
        }
    }
    if !custom.is_empty() {
        members.insert(CUSTOM.to_owned(), Json::Object(custom));
    }
    if problems.is_empty() { Ok(members) } else { Err(problems) }
}

fn mismatch(name: &FieldName, value: &Value, expected: &str) -> Problem {
    Problem {
        field: Some(name.clone()),
        code: "datatype_mismatch".to_owned(),
        words: format!("Syncline was given a {} where Freshdesk takes {expected}; nothing was sent", value.type_name()),
    }
}

fn not_writable(name: &FieldName, words: &str) -> Problem {
    Problem { field: Some(name.clone()), code: "readonly_field".to_owned(), words: format!("this field {words}; nothing was sent") }
}

fn attribute_json(form: Form, value: &Value) -> Result<Json, &'static str> {
    match (form, value) {
        (Form::Texts, Value::Null) => Ok(Json::Array(Vec::new())),
        (_, Value::Null) => Ok(Json::Null),
        (Form::Text, Value::Text(text)) => Ok(Json::String(text.clone())),
        (Form::Text, Value::Integer(number)) => Ok(Json::String(number.to_string())),
        (Form::Text, Value::Reference(id)) => Ok(Json::String(id.to_string())),
        (Form::Text, _) => Err("a text"),
        (Form::Flag, Value::Bool(flag)) => Ok(Json::Bool(*flag)),
        (Form::Flag, _) => Err("a boolean"),
        (Form::Company, Value::Integer(id)) => Ok(Json::from(*id)),
        (Form::Company, Value::Reference(id)) => id.as_str().parse::<i64>().map(Json::from).map_err(|_| "a company's number"),
        (Form::Company, Value::Text(id)) => id.parse::<i64>().map(Json::from).map_err(|_| "a company's number"),
        (Form::Company, _) => Err("a company's number"),
        (Form::Texts, Value::Set(items)) => Ok(Json::from(items.iter().cloned().collect::<Vec<_>>())),
        (Form::Texts, _) => Err("a set of texts"),
        (Form::Day, Value::Date(date)) => Ok(Json::String(date.to_string())),
        (Form::Day, _) => Err("a date"),
        (Form::Companies, _) => Err("a list of companies"),
        (Form::Moment, _) => Err("a moment"),
    }
}

/// A custom field's type is known to the vendor alone; it refuses what does not fit. Custom dates are days, and there is no custom
/// field of several values (fact sheet §2.4: documented).
fn custom_json(value: &Value) -> Result<Json, &'static str> {
    match value {
        Value::Null => Ok(Json::Null),
        Value::Bool(flag) => Ok(Json::Bool(*flag)),
        Value::Integer(number) => Ok(Json::from(*number)),
        Value::Decimal(number) => Ok(Json::String(number.normalize().to_string())),
        Value::Text(text) => Ok(Json::String(text.clone())),
        Value::Date(date) => Ok(Json::String(date.to_string())),
        Value::Reference(id) => Ok(Json::String(id.to_string())),
        // Which day a moment is on depends on who looks.
        Value::DateTime(_) => Err("a date, and a moment is on another day elsewhere"),
        Value::Set(_) => Err("a single value"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fields(pairs: Vec<(&str, Value)>) -> BTreeMap<FieldName, Value> {
        pairs.into_iter().map(|(name, value)| (FieldName::new(name), value)).collect()
    }

    #[test]
    fn each_value_travels_in_the_vendors_type() {
        let contact = fields(vec![
            ("name", Value::text("Ida")),
            ("company_id", Value::Reference("82000114477".into())),
            ("tags", Value::set(["b".into(), "a".into()])),
            ("other_emails", Value::Null),
            ("phone", Value::Null),
            ("custom_fields.vip", Value::Bool(false)),
            ("custom_fields.cf_first_order_on", Value::Date("2024-02-11".parse().unwrap())),
            ("custom_fields.segment", Value::Null),
        ]);
        let update = json!({
            "name": "Ida", "company_id": 82_000_114_477_i64, "tags": ["a", "b"], "other_emails": [], "phone": null,
            "custom_fields": {"vip": false, "first_order_on": "2024-02-11", "segment": null},
        });
        assert_eq!(Json::Object(body(Kind::Contact, &contact, false).unwrap()), update);
        let create = json!({
            "name": "Ida", "company_id": 82_000_114_477_i64, "tags": ["a", "b"],
            "custom_fields": {"vip": false, "first_order_on": "2024-02-11"},
        });
        assert_eq!(Json::Object(body(Kind::Contact, &contact, true).unwrap()), create);
        let company = fields(vec![("renewal_date", Value::Date("2027-03-31".parse().unwrap())), ("domains", Value::Null)]);
        assert_eq!(Json::Object(body(Kind::Company, &company, false).unwrap()), json!({"renewal_date": "2027-03-31", "domains": []}));
    }

    #[test]
    fn what_cannot_be_sent_is_named_without_its_value() {
        let wrong = fields(vec![
            ("created_at", Value::DateTime("2027-03-31T00:00:00Z".parse().unwrap())),
            ("shoe_size", Value::Integer(4711)),
            ("company_id", Value::text("secret-company")),
            ("tags", Value::text("secret-tag")),
            ("custom_fields.cf_first_order_on", Value::DateTime("2027-03-31T23:30:00Z".parse().unwrap())),
            ("custom_fields.colours", Value::set(["secret-red".into()])),
        ]);
        let problems = body(Kind::Contact, &wrong, false).unwrap_err();
        let found: Vec<(&str, &str)> = problems.iter().map(|p| (p.field.as_ref().unwrap().as_str(), p.code.as_str())).collect();
        let expected = [
            ("company_id", "datatype_mismatch"),
            ("created_at", "readonly_field"),
            ("custom_fields.cf_first_order_on", "datatype_mismatch"),
            ("custom_fields.colours", "datatype_mismatch"),
            ("shoe_size", "readonly_field"),
            ("tags", "datatype_mismatch"),
        ];
        assert_eq!(found, expected);
        assert!(!format!("{problems:?}").contains("secret") && !format!("{problems:?}").contains("4711"));
    }
}
