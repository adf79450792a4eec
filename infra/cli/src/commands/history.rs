//! `history`: what was written to a pair.

use serde_json::json;
use syncline_engine::explain::{HistoryView, history_view, left_id};
use syncline_engine::history::{self, Act};

use crate::args::History;
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::printer::Text;
use crate::record;

/// The most entries of one pair that are read.
const READ_MAX: u32 = 10_000;

pub(crate) async fn run(context: &Context, args: &History) -> Result<Exit, Failure> {
    let installation = context.open().await?;
    let engine = &installation.engine;
    let (place, id) = record::find(engine, &args.record.join("/")).await?;
    let unknown = || Failure::usage(format!("{} is no longer in the configuration", place.sync), "name another record");
    let sync = engine.sync(&place.sync).ok_or_else(unknown)?;
    let entries = match left_id(engine, &place, &id).await? {
        Some(left) => history::list(engine, sync, &place.mapping, &left, READ_MAX).await?,
        None => Vec::new(),
    };
    let limit = usize::try_from(args.limit).unwrap_or(usize::MAX);
    let lines = history_view(&entries, args.values, limit);
    context.printer.show(&json!({ "record": record::name(&place, id.as_str()), "entries": lines }), || {
        if lines.is_empty() { "nothing was written to it".to_owned() } else { lines.iter().map(line).collect::<Vec<_>>().join("\n") }
    });
    Ok(Exit::Done)
}

/// One entry as a line.
pub(crate) fn line(entry: &HistoryView) -> String {
    let act = match entry.act {
        Act::Created => "created on",
        Act::Updated => "updated on",
        Act::Deleted => "deleted on",
        Act::Restored => "restored on",
        Act::Linked => "linked, seen on",
        Act::Overruled => "overruled on",
        Act::Severed => "severed, gone on",
        Act::Moved => "link moved on",
    };
    let mut text = Text::from(format!("{} {act} the {} side", entry.at, entry.side));
    match &entry.values {
        None if entry.fields.is_empty() => {}
        None => text.add(format_args!(": {}", entry.fields.join(", "))),
        Some(values) => {
            let shown = |value: &Option<serde_json::Value>| value.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string);
            for (field, change) in values {
                text.add(format_args!("\n    {field}: {} -> {}", shown(&change.before), shown(&change.after)));
            }
        }
    }
    text.into()
}
