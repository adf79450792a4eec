//! Pages of a table: all its rows in the order of their ids, and what changed in the order of the transactions.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use syncline_engine::ports::connector::{From, Page, Resume, Selection};
use syncline_engine::ports::sql::Statement;
use syncline_model::{Deadline, Fault, Presence, Record, RecordId};

use crate::catalog::{self, Catalog};
use crate::client::{Client, Intent, Rows};
use crate::cursor::{Place, Position};
use crate::faults::drift;
use crate::names::Table;
use crate::row::{self, WIDTH};
use crate::statements;

pub(crate) const PAGE_RECORDS_MAX: u32 = 500;
const DAY_H: i64 = 24;
/// A scan's reader is told once more what changed right before it began, in seconds: who compares moments by the second misses nothing.
const SCAN_LOOKBACK_S: i64 = 2;

/// One listing of one table.
pub(crate) struct Listing<'a> {
    pub(crate) client: &'a Client,
    pub(crate) table: &'a Table,
    pub(crate) selection: &'a Selection,
    pub(crate) changes_days: u32,
    pub(crate) by: Deadline,
}

impl Listing<'_> {
    pub(crate) async fn scan(&self, from: Option<Place>) -> Result<Page, Fault> {
        let (after, then) = match from {
            None => (None, None),
            Some(Place::Scan { after, then }) => (Some(after), Some(then)),
            Some(Place::Changes(_) | Place::Anew { .. }) => return Err(drift("cursor", "a scan's", "a cursor of changes")),
        };
        let (page, begun) = self.rows(after.as_ref()).await?;
        let then = then.unwrap_or(begun);
        let place = page.last.map_or(Place::Changes(then.clone()), |after| Place::Scan { after, then });
        Ok(Page::new(page.records, self.resume(place)))
    }

    pub(crate) async fn changes(&self, from: &From<'_>) -> Result<Page, Fault> {
        let place = match from {
            From::Since(since) => self.since(*since).await?,
            From::Cursor(cursor) => Place::read(cursor, &self.table.kind)?,
        };
        match place {
            Place::Changes(position) => self.after(position).await,
            Place::Anew { after, then } => self.anew(after.as_ref(), then).await,
            Place::Scan { .. } => Err(drift("cursor", "one of changes", "a scan's")),
        }
    }

    /// Every row, for who has lost its place; then what changed since it began that.
    async fn anew(&self, after: Option<&RecordId>, then: Position) -> Result<Page, Fault> {
        let (page, _) = self.rows(after).await?;
        let place = page.last.map_or(Place::Changes(then.clone()), |after| Place::Anew { after: Some(after), then });
        Ok(Page::new(page.records, Resume::More(place.write(&self.table.kind))))
    }

    async fn since(&self, since: Timestamp) -> Result<Place, Fault> {
        let asked = vec![self.since_statement(since)];
        let answer = self.client.ask(Intent::Read, Some(self.table), asked, self.by).await?;
        let (position, is_pruned) = beginning_of(answer.first().ok_or_else(odd)?)?;
        Ok(if is_pruned { Place::Anew { after: None, then: position } } else { Place::Changes(position) })
    }

    fn since_statement(&self, since: Timestamp) -> Statement {
        Statement::new(statements::SINCE).with(self.table.relation()).with(since.to_string())
    }

    /// Where the changes begin that a scan, begun now, leaves to its reader.
    fn beginning(&self) -> Statement {
        let now = self.client.now();
        self.since_statement(now.checked_sub(SignedDuration::from_secs(SCAN_LOOKBACK_S)).unwrap_or(now))
    }

    async fn after(&self, position: Position) -> Result<Page, Fault> {
        let relation = self.table.relation();
        let kept = SignedDuration::from_hours(i64::from(self.changes_days) * DAY_H);
        let older_than = self.client.now().checked_sub(kept).unwrap_or(Timestamp::MIN);
        let changes = Statement::new(statements::changes(self.table))
            .with(&relation)
            .with(position.transaction.to_string())
            .with(position.number.to_string())
            .with(self.fields())
            .with(PAGE_RECORDS_MAX.to_string());
        let asked = vec![
            catalog::statement(self.table),
            Statement::new(statements::STANDING).with(&relation),
            changes,
            statements::prune(&relation, &position, older_than.to_string()),
        ];
        let answer = self.client.ask(Intent::Read, Some(self.table), asked, self.by).await?;
        let [columns, standing, rows, _] = answer.as_slice() else { return Err(odd()) };
        let (settled, pruned) = standing_of(standing)?;
        if pruned.is_some_and(|pruned| (pruned.transaction, pruned.number) > (position.transaction, position.number)) {
            tracing::warn!(kind = %self.table.kind, "changes were pruned before they were read: every row is read once");
            let anew = Place::Anew { after: None, then: settled };
            return Ok(Page::new(Vec::new(), Resume::More(anew.write(&self.table.kind))));
        }
        let catalog = Catalog::read(columns)?;
        let mut last = position;
        let mut records = Vec::with_capacity(rows.len());
        for cells in rows {
            let [Some(transaction), Some(change), Some(id), row @ ..] = cells.as_slice() else { return Err(odd()) };
            last = Position { transaction: number(transaction)?, number: number(change)? };
            let is_gone = row.first().is_none_or(Option::is_none);
            records.push(if is_gone {
                Ok(Record::new(self.table.kind.clone(), RecordId::new(id.as_str())).with_presence(Presence::Deleted))
            } else {
                row::read(row, self.selection, &catalog)?.record
            });
        }
        let is_full = u32::try_from(records.len()).is_ok_and(|count| count >= PAGE_RECORDS_MAX);
        let cursor = Place::Changes(last).write(&self.table.kind);
        Ok(Page::new(records, if is_full { Resume::More(cursor) } else { Resume::CaughtUp(cursor) }))
    }

    /// One page of rows, and the place from which changes miss nothing that happens after this call.
    async fn rows(&self, after: Option<&RecordId>) -> Result<(Rowed, Position), Fault> {
        let mut scan = Statement::new(statements::scan(self.table));
        scan.parameters = vec![after.map(ToString::to_string), Some(self.fields()), Some(PAGE_RECORDS_MAX.to_string())];
        let asked = vec![catalog::statement(self.table), self.beginning(), scan];
        let answer = self.client.ask(Intent::Read, Some(self.table), asked, self.by).await?;
        let [columns, beginning, rows] = answer.as_slice() else { return Err(odd()) };
        let (begun, _) = beginning_of(beginning)?;
        let catalog = Catalog::read(columns)?;
        let read = rows.iter().map(|cells| row::read(cells, self.selection, &catalog)).collect::<Result<Vec<_>, _>>()?;
        let is_full = u32::try_from(read.len()).is_ok_and(|count| count >= PAGE_RECORDS_MAX);
        let last = read.last().filter(|_| is_full).map(|row| row.id.clone());
        Ok((Rowed { records: read.into_iter().map(|row| row.record).collect(), last }, begun))
    }

    fn fields(&self) -> String {
        fields(self.selection)
    }

    fn resume(&self, place: Place) -> Resume {
        let ends = matches!(place, Place::Changes(_));
        let cursor = place.write(&self.table.kind);
        if ends { Resume::CaughtUp(cursor) } else { Resume::More(cursor) }
    }
}

/// A page of rows, and its last id where there may be more.
struct Rowed {
    records: Vec<Result<Record, syncline_engine::ports::connector::BadRecord>>,
    last: Option<RecordId>,
}

/// The selection's fields as a statement takes them.
pub(crate) fn fields(selection: &Selection) -> String {
    json!(selection.fields).to_string()
}

/// The settled place before the first change that was asked for, and whether later ones have been pruned.
fn beginning_of(rows: &Rows) -> Result<(Position, bool), Fault> {
    let Some([Some(transaction), Some(pruned)]) = rows.first().map(Vec::as_slice) else { return Err(odd()) };
    Ok((Position { transaction: number(transaction)?, number: 0 }, pruned == "true"))
}

/// The settled place, and the place up to which changes have been pruned.
fn standing_of(rows: &Rows) -> Result<(Position, Option<Position>), Fault> {
    let Some([Some(settled), transaction, change]) = rows.first().map(Vec::as_slice) else { return Err(odd()) };
    let pruned = match (transaction, change) {
        (Some(transaction), Some(change)) => Some(Position { transaction: number(transaction)?, number: number(change)? }),
        (_, _) => None,
    };
    Ok((Position { transaction: number(settled)?, number: 0 }, pruned))
}

fn number(text: &str) -> Result<u64, Fault> {
    text.parse().map_err(|_| odd())
}

fn odd() -> Fault {
    drift("answer", "the rows that the statement asks for", &format!("other rows than {WIDTH} cells wide"))
}
