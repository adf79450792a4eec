//! Answers that are HTML, cut, empty or of another shape: each stops only itself, and nothing is lost.

use http::Method;
use jiff::SignedDuration;
use serde_json::json;
use syncline_model::Side;
use syncline_recipe_tests::World;
use syncline_simulator::{Trouble, When, lock};

fn troubles() -> Vec<Trouble> {
    vec![
        Trouble::HtmlInsteadOfJson,
        Trouble::HtmlError,
        Trouble::CutBody,
        Trouble::EmptyBody,
        Trouble::NeverSent,
        Trouble::AnswerLost,
        Trouble::Instead(200, r#"{"unexpected": true}"#.into()),
        Trouble::Instead(200, "null".into()),
        Trouble::Instead(404, "<html>no such account</html>".into()),
    ]
}

#[tokio::test]
async fn a_listing_that_cannot_be_read_loses_no_change() {
    for trouble in troubles() {
        let world = World::new().await;
        let contact = world.new_contact(json!({"name": "Ida Kowalski", "email": "ida@nordwerk.example"}));
        let record = world.save("Contact", None, json!({"LastName": "Brandt", "Phone": "+49 30 1"}));
        lock(&world.freshdesk).script.add(When::next(Method::GET, "/contacts"), trouble.clone());
        lock(&world.salesforce).script.add(When::next(Method::GET, "queryAll"), trouble.clone());
        for side in [Side::Left, Side::Right] {
            let pulled = world.pull(side).await;
            assert!(!pulled.caught_up, "{side} {trouble:?}: {pulled:?}");
            assert!(pulled.stopped.is_some_and(|words| !words.contains("ida@")), "{side} {trouble:?}");
        }
        world.after(SignedDuration::from_mins(1)).await;
        world.counterpart("Contact", "FDCONTACTID__c", contact);
        assert!(world.salesforce_record("Contact", &record)["FDCONTACTID__c"].is_string(), "{trouble:?}");
        assert_eq!((world.freshdesk_contacts().len(), world.salesforce_ids("Contact").len()), (2, 2), "{trouble:?}");
    }
}

#[tokio::test]
async fn a_read_or_write_that_cannot_be_understood_is_done_again() {
    for trouble in troubles() {
        let world = World::new().await;
        let contact = world.new_contact(json!({"name": "Ida Kowalski", "email": "ida@nordwerk.example"}));
        world.settle().await;
        let record = world.counterpart("Contact", "FDCONTACTID__c", contact);
        world.save("Contact", Some(&record), json!({"LastName": "Meier"}));
        lock(&world.freshdesk).script.add(When::next(Method::GET, &format!("/contacts/{contact}")), trouble.clone());
        lock(&world.freshdesk).script.add(When::next(Method::PUT, &format!("/contacts/{contact}")), trouble.clone());
        world.after(SignedDuration::from_mins(5)).await;
        assert_eq!(world.freshdesk_contact(contact)["name"], "Ida Meier", "{trouble:?}: {:?}", world.holds().await);
        assert_eq!(world.salesforce_record("Contact", &record)["IsDeleted"], false, "{trouble:?}");

        world.edit_contact(contact, json!({"name": "Ida Brandt"}));
        lock(&world.salesforce).script.add(When::next(Method::POST, "/composite"), trouble.clone());
        lock(&world.salesforce).script.add(When::next(Method::POST, "/composite"), trouble.clone());
        world.after(SignedDuration::from_mins(5)).await;
        assert_eq!(world.salesforce_record("Contact", &record)["LastName"], "Brandt", "{trouble:?}: {:?}", world.holds().await);
        assert_eq!((world.freshdesk_contacts().len(), world.salesforce_ids("Contact").len()), (1, 1), "{trouble:?}");
    }
}
