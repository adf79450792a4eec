//! Tokens: which one is asked for, which one is kept, and who else may have got one.

use serde_json::json;
use syncline_model::{Fault, Secret};

use crate::scripted::{Answer, Desk, agents, answer, by, ok, token, user};

const PAIR: &[(&str, &str)] = &[("client_id", "client"), ("client_secret", "secret"), ("refresh_token", "first")];

fn refused() -> Answer {
    answer(401, r#"{"error":"invalid_token","error_description":"The access token is expired"}"#)
}

fn one() -> Answer {
    ok(&json!({"user": user(7, "2026-11-22T09:00:00Z")}))
}

fn pair(access: &str, refresh: &str) -> Answer {
    ok(&json!({"access_token": access, "refresh_token": refresh, "token_type": "bearer", "expires_in": 86400}))
}

async fn read(desk: &Desk) -> Result<usize, Fault> {
    let found = desk.connector.get(&agents(&["name"]), &["7".into()], by()).await;
    found.map(|found| found.into_iter().flatten().count()).map_err(|error| error.fault)
}

#[tokio::test]
async fn the_clients_own_credentials_ask_for_a_token_that_says_when_it_ends() {
    let desk = Desk::with(&[], PAIR, vec![token("one"), one(), refused(), token("two"), one()]);
    assert_eq!((read(&desk).await, read(&desk).await), (Ok(1), Ok(1)));
    assert_eq!(desk.asked()[0], "POST /oauth/tokens");
    let expected = json!({"grant_type": "client_credentials", "client_id": "client", "client_secret": "secret", "scope": "read write", "expires_in": 86400});
    assert_eq!(desk.body(0), expected);
    assert_eq!((desk.header(1, "authorization"), desk.header(4, "authorization")), ("Bearer one".to_owned(), "Bearer two".to_owned()));
    assert!(desk.is_done() && desk.secret("access_token").is_none());
}

#[tokio::test]
async fn a_new_pair_is_saved_before_it_is_used_and_serves_other_functions() {
    let settings = [("auth", "refresh_token")];
    let desk = Desk::with(&settings, PAIR, vec![pair("one", "second"), one()]);
    assert_eq!(read(&desk).await, Ok(1));
    let body = desk.body(0);
    assert_eq!((body["grant_type"].as_str(), body["refresh_token"].as_str()), (Some("refresh_token"), Some("first")));
    assert!(body["expires_in"].is_number() && body["refresh_token_expires_in"].is_number());
    assert_eq!((desk.secret("access_token").as_deref(), desk.secret("refresh_token").as_deref()), (Some("one"), Some("second")));
    let kept = [("client_id", "client"), ("refresh_token", "second"), ("access_token", "one")];
    let other = Desk::with(&settings, &kept, vec![one()]);
    assert_eq!(read(&other).await, Ok(1));
    assert_eq!(other.header(0, "authorization"), "Bearer one", "no refresh where a token is kept");
}

#[tokio::test]
async fn who_is_refused_looks_first_for_what_another_function_saved() {
    let kept = [("client_id", "client"), ("refresh_token", "second"), ("access_token", "one")];
    let desk = Desk::with(&[("auth", "refresh_token")], &kept, vec![one(), refused(), one()]);
    assert_eq!(read(&desk).await, Ok(1));
    desk.safe.0.lock().unwrap().insert("access_token".to_owned(), Secret::new("two"));
    assert_eq!(read(&desk).await, Ok(1));
    assert_eq!(desk.header(2, "authorization"), "Bearer two");
    assert!(desk.is_done(), "no refresh token was spent");
}

#[tokio::test]
async fn refused_credentials_stop_the_connection_and_say_what_to_do() {
    let invalid = || answer(400, r#"{"error":"invalid_grant","error_description":"secret words"}"#);
    let cases = [
        (Desk::with(&[("auth", "refresh_token")], PAIR, vec![invalid()]), "refresh token"),
        (Desk::with(&[], PAIR, vec![answer(401, r#"{"error":"invalid_client"}"#)]), "OAuth client"),
        (Desk::with(&[], PAIR, vec![answer(400, r#"{"error":"invalid_scope"}"#)]), "scopes"),
        (Desk::with(&[], PAIR, vec![token("one"), refused(), token("two"), refused()]), "just given"),
        (Desk::with(&[], &[("client_id", "client")], vec![]), "client_secret"),
        (Desk::new(vec![refused()]), "API token"),
    ];
    for (desk, words) in cases {
        let fault = read(&desk).await.unwrap_err();
        assert!(matches!(&fault, Fault::AuthRefused { hint } if hint.contains(words)), "{fault:?}");
        assert!(desk.is_done() && !fault.to_string().contains("secret words"));
    }
}

#[tokio::test]
async fn an_api_token_acts_as_its_email() {
    let desk = Desk::new(vec![one()]);
    assert_eq!(read(&desk).await, Ok(1));
    // admin@acme.example/token:the-token
    assert_eq!(desk.header(0, "authorization"), "Basic YWRtaW5AYWNtZS5leGFtcGxlL3Rva2VuOnRoZS10b2tlbg==");
}
