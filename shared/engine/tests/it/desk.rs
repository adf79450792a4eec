//! A vendor whose records can be read and written, and the courier who hands out what is queued.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use jiff::SignedDuration;
use syncline_engine::ports::connector::{
    Account, Connector, Cursor, Descriptor, FieldWish, FindKey, From, Member, Outcome, Page, RelatedQuery, Resume, Selection, Sought,
    WriteAction,
};
use syncline_engine::ports::directory::UserPage;
use syncline_engine::ports::sign_in::Revoked;
use syncline_engine::ports::webhook::Webhooks;
use syncline_engine::write::{self, Delivery};
use syncline_model::{CallError, Deadline, Fault, ObjectKind, ObjectSchema, Presence, Record, RecordId, Timestamp, Value, Version};

use super::memory::{DESCRIPTOR, now_or_never};
use super::scene::World;

/// The name that makes the vendor move a person.
pub(crate) const PROMOTED: &str = "Ida Promoted";

/// What becomes of the record under the old id.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Old {
    SaysWhere,
    LivesOn,
}

/// A vendor who moves whoever is promoted.
pub(crate) struct Desk {
    rows: Mutex<BTreeMap<RecordId, Record>>,
    edits: Mutex<i64>,
    made: Mutex<u64>,
    old: Old,
    /// Where promoted people go; else to an id of their own.
    into: Option<RecordId>,
    hearing: Mutex<Hearing>,
}

/// Whether the desk answers who asks.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Hearing {
    #[default]
    Fine,
    /// The first question after the next write is lost.
    FailsAfterAWrite,
    Lost,
}

impl Desk {
    pub(crate) fn new(old: Old, into: Option<&str>) -> Arc<Self> {
        Arc::new(Self {
            rows: Mutex::default(),
            edits: Mutex::new(0),
            made: Mutex::new(0),
            old,
            into: into.map(RecordId::from),
            hearing: Mutex::default(),
        })
    }

    /// The first question after the next write is lost.
    pub(crate) fn fail_after_a_write(&self) {
        *self.hearing.lock().unwrap() = Hearing::FailsAfterAWrite;
    }

    pub(crate) fn put(&self, record: Record) {
        self.rows.lock().unwrap().insert(record.id.clone(), record);
    }

    pub(crate) fn record(&self, id: &str) -> Record {
        self.rows.lock().unwrap()[&RecordId::from(id)].clone()
    }

    pub(crate) fn text(&self, id: &str, field: &str) -> String {
        self.record(id).fields[field].as_text().unwrap().unwrap_or_default().to_owned()
    }

    pub(crate) fn live(&self) -> BTreeSet<String> {
        let rows = self.rows.lock().unwrap();
        rows.values().filter(|record| record.presence == Presence::Live).map(|record| record.id.to_string()).collect()
    }

    /// How often a record was made or edited.
    pub(crate) fn writes(&self) -> i64 {
        *self.edits.lock().unwrap()
    }

    pub(crate) fn edit(&self, mut record: Record, fields: &BTreeMap<syncline_model::FieldName, Value>) {
        let mut edits = self.edits.lock().unwrap();
        *edits += 1;
        record.fields.extend(fields.clone());
        let at: Timestamp = "2026-11-22T10:00:00Z".parse().unwrap();
        self.put(record.with_version(Version(at + SignedDuration::from_secs(*edits))));
    }

    /// Makes a record, unless one carries the same id of ours already.
    fn create(
        &self,
        kind: &ObjectKind,
        fields: &BTreeMap<syncline_model::FieldName, Value>,
        once: Option<&syncline_model::FieldName>,
    ) -> Outcome {
        let made_before = once.and_then(|once| {
            let rows = self.rows.lock().unwrap();
            let same = |row: &&Record| row.kind == *kind && row.fields.contains_key(once) && row.fields.get(once) == fields.get(once);
            rows.values().find(same).map(|row| row.id.clone())
        });
        if let Some(id) = made_before {
            return Outcome::Written { id, created: false, stored: None };
        }
        let mut made = self.made.lock().unwrap();
        *made += 1;
        let id = RecordId::new(format!("made-{made}"));
        let blank = ["name", "email", "phone", "company", "other_id"];
        let row = blank.into_iter().fold(Record::new(kind.clone(), id.clone()), |row, name| row.with_field(name, Value::Null));
        self.edit(row, fields);
        Outcome::Written { id, created: true, stored: None }
    }

    /// As a write does it, and the vendor's own people.
    pub(crate) fn update(&self, id: &RecordId, fields: &BTreeMap<syncline_model::FieldName, Value>) -> Outcome {
        let Some(row) = self.rows.lock().unwrap().get(id).cloned() else { return Outcome::Failed(Fault::Missing) };
        let promoted = fields.get("name") == Some(&Value::text(PROMOTED));
        let new = self.into.clone().unwrap_or_else(|| RecordId::new(format!("{id}-promoted")));
        let to = if promoted && *id != new { new } else { id.clone() };
        if row.presence != Presence::Live {
            return Outcome::Failed(Fault::Missing);
        }
        if to != *id && self.old == Old::SaysWhere {
            let gone = Record::new(row.kind.clone(), id.clone()).with_presence(Presence::MergedInto(to.clone()));
            self.put(gone);
        }
        // What a repeated request finds made is edited, not made again.
        let present = self.rows.lock().unwrap().get(&to).cloned();
        let mut base = present.unwrap_or_else(|| row.with_field("other_id", Value::Null));
        base.id = to.clone();
        self.edit(base, fields);
        Outcome::Written { id: to, created: false, stored: None }
    }
}

#[async_trait]
impl Connector for Desk {
    fn descriptor(&self) -> &'static Descriptor {
        &DESCRIPTOR
    }

    async fn account(&self, _: Deadline) -> Result<Account, CallError> {
        panic!("this desk is not asked for that")
    }

    async fn describe(&self, _: &ObjectKind, _: Deadline) -> Result<ObjectSchema, CallError> {
        panic!("this desk is not asked for that")
    }

    async fn list_changes(&self, _: &Selection, _: &From<'_>, _: Deadline) -> Result<Page, CallError> {
        panic!("this desk is not asked for that")
    }

    async fn scan(&self, selection: &Selection, _: Option<&Cursor>, _: Deadline) -> Result<Page, CallError> {
        let rows = self.rows.lock().unwrap();
        let live = rows.values().filter(|record| record.kind == selection.kind && record.presence == Presence::Live);
        Ok(Page::new(live.cloned().map(Ok).collect(), Resume::CaughtUp(Cursor("end".into()))))
    }

    async fn get(&self, _: &Selection, ids: &[RecordId], _: Deadline) -> Result<Vec<Option<Record>>, CallError> {
        let mut hearing = self.hearing.lock().unwrap();
        if *hearing == Hearing::Lost {
            *hearing = Hearing::Fine;
            return Err(CallError::new("desk", "read", Fault::Transient { detail: "lost".to_owned() }));
        }
        let rows = self.rows.lock().unwrap();
        Ok(ids.iter().map(|id| rows.get(id).cloned()).collect())
    }

    async fn find(&self, _: &Selection, keys: &[FindKey], _: Deadline) -> Result<Vec<Vec<Record>>, CallError> {
        let rows = self.rows.lock().unwrap();
        let live = || rows.values().filter(|record| record.presence == Presence::Live);
        let carrying = |key: &FindKey| live().filter(|record| record.fields.get(&key.field) == Some(&key.value)).cloned().collect();
        Ok(keys.iter().map(carrying).collect())
    }

    async fn write(&self, selection: &Selection, actions: &[WriteAction], _: Deadline) -> Result<Vec<Outcome>, CallError> {
        let act = |action: &WriteAction| match action {
            WriteAction::Update { id, fields, .. } => self.update(id, fields),
            WriteAction::Create { fields, once } => self.create(&selection.kind, fields, once.as_ref()),
            WriteAction::Delete { .. } | WriteAction::Restore { .. } => panic!("nothing is deleted here"),
        };
        let outcomes = actions.iter().map(act).collect();
        let mut hearing = self.hearing.lock().unwrap();
        if *hearing == Hearing::FailsAfterAWrite {
            *hearing = Hearing::Lost;
        }
        Ok(outcomes)
    }

    async fn provision(&self, _: &FieldWish, _: Deadline) -> Result<(), CallError> {
        panic!("this desk is not asked for that")
    }

    async fn related(&self, _: &[RelatedQuery], _: Deadline) -> Result<Vec<Vec<Record>>, CallError> {
        panic!("this desk is not asked for that")
    }

    async fn roster(&self, _: &[Sought], _: Deadline) -> Result<Vec<Member>, CallError> {
        panic!("this desk is not asked for that")
    }

    async fn revoke(&self, _: Deadline) -> Result<Revoked, CallError> {
        panic!("this desk is not asked for that")
    }

    async fn users(&self, _: Option<&Cursor>, _: Deadline) -> Result<UserPage, CallError> {
        panic!("this desk is not asked for that")
    }

    fn web_address(&self, _: &ObjectKind, _: &RecordId) -> Option<String> {
        None
    }

    fn webhooks(&self) -> Option<&dyn Webhooks> {
        None
    }
}

/// What was handed out of the queue.
#[derive(Default)]
pub(crate) struct Courier {
    delivered: usize,
    open: Vec<(syncline_model::ConnectionName, Delivery)>,
}

impl Courier {
    /// Hands out what is queued until nothing is; what a cut run left unfinished comes again. `turn`: in which order, of all that is open.
    pub(crate) fn deliver(&mut self, world: &World, turn: impl Fn(&mut Vec<(syncline_model::ConnectionName, Delivery)>)) {
        for _ in 0..200 {
            let sent = world.outbox.sent();
            for (number, message) in sent.iter().enumerate().skip(self.delivered) {
                self.open.push((message.queue.clone(), Delivery { id: number.to_string(), body: message.body.clone() }));
            }
            self.delivered = sent.len();
            if self.open.is_empty() {
                return;
            }
            let mut open = std::mem::take(&mut self.open);
            turn(&mut open);
            for (queue, delivery) in open {
                world.clock.forward(31);
                let unfinished = now_or_never(write::write(&world.engine, &queue, std::slice::from_ref(&delivery), world.by()));
                if !unfinished.is_empty() {
                    self.open.push((queue, delivery));
                }
            }
        }
        panic!("messages go round and round");
    }
}
