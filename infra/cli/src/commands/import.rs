//! `import`: an exported installation set down at another place.

use std::collections::BTreeSet;

use serde_json::json;

use crate::args::Import;
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::installation::AtRest;
use crate::moving::file::{Export, key_check};
use crate::moving::landing::{Comparison, compare, land};
use crate::moving::standing::{Standing, at_work};
use crate::printer::{Printer, Text, table};

pub(crate) async fn run(context: &Context, args: &Import) -> Result<Exit, Failure> {
    let export = Export::open(&args.file)?;
    let place = AtRest::open(context, false).await?;
    fits(&place, &export)?;
    let syncs: BTreeSet<String> = export.header.syncs.iter().cloned().collect();
    let mut standing = Standing::read(&place, &syncs).await?;
    if let Some(failure) = at_work(&place.name, &standing.leases) {
        return Err(failure);
    }
    let found = compare(&place, &export, &mut standing)?;
    if found.is_at_odds() && !args.replace {
        let says = format!(
            "{} holds {} items that differ from the file, and {} that the file does not have; nothing was written",
            place.name, found.other, found.beyond
        );
        let hint = "somebody has worked there since: see which of the two is the newer one. `--replace` makes the place as the file says";
        return Err(Failure::new(Exit::Held, says, hint));
    }
    let is_finished = found.new == 0 && !found.is_at_odds() && standing.unfinished.is_empty();
    if !args.dry_run && !is_finished {
        land(&place, &export, &standing).await?;
    }
    show(context, args, &place, &export, &found);
    Ok(Exit::Done)
}

/// Whether the file was made with the key of this place, and its syncs are configured here.
fn fits(place: &AtRest, export: &Export) -> Result<(), Failure> {
    if export.header.key_check != key_check(&place.engine.marker) {
        let says = format!(
            "the export of {} was made with another installation key than {} has: no fingerprint would match, and nothing sealed could be read",
            export.header.at, place.name
        );
        let hint = "take the key along: it is the bundle `installation`, in `secrets.json` of a data folder and in the secret \
                    `PREFIXinstallation` of Secrets Manager; put the old place's over the new one's before anything runs there, then import";
        return Err(Failure::new(Exit::Held, says, hint));
    }
    let absent: Vec<&str> = export.header.syncs.iter().map(String::as_str).filter(|name| place.config.sync(name).is_none()).collect();
    if absent.is_empty() {
        return Ok(());
    }
    let says = format!("the configuration has no sync {}, of which the file holds the state", absent.join(", "));
    Err(Failure::new(Exit::Config, says, "import with the configuration of the old place: `--config FILE`"))
}

fn show(context: &Context, args: &Import, place: &AtRest, export: &Export, found: &Comparison) {
    let value = json!({
        "file": args.file, "to": place.name, "exported_at": export.header.at, "counts": export.header.counts,
        "written": found.new + found.other, "replaced": found.other, "removed": found.beyond, "there_already": found.same,
        "expired": found.expired, "dry_run": args.dry_run,
    });
    context.printer.show(&value, || words(args, place, export, found));
    if args.dry_run {
        Printer::words("note: nothing was written; the file is whole, and its key is the one of this place");
    } else {
        Printer::words("hint: `syncline plan` says what the next sync would do: after a whole move, nothing that was not edited meanwhile");
    }
}

fn words(args: &Import, place: &AtRest, export: &Export, found: &Comparison) -> String {
    let rows: Vec<Vec<String>> =
        export.header.counts.iter().map(|(kind, count)| vec![count.to_string(), kind.words().to_owned()]).collect();
    let would = if args.dry_run { "would be " } else { "" };
    let mut text = Text::from(table(&rows));
    text.add(format_args!("\n{} items {would}written to {}", found.new + found.other, place.name));
    text.add(format_args!("; {} were there already", found.same));
    if found.is_at_odds() {
        text.add(format_args!("; {} of them {would}replaced, and {} others {would}removed", found.other, found.beyond));
    }
    if found.expired > 0 {
        text.add(format_args!("; {} history entries have expired", found.expired));
    }
    text.into()
}
