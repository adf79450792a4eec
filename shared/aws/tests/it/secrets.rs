//! Credentials in Secrets Manager.

use serde_json::{Value, json};
use syncline_aws::{CACHE_S_MAX, SecretsManagerSecrets};
use syncline_engine::ports::secrets::{Bundle, Secrets};
use syncline_model::Secret;

use crate::HandClock;
use crate::fake::{Answer, Fake};

fn bundle(key: &str, text: &str) -> Bundle {
    Bundle([(key.to_owned(), Secret::new(text))].into())
}

fn stored(text: &str) -> Answer {
    Answer::Ok(json!({"Name": "syncline/acme", "SecretString": text}))
}

#[tokio::test]
async fn a_bundle_is_read_once_in_a_while() {
    let fake = Fake::start(|_, _| stored(r#"{"api_key":"s3cret"}"#)).await;
    let clock = HandClock::new();
    let secrets = SecretsManagerSecrets::new(fake.aws(), "syncline/", clock.clone());
    for _ in 0..3 {
        assert!(secrets.load("acme").await.unwrap() == Some(bundle("api_key", "s3cret")));
    }
    assert_eq!(fake.asked(), [("GetSecretValue".to_owned(), json!({"SecretId": "syncline/acme"}))]);
    clock.pass(u64::try_from(CACHE_S_MAX).unwrap());
    secrets.load("acme").await.unwrap();
    assert_eq!(fake.operations().len(), 2);
    secrets.load_anew("acme").await.unwrap();
    secrets.load("acme").await.unwrap();
    assert_eq!(fake.operations().len(), 3, "who was refused asks again, and all believe the answer");
}

#[tokio::test]
async fn a_saved_bundle_is_stored_and_believed() {
    let fake = Fake::start(|operation, _| match operation {
        "PutSecretValue" => Answer::Ok(json!({"Name": "syncline/acme"})),
        _ => stored(r#"{"refresh_token":"old"}"#),
    })
    .await;
    let secrets = SecretsManagerSecrets::new(fake.aws(), "syncline/", HandClock::new());
    secrets.load("acme").await.unwrap();
    secrets.save("acme", &bundle("refresh_token", "new")).await.unwrap();
    assert!(secrets.load("acme").await.unwrap() == Some(bundle("refresh_token", "new")));
    let asked = fake.asked();
    assert_eq!(fake.operations(), ["GetSecretValue", "PutSecretValue"]);
    assert_eq!(asked[1].1["SecretId"], json!("syncline/acme"));
    let text: Value = serde_json::from_str(asked[1].1["SecretString"].as_str().unwrap()).unwrap();
    assert_eq!(text, json!({"refresh_token": "new"}));
}

#[tokio::test]
async fn after_a_failed_save_the_store_is_asked_again() {
    let fake = Fake::start(|operation, _| match operation {
        "PutSecretValue" => Answer::Refused(400, "InvalidRequestException", json!({"message": "s3cret"})),
        _ => stored(r#"{"refresh_token":"old"}"#),
    })
    .await;
    let secrets = SecretsManagerSecrets::new(fake.aws(), "syncline/", HandClock::new());
    secrets.load("acme").await.unwrap();
    let refused = secrets.save("acme", &bundle("refresh_token", "s3cret")).await.unwrap_err();
    assert_eq!(refused.to_string(), "secret syncline/acme: PutSecretValue: InvalidRequestException");
    secrets.load("acme").await.unwrap();
    assert_eq!(fake.operations(), ["GetSecretValue", "PutSecretValue", "GetSecretValue"]);
}

#[tokio::test]
async fn an_absent_secret_is_none_and_saving_to_it_says_what_to_do() {
    let fake = Fake::start(|_, _| Answer::Refused(400, "ResourceNotFoundException", json!({"message": "can't find it"}))).await;
    let secrets = SecretsManagerSecrets::new(fake.aws(), "syncline/", HandClock::new());
    assert!(secrets.load("acme").await.unwrap().is_none());
    assert!(secrets.load("acme").await.unwrap().is_none(), "absence is not remembered");
    assert_eq!(fake.operations().len(), 2);
    let refused = secrets.save("acme", &bundle("api_key", "s3cret")).await.unwrap_err().to_string();
    assert!(refused.contains("deploy first") && !refused.contains("s3cret"), "{refused}");
}

#[tokio::test]
async fn a_secret_that_nobody_has_filled_is_none() {
    for text in ["", " \n"] {
        let fake = Fake::start(move |_, _| stored(text)).await;
        let secrets = SecretsManagerSecrets::new(fake.aws(), "syncline/", HandClock::new());
        assert!(secrets.load("acme").await.unwrap().is_none());
    }
}

#[tokio::test]
async fn a_secret_of_another_shape_is_refused_without_being_shown() {
    for text in ["s3cret", r#"["s3cret"]"#, r#"{"api_key": 53370}"#, r#"{"api_key": {"s3cret": "s3cret"}}"#] {
        let fake = Fake::start(move |_, _| stored(text)).await;
        let secrets = SecretsManagerSecrets::new(fake.aws(), "syncline/", HandClock::new());
        let refused = secrets.load("acme").await.unwrap_err();
        let shown = format!("{refused} {refused:?}");
        assert!(shown.contains("syncline/acme") && shown.contains("JSON object of texts"), "{shown}");
        assert!(!shown.contains("s3cret") && !shown.contains("53370"), "{shown}");
    }
}
