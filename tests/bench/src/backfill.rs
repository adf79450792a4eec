//! The first run over two filled accounts.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use syncline_engine::backfill::{self, Phase};
use syncline_model::Side;

use crate::people;
use crate::process;
use crate::recipe::Accounts;
use crate::report::{Aim, Amount, Figure, Report};
use crate::scene::Scene;
use crate::traffic::{ByClass, Counted, is_overhead};
use crate::unmeasured::{Measured, Unmeasured};

const SECTION: &str = "first run";

/// Steps after which a backfill that is not done is given up.
const STEPS_MAX: u32 = 10_000;

/// `alone`: nothing else has been measured in this process, so that its memory is this run's.
pub(crate) async fn measure(scene: &Scene, alone: bool, report: &mut Report) -> Measured<()> {
    let accounts = people::accounts(scene)?;
    let least = scene.recipe.first_run(&accounts);
    // What making the link fields and reading the metadata cost when the engine was put together.
    let before = scene.traffic.take();
    let (cpu_before_ms, peak_before_kib, spent_before) = (process::cpu_ms()?, process::peak_resident_kib()?, scene.spent());
    run(scene).await?;
    let (cpu_ms, peak_kib, spent) = (process::cpu_ms()? - cpu_before_ms, process::peak_resident_kib()?, scene.spent());
    let calls = scene.traffic.take();
    check(scene, &accounts)?;

    let records = scene.size.records();
    report.add(Figure::new(SECTION, "records of both sides before", Amount::count(records), "records"));
    add_calls(scene, report, &calls, &least);
    for system in scene.systems() {
        let overhead = before.overhead(system) + calls.overhead(system);
        report.add(Figure::new(SECTION, format!("{system}: sign-in, link fields and metadata, apart"), Amount::count(overhead), "calls"));
    }
    if calls.statements > 0 {
        report.add(Figure::new(SECTION, "SQL statements in the transactions", Amount::count(calls.statements), "statements"));
    }
    let per_thousand = |total: u64| Amount::per(total * 1_000, records);
    report.add(Figure::new(
        SECTION,
        "CPU of the process, simulators and embedded store included",
        per_thousand(cpu_ms),
        "ms/1,000 records",
    ));
    if alone {
        report.add(Figure::new(
            SECTION,
            "peak resident memory, simulators and embedded store included",
            Amount::per(peak_kib, 1024),
            "MiB",
        ));
        let grown_kib = peak_kib.saturating_sub(peak_before_kib);
        report.add(Figure::new(SECTION, "of it grown during the run", per_thousand(grown_kib), "KiB/1,000 records"));
    }
    report.add_spent(SECTION, &spent_before, &spent, records, "record");
    Ok(())
}

async fn run(scene: &Scene) -> Measured<()> {
    let sync = scene.sync()?;
    let fail = |error: syncline_engine::EngineError| Unmeasured::new("the backfill", error);
    backfill::begin(&scene.engine, sync, false).await.map_err(fail)?;
    for _ in 0..STEPS_MAX {
        let progress = backfill::step(&scene.engine, sync, scene.by()).await.map_err(fail)?;
        if progress.phase == Phase::Done {
            return scene.drain().await;
        }
        if let Some(at) = progress.again_at {
            scene.clock.advance_to(at);
        } else if let Some(stopped) = progress.stopped {
            return Err(Unmeasured::new("the backfill", stopped));
        } else {
            scene.clock.advance(SignedDuration::from_secs(1));
        }
    }
    Err(Unmeasured::new("the backfill", "it does not end"))
}

/// The figures mean something only if the work was done: afterwards each side has each person once whom it shall have.
fn check(scene: &Scene, before: &Accounts) -> Measured<()> {
    let wanted = scene.recipe.people_after(before);
    for side in [Side::Left, Side::Right] {
        let (system, contacts) = (scene.system(side), people::everybody(scene, side)?);
        let distinct: BTreeSet<u32> = contacts.iter().map(|contact| contact.number).collect();
        let (there, wanted) = (distinct.len() as u64, *wanted.of(side));
        if there != wanted || contacts.len() != distinct.len() {
            let problem = format!("{system} has {} records of {there} people, and {wanted} were expected", contacts.len());
            return Err(Unmeasured::new("the backfill", problem));
        }
    }
    Ok(())
}

fn add_calls(scene: &Scene, report: &mut Report, calls: &Counted, least: &ByClass) {
    let places: BTreeSet<_> = calls.calls.keys().chain(least.keys()).filter(|(_, class)| !is_overhead(class)).copied().collect();
    for (system, class) in places {
        let measured = calls.calls.get(&(system, class)).copied().unwrap_or_default();
        let fewest = least.get(&(system, class)).copied().unwrap_or_default();
        report.add(Figure::new(SECTION, format!("{system}: {class}"), Amount::count(measured), "calls").least(Amount::count(fewest)));
    }
    for system in scene.systems() {
        let fewest: u64 = least.iter().filter(|((its, _), _)| *its == system).map(|(_, count)| count).sum();
        let figure = Figure::new(SECTION, format!("{system}: all calls"), Amount::count(calls.work(system)), "calls");
        report.add(figure.least(Amount::count(fewest)).aim(Aim::Least));
    }
}
