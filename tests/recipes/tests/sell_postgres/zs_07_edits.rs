//! ZS-7: what people do to the replica with SQL goes back to Sell. A trigger tells of it; nobody polls tables.

use serde_json::{Value as Json, json};
use syncline_recipe_tests::{Replica, ReplicaSetup};
use syncline_simulator::lock;

/// An organisation, somebody who works there, and one of each that belongs to them.
struct House {
    replica: Replica,
    north: String,
    ida: String,
    deal: String,
    lead: String,
    task: String,
    note: String,
}

async fn house(setup: ReplicaSetup) -> House {
    let replica = Replica::made(setup).await;
    let north = replica.new_at_sell("contact", &json!({"name": "Nordwerk GmbH", "is_organization": true}));
    let person = json!({"first_name": "Ida", "last_name": "Nowak", "is_organization": false, "contact_id": north, "address.line1": "Kaistr. 1", "address.city": "Kiel"});
    let ida = replica.new_at_sell("contact", &person);
    let deal = replica.new_at_sell("deal", &json!({"name": "Solar roof", "value": "100", "contact_id": ida}));
    let lead = replica.new_at_sell("lead", &json!({"last_name": "Brandt", "status": "New"}));
    let task = replica.new_at_sell("task", &json!({"content": "Call back", "resource_type": "contact", "resource_id": ida}));
    let note = replica.new_at_sell("note", &json!({"content": "Wants a quote", "resource_type": "deal", "resource_id": deal}));
    replica.stage.settle().await;
    replica.calls_to_sell();
    House { replica, north, ida, deal, lead, task, note }
}

/// Requests that changed something at Sell since the last look.
fn writes(replica: &Replica) -> Vec<String> {
    let calls = replica.calls_to_sell();
    calls.into_iter().filter(|call| !call.starts_with("GET") && !call.contains("/sync/")).collect()
}

#[tokio::test]
async fn zs_07_edits_of_every_table_go_back_each_with_one_write() {
    let House { replica, north, ida, deal, lead, task, note } = house(ReplicaSetup::default()).await;
    replica.sql("UPDATE contacts SET title = 'Head of buying', city = 'Hamburg', tags = ARRAY['vip'] WHERE last_name = 'Nowak'");
    replica.sql("UPDATE deals SET value = 250.75, closes_on = '2027-03-31'");
    replica.sql("UPDATE leads SET status = 'Working', first_name = 'Jonas'");
    replica.sql("UPDATE tasks SET completed = true, due_at = '2027-01-05 09:00+00'");
    replica.sql("UPDATE notes SET content = 'Got a quote'");
    replica.stage.settle().await;
    let person = replica.at_sell("contact", &ida).unwrap();
    assert_eq!((&person["title"], &person["tags"]), (&json!("Head of buying"), &json!(["vip"])));
    assert_eq!(
        (&person["address"]["city"], &person["address"]["line1"]),
        (&json!("Hamburg"), &json!("Kaistr. 1")),
        "the rest of the address stays"
    );
    assert_eq!(person["contact_id"].to_string(), north);
    let sold = replica.at_sell("deal", &deal).unwrap();
    let value = sold["value"].as_str().map_or_else(|| sold["value"].to_string(), str::to_owned);
    assert_eq!((value.as_str(), &sold["estimated_close_date"]), ("250.75", &json!("2027-03-31")));
    let lead = replica.at_sell("lead", &lead).unwrap();
    assert_eq!((&lead["status"], &lead["first_name"]), (&json!("Working"), &json!("Jonas")));
    let task = replica.at_sell("task", &task).unwrap();
    assert_eq!((&task["completed"], &task["due_date"]), (&json!(true), &json!("2027-01-05T09:00:00Z")));
    assert_eq!(replica.at_sell("note", &note).unwrap()["content"], "Got a quote");
    assert_eq!(writes(&replica).len(), 5);
    let before: Vec<Json> = ["contacts", "deals", "leads", "tasks", "notes"].into_iter().flat_map(|table| replica.rows(table)).collect();
    replica.stage.after(jiff::SignedDuration::from_hours(1)).await;
    assert_eq!(writes(&replica), Vec::<String>::new(), "and no echo");
    let after: Vec<Json> = ["contacts", "deals", "leads", "tasks", "notes"].into_iter().flat_map(|table| replica.rows(table)).collect();
    assert_eq!(before, after, "the rows were not written again, not even their stamps");
    assert_eq!(replica.stage.holds().await, Vec::new());
}

#[tokio::test]
async fn zs_07_rows_that_are_inserted_become_records_with_what_they_belong_to() {
    let House { replica, north, .. } = house(ReplicaSetup::default()).await;
    // A person at an organisation that is known, and a deal of theirs, in one transaction: neither is at Sell yet.
    replica.sql(
        "WITH person AS (INSERT INTO contacts (first_name, last_name, email, organization_id) \
         SELECT 'Kim', 'Weber', 'kim@nordwerk.example', syncline_id FROM contacts WHERE name = 'Nordwerk GmbH' RETURNING syncline_id) \
         INSERT INTO deals (name, value, currency, contact_id) SELECT 'Heat pump', 9900, 'EUR', syncline_id FROM person",
    );
    replica.sql("INSERT INTO leads (last_name, organization, city) VALUES ('Lang', 'Helio GmbH', 'Ulm')");
    replica.stage.settle().await;
    let sell_id = |table: &str, column: &str, value: &str| replica.sql(&format!("SELECT sell_id FROM {table} WHERE {column} = '{value}'"));
    let ids =
        [sell_id("contacts", "last_name", "Weber"), sell_id("deals", "name", "Heat pump"), sell_id("leads", "last_name", "Lang")].concat();
    let [kim, deal, lead] = ids.as_slice() else { panic!("each row carries Sell's id: {ids:?}") };
    let person = replica.at_sell("contact", kim).unwrap();
    assert_eq!((person["contact_id"].to_string(), &person["email"]), (north, &json!("kim@nordwerk.example")));
    assert_eq!(person["is_organization"], json!(false));
    assert_eq!(replica.at_sell("deal", deal).unwrap()["contact_id"].to_string(), *kim);
    assert_eq!(replica.at_sell("lead", lead).unwrap()["address"]["city"], "Ulm");
    // A task about them, by Sell's number.
    replica.sql("INSERT INTO tasks (content, about, about_id) SELECT 'Send the offer', 'contact', sell_id::bigint FROM contacts WHERE last_name = 'Weber'");
    replica.stage.settle().await;
    let task = replica.sql("SELECT sell_id FROM tasks WHERE content = 'Send the offer'").concat();
    let task = replica.at_sell("task", &task).unwrap();
    assert_eq!((task["resource_id"].to_string(), &task["resource_type"]), (kim.clone(), &json!("contact")));
    assert_eq!(replica.stage.holds().await, Vec::new());
    writes(&replica);
    replica.stage.after(jiff::SignedDuration::from_hours(1)).await;
    assert_eq!(writes(&replica), Vec::<String>::new());
    let sell = lock(&replica.sell);
    assert_eq!((sell.simulator.count("contact"), sell.simulator.count("deal"), sell.simulator.count("lead")), (3, 2, 2), "each once");
}

#[tokio::test]
async fn zs_07_a_row_that_is_deleted_leaves_sell_alone_unless_the_config_says_otherwise() {
    for (propagates, setup) in [
        (false, ReplicaSetup::default()),
        (true, ReplicaSetup::default().with("right: ignore, max_share: 5", "right: propagate, max_share: 100")),
    ] {
        let House { replica, task, note, .. } = house(setup).await;
        replica.sql("DELETE FROM tasks");
        replica.sql("UPDATE notes SET syncline_deleted_at = now()");
        replica.stage.settle().await;
        assert_eq!(replica.at_sell("task", &task).is_none(), propagates, "a row that is gone");
        assert_eq!(replica.at_sell("note", &note).is_none(), propagates, "a row that is marked");
        replica.stage.after(jiff::SignedDuration::from_hours(1)).await;
        assert_eq!(replica.count_live("tasks"), 0, "and it does not come back");
        assert_eq!(replica.stage.holds().await, Vec::new());
    }
}

#[tokio::test]
async fn zs_07_a_trigger_tells_of_edits_and_no_table_is_searched_for_them() {
    let House { replica, ida, .. } = house(ReplicaSetup::default()).await;
    let administer = |statement: &str| -> String {
        let rows = lock(&replica.database).simulator.administer(&[statement]).unwrap();
        rows.into_iter().flatten().flatten().flatten().collect::<Vec<String>>().concat()
    };
    let told = || administer("SELECT count(*)::text FROM syncline.changes");
    let title = || replica.at_sell("contact", &ida).unwrap()["title"].clone();
    assert_eq!(told(), "0", "what Syncline wrote is not told");
    replica.sql("UPDATE contacts SET title = 'Buyer' WHERE last_name = 'Nowak'");
    assert_eq!(told(), "1");
    replica.stage.settle().await;
    assert_eq!(title(), "Buyer");
    // Without the trigger nothing tells, and nobody looks.
    administer("ALTER TABLE contacts DISABLE TRIGGER zz_syncline_capture");
    replica.sql("UPDATE contacts SET title = 'Unheard of' WHERE last_name = 'Nowak'");
    replica.stage.after(jiff::SignedDuration::from_hours(1)).await;
    assert_eq!(title(), "Buyer");
    administer("ALTER TABLE contacts ENABLE TRIGGER zz_syncline_capture");
    replica.sql("UPDATE contacts SET title = 'Head of buying' WHERE last_name = 'Nowak'");
    replica.stage.settle().await;
    assert_eq!((title(), told()), (json!("Head of buying"), "1".to_owned()), "one row for each row that ever changed");
}
