//! Pages, orders and filters.

use serde_json::json;

use crate::harness::Client;

#[test]
fn twenty_five_rows_a_page_and_no_next_page_at_the_end() {
    let mut client = Client::loaded(260);
    let first = client.get("v2/contacts");
    assert_eq!((first.ids().len(), &first.body["meta"]["count"]), (25, &json!(25)));
    let (mut seen, mut next) = (Vec::new(), "v2/contacts?sort_by=id&per_page=100".to_owned());
    for _ in 0..5 {
        let page = client.get(&next);
        seen.extend(page.ids());
        let Some(link) = page.body["meta"]["links"]["next_page"].as_str() else { break };
        next = link.trim_start_matches("https://api.getbase.com/").to_owned();
    }
    assert_eq!(seen.len(), 260 + 26);
    assert!(seen.is_sorted());
    let beyond = client.get("v2/contacts?page=99");
    assert_eq!((beyond.status, beyond.ids()), (200, vec![]));
    for bad in ["per_page=0", "per_page=101", "page=0", "sort_by=address", "ids=a"] {
        assert_eq!(client.get(&format!("v2/contacts?{bad}")).refusal(), (400, "invalid_param", ""), "{bad}");
    }
}

#[test]
fn a_deletion_between_two_pages_moves_what_follows() {
    let mut client = Client::loaded(30);
    let first = client.get("v2/contacts?sort_by=id&per_page=10&page=1").ids();
    let second = client.get("v2/contacts?sort_by=id&per_page=10&page=2").ids();
    client.delete(&format!("v2/contacts/{}", first[0]));
    let shifted = client.get("v2/contacts?sort_by=id&per_page=10&page=2").ids();
    assert_eq!(shifted[..9], second[1..]);
}

#[test]
fn newest_changes_first_where_asked_so_and_calls_in_no_order_at_all() {
    let mut client = Client::calm();
    let ids: Vec<i64> = ["One", "Two", "Three"]
        .into_iter()
        .map(|name| {
            client.pass(10);
            client.person(name)
        })
        .collect();
    client.pass(10);
    client.put(&format!("v2/contacts/{}", ids[0]), json!({"title": "Buyer"}));
    assert_eq!(client.get("v2/contacts?sort_by=updated_at:desc").ids(), [ids[0], ids[2], ids[1]]);
    assert_eq!(client.get("v2/contacts").ids(), [ids[0], ids[2], ids[1]]);
    assert_eq!(client.get("v2/contacts?sort_by=last_name:desc").ids(), [ids[1], ids[2], ids[0]]);
    assert_eq!(client.get("v2/calls?sort_by=id").refusal(), (400, "invalid_param", ""));
}

#[test]
fn filters_narrow_and_a_filter_that_is_not_one_is_refused() {
    let mut client = Client::new();
    let ida = client.post("v2/contacts", json!({"last_name": "Brandt", "email": "Ida@A.example", "address": {"city": "Köln"}})).id();
    let firm = client.post("v2/contacts", json!({"name": "Acme", "is_organization": true})).id();
    client.person("Other");
    assert_eq!(client.get("v2/contacts?email=ida@a.example").ids(), [ida]);
    assert_eq!(client.get("v2/contacts?address[city]=K%C3%B6ln").ids(), [ida]);
    assert_eq!(client.get("v2/contacts?is_organization=true").ids(), [firm]);
    assert_eq!(client.get(&format!("v2/contacts?ids={firm},{ida},1")).ids().len(), 2);
    assert_eq!(client.get("v2/contacts?phone=1").refusal(), (400, "invalid_param", ""));
    assert_eq!(client.get("v2/users?email=OWNER@acme.example").ids(), Vec::<i64>::new());
}
