//! `plan`: what the next sync, or a backfill, would do.

use serde::Serialize;
use syncline_engine::backfill::{self, Preview};
use syncline_engine::forecast::{Act, Forecast, forecast};
use syncline_model::{Side, SyncName};

use crate::args::Plan;
use crate::context::{Context, by, syncs};
use crate::exit::{Exit, Failure};
use crate::installation::{Demands, Installation};
use crate::printer::{Printer, Text, duration};

#[derive(Serialize)]
struct BackfillPlan {
    sync: SyncName,
    #[serde(flatten)]
    preview: Preview,
}

pub(crate) async fn run(context: &Context, args: &Plan) -> Result<Exit, Failure> {
    // A plan must know which fields the vendors demand.
    let installation = Installation::open(context, Demands::Asked).await?;
    let engine = &installation.engine;
    for note in &installation.notes {
        Printer::words(&format!("note: {note}"));
    }
    let chosen = syncs(engine, args.sync.as_deref())?;
    if args.backfill {
        let mut plans = Vec::new();
        for sync in chosen {
            Printer::words(&format!("reading both sides of {} to their end", sync.name));
            plans.push(BackfillPlan { sync: sync.name.clone(), preview: backfill::preview(engine, sync, by(engine)).await? });
        }
        context.printer.show(&plans, || plans.iter().map(backfill_words).collect::<Vec<_>>().join("\n\n"));
        let cut = plans.iter().find_map(|plan| plan.preview.stopped.as_ref());
        return Ok(match cut {
            None => Exit::Done,
            Some(says) => {
                Printer::words(&format!("error: the plan is not complete: {says}\nhint: run it again later"));
                Exit::OutOfReach
            }
        });
    }
    let mut plans = Vec::new();
    for sync in chosen {
        plans.push(forecast(engine, sync, by(engine)).await?);
    }
    context.printer.show(&plans, || plans.iter().map(forecast_words).collect::<Vec<_>>().join("\n\n"));
    Ok(Exit::Done)
}

fn forecast_words(plan: &Forecast) -> String {
    let mut text = Text::from(format!("sync {}: the next run", plan.sync));
    for mapping in &plan.mappings {
        let acts: Vec<String> = mapping.acts.iter().map(|(act, count)| format!("{count} {}", act_word(*act))).collect();
        let acts = if acts.is_empty() { "nothing changed".to_owned() } else { acts.join(", ") };
        text.add(format_args!("\n  {} seen on the {} side: {} changed: {acts}", mapping.mapping, mapping.seen_on, mapping.read));
        for (reason, count) in &mapping.reasons {
            text.add(format_args!("\n    {count} {reason}"));
        }
    }
    for record in &plan.records {
        text.add(format_args!("\n  {}/{}/{}: {}: {}", record.mapping, record.side, record.id, act_word(record.says.act), record.says.says));
    }
    let calls: Vec<String> = plan.calls.iter().map(|(connection, calls)| format!("{calls} at {connection}")).collect();
    let calls = if calls.is_empty() { "none".to_owned() } else { calls.join(", ") };
    text.add(format_args!("\n  calls to write: {calls}; about {}", duration(plan.seconds)));
    for remark in &plan.remarks {
        text.add(format_args!("\n  note: {remark}"));
    }
    text.into()
}

fn act_word(act: Act) -> &'static str {
    match act {
        Act::Create => "create",
        Act::Update => "update",
        Act::Delete => "delete",
        Act::Restore => "restore",
        Act::Link => "link",
        Act::MoveLink => "move the link",
        Act::Sever => "leave alone",
        Act::Nothing => "nothing to do",
        Act::Skip => "skip",
        Act::Hold => "hold",
        Act::Wait => "wait",
    }
}

fn backfill_words(plan: &BackfillPlan) -> String {
    let mut text = Text::from(format!("sync {}: a backfill", plan.sync));
    for said in &plan.preview.mappings {
        text.add(format_args!(
            "\n  {}: {} left, {} right records; {} linked already, {} linked as they are, {} linked and written",
            said.mapping, said.read.left, said.read.right, said.linked, said.link, said.join
        ));
        for side in [Side::Left, Side::Right] {
            if *said.unlisted.of(side) {
                text.add(format_args!("\n    the {side} side gives no list: what its feed still tells comes, and is not counted here"));
            }
            text.add(format_args!("\n    on the {side} side: {} created, {} changed", said.create.of(side), said.change.of(side)));
            for (reason, count) in said.skipped.of(side) {
                text.add(format_args!(", {count} skipped ({reason})"));
            }
            for (reason, count) in said.held.of(side) {
                text.add(format_args!(", {count} held ({reason})"));
            }
            let calls = said.calls.of(side);
            text.add(format_args!("; {} calls", calls.all()));
        }
    }
    let longest = plan.preview.takes_s.left.max(plan.preview.takes_s.right);
    text.add(format_args!("\n  about {}", duration(longest)));
    text.into()
}
