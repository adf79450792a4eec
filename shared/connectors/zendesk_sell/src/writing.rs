//! Writes, one record a call. What the vendor stored is read from its answer; an answer that cannot be read after a write leaves it open whether
//! the write happened, and says so.
//!
//! Nothing makes a create safe to repeat, and nothing compares versions (fact sheet §0.6, §5.5): whoever writes has read just before. The upsert
//! of the API would need a filterable custom field, and two at once still make two records (fact sheet §5.4: unverified); it is not used.

use std::collections::BTreeMap;

use http::StatusCode;
use serde_json::{Map, Value as Json};
use syncline_engine::ports::connector::{Outcome, Selection, WriteAction};
use syncline_model::{Deadline, Fault, FieldName, Record, RecordId, Value};

use crate::calls;
use crate::client::Trouble;
use crate::connection::{Connection, unsupported};
use crate::fields::{Form, Kind};
use crate::values;
use crate::wire;

impl Connection {
    /// `Err` only where the vendor heard nothing.
    pub(crate) async fn write_one(&self, kind: Kind, selection: &Selection, action: &WriteAction, by: Deadline) -> Result<Outcome, Fault> {
        match action {
            WriteAction::Create { fields, once: _ } => self.create(kind, selection, fields, by).await,
            WriteAction::Update { id, .. } | WriteAction::Delete { id } if !wire::is_id(id.as_str()) => Ok(Outcome::Failed(Fault::Missing)),
            WriteAction::Update { id, fields, expected: _ } => self.update(kind, selection, id, fields, by).await,
            WriteAction::Delete { id } => self.delete(kind, id, by).await,
            WriteAction::Restore { .. } => Ok(Outcome::Failed(unsupported(&format!("bin for {}", kind.plural())))),
        }
    }

    async fn delete(&self, kind: Kind, id: &RecordId, by: Deadline) -> Result<Outcome, Fault> {
        match self.client.send(&calls::delete(kind, id.as_str()), &[], by).await {
            Ok(answer) if answer.status == StatusCode::NO_CONTENT => Ok(Outcome::Written { id: id.clone(), created: false, stored: None }),
            // Another answer with 2xx is none that we know.
            Ok(_) => Ok(Outcome::Failed(Fault::Uncertain)),
            Err(trouble) => failed(trouble),
        }
    }

    async fn create(&self, kind: Kind, selection: &Selection, fields: &BTreeMap<FieldName, Value>, by: Deadline) -> Result<Outcome, Fault> {
        let mut members = match values::body(kind, fields, true) {
            Ok(members) => members,
            Err(problems) => return Ok(Outcome::Failed(Fault::Rejected { problems })),
        };
        without_made_name(kind, &mut members);
        let sent = texts(&members);
        let answer = match self.client.send(&calls::create(kind, &members), &sent, by).await {
            Ok(answer) => answer,
            Err(trouble) => return failed(trouble),
        };
        match self.as_stored(kind, selection, &answer.json, by).await {
            Some((id, stored)) => Ok(Outcome::Written { id, created: true, stored }),
            None => Ok(Outcome::Failed(Fault::Uncertain)),
        }
    }

    async fn update(
        &self,
        kind: Kind,
        selection: &Selection,
        id: &RecordId,
        fields: &BTreeMap<FieldName, Value>,
        by: Deadline,
    ) -> Result<Outcome, Fault> {
        let mut members = match values::body(kind, fields, false) {
            Ok(members) => members,
            Err(problems) => return Ok(Outcome::Failed(Fault::Rejected { problems })),
        };
        if members.is_empty() {
            return Ok(Outcome::Written { id: id.clone(), created: false, stored: None });
        }
        without_made_name(kind, &mut members);
        if kind.attributes().iter().any(|attribute| attribute.form == Form::Address && members.contains_key(attribute.name)) {
            match self.client.send(&calls::one(kind, id.as_str()), &[], by).await {
                Ok(answer) => whole_addresses(kind, &mut members, &answer.json),
                // Nothing was written: reading came first.
                Err(Trouble { fault: Fault::Missing, .. }) => return Ok(Outcome::Failed(Fault::Missing)),
                Err(trouble) => return Err(trouble.fault),
            }
        }
        let sent = texts(&members);
        let answer = match self.client.send(&calls::update(kind, id.as_str(), &members), &sent, by).await {
            Ok(answer) => answer,
            Err(trouble) => return failed(trouble),
        };
        match self.as_stored(kind, selection, &answer.json, by).await {
            Some((own, stored)) if own == *id => Ok(Outcome::Written { id: own, created: false, stored }),
            Some(_) | None => Ok(Outcome::Failed(Fault::Uncertain)),
        }
    }

    /// Whose record the answer tells, and what it says is stored; that is left out where the types of custom fields cannot be told just now.
    async fn as_stored(&self, kind: Kind, selection: &Selection, answer: &Json, by: Deadline) -> Option<(RecordId, Option<Record>)> {
        let row = wire::single(answer).ok()?;
        let id = RecordId::new(row.get("id").and_then(wire::id)?);
        let definitions = self.definitions(kind, selection, by).await.ok();
        let stored = definitions.and_then(|definitions| values::record(kind, row, &definitions).ok());
        Some((id, stored.map(|record| values::select(record, selection))))
    }
}

/// A person's name is made of the first and the last one (fact sheet §5.1): where a last name is sent, the whole one is not.
fn without_made_name(kind: Kind, members: &mut Map<String, Json>) {
    if kind == Kind::Contact && members.get("last_name").is_some_and(Json::is_string) {
        members.remove("name");
    }
}

/// Whether an address is replaced as a whole or part by part is not documented: all its parts are sent, so that both come to the same.
fn whole_addresses(kind: Kind, members: &mut Map<String, Json>, present: &Json) {
    let present = present.get("data").unwrap_or(present);
    for attribute in kind.attributes().iter().filter(|attribute| attribute.form == Form::Address) {
        let old = present.get(attribute.name).and_then(Json::as_object);
        if let (Some(old), Some(new)) = (old, members.get_mut(attribute.name).and_then(Json::as_object_mut)) {
            for (part, value) in old {
                new.entry(part.clone()).or_insert_with(|| value.clone());
            }
        }
    }
}

/// All texts of a body: they must not come back in a sentence.
fn texts(members: &Map<String, Json>) -> Vec<String> {
    fn collect(json: &Json, into: &mut Vec<String>) {
        match json {
            Json::String(text) => into.push(text.clone()),
            Json::Array(items) => items.iter().for_each(|item| collect(item, into)),
            Json::Object(members) => members.values().for_each(|member| collect(member, into)),
            Json::Number(number) => into.push(number.to_string()),
            Json::Null | Json::Bool(_) => {}
        }
    }
    let mut all = Vec::new();
    members.values().for_each(|member| collect(member, &mut all));
    all
}

fn failed(trouble: Trouble) -> Result<Outcome, Fault> {
    if trouble.unheard { Err(trouble.fault) } else { Ok(Outcome::Failed(trouble.fault)) }
}
