//! `simulate`: a vendor's simulator on a port, so that other people's clients can be pointed at it.

use std::sync::Arc;

use serde_json::json;
use syncline_aws::SystemClock;
use syncline_engine::ports::clock::Clock as _;
use syncline_registry_sim::{Load, simulator, simulators};
use syncline_simulator::shared;
use tokio::net::TcpListener;

use crate::args::Simulate;
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::nearest::suggestion;
use crate::place::folder;
use crate::printer::Printer;
use crate::tls;

/// So many people work at each company.
const PEOPLE_PER_COMPANY: u32 = 10;

pub(crate) async fn run(context: &Context, args: &Simulate) -> Result<Exit, Failure> {
    let Some(simulated) = simulator(&args.system) else {
        let names = simulators().iter().map(|simulated| simulated.system);
        let hint = suggestion(&args.system, names, "the simulators");
        return Err(Failure::usage(format!("there is no simulator of `{}`", args.system), hint));
    };
    let outside = bind(args.port).await?;
    let port = outside.local_addr().map_err(|error| no_port(args.port, &error))?.port();
    let base_url = if args.tls { format!("https://localhost:{port}") } else { format!("http://127.0.0.1:{port}") };
    let load = Load {
        seed: args.seed,
        people: 0..args.records,
        companies: 0..args.records.div_ceil(PEOPLE_PER_COMPANY),
        at: SystemClock.now(),
        calls: args.calls,
        provisioned: args.provisioned,
    };
    let state = shared(simulated.make(&load, &base_url));
    let clock = Arc::new(SystemClock);
    let certificate = args.certificate.clone().unwrap_or_else(|| folder(&context.global).join(format!("{}-simulator.pem", args.system)));
    let front = if args.tls {
        let acceptor = tls::acceptor(&certificate, &args.names)
            .map_err(|problem| Failure::new(Exit::Failed, problem, "name a file that can be written: `--certificate FILE`"))?;
        let inside = bind(0).await?;
        let plain = inside.local_addr().map_err(|error| no_port(0, &error))?;
        Some((inside, acceptor, plain))
    } else {
        None
    };
    let credentials = simulated.ready_secrets();
    let credentials: Vec<(&str, &str)> = credentials.iter().map(|(name, secret)| (name.as_str(), secret.expose())).collect();
    let shown = json!({
        "system": args.system,
        "base_url": base_url,
        "credentials": credentials.iter().copied().collect::<std::collections::BTreeMap<_, _>>(),
        "certificate": args.tls.then_some(&certificate),
        "people": args.records,
        "companies": load.companies.end,
        "seed": args.seed,
    });
    context.printer.show(&shown, || {
        let mut lines = vec![format!("base_url     {base_url}")];
        lines.extend(credentials.iter().map(|(name, value)| format!("{name:<12} {value}")));
        if args.tls {
            lines.push(format!("certificate  {}", certificate.display()));
        }
        lines.join("\n")
    });
    Printer::words(&format!(
        "{} people, {} companies; the credentials open nothing but this simulator. Ctrl-C ends it.",
        args.records, load.companies.end
    ));
    let ended = match front {
        None => serve(syncline_simulator::serve(outside, state, clock)).await,
        Some((inside, acceptor, plain)) => {
            let both = async {
                tokio::select! {
                    ended = syncline_simulator::serve(inside, state, clock) => ended,
                    ended = tls::serve(outside, acceptor, plain) => ended,
                }
            };
            serve(both).await
        }
    };
    ended.map_err(|error| Failure::new(Exit::Failed, format!("the simulator stopped: {error}"), "start it again"))?;
    Ok(Exit::Done)
}

/// Until it fails, or somebody interrupts.
async fn serve(serving: impl Future<Output = std::io::Result<()>>) -> std::io::Result<()> {
    tokio::select! {
        ended = serving => ended,
        interrupted = tokio::signal::ctrl_c() => interrupted,
    }
}

async fn bind(port: u16) -> Result<TcpListener, Failure> {
    TcpListener::bind(("127.0.0.1", port)).await.map_err(|error| no_port(port, &error))
}

fn no_port(port: u16, error: &std::io::Error) -> Failure {
    Failure::new(Exit::Failed, format!("port {port} cannot be opened: {error}"), "choose another with `--port`, or 0 for any free one")
}
