//! The words that every part of Syncline shares: names, values, records, schemas, faults.
//!
//! Pure: no IO, no clock, no chance, no async runtime. Time is a value that arrives from outside.

mod fault;
mod ids;
pub mod mutant;
mod record;
mod schema;
mod secret;
mod value;

pub use fault::{CallError, Fault, Problem};
pub use ids::{ConnectionName, FieldName, MappingName, ObjectKind, RecordId, Side, SyncName, SystemName};
pub use jiff::Timestamp;
pub use jiff::civil::Date;
pub use record::{Presence, Record, Version};
pub use rust_decimal::Decimal;
pub use schema::{Choice, FieldSchema, FieldType, ObjectSchema};
pub use secret::Secret;
pub use value::{NotThisType, Value};

/// The moment by which a call must have answered; whoever holds it may give up then, never later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(pub Timestamp);
