//! What is told at the end, to people and to machines.

use std::fmt::Write;
use std::time::Duration;

use serde_json::{Value as Json, json};

use crate::auditor::Breach;
use crate::figures::{Sums, ratio};
use crate::run::Outcome;
use crate::seeds::replay;

const DAY: i64 = 86_400_000;

/// The end of one world.
pub fn world(outcome: &Outcome) -> String {
    let mut text = String::new();
    for breach in &outcome.breaches {
        line(&mut text, format_args!("{}: {}", breach.promise, breach.says));
    }
    let held = if outcome.breaches.is_empty() { "every promise held" } else { "a promise was broken" };
    line(
        &mut text,
        format_args!(
            "seed {}: {held}; digest {:016x}, {} steps, {} invocations, {} killed, quiet {} after the last trouble",
            outcome.seed,
            outcome.trace.digest,
            outcome.steps,
            outcome.invocations,
            outcome.killed,
            span(outcome.to_quiet)
        ),
    );
    text
}

/// One world, for machines.
pub fn world_json(outcome: &Outcome) -> Json {
    json!({
        "recipe": outcome.recipe.words(),
        "seed": outcome.seed,
        "digest": format!("{:016x}", outcome.trace.digest),
        "breaches": breaches_json(&outcome.breaches),
        "steps": outcome.steps,
        "invocations": outcome.invocations,
        "killed": outcome.killed,
        "virtual_ms": outcome.passed,
        "to_quiet_ms": outcome.to_quiet,
        "happened": outcome.tally.iter().collect::<std::collections::BTreeMap<_, _>>(),
    })
}

/// Many worlds: their figures, then each that broke a promise with the command that replays it.
pub fn worlds(sums: &Sums, took: Duration) -> String {
    let mut text = String::new();
    let figures = &sums.figures;
    for broken in sums.broken.values() {
        for Breach { promise, says } in broken.breaches.iter().take(1) {
            line(&mut text, format_args!("seed {}: {promise}: {says}", broken.seed));
            line(&mut text, format_args!("    {}", replay(sums.recipe, broken.seed)));
        }
    }
    line(&mut text, format_args!("{} seeds of {}, {} of them broke a promise", sums.seeds, sums.recipe.words(), sums.broken.len()));
    let mut row = |name: &str, value: String| line(&mut text, format_args!("  {name:<42}{value}"));
    row("steps", format!("{}, at most {} (seed {})", sums.steps, sums.longest.0, sums.longest.1));
    row("invocations", format!("{}, {} of them killed", sums.invocations, sums.killed));
    row("virtual days", (sums.passed / DAY).to_string());
    row("records changed by users", figures.user_changes.to_string());
    row("vendor calls per user change", ratio(figures.calls, figures.user_changes));
    row("integration writes per user change", ratio(figures.integration_changes, figures.user_changes));
    row("requests that changed nothing", format!("{} of {} that may write", figures.idle_writes, figures.writes));
    row("edits overwritten between read and write", figures.unseen_overwrites.to_string());
    row("values that lost a conflict", figures.losses.to_string());
    row("records held, skipped at the end", format!("{}, {}", figures.held, figures.skipped));
    row("pairs compared at rest", figures.pairs.to_string());
    row("time to quiet, p50, p99, max", [50, 99, 100].map(|percent| span(sums.to_quiet(percent))).join(", "));
    row("seeds per second", per_second(sums.seeds, took));
    text
}

/// The same for machines.
pub fn worlds_json(sums: &Sums, took: Duration) -> Json {
    let figures = &sums.figures;
    json!({
        "recipe": sums.recipe.words(),
        "seeds": sums.seeds,
        "broken": sums.broken.values().map(|broken| json!({
            "seed": broken.seed,
            "breaches": breaches_json(&broken.breaches),
            "replay": replay(sums.recipe, broken.seed),
        })).collect::<Vec<_>>(),
        "steps": sums.steps,
        "longest": { "seed": sums.longest.1, "steps": sums.longest.0 },
        "invocations": sums.invocations,
        "killed": sums.killed,
        "virtual_ms": sums.passed,
        "user_changes": figures.user_changes,
        "integration_changes": figures.integration_changes,
        "vendor_calls": figures.calls,
        "vendor_writes": figures.writes,
        "idle_writes": figures.idle_writes,
        "unseen_overwrites": figures.unseen_overwrites,
        "lost_conflicts": figures.losses,
        "held": figures.held,
        "skipped": figures.skipped,
        "pairs": figures.pairs,
        "to_quiet_ms": { "p50": sums.to_quiet(50), "p99": sums.to_quiet(99), "max": sums.to_quiet(100) },
        "took_ms": u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        "happened": sums.tally.iter().collect::<std::collections::BTreeMap<_, _>>(),
    })
}

fn breaches_json(breaches: &[Breach]) -> Json {
    breaches.iter().map(|breach| json!({ "promise": breach.promise, "says": breach.says })).collect()
}

fn line(text: &mut String, words: std::fmt::Arguments<'_>) {
    writeln!(text, "{words}").unwrap_or_else(|problem| panic!("{problem}"));
}

/// Seconds below two minutes, then minutes and hours.
fn span(millis: i64) -> String {
    let seconds = millis / 1_000;
    match seconds {
        ..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        _ => format!("{} h {} min", seconds / 3_600, seconds / 60 % 60),
    }
}

fn per_second(seeds: u64, took: Duration) -> String {
    let millis = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    ratio(seeds.saturating_mul(1_000), millis.max(1))
}
