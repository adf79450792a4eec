//! The ports in memory: a store that honours conditions, a queue that collects, a clock that stands still, dice that count, a vendor that
//! lists. Each effect passes a fuse, which can blow at the n-th of them.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use async_trait::async_trait;
use syncline_engine::ports::clock::{Clock, Dice};
use syncline_engine::ports::connector::{
    Account, BadRecord, Bounds, Connector, Cursor, Descriptor, FieldWish, FindKey, From, Member, ObjectFacts, Outcome, Page, RelatedQuery,
    Resume, Selection, Sought, WriteAction,
};
use syncline_engine::ports::directory::UserPage;
use syncline_engine::ports::outbox::{Message, Outbox, OutboxError};
use syncline_engine::ports::sign_in::Revoked;
use syncline_engine::ports::store::{Expect, Item, Key, Store, StoreError, WRITES_MAX, Write};
use syncline_engine::ports::webhook::Webhooks;
use syncline_model::{CallError, Deadline, Fault, ObjectKind, ObjectSchema, Record, RecordId, Timestamp};

/// Runs what never waits: everything here answers at once.
pub(crate) fn now_or_never<T>(work: impl Future<Output = T>) -> T {
    match pin!(work).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => answer,
        Poll::Pending => panic!("the ports in memory never wait"),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Where an effect is cut: before it happens, or after it happened and before its answer arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    Before,
    After,
}

/// Counts effects, and cuts one of them.
#[derive(Default)]
pub(crate) struct Fuse {
    effects: AtomicU64,
    blows: Mutex<Option<(u64, Cut)>>,
}

impl Fuse {
    /// Cuts the effect that comes after so many others from now on.
    pub(crate) fn arm(&self, effects: u64, cut: Cut) {
        *lock(&self.blows) = Some((self.effects.load(Ordering::Relaxed) + effects, cut));
    }

    pub(crate) fn has_blown(&self) -> bool {
        lock(&self.blows).is_none()
    }

    fn next(&self) -> Option<Cut> {
        let effect = self.effects.fetch_add(1, Ordering::Relaxed);
        let mut blows = lock(&self.blows);
        match *blows {
            Some((at, cut)) if at == effect => {
                *blows = None;
                Some(cut)
            }
            _ => None,
        }
    }
}

pub(crate) struct FixedClock(AtomicI64);

impl FixedClock {
    pub(crate) fn at(now: Timestamp) -> Self {
        Self(AtomicI64::new(now.as_second()))
    }

    pub(crate) fn forward(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::Relaxed);
    }
}

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(self.0.load(Ordering::Relaxed)).unwrap()
    }
}

#[derive(Default)]
pub(crate) struct CountingDice(AtomicU64);

impl Dice for CountingDice {
    fn roll(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed)
    }
}

pub(crate) struct MemoryStore {
    items: Mutex<BTreeMap<Key, Item>>,
    pub(crate) fuse: Arc<Fuse>,
    clock: Arc<FixedClock>,
}

impl MemoryStore {
    pub(crate) fn new(fuse: Arc<Fuse>, clock: Arc<FixedClock>) -> Self {
        Self { items: Mutex::default(), fuse, clock }
    }

    pub(crate) fn items(&self) -> Vec<Item> {
        lock(&self.items).values().cloned().collect()
    }

    pub(crate) fn forget(&self, partition_begins: &str) {
        lock(&self.items).retain(|key, _| !key.partition.starts_with(partition_begins));
    }

    fn live(&self, item: &Item) -> bool {
        item.expires.is_none_or(|end| end > self.clock.now())
    }

    fn apply(items: &mut BTreeMap<Key, Item>, write: Write) {
        match write {
            Write::Put { item, .. } => {
                assert!(item.body.len() < 400_000, "an item of {} bytes fits no store", item.body.len());
                items.insert(item.key.clone(), item);
            }
            Write::Delete { key, .. } => {
                items.remove(&key);
            }
            Write::Check { .. } => {}
        }
    }

    fn cut<T>(&self, effect: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
        let lost = || Err(StoreError::Unavailable("cut".into()));
        match self.fuse.next() {
            None => effect(),
            Some(Cut::Before) => lost(),
            Some(Cut::After) => effect().and_then(|_| lost()),
        }
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn get(&self, keys: &[Key]) -> Result<Vec<Option<Item>>, StoreError> {
        let items = lock(&self.items);
        Ok(keys.iter().map(|key| items.get(key).filter(|item| self.live(item)).cloned()).collect())
    }

    async fn write(&self, writes: Vec<Write>) -> Result<(), StoreError> {
        assert!(writes.len() <= WRITES_MAX);
        self.cut(|| {
            let mut items = lock(&self.items);
            let mut at = Vec::new();
            for (place, write) in writes.iter().enumerate() {
                let (Write::Put { expect, .. } | Write::Delete { expect, .. } | Write::Check { expect, .. }) = write;
                let version = items.get(write.key()).filter(|item| self.live(item)).map(|item| item.version);
                let holds = match expect {
                    Expect::Any => true,
                    Expect::Absent => version.is_none(),
                    Expect::Version(wanted) => version == Some(*wanted),
                };
                if !holds {
                    at.push(place);
                }
            }
            if !at.is_empty() {
                return Err(StoreError::Lost { at });
            }
            for write in writes {
                Self::apply(&mut items, write);
            }
            Ok(())
        })
    }

    async fn write_loose(&self, writes: Vec<Write>) -> Result<(), StoreError> {
        self.cut(|| {
            let mut items = lock(&self.items);
            for write in writes {
                Self::apply(&mut items, write);
            }
            Ok(())
        })
    }

    async fn list(&self, partition: &str, after: Option<&str>, limit: u32) -> Result<Vec<Item>, StoreError> {
        let items = lock(&self.items);
        let found = items.values().filter(|item| item.key.partition == partition && after.is_none_or(|after| *item.key.sort > *after));
        Ok(found.filter(|item| self.live(item)).take(limit as usize).cloned().collect())
    }
}

pub(crate) struct CollectingOutbox {
    sent: Mutex<Vec<Message>>,
    fuse: Arc<Fuse>,
}

impl CollectingOutbox {
    pub(crate) fn new(fuse: Arc<Fuse>) -> Self {
        Self { sent: Mutex::default(), fuse }
    }

    pub(crate) fn sent(&self) -> Vec<Message> {
        lock(&self.sent).clone()
    }
}

#[async_trait]
impl Outbox for CollectingOutbox {
    async fn send(&self, messages: Vec<Message>) -> Result<(), OutboxError> {
        let cut = self.fuse.next();
        if cut != Some(Cut::Before) {
            lock(&self.sent).extend(messages);
        }
        if cut.is_some() { Err(OutboxError::Unavailable("cut".into())) } else { Ok(()) }
    }
}

const BOUNDS: Bounds = Bounds { page_records_max: 2, get_records_max: 10, find_keys_max: 1, write_records_max: 10, places: 1 };

const fn facts(kind: &'static str) -> ObjectFacts {
    ObjectFacts {
        kind,
        bounds: BOUNDS,
        lists_changes: true,
        lists_deletes: true,
        lists_merges: true,
        find_lag_s: 0,
        safe_create: true,
        thin_fields: &[],
        can_create: true,
        can_delete: true,
    }
}

pub(crate) static DESCRIPTOR: Descriptor = Descriptor { system: "memory", title: "Memory", objects: &[facts("company"), facts("person")] };

/// A vendor that can only be listed; every call is counted by its name.
#[derive(Default)]
pub(crate) struct ListedVendor {
    rows: Mutex<BTreeMap<ObjectKind, Vec<Result<Record, BadRecord>>>>,
    calls: Mutex<BTreeMap<&'static str, u64>>,
    /// The next scan of a page with this number fails so.
    trips: Mutex<Option<(usize, Fault)>>,
    /// From now on a page leads to itself.
    stuck: AtomicBool,
    fuse: Arc<Fuse>,
}

const PAGE: usize = 2;

impl ListedVendor {
    pub(crate) fn new(fuse: Arc<Fuse>) -> Self {
        Self { fuse, ..Self::default() }
    }

    pub(crate) fn add(&self, record: Record) {
        lock(&self.rows).entry(record.kind.clone()).or_default().push(Ok(record));
    }

    pub(crate) fn add_bad(&self, kind: &str, bad: BadRecord) {
        lock(&self.rows).entry(kind.into()).or_default().push(Err(bad));
    }

    pub(crate) fn change(&self, kind: &str, change: impl FnOnce(&mut Vec<Result<Record, BadRecord>>)) {
        change(lock(&self.rows).entry(kind.into()).or_default());
    }

    pub(crate) fn trip(&self, page: usize, fault: Fault) {
        *lock(&self.trips) = Some((page, fault));
    }

    pub(crate) fn get_stuck(&self) {
        self.stuck.store(true, Ordering::Relaxed);
    }

    pub(crate) fn calls(&self) -> BTreeMap<&'static str, u64> {
        lock(&self.calls).clone()
    }

    fn no<T>(&self, call: &'static str) -> Result<T, CallError> {
        *lock(&self.calls).entry(call).or_default() += 1;
        Err(CallError::new("memory", call, Fault::Unsupported { capability: call.into() }))
    }
}

#[async_trait]
impl Connector for ListedVendor {
    fn descriptor(&self) -> &'static Descriptor {
        &DESCRIPTOR
    }

    async fn account(&self, _: Deadline) -> Result<Account, CallError> {
        self.no("account")
    }

    async fn describe(&self, _: &ObjectKind, _: Deadline) -> Result<ObjectSchema, CallError> {
        self.no("describe")
    }

    async fn list_changes(&self, _: &Selection, _: &From<'_>, _: Deadline) -> Result<Page, CallError> {
        self.no("list_changes")
    }

    async fn scan(&self, selection: &Selection, from: Option<&Cursor>, _: Deadline) -> Result<Page, CallError> {
        *lock(&self.calls).entry("scan").or_default() += 1;
        let fail = |fault: Fault| Err(CallError::new("memory", "scan", fault));
        if self.fuse.next().is_some() {
            return fail(Fault::Transient { detail: "cut".into() });
        }
        let number: usize = from.map_or(0, |cursor| cursor.0.parse().unwrap());
        let mut trips = lock(&self.trips);
        if trips.as_ref().is_some_and(|(page, _)| *page == number) {
            return fail(trips.take().unwrap().1);
        }
        let rows = lock(&self.rows).get(&selection.kind).cloned().unwrap_or_default();
        let records = rows.iter().skip(number * PAGE).take(PAGE).cloned().collect();
        let resume = if self.stuck.load(Ordering::Relaxed) {
            Resume::More(Cursor(number.to_string()))
        } else if (number + 1) * PAGE < rows.len() {
            Resume::More(Cursor((number + 1).to_string()))
        } else {
            Resume::CaughtUp(Cursor(format!("from the scan of {}", selection.kind)))
        };
        Ok(Page::new(records, resume))
    }

    async fn get(&self, _: &Selection, _: &[RecordId], _: Deadline) -> Result<Vec<Option<Record>>, CallError> {
        self.no("get")
    }

    async fn find(&self, _: &Selection, _: &[FindKey], _: Deadline) -> Result<Vec<Vec<Record>>, CallError> {
        self.no("find")
    }

    async fn write(&self, _: &Selection, _: &[WriteAction], _: Deadline) -> Result<Vec<Outcome>, CallError> {
        self.no("write")
    }

    async fn provision(&self, _: &FieldWish, _: Deadline) -> Result<(), CallError> {
        self.no("provision")
    }

    async fn related(&self, _: &[RelatedQuery], _: Deadline) -> Result<Vec<Vec<Record>>, CallError> {
        self.no("related")
    }

    async fn roster(&self, _: &[Sought], _: Deadline) -> Result<Vec<Member>, CallError> {
        self.no("roster")
    }

    async fn revoke(&self, _: Deadline) -> Result<Revoked, CallError> {
        self.no("revoke")
    }

    async fn users(&self, _: Option<&Cursor>, _: Deadline) -> Result<UserPage, CallError> {
        self.no("users")
    }

    fn web_address(&self, _: &ObjectKind, _: &RecordId) -> Option<String> {
        None
    }

    fn webhooks(&self) -> Option<&dyn Webhooks> {
        None
    }
}
