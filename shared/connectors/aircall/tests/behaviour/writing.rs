use std::collections::BTreeMap;

use syncline_engine::ports::connector::{Outcome, WriteAction};
use syncline_engine::ports::http::NoAnswer;
use syncline_model::{Fault, Value};

use crate::scripted::{Desk, by, one, selecting};

fn set(id: &str, status: &str) -> WriteAction {
    WriteAction::Update { id: id.into(), fields: BTreeMap::from([("status".into(), Value::text(status))]), expected: None }
}

async fn write(desk: &Desk, action: WriteAction) -> Outcome {
    desk.connector.write(&selecting(&["status"]), &[action], by()).await.unwrap().remove(0)
}

fn stored(outcome: &Outcome) -> Option<String> {
    let Outcome::Written { stored, .. } = outcome else { panic!("{outcome:?}") };
    stored.as_ref().map(|user| user.field("status").unwrap().as_text().unwrap().unwrap().to_owned())
}

#[tokio::test]
async fn an_agent_who_is_so_already_is_not_written_to() {
    let desk = Desk::new(vec![one(7, "unavailable", "Out for lunch")]);
    let outcome = write(&desk, set("7", "out_for_lunch")).await;
    assert_eq!(stored(&outcome).as_deref(), Some("out_for_lunch"));
    assert_eq!(desk.asked(), ["GET /v2/users/7"]);
}

#[tokio::test]
async fn the_general_status_overwrites_a_reason() {
    let desk = Desk::new(vec![one(7, "unavailable", "on_a_break"), one(7, "unavailable", "always_closed")]);
    let outcome = write(&desk, set("7", "unavailable")).await;
    assert_eq!(stored(&outcome).as_deref(), Some("unavailable"));
    assert_eq!(desk.asked()[1], "PUT /v2/users/7 {\"availability_status\":\"unavailable\"}");
}

#[tokio::test]
async fn a_schedule_is_ended_only_where_the_settings_say_so() {
    let desk = Desk::new(vec![one(7, "custom", "always_opened")]);
    let Outcome::Failed(Fault::Rejected { problems }) = write(&desk, set("7", "available")).await else { panic!("it was written") };
    assert_eq!((problems[0].code.as_str(), desk.asked().len()), ("follows_schedule", 1));
    let keys: &[(&str, &str)] = &[("access_token", "t")];
    let answers = vec![one(7, "custom", "always_opened"), one(7, "available", "always_opened")];
    let desk = Desk::with(&[("overwrite_schedule", "true")], &[keys], answers);
    assert_eq!(stored(&write(&desk, set("7", "available")).await).as_deref(), Some("available"));
}

#[tokio::test]
async fn no_answer_to_a_write_leaves_it_open_and_none_to_the_reading_before_does_not() {
    let desk = Desk::new(vec![one(7, "available", "always_opened"), Err(NoAnswer::Unanswered("timed out".into()))]);
    assert_eq!(write(&desk, set("7", "unavailable")).await, Outcome::Failed(Fault::Uncertain));
    let desk = Desk::new(vec![Err(NoAnswer::Unanswered("timed out".into()))]);
    let unheard = desk.connector.write(&selecting(&["status"]), &[set("7", "unavailable")], by()).await.unwrap_err();
    assert!(matches!(unheard.fault, Fault::Transient { .. }));
}

#[tokio::test]
async fn what_holds_at_the_moment_is_not_believed_in_the_answer_to_a_write() {
    let desk = Desk::new(vec![one(7, "available", "always_opened"), one(7, "unavailable", "always_closed")]);
    let selection = selecting(&["status", "available"]);
    let outcome = desk.connector.write(&selection, &[set("7", "unavailable")], by()).await.unwrap().remove(0);
    assert_eq!(stored(&outcome), None);
}

#[tokio::test]
async fn users_are_neither_made_nor_deleted() {
    let desk = Desk::new(Vec::new());
    for action in [WriteAction::Create { fields: BTreeMap::new(), once: None }, WriteAction::Delete { id: "7".into() }] {
        assert!(matches!(write(&desk, action).await, Outcome::Failed(Fault::Unsupported { .. })));
    }
}
