use syncline_config::{HistoryMode, recipe, recipe_names};
use syncline_mapping::{DeletePolicy, Equality, Flow, Lens, WritePolicy};
use syncline_model::Side;

use crate::world::{config, try_read};

/// The recipe with the fields and settings that stand in it as comments.
fn uncommented(text: &str) -> String {
    let line = |line: &str| {
        let indentation = line.len() - line.trim_start().len();
        let Some(rest) = line.trim_start().strip_prefix("# ") else { return line.to_owned() };
        let key = rest.trim_start().split(':').next().unwrap_or_default();
        let is_key = rest.contains(':') && !key.is_empty() && key.chars().all(|sign| sign.is_ascii_lowercase() || sign == '_');
        if is_key { format!("{}{rest}", &line[..indentation]) } else { line.to_owned() }
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn every_recipe_reads_as_it_stands_and_with_its_comments_switched_on() {
    // How many fields each maps, and how many with its comments switched on; and what its user must choose before it reads at all.
    let known: [(&str, usize, usize, Option<&str>); 5] = [
        ("aircall-zendesk_support", 1, 1, Some("    # direction: left_to_right")),
        ("freshdesk-salesforce", 6, 13, None),
        ("salesmanago-zoho_crm", 14, 14, None),
        ("zendesk_sell-mapsly", 18, 19, None),
        ("zendesk_sell-postgres", 42, 43, None),
    ];
    assert_eq!(recipe_names().collect::<Vec<_>>(), known.map(|(name, ..)| name));
    assert!(recipe("freshdesk").is_none());
    for (name, plain, full, choice) in known {
        let text = recipe(name).unwrap();
        let fields =
            |config: &syncline_config::Config| -> usize { config.syncs[0].mappings.iter().map(|mapping| mapping.fields.len()).sum() };
        let chosen = choice.map_or_else(|| text.to_owned(), |line| text.replace(line, &line.replace("# ", "")));
        assert_eq!(fields(&config(&chosen)), plain, "{name}");
        assert_eq!(fields(&config(&uncommented(text))), full, "{name}");
    }
}

#[test]
fn az_1_without_a_direction_there_is_no_sync() {
    let problems = try_read(recipe("aircall-zendesk_support").unwrap()).unwrap_err();
    assert_eq!(problems.0.len(), 1);
    assert_eq!(problems.0[0].problem, "`direction` is missing");
    assert!(problems.0[0].hint.contains("It has no default"), "{}", problems.0[0].hint);
    let chosen = |direction: &str, master: &str| {
        let text = recipe("aircall-zendesk_support").unwrap();
        let text = text.replace("# direction: left_to_right", &format!("direction: {direction}"));
        config(&text.replace("master: left", &format!("master: {master}"))).syncs[0].mappings[0].fields[0].flow
    };
    assert_eq!(chosen("left_to_right", "left"), Flow::ToRight);
    assert_eq!(chosen("right_to_left", "right"), Flow::ToLeft);
    assert_eq!(chosen("both", "left"), Flow::Both);
}

#[test]
fn fs_7_maps_by_default_what_the_product_maps() {
    let config = config(recipe("freshdesk-salesforce").unwrap());
    let sync = &config.syncs[0];
    assert_eq!(sync.rules.master, Side::Right);
    assert_eq!(sync.history, HistoryMode::Backfill);
    let contacts = sync.mapping("contacts").unwrap();
    let fields: Vec<&str> = contacts.fields.iter().map(|field| field.name.as_str()).collect();
    assert_eq!(fields, ["name", "email", "mobile", "work_phone", "company"]);
    assert!(contacts.fields.iter().all(|field| field.flow == Flow::Both));
    assert_eq!(contacts.fields[0].lens.right, Lens::FullName { first: "FirstName".into(), last: "LastName".into() });
    assert_eq!(contacts.fields[0].equality, Equality::Words);
    for field in &contacts.fields[1..4] {
        assert_eq!((field.write.left, field.write.right), (WritePolicy::FillEmpty, WritePolicy::FillEmpty), "{}", field.name);
    }
    let keys: Vec<(&str, bool)> = contacts.match_keys.iter().map(|key| (key.field.left.as_str(), key.unique)).collect();
    assert_eq!(keys, [("email", true), ("mobile", false), ("phone", false)]);
    assert_eq!((contacts.deletes.left, contacts.deletes.right), (DeletePolicy::Ignore, DeletePolicy::Propagate));
    assert_eq!(contacts.link_field.left.as_ref().unwrap().as_str(), "custom_fields.sfcontactid");
    assert_eq!(contacts.link_field.right.as_ref().unwrap().as_str(), "FDCONTACTID__c");
    assert_eq!(contacts.need_one_of.left.len(), 3);
    let companies = sync.mapping("companies").unwrap();
    assert_eq!(companies.fields.len(), 1);
    assert_eq!(companies.link_field.left.as_ref().unwrap().as_str(), "custom_fields.sfaccountid");
    assert_eq!(companies.link_field.right.as_ref().unwrap().as_str(), "FDACCOUNTID__c");
}
