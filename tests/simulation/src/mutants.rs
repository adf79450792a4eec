//! Whether the world notices planted defects: each is run, seed by seed, beside the engine without it.

pub mod command;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use syncline_model::mutant::{Mutant, with};

use crate::run::Outcome;
use crate::scenario::RecipeName;
use crate::seeds::attempt;

/// A seed on which a mutant breaks a promise that the engine without it keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Catch {
    pub seed: u64,
    /// `P-1` … `P-10`, or `panic`.
    pub promise: &'static str,
    pub says: String,
}

impl Catch {
    /// What was said, without what differs from seed to seed.
    fn kind(&self) -> String {
        let said = self.says.split("; note").next().unwrap_or_default();
        let words = said.split_whitespace().map(|word| word.trim_end_matches([':', ',']));
        let plain = |word: &&str| word.chars().all(|letter| letter.is_alphabetic() || letter == '-') && !NAMES.contains(word);
        format!("{} {}", self.promise, words.filter(plain).collect::<Vec<_>>().join(" "))
    }
}

/// Words of the world, which tell no two breaches apart.
const NAMES: &[&str] = &[
    "left",
    "right",
    "contact",
    "contacts",
    "Contact",
    "company",
    "companies",
    "Account",
    "name",
    "email",
    "mobile",
    "title",
    "description",
];

/// How a mutant fared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fared {
    pub mutant: Mutant,
    pub first: Option<Catch>,
    /// Of the first seeds, how many the engine without it passes …
    pub sound: u64,
    /// … on how many of those it did something else than the engine does …
    pub different: u64,
    /// … and on how many of them it was caught.
    pub caught: u64,
    /// Of these, how many broke a promise in a way in which the engine without it breaks none on any seed: while the engine has defects of its own,
    /// a mutant that only shifts what happens when may run into one of those.
    pub telling: u64,
    /// The promises that the auditor named, each once.
    pub named: BTreeSet<&'static str>,
}

/// A seed without any mutant.
struct Plain {
    sound: bool,
    /// The ways in which it breaks promises.
    kinds: BTreeSet<String>,
    digest: u64,
    /// The switches that were passed: any other mutant changes nothing on this seed.
    passed: BTreeSet<Mutant>,
}

/// No mutant is looked for on more seeds than this.
pub const SEEDS_MAX: u64 = 2_000;

/// In whose worlds a mutant is looked for: some harm only what one recipe does.
pub fn home(mutant: Mutant) -> RecipeName {
    if matches!(mutant, Mutant::MoveLeftBehind | Mutant::MoveUnmarked | Mutant::OptOutLoses) {
        RecipeName::SalesmanagoZohoCrm
    } else if matches!(mutant, Mutant::NamelessUnsought | Mutant::OpenPassed) {
        RecipeName::ZendeskSellPostgres
    } else {
        RecipeName::default()
    }
}

/// Runs a seed with a mutant, or with none.
fn run_with(recipe: RecipeName, mutant: Option<Mutant>, seed: u64) -> (Result<Outcome, String>, BTreeSet<Mutant>) {
    with(mutant, || attempt(recipe, seed, false))
}

fn plain(recipe: RecipeName, seed: u64) -> Plain {
    let (outcome, passed) = run_with(recipe, None, seed);
    let catches = judge(seed, &outcome);
    let digest = outcome.map_or(0, |outcome| outcome.trace.digest);
    Plain { sound: catches.is_empty(), kinds: catches.iter().map(Catch::kind).collect(), digest, passed }
}

/// Whether the engine without any mutant keeps every promise on this seed of a recipe.
pub fn is_sound(recipe: RecipeName, seed: u64) -> bool {
    plain(recipe, seed).sound
}

/// What a mutant breaks on a seed: the first promise.
pub fn catch(mutant: Mutant, seed: u64) -> Option<Catch> {
    judge(seed, &run_with(home(mutant), Some(mutant), seed).0).into_iter().next()
}

fn judge(seed: u64, outcome: &Result<Outcome, String>) -> Vec<Catch> {
    match outcome {
        Ok(outcome) => outcome.breaches.iter().map(|breach| Catch { seed, promise: breach.promise, says: breach.says.clone() }).collect(),
        Err(words) => vec![Catch { seed, promise: "panic", says: words.clone() }],
    }
}

/// Runs these mutants on all cores: each on the first `counted` seeds, and on, where none of them shows it, until one
/// of the first `most` does. `tell` hears of each
/// one that is done.
pub fn survey(mutants: &[Mutant], counted: u64, most: u64, tell: impl Fn(&Fared) + Sync) -> Vec<Fared> {
    let seeds = || (0..most.max(counted)).map(|_| OnceLock::new()).collect();
    let plains: BTreeMap<RecipeName, Vec<OnceLock<Plain>>> = RecipeName::ALL.into_iter().map(|recipe| (recipe, seeds())).collect();
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<(Fared, Vec<Vec<Catch>>)>> = Mutex::default();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(mutant) = mutants.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let (fared, catches) = one(*mutant, counted, plains.get(&home(*mutant)).map_or(&[], Vec::as_slice));
                    tell(&fared);
                    done.lock().unwrap_or_else(PoisonError::into_inner).push((fared, catches));
                }
            });
        }
    });
    let known: BTreeSet<&String> = plains.values().flatten().filter_map(OnceLock::get).flat_map(|plain| &plain.kinds).collect();
    let mut all = Vec::new();
    for (mut fared, catches) in done.into_inner().unwrap_or_else(PoisonError::into_inner) {
        let telling: Vec<Catch> =
            catches.into_iter().filter_map(|seed| seed.into_iter().find(|catch| !known.contains(&catch.kind()))).collect();
        fared.telling = u64::try_from(telling.len()).unwrap_or(u64::MAX);
        fared.named.extend(telling.iter().map(|catch| catch.promise));
        fared.first = telling.into_iter().next().or(fared.first);
        all.push(fared);
    }
    all.sort_by_key(|fared| fared.mutant);
    all
}

fn one(mutant: Mutant, counted: u64, plains: &[OnceLock<Plain>]) -> (Fared, Vec<Vec<Catch>>) {
    let mut fared = Fared { mutant, first: None, sound: 0, different: 0, caught: 0, telling: 0, named: BTreeSet::new() };
    let mut catches = Vec::new();
    for (seed, slot) in (0..).zip(plains) {
        let counts = seed < counted;
        if !counts && fared.first.is_some() {
            break;
        }
        let plain = slot.get_or_init(|| plain(home(mutant), seed));
        if !plain.sound {
            continue;
        }
        fared.sound += u64::from(counts);
        if !plain.passed.contains(&mutant) {
            continue;
        }
        let outcome = run_with(home(mutant), Some(mutant), seed).0;
        let broken = judge(seed, &outcome);
        fared.different += u64::from(counts && outcome.map_or(0, |outcome| outcome.trace.digest) != plain.digest);
        let Some(catch) = broken.first() else { continue };
        fared.caught += u64::from(counts);
        fared.named.insert(catch.promise);
        fared.first.get_or_insert(catch.clone());
        catches.push(broken);
    }
    (fared, catches)
}
