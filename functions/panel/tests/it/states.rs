//! How a requester may stand on the other side, and what is said when nothing can be shown.

use jiff::SignedDuration;
use serde_json::{Value as Json, json};
use syncline_engine::entry::LinkState;
use syncline_simulator::{Trouble, When, lock};

use crate::desk::{Desk, block_names, headings};

fn message(shown: &Json) -> &str {
    shown["message"].as_str().unwrap_or_default()
}

#[tokio::test]
async fn fs_18_a_requester_who_is_not_linked_is_found_by_email() {
    let desk = Desk::new();
    let requester = desk.requester(&json!({"name": "Ida", "email": "ida@nordwerk.example"}));
    let account = desk.crm("Account", &json!({"Name": "Nordwerk GmbH"}));
    desk.crm("Contact", &json!({"LastName": "Kowalski", "Email": "Ida@Nordwerk.example", "AccountId": account}));
    desk.crm("Lead", &json!({"LastName": "Kowalski", "Company": "Elsewhere", "Email": "ida@nordwerk.example"}));
    let order = desk.order(&account, "2026-05-01");
    desk.crm_calls();
    let shown = desk.json(requester).await;
    assert_eq!(shown["state"], "by_email");
    assert!(message(&shown).contains("not linked yet"), "{shown}");
    assert_eq!(headings(&shown, "orders"), [order]);
    assert!(!block_names(&shown).contains(&"lead"), "a contact goes before a lead");
    assert_eq!(desk.crm_calls().len(), 2);
}

#[tokio::test]
async fn fs_18_a_lead_is_found_by_email_where_there_is_no_contact() {
    let desk = Desk::new();
    let requester = desk.requester(&json!({"name": "Uma", "email": "uma@tessera.example"}));
    desk.crm("Lead", &json!({"LastName": "Rao", "FirstName": "Uma", "Company": "Tessera AB", "Email": "uma@tessera.example"}));
    desk.crm("Lead", &json!({"LastName": "Rao", "Company": "Other AB", "Email": "uma@tessera.example.org"}));
    desk.crm_calls();
    let shown = desk.json(requester).await;
    assert_eq!(shown["state"], "by_email");
    assert_eq!(block_names(&shown), ["lead"]);
    assert_eq!(headings(&shown, "lead"), ["Uma Rao"]);
    assert_eq!(shown["blocks"][0]["records"][0]["fields"][0]["text"], "Tessera AB");
    assert_eq!(desk.crm_calls().len(), 1);
}

#[tokio::test]
async fn fs_18_a_converted_lead_is_nobody() {
    let desk = Desk::new();
    let requester = desk.requester(&json!({"name": "Uma", "email": "uma@tessera.example"}));
    let lead = desk.crm("Lead", &json!({"LastName": "Rao", "Company": "Tessera AB", "Email": "uma@tessera.example"}));
    let (_, contact) = lock(&desk.salesforce).simulator.convert_lead(&lead, desk.now()).unwrap();
    assert_eq!(block_names(&desk.json(requester).await).first(), Some(&"contact"), "it has become a contact");
    desk.advance(SignedDuration::from_secs(1));
    assert!(lock(&desk.salesforce).simulator.delete_record("Contact", &contact, desk.now()));
    assert_eq!(desk.json(requester).await["state"], "not_linked");
}

#[tokio::test]
async fn fs_18_who_is_nobody_there_is_said_to_be_not_linked() {
    let desk = Desk::new();
    let stranger = desk.requester(&json!({"name": "Nia", "email": "nia@oakfield.example"}));
    let shown = desk.json(stranger).await;
    assert_eq!(shown["state"], "not_linked");
    assert!(message(&shown).contains("nobody there has their email"), "{shown}");
    assert_eq!(shown["blocks"], json!([]));
    let page = desk.page(stranger).await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains("nobody there has their email") && !page.text.contains("<article>"));

    let silent = desk.requester(&json!({"name": "Hana", "mobile": "+49 171 5550143"}));
    assert!(message(&desk.json(silent).await).contains("no email"));
    assert!(message(&desk.json(999_999_999).await).contains("no contact of the helpdesk"));
}

#[tokio::test]
async fn fs_18_a_person_who_is_linked_with_another_requester_is_not_shown() {
    let desk = Desk::new();
    let first = desk.requester(&json!({"name": "Ida", "email": "ida.private@home.example"}));
    let second = desk.requester(&json!({"name": "Impostor", "email": "ida@nordwerk.example"}));
    let ida = desk.crm("Contact", &json!({"LastName": "Kowalski", "Email": "ida@nordwerk.example"}));
    desk.link(first, &ida, LinkState::Active).await;
    assert_eq!(desk.json(second).await["state"], "not_linked");
    assert_eq!(desk.json(first).await["state"], "linked");
}

#[tokio::test]
async fn fs_18_a_link_that_has_ended_shows_nobody() {
    let desk = Desk::new();
    let requester = desk.requester(&json!({"name": "Ida", "mobile": "+49 171 5550143"}));
    let ida = desk.crm("Contact", &json!({"LastName": "Kowalski"}));
    desk.link(requester, &ida, LinkState::Severed { gone: syncline_model::Side::Left }).await;
    assert_eq!(desk.json(requester).await["state"], "not_linked");
}

#[tokio::test]
async fn fs_18_two_people_in_different_accounts_are_ambiguous() {
    let desk = Desk::new();
    let requester = desk.requester(&json!({"name": "Ida", "email": "office@shared.example"}));
    let person = |account: &str, name: &str| json!({"LastName": name, "Email": "office@shared.example", "AccountId": account});
    let (nordwerk, helio) = (desk.crm("Account", &json!({"Name": "Nordwerk"})), desk.crm("Account", &json!({"Name": "Helio"})));
    desk.crm("Contact", &person(&nordwerk, "Kowalski"));
    desk.crm("Contact", &person(&nordwerk, "Nowak"));
    let shown = desk.json(requester).await;
    assert_eq!(
        (shown["state"].as_str(), headings(&shown, "contact")),
        (Some("by_email"), vec!["Nowak".to_owned()]),
        "one account: the newest"
    );
    desk.crm("Contact", &person(&helio, "Brandt"));
    let shown = desk.json(requester).await;
    assert_eq!(shown["state"], "ambiguous");
    assert!(message(&shown).contains("3 records in Salesforce (Contact)"), "{shown}");
    assert_eq!(shown["blocks"], json!([]));
    let page = desk.page(requester).await.text;
    assert!(page.contains("do not belong together") && !page.contains("Nordwerk") && !page.contains("Helio"), "{page}");
}

#[tokio::test]
async fn fs_18_a_crm_that_is_out_of_reach_is_said_and_is_no_error() {
    let desk = Desk::new();
    let requester = desk.requester(&json!({"name": "Ida", "email": "ida@nordwerk.example"}));
    let ida = desk.crm("Contact", &json!({"LastName": "Kowalski"}));
    desk.link(requester, &ida, LinkState::Active).await;
    let token = desk.token(requester).await;
    for outage in [Trouble::NeverSent, Trouble::AnswerLost, Trouble::HtmlError, Trouble::HtmlInsteadOfJson, Trouble::CutBody] {
        lock(&desk.salesforce).outage = Some(outage.clone());
        let page = desk.get(&format!("/panel?token={token}")).await;
        assert_eq!(page.status, 200, "{outage:?}");
        assert!(page.text.contains("data-state=\"unavailable\"") && page.text.contains("Salesforce"), "{outage:?}: {}", page.text);
        assert_eq!(page.header("cache-control"), "no-store", "the next look may find it again");
        assert!(!page.text.contains("Something went wrong"), "{}", page.text);
    }
    lock(&desk.salesforce).outage = None;
    assert_eq!(desk.json(requester).await["state"], "linked");
}

#[tokio::test]
async fn fs_18_the_second_call_may_fail_too() {
    let desk = Desk::new();
    let requester = desk.requester(&json!({"name": "Ida", "email": "ida@nordwerk.example"}));
    let account = desk.crm("Account", &json!({"Name": "Nordwerk"}));
    let ida = desk.crm("Contact", &json!({"LastName": "Kowalski", "AccountId": account}));
    desk.link(requester, &ida, LinkState::Active).await;
    lock(&desk.salesforce).script.add(When::next(http::Method::POST, "composite"), Trouble::HtmlError);
    let shown = desk.json(requester).await;
    assert_eq!(shown["state"], "unavailable");
    assert!(message(&shown).contains("does not answer just now"), "{shown}");
}

#[tokio::test]
async fn fs_18_a_helpdesk_out_of_reach_is_named() {
    let desk = Desk::new();
    let requester = desk.requester(&json!({"name": "Ida", "email": "ida@nordwerk.example"}));
    lock(&desk.freshdesk).outage = Some(Trouble::HtmlError);
    let shown = desk.json(requester).await;
    assert_eq!(shown["state"], "unavailable");
    assert!(message(&shown).starts_with("Freshdesk"), "{shown}");
}

#[tokio::test]
async fn fs_18_a_refused_sign_in_tells_what_to_do_and_a_stopped_connection_is_not_called() {
    let desk = Desk::new();
    let requester = desk.requester(&json!({"name": "Ida", "email": "ida@nordwerk.example"}));
    let ida = desk.crm("Contact", &json!({"LastName": "Kowalski"}));
    desk.link(requester, &ida, LinkState::Active).await;
    lock(&desk.salesforce).simulator.revoke("simulator-client");
    assert!(message(&desk.json(requester).await).contains("syncline connect"));
    syncline_engine::state::stop(&desk.engine, &"salesforce".into(), "revoked").await.unwrap();
    lock(&desk.salesforce).seen.clear();
    assert!(message(&desk.json(requester).await).contains("syncline connect"));
    assert!(lock(&desk.salesforce).seen.is_empty());
}

#[tokio::test]
async fn fs_18_a_store_out_of_reach_is_a_page_too() {
    let desk = Desk::new();
    let requester = desk.requester(&json!({"name": "Ida", "email": "ida@nordwerk.example"}));
    let token = desk.token(requester).await;
    desk.break_store();
    let page = desk.get(&format!("/panel?token={token}")).await;
    assert_eq!(page.status, 503);
    assert!(page.text.contains("cannot be read just now"), "{}", page.text);
}
