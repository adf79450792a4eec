//! FS · Freshdesk and Salesforce.

use jiff::SignedDuration;
use serde_json::json;
use syncline_recipe_tests::World;

#[tokio::test]
async fn fs_01_contacts_and_companies_go_both_ways() {
    let world = World::new().await;
    let company = world.new_company(json!({"name": "Nordwerk GmbH"}));
    let contact = world
        .new_contact(json!({"name": "Ida Kowalski", "email": "ida@nordwerk.example", "mobile": "+49 171 5550143", "company_id": company}));
    let account = world.save("Account", None, json!({"Name": "Helio Ltd"}));
    let person = world.save(
        "Contact",
        None,
        json!({"FirstName": "Jonas", "LastName": "Brandt", "Email": "jonas@helio.example", "Phone": "+49 30 123", "AccountId": account}),
    );
    world.settle().await;

    let ida = world.counterpart("Contact", "FDCONTACTID__c", contact);
    let nordwerk = world.counterpart("Account", "FDACCOUNTID__c", company);
    let ida = world.salesforce_record("Contact", &ida);
    assert_eq!(ida["LastName"], "Kowalski");
    assert_eq!(ida["FirstName"], "Ida");
    assert_eq!(ida["Email"], "ida@nordwerk.example");
    assert_eq!(ida["MobilePhone"], "+49 171 5550143");
    assert_eq!(ida["AccountId"], nordwerk.as_str());

    let jonas = world.salesforce_record("Contact", &person)["FDCONTACTID__c"].as_str().unwrap().parse().unwrap();
    let jonas = world.freshdesk_contact(jonas);
    assert_eq!(jonas["name"], "Jonas Brandt");
    assert_eq!(jonas["phone"], "+49 30 123");
    assert_eq!(jonas["custom_fields"]["sfcontactid"], person.as_str());
    let helio = world.freshdesk_company(jonas["company_id"].as_i64().unwrap());
    assert_eq!(helio["name"], "Helio Ltd");
    assert_eq!(helio["custom_fields"]["sfaccountid"], account.as_str());

    world.writes();
    world.after(SignedDuration::from_hours(1)).await;
    assert_eq!(world.writes(), Vec::<String>::new(), "nothing is written once it is quiet");
}
