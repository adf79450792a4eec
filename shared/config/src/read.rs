//! From text to a config: the file as a whole, and its connections.

use std::collections::BTreeMap;

use syncline_mapping::Retain;
use syncline_model::ConnectionName;

use crate::config::{Config, Connection, HistoryKeep, SystemFacts};
use crate::document::{Entry, Node, parse};
use crate::findings::{Findings, Place, listed, nearest, suggestion};
use crate::inspect::{inspect, secret};
use crate::layer::read_layers;
use crate::problem::{Code, Problems};
use crate::secrecy::{has_userinfo, is_secret_key};
use crate::shape::ROOT;
use crate::sync::{read_sync, refuse_twice_synced};

/// The longest name of a secret bundle: what is longer is more likely a credential.
const SECRET_NAME_CHARACTERS_MAX: usize = 64;

/// Reads a config. `file` is its name, for the problems; the systems are those that this build can connect to.
///
/// # Errors
/// All problems at once, each with its place, what is wrong and what to write instead. Credentials that stand in the text are starred out
/// of what the problems show.
pub fn read(text: &str, file: &str, systems: &[SystemFacts]) -> Result<Config, Problems> {
    // Some editors begin a file with a byte order mark; it has no width.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut findings = Findings::default();
    let config = parse(text, &mut findings).and_then(|root| read_root(&root, systems, &mut findings));
    match config {
        Some(config) if findings.0.is_empty() => Ok(config),
        Some(_) | None => {
            if findings.0.is_empty() {
                findings.add(
                    Code::WrongType,
                    Place::start(),
                    "",
                    "the file could not be read to its end",
                    "compare it with a recipe: `syncline init`",
                );
            }
            Err(Problems::new(findings, text, file))
        }
    }
}

/// Reads what it can, so that one mistake does not hide the others.
fn read_root(root: &Node, systems: &[SystemFacts], findings: &mut Findings) -> Option<Config> {
    inspect(root, &ROOT, "", "version: 1", findings);
    let mut known: BTreeMap<ConnectionName, Option<&SystemFacts>> = BTreeMap::new();
    let mut connections = BTreeMap::new();
    for entry in root.get("connections").map(Node::entries).unwrap_or_default() {
        let name = ConnectionName::new(entry.key.as_str());
        let facts = system_of(entry, systems, findings);
        known.insert(name.clone(), facts);
        if let Some(facts) = facts {
            connections.insert(name, read_connection(entry, facts, findings));
        }
    }
    let entries = root.get("syncs").map(Node::entries).unwrap_or_default();
    let read: Vec<_> = entries.iter().map(|entry| read_sync(entry, &known, findings)).collect();
    refuse_twice_synced(entries, findings);
    let map = read_layers(root, &known, findings);
    let syncs = read.into_iter().collect::<Option<Vec<_>>>()?;
    let retain = match root.text_at("retain") {
        Some("values") => Retain::Values,
        Some(_) | None => Retain::Fingerprints,
    };
    Some(Config { connections, syncs, retain, history: history(root), map })
}

fn history(root: &Node) -> HistoryKeep {
    let mut keep = HistoryKeep::default();
    if let Some(node) = root.get("history") {
        if let Some(days) = node.get("days").and_then(Node::number).and_then(|days| days.parse().ok()) {
            keep.days = days;
        }
        if let Some(values) = node.get("values").and_then(Node::flag) {
            keep.values = values;
        }
    }
    keep
}

fn system_of<'a>(entry: &Entry, systems: &'a [SystemFacts], findings: &mut Findings) -> Option<&'a SystemFacts> {
    let system = entry.value.get("system")?;
    let name = system.text()?;
    let found = systems.iter().find(|facts| facts.system.as_str() == name);
    if found.is_none() {
        let hint = suggestion(name, systems.iter().map(|facts| facts.system.as_str()), "systems that this build can connect to");
        let path = format!("connections.{}.system", entry.key);
        findings.add(Code::UnknownSystem, system.place, path, format!("`{name}` is not a system that this build can connect to"), hint);
    }
    // Without its system, a connection is still searched for credentials.
    if found.is_none() {
        for part in entry.value.entries().iter().filter(|part| is_secret_key(&part.key)) {
            secret(part, &format!("connections.{}.{}", entry.key, part.key), findings);
        }
    }
    found
}

fn read_connection(entry: &Entry, facts: &SystemFacts, findings: &mut Findings) -> Connection {
    let path = format!("connections.{}", entry.key);
    let mut settings = BTreeMap::new();
    for part in entry.value.entries().iter().filter(|part| part.key != "system" && part.key != "secret") {
        let path = format!("{path}.{}", part.key);
        if !facts.setting_keys.iter().any(|key| key.name == part.key) {
            unknown_setting(part, &path, facts, findings);
            continue;
        }
        let Some(value) = part.value.scalar() else { continue };
        if has_userinfo(value) {
            let hint = "write the address without user and password, and store those with `syncline connect`";
            findings.add(Code::SecretInConfig, part.value.place, path, "the address carries a credential", hint);
            continue;
        }
        settings.insert(part.key.clone(), value.trim().to_owned());
    }
    for key in facts.setting_keys.iter().filter(|key| key.required && entry.value.entry(&key.name).is_none()) {
        let problem = format!("`{}` is missing: {} needs it", key.name, facts.title);
        findings.add(Code::MissingKey, entry.key_place, path.as_str(), problem, key.help.as_str());
    }
    let secret = match entry.value.get("secret") {
        Some(node) => secret_name(node, &path, findings),
        None => entry.key.clone(),
    };
    Connection { system: facts.system.clone(), settings, secret }
}

fn unknown_setting(part: &Entry, path: &str, facts: &SystemFacts, findings: &mut Findings) {
    if is_secret_key(&part.key) {
        return secret(part, path, findings);
    }
    let names = || facts.setting_keys.iter().map(|key| key.name.as_str()).chain(["system", "secret"]);
    let hint = match nearest(&part.key, names()) {
        Some(name) => {
            let help = facts.setting_keys.iter().find(|key| key.name == name).map(|key| key.help.as_str()).unwrap_or_default();
            format!("did you mean `{name}`? {help}").trim_end().to_owned()
        }
        None => format!("settings of {}: {}", facts.title, listed(names())),
    };
    findings.add(Code::UnknownKey, part.key_place, path, format!("`{}` is not a setting of {}", part.key, facts.title), hint);
}

/// The name itself is not shown when it is refused: it may be a credential that was put here by mistake.
fn secret_name(node: &Node, path: &str, findings: &mut Findings) -> String {
    let name = node.text().unwrap_or_default();
    let fits = |sign: char| sign.is_ascii_alphanumeric() || "_-./".contains(sign);
    if !name.is_empty() && (name.len() > SECRET_NAME_CHARACTERS_MAX || !name.chars().all(fits)) {
        let hint = format!(
            "the name of a bundle: letters, digits, `_`, `-`, `.`, `/`, at most {SECRET_NAME_CHARACTERS_MAX}; the credential itself goes to `syncline connect`"
        );
        findings.add(Code::BadName, node.place, format!("{path}.secret"), "this is not the name of a secret bundle", hint);
    }
    name.to_owned()
}
