//! A few live records, to try something on that writes nothing.

use syncline_mapping::ObjectMapping;
use syncline_model::{CallError, Deadline, Record, Side};

use crate::Sync;
use crate::ports::connector::{Cursor, Resume};

/// So many live records of a side, the first that its vendor lists; fewer where there are no more, and none where nothing is listed. Rows that cannot be
/// read are left out.
pub async fn sample(sync: &Sync, mapping: &ObjectMapping, side: Side, count: usize, by: Deadline) -> Result<Vec<Record>, CallError> {
    if !sync.is_readable(mapping, side) {
        return Ok(Vec::new());
    }
    let selection = sync.selection(mapping, side);
    let connector = &sync.ends.of(side).connector;
    let mut records = Vec::new();
    let mut from: Option<Cursor> = None;
    while records.len() < count {
        let page = connector.scan(&selection, from.as_ref(), by).await?;
        records.extend(page.records.into_iter().flatten().filter(Record::is_live));
        match page.resume {
            // A page that leads to itself is no reason to ask for ever.
            Resume::More(next) if from.as_ref() != Some(&next) => from = Some(next),
            Resume::More(_) | Resume::CaughtUp(_) => break,
        }
    }
    records.truncate(count);
    Ok(records)
}
