//! What a sweep finds, and what it never infers.

use std::collections::BTreeSet;

use syncline_engine::backfill::{self, Phase};
use syncline_engine::message::Cause;
use syncline_engine::ports::connector::{BadRecord, Cursor};
use syncline_engine::sweep::{self, HOLD_ID, SweepPhase, SweepProgress};
use syncline_engine::{EngineError, cursor, hold};
use syncline_model::{Fault, Side};

use super::memory::{Cut, now_or_never};
use super::scene::{Queued, World, change, edited, person};

/// `count` people on both sides, linked.
fn linked(count: usize) -> World {
    let world = World::new();
    for number in 0..count {
        let email = format!("p{number:03}@a.example");
        world.add(Side::Left, person(&format!("P{number:03}"), "Ida", &email, ""));
        world.add(Side::Right, person(&format!("R{number:03}"), "Ida", &email, ""));
    }
    now_or_never(backfill::begin(&world.engine, world.sync(), false)).unwrap();
    assert_eq!(now_or_never(backfill::step(&world.engine, world.sync(), world.by())).unwrap().phase, Phase::Done);
    assert_eq!(world.links("people").len(), count);
    world.clock.forward(3600);
    world
}

fn step(world: &World, side: Side, adopt: bool) -> Result<SweepProgress, EngineError> {
    let mapping = world.sync().mapping(&"people".into()).unwrap();
    now_or_never(sweep::step(&world.engine, world.sync(), mapping, side, adopt, world.by()))
}

fn sweep(world: &World, side: Side) -> SweepProgress {
    step(world, side, true).unwrap()
}

/// What the sweep queued, of all that was.
fn queued(world: &World) -> BTreeSet<Queued> {
    let of_sweep = format!("{:?}", Cause::Sweep);
    world.queued().into_iter().filter(|queued| matches!(queued, Queued::Change { cause, .. } if *cause == of_sweep)).collect()
}

fn hint(side: Side, id: &str) -> Queued {
    Queued::Change {
        mapping: "people".into(),
        side,
        id: id.into(),
        counterpart: "unknown".into(),
        cause: format!("{:?}", Cause::Sweep),
        seen: false,
    }
}

/// The feed was read to its end now.
fn catch_up(world: &World, side: Side) {
    let lease = now_or_never(cursor::lease(&world.engine, &"us".into(), &"people".into(), side, world.by().0)).unwrap().unwrap();
    now_or_never(lease.finish(&world.engine, Cursor("read".into()))).unwrap();
}

fn lose(world: &World, side: Side, count: usize) {
    world.vendors.of(side).change("person", |rows| {
        rows.drain(..count);
    });
}

#[test]
fn where_nothing_was_missed_it_says_so() {
    let world = linked(5);
    for side in [Side::Left, Side::Right] {
        let swept = sweep(&world, side);
        assert_eq!(
            (swept.phase, swept.read, swept.records, swept.links, swept.gone, swept.queued),
            (SweepPhase::Done, 5, Some(5), 5, 0, 0)
        );
    }
    assert_eq!(queued(&world), BTreeSet::new());
    assert!(!world.store.items().iter().any(|item| item.key.partition.starts_with("q#")), "its pages are forgotten");
}

#[test]
fn what_was_edited_or_created_unseen_is_queued_and_counted() {
    let world = linked(4);
    catch_up(&world, Side::Left);
    world.vendors.left.change("person", |rows| {
        rows[0] = Ok(person("P000", "Edited long ago", "p000@a.example", "").with_version(edited("2026-11-22T10:10:00Z")));
        // The feed was read at 11:00: this may still be in the queue.
        rows[1] = Ok(person("P001", "Edited just now", "p001@a.example", "").with_version(edited("2026-11-22T10:50:00Z")));
        rows.push(Ok(person("P900", "Created long ago", "p900@a.example", "")));
    });
    let swept = sweep(&world, Side::Left);
    assert_eq!((swept.missed.edited, swept.missed.created, swept.missed.deleted, swept.queued), (1, 1, 0, 3));
    let expected = ["P000", "P001", "P900"].map(|id| change("people", Side::Left, id, "unknown", Cause::Sweep));
    assert_eq!(queued(&world), expected.into());
}

#[test]
fn without_adoption_records_that_were_never_linked_are_left_alone() {
    let world = linked(3);
    catch_up(&world, Side::Left);
    world.add(Side::Left, person("P900", "Older than the sync", "p900@a.example", ""));
    let swept = step(&world, Side::Left, false).unwrap();
    assert_eq!((swept.missed.created, swept.queued), (0, 0));
}

#[test]
fn a_missing_record_is_only_a_hint_to_the_other_sides_worker() {
    for side in [Side::Left, Side::Right] {
        let world = linked(5);
        catch_up(&world, side);
        lose(&world, side, 1);
        let before = world.entries();
        let swept = sweep(&world, side);
        assert_eq!((swept.phase, swept.gone, swept.missed.deleted), (SweepPhase::Done, 1, 1));
        assert_eq!(queued(&world), [hint(side, side.of("P000", "R000"))].into());
        assert_eq!(world.entries(), before, "nothing is decided here");
    }
}

#[test]
fn a_mass_delete_stops_and_asks_and_goes_through_once_released() {
    let world = linked(40);
    lose(&world, Side::Right, 12);
    let asked = sweep(&world, Side::Right);
    assert_eq!((asked.phase, asked.gone, asked.links), (SweepPhase::Asked, 12, 40));
    assert_eq!(queued(&world), BTreeSet::new());
    let holds = world.holds();
    let says = holds.iter().find(|hold| hold.1 == HOLD_ID).unwrap().2.clone();
    assert_eq!(says, "12 of 40 linked records are missing on the right side; nothing was done about it");
    // Nobody answered: it asks again.
    assert_eq!(sweep(&world, Side::Right).phase, SweepPhase::Asked);
    assert_eq!(queued(&world), BTreeSet::new());
    let sent = world.outbox.sent().len();
    assert!(now_or_never(hold::release(&world.engine, &"us".into(), &"people".into(), Side::Right, HOLD_ID)).unwrap());
    assert_eq!(world.outbox.sent().len(), sent, "there is no record of that id to be looked at");
    assert_eq!(sweep(&world, Side::Right).phase, SweepPhase::Done);
    let expected: BTreeSet<Queued> = (0..12).map(|number| hint(Side::Right, &format!("R{number:03}"))).collect();
    assert_eq!(queued(&world), expected);
    // The release was for that once.
    lose(&world, Side::Right, 4);
    assert_eq!(sweep(&world, Side::Right).phase, SweepPhase::Asked);
}

#[test]
fn a_release_does_not_cover_many_more_than_were_asked_about() {
    let world = linked(60);
    lose(&world, Side::Right, 15);
    assert_eq!(sweep(&world, Side::Right).phase, SweepPhase::Asked);
    now_or_never(hold::release(&world.engine, &"us".into(), &"people".into(), Side::Right, HOLD_ID)).unwrap();
    lose(&world, Side::Right, 20);
    assert_eq!(sweep(&world, Side::Right).phase, SweepPhase::Asked);
    assert_eq!(queued(&world), BTreeSet::new());
}

#[test]
fn records_that_come_back_end_the_question() {
    let world = linked(40);
    let mut away = Vec::new();
    world.vendors.right.change("person", |rows| away = rows.drain(..12).collect());
    assert_eq!(sweep(&world, Side::Right).phase, SweepPhase::Asked);
    world.vendors.right.change("person", |rows| rows.extend(away));
    assert_eq!(sweep(&world, Side::Right).phase, SweepPhase::Done);
    assert_eq!(world.holds(), BTreeSet::new());
}

#[test]
fn few_missing_records_are_not_asked_about_however_small_the_table() {
    let world = linked(11);
    lose(&world, Side::Left, 10);
    assert_eq!(sweep(&world, Side::Left).phase, SweepPhase::Done);
    assert_eq!(queued(&world).len(), 10);
}

#[test]
fn an_empty_listing_proves_nothing() {
    let world = linked(5);
    lose(&world, Side::Right, 5);
    let swept = sweep(&world, Side::Right);
    assert_eq!((swept.phase, swept.gone), (SweepPhase::Done, 0));
    assert!(swept.stopped.is_some());
    assert_eq!(queued(&world), BTreeSet::new());
}

#[test]
fn a_partial_listing_proves_nothing() {
    for fault in [
        Fault::Transient { detail: "503".into() },
        Fault::RateLimited { until: "2026-11-22T12:00:00Z".parse().unwrap() },
        Fault::AuthRefused { hint: "revoked".into() },
        Fault::Drift { path: "results".into(), expected: "list".into(), found: "null".into() },
    ] {
        let world = linked(6);
        lose(&world, Side::Right, 1);
        world.vendors.right.trip(1, fault);
        let swept = sweep(&world, Side::Right);
        assert_eq!((swept.phase, swept.gone), (SweepPhase::Listing, 0));
        assert!(swept.stopped.is_some());
        assert_eq!(queued(&world), BTreeSet::new());
    }
}

#[test]
fn a_row_that_cannot_be_read_is_there_all_the_same() {
    let fault = || Fault::Drift { path: "email".into(), expected: "text".into(), found: "number".into() };
    let world = linked(5);
    world.vendors.right.change("person", |rows| rows[2] = Err(BadRecord { id: Some("R002".into()), fault: fault() }));
    assert_eq!(sweep(&world, Side::Right).gone, 0);
    // One without an id may be any of them.
    world.vendors.right.change("person", |rows| rows[2] = Err(BadRecord { id: None, fault: fault() }));
    let swept = sweep(&world, Side::Right);
    assert_eq!((swept.phase, swept.gone), (SweepPhase::Done, 0));
    assert_eq!(queued(&world), BTreeSet::new());
}

#[test]
fn a_record_that_was_made_while_the_listing_ran_is_not_missing() {
    let world = linked(4);
    world.vendors.right.change("person", |rows| rows.truncate(3));
    let before = sweep(&world, Side::Right);
    assert_eq!(before.gone, 1, "an old one is");
    // The same record, seen to be written since the sweep began.
    let world = World::new();
    let now = "2026-11-22T10:59:00Z";
    for number in 0..4 {
        let email = format!("p{number}@a.example");
        world.add(Side::Left, person(&format!("P{number}"), "Ida", &email, "").with_version(edited(now)));
        world.add(Side::Right, person(&format!("R{number}"), "Ida", &email, "").with_version(edited(now)));
    }
    now_or_never(backfill::begin(&world.engine, world.sync(), false)).unwrap();
    now_or_never(backfill::step(&world.engine, world.sync(), world.by())).unwrap();
    world.clock.forward(3600);
    world.vendors.right.change("person", |rows| rows.truncate(3));
    assert_eq!(sweep(&world, Side::Right).gone, 0);
}

#[test]
fn a_sweep_that_is_cut_anywhere_comes_to_the_same() {
    let scene = || {
        let world = linked(7);
        catch_up(&world, Side::Right);
        world.vendors.right.change("person", |rows| {
            rows[3] = Ok(person("R003", "Edited", "p003@a.example", "").with_version(edited("2026-11-22T10:10:00Z")));
            rows.drain(..2);
        });
        world
    };
    let whole = scene();
    let reference = sweep(&whole, Side::Right);
    for cut in [Cut::Before, Cut::After] {
        for effect in 0.. {
            let world = scene();
            world.fuse.arm(effect, cut);
            let mut last = None;
            for _ in 0..20 {
                match step(&world, Side::Right, true) {
                    Ok(swept) if swept.phase == SweepPhase::Done => {
                        last = Some(swept);
                        break;
                    }
                    Ok(_) | Err(_) => world.clock.forward(20 * 60),
                }
            }
            let swept = last.unwrap();
            if !world.fuse.has_blown() {
                assert!(effect > 15, "only {effect} effects were seen");
                break;
            }
            assert_eq!(queued(&world), queued(&whole), "cut {cut:?} effect {effect}");
            assert_eq!((swept.gone, swept.missed), (reference.gone, reference.missed), "cut {cut:?} effect {effect}");
        }
    }
}
