//! `status`: how each sync stands.

use std::collections::BTreeMap;

use serde::Serialize;
use syncline_config::{Schedule, Sweep, Sync};
use syncline_engine::backfill::Phase;
use syncline_engine::status::{Alone, EndStatus, Status as Found, SweepStatus, SyncStatus, status};
use syncline_engine::sweep::SweepPhase;
use syncline_model::{RecordId, Side, SyncName, Timestamp};

use crate::args::Status;
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::printer::{Printer, Text, table};

pub(crate) async fn run(context: &Context, args: &Status) -> Result<Exit, Failure> {
    let installation = context.open().await?;
    let found = status(&installation.engine, args.count).await?;
    let schedules: BTreeMap<&SyncName, Schedules<'_>> =
        installation.config.syncs.iter().map(|sync| (&sync.name, Schedules::of(sync, found.at))).collect();
    let show = |sync: &SyncStatus| words(sync, found.at, schedules.get(&sync.sync));
    context.printer.show(&Shown { found: &found, schedules: &schedules }, || found.syncs.iter().map(show).collect::<Vec<_>>().join("\n\n"));
    let stopped = found.syncs.iter().any(|sync| sync.ends.left.stopped.is_some() || sync.ends.right.stopped.is_some());
    if stopped {
        Printer::words("error: a connection is stopped\nhint: run `syncline connect` for it");
        return Ok(Exit::SignIn);
    }
    let held: u64 = found.syncs.iter().flat_map(|sync| sync.held.values()).sum();
    if held > 0 {
        Printer::words(&format!("error: {held} records are held\nhint: `syncline holds list` says why and what releases them"));
        return Ok(Exit::Held);
    }
    Ok(Exit::Done)
}

/// What is shown: how everything stands, and when it goes on.
#[derive(Serialize)]
struct Shown<'a> {
    #[serde(flatten)]
    found: &'a Found,
    schedules: &'a BTreeMap<&'a SyncName, Schedules<'a>>,
}

/// When the sides of a sync are asked for changes.
#[derive(Serialize)]
struct Schedules<'a> {
    left: Next<'a>,
    right: Next<'a>,
    /// When everything is compared, in the words of the configuration; `None`: never.
    sweep: Option<&'a Sweep>,
}

#[derive(Serialize)]
struct Next<'a> {
    /// In the words of the configuration.
    schedule: &'a Schedule,
    /// Its next time. On AWS a run may begin up to a minute later.
    next: Timestamp,
}

impl<'a> Schedules<'a> {
    fn of(sync: &'a Sync, now: Timestamp) -> Self {
        let next = |schedule: &'a Schedule| Next { schedule, next: schedule.next_after(now) };
        Self { left: next(&sync.schedule.left), right: next(&sync.schedule.right), sweep: sync.sweep.as_ref() }
    }
}

fn words(sync: &SyncStatus, now: Timestamp, schedules: Option<&Schedules<'_>>) -> String {
    let mut text = Text::from(format!("sync {}\n", sync.sync));
    for side in [Side::Left, Side::Right] {
        text.add(format_args!("  {side}: {}\n", end_words(sync.ends.of(side))));
        let is_asked = sync.mappings.iter().any(|mapping| !*mapping.write_only.of(side));
        if let Some(next) = schedules.filter(|_| is_asked).map(|schedules| side.of(&schedules.left, &schedules.right)) {
            text.add(format_args!("    asked {}, next at {}\n", next.schedule, next.next));
        }
    }
    let mut rows = Vec::new();
    for mapping in &sync.mappings {
        for side in [Side::Left, Side::Right] {
            let cursor = mapping.cursors.of(side);
            let state = match (cursor.started, cursor.caught_up) {
                _ if *mapping.write_only.of(side) => "takes records and gives none back: never read".to_owned(),
                (false, _) => "not read yet".to_owned(),
                (true, None) => "reading, not caught up yet".to_owned(),
                (true, Some(at)) => format!("caught up {} s ago", now.duration_since(at).as_secs().max(0)),
            };
            let state = match &cursor.closed {
                Some(closed) => format!("not read since {}: this system has no {}", closed.since, closed.says),
                None if *mapping.feed_only.of(side) => {
                    format!("{state}; told by a feed alone: what it no longer told at the first reading is not here")
                }
                None => state,
            };
            rows.push(vec![format!("  {}", mapping.mapping), side.to_string(), state]);
            if let Some(gap) = &cursor.gap {
                let missing = format!(
                    "GAP: between {} and {} changes were forgotten there before they were read, and nothing else tells of them: compare by hand",
                    gap.since, gap.met
                );
                rows.push(vec![String::new(), String::new(), missing]);
            }
            if let (Some(swept), Some(when)) = (mapping.sweeps.of(side), schedules.and_then(|schedules| schedules.sweep)) {
                rows.push(vec![String::new(), String::new(), sweep_words(swept, when, now)]);
            }
        }
        if let Some(entries) = &mapping.entries {
            let unlinked: u64 = entries.unlinked.values().sum();
            let counts = format!(
                "{} linked, {} severed, {} being created, {unlinked} without a counterpart, {} awaited by others",
                entries.linked, entries.severed, entries.creating, entries.awaited
            );
            rows.push(vec![format!("  {}", mapping.mapping), "both".to_owned(), counts]);
            for side in [Side::Left, Side::Right] {
                let alone = entries.alone.of(side);
                if alone.count > 0 {
                    rows.push(vec![format!("  {}", mapping.mapping), side.to_string(), alone_words(alone)]);
                }
            }
        }
    }
    text.add(format_args!("{}", table(&rows)));
    let backfill = match sync.backfill.phase {
        Phase::NotBegun => "not begun",
        Phase::ScanLeft | Phase::ScanRight => "reading",
        Phase::Join => "matching",
        Phase::Done => "done",
    };
    text.add(format_args!("\n  backfill: {backfill}"));
    if let Some(mapping) = &sync.backfill.mapping {
        text.add(format_args!(" {mapping}"));
    }
    let held: Vec<String> = sync.held.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
    text.add(format_args!("\n  held: {}", if held.is_empty() { "none".to_owned() } else { held.join(", ") }));
    if sync.owners_not_found > 0 {
        text.add(format_args!("\n  owner not found: {} records (`syncline owners` lists them)", sync.owners_not_found));
    }
    text.into()
}

const MINUTE_S: u64 = 60;
const HOUR_S: u64 = 3_600;

/// How the comparison of all records with the links stands, and when it comes again.
fn sweep_words(swept: &SweepStatus, when: &Sweep, now: Timestamp) -> String {
    let mut text = Text::from(match (swept.phase, swept.ended) {
        (SweepPhase::NotBegun, _) | (SweepPhase::Asked | SweepPhase::Done, None) => "not compared yet".to_owned(),
        (SweepPhase::Listing | SweepPhase::Comparing | SweepPhase::Sending, _) => "being compared".to_owned(),
        (SweepPhase::Asked, Some(_)) => format!("compared: {} are missing, a person is asked", swept.gone),
        (SweepPhase::Done, Some(at)) => {
            let (records, ago_s) = (swept.records.unwrap_or_default(), now.duration_since(at).as_secs().max(0));
            format!("compared {ago_s} s ago: {records} records, {} missing", swept.gone)
        }
    });
    match when {
        Sweep::Schedule(schedule) => text.add(format_args!("; {schedule}, next at {}", schedule.next_after(now))),
        Sweep::Auto => {
            let (hours, minutes) = (swept.auto.period_s / HOUR_S, swept.auto.period_s % HOUR_S / MINUTE_S);
            text.add(format_args!("; every {hours} h {minutes:02} min, by records and budget"));
            if let Some(at) = swept.auto.next_at {
                text.add(format_args!(", next at {at}"));
            }
        }
    }
    text.into()
}

/// How many of those who stand alone the text names; `--json` has more.
const ALONE_NAMED: usize = 20;

fn alone_words(alone: &Alone) -> String {
    let named: Vec<&str> = alone.shown.iter().take(ALONE_NAMED).map(RecordId::as_str).collect();
    let rest = alone.count.saturating_sub(named.len() as u64);
    let more = if rest > 0 { format!(" and {rest} more") } else { String::new() };
    format!("{} on this side only: {}{more}", alone.count, named.join(", "))
}

fn end_words(end: &EndStatus) -> String {
    let state = match &end.stopped {
        None => "running".to_owned(),
        Some(stopped) => format!("stopped since {}: {}", stopped.since, stopped.hint),
    };
    let mut text = Text::from(format!("{} ({}), {state}", end.connection, end.system));
    for (limit, bucket) in &end.budgets {
        text.add(format_args!("; {limit} s: {} calls used, {} left, {} of them at once", bucket.used, bucket.window_left, bucket.left));
        if let Some(until) = bucket.closed_until {
            text.add(format_args!(", refused until {until}"));
        }
    }
    text.into()
}
