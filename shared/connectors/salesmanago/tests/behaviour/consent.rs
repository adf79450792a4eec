//! Consent: pushed where it changes, and nowhere else.

use serde_json::json;
use syncline_engine::ports::connector::Outcome;
use syncline_model::Value;
use syncline_salesmanago_sim::Profile;
use syncline_simulator::lock;

use crate::scene::{Scene, code, plain};

#[tokio::test]
async fn a_write_about_something_else_subscribes_nobody_again() {
    let scene = Scene::new(Profile::default(), &[]);
    let id = scene.type_in(&[("email", json!("ida@a.example")), ("optedOut", json!(true)), ("optedOutPhone", json!(true))]);
    assert!(matches!(scene.change(&id, &[("name", Value::text("Ida"))]).await, Outcome::Written { .. }));
    let read = scene.read(&id).await;
    assert_eq!((plain(&read, "name"), plain(&read, "optedOut"), plain(&read, "optedOutPhone")), (json!("Ida"), json!(true), json!(true)));
}

#[tokio::test]
async fn each_consent_goes_both_ways_on_its_own() {
    let scene = Scene::new(Profile::default(), &[]);
    let id = scene.type_in(&[("email", json!("ida@a.example"))]);
    for (mail, phone) in [(true, false), (true, true), (false, true), (false, false)] {
        let outcome = scene.change(&id, &[("optedOut", Value::Bool(mail)), ("optedOutPhone", Value::Bool(phone))]).await;
        assert!(matches!(outcome, Outcome::Written { .. }), "{outcome:?}");
        let read = scene.read(&id).await;
        assert_eq!((plain(&read, "optedOut"), plain(&read, "optedOutPhone")), (json!(mail), json!(phone)));
    }
}

#[tokio::test]
async fn a_double_opt_in_asks_the_person_once() {
    let scene = Scene::new(Profile::default(), &[("double_opt_in", "true")]);
    let id = scene.type_in(&[("email", json!("ida@a.example")), ("optedOut", json!(true))]);
    let outcome = scene.change(&id, &[("optedOut", Value::Bool(false))]).await;
    let Outcome::Written { stored: Some(stored), .. } = outcome else { panic!("{outcome:?}") };
    assert_eq!(plain(&stored, "optedOut"), json!(true), "what is stored is told, not what was wished");
    assert_eq!(lock(&scene.account).simulator.confirmations(), [id.to_string()]);
}

#[tokio::test]
async fn consent_cannot_be_empty() {
    let scene = Scene::new(Profile::default(), &[]);
    let id = scene.type_in(&[("email", json!("ida@a.example"))]);
    assert_eq!(code(&scene.change(&id, &[("optedOut", Value::Null)]).await), "wrong_type");
}

#[tokio::test]
async fn an_unsubscription_that_counts_as_a_change_is_listed() {
    let scene = Scene::new(Profile::default(), &[]);
    let id = scene.type_in(&[("email", json!("ida@a.example"))]);
    scene.pass(3_600);
    let before = scene.now();
    scene.pass(10);
    let now = scene.now();
    assert!(lock(&scene.account).simulator.unsubscribe(now, id.as_str()));
    scene.pass(10);
    let told = scene.changes(before, |_| {}).await;
    assert_eq!(told.iter().map(|record| plain(record, "optedOut")).collect::<Vec<_>>(), [json!(true)]);
}
