//! The engine's ports, simulated: each effect takes its time, may fail before or after it happened, and is heard by the auditor.

pub mod queue;
pub mod secrets;
pub mod store;
pub mod wire;
