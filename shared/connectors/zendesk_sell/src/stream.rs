//! Changes by Firehose. What it tells of a record has another shape than the record's own, and fewer attributes (fact sheet §8.1): so an event
//! says only that something happened, and the record is read, a hundred in one call. Of a deletion there is nothing to read.

use std::collections::BTreeMap;

use jiff::Timestamp;
use syncline_engine::ports::connector::{Page, Resume, Selection};
use syncline_model::{Deadline, Fault, Presence, Record, RecordId};

use crate::calls::PAGE_RECORDS_MAX;
use crate::client::Streamed;
use crate::connection::Connection;
use crate::cursor::{Listing, Place, Stage};
use crate::fields::Kind;
use crate::window::Row;
use crate::wire::Event;

impl Connection {
    pub(crate) async fn streamed(
        &self,
        kind: Kind,
        selection: &Selection,
        position: &str,
        known: Timestamp,
        by: Deadline,
    ) -> Result<Page, Fault> {
        let (page, at) = match self.client.stream(kind, position, PAGE_RECORDS_MAX, by).await? {
            Streamed::Page { page, at } => (page, at),
            gone @ (Streamed::TooOld | Streamed::NotOffered) => {
                tracing::info!(object = kind.name(), reason = ?gone, "firehose does not go on; changes are listed instead");
                return Box::pin(self.page(kind, Listing::Changes, selection, Stage::since(known), by)).await;
            }
        };
        let records = self.told(kind, selection, &page.events, by).await?;
        // Until now everything is known only where nothing newer was there; pages may be empty before (fact sheet §8: documented).
        let known = if page.top { at } else { known };
        let stands_still = page.position == position && page.events.is_empty();
        let next = Place::new(kind, Listing::Changes, Stage::Stream { position: page.position, known }).write();
        let resume = if page.top || stands_still { Resume::CaughtUp(next) } else { Resume::More(next) };
        Ok(Page { records, resume })
    }

    /// The records that events tell of, each once: as they are now, or deleted.
    async fn told(&self, kind: Kind, selection: &Selection, events: &[Event], by: Deadline) -> Result<Vec<Row>, Fault> {
        // Only the order of one record's events is kept by the vendor: the last of them counts.
        let last: BTreeMap<&str, bool> = events.iter().map(|event| (event.id.as_str(), event.deleted)).collect();
        let gone = |id: &str| Record::new(kind.object(), RecordId::new(id)).with_presence(Presence::Deleted);
        let (deleted, live): (Vec<_>, Vec<_>) = last.into_iter().partition(|(_, deleted)| *deleted);
        let mut records: Vec<Row> = deleted.into_iter().map(|(id, _)| Ok(gone(id))).collect();
        let live: Vec<&str> = live.into_iter().map(|(id, _)| id).collect();
        let mut rows = self.rows_with_ids(kind, selection, &live, by).await?;
        for id in live {
            match rows.remove(id) {
                Some(row) => records.push(row),
                // Deleted since, or not in the list yet: its own address tells which.
                None => records.push(self.one(kind, selection, id, by).await?.unwrap_or_else(|| Ok(gone(id)))),
            }
        }
        Ok(records)
    }
}
