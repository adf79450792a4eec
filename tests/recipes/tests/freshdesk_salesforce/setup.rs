//! What is synced, from when on, how often, and what `provision` and the metadata have to do with it.

use jiff::SignedDuration;
use serde_json::{Value as Json, json};
use syncline_config::Severity;
use syncline_model::Side;
use syncline_recipe_tests::{World, WorldSetup};
use syncline_simulator::{Population, lock};

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

#[tokio::test]
async fn fs_02_turning_the_sync_on_migrates_nothing() {
    let mut setup = WorldSetup::default();
    let people = Population::new(3);
    let before = jiff::Timestamp::from_second(1_795_000_000).unwrap();
    setup.freshdesk.load(&people, 0..20, 0..2, before);
    setup.salesforce.load(&people, 50..70, 5..7, before);
    let world = World::made(setup).await;
    assert_eq!(world.freshdesk_contacts().len(), 20);
    assert_eq!(world.salesforce_ids("Contact").len(), 20);

    let contact = world.freshdesk_contacts()[4];
    world.edit_contact(contact, json!({"job_title": "Owner"}));
    world.edit_contact(contact, json!({"name": "Renamed Person"}));
    world.settle().await;
    let ids = world.salesforce_ids("Contact");
    assert_eq!(ids.len(), 21, "the edited contact went over, and only that one");
    let counterpart = world.counterpart("Contact", "FDCONTACTID__c", contact);
    assert_eq!(world.salesforce_record("Contact", &counterpart)["LastName"], "Person");
    // The company that it belongs to went with it.
    assert_eq!(world.salesforce_ids("Account").len(), 3);
}

#[tokio::test]
async fn fs_02_a_backfill_brings_the_existing_records_over_with_the_fewest_calls() {
    let mut setup = WorldSetup::default();
    let people = Population::new(3);
    let before = jiff::Timestamp::from_second(1_795_000_000).unwrap();
    setup.freshdesk.load(&people, 0..300, 0..30, before);
    setup.salesforce.load(&people, 150..400, 15..40, before);
    let world = World::made(setup).await;
    assert_eq!((world.freshdesk_contacts().len(), world.salesforce_ids("Contact").len()), (300, 250), "turning it on migrates nothing");

    let preview = syncline_engine::backfill::preview(&world.engine, world.sync(), world.by()).await.unwrap();
    assert!(preview.complete);
    lock(&world.freshdesk).seen.clear();
    world.writes();
    let asked = |world: &World| -> std::collections::BTreeMap<String, u64> {
        let budgets = &world.engine.budgets;
        [Side::Left, Side::Right].into_iter().flat_map(|side| budgets[world.connection(side)].usage().calls).collect()
    };
    let calls_before = asked(&world);
    world.backfill().await;
    let calls: std::collections::BTreeMap<String, u64> =
        asked(&world).into_iter().map(|(class, calls)| (class.clone(), calls - calls_before.get(&class).copied().unwrap_or(0))).collect();

    assert_eq!((world.freshdesk_contacts().len(), world.salesforce_ids("Contact").len()), (400, 400), "everybody once, on both sides");
    assert_eq!((lock(&world.freshdesk).simulator.company_ids().len(), world.salesforce_ids("Account").len()), (40, 40));
    assert!(world.holds().await.is_empty(), "{:?}", world.holds().await);
    for contact in world.freshdesk_contacts() {
        let shown = world.freshdesk_contact(contact);
        let record = world.salesforce_record("Contact", shown["custom_fields"]["sfcontactid"].as_str().expect("linked"));
        assert_eq!(record["FDCONTACTID__c"], contact.to_string().as_str());
        assert_eq!(record["Email"], shown["email"]);
        let company = shown["company_id"].as_i64().map(|id| world.freshdesk_company(id)["custom_fields"]["sfaccountid"].clone());
        assert_eq!(company.as_ref(), Some(&record["AccountId"]), "and works at the same company");
    }
    // 4 pages of contacts that overlap, so that a deletion meanwhile shifts nobody past the reader; 1 of blocked ones, which the vendor lists apart, 1 of what
    // was edited meanwhile; 1 of companies; every contact and company is written once (created, or given its link field).
    assert_eq!(calls["contacts_list"], 6, "{calls:?}");
    assert_eq!(calls["companies_list"], 1, "{calls:?}");
    assert_eq!(calls["contacts_write"], 400, "{calls:?}");
    assert_eq!(calls["companies_write"], 40, "{calls:?}");
    assert_eq!(calls.get("contacts_read").copied().unwrap_or(0), 0, "{calls:?}");
    assert_eq!(calls["query"], 2, "one page an object: {calls:?}");

    world.settle().await;
    world.writes();
    world.after(SignedDuration::from_hours(1)).await;
    assert_eq!(world.writes(), Vec::<String>::new(), "nothing is written once it is quiet");
}

#[tokio::test]
async fn fs_06_each_frequency_pulls_when_it_is_due() {
    let hour = SignedDuration::from_hours(1);
    for (schedule, pulls_a_day) in [("every 30 minutes", 48), ("every hour", 24), ("daily at 06:00", 1)] {
        let world = World::made(WorldSetup::default().with("schedule: every 30 minutes", &format!("schedule: {schedule}"))).await;
        let contact = world.new_contact(json!({"name": "Ida Kowalski", "email": "ida@nordwerk.example"}));
        assert!(world.salesforce_ids("Contact").is_empty());
        let pulls = world.run_schedules(world.now() + hour * 24).await;
        assert_eq!(pulls.iter().filter(|(side, _)| *side == Side::Left).count(), pulls_a_day, "{schedule}");
        world.counterpart("Contact", "FDCONTACTID__c", contact);
    }
}

#[tokio::test]
async fn fs_07_names_emails_and_phones_are_mapped_by_default_and_custom_fields_without_limit() {
    const EXTRA: usize = 30;
    let mut setup = WorldSetup::default();
    let mut mapped = Vec::new();
    for number in 0..EXTRA {
        let metadata = json!({"label": format!("Extra {number}"), "type": "Text", "length": 80});
        assert!(setup.salesforce.add_custom_field("Contact", &format!("Extra{number}__c"), &metadata));
        let body = json!({"label": format!("Extra {number}"), "label_for_customers": format!("Extra {number}"), "type": "custom_text"});
        let now = jiff::Timestamp::from_second(1_795_000_000).unwrap();
        let answer = setup.freshdesk.as_person(now, &http::Method::POST, "contact_fields", &body);
        assert!(answer.status().is_success(), "{answer:?}");
        mapped.push(format!("          extra_{number}: {{ left: custom_fields.extra_{number}, right: Extra{number}__c }}\n"));
    }
    let setup = setup.with("          # More fields:\n", &format!("{}          # More fields:\n", mapped.concat()));
    let world = World::made(setup).await;

    let schemas = world.schemas().await;
    let issues = syncline_config::check_fields(&world.config, &world.config.syncs[0], &schemas);
    assert!(issues.iter().all(|issue| issue.severity != Severity::Error), "{issues:?}");

    let extras: serde_json::Map<String, Json> =
        (0..EXTRA).map(|number| (format!("extra_{number}"), json!(format!("value {number}")))).collect();
    let contact = world.new_contact(json!({
        "name": "Ida Kowalski", "email": "ida@nordwerk.example", "mobile": "+49 171 1", "phone": "+49 30 2", "custom_fields": extras
    }));
    world.settle().await;
    let record = world.salesforce_record("Contact", &world.counterpart("Contact", "FDCONTACTID__c", contact));
    let four = ["LastName", "Email", "MobilePhone", "Phone"].map(|name| record[name].as_str().unwrap_or_default().to_owned());
    assert_eq!(four, ["Kowalski", "ida@nordwerk.example", "+49 171 1", "+49 30 2"].map(str::to_owned));
    for number in 0..EXTRA {
        assert_eq!(record[format!("Extra{number}__c")], format!("value {number}").as_str());
    }
}

#[tokio::test]
async fn fs_09_link_fields_are_made_carried_and_adopted() {
    // Missing at first: the metadata check names all four.
    let world = World::made(WorldSetup { provisioned: false, ..WorldSetup::default() }).await;
    let issues = syncline_config::check_fields(&world.config, &world.config.syncs[0], &world.schemas().await);
    for field in ["custom_fields.sfcontactid", "FDCONTACTID__c", "custom_fields.sfaccountid", "FDACCOUNTID__c"] {
        assert!(issues.iter().any(|issue| issue.field.as_ref().is_some_and(|name| name.as_str() == field)), "{field} is missing");
    }

    // Made through the vendors' APIs, twice without harm; then nothing is missing.
    let world = World::new().await;
    world.provision().await;
    let issues = syncline_config::check_fields(&world.config, &world.config.syncs[0], &world.schemas().await);
    assert!(issues.iter().all(|issue| issue.severity != Severity::Error), "{issues:?}");

    // An id that a tool used before has left is a link, whatever the names and emails say.
    let person = world.save("Contact", None, json!({"LastName": "Kowalski-Brandt", "Email": "i.kowalski@new.example"}));
    let contact =
        world.new_contact(json!({"name": "Ida Kowalski", "email": "ida@nordwerk.example", "custom_fields": {"sfcontactid": person}}));
    world.settle().await;
    assert_eq!(world.salesforce_ids("Contact").len(), 1, "adopted, not created");
    assert_eq!(world.freshdesk_contacts().len(), 1);
    assert_eq!(world.salesforce_record("Contact", &person)["FDCONTACTID__c"], contact.to_string().as_str());

    // Each side carries the other's id from then on.
    let other = world.new_contact(json!({"name": "Jonas Brandt", "email": "jonas@helio.example"}));
    world.settle().await;
    let counterpart = world.counterpart("Contact", "FDCONTACTID__c", other);
    assert_eq!(world.freshdesk_contact(other)["custom_fields"]["sfcontactid"], counterpart.as_str());
}

#[tokio::test]
async fn fs_14_a_required_field_without_a_value_is_reported_and_the_rest_goes_on() {
    let mut setup = WorldSetup::default();
    assert!(setup.salesforce.add_custom_field("Contact", "Region__c", &json!({"label": "Region", "type": "Text", "length": 40})));
    let now = jiff::Timestamp::from_second(1_795_000_000).unwrap();
    let body = json!({
        "label": "Region", "label_for_customers": "Region", "type": "custom_text", "required_for_agents": true
    });
    assert!(setup.freshdesk.as_person(now, &http::Method::POST, "contact_fields", &body).status().is_success());
    let unmapped = World::made(setup).await;
    let issues = syncline_config::check_fields(&unmapped.config, &unmapped.config.syncs[0], &unmapped.schemas().await);
    let warned = issues.iter().any(|issue| {
        issue.severity == Severity::Warning && issue.field.as_ref().is_some_and(|name| name.as_str() == "custom_fields.region")
    });
    assert!(warned, "preflight warns of the unmapped required field: {issues:?}");

    let mut setup = WorldSetup::default();
    assert!(setup.salesforce.add_custom_field("Contact", "Region__c", &json!({"label": "Region", "type": "Text", "length": 40})));
    assert!(setup.freshdesk.as_person(now, &http::Method::POST, "contact_fields", &body).status().is_success());
    let setup = setup.with(
        "          # More fields:\n",
        "          region: { left: custom_fields.region, right: Region__c }\n          # More fields:\n",
    );
    let world = World::made(setup).await;
    let without = world.save("Contact", None, json!({"LastName": "Kowalski", "Email": "ida@nordwerk.example"}));
    let with = world.save("Contact", None, json!({"LastName": "Brandt", "Email": "jonas@helio.example", "Region__c": "North"}));
    world.settle().await;
    assert_eq!(world.freshdesk_contacts().len(), 1, "the neighbour went over");
    assert!(world.salesforce_record("Contact", &with)["FDCONTACTID__c"].is_string());
    let holds = world.holds().await;
    assert_eq!(holds.len(), 1);
    assert_eq!(holds[0].id, without);
    assert_eq!(holds[0].name(), "required_field_empty");
    assert!(holds[0].says.contains("custom_fields.region"), "{}", holds[0].says);

    // Filled in, it goes over, and the hold is gone.
    world.save("Contact", Some(&without), json!({"Region__c": "South"}));
    world.settle().await;
    assert_eq!(world.freshdesk_contacts().len(), 2);
    assert!(world.holds().await.is_empty());
}

#[tokio::test]
async fn fs_17_fields_that_cannot_be_targets_are_refused_by_name() {
    let mut setup = WorldSetup::default();
    let fields = [
        ("Formula__c", json!({"label": "Formula", "type": "Text", "formula": "Name", "length": 80})),
        (
            "Many__c",
            json!({"label": "Many", "type": "MultiselectPicklist", "visibleLines": 4, "valueSet": {"valueSetDefinition": {"value": [{"fullName": "a", "label": "a"}, {"fullName": "b", "label": "b"}]}}}),
        ),
        ("When__c", json!({"label": "When", "type": "DateTime"})),
    ];
    for (name, metadata) in &fields {
        assert!(setup.salesforce.add_custom_field("Contact", name, metadata), "{name}");
    }
    let mapped = "          lookup: { left: job_title, right: ReportsToId }\n          formula: { left: address, right: Formula__c }\n          \
                  system: { left: description, right: Id }\n          many: { left: twitter_id, right: Many__c }\n          \
                  when: { left: unique_external_id, right: When__c }\n          tags: { left: tags, right: Interests__c }\n";
    assert!(setup.salesforce.add_custom_field("Contact", "Interests__c", &fields[1].1));
    let setup = setup.with("          # More fields:\n", &format!("{mapped}          # More fields:\n"));
    let world = World::made(setup).await;
    let issues = syncline_config::check_fields(&world.config, &world.config.syncs[0], &world.schemas().await);
    let refused: Vec<&str> = issues
        .iter()
        .filter(|issue| issue.severity == Severity::Error)
        .filter_map(|issue| issue.field.as_ref().map(syncline_model::FieldName::as_str))
        .collect();
    for field in ["ReportsToId", "Formula__c", "Id"] {
        assert!(refused.contains(&field), "{field} is refused: {issues:?}");
    }
    for field in ["Many__c", "When__c"] {
        let named = issues.iter().any(|issue| {
            issue.severity == Severity::Error && issue.problem.contains(field)
                || issue.field.as_ref().is_some_and(|name| name.as_str() == field)
        });
        assert!(named, "{field} against text is refused: {issues:?}");
    }
    assert!(!refused.contains(&"Interests__c"), "a set against a set is fine");
    assert!(lock(&world.salesforce).seen.iter().all(|line| !line.starts_with("PATCH")));
}
