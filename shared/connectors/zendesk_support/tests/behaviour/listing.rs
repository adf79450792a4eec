//! Listings: what is asked, in which order, and what counts as a change.

use serde_json::{Value as Json, json};
use syncline_engine::ports::connector::{Cursor, FindKey, From, Resume};
use syncline_model::{Fault, Presence, Value};

use crate::scripted::{Answer, Desk, agents, answer, at, availability, by, last, ok, routing, statuses, user};

const OLD: &str = "2026-11-20T08:00:00Z";
const NEW: &str = "2026-11-22T09:59:30Z";
const FIELDS: &[&str] = &["email", "status"];

fn export(users: &[Json], cursor: Option<&str>, ended: bool) -> Answer {
    ok(
        &json!({"users": users, "after_cursor": cursor, "after_url": null, "before_cursor": null, "before_url": null, "end_of_stream": ended}),
    )
}

fn more(cursor: &Resume) -> Cursor {
    match cursor {
        Resume::More(cursor) => cursor.clone(),
        Resume::CaughtUp(_) => panic!("the listing is at its end"),
    }
}

#[tokio::test]
async fn a_change_of_status_or_user_is_told_and_who_left_comes_from_the_export() {
    let staff = [user(1, OLD), user(2, OLD), user(3, NEW), user(4, OLD)];
    let states = [availability(1, 13, "online", OLD), availability(2, 99, "In a meeting", NEW), availability(3, 12, "Offline", OLD)];
    let gone = json!({"id": 5, "role": "end-user", "active": true, "updated_at": NEW, "name": "Former"});
    let deleted = json!({"id": 6, "role": "agent", "active": false, "updated_at": NEW, "name": "Deleted"});
    let desk = Desk::new(vec![
        routing(true),
        last("users", &staff),
        last("data", &states),
        statuses(),
        export(&[gone, deleted, user(3, NEW)], Some("after-3"), false),
        export(&[], Some("after-4"), true),
        last("users", &staff),
        last("data", &states),
        export(&[], Some("after-5"), true),
    ]);
    let selection = agents(FIELDS);
    let page = desk.connector.list_changes(&selection, &From::Since(at("2026-11-22T09:58:00Z")), by()).await.unwrap();
    let told: Vec<(String, Value)> =
        page.records.iter().flatten().map(|record| (record.id.to_string(), record.field("status").unwrap().clone())).collect();
    assert!(told == [("2".to_owned(), Value::text("In a meeting")), ("3".to_owned(), Value::text("offline"))]);
    let page = desk.connector.list_changes(&selection, &From::Cursor(&more(&page.resume)), by()).await.unwrap();
    let told: Vec<(String, Presence)> =
        page.records.iter().flatten().map(|record| (record.id.to_string(), record.presence.clone())).collect();
    assert_eq!(told, [("5".to_owned(), Presence::Deleted), ("6".to_owned(), Presence::Deleted)]);
    let page = desk.connector.list_changes(&selection, &From::Cursor(&more(&page.resume)), by()).await.unwrap();
    let Resume::CaughtUp(end) = page.resume else { panic!("the listing goes on") };
    // The next window begins where this one began at the vendor, less the overlap: nothing new is told of what is older.
    let page = desk.connector.list_changes(&selection, &From::Cursor(&end), by()).await.unwrap();
    assert_eq!(page.records.len(), 2, "the overlap repeats");
    desk.connector.list_changes(&selection, &From::Cursor(&more(&page.resume)), by()).await.unwrap();
    let expected = [
        "GET /account/settings",
        "GET /users?role%5B%5D=admin&role%5B%5D=agent&page%5Bsize%5D=100",
        "GET /agent_availabilities?page%5Bsize%5D=100",
        "GET /agent_availabilities/agent_statuses",
        "GET /incremental/users/cursor?start_time=1795341360&per_page=100",
        "GET /incremental/users/cursor?cursor=after-3&per_page=100",
        "GET /users?role%5B%5D=admin&role%5B%5D=agent&page%5Bsize%5D=100",
        "GET /agent_availabilities?page%5Bsize%5D=100",
        "GET /incremental/users/cursor?cursor=after-4&per_page=100",
    ];
    assert_eq!(desk.asked(), expected);
}

#[tokio::test]
async fn the_pages_of_one_listing_share_their_statuses_and_take_only_the_cursor_of_a_link() {
    let first = json!({"users": [user(1, OLD)], "meta": {"has_more": true, "after_cursor": "x=="},
        "links": {"next": "https://elsewhere.zendesk.com:443/api/v2/users?page%5Bafter%5D=x"}});
    let states = json!({"data": [availability(1, 13, "online", OLD)], "meta": {"has_more": true, "after_cursor": "s"}});
    let desk = Desk::new(vec![
        routing(true),
        ok(&first),
        ok(&states),
        last("data", &[availability(2, 11, "away", OLD)]),
        statuses(),
        last("users", &[user(2, OLD)]),
    ]);
    let selection = agents(FIELDS);
    let page = desk.connector.scan(&selection, None, by()).await.unwrap();
    let page = desk.connector.scan(&selection, Some(&more(&page.resume)), by()).await.unwrap();
    assert!(page.records[0].as_ref().unwrap().field("status") == Some(&Value::text("away")));
    assert!(matches!(page.resume, Resume::CaughtUp(_)) && desk.is_done());
    assert_eq!(desk.asked()[3], "GET /agent_availabilities?page%5Bsize%5D=100&page%5Bafter%5D=s");
    assert_eq!(desk.asked()[5], "GET /users?role%5B%5D=admin&role%5B%5D=agent&page%5Bsize%5D=100&page%5Bafter%5D=x%3D%3D");
}

#[tokio::test]
async fn without_routing_each_state_is_read_in_talk_and_always_told() {
    let talk = |state: &str| ok(&json!({"availability": {"agent_state": state, "call_status": null, "via": "client"}}));
    let desk = Desk::new(vec![
        routing(false),
        last("users", &[user(1, OLD), user(2, OLD)]),
        talk("transfers_only"),
        answer(404, r#"{"error":"RecordNotFound","description":"Not found"}"#),
    ]);
    let page = desk.connector.list_changes(&agents(FIELDS), &From::Since(at(crate::scripted::NOW)), by()).await.unwrap();
    let told: Vec<_> = page.records.iter().flatten().collect();
    assert_eq!(told.len(), 1, "the one without a state changed long ago");
    assert!(told[0].field("status") == Some(&Value::text("transfers_only")) && told[0].version.is_none());
    assert_eq!(desk.asked()[1], "GET /users?role%5B%5D=admin&role%5B%5D=agent&page%5Bsize%5D=25");
    assert_eq!(desk.asked()[2], "GET /channels/voice/availabilities/1");
}

#[tokio::test]
async fn a_refused_export_cursor_begins_anew_with_the_window_and_one_that_stands_still_is_a_fault() {
    let desk = Desk::new(vec![
        last("users", &[]),
        export(&[], Some("old"), false),
        answer(422, r#"{"error":"InvalidCursor","description":"no"}"#),
        export(&[], Some("old"), false),
        export(&[], Some("old"), false),
    ]);
    let selection = agents(&["email"]);
    let page = desk.connector.list_changes(&selection, &From::Since(at(crate::scripted::NOW)), by()).await.unwrap();
    let page = desk.connector.list_changes(&selection, &From::Cursor(&more(&page.resume)), by()).await.unwrap();
    let page = desk.connector.list_changes(&selection, &From::Cursor(&more(&page.resume)), by()).await.unwrap();
    assert!(page.records.is_empty());
    let page = desk.connector.list_changes(&selection, &From::Cursor(&more(&page.resume)), by()).await.unwrap();
    assert_eq!(desk.asked()[3], desk.asked()[1], "from the window's beginning");
    let stuck = desk.connector.list_changes(&selection, &From::Cursor(&more(&page.resume)), by()).await.unwrap_err();
    assert!(matches!(stuck.fault, Fault::Drift { ref path, .. } if path == "after_cursor"), "{stuck}");
}

#[tokio::test]
async fn people_are_looked_up_among_all_and_only_those_found_cost_a_status() {
    let desk = Desk::new(vec![
        last("users", &[user(1, OLD), user(2, OLD)]),
        routing(true),
        ok(&json!({"data": availability(2, 13, "online", OLD)})),
        statuses(),
    ]);
    let key = |value: &str| FindKey { field: "email".into(), value: Value::text(value) };
    let keys = [key("Agent2@ACME.example"), key("nobody@acme.example")];
    let found = desk.connector.find(&agents(FIELDS), &keys, by()).await.unwrap();
    assert_eq!(found.iter().map(Vec::len).collect::<Vec<_>>(), [1, 0]);
    assert!(found[0][0].field("status") == Some(&Value::text("online")) && desk.is_done());
}

#[tokio::test]
async fn many_agents_are_read_in_one_call_and_so_are_their_statuses() {
    let team = [user(1, OLD), user(2, NEW)];
    let states = [availability(1, 13, "online", OLD), availability(2, 12, "Offline", OLD), availability(9, 13, "online", OLD)];
    let desk = Desk::new(vec![
        ok(&json!({"users": team, "next_page": null})),
        routing(true),
        last("data", &states),
        statuses(),
        answer(404, json!({"error": "RecordNotFound"}).to_string()),
    ]);
    let ids = ["1".into(), "2".into(), "3".into()];
    let found = desk.connector.get(&agents(FIELDS), &ids, by()).await.unwrap();
    let told: Vec<Option<Value>> = found.iter().map(|record| record.as_ref()?.field("status").cloned()).collect();
    assert!(told == [Some(Value::text("online")), Some(Value::text("offline")), None]);
    let expected = [
        "GET /users/show_many?ids=1%2C2%2C3",
        "GET /account/settings",
        "GET /agent_availabilities?page%5Bsize%5D=100",
        "GET /agent_availabilities/agent_statuses",
        "GET /users/3",
    ];
    assert_eq!(desk.asked(), expected);
}
