//! Custom fields: definitions, and values by display name (fact sheet §5.2).

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde_json::{Map, Value as Json, json};

use crate::rows::ADDRESS_PARTS;
use crate::spec::Resource;
use crate::wire::Problem;

/// What an administrator chooses when they make a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomField {
    pub name: String,
    /// number, string, text, bool, boolean, date, datetime, email, phone, url, address, list, `multi_select_list`.
    pub field_type: &'static str,
    /// Of a list.
    pub options: Vec<String>,
    /// Lists can be narrowed and ordered by it.
    pub filterable: bool,
    /// Of contacts: whether persons, organisations have it.
    pub for_persons: bool,
    pub for_organizations: bool,
}

impl CustomField {
    pub fn new(name: &str, field_type: &'static str) -> Self {
        Self { name: name.to_owned(), field_type, options: Vec::new(), filterable: false, for_persons: true, for_organizations: true }
    }

    #[must_use]
    pub fn filterable(self) -> Self {
        Self { filterable: true, ..self }
    }

    #[must_use]
    pub fn with_options(self, options: &[&str]) -> Self {
        Self { options: options.iter().map(|option| (*option).to_owned()).collect(), ..self }
    }
}

/// Of all resources, by the resource's path and the field's id.
#[derive(Default)]
pub(crate) struct CustomFields(BTreeMap<&'static str, BTreeMap<i64, CustomField>>);

impl CustomFields {
    pub(crate) fn add(&mut self, resource: &'static Resource, id: i64, field: CustomField) {
        self.0.entry(resource.path).or_default().insert(id, field);
    }

    pub(crate) fn remove(&mut self, resource: &Resource, name: &str) -> Option<i64> {
        let (id, _) = self.by_name(resource, name)?;
        self.0.get_mut(resource.path)?.remove(&id);
        Some(id)
    }

    pub(crate) fn rename(&mut self, resource: &Resource, from: &str, to: &str) -> bool {
        let Some((id, _)) = self.by_name(resource, from) else { return false };
        if let Some(field) = self.0.get_mut(resource.path).and_then(|fields| fields.get_mut(&id)) {
            to.clone_into(&mut field.name);
        }
        true
    }

    pub(crate) fn by_name(&self, resource: &Resource, name: &str) -> Option<(i64, &CustomField)> {
        self.of(resource).find(|(_, field)| field.name == name)
    }

    fn of(&self, resource: &Resource) -> impl Iterator<Item = (i64, &CustomField)> {
        self.0.get(resource.path).into_iter().flatten().map(|(id, field)| (*id, field))
    }

    /// The definitions, each in its envelope. `choices`: whether options go by that name (seen both ways).
    pub(crate) fn definitions(&self, resource: &Resource, choices: bool) -> Vec<Json> {
        let definition = |(id, field): (i64, &CustomField)| {
            let mut data = json!({"id": id, "name": field.name, "type": field.field_type});
            if resource.path == "contacts" {
                data["for_contact"] = json!(field.for_persons);
                data["for_organisation"] = json!(field.for_organizations);
            }
            if matches!(field.field_type, "list" | "multi_select_list") {
                let options = field.options.iter().zip(1..).map(|(name, number)| json!({"id": id * 100 + number, "name": name}));
                data[if choices { "choices" } else { "options" }] = options.collect();
            }
            json!({"data": data, "meta": {"type": "custom_field"}})
        };
        self.of(resource).map(definition).collect()
    }

    /// Values by display name, as Core carries them. A field without a value is absent.
    pub(crate) fn named(&self, resource: &Resource, values: &BTreeMap<i64, Json>) -> Map<String, Json> {
        self.of(resource).filter_map(|(id, field)| Some((field.name.clone(), values.get(&id)?.clone()))).collect()
    }

    /// Values as events carry them.
    pub(crate) fn values(&self, resource: &Resource, values: &BTreeMap<i64, Json>) -> Json {
        let value = |(id, field): (i64, &CustomField)| {
            let data = json!({"id": id, "name": field.name, "resource_type": resource.name, "type": field.field_type});
            Some(json!({"value": values.get(&id)?, "custom_field": {"data": data, "meta": {"type": "custom_field"}}}))
        };
        self.of(resource).filter_map(value).collect()
    }

    /// Takes values as they are written; null takes one away.
    pub(crate) fn write(&self, resource: &Resource, row: &mut BTreeMap<i64, Json>, written: &Map<String, Json>) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (name, value) in written {
            let place = format!("custom_fields/{name}");
            let Some((id, field)) = self.by_name(resource, name) else {
                problems.push(Problem::unknown(resource.name, &place));
                continue;
            };
            match stored(field, value) {
                Ok(Json::Null) => drop(row.remove(&id)),
                Ok(value) => drop(row.insert(id, value)),
                Err(Wrong::Type(expected)) => problems.push(Problem::wrong_type(&place, expected)),
                Err(Wrong::Value) => {
                    problems.push(Problem::incorrect(&place, format!("The value is not acceptable for a {}.", field.field_type)));
                }
            }
        }
        problems
    }
}

enum Wrong {
    Type(&'static str),
    Value,
}

/// The value as the vendor keeps it: numbers become texts.
fn stored(field: &CustomField, value: &Json) -> Result<Json, Wrong> {
    let text = || value.as_str().ok_or(Wrong::Type("a string"));
    let listed = |item: &str| if field.options.iter().any(|option| option == item) { Ok(()) } else { Err(Wrong::Value) };
    if value.is_null() || value.as_str() == Some("") {
        return Ok(Json::Null);
    }
    match field.field_type {
        "number" => {
            let number = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            number.parse::<Decimal>().map(|number| json!(number.to_string())).map_err(|_| Wrong::Type("a number"))
        }
        "bool" | "boolean" => value.as_bool().map(|flag| json!(flag)).ok_or(Wrong::Type("a boolean")),
        "date" => text()?.parse::<jiff::civil::Date>().map(|date| json!(date.to_string())).map_err(|_| Wrong::Value),
        // Wall-clock, written as if it were UTC: an offset is dropped, not applied.
        "datetime" => {
            let wall = text()?.get(..19).and_then(|wall| wall.parse::<jiff::civil::DateTime>().ok()).ok_or(Wrong::Value)?;
            Ok(json!(format!("{wall}Z")))
        }
        "list" => {
            listed(text()?)?;
            Ok(value.clone())
        }
        "multi_select_list" => {
            let items = value.as_array().ok_or(Wrong::Type("an array"))?;
            for item in items {
                listed(item.as_str().ok_or(Wrong::Type("an array of strings"))?)?;
            }
            Ok(if items.is_empty() { Json::Null } else { value.clone() })
        }
        "address" => {
            let members = value.as_object().ok_or(Wrong::Type("an object"))?;
            if members.keys().any(|part| !ADDRESS_PARTS.contains(&part.as_str())) { Err(Wrong::Value) } else { Ok(value.clone()) }
        }
        _ => text().map(|text| json!(text)),
    }
}
