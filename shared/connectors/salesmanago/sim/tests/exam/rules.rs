use std::collections::BTreeSet;

use serde_json::{Value, json};
use syncline_salesmanago_sim::{Rule, Trigger};
use syncline_simulator::Users as _;

use crate::harness::{Client, fields};

fn rule(trigger: Trigger) -> Rule {
    Rule {
        id: "rule-1".to_owned(),
        name: "To Syncline".to_owned(),
        description: String::new(),
        trigger,
        url: "https://hooks.example/salesmanago/secret".to_owned(),
        basic: Some(("syncline".to_owned(), "word".to_owned())),
    }
}

#[test]
fn a_ping_names_the_rule_and_the_contact_and_nothing_else() {
    let mut client = Client::new();
    client.account.add_rule(rule(Trigger::StateChanged));
    let id = client.upsert(&json!({"email": "a@b.pl", "company": "Acme"}));
    let now = client.now;
    assert!(client.account.deliveries(now).is_empty());
    client.account.edit(now, "contact", &id, &fields([("state", json!("CUSTOMER"))])).unwrap();
    let pings = client.account.deliveries(now);
    assert_eq!(pings.len(), 1);
    assert_eq!(pings[0].authorization.as_deref(), Some("Basic c3luY2xpbmU6d29yZA=="));
    let body: Value = serde_json::from_slice(&pings[0].body).unwrap();
    let expected = json!({
        "id": "rule-1", "name": "To Syncline", "contactId": id, "description": "", "email": "a@b.pl", "phone": null, "company": "Acme"
    });
    assert_eq!(body, expected);
    assert!(client.account.deliveries(now).is_empty(), "each is handed out once");
}

#[test]
fn our_own_writes_set_rules_off_too() {
    let mut client = Client::new();
    for trigger in [Trigger::ContactAdded, Trigger::ContactModified, Trigger::TagAdded("VIP".to_owned()), Trigger::OptedOut] {
        client.account.add_rule(rule(trigger));
    }
    let now = client.now;
    client.upsert(&json!({"email": "a@b.pl"}));
    assert_eq!(client.account.deliveries(now).len(), 1);
    client.call("contact/upsert", &json!({"contact": {"email": "a@b.pl"}, "tags": ["vip"], "forceOptOut": true}));
    assert_eq!(client.account.deliveries(now).len(), 3);
    client.call("contact/upsert", &json!({"contact": {"email": "a@b.pl"}, "tags": ["vip"], "forceOptOut": true}));
    assert_eq!(client.account.deliveries(now).len(), 1, "it was tagged and out already");
}

#[test]
fn an_unkind_post_repeats_delays_and_loses() {
    let mut client = Client::with(|profile| profile.post_is_unkind = true);
    client.account.add_rule(rule(Trigger::ContactAdded));
    for number in 0..200 {
        client.upsert(&json!({"email": format!("p{number}@acme.example")}));
    }
    let now = client.now;
    let at_once: Vec<_> = client.account.deliveries(now).into_iter().map(|ping| ping.body).collect();
    client.pass(90);
    let now = client.now;
    let late = client.account.deliveries(now).len();
    let different: BTreeSet<_> = at_once.iter().collect();
    assert!(different.len() < at_once.len() && late > 0 && different.len() + late < 200);
}
