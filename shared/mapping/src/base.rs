//! The base of a link: per field, a mark of what each side stored when they last agreed.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use syncline_model::mutant::{Mutant, planted};
use syncline_model::{Side, Value};

/// What the link table keeps of a value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Retain {
    /// Keyed hashes: enough to see that a value changed, not what it is.
    #[default]
    Fingerprints,
    /// The values themselves: `explain` can show them.
    Values,
}

/// A value as the base remembers it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mark {
    /// The field was empty. Not a secret, and what `fill_empty` asks.
    #[serde(rename = "e")]
    Empty,
    /// A keyed hash of the normal form.
    #[serde(rename = "h")]
    Print(String),
    /// The normal form itself.
    #[serde(rename = "p")]
    Plain(Value),
}

impl std::fmt::Debug for Mark {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Empty => "empty",
            Self::Print(_) => "print",
            Self::Plain(_) => "plain",
        })
    }
}

/// One field's marks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldBase {
    #[serde(rename = "l")]
    pub left: Mark,
    #[serde(rename = "r")]
    pub right: Mark,
    /// Of a set whose marks are prints: its items', so that it can be merged item by item. A version that knows none drops them, and then the set is
    /// decided as a whole, once.
    #[serde(rename = "s", default, skip_serializing_if = "Option::is_none")]
    pub items: Option<ItemPrints>,
    /// The side whose owner has no user on the other, where something stands in for them until they have.
    #[serde(rename = "o", default, skip_serializing_if = "Option::is_none")]
    pub owner_not_found: Option<Side>,
    /// The side whose record does not have the field, though others of its object do. Once it has, the link is a first link for this field. A version that
    /// knows nothing of this takes the field for empty there.
    #[serde(rename = "n", default, skip_serializing_if = "Option::is_none")]
    pub absent: Option<Side>,
}

impl FieldBase {
    pub fn new(left: Mark, right: Mark) -> Self {
        Self { left, right, items: None, owner_not_found: None, absent: None }
    }

    pub fn of(&self, side: Side) -> &Mark {
        side.of(&self.left, &self.right)
    }
}

/// Keyed hashes of the items that each side's set had.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemPrints {
    #[serde(rename = "l")]
    left: Vec<String>,
    /// `None`: as the left's.
    #[serde(rename = "r", default, skip_serializing_if = "Option::is_none")]
    right: Option<Vec<String>>,
}

impl ItemPrints {
    pub(crate) fn of(&self, side: Side) -> &[String] {
        side.of(&self.left, self.right.as_ref().unwrap_or(&self.left))
    }
}

/// What both sides last agreed on, by the name of the mapped field. A field that is not here has no base: for it, and for it alone, the
/// link is a first link.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Base(pub BTreeMap<String, FieldBase>);

/// Makes and compares marks. The key is the installation's; without it a print tells nothing.
#[derive(Clone)]
pub struct Marker {
    /// The hash with the key taken in: each print begins from a copy of it.
    keyed: Hmac<Sha256>,
    retain: Retain,
}

impl std::fmt::Debug for Marker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Marker({:?})", self.retain)
    }
}

/// 96 bits of the hash: a chance of one in 10^17 that any of a billion changes goes unseen.
const PRINT_BYTES: usize = 12;

/// Items are told from those of the same set only: 48 bits are one wrong item in billions of sets.
const ITEM_PRINT_CHARACTERS: usize = 8;

impl Marker {
    pub fn new(key: [u8; 32], retain: Retain) -> Self {
        // HMAC fills a key up to its block with zeros; a whole block can be given without a length that could be wrong.
        let mut block = hmac::digest::Key::<Hmac<Sha256>>::default();
        block.iter_mut().zip(key).for_each(|(to, from)| *to = from);
        Self { keyed: Hmac::<Sha256>::new(&block), retain }
    }

    /// The mark of a value in normal form. Marks of different fields never compare equal, so that equal values cannot be correlated.
    pub fn mark(&self, field: &str, normal: &Value) -> Mark {
        match (normal, self.retain) {
            (Value::Null, _) => Mark::Empty,
            (_, Retain::Fingerprints) if planted(Mutant::ValuesInLinks) => Mark::Plain(normal.clone()),
            (_, Retain::Fingerprints) => Mark::Print(self.print(field, normal)),
            (_, Retain::Values) => Mark::Plain(normal.clone()),
        }
    }

    /// Whether the mark was made of this value, however it was retained then.
    pub fn is_mark_of(&self, mark: &Mark, field: &str, normal: &Value) -> bool {
        match mark {
            Mark::Empty => normal.is_null(),
            Mark::Print(print) => !normal.is_null() && *print == self.print(field, normal),
            Mark::Plain(value) => value == normal,
        }
    }

    /// Whether two marks of a field were made of the same value, however each was retained.
    pub(crate) fn is_same(&self, field: &str, one: &Mark, other: &Mark) -> bool {
        match (one, other) {
            (Mark::Print(print), Mark::Plain(value)) | (Mark::Plain(value), Mark::Print(print)) => *print == self.print(field, value),
            (Mark::Empty | Mark::Print(_) | Mark::Plain(_), _) => one == other,
        }
    }

    /// The prints of both sides' items; `None` where there are none, or where the marks hold the values themselves.
    pub(crate) fn item_prints(&self, left: Vec<String>, right: Vec<String>) -> Option<ItemPrints> {
        let worth = self.retain == Retain::Fingerprints && !(left.is_empty() && right.is_empty());
        worth.then(|| ItemPrints { right: (right != left).then_some(right), left })
    }

    /// A keyed hash of one item of a field's set, short: it is compared within the set only.
    pub(crate) fn item_print(&self, field: &str, item: &str) -> String {
        let mut print = self.print(&format!("{field}\u{0}item"), &Value::Text(item.to_owned()));
        print.truncate(ITEM_PRINT_CHARACTERS);
        print
    }

    /// Whether a side's set had this item, in normal form, when the two last agreed; `None` where the base cannot tell.
    pub(crate) fn had(&self, marks: &FieldBase, side: Side, field: &str, item: &str) -> Option<bool> {
        match marks.of(side) {
            Mark::Empty => Some(false),
            Mark::Plain(Value::Set(items)) => Some(items.contains(item)),
            Mark::Plain(_) => None,
            Mark::Print(_) => marks.items.as_ref().map(|items| items.of(side).contains(&self.item_print(field, item))),
        }
    }

    /// A keyed hash of a value under a name: also the form in which match keys rest.
    pub fn print(&self, name: &str, value: &Value) -> String {
        let mut mac = self.keyed.clone();
        mac.update(name.as_bytes());
        mac.update(&[0]);
        match value {
            Value::Null => mac.update(b"0"),
            Value::Bool(value) => mac.update(&[b'b', u8::from(*value)]),
            Value::Integer(value) => {
                mac.update(b"i");
                mac.update(&value.to_be_bytes());
            }
            Value::Decimal(value) => {
                mac.update(b"d");
                mac.update(value.normalize().to_string().as_bytes());
            }
            Value::Text(value) => {
                mac.update(b"t");
                mac.update(value.as_bytes());
            }
            Value::Date(value) => {
                mac.update(b"D");
                mac.update(value.to_string().as_bytes());
            }
            Value::DateTime(value) => {
                mac.update(b"T");
                mac.update(&value.as_nanosecond().to_be_bytes());
            }
            Value::Set(items) => {
                mac.update(b"s");
                for item in items {
                    mac.update(&(item.len() as u64).to_be_bytes());
                    mac.update(item.as_bytes());
                }
            }
            Value::Reference(id) => {
                mac.update(b"r");
                mac.update(id.as_str().as_bytes());
            }
        }
        let hash = mac.finalize().into_bytes();
        URL_SAFE_NO_PAD.encode(hash.get(..PRINT_BYTES).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_depend_on_key_field_and_value_and_show_nothing() {
        let one = Marker::new([1; 32], Retain::Fingerprints);
        let two = Marker::new([2; 32], Retain::Fingerprints);
        let value = Value::text("ida@nordwerk.example");
        let mark = one.mark("email", &value);
        assert!(one.is_mark_of(&mark, "email", &value));
        assert!(!one.is_mark_of(&mark, "phone", &value));
        assert!(!two.is_mark_of(&mark, "email", &value));
        assert!(!one.is_mark_of(&mark, "email", &Value::Null));
        assert!(!serde_json::to_string(&mark).unwrap().contains("ida"));
    }

    #[test]
    fn a_set_cannot_be_confused_with_another_of_the_same_letters() {
        let marker = Marker::new([1; 32], Retain::Fingerprints);
        let one = Value::set(["ab".to_owned(), "c".to_owned()]);
        let other = Value::set(["a".to_owned(), "bc".to_owned()]);
        assert_ne!(marker.print("tags", &one), marker.print("tags", &other));
    }

    #[test]
    fn a_change_of_retention_keeps_old_marks_readable() {
        let value = Value::Integer(3);
        let plain = Marker::new([1; 32], Retain::Values).mark("n", &value);
        let fingerprints = Marker::new([1; 32], Retain::Fingerprints);
        assert!(fingerprints.is_mark_of(&plain, "n", &value));
        let print = fingerprints.mark("n", &value);
        assert!(fingerprints.is_same("n", &plain, &print) && fingerprints.is_same("n", &print, &plain));
        assert!(!fingerprints.is_same("n", &plain, &fingerprints.mark("n", &Value::Integer(4))));
        assert!(!fingerprints.is_same("n", &plain, &Mark::Empty));
    }
}
