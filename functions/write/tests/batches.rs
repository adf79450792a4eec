//! What the function answers for a batch that it can do nothing with.

#![allow(clippy::unwrap_used, reason = "what a test cannot set up fails the test")]

use aws_lambda_events::event::sqs::SqsEvent;
use syncline_write::refuse;

#[test]
fn every_message_of_a_refused_batch_is_named() {
    let event: SqsEvent = serde_json::from_str(r#"{"Records":[{"messageId":"a"},{"messageId":"b"}]}"#).unwrap();
    let answer = serde_json::to_string(&refuse(event)).unwrap();
    assert_eq!(answer, r#"{"batchItemFailures":[{"itemIdentifier":"a"},{"itemIdentifier":"b"}]}"#);
}
