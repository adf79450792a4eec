//! Listings: one page a call, resumable at every page and in the middle of one.

use syncline_engine::ports::connector::{BadRecord, Page, Resume, Selection};
use syncline_model::{CallError, Deadline, Fault, Presence, Record};

use crate::attributes::Kind;
use crate::calls;
use crate::client::{Answer, Trouble, error};
use crate::connection::Connection;
use crate::cursor::{Phase, Place, TimeFilter};
use crate::envelope::{drift, rows};
use crate::faults::Sent;
use crate::reading::refuses_parameter;
use crate::wire::record;

/// Pages of one list; beyond it the listing counts as stuck. Five million records.
const PAGES_MAX: u32 = 50_000;
/// Records that one call of ours reads one by one for fields that rows do not carry; the page goes on in the next call.
const THIN_READS_MAX: u32 = 50;

impl Connection {
    /// The page at this place, and where it goes on.
    pub(crate) async fn list(&self, kind: Kind, selection: &Selection, mut place: Place, by: Deadline) -> Result<Page, CallError> {
        let operation = format!("list {}", kind.plural());
        if place.page > PAGES_MAX {
            let fault = drift("page", &format!("an end within {PAGES_MAX} pages"), "yet another page");
            return Err(error(&operation, fault));
        }
        let answer = self.list_page(kind, &mut place, by).await?;
        place.note_time(answer.date(), self.client.now());
        let listed = rows(kind.name(), &answer.body).map_err(|fault| error(&operation, fault))?;
        let is_last = listed.is_empty() || !answer.has_next();
        let found = listed.iter().map(|row| record(&kind.object(), row)).collect();
        let (records, left_at) = self.complete(kind, selection, &place, found, by).await?;
        let resume = match left_at {
            Some(id) => Resume::More(place.within_page(id).write()),
            None if !is_last => Resume::More(place.next_page().write()),
            None => match place.next_phase(kind) {
                Some(next) => Resume::More(next.write()),
                None => Resume::CaughtUp(place.caught_up(kind, self.client.now()).write()),
            },
        };
        Ok(Page { records, resume })
    }

    /// Asks for the page, under the name of the time filter that this account knows.
    async fn list_page(&self, kind: Kind, place: &mut Place, by: Deadline) -> Result<Answer, Trouble> {
        let sent = Sent::default();
        let Some(since) = place.since else {
            return self.client.read(&calls::list(kind, place.phase, None, place.page), &sent, by).await;
        };
        let known = place.filter.or_else(|| self.time_filter());
        let filter = known.unwrap_or(TimeFilter::Plain);
        let answer = self.client.read(&calls::list(kind, place.phase, Some((filter, since)), place.page), &sent, by).await;
        let (filter, answer) = match answer {
            Err(trouble) if refuses_parameter(&trouble, filter.name()) => {
                let other = filter.other();
                (other, self.client.read(&calls::list(kind, place.phase, Some((other, since)), place.page), &sent, by).await)
            }
            answer => (filter, answer),
        };
        if answer.is_ok() {
            self.remember_time_filter(filter);
            place.filter = Some(filter);
        }
        answer
    }

    /// The rows of a page as the selection wants them, and the id of the row at which the page was left, if it was. What was read before
    /// the budget or the time ran out is answered; only a page of which nothing could be read fails.
    async fn complete(
        &self,
        kind: Kind,
        selection: &Selection,
        place: &Place,
        found: Vec<Result<Record, BadRecord>>,
        by: Deadline,
    ) -> Result<(Vec<Result<Record, BadRecord>>, Option<String>), CallError> {
        let mut done = Vec::with_capacity(found.len());
        let mut last: Option<String> = None;
        let mut reads = 0;
        for row in after(found, place.after.as_deref()) {
            let row = match row {
                Ok(row) => row,
                Err(bad) => {
                    done.push(Err(bad));
                    continue;
                }
            };
            let id = row.id.to_string();
            let mut row = placed(row, place.phase);
            if self.is_wanted(&row) {
                if Self::is_thin(kind, selection, &row) {
                    if last.is_some() && (reads >= THIN_READS_MAX || self.client.now() >= by.0) {
                        return Ok((done, last));
                    }
                    reads += 1;
                    match self.thickened(kind, place.phase, row, by).await {
                        Ok(Ok(full)) => row = full,
                        Ok(Err(bad)) => {
                            done.push(Err(bad));
                            last = Some(id);
                            continue;
                        }
                        Err(failed) if last.is_some() && may_go_on_later(&failed.fault) => return Ok((done, last)),
                        Err(failed) => return Err(failed),
                    }
                }
                self.finish(kind, selection, &mut row, by).await?;
                done.push(Ok(row));
            }
            last = Some(id);
        }
        Ok((done, None))
    }
}

/// The rows behind the one at which this page was left. Where that one is no longer on the page, all of them: rows shift while a list is
/// read, and repeating loses nothing.
fn after(found: Vec<Result<Record, BadRecord>>, left_at: Option<&str>) -> Vec<Result<Record, BadRecord>> {
    let is_there = |row: &Result<Record, BadRecord>| row.as_ref().is_ok_and(|row| Some(row.id.as_str()) == left_at);
    match found.iter().position(is_there) {
        Some(index) => found.into_iter().skip(index + 1).collect(),
        None => found,
    }
}

/// What a list says of its rows: the bin's are deleted. A blocked contact is a live one that may not write tickets: it is never deleted
/// on the other side for that.
fn placed(row: Record, phase: Phase) -> Record {
    match phase {
        Phase::Deleted => row.with_presence(Presence::Deleted),
        Phase::Live | Phase::Blocked => row,
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
