//! Owners between two systems: by email, with somebody who stands in, and a list of who was not found.

use serde_json::{Value as Json, json};
use syncline_engine::ownerless::{self, Ownerless};
use syncline_engine::preflight::preflight;
use syncline_model::Side;
use syncline_recipe_tests::{World, WorldSetup};

const MORE: &str = "          # More fields:\n";

/// Ida and the main user work in both systems, Jo in Freshdesk only.
struct People {
    ida: (i64, String),
    main: (i64, String),
    jo: i64,
}

async fn world() -> (World, People) {
    let mut setup = WorldSetup::default();
    let at = jiff::Timestamp::from_second(1_795_000_000).unwrap();
    let mut agent = |key: &str| setup.freshdesk.add_key(key, syncline_freshdesk_sim::Role::Agent);
    let (ida, main, jo) = (agent("ida"), agent("main"), agent("jo"));
    let field = json!({"label": "Owner", "label_for_customers": "Owner", "type": "custom_text"});
    let answer = setup.freshdesk.as_person(at, &http::Method::POST, "contact_fields", &field);
    assert!(answer.status().is_success(), "{answer:?}");
    let email = |agent: i64| format!("agent{agent}@acme.freshdesk.com");
    let mut user = |email: &str, active: bool| {
        let fields = json!({"LastName": "Somebody", "Username": email, "Email": email, "IsActive": active});
        setup.salesforce.save("User", None, &fields, at).unwrap()
    };
    let people = People { ida: (ida, user(&email(ida).to_uppercase(), true)), main: (main, user(&email(main), true)), jo };
    let line =
        format!("owner: {{ left: custom_fields.owner, right: OwnerId, as: owner, fallback: {{ left: {0}, right: {0} }} }}", email(main));
    (World::made(setup.with(MORE, &format!("          {line}\n{MORE}"))).await, people)
}

async fn listed(world: &World) -> Vec<Ownerless> {
    ownerless::list(&world.engine, world.sync(), 100).await.unwrap()
}

fn owned_by(owner: i64) -> Json {
    json!({"custom_fields": {"owner": owner.to_string()}})
}

#[tokio::test]
async fn sz_3_owners_cross_by_email_and_who_is_not_found_is_listed() {
    let (world, people) = world().await;
    let mut body = json!({"name": "Ida Kowalski", "email": "ida@nordwerk.example"});
    body["custom_fields"] = owned_by(people.ida.0)["custom_fields"].clone();
    let contact = world.new_contact(body);
    world.settle().await;
    let record = world.counterpart("Contact", "FDCONTACTID__c", contact);
    let owner = |record: &str| world.salesforce_record("Contact", record)["OwnerId"].as_str().unwrap().to_owned();
    assert_eq!(owner(&record), people.ida.1, "the user with the same email, whatever its case");
    assert!(listed(&world).await.is_empty());

    // Somebody whom Salesforce does not know: the main user stands in, and the record is listed.
    world.edit_contact(contact, owned_by(people.jo));
    world.settle().await;
    assert_eq!(owner(&record), people.main.1);
    let found = listed(&world).await;
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].left.as_str(), found[0].right.as_str()), (contact.to_string().as_str(), record.as_str()));
    assert_eq!((found[0].missing[0].owner.side, found[0].missing[0].owner.user.to_string()), (Side::Left, people.jo.to_string()));
    let status = syncline_engine::status::status(&world.engine, false).await.unwrap();
    assert_eq!((status.syncs[0].owners_not_found, status.syncs[0].held.len()), (1, 0));

    // The one who stands in is nobody's edit, not even when the record is edited there.
    world.writes();
    world.save("Contact", Some(&record), json!({"MobilePhone": "+49 171 1"}));
    world.settle().await;
    world.after(jiff::SignedDuration::from_hours(1)).await;
    assert_eq!(world.freshdesk_contact(contact)["custom_fields"]["owner"], people.jo.to_string());
    assert_eq!(listed(&world).await.len(), 1);

    // An edit of the owner there is one.
    world.save("Contact", Some(&record), json!({"OwnerId": people.ida.1}));
    world.settle().await;
    assert_eq!(world.freshdesk_contact(contact)["custom_fields"]["owner"], people.ida.0.to_string());
    assert!(listed(&world).await.is_empty());
}

#[tokio::test]
async fn sz_3_who_is_known_by_now_gets_the_record() {
    let (world, people) = world().await;
    let mut body = json!({"name": "Ida Kowalski", "email": "ida@nordwerk.example"});
    body["custom_fields"] = owned_by(people.jo)["custom_fields"].clone();
    let contact = world.new_contact(body);
    world.settle().await;
    let record = world.counterpart("Contact", "FDCONTACTID__c", contact);
    assert_eq!(world.salesforce_record("Contact", &record)["OwnerId"], people.main.1, "a new record too");
    assert_eq!(listed(&world).await.len(), 1);
    let email = format!("agent{}@acme.freshdesk.com", people.jo);
    let jo = world.save("User", None, json!({"LastName": "Jo", "Username": email, "Email": email, "IsActive": true}));
    world.clock.advance_to(world.now() + jiff::SignedDuration::from_hours(1));
    assert_eq!(ownerless::look_again(&world.engine, world.sync()).await.unwrap(), 1);
    world.drain().await;
    assert_eq!(world.salesforce_record("Contact", &record)["OwnerId"], jo);
    assert!(listed(&world).await.is_empty());
}

#[tokio::test]
async fn preflight_says_who_is_known_on_one_side_only_and_who_cannot_stand_in() {
    let (world, people) = world().await;
    let found = preflight(&world.engine, world.sync(), world.by()).await.unwrap();
    let owners = found.owners.as_ref().unwrap();
    assert!(owners.problems.is_empty(), "{:?}", owners.problems);
    assert_eq!(owners.known, 2);
    assert!(owners.unknown.left.iter().any(|user| user.id.as_str() == people.jo.to_string()));
    assert!(owners.unknown.left.iter().all(|user| user.id.as_str() != people.ida.0.to_string()));
    world.save("User", Some(&people.main.1), json!({"IsActive": false}));
    let found = preflight(&world.engine, world.sync(), world.by()).await.unwrap();
    let problems = found.owners.as_ref().unwrap().problems.join(" ");
    assert!(!found.is_clean() && problems.contains("who is to stand in"), "{problems}");
}

/// What rests of the directories and of the list shows nobody's address.
#[tokio::test]
async fn no_users_email_rests_in_the_store() {
    let (world, people) = world().await;
    let mut body = json!({"name": "Ida Kowalski", "email": "ida@nordwerk.example"});
    body["custom_fields"] = owned_by(people.jo)["custom_fields"].clone();
    world.new_contact(body);
    world.settle().await;
    for partition in ["u#freshdesk", "u#salesforce", "o#customers#contacts"] {
        let items = world.engine.store.list(partition, None, 100).await.unwrap();
        assert!(!items.is_empty(), "{partition}");
        for item in items {
            assert!(!item.body.contains("acme.freshdesk.com") && !item.body.contains(&format!("\"{}\"", people.jo)), "{partition}");
        }
    }
}
