//! The queue of one machine, in a time that the test sets.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use syncline_contracts::clock::HandClock;
use syncline_contracts::queue::{Delivery, Queue, RECEIVES_MAX};
use syncline_engine::ports::clock::Clock;
use syncline_engine::ports::outbox::Outbox;
use syncline_local::EmbeddedQueue;
use syncline_model::{ConnectionName, Timestamp};

pub(crate) struct Embedded {
    queue: EmbeddedQueue,
    clock: Arc<HandClock>,
}

impl Embedded {
    pub(crate) async fn open(folder: &Path) -> Self {
        Self { queue: EmbeddedQueue::open(folder, RECEIVES_MAX).await.unwrap(), clock: HandClock::new() }
    }
}

#[async_trait]
impl Queue for Embedded {
    fn outbox(&self) -> &dyn Outbox {
        &self.queue
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    async fn receive(&self, queue: &ConnectionName, max: u32, hidden_s: u32) -> Vec<Delivery> {
        let deliveries = self.queue.receive(queue, max, hidden_s, self.now()).await.unwrap();
        let same = |delivery: syncline_local::Delivery| Delivery {
            id: delivery.id,
            receipt: delivery.receipt,
            body: delivery.body,
            attempts: delivery.attempts,
        };
        deliveries.into_iter().map(same).collect()
    }

    async fn receive_next(&self, queue: &ConnectionName, max: u32, hidden_s: u32) -> Vec<Delivery> {
        let next = self.queue.next_due(queue).await.unwrap();
        self.clock.reach(next.expect("a message that will come"));
        self.receive(queue, max, hidden_s).await
    }

    async fn delete(&self, _queue: &ConnectionName, deliveries: &[Delivery]) {
        let receipts: Vec<String> = deliveries.iter().map(|delivery| delivery.receipt.clone()).collect();
        assert_eq!(self.queue.delete(&receipts).await.unwrap(), receipts.len());
    }

    async fn release(&self, _queue: &ConnectionName, delivery: &Delivery, in_s: u32) {
        let due = self.now() + std::time::Duration::from_secs(u64::from(in_s));
        assert!(self.queue.release(&delivery.receipt, due).await.unwrap());
    }

    async fn set_aside(&self, queue: &ConnectionName) -> Vec<String> {
        self.queue.dead_letters(queue, None, 10).await.unwrap().into_iter().map(|dead| dead.body).collect()
    }
}
