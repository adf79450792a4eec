//! `cost`: what a month on AWS costs, idle and at three volumes.

use serde_json::json;
use syncline_cost::{Assumptions, Item, SecretsIn, estimate, figures, markdown, prices, recipe_names, words};

use crate::args::Cost;
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::nearest::suggestion;
use crate::printer::{Printer, table};

/// The most milliseconds, minutes or megabytes that are taken for an assumption: a day, and Lambda's largest function.
const MS_MAX: u32 = 86_400_000;
const MINUTES_MAX: u32 = 1_440;
const MB_MAX: u32 = 10_240;

pub(crate) fn run(context: &Context, args: &Cost) -> Result<Exit, Failure> {
    let broken = |problem: String| Failure::new(Exit::Failed, problem, "this build is damaged; build it again");
    let Some(figures) = figures(&args.recipe) else {
        let hint = suggestion(&args.recipe, recipe_names(), "recipes that were measured");
        return Err(Failure::usage(format!("there are no figures of a recipe `{}`", args.recipe), hint));
    };
    let figures = figures.map_err(|error| broken(error.to_string()))?;
    let prices = prices().map_err(|error| broken(error.to_string()))?;
    let assumed = assumed(args)?;
    let told = estimate(&prices, &figures, &assumed);
    if args.markdown {
        Printer::data(&markdown(&told).join("\n"));
        return Ok(Exit::Done);
    }
    let (months, standing, says) = words(&told, &prices, &figures);
    let items: Vec<Item> = Item::ALL.to_vec();
    context.printer.show(&json!({ "estimate": told, "figures": figures, "prices": prices, "items": items }), || {
        format!("{}\n\n{}\n\n{}", table(&months), table(&standing), says.join("\n"))
    });
    Ok(Exit::Done)
}

fn assumed(args: &Cost) -> Result<Assumptions, Failure> {
    let mut assumed = Assumptions::default();
    let mut take = |given: Option<u32>, place: fn(&mut Assumptions) -> &mut u32, name: &str, least: u32, most: u32| match given {
        Some(value) if !(least..=most).contains(&value) => {
            Err(Failure::usage(format!("--{name} {value} is out of range"), format!("give {least} to {most}")))
        }
        Some(value) => {
            *place(&mut assumed) = value;
            Ok(())
        }
        None => Ok(()),
    };
    take(args.vendor_ms, |it| &mut it.vendor_ms, "vendor-ms", 0, MS_MAX)?;
    take(args.store_ms, |it| &mut it.store_ms, "store-ms", 0, MS_MAX)?;
    take(args.poll_minutes, |it| &mut it.poll_minutes, "poll-minutes", 1, MINUTES_MAX)?;
    take(args.pull_mb, |it| &mut it.pull_mb, "pull-mb", 128, MB_MAX)?;
    take(args.write_mb, |it| &mut it.write_mb, "write-mb", 128, MB_MAX)?;
    take(args.webhook_percent, |it| &mut it.webhook_percent, "webhook-percent", 0, 100)?;
    take(args.alarms, |it| &mut it.alarms_connection, "alarms", 0, 1_000)?;
    take(args.metrics, |it| &mut it.metrics, "metrics", 0, 10_000)?;
    if args.parameters {
        assumed.secrets = SecretsIn::ParameterStore;
    }
    Ok(assumed)
}
