//! What every store promises, whatever it stands on. Each case uses partitions of its own, so that all may share a store.

use std::sync::Arc;
use std::time::Duration;

use syncline_engine::ports::store::{Expect, Item, Key, Store, StoreError, Write};
use syncline_model::Timestamp;

use crate::clock::HandClock;
use syncline_engine::ports::clock::Clock;

pub fn key(partition: &str, sort: &str) -> Key {
    Key { partition: partition.into(), sort: sort.into() }
}

pub fn item(partition: &str, sort: &str, version: u64) -> Item {
    Item { key: key(partition, sort), body: format!("{{\"v\":1,\"is\":\"{partition}/{sort}#{version}\"}}"), version, expires: None }
}

pub fn put(item: Item, expect: Expect) -> Write {
    Write::Put { item, expect }
}

fn until(mut item: Item, expires: Timestamp) -> Item {
    item.expires = Some(expires);
    item
}

fn sorts(items: &[Item]) -> Vec<&str> {
    items.iter().map(|item| item.key.sort.as_str()).collect()
}

/// Runs the whole suite. The store must read its time from this clock.
pub async fn store_contract(store: Arc<dyn Store>, clock: Arc<HandClock>) {
    reads_keep_the_order_of_their_keys(&*store).await;
    a_single_write_holds_its_condition(&*store).await;
    a_transaction_is_all_or_nothing_and_names_what_it_lost(&*store).await;
    checks_change_nothing(&*store).await;
    an_expired_item_is_absent(&*store, &clock).await;
    listings_are_ordered_and_paged(&*store).await;
    a_listing_ends_only_when_it_is_empty(&*store, &clock).await;
    many_keys_are_read_at_once(&*store).await;
    loose_writes_take_any_number(&*store).await;
    of_concurrent_writers_one_wins(store).await;
}

async fn reads_keep_the_order_of_their_keys(store: &dyn Store) {
    store.write(vec![put(item("order", "b", 1), Expect::Absent), put(item("order", "", 1), Expect::Absent)]).await.unwrap();
    let found = store.get(&[key("order", "b"), key("order", "missing"), key("order", ""), key("order", "b")]).await.unwrap();
    assert_eq!(found, [Some(item("order", "b", 1)), None, Some(item("order", "", 1)), Some(item("order", "b", 1))]);
    assert_eq!(store.get(&[]).await.unwrap(), []);
    store.write(Vec::new()).await.unwrap();
}

async fn a_single_write_holds_its_condition(store: &dyn Store) {
    let lost = Err(StoreError::Lost { at: vec![0] });
    let one = |version, expect| vec![put(item("single", "x", version), expect)];
    assert_eq!(store.write(one(2, Expect::Version(1))).await, lost, "no version of what is absent");
    assert_eq!(store.write(one(1, Expect::Absent)).await, Ok(()));
    assert_eq!(store.write(one(1, Expect::Absent)).await, lost);
    assert_eq!(store.write(one(2, Expect::Version(1))).await, Ok(()));
    assert_eq!(store.write(one(2, Expect::Version(1))).await, lost, "somebody has moved on");
    assert_eq!(store.write(one(7, Expect::Any)).await, Ok(()));
    assert_eq!(store.get(&[key("single", "x")]).await.unwrap(), [Some(item("single", "x", 7))]);

    let delete = |expect| vec![Write::Delete { key: key("single", "x"), expect }];
    assert_eq!(store.write(delete(Expect::Version(6))).await, lost);
    assert_eq!(store.write(delete(Expect::Version(7))).await, Ok(()));
    assert_eq!(store.get(&[key("single", "x")]).await.unwrap(), [None]);
    assert_eq!(store.write(delete(Expect::Any)).await, Ok(()), "deleting what is gone is no error");
}

async fn a_transaction_is_all_or_nothing_and_names_what_it_lost(store: &dyn Store) {
    store.write(vec![put(item("all", "a", 1), Expect::Absent), put(item("all", "b", 4), Expect::Absent)]).await.unwrap();
    let answer = store
        .write(vec![
            put(item("all", "new", 1), Expect::Absent),
            put(item("all", "a", 2), Expect::Version(9)),
            Write::Check { key: key("all", "whatever"), expect: Expect::Any },
            put(item("all", "c", 1), Expect::Any),
            Write::Delete { key: key("all", "b"), expect: Expect::Absent },
        ])
        .await;
    assert_eq!(answer, Err(StoreError::Lost { at: vec![1, 4] }));
    let found = store.get(&[key("all", "new"), key("all", "a"), key("all", "b"), key("all", "c")]).await.unwrap();
    assert_eq!(found, [None, Some(item("all", "a", 1)), Some(item("all", "b", 4)), None]);

    store
        .write(vec![put(item("all", "a", 2), Expect::Version(1)), Write::Delete { key: key("all", "b"), expect: Expect::Version(4) }])
        .await
        .unwrap();
    assert_eq!(store.get(&[key("all", "a"), key("all", "b")]).await.unwrap(), [Some(item("all", "a", 2)), None]);
}

async fn checks_change_nothing(store: &dyn Store) {
    store.write(vec![put(item("check", "x", 3), Expect::Absent)]).await.unwrap();
    let check = |sort: &str, expect| Write::Check { key: key("check", sort), expect };
    for (sort, expect, holds) in [
        ("x", Expect::Version(3), true),
        ("x", Expect::Version(2), false),
        ("x", Expect::Absent, false),
        ("y", Expect::Absent, true),
        ("y", Expect::Version(1), false),
        ("y", Expect::Any, true),
    ] {
        let expected = if holds { Ok(()) } else { Err(StoreError::Lost { at: vec![0] }) };
        assert_eq!(store.write(vec![check(sort, expect)]).await, expected, "alone: {sort} {expect:?}");
        let beside = put(item("check", "beside", 1), Expect::Any);
        assert_eq!(store.write(vec![check(sort, expect), beside]).await, expected, "in a transaction: {sort} {expect:?}");
    }
    assert_eq!(store.get(&[key("check", "x"), key("check", "y")]).await.unwrap(), [Some(item("check", "x", 3)), None]);
}

async fn an_expired_item_is_absent(store: &dyn Store, clock: &HandClock) {
    let in_a_minute = clock.now() + Duration::from_mins(1);
    let lease = |version| until(item("expire", "lease", version), in_a_minute);
    store.write(vec![put(lease(1), Expect::Absent)]).await.unwrap();
    assert_eq!(store.get(&[key("expire", "lease")]).await.unwrap(), [Some(lease(1))]);
    assert_eq!(store.write(vec![put(lease(1), Expect::Absent)]).await, Err(StoreError::Lost { at: vec![0] }));

    clock.pass(62);
    let lost = Err(StoreError::Lost { at: vec![0] });
    assert_eq!(store.get(&[key("expire", "lease")]).await.unwrap(), [None]);
    assert_eq!(store.list("expire", None, 10).await.unwrap(), []);
    assert_eq!(store.write(vec![put(lease(2), Expect::Version(1))]).await, lost, "what is gone has no version");
    assert_eq!(store.write(vec![put(item("expire", "lease", 1), Expect::Absent)]).await, Ok(()), "alone");
    assert_eq!(store.get(&[key("expire", "lease")]).await.unwrap(), [Some(item("expire", "lease", 1))]);

    store.write(vec![put(until(item("expire", "other", 1), clock.now()), Expect::Absent)]).await.unwrap();
    clock.pass(2);
    let both = vec![put(item("expire", "other", 1), Expect::Absent), put(item("expire", "third", 1), Expect::Absent)];
    assert_eq!(store.write(both).await, Ok(()), "in a transaction");
}

async fn listings_are_ordered_and_paged(store: &dyn Store) {
    let in_order = ["", "10", "9", "Z", "a", "a#1", "ä"];
    let writes = in_order.iter().rev().map(|sort| put(item("list", sort, 1), Expect::Any)).collect();
    store.write_loose(writes).await.unwrap();
    store.write_loose(vec![put(item("list2", "a", 1), Expect::Any)]).await.unwrap();
    assert_eq!(sorts(&store.list("list", None, 100).await.unwrap()), in_order);
    assert_eq!(sorts(&store.list("list", Some("a"), 100).await.unwrap()), ["a#1", "ä"]);
    assert_eq!(sorts(&store.list("list", Some("absent"), 1).await.unwrap()), ["ä"]);

    let mut seen: Vec<String> = Vec::new();
    for _ in 0..=in_order.len() {
        let page = store.list("list", seen.last().map(String::as_str), 2).await.unwrap();
        assert!(page.len() <= 2);
        if page.is_empty() {
            break;
        }
        seen.extend(page.into_iter().map(|item| item.key.sort));
    }
    assert_eq!(seen, in_order);
}

async fn a_listing_ends_only_when_it_is_empty(store: &dyn Store, clock: &HandClock) {
    let soon = clock.now() + Duration::from_secs(1);
    let mut writes: Vec<Write> = (0..30).map(|n| put(until(item("gone", &format!("a{n:02}"), 1), soon), Expect::Any)).collect();
    writes.push(put(item("gone", "b", 1), Expect::Any));
    store.write_loose(writes).await.unwrap();
    clock.pass(5);
    assert_eq!(sorts(&store.list("gone", None, 5).await.unwrap()), ["b"]);
    assert_eq!(store.list("gone", Some("b"), 5).await.unwrap(), []);
}

async fn many_keys_are_read_at_once(store: &dyn Store) {
    let names: Vec<String> = (0..250).map(|n| format!("{n:03}")).collect();
    store
        .write_loose(names.iter().filter(|name| *name != "117").map(|name| put(item("many", name, 1), Expect::Any)).collect())
        .await
        .unwrap();
    let keys: Vec<Key> = names.iter().rev().map(|name| key("many", name)).collect();
    let found = store.get(&keys).await.unwrap();
    assert_eq!(found.len(), 250);
    for (key, found) in keys.iter().zip(found) {
        assert_eq!(found.map(|item| item.key), (key.sort != "117").then(|| key.clone()));
    }
}

async fn loose_writes_take_any_number(store: &dyn Store) {
    let names: Vec<String> = (0..60).map(|n| format!("{n:02}")).collect();
    store.write_loose(names.iter().map(|name| put(item("loose", name, 1), Expect::Any)).collect()).await.unwrap();
    assert_eq!(sorts(&store.list("loose", None, 100).await.unwrap()), names);

    let mut writes: Vec<Write> = names
        .iter()
        .filter(|name| name.as_str() >= "02")
        .map(|name| Write::Delete { key: key("loose", name), expect: Expect::Any })
        .collect();
    // Of two writes to one key the last counts.
    writes.push(put(item("loose", "00", 2), Expect::Any));
    writes.push(put(item("loose", "00", 3), Expect::Any));
    store.write_loose(writes).await.unwrap();
    let left = store.list("loose", None, 100).await.unwrap();
    assert_eq!(left.iter().map(|item| (item.key.sort.as_str(), item.version)).collect::<Vec<_>>(), [("00", 3), ("01", 1)]);

    let check = Write::Check { key: key("loose", "00"), expect: Expect::Any };
    assert!(matches!(store.write_loose(vec![check]).await, Err(StoreError::Unavailable(_))), "a check is never passed over");
    store.write_loose(Vec::new()).await.unwrap();
}

async fn of_concurrent_writers_one_wins(store: Arc<dyn Store>) {
    for round in 1..=5_u64 {
        let mut writers = tokio::task::JoinSet::new();
        for writer in 0..8_u64 {
            let store = store.clone();
            writers.spawn(async move {
                let expect = if round == 1 { Expect::Absent } else { Expect::Version(round - 1) };
                let mut contended = item("race", "x", round);
                contended.body = writer.to_string();
                let mut both = vec![put(contended, expect)];
                if writer % 2 == 0 {
                    both.push(put(item("race", &format!("own{writer}"), round), Expect::Any));
                }
                (writer, store.write(both).await)
            });
        }
        let answers = writers.join_all().await;
        let winners: Vec<u64> = answers.iter().filter(|(_, answer)| answer.is_ok()).map(|(writer, _)| *writer).collect();
        assert_eq!(winners.len(), 1, "round {round}: {answers:?}");
        for (_, answer) in answers.iter().filter(|(writer, _)| !winners.contains(writer)) {
            assert_eq!(*answer, Err(StoreError::Lost { at: vec![0] }));
        }
        let found = store.get(&[key("race", "x")]).await.unwrap().pop().flatten().unwrap();
        assert_eq!((found.body, found.version), (winners[0].to_string(), round));
    }
}
