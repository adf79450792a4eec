//! Clients are contacts, prospects are leads; who becomes the other moves.

use jiff::SignedDuration;
use serde_json::json;
use syncline_recipe_tests::{Customers, CustomersSetup};
use syncline_simulator::{Users, lock};

const IDA: &str = "ida@nordwerk.example";

async fn with_prospect(setup: CustomersSetup) -> (Customers, String) {
    let customers = Customers::made(setup).await;
    let fields = json!({"name": "Ida Berg", "email": IDA, "company": "Nordwerk", "phone": "+48 601 234 567", "state": "PROSPECT"});
    let id = customers.new_at_salesmanago(&fields);
    customers.stage.settle().await;
    (customers, id)
}

/// Nothing more is written, nothing is held, and nobody stands twice.
async fn assert_at_rest(customers: &Customers) {
    customers.writes();
    customers.stage.after(SignedDuration::from_hours(6)).await;
    assert_eq!(customers.writes(), Vec::<String>::new());
    assert!(customers.stage.holds().await.is_empty());
    assert_eq!(lock(&customers.salesmanago).simulator.contact_ids().len(), 1);
}

#[tokio::test]
async fn sz_02_a_prospect_is_a_lead_and_a_client_is_a_contact() {
    let (customers, _) = with_prospect(CustomersSetup::default()).await;
    let (_, lead) = customers.lead(IDA);
    assert_eq!((&lead["Last_Name"], &lead["Company"]), (&json!("Berg"), &json!("Nordwerk")));
    assert!(customers.at_zoho("Contacts").is_empty());
    assert_at_rest(&customers).await;
    customers.new_at_salesmanago(&json!({"name": "Jo Nowak", "email": "jo@acme.example", "company": "Acme", "state": "CUSTOMER"}));
    customers.stage.settle().await;
    customers.client("jo@acme.example");
    assert_eq!(customers.at_zoho("Leads").len(), 1);
    // Back the other way: a new lead is a prospect, a new contact a client.
    customers.new_at_zoho("Leads", &json!({"Last_Name": "Lis", "Company": "Lis", "Email": "lis@acme.example"}));
    customers.new_at_zoho("Contacts", &json!({"Last_Name": "Maj", "Email": "maj@acme.example"}));
    customers.stage.settle().await;
    assert_eq!(customers.at_salesmanago("lis@acme.example")["state"], "PROSPECT");
    assert_eq!(customers.at_salesmanago("maj@acme.example")["state"], "CUSTOMER");
}

#[tokio::test]
async fn sz_02_a_prospect_who_becomes_a_client_is_converted() {
    let (customers, id) = with_prospect(CustomersSetup::default()).await;
    let (lead, _) = customers.lead(IDA);
    customers.edit_at_salesmanago(&id, &json!({"state": "CUSTOMER"}));
    customers.stage.settle().await;
    let (contact, record) = customers.client(IDA);
    assert_eq!((&record["Phone"], &record["Account_Name"]["name"]), (&json!("+48 601 234 567"), &json!("Nordwerk")));
    assert!(customers.at_zoho("Leads").is_empty(), "the lead is gone by its conversion");
    assert_eq!(lock(&customers.zoho).simulator.contact_of(&lead), Some(contact.clone()));
    assert_at_rest(&customers).await;
    // The link went along: later edits arrive.
    customers.edit_at_zoho("Contacts", &contact, &json!({"Phone": "+48 603 111 111"}));
    customers.stage.settle().await;
    assert_eq!(customers.at_salesmanago(IDA)["phone"], "+48 603 111 111");
}

#[tokio::test]
async fn sz_02_a_conversion_in_zoho_makes_the_prospect_a_client() {
    let (customers, _) = with_prospect(CustomersSetup::default()).await;
    let (lead, _) = customers.lead(IDA);
    customers.stage.clock.advance(SignedDuration::from_secs(5));
    let now = customers.stage.now();
    let contact = lock(&customers.zoho).simulator.convert(now, &lead).unwrap();
    customers.stage.settle().await;
    assert_eq!(customers.at_salesmanago(IDA)["state"], "CUSTOMER");
    assert_at_rest(&customers).await;
    customers.edit_at_zoho("Contacts", &contact, &json!({"Phone": "+48 603 111 111"}));
    customers.stage.settle().await;
    assert_eq!(customers.at_salesmanago(IDA)["phone"], "+48 603 111 111");
}

#[tokio::test]
async fn sz_02_a_client_who_becomes_a_prospect_gets_a_lead_and_the_contact_stays_or_goes_as_configured() {
    for (setting, stays) in [("# demoted_contact: keep", true), ("demoted_contact: remove", false)] {
        let setup = CustomersSetup::default().with("# demoted_contact: keep", setting);
        let customers = Customers::made(setup).await;
        let fields = json!({"name": "Ida Berg", "email": IDA, "company": "Nordwerk", "phone": "+48 601 234 567", "state": "CUSTOMER"});
        let id = customers.new_at_salesmanago(&fields);
        customers.stage.settle().await;
        let (contact, _) = customers.client(IDA);
        customers.edit_at_salesmanago(&id, &json!({"state": "PROSPECT"}));
        customers.stage.settle().await;
        let (lead, record) = customers.lead(IDA);
        assert_eq!((&record["Phone"], &record["Company"]), (&json!("+48 601 234 567"), &json!("Nordwerk")), "nothing is lost");
        assert_eq!(lock(&customers.zoho).simulator.live("Contacts").contains_key(&contact), stays);
        assert_at_rest(&customers).await;
        // The link went along; the contact that was kept is nobody's any more.
        customers.edit_at_zoho("Leads", &lead, &json!({"Phone": "+48 603 111 111"}));
        customers.stage.settle().await;
        assert_eq!(customers.at_salesmanago(IDA)["phone"], "+48 603 111 111");
        if stays {
            customers.edit_at_zoho("Contacts", &contact, &json!({"Phone": "+48 604 222 222"}));
            customers.stage.settle().await;
            assert_eq!(customers.at_salesmanago(IDA)["phone"], "+48 603 111 111");
        }
    }
}

/// The contact that stayed says that they went on as a lead, and the lead, which somebody converts into that very contact, that they went on there.
#[tokio::test]
async fn sz_02_a_former_client_who_is_converted_into_the_contact_that_stayed_is_that_client_again() {
    let customers = Customers::new().await;
    let fields = json!({"name": "Ida Berg", "email": IDA, "company": "Nordwerk", "phone": "+48 601 234 567", "state": "CUSTOMER"});
    let id = customers.new_at_salesmanago(&fields);
    customers.stage.settle().await;
    let (contact, _) = customers.client(IDA);
    customers.edit_at_salesmanago(&id, &json!({"state": "PROSPECT"}));
    customers.stage.settle().await;
    let (lead, _) = customers.lead(IDA);
    customers.stage.clock.advance(SignedDuration::from_secs(5));
    let now = customers.stage.now();
    lock(&customers.zoho).simulator.convert_into(now, &lead, &contact).unwrap();
    customers.stage.settle().await;
    assert_eq!(customers.at_salesmanago(IDA)["state"], "CUSTOMER");
    assert_at_rest(&customers).await;
    customers.edit_at_zoho("Contacts", &contact, &json!({"Phone": "+48 603 111 111"}));
    customers.stage.settle().await;
    assert_eq!(customers.at_salesmanago(IDA)["phone"], "+48 603 111 111");
    // And once more a prospect: with a lead of their own, not the one that is closed.
    customers.edit_at_salesmanago(&id, &json!({"state": "PROSPECT"}));
    customers.stage.settle().await;
    let (second, record) = customers.lead(IDA);
    assert_ne!(second, lead);
    assert_eq!(record["Phone"], "+48 603 111 111");
    assert_at_rest(&customers).await;
}

/// The contact that stayed still shows what was there before they became a prospect.
#[tokio::test]
async fn sz_02_what_was_emptied_while_they_were_a_prospect_does_not_come_back_with_the_client() {
    let customers = Customers::new().await;
    let fields = json!({"name": "Ida Berg", "email": IDA, "company": "Nordwerk", "phone": "+48 601 234 567", "state": "CUSTOMER"});
    let id = customers.new_at_salesmanago(&fields);
    customers.stage.settle().await;
    customers.edit_at_salesmanago(&id, &json!({"state": "PROSPECT"}));
    customers.stage.settle().await;
    let (lead, record) = customers.lead(IDA);
    assert_eq!(record["Phone"], "+48 601 234 567");
    customers.edit_at_zoho("Leads", &lead, &json!({"Phone": null}));
    customers.stage.settle().await;
    customers.edit_at_salesmanago(&id, &json!({"state": "CUSTOMER"}));
    customers.stage.settle().await;
    let (_, record) = customers.client(IDA);
    assert_eq!((&record["Phone"], &customers.at_salesmanago(IDA)["phone"]), (&json!(null), &json!(null)));
    assert_at_rest(&customers).await;
}

/// Only Zoho's contacts have a date of birth: it waits while the person is a lead, and is there once they are a contact, however they became one.
#[tokio::test]
async fn sz_02_what_only_contacts_have_is_there_once_a_prospect_becomes_a_client() {
    for in_zoho in [false, true] {
        let (customers, id) = with_prospect(CustomersSetup::default()).await;
        let (lead, _) = customers.lead(IDA);
        customers.edit_at_salesmanago(&id, &json!({"birthday": "1984-08-04"}));
        customers.stage.settle().await;
        assert_at_rest(&customers).await;
        let (year, month) = (json!("1984"), json!("8"));
        let born = |customers: &Customers| {
            let contact = customers.at_salesmanago(IDA);
            (contact["birthdayYear"].clone(), contact["birthdayMonth"].clone())
        };
        assert_eq!(born(&customers), (year.clone(), month.clone()));
        customers.stage.clock.advance(SignedDuration::from_secs(5));
        if in_zoho {
            let now = customers.stage.now();
            lock(&customers.zoho).simulator.convert(now, &lead).unwrap();
        } else {
            customers.edit_at_salesmanago(&id, &json!({"state": "CUSTOMER"}));
        }
        customers.stage.settle().await;
        assert_eq!(customers.client(IDA).1["Date_of_Birth"], "1984-08-04", "converted in Zoho: {in_zoho}");
        assert_at_rest(&customers).await;
        // Back to a prospect, and to a client once more.
        for state in ["PROSPECT", "CUSTOMER"] {
            customers.edit_at_salesmanago(&id, &json!({"state": state}));
            customers.stage.settle().await;
        }
        assert_eq!(customers.client(IDA).1["Date_of_Birth"], "1984-08-04");
        assert_eq!(born(&customers), (year, month));
    }
}

#[tokio::test]
async fn sz_02_a_state_without_a_place_in_zoho_is_left_as_it_is() {
    let (customers, id) = with_prospect(CustomersSetup::default()).await;
    customers.edit_at_salesmanago(&id, &json!({"state": "PARTNER", "phone": "+48 603 111 111"}));
    customers.stage.settle().await;
    let (_, lead) = customers.lead(IDA);
    assert_eq!(lead["Phone"], "+48 603 111 111", "all else crosses");
    assert_eq!(customers.at_salesmanago(IDA)["state"], "PARTNER");
    assert_at_rest(&customers).await;
}
