//! The way to databases: the port `Http` for addresses that begin with `sql:`, over PostgreSQL's protocol, behind the same gate as every other call.
//!
//! [`HttpAndSql`] is what a process is given: it sends each request by the protocol of its address. [`Databases`] keeps connections open between
//! transactions, prepares statements once, and verifies the server's certificate on everything but this machine.
//!
//! Why the port's errors are told apart here as over https: before the server is asked to commit, a broken connection undoes everything, and
//! counts as not sent; after that nobody knows.

mod pool;
mod run;
mod tls;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use deadpool_postgres::{Object, Pool, PoolError};
use http::StatusCode;
use syncline_engine::ports::clock::Clock;
use syncline_engine::ports::http::{BODY_BYTES_MAX, Call, Http, NoAnswer};
use syncline_engine::ports::sql::{Refusal, SCHEME, SignIn, Transaction};
use syncline_http::ReqwestHttp;
use syncline_model::Deadline;

use pool::Target;
use run::Stopped;

/// The production `Http`: https to most, SQL to databases.
pub struct HttpAndSql {
    http: ReqwestHttp,
    databases: Databases,
}

impl HttpAndSql {
    /// Makes no call and builds nothing yet.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { http: ReqwestHttp::new(clock.clone()), databases: Databases::new(clock) }
    }
}

#[async_trait]
impl Http for HttpAndSql {
    async fn send(&self, call: Call, by: Deadline) -> Result<http::Response<Bytes>, NoAnswer> {
        if call.request.uri().scheme_str() == Some(SCHEME) { self.databases.send(call, by).await } else { self.http.send(call, by).await }
    }
}

/// A pool, and who it signs in as: with another password it is another pool.
struct Known {
    sign_in: SignIn,
    pool: Pool,
}

/// All databases of a process.
pub struct Databases {
    clock: Arc<dyn Clock>,
    /// By host, port, database and user.
    known: Mutex<BTreeMap<String, Known>>,
}

impl Databases {
    /// Opens nothing yet.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, known: Mutex::default() }
    }

    fn pool(&self, target: &Target, sign_in: SignIn) -> Result<Pool, String> {
        let name = format!("{}:{}/{}?{} {}", target.host, target.port, target.database, target.tls, sign_in.user);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = known.get(&name).filter(|known| known.sign_in == sign_in) {
            return Ok(known.pool.clone());
        }
        let pool = target.pool(&sign_in)?;
        known.insert(name, Known { sign_in, pool: pool.clone() });
        Ok(pool)
    }
}

#[async_trait]
impl Http for Databases {
    async fn send(&self, call: Call, by: Deadline) -> Result<http::Response<Bytes>, NoAnswer> {
        let not_sent = |problem: String| NoAnswer::NotSent(problem);
        let target = Target::of(call.request.uri()).map_err(not_sent)?;
        let host = target.host.clone();
        let sign_in = SignIn::of(call.request.headers()).ok_or_else(|| NoAnswer::NotSent(format!("{host}: nobody signs in")))?;
        let asked: Transaction = serde_json::from_slice(call.request.body())
            .map_err(|_| NoAnswer::NotSent(format!("{host}: the request holds no transaction")))?;
        let left_ms = by.0.as_millisecond().saturating_sub(self.clock.now().as_millisecond());
        let left = match u64::try_from(left_ms) {
            Ok(left_ms) if left_ms > 0 => Duration::from_millis(left_ms),
            Ok(_) | Err(_) => return Err(NoAnswer::NotSent(format!("{host}: the deadline has passed"))),
        };
        let pool = self.pool(&target, sign_in).map_err(not_sent)?;
        let mut client = match tokio::time::timeout(left, pool.get()).await {
            Ok(Ok(client)) => client,
            Ok(Err(PoolError::Backend(error))) => {
                return match run::refusal(&error) {
                    Some(refusal) => refused(&refusal),
                    None => Err(NoAnswer::NotSent(format!("{host}: {error}"))),
                };
            }
            Ok(Err(PoolError::Timeout(_) | PoolError::Closed | PoolError::NoRuntimeSpecified | PoolError::PostCreateHook(_))) | Err(_) => {
                return Err(NoAnswer::NotSent(format!("{host}: no connection was to be had in time")));
            }
        };
        let committing = AtomicBool::new(false);
        let ended = tokio::time::timeout(left, run::run(&mut client, &asked, left, &committing)).await;
        let broken = |problem: String| {
            let sentence = format!("{host}: {problem}");
            if committing.load(Ordering::Acquire) { NoAnswer::Unanswered(sentence) } else { NoAnswer::NotSent(sentence) }
        };
        match ended {
            Ok(Ok(answer)) => {
                let body = serde_json::to_vec(&answer).map_err(|error| NoAnswer::Unanswered(format!("{host}: {error}")))?;
                if body.len() > BODY_BYTES_MAX {
                    return Err(NoAnswer::Unanswered(format!("{host}: the answer is longer than {BODY_BYTES_MAX} bytes")));
                }
                Ok(http::Response::new(body.into()))
            }
            Ok(Err(Stopped::Refused(refusal))) => refused(&refusal),
            Ok(Err(Stopped::Broken(problem))) => {
                drop(Object::take(client));
                Err(broken(problem))
            }
            Err(_) => {
                // In the middle of something: closing it ends that.
                drop(Object::take(client));
                Err(broken("timed out".to_owned()))
            }
        }
    }
}

/// A refusal as an answer: the status says what kind it is, for those who only look at that.
fn refused(refusal: &Refusal) -> Result<http::Response<Bytes>, NoAnswer> {
    let body = serde_json::to_vec(refusal).map_err(|error| NoAnswer::NotSent(error.to_string()))?;
    let mut answer = http::Response::new(body.into());
    *answer.status_mut() = status(&refusal.sqlstate);
    Ok(answer)
}

fn status(sqlstate: &str) -> StatusCode {
    match sqlstate {
        // No such user or password, or no right to connect; no such database.
        "28000" | "28P01" | "3D000" => StatusCode::UNAUTHORIZED,
        "53300" => StatusCode::TOO_MANY_REQUESTS,
        _ => match sqlstate.get(..2).unwrap_or_default() {
            // Connections, deadlocks and serialisation, resources, an operator's doing, the system.
            "08" | "40" | "53" | "55" | "57" | "58" | "XX" => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::BAD_REQUEST,
        },
    }
}
