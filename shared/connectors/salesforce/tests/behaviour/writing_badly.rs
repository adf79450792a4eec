//! Refusals of single rows, and answers that never came.

use http::Method;
use jiff::SignedDuration;
use serde_json::json;
use syncline_engine::ports::connector::WriteAction;
use syncline_model::{Fault, FieldName, Value};
use syncline_salesforce_sim::{DuplicateRule, Profile};
use syncline_simulator::{Trouble, lock};

use crate::world::{LINK, World, code_of, contacts, create, create_once, delete, failed, profile, stored, update, word};

#[tokio::test]
async fn a_value_that_is_taken_names_its_holder_by_its_long_id() {
    let world = World::new(Profile::default());
    let holder = world.save("Contact", None, &json!({ "LastName": "Holder", LINK: "820" }));
    let other = world.save("Contact", None, &json!({ "LastName": "Other" }));
    let outcomes = world.write(&[update(&other, &[(LINK, "820")]), create(&[("LastName", "Third"), (LINK, "820")])]).await;
    for outcome in &outcomes {
        assert_eq!(failed(outcome), &Fault::Taken { field: Some(LINK.into()), holders: vec![holder.as_str().into()] });
    }
}

#[tokio::test]
async fn a_value_that_an_open_transaction_holds_is_taken_without_a_name() {
    let world = World::new(profile(|profile| profile.commit_lag_s = 60));
    let now = world.now();
    assert!(lock(&world.org).simulator.save_slowly("Contact", None, &json!({ "LastName": "Slow", LINK: "820" }), now).is_ok());
    let outcomes = world.write(&[create_once(&[("LastName", "Quick"), (LINK, "820")])]).await;
    assert_eq!(failed(&outcomes[0]), &Fault::Taken { field: Some(LINK.into()), holders: Vec::new() });
    world.pass(61);
    let outcomes = world.write(&[create_once(&[("LastName", "Quick"), (LINK, "820")])]).await;
    assert_eq!(word(&outcomes[0]), "updated");
    assert_eq!(world.ids("Contact").len(), 1);
}

#[tokio::test]
async fn one_key_twice_in_a_batch_makes_no_record_twice() {
    let world = World::new(Profile::default());
    let twin = create_once(&[("LastName", "Twin"), (LINK, "820")]);
    let outcomes = world.write(&[twin.clone(), create_once(&[("LastName", "Single"), (LINK, "821")]), twin]).await;
    assert_eq!(outcomes.iter().map(word).collect::<Vec<_>>(), ["taken", "created", "taken"]);
    assert_eq!(world.ids("Contact").len(), 1);
}

#[tokio::test]
async fn a_duplicate_rule_that_alerts_is_passed_and_one_that_blocks_is_told() {
    for (rule, expected) in [(DuplicateRule::Alert, "created"), (DuplicateRule::Block, "taken")] {
        let world = World::new(profile(|profile| profile.duplicate_rule = rule));
        world.save("Contact", None, &json!({ "LastName": "First", "Email": "ida@nordwerk.example" }));
        let same = [("LastName", "Second"), ("Email", "ida@nordwerk.example")];
        let actions = [create(&same), create_once(&[same[0], same[1], (LINK, "820")]), create(&[("LastName", "Third")])];
        let outcomes = world.write(&actions).await;
        assert_eq!(outcomes.iter().map(word).collect::<Vec<_>>(), [expected, expected, "created"], "{rule:?}");
    }
}

#[tokio::test]
async fn a_locked_parent_stops_its_own_rows_and_only_until_it_is_free() {
    let world = World::peopled(Profile::default(), 20);
    let contacts: Vec<String> = world.ids("Contact").into_iter().collect();
    let account = world.record("Contact", &contacts[0])["AccountId"].as_str().unwrap().to_owned();
    let until = world.now() + SignedDuration::from_secs(30);
    lock(&world.org).simulator.lock_account(&account, until);
    let actions: Vec<_> = contacts.iter().map(|id| update(id, &[("FirstName", "Neu")])).collect();
    let outcomes = world.write(&actions).await;
    let refused: Vec<usize> = (0..20).filter(|place| word(&outcomes[*place]) == "transient").collect();
    let children: Vec<usize> =
        (0..20).filter(|place| world.record("Contact", &contacts[*place])["AccountId"] == account.as_str()).collect();
    assert_eq!((refused.len(), &refused), (10, &children));
    assert_eq!(failed(&outcomes[refused[0]]), &Fault::Transient { detail: "UNABLE_TO_LOCK_ROW".into() });
    world.pass(31);
    assert!(world.write(&actions).await.iter().all(|outcome| word(outcome) == "updated"));
}

#[tokio::test]
async fn refusals_name_field_and_rule_and_repeat_no_value() {
    let world = World::new(Profile::default());
    let names = ["A", "B"].map(|value| json!({ "fullName": value }));
    let metadata =
        json!({ "type": "Picklist", "label": "Tier", "valueSet": { "restricted": true, "valueSetDefinition": { "value": names } } });
    assert!(lock(&world.org).simulator.add_custom_field("Contact", "Tier__c", &metadata));
    let secret = "Zebrafink-4711";
    let long = secret.repeat(10);
    let cases = [
        (create(&[("LastName", &long)]), "STRING_TOO_LONG", Some("LastName")),
        (create(&[("LastName", "A"), ("Email", secret)]), "INVALID_EMAIL_ADDRESS", Some("Email")),
        (create(&[("LastName", "A"), ("Tier__c", secret)]), "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", Some("Tier__c")),
        (create(&[("FirstName", secret)]), "REQUIRED_FIELD_MISSING", Some("LastName")),
        (create(&[("LastName", "A"), ("Name", secret)]), "INVALID_FIELD_FOR_INSERT_UPDATE", Some("Name")),
        (create(&[("LastName", "A"), ("AccountId", secret)]), "MALFORMED_ID", None),
        (create(&[("LastName", "A"), ("Nowhere__c", secret)]), "INVALID_FIELD", Some("Nowhere__c")),
    ];
    let actions: Vec<_> = cases.iter().map(|(action, ..)| action.clone()).collect();
    let outcomes = world.write(&actions).await;
    for (outcome, (_, code, field)) in outcomes.iter().zip(&cases) {
        let Fault::Rejected { problems } = failed(outcome) else { panic!("{code}: {outcome:?}") };
        assert_eq!((problems[0].code.as_str(), problems[0].field.as_ref().map(FieldName::as_str)), (*code, *field));
        assert!(!format!("{outcome:?} {}", failed(outcome)).contains("Zebrafink"), "{code}");
    }
    assert_eq!(world.ids("Contact").len(), 0);
}

#[tokio::test]
async fn what_is_gone_is_missing_whether_deleted_purged_or_never_there() {
    let world = World::peopled(Profile::default(), 3);
    let ids: Vec<String> = world.ids("Contact").into_iter().collect();
    let now = world.now();
    assert!(ids.iter().take(2).all(|id| lock(&world.org).simulator.delete_record("Contact", id, now)));
    lock(&world.org).simulator.hard_delete(&[&ids[1]], now);
    let gone = [ids[0].as_str(), &ids[1], "003ak00000luKU1AAM"];
    let mut actions: Vec<_> = gone.iter().map(|id| update(id, &[("LastName", "New")])).collect();
    actions.extend(gone.iter().map(|id| delete(id)));
    actions.push(update(&ids[2], &[("LastName", "New")]));
    let outcomes = world.write(&actions).await;
    assert!(outcomes.iter().take(6).all(|outcome| failed(outcome) == &Fault::Missing));
    assert_eq!(word(&outcomes[6]), "updated");
}

#[tokio::test]
async fn a_parent_that_is_gone_is_the_rows_problem_and_not_the_record_missing() {
    let world = World::peopled(Profile::default(), 1);
    let id = world.ids("Contact").into_iter().next().unwrap();
    let to = |account: &str| WriteAction::Update {
        id: id.as_str().into(),
        fields: [(FieldName::new("AccountId"), Value::Reference(account.into()))].into(),
        expected: None,
    };
    let outcomes = world.write(&[to("001ak00000OQTieAAH")]).await;
    assert_eq!(code_of(&outcomes[0]), "INVALID_CROSS_REFERENCE_KEY");
}

#[tokio::test]
async fn an_answer_that_was_lost_after_the_commit_is_uncertain_and_repeating_finds_the_record() {
    let troubles = [
        None,
        Some(Trouble::AnswerLost),
        Some(Trouble::HtmlErrorAfterCommit),
        Some(Trouble::CutBody),
        Some(Trouble::HtmlInsteadOfJson),
        Some(Trouble::EmptyBody),
        Some(Trouble::HtmlError),
    ];
    for trouble in troubles {
        let world = World::new(Profile::default());
        match &trouble {
            // The vendor's own 503 after a commit.
            None => lock(&world.org).simulator.unavailable_after_commit("composite"),
            Some(trouble) => world.trouble(Method::POST, "/composite", trouble.clone()),
        }
        let actions = [create_once(&[("LastName", "Once"), (LINK, "820")]), create_once(&[("LastName", "Once"), (LINK, "821")])];
        let outcomes = world.write(&actions).await;
        assert!(outcomes.iter().all(|outcome| failed(outcome) == &Fault::Uncertain), "{trouble:?}");
        let outcomes = world.write(&actions).await;
        assert!(outcomes.iter().all(|outcome| stored(outcome).is_live()), "{trouble:?}");
        assert_eq!(world.ids("Contact").len(), 2, "{trouble:?}");
    }
}

#[tokio::test]
async fn what_certainly_never_arrived_is_an_error_of_the_whole_batch() {
    let world = World::new(Profile::default());
    world.trouble(Method::POST, "/composite", Trouble::NeverSent);
    let actions = [create(&[("LastName", "Once")])];
    let refused = world.connector().write(&contacts(), &actions, world.by()).await.unwrap_err();
    assert_eq!(refused.fault.code(), "transient");
    assert_eq!(world.ids("Contact").len(), 0);
}

#[tokio::test]
async fn an_outage_in_the_middle_of_a_large_batch_leaves_what_was_written_written() {
    let world = World::peopled(Profile::default(), 400);
    let ids: Vec<String> = world.ids("Contact").into_iter().collect();
    let actions: Vec<_> = ids
        .iter()
        .enumerate()
        .map(|(number, id)| match number % 4 {
            0 => create_once(&[("LastName", "Once"), (LINK, &number.to_string())]),
            1 => create(&[("LastName", "Plain")]),
            2 => update(id, &[("LastName", "New")]),
            _ => delete(id),
        })
        .collect();
    world.calls();
    let when = syncline_simulator::When { method: Some(Method::POST), contains: "/composite".into(), after: 1 };
    lock(&world.org).script.add(when, Trouble::NeverSent);
    let outcomes = world.write(&actions).await;
    let written = outcomes.iter().filter(|outcome| ["created", "updated"].contains(&word(outcome))).count();
    assert_eq!((written, outcomes.iter().filter(|outcome| word(outcome) == "transient").count()), (300, 100));
    let changed = ids.iter().skip(2).step_by(4).filter(|id| world.record("Contact", id)["LastName"] == "New").count();
    let created = world.ids("Contact").len() + ids.iter().filter(|id| !world.ids("Contact").contains(*id)).count() - 400;
    let deleted = ids.len() - ids.iter().filter(|id| world.ids("Contact").contains(*id)).count();
    assert_eq!(changed + created + deleted, 300, "an outcome says what happened");
}
