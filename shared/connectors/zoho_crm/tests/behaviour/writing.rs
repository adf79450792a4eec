//! What only this vendor's writes have: accounts behind companies, fields that are passed over, owners.

use serde_json::json;
use syncline_engine::ports::connector::{Outcome, Selection, WriteAction};
use syncline_engine::ports::vendor::Vendor;
use syncline_model::{Fault, Value};
use syncline_simulator::{Fields, Users};
use syncline_zoho_crm_sim::{ACCOUNTS, CONTACTS, LEADS};

use crate::world::{LINK, World, bare, persons, update, values, written};

fn contact(number: u32, company: &str) -> WriteAction {
    let fields = values([
        ("module", Value::text("Contacts")),
        ("Last_Name", Value::text(format!("Nowak {number}"))),
        ("Company", Value::text(company)),
        (LINK, Value::text(format!("link-{number}"))),
    ]);
    WriteAction::Create { fields, once: Some(LINK.into()) }
}

#[tokio::test]
async fn people_of_one_company_share_its_account() {
    let world = World::new();
    world.typed(ACCOUNTS, [("Account_Name", json!("Acme"))]);
    let batch = [contact(1, "Nordwerk"), contact(2, "Nordwerk"), contact(3, "Acme")];
    let outcomes = world.connector().write(&persons(), &batch, world.by()).await.unwrap();
    let companies: Vec<_> =
        outcomes.iter().map(|outcome| world.record(CONTACTS, bare(&written(outcome)))["Account_Name"]["name"].clone()).collect();
    assert_eq!(companies, [json!("Nordwerk"), json!("Nordwerk"), json!("Acme")]);
    assert_eq!(world.live(ACCOUNTS).len(), 2);
    let cleared = update(&written(&outcomes[0]), [("Company", Value::Null)]);
    written(&world.write(cleared).await);
    assert_eq!(world.record(CONTACTS, bare(&written(&outcomes[0])))["Account_Name"], json!(null));
}

#[tokio::test]
async fn a_batch_of_leads_and_contacts_is_written_together_and_answered_in_order() {
    let world = World::new();
    let lead = |number: u32| {
        let fields = values([("Last_Name", Value::text(format!("Lead {number}"))), ("Company", Value::text("Acme"))]);
        WriteAction::Create { fields, once: None }
    };
    let batch = [contact(1, "Acme"), lead(2), contact(3, "Acme"), lead(4)];
    let before = world.requests();
    let outcomes = world.connector().write(&persons(), &batch, world.by()).await.unwrap();
    let modules: Vec<String> = outcomes.iter().map(|outcome| written(outcome).as_str().split('/').next().unwrap().to_owned()).collect();
    assert_eq!(modules, ["Contacts", "Leads", "Contacts", "Leads"]);
    let writes = world.seen_since(before).iter().filter(|call| !call.starts_with("GET") && call.contains("/crm/")).count();
    assert_eq!(writes, 3, "leads, accounts, contacts");
}

/// As many as the bounds of a person say: each of the two modules has a call of its own, and each is filled.
#[tokio::test]
async fn two_hundred_people_of_both_modules_are_two_calls() {
    let world = World::new();
    let people: Vec<WriteAction> = (0..200)
        .map(|number| {
            // A contact's company would be a call of its own, a lead has to have one.
            let (module, company) = if number % 2 == 0 { ("Leads", Value::text("Acme")) } else { ("Contacts", Value::Null) };
            let fields = values([
                ("module", Value::text(module)),
                ("Last_Name", Value::text(format!("Nowak {number}"))),
                ("Company", company),
                (LINK, Value::text(format!("link-{number}"))),
            ]);
            WriteAction::Create { fields, once: Some(LINK.into()) }
        })
        .collect();
    let most = syncline_zoho_crm::VENDOR.descriptor().object("person").unwrap().bounds.written_at_once();
    assert_eq!(usize::try_from(most).unwrap(), people.len());
    let before = world.requests();
    let outcomes = world.connector().write(&persons(), &people, world.by()).await.unwrap();
    let modules: Vec<String> = outcomes.iter().map(|outcome| written(outcome).as_str().split('/').next().unwrap().to_owned()).collect();
    assert!(modules.chunks(2).all(|two| two == ["Leads", "Contacts"]), "each answered in its place");
    let writes = world.seen_since(before).iter().filter(|call| !call.starts_with("GET") && call.contains("/crm/")).count();
    assert_eq!(writes, 2);
}

/// What the look finds is theirs. Told as what became of our write, it would be carried nowhere.
#[tokio::test]
async fn an_edit_between_a_write_and_the_look_at_it_does_not_pass_for_its_result() {
    for (field, seconds) in [("City", 0), ("Title", 30)] {
        let world = World::new();
        let id = world.typed(LEADS, [("Last_Name", json!("Nowak")), ("Company", json!("Acme")), (field, json!("Old"))]);
        let (typed, lead) = (Fields::from([(field.to_owned(), json!("Theirs"))]), id.clone());
        world.wire.after("/crm/v8/Leads", move |zoho, now| {
            zoho.edit(now + std::time::Duration::from_secs(seconds), LEADS, &lead, &typed).unwrap();
        });
        let before = world.requests();
        let outcome = world.write(update(&format!("Leads/{id}").as_str().into(), [(field, Value::text("Ours"))])).await;
        let Outcome::Written { stored: Some(stored), .. } = &outcome else { panic!("{outcome:?}") };
        assert_eq!(stored.field(field), Some(&Value::text("Ours")));
        assert_eq!(stored.field("Last_Name"), Some(&Value::text("Nowak")));
        assert_eq!(world.record(LEADS, &id)[field], json!("Theirs"), "their edit stands");
        let calls: Vec<String> = world.seen_since(before).into_iter().filter(|call| call.contains("/crm/v8/Leads")).collect();
        assert_eq!(calls.len(), 2, "written, and looked at: {calls:?}");
    }
}

#[tokio::test]
async fn where_no_field_is_asked_for_nothing_is_read_after_a_write() {
    let world = World::new();
    let id = world.typed(LEADS, [("Last_Name", json!("Nowak")), ("Company", json!("Acme"))]);
    let before = world.requests();
    let selection = Selection { kind: "person".into(), fields: Vec::new() };
    let stamp = update(&format!("Leads/{id}").as_str().into(), [(LINK, Value::text("link-1"))]);
    written(&world.connector().write(&selection, &[stamp], world.by()).await.unwrap().remove(0));
    let calls: Vec<String> = world.seen_since(before).into_iter().filter(|call| call.contains("/crm/v8/Leads")).collect();
    assert!(calls.len() == 1 && calls[0].starts_with("PUT"), "{calls:?}");
}

#[tokio::test]
async fn what_the_vendor_rewrites_is_told_as_it_is_stored() {
    let world = World::new();
    let id = world.typed(LEADS, [("Last_Name", json!("Nowak")), ("Company", json!("Acme")), ("City", json!("Old"))]);
    let outcome = world.write(update(&format!("Leads/{id}").as_str().into(), [("City", Value::text("  New "))])).await;
    let Outcome::Written { stored: Some(stored), .. } = &outcome else { panic!("{outcome:?}") };
    assert_eq!(stored.field("City"), Some(&Value::text("New")));
}

#[tokio::test]
async fn what_the_vendor_would_pass_over_is_refused() {
    let world = World::new();
    let id = world.typed(LEADS, [("Last_Name", json!("Nowak")), ("Company", json!("Acme"))]);
    let selection = Selection { kind: "Leads".into(), fields: vec!["Last_Name".into()] };
    let action = update(&id.as_str().into(), [("Last_Nmae", Value::text("Misspelt"))]);
    let outcome = world.connector().write(&selection, &[action], world.by()).await.unwrap().remove(0);
    assert!(matches!(&outcome, Outcome::Failed(Fault::Rejected { problems }) if problems[0].code == "no_such_field"), "{outcome:?}");
}

#[tokio::test]
async fn a_record_is_given_to_another_user_by_id_and_not_to_one_who_left() {
    let world = World::new();
    let id = world.typed(LEADS, [("Last_Name", json!("Nowak")), ("Company", json!("Acme"))]);
    let person = format!("Leads/{id}").as_str().into();
    let ola = world.act(|zoho, now| zoho.add_user(now, "ola@acme.example", "Ola", "Nowak"));
    written(&world.write(update(&person, [("Owner", Value::Reference(ola.as_str().into()))])).await);
    let read = world.get(&person).await.unwrap();
    assert!(read.field("Owner") == Some(&Value::Reference(ola.as_str().into())));
    assert!(read.field("owner_email") == Some(&Value::text("ola@acme.example")));
    let gone = world.act(|zoho, now| zoho.add_user(now, "eva@acme.example", "Eva", "Nowak"));
    world.act(|zoho, _| zoho.set_user_active(&gone, false));
    let outcome = world.write(update(&person, [("Owner", Value::Reference(gone.as_str().into()))])).await;
    let Outcome::Failed(Fault::Rejected { problems }) = outcome else { panic!("{outcome:?}") };
    assert_eq!(problems[0].field.as_ref().unwrap().as_str(), "Owner");
}

#[tokio::test]
async fn a_locked_record_waits_for_a_person_and_stops_no_other() {
    let world = World::new();
    let ids: Vec<String> =
        ["Nowak", "Novak"].map(|name| world.typed(LEADS, [("Last_Name", json!(name)), ("Company", json!("Acme"))])).into();
    assert!(world.act(|zoho, _| zoho.lock(LEADS, &ids[0], true)));
    let batch: Vec<WriteAction> =
        ids.iter().map(|id| update(&format!("Leads/{id}").as_str().into(), [("Title", Value::text("Buyer"))])).collect();
    let outcomes = world.connector().write(&persons(), &batch, world.by()).await.unwrap();
    assert!(matches!(&outcomes[0], Outcome::Failed(Fault::Rejected { .. })), "{outcomes:?}");
    written(&outcomes[1]);
}
