//! The queue on one machine: SQS's promises on a `SQLite` file of its own.
//!
//! Promises kept: durable when `send` returns, at least once, handed out when due, hidden while somebody works on it, handed out again
//! when its visibility ends, and set aside as a dead letter after `receives_max` deliveries.
//! Durability: WAL with `synchronous = NORMAL`: what was answered survives `kill -9`. A power cut may lose the last moments; the next
//! pull or sweep finds those changes again.
//! Waking: a counter in a `watch` channel rather than a bare notification, because several workers wait and none may miss an arrival
//! that falls between its look into the queue and its waiting.
//! `SQLite` work runs on blocking threads, one at a time, so that a checkpoint never holds up the runtime.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use rusqlite::{Connection, Transaction, TransactionBehavior, params};
use syncline_aws::{BATCH_MESSAGES_MAX, Batch, batches, billed_requests};
use syncline_engine::ports::outbox::{Message, Outbox, OutboxError};
use syncline_model::{ConnectionName, Timestamp};
use tokio::sync::watch;

use crate::store::{blocking, make_private_folder};

/// How long one statement waits for another process that has the file locked, in milliseconds.
const LOCK_WAIT_MS: u64 = 5_000;

/// `visible_ms` is when the message may be handed out: its due time at first, the end of its visibility while it is worked on.
/// `working` tells the two apart. Times are epoch milliseconds.
const SCHEMA: &str = "
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = NORMAL;
    CREATE TABLE IF NOT EXISTS message (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        queue TEXT NOT NULL,
        visible_ms INTEGER NOT NULL,
        attempts INTEGER NOT NULL DEFAULT 0,
        working INTEGER NOT NULL DEFAULT 0,
        died_ms INTEGER,
        body TEXT NOT NULL
    ) STRICT;
    CREATE INDEX IF NOT EXISTS message_alive ON message (queue, visible_ms, id) WHERE died_ms IS NULL;
    CREATE INDEX IF NOT EXISTS message_dead ON message (queue, id) WHERE died_ms IS NOT NULL;
";

/// The queue's file did not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueError {
    pub file: PathBuf,
    pub problem: String,
}

impl std::fmt::Display for QueueError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "queue {}: {}", self.file.display(), self.problem)
    }
}

impl std::error::Error for QueueError {}

/// A message handed out. It comes back after its visibility unless it is deleted.
#[derive(Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Stays the same over all deliveries of the message.
    pub id: String,
    /// Stands for this delivery alone.
    pub receipt: String,
    pub body: String,
    /// Counts the deliveries of the message, from 1.
    pub attempts: u32,
}

impl std::fmt::Debug for Delivery {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Delivery {{ id: {}, attempts: {}, body: {} bytes }}", self.id, self.attempts, self.body.len())
    }
}

/// A message that was handed out too often without being deleted.
#[derive(Clone, PartialEq, Eq)]
pub struct DeadLetter {
    pub id: String,
    pub body: String,
    /// How often it had been handed out.
    pub attempts: u32,
    pub died: Timestamp,
}

impl std::fmt::Debug for DeadLetter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DeadLetter {{ id: {}, attempts: {}, died: {}, body: {} bytes }}", self.id, self.attempts, self.died, self.body.len())
    }
}

/// What a queue holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Could be handed out now.
    pub waiting: u64,
    /// Not due yet.
    pub delayed: u64,
    /// Handed out, and neither deleted nor visible again.
    pub in_flight: u64,
    pub dead: u64,
}

/// Requests as SQS would have billed them for the same work, so that the cost of a change can be told from a local run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QueueRequests {
    /// `SendMessageBatch`: up to ten messages, one for each 64 KiB begun.
    pub sends: u64,
    /// `ReceiveMessage` that brought up to ten messages.
    pub receives: u64,
    /// `ReceiveMessage` that brought none. On AWS long polling sets their number, not the work.
    pub empty_receives: u64,
    /// `DeleteMessageBatch`: up to ten messages.
    pub deletes: u64,
    /// `ChangeMessageVisibility`.
    pub releases: u64,
}

#[derive(Debug, Default)]
struct Counters {
    sends: AtomicU64,
    receives: AtomicU64,
    empty_receives: AtomicU64,
    deletes: AtomicU64,
    releases: AtomicU64,
}

/// A durable queue a target connection, all in one file. Cloning shares it.
#[derive(Clone)]
pub struct EmbeddedQueue {
    shared: Arc<Shared>,
}

struct Shared {
    file: PathBuf,
    receives_max: u32,
    connection: Mutex<Connection>,
    counters: Counters,
    arrivals: watch::Sender<u64>,
}

impl EmbeddedQueue {
    /// Opens or creates `queue.sqlite` in this folder. After `receives_max` deliveries a message becomes a dead letter.
    pub async fn open(folder: &Path, receives_max: u32) -> Result<Self, QueueError> {
        let file = folder.join("queue.sqlite");
        let (folder, path) = (folder.to_owned(), file.clone());
        let opened = blocking(move || {
            make_private_folder(&folder).map_err(|error| format!("its folder cannot be made: {error}"))?;
            connect(&path).map_err(told)
        })
        .await;
        let connection = opened.map_err(|problem| QueueError { file: file.clone(), problem })?;
        let (arrivals, _) = watch::channel(0);
        let shared = Shared { file, receives_max, connection: Mutex::new(connection), counters: Counters::default(), arrivals };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Hands out up to `max` messages that are due, the longest due first, and hides them for `visibility_s` seconds.
    pub async fn receive(&self, queue: &ConnectionName, max: u32, visibility_s: u32, now: Timestamp) -> Result<Vec<Delivery>, QueueError> {
        let (queue, receives_max) = (queue.clone(), self.shared.receives_max);
        let until_ms = now.as_millisecond().saturating_add(i64::from(visibility_s) * 1000);
        let deliveries = self
            .transaction(move |transaction| {
                bury(transaction, &queue, receives_max, now)?;
                hand_out(transaction, &queue, max, now, until_ms)
            })
            .await?;
        let counters = &self.shared.counters;
        if deliveries.is_empty() {
            counters.empty_receives.fetch_add(1, Ordering::Relaxed);
        } else {
            counters.receives.fetch_add(requests_of_ten(deliveries.len()), Ordering::Relaxed);
        }
        Ok(deliveries)
    }

    /// Removes messages whose work is done and says how many: a receipt whose message has been handed out again since removes nothing.
    pub async fn delete(&self, receipts: &[String]) -> Result<usize, QueueError> {
        if receipts.is_empty() {
            return Ok(0);
        }
        self.shared.counters.deletes.fetch_add(requests_of_ten(receipts.len()), Ordering::Relaxed);
        let receipts: Vec<(i64, u32)> = receipts.iter().filter_map(|receipt| read_receipt(receipt)).collect();
        self.transaction(move |transaction| {
            let mut statement = transaction.prepare_cached("DELETE FROM message WHERE id = ?1 AND attempts = ?2 AND died_ms IS NULL")?;
            let mut deleted = 0;
            for (id, attempts) in receipts {
                deleted += statement.execute(params![id, attempts])?;
            }
            Ok(deleted)
        })
        .await
    }

    /// Gives a message back before its visibility ends, to be handed out again from `due` on. `false` where the receipt is no longer valid.
    pub async fn release(&self, receipt: &str, due: Timestamp) -> Result<bool, QueueError> {
        self.shared.counters.releases.fetch_add(1, Ordering::Relaxed);
        let Some((id, attempts)) = read_receipt(receipt) else { return Ok(false) };
        let released = self
            .transaction(move |transaction| {
                transaction.execute(
                    "UPDATE message SET visible_ms = ?3, working = 0 WHERE id = ?1 AND attempts = ?2 AND working = 1 AND died_ms IS NULL",
                    params![id, attempts, due.as_millisecond()],
                )
            })
            .await?;
        self.announce();
        Ok(released == 1)
    }

    /// Makes all messages that are in flight visible, and says how many. For the start of the one process that works on the queue:
    /// who held them then is gone.
    pub async fn release_all(&self, now: Timestamp) -> Result<usize, QueueError> {
        let released = self
            .transaction(move |transaction| {
                transaction.execute(
                    "UPDATE message SET visible_ms = ?1, working = 0 WHERE working = 1 AND visible_ms > ?1 AND died_ms IS NULL",
                    params![now.as_millisecond()],
                )
            })
            .await?;
        self.announce();
        Ok(released)
    }

    pub async fn counts(&self, queue: &ConnectionName, now: Timestamp) -> Result<Counts, QueueError> {
        let queue = queue.clone();
        self.transaction(move |transaction| {
            transaction.query_row(
                "SELECT coalesce(sum(died_ms IS NULL AND visible_ms <= ?2), 0),
                        coalesce(sum(died_ms IS NULL AND visible_ms > ?2 AND working = 0), 0),
                        coalesce(sum(died_ms IS NULL AND visible_ms > ?2 AND working = 1), 0),
                        coalesce(sum(died_ms IS NOT NULL), 0)
                 FROM message WHERE queue = ?1",
                params![queue.as_str(), now.as_millisecond()],
                |row| Ok(Counts { waiting: row.get(0)?, delayed: row.get(1)?, in_flight: row.get(2)?, dead: row.get(3)? }),
            )
        })
        .await
    }

    /// When the next message of the queue may be handed out: due, or its visibility at an end. `None` where the queue is empty.
    pub async fn next_due(&self, queue: &ConnectionName) -> Result<Option<Timestamp>, QueueError> {
        let queue = queue.clone();
        let due_ms: Option<i64> = self
            .transaction(move |transaction| {
                transaction.query_row(
                    "SELECT min(visible_ms) FROM message WHERE queue = ?1 AND died_ms IS NULL",
                    params![queue.as_str()],
                    |row| row.get(0),
                )
            })
            .await?;
        due_ms.map(|due_ms| self.moment(due_ms)).transpose()
    }

    /// The queue's dead letters, oldest message first, those after the message `after`, at most `limit`.
    pub async fn dead_letters(&self, queue: &ConnectionName, after: Option<&str>, limit: u32) -> Result<Vec<DeadLetter>, QueueError> {
        let queue = queue.clone();
        let after = match after {
            Some(id) => id.parse().map_err(|_| self.error("a message's id is a number".to_owned()))?,
            None => 0_i64,
        };
        let rows: Vec<(i64, String, u32, i64)> = self
            .transaction(move |transaction| {
                transaction
                    .prepare_cached(
                        "SELECT id, body, attempts, died_ms FROM message
                         WHERE queue = ?1 AND died_ms IS NOT NULL AND id > ?2 ORDER BY id LIMIT ?3",
                    )?
                    .query_map(params![queue.as_str(), after, limit], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?
                    .collect()
            })
            .await?;
        let letter = |(id, body, attempts, died_ms): (i64, String, u32, i64)| {
            Ok(DeadLetter { id: id.to_string(), body, attempts, died: self.moment(died_ms)? })
        };
        rows.into_iter().map(letter).collect()
    }

    /// Puts the queue's dead letters back to work, as if they had never been handed out, and says how many.
    pub async fn redrive(&self, queue: &ConnectionName, now: Timestamp) -> Result<usize, QueueError> {
        let queue = queue.clone();
        let redriven = self
            .transaction(move |transaction| {
                transaction.execute(
                    "UPDATE message SET died_ms = NULL, attempts = 0, working = 0, visible_ms = ?2
                     WHERE queue = ?1 AND died_ms IS NOT NULL",
                    params![queue.as_str(), now.as_millisecond()],
                )
            })
            .await?;
        self.announce();
        Ok(redriven)
    }

    /// Changes whenever a message may have become due earlier than a worker knew. Subscribe first, then look into the queue, then wait
    /// for a change or for `next_due`.
    pub fn arrivals(&self) -> watch::Receiver<u64> {
        self.shared.arrivals.subscribe()
    }

    /// What the same work would have been billed so far.
    pub fn requests(&self) -> QueueRequests {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let counters = &self.shared.counters;
        QueueRequests {
            sends: read(&counters.sends),
            receives: read(&counters.receives),
            empty_receives: read(&counters.empty_receives),
            deletes: read(&counters.deletes),
            releases: read(&counters.releases),
        }
    }

    fn announce(&self) {
        self.shared.arrivals.send_modify(|arrivals| *arrivals = arrivals.wrapping_add(1));
    }

    fn error(&self, problem: String) -> QueueError {
        QueueError { file: self.shared.file.clone(), problem }
    }

    fn moment(&self, epoch_ms: i64) -> Result<Timestamp, QueueError> {
        Timestamp::from_millisecond(epoch_ms).map_err(|_| self.error("holds a time that is out of range".to_owned()))
    }

    /// Runs the work on a blocking thread, all or nothing.
    async fn transaction<T, W>(&self, work: W) -> Result<T, QueueError>
    where
        T: Send + 'static,
        W: FnOnce(&Transaction<'_>) -> rusqlite::Result<T> + Send + 'static,
    {
        let shared = self.shared.clone();
        let done = blocking(move || {
            let mut connection = shared.connection.lock().unwrap_or_else(PoisonError::into_inner);
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(told)?;
            let done = work(&transaction).map_err(told)?;
            transaction.commit().map_err(told)?;
            Ok(done)
        })
        .await;
        done.map_err(|problem| self.error(problem))
    }
}

#[async_trait]
impl Outbox for EmbeddedQueue {
    async fn send(&self, messages: Vec<Message>) -> Result<(), OutboxError> {
        if messages.is_empty() {
            return Ok(());
        }
        let batches = batches(messages)?;
        let billed: u64 = batches.iter().map(|batch| billed_requests(batch.bytes)).sum();
        self.transaction(move |transaction| insert(transaction, &batches))
            .await
            .map_err(|error| OutboxError::Unavailable(error.to_string()))?;
        self.shared.counters.sends.fetch_add(billed, Ordering::Relaxed);
        self.announce();
        Ok(())
    }
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(std::time::Duration::from_millis(LOCK_WAIT_MS))?;
    connection.execute_batch(SCHEMA)?;
    Ok(connection)
}

fn insert(transaction: &Transaction<'_>, batches: &[Batch]) -> rusqlite::Result<()> {
    let mut statement = transaction.prepare_cached("INSERT INTO message (queue, visible_ms, body) VALUES (?1, ?2, ?3)")?;
    for message in batches.iter().flat_map(|batch| &batch.messages) {
        statement.execute(params![message.queue.as_str(), due_ms(message.due), message.body])?;
    }
    Ok(())
}

/// Sets aside what has been handed out often enough and would be handed out now.
fn bury(transaction: &Transaction<'_>, queue: &ConnectionName, receives_max: u32, now: Timestamp) -> rusqlite::Result<()> {
    let buried = transaction.execute(
        "UPDATE message SET died_ms = ?3, working = 0 WHERE queue = ?1 AND died_ms IS NULL AND visible_ms <= ?3 AND attempts >= ?2",
        params![queue.as_str(), receives_max, now.as_millisecond()],
    )?;
    if buried > 0 {
        tracing::warn!(queue = %queue, messages = buried, attempts = receives_max, "messages became dead letters");
    }
    Ok(())
}

fn hand_out(
    transaction: &Transaction<'_>,
    queue: &ConnectionName,
    max: u32,
    now: Timestamp,
    until_ms: i64,
) -> rusqlite::Result<Vec<Delivery>> {
    let due: Vec<(i64, u32, String)> = transaction
        .prepare_cached(
            "SELECT id, attempts, body FROM message
             WHERE queue = ?1 AND died_ms IS NULL AND visible_ms <= ?2 ORDER BY visible_ms, id LIMIT ?3",
        )?
        .query_map(params![queue.as_str(), now.as_millisecond(), max], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let mut hide = transaction.prepare_cached("UPDATE message SET attempts = ?2, visible_ms = ?3, working = 1 WHERE id = ?1")?;
    let mut deliveries = Vec::with_capacity(due.len());
    for (id, attempts, body) in due {
        let attempts = attempts.saturating_add(1);
        hide.execute(params![id, attempts, until_ms])?;
        deliveries.push(Delivery { id: id.to_string(), receipt: format!("{id}.{attempts}"), body, attempts });
    }
    Ok(deliveries)
}

/// Rounded up, so that no message is handed out before it is due.
fn due_ms(due: Timestamp) -> i64 {
    let whole_ms = due.as_millisecond();
    if due.as_nanosecond() > i128::from(whole_ms) * 1_000_000 { whole_ms + 1 } else { whole_ms }
}

fn read_receipt(receipt: &str) -> Option<(i64, u32)> {
    let (id, attempts) = receipt.split_once('.')?;
    Some((id.parse().ok()?, attempts.parse().ok()?))
}

fn requests_of_ten(messages: usize) -> u64 {
    u64::try_from(messages.div_ceil(BATCH_MESSAGES_MAX)).unwrap_or(u64::MAX)
}

/// `SQLite`'s words name tables and files, never what is in them.
#[allow(clippy::needless_pass_by_value, reason = "it is given to map_err")]
fn told(error: rusqlite::Error) -> String {
    error.to_string()
}
