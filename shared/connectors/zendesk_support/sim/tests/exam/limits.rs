//! The account's calls a minute, and the limits of some endpoints.

use serde_json::json;
use syncline_simulator::{Strain, Users as _};
use syncline_zendesk_support_sim::Limits;

use crate::harness::Client;

fn small() -> Client {
    let limits = Limits { calls: 5, incremental: 2, availabilities: 300, user_updates: 5, webhooks: 100 };
    let mut client = Client::with(|profile| profile.limits = limits);
    client.pass(60);
    client
}

#[test]
fn the_account_shares_one_budget_a_minute_told_in_both_families_of_headers() {
    let mut client = small();
    client.pass(26);
    for left in (0..5).rev() {
        let answer = client.get("users/me");
        let left = left.to_string();
        assert_eq!((answer.header("x-rate-limit"), answer.header("x-rate-limit-remaining")), (Some("5"), Some(left.as_str())));
        assert_eq!((answer.header("ratelimit-remaining"), answer.header("ratelimit-reset")), (Some(left.as_str()), Some("34")));
    }
    let refused = client.get("users/me");
    assert_eq!((refused.status, refused.header("retry-after")), (429, Some("34")));
    client.pass(34);
    assert_eq!(client.get("users/me").status, 200);
}

#[test]
fn an_endpoint_refuses_while_the_account_has_calls_left() {
    let mut client = small();
    for _ in 0..2 {
        assert_eq!(client.get("incremental/users/cursor?start_time=0").status, 200);
    }
    let refused = client.get("incremental/users/cursor?start_time=0");
    assert_eq!((refused.status, refused.header("x-rate-limit-remaining"), refused.header("retry-after")), (429, Some("2"), Some("60")));
    assert_eq!(refused.header("zendesk-ratelimit-incremental-exports"), Some("total=2; remaining=0; resets=60"));
    assert_eq!(client.get("users/me").status, 200);
}

#[test]
fn one_user_may_be_changed_five_times_a_minute() {
    let mut client = Client::with(|profile| profile.limits = Limits::ENTERPRISE);
    client.pass(60);
    let (ida, bo) = (client.agent("Ida", "ida@acme.example"), client.agent("Bo", "bo@acme.example"));
    for number in 0..5 {
        assert_eq!(client.put(&format!("users/{ida}"), json!({"user": {"notes": format!("note {number}")}})).status, 200);
    }
    assert_eq!(client.put(&format!("users/{ida}"), json!({"user": {"notes": "one too many"}})).status, 429);
    assert_eq!(client.put(&format!("users/{bo}"), json!({"user": {"notes": "another's"}})).status, 200);
}

#[test]
fn a_refused_write_writes_nothing_and_peoples_acts_cost_nothing() {
    let mut client = small();
    let agent = client.agent("Ida", "ida@acme.example");
    let online = client.desk.status_id("online").unwrap();
    assert!(client.desk.strain(client.now, Strain::LimitSpent));
    assert_eq!(client.put(&format!("agent_availabilities/agent_statuses/agents/{agent}"), json!({"id": online})).status, 429);
    assert_eq!(client.desk.status_of(agent).0, "offline");
    for name in ["online", "away"] {
        client.desk.choose_status(client.now, agent, name).unwrap();
    }
    client.pass(60);
    assert_eq!(client.get("users/me").header("x-rate-limit-remaining"), Some("4"));
    assert!(client.desk.strain(client.now, Strain::PlanDowngraded));
    assert_eq!(client.get("users/me").header("x-rate-limit"), Some("200"));
}
