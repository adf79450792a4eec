//! The records of a module, live and in the bin, and how they are shown.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json, json};

use crate::fields::{DataType, Field, standard};
use crate::wire::stamp;
use crate::{ZohoCrm, people::User};

/// How long the bin keeps a record, in seconds: 60 days (unverified).
const BIN_S: i64 = 60 * 86_400;

/// What became of a converted lead.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Converted {
    pub(crate) contact: u64,
    pub(crate) account: Option<u64>,
}

#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) id: u64,
    /// By field; lookups hold the id as text.
    pub(crate) values: BTreeMap<String, Json>,
    pub(crate) owner: u64,
    pub(crate) created_at: i64,
    pub(crate) modified_at: i64,
    pub(crate) created_by: u64,
    pub(crate) modified_by: u64,
    pub(crate) converted: Option<Converted>,
    pub(crate) locked: bool,
    /// What searches still show, and since when they might show the present values; `None` for a new record.
    pub(crate) indexed: Option<BTreeMap<String, Json>>,
    pub(crate) changed_at: i64,
}

impl Row {
    pub(crate) fn text(&self, field: &str) -> &str {
        self.values.get(field).and_then(Json::as_str).unwrap_or_default()
    }

    /// The person's name as the vendor puts it together: with the salutation (recorded).
    pub(crate) fn name(&self) -> String {
        let parts = ["Salutation", "First_Name", "Last_Name"].map(|field| self.text(field));
        let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty() && *part != "-None-").collect();
        if parts.is_empty() { self.text("Account_Name").to_owned() } else { parts.join(" ") }
    }

    /// What a search sees at this moment; `None`: nothing yet.
    pub(crate) fn searched(&self, now: i64, lag_s: i64) -> Option<&BTreeMap<String, Json>> {
        if now - self.changed_at >= lag_s { Some(&self.values) } else { self.indexed.as_ref() }
    }

    /// A change begins: searches go on with what they showed.
    pub(crate) fn touch(&mut self, now: i64, lag_s: i64) {
        self.indexed = self.searched(now, lag_s).cloned();
        self.changed_at = now;
    }
}

/// A deleted record: in the bin with what it was, or gone for good.
pub(crate) struct Gone {
    pub(crate) row: Row,
    pub(crate) at: i64,
    pub(crate) by: u64,
    purged: bool,
}

impl Gone {
    pub(crate) fn is_permanent(&self, now: i64) -> bool {
        self.purged || now - self.at >= BIN_S
    }
}

pub(crate) struct Table {
    pub(crate) name: &'static str,
    pub(crate) fields: Vec<Field>,
    pub(crate) rows: BTreeMap<u64, Row>,
    pub(crate) gone: Vec<Gone>,
    /// Emails in lower case of the live rows, and names of accounts: by which upserts meet.
    met: BTreeMap<(String, String), BTreeSet<u64>>,
}

impl Table {
    pub(crate) fn new(name: &'static str) -> Self {
        Self { name, fields: standard(name), rows: BTreeMap::new(), gone: Vec::new(), met: BTreeMap::new() }
    }

    pub(crate) fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.api_name == name)
    }

    fn key(field: &str, row: &Row) -> Option<(String, String)> {
        let value = row.values.get(field).and_then(Json::as_str).filter(|text| !text.is_empty())?;
        Some((field.to_owned(), value.to_lowercase()))
    }

    /// The fields by which records are met: the system's, and those that are unique.
    pub(crate) fn key_fields(&self) -> Vec<String> {
        let system = crate::fields::system_duplicate_field(self.name);
        let unique = self.fields.iter().filter(|field| field.unique && field.api_name != system).map(|field| field.api_name.clone());
        std::iter::once(system.to_owned()).chain(unique).collect()
    }

    pub(crate) fn put(&mut self, row: &Row) {
        let old = self.rows.insert(row.id, row.clone());
        for field in self.key_fields() {
            if let Some(key) = old.as_ref().and_then(|old| Self::key(&field, old))
                && let Some(ids) = self.met.get_mut(&key)
            {
                ids.remove(&row.id);
            }
            if let Some(key) = Self::key(&field, row) {
                self.met.entry(key).or_default().insert(row.id);
            }
        }
    }

    fn take(&mut self, id: u64) -> Option<Row> {
        let row = self.rows.remove(&id)?;
        for field in self.key_fields() {
            if let Some(key) = Self::key(&field, &row)
                && let Some(ids) = self.met.get_mut(&key)
            {
                ids.remove(&id);
            }
        }
        Some(row)
    }

    /// Live records with this value in a key field, without regard to case, the oldest first; converted leads are not met.
    pub(crate) fn meeting(&self, field: &str, value: &str) -> Vec<u64> {
        let ids = self.met.get(&(field.to_owned(), value.trim().to_lowercase()));
        let is_met = |id: &&u64| self.rows.get(id).is_some_and(|row| row.converted.is_none());
        ids.into_iter().flatten().filter(is_met).copied().collect()
    }

    /// Into the bin, or past it.
    pub(crate) fn delete(&mut self, id: u64, by: u64, at: i64, purged: bool) -> bool {
        let row = self.take(id);
        row.map(|row| self.gone.push(Gone { row, at, by, purged })).is_some()
    }

    /// Out of the bin again.
    pub(crate) fn restore(&mut self, id: u64, by: u64, now: i64) -> bool {
        let Some(place) = self.gone.iter().position(|gone| gone.row.id == id && !gone.is_permanent(now)) else { return false };
        let mut row = self.gone.remove(place).row;
        (row.modified_at, row.modified_by) = (now, by);
        row.changed_at = now;
        self.put(&row);
        true
    }
}

impl ZohoCrm {
    pub(crate) fn table(&self, module: &str) -> Option<&Table> {
        self.tables.iter().find(|table| table.name == module)
    }

    pub(crate) fn table_mut(&mut self, module: &str) -> Option<&mut Table> {
        self.tables.iter_mut().find(|table| table.name == module)
    }

    pub(crate) fn user(&self, id: u64) -> Option<&User> {
        self.users.iter().find(|user| user.id == id)
    }

    fn member(&self, id: u64, with_email: bool) -> Json {
        let user = self.user(id);
        let name = user.map_or_else(String::new, User::full_name);
        let mut shape = json!({"name": name, "id": id.to_string()});
        if let (true, Some(members)) = (with_email, shape.as_object_mut()) {
            members.insert("email".to_owned(), json!(user.map(|user| user.email.clone())));
        }
        shape
    }

    /// The four members that every write answers.
    pub(crate) fn written(&self, row: &Row) -> Json {
        json!({
            "Modified_Time": stamp(row.modified_at, self.profile.offset_s),
            "Modified_By": self.member(row.modified_by, false),
            "Created_Time": stamp(row.created_at, self.profile.offset_s),
            "id": row.id.to_string(),
            "Created_By": self.member(row.created_by, false),
        })
    }

    fn lookup(&self, module: &str, id: &str) -> Json {
        let row = id.parse().ok().and_then(|id: u64| self.table(module)?.rows.get(&id));
        row.map_or(Json::Null, |row| json!({"name": row.name(), "id": id}))
    }

    /// One member of a record as the API shows it.
    pub(crate) fn value(&self, table: &Table, row: &Row, field: &Field) -> Json {
        let time = |seconds| json!(stamp(seconds, self.profile.offset_s));
        match field.api_name.as_str() {
            "Owner" => self.member(row.owner, true),
            "Created_By" => self.member(row.created_by, true),
            "Modified_By" => self.member(row.modified_by, true),
            "Created_Time" => time(row.created_at),
            "Modified_Time" => time(row.modified_at),
            "Full_Name" => json!(row.name()),
            "Converted__s" => json!(row.converted.is_some()),
            "Converted_Contact" => row.converted.map_or(Json::Null, |to| self.lookup(crate::CONTACTS, &to.contact.to_string())),
            "Converted_Account" => {
                row.converted.and_then(|to| to.account).map_or(Json::Null, |id| self.lookup(crate::ACCOUNTS, &id.to_string()))
            }
            name => match (field.data_type, row.values.get(name)) {
                (DataType::Boolean, None) => json!(false),
                (DataType::MultiPicklist, None) => json!([]),
                (DataType::Lookup(module), Some(Json::String(id))) => self.lookup(module, id),
                (DataType::DateTime, Some(Json::Number(seconds))) => seconds.as_i64().map_or(Json::Null, time),
                (_, value) => {
                    debug_assert!(table.field(name).is_some());
                    value.cloned().unwrap_or(Json::Null)
                }
            },
        }
    }

    /// A record with these fields, or all; the id always comes. The second version adds what begins with a dollar sign unasked.
    pub(crate) fn shape(&self, table: &Table, row: &Row, fields: Option<&[&str]>, version: u32) -> Json {
        let mut members = Map::new();
        members.insert("id".to_owned(), json!(row.id.to_string()));
        for field in &table.fields {
            if fields.is_none_or(|fields| fields.contains(&field.api_name.as_str())) {
                members.insert(field.api_name.clone(), self.value(table, row, field));
            }
        }
        if fields.is_none() {
            members.insert("Tag".to_owned(), json!([]));
        }
        if version == 2 || fields.is_none() {
            members.insert("$approval_state".to_owned(), json!("approved"));
            members.insert("$editable".to_owned(), json!(row.converted.is_none()));
            if table.name == crate::LEADS {
                members.insert("$converted".to_owned(), json!(row.converted.is_some()));
                members.insert("$converted_detail".to_owned(), json!({}));
            }
        }
        Json::Object(members)
    }
}
