use serde_json::{Value, json};
use syncline_salesmanago_sim::{ModifiedList, SECOND_OWNER_EMAIL};
use syncline_simulator::Population;

use crate::harness::{Client, ids};

fn window(client: &Client, page: u32) -> Value {
    let to = client.now.as_millisecond();
    json!({"from": to - 86_400_000, "to": to + 86_400_000, "page": page, "size": 2})
}

#[test]
fn pages_of_modified_contacts_begin_at_one_and_say_whether_there_is_more() {
    let mut client = Client::new();
    let made: Vec<String> = (0..3)
        .map(|number| {
            client.pass(1);
            client.upsert(&json!({"email": format!("p{number}@acme.example")}))
        })
        .collect();
    let first = client.call("contact/paginatedModifiedContacts", &window(&client, 1));
    assert_eq!((ids(&first["modifiedContacts"]), &first["hasMore"]), (vec![made[0].as_str(), made[1].as_str()], &json!(true)));
    assert_eq!(first["modifiedContacts"][0]["email"], "p0@acme.example");
    let second = client.call("contact/paginatedModifiedContacts", &window(&client, 2));
    assert_eq!((ids(&second["modifiedContacts"]), &second["hasMore"]), (vec![made[2].as_str()], &json!(false)));
    assert!(client.refused("contact/paginatedModifiedContacts", &window(&client, 0)).starts_with("page starts at 1"));
}

#[test]
fn a_contact_that_is_edited_during_a_walk_comes_again_or_pulls_the_others_up() {
    for (list, second_page) in [(ModifiedList::Log, vec!["p2", "p0"]), (ModifiedList::State, vec!["p0"])] {
        let mut client = Client::with(|profile| profile.modified_list = list);
        for number in 0..3 {
            client.pass(1);
            client.upsert(&json!({"email": format!("p{number}@acme.example")}));
        }
        client.call("contact/paginatedModifiedContacts", &window(&client, 1));
        client.pass(1);
        client.upsert(&json!({"email": "p0@acme.example", "name": "Ida"}));
        let second = client.call("contact/paginatedModifiedContacts", &window(&client, 2));
        let emails = second["modifiedContacts"].as_array().unwrap().iter().map(|row| row["email"].as_str().unwrap());
        assert_eq!(emails.map(|email| email.trim_end_matches("@acme.example")).collect::<Vec<_>>(), second_page, "{list:?}");
    }
}

#[test]
fn a_window_has_a_longest_length() {
    let mut client = Client::new();
    let to = client.now.as_millisecond();
    for path in ["contact/createdContacts", "contact/modifiedContacts", "contact/paginatedModifiedContacts"] {
        client.call(path, &json!({"from": to - 30 * 86_400_000, "to": to}));
        assert_eq!(client.refused(path, &json!({"from": to - 31 * 86_400_000, "to": to})), "The range cannot exceed 30 days");
        assert_eq!(client.refused(path, &json!({"from": to})), "to cannot be empty");
    }
}

#[test]
fn lists_show_one_owners_contacts_and_each_contact_once() {
    let mut client = Client::new();
    client.account.load(&Population::new(7), 0..40, client.now);
    let page = json!({"page": 1, "size": 100});
    let own = client.call("contact/paginatedListById", &page)["contacts"].as_array().unwrap().len();
    client.owner = SECOND_OWNER_EMAIL;
    let others = client.call("contact/paginatedListById", &page)["contacts"].as_array().unwrap().len();
    assert_eq!((own, others), (20, 20));
    let id = client.account.contact_ids().remove(0);
    let twice = client.call("contact/listAllById", &json!({"contactId": [id, id, "nobody"]}));
    assert_eq!(ids(&twice["contacts"]), [id.as_str()]);
    client.pass(60);
    client.call("contact/upsert", &json!({"contact": {"email": "a@b.pl"}}));
    client.pass(60);
    client.call("contact/upsert", &json!({"contact": {"email": "a@b.pl"}}));
    let to = client.now.as_millisecond();
    let modified = client.call("contact/modifiedContacts", &json!({"from": to - 120_000, "to": to}));
    assert_eq!(modified["modifiedContacts"].as_array().unwrap().len(), 1);
    let created = client.call("contact/createdContacts", &json!({"from": to - 59_999, "to": to}));
    assert_eq!(created["createdContacts"], json!([]), "it was made before");
    let past = client.call("contact/paginatedListById", &json!({"page": 9, "size": 100}));
    assert_eq!(past["contacts"], json!([]));
}
