//! `init`, `validate`, `connect`: from nothing to a configuration that works.

use std::fs;

use serde_json::json;

use crate::{code, command, json, stderr, stdout, syncline};

#[test]
fn a_recipe_is_valid_as_it_is_written_and_is_never_overwritten_unasked() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let written = syncline(at, &["init", "freshdesk-salesforce"]);
    assert_eq!(code(&written), 0, "{}", stderr(&written));
    assert!(stderr(&written).contains("syncline connect"));

    let valid = syncline(at, &["validate", "--json"]);
    assert_eq!(code(&valid), 0, "{}", stderr(&valid));
    assert_eq!(json(&valid)["valid"], json!(true));

    fs::write(at.join("syncline.yaml"), "mine").expect("a file");
    let again = syncline(at, &["init", "freshdesk-salesforce"]);
    assert_eq!(code(&again), 1);
    assert!(stderr(&again).contains("hint: ") && stderr(&again).contains("--force"));
    assert_eq!(fs::read_to_string(at.join("syncline.yaml")).expect("the file"), "mine");
    assert_eq!(code(&syncline(at, &["init", "freshdesk-salesforce", "--force"])), 0);
    assert_ne!(fs::read_to_string(at.join("syncline.yaml")).expect("the file"), "mine");
}

#[test]
fn recipes_are_listed_and_a_wrong_name_gets_the_nearest() {
    let folder = tempfile::tempdir().expect("a folder");
    let listed = syncline(folder.path(), &["init", "--json"]);
    assert!(json(&listed)["recipes"].as_array().expect("a list").contains(&json!("freshdesk-salesforce")));
    let wrong = syncline(folder.path(), &["init", "freshdesk-salesforc"]);
    assert_eq!(code(&wrong), 2);
    assert!(stderr(&wrong).contains("did you mean `freshdesk-salesforce`?"));
    assert!(!folder.path().join("syncline.yaml").exists());
}

/// Ten things are wrong with it; credentials among them.
const TEN_PROBLEMS: &str = r#"version: 3
connections:
  freshdesk: { system: freshdesk, domian: acme, api_key: top-secret-key }
  salesforce: { system: salesforce, base_url: "https://acme.my.salesforce.com" }
syncs:
  customers:
    left: freshdesk
    right: salesforce
    direction: both
    masters: [left, right]
    schedule: every 5 seconds
    objects:
      companies:
        left: company
        right: Acount
        link: { left: custom_fields.sfaccountid, right: FDACCOUNTID__c }
        match: [ { left: name, right: Name } ]
        fields:
          name: { left: name, right: Name }
      contacts:
        left: contact
        right: Contact
        link: { left: custom_fields.sfcontactid, right: FDCONTACTID__c }
        match: [ { left: email, right: Email, unique: yes } ]
        fields:
          email: { left: email, right: Email }
          title: { left: email, right: Title }
          company: { left: company_id, right: AccountId, reference: company }
"#;

#[test]
fn ten_problems_are_told_at_once_with_line_and_hint() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("syncline.yaml"), TEN_PROBLEMS).expect("a file");
    let output = syncline(folder.path(), &["validate", "--json"]);
    assert_eq!(code(&output), 3);
    let problems = json(&output)["problems"].as_array().expect("a list").clone();
    assert_eq!(problems.len(), 10, "{problems:#?}");
    assert!(
        problems.iter().all(|problem| problem["line"].as_u64() > Some(0) && problem["hint"].as_str().is_some_and(|hint| !hint.is_empty()))
    );

    let drawn = syncline(folder.path(), &["validate"]);
    assert_eq!((code(&drawn), stdout(&drawn)), (3, String::new()));
    assert!(stderr(&drawn).contains("error: syncline.yaml: 10 problems"), "{}", stderr(&drawn));
    assert!(!stderr(&drawn).contains("top-secret-key") && !stdout(&output).contains("top-secret-key"));
}

#[test]
fn a_value_that_its_vendor_cannot_use_is_a_problem_of_the_configuration() {
    let folder = tempfile::tempdir().expect("a folder");
    syncline(folder.path(), &["init", "freshdesk-salesforce"]);
    let file = folder.path().join("syncline.yaml");
    let text = fs::read_to_string(&file).expect("the file").replace("https://acme.my.salesforce.com", "http://acme.my.salesforce.com");
    fs::write(&file, text).expect("a file");
    let output = syncline(folder.path(), &["validate", "--json"]);
    assert_eq!(code(&output), 3);
    assert_eq!(json(&output)["settings"][0]["path"], "connections.salesforce.base_url");
}

#[test]
fn the_schema_is_published() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = syncline(folder.path(), &["validate", "--schema"]);
    assert_eq!(code(&output), 0);
    assert!(json(&output)["properties"]["syncs"].is_object());
}

#[test]
fn without_a_configuration_commands_end_with_3_and_say_how_to_make_one() {
    let folder = tempfile::tempdir().expect("a folder");
    for arguments in [&["status"][..], &["plan"], &["holds", "list"], &["preflight"], &["connect", "freshdesk"]] {
        let output = syncline(folder.path(), arguments);
        assert_eq!(code(&output), 3, "{arguments:?}");
        assert!(stderr(&output).contains("hint: make one with `syncline init`"), "{}", stderr(&output));
    }
}

#[test]
fn one_place_is_named_and_a_deployment_is_never_run_from_here() {
    let folder = tempfile::tempdir().expect("a folder");
    syncline(folder.path(), &["init", "freshdesk-salesforce"]);
    for (arguments, words) in [
        (&["status", "--stack", "Syncline", "--data", "here"][..], "mean this machine"),
        (&["holds", "list", "--table", "syncline", "--demo"], "mean this machine"),
        (&["status", "--stack", "not a name"], "no name of a stack"),
        (&["local", "--stack", "Syncline", "--until-quiet"], "runs on this machine, and the deployment Syncline is named"),
    ] {
        let output = syncline(folder.path(), arguments);
        assert_eq!(code(&output), 2, "{arguments:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(words) && stderr(&output).contains("hint: "), "{}", stderr(&output));
    }
    let named =
        command(folder.path()).args(["local", "--until-quiet"]).env("SYNCLINE_STACK", "Syncline").output().expect("the binary runs");
    assert_eq!(code(&named), 2, "{}", stderr(&named));
    assert!(!folder.path().join(".syncline").exists(), "nothing was begun");
}

#[test]
fn an_empty_installation_holds_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    syncline(folder.path(), &["init", "freshdesk-salesforce"]);
    let output = syncline(folder.path(), &["holds", "list", "--json"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert_eq!(json(&output)["holds"], json!([]));
    let status = syncline(folder.path(), &["status", "--json"]);
    assert_eq!(code(&status), 0, "{}", stderr(&status));
    assert_eq!(json(&status)["syncs"][0]["sync"], "customers");
    let none = syncline(folder.path(), &["holds", "release", "contacts/left/1"]);
    assert_eq!(code(&none), 1);
    assert!(stderr(&none).contains("not held"));
}

#[test]
fn credentials_that_are_incomplete_or_misnamed_are_not_stored() {
    let folder = tempfile::tempdir().expect("a folder");
    syncline(folder.path(), &["init", "freshdesk-salesforce"]);
    let missing = syncline(folder.path(), &["connect", "freshdesk", "--yes"]);
    assert_eq!(code(&missing), 4, "{}", stderr(&missing));
    let misnamed = syncline(folder.path(), &["connect", "freshdesk", "--secret", "api_kye=top-secret", "--yes"]);
    assert_eq!(code(&misnamed), 2);
    assert!(stderr(&misnamed).contains("did you mean `api_key`?"));
    assert!(!stderr(&misnamed).contains("top-secret"));
    let unknown = syncline(folder.path(), &["connect", "freshdsk", "--yes"]);
    assert!(stderr(&unknown).contains("did you mean `freshdesk`?"));
}
