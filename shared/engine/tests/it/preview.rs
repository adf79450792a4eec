//! What a backfill would do, said without doing it.

use syncline_engine::backfill::{self, Preview};
use syncline_model::{Fault, Side};

use super::memory::now_or_never;
use super::scene::{World, at_company, company, person};

fn preview(world: &World) -> Preview {
    now_or_never(backfill::preview(&world.engine, world.sync(), world.by())).unwrap()
}

fn world() -> World {
    let world = World::new();
    world.add(Side::Left, company("C1", "Nordwerk"));
    world.add(Side::Left, company("C2", "Left only"));
    world.add(Side::Right, company("K1", "Nordwerk"));
    world.add(Side::Left, at_company(person("P1", "Ida", "ida@a.example", "030 1234567"), "C2"));
    world.add(Side::Left, person("P2", "Bo", "bo@a.example", ""));
    world.add(Side::Left, person("P3", "Bo", "bo@a.example", ""));
    world.add(Side::Right, person("R1", "Ida", "ida@a.example", ""));
    world.add(Side::Right, person("R2", "Bo", "bo@a.example", ""));
    world.add(Side::Right, person("R4", "Kim", "kim@a.example", ""));
    world
}

#[test]
fn it_says_what_would_be_linked_created_changed_and_held() {
    let said = preview(&world());
    assert!(said.complete);
    let [companies, people] = said.mappings.as_slice() else { panic!("two mappings") };
    assert_eq!((companies.link, companies.create.left, companies.create.right), (1, 0, 1));
    assert_eq!((companies.stamp.left, companies.stamp.right), (2, 1));
    assert_eq!((people.join, people.change.right, people.change.left, people.create.left), (1, 1, 0, 1));
    // The company of P1 is not there yet, but will be.
    let fields: Vec<(&str, u64)> = people.fields.right.iter().map(|(name, times)| (name.as_str(), *times)).collect();
    assert_eq!(fields, [("company", 1), ("phone", 1)]);
    assert_eq!((people.held.left["ambiguous"], people.held.right["ambiguous"]), (2, 1));
    assert_eq!(people.wait, 0);
    assert_eq!((people.calls.left.scans, people.calls.right.scans, people.calls.right.writes), (2, 2, 1));
}

#[test]
fn it_writes_and_queues_nothing_and_asks_for_pages_only() {
    let world = world();
    preview(&world);
    assert_eq!(world.store.items(), []);
    assert_eq!(world.outbox.sent(), []);
    for side in [Side::Left, Side::Right] {
        assert_eq!(world.vendors.of(side).calls().into_keys().collect::<Vec<_>>(), ["scan"]);
    }
}

#[test]
fn a_listing_that_fails_makes_it_incomplete_and_says_so() {
    let world = world();
    let until = "2026-11-22T11:00:00Z".parse().unwrap();
    world.vendors.right.trip(0, Fault::RateLimited { until });
    let said = preview(&world);
    assert!(!said.complete && said.mappings.is_empty());
    assert_eq!(said.again_at, Some(until));
    assert!(said.stopped.is_some());
}

#[test]
fn it_agrees_with_the_backfill_that_follows() {
    let world = world();
    let said = preview(&world);
    now_or_never(backfill::begin(&world.engine, world.sync(), false)).unwrap();
    let done = now_or_never(backfill::step(&world.engine, world.sync(), world.by())).unwrap();
    for (said, done) in said.mappings.iter().zip(&done.mappings) {
        assert_eq!((said.link, said.join + said.link), (done.linked, done.pairs), "{}", said.mapping);
        assert_eq!(said.create, done.to_create, "{}", said.mapping);
        assert_eq!(said.held.left.values().sum::<u64>(), done.held.left, "{}", said.mapping);
    }
}
