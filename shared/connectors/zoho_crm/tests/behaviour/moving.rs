//! People who change modules, also where it breaks off at any request and is asked for again.

use serde_json::json;
use syncline_engine::ports::connector::{Outcome, WriteAction};
use syncline_model::{Fault, Presence, RecordId, Value};
use syncline_simulator::{Fields, Trouble, Users as _};
use syncline_zoho_crm_sim::{ACCOUNTS, CONTACTS, LEADS};

use crate::world::{LINK, World, bare, update, values, written};

const TROUBLES: [Trouble; 4] = [Trouble::NeverSent, Trouble::AnswerLost, Trouble::HtmlErrorAfterCommit, Trouble::HtmlError];

/// A lead that is linked, as the connector makes it.
async fn linked_lead(world: &World) -> RecordId {
    let fields = values([
        ("module", Value::text("Leads")),
        ("Last_Name", Value::text("Nowak")),
        ("Email", Value::text("ida@acme.example")),
        ("City", Value::text("Kraków")),
        ("Company", Value::text("Acme")),
        (LINK, Value::text("d51bd57f")),
    ]);
    written(&world.write(WriteAction::Create { fields, once: Some(LINK.into()) }).await)
}

/// A contact that is linked and works somewhere.
async fn linked_contact(world: &World) -> RecordId {
    let fields = values([
        ("module", Value::text("Contacts")),
        ("Last_Name", Value::text("Nowak")),
        ("Email", Value::text("ida@acme.example")),
        ("City", Value::text("Kraków")),
        ("Company", Value::text("Acme")),
        ("Date_of_Birth", Value::Date("1990-02-03".parse().unwrap())),
        (LINK, Value::text("d51bd57f")),
    ]);
    written(&world.write(WriteAction::Create { fields, once: Some(LINK.into()) }).await)
}

fn to_contact(lead: &RecordId) -> WriteAction {
    update(
        lead,
        [
            ("module", Value::text("Contacts")),
            ("Title", Value::text("Buyer")),
            ("Date_of_Birth", Value::Date("1990-02-03".parse().unwrap())),
        ],
    )
}

fn to_lead(contact: &RecordId) -> WriteAction {
    update(contact, [("module", Value::text("Leads")), ("Title", Value::text("Buyer"))])
}

/// Asks again as the engine does: where the record went meanwhile, there; until it is written.
async fn until_written(world: &World, first: &RecordId, action: impl Fn(&RecordId) -> WriteAction) -> RecordId {
    for _ in 0..5 {
        world.pass(30);
        if let Some(Presence::MergedInto(new)) = world.get(first).await.map(|record| record.presence) {
            return new;
        }
        if let Ok(mut outcomes) = world.connector().write(&crate::world::persons(), &[action(first)], world.by()).await
            && let Outcome::Written { id, .. } = outcomes.remove(0)
        {
            return id;
        }
    }
    panic!("it is never written");
}

#[tokio::test]
async fn sz_02_a_lead_becomes_a_contact_with_all_it_had() {
    let world = World::new();
    let lead = linked_lead(&world).await;
    let contact = written(&world.write(to_contact(&lead)).await);
    let own = world.record(CONTACTS, bare(&contact));
    assert_eq!((&own["Last_Name"], &own["Mailing_City"], &own["Title"]), (&json!("Nowak"), &json!("Kraków"), &json!("Buyer")));
    assert_eq!(
        (&own[LINK], &own["Date_of_Birth"], &own["Account_Name"]["name"]),
        (&json!("d51bd57f"), &json!("1990-02-03"), &json!("Acme"))
    );
    assert_eq!(world.get(&lead).await.unwrap().presence, Presence::MergedInto(contact.clone()));
    let read = world.get(&contact).await.unwrap();
    assert!(read.is_live() && read.field("City") == Some(&Value::text("Kraków")) && read.field("Company") == Some(&Value::text("Acme")));
    // Asked for again, it is the same contact.
    assert_eq!(written(&world.write(to_contact(&lead)).await), contact);
    assert_eq!(world.live(CONTACTS).len(), 1);
}

#[tokio::test]
async fn sz_02_a_lead_that_somebody_converted_is_told_with_its_contact() {
    let world = World::new();
    let lead = linked_lead(&world).await;
    world.pass(600);
    let (_, from) = world.changes(syncline_engine::ports::connector::From::Since(world.now())).await;
    world.pass(600);
    let contact = world.act(|zoho, now| zoho.convert(now, bare(&lead))).unwrap();
    let contact = RecordId::new(format!("Contacts/{contact}"));
    world.pass(600);
    let (told, _) = world.changes(syncline_engine::ports::connector::From::Cursor(&from)).await;
    let told: Vec<_> = told.into_iter().map(|record| (record.id, record.presence)).collect();
    assert_eq!(told, [(lead, Presence::MergedInto(contact.clone())), (contact, Presence::Live)]);
}

#[tokio::test]
async fn sz_02_a_contact_becomes_a_lead_and_tells_where_it_is() {
    let world = World::new();
    let contact = linked_contact(&world).await;
    let lead = written(&world.write(to_lead(&contact)).await);
    let own = world.record(LEADS, bare(&lead));
    assert_eq!(
        (&own["Last_Name"], &own["City"], &own["Title"], &own["Company"]),
        (&json!("Nowak"), &json!("Kraków"), &json!("Buyer"), &json!("Acme"))
    );
    assert_eq!((&own[LINK], &own["Email"]), (&json!("d51bd57f"), &json!("ida@acme.example")));
    let kept = world.record(CONTACTS, bare(&contact));
    assert_eq!(
        (&kept[LINK], &kept["Date_of_Birth"]),
        (&json!(lead.as_str()), &json!("1990-02-03")),
        "the contact keeps what a lead has no field for"
    );
    assert_eq!(world.get(&contact).await.unwrap().presence, Presence::MergedInto(lead.clone()));
    assert_eq!(written(&world.write(to_lead(&contact)).await), lead);
    assert_eq!(world.live(LEADS).len(), 1);
}

#[tokio::test]
async fn sz_02_a_contact_goes_into_the_bin_where_that_is_wished() {
    let world = World::with(&[("demoted_contact", "remove")]);
    let contact = linked_contact(&world).await;
    let lead = written(&world.write(to_lead(&contact)).await);
    assert!(world.live(CONTACTS).is_empty());
    assert_eq!(world.live(LEADS).keys().map(String::as_str).collect::<Vec<_>>(), [bare(&lead)]);
}

#[tokio::test]
async fn a_person_who_goes_there_and_back_has_one_contact() {
    let world = World::new();
    let contact = linked_contact(&world).await;
    let lead = written(&world.write(to_lead(&contact)).await);
    world.pass(60);
    let again = written(&world.write(to_contact(&lead)).await);
    assert_eq!(again, contact);
    assert_eq!(world.record(CONTACTS, bare(&contact))[LINK], "d51bd57f");
    assert!(world.get(&contact).await.unwrap().is_live());
    assert_eq!((world.live(CONTACTS).len(), world.live(LEADS).len(), world.live(ACCOUNTS).len()), (1, 0, 1));
    // And once more: the contact becomes another lead, since the first was converted for good.
    world.pass(60);
    let second = written(&world.write(to_lead(&contact)).await);
    assert_ne!(second, lead);
    assert_eq!((world.live(CONTACTS).len(), world.live(LEADS).len()), (1, 1));
}

#[tokio::test]
async fn a_promotion_that_breaks_off_anywhere_makes_one_contact() {
    let requests = {
        let world = World::new();
        let lead = linked_lead(&world).await;
        let before = world.requests();
        written(&world.write(to_contact(&lead)).await);
        u32::try_from(world.requests() - before).unwrap()
    };
    assert!(requests >= 6, "{requests}");
    for trouble in TROUBLES {
        for request in 0..requests {
            let world = World::new();
            let lead = linked_lead(&world).await;
            world.trouble(request, trouble.clone());
            let first = world.connector().write(&crate::world::persons(), &[to_contact(&lead)], world.by()).await;
            let context = format!("request {request}, {trouble:?}: {first:?}");
            let contact = until_written(&world, &lead, to_contact).await;
            assert!(contact.as_str().starts_with("Contacts/"), "{context}");
            let title = update(&contact, [("Title", Value::text("Buyer")), (LINK, Value::text("d51bd57f"))]);
            written(&world.write(title).await);
            assert_eq!((world.live(CONTACTS).len(), world.live(LEADS).len()), (1, 0), "{context}");
            assert_eq!(world.record(CONTACTS, bare(&contact))["Mailing_City"], "Kraków", "{context}");
        }
    }
}

#[tokio::test]
async fn a_demotion_that_breaks_off_anywhere_makes_one_lead() {
    for demoted in ["keep", "remove"] {
        let settings = [("demoted_contact", demoted)];
        let requests = {
            let world = World::with(&settings);
            let contact = linked_contact(&world).await;
            let before = world.requests();
            written(&world.write(to_lead(&contact)).await);
            u32::try_from(world.requests() - before).unwrap()
        };
        for trouble in TROUBLES {
            for request in 0..requests {
                let world = World::with(&settings);
                let contact = linked_contact(&world).await;
                world.trouble(request, trouble.clone());
                let first = world.connector().write(&crate::world::persons(), &[to_lead(&contact)], world.by()).await;
                let context = format!("{demoted}, request {request}, {trouble:?}: {first:?}");
                let lead = match &first {
                    Ok(outcomes) if matches!(outcomes[0], Outcome::Written { .. }) => written(&outcomes[0]),
                    Ok(_) | Err(_) => until_written(&world, &contact, to_lead).await,
                };
                assert_eq!(world.live(LEADS).keys().map(String::as_str).collect::<Vec<_>>(), [bare(&lead)], "{context}");
                assert_eq!(world.record(LEADS, bare(&lead))["Title"], "Buyer", "{context}");
            }
        }
    }
}

#[tokio::test]
async fn a_contact_without_a_link_is_found_again_by_its_own_id() {
    let world = World::new();
    let id = world.typed(CONTACTS, [("Last_Name", json!("Nowak")), ("Email", json!("ida@acme.example"))]);
    let contact = RecordId::new(format!("Contacts/{id}"));
    let lead = written(&world.write(to_lead(&contact)).await);
    let own = world.record(LEADS, bare(&lead));
    assert_eq!((&own[LINK], &own["Company"]), (&json!(contact.as_str()), &json!("-")));
}

#[tokio::test]
async fn without_a_link_field_a_contact_stays_one() {
    let world = World::with(&[("link_field", "Nowhere")]);
    let id = world.typed(CONTACTS, [("Last_Name", json!("Nowak"))]);
    let outcome = world.write(to_lead(&RecordId::new(format!("Contacts/{id}")))).await;
    let Outcome::Failed(Fault::Rejected { problems }) = outcome else { panic!("{outcome:?}") };
    assert_eq!(problems[0].code, "no_link_field");
    assert!(world.live(LEADS).is_empty());
}

#[tokio::test]
async fn a_lead_that_is_two_contacts_waits_for_a_person() {
    let world = World::new();
    let lead = linked_lead(&world).await;
    for name in ["Nowak", "Novak"] {
        world.typed(CONTACTS, [("Last_Name", json!(name)), ("Email", json!("ida@acme.example"))]);
    }
    let outcome = world.write(to_contact(&lead)).await;
    let Outcome::Failed(Fault::Rejected { problems }) = outcome else { panic!("{outcome:?}") };
    assert_eq!(problems[0].code, "ambiguous_contact");
    assert_eq!((world.live(CONTACTS).len(), world.live(LEADS).len()), (2, 1));
}

#[tokio::test]
async fn a_refused_field_is_refused_before_anything_moves() {
    let world = World::new();
    let lead = linked_lead(&world).await;
    let action = update(&lead, [("module", Value::text("Contacts")), ("Email", Value::text("certainly no address"))]);
    let outcome = world.write(action).await;
    assert!(matches!(&outcome, Outcome::Failed(Fault::Rejected { .. })), "{outcome:?}");
    assert_eq!((world.live(CONTACTS).len(), world.live(LEADS).len()), (0, 1));
}

#[tokio::test]
async fn a_conversion_that_is_put_off_is_found_when_it_is_done() {
    let world = World::new();
    let lead = linked_lead(&world).await;
    world.act(|zoho, _| zoho.profile_mut().schedules_conversions = true);
    assert_eq!(world.write(to_contact(&lead)).await, Outcome::Failed(Fault::Uncertain));
    let waiting = world.write(to_contact(&lead)).await;
    assert!(matches!(&waiting, Outcome::Failed(Fault::Transient { .. })), "{waiting:?}");
    let contact = until_written(&world, &lead, to_contact).await;
    assert_eq!((world.live(CONTACTS).len(), contact.as_str().starts_with("Contacts/")), (1, true));
}

/// Two of us may be at it: what the first wrote there, where the person went, stays.
#[tokio::test]
async fn a_contact_that_changes_while_it_is_turned_into_a_lead_is_looked_at_anew() {
    let world = World::new();
    let contact = world.typed(CONTACTS, [("Last_Name", json!("Nowak")), ("Email", json!("ida@acme.example"))]);
    let (id, mark) = (contact.clone(), Fields::from([(LINK.to_owned(), json!("where they went"))]));
    world.wire.after("/crm/v8/Contacts", move |zoho, now| {
        zoho.edit(now + std::time::Duration::from_secs(1), CONTACTS, &id, &mark).unwrap();
    });
    let action =
        update(&format!("Contacts/{contact}").as_str().into(), [("module", Value::text("Leads")), (LINK, Value::text("d51bd57f"))]);
    assert_eq!(world.write(action).await, Outcome::Failed(Fault::Conflict));
    assert_eq!(world.record(CONTACTS, &contact)[LINK], json!("where they went"));
    assert_eq!(world.live(LEADS).len(), 0);
}

/// The vendor leaves the values of a contact into which it converts. Until somebody asks again, nobody tells them from a person's edits.
#[tokio::test]
async fn a_contact_who_stayed_shows_what_the_lead_did_from_the_first_moment() {
    let world = World::new();
    let contact = linked_contact(&world).await;
    let lead = written(&world.write(to_lead(&contact)).await);
    world.act(|zoho, now| zoho.edit(now, LEADS, bare(&lead), &Fields::from([("City".to_owned(), json!("Gdynia"))]))).unwrap();
    world.act(|zoho, _| zoho.profile_mut().schedules_conversions = true);
    assert_eq!(world.write(to_contact(&lead)).await, Outcome::Failed(Fault::Uncertain));
    assert_eq!(world.get(&contact).await.unwrap().presence, Presence::MergedInto(lead.clone()), "until then the lead is the person");
    world.pass(600);
    let met = world.get(&contact).await.unwrap();
    assert_eq!((met.presence.clone(), met.field("City")), (Presence::Live, Some(&Value::text("Gdynia"))));
    let back = until_written(&world, &lead, to_contact).await;
    assert_eq!(back, contact);
}

#[tokio::test]
async fn who_opted_out_as_a_contact_stays_so() {
    let world = World::new();
    let lead = linked_lead(&world).await;
    let contact =
        world.typed(CONTACTS, [("Last_Name", json!("Nowak")), ("Email", json!("ida@acme.example")), ("Email_Opt_Out", json!(true))]);
    let met = written(&world.write(to_contact(&lead)).await);
    assert_eq!(bare(&met), contact);
    assert_eq!(world.record(CONTACTS, &contact)["Email_Opt_Out"], true);
}

#[tokio::test]
async fn a_contact_that_was_turned_into_a_lead_is_no_record_of_ours_any_more() {
    let world = World::new();
    let contact = linked_contact(&world).await;
    let lead = written(&world.write(to_lead(&contact)).await);
    world.pass(600);
    let scanned = world.connector().scan(&crate::world::persons(), None, world.by()).await.unwrap();
    let ids: Vec<RecordId> = scanned.records.into_iter().map(|record| record.unwrap().id).collect();
    assert_eq!(ids, std::slice::from_ref(&lead));
    let key = syncline_engine::ports::connector::FindKey { field: "Email".into(), value: Value::text("ida@acme.example") };
    let found = world.connector().find(&crate::world::persons(), &[key], world.by()).await.unwrap().remove(0);
    assert_eq!(found.into_iter().map(|record| record.id).collect::<Vec<_>>(), std::slice::from_ref(&lead));
    // People go on with the contact: nobody hears of it.
    let title = Fields::from([("Title".to_owned(), json!("Former buyer"))]);
    world.act(|zoho, now| zoho.edit(now, CONTACTS, bare(&contact), &title)).unwrap();
    assert_eq!(world.get(&contact).await.unwrap().presence, Presence::MergedInto(lead));
}
