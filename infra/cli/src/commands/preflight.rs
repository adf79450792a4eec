//! `preflight`: both ends of each sync asked, and the config held against what they say.

use serde::Serialize;
use syncline_config::{FieldIssue, Severity};
use syncline_engine::preflight::{EndCheck, Preflight, preflight};
use syncline_model::Side;

use super::validate::{field_words, issues_of};
use crate::args::OfSync;
use crate::context::{Context, by, syncs};
use crate::exit::{Exit, Failure};
use crate::printer::{Printer, Text};

#[derive(Serialize)]
struct Checked {
    #[serde(flatten)]
    found: Preflight,
    /// What of the config does not fit the vendors' fields.
    fields: Vec<FieldIssue>,
}

pub(crate) async fn run(context: &Context, args: &OfSync) -> Result<Exit, Failure> {
    let installation = context.open().await?;
    let engine = &installation.engine;
    let mut checked = Vec::new();
    for sync in syncs(engine, args.sync.as_deref())? {
        let found = preflight(engine, sync, by(engine)).await?;
        let fields = issues_of(&installation.config, sync.name.as_str(), &found);
        checked.push(Checked { found, fields });
    }
    context.printer.show(&checked, || checked.iter().map(words).collect::<Vec<_>>().join("\n\n"));
    let exit = checked.iter().map(exit_of).max_by_key(|exit| severity(*exit)).unwrap_or(Exit::Done);
    if exit != Exit::Done {
        Printer::words("error: a sync is not ready\nhint: each problem above says what to do");
    }
    Ok(exit)
}

/// Which of several endings is told: sign-in first, then reach, then what is wrong with fields.
fn severity(exit: Exit) -> u8 {
    match exit {
        Exit::SignIn => 4,
        Exit::OutOfReach => 3,
        Exit::Held => 2,
        Exit::Failed | Exit::Usage | Exit::Config | Exit::Interrupted => 1,
        Exit::Done => 0,
    }
}

fn exit_of(checked: &Checked) -> Exit {
    let of_end = |end: &EndCheck| {
        let trouble = end.trouble.iter().chain(end.objects.iter().filter_map(|object| object.trouble.as_ref())).next();
        match trouble.map(|trouble| trouble.code) {
            Some("auth_refused" | "auth_expired") => Exit::SignIn,
            Some("transient" | "rate_limited" | "uncertain" | "conflict") => Exit::OutOfReach,
            Some(_) => Exit::Failed,
            None if end.stopped.is_some() => Exit::SignIn,
            None => Exit::Done,
        }
    };
    let ends = [of_end(&checked.found.ends.left), of_end(&checked.found.ends.right)];
    let worst = ends.into_iter().max_by_key(|exit| severity(*exit)).unwrap_or(Exit::Done);
    if worst != Exit::Done {
        return worst;
    }
    let errors = checked.fields.iter().any(|issue| issue.severity == Severity::Error);
    if errors || !checked.found.is_clean() { Exit::Held } else { Exit::Done }
}

fn words(checked: &Checked) -> String {
    let mut text = Text::from(format!("sync {}", checked.found.sync));
    for side in [Side::Left, Side::Right] {
        let end = checked.found.ends.of(side);
        text.add(format_args!("\n  {side}: {} ({})", end.connection, end.system));
        if let Some(account) = &end.account {
            text.add(format_args!("\n    account {} {}, as {}", account.id, account.name, account.user));
            for note in &account.notes {
                text.add(format_args!("\n    note: {note}"));
            }
            for problem in &account.problems {
                text.add(format_args!("\n    problem: {problem}"));
            }
        }
        if let Some(stopped) = &end.stopped {
            text.add(format_args!("\n    problem: stopped since {}: {}", stopped.since, stopped.hint));
        }
        for trouble in end.trouble.iter().chain(end.objects.iter().filter_map(|object| object.trouble.as_ref())) {
            text.add(format_args!("\n    problem: {}", trouble.says));
        }
        for object in end.objects.iter().filter(|object| object.trouble.is_none()) {
            text.add(format_args!("\n    {}: {} fields", object.kind, object.fields));
            if let Some(note) = &object.note {
                text.add(format_args!("\n    note: {}: {note}", object.kind));
            }
        }
    }
    if let Some(owners) = &checked.found.owners {
        text.add(format_args!("\n  owners: {} users are known on both sides", owners.known));
        for side in [Side::Left, Side::Right] {
            for user in owners.unknown.of(side) {
                let email = user.email.as_deref().unwrap_or("no email");
                text.add(format_args!("\n    note: user {} of the {side} ({email}) is not known on the other side", user.id));
            }
        }
        for problem in &owners.problems {
            text.add(format_args!("\n    problem: {problem}"));
        }
    }
    for issue in &checked.fields {
        text.add(format_args!("\n  {}", field_words(issue).replace('\n', "\n  ")));
    }
    text.into()
}
