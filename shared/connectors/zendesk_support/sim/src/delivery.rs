//! What leaves the account: signed events, sent again only after some answers, and a breaker that drops them (fact sheet §7.2, §7.3).
//!
//! The simulator sends nothing itself: [`Support::deliveries`] hands out what is due, and [`Support::delivered`] takes the receiver's answer.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use serde_json::{Value as Json, json};
use sha2::Sha256;
use syncline_simulator::Request;

use crate::events::{Happening, pretty, signature_stamp};
use crate::wire::fine_stamp;
use crate::{Profile, Support};

/// Attempts after a conflict, and after a time-out (not documented).
const AGAIN_CONFLICT_MAX: u32 = 3;
const AGAIN_TIMEOUT_MAX: u32 = 5;
/// A wait that is longer than this is not waited for, in seconds (not documented).
const RETRY_AFTER_S_MAX: i64 = 60;
/// How long after an attempt that timed out the next one comes, in seconds (not documented).
const AGAIN_S: i64 = 10;
/// The breaker looks so far back, in seconds.
const BREAKER_WINDOW_S: i64 = 300;
/// It opens when of at least so many attempts more than seven in ten failed, or above so many failures.
const BREAKER_ATTEMPTS_MIN: usize = 10;
const BREAKER_FAILURES_MAX: usize = 1_000;
/// How long it stays open, in seconds (not documented).
const BREAKER_OPEN_S: i64 = 5;
/// Invocations a minute of a trial account.
const TRIAL_INVOCATIONS_MAX: usize = 60;

/// What became of an event for one webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It waits, or is on its way.
    Pending,
    Success,
    /// It will not be sent again.
    Terminated,
    /// It was never sent: too many in a trial's minute.
    Throttled,
    /// It was never sent: the breaker was open.
    CircuitBroken,
}

impl Fate {
    fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Success => "success",
            Self::Terminated => "terminated",
            Self::Throttled => "throttled",
            Self::CircuitBroken => "circuit broken",
        }
    }
}

/// One event for one webhook.
#[derive(Clone, Debug)]
pub(crate) struct Invocation {
    pub(crate) id: String,
    pub(crate) fate: Fate,
    created_at: i64,
    event_type: String,
    body: String,
    due: i64,
    tries: u32,
    answers: Vec<Option<u16>>,
}

impl Invocation {
    pub(crate) fn shape(&self, webhook: &str) -> Json {
        json!({
            "id": self.id, "status": self.fate.word(), "webhook_id": webhook, "latest_completed_at": fine_stamp(self.created_at),
            "event_type": self.event_type
        })
    }

    /// Some attempts lack what was sent (fact sheet §7.1: recorded).
    pub(crate) fn attempts(&self, webhook: &str) -> Json {
        let attempts = self.answers.iter().enumerate().map(|(place, status)| {
            json!({
                "id": format!("{}-{place}", self.id), "invocation_id": self.id, "webhook_id": webhook, "status": self.fate.word(),
                "completed_at": fine_stamp(self.created_at),
                "request": {"headers": [], "payload": self.body},
                "response": {"headers": [], "status_code": status.unwrap_or(504), "payload": ""}
            })
        });
        let attempts: Vec<Json> = attempts.collect();
        if attempts.is_empty() { json!([{"id": format!("{}-0", self.id), "status": self.fate.word()}]) } else { json!(attempts) }
    }
}

/// The breaker of one webhook.
#[derive(Clone, Debug, Default)]
pub(crate) struct Breaker {
    /// When each attempt ended, and whether it failed.
    attempts: Vec<(i64, bool)>,
    open_until: i64,
}

impl Breaker {
    fn note(&mut self, now: i64, failed: bool) {
        self.attempts.push((now, failed));
        self.attempts.retain(|(at, _)| *at > now - BREAKER_WINDOW_S);
        let failures = self.attempts.iter().filter(|(_, failed)| *failed).count();
        let many = self.attempts.len() >= BREAKER_ATTEMPTS_MIN && failures * 10 > self.attempts.len() * 7;
        if many || failures > BREAKER_FAILURES_MAX {
            self.open_until = now + BREAKER_OPEN_S;
            self.attempts.clear();
        }
    }
}

/// An event on its way to a receiver.
#[derive(Clone, Debug)]
pub struct Delivery {
    pub webhook: String,
    pub invocation: String,
    /// With the endpoint's whole address, the signature's headers, and the raw body.
    pub request: Request,
}

/// `base64(HMAC-SHA256(secret as text, timestamp + raw body))` (fact sheet §0.6: documented).
pub fn signature(secret: &str, timestamp: &str, body: &str) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return String::new() };
    mac.update(timestamp.as_bytes());
    mac.update(body.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

impl Support {
    /// Notes what happened, for every webhook that is subscribed to it.
    pub(crate) fn happened(&mut self, now: i64, happening: &Happening) {
        self.events += 1;
        let id = format!("01GX{:022}", self.events);
        let event_type = happening.event_type();
        let body = pretty(&happening.body(self.profile.account_id, &id, now));
        let (profile, events) = (&self.profile, self.events);
        for webhook in self.webhooks.by_id.values_mut() {
            if !(webhook.active && webhook.subscriptions.contains(&event_type)) {
                continue;
            }
            let recent = webhook.invocations.iter().filter(|known| known.created_at > now - 60).count();
            let fate = if webhook.breaker.open_until > now {
                Fate::CircuitBroken
            } else if profile.trial && recent >= TRIAL_INVOCATIONS_MAX {
                Fate::Throttled
            } else {
                Fate::Pending
            };
            let copies = if fate == Fate::Pending && is_nth(profile.delivery_twice_every, events) { 2 } else { 1 };
            for _ in 0..copies {
                let invocation = Invocation {
                    id: format!("{id}-{}", webhook.invocations.len()),
                    fate,
                    created_at: now,
                    event_type: event_type.clone(),
                    body: body.clone(),
                    due: now + profile.delivery_lag_s,
                    tries: 0,
                    answers: Vec::new(),
                };
                webhook.invocations.push(invocation);
            }
        }
    }

    /// The events that are due, each once until its answer is told. Order means nothing: the profile may turn it round.
    pub fn deliveries(&mut self, now: Timestamp) -> Vec<Delivery> {
        let now = now.as_second();
        let mut due = Vec::new();
        for webhook in self.webhooks.by_id.values_mut() {
            for invocation in webhook.invocations.iter_mut().filter(|known| known.fate == Fate::Pending && known.due <= now) {
                invocation.tries += 1;
                invocation.due = i64::MAX;
                if let Some(request) = request(&self.profile, webhook.id.as_str(), &webhook.endpoint, &webhook.secret, invocation, now) {
                    due.push(Delivery { webhook: webhook.id.clone(), invocation: invocation.id.clone(), request });
                }
            }
        }
        if self.profile.delivery_backwards {
            due.reverse();
        }
        due
    }

    /// The receiver answered with this status, and maybe a time to wait; `None`: not within ten seconds.
    pub fn delivered(&mut self, now: Timestamp, delivery: &Delivery, status: Option<u16>, retry_after_s: Option<i64>) {
        let now = now.as_second();
        let Some(webhook) = self.webhooks.by_id.get_mut(&delivery.webhook) else { return };
        let succeeded = status.is_some_and(|status| (200..300).contains(&status));
        webhook.breaker.note(now, !succeeded);
        let Some(invocation) = webhook.invocations.iter_mut().find(|known| known.id == delivery.invocation) else { return };
        invocation.answers.push(status);
        let waits = retry_after_s.filter(|wait| *wait < RETRY_AFTER_S_MAX);
        let again = match status {
            None => (invocation.tries <= AGAIN_TIMEOUT_MAX).then_some(AGAIN_S),
            Some(409) => (invocation.tries <= AGAIN_CONFLICT_MAX).then_some(1),
            Some(429 | 503) => waits.filter(|_| invocation.tries <= AGAIN_TIMEOUT_MAX),
            Some(_) => None,
        };
        match again {
            Some(wait) if !succeeded => invocation.due = now + wait,
            Some(_) | None => invocation.fate = if succeeded { Fate::Success } else { Fate::Terminated },
        }
    }

    /// What became of the events for a webhook, oldest first.
    pub fn fates(&self, webhook: &str) -> Vec<Fate> {
        self.webhooks.by_id.get(webhook).into_iter().flat_map(|known| &known.invocations).map(|invocation| invocation.fate).collect()
    }
}

/// Whether the number is a multiple; never where there is none.
fn is_nth(every: u64, number: u64) -> bool {
    every > 0 && number.is_multiple_of(every)
}

fn request(profile: &Profile, id: &str, endpoint: &str, secret: &str, invocation: &Invocation, now: i64) -> Option<Request> {
    let timestamp = signature_stamp(now);
    http::Request::post(endpoint)
        .header("user-agent", "Zendesk Webhook")
        .header("content-type", "application/json; charset=utf-8")
        .header("x-zendesk-account-id", profile.account_id.to_string())
        .header("x-zendesk-webhook-id", id)
        .header("x-zendesk-webhook-invocation-id", &invocation.id)
        .header("x-zendesk-webhook-signature-timestamp", &timestamp)
        .header("x-zendesk-webhook-signature", signature(secret, &timestamp, &invocation.body))
        .body(Bytes::from(invocation.body.clone()))
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vendor's own sample, in today's order, and a recorded test call (fact sheet §7.2).
    #[test]
    fn signatures_are_the_vendors() {
        let vectors = [
            (
                "HRkRd4BeOAoUkfZr-mhauJT64rvBASlJRoIyPsd3zeA=",
                "2021-07-25T10:00:00Z",
                "{\"say\": \"hello\"}",
                "Rry/4TtIdFyawtXXp8QdI6tlAUUQ/5kL1OTp5qo/ZIk=",
            ),
            (crate::webhooks::TEST_SECRET, "2023-09-18T23:38:13Z", "", "muttWn9lEppRQvaq5+5YBVmYZiaQLuoqHGCE4rphSog="),
        ];
        for (secret, timestamp, body, expected) in vectors {
            assert_eq!(signature(secret, timestamp, body), expected);
        }
    }
}
