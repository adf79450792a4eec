//! Whose account it is, and what is missing: what preflight shows.

use serde_json::{Value as Json, json};
use syncline_engine::ports::connector::Account;
use syncline_model::{CallError, Fault};

use crate::scripted::{Answer, Desk, answer, by, ok, routing, statuses};

fn me(changes: &Json) -> Answer {
    let mut user = json!({"id": 1, "name": "Ada", "email": "ada@acme.example", "role": "admin", "role_type": 4, "suspended": false});
    for (name, value) in changes.as_object().unwrap() {
        user[name] = value.clone();
    }
    ok(&json!({ "user": user }))
}

fn talk() -> Answer {
    ok(&json!({"availability": {"agent_state": "offline", "call_status": null, "via": "client"}}))
}

async fn ask(changes: &Json, talk: Answer) -> Result<Account, CallError> {
    Desk::new(vec![me(changes), routing(true), routing(true), statuses(), talk]).connector.account(by()).await
}

#[tokio::test]
async fn az_09_a_missing_talk_partner_edition_is_said_with_what_to_do() {
    let good = ask(&json!({}), talk()).await.unwrap();
    assert_eq!((good.id.as_str(), good.user.as_str()), ("acme.zendesk.com", "ada@acme.example"));
    assert!(good.problems.is_empty() && good.notes.iter().any(|note| note.contains("Talk Partner Edition")), "{good:?}");
    for (status, body) in [(403, r#"{"error":{"title":"Forbidden","message":"x"}}"#), (404, r#"{"error":"RecordNotFound"}"#)] {
        let lacking = ask(&json!({}), answer(status, body)).await.unwrap();
        assert!(matches!(lacking.problems.as_slice(), [problem] if problem.contains("Talk Partner Edition")), "{lacking:?}");
    }
    let secrets = [("email", "ada@acme.example"), ("api_token", "the-token")];
    let settings = [("auth", "api_token"), ("talk_partner_edition", "true")];
    let answers = vec![me(&json!({})), routing(true), routing(true), statuses(), answer(404, r#"{"error":"RecordNotFound"}"#)];
    let confirmed = Desk::with(&settings, &secrets, answers).connector.account(by()).await.unwrap();
    assert!(confirmed.problems.is_empty(), "{confirmed:?}");
}

#[tokio::test]
async fn roles_products_and_the_owner_are_told_as_far_as_they_can_be() {
    let account = ask(&json!({}), talk()).await.unwrap();
    let notes = account.notes.join("\n");
    for words in ["admin (administrator)", "Products beside Support: Talk.", "1 statuses of its own", "owner"] {
        assert!(notes.contains(words), "{words}: {notes}");
    }
    let agent = ask(&json!({"role": "agent", "role_type": 1, "suspended": true}), talk()).await.unwrap();
    assert_eq!(agent.problems.len(), 2, "{agent:?}");
    assert!(agent.notes[0].contains("light agent"));
}

#[tokio::test]
async fn an_answer_to_nobody_is_a_refused_sign_in() {
    let desk = Desk::new(vec![ok(&json!({"user": {"id": null, "name": "Anonymous user", "role": "end-user"}}))]);
    let refused = desk.connector.account(by()).await.unwrap_err();
    assert!(matches!(refused.fault, Fault::AuthRefused { .. }), "{refused}");
    let elsewhere = Desk::new(vec![answer(404, "<html><body>No such account</body></html>")]);
    let refused = elsewhere.connector.account(by()).await.unwrap_err();
    assert!(matches!(refused.fault, Fault::Drift { .. }) && refused.to_string().contains("subdomain"), "{refused}");
}
