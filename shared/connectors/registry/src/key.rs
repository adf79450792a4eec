//! The installation's key: what fingerprints and sealed values are made with.
//!
//! One secret of 32 bytes; each use has a key of its own, derived from it, so that no use can be turned against another.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use syncline_engine::ports::clock::Dice;
use syncline_engine::ports::secrets::{Bundle, Secrets, SecretsError};
use syncline_model::Secret;

/// The bundle's name. Its key `key` holds 32 bytes as base64.
pub const INSTALLATION: &str = "installation";
const KEY: &str = "key";
const BYTES: usize = 32;

/// Why there is no key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyError {
    Secrets(SecretsError),
    /// There is no such bundle, or it lacks its key.
    Missing,
    /// What is there is not 32 bytes of base64.
    Unreadable,
}

impl std::fmt::Display for KeyError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Secrets(error) => write!(f, "{error}"),
            Self::Missing => {
                write!(
                    f,
                    "secret {INSTALLATION}: there is no installation key yet; on one machine `syncline connect` makes it, on AWS deploying does"
                )
            }
            Self::Unreadable => {
                write!(
                    f,
                    "secret {INSTALLATION}: `{KEY}` is not {BYTES} bytes of base64; restore it: without it nothing stored can be read"
                )
            }
        }
    }
}

impl std::error::Error for KeyError {}

/// The key. `Debug` shows that there is one.
#[derive(Clone, PartialEq, Eq)]
pub struct InstallationKey([u8; BYTES]);

impl std::fmt::Debug for InstallationKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("InstallationKey([redacted])")
    }
}

impl InstallationKey {
    pub fn new(bytes: [u8; BYTES]) -> Self {
        Self(bytes)
    }

    /// The key as it was stored.
    pub async fn load(secrets: &dyn Secrets) -> Result<Self, KeyError> {
        let bundle = secrets.load(INSTALLATION).await.map_err(KeyError::Secrets)?;
        let secret = bundle.as_ref().and_then(|bundle| bundle.get(KEY)).ok_or(KeyError::Missing)?;
        let bytes = STANDARD.decode(secret.expose().trim()).map_err(|_| KeyError::Unreadable)?;
        bytes.try_into().map(Self).map_err(|_| KeyError::Unreadable)
    }

    /// The key as it was stored, or a new one, stored before it is used. The dice must be a cryptographic source.
    pub async fn load_or_create(secrets: &dyn Secrets, dice: &dyn Dice) -> Result<Self, KeyError> {
        match Self::load(secrets).await {
            Err(KeyError::Missing) => {}
            known => return known,
        }
        let mut bytes = [0; BYTES];
        for part in bytes.chunks_mut(size_of::<u64>()) {
            part.copy_from_slice(&dice.roll().to_be_bytes());
        }
        let bundle = Bundle([(KEY.to_owned(), Secret::new(STANDARD.encode(bytes)))].into());
        secrets.save(INSTALLATION, &bundle).await.map_err(KeyError::Secrets)?;
        Ok(Self(bytes))
    }

    /// What fingerprints are made with.
    pub(crate) fn marks(&self) -> [u8; BYTES] {
        self.derive("marks")
    }

    /// What values at rest are sealed with.
    pub(crate) fn seal(&self) -> [u8; BYTES] {
        self.derive("seal")
    }

    fn derive(&self, purpose: &str) -> [u8; BYTES] {
        let mut block = hmac::digest::Key::<Hmac<Sha256>>::default();
        // Shorter than the hash's block: the rest is zeros, as HMAC pads.
        for (place, byte) in block.iter_mut().zip(self.0) {
            *place = byte;
        }
        let mut mac = Hmac::<Sha256>::new(&block);
        mac.update(purpose.as_bytes());
        mac.finalize().into_bytes().into()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicU64, Ordering};

    use async_trait::async_trait;

    use super::*;

    #[derive(Default)]
    struct Memory(Mutex<BTreeMap<String, Bundle>>);

    #[async_trait]
    impl Secrets for Memory {
        async fn load(&self, name: &str) -> Result<Option<Bundle>, SecretsError> {
            Ok(self.0.lock().unwrap().get(name).cloned())
        }

        async fn save(&self, name: &str, bundle: &Bundle) -> Result<(), SecretsError> {
            self.0.lock().unwrap().insert(name.to_owned(), bundle.clone());
            Ok(())
        }
    }

    #[derive(Default)]
    struct Counting(AtomicU64);

    impl Dice for Counting {
        fn roll(&self) -> u64 {
            self.0.fetch_add(1, Ordering::Relaxed)
        }
    }

    #[tokio::test]
    async fn a_key_is_made_once_and_kept() {
        let (secrets, dice) = (Memory::default(), Counting::default());
        assert_eq!(InstallationKey::load(&secrets).await, Err(KeyError::Missing));
        let first = InstallationKey::load_or_create(&secrets, &dice).await.unwrap();
        let again = InstallationKey::load_or_create(&secrets, &dice).await.unwrap();
        assert_eq!(first, again);
        assert_eq!(InstallationKey::load(&secrets).await, Ok(first.clone()));
        assert_eq!(format!("{first:?}"), "InstallationKey([redacted])");
    }

    #[tokio::test]
    async fn a_damaged_key_is_not_replaced() {
        let (secrets, dice) = (Memory::default(), Counting::default());
        let damaged = Bundle([(KEY.to_owned(), Secret::new("c2hvcnQ="))].into());
        secrets.save(INSTALLATION, &damaged).await.unwrap();
        assert_eq!(InstallationKey::load_or_create(&secrets, &dice).await, Err(KeyError::Unreadable));
        assert_eq!(secrets.load(INSTALLATION).await.unwrap(), Some(damaged));
    }

    /// Stored marks and sealed values outlive a release: the derivation must not change.
    #[test]
    fn each_use_has_its_own_key_and_keeps_it() {
        let key = InstallationKey::new([7; BYTES]);
        assert_ne!(key.marks(), key.seal());
        let printed = STANDARD.encode(key.marks());
        assert_eq!(printed, "7ur0qJcAsOBjylYsFkQ+kUAfdz7vyiUk3QLZ4upvl3U=");
    }
}
