//! Bulk API 2.0: query and ingest jobs, done at the first look (fact sheet §3.3, §4.3).

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value as Json, json};

use crate::Salesforce;
use crate::call::{Call, Reply};
use crate::ids;
use crate::moments;
use crate::objects::Kind;
use crate::refusal::Refusal;
use crate::rest::key_field;
use crate::save::{Body, live_with_key};
use crate::soql::{self, Page};

const RESULT_ROWS_MAX: usize = 50_000;

struct QueryJob {
    query: String,
    operation: String,
    state: &'static str,
    created_at: i64,
    header: String,
    rows: Vec<String>,
    object: String,
}

struct IngestJob {
    request: Json,
    state: &'static str,
    created_at: i64,
    data: String,
    successful: String,
    failed: String,
    processed: usize,
    failures: usize,
}

#[derive(Default)]
pub(crate) struct Jobs {
    queries: BTreeMap<String, QueryJob>,
    ingests: BTreeMap<String, IngestJob>,
    minted: u64,
}

impl Salesforce {
    pub(crate) fn query_job(&mut self, call: &Call, rest: &[&str]) -> Result<Reply, Refusal> {
        match (call.method.as_str(), rest) {
            ("POST", []) => self.start_query(call),
            ("GET", [id]) => {
                let job = self.jobs.queries.get_mut(*id).ok_or_else(Refusal::not_found)?;
                let told = query_json(id, job, call);
                if job.state == "UploadComplete" {
                    job.state = "JobComplete";
                }
                Ok(Reply::json(200, &told))
            }
            ("PATCH", [id]) => {
                let job = self.jobs.queries.get_mut(*id).ok_or_else(Refusal::not_found)?;
                job.state = "Aborted";
                Ok(Reply::json(200, &query_json(id, job, call)))
            }
            ("DELETE", [id]) => self.jobs.queries.remove(*id).map(|_| Reply::empty(204)).ok_or_else(Refusal::not_found),
            ("GET", [id, "results"]) => {
                let job = self.jobs.queries.get(*id).filter(|job| job.state == "JobComplete").ok_or_else(Refusal::not_found)?;
                let max =
                    call.parameter("maxRecords").and_then(|max| max.parse().ok()).unwrap_or(RESULT_ROWS_MAX).clamp(1, RESULT_ROWS_MAX);
                let from = call.parameter("locator").and_then(|locator| locator.parse::<usize>().ok()).unwrap_or(0);
                let part: Vec<&str> = job.rows.iter().skip(from).take(max).map(String::as_str).collect();
                let next = if from + max < job.rows.len() { (from + max).to_string() } else { "null".to_owned() };
                let count = part.len().to_string();
                let body = format!("{}{}", job.header, part.concat());
                Ok(Reply { content_type: "text/csv", ..Reply::text(200, body) }
                    .with("sforce-locator", next)
                    .with("sforce-numberofrecords", count))
            }
            _ => Err(Refusal::not_found()),
        }
    }

    fn start_query(&mut self, call: &Call) -> Result<Reply, Refusal> {
        let body = call.json()?;
        let text = |name: &str| body.get(name).and_then(Json::as_str).unwrap_or_default().to_owned();
        let (query, operation) = (text("query"), text("operation"));
        let plan = self.plan_query(call, &query, false)?;
        let with_deleted = operation == "queryAll";
        let page = Page { store: &self.store, version: &call.version, with_deleted };
        let table = self.table(plan.table)?;
        let mut header = String::new();
        soql::csv(&mut header, &page, table, None, &plan.columns);
        let mut rows = Vec::new();
        for row in soql::run(&self.store, &plan, with_deleted).into_iter().filter_map(|slot| table.row(slot)) {
            let mut line = String::new();
            soql::csv(&mut line, &page, table, Some(row), &plan.columns);
            rows.push(line);
        }
        let object = table.object.name.clone();
        let job = QueryJob { query, operation, state: "UploadComplete", created_at: call.now, header, rows, object };
        self.jobs.minted += 1;
        let id = ids::mint("750", self.jobs.minted);
        let told = query_json(&id, &job, call);
        self.jobs.queries.insert(id, job);
        Ok(Reply::json(200, &told))
    }

    pub(crate) fn ingest_job(&mut self, call: &Call, rest: &[&str]) -> Result<Reply, Refusal> {
        match (call.method.as_str(), rest) {
            ("POST", []) => {
                let request = call.json()?;
                self.object(request.get("object").and_then(Json::as_str).unwrap_or_default())?;
                self.jobs.minted += 1;
                let id = ids::mint("750", self.jobs.minted);
                let (data, successful, failed) = (String::new(), String::new(), String::new());
                let job = IngestJob { request, state: "Open", created_at: call.now, data, successful, failed, processed: 0, failures: 0 };
                let told = ingest_json(&id, &job, call);
                self.jobs.ingests.insert(id, job);
                Ok(Reply::json(200, &told))
            }
            ("PUT", [id, "batches"]) => {
                let job = self.jobs.ingests.get_mut(*id).filter(|job| job.state == "Open").ok_or_else(Refusal::not_found)?;
                job.data = String::from_utf8_lossy(&call.body).into_owned();
                Ok(Reply::empty(201))
            }
            ("PATCH", [id]) => {
                let state = call.json()?;
                let is_upload = state.get("state").and_then(Json::as_str) == Some("UploadComplete");
                let job = self.jobs.ingests.get_mut(*id).ok_or_else(Refusal::not_found)?;
                job.state = if is_upload { "UploadComplete" } else { "Aborted" };
                let told = ingest_json(id, job, call);
                if is_upload {
                    self.run_ingest(call, id)?;
                }
                Ok(Reply::json(200, &told))
            }
            ("GET", [id]) => {
                let job = self.jobs.ingests.get(*id).ok_or_else(Refusal::not_found)?;
                Ok(Reply::json(200, &ingest_json(id, job, call)))
            }
            ("DELETE", [id]) => self.jobs.ingests.remove(*id).map(|_| Reply::empty(204)).ok_or_else(Refusal::not_found),
            ("GET", [id, which]) => {
                let job = self.jobs.ingests.get(*id).ok_or_else(Refusal::not_found)?;
                let body = match *which {
                    "successfulResults" => job.successful.clone(),
                    "failedResults" => job.failed.clone(),
                    "unprocessedrecords" => String::new(),
                    _ => return Err(Refusal::not_found()),
                };
                Ok(Reply { content_type: "text/csv", ..Reply::text(200, body) })
            }
            _ => Err(Refusal::not_found()),
        }
    }

    fn run_ingest(&mut self, call: &Call, id: &str) -> Result<(), Refusal> {
        let Some(mut job) = self.jobs.ingests.remove(id) else { return Ok(()) };
        let text = |name: &str| job.request.get(name).and_then(Json::as_str).unwrap_or_default().to_owned();
        let (object, operation, key) = (text("object"), text("operation"), text("externalIdFieldName"));
        let table = self.object(&object)?;
        let mut lines = csv_rows(&job.data).into_iter();
        let header = lines.next().unwrap_or_default();
        job.successful = format!("\"sf__Id\",\"sf__Created\",{}\n", quoted(&header));
        job.failed = format!("\"sf__Id\",\"sf__Error\",{}\n", quoted(&header));
        for cells in lines {
            job.processed += 1;
            match self.ingest_row(call, table, &operation, &key, &header, &cells) {
                Ok((id, created)) => writeln!(job.successful, "\"{id}\",\"{created}\",{}", quoted(&cells)).unwrap_or_default(),
                Err(refusal) => {
                    job.failures += 1;
                    let error = format!("{}:{}:{} --", refusal.code, refusal.message, refusal.fields.unwrap_or_default().join(" "));
                    writeln!(job.failed, "\"\",\"{}\",{}", error.replace('"', "\"\""), quoted(&cells)).unwrap_or_default();
                }
            }
        }
        job.state = "JobComplete";
        self.jobs.ingests.insert(id.to_owned(), job);
        Ok(())
    }

    fn ingest_row(
        &mut self,
        call: &Call,
        table: usize,
        operation: &str,
        key: &str,
        header: &[String],
        cells: &[String],
    ) -> Result<(String, bool), Refusal> {
        let object = self.table(table)?.object.clone();
        let mut body = Body::new();
        for (name, cell) in header.iter().zip(cells).filter(|(_, cell)| !cell.is_empty()) {
            let kind = object.field(name).map(|field| field.kind);
            let value = match kind {
                _ if cell == "#N/A" => Json::Null,
                Some(Kind::Boolean) => Json::Bool(cell.eq_ignore_ascii_case("true")),
                Some(kind) if kind.is_number() => cell.parse::<serde_json::Number>().map_or_else(|_| json!(cell), Json::Number),
                Some(_) | None => json!(cell),
            };
            body.insert(name.clone(), value);
        }
        let actor = call.actor(0);
        let named =
            |body: &Body| body.iter().find(|(name, _)| name.eq_ignore_ascii_case("id")).and_then(|(_, id)| ids::normalise(id.as_str()?));
        let id = named(&body);
        match operation {
            "insert" => self.create(table, &body, &actor).map(|id| (id, true)),
            "upsert" => {
                let field = key_field(self.table(table)?, key, call.sees_all())?;
                let value = body.get(key).cloned().unwrap_or(Json::Null);
                let slots = live_with_key(self.table(table)?, field, &value);
                let Some(slot) = slots.first().copied() else { return self.create(table, &body, &actor).map(|id| (id, true)) };
                body.shift_remove(key);
                self.update(table, slot, &body, &actor)?;
                Ok((self.table(table)?.row(slot).map(|row| row.id.clone()).unwrap_or_default(), false))
            }
            "update" | "delete" => {
                let id = id.ok_or_else(|| Refusal::of_fields("MISSING_ARGUMENT", "Id not specified", &[]))?;
                let slot = self.locate(table, &id)?;
                body.retain(|name, _| !name.eq_ignore_ascii_case("id"));
                if operation == "delete" {
                    self.delete(table, slot, &actor)?;
                } else {
                    self.update(table, slot, &body, &actor)?;
                }
                Ok((id, false))
            }
            _ => Err(Refusal::new(400, "INVALIDJOB", format!("unknown operation: {operation}"))),
        }
    }
}

fn query_json(id: &str, job: &QueryJob, call: &Call) -> Json {
    json!({
        "id": id, "operation": job.operation, "object": job.object, "createdById": call.session.user.as_ref(), "query": job.query,
        "createdDate": moments::wire(job.created_at), "systemModstamp": moments::wire(job.created_at), "state": job.state, "concurrencyMode": "Parallel",
        "contentType": "CSV", "apiVersion": 66.0, "lineEnding": "LF", "columnDelimiter": "COMMA", "numberRecordsProcessed": job.rows.len(),
    })
}

fn ingest_json(id: &str, job: &IngestJob, call: &Call) -> Json {
    let member = |name: &str| job.request.get(name).cloned();
    json!({
        "id": id, "operation": member("operation"), "object": member("object"), "externalIdFieldName": member("externalIdFieldName"),
        "createdById": call.session.user.as_ref(), "createdDate": moments::wire(job.created_at), "systemModstamp": moments::wire(job.created_at),
        "state": job.state, "concurrencyMode": "Parallel", "contentType": "CSV", "apiVersion": 66.0, "lineEnding": "LF", "columnDelimiter": "COMMA",
        "contentUrl": format!("services/data/v{}/jobs/ingest/{id}/batches", call.version),
        "numberRecordsProcessed": job.processed, "numberRecordsFailed": job.failures,
    })
}

fn quoted(cells: &[String]) -> String {
    cells.iter().map(|cell| format!("\"{}\"", cell.replace('"', "\"\""))).collect::<Vec<_>>().join(",")
}

/// Rows of a comma-separated text; cells may stand in quotes and hold line breaks.
fn csv_rows(text: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut cell) = (Vec::new(), Vec::new(), String::new());
    let mut in_quotes = false;
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if in_quotes && letters.peek() == Some(&'"') => {
                letters.next();
                cell.push('"');
            }
            '"' => in_quotes = !in_quotes,
            ',' if !in_quotes => row.push(std::mem::take(&mut cell)),
            '\r' if !in_quotes => {}
            '\n' if !in_quotes => {
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
            }
            other => cell.push(other),
        }
    }
    if !cell.is_empty() || !row.is_empty() {
        row.push(cell);
        rows.push(row);
    }
    rows.retain(|row| row.iter().any(|cell| !cell.is_empty()));
    rows
}
