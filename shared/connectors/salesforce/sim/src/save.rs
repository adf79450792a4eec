//! Saving: from a written body to a committed row, in the order in which Salesforce checks.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::Value as Json;

use crate::objects::{Kind, Object};
use crate::refusal::Refusal;
use crate::rows::{Late, Row, Table};
use crate::{Salesforce, ids, values};

/// A record as a request wrote it: the order of its members matters to Salesforce.
pub(crate) type Body = IndexMap<String, Json>;

/// Who saves, when, and how.
#[derive(Clone, Debug)]
pub(crate) struct Actor {
    pub(crate) user: Arc<str>,
    /// Not bound by field-level security.
    pub(crate) sees_all: bool,
    /// The duplicate rule's header allows the save.
    pub(crate) allows_duplicates: bool,
    pub(crate) now: i64,
    /// Seconds from the stamp to the commit.
    pub(crate) lag_s: i64,
}

impl Salesforce {
    /// Creates a record; answers its id.
    pub(crate) fn create(&mut self, table: usize, body: &Body, actor: &Actor) -> Result<String, Refusal> {
        let mut row = Row {
            id: String::new(),
            cells: BTreeMap::new(),
            created_at: actor.now,
            created_by: Arc::clone(&actor.user),
            modified_at: actor.now,
            modified_by: Arc::clone(&actor.user),
            stamp: actor.now,
            deleted_at: None,
            deletion: 0,
        };
        let object = &self.table(table)?.object;
        for (index, field) in object.fields.iter().enumerate() {
            if field.name == "OwnerId" {
                row.set(index, Json::String(actor.user.to_string()));
            } else if !field.default.is_null() {
                row.set(index, field.default.clone());
            }
        }
        self.write_cells(table, &mut row, body, actor, true)?;
        self.check(table, None, &row, actor)?;
        if let Some(target) = self.store.table_mut(table) {
            row.id = target.mint_id();
            if let Some(index) = target.object.fields.iter().position(|field| field.auto_number) {
                let number = target.mint_auto_number();
                row.set(index, Json::String(number));
            }
        }
        self.derive(table, &mut row);
        let id = row.id.clone();
        let slot = self.store.new_slot(table);
        self.land(table, slot, row, actor);
        Ok(id)
    }

    /// Changes a record.
    pub(crate) fn update(&mut self, table: usize, slot: usize, body: &Body, actor: &Actor) -> Result<(), Refusal> {
        let Some(before) = self.table(table)?.row(slot).cloned() else { return Err(Refusal::cross_reference(404)) };
        if before.deleted_at.is_some() {
            return Err(Refusal::deleted());
        }
        let mut row = before.clone();
        self.write_cells(table, &mut row, body, actor, false)?;
        self.check(table, Some((slot, &before)), &row, actor)?;
        self.derive(table, &mut row);
        row.modified_at = actor.now;
        row.stamp = actor.now;
        row.modified_by = Arc::clone(&actor.user);
        self.land(table, slot, row, actor);
        Ok(())
    }

    pub(crate) fn table(&self, table: usize) -> Result<&Table, Refusal> {
        self.store.table(table).ok_or_else(Refusal::not_found)
    }

    fn land(&mut self, table: usize, slot: usize, row: Row, actor: &Actor) {
        if actor.lag_s > 0 {
            self.store.late.push(Late { visible_at: actor.now + actor.lag_s, table, slot, row });
        } else {
            self.store.put(table, slot, Some(row));
            let object = self.store.table(table).map(|table| table.object.name.as_str());
            if matches!(object, Some("FieldPermissions" | "PermissionSetAssignment")) {
                self.show_permitted();
            }
        }
    }

    /// Puts the body's values into the row.
    fn write_cells(&self, table: usize, row: &mut Row, body: &Body, actor: &Actor, creates: bool) -> Result<(), Refusal> {
        let object = &self.table(table)?.object;
        let mut read_only = Vec::new();
        let mut written = Vec::new();
        for (name, value) in body {
            if name == "attributes" {
                continue;
            }
            if let Some(index) = object.index_of(name) {
                let Some(field) = object.fields.get(index).filter(|field| actor.sees_all || !field.hidden) else {
                    return Err(Refusal::no_column(name, &object.name));
                };
                if (creates && !field.createable) || (!creates && !field.updateable) {
                    read_only.push(field.name.as_str());
                } else {
                    written.push((index, value.clone()));
                }
            } else if let Some(index) = object.relationship(name).filter(|_| value.is_object() || value.is_null()) {
                written.push((index, self.parent_by_external_id(object, index, value)?));
            } else {
                return Err(Refusal::no_column(name, &object.name));
            }
        }
        if !read_only.is_empty() {
            let message = format!(
                "Unable to create/update fields: {}. Please check the security settings of this field and verify that it is read/write for \
                 your profile or permission set.",
                read_only.join(", ")
            );
            return Err(Refusal::of_fields("INVALID_FIELD_FOR_INSERT_UPDATE", message, &read_only));
        }
        for (index, value) in written {
            let Some(field) = object.fields.get(index) else { continue };
            let value = values::stored(field, &value, self.profile.reorders_multipicklist)?;
            let keeps_default = creates && value.is_null() && field.defaulted;
            if !keeps_default {
                row.set(index, value);
            }
        }
        Ok(())
    }

    /// The id of the parent that a body names by an external id: `"Account":{"Freshdesk_Company_Id__c":"820"}` (fact sheet §2.7).
    fn parent_by_external_id(&self, object: &Object, index: usize, value: &Json) -> Result<Json, Refusal> {
        let Some(members) = value.as_object() else { return Ok(Json::Null) };
        let target = object.fields.get(index).and_then(|field| field.refers_to.as_deref()).and_then(|name| self.store.named(name));
        let Some(target) = target else { return Err(Refusal::not_found()) };
        let key = members.iter().find(|(name, _)| *name != "attributes");
        let Some((name, wanted)) = key else { return Ok(Json::Null) };
        let Some(field) = target.object.index_of(name).filter(|&field| is_key(target, field)) else {
            return Err(Refusal::no_column(name, &target.object.name));
        };
        let found = live_with_key(target, field, wanted);
        if let [one] = found.as_slice() {
            return Ok(target.row(*one).map_or(Json::Null, |row| Json::String(row.id.clone())));
        }
        let wanted = wanted.as_str().map_or_else(|| wanted.to_string(), str::to_owned);
        let message = format!("Foreign key external ID: {wanted} not found for field {name} in entity {}", target.object.name);
        Err(Refusal::of_fields("INVALID_FIELD", message, &[]))
    }

    fn check(&mut self, table: usize, before: Option<(usize, &Row)>, row: &Row, actor: &Actor) -> Result<(), Refusal> {
        let target = self.table(table)?;
        let missing: Vec<&str> = (target.object.fields.iter().enumerate())
            .filter(|(index, field)| field.createable && field.required && field.kind != Kind::Boolean && row.cell(*index).is_null())
            .map(|(_, field)| field.name.as_str())
            .collect();
        if !missing.is_empty() {
            let message = format!("Required fields are missing: [{}]", missing.join(", "));
            return Err(Refusal::of_fields("REQUIRED_FIELD_MISSING", message, &missing));
        }
        self.check_references(target, before.map(|(_, before)| before), row)?;
        self.check_unique(table, target, before.map(|(slot, _)| slot), row)?;
        check_object_rules(target, before.map(|(_, before)| before), row)?;
        self.check_duplicates(target, before, row, actor)?;
        let is_open = |slot: usize| self.store.late.iter().any(|late| late.table == table && late.slot == slot);
        if let Some((_, before)) = before.filter(|(slot, _)| is_open(*slot)) {
            return Err(locked(&before.id));
        }
        self.check_locks(table, before.map(|(_, before)| before), row, actor.now)
    }

    fn check_references(&self, target: &Table, before: Option<&Row>, row: &Row) -> Result<(), Refusal> {
        for (index, field) in target.object.fields.iter().enumerate() {
            let (Some(object), Some(id)) = (&field.refers_to, row.text(index)) else { continue };
            if before.is_some_and(|before| before.cell(index) == row.cell(index)) {
                continue;
            }
            let Some(parent) = self.store.named(object) else { continue };
            if !id.starts_with(&parent.object.prefix) {
                let message = format!("{}: id value of incorrect type: {id}", field.label);
                return Err(Refusal::of_fields("MALFORMED_ID", message, &[&field.name]));
            }
            match parent.find(id) {
                None => return Err(Refusal { fields: Some(vec![field.name.clone()]), ..Refusal::cross_reference(400) }),
                Some(found) if found.deleted_at.is_some() => return Err(Refusal { status: 400, ..Refusal::deleted() }),
                Some(_) => {}
            }
        }
        Ok(())
    }

    /// Unique fields; a save that is not committed yet blocks its value, and cannot be named (fact sheet §4.6: `<unknown>`).
    fn check_unique(&self, table: usize, target: &Table, slot: Option<usize>, row: &Row) -> Result<(), Refusal> {
        for (index, field) in target.object.fields.iter().enumerate().filter(|(_, field)| field.unique) {
            let Some(key) = target.key_of(index, row.cell(index)) else { continue };
            let late = self
                .store
                .late
                .iter()
                .find(|late| late.table == table && Some(late.slot) != slot)
                .filter(|late| target.key_of(index, late.row.cell(index)).as_ref() == Some(&key));
            let taken = live_with_key(target, index, row.cell(index)).into_iter().find(|other| Some(*other) != slot);
            let holder = match (late, taken.and_then(|taken| target.row(taken))) {
                (Some(_), _) => "<unknown>",
                (None, Some(holder)) => ids::short(&holder.id),
                (None, None) => continue,
            };
            let message = format!("duplicate value found: {} duplicates value on record with id: {holder}", field.name);
            return Err(Refusal::of_fields("DUPLICATE_VALUE", message, &[]));
        }
        Ok(())
    }

    /// The parent account's lock (fact sheet §4.4).
    fn check_locks(&mut self, table: usize, before: Option<&Row>, row: &Row, now: i64) -> Result<(), Refusal> {
        let mut accounts: BTreeSet<String> = BTreeSet::new();
        let target = self.table(table)?;
        let is_account = target.object.name == "Account";
        for (index, field) in target.object.fields.iter().enumerate().filter(|(_, field)| field.cascade) {
            if field.refers_to.as_deref() == Some("Account") {
                accounts.extend([Some(row), before].into_iter().flatten().filter_map(|row| row.text(index)).map(str::to_owned));
            }
        }
        if is_account && !row.id.is_empty() {
            accounts.insert(row.id.clone());
        }
        if let Some(account) = accounts.iter().find(|account| self.locks.get(*account).is_some_and(|until| *until > now)) {
            return Err(locked(account));
        }
        if let Some(account) = accounts.first().filter(|_| self.profile.lock_every > 0) {
            self.writes_with_account += 1;
            if self.writes_with_account.is_multiple_of(self.profile.lock_every) {
                return Err(locked(account));
            }
        }
        Ok(())
    }

    /// Fields that follow from others, and then the customer's triggers.
    fn derive(&self, table: usize, row: &mut Row) {
        let Ok(target) = self.table(table) else { return };
        let object = &target.object;
        let index = |name: &str| object.index_of(name);
        if let (Some(status), Some(code)) = (index("Status"), index("StatusCode")) {
            let value = row.text(status).map(|status| if status == "In Approval Process" { "InApproval" } else { status }.to_owned());
            row.set(code, value.map_or(Json::Null, Json::String));
        }
        if let (Some(start), Some(term), Some(end)) = (index("StartDate"), index("ContractTerm"), index("EndDate")) {
            row.set(end, contract_end(row.text(start), row.cell(term).as_i64()).map_or(Json::Null, Json::String));
        }
        if let (Some(stage), Some(closed), Some(won)) = (index("StageName"), index("IsClosed"), index("IsWon")) {
            let stage = row.text(stage).unwrap_or_default().to_owned();
            row.set(closed, Json::Bool(stage.starts_with("Closed")));
            row.set(won, Json::Bool(stage == "Closed Won"));
        }
        for trigger in self.profile.triggers.iter().filter(|trigger| trigger.object.eq_ignore_ascii_case(&object.name)) {
            let Some(field) = index(&trigger.field) else { continue };
            if let Some(text) = row.text(field).map(|text| trigger.rewrite.apply(text)) {
                row.set(field, Json::String(text));
            }
        }
    }
}

/// The refusal of a save that waited in vain for a lock.
pub(crate) fn locked(id: &str) -> Refusal {
    let message = format!("unable to obtain exclusive access to this record or 1 records: {id}");
    Refusal::of_fields("UNABLE_TO_LOCK_ROW", message, &[])
}

/// The last day of a contract: so many months on, less a day (fact sheet §2.3).
fn contract_end(start: Option<&str>, months: Option<i64>) -> Option<String> {
    let start: jiff::civil::Date = start?.parse().ok()?;
    let span = jiff::Span::new().try_months(months?).ok()?;
    start.checked_add(span).ok()?.yesterday().ok().map(|end| end.to_string())
}

/// Whether records can be looked up by this field.
pub(crate) fn is_key(table: &Table, field: usize) -> bool {
    table.object.fields.get(field).is_some_and(|field| field.external_id || field.id_lookup)
}

/// The live rows whose key field has this value.
pub(crate) fn live_with_key(table: &Table, field: usize, value: &Json) -> Vec<usize> {
    let Some(definition) = table.object.fields.get(field) else { return Vec::new() };
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let found = if definition.kind == Kind::Id {
        ids::normalise(&text).and_then(|id| table.slot_of(&id)).into_iter().collect()
    } else {
        table.with_value(field, text.trim()).unwrap_or_default()
    };
    found.into_iter().filter(|&slot| table.row(slot).is_some_and(|row| row.deleted_at.is_none())).collect()
}

/// What single objects refuse (fact sheet §2.3, §2.4, §2.5).
fn check_object_rules(target: &Table, before: Option<&Row>, row: &Row) -> Result<(), Refusal> {
    let object = &target.object;
    let text = |row: &Row, name: &str| object.index_of(name).and_then(|index| row.text(index)).map(str::to_owned);
    match object.name.as_str() {
        "Lead" => {
            let is_converted = |row: &Row| object.index_of("IsConverted").is_some_and(|index| row.cell(index) == &Json::Bool(true));
            if before.is_some_and(is_converted) {
                return Err(Refusal::of_fields("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead", &[]));
            }
        }
        "Contract" | "Order" => {
            if before.is_none() && text(row, "Status").as_deref() == Some("Activated") {
                let message = "Choose a valid status and save your changes. Ask your admin for details.";
                return Err(Refusal::of_fields("FAILED_ACTIVATION", message, &["Status"]));
            }
            let moves = before.is_some_and(|before| {
                text(before, "Status").as_deref() == Some("Activated") && text(before, "AccountId") != text(row, "AccountId")
            });
            if moves {
                let message = "You can't change the account of an activated record.";
                return Err(Refusal::of_fields("FIELD_INTEGRITY_EXCEPTION", message, &["AccountId"]));
            }
        }
        _ => {}
    }
    Ok(())
}
