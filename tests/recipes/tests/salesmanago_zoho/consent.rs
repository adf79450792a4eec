//! Who says no is heard.

use jiff::SignedDuration;
use serde_json::json;
use syncline_recipe_tests::{Customers, CustomersSetup};

const IDA: &str = "ida@nordwerk.example";

async fn customers(setup: CustomersSetup) -> (Customers, String) {
    let customers = Customers::made(setup).await;
    let fields = json!({"name": "Ida Berg", "email": IDA, "company": "Nordwerk", "state": "CUSTOMER", "optedOut": false});
    let id = customers.new_at_salesmanago(&fields);
    customers.stage.settle().await;
    (customers, id)
}

#[tokio::test]
async fn sz_04_opting_out_and_in_goes_both_ways() {
    let (customers, id) = customers(CustomersSetup::default()).await;
    let (contact, record) = customers.client(IDA);
    assert_eq!(record["Email_Opt_Out"], false);
    customers.edit_at_salesmanago(&id, &json!({"optedOut": true}));
    customers.stage.settle().await;
    assert_eq!(customers.client(IDA).1["Email_Opt_Out"], true);
    customers.edit_at_zoho("Contacts", &contact, &json!({"Email_Opt_Out": false}));
    customers.stage.settle().await;
    assert_eq!(customers.at_salesmanago(IDA)["optedOut"], false);
    customers.edit_at_zoho("Contacts", &contact, &json!({"Email_Opt_Out": true}));
    customers.stage.settle().await;
    assert_eq!(customers.at_salesmanago(IDA)["optedOut"], true);
    // Another edit subscribes nobody by the way.
    customers.edit_at_zoho("Contacts", &contact, &json!({"Phone": "+48 603 111 111"}));
    customers.stage.settle().await;
    let contact = customers.at_salesmanago(IDA);
    assert_eq!((&contact["optedOut"], &contact["phone"]), (&json!(true), &json!("+48 603 111 111")));
}

/// A flag has two values, so both sides can only differ where nothing says which of them changed: when they first meet.
#[tokio::test]
async fn sz_04_on_a_conflict_the_opt_out_wins_whoever_is_master() {
    for master in ["master: right", "master: left"] {
        for (out_at_salesmanago, out_at_zoho) in [(true, false), (false, true)] {
            let customers = Customers::off(CustomersSetup::default().with("master: right", master)).await;
            let contact =
                json!({"name": "Ida Berg", "email": IDA, "company": "Nordwerk", "state": "CUSTOMER", "optedOut": out_at_salesmanago});
            customers.new_at_salesmanago(&contact);
            let record = json!({"First_Name": "Ida", "Last_Name": "Berg", "Email": IDA, "Email_Opt_Out": out_at_zoho});
            customers.new_at_zoho("Contacts", &record);
            customers.stage.turn_on().await;
            assert_eq!(customers.at_salesmanago(IDA)["optedOut"], true, "{master}");
            assert_eq!(customers.client(IDA).1["Email_Opt_Out"], true, "{master}");
            customers.writes();
            customers.stage.after(SignedDuration::from_hours(6)).await;
            assert_eq!(customers.writes(), Vec::<String>::new(), "{master}");
        }
    }
}

/// The contact that stays when a client becomes a prospect keeps what was said then; what the lead says came later.
#[tokio::test]
async fn sz_04_an_opt_in_as_a_prospect_holds_once_they_are_a_client_again() {
    let customers = Customers::new().await;
    let fields = json!({"name": "Ida Berg", "email": IDA, "company": "Nordwerk", "state": "CUSTOMER", "optedOut": true});
    let id = customers.new_at_salesmanago(&fields);
    customers.stage.settle().await;
    for (field, value) in [("state", json!("PROSPECT")), ("optedOut", json!(false)), ("state", json!("CUSTOMER"))] {
        customers.edit_at_salesmanago(&id, &json!({ field: value }));
        customers.stage.settle().await;
    }
    assert_eq!(customers.client(IDA).1["Email_Opt_Out"], false);
    assert_eq!(customers.at_salesmanago(IDA)["optedOut"], false);
}
