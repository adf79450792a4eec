//! A set that both sides changed: what each added and removed since they last agreed is kept, item by item.

use std::collections::BTreeMap;

use syncline_model::Value;

use crate::Equality;

/// A set's items as they are written, by their normal forms; `None` for what is no set. Nothing is a set without items.
pub(super) fn items(equality: &Equality, view: &Value) -> Option<BTreeMap<String, String>> {
    match view {
        Value::Null => Some(BTreeMap::new()),
        Value::Set(items) => {
            let mut by_form = BTreeMap::new();
            for item in items {
                if let Value::Text(form) = equality.normal(&Value::text(item.as_str())) {
                    by_form.entry(form).or_insert_with(|| item.clone());
                }
            }
            Some(by_form)
        }
        Value::Bool(_)
        | Value::Integer(_)
        | Value::Decimal(_)
        | Value::Text(_)
        | Value::Date(_)
        | Value::DateTime(_)
        | Value::Reference(_) => None,
    }
}

/// One side's items with what the other added, and without what the other removed. `own_had`, `other_had`: whether that side's set had an item when
/// the two last agreed; `None` where that cannot be told.
///
/// Each side is measured by what it had itself, so that an item that one of them cannot hold is no removal; what one adds while the other removes it
/// stays. Both sides come to the same answer about each item, whichever is asked first.
pub(super) fn merged(
    own: &BTreeMap<String, String>,
    other: &BTreeMap<String, String>,
    own_had: impl Fn(&str) -> Option<bool>,
    other_had: impl Fn(&str) -> Option<bool>,
) -> Option<BTreeMap<String, String>> {
    let mut merged = BTreeMap::new();
    for (form, item) in own {
        let removed = !other.contains_key(form) && other_had(form)? && own_had(form)?;
        if !removed {
            merged.insert(form.clone(), item.clone());
        }
    }
    for (form, item) in other {
        if !own.contains_key(form) && !other_had(form)? {
            merged.insert(form.clone(), item.clone());
        }
    }
    Some(merged)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(items: &str) -> BTreeMap<String, String> {
        items.split_whitespace().map(|item| (item.to_owned(), item.to_owned())).collect()
    }

    #[test]
    fn each_side_gets_the_others_changes() {
        // own, other, what own had, what the other had; what own becomes
        let cases = [
            ("a b", "a c", "a", "a", "a b c"),
            ("a b", "a", "a b", "a b", "a"),
            ("b", "a c", "a b", "a b", "c"),
            ("a", "b", "", "", "a b"),
            ("", "a", "a", "a", ""),
            // The other side never held `x`: it removed nothing.
            ("a x", "a b", "a x", "a", "a b x"),
            // Own added what the other removed.
            ("a x", "a", "a", "a x", "a x"),
        ];
        for (own, other, own_had, other_had, expected) in cases {
            let had = |items: &str, item: &str| Some(set(items).contains_key(item));
            let found = merged(&set(own), &set(other), |item| had(own_had, item), |item| had(other_had, item));
            assert_eq!(found, Some(set(expected)), "{own:?} with {other:?}");
        }
        assert_eq!(merged(&set("a"), &set("b"), |_| None, |_| None), None);
    }
}
