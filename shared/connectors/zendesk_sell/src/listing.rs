//! Listings, one page a call: by the lists that every plan has, and by Firehose where the plan has it.
//!
//! Which of the two is asked each time a list is begun, and a list that can be followed by Firehose notes first where that stands: so an upgrade
//! is used from the next run on. A stream that is refused, or keeps nothing so old, leads back to the list, from a moment until which all was told.

use syncline_engine::ports::connector::{Page, Resume, Selection};
use syncline_model::{Deadline, Fault};

use crate::calls::{self, TOP};
use crate::client::Streamed;
use crate::connection::Connection;
use crate::cursor::{Listing, Middle, Place, Stage};
use crate::faults::drift;
use crate::fields::Kind;
use crate::stream::Reading;
use crate::values;
use crate::window::{Mark, Order, Row, Window};
use crate::wire;

/// Parts of one list; beyond it the listing counts as stuck. Five million records.
const PARTS_MAX: u32 = 100_000;
/// Parts that are stepped back, one by one, to find what was read before; then the list is read from its top again.
const STEPS_BACK_MAX: u32 = 3;

/// A part of a list as it was answered.
struct Part {
    window: Window,
    rows: Vec<Row>,
    is_last: bool,
}

impl Connection {
    /// The page at this place, and where it goes on.
    pub(crate) async fn page(
        &self,
        kind: Kind,
        listing: Listing,
        selection: &Selection,
        stage: Stage,
        by: Deadline,
    ) -> Result<Page, Fault> {
        match stage {
            Stage::Stream { position, known } if !kind.is_listed() => {
                self.told_alone(kind, selection, Reading::on(position, known), by).await
            }
            Stage::Kept { position, since } => self.told_alone(kind, selection, Reading::kept(position, since), by).await,
            Stage::Stream { position, known } => self.streamed(kind, selection, &position, known, by).await,
            Stage::List(middle) => self.list_on(kind, listing, selection, middle, by).await,
            Stage::Start { since } => {
                let firehose = self.position_now(kind, by).await?;
                // The server's time comes with the first part.
                let first = self.client.read(&calls::list(kind, order(since.is_some()), Window::FIRST), by).await?;
                let middle = Middle { since, began: first.at, window: Window::FIRST, mark: None, firehose };
                let part = self.read_part(kind, selection, &first.json, Window::FIRST, by).await?;
                Ok(finished(kind, listing, selection, &middle, part))
            }
        }
    }

    /// Where Firehose stands now; `None` where it is not offered, or does not answer just now: then the lists go on as before.
    async fn position_now(&self, kind: Kind, by: Deadline) -> Result<Option<String>, Fault> {
        match self.client.stream(kind, TOP, 1, by).await {
            Ok(Streamed::Page { page, .. }) => Ok(Some(page.position)),
            Ok(Streamed::TooOld | Streamed::NotOffered) | Err(Fault::Transient { .. } | Fault::Drift { .. } | Fault::Rejected { .. }) => {
                Ok(None)
            }
            Err(fault) => Err(fault),
        }
    }

    async fn list_on(&self, kind: Kind, listing: Listing, selection: &Selection, middle: Middle, by: Deadline) -> Result<Page, Fault> {
        let order = order(middle.since.is_some());
        if middle.window.page > PARTS_MAX {
            return Err(drift("page", &format!("an end within {PARTS_MAX} parts"), "yet another part"));
        }
        let mut window = middle.window;
        for step in 0..=STEPS_BACK_MAX {
            let answer = self.client.read(&calls::list(kind, order, window), by).await?;
            let part = self.read_part(kind, selection, &answer.json, window, by).await?;
            let reaches = middle.mark.as_ref().is_some_and(|mark| mark.reaches(order, &part.rows));
            if window.start() == 0 || reaches {
                return Ok(finished(kind, listing, selection, &middle, part));
            }
            window = if step + 1 < STEPS_BACK_MAX { window.earlier() } else { Window::FIRST };
        }
        Err(drift("page", "a list with a beginning", "none"))
    }

    async fn read_part(
        &self,
        kind: Kind,
        selection: &Selection,
        body: &serde_json::Value,
        window: Window,
        by: Deadline,
    ) -> Result<Part, Fault> {
        let definitions = self.definitions(kind, selection, by).await?;
        let rows: Vec<Row> = wire::list(body)?.into_iter().map(|row| values::record(kind, row, &definitions)).collect();
        // Some clients stop where no link leads on, some at an empty page: both are an end (fact sheet §3).
        let is_last = rows.is_empty() || !wire::has_next(body);
        Ok(Part { window, rows, is_last })
    }
}

fn order(of_changes: bool) -> Order {
    if of_changes { Order::Changed } else { Order::Id }
}

/// The page that a part makes: what of it is new, and where it goes on.
fn finished(kind: Kind, listing: Listing, selection: &Selection, middle: &Middle, part: Part) -> Page {
    let order = order(middle.since.is_some());
    let is_old = |row: &Row| {
        let changed = row.as_ref().ok().and_then(|record| record.version);
        middle.since.zip(changed).is_some_and(|(since, changed)| changed.0 < since)
    };
    let ends = part.is_last || part.rows.iter().any(is_old);
    let mark = Mark::behind(middle.mark.as_ref(), order, &part.rows);
    let unread = |row: &Row| middle.mark.as_ref().is_none_or(|mark| !mark.has_passed(order, row));
    let fresh = part.rows.into_iter().filter(|row| unread(row) && !is_old(row));
    let records = fresh.map(|row| row.map(|record| values::select(record, selection))).collect();
    let resume = if ends {
        Resume::CaughtUp(Place::new(kind, Listing::Changes, middle.afterwards()).write())
    } else {
        let next = Middle { window: part.window.next(), mark, ..middle.clone() };
        Resume::More(Place::new(kind, listing, Stage::List(next)).write())
    };
    Page::new(records, resume)
}
