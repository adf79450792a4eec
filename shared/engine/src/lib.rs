//! The engine: use cases over ports. It knows no vendor, no HTTP client, no AWS.
//!
//! A change's way: `pull` (or `hint`, from a webhook) sees it, drops it if the base knows it, and queues it; `write` takes it from the queue of
//! the connection that may have to be written to, reads what it must, lets `mapping::reconcile` decide, writes, and stores the new base.

pub mod backfill;
pub mod budget;
pub mod counts;
pub mod cursor;
pub mod entry;
pub mod explain;
pub mod forecast;
pub mod gate;
pub mod hint;
pub mod history;
pub mod hold;
pub mod keys;
pub mod message;
pub mod panel;
pub mod ports;
pub mod preflight;
pub mod provision;
pub mod pull;
mod references;
mod resumable;
pub mod seal;
pub mod settle;
pub mod sign_in;
pub mod state;
pub mod status;
pub mod sweep;
pub mod telemetry;
pub mod trace;
pub mod turn;
pub mod waiting;
pub mod write;

mod setting;

pub use setting::{End, Engine, EngineError, Sync};
