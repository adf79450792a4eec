//! From a request to its answer: six operations (fact sheet §2.1).

use std::collections::BTreeMap;

use http::Method;
use jiff::Timestamp;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};
use syncline_simulator::{Request, Response, Simulator, answer, json as answer_json};

use crate::{KeyPlace, Mapsly, RECORDS_MAX, UpsertBody};

const WINDOW_S: i64 = 60;

type Query = BTreeMap<String, String>;

fn refuse(status: u16, words: &str) -> Response {
    answer_json(status, &json!({ "message": words }))
}

fn pairs(text: &str) -> Query {
    let decode = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
    let parts = text.split('&').filter(|part| !part.is_empty());
    parts.map(|part| part.split_once('=').unwrap_or((part, ""))).map(|(name, text)| (decode(name), decode(text))).collect()
}

impl Simulator for Mapsly {
    fn handle(&mut self, now: Timestamp, request: &Request) -> Response {
        self.work(now);
        let query = pairs(request.uri().query().unwrap_or_default());
        if !self.take(now) {
            let mut refused = refuse(429, "Too many requests");
            if self.profile.tells_wait {
                let left = WINDOW_S - now.as_second().rem_euclid(WINDOW_S);
                refused.headers_mut().insert(http::header::RETRY_AFTER, http::HeaderValue::from(left));
            }
            return refused;
        }
        if !self.knows(request, &query) {
            return refuse(401, "Unauthorized");
        }
        match (request.method(), request.uri().path()) {
            (&Method::POST, "/v1/record") => self.many(now, &query, request.body(), false),
            (&Method::DELETE, "/v1/record") => self.many(now, &query, request.body(), true),
            (&Method::GET, "/v1/updaterecord") => self.form(&query, false),
            (&Method::GET, "/v1/deleterecord") => self.form(&query, true),
            (&Method::POST, path @ ("/v1/updaterecord" | "/v1/deleterecord")) => {
                let mut all = query;
                all.extend(pairs(&String::from_utf8_lossy(request.body())));
                self.form(&all, path == "/v1/deleterecord")
            }
            _ => answer(404, "text/html; charset=utf-8", "<html><body>Not found</body></html>"),
        }
    }
}

impl Mapsly {
    /// Counts a call; whether it is let in.
    fn take(&mut self, now: Timestamp) -> bool {
        let window = now.as_second().div_euclid(WINDOW_S);
        if window != self.window {
            (self.window, self.used) = (window, 0);
        }
        let free = self.used < self.profile.calls_per_minute;
        self.used = self.used.saturating_add(1).min(self.profile.calls_per_minute);
        free
    }

    /// Others use up the rest of the present minute.
    pub(crate) fn spend(&mut self, now: Timestamp) {
        (self.window, self.used) = (now.as_second().div_euclid(WINDOW_S), self.profile.calls_per_minute);
    }

    fn knows(&self, request: &Request, query: &Query) -> bool {
        let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
        let given = match self.profile.key_place {
            KeyPlace::Bearer => header("authorization").and_then(|text| text.strip_prefix("Bearer ")),
            KeyPlace::Header => header("x-api-key"),
            KeyPlace::Query => query.get("apikey").map(String::as_str),
        };
        given == Some(self.key.as_str())
    }

    fn entity(&self, query: &Query) -> Result<&'static str, Response> {
        let Some(name) = query.get("entity").filter(|name| !name.is_empty()) else { return Err(refuse(400, "entity is required")) };
        let status = if self.profile.unknown_entity_is_400 { 400 } else { 404 };
        self.records.keys().find(|own| *own == name).copied().ok_or_else(|| refuse(status, "Unknown entity"))
    }

    fn many(&mut self, now: Timestamp, query: &Query, body: &[u8], deletes: bool) -> Response {
        let entity = match self.entity(query) {
            Ok(entity) => entity,
            Err(refused) => return refused,
        };
        let json: Value = serde_json::from_slice(body).unwrap_or_default();
        let rows = match if deletes { UpsertBody::Either } else { self.profile.upsert_body } {
            UpsertBody::Either => json.get("records").unwrap_or(&json).as_array(),
            UpsertBody::List => json.as_array(),
            UpsertBody::Records => json.get("records").and_then(Value::as_array),
        };
        let Some(rows) = rows else { return refuse(400, "records must be a list") };
        if rows.len() > RECORDS_MAX {
            return refuse(400, "Too many records");
        }
        if query.get("async").is_some_and(|text| text == "true") {
            let told = (query.get("callback_url").cloned(), query.get("passthrough").cloned());
            self.begin(now, entity, rows.clone(), deletes, told);
            return answer_json(202, &json!({ "status": "queued" }));
        }
        match self.carry_out(entity, rows, deletes) {
            Ok(_) if self.profile.answers_nothing => answer_json(200, &json!({ "success": true })),
            Ok(results) => answer_json(200, &results),
            Err(words) => refuse(422, words),
        }
    }

    /// What becomes of each record; `Err` where one that is wrong refuses all.
    pub(crate) fn carry_out(&mut self, entity: &'static str, rows: &[Value], deletes: bool) -> Result<Value, &'static str> {
        let is_bad = |row: &Value| !deletes && Self::refusal(entity, row).is_some();
        if self.profile.refuses_whole && rows.iter().any(is_bad) {
            return Err("One of the records is invalid");
        }
        let one = |row: &Value| if deletes { self.delete_one(entity, row) } else { self.upsert_one(entity, row) };
        let results: Vec<Value> = rows.iter().map(one).collect();
        Ok(json!({ "results": results }))
    }

    fn form(&mut self, given: &Query, deletes: bool) -> Response {
        let entity = match self.entity(given) {
            Ok(entity) => entity,
            Err(refused) => return refused,
        };
        let own = ["entity", "apikey", "async", "callback_url", "passthrough"];
        let fields = given.iter().filter(|(name, _)| !own.contains(&name.as_str()));
        let row = Value::Object(fields.map(|(name, text)| (name.clone(), json!(text))).collect());
        let result = if deletes { self.delete_one(entity, &row) } else { self.upsert_one(entity, &row) };
        answer_json(200, &json!({ "results": [result] }))
    }

    /// The field that is wrong, and why.
    pub(crate) fn refusal(entity: &str, row: &Value) -> Option<(String, &'static str)> {
        let Some(members) = row.as_object() else { return Some(("id".to_owned(), "no object")) };
        for (name, value) in members.iter().filter(|(name, _)| *name != "id") {
            if !Self::fields_of(entity).contains(&name.as_str()) {
                return Some((name.clone(), "unknown field"));
            }
            let most = match name.as_str() {
                "latitude" => 90.0,
                "longitude" => 180.0,
                _ => continue,
            };
            let number = value.as_f64().or_else(|| value.as_str()?.parse().ok());
            if !value.is_null() && number.is_none_or(|number| number.abs() > most) {
                return Some((name.clone(), "out of range"));
            }
        }
        (id_of(row).is_none()).then(|| ("id".to_owned(), "missing"))
    }

    fn upsert_one(&mut self, entity: &'static str, row: &Value) -> Value {
        let id = id_of(row).unwrap_or_default();
        if let Some((field, why)) = Self::refusal(entity, row) {
            let shown = row.get(&field).map(Value::to_string).unwrap_or_default();
            return json!({ "id": id, "status": "error", "field": field, "code": "invalid", "message": format!("{field} {shown}: {why}") });
        }
        let records = self.records.entry(entity).or_default();
        let is_new = !records.contains_key(&id);
        let stored = records.entry(id.clone()).or_default();
        if self.profile.replaces {
            *stored = Map::new();
        }
        for (name, value) in row.as_object().into_iter().flatten().filter(|(name, _)| *name != "id") {
            if value.is_null() {
                stored.remove(name);
            } else {
                stored.insert(name.clone(), value.clone());
            }
        }
        json!({ "id": id, "status": if is_new { "created" } else { "updated" } })
    }

    fn delete_one(&mut self, entity: &'static str, row: &Value) -> Value {
        let id = id_of(row).unwrap_or_default();
        let was_there = self.records.entry(entity).or_default().remove(&id).is_some();
        json!({ "id": id, "status": if was_there { "deleted" } else { "not_found" } })
    }
}

fn id_of(row: &Value) -> Option<String> {
    match row.get("id")? {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => None,
    }
}
