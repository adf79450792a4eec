//! Whose organisation this is, its fields, its panels and its messages.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::HeaderMap;
use serde_json::json;
use syncline_engine::ports::connector::{FieldWish, FindKey, RelatedQuery};
use syncline_engine::ports::webhook::{Heard, RawWebhook, Refused, admit};
use syncline_model::{Fault, FieldSchema, FieldType, Value};
use syncline_salesforce_sim::{Profile, Salesforce};
use syncline_simulator::lock;

use crate::world::{World, contacts, create_once, profile, stored};

#[tokio::test]
async fn the_account_names_organisation_user_and_what_is_left_of_the_day() {
    let world = World::new(profile(|profile| profile.daily_calls = 15_000));
    let account = world.connector().account(world.by()).await.unwrap();
    let organization = lock(&world.org).simulator.organization_id().to_owned();
    assert_eq!((account.id.as_str(), account.name.as_str()), (organization.as_str(), "Simulator"));
    assert_eq!(account.user, "integration@simulator.example");
    assert!(account.problems.is_empty(), "{:?}", account.problems);
    assert!(account.notes.iter().any(|note| note.contains("of 15000")), "{:?}", account.notes);
    assert!(account.notes.iter().any(|note| note.contains("Enterprise Edition, production")), "{:?}", account.notes);
}

#[tokio::test]
async fn another_organisation_than_configured_is_refused() {
    let world = World::new(Profile::default()).with("organization_id", "00Dx0000000BV7zEAG");
    let refused = world.connector().account(world.by()).await.unwrap_err();
    assert!(matches!(refused.fault, Fault::AuthRefused { .. }), "{refused}");
    let refused = world.connector().scan(&contacts(), None, world.by()).await.unwrap_err();
    assert!(matches!(refused.fault, Fault::AuthRefused { .. }), "{refused}");
}

fn wish(name: &str, field_type: FieldType, is_key: bool) -> FieldWish {
    let mut schema = FieldSchema::new(name, name.trim_end_matches("__c"), field_type);
    schema.unique = is_key;
    schema.upsert_key = is_key;
    FieldWish { kind: "Contact".into(), schema }
}

#[tokio::test]
async fn a_field_is_made_seen_and_written_and_making_it_again_is_no_error() {
    let world = World::around(Salesforce::new(Profile::default()));
    let connector = world.connector();
    assert!(connector.describe(&"Contact".into(), world.by()).await.unwrap().field(crate::world::LINK).is_none());
    for (name, field_type, is_key) in [
        (crate::world::LINK, FieldType::Text, true),
        ("Vip__c", FieldType::Bool, false),
        ("Since__c", FieldType::Date, false),
        ("Seen__c", FieldType::DateTime, false),
    ] {
        for _ in 0..2 {
            connector.provision(&wish(name, field_type.clone(), is_key), world.by()).await.unwrap();
        }
        let schema = world.connector().describe(&"Contact".into(), world.by()).await.unwrap();
        let field = schema.field(name).unwrap();
        assert!(field.creatable && field.updatable && field.custom, "{name}");
        assert_eq!((&field.field_type, field.unique, field.upsert_key), (&field_type, is_key, is_key), "{name}");
    }
    let action = create_once(&[("LastName", "First"), (crate::world::LINK, "820")]);
    let outcomes = connector.write(&contacts(), &[action], world.by()).await.unwrap();
    assert!(stored(&outcomes[0]).field(crate::world::LINK) == Some(&Value::text("820")));
    // One permission set, one assignment, however often it was asked for.
    assert_eq!((world.ids("PermissionSet").len(), world.ids("PermissionSetAssignment").len()), (1, 1));
    assert_eq!(world.ids("FieldPermissions").len(), 4);
}

#[tokio::test]
async fn a_field_of_that_name_and_another_kind_is_told() {
    let world = World::new(Profile::default());
    let plain = json!({ "type": "Text", "length": 40, "label": "Plain" });
    assert!(lock(&world.org).simulator.add_custom_field("Contact", "Plain__c", &plain));
    for (wish, code) in [
        (wish("Plain__c", FieldType::Bool, false), "FIELD_TYPE"),
        (wish("Plain__c", FieldType::Text, true), "FIELD_NOT_EXTERNAL_ID"),
        (wish("Plain", FieldType::Text, true), "FIELD_NAME"),
    ] {
        let refused = world.connector().provision(&wish, world.by()).await.unwrap_err();
        let Fault::Rejected { problems } = refused.fault else { panic!("{refused}") };
        assert_eq!(problems[0].code, code);
    }
}

fn panel(kind: &str, fields: &[&str], newest_by: &str, account: &str) -> RelatedQuery {
    RelatedQuery {
        kind: kind.into(),
        fields: fields.iter().map(|field| (*field).into()).collect(),
        matching: FindKey { field: "AccountId".into(), value: Value::Reference(account.into()) },
        newest_by: vec![newest_by.into(), "CreatedDate".into()],
        records_max: 2,
    }
}

#[tokio::test]
async fn a_panel_is_one_call_newest_first_and_an_organisation_without_orders_has_none() {
    for orders_enabled in [true, false] {
        let world = World::new(profile(|profile| profile.orders_enabled = orders_enabled));
        let account = world.save("Account", None, &json!({ "Name": "Nordwerk" }));
        for start in ["2026-01-01", "2026-03-01", "2026-02-01"] {
            world.save("Contract", None, &json!({ "AccountId": account, "StartDate": start, "ContractTerm": 12 }));
            if orders_enabled {
                world.save("Order", None, &json!({ "AccountId": account, "EffectiveDate": start, "Status": "Draft" }));
            }
        }
        let queries = [
            panel("Contract", &["ContractNumber", "Status", "StartDate", "EndDate"], "StartDate", &account),
            panel("Order", &["OrderNumber", "EffectiveDate", "TotalAmount"], "EffectiveDate", &account),
            panel("Opportunity", &["Name", "Amount"], "CloseDate", &account),
        ];
        world.calls();
        let found = world.connector().related(&queries, world.by()).await.unwrap();
        let starts: Vec<String> = found[0].iter().map(|record| record.field("StartDate").unwrap().to_plain().to_string()).collect();
        assert_eq!(starts, ["\"2026-03-01\"", "\"2026-02-01\""]);
        assert!(found[0][0].field("EndDate") == Some(&Value::Date("2027-02-28".parse().unwrap())));
        assert_eq!(found[1].len(), if orders_enabled { 2 } else { 0 });
        assert!(found[2].is_empty());
        // Without orders the first call says so, and what describe then knows is asked for in a second.
        assert_eq!(world.calls().len(), if orders_enabled { 1 } else { 2 });
    }
}

fn message(organization: &str, contacts: &[&str]) -> String {
    let notification = |(number, id): (usize, &&str)| {
        format!(
            r#"<Notification><Id>04lak00000000{number:02}AAA</Id><sObject xsi:type="sf:Contact" xmlns:sf="urn:sobject.enterprise.soap.sforce.com"><sf:Id>{id}</sf:Id><sf:LastName>O&apos;Neill &amp; Söhne</sf:LastName></sObject></Notification>"#
        )
    };
    let notifications: String = contacts.iter().enumerate().map(notification).collect();
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body><notifications xmlns="http://soap.sforce.com/2005/09/outbound"><OrganizationId>{organization}</OrganizationId><ActionId>04kak0000000001AAA</ActionId><SessionId xsi:nil="true"/><EnterpriseUrl>https://simulator.my.salesforce.com/services/Soap/c/66.0</EnterpriseUrl><PartnerUrl>https://simulator.my.salesforce.com/services/Soap/u/66.0</PartnerUrl>{notifications}</notifications></soapenv:Body></soapenv:Envelope>"#
    )
}

fn hear(world: &World, path_rest: &str, body: String) -> Result<Heard, Refused> {
    let connector = world.connector();
    let hooks = connector.webhooks().unwrap();
    let raw = RawWebhook { headers: HeaderMap::new(), path_rest: path_rest.to_owned(), body: Bytes::from(body) };
    let secrets = world.vault.0.lock().unwrap().clone();
    let verified = admit(hooks, &raw, &secrets, world.now())?;
    Ok(hooks.parse(&verified).unwrap())
}

#[tokio::test]
async fn outbound_messages_are_hints_to_read_the_record() {
    let organization = lock(&World::new(Profile::default()).org).simulator.organization_id().to_owned();
    let world = World::peopled(Profile::default(), 3).with("organization_id", &organization);
    let ids: Vec<String> = world.ids("Contact").into_iter().collect();
    let known: Vec<&str> = ids.iter().map(String::as_str).collect();
    let heard = hear(&world, "a-secret-in-the-path", message(&organization, &known)).unwrap();
    assert_eq!(heard.hints.iter().map(|hint| hint.id.as_str()).collect::<Vec<_>>(), known);
    assert!(heard.answer.1.contains("<Ack>true</Ack>"));
    let read: BTreeMap<String, bool> = {
        let wanted: Vec<_> = heard.hints.into_iter().map(|hint| hint.id).collect();
        let found = world.connector().get(&contacts(), &wanted, world.by()).await.unwrap();
        found.into_iter().flatten().map(|record| (record.id.to_string(), record.is_live())).collect()
    };
    assert_eq!(read.len(), 3);
    assert_eq!(hear(&world, "another-secret", message(&organization, &known)).unwrap_err(), Refused::Forged);
    assert_eq!(hear(&world, "a-secret-in-the-path", message("00Dx0000000BV7zEAG", &known)).unwrap_err(), Refused::OtherAccount);
}
