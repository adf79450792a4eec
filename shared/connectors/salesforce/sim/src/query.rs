//! Queries over HTTP: pages, cursors and their end (fact sheet §3.1).

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::sync::Arc;

use crate::Salesforce;
use crate::call::{Call, Reply};
use crate::refusal::Refusal;
use crate::soql::{self, Page, Plan, Scope};

/// Open cursors of one user; the next one pushes the oldest out.
const CURSORS_MAX: usize = 10;
const CURSOR_AGE_S_MAX: i64 = 2 * 24 * 3600;
const QUERY_CHARS_MAX: usize = 100_000;

struct Cursor {
    id: String,
    user: Arc<str>,
    plan: Plan,
    slots: Vec<usize>,
    page_records: usize,
    with_deleted: bool,
    opened_at: i64,
}

#[derive(Default)]
pub(crate) struct Cursors {
    open: VecDeque<Cursor>,
    opened: u64,
}

impl Salesforce {
    /// Plans a query for the caller.
    pub(crate) fn plan_query(&self, call: &Call, text: &str, tooling: bool) -> Result<Plan, Refusal> {
        if text.len() > QUERY_CHARS_MAX {
            return Err(Refusal::new(400, "MALFORMED_QUERY", "SOQL statements cannot be longer than 100000 characters."));
        }
        let select = soql::parse(text)?;
        soql::plan(&Scope { store: &self.store, text, sees_all: call.sees_all(), tooling }, &select)
    }

    pub(crate) fn query(&mut self, call: &Call, with_deleted: bool, tooling: bool) -> Result<Reply, Refusal> {
        if call.method != "GET" {
            return Err(call.not_allowed("GET,HEAD"));
        }
        let Some(text) = call.parameter("q") else {
            return Err(Refusal::new(400, "MALFORMED_QUERY", "SOQL statements cannot be empty or null"));
        };
        let plan = self.plan_query(call, text, tooling)?;
        let slots = soql::run(&self.store, &plan, with_deleted);
        if plan.counts {
            return Ok(Reply::text(200, format!(r#"{{"totalSize":{},"done":true,"records":[]}}"#, slots.len())));
        }
        let page_records = self.page_records(call);
        if slots.len() <= page_records {
            return Ok(self.page(call, &plan, &slots, 0, page_records, with_deleted, None));
        }
        self.cursors.opened += 1;
        let id = crate::ids::mint("0r8", self.cursors.opened);
        let first = self.page(call, &plan, &slots, 0, page_records, with_deleted, Some(&id));
        let user = Arc::clone(&call.session.user);
        let mine: Vec<usize> =
            (self.cursors.open.iter().enumerate()).filter(|(_, cursor)| cursor.user == user).map(|(place, _)| place).collect();
        if let Some(oldest) = mine.first().filter(|_| mine.len() >= CURSORS_MAX) {
            drop(self.cursors.open.remove(*oldest));
        }
        self.cursors.open.push_back(Cursor { id, user, plan, slots, page_records, with_deleted, opened_at: call.now });
        Ok(first)
    }

    /// The header is a hint from 200 to 2,000; the org's own page size bounds it.
    fn page_records(&self, call: &Call) -> usize {
        let options = call.header("sforce-query-options").unwrap_or_default();
        let hint = options.split(['=', ',', ';']).map(str::trim).skip_while(|part| !part.eq_ignore_ascii_case("batchSize")).nth(1);
        let hint = hint.and_then(|hint| hint.parse::<usize>().ok()).map_or(2_000, |hint| hint.clamp(200, 2_000));
        hint.min(usize::try_from(self.profile.page_records).unwrap_or(2_000)).max(1)
    }

    #[expect(clippy::too_many_arguments, reason = "a first page has no cursor to carry them")]
    fn page(&self, call: &Call, plan: &Plan, slots: &[usize], from: usize, size: usize, with_deleted: bool, cursor: Option<&str>) -> Reply {
        let mut body = String::with_capacity(size.min(slots.len()) * 256);
        let next = from + size;
        let is_last = next >= slots.len();
        write!(body, r#"{{"totalSize":{},"done":{is_last}"#, slots.len()).unwrap_or_default();
        if let Some(id) = cursor.filter(|_| !is_last) {
            write!(body, r#","nextRecordsUrl":"/services/data/v{}/query/{id}-{next}""#, call.version).unwrap_or_default();
        }
        body.push_str(r#","records":["#);
        let page = Page { store: &self.store, version: &call.version, with_deleted };
        if let Some(table) = self.store.table(plan.table) {
            let rows = slots.iter().skip(from).take(size).filter_map(|&slot| table.row(slot));
            for (place, row) in rows.filter(|row| with_deleted || row.deleted_at.is_none()).enumerate() {
                if place > 0 {
                    body.push(',');
                }
                soql::record(&mut body, &page, table, row, &plan.columns);
            }
        }
        body.push_str("]}");
        Reply::text(200, body)
    }

    /// A further page.
    pub(crate) fn query_more(&mut self, call: &Call, locator: &str) -> Result<Reply, Refusal> {
        let gone = || Refusal::new(400, "INVALID_QUERY_LOCATOR", "invalid query locator");
        self.cursors.open.retain(|cursor| cursor.opened_at > call.now - CURSOR_AGE_S_MAX);
        let (id, from) = locator.rsplit_once('-').ok_or_else(gone)?;
        let from: usize = from.parse().map_err(|_| gone())?;
        let cursor = self.cursors.open.iter().find(|cursor| cursor.id == id && cursor.user == call.session.user).ok_or_else(gone)?;
        if from >= cursor.slots.len() {
            return Err(gone());
        }
        Ok(self.page(call, &cursor.plan, &cursor.slots, from, cursor.page_records, cursor.with_deleted, Some(&cursor.id)))
    }

    pub(crate) fn drop_cursors(&mut self) {
        self.cursors.open.clear();
    }
}
