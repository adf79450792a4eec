//! `make simulate`: runs seeds on all cores, and says which promises held. Exit codes: 0 all held, 1 one was broken, 2 the arguments make no
//! sense.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for people")]

use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use syncline_simulation::figures::Sums;
#[cfg(feature = "mutants")]
use syncline_simulation::mutants::command as mutants;
use syncline_simulation::report;
use syncline_simulation::scenario::RecipeName;
use syncline_simulation::seeds::{attempt, run_all};

/// Runs simulated worlds, each decided by a seed.
#[derive(Parser)]
struct Arguments {
    /// Replay this seed alone.
    #[arg(long, conflicts_with_all = ["seeds", "from"])]
    seed: Option<u64>,
    /// How many seeds to run.
    #[arg(long, default_value_t = 500)]
    seeds: u64,
    /// The first seed.
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// The recipe whose worlds are run.
    #[arg(long, default_value = "freshdesk-salesforce", value_parser = |words: &str| RecipeName::of(words).ok_or_else(known))]
    recipe: RecipeName,
    /// Tell the story of the replayed seed.
    #[arg(long, requires = "seed")]
    trace: bool,
    /// How many worlds at once; all cores unless told otherwise.
    #[arg(long)]
    threads: Option<usize>,
    /// Figures for machines, on stdout.
    #[arg(long)]
    json: bool,
    #[cfg(feature = "mutants")]
    #[command(flatten)]
    mutants: mutants::Wanted,
}

/// What is said to a name that no recipe has.
fn known() -> String {
    format!("there are worlds of {}", RecipeName::ALL.map(RecipeName::words).join(", "))
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    #[cfg(feature = "mutants")]
    if let Some(code) = mutants::answer(&arguments.mutants, arguments.seed, arguments.trace) {
        return code;
    }
    let held = match arguments.seed {
        Some(seed) => replay(seed, &arguments),
        None => many(&arguments),
    };
    ExitCode::from(u8::from(!held))
}

/// Runs one seed, and tells its story if asked to.
fn replay(seed: u64, arguments: &Arguments) -> bool {
    let outcome = match attempt(arguments.recipe, seed, arguments.trace) {
        Ok(outcome) => outcome,
        Err(words) => {
            println!("seed {seed}: it panicked: {words}");
            return false;
        }
    };
    if arguments.json {
        println!("{}", report::world_json(&outcome));
    } else {
        let mut out = std::io::stdout().lock();
        // Who has read enough of the story closes the pipe.
        let _told = outcome.trace.lines.iter().try_for_each(|line| writeln!(out, "{line}"));
        drop(out);
        eprint!("{}", report::world(&outcome));
    }
    outcome.breaches.is_empty()
}

/// Runs many, with a line of progress now and then.
fn many(arguments: &Arguments) -> bool {
    let threads = arguments.threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from));
    let every = if std::io::stderr().is_terminal() { (arguments.seeds / 200).max(1) } else { (arguments.seeds / 10).max(1) };
    let began = Instant::now();
    let mut sums = Sums::of(arguments.recipe);
    run_all(arguments.recipe, arguments.from..arguments.from.saturating_add(arguments.seeds), threads, |seed, outcome| {
        sums.include(seed, &outcome);
        if let Some(breach) = sums.broken.get(&seed).and_then(|broken| broken.breaches.first()) {
            eprintln!("seed {seed}: {}: {}", breach.promise, breach.says);
        }
        if sums.seeds.is_multiple_of(every) {
            eprintln!("{} of {} seeds, {} broken, {} s", sums.seeds, arguments.seeds, sums.broken.len(), began.elapsed().as_secs());
        }
    });
    let took = began.elapsed();
    if arguments.json {
        println!("{}", report::worlds_json(&sums, took));
    } else {
        print!("{}", report::worlds(&sums, took));
    }
    sums.broken.is_empty()
}
