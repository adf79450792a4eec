//! Deleted rows: marked or removed, by Syncline or by people.

use syncline_engine::ports::connector::{Outcome, WriteAction};
use syncline_model::{Fault, Presence, Value};
use syncline_postgres_sim::Database;

use crate::world::{World, contacts, fields};

#[tokio::test]
async fn a_soft_delete_marks_the_row_and_a_restore_takes_the_mark_away() {
    let world = World::new();
    let (selection, id) = (contacts(&["name"]), world.contact("Ada"));
    world.write(&selection, WriteAction::Delete { id: id.clone() }).await;
    assert_eq!(world.sql("SELECT count(*)::text FROM contacts WHERE syncline_deleted_at IS NOT NULL"), ["1"]);
    assert_eq!(world.get(&selection, &id).await.unwrap().presence, Presence::Deleted);
    let again = world.write(&selection, WriteAction::Delete { id: id.clone() }).await;
    assert_eq!(again, Outcome::Failed(Fault::Missing));
    let back = world.write(&selection, WriteAction::Restore { id: id.clone() }).await;
    assert!(matches!(back, Outcome::Written { stored: Some(record), .. } if record.is_live()));
    assert!(world.get(&selection, &id).await.unwrap().is_live());
}

#[tokio::test]
async fn a_hard_delete_removes_the_row_and_it_is_still_known_to_be_deleted() {
    let world = World::with(Database::provisioned(), &[("deletes", "hard")]);
    let (selection, id) = (contacts(&["name"]), world.contact("Ada"));
    let outcome = world.write(&selection, WriteAction::Delete { id: id.clone() }).await;
    assert!(matches!(outcome, Outcome::Written { .. }));
    assert_eq!(world.sql("SELECT count(*)::text FROM contacts"), ["0"]);
    assert_eq!(world.get(&selection, &id).await.unwrap().presence, Presence::Deleted);
    let restored = world.write(&selection, WriteAction::Restore { id }).await;
    assert!(matches!(restored, Outcome::Failed(Fault::Unsupported { .. })));
}

#[tokio::test]
async fn people_delete_and_bring_back_by_hand_too() {
    let world = World::new();
    let (selection, id) = (contacts(&["name"]), world.contact("Ada"));
    let start = world.end_of_scan().await;
    world.sql("UPDATE contacts SET syncline_deleted_at = now()");
    let (told, place) = world.changes(start).await;
    assert_eq!(told[0].presence, Presence::Deleted);
    world.sql("UPDATE contacts SET syncline_deleted_at = NULL");
    let (told, place) = world.changes(place).await;
    assert!(told[0].is_live() && told[0].id == id);
    world.sql("DELETE FROM contacts");
    let (told, _) = world.changes(place).await;
    assert_eq!(told[0].presence, Presence::Deleted);
    assert_eq!(world.get(&selection, &id).await.unwrap().presence, Presence::Deleted);
}

#[tokio::test]
async fn a_create_for_a_counterpart_that_was_marked_brings_the_row_back() {
    let world = World::new();
    let selection = contacts(&["name", "crm_id"]);
    let create = |name: &str| WriteAction::Create {
        fields: fields(&[("name", Value::text(name)), ("crm_id", Value::text("8201"))]),
        once: Some("crm_id".into()),
    };
    let Outcome::Written { id, created: true, .. } = world.write(&selection, create("Ada")).await else { panic!() };
    world.write(&selection, WriteAction::Delete { id: id.clone() }).await;
    let again = world.write(&selection, create("Ada again")).await;
    assert!(matches!(again, Outcome::Written { id: same, created: false, .. } if same == id));
    assert!(world.get(&selection, &id).await.unwrap().field("name") == Some(&Value::text("Ada again")));
}
