//! Mapsly as a destination that gives no record back.

mod reading;

use http::Method;
use jiff::SignedDuration;
use serde_json::json;
use syncline_engine::backfill;
use syncline_mapsly_sim::{KeyPlace, Profile};
use syncline_model::Side;
use syncline_recipe_tests::MapWorld;
use syncline_simulator::{Trouble, When, lock};

const HOUR: SignedDuration = SignedDuration::from_hours(1);

fn ida() -> serde_json::Value {
    json!({"name": "Ida Nowak", "email": "ida@nordwerk.example", "title": "Buyer"})
}

#[tokio::test(flavor = "multi_thread")]
async fn zs_10_records_are_made_changed_cleared_and_deleted_without_a_read() {
    for (replaces, key_place) in [(false, KeyPlace::Bearer), (true, KeyPlace::Header), (false, KeyPlace::Query)] {
        let world = MapWorld::off(Profile { replaces, key_place, ..Profile::default() }).await;
        let before = world.new_at_sell(&ida());
        world.stage.turn_on().await;
        assert_eq!(world.on_map(&before), json!({"name": "Ida Nowak", "email": "ida@nordwerk.example", "remark": "Buyer"}));
        let later = world.new_at_sell(&json!({"name": "Jonas Brandt", "email": "jonas@nordwerk.example"}));
        world.stage.after(HOUR).await;
        assert_eq!(world.on_map(&later)["name"], "Jonas Brandt");
        world.edit_at_sell(&before, &json!({"title": "Head of buying"}));
        world.edit_at_sell(&later, &json!({"email": null}));
        world.stage.after(HOUR).await;
        // Whole, whether the other side keeps or drops what a write does not name.
        assert_eq!(world.on_map(&before), json!({"name": "Ida Nowak", "email": "ida@nordwerk.example", "remark": "Head of buying"}));
        assert_eq!(world.on_map(&later), json!({"name": "Jonas Brandt"}));
        world.delete_at_sell(&later);
        world.stage.after(HOUR).await;
        assert_eq!((world.on_map(&later), world.count_on_map()), (json!(null), 1));
        world.calls_to_mapsly();
        world.stage.after(HOUR).await;
        assert_eq!(world.calls_to_mapsly(), 0, "nothing changed, and something was sent");
        assert_eq!(world.stage.holds().await, Vec::new());
        let pulled = world.stage.pull(Side::Right).await;
        assert!(pulled.caught_up && pulled.stopped.is_none(), "{pulled:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn zs_10_an_answer_that_is_lost_makes_no_second_record() {
    let world = MapWorld::new(Profile::default()).await;
    for (number, trouble) in [(1, Trouble::AnswerLost), (2, Trouble::HtmlErrorAfterCommit), (3, Trouble::CutBody), (4, Trouble::NeverSent)]
    {
        lock(&world.mapsly).script.add(When::next(Method::POST, "/v1/record"), trouble);
        let id = world.new_at_sell(&json!({"name": format!("Person {number}"), "email": format!("p{number}@nordwerk.example")}));
        world.stage.after(HOUR).await;
        assert_eq!(world.on_map(&id)["name"], format!("Person {number}"));
        assert_eq!(world.count_on_map(), number);
    }
    assert_eq!(world.stage.holds().await, Vec::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn zs_10_resend_writes_everything_anew_and_costs_no_more_afterwards() {
    let world = MapWorld::new(Profile::default()).await;
    let ids: Vec<String> = (0..7)
        .map(|number| world.new_at_sell(&json!({"name": format!("Person {number}"), "email": format!("p{number}@nordwerk.example")})))
        .collect();
    world.stage.after(HOUR).await;
    assert_eq!(world.count_on_map(), 7);
    lock(&world.mapsly).simulator.empty("Contacts");
    world.stage.after(HOUR).await;
    assert_eq!(world.count_on_map(), 0, "nobody can see that they are gone");
    backfill::resend(&world.stage.engine, world.stage.sync()).await.unwrap();
    finish_backfill(&world).await;
    assert_eq!(world.count_on_map(), 7);
    assert!(ids.iter().all(|id| world.on_map(id)["email"].is_string()));
    world.calls_to_mapsly();
    // A backfill that is not asked to send again sends nothing.
    backfill::begin(&world.stage.engine, world.stage.sync(), true).await.unwrap();
    finish_backfill(&world).await;
    world.stage.after(HOUR).await;
    assert_eq!(world.calls_to_mapsly(), 0);
}

async fn finish_backfill(world: &MapWorld) {
    for _ in 0..50 {
        let progress = backfill::step(&world.stage.engine, world.stage.sync(), world.stage.by()).await.unwrap();
        world.stage.drain().await;
        if progress.phase == backfill::Phase::Done {
            return;
        }
        if let Some(at) = progress.again_at {
            world.stage.clock.advance_to(at);
        }
    }
    panic!("the backfill did not end");
}
