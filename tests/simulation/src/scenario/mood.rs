//! What goes wrong, how often; until it is told to stop.

use std::sync::atomic::{AtomicBool, Ordering};

use syncline_simulator::Trouble;

use super::Emphasis;
use crate::house::Turns;
use crate::kernel::Millis;

/// What happens to a call on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mishap {
    /// The request leaves us and never arrives.
    Swallowed,
    Known(Trouble),
}

/// One in so many; 0 for never.
#[derive(Clone, Debug, Default)]
struct Rates {
    store_read: u32,
    store_write: u32,
    store_answer: u32,
    queue_fails: u32,
    queue_duplicates: u32,
    queue_redelivers: u32,
    queue_delays: u32,
    wire_slow: u32,
    wire_lost: u32,
    wire_broken: u32,
    wire_refused: u32,
    wire_after_commit: u32,
    write_unanswered: u32,
}

/// Every kind of trouble, as it is counted.
pub const TROUBLES: [&str; 12] = [
    "a read of the store fails",
    "a write to the store fails",
    "the answer of the store is lost",
    "the queue breaks off",
    "the queue keeps a message twice",
    "the queue delays a message",
    "the queue hands out a message twice",
    "a vendor is slow",
    "a call gets no answer",
    "a vendor acts and answers badly",
    "a vendor refuses a call",
    "a vendor answers nonsense",
];

/// The troubles of a run.
pub struct Mood {
    rates: Rates,
    calm: AtomicBool,
}

impl Mood {
    pub fn new(seed: u64, emphasis: Emphasis) -> Self {
        let mut chance = fastrand::Rng::with_seed(seed ^ 0x0BAD_3000);
        // One seed in eight is kind: a defect that shows there needs no trouble.
        let kind = chance.u32(0..8) == 0;
        let mut rate = |often: u32| if kind || chance.bool() { 0 } else { chance.u32(often..often * 8) };
        let rates = Rates {
            store_read: rate(30),
            store_write: rate(20),
            store_answer: rate(20),
            queue_fails: rate(15),
            // A message that hops is sent again each time: copies of copies would drown the world.
            queue_duplicates: rate(25),
            queue_redelivers: rate(6),
            queue_delays: rate(4),
            wire_slow: rate(8),
            wire_lost: rate(12),
            wire_broken: rate(20),
            wire_refused: rate(12),
            wire_after_commit: rate(12),
            write_unanswered: if emphasis == Emphasis::Newborns { 3 } else { 0 },
        };
        Self { rates, calm: AtomicBool::new(false) }
    }

    /// Nothing ever goes wrong.
    pub fn none() -> Self {
        Self { rates: Rates::default(), calm: AtomicBool::new(false) }
    }

    /// From now on nothing goes wrong.
    pub fn calm(&self) {
        self.hush(true);
    }

    /// Nothing goes wrong for a while.
    pub fn hush(&self, calm: bool) {
        self.calm.store(calm, Ordering::Relaxed);
    }

    pub fn is_calm(&self) -> bool {
        self.calm.load(Ordering::Relaxed)
    }

    fn happens(&self, kernel: &Turns, rate: u32, what: &'static str) -> bool {
        let happens = rate > 0 && !self.is_calm() && kernel.running().is_some() && kernel.one_in(rate);
        if happens {
            kernel.happened(what);
            kernel.troubles();
        }
        happens
    }

    pub fn store_read_fails(&self, kernel: &Turns) -> bool {
        self.happens(kernel, self.rates.store_read, "a read of the store fails")
    }

    pub fn store_write_fails(&self, kernel: &Turns) -> bool {
        self.happens(kernel, self.rates.store_write, "a write to the store fails")
    }

    pub fn store_answer_lost(&self, kernel: &Turns) -> bool {
        self.happens(kernel, self.rates.store_answer, "the answer of the store is lost")
    }

    pub fn queue_fails(&self, kernel: &Turns) -> bool {
        self.happens(kernel, self.rates.queue_fails, "the queue breaks off")
    }

    pub fn queue_duplicates(&self, kernel: &Turns) -> bool {
        self.happens(kernel, self.rates.queue_duplicates, "the queue keeps a message twice")
    }

    pub fn queue_redelivers(&self, kernel: &Turns) -> bool {
        let happens = !self.is_calm() && kernel.one_in(self.rates.queue_redelivers);
        if happens {
            kernel.happened("the queue hands out a message twice");
        }
        happens
    }

    pub fn queue_delay(&self, kernel: &Turns) -> Millis {
        if self.happens(kernel, self.rates.queue_delays, "the queue delays a message") { kernel.between(1_000, 600_000) } else { 0 }
    }

    pub fn wire_delay(&self, kernel: &Turns) -> Millis {
        if self.happens(kernel, self.rates.wire_slow, "a vendor is slow") { kernel.between(500, 25_000) } else { 0 }
    }

    /// What happens to a call, which may be one that writes.
    pub fn wire_trouble(&self, kernel: &Turns, writes: bool) -> Option<Mishap> {
        if writes && self.happens(kernel, self.rates.write_unanswered, "a call gets no answer") {
            return Some(Mishap::Known(Trouble::AnswerLost));
        }
        if self.happens(kernel, self.rates.wire_lost, "a call gets no answer") {
            return Some(if kernel.one_in(2) { Mishap::Swallowed } else { Mishap::Known(Trouble::AnswerLost) });
        }
        if self.happens(kernel, self.rates.wire_after_commit, "a vendor acts and answers badly") {
            return Some(Mishap::Known(if kernel.one_in(2) { Trouble::HtmlErrorAfterCommit } else { Trouble::CutBody }));
        }
        if self.happens(kernel, self.rates.wire_refused, "a vendor refuses a call") {
            return Some(Mishap::Known(if kernel.one_in(2) { Trouble::NeverSent } else { Trouble::HtmlError }));
        }
        if self.happens(kernel, self.rates.wire_broken, "a vendor answers nonsense") {
            return Some(Mishap::Known(if kernel.one_in(2) { Trouble::HtmlInsteadOfJson } else { Trouble::EmptyBody }));
        }
        None
    }
}
