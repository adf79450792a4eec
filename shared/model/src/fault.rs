//! What went wrong at a vendor, as the caller's next action.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{FieldName, RecordId, SystemName};

/// One thing that a vendor refused about a record, in its own code and words. Carries no field value: connectors cut the values
/// that they sent out of the vendor's sentence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// The field concerned, in the vendor's name for it; `None` where the vendor names none.
    pub field: Option<FieldName>,
    pub code: String,
    pub words: String,
}

/// Why a call, or one record of a call, did not work. The variant names what to do next; `engine::settle` is the one place that does it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// A passing trouble (network, 5xx, a locked row), and the vendor certainly did nothing: try again later.
    Transient { detail: String },
    /// The vendor's limit, or our share of it, is used up until then.
    RateLimited { until: Timestamp },
    /// The access token has aged out: get a new one, once.
    AuthExpired,
    /// The credentials do not work (revoked, wrong region, missing right): stop the connection and ask a person.
    AuthRefused { hint: String },
    /// The record is wrong in the vendor's eyes: hold it with these problems.
    Rejected { problems: Vec<Problem> },
    /// A value that must be unique belongs to other records: look at them. `field` and `holders` are what the vendor tells.
    Taken { field: Option<FieldName>, holders: Vec<RecordId> },
    /// The record changed since it was read, or is in a state that the plan did not know of: read again and plan again.
    Conflict,
    /// The record is gone.
    Missing,
    /// The request was sent and no answer came: look before doing it again.
    Uncertain,
    /// The connector was asked for what this vendor cannot do.
    Unsupported { capability: String },
    /// The vendor's answer does not have the shape we know. Names the place and the types, never a value.
    Drift { path: String, expected: String, found: String },
}

impl Fault {
    /// A stable name for logs, metrics and the page that explains it.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Transient { .. } => "transient",
            Self::RateLimited { .. } => "rate_limited",
            Self::AuthExpired => "auth_expired",
            Self::AuthRefused { .. } => "auth_refused",
            Self::Rejected { .. } => "rejected",
            Self::Taken { .. } => "taken",
            Self::Conflict => "conflict",
            Self::Missing => "missing",
            Self::Uncertain => "uncertain",
            Self::Unsupported { .. } => "unsupported",
            Self::Drift { .. } => "drift",
        }
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Transient { detail } => write!(f, "a passing trouble ({detail}); it will be tried again"),
            Self::RateLimited { until } => write!(f, "the call budget is used up until {until}; it goes on then"),
            Self::AuthExpired => f.write_str("the access token has expired; a new one is fetched"),
            Self::AuthRefused { hint } => write!(f, "sign-in was refused: {hint}; run `syncline connect` for this connection"),
            Self::Rejected { problems } => {
                f.write_str("the record was refused")?;
                for problem in problems {
                    match &problem.field {
                        Some(field) => write!(f, "; {field}: {} ({})", problem.words, problem.code)?,
                        None => write!(f, "; {} ({})", problem.words, problem.code)?,
                    }
                }
                Ok(())
            }
            Self::Taken { field, holders } => {
                f.write_str("a value that must be unique")?;
                if let Some(field) = field {
                    write!(f, " (field {field})")?;
                }
                f.write_str(" belongs to another record")?;
                for holder in holders {
                    write!(f, " {holder}")?;
                }
                Ok(())
            }
            Self::Conflict => f.write_str("the record changed meanwhile; it is read and planned again"),
            Self::Missing => f.write_str("the record no longer exists"),
            Self::Uncertain => f.write_str("no answer came; it is looked up before anything is repeated"),
            Self::Unsupported { capability } => write!(f, "this system has no {capability}"),
            Self::Drift { path, expected, found } => {
                write!(f, "the answer has another shape than known: {path} should be {expected} and is {found}")
            }
        }
    }
}

/// A call that failed as a whole: which vendor, which operation, what to do next.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{system}: {operation}: {fault}")]
pub struct CallError {
    pub system: SystemName,
    /// What we were doing, in words: `list contacts`.
    pub operation: String,
    pub fault: Fault,
    /// The vendor's own id of the request, for its support, where it gives one.
    pub request_id: Option<String>,
}

impl CallError {
    pub fn new(system: impl Into<SystemName>, operation: impl Into<String>, fault: Fault) -> Self {
        Self { system: system.into(), operation: operation.into(), fault, request_id: None }
    }
}
