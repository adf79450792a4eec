//! `connect`: credentials checked at the vendor, and only then stored.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use serde_json::json;
use syncline_aws::{SystemClock, SystemDice};
use syncline_config::Connection;
use syncline_engine::budget::Budget;
use syncline_engine::gate::Gate;
use syncline_engine::ports::connector::Account;
use syncline_engine::ports::secrets::{Bundle, Secrets, SecretsError};
use syncline_engine::ports::vendor::{Parts, Settings, Vendor};
use syncline_engine::state;
use syncline_model::{ConnectionName, Secret};
use syncline_sql::HttpAndSql;

use crate::args::Connect;
use crate::context::{Context, by};
use crate::exit::{Exit, Failure};
use crate::input;
use crate::installation::Installation;
use crate::nearest::suggestion;
use crate::place::Place;
use crate::printer::Printer;

pub(crate) async fn run(context: &Context, args: &Connect) -> Result<Exit, Failure> {
    let config = context.config()?;
    let names = config.connections.keys().map(ConnectionName::as_str);
    let name = ConnectionName::new(args.connection.as_str());
    let Some(connection) = config.connections.get(&name) else {
        let hint = suggestion(&args.connection, names, "its connections");
        return Err(Failure::usage(format!("there is no connection `{name}` in the configuration"), hint));
    };
    let vendor = syncline_registry::vendor(connection.system.as_str()).ok_or_else(|| {
        Failure::new(Exit::Config, format!("`{}` is not a system of this build", connection.system), "run `syncline validate`")
    })?;
    let mut given = given(args, vendor)?;
    let installation = context.open().await?;
    let loaded = installation.secrets.load(&connection.secret).await;
    let mut bundle = loaded.map_err(|error| installation.place.secrets_failure(&error))?.unwrap_or_default();
    let had: Vec<&str> = vendor.secret_keys().iter().map(|key| key.name).filter(|key| bundle.get(key).is_some()).collect();
    if !args.yes && input::is_interactive() {
        ask(vendor, &had, &mut given)?;
    }
    bundle.0.extend(given);
    let missing: Vec<&str> =
        vendor.secret_keys().iter().filter(|key| key.required && bundle.get(key.name).is_none()).map(|key| key.name).collect();
    if !missing.is_empty() {
        let hint = format!("give {}", missing.iter().map(|key| format!("`--secret {key}=…`")).collect::<Vec<_>>().join(" and "));
        return Err(Failure::new(Exit::SignIn, format!("{name} has no {}", missing.join(", ")), hint));
    }
    let (account, checked) = check(&installation, &name, connection, vendor, bundle).await?;
    if !args.yes {
        Printer::words(&words(&account));
        if !input::confirm(&format!("Store these credentials in {}?", installation.place.name()))? {
            return Err(Failure::new(Exit::Failed, "nothing was stored", "run it again when you have decided"));
        }
    }
    let saved = installation.secrets.save(&connection.secret, &checked).await;
    saved.map_err(|error| installation.place.secrets_failure(&error))?;
    state::start(&installation.engine, &name).await?;
    context
        .printer
        .show(&json!({ "connection": name, "account": account, "stored": true }), || format!("{}\nstored; {name} runs", words(&account)));
    if matches!(installation.place, Place::Deployed(_)) {
        Printer::words("note: a function that runs already believes what it has read before for a minute");
    }
    Ok(Exit::Done)
}

fn words(account: &Account) -> String {
    let mut lines = vec![format!("account {} {}, as {}", account.id, account.name, account.user)];
    lines.extend(account.notes.iter().map(|note| format!("note: {note}")));
    lines.extend(account.problems.iter().map(|problem| format!("problem: {problem}")));
    lines.join("\n")
}

/// What the flags give. Errors name the key, never its value.
fn given(args: &Connect, vendor: &dyn Vendor) -> Result<BTreeMap<String, Secret>, Failure> {
    let mut given = BTreeMap::new();
    if let Some(file) = &args.secret_file {
        let bytes = input::read(file)?;
        let read: BTreeMap<String, String> = serde_json::from_slice(&bytes).map_err(|error| {
            let hint = "write a JSON object such as {\"api_key\": \"…\"}";
            Failure::usage(format!("{}: line {}: this is no JSON object of texts", file.display(), error.line()), hint)
        })?;
        given.extend(read.into_iter().map(|(name, text)| (name, Secret::new(text))));
    }
    for (at, text) in args.secrets.iter().enumerate() {
        let Some((name, value)) = text.split_once('=') else {
            return Err(Failure::usage(
                format!("the {}. --secret has no `=`", at + 1),
                "write `--secret NAME=VALUE` or `--secret NAME=@FILE`",
            ));
        };
        let value = match value.strip_prefix('@') {
            Some(file) => {
                let bytes = input::read(Path::new(file))?;
                String::from_utf8(bytes).map_err(|_| Failure::usage(format!("{file} is no UTF-8 text"), "give the key as PEM text"))?
            }
            None => value.to_owned(),
        };
        given.insert(name.to_owned(), Secret::new(value.trim()));
    }
    let known = || vendor.secret_keys().iter().map(|key| key.name);
    for name in given.keys() {
        if !known().any(|key| key == name) {
            let hint = suggestion(name, known(), "its credentials");
            return Err(Failure::usage(format!("{} has no credential `{name}`", vendor.descriptor().title), hint));
        }
    }
    Ok(given)
}

/// Asks for what was not given, without echo; an empty answer leaves it out, or as it is.
fn ask(vendor: &dyn Vendor, had: &[&str], given: &mut BTreeMap<String, Secret>) -> Result<(), Failure> {
    for key in vendor.secret_keys().iter().filter(|key| !key.name.starts_with("webhook_")) {
        if given.contains_key(key.name) {
            continue;
        }
        Printer::words(key.help);
        let without = match (had.contains(&key.name), key.required) {
            (true, _) => " (empty: as it is)",
            (false, true) => "",
            (false, false) => " (empty: none)",
        };
        let typed = input::secret(&format!("{}{without}: ", key.name))?;
        if !typed.is_empty() {
            given.insert(key.name.to_owned(), Secret::new(typed));
        }
    }
    Ok(())
}

/// Asks the vendor whose account this is. Answers the credentials as they are afterwards: a refresh token may have been rotated.
async fn check(
    installation: &Installation,
    name: &ConnectionName,
    connection: &Connection,
    vendor: &'static dyn Vendor,
    bundle: Bundle,
) -> Result<(Account, Bundle), Failure> {
    let engine = &installation.engine;
    // As the installation runs: a demonstration points it at its simulators.
    let settings = Settings(installation.config.connections.get(name).unwrap_or(connection).settings.clone());
    let clock = Arc::new(SystemClock);
    let budget = Arc::new(Budget::new(name.clone(), vendor.limits(&settings), engine.store.clone(), clock.clone()));
    let tried = Arc::new(Tried { name: connection.secret.clone(), bundle: Mutex::new(bundle) });
    let parts = Parts {
        connection: connection.secret.clone(),
        settings,
        secrets: tried.clone(),
        http: Arc::new(Gate { inner: Arc::new(HttpAndSql::new(clock.clone())), budget, vendor, clock: clock.clone() }),
        clock,
        dice: Arc::new(SystemDice),
    };
    let connector = vendor.connect(parts).map_err(|problems| {
        let says: Vec<String> =
            problems.iter().map(|found| format!("connections.{name}.{} {}; {}", found.key, found.problem, found.hint)).collect();
        Failure::new(Exit::Config, says.join("\n"), "correct the configuration, then run `syncline validate`")
    })?;
    let account = connector.account(by(engine)).await.map_err(|error| {
        let mut failure = Failure::from(error);
        failure.hint = format!("nothing was stored; {}", failure.hint);
        failure
    })?;
    let bundle = tried.bundle.lock().unwrap_or_else(PoisonError::into_inner).clone();
    Ok((account, bundle))
}

/// Credentials on trial: kept in memory until the vendor has taken them.
struct Tried {
    name: String,
    bundle: Mutex<Bundle>,
}

#[async_trait]
impl Secrets for Tried {
    async fn load(&self, name: &str) -> Result<Option<Bundle>, SecretsError> {
        Ok((name == self.name).then(|| self.bundle.lock().unwrap_or_else(PoisonError::into_inner).clone()))
    }

    async fn save(&self, name: &str, bundle: &Bundle) -> Result<(), SecretsError> {
        if name == self.name {
            *self.bundle.lock().unwrap_or_else(PoisonError::into_inner) = bundle.clone();
        }
        Ok(())
    }
}
