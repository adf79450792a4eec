//! What to do about what the index found: the same for a backfill and for its preview.

use std::collections::BTreeSet;

use syncline_mapping::{
    Base, HoldReason, Known, ObjectMapping, Occasion, Pair, Plan, Refs, Sight, SkipReason, Verdict, Write, base_after, reconcile,
};
use syncline_model::{Record, Side};

use crate::{Engine, Sync};

/// Where a group of records belongs.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) engine: &'a Engine,
    pub(super) sync: &'a Sync,
    pub(super) mapping: &'a ObjectMapping,
}

/// The decision about a pair, or about a record that stands alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Decided {
    /// Both sides agree: the link with this base is all that is missing, and our link fields.
    Link(Base),
    /// Values must be written: by the worker that handles changes of `source`.
    Write {
        source: Side,
        plan: Plan,
    },
    /// The worker finds out what is missing (a parent that is not linked yet), and comes back to it.
    Ask {
        source: Side,
    },
    Skip {
        side: Side,
        reason: SkipReason,
    },
    Hold {
        side: Side,
        reason: HoldReason,
    },
}

/// Decides a pair, as a first link.
pub(super) fn pair(place: Place<'_>, left: &Record, right: &Record, refs: &Refs) -> Decided {
    let ids = Pair::new(Some(&left.id), Some(&right.id));
    let nothing = BTreeSet::new();
    let known = known(place, ids, Pair::new(Sight::Seen(left), Sight::Seen(right)), refs, &nothing);
    let plan = reconcile(&known);
    match plan.verdict.clone() {
        Verdict::Write | Verdict::NoChange => {
            let writes_values = |side: Side| plan.write(side).is_some_and(|write| values(place.mapping, side, write) > 0);
            match [Side::Right, Side::Left].into_iter().find(|side| writes_values(*side)) {
                Some(target) => Decided::Write { source: target.other(), plan },
                // Who stands in for an owner is listed, which is the worker's.
                None if plan.fields.iter().any(|outcome| outcome.owner_not_found.is_some()) => Decided::Ask { source: Side::Left },
                None if plan.held_fields.is_empty() => Decided::Link(base_after(&known, &plan, Pair::new(true, true), Pair::default())),
                None => Decided::Ask { source: Side::Left },
            }
        }
        Verdict::Skip(reason) => Decided::Skip { side: Side::Left, reason },
        Verdict::Hold(reason) => Decided::Hold { side: Side::Left, reason },
        Verdict::Wait { side, .. } | Verdict::Look(side) => Decided::Ask { source: side },
    }
}

/// Decides a record that has no counterpart.
pub(super) fn alone(place: Place<'_>, side: Side, record: &Record, refs: &Refs) -> Decided {
    let (ids, sight) = side.of(
        (Pair::new(Some(&record.id), None), Pair::new(Sight::Seen(record), Sight::Nothing)),
        (Pair::new(None, Some(&record.id)), Pair::new(Sight::Nothing, Sight::Seen(record))),
    );
    let nothing = BTreeSet::new();
    let plan = reconcile(&known(place, ids, sight, refs, &nothing));
    match plan.verdict.clone() {
        Verdict::Write => Decided::Write { source: side, plan },
        Verdict::Skip(reason) => Decided::Skip { side, reason },
        Verdict::Hold(reason) => Decided::Hold { side, reason },
        Verdict::NoChange | Verdict::Wait { .. } | Verdict::Look(_) => Decided::Ask { source: side },
    }
}

fn known<'a>(
    place: Place<'a>,
    ids: Pair<Option<&'a syncline_model::RecordId>>,
    sight: Pair<Sight<'a>>,
    refs: &'a Refs,
    leave_out: &'a BTreeSet<String>,
) -> Known<'a> {
    let Place { engine, sync, mapping } = place;
    Known { mapping, rules: sync.rules, marker: &engine.marker, base: None, ids, sight, refs, occasion: Occasion::Joined, leave_out }
}

/// How many fields a write sets, our link field aside.
pub(super) fn values(mapping: &ObjectMapping, side: Side, write: &Write) -> usize {
    match write {
        Write::Create { fields } | Write::Update { fields, .. } => {
            fields.keys().filter(|name| Some(*name) != mapping.link_field.of(side).as_ref()).count()
        }
        Write::Delete { .. } | Write::Restore { .. } => 0,
    }
}

/// Whether a record that was read lacks the counterpart's id in our link field.
pub(super) fn lacks_stamp(mapping: &ObjectMapping, side: Side, record: &Record, other: &syncline_model::RecordId) -> bool {
    let carried = mapping.link_field.of(side).as_ref().and_then(|field| record.fields.get(field));
    carried.is_some_and(|value| value.as_text().ok().flatten() != Some(other.as_str()))
}
