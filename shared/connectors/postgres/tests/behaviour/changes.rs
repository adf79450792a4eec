//! What people's SQL changes is told once, whenever it becomes visible; what Syncline writes is not told.

use syncline_engine::ports::connector::{From, Resume, WriteAction};
use syncline_model::Value;

use crate::world::{World, contacts, fields, ids};

#[tokio::test]
async fn what_commits_late_is_told_though_later_changes_were_seen_before() {
    let world = World::new();
    let (slow, quick) = (world.contact("Slow"), world.contact("Quick"));
    let start = world.end_of_scan().await;
    let (_, start) = world.changes(start).await;
    let open = world.database.open_transaction("UPDATE contacts SET name = 'Slower' WHERE name = 'Slow'");
    world.sql("UPDATE contacts SET name = 'Quicker' WHERE name = 'Quick'");
    // The later one waits with the earlier one: to pass it would lose what is not visible yet.
    let (meanwhile, place) = world.changes(start).await;
    assert_eq!(ids(&meanwhile), []);
    open.commit();
    let (told, place) = world.changes(place).await;
    let mut told = ids(&told);
    told.sort();
    let mut wanted = vec![slow, quick];
    wanted.sort();
    assert_eq!(told, wanted);
    assert_eq!(ids(&world.changes(place).await.0), []);
}

#[tokio::test]
async fn a_transaction_that_is_undone_tells_nothing() {
    let world = World::new();
    world.contact("Ada");
    let start = world.end_of_scan().await;
    let (_, start) = world.changes(start).await;
    drop(world.database.open_transaction("DELETE FROM contacts"));
    let id = world.contact("Ivo");
    // The session's end is the server's to notice.
    let mut place = start;
    let told = loop {
        let (told, next) = world.changes(place).await;
        if !told.is_empty() {
            break told;
        }
        place = next;
    };
    assert_eq!(ids(&told), [id]);
}

#[tokio::test]
async fn our_own_writes_are_no_changes_and_hide_none() {
    let world = World::new();
    let id = world.contact("Ada");
    let start = world.end_of_scan().await;
    let (_, start) = world.changes(start).await;
    let update = |text: &str| WriteAction::Update { id: id.clone(), fields: fields(&[("name", Value::text(text))]), expected: None };
    world.write(&contacts(&["name"]), update("Ada of ours")).await;
    assert_eq!(ids(&world.changes(start.clone()).await.0), []);
    world.sql("UPDATE contacts SET phone = '+49 30 1'");
    world.write(&contacts(&["name"]), update("Ada of ours again")).await;
    let (told, _) = world.changes(start).await;
    assert_eq!(ids(&told), std::slice::from_ref(&id));
    assert!(told[0].field("name") == Some(&Value::text("Ada of ours again")), "a change is told as the row stands");
}

#[tokio::test]
async fn an_update_that_changes_nothing_is_no_change_and_keeps_the_version() {
    let world = World::new();
    let id = world.contact("Ada");
    let start = world.end_of_scan().await;
    let (_, start) = world.changes(start).await;
    let before = world.get(&contacts(&["name"]), &id).await.unwrap().version;
    world.sql("UPDATE contacts SET name = name");
    assert_eq!(ids(&world.changes(start).await.0), []);
    assert_eq!(world.get(&contacts(&["name"]), &id).await.unwrap().version, before);
}

#[tokio::test]
async fn people_need_no_right_on_anything_of_ours_and_have_none() {
    let world = World::new();
    world.contact("Ada");
    for forbidden in ["SELECT * FROM syncline.changes", "DELETE FROM syncline.changes", "SELECT nextval('syncline.change_number')"] {
        let refused = world.database.edit_with_sql(world.now(), &[forbidden]).unwrap_err();
        assert!(refused.contains("42501"), "{forbidden}: {refused}");
    }
}

#[tokio::test]
async fn what_all_have_passed_is_forgotten_and_who_stayed_behind_reads_the_table_once() {
    let world = World::with(syncline_postgres_sim::Database::provisioned(), &[("changes_days", "7")]);
    let early = world.end_of_scan().await;
    let (one, other) = (world.contact("One"), world.contact("Other"));
    let (_, passed) = world.changes(early.clone()).await;
    let remembered = || world.database.administer(&["SELECT count(*)::text FROM syncline.changes"]).unwrap()[0][0][0].clone().unwrap();
    world.pass(6);
    world.changes(passed.clone()).await;
    assert_eq!(remembered(), "2", "younger than the days that changes are kept");
    world.pass(2);
    let (told, _) = world.changes(passed.clone()).await;
    assert_eq!((ids(&told), remembered().as_str()), (Vec::new(), "0"));
    // Who is up to date does not notice.
    let third = world.contact("Third");
    assert_eq!(ids(&world.changes(passed).await.0), std::slice::from_ref(&third));
    let (anew, place) = world.changes(early).await;
    let mut anew = ids(&anew);
    anew.sort();
    anew.dedup();
    let mut wanted = vec![one, other, third];
    wanted.sort();
    assert_eq!(anew, wanted);
    assert_eq!(ids(&world.changes(place).await.0), []);
}

#[tokio::test]
async fn a_listing_since_a_moment_begins_with_the_first_change_after_it() {
    let world = World::new();
    world.contact("Before");
    world.pass(1);
    let since = world.now();
    world.pass(1);
    let id = world.contact("After");
    let page = world.connector.list_changes(&contacts(&["name"]), &From::Since(since), world.by()).await.unwrap();
    let told: Vec<_> = page.records.into_iter().map(Result::unwrap).collect();
    assert_eq!(ids(&told), [id]);
    assert!(matches!(page.resume, Resume::CaughtUp(_)));
}

#[tokio::test]
async fn a_row_that_changed_often_is_told_once() {
    let world = World::new();
    let start = world.end_of_scan().await;
    let id = world.contact("Ada");
    for number in 0..5 {
        world.sql(&format!("UPDATE contacts SET name = 'Ada {number}'"));
    }
    let (told, _) = world.changes(start).await;
    assert_eq!(ids(&told), [id]);
}
