//! Whose account it is, and what its plan allows.

use serde_json::{Value as Json, json};
use syncline_engine::ports::connector::Account;

use crate::scripted::{Answer, Desk, answer, by, ok, refused, stream};

fn me(role: &str) -> Answer {
    ok(&json!({"data": {"id": 7, "name": "Root", "email": "root@acme.example", "role": role, "status": "active"}}))
}

fn own(subdomain: &Json) -> Answer {
    ok(&json!({"data": {"id": 1234, "name": "Acme", "subdomain": subdomain, "timezone": "UTC+02:00"}}))
}

fn account(answers: Vec<Answer>) -> Account {
    let desk = Desk::new(answers);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(desk.connector.account(by())).unwrap()
}

#[test]
fn the_plan_is_told_by_what_answers() {
    let growth = account(vec![me("admin"), own(&json!("acme")), stream(&[], "a", true)]);
    assert_eq!((growth.id.as_str(), growth.name.as_str(), growth.user.as_str()), ("1234", "Acme", "root@acme.example"));
    assert!(growth.problems.is_empty() && growth.notes.iter().any(|note| note.contains("Firehose answers")), "{growth:?}");
    assert!(growth.notes[0].contains("acme.zendesk.com"));
    let team = account(vec![me("admin"), own(&Json::Null), refused(403, "insufficient_scope")]);
    assert!(team.notes.iter().any(|note| note.contains("Growth") && note.contains("appointments")), "{team:?}");
    assert!(team.notes[0].contains("legacy"));
    let unknown = account(vec![me("admin"), own(&Json::Null), answer(503, "")]);
    assert!(unknown.notes.iter().any(|note| note.contains("could not be told")));
}

#[test]
fn a_user_without_rights_is_a_problem() {
    let limited = account(vec![me("user"), own(&json!("acme")), stream(&[], "a", true)]);
    assert!(limited.problems[0].contains("administrator"), "{limited:?}");
}
