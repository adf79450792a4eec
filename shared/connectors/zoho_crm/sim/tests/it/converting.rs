//! A lead becomes a contact.

use serde_json::{Value as Json, json};
use syncline_simulator::Users;
use syncline_zoho_crm_sim::{ACCOUNTS, CONTACTS, LEADS, Profile};

use crate::desk::Desk;

fn lead(desk: &mut Desk) -> String {
    let members =
        json!({"Last_Name": "Nowak", "Company": "Helio 7 AB", "Email": "n@helio.example", "City": "Malmö", "Email_Opt_Out": true});
    desk.made(LEADS, &members)
}

#[test]
fn the_contact_is_new_and_the_lead_is_hidden() {
    let mut desk = Desk::new(Profile::default());
    let lead = lead(&mut desk);
    let (status, body) = desk.ask("POST", &format!("/crm/v8/Leads/{lead}/actions/convert"), &json!({"data": [{"overwrite": false}]}));
    assert_eq!(status, 200, "{body}");
    let contact = body["data"][0]["details"]["Contacts"]["id"].as_str().unwrap().to_owned();
    assert_ne!(contact, lead);
    let shown = desk.zoho.record(CONTACTS, &contact).unwrap();
    assert_eq!(
        (&shown["Mailing_City"], &shown["Email_Opt_Out"], &shown["Account_Name"]["name"]),
        (&json!("Malmö"), &json!(true), &json!("Helio 7 AB"))
    );
    assert_eq!((desk.zoho.live(LEADS).len(), desk.zoho.live(ACCOUNTS).len()), (0, 1));
    assert!(desk.rows("/crm/v8/Leads?fields=Last_Name").is_empty());
    assert_eq!(desk.rows("/crm/v8/Leads?fields=Last_Name,Converted_Contact&converted=true")[0]["Converted_Contact"]["id"], json!(contact));
    assert!(desk.rows("/crm/v8/Leads/deleted").is_empty(), "a conversion is no deletion");
    assert_eq!(desk.zoho.contact_of(&lead), Some(contact));
    let (status, body) = desk.ask("POST", &format!("/crm/v8/Leads/{lead}/actions/convert"), &json!({"data": [{}]}));
    assert_eq!((status, &body["code"]), (400, &json!("ID_ALREADY_CONVERTED")));
    let (_, body) = desk.ask("PUT", "/crm/v8/Leads", &json!({"data": [{"id": lead, "City": "x"}]}));
    assert_eq!(body["data"][0]["code"], json!("CONVERTED_RECORD"));
}

#[test]
fn an_existing_contact_can_take_the_lead_over() {
    let mut desk = Desk::new(Profile::default());
    let contact = desk.made(CONTACTS, &json!({"Last_Name": "Nowak", "Email": "n@helio.example", "Mailing_City": "Lund"}));
    let lead = lead(&mut desk);
    let (_, options) = desk.get(&format!("/crm/v8/Leads/{lead}/__conversion_options"));
    assert_eq!(options["__conversion_options"]["Contacts"][0]["id"], json!(contact));
    let wish = json!({"data": [{"overwrite": false, "Contacts": {"id": contact}}]});
    let (_, body) = desk.ask("POST", &format!("/crm/v8/Leads/{lead}/actions/convert"), &wish);
    assert_eq!(body["data"][0]["details"]["Contacts"]["id"], json!(contact));
    let shown = desk.zoho.record(CONTACTS, &contact).unwrap();
    assert_eq!((&shown["Mailing_City"], &shown["Email_Opt_Out"]), (&json!("Lund"), &json!(true)));
}

#[test]
fn a_conversion_may_be_put_off() {
    let mut desk = Desk::new(Profile { schedules_conversions: true, ..Profile::default() });
    let lead = lead(&mut desk);
    let (status, body) = desk.ask("POST", &format!("/crm/v8/Leads/{lead}/actions/convert"), &json!({"data": [{}]}));
    assert_eq!((status, &body["data"][0]["code"]), (202, &json!("SCHEDULED")));
    assert_eq!(desk.zoho.contact_of(&lead), None);
    desk.pass(30);
    assert_eq!(desk.rows("/crm/v8/Leads?fields=Converted_Contact&converted=true").len(), 1);
    assert!(desk.zoho.contact_of(&lead).is_some());
}

#[test]
fn a_person_converts_and_the_second_version_answers_plainly() {
    let mut desk = Desk::new(Profile::default());
    let first = lead(&mut desk);
    let contact = desk.zoho.convert(desk.now, &first).unwrap();
    assert!(desk.zoho.live(CONTACTS).contains_key(&contact));
    assert!(desk.zoho.convert(desk.now, &first).is_err());
    let second = lead(&mut desk);
    let (_, body) = desk.ask("POST", &format!("/crm/v2/Leads/{second}/actions/convert"), &json!({"data": [{}]}));
    assert!(body["data"][0]["Contacts"].is_string() && body["data"][0]["Deals"] == Json::Null, "{body}");
    assert_eq!(desk.zoho.live(ACCOUNTS).len(), 1, "an account of the same name is taken");
}
