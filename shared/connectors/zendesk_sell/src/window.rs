//! Which part of a numbered list is asked for, and what of it is new. Pure.
//!
//! Why: pages are numbered and the list moves while it is read. A deletion draws all behind it forward, and the next page would begin behind a
//! record that nobody has read. So each part reaches back over the end of the one before: where it begins no later than the last record that was
//! read, nothing was skipped. Edits and new records only push back, which repeats.

use serde::{Deserialize, Serialize};
use syncline_engine::ports::connector::BadRecord;
use syncline_model::Record;

use crate::calls::PAGE_RECORDS_MAX;

/// Rows by which a part reaches back over the one before, at least: so many deletions cost no further call.
const OVERLAP_ROWS_MIN: u32 = 4;
/// Rows by which it may reach back further, so that page numbers fall where we want them.
const OVERLAP_ROWS_SPARE: u32 = 10;
/// The smallest page that is asked for to that end.
const ROWS_MIN: u32 = 50;
/// Ids of the last second that are remembered: more than a part has, so that one that begins a part earlier is recognised.
const TIED_MAX: usize = 150;

/// One row of a list.
pub(crate) type Row = Result<Record, BadRecord>;

/// A part of a list, as the vendor takes it: a page by its number, of so many rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Window {
    /// From 1.
    pub(crate) page: u32,
    pub(crate) rows: u32,
}

impl Window {
    pub(crate) const FIRST: Self = Self { page: 1, rows: PAGE_RECORDS_MAX };

    /// How many rows stand before it.
    pub(crate) fn start(self) -> u32 {
        self.page.saturating_sub(1).saturating_mul(self.rows)
    }

    fn end(self) -> u32 {
        self.start().saturating_add(self.rows)
    }

    /// The one that begins at this row, or a little before it, and reaches furthest.
    fn beginning_by(row: u32) -> Self {
        let windows = (ROWS_MIN..=PAGE_RECORDS_MAX).map(|rows| Self { page: row / rows + 1, rows });
        let near = windows.filter(|window| row - window.start() <= OVERLAP_ROWS_SPARE);
        near.max_by_key(|window| window.end()).unwrap_or(Self { page: row / PAGE_RECORDS_MAX + 1, rows: PAGE_RECORDS_MAX })
    }

    /// The one behind it, reaching back over its end.
    pub(crate) fn next(self) -> Self {
        Self::beginning_by(self.end().saturating_sub(OVERLAP_ROWS_MIN))
    }

    /// The page on which the row before it stands.
    pub(crate) fn earlier(self) -> Self {
        Self { page: self.start().saturating_sub(1) / PAGE_RECORDS_MAX + 1, rows: PAGE_RECORDS_MAX }
    }
}

/// The order of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Order {
    /// Ascending: what is new comes last.
    Id,
    /// The latest change first.
    Changed,
}

/// The last record that was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mark {
    /// Its id, or the second of its change.
    at: i64,
    /// By change: the ids of that second that were read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    tied: Vec<String>,
}

/// Where a record stands, so that greater is further down the list; `None` where its row does not tell.
fn key(order: Order, row: &Row) -> Option<i64> {
    let record = row.as_ref().ok()?;
    match order {
        Order::Id => record.id.as_str().parse().ok(),
        Order::Changed => record.version.map(|version| -version.0.as_second()),
    }
}

impl Mark {
    fn is_tied(&self, row: &Row) -> bool {
        row.as_ref().is_ok_and(|record| self.tied.iter().any(|id| *id == record.id.as_str()))
    }

    /// Whether a row was read already.
    pub(crate) fn has_passed(&self, order: Order, row: &Row) -> bool {
        match (order, key(order, row)) {
            (_, None) => false,
            (Order::Id, Some(key)) => key <= self.at,
            (Order::Changed, Some(key)) => key < self.at || (key == self.at && self.is_tied(row)),
        }
    }

    /// Whether nothing can stand unread before these rows, of which some stand before them.
    pub(crate) fn reaches(&self, order: Order, rows: &[Row]) -> bool {
        rows.iter().find(|row| key(order, row).is_some()).is_some_and(|first| self.has_passed(order, first))
    }

    /// The mark behind these rows.
    pub(crate) fn behind(before: Option<&Self>, order: Order, rows: &[Row]) -> Option<Self> {
        let Some(at) = rows.iter().filter_map(|row| key(order, row)).max() else { return before.cloned() };
        let before = before.filter(|before| before.at >= at);
        match (order, before) {
            // The list moved back: what was read stays read.
            (_, Some(before)) if before.at > at => Some(before.clone()),
            (Order::Id, _) => Some(Self { at, tied: Vec::new() }),
            (Order::Changed, before) => {
                let own = rows.iter().filter(|row| key(order, row) == Some(at)).filter_map(|row| row.as_ref().ok());
                let mut tied: Vec<String> = before.map(|before| before.tied.clone()).unwrap_or_default();
                tied.extend(own.map(|record| record.id.to_string()));
                let surplus = tied.len().saturating_sub(TIED_MAX);
                tied.drain(..surplus);
                Some(Self { at, tied })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use syncline_model::Version;

    use super::*;

    #[allow(clippy::unnecessary_wraps, reason = "a row of a list may be bad")]
    fn row(id: u32, second: i64) -> Row {
        let version = Version(Timestamp::from_second(second).unwrap());
        Ok(Record::new("contact".into(), id.to_string().into()).with_version(version))
    }

    #[test]
    fn parts_overlap_and_get_on() {
        let mut window = Window::FIRST;
        for _ in 0..200 {
            let next = window.next();
            assert!(next.start() < window.end() && next.end() > window.end() + 40, "{window:?} {next:?}");
            let earlier = next.earlier();
            assert!(earlier.start() < next.start() && earlier.end() >= next.start(), "{next:?} {earlier:?}");
            window = next;
        }
        assert_eq!(Window::FIRST.earlier().start(), 0);
    }

    #[test]
    fn by_id_a_part_must_begin_with_what_was_read() {
        let mark = Mark::behind(None, Order::Id, &[row(1, 5), row(9, 5)]).unwrap();
        assert!(mark.reaches(Order::Id, &[row(9, 5), row(10, 5)]) && mark.reaches(Order::Id, &[row(8, 5)]));
        assert!(!mark.reaches(Order::Id, &[row(10, 5)]) && !mark.reaches(Order::Id, &[]));
        assert!(mark.has_passed(Order::Id, &row(9, 7)) && !mark.has_passed(Order::Id, &row(11, 1)));
    }

    #[test]
    fn by_change_records_of_one_second_are_told_apart() {
        let first = Mark::behind(None, Order::Changed, &[row(1, 9), row(2, 7), row(3, 7)]).unwrap();
        assert!(first.has_passed(Order::Changed, &row(8, 8)) && first.has_passed(Order::Changed, &row(3, 7)));
        assert!(!first.has_passed(Order::Changed, &row(4, 7)) && !first.has_passed(Order::Changed, &row(5, 6)));
        assert!(!first.reaches(Order::Changed, &[row(4, 7)]), "another of that second may stand before it");
        let second = Mark::behind(Some(&first), Order::Changed, &[row(3, 7), row(4, 7)]).unwrap();
        assert!(second.has_passed(Order::Changed, &row(2, 7)) && second.has_passed(Order::Changed, &row(4, 7)));
        // A part that moved back changes nothing.
        assert_eq!(Mark::behind(Some(&second), Order::Changed, &[row(9, 12)]), Some(second));
    }
}
