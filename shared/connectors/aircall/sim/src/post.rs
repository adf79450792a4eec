//! Events on their way to webhooks: at least once, in no order, with retries; a webhook that fails too often is switched off (fact sheet §8).

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::Value;
use syncline_simulator::Population;

use crate::Aircall;

/// Failures of a webhook in a row after which it is switched off: the vendor's pages say 50, and elsewhere 10.
pub(crate) const FAILURES_MAX: u32 = 50;
/// How long an event is tried, and how long a webhook that was switched off is tried still.
pub(crate) const TRIED_S: i64 = 12 * 3600;
/// Between two tries (unverified).
const RETRY_S: i64 = 60;
/// How much later an event may come that is held up.
const HELD_UP_S: i64 = 90;

/// One event for one webhook, to be posted now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// With which its outcome is told.
    pub number: u64,
    pub webhook_id: String,
    pub url: String,
    pub body: Bytes,
    /// From 1.
    pub attempt: u32,
}

struct Letter {
    delivery: Delivery,
    born: i64,
    due: i64,
    under_way: bool,
}

pub(crate) struct Post {
    letters: Vec<Letter>,
    numbered: u64,
    rolls: Population,
    unkind: bool,
}

impl Post {
    pub(crate) fn new(seed: u64, unkind: bool) -> Self {
        Self { letters: Vec::new(), numbered: 0, rolls: Population::new(seed), unkind }
    }

    /// Takes one event. An unkind post sends every eighth twice, and every eighth late.
    pub(crate) fn put(&mut self, now: i64, webhook_id: &str, url: &str, body: &Value) {
        let body = Bytes::from(body.to_string());
        let roll = u32::try_from(self.numbered % u64::from(u32::MAX)).map_or(0, |index| self.rolls.roll(32, index) % 8);
        let (copies, due) = match (self.unkind, roll) {
            (true, 0) => (2, now),
            (true, 1) => (1, now + HELD_UP_S),
            (_, _) => (1, now),
        };
        for _ in 0..copies {
            self.numbered += 1;
            let delivery =
                Delivery { number: self.numbered, webhook_id: webhook_id.to_owned(), url: url.to_owned(), body: body.clone(), attempt: 1 };
            self.letters.push(Letter { delivery, born: now, due, under_way: false });
        }
    }
}

impl Aircall {
    /// What is to be posted now. Each is handed out once; [`Aircall::delivered`] says what became of it.
    pub fn deliveries(&mut self, now: Timestamp) -> Vec<Delivery> {
        let now = now.as_second();
        self.pass(now);
        self.post.letters.retain(|letter| letter.under_way || now - letter.born <= TRIED_S);
        let mut due: Vec<&mut Letter> = self.post.letters.iter_mut().filter(|letter| !letter.under_way && letter.due <= now).collect();
        due.sort_by_key(|letter| letter.due);
        due.into_iter()
            .map(|letter| {
                letter.under_way = true;
                letter.delivery.clone()
            })
            .collect()
    }

    /// The receiver's answer; `None`: none within five seconds. Anything but 2xx is a failure, and the event comes again.
    pub fn delivered(&mut self, now: Timestamp, number: u64, status: Option<u16>) {
        let now = now.as_second();
        let Some(place) = self.post.letters.iter().position(|letter| letter.delivery.number == number) else { return };
        if status.is_some_and(|status| (200..300).contains(&status)) {
            let letter = self.post.letters.remove(place);
            self.hooks.succeeded(&letter.delivery.webhook_id);
            return;
        }
        if let Some(letter) = self.post.letters.get_mut(place) {
            letter.under_way = false;
            letter.due = now + RETRY_S;
            letter.delivery.attempt += 1;
            self.hooks.failed(&letter.delivery.webhook_id, now);
        }
    }

    /// How many events wait or are under way.
    pub fn undelivered(&self) -> usize {
        self.post.letters.len()
    }
}
