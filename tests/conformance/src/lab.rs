//! One candidate with an account of its own: people who use it, troubles on the way to it, and connectors that remember nothing of each other.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value as Json;
use syncline_engine::ports::clock::Clock;
use syncline_engine::ports::connector::{Connector, FieldWish, FindKey, Selection, WriteAction};
use syncline_engine::ports::http::EndpointClass;
use syncline_engine::ports::secrets::Bundle;
use syncline_engine::ports::vendor::{Parts, Settings};
use syncline_model::{Deadline, FieldName, FieldSchema, FieldType, ObjectKind, ObjectSchema, Record, RecordId, Secret, Value};
use syncline_registry_sim::Load;
use syncline_simulator::{Fields, InProcess, Script, Shared, Trouble, Unkind, Users, When, lock, nested, shared};

use crate::candidate::Candidate;
use crate::meaning::value_of;
use crate::room::{CountingDice, LastAnswer, Line, OneBundle, SetClock};
use crate::walk::Place;
use crate::watch::{Private, Watched};

/// Where the simulator would answer: nobody listens there.
const BASE_URL: &str = "http://127.0.0.1:9";
/// When the exam begins: a Sunday morning.
const BEGIN_S: i64 = 1_795_341_600;
/// The size of pages of a server that gives small ones: an odd one.
const SMALL_PAGE_RECORDS: u32 = 47;
/// How long a call may take, in minutes.
const CALL_MIN: i64 = 10;

/// A candidate in its room.
pub struct Lab {
    pub candidate: Candidate,
    account: Shared<Unkind<Box<dyn Users>>>,
    clock: Arc<SetClock>,
    dice: Arc<CountingDice>,
    secrets: Arc<OneBundle>,
    private: Private,
    last: LastAnswer,
    page_records: u32,
    /// Records that an account has before anybody does anything, such as who owns it. No case is about them.
    residents: BTreeSet<RecordId>,
}

impl Lab {
    /// An empty account that has the link fields already.
    pub fn new(candidate: Candidate) -> Self {
        Self::made(candidate, true)
    }

    /// An empty account as the vendor hands it over.
    pub fn unprovisioned(candidate: Candidate) -> Self {
        Self::made(candidate, false)
    }

    /// An empty account with the link field, whose pages are as small as its server makes them.
    pub async fn paged(candidate: Candidate) -> Self {
        let Some(paged) = candidate.sheet.paged else { return Self::new(candidate) };
        let lab = Self { page_records: SMALL_PAGE_RECORDS, ..Self::around(candidate, paged(BASE_URL, SMALL_PAGE_RECORDS)) };
        if let Some(wish) = lab.link_wish() {
            lab.connector().provision(&wish, lab.by()).await.unwrap();
        }
        lab
    }

    fn made(candidate: Candidate, provisioned: bool) -> Self {
        let at = Timestamp::from_second(BEGIN_S).unwrap();
        let load = Load { seed: 7, people: 0..0, companies: 0..0, at, calls: None, provisioned };
        Self::around(candidate, candidate.simulated.make(&load, BASE_URL))
    }

    fn around(candidate: Candidate, users: Box<dyn Users>) -> Self {
        let at = Timestamp::from_second(BEGIN_S).unwrap();
        let secrets = candidate.simulated.ready_secrets();
        let private: BTreeSet<String> = secrets.values().map(|secret| secret.expose().to_owned()).collect();
        let residents = users.live(candidate.object.kind).into_keys().map(RecordId::new).collect();
        Self {
            candidate,
            residents,
            account: shared(Unkind::new(users)),
            clock: Arc::new(SetClock::new(at)),
            dice: Arc::new(CountingDice::default()),
            secrets: Arc::new(OneBundle::new(secrets)),
            private: Arc::new(Mutex::new(private)),
            last: LastAnswer::default(),
            page_records: candidate.facts.bounds.page_records_max,
        }
    }

    /// A connector that remembers nothing of those before it. All that it says is watched.
    pub fn connector(&self) -> Arc<dyn Connector> {
        let inner = InProcess { simulator: self.account.clone(), clock: self.clock.clone() };
        let parts = Parts {
            connection: "examined".to_owned(),
            settings: Settings(self.candidate.simulated.ready_settings(BASE_URL, None)),
            secrets: self.secrets.clone(),
            http: Arc::new(Line { inner, last: self.last.clone() }),
            clock: self.clock.clone(),
            dice: self.dice.clone(),
        };
        let inner = self.candidate.vendor.connect(parts).unwrap_or_else(|problems| panic!("{problems:?}"));
        Arc::new(Watched { inner, private: self.private.clone(), lacks: self.candidate.object.lacks })
    }

    pub fn kind(&self) -> ObjectKind {
        ObjectKind::new(self.candidate.object.kind)
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub fn by(&self) -> Deadline {
        Deadline(self.now() + SignedDuration::from_mins(CALL_MIN))
    }

    pub fn pass(&self, seconds: i64) {
        self.clock.advance(seconds);
    }

    /// Lets time pass until searches show everything.
    pub fn pass_find_lag(&self) {
        self.pass(i64::from(self.candidate.facts.find_lag_s) + 1);
    }

    /// The most records that a page of this account has.
    pub fn page_records_max(&self) -> u32 {
        self.page_records
    }

    /// Whether this object's live records are listed.
    pub fn lists(&self) -> bool {
        self.tells() && !self.candidate.facts.is_feed_only()
    }

    /// Whether its changes are told at all: a bound of no record says that they are not.
    pub fn tells(&self) -> bool {
        self.page_records_max() > 0
    }

    /// From where its changes are followed: from a scan, or from now where there is none.
    pub fn beginning(&self) -> Place {
        if self.lists() { Place::Scan } else { Place::Since(self.now()) }
    }

    pub fn gets(&self) -> bool {
        self.candidate.facts.bounds.get_records_max > 0
    }

    pub fn finds(&self) -> bool {
        self.candidate.facts.bounds.find_keys_max > 0
    }

    pub fn creates(&self) -> bool {
        self.candidate.facts.can_create && self.writes()
    }

    /// Whether records are changed at all: some are that are neither created nor deleted.
    pub fn writes(&self) -> bool {
        self.candidate.facts.bounds.write_records_max > 0
    }

    /// Whether nothing can be read: then writing to a record that is gone, or never was, makes it, and deleting it is no failure.
    pub fn is_write_only(&self) -> bool {
        self.candidate.facts.is_write_only()
    }

    /// The fields that the sheet's records have and that we write, the link field with them.
    pub fn selection(&self) -> Selection {
        let object = self.candidate.object;
        let mut fields: BTreeSet<String> = (object.record)(0).into_keys().chain((object.written)(0).into_keys()).collect();
        fields.extend([object.name, object.text].map(str::to_owned));
        fields.extend(object.link.map(str::to_owned));
        self.selecting(fields)
    }

    /// These fields.
    pub fn selecting(&self, fields: impl IntoIterator<Item = impl Into<FieldName>>) -> Selection {
        Selection { kind: self.kind(), fields: fields.into_iter().map(Into::into).collect() }
    }

    /// The object's fields, asked of the vendor.
    pub async fn schema(&self) -> ObjectSchema {
        self.connector().describe(&self.kind(), self.by()).await.unwrap()
    }

    /// The wish for the link field, as provisioning states it.
    pub fn link_wish(&self) -> Option<FieldWish> {
        let name = self.candidate.object.link?;
        let bare = name.rsplit('.').next().unwrap_or_default();
        let mut schema = FieldSchema::new(name, bare.trim_end_matches("__c").to_uppercase(), FieldType::Text);
        schema.unique = true;
        schema.upsert_key = true;
        schema.custom = true;
        schema.visible = Some(false);
        schema.length = Some(40);
        Some(FieldWish { kind: self.kind(), schema })
    }

    // What people do.

    fn remember(&self, fields: &Fields) {
        let mut private = self.private.lock().unwrap_or_else(PoisonError::into_inner);
        private.extend(fields.values().filter_map(Json::as_str).map(str::to_owned));
    }

    /// A person makes a record.
    pub fn type_in(&self, fields: &Fields) -> Result<RecordId, String> {
        self.remember(fields);
        let now = self.now();
        lock(&self.account).simulator.create(now, self.candidate.object.kind, fields).map(RecordId::new)
    }

    /// People make the sheet's records of these numbers, all in one second.
    pub fn plant(&self, numbers: Range<u32>) -> Vec<RecordId> {
        numbers.map(|number| self.type_in(&(self.candidate.object.record)(number)).unwrap()).collect()
    }

    /// A person makes the sheet's record of this number, with one field otherwise.
    pub fn plant_with(&self, number: u32, field: &str, value: Json) -> RecordId {
        let mut fields = (self.candidate.object.record)(number);
        fields.insert(field.to_owned(), value);
        self.type_in(&fields).unwrap()
    }

    /// A record of this kind that another can refer to, the sheet's of this number; `None` where the sheet has no such kind.
    pub fn parent(&self, kind: &ObjectKind, number: u32) -> Option<RecordId> {
        let object = self.candidate.sheet.objects.iter().find(|object| object.kind == kind.as_str())?;
        let now = self.now();
        lock(&self.account).simulator.create(now, object.kind, &(object.record)(number)).ok().map(RecordId::new)
    }

    /// A person changes one field.
    pub fn edit(&self, id: &RecordId, field: &str, value: Json) {
        let fields = Fields::from([(field.to_owned(), value)]);
        self.remember(&fields);
        let now = self.now();
        lock(&self.account).simulator.edit(now, self.candidate.object.kind, id.as_str(), &fields).unwrap();
    }

    /// A person deletes a record.
    pub fn delete(&self, id: &RecordId) {
        let now = self.now();
        lock(&self.account).simulator.delete(now, self.candidate.object.kind, id.as_str()).unwrap();
    }

    /// A person brings a record back; refused where the vendor keeps none.
    pub fn restore(&self, id: &RecordId) -> Result<(), String> {
        let now = self.now();
        lock(&self.account).simulator.restore(now, self.candidate.object.kind, id.as_str())
    }

    /// A person makes one record of two.
    pub fn merge(&self, survivor: &RecordId, loser: &RecordId) -> Result<(), String> {
        let now = self.now();
        lock(&self.account).simulator.merge(now, self.candidate.object.kind, survivor.as_str(), loser.as_str())
    }

    /// Whether the account had this record before anybody did anything.
    pub fn is_resident(&self, id: &RecordId) -> bool {
        self.residents.contains(id)
    }

    /// How many records the account had before anybody did anything.
    pub fn resident_count(&self) -> usize {
        self.residents.len()
    }

    /// Every live record, as the vendor's own answer about it reads.
    pub fn truth(&self) -> BTreeMap<RecordId, Record> {
        let kind = self.kind();
        let live = lock(&self.account).simulator.live(kind.as_str());
        let read = |id: String, fields: &Fields| {
            let body = nested(fields).to_string();
            let mut rows = self.candidate.vendor.decode(&kind, body.as_bytes()).unwrap();
            assert_eq!(rows.len(), 1, "the answer about one record holds one");
            let record = rows.remove(0).unwrap();
            assert_eq!(record.id.as_str(), id);
            (record.id.clone(), record)
        };
        live.into_iter().map(|(id, fields)| read(id, &fields)).filter(|(id, _)| !self.is_resident(id)).collect()
    }

    /// The ids of every live record.
    pub fn live_ids(&self) -> BTreeSet<RecordId> {
        let live = lock(&self.account).simulator.live(self.candidate.object.kind);
        live.into_keys().map(RecordId::new).filter(|id| !self.is_resident(id)).collect()
    }

    // What happens to the account and on the way to it.

    /// Lets this happen to the account; whether the vendor knows such a thing.
    pub fn strain(&self, strain: syncline_simulator::Strain) -> bool {
        let now = self.now();
        lock(&self.account).simulator.strain(now, strain)
    }

    /// Of the coming requests, this one (from 0) meets a trouble.
    pub fn trouble(&self, request: u32, trouble: Trouble) {
        lock(&self.account).script.add(When { method: None, contains: String::new(), after: request }, trouble);
    }

    /// No trouble waits any more; whether the last one happened.
    pub fn calm(&self) -> bool {
        let mut account = lock(&self.account);
        let happened = account.script.is_done();
        account.script = Script::default();
        happened
    }

    /// How many requests reached the vendor so far.
    pub fn requests(&self) -> usize {
        lock(&self.account).seen.len()
    }

    /// The connection's secret from now on.
    pub fn set_secret(&self, bundle: Option<Bundle>) {
        self.secrets.replace(bundle);
    }

    /// The right names with credentials that open nothing.
    pub fn wrong_secret(&self) -> Bundle {
        let wrong: BTreeMap<String, Secret> = self
            .candidate
            .simulated
            .ready_secrets()
            .into_keys()
            .map(|name| {
                let text = format!("revoked-{name}-credential");
                self.private.lock().unwrap_or_else(PoisonError::into_inner).insert(text.clone());
                (name, Secret::new(text))
            })
            .collect();
        Bundle(wrong)
    }

    /// The last answer of the vendor's, and the class of its call.
    pub fn last_answer(&self) -> Option<(EndpointClass, http::Response<Bytes>)> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    // What the engine would write.

    /// Fields as a person types them, as canonical values of the described types.
    pub fn values(&self, schema: &ObjectSchema, fields: &Fields) -> BTreeMap<FieldName, Value> {
        let typed = |name: &str, json: &Json| {
            let field = schema.field(name).unwrap_or_else(|| panic!("{name} is not described"));
            (field.name.clone(), value_of(json, &field.field_type))
        };
        fields.iter().map(|(name, json)| typed(name, json)).collect()
    }

    /// A key by which this record can be found: the first of the sheet's that it carries.
    ///
    /// # Panics
    /// Where it carries none.
    pub fn key_of(&self, record: &Record) -> FindKey {
        let keys = self.candidate.object.keys.iter();
        let carried = keys.filter_map(|key| Some((key.field, record.field(key.field).filter(|value| !value.is_null())?)));
        let (field, value) = carried.min_by_key(|(field, _)| *field != self.candidate.object.name).expect("a key of the sheet's record");
        FindKey { field: field.into(), value: value.clone() }
    }

    /// The create of the sheet's record of this number, through its link field where it has one.
    pub fn create(&self, schema: &ObjectSchema, number: u32) -> WriteAction {
        let mut fields = self.values(schema, &(self.candidate.object.record)(number));
        let once = self.candidate.object.link.map(FieldName::from);
        if let Some(link) = &once {
            fields.insert(link.clone(), Value::text(format!("linked-{number}")));
        }
        WriteAction::Create { fields, once }
    }

    /// The same, with a value that the vendor refuses.
    pub fn bad_create(&self, schema: &ObjectSchema, number: u32) -> WriteAction {
        let (field, value) = (self.candidate.object.refused)();
        match self.create(schema, number) {
            WriteAction::Create { mut fields, once } => {
                fields.extend(self.values(schema, &Fields::from([(field.to_owned(), value)])));
                WriteAction::Create { fields, once }
            }
            other @ (WriteAction::Update { .. } | WriteAction::Delete { .. } | WriteAction::Restore { .. }) => other,
        }
    }

    /// The change that the sheet has for this number.
    pub fn change(&self, schema: &ObjectSchema, id: &RecordId, number: u32) -> WriteAction {
        let fields = self.values(schema, &(self.candidate.object.written)(number));
        WriteAction::Update { id: id.clone(), fields, expected: None }
    }

    /// A change with a value that the vendor refuses.
    pub fn bad_change(&self, schema: &ObjectSchema, id: &RecordId) -> WriteAction {
        let (field, value) = (self.candidate.object.refused)();
        let fields = self.values(schema, &Fields::from([(field.to_owned(), value)]));
        WriteAction::Update { id: id.clone(), fields, expected: None }
    }

    /// A change of the free text.
    pub fn update(&self, id: &RecordId, text: &str) -> WriteAction {
        let fields = BTreeMap::from([(FieldName::from(self.candidate.object.text), Value::text(text))]);
        WriteAction::Update { id: id.clone(), fields, expected: None }
    }

    /// The live records that carry the name of the sheet's record of this number.
    pub fn named(&self, number: u32) -> Vec<RecordId> {
        let name = self.candidate.object.name;
        let wanted = (self.candidate.object.record)(number).remove(name).and_then(|json| json.as_str().map(str::to_owned)).unwrap();
        let live = lock(&self.account).simulator.live(self.candidate.object.kind);
        let carries = |fields: &Fields| fields.get(name).and_then(Json::as_str) == Some(wanted.as_str());
        live.into_iter().filter(|(_, fields)| carries(fields)).map(|(id, _)| RecordId::new(id)).collect()
    }
}
