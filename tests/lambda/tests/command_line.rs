//! `syncline --stack`: an operator at a deployment, with credentials of the account and nothing else.
#![allow(clippy::unwrap_used, reason = "what a test cannot set up fails the test")]

use serde_json::{Value as Json, json};
use syncline_lambda_tests::World;
use syncline_lambda_tests::command_line::Operator;
use syncline_lambda_tests::event;
use syncline_lambda_tests::function::Function;
use syncline_lambda_tests::world::queue;

const EMAIL: &str = "ada@example.test";

async fn pull(pull: &mut Function, side: &str) -> Json {
    pull.invoke(&json!({ "sync": "customers", "side": side })).await.response()
}

/// A contact that could be either of two, and the worker that held it.
struct Ambiguous {
    id: String,
    candidates: [String; 2],
    writer: Function,
}

/// Makes one in a world that runs.
async fn ambiguous(world: &World) -> Ambiguous {
    let mut puller = world.function("pull").await;
    pull(&mut puller, "left").await;
    let candidate = |first: &str| world.salesforce.create("Contact", &[("FirstName", first), ("LastName", "Lovelace"), ("Email", EMAIL)]);
    let candidates = [candidate("Ada"), candidate("Augusta")];
    let id = world.freshdesk.create("contact", &[("name", "Ada Lovelace"), ("email", EMAIL)]);
    pull(&mut puller, "left").await;
    let mut writer = world.function("write").await;
    deliver(world, &mut writer).await;
    Ambiguous { id, candidates, writer }
}

/// Hands the one message of Salesforce's queue to its worker.
async fn deliver(world: &World, writer: &mut Function) {
    let bodies = world.cloud.take(&queue("salesforce"));
    assert_eq!(bodies.len(), 1, "one message, in the queue of the connection that may have to be written");
    let answer = writer.invoke(&event::sqs(&queue("salesforce"), &bodies)).await.response();
    assert_eq!(answer["batchItemFailures"], json!([]));
}

#[tokio::test]
async fn a_held_record_is_found_understood_and_released() {
    let world = World::start().await;
    let Ambiguous { id, candidates: [first, second], mut writer } = ambiguous(&world).await;
    let operator = Operator::of(&world);
    let record = format!("customers/contacts/left/{id}");

    let status = operator.run("status --stack Syncline --json").await;
    assert_eq!((status.code, &status.json()["syncs"][0]["held"]), (5, &json!({ "ambiguous": 1 })), "{status:?}");
    let listed = operator.run("holds list --stack Syncline --json").await;
    let holds = &listed.json()["holds"];
    assert_eq!((listed.code, &holds[0]["record"], &holds[0]["reason"]), (5, &json!(record), &json!("ambiguous")), "{listed:?}");
    let explained = operator.run(&format!("explain {id} --stack Syncline")).await;
    assert_eq!(explained.code, 5, "{explained:?}");
    assert!(explained.stdout.contains(&second) && explained.stdout.contains("to release it: merge or correct them"), "{explained:?}");
    assert!(![status, listed, explained].iter().any(|done| done.said().contains(EMAIL)), "no value is shown unasked");

    world.salesforce.edit("Contact", &second, &[("Email", "augusta@example.test")]);
    let released = operator.run(&format!("holds release {record} --stack Syncline --json")).await;
    assert_eq!((released.code, &released.json()["released"]), (0, &json!([record])), "{released:?}");
    assert!(released.stderr.contains("the deployment carries it out"), "{released:?}");
    let listed = operator.run("holds list --stack Syncline --json").await;
    assert_eq!((listed.code, listed.json()), (0, json!({ "holds": [] })));
    deliver(&world, &mut writer).await;

    assert_eq!(world.salesforce.live("Contact").len(), 2, "it found its counterpart, and made none");
    let history = operator.run(&format!("history contacts/left/{id} --stack Syncline --json")).await;
    assert_eq!((history.code, history.json()["entries"].as_array().unwrap().len()), (0, 1), "{history:?}");
    let explained = operator.run(&format!("explain contacts/left/{id} --stack Syncline --json")).await;
    assert_eq!((explained.code, &explained.json()["ids"]["right"]), (0, &json!(first)), "{explained:?}");
    assert_eq!(operator.run("status --stack Syncline").await.code, 0);
    let again = operator.run(&format!("holds release {record} --stack Syncline")).await;
    assert_eq!(again.code, 1, "{again:?}");
    assert!(again.stderr.contains("not held"), "{again:?}");
}

#[tokio::test]
async fn credentials_are_checked_kept_in_secrets_manager_and_shown_to_nobody() {
    let world = World::start().await;
    let mut operator = Operator::of(&world);
    operator.set("SYNCLINE_STACK", "Syncline");
    let good = world.freshdesk.credentials();
    world.cloud.put_secret("syncline/freshdesk", Json::Null);
    std::fs::write(operator.at().join("good.json"), json!(good).to_string()).unwrap();

    let refused = operator.run("connect freshdesk --secret api_key=top-secret-guess --yes").await;
    assert_eq!(refused.code, 4, "{refused:?}");
    assert!(refused.stderr.contains("nothing was stored") && world.cloud.secret("syncline/freshdesk").is_null(), "{refused:?}");

    // Meanwhile a schedule has fired, and found nothing to sign in with.
    let mut puller = world.function("pull").await;
    pull(&mut puller, "left").await;
    let stopped = operator.run("status --json").await;
    assert_eq!(stopped.code, 4, "{stopped:?}");
    assert!(stopped.json()["syncs"][0]["ends"]["left"]["stopped"].is_object(), "{stopped:?}");

    let connected = operator.run("connect freshdesk --secret-file good.json --yes --json").await;
    assert_eq!((connected.code, &connected.json()["stored"]), (0, &json!(true)), "{connected:?}");
    assert_eq!(world.cloud.secret("syncline/freshdesk"), json!(good));
    for done in [&refused, &connected] {
        assert!(!done.said().contains("top-secret-guess") && !good.values().any(|secret| done.said().contains(secret)), "{done:?}");
    }
    assert_eq!(operator.run("status").await.code, 0, "it runs again");
}

#[tokio::test]
async fn both_ends_are_asked_with_the_credentials_of_the_deployment() {
    let world = World::start().await;
    let operator = Operator::of(&world);
    for (line, expected) in [
        ("preflight", json!("customers")),
        ("plan", json!("customers")),
        ("plan --backfill", json!("customers")),
        ("backfill --yes", json!("customers")),
    ] {
        let done = operator.run(&format!("{line} --stack Syncline --json")).await;
        assert_eq!((done.code, &done.json()[0]["sync"]), (0, &expected), "{line}: {done:?}");
    }
    let provisioned = operator.run("provision --stack Syncline --json").await;
    let fields = provisioned.json();
    assert_eq!(provisioned.code, 0, "{provisioned:?}");
    assert!(!fields.as_array().unwrap().is_empty() && fields.as_array().unwrap().iter().all(|field| field["state"] == "there"), "{fields}");
    let status = operator.run("status --stack Syncline --json").await;
    assert_eq!(status.json()["syncs"][0]["backfill"]["phase"], json!("scan_left"), "{status:?}");
    let valid = operator.run("validate --live --stack Syncline --json").await;
    assert_eq!((valid.code, &valid.json()["valid"]), (0, &json!(true)), "{valid:?}");
}

#[tokio::test]
async fn a_deployment_that_is_not_found_ends_with_1_and_says_what_to_name() {
    let world = World::start().await;
    let mut operator = Operator::of(&world);
    for (line, words) in [
        ("status --table nowhere", ["the table nowhere in us-east-1", "ResourceNotFoundException", "--table NAME"]),
        ("holds list --stack Other", ["the table other in us-east-1", "ResourceNotFoundException", "--stack NAME"]),
        ("explain 7 --table syncline --secrets-prefix other/", ["secret other/installation", "no installation key", "--secrets-prefix"]),
    ] {
        let done = operator.run(line).await;
        assert_eq!(done.code, 1, "{done:?}");
        assert!(words.iter().all(|word| done.stderr.contains(word)), "{done:?}");
    }
    operator.unset("AWS_REGION");
    let nowhere = operator.run("status --stack Syncline --json").await;
    assert_eq!((nowhere.code, &nowhere.json()["exit"]), (1, &json!(1)), "{nowhere:?}");
    assert!(nowhere.json()["hint"].as_str().unwrap().contains("AWS_REGION"), "{nowhere:?}");
    operator.set("AWS_REGION", "us-east-1");
    operator.unset("AWS_SECRET_ACCESS_KEY");
    let nobody = operator.run("status --stack Syncline").await;
    assert_eq!(nobody.code, 1, "{nobody:?}");
    assert!(nobody.stderr.contains("no AWS credentials") && nobody.stderr.contains("AWS_PROFILE"), "{nobody:?}");
}

#[tokio::test]
async fn aws_out_of_reach_ends_with_6() {
    let world = World::start().await;
    let mut operator = Operator::of(&world);
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    operator.set("AWS_ENDPOINT_URL_DYNAMODB", &format!("http://{closed}"));
    let done = operator.run("status --stack Syncline").await;
    assert_eq!(done.code, 6, "{done:?}");
    assert!(done.stderr.contains("the connection failed"), "{done:?}");
}

#[tokio::test]
async fn a_missing_right_is_named_in_the_words_of_aws() {
    let world = World::start().await;
    let Ambiguous { id, .. } = ambiguous(&world).await;
    let mut operator = Operator::of(&world);
    let release = format!("holds release contacts/left/{id} --stack Syncline");
    for operation in ["SendMessageBatch", "GetQueueUrl"] {
        world.cloud.deny(operation);
        let done = operator.run(&release).await;
        assert_eq!(done.code, 1, "{done:?}");
        assert!(done.stderr.contains(&format!("{operation}: AccessDenied")) && done.stderr.contains("rights"), "{done:?}");
    }
    assert_eq!(operator.run("holds list --stack Syncline").await.code, 5, "what was not sent is held still");

    world.cloud.deny("GetSecretValue");
    let keyless = operator.run("status --stack Syncline").await;
    assert_eq!(keyless.code, 1, "{keyless:?}");
    assert!(keyless.stderr.contains("not authorized") && keyless.stderr.contains("secretsmanager:GetSecretValue"), "{keyless:?}");
    world.cloud.deny("BatchGetItem");
    operator.set("AWS_ENDPOINT_URL_DYNAMODB", world.cloud.endpoint());
    let tableless = operator.run("status --stack Syncline").await;
    assert_eq!(tableless.code, 1, "{tableless:?}");
    assert!(tableless.stderr.contains("not authorized to perform: BatchGetItem"), "{tableless:?}");
}

#[tokio::test]
async fn a_queue_that_the_deployment_does_not_have_is_named() {
    let world = World::start().await;
    let Ambiguous { id, .. } = ambiguous(&world).await;
    let line = format!("holds release contacts/left/{id} --stack Other --table syncline --secrets-prefix syncline/");
    let done = Operator::of(&world).run(&line).await;
    assert_eq!(done.code, 1, "{done:?}");
    assert!(done.stderr.contains("queue other_salesforce: there is none of this name") && done.stderr.contains("--stack"), "{done:?}");
}
