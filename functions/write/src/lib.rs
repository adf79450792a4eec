//! The queued function: a batch of one connection's messages in, the ones that must come again out.

use aws_lambda_events::event::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent};
use syncline_engine::Engine;
use syncline_engine::write::{Delivery, write};
use syncline_model::{ConnectionName, Deadline};

/// Handles a batch. What the answer names comes again, all else is done with: an answer that named nothing for a batch that could not be
/// handled would lose it, so every path through here answers for each message.
pub async fn handle(engine: &Engine, connection: &ConnectionName, event: SqsEvent, by: Deadline) -> SqsBatchResponse {
    let mut unfinished = Vec::new();
    let mut deliveries = Vec::new();
    for message in event.records {
        let Some(id) = message.message_id else {
            // Without its id it could not be named in the answer. SQS always gives one.
            tracing::error!(connection = %connection, "a message without an id is left out");
            continue;
        };
        match message.body {
            Some(body) => deliveries.push(Delivery { id, body }),
            None => unfinished.push(id),
        }
    }
    unfinished.extend(write(engine, connection, &deliveries, by).await);
    answer(unfinished)
}

/// Everything comes again: for a batch that nothing could be done with.
pub fn refuse(event: SqsEvent) -> SqsBatchResponse {
    answer(event.records.into_iter().filter_map(|message| message.message_id).collect())
}

fn answer(unfinished: Vec<String>) -> SqsBatchResponse {
    let mut response = SqsBatchResponse::default();
    response.batch_item_failures = unfinished
        .into_iter()
        .map(|id| {
            let mut failure = BatchItemFailure::default();
            failure.item_identifier = id;
            failure
        })
        .collect();
    response
}
