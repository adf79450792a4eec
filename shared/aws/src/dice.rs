//! Chance from the cryptographic library that TLS already links.

use aws_lc_rs::rand;
use syncline_engine::ports::clock::Dice;

/// The production `Dice`.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemDice;

impl Dice for SystemDice {
    #[allow(clippy::expect_used, reason = "without randomness tokens and owners would repeat: stopping is the only safe answer")]
    fn roll(&self) -> u64 {
        let mut bytes = [0; 8];
        rand::fill(&mut bytes).expect("the operating system gives random bytes");
        u64::from_le_bytes(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rolls_differ() {
        let rolls: std::collections::BTreeSet<u64> = (0..1000).map(|_| SystemDice.roll()).collect();
        assert_eq!(rolls.len(), 1000);
    }
}
