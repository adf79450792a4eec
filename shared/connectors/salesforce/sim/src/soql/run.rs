//! From a plan to the slots that match: through an index where the filter allows it, by a scan where not.

use std::cmp::Ordering;

use super::parse::Operator;
use super::plan::{Operand, Path, Plan, Sorting, Test};
use crate::objects::{Kind, Source};
use crate::rows::{Row, Store, Table};

/// The slots that match, in the plan's order, after offset and limit. Deleted rows take part if asked for.
pub(crate) fn run(store: &Store, plan: &Plan, with_deleted: bool) -> Vec<usize> {
    run_among(store, plan, with_deleted, None)
}

/// The same, among these slots only.
pub(super) fn run_among(store: &Store, plan: &Plan, with_deleted: bool, among: Option<Vec<usize>>) -> Vec<usize> {
    let Some(table) = store.table(plan.table) else { return Vec::new() };
    let wanted = plan.limit.map(|limit| limit.saturating_add(plan.offset));
    let matches = |slot: &usize| {
        table.row(*slot).is_some_and(|row| {
            (with_deleted || row.deleted_at.is_none()) && plan.test.as_ref().is_none_or(|test| holds(store, table, row, test))
        })
    };
    let known = among.or_else(|| plan.test.as_ref().and_then(|test| candidates(table, test)));
    let (from, to) = plan.test.as_ref().map_or((i64::MIN, i64::MAX), stamps);
    let by_stamp = known.is_none() && (from > i64::MIN || to < i64::MAX || follows_stamp(&plan.order));
    let take = |in_order: bool| if in_order { wanted.unwrap_or(usize::MAX) } else { usize::MAX };
    let mut slots: Vec<usize> = match known {
        Some(mut slots) => {
            slots.sort_unstable();
            slots.dedup();
            slots.into_iter().filter(matches).collect()
        }
        None if by_stamp => {
            let in_order = plan.order.is_empty() || follows_stamp(&plan.order);
            table.stamped(from, to).filter(matches).take(take(in_order)).collect()
        }
        None => table.slots().filter(matches).take(take(follows_id(&plan.order))).collect(),
    };
    let is_sorted = if by_stamp { plan.order.is_empty() || follows_stamp(&plan.order) } else { follows_id(&plan.order) };
    if !is_sorted {
        sort(store, table, &plan.order, &mut slots);
    }
    slots.into_iter().skip(plan.offset).take(plan.limit.unwrap_or(usize::MAX)).collect()
}

/// `ORDER BY SystemModstamp [, Id]`, ascending: the order of the index.
fn follows_stamp(order: &[Sorting]) -> bool {
    let plain = |sorting: &Sorting, source: &Source| !sorting.descending && sorting.path.hops.is_empty() && &sorting.path.source == source;
    match order {
        [stamp] => plain(stamp, &Source::SystemModstamp),
        [stamp, id] => plain(stamp, &Source::SystemModstamp) && plain(id, &Source::Id),
        _ => false,
    }
}

/// No order, or by id: the order of the slots.
fn follows_id(order: &[Sorting]) -> bool {
    match order {
        [] => true,
        [id] => !id.descending && id.path.hops.is_empty() && id.path.source == Source::Id,
        _ => false,
    }
}

/// Slots that an index gives for the filter, a superset of the matches; `None` where no index helps.
fn candidates(table: &Table, test: &Test) -> Option<Vec<usize>> {
    match test {
        Test::Compare(path, Operator::Equal, operand) => with_operand(table, path, operand),
        Test::Among { path, negated: false, operands } => {
            let found: Option<Vec<Vec<usize>>> = operands.iter().map(|operand| with_operand(table, path, operand)).collect();
            found.map(|lists| lists.concat())
        }
        Test::And(parts) => parts.iter().filter_map(|part| candidates(table, part)).min_by_key(Vec::len),
        Test::Or(parts) => parts.iter().map(|part| candidates(table, part)).collect::<Option<Vec<_>>>().map(|lists| lists.concat()),
        Test::Not(_) | Test::Compare(..) | Test::Among { .. } | Test::Like(..) => None,
    }
}

fn with_operand(table: &Table, path: &Path, operand: &Operand) -> Option<Vec<usize>> {
    let Operand::Text(text) = operand else { return None };
    if !path.hops.is_empty() {
        return None;
    }
    if path.kind == Kind::Id {
        return Some(table.slot_of(text).into_iter().collect());
    }
    if path.source != Source::Stored {
        return None;
    }
    table.with_value(path.index, text)
}

/// The stamps that can match, both bounds included: an intersection under AND, a hull under OR (so that a keyset filter has a bound).
fn stamps(test: &Test) -> (i64, i64) {
    let all = (i64::MIN, i64::MAX);
    match test {
        Test::Compare(path, operator, Operand::Moment(at)) if path.source == Source::SystemModstamp && path.hops.is_empty() => {
            match operator {
                Operator::Equal => (*at, *at),
                Operator::Less => (i64::MIN, at - 1),
                Operator::LessOrEqual => (i64::MIN, *at),
                Operator::Greater => (at + 1, i64::MAX),
                Operator::GreaterOrEqual => (*at, i64::MAX),
                Operator::Unequal => all,
            }
        }
        Test::And(parts) => parts.iter().map(stamps).fold(all, |one, other| (one.0.max(other.0), one.1.min(other.1))),
        Test::Or(parts) => {
            let hull = parts.iter().map(stamps).reduce(|one, other| (one.0.min(other.0), one.1.max(other.1)));
            hull.unwrap_or(all)
        }
        Test::Compare(..) | Test::Not(_) | Test::Among { .. } | Test::Like(..) => all,
    }
}

fn holds(store: &Store, table: &Table, row: &Row, test: &Test) -> bool {
    match test {
        Test::And(parts) => parts.iter().all(|part| holds(store, table, row, part)),
        Test::Or(parts) => parts.iter().any(|part| holds(store, table, row, part)),
        Test::Not(inner) => !holds(store, table, row, inner),
        Test::Compare(path, operator, operand) => compares(&path.read(store, table, row), *operator, operand),
        Test::Among { path, negated, operands } => operands.contains(&path.read(store, table, row)) != *negated,
        Test::Like(path, pattern) => {
            let Operand::Text(value) = path.read(store, table, row) else { return false };
            like(&value.to_lowercase().chars().collect::<Vec<_>>(), pattern)
        }
    }
}

fn compares(value: &Operand, operator: Operator, operand: &Operand) -> bool {
    let order = || if value == &Operand::Null || operand == &Operand::Null { None } else { order_of(value, operand) };
    match operator {
        Operator::Equal => value == operand,
        Operator::Unequal => value != operand,
        Operator::Less => order() == Some(Ordering::Less),
        Operator::LessOrEqual => order().is_some_and(Ordering::is_le),
        Operator::Greater => order() == Some(Ordering::Greater),
        Operator::GreaterOrEqual => order().is_some_and(Ordering::is_ge),
    }
}

fn order_of(one: &Operand, other: &Operand) -> Option<Ordering> {
    match (one, other) {
        (Operand::Bool(one), Operand::Bool(other)) => Some(one.cmp(other)),
        (Operand::Number(one), Operand::Number(other)) => one.partial_cmp(other),
        (Operand::Text(one), Operand::Text(other)) => Some(one.cmp(other)),
        (Operand::Moment(one), Operand::Moment(other)) => Some(one.cmp(other)),
        _ => None,
    }
}

/// `%` is any text, `_` any letter; a backslash takes their meaning.
fn like(text: &[char], pattern: &[char]) -> bool {
    match pattern {
        [] => text.is_empty(),
        ['%', rest @ ..] => (0..=text.len()).any(|from| like(text.get(from..).unwrap_or_default(), rest)),
        ['_', rest @ ..] => !text.is_empty() && like(text.get(1..).unwrap_or_default(), rest),
        ['\\', letter, rest @ ..] | [letter, rest @ ..] => text.first() == Some(letter) && like(text.get(1..).unwrap_or_default(), rest),
    }
}

fn sort(store: &Store, table: &Table, order: &[Sorting], slots: &mut Vec<usize>) {
    let keys = |slot: usize| -> Vec<Operand> {
        let Some(row) = table.row(slot) else { return Vec::new() };
        order.iter().map(|sorting| sorting.path.read(store, table, row)).collect()
    };
    let mut keyed: Vec<(Vec<Operand>, usize)> = slots.iter().map(|&slot| (keys(slot), slot)).collect();
    keyed.sort_by(|(one, one_slot), (other, other_slot)| {
        let by_keys = order.iter().zip(one.iter().zip(other)).map(|(sorting, (one, other))| {
            let nulls = if sorting.nulls_last { Ordering::Greater } else { Ordering::Less };
            match (one == &Operand::Null, other == &Operand::Null) {
                (true, true) => Ordering::Equal,
                (true, false) => nulls,
                (false, true) => nulls.reverse(),
                (false, false) => {
                    let ascending = order_of(one, other).unwrap_or(Ordering::Equal);
                    if sorting.descending { ascending.reverse() } else { ascending }
                }
            }
        });
        by_keys.fold(Ordering::Equal, Ordering::then).then(one_slot.cmp(other_slot))
    });
    *slots = keyed.into_iter().map(|(_, slot)| slot).collect();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn like_knows_its_wild_cards() {
        let is = |text: &str, pattern: &str| like(&text.chars().collect::<Vec<_>>(), &pattern.chars().collect::<Vec<_>>());
        assert!(is("nordwerk", "nord%"));
        assert!(is("nordwerk", "%wer_"));
        assert!(!is("nordwerk", "werk"));
        assert!(is("5%", "5\\%") && !is("50", "5\\%"));
    }
}
