//! Who is who.

use jiff::SignedDuration;
use serde_json::json;
use syncline_engine::hold;
use syncline_model::Side;
use syncline_recipe_tests::{World, WorldSetup};
use syncline_simulator::lock;

/// A world with Salesforce contacts that were there before the sync was turned on.
async fn with_contacts(contacts: &[serde_json::Value]) -> (World, Vec<String>) {
    let mut setup = WorldSetup::default();
    let before = jiff::Timestamp::from_second(1_795_000_000).unwrap();
    let ids = contacts.iter().map(|fields| setup.salesforce.save("Contact", None, fields, before).unwrap()).collect();
    (World::made(setup).await, ids)
}

#[tokio::test]
async fn fs_08_the_first_key_with_exactly_one_hit_wins() {
    let (world, ids) = with_contacts(&[
        json!({"LastName": "ByEmail", "Email": "ida@nordwerk.example"}),
        json!({"LastName": "ByMobile", "MobilePhone": "+49 171 5550143"}),
        json!({"LastName": "ByPhone", "Phone": "+49 30 555"}),
    ])
    .await;
    let by_email = world.new_contact(json!({"name": "Ida One", "email": "IDA@nordwerk.example", "mobile": "+49 171 5550143"}));
    let by_mobile = world.new_contact(json!({"name": "Ida Two", "email": "two@x.example", "mobile": "+49 171 5550143"}));
    let by_phone = world.new_contact(json!({"name": "Ida Three", "email": "three@x.example", "phone": "+49 30 555"}));
    world.settle().await;
    for (contact, record) in [(by_email, &ids[0]), (by_mobile, &ids[1]), (by_phone, &ids[2])] {
        assert_eq!(world.salesforce_record("Contact", record)["FDCONTACTID__c"], contact.to_string().as_str());
    }
    assert_eq!(world.salesforce_ids("Contact").len(), 3, "nobody was created");
}

#[tokio::test]
async fn fs_08_two_hits_on_one_key_are_held_and_nothing_is_written() {
    let (world, ids) = with_contacts(&[
        json!({"LastName": "Kowalski", "MobilePhone": "+49 171 5550143"}),
        json!({"LastName": "Brandt", "MobilePhone": "+49 171 5550143"}),
    ])
    .await;
    world.writes();
    let contact = world.new_contact(json!({"name": "Ida Kowalski", "mobile": "+49 171 5550143"}));
    world.settle().await;
    assert_eq!(world.writes(), Vec::<String>::new());
    let holds = world.holds().await;
    assert_eq!(holds.len(), 1);
    assert_eq!(holds[0].name(), "ambiguous");
    assert_eq!((holds[0].side, holds[0].id.as_str()), (Side::Left, contact.to_string().as_str()));
    assert!(ids.iter().all(|id| holds[0].says.contains(id.as_str())), "both candidates are shown: {}", holds[0].says);

    // A person makes it clear and releases it.
    world.save("Contact", Some(&ids[1]), json!({"MobilePhone": "+49 171 999"}));
    let released = hold::release(&world.engine, &world.sync().name, &"contacts".into(), Side::Left, &contact.to_string()).await.unwrap();
    assert!(released);
    world.settle().await;
    assert_eq!(world.salesforce_record("Contact", &ids[0])["FDCONTACTID__c"], contact.to_string().as_str());
    assert!(world.holds().await.is_empty());
}

#[tokio::test]
async fn fs_12_a_second_contact_with_a_taken_email_is_skipped_with_both_ids() {
    let world = World::new().await;
    let first = world.save("Contact", None, json!({"LastName": "Kowalski", "Email": "shared@nordwerk.example"}));
    world.settle().await;
    let contact = world.freshdesk_contacts()[0];
    let second = world.save("Contact", None, json!({"LastName": "Brandt", "Email": "Shared@Nordwerk.example"}));
    world.settle().await;
    assert_eq!(world.freshdesk_contacts(), [contact]);
    assert_eq!(world.freshdesk_contact(contact)["name"], "Kowalski");
    assert_eq!(world.skipped(Side::Right, "taken_by"), 1);
    let standing = syncline_engine::entry::standings(
        world.engine.store.as_ref(),
        &world.sync().name,
        &"contacts".into(),
        Side::Right,
        &[second.as_str().into()],
    )
    .await
    .unwrap();
    let note = standing[&syncline_model::RecordId::new(second)].note().expect("it is noted").end.clone();
    assert!(note.contains(&first) && note.contains(&contact.to_string()), "{note}");

    // Seen again, it is neither written nor counted anew.
    world.after(SignedDuration::from_mins(30)).await;
    assert_eq!(world.skipped(Side::Right, "taken_by"), 1);
}

#[tokio::test]
async fn fs_12_an_email_that_a_contact_nobody_searched_for_has_joins_that_contact() {
    let world = World::new().await;
    // The address stands among the other addresses of a contact: the vendor refuses the create and names the holder.
    let contact = world.new_contact(json!({"name": "Ida Kowalski", "email": "ida@nordwerk.example", "other_emails": ["i.k@old.example"]}));
    world.settle().await;
    let mine = world.counterpart("Contact", "FDCONTACTID__c", contact);
    let second = world.save("Contact", None, json!({"LastName": "Kowalski", "Email": "i.k@old.example"}));
    world.settle().await;
    assert_eq!(world.freshdesk_contacts(), [contact]);
    assert_eq!(world.skipped(Side::Right, "taken_by"), 1, "the holder is linked to {mine}, so {second} is left out");
}

#[tokio::test]
async fn fs_16_a_contact_that_cannot_be_reached_goes_one_way_only() {
    let world = World::new().await;
    let contact = world.new_contact(json!({"name": "Ida Kowalski", "unique_external_id": "crm-7"}));
    let record = world.save("Contact", None, json!({"FirstName": "Jonas", "LastName": "Brandt"}));
    world.settle().await;
    world.counterpart("Contact", "FDCONTACTID__c", contact);
    assert_eq!(world.freshdesk_contacts(), [contact]);
    assert_eq!(world.skipped(Side::Right, "nothing_to_reach_them"), 1);
    assert!(world.salesforce_record("Contact", &record)["FDCONTACTID__c"].is_null());
    // With an address it goes over.
    world.save("Contact", Some(&record), json!({"Email": "jonas@helio.example"}));
    world.settle().await;
    assert_eq!(world.freshdesk_contacts().len(), 2);
}

#[tokio::test]
async fn the_same_person_made_on_both_sides_at_once_is_one() {
    let world = World::new().await;
    let contact = world.new_contact(json!({"name": "Ida Kowalski", "email": "ida@nordwerk.example"}));
    let record = world.save("Contact", None, json!({"FirstName": "Ida", "LastName": "Kowalski", "Email": "ida@nordwerk.example"}));
    world.settle().await;
    assert_eq!(world.freshdesk_contacts(), [contact]);
    assert_eq!(world.salesforce_ids("Contact"), std::slice::from_ref(&record));
    assert_eq!(world.counterpart("Contact", "FDCONTACTID__c", contact), record);
    assert!(lock(&world.freshdesk).script.is_done());
}
