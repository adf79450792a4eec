//! A write that makes its vendor move the record to another id: the link goes with it, also when the work is cut at any point.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use jiff::SignedDuration;
use syncline_engine::backfill::{self, Phase};
use syncline_engine::message::{self, Cause, Change};
use syncline_engine::ports::connector::{
    Account, Connector, Cursor, Descriptor, FieldWish, FindKey, From, Member, Outcome, Page, RelatedQuery, Resume, Selection, Sought,
    WriteAction,
};
use syncline_engine::ports::directory::UserPage;
use syncline_engine::ports::sign_in::Revoked;
use syncline_engine::ports::webhook::Webhooks;
use syncline_engine::write::{self, Delivery};
use syncline_model::{CallError, Deadline, Fault, ObjectKind, ObjectSchema, Presence, Record, RecordId, Side, Timestamp, Value, Version};

use super::memory::{Cut, DESCRIPTOR, now_or_never};
use super::scene::{World, edited, person};

/// The name that makes the vendor move a person.
const PROMOTED: &str = "Ida Promoted";

/// What becomes of the record under the old id.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Old {
    SaysWhere,
    LivesOn,
}

/// A vendor who moves whoever is promoted.
struct Desk {
    rows: Mutex<BTreeMap<RecordId, Record>>,
    edits: Mutex<i64>,
    old: Old,
    /// Where promoted people go; else to an id of their own.
    into: Option<RecordId>,
}

impl Desk {
    fn new(old: Old, into: Option<&str>) -> Arc<Self> {
        Arc::new(Self { rows: Mutex::default(), edits: Mutex::new(0), old, into: into.map(RecordId::from) })
    }

    fn put(&self, record: Record) {
        self.rows.lock().unwrap().insert(record.id.clone(), record);
    }

    fn record(&self, id: &str) -> Record {
        self.rows.lock().unwrap()[&RecordId::from(id)].clone()
    }

    fn text(&self, id: &str, field: &str) -> String {
        self.record(id).fields[field].as_text().unwrap().unwrap_or_default().to_owned()
    }

    fn live(&self) -> BTreeSet<String> {
        let rows = self.rows.lock().unwrap();
        rows.values().filter(|record| record.presence == Presence::Live).map(|record| record.id.to_string()).collect()
    }

    fn edit(&self, mut record: Record, fields: &BTreeMap<syncline_model::FieldName, Value>) {
        let mut edits = self.edits.lock().unwrap();
        *edits += 1;
        record.fields.extend(fields.clone());
        let at: Timestamp = "2026-11-22T10:00:00Z".parse().unwrap();
        self.put(record.with_version(Version(at + SignedDuration::from_secs(*edits))));
    }

    fn update(&self, id: &RecordId, fields: &BTreeMap<syncline_model::FieldName, Value>) -> Outcome {
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
        Ok(Page { records: live.cloned().map(Ok).collect(), resume: Resume::CaughtUp(Cursor("end".into())) })
    }

    async fn get(&self, _: &Selection, ids: &[RecordId], _: Deadline) -> Result<Vec<Option<Record>>, CallError> {
        let rows = self.rows.lock().unwrap();
        Ok(ids.iter().map(|id| rows.get(id).cloned()).collect())
    }

    async fn find(&self, _: &Selection, keys: &[FindKey], _: Deadline) -> Result<Vec<Vec<Record>>, CallError> {
        let rows = self.rows.lock().unwrap();
        let live = || rows.values().filter(|record| record.presence == Presence::Live);
        let carrying = |key: &FindKey| live().filter(|record| record.fields.get(&key.field) == Some(&key.value)).cloned().collect();
        Ok(keys.iter().map(carrying).collect())
    }

    async fn write(&self, _: &Selection, actions: &[WriteAction], _: Deadline) -> Result<Vec<Outcome>, CallError> {
        let act = |action: &WriteAction| match action {
            WriteAction::Update { id, fields, .. } => self.update(id, fields),
            WriteAction::Create { .. } | WriteAction::Delete { .. } | WriteAction::Restore { .. } => {
                panic!("nothing is created or deleted here")
            }
        };
        Ok(actions.iter().map(act).collect())
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

/// Linked people on two desks, and what was handed out of the queue.
struct Scene {
    world: World,
    desks: syncline_mapping::Pair<Arc<Desk>>,
    delivered: usize,
    open: Vec<(syncline_model::ConnectionName, Delivery)>,
}

impl Scene {
    fn new(old: Old, into: Option<&str>, pairs: &[(&str, &str)]) -> Self {
        let desks = syncline_mapping::Pair::new(Desk::new(old, into), Desk::new(old, into));
        for (number, (left, right)) in pairs.iter().enumerate() {
            let email = format!("p{number}@a.example");
            desks.left.put(person(left, "Ida", &email, ""));
            desks.right.put(person(right, "Ida", &email, ""));
        }
        let world = World::with(|sync| {
            sync.ends.left.connector = Arc::clone(&desks.left) as _;
            sync.ends.right.connector = Arc::clone(&desks.right) as _;
        });
        now_or_never(backfill::begin(&world.engine, world.sync(), false)).unwrap();
        assert_eq!(now_or_never(backfill::step(&world.engine, world.sync(), world.by())).unwrap().phase, Phase::Done);
        let mut scene = Self { world, desks, delivered: 0, open: Vec::new() };
        scene.deliver();
        assert_eq!(scene.world.links("people").len(), pairs.len());
        scene
    }

    /// Promotes a person on one desk, which tells the worker of the other.
    fn promote(&self, side: Side, id: &str) {
        let desk = self.desks.of(side);
        // The desk whose record is edited by its own user keeps the id.
        let record = desk.record(id);
        desk.edit(record, &BTreeMap::from([("name".into(), Value::text(PROMOTED))]));
        self.tell(side, desk.record(id));
    }

    fn tell(&self, side: Side, record: Record) {
        let engine = &self.world.engine;
        let changes = [Change::seen(record, engine.now(), Cause::Pull)];
        let messages = message::changes(engine, self.world.sync(), &"people".into(), side, engine.now(), &changes).unwrap();
        while now_or_never(engine.outbox.send(messages.clone())).is_err() {}
    }

    /// Hands out what is queued until nothing is; what a cut run left unfinished comes again.
    fn deliver(&mut self) {
        for _ in 0..200 {
            let sent = self.world.outbox.sent();
            for (number, message) in sent.iter().enumerate().skip(self.delivered) {
                self.open.push((message.queue.clone(), Delivery { id: number.to_string(), body: message.body.clone() }));
            }
            self.delivered = sent.len();
            if self.open.is_empty() {
                return;
            }
            for (queue, delivery) in std::mem::take(&mut self.open) {
                self.world.clock.forward(31);
                let unfinished = now_or_never(write::write(&self.world.engine, &queue, std::slice::from_ref(&delivery), self.world.by()));
                if !unfinished.is_empty() {
                    self.open.push((queue, delivery));
                }
            }
        }
        panic!("messages go round and round");
    }

    /// What is there in the end.
    fn remains(&self) -> (BTreeSet<(String, String)>, BTreeSet<String>, BTreeSet<String>) {
        (self.world.links("people"), self.desks.left.live(), self.desks.right.live())
    }
}

fn set<T: Ord, const N: usize>(items: [T; N]) -> BTreeSet<T> {
    items.into()
}

/// The pair after a promotion that was seen on `source`.
fn expect_moved(scene: &Scene, source: Side) {
    let target = source.other();
    let (links, ..) = scene.remains();
    let pair = source.of(("P", "R-promoted"), ("P-promoted", "R"));
    assert_eq!(links, set([(pair.0.to_owned(), pair.1.to_owned())]));
    let (own, new) = source.of(("P", "R-promoted"), ("R", "P-promoted"));
    assert_eq!(scene.desks.of(target).text(new, "name"), PROMOTED);
    assert_eq!(scene.desks.of(target).text(new, "other_id"), own, "the moved record carries our id");
    assert_eq!(scene.desks.of(source).text(own, "other_id"), new, "and the other one its new id");
    assert_eq!(scene.world.holds(), BTreeSet::new());
}

#[test]
fn the_link_goes_where_the_vendor_moved_the_record() {
    for source in [Side::Left, Side::Right] {
        for old in [Old::SaysWhere, Old::LivesOn] {
            let mut scene = Scene::new(old, None, &[("P", "R")]);
            scene.promote(source, source.of("P", "R"));
            scene.deliver();
            expect_moved(&scene, source);
        }
    }
}

#[test]
fn an_edit_after_the_move_goes_to_the_new_id() {
    for source in [Side::Left, Side::Right] {
        let mut scene = Scene::new(Old::LivesOn, None, &[("P", "R")]);
        scene.promote(source, source.of("P", "R"));
        scene.deliver();
        let (own, new) = source.of(("P", "R-promoted"), ("R", "P-promoted"));
        let desk = scene.desks.of(source);
        desk.edit(desk.record(own), &BTreeMap::from([("phone".into(), Value::text("+4915112345678"))]));
        scene.tell(source, desk.record(own));
        scene.deliver();
        assert_eq!(scene.desks.of(source.other()).text(new, "phone"), "+4915112345678");
    }
}

#[test]
fn what_stays_under_the_old_id_is_not_synced_any_more() {
    for source in [Side::Left, Side::Right] {
        for old in [Old::SaysWhere, Old::LivesOn] {
            let mut scene = Scene::new(old, None, &[("P", "R")]);
            let before = scene.desks.of(source.other()).record(source.of("R", "P"));
            scene.promote(source, source.of("P", "R"));
            scene.deliver();
            let remains = scene.remains();
            let late = before.with_field("name", Value::text("Edited before it moved")).with_version(edited("2026-11-22T10:00:30Z"));
            scene.tell(source.other(), late);
            scene.deliver();
            expect_moved(&scene, source);
            assert_eq!(scene.remains(), remains, "nothing was made of it");
        }
    }
}

#[test]
fn a_record_that_is_linked_already_is_not_taken_from_its_pair() {
    for source in [Side::Left, Side::Right] {
        let others = source.of("R2", "P2");
        let mut scene = Scene::new(Old::SaysWhere, Some(others), &[("P", "R"), ("P2", "R2")]);
        let links = scene.world.links("people");
        scene.promote(source, source.of("P", "R"));
        scene.deliver();
        assert_eq!(scene.world.links("people"), links);
        let holds = scene.world.holds();
        assert!(holds.iter().any(|(side, id, says)| *side == source && id == source.of("P", "R") && says.contains(others)), "{holds:?}");
    }
}

#[test]
fn a_move_that_is_cut_anywhere_ends_as_if_it_had_not_been() {
    for source in [Side::Left, Side::Right] {
        for old in [Old::SaysWhere, Old::LivesOn] {
            for cut in [Cut::Before, Cut::After] {
                let mut effect = 0;
                loop {
                    let mut scene = Scene::new(old, None, &[("P", "R")]);
                    scene.promote(source, source.of("P", "R"));
                    scene.world.fuse.arm(effect, cut);
                    scene.deliver();
                    if !scene.world.fuse.has_blown() {
                        break;
                    }
                    expect_moved(&scene, source);
                    effect += 1;
                }
                assert!(effect >= 4, "only {effect} effects were cut");
            }
        }
    }
}
