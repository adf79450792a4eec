//! Who wins, and which way changes go.

use jiff::SignedDuration;
use serde_json::json;
use syncline_engine::history::{self, Act};
use syncline_model::Value;
use syncline_recipe_tests::{World, WorldSetup};

/// A linked pair: the Freshdesk contact, its Salesforce contact.
async fn pair(world: &World) -> (i64, String) {
    let contact = world.new_contact(json!({"name": "Ida Kowalski", "email": "ida@nordwerk.example", "job_title": "Buyer"}));
    world.settle().await;
    let record = world.counterpart("Contact", "FDCONTACTID__c", contact);
    world.writes();
    (contact, record)
}

#[tokio::test]
async fn fs_03_the_masters_values_win_and_the_losers_stand_in_the_history() {
    let world = World::new().await;
    let (contact, record) = pair(&world).await;
    let company = world.new_company(json!({"name": "Nordwerk GmbH"}));
    let account = world.save("Account", None, json!({"Name": "Helio Ltd"}));
    world.settle().await;
    world.writes();

    world.edit_contact(contact, json!({"name": "Ida Brandt", "company_id": company}));
    world.save("Contact", Some(&record), json!({"LastName": "Kowalski-Meier", "AccountId": account}));
    world.settle().await;

    let helio = world.salesforce_record("Account", &account)["FDACCOUNTID__c"].as_str().unwrap().parse::<i64>().unwrap();
    assert_eq!(world.freshdesk_contact(contact)["name"], "Ida Kowalski-Meier");
    assert_eq!(world.freshdesk_contact(contact)["company_id"], helio);
    assert_eq!(world.salesforce_record("Contact", &record)["LastName"], "Kowalski-Meier");
    assert_eq!(world.salesforce_record("Contact", &record)["AccountId"], account.as_str());
    assert_eq!(world.writes().len(), 1, "one write settles it");

    let mapping = world.sync().mapping(&"contacts".into()).unwrap();
    let entries = history::list(&world.engine, world.sync(), &mapping.name, &contact.to_string().into(), 100).await.unwrap();
    let lost = entries.iter().find(|entry| entry.act == Act::Overruled).expect("the loser stands in the history");
    assert!(lost.fields["name"].before == Some(Value::text("Ida Brandt")));
    assert!(lost.fields["company_id"].before == Some(Value::Reference(company.to_string().into())));
}

#[tokio::test]
async fn fs_03_fields_that_only_one_side_changed_are_kept_from_both() {
    let setup = WorldSetup::default()
        .with("          # More fields:\n", "          job_title: { left: job_title, right: Title }\n          # More fields:\n");
    let world = World::made(setup).await;
    let (contact, record) = pair(&world).await;
    world.edit_contact(contact, json!({"job_title": "Head of Ops"}));
    world.save("Contact", Some(&record), json!({"LastName": "Meier"}));
    world.settle().await;
    assert_eq!(world.freshdesk_contact(contact)["name"], "Ida Meier");
    assert_eq!(world.salesforce_record("Contact", &record)["Title"], "Head of Ops");
}

#[tokio::test]
async fn fs_04_in_a_one_way_sync_the_target_is_overwritten_with_the_masters_values() {
    let setup = WorldSetup::default()
        .with("direction: both", "direction: right_to_left")
        .with("deletes: { left: ignore, right: propagate, max_share: 5 }", "deletes: { right: propagate, max_share: 5 }");
    let world = World::made(setup).await;
    let record = world.save("Contact", None, json!({"FirstName": "Ida", "LastName": "Kowalski", "Email": "ida@nordwerk.example"}));
    world.settle().await;
    let contact = world.freshdesk_contacts()[0];
    world.edit_contact(contact, json!({"name": "Somebody Else"}));
    world.settle().await;
    assert_eq!(world.freshdesk_contact(contact)["name"], "Ida Kowalski");
    assert_eq!(world.salesforce_record("Contact", &record)["LastName"], "Kowalski");
    // And a contact made on the target side goes nowhere.
    world.new_contact(json!({"name": "Jonas Brandt", "email": "jonas@helio.example"}));
    world.settle().await;
    assert_eq!(world.salesforce_ids("Contact").len(), 1);
}

#[tokio::test]
async fn fs_04_the_other_way_round_freshdesk_is_master() {
    let setup = WorldSetup::default()
        .with("direction: both", "direction: left_to_right")
        .with("master: right", "master: left")
        .with("deletes: { left: ignore, right: propagate, max_share: 5 }", "deletes: { left: ignore, max_share: 5 }")
        .with("        need_one_of: { left: [email, mobile, phone] }\n", "");
    let world = World::made(setup).await;
    let (contact, record) = pair(&world).await;
    world.save("Contact", Some(&record), json!({"LastName": "Changed"}));
    world.settle().await;
    assert_eq!(world.salesforce_record("Contact", &record)["LastName"], "Kowalski", "drift is overwritten");
    world.edit_contact(contact, json!({"name": "Ida Meier"}));
    world.settle().await;
    assert_eq!(world.salesforce_record("Contact", &record)["LastName"], "Meier");
    world.save("Contact", None, json!({"LastName": "Brandt", "Email": "jonas@helio.example"}));
    world.settle().await;
    assert_eq!(world.freshdesk_contacts().len(), 1);
}

#[tokio::test]
async fn fs_04_a_two_way_sync_may_have_either_master() {
    let world = World::made(WorldSetup::default().with("master: right", "master: left")).await;
    let (contact, record) = pair(&world).await;
    world.edit_contact(contact, json!({"name": "Ida Brandt"}));
    world.save("Contact", Some(&record), json!({"LastName": "Meier"}));
    world.settle().await;
    assert_eq!(world.freshdesk_contact(contact)["name"], "Ida Brandt");
    assert_eq!(world.salesforce_record("Contact", &record)["LastName"], "Brandt");
    world.after(SignedDuration::from_mins(30)).await;
    world.writes();
    world.after(SignedDuration::from_mins(30)).await;
    assert!(world.writes().is_empty());
}
