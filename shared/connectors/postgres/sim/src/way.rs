//! The way to the server for those who cannot wait in turn: the production adapter, on threads of its own.

use std::future::Future;
use std::sync::{Arc, OnceLock, mpsc};

use async_trait::async_trait;
use bytes::Bytes;
use syncline_engine::ports::clock::Clock;
use syncline_engine::ports::http::{Call, Http, NoAnswer};
use syncline_engine::ports::sql::{Answer, Ended, Refusal, SignIn, Statement, Transaction};
use syncline_model::{Deadline, Timestamp};
use syncline_sql::Databases;
use tokio::runtime::Runtime;

/// Within this many seconds a statement of a test ends, or is broken.
const PATIENCE_S: i64 = 60;

/// Always the same moment: only the distance to a deadline is asked of it.
pub(crate) struct StandingClock;

impl Clock for StandingClock {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }
}

pub(crate) fn deadline() -> Deadline {
    Deadline(Timestamp::from_second(PATIENCE_S).unwrap_or(Timestamp::MAX))
}

/// The adapter, as production has it.
pub(crate) fn databases() -> Arc<Databases> {
    static DATABASES: OnceLock<Arc<Databases>> = OnceLock::new();
    DATABASES.get_or_init(|| Arc::new(Databases::new(Arc::new(StandingClock)))).clone()
}

/// Connections outlive the tests that open them, and so does what drives them.
fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        let built = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        built.unwrap_or_else(|error| panic!("no runtime: {error}"))
    })
}

/// The bare way to the server, for tests that put nothing in between.
pub struct Direct;

#[async_trait]
impl Http for Direct {
    async fn send(&self, call: Call, _by: Deadline) -> Result<http::Response<Bytes>, NoAnswer> {
        let sent = runtime().spawn(async move { databases().send(call, deadline()).await });
        sent.await.unwrap_or_else(|error| Err(NoAnswer::Unanswered(error.to_string())))
    }
}

/// Waits for it on another thread, also where the caller is a task itself.
pub(crate) fn wait_for<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> T {
    let (sender, receiver) = mpsc::channel();
    runtime().spawn(async move {
        // Who asked may be gone.
        drop(sender.send(work.await));
    });
    receiver.recv().unwrap_or_else(|_| panic!("the work broke off"))
}

pub(crate) fn exchange(request: http::Request<Bytes>) -> Result<http::Response<Bytes>, NoAnswer> {
    wait_for(async move { databases().send(Call::new("simulated", request), deadline()).await })
}

/// The rows of a statement.
pub(crate) type Rows = Vec<Vec<Option<String>>>;

/// A transaction's rows, or the database's refusal.
pub(crate) fn rows(address: &str, sign_in: &SignIn, statements: Vec<Statement>) -> Result<Vec<Rows>, String> {
    let request = Transaction { statements }.request(address, sign_in)?;
    let answer = exchange(request).map_err(|no_answer| no_answer.to_string())?;
    if let Ok(refusal) = serde_json::from_slice::<Refusal>(answer.body()) {
        return Err(words(&refusal));
    }
    let answer: Answer = serde_json::from_slice(answer.body()).map_err(|error| error.to_string())?;
    let rows = |ended| match ended {
        Ended::Rows(rows) => Ok(rows),
        Ended::Refused(refusal) => Err(words(&refusal)),
    };
    answer.results.into_iter().map(rows).collect()
}

fn words(refusal: &Refusal) -> String {
    format!("SQLSTATE {} {}", refusal.sqlstate, refusal.constraint.as_deref().or(refusal.column.as_deref()).unwrap_or_default())
}
