//! Who may call: a pair of a random key and what proves it, in the body of every call (fact sheet §1).

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use serde_json::{Map, Value};

use crate::wire::Failure;
use crate::{API_SECRET, CLIENT_ID, Salesmanago};

pub(crate) struct Access {
    client_id: String,
    api_secret: String,
    /// Whether the tenant lives on this shard.
    here: bool,
    active: bool,
}

impl Default for Access {
    fn default() -> Self {
        Self { client_id: CLIENT_ID.to_owned(), api_secret: API_SECRET.to_owned(), here: true, active: true }
    }
}

/// What proves a caller's key: the SHA-1 of key, client and secret, in small hexadecimal digits. It covers neither the body nor the time.
pub fn signature(api_key: &str, client_id: &str, api_secret: &str) -> String {
    use std::fmt::Write as _;
    let hash = digest(&SHA1_FOR_LEGACY_USE_ONLY, format!("{api_key}{client_id}{api_secret}").as_bytes());
    hash.as_ref().iter().fold(String::with_capacity(40), |mut text, byte| {
        let _written = write!(text, "{byte:02x}");
        text
    })
}

impl Access {
    /// `requestTime` must be there, in whatever unit: the vendor's own clients send seconds where the reference asks for milliseconds.
    pub(crate) fn check(&self, body: &Map<String, Value>) -> Result<(), Failure> {
        let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
        let api_key = text("apiKey");
        let proved = !api_key.is_empty() && text("sha") == signature(api_key, &self.client_id, &self.api_secret);
        if !self.here || text("clientId") != self.client_id || !proved {
            return Err(Failure::said("User not authenticated"));
        }
        if !self.active {
            return Err(Failure::said("Not authenticated"));
        }
        if body.get("requestTime").and_then(Value::as_i64).is_none() {
            return Err(Failure::said("Request time cannot be empty"));
        }
        Ok(())
    }
}

impl Salesmanago {
    /// An administrator makes a new secret: every pair made with the old one ends.
    pub fn replace_secret(&mut self, api_secret: &str) {
        api_secret.clone_into(&mut self.access.api_secret);
    }

    /// The tenant lives on another shard from now on, or again on this one.
    pub fn set_here(&mut self, here: bool) {
        self.access.here = here;
    }

    /// The account's subscription ends, or begins again.
    pub fn set_active(&mut self, active: bool) {
        self.access.active = active;
    }
}
