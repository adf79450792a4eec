//! Time and chance. Nothing else in the engine may ask for either.

use syncline_model::Timestamp;

pub trait Clock: Send + Sync {
    fn now(&self) -> Timestamp;
}

/// Chance: jitter, lease owners, nonces. In production a cryptographic source, in a simulation the seed's.
pub trait Dice: Send + Sync {
    fn roll(&self) -> u64;
}
