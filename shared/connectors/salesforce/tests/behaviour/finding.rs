//! Records by key and by id.

use serde_json::json;
use syncline_engine::ports::connector::FindKey;
use syncline_model::{Presence, RecordId, Value};
use syncline_salesforce_sim::Profile;
use syncline_simulator::lock;

use crate::world::{LINK, World, contacts, select};

#[tokio::test]
async fn keys_with_quotes_and_letters_of_any_alphabet_find_their_record_and_no_other() {
    let world = World::new(Profile::default());
    let cases = [
        ("Email", "o'neill@nordwerk.example"),
        ("MobilePhone", "+49 (171) 555-0143 'x' & 100%"),
        ("LastName", "Ångström \\ O'Neill + 東京 \"K\""),
        ("LastName", "' OR Name != '"),
        ("LastName", "a\nb\tc"),
        (LINK, "82000114477"),
        ("LastName", "%_"),
    ];
    world.save("Contact", None, &json!({ "LastName": "Other", "Email": "oneill@nordwerk.example", LINK: "820" }));
    for (field, text) in cases {
        let mut record = json!({ "LastName": "Wanted" });
        record[field] = json!(text);
        let id = world.save("Contact", None, &record);
        assert_eq!(world.find(field, Value::text(text)).await.unwrap(), [id], "{field} {text}");
    }
}

#[tokio::test]
async fn a_key_is_compared_as_the_vendor_compares() {
    let world = World::new(Profile::default());
    let id = world.save("Contact", None, &json!({ "LastName": "Ida", "Email": "Ida.Kowalski@Nordwerk.example" }));
    for same in ["ida.kowalski@nordwerk.EXAMPLE", "  ida.kowalski@nordwerk.example "] {
        assert_eq!(world.find("Email", Value::text(same)).await.unwrap(), [id.as_str()]);
    }
    for empty in [Value::Null, Value::text(" "), Value::text("ida.kowalsk_@nordwerk.example"), Value::text("%")] {
        assert_eq!(world.find("Email", empty).await.unwrap(), [""; 0]);
    }
}

#[tokio::test]
async fn many_keys_are_answered_in_their_places_with_every_record_that_has_one() {
    let world = World::peopled(Profile::default(), 300);
    let twin = world.save("Contact", None, &json!({ "LastName": "Twin", "Email": "twin@nordwerk.example" }));
    let other = world.save("Contact", None, &json!({ "LastName": "Twin", "Email": "TWIN@nordwerk.example" }));
    let gone = world.save("Contact", None, &json!({ "LastName": "Twin", "Email": "twin@nordwerk.example" }));
    let now = world.now();
    assert!(lock(&world.org).simulator.delete_record("Contact", &gone, now));
    let population = syncline_simulator::Population::new(1);
    let mut keys: Vec<FindKey> =
        (0..198).map(|number| FindKey { field: "Email".into(), value: Value::text(population.person(number).email) }).collect();
    keys.push(FindKey { field: "Email".into(), value: Value::text("twin@nordwerk.example") });
    keys.push(FindKey { field: "MobilePhone".into(), value: Value::text("+49 1 nobody") });
    world.calls();
    let found = world.connector().find(&contacts(), &keys, world.by()).await.unwrap();
    assert_eq!(world.calls().len(), 1);
    for (key, records) in keys.iter().zip(&found).take(198) {
        assert_eq!(records.len(), 1);
        assert!(records[0].field("Email") == Some(&key.value));
    }
    let mut twins: Vec<&str> = found[198].iter().map(|record| record.id.as_str()).collect();
    twins.sort_unstable();
    assert_eq!(twins, [twin.as_str(), &other]);
    assert!(found[199].is_empty());
}

#[tokio::test]
async fn a_key_that_cannot_be_searched_is_no_empty_success() {
    let world = World::new(Profile::default());
    assert_eq!(world.find("Description", Value::text("x")).await.unwrap_err().code(), "unsupported");
    assert_eq!(world.find("Nowhere__c", Value::text("x")).await.unwrap_err().code(), "drift");
}

#[tokio::test]
async fn records_are_read_in_the_order_of_their_ids_with_what_became_of_them() {
    let world = World::peopled(Profile::default(), 900);
    let mut ids: Vec<String> = world.ids("Contact").into_iter().collect();
    let now = world.now();
    {
        let org = &mut lock(&world.org).simulator;
        assert!(org.delete_record("Contact", &ids[10], now));
        assert!(org.merge("Contact", &ids[20], &[&ids[21]], now));
        assert!(org.delete_record("Contact", &ids[30], now));
        org.hard_delete(&[&ids[30]], now);
    }
    ids.reverse();
    ids.push("003ak00000luKU1AAM".to_owned());
    ids.push("no id at all".to_owned());
    ids.push("003ak00000luku1AAM".to_owned());
    ids.push(ids[0][..15].to_owned());
    world.calls();
    let wanted: Vec<RecordId> = ids.iter().map(|id| RecordId::new(id.as_str())).collect();
    let found = world.connector().get(&contacts(), &wanted, world.by()).await.unwrap();
    // One composite call for what is live, one query for the rest.
    assert_eq!(world.calls().len(), 2);
    assert_eq!(found.len(), 904);
    for (id, record) in ids.iter().zip(&found).take(900) {
        assert!(record.as_ref().is_none_or(|record| record.id.as_str() == id));
    }
    let at = |place: usize| found[899 - place].as_ref();
    assert_eq!(at(10).unwrap().presence, Presence::Deleted);
    assert_eq!(at(21).unwrap().presence, Presence::MergedInto(ids[899 - 20].as_str().into()));
    assert!(at(30).is_none(), "past the bin");
    assert!(found[900].is_none() && found[901].is_none());
    assert!(found[902].is_none(), "an id with a wrong checksum stops no other");
    assert_eq!(found[903].as_ref().unwrap().id, wanted[0], "the short form of an id names the same record");
    assert_eq!(found.iter().flatten().filter(|record| record.is_live()).count(), 898);
}

#[tokio::test]
async fn a_parents_field_is_read_with_the_record() {
    let world = World::new(Profile::default());
    let account = world.save("Account", None, &json!({ "Name": "Nordwerk GmbH" }));
    let with = world.save("Contact", None, &json!({ "LastName": "Ida", "AccountId": account }));
    let without = world.save("Contact", None, &json!({ "LastName": "Jo" }));
    let selection = select("Contact", &["LastName", "Account.Name", "Owner.Name"]);
    let ids = [RecordId::new(with.as_str()), RecordId::new(without.as_str())];
    let found = world.connector().get(&selection, &ids, world.by()).await.unwrap();
    let name = |place: usize| found[place].as_ref().unwrap().field("Account.Name").cloned();
    assert!(name(0) == Some(Value::text("Nordwerk GmbH")));
    assert!(name(1) == Some(Value::Null));
    assert!(world.get(&with).await.unwrap().field("AccountId") == Some(&Value::Reference(account.as_str().into())));
}
