//! `roster`: each user of an account beside their role in the account that it is joined to.

use serde_json::json;

use crate::args::Roster;
use crate::connecting::{Candidate, compare, named, roster_table};
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::printer::Printer;

pub(crate) async fn run(context: &Context, args: &Roster) -> Result<Exit, Failure> {
    let config = context.config()?;
    named(&config, &args.connection)?;
    named(&config, &args.platform)?;
    let installation = context.open().await?;
    let candidate = |wanted: &str| Candidate::stored(&installation, wanted);
    let (here, there) = (candidate(&args.connection)?, candidate(&args.platform)?);
    let account = here.stored_connector()?.account(here.by()).await?;
    let Some(companion) = account.companion else {
        let says = format!("{} accounts are joined to no other system's", here.vendor.descriptor().title);
        return Err(Failure::usage(says, "name a connection of Zendesk Sell, and then the one of the platform"));
    };
    let reviews = compare(here.stored_connector()?.as_ref(), there.stored_connector()?.as_ref(), here.by()).await?;
    context
        .printer
        .show(&json!({ "users": reviews, "way_back": companion.help.way_back }), || roster_table(&reviews, companion.help.way_back));
    let lost = reviews.iter().filter(|review| review.finding.is_trouble()).count();
    if lost == 0 {
        return Ok(Exit::Done);
    }
    Printer::words(&format!("error: {lost} of {} users lost access\nhint: {}", reviews.len(), companion.help.way_back));
    Ok(Exit::Held)
}
