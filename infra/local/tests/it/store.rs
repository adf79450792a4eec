//! The embedded store, beyond what every store promises (`tests/contracts`).

use std::path::Path;
use std::sync::Arc;

use syncline_aws::{Consumed, SystemDice};
use syncline_engine::ports::store::{Expect, Item, Key, Store, Write};
use syncline_local::EmbeddedStore;

use crate::StillClock;

fn key(partition: &str, sort: &str) -> Key {
    Key { partition: partition.into(), sort: sort.into() }
}

fn item(partition: &str, sort: &str, version: u64) -> Item {
    Item { key: key(partition, sort), body: format!("{partition}/{sort}#{version}"), version, expires: None }
}

fn put(item: Item, expect: Expect) -> Write {
    Write::Put { item, expect }
}

async fn start(folder: &Path) -> EmbeddedStore {
    EmbeddedStore::start(folder, StillClock::new(), Arc::new(SystemDice)).await.unwrap()
}

#[tokio::test]
async fn what_was_written_is_there_after_a_new_start() {
    let folder = tempfile::tempdir().unwrap();
    let embedded = start(folder.path()).await;
    embedded.store().write(vec![put(item("kept", "x", 1), Expect::Absent)]).await.unwrap();
    embedded.stop().await.unwrap();
    let again = start(folder.path()).await;
    assert_eq!(again.store().get(&[key("kept", "x")]).await.unwrap(), [Some(item("kept", "x", 1))]);
}

/// The file as a killed process leaves it: copied while the store is open, its write-ahead log not folded in.
#[tokio::test]
async fn what_was_answered_survives_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let embedded = start(folder.path()).await;
    let store = embedded.store();
    for n in 0..20 {
        store.write(vec![put(item("kill", &format!("{n:02}"), 1), Expect::Absent)]).await.unwrap();
    }
    let after = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), after.path().join(entry.file_name())).unwrap();
    }
    let again = start(after.path()).await;
    assert_eq!(again.store().list("kill", None, 100).await.unwrap().len(), 20);
    assert_eq!(store.list("kill", None, 100).await.unwrap().len(), 20);
}

#[tokio::test]
async fn capacity_and_requests_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let embedded = start(folder.path()).await;
    let store = embedded.store();
    assert_eq!(store.consumed(), Consumed::default());

    store.write(vec![put(item("cost", "a", 1), Expect::Absent)]).await.unwrap();
    let single = store.consumed();
    assert_eq!(single, Consumed { single_writes: 1, write_units_x2: 2, ..Consumed::default() }, "one small item: one unit");

    store.write(vec![put(item("cost", "b", 1), Expect::Absent), put(item("cost", "c", 1), Expect::Absent)]).await.unwrap();
    let both = store.consumed();
    assert_eq!((both.transactions, both.write_units_x2 - single.write_units_x2), (1, 8), "two small items: two units each");

    store.write(vec![put(item("cost", "a", 1), Expect::Absent)]).await.unwrap_err();
    store.write(vec![put(item("cost", "a", 1), Expect::Absent), put(item("cost", "d", 1), Expect::Any)]).await.unwrap_err();
    let refused = store.consumed();
    assert_eq!((refused.lost, refused.single_writes, refused.transactions), (2, 2, 2));

    let keys: Vec<_> = (0..150).map(|n| key("cost", &n.to_string())).collect();
    store.get(&keys).await.unwrap();
    store.list("cost", None, 10).await.unwrap();
    let loose: Vec<Write> = (0..60).map(|n| put(item("cost2", &n.to_string(), 1), Expect::Any)).collect();
    store.write_loose(loose).await.unwrap();
    let all = store.consumed();
    assert_eq!((all.batch_gets, all.queries, all.batch_writes), (2, 1, 3));
    assert!(all.read_units_x2 > 0, "{all:?}");
    assert_eq!(all.write_units_x2 - refused.write_units_x2, 120);
    assert_eq!(embedded.store().consumed(), all, "clones share the counters");
}

#[tokio::test]
async fn expired_items_are_swept() {
    let folder = tempfile::tempdir().unwrap();
    let embedded = start(folder.path()).await;
    let mut old = item("swept", "old", 1);
    old.expires = Some("2020-01-01T00:00:00Z".parse().unwrap());
    embedded.store().write(vec![put(old, Expect::Absent), put(item("swept", "young", 1), Expect::Absent)]).await.unwrap();
    assert_eq!(embedded.sweep_expired().await.unwrap(), 1);
    assert_eq!(embedded.sweep_expired().await.unwrap(), 0);
    assert_eq!(embedded.store().list("swept", None, 10).await.unwrap(), [item("swept", "young", 1)]);
}

#[cfg(unix)]
#[tokio::test]
async fn a_new_folder_is_closed_to_others() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let _embedded = start(&data).await;
    assert_eq!(std::fs::metadata(&data).unwrap().permissions().mode() & 0o777, 0o700);
}

#[tokio::test]
async fn a_folder_that_cannot_be_made_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let blocked = folder.path().join("file");
    std::fs::write(&blocked, "").unwrap();
    let Err(refused) = EmbeddedStore::start(&blocked.join("data"), StillClock::new(), Arc::new(SystemDice)).await else {
        panic!("a file is no folder");
    };
    assert!(refused.to_string().starts_with(&format!("store {}", blocked.display())), "{refused}");
}
