//! Worlds that must hold: the first five hundred, some of each further recipe, those that once did not, and one that must come out the same each time. A failure names the
//! command that replays it.

use syncline_simulation::auditor::MOVERS;
use syncline_simulation::figures::Tally;
use syncline_simulation::house::{AFFAIRS, MOVES};
use syncline_simulation::run::run;
use syncline_simulation::scenario::{RecipeName, Stress, TROUBLES};
use syncline_simulation::seeds::{attempt, committed, replay, run_all};
use syncline_simulation::workload::{AFTERWARDS, Act};

const FIRST: RecipeName = RecipeName::FreshdeskSalesforce;

/// What broke among these seeds, a line each.
fn broken(seeds: impl IntoIterator<Item = (RecipeName, u64)>) -> Vec<String> {
    let mut broken = Vec::new();
    for (recipe, seed) in seeds {
        match attempt(recipe, seed, false) {
            Ok(outcome) => {
                let first =
                    outcome.breaches.first().map(|breach| format!("{}: {}\n    {}", breach.promise, breach.says, replay(recipe, seed)));
                broken.extend(first);
            }
            Err(words) => broken.push(format!("seed {seed} panicked: {words}\n    {}", replay(recipe, seed))),
        }
    }
    broken
}

#[track_caller]
fn all_hold(seeds: impl IntoIterator<Item = (RecipeName, u64)>) {
    let broken = broken(seeds);
    assert!(broken.is_empty(), "{} seeds broke a promise:\n{}", broken.len(), broken.join("\n"));
}

macro_rules! worlds {
    ($recipe:expr, $count:literal; $($name:ident: $from:literal),* $(,)?) => {
        $(
            #[test]
            fn $name() {
                all_hold(($from..$from + $count).map(|seed| ($recipe, seed)));
            }
        )*
    };
}

worlds! {
    FIRST, 50;
    seeds_from_000: 0,
    seeds_from_050: 50,
    seeds_from_100: 100,
    seeds_from_150: 150,
    seeds_from_200: 200,
    seeds_from_250: 250,
    seeds_from_300: 300,
    seeds_from_350: 350,
    seeds_from_400: 400,
    seeds_from_450: 450,
}

worlds! {
    RecipeName::AircallZendeskSupport, 50;
    agents_from_000: 0,
    agents_from_050: 50,
    agents_from_100: 100,
    agents_from_150: 150,
}

worlds! {
    RecipeName::SalesmanagoZohoCrm, 50;
    customers_from_000: 0,
    customers_from_050: 50,
    customers_from_100: 100,
    customers_from_150: 150,
    customers_from_200: 200,
    customers_from_250: 250,
}

worlds! {
    RecipeName::ZendeskSellPostgres, 25;
    replicas_from_000: 0,
    replicas_from_025: 25,
}

#[test]
fn every_committed_seed_holds_and_says_what_it_showed() {
    for (recipe, seed, remark) in committed() {
        assert!(!remark.is_empty(), "seed {seed} of {} in seeds.txt says nothing of what it showed", recipe.words());
    }
    all_hold(committed().into_iter().map(|(recipe, seed, _)| (recipe, seed)));
}

/// One seed decides everything: a second run tells the same story byte for byte, and one that tells nothing comes to the same digest.
#[test]
fn the_same_seed_gives_the_same_story() {
    let some = [3, 17, 58, 101, 240].map(|seed| (FIRST, seed)).into_iter();
    let further = [
        (RecipeName::AircallZendeskSupport, 4),
        (RecipeName::SalesmanagoZohoCrm, 7),
        (RecipeName::ZendeskSellPostgres, 2),
        (RecipeName::ZendeskSellPostgres, 7),
    ];
    for (recipe, seed) in some.chain(further) {
        let (once, again, silent) = (run(recipe, seed, true), run(recipe, seed, true), run(recipe, seed, false));
        assert_eq!(once.trace.digest, again.trace.digest, "seed {seed}");
        assert_eq!(once.trace.lines, again.trace.lines, "seed {seed}");
        assert_eq!(once.trace.digest, silent.trace.digest, "seed {seed}: telling the story changed it");
        assert_eq!(once.tally, silent.tally, "seed {seed}");
        assert!(silent.trace.lines.is_empty() && once.trace.lines.len() > 100, "seed {seed}");
    }
}

/// Worlds do not know of each other: on several threads each comes out as it does alone.
#[test]
fn worlds_that_run_at_once_come_out_as_they_do_alone() {
    let mut digests = Vec::new();
    run_all(FIRST, 20..28, 4, |seed, outcome| digests.push((seed, outcome.map(|outcome| outcome.trace.digest))));
    digests.sort();
    let alone: Vec<_> = (20..28).map(|seed| (seed, attempt(FIRST, seed, false).map(|outcome| outcome.trace.digest))).collect();
    assert_eq!(digests, alone);
}

/// People change modules by a user's hand and by ours, and each act of that recipe happens.
#[test]
fn customers_do_all_that_they_can() {
    let mut happened = Tally::default();
    run_all(RecipeName::SalesmanagoZohoCrm, 0..60, 2, |_, outcome| {
        if let Ok(outcome) = outcome {
            happened.include(&outcome.tally);
        }
    });
    let acts = [Act::Create, Act::CreateOnBoth, Act::Edit, Act::EditAgain, Act::EditBoth, Act::EditBothWide, Act::Clear, Act::Delete];
    let all = acts.map(|act| (act.words(), 10)).into_iter().chain(MOVERS.map(|what| (what, 10)));
    let rare: Vec<&str> = all.filter(|(what, least)| happened.of(what) < *least).map(|(what, _)| what).collect();
    assert!(rare.is_empty(), "these happen too seldom in 60 seeds: {rare:?}");
}

/// What happened in the first three hundred worlds, all told.
fn happened() -> Tally {
    let mut all = Tally::default();
    run_all(FIRST, 0..300, 2, |_, outcome| {
        let Ok(outcome) = outcome else { return };
        all.include(&outcome.tally);
        all.add("a record is held at the end", outcome.figures.held);
        all.add("a record is skipped with a reason", outcome.figures.skipped);
        all.add("a value lost a conflict", outcome.figures.losses);
    });
    all
}

/// No part of the workload, of the troubles or of what operators do can fall away unseen.
#[test]
fn everything_that_can_happen_does() {
    let acts = Act::ALL.iter().map(|(act, _)| (act.words(), 10));
    let troubles = TROUBLES.map(|what| (what, 50));
    let moves = MOVES.map(|what| (what, 2));
    let stresses = Stress::ALL.iter().map(|stress| (stress.words(), 5));
    let affairs = AFFAIRS.map(|what| (what, 4));
    let afterwards = AFTERWARDS.map(|what| (what, 15));
    let others = [
        ("a function is killed", 200),
        ("a function runs out of time", 5),
        ("a schedule fires twice", 300),
        ("pulls of a side overlap", 20),
        ("a webhook tells of an act", 300),
        ("a webhook comes twice", 50),
        ("no webhook tells of an act", 300),
        ("a user acts during a backfill", 30),
        ("a sweep runs while users act", 300),
        ("a sweep asks", 1),
        ("a record is held at the end", 50),
        ("a record is skipped with a reason", 50),
        ("a value lost a conflict", 20),
    ];
    let happened = happened();
    let all = acts.chain(troubles).chain(moves).chain(affairs).chain(stresses).chain(afterwards).chain(others);
    let rare: Vec<String> = all
        .filter(|(what, least)| happened.of(what) < *least)
        .map(|(what, least)| format!("{what}: {} times, {least} at least", happened.of(what)))
        .collect();
    assert!(rare.is_empty(), "these happen too seldom in 300 seeds:\n{}", rare.join("\n"));
}
