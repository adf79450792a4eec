//! Credentials from flags. Errors name the key, never its value.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use syncline_engine::ports::vendor::Vendor;
use syncline_model::Secret;

use crate::exit::Failure;
use crate::input;
use crate::nearest::suggestion;

/// What the flags give: `NAME=VALUE` or `NAME=@FILE` each, and a file with more.
pub(crate) fn given(flags: &[String], file: Option<&PathBuf>, vendor: &dyn Vendor) -> Result<BTreeMap<String, Secret>, Failure> {
    let mut given = BTreeMap::new();
    if let Some(file) = file {
        let bytes = input::read(file)?;
        let read: BTreeMap<String, String> = serde_json::from_slice(&bytes).map_err(|error| {
            let hint = "write a JSON object such as {\"api_key\": \"…\"}";
            Failure::usage(format!("{}: line {}: this is no JSON object of texts", file.display(), error.line()), hint)
        })?;
        given.extend(read.into_iter().map(|(name, text)| (name, Secret::new(text))));
    }
    for (at, text) in flags.iter().enumerate() {
        let Some((name, value)) = text.split_once('=') else {
            return Err(Failure::usage(
                format!("the {}. --secret has no `=`", at + 1),
                "write `--secret NAME=VALUE` or `--secret NAME=@FILE`",
            ));
        };
        let value = match value.strip_prefix('@') {
            Some(file) => input::text(Path::new(file))?,
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
