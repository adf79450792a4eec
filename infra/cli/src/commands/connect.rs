//! `connect`: credentials checked at the vendor and shown, and only then stored.

use serde_json::json;
use syncline_config::FieldIssue;
use syncline_engine::ports::connector::Account;
use syncline_engine::state;

use crate::args::Connect;
use crate::connecting::{Checked, Flow, Outcome, give_back, given, join, named, words};
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::installation::Installation;
use crate::place::Place;
use crate::printer::Printer;
use crate::terminal::Terminal;

pub(crate) async fn run(context: &Context, args: &Connect) -> Result<Exit, Failure> {
    let mut terminal = if args.yes { None } else { Terminal::open() };
    tokio::select! {
        done = guided(context, args, &mut terminal) => done,
        _ = tokio::signal::ctrl_c() => {
            Printer::words("");
            Err(Failure::new(Exit::Interrupted, "interrupted; what was not confirmed is not stored", "run it again: what you answered is proposed"))
        }
    }
}

async fn guided(context: &Context, args: &Connect, terminal: &mut Option<Terminal>) -> Result<Exit, Failure> {
    let config = context.config()?;
    let (_, _, vendor) = named(&config, &args.connection)?;
    let given = given(&args.secrets, args.secret_file.as_ref(), vendor)?;
    let installation = context.open().await?;
    let mut flow = Flow::new(context, &installation, &args.connection, given, args, args.way.as_deref()).await?;
    if let Some(platform) = &args.platform {
        return join(context, &installation, flow, platform, terminal).await;
    }
    loop {
        let checked = match flow.run(terminal).await? {
            Outcome::Already(account) => return already(context, &installation, &flow, &account).await,
            Outcome::Checked(checked) => checked,
        };
        match confirmed(&installation, &flow, &checked, terminal).await? {
            Some(true) => return store(context, &installation, flow, *checked).await,
            Some(false) => {
                give_back(&checked.tried, &checked.way, &flow.candidate).await;
                return Err(Failure::new(Exit::Failed, "nothing was stored", "run it again when you have decided"));
            }
            None => {
                give_back(&checked.tried, &checked.way, &flow.candidate).await;
                flow.start_over();
            }
        }
    }
}

async fn already(context: &Context, installation: &Installation, flow: &Flow<'_>, account: &Account) -> Result<Exit, Failure> {
    let name = &flow.candidate.name;
    let was_stopped = state::stopped(&installation.engine, name).await?.is_some();
    if was_stopped {
        state::start(&installation.engine, name).await?;
    }
    let shown = shown(flow, account, &[], false, true);
    context.printer.show(&shown, || {
        let more = if was_stopped { "it was stopped, and goes on" } else { "nothing was changed" };
        format!("{}\n{name} is already connected; {more}. `--again` signs in anew", words(account, &[]))
    });
    Ok(Exit::Done)
}

/// `None`: back to the questions.
async fn confirmed(
    installation: &Installation,
    flow: &Flow<'_>,
    checked: &Checked,
    terminal: &mut Option<Terminal>,
) -> Result<Option<bool>, Failure> {
    if flow.args.yes {
        return Ok(Some(true));
    }
    Printer::words(&format!("\n{}", summary(installation, flow, checked)));
    let question = format!("Store these credentials in {}?", installation.place.name());
    let Some(terminal) = terminal else {
        give_back(&checked.tried, &checked.way, &flow.candidate).await;
        return Err(Failure::usage(format!("{question} — there is no terminal to ask"), "give `--yes`"));
    };
    terminal.confirm(&question).await
}

/// What will be connected: the account, and what it is synced with.
fn summary(installation: &Installation, flow: &Flow<'_>, checked: &Checked) -> String {
    let name = &flow.candidate.name;
    let mut lines = vec![
        format!("{name} ({}), signed in with {}", flow.candidate.vendor.descriptor().title, checked.way.label()),
        words(&checked.tried.account, &checked.tried.fields),
    ];
    for sync in &installation.engine.syncs {
        let ends = [&sync.ends.left.connection, &sync.ends.right.connection];
        if let Some(other) = ends.iter().find(|end| **end != name).filter(|_| ends.contains(&name)) {
            lines.push(format!("sync {}: with {other}", sync.name));
        }
    }
    lines.join("\n")
}

async fn store(context: &Context, installation: &Installation, flow: Flow<'_>, checked: Checked) -> Result<Exit, Failure> {
    let candidate = &flow.candidate;
    let saved = installation.secrets.save(&candidate.secret, &checked.tried.bundle).await;
    saved.map_err(|error| installation.place.secrets_failure(&error))?;
    state::start(&installation.engine, &candidate.name).await?;
    let (account, fields) = (&checked.tried.account, &checked.tried.fields);
    context
        .printer
        .show(&shown(&flow, account, fields, true, false), || format!("{}\nstored; {} runs", words(account, fields), candidate.name));
    if matches!(installation.place, Place::Deployed(_)) {
        Printer::words("note: a function that runs already believes what it has read before for a minute");
    }
    flow.answers.forget();
    Ok(Exit::Done)
}

fn shown(flow: &Flow<'_>, account: &Account, fields: &[FieldIssue], stored: bool, already: bool) -> serde_json::Value {
    let candidate = &flow.candidate;
    json!({
        "connection": candidate.name, "system": candidate.vendor.descriptor().system, "account": account, "fields": fields,
        "stored": stored, "already_connected": already,
    })
}
