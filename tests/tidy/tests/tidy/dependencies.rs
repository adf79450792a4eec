use syncline_tidy::licence::{ACCEPTABLE, is_acceptable};

use crate::{document, none, workspace};

#[test]
fn every_linked_package_has_a_licence_that_we_may_ship() {
    let mut offences = Vec::new();
    for package in workspace().packages.values() {
        let name = format!("{} {}", package.name, package.version);
        match package.licence.as_deref().map(is_acceptable) {
            None => offences.push(format!("{name} names no licence")),
            Some(Ok(true)) => {}
            Some(Ok(false)) => offences.push(format!("{name}: {} is not acceptable", package.licence.as_deref().unwrap_or_default())),
            Some(Err(problem)) => offences.push(format!("{name}: {problem}")),
        }
    }
    none(&offences);
}

#[test]
fn every_package_comes_from_the_public_registry() {
    let public = "registry+https://github.com/rust-lang/crates.io-index";
    let workspace = workspace();
    assert!(workspace.packages.len() > workspace.members.len());
    let strangers = workspace.packages.values().filter(|package| package.source.as_deref().is_some_and(|source| source != public));
    let mut offences: Vec<String> = strangers.map(|package| format!("{} comes from {:?}", package.name, package.source)).collect();
    let locked = document("Cargo.lock");
    let sources = locked.lines().filter_map(|line| line.strip_prefix("source = ")).filter(|source| source.trim_matches('"') != public);
    offences.extend(sources.map(|source| format!("Cargo.lock names the source {source}")));
    none(&offences);
}

#[test]
fn each_shared_dependency_says_why_it_is_there_takes_no_defaults_and_is_used() {
    let manifest = document("Cargo.toml");
    let members = workspace().members;
    let (_, rest) = manifest.split_once("[workspace.dependencies]").unwrap();
    let lines: Vec<&str> = rest.lines().take_while(|line| !line.starts_with('[')).filter(|line| line.contains(" = ")).collect();
    assert!(lines.len() > 40, "the table of dependencies is not found");
    let mut offences = Vec::new();
    for line in lines {
        let name = line.split(' ').next().unwrap_or_default();
        let ours = line.contains("path = ");
        let reason = line.split_once(" # ").map_or("", |(_, reason)| reason);
        if !ours && reason.split_whitespace().count() < 2 {
            offences.push(format!("{name} says not why it is there"));
        }
        if !ours && line.contains('{') && !line.contains("default-features = false") {
            offences.push(format!("{name} takes its default features"));
        }
        if !members.iter().any(|member| member.dependencies.iter().any(|dependency| dependency.name == name)) && !ours {
            offences.push(format!("{name} is used by no crate"));
        }
    }
    none(&offences);
}

#[test]
fn licence_expressions_are_read_as_they_are_meant() {
    for good in [
        "MIT",
        "MIT/Apache-2.0",
        "GPL-3.0 OR MIT",
        "(MIT OR GPL-2.0) AND Unicode-3.0",
        "Apache-2.0 WITH LLVM-exception",
        "Apache-2.0 / MIT",
    ] {
        assert_eq!(is_acceptable(good), Ok(true), "{good}");
    }
    for bad in
        ["GPL-3.0", "LGPL-2.1-only", "AGPL-3.0 AND MIT", "MIT AND (GPL-2.0 OR LGPL-3.0)", "GPL-2.0 WITH Classpath-exception-2.0", "MPL-2.0"]
    {
        assert_eq!(is_acceptable(bad), Ok(false), "{bad}");
    }
    for unreadable in ["", "MIT AND", "(MIT", "MIT Apache-2.0"] {
        assert!(is_acceptable(unreadable).is_err(), "{unreadable}");
    }
    assert!(ACCEPTABLE.iter().all(|(_, why)| !why.is_empty()));
}
