//! Syncline on one machine: the store, the queue, the credentials and the listener that stand in for AWS.
//!
//! All of it is durable: what was taken survives `kill -9`. The store is the same `DynamoStore` as on AWS, spoken to over loopback, so
//! that both run the same conditions; the queue is a table of its own, because there is no SQS to embed.

mod listener;
mod queue;
mod secrets;
mod store;

pub use listener::{Listener, ListenerError, REQUEST_BYTES_MAX};
pub use queue::{Counts, DeadLetter, Delivery, EmbeddedQueue, QueueError, QueueRequests};
pub use secrets::FileSecrets;
pub use store::{EmbeddedStore, EmbeddedStoreError};
