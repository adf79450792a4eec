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
}
