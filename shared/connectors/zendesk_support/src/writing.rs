//! Writes, one agent a call, or two: the user, then the status. Nobody is made an agent here, and nobody removed: that takes or frees a paid seat.

use std::collections::BTreeMap;

use serde_json::Value as Json;
use syncline_engine::ports::connector::{Outcome, Selection, WriteAction};
use syncline_model::{Deadline, Fault, FieldName, Problem, Record, RecordId, Value};

use crate::agent::{self, STATUS, Wish};
use crate::calls::{self, Ask};
use crate::client::Trouble;
use crate::connection::{Connection, unsupported};
use crate::settings::StatusApi;
use crate::status::{availability, is_default, normal, number};

impl Connection {
    /// `Err` only where the vendor heard nothing.
    pub(crate) async fn write_one(&self, selection: &Selection, action: &WriteAction, by: Deadline) -> Result<Outcome, Fault> {
        match action {
            WriteAction::Create { .. } => Ok(Outcome::Failed(unsupported("agents that Syncline makes: each takes a paid seat"))),
            WriteAction::Delete { .. } => Ok(Outcome::Failed(unsupported("agents that Syncline removes"))),
            WriteAction::Restore { .. } => Ok(Outcome::Failed(unsupported("bin for agents"))),
            // Neither call compares versions (fact sheet §5.3): `expected` has been compared by whoever read the agent just before.
            WriteAction::Update { id, fields, expected: _ } => self.update(selection, id, fields, by).await,
        }
    }

    async fn update(
        &self,
        selection: &Selection,
        id: &RecordId,
        fields: &BTreeMap<FieldName, Value>,
        by: Deadline,
    ) -> Result<Outcome, Fault> {
        let wish = match Wish::of(fields) {
            Ok(wish) => wish,
            Err(problems) => return Ok(Outcome::Failed(Fault::Rejected { problems })),
        };
        if !agent::is_id(id) {
            return Ok(Outcome::Failed(Fault::Missing));
        }
        let mut stored = None;
        let mut heard = false;
        if !wish.members.is_empty() {
            let sent: Vec<String> = wish.members.values().filter_map(Json::as_str).map(str::to_owned).collect();
            let ask = calls::update_user(id.as_str(), &Json::Object(wish.members));
            match self.client.send(&ask, &sent, by).await {
                Ok(answer) => match Self::as_stored(selection, id, &answer.json) {
                    Ok(record) => stored = record,
                    Err(fault) => return Ok(Outcome::Failed(fault)),
                },
                Err(trouble) => return failed(trouble, heard),
            }
            heard = true;
        }
        if let Some(status) = wish.status {
            match self.set_status(id, &status, by).await {
                Ok(()) => {}
                Err(trouble) => return failed(trouble, heard),
            }
        }
        Ok(Outcome::Written { id: id.clone(), created: false, stored })
    }

    /// What the vendor's answer says it stores; `None` where the status is wanted too, which it does not say.
    fn as_stored(selection: &Selection, id: &RecordId, answer: &Json) -> Result<Option<Record>, Fault> {
        let record = agent::users(answer).ok().and_then(|users| agent::read(&selection.kind, users.first()?).ok());
        match record {
            Some(record) if record.id == *id => {
                let whole = !agent::needs_status(selection) && record.is_live();
                Ok(whole.then(|| agent::select(record, selection)))
            }
            // Something was answered that is no user: it may have been stored all the same.
            Some(_) | None => Err(Fault::Uncertain),
        }
    }

    async fn set_status(&self, id: &RecordId, status: &str, by: Deadline) -> Result<(), Trouble> {
        let quiet = |fault: Fault| Trouble { fault, unheard: true };
        let api = self.status_api(by).await.map_err(quiet)?;
        match self.set_status_by(api, id, status, by).await {
            // Routing was switched on or off since the account was asked: then the other API is the right one, once.
            Err(trouble)
                if self.target.status_api.is_none() && matches!(trouble.fault, Fault::Rejected { .. } | Fault::Unsupported { .. }) =>
            {
                self.forget_status_api();
                match self.status_api(by).await {
                    Ok(now) if now != api => self.set_status_by(now, id, status, by).await,
                    Ok(_) | Err(_) => Err(trouble),
                }
            }
            other => other,
        }
    }

    async fn set_status_by(&self, api: StatusApi, id: &RecordId, status: &str, by: Deadline) -> Result<(), Trouble> {
        let ask = match api {
            StatusApi::Talk if is_default(status) => calls::set_talk_state(id.as_str(), &normal(status)),
            StatusApi::Talk => return Err(unknown_status("Talk has online, away, transfers_only and offline alone")),
            StatusApi::Unified => {
                let quiet = |fault: Fault| Trouble { fault, unheard: true };
                let known = self.catalogue(by).await.map_err(quiet)?.id_of(status);
                let known = match known {
                    Some(known) => Some(known),
                    None => self.catalogue_anew(by).await.map_err(quiet)?.id_of(status),
                };
                let known = known.ok_or_else(|| unknown_status("the account has no status of this name"))?;
                calls::set_status(id.as_str(), known)
            }
        };
        match self.client.send(&ask, &[status.to_owned()], by).await {
            Ok(answer) if says_so(&answer.json, id, &ask) => Ok(()),
            // Something was answered that does not name this agent and this status: it may have been stored all the same.
            Ok(_) => Err(Trouble::heard(Fault::Uncertain)),
            Err(trouble) => Err(self.explained(trouble, id, by).await),
        }
    }

    /// A refused status: 404 may mean that the user is gone, or that the account or the agent lacks what this call needs.
    async fn explained(&self, trouble: Trouble, id: &RecordId, by: Deadline) -> Trouble {
        let lacks = || Problem {
            field: Some(STATUS.into()),
            code: "status_refused".to_owned(),
            words:
                "Zendesk does not take a status for this agent: Talk Partner Edition may be missing for them, or omnichannel routing is \
                    not as `status_api` says"
                    .to_owned(),
        };
        let fault = match trouble.fault {
            Fault::Missing => match self.client.read(&calls::user(id.as_str()), by).await {
                Ok(answer) if agent::users(&answer.json).is_ok_and(|users| users.first().is_some_and(|user| agent::is_staff(user))) => {
                    Fault::Rejected { problems: vec![lacks()] }
                }
                Ok(_) | Err(_) => Fault::Missing,
            },
            Fault::Rejected { mut problems } => {
                problems.push(lacks());
                Fault::Rejected { problems }
            }
            other @ (Fault::Transient { .. }
            | Fault::RateLimited { .. }
            | Fault::AuthExpired
            | Fault::AuthRefused { .. }
            | Fault::Taken { .. }
            | Fault::Conflict
            | Fault::Uncertain
            | Fault::Unsupported { .. }
            | Fault::Drift { .. }) => other,
        };
        Trouble { fault, unheard: trouble.unheard }
    }
}

/// Whether the answer to a status tells what was asked for: by JSON:API, maybe under `data` (fact sheet §5.3: documented), or as Talk does.
fn says_so(answer: &Json, id: &RecordId, ask: &Ask) -> bool {
    let body = ask.body.as_ref();
    if let Some(wanted) = body.and_then(|body| body.get("availability")) {
        return answer.get("availability").and_then(|own| own.get("agent_state")) == wanted.get("agent_state");
    }
    let wanted = body.and_then(|body| body.get("id")).and_then(number);
    let stored = availability(answer.get("data").unwrap_or(answer));
    stored.is_ok_and(|(agent, status)| agent == id.as_str() && wanted.is_some() && status.and_then(|status| status.id) == wanted)
}

/// A status that cannot be set: found out before anything was sent.
fn unknown_status(words: &str) -> Trouble {
    let problem = Problem { field: Some(STATUS.into()), code: "unknown_status".to_owned(), words: format!("{words}; nothing was sent") };
    Trouble::heard(Fault::Rejected { problems: vec![problem] })
}

/// `heard`: something of this agent was written before.
fn failed(trouble: Trouble, heard: bool) -> Result<Outcome, Fault> {
    if trouble.unheard && !heard { Err(trouble.fault) } else { Ok(Outcome::Failed(trouble.fault)) }
}
