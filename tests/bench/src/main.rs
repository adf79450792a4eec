//! The figures: what a backfill, a change and a quiet poll cost in vendor calls, store units, queue requests, time and memory, beside the least
//! possible and the aim.
//!
//! One run of one build, no network but loopback, time that the run moves by itself. It ends well whatever the figures are, and badly only
//! where it could not measure: whether an aim is met is told, not tested, because times differ from machine to machine.

mod backfill;
mod cost;
mod decide;
mod live;
mod memory;
mod people;
mod process;
mod pull_memory;
mod recipe;
mod report;
mod scene;
mod size;
mod start;
mod traffic;
mod unmeasured;

use std::process::ExitCode;

use syncline_cost::Figures;

use crate::recipe::Recipe;
use crate::report::Report;
use crate::scene::Scene;
use crate::size::Size;
use crate::unmeasured::{Measured, Unmeasured};

/// What to measure, from the command line.
struct Wish {
    size: Size,
    /// The one recipe that is measured, and nothing that is of none; `None`: all.
    recipe: Option<&'static dyn Recipe>,
    json: bool,
    /// Whether the figures of cost are written where `syncline cost` reads them, and its table into the README.
    record: bool,
    /// The file with the work of the process whose memory is measured: this run is that process.
    write_memory: Option<String>,
}

const USAGE: &str = "usage: syncline-bench [--small] [--json] [--record] [--recipe NAME]";

fn wish(words: impl Iterator<Item = String>) -> Measured<Wish> {
    let mut wish = Wish { size: Size::full(), recipe: None, json: false, record: false, write_memory: None };
    let mut words = words.skip(1);
    while let Some(word) = words.next() {
        match (word.as_str(), wish.write_memory.is_some()) {
            ("--small", false) => wish.size = Size::small(),
            ("--json", false) => wish.json = true,
            ("--record", false) => wish.record = true,
            ("--recipe", false) => {
                let name = words.next().unwrap_or_default();
                let known = || recipe::recipes().map(Recipe::name).join(", ");
                let found = recipe::recipe(&name);
                wish.recipe =
                    Some(found.ok_or_else(|| Unmeasured::new("the command line", format!("no recipe `{name}`; there are {}", known())))?);
            }
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
    if wish.recipe.is_none() {
        // First, while nothing of this process's own runs beside them.
        start::measure(&wish.size, report).await?;
    }
    let wanted = wish.recipe.map_or_else(|| recipe::recipes().to_vec(), |recipe| vec![recipe]);
    let mut all = Vec::new();
    for (place, recipe) in wanted.into_iter().enumerate() {
        if !recipe.is_installed() {
            report::tell(&format!("skipped: {}: PostgreSQL is not installed here", recipe.name()));
            continue;
        }
        report.of_recipe(Some(recipe.name()));
        all.push(measure_recipe(recipe, wish, place == 0, report).await?);
    }
    report.of_recipe(None);
    if wish.recipe.is_none() {
        pull_memory::measure(&wish.size, report).await?;
    }
    if wish.record { cost::record(&all) } else { Ok(()) }
}

async fn measure_recipe(recipe: &'static dyn Recipe, wish: &Wish, is_first: bool, report: &mut Report) -> Measured<Figures> {
    let scene = Scene::start(recipe, &wish.size).await?;
    report::tell(&format!("measuring {} with {} records on two sides", recipe.name(), scene.size.records()));
    backfill::measure(&scene, is_first, report).await?;
    live::measure(&scene, report).await?;
    let counted = cost::measure(&scene).await?;
    if is_first && wish.recipe.is_none() {
        decide::measure(&scene, report).await?;
    }
    let write_peak_kib = memory::measure(&scene, report).await?;
    let figures = counted.figures(&scene, write_peak_kib)?;
    cost::add(&figures, report)?;
    Ok(figures)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A recipe's first run, its quiet and its edits: whatever else they cost, nothing may be written twice, or for nothing.
    async fn writes_no_more_than_it_must(name: &str) {
        let recipe = recipe::recipe(name).unwrap();
        if !recipe.is_installed() {
            report::tell(&format!("skipped: {name}: PostgreSQL is not installed here"));
            return;
        }
        let mut report = Report::new(&Size::tiny());
        let scene = Scene::start(recipe, &Size::tiny()).await.unwrap();
        backfill::measure(&scene, false, &mut report).await.unwrap();
        live::measure(&scene, &mut report).await.unwrap();
        assert_eq!(report.beyond_nothing(), Vec::<String>::new(), "{name}");
        assert!(report.counts_below_the_least().is_empty(), "{name}: the least is not the least: {:?}", report.counts_below_the_least());
    }

    macro_rules! of_each_recipe {
        ($($test:ident: $name:literal),* $(,)?) => {
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $test() {
                    writes_no_more_than_it_must($name).await;
                }
            )*

            #[test]
            fn every_recipe_is_tried() {
                assert_eq!(recipe::recipes().map(Recipe::name), [$($name),*]);
            }
        };
    }

    of_each_recipe! {
        freshdesk_and_salesforce: "freshdesk-salesforce",
        aircall_and_zendesk_support: "aircall-zendesk_support",
        salesmanago_and_zoho_crm: "salesmanago-zoho_crm",
        zendesk_sell_and_postgres: "zendesk_sell-postgres",
    }
}
