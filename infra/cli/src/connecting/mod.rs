//! A guided connection: one question after another with its check at once, back, resume, and a confirmation before anything is stored. Every
//! question is also a flag.

mod answers;
mod browser;
mod given;
mod platform;
mod redirect;
mod review;
mod setting;
mod trial;

use std::collections::BTreeMap;

use syncline_config::{Connection, Severity};
use syncline_engine::ports::connector::{Account, Rights};
use syncline_engine::ports::secrets::Bundle;
use syncline_engine::ports::sign_in::{CodeGrant, Existence, Revoked, Way};
use syncline_engine::ports::vendor::{Settings, Vendor};
use syncline_model::{ConnectionName, Secret};

pub(crate) use answers::Answers;
pub(crate) use browser::{SignIn, Ways, sign_in};
pub(crate) use given::given;
pub(crate) use platform::{compare, join};
pub(crate) use review::roster_table;
pub(crate) use trial::{Candidate, Tried, is_refusal, without_sign_in};

use crate::args::Connect;
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::input;
use crate::installation::Installation;
use crate::nearest::suggestion;
use crate::printer::Printer;
use crate::terminal::{Reply, Terminal};

/// The connection that a command names, with its vendor.
pub(crate) fn named<'a>(
    config: &'a syncline_config::Config,
    wanted: &str,
) -> Result<(ConnectionName, &'a Connection, &'static dyn Vendor), Failure> {
    let names = config.connections.keys().map(ConnectionName::as_str);
    let name = ConnectionName::new(wanted);
    let Some(connection) = config.connections.get(&name) else {
        let hint = suggestion(wanted, names, "its connections");
        return Err(Failure::usage(format!("there is no connection `{name}` in the configuration"), hint));
    };
    let vendor = syncline_registry::vendor(connection.system.as_str()).ok_or_else(|| {
        Failure::new(Exit::Config, format!("`{}` is not a system of this build", connection.system), "run `syncline validate`")
    })?;
    Ok((name, connection, vendor))
}

/// All secret keys that sign in, by any way under these settings.
pub(crate) fn sign_in_keys(vendor: &dyn Vendor, settings: &Settings) -> Vec<&'static str> {
    let mut keys = vec!["client_id", "client_secret"];
    for way in vendor.sign_in(settings) {
        match way {
            Way::Keys(own) => keys.extend(own.names),
            Way::Code(grant) => keys.extend(grant.yields),
        }
    }
    keys
}

/// Whether a bundle has what one of the ways needs.
pub(crate) fn can_sign_in(vendor: &dyn Vendor, settings: &Settings, bundle: &Bundle) -> bool {
    let has = |name: &&str| bundle.get(name).is_some_and(|secret| !secret.expose().trim().is_empty());
    vendor.sign_in(settings).iter().any(|way| match way {
        Way::Keys(keys) => keys.names.iter().all(has),
        Way::Code(grant) => grant.yields.iter().all(has),
    })
}

/// How a guided connection ended.
pub(crate) enum Outcome {
    /// The credentials that are stored work: nothing was asked, nothing is changed.
    Already(Account),
    /// Checked, and not stored yet.
    Checked(Box<Checked>),
}

pub(crate) struct Checked {
    pub(crate) tried: Tried,
    pub(crate) way: Way,
}

/// What one connection is asked with.
pub(crate) struct Flow<'a> {
    pub(crate) candidate: Candidate<'a>,
    pub(crate) args: &'a Connect,
    pub(crate) answers: Answers,
    /// As it is stored now.
    stored: Bundle,
    /// The way that a flag names.
    way: Option<&'a str>,
    /// From flags, and then from questions.
    given: BTreeMap<String, Secret>,
    /// Questions have been asked: what is stored is no answer any more.
    is_begun: bool,
}

enum Step {
    Account,
    Way,
    Credentials,
    SignIn,
}

enum Asked {
    Done,
    Back,
}

impl<'a> Flow<'a> {
    pub(crate) async fn new(
        context: &Context,
        installation: &'a Installation,
        name: &str,
        given: BTreeMap<String, Secret>,
        args: &'a Connect,
        way: Option<&'a str>,
    ) -> Result<Flow<'a>, Failure> {
        let (name, connection, vendor) = named(&installation.config, name)?;
        let loaded = installation.secrets.load(&connection.secret).await;
        let stored = loaded.map_err(|error| installation.place.secrets_failure(&error))?.unwrap_or_default();
        let answers = Answers::open(&crate::place::folder(&context.global), name.as_str(), installation.engine.now());
        let settings = Settings(connection.settings.clone());
        let candidate = Candidate { installation, name, vendor, settings, secret: connection.secret.clone() };
        Ok(Self { candidate, args, answers, stored, way, given, is_begun: false })
    }

    /// Whose account the stored credentials open; `None` where there are none, or the vendor no longer takes them.
    pub(crate) async fn already(&self) -> Result<Option<Account>, Failure> {
        let Candidate { vendor, settings, .. } = &self.candidate;
        if self.is_begun || self.args.again || !self.given.is_empty() || !can_sign_in(*vendor, settings, &self.stored) {
            return Ok(None);
        }
        let connector = self.candidate.stored_connector()?;
        match connector.account(self.candidate.by()).await.map_err(Failure::from) {
            Ok(account) => Ok(Some(account)),
            Err(failure) if is_refusal(&failure) => {
                Printer::words(&format!("the stored credentials no longer work: {}", failure.says));
                Ok(None)
            }
            Err(failure) => Err(failure),
        }
    }

    /// Back from the confirmation: what was typed is asked for again.
    pub(crate) fn start_over(&mut self) {
        self.given.clear();
        self.is_begun = true;
    }

    /// Asks until there is an account to show. Nothing is stored.
    pub(crate) async fn run(&mut self, terminal: &mut Option<Terminal>) -> Result<Outcome, Failure> {
        if let Some(account) = self.already().await? {
            return Ok(Outcome::Already(account));
        }
        if terminal.is_some() {
            let (name, title) = (&self.candidate.name, self.candidate.vendor.descriptor().title);
            Printer::words(&format!(
                "Connecting {name} ({title}). `back` goes to the question before; Ctrl-C ends, and keeps what is no secret."
            ));
            if self.answers.are_resumed {
                Printer::words("You began before: your answers are proposed, Enter takes them.");
            }
        }
        let mut step = if terminal.is_some() { Step::Account } else { Step::Way };
        let mut way = None;
        loop {
            step = match (step, &way) {
                (Step::Account, _) => {
                    self.check_existence().await?;
                    Step::Way
                }
                (Step::Way, _) | (Step::Credentials | Step::SignIn, None) => {
                    way = self.choose_way(terminal).await?;
                    if way.is_none() {
                        Printer::words("this is the first question");
                    }
                    if way.is_some() { Step::Credentials } else { Step::Way }
                }
                (Step::Credentials, Some(way)) => match self.ask_credentials(way, terminal).await? {
                    Asked::Done => Step::SignIn,
                    Asked::Back => Step::Way,
                },
                (Step::SignIn, Some(chosen)) => {
                    if terminal.is_none() {
                        self.check_existence().await?;
                    }
                    match self.sign_in(chosen, terminal).await {
                        Ok(tried) => {
                            return Ok(Outcome::Checked(Box::new(Checked { tried, way: chosen.clone() })));
                        }
                        Err(failure) if is_refusal(&failure) && terminal.is_some() => {
                            Printer::words(&format!("error: {}\nhint: {}", failure.says, failure.hint));
                            self.forget(chosen);
                            Step::Credentials
                        }
                        Err(failure) => return Err(failure),
                    }
                }
            };
        }
    }

    async fn check_existence(&self) -> Result<(), Failure> {
        match self.candidate.existence().await? {
            Some((account, Existence::Missing)) => {
                let title = self.candidate.vendor.descriptor().title;
                let says = format!("no {title} account was found at {account}");
                let hint =
                    format!("nothing was stored; check the name, and correct `connections.{}` in the configuration", self.candidate.name);
                Err(Failure::new(Exit::Config, says, hint))
            }
            Some((_, Existence::Exists)) | None => Ok(()),
        }
    }

    /// `None`: back.
    async fn choose_way(&mut self, terminal: &mut Option<Terminal>) -> Result<Option<Way>, Failure> {
        let Candidate { vendor, settings, .. } = &self.candidate;
        let ways = vendor.sign_in(settings);
        if let Some(wanted) = self.way {
            let names = || ways.iter().map(Way::name);
            let found = ways.iter().find(|way| way.name() == wanted).cloned();
            return found.map(Some).ok_or_else(|| {
                let says = format!("{} does not sign in by `{wanted}` under these settings", vendor.descriptor().title);
                Failure::usage(
                    says,
                    format!("{}; another `auth` in the configuration may have other ways", suggestion(wanted, names(), "the ways")),
                )
            });
        }
        let names_of = |way: &Way| match way {
            Way::Keys(keys) => keys.names.to_vec(),
            Way::Code(_) => vec!["client_id"],
        };
        let has = |name: &&str| self.given.contains_key(*name);
        // A client alone says `browser`; with what only a browser brings, or a key, it is all there.
        let by_flags = ways.iter().filter(|way| names_of(way).iter().all(has)).max_by_key(|way| names_of(way).len());
        let stored_has = |name: &&str| has(name) || self.stored.get(name).is_some();
        let by_stored = ways.iter().find(|way| names_of(way).iter().all(stored_has));
        let (Some(terminal), false) = (terminal.as_mut(), by_flags.is_some() || ways.len() == 1) else {
            return Ok(by_flags.or(by_stored).or(ways.first()).cloned());
        };
        let kept = self.answers.get("way");
        let usual = ways.iter().position(|way| Some(way.name()) == kept).unwrap_or(0);
        let list: Vec<String> = ways.iter().enumerate().map(|(place, way)| format!("  {}  {}", place + 1, way.label())).collect();
        Printer::words(&format!("How do you want to sign in?\n{}", list.join("\n")));
        loop {
            let numbers: Vec<String> = (1..=ways.len()).map(|number| number.to_string()).collect();
            let Reply::Line(line) = terminal.ask(&format!("{} [{}]: ", numbers.join(", "), usual + 1)).await? else { return Ok(None) };
            let place = if line.is_empty() { Some(usual) } else { numbers.iter().position(|number| *number == line) };
            if let Some(way) = place.and_then(|place| ways.get(place)) {
                self.answers.keep("way", way.name(), self.candidate.installation.engine.now());
                return Ok(Some(way.clone()));
            }
            Printer::words("answer with one of the numbers");
        }
    }

    /// Asks for what a way needs and no flag gave.
    async fn ask_credentials(&mut self, way: &Way, terminal: &mut Option<Terminal>) -> Result<Asked, Failure> {
        let wanted = self.wanted(way);
        let Some(terminal) = terminal else { return self.complete(way, &wanted).map(|()| Asked::Done) };
        if let Way::Code(grant) = way {
            self.tell_client(grant);
        }
        let open: Vec<(&'static str, bool)> = wanted.into_iter().filter(|(name, _)| !self.given.contains_key(*name)).collect();
        let mut place = 0;
        while let Some((name, is_needed)) = open.get(place) {
            match self.ask_one(name, *is_needed, terminal).await? {
                Asked::Done => place += 1,
                Asked::Back if place == 0 => return Ok(Asked::Back),
                Asked::Back => {
                    place -= 1;
                    if let Some((before, _)) = open.get(place) {
                        self.given.remove(*before);
                    }
                }
            }
        }
        Ok(Asked::Done)
    }

    async fn ask_one(&mut self, name: &'static str, is_needed: bool, terminal: &mut Terminal) -> Result<Asked, Failure> {
        let help = self.candidate.vendor.secret_keys().iter().find(|key| key.name == name).map_or("", |key| key.help);
        Printer::words(help);
        let is_secret = answers::is_secret(name);
        let had = self.stored.get(name).is_some();
        let kept = self.answers.get(name).filter(|_| !is_secret).map(str::to_owned);
        let note = match (&kept, had, is_needed) {
            (Some(kept), _, _) => format!(" [{kept}]"),
            (None, true, _) => " (empty: as it is)".to_owned(),
            (None, false, true) => String::new(),
            (None, false, false) => " (empty: none)".to_owned(),
        };
        loop {
            let question = format!("{name}{note}: ");
            let reply = if is_secret { terminal.ask_secret(&question).await? } else { terminal.ask(&question).await? };
            let Reply::Line(line) = reply else { return Ok(Asked::Back) };
            let text = if line.is_empty() { kept.clone().unwrap_or_default() } else { line };
            let text = match text.strip_prefix('@').filter(|_| is_secret) {
                Some(file) => match input::text(file.as_ref()) {
                    Ok(text) => text,
                    Err(failure) => {
                        Printer::words(&format!("{}; {}", failure.says, failure.hint));
                        continue;
                    }
                },
                None => text,
            };
            if text.is_empty() && is_needed && !had {
                Printer::words(&format!("{name} is needed"));
                continue;
            }
            if !text.is_empty() {
                if !is_secret {
                    self.answers.keep(name, &text, self.candidate.installation.engine.now());
                }
                self.given.insert(name.to_owned(), Secret::new(text.trim()));
            }
            return Ok(Asked::Done);
        }
    }

    /// The keys that a way asks for, and whether each must be there.
    fn wanted(&self, way: &Way) -> Vec<(&'static str, bool)> {
        match way {
            Way::Keys(keys) => {
                let mut wanted: Vec<(&'static str, bool)> = keys.names.iter().map(|name| (*name, true)).collect();
                // An OAuth client may have a secret, also where the vendor does not insist.
                let may_have = self.candidate.vendor.secret_keys().iter().any(|key| key.name == "client_secret");
                if may_have && keys.names.contains(&"refresh_token") && !keys.names.contains(&"client_secret") {
                    wanted.insert(1, ("client_secret", false));
                }
                wanted
            }
            Way::Code(grant) => vec![("client_id", true), ("client_secret", !grant.secret_is_optional)],
        }
    }

    /// # Errors
    /// What is missing where nobody can be asked, with its flag.
    fn complete(&self, way: &Way, wanted: &[(&'static str, bool)]) -> Result<(), Failure> {
        let has = |name: &str| self.given.contains_key(name) || self.stored.get(name).is_some();
        let missing: Vec<&str> = wanted.iter().filter(|(name, is_needed)| *is_needed && !has(name)).map(|(name, _)| *name).collect();
        if missing.is_empty() {
            return Ok(());
        }
        let flags: Vec<String> = missing.iter().map(|name| format!("`--secret {name}=…`")).collect();
        let says = format!("{} has no {}, which {} needs", self.candidate.name, missing.join(" and no "), way.label());
        Err(Failure::new(Exit::SignIn, says, format!("give {}, or run it at a terminal without `--yes`", flags.join(" and "))))
    }

    fn tell_client(&self, grant: &CodeGrant) {
        let port = self.args.redirect_port.or(grant.redirect.port).filter(|port| *port != 0);
        let address = match port {
            Some(port) => format!("\nThe redirect address to register: {}", grant.redirect.address(port)),
            None => String::new(),
        };
        Printer::words(&format!("{}.{address}", grant.client_help.trim_end_matches('.')));
    }

    /// After a refusal: what was given for this way is asked for again.
    fn forget(&mut self, way: &Way) {
        for (name, _) in self.wanted(way) {
            self.given.remove(name);
        }
    }

    async fn sign_in(&mut self, way: &Way, terminal: &mut Option<Terminal>) -> Result<Tried, Failure> {
        let Candidate { vendor, settings, .. } = &self.candidate;
        let mut bundle = without_sign_in(*vendor, settings, &self.stored);
        for (name, _) in self.wanted(way) {
            if let Some(kept) = self.stored.get(name) {
                bundle.0.insert(name.to_owned(), kept.clone());
            }
        }
        bundle.0.extend(self.given.clone());
        if let Way::Code(grant) = way {
            let what = SignIn { vendor: *vendor, settings, grant, client: &bundle };
            let ways = Ways { no_browser: self.args.no_browser, port: self.args.redirect_port };
            bundle = sign_in(what, ways, terminal.as_mut(), self.candidate.http().as_ref(), self.candidate.by()).await?;
        }
        let tried = self.candidate.try_out(bundle).await?;
        if tried.account.rights == Rights::Lesser {
            let account = &tried.account;
            let says = format!("{} is no administrator of {}: {}", account.user, account.name, account.problems.join(" "));
            give_back(&tried, way, &self.candidate).await;
            return Err(Failure::new(Exit::SignIn, says, "nothing was stored; sign in as an administrator"));
        }
        Ok(tried)
    }
}

/// What the browser brought and nobody wants is given up again, so that no unused token lives on. That this fails is no trouble of the person's.
pub(crate) async fn give_back(tried: &Tried, way: &Way, candidate: &Candidate<'_>) {
    if let Way::Code(_) = way {
        match tried.connector.revoke(candidate.by()).await {
            Ok(Revoked::Done | Revoked::ByHand { .. }) => {}
            Err(error) => tracing::debug!("an unused token was not given up: {error}"),
        }
    }
}

/// An account in words, with what is wrong with it.
pub(crate) fn words(account: &Account, fields: &[syncline_config::FieldIssue]) -> String {
    let mut lines = vec![format!("account {} {}, as {}", account.id, account.name, account.user)];
    lines.extend(account.notes.iter().map(|note| format!("note: {note}")));
    lines.extend(account.problems.iter().map(|problem| format!("problem: {problem}")));
    let errors = fields.iter().filter(|issue| issue.severity == Severity::Error).count();
    lines.extend(
        fields
            .iter()
            .take(FIELDS_SHOWN_MAX)
            .map(|issue| format!("field: {}/{}: {}; {}", issue.sync, issue.mapping, issue.problem, issue.hint)),
    );
    if fields.len() > FIELDS_SHOWN_MAX {
        lines.push(format!("field: {} more; `syncline preflight` shows all", fields.len() - FIELDS_SHOWN_MAX));
    }
    if errors > 0 {
        lines.push("`syncline provision` makes the link fields that are missing".to_owned());
    }
    lines.join("\n")
}

/// A config may name hundreds.
const FIELDS_SHOWN_MAX: usize = 10;
