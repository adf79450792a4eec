//! Asynchronous calls: answered before anything is looked at, and told of later, or not.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::{CallbackMode, Mapsly};

/// How long a job takes, in seconds, and how late a late callback is.
const JOB_S: i64 = 5;
const LATE_S: i64 = 20 * 60;

/// A call that the account makes; unsigned.
#[derive(Clone, Debug, PartialEq)]
pub struct Callback {
    pub due: Timestamp,
    pub url: String,
    pub passthrough: Option<String>,
    pub results: Value,
}

impl Mapsly {
    pub(crate) fn call_back(&mut self, now: Timestamp, url: String, passthrough: Option<String>, results: Value) {
        let (times, wait) = match self.profile.callback {
            CallbackMode::Once => (1, JOB_S),
            CallbackMode::Lost => (0, JOB_S),
            CallbackMode::Doubled => (2, JOB_S),
            CallbackMode::Late => (1, LATE_S),
        };
        let due = now.checked_add(SignedDuration::from_secs(wait)).unwrap_or(now);
        let callback = Callback { due, url, passthrough, results };
        self.callbacks.extend(std::iter::repeat_n(callback, times));
    }
}
