use serde_json::json;
use syncline_salesmanago_sim::SECOND_OWNER_EMAIL;
use syncline_simulator::{Population, Users as _};

use crate::harness::{Client, fields};

#[test]
fn people_type_what_the_api_reads() {
    let mut client = Client::new();
    let now = client.now;
    let typed = fields([
        ("name", json!("Ida Nowak")),
        ("email", json!("Ida@Acme.example")),
        ("address.city", json!("Kraków")),
        ("province", json!("Małopolskie")),
        ("birthday", json!("1990-02-03")),
        ("state", json!("CUSTOMER")),
        ("optedOut", json!(true)),
        ("mainContactOwner", json!(SECOND_OWNER_EMAIL)),
        ("tags", json!(["vip client"])),
        ("properties.size", json!("large")),
    ]);
    let id = client.account.create(now, "contact", &typed).unwrap();
    let live = client.account.live("contact");
    let own = &live[&id];
    assert_eq!((&own["email"], &own["address.city"], &own["birthdayMonth"]), (&json!("ida@acme.example"), &json!("Kraków"), &json!("2")));
    assert_eq!((&own["mainContactOwner"], &own["contactTags"][0]["tag"]), (&json!(SECOND_OWNER_EMAIL), &json!("VIP_CLIENT")));
    client.account.edit(now, "contact", &id, &fields([("address.city", json!(null)), ("tags", json!([]))])).unwrap();
    let read = client.read(&id);
    assert_eq!((&read["address"], &read["contactTags"]), (&json!(null), &json!([])));
    assert!(client.account.edit(now, "contact", &id, &fields([("score", json!("9"))])).is_err());
    assert!(client.account.create(now, "contact", &fields([("email", json!("IDA@acme.example"))])).is_err());
    client.account.delete(now, "contact", &id).unwrap();
    assert!(client.account.restore(now, "contact", &id).is_err() && client.account.live("contact").is_empty());
}

#[test]
fn contacts_may_have_no_address_and_visits_and_bounces_modify_nothing() {
    let mut client = Client::new();
    let now = client.now;
    let id = client.account.create(now, "contact", &fields([("name", json!("Anonymous")), ("phone", json!("1"))])).unwrap();
    client.pass(60);
    let now = client.now;
    assert!(client.account.visit(now, &id) && client.account.bounce(&id));
    let read = client.read(&id);
    assert_eq!((&read["email"], &read["score"], &read["invalid"]), (&json!(null), &json!(5), &json!(true)));
    assert_eq!(read["modifiedOn"], read["createdOn"]);
    assert!(client.account.assign(now, &id, SECOND_OWNER_EMAIL) && !client.account.assign(now, &id, "nobody@acme.example"));
    assert_eq!(client.read(&id)["modifiedOn"], json!(now.as_millisecond()));
}

#[test]
fn the_seed_decides_who_is_there() {
    let loaded = |seed| {
        let mut client = Client::with(|profile| profile.seed = seed);
        client.account.load(&Population::new(seed), 0..60, client.now);
        client.account.live("contact")
    };
    assert_eq!(loaded(3), loaded(3));
    let states: std::collections::BTreeSet<String> = loaded(3).values().map(|own| own["state"].to_string()).collect();
    assert_eq!(states.len(), 3);
}
