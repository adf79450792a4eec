//! Messages packed into requests as SQS takes them. The embedded queue packs the same way, so that both count the same cost.

use std::collections::BTreeMap;

use syncline_engine::ports::outbox::{BODY_BYTES_MAX, Message, OutboxError};
use syncline_model::ConnectionName;

/// SQS takes this many messages in one request.
pub const BATCH_MESSAGES_MAX: usize = 10;
/// The messages of one request share this many bytes.
pub const BATCH_BYTES_MAX: usize = 1024 * 1024;
/// SQS bills one request for each of these, begun.
const BILLED_BYTES: usize = 64 * 1024;

/// Messages of one queue that go in one request, in the order in which they were given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    pub queue: ConnectionName,
    pub messages: Vec<Message>,
    /// The bodies together.
    pub bytes: usize,
}

/// Packs messages, queue by queue. Refuses all of them if one is too large to be sent.
pub fn batches(messages: Vec<Message>) -> Result<Vec<Batch>, OutboxError> {
    let mut queues: BTreeMap<ConnectionName, Vec<Batch>> = BTreeMap::new();
    for message in messages {
        let bytes = message.body.len();
        if bytes > BODY_BYTES_MAX {
            return Err(OutboxError::Unavailable(format!(
                "queue {}: a message of {bytes} bytes; at most {BODY_BYTES_MAX} are sent",
                message.queue
            )));
        }
        let queue = message.queue.clone();
        let of_queue = queues.entry(queue.clone()).or_default();
        match of_queue.last_mut() {
            Some(batch) if batch.messages.len() < BATCH_MESSAGES_MAX && batch.bytes + bytes <= BATCH_BYTES_MAX => {
                batch.bytes += bytes;
                batch.messages.push(message);
            }
            Some(_) | None => of_queue.push(Batch { queue, messages: vec![message], bytes }),
        }
    }
    Ok(queues.into_values().flatten().collect())
}

/// How many requests SQS bills for one that carries this many bytes.
pub fn billed_requests(bytes: usize) -> u64 {
    u64::try_from(bytes.div_ceil(BILLED_BYTES).max(1)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(queue: &str, bytes: usize) -> Message {
        Message { queue: queue.into(), due: syncline_model::Timestamp::UNIX_EPOCH, body: "x".repeat(bytes) }
    }

    fn shape(messages: Vec<Message>) -> Vec<(String, usize)> {
        batches(messages).unwrap().into_iter().map(|batch| (batch.queue.to_string(), batch.messages.len())).collect()
    }

    #[test]
    fn ten_messages_a_request_and_one_queue_each() {
        let mut messages: Vec<Message> = (0..21).map(|_| message("zoho", 5)).collect();
        messages.insert(3, message("acme", 5));
        assert_eq!(shape(messages), [("acme".to_owned(), 1), ("zoho".to_owned(), 10), ("zoho".to_owned(), 10), ("zoho".to_owned(), 1)]);
    }

    #[test]
    fn a_request_stays_below_its_bytes() {
        let messages = (0..7).map(|_| message("zoho", BODY_BYTES_MAX)).collect();
        assert_eq!(shape(messages), [("zoho".to_owned(), 5), ("zoho".to_owned(), 2)]);
    }

    #[test]
    fn a_message_too_large_is_refused_by_its_size() {
        let refused = batches(vec![message("zoho", BODY_BYTES_MAX + 1)]).unwrap_err();
        assert_eq!(refused, OutboxError::Unavailable("queue zoho: a message of 204801 bytes; at most 204800 are sent".into()));
    }

    #[test]
    fn bytes_are_billed_by_64_kib() {
        assert_eq!([0, 1, 65_536, 65_537, 1_048_576].map(billed_requests), [1, 1, 1, 2, 16]);
    }
}
