//! Writes, one record a call. What the vendor stored is read from its answer; an answer that cannot be read after a write leaves it open
//! whether the write happened, and says so.

use std::collections::BTreeMap;

use serde_json::Value as Json;
use syncline_engine::ports::connector::{Outcome, Selection, WriteAction};
use syncline_model::mutant::{Mutant, planted};
use syncline_model::{CallError, Deadline, Fault, FieldName, Record, RecordId, Value};

use crate::attributes::Kind;
use crate::body::body;
use crate::calls;
use crate::client::{Answer, Trouble};
use crate::connection::Connection;
use crate::faults::Sent;
use crate::finding::holds;
use crate::reading::one_record;

/// How far back, in seconds, a refused create looks for the record that it met: longer than the search lags.
const RECENT_S: i64 = 15 * 60;

impl Connection {
    /// `Err` only where the vendor heard nothing.
    pub(crate) async fn write_one(
        &self,
        kind: Kind,
        selection: &Selection,
        action: &WriteAction,
        by: Deadline,
    ) -> Result<Outcome, CallError> {
        match action {
            WriteAction::Create { fields, once } => self.create(kind, selection, fields, once.as_ref(), by).await,
            // The vendor compares no versions (fact sheet §4): `expected` has been compared by whoever read the record just before.
            WriteAction::Update { id, fields, expected: _ } => self.update(kind, selection, id, fields, by).await,
            WriteAction::Delete { id } => {
                let answer = self.client.write(&calls::delete(kind, id), &Sent::key(kind, id.as_str()), by).await;
                settled(answer, id)
            }
            WriteAction::Restore { id } => match kind {
                Kind::Contact => {
                    let answer = self.client.write(&calls::restore(id), &Sent::key(kind, id.as_str()), by).await;
                    settled(answer, id)
                }
                // A deleted company is gone for good (fact sheet §3.4: documented).
                Kind::Company => Ok(Outcome::Failed(Fault::Unsupported { capability: "bin for companies".to_owned() })),
            },
        }
    }

    async fn update(
        &self,
        kind: Kind,
        selection: &Selection,
        id: &RecordId,
        fields: &BTreeMap<FieldName, Value>,
        by: Deadline,
    ) -> Result<Outcome, CallError> {
        let members = match body(kind, fields, false) {
            Ok(members) => members,
            Err(problems) => return Ok(Outcome::Failed(Fault::Rejected { problems })),
        };
        if members.is_empty() {
            // The vendor refuses an empty body, and nothing was asked for.
            return Ok(Outcome::Written { id: id.clone(), created: false, stored: None });
        }
        let body = Json::Object(members);
        let sent = Sent::of(kind, Some(&body));
        let answer = match self.client.write(&calls::update(kind, id, body), &sent, by).await {
            Ok(answer) => answer,
            Err(trouble) => return self.refused(kind, fields, trouble, by).await,
        };
        match one_record(kind, &answer.body) {
            Ok(stored) if stored.id == *id => {
                let stored = self.as_stored(kind, selection, stored, fields, by).await;
                Ok(Outcome::Written { id: id.clone(), created: false, stored })
            }
            Ok(_) | Err(_) => Ok(Outcome::Failed(Fault::Uncertain)),
        }
    }

    async fn create(
        &self,
        kind: Kind,
        selection: &Selection,
        fields: &BTreeMap<FieldName, Value>,
        once: Option<&FieldName>,
        by: Deadline,
    ) -> Result<Outcome, CallError> {
        let members = match body(kind, fields, true) {
            Ok(members) => members,
            Err(problems) => return Ok(Outcome::Failed(Fault::Rejected { problems })),
        };
        let body = Json::Object(members);
        let sent = Sent::of(kind, Some(&body));
        let answer = match self.client.write(&calls::create(kind, body), &sent, by).await {
            Ok(answer) => answer,
            Err(trouble) => {
                let once = once.and_then(|name| fields.get(name).map(|value| (name, value))).filter(|(_, value)| !value.is_null());
                return match once {
                    Some(once) if is_taken(&trouble) && !planted(Mutant::CreateMetUnheeded) => {
                        self.met(kind, selection, fields, once, trouble, by).await
                    }
                    Some(_) | None => self.refused(kind, fields, trouble, by).await,
                };
            }
        };
        match (one_record(kind, &answer.body), answer.location_id()) {
            (Ok(stored), _) => {
                let id = stored.id.clone();
                let stored = self.as_stored(kind, selection, stored, fields, by).await;
                Ok(Outcome::Written { id, created: true, stored })
            }
            // The body is unreadable, but the head names what was created.
            (Err(_), Some(id)) => Ok(Outcome::Written { id, created: true, stored: None }),
            (Err(_), None) => Ok(Outcome::Failed(Fault::Uncertain)),
        }
    }

    /// What the vendor's answer says it stores. An attribute that was cleared and does not come back is empty; one whose type cannot be
    /// told now (the metadata did not answer) makes the caller read the record.
    async fn as_stored(
        &self,
        kind: Kind,
        selection: &Selection,
        mut stored: Record,
        sent: &BTreeMap<FieldName, Value>,
        by: Deadline,
    ) -> Option<Record> {
        for (name, value) in sent {
            if value.is_null() && stored.field(name.as_str()).is_none() {
                stored.fields.insert(name.clone(), Value::Null);
            }
        }
        let finished = self.finish(kind, selection, &mut stored, by).await;
        finished.is_ok().then_some(stored)
    }

    /// A create through a unique field was refused because a value is taken. If the record that holds it is the one of this very create,
    /// made before, that is success; else the fault names the holders.
    async fn met(
        &self,
        kind: Kind,
        selection: &Selection,
        fields: &BTreeMap<FieldName, Value>,
        once: (&FieldName, &Value),
        trouble: Trouble,
        by: Deadline,
    ) -> Result<Outcome, CallError> {
        let holders = if let Fault::Taken { holders, .. } = trouble.fault() { holders.clone() } else { Vec::new() };
        let (name, value) = once;
        let found = if !holders.is_empty() {
            self.first_with(kind, name, value, &holders, by).await
        } else if trouble.taken.is_empty() || trouble.taken.contains(name) {
            self.with_value(kind, name, value, by).await
        } else {
            Ok(None)
        };
        match found {
            Ok(Some(mut record)) if record.is_live() => {
                let id = record.id.clone();
                let finished = self.finish(kind, selection, &mut record, by).await;
                Ok(Outcome::Written { id, created: false, stored: finished.is_ok().then_some(record) })
            }
            // It is in the bin: whoever asked decides whether it comes back.
            Ok(Some(record)) => Ok(Outcome::Failed(Fault::Taken { field: Some(name.clone()), holders: vec![record.id] })),
            Ok(None) => self.refused(kind, fields, trouble, by).await,
            // The create was refused for certain; only the look-up failed. The next attempt is refused again, and looks again.
            Err(failed) if matches!(failed.fault, Fault::Unsupported { .. }) => Ok(Outcome::Failed(trouble.error.fault)),
            Err(failed) => Ok(Outcome::Failed(failed.fault)),
        }
    }

    /// The first of these records that carries the value in this field, read by id: live or in the bin.
    async fn first_with(
        &self,
        kind: Kind,
        name: &FieldName,
        value: &Value,
        ids: &[RecordId],
        by: Deadline,
    ) -> Result<Option<Record>, CallError> {
        for id in ids {
            if let Some(record) = self.view(kind, id, by).await?
                && record.field(name.as_str()).is_some()
                && holds(&record, name.as_str(), value)
            {
                return Ok(Some(record));
            }
        }
        Ok(None)
    }

    /// The record that carries the value, looked for where what was just written can be seen.
    async fn with_value(&self, kind: Kind, name: &FieldName, value: &Value, by: Deadline) -> Result<Option<Record>, CallError> {
        let carries = |record: &Record| record.field(name.as_str()).is_some();
        let recent = self.among_recent(kind, name.as_str(), value, RECENT_S, by).await?;
        if let Some(record) = recent.into_iter().find(carries).filter(|_| !planted(Mutant::FindLagIgnored)) {
            return Ok(Some(record));
        }
        let everything = Selection { kind: kind.object(), fields: vec![name.clone()] };
        let key = syncline_engine::ports::connector::FindKey { field: name.clone(), value: value.clone() };
        let hit = self.find_one(kind, &everything, &key, by).await?.into_iter().find(carries);
        match hit {
            Some(hit) => self.view(kind, &hit.id, by).await,
            None => Ok(None),
        }
    }

    /// The outcome of a refused write. A taken company name names no holder: it is looked up, for whoever decides about it.
    async fn refused(&self, kind: Kind, fields: &BTreeMap<FieldName, Value>, trouble: Trouble, by: Deadline) -> Result<Outcome, CallError> {
        if trouble.unheard {
            return Err(trouble.error);
        }
        let mut fault = trouble.error.fault;
        if let Fault::Taken { field: Some(field), holders } = &mut fault
            && holders.is_empty()
            && kind == Kind::Company
            && field.as_str() == "name"
            && let Some(Value::Text(name)) = fields.get("name")
            && let Ok(ids) = self.ids_by_name(kind, name, by).await
        {
            *holders = ids;
        }
        Ok(Outcome::Failed(fault))
    }
}

fn is_taken(trouble: &Trouble) -> bool {
    matches!(trouble.fault(), Fault::Taken { .. })
}

/// A delete or restore: "204 No Content" is success (fact sheet §3.4: documented); another answer with 2xx is none that we know.
#[allow(clippy::result_large_err, reason = "the port's own error type")]
fn settled(answer: Result<Answer, Trouble>, id: &RecordId) -> Result<Outcome, CallError> {
    match answer {
        Ok(answer) if answer.status == http::StatusCode::NO_CONTENT => {
            Ok(Outcome::Written { id: id.clone(), created: false, stored: None })
        }
        Ok(_) => Ok(Outcome::Failed(Fault::Uncertain)),
        Err(trouble) if trouble.unheard => Err(trouble.error),
        Err(trouble) => Ok(Outcome::Failed(trouble.error.fault)),
    }
}
