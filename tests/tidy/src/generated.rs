//! What is generated: from the folders of the vendors the registries' lists, from the config's tables its JSON Schema, from the lists of metrics and
//! events their page, from the connectors' facts what deployments know of their systems.

use std::path::Path;

use crate::{observability, systems, tree};

const BEGIN: &str = "vendors: begin (generated)";
const END: &str = "vendors: end";

/// A generated file, as it stands and as it should.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Generated {
    pub path: String,
    pub stands: String,
    pub wanted: String,
}

/// The line that a vendor, by the name of its folder, has in a list.
type Line = fn(&str) -> String;

/// The files with a list of vendors.
const LISTS: &[(&str, Line)] = &[
    ("shared/connectors/registry/src/list.rs", |vendor| format!("&syncline_{vendor}::VENDOR,")),
    ("shared/connectors/registry/Cargo.toml", |vendor| format!("{}.workspace = true", crate_of(vendor))),
    ("shared/connectors/registry/sim/src/list.rs", |vendor| format!("crate::{vendor}::SIMULATED,")),
    ("shared/connectors/registry/sim/Cargo.toml", |vendor| format!("{}-sim.workspace = true", crate_of(vendor))),
    ("tests/conformance/src/sheets/list.rs", |vendor| format!("&super::{vendor}::SHEET,")),
];

/// The crate of a vendor's connector: the folder's name, with hyphens.
pub fn crate_of(vendor: &str) -> String {
    format!("syncline-{}", vendor.replace('_', "-"))
}

/// Everything that is generated.
///
/// # Errors
/// A file cannot be read, or has lost its markers.
pub fn all(root: &Path) -> Result<Vec<Generated>, String> {
    let vendors = tree::vendors(root)?;
    let mut files = Vec::new();
    for (path, line) in LISTS {
        let stands = tree::read(root, path)?;
        let lines: Vec<String> = vendors.iter().map(|vendor| line(vendor)).collect();
        let wanted = between_markers(&stands, &lines).map_err(|problem| format!("{path}: {problem}"))?;
        files.push(Generated { path: (*path).to_owned(), stands, wanted });
    }
    let path = "shared/config/syncline.schema.json";
    let schema = serde_json::to_string_pretty(&syncline_config::json_schema()).map_err(|error| format!("{path}: {error}"))?;
    files.push(Generated { path: path.to_owned(), stands: tree::read(root, path)?, wanted: format!("{schema}\n") });
    let stands = tree::read(root, systems::FILE)?;
    let wanted = systems::facts(&stands, syncline_registry::vendors())?;
    files.push(Generated { path: systems::FILE.to_owned(), stands, wanted });
    let path = observability::PAGE;
    files.push(Generated { path: path.to_owned(), stands: tree::read(root, path)?, wanted: observability::page(root)? });
    Ok(files)
}

/// The text with these lines, and no others, between its markers.
///
/// # Errors
/// The markers do not stand there once each, in order.
pub fn between_markers(text: &str, lines: &[String]) -> Result<String, String> {
    let problem = || format!("the lines `{BEGIN}` and `{END}` must stand there once each, in this order");
    let place = |marker: &str| {
        let mut places = text.lines().enumerate().filter(|(_, line)| line.trim_end().ends_with(marker)).map(|(at, _)| at);
        places.next().filter(|_| places.next().is_none()).ok_or_else(problem)
    };
    let (begin, end) = (place(BEGIN)?, place(END)?);
    if begin >= end {
        return Err(problem());
    }
    let indentation: String = text.lines().nth(begin).unwrap_or_default().chars().take_while(|sign| sign.is_whitespace()).collect();
    let head = text.lines().take(begin + 1).map(str::to_owned);
    let tail = text.lines().skip(end).map(str::to_owned);
    let whole: Vec<String> = head.chain(lines.iter().map(|line| format!("{indentation}{line}"))).chain(tail).collect();
    Ok(format!("{}\n", whole.join("\n")))
}
