//! What stands at a place before something lands there, and how a file compares with it.
//!
//! A place may hold millions of items, so only digests are kept of them: 16 bytes of each key and of what is under it.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest as _, Sha256};
use syncline_engine::ports::store::{Item, Key};
use syncline_engine::state::Stopped;
use syncline_model::Timestamp;

use super::kind::{Fate, Kind, fate, leased_until, sync_of};
use crate::exit::{Exit, Failure};
use crate::installation::AtRest;

type Digest = [u8; 16];

fn digest(parts: &[&str]) -> Digest {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    let mut short = Digest::default();
    for (place, byte) in short.iter_mut().zip(hash.finalize()) {
        *place = byte;
    }
    short
}

fn of_key(key: &Key) -> Digest {
    digest(&[&key.partition, &key.sort])
}

/// The version is left out: it counts writes, and tells nothing of what was written.
fn of_content(item: &Item) -> Digest {
    digest(&[&item.body, &item.expires.map(|moment| moment.as_second().to_string()).unwrap_or_default()])
}

/// The words under which an import stops the connections of a place until it is done.
const UNFINISHED: &str = "an import was not finished: run `syncline import` again with the same file";

/// What an import leaves in a connection's state while it is at work.
pub(crate) fn stop_words(now: Timestamp) -> Stopped {
    Stopped { since: now, hint: UNFINISHED.to_owned(), account: None }
}

fn is_our_stop(item: &Item) -> bool {
    serde_json::from_str::<Stopped>(&item.body).is_ok_and(|stopped| stopped.hint == UNFINISHED)
}

struct Known {
    content: Digest,
    version: u64,
    /// Whether a file that has no such item is at odds with it.
    is_exclusive: bool,
}

/// How an item of a file stands to what is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compared {
    New,
    Same,
    /// With the version that is there.
    Other(u64),
}

/// What stands at a place.
#[derive(Default)]
pub(crate) struct Standing {
    known: BTreeMap<Digest, Known>,
    /// Connections that an import before this one stopped and did not start again.
    pub(crate) unfinished: BTreeSet<Key>,
    /// What somebody works on, and until when.
    pub(crate) leases: BTreeMap<Key, Timestamp>,
}

impl Standing {
    /// Reads a place. `syncs`: those whose items the file is to decide about.
    pub(crate) async fn read(place: &AtRest, syncs: &BTreeSet<String>) -> Result<Self, Failure> {
        let mut standing = Self::default();
        let now = place.engine.now();
        scan(place, |item| {
            standing.take(&item, syncs, now);
            Ok(())
        })
        .await?;
        Ok(standing)
    }

    fn take(&mut self, item: &Item, syncs: &BTreeSet<String>, now: Timestamp) {
        let Ok(Fate::Moves(kind)) = fate(item) else { return };
        if let Ok(Some(until)) = leased_until(kind, item)
            && until > now
        {
            self.leases.insert(item.key.clone(), until);
        }
        if kind == Kind::Connections && is_our_stop(item) {
            self.unfinished.insert(item.key.clone());
            return;
        }
        // The history only grows: what is in it at either place stays true.
        let is_exclusive = kind != Kind::History && sync_of(item).is_none_or(|sync| syncs.contains(sync));
        self.known.insert(of_key(&item.key), Known { content: of_content(item), version: item.version, is_exclusive });
    }

    /// Compares one item of a file.
    pub(crate) fn compare(&self, item: &Item) -> Compared {
        match self.known.get(&of_key(&item.key)) {
            None => Compared::New,
            Some(known) if known.content == of_content(item) => Compared::Same,
            Some(known) => Compared::Other(known.version),
        }
    }

    /// Takes what the file has too out of what it lacks.
    pub(crate) fn is_in_file(&mut self, item: &Item) {
        if let Some(known) = self.known.get_mut(&of_key(&item.key)) {
            known.is_exclusive = false;
        }
    }

    /// How many items stand there of which the file, once it was read whole, says nothing.
    pub(crate) fn beyond_file(&self) -> u64 {
        self.known.values().map(|known| u64::from(known.is_exclusive)).sum()
    }

    pub(crate) fn is_beyond_file(&self, key: &Key) -> bool {
        self.known.get(&of_key(key)).is_some_and(|known| known.is_exclusive)
    }
}

/// Hands out everything that a place holds.
pub(crate) async fn scan(place: &AtRest, mut act: impl FnMut(Item) -> Result<(), Failure>) -> Result<(), Failure> {
    let mut from = None;
    loop {
        let page = place.store.scan(from.as_ref()).await.map_err(|error| place.unreached(&error))?;
        for item in page.items {
            act(item)?;
        }
        match page.next {
            Some(next) => from = Some(next),
            None => return Ok(()),
        }
    }
}

/// Why nothing can be moved while somebody works at a place.
pub(crate) fn at_work(place: &str, leases: &BTreeMap<Key, Timestamp>) -> Option<Failure> {
    let (key, until) = leases.iter().max_by_key(|(_, until)| **until)?;
    let says = format!("{place} is at work: {} {} has a lease until {until}, one of {}", key.partition, key.sort, leases.len());
    Some(Failure::new(
        Exit::Held,
        says,
        "stop what runs it (on this machine the process, on AWS the schedules), wait until the leases have ended, and try again",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(partition: &str, sort: &str, body: &str, version: u64) -> Item {
        Item { key: Key { partition: partition.into(), sort: sort.into() }, body: body.into(), version, expires: None }
    }

    #[test]
    fn a_file_is_compared_with_what_stands_there() {
        let now: Timestamp = "2026-11-22T10:00:00Z".parse().unwrap();
        let stop = serde_json::to_string(&stop_words(now)).unwrap();
        let there = [
            item("e#s#m#r#00", "1", r#"{"v":1,"pointer":"7"}"#, 5),
            item("e#s#m#r#00", "2", r#"{"v":1,"pointer":"8"}"#, 6),
            item("e#other#m#r#00", "2", r#"{"v":1,"pointer":"8"}"#, 6),
            item("y#s#m#7", "1", r#"{"v":1,"sealed":""}"#, 1),
            item("c#s", "m#l", r#"{"v":1,"leased_until":"2026-11-22T10:00:01Z"}"#, 1),
            item("c#s", "m#r", r#"{"v":1,"leased_until":"2026-11-22T10:00:00Z"}"#, 1),
            item("b#freshdesk", "all", "{}", 1),
            item("n#freshdesk", "state", &stop, 1),
            item("n#salesforce", "state", r#"{"since":"2026-11-22T10:00:00Z","hint":"signed out"}"#, 1),
        ];
        let mut standing = Standing::default();
        for item in &there {
            standing.take(item, &["s".to_owned()].into(), now);
        }
        assert_eq!(standing.leases.len(), 1, "a lease that has ended is none");
        assert_eq!(standing.unfinished.len(), 1);
        assert_eq!(standing.beyond_file(), 5, "two pointers, two cursors and a stopped connection");
        let same = item("e#s#m#r#00", "1", r#"{"v":1,"pointer":"7"}"#, 2);
        assert_eq!(standing.compare(&same), Compared::Same);
        standing.is_in_file(&same);
        assert_eq!(standing.beyond_file(), 4);
        assert!(!standing.is_beyond_file(&same.key) && standing.is_beyond_file(&there[1].key) && !standing.is_beyond_file(&there[3].key));
        assert_eq!(standing.compare(&item("e#s#m#r#00", "2", r#"{"v":1,"pointer":"9"}"#, 2)), Compared::Other(6));
        assert_eq!(standing.compare(&item("e#s#m#r#00", "3", r#"{"v":1,"pointer":"9"}"#, 2)), Compared::New);
        assert!(at_work("the table x", &standing.leases).unwrap().says.contains("c#s m#l has a lease until 2026-11-22T10:00:01Z"));
        assert!(at_work("the table x", &BTreeMap::new()).is_none());
    }
}
