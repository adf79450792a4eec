//! One module a command.

mod backfill;
mod connect;
mod cost;
mod decode;
mod disconnect;
mod explain;
mod export;
mod history;
mod holds;
mod import;
mod init;
mod local;
mod mapping;
mod owners;
mod plan;
mod preflight;
mod progress;
mod provision;
mod roster;
mod simulate;
mod status;
mod validate;

use crate::args::Command;
use crate::context::Context;
use crate::exit::{Exit, Failure};

pub(crate) async fn run(context: &Context, command: Command) -> Result<Exit, Failure> {
    match command {
        Command::Init(args) => init::run(context, &args),
        Command::Validate(args) => validate::run(context, &args).await,
        Command::Connect(args) => connect::run(context, &args).await,
        Command::Disconnect(args) => disconnect::run(context, &args).await,
        Command::Roster(args) => roster::run(context, &args).await,
        Command::Preflight(args) => preflight::run(context, &args).await,
        Command::Provision(args) => provision::run(context, &args).await,
        Command::Plan(args) => plan::run(context, &args).await,
        Command::Local(args) => local::run(context, &args).await,
        Command::Backfill(args) => backfill::run(context, &args).await,
        Command::Status(args) => status::run(context, &args).await,
        Command::Explain(args) => explain::run(context, &args).await,
        Command::History(args) => history::run(context, &args).await,
        Command::Holds(args) => holds::run(context, args.act).await,
        Command::Mapping(args) => mapping::run(context, args.act).await,
        Command::Owners(args) => owners::run(context, &args).await,
        Command::Simulate(args) => simulate::run(context, &args).await,
        Command::Export(args) => export::run(context, &args).await,
        Command::Import(args) => import::run(context, &args).await,
        Command::Cost(args) => cost::run(context, &args),
        Command::Decode(args) => decode::run(&args),
    }
}
