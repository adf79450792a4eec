//! Tokens and their end.

use serde_json::json;
use syncline_engine::ports::connector::From;
use syncline_model::{Fault, Secret};

use crate::scripted::{Answer, Desk, answer, at, by, contacts, list, ok, refused};

fn token(access: &str, refresh: &str) -> Answer {
    ok(
        &json!({"access_token": access, "token_type": "bearer", "expires_in": 3600, "refresh_token": refresh, "scope": "read write profile"}),
    )
}

const OAUTH: &[(&str, &str)] = &[("client_id", "us"), ("client_secret", "s"), ("refresh_token", "r1")];

fn run(future: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future);
}

#[test]
fn a_refresh_is_saved_before_it_is_used() {
    run(async {
        let desk = Desk::with(&[("auth", "refresh_token")], OAUTH, vec![token("a1", "r2"), list(&[], false)]);
        desk.connector.get(&contacts(&[]), &["1".into()], by()).await.unwrap();
        assert_eq!(desk.asked()[0], "POST /oauth2/token");
        assert_eq!(
            (desk.header(0, "authorization"), desk.header(1, "authorization")),
            ("Basic dXM6cw==".to_owned(), "Bearer a1".to_owned())
        );
        let saved = desk.safe.0.lock().unwrap();
        assert_eq!((saved["access_token"].expose(), saved["refresh_token"].expose()), ("a1", "r2"));
    });
}

#[test]
fn an_aged_token_is_renewed_once() {
    run(async {
        let secrets: Vec<(&str, &str)> = OAUTH.iter().copied().chain([("access_token", "old")]).collect();
        let desk =
            Desk::with(&[("auth", "refresh_token")], &secrets, vec![refused(401, "unauthorized"), token("a1", "r2"), list(&[], false)]);
        desk.connector.get(&contacts(&[]), &["1".into()], by()).await.unwrap();
        assert_eq!(desk.asked().len(), 3);
        assert_eq!(desk.header(2, "authorization"), "Bearer a1");
    });
}

#[test]
fn what_another_function_has_renewed_is_taken() {
    run(async {
        let secrets: Vec<(&str, &str)> = OAUTH.iter().copied().chain([("access_token", "old")]).collect();
        let answers = vec![list(&[], false), refused(401, "unauthorized"), list(&[], false)];
        let desk = Desk::with(&[("auth", "refresh_token")], &secrets, answers);
        desk.connector.get(&contacts(&[]), &["1".into()], by()).await.unwrap();
        desk.safe.0.lock().unwrap().insert("access_token".to_owned(), Secret::new("newer"));
        desk.connector.get(&contacts(&[]), &["1".into()], by()).await.unwrap();
        assert_eq!((desk.header(2, "authorization"), desk.is_done()), ("Bearer newer".to_owned(), true));
    });
}

#[test]
fn refused_credentials_ask_for_a_person() {
    run(async {
        let desk = Desk::with(&[("auth", "refresh_token")], OAUTH, vec![answer(401, r#"{"error":"invalid_client"}"#)]);
        let refusal = desk.connector.list_changes(&contacts(&[]), &From::Since(at("2026-11-22T09:00:00Z")), by()).await.unwrap_err();
        assert!(matches!(refusal.fault, Fault::AuthRefused { .. }));
        let desk = Desk::new(vec![refused(401, "unauthorized")]);
        let refusal = desk.connector.get(&contacts(&[]), &["1".into()], by()).await.unwrap_err();
        assert!(matches!(refusal.fault, Fault::AuthRefused { .. }) && desk.is_done());
        let desk = Desk::with(&[], &[], vec![]);
        let refusal = desk.connector.account(by()).await.unwrap_err();
        assert!(refusal.to_string().contains("access_token"), "{refusal}");
    });
}
