//! What reads, in front of a side that gives no record back.

use jiff::SignedDuration;
use serde_json::json;
use syncline_config::check_fields;
use syncline_engine::explain::{Place, explain, locate};
use syncline_engine::forecast::{Act, forecast};
use syncline_engine::provision::{FieldState, provision};
use syncline_engine::sample::sample;
use syncline_engine::sweep::{self, SweepPhase};
use syncline_engine::{EngineError, backfill};
use syncline_mapsly_sim::Profile;
use syncline_model::{RecordId, Side};
use syncline_recipe_tests::MapWorld;

use super::{HOUR, ida};

fn place(side: Side) -> Place {
    Place { sync: "map".into(), mapping: "people".into(), side }
}

#[tokio::test(flavor = "multi_thread")]
async fn zs_10_a_plan_says_what_the_next_run_does_and_that_one_side_is_not_seen() {
    let world = MapWorld::new(Profile::default()).await;
    let (kept, changed, gone) = (world.new_at_sell(&ida()), world.new_at_sell(&ida()), world.new_at_sell(&ida()));
    world.stage.after(HOUR).await;
    let new = world.new_at_sell(&json!({"name": "Jonas Brandt"}));
    world.edit_at_sell(&changed, &json!({"title": "Head of buying"}));
    world.delete_at_sell(&gone);
    world.edit_on_map(&kept, &json!({"name": "Somebody else"}));
    world.stage.clock.advance(HOUR);
    world.calls_to_mapsly();
    let plan = forecast(&world.stage.engine, world.stage.sync(), world.stage.by()).await.unwrap();
    assert_eq!(world.calls_to_mapsly(), 0);
    let said: Vec<(&str, Act)> = plan.records.iter().map(|record| (record.id.as_str(), record.says.act)).collect();
    for wanted in [(new.as_str(), Act::Create), (changed.as_str(), Act::Update), (gone.as_str(), Act::Delete)] {
        assert!(said.contains(&wanted), "{wanted:?} is not in {said:?}");
    }
    assert_eq!(said.len(), 3, "{said:?}");
    // The whole record is sent, for whoever drops what a write does not name.
    let update = plan.records.iter().find(|record| record.says.act == Act::Update).unwrap();
    assert_eq!(update.says.writes[0].fields, ["email", "name", "remark"]);
    assert_eq!(plan.remarks, ["what is edited of people at mapsly is not seen: it takes records and gives none back"]);
    assert_eq!(plan.mappings.iter().map(|mapping| mapping.seen_on).collect::<Vec<_>>(), [Side::Left]);
    // And so it comes.
    world.stage.settle().await;
    assert_eq!(world.on_map(&new)["name"], "Jonas Brandt");
    assert_eq!(world.on_map(&changed)["remark"], "Head of buying");
    assert_eq!((world.on_map(&gone), world.on_map(&kept)["name"].as_str()), (json!(null), Some("Somebody else")));
}

#[tokio::test(flavor = "multi_thread")]
async fn zs_10_a_backfill_is_foreseen_without_a_call_to_the_side_that_gives_nothing() {
    let world = MapWorld::off(Profile::default()).await;
    for number in 0..3 {
        world.new_at_sell(&json!({"name": format!("Person {number}")}));
    }
    let preview = backfill::preview(&world.stage.engine, world.stage.sync(), world.stage.by()).await.unwrap();
    assert!(preview.complete, "{preview:?}");
    let said = &preview.mappings[0];
    assert_eq!((said.read.left, said.read.right, said.create.left, said.create.right), (3, 0, 0, 3));
    // Three records are one call, and nothing is read first.
    assert_eq!((said.calls.right.scans, said.calls.right.reads, said.calls.right.writes), (0, 0, 1));
    assert_eq!(world.calls_to_mapsly(), 0);
    world.stage.turn_on().await;
    assert_eq!(world.count_on_map(), 3);
    let preview = backfill::preview(&world.stage.engine, world.stage.sync(), world.stage.by()).await.unwrap();
    let said = &preview.mappings[0];
    assert_eq!((said.linked, said.create.right, said.differ.left, said.calls.right.all()), (3, 0, 0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn zs_10_a_records_story_is_told_from_the_side_that_can_be_read() {
    let world = MapWorld::new(Profile::default()).await;
    let id = world.new_at_sell(&ida());
    world.stage.after(HOUR).await;
    world.calls_to_mapsly();
    let (engine, by) = (&world.stage.engine, world.stage.by());
    let there = format!("sell:{id}");
    for (asked, id) in [(place(Side::Left), id.as_str()), (place(Side::Right), there.as_str())] {
        assert_eq!(locate(engine, &id.into(), by).await.unwrap(), std::slice::from_ref(&asked));
        let story = explain(engine, &asked, &id.into(), false, by).await.unwrap();
        assert_eq!((story.place.side, story.standing.state, story.now.act), (Side::Left, "linked", Act::Nothing));
        assert_eq!((story.seen.left.presence, story.seen.right.presence), ("live", "not_read"));
        assert_eq!(story.ids.right.as_ref().map(RecordId::as_str), Some(there.as_str()));
        assert_eq!(story.history.len(), 1);
    }
    let nobody = explain(engine, &place(Side::Right), &"sell:nobody".into(), false, by).await.unwrap_err();
    let EngineError::Impossible { problem, instead } = nobody else { panic!("{nobody}") };
    assert!(problem.contains("mapsly takes records and gives none back"), "{problem}");
    assert_eq!(instead, "name the record of the left side: map/people/left/<id>");
    assert_eq!(world.calls_to_mapsly(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn zs_10_nothing_is_swept_sampled_or_listed_there() {
    let world = MapWorld::new(Profile::default()).await;
    world.new_at_sell(&ida());
    world.stage.after(HOUR).await;
    world.calls_to_mapsly();
    let (engine, sync, by) = (&world.stage.engine, world.stage.sync(), world.stage.by());
    let mapping = &sync.mappings[0];
    let swept = sweep::step(engine, sync, mapping, Side::Right, true, by).await.unwrap();
    assert_eq!((swept.phase, swept.again_at), (SweepPhase::Done, None));
    assert_eq!(sample(sync, mapping, Side::Right, 10, by).await.unwrap(), []);
    assert_eq!(sample(sync, mapping, Side::Left, 10, by).await.unwrap().len(), 1);
    let status = world.stage.status().await;
    let people = &status.syncs[0].mappings[0];
    assert_eq!((people.write_only.left, people.write_only.right), (false, true));
    assert_eq!(people.entries.as_ref().map(|entries| entries.linked), Some(1));
    assert_eq!(world.calls_to_mapsly(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn zs_10_a_sweep_of_the_other_side_deletes_what_is_gone_there() {
    let world = MapWorld::new(Profile::default()).await;
    let ids: Vec<String> = (0..3).map(|number| world.new_at_sell(&json!({"name": format!("Person {number}")}))).collect();
    world.stage.after(HOUR).await;
    // No feed tells of this one.
    world.delete_at_sell(&ids[1]);
    let (engine, sync) = (&world.stage.engine, world.stage.sync());
    loop {
        let swept = sweep::step(engine, sync, &sync.mappings[0], Side::Left, true, world.stage.by()).await.unwrap();
        world.stage.drain().await;
        match swept.phase {
            SweepPhase::Done => break,
            SweepPhase::Asked => panic!("{swept:?}"),
            SweepPhase::NotBegun | SweepPhase::Listing | SweepPhase::Comparing | SweepPhase::Sending => {
                world.stage.clock.advance(SignedDuration::from_secs(1));
            }
        }
    }
    assert_eq!((world.count_on_map(), world.on_map(&ids[1])), (2, json!(null)));
}

#[tokio::test(flavor = "multi_thread")]
async fn zs_10_preflight_and_provision_find_nothing_to_do() {
    let world = MapWorld::new(Profile::default()).await;
    let preflight = world.stage.preflight().await;
    assert!(preflight.is_clean(), "{preflight:?}");
    let schemas = preflight.schemas().map(|(connection, schema)| ((connection, schema.kind.clone()), schema.clone())).collect();
    assert_eq!(check_fields(&world.stage.config, &world.stage.config.syncs[0], &schemas), []);
    for dry_run in [true, false] {
        let fields = provision(world.stage.sync(), dry_run, world.stage.by()).await.unwrap();
        assert!(!fields.is_empty() && fields.iter().all(|field| field.state == FieldState::There), "{fields:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn zs_10_sending_again_is_refused_where_everything_can_be_read() {
    let world = syncline_recipe_tests::World::new().await;
    let refused = backfill::resend(&world.engine, world.sync()).await.unwrap_err();
    assert!(matches!(&refused, EngineError::Impossible { instead, .. } if instead.contains("--force")), "{refused}");
}
