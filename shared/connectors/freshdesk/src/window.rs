//! Which part of an alphabetical list is asked for, and what of it is new. Pure.
//!
//! Why: pages are numbered and the list moves while it is read. A row that is deleted, or renamed to the end, draws all behind it forward, and
//! the next page would begin behind a row that nobody has read. So each page reaches back over the end of the one before: where a row of it
//! still stands, nothing was skipped; where none does, the reader steps back until one does.

use serde::{Deserialize, Serialize};
use syncline_engine::ports::connector::BadRecord;
use syncline_model::Record;

use crate::calls::PAGE_RECORDS_MAX;

/// Rows by which a page reaches back over the one before, at least: so many deletions cost no further call.
const OVERLAP_ROWS_MIN: u32 = 4;
/// Rows by which it may reach back further, so that page numbers fall where we want them.
const OVERLAP_ROWS_SPARE: u32 = 10;
/// The smallest page that is asked for to that end.
const WINDOW_ROWS_MIN: u32 = 50;
/// Of the rows that were read, so many of the end are remembered, and of those before every so many.
const ANCHORS_OF_THE_END: usize = 16;
const ANCHOR_EVERY: usize = 12;

/// One row of a list.
pub(crate) type Row = Result<Record, BadRecord>;

/// A part of a list, as the vendor takes it: a page by its number, of so many rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Window {
    /// From 1.
    pub(crate) page: u32,
    #[serde(default = "full_page", skip_serializing_if = "is_full_page")]
    pub(crate) rows: u32,
}

fn full_page() -> u32 {
    PAGE_RECORDS_MAX
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_full_page(rows: &u32) -> bool {
    *rows == PAGE_RECORDS_MAX
}

impl Window {
    /// A page of the greatest size.
    pub(crate) fn full(page: u32) -> Self {
        Self { page, rows: PAGE_RECORDS_MAX }
    }

    /// How many rows stand before it.
    pub(crate) fn start(self) -> u32 {
        self.page.saturating_sub(1).saturating_mul(self.rows)
    }

    fn end(self) -> u32 {
        self.start().saturating_add(self.rows)
    }

    /// The one that begins at this row, or a little before it, and reaches furthest.
    fn beginning_by(row: u32) -> Self {
        let windows = (WINDOW_ROWS_MIN..=PAGE_RECORDS_MAX).map(|rows| Self { page: row / rows + 1, rows });
        let near = windows.filter(|window| row - window.start() <= OVERLAP_ROWS_SPARE);
        near.max_by_key(|window| window.end()).unwrap_or_else(|| Self::full(row / PAGE_RECORDS_MAX + 1))
    }

    /// The one behind it, reaching back over its end.
    pub(crate) fn next(self) -> Self {
        Self::beginning_by(self.end().saturating_sub(OVERLAP_ROWS_MIN))
    }

    /// The page on which the row before it stands.
    pub(crate) fn earlier(self) -> Self {
        Self::full(self.start().saturating_sub(1) / PAGE_RECORDS_MAX + 1)
    }
}

/// A row that was read, by which its place is found again: its id and its stamp. One with another stamp may stand elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Anchor(String, Option<i64>);

impl Anchor {
    pub(crate) fn of(record: &Record) -> Self {
        Self(record.id.to_string(), record.version.map(|version| version.0.as_second()))
    }

    fn stands_at(&self, row: &Row) -> bool {
        row.as_ref().is_ok_and(|record| Self::of(record) == *self)
    }
}

/// What is remembered of the rows of a window.
pub(crate) fn anchors(rows: &[Row]) -> Vec<Anchor> {
    let keep = |index: &usize| rows.len() - index <= ANCHORS_OF_THE_END || index.is_multiple_of(ANCHOR_EVERY);
    let kept = rows.iter().enumerate().filter(|(index, _)| keep(index));
    kept.filter_map(|(_, row)| row.as_ref().ok().map(Anchor::of)).collect()
}

/// The place of the last row that was read before and stands unchanged.
pub(crate) fn last_standing(rows: &[Row], anchors: &[Anchor]) -> Option<usize> {
    rows.iter().rposition(|row| anchors.iter().any(|anchor| anchor.stands_at(row)))
}

/// The rows that were not read before.
pub(crate) fn unread(rows: &[Row], anchors: &[Anchor]) -> Vec<Row> {
    rows.iter().filter(|row| !anchors.iter().any(|anchor| anchor.stands_at(row))).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_follow_each_other_with_an_overlap_and_nearly_full() {
        let mut window = Window::full(1);
        let mut calls = 1;
        while window.end() < 10_000 {
            let next = window.next();
            let overlap = i64::from(window.end()) - i64::from(next.start());
            assert!((4..=14).contains(&overlap) && next.end() > window.end() + 35, "{window:?} {next:?}");
            window = next;
            calls += 1;
        }
        assert!(calls <= 118, "{calls} calls for a hundred full pages");
    }

    #[test]
    fn steps_back_leave_no_gap_and_reach_the_beginning() {
        let mut window = Window::beginning_by(1_234);
        for _ in 0..40 {
            let earlier = window.earlier();
            assert!(earlier.start() < window.start() && earlier.end() >= window.start(), "{window:?} {earlier:?}");
            window = earlier;
            if window.start() == 0 {
                return;
            }
        }
        panic!("the beginning was not reached: {window:?}");
    }

    #[test]
    fn a_row_that_changed_is_no_anchor() {
        let record = |id: &str, second: i64| -> Row {
            let at = syncline_model::Timestamp::from_second(second).unwrap();
            Ok(Record::new("contact".into(), id.into()).with_version(syncline_model::Version(at)))
        };
        let read: Vec<Row> = (0..100).map(|number| record(&number.to_string(), 7)).collect();
        let anchors = anchors(&read);
        assert!(anchors.len() > 16 && anchors.len() < 30);
        assert_eq!(last_standing(&[record("98", 7), record("99", 8), record("100", 7)], &anchors), Some(0));
        assert_eq!(last_standing(&[record("99", 8)], &anchors), None);
        assert_eq!(unread(&[record("98", 7), record("99", 8), record("100", 7)], &anchors).len(), 2);
    }
}
