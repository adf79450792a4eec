//! What every queue promises to who sends and to who receives. Each case uses names of its own, so that all may share a queue system.

use std::collections::BTreeSet;
use std::time::Duration;

use async_trait::async_trait;
use syncline_engine::ports::outbox::{Message, Outbox};
use syncline_model::{ConnectionName, Timestamp};

/// After so many deliveries a message is set aside: what the queues under test must be made with.
pub const RECEIVES_MAX: u32 = 3;
/// Long enough for every step of a case to happen while a message is hidden.
const LONG_S: u32 = 600;
/// Short enough to wait for, and longer than the steps of a case take on a busy machine.
const SHORT_S: u32 = 5;

/// A message handed out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Stays the same over all deliveries of the message.
    pub id: String,
    /// Stands for this delivery alone.
    pub receipt: String,
    pub body: String,
    /// Counts the deliveries of the message, from 1.
    pub attempts: u32,
}

/// A queue's receiving end, as Lambda or the runner of one machine uses it.
#[async_trait]
pub trait Queue: Send + Sync {
    fn outbox(&self) -> &dyn Outbox;
    fn now(&self) -> Timestamp;
    /// What may be handed out now: `max` messages at most, each hidden for so many seconds.
    async fn receive(&self, queue: &ConnectionName, max: u32, hidden_s: u32) -> Vec<Delivery>;
    /// The same, but where there is nothing now it waits until something comes.
    async fn receive_next(&self, queue: &ConnectionName, max: u32, hidden_s: u32) -> Vec<Delivery>;
    async fn delete(&self, queue: &ConnectionName, deliveries: &[Delivery]);
    /// Gives a message back, to be handed out again in so many seconds.
    async fn release(&self, queue: &ConnectionName, delivery: &Delivery, in_s: u32);
    /// The bodies of what was set aside.
    async fn set_aside(&self, queue: &ConnectionName) -> Vec<String>;
}

/// The queues that the cases use, for who has to make them first.
pub const QUEUES: [&str; 7] = ["whole", "own", "others", "hidden", "released", "due", "poison"];

/// Runs the whole suite.
pub async fn queue_contract(queue: &dyn Queue) {
    what_is_sent_is_handed_out_as_it_was(queue).await;
    a_queue_hands_out_its_own_messages_only(queue).await;
    a_message_is_hidden_while_somebody_works_on_it_and_comes_again(queue).await;
    a_released_message_comes_again_sooner(queue).await;
    nothing_is_handed_out_before_it_is_due(queue).await;
    a_message_handed_out_too_often_is_set_aside_alone(queue).await;
}

fn message(queue: &str, body: &str, due: Timestamp) -> Message {
    Message { queue: queue.into(), due, body: body.into() }
}

async fn send(queue: &dyn Queue, name: &str, bodies: &[&str]) {
    queue.outbox().send(bodies.iter().map(|body| message(name, body, queue.now())).collect()).await.unwrap();
}

fn bodies(deliveries: &[Delivery]) -> BTreeSet<String> {
    deliveries.iter().map(|delivery| delivery.body.clone()).collect()
}

fn set(bodies: &[&str]) -> BTreeSet<String> {
    bodies.iter().map(|body| (*body).to_owned()).collect()
}

async fn what_is_sent_is_handed_out_as_it_was(queue: &dyn Queue) {
    let name = "whole".into();
    let mut sent: Vec<String> = (0..24).map(|n| format!("{{\"n\":{n},\"ä\":\"\\u2028 <&> \u{1F642}\"}}")).collect();
    sent.push("x".repeat(150 * 1024));
    send(queue, "whole", &sent.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let mut taken = Vec::new();
    while taken.len() < sent.len() {
        let some = queue.receive_next(&name, 10, LONG_S).await;
        assert!(!some.is_empty() && some.len() <= 10, "{} of {} came, then {}", taken.len(), sent.len(), some.len());
        taken.extend(some);
    }
    assert_eq!(taken.len(), sent.len(), "each is handed out once while it is hidden");
    assert_eq!(bodies(&taken), sent.iter().cloned().collect());
    assert!(taken.iter().all(|delivery| delivery.attempts == 1));
    for some in taken.chunks(10) {
        queue.delete(&name, some).await;
    }
    assert_eq!(queue.receive(&name, 10, LONG_S).await, []);
}

async fn a_queue_hands_out_its_own_messages_only(queue: &dyn Queue) {
    queue.outbox().send(vec![message("own", "mine", queue.now()), message("others", "not mine", queue.now())]).await.unwrap();
    assert_eq!(bodies(&queue.receive_next(&"own".into(), 10, LONG_S).await), set(&["mine"]));
    assert_eq!(queue.receive(&"own".into(), 10, LONG_S).await, []);
    assert_eq!(bodies(&queue.receive_next(&"others".into(), 10, LONG_S).await), set(&["not mine"]));
}

async fn a_message_is_hidden_while_somebody_works_on_it_and_comes_again(queue: &dyn Queue) {
    let name = "hidden".into();
    send(queue, "hidden", &["done", "left behind"]).await;
    let mut first = Vec::new();
    while first.len() < 2 {
        first.extend(queue.receive_next(&name, 1, SHORT_S).await);
    }
    assert_eq!(bodies(&first), set(&["done", "left behind"]), "not the same one twice");
    let done: Vec<Delivery> = first.iter().filter(|delivery| delivery.body == "done").cloned().collect();
    queue.delete(&name, &done).await;
    let again = queue.receive_next(&name, 10, LONG_S).await;
    assert_eq!(bodies(&again), set(&["left behind"]), "what is deleted stays away");
    let before = first.iter().find(|delivery| delivery.body == "left behind").unwrap();
    assert_eq!((again[0].attempts, &again[0].id), (2, &before.id));
    assert_ne!(again[0].receipt, before.receipt);
    queue.delete(&name, &again).await;
}

async fn a_released_message_comes_again_sooner(queue: &dyn Queue) {
    let name = "released".into();
    send(queue, "released", &["back"]).await;
    let held = queue.receive_next(&name, 10, LONG_S).await;
    queue.release(&name, &held[0], SHORT_S).await;
    assert_eq!(queue.receive(&name, 10, LONG_S).await, [], "not at once");
    let again = queue.receive_next(&name, 10, LONG_S).await;
    assert_eq!((bodies(&again), again[0].attempts), (set(&["back"]), 2));
    queue.delete(&name, &again).await;
}

async fn nothing_is_handed_out_before_it_is_due(queue: &dyn Queue) {
    let name = "due".into();
    let later = queue.now() + Duration::from_secs(u64::from(SHORT_S));
    queue.outbox().send(vec![message("due", "later", later), message("due", "now", queue.now())]).await.unwrap();
    assert_eq!(bodies(&queue.receive(&name, 10, LONG_S).await), set(&["now"]));
    assert_eq!(bodies(&queue.receive_next(&name, 10, LONG_S).await), set(&["later"]));
    assert!(queue.now() >= later);
}

async fn a_message_handed_out_too_often_is_set_aside_alone(queue: &dyn Queue) {
    let name = "poison".into();
    send(queue, "poison", &["poison", "good"]).await;
    let mut rounds = 0;
    while rounds < RECEIVES_MAX {
        for delivery in queue.receive_next(&name, 10, LONG_S).await {
            if delivery.body == "good" {
                queue.delete(&name, &[delivery]).await;
            } else {
                rounds += 1;
                assert_eq!(delivery.attempts, rounds);
                queue.release(&name, &delivery, 0).await;
            }
        }
    }
    assert_eq!(queue.receive(&name, 10, LONG_S).await, []);
    assert_eq!(queue.set_aside(&name).await, ["poison"]);
}
