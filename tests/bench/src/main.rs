//! The figures: what a backfill, a change and a quiet poll cost in vendor calls, store units, queue requests, time and memory, beside the least
//! possible and the aim.
//!
//! One run of one build, no network but loopback, time that the run moves by itself. It ends well whatever the figures are, and badly only
//! where it could not measure: whether an aim is met is told, not tested, because times differ from machine to machine.

mod backfill;
mod cost;
mod decide;
mod least;
mod live;
mod memory;
mod people;
mod process;
mod pull_memory;
mod report;
mod scene;
mod size;
mod start;
mod traffic;
mod unmeasured;

use std::process::ExitCode;

use crate::report::Report;
use crate::scene::Scene;
use crate::size::Size;
use crate::unmeasured::{Measured, Unmeasured};

/// What to measure, from the command line.
struct Wish {
    size: Size,
    json: bool,
    /// Whether the figures of cost are written where `syncline cost` reads them, and its table into the README.
    record: bool,
    /// The file with the work of the process whose memory is measured: this run is that process.
    write_memory: Option<String>,
}

const USAGE: &str = "usage: syncline-bench [--small] [--json] [--record]";

fn wish(words: impl Iterator<Item = String>) -> Measured<Wish> {
    let mut wish = Wish { size: Size::full(), json: false, record: false, write_memory: None };
    let mut words = words.skip(1);
    while let Some(word) = words.next() {
        match (word.as_str(), wish.write_memory.is_some()) {
            ("--small", false) => wish.size = Size::small(),
            ("--json", false) => wish.json = true,
            ("--record", false) => wish.record = true,
            ("--only", false) if words.next().as_deref() == Some(memory::ONLY) => {
                let file = words.next().ok_or_else(|| Unmeasured::new("the command line", "the job's file is missing"))?;
                wish.write_memory = Some(file);
            }
            (other, _) => return Err(Unmeasured::new("the command line", format!("`{other}` is unknown; {USAGE}"))),
        }
    }
    Ok(wish)
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report::tell(&format!("error: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn run() -> Measured<()> {
    let wish = wish(std::env::args())?;
    if let Some(file) = wish.write_memory {
        // As the function on AWS: one thread.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        return runtime.map_err(|error| Unmeasured::new("the runtime", error))?.block_on(memory::child(&file));
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let mut report = Report::new(&wish.size);
    let measured = runtime.map_err(|error| Unmeasured::new("the runtime", error))?.block_on(measure(&wish, &mut report));
    // What was measured before something stood in the way is told all the same.
    report.print(wish.json);
    measured
}

async fn measure(wish: &Wish, report: &mut Report) -> Measured<()> {
    let size = &wish.size;
    // First, while nothing of this process's own runs beside them.
    start::measure(size, report).await?;
    report::tell(&format!("measuring with {} records on two sides", size.records()));
    let scene = Scene::start(size).await?;
    backfill::measure(&scene, size, report).await?;
    live::measure(&scene, size, report).await?;
    let counted = cost::measure(&scene, size).await?;
    decide::measure(&scene, size, report).await?;
    let write_peak_kib = memory::measure(&scene, size, report).await?;
    pull_memory::measure(size, report).await?;
    let figures = counted.figures(scene.sync()?, size, write_peak_kib);
    cost::add(&figures, report)?;
    if wish.record { cost::record(&figures) } else { Ok(()) }
}
