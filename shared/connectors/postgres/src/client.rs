//! The way to the database: adds address and password, sends a transaction, and sorts answers from refusals.

use std::sync::Arc;

use http::StatusCode;
use jiff::Timestamp;
use syncline_engine::ports::clock::Clock;
use syncline_engine::ports::http::{Call, EndpointClass, Http, NoAnswer};
use syncline_engine::ports::secrets::Secrets;
use syncline_engine::ports::sql::{Answer, Ended, Refusal, SignIn, Statement, Transaction};
use syncline_engine::ports::vendor::Parts;
use syncline_model::{CallError, Deadline, Fault};

use crate::catalog::Catalog;
use crate::faults;
use crate::names::Table;

pub(crate) const SYSTEM: &str = "postgres";

/// Whether a transaction changes rows: of such a one without an answer nobody knows what it did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Intent {
    Read,
    Write,
    Define,
}

impl Intent {
    fn class(self) -> EndpointClass {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Define => "define",
        }
    }
}

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// Nothing was done, for this reason.
    Undone(Fault),
    /// The database refused the transaction, and undid it.
    Refused(Refusal),
    /// Nobody knows what was done.
    Unknown,
}

pub(crate) struct Client {
    connection: String,
    address: String,
    user: String,
    secrets: Arc<dyn Secrets>,
    http: Arc<dyn Http>,
    clock: Arc<dyn Clock>,
}

impl Client {
    pub(crate) fn new(address: String, user: String, parts: &Parts) -> Self {
        let Parts { connection, secrets, http, clock, .. } = parts;
        Self { connection: connection.clone(), address, user, secrets: secrets.clone(), http: http.clone(), clock: clock.clone() }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// How each statement ended.
    pub(crate) async fn send(&self, intent: Intent, statements: Vec<Statement>, by: Deadline) -> Result<Vec<Ended>, Trouble> {
        let count = statements.len();
        let sign_in = self.sign_in().await.map_err(Trouble::Undone)?;
        let transaction = Transaction { statements };
        let request = transaction
            .request(&self.address, &sign_in)
            .map_err(|_| Trouble::Undone(faults::unsupported("address made of host, port and database")))?;
        let odd = || match intent {
            Intent::Read | Intent::Define => Trouble::Undone(faults::drift("answer", "the results of a transaction", "something else")),
            Intent::Write => Trouble::Unknown,
        };
        let answer = match self.http.send(Call::new(intent.class(), request), by).await {
            Ok(answer) => answer,
            Err(NoAnswer::NotSent(detail)) => return Err(Trouble::Undone(Fault::Transient { detail })),
            Err(NoAnswer::Budget { until }) => return Err(Trouble::Undone(Fault::RateLimited { until })),
            Err(NoAnswer::Unanswered(detail)) => {
                // A definition that was made is found made when it is asked for again.
                return Err(if intent == Intent::Write { Trouble::Unknown } else { Trouble::Undone(Fault::Transient { detail }) });
            }
        };
        if answer.status() != StatusCode::OK {
            let status = answer.status().as_u16();
            return Err(match serde_json::from_slice::<Refusal>(answer.body()) {
                Ok(refusal) => Trouble::Refused(refusal),
                Err(_) if intent == Intent::Write => Trouble::Unknown,
                Err(_) if status >= 500 => Trouble::Undone(Fault::Transient { detail: format!("status {status}") }),
                Err(_) => odd(),
            });
        }
        let answer: Answer = serde_json::from_slice(answer.body()).map_err(|_| odd())?;
        if answer.results.len() == count { Ok(answer.results) } else { Err(odd()) }
    }

    /// Statements that only read, or define: the rows of each.
    pub(crate) async fn ask(
        &self,
        intent: Intent,
        table: Option<&Table>,
        statements: Vec<Statement>,
        by: Deadline,
    ) -> Result<Vec<Rows>, Fault> {
        let ended = self.send(intent, statements, by).await.map_err(|trouble| self.fault(trouble, table, None))?;
        let rows = |ended| match ended {
            Ended::Rows(rows) => Ok(rows),
            Ended::Refused(refusal) => Err(faults::fault(&refusal, table, None, self.now())),
        };
        ended.into_iter().map(rows).collect()
    }

    pub(crate) fn fault(&self, trouble: Trouble, table: Option<&Table>, catalog: Option<&Catalog>) -> Fault {
        match trouble {
            Trouble::Undone(fault) => fault,
            Trouble::Refused(refusal) => faults::fault(&refusal, table, catalog, self.now()),
            Trouble::Unknown => Fault::Uncertain,
        }
    }

    async fn sign_in(&self) -> Result<SignIn, Fault> {
        let refused = |hint: String| Fault::AuthRefused { hint };
        let bundle = self.secrets.load(&self.connection).await.map_err(|error| Fault::Transient { detail: error.to_string() })?;
        let password = bundle.as_ref().and_then(|bundle| bundle.get("password")).filter(|password| !password.expose().is_empty());
        let missing = || refused(format!("the secret {} has no `password`; run `syncline connect`", self.connection));
        let password = password.ok_or_else(missing)?.clone();
        let authority = bundle.as_ref().and_then(|bundle| bundle.get("certificate_authority")).map(|pem| pem.expose().to_owned());
        Ok(SignIn { user: self.user.clone(), password, authority: authority.filter(|pem| !pem.trim().is_empty()) })
    }
}

/// The rows of a statement.
pub(crate) type Rows = Vec<Vec<Option<String>>>;

pub(crate) fn error(operation: &str, fault: Fault) -> CallError {
    CallError::new(SYSTEM, operation, fault)
}
