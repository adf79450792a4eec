//! (j) the search index that lags, and the query language.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;

use crate::harness::{Answer, Client};

fn search(client: &mut Client, object: &str, query: &str) -> Answer {
    let quoted = format!("\"{query}\"");
    client.get(&format!("search/{object}?query={}", utf8_percent_encode(&quoted, NON_ALPHANUMERIC)))
}

#[test]
fn the_index_lags_behind_creates_changes_and_deletes() {
    let mut client = Client::new();
    let path = format!("contacts/{}", client.contact("Ida", "ida@b.example"));
    let found = |client: &mut Client, email: &str| search(client, "contacts", &format!("email:'{email}'")).body["total"].clone();
    client.pass(179);
    assert_eq!(found(&mut client, "ida@b.example"), 0);
    client.pass(1);
    assert_eq!(found(&mut client, "IDA@b.example"), 1);
    client.put(&path, json!({"email": "new@b.example"}));
    assert_eq!((found(&mut client, "ida@b.example"), found(&mut client, "new@b.example")), (json!(1), json!(0)));
    client.pass(180);
    assert_eq!((found(&mut client, "ida@b.example"), found(&mut client, "new@b.example")), (json!(0), json!(1)));
    client.delete(&path);
    assert_eq!(found(&mut client, "new@b.example"), 1, "a deleted contact is found a while longer");
    client.pass(180);
    assert_eq!(found(&mut client, "new@b.example"), 0);
}

#[test]
fn what_was_loaded_is_found_at_once() {
    let mut client = Client::loaded(95, 10);
    let first = search(&mut client, "contacts", "active:true");
    assert_eq!((&first.body["total"], first.rows().len()), (&json!(71), 30));
    let encoded = utf8_percent_encode("\"active:true\"", NON_ALPHANUMERIC).to_string();
    assert_eq!(client.get(&format!("search/contacts?query={encoded}&page=3")).rows().len(), 11);
    assert_eq!(client.get(&format!("search/contacts?query={encoded}&page=11")).refusal(), (400, "page", "invalid_value"));
    assert_eq!(client.get(&format!("search/contacts?query={encoded}&per_page=50")).refusal(), (400, "per_page", "invalid_field"));
}

#[test]
fn terms_join_with_and_or_and_parentheses() {
    let mut client = Client::with(|profile| profile.search_lag_s = 0);
    client.contact_field("Points", "custom_number", &json!({}));
    client.contact_field("Vip", "custom_checkbox", &json!({}));
    client.contact_field("Segment", "custom_text", &json!({}));
    for (name, points, vip, tag) in [("a", 5, true, "x"), ("b", 10, false, "x"), ("c", 15, true, "y")] {
        let custom = json!({"points": points, "vip": vip, "segment": name});
        client.post("contacts", json!({"name": name, "phone": name, "tags": [tag], "custom_fields": custom})).id();
    }
    client.post("contacts", json!({"name": "d", "email": "d@b.example", "language": "de"})).id();
    let mut check = |query: &str, expected: &[&str]| assert_eq!(search(&mut client, "contacts", query).names(), expected, "{query}");
    check("points:10", &["b"]);
    check("points:>10", &["b", "c"]);
    check("points:<10", &["a", "b"]);
    check("points:null", &["d"]);
    check("vip:true AND tag:'x'", &["a"]);
    check("tag:'y' OR tag:'x' AND vip:false", &["b", "c"]);
    check("(tag:'y' OR tag:'x') AND vip:true", &["a", "c"]);
    check("segment:'B' OR language:'de'", &["b", "d"]);
    check("email:null AND created_at:>'2026-11-20'", &["a", "b", "c"]);
    check("updated_at:<'2026-11-19'", &[]);
    check("created_at:'2026-11-20' AND phone:'c'", &["c"]);
}

#[test]
fn malformed_queries_are_refused() {
    let mut client = Client::new();
    for (query, field, code) in [
        ("name:'Ida'", "name", "invalid_field"),
        ("unique_external_id:'003'", "unique_external_id", "invalid_field"),
        ("email:'a", "query", "invalid_value"),
        ("(email:'a'", "query", "invalid_value"),
        ("email:'a' XOR phone:'b'", "query", "invalid_value"),
        ("email:'a' phone:'b'", "query", "invalid_value"),
        ("email:'a' AND", "query", "invalid_value"),
        ("email:a", "email", "invalid_value"),
        ("email:>'a'", "email", "invalid_value"),
        ("active:'true'", "active", "invalid_value"),
        ("created_at:'2026-11-20T10:00:00Z'", "created_at", "invalid_value"),
        ("", "query", "invalid_value"),
    ] {
        assert_eq!(search(&mut client, "contacts", query).refusal(), (400, field, code), "{query}");
    }
    assert_eq!(client.get("search/contacts?query=active%3Atrue").refusal(), (400, "query", "invalid_value"), "without double quotes");
    assert_eq!(client.get("search/contacts").refusal(), (400, "query", "missing_field"));
    let long = format!("email:'{}'", "x".repeat(520));
    assert_eq!(search(&mut client, "contacts", &long).refusal(), (400, "query", "invalid_value"));
    let deep = format!("{}active:true{}", "(".repeat(200), ")".repeat(200));
    assert_eq!(search(&mut client, "contacts", &deep).status, 400);
}

#[test]
fn a_company_is_found_by_its_link_field() {
    let mut client = Client::with(|profile| profile.search_lag_s = 0);
    client.post("company_fields", json!({"label": "Salesforce Account ID", "type": "custom_text", "unique": true})).id();
    let body =
        json!({"name": "Nordwerk", "domains": ["nordwerk.example"], "custom_fields": {"salesforce_account_id": "001Qy00000FgHiJIAV"}});
    let id = client.post("companies", body).id();
    client.company("Helio", &[]);
    let found = search(&mut client, "companies", "salesforce_account_id:'001Qy00000FgHiJIAV'");
    assert_eq!((found.ids(), &found.body["total"]), (vec![id], &json!(1)));
    assert_eq!(search(&mut client, "companies", "domain:'nordwerk.example'").ids(), [id]);
    assert_eq!(search(&mut client, "companies", "name:'Nordwerk'").refusal(), (400, "name", "invalid_field"));
}
