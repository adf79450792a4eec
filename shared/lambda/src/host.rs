//! A function's surroundings: read at its start, used from its first event on.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use lambda_runtime::{Context, Error};
use serde_json::{Map, Value as Json, json};
use syncline_aws::{Aws, DynamoStore, SecretsPlace, SqsOutbox, SystemClock, SystemDice, secrets};
use syncline_engine::Engine;
use syncline_engine::ports::clock::Clock;
use syncline_model::Deadline;
use syncline_registry::{Adapters, Deployment, INSTALLATION, InstallationKey, assemble, fill_required};
use syncline_sql::HttpAndSql;
use tokio::sync::OnceCell;

use crate::metrics::{Figures, List};
use crate::start;

/// Left for the answer, and for giving messages back, before Lambda ends the function.
const MARGIN: SignedDuration = SignedDuration::from_secs(5);
/// How long the first event may ask vendors for their required fields; also how long work may take where Lambda named no deadline.
const DESCRIBE: SignedDuration = SignedDuration::from_secs(10);

/// The name that metrics carry: the stack's.
const INSTALLATION_NAME: &str = "SYNCLINE_INSTALLATION";
const INSTALLATION_DEFAULT: &str = "Syncline";

/// Whether a function writes to vendors, and has to know first which fields they require.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vendors {
    Written,
    NotWritten,
}

/// What a function stands on.
pub struct Host {
    pub environment: BTreeMap<String, String>,
    pub deployment: Deployment,
    pub adapters: Adapters,
    vendors: Vendors,
    engine: OnceCell<Engine>,
    metrics: List,
}

impl Host {
    /// From the environment of a Lambda function. Calls nobody, but for Lambda itself where the start fails.
    ///
    /// # Errors
    /// Every problem of the environment and the config, each with its variable.
    pub async fn start(vendors: Vendors) -> Result<Self, Error> {
        match Self::from_environment(vendors) {
            Ok(host) => Ok(host),
            Err(problem) => {
                start::report(&problem).await;
                Err(problem)
            }
        }
    }

    fn from_environment(vendors: Vendors) -> Result<Self, Error> {
        let environment: BTreeMap<String, String> = std::env::vars().collect();
        let folder = environment.get("LAMBDA_TASK_ROOT").cloned().unwrap_or_else(|| ".".to_owned());
        let deployment = Deployment::read(&environment, folder.as_ref()).map_err(|problems| told(&problems))?;
        let aws = Aws::from_environment();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let dice = Arc::new(SystemDice);
        let place = if deployment.secrets_are_parameters { SecretsPlace::ParameterStore } else { SecretsPlace::SecretsManager };
        let adapters = Adapters {
            store: Arc::new(DynamoStore::new(aws.clone(), deployment.table.clone(), clock.clone(), dice.clone())),
            outbox: Arc::new(SqsOutbox::new(aws.clone(), deployment.queue_urls.clone(), None, clock.clone())),
            secrets: secrets(&aws, &deployment.secrets_prefix, place, INSTALLATION, &clock),
            http: Arc::new(HttpAndSql::new(clock.clone())),
            clock,
            dice,
        };
        Ok(Self { environment, deployment, adapters, vendors, engine: OnceCell::new(), metrics: List::read()? })
    }

    /// The engine, put together when it is first asked for, with the installation's key.
    ///
    /// # Errors
    /// The key cannot be had, or the config cannot run; the next event tries again.
    pub async fn engine(&self) -> Result<&Engine, Error> {
        self.engine.get_or_try_init(|| self.assemble()).await
    }

    async fn assemble(&self) -> Result<Engine, Error> {
        let key = InstallationKey::load(self.adapters.secrets.as_ref()).await?;
        let mut engine = assemble(&self.deployment.config, &self.adapters, &key).map_err(|problems| told(&problems))?;
        match self.vendors {
            Vendors::Written => {
                let by = Deadline(engine.now() + DESCRIBE);
                fill_required(&self.deployment.config, &mut engine, by).await;
            }
            Vendors::NotWritten => {}
        }
        Ok(engine)
    }

    /// Tells `CloudWatch` what an invocation came to. Silent where that is nothing.
    pub fn tell(&self, figures: &Figures, context: &Context, mut properties: Map<String, Json>) {
        properties.insert("function".to_owned(), json!(context.env_config.function_name));
        properties.insert("requestId".to_owned(), json!(context.request_id));
        if let Some(trace) = &context.xray_trace_id {
            properties.insert("xrayTraceId".to_owned(), json!(trace));
        }
        let installation = self.environment.get(INSTALLATION_NAME).map_or(INSTALLATION_DEFAULT, String::as_str);
        let mut out = std::io::stdout().lock();
        for line in figures.lines(&self.metrics, installation, self.adapters.clock.now(), &properties) {
            // In one piece: lines of the log go the same way. A metric that is not told harms nobody.
            drop(out.write_all(format!("{line}\n").as_bytes()));
        }
        drop(out.flush());
    }

    /// Lets time pass. No code but a runner at the edge may wait: an invocation that waits is paid for.
    pub async fn wait_until(&self, at: Timestamp) {
        let left = Duration::try_from(at.duration_since(self.adapters.clock.now())).unwrap_or_default();
        drop(tokio::time::timeout(left, std::future::pending::<()>()).await);
    }

    /// When the work of an invocation has to be over.
    pub fn by(&self, context: &Context) -> Deadline {
        deadline(context.deadline, self.adapters.clock.now())
    }
}

/// The moment before Lambda's own (`deadline_ms` since 1970) that leaves time to answer.
pub fn deadline(deadline_ms: u64, now: Timestamp) -> Deadline {
    let end =
        i64::try_from(deadline_ms).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok()).filter(|end| *end > Timestamp::UNIX_EPOCH);
    Deadline(end.unwrap_or(now + DESCRIBE + MARGIN) - MARGIN)
}

/// Log lines as JSON on the standard output, where `CloudWatch` takes them from; how much is told, `RUST_LOG` says. An event's fields stand at the
/// top, where Logs Insights finds them by their names; `span` holds the invocation's request and X-Ray ids.
pub fn log() {
    let filter = tracing_subscriber::EnvFilter::from_default_env();
    tracing_subscriber::fmt().json().flatten_event(true).with_span_list(false).with_env_filter(filter).without_time().init();
}

fn told<P: std::fmt::Display>(problems: &[P]) -> Error {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_ends_before_lambda_does() {
        let now = Timestamp::from_second(1_000_000).unwrap();
        assert_eq!(deadline(1_000_060_000, now).0, Timestamp::from_second(1_000_055).unwrap());
        // Without a deadline in the context there is a short one, not none.
        assert_eq!(deadline(0, now).0, now + DESCRIBE);
        assert_eq!(deadline(u64::MAX, now).0, now + DESCRIBE);
    }
}
