//! One seed from its first to its last step.

use jiff::Timestamp;

use crate::auditor::{Breach, Figures};
use crate::figures::Tally;
use crate::house::House;
use crate::kernel::{Kernel, Trace};
use crate::scenario::{Mood, RecipeName, Scenario};

/// What became of a seed.
#[derive(Clone, Debug)]
pub struct Outcome {
    pub recipe: RecipeName,
    pub seed: u64,
    pub breaches: Vec<Breach>,
    pub figures: Figures,
    pub trace: Trace,
    /// Effects: the steps between which anything can happen.
    pub steps: u64,
    pub invocations: u64,
    pub killed: u64,
    /// Virtual time that passed, in milliseconds.
    pub passed: i64,
    /// How long it took to fall quiet once troubles ended, in milliseconds.
    pub to_quiet: i64,
    /// What happened how often.
    pub tally: Tally,
}

/// A Sunday morning.
const BEGIN: &str = "2026-11-22T10:00:00Z";
const HOUR: i64 = 3_600_000;
/// Within so long after the last trouble the world must be quiet: a schedule's period, a day until a spent quota is there again, and a margin.
const QUIET_WITHIN: i64 = 30 * HOUR;

/// Runs a seed of a recipe.
pub fn run(recipe: RecipeName, seed: u64, told: bool) -> Outcome {
    let scenario = Scenario::of(recipe, seed);
    let mood = Mood::new(seed, scenario.emphasis);
    run_scenario(scenario, mood, told)
}

/// Runs a scenario that somebody made.
pub fn run_scenario(scenario: Scenario, mood: Mood, told: bool) -> Outcome {
    let seed = scenario.seed;
    let begin: Timestamp = BEGIN.parse().unwrap_or(Timestamp::UNIX_EPOCH);
    let kernel = Kernel::new(seed, begin, told);
    let name = scenario.recipe;
    let recipe = name.recipe(&scenario, begin);
    kernel.note(|| format!("{scenario:?}"));
    let mut house = House::new(scenario, mood, recipe, kernel.clone());
    house.open();
    let calm_at = house.calm_at;
    let mut to_quiet = 0;
    let quiet = house.run_until_quiet(calm_at + QUIET_WITHIN);
    if quiet {
        to_quiet = kernel.millis() - calm_at;
        // What is younger than a while may be in flight, and is left to the next sweep.
        house.run_until(kernel.millis() + HOUR / 2);
        kernel.note(|| "quiet: sweeps compare everything".to_owned());
        house.sweep_all();
    }
    let end = kernel.millis() + QUIET_WITHIN;
    if quiet && house.run_until_quiet(end) {
        house.audit();
        house.auditor.quiet();
        house.run_until(kernel.millis() + 4 * HOUR);
    } else {
        let says = format!("the world did not fall quiet; {} messages wait", house.queue.all().len());
        house.auditor.breaches.push(Breach { promise: "P-4", says });
    }
    for dead in house.queue.dead_letters() {
        house.auditor.breaches.push(Breach { promise: "P-5", says: format!("a message of {} is dead", dead.queue) });
    }
    Outcome {
        recipe: name,
        seed,
        breaches: std::mem::take(&mut house.auditor.breaches),
        figures: house.auditor.figures.clone(),
        trace: kernel.trace(),
        steps: kernel.effects(),
        invocations: house.invocations,
        killed: house.killed,
        passed: kernel.millis() - begin.as_millisecond(),
        to_quiet,
        tally: kernel.tally(),
    }
}
