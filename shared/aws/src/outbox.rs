//! The outbox on SQS: one standard queue a target connection.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use syncline_engine::ports::clock::Clock;
use syncline_engine::ports::outbox::{Message, Outbox, OutboxError};
use syncline_model::{ConnectionName, Timestamp};

use crate::batches::{Batch, batches, billed_requests};
use crate::client::Aws;
use crate::parallel::in_parallel;
use crate::queues::Queues;
use crate::trouble::{is_refusal, sentence};

/// SQS holds a message back this long at most; one that is due later is handed out early, and the receiver sends it again.
pub const DELAY_S_MAX: i32 = 900;

/// Requests since the outbox was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SentRequests {
    /// `SendMessageBatch` calls.
    pub calls: u64,
    /// The same as SQS bills them: one for each 64 KiB begun.
    pub billed: u64,
    pub messages: u64,
}

#[derive(Debug, Default)]
struct Counters {
    calls: AtomicU64,
    billed: AtomicU64,
    messages: AtomicU64,
}

/// The production `Outbox`.
pub struct SqsOutbox {
    sender: Arc<Sender>,
    queues: Queues,
    clock: Arc<dyn Clock>,
}

struct Sender {
    aws: Arc<Aws>,
    group: Option<String>,
    counters: Counters,
}

impl SqsOutbox {
    /// `queue_urls` names the queue of each target connection. `group` goes with every message as its `MessageGroupId`: on a standard
    /// queue it keeps one noisy sender (a sync) from delaying the others. Makes no call.
    pub fn new(aws: Arc<Aws>, queue_urls: BTreeMap<ConnectionName, String>, group: Option<String>, clock: Arc<dyn Clock>) -> Self {
        Self::on(aws, Queues::Known(queue_urls), group, clock)
    }

    /// For who is told no URLs: the queue of connection `name` is called `{prefix}{name}`, and SQS is asked for its URL before the first
    /// message to it. Makes no call.
    pub fn named(aws: Arc<Aws>, prefix: impl Into<String>, group: Option<String>, clock: Arc<dyn Clock>) -> Self {
        Self::on(aws, Queues::named(prefix.into()), group, clock)
    }

    fn on(aws: Arc<Aws>, queues: Queues, group: Option<String>, clock: Arc<dyn Clock>) -> Self {
        Self { sender: Arc::new(Sender { aws, group, counters: Counters::default() }), queues, clock }
    }

    /// What has been sent so far.
    pub fn requests(&self) -> SentRequests {
        let counters = &self.sender.counters;
        SentRequests {
            calls: counters.calls.load(Ordering::Relaxed),
            billed: counters.billed.load(Ordering::Relaxed),
            messages: counters.messages.load(Ordering::Relaxed),
        }
    }
}

#[async_trait]
impl Outbox for SqsOutbox {
    async fn send(&self, messages: Vec<Message>) -> Result<(), OutboxError> {
        let now = self.clock.now();
        let mut jobs = Vec::new();
        for batch in batches(messages)? {
            let url = self.queues.url(&self.sender.aws, &batch.queue).await?;
            let sender = self.sender.clone();
            jobs.push(async move { sender.send(batch, url, now).await });
        }
        let answers =
            in_parallel(jobs).await.map_err(|_| OutboxError::Unavailable("a request was stopped before its answer came".to_owned()))?;
        answers.into_iter().collect()
    }
}

impl Sender {
    async fn send(&self, batch: Batch, url: String, now: Timestamp) -> Result<(), OutboxError> {
        let says = |problem: String| format!("queue {}: {problem}", batch.queue);
        let fail = |problem: String| OutboxError::Unavailable(says(problem));
        let mut entries = Vec::with_capacity(batch.messages.len());
        for (place, message) in batch.messages.iter().enumerate() {
            let entry = SendMessageBatchRequestEntry::builder()
                .id(place.to_string())
                .message_body(&message.body)
                .delay_seconds(delay_s(message.due, now))
                .set_message_group_id(self.group.clone())
                .build()
                .map_err(|error| fail(error.to_string()))?;
            entries.push(entry);
        }
        self.counters.calls.fetch_add(1, Ordering::Relaxed);
        self.counters.billed.fetch_add(billed_requests(batch.bytes), Ordering::Relaxed);
        let answer = self.aws.sqs().await.send_message_batch().queue_url(url).set_entries(Some(entries)).send().await.map_err(|error| {
            let says = says(sentence("SendMessageBatch", &error));
            if is_refusal(&error) { OutboxError::Refused(says) } else { OutboxError::Unavailable(says) }
        })?;
        self.counters.messages.fetch_add(u64::try_from(answer.successful().len()).unwrap_or(u64::MAX), Ordering::Relaxed);
        if let Some(first) = answer.failed().first() {
            let (refused, all) = (answer.failed().len(), batch.messages.len());
            return Err(fail(format!("{refused} of {all} messages were refused: {}", first.code())));
        }
        // An answer that names fewer messages than were sent promises nothing for the rest.
        if answer.successful().len() < batch.messages.len() {
            return Err(fail("the answer does not name every message".to_owned()));
        }
        Ok(())
    }
}

/// Whole seconds from now until the message is due, rounded up.
fn delay_s(due: Timestamp, now: Timestamp) -> i32 {
    let left_ms = due.as_millisecond().saturating_sub(now.as_millisecond()).clamp(0, i64::from(DELAY_S_MAX) * 1000);
    let rounded_up_s = (left_ms + 999) / 1000;
    i32::try_from(rounded_up_s).unwrap_or(DELAY_S_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delay_rounds_up_and_ends_at_fifteen_minutes() {
        let now: Timestamp = "2026-11-22T10:00:00.500Z".parse().unwrap();
        let delay = |due: &str| delay_s(due.parse().unwrap(), now);
        assert_eq!(delay("2026-11-22T09:00:00Z"), 0);
        assert_eq!(delay("2026-11-22T10:00:00.5Z"), 0);
        assert_eq!(delay("2026-11-22T10:00:01Z"), 1);
        assert_eq!(delay("2026-11-22T10:05:00.5Z"), 300);
        assert_eq!(delay("2026-11-23T10:00:00Z"), 900);
    }
}
