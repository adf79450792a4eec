//! The queues: SQS as its documentation warns. A message comes at least once, late, in any order, and again while it is still being worked on.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use syncline_engine::ports::outbox::{BODY_BYTES_MAX, Message, Outbox, OutboxError};
use syncline_model::ConnectionName;

use crate::house::{Duty, Turns};
use crate::kernel::{Event, Millis, TaskId};
use crate::scenario::Mood;

/// SQS holds a message back for 15 minutes at most.
const DELAY_MAX: Millis = 15 * 60 * 1000;

/// A message at rest.
#[derive(Clone, Debug)]
pub struct Resting {
    pub id: u64,
    pub queue: ConnectionName,
    pub body: String,
    /// Not handed out before.
    pub visible: Millis,
    pub receives: u32,
}

#[derive(Default)]
struct Inner {
    messages: BTreeMap<u64, Resting>,
    serial: u64,
    sent: u64,
    dead: Vec<Resting>,
}

pub struct SimulatedQueue {
    kernel: Turns,
    mood: Arc<Mood>,
    inner: Mutex<Inner>,
    /// Bodies that became durable since the auditor last looked.
    taken_in: Mutex<Vec<(Option<TaskId>, Message)>>,
}

/// After so many receives a message goes to the dead letters.
pub const RECEIVES_MAX: u32 = 30;

impl SimulatedQueue {
    pub fn new(kernel: Turns, mood: Arc<Mood>) -> Self {
        Self { kernel, mood, inner: Mutex::default(), taken_in: Mutex::default() }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Messages that wait or are being worked on.
    pub fn all(&self) -> Vec<Resting> {
        self.inner().messages.values().cloned().collect()
    }

    pub fn is_empty(&self) -> bool {
        self.inner().messages.is_empty()
    }

    pub fn sent(&self) -> u64 {
        self.inner().sent
    }

    pub fn dead_letters(&self) -> Vec<Resting> {
        self.inner().dead.clone()
    }

    pub fn take_taken_in(&self) -> Vec<(Option<TaskId>, Message)> {
        std::mem::take(&mut *self.taken_in.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn put(&self, message: &Message) {
        let now = self.kernel.millis();
        let due = message.due.as_millisecond().clamp(now, now + DELAY_MAX) + self.mood.queue_delay(&self.kernel);
        let copies = if self.mood.queue_duplicates(&self.kernel) { 2 } else { 1 };
        for _ in 0..copies {
            let mut inner = self.inner();
            inner.serial += 1;
            inner.sent += 1;
            let id = inner.serial;
            let resting = Resting { id, queue: message.queue.clone(), body: message.body.clone(), visible: due, receives: 0 };
            inner.messages.insert(id, resting);
        }
        self.kernel.plan(due, Event::Duty(Duty::Deliver));
        self.taken_in.lock().unwrap_or_else(PoisonError::into_inner).push((self.kernel.running(), message.clone()));
    }

    /// Hands out at most so many visible messages of a queue, in an order that the seed decides, and hides them for `hidden`; now and then SQS
    /// forgets that it did.
    pub fn receive(&self, queue: &ConnectionName, most: usize, hidden: Millis) -> Vec<Resting> {
        let now = self.kernel.millis();
        let mut ready: Vec<u64> =
            self.inner().messages.values().filter(|one| one.queue == *queue && one.visible <= now).map(|one| one.id).collect();
        let mut handed_out = Vec::new();
        while handed_out.len() < most && !ready.is_empty() {
            let place = usize::try_from(self.kernel.below(ready.len() as u64)).unwrap_or(0);
            let id = ready.swap_remove(place);
            let again = if self.mood.queue_redelivers(&self.kernel) { self.kernel.between(50, 2_000) } else { hidden };
            let mut inner = self.inner();
            let Some(resting) = inner.messages.get_mut(&id) else { continue };
            resting.visible = now + again;
            resting.receives += 1;
            let resting = resting.clone();
            drop(inner);
            self.kernel.plan(resting.visible, Event::Duty(Duty::Deliver));
            if resting.receives > RECEIVES_MAX {
                let mut inner = self.inner();
                inner.messages.remove(&id);
                inner.dead.push(resting);
                continue;
            }
            handed_out.push(resting);
        }
        handed_out
    }

    /// The function is done with it.
    pub fn delete(&self, id: u64) {
        self.inner().messages.remove(&id);
    }

    /// The function gave it back.
    pub fn give_back(&self, id: u64, visible: Millis) {
        if let Some(resting) = self.inner().messages.get_mut(&id) {
            resting.visible = visible;
        }
        self.kernel.plan(visible, Event::Duty(Duty::Deliver));
    }

    /// The moment when the next message of a queue can be handed out.
    pub fn next_visible(&self, queue: &ConnectionName) -> Option<Millis> {
        self.inner().messages.values().filter(|one| one.queue == *queue).map(|one| one.visible).min()
    }
}

#[async_trait]
impl Outbox for SimulatedQueue {
    async fn send(&self, messages: Vec<Message>) -> Result<(), OutboxError> {
        assert!(messages.iter().all(|message| message.body.len() <= BODY_BYTES_MAX), "a message is too large for SQS");
        self.kernel.effect(self.kernel.between(3, 20)).await;
        if self.mood.queue_fails(&self.kernel) {
            let some = usize::try_from(self.kernel.below(messages.len() as u64 + 1)).unwrap_or(0);
            for message in messages.iter().take(some) {
                self.put(message);
            }
            self.kernel.note(|| format!("queue: it broke off after {some} of {} messages", messages.len()));
            return Err(OutboxError::Unavailable("it broke off".into()));
        }
        for message in &messages {
            self.kernel
                .note(|| format!("queue {}: {}, {} bytes, due {:.0}", message.queue, kind(&message.body), message.body.len(), message.due));
            self.put(message);
        }
        self.kernel.effect(self.kernel.between(0, 5)).await;
        Ok(())
    }
}

/// The kind of a message, without reading further.
fn kind(body: &str) -> &str {
    ["changes_v1", "stamps_v1"].into_iter().find(|kind| body.contains(kind)).unwrap_or("a message")
}
