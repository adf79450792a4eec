//! Rows and their indexes. Every change of a row goes through `Store::put`, so that indexes and the journal of a transaction follow.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Value as Json, json};

use crate::objects::{Field, Kind, Object, Source};
use crate::{ids, moments};

/// A row as it was last committed.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) id: String,
    /// By field; an absent cell is null.
    pub(crate) cells: BTreeMap<usize, Json>,
    pub(crate) created_at: i64,
    pub(crate) created_by: Arc<str>,
    pub(crate) modified_at: i64,
    pub(crate) modified_by: Arc<str>,
    pub(crate) stamp: i64,
    /// When it went to the recycle bin.
    pub(crate) deleted_at: Option<i64>,
    /// Rows that went to the bin in one operation come back together.
    pub(crate) deletion: u64,
}

static NULL: Json = Json::Null;

impl Row {
    /// A stored cell.
    pub(crate) fn cell(&self, index: usize) -> &Json {
        self.cells.get(&index).unwrap_or(&NULL)
    }

    pub(crate) fn set(&mut self, index: usize, value: Json) {
        if value.is_null() {
            self.cells.remove(&index);
        } else {
            self.cells.insert(index, value);
        }
    }

    pub(crate) fn text(&self, index: usize) -> Option<&str> {
        self.cell(index).as_str()
    }
}

/// An object with its rows.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) object: Object,
    rows: Vec<Option<Row>>,
    by_id: BTreeMap<String, usize>,
    by_stamp: BTreeSet<(i64, usize)>,
    by_deletion: BTreeSet<(i64, usize)>,
    by_value: BTreeMap<usize, BTreeMap<String, BTreeSet<usize>>>,
    /// Ids that left the bin for good, with the moment of their deletion: `getDeleted` still tells them.
    pub(crate) purged: BTreeSet<(i64, String)>,
    next_number: u64,
    next_auto_number: u64,
}

impl Table {
    fn new(object: Object, first_number: u64) -> Self {
        Self {
            object,
            rows: Vec::new(),
            by_id: BTreeMap::new(),
            by_stamp: BTreeSet::new(),
            by_deletion: BTreeSet::new(),
            by_value: BTreeMap::new(),
            purged: BTreeSet::new(),
            next_number: first_number,
            next_auto_number: 100,
        }
    }

    pub(crate) fn row(&self, slot: usize) -> Option<&Row> {
        self.rows.get(slot)?.as_ref()
    }

    pub(crate) fn slots(&self) -> std::ops::Range<usize> {
        0..self.rows.len()
    }

    /// The slot of an 18-character id.
    pub(crate) fn slot_of(&self, id: &str) -> Option<usize> {
        self.by_id.get(id).copied()
    }

    pub(crate) fn find(&self, id: &str) -> Option<&Row> {
        self.row(self.slot_of(id)?)
    }

    /// The slots whose field has this value, in any case; `None` if the field has no index.
    pub(crate) fn with_value(&self, field: usize, value: &str) -> Option<Vec<usize>> {
        let definition = self.object.fields.get(field)?;
        if !definition.indexed {
            return None;
        }
        let slots = self.by_value.get(&field).and_then(|values| values.get(&index_key(definition, value)));
        Some(slots.map(|slots| slots.iter().copied().collect()).unwrap_or_default())
    }

    /// Slots with a stamp from `from` to `to`, both included, in the order of stamp and id.
    pub(crate) fn stamped(&self, from: i64, to: i64) -> impl Iterator<Item = usize> {
        let range = (from <= to).then(|| self.by_stamp.range((from, 0)..=(to, usize::MAX)));
        range.into_iter().flatten().map(|(_, slot)| *slot)
    }

    /// Slots in the bin that were deleted from `from` to `to`, both included.
    pub(crate) fn binned(&self, from: i64, to: i64) -> impl Iterator<Item = usize> {
        let range = (from <= to).then(|| self.by_deletion.range((from, 0)..=(to, usize::MAX)));
        range.into_iter().flatten().map(|(_, slot)| *slot)
    }

    pub(crate) fn count(&self) -> usize {
        self.by_id.len() - self.by_deletion.len()
    }

    pub(crate) fn mint_id(&mut self) -> String {
        self.next_number += 1;
        ids::mint(&self.object.prefix, self.next_number)
    }

    pub(crate) fn mint_auto_number(&mut self) -> String {
        self.next_auto_number += 1;
        format!("{:08}", self.next_auto_number)
    }

    /// Adds a field; `indexed` ones get their index from the rows.
    pub(crate) fn add_field(&mut self, field: Field) -> usize {
        self.object.add(field)
    }

    fn index(&mut self, slot: usize, row: &Row, add: bool) {
        let Self { object, by_id, by_stamp, by_deletion, by_value, .. } = self;
        if add {
            by_id.insert(row.id.clone(), slot);
            by_stamp.insert((row.stamp, slot));
        } else {
            by_id.remove(&row.id);
            by_stamp.remove(&(row.stamp, slot));
        }
        if let Some(at) = row.deleted_at {
            if add {
                by_deletion.insert((at, slot));
            } else {
                by_deletion.remove(&(at, slot));
            }
        }
        for (&field, value) in &row.cells {
            let Some(definition) = object.fields.get(field).filter(|field| field.indexed) else { continue };
            let Some(key) = cell_key(definition, value) else { continue };
            let values = by_value.entry(field).or_default();
            if add {
                values.entry(key).or_default().insert(slot);
            } else if let Some(slots) = values.get_mut(&key) {
                slots.remove(&slot);
                if slots.is_empty() {
                    values.remove(&key);
                }
            }
        }
    }

    /// Replaces what a slot holds; answers what it held.
    fn replace(&mut self, slot: usize, row: Option<Row>) -> Option<Row> {
        while self.rows.len() <= slot {
            self.rows.push(None);
        }
        let before = self.rows.get_mut(slot).and_then(Option::take);
        if let Some(before) = &before {
            self.index(slot, before, false);
        }
        if let Some(row) = &row {
            self.index(slot, row, true);
        }
        if let Some(place) = self.rows.get_mut(slot) {
            *place = row;
        }
        before
    }

    /// A field's value in the API's form.
    pub(crate) fn value<'a>(&self, row: &'a Row, index: usize) -> Cow<'a, Json> {
        let Some(field) = self.object.fields.get(index) else { return Cow::Borrowed(&NULL) };
        let text = |text: &str| Cow::Owned(Json::String(text.to_owned()));
        match &field.source {
            Source::Stored if field.kind == Kind::Boolean && row.cell(index).is_null() => Cow::Owned(Json::Bool(false)),
            Source::Stored => Cow::Borrowed(row.cell(index)),
            Source::Id => text(&row.id),
            Source::IsDeleted => Cow::Owned(Json::Bool(row.deleted_at.is_some())),
            Source::CreatedDate => Cow::Owned(Json::String(moments::wire(row.created_at))),
            Source::CreatedById => text(&row.created_by),
            Source::LastModifiedDate => Cow::Owned(Json::String(moments::wire(row.modified_at))),
            Source::LastModifiedById => text(&row.modified_by),
            Source::SystemModstamp => Cow::Owned(Json::String(moments::wire(row.stamp))),
            Source::PersonName => {
                let part = |name| self.object.index_of(name).and_then(|part| row.text(part));
                let parts: Vec<&str> = [part("FirstName"), part("LastName")].into_iter().flatten().collect();
                Cow::Owned(Json::String(parts.join(" ")))
            }
            Source::Address(prefix) => Cow::Owned(self.address(row, prefix)),
        }
    }

    fn address(&self, row: &Row, prefix: &str) -> Json {
        let part = |name: &str| self.object.index_of(&format!("{prefix}{name}")).map_or(Json::Null, |index| row.cell(index).clone());
        let address = json!({
            "city": part("City"), "country": part("Country"), "countryCode": null, "geocodeAccuracy": part("GeocodeAccuracy"),
            "latitude": part("Latitude"), "longitude": part("Longitude"), "postalCode": part("PostalCode"),
            "state": part("State"), "stateCode": null, "street": part("Street"),
        });
        let is_empty = address.as_object().is_none_or(|parts| parts.values().all(Json::is_null));
        if is_empty { Json::Null } else { address }
    }

    /// The value of a unique or lookup field as its index knows it.
    pub(crate) fn key_of(&self, field: usize, value: &Json) -> Option<String> {
        cell_key(self.object.fields.get(field)?, value)
    }
}

fn index_key(field: &Field, value: &str) -> String {
    if field.case_sensitive || field.kind == Kind::Reference { value.to_owned() } else { value.to_lowercase() }
}

fn cell_key(field: &Field, value: &Json) -> Option<String> {
    if let Some(text) = value.as_str() {
        return Some(index_key(field, text));
    }
    (!value.is_null()).then(|| value.to_string())
}

/// A save whose stamp is set and whose commit is still to come.
#[derive(Debug)]
pub(crate) struct Late {
    pub(crate) visible_at: i64,
    pub(crate) table: usize,
    pub(crate) slot: usize,
    pub(crate) row: Row,
}

struct Undo {
    table: usize,
    slot: usize,
    row: Option<Row>,
}

/// Where a transaction began.
pub(crate) struct Mark {
    at: usize,
    starts: bool,
}

/// All tables.
pub(crate) struct Store {
    tables: Vec<Table>,
    by_name: BTreeMap<String, usize>,
    journal: Option<Vec<Undo>>,
    pub(crate) late: Vec<Late>,
    deletions: u64,
}

impl Store {
    pub(crate) fn new(objects: Vec<Object>, first_number: u64) -> Self {
        let by_name = objects.iter().enumerate().map(|(index, object)| (object.name.to_ascii_lowercase(), index)).collect();
        let tables = objects.into_iter().map(|object| Table::new(object, first_number)).collect();
        Self { tables, by_name, journal: None, late: Vec::new(), deletions: 0 }
    }

    pub(crate) fn table_index(&self, name: &str) -> Option<usize> {
        self.by_name.get(&name.to_ascii_lowercase()).copied()
    }

    pub(crate) fn tables(&self) -> &[Table] {
        &self.tables
    }

    pub(crate) fn table(&self, index: usize) -> Option<&Table> {
        self.tables.get(index)
    }

    pub(crate) fn table_mut(&mut self, index: usize) -> Option<&mut Table> {
        self.tables.get_mut(index)
    }

    pub(crate) fn named(&self, name: &str) -> Option<&Table> {
        self.table(self.table_index(name)?)
    }

    /// The table whose key prefix an id carries.
    pub(crate) fn table_of_id(&self, id: &str) -> Option<usize> {
        self.tables.iter().position(|table| id.starts_with(&table.object.prefix))
    }

    /// A slot that no row has yet.
    pub(crate) fn new_slot(&mut self, table: usize) -> usize {
        let Some(table) = self.tables.get_mut(table) else { return 0 };
        table.rows.push(None);
        table.rows.len() - 1
    }

    pub(crate) fn new_deletion(&mut self) -> u64 {
        self.deletions += 1;
        self.deletions
    }

    /// Puts a row into its slot, or empties the slot.
    pub(crate) fn put(&mut self, table: usize, slot: usize, row: Option<Row>) {
        let Some(target) = self.tables.get_mut(table) else { return };
        let before = target.replace(slot, row);
        if let Some(journal) = &mut self.journal {
            journal.push(Undo { table, slot, row: before });
        }
    }

    /// Starts a transaction, or a part of the one that runs.
    pub(crate) fn begin(&mut self) -> Mark {
        let starts = self.journal.is_none();
        Mark { at: self.journal.get_or_insert_default().len(), starts }
    }

    pub(crate) fn commit(&mut self, mark: &Mark) {
        if mark.starts {
            self.journal = None;
        }
    }

    pub(crate) fn roll_back(&mut self, mark: &Mark) {
        let undone = self.journal.as_mut().map(|journal| journal.split_off(mark.at)).unwrap_or_default();
        for undo in undone.into_iter().rev() {
            if let Some(target) = self.tables.get_mut(undo.table) {
                drop(target.replace(undo.slot, undo.row));
            }
        }
        self.commit(mark);
    }

    /// Makes late saves visible whose moment has come, and empties the bin of what is older than its 15 days.
    pub(crate) fn settle(&mut self, now: i64) {
        const BIN_S: i64 = 15 * 24 * 3600;
        if !self.late.is_empty() {
            let (due, rest): (Vec<Late>, Vec<Late>) = std::mem::take(&mut self.late).into_iter().partition(|late| late.visible_at <= now);
            self.late = rest;
            for late in due {
                self.put(late.table, late.slot, Some(late.row));
            }
        }
        for table in 0..self.tables.len() {
            let old: Vec<usize> = self.tables.get(table).map(|table| table.binned(i64::MIN, now - BIN_S).collect()).unwrap_or_default();
            for slot in old {
                self.purge(table, slot, now);
            }
        }
    }

    /// Removes a row for good.
    pub(crate) fn purge(&mut self, table: usize, slot: usize, now: i64) {
        let Some(target) = self.tables.get_mut(table) else { return };
        if let Some(row) = target.row(slot) {
            let entry = (row.deleted_at.unwrap_or(now), row.id.clone());
            target.purged.insert(entry);
            self.put(table, slot, None);
        }
    }
}
