//! The promises, through the whole of the recipe, with unkind vendors.

use http::Method;
use jiff::SignedDuration;
use serde_json::json;
use syncline_engine::state;
use syncline_engine::write::Delivery;
use syncline_freshdesk_sim::{Freshdesk, INTEGRATION_KEY};
use syncline_model::Side;
use syncline_recipe_tests::{World, WorldSetup};
use syncline_salesforce_sim::{Rewrite, Salesforce, Trigger};
use syncline_simulator::{Trouble, When, lock};

async fn pair(world: &World) -> (i64, String) {
    let contact = world.new_contact(json!({"name": "Ida Kowalski", "email": "ida@nordwerk.example"}));
    world.settle().await;
    (contact, world.counterpart("Contact", "FDCONTACTID__c", contact))
}

#[tokio::test]
async fn p_02_a_create_whose_answer_is_lost_makes_one_record() {
    for trouble in
        [Trouble::AnswerLost, Trouble::HtmlErrorAfterCommit, Trouble::NeverSent, Trouble::HtmlError, Trouble::CutBody, Trouble::EmptyBody]
    {
        let world = World::new().await;
        lock(&world.salesforce).script.add(When::next(Method::POST, "/composite"), trouble.clone());
        lock(&world.freshdesk).script.add(When::next(Method::POST, "/contacts"), trouble.clone());
        let contact = world.new_contact(json!({"name": "Ida Kowalski", "email": "ida@nordwerk.example"}));
        let record = world.save("Contact", None, json!({"FirstName": "Jonas", "LastName": "Brandt", "Phone": "+49 30 1"}));
        world.settle().await;
        assert_eq!(world.freshdesk_contacts().len(), 2, "{trouble:?}");
        assert_eq!(world.salesforce_ids("Contact").len(), 2, "{trouble:?}");
        world.counterpart("Contact", "FDCONTACTID__c", contact);
        assert!(world.salesforce_record("Contact", &record)["FDCONTACTID__c"].is_string(), "{trouble:?}");
        assert!(lock(&world.freshdesk).script.is_done() && lock(&world.salesforce).script.is_done());
    }
}

#[tokio::test]
async fn p_02_a_message_that_is_delivered_again_or_twice_at_once_makes_one_record() {
    let world = World::new().await;
    let contact = world.new_contact(json!({"name": "Ida Kowalski", "email": "ida@nordwerk.example"}));
    let record = world.save("Contact", None, json!({"LastName": "Brandt", "Phone": "+49 30 1"}));
    world.pull(Side::Left).await;
    world.pull(Side::Right).await;
    for side in [Side::Left, Side::Right] {
        let connection = world.connection(side);
        let deliveries = world.queue.receive(connection, 50, 5, world.now()).await.unwrap();
        assert!(!deliveries.is_empty());
        let list: Vec<Delivery> =
            deliveries.iter().map(|delivery| Delivery { id: delivery.receipt.clone(), body: delivery.body.clone() }).collect();
        // Twice at once, and once more as if the first worker had died before it could say that it was done.
        let one = syncline_engine::write::write(&world.engine, connection, &list, world.by());
        let two = syncline_engine::write::write(&world.engine, connection, &list, world.by());
        let (one, two) = tokio::join!(one, two);
        assert!(one.is_empty() && two.is_empty());
        assert!(syncline_engine::write::write(&world.engine, connection, &list, world.by()).await.is_empty());
    }
    world.after(SignedDuration::from_secs(10)).await;
    assert_eq!(world.freshdesk_contacts().len(), 2);
    assert_eq!(world.salesforce_ids("Contact").len(), 2);
    world.counterpart("Contact", "FDCONTACTID__c", contact);
    assert!(world.salesforce_record("Contact", &record)["FDCONTACTID__c"].is_string());
}

#[tokio::test]
async fn p_03_one_edit_is_one_write_also_where_the_vendor_rewrites_what_it_stores() {
    let mut profile = syncline_salesforce_sim::Profile::default();
    profile.instance_url = "http://127.0.0.1:9".into();
    for (field, rewrite) in [("LastName", Rewrite::UpperCase), ("MobilePhone", Rewrite::PhoneDigits), ("Email", Rewrite::LowerCase)] {
        profile.triggers.push(Trigger { object: "Contact".into(), field: field.into(), rewrite });
    }
    let world = World::made(WorldSetup { salesforce: Salesforce::new(profile), ..WorldSetup::default() }).await;
    let contact = world.new_contact(json!({"name": "Ida Kowalski", "email": "Ida@Nordwerk.example", "mobile": "+49 171 5550143"}));
    world.settle().await;
    let record = world.counterpart("Contact", "FDCONTACTID__c", contact);
    assert_eq!(world.salesforce_record("Contact", &record)["LastName"], "KOWALSKI");
    world.writes();
    world.edit_contact(contact, json!({"name": "Ida Brandt"}));
    world.settle().await;
    assert_eq!(world.salesforce_record("Contact", &record)["LastName"], "BRANDT");
    world.after(SignedDuration::from_mins(30)).await;
    assert_eq!(world.writes().len(), 1);
    assert_eq!(world.freshdesk_contact(contact)["name"], "Ida Brandt", "the rewriting did not come back");
}

#[tokio::test]
async fn p_05_every_observed_change_is_accounted_for() {
    let world = World::new().await;
    for number in 0..7 {
        world.new_contact(json!({"name": format!("Person {number}"), "email": format!("p{number}@x.example")}));
    }
    world.save("Contact", None, json!({"LastName": "Unreachable"}));
    world.settle().await;
    for ((_, mapping, side), counts) in world.engine.counts.all() {
        let ended: u64 =
            counts.unchanged + counts.superseded + counts.linked + counts.skipped.values().sum::<u64>() + counts.held.values().sum::<u64>();
        let written_there = world
            .engine
            .counts
            .all()
            .iter()
            .find(|((_, other, its), _)| *other == mapping && *its == side.other())
            .map_or(0, |(_, other)| other.created + other.updated + other.deleted);
        assert_eq!(counts.read, ended + written_there, "{mapping} {side}: {counts:?}");
    }
}

#[tokio::test]
async fn p_06_one_bad_record_never_stops_its_batch() {
    let world = World::new().await;
    let bad = world.new_contact(json!({"name": format!("Ida {}", "x".repeat(120)), "email": "long@nordwerk.example"}));
    let good: Vec<i64> = (0..5)
        .map(|number| world.new_contact(json!({"name": format!("Person {number}"), "email": format!("p{number}@x.example")})))
        .collect();
    world.settle().await;
    for contact in good {
        world.counterpart("Contact", "FDCONTACTID__c", contact);
    }
    let holds = world.holds().await;
    assert_eq!(holds.len(), 1);
    assert_eq!((holds[0].id.as_str(), holds[0].name()), (bad.to_string().as_str(), "refused"));
    assert!(holds[0].says.contains("LastName"), "{}", holds[0].says);
    assert!(!holds[0].says.contains("xxxx"), "the value is not shown: {}", holds[0].says);
}

#[tokio::test]
async fn p_06_a_connection_that_is_refused_sign_in_stops_alone_and_goes_on_later() {
    let world = World::new().await;
    let (contact, record) = pair(&world).await;
    lock(&world.freshdesk).simulator.revoke_key(INTEGRATION_KEY);
    world.save("Contact", Some(&record), json!({"LastName": "Meier"}));
    for _ in 0..3 {
        world.pull(Side::Right).await;
        world.pull(Side::Left).await;
        world.work(Side::Left).await;
        world.work(Side::Right).await;
    }
    let stopped = state::stopped(&world.engine, world.connection(Side::Left)).await.unwrap();
    assert!(stopped.is_some_and(|stopped| !stopped.hint.is_empty()));
    assert!(state::stopped(&world.engine, world.connection(Side::Right)).await.unwrap().is_none());
    assert_eq!(world.freshdesk_contact(contact)["name"], "Ida Kowalski");

    lock(&world.freshdesk).simulator.add_key("a-new-key", syncline_freshdesk_sim::Role::Admin);
    world.secrets.set("freshdesk", "api_key", "a-new-key");
    state::start(&world.engine, world.connection(Side::Left)).await.unwrap();
    world.after(SignedDuration::from_mins(20)).await;
    assert_eq!(world.freshdesk_contact(contact)["name"], "Ida Meier", "nothing was lost meanwhile");
}

#[tokio::test]
async fn p_08_a_row_that_becomes_visible_late_is_not_missed() {
    let mut profile = syncline_salesforce_sim::Profile::default();
    profile.instance_url = "http://127.0.0.1:9".into();
    profile.commit_lag_s = 240;
    let world = World::made(WorldSetup { salesforce: Salesforce::new(profile), ..WorldSetup::default() }).await;
    let (contact, record) = pair(&world).await;
    let now = world.now();
    lock(&world.salesforce).simulator.save_slowly("Contact", Some(&record), &json!({"LastName": "Late"}), now).unwrap();
    // Later edits move the feed past the stamp of the one that is not visible yet.
    for minute in 0..3 {
        world.after(SignedDuration::from_mins(1)).await;
        world.save("Account", None, json!({"Name": format!("Company {minute}")}));
        assert_eq!(world.freshdesk_contact(contact)["name"], "Ida Kowalski");
    }
    world.after(SignedDuration::from_mins(3)).await;
    assert_eq!(world.freshdesk_contact(contact)["name"], "Ida Late");
}

#[tokio::test]
async fn p_09_the_vendors_limit_is_kept_without_being_refused() {
    let profile = syncline_freshdesk_sim::Profile { calls_per_minute: 50, contacts_list_per_minute: 20, ..Default::default() };
    let setup = WorldSetup { freshdesk: Freshdesk::new(profile), ..WorldSetup::default() }
        .with("calls_per_minute: \"100000\"\n    contacts_list_per_minute: \"100000\"", "plan: trial");
    let world = World::made(setup).await;
    for number in 0..120 {
        world.save("Contact", None, json!({"LastName": format!("Person {number}"), "Email": format!("p{number}@x.example")}));
    }
    let began = world.now();
    world.settle().await;
    assert_eq!(world.freshdesk_contacts().len(), 120);
    let usage = world.engine.budgets[world.connection(Side::Left)].usage();
    let calls: u64 = usage.calls.values().sum();
    let minutes = world.now().duration_since(began).as_secs() / 60 + 1;
    assert!(calls >= 240, "found and created one by one: {calls}");
    assert!(minutes >= i64::try_from(calls).unwrap() / 50, "{calls} calls in {minutes} minutes");
    let later = world.engine.counts.all();
    assert!(later.values().all(|counts| !counts.held.contains_key("tried_too_often")), "{later:?}");
    assert_eq!(lock(&world.freshdesk).statuses.get(&429), None, "never refused");
}

#[tokio::test]
async fn p_10_no_value_of_a_customer_rests_in_store_or_queue() {
    let world = World::new().await;
    let (contact, record) = pair(&world).await;
    world.edit_contact(contact, json!({"name": "Zebulon Quackenbush"}));
    world.save("Contact", Some(&record), json!({"LastName": "Thistlewood"}));
    // In the queue, in the history and in the base.
    world.pull(Side::Left).await;
    world.pull(Side::Right).await;
    let before = world.at_rest();
    world.settle().await;
    for bytes in [before, world.at_rest()] {
        let text = String::from_utf8_lossy(&bytes);
        for value in ["Quackenbush", "Thistlewood", "ida@nordwerk.example", "Kowalski", INTEGRATION_KEY, "simulator-secret"] {
            assert!(!text.contains(value), "{} letters of a value rest in plain", value.len());
        }
    }
}
