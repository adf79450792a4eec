//! `local`: everything in one process on this machine.

use std::io::IsTerminal as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::SignedDuration;
use serde::Serialize;
use syncline_aws::SystemDice;
use syncline_local::{
    Ended, Example, Handler, Installation, Listener, Options, Progress, RecordMap, Report, RunError, Snapshot, Stop, examples,
    run as run_installation,
};

use super::progress::{Bar, Lines};
use crate::args::Local;
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::place::Place;
use crate::printer::{Printer, Text, duration, table};

/// A run's end, with commands to try after a demonstration.
#[derive(Serialize)]
struct Done {
    #[serde(flatten)]
    report: Report,
    examples: Vec<Example>,
}

pub(crate) async fn run(context: &Context, args: &Local) -> Result<Exit, Failure> {
    if let Place::Deployed(deployment) = context.place()? {
        let says = format!("`syncline local` runs on this machine, and the deployment {} is named", deployment.stack);
        let hint = "leave `--stack` and SYNCLINE_STACK away, or say `--data DIR`; never run both for the same accounts";
        return Err(Failure::usage(says, hint));
    }
    let demo = context.is_demo() || args.recipe.is_some() || !context.global.config.exists();
    let mut global = context.global.clone();
    global.demo = demo;
    let context = &Context { global, printer: context.printer, environment: context.environment.clone() };
    if let Some(recipe) = &args.recipe {
        context.begin_demo(recipe)?;
    }
    let mut setup = context.setup()?;
    setup.ask_vendors = true;
    let installation = Arc::new(Installation::open(setup).await?);
    announce(&installation);
    let stop = Stop::default();
    stop.on_interrupt();
    let bar = (!context.global.json && std::io::stderr().is_terminal()).then(|| Arc::new(Bar::new()));
    let drawn: Arc<dyn Progress> = match &bar {
        Some(bar) => bar.clone(),
        None => Arc::new(Lines::default()),
    };
    let progress: Arc<dyn Progress> = if args.until_quiet {
        drawn
    } else {
        Arc::new(Announcing { drawn, installation: installation.clone(), said: AtomicBool::new(false) })
    };
    let mut options = Options { until_quiet: args.until_quiet, progress, stop, ..Options::default() };
    if demo {
        // A demonstration shows an edit arriving while one watches; the recipe's half an hour would not.
        options.pace.poll = Some(DEMO_POLL);
    }
    let listener = listen(args.listen).await?;
    Printer::words(&format!("webhooks: http://{0}/webhooks/CONNECTION, panel: http://{0}/panel", listener.address()));
    options.map = RecordMap::new(&installation.config, installation.engine.clone(), &SystemDice).map(Arc::new);
    if let Some(map) = &options.map {
        Printer::words(&format!("map: http://{}{} (shows customers' data: the address is the key to it)", listener.address(), map.path()));
    }
    options.listener = Some(listener);
    options.panel = panel(&installation).await;
    let report = run_installation(installation.clone(), options).await.map_err(|error| failure(&error))?;
    if let Some(bar) = bar {
        bar.clear();
    }
    let examples = examples(&installation).await.unwrap_or_default();
    let done = Done { report, examples };
    context.printer.show(&done, || words(&done));
    Ok(match &done.report.ended {
        Ended::Quiet | Ended::Stopped => Exit::Done,
        Ended::ConnectionStopped { connection, hint } => {
            Printer::words(&format!("error: connection {connection} was refused sign-in: {hint}"));
            Printer::words(&format!("hint: run `syncline connect {connection}`"));
            Exit::SignIn
        }
    })
}

/// How often a demonstration asks for changes.
const DEMO_POLL: SignedDuration = SignedDuration::from_secs(5);

/// Where webhooks and the panel are answered unless another address is given.
const PORT: u16 = 8787;

async fn listen(address: Option<SocketAddr>) -> Result<Listener, Failure> {
    let listener = match address {
        Some(address) => Listener::on(address).await,
        // A second installation on this machine takes whatever port is free.
        None => match Listener::on_loopback(PORT).await {
            Ok(listener) => Ok(listener),
            Err(_) => Listener::on_loopback(0).await,
        },
    };
    listener.map_err(|error| Failure::new(Exit::Failed, format!("{}: {}", error.address, error.problem), "choose another with `--listen`"))
}

/// The requester panel, where a sync fits it; `None`, with a word, where none does.
async fn panel(installation: &Arc<Installation>) -> Option<Handler> {
    let signer = syncline_panel::Signer::load(installation.secrets.as_ref(), syncline_registry::INSTALLATION).await.ok()?;
    let settings = syncline_panel::default_settings().ok()?;
    let secrets = installation.secrets.clone();
    let (panel, problems) = syncline_panel::Panel::new(&installation.config, &installation.engine, &settings, secrets, signer);
    if panel.desks.is_empty() {
        for problem in problems {
            Printer::words(&format!("note: no panel: {problem}"));
        }
        return None;
    }
    let (panel, engine) = (Arc::new(panel), installation.engine.clone());
    Some(Arc::new(move |request| {
        let (panel, engine) = (panel.clone(), engine.clone());
        Box::pin(async move { syncline_panel::handle(&engine, &panel, request).await })
    }))
}

/// Shows what to try once everything rests, and goes on.
struct Announcing {
    drawn: Arc<dyn Progress>,
    installation: Arc<Installation>,
    said: AtomicBool,
}

impl Progress for Announcing {
    fn update(&self, snapshot: &Snapshot) {
        self.drawn.update(snapshot);
        if snapshot.rests && !self.said.swap(true, Ordering::Relaxed) {
            let installation = self.installation.clone();
            tokio::spawn(async move {
                for example in examples(&installation).await.unwrap_or_default() {
                    Printer::words(&try_it(&example));
                }
            });
        }
    }
}

fn try_it(example: &Example) -> String {
    format!("\nTry an edit:\n  {}\nand see it arrive:\n  {}", example.edit, example.see)
}

fn announce(installation: &Installation) {
    for note in &installation.notes {
        Printer::words(&format!("note: {note}"));
    }
    let Some(simulation) = &installation.simulation else { return };
    for (name, running) in simulation.running() {
        let what = if running.simulated.is_served() { "a server of" } else { "a simulator of" };
        Printer::words(&format!("{name}: {what} {} at {}", running.simulated.system, running.base_url));
    }
}

fn failure(error: &RunError) -> Failure {
    match error {
        RunError::Running { .. } => {
            Failure::new(Exit::Failed, error.to_string(), "one process runs a data folder; `--data DIR` names another")
        }
        RunError::Folder(_) | RunError::Queue(_) => {
            Failure::new(Exit::OutOfReach, error.to_string(), "check that the data folder can be written: `--data DIR`")
        }
    }
}

fn words(done: &Done) -> String {
    let report = &done.report;
    let mut rows =
        vec![["mapping", "side", "read", "created", "updated", "linked", "unchanged", "skipped", "held"].map(str::to_owned).to_vec()];
    for side in &report.sides {
        let counts = &side.counts;
        let sum = |reasons: &std::collections::BTreeMap<String, u64>| reasons.values().sum::<u64>().to_string();
        rows.push(vec![
            format!("{}/{}", side.sync, side.mapping),
            side.side.to_string(),
            counts.read.to_string(),
            counts.created.to_string(),
            counts.updated.to_string(),
            counts.linked.to_string(),
            counts.unchanged.to_string(),
            sum(&counts.skipped),
            sum(&counts.held),
        ]);
    }
    let mut text = Text::from(table(&rows));
    for (connection, usage) in &report.usage {
        text.add(format_args!("\n{connection}: {} calls", usage.calls.values().sum::<u64>()));
    }
    let ended = match &report.ended {
        Ended::Quiet => "nothing is left to do",
        Ended::Stopped => "stopped",
        Ended::ConnectionStopped { .. } => "a connection is stopped",
    };
    text.add(format_args!("\n{ended} after {}", duration(report.seconds)));
    if report.dead_letters > 0 {
        text.add(format_args!("; {} messages were set aside", report.dead_letters));
    }
    for example in &done.examples {
        text.add(format_args!("\n{}", try_it(example)));
    }
    text.into()
}
