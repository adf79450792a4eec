//! `backfill`: begins one. What runs the installation carries it out.

use serde::Serialize;
use syncline_config::HistoryMode;
use syncline_engine::backfill::{self, Phase, Progress};
use syncline_model::SyncName;

use crate::args::Backfill;
use crate::context::{Context, syncs};
use crate::exit::{Exit, Failure};
use crate::input;
use crate::printer::Printer;

#[derive(Serialize)]
struct Begun {
    sync: SyncName,
    #[serde(flatten)]
    progress: Progress,
}

pub(crate) async fn run(context: &Context, args: &Backfill) -> Result<Exit, Failure> {
    let installation = context.open().await?;
    let engine = &installation.engine;
    let chosen = syncs(engine, args.sync.as_deref())?;
    let names: Vec<&str> = chosen.iter().map(|sync| sync.name.as_str()).collect();
    if !args.yes
        && !input::confirm(&format!(
            "Link and write what exists on both sides of {} in {}? `syncline plan --backfill` shows it first.",
            names.join(", "),
            installation.place.name()
        ))?
    {
        return Err(Failure::new(Exit::Failed, "nothing was begun", "run it again when you have decided"));
    }
    let mut begun = Vec::new();
    for sync in chosen {
        let progress = if args.resend { backfill::resend(engine, sync).await? } else { backfill::begin(engine, sync, args.force).await? };
        begun.push(Begun { sync: sync.name.clone(), progress });
    }
    context.printer.show(&begun, || {
        let line = |one: &Begun| {
            let phase = match one.progress.phase {
                Phase::NotBegun => "not begun",
                Phase::ScanLeft | Phase::ScanRight => "begun: both sides are read first",
                Phase::Join => "under way: matching",
                Phase::Done => "done before; `--force` begins it anew",
            };
            format!("{}: {phase}", one.sync)
        };
        begun.iter().map(line).collect::<Vec<_>>().join("\n")
    });
    let configured = |name: &SyncName| installation.config.sync(name.as_str()).is_some_and(|sync| sync.history == HistoryMode::Backfill);
    for one in begun.iter().filter(|one| !configured(&one.sync)) {
        Printer::words(&format!("note: nobody carries out a backfill of {} until its configuration says `history: backfill`", one.sync));
    }
    Printer::words(&format!("hint: {}; `syncline status` shows how far it is", installation.place.carried_out_by()));
    Ok(Exit::Done)
}
