//! (b) the order by name with live pages, (c) thin rows, (d) the filter for changes, and the other filters.

use std::collections::BTreeSet;

use serde_json::json;
use syncline_freshdesk_sim::UpdatedSince;

use crate::harness::{Answer, Client};

fn next(answer: &Answer) -> Option<String> {
    let link = answer.header("link")?;
    let (address, relation) = link.strip_prefix('<')?.split_once(">;")?;
    assert_eq!(relation.trim(), "rel=\"next\"");
    Some(address.strip_prefix("https://acme.freshdesk.com/api/v2/")?.to_owned())
}

fn sweep(client: &mut Client, from: &str) -> Vec<Answer> {
    let mut pages = vec![client.get(from)];
    while let Some(path) = next(pages.last().unwrap()) {
        assert!(pages.len() < 200, "the list does not end");
        pages.push(client.get(&path));
    }
    pages
}

#[test]
fn pages_follow_the_names_and_end_without_a_link() {
    let mut client = Client::loaded(250, 25);
    let pages = sweep(&mut client, "contacts?per_page=100");
    assert_eq!(pages.iter().map(|page| page.rows().len()).collect::<Vec<_>>(), [100, 100, 50]);
    let names: Vec<String> = pages.iter().flat_map(Answer::names).collect();
    assert!(names.is_sorted_by_key(|name| name.to_lowercase()));
    let ids: BTreeSet<i64> = pages.iter().flat_map(Answer::ids).collect();
    assert_eq!(ids.into_iter().collect::<Vec<_>>(), client.desk.contact_ids());
    assert!(client.get("contacts?page=4&per_page=100").rows().is_empty());
    assert!(sweep(&mut client, "contacts?per_page=50").last().unwrap().rows().len() == 50, "a full last page has no link");
}

#[test]
fn pages_shift_while_they_are_read() {
    let mut client = Client::new();
    let ids: Vec<i64> = ["Ada", "Bo", "Cy", "Di", "Ed"].iter().map(|name| client.contact(name, &format!("{name}@b.example"))).collect();
    assert_eq!(client.get("contacts?per_page=2").names(), ["Ada", "Bo"]);
    client.delete(&format!("contacts/{}", ids[0]));
    assert_eq!(client.get("contacts?per_page=2&page=2").names(), ["Di", "Ed"], "Cy slipped onto the page that was already read");
    client.put(&format!("contacts/{}", ids[4]), json!({"name": "aaron"}));
    assert_eq!(client.get("contacts?per_page=2").names(), ["aaron", "Bo"], "without regard to case");
}

#[test]
fn rows_of_a_list_are_thin() {
    let mut client = Client::new();
    let id = client.contact("Ida Kowalski", "ida@nordwerk.example");
    let row = client.get("contacts").rows()[0].clone();
    let view = client.get(&format!("contacts/{id}")).body;
    for key in ["tags", "other_emails", "view_all_tickets", "avatar", "deleted", "other_companies"] {
        assert!(row.get(key).is_none(), "{key}");
        assert!(view.get(key).is_some(), "{key}");
    }
    for (key, value) in row.as_object().unwrap() {
        assert_eq!(view.get(key), Some(value), "{key}");
    }
}

#[test]
fn changes_since_a_second_are_inclusive_and_narrow() {
    let mut client = Client::loaded(3000, 300);
    let id = client.desk.contact_ids()[1234];
    client.pass(100);
    let at = client.now;
    assert!(client.get(&format!("contacts?updated_since={at}")).rows().is_empty());
    client.put(&format!("contacts/{id}"), json!({"job_title": "Owner of it all"}));
    assert_eq!(client.get(&format!("contacts?updated_since={at}")).ids(), [id]);
    client.pass(1);
    assert!(client.get(&format!("contacts?updated_since={}", client.now)).rows().is_empty());
    let all: usize =
        sweep(&mut client, "contacts?per_page=100&updated_since=2020-01-01T00%3A00%3A00Z").iter().map(|p| p.rows().len()).sum();
    assert_eq!(all, 3000, "a filter that narrows nothing still lists all");
}

#[test]
fn the_name_of_the_filter_depends_on_the_account() {
    let mut today = Client::new();
    assert_eq!(today.get("contacts?updated_since=2026-01-01T00:00:00Z").status, 200);
    assert_eq!(today.get("contacts?_updated_since=2026-01-01T00:00:00Z").refusal(), (400, "_updated_since", "invalid_field"));
    let mut old = Client::with(|profile| profile.updated_since = UpdatedSince::Underscored);
    assert_eq!(old.get("contacts?_updated_since=2026-01-01T00:00:00Z").status, 200);
    assert_eq!(old.get("contacts?updated_since=2026-01-01T00:00:00Z").refusal(), (400, "updated_since", "invalid_field"));
}

#[test]
fn paging_and_filters_are_checked() {
    let mut client = Client::new();
    for (query, field) in [
        ("per_page=101", "per_page"),
        ("per_page=0", "per_page"),
        ("per_page=ten", "per_page"),
        ("page=0", "page"),
        ("page=x", "page"),
        ("updated_since=yesterday", "updated_since"),
        ("updated_since=2026-11-20T10:00:00+01:00", "updated_since"),
        ("state=gone", "state"),
        ("company_id=acme", "company_id"),
        ("order_by=updated_at", "order_by"),
        ("unique_external_id=1", "unique_external_id"),
    ] {
        let answer = client.get(&format!("contacts?{query}"));
        assert_eq!((answer.status, answer.refusal().1), (400, field), "{query}");
    }
}

#[test]
fn filters_combine() {
    let mut client = Client::new();
    let company = client.company("Nordwerk GmbH", &["nordwerk.example"]);
    let ida =
        client.post("contacts", json!({"name": "Ida", "email": "ida+x@nordwerk.example", "mobile": "+49 171 5550143", "phone": "1"})).id();
    let bo =
        client.post("contacts", json!({"name": "Bo", "email": "bo@else.example", "phone": "1", "other_emails": ["b2@else.example"]})).id();
    assert_eq!(client.get("contacts?email=IDA%2Bx%40nordwerk.example").ids(), [ida]);
    assert!(client.get("contacts?email=ida+x@nordwerk.example").rows().is_empty(), "a bare plus is a blank");
    assert!(client.get("contacts?email=b2%40else.example").rows().is_empty());
    assert_eq!(client.get("contacts?mobile=%2B49%20171%205550143").ids(), [ida]);
    assert_eq!(client.get("contacts?phone=1").ids(), [bo, ida]);
    assert_eq!(client.get(&format!("contacts?company_id={company}&phone=1")).ids(), [ida]);
    assert!(client.get("contacts?state=verified").rows().is_empty());
    assert_eq!(client.get("contacts?state=unverified").rows().len(), 2);
    let visitor = client.desk.add_visitor(client.now, "Visitor 7");
    assert_eq!(client.get("contacts?contact_type=visitor").ids(), [visitor]);
    assert_eq!(client.get("contacts").rows().len(), 3);
}

#[test]
fn many_records_share_a_second() {
    let mut client = Client::loaded(400, 40);
    let pages = sweep(&mut client, "contacts?per_page=100");
    let stamps: BTreeSet<String> = pages.iter().flat_map(Answer::rows).map(|row| row["updated_at"].to_string()).collect();
    assert!(stamps.len() <= 10, "{}", stamps.len());
}
