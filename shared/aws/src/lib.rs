//! The engine's ports on AWS: `DynamoDB` for the store, SQS for the outbox, Secrets Manager or
//! Parameter Store for credentials, and the machine's own
//! clock and chance.
//!
//! Clients are built on first use and once; all services share their connections, and the whole process one TLS configuration. Nothing here touches the network before a port is used.
//! Capacity and requests are counted, because the cost of a change is a published figure.

mod batches;
mod client;
mod clock;
mod connector;
mod consumed;
mod dice;
mod item;
mod kept;
mod outbox;
mod parallel;
mod parameters;
mod queues;
mod scan;
mod secrets;
mod store;
mod table;
mod trouble;

pub use batches::{BATCH_BYTES_MAX, BATCH_MESSAGES_MAX, Batch, batches, billed_requests};
pub use client::Aws;
pub use clock::SystemClock;
pub use consumed::Consumed;
pub use dice::SystemDice;
pub use kept::CACHE_S_MAX;
pub use outbox::{DELAY_S_MAX, SentRequests, SqsOutbox};
pub use parameters::{ParameterStoreSecrets, SecretsPlace, secrets};
pub use scan::ScanPage;
pub use secrets::SecretsManagerSecrets;
pub use store::DynamoStore;
pub use table::TableError;
