//! `export` and `import`: an installation goes from this machine to AWS and back, and nobody at either vendor notices.

use std::fs;

use serde_json::{Value, json};
use syncline_engine::ports::outbox::{Message, Outbox as _};
use syncline_engine::ports::store::{Expect, Item, Key, Store as _, Write};
use syncline_local::{EmbeddedQueue, Ended, Resting};

use crate::two_places::{Places, Table, writes};
use crate::{code, json, stderr};

/// What goes on at a place after a move: nothing is written, and an edit crosses.
async fn goes_on(places: &Places, place: &str, name: &str) {
    let before = places.changes(place);
    let report = places.run(place).await;
    assert_eq!((&report.ended, writes(&report)), (&Ended::Quiet, 0), "{report:#?}");
    assert_eq!(places.changes(place), before, "the vendors were asked, and told nothing");
    let other = places.rename(place, name).await;
    let report = places.run(place).await;
    assert_eq!((&report.ended, writes(&report)), (&Ended::Quiet, 1), "{report:#?}");
    let told = places.command(&["history", &format!("contacts/right/{other}"), "--values", "--data", place, "--demo", "--json"]);
    let last_name = name.split(' ').next_back().expect("a name");
    assert!(json(&told)["entries"].as_array().expect("entries").iter().any(|entry| entry.to_string().contains(last_name)), "{told:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn there_and_back_again_without_a_write() {
    let places = Places::in_step().await;
    let exported = places.command(&["export", "there.jsonl", "--data", "one", "--json"]);
    assert_eq!(code(&exported), 0, "{}", stderr(&exported));
    let counts = &json(&exported)["counts"];
    assert!(counts["links"].as_u64() > Some(40) && counts["links"] == counts["pointers"], "{counts}");
    assert_eq!((&counts["cursors"], &counts["backfills"]), (&json!(4), &json!(1)), "{counts}");
    assert!(counts["history"].as_u64() > Some(0), "{counts}");
    let text = fs::read_to_string(places.at().join("there.jsonl")).expect("the file");
    let secrets: Value =
        serde_json::from_str(&fs::read_to_string(places.data("one").join("secrets.json")).expect("secrets")).expect("JSON");
    let key = secrets["installation"]["key"].as_str().expect("a key");
    assert!(!text.contains(key) && !text.contains('@'), "neither the key nor an address is in the file");

    let table = places.table("two").await;
    let tried = table.command(&["import", "there.jsonl", "--dry-run", "--json"]).await;
    assert_eq!((code(&tried), &json(&tried)["dry_run"]), (0, &json!(true)), "{}", stderr(&tried));
    assert!(table.items().await.is_empty(), "a dry run writes nothing");
    let imported = table.command(&["import", "there.jsonl", "--json"]).await;
    assert_eq!(code(&imported), 0, "{}", stderr(&imported));
    assert_eq!(json(&imported)["written"], json(&exported)["items"]);
    let first = places.table("one").await;
    let landed = table.items().await;
    assert_eq!(landed, first.items().await, "item for item");
    first.stop().await;
    let again = table.command(&["import", "there.jsonl", "--json"]).await;
    assert_eq!((code(&again), &json(&again)["written"]), (0, &json!(0)), "{}", stderr(&again));
    assert_eq!(table.items().await, landed, "the same file twice changes nothing");
    table.stop().await;
    places.take_along("one", "two");
    goes_on(&places, "two", "Ida Overthere").await;

    // The way back: the old place is behind, and says so before it is written over.
    let table = places.table("two").await;
    let exported = table.command(&["export", "back.jsonl", "--json"]).await;
    assert_eq!(code(&exported), 0, "{}", stderr(&exported));
    assert!(stderr(&exported).contains("the queues on AWS were not looked at"));
    let newer = table.items().await;
    table.stop().await;
    let refused = places.command(&["import", "back.jsonl", "--data", "one"]);
    assert_eq!(code(&refused), 5, "{}", stderr(&refused));
    assert!(stderr(&refused).contains("items that differ from the file") && stderr(&refused).contains("--replace"), "{}", stderr(&refused));
    let replaced = places.command(&["import", "back.jsonl", "--data", "one", "--replace", "--json"]);
    assert_eq!(code(&replaced), 0, "{}", stderr(&replaced));
    let first = places.table("one").await;
    let bodies = |items: std::collections::BTreeMap<Key, Item>| items.into_iter().map(|(key, item)| (key, item.body)).collect::<Vec<_>>();
    assert_eq!(bodies(first.items().await), bodies(newer));
    first.stop().await;
    places.take_along("two", "one");
    goes_on(&places, "one", "Ida Backagain").await;
}

/// What an export and an import refuse, each with what to do.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_at_work_foreign_or_damaged_is_refused() {
    let places = Places::in_step().await;
    let refuses = |arguments: &[&str], expected: i32, words: &[&str]| {
        let output = places.command(arguments);
        assert_eq!(code(&output), expected, "{arguments:?}: {}", stderr(&output));
        assert!(words.iter().all(|word| stderr(&output).contains(word)), "{arguments:?}: {}", stderr(&output));
    };
    let export = ["export", "moving.jsonl", "--data", "one"];
    refuses(&["export", "moving.jsonl", "--data", "nowhere"], 1, &["no installation in nowhere", "--table"]);
    {
        let _running = Resting::open(&places.data("one"), std::collections::BTreeMap::new()).await.expect("a folder at rest");
        refuses(&export, 5, &["another syncline runs on one", "--until-quiet"]);
    }
    let queue = EmbeddedQueue::open(&places.data("one"), 3).await.expect("a queue");
    let message = Message { queue: "salesforce".into(), due: "2026-11-22T10:00:00Z".parse().expect("a time"), body: "{}".into() };
    queue.send(vec![message]).await.expect("a message");
    refuses(&export, 5, &["1 messages with changes wait", "--until-quiet", "--anyway"]);
    assert!(!places.at().join("moving.jsonl").exists());
    let taken = queue.receive(&"salesforce".into(), 10, 60, "2026-11-22T11:00:00Z".parse().expect("a time")).await.expect("a message");
    queue.delete(&taken.into_iter().map(|delivery| delivery.receipt).collect::<Vec<_>>()).await.expect("a deletion");

    let table = places.table("one").await;
    lease(&table, "2099-01-01T00:00:00Z").await;
    table.stop().await;
    refuses(&export, 5, &["c#customers contacts#l has a lease until 2099-01-01T00:00:00Z", "--anyway"]);
    refuses(&["export", "moving.jsonl", "--data", "one", "--anyway"], 0, &["it was not at rest"]);
    let text = fs::read_to_string(places.at().join("moving.jsonl")).expect("the file");
    assert!(!text.contains("2099"), "leases stay behind");
    refuses(&export, 1, &["is there already", "--force"]);
    refuses(&["import", "moving.jsonl", "--data", "one"], 5, &["is at work"]);

    refuses(&["import", "moving.jsonl", "--data", "two"], 5, &["no installation key here", "secrets.json"]);
    let mut table = places.table("two").await;
    table.keep_key(&json!({ "key": "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=" })).await;
    let foreign = table.command(&["import", "moving.jsonl"]).await;
    assert_eq!(code(&foreign), 5, "{}", stderr(&foreign));
    assert!(stderr(&foreign).contains("another installation key") && stderr(&foreign).contains("secrets.json"), "{}", stderr(&foreign));
    assert!(!stderr(&foreign).contains("BwcH") && table.items().await.is_empty());
    table.stop().await;

    places.take_along("one", "two");
    let cut = text.lines().take(20).collect::<Vec<_>>().join("\n") + "\n";
    for (name, damaged) in [("cut.jsonl", cut), ("changed.jsonl", text.replace("\"v\":1,\"b\"", "\"v\":2,\"b\""))] {
        fs::write(places.at().join(name), damaged).expect("a file");
        refuses(&["import", name, "--data", "two"], 1, &[name, "export again"]);
    }
    let other = fs::read_to_string(places.at().join("syncline.yaml")).expect("the configuration").replace("customers:", "clients:");
    fs::write(places.at().join("other.yaml"), other).expect("a file");
    refuses(&["import", "moving.jsonl", "--data", "two", "--config", "other.yaml"], 3, &["has no sync customers"]);
    let table = places.table("two").await;
    assert!(table.items().await.is_empty(), "whatever was wrong with the file, nothing was written");
    table.stop().await;
}

async fn lease(table: &Table, until: &str) {
    let key = Key { partition: "c#customers".into(), sort: "contacts#l".into() };
    let mut item = table.items().await.remove(&key).expect("a cursor");
    let mut body: Value = serde_json::from_str(&item.body).expect("JSON");
    body["leased_until"] = json!(until);
    item.body = body.to_string();
    table.store().write(vec![Write::Put { item, expect: Expect::Any }]).await.expect("a write");
}

/// An import that was cut off leaves its connections stopped; run again, it goes on and starts them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_import_that_was_cut_off_goes_on() {
    let places = Places::in_step().await;
    let exported = places.command(&["export", "moving.jsonl", "--data", "one", "--json"]);
    assert_eq!(code(&exported), 0, "{}", stderr(&exported));
    let first = places.table("one").await;
    let all = first.items().await;
    first.stop().await;

    let table = places.table("two").await;
    let stop = r#"{"since":"2026-11-22T10:00:00Z","hint":"an import was not finished: run `syncline import` again with the same file"}"#;
    let stopped = ["freshdesk", "salesforce"].map(|name| Item {
        key: Key { partition: format!("n#{name}"), sort: "state".into() },
        body: stop.to_owned(),
        version: 1,
        expires: None,
    });
    let half = all.values().take(all.len() / 2).cloned().chain(stopped);
    table.store().write_loose(half.map(|item| Write::Put { item, expect: Expect::Any }).collect()).await.expect("half of it");
    let imported = table.command(&["import", "moving.jsonl", "--json"]).await;
    assert_eq!(code(&imported), 0, "{}", stderr(&imported));
    let half = u64::try_from(all.len() / 2).expect("a count");
    assert_eq!(json(&imported)["there_already"], json!(half));
    assert_eq!(table.items().await, all, "and no connection is stopped");
}
