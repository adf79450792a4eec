//! Two tiny vendors in memory, and random worlds of few distinct values, so that collisions happen.

use proptest::prelude::*;
use syncline_mapping::{
    Conflict, Drift, Equality, FieldMapping, Flow, Lens, ObjectMapping, Others, Pair, Plan, RefState, Refs, Retain, ValueMap, Verdict,
    Write, WritePolicy,
};
use syncline_model::{Record, RecordId, Side, Value, Version};

use crate::scene::{SIDES, Scene, Spot, base_of, mapping, marker, raw, record, two_way};

/// How a vendor changes what it is given before it stores it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Quirks {
    pub(crate) trims: bool,
    pub(crate) lowers_emails: bool,
    pub(crate) formats_phones: bool,
}

impl Quirks {
    pub(crate) const NONE: Self = Self { trims: false, lowers_emails: false, formats_phones: false };

    fn store(self, name: &str, value: &Value) -> Value {
        let Value::Text(text) = value else { return value.clone() };
        let mut text = text.clone();
        if self.trims {
            text = text.trim().to_owned();
        }
        if self.lowers_emails && name.ends_with("mail") {
            text = text.to_lowercase();
        }
        if self.formats_phones && name.ends_with("hone") {
            text = text.replacen("+49 ", "0", 1).replace(' ', "-");
        }
        Value::text(text)
    }
}

/// Carries one side's write out and answers what the vendor stores then.
pub(crate) fn carry_out(write: &Write, before: Option<&Record>, side: Side, quirks: Quirks) -> Record {
    let (blank, fields) = match write {
        Write::Create { fields } => {
            let names = side.of(LEFT_NAMES, RIGHT_NAMES);
            (names.iter().fold(record(side, &[]), |record, name| record.with_field(*name, Value::Null)), fields)
        }
        Write::Update { fields, .. } => (before.unwrap().clone(), fields),
        Write::Delete { .. } | Write::Restore { .. } => panic!("no world here deletes"),
    };
    let version = before.and_then(|record| record.version).map_or(9, |version| version.0.as_second() + 9);
    let stored = fields.iter().fold(blank, |record, (name, value)| record.with_field(name.clone(), quirks.store(name.as_str(), value)));
    stored.with_version(Version(syncline_model::Timestamp::from_second(version).unwrap()))
}

const LEFT_NAMES: &[&str] = &["name", "title", "email", "phone", "tags", "status", "company_id", "opted_out"];
const RIGHT_NAMES: &[&str] = &["FirstName", "LastName", "Title", "Email", "Phone", "Tags__c", "Status", "AccountId", "OptedOut"];

/// What a world is drawn from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Draw {
    /// All flows and policies, or two-way, always, and no holds.
    pub(crate) any_policy: bool,
    /// References may point to records that never get a counterpart.
    pub(crate) never_refs: bool,
    pub(crate) hidden_fields: bool,
}

pub(crate) const WILD: Draw = Draw { any_policy: true, never_refs: true, hidden_fields: true };
pub(crate) const OPEN: Draw = Draw { any_policy: true, never_refs: true, hidden_fields: false };
pub(crate) const PLAIN: Draw = Draw { any_policy: false, never_refs: false, hidden_fields: false };

fn templates() -> Vec<FieldMapping> {
    let one = |name: &str| Lens::Field(name.into());
    let map = |pairs: &[(&str, &str)]| ValueMap {
        pairs: pairs.iter().map(|(raw, view)| ((*raw).to_owned(), (*view).to_owned())).collect(),
        others: Others::Refuse,
    };
    let refers = |field: &str| Lens::Reference { field: field.into(), parent: "companies".into() };
    let like = |mut field: FieldMapping, equality: Equality| {
        field.equality = equality;
        field
    };
    vec![
        like(two_way("name", one("name"), Lens::FullName { first: "FirstName".into(), last: "LastName".into() }), Equality::Words),
        two_way("title", one("title"), one("Title")),
        like(two_way("email", one("email"), one("Email")), Equality::CaseInsensitive),
        like(two_way("phone", one("phone"), one("Phone")), Equality::Phone { region: Some("DE".into()) }),
        two_way("tags", one("tags"), Lens::CommaText("Tags__c".into())),
        two_way(
            "status",
            Lens::Mapped { field: "status".into(), map: map(&[("offline", "away"), ("lunch", "away"), ("online", "here")]) },
            Lens::Mapped { field: "Status".into(), map: map(&[("Away", "away"), ("Online", "here"), ("Busy", "here")]) },
        ),
        two_way("company", refers("company_id"), refers("AccountId")),
        two_way("opted_out", one("opted_out"), one("OptedOut")),
    ]
}

/// References one and two are linked, number nine never will be.
pub(crate) fn refs() -> Refs {
    let mut refs = Refs::default();
    for (company, account) in [("c1", "a1"), ("c2", "a2")] {
        refs.insert("companies".into(), Side::Left, company.into(), RefState::Linked(account.into()));
        refs.insert("companies".into(), Side::Right, account.into(), RefState::Linked(company.into()));
    }
    refs.insert("companies".into(), Side::Left, "c9".into(), RefState::Never);
    refs.insert("companies".into(), Side::Right, "a9".into(), RefState::Never);
    refs
}

fn any_mapping(draw: Draw) -> impl Strategy<Value = ObjectMapping> {
    let writes = [WritePolicy::Always, WritePolicy::FillEmpty, WritePolicy::NeverClear, WritePolicy::UnlessTaken];
    let policies = (
        prop::sample::select(vec![Flow::Both, Flow::Both, Flow::ToLeft, Flow::ToRight]),
        prop::sample::select(vec![Conflict::Master, Conflict::Latest, Conflict::OptOutWins, Conflict::Hold]),
        prop::sample::select(writes.to_vec()),
        prop::sample::select(writes.to_vec()),
        prop::sample::select(vec![Drift::Overwrite, Drift::Leave]),
    );
    prop::collection::vec((any::<bool>(), policies), templates().len()).prop_map(move |drawn| {
        let fields = templates().into_iter().zip(drawn).filter(|(_, (kept, _))| *kept).map(|(mut field, (_, policy))| {
            let (flow, conflict, left, right, drift) = policy;
            field.conflict = conflict;
            if draw.any_policy {
                field.flow = flow;
                field.write = Pair::new(left, right);
                field.drift = drift;
            } else if field.conflict == Conflict::Hold {
                field.conflict = Conflict::Latest;
            }
            field
        });
        mapping(fields.collect())
    })
}

fn choices(name: &str, draw: Draw) -> Vec<Value> {
    let texts = |texts: &[&str]| texts.iter().map(|text| Value::text(*text)).collect();
    let ids = |ids: &[&str]| {
        let shown = if draw.never_refs { ids } else { &ids[..2] };
        std::iter::once(Value::Null).chain(shown.iter().map(|id| Value::Reference(RecordId::from(*id)))).collect()
    };
    match name {
        "name" => texts(&["", "Ida Kowalski", "Ida  Kowalski ", "Ada van der Berg", "Madonna"]),
        "FirstName" => texts(&["", "Ida", "Ada"]),
        "LastName" => texts(&["", "Kowalski", "van der Berg"]),
        "title" | "Title" => texts(&["", "A", "A ", "B", "  "]),
        "email" | "Email" => texts(&["", "a@x.example", "A@X.example", "b@x.example "]),
        "phone" | "Phone" => texts(&["", "+49 171 5550143", "0171 5550143", "+49 171 5550144", "?"]),
        "tags" => [&[][..], &["a"], &["a", "b"], &[" b", "c"]].map(|tags| Value::set(tags.iter().map(|tag| (*tag).to_owned()))).to_vec(),
        "Tags__c" => texts(&["", "a", "b, a", "c,b,c", " , "]),
        "status" => texts(&["", "offline", "lunch", "online"]),
        "Status" => texts(&["", "Away", "Online", "Busy"]),
        "company_id" => ids(&["c1", "c2", "c9"]),
        "AccountId" => ids(&["a1", "a2", "a9"]),
        _ => vec![Value::Null, Value::Bool(true), Value::Bool(false)],
    }
}

pub(crate) fn any_record(side: Side, draw: Draw) -> impl Strategy<Value = Record> {
    let names = side.of(LEFT_NAMES, RIGHT_NAMES);
    let values: Vec<_> = names.iter().map(|name| prop::sample::select(choices(name, draw))).collect();
    let hidden =
        if draw.hidden_fields { prop_oneof![4 => Just(None), 1 => (0..names.len()).prop_map(Some)].boxed() } else { Just(None).boxed() };
    (values, hidden, 1..5_i64).prop_map(move |(values, hidden, second)| {
        let seen = names.iter().zip(values).enumerate().filter(|(index, _)| Some(*index) != hidden);
        crate::scene::at(seen.fold(record(side, &[]), |record, (_, (name, value))| record.with_field(*name, value)), second)
    })
}

fn any_quirks() -> impl Strategy<Value = Quirks> {
    any::<(bool, bool, bool)>().prop_map(|(trims, lowers_emails, formats_phones)| Quirks { trims, lowers_emails, formats_phones })
}

/// Two vendors, and what is known of them.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) scene: Scene,
    pub(crate) now: Pair<Record>,
    pub(crate) quirks: Quirks,
}

/// What a failure shows: all the values here are made up.
impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let fields =
            |record: &Record| -> Vec<String> { record.fields.iter().map(|(name, value)| format!("{name}={}", value.to_plain())).collect() };
        writeln!(f, "master {}, {:?}, base {:?}", self.scene.master, self.quirks, self.scene.base)?;
        for field in &self.scene.mapping.fields {
            writeln!(f, "{} {:?} {:?} {:?} {:?}", field.name, field.flow, field.conflict, field.write, field.drift)?;
        }
        for side in SIDES {
            let seen = matches!(self.scene.spots.of(side), Spot::Seen(_));
            writeln!(f, "{side} seen {seen} {:?} {:?}", self.now.of(side).version, fields(self.now.of(side)))?;
        }
        Ok(())
    }
}

impl World {
    /// Plans, reading what the plan asks for first.
    pub(crate) fn plan(&mut self) -> Plan {
        for _ in SIDES {
            match self.scene.plan().verdict {
                Verdict::Look(side) => self.see(side),
                Verdict::Write | Verdict::NoChange | Verdict::Skip(_) | Verdict::Hold(_) | Verdict::Wait { .. } => {}
            }
        }
        self.scene.plan()
    }

    pub(crate) fn see(&mut self, side: Side) {
        *self.scene.spots.of_mut(side) = Spot::Seen(self.now.of(side).clone());
    }

    pub(crate) fn see_both(&mut self) {
        for side in SIDES {
            self.see(side);
        }
    }

    /// Carries the plan out as far as `made` says, stores the base, and reads both sides again.
    pub(crate) fn carry_out(&mut self, plan: &Plan, made: (bool, bool)) {
        let answer = |side: Side| {
            let write = plan.write(side).filter(|_| side.of(made.0, made.1))?;
            Some(carry_out(write, Some(self.now.of(side)), side, self.quirks))
        };
        let stored = Pair::new(answer(Side::Left), answer(Side::Right));
        self.scene.base = Some(self.scene.base_after(plan, made, (stored.left.as_ref(), stored.right.as_ref())));
        for (side, stored) in [(Side::Left, stored.left), (Side::Right, stored.right)] {
            if let Some(stored) = stored {
                *self.now.of_mut(side) = stored;
            }
        }
        self.see_both();
    }

    /// What this side's value is over on the other: by the field's lens and, for references, the links.
    pub(crate) fn view(&self, field: &FieldMapping, side: Side, record: &Record) -> Option<Value> {
        let view = field.lens.of(side).get(&raw(field, side, record)?).unwrap();
        Some(field.equality.normal(&match (&view, side) {
            // One name for both ends of a link: the right one.
            (Value::Reference(id), Side::Left) => match self.scene.refs.state(&"companies".into(), side, id) {
                RefState::Linked(other) => Value::Reference(other),
                RefState::NotYet | RefState::Never | RefState::Later => Value::Null,
            },
            (_, _) => view,
        }))
    }
}

/// Two records that were never linked.
pub(crate) fn any_strangers(draw: Draw) -> impl Strategy<Value = World> {
    (any_mapping(draw), any_record(Side::Left, draw), any_record(Side::Right, draw), any::<bool>(), any_quirks()).prop_map(
        |(mapping, left, right, left_is_master, quirks)| {
            let mut scene = Scene::new(mapping, Spot::Seen(left.clone()), Spot::Seen(right.clone()));
            scene.master = if left_is_master { Side::Left } else { Side::Right };
            scene.refs = refs();
            World { scene, now: Pair::new(left, right), quirks }
        },
    )
}

/// Two records with a base of which some fields may be missing, edited since on any side; a side that was not edited may go unread.
pub(crate) fn any_linked(draw: Draw) -> impl Strategy<Value = World> {
    let olds = (any_record(Side::Left, draw), any_record(Side::Right, draw));
    let drawn = (any_strangers(draw), olds, any::<(bool, bool, bool, bool)>(), prop::collection::vec(any::<bool>(), 2), any::<bool>());
    drawn.prop_map(|(mut world, old, (left_edited, right_edited, left_unread, right_unread), lost, values)| {
        if values {
            world.scene.marker = marker(Retain::Values);
        }
        let mut base = base_of(&world.scene.mapping, &world.scene.marker, &old.0, &old.1);
        for (field, lost) in world.scene.mapping.fields.iter().zip(lost) {
            if lost {
                base.0.remove(&field.name);
            }
        }
        world.scene.base = Some(base);
        for (side, old, edited, unread) in [(Side::Left, old.0, left_edited, left_unread), (Side::Right, old.1, right_edited, right_unread)]
        {
            if !edited {
                *world.now.of_mut(side) = old;
                world.see(side);
                if unread {
                    *world.scene.spots.of_mut(side) = Spot::Unchanged;
                }
            }
        }
        world
    })
}

/// Strangers that were then linked by a plan, carried out.
pub(crate) fn any_joined(draw: Draw) -> impl Strategy<Value = World> {
    any_strangers(draw).prop_map(|mut world| {
        let plan = world.plan();
        world.carry_out(&plan, (true, true));
        world
    })
}
