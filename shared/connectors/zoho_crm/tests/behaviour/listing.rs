//! Long lists: ties of one second beyond what page numbers reach, and more fields than one reading carries.

use std::collections::BTreeSet;

use serde_json::json;
use syncline_engine::ports::connector::{Cursor, From, Resume, Selection};
use syncline_model::FieldName;
use syncline_zoho_crm_sim::{DataType, Field, LEADS};

use crate::world::World;

async fn scanned(world: &World, selection: &Selection) -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    let mut from: Option<Cursor> = None;
    loop {
        let page = world.connector().scan(selection, from.as_ref(), world.by()).await.unwrap();
        seen.extend(page.records.into_iter().map(|record| record.unwrap().id.to_string()));
        match page.resume {
            Resume::CaughtUp(_) => return seen,
            Resume::More(cursor) => from = Some(cursor),
        }
    }
}

#[tokio::test]
async fn more_records_of_one_second_than_page_numbers_reach_are_all_listed() {
    let world = World::new();
    let made: BTreeSet<String> =
        (0..2_450).map(|number| world.typed(LEADS, [("Last_Name", json!(format!("Lead {number}"))), ("Company", json!("Acme"))])).collect();
    world.pass(600);
    let selection = Selection { kind: "Leads".into(), fields: vec!["Last_Name".into()] };
    let before = world.requests();
    assert_eq!(scanned(&world, &selection).await, made);
    let calls = world.requests() - before;
    assert!(calls < 40, "{calls} calls for thirteen pages");
}

#[tokio::test]
async fn a_list_over_many_seconds_costs_a_page_a_call() {
    let world = World::new();
    for number in 0..1_000 {
        if number % 20 == 0 {
            world.pass(1);
        }
        world.typed(LEADS, [("Last_Name", json!(format!("Lead {number}"))), ("Company", json!("Acme"))]);
    }
    let selection = Selection { kind: "Leads".into(), fields: vec!["Last_Name".into()] };
    scanned(&world, &selection).await;
    let before = world.requests();
    assert_eq!(scanned(&world, &selection).await.len(), 1_000);
    // Each page rereads the last two seconds of the one before; each connector reads the metadata anew.
    let calls = world.seen_since(before).iter().filter(|call| call.contains("sort_by")).count();
    assert!((5..=7).contains(&calls), "{calls}");
}

#[tokio::test]
async fn more_fields_than_one_reading_carries_are_all_read() {
    let world = World::new();
    let names: Vec<String> = (0..120).map(|number| format!("Custom_{number}")).collect();
    for name in &names {
        assert!(world.act(|zoho, _| zoho.add_field(LEADS, Field::new(name, DataType::Text, 80).custom(false))));
    }
    let id = world.typed(
        LEADS,
        [("Last_Name", json!("Nowak")), ("Company", json!("Acme")), ("Custom_7", json!("seven")), ("Custom_119", json!("last"))],
    );
    let selection = Selection { kind: "Leads".into(), fields: names.iter().map(|name| FieldName::from(name.as_str())).collect() };
    let scan = world.connector().scan(&selection, None, world.by()).await.unwrap();
    let got = world.connector().get(&selection, &[id.as_str().into()], world.by()).await.unwrap().remove(0).unwrap();
    for record in [scan.records.into_iter().next().unwrap().unwrap(), got] {
        assert_eq!(record.fields.len(), 120);
        let text = |name: &str| record.field(name).unwrap().to_plain();
        assert_eq!((text("Custom_7"), text("Custom_119"), text("Custom_50")), (json!("seven"), json!("last"), json!(null)));
    }
}

#[tokio::test]
async fn whoever_left_is_listed_among_the_users() {
    let world = World::new();
    let ids: Vec<String> = (0..250)
        .map(|number| world.act(|zoho, now| zoho.add_user(now, &format!("user{number}@acme.example"), "Ola", &format!("Nowak {number}"))))
        .collect();
    world.act(|zoho, _| zoho.set_user_active(&ids[3], false));
    let connector = world.connector();
    let first = connector.users(None, world.by()).await.unwrap();
    let second = connector.users(first.next.as_ref(), world.by()).await.unwrap();
    assert!(second.next.is_none());
    let all: Vec<_> = first.users.into_iter().chain(second.users).collect();
    // Two were there before.
    assert_eq!(all.len(), 252);
    let inactive: Vec<_> = all.iter().filter(|user| !user.active).map(|user| user.id.to_string()).collect();
    assert_eq!(inactive, [ids[3].clone()]);
    assert!(connector.users(Some(&Cursor("7".into())), world.by()).await.is_err());
}

#[tokio::test]
async fn changes_since_a_moment_tell_both_modules() {
    let world = World::new();
    world.typed(LEADS, [("Last_Name", json!("Before")), ("Company", json!("Acme"))]);
    world.pass(3_600);
    let since = world.now();
    world.pass(10);
    let lead = world.typed(LEADS, [("Last_Name", json!("Nowak")), ("Company", json!("Acme"))]);
    let contact = world.typed("Contacts", [("Last_Name", json!("Nowak"))]);
    world.pass(10);
    let (told, _) = world.changes(From::Since(since)).await;
    let ids: Vec<String> = told.iter().map(|record| record.id.to_string()).collect();
    assert_eq!(ids, [format!("Leads/{lead}"), format!("Contacts/{contact}")]);
    assert_eq!(told[1].field("owner_email").unwrap().to_plain(), json!("human@simulator.example"));
}
