//! The config's shape as a JSON Schema, for editors, made from the tables that the reader checks by.

use serde_json::{Map, Value, json};

use crate::shape::{Key, ROOT, Shape};

/// The JSON Schema (draft 2020-12) of `syncline.yaml`.
pub fn json_schema() -> Value {
    let mut schema = of(&ROOT);
    if let Some(object) = schema.as_object_mut() {
        object.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
        object.insert("title".to_owned(), json!("syncline.yaml"));
    }
    schema
}

fn of(shape: &Shape) -> Value {
    match shape {
        Shape::Text | Shape::Master => json!({ "type": "string", "minLength": 1 }),
        Shape::Schedule => json!({
            "type": "string",
            "minLength": 1,
            "examples": ["every 30 minutes", "every hour", "daily at 06:00", "daily at 06:00 Europe/Berlin", "at 00:00, 06:00, 12:00, 18:00 Europe/Warsaw"],
        }),
        Shape::Scalar => json!({ "type": ["string", "number", "boolean"] }),
        Shape::Flag => json!({ "type": "boolean" }),
        Shape::Whole(least, most) => json!({ "type": "integer", "minimum": least, "maximum": most }),
        Shape::Percent => json!({ "type": "number", "minimum": 0, "maximum": 100 }),
        Shape::Words(words) => json!({ "type": "string", "enum": words }),
        Shape::Keys(keys) => map(keys, &json!(false)),
        Shape::Connection(keys) => map(keys, &of(&Shape::Scalar)),
        Shape::Named(_, each) => json!({
            "type": "object",
            "minProperties": 1,
            "propertyNames": { "pattern": "^[A-Za-z0-9_-]{1,64}$" },
            "additionalProperties": of(each),
        }),
        Shape::Table => json!({ "type": "object", "minProperties": 1, "additionalProperties": of(&Shape::Scalar) }),
        Shape::List(each) => json!({ "type": "array", "items": of(each) }),
        Shape::Either(simple, detailed) => json!({ "anyOf": [of(simple), of(detailed)] }),
    }
}

fn map(keys: &[Key], others: &Value) -> Value {
    let mut properties = Map::new();
    for key in keys {
        let mut schema = of(&key.shape);
        if let Some(object) = schema.as_object_mut() {
            object.insert("description".to_owned(), json!(key.help));
        }
        properties.insert(key.name.to_owned(), schema);
    }
    let mut schema = json!({ "type": "object", "properties": properties, "additionalProperties": others });
    let required: Vec<&str> = keys.iter().filter(|key| key.required).map(|key| key.name).collect();
    if let Some(object) = schema.as_object_mut()
        && !required.is_empty()
    {
        object.insert("required".to_owned(), json!(required));
    }
    schema
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Kind, Node, parse};
    use crate::findings::Findings;
    use crate::{recipe, recipe_names};

    fn as_json(node: &Node) -> Value {
        match &node.kind {
            Kind::Map(entries) => Value::Object(entries.iter().map(|entry| (entry.key.clone(), as_json(&entry.value))).collect()),
            Kind::List(items) => Value::Array(items.iter().map(as_json).collect()),
            Kind::Scalar { text, .. } => match (node.flag(), node.number()) {
                (Some(flag), _) => json!(flag),
                (None, Some(number)) => serde_json::from_str(number).unwrap(),
                (None, None) => json!(text),
            },
        }
    }

    /// As much of JSON Schema as the published one uses.
    fn refusal(value: &Value, schema: &Value) -> Option<String> {
        if let Some(any) = schema.get("anyOf").and_then(Value::as_array) {
            let all: Option<Vec<String>> = any.iter().map(|one| refusal(value, one)).collect();
            return all.map(|all| all.join(" / "));
        }
        let own = match value {
            Value::Object(_) => "object",
            Value::Array(_) => "array",
            Value::String(_) => "string",
            Value::Bool(_) => "boolean",
            Value::Number(number) if number.is_i64() => "integer",
            Value::Number(_) => "number",
            Value::Null => "null",
        };
        let fits = |wanted: &str| wanted == own || (wanted == "number" && own == "integer");
        let types = schema["type"].as_array().cloned().unwrap_or_else(|| vec![schema["type"].clone()]);
        let allowed = types.iter().any(|wanted| fits(wanted.as_str().unwrap()));
        if !allowed {
            return Some(format!("{own} where {} should be", schema["type"]));
        }
        if let Some(words) = schema.get("enum").and_then(Value::as_array)
            && !words.contains(value)
        {
            return Some("a word that is not in the list".to_owned());
        }
        let below = |bound: &str, over: bool| {
            let (number, bound) = (value.as_f64()?, schema.get(bound)?.as_f64()?);
            ((over && number < bound) || (!over && number > bound)).then(|| "a number out of range".to_owned())
        };
        let items = value.as_array().into_iter().flatten().find_map(|item| refusal(item, &schema["items"]));
        let entries = value.as_object().into_iter().flatten().find_map(|(key, part)| {
            let known = schema.get("properties").and_then(|known| known.get(key));
            match known.or_else(|| schema.get("additionalProperties").filter(|others| others.is_object())) {
                Some(known) => refusal(part, known).map(|why| format!("{key}: {why}")),
                None => Some(format!("{key} is not known")),
            }
        });
        let missing = schema.get("required").and_then(Value::as_array).into_iter().flatten().find_map(|key| {
            let key = key.as_str().unwrap();
            value.get(key).is_none().then(|| format!("{key} is missing"))
        });
        below("minimum", true).or_else(|| below("maximum", false)).or(items).or(entries).or(missing)
    }

    fn json_of(text: &str) -> Value {
        let mut findings = Findings::default();
        let root = parse(text, &mut findings).unwrap();
        assert!(findings.0.is_empty(), "{findings:?}");
        as_json(&root)
    }

    #[test]
    fn every_recipe_fits_the_schema() {
        let schema = json_schema();
        for name in recipe_names() {
            // What a recipe leaves to its user.
            let text = recipe(name).unwrap().replace("    # direction: ", "    direction: ");
            assert_eq!(refusal(&json_of(&text), &schema), None, "{name}");
        }
        let wrong = recipe("freshdesk-salesforce").unwrap().replace("direction: both", "direction: all");
        assert!(refusal(&json_of(&wrong), &schema).is_some());
    }

    /// Every key of the tables stands in the schema with its help, required where the reader requires it.
    #[test]
    fn every_key_of_the_reader_stands_in_the_schema() {
        fn walk(shape: &Shape, schema: &Value, seen: &mut usize) {
            match shape {
                Shape::Keys(keys) | Shape::Connection(keys) => {
                    for key in *keys {
                        let known = &schema["properties"][key.name];
                        assert_eq!(known["description"], key.help, "{}", key.name);
                        let required = schema.get("required").is_some_and(|names| names.as_array().unwrap().contains(&json!(key.name)));
                        assert_eq!(required, key.required, "{}", key.name);
                        assert!(key.example.starts_with(key.name), "{}", key.name);
                        *seen += 1;
                        walk(&key.shape, known, seen);
                    }
                }
                Shape::Named(_, each) => walk(each, &schema["additionalProperties"], seen),
                Shape::List(each) => walk(each, &schema["items"], seen),
                Shape::Either(simple, detailed) => {
                    walk(simple, &schema["anyOf"][0], seen);
                    walk(detailed, &schema["anyOf"][1], seen);
                }
                Shape::Text
                | Shape::Master
                | Shape::Scalar
                | Shape::Flag
                | Shape::Whole(..)
                | Shape::Percent
                | Shape::Words(_)
                | Shape::Schedule
                | Shape::Table => {}
            }
        }
        let mut seen = 0;
        walk(&ROOT, &json_schema(), &mut seen);
        assert!(seen > 70, "{seen} keys");
    }

    #[test]
    fn the_committed_schema_is_current() {
        let committed: Value = serde_json::from_str(include_str!("../syncline.schema.json")).unwrap();
        assert!(committed == json_schema(), "write it again: cargo run -p syncline-config --example write_schema");
    }
}
