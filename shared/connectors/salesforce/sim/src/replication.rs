//! `getUpdated` and `getDeleted` (fact sheet §3.2).

use serde_json::json;

use crate::Salesforce;
use crate::call::{Call, Reply};
use crate::moments;
use crate::refusal::Refusal;

const DAY_S: i64 = 24 * 3600;
/// How far the covered moment stays behind, in seconds: transactions may be open that long.
const BEHIND_S: i64 = 120;

impl Salesforce {
    pub(crate) fn replication(&self, call: &Call, table: usize, deleted: bool) -> Result<Reply, Refusal> {
        if call.method != "GET" {
            return Err(call.not_allowed("GET,HEAD"));
        }
        let table_index = table;
        let table = self.table(table)?;
        let moment = |name: &str| {
            let found = call.parameter(name).and_then(moments::parse);
            found.map(moments::minute).ok_or_else(|| bad_date(&format!("{name} is missing or is not a date")))
        };
        let (start, end) = (moment("start")?, moment("end")?);
        if end - start < 60 {
            return Err(bad_date("startDate has to be at least one minute before endDate"));
        }
        let days = if deleted { 15 } else { 30 };
        let earliest = call.now - days * DAY_S;
        if start < moments::minute(earliest) {
            return Err(bad_date(&format!("startDate before org replication enabled date: it is more than {days} days ago")));
        }
        let open = self.store.late.iter().filter(|late| late.table == table_index).map(|late| late.row.stamp).min();
        let covered = moments::minute(end.min(call.now - BEHIND_S).min(open.unwrap_or(i64::MAX)));
        if !deleted {
            let live = table.stamped(start, end - 1).filter_map(|slot| table.row(slot)).filter(|row| row.deleted_at.is_none());
            let ids: Vec<&str> = live.map(|row| row.id.as_str()).collect();
            return Ok(Reply::json(200, &json!({ "ids": ids, "latestDateCovered": moments::wire(covered) })));
        }
        let binned =
            table.binned(start, end - 1).filter_map(|slot| table.row(slot)).map(|row| (row.deleted_at.unwrap_or(start), row.id.clone()));
        let purged = table.purged.range((start, String::new())..(end, String::new())).cloned();
        let mut all: Vec<(i64, String)> = binned.chain(purged).collect();
        all.sort();
        let records: Vec<_> = all.into_iter().map(|(at, id)| json!({ "id": id, "deletedDate": moments::wire(at) })).collect();
        Ok(Reply::json(
            200,
            &json!({
                "deletedRecords": records,
                "earliestDateAvailable": moments::wire(moments::minute(earliest)),
                "latestDateCovered": moments::wire(covered),
            }),
        ))
    }
}

fn bad_date(message: &str) -> Refusal {
    Refusal::new(400, "INVALID_REPLICATION_DATE", message)
}
