//! The proof that stands in the body of every call (fact sheet §1: documented).
//!
//! It covers neither body nor time: the pair of `apiKey` and `sha` is itself the credential, and is treated as one.

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use syncline_engine::ports::secrets::Bundle;

/// What every call carries.
#[derive(Clone)]
pub(crate) struct Proof {
    pub(crate) client_id: String,
    pub(crate) api_key: String,
    pub(crate) sha: String,
}

impl Proof {
    /// From the stored bundle; what is missing from it, in words.
    pub(crate) fn of(bundle: &Bundle) -> Result<Self, String> {
        let part = |name: &str| bundle.get(name).map(|secret| secret.expose().trim().to_owned()).filter(|text| !text.is_empty());
        let (Some(client_id), Some(api_key)) = (part("client_id"), part("api_key")) else {
            return Err("the stored secret has no client_id or no api_key".to_owned());
        };
        let sha = match (part("sha"), part("api_secret")) {
            (Some(sha), _) => sha.to_lowercase(),
            (None, Some(secret)) => sha1(&[&api_key, &client_id, &secret]),
            (None, None) => return Err("the stored secret has neither api_secret nor sha".to_owned()),
        };
        Ok(Self { client_id, api_key, sha })
    }

    /// A name for the account that shows nothing of the credential: the API tells none.
    pub(crate) fn account(&self) -> String {
        fingerprint(&self.client_id)
    }
}

/// Lower-case hexadecimal digits of the parts, one after the other.
fn sha1(parts: &[&str]) -> String {
    hexadecimal(digest(&SHA1_FOR_LEGACY_USE_ONLY, parts.concat().as_bytes()).as_ref())
}

/// A short text that stands for another, without showing it.
pub(crate) fn fingerprint(text: &str) -> String {
    hexadecimal(digest(&SHA256, text.as_bytes()).as_ref()).chars().take(16).collect()
}

fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a text cannot fail.
        write!(text, "{byte:02x}").unwrap_or_default();
        text
    })
}

#[cfg(test)]
mod tests {
    use syncline_model::Secret;

    use super::*;

    fn bundle(pairs: &[(&str, &str)]) -> Bundle {
        Bundle(pairs.iter().map(|(name, text)| ((*name).to_owned(), Secret::new(*text))).collect())
    }

    #[test]
    fn the_sha_is_of_key_client_and_secret_in_this_order() {
        let proof = Proof::of(&bundle(&[("client_id", "b"), ("api_key", "a"), ("api_secret", "c")])).unwrap();
        // The SHA-1 of "abc" (FIPS 180-4).
        assert_eq!(proof.sha, "a9993e364706816aba3e25717850c26c9cd0d89d");
        let stored = Proof::of(&bundle(&[("client_id", "b"), ("api_key", "a"), ("sha", "A9993E36")])).unwrap();
        assert_eq!(stored.sha, "a9993e36");
    }

    #[test]
    fn what_is_missing_is_told() {
        assert!(Proof::of(&Bundle::default()).is_err_and(|words| words.contains("client_id")));
        assert!(Proof::of(&bundle(&[("client_id", "b"), ("api_key", "a")])).is_err_and(|words| words.contains("api_secret")));
    }

    #[test]
    fn an_account_goes_by_a_name_that_shows_nothing() {
        let proof = Proof { client_id: "abc".to_owned(), api_key: String::new(), sha: String::new() };
        assert_eq!(proof.account(), "ba7816bf8f01cfea");
    }
}
