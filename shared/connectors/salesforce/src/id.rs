//! Salesforce ids: 15 case-sensitive characters, or the same with a three-character checksum of their case (fact sheet §2).
//!
//! One form is compared and stored: 18 characters.

use syncline_model::RecordId;

const SUFFIX: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345";

/// Whether the text has an id's shape.
pub(crate) fn is_id(text: &str) -> bool {
    matches!(text.len(), 15 | 18) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// The 18-character form; `None` where the text is no id. An 18-character id is kept as the vendor wrote it.
pub(crate) fn canonical(text: &str) -> Option<String> {
    if !is_id(text) {
        return None;
    }
    if text.len() == 18 {
        return Some(text.to_owned());
    }
    let suffix = text.as_bytes().chunks(5).map(|five| {
        let bits = five.iter().enumerate().fold(0usize, |bits, (place, byte)| bits | (usize::from(byte.is_ascii_uppercase()) << place));
        char::from(SUFFIX[bits])
    });
    Some(text.chars().chain(suffix).collect())
}

/// The 18-character form of an id that may be sent. One whose checksum is wrong names no record, and a single such id makes Salesforce refuse
/// the whole question (`MALFORMED_ID`).
pub(crate) fn sendable(text: &str) -> Option<String> {
    let full = canonical(text)?;
    (canonical(full.get(..15)?)? == full).then_some(full)
}

/// The id in its stored form; a text that is no id stays as it is (old recordings have such).
pub(crate) fn record_id(text: &str) -> RecordId {
    RecordId::new(canonical(text).unwrap_or_else(|| text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fifteen_characters_get_their_checksum() {
        // Pairs from recordings: the first fifteen characters of each lead to the recorded last three.
        for full in ["003ak00000luKU1AAM", "001ak00000OQTieAAH", "003ak000003dQCGAA2", "005bm000005uOROAA2", "00Dx0000000BV7zEAG"] {
            assert_eq!(canonical(&full[..15]).as_deref(), Some(full));
            assert_eq!(canonical(full).as_deref(), Some(full));
        }
    }

    #[test]
    fn other_texts_are_no_ids() {
        for text in ["", "foo", "001ak00000OQTi-", "001ak00000OQTieA"] {
            assert_eq!(canonical(text), None, "{text}");
        }
        assert_eq!(record_id("foo").as_str(), "foo");
    }

    #[test]
    fn an_id_with_a_wrong_checksum_is_kept_but_not_sent() {
        assert_eq!(sendable("003ak00000luKU1").as_deref(), Some("003ak00000luKU1AAM"));
        assert_eq!(sendable("003ak00000luKU1AAM").as_deref(), Some("003ak00000luKU1AAM"));
        assert_eq!((sendable("003ak00000luku1AAM"), sendable("foo")), (None, None));
        assert_eq!(record_id("003ak00000luku1AAM").as_str(), "003ak00000luku1AAM");
    }
}
