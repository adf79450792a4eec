//! `explain`: one record's story.

use syncline_engine::explain::{Explanation, FieldSide, explain};
use syncline_model::Side;

use crate::args::Explain;
use crate::context::{Context, by};
use crate::exit::{Exit, Failure};
use crate::printer::Text;
use crate::record;

pub(crate) async fn run(context: &Context, args: &Explain) -> Result<Exit, Failure> {
    let installation = context.open().await?;
    let engine = &installation.engine;
    let (place, id) = record::find(engine, &args.record.join("/")).await?;
    let story = explain(engine, &place, &id, args.values, by(engine)).await?;
    context.printer.show(&story, || words(&story));
    Ok(if story.hold.is_some() { Exit::Held } else { Exit::Done })
}

fn words(story: &Explanation) -> String {
    let mut text = Text::from(record::name(&story.place, story.id.as_str()));
    text.add(format_args!("\n  known as: {}", story.standing.state));
    if let Some(other) = story.ids.of(story.place.side.other()) {
        text.add(format_args!(", with {other}"));
    }
    if let Some(since) = story.standing.since {
        text.add(format_args!(", since {since}"));
    }
    if let Some(note) = &story.standing.note {
        text.add(format_args!("\n  last ended as: {note}"));
    }
    if story.standing.awaited_by > 0 {
        text.add(format_args!("\n  {} records wait for it", story.standing.awaited_by));
    }
    for side in [Side::Left, Side::Right] {
        let seen = story.seen.of(side);
        text.add(format_args!("\n  {side} now: {}", seen.presence));
        if let Some(version) = seen.version {
            text.add(format_args!(", changed {version}"));
        }
        if let Some(web) = story.web.of(side) {
            text.add(format_args!(", {web}"));
        }
    }
    for field in &story.fields {
        text.add(format_args!(
            "\n  field {}: left {}, right {}",
            field.field,
            side_words(&field.sides.left),
            side_words(&field.sides.right)
        ));
    }
    text.add(format_args!("\n  now: {}", story.now.says));
    if let Some(hold) = &story.hold {
        text.add(format_args!("\n  held since {}: {}\n  to release it: {}", hold.since, hold.says, hold.release));
    }
    for line in &story.history {
        text.add(format_args!("\n  {}", super::history::line(line)));
    }
    text.add(format_args!("\n  next: {}", story.next));
    text.into()
}

fn side_words(side: &FieldSide) -> String {
    if !side.read {
        return "not read".to_owned();
    }
    let state = match (side.changed, side.empty) {
        (Some(true), Some(true)) => "changed, empty",
        (Some(true), _) => "changed",
        (Some(false), Some(true)) => "as agreed, empty",
        (Some(false), _) => "as agreed",
        (None, Some(true)) => "empty, never agreed",
        (None, _) => "never agreed",
    };
    match &side.values {
        Some(values) => {
            let shown: Vec<String> = values.values().map(ToString::to_string).collect();
            format!("{state} {}", shown.join(" "))
        }
        None => state.to_owned(),
    }
}
