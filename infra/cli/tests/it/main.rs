//! The command line, run as people and scripts run it.

#![allow(clippy::expect_used, clippy::panic, reason = "what the tests stand on fails as loudly as they do")]

mod connecting;
mod cost;
mod decoding;
mod demonstration;
mod help;
mod joining;
mod mapping;
mod moving;
mod public_clients;
mod setting_up;
mod simulating;
mod terminal;
mod two_places;

use std::path::Path;
use std::process::{Command, Output};

/// The built binary.
pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_syncline");

/// The command in a folder, without what the environment of the tests may say to it.
pub(crate) fn command(folder: &Path) -> Command {
    let mut command = Command::new(BINARY);
    command.current_dir(folder);
    for name in ["SYNCLINE_LOG", "SYNCLINE_STACK", "SYNCLINE_TABLE", "SYNCLINE_SECRETS_PREFIX"] {
        command.env_remove(name);
    }
    command
}

/// Runs a command line in a folder.
pub(crate) fn syncline(folder: &Path, arguments: &[&str]) -> Output {
    command(folder).args(arguments).output().expect("the binary runs")
}

pub(crate) fn code(output: &Output) -> i32 {
    output.status.code().expect("an exit code")
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("text")
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("text")
}

/// What stdout holds, which must be one JSON value.
pub(crate) fn json(output: &Output) -> serde_json::Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}\n{}", stdout(output), stderr(output)))
}

/// A recorded answer, from the connectors' own fixtures, whose `SOURCES.md` names where each is from.
pub(crate) fn fixture(system: &str, name: &str) -> String {
    format!("{}/../../shared/connectors/{system}/fixtures/{name}", env!("CARGO_MANIFEST_DIR"))
}
