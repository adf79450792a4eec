//! Fields: what is filled, cleared, split, mapped and refused.

use http::Method;
use serde_json::json;
use syncline_config::Severity;
use syncline_recipe_tests::{World, WorldSetup};

const MORE: &str = "          # More fields:\n";

fn with_field(setup: WorldSetup, line: &str) -> WorldSetup {
    setup.with(MORE, &format!("          {line}\n{MORE}"))
}

fn at_freshdesk(setup: &mut WorldSetup, body: &serde_json::Value) {
    let now = jiff::Timestamp::from_second(1_795_000_000).unwrap();
    let answer = setup.freshdesk.as_person(now, &Method::POST, "contact_fields", body);
    assert!(answer.status().is_success(), "{answer:?}");
}

async fn pair(world: &World, body: serde_json::Value) -> (i64, String) {
    let contact = world.new_contact(body);
    world.settle().await;
    (contact, world.counterpart("Contact", "FDCONTACTID__c", contact))
}

#[tokio::test]
async fn fs_10_email_and_phones_are_filled_when_empty_and_never_replaced() {
    let world = World::new().await;
    let (contact, record) = pair(&world, json!({"name": "Ida Kowalski", "email": "ida@nordwerk.example"})).await;
    world.save("Contact", Some(&record), json!({"Email": "new@nordwerk.example", "MobilePhone": "+49 171 1", "Phone": "+49 30 1"}));
    world.settle().await;
    let ours = world.freshdesk_contact(contact);
    assert_eq!(ours["email"], "ida@nordwerk.example", "kept");
    assert_eq!(ours["mobile"], "+49 171 1", "filled");
    assert_eq!(ours["phone"], "+49 30 1", "filled");
    world.save("Contact", Some(&record), json!({"MobilePhone": "+49 171 2"}));
    world.edit_contact(contact, json!({"phone": "+49 30 9"}));
    world.settle().await;
    assert_eq!(world.freshdesk_contact(contact)["mobile"], "+49 171 1");
    assert_eq!(world.salesforce_record("Contact", &record)["Phone"], "+49 30 1");
    // What is kept apart on purpose makes no traffic.
    world.writes();
    world.after(jiff::SignedDuration::from_hours(1)).await;
    assert!(world.writes().is_empty());
}

#[tokio::test]
async fn fs_11_a_null_never_clears_at_first_and_does_from_then_on() {
    let mut setup = with_field(WorldSetup::default(), "job_title: { left: job_title, right: Title }");
    let before = jiff::Timestamp::from_second(1_795_000_000).unwrap();
    let record = setup
        .salesforce
        .save(
            "Contact",
            None,
            &json!({"FirstName": "Ida", "LastName": "Kowalski", "Email": "ida@nordwerk.example", "Title": "Buyer"}),
            before,
        )
        .unwrap();
    let world = World::made(setup).await;
    let contact = world.new_contact(json!({"name": "Ida Kowalski", "email": "ida@nordwerk.example"}));
    world.settle().await;
    assert_eq!(world.salesforce_record("Contact", &record)["Title"], "Buyer", "not cleared by the empty side");
    assert_eq!(world.freshdesk_contact(contact)["job_title"], "Buyer", "and the empty side is filled");
    world.edit_contact(contact, json!({"job_title": null}));
    world.settle().await;
    assert!(world.salesforce_record("Contact", &record)["Title"].is_null(), "from then on a null clears");
}

#[tokio::test]
async fn fs_13_tags_and_comma_separated_text() {
    let mut setup = with_field(WorldSetup::default(), "tags: { left: tags, right: { field: Tags__c, as: comma_text } }");
    assert!(setup.salesforce.add_custom_field("Contact", "Tags__c", &json!({"label": "Tags", "type": "Text", "length": 255})));
    let world = World::made(setup).await;
    let (contact, record) =
        pair(&world, json!({"name": "Ida Kowalski", "email": "ida@nordwerk.example", "tags": ["renewal", "vip"]})).await;
    assert_eq!(world.salesforce_record("Contact", &record)["Tags__c"], "renewal,vip");
    // Order and repetition are no change.
    world.writes();
    world.save("Contact", Some(&record), json!({"Tags__c": "vip, renewal,vip"}));
    world.settle().await;
    assert!(world.writes().is_empty());
    world.save("Contact", Some(&record), json!({"Tags__c": "vip, renewal,gold"}));
    world.settle().await;
    let mut tags: Vec<String> = serde_json::from_value(world.freshdesk_contact(contact)["tags"].clone()).unwrap();
    tags.sort();
    assert_eq!(tags, ["gold", "renewal", "vip"]);
}

#[tokio::test]
async fn fs_15_options_that_agree_cross_and_one_without_counterpart_is_that_records_error() {
    let mut setup = with_field(
        WorldSetup::default(),
        "tier: { left: custom_fields.tier, right: Tier__c, values: { Gold: gold, Silver: silver }, others: refuse }",
    );
    let values = json!({"valueSetDefinition": {"sorted": false, "value": [{"fullName": "gold", "label": "gold"}, {"fullName": "silver", "label": "silver"}, {"fullName": "bronze", "label": "bronze"}]}, "restricted": true});
    assert!(setup.salesforce.add_custom_field("Contact", "Tier__c", &json!({"label": "Tier", "type": "Picklist", "valueSet": values})));
    at_freshdesk(
        &mut setup,
        &json!({"label": "Tier", "label_for_customers": "Tier", "type": "custom_dropdown", "choices": [{"value": "Gold", "position": 1}, {"value": "Silver", "position": 2}, {"value": "Tin", "position": 3}]}),
    );
    let world = World::made(setup).await;
    let issues = syncline_config::check_fields(&world.config, &world.config.syncs[0], &world.schemas().await);
    let all = issues.iter().map(|issue| format!("{} {}", issue.problem, issue.hint)).collect::<Vec<_>>().join("\n");
    assert!(all.contains("Tin") && all.contains("bronze"), "options on one side only are listed: {all}");
    assert!(issues.iter().all(|issue| issue.severity != Severity::Error), "{issues:?}");

    let (gold, record) =
        pair(&world, json!({"name": "Ida Kowalski", "email": "ida@nordwerk.example", "custom_fields": {"tier": "Gold"}})).await;
    assert_eq!(world.salesforce_record("Contact", &record)["Tier__c"], "gold");
    let tin = world.new_contact(json!({"name": "Jonas Brandt", "email": "jonas@helio.example", "custom_fields": {"tier": "Tin"}}));
    let silver = world.new_contact(json!({"name": "Lena Owens", "email": "lena@kestrel.example", "custom_fields": {"tier": "Silver"}}));
    world.settle().await;
    world.counterpart("Contact", "FDCONTACTID__c", silver);
    let holds = world.holds().await;
    assert_eq!(holds.len(), 1);
    assert_eq!(holds[0].id, tin.to_string());
    assert_eq!(holds[0].name(), "does_not_fit");
    assert!(!holds[0].says.contains("Tin"), "the field is named, its value is not: {}", holds[0].says);
    world.save("Contact", Some(&record), json!({"Tier__c": "silver"}));
    world.settle().await;
    assert_eq!(world.freshdesk_contact(gold)["custom_fields"]["tier"], "Silver");
}
