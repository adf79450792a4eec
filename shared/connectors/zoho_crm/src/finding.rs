//! Look-ups by a field's value, up to ten values a search. The search's index lags behind writes, and may show what has changed since: so what was
//! modified lately is read from the list as well, and each hit is read by its id before it counts.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;
use syncline_engine::ports::connector::{FindKey, Selection};
use syncline_model::{Deadline, Fault, FieldName, Record, Value};

use crate::calls::{self, CONDITIONS_MAX, Listed, PAGE_RECORDS_MAX};
use crate::connection::Connection;
use crate::cursor::back;
use crate::faults::unsupported;
use crate::object::{Module, Object, Source, source};
use crate::schema::ModuleSchema;
use crate::wire::{CONVERTED_CONTACT, MODIFIED, Rows, id_of, is_converted};

/// How long a record that was just written may stay invisible to a search, in seconds (fact sheet §3: seconds and more, unverified).
pub(crate) const LAG_S: u32 = 300;
/// Pages of what was modified within that time that are read.
const RECENT_PAGES_MAX: u32 = 3;
/// Pages of one search's hits: 2,000 records are the most that a search reaches.
const SEARCH_PAGES_MAX: u32 = 10;

impl Connection {
    pub(crate) async fn find_all(
        &self,
        object: Object,
        selection: &Selection,
        keys: &[FindKey],
        by: Deadline,
    ) -> Result<Vec<Vec<Record>>, Fault> {
        let mut found: Vec<Vec<Record>> = keys.iter().map(|_| Vec::new()).collect();
        for module in object.modules() {
            let schema = self.module_schema(module, by).await?;
            let mut sought: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
            for key in keys.iter().filter(|key| !key.value.is_null()) {
                if let Some(name) = searched(object, module, &schema, &key.field)? {
                    sought.entry(name).or_default().insert(text_of(key)?);
                }
            }
            if sought.is_empty() {
                continue;
            }
            let ids = self.ids_with(module, &sought, by).await?;
            let wider = wider(selection, keys);
            let records = self.read_module(object, module, &wider, &ids, by).await?;
            for (key, own) in keys.iter().zip(&mut found) {
                let hits = records.iter().filter(|record| record.is_live() && !key.value.is_null() && holds(record, key));
                own.extend(hits.map(|record| narrowed(record, selection)));
            }
        }
        Ok(found)
    }

    /// The ids of records that may carry one of these values.
    async fn ids_with(&self, module: Module, sought: &BTreeMap<String, BTreeSet<String>>, by: Deadline) -> Result<BTreeSet<String>, Fault> {
        let mut ids = BTreeSet::new();
        for (field, values) in sought {
            let values: Vec<String> = values.iter().cloned().collect();
            for group in values.chunks(CONDITIONS_MAX) {
                for page in 1..=SEARCH_PAGES_MAX {
                    let answer = self.client.look_for(&calls::search(module, field, group, page), group, by).await?;
                    let rows = Rows::read(answer.json, PAGE_RECORDS_MAX)?;
                    ids.extend(rows.list.iter().filter_map(id_of));
                    if !rows.more {
                        break;
                    }
                }
            }
        }
        ids.extend(self.recent_with(module, sought, by).await?);
        Ok(ids)
    }

    /// The ids of a module's records whose field has this value now; converted leads are none.
    pub(crate) async fn ids_carrying(&self, module: Module, field: &str, value: &str, by: Deadline) -> Result<Vec<String>, Fault> {
        let sought = BTreeMap::from([(field.to_owned(), BTreeSet::from([value.to_owned()]))]);
        let ids: Vec<String> = self.ids_with(module, &sought, by).await?.into_iter().collect();
        let mut fields = vec![MODIFIED.to_owned(), field.to_owned()];
        if module == Module::Leads {
            fields.push(CONVERTED_CONTACT.to_owned());
        }
        let rows = self.rows_by_ids(module, &ids, &fields, by).await?;
        let carries = |row: &Json| !is_converted(row) && row.get(field).and_then(Json::as_str).is_some_and(|own| same_text(own, value));
        Ok(rows.into_iter().filter(|(_, row)| carries(row)).map(|(id, _)| id).collect())
    }

    async fn recent_with(&self, module: Module, sought: &BTreeMap<String, BTreeSet<String>>, by: Deadline) -> Result<Vec<String>, Fault> {
        let fields: Vec<String> = std::iter::once(MODIFIED.to_owned()).chain(sought.keys().cloned()).collect();
        let since = Some(back(self.client.now(), i64::from(LAG_S)));
        let mut ids = Vec::new();
        for page in 1..=RECENT_PAGES_MAX {
            let listed = Listed { fields: &fields, since, page, rows: PAGE_RECORDS_MAX, token: None };
            let answer = self.client.read(&calls::list(module, &listed), by).await?;
            let rows = Rows::read(answer.json, PAGE_RECORDS_MAX)?;
            let carries = |row: &&Json| {
                sought.iter().any(|(field, values)| {
                    let own = row.get(field.as_str()).map(|json| json.get("id").unwrap_or(json));
                    own.and_then(Json::as_str).is_some_and(|own| values.iter().any(|value| same_text(own, value)))
                })
            };
            ids.extend(rows.list.iter().filter(carries).filter_map(id_of));
            if !rows.more {
                break;
            }
        }
        Ok(ids)
    }
}

/// The module's field that a key is looked for in; `None` where this module has no such field and another of the object's may.
fn searched(object: Object, module: Module, schema: &ModuleSchema, field: &FieldName) -> Result<Option<String>, Fault> {
    let refused = || unsupported(format!("search of {} for {field}", module.plural()));
    match source(object, module, field.as_str()) {
        Source::Module | Source::OwnerEmail => Err(refused()),
        // The name of a contact's account is not the contact's own.
        Source::AccountName => Ok(None),
        Source::Field(name) => match schema.field(name) {
            Some(known) if known.searchable => Ok(Some(name.to_owned())),
            None if object == Object::Person => Ok(None),
            Some(_) | None => Err(refused()),
        },
    }
}

fn text_of(key: &FindKey) -> Result<String, Fault> {
    match &key.value {
        Value::Text(text) => Ok(text.clone()),
        Value::Reference(id) => Ok(id.to_string()),
        Value::Integer(number) => Ok(number.to_string()),
        Value::Bool(flag) => Ok(flag.to_string()),
        Value::Date(date) => Ok(date.to_string()),
        Value::Null | Value::Decimal(_) | Value::DateTime(_) | Value::Set(_) => {
            Err(unsupported(format!("search for {} by a {}", key.field, key.value.type_name())))
        }
    }
}

/// The selection with the keys' fields: a hit counts only where it still carries the value.
fn wider(selection: &Selection, keys: &[FindKey]) -> Selection {
    let mut fields = selection.fields.clone();
    for key in keys {
        if !fields.contains(&key.field) {
            fields.push(key.field.clone());
        }
    }
    Selection { kind: selection.kind.clone(), fields }
}

fn narrowed(record: &Record, selection: &Selection) -> Record {
    let mut record = record.clone();
    record.fields.retain(|name, _| selection.fields.contains(name));
    record
}

/// Whether a record has the key's value, texts without regard to case.
fn holds(record: &Record, key: &FindKey) -> bool {
    match (record.field(key.field.as_str()), &key.value) {
        (Some(Value::Text(own)), Value::Text(wanted)) => same_text(own, wanted),
        (Some(Value::Reference(own)), Value::Text(wanted)) => own.as_str() == wanted,
        (Some(own), wanted) => own == wanted,
        (None, _) => false,
    }
}

fn same_text(one: &str, other: &str) -> bool {
    one.trim().to_lowercase() == other.trim().to_lowercase()
}
