//! The embedded queue keeps SQS's promises, in more detail than can be asked of SQS itself (`tests/contracts` asks both).

use std::time::Duration;

use syncline_engine::ports::outbox::{BODY_BYTES_MAX, Message, Outbox};
use syncline_local::{Counts, Delivery, EmbeddedQueue, QueueRequests};
use syncline_model::{ConnectionName, Timestamp};

fn at(seconds: u64) -> Timestamp {
    let start: Timestamp = "2026-11-22T10:00:00Z".parse().unwrap();
    start + Duration::from_secs(seconds)
}

fn acme() -> ConnectionName {
    "acme".into()
}

fn message(queue: &str, body: &str, due: Timestamp) -> Message {
    Message { queue: queue.into(), due, body: body.into() }
}

async fn open(folder: &tempfile::TempDir) -> EmbeddedQueue {
    EmbeddedQueue::open(folder.path(), 3).await.unwrap()
}

async fn filled(folder: &tempfile::TempDir, bodies: &[&str]) -> EmbeddedQueue {
    let queue = open(folder).await;
    queue.send(bodies.iter().map(|body| message("acme", body, at(0))).collect()).await.unwrap();
    queue
}

fn bodies(deliveries: &[Delivery]) -> Vec<&str> {
    deliveries.iter().map(|delivery| delivery.body.as_str()).collect()
}

fn receipts(deliveries: &[Delivery]) -> Vec<String> {
    deliveries.iter().map(|delivery| delivery.receipt.clone()).collect()
}

#[tokio::test]
async fn messages_come_when_due_and_the_longest_due_first() {
    let folder = tempfile::tempdir().unwrap();
    let queue = open(&folder).await;
    let messages = [("third", 30), ("first", 10), ("second", 10), ("later", 90)];
    queue.send(messages.map(|(body, due)| message("acme", body, at(due))).to_vec()).await.unwrap();
    queue.send(vec![message("other", "not acme's", at(0))]).await.unwrap();

    assert_eq!(queue.next_due(&acme()).await.unwrap(), Some(at(10)));
    assert_eq!(queue.receive(&acme(), 10, 60, at(9)).await.unwrap(), []);
    let delivered = queue.receive(&acme(), 10, 60, at(30)).await.unwrap();
    assert_eq!(bodies(&delivered), ["first", "second", "third"]);
    assert!(delivered.iter().all(|delivery| delivery.attempts == 1));
    assert_eq!(queue.next_due(&"nobody".into()).await.unwrap(), None);
}

#[tokio::test]
async fn a_fraction_of_a_millisecond_is_not_early() {
    let folder = tempfile::tempdir().unwrap();
    let queue = open(&folder).await;
    queue.send(vec![message("acme", "x", at(0) + Duration::from_micros(1500))]).await.unwrap();
    assert_eq!(queue.receive(&acme(), 10, 60, at(0) + Duration::from_millis(1)).await.unwrap(), []);
    assert_eq!(queue.receive(&acme(), 10, 60, at(0) + Duration::from_millis(2)).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_message_is_hidden_until_its_visibility_ends() {
    let folder = tempfile::tempdir().unwrap();
    let queue = filled(&folder, &["a", "b", "c"]).await;
    let first = queue.receive(&acme(), 2, 60, at(0)).await.unwrap();
    assert_eq!(bodies(&first), ["a", "b"]);
    assert_eq!(bodies(&queue.receive(&acme(), 10, 300, at(1)).await.unwrap()), ["c"]);
    assert_eq!(queue.receive(&acme(), 10, 60, at(59)).await.unwrap(), []);
    assert_eq!(queue.next_due(&acme()).await.unwrap(), Some(at(60)));

    let again = queue.receive(&acme(), 10, 60, at(60)).await.unwrap();
    assert_eq!(bodies(&again), ["a", "b"]);
    assert_eq!(again[0].id, first[0].id);
    assert_eq!(again[0].attempts, 2);

    assert_eq!(queue.delete(&receipts(&first)).await.unwrap(), 0, "a receipt of an earlier delivery is void");
    assert_eq!(queue.delete(&receipts(&again)).await.unwrap(), 2);
    assert_eq!(queue.delete(&["no receipt".into()]).await.unwrap(), 0);
    assert_eq!(queue.counts(&acme(), at(60)).await.unwrap(), Counts { in_flight: 1, ..Counts::default() });
}

#[tokio::test]
async fn a_released_message_comes_back_when_asked() {
    let folder = tempfile::tempdir().unwrap();
    let queue = filled(&folder, &["a"]).await;
    let held = queue.receive(&acme(), 10, 600, at(0)).await.unwrap();
    assert!(queue.release(&held[0].receipt, at(20)).await.unwrap());
    assert!(!queue.release(&held[0].receipt, at(5)).await.unwrap(), "it is no longer held");
    assert_eq!(queue.counts(&acme(), at(0)).await.unwrap(), Counts { delayed: 1, ..Counts::default() });
    assert_eq!(queue.receive(&acme(), 10, 600, at(19)).await.unwrap(), []);
    assert_eq!(queue.receive(&acme(), 10, 600, at(20)).await.unwrap()[0].attempts, 2);
}

#[tokio::test]
async fn a_message_handed_out_too_often_is_set_aside_and_can_be_redriven() {
    let folder = tempfile::tempdir().unwrap();
    let queue = filled(&folder, &["poison", "good"]).await;
    for round in 0..3 {
        let delivered = queue.receive(&acme(), 10, 60, at(round * 60)).await.unwrap();
        assert_eq!(delivered[0].body, "poison");
        let good: Vec<String> = delivered.iter().filter(|delivery| delivery.body == "good").map(|good| good.receipt.clone()).collect();
        queue.delete(&good).await.unwrap();
    }
    assert_eq!(queue.receive(&acme(), 10, 60, at(180)).await.unwrap(), []);
    assert_eq!(queue.counts(&acme(), at(180)).await.unwrap(), Counts { dead: 1, ..Counts::default() });
    assert_eq!(queue.next_due(&acme()).await.unwrap(), None);

    let dead = queue.dead_letters(&acme(), None, 10).await.unwrap();
    assert_eq!((dead.len(), dead[0].body.as_str(), dead[0].attempts, dead[0].died), (1, "poison", 3, at(180)));
    assert!(!format!("{dead:?}").contains("poison"), "bodies are not shown");
    assert_eq!(queue.dead_letters(&acme(), Some(&dead[0].id), 10).await.unwrap(), []);
    assert_eq!(queue.dead_letters(&"other".into(), None, 10).await.unwrap(), []);

    assert_eq!(queue.redrive(&acme(), at(200)).await.unwrap(), 1);
    assert_eq!(queue.receive(&acme(), 10, 60, at(200)).await.unwrap()[0].attempts, 1);
}

#[tokio::test]
async fn counts_tell_the_states_apart() {
    let folder = tempfile::tempdir().unwrap();
    let queue = filled(&folder, &["a", "b", "c"]).await;
    queue.send(vec![message("acme", "later", at(100))]).await.unwrap();
    queue.receive(&acme(), 1, 30, at(0)).await.unwrap();
    assert_eq!(queue.counts(&acme(), at(0)).await.unwrap(), Counts { waiting: 2, delayed: 1, in_flight: 1, dead: 0 });
    assert_eq!(queue.counts(&acme(), at(30)).await.unwrap(), Counts { waiting: 3, delayed: 1, in_flight: 0, dead: 0 });
    assert_eq!(queue.counts(&acme(), at(100)).await.unwrap(), Counts { waiting: 4, delayed: 0, in_flight: 0, dead: 0 });
}

#[tokio::test]
async fn everything_is_there_after_a_new_start() {
    let folder = tempfile::tempdir().unwrap();
    let queue = filled(&folder, &["a", "b"]).await;
    let held = queue.receive(&acme(), 1, 600, at(0)).await.unwrap();
    // Not closed: a killed process closes nothing.
    let again = open(&folder).await;
    assert_eq!(again.counts(&acme(), at(0)).await.unwrap(), Counts { waiting: 1, in_flight: 1, ..Counts::default() });
    assert_eq!(again.release_all(at(5)).await.unwrap(), 1, "who held it is gone");
    assert_eq!(bodies(&again.receive(&acme(), 10, 60, at(5)).await.unwrap()), ["b", "a"]);
    assert_eq!(queue.delete(&receipts(&held)).await.unwrap(), 0);
}

#[tokio::test]
async fn workers_wake_when_something_arrives() {
    let folder = tempfile::tempdir().unwrap();
    let queue = open(&folder).await;
    let mut workers = tokio::task::JoinSet::new();
    for name in ["acme", "zoho"] {
        let (queue, mut arrivals) = (queue.clone(), queue.arrivals());
        workers.spawn(async move {
            loop {
                let delivered = queue.receive(&name.into(), 10, 60, at(0)).await.unwrap();
                if let Some(first) = delivered.first() {
                    return first.body.clone();
                }
                arrivals.changed().await.unwrap();
            }
        });
    }
    tokio::task::yield_now().await;
    queue.send(vec![message("zoho", "for zoho", at(0))]).await.unwrap();
    queue.send(vec![message("acme", "for acme", at(0))]).await.unwrap();
    let mut woken = tokio::time::timeout(Duration::from_secs(20), workers.join_all()).await.unwrap();
    woken.sort();
    assert_eq!(woken, ["for acme", "for zoho"]);
}

#[tokio::test]
async fn concurrent_workers_share_the_work() {
    let folder = tempfile::tempdir().unwrap();
    let queue = open(&folder).await;
    queue.send((0..200).map(|n| message("acme", &n.to_string(), at(0))).collect()).await.unwrap();
    let other_process = open(&folder).await;
    let mut workers = tokio::task::JoinSet::new();
    for queue in [queue.clone(), queue.clone(), other_process] {
        workers.spawn(async move {
            let mut mine = Vec::new();
            loop {
                let delivered = queue.receive(&acme(), 7, 600, at(0)).await.unwrap();
                if delivered.is_empty() {
                    return mine;
                }
                mine.extend(delivered.into_iter().map(|delivery| delivery.body));
            }
        });
    }
    let mut all: Vec<String> = workers.join_all().await.into_iter().flatten().collect();
    all.sort();
    let before = all.len();
    all.dedup();
    assert_eq!((before, all.len()), (200, 200), "each message is handed out once while it is hidden");
}

#[tokio::test]
async fn requests_are_counted_as_sqs_bills_them() {
    let folder = tempfile::tempdir().unwrap();
    let queue = open(&folder).await;
    assert_eq!(queue.requests(), QueueRequests::default());
    queue.send((0..25).map(|n| message("acme", &n.to_string(), at(0))).collect()).await.unwrap();
    queue.send(vec![message("acme", &"x".repeat(100 * 1024), at(0))]).await.unwrap();
    let delivered = queue.receive(&acme(), 100, 60, at(0)).await.unwrap();
    queue.receive(&acme(), 100, 60, at(0)).await.unwrap();
    queue.release(&delivered[0].receipt, at(0)).await.unwrap();
    queue.delete(&receipts(&delivered[1..])).await.unwrap();
    queue.delete(&[]).await.unwrap();
    assert_eq!(queue.requests(), QueueRequests { sends: 3 + 2, receives: 3, empty_receives: 1, deletes: 3, releases: 1 });
}

#[tokio::test]
async fn a_send_is_whole_or_refused() {
    let folder = tempfile::tempdir().unwrap();
    let queue = open(&folder).await;
    let messages = vec![message("acme", "fits", at(0)), message("acme", &"x".repeat(BODY_BYTES_MAX + 1), at(0))];
    assert!(queue.send(messages).await.is_err());
    assert_eq!(queue.counts(&acme(), at(0)).await.unwrap(), Counts::default());
}
