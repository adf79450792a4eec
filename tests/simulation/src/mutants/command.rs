//! `--mutants`: plants them, and prints the table of what was noticed.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for people")]

use std::process::ExitCode;

use clap::Args;
use syncline_model::mutant::{Mutant, with};

use super::{Fared, SEEDS_MAX, home, survey};
use crate::run::run;

/// How many seeds are counted unless said otherwise.
const COUNTED: u64 = 200;

/// The list of which seed shows which mutant, as the test reads it.
const LIST: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/mutants.txt");

#[derive(Args)]
pub struct Wanted {
    /// Plant each mutant, and print which seeds show it.
    #[arg(long)]
    mutants: bool,
    /// One mutant alone, by its name: with `--seed`, that seed is replayed with it.
    #[arg(long)]
    mutant: Option<String>,
    /// On how many seeds catches are counted.
    #[arg(long, default_value_t = COUNTED)]
    counted: u64,
    /// After how many seeds a mutant that nothing shows is given up.
    #[arg(long, default_value_t = SEEDS_MAX)]
    most: u64,
    /// Write the seeds that show each mutant into the list of the test.
    #[arg(long)]
    record: bool,
}

/// Does what was asked for; `None`: nothing of mutants was.
pub fn answer(wanted: &Wanted, seed: Option<u64>, trace: bool) -> Option<ExitCode> {
    let named = wanted.mutant.as_deref().map(|name| Mutant::named(name).ok_or(name));
    let chosen = match named {
        Some(Err(name)) => {
            let all: Vec<&str> = Mutant::ALL.iter().map(|mutant| mutant.name()).collect();
            eprintln!("error: there is no mutant {name}\nhint: one of {}", all.join(", "));
            return Some(ExitCode::from(2));
        }
        Some(Ok(mutant)) => vec![mutant],
        None if wanted.mutants => Mutant::ALL.to_vec(),
        None => return None,
    };
    if let (Some(seed), [mutant]) = (seed, chosen.as_slice()) {
        return Some(replay(*mutant, seed, trace));
    }
    // A mutant may panic; the table says so.
    std::panic::set_hook(Box::new(|_| {}));
    let tell = |fared: &Fared| eprintln!("{}", row(fared));
    let all = survey(&chosen, wanted.counted, wanted.most, tell);
    println!("{}", table(&all));
    if wanted.record
        && let Err(problem) = std::fs::write(LIST, list(&all))
    {
        eprintln!("error: {LIST}: {problem}");
        return Some(ExitCode::from(2));
    }
    Some(ExitCode::from(u8::from(all.iter().any(|fared| fared.first.is_none()))))
}

fn replay(mutant: Mutant, seed: u64, trace: bool) -> ExitCode {
    let (outcome, _) = with(Some(mutant), || run(home(mutant), seed, trace));
    for line in &outcome.trace.lines {
        println!("{line}");
    }
    for breach in &outcome.breaches {
        println!("{}: {}", breach.promise, breach.says);
    }
    ExitCode::from(u8::from(!outcome.breaches.is_empty()))
}

fn row(fared: &Fared) -> String {
    let Fared { mutant, first, sound, different, caught, telling, named } = fared;
    let seed = first.as_ref().map_or_else(|| "-".to_owned(), |catch| catch.seed.to_string());
    let named = named.iter().copied().collect::<Vec<_>>().join(" ");
    let says = first.as_ref().map(|catch| catch.says.chars().take(110).collect::<String>()).unwrap_or_default();
    let name = mutant.name();
    format!("{name:22} {:5} {seed:>6} {caught:>6} {telling:>7} {different:>9} {sound:>6}  {named:14} {says}", mutant.promise())
}

/// The table for people.
fn table(all: &[Fared]) -> String {
    let mut text = format!(
        "{:22} {:5} {:>6} {:>6} {:>7} {:>9} {:>6}  {:14} first breach",
        "mutant", "", "first", "caught", "telling", "different", "of", "named"
    );
    for fared in all {
        text.push('\n');
        text.push_str(&row(fared));
    }
    let caught = all.iter().filter(|fared| fared.first.is_some()).count();
    text + &format!("\n{caught} of {} mutants caught", all.len())
}

/// The list for the test: a mutant and the seed that shows it; `-` where none does.
fn list(all: &[Fared]) -> String {
    let line = |fared: &Fared| {
        let seed = fared.first.as_ref().map_or_else(|| "-".to_owned(), |catch| catch.seed.to_string());
        format!("{} {seed}\n", fared.mutant.name())
    };
    all.iter().map(line).collect()
}
