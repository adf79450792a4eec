//! Listings: one page a call, resumable at every page and in the middle of one.

use syncline_engine::ports::connector::{Page, Resume, Selection};
use syncline_model::{CallError, Deadline, Fault, Presence, Record};

use crate::attributes::Kind;
use crate::calls;
use crate::client::{Answer, Trouble, error};
use crate::connection::Connection;
use crate::cursor::{Phase, Place, TimeFilter};
use crate::envelope::{drift, rows};
use crate::faults::Sent;
use crate::reading::refuses_parameter;
use crate::window::{self, Anchor, Row};
use crate::wire::record;

/// Pages of one list; beyond it the listing counts as stuck. Five million records.
const PAGES_MAX: u32 = 50_000;
/// Records that one call of ours reads one by one for fields that rows do not carry; the page goes on in the next call.
const THIN_READS_MAX: u32 = 50;
/// Pages that are stepped back, one by one, to find a row that was read before; then the list is read from its top again.
const STEPS_BACK_MAX: u32 = 3;

/// A part of a list as it was answered.
struct Part {
    place: Place,
    rows: Vec<Row>,
    is_last: bool,
}

impl Connection {
    /// The page at this place, and where it goes on.
    pub(crate) async fn list(&self, kind: Kind, selection: &Selection, place: Place, by: Deadline) -> Result<Page, CallError> {
        let operation = format!("list {}", kind.plural());
        if place.window.page > PAGES_MAX {
            let fault = drift("page", &format!("an end within {PAGES_MAX} pages"), "yet another page");
            return Err(error(&operation, fault));
        }
        let (part, unread) = self.unread(kind, place, by).await?;
        let (records, left_at) = self.complete(kind, selection, part.place.phase, unread, by).await?;
        let resume = match left_at {
            Some(anchor) => Resume::More(part.place.left(anchor).write()),
            None if !part.is_last => Resume::More(part.place.next_part(&part.rows).write()),
            None => match part.place.next_phase(kind) {
                Some(next) => Resume::More(next.write()),
                None => Resume::CaughtUp(part.place.caught_up(kind, self.client.now()).write()),
            },
        };
        Ok(Page::new(records, resume))
    }

    /// The part of the list at this place, or an earlier one where the list has moved, and its rows that were not read before.
    async fn unread(&self, kind: Kind, place: Place, by: Deadline) -> Result<(Part, Vec<Row>), CallError> {
        let mut part = self.part(kind, place, by).await?;
        if let Some(anchor) = &part.place.left_at
            && let Some(index) = window::last_standing(&part.rows, std::slice::from_ref(anchor))
        {
            let rest = part.rows.get(index + 1..).unwrap_or_default().to_vec();
            return Ok((part, rest));
        }
        part.place.left_at = None;
        let anchors = part.place.anchors.clone();
        if part.place.window.start() == 0 || anchors.is_empty() || window::last_standing(&part.rows, &anchors).is_some() {
            let unread = window::unread(&part.rows, &anchors);
            return Ok((part, unread));
        }
        self.skipped(kind, part, by).await
    }

    /// What stands between the last row that was read and this part: nothing, or what deletions drew forward.
    async fn skipped(&self, kind: Kind, part: Part, by: Deadline) -> Result<(Part, Vec<Row>), CallError> {
        let mut place = part.place.clone();
        for step in 0..=STEPS_BACK_MAX {
            place = if step < STEPS_BACK_MAX { place.earlier_part() } else { place.at_the_top() };
            let earlier = self.part(kind, place, by).await?;
            if let Some(index) = window::last_standing(&earlier.rows, &earlier.place.anchors) {
                let rest = earlier.rows.get(index + 1..).unwrap_or_default().to_vec();
                let all = part.rows.clone();
                return Ok(if rest.is_empty() { (part, all) } else { (earlier, rest) });
            }
            if earlier.place.window.start() == 0 {
                let all = earlier.rows.clone();
                return Ok((earlier, all));
            }
            place = earlier.place;
        }
        let rows = part.rows.clone();
        Ok((part, rows))
    }

    async fn part(&self, kind: Kind, mut place: Place, by: Deadline) -> Result<Part, CallError> {
        let answer = self.list_page(kind, &mut place, by).await?;
        place.note_time(answer.date(), self.client.now());
        let listed = rows(kind.name(), &answer.body).map_err(|fault| error(&format!("list {}", kind.plural()), fault))?;
        let is_last = listed.is_empty() || !answer.has_next();
        let rows = listed.iter().map(|row| record(&kind.object(), row)).collect();
        Ok(Part { place, rows, is_last })
    }

    /// Asks for the page, under the name of the time filter that this account knows.
    async fn list_page(&self, kind: Kind, place: &mut Place, by: Deadline) -> Result<Answer, Trouble> {
        let sent = Sent::default();
        let Some(since) = place.since else {
            return self.client.read(&calls::list(kind, place.phase, None, place.window), &sent, by).await;
        };
        let known = place.filter.or_else(|| self.time_filter());
        let filter = known.unwrap_or(TimeFilter::Plain);
        let answer = self.client.read(&calls::list(kind, place.phase, Some((filter, since)), place.window), &sent, by).await;
        let (filter, answer) = match answer {
            Err(trouble) if refuses_parameter(&trouble, filter.name()) => {
                let other = filter.other();
                (other, self.client.read(&calls::list(kind, place.phase, Some((other, since)), place.window), &sent, by).await)
            }
            answer => (filter, answer),
        };
        if answer.is_ok() {
            self.remember_time_filter(filter);
            place.filter = Some(filter);
        }
        answer
    }

    /// The rows of a page as the selection wants them, and the row at which the page was left, if it was. What was read before
    /// the budget or the time ran out is answered; only a page of which nothing could be read fails.
    async fn complete(
        &self,
        kind: Kind,
        selection: &Selection,
        phase: Phase,
        found: Vec<Row>,
        by: Deadline,
    ) -> Result<(Vec<Row>, Option<Anchor>), CallError> {
        let mut done = Vec::with_capacity(found.len());
        let mut last: Option<Anchor> = None;
        let mut reads = 0;
        for row in found {
            let row = match row {
                Ok(row) => row,
                Err(bad) => {
                    done.push(Err(bad));
                    continue;
                }
            };
            let anchor = Anchor::of(&row);
            let mut row = placed(row, phase);
            if self.is_wanted(&row) {
                if Self::is_thin(kind, selection, &row) {
                    if last.is_some() && (reads >= THIN_READS_MAX || self.client.now() >= by.0) {
                        return Ok((done, last));
                    }
                    reads += 1;
                    match self.thickened(kind, phase, row, by).await {
                        Ok(Ok(full)) => row = full,
                        Ok(Err(bad)) => {
                            done.push(Err(bad));
                            last = Some(anchor);
                            continue;
                        }
                        Err(failed) if last.is_some() && may_go_on_later(&failed.fault) => return Ok((done, last)),
                        Err(failed) => return Err(failed),
                    }
                }
                self.finish(kind, selection, &mut row, by).await?;
                done.push(Ok(row));
            }
            last = Some(anchor);
        }
        Ok((done, None))
    }
}

/// What a list says of its rows: the bin's are deleted. A blocked contact is a live one that may not write tickets: it is never deleted
/// on the other side for that.
fn placed(row: Record, phase: Phase) -> Record {
    match phase {
        Phase::Deleted => row.with_presence(Presence::Deleted),
        Phase::Live | Phase::Blocked | Phase::Edited => row,
    }
}

fn may_go_on_later(fault: &Fault) -> bool {
    match fault {
        Fault::Transient { .. } | Fault::RateLimited { .. } => true,
        Fault::AuthExpired
        | Fault::AuthRefused { .. }
        | Fault::Rejected { .. }
        | Fault::Taken { .. }
        | Fault::Conflict
        | Fault::Missing
        | Fault::Uncertain
        | Fault::Unsupported { .. }
        | Fault::Drift { .. } => false,
    }
}
