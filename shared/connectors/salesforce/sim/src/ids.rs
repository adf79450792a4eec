//! Record ids: 15 case-sensitive characters, and the three that make them case-safe (fact sheet §2).

const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const CHECKS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345";

/// The 18-character id with this key prefix and number. Ids of one prefix sort as their numbers do.
pub(crate) fn mint(prefix: &str, number: u64) -> String {
    let mut tail = [b'0'; 9];
    let mut rest = number;
    for place in tail.iter_mut().rev() {
        *place = usize::try_from(rest % 62).ok().and_then(|digit| DIGITS.get(digit)).copied().unwrap_or(b'0');
        rest /= 62;
    }
    let mut id = String::with_capacity(18);
    id.push_str(prefix);
    id.push_str("Sy0");
    id.extend(tail.iter().map(|byte| char::from(*byte)));
    with_check(&id)
}

fn with_check(fifteen: &str) -> String {
    let mut id = fifteen.to_owned();
    for chunk in fifteen.as_bytes().chunks(5) {
        let bits = chunk.iter().enumerate().filter(|(_, byte)| byte.is_ascii_uppercase()).map(|(place, _)| 1_usize << place).sum::<usize>();
        id.push(CHECKS.get(bits).map_or('A', |byte| char::from(*byte)));
    }
    id
}

/// The 18-character form of a 15- or 18-character id; `None` where it is neither, or its check characters are wrong.
pub(crate) fn normalise(text: &str) -> Option<String> {
    if !text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    match text.len() {
        15 => Some(with_check(text)),
        18 => {
            let whole = with_check(text.get(..15)?);
            (whole == text).then_some(whole)
        }
        _ => None,
    }
}

/// The 15-character form that some messages carry.
pub(crate) fn short(id: &str) -> &str {
    id.get(..15).unwrap_or(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ids from recorded answers (fixtures/create-ok.json, fixtures/batch-create-contacts-success.json).
    #[test]
    fn the_check_characters_are_the_real_ones() {
        for id in ["001ak00000OQTieAAH", "003ak00000luKU1AAM", "003ak00000luKU2AAM", "003bm000016htgPAAQ"] {
            assert_eq!(normalise(short(id)).as_deref(), Some(id));
            assert_eq!(normalise(id).as_deref(), Some(id));
        }
        assert_eq!(normalise("001ak00000OQTieAAA"), None);
        assert_eq!(normalise("001ak00000OQTi"), None);
        assert_eq!(normalise("001ak00000OQT-e"), None);
    }

    #[test]
    fn minted_ids_sort_by_number() {
        let ids: Vec<String> = (0..200).map(|number| mint("003", number)).collect();
        assert!(ids.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(ids.iter().all(|id| normalise(id).as_ref() == Some(id)));
    }
}
