//! Windows, phases, pages, and pages left in their middle.

use serde_json::{Value as Json, json};
use syncline_engine::ports::connector::{Cursor, From, Page, Resume};
use syncline_engine::ports::http::NoAnswer;
use syncline_model::{Presence, Value};

use crate::scripted::{Desk, answer, at, by, companies, contacts, ok, page};

fn row(id: u32) -> Json {
    json!({"id": id, "name": format!("N{id}"), "updated_at": "2026-11-22T09:00:00Z", "contact_type": "contact", "custom_fields": {}})
}

fn rows(ids: std::ops::Range<u32>) -> Json {
    ids.map(row).collect()
}

fn full(id: u32) -> Json {
    let mut row = row(id);
    row["tags"] = json!(["t"]);
    row
}

fn ids(page: &Page) -> Vec<String> {
    page.records.iter().map(|row| row.as_ref().map_or_else(|bad| format!("bad {}", bad.fault.code()), |row| row.id.to_string())).collect()
}

fn more(page: &Page) -> Cursor {
    match &page.resume {
        Resume::More(cursor) => cursor.clone(),
        Resume::CaughtUp(_) => panic!("there should be more"),
    }
}

fn caught_up(page: &Page) -> Cursor {
    match &page.resume {
        Resume::CaughtUp(cursor) => cursor.clone(),
        Resume::More(_) => panic!("it should have caught up"),
    }
}

const SINCE: &str = "updated_since=2026-11-22T07%3A59%3A00Z";

#[tokio::test]
async fn a_window_of_contacts_is_read_phase_by_phase_by_fresh_connectors() {
    let selection = contacts(&["name"]);
    let answers = [
        (page(&rows(1..101)), "GET /contacts?per_page=100&page=1&"),
        // The next page reaches back over the end of the one before.
        (ok(&json!([row(97), row(98), row(99), row(100), row(101), {"name": "no id"}])), "GET /contacts?per_page=96&page=2&"),
        (ok(&json!([row(102)])), "GET /contacts?per_page=100&page=1&state=deleted&"),
        (page(&json!([])), "GET /contacts?per_page=100&page=1&state=blocked&"),
    ];
    let mut from: Option<Cursor> = None;
    let mut seen = Vec::new();
    let mut last = None;
    for (answer, asked) in answers {
        let desk = Desk::new(vec![answer]);
        let start = from.as_ref().map_or(From::Since(at("2026-11-22T08:00:00.500Z")), From::Cursor);
        let page = desk.connector.list_changes(&selection, &start, by()).await.unwrap();
        assert_eq!((desk.asked(), desk.classes()), (vec![format!("{asked}{SINCE}")], vec!["contacts_list"]));
        seen.extend(ids(&page));
        from = Some(page.resume.cursor().clone());
        last = Some(page);
    }
    assert_eq!(seen[..100], (1..101).map(|id: u32| id.to_string()).collect::<Vec<_>>());
    assert_eq!(seen[100..], ["101", "bad drift", "102"]);
    // The next window starts at the server's time of the first answer, less a minute.
    let next = caught_up(&last.unwrap());
    let desk = Desk::new(vec![ok(&json!([]))]);
    desk.connector.list_changes(&selection, &From::Cursor(&next), by()).await.unwrap();
    assert_eq!(desk.asked(), ["GET /contacts?per_page=100&page=1&updated_since=2026-11-22T09%3A58%3A58Z"]);
}

#[tokio::test]
async fn a_list_that_moved_is_read_from_where_it_stands() {
    let selection = companies(&["name"]);
    let since = From::Since(at("2026-11-22T08:00:00Z"));
    let first = Desk::new(vec![page(&rows(1..101))]).connector.list_changes(&selection, &since, by()).await.unwrap();
    // Thirty that were read are gone: what should be the end of the first page stands further on, and the rows before it were not read.
    let moved = Desk::new(vec![page(&rows(127..223)), page(&rows(31..131))]);
    let second = moved.connector.list_changes(&selection, &From::Cursor(&more(&first)), by()).await.unwrap();
    assert_eq!(ids(&second), (101..131).map(|id: u32| id.to_string()).collect::<Vec<_>>());
    assert!(moved.asked()[1].starts_with("GET /companies?per_page=100&page=1&") && moved.is_done());
    // The list has become shorter than what was read.
    let short = Desk::new(vec![ok(&json!([])), ok(&rows(31..110))]);
    let second = short.connector.list_changes(&selection, &From::Cursor(&more(&first)), by()).await.unwrap();
    assert_eq!(ids(&second), (101..110).map(|id: u32| id.to_string()).collect::<Vec<_>>());
    caught_up(&second);
    // Nothing that was read still stands: all of it is read again.
    let other = Desk::new(vec![page(&rows(300..396)), page(&rows(200..300))]);
    let second = other.connector.list_changes(&selection, &From::Cursor(&more(&first)), by()).await.unwrap();
    assert_eq!((ids(&second).len(), ids(&second)[0].as_str()), (100, "200"));
    more(&second);
}

#[tokio::test]
async fn deleted_ones_say_so_and_blocked_ones_are_live() {
    let selection = contacts(&["name"]);
    let desk = Desk::new(vec![ok(&json!([])), ok(&json!([row(1)])), ok(&json!([row(2)]))]);
    let mut page = desk.connector.list_changes(&selection, &From::Since(at("2026-11-22T08:00:00Z")), by()).await.unwrap();
    page = desk.connector.list_changes(&selection, &From::Cursor(&more(&page)), by()).await.unwrap();
    assert_eq!(page.records[0].as_ref().unwrap().presence, Presence::Deleted);
    page = desk.connector.list_changes(&selection, &From::Cursor(&more(&page)), by()).await.unwrap();
    assert_eq!(page.records[0].as_ref().unwrap().presence, Presence::Live);
    caught_up(&page);
}

#[tokio::test]
async fn the_time_filters_other_name_is_tried_once_and_remembered() {
    let refused = json!({"description": "Validation failed", "errors": [
        {"field": "updated_since", "message": "Unexpected/invalid field in request", "code": "invalid_field"}]});
    let desk = Desk::new(vec![answer(400, refused.to_string()), ok(&json!([row(1)])), ok(&json!([]))]);
    let from = From::Since(at("2026-11-22T08:00:00Z"));
    let page = desk.connector.list_changes(&companies(&["name"]), &from, by()).await.unwrap();
    let cursor = caught_up(&page);
    desk.connector.list_changes(&companies(&["name"]), &from, by()).await.unwrap();
    let asked: Vec<bool> = desk.asked().iter().map(|line| line.contains("&_updated_since=")).collect();
    assert_eq!(asked, [false, true, true]);
    // The cursor carries it to the next connector.
    let fresh = Desk::new(vec![ok(&json!([]))]);
    fresh.connector.list_changes(&companies(&["name"]), &From::Cursor(&cursor), by()).await.unwrap();
    assert!(fresh.asked()[0].contains("&_updated_since="));
}

#[tokio::test]
async fn thin_fields_are_read_and_a_page_may_be_left_in_its_middle() {
    let selection = contacts(&["name", "tags"]);
    let listed = json!([row(1), full(2), row(3), row(4)]);
    let until = at("2026-11-22T10:00:30Z");
    let desk = Desk::new(vec![ok(&listed), ok(&full(1)), ok(&full(3)), Err(NoAnswer::Budget { until })]);
    let first = desk.connector.list_changes(&selection, &From::Since(at("2026-11-22T08:00:00Z")), by()).await.unwrap();
    assert_eq!(ids(&first), ["1", "2", "3"]);
    assert!(first.records.iter().all(|row| row.as_ref().unwrap().field("tags") == Some(&Value::set(["t".into()]))));
    // Only the rest is read; a row that is gone by then stays as it was listed.
    let desk = Desk::new(vec![ok(&listed), answer(404, "")]);
    let rest = desk.connector.list_changes(&selection, &From::Cursor(&more(&first)), by()).await.unwrap();
    assert_eq!((ids(&rest), desk.asked().len()), (vec!["4".to_owned()], 2));
    assert!(rest.records[0].as_ref().unwrap().is_live());
    more(&rest);
    // Nothing of the page can be read: the call fails, with the time.
    let desk = Desk::new(vec![ok(&listed), Err(NoAnswer::Budget { until })]);
    let failed = desk.connector.list_changes(&selection, &From::Since(at("2026-11-22T08:00:00Z")), by()).await.unwrap_err();
    assert_eq!(failed.fault.code(), "rate_limited");
}

#[tokio::test]
async fn one_call_reads_at_most_fifty_records_one_by_one() {
    let selection = contacts(&["tags"]);
    let listed = Json::from((1..=60).map(row).collect::<Vec<_>>());
    let mut answers = vec![ok(&listed)];
    answers.extend((1..=50).map(|id| ok(&full(id))));
    answers.push(ok(&listed));
    answers.extend((51..=60).map(|id| ok(&full(id))));
    let desk = Desk::new(answers);
    let first = desk.connector.scan(&selection, None, by()).await.unwrap();
    let second = desk.connector.scan(&selection, Some(&more(&first)), by()).await.unwrap();
    assert_eq!((first.records.len(), second.records.len(), desk.is_done()), (50, 10, true));
}

#[tokio::test]
async fn a_scan_leaves_visitors_out_and_ends_in_a_cursor_of_changes() {
    let mut visitor = row(2);
    visitor["contact_type"] = json!("visitor");
    let rows = json!([row(1), visitor]);
    let desk = Desk::new(vec![ok(&rows), ok(&json!([row(3)])), ok(&json!([]))]);
    let live = desk.connector.scan(&contacts(&["name"]), None, by()).await.unwrap();
    let blocked = desk.connector.scan(&contacts(&["name"]), Some(&more(&live)), by()).await.unwrap();
    assert_eq!((ids(&live), ids(&blocked)), (vec!["1".to_owned()], vec!["3".to_owned()]));
    let cursor = caught_up(&blocked);
    desk.connector.list_changes(&contacts(&["name"]), &From::Cursor(&cursor), by()).await.unwrap();
    assert!(desk.asked()[2].ends_with("updated_since=2026-11-22T09%3A58%3A58Z"));
    assert!(desk.connector.scan(&contacts(&["name"]), Some(&cursor), by()).await.is_err());
    let settings = [("domain", "acme"), ("include_visitors", "true")];
    let desk = Desk::with_settings(&settings, vec![ok(&rows)]);
    assert_eq!(ids(&desk.connector.scan(&contacts(&["name"]), None, by()).await.unwrap()), ["1", "2"]);
}

#[tokio::test]
async fn answers_that_are_no_list_are_never_an_empty_one() {
    let html = "<html><body>Maintenance</body></html>";
    let answers = [
        (answer(200, html), "drift"),
        (answer(200, ""), "drift"),
        (answer(200, "[{\"id\":1"), "drift"),
        (answer(200, "{}"), "drift"),
        (answer(502, html), "transient"),
        (Err(NoAnswer::Unanswered("timed out".into())), "transient"),
        (Err(NoAnswer::NotSent("refused".into())), "transient"),
        (answer(401, r#"{"code":"invalid_credentials","message":"no"}"#), "auth_refused"),
    ];
    for (given, expected) in answers {
        let desk = Desk::new(vec![given]);
        let failed = desk.connector.scan(&companies(&["name"]), None, by()).await.unwrap_err();
        assert_eq!(failed.fault.code(), expected, "{failed}");
    }
}

#[tokio::test]
async fn only_contacts_and_companies_are_synced() {
    let desk = Desk::new(vec![]);
    let mut selection = contacts(&["subject"]);
    selection.kind = "ticket".into();
    assert_eq!(desk.connector.scan(&selection, None, by()).await.unwrap_err().fault.code(), "unsupported");
    assert_eq!(desk.connector.describe(&"ticket".into(), by()).await.unwrap_err().fault.code(), "unsupported");
    assert_eq!(desk.connector.related(&[], by()).await.unwrap_err().fault.code(), "unsupported");
}
