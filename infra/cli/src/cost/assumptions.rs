//! What can be neither counted nor measured without an account.

use serde::{Deserialize, Serialize};

/// Where the credentials of a connection rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecretsIn {
    SecretsManager,
    /// A standard parameter, encrypted with the key that AWS keeps for the account.
    ParameterStore,
}

/// Each with its unit, and a default that a caller can change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assumptions {
    /// How long a vendor takes for one call, in milliseconds: Lambda bills the wait.
    pub vendor_ms: u32,
    /// How long the store and the queue take for one request, in milliseconds.
    pub store_ms: u32,
    /// Minutes between two polls of a side.
    pub poll_minutes: u32,
    /// Minutes between two runs of a backfill that is done: each is one read.
    pub backfill_minutes: u32,
    /// Memory of the function that polls, in MB.
    pub pull_mb: u32,
    /// Memory of the functions that write, in MB.
    pub write_mb: u32,
    /// Of a hundred changes, so many that a webhook tells too.
    pub webhook_percent: u32,
    /// A webhook's run, in milliseconds, and its memory in MB.
    pub webhook_ms: u32,
    pub webhook_mb: u32,
    /// What a run writes to its log, in bytes: Lambda's own three lines and one of ours.
    pub log_bytes: u32,
    /// Minutes that Lambda keeps a function's process: one that is warm has its credentials and asks for no secret again.
    pub process_minutes: u32,
    pub secrets: SecretsIn,
    /// Empty receives of a queue an hour: Lambda keeps five long polls of 20 seconds open on each, also where nothing ever comes.
    pub empty_receives_hour: u32,
    /// Changes that one run of a worker carries over at most.
    pub batch_changes: u32,
    /// Alarms that each connection has, and those of the whole installation.
    pub alarms_connection: u32,
    pub alarms_shared: u32,
    /// Custom metrics that come all the time.
    pub metrics: u32,
    /// Custom metrics that come in hours in which something changed.
    pub metrics_changes: u32,
}

impl Default for Assumptions {
    fn default() -> Self {
        Self {
            vendor_ms: 300,
            store_ms: 5,
            poll_minutes: 5,
            backfill_minutes: 15,
            pull_mb: 256,
            write_mb: 256,
            webhook_percent: 0,
            webhook_ms: 20,
            webhook_mb: 256,
            log_bytes: 700,
            process_minutes: 60,
            secrets: SecretsIn::SecretsManager,
            empty_receives_hour: 900,
            batch_changes: 1_000,
            alarms_connection: 4,
            alarms_shared: 9,
            metrics: 0,
            metrics_changes: 3,
        }
    }
}

impl Assumptions {
    /// One sentence each, for people.
    pub fn sentences(&self) -> Vec<String> {
        vec![
            format!(
                "a vendor takes {} ms for a call, DynamoDB and SQS {} ms for a request; Lambda bills the wait",
                self.vendor_ms, self.store_ms
            ),
            format!(
                "pull has {} MB, write {} MB, and both the share of a processor that goes with it (all of one at 1,769 MB)",
                self.pull_mb, self.write_mb
            ),
            format!(
                "each side is polled every {} minutes, and a backfill that is done looked at every {}; {} of 100 changes come by webhook too",
                self.poll_minutes, self.backfill_minutes, self.webhook_percent
            ),
            format!("{} empty receives an hour of each queue: five long polls of 20 s that Lambda keeps open", self.empty_receives_hour),
            format!(
                "{} alarms for each connection and {} for all; {} custom metrics all the time, and {} in hours in which something changed",
                self.alarms_connection, self.alarms_shared, self.metrics, self.metrics_changes
            ),
            format!(
                "{} bytes of log a run, at most {} changes a run; Lambda keeps a process for {} minutes, and each reads its secrets once",
                self.log_bytes, self.batch_changes, self.process_minutes
            ),
        ]
    }
}
