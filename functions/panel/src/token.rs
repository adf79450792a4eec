//! The short-lived token with which a browser may see the panel of one requester.
//!
//! Two parts in base64url, joined by a dot: what it is for, as JSON, and its HMAC-SHA256. It grants one sync's one requester and nothing else.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use syncline_engine::ports::secrets::Secrets;
use syncline_model::{RecordId, SyncName, Timestamp};

/// How long a token is valid.
pub const TOKEN_VALID: SignedDuration = SignedDuration::from_mins(10);
/// Longer ones are not read.
const TOKEN_BYTES_MAX: usize = 2_048;
const FORMAT: u8 = 1;
const KEY_BYTES: usize = 32;
/// For what the installation's key is used here.
const PURPOSE: &[u8] = b"panel";

/// What a token grants.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PanelToken {
    pub sync: SyncName,
    pub requester: RecordId,
    /// Not valid from this moment on.
    pub expires: Timestamp,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    v: u8,
    #[serde(flatten)]
    token: PanelToken,
}

/// Why a token grants nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenRefused {
    #[error("the token was not made here, or was changed since")]
    Forged,
    #[error("the token has expired")]
    Expired,
}

/// Why there is no key to sign with.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignerProblem {
    #[error(transparent)]
    Secrets(#[from] syncline_engine::ports::secrets::SecretsError),
    #[error(
        "secret {0}: there is no installation key of 32 bytes in base64; on one machine `syncline connect` makes it, on AWS deploying does"
    )]
    Missing(String),
}

/// Signs tokens and tells its own from others. `Debug` shows that there is one.
#[derive(Clone)]
pub struct Signer(Hmac<Sha256>);

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Signer([redacted])")
    }
}

fn keyed(key: &[u8; KEY_BYTES]) -> Hmac<Sha256> {
    let mut block = hmac::digest::Key::<Hmac<Sha256>>::default();
    // Shorter than the hash's block: the rest is zeros, as HMAC pads.
    for (place, byte) in block.iter_mut().zip(key) {
        *place = *byte;
    }
    Hmac::<Sha256>::new(&block)
}

impl Signer {
    /// Signs under a key of its own, derived from the installation's, so that a token can be mistaken for nothing else that it signs.
    pub fn new(installation: &[u8; KEY_BYTES]) -> Self {
        let mut derivation = keyed(installation);
        derivation.update(PURPOSE);
        Self(keyed(&derivation.finalize().into_bytes().into()))
    }

    /// With the installation's key from the secrets: the bundle's `key`, 32 bytes in base64.
    pub async fn load(secrets: &dyn Secrets, bundle: &str) -> Result<Self, SignerProblem> {
        let missing = || SignerProblem::Missing(bundle.to_owned());
        let loaded = secrets.load(bundle).await?;
        let key = loaded.as_ref().and_then(|bundle| bundle.get("key")).ok_or_else(missing)?;
        let bytes = STANDARD.decode(key.expose().trim()).map_err(|_| missing())?;
        Ok(Self::new(&bytes.try_into().map_err(|_| missing())?))
    }

    /// A token for this requester, valid from `now` for `TOKEN_VALID`.
    pub fn mint(&self, sync: &SyncName, requester: &RecordId, now: Timestamp) -> (String, PanelToken) {
        let token = PanelToken { sync: sync.clone(), requester: requester.clone(), expires: now + TOKEN_VALID };
        (self.sign(&token), token)
    }

    /// The token as it travels.
    pub fn sign(&self, token: &PanelToken) -> String {
        let stored = Stored { v: FORMAT, token: token.clone() };
        let content = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&stored).unwrap_or_default());
        let mut mac = self.0.clone();
        mac.update(content.as_bytes());
        format!("{content}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
    }

    /// What the text grants now. Nothing of it is read before its signature holds, compared in constant time.
    pub fn check(&self, text: &str, now: Timestamp) -> Result<PanelToken, TokenRefused> {
        if text.len() > TOKEN_BYTES_MAX {
            return Err(TokenRefused::Forged);
        }
        let (content, signature) = text.split_once('.').ok_or(TokenRefused::Forged)?;
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| TokenRefused::Forged)?;
        let mut mac = self.0.clone();
        mac.update(content.as_bytes());
        mac.verify_slice(&signature).map_err(|_| TokenRefused::Forged)?;
        let content = URL_SAFE_NO_PAD.decode(content).map_err(|_| TokenRefused::Forged)?;
        let stored: Stored = serde_json::from_slice(&content).map_err(|_| TokenRefused::Forged)?;
        if stored.v != FORMAT {
            return Err(TokenRefused::Forged);
        }
        // One that lasts longer than any that is minted was not minted with this rule.
        if stored.token.expires <= now || stored.token.expires > now + TOKEN_VALID {
            return Err(TokenRefused::Expired);
        }
        Ok(stored.token)
    }
}
