//! Batches: what is sent, and what becomes of each operation.

use std::collections::BTreeMap;

use syncline_engine::ports::connector::{Outcome, WriteAction};
use syncline_engine::ports::http::NoAnswer;
use syncline_model::{Fault, Value};

use super::{Next, World, by, composite, contact_id, contacts, ok, page, row};

fn fields(pairs: &[(&str, Value)]) -> BTreeMap<syncline_model::FieldName, Value> {
    pairs.iter().map(|(name, value)| ((*name).into(), value.clone())).collect()
}

fn create(pairs: &[(&str, Value)], once: Option<&str>) -> WriteAction {
    WriteAction::Create { fields: fields(pairs), once: once.map(Into::into) }
}

fn update(number: u32, pairs: &[(&str, Value)]) -> WriteAction {
    WriteAction::Update { id: contact_id(number)[..15].into(), fields: fields(pairs), expected: None }
}

fn delete(number: u32) -> WriteAction {
    WriteAction::Delete { id: contact_id(number).into() }
}

fn saved(number: u32, more: &str) -> String {
    format!(r#"{{"id":"{}","success":true,"errors":[]{more}}}"#, contact_id(number))
}

fn failed(code: &str, words: &str) -> String {
    format!(r#"{{"success":false,"errors":[{{"statusCode":"{code}","message":"{words}","fields":[]}}]}}"#)
}

async fn write(world: &std::sync::Arc<World>, actions: &[WriteAction]) -> Result<Vec<Outcome>, Fault> {
    world.connect(&[]).write(&contacts(&["Email"]), actions, by()).await.map_err(|error| error.fault)
}

fn codes(outcomes: &[Outcome]) -> Vec<&'static str> {
    outcomes
        .iter()
        .map(|outcome| match outcome {
            Outcome::Written { created: true, .. } => "created",
            Outcome::Written { .. } => "written",
            Outcome::Failed(fault) => fault.code(),
        })
        .collect()
}

#[tokio::test]
async fn a_mixed_batch_is_written_and_read_back_in_one_call() {
    // In the order of the verbs: insert, upsert, update, delete; then the queries of what is stored.
    let stored = row(2, "11:00:00", r#","Email":"lower@b.example""#);
    let by_key = row(1, "11:00:00", r#","Email":"a@b.example""#);
    let world = World::answering([ok(&composite(&[
        ("write0", 200, &format!("[{}]", saved(1, r#","created":true"#))),
        ("write1", 200, &format!("[{}]", saved(2, ""))),
        ("write2", 200, &format!("[{}]", saved(3, ""))),
        ("stored0", 200, &page(&[by_key], None)),
        ("stored1", 200, &page(&[stored], None)),
    ]))]);
    let actions = [
        delete(3),
        create(&[("FDCONTACTID__c", Value::text("820'1")), ("LastName", Value::text("A"))], Some("FDCONTACTID__c")),
        update(2, &[("Email", Value::text("UPPER@b.example")), ("Phone", Value::Null)]),
    ];
    let outcomes = write(&world, &actions).await.unwrap();
    assert_eq!(codes(&outcomes), ["written", "created", "written"]);
    let Outcome::Written { id, stored: Some(stored), .. } = &outcomes[2] else { panic!("not stored") };
    assert_eq!(id.as_str(), contact_id(2));
    assert!(stored.field("Email") == Some(&Value::text("lower@b.example")));
    assert_eq!(stored.version.unwrap().0.to_string(), "2026-11-20T11:00:00Z");
    assert!(matches!(&outcomes[1], Outcome::Written { stored: Some(_), .. }));

    let asked = world.asked();
    assert_eq!((asked.len(), asked[0].1.as_str()), (1, "/services/data/v66.0/composite"));
    let body = percent_encoding::percent_decode_str(&asked[0].2).decode_utf8().unwrap().into_owned();
    for part in [
        r#"{"allOrNone":false,"collateSubrequests":false,"compositeRequest":[{"method":"PATCH","url":"/services/data/v66.0/composite/sobjects/Contact/FDCONTACTID__c","#,
        r#""body":{"allOrNone":false,"records":[{"attributes":{"type":"Contact"},"FDCONTACTID__c":"820'1","LastName":"A"}]}"#,
        &format!(r#""records":[{{"attributes":{{"type":"Contact"}},"id":"{}","Email":"UPPER@b.example","Phone":null}}]"#, contact_id(2)),
        &format!(r#"{{"method":"DELETE","url":"/services/data/v66.0/composite/sobjects?ids={}&allOrNone=false""#, contact_id(3)),
        r#""Sforce-Duplicate-Rule-Header":"allowSave=true""#,
        r"WHERE (FDCONTACTID__c IN ('820\\'1'))".replace(r"\\", r"\").as_str(),
    ] {
        assert!(body.contains(part), "{part}\n{body}");
    }
    let seen = world.seen.lock().unwrap();
    assert_eq!(seen.last().unwrap().headers()["sforce-call-options"], "client=Syncline/1");
}

#[tokio::test]
async fn four_hundred_updates_are_one_call_sorted_by_account() {
    let actions: Vec<_> =
        (0..400).map(|number| update(number, &[("AccountId", Value::Reference(format!("001Q{:011}AAA", number % 7).into()))])).collect();
    // The vendor answers rows in the order asked: which ids those are, the request tells.
    let world = World::answering([ok("{}")]);
    let outcomes = write(&world, &actions).await.unwrap();
    assert!(codes(&outcomes).iter().all(|code| *code == "uncertain"), "an unreadable answer to a write is uncertain");
    let body: serde_json::Value = serde_json::from_str(&world.asked()[0].2).unwrap();
    let parts = body["compositeRequest"].as_array().unwrap();
    assert_eq!(parts.iter().map(|part| part["method"].as_str().unwrap()).collect::<Vec<_>>(), ["PATCH", "PATCH", "GET", "GET"]);
    let accounts: Vec<&str> = parts[..2]
        .iter()
        .flat_map(|part| part["body"]["records"].as_array().unwrap())
        .map(|row| row["AccountId"].as_str().unwrap())
        .collect();
    assert!(accounts.len() == 400 && accounts.is_sorted());
    assert!(parts[2..].iter().all(|part| part["url"].as_str().unwrap().len() <= 12_000));
}

#[tokio::test]
async fn each_row_has_its_own_outcome() {
    let rows = [
        failed(
            "DUPLICATE_VALUE",
            &format!("duplicate value found: FDCONTACTID__c duplicates value on record with id: {}", &contact_id(9)[..15]),
        ),
        failed("UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record or 1 records: 001"),
        failed("ENTITY_IS_DELETED", "entity is deleted"),
        failed("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id"),
        failed("REQUIRED_FIELD_MISSING", "Required fields are missing: [LastName]"),
        // A row that was rolled back may still show its id.
        format!(
            r#"{{"id":"{}","success":false,"errors":[{{"statusCode":"ALL_OR_NONE_OPERATION_ROLLED_BACK","message":"m","fields":[]}}]}}"#,
            contact_id(6)
        ),
        saved(7, ""),
        r#"{"odd":1}"#.to_owned(),
    ];
    let world =
        World::answering([ok(&composite(&[("write0", 200, &format!("[{}]", rows.join(","))), ("stored0", 200, &page(&[], None))]))]);
    let actions: Vec<_> = (1..=8).map(|number| update(number, &[("Email", Value::text("a@b.example"))])).collect();
    let outcomes = write(&world, &actions).await.unwrap();
    assert_eq!(codes(&outcomes), ["taken", "transient", "missing", "missing", "rejected", "transient", "written", "uncertain"]);
    assert_eq!(outcomes[0], Outcome::Failed(Fault::Taken { field: Some("FDCONTACTID__c".into()), holders: vec![contact_id(9).into()] }));
}

#[tokio::test]
async fn once_on_a_field_that_is_no_external_id_is_a_plain_create() {
    let world = World::answering([ok(&composite(&[("write0", 200, &format!("[{}]", saved(1, "")))]))]);
    let outcomes =
        write(&world, &[create(&[("Plain__c", Value::text("1")), ("LastName", Value::text("A"))], Some("Plain__c"))]).await.unwrap();
    assert_eq!(codes(&outcomes), ["created"]);
    assert!(world.asked()[0].2.contains(r#""method":"POST","url":"/services/data/v66.0/composite/sobjects""#));
}

#[tokio::test]
async fn a_refused_collection_is_halved_until_only_the_bad_row_fails() {
    let bad = r#"[{"message":"Cannot deserialize instance of date from VALUE_STRING value x","errorCode":"JSON_PARSER_ERROR"}]"#;
    let empty = page(&[], None);
    let world = World::answering([
        ok(&composite(&[("write0", 400, bad), ("stored0", 200, &empty)])),
        ok(&composite(&[
            ("write0", 200, &format!("[{}]", saved(1, ""))),
            ("write1", 400, bad),
            ("stored0", 200, &empty),
            ("stored1", 200, &empty),
        ])),
    ]);
    let actions: Vec<_> = (1..=2).map(|number| update(number, &[("Email", Value::text("a@b.example"))])).collect();
    assert_eq!(codes(&write(&world, &actions).await.unwrap()), ["written", "rejected"]);
}

#[tokio::test]
async fn a_batch_beyond_one_call_goes_on_and_says_what_was_not_reached() {
    let lists = |from: u32| format!("[{}]", (from..from + 200).map(|number| saved(number, "")).collect::<Vec<_>>().join(","));
    let empty = page(&[], None);
    let actions: Vec<_> = (0..600).map(|number| update(number, &[("Email", Value::text("a@b.example"))])).collect();
    let first =
        ok(&composite(&[("write0", 200, &lists(0)), ("write1", 200, &lists(200)), ("stored0", 200, &empty), ("stored1", 200, &empty)]));
    let world = World::answering([first, Next::Lost(NoAnswer::NotSent("refused".into()))]);
    let outcomes = write(&world, &actions).await.unwrap();
    let count = |code| codes(&outcomes).iter().filter(|found| **found == code).count();
    assert_eq!((count("written"), count("transient")), (400, 200));
}

#[tokio::test]
async fn what_certainly_was_not_done_is_an_error_and_the_rest_uncertain() {
    let actions = [update(1, &[("Email", Value::text("a@b.example"))])];
    for (next, code) in [
        (Next::Lost(NoAnswer::NotSent("refused".into())), "transient"),
        (Next::Lost(NoAnswer::Budget { until: by().0 }), "rate_limited"),
        (Next::Answer(403, r#"[{"message":"TotalRequests Limit exceeded.","errorCode":"REQUEST_LIMIT_EXCEEDED"}]"#.into()), "rate_limited"),
    ] {
        assert_eq!(write(&World::answering([next]), &actions).await.unwrap_err().code(), code);
    }
    let error = r#"[{"message":"m","errorCode":"UNKNOWN_EXCEPTION"}]"#;
    for next in [
        Next::Lost(NoAnswer::Unanswered("timed out".into())),
        Next::Answer(503, "<html/>".into()),
        Next::Answer(500, error.into()),
        ok("<html/>"),
        ok(""),
        ok(r#"{"compositeResponse":[{"bo"#),
        ok(r#"{"compositeResponse":[]}"#),
        ok(&composite(&[("write0", 500, error), ("stored0", 200, "{}")])),
        ok(&composite(&[("write0", 200, "[]"), ("stored0", 200, "{}")])),
    ] {
        assert_eq!(codes(&write(&World::answering([next]), &actions).await.unwrap()), ["uncertain"]);
    }
}

#[tokio::test]
async fn what_cannot_be_sent_is_answered_without_a_call() {
    let world = World::answering([]);
    let actions = [
        WriteAction::Restore { id: contact_id(1).into() },
        update(1, &[("Hidden__c", Value::text("secret-value"))]),
        WriteAction::Delete { id: "no id".into() },
    ];
    let outcomes = write(&world, &actions).await.unwrap();
    assert_eq!(codes(&outcomes), ["unsupported", "rejected", "missing"]);
    assert!(!format!("{outcomes:?}").contains("secret-value"));
    assert!(world.asked().is_empty());
    let leads = syncline_engine::ports::connector::Selection { kind: "Lead".into(), fields: vec![] };
    let error = world.connect(&[]).write(&leads, &[delete(1)], by()).await.unwrap_err();
    assert_eq!(error.fault.code(), "unsupported");
}

#[tokio::test]
async fn a_field_is_made_with_its_rights_and_making_it_again_is_no_error() {
    let made = |id: &str| Next::Answer(201, format!(r#"{{"id":"{id}","success":true,"errors":[]}}"#));
    let none = || ok(&page(&[], None));
    let world = World::answering([
        Next::Answer(
            400,
            r#"[{"message":"There is already a field named New on Contact.","errorCode":"DUPLICATE_DEVELOPER_NAME"}]"#.into(),
        ),
        none(),
        made("0PSx00000000001AAA"),
        none(),
        made("01kx00000000001AAA"),
        none(),
        made("0Pax00000000001AAA"),
    ]);
    let connector = world.connect(&[]);
    // The script's describe never shows the field: that is told, after all steps.
    let error = connector.provision(&crate::provision::link_field("Contact", "New__c"), by()).await.unwrap_err();
    assert_eq!(error.fault.code(), "drift");
    let asked = world.asked();
    assert_eq!(
        asked[0].2,
        r#"{"FullName":"Contact.New__c","Metadata":{"label":"New__c","type":"Text","length":40,"externalId":true,"unique":true,"caseSensitive":false,"required":false}}"#
    );
    assert!(asked[4].2.contains(r#""Field":"Contact.New__c","PermissionsRead":true,"PermissionsEdit":true"#));
    assert_eq!(asked[6].2, r#"{"AssigneeId":"005x00000012Q9PAAU","PermissionSetId":"0PSx00000000001AAA"}"#);
    assert_eq!(asked.len(), 7);
    // One that is there and agrees needs nothing.
    connector.provision(&crate::provision::link_field("Contact", "FDCONTACTID__c"), by()).await.unwrap();
    let wrong = connector.provision(&crate::provision::link_field("Contact", "Interests__c"), by()).await.unwrap_err();
    assert_eq!(wrong.fault.code(), "rejected");
    assert_eq!(world.asked().len(), 7);
}
