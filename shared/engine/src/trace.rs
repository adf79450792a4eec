//! A trace id joins everything that is said of one observed change: where it was queued, what was decided, what was written, what the history
//! remembers. It has the form of an `OpenTelemetry` trace id, so that other tools take it as theirs.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use syncline_model::{MappingName, RecordId, Side, SyncName, Timestamp};

/// 32 hexadecimal digits. Tells nothing of a record but whether two lines speak of the same change of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TraceId(String);

/// An `OpenTelemetry` trace id has 16 bytes.
const BYTES: usize = 16;

impl TraceId {
    /// The id of a change that was first observed at `since`. Derived, not drawn: whoever has the change knows it, without a word in the
    /// message, and messages of earlier versions have one too.
    pub fn of(sync: &SyncName, mapping: &MappingName, side: Side, id: &RecordId, since: Timestamp) -> Self {
        let text = format!("{sync}\0{mapping}\0{side}\0{id}\0{}", since.as_nanosecond());
        let digest = Sha256::digest(text.as_bytes());
        let digits = digest.iter().take(BYTES).flat_map(|byte| [byte >> 4, byte & 0xf]);
        Self(digits.filter_map(|digit| char::from_digit(u32::from(digit), 16)).collect())
    }
}

impl std::fmt::Display for TraceId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Logs and histories of different versions are read together: the derivation must not change.
    #[test]
    fn each_change_has_its_own_and_keeps_it() {
        let since: Timestamp = "2026-11-22T10:00:00.123456789Z".parse().unwrap();
        let of = |id: &str, side, since| TraceId::of(&"customers".into(), &"contacts".into(), side, &id.into(), since).to_string();
        let first = of("7", Side::Left, since);
        assert_eq!(first, "50bb919af9c3ab995e1740c9057aadf6");
        assert_eq!(first.len(), 2 * BYTES);
        let others = [of("8", Side::Left, since), of("7", Side::Right, since), of("7", Side::Left, Timestamp::UNIX_EPOCH)];
        assert!(others.iter().all(|other| *other != first));
    }
}
