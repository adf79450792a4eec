//! Records that refer to others of their own object: people to the organisation where they work, organisations to the one that owns them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use syncline_engine::backfill::{self, Phase};
use syncline_engine::message::{self, Cause, Change};
use syncline_mapping::{Lens, Pair};
use syncline_model::{RecordId, Side, Value};

use super::desk::{Courier, Desk, Old};
use super::memory::{Cut, now_or_never};
use super::scene::{World, at_company, person};

/// Two desks between which nobody is linked yet.
struct Family {
    world: World,
    desks: Pair<Arc<Desk>>,
    courier: Courier,
}

/// Who refers to whom, by id.
type Ties<'a> = &'a [(&'a str, &'a str)];

const CHAIN: Ties<'static> = &[("ida", "north"), ("north", "holding"), ("holding", "")];
const TWINS: Ties<'static> = &[("north", "south"), ("south", "north"), ("ida", "north")];
const ROUND: Ties<'static> = &[("a", "b"), ("b", "c"), ("c", "d"), ("d", "a")];
const ITSELF: Ties<'static> = &[("holding", "holding"), ("north", "holding")];

impl Family {
    fn new() -> Self {
        let desks = Pair::new(Desk::new(Old::LivesOn, None), Desk::new(Old::LivesOn, None));
        let world = World::with(|sync| {
            sync.ends.left.connector = Arc::clone(&desks.left) as _;
            sync.ends.right.connector = Arc::clone(&desks.right) as _;
            sync.mappings.remove(0);
            let own = sync.mappings[0].name.clone();
            for field in sync.mappings[0].fields.iter_mut().filter(|field| field.name == "company") {
                let lens = Lens::Reference { field: "company".into(), parent: own.clone() };
                field.lens = Pair::new(lens.clone(), lens);
            }
        });
        Self { world, desks, courier: Courier::default() }
    }

    fn add(&self, side: Side, ties: Ties<'_>) {
        for (id, refers_to) in ties {
            let record = person(id, id, &format!("{id}@a.example"), "");
            let refers_to = if refers_to.is_empty() { record } else { at_company(record, refers_to) };
            self.desks.of(side).put(refers_to);
        }
    }

    fn tell(&self, side: Side, ids: &[&str]) {
        let engine = &self.world.engine;
        let changes: Vec<Change> = ids.iter().map(|id| Change::seen(self.desks.of(side).record(id), engine.now(), Cause::Pull)).collect();
        let messages = message::changes(engine, self.world.sync(), &"people".into(), side, engine.now(), &changes).unwrap();
        while now_or_never(engine.outbox.send(messages.clone())).is_err() {}
    }

    /// In one message, or in one each.
    fn tell_all(&self, side: Side, ids: &[&str], together: bool) {
        for some in ids.chunks(if together { ids.len() } else { 1 }) {
            self.tell(side, some);
        }
    }

    fn deliver(&mut self) {
        self.courier.deliver(&self.world, |_| {});
    }

    /// The counterpart of a record of a side.
    fn counterpart(&self, side: Side, id: &str) -> String {
        let links = self.world.links("people");
        let found = links.into_iter().find(|(left, right)| *side.of(left, right) == id);
        let (left, right) = found.unwrap_or_else(|| panic!("{id} is not linked"));
        side.other().of(left, right)
    }

    /// Everybody is linked, and refers to the counterpart of whom they referred to.
    fn expect_tied(&self, side: Side, ties: Ties<'_>) {
        assert_eq!(self.world.links("people").len(), ties.len());
        for other in [Side::Left, Side::Right] {
            assert_eq!(self.desks.of(other).live().len(), ties.len(), "each once at {other}");
        }
        for (id, refers_to) in ties {
            let there = self.desks.of(side.other()).record(&self.counterpart(side, id));
            let expected = match *refers_to {
                "" => Value::Null,
                refers_to => Value::Reference(RecordId::new(self.counterpart(side, refers_to))),
            };
            assert_eq!(there.fields["company"], expected, "{id} refers to {refers_to:?}");
        }
        assert_eq!(self.world.holds(), BTreeSet::new());
    }
}

fn orders<'a>(ids: &[&'a str]) -> Vec<Vec<&'a str>> {
    let Some((first, rest)) = ids.split_first() else { return vec![Vec::new()] };
    let mut all = Vec::new();
    for order in orders(rest) {
        for place in 0..=order.len() {
            let mut order = order.clone();
            order.insert(place, *first);
            all.push(order);
        }
    }
    all
}

#[test]
fn they_go_across_in_whatever_order_they_are_told_of_each_with_one_write() {
    let ids: Vec<&str> = CHAIN.iter().map(|(id, _)| *id).collect();
    for side in [Side::Left, Side::Right] {
        for order in orders(&ids) {
            let mut family = Family::new();
            family.add(side, CHAIN);
            for id in order {
                family.tell(side, &[id]);
            }
            family.deliver();
            family.expect_tied(side, CHAIN);
            assert_eq!(family.desks.of(side.other()).writes(), 3, "each was made with its reference");
        }
    }
}

#[test]
fn those_of_one_message_go_across_at_once_parents_first() {
    for side in [Side::Left, Side::Right] {
        let mut family = Family::new();
        family.add(side, CHAIN);
        family.tell(side, &["ida", "north", "holding"]);
        let sent = family.world.outbox.sent().len();
        family.deliver();
        family.expect_tied(side, CHAIN);
        let changes = family.world.changes();
        assert_eq!((sent, changes.len()), (1, 3), "nobody had to be asked for, and nobody came again: {changes:?}");
    }
}

#[test]
fn a_record_that_is_not_told_of_is_asked_for_by_its_child() {
    let mut family = Family::new();
    family.add(Side::Left, CHAIN);
    family.tell(Side::Left, &["ida"]);
    family.deliver();
    family.expect_tied(Side::Left, CHAIN);
}

#[test]
fn a_circle_goes_across_with_one_write_more_and_loses_no_reference() {
    for ties in [TWINS, ROUND, ITSELF] {
        let ids: Vec<&str> = ties.iter().map(|(id, _)| *id).collect();
        for side in [Side::Left, Side::Right] {
            for order in orders(&ids) {
                for together in [false, true] {
                    let mut family = Family::new();
                    family.add(side, ties);
                    family.tell_all(side, &order, together);
                    family.deliver();
                    family.expect_tied(side, ties);
                    let writes = family.desks.of(side.other()).writes();
                    assert_eq!(writes, i64::try_from(ties.len()).unwrap() + 1, "{order:?} {together}");
                }
            }
        }
    }
}

#[test]
fn a_line_of_ancestors_of_any_length_goes_across() {
    let ids: Vec<String> = (0..70).map(|number| format!("g{number:02}")).collect();
    let parents = ids.iter().skip(1).map(String::as_str).chain([""]);
    let ties: Vec<(&str, &str)> = ids.iter().map(String::as_str).zip(parents).collect();
    let mut family = Family::new();
    family.add(Side::Left, &ties);
    for (id, _) in &ties {
        family.tell(Side::Left, &[id]);
    }
    family.deliver();
    family.expect_tied(Side::Left, &ties);
}

#[test]
fn an_edit_that_names_a_new_parent_waits_for_it_and_keeps_the_rest() {
    for side in [Side::Left, Side::Right] {
        let mut family = Family::new();
        family.add(side, &[("ida", "")]);
        family.tell(side, &["ida"]);
        family.deliver();
        family.add(side, &[("north", "ida")]);
        let desk = Arc::clone(family.desks.of(side));
        desk.edit(desk.record("ida"), &BTreeMap::from([("company".into(), Value::Reference("north".into()))]));
        family.tell(side, &["ida"]);
        family.deliver();
        family.expect_tied(side, &[("ida", "north"), ("north", "ida")]);
    }
}

#[test]
fn pairs_that_were_there_before_are_linked_and_their_references_filled() {
    for ties in [CHAIN, TWINS, ROUND, ITSELF] {
        let mut family = Family::new();
        family.add(Side::Left, ties);
        let blank: Vec<(&str, &str)> = ties.iter().map(|(id, _)| (*id, "")).collect();
        family.add(Side::Right, &blank);
        let said = now_or_never(backfill::preview(&family.world.engine, family.world.sync(), family.world.by())).unwrap();
        assert_eq!((said.mappings[0].wait, said.mappings[0].join + said.mappings[0].link), (0, ties.len() as u64), "{ties:?}");
        now_or_never(backfill::begin(&family.world.engine, family.world.sync(), false)).unwrap();
        assert_eq!(now_or_never(backfill::step(&family.world.engine, family.world.sync(), family.world.by())).unwrap().phase, Phase::Done);
        family.deliver();
        family.expect_tied(Side::Left, ties);
    }
}

#[test]
fn a_backfill_makes_them_all_and_its_preview_says_so() {
    for ties in [CHAIN, TWINS, ROUND, ITSELF] {
        let mut family = Family::new();
        family.add(Side::Left, ties);
        let said = now_or_never(backfill::preview(&family.world.engine, family.world.sync(), family.world.by())).unwrap();
        assert_eq!((said.mappings[0].create.right, said.mappings[0].wait), (ties.len() as u64, 0), "{ties:?}");
        now_or_never(backfill::begin(&family.world.engine, family.world.sync(), false)).unwrap();
        now_or_never(backfill::step(&family.world.engine, family.world.sync(), family.world.by())).unwrap();
        family.deliver();
        family.expect_tied(Side::Left, ties);
    }
}

#[test]
fn work_that_is_cut_anywhere_ends_as_if_it_had_not_been() {
    for ties in [CHAIN, TWINS, ROUND, ITSELF] {
        for together in [false, true] {
            for cut in [Cut::Before, Cut::After] {
                let mut effect = 0;
                loop {
                    let mut family = Family::new();
                    family.add(Side::Left, ties);
                    let ids: Vec<&str> = ties.iter().map(|(id, _)| *id).collect();
                    family.tell_all(Side::Left, &ids, together);
                    family.world.fuse.arm(effect, cut);
                    family.deliver();
                    if !family.world.fuse.has_blown() {
                        break;
                    }
                    family.expect_tied(Side::Left, ties);
                    effect += 1;
                }
                assert!(effect >= 6, "only {effect} effects were cut");
            }
        }
    }
}

#[test]
fn a_parent_that_is_deleted_before_it_is_linked_keeps_nobody_waiting() {
    let mut family = Family::new();
    family.add(Side::Left, &[("ida", "north")]);
    family.tell(Side::Left, &["ida"]);
    family.deliver();
    family.expect_tied(Side::Left, &[("ida", "")]);
}
