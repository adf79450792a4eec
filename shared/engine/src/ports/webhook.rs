//! Incoming webhooks: verified over the raw bytes before anything is read, and then only a hint.

use bytes::Bytes;
use syncline_model::{CallError, ObjectKind, RecordId, Timestamp};

use super::secrets::Bundle;

/// A webhook as it arrived: nothing of it is believed yet.
#[derive(Clone, Debug)]
pub struct RawWebhook {
    pub headers: http::HeaderMap,
    /// What followed the connection's name in the path: vendors that cannot sign carry a secret there.
    pub path_rest: String,
    pub body: Bytes,
}

/// Why a webhook was not let in. Sentences carry nothing of its content.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("the webhook is not signed as configured")]
    Forged,
    #[error("the webhook is older than the replay window allows")]
    TooOld,
    #[error("the webhook comes from another account")]
    OtherAccount,
    #[error("the webhook cannot be read: {0}")]
    Unreadable(String),
}

/// A webhook that passed `admit`. There is no other way to get one, and `parse` takes nothing else.
#[derive(Debug)]
pub struct VerifiedWebhook<'a> {
    raw: &'a RawWebhook,
}

impl VerifiedWebhook<'_> {
    pub fn headers(&self) -> &http::HeaderMap {
        &self.raw.headers
    }

    pub fn body(&self) -> &Bytes {
        &self.raw.body
    }
}

/// Something happened to a record. What, is asked of the vendor: so order and loss of hints are harmless.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hint {
    pub kind: ObjectKind,
    pub id: RecordId,
}

/// What a verified webhook says, and what the vendor wants to hear back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    pub hints: Vec<Hint>,
    /// The answer's content type and body; empty where the vendor reads only the status.
    pub answer: (&'static str, String),
}

pub trait Webhooks: Send + Sync {
    /// Checks the raw bytes against the connection's secrets (several at once during a rotation), in constant time.
    fn check(&self, raw: &RawWebhook, secrets: &Bundle, now: Timestamp) -> Result<(), Refused>;

    /// Reads the hints out of a verified webhook.
    fn parse(&self, hook: &VerifiedWebhook<'_>) -> Result<Heard, CallError>;
}

/// The one door: verifies, and only then makes the value that can be parsed.
pub fn admit<'a>(hooks: &dyn Webhooks, raw: &'a RawWebhook, secrets: &Bundle, now: Timestamp) -> Result<VerifiedWebhook<'a>, Refused> {
    hooks.check(raw, secrets, now)?;
    Ok(VerifiedWebhook { raw })
}
