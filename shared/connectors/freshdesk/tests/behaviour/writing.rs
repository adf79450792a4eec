//! Writes: what is sent, what is stored, and every way in which it does not work.

use std::collections::BTreeMap;

use serde_json::json;
use syncline_engine::ports::connector::{Outcome, WriteAction};
use syncline_engine::ports::http::NoAnswer;
use syncline_model::{Fault, FieldName, Value};

use crate::scripted::{Desk, answer, at, by, companies, contacts, ok, with_header};

fn fields(pairs: &[(&str, &str)]) -> BTreeMap<FieldName, Value> {
    pairs.iter().map(|(name, value)| ((*name).into(), Value::text(*value))).collect()
}

fn create(once: Option<&str>) -> WriteAction {
    let fields = fields(&[("name", "Ida"), ("email", "ida@x.example"), ("custom_fields.sf", "003A"), ("phone", "")]);
    WriteAction::Create { fields, once: once.map(FieldName::from) }
}

fn update() -> WriteAction {
    WriteAction::Update { id: "7".into(), fields: fields(&[("name", "Ida"), ("phone", "")]), expected: None }
}

async fn contact_outcome(desk: &Desk, action: WriteAction) -> Outcome {
    desk.connector.write(&contacts(&["name", "phone"]), &[action], by()).await.unwrap().remove(0)
}

fn fault(outcome: &Outcome) -> &str {
    match outcome {
        Outcome::Failed(fault) => fault.code(),
        Outcome::Written { .. } => "written",
    }
}

#[tokio::test]
async fn a_create_sends_what_has_a_value_and_answers_what_is_stored() {
    let stored = json!({"id": 82_001_930_215_i64, "name": "Ida", "updated_at": "2026-11-22T10:00:00Z"});
    let desk = Desk::new(vec![answer(201, stored.to_string())]);
    let Outcome::Written { id, created, stored } = contact_outcome(&desk, create(None)).await else { panic!() };
    assert_eq!((id.as_str(), created), ("82001930215", true));
    let stored = stored.unwrap();
    assert!(stored.version.is_some() && stored.field("name") == Some(&Value::text("Ida")) && stored.field("email").is_none());
    assert!(stored.field("phone") == Some(&Value::Null));
    assert_eq!(desk.body(0), json!({"name": "Ida", "email": "ida@x.example", "custom_fields": {"sf": "003A"}}));
}

#[tokio::test]
async fn an_update_clears_with_null_and_an_empty_one_is_not_sent() {
    let desk = Desk::new(vec![ok(&json!({"id": 7, "name": "Ida", "phone": null}))]);
    assert_eq!(fault(&contact_outcome(&desk, update()).await), "written");
    assert_eq!((desk.asked(), desk.body(0)), (vec!["PUT /contacts/7".to_owned()], json!({"name": "Ida", "phone": null})));
    let desk = Desk::new(vec![]);
    let nothing = WriteAction::Update { id: "7".into(), fields: BTreeMap::new(), expected: None };
    assert_eq!(fault(&contact_outcome(&desk, nothing).await), "written");
}

#[tokio::test]
async fn deleting_and_restoring() {
    let desk = Desk::new(vec![answer(204, ""), answer(204, ""), answer(405, ""), answer(404, ""), answer(200, "")]);
    let delete = || WriteAction::Delete { id: "7".into() };
    assert_eq!(fault(&contact_outcome(&desk, delete()).await), "written");
    assert_eq!(fault(&contact_outcome(&desk, WriteAction::Restore { id: "7".into() }).await), "written");
    assert_eq!(fault(&contact_outcome(&desk, delete()).await), "conflict");
    assert_eq!(fault(&contact_outcome(&desk, delete()).await), "missing");
    assert_eq!(fault(&contact_outcome(&desk, delete()).await), "uncertain");
    assert_eq!(desk.asked()[..2], ["DELETE /contacts/7", "PUT /contacts/7/restore"]);
    let none = desk.connector.write(&companies(&[]), &[WriteAction::Restore { id: "7".into() }], by()).await.unwrap();
    assert_eq!(fault(&none[0]), "unsupported");
}

#[tokio::test]
async fn nothing_received_is_an_error_and_anything_else_an_outcome() {
    for unheard in [NoAnswer::NotSent("refused".into()), NoAnswer::Budget { until: at("2026-11-22T10:01:00Z") }] {
        let desk = Desk::new(vec![Err(unheard)]);
        assert!(desk.connector.write(&contacts(&[]), &[create(None)], by()).await.is_err());
    }
    // Not so behind a write that was received.
    let desk = Desk::new(vec![answer(204, ""), Err(NoAnswer::NotSent("refused".into()))]);
    let actions = [WriteAction::Delete { id: "1".into() }, WriteAction::Delete { id: "2".into() }];
    let outcomes = desk.connector.write(&contacts(&[]), &actions, by()).await.unwrap();
    assert_eq!(outcomes.iter().map(fault).collect::<Vec<_>>(), ["written", "transient"]);
    let html = "<html></html>";
    let cases = [
        (Err(NoAnswer::Unanswered("timed out".into())), "uncertain"),
        (answer(502, html), "uncertain"),
        (answer(503, ""), "uncertain"),
        (answer(200, html), "uncertain"),
        (answer(200, ""), "uncertain"),
        (answer(200, "{\"id\":7,\"na"), "uncertain"),
        (answer(200, "{\"id\":8}"), "uncertain"),
        (answer(405, ""), "conflict"),
        (answer(404, ""), "missing"),
        (answer(429, ""), "rate_limited"),
        (answer(401, ""), "auth_refused"),
        (answer(409, r#"{"errors":[{"code":"inconsistent_state","message":"x"}]}"#), "conflict"),
    ];
    for (given, expected) in cases {
        let desk = Desk::new(vec![given]);
        assert_eq!(fault(&contact_outcome(&desk, update()).await), expected);
    }
}

#[tokio::test]
async fn a_created_records_id_may_come_from_the_head_alone() {
    let cut = with_header(answer(201, "{\"id\":82,\"na"), "location", "https://acme.freshdesk.com/api/v2/contacts/82");
    let desk = Desk::new(vec![cut]);
    let expected = Outcome::Written { id: "82".into(), created: true, stored: None };
    assert_eq!(contact_outcome(&desk, create(None)).await, expected);
    let desk = Desk::new(vec![answer(201, "{\"id\":82,\"na")]);
    assert_eq!(fault(&contact_outcome(&desk, create(None)).await), "uncertain");
}

fn taken(field: &str, holder: Option<u32>) -> String {
    let mut entry = json!({"field": field, "message": "It should be a unique value", "code": "duplicate_value"});
    if let Some(holder) = holder {
        entry["additional_info"] = json!({"user_id": holder});
    }
    json!({"description": "Validation failed", "errors": [entry]}).to_string()
}

#[tokio::test]
async fn a_repeated_create_finds_what_the_first_one_made() {
    let ours = json!({"id": 9, "name": "Ida", "custom_fields": {"sf": "003A"}});
    // The refusal names the holder, on the link field or on another that is as unique.
    for field in ["custom_fields.sf", "sf", "email"] {
        let desk = Desk::new(vec![answer(409, taken(field, Some(9))), ok(&ours)]);
        let outcome = contact_outcome(&desk, create(Some("custom_fields.sf"))).await;
        assert!(matches!(outcome, Outcome::Written { ref id, created: false, stored: Some(_) } if id.as_str() == "9"), "{field}");
    }
    // It names none: the record is among those written lately, where the search does not see it yet.
    let desk = Desk::new(vec![answer(409, taken("sf", None)), ok(&json!([ours]))]);
    assert_eq!(fault(&contact_outcome(&desk, create(Some("custom_fields.sf"))).await), "written");
    assert!(desk.asked()[1].contains("updated_since=2026-11-22T09%3A45%3A00Z"));
    // Or older, and found by the search.
    let hit = json!({"total": 1, "results": [ours]});
    let desk = Desk::new(vec![answer(409, taken("sf", None)), ok(&json!([])), ok(&hit), ok(&ours)]);
    assert_eq!(fault(&contact_outcome(&desk, create(Some("custom_fields.sf"))).await), "written");
}

#[tokio::test]
async fn a_value_that_belongs_to_another_names_its_holder() {
    let holder = |deleted: bool, sf: &str| json!({"id": 9, "deleted": deleted, "custom_fields": {"sf": sf}});
    let by_email = Outcome::Failed(Fault::Taken { field: Some("email".into()), holders: vec!["9".into()] });
    let desk = Desk::new(vec![answer(409, taken("email", Some(9)))]);
    assert_eq!(contact_outcome(&desk, create(None)).await, by_email);
    let desk = Desk::new(vec![answer(409, taken("email", Some(9))), ok(&holder(false, "other"))]);
    assert_eq!(contact_outcome(&desk, create(Some("custom_fields.sf"))).await, by_email);
    // It is ours, in the bin.
    let desk = Desk::new(vec![answer(409, taken("sf", Some(9))), ok(&holder(true, "003A"))]);
    let in_bin = Outcome::Failed(Fault::Taken { field: Some("custom_fields.sf".into()), holders: vec!["9".into()] });
    assert_eq!(contact_outcome(&desk, create(Some("custom_fields.sf"))).await, in_bin);
    // The holder is an agent, whom contacts do not show.
    let desk = Desk::new(vec![answer(409, taken("email", Some(9))), answer(404, "")]);
    assert_eq!(contact_outcome(&desk, create(Some("custom_fields.sf"))).await, by_email);
    // The look-up fails: the create was refused for certain, so it may be repeated.
    let desk = Desk::new(vec![answer(409, taken("sf", Some(9))), answer(503, "")]);
    assert_eq!(fault(&contact_outcome(&desk, create(Some("custom_fields.sf"))).await), "transient");
}

#[tokio::test]
async fn a_taken_company_name_is_looked_up() {
    let names = json!({"companies": [{"id": 5, "name": "NORDWERK"}, {"id": 6, "name": "Nordwerk Nord"}]});
    let desk = Desk::new(vec![answer(409, taken("name", None)), ok(&names)]);
    let action = WriteAction::Create { fields: fields(&[("name", "Nordwerk")]), once: None };
    let outcomes = desk.connector.write(&companies(&[]), &[action], by()).await.unwrap();
    assert_eq!(outcomes[0], Outcome::Failed(Fault::Taken { field: Some("name".into()), holders: vec!["5".into()] }));
}

#[tokio::test]
async fn refusals_name_the_field_and_not_the_value() {
    let body = json!({"description": "Validation failed", "errors": [
        {"field": "sf", "message": "003a is bad, and so is IDA@x.example", "code": "invalid_value"}]});
    let desk = Desk::new(vec![answer(400, body.to_string())]);
    let outcome = contact_outcome(&desk, create(None)).await;
    let Outcome::Failed(Fault::Rejected { problems }) = &outcome else { panic!("{outcome:?}") };
    assert_eq!(problems[0].field, Some("custom_fields.sf".into()));
    assert_eq!(problems[0].words, "[value] is bad, and so is [value]");
    // What Freshdesk does not take is refused before it is sent.
    let desk = Desk::new(vec![]);
    let wrong = WriteAction::Create { fields: fields(&[("name", "Ida"), ("shoe_size", "44")]), once: None };
    assert_eq!(fault(&contact_outcome(&desk, wrong).await), "rejected");
}
