//! `holds`: records that wait for a person.

use serde::Serialize;
use serde_json::json;
use syncline_engine::explain::Place;
use syncline_engine::hold::{self, Hold};
use syncline_model::SyncName;

use crate::args::HoldsAct;
use crate::context::{Context, syncs};
use crate::exit::{Exit, Failure};
use crate::printer::Printer;
use crate::record;

#[derive(Serialize)]
struct Held {
    sync: SyncName,
    /// As `holds release` takes it.
    record: String,
    reason: &'static str,
    #[serde(flatten)]
    hold: Hold,
}

pub(crate) async fn run(context: &Context, act: HoldsAct) -> Result<Exit, Failure> {
    match act {
        HoldsAct::List { sync, reason, limit } => list(context, sync.as_deref(), reason.as_deref(), limit).await,
        HoldsAct::Release { records } => release(context, &records).await,
    }
}

async fn list(context: &Context, sync: Option<&str>, reason: Option<&str>, limit: usize) -> Result<Exit, Failure> {
    let installation = context.open().await?;
    let engine = &installation.engine;
    let mut held = Vec::new();
    for sync in syncs(engine, sync)? {
        for hold in hold::list(engine, &sync.name, limit).await? {
            let name = hold.name();
            if reason.is_some_and(|reason| reason != name) {
                continue;
            }
            let place = Place { sync: sync.name.clone(), mapping: hold.mapping.clone(), side: hold.side };
            held.push(Held { sync: sync.name.clone(), record: record::name(&place, &hold.id), reason: name, hold });
        }
    }
    context.printer.show(&json!({ "holds": held }), || {
        let line = |held: &Held| format!("{}\n  {}: {}\n  to release it: {}", held.record, held.reason, held.hold.says, held.hold.release);
        if held.is_empty() { "nothing is held".to_owned() } else { held.iter().map(line).collect::<Vec<_>>().join("\n") }
    });
    Ok(if held.is_empty() { Exit::Done } else { Exit::Held })
}

async fn release(context: &Context, records: &[String]) -> Result<Exit, Failure> {
    let installation = context.open().await?;
    let engine = &installation.engine;
    let mut released = Vec::new();
    let mut missing = Vec::new();
    for text in records {
        let (place, id) = record::find(engine, text).await?;
        let name = record::name(&place, id.as_str());
        if hold::release(engine, &place.sync, &place.mapping, place.side, id.as_str()).await? {
            released.push(name);
        } else {
            missing.push(name);
        }
    }
    context.printer.show(&json!({ "released": released, "not_held": missing }), || {
        released.iter().map(|name| format!("released {name}")).collect::<Vec<_>>().join("\n")
    });
    if missing.is_empty() {
        Printer::words(&format!("hint: they are read and decided again: {}", installation.place.carried_out_by()));
        return Ok(Exit::Done);
    }
    Err(Failure::new(Exit::Failed, format!("not held: {}", missing.join(", ")), "`syncline holds list` shows what is"))
}
