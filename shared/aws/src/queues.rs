//! Where each connection's queue is: told by the deployment, or asked of SQS by its name, once and when it is first sent to.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use aws_sdk_sqs::error::ProvideErrorMetadata as _;
use syncline_engine::ports::outbox::OutboxError;
use syncline_model::ConnectionName;

use crate::client::Aws;
use crate::trouble::{NO_QUEUE_CODES, is_refusal, sentence};

pub(crate) enum Queues {
    Known(BTreeMap<ConnectionName, String>),
    Named { prefix: String, found: Mutex<BTreeMap<ConnectionName, String>> },
}

impl Queues {
    pub(crate) fn named(prefix: String) -> Self {
        Self::Named { prefix, found: Mutex::default() }
    }

    /// The URL of a connection's queue.
    pub(crate) async fn url(&self, aws: &Aws, connection: &ConnectionName) -> Result<String, OutboxError> {
        let (prefix, found) = match self {
            Self::Known(urls) => {
                let absent =
                    || OutboxError::Refused(format!("connection {connection} has no queue; deploy again after adding a connection"));
                return urls.get(connection).cloned().ok_or_else(absent);
            }
            Self::Named { prefix, found } => (prefix, found),
        };
        let known = found.lock().unwrap_or_else(PoisonError::into_inner).get(connection).cloned();
        if let Some(url) = known {
            return Ok(url);
        }
        let name = format!("{prefix}{connection}");
        let answer = aws.sqs().await.get_queue_url().queue_name(&name).send().await.map_err(|error| match error.code() {
            Some(code) if NO_QUEUE_CODES.contains(&code) => OutboxError::Refused(format!("queue {name}: there is none of this name")),
            Some(_) | None => {
                let says = format!("queue {name}: {}", sentence("GetQueueUrl", &error));
                if is_refusal(&error) { OutboxError::Refused(says) } else { OutboxError::Unavailable(says) }
            }
        })?;
        let url = answer.queue_url.ok_or_else(|| OutboxError::Unavailable(format!("queue {name}: GetQueueUrl: the answer has no URL")))?;
        found.lock().unwrap_or_else(PoisonError::into_inner).insert(connection.clone(), url.clone());
        Ok(url)
    }
}
