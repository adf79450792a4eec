//! Writing: rows are checked one by one, each has a result of its own, in the order in which they came (fact sheet §4).

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};
use syncline_simulator::Response;

use crate::fields::{DataType, Field};
use crate::table::Row;
use crate::wire::{Answer, Query, Refusal, encode, moment, object, rows};
use crate::{CONTACTS, LEADS, ZohoCrm};

/// Rows of one request.
pub(crate) const ROWS_MAX: usize = 100;
/// Characters of a telephone number.
const PHONE_MAX: usize = 30;

/// Who writes, when, and on what condition.
#[derive(Clone, Copy)]
pub(crate) struct Actor {
    pub(crate) user: u64,
    pub(crate) now: i64,
    /// `If-Unmodified-Since`, in seconds.
    pub(crate) unmodified_since: Option<i64>,
}

/// A row that was saved: its id, whether it is new, and by which field an upsert met it.
struct Saved {
    id: u64,
    is_new: bool,
    met_by: Option<String>,
}

/// What a request wants of each row.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Want {
    Insert,
    Update,
    Upsert,
}

fn checked_text(text: &str, field: &Field, row: usize) -> Result<Json, Refusal> {
    let text = text.trim();
    if text.chars().count() > field.length {
        return Err(Refusal::invalid(row, &field.api_name, &json!({"maximum_length": field.length})));
    }
    Ok(if text.is_empty() { Json::Null } else { json!(text) })
}

fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else { return false };
    let plain = |part: &str| !part.is_empty() && !part.chars().any(|c| c.is_whitespace() || c == '@' || c == ',');
    plain(local) && plain(domain) && domain.contains('.') && !domain.starts_with('.') && !domain.ends_with('.')
}

fn is_phone(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_digit() || " +-()./#*;,".contains(c)) && text.chars().count() <= PHONE_MAX
}

/// A value as it is stored, or why it is refused.
fn checked(value: &Json, field: &Field, row: usize) -> Result<Json, Refusal> {
    let wrong = || Refusal::invalid(row, &field.api_name, &json!({"expected_data_type": field.data_type.name()}));
    if value.is_null() {
        return Ok(Json::Null);
    }
    let text = || value.as_str().ok_or_else(wrong);
    match field.data_type {
        DataType::Text | DataType::TextArea | DataType::Picklist | DataType::Website => checked_text(text()?, field, row),
        DataType::Email => {
            let stored = checked_text(text()?, field, row)?;
            if stored.as_str().is_none_or(is_email) { Ok(stored) } else { Err(wrong()) }
        }
        DataType::Phone => {
            let given = text()?.trim();
            if is_phone(given) { checked_text(given, field, row) } else { Err(wrong()) }
        }
        DataType::Boolean => {
            if value.is_boolean() {
                Ok(value.clone())
            } else {
                Err(wrong())
            }
        }
        DataType::Integer => {
            if value.is_i64() {
                Ok(value.clone())
            } else {
                Err(wrong())
            }
        }
        DataType::Double => {
            if value.is_number() {
                Ok(value.clone())
            } else {
                Err(wrong())
            }
        }
        DataType::Date => match text()? {
            "" => Ok(Json::Null),
            day => day.parse::<jiff::civil::Date>().map(|day| json!(day.to_string())).map_err(|_| wrong()),
        },
        DataType::DateTime => match text()? {
            "" => Ok(Json::Null),
            at => moment(at).map(|at| json!(at)).ok_or_else(wrong),
        },
        DataType::MultiPicklist => match value.as_array() {
            Some(list) if list.iter().all(Json::is_string) => Ok(value.clone()),
            Some(_) | None => Err(wrong()),
        },
        DataType::Lookup(_) | DataType::Owner => match value.get("id").or(Some(value)).and_then(Json::as_str) {
            Some(id) => Ok(json!(id)),
            None => Err(wrong()),
        },
    }
}

impl ZohoCrm {
    /// The values of a row that can be written, checked; unknown and read-only members are passed over (unverified).
    fn check(&self, module: &'static str, input: &Map<String, Json>, row: usize) -> Result<BTreeMap<String, Json>, Refusal> {
        let mut values = BTreeMap::new();
        let mut problems = Vec::new();
        let Some(table) = self.table(module) else { return Err(Refusal::invalid_module()) };
        for field in table.fields.iter().filter(|field| !field.read_only) {
            let Some(value) = input.get(&field.api_name) else { continue };
            match checked(value, field, row).and_then(|stored| self.check_reference(field, stored, row)) {
                Ok(stored) if stored.is_null() && field.mandatory => problems.push(Refusal::mandatory(row, &field.api_name)),
                Ok(stored) => {
                    values.insert(field.api_name.clone(), stored);
                }
                Err(problem) => problems.push(problem),
            }
        }
        match problems.len() {
            0 => Ok(values),
            1 => Err(problems.remove(0)),
            _ if self.profile.wraps_errors => {
                let all: Vec<Json> = problems.iter().map(Refusal::body).collect();
                Err(Refusal::new(400, "MULTIPLE_OR_MULTI_ERRORS", "multiple errors", json!({"errors": all})))
            }
            _ => Err(problems.remove(0)),
        }
    }

    fn check_reference(&self, field: &Field, stored: Json, row: usize) -> Result<Json, Refusal> {
        let Some(id) = stored.as_str() else { return Ok(stored) };
        let unknown = || Refusal::invalid(row, &field.api_name, &json!({"expected_data_type": field.data_type.name()}));
        if let DataType::Lookup(module) = field.data_type {
            let known = id.parse().ok().is_some_and(|id: u64| self.table(module).is_some_and(|table| table.rows.contains_key(&id)));
            return if known { Ok(stored) } else { Err(unknown()) };
        }
        if field.data_type != DataType::Owner {
            return Ok(stored);
        }
        match id.parse().ok().and_then(|id| self.user(id)) {
            Some(user) if user.active => Ok(stored),
            Some(_) => Err(Refusal { message: "the owner is not an active user".to_owned(), ..unknown() }),
            None => Err(unknown()),
        }
    }

    fn duplicate(&self, module: &str, field: &str, id: u64, row: usize) -> Refusal {
        let owner = self.table(module).and_then(|table| table.rows.get(&id)).map_or(0, |row| row.owner);
        let details = json!({
            "api_name": field, "json_path": format!("$.data[{row}].{field}"), "id": id.to_string(), "more_records": false,
            "duplicate_record": {"id": id.to_string(), "Owner": {"id": owner.to_string()}, "module": {"api_name": module, "id": "0"}}
        });
        Refusal::new(400, "DUPLICATE_DATA", "duplicate data", details)
    }

    /// Fields that must be unique, and the organisation's preference over modules (fact sheet §4).
    fn check_duplicates(&self, module: &'static str, values: &BTreeMap<String, Json>, own: Option<u64>, row: usize) -> Result<(), Refusal> {
        let Some(table) = self.table(module) else { return Err(Refusal::invalid_module()) };
        for field in table.fields.iter().filter(|field| field.unique) {
            let Some(value) = values.get(&field.api_name).and_then(Json::as_str) else { continue };
            if let Some(other) = table.meeting(&field.api_name, value).into_iter().find(|id| Some(*id) != own) {
                return Err(self.duplicate(module, &field.api_name, other, row));
            }
        }
        if module == LEADS
            && own.is_none()
            && self.profile.checks_leads_against_contacts
            && let Some(email) = values.get("Email").and_then(Json::as_str)
            && let Some(contact) = self.table(CONTACTS).and_then(|contacts| contacts.meeting("Email", email).first().copied())
        {
            return Err(self.duplicate(CONTACTS, "Email", contact, row));
        }
        Ok(())
    }

    pub(crate) fn insert(&mut self, module: &'static str, input: &Map<String, Json>, place: usize, actor: Actor) -> Result<u64, Refusal> {
        let mut values = self.check(module, input, place)?;
        let missing = self.table(module).and_then(|table| {
            table.fields.iter().find(|field| field.mandatory && !values.contains_key(&field.api_name)).map(|field| field.api_name.clone())
        });
        if let Some(missing) = missing {
            return Err(Refusal::mandatory(place, &missing));
        }
        self.check_duplicates(module, &values, None, place)?;
        let owner = values.remove("Owner").and_then(|id| id.as_str()?.parse().ok()).unwrap_or(actor.user);
        values.retain(|_, value| !value.is_null());
        let id = self.ids.next();
        let row = Row {
            id,
            values,
            owner,
            created_at: actor.now,
            modified_at: actor.now,
            created_by: actor.user,
            modified_by: actor.user,
            converted: None,
            locked: false,
            indexed: None,
            changed_at: actor.now,
        };
        if let Some(table) = self.table_mut(module) {
            table.put(&row);
        }
        Ok(id)
    }

    pub(crate) fn update(
        &mut self,
        module: &'static str,
        id: u64,
        input: &Map<String, Json>,
        place: usize,
        actor: Actor,
    ) -> Result<Vec<String>, Refusal> {
        let Some(mut row) = self.table(module).and_then(|table| table.rows.get(&id)).cloned() else {
            return Err(Refusal::invalid_id(&id.to_string()));
        };
        if row.converted.is_some() {
            return Err(Refusal::new(400, "CONVERTED_RECORD", "the record is converted", json!({"id": id.to_string()})));
        }
        if row.locked {
            return Err(Refusal::new(
                400,
                "RECORD_LOCKED",
                "the record is locked",
                json!({"action": "record_locking", "id": id.to_string()}),
            ));
        }
        if actor.unmodified_since.is_some_and(|bound| row.modified_at > bound) {
            return Err(Refusal::new(412, "ALREADY_MODIFIED", "The record is already modified", self.written(&row)));
        }
        let mut values = self.check(module, input, place)?;
        self.check_duplicates(module, &values, Some(id), place)?;
        row.touch(actor.now, i64::from(self.profile.search_lag_s));
        if let Some(owner) = values.remove("Owner").and_then(|id| id.as_str()?.parse().ok()) {
            row.owner = owner;
        }
        let changed: Vec<String> = values
            .iter()
            .filter(|(name, value)| row.values.get(*name).unwrap_or(&Json::Null) != *value)
            .map(|(name, _)| name.clone())
            .collect();
        for (name, value) in values {
            if value.is_null() {
                row.values.remove(&name)
            } else {
                row.values.insert(name, value)
            };
        }
        // An update that changes nothing moves the stamp all the same (unverified).
        (row.modified_at, row.modified_by) = (actor.now, actor.user);
        if let Some(table) = self.table_mut(module) {
            table.put(&row);
        }
        Ok(changed)
    }

    /// By which record an upsert's row is met: the first field of the list that meets any decides; of several, the oldest (unverified).
    fn met(&self, module: &'static str, input: &Map<String, Json>, checked_by: &[String]) -> Option<(u64, String)> {
        let table = self.table(module)?;
        let fields = if checked_by.is_empty() { table.key_fields() } else { checked_by.to_vec() };
        fields.into_iter().find_map(|field| {
            let value = input.get(&field).and_then(Json::as_str).filter(|value| !value.trim().is_empty())?;
            table.meeting(&field, value).first().map(|id| (*id, field.clone()))
        })
    }

    fn save(
        &mut self,
        module: &'static str,
        want: Want,
        input: &Map<String, Json>,
        place: usize,
        checked_by: &[String],
        actor: Actor,
    ) -> Result<Saved, Refusal> {
        let given = input.get("id").map(|id| id.as_str().map_or_else(|| id.to_string(), str::to_owned));
        let target = match (want, given) {
            (Want::Insert, _) => None,
            (Want::Update, None) => return Err(Refusal::mandatory(place, "id")),
            (Want::Update | Want::Upsert, Some(id)) => Some((id.parse().map_err(|_| Refusal::invalid_id(&id))?, None)),
            (Want::Upsert, None) => self.met(module, input, checked_by).map(|(id, field)| (id, Some(field))),
        };
        match target {
            None => {
                let id = self.insert(module, input, place, actor)?;
                self.announce(actor.now, module, "insert", id, &[]);
                Ok(Saved { id, is_new: true, met_by: None })
            }
            Some((id, met_by)) => {
                let changed = self.update(module, id, input, place, actor)?;
                self.announce(actor.now, module, "update", id, &changed);
                Ok(Saved { id, is_new: false, met_by })
            }
        }
    }

    /// `POST`, `PUT` and upsert of a module's records.
    pub(crate) fn write_route(&mut self, module: &'static str, rest: &[&str], method: &str, body: &[u8], actor: Actor) -> Answer {
        let body = object(body)?;
        let mut inputs = rows(&body, "data", ROWS_MAX)?;
        let want = match (method, rest) {
            ("POST", []) => Want::Insert,
            ("POST", ["upsert"]) => Want::Upsert,
            ("PUT", []) => Want::Update,
            ("PUT", [id]) => {
                inputs.truncate(1);
                for input in &mut inputs {
                    input.insert("id".to_owned(), json!(id));
                }
                Want::Update
            }
            _ => return Err(Refusal::wrong_method()),
        };
        let checked_by: Vec<String> = body
            .get("duplicate_check_fields")
            .and_then(Json::as_array)
            .map(|fields| fields.iter().filter_map(Json::as_str).map(str::to_owned).collect())
            .unwrap_or_default();
        let mut results = Vec::with_capacity(inputs.len());
        for (place, input) in inputs.iter().enumerate() {
            results.push(self.save(module, want, input, place, &checked_by, actor).map(|saved| self.success(module, want, &saved)));
        }
        self.post_announcements(actor.now);
        Ok(self.results(results, if want == Want::Insert { 201 } else { 200 }))
    }

    fn success(&self, module: &str, want: Want, saved: &Saved) -> Json {
        let details = self.table(module).and_then(|table| table.rows.get(&saved.id)).map_or(Json::Null, |row| self.written(row));
        let message = if saved.is_new { "record added" } else { "record updated" };
        let mut result = json!({"code": "SUCCESS", "details": details, "message": message, "status": "success"});
        if let (Want::Upsert, Some(members)) = (want, result.as_object_mut()) {
            members.insert("action".to_owned(), json!(if saved.is_new { "insert" } else { "update" }));
            members.insert("duplicate_field".to_owned(), json!(saved.met_by));
        }
        result
    }

    /// One result a row; the status tells whether all, some or none were taken, in one of the ways that were seen.
    fn results(&self, results: Vec<Result<Json, Refusal>>, all: u16) -> Response {
        let failed = results.iter().filter(|result| result.is_err()).count();
        let status = match failed {
            0 => all,
            _ if failed < results.len() => self.profile.mixed_status,
            // A single condition that failed is the answer's own status.
            _ if results.iter().all(|result| result.as_ref().is_err_and(|refusal| refusal.status == 412)) => 412,
            _ => self.profile.failed_status,
        };
        let rows: Vec<Json> = results.into_iter().map(|result| result.unwrap_or_else(|refusal| refusal.body())).collect();
        encode(status, &json!({"data": rows}))
    }

    /// `DELETE` of records: into the bin.
    pub(crate) fn delete_route(&mut self, module: &'static str, rest: &[&str], query: &Query, actor: Actor) -> Answer {
        let ids: Vec<String> = match rest {
            [] => query.list("ids").into_iter().map(str::to_owned).collect(),
            [id] => vec![(*id).to_owned()],
            _ => return Err(Refusal::no_such_path()),
        };
        if ids.is_empty() {
            return Err(Refusal::parameter("REQUIRED_PARAM_MISSING", "ids", "One of the expected parameter is missing"));
        }
        if ids.len() > ROWS_MAX {
            return Err(Refusal::new(400, "LIMIT_EXCEEDED", "maximum limit exceeded", json!({"limit": ROWS_MAX, "param_name": "ids"})));
        }
        let mut results = Vec::with_capacity(ids.len());
        for id in &ids {
            results.push(self.delete_one(module, id, actor));
        }
        self.post_announcements(actor.now);
        Ok(self.results(results, 200))
    }

    fn delete_one(&mut self, module: &'static str, id: &str, actor: Actor) -> Result<Json, Refusal> {
        let number: u64 = id.parse().map_err(|_| Refusal::invalid_id(id))?;
        let Some(row) = self.table(module).and_then(|table| table.rows.get(&number)) else { return Err(Refusal::invalid_id(id)) };
        if row.locked {
            return Err(Refusal::new(400, "RECORD_LOCKED", "the record is locked", json!({"action": "record_locking", "id": id})));
        }
        self.remove(module, number, actor, false);
        Ok(json!({"code": "SUCCESS", "details": {"id": id}, "message": "record deleted", "status": "success"}))
    }

    pub(crate) fn remove(&mut self, module: &'static str, id: u64, actor: Actor, purged: bool) -> bool {
        let was = self.table_mut(module).is_some_and(|table| table.delete(id, actor.user, actor.now, purged));
        if was {
            self.announce(actor.now, module, "delete", id, &[]);
        }
        was
    }
}
