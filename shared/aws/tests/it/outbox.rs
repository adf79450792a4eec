//! The outbox: how messages become requests, and what refusals become.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use syncline_aws::{SentRequests, SqsOutbox};
use syncline_engine::ports::outbox::{Message, Outbox, OutboxError};
use syncline_model::Timestamp;

use crate::HandClock;
use crate::fake::{Answer, Fake};

fn outbox(fake: &Fake, group: Option<&str>) -> SqsOutbox {
    let urls = ["acme", "zoho"].map(|name| (name.into(), format!("https://sqs.us-east-1.amazonaws.com/1/{name}")));
    SqsOutbox::new(fake.aws(), BTreeMap::from(urls), group.map(str::to_owned), HandClock::new())
}

fn message(queue: &str, body: &str, due: &str) -> Message {
    Message { queue: queue.into(), due: due.parse::<Timestamp>().unwrap(), body: body.into() }
}

fn now(queue: &str, body: &str) -> Message {
    message(queue, body, "2026-11-22T10:00:00Z")
}

/// Takes every message.
fn taken(members: &Value) -> Answer {
    let entries = members["Entries"].as_array().unwrap();
    let successful: Vec<Value> =
        entries.iter().map(|entry| json!({"Id": entry["Id"], "MessageId": "m", "MD5OfMessageBody": "0"})).collect();
    Answer::Ok(json!({"Successful": successful, "Failed": []}))
}

#[tokio::test]
async fn messages_go_in_tens_to_their_queues_with_delay_and_group() {
    let fake = Fake::start(|_, members| taken(members)).await;
    let outbox = outbox(&fake, Some("contacts-sync"));
    let mut messages: Vec<Message> = (0..12).map(|n| now("acme", &n.to_string())).collect();
    messages.push(message("zoho", "in 90 s", "2026-11-22T10:01:30Z"));
    messages.push(message("zoho", "tomorrow", "2026-11-23T10:00:00Z"));
    messages.push(message("zoho", "late", "2026-11-22T09:00:00Z"));
    outbox.send(messages).await.unwrap();

    let asked: Vec<Value> = fake.asked().into_iter().map(|(_, members)| members).collect();
    let to_acme: Vec<&Value> = asked.iter().filter(|members| members["QueueUrl"].as_str().unwrap().ends_with("/acme")).collect();
    assert_eq!(to_acme.iter().map(|members| members["Entries"].as_array().unwrap().len()).collect::<BTreeSet<_>>(), [2, 10].into());
    let bodies: BTreeSet<&str> = to_acme
        .iter()
        .flat_map(|members| members["Entries"].as_array().unwrap())
        .map(|entry| entry["MessageBody"].as_str().unwrap())
        .collect();
    assert_eq!(bodies.len(), 12);

    let to_zoho = asked.iter().find(|members| members["QueueUrl"].as_str().unwrap().ends_with("/zoho")).unwrap();
    assert_eq!(
        to_zoho["Entries"],
        json!([
            {"Id": "0", "MessageBody": "in 90 s", "DelaySeconds": 90, "MessageGroupId": "contacts-sync"},
            {"Id": "1", "MessageBody": "tomorrow", "DelaySeconds": 900, "MessageGroupId": "contacts-sync"},
            {"Id": "2", "MessageBody": "late", "DelaySeconds": 0, "MessageGroupId": "contacts-sync"},
        ])
    );
    assert_eq!(outbox.requests(), SentRequests { calls: 3, billed: 3, messages: 15 });
}

#[tokio::test]
async fn large_messages_share_a_mebibyte_a_request() {
    let fake = Fake::start(|_, members| taken(members)).await;
    let outbox = outbox(&fake, None);
    outbox.send((0..7).map(|_| now("acme", &"x".repeat(200 * 1024))).collect()).await.unwrap();
    let sizes: BTreeSet<usize> = fake.asked().iter().map(|(_, members)| members["Entries"].as_array().unwrap().len()).collect();
    assert_eq!(sizes, [2, 5].into());
    assert!(fake.asked().iter().all(|(_, members)| members["Entries"][0].get("MessageGroupId").is_none()));
    assert_eq!(outbox.requests(), SentRequests { calls: 2, billed: 16 + 7, messages: 7 });
}

#[tokio::test]
async fn one_refused_message_fails_the_send_and_is_not_shown() {
    let fake = Fake::start(|_, members| {
        let entries = members["Entries"].as_array().unwrap();
        let successful: Vec<Value> =
            entries[1..].iter().map(|entry| json!({"Id": entry["Id"], "MessageId": "m", "MD5OfMessageBody": "0"})).collect();
        let failed = json!([{"Id": "0", "Code": "InternalError", "Message": "s3cret", "SenderFault": false}]);
        Answer::Ok(json!({"Successful": successful, "Failed": failed}))
    })
    .await;
    let outbox = outbox(&fake, None);
    let refused = outbox.send(vec![now("acme", "s3cret"), now("acme", "b"), now("acme", "c")]).await.unwrap_err();
    assert_eq!(refused, OutboxError::Unavailable("queue acme: 1 of 3 messages were refused: InternalError".into()));
    assert_eq!(outbox.requests().messages, 2);
}

#[tokio::test]
async fn an_answer_that_is_silent_on_a_message_is_no_success() {
    let fake = Fake::start(|_, _| Answer::Ok(json!({"Successful": [], "Failed": []}))).await;
    assert!(outbox(&fake, None).send(vec![now("acme", "a")]).await.is_err());
}

#[tokio::test]
async fn an_unknown_queue_is_named_before_anything_is_sent() {
    let fake = Fake::start(|_, members| taken(members)).await;
    let refused = outbox(&fake, None).send(vec![now("acme", "a"), now("nobody", "b")]).await.unwrap_err();
    assert!(matches!(&refused, OutboxError::Refused(says) if says.contains("nobody")), "{refused}");
    assert!(fake.operations().is_empty());
}

#[tokio::test]
async fn a_missing_queue_is_an_error_that_names_it() {
    let fake = Fake::start(|_, _| Answer::Refused(400, "com.amazonaws.sqs#QueueDoesNotExist", json!({"message": "gone"}))).await;
    let refused = outbox(&fake, None).send(vec![now("acme", "a")]).await.unwrap_err();
    assert_eq!(refused, OutboxError::Refused("queue acme: SendMessageBatch: QueueDoesNotExist".into()));
}

#[tokio::test]
async fn sending_nothing_asks_nothing() {
    let fake = Fake::start(|_, members| taken(members)).await;
    outbox(&fake, None).send(Vec::new()).await.unwrap();
    assert!(fake.operations().is_empty());
}

#[tokio::test]
async fn a_queue_that_is_known_by_its_name_is_asked_for_once() {
    let fake = Fake::start(|operation, members| match operation {
        "GetQueueUrl" if members["QueueName"] == "syncline_acme" => Answer::Ok(json!({"QueueUrl": "https://sqs.test/1/syncline_acme"})),
        "GetQueueUrl" => Answer::Refused(400, "com.amazonaws.sqs#QueueDoesNotExist", json!({"message": "gone"})),
        _ => taken(members),
    })
    .await;
    let outbox = SqsOutbox::named(fake.aws(), "syncline_", None, HandClock::new());
    outbox.send(vec![now("acme", "a")]).await.unwrap();
    outbox.send(vec![now("acme", "b")]).await.unwrap();
    assert_eq!(fake.operations(), ["GetQueueUrl", "SendMessageBatch", "SendMessageBatch"]);
    assert_eq!(fake.asked()[1].1["QueueUrl"], "https://sqs.test/1/syncline_acme");
    let refused = outbox.send(vec![now("zoho", "a")]).await.unwrap_err();
    assert_eq!(refused, OutboxError::Refused("queue syncline_zoho: there is none of this name".into()));
}
