//! The decision for one record: a three-way merge, field by field, against what both sides last agreed on.
//!
//! Total and deterministic: every input has an answer, and the same input has the same. After its own plan has been carried out, the next
//! answer is `NoChange`.

use std::collections::BTreeSet;

use syncline_model::mutant::{Mutant, planted};
use syncline_model::{Record, RecordId, Side, Value};

use crate::base::{Base, Marker};
use crate::lens::Refs;
use crate::plan::{Decision, HoldReason, LinkChange, LossRecord, Plan, SkipReason, Verdict, Write};
use crate::spec::{DeletePolicy, FieldMapping, ObjectMapping, Pair, Rules};

mod after;
mod alike;
mod create;
mod field;
mod merge;
mod sets;

pub use after::{base_after, field_base};
pub use alike::is_made_from;
use create::create;
use merge::merge;

/// What is known of one side's record.
#[derive(Clone, Copy, Debug)]
pub enum Sight<'a> {
    /// Read, and live.
    Seen(&'a Record),
    /// Not read, but the vendor's change feed says that it is as the base remembers.
    Unchanged,
    /// Not read, and it may have changed.
    Unread,
    /// Deleted, and that has been confirmed.
    Gone,
    /// There is no counterpart.
    Nothing,
}

/// Why the two are looked at. It decides what a first link does with values that differ, and nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occasion {
    /// This side's record is known to have been edited, or somebody asks for it.
    Edited(Side),
    /// Both were edited since each was last looked at.
    BothEdited,
    /// All records of both sides are brought together: nobody is known to have edited either.
    Joined,
    /// A feed that cannot tell changes listed it for the first time, in a sync that takes nothing over: it is linked as it is.
    Listed,
}

/// Everything that the decision depends on.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    pub mapping: &'a ObjectMapping,
    pub rules: Rules,
    pub marker: &'a Marker,
    /// `None`: the two are not linked.
    pub base: Option<&'a Base>,
    /// The ids, where there is a record.
    pub ids: Pair<Option<&'a RecordId>>,
    pub sight: Pair<Sight<'a>>,
    pub refs: &'a Refs,
    pub occasion: Occasion,
    /// Names of mapped fields, and of the target's link field, that are not written this time, because the target has refused them before.
    pub leave_out: &'a BTreeSet<String>,
}

impl Known<'_> {
    /// The record's id: as told, or of the record that was read.
    fn id(&self, side: Side) -> Option<&RecordId> {
        match (self.ids.of(side), self.sight.of(side)) {
            (Some(id), _) => Some(id),
            (None, Sight::Seen(record)) => Some(&record.id),
            (None, Sight::Unchanged | Sight::Unread | Sight::Gone | Sight::Nothing) => None,
        }
    }
}

/// Decides what to do about one record.
pub fn reconcile(known: &Known<'_>) -> Plan {
    let (left, right) = (known.sight.left, known.sight.right);
    match (known.base.is_some(), left, right) {
        (true, Sight::Gone | Sight::Nothing, Sight::Gone | Sight::Nothing) => {
            Plan { link: LinkChange::Bury, ..Plan::ends(Verdict::NoChange) }
        }
        (true, Sight::Gone | Sight::Nothing, _) => deleted(known, Side::Left),
        (true, _, Sight::Gone | Sight::Nothing) => deleted(known, Side::Right),
        (false, Sight::Gone, _) | (false, _, Sight::Gone) => Plan::ends(Verdict::Skip(SkipReason::DeletedBeforeLink)),
        (false, Sight::Seen(record), Sight::Nothing) => create(known, Side::Left, record),
        (false, Sight::Nothing, Sight::Seen(record)) => create(known, Side::Right, record),
        (false, Sight::Nothing, Sight::Nothing) => Plan::ends(Verdict::NoChange),
        (_, Sight::Unread, _) => Plan::ends(Verdict::Look(Side::Left)),
        (_, _, Sight::Unread) => Plan::ends(Verdict::Look(Side::Right)),
        // Without a base there is nothing that a side could be unchanged from.
        (false, Sight::Unchanged, _) => Plan::ends(Verdict::Look(Side::Left)),
        (false, _, Sight::Unchanged) => Plan::ends(Verdict::Look(Side::Right)),
        (_, Sight::Seen(_) | Sight::Unchanged, Sight::Seen(_) | Sight::Unchanged) => merge(known),
    }
}

/// Whether a record differs from the base in a mapped field: what an echo does not.
pub fn has_changed(mapping: &ObjectMapping, marker: &Marker, base: &Base, side: Side, record: &Record) -> bool {
    mapping.fields.iter().any(|field| changed_raw(field, marker, base, side, record).is_some())
}

/// The field's raw values, if they differ from the base, or if that cannot be told.
fn changed_raw(field: &FieldMapping, marker: &Marker, base: &Base, side: Side, record: &Record) -> Option<Vec<Value>> {
    let raw = raw_of(field, side, record)?;
    let unchanged = base.0.get(&field.name).is_some_and(|marks| {
        let normal = field.lens.of(side).canonical(&field.equality, &raw);
        marks.absent != Some(side) && normal.is_ok_and(|normal| marker.is_mark_of(marks.of(side), &field.name, &normal))
    });
    (!unchanged).then_some(raw)
}

/// Whether a field decided so is written on that side.
fn writes(decision: Decision, side: Side) -> bool {
    match decision {
        Decision::Write(target) => target == side,
        Decision::Won(winner) => winner.other() == side,
        Decision::Merged { left, right } => side.of(left, right),
        Decision::Agree | Decision::Kept(_) | Decision::Drifted(_) | Decision::LeftAlone | Decision::Held | Decision::Awaits(_) => false,
    }
}

/// The raw values of a mapped field; `None` if a part of it was not read (hidden, or gone from the vendor's schema).
fn raw_of(field: &FieldMapping, side: Side, record: &Record) -> Option<Vec<Value>> {
    field.lens.of(side).fields().into_iter().map(|name| record.fields.get(name).cloned()).collect()
}

/// Whether all raw values of a mapped field were read.
fn shows(field: &FieldMapping, side: Side, record: &Record) -> bool {
    field.lens.of(side).fields().into_iter().all(|name| record.fields.contains_key(name))
}

fn deleted(known: &Known<'_>, gone: Side) -> Plan {
    let stays = gone.other();
    if *known.mapping.deletes.of(gone) == DeletePolicy::Ignore {
        return Plan { link: LinkChange::Sever { gone }, ..Plan::ends(Verdict::Skip(SkipReason::CounterpartDeleted { on: gone })) };
    }
    // What was edited there goes with the record: if the deletion wins, it must stand in the history.
    let losses: Vec<LossRecord> = match (known.sight.of(stays), known.base) {
        (Sight::Unread, _) => return Plan::ends(Verdict::Look(stays)),
        (Sight::Seen(record), Some(base)) => {
            let edited = |field: &FieldMapping| {
                let raw = changed_raw(field, known.marker, base, stays, record)?;
                Some(LossRecord { field: field.name.clone(), side: stays, raw })
            };
            known.mapping.fields.iter().filter_map(edited).collect()
        }
        (Sight::Seen(_) | Sight::Unchanged | Sight::Gone | Sight::Nothing, _) => Vec::new(),
    };
    if !losses.is_empty() && known.rules.master != gone && !planted(Mutant::DeleteBeatsEdit) {
        return Plan::ends(Verdict::Hold(HoldReason::DeletedAndEdited { deleted_on: gone }));
    }
    let Some(id) = known.id(stays) else {
        return Plan { link: LinkChange::Bury, ..Plan::ends(Verdict::NoChange) };
    };
    let write = Some(Write::Delete { id: id.clone() });
    let (left, right) = stays.of((write.clone(), None), (None, write));
    Plan { left, right, link: LinkChange::Bury, losses, ..Plan::ends(Verdict::Write) }
}
