//! Records by their ids. One that is not there may have been deleted: the list of deleted records tells.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;
use syncline_engine::ports::connector::{BadRecord, Selection};
use syncline_model::{Deadline, Fault, Record, RecordId};

use crate::calls::{self, FIELDS_MAX, IDS_MAX, PAGE_RECORDS_MAX};
use crate::connection::Connection;
use crate::faults::has_code;
use crate::listing::deleted_record;
use crate::object::{Module, Object};
use crate::wire::{CONVERTED_CONTACT, Reader, Rows, converted_contact, id_of, moved};

/// Pages of deleted records that are looked through for one that is not there: the newest thousand.
const DELETED_PAGES_MAX: u32 = 5;

impl Connection {
    /// In the order of the ids.
    pub(crate) async fn get_all(
        &self,
        object: Object,
        selection: &Selection,
        ids: &[RecordId],
        by: Deadline,
    ) -> Result<Vec<Option<Record>>, Fault> {
        let mut found: BTreeMap<RecordId, Record> = BTreeMap::new();
        for module in object.modules() {
            let bare: BTreeSet<String> =
                ids.iter().filter_map(|id| object.place(id)).filter(|(own, _)| *own == module).map(|(_, bare)| bare).collect();
            if bare.is_empty() {
                continue;
            }
            for record in self.read_module(object, module, selection, &bare, by).await? {
                found.insert(record.id.clone(), record);
            }
            let missing: BTreeSet<String> = bare.into_iter().filter(|id| !found.contains_key(&object.id(module, id))).collect();
            for record in self.deleted_among(object, module, missing, by).await? {
                found.insert(record.id.clone(), record);
            }
        }
        Ok(ids.iter().map(|id| found.get(id).cloned()).collect())
    }

    /// Those of a module's records that are there.
    pub(crate) async fn read_module(
        &self,
        object: Object,
        module: Module,
        selection: &Selection,
        ids: &BTreeSet<String>,
        by: Deadline,
    ) -> Result<Vec<Record>, Fault> {
        let schema = self.module_schema(module, by).await?;
        let reader = Reader { object, module, schema: &schema, selection, link_field: self.target.link_field.as_deref() };
        let rows = self.module_rows(&reader, &reader.wanted(), ids, by).await?;
        rows.iter().map(|row| reader.read(row).map_err(|bad: BadRecord| bad.fault)).collect()
    }

    /// A module's rows with these fields, those that are there.
    pub(crate) async fn module_rows(
        &self,
        reader: &Reader<'_>,
        wanted: &[String],
        ids: &BTreeSet<String>,
        by: Deadline,
    ) -> Result<Vec<Json>, Fault> {
        let module = reader.module;
        let ids: Vec<String> = ids.iter().cloned().collect();
        let mut whole: BTreeMap<String, Json> = BTreeMap::new();
        for (index, fields) in wanted.chunks(FIELDS_MAX).enumerate() {
            for (id, row) in self.rows_by_ids(module, &ids, fields, by).await? {
                match whole.get_mut(&id) {
                    Some(known) => {
                        if let (Some(members), Json::Object(more)) = (known.as_object_mut(), row) {
                            members.extend(more);
                        }
                    }
                    // A record that came only with the later fields was not there with the first.
                    None if index == 0 => drop(whole.insert(id, row)),
                    None => {}
                }
            }
        }
        let mut rows: Vec<Json> = whole.into_values().collect();
        self.forget_old_marks(reader.object, module, &mut rows, by).await?;
        Ok(rows)
    }

    /// A contact that was turned into a lead, and into which this lead was converted again, is where the person is: what it tells of the lead is of
    /// yesterday. Believed, it would send whoever follows round in a circle. Asks only where a contact tells of a lead.
    pub(crate) async fn forget_old_marks(&self, object: Object, module: Module, rows: &mut [Json], by: Deadline) -> Result<(), Fault> {
        let Some(link) = self.target.link_field.as_deref().filter(|_| object == Object::Person && module == Module::Contacts) else {
            return Ok(());
        };
        let told = |row: &Json| object.place(&moved(object, module, row, Some(link))?).map(|(_, lead)| lead);
        let leads: BTreeSet<String> = rows.iter().filter_map(told).collect();
        if leads.is_empty() {
            return Ok(());
        }
        let leads: Vec<String> = leads.into_iter().collect();
        let known = self.rows_by_ids(Module::Leads, &leads, &[CONVERTED_CONTACT.to_owned()], by).await?;
        for row in rows {
            let contact = told(row).and_then(|lead| converted_contact(known.get(&lead)?));
            if contact.is_some() && contact == id_of(row) {
                row[link] = Json::Null;
            }
        }
        Ok(())
    }

    /// Rows by id. An id that the vendor does not take at all is asked for alone, so that it costs the others nothing.
    pub(crate) async fn rows_by_ids(
        &self,
        module: Module,
        ids: &[String],
        fields: &[String],
        by: Deadline,
    ) -> Result<BTreeMap<String, Json>, Fault> {
        let mut found = BTreeMap::new();
        for group in ids.chunks(IDS_MAX) {
            match self.some_rows(module, group, fields, by).await {
                Err(fault) if group.len() > 1 && has_code(&fault, &["INVALID_DATA"]) => {
                    for id in group {
                        found.extend(self.some_rows(module, std::slice::from_ref(id), fields, by).await.or_else(nobody)?);
                    }
                }
                other => found.extend(other.or_else(nobody)?),
            }
        }
        Ok(found)
    }

    async fn some_rows(&self, module: Module, ids: &[String], fields: &[String], by: Deadline) -> Result<Vec<(String, Json)>, Fault> {
        let answer = self.client.read(&calls::by_ids(module, ids, fields), by).await?;
        let rows = Rows::read(answer.json, PAGE_RECORDS_MAX)?.list;
        // An answer with others than were asked for has overlooked the ids: it says nothing of them.
        let own = |row: Json| id_of(&row).filter(|id| ids.contains(id)).map(|id| (id, row));
        Ok(rows.into_iter().filter_map(own).collect())
    }

    async fn deleted_among(
        &self,
        object: Object,
        module: Module,
        mut missing: BTreeSet<String>,
        by: Deadline,
    ) -> Result<Vec<Record>, Fault> {
        let mut found = Vec::new();
        for page in 1..=DELETED_PAGES_MAX {
            if missing.is_empty() {
                break;
            }
            let answer = self.client.read(&calls::deleted(module, None, page), by).await?;
            let rows = Rows::read(answer.json, PAGE_RECORDS_MAX)?;
            for row in &rows.list {
                if id_of(row).is_some_and(|id| missing.remove(&id)) {
                    found.extend(deleted_record(object, module, row).ok());
                }
            }
            if !rows.more {
                break;
            }
        }
        Ok(found)
    }
}

/// An id that the vendor refuses is nobody's.
fn nobody(fault: Fault) -> Result<Vec<(String, Json)>, Fault> {
    if has_code(&fault, &["INVALID_DATA"]) || fault == Fault::Missing { Ok(Vec::new()) } else { Err(fault) }
}
