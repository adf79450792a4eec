//! `export`: an installation as one file.

use serde_json::json;
use syncline_model::Timestamp;

use crate::args::Export;
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::installation::AtRest;
use crate::moving::file::{Draft, Header, key_check};
use crate::moving::kind::{Counts, Fate, Strange, fate, leased_until, without_lease};
use crate::moving::standing::{at_work, scan};
use crate::printer::{Printer, Text, table};

/// What is not in the file.
#[derive(Default, serde::Serialize)]
struct Behind {
    budgets: u64,
    pages: u64,
    /// What vendors were asked about themselves.
    facts: u64,
    /// Changes on their way, in messages of the local queue.
    messages: u64,
    /// Messages that were set aside.
    dead_letters: u64,
    leases: u64,
}

pub(crate) async fn run(context: &Context, args: &Export) -> Result<Exit, Failure> {
    if args.file.exists() && !args.force {
        let says = format!("{} is there already", args.file.display());
        return Err(Failure::new(Exit::Failed, says, "name another file, or give `--force`"));
    }
    let place = AtRest::open(context, true).await?;
    let mut behind = Behind::default();
    count_messages(&place, &mut behind).await?;
    if behind.messages + behind.dead_letters > 0 && !args.anyway {
        return Err(on_their_way(&place, &behind));
    }
    let mut draft = Draft::begin(&args.file)?;
    let mut counts = Counts::new();
    let mut leases = std::collections::BTreeMap::new();
    let now = place.engine.now();
    scan(&place, |item| {
        let strange = |Strange(problem)| unknown(&place, &item.key.partition, &problem);
        let kind = match fate(&item).map_err(strange)? {
            Fate::StaysBudget => {
                behind.budgets += 1;
                return Ok(());
            }
            Fate::StaysPage => {
                behind.pages += 1;
                return Ok(());
            }
            Fate::StaysFacts => {
                behind.facts += 1;
                return Ok(());
            }
            Fate::Moves(kind) => kind,
        };
        if let Some(until) = leased_until(kind, &item).map_err(strange)?.filter(|until| *until > now) {
            leases.insert(item.key.clone(), until);
        }
        *counts.entry(kind).or_default() += 1;
        draft.add(&without_lease(kind, item.clone()).map_err(strange)?)
    })
    .await?;
    behind.leases = u64::try_from(leases.len()).unwrap_or(u64::MAX);
    if let Some(failure) = at_work(&place.name, &leases).filter(|_| !args.anyway) {
        return Err(Failure { hint: format!("{}; `--anyway` exports all the same", failure.hint), ..failure });
    }
    let syncs = place.config.syncs.iter().map(|sync| sync.name.to_string()).collect();
    let header = Header::new(now, syncs, key_check(&place.engine.marker), counts);
    draft.finish(&header, &place.engine.marker)?;
    show(context, args, &place, &header, &behind);
    Ok(Exit::Done)
}

async fn count_messages(place: &AtRest, behind: &mut Behind) -> Result<(), Failure> {
    let Some(folder) = &place.folder else { return Ok(()) };
    for connection in place.config.connections.keys() {
        let counts = folder.queue.counts(connection, place.engine.now()).await;
        let counts =
            counts.map_err(|error| Failure::new(Exit::OutOfReach, error.to_string(), "check that the data folder can be written"))?;
        behind.messages += counts.waiting + counts.delayed + counts.in_flight;
        behind.dead_letters += counts.dead;
    }
    Ok(())
}

fn on_their_way(place: &AtRest, behind: &Behind) -> Failure {
    let Behind { messages, dead_letters, .. } = behind;
    let says = format!(
        "{}: {messages} messages with changes wait in its queue, and {dead_letters} were set aside; they would stay behind",
        place.name
    );
    let hint = "let it work them off with `syncline local --until-quiet`, then export; `--anyway` leaves them behind, and the next sweep at \
                the new place has to find what was in them";
    Failure::new(Exit::Held, says, hint)
}

fn unknown(place: &AtRest, partition: &str, problem: &str) -> Failure {
    // The part of a key behind the sync's name may hold a record's id: it stays out of the words.
    let head: Vec<&str> = partition.split('#').take(2).collect();
    let says = format!("{}: {}: {problem}", place.name, head.join("#"));
    Failure::new(Exit::Failed, says, "export with the version of Syncline that runs this installation, or a newer one")
}

fn show(context: &Context, args: &Export, place: &AtRest, header: &Header, behind: &Behind) {
    let value = json!({
        "file": args.file, "from": place.name, "at": header.at, "syncs": header.syncs, "items": header.items, "counts": header.counts,
        "key_check": header.key_check, "left_behind": behind,
    });
    context.printer.show(&value, || words(args, place, header, behind));
    if behind.messages + behind.dead_letters + behind.leases > 0 {
        Printer::words("note: it was not at rest; run a sweep at the new place, and begin a backfill that was under way anew");
    }
    if place.folder.is_none() {
        Printer::words("note: the queues on AWS were not looked at: they must be empty, and the schedules off");
    }
    Printer::words(
        "hint: do not run this place any more, then `syncline import` the file at the new one; its key goes there by your own hand",
    );
}

fn words(args: &Export, place: &AtRest, header: &Header, behind: &Behind) -> String {
    let rows: Vec<Vec<String>> = header.counts.iter().map(|(kind, count)| vec![count.to_string(), kind.words().to_owned()]).collect();
    let mut text = Text::from(table(&rows));
    let at: Timestamp = header.at;
    text.add(format_args!("\n{} items of {} as of {at}, in {}", header.items, place.name, args.file.display()));
    text.add(format_args!("\nleft behind: {} budgets, {} staged pages, {} facts of vendors", behind.budgets, behind.pages, behind.facts));
    text.into()
}
