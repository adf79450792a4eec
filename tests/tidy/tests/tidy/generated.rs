use syncline_config::{read, recipe, recipe_names};
use syncline_registry::{system_facts, vendors};
use syncline_tidy::generated::{all, between_markers};
use syncline_tidy::tree;

use crate::{none, tree_files};

#[test]
fn generated_files_are_current() {
    let files = all(&tree::root()).unwrap();
    assert!(files.len() >= 5);
    let stale = files.iter().filter(|file| file.stands != file.wanted);
    none(&stale.map(|file| format!("{} is stale: run `make gen`", file.path)).collect::<Vec<_>>());
}

#[test]
fn the_registry_knows_exactly_the_vendors_that_have_a_folder() {
    let systems: Vec<&str> = vendors().iter().map(|vendor| vendor.descriptor().system).collect();
    assert_eq!(systems, tree::vendors(&tree::root()).unwrap());
}

#[test]
fn every_recipe_is_shipped_and_reads_against_the_vendors_of_this_build() {
    let files = tree_files();
    let recipes: Vec<_> = files.iter().filter(|file| file.path.starts_with("shared/recipes/") && file.is("yaml")).collect();
    assert!(!recipes.is_empty());
    for file in &recipes {
        // What a recipe leaves to its user is chosen here.
        let text = file.text().replace("    # direction: ", "    direction: ");
        let config = read(&text, &file.path, &system_facts()).unwrap_or_else(|problems| panic!("{}: {problems:?}", file.path));
        assert!(config.syncs.iter().all(|sync| !sync.mappings.is_empty()), "{}", file.path);
    }
    let shipped: Vec<&str> = recipe_names().map(|name| recipe(name).unwrap()).collect();
    assert_eq!(shipped.len(), recipes.len());
    assert!(recipes.iter().all(|file| shipped.contains(&file.text())));
}

#[test]
fn a_deployment_knows_the_figures_of_every_vendor_and_keeps_what_only_it_knows() {
    let stands = r#"{"freshdesk": {"panel": "asks", "limit": {"calls": 1}}, "gone": {}}"#;
    let facts: serde_json::Value = serde_json::from_str(&syncline_tidy::systems::facts(stands, vendors()).unwrap()).unwrap();
    let systems: Vec<&String> = facts.as_object().unwrap().keys().collect();
    assert_eq!(systems, tree::vendors(&tree::root()).unwrap().iter().collect::<Vec<_>>());
    assert_eq!(facts["freshdesk"]["panel"], "asks");
    assert_eq!(facts["freshdesk"]["limit"], serde_json::json!({ "calls": 200, "window_s": 60, "setting": "calls_per_minute" }));
    assert_eq!(facts["salesforce"]["records_per_write"], 400);
}

#[test]
fn lines_are_put_between_the_markers_and_nowhere_else() {
    let text = "a\n    // vendors: begin (generated)\n    old\n    // vendors: end\nb\n";
    let wanted = "a\n    // vendors: begin (generated)\n    one\n    two\n    // vendors: end\nb\n";
    let lines = ["one".to_owned(), "two".to_owned()];
    assert_eq!(between_markers(text, &lines).unwrap(), wanted);
    assert_eq!(between_markers(wanted, &lines).unwrap(), wanted);
    assert!(between_markers("a\nb\n", &lines).is_err());
    assert!(between_markers("# vendors: end\n# vendors: begin (generated)\n", &lines).is_err());
}
