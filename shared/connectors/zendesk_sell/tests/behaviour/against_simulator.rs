//! Changes of plan, late events and the vendor's end, against the simulator as unkind as it is.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use jiff::SignedDuration;
use serde_json::json;
use syncline_engine::ports::clock::{Clock, Dice};
use syncline_engine::ports::connector::{Connector, Cursor, From, Page, Resume};
use syncline_engine::ports::vendor::{Parts, Settings, Vendor};
use syncline_model::{Fault, Record, Secret, Timestamp};
use syncline_simulator::{Fields, InProcess, Population, Shared, Unkind, Users, lock, shared};
use syncline_zendesk_sell_sim::{ACCESS_TOKEN, Limits, Plan, PlanRefusal, Profile, Retirement, Sell};

use crate::scripted::{NOW, Safe, at, contacts};

struct Moving(Mutex<Timestamp>);

impl Clock for Moving {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

impl Dice for Moving {
    fn roll(&self) -> u64 {
        4
    }
}

/// A Sell account, our connector, and what our connector told last of each record: `None` for a deleted one.
struct Scene {
    sell: Shared<Unkind<Sell>>,
    clock: Arc<Moving>,
    connector: Arc<dyn Connector>,
    known: BTreeMap<String, Option<String>>,
    told: usize,
}

fn title(record: &Record) -> String {
    record.field("title").map(|value| value.to_plain().as_str().unwrap_or_default().to_owned()).unwrap_or_default()
}

impl Scene {
    fn new(profile: Profile) -> Self {
        let clock = Arc::new(Moving(Mutex::new(at(NOW))));
        let mut account = Sell::new(Profile { limits: Limits::BOUNDLESS, ..profile });
        account.load(&Population::new(1), 0..230, 0..10, clock.now());
        let sell = shared(Unkind::new(account));
        let parts = Parts {
            connection: "sell".to_owned(),
            settings: Settings::default(),
            secrets: Arc::new(Safe(Mutex::new(BTreeMap::from([("access_token".to_owned(), Secret::new(ACCESS_TOKEN))])))),
            http: Arc::new(InProcess { simulator: sell.clone(), clock: clock.clone() }),
            clock: clock.clone(),
            dice: clock.clone(),
        };
        let connector = syncline_zendesk_sell::VENDOR.connect(parts).unwrap();
        Self { sell, clock, connector, known: BTreeMap::new(), told: 0 }
    }

    fn pass(&self, seconds: i64) {
        *self.clock.0.lock().unwrap() += SignedDuration::from_secs(seconds);
    }

    fn by(&self) -> syncline_model::Deadline {
        syncline_model::Deadline(self.clock.now() + SignedDuration::from_mins(10))
    }

    fn note(&mut self, page: &Page) {
        for record in page.records.iter().map(|row| row.as_ref().unwrap()) {
            self.told += 1;
            self.known.insert(record.id.to_string(), record.is_live().then(|| title(record)));
        }
    }

    async fn scan(&mut self) -> Cursor {
        let mut from = None;
        for _ in 0..100 {
            let page = self.connector.scan(&contacts(&["title"]), from.as_ref(), self.by()).await.unwrap();
            self.note(&page);
            match page.resume {
                Resume::More(cursor) => from = Some(cursor),
                Resume::CaughtUp(cursor) => return cursor,
            }
        }
        panic!("the scan does not end");
    }

    async fn pull(&mut self, mut cursor: Cursor) -> Cursor {
        for _ in 0..100 {
            let page = self.connector.list_changes(&contacts(&["title"]), &From::Cursor(&cursor), self.by()).await.unwrap();
            self.note(&page);
            match page.resume {
                Resume::More(next) => cursor = next,
                Resume::CaughtUp(next) => return next,
            }
        }
        panic!("the listing does not end");
    }

    fn live(&self) -> BTreeMap<String, String> {
        let live = lock(&self.sell).simulator.live("contact");
        let own = |fields: &Fields| fields.get("title").and_then(|title| title.as_str()).unwrap_or_default().to_owned();
        live.iter().map(|(id, fields)| (id.clone(), own(fields))).collect()
    }

    /// The ids of the people: the organisations came first, and a deletion of one changes its people.
    fn people(&self) -> Vec<String> {
        self.live().into_keys().skip(10).collect()
    }

    fn edit(&self, id: &str, title: &str) {
        let fields = Fields::from([("title".to_owned(), json!(title))]);
        lock(&self.sell).simulator.edit(self.clock.now(), "contact", id, &fields).unwrap();
    }

    fn delete(&self, id: &str) {
        lock(&self.sell).simulator.delete(self.clock.now(), "contact", id).unwrap();
    }

    /// What is known of the records that are live is how they are.
    fn knows_the_living(&self) {
        for (id, title) in self.live() {
            assert_eq!(self.known.get(&id).cloned().flatten(), Some(title), "{id}");
        }
    }

    fn seen(&self, part: &str) -> usize {
        lock(&self.sell).seen.iter().filter(|line| line.contains(part)).count()
    }
}

fn run(future: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future);
}

#[test]
fn an_upgrade_and_a_downgrade_lose_nothing_and_tell_nothing_twice() {
    run(async {
        for plan_refusal in [PlanRefusal::Envelope, PlanRefusal::Bare] {
            let mut scene = Scene::new(Profile { plan: Plan::Team, plan_refusal, ..Profile::default() });
            let mut cursor = scene.scan().await;
            assert_eq!(scene.known.len(), 240);
            let ids = scene.people();
            scene.pass(3_600);
            scene.edit(&ids[3], "By the list");
            scene.pass(60);
            cursor = scene.pull(cursor).await;
            scene.knows_the_living();
            // The upgrade, an edit before the next run, and one while it is under way.
            scene.pass(600);
            lock(&scene.sell).simulator.upgrade();
            scene.edit(&ids[4], "Before the switch");
            scene.pass(600);
            cursor = scene.pull(cursor).await;
            assert!(cursor.0.contains("stream"), "{}", cursor.0);
            scene.edit(&ids[5], "After the switch");
            scene.delete(&ids[6]);
            scene.pass(60);
            let told = scene.told;
            cursor = scene.pull(cursor).await;
            assert_eq!(scene.known[&ids[6]], None, "Firehose tells deletions");
            assert!(scene.told - told <= 4, "of two changes {} were told", scene.told - told);
            scene.knows_the_living();
            let told = scene.told;
            cursor = scene.pull(cursor).await;
            assert_eq!(scene.told, told, "nothing happened");
            // The downgrade, with edits around it.
            scene.edit(&ids[7], "Before the end of Firehose");
            lock(&scene.sell).simulator.downgrade();
            scene.pass(600);
            scene.edit(&ids[8], "After it");
            scene.pass(60);
            cursor = scene.pull(cursor).await;
            scene.knows_the_living();
            assert!(!cursor.0.contains("stream"));
        }
    });
}

#[test]
fn late_events_are_told_by_a_later_run() {
    run(async {
        let mut scene = Scene::new(Profile { firehose_lag_s: 20, ..Profile::default() });
        let mut cursor = scene.scan().await;
        let ids = scene.people();
        scene.pass(100);
        let mut changed = BTreeSet::new();
        for round in 0..12 {
            for number in 0..20 {
                let id = &ids[(round * 20 + number) % ids.len()];
                scene.edit(id, &format!("Round {round}"));
                changed.insert(id.clone());
            }
            scene.pass(7);
            cursor = scene.pull(cursor).await;
        }
        for _ in 0..3 {
            scene.pass(30);
            cursor = scene.pull(cursor).await;
        }
        assert!(changed.len() > 200 && cursor.0.contains("stream"));
        scene.knows_the_living();
    });
}

#[test]
fn a_sync_that_slept_longer_than_firehose_remembers_lists_what_it_missed() {
    run(async {
        let mut scene = Scene::new(Profile::default());
        let mut cursor = scene.scan().await;
        let ids = scene.people();
        scene.pass(600);
        cursor = scene.pull(cursor).await;
        scene.edit(&ids[1], "On the first day");
        scene.pass(80 * 3_600);
        scene.edit(&ids[2], "On the fourth day");
        scene.pass(60);
        let refused = scene.seen("/v2/contacts?sort_by=updated_at");
        cursor = scene.pull(cursor).await;
        assert!(scene.seen("/v2/contacts?sort_by=updated_at") > refused, "the list was not read");
        scene.knows_the_living();
        scene.edit(&ids[9], "And on");
        scene.pass(60);
        cursor = scene.pull(cursor).await;
        scene.knows_the_living();
        assert!(cursor.0.contains("stream"));
    });
}

#[test]
fn an_account_at_its_end_stops_the_connection_and_tells_of_no_deletion() {
    run(async {
        for how in [Retirement::Unauthorized, Retirement::Forbidden, Retirement::NotFound, Retirement::Gone] {
            let mut scene = Scene::new(Profile::default());
            let cursor = scene.scan().await;
            let ids: Vec<_> = scene.live().into_keys().map(syncline_model::RecordId::new).collect();
            lock(&scene.sell).simulator.retire(how);
            let selection = contacts(&["title"]);
            let faults = [
                scene.connector.scan(&selection, None, scene.by()).await.unwrap_err().fault,
                scene.connector.list_changes(&selection, &From::Cursor(&cursor), scene.by()).await.unwrap_err().fault,
                scene.connector.get(&selection, &ids[..3], scene.by()).await.unwrap_err().fault,
                scene.connector.account(scene.by()).await.unwrap_err().fault,
            ];
            assert!(faults.iter().all(|fault| matches!(fault, Fault::AuthRefused { .. })), "{how:?}: {faults:?}");
        }
    });
}
