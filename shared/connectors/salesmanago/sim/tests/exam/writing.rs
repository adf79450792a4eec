use serde_json::{Value, json};
use syncline_salesmanago_sim::{Clearing, OWNER_EMAIL, SECOND_OWNER_EMAIL};

use crate::harness::Client;

#[test]
fn what_is_written_in_one_shape_is_read_in_another() {
    let mut client = Client::new();
    let answer = client.call(
        "contact/upsert",
        &json!({
            "contact": {
                "email": "Konrad@Firma.pl", "name": "Konrad Test", "phone": "+48123321123", "fax": "+48345543345", "company": "Firma",
                "state": "CUSTOMER", "externalId": "U1",
                "address": {"streetAddress": "Brzyczyńska 123", "zipCode": "43-305", "city": "Bielsko-Biała", "country": "PL"}
            },
            "birthday": "19801007", "province": "Śląskie", "tags": ["api user"], "properties": {"custom.nickname": "Konri"}
        }),
    );
    assert_eq!(answer["externalId"], "U1");
    let id = answer["contactId"].as_str().unwrap();
    let read = client.read(id);
    assert_eq!(read["id"], id);
    assert!(read.get("contactId").is_none());
    assert_eq!((&read["email"], &read["state"], &read["province"]), (&json!("konrad@firma.pl"), &json!("CUSTOMER"), &json!("Śląskie")));
    assert_eq!((&read["birthdayYear"], &read["birthdayMonth"], &read["birthdayDay"]), (&json!("1980"), &json!("10"), &json!("7")));
    assert_eq!(read["properties"], json!([{"name": "custom.nickname", "value": "Konri"}]));
    assert_eq!((&read["contactTags"][0]["tag"], &read["contactTags"][0]["score"]), (&json!("API_USER"), &json!(1)));
    assert_eq!((&read["modifiedOn"], &read["mainContactOwner"]), (&json!(client.now.as_millisecond()), &json!(OWNER_EMAIL)));
    let basic = client.call("contact/basicById", &json!({ "id": [id] }))["contacts"][0].clone();
    assert_eq!(basic["contactId"], id);
    assert!(["id", "province", "mainContactOwner", "contactTags"].iter().all(|name| basic.get(*name).is_none()));
}

#[test]
fn an_upsert_meets_its_contact_by_address_without_case() {
    let mut client = Client::new();
    let id = client.upsert(&json!({"email": "ida@acme.example", "name": "Ida"}));
    client.pass(5);
    assert_eq!(client.upsert(&json!({"email": "IDA@acme.example", "phone": "1"})), id);
    let read = client.read(&id);
    assert_eq!((&read["name"], &read["phone"]), (&json!("Ida"), &json!("1")));
    assert_eq!(read["modifiedOn"].as_i64().unwrap() - read["createdOn"].as_i64().unwrap(), 5_000);
    assert_eq!(client.refused("contact/insert", &json!({"contact": {"email": "ida@acme.example"}})), "Contact already exists");
    assert_eq!(client.refused("contact/update", &json!({"email": "nobody@acme.example", "contact": {}})), "Contact does not exist");
}

#[test]
fn a_new_address_moves_the_contact_and_collides_with_another() {
    let mut client = Client::new();
    let id = client.upsert(&json!({"email": "old@acme.example"}));
    client.upsert(&json!({"email": "taken@acme.example"}));
    let body = |new: &str| json!({"email": "old@acme.example", "newEmail": new, "contact": {"name": "Ida"}});
    assert_eq!(client.refused("contact/update", &body("taken@acme.example")), "Contact with the new email already exists");
    assert_eq!(client.read(&id)["name"], Value::Null, "nothing of a refused write is kept");
    client.call("contact/update", &body(""));
    client.call("contact/update", &body("New@acme.example"));
    assert_eq!(client.call("contact/hasContact", &json!({"email": "new@acme.example"}))["contactId"], json!(id));
    assert_eq!(client.call("contact/hasContact", &json!({"email": "old@acme.example"}))["result"], json!(false));
}

#[test]
fn what_clears_a_text_is_the_accounts_secret() {
    for (clearing, empty_clears, null_clears) in
        [(Clearing::EmptyText, true, false), (Clearing::Null, false, true), (Clearing::Both, true, true), (Clearing::Nothing, false, false)]
    {
        let mut client = Client::with(|profile| profile.clearing = clearing);
        for (value, clears) in [(json!(""), empty_clears), (Value::Null, null_clears)] {
            let id = client.upsert(&json!({"email": "a@b.pl", "company": "Acme", "address": {"city": "Kraków"}}));
            client.upsert(&json!({"email": "a@b.pl", "company": value, "address": {"city": value}}));
            let read = client.read(&id);
            assert_eq!(read["company"].is_null(), clears, "{clearing:?} {value}");
            assert_eq!(read["address"].is_null(), clears, "{clearing:?} {value}");
        }
    }
}

#[test]
fn birthdays_may_lack_their_year() {
    let mut client = Client::new();
    let id = client.call("contact/upsert", &json!({"contact": {"email": "a@b.pl"}, "birthday": "0229"}))["contactId"].clone();
    let read = client.read(id.as_str().unwrap());
    assert_eq!((&read["birthdayYear"], &read["birthdayMonth"], &read["birthdayDay"]), (&Value::Null, &json!("2"), &json!("29")));
    for wrong in ["1980-10-07", "19801307", "0230", "x"] {
        let words = client.refused("contact/upsert", &json!({"contact": {"email": "a@b.pl"}, "birthday": wrong}));
        assert!(words.starts_with("Birthday is not valid"), "{wrong}");
    }
}

#[test]
fn addresses_and_states_have_rules() {
    let mut client = Client::new();
    let long = format!("{}@acme.example", "x".repeat(65));
    for wrong in ["nobody", "a b@acme.example", "a@acme", long.as_str()] {
        assert_eq!(client.refused("contact/upsert", &json!({"contact": {"email": wrong}})), "Email is not valid", "{wrong}");
    }
    assert_eq!(client.refused("contact/upsert", &json!({"contact": {"email": "a@b.pl", "state": "CLIENT"}})), "State is not valid");
    for state in ["CUSTOMER", "PROSPECT", "PARTNER", "OTHER", "UNKNOWN"] {
        let id = client.upsert(&json!({"email": "a@b.pl", "state": state}));
        assert_eq!(client.read(&id)["state"], state);
    }
}

#[test]
fn a_batch_takes_what_it_can_and_says_nothing_of_the_rest() {
    let mut client = Client::new();
    let rows = json!([
        {"contact": {"email": "One@acme.example"}}, {"contact": {"email": "wrong"}},
        {"contact": {"email": "two@acme.example", "state": "NEVER"}}, {"contact": {"email": "three@acme.example"}, "tags": ["A"]}
    ]);
    let taken = client.call("contact/batchupsert", &json!({"upsertDetails": rows}))["contactIds"].clone();
    let names: Vec<&str> = taken.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(names, ["one@acme.example", "three@acme.example"]);
    let many: Vec<Value> = (0..1_001).map(|number| json!({"contact": {"email": format!("p{number}@acme.example")}})).collect();
    assert_eq!(client.refused("contact/batchupsert", &json!({"upsertDetails": many})), "upsertDetails has more than 1000 elements");
}

#[test]
fn another_user_who_writes_gets_a_share_and_the_main_owner_stays() {
    let mut client = Client::new();
    let id = client.upsert(&json!({"email": "a@b.pl"}));
    client.owner = SECOND_OWNER_EMAIL;
    let own = |client: &mut Client| client.call("contact/listById", &json!({ "contactId": [id] }))["contacts"].as_array().unwrap().len();
    assert_eq!(own(&mut client), 0, "a list shows the named owner's contacts alone");
    client.upsert(&json!({"email": "a@b.pl", "name": "Ida"}));
    assert_eq!(own(&mut client), 1);
    assert_eq!(client.read(&id)["mainContactOwner"], OWNER_EMAIL);
    client.call("contact/setMainOwner", &json!({"contact": {"email": "a@b.pl"}, "newOwner": SECOND_OWNER_EMAIL}));
    assert_eq!(client.read(&id)["mainContactOwner"], SECOND_OWNER_EMAIL);
    assert_eq!(client.account.owners_of(&id), [OWNER_EMAIL, SECOND_OWNER_EMAIL]);
    let body = json!({"contact": {"email": "a@b.pl"}, "newOwner": "nobody@acme.example"});
    assert_eq!(client.refused("contact/setMainOwner", &body), "New owner does not exist");
}

#[test]
fn a_deleted_contact_is_gone_or_says_so() {
    for stays in [false, true] {
        let mut client = Client::with(|profile| {
            profile.deleted_stay = stays;
            profile.delete_answers_nothing = stays;
        });
        let id = client.upsert(&json!({"email": "a@b.pl"}));
        let (status, answer) = client.raw("contact/delete", &json!({"email": "A@b.pl"}));
        assert_eq!((status, answer.is_null()), (200, stays));
        let found = client.call("contact/listAllById", &json!({ "contactId": [id] }))["contacts"].clone();
        assert_eq!(found.as_array().unwrap().iter().map(|row| row["deleted"] == true).collect::<Vec<_>>(), vec![true; usize::from(stays)]);
        assert!(client.account.contact_ids().is_empty());
        assert_ne!(client.upsert(&json!({"email": "a@b.pl"})), id);
    }
}

#[test]
fn many_are_deleted_by_address_or_id() {
    let mut client = Client::new();
    client.upsert(&json!({"email": "a@b.pl"}));
    let second = client.upsert(&json!({"email": "c@d.pl"}));
    let rows = json!([
        {"addresseeType": "email", "value": "A@b.pl"}, {"addresseeType": "contactId", "value": second}, {"addresseeType": "email", "value": "x@y.pl"}
    ]);
    assert_eq!(client.call("contact/batchDelete", &json!({ "contacts": rows }))["result"], "2 contacts deleted");
    assert!(client.account.contact_ids().is_empty());
}
