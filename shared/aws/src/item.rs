//! An item as the table holds it, and what must hold of one, in `DynamoDB`'s words.
//!
//! Attributes: `pk` and `sk` the key, `v` the version, `b` the body, `e` the last second of its life as epoch seconds (the table's TTL
//! attribute). Short names because they are paid for with every item.

#![allow(clippy::disallowed_types, reason = "the SDK speaks in hash maps; nothing here iterates over one")]

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use syncline_engine::ports::store::{Expect, Item, Key};
use syncline_model::Timestamp;

pub(crate) const PARTITION: &str = "pk";
pub(crate) const SORT: &str = "sk";
pub(crate) const EXPIRES: &str = "e";
const VERSION: &str = "v";
const BODY: &str = "b";

/// The table takes no empty sort key. This stands for one: nothing sorts before it.
const EMPTY_SORT: &str = "\0";

pub(crate) type Attributes = HashMap<String, AttributeValue>;

pub(crate) fn stored_sort(sort: &str) -> AttributeValue {
    AttributeValue::S(if sort.is_empty() { EMPTY_SORT.to_owned() } else { sort.to_owned() })
}

pub(crate) fn key_attributes(key: &Key) -> Attributes {
    HashMap::from([(PARTITION.to_owned(), AttributeValue::S(key.partition.clone())), (SORT.to_owned(), stored_sort(&key.sort))])
}

pub(crate) fn item_attributes(item: &Item) -> Attributes {
    let mut attributes = key_attributes(&item.key);
    attributes.insert(VERSION.to_owned(), AttributeValue::N(item.version.to_string()));
    attributes.insert(BODY.to_owned(), AttributeValue::S(item.body.clone()));
    if let Some(expires) = item.expires {
        attributes.insert(EXPIRES.to_owned(), AttributeValue::N(last_second(expires).to_string()));
    }
    attributes
}

/// The first whole second that does not come before the moment: an item never dies early.
fn last_second(expires: Timestamp) -> i64 {
    let second = expires.as_second();
    if expires.subsec_nanosecond() > 0 { second.saturating_add(1) } else { second }
}

/// The key alone; `None` where the row is not one of ours.
pub(crate) fn read_key(attributes: &Attributes) -> Option<Key> {
    let partition = attributes.get(PARTITION)?.as_s().ok()?;
    let sort = attributes.get(SORT)?.as_s().ok()?;
    let sort = if sort == EMPTY_SORT { "" } else { sort };
    Some(Key { partition: partition.clone(), sort: sort.to_owned() })
}

/// The whole item; `None` where the row is not one of ours.
pub(crate) fn read_item(mut attributes: Attributes) -> Option<Item> {
    let key = read_key(&attributes)?;
    let version = attributes.get(VERSION)?.as_n().ok()?.parse().ok()?;
    let expires = match attributes.get(EXPIRES) {
        Some(second) => Some(Timestamp::from_second(second.as_n().ok()?.parse().ok()?).ok()?),
        None => None,
    };
    // Taken out rather than copied: bodies are the bulk of an answer.
    let AttributeValue::S(body) = attributes.remove(BODY)? else { return None };
    Some(Item { key, body, version, expires })
}

/// Whether readers treat the item as gone. The same rule as in the conditions: exactly one of "absent" and "has its version" holds.
pub(crate) fn is_gone(item: &Item, now: Timestamp) -> bool {
    item.expires.is_some_and(|expires| expires.as_second() < now.as_second())
}

/// A condition on an item, with the values that it names.
pub(crate) struct Condition {
    pub(crate) expression: &'static str,
    pub(crate) values: Attributes,
}

/// `None` where anything is well.
pub(crate) fn condition(expect: Expect, now: Timestamp) -> Option<Condition> {
    let now = AttributeValue::N(now.as_second().to_string());
    match expect {
        Expect::Any => None,
        Expect::Absent => {
            Some(Condition { expression: "attribute_not_exists(pk) OR e < :now", values: HashMap::from([(":now".to_owned(), now)]) })
        }
        Expect::Version(version) => Some(Condition {
            expression: "v = :v AND (attribute_not_exists(e) OR e >= :now)",
            values: HashMap::from([(":now".to_owned(), now), (":v".to_owned(), AttributeValue::N(version.to_string()))]),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(expires: Option<&str>) -> Item {
        let key = Key { partition: "link".into(), sort: String::new() };
        Item { key, body: "{}".into(), version: 3, expires: expires.map(|text| text.parse().unwrap()) }
    }

    #[test]
    fn an_item_survives_the_table() {
        for expires in [None, Some("2026-11-22T10:00:00Z")] {
            assert_eq!(read_item(item_attributes(&item(expires))), Some(item(expires)));
        }
    }

    #[test]
    fn an_item_lives_through_its_last_second() {
        let stored = read_item(item_attributes(&item(Some("2026-11-22T10:00:00.25Z")))).unwrap();
        assert_eq!(stored.expires.unwrap().to_string(), "2026-11-22T10:00:01Z");
        assert!(!is_gone(&stored, "2026-11-22T10:00:01.9Z".parse().unwrap()));
        assert!(is_gone(&stored, "2026-11-22T10:00:02Z".parse().unwrap()));
    }

    #[test]
    fn a_foreign_row_is_no_item() {
        let mut row = item_attributes(&item(None));
        row.remove(BODY);
        assert_eq!(read_item(row), None);
    }
}
