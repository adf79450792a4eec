use syncline_engine::ports::connector::{FindKey, From, Resume};
use syncline_model::{Fault, Value};

use crate::scripted::{Desk, answer, by, one, page, selecting};

#[tokio::test]
async fn after_the_first_page_the_last_is_read_and_then_each_before_it() {
    let answers = vec![page(&[1, 2], 120, true), page(&[120], 120, false), page(&[51, 52], 120, true), page(&[1, 2], 120, true)];
    let desk = Desk::new(answers);
    let selection = selecting(&["email", "status"]);
    let mut from = None;
    let mut ids = Vec::new();
    loop {
        let page = desk.connector.scan(&selection, from.as_ref(), by()).await.unwrap();
        ids.extend(page.records.into_iter().map(|row| row.unwrap().id.to_string()));
        match page.resume {
            Resume::More(cursor) => from = Some(cursor),
            Resume::CaughtUp(_) => break,
        }
    }
    assert_eq!(ids, ["1", "2", "120", "51", "52", "1", "2"]);
    let pages: Vec<String> = [1, 3, 2, 1].map(|page| format!("GET /v2/users?page={page}&per_page=50&order=asc")).into();
    assert_eq!(desk.asked(), pages);
}

#[tokio::test]
async fn changes_are_the_whole_list_each_time() {
    let desk = Desk::new(vec![page(&[1], 1, false), page(&[1], 1, false)]);
    let selection = selecting(&["status"]);
    let since = From::Since("2026-11-22T09:59:00Z".parse().unwrap());
    let first = desk.connector.list_changes(&selection, &since, by()).await.unwrap();
    assert_eq!(first.records.len(), 1);
    let again = desk.connector.list_changes(&selection, &From::Cursor(first.resume.cursor()), by()).await.unwrap();
    assert_eq!(again.records.len(), 1);
}

#[tokio::test]
async fn a_row_without_a_status_is_bad_where_a_status_is_asked_for() {
    let body = serde_json::json!({"users": [{"id": 7, "name": "Nobody"}], "meta": {"next_page_link": null}});
    let desk = Desk::new(vec![answer(200, &body), answer(200, &body)]);
    let bad = desk.connector.scan(&selecting(&["name", "status"]), None, by()).await.unwrap().records.remove(0).unwrap_err();
    assert_eq!((bad.id.unwrap().as_str(), bad.fault.code()), ("7", "drift"));
    let good = desk.connector.scan(&selecting(&["name", "extension"]), None, by()).await.unwrap().records.remove(0).unwrap();
    assert!(good.field("extension") == Some(&Value::Null));
}

#[tokio::test]
async fn a_text_that_is_no_number_is_no_id_and_is_not_sent() {
    let desk = Desk::new(vec![one(7, "available", "always_opened")]);
    let ids = ["nia@acme.example".into(), "7".into()];
    let found = desk.connector.get(&selecting(&["status"]), &ids, by()).await.unwrap();
    assert_eq!(found.iter().map(Option::is_some).collect::<Vec<_>>(), [false, true]);
    assert_eq!(desk.asked(), ["GET /v2/users/7"]);
}

#[tokio::test]
async fn many_are_read_by_pages_of_the_list_and_who_is_not_there_alone() {
    let gone = || answer(404, &serde_json::json!({"error": "Not found"}));
    let desk = Desk::new(vec![page(&[1, 7, 9], 3, false), gone()]);
    let ids = ["7".into(), "8".into(), "9".into()];
    let found = desk.connector.get(&selecting(&["status"]), &ids, by()).await.unwrap();
    assert_eq!(found.iter().map(Option::is_some).collect::<Vec<_>>(), [true, false, true]);
    assert_eq!(desk.asked(), ["GET /v2/users?page=1&per_page=50&order=asc", "GET /v2/users/8"]);
    // A list that is long beside what is asked is not read to its end.
    let desk = Desk::new(vec![page(&[1, 2], 5_000, true), one(7, "available", "always_opened"), gone()]);
    let found = desk.connector.get(&selecting(&["status"]), &["7".into(), "8".into()], by()).await.unwrap();
    assert_eq!(found.iter().map(Option::is_some).collect::<Vec<_>>(), [true, false]);
    assert_eq!(desk.asked()[1..], ["GET /v2/users/7", "GET /v2/users/8"]);
}

#[tokio::test]
async fn one_reading_of_the_list_answers_many_keys() {
    let desk = Desk::new(vec![page(&[1, 2], 2, false)]);
    let key = |field: &str, text: &str| FindKey { field: field.into(), value: Value::text(text) };
    let keys = [key("email", "NIA@acme.example"), key("name", "nobody"), key("name", "nia example")];
    let found = desk.connector.find(&selecting(&["email"]), &keys, by()).await.unwrap();
    assert_eq!(found.iter().map(Vec::len).collect::<Vec<_>>(), [2, 0, 2]);
    let refused = desk.connector.find(&selecting(&["email"]), &[key("extension", "001")], by()).await.unwrap_err();
    assert!(matches!(refused.fault, Fault::Unsupported { .. }));
}
