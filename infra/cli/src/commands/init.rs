//! `init`: a configuration from a recipe.

use serde_json::json;
use syncline_config::{recipe, recipe_names};

use crate::args::Init;
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::nearest::suggestion;
use crate::printer::Printer;

/// What to do with a new configuration, in order.
const NEXT: [&str; 5] = [
    "put your account names under `connections`",
    "syncline connect NAME, for each connection",
    "syncline provision",
    "syncline preflight",
    "syncline plan --backfill",
];

pub(crate) fn run(context: &Context, args: &Init) -> Result<Exit, Failure> {
    let Some(name) = &args.recipe else {
        let names: Vec<&str> = recipe_names().collect();
        context.printer.show(&json!({ "recipes": names }), || names.join("\n"));
        Printer::words("hint: syncline init RECIPE");
        return Ok(Exit::Done);
    };
    let Some(text) = recipe(name) else {
        return Err(Failure::usage(format!("there is no recipe `{name}`"), suggestion(name, recipe_names(), "the recipes")));
    };
    let file = &context.global.config;
    if file.exists() && !args.force {
        let hint = "name another file with `--config FILE`, or replace it with `--force`";
        return Err(Failure::new(Exit::Failed, format!("{} is there already", file.display()), hint));
    }
    std::fs::write(file, text).map_err(|error| {
        Failure::new(Exit::Failed, format!("{} cannot be written: {error}", file.display()), "name another file with `--config FILE`")
    })?;
    context.printer.show(&json!({ "file": file, "recipe": name, "next": NEXT }), || format!("wrote {}", file.display()));
    if !context.global.json {
        let steps: Vec<String> = NEXT.iter().enumerate().map(|(at, step)| format!("  {}. {step}", at + 1)).collect();
        Printer::words(&format!("Next:\n{}", steps.join("\n")));
    }
    Ok(Exit::Done)
}
