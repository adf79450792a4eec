//! The way through the paths, and single records (fact sheet §4.1, §4.4).

use serde_json::{Value as Json, json};

use crate::Salesforce;
use crate::call::{Call, Reply};
use crate::ids;
use crate::moments;
use crate::objects::Kind;
use crate::refusal::Refusal;
use crate::rows::{Row, Table};
use crate::save::{is_key, live_with_key};

const VERSIONS: std::ops::RangeInclusive<u32> = 31..=67;

/// `GET /services/data`.
pub(crate) fn versions() -> Reply {
    let all: Vec<Json> = VERSIONS.map(|version| json!({ "label": format!("Release {version}"), "url": format!("/services/data/v{version}.0"), "version": format!("{version}.0") })).collect();
    Reply::json(200, &json!(all))
}

/// `v66.0` as `66.0`, if the org speaks it.
pub(crate) fn version(segment: &str) -> Option<String> {
    let version = segment.strip_prefix('v')?;
    let major: u32 = version.strip_suffix(".0")?.parse().ok()?;
    VERSIONS.contains(&major).then(|| version.to_owned())
}

impl Salesforce {
    pub(crate) fn dispatch(&mut self, call: &Call) -> Result<Reply, Refusal> {
        let path: Vec<&str> = call.path.iter().map(String::as_str).collect();
        match path.as_slice() {
            [] => Ok(Reply::json(
                200,
                &json!({ "sobjects": format!("/services/data/v{}/sobjects", call.version), "query": format!("/services/data/v{}/query", call.version) }),
            )),
            ["query"] => self.query(call, false, false),
            ["queryAll"] => self.query(call, true, false),
            ["query" | "queryAll", locator] => self.query_more(call, locator),
            ["limits"] => Ok(self.limits(call)),
            ["sobjects"] => Ok(self.global(call)),
            ["sobjects", object] => {
                let table = self.object(object)?;
                match call.method.as_str() {
                    "POST" => self.create_one(call, table),
                    "GET" => self.basic(call, table),
                    _ => Err(call.not_allowed("GET,POST")),
                }
            }
            ["sobjects", object, "describe"] => self.describe(call, self.object(object)?),
            ["sobjects", object, "updated"] => self.replication(call, self.object(object)?, false),
            ["sobjects", object, "deleted"] => self.replication(call, self.object(object)?, true),
            ["sobjects", object, id] => self.by_id(call, self.object(object)?, id),
            ["sobjects", object, field, value] => self.by_key(call, self.object(object)?, field, value),
            ["composite"] => self.composite(call),
            ["composite", "batch"] => self.batch(call),
            ["composite", "graph"] => self.graph(call),
            ["composite", "sobjects", rest @ ..] => self.collection(call, rest),
            ["tooling", "query"] => self.query(call, false, true),
            ["tooling", "sobjects", "CustomField"] => self.create_custom_field(call),
            ["jobs", "query", rest @ ..] => self.query_job(call, rest),
            ["jobs", "ingest", rest @ ..] => self.ingest_job(call, rest),
            _ => Err(Refusal::not_found()),
        }
    }

    /// A table of the data API by its object's name.
    pub(crate) fn object(&self, name: &str) -> Result<usize, Refusal> {
        let table = self.store.table_index(name).filter(|&table| self.store.table(table).is_some_and(|table| !table.object.tooling));
        table.ok_or_else(Refusal::not_found)
    }

    fn create_one(&mut self, call: &Call, table: usize) -> Result<Reply, Refusal> {
        let body = call.record()?;
        let id = self.create(table, &body, &call.actor(i64::from(self.human_lag_s())))?;
        let name = self.table(table)?.object.name.clone();
        let location = format!("/services/data/v{}/sobjects/{name}/{id}", call.version);
        Ok(Reply::json(201, &json!({ "id": id, "success": true, "errors": [] })).with("location", location))
    }

    pub(crate) fn human_lag_s(&self) -> u32 {
        if self.profile.human_saves_lag { self.profile.commit_lag_s } else { 0 }
    }

    fn by_id(&mut self, call: &Call, table: usize, given: &str) -> Result<Reply, Refusal> {
        let Some(id) = ids::normalise(given) else {
            let message = format!("Provided external ID field does not exist or is not accessible: {given}");
            return Err(Refusal::new(404, "NOT_FOUND", message));
        };
        match call.method.as_str() {
            "GET" => {
                let found = self.table(table)?;
                let row = found.find(&id).ok_or_else(Refusal::not_found)?;
                if row.deleted_at.is_some() {
                    return Err(Refusal::deleted());
                }
                read(call, found, row)
            }
            "PATCH" => {
                let mut body = call.record()?;
                let slot = self.locate(table, &id)?;
                if let Some(refused) = self.precondition(call, table, slot)? {
                    return Ok(refused);
                }
                if body.keys().any(|name| name.eq_ignore_ascii_case("id")) {
                    return Err(Refusal::new(400, "INVALID_FIELD", "The Id field should not be specified in the sobject data."));
                }
                body.shift_remove("attributes");
                self.update(table, slot, &body, &call.actor(i64::from(self.human_lag_s())))?;
                Ok(Reply::empty(204))
            }
            "DELETE" => {
                let slot = self.locate(table, &id)?;
                self.delete(table, slot, &call.actor(0))?;
                Ok(Reply::empty(204))
            }
            _ => Err(call.not_allowed("GET,HEAD,PATCH,DELETE")),
        }
    }

    /// The headers that make a PATCH depend on what is stored; the stamp counts, not the day of the last edit (fact sheet §4.4).
    fn precondition(&self, call: &Call, table: usize, slot: usize) -> Result<Option<Reply>, Refusal> {
        let table = self.table(table)?;
        let Some(row) = table.row(slot) else { return Ok(None) };
        let failed = || {
            let refusal =
                Refusal::new(412, "ENTITY_FAILED_IFLASTMODIFIED_ON_UPDATE_CHECK", "The entity was modified since the given moment.");
            Ok(Some(Reply::json(412, &refusal.body())))
        };
        if http_date(call, "if-unmodified-since")?.is_some_and(|since| row.stamp > since) {
            return failed();
        }
        if http_date(call, "if-modified-since")?.is_some_and(|since| row.stamp <= since) {
            return failed();
        }
        if table.object.name == "Account" {
            let tag = etag(row);
            let matches = |given: &str| given.split(',').any(|one| one.trim().replace("--gzip", "") == tag || one.trim() == "*");
            if call.header("if-match").is_some_and(|given| !matches(given)) || call.header("if-none-match").is_some_and(matches) {
                return failed();
            }
        }
        Ok(None)
    }

    /// A record by a key field: read, upsert, delete.
    fn by_key(&mut self, call: &Call, table: usize, field: &str, value: &str) -> Result<Reply, Refusal> {
        let found = self.table(table)?;
        let index = key_field(found, field, call.sees_all())?;
        // A slash or a tail that looks like a format never reaches the record (fact sheet §4.1, restforce#243).
        let tail = value.rsplit_once('.').map(|(_, tail)| tail.to_ascii_lowercase());
        if value.contains('/') || tail.is_some_and(|tail| ["json", "xml", "inc"].contains(&tail.as_str())) {
            return Err(Refusal::not_found());
        }
        let slots = live_with_key(found, index, &json!(value));
        if slots.len() > 1 {
            let url = |row: &Row| format!("/services/data/v{}/sobjects/{}/{}", call.version, found.object.name, row.id);
            let urls: Vec<String> = slots.iter().filter_map(|&slot| found.row(slot)).map(url).collect();
            return Ok(Reply::json(300, &json!(urls)));
        }
        let slot = slots.first().copied();
        match (call.method.as_str(), slot) {
            ("GET", Some(slot)) => {
                let row = found.row(slot).ok_or_else(Refusal::not_found)?;
                read(call, found, row)
            }
            ("DELETE", Some(slot)) => {
                self.delete(table, slot, &call.actor(0))?;
                Ok(Reply::empty(204))
            }
            ("GET" | "DELETE", None) => Err(Refusal::not_found()),
            ("PATCH", slot) => {
                let mut body = call.record()?;
                body.shift_remove("attributes");
                if let Some(repeated) = body.keys().find(|name| name.eq_ignore_ascii_case(field) || name.eq_ignore_ascii_case("id")) {
                    return Err(Refusal::new(
                        400,
                        "INVALID_FIELD",
                        format!("The {repeated} field should not be specified in the sobject data."),
                    ));
                }
                if slot.is_none() && call.parameter("updateOnly").is_some_and(|only| only.eq_ignore_ascii_case("true")) {
                    return Err(Refusal::not_found());
                }
                self.upsert(call, table, index, slot, value, body)
            }
            _ => Err(call.not_allowed("GET,HEAD,PATCH,DELETE")),
        }
    }

    fn upsert(
        &mut self,
        call: &Call,
        table: usize,
        index: usize,
        slot: Option<usize>,
        value: &str,
        mut body: crate::save::Body,
    ) -> Result<Reply, Refusal> {
        let actor = call.actor(i64::from(self.human_lag_s()));
        let (status, id) = if let Some(slot) = slot {
            self.update(table, slot, &body, &actor)?;
            let id = self.table(table)?.row(slot).map(|row| row.id.clone()).unwrap_or_default();
            (200, id)
        } else {
            let field = self.table(table)?.object.fields.get(index);
            if let Some(field) = field.filter(|field| field.kind != Kind::Id) {
                let number = field.kind.is_number().then(|| value.parse::<serde_json::Number>().ok()).flatten();
                let key = number.map_or_else(|| Json::String(value.to_owned()), Json::Number);
                body.insert(field.name.clone(), key);
            } else {
                return Err(Refusal::not_found());
            }
            (201, self.create(table, &body, &actor)?)
        };
        // Before v46 an upsert that updates has no body (fact sheet §4.1).
        let is_old = call.version.split('.').next().and_then(|major| major.parse::<u32>().ok()).is_some_and(|major| major < 46);
        if status == 200 && is_old {
            return Ok(Reply::empty(204));
        }
        Ok(Reply::json(status, &json!({ "id": id, "success": true, "errors": [], "created": status == 201 })))
    }
}

fn etag(row: &Row) -> String {
    format!("\"{}-{:x}\"", ids::short(&row.id), row.stamp)
}

fn http_date(call: &Call, header: &str) -> Result<Option<i64>, Refusal> {
    let Some(given) = call.header(header) else { return Ok(None) };
    moments::parse_http(given).map(Some).ok_or_else(|| Refusal::new(400, "INVALID_HEADER_TYPE", format!("Malformed header: {header}")))
}

/// A record as JSON, with these fields or all.
pub(crate) fn record_json(call: &Call, table: &Table, row: &Row, fields: Option<&str>) -> Result<Json, Refusal> {
    let object = &table.object;
    let mut record = json!({ "attributes": { "type": object.name, "url": format!("/services/data/v{}/sobjects/{}/{}", call.version, object.name, row.id) } });
    let visible = |index: &usize| object.fields.get(*index).is_some_and(|field| call.sees_all() || !field.hidden);
    let wanted: Vec<usize> = match fields {
        None => (0..object.fields.len()).filter(visible).collect(),
        Some(names) => (names.split(',').map(str::trim).filter(|name| !name.is_empty()))
            .map(|name| object.index_of(name).filter(visible).ok_or_else(|| Refusal::no_column(name, &object.name)))
            .collect::<Result<_, _>>()?,
    };
    if let Some(members) = record.as_object_mut() {
        for index in wanted {
            if let Some(field) = object.fields.get(index) {
                members.insert(field.name.clone(), table.value(row, index).into_owned());
            }
        }
        if fields.is_some() {
            members.insert("Id".to_owned(), json!(row.id));
        }
    }
    Ok(record)
}

/// The key field with this name, if records can be looked up by it.
pub(crate) fn key_field(table: &Table, name: &str, sees_all: bool) -> Result<usize, Refusal> {
    let visible = |index: &usize| table.object.fields.get(*index).is_some_and(|field| sees_all || !field.hidden);
    table
        .object
        .index_of(name)
        .filter(|&index| is_key(table, index))
        .filter(visible)
        .ok_or_else(|| Refusal::new(404, "NOT_FOUND", format!("Provided external ID field does not exist or is not accessible: {name}")))
}

/// One record: all visible fields, or those asked for.
fn read(call: &Call, table: &Table, row: &Row) -> Result<Reply, Refusal> {
    if http_date(call, "if-modified-since")?.is_some_and(|since| row.stamp <= since) {
        return Ok(Reply::empty(304));
    }
    if http_date(call, "if-unmodified-since")?.is_some_and(|since| row.stamp > since) {
        return Ok(Reply::empty(412));
    }
    let is_account = table.object.name == "Account";
    let tag = etag(row);
    if is_account && call.header("if-none-match").is_some_and(|given| given.replace("--gzip", "").contains(&tag)) {
        return Ok(Reply::empty(304));
    }
    let record = record_json(call, table, row, call.parameter("fields"))?;
    let reply = Reply::json(200, &record).with("last-modified", moments::http(row.stamp));
    Ok(if is_account { reply.with("etag", tag) } else { reply })
}
