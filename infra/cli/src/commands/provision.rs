//! `provision`: the link fields that are missing, and tables with their columns where a customer names the objects.

use syncline_engine::provision::{FieldState, Provisioned, provision};

use crate::args::Provision;
use crate::context::{Context, by, syncs};
use crate::exit::{Exit, Failure};
use crate::input;
use crate::printer::{Printer, table};

pub(crate) async fn run(context: &Context, args: &Provision) -> Result<Exit, Failure> {
    let installation = context.open().await?;
    let engine = &installation.engine;
    let chosen = syncs(engine, args.sync.as_deref())?;
    let mut fields = Vec::new();
    for sync in &chosen {
        fields.extend(provision(sync, true, by(engine)).await?);
    }
    let missing = fields.iter().filter(|field| field.state == FieldState::Missing).count();
    if missing > 0 && !args.dry_run {
        if !args.yes {
            Printer::words(&words(&fields));
            if !input::confirm(&format!("Make {missing} fields at the vendors?"))? {
                return Err(Failure::new(Exit::Failed, "nothing was made", "run it again when you have decided"));
            }
        }
        fields.clear();
        for sync in &chosen {
            fields.extend(provision(sync, false, by(engine)).await?);
        }
    }
    context.printer.show(&fields, || words(&fields));
    let failed: Vec<&Provisioned> = fields.iter().filter(|field| field.state == FieldState::Failed).collect();
    match failed.iter().find_map(|field| field.trouble.as_ref()) {
        None => Ok(Exit::Done),
        Some(trouble) => {
            Printer::words(&format!("error: {} fields failed; the first: {}", failed.len(), trouble.says));
            Printer::words("hint: the connected user must be an administrator, or make the field by hand: a unique text of 40 characters");
            Ok(match trouble.code {
                "auth_refused" | "auth_expired" => Exit::SignIn,
                "transient" | "rate_limited" | "uncertain" | "conflict" => Exit::OutOfReach,
                _ => Exit::Held,
            })
        }
    }
}

fn words(fields: &[Provisioned]) -> String {
    let rows: Vec<Vec<String>> = fields
        .iter()
        .map(|field| {
            let state = match field.state {
                FieldState::There => "there",
                FieldState::Missing => "missing",
                FieldState::Made => "made",
                FieldState::Failed => "failed",
            };
            vec![field.connection.to_string(), field.kind.to_string(), field.field.to_string(), state.to_owned()]
        })
        .collect();
    if rows.is_empty() { "no mapping has a link field".to_owned() } else { table(&rows) }
}
