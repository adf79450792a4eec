//! Work that the vendor does later: batches whose rows are lost without a word, and files that can be fetched without credentials (fact sheet §4, §5).

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use crate::Salesmanago;
use crate::wire::{Answer, Failure, Result, list};

enum Work {
    Write { owner: String, rows: Vec<Value> },
    Export(Map<String, Value>),
    Data(Map<String, Value>),
}

struct Job {
    due: Timestamp,
    /// Until it is done.
    work: Option<Work>,
    /// The name of its file.
    file: Option<String>,
}

#[derive(Default)]
pub(crate) struct Jobs {
    by_request: BTreeMap<i64, Job>,
    files: BTreeMap<String, Value>,
}

/// Which file is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Export {
    /// A page of all contacts, with few fields.
    Page,
    /// Named contacts, with the parts that are asked for.
    Data,
}

impl Salesmanago {
    fn begin(&mut self, now: Timestamp, work: Work) -> Answer {
        let request = self.ids.request();
        let due = now.saturating_add(SignedDuration::from_secs(self.profile.job_s)).unwrap_or(now);
        self.jobs.by_request.insert(request, Job { due, work: Some(work), file: None });
        Answer::one("requestId", json!(request))
    }

    /// `contact/batchupsertv2`: what a row is refused for is told nowhere.
    pub(crate) fn write_later(&mut self, now: Timestamp, body: &Map<String, Value>) -> Result {
        let owner = self.owners.named(body)?;
        let rows = list(body, "upsertDetails", self.profile.rows_max)?.to_vec();
        Ok(self.begin(now, Work::Write { owner, rows }))
    }

    /// `contact/paginatedContactList/export`, `contact/export/data`.
    pub(crate) fn export_later(&mut self, now: Timestamp, which: Export, body: &Map<String, Value>) -> Result {
        self.owners.named(body)?;
        let work = match which {
            Export::Page => self.export_rows(body).map(|_| Work::Export(body.clone()))?,
            Export::Data => self.export_data(body).map(|_| Work::Data(body.clone()))?,
        };
        Ok(self.begin(now, work))
    }

    pub(crate) fn finish_jobs(&mut self, now: Timestamp) {
        let mut due: Vec<(Timestamp, i64)> =
            self.jobs.by_request.iter().filter(|(_, job)| job.work.is_some() && job.due <= now).map(|(id, job)| (job.due, *id)).collect();
        due.sort();
        for (at, request) in due {
            let Some(work) = self.jobs.by_request.get_mut(&request).and_then(|job| job.work.take()) else { continue };
            let made = match work {
                Work::Write { owner, rows } => {
                    for row in rows {
                        self.write_row(at, &owner, &row);
                    }
                    None
                }
                Work::Export(body) => self.export_rows(&body).ok(),
                Work::Data(body) => self.export_data(&body).ok(),
            };
            if let Some(made) = made {
                let name = format!("export-{}.json", self.ids.uuid());
                self.jobs.files.insert(name.clone(), made);
                if let Some(job) = self.jobs.by_request.get_mut(&request) {
                    job.file = Some(name);
                }
            }
        }
    }

    /// `job/status`: while it runs, `message` is not empty.
    pub(crate) fn job_status(&self, body: &Map<String, Value>) -> Result {
        let request = body.get("requestId").and_then(Value::as_i64);
        let job = request.and_then(|request| self.jobs.by_request.get(&request)).ok_or_else(|| Failure::said("Request does not exist"))?;
        if job.work.is_some() {
            return Ok(Answer::AtWork("Request is being processed"));
        }
        let address = job.file.as_ref().map(|name| format!("{}/files/{name}", self.profile.base_url.trim_end_matches('/')));
        Ok(Answer::one("fileUrl", json!(address)))
    }

    pub(crate) fn file(&self, name: &str) -> Result {
        self.jobs.files.get(name).cloned().map(Answer::File).ok_or(Failure::Page(404))
    }
}
