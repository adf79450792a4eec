//! One account behind the connector port: each question goes to the module that knows its answer.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
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
use crate::cursor::{Listing, Place, Stage};
use crate::fields::{Kind, custom_name};
use crate::settings::Target;
use crate::values::{self, Definition, Definitions};
use crate::wire;

pub(crate) struct Connection {
    pub(crate) client: Client,
    /// The account's custom fields, by object, as they were read last.
    definitions: Mutex<BTreeMap<Kind, Arc<Definitions>>>,
}

impl Connection {
    pub(crate) fn new(target: &Target, parts: Parts) -> Self {
        Self { client: Client::new(target, parts), definitions: Mutex::default() }
    }

    fn synced(kind: &ObjectKind) -> Result<Kind, Fault> {
        let offered = crate::DESCRIPTOR.object(kind.as_str()).is_some();
        Kind::of(kind).filter(|_| offered).ok_or_else(|| unsupported(&format!("synced object {kind}")))
    }

    /// A kind that is listed, and whose records can be asked for and written.
    fn listed(kind: &ObjectKind, question: &str) -> Result<Kind, Fault> {
        let kind = Self::synced(kind)?;
        if kind.is_listed() {
            Ok(kind)
        } else {
            Err(unsupported(&format!("{question} of {}: Firehose alone tells of them", kind.plural())))
        }
    }

    async fn definitions_anew(&self, kind: Kind, by: Deadline) -> Result<Vec<Definition>, Fault> {
        if !kind.has_custom_fields() {
            return Ok(Vec::new());
        }
        let answer = self.client.read(&calls::custom_fields(kind), by).await?;
        let all: Vec<Definition> = wire::list(&answer.json)?.into_iter().filter_map(Definition::read).collect();
        let by_name: Definitions = all.iter().map(|definition| (definition.name.clone(), definition.clone())).collect();
        self.definitions.lock().unwrap_or_else(PoisonError::into_inner).insert(kind, Arc::new(by_name));
        Ok(all)
    }

    /// The custom fields of an object, where the selection has any: their types stand in no record.
    pub(crate) async fn definitions(&self, kind: Kind, selection: &Selection, by: Deadline) -> Result<Arc<Definitions>, Fault> {
        if !selection.fields.iter().any(|name| custom_name(name.as_str()).is_some()) {
            return Ok(Arc::default());
        }
        let known = || self.definitions.lock().unwrap_or_else(PoisonError::into_inner).get(&kind).cloned();
        if known().is_none() {
            self.definitions_anew(kind, by).await?;
        }
        Ok(known().unwrap_or_default())
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
            let kind = Self::synced(kind)?;
            if !kind.has_custom_fields() {
                // What the vendor has there is known; that it answers us is not.
                self.client.read(&calls::me(), by).await?;
            }
            Ok(values::schema(kind, &self.definitions_anew(kind, by).await?))
        };
        describe.await.map_err(|fault| error("read the fields", fault))
    }

    async fn list_changes(&self, selection: &Selection, from: &From<'_>, by: Deadline) -> Result<Page, CallError> {
        let read = async {
            let kind = Self::synced(&selection.kind)?;
            let stage = match from {
                From::Since(moment) if kind.is_listed() => Stage::since(*moment),
                From::Since(moment) => Stage::kept_since(*moment),
                From::Cursor(cursor) => Place::read(cursor, kind, Listing::Changes)?.stage,
            };
            self.page(kind, Listing::Changes, selection, stage, by).await
        };
        read.await.map_err(|fault| error("list changes", fault))
    }

    async fn scan(&self, selection: &Selection, from: Option<&Cursor>, by: Deadline) -> Result<Page, CallError> {
        let read = async {
            let kind = Self::listed(&selection.kind, "list")?;
            let stage = match from {
                None => Stage::Start { since: None },
                Some(cursor) => Place::read(cursor, kind, Listing::Scan)?.stage,
            };
            self.page(kind, Listing::Scan, selection, stage, by).await
        };
        read.await.map_err(|fault| error("scan", fault))
    }

    async fn get(&self, selection: &Selection, ids: &[RecordId], by: Deadline) -> Result<Vec<Option<Record>>, CallError> {
        let read = async {
            let kind = Self::listed(&selection.kind, "way to read one")?;
            self.with_ids(kind, selection, ids, by).await
        };
        read.await.map_err(|fault| error("read by id", fault))
    }

    async fn find(&self, selection: &Selection, keys: &[FindKey], by: Deadline) -> Result<Vec<Vec<Record>>, CallError> {
        let read = async {
            let kind = Self::listed(&selection.kind, "search")?;
            let mut found = Vec::with_capacity(keys.len());
            for key in keys {
                found.push(self.with_key(kind, selection, key, by).await?);
            }
            Ok(found)
        };
        read.await.map_err(|fault| error("find", fault))
    }

    async fn write(&self, selection: &Selection, actions: &[WriteAction], by: Deadline) -> Result<Vec<Outcome>, CallError> {
        let kind = Self::listed(&selection.kind, "writing").map_err(|fault| error("write", fault))?;
        let mut outcomes = Vec::with_capacity(actions.len());
        for action in actions {
            match self.write_one(kind, selection, action, by).await {
                Ok(outcome) => outcomes.push(outcome),
                // The vendor heard nothing of this one; of those before it, it did.
                Err(fault) if !outcomes.is_empty() => outcomes.push(Outcome::Failed(fault)),
                Err(fault) => return Err(error("write", fault)),
            }
        }
        Ok(outcomes)
    }

    async fn provision(&self, wish: &FieldWish, _by: Deadline) -> Result<(), CallError> {
        let capability = format!("way to make a field on {}: make it in Settings, Custom Fields, and mark it as filterable", wish.kind);
        Err(error("make a field", unsupported(&capability)))
    }

    async fn related(&self, _queries: &[RelatedQuery], _by: Deadline) -> Result<Vec<Vec<Record>>, CallError> {
        Err(error("read related records", unsupported("related records")))
    }

    async fn roster(&self, _also: &[Sought], by: Deadline) -> Result<Vec<Member>, CallError> {
        self.members(by).await.map_err(|fault| error("list the team", fault))
    }

    async fn revoke(&self, by: Deadline) -> Result<Revoked, CallError> {
        self.client.revoke(by).await.map_err(|fault| error("revoke the credentials", fault))
    }

    async fn users(&self, from: Option<&Cursor>, by: Deadline) -> Result<UserPage, CallError> {
        self.people(from, by).await.map_err(|fault| error("list users", fault))
    }

    /// The address of accounts that were never moved to the platform; those that were are led on from there.
    fn web_address(&self, kind: &ObjectKind, id: &RecordId) -> Option<String> {
        let area = match Kind::of(kind)? {
            Kind::Contact => "crm/contacts",
            Kind::Lead => "leads",
            Kind::Deal => "sales/deals",
            Kind::Task | Kind::Note | Kind::User | Kind::Appointment => return None,
        };
        wire::is_id(id.as_str()).then(|| format!("https://app.futuresimple.com/{area}/{id}"))
    }

    fn webhooks(&self) -> Option<&dyn Webhooks> {
        None
    }
}
