//! Credentials in Parameter Store.

use std::sync::Arc;

use serde_json::{Value, json};
use syncline_aws::{ParameterStoreSecrets, SecretsPlace, secrets};
use syncline_engine::ports::clock::Clock;
use syncline_engine::ports::secrets::{Bundle, Secrets};
use syncline_model::Secret;

use crate::HandClock;
use crate::fake::{Answer, Fake};

fn bundle(key: &str, text: &str) -> Bundle {
    Bundle([(key.to_owned(), Secret::new(text))].into())
}

fn stored(text: &str) -> Answer {
    Answer::Ok(json!({"Parameter": {"Name": "/syncline/acme", "Type": "SecureString", "Value": text, "Version": 3}}))
}

#[tokio::test]
async fn a_bundle_is_read_decrypted_and_once_in_a_while() {
    let fake = Fake::start(|_, _| stored(r#"{"api_key":"s3cret"}"#)).await;
    let store = ParameterStoreSecrets::new(fake.aws(), "syncline/", HandClock::new());
    for _ in 0..3 {
        assert!(store.load("acme").await.unwrap() == Some(bundle("api_key", "s3cret")));
    }
    assert_eq!(fake.asked(), [("GetParameter".to_owned(), json!({"Name": "/syncline/acme", "WithDecryption": true}))]);
}

#[tokio::test]
async fn a_saved_bundle_is_encrypted_and_believed() {
    let fake = Fake::start(|operation, _| match operation {
        "PutParameter" => Answer::Ok(json!({"Version": 4, "Tier": "Standard"})),
        _ => stored(r#"{"refresh_token":"old"}"#),
    })
    .await;
    let store = ParameterStoreSecrets::new(fake.aws(), "syncline/", HandClock::new());
    store.load("acme").await.unwrap();
    store.save("acme", &bundle("refresh_token", "new")).await.unwrap();
    assert!(store.load("acme").await.unwrap() == Some(bundle("refresh_token", "new")));
    let asked = fake.asked();
    assert_eq!(fake.operations(), ["GetParameter", "PutParameter"]);
    assert_eq!((&asked[1].1["Type"], &asked[1].1["Overwrite"]), (&json!("SecureString"), &json!(true)));
    let text: Value = serde_json::from_str(asked[1].1["Value"].as_str().unwrap()).unwrap();
    assert_eq!(text, json!({"refresh_token": "new"}));
}

#[tokio::test]
async fn what_is_absent_is_none_and_what_is_refused_is_told_without_what_was_sent() {
    let fake = Fake::start(|operation, _| match operation {
        "GetParameter" => Answer::Refused(400, "ParameterNotFound", json!({})),
        _ => Answer::Refused(400, "com.amazon.coral.service#AccessDeniedException", json!({"message": "not allowed: ssm:PutParameter"})),
    })
    .await;
    let store = ParameterStoreSecrets::new(fake.aws(), "syncline/", HandClock::new());
    assert!(store.load("acme").await.unwrap().is_none());
    let refused = store.save("acme", &bundle("api_key", "s3cret")).await.unwrap_err().to_string();
    assert_eq!(refused, "secret /syncline/acme: PutParameter: AccessDeniedException: not allowed: ssm:PutParameter");
}

#[tokio::test]
async fn what_a_standard_parameter_cannot_hold_is_refused_before_it_is_sent() {
    let fake = Fake::start(|_, _| Answer::Ok(json!({}))).await;
    let store = ParameterStoreSecrets::new(fake.aws(), "syncline/", HandClock::new());
    let refused = store.save("acme", &bundle("private_key", &"s3cret".repeat(1_000))).await.unwrap_err().to_string();
    assert!(refused.contains("4096 bytes") && !refused.contains("s3crets3cret"), "{refused}");
    assert!(fake.operations().is_empty());
}

#[tokio::test]
async fn a_connection_that_breaks_is_a_passing_trouble() {
    let fake = Fake::start(|_, _| Answer::Lost).await;
    let store = ParameterStoreSecrets::new(fake.aws(), "syncline/", HandClock::new());
    let refused = store.load("acme").await.unwrap_err().to_string();
    assert!(refused.starts_with("secret /syncline/acme: GetParameter: "), "{refused}");
}

#[tokio::test]
async fn the_installations_key_stays_in_secrets_manager() {
    let fake = Fake::start(|operation, _| match operation {
        "GetSecretValue" => Answer::Ok(json!({"Name": "syncline/installation", "SecretString": r#"{"key":"k"}"#})),
        _ => stored(r#"{"api_key":"a"}"#),
    })
    .await;
    let clock: Arc<dyn Clock> = HandClock::new();
    let both = secrets(&fake.aws(), "syncline/", SecretsPlace::ParameterStore, "installation", &clock);
    assert!(both.load("installation").await.unwrap() == Some(bundle("key", "k")));
    assert!(both.load("acme").await.unwrap() == Some(bundle("api_key", "a")));
    assert_eq!(fake.operations(), ["GetSecretValue", "GetParameter"]);
    let managed = secrets(&fake.aws(), "syncline/", SecretsPlace::SecretsManager, "installation", &clock);
    managed.load("installation").await.unwrap();
    assert_eq!(fake.operations().last().map(String::as_str), Some("GetSecretValue"));
}
