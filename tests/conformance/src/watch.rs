//! A connector whose answers are watched in every case: no credential and no field value in an error, pages within their bound, one answer for
//! each question, and of a record the fields that were asked for.

use std::collections::BTreeSet;
use std::fmt::{Debug, Display};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use syncline_engine::ports::connector::{
    Account, Connector, Cursor, Descriptor, FieldWish, FindKey, From, Member, Outcome, Page, RelatedQuery, Selection, Sought, WriteAction,
};
use syncline_engine::ports::directory::UserPage;
use syncline_engine::ports::sign_in::Revoked;
use syncline_engine::ports::webhook::Webhooks;
use syncline_model::{CallError, Deadline, Fault, FieldName, ObjectKind, ObjectSchema, Record, RecordId, Value};

/// Texts that must stand in no error.
pub(crate) type Private = Arc<Mutex<BTreeSet<String>>>;

/// Shorter texts are parts of too many words.
const CHARACTERS_MIN: usize = 5;

pub(crate) struct Watched {
    pub(crate) inner: Arc<dyn Connector>,
    pub(crate) private: Private,
    /// Fields that these records do not have, though others of their object do.
    pub(crate) lacks: &'static [&'static str],
}

impl Watched {
    fn remember(&self, value: &Value) {
        let texts: Vec<String> = match value {
            Value::Text(text) => vec![text.clone()],
            Value::Set(items) => items.iter().cloned().collect(),
            Value::Null
            | Value::Bool(_)
            | Value::Integer(_)
            | Value::Decimal(_)
            | Value::Date(_)
            | Value::DateTime(_)
            | Value::Reference(_) => Vec::new(),
        };
        self.private.lock().unwrap_or_else(PoisonError::into_inner).extend(texts);
    }

    fn keeps_secret(&self, trouble: &(impl Debug + Display)) {
        let text = format!("{trouble} {trouble:?}").to_lowercase();
        for private in self.private.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            let private = private.trim();
            if private.chars().count() < CHARACTERS_MIN {
                continue;
            }
            assert!(!text.contains(&private.to_lowercase()), "an error carries what must not be seen: {text}");
        }
    }

    fn watched<T>(&self, answer: Result<T, CallError>) -> Result<T, CallError> {
        if let Err(error) = &answer {
            self.keeps_secret(error);
        }
        answer
    }

    fn fault(&self, fault: &Fault) {
        self.keeps_secret(fault);
    }
}

fn is_as_asked(selection: &Selection, record: &Record) {
    assert_eq!(record.kind, selection.kind, "a record of another kind");
    let strangers: Vec<_> = record.fields.keys().filter(|field| !selection.fields.contains(field)).collect();
    assert!(strangers.is_empty(), "fields that nobody asked for: {strangers:?}");
}

fn carries_everything(selection: &Selection, record: &Record, lacks: &[&str]) {
    if record.is_live() {
        let missing = |field: &&FieldName| !record.fields.contains_key(*field) && !lacks.contains(&field.as_str());
        let absent: Vec<_> = selection.fields.iter().filter(missing).collect();
        assert!(absent.is_empty(), "a listed record lacks {absent:?}");
    }
}

#[async_trait]
impl Connector for Watched {
    fn descriptor(&self) -> &'static Descriptor {
        self.inner.descriptor()
    }

    async fn account(&self, by: Deadline) -> Result<Account, CallError> {
        self.watched(self.inner.account(by).await)
    }

    async fn describe(&self, kind: &ObjectKind, by: Deadline) -> Result<ObjectSchema, CallError> {
        self.watched(self.inner.describe(kind, by).await)
    }

    async fn list_changes(&self, selection: &Selection, from: &From<'_>, by: Deadline) -> Result<Page, CallError> {
        let page = self.watched(self.inner.list_changes(selection, from, by).await)?;
        self.bounded(selection, &page);
        Ok(page)
    }

    async fn scan(&self, selection: &Selection, from: Option<&Cursor>, by: Deadline) -> Result<Page, CallError> {
        let page = self.watched(self.inner.scan(selection, from, by).await)?;
        self.bounded(selection, &page);
        let gone = page.records.iter().flatten().filter(|record| !record.is_live()).count();
        assert_eq!(gone, 0, "a scan lists records that are not live");
        Ok(page)
    }

    async fn get(&self, selection: &Selection, ids: &[RecordId], by: Deadline) -> Result<Vec<Option<Record>>, CallError> {
        let found = self.watched(self.inner.get(selection, ids, by).await)?;
        assert_eq!(found.len(), ids.len(), "one answer for each id");
        for (id, record) in ids.iter().zip(&found) {
            let Some(record) = record else { continue };
            assert_eq!(record.id, *id, "an answer in another's place");
            is_as_asked(selection, record);
            carries_everything(selection, record, self.lacks);
        }
        Ok(found)
    }

    async fn find(&self, selection: &Selection, keys: &[FindKey], by: Deadline) -> Result<Vec<Vec<Record>>, CallError> {
        for key in keys {
            self.remember(&key.value);
        }
        let found = self.watched(self.inner.find(selection, keys, by).await)?;
        assert_eq!(found.len(), keys.len(), "one answer for each key");
        for record in found.iter().flatten() {
            assert!(record.is_live(), "a record that is not live was found");
            is_as_asked(selection, record);
        }
        Ok(found)
    }

    async fn write(&self, selection: &Selection, actions: &[WriteAction], by: Deadline) -> Result<Vec<Outcome>, CallError> {
        for action in actions {
            match action {
                WriteAction::Create { fields, .. } | WriteAction::Update { fields, .. } => {
                    for value in fields.values() {
                        self.remember(value);
                    }
                }
                WriteAction::Delete { .. } | WriteAction::Restore { .. } => {}
            }
        }
        let outcomes = self.watched(self.inner.write(selection, actions, by).await)?;
        assert_eq!(outcomes.len(), actions.len(), "one outcome for each operation");
        for (action, outcome) in actions.iter().zip(&outcomes) {
            match (action, outcome) {
                (_, Outcome::Failed(fault)) => self.fault(fault),
                (WriteAction::Create { .. }, Outcome::Written { id, stored, .. }) => is_about(selection, id, stored.as_ref()),
                (
                    WriteAction::Update { id: asked, .. } | WriteAction::Delete { id: asked } | WriteAction::Restore { id: asked },
                    Outcome::Written { id, created, stored },
                ) => {
                    assert!(id == asked && !created, "an outcome in another's place");
                    is_about(selection, id, stored.as_ref());
                }
            }
        }
        Ok(outcomes)
    }

    async fn provision(&self, wish: &FieldWish, by: Deadline) -> Result<(), CallError> {
        self.watched(self.inner.provision(wish, by).await)
    }

    async fn related(&self, queries: &[RelatedQuery], by: Deadline) -> Result<Vec<Vec<Record>>, CallError> {
        for query in queries {
            self.remember(&query.matching.value);
        }
        let found = self.watched(self.inner.related(queries, by).await)?;
        assert_eq!(found.len(), queries.len(), "one answer for each query");
        Ok(found)
    }

    async fn roster(&self, also: &[Sought], by: Deadline) -> Result<Vec<Member>, CallError> {
        self.watched(self.inner.roster(also, by).await)
    }

    async fn revoke(&self, by: Deadline) -> Result<Revoked, CallError> {
        self.watched(self.inner.revoke(by).await)
    }

    async fn users(&self, from: Option<&Cursor>, by: Deadline) -> Result<UserPage, CallError> {
        self.watched(self.inner.users(from, by).await)
    }

    fn web_address(&self, kind: &ObjectKind, id: &RecordId) -> Option<String> {
        self.inner.web_address(kind, id)
    }

    fn webhooks(&self) -> Option<&dyn Webhooks> {
        self.inner.webhooks()
    }
}

impl Watched {
    fn bounded(&self, selection: &Selection, page: &Page) {
        let facts = self.inner.descriptor().object(selection.kind.as_str()).expect("only described objects are listed");
        let most = usize::try_from(facts.bounds.page_records_max).unwrap();
        assert!(page.records.len() <= most, "a page of {} records, and at most {most} are declared", page.records.len());
        for row in &page.records {
            match row {
                Ok(record) => {
                    is_as_asked(selection, record);
                    carries_everything(selection, record, self.lacks);
                }
                Err(bad) => self.fault(&bad.fault),
            }
        }
    }
}

fn is_about(selection: &Selection, id: &RecordId, stored: Option<&Record>) {
    if let Some(stored) = stored {
        assert_eq!(stored.id, *id, "what is stored is another record");
        is_as_asked(selection, stored);
    }
}
