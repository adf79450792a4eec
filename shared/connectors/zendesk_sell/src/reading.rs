//! Records by id and by key.

use std::collections::BTreeMap;

use syncline_engine::ports::connector::{FindKey, Selection};
use syncline_model::{Deadline, Fault, Record, RecordId, Value};

use crate::calls;
use crate::connection::{Connection, unsupported};
use crate::fields::{Kind, custom_name};
use crate::values;
use crate::window::{Order, Row, Window};
use crate::wire;

/// Pages of a filter's answer: more is no key.
const FILTER_PAGES_MAX: u32 = 3;
/// Pages that are read where only reading the list can answer: 5,000 records.
const LIST_PAGES_MAX: u32 = 50;

impl Connection {
    /// The rows of these ids, as far as the vendor has them, in one call.
    pub(crate) async fn rows_with_ids(
        &self,
        kind: Kind,
        selection: &Selection,
        ids: &[&str],
        by: Deadline,
    ) -> Result<BTreeMap<String, Row>, Fault> {
        if ids.is_empty() {
            return Ok(BTreeMap::new());
        }
        let definitions = self.definitions(kind, selection, by).await?;
        let answer = self.client.read(&calls::by_ids(kind, ids), by).await?;
        let mut rows = BTreeMap::new();
        for row in wire::list(&answer.json)? {
            let row = values::record(kind, row, &definitions).map(|record| values::select(record, selection));
            let id = match &row {
                Ok(record) => Some(record.id.clone()),
                Err(bad) => bad.id.clone(),
            };
            if let Some(id) = id {
                rows.insert(id.to_string(), row);
            }
        }
        Ok(rows)
    }

    /// One record from its own address; `None` where there is none.
    pub(crate) async fn one(&self, kind: Kind, selection: &Selection, id: &str, by: Deadline) -> Result<Option<Row>, Fault> {
        let definitions = self.definitions(kind, selection, by).await?;
        match self.client.read(&calls::one(kind, id), by).await {
            Ok(answer) => {
                let row = values::record(kind, wire::single(&answer.json)?, &definitions);
                Ok(Some(row.map(|record| values::select(record, selection))))
            }
            Err(Fault::Missing) => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    pub(crate) async fn with_ids(
        &self,
        kind: Kind,
        selection: &Selection,
        ids: &[RecordId],
        by: Deadline,
    ) -> Result<Vec<Option<Record>>, Fault> {
        let most = usize::try_from(calls::PAGE_RECORDS_MAX).unwrap_or(1);
        let asked: Vec<&str> = ids.iter().map(RecordId::as_str).filter(|id| wire::is_id(id)).collect();
        let mut rows = BTreeMap::new();
        for group in asked.chunks(most) {
            rows.extend(self.rows_with_ids(kind, selection, group, by).await?);
        }
        ids.iter().map(|id| rows.get(id.as_str()).cloned().transpose().map_err(|bad| bad.fault)).collect()
    }

    pub(crate) async fn with_key(&self, kind: Kind, selection: &Selection, key: &FindKey, by: Deadline) -> Result<Vec<Record>, Fault> {
        let name = key.field.as_str();
        let missing = || unsupported(&format!("search of {} by {name}", kind.plural()));
        let parameter = match custom_name(name).filter(|_| kind.has_custom_fields()) {
            Some(own) => format!("custom_fields[{own}]"),
            None if kind.filters().contains(&name) => name.to_owned(),
            None if (kind, name) == (Kind::Deal, "name") && !key.value.is_null() => return self.by_reading(kind, selection, key, by).await,
            None => return Err(missing()),
        };
        let text = match &key.value {
            Value::Text(text) => text.clone(),
            Value::Reference(id) => id.to_string(),
            Value::Integer(number) => number.to_string(),
            Value::Bool(flag) => flag.to_string(),
            Value::Null | Value::Decimal(_) | Value::Date(_) | Value::DateTime(_) | Value::Set(_) => return Err(missing()),
        };
        let wanted = with_field(selection, key);
        let definitions = self.definitions(kind, &wanted, by).await?;
        let mut found = Vec::new();
        for page in 1..=FILTER_PAGES_MAX {
            let answer = match self.client.read(&calls::filtered(kind, &parameter, &text, page), by).await {
                // A custom field that is not filterable is an unknown parameter.
                Err(Fault::Rejected { .. }) => return Err(missing()),
                answer => answer?,
            };
            let rows = wire::list(&answer.json)?;
            let is_last = rows.is_empty() || !wire::has_next(&answer.json);
            for row in rows {
                let record = values::record(kind, row, &definitions).map_err(|bad| bad.fault)?;
                if holds(&record, name, &key.value) {
                    found.push(values::select(record, selection));
                }
            }
            if is_last {
                break;
            }
        }
        Ok(found)
    }

    /// Reads the list for a value by which it cannot be filtered.
    async fn by_reading(&self, kind: Kind, selection: &Selection, key: &FindKey, by: Deadline) -> Result<Vec<Record>, Fault> {
        let definitions = self.definitions(kind, selection, by).await?;
        let mut found = Vec::new();
        for page in 1..=LIST_PAGES_MAX {
            let window = Window { page, ..Window::FIRST };
            let answer = self.client.read(&calls::list(kind, Order::Id, window), by).await?;
            let rows = wire::list(&answer.json)?;
            let is_last = rows.is_empty() || !wire::has_next(&answer.json);
            let records = rows.into_iter().filter_map(|row| values::record(kind, row, &definitions).ok());
            let hits = records.filter(|record| holds(record, key.field.as_str(), &key.value));
            found.extend(hits.map(|record| values::select(record, selection)));
            if is_last {
                return Ok(found);
            }
        }
        Err(unsupported(&format!("search of so many {} by {}", kind.plural(), key.field)))
    }
}

/// The selection with the key's own field, whose type decides how it is compared.
fn with_field(selection: &Selection, key: &FindKey) -> Selection {
    let mut wanted = selection.clone();
    if !wanted.fields.contains(&key.field) {
        wanted.fields.push(key.field.clone());
    }
    wanted
}

/// Whether a record's field has this value: how exactly the vendor compares texts is not documented, so case and outer blanks are let pass.
fn holds(record: &Record, field: &str, value: &Value) -> bool {
    match (record.field(field), value) {
        (Some(Value::Text(own)), Value::Text(wanted)) => own.trim().to_lowercase() == wanted.trim().to_lowercase(),
        (Some(own), wanted) => own == wanted || own.to_plain().as_str().is_some_and(|own| wanted.to_plain().as_str() == Some(own)),
        (None, _) => false,
    }
}
