use serde_json::json;

use crate::harness::Client;

fn is_out(client: &mut Client, id: &str) -> bool {
    client.read(id)["optedOut"].as_bool().unwrap()
}

#[test]
fn a_consent_is_pushed_and_left_alone_without_a_push() {
    let mut client = Client::new();
    let id = client.upsert(&json!({"email": "a@b.pl"}));
    let push = |client: &mut Client, subscribe: bool, unsubscribe: bool| {
        client.call("contact/upsert", &json!({"contact": {"email": "a@b.pl"}, "forceOptIn": subscribe, "forceOptOut": unsubscribe}));
    };
    push(&mut client, false, true);
    assert!(is_out(&mut client, &id));
    push(&mut client, false, false);
    client.upsert(&json!({"email": "a@b.pl", "name": "Ida"}));
    assert!(is_out(&mut client, &id));
    push(&mut client, true, false);
    assert!(!is_out(&mut client, &id));
    let both = json!({"contact": {"email": "a@b.pl"}, "forceOptIn": true, "forceOptOut": true});
    assert_eq!(client.refused("contact/upsert", &both), "Opt-in and opt-out cannot be forced at once");
}

#[test]
fn a_double_opt_in_asks_the_person() {
    let mut client = Client::with(|profile| profile.new_contacts_are_opted_out = true);
    let id = client.upsert(&json!({"email": "a@b.pl"}));
    assert!(is_out(&mut client, &id));
    client.call("contact/upsert", &json!({"contact": {"email": "a@b.pl"}, "forceOptIn": true, "useApiDoubleOptIn": true}));
    assert!(is_out(&mut client, &id));
    assert_eq!(client.account.confirmations(), std::slice::from_ref(&id));
    let now = client.now;
    assert!(client.account.confirm(now, &id) && !client.account.confirm(now, &id));
    assert!(!is_out(&mut client, &id));
}

#[test]
fn consents_have_calls_of_their_own() {
    let mut client = Client::new();
    let id = client.upsert(&json!({"email": "a@b.pl"}));
    client.call("contact/optout", &json!({"email": "A@b.pl"}));
    client.call("contact/phoneoptout", &json!({ "contactId": id }));
    let read = client.read(&id);
    assert_eq!((&read["optedOut"], &read["optedOutPhone"]), (&json!(true), &json!(true)));
    client.call("contact/optin", &json!({ "contactId": id }));
    client.call("contact/phoneoptin", &json!({ "contactId": id }));
    let read = client.read(&id);
    assert_eq!((&read["optedOut"], &read["optedOutPhone"]), (&json!(false), &json!(false)));
    let many = client.call("contact/batchoptout", &json!({"emails": ["a@b.pl", "nobody@b.pl"]}));
    assert_eq!(many["contactIds"], json!([id]));
    assert!(is_out(&mut client, &id));
}

#[test]
fn unsubscribing_by_a_mail_may_not_count_as_a_modification() {
    for counts in [true, false] {
        let mut client = Client::with(|profile| profile.unsubscribing_modifies = counts);
        let id = client.upsert(&json!({"email": "a@b.pl"}));
        let before = client.read(&id)["modifiedOn"].clone();
        client.pass(60);
        let now = client.now;
        assert!(client.account.unsubscribe(now, &id));
        assert!(is_out(&mut client, &id));
        assert_eq!(client.read(&id)["modifiedOn"] != before, counts);
    }
}
