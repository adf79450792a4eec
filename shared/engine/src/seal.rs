//! Values at rest outside the vendors — in messages, staged pages and the history — are sealed with the installation's key, so that
//! neither queue nor table holds customers' data that anyone can read.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::EngineError;
use crate::ports::clock::Dice;

pub struct Sealer {
    key: LessSafeKey,
}

impl Sealer {
    #[allow(clippy::expect_used, clippy::missing_panics_doc, reason = "the array has the length that the algorithm takes")]
    pub fn new(key: [u8; 32]) -> Self {
        let key = UnboundKey::new(&AES_256_GCM, &key).expect("a key of 256 bits");
        Self { key: LessSafeKey::new(key) }
    }

    /// Seals a value as text. The nonce comes from the dice.
    pub fn seal<T: Serialize>(&self, dice: &dyn Dice, value: &T) -> Result<String, EngineError> {
        let broken = |problem: String| EngineError::Unreadable { what: "a value to seal".into(), problem };
        let mut bytes = serde_json::to_vec(value).map_err(|error| broken(error.to_string()))?;
        let mut nonce = [0_u8; NONCE_LEN];
        let rolls = dice.roll().to_be_bytes().into_iter().chain(dice.roll().to_be_bytes());
        for (place, byte) in nonce.iter_mut().zip(rolls) {
            *place = byte;
        }
        self.key
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut bytes)
            .map_err(|_| broken("it is too large".into()))?;
        let mut sealed = nonce.to_vec();
        sealed.extend(bytes);
        Ok(STANDARD_NO_PAD.encode(sealed))
    }

    /// Opens what `seal` made. `what` names it in the error.
    pub fn open<T: DeserializeOwned>(&self, what: &str, sealed: &str) -> Result<T, EngineError> {
        let broken = |problem: &str| EngineError::Unreadable { what: what.to_owned(), problem: problem.to_owned() };
        let mut bytes = STANDARD_NO_PAD.decode(sealed).map_err(|_| broken("it is not sealed text"))?;
        if bytes.len() < NONCE_LEN {
            return Err(broken("it is cut"));
        }
        let mut rest = bytes.split_off(NONCE_LEN);
        let nonce = Nonce::try_assume_unique_for_key(&bytes).map_err(|_| broken("it is cut"))?;
        let plain = self
            .key
            .open_in_place(nonce, Aad::empty(), &mut rest)
            .map_err(|_| broken("it was sealed with another key, or changed since"))?;
        serde_json::from_slice(plain)
            .map_err(|error| broken(&format!("it has another shape (line {}, column {})", error.line(), error.column())))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    struct Counting(AtomicU64);

    impl Dice for Counting {
        fn roll(&self) -> u64 {
            self.0.fetch_add(1, Ordering::Relaxed)
        }
    }

    #[test]
    fn what_is_sealed_can_be_opened_only_with_the_key_and_unchanged() {
        let dice = Counting(AtomicU64::new(0));
        let sealer = Sealer::new([1; 32]);
        let text = sealer.seal(&dice, &"ida@nordwerk.example").unwrap();
        assert!(!text.contains("ida"));
        assert_eq!(sealer.open::<String>("a note", &text).unwrap(), "ida@nordwerk.example");
        assert!(Sealer::new([2; 32]).open::<String>("a note", &text).is_err());
        assert!(sealer.open::<String>("a note", &text[..text.len() - 2]).is_err());
        assert!(sealer.open::<String>("a note", "!").is_err());
        assert_ne!(text, sealer.seal(&dice, &"ida@nordwerk.example").unwrap());
    }
}
