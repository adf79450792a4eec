//! A first run against both simulators at full size, with its report: `cargo run -p syncline-local --example demo [folder]`.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example shows what it does")]

use std::sync::Arc;

use syncline_local::{Installation, Options, Progress, Setup, SimulateOptions, Snapshot, Stop, examples, run};

struct Lines;

impl Progress for Lines {
    fn update(&self, snapshot: &Snapshot) {
        let expected = snapshot.expected.map_or_else(|| "?".to_owned(), |expected| expected.to_string());
        eprintln!("{:>4} s  {}  {} of {expected}", snapshot.seconds, snapshot.phase, snapshot.done);
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let text = syncline_config::recipe("freshdesk-salesforce").ok_or("the recipe is gone")?;
    let config = syncline_config::read(text, "syncline.yaml", &syncline_registry::system_facts())?;
    let folder = std::env::args().nth(1).unwrap_or_else(|| ".syncline".to_owned());
    let setup = Setup { folder: folder.into(), simulate: Some(SimulateOptions::default()), ask_vendors: true, ..Setup::new(config) };
    let installation = Arc::new(Installation::open(setup).await?);
    let stop = Stop::default();
    stop.on_interrupt();
    let report = run(installation.clone(), Options { until_quiet: true, progress: Arc::new(Lines), stop, ..Options::default() }).await?;
    println!("{}", serde_json::to_string_pretty(&report)?);
    for example in examples(&installation).await? {
        println!("try:  {}\nsee:  {}\n      {}\n", example.edit, example.see, example.history);
    }
    Ok(())
}
