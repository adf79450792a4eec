//! `mapping check`: laws on generated values, and on records of a simulated account.

use crate::{code, json, stderr, stdout, syncline};

#[test]
fn a_sound_configuration_holds_and_an_unsound_field_is_named_with_the_value_that_shows_it() {
    let folder = tempfile::tempdir().expect("a folder");
    syncline(folder.path(), &["init", "freshdesk-salesforce"]);
    let sound = syncline(folder.path(), &["mapping", "check", "--json"]);
    assert_eq!(code(&sound), 0, "{}", stderr(&sound));
    let checked = json(&sound);
    let fields = checked["fields"].as_array().expect("fields");
    assert!(fields.len() > 3 && fields.iter().all(|field| field["tried"].as_u64() > Some(100)), "{checked}");
    assert!(checked["not_checked"].to_string().contains("company"), "a reference is told by both systems only");

    let file = folder.path().join("syncline.yaml");
    let text = std::fs::read_to_string(&file).expect("the configuration");
    let name = "name: { left: name, right: { first: FirstName, last: LastName } }";
    assert!(text.contains(name));
    let exact = name.replace(" } }", " }, compare: exact }");
    std::fs::write(&file, text.replace(name, &exact)).expect("written");
    let unsound = syncline(folder.path(), &["mapping", "check"]);
    assert_eq!(code(&unsound), 5, "{}", stderr(&unsound));
    let said = stdout(&unsound);
    assert!(said.contains("customers/contacts/name: BREAKS") && said.contains("\"name\":"), "{said}");
    assert!(said.contains("customers/contacts/email: holds") && stderr(&unsound).contains("hint: "), "{said}");
    let again = syncline(folder.path(), &["mapping", "check"]);
    assert_eq!(stdout(&again), said, "the same seed shows the same");
    let other = syncline(folder.path(), &["mapping", "check", "nobody"]);
    assert_eq!(code(&other), 2);
}

#[test]
fn live_records_are_tried_and_their_values_shown_only_where_that_is_asked_for() {
    let folder = tempfile::tempdir().expect("a folder");
    syncline(folder.path(), &["init", "freshdesk-salesforce"]);
    let file = folder.path().join("syncline.yaml");
    let text = std::fs::read_to_string(&file).expect("the configuration");
    // A table that no company's name is in: none of them can cross.
    let name = "name: { left: name, right: Name }";
    let table = "name: { left: name, right: Name, values: { Somebody: Nobody } }";
    std::fs::write(&file, text.replace(name, table)).expect("written");
    let demo = |more: &[&str]| {
        let mut arguments = vec!["mapping", "check", "--sample", "20", "--demo", "--json"];
        arguments.extend(more);
        syncline(folder.path(), &arguments)
    };
    let quiet = demo(&[]);
    assert_eq!(code(&quiet), 5, "{}", stderr(&quiet));
    let checked = json(&quiet);
    let fields = checked["fields"].as_array().expect("fields");
    let held: Vec<&serde_json::Value> = fields.iter().flat_map(|field| field["held"].as_array().expect("held")).collect();
    assert!(!held.is_empty(), "{checked}");
    let record = held[0]["record"].as_str().expect("a record");
    assert!(record.starts_with("customers/companies/") && held[0]["problem"].as_str().is_some_and(|says| says.contains("value map")));
    let names = fields.iter().any(|field| field["field"] == "email" && field["tried"].as_u64() > Some(400));
    assert!(names, "live records are tried beside generated values: {checked}");
    assert!(!stdout(&quiet).contains("@example."), "no live value is shown");
}
