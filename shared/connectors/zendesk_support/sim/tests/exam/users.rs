//! Users: made, found, changed, refused.

use serde_json::json;
use syncline_zendesk_support_sim::{OWNER_EMAIL, Role};

use crate::harness::Client;

fn fault_of(answer: &crate::harness::Answer, field: &str) -> String {
    assert_eq!((answer.status, answer.body["error"].as_str()), (422, Some("RecordInvalid")), "{}", answer.text);
    answer.body["details"][field][0]["error"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn a_user_is_made_and_found_by_address_whatever_its_case() {
    let mut client = Client::new();
    let made = client.post("users", json!({"user": {"name": "Ida", "email": "Ida@Acme.example", "role": "agent"}}));
    assert_eq!((made.status, made.body["user"]["email"].as_str()), (201, Some("ida@acme.example")));
    let id = made.body["user"]["id"].as_i64().unwrap();
    assert!(id > i64::from(u32::MAX));
    for query in ["query=email:ida@acme.example", "query=email%3A%22IDA%40acme.example%22", "query=type:user%20email:ida@acme.example"] {
        assert_eq!(client.get(&format!("users/search?{query}")).ids("users"), [id], "{query}");
    }
    assert!(client.get("users/search?query=email:da@acme.example").ids("users").is_empty());
    assert_eq!(client.get("users/search").refusal(), (400, "ParameterMissing"));
    assert_eq!(client.get(&format!("users/show_many?ids={id},1")).ids("users"), [id]);
}

#[test]
fn what_is_wrong_is_told_by_field() {
    let mut client = Client::new();
    client.agent("Ida", "ida@acme.example");
    let create = |client: &mut Client, user: serde_json::Value| client.post("users", json!({ "user": user }));
    let taken = create(&mut client, json!({"name": "Other", "email": "IDA@acme.example"}));
    assert_eq!(fault_of(&taken, "email"), "DuplicateValue");
    assert_eq!(fault_of(&create(&mut client, json!({"name": " "})), "name"), "BlankValue");
    assert_eq!(fault_of(&create(&mut client, json!({"name": "A", "email": "certainly no address"})), "email"), "InvalidFormat");
    assert_eq!(client.post("users", json!({"person": {}})).refusal(), (400, "ParameterMissing"));
    assert_eq!(client.get("users/1").refusal(), (404, "RecordNotFound"));
    assert_eq!(client.get("shoes").refusal(), (404, "InvalidEndpoint"));
}

#[test]
fn create_or_update_meets_who_is_there() {
    let mut client = Client::new();
    let ida = client.agent("Ida", "ida@acme.example");
    let met = client.post("users/create_or_update", json!({"user": {"email": "ida@acme.example", "name": "Ida Newname"}}));
    assert_eq!((met.status, met.body["user"]["id"].as_i64()), (200, Some(ida)));
    assert_eq!(client.post("users/create_or_update", json!({"user": {"email": "bo@acme.example", "name": "Bo"}})).status, 201);
}

#[test]
fn only_a_real_change_moves_the_stamp() {
    let mut client = Client::new();
    let ida = client.agent("Ida", "ida@acme.example");
    let before = client.get(&format!("users/{ida}")).body["user"]["updated_at"].clone();
    client.put(&format!("users/{ida}"), json!({"user": {"name": "Ida"}}));
    assert_eq!(client.get(&format!("users/{ida}")).body["user"]["updated_at"], before);
    client.put(&format!("users/{ida}"), json!({"user": {"name": "Ida Newname"}}));
    assert_eq!(client.get(&format!("users/{ida}")).body["user"]["updated_at"], "2026-11-20T10:00:00Z");
}

#[test]
fn the_owner_cannot_be_deleted_or_demoted_and_agents_make_no_agents() {
    let mut client = Client::new();
    let owner = client.get(&format!("users/search?query=email:{OWNER_EMAIL}")).ids("users")[0];
    assert_eq!(client.delete(&format!("users/{owner}")).status, 422);
    assert_eq!(client.put(&format!("users/{owner}"), json!({"user": {"role": "agent"}})).status, 422);
    let agent = client.desk.add_user("Ida", "ida@acme.example", Role::Agent);
    client.sign_in_as(agent);
    let colleague = json!({"user": {"name": "Bo", "email": "bo@acme.example", "role": "agent"}});
    assert_eq!(client.post("users", colleague).status, 403);
    assert_eq!(client.post("users", json!({"user": {"name": "Customer"}})).status, 201);
}
