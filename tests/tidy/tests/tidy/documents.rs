use std::collections::BTreeSet;

use syncline_tidy::rust_text::names_given_by;
use syncline_tidy::tree;

use crate::{document, none, tree_files};

fn pages(folder: &str) -> BTreeSet<String> {
    let files = tree_files();
    let pages = files.iter().filter_map(|file| file.path.strip_prefix(folder)?.strip_suffix(".md"));
    pages.map(str::to_owned).collect()
}

#[test]
fn each_fault_has_a_page_that_says_what_it_means_and_what_to_do() {
    let codes: BTreeSet<String> = names_given_by(&document("shared/model/src/fault.rs"), "code").unwrap().into_iter().collect();
    assert!(codes.len() > 8, "{codes:?}");
    assert_eq!(pages("shared/docs/faults/"), codes);
    for code in codes {
        let page = document(&format!("shared/docs/faults/{code}.md"));
        for part in [format!("# `{code}`"), "## What it means".into(), "## What Syncline has tried".into(), "## What to do".into()] {
            assert!(page.lines().any(|line| line == part), "{code}: lacks `{part}`");
        }
    }
}

#[test]
fn each_reason_for_holding_is_explained() {
    let names = names_given_by(&document("shared/engine/src/counts.rs"), "hold_name").unwrap();
    let page = document("shared/docs/holds.md");
    let explained: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("## `")?.strip_suffix('`')).collect();
    assert_eq!(explained, names);
    let skips = names_given_by(&document("shared/engine/src/counts.rs"), "skip_name").unwrap();
    none(&skips.into_iter().filter(|name| !page.contains(&format!("`{name}`"))).collect::<Vec<_>>());
}

#[test]
fn each_vendor_has_a_page_and_names_its_settings_and_secrets() {
    assert_eq!(pages("shared/docs/vendors/").into_iter().collect::<Vec<_>>(), tree::vendors(&tree::root()).unwrap());
    let mut offences = Vec::new();
    for vendor in syncline_registry::vendors() {
        let system = vendor.descriptor().system;
        let page = document(&format!("shared/docs/vendors/{system}.md"));
        let keys = vendor.setting_keys().iter().chain(vendor.secret_keys()).map(|key| key.name);
        let objects = vendor.descriptor().objects.iter().map(|object| object.kind);
        let absent = keys.chain(objects).filter(|name| !page.contains(&format!("`{name}`")));
        offences.extend(absent.map(|name| format!("{system}.md says nothing of `{name}`")));
    }
    none(&offences);
}

#[test]
fn decisions_are_numbered_without_a_gap_and_say_what_would_change_them() {
    let names = pages("shared/docs/decisions/");
    assert!(!names.is_empty());
    let mut offences = Vec::new();
    for (index, name) in names.iter().enumerate() {
        if !name.starts_with(&format!("{:04}-", index + 1)) {
            offences.push(format!("{name} should have the number {:04}", index + 1));
        }
        let page = document(&format!("shared/docs/decisions/{name}.md"));
        for part in ["**Question.**", "**Choice.**", "**Weighed.**", "**What would change our mind.**"] {
            if !page.contains(part) {
                offences.push(format!("{name} lacks {part}"));
            }
        }
    }
    none(&offences);
}

/// Where a link of a document goes, from the root; `None` where it leaves the repository.
fn goes_to(from: &str, target: &str) -> Option<String> {
    let target = target.split('#').next().unwrap_or_default();
    if target.is_empty() || target.contains("://") || target.starts_with("mailto:") {
        return None;
    }
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in target.trim_end_matches('/').split('/') {
        match part {
            "." => {}
            ".." => {
                parts.pop();
            }
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

#[test]
fn links_between_documents_lead_somewhere() {
    let files = tree_files();
    let mut offences = Vec::new();
    for file in files.iter().filter(|file| file.is("md")) {
        let targets = file.text().split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target);
        for target in targets.filter_map(|target| goes_to(&file.path, target)) {
            let inside = format!("{target}/");
            if !files.iter().any(|other| other.path == target || other.path.starts_with(&inside)) {
                offences.push(format!("{}: {target} does not exist", file.path));
            }
        }
    }
    none(&offences);
    assert_eq!(goes_to("a/b.md", "../c.md#d").as_deref(), Some("c.md"));
    assert_eq!(goes_to("a/b.md", "https://example.com"), None);
}

#[test]
fn the_changelog_has_a_place_for_what_is_not_released() {
    assert!(document("CHANGELOG.md").lines().any(|line| line == "## Unreleased"));
}

#[test]
fn each_verb_of_the_makefile_is_in_its_help() {
    let makefile = document("Makefile");
    let targets = makefile.lines().filter_map(|line| line.split_once(':')).filter(|(name, rest)| {
        !name.is_empty() && name.chars().all(|sign| sign.is_ascii_lowercase() || sign == '-') && !rest.starts_with('=')
    });
    let targets: Vec<_> = targets.collect();
    assert!(targets.len() > 8);
    none(
        &targets
            .into_iter()
            .filter(|(_, rest)| !rest.contains("## "))
            .map(|(name, _)| format!("{name} has no help line"))
            .collect::<Vec<_>>(),
    );
}
