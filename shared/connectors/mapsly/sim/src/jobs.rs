//! Asynchronous calls: answered before anything is looked at, carried out a little later, and told of then, or not.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::{CallbackMode, Mapsly};

/// How long a job takes, in seconds, and how much later still a late callback is.
const JOB_S: i64 = 5;
const LATE_S: i64 = 20 * 60;

/// Records that were taken and not looked at yet.
pub(crate) struct Job {
    due: Timestamp,
    entity: &'static str,
    rows: Vec<Value>,
    deletes: bool,
    url: Option<String>,
    passthrough: Option<String>,
}

/// A call that the account makes; unsigned.
#[derive(Clone, Debug, PartialEq)]
pub struct Callback {
    pub due: Timestamp,
    pub url: String,
    pub passthrough: Option<String>,
    pub results: Value,
}

fn later(moment: Timestamp, seconds: i64) -> Timestamp {
    moment.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(moment)
}

impl Mapsly {
    /// Takes records for later; `told` is the address to call then, and what to say there.
    pub(crate) fn begin(
        &mut self,
        now: Timestamp,
        entity: &'static str,
        rows: Vec<Value>,
        deletes: bool,
        told: (Option<String>, Option<String>),
    ) {
        let (url, passthrough) = told;
        self.jobs.push(Job { due: later(now, JOB_S), entity, rows, deletes, url, passthrough });
    }

    /// Carries out the jobs that are due.
    pub(crate) fn work(&mut self, now: Timestamp) {
        let (due, rest) = std::mem::take(&mut self.jobs).into_iter().partition(|job: &Job| job.due <= now);
        self.jobs = rest;
        for Job { due, entity, rows, deletes, url, passthrough } in due {
            let results = self.carry_out(entity, &rows, deletes).unwrap_or_else(|words| json!({ "message": words }));
            let Some(url) = url else { continue };
            let (times, due) = match self.profile.callback {
                CallbackMode::Once => (1, due),
                CallbackMode::Lost => (0, due),
                CallbackMode::Doubled => (2, due),
                CallbackMode::Late => (1, later(due, LATE_S)),
            };
            self.callbacks.extend(std::iter::repeat_n(Callback { due, url, passthrough, results }, times));
        }
    }
}
