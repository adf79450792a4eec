//! Where the key stands, which objects there are, and that nothing is read.

use syncline_engine::ports::connector::{FindKey, From};
use syncline_mapsly_sim::{API_KEY, KeyPlace, Profile};
use syncline_model::{Fault, Value};

use crate::scene::{Scene, by, contacts, create, ends, named};

#[tokio::test]
async fn the_place_of_the_key_is_found_and_remembered() {
    for (key_place, tried, told) in [(KeyPlace::Bearer, 1, "bearer"), (KeyPlace::Header, 2, "header"), (KeyPlace::Query, 3, "query")] {
        let scene = Scene::new(Profile { key_place, ..Profile::default() });
        assert_eq!(ends(&scene.write(&[create("1", "Ida")]).await.unwrap()), ["made"]);
        assert_eq!(scene.asked().len(), tried, "{key_place:?}");
        assert_eq!(ends(&scene.write(&[create("2", "Jonas")]).await.unwrap()), ["made"]);
        assert_eq!(scene.asked().len(), 1, "{key_place:?}");
        let account = scene.connector.account(by()).await.unwrap();
        assert!(account.notes.iter().any(|note| note.contains(&format!("`auth: {told}`"))), "{:?}", account.notes);
        assert_eq!(account.problems, Vec::<String>::new());
    }
}

#[tokio::test]
async fn a_place_that_is_chosen_is_the_only_one_tried() {
    let scene = Scene::with(Profile { key_place: KeyPlace::Header, ..Profile::default() }, API_KEY, &[("auth", "bearer")]);
    assert_eq!(ends(&scene.write(&[create("1", "Ida")]).await.unwrap()), ["auth_refused"]);
    assert_eq!(scene.asked().len(), 1);
}

#[tokio::test]
async fn a_wrong_key_is_told_without_showing_it() {
    for key_place in [KeyPlace::Bearer, KeyPlace::Query] {
        let scene = Scene::with(Profile { key_place, ..Profile::default() }, "a-wrong-key", &[]);
        let error = scene.connector.account(by()).await.unwrap_err();
        assert!(matches!(&error.fault, Fault::AuthRefused { hint } if hint.contains("`auth`")), "{error:?}");
        assert!(!format!("{error} {error:?}").contains("a-wrong-key"), "{error:?}");
    }
}

#[tokio::test]
async fn an_object_that_the_account_lacks_is_a_problem_of_the_account() {
    for unknown_entity_is_400 in [false, true] {
        let profile = Profile { unknown_entity_is_400, ..Profile::default() };
        let scene = Scene::with(profile, API_KEY, &[("entities", "Contacts(name); contacts(name)")]);
        let account = scene.connector.account(by()).await.unwrap();
        if unknown_entity_is_400 {
            // Such an answer cannot be told from one that refuses an empty list.
            assert_eq!(account.problems, Vec::<String>::new());
        } else {
            assert_eq!(account.problems, ["Mapsly has no object contacts: correct `entities`; upper and lower case matter."]);
        }
    }
}

#[tokio::test]
async fn nothing_is_written_by_asking_whose_account_it_is() {
    let scene = Scene::new(Profile::default());
    scene.connector.account(by()).await.unwrap();
    let schema = scene.connector.describe(&"Contacts".into(), by()).await.unwrap();
    assert!(schema.field("id").is_some_and(syncline_model::FieldSchema::is_own_key), "{schema:?}");
    assert_eq!((scene.ids(), scene.stored("1")), (Vec::new(), None));
}

#[tokio::test]
async fn every_question_about_records_is_answered_that_there_is_none() {
    let scene = Scene::new(Profile::default());
    scene.write(&[create("1", "Ida")]).await.unwrap();
    assert_eq!(scene.stored("1"), Some(named("Ida")));
    scene.asked();
    let connector = &scene.connector;
    let since = From::Since(crate::scene::NOW.parse().unwrap());
    let key = FindKey { field: "name".into(), value: Value::text("Ida") };
    let faults = [
        connector.list_changes(&contacts(), &since, by()).await.unwrap_err(),
        connector.scan(&contacts(), None, by()).await.unwrap_err(),
        connector.get(&contacts(), &["1".into()], by()).await.unwrap_err(),
        connector.find(&contacts(), &[key], by()).await.unwrap_err(),
        connector.related(&[], by()).await.unwrap_err(),
        connector.roster(&[], by()).await.unwrap_err(),
        connector.users(None, by()).await.unwrap_err(),
    ];
    for error in faults {
        assert!(matches!(error.fault, Fault::Unsupported { .. }), "{error:?}");
    }
    assert_eq!(scene.asked().len(), 0);
}
