//! What a sync uses of the vendors' limits.

use serde_json::json;
use syncline_engine::status::{Bucket, status};
use syncline_recipe_tests::World;

async fn salesforce(world: &World) -> Bucket {
    let status = status(&world.engine, false).await.unwrap();
    status.syncs[0].ends.right.budgets["all/86400"].clone()
}

#[tokio::test]
async fn sz_6_requests_used_and_left_are_shown() {
    let world = World::new().await;
    let before = salesforce(&world).await;
    assert!(before.used > 0, "turning it on has asked for changes");
    world.new_contact(json!({"name": "Ida Kowalski", "email": "ida@nordwerk.example"}));
    world.settle().await;
    let after = salesforce(&world).await;
    assert!(after.used >= before.used);
    assert_eq!(after.used + after.window_left, before.used + before.window_left, "what is used is not left");
    // A new day begins with nothing used.
    world.clock.advance_to(world.now() + jiff::SignedDuration::from_hours(25));
    let tomorrow = salesforce(&world).await;
    assert_eq!((tomorrow.used, tomorrow.window_left), (0, after.used + after.window_left));
}
