//! Bundles that were read a moment ago, and the text in which they rest.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use syncline_engine::ports::clock::Clock;
use syncline_engine::ports::secrets::Bundle;
use syncline_model::{Secret, Timestamp};

/// How long a bundle is believed without asking again, in seconds. Short, because another function may have rotated a token in it;
/// long enough that a warm function asks once a batch, not once a call.
pub const CACHE_S_MAX: i64 = 60;

/// By name.
pub(crate) struct Kept {
    clock: Arc<dyn Clock>,
    bundles: Mutex<BTreeMap<String, (Bundle, Timestamp)>>,
}

impl Kept {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, bundles: Mutex::default() }
    }

    pub(crate) fn get(&self, name: &str) -> Option<Bundle> {
        let now = self.clock.now();
        let bundles = self.bundles.lock().unwrap_or_else(PoisonError::into_inner);
        bundles.get(name).filter(|(_, until)| now < *until).map(|(bundle, _)| bundle.clone())
    }

    pub(crate) fn remember(&self, name: &str, bundle: &Bundle) {
        // A time that cannot be told is no reason to fail: the bundle is then asked for again.
        let Ok(until) = self.clock.now().checked_add(jiff::SignedDuration::from_secs(CACHE_S_MAX)) else { return };
        let mut bundles = self.bundles.lock().unwrap_or_else(PoisonError::into_inner);
        bundles.insert(name.to_owned(), (bundle.clone(), until));
    }

    pub(crate) fn forget(&self, name: &str) {
        self.bundles.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
    }
}

/// A JSON object of texts; an empty text is none yet: a deployment makes the place before anybody writes into it. A problem tells nothing of
/// what was found: the parser's own words would quote it.
pub(crate) fn read(text: &str) -> Result<Option<Bundle>, String> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    let texts: BTreeMap<String, Secret> =
        serde_json::from_str(text).map_err(|_| "is not a JSON object of texts; run `syncline connect` to write it anew".to_owned())?;
    Ok(Some(Bundle(texts)))
}

pub(crate) fn written(bundle: &Bundle) -> Result<String, String> {
    let texts: BTreeMap<&str, &str> = bundle.0.iter().map(|(key, secret)| (key.as_str(), secret.expose())).collect();
    serde_json::to_string(&texts).map_err(|_| "could not be written as JSON".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_text_is_no_secret_yet_and_another_is_not_quoted() {
        assert_eq!(read(" \n").map(|bundle| bundle.is_none()), Ok(true));
        assert_eq!(read(r#"{"key":"k"}"#).map(|bundle| bundle.map(|bundle| bundle.0.len())), Ok(Some(1)));
        let problem = read("hunter2").map(|_| ()).unwrap_err();
        assert!(!problem.contains("hunter2"), "{problem}");
    }
}
