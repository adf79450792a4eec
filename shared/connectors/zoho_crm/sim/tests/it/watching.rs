//! Notification channels.

use serde_json::{Value as Json, json};
use syncline_simulator::{Fields, Users};
use syncline_zoho_crm_sim::{CONTACTS, Profile};

use crate::desk::Desk;

const WATCH: &str = "/crm/v8/actions/watch";

fn wish(expiry: &str) -> Json {
    json!({"watch": [{
        "channel_id": "1000000068001", "events": ["Contacts.all", "Leads.create"], "channel_expiry": expiry, "token": "shared-word",
        "notify_url": "https://hooks.example/z", "return_affected_field_values": true
    }]})
}

fn posted(desk: &mut Desk) -> Vec<Json> {
    desk.zoho.deliveries(desk.now).iter().map(|delivery| serde_json::from_slice(&delivery.body).unwrap()).collect()
}

#[test]
fn a_channel_tells_of_writes_in_groups_and_ends() {
    let mut desk = Desk::new(Profile::default());
    let (status, body) = desk.ask("POST", WATCH, &wish("2026-11-29T09:00:00+00:00"));
    assert_eq!((status, &body["watch"][0]["details"]["events"][0]["channel_expiry"]), (201, &json!("2026-11-29T12:00:00+03:00")));
    let rows = json!({"data": [{"Last_Name": "A"}, {"Last_Name": "B"}]});
    desk.ask("POST", "/crm/v8/Contacts", &rows);
    let told = posted(&mut desk);
    assert_eq!((told.len(), told[0]["operation"].as_str(), told[0]["ids"].as_array().unwrap().len()), (1, Some("insert"), 2));
    assert_eq!((&told[0]["token"], &told[0]["affected_values"]), (&json!("shared-word"), &json!([])));
    let id = told[0]["ids"][0].as_str().unwrap().to_owned();
    desk.zoho.edit(desk.now, CONTACTS, &id, &Fields::from([("Title".to_owned(), json!("Buyer"))])).unwrap();
    let told = posted(&mut desk);
    assert_eq!(told[0]["affected_fields"], json!([{id.clone(): ["Title"]}]));
    assert_eq!(told[0]["affected_values"][0]["values"], json!({"Title": "Buyer"}));
    desk.zoho.delete(desk.now, CONTACTS, &id).unwrap();
    assert_eq!(posted(&mut desk)[0]["operation"], json!("delete"));
    desk.pass(7 * 86_400);
    desk.token = desk.sign_in();
    desk.contacts(&["late"]);
    assert!(posted(&mut desk).is_empty(), "the channel has ended");
    assert_eq!(desk.ask("PUT", WATCH, &wish("2026-11-30T09:00:00+00:00")).1["watch"][0]["code"], json!("NOT_SUBSCRIBED"));
    assert_eq!(desk.raw("GET", WATCH, &Json::Null).status(), 204);
}

#[test]
fn a_week_is_the_most_and_an_hour_the_default() {
    let mut desk = Desk::new(Profile::default());
    let (status, body) = desk.ask("POST", WATCH, &wish("2026-11-30T10:00:00+00:00"));
    assert_eq!((status, &body["watch"][0]["details"]["api_name"]), (400, &json!("channel_expiry")));
    let mut short = wish("");
    short["watch"][0].as_object_mut().unwrap().remove("channel_expiry");
    assert_eq!(desk.ask("POST", WATCH, &short).0, 201);
    assert_eq!(desk.ask("PUT", WATCH, &wish("2026-11-25T10:00:00+00:00")).0, 200);
    let (_, listed) = desk.get(&format!("{WATCH}?channel_id=1000000068001"));
    assert_eq!(listed["watch"][0]["channel_expiry"], json!("2026-11-25T13:00:00+03:00"));
    assert_eq!(desk.ask("DELETE", &format!("{WATCH}?channel_ids=1000000068001"), &Json::Null).0, 200);
    let mut nameless = wish("2026-11-25T10:00:00+00:00");
    nameless["watch"][0].as_object_mut().unwrap().remove("channel_id");
    assert_eq!(desk.ask("POST", WATCH, &nameless).1["watch"][0]["code"], json!("MANDATORY_NOT_FOUND"));
}

#[test]
fn an_unkind_post_loses_repeats_and_delays() {
    let mut desk = Desk::new(Profile { post_is_unkind: true, ..Profile::default() });
    desk.ask("POST", WATCH, &wish("2026-11-25T10:00:00+00:00"));
    for number in 0..64 {
        desk.contacts(&[&format!("n{number}")]);
    }
    let at_once = posted(&mut desk).len();
    desk.pass(90);
    let later = posted(&mut desk).len();
    assert!(later > 0 && at_once != 64 && at_once + later != 64, "{at_once} {later}");
}
