//! `owners`: records whose owner the other system does not know.

use serde::Serialize;
use syncline_engine::explain::Place;
use syncline_engine::ownerless::{self, Ownerless};
use syncline_model::{Side, SyncName};

use crate::args::Owners;
use crate::context::{Context, syncs};
use crate::exit::{Exit, Failure};
use crate::printer::Printer;
use crate::record;

#[derive(Serialize)]
struct Listed {
    sync: SyncName,
    /// As `explain` takes it.
    record: String,
    #[serde(flatten)]
    found: Ownerless,
}

#[derive(Serialize)]
struct Answer {
    owners_not_found: Vec<Listed>,
    /// How many records are looked at again, where that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    looked_at: Option<usize>,
}

pub(crate) async fn run(context: &Context, args: &Owners) -> Result<Exit, Failure> {
    let installation = context.open().await?;
    let engine = &installation.engine;
    let mut answer = Answer { owners_not_found: Vec::new(), looked_at: args.again.then_some(0) };
    for sync in syncs(engine, args.sync.as_deref())? {
        for found in ownerless::list(engine, sync, args.limit).await? {
            let place = Place { sync: sync.name.clone(), mapping: found.mapping.clone(), side: Side::Left };
            answer.owners_not_found.push(Listed { sync: sync.name.clone(), record: record::name(&place, found.left.as_str()), found });
        }
        if let Some(looked_at) = &mut answer.looked_at {
            *looked_at += ownerless::look_again(engine, sync).await?;
        }
    }
    context.printer.show(&answer, || words(&answer));
    if answer.looked_at.is_some_and(|looked_at| looked_at > 0) {
        Printer::words(&format!("hint: they are read and decided again: {}", installation.place.carried_out_by()));
    }
    Ok(Exit::Done)
}

fn words(answer: &Answer) -> String {
    let line = |listed: &Listed| {
        let missing = listed.found.missing.iter().map(|missing| {
            format!("\n  {}: user {} of the {} is not known on the other side", missing.field, missing.owner.user, missing.owner.side)
        });
        format!("{}, with {} on the right, since {}{}", listed.record, listed.found.right, listed.found.since, missing.collect::<String>())
    };
    let mut lines: Vec<String> = answer.owners_not_found.iter().map(line).collect();
    match answer.looked_at {
        Some(looked_at) => lines.push(format!("{looked_at} records are looked at again")),
        None if lines.is_empty() => lines.push("every owner is known".to_owned()),
        None => {}
    }
    lines.join("\n")
}
