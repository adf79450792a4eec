//! One account behind the connector port: each question goes to the module that knows its answer.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use serde_json::Value as Json;
use syncline_engine::ports::connector::{
    Account, Connector, Descriptor, FieldWish, FindKey, From, Member, Outcome, Page, RelatedQuery, Rights, Selection, Sought, WriteAction,
};
use syncline_engine::ports::directory::UserPage;
use syncline_engine::ports::sign_in::Revoked;
use syncline_engine::ports::vendor::Parts;
use syncline_engine::ports::webhook::Webhooks;
use syncline_model::{CallError, Deadline, Fault, FieldType, ObjectKind, ObjectSchema, Record, RecordId};

use crate::attributes::{Kind, custom_name};
use crate::calls;
use crate::client::{Client, error};
use crate::cursor::{Listing, OVERLAP_S, Place, TimeFilter, back};
use crate::envelope::{drift, json, object, type_name};
use crate::faults::Sent;
use crate::fields;
use crate::settings::Target;
use crate::webhook::AppEvents;

pub(crate) struct Connection {
    pub(crate) target: Target,
    pub(crate) client: Client,
    hooks: AppEvents,
    memory: Mutex<Memory>,
}

/// What this instance found out about the account, so that it asks once.
#[derive(Default)]
struct Memory {
    filter: Option<TimeFilter>,
    /// The names of the custom fields that hold dates.
    dates: BTreeMap<Kind, BTreeSet<String>>,
}

impl Connection {
    pub(crate) fn new(target: Target, parts: Parts) -> Self {
        let client = Client::new(parts.http, parts.secrets, parts.clock, parts.connection, target.base.clone());
        Self { hooks: AppEvents::of(&target), target, client, memory: Mutex::new(Memory::default()) }
    }

    /// The object that a question is about; only two can be synced.
    #[allow(clippy::result_large_err, reason = "the port's own error type")]
    pub(crate) fn kind(operation: &str, kind: &ObjectKind) -> Result<Kind, CallError> {
        Kind::of(kind).ok_or_else(|| error(operation, Fault::Unsupported { capability: format!("synced object {kind}") }))
    }

    pub(crate) fn time_filter(&self) -> Option<TimeFilter> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner).filter
    }

    pub(crate) fn remember_time_filter(&self, filter: TimeFilter) {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner).filter = Some(filter);
    }

    /// The custom fields that hold dates: asked for once, and only when a value looks like a date.
    pub(crate) async fn date_fields(&self, kind: Kind, by: Deadline) -> Result<BTreeSet<String>, CallError> {
        let known = self.memory.lock().unwrap_or_else(PoisonError::into_inner).dates.get(&kind).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let schema = self.schema(kind, by).await?;
        let dates: BTreeSet<String> = schema
            .fields
            .iter()
            .filter(|field| field.field_type == FieldType::Date)
            .filter_map(|field| custom_name(field.name.as_str()).map(str::to_owned))
            .collect();
        self.memory.lock().unwrap_or_else(PoisonError::into_inner).dates.insert(kind, dates.clone());
        Ok(dates)
    }

    async fn schema(&self, kind: Kind, by: Deadline) -> Result<ObjectSchema, CallError> {
        let ask = calls::fields(kind);
        let answer = self.client.read(&ask, &Sent::default(), by).await?;
        let body = json(&answer.body).map_err(|fault| error(&ask.operation, fault))?;
        let Json::Array(rows) = body else {
            return Err(error(&ask.operation, drift("$", "a list of fields", type_name(&body))));
        };
        fields::schema(kind, &rows).map_err(|fault| error(&ask.operation, fault))
    }
}

#[async_trait]
impl Connector for Connection {
    fn descriptor(&self) -> &'static Descriptor {
        &crate::DESCRIPTOR
    }

    async fn account(&self, by: Deadline) -> Result<Account, CallError> {
        let ask = calls::me();
        let answer = self.client.read(&ask, &Sent::default(), by).await?;
        let agent = json(&answer.body).map_err(|fault| error(&ask.operation, fault))?;
        object("$", &agent).map_err(|fault| error(&ask.operation, fault))?;
        if agent.get("id").and_then(crate::wire::record_id).is_none() {
            return Err(error(&ask.operation, drift("id", "an agent's number", "something else")));
        }
        Ok(self.describe_account(&agent, answer.rate_total()))
    }

    async fn describe(&self, kind: &ObjectKind, by: Deadline) -> Result<ObjectSchema, CallError> {
        let kind = Self::kind("describe", kind)?;
        self.schema(kind, by).await
    }

    async fn list_changes(&self, selection: &Selection, from: &From<'_>, by: Deadline) -> Result<Page, CallError> {
        let kind = Self::kind("list changes", &selection.kind)?;
        let place = match from {
            From::Since(since) => Place::window(kind, back(*since, OVERLAP_S)),
            From::Cursor(cursor) => Place::read(cursor, kind, Listing::Changes).map_err(|fault| error("list changes", fault))?,
        };
        self.list(kind, selection, place, by).await
    }

    async fn scan(
        &self,
        selection: &Selection,
        from: Option<&syncline_engine::ports::connector::Cursor>,
        by: Deadline,
    ) -> Result<Page, CallError> {
        let kind = Self::kind("scan", &selection.kind)?;
        let place = match from {
            None => Place::scan(kind),
            Some(cursor) => Place::read(cursor, kind, Listing::Scan).map_err(|fault| error("scan", fault))?,
        };
        self.list(kind, selection, place, by).await
    }

    async fn get(&self, selection: &Selection, ids: &[RecordId], by: Deadline) -> Result<Vec<Option<Record>>, CallError> {
        let kind = Self::kind("get", &selection.kind)?;
        let mut found = Vec::with_capacity(ids.len());
        for id in ids {
            found.push(self.get_one(kind, selection, id, by).await?);
        }
        Ok(found)
    }

    async fn find(&self, selection: &Selection, keys: &[FindKey], by: Deadline) -> Result<Vec<Vec<Record>>, CallError> {
        let kind = Self::kind("find", &selection.kind)?;
        let mut found = Vec::with_capacity(keys.len());
        for key in keys {
            found.push(self.find_one(kind, selection, key, by).await?);
        }
        Ok(found)
    }

    async fn write(&self, selection: &Selection, actions: &[WriteAction], by: Deadline) -> Result<Vec<Outcome>, CallError> {
        let kind = Self::kind("write", &selection.kind)?;
        let mut outcomes = Vec::with_capacity(actions.len());
        for action in actions {
            match self.write_one(kind, selection, action, by).await {
                Ok(outcome) => outcomes.push(outcome),
                Err(unheard) if outcomes.is_empty() => return Err(unheard),
                Err(unheard) => outcomes.push(Outcome::Failed(unheard.fault)),
            }
        }
        Ok(outcomes)
    }

    async fn provision(&self, wish: &FieldWish, by: Deadline) -> Result<(), CallError> {
        let kind = Self::kind("provision", &wish.kind)?;
        let fault = |fault: Fault| error(&format!("make a field of {}", kind.plural()), fault);
        let before = self.schema(kind, by).await?;
        if let Some(standing) = fields::standing(&before, &wish.schema) {
            return fields::agrees(standing, &wish.schema).map_err(fault);
        }
        let body = fields::creation(kind, &wish.schema).map_err(fault)?;
        self.make_field(kind, &body, by).await?;
        // Read again rather than trusting the answer: the vendor makes the name out of the label, and two runs may have made it at once.
        let after = self.schema(kind, by).await?;
        match fields::standing(&after, &wish.schema) {
            Some(standing) => fields::agrees(standing, &wish.schema).map_err(fault),
            None => Err(fault(Fault::Uncertain)),
        }
    }

    async fn related(&self, _queries: &[RelatedQuery], _by: Deadline) -> Result<Vec<Vec<Record>>, CallError> {
        Err(error("read related records", Fault::Unsupported { capability: "view of related records".to_owned() }))
    }

    async fn roster(&self, _also: &[Sought], _by: Deadline) -> Result<Vec<Member>, CallError> {
        Err(error("list the team", Fault::Unsupported { capability: "review of an account's team".to_owned() }))
    }

    async fn revoke(&self, _by: Deadline) -> Result<Revoked, CallError> {
        Ok(crate::signing_in::by_hand())
    }

    async fn users(&self, from: Option<&syncline_engine::ports::connector::Cursor>, by: Deadline) -> Result<UserPage, CallError> {
        self.agents(from, by).await
    }

    fn web_address(&self, kind: &ObjectKind, id: &RecordId) -> Option<String> {
        Kind::of(kind).map(|kind| format!("https://{}/a/{}/{id}", self.target.host, kind.plural()))
    }

    fn webhooks(&self) -> Option<&dyn Webhooks> {
        Some(&self.hooks)
    }
}

impl Connection {
    /// Makes the field. Somebody else's having made it meanwhile is no error; accounts that refuse the switches for customers get the
    /// plain form.
    async fn make_field(&self, kind: Kind, body: &Json, by: Deadline) -> Result<(), CallError> {
        let sent = Sent::default();
        let Err(first) = self.client.write(&calls::create_field(kind, body.clone()), &sent, by).await else { return Ok(()) };
        match first.fault() {
            Fault::Taken { .. } => Ok(()),
            Fault::Rejected { problems } if problems.iter().any(|problem| names_a_switch(problem.field.as_ref())) => {
                let plain = calls::create_field(kind, fields::plain_creation(body));
                match self.client.write(&plain, &sent, by).await {
                    Ok(_) => Ok(()),
                    Err(trouble) if matches!(trouble.fault(), Fault::Taken { .. }) => Ok(()),
                    Err(trouble) => Err(trouble.into()),
                }
            }
            Fault::Transient { .. }
            | Fault::RateLimited { .. }
            | Fault::AuthExpired
            | Fault::AuthRefused { .. }
            | Fault::Rejected { .. }
            | Fault::Conflict
            | Fault::Missing
            | Fault::Uncertain
            | Fault::Unsupported { .. }
            | Fault::Drift { .. } => Err(first.into()),
        }
    }

    fn describe_account(&self, agent: &Json, rate_total: Option<u32>) -> Account {
        let contact = agent.get("contact").unwrap_or(agent);
        let text = |name: &str| contact.get(name).and_then(Json::as_str).filter(|text| !text.is_empty());
        let user = text("email").or_else(|| text("name")).unwrap_or("an agent without a name").to_owned();
        let mut notes = Vec::new();
        let mut problems = Vec::new();
        if let Some(kind) = agent.get("type").and_then(Json::as_str) {
            notes.push(format!("The key belongs to an agent of the type {kind}."));
        }
        let ours = self.target.calls_per_minute;
        match rate_total {
            Some(total) => {
                notes.push(format!("The account may make {total} calls a minute, all integrations together."));
                if total < ours {
                    problems.push(format!(
                        "The settings count on {ours} calls a minute and the account has {total}: set calls_per_minute to {total}."
                    ));
                } else if total > ours {
                    notes.push(format!("The settings use {ours} of them: set calls_per_minute to {total} to go faster."));
                }
            }
            None => notes.push(format!("The account's answers do not tell its limit; {ours} calls a minute are assumed.")),
        }
        if agent.get("occasional").and_then(Json::as_bool) == Some(true) {
            notes.push("The agent is an occasional one: the key works only on days with a pass.".to_owned());
        }
        if agent.get("deactivated").and_then(Json::as_bool) == Some(true) {
            problems.push("The agent is deactivated: take the key of another agent.".to_owned());
        }
        // What kind of role the agent has, the answer does not tell; fields that may not be made show in preflight.
        let rights = Rights::NotTold;
        Account { id: self.target.host.clone(), name: self.target.host.clone(), user, notes, problems, rights, companion: None }
    }
}

fn names_a_switch(field: Option<&syncline_model::FieldName>) -> bool {
    field.is_some_and(|field| field.as_str().ends_with("customers_can_edit") || field.as_str().ends_with("displayed_for_customers"))
}
