//! The index that searches read: rows as they were some time ago. What was written since is on its way.
//!
//! Why rows and not only ids: a search that answers a row as it no longer is, or one that was deleted meanwhile, is the unkindest reading
//! of "lags a few minutes" (fact sheet §3.2).

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use super::grammar::{Comparison, Expression, Literal, Term};

/// One value of a row under a key.
pub(crate) enum Operand<'a> {
    Text(&'a str),
    Integer(i64),
    Boolean(bool),
    /// Seconds since the epoch.
    Moment(i64),
}

pub(crate) trait Searchable {
    /// Whether searches see the row at all.
    fn is_listed(&self) -> bool;
    /// The row's values under the key; none stands for null.
    fn operands(&self, key: &str) -> Vec<Operand<'_>>;
    /// Names each text by which searches are narrowed.
    fn terms(&self, note: &mut dyn FnMut(&str, &str));
    /// Whether `terms` names all texts of this key.
    fn is_term(key: &str) -> bool;
}

pub(crate) struct Index<T> {
    lag_s: i64,
    rows: BTreeMap<i64, Arc<T>>,
    terms: BTreeSet<(String, String, i64)>,
    coming: VecDeque<(i64, i64, Option<Arc<T>>)>,
}

impl<T: Searchable> Index<T> {
    pub(crate) fn new(lag_s: u32) -> Self {
        Self { lag_s: i64::from(lag_s), rows: BTreeMap::new(), terms: BTreeSet::new(), coming: VecDeque::new() }
    }

    /// A row was written, or is gone: searches hear of it after the lag.
    pub(crate) fn later(&mut self, now: i64, id: i64, row: Option<Arc<T>>) {
        self.coming.push_back((now + self.lag_s, id, row));
    }

    /// Takes in what is due by now.
    pub(crate) fn settle(&mut self, now: i64) {
        while self.coming.front().is_some_and(|(due, _, _)| *due <= now) {
            if let Some((_, id, row)) = self.coming.pop_front() {
                self.at_once(id, row);
            }
        }
    }

    pub(crate) fn at_once(&mut self, id: i64, row: Option<Arc<T>>) {
        let terms = &mut self.terms;
        if let Some(old) = self.rows.remove(&id) {
            old.terms(&mut |key, text| {
                terms.remove(&(key.to_owned(), text.to_lowercase(), id));
            });
        }
        if let Some(row) = row.filter(|row| row.is_listed()) {
            row.terms(&mut |key, text| {
                terms.insert((key.to_owned(), text.to_lowercase(), id));
            });
            self.rows.insert(id, row);
        }
    }

    /// Every row that fits, by id.
    pub(crate) fn find(&self, expression: &Expression) -> Vec<Arc<T>> {
        match narrowing::<T>(expression) {
            Some((key, text)) => {
                let from = (key.to_owned(), text.to_owned(), i64::MIN);
                let to = (key.to_owned(), text.to_owned(), i64::MAX);
                let rows = self.terms.range(from..=to).filter_map(|(_, _, id)| self.rows.get(id));
                rows.filter(|row| fits(row.as_ref(), expression)).cloned().collect()
            }
            None => self.rows.values().filter(|row| fits(row.as_ref(), expression)).cloned().collect(),
        }
    }
}

/// A text that every row of the answer must have.
fn narrowing<T: Searchable>(expression: &Expression) -> Option<(&str, &str)> {
    match expression {
        Expression::Term(Term { key, comparison: Comparison::Equal, literal: Literal::Text(text) }) if T::is_term(key) => Some((key, text)),
        Expression::All(parts) => parts.iter().find_map(narrowing::<T>),
        Expression::Term(_) | Expression::Any(_) => None,
    }
}

fn fits<T: Searchable>(row: &T, expression: &Expression) -> bool {
    match expression {
        Expression::All(parts) => parts.iter().all(|part| fits(row, part)),
        Expression::Any(parts) => parts.iter().any(|part| fits(row, part)),
        Expression::Term(term) => {
            let operands = row.operands(&term.key);
            if term.literal == Literal::Null { operands.is_empty() } else { operands.iter().any(|operand| compares(operand, term)) }
        }
    }
}

fn compares(operand: &Operand<'_>, term: &Term) -> bool {
    let ordering = match (operand, &term.literal) {
        (Operand::Text(own), Literal::Text(asked)) => own.to_lowercase().cmp(asked),
        (Operand::Integer(own), Literal::Integer(asked)) => own.cmp(asked),
        (Operand::Boolean(own), Literal::Boolean(asked)) => own.cmp(asked),
        (Operand::Moment(own), Literal::Day(asked)) => {
            let own = jiff::Timestamp::from_second(*own).unwrap_or_default();
            own.to_zoned(jiff::tz::TimeZone::UTC).date().cmp(asked)
        }
        (
            Operand::Text(_) | Operand::Integer(_) | Operand::Boolean(_) | Operand::Moment(_),
            Literal::Null | Literal::Text(_) | Literal::Integer(_) | Literal::Boolean(_) | Literal::Day(_),
        ) => return false,
    };
    match term.comparison {
        Comparison::Equal => ordering.is_eq(),
        Comparison::AtLeast => ordering.is_ge(),
        Comparison::AtMost => ordering.is_le(),
    }
}
