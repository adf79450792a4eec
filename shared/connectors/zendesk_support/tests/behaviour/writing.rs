//! Statuses that are set, by either API, and what a refusal means.

use std::collections::BTreeMap;

use serde_json::json;
use syncline_engine::ports::connector::{Outcome, WriteAction};
use syncline_engine::ports::http::NoAnswer;
use syncline_model::{Fault, FieldName, Value};

use crate::scripted::{Answer, Desk, agents, answer, by, ok, routing, statuses, user};

fn set(pairs: &[(&str, &str)]) -> WriteAction {
    let fields: BTreeMap<FieldName, Value> = pairs.iter().map(|(name, text)| (FieldName::new(*name), Value::text(*text))).collect();
    WriteAction::Update { id: "7".into(), fields, expected: None }
}

fn done(status: i64) -> Answer {
    let stored = json!({"attributes": {"agent_id": 7, "agent_status": {"id": status, "name": "any"}}, "id": "agent_availabilities|7"});
    ok(&if status == 99 { json!({ "data": stored }) } else { stored })
}

async fn write(desk: &Desk, action: WriteAction) -> Outcome {
    desk.connector.write(&agents(&["status"]), &[action], by()).await.unwrap().remove(0)
}

fn codes(outcome: &Outcome) -> Vec<String> {
    let Outcome::Failed(Fault::Rejected { problems }) = outcome else { panic!("{outcome:?}") };
    problems.iter().map(|problem| problem.code.clone()).collect()
}

#[tokio::test]
async fn a_status_is_set_by_the_id_that_this_account_gives_it() {
    let desk = Desk::new(vec![routing(true), statuses(), done(13), done(99)]);
    for (status, id) in [("online", 13), ("In a meeting", 99)] {
        let outcome = write(&desk, set(&[("status", status)])).await;
        assert!(matches!(outcome, Outcome::Written { created: false, stored: None, .. }), "{outcome:?}");
        let last = desk.asked().len() - 1;
        assert_eq!(desk.asked()[last], "PUT /agent_availabilities/agent_statuses/agents/7");
        assert_eq!(desk.body(last), json!({ "id": id }));
    }
}

#[tokio::test]
async fn without_routing_the_state_is_set_in_talk_and_leaves_the_phone_alone() {
    let desk = Desk::new(vec![routing(false), ok(&json!({"availability": {"agent_state": "transfers_only"}}))]);
    assert!(matches!(write(&desk, set(&[("status", "transfers_only")])).await, Outcome::Written { .. }));
    assert_eq!(desk.asked()[1], "PUT /channels/voice/availabilities/7");
    assert_eq!(desk.body(1), json!({"availability": {"agent_state": "transfers_only"}}));
    // The account is asked again, for an own status may mean that routing is on by now.
    let desk = Desk::new(vec![routing(false), routing(false)]);
    assert_eq!(codes(&write(&desk, set(&[("status", "In a meeting")])).await), ["unknown_status"]);
}

#[tokio::test]
async fn routing_that_was_switched_on_since_is_found_out_by_a_refusal() {
    let refused = answer(422, r#"{"error":"RecordInvalid","description":"agent_state cannot be updated"}"#);
    let desk = Desk::new(vec![routing(false), refused, routing(true), statuses(), done(12)]);
    assert!(matches!(write(&desk, set(&[("status", "offline")])).await, Outcome::Written { .. }));
    assert_eq!(desk.body(4), json!({"id": 12}));
    assert!(desk.is_done());
}

#[tokio::test]
async fn a_missing_licence_is_no_missing_agent() {
    let missing = || answer(404, r#"{"error":"RecordNotFound","description":"Not found"}"#);
    let there = ok(&json!({"user": user(7, "2026-11-22T09:00:00Z")}));
    let settings = [("auth", "api_token"), ("status_api", "unified")];
    let secrets = [("email", "admin@acme.example"), ("api_token", "the-token")];
    let desk = Desk::with(&settings, &secrets, vec![statuses(), missing(), there]);
    assert_eq!(codes(&write(&desk, set(&[("status", "online")])).await), ["status_refused"]);
    let desk = Desk::with(&settings, &secrets, vec![statuses(), missing(), missing()]);
    assert_eq!(write(&desk, set(&[("status", "online")])).await, Outcome::Failed(Fault::Missing));
    let forbidden = answer(403, r#"{"error":{"title":"Forbidden","message":"no licence"}}"#);
    let desk = Desk::with(&settings, &secrets, vec![statuses(), forbidden]);
    assert_eq!(codes(&write(&desk, set(&[("status", "online")])).await), ["Forbidden", "status_refused"]);
}

#[tokio::test]
async fn a_status_that_nobody_knows_is_looked_up_anew_and_not_sent() {
    let desk = Desk::new(vec![routing(true), statuses(), statuses(), routing(true)]);
    assert_eq!(codes(&write(&desk, set(&[("status", "Siesta")])).await), ["unknown_status"]);
    assert!(desk.is_done() && desk.asked().iter().all(|line| line.starts_with("GET")));
}

#[tokio::test]
async fn a_lost_answer_leaves_it_open_and_what_was_not_sent_says_so() {
    let lost: Answer = Err(NoAnswer::Unanswered("timed out".into()));
    let desk = Desk::new(vec![routing(true), statuses(), lost]);
    assert_eq!(write(&desk, set(&[("status", "online")])).await, Outcome::Failed(Fault::Uncertain));
    for odd in [json!({}), json!({"data": {"attributes": {"agent_id": 8, "agent_status": {"id": 13, "name": "online"}}}})] {
        let desk = Desk::new(vec![routing(true), statuses(), ok(&odd)]);
        assert_eq!(write(&desk, set(&[("status", "online")])).await, Outcome::Failed(Fault::Uncertain), "{odd}");
    }
    let unsent: Answer = Err(NoAnswer::NotSent("refused".into()));
    let desk = Desk::new(vec![unsent]);
    let error = desk.connector.write(&agents(&["name"]), &[set(&[("notes", "x")])], by()).await.unwrap_err();
    assert!(matches!(error.fault, Fault::Transient { .. }));
    // The user was written, the status was not sent: that is no "nothing was received".
    let unsent: Answer = Err(NoAnswer::NotSent("refused".into()));
    let desk = Desk::new(vec![ok(&json!({"user": user(7, "2026-11-22T09:00:00Z")})), routing(true), statuses(), unsent]);
    let outcome = write(&desk, set(&[("notes", "x"), ("status", "online")])).await;
    assert!(matches!(outcome, Outcome::Failed(Fault::Transient { .. })), "{outcome:?}");
}

#[tokio::test]
async fn what_is_no_change_is_no_call_and_seats_are_not_touched() {
    let desk = Desk::new(vec![]);
    assert!(matches!(write(&desk, set(&[])).await, Outcome::Written { .. }));
    for action in [
        WriteAction::Create { fields: BTreeMap::new(), once: None },
        WriteAction::Delete { id: "7".into() },
        WriteAction::Restore { id: "7".into() },
    ] {
        assert!(matches!(write(&desk, action).await, Outcome::Failed(Fault::Unsupported { .. })));
    }
}
