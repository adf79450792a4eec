//! Who is let in, with what rights, and for how long.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::json;
use syncline_zendesk_support_sim::{API_TOKEN, INTEGRATION_EMAIL, OWNER_EMAIL, REFRESH_TOKEN, Role};

use crate::harness::Client;

#[test]
fn nobody_is_somebody_to_users_me_and_to_nothing_else() {
    let mut client = Client::new();
    client.authorization = String::new();
    let me = client.get("users/me.json");
    assert_eq!((me.status, me.body["user"]["id"].is_null(), me.body["user"]["role"].as_str()), (200, true, Some("end-user")));
    assert_eq!(client.get("users").refusal(), (401, "Couldn't authenticate you"));
    client.authorization = "Bearer nobody".to_owned();
    assert_eq!(client.get("users/me.json").refusal(), (401, "invalid_token"));
}

#[test]
fn a_refresh_token_works_once_and_ends_both_old_tokens() {
    let mut client = Client::new();
    let used = json!({"grant_type": "refresh_token", "refresh_token": REFRESH_TOKEN});
    assert_eq!(client.token(used).refusal(), (400, "invalid_grant"));
    let first = client.token(json!({"grant_type": "client_credentials", "expires_in": 300}));
    client.bear(&first);
    assert_eq!(client.get("users/me").body["user"]["email"], INTEGRATION_EMAIL);
    let second = client.token(json!({"grant_type": "refresh_token", "refresh_token": first.body["refresh_token"]}));
    assert_eq!(second.status, 200);
    assert_eq!(client.get("users/me").status, 401, "the access token before ended with it");
    client.bear(&second);
    assert_eq!(client.get("users/me").status, 200);
}

#[test]
fn a_lifetime_is_told_only_where_one_was_asked_for_and_then_holds() {
    let mut client = Client::new();
    let silent = client.token(json!({"grant_type": "client_credentials"}));
    assert!(silent.body["expires_in"].is_null());
    client.bear(&silent);
    client.pass(29 * 86_400);
    assert_eq!(client.get("users/me").status, 200);
    client.pass(2 * 86_400);
    assert_eq!(client.get("users/me").status, 401, "nobody had said that it ends");
    let short = client.token(json!({"grant_type": "client_credentials", "expires_in": 300, "refresh_token_expires_in": 604_800}));
    assert_eq!((short.body["expires_in"].as_i64(), short.body["refresh_token_expires_in"].as_i64()), (Some(300), Some(604_800)));
    client.bear(&short);
    client.pass(299);
    assert_eq!(client.get("users/me").status, 200);
    client.pass(1);
    assert_eq!(client.get("users/me").status, 401);
    for out_of_range in [json!({"expires_in": 299}), json!({"expires_in": 172_801}), json!({"refresh_token_expires_in": 60})] {
        let mut body = out_of_range;
        body["grant_type"] = json!("client_credentials");
        assert_eq!(client.token(body).refusal(), (400, "invalid_request"));
    }
    let mut new_client = Client::with(|profile| profile.new_client = true);
    assert_eq!(new_client.token(json!({"grant_type": "client_credentials"})).body["expires_in"], 1_800);
}

#[test]
fn scopes_clients_and_grants_that_are_not_known_are_refused() {
    let mut client = Client::new();
    assert_eq!(client.token(json!({"grant_type": "client_credentials", "scope": "read sing"})).refusal(), (400, "invalid_scope"));
    assert_eq!(client.token(json!({"grant_type": "password"})).refusal(), (400, "unsupported_grant_type"));
    assert_eq!(client.token(json!({"grant_type": "client_credentials", "client_secret": "guessed"})).refusal(), (401, "invalid_client"));
    let reading = client.token(json!({"grant_type": "client_credentials", "scope": "users:read"}));
    client.bear(&reading);
    assert_eq!(client.get("users").status, 200);
    assert_eq!(client.get("account/settings").status, 403);
    assert_eq!(client.post("users", json!({"user": {"name": "Ida"}})).status, 403);
    assert!(client.get("account/settings").body["error"]["title"].is_string(), "the error of a 403 is an object");
}

#[test]
fn a_code_lives_two_minutes_and_works_once() {
    let mut client = Client::new();
    let agent = client.agent("Ida Agent", "ida@acme.example");
    client.sign_in_as(agent);
    assert_eq!(client.get("users/me").body["user"]["role"], "agent");
    assert_eq!(client.get(&format!("agent_availabilities/{agent}")).status, 403, "administrators only");
    assert_eq!(client.get("incremental/users/cursor?start_time=0").status, 403);
    assert_eq!(client.get("webhooks").status, 403);
    assert_eq!(client.get("account/settings").status, 200, "agents may read the switches");
}

#[test]
fn an_api_token_acts_as_whom_the_address_names_while_the_account_has_them() {
    let basic = |email: &str| format!("Basic {}", BASE64_STANDARD.encode(format!("{email}/token:{API_TOKEN}")));
    let mut client = Client::new();
    client.authorization = basic(OWNER_EMAIL);
    assert_eq!(client.get("users/me").body["user"]["email"], OWNER_EMAIL);
    client.authorization = basic("stranger@acme.example");
    assert_eq!(client.get("users/me").status, 401);
    let mut young = Client::with(|profile| profile.api_tokens = false);
    young.authorization = basic(OWNER_EMAIL);
    assert_eq!(young.get("users/me").status, 401);
}

#[test]
fn a_suspended_or_deleted_user_is_locked_out() {
    let mut client = Client::new();
    let agent = client.agent("Ida Agent", "ida@acme.example");
    let admin = client.authorization.clone();
    client.sign_in_as(agent);
    let own = std::mem::replace(&mut client.authorization, admin);
    assert_eq!(client.put(&format!("users/{agent}"), json!({"user": {"suspended": true}})).status, 200);
    client.authorization = own;
    assert_eq!(client.get("users/me").status, 401);
}

#[test]
fn only_this_account_is_here_and_nothing_says_who_owns_it() {
    let mut client = Client::new();
    let available = |client: &mut Client, name: &str| client.get(&format!("accounts/available?subdomain={name}")).body["success"].as_bool();
    assert_eq!(available(&mut client, "acme"), Some(false));
    assert_eq!(available(&mut client, "globex"), Some(false));
    assert_eq!(available(&mut client, "umbrella"), Some(true));
    assert_eq!(available(&mut client, "under_scored"), Some(false), "no new account may be called so");
    let me = client.get("users/me");
    assert!(!me.text.contains("owner"), "{}", me.text);
    assert!(!client.get("account/settings").text.contains("partner"));
    client.host = "nowhere.zendesk.com";
    let page = client.get("users/me.json");
    assert!(page.status == 404 && page.text.starts_with("<!DOCTYPE html>"));
}

#[test]
fn the_token_of_a_request_can_be_shown_and_revoked() {
    let mut client = Client::new();
    assert_eq!(client.get("oauth/tokens/current.json").body["token"]["scopes"], json!(["read", "write"]));
    assert_eq!(client.delete("oauth/tokens/current").status, 204);
    assert_eq!(client.get("users/me").status, 401);
}

#[test]
fn contributors_and_who_was_made_an_end_user_are_told_from_agents() {
    let mut client = Client::new();
    let user = client.desk.add_user("Sal Seller", "sal@acme.example", Role::Contributor);
    let read = |client: &mut Client| {
        let user = client.get(&format!("users/{user}")).body;
        (user["user"]["role"].as_str().unwrap().to_owned(), user["user"]["role_type"].clone())
    };
    assert_eq!(read(&mut client), ("agent".to_owned(), json!(3)));
    assert!(client.desk.give_role(client.now, user, Role::EndUser));
    assert_eq!(read(&mut client), ("end-user".to_owned(), json!(null)));
}
