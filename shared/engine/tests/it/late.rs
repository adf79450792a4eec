//! What is told, asked or stamped late, or not at all: what is not known is looked at.

use std::collections::BTreeMap;

use syncline_engine::message::{self, Cause, Change, Stamp};
use syncline_model::{Side, Value};

use super::desk::{Old, PROMOTED};
use super::memory::now_or_never;
use super::moving::{Scene, set};

/// The vendor's people moved the record, and whoever brings an edit finds that out only after the vendor has put it off a few times.
#[test]
fn an_edit_that_was_put_off_before_follows_a_record_that_moved() {
    for source in [Side::Left, Side::Right] {
        let mut scene = Scene::new(Old::SaysWhere, None, &[("P", "R")]);
        let (own, other, new) = source.of(("P", "R", "R-promoted"), ("R", "P", "P-promoted"));
        let (desk, theirs) = (scene.desks.of(source), scene.desks.of(source.other()));
        theirs.update(&other.into(), &BTreeMap::from([("name".into(), Value::text(PROMOTED))]));
        desk.edit(desk.record(own), &BTreeMap::from([("phone".into(), Value::text("+4915112345678"))]));
        let change = Change::seen(desk.record(own), scene.world.engine.now(), Cause::Pull);
        scene.queue(source, Change { attempt: 3, ..change });
        scene.deliver();
        // The name goes to the other desk, which promotes them as well.
        assert_eq!(scene.world.links("people"), set([("P-promoted".to_owned(), "R-promoted".to_owned())]));
        assert_eq!(scene.desks.of(source.other()).text(new, "phone"), "+4915112345678");
    }
}

/// What stays under the old id may tell in our field where its record went.
#[test]
fn our_id_that_comes_late_is_not_written_into_what_was_left_behind() {
    for source in [Side::Left, Side::Right] {
        let mut scene = Scene::new(Old::LivesOn, None, &[("P", "R")]);
        scene.promote(source, source.of("P", "R"));
        scene.deliver();
        let (own, old) = source.of(("P", "R"), ("R", "P"));
        let desk = scene.desks.of(source.other());
        desk.edit(desk.record(old), &BTreeMap::from([("other_id".into(), Value::text("where it went"))]));
        let (engine, sync) = (&scene.world.engine, scene.world.sync());
        let stamp = Stamp::new(old.into(), own.into(), engine.now(), None);
        scene.world.clock.forward(120);
        let messages = message::stamps(sync, &"people".into(), source.other(), engine.now(), &[stamp]).unwrap();
        now_or_never(engine.outbox.send(messages)).unwrap();
        scene.deliver();
        assert_eq!(scene.desks.of(source.other()).text(old, "other_id"), "where it went");
    }
}

/// Both sides were edited. The first write is made, and cannot be read back: what was read before it is no edit of anybody's.
#[test]
fn a_write_that_cannot_be_read_back_is_not_taken_back() {
    for source in [Side::Left, Side::Right] {
        let mut scene = Scene::new(Old::SaysWhere, None, &[("P", "R")]);
        let (own, other) = source.of(("P", "R"), ("R", "P"));
        let (desk, theirs) = (scene.desks.of(source), scene.desks.of(source.other()));
        theirs.edit(theirs.record(other), &BTreeMap::from([("phone".into(), Value::text("+4915112345678"))]));
        desk.edit(desk.record(own), &BTreeMap::from([("name".into(), Value::text("Ida Berg"))]));
        theirs.fail_after_a_write();
        let writes = desk.writes();
        scene.tell(source, desk.record(own));
        scene.deliver();
        for (desk, id) in [(scene.desks.of(source), own), (scene.desks.of(source.other()), other)] {
            assert_eq!((desk.text(id, "name").as_str(), desk.text(id, "phone").as_str()), ("Ida Berg", "+4915112345678"));
        }
        assert_eq!(scene.desks.of(source).writes(), writes + 1, "the phone, and nothing else");
    }
}

/// A backfill saw an edit, and the other vendor was out for an hour. Meanwhile it was taken back: that is as the two were linked, and no feed tells of it.
#[test]
fn what_a_backfill_saw_long_ago_is_looked_at_before_it_is_carried_over() {
    for source in [Side::Left, Side::Right] {
        let mut scene = Scene::new(Old::SaysWhere, None, &[("P", "R")]);
        let (own, other) = source.of(("P", "R"), ("R", "P"));
        let (desk, before) = (scene.desks.of(source), scene.desks.of(source).text(own, "phone"));
        desk.edit(desk.record(own), &BTreeMap::from([("phone".into(), Value::text("+4915112345678"))]));
        scene.queue(source, Change::seen(desk.record(own), scene.world.engine.now(), Cause::Backfill));
        desk.edit(desk.record(own), &BTreeMap::from([("phone".into(), Value::text(before.as_str()))]));
        scene.world.clock.forward(3600);
        scene.deliver();
        assert_eq!((desk_text(&scene, source, own), desk_text(&scene, source.other(), other)), (before.clone(), before));
        assert_eq!(scene.desks.of(source.other()).writes(), 1, "their link field, and nothing else");
    }
}

fn desk_text(scene: &Scene, side: Side, id: &str) -> String {
    scene.desks.of(side).text(id, "phone")
}
