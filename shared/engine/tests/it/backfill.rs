//! What a backfill finds, queues and links, whatever cuts it.

use std::collections::BTreeSet;

use syncline_engine::backfill::{self, Phase, Progress, Tally};
use syncline_engine::message::Cause;
use syncline_engine::ports::connector::{BadRecord, Cursor};
use syncline_engine::ports::store::{Expect, Item, Write};
use syncline_engine::{EngineError, cursor, entry, keys, state, waiting};
use syncline_model::{Deadline, Fault, RecordId, Side};

use super::memory::{Cut, now_or_never};
use super::scene::{Queued, World, at_company, carrying, change, company, edited, person, stamp};

fn step(world: &World) -> Result<Progress, EngineError> {
    now_or_never(backfill::step(&world.engine, world.sync(), world.by()))
}

/// Runs to the end, across cuts and pauses.
fn run(world: &World) -> Progress {
    let mut begun = false;
    for _ in 0..100 {
        if !begun {
            begun = now_or_never(backfill::begin(&world.engine, world.sync(), false)).is_ok();
            continue;
        }
        match step(world) {
            Ok(progress) if progress.phase == Phase::Done => return progress,
            // A run that was cut holds its lease until its deadline.
            Ok(_) | Err(_) => world.clock.forward(20 * 60),
        }
    }
    panic!("the backfill does not end");
}

fn tally<'a>(progress: &'a Progress, mapping: &str) -> &'a Tally {
    progress.mappings.iter().find(|tally| tally.mapping.as_str() == mapping).unwrap()
}

/// Companies: one that agrees, one whose name differs, one on each side alone. People: one of each fate.
fn rich() -> World {
    let world = World::new();
    for record in [company("C1", "Nordwerk"), company("C2", "alpha"), company("C3", "Left only")] {
        world.add(Side::Left, record);
    }
    for record in [company("K3", "Right only"), company("K2", "Alpha"), company("K1", "Nordwerk")] {
        world.add(Side::Right, record);
    }
    let left = [
        at_company(person("P1", "Ida Holm", "ida@nordwerk.example", "+49 171 5550143"), "C1"),
        person("P2", "Jon", "jon@a.example", ""),
        person("P3", "Twin", "twin@a.example", ""),
        carrying(person("P4", "Tea", "tea@a.example", ""), "R4"),
        person("P5", "Tea Two", "Tea@A.example", ""),
        at_company(person("P6", "Kim", "kim@a.example", ""), "C3"),
        person("P7", "Lou", "", "030 1234567"),
    ];
    let right = [
        // Its phone is P1's, its email nobody's: the email of R1 decides, though this one comes first.
        person("R0", "Holm senior", "senior@nordwerk.example", "0171 5550143"),
        at_company(person("R1", "Ida Holm", "IDA@nordwerk.example", "0171 / 555 0143"), "K1"),
        person("R2", "Jonathan", "jon@a.example", ""),
        person("R3a", "Twin", "twin@a.example", ""),
        person("R3b", "Twin", "twin@a.example", ""),
        person("R4", "Tea", "tea@a.example", ""),
        person("R7", "Lou", "", "+49 30 1234567"),
        person("R8", "Max", "max@a.example", ""),
    ];
    for record in left {
        world.add(Side::Left, record);
    }
    for record in right {
        world.add(Side::Right, record);
    }
    let fault = Fault::Drift { path: "email".into(), expected: "text".into(), found: "number".into() };
    world.vendors.right.add_bad("person", BadRecord { id: Some("R9".into()), fault });
    // A child that waits for a company that the backfill links.
    let standing = standing(&world, "companies", Side::Left, "C1");
    let child = RecordId::new("P100");
    let writes = waiting::wait(
        world.sync(),
        &"companies".into(),
        Side::Left,
        &standing,
        (&"people".into(), Side::Left, &child),
        waiting::Waits::default(),
        world.engine.now(),
    );
    now_or_never(world.store().write(writes.unwrap())).unwrap();
    world
}

fn expected_queue() -> BTreeSet<Queued> {
    let backfill = Cause::Backfill;
    [
        stamp("companies", Side::Left, "C1", "K1"),
        stamp("companies", Side::Right, "K1", "C1"),
        change("companies", Side::Left, "C2", "is K2", backfill),
        change("companies", Side::Left, "C3", "alone", backfill),
        change("companies", Side::Right, "K3", "alone", backfill),
        stamp("people", Side::Left, "P1", "R1"),
        stamp("people", Side::Right, "R1", "P1"),
        change("people", Side::Left, "P2", "is R2", backfill),
        stamp("people", Side::Right, "R4", "P4"),
        change("people", Side::Left, "P6", "alone", backfill),
        stamp("people", Side::Left, "P7", "R7"),
        stamp("people", Side::Right, "R7", "P7"),
        change("people", Side::Right, "R0", "alone", backfill),
        change("people", Side::Right, "R8", "alone", backfill),
        Queued::Change {
            mapping: "people".into(),
            side: Side::Left,
            id: "P100".into(),
            counterpart: "unknown".into(),
            cause: format!("{:?}", Cause::Child),
            seen: false,
        },
    ]
    .into()
}

fn pairs(pairs: &[(&str, &str)]) -> BTreeSet<(String, String)> {
    pairs.iter().map(|(left, right)| ((*left).to_owned(), (*right).to_owned())).collect()
}

#[test]
fn each_record_ends_in_its_state_and_only_pages_are_asked_for() {
    let world = rich();
    let progress = run(&world);
    assert_eq!(world.links("companies"), pairs(&[("C1", "K1")]));
    assert_eq!(world.links("people"), pairs(&[("P1", "R1"), ("P4", "R4"), ("P7", "R7")]));
    assert_eq!(world.queued(), expected_queue());
    for (side, pages) in [(Side::Left, 2 + 4), (Side::Right, 2 + 5)] {
        assert_eq!(world.vendors.of(side).calls(), [("scan", pages)].into(), "the {side} side");
    }
    let people = tally(&progress, "people");
    assert_eq!((people.pairs, people.linked, people.to_write), (4, 3, 1));
    assert_eq!((people.to_create.left, people.to_create.right), (2, 1));
    assert_eq!((people.held.left, people.held.right, people.skipped.left), (1, 2, 1));
    assert_eq!((people.expected.right, people.unreadable.right), (Some(9), 1));
    assert_eq!(people.tasks, people.tasks_done);
}

#[test]
fn several_records_that_share_a_value_are_held_with_their_candidates() {
    let world = rich();
    run(&world);
    let holds = world.holds();
    let says = |side: Side, id: &str| holds.iter().find(|hold| hold.0 == side && hold.1 == id).map(|hold| hold.2.clone());
    assert_eq!(says(Side::Left, "P3").unwrap(), "several records have the same email: R3a, R3b");
    assert_eq!(says(Side::Right, "R3a").unwrap(), "several records have the same email: P3");
    assert!(says(Side::Right, "R9").unwrap().contains("cannot be read"));
    assert_eq!(holds.len(), 4);
}

#[test]
fn a_second_record_with_the_email_of_a_linked_one_is_left_out_with_both_ids() {
    let world = rich();
    run(&world);
    let standing = standing(&world, "people", Side::Left, "P5");
    let note = standing.note().unwrap();
    assert_eq!(note.end, r#"skipped:{"reason":"taken_by","key":"email","holder":"R4","linked_to":"P4"}"#);
    let skipped = &world.engine.counts.all()[&("us".into(), "people".into(), Side::Left)].skipped;
    assert_eq!(skipped["taken_by"], 1);
}

fn standing(world: &World, mapping: &str, side: Side, id: &str) -> entry::Standing {
    let id = RecordId::new(id);
    let (sync, mapping) = ("us".into(), mapping.into());
    let found = entry::standings(world.store(), &sync, &mapping, side, std::slice::from_ref(&id));
    now_or_never(found).unwrap().remove(&id).unwrap()
}

#[test]
fn a_run_that_is_cut_anywhere_comes_to_the_same() {
    let whole = rich();
    let reference = run(&whole);
    for cut in [Cut::Before, Cut::After] {
        for effect in 0.. {
            let world = rich();
            world.fuse.arm(effect, cut);
            let progress = run(&world);
            if !world.fuse.has_blown() {
                assert!(effect > 30, "only {effect} effects were seen");
                break;
            }
            assert_eq!(world.entries(), whole.entries(), "entries, cut {cut:?} effect {effect}");
            assert_eq!(world.queued(), whole.queued(), "queue, cut {cut:?} effect {effect}");
            assert_eq!(world.holds(), whole.holds(), "holds, cut {cut:?} effect {effect}");
            for (one, other) in progress.mappings.iter().zip(&reference.mappings) {
                let counts = |tally: &Tally| {
                    (tally.read, tally.pairs, tally.linked, tally.to_write, tally.to_create, tally.held, tally.skipped, tally.tasks_done)
                };
                assert_eq!(counts(one), counts(other), "{}, cut {cut:?} effect {effect}", one.mapping);
            }
        }
    }
}

#[test]
fn many_short_runs_come_to_the_same_as_one() {
    let whole = rich();
    run(&whole);
    let world = rich();
    now_or_never(backfill::begin(&world.engine, world.sync(), false)).unwrap();
    // Each run is stopped by a limit after one page: it goes on when it is told to.
    let mut stops = 0;
    for side in [Side::Left, Side::Right] {
        for page in 0..2 {
            let until = world.engine.now() + jiff::SignedDuration::from_secs(60);
            world.vendors.of(side).trip(page, Fault::RateLimited { until });
            let progress = step(&world).unwrap();
            assert_eq!(progress.again_at, Some(until));
            assert!(progress.stopped.is_some());
            stops += 1;
            world.clock.forward(60);
        }
    }
    assert_eq!(stops, 4);
    run(&world);
    assert_eq!(world.links("people"), whole.links("people"));
    assert_eq!(world.queued(), whole.queued());
}

#[test]
fn two_runs_at_once_do_not_harm_each_other() {
    let world = rich();
    now_or_never(backfill::begin(&world.engine, world.sync(), false)).unwrap();
    // A run that died in the middle of its first page still has the lease.
    world.fuse.arm(2, Cut::After);
    assert!(step(&world).is_err());
    let progress = step(&world).unwrap();
    assert_eq!(progress.phase, Phase::ScanLeft);
    assert!(progress.again_at.is_some_and(|at| at > world.engine.now()));
    assert_eq!(progress.stopped.as_deref(), Some("another run is at it"));
}

#[test]
fn beginning_twice_changes_nothing_unless_forced() {
    let world = rich();
    let done = run(&world);
    let again = now_or_never(backfill::begin(&world.engine, world.sync(), false)).unwrap();
    assert_eq!(again.phase, Phase::Done);
    assert_eq!(again.ended, done.ended);
    let before = world.queued();
    let forced = now_or_never(backfill::begin(&world.engine, world.sync(), true)).unwrap();
    assert_eq!(forced.phase, Phase::ScanLeft);
    assert_eq!(forced.mappings[0].expected.left, Some(3), "what the last one counted");
    run(&world);
    assert_eq!(world.queued(), before, "what is linked or noted is not queued again");
}

#[test]
fn staged_pages_hold_no_values_and_are_forgotten_at_the_end() {
    let world = rich();
    now_or_never(backfill::begin(&world.engine, world.sync(), false)).unwrap();
    world.vendors.right.trip(1, Fault::AuthExpired);
    step(&world).unwrap();
    let staged = |world: &World| world.store.items().into_iter().filter(|item| item.key.partition.starts_with("s#")).collect::<Vec<_>>();
    assert!(!staged(&world).is_empty());
    let fortnight = world.engine.now() + jiff::SignedDuration::from_hours(14 * 24);
    for item in staged(&world) {
        for secret in ["Nordwerk", "alpha", "Left only", "company"] {
            assert!(!item.body.contains(secret), "{secret} is readable");
        }
        assert!(item.expires.is_some_and(|end| end <= fortnight));
    }
    run(&world);
    assert!(staged(&world).is_empty());
}

#[test]
fn pages_that_expired_are_read_again() {
    let world = rich();
    now_or_never(backfill::begin(&world.engine, world.sync(), false)).unwrap();
    world.vendors.right.trip(1, Fault::AuthExpired);
    step(&world).unwrap();
    world.store.forget("s#");
    run(&world);
    assert_eq!(world.links("people"), pairs(&[("P1", "R1"), ("P4", "R4"), ("P7", "R7")]));
    assert_eq!(world.queued(), expected_queue());
}

/// Another config, too, makes the scans begin anew, and then what was linked is no task any more.
#[test]
fn what_a_cut_run_has_linked_gets_its_link_fields_though_its_pages_are_gone() {
    let stamps = |world: &World| world.queued().into_iter().filter(|queued| matches!(queued, Queued::Stamp { .. })).collect::<Vec<_>>();
    let whole = rich();
    run(&whole);
    for effect in 0.. {
        let world = rich();
        now_or_never(backfill::begin(&world.engine, world.sync(), false)).unwrap();
        world.fuse.arm(effect, Cut::After);
        if step(&world).is_ok() && !world.fuse.has_blown() {
            assert!(effect > 30, "only {effect} effects were seen");
            break;
        }
        world.store.forget("s#");
        run(&world);
        assert_eq!(world.links("people"), whole.links("people"), "cut after effect {effect}");
        assert_eq!(stamps(&world), stamps(&whole), "cut after effect {effect}");
    }
}

#[test]
fn a_refused_sign_in_stops_the_connection() {
    let world = rich();
    now_or_never(backfill::begin(&world.engine, world.sync(), false)).unwrap();
    world.vendors.left.trip(0, Fault::AuthRefused { hint: "the key was revoked".into() });
    let progress = step(&world).unwrap();
    assert!(progress.stopped.is_some() && progress.again_at.is_none());
    assert!(now_or_never(state::stopped(&world.engine, &"left".into())).unwrap().is_some());
    let calls = world.vendors.left.calls();
    assert_eq!(step(&world).unwrap().phase, Phase::ScanLeft);
    assert_eq!(world.vendors.left.calls(), calls, "a stopped connection is not called");
}

#[test]
fn without_time_nothing_is_begun() {
    let world = rich();
    now_or_never(backfill::begin(&world.engine, world.sync(), false)).unwrap();
    let soon = Deadline(world.engine.now() + jiff::SignedDuration::from_secs(3));
    let progress = now_or_never(backfill::step(&world.engine, world.sync(), soon)).unwrap();
    assert_eq!(progress.phase, Phase::ScanLeft);
    assert!(world.vendors.left.calls().is_empty());
}

/// The cursor that the next pull would go on from.
fn feed(world: &World, side: Side) -> Option<Cursor> {
    let until = world.by().0;
    let lease = now_or_never(cursor::lease(&world.engine, &"us".into(), &"people".into(), side, until)).unwrap().unwrap();
    let cursor = lease.cursor().cloned();
    now_or_never(lease.release(&world.engine)).unwrap();
    cursor
}

fn read_feed(world: &World, side: Side, cursor: &str) {
    let until = world.by().0;
    let lease = now_or_never(cursor::lease(&world.engine, &"us".into(), &"people".into(), side, until)).unwrap().unwrap();
    now_or_never(lease.finish(&world.engine, Cursor(cursor.into()))).unwrap();
}

#[test]
fn a_feed_begins_where_the_scan_began_unless_it_was_read_before() {
    let world = rich();
    read_feed(&world, Side::Left, "older");
    world.clock.forward(60);
    now_or_never(backfill::begin(&world.engine, world.sync(), false)).unwrap();
    world.vendors.right.trip(3, Fault::Transient { detail: "503".into() });
    step(&world).unwrap();
    world.clock.forward(60);
    // A pull that begins while the right side is being scanned has missed what happened to records that were read before.
    read_feed(&world, Side::Right, "younger");
    world.clock.forward(60);
    run(&world);
    assert_eq!(feed(&world, Side::Left), Some(Cursor("older".into())));
    assert_eq!(feed(&world, Side::Right), Some(Cursor("from the scan of person".into())));
}

#[test]
fn a_feed_that_is_being_read_is_waited_for() {
    let world = World::new();
    let until = world.engine.now() + jiff::SignedDuration::from_secs(100);
    let lease = now_or_never(cursor::lease(&world.engine, &"us".into(), &"companies".into(), Side::Left, until)).unwrap();
    assert!(lease.is_some());
    now_or_never(backfill::begin(&world.engine, world.sync(), false)).unwrap();
    let progress = step(&world).unwrap();
    assert_eq!((progress.phase, progress.again_at), (Phase::ScanLeft, Some(until)));
    world.clock.forward(100);
    assert_eq!(step(&world).unwrap().phase, Phase::Done);
    assert_eq!(world.vendors.left.calls()["scan"], 2, "the page is not read again");
}

#[test]
fn a_record_that_is_linked_and_changed_goes_to_the_worker_and_one_that_is_not_is_only_known() {
    let world = World::new();
    world.add(Side::Left, person("P1", "Ida", "ida@a.example", ""));
    world.add(Side::Right, person("R1", "Ida", "ida@a.example", ""));
    run(&world);
    world.vendors.left.change("person", |rows| {
        rows[0] = Ok(person("P1", "Ida Holm", "ida@a.example", "").with_version(edited("2026-11-22T09:00:00Z")));
        rows.push(Ok(person("P2", "Twin", "IDA@a.example", "")));
    });
    let before = world.queued();
    now_or_never(backfill::begin(&world.engine, world.sync(), true)).unwrap();
    run(&world);
    let new: Vec<Queued> = world.queued().difference(&before).cloned().collect();
    assert_eq!(new, [change("people", Side::Left, "P1", "unknown", Cause::Backfill)]);
    assert!(standing(&world, "people", Side::Left, "P2").note().unwrap().end.contains("taken_by"));
}

#[test]
fn a_record_that_a_worker_is_creating_is_left_to_it() {
    let world = World::new();
    world.add(Side::Left, person("P1", "Ida", "ida@a.example", ""));
    world.add(Side::Right, person("R1", "Ida", "ida@a.example", ""));
    let key = keys::entry(&"us".into(), &"people".into(), Side::Left, &"P1".into());
    let body = format!(r#"{{"v":1,"intent":{{"at":"{}","children":false}}}}"#, world.engine.now());
    let intent = Write::Put { item: Item { key, body, version: 1, expires: None }, expect: Expect::Absent };
    now_or_never(world.store().write(vec![intent])).unwrap();
    run(&world);
    assert_eq!(world.links("people"), BTreeSet::new());
    assert_eq!(world.queued(), [change("people", Side::Left, "P1", "unknown", Cause::Backfill)].into());
}

#[test]
fn ids_that_contradict_each_other_are_held() {
    let world = World::new();
    world.add(Side::Left, carrying(person("P1", "Ida", "ida@a.example", ""), "R1"));
    world.add(Side::Left, carrying(person("P2", "Ida", "ida@b.example", ""), "R1"));
    world.add(Side::Left, carrying(person("P3", "Bo", "bo@a.example", ""), "R3"));
    world.add(Side::Right, person("R1", "Ida", "ida@a.example", ""));
    world.add(Side::Right, carrying(person("R3", "Bo", "bo@b.example", ""), "P3"));
    run(&world);
    let held: Vec<(Side, String)> = world.holds().into_iter().map(|(side, id, _)| (side, id)).collect();
    assert_eq!(held, [(Side::Left, "P1".into()), (Side::Left, "P2".into()), (Side::Right, "R1".into())]);
    assert_eq!(world.queued(), [change("people", Side::Left, "P3", "is R3", Cause::Backfill)].into());
}

#[test]
fn where_records_are_not_created_leftovers_are_noted() {
    let world = World::with(|sync| sync.mappings.iter_mut().for_each(|mapping| mapping.create.right = false));
    world.add(Side::Left, person("P1", "Ida", "ida@a.example", ""));
    world.add(Side::Right, person("R2", "Bo", "bo@a.example", ""));
    let progress = run(&world);
    assert_eq!(world.queued(), [change("people", Side::Right, "R2", "alone", Cause::Backfill)].into());
    assert!(standing(&world, "people", Side::Left, "P1").note().unwrap().end.contains("not_created_there"));
    assert_eq!(tally(&progress, "people").skipped.left, 1);
}

#[test]
fn many_large_records_fit_into_items_and_messages() {
    let world = World::new();
    let long = "x".repeat(90_000);
    for number in 0..5 {
        world.add(Side::Left, person(&format!("P{number}"), &long, &format!("p{number}@a.example"), ""));
    }
    world.add(Side::Left, person("P9", &"y".repeat(250_000), "p9@a.example", ""));
    run(&world);
    let ids: BTreeSet<(String, bool)> =
        world.changes().into_iter().map(|(_, _, change)| (change.id.to_string(), change.seen.is_some())).collect();
    let mut expected: BTreeSet<(String, bool)> = (0..5).map(|number| (format!("P{number}"), true)).collect();
    // One that fits nowhere travels as a hint.
    expected.insert(("P9".into(), false));
    assert_eq!(ids, expected);
}

#[test]
fn a_scan_that_does_not_advance_stops() {
    let world = World::new();
    (0..3).for_each(|number| world.add(Side::Left, company(&format!("C{number}"), &format!("Company {number}"))));
    now_or_never(backfill::begin(&world.engine, world.sync(), false)).unwrap();
    world.vendors.left.get_stuck();
    let progress = step(&world).unwrap();
    assert_eq!(progress.stopped.as_deref(), Some("the listing of companies on the left side does not advance"));
    assert!(world.vendors.left.calls()["scan"] <= 3);
}
