//! (a) basic auth, the two error shapes, verbs and media types, and the headers of every answer.

use http::Method;
use serde_json::json;
use syncline_freshdesk_sim::{HUMAN_KEY, LIMITED_KEY, Role};

use crate::harness::Client;

#[test]
fn the_key_is_the_user_and_any_text_the_password() {
    let mut client = Client::new();
    let me = client.get("agents/me");
    assert_eq!(me.status, 200);
    assert!(me.body["contact"]["email"].is_string());
    let mut request = client.request(&Method::GET, "agents/me", None);
    // integration-key:whatever
    request.headers_mut().insert("authorization", "Basic aW50ZWdyYXRpb24ta2V5OndoYXRldmVy".parse().unwrap());
    assert_eq!(client.send(&request).id(), me.id());
    client.key = HUMAN_KEY;
    assert_ne!(client.get("agents/me").id(), me.id());
}

#[test]
fn unknown_and_missing_keys_answer_the_short_shape() {
    let mut client = Client::new();
    client.key = "nobody";
    let answer = client.get("contacts");
    assert_eq!(answer.status, 401);
    assert_eq!(answer.body, json!({"code": "invalid_credentials", "message": "You have to be logged in to perform this action."}));
    let mut request = client.request(&Method::GET, "contacts", None);
    request.headers_mut().remove("authorization");
    assert_eq!(client.send(&request).status, 401);
}

#[test]
fn a_refused_field_answers_the_long_shape() {
    let answer = Client::new().post("contacts", json!({"email": "a@b.example"}));
    assert_eq!(answer.refusal(), (400, "name", "missing_field"));
    assert_eq!(answer.body["description"], "Validation failed");
    assert!(answer.body.get("code").is_none());
}

#[test]
fn a_suspended_account_answers_403_in_the_long_shape() {
    let mut client = Client::new();
    client.desk.set_suspended(true);
    assert_eq!(client.get("contacts").refusal(), (403, "", "account_suspended"));
    client.desk.set_suspended(false);
    assert_eq!(client.get("contacts").status, 200);
}

#[test]
fn keys_are_replaced_revoked_and_added() {
    let mut client = Client::new();
    let before = client.get("agents/me").id();
    assert!(client.desk.replace_key("integration-key", "second-key"));
    assert_eq!(client.get("agents/me").status, 401);
    client.key = "second-key";
    assert_eq!(client.get("agents/me").id(), before);
    assert!(client.desk.revoke_key("second-key"));
    assert_eq!(client.get("agents/me").status, 401);
    let agent = client.desk.add_key("third-key", Role::Agent);
    client.key = "third-key";
    assert_eq!(client.get("agents/me").id(), agent);
}

#[test]
fn a_restricted_agent_reads_and_may_not_write() {
    let mut client = Client::new();
    let id = client.contact("Ida Kowalski", "ida@nordwerk.example");
    client.key = LIMITED_KEY;
    assert_eq!(client.get(&format!("contacts/{id}")).status, 200);
    for answer in [
        client.put(&format!("contacts/{id}"), json!({"name": "Eve"})),
        client.post("contacts", json!({"name": "Eve", "email": "eve@b.example"})),
        client.delete(&format!("contacts/{id}")),
        client.get("contact_fields"),
    ] {
        assert_eq!((answer.status, &answer.body["code"]), (403, &json!("access_denied")));
    }
    assert_eq!(client.desk.contact(id).unwrap()["name"], "Ida Kowalski");
    let agent = "agent-key";
    client.desk.add_key(agent, Role::Agent);
    client.key = agent;
    assert_eq!(client.get("contact_fields").status, 200);
    let body = json!({"label": "A", "label_for_customers": "A", "type": "custom_text"});
    assert_eq!(client.post("contact_fields", body).status, 403);
}

#[test]
fn what_is_not_there_is_404_with_an_empty_body() {
    let mut client = Client::new();
    for path in ["contacts/1", "companies/1", "contacts/export/1", "nothing", "contacts/abc"] {
        let answer = client.get(path);
        assert_eq!((answer.status, answer.text.as_str()), (404, ""), "{path}");
    }
    assert_eq!(client.post("contacts/export", json!({"fields": {}})).status, 404, "exports are left out");
}

#[test]
fn wrong_verbs_and_media_types() {
    let mut client = Client::new();
    let id = client.contact("Ida Kowalski", "ida@nordwerk.example");
    let patch = client.request(&Method::PATCH, &format!("contacts/{id}"), Some(json!({"name": "Eve"})));
    let answer = client.send(&patch);
    assert_eq!((answer.status, answer.header("allow")), (405, Some("GET, PUT, DELETE")));
    let mut request = client.request(&Method::POST, "contacts", Some(json!({"name": "Eve", "email": "e@b.example"})));
    request.headers_mut().insert("content-type", "application/xml".parse().unwrap());
    assert_eq!(client.send(&request).status, 415);
    let mut request = client.request(&Method::GET, "contacts", None);
    request.headers_mut().insert("accept", "text/html".parse().unwrap());
    assert_eq!(client.send(&request).status, 406);
    request.headers_mut().insert("accept", "text/html, */*;q=0.1".parse().unwrap());
    assert_eq!(client.send(&request).status, 200);
    let mut request = client.request(&Method::POST, "contacts", Some(json!({})));
    *request.body_mut() = "{\"name\":".into();
    let answer = client.send(&request);
    assert_eq!((answer.status, &answer.body["code"]), (400, &json!("invalid_json")));
}

#[test]
fn every_answer_tells_version_budget_and_date() {
    let mut client = Client::with(|profile| profile.calls_per_minute = 400);
    for (used, answer) in [client.get("agents/me"), client.get("nothing"), client.post("contacts", json!({}))].iter().enumerate() {
        assert_eq!(answer.header("x-freshdesk-api-version"), Some("latest=v2; requested=v2"));
        assert_eq!(answer.header("x-ratelimit-total"), Some("400"));
        assert_eq!(answer.header("x-ratelimit-remaining"), Some((399 - used).to_string().as_str()));
        assert_eq!(answer.header("x-ratelimit-used-currentrequest"), Some("1"));
        assert_eq!(answer.header("date"), Some("Fri, 20 Nov 2026 10:00:00 GMT"));
    }
}

#[test]
fn a_create_answers_201_and_where() {
    let answer = Client::new().post("contacts", json!({"name": "Ida Kowalski", "email": "ida@nordwerk.example"}));
    assert_eq!(answer.status, 201);
    assert_eq!(answer.header("location"), Some(format!("https://acme.freshdesk.com/api/v2/contacts/{}", answer.id()).as_str()));
}
