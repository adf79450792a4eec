//! Look-ups by a field's value. Where the vendor has a list filter, that; else its search, which lags; else reading the list, bounded.
//! A value that a way cannot carry goes another way or is refused: never a silent "none".

use serde_json::Value as Json;
use syncline_engine::ports::connector::{FindKey, Selection};
use syncline_model::{CallError, Deadline, Fault, Record, RecordId, Value};

use crate::attributes::{Kind, custom_name};
use crate::calls::{self, SEARCH_PAGES_MAX};
use crate::client::error;
use crate::connection::Connection;
use crate::cursor::{Phase, TimeFilter, back};
use crate::envelope::{json, rows, type_name};
use crate::faults::Sent;
use crate::reading::all_records;
use crate::window::Window;
use crate::wire::record_id;

/// Pages that are read where only reading the list can answer: 5,000 records.
const LIST_PAGES_MAX: u32 = 50;
/// Records of one answer that are read one by one: more than two hits on a key are ambiguous anyway.
const HITS_READ_MAX: usize = 10;
/// Pages of a list filter's answer: more is no key.
const FILTER_PAGES_MAX: u32 = 3;
/// Pages of what was written lately, which the search does not show yet.
const RECENT_PAGES_MAX: u32 = 3;

impl Connection {
    pub(crate) async fn find_one(&self, kind: Kind, selection: &Selection, key: &FindKey, by: Deadline) -> Result<Vec<Record>, CallError> {
        let name = key.field.as_str();
        let found = match (kind, name) {
            _ if key.value.is_null() => return Err(unsupported(kind, "an empty value")),
            _ if custom_name(name).is_some() => self.by_search(kind, custom_name(name).unwrap_or(name), key, by).await?,
            (Kind::Contact, "email" | "mobile" | "phone" | "company_id") => self.by_filter(name, &key.value, by).await?,
            (Kind::Contact, "twitter_id") => self.by_search(kind, name, key, by).await?,
            (Kind::Company, "domains") => self.by_search(kind, "domain", key, by).await?,
            (Kind::Contact | Kind::Company, "name") => self.by_name(kind, &key.value, by).await?,
            // `unique_external_id` among them: the vendor has neither filter nor search for it (fact sheet §2.1, §3.3: documented).
            (Kind::Contact | Kind::Company, _) => return Err(unsupported(kind, name)),
        };
        let mut finished = Vec::with_capacity(found.len());
        for (index, row) in found.into_iter().enumerate() {
            let mut row = row;
            if index < HITS_READ_MAX && Self::is_thin(kind, selection, &row) {
                match self.view(kind, &row.id, by).await? {
                    Some(full) if full.is_live() => row = full,
                    Some(_) | None => continue,
                }
            }
            self.finish(kind, selection, &mut row, by).await?;
            finished.push(row);
        }
        Ok(finished)
    }

    async fn by_filter(&self, attribute: &str, value: &Value, by: Deadline) -> Result<Vec<Record>, CallError> {
        let value = match value {
            Value::Text(text) => text.clone(),
            Value::Reference(id) => id.to_string(),
            Value::Integer(number) => number.to_string(),
            Value::Null | Value::Bool(_) | Value::Decimal(_) | Value::Date(_) | Value::DateTime(_) | Value::Set(_) => {
                return Err(unsupported(Kind::Contact, &format!("{attribute} by a {}", value.type_name())));
            }
        };
        let mut found = Vec::new();
        for page in 1..=FILTER_PAGES_MAX {
            let (records, more) = self.filtered(attribute, &value, page, by).await?;
            found.extend(records.into_iter().filter(Record::is_live));
            if !more {
                break;
            }
        }
        // An email answers with one row. Several mean that the filter took it for less than it is: then only equal ones count.
        if attribute == "email" && found.len() > 1 {
            found.retain(|row| matches!(row.field("email"), Some(Value::Text(email)) if same_text(email, &value)));
        }
        Ok(found)
    }

    async fn by_search(&self, kind: Kind, search_key: &str, key: &FindKey, by: Deadline) -> Result<Vec<Record>, CallError> {
        let wanted: Vec<Value> = match &key.value {
            Value::Set(items) => items.iter().map(|item| Value::Text(item.clone())).collect(),
            Value::Date(_) | Value::DateTime(_) | Value::Decimal(_) => {
                return Err(unsupported(kind, &format!("{} by a {}", key.field, key.value.type_name())));
            }
            Value::Text(_) | Value::Integer(_) | Value::Bool(_) | Value::Reference(_) | Value::Null => vec![key.value.clone()],
        };
        let mut found: Vec<Record> = Vec::new();
        for value in &wanted {
            let hits = match calls::query(search_key, value) {
                Some(query) => self.search(kind, &query, &key.field.to_string(), value, by).await?,
                None => self.by_reading(kind, key.field.as_str(), value, by).await?,
            };
            for hit in hits {
                if !found.iter().any(|known| known.id == hit.id) {
                    found.push(hit);
                }
            }
        }
        Ok(found)
    }

    /// All hits of a search whose field indeed has this value: how exactly the search compares is not documented.
    async fn search(&self, kind: Kind, query: &str, field: &str, value: &Value, by: Deadline) -> Result<Vec<Record>, CallError> {
        let sent = Sent::key(kind, &plain(value));
        let mut found = Vec::new();
        let mut seen = 0;
        for page in 1..=SEARCH_PAGES_MAX {
            let ask = calls::search(kind, query, page);
            let answer = self.client.read(&ask, &sent, by).await?;
            let drifted = |fault: Fault| error(&ask.operation, fault);
            let total = json(&answer.body).map_err(drifted)?.get("total").and_then(Json::as_u64);
            let hits = all_records(kind, &answer.body).map_err(drifted)?;
            let is_empty = hits.is_empty();
            seen += u64::try_from(hits.len()).unwrap_or(u64::MAX);
            found.extend(hits.into_iter().filter(|hit| hit.is_live() && self.is_wanted(hit) && holds(hit, field, value)));
            if is_empty || found.len() > 1 || total.is_none_or(|total| seen >= total) {
                break;
            }
        }
        Ok(found)
    }

    /// Reads the list for a value that the search's grammar cannot carry.
    async fn by_reading(&self, kind: Kind, field: &str, value: &Value, by: Deadline) -> Result<Vec<Record>, CallError> {
        let mut found = Vec::new();
        for page in 1..=LIST_PAGES_MAX {
            let ask = calls::list(kind, Phase::Live, None, Window::full(page));
            let answer = self.client.read(&ask, &Sent::default(), by).await?;
            let listed = all_records(kind, &answer.body).map_err(|fault| error(&ask.operation, fault))?;
            let is_last = listed.is_empty() || !answer.has_next();
            found.extend(listed.into_iter().filter(|row| row.is_live() && self.is_wanted(row) && holds(row, field, value)));
            if is_last {
                return Ok(found);
            }
        }
        Err(unsupported(kind, &format!("{field} by a value with a quotation mark, or a long one, among so many records")))
    }

    /// Records written in these last seconds whose field has this value: the search does not show them yet.
    pub(crate) async fn among_recent(
        &self,
        kind: Kind,
        field: &str,
        value: &Value,
        within_s: i64,
        by: Deadline,
    ) -> Result<Vec<Record>, CallError> {
        let since = back(self.client.now(), within_s);
        let filter = self.time_filter().unwrap_or(TimeFilter::Plain);
        let mut found = Vec::new();
        for page in 1..=RECENT_PAGES_MAX {
            let ask = calls::list(kind, Phase::Live, Some((filter, since)), Window::full(page));
            let answer = self.client.read(&ask, &Sent::default(), by).await?;
            let listed = all_records(kind, &answer.body).map_err(|fault| error(&ask.operation, fault))?;
            let is_last = listed.is_empty() || !answer.has_next();
            found.extend(listed.into_iter().filter(|row| holds(row, field, value)));
            if is_last {
                break;
            }
        }
        Ok(found)
    }

    /// The vendor completes the beginnings of names; those that are equal are read.
    pub(crate) async fn by_name(&self, kind: Kind, value: &Value, by: Deadline) -> Result<Vec<Record>, CallError> {
        let Value::Text(name) = value else {
            return Err(unsupported(kind, &format!("the name by a {}", value.type_name())));
        };
        let mut found = Vec::new();
        for id in self.ids_by_name(kind, name, by).await?.iter().take(HITS_READ_MAX) {
            if let Some(full) = self.view(kind, id, by).await?
                && full.is_live()
                && self.is_wanted(&full)
                && holds(&full, "name", value)
            {
                found.push(full);
            }
        }
        Ok(found)
    }

    /// The ids behind a name that is equal but for case and surrounding blanks.
    pub(crate) async fn ids_by_name(&self, kind: Kind, name: &str, by: Deadline) -> Result<Vec<RecordId>, CallError> {
        let ask = calls::autocomplete(kind, name.trim());
        let answer = self.client.read(&ask, &Sent::key(kind, name), by).await?;
        let listed = rows(kind.name(), &answer.body).map_err(|fault| error(&ask.operation, fault))?;
        let mut ids = Vec::new();
        for row in &listed {
            let stands = row.get("name").and_then(Json::as_str).is_some_and(|own| same_text(own, name));
            let id = row.get("id").and_then(record_id);
            match id {
                Some(id) if stands => ids.push(id),
                Some(_) => {}
                None => {
                    let found = row.get("id").map_or("nothing", type_name);
                    return Err(error(&ask.operation, crate::envelope::drift("id", "a whole number", found)));
                }
            }
        }
        Ok(ids)
    }
}

/// Whether a record's field has this value, as the vendor compares: texts without regard to case and surrounding blanks. A record that
/// does not carry the field is taken at the vendor's word.
pub(crate) fn holds(row: &Record, field: &str, value: &Value) -> bool {
    match (row.field(field), value) {
        (None, _) => true,
        (Some(Value::Text(own)), Value::Text(wanted)) => same_text(own, wanted),
        (Some(Value::Set(own)), Value::Text(wanted)) => own.iter().any(|own| same_text(own, wanted)),
        (Some(Value::Integer(own)), Value::Text(wanted)) => own.to_string() == wanted.trim(),
        (Some(own), wanted) => own == wanted,
    }
}

fn same_text(a: &str, b: &str) -> bool {
    a.trim().to_lowercase() == b.trim().to_lowercase()
}

fn plain(value: &Value) -> String {
    let plain = value.to_plain();
    plain.as_str().map_or_else(|| plain.to_string(), str::to_owned)
}

fn unsupported(kind: Kind, what: &str) -> CallError {
    error(&format!("find {}", kind.plural()), Fault::Unsupported { capability: format!("search of {} for {what}", kind.plural()) })
}
