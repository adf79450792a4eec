//! Tokens that end, keys that sign, and limits that are used up.

use syncline_engine::ports::connector::FindKey;
use syncline_engine::ports::connector::RelatedQuery;
use syncline_model::{Fault, Secret, Value};
use syncline_salesforce_sim::Profile;
use syncline_simulator::lock;

use crate::world::{LINK, World, contacts, create_once, delete, failed, profile, update, word};

/// Tokens fetched since the last look.
fn tokens(world: &World) -> usize {
    std::mem::take(&mut lock(&world.org).seen).iter().filter(|call| call.contains("/oauth2/token")).count()
}

#[tokio::test]
async fn an_ended_session_is_renewed_once_for_all_that_follows() {
    let world = World::peopled(profile(|profile| profile.session_s = 900), 10);
    let connector = world.connector();
    assert_eq!(connector.scan(&contacts(), None, world.by()).await.unwrap().records.len(), 10);
    assert_eq!(tokens(&world), 1);
    world.pass(901);
    assert_eq!(connector.scan(&contacts(), None, world.by()).await.unwrap().records.len(), 10);
    lock(&world.org).simulator.expire_sessions();
    assert_eq!(connector.scan(&contacts(), None, world.by()).await.unwrap().records.len(), 10);
    assert_eq!(tokens(&world), 2);
    assert_eq!(connector.scan(&contacts(), None, world.by()).await.unwrap().records.len(), 10);
    assert_eq!(tokens(&world), 0);
}

#[tokio::test]
async fn a_session_that_ends_inside_a_batch_costs_no_row() {
    let world = World::peopled(Profile::default(), 8);
    let ids: Vec<String> = world.ids("Contact").into_iter().collect();
    for after_parts in 0..4 {
        let number = |place: usize| (100 * after_parts + place).to_string();
        let actions = [
            create_once(&[("LastName", "Once"), (LINK, &number(1))]),
            update(&ids[after_parts], &[("LastName", "New")]),
            delete(&ids[4 + after_parts]),
            create_once(&[("LastName", "Once"), (LINK, &number(2))]),
        ];
        lock(&world.org).simulator.expire_sessions_inside_composite(after_parts);
        let before = world.ids("Contact").len();
        tokens(&world);
        let outcomes = world.write(&actions).await;
        assert_eq!(outcomes.iter().map(word).collect::<Vec<_>>(), ["created", "updated", "updated", "created"], "{after_parts}");
        // A part of a read that found no session leaves the row to be asked for; a write goes again, with a new token.
        assert_eq!(tokens(&world), if after_parts < 3 { 2 } else { 1 }, "{after_parts}");
        assert_eq!(world.ids("Contact").len(), before + 2 - 1, "{after_parts}");
        assert_eq!(world.record("Contact", &ids[after_parts])["LastName"], "New");
    }
}

#[tokio::test]
async fn a_session_that_ends_inside_a_read_is_asked_again() {
    let world = World::peopled(Profile::default(), 500);
    let ids: Vec<_> = world.ids("Contact").iter().map(|id| syncline_model::RecordId::new(id.as_str())).collect();
    lock(&world.org).simulator.expire_sessions_inside_composite(1);
    let found = world.connector().get(&contacts(), &ids, world.by()).await.unwrap();
    assert_eq!(found.iter().flatten().count(), 500);
    assert_eq!(tokens(&world), 2);
    lock(&world.org).simulator.expire_sessions_inside_composite(1);
    let query = |kind: &str| RelatedQuery {
        kind: kind.into(),
        fields: vec!["Id".into()],
        matching: FindKey { field: "Id".into(), value: Value::text("003ak00000luKU1AAM") },
        newest_by: Vec::new(),
        records_max: 1,
    };
    let found = world.connector().related(&[query("Contact"), query("Account")], world.by()).await.unwrap();
    assert_eq!(found.len(), 2);
    assert_eq!(tokens(&world), 2);
}

#[tokio::test]
async fn the_jwt_flow_signs_in_and_its_refusals_say_what_to_do() {
    let world = World::peopled(Profile::default(), 3).with("auth", "jwt");
    assert_eq!(world.scan(|_| {}).await.0.len(), 3);
    let other = World::peopled(Profile::default(), 3).with("auth", "jwt").with("audience", "https://elsewhere.example");
    let refused = other.connector().scan(&contacts(), None, other.by()).await.unwrap_err();
    let Fault::AuthRefused { hint } = refused.fault else { panic!("{refused}") };
    assert!(hint.contains("audience"), "{hint}");
    other.vault.0.lock().unwrap().0.insert("private_key".to_owned(), Secret::new("no key"));
    let refused = other.connector().scan(&contacts(), None, other.by()).await.unwrap_err();
    assert!(matches!(refused.fault, Fault::AuthRefused { .. }) && !refused.to_string().contains("no key"));
}

#[tokio::test]
async fn a_rotated_refresh_token_is_kept_and_the_chain_lives_on() {
    let world = World::peopled(profile(|profile| profile.rotates_refresh_tokens = true), 3).with("auth", "refresh_token");
    let mut known = vec!["simulator-refresh".to_owned()];
    for _ in 0..4 {
        lock(&world.org).simulator.expire_sessions();
        assert_eq!(world.connector().scan(&contacts(), None, world.by()).await.unwrap().records.len(), 3);
        let present = world.vault.0.lock().unwrap().get("refresh_token").unwrap().expose().to_owned();
        assert!(!known.contains(&present));
        known.push(present);
    }
    // The old token kills the chain: then only a person can help.
    world.vault.0.lock().unwrap().0.insert("refresh_token".to_owned(), Secret::new(known.remove(0)));
    let refused = world.connector().scan(&contacts(), None, world.by()).await.unwrap_err();
    assert!(matches!(refused.fault, Fault::AuthRefused { .. }));
}

#[tokio::test]
async fn revoked_credentials_stop_the_connection() {
    let world = World::peopled(Profile::default(), 3);
    lock(&world.org).simulator.revoke("simulator-client");
    let refused = world.connector().scan(&contacts(), None, world.by()).await.unwrap_err();
    assert!(matches!(refused.fault, Fault::AuthRefused { .. }));
}

#[tokio::test]
async fn the_daily_limit_stops_reads_and_writes_until_a_later_time_and_nothing_was_written() {
    let world = World::peopled(profile(|profile| profile.daily_calls = 1_000), 3);
    let connector = world.connector();
    connector.scan(&contacts(), None, world.by()).await.unwrap();
    lock(&world.org).simulator.set_quota_used(1_000);
    let create = create_once(&[("LastName", "Late"), (LINK, "820")]);
    for fault in [
        connector.scan(&contacts(), None, world.by()).await.unwrap_err().fault,
        connector.write(&contacts(), std::slice::from_ref(&create), world.by()).await.unwrap_err().fault,
        world.connector().account(world.by()).await.unwrap_err().fault,
    ] {
        let Fault::RateLimited { until } = fault else { panic!("{fault:?}") };
        assert!(until > world.now());
    }
    assert_eq!(world.ids("Contact").len(), 3);
    world.pass(24 * 3_600 + 60);
    let outcomes = connector.write(&contacts(), &[create], world.by()).await.unwrap();
    assert_eq!(word(&outcomes[0]), "created");
}

#[tokio::test]
async fn the_limit_reached_between_two_calls_of_a_batch_fails_the_rest_row_by_row() {
    let world = World::peopled(profile(|profile| profile.daily_calls = 1_000), 400);
    let connector = world.connector();
    connector.describe(&"Contact".into(), world.by()).await.unwrap();
    let actions: Vec<_> = world
        .ids("Contact")
        .iter()
        .enumerate()
        .map(|(number, id)| match number % 4 {
            0 => create_once(&[("LastName", "Once"), (LINK, &number.to_string())]),
            1 => crate::world::create(&[("LastName", "Plain")]),
            2 => update(id, &[("LastName", "New")]),
            _ => delete(id),
        })
        .collect();
    lock(&world.org).simulator.set_quota_used(999);
    let outcomes = connector.write(&contacts(), &actions, world.by()).await.unwrap();
    let limited: Vec<_> = outcomes.iter().filter(|outcome| word(outcome) == "rate_limited").collect();
    assert_eq!((limited.len(), outcomes.len()), (100, 400));
    assert!(matches!(failed(limited[0]), Fault::RateLimited { until } if *until > world.now()));
}
