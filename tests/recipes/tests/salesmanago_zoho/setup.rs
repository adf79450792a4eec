//! When it runs, how much it asks for, and what it needs.

use jiff::civil::date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use syncline_model::Side;
use syncline_recipe_tests::{Customers, CustomersSetup};
use syncline_simulator::{Population, lock};

#[tokio::test]
async fn sz_05_the_first_sync_brings_all_contacts() {
    let mut setup = CustomersSetup::default();
    let at = Timestamp::from_second(1_795_000_000).unwrap();
    setup.salesmanago.load(&Population::new(3), 0..450, at);
    setup.zoho.load(&Population::new(3), 300..550, 0..20, at);
    let customers = Customers::made(setup).await;
    let persons = customers.at_zoho("Contacts").len() + customers.at_zoho("Leads").len();
    assert_eq!((lock(&customers.salesmanago).simulator.contact_ids().len(), persons), (550, 550), "150 are the same people");
    assert!(customers.stage.holds().await.is_empty());
    customers.writes();
    customers.stage.after(SignedDuration::from_hours(6)).await;
    assert_eq!(customers.writes(), Vec::<String>::new(), "and then there is nothing to write");
}

#[tokio::test]
async fn sz_05_it_then_runs_at_four_fixed_hours_of_the_accounts_clock_daylight_saving_included() {
    let customers = Customers::new().await;
    let warsaw = TimeZone::get("Europe/Warsaw").unwrap();
    let local = |at: Timestamp| {
        let zoned = at.to_zoned(warsaw.clone());
        (zoned.date(), zoned.hour(), zoned.minute())
    };
    // The clocks go forward in the night to 28 March 2027, and back in the night to 31 October.
    for day in [date(2027, 3, 27), date(2027, 10, 30)] {
        let from = day.at(12, 30, 0, 0).to_zoned(warsaw.clone()).unwrap().timestamp();
        customers.stage.clock.advance_to(from);
        let pulls = customers.stage.run_schedules(from + SignedDuration::from_hours(48)).await;
        let left: Vec<_> = pulls.iter().filter(|(side, _)| *side == Side::Left).map(|(_, at)| local(*at)).collect();
        let next = day.tomorrow().unwrap();
        let third = next.tomorrow().unwrap();
        let expected: Vec<_> = [(day, 18), (next, 0), (next, 6), (next, 12), (next, 18), (third, 0), (third, 6), (third, 12)]
            .into_iter()
            .map(|(day, hour)| (day, hour, 0))
            .collect();
        assert_eq!(left[..7], expected[..7], "{day}");
    }
}

#[tokio::test]
async fn sz_06_at_most_200_records_a_read_and_100_a_write_and_what_is_used_and_left_is_shown() {
    let mut setup = CustomersSetup::default();
    setup.salesmanago.load(&Population::new(3), 0..450, Timestamp::from_second(1_795_000_000).unwrap());
    let customers = Customers::made(setup).await;
    for side in [Side::Left, Side::Right] {
        let end = customers.stage.sync().ends.of(side);
        let mapping = &customers.stage.sync().mappings[0];
        let bounds = &end.connector.descriptor().object(mapping.kind.of(side).as_str()).unwrap().bounds;
        assert!(bounds.page_records_max <= 200 && bounds.get_records_max <= 200, "{side}");
        assert!(bounds.write_records_max <= 100, "{side}");
    }
    let status = customers.stage.status().await;
    let shown = serde_json::to_value(&status).unwrap().to_string();
    assert!(shown.contains("left"), "{shown}");
    // A base larger than the limits takes longer, and loses nothing.
    assert_eq!(customers.at_zoho("Contacts").len() + customers.at_zoho("Leads").len(), 450);
}

#[tokio::test]
async fn sz_07_sign_in_is_at_the_data_centre_that_the_config_names() {
    let there = Customers::off(CustomersSetup::default()).await.stage.preflight().await;
    assert!(there.is_clean());
    assert!(there.ends.right.account.is_some());
    // The account's tokens are of one data centre; at another nobody knows them.
    let elsewhere = Customers::bare(CustomersSetup::default().with("data_center: eu", "data_center: in")).await;
    let elsewhere = elsewhere.stage.preflight().await;
    assert!(!elsewhere.is_clean() && elsewhere.ends.right.account.is_none());
    let said = serde_json::to_string(&elsewhere.ends.right).unwrap();
    assert!(said.contains("data_center") || said.contains("data centre"), "{said}");
}
