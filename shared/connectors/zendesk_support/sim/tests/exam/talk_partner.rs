//! Talk Partner Edition: screens, tickets of calls, calls; and the account without it.

use serde_json::json;

use crate::harness::Client;

#[test]
fn screens_open_for_agents_who_are_there() {
    let mut client = Client::new();
    let agent = client.agent("Ida", "ida@acme.example");
    let ticket = client.post("channels/voice/tickets", json!({"ticket": {"via_id": 44, "comment": {"body": "A call"}}}));
    let ticket = (ticket.status, ticket.body["ticket"]["id"].as_i64().unwrap());
    assert_eq!(ticket.0, 201);
    let display = |client: &mut Client, path: String| client.post(&format!("channels/voice/agents/{path}/display.json"), json!("")).status;
    assert_eq!(display(&mut client, format!("{agent}/tickets/{}", ticket.1)), 200);
    assert_eq!(display(&mut client, format!("{agent}/users/{agent}")), 200);
    assert_eq!(display(&mut client, format!("{agent}/tickets/999")), 404);
    assert_eq!(display(&mut client, format!("1/users/{agent}")), 404);
    assert_eq!(client.post("channels/voice/tickets", json!({"ticket": {}})).refusal(), (400, "ParameterMissing"));
}

#[test]
fn calls_need_an_app_and_come_back_in_utc() {
    let mut client = Client::new();
    assert_eq!(client.post("calls", json!({"call": {"from_line": "+49"}})).status, 400);
    let made = client.post("calls", json!({"call": {"app_id": 7, "call_started_at": "2026-11-20T11:00:00+01:00"}}));
    assert_eq!((made.status, made.body["call"]["call_started_at"].as_str()), (201, Some("2026-11-20T10:00:00Z")));
    let path = format!("calls/{}", made.body["call"]["id"].as_str().unwrap());
    let patched = client.send(&client.request(&http::Method::PATCH, &path, Some(json!({"call": {"direction": "inbound"}}))));
    assert_eq!(patched.status, 200);
    assert_eq!(client.get(&path).body["call"]["direction"], "inbound");
}

#[test]
fn without_the_edition_all_of_it_is_forbidden() {
    let mut client = Client::with(|profile| profile.talk_partner_edition = false);
    let agent = client.agent("Ida", "ida@acme.example");
    assert_eq!(client.post("calls", json!({"call": {"app_id": 7}})).status, 403);
    assert_eq!(client.post(&format!("channels/voice/agents/{agent}/users/{agent}/display"), json!("")).status, 403);
}
