//! Answers as records.

use serde_json::{Map, Value as Json};
use syncline_engine::ports::connector::{BadRecord, Selection};
use syncline_model::{Fault, FieldName, ObjectKind, Presence, Record, RecordId, Value, Version};

use crate::faults::{drift, is_page, of_body};
use crate::object::{ACCOUNT, MODULE, Module, OWNER_EMAIL, Object, Source, is_bare, source};
use crate::schema::ModuleSchema;
use crate::values;

/// The members of a lead that say that it was converted, and into whom (fact sheet §2).
pub(crate) const CONVERTED_CONTACT: &str = "Converted_Contact";
const CONVERTED: [&str; 2] = ["$converted", "Converted__s"];
pub(crate) const MODIFIED: &str = "Modified_Time";
const OWNER: &str = "Owner";

/// The rows of a list's answer, and whether there are more.
pub(crate) struct Rows {
    pub(crate) list: Vec<Json>,
    pub(crate) more: bool,
    pub(crate) next_token: Option<String>,
}

impl Rows {
    /// `None`: an answer without a body, which is an empty list. `asked`: how many rows were asked for.
    pub(crate) fn read(json: Option<Json>, asked: u32) -> Result<Self, Fault> {
        let Some(json) = json else { return Ok(Self { list: Vec::new(), more: false, next_token: None }) };
        let info = json.get("info");
        let more = info.and_then(|info| info.get("more_records")).and_then(Json::as_bool);
        let next_token = info.and_then(|info| info.get("next_page_token")).and_then(Json::as_str).map(str::to_owned);
        let rows = match json {
            Json::Object(mut members) => members.remove("data"),
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Array(_) => None,
        };
        let Some(Json::Array(rows)) = rows else { return Err(drift("data", "a list of records", "something else")) };
        let full = rows.len() >= usize::try_from(asked).unwrap_or(usize::MAX);
        Ok(Self { more: more.unwrap_or(full) && !rows.is_empty(), list: rows, next_token })
    }
}

/// A row's own id.
pub(crate) fn id_of(row: &Json) -> Option<String> {
    row.get("id").and_then(Json::as_str).filter(|id| is_bare(id)).map(str::to_owned)
}

/// How records of one module are read for a selection.
pub(crate) struct Reader<'a> {
    pub(crate) object: Object,
    pub(crate) module: Module,
    pub(crate) schema: &'a ModuleSchema,
    pub(crate) selection: &'a Selection,
    /// The field that tells where a contact went that was turned into a lead.
    pub(crate) link_field: Option<&'a str>,
}

impl Reader<'_> {
    /// The fields to ask for.
    pub(crate) fn wanted(&self) -> Vec<String> {
        let mut wanted = vec![MODIFIED.to_owned()];
        if self.object == Object::Person {
            match self.module {
                Module::Leads => {
                    let told = CONVERTED.iter().find(|name| self.schema.has(name)).map(|name| (*name).to_owned());
                    wanted.extend([CONVERTED_CONTACT.to_owned()].into_iter().chain(told));
                }
                Module::Contacts => wanted.extend(self.link_field.filter(|name| self.schema.has(name)).map(str::to_owned)),
                Module::Accounts => {}
            }
        }
        for field in &self.selection.fields {
            let name = match source(self.object, self.module, field.as_str()) {
                Source::Field(name) if name != "id" && self.schema.has(name) => name,
                Source::OwnerEmail => OWNER,
                Source::AccountName => ACCOUNT,
                Source::Field(_) | Source::Module => continue,
            };
            if !wanted.iter().any(|own| own == name) {
                wanted.push(name.to_owned());
            }
        }
        wanted
    }

    pub(crate) fn read(&self, row: &Json) -> Result<Record, BadRecord> {
        let id = id_of(row).ok_or_else(|| BadRecord { id: None, fault: drift("id", "a text of digits", "something else") })?;
        let id = self.object.id(self.module, &id);
        self.read_members(&id, row).map_err(|fault| BadRecord { id: Some(id), fault })
    }

    fn read_members(&self, id: &RecordId, row: &Json) -> Result<Record, Fault> {
        let mut record = Record::new(self.object.kind(), id.clone());
        if let Some(at) = row.get(MODIFIED).and_then(Json::as_str).and_then(values::moment) {
            record.version = Some(Version(at));
        }
        if let Some(survivor) = moved(self.object, self.module, row, self.link_field) {
            return Ok(record.with_presence(Presence::MergedInto(survivor)));
        }
        // Nobody goes on as a contact who was deleted: the lead is closed, and no person again.
        if self.object == Object::Person && self.module == Module::Leads && is_converted(row) {
            return Ok(record.with_presence(Presence::Deleted));
        }
        for field in &self.selection.fields {
            let value = match source(self.object, self.module, field.as_str()) {
                Source::Module => Value::text(self.module.name()),
                Source::OwnerEmail => owner_email(row),
                Source::AccountName => account_name(row),
                Source::Field("id") => Value::text(id.as_str()),
                Source::Field(name) => match (self.schema.field_type(name), row.get(name)) {
                    (Some(field_type), Some(json)) => {
                        values::read(json, field_type).map_err(|expected| drift(name, expected, type_name(json)))?
                    }
                    // The module does not have it, or hides it: that is no empty value.
                    (None, _) => continue,
                    (Some(_), None) => Value::Null,
                },
            };
            record.fields.insert(field.clone(), value);
        }
        Ok(record)
    }
}

/// The record into which this one went: the contact of a converted lead, the lead of a contact that was turned into one.
pub(crate) fn moved(object: Object, module: Module, row: &Json, link_field: Option<&str>) -> Option<RecordId> {
    if object != Object::Person {
        return None;
    }
    match module {
        Module::Leads => converted_contact(row).map(|contact| object.id(Module::Contacts, &contact)),
        Module::Contacts => row.get(link_field?).and_then(Json::as_str).and_then(forwarded),
        Module::Accounts => None,
    }
}

/// The contact that a lead was converted into.
pub(crate) fn converted_contact(row: &Json) -> Option<String> {
    let contact = row.get(CONVERTED_CONTACT).or_else(|| row.get("$converted_detail").and_then(|detail| detail.get("contact")))?;
    contact.get("id").unwrap_or(contact).as_str().filter(|id| is_bare(id)).map(str::to_owned)
}

/// Whether a lead says that it was converted, though perhaps not into whom.
pub(crate) fn is_converted(row: &Json) -> bool {
    converted_contact(row).is_some() || CONVERTED.iter().any(|name| row.get(*name).and_then(Json::as_bool) == Some(true))
}

/// What stands in the link field of a contact that was turned into a lead: the lead's id as a person's, which is no id of the other system's.
pub(crate) fn forward(lead: &str) -> String {
    Object::Person.id(Module::Leads, lead).to_string()
}

fn forwarded(link: &str) -> Option<RecordId> {
    let id = RecordId::new(link.trim());
    let (module, _) = Object::Person.place(&id)?;
    (module == Module::Leads).then_some(id)
}

fn owner_email(row: &Json) -> Value {
    row.get(OWNER).and_then(|owner| owner.get("email")).and_then(Json::as_str).map_or(Value::Null, Value::text)
}

fn account_name(row: &Json) -> Value {
    row.get(ACCOUNT).and_then(|account| account.get("name")).and_then(Json::as_str).map_or(Value::Null, Value::text)
}

/// Reads a body as recorded, without metadata: a list, or one record. A person's rows say in which module they stand.
pub(crate) fn decode(kind: &ObjectKind, body: &[u8]) -> Result<Vec<Result<Record, BadRecord>>, Fault> {
    let found = if is_page(body) { "an HTML page" } else { "other bytes" };
    let body: Json = serde_json::from_slice(body).map_err(|_| drift("$", "JSON", found))?;
    if let Some(fault) = of_body(&body) {
        return Err(fault);
    }
    let rows = match &body {
        Json::Object(members) if members.contains_key("data") => match members.get("data") {
            Some(Json::Array(rows)) => rows.clone(),
            Some(_) | None => return Err(drift("data", "a list of records", "something else")),
        },
        Json::Object(_) => vec![body.clone()],
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Array(_) => {
            return Err(drift("$", "records", type_name(&body)));
        }
    };
    Ok(rows.iter().map(|row| decode_row(kind, row)).collect())
}

fn decode_row(kind: &ObjectKind, row: &Json) -> Result<Record, BadRecord> {
    // What became of a write stands one level deeper.
    let details = row.get("details").filter(|_| row.get("code").is_some()).unwrap_or(row);
    let bad = |id: Option<RecordId>, path: &str, expected: &str| BadRecord { id, fault: drift(path, expected, "something else") };
    let members: &Map<String, Json> = details.as_object().ok_or_else(|| bad(None, "$", "an object"))?;
    let written = row.get("status").and_then(Json::as_str);
    if written.is_some_and(|status| status != "success") && row.get("code").is_some() {
        return Err(BadRecord { id: None, fault: crate::faults::of_row(row, jiff::Timestamp::UNIX_EPOCH, &[]) });
    }
    let bare = id_of(details).ok_or_else(|| bad(None, "id", "a text of digits"))?;
    let (object, module) = match Object::of(kind) {
        Some(Object::Person) => {
            let module = members.get(MODULE).and_then(Json::as_str).and_then(Module::of);
            (Some(Object::Person), Some(module.ok_or_else(|| bad(Some(RecordId::new(bare.as_str())), MODULE, "Leads or Contacts"))?))
        }
        Some(object @ Object::One(module)) => (Some(object), Some(module)),
        None => (None, None),
    };
    let id = match (object, module) {
        (Some(object), Some(module)) => object.id(module, &bare),
        (_, _) => RecordId::new(bare.as_str()),
    };
    let mut record = Record::new(kind.clone(), id.clone()).with_field("id", Value::text(id.as_str()));
    for (name, json) in members {
        let name = match (object, module) {
            (Some(Object::Person), Some(Module::Contacts)) => lead_name(name),
            (_, _) => name.as_str(),
        };
        if name != "id" && !name.starts_with('$') {
            record.fields.insert(FieldName::new(name), values::guess(json));
        }
    }
    if object == Some(Object::Person) && module == Some(Module::Contacts) {
        record.fields.insert(FieldName::new(crate::object::COMPANY), account_name(details));
    }
    record.fields.insert(FieldName::new(OWNER_EMAIL), owner_email(details));
    if let Some(Value::DateTime(at)) = record.field(MODIFIED) {
        record.version = Some(Version(*at));
    }
    Ok(record)
}

/// The lead's name of a contact's field.
pub(crate) fn lead_name(contact_field: &str) -> &str {
    match contact_field {
        "Mailing_Street" => "Street",
        "Mailing_City" => "City",
        "Mailing_State" => "State",
        "Mailing_Zip" => "Zip_Code",
        "Mailing_Country" => "Country",
        other => other,
    }
}

pub(crate) fn type_name(json: &Json) -> &'static str {
    match json {
        Json::Null => "null",
        Json::Bool(_) => "a boolean",
        Json::Number(_) => "a number",
        Json::String(_) => "a text",
        Json::Array(_) => "a list",
        Json::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn recorded_lists_writes_and_refusals_are_told_apart() {
        let rows = decode(&"Contacts".into(), include_bytes!("../fixtures/contacts.json")).unwrap();
        let ids: Vec<String> = rows.into_iter().map(|row| row.unwrap().id.to_string()).collect();
        assert_eq!(ids, ["6493490000001291001", "6493490000001291002"]);
        let written = decode(&"Leads".into(), include_bytes!("../fixtures/leads-write.json")).unwrap().remove(0).unwrap();
        assert_eq!(written.version.unwrap().0.to_string(), "2025-01-10T10:09:14Z");
        let refused = decode(&"Nowhere".into(), include_bytes!("../fixtures/unsupportedread.json")).unwrap_err();
        assert_eq!(refused.code(), "unsupported");
    }

    #[test]
    fn a_list_without_a_body_is_empty_and_one_without_rows_is_none() {
        assert!(Rows::read(None, 200).unwrap().list.is_empty());
        assert!(Rows::read(Some(json!({})), 200).is_err() && Rows::read(Some(json!(null)), 200).is_err());
        let page = Rows::read(Some(json!({"data": [{"id": "1"}], "info": {"more_records": true, "next_page_token": "t"}})), 200).unwrap();
        assert!(page.more && page.next_token.as_deref() == Some("t"));
    }

    #[test]
    fn whoever_changed_modules_says_where_they_are() {
        let lead = json!({"id": "1", "Converted_Contact": {"name": "Ida", "id": "2"}});
        assert_eq!(moved(Object::Person, Module::Leads, &lead, None), Some("Contacts/2".into()));
        assert_eq!(moved(Object::One(Module::Leads), Module::Leads, &lead, None), None);
        let contact = json!({"id": "2", "Link": forward("7")});
        assert_eq!(moved(Object::Person, Module::Contacts, &contact, Some("Link")), Some("Leads/7".into()));
        for other in ["d51bd57f-f9ab-11e6", "Contacts/7", "Leads/x", ""] {
            assert_eq!(moved(Object::Person, Module::Contacts, &json!({"id": "2", "Link": other}), Some("Link")), None, "{other}");
        }
    }

    #[test]
    fn a_contact_is_read_as_a_person_by_the_leads_names() {
        let rows = json!({"fields": [
            {"api_name": "Last_Name", "data_type": "text"}, {"api_name": "Mailing_City", "data_type": "text"},
            {"api_name": "Account_Name", "data_type": "lookup"}, {"api_name": "Owner", "data_type": "ownerlookup"}
        ]});
        let schema = ModuleSchema::read(&rows).unwrap();
        let fields = ["module", "Last_Name", "City", "Company", "Rating", "Owner", "owner_email"].map(FieldName::from).to_vec();
        let selection = Selection { kind: "person".into(), fields };
        let reader = Reader { object: Object::Person, module: Module::Contacts, schema: &schema, selection: &selection, link_field: None };
        assert_eq!(reader.wanted(), ["Modified_Time", "Last_Name", "Mailing_City", "Account_Name", "Owner"]);
        let row = json!({
            "id": "7", "Last_Name": "Nowak", "Mailing_City": "Kraków", "Account_Name": {"name": "Acme", "id": "8"},
            "Owner": {"name": "Ola", "id": "9", "email": "ola@acme.example"}, "Modified_Time": "2026-05-14T14:37:59+03:00"
        });
        let record = reader.read(&row).unwrap();
        assert!(!record.fields.contains_key("Rating"), "only leads have it");
        let plain: Vec<Json> = selection.fields.iter().filter_map(|field| Some(record.fields.get(field)?.to_plain())).collect();
        assert_eq!(plain, [json!("Contacts"), json!("Nowak"), json!("Kraków"), json!("Acme"), json!("9"), json!("ola@acme.example")]);
    }
}
