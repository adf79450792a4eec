use std::collections::BTreeSet;

use syncline_tidy::arrows::{group_of, groups, undrawn, unwrapped, wrappers};
use syncline_tidy::rust_text::mentions;
use syncline_tidy::tree;
use syncline_tidy::workspace::{Dependency, Member, Purpose};

use crate::{document, none, tree_files, workspace};

#[test]
fn every_dependency_between_our_crates_is_drawn() {
    let groups = groups(&document("ARCHITECTURE.md")).unwrap();
    none(&undrawn(&groups, &workspace().members));
}

#[test]
fn crates_of_others_stay_behind_their_adapters() {
    let architecture = document("ARCHITECTURE.md");
    none(&unwrapped(&groups(&architecture).unwrap(), &wrappers(&architecture).unwrap(), &workspace().members));
}

/// What is linked into each, however far away: an arrow says nothing of what comes along with it.
#[test]
fn the_middle_is_pure_and_functions_carry_no_simulator() {
    let workspace = workspace();
    let groups = groups(&document("ARCHITECTURE.md")).unwrap();
    let runtimes = ["tokio", "async-std", "smol", "futures-executor", "lambda_runtime"];
    let clients = ["reqwest", "hyper", "ureq", "isahc", "axum"];
    let aws = |name: &str| name.starts_with("aws-sdk-") || name.starts_with("aws-smithy-") || name == "aws-config";
    let simulators: BTreeSet<&str> = workspace
        .members
        .iter()
        .filter(|member| group_of(&groups, &member.folder).is_some_and(|group| group.name.contains("sim")))
        .map(|member| member.name.as_str())
        .collect();
    assert!(simulators.len() > 2, "the groups of simulators are not found: {simulators:?}");
    let far = workspace.ships("syncline-registry");
    assert!(["syncline-model", "jiff", "serde_core"].iter().all(|name| far.contains(*name)), "what is linked is not followed to its end");
    assert!(!far.contains("proptest") && !far.contains("syncline-freshdesk-sim"), "what tests need counts as shipped");
    let mut offences = Vec::new();
    for member in &workspace.members {
        let ships = workspace.ships(&member.name);
        assert!(ships.contains(&member.name), "{} is not in what it ships", member.name);
        let mut forbid = |name: &str, why: &str| {
            if ships.contains(name) {
                offences.push(format!("{} links {name}: {why}", member.name));
            }
        };
        let pure = ["shared/model", "shared/mapping"].contains(&member.folder.as_str());
        if pure {
            runtimes.iter().chain(&["http", "async-trait"]).for_each(|name| forbid(name, "it decides and never waits"));
        }
        if pure || member.folder == "shared/engine" {
            clients.iter().chain(&["tokio"]).for_each(|name| forbid(name, "the middle reaches the world through ports"));
            ships.iter().filter(|name| aws(name)).for_each(|name| forbid(name, "AWS is behind shared/aws"));
        }
        if member.folder.starts_with("functions/") {
            for name in &simulators {
                forbid(name, "no simulator goes into a Lambda binary");
            }
            for name in ["axum", "dynoxide-rs", "rusqlite"] {
                forbid(name, "it belongs to one machine, not to Lambda");
            }
        }
    }
    none(&offences);
}

/// The vendors that a line names, in whatever case.
fn named<'a>(line: &str, vendors: &'a [String]) -> impl Iterator<Item = &'a String> {
    let low = line.to_lowercase();
    vendors.iter().filter(move |vendor| low.contains(&vendor.replace('_', " ")) || low.contains(vendor.as_str()))
}

/// Only the generated lists name the vendors: the middle and the functions would grow a branch for each.
#[test]
fn the_middle_and_the_functions_name_no_vendor() {
    let vendors = tree::vendors(&tree::root()).unwrap();
    let mut offences = Vec::new();
    for file in tree_files().iter().filter(|file| file.is("rs")) {
        let function = file.path.starts_with("functions/") && file.path.split('/').nth(2) == Some("src");
        let middle = ["shared/engine/src/", "shared/mapping/src/", "shared/model/src/"].iter().any(|folder| file.path.starts_with(folder));
        if !(function || middle) {
            continue;
        }
        for (number, line) in file.text().lines().enumerate() {
            for vendor in named(line, &vendors) {
                offences.push(format!("{}:{}: names {vendor}", file.path, number + 1));
            }
        }
    }
    none(&offences);
    let known = ["zoho_crm".to_owned()];
    assert_eq!(named("as Zoho CRM wants it; zoho_crm::VENDOR", &known).count(), 1);
    assert_eq!(named("as the vendor wants it", &known).count(), 0);
}

#[test]
fn each_dependency_is_used() {
    let files = tree_files();
    let workspace = workspace();
    let folders: Vec<&str> = workspace.members.iter().map(|member| member.folder.as_str()).collect();
    let mut offences = Vec::new();
    for member in &workspace.members {
        let inner = |path: &str| folders.iter().any(|other| other.starts_with(&format!("{}/", member.folder)) && path.starts_with(other));
        for dependency in &member.dependencies {
            let crate_name = dependency.name.replace('-', "_");
            // The library of one dependency has another name than its package.
            let crate_name = if crate_name == "dynoxide_rs" { "dynoxide" } else { &crate_name };
            let places: &[&str] = match dependency.purpose {
                Purpose::Shipped if member.folder.starts_with("tests/") => &["src/", "tests/"],
                Purpose::Shipped => &["src/", "build.rs"],
                Purpose::Tests => &["src/", "tests/", "examples/", "benches/"],
            };
            let used = files.iter().filter(|file| file.is("rs") && !inner(&file.path)).any(|file| {
                let own = file.path.strip_prefix(&member.folder).and_then(|rest| rest.strip_prefix('/'));
                own.is_some_and(|own| places.iter().any(|place| own.starts_with(place))) && mentions(file.text(), crate_name)
            });
            if !used {
                offences.push(format!("{}: {} is not used", member.folder, dependency.name));
            }
        }
    }
    none(&offences);
}

const DRAWING: &str = "\
```arrows
# name | folders | may use | tests
model | shared/model | |
registry | shared/connectors/registry | connector |
connector | shared/connectors/* | model | sim
sim | shared/connectors/*/sim | |
```
```wrappers
aws-sdk-* | model | sim
```
";

fn member(folder: &str, dependencies: &[(&str, Purpose)]) -> Member {
    let name = folder.to_owned();
    let dependencies = dependencies.iter().map(|(name, purpose)| Dependency { name: (*name).to_owned(), purpose: *purpose }).collect();
    Member { name, folder: folder.to_owned(), dependencies }
}

#[test]
fn planted_arrows_are_caught() {
    use Purpose::{Shipped, Tests};
    let groups = groups(DRAWING).unwrap();
    let check = |folder: &str, dependencies: &[(&str, Purpose)]| {
        let others = ["shared/model", "shared/connectors/one", "shared/connectors/two", "shared/connectors/one/sim"];
        let mut members: Vec<Member> = others.iter().filter(|other| **other != folder).map(|other| member(other, &[])).collect();
        members.push(member(folder, dependencies));
        undrawn(&groups, &members)
    };
    assert!(check("shared/connectors/one", &[("shared/model", Shipped), ("serde", Shipped)]).is_empty());
    assert!(check("shared/connectors/one", &[("shared/connectors/one/sim", Tests)]).is_empty());
    assert!(check("shared/connectors/registry", &[("shared/connectors/one", Shipped)]).is_empty());
    assert_eq!(check("shared/connectors/one", &[("shared/connectors/one/sim", Shipped)]).len(), 1, "a simulator is shipped");
    assert_eq!(check("shared/connectors/two", &[("shared/connectors/one/sim", Tests)]).len(), 1, "another's simulator");
    assert!(!check("shared/connectors/two", &[("shared/connectors/one", Tests)]).is_empty(), "another's connector");
    assert_eq!(check("shared/model", &[("shared/connectors/one", Shipped)]).len(), 1, "upwards");
    assert_eq!(check("shared/elsewhere", &[]).len(), 1, "not on the map");
    assert!(syncline_tidy::arrows::groups("```arrows\nmodel | shared/model | nobody |\n```").is_err());
    assert!(syncline_tidy::arrows::groups("no block").is_err());
}

#[test]
fn planted_wrappers_are_caught() {
    let (groups, wrappers) = (groups(DRAWING).unwrap(), wrappers(DRAWING).unwrap());
    let check = |folder: &str, purpose| unwrapped(&groups, &wrappers, &[member(folder, &[("aws-sdk-s3", purpose)])]).len();
    assert_eq!(check("shared/model", Purpose::Shipped), 0);
    assert_eq!(check("shared/connectors/one", Purpose::Tests), 1);
    assert_eq!(check("shared/connectors/one/sim", Purpose::Tests), 0);
    assert_eq!(check("shared/connectors/one/sim", Purpose::Shipped), 1);
}

#[test]
fn a_word_in_a_comment_or_inside_another_is_no_use() {
    assert!(mentions("use serde_json::json;", "serde_json"));
    assert!(!mentions("use serde_json::json;", "serde"));
    assert!(!mentions("// serde would do", "serde"));
    assert!(mentions("#[derive(thiserror::Error)]", "thiserror"));
}
