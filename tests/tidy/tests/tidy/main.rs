//! The repository held against its own rules, and the rules that reason against planted offences.
#![allow(clippy::unwrap_used, reason = "a test binary: what cannot be read ends its test")]

mod arrows;
mod crates;
mod dependencies;
mod documents;
mod files;
mod generated;

use syncline_tidy::tree::{self, File};
use syncline_tidy::workspace::Workspace;

fn tree_files() -> Vec<File> {
    tree::files(&tree::root()).unwrap()
}

fn workspace() -> Workspace {
    Workspace::load(&tree::root()).unwrap()
}

fn document(path: &str) -> String {
    tree::read(&tree::root(), path).unwrap()
}

/// Fails with all offences at once, a line each.
#[track_caller]
fn none(offences: &[String]) {
    assert!(offences.is_empty(), "{} offences:\n{}", offences.len(), offences.join("\n"));
}
