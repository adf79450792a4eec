//! What is made and changed, and in how many calls.

use serde_json::json;
use syncline_engine::ports::connector::{Outcome, WriteAction};
use syncline_model::{Fault, Value};
use syncline_salesmanago_sim::Profile;
use syncline_simulator::{Fields, Users, lock};

use crate::scene::{Scene, code, fields, plain, selection};

fn day(text: &str) -> Value {
    Value::Date(text.parse().unwrap())
}

#[tokio::test]
async fn a_day_of_birth_is_the_same_day_on_the_way_there_and_back() {
    let scene = Scene::new(Profile::default(), &[]);
    let id = scene.type_in(&[("email", json!("ida@a.example"))]);
    for text in ["1984-08-04", "2000-01-01", "1999-12-31", "2004-02-29"] {
        assert!(matches!(scene.change(&id, &[("birthday", day(text))]).await, Outcome::Written { .. }));
        assert_eq!(plain(&scene.read(&id).await, "birthday"), json!(text));
    }
}

#[tokio::test]
async fn a_birthday_without_a_year_is_completed_and_never_replaced() {
    let scene = Scene::new(Profile::default(), &[]);
    let id = scene.type_in(&[("email", json!("ida@a.example")), ("birthday", json!("0804"))]);
    let read = scene.read(&id).await;
    assert_eq!((plain(&read, "birthday"), plain(&read, "birthdayWithoutYear")), (json!(null), json!("08-04")));
    assert_eq!(code(&scene.change(&id, &[("birthday", day("1984-08-05"))]).await), "birthday_without_year");
    assert!(matches!(scene.change(&id, &[("birthday", day("1984-08-04"))]).await, Outcome::Written { .. }));
    assert_eq!(plain(&scene.read(&id).await, "birthday"), json!("1984-08-04"));
}

#[tokio::test]
async fn tags_are_a_set_in_both_directions() {
    let scene = Scene::new(Profile::default(), &[]);
    let id = scene.type_in(&[("email", json!("ida@a.example")), ("tags", json!(["old", "kept"]))]);
    let outcome = scene.change(&id, &[("tags", Value::set(["KEPT".to_owned(), "new client".to_owned()]))]).await;
    let Outcome::Written { stored: Some(stored), .. } = outcome else { panic!("{outcome:?}") };
    assert_eq!(plain(&stored, "tags"), json!(["KEPT", "NEW_CLIENT"]));
    assert!(matches!(scene.change(&id, &[("tags", Value::Null)]).await, Outcome::Written { .. }));
    assert_eq!(plain(&scene.read(&id).await, "tags"), json!(null));
}

#[tokio::test]
async fn an_owner_is_a_user_and_one_who_is_none_is_told() {
    let scene = Scene::new(Profile::default(), &[]);
    let id = scene.type_in(&[("email", json!("ida@a.example"))]);
    let user = |email: &str| Value::Reference(email.into());
    assert!(matches!(scene.change(&id, &[("mainContactOwner", user("Sales@acme.example"))]).await, Outcome::Written { .. }));
    assert_eq!(plain(&scene.read(&id).await, "mainContactOwner"), json!("sales@acme.example"));
    assert_eq!(code(&scene.change(&id, &[("mainContactOwner", user("nobody@acme.example"))]).await), "not_taken");
    let made = scene.create(&[("email", Value::text("bo@a.example")), ("mainContactOwner", user("sales@acme.example"))]).await;
    let Outcome::Written { stored: Some(stored), created: true, .. } = made else { panic!("{made:?}") };
    assert_eq!(plain(&stored, "mainContactOwner"), json!("sales@acme.example"));
}

#[tokio::test]
async fn a_new_address_keeps_the_contact_and_one_that_is_taken_names_its_holder() {
    let scene = Scene::new(Profile::default(), &[]);
    let (ida, bo) = (scene.type_in(&[("email", json!("ida@a.example"))]), scene.type_in(&[("email", json!("bo@a.example"))]));
    let moved = scene.change(&ida, &[("email", Value::text("Ida@new.example"))]).await;
    assert!(matches!(&moved, Outcome::Written { id, created: false, .. } if *id == ida), "{moved:?}");
    assert_eq!(plain(&scene.read(&ida).await, "email"), json!("ida@new.example"));
    let taken = scene.change(&ida, &[("email", Value::text("BO@a.example"))]).await;
    assert!(matches!(&taken, Outcome::Failed(Fault::Taken { holders, .. }) if *holders == [bo.clone()]), "{taken:?}");
    let made = scene.create(&[("email", Value::text("Bo@A.example")), ("name", Value::text("Another Bo"))]).await;
    assert!(matches!(&made, Outcome::Failed(Fault::Taken { holders, .. }) if *holders == [bo.clone()]), "{made:?}");
    assert_eq!(plain(&scene.read(&bo).await, "name"), json!(null), "the holder was not touched");
}

#[tokio::test]
async fn an_address_that_a_change_by_id_passes_over_is_changed_by_the_old_one() {
    let scene = Scene::new(Profile { update_keeps_addresses: true, ..Profile::default() }, &[]);
    let ida = scene.type_in(&[("email", json!("ida@a.example"))]);
    let moved = scene.change(&ida, &[("email", Value::text("ida@new.example"))]).await;
    let Outcome::Written { id, stored: Some(stored), .. } = &moved else { panic!("{moved:?}") };
    assert_eq!((id, plain(stored, "email")), (&ida, json!("ida@new.example")));
    assert_eq!(lock(&scene.account).simulator.contact_ids(), [ida.to_string()], "no second contact came of it");
}

/// Whoever writes by an address that has just been changed would make a second contact.
#[tokio::test]
async fn a_contact_whose_address_is_changed_while_we_write_stays_one() {
    let scene = Scene::new(Profile::default(), &[]);
    for ours in [("email", Value::text("ida@ours.example")), ("name", Value::text("Ida"))] {
        let before = lock(&scene.account).simulator.contact_ids().len();
        let ida = scene.type_in(&[("email", json!(format!("{}@old.example", ours.0)))]);
        let (typed, id) = (Fields::from([("email".to_owned(), json!(format!("{}@theirs.example", ours.0)))]), ida.to_string());
        scene.wire.before("/api/contact/up", move |account, now| account.edit(now, "contact", &id, &typed).unwrap());
        let outcome = scene.change(&ida, &[ours]).await;
        assert!(matches!(&outcome, Outcome::Written { id, .. } if *id == ida), "{outcome:?}");
        assert_eq!(lock(&scene.account).simulator.contact_ids().len(), before + 1);
    }
}

/// What the look finds is theirs. Told as what became of our write, it would be carried nowhere; and nobody has the old address any more.
#[tokio::test]
async fn an_edit_between_a_write_and_the_look_at_it_does_not_pass_for_its_result() {
    for (name, [old, ours, theirs]) in
        [("name", ["Ida", "Ida Berg", "Ida Holm"]), ("email", ["ida@old.example", "ida@ours.example", "ida@theirs.example"])]
    {
        let scene = Scene::new(Profile::default(), &[]);
        let ida = scene.type_in(&[("email", json!("ida@old.example")), (name, json!(old))]);
        let (typed, id) = (Fields::from([(name.to_owned(), json!(theirs))]), ida.to_string());
        scene.wire.after("/api/contact/up", move |account, now| {
            account.edit(now + std::time::Duration::from_secs(30), "contact", &id, &typed).unwrap();
        });
        let outcome = scene.change(&ida, &[(name, Value::text(ours))]).await;
        let Outcome::Written { id, stored: Some(stored), .. } = &outcome else { panic!("{outcome:?}") };
        assert_eq!((id, plain(stored, name)), (&ida, json!(ours)));
        assert_eq!(plain(&scene.read(&ida).await, name), json!(theirs), "their edit stands");
        assert_eq!(lock(&scene.account).simulator.contact_ids().len(), 1, "{name}");
    }
}

#[tokio::test]
async fn a_create_of_ours_is_known_again_by_its_own_value() {
    let scene = Scene::new(Profile::default(), &[]);
    let create = WriteAction::Create {
        fields: fields(&[("email", Value::text("ida@a.example")), ("externalId", Value::text("zoho-7"))]),
        once: Some("externalId".into()),
    };
    let Outcome::Written { id, created: true, .. } = scene.write(create.clone()).await else { panic!("not made") };
    let again = scene.write(create).await;
    assert!(matches!(&again, Outcome::Written { id: same, created: false, .. } if *same == id), "{again:?}");
}

#[tokio::test]
async fn a_contact_without_an_address_can_be_changed() {
    let scene = Scene::new(Profile::default(), &[]);
    let id = scene.type_in(&[("name", json!("Nameless"))]);
    let outcome = scene.change(&id, &[("name", Value::text("Named"))]).await;
    assert!(matches!(outcome, Outcome::Written { .. }), "{outcome:?}");
    assert_eq!(plain(&scene.read(&id).await, "name"), json!("Named"));
    assert_eq!(lock(&scene.account).simulator.contact_ids().len(), 1, "no second contact came of it");
}

#[tokio::test]
async fn a_hundred_writes_are_five_calls() {
    let scene = Scene::new(Profile::default(), &[]);
    let ids: Vec<_> = (0..100).map(|number| scene.type_in(&[("email", json!(format!("person{number}@a.example")))])).collect();
    let action = |id: &syncline_model::RecordId| {
        let fields = fields(&[("name", Value::text(format!("Person {id}")))]);
        WriteAction::Update { id: id.clone(), fields, expected: None }
    };
    let actions: Vec<WriteAction> = ids.iter().map(action).collect();
    let outcomes = scene.connector.write(&selection(), &actions, scene.by()).await.unwrap();
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Outcome::Written { .. })));
    // Fifty a reading, before and after, and one batch.
    assert_eq!((scene.calls("/api/"), scene.calls("/batchupsert")), (5, 1));
}
