//! Which seeds are run, and running many of them: one world per thread at a time, each on a single thread.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;

use crate::run::{Outcome, run};
use crate::scenario::RecipeName;

/// Seeds that once broke a promise, each with what it showed; every one of them passes.
const COMMITTED: &str = include_str!("../seeds.txt");

/// The committed seeds, with their remarks. A line without a recipe's name is of the first one.
pub fn committed() -> Vec<(RecipeName, u64, &'static str)> {
    COMMITTED
        .lines()
        .filter(|line| !line.trim().is_empty() && !line.starts_with('#'))
        .map(|line| {
            let (seed, remark) = line.split_once('#').unwrap_or((line, ""));
            let (recipe, seed) = seed.trim().split_once(' ').unwrap_or((RecipeName::default().words(), seed));
            let recipe = RecipeName::of(recipe).unwrap_or_else(|| panic!("{line}: there is no recipe {recipe}"));
            (recipe, seed.trim().parse().unwrap_or_else(|problem| panic!("{line}: {problem}")), remark.trim())
        })
        .collect()
}

/// The command that replays a seed.
pub fn replay(recipe: RecipeName, seed: u64) -> String {
    let named = if recipe == RecipeName::default() { String::new() } else { format!(" RECIPE={}", recipe.words()) };
    format!("make simulate SEED={seed} TRACE=1{named}")
}

/// Runs a seed; `Err` has the words of a panic.
pub fn attempt(recipe: RecipeName, seed: u64, told: bool) -> Result<Outcome, String> {
    catch_unwind(AssertUnwindSafe(|| run(recipe, seed, told))).map_err(|payload| {
        let words = payload.downcast_ref::<String>().map(String::as_str).or_else(|| payload.downcast_ref::<&str>().copied());
        words.unwrap_or("it panicked without a word").to_owned()
    })
}

/// Runs seeds on so many threads. Worlds end in any order; each outcome is the same however many there are.
pub fn run_all(recipe: RecipeName, seeds: Range<u64>, threads: usize, mut ended: impl FnMut(u64, Result<Outcome, String>)) {
    let next = AtomicU64::new(seeds.start);
    let (outcomes, arriving) = mpsc::channel();
    std::thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            let (next, outcomes, end) = (&next, outcomes.clone(), seeds.end);
            scope.spawn(move || {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= end || outcomes.send((seed, attempt(recipe, seed, false))).is_err() {
                        break;
                    }
                }
            });
        }
        drop(outcomes);
        for (seed, outcome) in arriving {
            ended(seed, outcome);
        }
    });
}
