//! The decision: how two records of two systems relate, field by field, and what must be written so that they agree.
//!
//! Pure: values in, a plan out. No IO, no clock, no chance; time, references and keys arrive as values.

mod base;
pub mod check;
mod choose;
mod equality;
mod lens;
mod plan;
mod reconcile;
mod spec;

pub use base::{Base, FieldBase, ItemPrints, Mark, Marker, Retain};
pub use choose::{Candidates, Choice, KeyHits, choose};
pub use equality::Equality;
pub use lens::{FieldProblem, Lens, Others, RefState, Refs, ValueMap};
pub use plan::{Decision, FieldOutcome, HoldReason, LinkChange, LossRecord, OwnerNotFound, Plan, ProblemNote, SkipReason, Verdict, Write};
pub use reconcile::{Known, Occasion, Sight, base_after, field_base, has_changed, is_made_from, reconcile};
pub use spec::{Conflict, DeletePolicy, Drift, FieldMapping, Flow, MatchKey, ObjectMapping, Pair, Rules, WritePolicy};
