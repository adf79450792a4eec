//! Before a status crosses: the direction, who is whom, and what the accounts need.

use jiff::SignedDuration;
use syncline_aircall_sim::Setting;
use syncline_config::HistoryMode;
use syncline_recipe_tests::{Agents, AgentsSetup};
use syncline_simulator::lock;
use syncline_zendesk_support_sim::{Limits, Profile, Support};

#[test]
fn az_01_a_direction_is_chosen_and_a_config_without_one_is_refused_with_the_reason() {
    let shipped = syncline_config::recipe("aircall-zendesk_support").unwrap();
    let problems = syncline_config::read(shipped, "syncline.yaml", &syncline_registry::system_facts()).unwrap_err();
    let said: Vec<String> = problems.0.iter().map(|problem| format!("{}: {} {}", problem.path, problem.problem, problem.hint)).collect();
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].contains("agent_status") && said[0].contains("`direction` is missing") && said[0].contains("no default"), "{said:?}");
    for direction in ["left_to_right", "right_to_left", "both"] {
        let chosen = AgentsSetup::new(direction).config;
        let config = syncline_config::read(&chosen, "syncline.yaml", &syncline_registry::system_facts()).unwrap();
        assert_eq!(config.syncs[0].history, HistoryMode::Backfill);
        let agents = &config.syncs[0].mappings[0];
        assert!(!agents.create.left && !agents.create.right, "{direction}");
    }
}

#[tokio::test]
async fn az_02_agents_are_the_same_by_email_without_regard_to_case_and_who_is_on_one_side_only_is_listed() {
    let agents =
        Agents::new("left_to_right", &["Ida@Acme.example", "jonas@acme.example"], &["ida@acme.EXAMPLE", "nele@acme.example"]).await;
    agents.phone("ida@acme.example", Setting::AVAILABLE);
    agents.settle().await;
    assert_eq!(agents.shown("ida@acme.example").1, "online");

    let status = agents.status().await;
    let entries = status.syncs[0].mappings[0].entries.as_ref().unwrap();
    assert_eq!(entries.linked, 1);
    let jonas = lock(&agents.aircall).simulator.user_with_email("jonas@acme.example").unwrap().to_string();
    assert_eq!(entries.alone.left.shown.iter().map(ToString::to_string).collect::<Vec<_>>(), [jonas]);
    // The owner and the integration's own user are agents of the account, too.
    assert_eq!(entries.alone.right.count, 3);
    assert!(agents.holds().await.is_empty(), "that is no trouble");
    assert_eq!(lock(&agents.aircall).simulator.user_ids().len(), 2, "nobody is invited");

    // Who comes to the other side later is found by the same email.
    agents.hire_at_zendesk("JONAS@acme.example");
    agents.phone("jonas@acme.example", Setting::AVAILABLE);
    agents.settle().await;
    assert_eq!(agents.shown("jonas@acme.example").1, "online");
    let entries = agents.status().await.syncs[0].mappings[0].entries.clone().unwrap();
    assert_eq!((entries.linked, entries.alone.left.count), (2, 0));
}

#[tokio::test]
async fn az_09_preflight_says_that_the_licence_is_missing() {
    let clean = Agents::new("both", &["ida@acme.example"], &["ida@acme.example"]).await;
    assert!(clean.preflight().await.is_clean());

    let profile = Profile { limits: Limits::BOUNDLESS, talk_partner_edition: false, talk: false, ..Profile::default() };
    let setup = AgentsSetup { zendesk: Support::new(profile), ..AgentsSetup::new("both") };
    let without = Agents::off(setup).await.preflight().await;
    assert!(!without.is_clean());
    let account = without.ends.right.account.unwrap();
    let problem = account.problems.iter().find(|problem| problem.contains("Talk Partner Edition")).unwrap();
    assert!(problem.contains("Admin Center"), "{problem}");
}

#[tokio::test]
async fn the_recipe_fits_both_vendors_metadata() {
    let agents = Agents::new("both", &[], &[]).await;
    let preflight = agents.preflight().await;
    let schemas = preflight
        .schemas()
        .map(|(connection, schema)| ((connection, schema.kind.clone()), schema.clone()))
        .collect::<syncline_config::Schemas>();
    assert_eq!(schemas.len(), 2);
    let issues = syncline_config::check_fields(&agents.config, &agents.config.syncs[0], &schemas);
    assert!(issues.is_empty(), "{issues:?}");
}

#[tokio::test]
async fn without_a_backfill_the_first_listing_writes_nothing_and_the_next_change_crosses() {
    for direction in ["left_to_right", "both"] {
        let setup = AgentsSetup::new(direction).with("history: backfill", "history: none");
        let agents = Agents::off(setup).await;
        agents.hire_at_aircall("ida@acme.example");
        agents.hire_at_zendesk("ida@acme.example");
        agents.phone("ida@acme.example", Setting::AVAILABLE);
        agents.lose_events();
        // A feed looks back some minutes.
        agents.clock.advance(SignedDuration::from_hours(1));
        agents.writes();
        agents.turn_on().await;
        assert_eq!(agents.writes(), Vec::<String>::new(), "{direction}: what was so before is left");
        assert_eq!(agents.shown("ida@acme.example"), (Setting::AVAILABLE, "offline".to_owned()));
        agents.phone("ida@acme.example", Setting::UNAVAILABLE);
        agents.settle().await;
        agents.phone("ida@acme.example", Setting::AVAILABLE);
        agents.settle().await;
        assert_eq!(agents.shown("ida@acme.example").1, "online", "{direction}");
    }
}
