//! ZS-1: contacts of both kinds, leads, deals, tasks, notes and custom fields, from Sell's API to SQL.

use serde_json::{Value as Json, json};
use syncline_engine::backfill;
use syncline_engine::ownerless;
use syncline_model::Side;
use syncline_recipe_tests::{Replica, ReplicaSetup};
use syncline_simulator::lock;
use syncline_zendesk_sell_sim::{CustomField, OWNER_EMAIL};

/// With a custom field of the account's.
fn setup() -> ReplicaSetup {
    let mut setup = ReplicaSetup::default();
    setup.sell.add_custom_field("contact", CustomField::new("Region", "string"));
    setup.with("# region:", "region:")
}

fn show(row: &Json, columns: &[&str]) -> Vec<Json> {
    columns.iter().map(|column| row[*column].clone()).collect()
}

#[tokio::test]
async fn zs_01_every_object_arrives_with_its_fields_and_what_it_belongs_to() {
    let mut setup = setup();
    let sam = setup.sell.add_user("Sam Field", "Sam.Field@acme.example", false);
    let replica = Replica::made(setup).await;
    let holding = replica.new_at_sell("contact", &json!({"name": "Nord Holding", "is_organization": true}));
    let north = replica.new_at_sell(
        "contact",
        &json!({"name": "Nordwerk GmbH", "is_organization": true, "parent_organization_id": holding, "customer_status": "current"}),
    );
    let ida = replica.new_at_sell(
        "contact",
        &json!({
            "first_name": "Ida", "last_name": "Nowak", "is_organization": false, "contact_id": north, "email": "ida@nordwerk.example",
            "phone": "+49 30 1234567", "mobile": "+49 171 5550143", "title": "Buyer", "tags": ["key", "north"], "owner_id": sam,
            "address.line1": "Kaistr. 1", "address.postal_code": "24103", "address.city": "Kiel", "address.country": "Germany",
            "custom_fields.Region": "Coast"
        }),
    );
    let lead = replica
        .new_at_sell("lead", &json!({"last_name": "Brandt", "organization_name": "Helio GmbH", "status": "New", "address.city": "Ulm"}));
    let deal = replica.new_at_sell(
        "deal",
        &json!({"name": "Solar roof", "value": "12500.50", "currency": "EUR", "contact_id": ida, "estimated_close_date": "2027-01-31", "owner_id": sam}),
    );
    let task = replica.new_at_sell(
        "task",
        &json!({"content": "Call back", "due_date": "2027-01-05T09:00:00Z", "resource_type": "deal", "resource_id": deal}),
    );
    let note = replica.new_at_sell("note", &json!({"content": "Wants a quote", "resource_type": "contact", "resource_id": ida}));
    replica.stage.settle().await;
    assert_eq!(replica.stage.holds().await, Vec::new());
    let row = |table: &str, id: &str| replica.row(table, id).unwrap_or_else(|| panic!("{table} lacks {id}"));
    let (holding, north, ida) = (row("contacts", &holding), row("contacts", &north), row("contacts", &ida));
    assert_eq!(show(&holding, &["is_organization", "name", "parent_id"]), [json!(true), json!("Nord Holding"), json!(null)]);
    assert_eq!(show(&north, &["name", "stage"]), ["Nordwerk GmbH", "current"]);
    assert_eq!(north["parent_id"], holding["syncline_id"], "an organisation's owner is a row of the same table");
    assert_eq!(ida["organization_id"], north["syncline_id"], "and so is a person's organisation");
    assert_eq!(show(&ida, &["first_name", "last_name", "name", "email"]), ["Ida", "Nowak", "Ida Nowak", "ida@nordwerk.example"]);
    assert_eq!(show(&ida, &["phone", "mobile", "title", "region"]), ["+49 30 1234567", "+49 171 5550143", "Buyer", "Coast"]);
    assert_eq!(show(&ida, &["street", "postcode", "city", "country"]), ["Kaistr. 1", "24103", "Kiel", "Germany"]);
    assert_eq!((&ida["is_organization"], &ida["tags"]), (&json!(false), &json!(["key", "north"])));
    assert_eq!(ida["owner"], "sam.field@acme.example", "a database has no users: the owner is an email");
    assert_eq!(north["owner"], OWNER_EMAIL);
    let lead = row("leads", &lead);
    assert_eq!(show(&lead, &["last_name", "organization", "status", "city"]), ["Brandt", "Helio GmbH", "New", "Ulm"]);
    let deal_row = row("deals", &deal);
    assert_eq!(show(&deal_row, &["name", "currency", "closes_on", "owner"]), ["Solar roof", "EUR", "2027-01-31", "sam.field@acme.example"]);
    assert_eq!((&deal_row["value"], &deal_row["contact_id"]), (&json!(12500.50), &ida["syncline_id"]));
    let task = row("tasks", &task);
    assert_eq!((&task["content"], &task["completed"], &task["about"]), (&json!("Call back"), &json!(false), &json!("deal")));
    assert!(task["due_at"].as_str().is_some_and(|due| due.starts_with("2027-01-05T09:00:00")), "{}", task["due_at"]);
    let note = row("notes", &note);
    assert_eq!((&note["content"], &note["about"]), (&json!("Wants a quote"), &json!("contact")));
    // What a task or note is about is joined by Sell's number.
    let about = "SELECT d.name FROM tasks t JOIN deals d ON t.about = 'deal' AND d.sell_id = t.about_id::text";
    assert_eq!(replica.sql(about), ["Solar roof"]);
    assert!(ownerless::list(&replica.stage.engine, replica.stage.sync(), 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn zs_01_edits_at_sell_arrive_also_cleared_ones_and_nothing_comes_back() {
    let replica = Replica::made(setup()).await;
    let north = replica.new_at_sell("contact", &json!({"name": "Nordwerk GmbH", "is_organization": true}));
    let south = replica.new_at_sell("contact", &json!({"name": "Suedwerk AG", "is_organization": true}));
    let ida = replica.new_at_sell(
        "contact",
        &json!({"first_name": "Ida", "last_name": "Nowak", "is_organization": false, "contact_id": north, "title": "Buyer", "tags": ["key"], "custom_fields.Region": "Coast"}),
    );
    let deal = replica.new_at_sell("deal", &json!({"name": "Solar roof", "value": "100", "contact_id": ida}));
    replica.stage.settle().await;
    replica.calls_to_sell();
    replica.edit_at_sell(
        "contact",
        &ida,
        &json!({"last_name": "Brandt", "title": null, "contact_id": south, "tags": ["key", "vip"], "custom_fields.Region": null}),
    );
    replica.edit_at_sell("deal", &deal, &json!({"value": "250.75"}));
    replica.stage.settle().await;
    let row = replica.row("contacts", &ida).unwrap();
    assert_eq!(show(&row, &["last_name", "name", "title", "region"]), [json!("Brandt"), json!("Ida Brandt"), json!(null), json!(null)]);
    assert_eq!((&row["tags"], &row["organization_id"]), (&json!(["key", "vip"]), &replica.row("contacts", &south).unwrap()["syncline_id"]));
    assert_eq!(replica.row("deals", &deal).unwrap()["value"], json!(250.75));
    replica.stage.after(jiff::SignedDuration::from_hours(1)).await;
    let writes: Vec<String> = replica.calls_to_sell().into_iter().filter(|call| !call.starts_with("GET")).collect();
    assert!(writes.iter().all(|call| call.contains("/sync/")), "Sell is told nothing that it said itself: {writes:?}");
    assert_eq!(replica.stage.holds().await, Vec::new());
}

#[tokio::test]
async fn zs_01_what_was_there_before_is_copied_once_whoever_names_whom() {
    let replica = Replica::off(setup()).await;
    let north = replica.new_at_sell("contact", &json!({"name": "Nordwerk GmbH", "is_organization": true}));
    // Two that name each other, which nobody would do on purpose.
    let south = replica.new_at_sell("contact", &json!({"name": "Suedwerk AG", "is_organization": true, "parent_organization_id": north}));
    replica.edit_at_sell("contact", &north, &json!({"parent_organization_id": south}));
    let people: Vec<String> = (0..30)
        .map(|number| {
            let employer = if number % 2 == 0 { &north } else { &south };
            let fields = json!({"first_name": "P", "last_name": format!("Nr {number}"), "is_organization": false, "contact_id": employer});
            replica.new_at_sell("contact", &fields)
        })
        .collect();
    // The plan knows that none of them will have to wait.
    let said = backfill::preview(&replica.stage.engine, replica.stage.sync(), replica.stage.by()).await.unwrap();
    let contacts = said.mappings.iter().find(|mapping| mapping.mapping.as_str() == "contacts").unwrap();
    assert_eq!((contacts.create.right, contacts.wait), (32, 0));
    replica.stage.turn_on().await;
    let (north, south) = (replica.row("contacts", &north).unwrap(), replica.row("contacts", &south).unwrap());
    assert_eq!((&north["parent_id"], &south["parent_id"]), (&south["syncline_id"], &north["syncline_id"]));
    for (number, id) in people.iter().enumerate() {
        let employer = if number % 2 == 0 { &north } else { &south };
        assert_eq!(replica.row("contacts", id).unwrap()["organization_id"], employer["syncline_id"], "{number}");
    }
    assert_eq!(replica.count_live("contacts"), 32);
    assert_eq!(replica.stage.holds().await, Vec::new());
}

#[tokio::test]
async fn zs_01_an_owner_crosses_as_an_email_and_who_is_not_known_is_stood_in_for_and_listed() {
    let mut setup = setup();
    let sam = setup.sell.add_user("Sam Field", "sam.field@acme.example", false);
    let replica = Replica::made(setup).await;
    let ida = replica.new_at_sell("contact", &json!({"first_name": "Ida", "last_name": "Nowak", "is_organization": false}));
    replica.stage.settle().await;
    let owner_at_sell = || replica.at_sell("contact", &ida).unwrap()["owner_id"].clone();
    let root = lock(&replica.sell).simulator.owner();
    assert_eq!((owner_at_sell(), &replica.row("contacts", &ida).unwrap()["owner"]), (json!(root), &json!(OWNER_EMAIL)));
    replica.sql("UPDATE contacts SET owner = 'Sam.Field@acme.example'");
    replica.stage.settle().await;
    assert_eq!(owner_at_sell(), json!(sam), "an email, whatever its case");
    replica.sql("UPDATE contacts SET owner = 'kim@elsewhere.example'");
    replica.stage.settle().await;
    assert_eq!(owner_at_sell(), json!(root), "who stands in");
    let found = ownerless::list(&replica.stage.engine, replica.stage.sync(), 10).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].left.as_str(), found[0].missing[0].owner.side), (ida.as_str(), Side::Right));
    assert_eq!(replica.row("contacts", &ida).unwrap()["owner"], "kim@elsewhere.example", "who stands in is nobody's edit");
    let preflight = replica.stage.preflight().await;
    assert!(preflight.owners.as_ref().is_some_and(|owners| owners.problems.is_empty()), "{:?}", preflight.owners);
}
