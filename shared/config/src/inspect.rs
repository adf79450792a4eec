//! Compares a tree with the shape that it should have: unknown and missing keys, wrong types, words and numbers out of range.

use syncline_model::Decimal;

use crate::document::{Entry, Node};
use crate::findings::{Findings, below, listed, nearest, suggestion};
use crate::problem::Code;
use crate::secrecy::is_secret_key;
use crate::shape::{Key, Shape};

/// The longest name that a user may choose: queues and keys are called after it.
const NAME_CHARACTERS_MAX: usize = 64;

pub(crate) fn inspect(node: &Node, shape: &Shape, path: &str, example: &str, findings: &mut Findings) {
    let mut wrong = |findings: &mut Findings| {
        let problem = format!("expected {}, found {}", shape.expected(), node.describe());
        findings.add(Code::WrongType, node.place, path, problem, format!("for example `{example}`"));
    };
    match shape {
        Shape::Text | Shape::Schedule => {
            if node.text().is_none() {
                wrong(findings);
            }
        }
        Shape::Master => {
            if node.is_list() || node.is_map() {
                findings.add(
                    Code::TwoMasters,
                    node.place,
                    path,
                    "two masters: a sync has exactly one",
                    "name one side: `master: left` or `master: right`",
                );
            } else if node.text().is_none() {
                wrong(findings);
            }
        }
        Shape::Scalar => {
            if node.scalar().is_none() {
                wrong(findings);
            }
        }
        Shape::Flag => {
            if node.flag().is_none() {
                wrong(findings);
            }
        }
        Shape::Whole(least, most) => match node.number() {
            None => wrong(findings),
            Some(number) => {
                if !number.parse::<i64>().is_ok_and(|number| (*least..=*most).contains(&number)) {
                    let problem = format!("{number} is not {}", shape.expected());
                    findings.add(Code::OutOfRange, node.place, path, problem, format!("for example `{example}`"));
                }
            }
        },
        Shape::Percent => match node.number() {
            None => wrong(findings),
            Some(number) => {
                if percent(number).is_none() {
                    let problem = format!("{number} is not a share in per cent, from 0 to 100");
                    findings.add(Code::OutOfRange, node.place, path, problem, format!("for example `{example}`"));
                }
            }
        },
        Shape::Words(words) => match node.text() {
            None => wrong(findings),
            Some(word) => {
                if !words.contains(&word) {
                    let allowed = listed(words.iter().copied());
                    let hint = match nearest(word, words.iter().copied()) {
                        Some(near) => format!("did you mean `{near}`? Allowed: {allowed}"),
                        None => format!("allowed: {allowed}"),
                    };
                    findings.add(Code::UnknownWord, node.place, path, format!("`{word}` is not known here"), hint);
                }
            }
        },
        Shape::Keys(keys) => inspect_keys(node, keys, path, &mut wrong, findings),
        Shape::Connection(keys) => inspect_connection(node, keys, path, &mut wrong, findings),
        Shape::Named(what, each) => inspect_named(node, what, each, path, example, findings),
        Shape::Table => inspect_table(node, path, example, findings),
        Shape::List(each) => {
            if !node.is_list() {
                return wrong(findings);
            }
            for (index, item) in node.items().iter().enumerate() {
                inspect(item, each, &format!("{path}[{index}]"), example, findings);
            }
        }
        Shape::Either(simple, detailed) => {
            if node.is_map() {
                inspect(node, detailed, path, example, findings);
            } else if node.text().is_some() {
                inspect(node, simple, path, example, findings);
            } else {
                wrong(findings);
            }
        }
    }
}

/// A share in per cent.
pub(crate) fn percent(number: &str) -> Option<Decimal> {
    number.parse::<Decimal>().ok().filter(|share| *share >= Decimal::ZERO && *share <= Decimal::ONE_HUNDRED)
}

fn inspect_keys(node: &Node, keys: &[Key], path: &str, wrong: &mut dyn FnMut(&mut Findings), findings: &mut Findings) {
    if !node.is_map() {
        return wrong(findings);
    }
    for entry in node.entries() {
        match keys.iter().find(|key| key.name == entry.key) {
            Some(key) => inspect(&entry.value, &key.shape, &below(path, key.name), key.example, findings),
            None => unknown_key(entry, keys, path, findings),
        }
    }
    missing_keys(node, keys, path, findings);
}

fn missing_keys(node: &Node, keys: &[Key], path: &str, findings: &mut Findings) {
    for key in keys.iter().filter(|key| key.required && node.entry(key.name).is_none()) {
        // Who wrote `masters` is told about that.
        if key.name == "master" && node.entry("masters").is_some() {
            continue;
        }
        let hint = format!("add `{}`. {}", key.example, key.help);
        findings.add(Code::MissingKey, node.place, path, format!("`{}` is missing", key.name), hint);
    }
}

fn unknown_key(entry: &Entry, keys: &[Key], path: &str, findings: &mut Findings) {
    let names = keys.iter().map(|key| key.name);
    let path = below(path, &entry.key);
    if entry.key == "masters" && keys.iter().any(|key| key.name == "master") {
        let hint = "name one side: `master: left` or `master: right`";
        return findings.add(Code::TwoMasters, entry.key_place, path, "two masters: a sync has exactly one", hint);
    }
    if is_secret_key(&entry.key) {
        return secret(entry, &path, findings);
    }
    let hint = if entry.key == "<<" {
        "merge keys are not part of YAML 1.2: repeat the keys, or use an alias for a whole value".to_owned()
    } else {
        suggestion(&entry.key, names, "keys that may stand here")
    };
    findings.add(Code::UnknownKey, entry.key_place, path, format!("`{}` is not a key that may stand here", entry.key), hint);
}

pub(crate) fn secret(entry: &Entry, path: &str, findings: &mut Findings) {
    let problem = format!("`{}` is a credential, and a config holds none", entry.key);
    let hint = "remove the line, revoke the credential if this file was shared, and store it with `syncline connect`: it belongs in the secret store, \
                in the bundle that the connection's `secret` names";
    findings.add(Code::SecretInConfig, entry.key_place, path, problem, hint);
}

fn inspect_connection(node: &Node, keys: &[Key], path: &str, wrong: &mut dyn FnMut(&mut Findings), findings: &mut Findings) {
    if !node.is_map() {
        return wrong(findings);
    }
    for entry in node.entries() {
        let path = below(path, &entry.key);
        match keys.iter().find(|key| key.name == entry.key) {
            Some(key) => inspect(&entry.value, &key.shape, &path, key.example, findings),
            // Whether the key is known, its system decides; a credential is refused there, whatever its type.
            None if is_secret_key(&entry.key) => {}
            None => inspect(&entry.value, &Shape::Scalar, &path, &format!("{}: …", entry.key), findings),
        }
    }
    missing_keys(node, keys, path, findings);
}

fn inspect_named(node: &Node, what: &str, each: &Shape, path: &str, example: &str, findings: &mut Findings) {
    if !node.is_map() {
        let problem = format!("expected names, each with a {what} under it, found {}", node.describe());
        return findings.add(Code::WrongType, node.place, path, problem, format!("for example `{example}`"));
    }
    if node.entries().is_empty() {
        return findings.add(Code::Empty, node.place, path, format!("no {what} stands here"), format!("for example `{example}`"));
    }
    for entry in node.entries() {
        let path = below(path, &entry.key);
        let fits = entry.key.chars().all(|sign| sign.is_ascii_alphanumeric() || sign == '_' || sign == '-');
        if !fits || entry.key.is_empty() || entry.key.len() > NAME_CHARACTERS_MAX {
            let problem = format!("this is not a name for a {what}");
            let hint = format!("letters a to z, digits, `_` and `-`, at most {NAME_CHARACTERS_MAX}");
            findings.add(Code::BadName, entry.key_place, path.as_str(), problem, hint);
        }
        inspect(&entry.value, each, &path, example, findings);
    }
}

fn inspect_table(node: &Node, path: &str, example: &str, findings: &mut Findings) {
    if !node.is_map() {
        let problem = format!("expected values, each with its counterpart, found {}", node.describe());
        return findings.add(Code::WrongType, node.place, path, problem, format!("for example `{example}`"));
    }
    if node.entries().is_empty() {
        findings.add(Code::Empty, node.place, path, "the table is empty", format!("for example `{example}`"));
    }
    for (index, entry) in node.entries().iter().enumerate() {
        // The entry is named by its number: the values are the customer's.
        let path = format!("{path}[{index}]");
        if entry.key.trim().is_empty() || entry.value.scalar().is_none_or(|view| view.trim().is_empty()) {
            let hint = "an empty field stays empty on both sides by itself: remove the line, or write both values";
            findings.add(Code::BadValueMap, entry.key_place, path, "an empty value cannot be reached through a table", hint);
        }
    }
}
