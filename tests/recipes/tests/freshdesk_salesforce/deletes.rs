//! Deletions and merges.

use http::Method;
use jiff::SignedDuration;
use serde_json::json;
use syncline_model::Side;
use syncline_recipe_tests::World;
use syncline_simulator::lock;

async fn pair(world: &World, name: &str, email: &str) -> (i64, String) {
    let contact = world.new_contact(json!({"name": name, "email": email}));
    world.settle().await;
    (contact, world.counterpart("Contact", "FDCONTACTID__c", contact))
}

#[tokio::test]
async fn fs_05_freshdesks_deletes_stay_there() {
    let world = World::new().await;
    let (contact, record) = pair(&world, "Ida Kowalski", "ida@nordwerk.example").await;
    world.at_freshdesk(&Method::DELETE, &format!("contacts/{contact}"), json!(null));
    world.settle().await;
    assert_eq!(world.salesforce_record("Contact", &record)["IsDeleted"], false);
    assert_eq!(world.skipped(Side::Left, "counterpart_deleted"), 1);

    // The one that stayed is not brought back by an edit; the edit is accounted for.
    world.save("Contact", Some(&record), json!({"LastName": "Meier"}));
    world.settle().await;
    assert!(world.freshdesk_contacts().is_empty());
    assert_eq!(world.skipped(Side::Right, "counterpart_deleted"), 1);

    // Restored, the two go on together.
    world.at_freshdesk(&Method::PUT, &format!("contacts/{contact}/restore"), json!(null));
    world.settle().await;
    assert_eq!(world.freshdesk_contact(contact)["name"], "Ida Meier");
}

#[tokio::test]
async fn fs_05_salesforces_deletes_go_to_freshdesk() {
    let world = World::new().await;
    let (contact, record) = pair(&world, "Ida Kowalski", "ida@nordwerk.example").await;
    let (other, _) = pair(&world, "Jonas Brandt", "jonas@helio.example").await;
    world.clock.advance(SignedDuration::from_secs(2));
    assert!({
        let now = world.now();
        lock(&world.salesforce).simulator.delete_record("Contact", &record, now)
    });
    world.settle().await;
    assert_eq!(world.freshdesk_contacts(), [other]);
    assert_eq!(world.freshdesk_contact(contact)["deleted"], true);

    // A late repeat of an old observation does not bring it back.
    world.after(SignedDuration::from_mins(5)).await;
    assert_eq!(world.freshdesk_contacts(), [other]);
    assert_eq!(world.salesforce_ids("Contact").len(), 1);
}

#[tokio::test]
async fn fs_05_a_merge_in_salesforce_moves_the_link_to_the_survivor() {
    let world = World::new().await;
    let (contact, record) = pair(&world, "Ida Kowalski", "ida@nordwerk.example").await;
    let survivor = world.save("Contact", None, json!({"FirstName": "Ida", "LastName": "Kowalska"}));
    world.settle().await;
    world.clock.advance(SignedDuration::from_secs(2));
    assert!({
        let now = world.now();
        lock(&world.salesforce).simulator.merge("Contact", &survivor, &[&record], now)
    });
    world.settle().await;
    assert_eq!(world.freshdesk_contacts(), [contact], "no duplicate, nothing deleted");
    assert_eq!(world.freshdesk_contact(contact)["name"], "Ida Kowalska");
    assert_eq!(world.freshdesk_contact(contact)["custom_fields"]["sfcontactid"], survivor.as_str());
    world.edit_contact(contact, json!({"name": "Ida Meier"}));
    world.settle().await;
    assert_eq!(world.salesforce_record("Contact", &survivor)["LastName"], "Meier");
}

#[tokio::test]
async fn fs_05_two_linked_records_that_were_merged_wait_for_a_person() {
    let world = World::new().await;
    let (ida, one) = pair(&world, "Ida Kowalski", "ida@nordwerk.example").await;
    let (jonas, two) = pair(&world, "Jonas Brandt", "jonas@helio.example").await;
    world.clock.advance(SignedDuration::from_secs(2));
    assert!({
        let now = world.now();
        lock(&world.salesforce).simulator.merge("Contact", &one, &[&two], now)
    });
    world.settle().await;
    assert_eq!(world.freshdesk_contacts().len(), 2, "nothing is deleted without being asked");
    let holds = world.holds().await;
    assert_eq!(holds.len(), 1);
    assert_eq!(holds[0].name(), "counterparts_of_merged");
    for id in [ida, jonas] {
        assert!(holds[0].says.contains(&id.to_string()), "{}", holds[0].says);
    }
}
