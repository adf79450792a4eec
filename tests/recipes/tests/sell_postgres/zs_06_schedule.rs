//! ZS-6: down to every minute where the budget allows; the budget is kept, and shown.

use jiff::SignedDuration;
use serde_json::json;
use syncline_engine::status::Bucket;
use syncline_model::Side;
use syncline_recipe_tests::{Replica, ReplicaSetup};
use syncline_simulator::lock;
use syncline_zendesk_sell_sim::{Profile, Sell};

async fn budget(replica: &Replica) -> Bucket {
    replica.stage.status().await.syncs[0].ends.left.budgets["all/60"].clone()
}

fn refused(replica: &Replica) -> u64 {
    lock(&replica.sell).statuses.get(&429).copied().unwrap_or_default()
}

#[tokio::test]
async fn zs_06_every_minute_an_edit_is_over_within_a_minute_and_the_vendor_refuses_nothing() {
    // The account's documented limits, and the recipe's own settings.
    let setup = ReplicaSetup::with_account(Sell::new(Profile { firehose_empty_every: 0, ..Profile::default() }));
    let replica = Replica::made(setup.with("every 10 minutes", "every minute")).await;
    let ids = replica.organizations(3);
    replica.stage.settle().await;
    let before = refused(&replica);
    for round in 0..10 {
        let name = format!("Round {round}");
        replica.edit_at_sell("contact", &ids[round % 3], &json!({"name": name.as_str()}));
        // Events come three seconds late here: what a run just misses, the next one has.
        let pulls = replica.stage.run_schedules(replica.stage.now() + SignedDuration::from_secs(65)).await;
        assert!(pulls.iter().any(|(side, _)| *side == Side::Left), "{pulls:?}");
        assert_eq!(replica.row("contacts", &ids[round % 3]).unwrap()["name"], name);
    }
    assert_eq!(refused(&replica), before, "our own count keeps the limit, not the vendor's refusal");
    let shown = budget(&replica).await;
    assert_eq!(shown.used + shown.window_left, 480, "a fifth of 600 is left to others: {shown:?}");
    assert!(shown.left > 0 && shown.closed_until.is_none(), "{shown:?}");
}

#[tokio::test]
async fn zs_06_where_the_budget_is_too_small_for_every_minute_it_is_kept_and_nothing_is_lost() {
    let setup = ReplicaSetup { calls_per_minute: Some(20), ..ReplicaSetup::default().with("every 10 minutes", "every minute") };
    let replica = Replica::off(setup).await;
    // Sixteen calls a minute, four of them at once: not all six objects have their turn at each run.
    let minutes = |count| replica.stage.now() + SignedDuration::from_mins(count);
    replica.stage.run_schedules(minutes(20)).await;
    let ids = replica.organizations(3);
    let lead = replica.new_at_sell("lead", &json!({"last_name": "Brandt"}));
    for minute in 0..40 {
        replica.calls_to_sell();
        replica.stage.run_schedules(minutes(1)).await;
        let calls = replica.calls_to_sell();
        assert!(calls.len() <= 16, "minute {minute}: {calls:?}");
    }
    assert_eq!(ids.iter().filter(|id| replica.is_live("contacts", id)).count(), 3);
    assert!(replica.is_live("leads", &lead));
    let shown = budget(&replica).await;
    assert!(shown.used <= 16 && shown.used + shown.window_left == 16, "{shown:?}");
}
