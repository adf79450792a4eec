//! Writes, one user a call: read, compared, and written only where something differs, for every write comes back as events (fact sheet §4, §9).

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};
use syncline_engine::ports::connector::{Outcome, Selection, WriteAction};
use syncline_model::{CallError, Deadline, Fault, FieldName, Problem, Record, RecordId, Value};

use crate::calls;
use crate::connection::Connection;
use crate::fields::{AVAILABILITY_STATUS, STATUS, SUBSTATUS, WRAP_UP_TIME};
use crate::listing::selected;
use crate::status::{Availability, Reason, Status};
use crate::wire::one;

/// What a write asks for of the reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum WishedReason {
    #[default]
    Unsaid,
    /// Unavailable without one, if at all.
    None,
    This(Reason),
}

impl WishedReason {
    fn of(reason: Option<Reason>) -> Self {
        reason.map_or(Self::None, Self::This)
    }

    fn this(self) -> Option<Reason> {
        match self {
            Self::This(reason) => Some(reason),
            Self::Unsaid | Self::None => None,
        }
    }
}

/// What a write asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Wish {
    availability: Option<Availability>,
    reason: WishedReason,
    wrap_up_time_s: Option<i64>,
}

impl Wish {
    /// The wish that these fields are; problems say what cannot be written, never the value.
    fn of(fields: &BTreeMap<FieldName, Value>) -> Result<Self, Vec<Problem>> {
        let mut wish = Self::default();
        let mut problems = Vec::new();
        for (name, value) in fields {
            if let Err((code, words)) = wish.add(name.as_str(), value) {
                problems.push(Problem { field: Some(name.clone()), code: code.to_owned(), words: words.to_owned() });
            }
        }
        if wish.reason.this().is_some() && wish.availability.is_some_and(|wanted| wanted != Availability::Unavailable) {
            let words = "a reason goes with one status only, and another one is written beside it";
            problems.push(Problem { field: Some(SUBSTATUS.into()), code: "contradiction".to_owned(), words: words.to_owned() });
        }
        if problems.is_empty() { Ok(wish) } else { Err(problems) }
    }

    fn add(&mut self, name: &str, value: &Value) -> Result<(), (&'static str, &'static str)> {
        const UNKNOWN: (&str, &str) = ("invalid_value", "this is no status that Aircall takes; give it a counterpart in the value map");
        const EMPTY: (&str, &str) = ("blank_value", "an agent always has a status: it cannot be cleared");
        let word = match value {
            Value::Text(text) => Some(text.as_str()),
            Value::Null
            | Value::Bool(_)
            | Value::Integer(_)
            | Value::Decimal(_)
            | Value::Date(_)
            | Value::DateTime(_)
            | Value::Set(_)
            | Value::Reference(_) => None,
        };
        match name {
            STATUS => {
                let status = word.ok_or(EMPTY).and_then(|word| Status::read(word).ok_or(UNKNOWN))?;
                self.availability = Some(status.availability);
                if status.availability == Availability::Unavailable {
                    self.reason = WishedReason::of(status.reason);
                }
            }
            AVAILABILITY_STATUS => {
                let availability = word.ok_or(EMPTY).and_then(|word| Availability::read(word).ok_or(UNKNOWN))?;
                self.availability = Some(availability);
            }
            SUBSTATUS if value.is_null() => {
                if self.reason == WishedReason::Unsaid {
                    self.reason = WishedReason::None;
                }
            }
            SUBSTATUS => self.reason = WishedReason::This(word.and_then(Reason::exactly).ok_or(UNKNOWN)?),
            WRAP_UP_TIME => match value {
                Value::Integer(seconds) if *seconds >= 0 => self.wrap_up_time_s = Some(*seconds),
                Value::Integer(_)
                | Value::Null
                | Value::Bool(_)
                | Value::Decimal(_)
                | Value::Text(_)
                | Value::Date(_)
                | Value::DateTime(_)
                | Value::Set(_)
                | Value::Reference(_) => return Err(("invalid_value", "a whole number of seconds is needed")),
            },
            _ => return Err(("readonly_field", "this field cannot be written through Aircall's API")),
        }
        Ok(())
    }

    /// The status that a user with this one shall have; `None` where nothing is asked of it.
    fn status(&self, now: Status) -> Option<Status> {
        match (self.availability, self.reason) {
            (None, WishedReason::Unsaid) => None,
            (Some(availability), reason) => Some(Status::new(availability, reason.this())),
            (None, WishedReason::This(reason)) => Some(Status::new(Availability::Unavailable, Some(reason))),
            // No reason any more; who has none stays as they are.
            (None, WishedReason::None) => Some(Status::new(now.availability, None)),
        }
    }

    /// What must be sent so that this user is as wished; empty where they are.
    fn body(&self, now: Status, wrap_up_time_s: Option<i64>) -> Map<String, Json> {
        let mut body = Map::new();
        if let Some(status) = self.status(now).filter(|status| *status != now) {
            // A write without a reason also clears one (fact sheet §4: documented).
            body.insert(AVAILABILITY_STATUS.to_owned(), json!(status.availability.word()));
            if let Some(reason) = status.reason {
                body.insert(SUBSTATUS.to_owned(), json!(reason.word()));
            }
        }
        if let Some(seconds) = self.wrap_up_time_s.filter(|seconds| wrap_up_time_s != Some(*seconds)) {
            body.insert(WRAP_UP_TIME.to_owned(), json!(seconds));
        }
        body
    }
}

impl Connection {
    /// `Err` only where the vendor was not asked to write.
    pub(crate) async fn write_one(&self, selection: &Selection, action: &WriteAction, by: Deadline) -> Result<Outcome, CallError> {
        let unsupported = |capability: &str| Ok(Outcome::Failed(Fault::Unsupported { capability: capability.to_owned() }));
        match action {
            WriteAction::Create { .. } => unsupported("creation of users through Syncline"),
            WriteAction::Delete { .. } => unsupported("deletion of users through Syncline"),
            WriteAction::Restore { .. } => unsupported("bin for users"),
            // The vendor compares no versions (fact sheet §4); the user is read here, just before.
            WriteAction::Update { id, fields, expected: _ } => self.update(selection, id, fields, by).await,
        }
    }

    async fn update(
        &self,
        selection: &Selection,
        id: &RecordId,
        fields: &BTreeMap<FieldName, Value>,
        by: Deadline,
    ) -> Result<Outcome, CallError> {
        let wish = match Wish::of(fields) {
            Ok(wish) => wish,
            Err(problems) => return Ok(Outcome::Failed(Fault::Rejected { problems })),
        };
        let Some(user) = self.view(id, by).await? else { return Ok(Outcome::Failed(Fault::Missing)) };
        let now = status_of(&user)?;
        let wrap_up_time_s = match user.field(WRAP_UP_TIME) {
            Some(Value::Integer(seconds)) => Some(*seconds),
            Some(_) | None => None,
        };
        let body = wish.body(now, wrap_up_time_s);
        if body.is_empty() {
            return Ok(Outcome::Written { id: id.clone(), created: false, stored: selected(selection, user).ok() });
        }
        if now.availability == Availability::Custom && body.contains_key(AVAILABILITY_STATUS) && !self.target.overwrite_schedule {
            return Ok(Outcome::Failed(follows_schedule()));
        }
        let sent: Vec<String> = body.values().filter_map(Json::as_str).map(str::to_owned).collect();
        let answer = match self.client.send(&calls::update(id, Json::Object(body)), &sent, by).await {
            Ok(answer) => answer,
            Err(trouble) if trouble.unheard => return Err(trouble.error),
            Err(trouble) => return Ok(Outcome::Failed(trouble.error.fault)),
        };
        match one(&answer) {
            Ok(stored) if stored.id == *id => Ok(Outcome::Written { id: id.clone(), created: false, stored: as_stored(selection, stored) }),
            Ok(_) | Err(_) => Ok(Outcome::Failed(Fault::Uncertain)),
        }
    }
}

#[allow(clippy::result_large_err, reason = "the port's own error type")]
fn status_of(user: &Record) -> Result<Status, CallError> {
    let word = user.field(STATUS).and_then(|value| value.as_text().ok().flatten());
    word.and_then(Status::read)
        .ok_or_else(|| crate::client::error("read a user", crate::wire::drift(AVAILABILITY_STATUS, "a text", "nothing")))
}

/// What the vendor's answer says it stores. Its `available` is not believed: it said `true` where later answers said `false` (fact sheet §2:
/// recorded); whoever asked for it reads the user.
fn as_stored(selection: &Selection, stored: Record) -> Option<Record> {
    let believed = !selection.fields.iter().any(|field| field.as_str() == "available");
    selected(selection, stored).ok().filter(|_| believed)
}

/// A written status would end the agent's schedule, without a word to them.
fn follows_schedule() -> Fault {
    let words =
        "the agent follows an automatic schedule, which a written status would end; set overwrite_schedule: true to do so".to_owned();
    Fault::Rejected { problems: vec![Problem { field: Some(AVAILABILITY_STATUS.into()), code: "follows_schedule".to_owned(), words }] }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(fields: &[(&str, Value)]) -> Result<Wish, Vec<Problem>> {
        Wish::of(&fields.iter().map(|(name, value)| (FieldName::from(*name), value.clone())).collect())
    }

    fn text(word: &str) -> Value {
        Value::text(word)
    }

    fn body(fields: &[(&str, Value)], now: &str) -> Json {
        Json::Object(wish(fields).unwrap().body(Status::read(now).unwrap(), Some(30)))
    }

    #[test]
    fn only_what_differs_is_sent() {
        assert_eq!(body(&[(STATUS, text("available"))], "available"), json!({}));
        assert_eq!(body(&[(STATUS, text("available"))], "out_for_lunch"), json!({"availability_status": "available"}));
        assert_eq!(body(&[(WRAP_UP_TIME, Value::Integer(30))], "available"), json!({}));
        assert_eq!(body(&[(WRAP_UP_TIME, Value::Integer(0))], "available"), json!({"wrap_up_time": 0}));
    }

    #[test]
    fn the_general_status_overwrites_a_reason_and_a_reason_brings_its_status() {
        assert_eq!(body(&[(AVAILABILITY_STATUS, text("unavailable"))], "out_for_lunch"), json!({"availability_status": "unavailable"}));
        assert_eq!(body(&[(STATUS, text("unavailable"))], "on_a_break"), json!({"availability_status": "unavailable"}));
        let lunch = json!({"availability_status": "unavailable", "substatus": "out_for_lunch"});
        assert_eq!(body(&[(STATUS, text("out_for_lunch"))], "available"), lunch);
        assert_eq!(body(&[(SUBSTATUS, text("Out for lunch"))], "available"), lunch);
        assert_eq!(body(&[(SUBSTATUS, Value::Null)], "out_for_lunch"), json!({"availability_status": "unavailable"}));
        assert_eq!(body(&[(SUBSTATUS, Value::Null)], "available"), json!({}));
        assert_eq!(
            body(&[(AVAILABILITY_STATUS, text("available")), (SUBSTATUS, Value::Null)], "other"),
            json!({"availability_status": "available"})
        );
    }

    #[test]
    fn what_cannot_be_written_is_refused_before_anybody_is_asked() {
        let codes = |fields: &[(&str, Value)]| wish(fields).unwrap_err().into_iter().map(|problem| problem.code).collect::<Vec<_>>();
        assert_eq!(codes(&[(STATUS, text("asleep"))]), ["invalid_value"]);
        assert_eq!(codes(&[(STATUS, Value::Null)]), ["blank_value"]);
        assert_eq!(codes(&[("email", text("a@b.example"))]), ["readonly_field"]);
        assert_eq!(codes(&[(WRAP_UP_TIME, Value::Integer(-1))]), ["invalid_value"]);
        assert_eq!(codes(&[(AVAILABILITY_STATUS, text("available")), (SUBSTATUS, text("other"))]), ["contradiction"]);
    }
}
