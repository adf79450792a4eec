//! One decision, set up by hand, and its plan in words.

use std::collections::BTreeSet;

use syncline_mapping::{
    Base, Conflict, DeletePolicy, Drift, Equality, FieldMapping, Flow, Known, Lens, LinkChange, Marker, ObjectMapping, Occasion, Pair,
    Plan, Refs, Retain, Rules, Sight, Verdict, Write, WritePolicy, base_after, field_base, reconcile,
};
use syncline_model::{Record, RecordId, Side, Value, Version};

pub(crate) const SIDES: [Side; 2] = [Side::Left, Side::Right];

/// What is known of a side's record, with the record itself.
#[derive(Clone, Debug)]
pub(crate) enum Spot {
    Seen(Record),
    Unchanged,
    Unread,
    Gone,
    Nothing,
}

impl Spot {
    pub(crate) fn sight(&self) -> Sight<'_> {
        match self {
            Self::Seen(record) => Sight::Seen(record),
            Self::Unchanged => Sight::Unchanged,
            Self::Unread => Sight::Unread,
            Self::Gone => Sight::Gone,
            Self::Nothing => Sight::Nothing,
        }
    }
}

/// Everything that one decision depends on.
#[derive(Clone, Debug)]
pub(crate) struct Scene {
    pub(crate) mapping: ObjectMapping,
    pub(crate) master: Side,
    pub(crate) marker: Marker,
    pub(crate) base: Option<Base>,
    pub(crate) ids: Pair<RecordId>,
    pub(crate) spots: Pair<Spot>,
    pub(crate) refs: Refs,
    pub(crate) leave_out: BTreeSet<String>,
    pub(crate) occasion: Occasion,
}

impl Scene {
    pub(crate) fn new(mapping: ObjectMapping, left: Spot, right: Spot) -> Self {
        Self {
            mapping,
            master: Side::Left,
            marker: marker(Retain::Fingerprints),
            base: None,
            ids: Pair::new("l1".into(), "r1".into()),
            spots: Pair::new(left, right),
            refs: Refs::default(),
            leave_out: BTreeSet::new(),
            occasion: Occasion::Edited(Side::Left),
        }
    }

    /// Linked, with the base that these two records give.
    pub(crate) fn linked(mut self, left: &Record, right: &Record) -> Self {
        self.base = Some(base_of(&self.mapping, &self.marker, left, right));
        self
    }

    pub(crate) fn with<T>(&self, ask: impl FnOnce(&Known<'_>) -> T) -> T {
        let id = |side: Side| match self.spots.of(side) {
            Spot::Nothing => None,
            Spot::Seen(_) | Spot::Unchanged | Spot::Unread | Spot::Gone => Some(self.ids.of(side)),
        };
        ask(&Known {
            mapping: &self.mapping,
            rules: Rules { master: self.master },
            marker: &self.marker,
            base: self.base.as_ref(),
            ids: Pair::new(id(Side::Left), id(Side::Right)),
            sight: Pair::new(self.spots.left.sight(), self.spots.right.sight()),
            refs: &self.refs,
            leave_out: &self.leave_out,
            occasion: self.occasion,
        })
    }

    pub(crate) fn plan(&self) -> Plan {
        self.with(reconcile)
    }

    pub(crate) fn base_after(&self, plan: &Plan, made: (bool, bool), stored: (Option<&Record>, Option<&Record>)) -> Base {
        self.with(|known| base_after(known, plan, Pair::new(made.0, made.1), Pair::new(stored.0, stored.1)))
    }

    pub(crate) fn said(&self) -> String {
        said(&self.plan())
    }
}

pub(crate) fn marker(retain: Retain) -> Marker {
    Marker::new([7; 32], retain)
}

/// The base of two records that are taken as agreed; a field that either does not show has none.
pub(crate) fn base_of(mapping: &ObjectMapping, marker: &Marker, left: &Record, right: &Record) -> Base {
    let mut base = Base::default();
    for field in &mapping.fields {
        let raw = |side: Side| raw(field, side, side.of(left, right));
        if let (Some(left), Some(right)) = (raw(Side::Left), raw(Side::Right))
            && let Ok(marks) = field_base(marker, field, &left, &right)
        {
            base.0.insert(field.name.clone(), marks);
        }
    }
    base
}

pub(crate) fn raw(field: &FieldMapping, side: Side, record: &Record) -> Option<Vec<Value>> {
    field.lens.of(side).fields().into_iter().map(|name| record.fields.get(name).cloned()).collect()
}

/// A two-way field with every policy at its mildest.
pub(crate) fn two_way(name: &str, left: Lens, right: Lens) -> FieldMapping {
    FieldMapping {
        name: name.to_owned(),
        lens: Pair::new(left, right),
        flow: Flow::Both,
        equality: Equality::Exact,
        conflict: Conflict::Master,
        whole_sets: false,
        write: Pair::new(WritePolicy::Always, WritePolicy::Always),
        drift: Drift::Overwrite,
    }
}

pub(crate) fn mapping(fields: Vec<FieldMapping>) -> ObjectMapping {
    ObjectMapping {
        name: "contacts".into(),
        kind: Pair::new("contact".into(), "Contact".into()),
        fields,
        match_keys: Vec::new(),
        link_field: Pair::default(),
        create: Pair::new(true, true),
        deletes: Pair::new(DeletePolicy::Ignore, DeletePolicy::Ignore),
        need_one_of: Pair::default(),
        required: Pair::default(),
    }
}

/// The side's record with these fields; an empty text is an empty field.
pub(crate) fn record(side: Side, fields: &[(&str, &str)]) -> Record {
    let blank = Record::new(side.of("contact", "Contact").into(), side.of("l1", "r1").into());
    fields.iter().fold(blank, |record, (name, text)| record.with_field(*name, Value::text(*text)))
}

pub(crate) fn at(record: Record, second: i64) -> Record {
    record.with_version(Version(syncline_model::Timestamp::from_second(second).unwrap()))
}

/// A plan in words, for tables of cases.
pub(crate) fn said(plan: &Plan) -> String {
    let mut words = Vec::new();
    match &plan.verdict {
        Verdict::Write => {}
        Verdict::NoChange => words.push("no change".to_owned()),
        Verdict::Skip(reason) => words.push(format!("skip {reason:?}")),
        Verdict::Hold(reason) => words.push(format!("hold {reason:?}")),
        Verdict::Wait { parent, side, id } => words.push(format!("wait for {parent} {side} {id}")),
        Verdict::Look(side) => words.push(format!("look {side}")),
    }
    for side in SIDES {
        match plan.write(side) {
            None => {}
            Some(Write::Create { fields }) => words.push(format!("create {side} {}", plain(fields))),
            Some(Write::Update { id, fields }) => words.push(format!("update {id} {}", plain(fields))),
            Some(Write::Delete { id }) => words.push(format!("delete {id}")),
            Some(Write::Restore { id }) => words.push(format!("restore {id}")),
        }
    }
    for loss in &plan.losses {
        let raw: Vec<String> = loss.raw.iter().map(|value| value.to_plain().to_string()).collect();
        words.push(format!("loses {} {} {}", loss.side, loss.field, raw.join(" ")));
    }
    if !plan.held_fields.is_empty() && plan.verdict == Verdict::Write {
        words.push(format!("holds {}", plan.held_fields.join(" ")));
    }
    match plan.link {
        LinkChange::Keep => {}
        LinkChange::Join => words.push("join".to_owned()),
        LinkChange::Sever { gone } => words.push(format!("sever {gone}")),
        LinkChange::Bury => words.push("bury".to_owned()),
    }
    words.join("; ")
}

fn plain(fields: &std::collections::BTreeMap<syncline_model::FieldName, Value>) -> String {
    fields.iter().map(|(name, value)| format!("{name}={}", value.to_plain())).collect::<Vec<_>>().join(" ")
}
