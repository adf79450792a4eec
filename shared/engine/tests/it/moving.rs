//! A write that makes its vendor move the record to another id: the link goes with it, also when the work is cut at any point.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use syncline_engine::backfill::{self, Phase};
use syncline_engine::message::{self, Cause, Change};
use syncline_model::{Record, Side, Value};

use super::desk::{Courier, Desk, Old, PROMOTED};
use super::memory::{Cut, now_or_never};
use super::scene::{World, edited, person};

/// Linked people on two desks, and what was handed out of the queue.
pub(crate) struct Scene {
    pub(crate) world: World,
    pub(crate) desks: syncline_mapping::Pair<Arc<Desk>>,
    courier: Courier,
}

impl Scene {
    pub(crate) fn new(old: Old, into: Option<&str>, pairs: &[(&str, &str)]) -> Self {
        let desks = syncline_mapping::Pair::new(Desk::new(old, into), Desk::new(old, into));
        for (number, (left, right)) in pairs.iter().enumerate() {
            let email = format!("p{number}@a.example");
            desks.left.put(person(left, "Ida", &email, ""));
            desks.right.put(person(right, "Ida", &email, ""));
        }
        let world = World::with(|sync| {
            sync.ends.left.connector = Arc::clone(&desks.left) as _;
            sync.ends.right.connector = Arc::clone(&desks.right) as _;
        });
        now_or_never(backfill::begin(&world.engine, world.sync(), false)).unwrap();
        assert_eq!(now_or_never(backfill::step(&world.engine, world.sync(), world.by())).unwrap().phase, Phase::Done);
        let mut scene = Self { world, desks, courier: Courier::default() };
        scene.deliver();
        assert_eq!(scene.world.links("people").len(), pairs.len());
        scene
    }

    /// Promotes a person on one desk, which tells the worker of the other.
    pub(crate) fn promote(&self, side: Side, id: &str) {
        let desk = self.desks.of(side);
        // The desk whose record is edited by its own user keeps the id.
        let record = desk.record(id);
        desk.edit(record, &BTreeMap::from([("name".into(), Value::text(PROMOTED))]));
        self.tell(side, desk.record(id));
    }

    pub(crate) fn tell(&self, side: Side, record: Record) {
        self.queue(side, Change::seen(record, self.world.engine.now(), Cause::Pull));
    }

    pub(crate) fn queue(&self, side: Side, change: Change) {
        let engine = &self.world.engine;
        let changes = [change];
        let messages = message::changes(engine, self.world.sync(), &"people".into(), side, engine.now(), &changes).unwrap();
        while now_or_never(engine.outbox.send(messages.clone())).is_err() {}
    }

    pub(crate) fn deliver(&mut self) {
        self.courier.deliver(&self.world, |_| {});
    }

    /// What is there in the end.
    fn remains(&self) -> (BTreeSet<(String, String)>, BTreeSet<String>, BTreeSet<String>) {
        (self.world.links("people"), self.desks.left.live(), self.desks.right.live())
    }
}

pub(crate) fn set<T: Ord, const N: usize>(items: [T; N]) -> BTreeSet<T> {
    items.into()
}

/// The pair after a promotion that was seen on `source`.
fn expect_moved(scene: &Scene, source: Side) {
    let target = source.other();
    let (links, ..) = scene.remains();
    let pair = source.of(("P", "R-promoted"), ("P-promoted", "R"));
    assert_eq!(links, set([(pair.0.to_owned(), pair.1.to_owned())]));
    let (own, new) = source.of(("P", "R-promoted"), ("R", "P-promoted"));
    assert_eq!(scene.desks.of(target).text(new, "name"), PROMOTED);
    assert_eq!(scene.desks.of(target).text(new, "other_id"), own, "the moved record carries our id");
    assert_eq!(scene.desks.of(source).text(own, "other_id"), new, "and the other one its new id");
    assert_eq!(scene.world.holds(), BTreeSet::new());
}

#[test]
fn the_link_goes_where_the_vendor_moved_the_record() {
    for source in [Side::Left, Side::Right] {
        for old in [Old::SaysWhere, Old::LivesOn] {
            let mut scene = Scene::new(old, None, &[("P", "R")]);
            scene.promote(source, source.of("P", "R"));
            scene.deliver();
            expect_moved(&scene, source);
        }
    }
}

#[test]
fn an_edit_after_the_move_goes_to_the_new_id() {
    for source in [Side::Left, Side::Right] {
        let mut scene = Scene::new(Old::LivesOn, None, &[("P", "R")]);
        scene.promote(source, source.of("P", "R"));
        scene.deliver();
        let (own, new) = source.of(("P", "R-promoted"), ("R", "P-promoted"));
        let desk = scene.desks.of(source);
        desk.edit(desk.record(own), &BTreeMap::from([("phone".into(), Value::text("+4915112345678"))]));
        scene.tell(source, desk.record(own));
        scene.deliver();
        assert_eq!(scene.desks.of(source.other()).text(new, "phone"), "+4915112345678");
    }
}

#[test]
fn what_stays_under_the_old_id_is_not_synced_any_more() {
    for source in [Side::Left, Side::Right] {
        for old in [Old::SaysWhere, Old::LivesOn] {
            let mut scene = Scene::new(old, None, &[("P", "R")]);
            let before = scene.desks.of(source.other()).record(source.of("R", "P"));
            scene.promote(source, source.of("P", "R"));
            scene.deliver();
            let remains = scene.remains();
            let late = before.with_field("name", Value::text("Edited before it moved")).with_version(edited("2026-11-22T10:00:30Z"));
            scene.tell(source.other(), late);
            scene.deliver();
            expect_moved(&scene, source);
            assert_eq!(scene.remains(), remains, "nothing was made of it");
        }
    }
}

#[test]
fn a_record_that_is_linked_already_is_not_taken_from_its_pair() {
    for source in [Side::Left, Side::Right] {
        let others = source.of("R2", "P2");
        let mut scene = Scene::new(Old::SaysWhere, Some(others), &[("P", "R"), ("P2", "R2")]);
        let links = scene.world.links("people");
        scene.promote(source, source.of("P", "R"));
        scene.deliver();
        assert_eq!(scene.world.links("people"), links);
        let holds = scene.world.holds();
        assert!(holds.iter().any(|(side, id, says)| *side == source && id == source.of("P", "R") && says.contains(others)), "{holds:?}");
    }
}

#[test]
fn a_move_that_is_cut_anywhere_ends_as_if_it_had_not_been() {
    for source in [Side::Left, Side::Right] {
        for old in [Old::SaysWhere, Old::LivesOn] {
            for cut in [Cut::Before, Cut::After] {
                let mut effect = 0;
                loop {
                    let mut scene = Scene::new(old, None, &[("P", "R")]);
                    scene.promote(source, source.of("P", "R"));
                    scene.world.fuse.arm(effect, cut);
                    scene.deliver();
                    if !scene.world.fuse.has_blown() {
                        break;
                    }
                    expect_moved(&scene, source);
                    effect += 1;
                }
                assert!(effect >= 4, "only {effect} effects were cut");
            }
        }
    }
}
