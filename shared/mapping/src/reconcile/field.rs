//! One field: who changed it, which way it goes, and the raw values to write.

use syncline_model::mutant::{Mutant, planted};
use syncline_model::{FieldName, MappingName, RecordId, Side, Value};

use super::{Known, Occasion, Sight, raw_of, sets, writes};
use crate::base::{FieldBase, Mark, Marker};
use crate::lens::{FieldProblem, Lens, RefState};
use crate::plan::{Decision, LossRecord, OwnerNotFound};
use crate::spec::{Conflict, Drift, FieldMapping, Flow, Pair, WritePolicy};

/// Why a field cannot be decided as it stands.
pub(super) enum Stop {
    Problem(FieldProblem),
    Wait {
        parent: MappingName,
        side: Side,
        id: RecordId,
    },
    Look(Side),
    /// The reference follows, to this side, when the record that it names is linked.
    Later(Side),
}

impl From<FieldProblem> for Stop {
    fn from(problem: FieldProblem) -> Self {
        Self::Problem(problem)
    }
}

/// A field's proposal: its decision, the raw values to write, what a user loses by it, and the marks of what was seen.
pub(super) struct Proposal {
    pub(super) decision: Decision,
    /// By the side that is written to.
    pub(super) values: Pair<Vec<(FieldName, Value)>>,
    pub(super) owner_not_found: Option<OwnerNotFound>,
    pub(super) loss: Option<LossRecord>,
    pub(super) seen: Pair<Option<Mark>>,
}

impl Proposal {
    pub(super) fn of(decision: Decision) -> Self {
        Self { decision, values: Pair::default(), owner_not_found: None, loss: None, seen: Pair::default() }
    }

    fn about(decision: Decision, owner_not_found: Option<OwnerNotFound>) -> Self {
        Self { owner_not_found, ..Self::of(decision) }
    }
}

/// Decides one field of two live records.
pub(super) fn decide(known: &Known<'_>, field: &FieldMapping) -> Result<Proposal, Stop> {
    let seen = |side: Side| match known.sight.of(side) {
        Sight::Seen(record) => Some(*record),
        Sight::Unchanged | Sight::Unread | Sight::Gone | Sight::Nothing => None,
    };
    let raw = |side: Side| seen(side).and_then(|record| raw_of(field, side, record));
    let marks = known.base.and_then(|base| base.0.get(&field.name));
    let absent = marks.and_then(|marks| marks.absent);
    let case =
        Case { known, field, marks: marks.filter(|marks| marks.absent.is_none()), raw: Pair::new(raw(Side::Left), raw(Side::Right)) };
    // A side that was read without this field: its record does not have it, or the vendor hides it, or dropped it. Its mapping rests, and nothing else.
    for side in [Side::Left, Side::Right] {
        if case.raw.of(side).is_none() && (seen(side).is_some() || absent == Some(side)) {
            return Ok(Proposal::of(Decision::Agree));
        }
    }
    let alone = case.is_left_alone()?;
    if case.marks.is_none() && !alone {
        return case.first_link();
    }
    let seen = marks_of(known.marker, field, Pair::new(case.raw.left.as_deref(), case.raw.right.as_deref()));
    let seen = Pair::new(seen.left.transpose()?, seen.right.transpose()?);
    let Some(marks) = case.marks.filter(|_| !alone) else { return Ok(Proposal { seen, ..Proposal::of(Decision::LeftAlone) }) };
    let changed = |side: Side| seen.of(side).as_ref().is_some_and(|now| !known.marker.is_same(&field.name, marks.of(side), now));
    let proposal = match (changed(Side::Left), changed(Side::Right)) {
        (false, false) => match marks.owner_not_found {
            Some(side) => case.look_for_owner(side)?,
            None => Proposal::of(Decision::Agree),
        },
        (true, false) => case.one_changed(Side::Left)?,
        (false, true) => case.one_changed(Side::Right)?,
        (true, true) => match case.same_across()?.filter(|_| !case.is_to_the_letter()) {
            Some(same) => same,
            None => case.both_differ()?,
        },
    };
    Ok(Proposal { seen, ..proposal })
}

/// The marks of raw values, of each side that has some. What both sides write alike and keep alike has one mark, made once: phone numbers and
/// keyed hashes are most of a decision's work.
pub(super) fn marks_of(marker: &Marker, field: &FieldMapping, raw: Pair<Option<&[Value]>>) -> Pair<Option<Result<Mark, FieldProblem>>> {
    let mark =
        |side: Side, raw: &[Value]| field.lens.of(side).canonical(&field.equality, raw).map(|normal| marker.mark(&field.name, &normal));
    let left = raw.left.map(|raw| mark(Side::Left, raw));
    let alike = matches!((&field.lens.left, &field.lens.right), (Lens::Field(_), Lens::Field(_))) && raw.left == raw.right;
    let right = if alike { left.clone() } else { raw.right.map(|raw| mark(Side::Right, raw)) };
    Pair::new(left, right)
}

/// A side's value in the terms of the other side.
pub(super) struct Carried {
    pub(super) view: Value,
    /// The view is the fallback user, or nothing: the other side does not know this owner.
    pub(super) owner_not_found: Option<OwnerNotFound>,
}

/// The view of a side's value, in the terms of the other side: a reference becomes the counterpart's id, an owner the user with the same email.
pub(super) fn carry(known: &Known<'_>, field: &FieldMapping, from: Side, raw: &[Value]) -> Result<Carried, Stop> {
    let view = field.lens.of(from).get(raw)?;
    let carried = |view: Value| Ok(Carried { view, owner_not_found: None });
    match (view, field.lens.of(from), field.lens.of(from).parent()) {
        (Value::Reference(id), _, Some(parent)) => match known.refs.state(parent, from, &id) {
            RefState::Linked(other) => carried(Value::Reference(other)),
            RefState::Never => carried(Value::Null),
            RefState::NotYet if planted(Mutant::ParentNotAwaited) => carried(Value::Null),
            RefState::NotYet => Err(Stop::Wait { parent: parent.clone(), side: from, id }),
            RefState::Later => Err(Stop::Later(from.other())),
        },
        (Value::Reference(id), Lens::Owner { .. }, None) => {
            if let Some(other) = known.refs.user(from, &id) {
                return carried(Value::Reference(other.clone()));
            }
            let fallback = field.lens.of(from.other()).fallback().and_then(|name| known.refs.named_user(from.other(), name));
            let view = fallback.map_or(Value::Null, |user| Value::Reference(user.clone()));
            Ok(Carried { view, owner_not_found: Some(OwnerNotFound { side: from, user: id }) })
        }
        (view, _, _) => carried(view),
    }
}

/// What a record that is made over there gets.
pub(super) struct Anew {
    pub(super) values: Vec<Value>,
    pub(super) owner_not_found: Option<OwnerNotFound>,
}

/// What one field of a record that is made over there gets; `None`: the field is left alone.
pub(super) fn carried_anew(known: &Known<'_>, field: &FieldMapping, from: Side, raw: &[Value]) -> Result<Option<Anew>, Stop> {
    let (own, other) = (field.lens.of(from), field.lens.of(from.other()));
    if own.leaves(raw)? {
        return Ok(None);
    }
    let Carried { view, owner_not_found } = carry(known, field, from, raw)?;
    if other.takes(&view) { Ok(Some(Anew { values: other.put(&view, None)?, owner_not_found })) } else { Ok(None) }
}

/// One field and all that its decision depends on.
struct Case<'a> {
    known: &'a Known<'a>,
    field: &'a FieldMapping,
    /// `None`: for this field the link is a first link.
    marks: Option<&'a FieldBase>,
    /// `None`: the side was not read.
    raw: Pair<Option<Vec<Value>>>,
}

impl Case<'_> {
    fn is_empty(&self, side: Side) -> Result<bool, Stop> {
        let raw = self.raw.of(side).as_deref().unwrap_or_default();
        Ok(self.field.lens.of(side).canonical(&self.field.equality, raw)?.is_null())
    }

    /// Whether a side shows a value that is not synced: one that its own table leaves alone, or the other's.
    fn is_left_alone(&self) -> Result<bool, Stop> {
        for side in [Side::Left, Side::Right] {
            let (own, other) = (self.field.lens.of(side), self.field.lens.of(side.other()));
            if let Some(raw) = self.raw.of(side)
                && (own.leaves(raw)? || (other.leaves_others() && !other.takes(&own.get(raw)?)))
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The side that a one-way field writes.
    fn one_way_target(&self) -> Option<Side> {
        match self.field.flow {
            Flow::Both => None,
            Flow::ToLeft => Some(Side::Left),
            Flow::ToRight => Some(Side::Right),
        }
    }

    /// Whether the target shall show the first value that a table has for a view, and no other of the same view: both ways a table keeps what
    /// its side means beyond the view; one way there is only the source's word.
    fn is_to_the_letter(&self) -> bool {
        self.one_way_target().is_some_and(|target| matches!(self.field.lens.of(target), Lens::Mapped { .. }))
    }

    /// What a first link leaves as it is, whatever differs.
    fn rests_at_first(&self) -> Option<Decision> {
        match (self.known.occasion, self.one_way_target(), self.field.drift) {
            (Occasion::Listed, _, _) => Some(Decision::LeftAlone),
            // The source has not changed yet: its value is not written over what the target shows.
            (Occasion::Joined, Some(target), Drift::Leave) => Some(Decision::Drifted(target)),
            (Occasion::Edited(side), Some(target), Drift::Leave) if side == target => Some(Decision::Drifted(target)),
            (Occasion::Joined | Occasion::Edited(_) | Occasion::BothEdited, _, Drift::Leave | Drift::Overwrite) => None,
        }
    }

    fn one_changed(&self, side: Side) -> Result<Proposal, Stop> {
        if planted(Mutant::ConflictPerRecord) && side != self.known.rules.master && self.is_edited(side.other()) {
            return self.overwrite(side);
        }
        if self.field.flow.reaches(side.other()) {
            return self.propose(side.other(), Decision::Write(side.other()));
        }
        match self.field.drift {
            Drift::Leave => Ok(Proposal::of(Decision::Drifted(side))),
            Drift::Overwrite => self.overwrite(side),
        }
    }

    /// Whether a side's record differs from the base anywhere. No field's decision depends on it: see `Mutant::ConflictPerRecord`.
    fn is_edited(&self, side: Side) -> bool {
        let Known { mapping, marker, base: Some(base), .. } = self.known else { return false };
        matches!(self.known.sight.of(side), Sight::Seen(record) if super::has_changed(mapping, marker, base, side, record))
    }

    fn first_link(&self) -> Result<Proposal, Stop> {
        for side in [Side::Left, Side::Right] {
            if self.raw.of(side).is_none() {
                return Err(Stop::Look(side));
            }
        }
        if let Some(same) = self.same_across()? {
            return Ok(same);
        }
        let rests = self.rests_at_first();
        if self.known.occasion == Occasion::Listed
            && let Some(decision) = rests
        {
            return Ok(Proposal::of(decision));
        }
        for side in [Side::Left, Side::Right] {
            if self.is_empty(side)? && !planted(Mutant::FirstLinkClears) {
                // An empty side is filled; it never empties the other.
                return if self.field.flow.reaches(side) {
                    self.propose(side, Decision::Write(side))
                } else {
                    Ok(Proposal::of(Decision::Kept(side.other())))
                };
            }
        }
        match rests {
            Some(decision) => Ok(Proposal::of(decision)),
            None => self.both_differ(),
        }
    }

    fn both_differ(&self) -> Result<Proposal, Stop> {
        if let Some(merged) = self.merge_sets()? {
            return Ok(merged);
        }
        match self.winner()? {
            Some(winner) => self.overwrite(winner.other()),
            None => Ok(Proposal::of(Decision::Held)),
        }
    }

    /// Proposes to overwrite what a user wrote on this side, which then is a loss.
    fn overwrite(&self, loser: Side) -> Result<Proposal, Stop> {
        let mut proposal = self.propose(loser, Decision::Won(loser.other()))?;
        if writes(proposal.decision, loser) {
            let field = self.field.name.clone();
            proposal.loss = self.raw.of(loser).clone().map(|raw| LossRecord { field, side: loser, raw });
        }
        Ok(proposal)
    }

    fn winner(&self) -> Result<Option<Side>, Stop> {
        match self.field.flow {
            Flow::ToLeft => return Ok(Some(Side::Right)),
            Flow::ToRight => return Ok(Some(Side::Left)),
            Flow::Both => {}
        }
        let master = self.known.rules.master;
        let master = if planted(Mutant::MasterInverted) { master.other() } else { master };
        Ok(match self.field.conflict {
            Conflict::Master => Some(master),
            Conflict::Hold => None,
            Conflict::Latest => {
                let version = |side: Side| match self.known.sight.of(side) {
                    Sight::Seen(record) => record.version,
                    Sight::Unchanged | Sight::Unread | Sight::Gone | Sight::Nothing => None,
                };
                match (version(Side::Left), version(Side::Right)) {
                    (Some(left), Some(right)) if left > right => Some(Side::Left),
                    (Some(left), Some(right)) if right > left => Some(Side::Right),
                    (_, _) => Some(master),
                }
            }
            Conflict::OptOutWins => {
                let opted_out = |side: Side| -> Result<bool, Stop> {
                    let raw = self.raw.of(side).as_deref().unwrap_or_default();
                    Ok(self.field.lens.of(side).get(raw)? == Value::Bool(true))
                };
                let planted = planted(Mutant::OptOutLoses);
                match (opted_out(Side::Left)? != planted, opted_out(Side::Right)? != planted) {
                    (true, false) => Some(Side::Left),
                    (false, true) => Some(Side::Right),
                    (_, _) => Some(master),
                }
            }
        })
    }

    /// Works out the write to `target`, unless the target shows the value already or its write policy keeps what it has.
    fn propose(&self, target: Side, decision: Decision) -> Result<Proposal, Stop> {
        let (known, field) = (self.known, self.field);
        let source = target.other();
        let Some(source_raw) = self.raw.of(source) else { return Err(Stop::Look(source)) };
        let current = self.raw.of(target).as_deref();
        let lens = field.lens.of(target);
        if current.is_none() && (lens.needs_current() || field.lens.of(source).leaves_others()) {
            return Err(Stop::Look(target));
        }
        if known.leave_out.contains(&field.name) {
            return Ok(Proposal::of(Decision::Kept(target)));
        }
        let Carried { view, owner_not_found } = carry(known, field, source, source_raw)?;
        let kept = Ok(Proposal::about(Decision::Kept(target), owner_not_found.clone()));
        let to_the_letter = self.is_to_the_letter();
        if let Some(values) = current
            && !to_the_letter
            && field.equality.same(&lens.get(values)?, &view)
        {
            return Ok(Proposal::about(Decision::Agree, owner_not_found));
        }
        // Whom the target does not know takes nobody's place at a first link, and leaves no record without an owner.
        if owner_not_found.is_some() && (view.is_null() || self.marks.is_none() && !self.is_empty(target)?) {
            return kept;
        }
        // A first link never clears, also where the source's value is nothing over there (a reference that has no counterpart).
        if self.marks.is_none() && field.equality.normal(&view).is_null() && !planted(Mutant::FirstLinkClears) {
            return kept;
        }
        match field.write.of(target) {
            WritePolicy::Always | WritePolicy::UnlessTaken if field.equality.normal(&view).is_null() && planted(Mutant::ClearsKept) => {
                return kept;
            }
            WritePolicy::Always | WritePolicy::UnlessTaken => {}
            WritePolicy::FillEmpty => {
                // A side that is as the base remembers is empty if the base remembers it so.
                let target_empty = match (current, self.marks) {
                    (Some(_), _) => self.is_empty(target)?,
                    (None, Some(marks)) => *marks.of(target) == Mark::Empty,
                    (None, None) => false,
                };
                if !target_empty && !planted(Mutant::PolicyIgnored) {
                    return kept;
                }
            }
            WritePolicy::NeverClear => {
                if field.equality.normal(&view).is_null() {
                    return kept;
                }
            }
        }
        let values = lens.put(&view, current.filter(|_| !to_the_letter))?;
        // The nearest that this side can express is what it has.
        if current == Some(values.as_slice()) {
            return Ok(Proposal::about(Decision::Agree, owner_not_found));
        }
        let mut proposal = Proposal::about(decision, owner_not_found);
        *proposal.values.of_mut(target) = lens.fields().into_iter().cloned().zip(values).collect();
        Ok(proposal)
    }

    /// Nothing changed since somebody stood in for an owner whom the other side did not know: now it may know them.
    fn look_for_owner(&self, side: Side) -> Result<Proposal, Stop> {
        let Some(raw) = self.raw.of(side) else { return Ok(Proposal::of(Decision::Agree)) };
        let carried = carry(self.known, self.field, side, raw)?;
        if carried.owner_not_found.is_some() || !self.field.flow.reaches(side.other()) {
            return Ok(Proposal::about(Decision::Agree, carried.owner_not_found));
        }
        self.propose(side.other(), Decision::Write(side.other()))
    }

    /// Both sides changed a set: each gets what the other added, and loses what the other removed. `None` where it is no set, where the config wants
    /// it decided as a whole, and where the base cannot tell what the sets had.
    fn merge_sets(&self) -> Result<Option<Proposal>, Stop> {
        let (known, field) = (self.known, self.field);
        let fills = |side: Side| *field.write.of(side) == WritePolicy::FillEmpty;
        let as_a_whole = field.whole_sets || field.flow != Flow::Both || fills(Side::Left) || fills(Side::Right);
        let (Some(left), Some(right)) = (&self.raw.left, &self.raw.right) else { return Ok(None) };
        if as_a_whole || known.leave_out.contains(&field.name) {
            return Ok(None);
        }
        let items = |side: Side, raw: &[Value]| Ok::<_, Stop>(sets::items(&field.equality, &field.lens.of(side).get(raw)?));
        let (Some(in_left), Some(in_right)) = (items(Side::Left, left)?, items(Side::Right, right)?) else { return Ok(None) };
        let mut proposal = Proposal::of(Decision::Agree);
        let mut written = Pair::new(false, false);
        for (side, raw, own, other) in [(Side::Left, left, &in_left, &in_right), (Side::Right, right, &in_right, &in_left)] {
            let had = |side: Side, item: &str| match self.marks {
                Some(marks) => known.marker.had(marks, side, &field.name, item),
                None => Some(false),
            };
            let (own_had, other_had) = (|item: &str| had(side, item), |item: &str| had(side.other(), item));
            let Some(merged) = sets::merged(own, other, own_had, other_had) else { return Ok(None) };
            let keeps = merged.is_empty() && *field.write.of(side) == WritePolicy::NeverClear;
            if merged.keys().eq(own.keys()) || keeps {
                continue;
            }
            let lens = field.lens.of(side);
            let values = lens.put(&Value::set(merged.into_values()), Some(raw))?;
            *written.of_mut(side) = values != *raw;
            *proposal.values.of_mut(side) = lens.fields().into_iter().cloned().zip(values).collect();
        }
        if written.left || written.right {
            proposal.decision = Decision::Merged { left: written.left, right: written.right };
        }
        Ok(Some(proposal))
    }

    /// That both sides show the same, in the terms of the right side; where the left side's user stands in for an owner, in its own. A reference whose
    /// record is not linked yet is not the same as any.
    fn same_across(&self) -> Result<Option<Proposal>, Stop> {
        let (Some(left), Some(right)) = (&self.raw.left, &self.raw.right) else { return Ok(None) };
        for (from, raw, other) in [(Side::Left, left, right), (Side::Right, right, left)] {
            if from == Side::Right && !matches!(self.field.lens.right, Lens::Owner { .. }) {
                break;
            }
            let shown = self.field.lens.of(from.other()).get(other)?;
            match carry(self.known, self.field, from, raw) {
                Ok(carried) if self.field.equality.same(&carried.view, &shown) => {
                    return Ok(Some(Proposal::about(Decision::Agree, carried.owner_not_found)));
                }
                Ok(_) | Err(Stop::Wait { .. } | Stop::Later(_)) => {}
                Err(stop) => return Err(stop),
            }
        }
        Ok(None)
    }
}
