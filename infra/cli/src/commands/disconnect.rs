//! `disconnect`: credentials given up at the vendor, and removed here.

use serde_json::json;
use syncline_engine::ports::secrets::Bundle;
use syncline_engine::ports::sign_in::Revoked;
use syncline_engine::ports::vendor::Settings;
use syncline_engine::state;

use crate::args::Disconnect;
use crate::connecting::{Candidate, can_sign_in, is_refusal, named};
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::input;
use crate::printer::Printer;

pub(crate) async fn run(context: &Context, args: &Disconnect) -> Result<Exit, Failure> {
    let config = context.config()?;
    named(&config, &args.connection)?;
    let installation = context.open().await?;
    let (name, connection, vendor) = named(&installation.config, &args.connection)?;
    let loaded = installation.secrets.load(&connection.secret).await;
    let stored = loaded.map_err(|error| installation.place.secrets_failure(&error))?.unwrap_or_default();
    if stored.0.is_empty() {
        let shown = json!({ "connection": name, "disconnected": false, "was_connected": false });
        context.printer.show(&shown, || format!("{name} is not connected; nothing was changed"));
        return Ok(Exit::Done);
    }
    let settings = Settings(connection.settings.clone());
    let is_signed_in = can_sign_in(vendor, &settings, &stored);
    let candidate = Candidate { installation: &installation, name, vendor, settings, secret: connection.secret.clone() };
    let stays = stays(&candidate);
    if !args.yes {
        Printer::words(&format!(
            "The credentials of {} are given up at {} where it can do that, and removed from {}.\n{stays}",
            candidate.name,
            vendor.descriptor().title,
            installation.place.name()
        ));
        if !input::confirm(&format!("Disconnect {}?", candidate.name))? {
            return Err(Failure::new(Exit::Failed, "nothing was changed", "run it again when you have decided"));
        }
    }
    let revoked = if is_signed_in && !args.forget { Some(revoke(&candidate).await?) } else { None };
    // An empty bundle: on AWS the deployment owns the secret itself.
    let saved = installation.secrets.save(&candidate.secret, &Bundle::default()).await;
    saved.map_err(|error| installation.place.secrets_failure(&error))?;
    state::rest(&installation.engine, &candidate.name, "it was disconnected; run `syncline connect`").await?;
    let shown = json!({
        "connection": candidate.name, "disconnected": true, "was_connected": true, "revoked": revoked, "stays": stays,
    });
    context.printer.show(&shown, || {
        let at_vendor = match &revoked {
            Some(Revoked::Done) => format!("{} takes the credentials no more", vendor.descriptor().title),
            Some(Revoked::ByHand { how }) => format!("{} has no call that ends them, so they still work: {how}", vendor.descriptor().title),
            None => format!("{} was not asked to end them", vendor.descriptor().title),
        };
        format!("{} is disconnected: its credentials are removed here; {at_vendor}\n{stays}", candidate.name)
    });
    Ok(Exit::Done)
}

async fn revoke(candidate: &Candidate<'_>) -> Result<Revoked, Failure> {
    match candidate.stored_connector()?.revoke(candidate.by()).await.map_err(Failure::from) {
        Ok(revoked) => Ok(revoked),
        // Nothing is left to give up.
        Err(failure) if is_refusal(&failure) => Ok(Revoked::Done),
        Err(failure) => {
            Err(Failure { hint: "nothing was removed; run it again, or remove them here alone with `--forget`".to_owned(), ..failure })
        }
    }
}

/// What a disconnected connection leaves, in a sentence.
fn stays(candidate: &Candidate<'_>) -> String {
    let name = &candidate.name;
    let syncs: Vec<&str> = candidate
        .installation
        .engine
        .syncs
        .iter()
        .filter(|sync| [&sync.ends.left.connection, &sync.ends.right.connection].contains(&name))
        .map(|sync| sync.name.as_str())
        .collect();
    let waits = if syncs.is_empty() { String::new() } else { format!(" {} wait until it is connected again.", syncs.join(", ")) };
    format!(
        "What stays: its records on both sides, links, history, holds, the configuration, and webhooks that were made at the vendor.{waits}"
    )
}
