//! Changes by Firehose. What it tells of a record has another shape than the record's own, and fewer attributes (fact sheet §8.1): so an event
//! says only that something happened, and the record is read, a hundred in one call. Of a deletion there is nothing to read.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use syncline_engine::ports::connector::{Page, Resume, Selection};
use syncline_model::{Deadline, Fault, Presence, Record, RecordId};

use crate::calls::{PAGE_RECORDS_MAX, TAIL};
use crate::client::Streamed;
use crate::connection::{Connection, unsupported};
use crate::cursor::{self, Listing, Place, Stage};
use crate::fields::Kind;
use crate::values;
use crate::window::Row;
use crate::wire::Event;

/// Reads that give nothing while more is there are repeated so often within one page: the server parts its queues (fact sheet §8: documented).
const LULLS_MAX: u32 = 5;

/// So long an event is kept (fact sheet §8: documented).
const KEPT: SignedDuration = SignedDuration::from_hours(72);

/// What it takes to read of an object that Firehose alone tells of.
const NOT_OFFERED: &str = "appointments in this account: they come through Firehose alone, which takes the plan Growth or higher and the token of the \
                           account's root user. They begin to come with the first run after an upgrade; nothing is deleted meanwhile";

/// How far Firehose was read of an object that it alone tells of.
pub(crate) struct Reading {
    position: String,
    /// What happened before this is not asked for; `None`: nothing so old comes any more.
    since: Option<Timestamp>,
    /// All that happened until then was told.
    known: Timestamp,
}

impl Reading {
    pub(crate) fn on(position: String, known: Timestamp) -> Self {
        Self { position, since: None, known }
    }

    pub(crate) fn kept(position: String, since: Timestamp) -> Self {
        Self { position, since: Some(since), known: since }
    }
}

impl Connection {
    /// One page of what Firehose tells of an object that it alone tells of: the record's own state as of each event, the last of each record.
    pub(crate) async fn told_alone(&self, kind: Kind, selection: &Selection, from: Reading, by: Deadline) -> Result<Page, Fault> {
        let Reading { mut position, mut since, known } = from;
        let (mut lulls, mut is_lost) = (0, false);
        let (page, at) = loop {
            match self.client.stream(kind, &position, PAGE_RECORDS_MAX, by).await? {
                Streamed::Page { page, .. } if page.events.is_empty() && !page.top && lulls < LULLS_MAX => {
                    lulls += 1;
                    position = page.position;
                }
                Streamed::Page { page, at } => break (page, at),
                Streamed::TooOld if position != TAIL => {
                    (position, since, is_lost) = (TAIL.to_owned(), Some(cursor::before(known)), true);
                }
                Streamed::TooOld | Streamed::NotOffered => return Err(not_offered()),
            }
        };
        let definitions = self.definitions(kind, selection, by).await?;
        let is_old = |event: &Event| since.zip(event.at).is_some_and(|(since, at)| at < since);
        let fresh = page.events.iter().filter(|event| !is_old(event));
        let last: BTreeMap<&str, &Event> = fresh.map(|event| (event.id.as_str(), event)).collect();
        let select = |record: Record| if record.is_live() { values::select(record, selection) } else { record };
        let records = last.into_values().map(|event| values::told(kind, event, &definitions).map(select)).collect();
        let stands_still = page.position == position && page.events.is_empty();
        let next = match since {
            _ if page.top => Stage::Stream { position: page.position, known: at },
            Some(since) => Stage::Kept { position: page.position, since },
            None => Stage::Stream { position: page.position, known },
        };
        let next = Place::new(kind, Listing::Changes, next).write();
        let resume = if page.top || stands_still { Resume::CaughtUp(next) } else { Resume::More(next) };
        // A place may be forgotten of which nothing newer has happened.
        let gap = (is_lost && at.duration_since(known) > KEPT).then_some(known);
        Ok(Page { gap, ..Page::new(records, resume) })
    }

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
        Ok(Page::new(records, resume))
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

fn not_offered() -> Fault {
    unsupported(NOT_OFFERED)
}
