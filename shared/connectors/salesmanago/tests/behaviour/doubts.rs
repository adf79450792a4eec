//! Where the documentation is silent: the connector says what it met, and never takes silence for success.

use serde_json::json;
use syncline_engine::ports::connector::{Outcome, WriteAction};
use syncline_model::{Fault, Presence, Value};
use syncline_salesmanago_sim::{Clearing, Profile};
use syncline_simulator::lock;

use crate::scene::{Scene, code, plain, selection};

#[tokio::test]
async fn a_value_that_the_vendor_does_not_take_away_is_told() {
    for (vendor, setting, goes) in [
        (Clearing::EmptyText, "empty", true),
        (Clearing::Null, "null", true),
        (Clearing::Both, "null", true),
        (Clearing::Null, "empty", false),
        (Clearing::EmptyText, "null", false),
        (Clearing::Nothing, "empty", false),
    ] {
        let scene = Scene::new(Profile { clearing: vendor, ..Profile::default() }, &[("clearing", setting)]);
        let id = scene.type_in(&[("email", json!("ida@a.example")), ("company", json!("Acme"))]);
        let outcome = scene.change(&id, &[("company", Value::Null)]).await;
        if goes {
            assert!(matches!(outcome, Outcome::Written { .. }), "{vendor:?} {setting}: {outcome:?}");
        } else {
            assert_eq!(code(&outcome), "not_taken", "{vendor:?} {setting}");
        }
        assert_eq!(plain(&scene.read(&id).await, "company").is_null(), goes, "{vendor:?} {setting}");
    }
}

#[tokio::test]
async fn without_a_setting_nothing_is_taken_away_and_nothing_is_sent() {
    let scene = Scene::new(Profile::default(), &[]);
    let id = scene.type_in(&[("email", json!("ida@a.example")), ("company", json!("Acme"))]);
    assert_eq!(code(&scene.change(&id, &[("company", Value::Null)]).await), "clearing_is_off");
    assert_eq!(scene.calls("upsert"), 0);
    let notes = scene.connector.account(scene.by()).await.unwrap().notes;
    assert!(notes.iter().any(|note| note.contains("`clearing`")), "{notes:?}");
}

#[tokio::test]
async fn a_deletion_that_is_answered_with_nothing_is_looked_at() {
    for delete_answers_nothing in [false, true] {
        let scene = Scene::new(Profile { delete_answers_nothing, ..Profile::default() }, &[]);
        let id = scene.type_in(&[("email", json!("ida@a.example"))]);
        let outcome = scene.write(WriteAction::Delete { id: id.clone() }).await;
        assert!(matches!(outcome, Outcome::Written { .. }), "{outcome:?}");
        assert_eq!(scene.write(WriteAction::Delete { id }).await, Outcome::Failed(Fault::Missing));
    }
}

#[tokio::test]
async fn a_deleted_contact_that_stays_readable_says_that_it_is_gone() {
    let scene = Scene::new(Profile { deleted_stay: true, ..Profile::default() }, &[]);
    let id = scene.type_in(&[("email", json!("ida@a.example"))]);
    let now = scene.now();
    syncline_simulator::Users::delete(&mut lock(&scene.account).simulator, now, "contact", id.as_str()).unwrap();
    let read = scene.connector.get(&selection(), std::slice::from_ref(&id), scene.by()).await.unwrap().remove(0);
    assert_eq!(read.map(|record| record.presence), Some(Presence::Deleted));
    assert_eq!(scene.change(&id, &[("name", Value::text("Ida"))]).await, Outcome::Failed(Fault::Missing));
}

#[tokio::test]
async fn users_come_as_texts_or_as_objects_and_refusals_as_one_text_or_several() {
    for (objects, message_is_text) in [(false, false), (true, true)] {
        let scene = Scene::new(Profile { message_is_text, ..Profile::default() }, &[]);
        lock(&scene.account).simulator.list_users_as_objects(objects);
        let users = scene.connector.users(None, scene.by()).await.unwrap().users;
        assert_eq!(users.iter().map(|user| user.id.as_str()).collect::<Vec<_>>(), ["admin@acme.example", "sales@acme.example"]);
        let refused = scene.create(&[("email", Value::text("no address")), ("name", Value::text("Ida"))]).await;
        assert!(
            matches!(&refused, Outcome::Failed(Fault::Rejected { problems }) if !problems[0].words.contains("no address")),
            "{refused:?}"
        );
    }
}

#[tokio::test]
async fn a_key_that_works_elsewhere_is_no_key_here() {
    let scene = Scene::new(Profile::default(), &[]);
    lock(&scene.account).simulator.set_here(false);
    let refused = scene.connector.account(scene.by()).await.unwrap_err();
    assert!(matches!(&refused.fault, Fault::AuthRefused { hint } if hint.contains("server")), "{refused}");
}
