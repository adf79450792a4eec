//! Zendesk Sell and a replica in PostgreSQL: ZS-1 to ZS-11.

mod appointments;
mod zs_01_objects;
mod zs_02_deletions_by_firehose;
mod zs_03_deletions_by_sweep;
mod zs_05_plans;
mod zs_06_schedule;
mod zs_07_edits;
mod zs_07_lost_answers;
mod zs_09_mass_deletes;
mod zs_11_retirement;

use serde_json::json;
use syncline_recipe_tests::Replica;

#[tokio::test]
async fn zs_01_a_deal_and_all_that_belongs_to_it_arrive_in_tables() {
    let replica = Replica::new().await;
    let contact = replica.new_at_sell(
        "contact",
        &json!({"first_name": "Ida", "last_name": "Nowak", "is_organization": false, "email": "ida@nordwerk.example", "address.city": "Kiel"}),
    );
    let deal = replica.new_at_sell("deal", &json!({"name": "Solar roof", "value": "12500.50", "contact_id": contact}));
    let lead = replica.new_at_sell("lead", &json!({"last_name": "Brandt", "organization_name": "Helio GmbH"}));
    replica.stage.settle().await;
    let person = replica.row("contacts", &contact).expect("the person has a row");
    assert_eq!((&person["last_name"], &person["city"], &person["is_organization"]), (&json!("Nowak"), &json!("Kiel"), &json!(false)));
    let deal = replica.row("deals", &deal).expect("the deal has a row");
    assert_eq!((&deal["name"], &deal["value"]), (&json!("Solar roof"), &json!(12500.50)));
    assert_eq!(deal["contact_id"], person["syncline_id"], "the deal's row refers to the person's");
    assert_eq!(replica.row("leads", &lead).expect("the lead has a row")["organization"], "Helio GmbH");
    assert_eq!(replica.stage.holds().await, Vec::new());
}
