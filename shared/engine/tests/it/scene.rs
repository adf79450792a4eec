//! Two vendors with companies and the people who work there, and the engine between them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use syncline_engine::message::{self, Cause, Change, Counterpart, Work};
use syncline_engine::ports::store::Store;
use syncline_engine::seal::Sealer;
use syncline_engine::{End, Engine, Sync, hold};
use syncline_mapping::{
    Conflict, DeletePolicy, Drift, Equality, FieldMapping, Flow, Lens, Marker, MatchKey, ObjectMapping, Pair, Retain, Rules, WritePolicy,
};
use syncline_model::{Deadline, Decimal, Record, RecordId, Side, Timestamp, Value, Version};

use super::memory::{CollectingOutbox, CountingDice, FixedClock, Fuse, ListedVendor, MemoryStore, now_or_never};

pub(crate) const BEGIN: &str = "2026-11-22T10:00:00Z";

pub(crate) struct World {
    pub(crate) engine: Engine,
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) outbox: Arc<CollectingOutbox>,
    pub(crate) clock: Arc<FixedClock>,
    pub(crate) fuse: Arc<Fuse>,
    pub(crate) vendors: Pair<Arc<ListedVendor>>,
}

/// What was queued, without what differs from run to run.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Queued {
    Change { mapping: String, side: Side, id: String, counterpart: String, cause: String, seen: bool },
    Stamp { mapping: String, side: Side, id: String, other: String },
}

fn field(name: &str, lens: Lens, equality: Equality) -> FieldMapping {
    FieldMapping {
        name: name.into(),
        lens: Pair::new(lens.clone(), lens),
        flow: Flow::Both,
        equality,
        conflict: Conflict::Master,
        whole_sets: false,
        write: Pair::new(WritePolicy::Always, WritePolicy::Always),
        drift: Drift::Overwrite,
    }
}

fn key(name: &str, equality: Equality, unique: bool) -> MatchKey {
    MatchKey { field: Pair::new(name.into(), name.into()), equality, unique }
}

fn mapping(name: &str, kind: &str, fields: Vec<FieldMapping>, match_keys: Vec<MatchKey>) -> ObjectMapping {
    ObjectMapping {
        name: name.into(),
        kind: Pair::new(kind.into(), kind.into()),
        fields,
        match_keys,
        link_field: Pair::new(Some("other_id".into()), Some("other_id".into())),
        create: Pair::new(true, true),
        deletes: Pair::new(DeletePolicy::Propagate, DeletePolicy::Propagate),
        need_one_of: Pair::default(),
        required: Pair::default(),
    }
}

pub(crate) fn phone() -> Equality {
    Equality::Phone { region: Some("DE".into()) }
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(crate) fn with(change: impl FnOnce(&mut Sync)) -> Self {
        let fuse = Arc::new(Fuse::default());
        let clock = Arc::new(FixedClock::at(BEGIN.parse().unwrap()));
        let store = Arc::new(MemoryStore::new(Arc::clone(&fuse), Arc::clone(&clock)));
        let outbox = Arc::new(CollectingOutbox::new(Arc::clone(&fuse)));
        let vendors = Pair::new(Arc::new(ListedVendor::new(Arc::clone(&fuse))), Arc::new(ListedVendor::new(Arc::clone(&fuse))));
        let companies = mapping(
            "companies",
            "company",
            vec![field("name", Lens::Field("name".into()), Equality::Words)],
            vec![key("name", Equality::CaseInsensitive, true)],
        );
        let people = mapping(
            "people",
            "person",
            vec![
                field("name", Lens::Field("name".into()), Equality::Words),
                field("email", Lens::Field("email".into()), Equality::CaseInsensitive),
                field("phone", Lens::Field("phone".into()), phone()),
                field("company", Lens::Reference { field: "company".into(), parent: "companies".into() }, Equality::Exact),
            ],
            vec![key("email", Equality::CaseInsensitive, true), key("phone", phone(), false)],
        );
        let mut sync = Sync {
            name: "us".into(),
            ends: Pair::new(
                End { connection: "left".into(), connector: Arc::clone(&vendors.left) as _ },
                End { connection: "right".into(), connector: Arc::clone(&vendors.right) as _ },
            ),
            rules: Rules { master: Side::Left },
            mappings: vec![companies, people],
            brings_history: false,
            history_days: 0,
            history_values: false,
            deletes_max_share: Decimal::from(20),
            debounce_s: BTreeMap::new(),
        };
        change(&mut sync);
        let engine = Engine {
            store: Arc::clone(&store) as _,
            outbox: Arc::clone(&outbox) as _,
            clock: Arc::clone(&clock) as _,
            dice: Arc::new(CountingDice::default()),
            marker: Marker::new([7; 32], Retain::Fingerprints),
            sealer: Sealer::new([9; 32]),
            syncs: vec![sync],
            budgets: BTreeMap::new(),
            counts: syncline_engine::counts::Counts::default(),
        };
        Self { engine, store, outbox, clock, fuse, vendors }
    }

    pub(crate) fn sync(&self) -> &Sync {
        &self.engine.syncs[0]
    }

    pub(crate) fn by(&self) -> Deadline {
        Deadline(self.engine.now() + jiff::SignedDuration::from_mins(15))
    }

    pub(crate) fn add(&self, side: Side, record: Record) {
        self.vendors.of(side).add(record);
    }

    pub(crate) fn queued(&self) -> BTreeSet<Queued> {
        self.changes().into_iter().map(|(mapping, side, change)| said(mapping, side, &change)).chain(self.stamps()).collect()
    }

    pub(crate) fn changes(&self) -> Vec<(String, Side, Change)> {
        let mut all = Vec::new();
        for sent in self.outbox.sent() {
            match message::read(&sent.body).unwrap() {
                Work::ChangesV1 { mapping, side, changes, .. } => {
                    assert_eq!(sent.queue, self.sync().ends.of(side.other()).connection, "changes go to the other side's worker");
                    let changes: Vec<Change> = self.engine.sealer.open("a message", &changes).unwrap();
                    all.extend(changes.into_iter().map(|change| (mapping.to_string(), side, change)));
                }
                Work::StampsV1 { .. } => {}
            }
        }
        all
    }

    fn stamps(&self) -> Vec<Queued> {
        let mut all = Vec::new();
        for sent in self.outbox.sent() {
            match message::read(&sent.body).unwrap() {
                Work::ChangesV1 { .. } => {}
                Work::StampsV1 { mapping, side, stamps, .. } => {
                    assert_eq!(sent.queue, self.sync().ends.of(side).connection, "stamps go to the own side's worker");
                    all.extend(stamps.into_iter().map(|stamp| Queued::Stamp {
                        mapping: mapping.to_string(),
                        side,
                        id: stamp.id.to_string(),
                        other: stamp.other.to_string(),
                    }));
                }
            }
        }
        all
    }

    /// The entries as they rest: links with their bases, pointers, notes.
    pub(crate) fn entries(&self) -> BTreeMap<String, String> {
        let items = self.store.items().into_iter().filter(|item| item.key.partition.starts_with("e#"));
        items.map(|item| (format!("{}/{}", item.key.partition, item.key.sort), item.body)).collect()
    }

    /// Left id to right id of a mapping's links.
    pub(crate) fn links(&self, mapping: &str) -> BTreeSet<(String, String)> {
        let mut links = BTreeSet::new();
        for item in self.store.items() {
            if item.key.partition.starts_with(&format!("e#us#{mapping}#l#")) {
                let body: serde_json::Value = serde_json::from_str(&item.body).unwrap();
                if let Some(right) = body.pointer("/link/right").and_then(|right| right.as_str()) {
                    links.insert((item.key.sort.clone(), right.to_owned()));
                }
            }
        }
        links
    }

    /// What is held: side, id, sentence.
    pub(crate) fn holds(&self) -> BTreeSet<(Side, String, String)> {
        let holds = now_or_never(hold::list(&self.engine, &"us".into(), 1000)).unwrap();
        holds.into_iter().map(|hold| (hold.side, hold.id, hold.says)).collect()
    }

    pub(crate) fn store(&self) -> &dyn Store {
        self.store.as_ref()
    }
}

fn said(mapping: String, side: Side, change: &Change) -> Queued {
    let counterpart = match &change.counterpart {
        Counterpart::Unknown => "unknown".to_owned(),
        Counterpart::Alone => "alone".to_owned(),
        Counterpart::Is(id) => format!("is {id}"),
    };
    Queued::Change {
        mapping,
        side,
        id: change.id.to_string(),
        counterpart,
        cause: format!("{:?}", change.cause),
        seen: change.seen.is_some(),
    }
}

/// A change that is queued with its observation.
pub(crate) fn change(mapping: &str, side: Side, id: &str, counterpart: &str, cause: Cause) -> Queued {
    Queued::Change {
        mapping: mapping.into(),
        side,
        id: id.into(),
        counterpart: counterpart.into(),
        cause: format!("{cause:?}"),
        seen: true,
    }
}

pub(crate) fn stamp(mapping: &str, side: Side, id: &str, other: &str) -> Queued {
    Queued::Stamp { mapping: mapping.into(), side, id: id.into(), other: other.into() }
}

pub(crate) fn edited(at: &str) -> Version {
    let at: Timestamp = at.parse().unwrap();
    Version(at)
}

pub(crate) fn company(id: &str, name: &str) -> Record {
    Record::new("company".into(), id.into())
        .with_version(edited("2026-11-01T08:00:00Z"))
        .with_field("name", Value::text(name))
        .with_field("other_id", Value::Null)
}

pub(crate) fn person(id: &str, name: &str, email: &str, phone: &str) -> Record {
    Record::new("person".into(), id.into())
        .with_version(edited("2026-11-01T08:00:00Z"))
        .with_field("name", Value::text(name))
        .with_field("email", Value::text(email))
        .with_field("phone", Value::text(phone))
        .with_field("company", Value::Null)
        .with_field("other_id", Value::Null)
}

pub(crate) fn at_company(person: Record, company: &str) -> Record {
    person.with_field("company", Value::Reference(RecordId::new(company)))
}

pub(crate) fn carrying(record: Record, other: &str) -> Record {
    record.with_field("other_id", Value::text(other))
}
