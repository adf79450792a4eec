//! What becomes of each record of a batch.

use std::collections::BTreeMap;

use http::Method;
use syncline_engine::ports::connector::{Outcome, WriteAction};
use syncline_mapsly_sim::{API_KEY, Profile, UpsertBody};
use syncline_model::{Fault, Timestamp, Value};
use syncline_simulator::{Trouble, When, lock};

use crate::scene::{NOW, Scene, bad, by, contacts, create, ends, named};

#[tokio::test]
async fn a_batch_is_one_call_for_what_is_written_and_one_for_what_is_deleted() {
    let scene = Scene::with(Profile::default(), API_KEY, &[("id_prefix", "sell:")]);
    scene.write(&[create("1", "Ida"), create("2", "Jonas")]).await.unwrap();
    scene.asked();
    let fields = BTreeMap::from([("name".into(), Value::text("Ida Nowak"))]);
    let change = WriteAction::Update { id: "sell:1".into(), fields, expected: None };
    let delete = |id: &str| WriteAction::Delete { id: id.into() };
    let outcomes = scene.write(&[change, delete("sell:2"), create("3", "Mara"), delete("sell:nobody")]).await.unwrap();
    assert_eq!(ends(&outcomes), ["changed", "changed", "made", "changed"]);
    assert!(matches!(&outcomes[2], Outcome::Written { id, stored: None, .. } if id.as_str() == "sell:3"), "{outcomes:?}");
    assert_eq!((scene.ids(), scene.stored("sell:1")), (vec!["sell:1".to_owned(), "sell:3".to_owned()], Some(named("Ida Nowak"))));
    let path = "/v1/record?entity=Contacts&async=false";
    assert_eq!(scene.asked(), [format!("POST {path}"), format!("DELETE {path}")]);
}

#[tokio::test]
async fn written_records_stand_in_a_call_as_the_account_takes_them() {
    for (upsert_body, setting, wanted) in [
        (UpsertBody::List, "list", "made"),
        (UpsertBody::Records, "records", "made"),
        (UpsertBody::Records, "list", "rejected"),
        (UpsertBody::List, "records", "rejected"),
    ] {
        let scene = Scene::with(Profile { upsert_body, ..Profile::default() }, API_KEY, &[("upsert_body", setting)]);
        assert_eq!(ends(&scene.write(&[create("1", "Ida")]).await.unwrap()), [wanted], "{upsert_body:?} {setting}");
    }
}

#[tokio::test]
async fn a_record_that_is_refused_stops_only_itself_also_where_it_refuses_the_whole_call() {
    for refuses_whole in [false, true] {
        let scene = Scene::new(Profile { refuses_whole, ..Profile::default() });
        let mut actions: Vec<WriteAction> = (0..8).map(|number| create(&number.to_string(), "Somebody")).collect();
        actions[5] = bad("5");
        let outcomes = scene.write(&actions).await.unwrap();
        assert_eq!(ends(&outcomes), ["made", "made", "made", "made", "made", "rejected", "made", "made"]);
        assert!(!format!("{outcomes:?}").contains("Private remark"), "{outcomes:?}");
        assert_eq!(scene.ids().len(), 7);
        // In halves: eight, four, and on the way to the bad one two and one of each size.
        assert_eq!(scene.asked().len(), if refuses_whole { 7 } else { 1 });
    }
}

#[tokio::test]
async fn a_call_that_is_too_large_is_made_in_parts() {
    let scene = Scene::new(Profile::default());
    let long = "x".repeat(30_000);
    let actions: Vec<WriteAction> = (0..100).map(|number| create(&number.to_string(), &long)).collect();
    assert_eq!(ends(&scene.write(&actions).await.unwrap()), vec!["made"; 100]);
    // Three megabytes, in halves of halves.
    assert_eq!(scene.asked().len(), 4);
}

#[tokio::test]
async fn what_is_wrong_with_a_record_is_found_before_it_is_sent() {
    let scene = Scene::new(Profile::default());
    let fields = |name: &str, value: Value| BTreeMap::from([("id".into(), Value::text("1")), (name.into(), value)]);
    let outcomes = scene
        .write(&[
            WriteAction::Create { fields: fields("colour", Value::text("red")), once: Some("id".into()) },
            WriteAction::Create { fields: fields("latitude", Value::text("north")), once: Some("id".into()) },
            WriteAction::Create { fields: BTreeMap::from([("name".into(), Value::text("Ida"))]), once: None },
            WriteAction::Restore { id: "1".into() },
        ])
        .await
        .unwrap();
    assert_eq!(ends(&outcomes), ["rejected", "rejected", "rejected", "unsupported"]);
    assert_eq!(scene.asked().len(), 0);
    let mut deals = contacts();
    deals.kind = "Visits".into();
    let error = scene.connector.write(&deals, &[create("1", "Ida")], by()).await.unwrap_err();
    assert!(matches!(&error.fault, Fault::Unsupported { capability } if capability.contains("`entities`")), "{error:?}");
}

#[tokio::test]
async fn a_spent_minute_says_when_to_come_again() {
    for (tells_wait, wait_s) in [(true, 60), (false, 60)] {
        let scene = Scene::new(Profile { calls_per_minute: 1, tells_wait, ..Profile::default() });
        assert_eq!(ends(&scene.write(&[create("1", "Ida")]).await.unwrap()), ["made"]);
        let outcomes = scene.write(&[create("2", "Jonas")]).await.unwrap();
        let until = NOW.parse::<Timestamp>().unwrap() + jiff::SignedDuration::from_secs(wait_s);
        assert_eq!(outcomes, [Outcome::Failed(Fault::RateLimited { until })]);
    }
}

#[tokio::test]
async fn an_answer_that_says_nothing_of_a_record_is_no_success() {
    for (settings, wanted) in [(&[][..], "uncertain"), (&[("accepted", "by_status")][..], "made")] {
        let scene = Scene::with(Profile { answers_nothing: true, ..Profile::default() }, API_KEY, settings);
        assert_eq!(ends(&scene.write(&[create("1", "Ida")]).await.unwrap()), [wanted]);
        assert_eq!(scene.ids(), ["1"]);
    }
}

#[tokio::test]
async fn what_came_of_a_broken_call_is_not_guessed() {
    for (trouble, wanted) in [
        (Trouble::AnswerLost, "uncertain"),
        (Trouble::HtmlErrorAfterCommit, "uncertain"),
        (Trouble::CutBody, "uncertain"),
        (Trouble::HtmlInsteadOfJson, "uncertain"),
        (Trouble::Instead(404, String::new()), "drift"),
    ] {
        let scene = Scene::new(Profile::default());
        lock(&scene.account).script.add(When::next(Method::POST, "/v1/record"), trouble.clone());
        assert_eq!(ends(&scene.write(&[create("1", "Ida")]).await.unwrap()), [wanted], "{trouble:?}");
        // Sent again it is the same record.
        let again = scene.write(&[create("1", "Ida")]).await.unwrap();
        assert!(matches!(again[0], Outcome::Written { .. }), "{trouble:?}");
        assert_eq!(scene.ids(), ["1"]);
    }
    let scene = Scene::new(Profile::default());
    lock(&scene.account).script.add(When::next(Method::POST, "/v1/record"), Trouble::NeverSent);
    // Nobody heard of it: the call as a whole can be made again.
    assert!(matches!(scene.write(&[create("1", "Ida")]).await.unwrap_err().fault, Fault::Transient { .. }));
}
