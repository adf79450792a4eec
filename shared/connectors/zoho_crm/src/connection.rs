//! One account behind the connector port: each question goes to the module that knows its answer.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value as Json;
use syncline_engine::ports::connector::{
    Account, Connector, Cursor, Descriptor, FieldWish, FindKey, From, Member, Outcome, Page, RelatedQuery, Selection, Sought, WriteAction,
};
use syncline_engine::ports::directory::UserPage;
use syncline_engine::ports::sign_in::Revoked;
use syncline_engine::ports::vendor::Parts;
use syncline_engine::ports::webhook::Webhooks;
use syncline_model::{CallError, Deadline, Fault, ObjectKind, ObjectSchema, Record, RecordId};

use crate::calls;
use crate::client::{Client, error};
use crate::cursor::{Listing, OVERLAP_S, Place, back};
use crate::faults::unsupported;
use crate::object::{Module, Object};
use crate::schema::{self, ModuleSchema};
use crate::settings::Target;
use crate::webhook::Notifications;

pub(crate) struct Connection {
    pub(crate) target: Target,
    pub(crate) client: Client,
    memory: Mutex<Memory>,
}

/// What this instance found out about the account, so that it asks once.
#[derive(Default)]
struct Memory {
    schemas: BTreeMap<Module, Arc<ModuleSchema>>,
    /// When it last looked at the notification channel.
    channel_seen: Option<Timestamp>,
}

impl Connection {
    pub(crate) fn new(target: Target, parts: Parts) -> Self {
        Self { client: Client::new(&target, parts), target, memory: Mutex::default() }
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The fields of a module: asked for once.
    pub(crate) async fn module_schema(&self, module: Module, by: Deadline) -> Result<Arc<ModuleSchema>, Fault> {
        let known = self.memory().schemas.get(&module).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let answer = self.client.read(&calls::fields(module), by).await?;
        let schema = Arc::new(ModuleSchema::read(&answer.json.unwrap_or(Json::Null))?);
        self.memory().schemas.insert(module, schema.clone());
        Ok(schema)
    }

    pub(crate) fn forget_schemas(&self) {
        self.memory().schemas.clear();
    }

    /// Whether any module that was looked at has a field of this name.
    pub(crate) fn is_known(&self, name: &str) -> bool {
        self.memory().schemas.values().any(|schema| schema.has(name))
    }

    /// Whether it is time to look at the notification channel again; if so, it counts as looked at.
    pub(crate) fn may_look_at_channel(&self, now: Timestamp, every_h: i64) -> bool {
        let mut memory = self.memory();
        let due = memory.channel_seen.is_none_or(|seen| now.duration_since(seen) >= SignedDuration::from_hours(every_h));
        if due {
            memory.channel_seen = Some(now);
        }
        due
    }

    async fn described(&self, object: Object, by: Deadline) -> Result<ObjectSchema, Fault> {
        self.forget_schemas();
        let mut modules = BTreeMap::new();
        for module in object.modules() {
            modules.insert(module, self.module_schema(module, by).await?.as_ref().clone());
        }
        Ok(schema::of_object(object, &modules))
    }
}

fn object_of(kind: &ObjectKind) -> Result<Object, Fault> {
    Object::of(kind).ok_or_else(|| unsupported(format!("synced object {kind}")))
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
        let described = async { self.described(object_of(kind)?, by).await };
        described.await.map_err(|fault| error("read the fields", fault))
    }

    async fn list_changes(&self, selection: &Selection, from: &From<'_>, by: Deadline) -> Result<Page, CallError> {
        let listed = async {
            let object = object_of(&selection.kind)?;
            let place = match from {
                From::Since(since) => Place::changes(object, back(*since, OVERLAP_S)),
                From::Cursor(cursor) => Place::read(cursor, object, Listing::Changes)?,
            };
            if place.next_since.is_none() {
                self.keep_channel(&selection.kind, by).await;
            }
            self.list(object, selection, place, by).await
        };
        listed.await.map_err(|fault| error("list changes", fault))
    }

    async fn scan(&self, selection: &Selection, from: Option<&Cursor>, by: Deadline) -> Result<Page, CallError> {
        let listed = async {
            let object = object_of(&selection.kind)?;
            let place = match from {
                None => Place::scan(object),
                Some(cursor) => Place::read(cursor, object, Listing::Scan)?,
            };
            self.list(object, selection, place, by).await
        };
        listed.await.map_err(|fault| error("scan", fault))
    }

    async fn get(&self, selection: &Selection, ids: &[RecordId], by: Deadline) -> Result<Vec<Option<Record>>, CallError> {
        let read = async { self.get_all(object_of(&selection.kind)?, selection, ids, by).await };
        read.await.map_err(|fault| error("read records", fault))
    }

    async fn find(&self, selection: &Selection, keys: &[FindKey], by: Deadline) -> Result<Vec<Vec<Record>>, CallError> {
        let found = async { self.find_all(object_of(&selection.kind)?, selection, keys, by).await };
        found.await.map_err(|fault| error("find records", fault))
    }

    async fn write(&self, selection: &Selection, actions: &[WriteAction], by: Deadline) -> Result<Vec<Outcome>, CallError> {
        let written = async { self.write_all(object_of(&selection.kind)?, selection, actions, by).await };
        written.await.map_err(|fault| error("write records", fault))
    }

    async fn provision(&self, wish: &FieldWish, by: Deadline) -> Result<(), CallError> {
        let provided = async { self.provide(object_of(&wish.kind)?, wish, by).await };
        provided.await.map_err(|fault| error("make a field", fault))
    }

    async fn related(&self, _queries: &[RelatedQuery], _by: Deadline) -> Result<Vec<Vec<Record>>, CallError> {
        Err(error("read related records", unsupported("view of related records")))
    }

    async fn roster(&self, _also: &[Sought], _by: Deadline) -> Result<Vec<Member>, CallError> {
        Err(error("list the team", unsupported("review of an account's users")))
    }

    async fn revoke(&self, by: Deadline) -> Result<Revoked, CallError> {
        self.client.auth.revoke(by).await.map_err(|fault| error("revoke the credentials", fault))
    }

    async fn users(&self, from: Option<&Cursor>, by: Deadline) -> Result<UserPage, CallError> {
        self.users_at(from, by).await.map_err(|fault| error("list users", fault))
    }

    fn web_address(&self, kind: &ObjectKind, id: &RecordId) -> Option<String> {
        let (module, bare) = Object::of(kind)?.place(id)?;
        Some(format!("{}/crm/tab/{}/{bare}", self.target.centre.people, module.name()))
    }

    fn webhooks(&self) -> Option<&dyn Webhooks> {
        Some(&Notifications)
    }
}
