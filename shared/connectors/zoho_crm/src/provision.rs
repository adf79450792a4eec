//! Fields that are made for us (documented: POST `settings/fields`, at most five at once; the vendor makes the API name out of the label).

use serde_json::{Value as Json, json};
use syncline_engine::ports::connector::FieldWish;
use syncline_model::{Deadline, Fault, FieldSchema, FieldType};

use crate::calls;
use crate::connection::Connection;
use crate::faults::{drift, of_row, refused, unsupported};
use crate::object::{MODULE, Module, Object};

/// Characters of a text field where the wish names none.
const LENGTH: u32 = 255;

impl Connection {
    pub(crate) async fn provide(&self, object: Object, wish: &FieldWish, by: Deadline) -> Result<(), Fault> {
        if wish.schema.name.as_str() == MODULE {
            return Err(unsupported("field of that name that could be made"));
        }
        for module in object.modules() {
            self.provide_in(module, &wish.schema, by).await?;
        }
        Ok(())
    }

    async fn provide_in(&self, module: Module, wish: &FieldSchema, by: Deadline) -> Result<(), Fault> {
        let body = creation(wish)?;
        self.forget_schemas();
        if let Some(standing) = self.module_schema(module, by).await?.field(wish.name.as_str()) {
            return agrees(&standing.schema, wish);
        }
        let answer = self.client.send(&calls::create_field(module, &body), &[], by).await?.json.unwrap_or(Json::Null);
        let row = answer.get("fields").and_then(|rows| rows.get(0)).unwrap_or(&Json::Null);
        match row.get("status").and_then(Json::as_str) {
            Some("success") => {}
            // Somebody made it meanwhile, or it was refused: reading tells.
            Some(_) if row.get("code").and_then(Json::as_str) == Some("DUPLICATE_DATA") => {}
            Some(_) => return Err(of_row(row, self.client.now(), &[])),
            None => return Err(drift("fields", "what became of the field", "something else")),
        }
        self.forget_schemas();
        match self.module_schema(module, by).await?.field(wish.name.as_str()) {
            Some(standing) => agrees(&standing.schema, wish),
            None => Err(Fault::Uncertain),
        }
    }
}

fn creation(wish: &FieldSchema) -> Result<Json, Fault> {
    let name = wish.name.as_str();
    let data_type = match &wish.field_type {
        FieldType::Text => "text",
        FieldType::Email => "email",
        FieldType::Phone => "phone",
        FieldType::Bool => "boolean",
        FieldType::Integer => "integer",
        FieldType::Decimal => "double",
        FieldType::Date => "date",
        FieldType::DateTime => "datetime",
        FieldType::Choice { .. } | FieldType::Set { .. } | FieldType::Reference { .. } | FieldType::Id | FieldType::Other(_) => {
            return Err(unsupported(format!("way to make a field of the type that {name} shall have")));
        }
    };
    // `A B` becomes `A_B`.
    let mut field = json!({ "field_label": name.replace('_', " "), "data_type": data_type });
    if let Some(members) = field.as_object_mut() {
        if wish.field_type == FieldType::Text {
            members.insert("length".to_owned(), json!(wish.length.unwrap_or(LENGTH)));
        }
        if wish.unique {
            members.insert("unique".to_owned(), json!({ "casesensitive": false }));
        }
    }
    Ok(field)
}

fn agrees(standing: &FieldSchema, wish: &FieldSchema) -> Result<(), Fault> {
    let name = wish.name.as_str();
    if std::mem::discriminant(&standing.field_type) != std::mem::discriminant(&wish.field_type) {
        return Err(refused(Some(name), "other_type", "the field is there already, with another type; choose another name"));
    }
    if !(standing.creatable && standing.updatable) {
        return Err(refused(Some(name), "read_only", "the field is there already and cannot be written; choose another name"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_field_is_a_unique_text() {
        let mut wish = FieldSchema::new("SALESmanago_Id", "SALESmanago id", FieldType::Text);
        (wish.unique, wish.length) = (true, Some(40));
        let expected = json!({"field_label": "SALESmanago Id", "data_type": "text", "length": 40, "unique": {"casesensitive": false}});
        assert_eq!(creation(&wish).unwrap(), expected);
        let odd = FieldSchema::new("Odd", "Odd", FieldType::Other("hologram".into()));
        assert!(matches!(creation(&odd), Err(Fault::Unsupported { .. })));
        assert!(agrees(&FieldSchema::new("A", "A", FieldType::Date), &wish).is_err());
    }
}
