//! sObject collections: up to 200 rows, each with its own outcome (fact sheet §4.2).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};

use crate::Salesforce;
use crate::call::{Call, Reply, broken};
use crate::ids;
use crate::refusal::Refusal;
use crate::rest::{key_field, record_json};
use crate::save::{Body, live_with_key};
use crate::values::malformed_id;

const RECORDS_MAX: usize = 200;
const CHUNKS_MAX: usize = 10;

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct Rows {
    #[serde(default)]
    all_or_none: bool,
    #[serde(default)]
    records: Vec<Body>,
}

#[derive(serde::Deserialize)]
struct Wanted {
    ids: Vec<String>,
    fields: Vec<String>,
}

/// A row's outcome; on failure with the id that the row named.
enum Outcome {
    Done { id: String, created: Option<bool> },
    Refused(Refusal, Option<String>),
}

impl Outcome {
    fn answer(&self) -> Json {
        match self {
            Self::Done { id, created: None } => json!({ "id": id, "success": true, "errors": [] }),
            Self::Done { id, created: Some(created) } => json!({ "id": id, "success": true, "errors": [], "created": created }),
            Self::Refused(refusal, id) => refusal.row_answer(id.as_deref()),
        }
    }
}

impl Salesforce {
    pub(crate) fn collection(&mut self, call: &Call, rest: &[&str]) -> Result<Reply, Refusal> {
        match (call.method.as_str(), rest) {
            ("POST", []) => self.many(call, Self::create_row),
            ("PATCH", []) => self.many_unique(call, |body| id_of(body).map(str::to_owned), Self::update_row),
            ("PATCH", [object, field]) => self.upsert_many(call, object, field),
            ("DELETE", []) => self.delete_many(call),
            ("GET", [object]) => {
                let split = |name: &str| call.parameter(name).unwrap_or_default().split(',').map(str::to_owned).collect::<Vec<_>>();
                self.retrieve(call, object, &split("ids"), &split("fields"))
            }
            ("POST", [object]) => {
                let wanted: Wanted = serde_json::from_slice(&call.body).map_err(|error| broken(&error))?;
                self.retrieve(call, object, &wanted.ids, &wanted.fields)
            }
            _ => Err(Refusal::not_found()),
        }
    }

    fn many(&mut self, call: &Call, act: impl Fn(&mut Self, &Call, &Body) -> Outcome) -> Result<Reply, Refusal> {
        self.many_unique(call, |_| None, act)
    }

    /// Runs the rows in order; a key that came before is refused.
    fn many_unique(
        &mut self,
        call: &Call,
        key: impl Fn(&Body) -> Option<String>,
        act: impl Fn(&mut Self, &Call, &Body) -> Outcome,
    ) -> Result<Reply, Refusal> {
        let rows: Rows = serde_json::from_slice(&call.body).map_err(|error| broken(&error))?;
        check_size(rows.records.len())?;
        check_chunks(&rows.records)?;
        let mut seen = BTreeSet::new();
        let mark = self.store.begin();
        let mut outcomes = Vec::with_capacity(rows.records.len());
        for body in &rows.records {
            let repeated = key(body).filter(|key| !seen.insert(ids::short(key).to_owned()));
            outcomes.push(match (repeated, is_headed(body)) {
                (_, false) => Outcome::Refused(headless(), None),
                (Some(id), true) => Outcome::Refused(Refusal::of_fields("DUPLICATE_VALUE", "duplicate id in list", &[]), Some(id)),
                (None, true) => act(self, call, body),
            });
        }
        Ok(self.settle_rows(&mark, outcomes, rows.all_or_none, call.method == "PATCH"))
    }

    /// Commits, or takes everything back if one row failed and all were to succeed. Rolled-back updates still show their id.
    fn settle_rows(&mut self, mark: &crate::rows::Mark, mut outcomes: Vec<Outcome>, all_or_none: bool, keeps_ids: bool) -> Reply {
        if all_or_none && outcomes.iter().any(|outcome| matches!(outcome, Outcome::Refused(..))) {
            self.store.roll_back(mark);
            for outcome in &mut outcomes {
                if let Outcome::Done { id, created } = outcome {
                    let message = "Record rolled back because not all records were valid and the request was using AllOrNone header";
                    let shown = (keeps_ids && *created != Some(true)).then(|| id.clone());
                    *outcome = Outcome::Refused(Refusal::of_fields("ALL_OR_NONE_OPERATION_ROLLED_BACK", message, &[]), shown);
                }
            }
        } else {
            self.store.commit(mark);
        }
        let answers: Vec<Json> = outcomes.iter().map(Outcome::answer).collect();
        Reply::json(200, &json!(answers))
    }

    fn create_row(&mut self, call: &Call, body: &Body) -> Outcome {
        let actor = call.actor(i64::from(self.human_lag_s()));
        let created = self.typed(body).and_then(|table| self.create(table, body, &actor));
        created.map_or_else(|refusal| Outcome::Refused(refusal, None), |id| Outcome::Done { id, created: None })
    }

    fn update_row(&mut self, call: &Call, body: &Body) -> Outcome {
        let Some(given) = id_of(body) else {
            return Outcome::Refused(Refusal::of_fields("MISSING_ARGUMENT", "Id not specified in an update call", &[]), None);
        };
        let Some(id) = ids::normalise(given) else { return Outcome::Refused(malformed_id(given), None) };
        let actor = call.actor(i64::from(self.human_lag_s()));
        let fields: Body =
            body.iter().filter(|(name, _)| !name.eq_ignore_ascii_case("id")).map(|(name, value)| (name.clone(), value.clone())).collect();
        let updated = self.typed(body).and_then(|table| {
            let slot = self.locate(table, &id)?;
            self.update(table, slot, &fields, &actor)
        });
        match updated {
            Ok(()) => Outcome::Done { id, created: None },
            Err(refusal) => Outcome::Refused(refusal, Some(id)),
        }
    }

    fn upsert_many(&mut self, call: &Call, object: &str, field: &str) -> Result<Reply, Refusal> {
        let table = self.object(object)?;
        let index = key_field(self.table(table)?, field, call.sees_all())?;
        let rows: Rows = serde_json::from_slice(&call.body).map_err(|error| broken(&error))?;
        check_size(rows.records.len())?;
        let key_of = |body: &Body| body.iter().find(|(name, _)| name.eq_ignore_ascii_case(field)).map(|(_, value)| value.clone());
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for key in rows.records.iter().filter_map(key_of) {
            *counts.entry(key.to_string().to_lowercase()).or_default() += 1;
        }
        let mark = self.store.begin();
        let mut outcomes = Vec::with_capacity(rows.records.len());
        for body in &rows.records {
            let key = key_of(body).filter(|key| !key.is_null());
            let repeated = key.as_ref().is_some_and(|key| counts.get(&key.to_string().to_lowercase()).is_some_and(|count| *count > 1));
            let outcome = match key {
                _ if !is_headed(body) => Err(headless()),
                None => Err(Refusal::of_fields("MISSING_ARGUMENT", format!("{field} not specified"), &[])),
                Some(key) if repeated => {
                    let key = key.as_str().map_or_else(|| key.to_string(), str::to_owned);
                    Err(Refusal::of_fields("DUPLICATE_VALUE", format!("Duplicate external id specified: {key}"), &[field]))
                }
                Some(key) => self.upsert_row(call, table, index, &key, body),
            };
            outcomes.push(outcome.unwrap_or_else(|refusal| Outcome::Refused(refusal, None)));
        }
        Ok(self.settle_rows(&mark, outcomes, rows.all_or_none, true))
    }

    fn upsert_row(&mut self, call: &Call, table: usize, index: usize, key: &Json, body: &Body) -> Result<Outcome, Refusal> {
        if self.typed(body)? != table {
            return Err(Refusal::of_fields("INVALID_TYPE", "all records must be of the type in the path", &[]));
        }
        let found = self.table(table)?;
        let slots = live_with_key(found, index, key);
        let key_name = found.object.fields.get(index).map(|field| field.name.clone()).unwrap_or_default();
        let is_id = key_name == "Id";
        let actor = call.actor(i64::from(self.human_lag_s()));
        match slots.as_slice() {
            [] if is_id => Err(Refusal::cross_reference(404)),
            [] => self.create(table, body, &actor).map(|id| Outcome::Done { id, created: Some(true) }),
            [slot] => {
                let id = found.row(*slot).map(|row| row.id.clone()).unwrap_or_default();
                let fields: Body = (body.iter().filter(|(name, _)| !name.eq_ignore_ascii_case(&key_name)))
                    .map(|(name, value)| (name.clone(), value.clone()))
                    .collect();
                self.update(table, *slot, &fields, &actor).map(|()| Outcome::Done { id, created: Some(false) })
            }
            [first, ..] => {
                let first = found.row(*first).map(|row| ids::short(&row.id).to_owned()).unwrap_or_default();
                let message = format!("{key_name}: more than one record found for external id field: [{first}, …]");
                Err(Refusal::of_fields("DUPLICATE_EXTERNAL_ID", message, &[&key_name]))
            }
        }
    }

    fn delete_many(&mut self, call: &Call) -> Result<Reply, Refusal> {
        let given: Vec<&str> = call.parameter("ids").unwrap_or_default().split(',').filter(|id| !id.is_empty()).collect();
        check_size(given.len())?;
        let all_or_none = call.parameter("allOrNone").is_some_and(|value| value.eq_ignore_ascii_case("true"));
        let actor = call.actor(0);
        let mark = self.store.begin();
        let mut outcomes = Vec::with_capacity(given.len());
        for given in given {
            let Some(id) = ids::normalise(given) else {
                outcomes.push(Outcome::Refused(malformed_id(given), None));
                continue;
            };
            let table = self.store.table_of_id(&id).ok_or_else(|| malformed_id(given));
            let deleted = table.and_then(|table| {
                let slot = self.locate(table, &id)?;
                self.delete(table, slot, &actor)
            });
            outcomes.push(match deleted {
                Ok(()) => Outcome::Done { id, created: None },
                Err(refusal) => Outcome::Refused(refusal, Some(id)),
            });
        }
        Ok(self.settle_rows(&mark, outcomes, all_or_none, true))
    }

    /// The records in the order of the ids, null for those that are not there.
    fn retrieve(&self, call: &Call, object: &str, wanted: &[String], fields: &[String]) -> Result<Reply, Refusal> {
        let table = self.table(self.object(object)?)?;
        check_size(wanted.len())?;
        let fields = fields.join(",");
        let mut records = Vec::with_capacity(wanted.len());
        for given in wanted {
            let id = ids::normalise(given.trim()).ok_or_else(|| malformed_id(given))?;
            let row = table.find(&id).filter(|row| row.deleted_at.is_none());
            records.push(row.map(|row| record_json(call, table, row, Some(&fields))).transpose()?.unwrap_or(Json::Null));
        }
        Ok(Reply::json(200, &json!(records)))
    }

    fn typed(&self, body: &Body) -> Result<usize, Refusal> {
        let name = body.get("attributes").and_then(|attributes| attributes.get("type")).and_then(Json::as_str).unwrap_or_default();
        self.object(name).map_err(|_| Refusal::of_fields("INVALID_TYPE", format!("sObject type '{name}' is not supported."), &[]))
    }
}

/// `attributes` must be the first member of a row (fact sheet §4.2: recorded).
fn is_headed(body: &Body) -> bool {
    body.get_index(0).is_some_and(|(name, value)| name == "attributes" && value.get("type").is_some())
}

fn headless() -> Refusal {
    let message = "Nested object for polymorphic foreign key must have an attributes field before any other fields";
    Refusal::of_fields("JSON_PARSER_ERROR", message, &[])
}

fn id_of(body: &Body) -> Option<&str> {
    body.iter().find(|(name, _)| name.eq_ignore_ascii_case("id")).and_then(|(_, value)| value.as_str()).filter(|id| !id.is_empty())
}

fn check_size(rows: usize) -> Result<(), Refusal> {
    if rows == 0 {
        return Err(Refusal::new(400, "REQUIRED_FIELD_MISSING", "At least 1 record is required"));
    }
    if rows > RECORDS_MAX {
        let message = format!("record limit reached. cannot submit more than {RECORDS_MAX} records into this call");
        return Err(Refusal::new(400, "EXCEEDED_ID_LIMIT", message));
    }
    Ok(())
}

/// A new chunk begins wherever the type changes; the code of this refusal is unverified.
fn check_chunks(rows: &[Body]) -> Result<(), Refusal> {
    let kind = |body: &Body| body.get("attributes").and_then(|attributes| attributes.get("type")).cloned();
    let changes = rows.windows(2).filter(|pair| matches!(pair, [one, other] if kind(one) != kind(other))).count();
    if changes + 1 > CHUNKS_MAX {
        let message =
            format!("Cannot have more than {CHUNKS_MAX} chunks in a single operation. Please rearrange the data to reduce chunking.");
        return Err(Refusal::new(400, "LIMIT_EXCEEDED", message));
    }
    Ok(())
}
