//! The account's objects and their fields, as the settings name them: no operation tells of them (fact sheet §0).

use syncline_model::{FieldSchema, FieldType, ObjectKind, ObjectSchema};

/// The field under which a record is upserted and deleted (fact sheet §2.1).
pub(crate) const ID: &str = "id";

/// One object of the account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entity {
    /// Its API name, in the case in which the account writes it.
    pub(crate) name: String,
    pub(crate) fields: Vec<(String, FieldType)>,
}

impl Entity {
    pub(crate) fn schema(&self) -> ObjectSchema {
        let mut id = FieldSchema::new(ID, "Record id", FieldType::Text);
        id.updatable = false;
        id.unique = true;
        id.upsert_key = true;
        let fields = self.fields.iter().map(|(name, field_type)| FieldSchema::new(name.as_str(), name.as_str(), field_type.clone()));
        ObjectSchema { kind: ObjectKind::new(self.name.as_str()), fields: std::iter::once(id).chain(fields).collect() }
    }
}

/// Reads `Contacts(name, visits:integer); Deals(name)`; `None` where it is no such text.
pub(crate) fn read(text: &str) -> Option<Vec<Entity>> {
    let entities: Vec<Entity> = text.split(';').map(str::trim).filter(|part| !part.is_empty()).map(entity).collect::<Option<Vec<_>>>()?;
    let is_twice = |at: usize| entities.iter().take(at).any(|other| entities.get(at).is_some_and(|own| own.name == other.name));
    (!entities.is_empty() && !(0..entities.len()).any(is_twice)).then_some(entities)
}

fn entity(text: &str) -> Option<Entity> {
    let (name, rest) = text.split_once('(')?;
    let fields: Vec<(String, FieldType)> = rest.strip_suffix(')')?.split(',').map(field).collect::<Option<Vec<_>>>()?;
    let name = name.trim();
    let is_name = |text: &str| !text.is_empty() && text.chars().all(|sign| sign.is_alphanumeric() || "_-. ".contains(sign));
    let is_good = is_name(name) && fields.iter().all(|(name, _)| is_name(name) && name != ID);
    is_good.then(|| Entity { name: name.to_owned(), fields })
}

fn field(text: &str) -> Option<(String, FieldType)> {
    let (name, word) = text.trim().split_once(':').unwrap_or((text.trim(), "text"));
    let field_type = match word.trim() {
        "text" => FieldType::Text,
        "integer" => FieldType::Integer,
        "decimal" => FieldType::Decimal,
        "bool" => FieldType::Bool,
        "date" => FieldType::Date,
        "datetime" => FieldType::DateTime,
        _ => return None,
    };
    Some((name.trim().to_owned(), field_type))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_and_types_are_read() {
        let entities = read("Contacts(name, visits:integer) ; Deals(value: decimal)").unwrap();
        assert_eq!(entities.iter().map(|entity| entity.name.as_str()).collect::<Vec<_>>(), ["Contacts", "Deals"]);
        let schema = entities[0].schema();
        let names: Vec<&str> = schema.fields.iter().map(|field| field.name.as_str()).collect();
        assert_eq!(names, ["id", "name", "visits"]);
        assert_eq!(schema.fields[2].field_type, FieldType::Integer);
        assert!(schema.fields[0].upsert_key && !schema.fields[0].updatable);
    }

    #[test]
    fn what_is_no_list_of_objects_is_refused() {
        for bad in ["", "Contacts", "Contacts()", "Contacts(name", "(name)", "A(x:colour)", "A(id)", "A(x); A(y)", "A(x)&b(y)"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
