//! What we do besides the records: who holds a feed, who lost a transaction, how often we call, and whether a stop is kept.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use jiff::Timestamp;
use serde_json::Value as Json;
use syncline_engine::ports::outbox::Message;
use syncline_engine::ports::store::{Key, Write};
use syncline_model::Side;

use super::Auditor;
use crate::kernel::{Millis, TaskId};
use crate::vendors::{Arrived, ShutOut};

/// What may be sent to a vendor: so many calls in any window of so many milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    pub calls: u32,
    pub window: Millis,
}

/// After a refusal, the word of it has to reach the store before others can heed it.
const HEARD_AFTER: Millis = 1_000;
/// Calls that were granted before a refusal, and are sent after it.
const GRANTED_BEFORE: u32 = 2;

/// Our calls to one vendor.
#[derive(Debug, Default)]
struct Calls {
    share: Option<Share>,
    sent: VecDeque<Millis>,
    /// Since when, until when, and by whose call we know that nothing may be sent; and what was sent all the same.
    shut: Option<(Millis, Millis, Option<TaskId>, u32)>,
}

/// What the auditor remembers of our conduct.
#[derive(Debug, Default)]
pub(super) struct Conduct {
    /// By feed: who holds it, and until when.
    leases: BTreeMap<String, (TaskId, Millis)>,
    /// By worker: the queue that it serves, and the entries whose transaction somebody else won.
    workers: BTreeMap<TaskId, (String, BTreeSet<Key>)>,
    /// By connection: since when it is stopped.
    stopped: BTreeMap<String, Millis>,
    calls: [Calls; 2],
    connections: [String; 2],
}

impl Conduct {
    fn calls(&mut self, side: Side) -> &mut Calls {
        &mut self.calls[usize::from(side == Side::Right)]
    }
}

impl Auditor {
    /// What of a vendor's limit is ours, and what the connection is called.
    pub fn granted(&mut self, side: Side, connection: &str, share: Option<Share>) {
        self.conduct.calls(side).share = share;
        connection.clone_into(&mut self.conduct.connections[usize::from(side == Side::Right)]);
    }

    /// This task works through messages of this queue.
    pub fn serves(&mut self, task: TaskId, queue: &str) {
        self.conduct.workers.insert(task, (queue.to_owned(), BTreeSet::new()));
    }

    /// Whether a task is a worker that writes to this side, and so decides about the records of the other one.
    pub(super) fn writes(&self, task: Option<TaskId>, side: Side) -> bool {
        let queue = task.and_then(|task| self.conduct.workers.get(&task)).map(|(queue, _)| queue);
        queue == Some(&self.conduct.connections[usize::from(side == Side::Right)])
    }

    /// A worker ended; `finished`: with all that it was handed.
    pub fn worked(&mut self, task: TaskId, finished: bool) {
        let Some((_, lost)) = self.conduct.workers.remove(&task) else { return };
        if let Some(key) = lost.first().filter(|_| finished) {
            let says = format!("a worker was done with {} {}, which somebody else had written first", key.partition, key.sort);
            self.breach("P-5", says);
        }
    }

    /// A task died: what it knew is gone.
    pub fn died(&mut self, task: TaskId) {
        self.conduct.workers.remove(&task);
        for calls in &mut self.conduct.calls {
            if calls.shut.is_some_and(|(_, _, by, _)| by == Some(task)) {
                calls.shut = None;
            }
        }
    }

    /// P-5: who loses a transaction decides again, now or by a message of its own queue.
    pub fn lost_transactions(&mut self, lost: &[(Option<TaskId>, Vec<Key>)]) {
        for (task, keys) in lost {
            if let Some((_, open)) = task.and_then(|task| self.conduct.workers.get_mut(&task)) {
                open.extend(keys.iter().filter(|key| key.partition.starts_with("e#")).cloned());
            }
        }
    }

    pub(super) fn judge_sent(&mut self, task: Option<TaskId>, message: &Message) {
        if let Some((queue, open)) = task.and_then(|task| self.conduct.workers.get_mut(&task))
            && *queue == *message.queue.as_str()
        {
            open.clear();
        }
    }

    /// Leases, stops, and what a loser wrote after all.
    pub(super) fn judge_conduct(&mut self, now: Millis, task: Option<TaskId>, write: &Write) {
        let key = write.key();
        if let Some((_, open)) = task.and_then(|task| self.conduct.workers.get_mut(&task)) {
            open.remove(key);
        }
        if let Some(connection) = key.partition.strip_prefix("n#") {
            match write {
                Write::Put { .. } => {
                    self.conduct.stopped.entry(connection.to_owned()).or_insert(now);
                }
                Write::Delete { .. } => {
                    self.conduct.stopped.remove(connection);
                }
                Write::Check { .. } => {}
            }
        }
        if let (Write::Put { item, .. }, Some(task), true) = (write, task, key.partition.starts_with("c#")) {
            self.judge_lease(now, task, &key.sort, &item.body);
        }
    }

    /// P-8: a feed has one reader at a time, and who does not hold it does not move its cursor.
    fn judge_lease(&mut self, now: Millis, task: TaskId, feed: &str, body: &str) {
        if let Some((holder, _)) = self.conduct.leases.get(feed).filter(|(holder, until)| *holder != task && *until > now) {
            let says = format!("the cursor of {feed} was stored by #{} while #{} held it", task.0, holder.0);
            self.breach("P-8", says);
        }
        let until = serde_json::from_str::<Json>(body).ok().and_then(|body| body["leased_until"].as_str()?.parse::<Timestamp>().ok());
        match until {
            Some(until) => self.conduct.leases.insert(feed.to_owned(), (task, until.as_millisecond())),
            None => self.conduct.leases.remove(feed),
        };
    }

    /// P-6: while a connection is stopped, no worker that began after that writes there.
    pub(super) fn judge_stop(&mut self, arrived: &Arrived) {
        let Some(task) = arrived.task.filter(|_| arrived.may_change) else { return };
        let connection = self.conduct.connections[usize::from(arrived.side == Side::Right)].clone();
        if self.conduct.stopped.get(&connection).is_some_and(|since| self.begun_at(task) > *since) {
            self.breach("P-6", format!("{} {} reached {}, which is stopped", arrived.method, arrived.path, arrived.side));
        }
    }

    /// P-9: in no window we send more than our share, and after a refusal nothing before its time.
    pub(super) fn judge_call(&mut self, now: Millis, side: Side) {
        let calls = self.conduct.calls(side);
        let mut says = Vec::new();
        if let Some((since, until, _, sent)) = &mut calls.shut
            && now < *until
            && now > *since + HEARD_AFTER
        {
            *sent += 1;
            if *sent > GRANTED_BEFORE {
                says.push(format!("{side} was called before the time that it had told us to wait for"));
            }
        }
        if let Some(share) = calls.share {
            calls.sent.push_back(now);
            while calls.sent.front().is_some_and(|at| *at <= now - share.window) {
                calls.sent.pop_front();
            }
            if calls.sent.len() > usize::try_from(share.calls).unwrap_or(usize::MAX) {
                says.push(format!("{side} was sent {} calls within its window, of {} that are ours", calls.sent.len(), share.calls));
            }
        }
        for says in says {
            self.breach("P-9", says);
        }
    }

    pub(super) fn shut_out(&mut self, now: Millis, told: ShutOut) {
        let calls = self.conduct.calls(told.side);
        let until = now + told.seconds * 1_000;
        // Of several refusals the first counts, as long as it holds.
        if calls.shut.is_none_or(|(_, end, _, _)| end <= now) {
            calls.shut = Some((now, until, told.task, 0));
        }
    }
}
