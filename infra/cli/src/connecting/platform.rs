//! Joining an account to its companion: of a Sell account to the Zendesk platform, the one that there is. What the vendor's own flow asks is asked
//! here first, one question after another, and nothing is stored before both accounts have been shown.
//!
//! The last step no API takes: the vendor's page does. So the flow prepares it, tells it, and sees at its next run that it was done.

use serde_json::json;
use syncline_engine::ports::connector::{Account, Companion, Connector, Rights};
use syncline_engine::ports::sign_in::Existence;
use syncline_engine::state;
use syncline_model::Deadline;

use super::review::{Review, review, roster_table, sought};
use super::setting::{differs_only_in, with_setting};
use super::{Checked, Flow, Outcome, give_back, given, named};
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::installation::Installation;
use crate::printer::Printer;
use crate::terminal::{Reply, Terminal};

/// Characters of a host label.
const LABEL_CHARACTERS_MAX: usize = 63;
/// Of a name that is chosen anew.
const LABEL_CHARACTERS_MIN: usize = 3;

/// One end: whose account, and what would be stored for it.
struct End {
    account: Account,
    checked: Option<Box<Checked>>,
}

impl End {
    fn of(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Already(account) => Self { account, checked: None },
            Outcome::Checked(checked) => Self { account: checked.tried.account.clone(), checked: Some(checked) },
        }
    }
}

/// The answer to which account on the platform it is.
struct Chosen {
    label: String,
    host: String,
    is_new: bool,
}

pub(crate) async fn join(
    context: &Context,
    installation: &Installation,
    mut source: Flow<'_>,
    platform: &str,
    terminal: &mut Option<Terminal>,
) -> Result<Exit, Failure> {
    let args = source.args;
    let (name, _, vendor) = named(&installation.config, platform)?;
    let platform_secrets = given(&args.platform_secrets, None, vendor)?;
    let from = End::of(source.run(terminal).await?);
    let title = source.candidate.vendor.descriptor().title;
    if from.account.rights == Rights::Lesser {
        let says = format!("you need administrator rights in {title} to connect this account; {} has none", from.account.user);
        return Err(Failure::new(Exit::SignIn, says, "nothing was changed; let an administrator do it, or sign in as one with `--again`"));
    }
    let Some(companion) = from.account.companion.clone().filter(|companion| companion.system == vendor.descriptor().system) else {
        let says = format!("an account of {title} is not joined to one of {}", vendor.descriptor().title);
        return Err(Failure::usage(says, "name a Zendesk Sell connection, and with `--platform` one of Zendesk Support"));
    };
    if let Some(joined) = &companion.account {
        drop_unused(&source, &from).await;
        let shown = json!({ "connection": source.candidate.name, "account": from.account, "platform": joined, "already_connected": true, "stored": false });
        context.printer.show(&shown, || format!("{} is already connected to {joined}; nothing to do", from.account.name));
        return Ok(Exit::Done);
    }
    loop {
        let mut target =
            Flow::new(context, installation, name.as_str(), platform_secrets.clone(), args, args.platform_way.as_deref()).await?;
        let Some(chosen) = choose(&mut target, &companion, terminal).await? else { continue };
        let to = if chosen.is_new { None } else { Some(End::of(target.run(terminal).await?)) };
        if let Some(to) = &to {
            match is_owner(to, &companion, &chosen, args.owner, terminal).await? {
                Some(true) => {}
                Some(false) => {
                    drop_unused(&target, to).await;
                    let says = format!("only the owner of {} can approve this connection, and {} is not", chosen.host, to.account.user);
                    return Err(Failure::new(
                        Exit::SignIn,
                        says,
                        format!("nothing was changed. {} {}", companion.help.owner, companion.help.not_owner),
                    ));
                }
                None => {
                    drop_unused(&target, to).await;
                    continue;
                }
            }
        }
        match confirmed(&from, to.as_ref(), &companion, &chosen, args, terminal).await? {
            Some(true) => return connect(context, installation, (source, from), (target, to), &companion, &chosen).await,
            answer => {
                if let Some(to) = &to {
                    drop_unused(&target, to).await;
                }
                if answer.is_some() {
                    drop_unused(&source, &from).await;
                    return Err(Failure::new(Exit::Failed, "nothing was stored", "run it again when you have decided"));
                }
            }
        }
    }
}

/// Which account it is. `None`: from the beginning.
async fn choose(target: &mut Flow<'_>, companion: &Companion, terminal: &mut Option<Terminal>) -> Result<Option<Chosen>, Failure> {
    let title = target.candidate.vendor.descriptor().title;
    let key = target.candidate.vendor.setting_keys().iter().find(|key| key.required).map_or("subdomain", |key| key.name);
    let usual = target.candidate.settings.get(key).map(str::to_owned).unwrap_or_default();
    let flags = (target.args.existing.clone(), target.args.new.clone());
    let (is_new, mut flag) = match (flags, terminal.as_mut()) {
        ((Some(label), _), _) => (false, Some(label)),
        ((None, Some(label)), _) => (true, Some(label)),
        ((None, None), Some(terminal)) => match terminal.confirm("Is there another Zendesk account already?").await? {
            Some(is_there) => (!is_there, None),
            None => return Ok(None),
        },
        ((None, None), None) => {
            let says = format!("which account of {title} is it? There is no terminal to ask");
            return Err(Failure::usage(says, "give `--existing SUBDOMAIN`, or `--new SUBDOMAIN` where there is none yet"));
        }
    };
    loop {
        let typed = match (flag.take(), terminal.as_mut()) {
            (Some(label), _) => label,
            (None, Some(terminal)) => {
                let proposal = if is_new { String::new() } else { format!(" [{usual}]") };
                match terminal.ask(&format!("{key} of the account, as in <{key}>.zendesk.com{proposal}: ")).await? {
                    Reply::Back => return Ok(None),
                    Reply::Line(line) if line.is_empty() && !is_new => usual.clone(),
                    Reply::Line(line) => line,
                }
            }
            (None, None) => return Ok(None),
        };
        let wrong = match label(&typed, is_new) {
            Err(problem) => problem,
            Ok(label) => {
                target.candidate.settings.0.insert(key.to_owned(), label.clone());
                let found = target.candidate.existence().await?;
                let host = found.as_ref().map_or_else(|| label.clone(), |(host, _)| host.clone());
                match (found.map(|(_, found)| found), is_new) {
                    (Some(Existence::Missing), false) => {
                        format!("no Zendesk account was found at {host}: check the name and enter it again")
                    }
                    (Some(Existence::Exists), true) => {
                        format!("{host} is already used: choose another name, or connect to it as an existing account")
                    }
                    (Some(Existence::Missing), true) | (Some(Existence::Exists), false) | (None, _) => {
                        Printer::words(&format!("{host}: {}", if is_new { "free" } else { "found" }));
                        return Ok(Some(Chosen { label, host, is_new }));
                    }
                }
            }
        };
        if terminal.is_none() {
            let flag = if is_new { "--new" } else { "--existing" };
            let hint = format!("nothing was changed; correct `{flag}`. {}", companion.help.join);
            return Err(Failure::usage(wrong, hint));
        }
        Printer::words(&wrong);
    }
}

/// A subdomain as a host label. Of an account that exists, its address may be pasted; new ones are letters and digits only (fact sheet of Zendesk
/// Support, §8).
fn label(typed: &str, is_new: bool) -> Result<String, String> {
    let format = || "use lower-case letters and digits only, without spaces, as in acme.zendesk.com".to_owned();
    if is_new {
        let typed = typed.trim();
        let good = (LABEL_CHARACTERS_MIN..=LABEL_CHARACTERS_MAX).contains(&typed.len())
            && typed.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
        return if good { Ok(typed.to_owned()) } else { Err(format()) };
    }
    let lower = typed.trim().to_ascii_lowercase();
    let host = lower.strip_prefix("https://").unwrap_or(&lower).split('/').next().unwrap_or_default();
    let label = host.strip_suffix(".zendesk.com").unwrap_or(host);
    let good = !label.is_empty()
        && label.len() <= LABEL_CHARACTERS_MAX
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if good { Ok(label.to_owned()) } else { Err(format!("{}; a host name of your own is no subdomain", format())) }
}

/// `None`: back.
async fn is_owner(
    to: &End,
    companion: &Companion,
    chosen: &Chosen,
    is_told: bool,
    terminal: &mut Option<Terminal>,
) -> Result<Option<bool>, Failure> {
    if is_told {
        return Ok(Some(true));
    }
    let question = format!("Is {} the owner of {}?", to.account.user, chosen.host);
    let Some(terminal) = terminal else {
        return Err(Failure::usage(
            format!("{question} — there is no terminal to ask"),
            format!("{} Then give `--owner`", companion.help.owner),
        ));
    };
    Printer::words(companion.help.owner);
    terminal.confirm(&question).await
}

/// Both accounts, what is accepted, and the question. `None`: back to another subdomain.
async fn confirmed(
    from: &End,
    to: Option<&End>,
    companion: &Companion,
    chosen: &Chosen,
    args: &crate::args::Connect,
    terminal: &mut Option<Terminal>,
) -> Result<Option<bool>, Failure> {
    let there = to.map_or_else(|| "a new account".to_owned(), |to| format!("as {}", to.account.user));
    let points: Vec<String> = companion.help.disclaimers.iter().map(|point| format!("  - {point}")).collect();
    Printer::words(&format!(
        "\nfrom  {} (account {}), as {}\nto    {}, {there}\n{}",
        from.account.name,
        from.account.id,
        from.account.user,
        chosen.host,
        points.join("\n")
    ));
    if !args.accept_disclaimers {
        let question = "Do you accept this?";
        let Some(terminal) = terminal.as_mut() else {
            return Err(Failure::usage(format!("{question} — there is no terminal to ask"), "read it, then give `--accept-disclaimers`"));
        };
        match terminal.confirm(question).await? {
            Some(true) => {}
            Some(false) => {
                return Err(Failure::new(
                    Exit::Failed,
                    "what is not accepted is not connected; nothing was stored",
                    "run it again to accept it",
                ));
            }
            None => return Ok(None),
        }
    }
    match terminal {
        _ if args.yes => Ok(Some(true)),
        Some(terminal) => terminal.confirm(&format!("Connect {} with {}?", from.account.name, chosen.host)).await,
        None => Err(Failure::usage("connect the two? There is no terminal to ask", "give `--yes`")),
    }
}

async fn connect(
    context: &Context,
    installation: &Installation,
    (source, from): (Flow<'_>, End),
    (target, to): (Flow<'_>, Option<End>),
    companion: &Companion,
    chosen: &Chosen,
) -> Result<Exit, Failure> {
    let mut stored = Vec::new();
    for (flow, end) in [(&source, Some(&from)), (&target, to.as_ref())] {
        let Some(checked) = end.and_then(|end| end.checked.as_ref()) else { continue };
        let saved = installation.secrets.save(&flow.candidate.secret, &checked.tried.bundle).await;
        saved.map_err(|error| installation.place.secrets_failure(&error))?;
        state::start(&installation.engine, &flow.candidate.name).await?;
        stored.push(flow.candidate.name.clone());
    }
    let (mut reviews, mut write) = (Vec::new(), None);
    if to.is_some() {
        write = write_setting(context, &target, &chosen.label)?;
        let (here, there) = (source.candidate.stored_connector()?, target.candidate.stored_connector()?);
        reviews = compare(here.as_ref(), there.as_ref(), source.candidate.by()).await?;
    }
    let shown = json!({
        "connection": source.candidate.name, "account": from.account, "platform": chosen.host, "is_new": chosen.is_new, "already_connected": false,
        "stored": stored, "write": write, "next": companion.help.join, "users": reviews,
    });
    context.printer.show(&shown, || {
        let mut lines = vec![format!("{} is ready to be connected with {}", from.account.name, chosen.host)];
        lines.extend(write.iter().map(|write| format!("in the configuration: {write}")));
        if !reviews.is_empty() {
            lines.push(roster_table(&reviews, companion.help.way_back));
        }
        lines.push(format!("next: {} Then run this again: it says whether it is done.", companion.help.join));
        lines.join("\n")
    });
    source.answers.forget();
    target.answers.forget();
    Ok(Exit::Done)
}

/// Writes the chosen account into the configuration where another stands there; where it cannot be done safely, says what to write.
fn write_setting(context: &Context, target: &Flow<'_>, label: &str) -> Result<Option<String>, Failure> {
    let before = context.config()?;
    let key = target.candidate.vendor.setting_keys().iter().find(|key| key.required).map_or("subdomain", |key| key.name);
    let name = &target.candidate.name;
    let stands =
        before.connections.get(name).and_then(|own| own.settings.get(key)).map(|text| text.trim_end_matches(".zendesk.com").to_lowercase());
    if stands.as_deref() == Some(label) {
        return Ok(None);
    }
    let by_hand = format!("write `{key}: {label}` under connections.{name}");
    let file = &context.global.config;
    let Some(changed) = std::fs::read_to_string(file).ok().and_then(|text| with_setting(&text, name, key, label)) else {
        return Ok(Some(by_hand));
    };
    let after = syncline_config::read(&changed, &file.display().to_string(), &syncline_registry::system_facts());
    if !after.is_ok_and(|after| differs_only_in(&before, &after, name, key, label)) || std::fs::write(file, changed).is_err() {
        return Ok(Some(by_hand));
    }
    Ok(Some(format!("`{key}: {label}` was written under connections.{name}")))
}

/// The one account's users beside the other's.
pub(crate) async fn compare(here: &dyn Connector, there: &dyn Connector, by: Deadline) -> Result<Vec<Review>, Failure> {
    let users = here.roster(&[], by).await?;
    let others = there.roster(&sought(&users), by).await?;
    Ok(review(&users, &others))
}

async fn drop_unused(flow: &Flow<'_>, end: &End) {
    if let Some(checked) = &end.checked {
        give_back(&checked.tried, &checked.way, &flow.candidate).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_names_are_letters_and_digits_and_existing_ones_may_be_pasted() {
        for good in ["acme", "acme2026", "abc"] {
            assert_eq!(label(good, true).as_deref(), Ok(good));
        }
        for bad in ["Acme", "ac me", "acme-1", "ac", "acme_1", "acme.zendesk.com", "", &"a".repeat(64)] {
            assert!(label(bad, true).unwrap_err().contains("lower-case letters and digits"), "{bad}");
        }
        for (typed, found) in [(" Acme ", "acme"), ("https://z3n-Acme.zendesk.com/agent/", "z3n-acme"), ("acme.zendesk.com", "acme")] {
            assert_eq!(label(typed, false).as_deref(), Ok(found));
        }
        for bad in ["support.acme.example", "-acme", "ac me", "acme.zendesk.com.evil.example", ""] {
            assert!(label(bad, false).is_err(), "{bad}");
        }
    }
}
