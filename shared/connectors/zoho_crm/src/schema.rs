//! What the metadata says about the fields of a module, and what of two modules is a person's.

use std::collections::BTreeMap;

use serde_json::Value as Json;
use syncline_model::{Choice, Fault, FieldSchema, FieldType, ObjectKind, ObjectSchema};

use crate::faults::drift;
use crate::object::{ACCOUNT, COMPANY, MODULE, Module, OWNER_EMAIL, Object, is_paired, paired};

/// The kind of record to which owners refer: users are no object that is synced.
const USER: &str = "user";

/// One field of a module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Field {
    pub(crate) schema: FieldSchema,
    /// Whether a search takes it.
    pub(crate) searchable: bool,
}

/// The fields of one module, in the vendor's order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ModuleSchema {
    fields: Vec<Field>,
    by_name: BTreeMap<String, usize>,
}

impl ModuleSchema {
    /// Reads `settings/fields`.
    pub(crate) fn read(body: &Json) -> Result<Self, Fault> {
        let rows = body.get("fields").and_then(Json::as_array).filter(|rows| !rows.is_empty());
        let rows = rows.ok_or_else(|| drift("fields", "a list of fields", "something else"))?;
        let mut fields = Vec::with_capacity(rows.len());
        let mut by_name = BTreeMap::new();
        for row in rows {
            let field = read_field(row)?;
            if by_name.insert(field.schema.name.to_string(), fields.len()).is_none() {
                fields.push(field);
            }
        }
        Ok(Self { fields, by_name })
    }

    pub(crate) fn field(&self, name: &str) -> Option<&Field> {
        self.by_name.get(name).and_then(|place| self.fields.get(*place))
    }

    pub(crate) fn field_type(&self, name: &str) -> Option<&FieldType> {
        self.field(name).map(|field| &field.schema.field_type)
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.by_name.contains_key(name)
    }

    /// Whether no two records share a value there, so that an upsert through it meets its own record.
    pub(crate) fn is_unique(&self, name: &str) -> bool {
        self.field(name).is_some_and(|field| field.schema.unique)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &FieldSchema> {
        self.fields.iter().map(|field| &field.schema)
    }
}

fn read_field(row: &Json) -> Result<Field, Fault> {
    let text = |name: &str| row.get(name).and_then(Json::as_str).unwrap_or_default();
    let flag = |name: &str| row.get(name).and_then(Json::as_bool).unwrap_or(false);
    let name = text("api_name");
    if name.is_empty() {
        return Err(drift("fields.api_name", "a text", "something else"));
    }
    let label = [text("display_label"), text("field_label"), name].into_iter().find(|label| !label.is_empty()).unwrap_or(name);
    let mut schema = FieldSchema::new(name, label, field_type(row, name));
    let operation = |name: &str| row.get("operation_type").and_then(|own| own.get(name)).and_then(Json::as_bool).unwrap_or(true);
    let writable = !flag("read_only") && !matches!(schema.field_type, FieldType::Other(_)) && !is_of_system(name);
    schema.creatable = writable && operation("api_create");
    schema.updatable = writable && operation("api_update");
    schema.required = flag("system_mandatory");
    schema.unique = row.get("unique").is_some_and(|own| match own {
        Json::Object(members) => !members.is_empty(),
        Json::Bool(flag) => *flag,
        Json::Null | Json::Number(_) | Json::String(_) | Json::Array(_) => false,
    });
    schema.upsert_key = schema.unique;
    schema.calculated = matches!(text("data_type"), "formula" | "autonumber" | "rollup_summary");
    schema.visible = row.get("visible").and_then(Json::as_bool);
    schema.length = row.get("length").and_then(Json::as_u64).and_then(|length| u32::try_from(length).ok()).filter(|length| *length > 0);
    schema.custom = flag("custom_field");
    let searchable = row.get("searchable").and_then(Json::as_bool).unwrap_or(true) && text("data_type") != "textarea";
    Ok(Field { schema, searchable })
}

/// What the vendor keeps itself, whatever its metadata says.
fn is_of_system(name: &str) -> bool {
    matches!(
        name,
        "id" | "Full_Name"
            | "Created_Time"
            | "Modified_Time"
            | "Last_Activity_Time"
            | "Created_By"
            | "Modified_By"
            | "Unsubscribed_Mode"
            | "Unsubscribed_Time"
            | "Converted_Contact"
            | "Converted_Account"
            | "Converted_Deal"
            | "Layout"
            | "Tag"
    )
}

fn field_type(row: &Json, name: &str) -> FieldType {
    let data_type = row.get("data_type").and_then(Json::as_str).unwrap_or_default();
    let json_type = row.get("json_type").and_then(Json::as_str).unwrap_or_default();
    let choices = || {
        let listed = row.get("pick_list_values").and_then(Json::as_array).into_iter().flatten();
        let choice = |entry: &Json| {
            let value = entry.get("actual_value").or_else(|| entry.get("display_value"))?.as_str()?;
            let label = entry.get("display_value").and_then(Json::as_str).unwrap_or(value);
            Some(Choice { value: value.to_owned(), label: label.to_owned() })
        };
        listed.filter_map(choice).filter(|choice| choice.value != "-None-").collect::<Vec<_>>()
    };
    let module_of_lookup = || {
        let module = row.get("lookup").and_then(|lookup| lookup.get("module"))?;
        module.get("api_name").unwrap_or(module).as_str().map(ObjectKind::new)
    };
    match data_type {
        _ if name == "id" => FieldType::Id,
        _ if name == "Tag" => FieldType::Set { choices: Vec::new() },
        "text" | "textarea" | "website" | "autonumber" if json_type != "jsonarray" => FieldType::Text,
        "email" => FieldType::Email,
        "phone" => FieldType::Phone,
        "boolean" => FieldType::Bool,
        "integer" | "bigint" => FieldType::Integer,
        "double" | "currency" | "percent" => FieldType::Decimal,
        "date" => FieldType::Date,
        "datetime" => FieldType::DateTime,
        // The vendor takes other values too, unless the field is a global set with a lock: told only by a refusal.
        "picklist" => FieldType::Choice { choices: choices(), restricted: false },
        "multiselectpicklist" => FieldType::Set { choices: choices() },
        "lookup" => FieldType::Reference { to: module_of_lookup().into_iter().collect() },
        "ownerlookup" | "userlookup" => FieldType::Reference { to: vec![ObjectKind::new(USER)] },
        other => FieldType::Other(other.to_owned()),
    }
}

/// The object's fields, as the engine asks for them.
pub(crate) fn of_object(object: Object, modules: &BTreeMap<Module, ModuleSchema>) -> ObjectSchema {
    let mut fields = Vec::new();
    match object {
        Object::One(module) => fields.extend(modules.get(&module).into_iter().flat_map(ModuleSchema::iter).cloned()),
        Object::Person => person(modules, &mut fields),
    }
    if !fields.iter().any(|field| field.name.as_str() == "id") {
        fields.insert(0, read_only("id", "Record id", FieldType::Id));
    }
    fields.push(read_only(OWNER_EMAIL, "Owner's email", FieldType::Email));
    ObjectSchema { kind: object.kind(), fields }
}

fn read_only(name: &str, label: &str, field_type: FieldType) -> FieldSchema {
    let mut field = FieldSchema::new(name, label, field_type);
    (field.creatable, field.updatable) = (false, false);
    field
}

/// Fields of leads, by whose names the contacts' pairs are known too, then what only contacts have. A field that both have under one name and with
/// different types is what a value of either can be written to only in its own module: it is left out.
fn person(modules: &BTreeMap<Module, ModuleSchema>, fields: &mut Vec<FieldSchema>) {
    let choice = |name: &str| Choice { value: name.to_owned(), label: name.to_owned() };
    let choices = vec![choice(Module::Leads.name()), choice(Module::Contacts.name())];
    fields.push(FieldSchema::new(MODULE, "Module", FieldType::Choice { choices, restricted: true }));
    let (Some(leads), Some(contacts)) = (modules.get(&Module::Leads), modules.get(&Module::Contacts)) else { return };
    for lead in leads.iter() {
        let name = lead.name.as_str();
        let Some(contact) = contacts.field(paired(name).unwrap_or(name)) else {
            let mut own = lead.clone();
            // Nobody can be asked for what contacts do not have; a contact's company is the name of its account.
            own.required &= name == COMPANY;
            fields.push(own);
            continue;
        };
        if std::mem::discriminant(&contact.schema.field_type) != std::mem::discriminant(&lead.field_type) {
            continue;
        }
        let mut both = lead.clone();
        both.creatable &= contact.schema.creatable;
        both.updatable &= contact.schema.updatable;
        both.required |= contact.schema.required;
        both.unique &= contact.schema.unique;
        both.upsert_key = both.unique;
        both.length = [both.length, contact.schema.length].into_iter().flatten().min();
        fields.push(both);
    }
    for contact in contacts.iter() {
        let name = contact.name.as_str();
        let by_the_leads_name = is_paired(name) && fields.iter().any(|field| paired(field.name.as_str()) == Some(name));
        if !leads.has(name) && !by_the_leads_name {
            let mut own = contact.clone();
            own.required &= name == ACCOUNT;
            fields.push(own);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn row(name: &str, data_type: &str) -> Json {
        json!({
            "api_name": name, "field_label": name, "data_type": data_type, "json_type": "string", "read_only": false, "unique": {},
            "operation_type": {"api_create": true, "api_update": true}, "length": 80, "custom_field": false, "visible": true
        })
    }

    fn schema(rows: &[Json]) -> ModuleSchema {
        ModuleSchema::read(&json!({ "fields": rows })).unwrap()
    }

    #[test]
    fn a_field_is_read_with_its_rights() {
        let mut link = row("SALESmanago_Id", "text");
        link["unique"] = json!({"casesensitive": false});
        link["custom_field"] = json!(true);
        let mut account = row("Account_Name", "lookup");
        account["lookup"] = json!({"module": {"api_name": "Accounts", "id": "1"}});
        let schema = schema(&[link, account, row("Modified_Time", "datetime"), row("Description", "textarea"), row("Items", "subform")]);
        let field = |name: &str| &schema.field(name).unwrap().schema;
        assert!(field("SALESmanago_Id").unique && field("SALESmanago_Id").custom && schema.is_unique("SALESmanago_Id"));
        assert_eq!(field("Account_Name").field_type, FieldType::Reference { to: vec!["Accounts".into()] });
        assert!(!field("Modified_Time").updatable && !field("Items").creatable);
        assert!(!schema.field("Description").unwrap().searchable);
        assert!(ModuleSchema::read(&json!({"fields": []})).is_err() && ModuleSchema::read(&json!({})).is_err());
    }

    #[test]
    fn a_person_has_what_both_have_and_what_either_has() {
        let leads =
            schema(&[row("Last_Name", "text"), row("City", "text"), row("Company", "text"), row("Rating", "picklist"), row("Odd", "text")]);
        let contacts = schema(&[
            row("Last_Name", "text"),
            row("Mailing_City", "text"),
            row("Date_of_Birth", "date"),
            row("Account_Name", "lookup"),
            row("Odd", "date"),
        ]);
        let person = of_object(Object::Person, &BTreeMap::from([(Module::Leads, leads), (Module::Contacts, contacts)]));
        let names: Vec<&str> = person.fields.iter().map(|field| field.name.as_str()).collect();
        assert_eq!(names, ["id", "module", "Last_Name", "City", "Company", "Rating", "Date_of_Birth", "Account_Name", "owner_email"]);
    }

    /// As recorded: the metadata of deals.
    #[test]
    fn recorded_metadata_is_read() {
        let body: Json = serde_json::from_str(include_str!("../fixtures/metadata/deals.json")).unwrap();
        let schema = ModuleSchema::read(&body).unwrap();
        let owner = &schema.field("Owner").unwrap().schema;
        assert_eq!(owner.field_type, FieldType::Reference { to: vec!["user".into()] });
        let FieldType::Choice { choices, .. } = &schema.field("Stage").unwrap().schema.field_type else { panic!() };
        assert!(choices.len() > 3);
    }
}
