//! A file's items set down at a place: nothing before the whole file was read and compared, and nothing that is there already.
//!
//! While it goes on the place's connections are stopped, by the mark that a refused sign-in leaves too: a schedule that fires meanwhile finds
//! half an installation, and must not take it for a whole one. An import that is cut off leaves them stopped until it is run again.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use syncline_engine::keys;
use syncline_engine::ports::store::{Expect, Item, Key, Store as _, StoreError, WRITES_MAX, Write};
use tokio::task::JoinSet;

use super::file::Export;
use super::standing::{Compared, Standing, scan, stop_words};
use crate::exit::{Exit, Failure};
use crate::installation::AtRest;

/// The bodies of one transaction; `DynamoDB` takes 4 MB, keys and markup included.
const TRANSACTION_BYTES_MAX: usize = 2 * 1024 * 1024;

/// Transactions under way at once.
const AT_ONCE_MAX: usize = 4;

/// How a file compares with a place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Comparison {
    /// Items that are not there.
    pub(crate) new: u64,
    /// Items that are there as in the file.
    pub(crate) same: u64,
    /// Items that are there and differ.
    pub(crate) other: u64,
    /// Items that are there and not in the file.
    pub(crate) beyond: u64,
    /// History entries that have expired since the export.
    pub(crate) expired: u64,
}

impl Comparison {
    pub(crate) fn is_at_odds(&self) -> bool {
        self.other + self.beyond > 0
    }
}

/// Reads the whole file, which proves it, and compares it with what stands at the place. Writes nothing.
pub(crate) fn compare(place: &AtRest, export: &Export, standing: &mut Standing) -> Result<Comparison, Failure> {
    let mut found = Comparison::default();
    let now = place.engine.now();
    export.each(&place.engine.marker, |item| {
        if item.expires.is_some_and(|expires| expires < now) {
            found.expired += 1;
            return Ok(());
        }
        match standing.compare(&item) {
            Compared::New => found.new += 1,
            Compared::Same => found.same += 1,
            Compared::Other(_) => found.other += 1,
        }
        standing.is_in_file(&item);
        Ok(())
    })?;
    found.beyond = standing.beyond_file();
    Ok(found)
}

/// Makes the place as the file says. Done again, it goes on where it was cut off.
pub(crate) async fn land(place: &AtRest, export: &Export, standing: &Standing) -> Result<(), Failure> {
    let ours: BTreeSet<Key> = place.config.connections.keys().map(keys::connection).collect();
    let stop = serde_json::to_string(&stop_words(place.engine.now())).unwrap_or_default();
    let stops = ours.iter().filter(|key| !standing.unfinished.contains(*key)).map(|key| put(key.clone(), stop.clone()));
    place.store.write_loose(stops.collect()).await.map_err(|error| unwritten(place, &error))?;

    let mut states: BTreeMap<Key, Item> = BTreeMap::new();
    let mut writer = Writer::new(place);
    let now = place.engine.now();
    let mut items = export.items(&place.engine.marker)?;
    while let Some(mut item) = items.next_item()? {
        if item.expires.is_some_and(|expires| expires < now) {
            continue;
        }
        if ours.contains(&item.key) {
            states.insert(item.key.clone(), item);
            continue;
        }
        let expect = match standing.compare(&item) {
            Compared::Same => continue,
            Compared::New => Expect::Absent,
            Compared::Other(version) => {
                // Higher than either: who has read the old item under any number must not find that number again.
                item.version = item.version.max(version + 1);
                Expect::Version(version)
            }
        };
        writer.add(Write::Put { item, expect }).await?;
    }
    if standing.beyond_file() > 0 {
        let mut beyond = Vec::new();
        scan(place, |item| {
            if standing.is_beyond_file(&item.key) && !ours.contains(&item.key) {
                beyond.push(Write::Delete { key: item.key, expect: Expect::Any });
            }
            Ok(())
        })
        .await?;
        for write in beyond {
            writer.add(write).await?;
        }
    }
    writer.finish().await?;

    // Last of all the connections go on, those that were stopped at the old place excepted.
    let states: Vec<Write> = ours
        .into_iter()
        .map(|key| match states.remove(&key) {
            Some(item) => Write::Put { item, expect: Expect::Any },
            None => Write::Delete { key, expect: Expect::Any },
        })
        .collect();
    place.store.write_loose(states).await.map_err(|error| unwritten(place, &error))
}

fn put(key: Key, body: String) -> Write {
    Write::Put { item: Item { key, body, version: 1, expires: None }, expect: Expect::Any }
}

/// Packs writes into transactions and has a few of them under way.
struct Writer<'a> {
    place: &'a AtRest,
    waiting: Vec<Write>,
    bytes: usize,
    running: JoinSet<Result<(), StoreError>>,
}

impl<'a> Writer<'a> {
    fn new(place: &'a AtRest) -> Self {
        Self { place, waiting: Vec::new(), bytes: 0, running: JoinSet::new() }
    }

    async fn add(&mut self, write: Write) -> Result<(), Failure> {
        let bytes = match &write {
            Write::Put { item, .. } => item.body.len(),
            Write::Delete { .. } | Write::Check { .. } => 0,
        };
        if self.waiting.len() >= WRITES_MAX || self.bytes + bytes > TRANSACTION_BYTES_MAX {
            self.send().await?;
        }
        self.bytes += bytes;
        self.waiting.push(write);
        Ok(())
    }

    async fn send(&mut self) -> Result<(), Failure> {
        let writes = std::mem::take(&mut self.waiting);
        self.bytes = 0;
        if self.running.len() >= AT_ONCE_MAX {
            self.one_ends().await?;
        }
        let store = self.place.store.clone();
        self.running.spawn(async move { store.write(writes).await });
        Ok(())
    }

    async fn one_ends(&mut self) -> Result<bool, Failure> {
        match self.running.join_next().await {
            None => Ok(false),
            Some(Ok(Ok(()))) => Ok(true),
            Some(Ok(Err(error))) => Err(unwritten(self.place, &error)),
            Some(Err(_)) => {
                Err(Failure::new(Exit::Failed, format!("{}: a write was stopped", self.place.name), "run the import again: it goes on"))
            }
        }
    }

    async fn finish(mut self) -> Result<(), Failure> {
        self.send().await?;
        while self.one_ends().await? {}
        Ok(())
    }
}

fn unwritten(place: &AtRest, error: &StoreError) -> Failure {
    match error {
        StoreError::Lost { .. } => {
            let says = format!("somebody else wrote to {} while it was imported", place.name);
            Failure::new(Exit::Held, says, "stop what runs there, then run the import again: it goes on and says what differs")
        }
        StoreError::Unavailable(_) | StoreError::Refused(_) => place.unreached(error),
    }
}
