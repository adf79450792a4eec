use syncline_tidy::tree;

use crate::{document, none, tree_files, workspace};

const INHERITED: &[&str] = &[
    "version.workspace = true",
    "edition.workspace = true",
    "rust-version.workspace = true",
    "license.workspace = true",
    "publish.workspace = true",
    "[lints]\nworkspace = true",
];

#[test]
fn every_crate_takes_lints_version_and_licence_from_the_workspace() {
    let mut offences = Vec::new();
    for member in workspace().members {
        let manifest = document(&format!("{}/Cargo.toml", member.folder));
        for line in INHERITED.iter().filter(|line| !manifest.contains(**line)) {
            offences.push(format!("{}: lacks `{}`", member.folder, line.replace('\n', " ")));
        }
    }
    none(&offences);
}

#[test]
fn every_dependency_is_declared_once_at_the_root() {
    let mut offences = Vec::new();
    for member in workspace().members {
        let manifest = document(&format!("{}/Cargo.toml", member.folder));
        let mut in_table = false;
        for line in manifest.lines() {
            if line.starts_with('[') {
                in_table = line.trim_end_matches(']').ends_with("dependencies");
            } else if in_table && line.contains('=') && !line.starts_with('#') && !line.contains("workspace = true") {
                offences.push(format!("{}: `{line}` does not come from the workspace", member.folder));
            }
        }
    }
    none(&offences);
}

#[test]
fn every_crate_folder_is_a_member_and_every_vendor_has_a_simulator() {
    let members = workspace().members;
    let mut offences = Vec::new();
    for file in tree_files().iter().filter(|file| file.path.ends_with("/Cargo.toml")) {
        let folder = file.path.trim_end_matches("/Cargo.toml");
        if !members.iter().any(|member| member.folder == folder) {
            offences.push(format!("{folder} is a crate and no member of the workspace"));
        }
    }
    for vendor in tree::vendors(&tree::root()).unwrap() {
        if !members.iter().any(|member| member.folder == format!("shared/connectors/{vendor}/sim")) {
            offences.push(format!("{vendor} has no simulator"));
        }
    }
    none(&offences);
}
