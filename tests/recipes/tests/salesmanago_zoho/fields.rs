//! What crosses, both ways.

use jiff::SignedDuration;
use serde_json::{Value as Json, json};
use syncline_engine::ownerless;
use syncline_model::Side;
use syncline_recipe_tests::Customers;
use syncline_salesmanago_sim::{OWNER_EMAIL, SECOND_OWNER_EMAIL};
use syncline_simulator::lock;

const IDA: &str = "ida@nordwerk.example";

fn ida() -> Json {
    json!({
        "name": "Ida van der Berg", "email": IDA, "phone": "+48 601 234 567", "fax": "+48 22 123 45 67", "company": "Nordwerk",
        "address.streetAddress": "Prosta 1", "address.zipCode": "00-001", "address.city": "Warszawa", "address.country": "PL",
        "province": "mazowieckie", "state": "CUSTOMER", "birthday": "1984-08-04",
    })
}

#[tokio::test]
async fn sz_01_every_field_crosses_from_salesmanago_to_zoho() {
    let customers = Customers::new().await;
    customers.new_at_salesmanago(&ida());
    customers.stage.settle().await;
    let (_, contact) = customers.client(IDA);
    for (field, value) in [
        ("First_Name", "Ida van der"),
        ("Last_Name", "Berg"),
        ("Phone", "+48 601 234 567"),
        ("Fax", "+48 22 123 45 67"),
        ("Mailing_Street", "Prosta 1"),
        ("Mailing_Zip", "00-001"),
        ("Mailing_City", "Warszawa"),
        ("Mailing_State", "mazowieckie"),
        ("Mailing_Country", "PL"),
        ("Date_of_Birth", "1984-08-04"),
    ] {
        assert_eq!(contact[field], value, "{field}");
    }
    assert_eq!(contact["Account_Name"]["name"], "Nordwerk");
    // One change is one write, and its echo none.
    customers.writes();
    customers.stage.after(SignedDuration::from_hours(6)).await;
    assert_eq!(customers.writes(), Vec::<String>::new());
}

#[tokio::test]
async fn sz_01_every_field_crosses_from_zoho_to_salesmanago() {
    let customers = Customers::new().await;
    let made = customers.new_at_zoho(
        "Contacts",
        &json!({
            "First_Name": "Jonas", "Last_Name": "Nowak", "Email": "jonas@acme.example", "Phone": "+48 602 000 000", "Fax": "+48 22 1",
            "Mailing_Street": "Długa 5", "Mailing_Zip": "31-147", "Mailing_City": "Kraków", "Mailing_State": "małopolskie",
            "Mailing_Country": "PL", "Date_of_Birth": "1990-02-28",
        }),
    );
    customers.stage.settle().await;
    let contact = customers.at_salesmanago("jonas@acme.example");
    assert_eq!(
        (&contact["name"], &contact["state"], &contact["phone"]),
        (&json!("Jonas Nowak"), &json!("CUSTOMER"), &json!("+48 602 000 000"))
    );
    assert_eq!(contact["address"], json!({"streetAddress": "Długa 5", "zipCode": "31-147", "city": "Kraków", "country": "PL"}));
    assert_eq!((&contact["province"], &contact["fax"]), (&json!("małopolskie"), &json!("+48 22 1")));
    assert_eq!((&contact["birthdayYear"], &contact["birthdayMonth"], &contact["birthdayDay"]), (&json!("1990"), &json!("2"), &json!("28")));

    // And back, field by field: each side's edit is kept.
    let id = contact["id"].as_str().unwrap().to_owned();
    customers.edit_at_salesmanago(&id, &json!({"phone": "+48 603 111 111"}));
    customers.edit_at_zoho("Contacts", &made, &json!({"Mailing_City": "Zakopane"}));
    customers.stage.settle().await;
    let (_, record) = customers.client("jonas@acme.example");
    let contact = customers.at_salesmanago("jonas@acme.example");
    for side in [(&record["Phone"], &record["Mailing_City"]), (&contact["phone"], &contact["address"]["city"])] {
        assert_eq!(side, (&json!("+48 603 111 111"), &json!("Zakopane")));
    }
    assert!(customers.stage.holds().await.is_empty());
}

#[tokio::test]
async fn sz_03_the_user_with_the_same_email_owns_it_else_the_main_user_and_it_is_listed() {
    let customers = Customers::new().await;
    let sales = lock(&customers.zoho).simulator.add_user(customers.stage.now(), &SECOND_OWNER_EMAIL.to_uppercase(), "Sam", "Sales");
    // A directory rests for some hours.
    customers.stage.after(SignedDuration::from_hours(24)).await;
    let id = customers.new_at_salesmanago(&ida());
    let now = customers.stage.now();
    assert!(lock(&customers.salesmanago).simulator.assign(now, &id, SECOND_OWNER_EMAIL));
    customers.stage.settle().await;
    let owner = |customers: &Customers| customers.client(IDA).1["Owner"]["id"].as_str().unwrap().to_owned();
    assert_eq!(owner(&customers), sales, "whatever the case");
    assert!(ownerless::list(&customers.stage.engine, customers.stage.sync(), 10).await.unwrap().is_empty());

    // Zoho's own people are not known at SALESmanago.
    let hugo = lock(&customers.zoho).simulator.human_user();
    let (record, _) = customers.client(IDA);
    customers.edit_at_zoho("Contacts", &record, &json!({"Owner.id": hugo}));
    customers.stage.settle().await;
    assert_eq!(customers.at_salesmanago(IDA)["mainContactOwner"], OWNER_EMAIL, "the main user stands in");
    let listed = ownerless::list(&customers.stage.engine, customers.stage.sync(), 10).await.unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!((listed[0].missing[0].owner.side, listed[0].missing[0].owner.user.as_str()), (Side::Right, hugo.as_str()));
    assert_eq!(owner(&customers), hugo, "and is nobody's edit");
}
