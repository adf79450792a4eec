//! Syncline on one machine: the store, the queue, the credentials and the listener that stand in for AWS, and the run that does what
//! schedules, functions and workers do there.
//!
//! All of it is durable: what was taken survives `kill -9`. The store is the same `DynamoStore` as on AWS, spoken to over loopback, so
//! that both run the same conditions; the queue is a table of its own, because there is no SQS to embed.

mod board;
mod examples;
mod installation;
mod journal;
mod listener;
mod map;
mod queue;
mod report;
mod resting;
mod run;
mod secrets;
mod simulation;
mod stop;
mod store;
mod tasks;

pub use examples::{Example, examples};
pub use installation::{FOLDER, Installation, OpenError, RECEIVES_MAX, Setup};
pub use journal::{JournalError, Journaled};
pub use listener::{Listener, ListenerError, REQUEST_BYTES_MAX};
pub use map::{MAP_PATH, RecordMap};
pub use queue::{Counts, DeadLetter, Delivery, EmbeddedQueue, QueueError, QueueRequests};
pub use report::{Cost, Ended, NoProgress, Progress, Report, SideReport, Snapshot};
pub use resting::{RestError, Resting};
pub use run::{Answer, Handler, Options, Pace, RunError, run};
pub use secrets::FileSecrets;
pub use simulation::{Amount, Running, SimulateOptions, Simulation, SimulationError};
pub use stop::{Stop, Wish};
pub use store::{EmbeddedStore, EmbeddedStoreError};
