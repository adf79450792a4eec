use http::Method;
use serde_json::{Value, json};
use syncline_salesmanago_sim::signature;
use syncline_simulator::{Strain, Users as _};

use crate::harness::Client;

#[test]
fn the_proof_is_the_sha1_of_key_client_and_secret() {
    assert_eq!(signature("a", "b", "c"), "a9993e364706816aba3e25717850c26c9cd0d89d");
}

#[test]
fn what_is_wrong_with_credentials_comes_with_200() {
    let mut client = Client::new();
    for (name, value) in [("sha", json!("0")), ("clientId", json!("other")), ("apiKey", json!("")), ("apiKey", Value::Null)] {
        assert_eq!(client.refused("contact/basic", &json!({name: value, "email": ["a@b.pl"]})), "User not authenticated", "{name}");
    }
    assert_eq!(client.refused("contact/hasContact", &json!({"owner": "", "email": "a@b.pl"})), "User cannot be empty");
    assert_eq!(client.refused("contact/hasContact", &json!({"owner": "nobody@acme.example", "email": "a@b.pl"})), "User does not exist");
}

#[test]
fn another_shard_and_an_ended_subscription_look_nearly_alike() {
    let mut client = Client::new();
    client.account.set_here(false);
    assert_eq!(client.refused("user/listByClient", &json!({})), "User not authenticated");
    client.account.set_here(true);
    client.account.set_active(false);
    assert_eq!(client.refused("user/listByClient", &json!({})), "Not authenticated");
    client.account.set_active(true);
    client.account.replace_secret("another");
    assert_eq!(client.refused("user/listByClient", &json!({})), "User not authenticated");
}

#[test]
fn the_time_of_a_request_may_be_in_seconds() {
    let mut client = Client::new();
    client.call("user/listByClient", &json!({"requestTime": 1_795_341_600}));
    assert_eq!(client.refused("user/listByClient", &json!({"requestTime": null})), "Request time cannot be empty");
}

#[test]
fn only_posts_are_read_and_gateways_answer_with_pages() {
    let mut client = Client::new();
    let body = Value::Object(client.credentials());
    for (method, path, status) in
        [(Method::GET, "/api/user/listByClient", 405), (Method::POST, "/api/nowhere", 404), (Method::POST, "/", 404)]
    {
        let answer = client.send(method, path, &body);
        assert_eq!(answer.status().as_u16(), status, "{path}");
        assert!(serde_json::from_slice::<Value>(answer.body()).is_err(), "{path}");
    }
    assert_eq!(client.send(Method::POST, "/api/user/listByClient", &json!("text")).status().as_u16(), 400);
}

#[test]
fn the_minute_has_an_end() {
    let mut client = Client::with(|profile| profile.calls_per_minute = 2);
    client.call("user/listByClient", &json!({}));
    client.call("user/listByClient", &json!({}));
    assert_eq!(client.raw("user/listByClient", &json!({})).0, 429);
    client.pass(60);
    client.call("user/listByClient", &json!({}));
    let now = client.now;
    assert!(client.account.strain(now, Strain::LimitSpent));
    assert_eq!(client.raw("user/listByClient", &json!({})).0, 429);
}

#[test]
fn words_may_come_as_one_text() {
    let mut client = Client::with(|profile| profile.message_is_text = true);
    let (status, answer) = client.raw("contact/delete", &json!({"email": "a@b.pl"}));
    assert_eq!((status, answer), (200, json!({"success": false, "message": "Contact does not exist"})));
}

#[test]
fn users_are_listed_as_texts_or_objects() {
    let mut client = Client::new();
    client.account.add_user("New@acme.example");
    let users = client.call("user/listByClient", &json!({}));
    assert_eq!(users["users"], json!(["admin@acme.example", "sales@acme.example", "new@acme.example"]));
    client.account.list_users_as_objects(true);
    assert!(client.account.remove_user("sales@acme.example") && !client.account.remove_user("admin@acme.example"));
    let users = client.call("user/listByClient", &json!({}));
    assert_eq!(users["users"], json!([{"email": "admin@acme.example"}, {"email": "new@acme.example"}]));
}
