//! Batches: what is written, what is read back, and in how many calls.

use serde_json::json;
use syncline_engine::ports::connector::{Outcome, WriteAction};
use syncline_model::{Fault, FieldName, Value};
use syncline_salesforce_sim::{Profile, Rewrite, Trigger};
use syncline_simulator::lock;

use crate::world::{LINK, World, contacts, create, create_once, delete, fields, profile, select, stored, update, word, written_id};

#[tokio::test]
async fn four_hundred_updates_and_their_read_backs_are_one_call() {
    let world = World::peopled(Profile::default(), 400);
    let ids = world.ids("Contact");
    let actions: Vec<_> = ids.iter().map(|id| update(id, &[("LastName", &format!("  New {id} "))])).collect();
    let outcomes = world.write(&actions).await;
    assert_eq!(world.calls().len(), 1);
    for (id, outcome) in ids.iter().zip(&outcomes) {
        let record = stored(outcome);
        assert_eq!((record.id.as_str(), word(outcome)), (id.as_str(), "updated"));
        assert!(record.field("LastName") == Some(&Value::text(format!("New {id}"))), "trimmed, as the vendor stores it");
        assert!(record.field("Email").is_some_and(|value| !value.is_null()), "what was not sent is kept, and read back too");
    }
}

#[tokio::test]
async fn four_hundred_creates_through_the_link_field_are_one_call_and_repeating_them_makes_no_second() {
    let world = World::new(Profile::default());
    let action = |number: usize| create_once(&[("LastName", "Neu"), (LINK, &(82_000_000_000 + number).to_string())]);
    let actions: Vec<_> = (0..400).map(action).collect();
    let outcomes = world.write(&actions).await;
    assert_eq!(world.calls().len(), 1);
    for (number, outcome) in outcomes.iter().enumerate() {
        assert_eq!(word(outcome), "created");
        assert!(stored(outcome).field(LINK) == Some(&Value::text((82_000_000_000 + number).to_string())));
    }
    let again = world.write(&actions).await;
    assert!(again.iter().all(|outcome| word(outcome) == "updated"));
    assert!(outcomes.iter().zip(&again).all(|(first, second)| written_id(first) == written_id(second)));
    assert_eq!(world.ids("Contact").len(), 400);
}

/// Sixteen kinds of rows in turn; every fourth is bad in its own way.
fn mixed(number: usize, id: &str, purged: &str) -> (WriteAction, &'static str) {
    let link = (82_000_000_000 + number).to_string();
    match number % 16 {
        0 | 4 | 8 | 12 => (create_once(&[("LastName", "Once"), (LINK, &link)]), "created"),
        1 | 9 => (create(&[("LastName", "Plain")]), "created"),
        2 | 6 | 10 => (update(id, &[("FirstName", "Neu")]), "updated"),
        3 => (create(&[("FirstName", "No last name")]), "rejected"),
        5 => (delete(id), "updated"),
        7 => (update(id, &[("Email", "no address")]), "rejected"),
        11 => (update(purged, &[("LastName", "Nobody")]), "missing"),
        13 => (update("not-an-id", &[("LastName", "Nobody")]), "missing"),
        14 => (create_once(&[("LastName", &"long".repeat(30)), (LINK, &link)]), "rejected"),
        _ => (delete(purged), "missing"),
    }
}

#[tokio::test]
async fn four_hundred_mixed_operations_with_bad_rows_between_are_two_calls_and_each_is_answered_in_its_place() {
    let world = World::peopled(Profile::default(), 800);
    let ids: Vec<String> = world.ids("Contact").into_iter().collect();
    let (ids, purged) = ids.split_at(400);
    let now = world.now();
    lock(&world.org).simulator.hard_delete(&purged.iter().map(String::as_str).collect::<Vec<_>>(), now);
    let rows = ids.iter().zip(purged).enumerate();
    let (actions, expected): (Vec<_>, Vec<_>) = rows.map(|(number, (id, purged))| mixed(number, id, purged)).unzip();
    let outcomes = world.write(&actions).await;
    let words: Vec<&str> = outcomes.iter().map(word).collect();
    assert_eq!(words, expected);
    // Four collections and two queries: one more than a composite call carries.
    assert_eq!(world.calls().len(), 2);
    for (number, outcome) in outcomes.iter().enumerate() {
        match number % 16 {
            0 | 4 | 8 | 12 => assert!(stored(outcome).field(LINK) == Some(&Value::text((82_000_000_000 + number).to_string()))),
            2 | 6 | 10 => assert!(stored(outcome).field("FirstName") == Some(&Value::text("Neu"))),
            1 | 9 => assert_eq!(world.record("Contact", &written_id(outcome))["LastName"], "Plain"),
            5 => assert_eq!(written_id(outcome), ids[number]),
            _ => {}
        }
    }
    let good = expected.iter().filter(|word| **word == "created").count();
    assert_eq!(world.ids("Contact").len(), 400 + good - ids.len() / 16);
}

#[tokio::test]
async fn null_clears_and_a_field_that_is_not_sent_stays() {
    let world = World::peopled(Profile::default(), 1);
    let id = world.ids("Contact").into_iter().next().unwrap();
    let mut cleared = fields(&[("FirstName", "Neu")]);
    cleared.insert(FieldName::new("MobilePhone"), Value::Null);
    let outcomes = world.write(&[WriteAction::Update { id: id.as_str().into(), fields: cleared, expected: None }]).await;
    let record = stored(&outcomes[0]);
    assert!(record.field("MobilePhone") == Some(&Value::Null) && record.field("FirstName") == Some(&Value::text("Neu")));
    assert!(record.field("Email").is_some_and(|email| !email.is_null()));
    assert_eq!(record.version.unwrap().0, world.now());
}

#[tokio::test]
async fn what_a_trigger_makes_of_a_value_is_read_back() {
    let trigger = |field: &str, rewrite| Trigger { object: "Contact".into(), field: field.into(), rewrite };
    let triggers = vec![trigger("LastName", Rewrite::UpperCase), trigger("MobilePhone", Rewrite::PhoneDigits)];
    let world = World::new(profile(|profile| profile.triggers = triggers));
    let id = world.save("Contact", None, &json!({ "LastName": "Old" }));
    let written = [("LastName", "Ärger"), ("MobilePhone", "+49 171 5550143")];
    let outcomes = world.write(&[update(&id, &written), create_once(&[written[0], written[1], (LINK, "820")])]).await;
    for outcome in &outcomes {
        assert!(stored(outcome).field("LastName") == Some(&Value::text("ÄRGER")));
        assert!(stored(outcome).field("MobilePhone") == Some(&Value::text("+491715550143")));
    }
}

#[tokio::test]
async fn a_multi_select_that_comes_back_in_another_order_is_the_same_set() {
    let world = World::new(profile(|profile| profile.reorders_multipicklist = true));
    let values = ["Valves", "Pumps", "Seals"].map(|name| json!({ "fullName": name }));
    let metadata =
        json!({ "type": "MultiselectPicklist", "label": "Interests", "valueSet": { "valueSetDefinition": { "value": values } } });
    assert!(lock(&world.org).simulator.add_custom_field("Contact", "Interests__c", &metadata));
    let id = world.save("Contact", None, &json!({ "LastName": "Many" }));
    let chosen = Value::set(["Pumps".to_owned(), "Valves".to_owned()]);
    let action = |value: &Value| WriteAction::Update {
        id: id.as_str().into(),
        fields: [(FieldName::new("Interests__c"), value.clone())].into(),
        expected: None,
    };
    let selection = select("Contact", &["Interests__c"]);
    let outcomes = world.connector().write(&selection, &[action(&chosen)], world.by()).await.unwrap();
    assert!(stored(&outcomes[0]).field("Interests__c") == Some(&chosen));
    assert_eq!(world.record("Contact", &id)["Interests__c"], "Valves;Pumps", "the vendor did reorder it");
    let outcomes = world.connector().write(&selection, &[action(&Value::Null)], world.by()).await.unwrap();
    assert!(stored(&outcomes[0]).field("Interests__c") == Some(&Value::Null));
}

#[tokio::test]
async fn a_parent_is_written_by_its_id_and_by_its_external_id() {
    let world = World::new(Profile::default());
    let link = json!({ "type": "Text", "length": 40, "label": "Company", "externalId": true, "unique": true });
    assert!(lock(&world.org).simulator.add_custom_field("Account", "FDACCOUNTID__c", &link));
    let account = world.save("Account", None, &json!({ "Name": "Nordwerk", "FDACCOUNTID__c": "82000114477" }));
    let by_id = WriteAction::Create {
        fields: [(FieldName::new("LastName"), Value::text("A")), (FieldName::new("AccountId"), Value::Reference(account.as_str().into()))]
            .into(),
        once: None,
    };
    let by_key = create(&[("LastName", "B"), ("Account.FDACCOUNTID__c", "82000114477")]);
    let outcomes = world.write(&[by_id, by_key]).await;
    for outcome in &outcomes {
        assert_eq!(world.record("Contact", &written_id(outcome))["AccountId"], account.as_str());
    }
}

#[tokio::test]
async fn a_field_made_after_the_connector_looked_is_written_and_one_that_was_hidden_is_refused_alone() {
    let world = World::peopled(Profile::default(), 2);
    let ids: Vec<String> = world.ids("Contact").into_iter().collect();
    let connector = world.connector();
    connector.write(&contacts(), &[update(&ids[0], &[("LastName", "A")])], world.by()).await.unwrap();
    let metadata = json!({ "type": "Text", "length": 40, "label": "New" });
    assert!(lock(&world.org).simulator.add_custom_field("Contact", "New__c", &metadata));
    let outcomes = connector.write(&contacts(), &[update(&ids[0], &[("New__c", "here")])], world.by()).await.unwrap();
    assert_eq!(word(&outcomes[0]), "updated");
    assert_eq!(world.record("Contact", &ids[0])["New__c"], "here");

    assert!(lock(&world.org).simulator.set_field_hidden("Contact.New__c", true));
    let actions = [update(&ids[0], &[("New__c", "again")]), update(&ids[1], &[("LastName", "B")])];
    for connector in [connector, world.connector()] {
        let outcomes = connector.write(&contacts(), &actions, world.by()).await.unwrap();
        let Outcome::Failed(Fault::Rejected { problems }) = &outcomes[0] else { panic!("{:?}", outcomes[0]) };
        assert_eq!(problems[0].code, "INVALID_FIELD");
        assert_eq!(word(&outcomes[1]), "updated");
    }
    assert_eq!(world.record("Contact", &ids[0])["New__c"], "here");
}

#[tokio::test]
async fn bringing_a_record_back_is_declared_unsupported() {
    let world = World::peopled(Profile::default(), 1);
    let id = world.ids("Contact").into_iter().next().unwrap();
    let outcomes = world.write(&[WriteAction::Restore { id: id.as_str().into() }]).await;
    assert_eq!(word(&outcomes[0]), "unsupported");
}
