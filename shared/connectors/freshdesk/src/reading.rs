//! Records by id, and the finishing of records: thin fields, dates, the selection.

use serde_json::Value as Json;
use syncline_engine::ports::connector::{BadRecord, Selection};
use syncline_model::mutant::{Mutant, planted};
use syncline_model::{CallError, Deadline, Fault, Presence, Record, RecordId, Value};

use crate::attributes::{Kind, custom_name};
use crate::calls;
use crate::client::{Trouble, error};
use crate::connection::Connection;
use crate::cursor::Phase;
use crate::envelope::{drift, rows};
use crate::faults::Sent;
use crate::wire::{day, record};

impl Connection {
    /// The record as it is now, with what it was merged into.
    pub(crate) async fn get_one(
        &self,
        kind: Kind,
        selection: &Selection,
        id: &RecordId,
        by: Deadline,
    ) -> Result<Option<Record>, CallError> {
        let Some(mut found) = self.view(kind, id, by).await? else { return Ok(None) };
        if kind == Kind::Contact && found.presence == Presence::Deleted {
            found.presence = self.what_became_of(&found, by).await?;
        }
        self.finish(kind, selection, &mut found, by).await?;
        Ok(Some(found))
    }

    /// The whole record, before the selection; `None` where the vendor has no such record.
    pub(crate) async fn view(&self, kind: Kind, id: &RecordId, by: Deadline) -> Result<Option<Record>, CallError> {
        let ask = calls::view(kind, id);
        let answer = match self.client.read(&ask, &Sent::key(kind, id.as_str()), by).await {
            Ok(answer) => answer,
            Err(trouble) if *trouble.fault() == Fault::Missing || planted(Mutant::ErrorAsGone) => return Ok(None),
            Err(trouble) => return Err(trouble.into()),
        };
        let found = one_record(kind, &answer.body).map_err(|fault| error(&ask.operation, fault))?;
        if found.id != *id {
            return Err(error(&ask.operation, drift("id", "the id that was asked for", "another id")));
        }
        Ok(Some(found))
    }

    /// A merge leaves the loser in the bin and its email with the winner; no pointer says so (fact sheet §3.4: unverified). So a deleted
    /// contact whose email answers with another live contact was merged into that one.
    async fn what_became_of(&self, deleted: &Record, by: Deadline) -> Result<Presence, CallError> {
        let Some(Value::Text(email)) = deleted.field("email") else { return Ok(Presence::Deleted) };
        let (holders, _) = self.filtered("email", email, 1, by).await?;
        let winner = holders.into_iter().find(|holder| holder.is_live() && holder.id != deleted.id);
        Ok(winner.map_or(Presence::Deleted, |winner| Presence::MergedInto(winner.id)))
    }

    /// One page of contacts that the list's own filter answers, and whether there is another. A row that cannot be read stops the
    /// look-up: it might be the one that is looked for.
    pub(crate) async fn filtered(&self, attribute: &str, value: &str, page: u32, by: Deadline) -> Result<(Vec<Record>, bool), CallError> {
        let ask = calls::filter(attribute, value, page);
        let answer = self.client.read(&ask, &Sent::key(Kind::Contact, value), by).await?;
        let found = all_records(Kind::Contact, &answer.body).map_err(|fault| error(&ask.operation, fault))?;
        let more = answer.has_next() && !found.is_empty();
        Ok((found.into_iter().filter(|row| self.is_wanted(row)).collect(), more))
    }

    /// Chat visitors are left out unless the settings want them.
    pub(crate) fn is_wanted(&self, row: &Record) -> bool {
        self.target.include_visitors || row.field("contact_type") != Some(&Value::Text("visitor".to_owned()))
    }

    /// Whether a selected field is missing from a row because rows do not carry it.
    pub(crate) fn is_thin(kind: Kind, selection: &Selection, row: &Record) -> bool {
        row.is_live()
            && selection.fields.iter().any(|field| kind.thin_fields().contains(&field.as_str()) && row.field(field.as_str()).is_none())
    }

    /// Gives custom dates their type, and leaves only what was selected.
    pub(crate) async fn finish(&self, kind: Kind, selection: &Selection, found: &mut Record, by: Deadline) -> Result<(), CallError> {
        found.fields.retain(|name, _| selection.fields.contains(name));
        let looks_like_date = found.fields.iter().any(|(name, value)| custom_name(name.as_str()).is_some() && as_day(value).is_some());
        if looks_like_date {
            let dates = self.date_fields(kind, by).await?;
            for (name, value) in &mut found.fields {
                if custom_name(name.as_str()).is_some_and(|own| dates.contains(own))
                    && let Some(date) = as_day(value)
                {
                    *value = Value::Date(date);
                }
            }
        }
        Ok(())
    }

    /// The row with its thin fields read. One that is gone meanwhile stays as it was listed: that it is gone, the next listing or sweep
    /// tells, not the want of an answer.
    pub(crate) async fn thickened(
        &self,
        kind: Kind,
        phase: Phase,
        row: Record,
        by: Deadline,
    ) -> Result<Result<Record, BadRecord>, CallError> {
        let id = row.id.clone();
        match self.view(kind, &id, by).await {
            Ok(Some(full)) => Ok(Ok(full)),
            Ok(None) => Ok(Ok(row)),
            Err(failed) => match failed.fault {
                Fault::Drift { .. } | Fault::Rejected { .. } => Ok(Err(BadRecord { id: Some(id), fault: failed.fault })),
                // A blocked contact may be refused by id (not documented): its row is what there is to read.
                Fault::Conflict | Fault::Unsupported { .. } if phase == Phase::Blocked => Ok(Ok(row)),
                Fault::Transient { .. }
                | Fault::RateLimited { .. }
                | Fault::AuthExpired
                | Fault::AuthRefused { .. }
                | Fault::Taken { .. }
                | Fault::Conflict
                | Fault::Missing
                | Fault::Uncertain
                | Fault::Unsupported { .. } => Err(failed),
            },
        }
    }
}

/// A text in the form of a day, or of a day's midnight.
fn as_day(value: &Value) -> Option<jiff::civil::Date> {
    match value {
        Value::Text(text) if text.len() <= 25 => day(text),
        Value::Text(_)
        | Value::Null
        | Value::Bool(_)
        | Value::Integer(_)
        | Value::Decimal(_)
        | Value::Date(_)
        | Value::DateTime(_)
        | Value::Set(_)
        | Value::Reference(_) => None,
    }
}

/// The one record of an answer.
pub(crate) fn one_record(kind: Kind, body: &[u8]) -> Result<Record, Fault> {
    let mut found = rows(kind.name(), body)?;
    match (found.pop(), found.is_empty()) {
        (Some(row), true) => read_row(kind, &row),
        (Some(_), false) => Err(drift("$", &format!("one {}", kind.name()), "several")),
        (None, _) => Err(drift("$", &format!("one {}", kind.name()), "an empty list")),
    }
}

/// All records of an answer; one that cannot be read is the answer's fault.
pub(crate) fn all_records(kind: Kind, body: &[u8]) -> Result<Vec<Record>, Fault> {
    rows(kind.name(), body)?.iter().map(|row| read_row(kind, row)).collect()
}

fn read_row(kind: Kind, row: &Json) -> Result<Record, Fault> {
    record(&kind.object(), row).map_err(|bad| bad.fault)
}

/// Whether the vendor said that it does not know this parameter.
pub(crate) fn refuses_parameter(trouble: &Trouble, parameter: &str) -> bool {
    match trouble.fault() {
        Fault::Rejected { problems } => problems
            .iter()
            .any(|problem| problem.code == "invalid_field" && problem.field.as_ref().is_some_and(|field| field.as_str() == parameter)),
        Fault::Transient { .. }
        | Fault::RateLimited { .. }
        | Fault::AuthExpired
        | Fault::AuthRefused { .. }
        | Fault::Taken { .. }
        | Fault::Conflict
        | Fault::Missing
        | Fault::Uncertain
        | Fault::Unsupported { .. }
        | Fault::Drift { .. } => false,
    }
}
