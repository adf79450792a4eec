//! The run: everything that the shipped recipe promises, on one machine, against both simulators.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use jiff::SignedDuration;
use syncline_engine::message::Cause;
use syncline_engine::ports::connector::Resume;
use syncline_engine::ports::http::{Call, Http};
use syncline_engine::{Sync, cursor, history};
use syncline_http::ReqwestHttp;
use syncline_local::{
    Amount, Ended, Installation, Listener, Options, Pace, Progress, Report, Resting, RunError, Setup, SimulateOptions, Snapshot, Stop,
    Wish, run,
};
use syncline_model::{Deadline, Record, Side, Value};
use tokio::sync::watch;

/// 60 people and 10 companies a side, half of them on both.
fn setup(folder: &Path) -> Setup {
    let text = syncline_config::recipe("freshdesk-salesforce").unwrap();
    let config = syncline_config::read(text, "syncline.yaml", &syncline_registry::system_facts()).unwrap();
    let left = Amount { people: 0..60, companies: 0..10, calls: None };
    let right = Amount { people: 30..90, companies: 5..15, calls: None };
    Setup {
        folder: folder.to_owned(),
        simulate: Some(SimulateOptions { seed: 7, left, right, provision: true }),
        ask_vendors: true,
        ..Setup::new(config)
    }
}

fn pace() -> Pace {
    // A turn leaves a lease behind where it is cut off: short, so that the next start waits little.
    Pace { turn: SignedDuration::from_secs(6), messages: 1, draw: Duration::from_millis(2), ..Pace::default() }
}

async fn until_quiet(installation: &Arc<Installation>) -> Report {
    let options = Options { until_quiet: true, pace: pace(), ..Options::default() };
    tokio::time::timeout(Duration::from_mins(2), run(installation.clone(), options)).await.unwrap().unwrap()
}

async fn open(folder: &Path) -> Arc<Installation> {
    Arc::new(Installation::open(setup(folder)).await.unwrap())
}

fn by(installation: &Installation) -> Deadline {
    Deadline(installation.engine.now() + SignedDuration::from_secs(30))
}

/// All records of a mapping's side.
async fn records(installation: &Installation, sync: &Sync, mapping: &str, side: Side) -> Vec<Record> {
    let mapping = sync.mapping(&mapping.into()).unwrap();
    let mut found = Vec::new();
    let mut from = None;
    loop {
        let page = sync.ends.of(side).connector.scan(&sync.selection(mapping, side), from.as_ref(), by(installation)).await.unwrap();
        found.extend(page.records.into_iter().map(Result::unwrap));
        match page.resume {
            Resume::More(cursor) => from = Some(cursor),
            Resume::CaughtUp(_) => return found,
        }
    }
}

fn text(record: &Record, field: &str) -> String {
    match record.field(field) {
        Some(Value::Text(text)) => text.clone(),
        other => panic!("{field} of {} {} is {other:?}", record.kind, record.id),
    }
}

/// Every record is there once on each side, and each carries its counterpart's id.
async fn assert_in_step(installation: &Installation) {
    let sync = &installation.engine.syncs[0];
    for (mapping, keys, count) in [("companies", ("name", "Name"), 15), ("contacts", ("email", "Email"), 90)] {
        let mut sides = Vec::new();
        for (side, key) in [(Side::Left, keys.0), (Side::Right, keys.1)] {
            let link_field = sync.mapping(&mapping.into()).unwrap().link_field.of(side).clone().unwrap();
            let all = records(installation, sync, mapping, side).await;
            let by_key: BTreeMap<String, (String, String)> = all
                .iter()
                .map(|record| (text(record, key).to_lowercase(), (record.id.to_string(), text(record, link_field.as_str()))))
                .collect();
            assert_eq!((all.len(), by_key.len()), (count, count), "{mapping} of the {side} side, each once");
            sides.push(by_key);
        }
        for (key, (id, other)) in &sides[0] {
            let (right, back) = &sides[1][key];
            assert_eq!((other, back), (right, id), "{mapping} {key}: each carries the other's id");
        }
    }
}

fn writes(report: &Report) -> u64 {
    report.sides.iter().map(|side| side.counts.created + side.counts.updated + side.counts.deleted + side.counts.stamped).sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_first_run_brings_everything_in_step_and_a_second_one_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let installation = open(folder.path()).await;
    assert_eq!(installation.notes, Vec::<String>::new());
    let report = until_quiet(&installation).await;
    assert_eq!((&report.ended, report.writes_after_quiet, report.dead_letters), (&Ended::Quiet, 0, 0), "{report:#?}");
    assert_in_step(&installation).await;
    // Where a poll sees a new record before its link is stored, whoever stores it first counts: as created or as linked.
    let made = |mapping: &str| {
        let sides = report.sides.iter().filter(|one| one.mapping == mapping);
        sides.fold((0, 0), |(created, conflicts), one| {
            (created + one.counts.created, conflicts + one.counts.later.get("conflict").copied().unwrap_or_default())
        })
    };
    for (mapping, expected) in [("contacts", 60), ("companies", 10)] {
        let (created, conflicts) = made(mapping);
        assert!(created <= expected && created + conflicts >= expected, "{mapping}: {created} created, {conflicts} conflicts");
    }
    assert!(report.cost.write_units > 0 && report.cost.queue_requests > 0);
    assert!(report.usage.values().all(|usage| usage.calls.values().sum::<u64>() > 0));
    let examples = syncline_local::examples(&installation).await.unwrap();
    assert_eq!(examples.len(), 2);
    drop(installation);

    let again = open(folder.path()).await;
    let report = until_quiet(&again).await;
    assert_eq!((&report.ended, writes(&report)), (&Ended::Quiet, 0), "{report:#?}");
    assert_in_step(&again).await;
}

/// Stops the run at once when its workers have handled so many batches.
struct Killer {
    after: u64,
    stop: Stop,
}

impl Progress for Killer {
    fn update(&self, snapshot: &Snapshot) {
        if snapshot.batches >= self.after {
            self.stop.wish(Wish::AtOnce);
        }
    }
}

#[test]
fn a_run_that_is_killed_again_and_again_ends_as_one_that_was_not() {
    let folder = tempfile::tempdir().unwrap();
    for after in [0, 1, 2, 4] {
        // A runtime of its own that is dropped with everything in it, as a killed process is.
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let report = runtime.block_on(async {
            let stop = Stop::default();
            let progress = Arc::new(Killer { after, stop: stop.clone() });
            run(open(folder.path()).await, Options { pace: pace(), progress, stop, ..Options::default() }).await.unwrap()
        });
        assert_eq!(report.ended, Ended::Stopped);
        // Until nothing of it is left: two processes never have one simulator's journal.
        runtime.shutdown_timeout(Duration::from_secs(10));
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let installation = open(folder.path()).await;
        let report = until_quiet(&installation).await;
        assert_eq!((&report.ended, report.dead_letters), (&Ended::Quiet, 0), "{report:#?}");
        assert_in_step(&installation).await;
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_process_runs_a_folder_and_others_may_look() {
    let folder = tempfile::tempdir().unwrap();
    let first = open(folder.path()).await;
    let stop = Stop::default();
    let (telling, mut told) = watch::channel(0);
    let options = Options { pace: pace(), stop: stop.clone(), progress: Arc::new(Telling(telling)), ..Options::default() };
    let running = tokio::spawn(run(first.clone(), options));
    told.changed().await.unwrap();

    let second = open(folder.path()).await;
    let address = |installation: &Installation| {
        let running = installation.simulation.as_ref().unwrap().running();
        running.values().map(|running| running.base_url.clone()).collect::<BTreeSet<_>>()
    };
    assert_eq!(address(&first), address(&second), "the simulators are shared");
    let refused = run(second, Options::default()).await.unwrap_err();
    assert!(matches!(refused, RunError::Running { .. }), "{refused}");
    stop.wish(Wish::Finish);
    assert_eq!(running.await.unwrap().unwrap().ended, Ended::Stopped);
}

/// Tells how many batches there were.
struct Telling(watch::Sender<u64>);

impl Progress for Telling {
    fn update(&self, snapshot: &Snapshot) {
        self.0.send_replace(snapshot.batches);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_webhook_brings_an_edit_over_before_any_poll() {
    let folder = tempfile::tempdir().unwrap();
    let installation = open(folder.path()).await;
    until_quiet(&installation).await;
    let sync = &installation.engine.syncs[0];
    let contact = records(&installation, sync, "contacts", Side::Left).await.swap_remove(0);
    let other = text(&contact, "custom_fields.sfcontactid");

    let listener = Listener::on_loopback(0).await.unwrap();
    let door = format!("http://{}/webhooks/freshdesk", listener.address());
    let stop = Stop::default();
    let (telling, mut told) = watch::channel(0);
    let pace = Pace { poll: Some(SignedDuration::from_hours(10)), ..pace() };
    let options =
        Options { pace, listener: Some(listener), stop: stop.clone(), progress: Arc::new(Telling(telling)), ..Options::default() };
    let began = installation.engine.now();
    let running = tokio::spawn(run(installation.clone(), options));
    // The polls of the start are over: the next ones come in ten hours.
    for mapping in &sync.mappings {
        for side in [Side::Left, Side::Right] {
            while cursor::status(&installation.engine, &sync.name, &mapping.name, side).await.unwrap().caught_up < Some(began) {
                told.changed().await.unwrap();
            }
        }
    }

    let http = ReqwestHttp::new(installation.engine.clock.clone());
    let send = async |request: http::Request<Bytes>| http.send(Call::new("test", request), by(&installation)).await.unwrap();
    let freshdesk = &installation.simulation.as_ref().unwrap().running()["freshdesk"].base_url;
    let person = "Basic aHVtYW4ta2V5Ong="; // human-key:x
    let edit = http::Request::put(format!("{freshdesk}/api/v2/contacts/{}", contact.id))
        .header("authorization", person)
        .header("content-type", "application/json")
        .body(Bytes::from_static(br#"{"name":"Ada Newname"}"#))
        .unwrap();
    assert_eq!(send(edit).await.status(), 200);
    let hook = |secret: &str| {
        http::Request::post(&door)
            .header("x-syncline-secret", secret)
            .body(Bytes::from(format!(r#"{{"contact_id":{}}}"#, contact.id)))
            .unwrap()
    };
    assert_eq!(send(hook("wrong")).await.status(), 401);
    assert_eq!(send(hook("simulator-webhook")).await.status(), 200);
    assert_eq!(send(http::Request::get(door.replace("/webhooks/freshdesk", "/")).body(Bytes::new()).unwrap()).await.status(), 404);
    assert_eq!(send(http::Request::post(door.replace("freshdesk", "nobody")).body(Bytes::new()).unwrap()).await.status(), 404);

    let mapping = sync.mapping(&"contacts".into()).unwrap();
    let arrived = async {
        loop {
            let ids = [other.as_str().into()];
            let found = sync.ends.right.connector.get(&sync.selection(mapping, Side::Right), &ids, by(&installation)).await.unwrap();
            if text(found[0].as_ref().unwrap(), "LastName") == "Newname" {
                return;
            }
            told.changed().await.unwrap();
        }
    };
    tokio::time::timeout(Duration::from_secs(30), arrived).await.unwrap();
    stop.wish(Wish::Finish);
    running.await.unwrap().unwrap();
    let entries = history::list(&installation.engine, sync, &mapping.name, &contact.id, 100).await.unwrap();
    assert!(entries.iter().any(|entry| entry.cause == Cause::Webhook), "{entries:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_at_rest_is_not_run_and_a_running_one_is_not_at_rest() {
    let folder = tempfile::tempdir().unwrap();
    assert!(!Resting::is_there(folder.path()));
    let resting = Resting::open(folder.path(), BTreeMap::new()).await.unwrap();
    assert!(Resting::is_there(folder.path()));
    let refused = run(open(folder.path()).await, Options::default()).await.unwrap_err();
    assert!(matches!(refused, RunError::Running { .. }), "{refused}");
    let Err(refused) = Resting::open(folder.path(), BTreeMap::new()).await else { panic!("one holds it already") };
    assert!(refused.to_string().contains("another syncline runs on"), "{refused}");
    drop(resting);
    assert!(Resting::open(folder.path(), BTreeMap::new()).await.is_ok());
}
