//! One account behind the connector port: each question goes to the module that knows its answer.

use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use syncline_engine::ports::connector::{
    Account, Connector, Cursor, Descriptor, FieldWish, FindKey, From, Member, Outcome, Page, RelatedQuery, Selection, Sought, WriteAction,
};
use syncline_engine::ports::directory::UserPage;
use syncline_engine::ports::sign_in::Revoked;
use syncline_engine::ports::vendor::Parts;
use syncline_engine::ports::webhook::Webhooks;
use syncline_model::{CallError, Deadline, Fault, ObjectKind, ObjectSchema, Record, RecordId};

use crate::agent::{self, KIND};
use crate::client::{Client, error};
use crate::cursor::{Listing, Place};
use crate::presence::Known;
use crate::settings::{StatusApi, Target};
use crate::webhook::Events;

pub(crate) struct Connection {
    pub(crate) target: Target,
    pub(crate) client: Client,
    pub(crate) known: Mutex<Known>,
    hooks: Events,
}

impl Connection {
    pub(crate) fn new(target: Target, parts: Parts) -> Self {
        let client = Client::new(&target, parts);
        Self { hooks: Events::of(&target), client, known: Mutex::default(), target }
    }

    pub(crate) fn memory(&self) -> std::sync::MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn synced(kind: &ObjectKind) -> Result<(), Fault> {
        if kind.as_str() == KIND { Ok(()) } else { Err(unsupported(&format!("synced object {kind}"))) }
    }
}

pub(crate) fn unsupported(capability: &str) -> Fault {
    Fault::Unsupported { capability: capability.to_owned() }
}

#[async_trait]
impl Connector for Connection {
    fn descriptor(&self) -> &'static Descriptor {
        &crate::DESCRIPTOR
    }

    async fn account(&self, by: Deadline) -> Result<Account, CallError> {
        self.who(by).await.map_err(|fault| error("read the account", fault))
    }

    async fn describe(&self, kind: &ObjectKind, by: Deadline) -> Result<ObjectSchema, CallError> {
        let describe = async {
            Self::synced(kind)?;
            let statuses = match self.status_api(by).await? {
                StatusApi::Unified => self.catalogue_anew(by).await?.choices(),
                StatusApi::Talk => {
                    // What Talk has is known; that it answers us is not.
                    self.forget_status_api();
                    self.status_api(by).await?;
                    agent::talk_statuses()
                }
            };
            Ok(agent::schema(kind, statuses))
        };
        describe.await.map_err(|fault| error("read the fields of agents", fault))
    }

    async fn list_changes(&self, selection: &Selection, from: &From<'_>, by: Deadline) -> Result<Page, CallError> {
        let read = async {
            Self::synced(&selection.kind)?;
            let place = match from {
                From::Since(moment) => Place::changes(&selection.kind, *moment),
                From::Cursor(cursor) => Place::read(cursor, &selection.kind, Listing::Changes)?,
            };
            self.by_the_right_api(by, || self.changes(selection, place.clone(), by)).await
        };
        read.await.map_err(|fault| error("list changes of agents", fault))
    }

    async fn scan(&self, selection: &Selection, from: Option<&Cursor>, by: Deadline) -> Result<Page, CallError> {
        let read = async {
            Self::synced(&selection.kind)?;
            let place = match from {
                None => Place::scan(&selection.kind),
                Some(cursor) => Place::read(cursor, &selection.kind, Listing::Scan)?,
            };
            self.by_the_right_api(by, || self.all(selection, place.clone(), by)).await
        };
        read.await.map_err(|fault| error("scan agents", fault))
    }

    async fn get(&self, selection: &Selection, ids: &[RecordId], by: Deadline) -> Result<Vec<Option<Record>>, CallError> {
        let read = async {
            Self::synced(&selection.kind)?;
            self.by_the_right_api(by, || self.several(selection, ids, by)).await
        };
        read.await.map_err(|fault| error("read agents", fault))
    }

    async fn find(&self, selection: &Selection, keys: &[FindKey], by: Deadline) -> Result<Vec<Vec<Record>>, CallError> {
        let read = async {
            Self::synced(&selection.kind)?;
            self.by_the_right_api(by, || self.with_keys(selection, keys, by)).await
        };
        read.await.map_err(|fault| error("find agents", fault))
    }

    async fn write(&self, selection: &Selection, actions: &[WriteAction], by: Deadline) -> Result<Vec<Outcome>, CallError> {
        Self::synced(&selection.kind).map_err(|fault| error("write agents", fault))?;
        let mut outcomes = Vec::with_capacity(actions.len());
        for action in actions {
            match self.write_one(selection, action, by).await {
                Ok(outcome) => outcomes.push(outcome),
                // The vendor heard nothing of this one; of those before it, it did.
                Err(fault) if !outcomes.is_empty() => outcomes.push(Outcome::Failed(fault)),
                Err(fault) => return Err(error("write agents", fault)),
            }
        }
        Ok(outcomes)
    }

    async fn provision(&self, wish: &FieldWish, _by: Deadline) -> Result<(), CallError> {
        let fault = unsupported(&format!("fields that Syncline makes on {}: agents are matched by their email", wish.kind));
        Err(error("make a field", fault))
    }

    async fn related(&self, _queries: &[RelatedQuery], _by: Deadline) -> Result<Vec<Vec<Record>>, CallError> {
        Err(error("read related records", unsupported("related records of agents")))
    }

    async fn roster(&self, also: &[Sought], by: Deadline) -> Result<Vec<Member>, CallError> {
        self.members(also, by).await.map_err(|fault| error("list the team", fault))
    }

    async fn revoke(&self, by: Deadline) -> Result<Revoked, CallError> {
        self.client.revoke(by).await.map_err(|fault| error("revoke the credentials", fault))
    }

    async fn users(&self, from: Option<&Cursor>, by: Deadline) -> Result<UserPage, CallError> {
        self.people(from, by).await.map_err(|fault| error("list agents", fault))
    }

    fn web_address(&self, _kind: &ObjectKind, id: &RecordId) -> Option<String> {
        agent::is_id(id).then(|| format!("https://{}/agent/users/{id}", self.target.host))
    }

    fn webhooks(&self) -> Option<&dyn Webhooks> {
        Some(&self.hooks)
    }
}
