#![doc = include_str!("../README.md")]

mod args;
mod commands;
mod connecting;
mod context;
mod exit;
mod input;
mod installation;
mod moving;
mod nearest;
mod place;
mod printer;
mod record;
mod terminal;
mod tls;

use std::collections::BTreeMap;
use std::process::ExitCode;

use clap::Parser as _;
use syncline_model::Secret;
use tracing_subscriber::EnvFilter;

use args::{Cli, Global};
use context::Context;
use exit::{Exit, Failure};
use printer::Printer;

/// Names the log filter in the environment, in the form of `RUST_LOG`.
const LOG: &str = "SYNCLINE_LOG";

fn main() -> ExitCode {
    let cli = Cli::parse();
    let environment: BTreeMap<String, String> =
        std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))).collect();
    log(&cli.global, environment.get(LOG).map(String::as_str));
    let printer = Printer { json: cli.global.json };
    let environment = environment.into_iter().map(|(name, value)| (name, Secret::new(value))).collect();
    let context = Context { global: cli.global, printer, environment };
    let done = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(Exit::Failed, format!("the runtime did not start: {error}"), "check the limits on threads"))
        .and_then(|runtime| runtime.block_on(commands::run(&context, cli.command)));
    let exit = match done {
        Ok(exit) => exit,
        Err(failure) => {
            printer.failure(&failure);
            failure.exit
        }
    };
    ExitCode::from(exit.code())
}

/// Log lines go to stderr: warnings, with `-v` what is done, with `-vv` everything.
fn log(global: &Global, named: Option<&str>) {
    let level = match global.verbose {
        0 => "warn,dynoxide=error",
        1 => "info,dynoxide=error",
        _ => "debug",
    };
    let filter = EnvFilter::try_new(named.unwrap_or(level)).unwrap_or_else(|_| EnvFilter::new(level));
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(false);
    if global.log_json { lines.json().init() } else { lines.init() }
}
