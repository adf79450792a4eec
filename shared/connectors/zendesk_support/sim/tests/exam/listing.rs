//! Lists: by cursor, by number, and the incremental export.

use std::collections::BTreeSet;

use serde_json::json;
use syncline_simulator::Population;

use crate::harness::Client;

#[test]
fn a_list_by_cursor_is_read_to_its_end_whatever_host_its_links_name() {
    let mut client = Client::with(|profile| profile.links_base = Some("https://z3n-acme.zendesk.com:443".to_owned()));
    client.desk.load(&Population::new(7), 0..250, client.now);
    let mut seen = BTreeSet::new();
    let mut path = "users?role[]=agent&role[]=admin&page[size]=100".to_owned();
    loop {
        let page = client.get(&path);
        seen.extend(page.ids("users"));
        if page.body["meta"]["has_more"] == json!(false) {
            assert!(page.body["links"]["next"].is_null());
            break;
        }
        let next = page.body["links"]["next"].as_str().unwrap();
        assert!(next.starts_with("https://z3n-acme.zendesk.com:443/api/v2/users?") && next.contains("role"), "{next}");
        path =
            format!("users?role[]=agent&role[]=admin&page[size]=100&page[after]={}", page.body["meta"]["after_cursor"].as_str().unwrap());
    }
    assert_eq!(seen.len(), 252, "the owner and the integration are users too");
}

#[test]
fn per_page_turns_a_list_into_numbered_pages_and_these_end_at_ten_thousand() {
    let mut client = Client::loaded(30);
    let page = client.get("users?page[size]=10&per_page=10");
    assert_eq!((page.body["count"].as_i64(), page.body["meta"].is_null()), (Some(32), true));
    assert!(page.body["next_page"].as_str().unwrap().contains("page=2"));
    let last = client.get("users?per_page=10&page=4");
    assert_eq!((last.ids("users").len(), last.body["next_page"].is_null()), (2, true));
    assert_eq!(client.get("users?per_page=100&page=101").refusal(), (400, "InvalidPaginationDepth"));
    assert_eq!(client.get("users?page[size]=101").refusal(), (400, "InvalidPaginationParameter"));
    assert_eq!(client.get("users?page[after]=nonsense!").refusal(), (400, "InvalidPaginationParameter"));
}

#[test]
fn the_export_hides_the_last_minute_repeats_rows_and_ends() {
    let mut client = Client::loaded(25);
    let changed = client.agent("Ida", "ida@acme.example");
    assert_eq!(client.put(&format!("users/{changed}"), json!({"user": {"name": "Ida Newname"}})).status, 200);
    let mut seen = Vec::new();
    let mut path = "incremental/users/cursor.json?start_time=0&per_page=10".to_owned();
    loop {
        let page = client.get(&path);
        seen.extend(page.ids("users"));
        assert!(page.body["after_cursor"].is_string());
        if page.body["end_of_stream"] == json!(true) {
            break;
        }
        path = format!("incremental/users/cursor.json?per_page=10&cursor={}", page.body["after_cursor"].as_str().unwrap());
    }
    let unique: BTreeSet<i64> = seen.iter().copied().collect();
    assert!(seen.len() > unique.len(), "rows come twice across pages");
    assert!(unique.len() == 27 && !unique.contains(&changed), "the last minute is not served");
    client.pass(60);
    let now = client.now.as_second();
    for start in [now - 61, now - 60] {
        let told = client.get(&format!("incremental/users/cursor?start_time={start}")).ids("users");
        assert_eq!(told, [changed], "the second that is named counts");
    }
    assert_eq!(client.get(&format!("incremental/users/cursor?start_time={}", now - 59)).refusal(), (422, "StartTimeTooRecent"));
}

#[test]
fn the_export_tells_who_was_deleted_and_the_older_form_ends_too() {
    let mut client = Client::new();
    let gone = client.agent("Ida", "ida@acme.example");
    assert_eq!(client.delete(&format!("users/{gone}")).body["user"]["active"], false);
    client.pass(61);
    let export = client.get(&format!("incremental/users?start_time={}", client.now.as_second() - 90));
    assert_eq!((export.ids("users"), export.body["end_of_stream"].as_bool()), (vec![gone], Some(true)));
    assert_eq!(export.body["users"][0]["active"], false);
    assert!(!client.get("users").ids("users").contains(&gone));
    assert_eq!(client.get("deleted_users").ids("deleted_users"), [gone]);
    assert_eq!(client.delete(&format!("deleted_users/{gone}")).status, 200);
    assert_eq!(client.get(&format!("users/{gone}")).refusal(), (404, "RecordNotFound"));
}
