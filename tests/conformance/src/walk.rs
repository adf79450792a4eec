//! Reading a listing to its end, each page by a connector of its own, the cursor as the text that a store would keep.

use std::collections::BTreeSet;

use syncline_engine::ports::connector::{Cursor, From, Page, Resume, Selection};
use syncline_model::{CallError, Record, RecordId, Timestamp};

use crate::lab::Lab;

/// Where a page begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    Scan,
    ScanOn(Cursor),
    Since(Timestamp),
    ChangesOn(Cursor),
}

impl Place {
    fn on(&self, cursor: &Cursor) -> Self {
        let kept = serde_json::to_string(cursor).unwrap();
        let cursor = serde_json::from_str(&kept).unwrap();
        match self {
            Self::Scan | Self::ScanOn(_) => Self::ScanOn(cursor),
            Self::Since(_) | Self::ChangesOn(_) => Self::ChangesOn(cursor),
        }
    }
}

/// A listing that was read to its end.
pub struct Walk {
    /// Where each page began, and what it held, but for residents.
    pub pages: Vec<(Place, Vec<Record>)>,
    /// How many records the first page held, residents among them.
    pub first_page: usize,
    /// From where changes go on.
    pub end: Cursor,
}

impl Walk {
    pub fn records(&self) -> impl Iterator<Item = &Record> {
        self.pages.iter().flat_map(|(_, records)| records)
    }

    pub fn ids(&self) -> BTreeSet<RecordId> {
        self.records().map(|record| record.id.clone()).collect()
    }

    /// What was last said of a record.
    pub fn last(&self, id: &RecordId) -> Option<&Record> {
        self.records().filter(|record| record.id == *id).last()
    }
}

impl Lab {
    /// One page, by a fresh connector.
    pub async fn page(&self, selection: &Selection, place: &Place) -> Result<Page, CallError> {
        let connector = self.connector();
        match place {
            Place::Scan => connector.scan(selection, None, self.by()).await,
            Place::ScanOn(cursor) => connector.scan(selection, Some(cursor), self.by()).await,
            Place::Since(since) => connector.list_changes(selection, &From::Since(*since), self.by()).await,
            Place::ChangesOn(cursor) => connector.list_changes(selection, &From::Cursor(cursor), self.by()).await,
        }
    }

    /// The whole listing from here. `between` runs after each page that is not the last, with how many were read.
    pub async fn walk_with(&self, selection: &Selection, from: Place, mut between: impl FnMut(usize)) -> Walk {
        let mut pages: Vec<(Place, Vec<Record>)> = Vec::new();
        let mut first_page = 0;
        let mut place = from;
        loop {
            assert!(pages.len() < self.pages_max(), "the listing does not end: {} pages were read", pages.len());
            let page = self.page(selection, &place).await.unwrap();
            if pages.is_empty() {
                first_page = page.records.len();
            }
            let records = page.records.into_iter().map(|row| row.expect("every row can be read"));
            let records = records.filter(|record| !self.is_resident(&record.id)).collect();
            let next = place.on(page.resume.cursor());
            assert!(next != place || matches!(page.resume, Resume::CaughtUp(_)), "the cursor stands still");
            pages.push((place, records));
            match page.resume {
                Resume::CaughtUp(end) => return Walk { pages, first_page, end },
                Resume::More(_) => between(pages.len()),
            }
            place = next;
        }
    }

    /// The whole listing from here.
    pub async fn walk(&self, selection: &Selection, from: Place) -> Walk {
        self.walk_with(selection, from, |_| {}).await
    }

    /// Far more pages than a listing of these records can need.
    fn pages_max(&self) -> usize {
        let full = self.live_ids().len() / usize::try_from(self.page_records_max().max(1)).unwrap();
        64 + 4 * full
    }
}
