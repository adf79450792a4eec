//! Creating, changing and deleting in Core.

use serde_json::json;
use syncline_zendesk_sell_sim::{Amounts, CustomField};

use crate::harness::Client;

#[test]
fn creating_answers_200_and_a_part_can_be_changed() {
    let mut client = Client::new();
    let made = client
        .post("v2/contacts", json!({"first_name": "Ida", "last_name": "Brandt", "email": "ida@a.example", "tags": ["vip", "vip", "new"]}));
    assert_eq!((made.status, &made.body["data"]["name"]), (200, &json!("Ida Brandt")));
    assert_eq!(made.body["data"]["tags"], json!(["vip", "new"]));
    let changed = client.put(&format!("v2/contacts/{}", made.id()), json!({"title": "Buyer", "tags": ["other"]}));
    let data = &changed.body["data"];
    assert_eq!((&data["title"], &data["email"], &data["tags"]), (&json!("Buyer"), &json!("ida@a.example"), &json!(["other"])));
    let deleted = client.delete(&format!("v2/contacts/{}", made.id()));
    assert_eq!((deleted.status, deleted.text.as_str()), (204, ""));
    assert_eq!(client.get(&format!("v2/contacts/{}", made.id())).refusal(), (404, "not_found", ""));
}

#[test]
fn the_first_stamp_of_change_may_lie_after_that_of_creation() {
    let mut client = Client::new();
    let gaps = (0..20).map(|number| {
        let made = client.post("v2/contacts", json!({"last_name": format!("Example {number}")}));
        let moment = |name: &str| made.body["data"][name].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
        moment("updated_at").as_second() - moment("created_at").as_second()
    });
    let gaps: std::collections::BTreeSet<i64> = gaps.collect();
    assert_eq!(gaps, [0, 1, 2].into());
}

#[test]
fn what_is_wrong_is_told_by_field() {
    let mut client = Client::new();
    assert_eq!(client.post("v2/contacts", json!({"first_name": "Ida"})).refusal(), (422, "missing", "/last_name"));
    assert_eq!(client.post("v2/contacts", json!({"is_organization": true, "name": " "})).refusal(), (422, "blank", "/name"));
    assert_eq!(client.post("v2/leads", json!({})).refusal(), (422, "missing", "/last_name"));
    assert_eq!(client.post("v2/contacts", json!({"last_name": "A", "nothing": 1})).refusal(), (422, "unknown", "/nothing"));
    assert_eq!(client.post("v2/contacts", json!({"last_name": 7})).refusal(), (422, "invalid_type", "/last_name"));
    assert_eq!(client.post("v2/contacts", json!({"last_name": "A", "owner_id": 7})).refusal(), (422, "incorrect_value", "/owner_id"));
    assert_eq!(
        client.post("v2/contacts", json!({"last_name": "A", "address": {"street": "B"}})).refusal(),
        (422, "unknown", "/address/street")
    );
    assert_eq!(client.post("v2/tags", json!({"name": "vip", "resource_type": "lead"})).status, 200);
    assert_eq!(client.post("v2/tags", json!({"name": "vip", "resource_type": "lead"})).refusal(), (422, "already_exists", "/name"));
    let several = client.post("v2/deals", json!({"unknown": "attribute"}));
    assert_eq!(several.body["errors"].as_array().unwrap().len(), 3);
    let person = client.person("Example");
    assert_eq!(
        client.put(&format!("v2/contacts/{person}"), json!({"is_organization": true})).refusal(),
        (422, "incorrect_value", "/is_organization")
    );
}

#[test]
fn an_address_is_one_attribute() {
    let mut client = Client::new();
    let made = client.post("v2/contacts", json!({"last_name": "Example", "address": {"line1": "Street 1", "city": "Lyon"}})).id();
    let changed = client.put(&format!("v2/contacts/{made}"), json!({"address": {"city": "Leeds"}}));
    assert_eq!(
        changed.body["data"]["address"],
        json!({"line1": null, "city": "Leeds", "postal_code": null, "state": null, "country": null})
    );
}

#[test]
fn an_amount_is_a_number_or_a_text() {
    for (amounts, expected) in [(Amounts::Integers, json!(1000)), (Amounts::Texts, json!("1000"))] {
        let mut client = Client::with(|profile| profile.amounts = amounts);
        let contact = client.person("Example");
        let made = client.post("v2/deals", json!({"name": "Website", "contact_id": contact, "value": "1000"}));
        assert_eq!((made.status, &made.body["data"]["value"]), (200, &expected));
        assert_eq!(made.body["meta"], json!({"type": "deal", "version": 1}));
        let changed = client.put(&format!("v2/deals/{}", made.id()), json!({"value": 12.5}));
        assert_eq!((&changed.body["data"]["value"], &changed.body["meta"]["version"]), (&json!("12.5"), &json!(2)));
    }
}

#[test]
fn custom_fields_go_by_their_display_name() {
    let mut client = Client::new();
    client.sell.add_custom_field("lead", CustomField::new("Very.Complicated Field", "string").filterable()).unwrap();
    client.sell.add_custom_field("lead", CustomField::new("Size", "number")).unwrap();
    client.sell.add_custom_field("lead", CustomField::new("Tier", "list").with_options(&["Gold", "Silver"])).unwrap();
    let made = client
        .post("v2/leads", json!({"last_name": "Example", "custom_fields": {"Very.Complicated Field": "XX", "Size": 7, "Tier": "Gold"}}));
    assert_eq!(made.body["data"]["custom_fields"], json!({"Very.Complicated Field": "XX", "Size": "7", "Tier": "Gold"}));
    let refused = client.put(&format!("v2/leads/{}", made.id()), json!({"custom_fields": {"Tier": "Bronze"}}));
    assert_eq!(refused.refusal(), (422, "incorrect_value", "/custom_fields/Tier"));
    assert_eq!(client.get("v2/leads?custom_fields[Very.Complicated%20Field]=XX").ids(), [made.id()]);
    assert_eq!(client.get("v2/leads?custom_fields[Size]=7").refusal(), (400, "invalid_param", ""));
    assert!(client.sell.rename_custom_field("lead", "Size", "Staff"));
    let seen = client.get(&format!("v2/leads/{}", made.id()));
    assert_eq!(seen.body["data"]["custom_fields"]["Staff"], json!("7"));
    let definitions = client.get("v2/lead/custom_fields");
    assert_eq!(definitions.body["items"][2]["data"]["options"][1]["name"], json!("Silver"));
}

#[test]
fn upserting_makes_one_then_changes_it_and_refuses_two() {
    let mut client = Client::new();
    client.sell.add_custom_field("contact", CustomField::new("external_id", "string").filterable()).unwrap();
    let path = "v2/contacts/upsert?custom_fields[external_id]=7";
    let body = json!({"last_name": "Example", "custom_fields": {"external_id": "7"}});
    let made = client.post(path, body.clone()).id();
    assert_eq!(client.post(path, json!({"title": "Buyer"})).id(), made);
    client.post("v2/contacts", body);
    assert_eq!(client.post(path, json!({"title": "Boss"})).status, 409);
}

#[test]
fn a_converted_lead_leaves_and_its_conversion_tells_where_to() {
    let mut client = Client::new();
    let lead = client.post("v2/leads", json!({"last_name": "Example", "organization_name": "Acme", "email": "a@b.example"})).id();
    client.post("v2/notes", json!({"content": "Called", "resource_type": "lead", "resource_id": lead}));
    let made = client.post("v2/lead_conversions", json!({"lead_id": lead, "create_deal": true}));
    let data = &made.body["data"];
    let person = client.get(&format!("v2/contacts/{}", data["individual_id"]));
    assert_eq!(person.body["data"]["contact_id"], data["organization_id"]);
    assert_eq!(client.get(&format!("v2/deals/{}", data["deal_id"])).body["data"]["organization_id"], data["organization_id"]);
    assert_eq!(client.get(&format!("v2/leads/{lead}")).status, 404);
    let notes = client.get(&format!("v2/notes?resource_type=contact&resource_id={}", data["individual_id"]));
    assert_eq!(notes.ids().len(), 1);
    assert_eq!(client.get(&format!("v2/lead_conversions?lead_id={lead}")).ids(), [made.id()]);
}

#[test]
fn contacts_of_a_deal_go_with_it() {
    let mut client = Client::new();
    let (one, two) = (client.person("One"), client.person("Two"));
    let deal = client.post("v2/deals", json!({"name": "Website", "contact_id": one})).id();
    let path = format!("v2/deals/{deal}/associated_contacts");
    assert_eq!(client.post(&path, json!({"contact_id": two, "role": "involved"})).status, 200);
    assert_eq!(client.get(&path).body["items"][0]["data"]["contact_id"], json!(two));
    let with = client.get("v2/deals?includes=associated_contacts");
    assert_eq!(with.body["items"][0]["data"]["associated_contacts"]["items"].as_array().unwrap().len(), 1);
    assert_eq!(client.delete(&format!("{path}/{two}")).status, 204);
    assert_eq!(client.delete(&format!("v2/deals/{deal}")).status, 204);
    assert_eq!(client.get(&path).status, 404);
}
