//! The store: `DynamoDB` as the engine knows it, in memory, with throttles, conflicts, and writes whose answer is lost.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use syncline_engine::ports::store::{Expect, Item, Key, Store, StoreError, WRITES_MAX, Write};

use crate::house::Turns;
use crate::kernel::TaskId;
use crate::scenario::Mood;

/// The largest item that `DynamoDB` takes, in bytes.
const ITEM_BYTES_MAX: usize = 400 * 1024;

pub struct SimulatedStore {
    kernel: Turns,
    mood: Arc<Mood>,
    items: Mutex<BTreeMap<Key, Item>>,
    /// What was written since the auditor last looked.
    written: Mutex<Vec<(Option<TaskId>, Write)>>,
    /// What a transaction was refused for since the auditor last looked.
    lost: Mutex<Vec<(Option<TaskId>, Vec<Key>)>>,
}

impl SimulatedStore {
    pub fn new(kernel: Turns, mood: Arc<Mood>) -> Self {
        Self { kernel, mood, items: Mutex::default(), written: Mutex::default(), lost: Mutex::default() }
    }

    fn items(&self) -> MutexGuard<'_, BTreeMap<Key, Item>> {
        self.items.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Everything that rests.
    pub fn all(&self) -> Vec<Item> {
        self.items().values().filter(|item| self.is_live(item)).cloned().collect()
    }

    /// What was written since the last call of this.
    pub fn take_written(&self) -> Vec<(Option<TaskId>, Write)> {
        std::mem::take(&mut *self.written.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// What transactions were refused for since the last call of this.
    pub fn take_lost(&self) -> Vec<(Option<TaskId>, Vec<Key>)> {
        std::mem::take(&mut *self.lost.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn is_live(&self, item: &Item) -> bool {
        item.expires.is_none_or(|end| end > self.kernel.timestamp())
    }

    fn apply(&self, writes: Vec<Write>) {
        let mut items = self.items();
        for write in &writes {
            match write {
                Write::Put { item, .. } => {
                    assert!(item.body.len() < ITEM_BYTES_MAX, "an item of {} bytes fits no store", item.body.len());
                    items.insert(item.key.clone(), item.clone());
                }
                Write::Delete { key, .. } => {
                    items.remove(key);
                }
                Write::Check { .. } => {}
            }
        }
        let who = self.kernel.running();
        self.written.lock().unwrap_or_else(PoisonError::into_inner).extend(writes.into_iter().map(|write| (who, write)));
    }

    fn refused(&self, what: &str) -> StoreError {
        self.kernel.note(|| format!("store: {what}"));
        StoreError::Unavailable(what.to_owned())
    }
}

fn named(writes: &[Write]) -> String {
    let names: Vec<String> = writes
        .iter()
        .map(|write| match write {
            Write::Put { item, .. } => format!("put {} {} v{}", item.key.partition, item.key.sort, item.version),
            Write::Delete { key, .. } => format!("delete {} {}", key.partition, key.sort),
            Write::Check { key, .. } => format!("check {} {}", key.partition, key.sort),
        })
        .collect();
    names.join(", ")
}

#[async_trait]
impl Store for SimulatedStore {
    async fn get(&self, keys: &[Key]) -> Result<Vec<Option<Item>>, StoreError> {
        self.kernel.effect(self.kernel.between(1, 8)).await;
        if self.mood.store_read_fails(&self.kernel) {
            return Err(self.refused("a read was throttled"));
        }
        let items = self.items();
        Ok(keys.iter().map(|key| items.get(key).filter(|item| self.is_live(item)).cloned()).collect())
    }

    async fn write(&self, writes: Vec<Write>) -> Result<(), StoreError> {
        assert!(writes.len() <= WRITES_MAX, "{} writes fit no transaction", writes.len());
        let keys: BTreeSet<&Key> = writes.iter().map(Write::key).collect();
        assert!(keys.len() == writes.len(), "a transaction takes one write a key: {}", named(&writes));
        self.kernel.effect(self.kernel.between(2, 15)).await;
        if self.mood.store_write_fails(&self.kernel) {
            return Err(self.refused("a transaction conflicted, or was throttled"));
        }
        let mut at = Vec::new();
        for (place, write) in writes.iter().enumerate() {
            let (Write::Put { expect, .. } | Write::Delete { expect, .. } | Write::Check { expect, .. }) = write;
            let version = self.items().get(write.key()).filter(|item| self.is_live(item)).map(|item| item.version);
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
            self.kernel.note(|| format!("store: lost at {at:?} of: {}", named(&writes)));
            let keys = at.iter().filter_map(|place| writes.get(*place)).map(|write| write.key().clone()).collect();
            self.lost.lock().unwrap_or_else(PoisonError::into_inner).push((self.kernel.running(), keys));
            return Err(StoreError::Lost { at });
        }
        self.kernel.note(|| format!("store: {}", named(&writes)));
        self.apply(writes);
        if self.mood.store_answer_lost(&self.kernel) {
            return Err(self.refused("it was written, and the answer was lost"));
        }
        // The way back: who dies here has written.
        self.kernel.effect(self.kernel.between(0, 5)).await;
        Ok(())
    }

    async fn write_loose(&self, writes: Vec<Write>) -> Result<(), StoreError> {
        self.kernel.effect(self.kernel.between(2, 15)).await;
        if self.mood.store_write_fails(&self.kernel) {
            // Some of them may have been written.
            let some = usize::try_from(self.kernel.below(writes.len() as u64 + 1)).unwrap_or(0);
            self.apply(writes.into_iter().take(some).collect());
            return Err(self.refused("a batch of writes was throttled half way"));
        }
        self.kernel.note(|| format!("store: loosely {}", named(&writes)));
        self.apply(writes);
        self.kernel.effect(self.kernel.between(0, 5)).await;
        Ok(())
    }

    async fn list(&self, partition: &str, after: Option<&str>, limit: u32) -> Result<Vec<Item>, StoreError> {
        self.kernel.effect(self.kernel.between(1, 10)).await;
        if self.mood.store_read_fails(&self.kernel) {
            return Err(self.refused("a query was throttled"));
        }
        let from = Key { partition: partition.to_owned(), sort: after.unwrap_or_default().to_owned() };
        let items = self.items();
        let found = items.range(from..).map(|(_, item)| item).take_while(|item| item.key.partition == partition);
        let found = found.filter(|item| after.is_none_or(|after| *item.key.sort > *after));
        Ok(found.filter(|item| self.is_live(item)).take(usize::try_from(limit).unwrap_or(usize::MAX)).cloned().collect())
    }
}
