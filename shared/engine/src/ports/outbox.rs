//! The queue, as far as the engine sees it: work goes out here and comes back as a delivery, at least once, in any order.

use async_trait::async_trait;
use syncline_model::{ConnectionName, Timestamp};

/// One message to the queue of a target connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The connection that will be written to: each has its own queue, so that one's outage delays no other.
    pub queue: ConnectionName,
    /// Not handed out before this moment. A queue that holds a message back for less time hands it out early; the receiver checks.
    pub due: Timestamp,
    /// JSON, at most `BODY_BYTES_MAX` long.
    pub body: String,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OutboxError {
    /// It did not take the messages, or it is not known whether it did: send again; receivers bear repetition.
    #[error("the queue did not take the work: {0}")]
    Unavailable(String),
    /// It says no and will go on saying so until somebody mends it: a right, credentials, a queue that is not there.
    #[error("the queue refused the work: {0}")]
    Refused(String),
}

#[async_trait]
pub trait Outbox: Send + Sync {
    /// Returns once every message is durable.
    async fn send(&self, messages: Vec<Message>) -> Result<(), OutboxError>;
}

/// SQS takes 256 KiB a message; one request of ten messages shares 1 MiB, and is billed by 64 KiB.
pub const BODY_BYTES_MAX: usize = 200 * 1024;
