//! What is sent, and what becomes of it.

use std::collections::BTreeMap;

use serde_json::json;
use syncline_engine::ports::connector::{FindKey, Outcome, WriteAction};
use syncline_engine::ports::http::NoAnswer;
use syncline_model::{Fault, FieldName, Value};

use crate::scripted::{Answer, Desk, answer, by, contacts, list, ok};

fn run(future: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future);
}

fn fields(pairs: &[(&str, Value)]) -> BTreeMap<FieldName, Value> {
    pairs.iter().map(|(name, value)| (FieldName::from(*name), value.clone())).collect()
}

async fn write(answers: Vec<Answer>, action: WriteAction) -> (Desk, Outcome) {
    let desk = Desk::new(answers);
    let outcome = desk.connector.write(&contacts(&["last_name", "tags"]), &[action], by()).await.unwrap().remove(0);
    (desk, outcome)
}

#[test]
fn a_person_is_made_without_the_name_that_is_made_of_the_others() {
    run(async {
        let create = WriteAction::Create {
            fields: fields(&[
                ("name", Value::text("Ida Rao")),
                ("last_name", Value::text("Rao")),
                ("is_organization", Value::Bool(false)),
                ("contact_id", Value::Reference("77".into())),
                ("address.city", Value::text("Lyon")),
                ("tags", Value::set(["b".into(), "a".into()])),
                ("phone", Value::Null),
                ("custom_fields.Credit limit", Value::Decimal("12.50".parse().unwrap())),
            ]),
            once: None,
        };
        let stored = ok(&json!({"data": {"id": 9, "last_name": "Rao", "tags": ["a", "b"]}, "meta": {"type": "contact"}}));
        let (desk, outcome) = write(vec![stored], create).await;
        assert_eq!(desk.asked(), ["POST /v2/contacts"]);
        let expected = json!({
            "last_name": "Rao", "is_organization": false, "contact_id": 77, "address": {"city": "Lyon"}, "tags": ["a", "b"],
            "custom_fields": {"Credit limit": "12.5"}
        });
        assert_eq!(desk.body(0)["data"], expected);
        let Outcome::Written { id, created: true, stored: Some(stored) } = outcome else { panic!("{outcome:?}") };
        assert!(id.as_str() == "9" && stored.field("tags") == Some(&Value::set(["a".into(), "b".into()])));
    });
}

#[test]
fn an_address_is_sent_whole() {
    run(async {
        let present = ok(&json!({"data": {"id": 9, "address": {"line1": "Lindenweg 1", "city": "Lyon", "country": "France"}}}));
        let stored = ok(&json!({"data": {"id": 9, "last_name": "Rao"}}));
        let update = WriteAction::Update { id: "9".into(), fields: fields(&[("address.city", Value::Null)]), expected: None };
        let (desk, outcome) = write(vec![present, stored], update).await;
        assert_eq!(desk.body(1)["data"]["address"], json!({"line1": "Lindenweg 1", "city": null, "country": "France"}));
        assert!(matches!(outcome, Outcome::Written { created: false, .. }));
    });
}

#[test]
fn what_cannot_be_sent_is_refused_without_a_call() {
    run(async {
        let wrong = fields(&[("is_organization", Value::Bool(true)), ("created_at", Value::text("x")), ("tags", Value::text("x"))]);
        let (desk, outcome) = write(vec![], WriteAction::Update { id: "9".into(), fields: wrong, expected: None }).await;
        let Outcome::Failed(Fault::Rejected { problems }) = outcome else { panic!("{outcome:?}") };
        assert_eq!((problems.len(), desk.asked().len()), (3, 0));
        let (_, outcome) = write(vec![], WriteAction::Restore { id: "9".into() }).await;
        assert!(matches!(outcome, Outcome::Failed(Fault::Unsupported { .. })));
    });
}

#[test]
fn an_answer_that_says_nothing_leaves_it_open() {
    run(async {
        let update = || WriteAction::Update { id: "9".into(), fields: fields(&[("title", Value::text("x"))]), expected: None };
        let lost: Vec<Answer> = vec![
            Err(NoAnswer::Unanswered("timed out".into())),
            answer(502, "<html>"),
            answer(200, ""),
            ok(&json!({"data": {"id": 10}})),
            ok(&json!({})),
        ];
        for answer in lost {
            assert_eq!(write(vec![answer], update()).await.1, Outcome::Failed(Fault::Uncertain));
        }
        let delete = || WriteAction::Delete { id: "9".into() };
        assert!(matches!(write(vec![answer(204, "")], delete()).await.1, Outcome::Written { .. }));
        assert_eq!(write(vec![answer(200, "{}")], delete()).await.1, Outcome::Failed(Fault::Uncertain));
        assert_eq!(write(vec![answer(404, "")], delete()).await.1, Outcome::Failed(Fault::Missing));
    });
}

#[test]
fn a_key_is_looked_for_by_the_filter_of_its_field() {
    run(async {
        let rows = [json!({"id": 1, "email": "Ida@a.example"}), json!({"id": 2, "email": "other@a.example"})];
        let desk = Desk::new(vec![list(&rows, false)]);
        let key = |field: &str, value: Value| FindKey { field: field.into(), value };
        let keys = [key("email", Value::text("ida@a.example"))];
        let found = desk.connector.find(&contacts(&["email"]), &keys, by()).await.unwrap().remove(0);
        assert_eq!((found.len(), found[0].id.as_str()), (1, "1"));
        assert_eq!(desk.asked(), ["GET /v2/contacts?email=ida%40a.example&per_page=100&page=1"]);
        for unknown in [key("description", Value::text("x")), key("email", Value::Null)] {
            let refusal = desk.connector.find(&contacts(&[]), &[unknown], by()).await.unwrap_err();
            assert!(matches!(refusal.fault, Fault::Unsupported { .. }));
        }
    });
}
