//! The shared budget: a token bucket per connection and limit in the store, taken in blocks, so that functions that each behave well
//! cannot be refused together.
//!
//! A quarter of what we may use is the burst, three quarters flow in over the window: in any window of the vendor's, wherever it begins, we
//! stay within our share. Fails closed: no bucket, no call.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use syncline_model::mutant::{Mutant, planted};
use syncline_model::{ConnectionName, Timestamp};

use crate::keys;
use crate::ports::clock::Clock;
use crate::ports::http::EndpointClass;
use crate::ports::store::{Expect, Item, Store, StoreError, Write};
use crate::ports::vendor::{Limit, RateFacts};

/// Why there is no token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoToken {
    /// The next one comes then.
    Until(Timestamp),
    /// The store did not answer: no bucket, no call.
    Unknown(String),
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Bucket {
    v: u8,
    /// Thousandths of a token.
    millis: i64,
    /// When `millis` held, in milliseconds since the epoch.
    at: i64,
    /// The vendor refused us: nothing goes before this moment.
    #[serde(default)]
    closed_until: Option<i64>,
    /// Which window `taken` was counted in, from the epoch on.
    #[serde(default, skip_serializing_if = "is_zero")]
    window: i64,
    /// Tokens taken in that window, those among them that a process still holds.
    #[serde(default, skip_serializing_if = "is_zero")]
    taken: i64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_zero(number: &i64) -> bool {
    *number == 0
}

/// How far a limit is used, for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Standing {
    /// Calls taken in the present window of the clock (the minute, the day in UTC), by all processes together.
    pub used: i64,
    /// How many of the vendor's limit are ours in a window.
    pub share: i64,
    /// Calls that can be made at once.
    pub at_once: i64,
    /// When `at_once` was counted; `None`: nothing was taken yet.
    pub at: Option<Timestamp>,
    /// The vendor refused us: nothing goes before this moment.
    pub closed_until: Option<Timestamp>,
}

/// Tokens taken from the store and not used yet by this process.
#[derive(Clone, Copy, Debug, Default)]
struct Block {
    tokens: i64,
    closed_until: Option<Timestamp>,
}

/// A connection's limits and this process's share of them.
pub struct Budget {
    connection: ConnectionName,
    limits: Vec<Limit>,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    blocks: Mutex<BTreeMap<String, Block>>,
    usage: Mutex<BTreeMap<EndpointClass, u64>>,
    vendor_left: Mutex<Option<(u32, Option<u32>)>>,
    spent: AtomicU64,
}

/// What a connection has used and has left, for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Usage {
    /// Calls of this process, by endpoint class.
    pub calls: BTreeMap<String, u64>,
    /// What the vendor said last was left in its own window, of how many.
    pub vendor_left: Option<u32>,
    pub vendor_limit: Option<u32>,
}

/// How often a contended bucket is tried before the call is given up.
const TRIES_MAX: u32 = 8;

const DAY_S: i64 = 86_400;

/// No page of a listing takes more calls: one for each hundred of some thousands of agents is the most.
const PAGE_CALLS_MAX: i64 = 50;

fn name(limit: &Limit) -> String {
    format!("{}/{}", limit.class.unwrap_or("all"), limit.window_s)
}

/// What of a limit is ours.
fn ours(limit: &Limit) -> i64 {
    (i64::from(limit.calls) * (100 - i64::from(limit.reserve_percent.min(99))) / 100).max(1)
}

/// The most tokens that a bucket holds.
fn capacity(limit: &Limit) -> i64 {
    (ours(limit) / 4).max(1)
}

impl Budget {
    pub fn new(connection: ConnectionName, limits: Vec<Limit>, store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Self {
        Self {
            connection,
            limits,
            store,
            clock,
            blocks: Mutex::default(),
            usage: Mutex::default(),
            vendor_left: Mutex::default(),
            spent: AtomicU64::new(0),
        }
    }

    /// Takes `units` for a call of this class from each limit that holds for it.
    pub async fn take(&self, class: EndpointClass, units: u32) -> Result<(), NoToken> {
        let mut taken: Vec<&Limit> = Vec::new();
        for limit in self.limits.iter().filter(|limit| limit.class.is_none_or(|its| its == class)) {
            if let Err(none) = self.take_from(limit, i64::from(units)).await {
                // What another limit gave is not lost: the next call uses it.
                for limit in taken {
                    self.block(limit, |block| block.tokens += i64::from(units));
                }
                if matches!(none, NoToken::Until(_)) {
                    self.spent.fetch_add(1, Ordering::Relaxed);
                }
                return Err(none);
            }
            taken.push(limit);
        }
        *lock(&self.usage).entry(class).or_default() += u64::from(units);
        Ok(())
    }

    /// Whether there is room for work that can wait (a backfill): live changes go ahead, so a part of each bucket is theirs alone.
    pub async fn room(&self) -> Result<(), NoToken> {
        self.holds(|limit| (capacity(limit) / 4).max(1)).await
    }

    /// Whether each bucket holds a burst, or [`PAGE_CALLS_MAX`] of a larger one. A listing that met a spent budget goes on then, and not with the next
    /// token: a page may take many calls, and what it has read is lost with the one that is missing.
    pub async fn rested(&self) -> Result<(), NoToken> {
        self.holds(|limit| capacity(limit).min(PAGE_CALLS_MAX)).await
    }

    async fn holds(&self, wanted: impl Fn(&Limit) -> i64) -> Result<(), NoToken> {
        let mut until: Option<Timestamp> = None;
        for limit in &self.limits {
            let now = self.clock.now();
            let (_, bucket) = self.load(limit, now).await?;
            let held = self.block(limit, |block| block.tokens);
            let missing = wanted(limit) - held - bucket.millis / 1000;
            let filled = (missing > 0).then(|| now + wait_for(limit, missing));
            until = [until, closed(&bucket, now), filled].into_iter().flatten().max();
        }
        until.map_or(Ok(()), |until| Err(NoToken::Until(until)))
    }

    /// How long one call takes at the pace at which the connection's whole budget flows in: what a plan's duration and the spacing of
    /// retries follow from.
    pub fn pace(&self) -> SignedDuration {
        self.whole().map(|limit| wait_for(limit, 1)).max().unwrap_or(SignedDuration::ZERO)
    }

    /// How many calls may be made in a day, by the narrowest limit on all of them.
    pub fn calls_per_day(&self) -> u64 {
        let of = |limit: &Limit| ours(limit).saturating_mul(DAY_S) / i64::from(limit.window_s.max(1));
        self.whole().map(of).min().map_or(u64::MAX, |calls| u64::try_from(calls).unwrap_or(0))
    }

    /// How many calls can be made at once after a rest.
    pub fn burst(&self) -> u32 {
        self.whole().map(|limit| u32::try_from(capacity(limit)).unwrap_or(u32::MAX)).min().unwrap_or(u32::MAX)
    }

    /// How many records one burst serves, and how long it takes until the next burst is there, where `batch` records go into one call and
    /// each call is accompanied by so many.
    pub fn spacing(&self, batch: u32, calls_each: u32) -> (u32, SignedDuration) {
        let calls = (self.burst() / calls_each.max(1)).clamp(1, 50);
        (calls.saturating_mul(batch), self.pace().saturating_mul(i32::try_from(calls * calls_each).unwrap_or(i32::MAX)))
    }

    fn whole(&self) -> impl Iterator<Item = &Limit> {
        self.limits.iter().filter(|limit| limit.class.is_none())
    }

    /// Believes the vendor's own count over ours.
    pub async fn hear(&self, class: EndpointClass, facts: &RateFacts) {
        if let Some(left) = facts.left {
            *lock(&self.vendor_left) = Some((left, facts.limit));
        }
        if !facts.refused || planted(Mutant::RefusalUnheard) {
            return;
        }
        let now = self.clock.now();
        let until = facts.until.unwrap_or(now + SignedDuration::from_secs(60));
        for limit in &self.limits {
            let concerns = if facts.class_only { limit.class == Some(class) } else { limit.class.is_none() };
            if !concerns {
                continue;
            }
            self.block(limit, |block| *block = Block { tokens: 0, closed_until: Some(until) });
            for _ in 0..TRIES_MAX {
                let Ok((version, mut bucket)) = self.load(limit, now).await else { break };
                bucket.millis = 0;
                bucket.closed_until = Some(bucket.closed_until.unwrap_or_default().max(until.as_millisecond()));
                if self.save(limit, version, &bucket).await.is_ok() {
                    break;
                }
            }
        }
        // A refusal of a class that has no limit of its own still closes the door: the whole connection waits.
        if facts.class_only && !self.limits.iter().any(|limit| limit.class == Some(class)) {
            for limit in self.limits.iter().filter(|limit| limit.class.is_none()) {
                self.block(limit, |block| block.closed_until = Some(until));
            }
        }
    }

    /// How often a call of this process had to wait because the budget was spent. Work that only steps back for others is not counted.
    pub fn spent(&self) -> u64 {
        self.spent.load(Ordering::Relaxed)
    }

    /// How far each limit is used, by its name (`all/60`: all calls, a window of 60 seconds).
    pub async fn standings(&self) -> Result<BTreeMap<String, Standing>, StoreError> {
        let now = self.clock.now();
        let keys: Vec<_> = self.limits.iter().map(|limit| keys::budget(&self.connection, &name(limit))).collect();
        let items = self.store.get(&keys).await?;
        let mut standings = BTreeMap::new();
        for (limit, item) in self.limits.iter().zip(items) {
            let (full, share) = (capacity(limit), ours(limit));
            let fresh = Standing { used: 0, share, at_once: full, at: None, closed_until: None };
            let stored = item.and_then(|item| serde_json::from_str::<Bucket>(&item.body).ok());
            let standing = stored.map_or(fresh, |stored| Standing {
                used: if stored.window == window(limit, now) { stored.taken } else { 0 },
                share,
                at_once: stored.millis / 1000,
                at: Timestamp::from_millisecond(stored.at).ok(),
                closed_until: closed(&stored, now),
            });
            standings.insert(name(limit), standing);
        }
        Ok(standings)
    }

    pub fn usage(&self) -> Usage {
        let vendor = *lock(&self.vendor_left);
        Usage {
            calls: lock(&self.usage).iter().map(|(class, calls)| ((*class).to_owned(), *calls)).collect(),
            vendor_left: vendor.map(|(left, _)| left),
            vendor_limit: vendor.and_then(|(_, limit)| limit),
        }
    }

    async fn take_from(&self, limit: &Limit, units: i64) -> Result<(), NoToken> {
        for _ in 0..TRIES_MAX {
            let now = self.clock.now();
            let from_block = self.block(limit, |block| {
                if let Some(until) = block.closed_until {
                    if until > now {
                        return Err(NoToken::Until(until));
                    }
                    block.closed_until = None;
                }
                if block.tokens >= units {
                    block.tokens -= units;
                    return Ok(true);
                }
                Ok(false)
            })?;
            if from_block {
                return Ok(());
            }
            let (version, mut bucket) = self.load(limit, now).await?;
            if let Some(until) = closed(&bucket, now) {
                return Err(NoToken::Until(until));
            }
            let there = bucket.millis / 1000;
            if there < units {
                return Err(NoToken::Until(now + wait_for(limit, units - there)));
            }
            // A block large enough that the store is asked seldom, small enough that several processes share.
            let block = (capacity(limit) / 8).clamp(units, 200.max(units)).min(there);
            bucket.millis -= block * 1000;
            let present = window(limit, now);
            bucket.taken = if bucket.window == present { bucket.taken + block } else { block };
            bucket.window = present;
            match self.save(limit, version, &bucket).await {
                Ok(()) => self.block(limit, |held| held.tokens += block),
                Err(StoreError::Lost { .. }) => {}
                Err(StoreError::Unavailable(problem) | StoreError::Refused(problem)) => return Err(NoToken::Unknown(problem)),
            }
        }
        Err(NoToken::Unknown(format!("the budget of {} is contended", self.connection)))
    }

    fn block<T>(&self, limit: &Limit, change: impl FnOnce(&mut Block) -> T) -> T {
        change(lock(&self.blocks).entry(name(limit)).or_default())
    }

    /// The bucket as it is now, with what has flowed in.
    async fn load(&self, limit: &Limit, now: Timestamp) -> Result<(u64, Bucket), NoToken> {
        let key = keys::budget(&self.connection, &name(limit));
        let item = match self.store.get(&[key]).await {
            Ok(mut items) => items.pop().flatten(),
            Err(error) => return Err(NoToken::Unknown(error.to_string())),
        };
        let full = capacity(limit) * 1000;
        let now = now.as_millisecond();
        let Some(item) = item.filter(|_| !planted(Mutant::BudgetPerProcess)) else {
            return Ok((0, Bucket { v: 1, millis: full, at: now, ..Bucket::default() }));
        };
        let mut bucket: Bucket = serde_json::from_str(&item.body).map_err(|error| NoToken::Unknown(error.to_string()))?;
        let window = i64::from(limit.window_s) * 1000;
        let elapsed = (now - bucket.at).clamp(0, window);
        // Three quarters of our share flow in over a window.
        let inflow = i64::try_from(i128::from(ours(limit)) * 750 * i128::from(elapsed) / i128::from(window.max(1))).unwrap_or(0);
        bucket.millis = (bucket.millis + inflow).min(full);
        bucket.at = bucket.at.max(now);
        Ok((item.version, bucket))
    }

    async fn save(&self, limit: &Limit, version: u64, bucket: &Bucket) -> Result<(), StoreError> {
        let key = keys::budget(&self.connection, &name(limit));
        let body = serde_json::to_string(bucket).map_err(|error| StoreError::Unavailable(error.to_string()))?;
        if planted(Mutant::BudgetPerProcess) {
            return Ok(());
        }
        let expect = if version == 0 { Expect::Absent } else { Expect::Version(version) };
        self.store.write(vec![Write::Put { item: Item { key, body, version: version + 1, expires: None }, expect }]).await
    }
}

fn closed(bucket: &Bucket, now: Timestamp) -> Option<Timestamp> {
    bucket.closed_until.and_then(|until| Timestamp::from_millisecond(until).ok()).filter(|until| *until > now)
}

/// Which window of the clock a moment is in.
fn window(limit: &Limit, now: Timestamp) -> i64 {
    now.as_second().div_euclid(i64::from(limit.window_s.max(1)))
}

/// How long it takes until so many tokens have flowed in.
fn wait_for(limit: &Limit, tokens: i64) -> SignedDuration {
    let per_window = (ours(limit) * 3 / 4).max(1);
    SignedDuration::from_millis((tokens * i64::from(limit.window_s) * 1000 + per_window - 1) / per_window)
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
