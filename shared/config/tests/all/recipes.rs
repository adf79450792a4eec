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
        ("zendesk_sell-postgres", 50, 51, None),
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

/// What is said of the appointments of the Sell recipe, changed so.
fn said_of_appointments(from: &str, to: &str) -> Vec<(&'static str, String)> {
    let text = recipe("zendesk_sell-postgres").unwrap();
    let (before, appointments) = text.split_at(text.find("      appointments:").unwrap());
    assert!(appointments.contains(from), "{from}");
    let problems = try_read(&format!("{before}{}", appointments.replacen(from, to, 1))).unwrap_err();
    problems.0.iter().map(|problem| (problem.code.as_str(), format!("{} | {}", problem.problem, problem.hint))).collect()
}

#[test]
fn zs_2_what_sell_does_not_take_of_an_appointment_is_refused_with_a_sentence() {
    let cases = [
        ("direction: left_to_right", "direction: both", vec!["is never written, and the field `name` would be"]),
        ("drift: leave", "drift: overwrite", vec!["cannot be asked for | write `drift: leave`"]),
        (
            "drift: leave",
            "drift: leave\n        create: { right: false, left: true }",
            vec!["this sync writes nothing there", "is never created"],
        ),
        ("link: { right: sell_id }", "link: { right: sell_id, left: name_of_row }", vec!["it cannot carry a link"]),
        ("right: ignore }", "right: propagate }", vec!["never deleted, and a deletion on the right"]),
    ];
    for (from, to, expected) in cases {
        let said = said_of_appointments(from, to);
        assert_eq!(said.len(), expected.len(), "{to}: {said:?}");
        for sentence in expected {
            let found = said.iter().any(|(code, words)| *code == "against_direction" && words.contains(sentence));
            assert!(found, "{to}: {sentence:?} is not in {said:?}");
        }
    }
}

#[test]
fn an_object_goes_no_other_way_than_its_sync() {
    let text = recipe("zendesk_sell-postgres").unwrap().replace("    direction: both", "    direction: right_to_left");
    let problems = try_read(&text.replace("master: left", "master: right")).unwrap_err();
    assert!(problems.0.iter().any(|problem| problem.problem.contains("this object goes another way than the sync")), "{problems:?}");
}

#[test]
fn a_key_by_which_a_system_cannot_look_is_refused() {
    let text = recipe("zendesk_sell-postgres").unwrap();
    let task = "        left: task\n        right: tasks\n";
    for (key, place) in
        [("link: { left: resource_id, right: sell_id }", "resource_id"), ("match: [ { left: content, right: content } ]", "content")]
    {
        let (before, tasks) = text.split_at(text.find(task).unwrap());
        let problems = try_read(&format!("{before}{}", tasks.replacen("link: { right: sell_id }", key, 1))).unwrap_err();
        let said: Vec<String> = problems.0.iter().map(|problem| format!("{} {}", problem.code.as_str(), problem.problem)).collect();
        let wanted = format!("not_searched task of Zendesk Sell cannot be looked for by `{place}`: it is found by its own id alone");
        assert!(said.contains(&wanted), "{said:?}");
    }
}
