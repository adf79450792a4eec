//! (e) the minute's budget, for the whole account and for the list of contacts.

use serde_json::json;
use syncline_freshdesk_sim::{HUMAN_KEY, INTEGRATION_KEY, Limits};

use crate::harness::Client;

fn small() -> Client {
    Client::with(|profile| (profile.calls_per_minute, profile.contacts_list_per_minute) = (5, 2))
}

#[test]
fn the_account_shares_one_budget_a_minute() {
    let mut client = small();
    client.pass(26);
    for key in [INTEGRATION_KEY, HUMAN_KEY, INTEGRATION_KEY, HUMAN_KEY, INTEGRATION_KEY] {
        client.key = key;
        assert_eq!(client.get("agents/me").status, 200);
    }
    let refused = client.get("agents/me");
    assert_eq!((refused.status, refused.header("retry-after")), (429, Some("34")));
    assert_eq!(refused.header("x-ratelimit-remaining"), Some("0"));
    assert!(refused.body["message"].is_string());
    client.pass(33);
    assert_eq!(client.get("agents/me").status, 429);
    client.pass(1);
    assert_eq!(client.get("agents/me").header("x-ratelimit-remaining"), Some("4"));
}

#[test]
fn the_list_of_contacts_has_a_budget_of_its_own() {
    let mut client = small();
    assert_eq!(client.get("contacts").status, 200);
    assert_eq!(client.get("contacts?page=2").status, 200);
    let refused = client.get("contacts");
    assert_eq!((refused.status, refused.header("retry-after")), (429, Some("60")));
    assert_eq!(refused.header("x-ratelimit-remaining"), Some("2"), "refused although the account has budget left");
    assert_eq!(client.get("agents/me").status, 200);
}

#[test]
fn invalid_calls_count() {
    let mut client = small();
    client.key = "nobody";
    client.get("agents/me");
    client.key = INTEGRATION_KEY;
    client.post("contacts", json!({"shoe_size": 44}));
    client.get("nothing");
    assert_eq!(client.get("agents/me").header("x-ratelimit-remaining"), Some("1"));
}

#[test]
fn a_refused_write_writes_nothing() {
    let mut client = small();
    for _ in 0..5 {
        client.get("agents/me");
    }
    assert_eq!(client.post("contacts", json!({"name": "Ida", "email": "ida@b.example"})).status, 429);
    assert_eq!(client.desk.contact_count(), 0);
}

#[test]
fn another_plan_changes_the_limits() {
    let mut client = small();
    client.desk.set_plan(Limits::GROWTH);
    assert_eq!(client.get("agents/me").header("x-ratelimit-total"), Some("200"));
    for _ in 0..20 {
        assert_eq!(client.get("contacts").status, 200);
    }
    assert_eq!(client.get("contacts").status, 429);
}

#[test]
fn a_persons_acts_cost_the_api_nothing() {
    let mut client = small();
    for n in 0..20 {
        let body = json!({"name": format!("Person {n}"), "email": format!("p{n}@b.example")});
        assert_eq!(client.desk.as_person(client.now, &http::Method::POST, "contacts", &body).status(), 201);
    }
    assert_eq!(client.get("agents/me").header("x-ratelimit-remaining"), Some("4"));
}
