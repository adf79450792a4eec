//! The decision for one record: a three-way merge, field by field, against what both sides last agreed on.
//!
//! Total and deterministic: every input has an answer, and the same input has the same. After its own plan has been carried out, the next
//! answer is `NoChange`.

use std::collections::{BTreeMap, BTreeSet};

use syncline_model::{FieldName, MappingName, Record, RecordId, Side, Value};

use crate::base::{Base, FieldBase, Marker};
use crate::lens::{FieldProblem, RefState, Refs};
use crate::plan::{Decision, FieldOutcome, HoldReason, LinkChange, LossRecord, Plan, ProblemNote, SkipReason, Verdict, Write};
use crate::spec::{Conflict, DeletePolicy, Drift, FieldMapping, Flow, ObjectMapping, Pair, Rules, WritePolicy};

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
    /// Names of mapped fields that are not written this time, because the target has refused them before.
    pub leave_out: &'a BTreeSet<String>,
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
    mapping.fields.iter().any(|field| match (raw_of(field, side, record), base.0.get(&field.name)) {
        (None, _) => false,
        (Some(_), None) => true,
        (Some(raw), Some(marks)) => match field.lens.of(side).canonical(&field.equality, &raw) {
            Ok(normal) => !marker.is_mark_of(marks.of(side), &field.name, &normal),
            Err(_) => true,
        },
    })
}

/// The base once a plan's writes were made: each side's mark is of what that side stores. Fields whose write was not made keep their old
/// base, so that they are decided again.
pub fn base_after(known: &Known<'_>, plan: &Plan, made: Pair<bool>, stored: Pair<Option<&Record>>) -> Base {
    let old = known.base;
    let mut base = Base::default();
    for (field, outcome) in known.mapping.fields.iter().zip(&plan.fields) {
        let before = old.and_then(|old| old.0.get(&field.name));
        let target = written_side(outcome.decision);
        let settled = target.is_none_or(|side| *made.of(side)) && outcome.decision != Decision::Held;
        let marks = if settled { marks_after(known, plan, field, target, stored, before) } else { before.cloned() };
        if let Some(marks) = marks {
            base.0.insert(field.name.clone(), marks);
        }
    }
    base
}

fn marks_after(
    known: &Known<'_>,
    plan: &Plan,
    field: &FieldMapping,
    target: Option<Side>,
    stored: Pair<Option<&Record>>,
    before: Option<&FieldBase>,
) -> Option<FieldBase> {
    let mark = |side: Side| {
        let lens = field.lens.of(side);
        let told = stored.of(side).and_then(|record| raw_of(field, side, record));
        let raw = match (target == Some(side), known.sight.of(side)) {
            // What the vendor says that it stores; where it did not say, what was sent.
            (true, sight) => told.or_else(|| sent(plan.write(side), field, side, *sight)),
            (false, Sight::Seen(record)) => raw_of(field, side, record),
            // A record that was just made: its vendor's answer, where it told.
            (false, Sight::Nothing) => told.or_else(|| sent(plan.write(side), field, side, Sight::Nothing)),
            (false, Sight::Unchanged | Sight::Unread | Sight::Gone) => None,
        };
        match raw {
            Some(raw) => lens.canonical(&field.equality, &raw).ok().map(|normal| known.marker.mark(&field.name, &normal)),
            None => before.map(|marks| marks.of(side).clone()),
        }
    };
    Some(FieldBase { left: mark(Side::Left)?, right: mark(Side::Right)? })
}

/// The raw values that a write leaves in a field's parts: those it names, and for the rest what stood there.
fn sent(write: Option<&Write>, field: &FieldMapping, side: Side, sight: Sight<'_>) -> Option<Vec<Value>> {
    let (fields, created) = match write {
        Some(Write::Create { fields }) => (fields, true),
        Some(Write::Update { fields, .. }) => (fields, false),
        Some(Write::Delete { .. } | Write::Restore { .. }) | None => return None,
    };
    let current = |name: &FieldName| match sight {
        Sight::Seen(record) => record.fields.get(name).cloned(),
        Sight::Unchanged | Sight::Unread | Sight::Gone | Sight::Nothing => None,
    };
    field
        .lens
        .of(side)
        .fields()
        .into_iter()
        .map(|name| fields.get(name).cloned().or_else(|| if created { Some(Value::Null) } else { current(name) }))
        .collect()
}

fn written_side(decision: Decision) -> Option<Side> {
    match decision {
        Decision::Write(side) => Some(side),
        Decision::Won(side) => Some(side.other()),
        Decision::Agree | Decision::Kept(_) | Decision::Drifted(_) | Decision::Held => None,
    }
}

/// The raw values of a mapped field; `None` if a part of it was not read (hidden, or gone from the vendor's schema).
fn raw_of(field: &FieldMapping, side: Side, record: &Record) -> Option<Vec<Value>> {
    field.lens.of(side).fields().into_iter().map(|name| record.fields.get(name).cloned()).collect()
}

/// Why a field cannot be decided as it stands.
enum Stop {
    Problem(FieldProblem),
    Wait { parent: MappingName, side: Side, id: RecordId },
    Look(Side),
}

impl From<FieldProblem> for Stop {
    fn from(problem: FieldProblem) -> Self {
        Self::Problem(problem)
    }
}

fn deleted(known: &Known<'_>, gone: Side) -> Plan {
    let stays = gone.other();
    if *known.mapping.deletes.of(gone) == DeletePolicy::Ignore {
        return Plan { link: LinkChange::Sever { gone }, ..Plan::ends(Verdict::Skip(SkipReason::CounterpartDeleted { on: gone })) };
    }
    let edited = match (known.sight.of(stays), known.base) {
        (Sight::Unread, _) => return Plan::ends(Verdict::Look(stays)),
        (Sight::Seen(record), Some(base)) => has_changed(known.mapping, known.marker, base, stays, record),
        (Sight::Seen(_) | Sight::Unchanged | Sight::Gone | Sight::Nothing, _) => false,
    };
    if edited && known.rules.master != gone {
        return Plan::ends(Verdict::Hold(HoldReason::DeletedAndEdited { deleted_on: gone }));
    }
    let Some(id) = known.ids.of(stays) else {
        return Plan { link: LinkChange::Bury, ..Plan::ends(Verdict::NoChange) };
    };
    let write = Some(Write::Delete { id: (*id).clone() });
    let (left, right) = stays.of((write.clone(), None), (None, write));
    Plan { left, right, link: LinkChange::Bury, ..Plan::ends(Verdict::Write) }
}

fn create(known: &Known<'_>, from: Side, record: &Record) -> Plan {
    let to = from.other();
    let mapping = known.mapping;
    if !mapping.create.of(to) {
        return Plan::ends(Verdict::Skip(SkipReason::NotCreatedThere));
    }
    let mut fields = BTreeMap::new();
    let mut outcomes = Vec::new();
    let mut problems = Vec::new();
    for field in &mapping.fields {
        let mut decision = Decision::Kept(to);
        if field.flow.reaches(to)
            && !known.leave_out.contains(&field.name)
            && let Some(raw) = raw_of(field, from, record)
        {
            match carry(known, field, from, &raw).and_then(|view| Ok(field.lens.of(to).put(&view, None)?)) {
                Ok(values) => {
                    decision = Decision::Write(to);
                    for (name, value) in field.lens.of(to).fields().into_iter().zip(values) {
                        if !value.is_null() {
                            fields.insert(name.clone(), value);
                        }
                    }
                }
                Err(Stop::Problem(problem)) => problems.push(ProblemNote::from(problem)),
                Err(Stop::Wait { parent, side, id }) => return Plan::ends(Verdict::Wait { parent, side, id }),
                Err(Stop::Look(side)) => return Plan::ends(Verdict::Look(side)),
            }
        }
        outcomes.push(FieldOutcome { field: field.name.clone(), decision });
    }
    if !problems.is_empty() {
        return Plan::ends(Verdict::Hold(HoldReason::DoesNotFit { problems }));
    }
    let needed = mapping.need_one_of.of(to);
    if !needed.is_empty() && !needed.iter().any(|name| fields.contains_key(name)) {
        return Plan::ends(Verdict::Skip(SkipReason::NothingToReachThem { fields: needed.clone() }));
    }
    let empty: Vec<FieldName> = mapping.required.of(to).iter().filter(|name| !fields.contains_key(*name)).cloned().collect();
    if !empty.is_empty() {
        return Plan::ends(Verdict::Hold(HoldReason::RequiredFieldEmpty { fields: empty }));
    }
    if let Some(link_field) = mapping.link_field.of(to) {
        fields.insert(link_field.clone(), Value::text(record.id.as_str()));
    }
    let write = Some(Write::Create { fields });
    let (left, right) = to.of((write.clone(), None), (None, write));
    Plan { left, right, link: LinkChange::Join, fields: outcomes, ..Plan::ends(Verdict::Write) }
}

/// A field's proposal: its decision, the raw values to write, and what a user loses by it.
struct Proposal {
    decision: Decision,
    values: Vec<(FieldName, Value)>,
    loss: Option<LossRecord>,
}

impl Proposal {
    fn of(decision: Decision) -> Self {
        Self { decision, values: Vec::new(), loss: None }
    }
}

fn merge(known: &Known<'_>) -> Plan {
    let mut plan = Plan::ends(Verdict::NoChange);
    plan.link = if known.base.is_some() { LinkChange::Keep } else { LinkChange::Join };
    let mut writes: Pair<BTreeMap<FieldName, Value>> = Pair::default();
    let mut problems = Vec::new();
    for field in &known.mapping.fields {
        let proposal = match decide(known, field) {
            Ok(proposal) => proposal,
            Err(Stop::Problem(problem)) => {
                problems.push(ProblemNote::from(problem));
                Proposal::of(Decision::Held)
            }
            Err(Stop::Wait { parent, side, id }) => return Plan::ends(Verdict::Wait { parent, side, id }),
            Err(Stop::Look(side)) => return Plan::ends(Verdict::Look(side)),
        };
        if let Some(side) = written_side(proposal.decision) {
            writes.of_mut(side).extend(proposal.values);
        }
        if proposal.decision == Decision::Held {
            plan.held_fields.push(field.name.clone());
        }
        plan.losses.extend(proposal.loss);
        plan.fields.push(FieldOutcome { field: field.name.clone(), decision: proposal.decision });
    }
    if !problems.is_empty() {
        return Plan::ends(Verdict::Hold(HoldReason::DoesNotFit { problems }));
    }
    for side in [Side::Left, Side::Right] {
        add_link_field(known, side, writes.of_mut(side));
    }
    plan.left = update(known, Side::Left, writes.left);
    plan.right = update(known, Side::Right, writes.right);
    if plan.left.is_some() || plan.right.is_some() {
        plan.verdict = Verdict::Write;
    } else if !plan.held_fields.is_empty() {
        plan.verdict = Verdict::Hold(HoldReason::BothChanged { fields: plan.held_fields.clone() });
    }
    plan
}

fn update(known: &Known<'_>, side: Side, fields: BTreeMap<FieldName, Value>) -> Option<Write> {
    let id = (*known.ids.of(side))?;
    (!fields.is_empty()).then(|| Write::Update { id: id.clone(), fields })
}

/// The other's id, where the record was read and does not carry it.
fn add_link_field(known: &Known<'_>, side: Side, writes: &mut BTreeMap<FieldName, Value>) {
    let (Some(link_field), Some(other), Sight::Seen(record)) =
        (known.mapping.link_field.of(side), known.ids.of(side.other()), known.sight.of(side))
    else {
        return;
    };
    let carried = record.fields.get(link_field);
    if carried.is_some_and(|value| value.as_text().ok().flatten() != Some(other.as_str())) {
        writes.insert(link_field.clone(), Value::text(other.as_str()));
    }
}

fn decide(known: &Known<'_>, field: &FieldMapping) -> Result<Proposal, Stop> {
    let marks = known.base.and_then(|base| base.0.get(&field.name));
    let raw = Pair::new(seen_raw(known, field, Side::Left), seen_raw(known, field, Side::Right));
    // A side that was read without this field: the vendor hides it, or dropped it. Its mapping rests, and nothing else.
    for side in [Side::Left, Side::Right] {
        if raw.of(side).is_none() && matches!(known.sight.of(side), Sight::Seen(_)) {
            return Ok(Proposal::of(Decision::Agree));
        }
    }
    let Some(marks) = marks else { return first_link(known, field, &raw) };
    let changed = |side: Side| -> Result<bool, Stop> {
        match raw.of(side) {
            None => Ok(false),
            Some(values) => {
                let normal = field.lens.of(side).canonical(&field.equality, values)?;
                Ok(!known.marker.is_mark_of(marks.of(side), &field.name, &normal))
            }
        }
    };
    match (changed(Side::Left)?, changed(Side::Right)?) {
        (false, false) => Ok(Proposal::of(Decision::Agree)),
        (true, false) => one_changed(known, field, &raw, Side::Left),
        (false, true) => one_changed(known, field, &raw, Side::Right),
        (true, true) if same_across(known, field, &raw)? => Ok(Proposal::of(Decision::Agree)),
        (true, true) => both_differ(known, field, &raw),
    }
}

fn seen_raw(known: &Known<'_>, field: &FieldMapping, side: Side) -> Option<Vec<Value>> {
    match known.sight.of(side) {
        Sight::Seen(record) => raw_of(field, side, record),
        Sight::Unchanged | Sight::Unread | Sight::Gone | Sight::Nothing => None,
    }
}

fn one_changed(known: &Known<'_>, field: &FieldMapping, raw: &Pair<Option<Vec<Value>>>, side: Side) -> Result<Proposal, Stop> {
    if field.flow.reaches(side.other()) {
        return propose(known, field, raw, side.other(), Decision::Write(side.other()));
    }
    match field.drift {
        Drift::Leave => Ok(Proposal::of(Decision::Drifted(side))),
        Drift::Overwrite => {
            let mut proposal = propose(known, field, raw, side, Decision::Won(side.other()))?;
            if written_side(proposal.decision).is_some() {
                proposal.loss = loss(field, raw, side);
            }
            Ok(proposal)
        }
    }
}

fn first_link(known: &Known<'_>, field: &FieldMapping, raw: &Pair<Option<Vec<Value>>>) -> Result<Proposal, Stop> {
    for side in [Side::Left, Side::Right] {
        if raw.of(side).is_none() {
            return Err(Stop::Look(side));
        }
    }
    if same_across(known, field, raw)? {
        return Ok(Proposal::of(Decision::Agree));
    }
    let empty = |side: Side| -> Result<bool, Stop> {
        let values = raw.of(side).as_deref().unwrap_or_default();
        Ok(field.lens.of(side).canonical(&field.equality, values)?.is_null())
    };
    for side in [Side::Left, Side::Right] {
        if empty(side)? {
            // An empty side is filled; it never empties the other.
            return if field.flow.reaches(side) {
                propose(known, field, raw, side, Decision::Write(side))
            } else {
                Ok(Proposal::of(Decision::Kept(side.other())))
            };
        }
    }
    both_differ(known, field, raw)
}

fn both_differ(known: &Known<'_>, field: &FieldMapping, raw: &Pair<Option<Vec<Value>>>) -> Result<Proposal, Stop> {
    let Some(winner) = winner(known, field, raw)? else { return Ok(Proposal::of(Decision::Held)) };
    let target = winner.other();
    let mut proposal = propose(known, field, raw, target, Decision::Won(winner))?;
    if written_side(proposal.decision).is_some() {
        proposal.loss = loss(field, raw, target);
    }
    Ok(proposal)
}

fn winner(known: &Known<'_>, field: &FieldMapping, raw: &Pair<Option<Vec<Value>>>) -> Result<Option<Side>, Stop> {
    match field.flow {
        Flow::ToLeft => return Ok(Some(Side::Right)),
        Flow::ToRight => return Ok(Some(Side::Left)),
        Flow::Both => {}
    }
    let master = known.rules.master;
    Ok(match field.conflict {
        Conflict::Master => Some(master),
        Conflict::Hold => None,
        Conflict::Latest => {
            let version = |side: Side| match known.sight.of(side) {
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
                let values = raw.of(side).as_deref().unwrap_or_default();
                Ok(field.lens.of(side).get(values)? == Value::Bool(true))
            };
            match (opted_out(Side::Left)?, opted_out(Side::Right)?) {
                (true, false) => Some(Side::Left),
                (false, true) => Some(Side::Right),
                (_, _) => Some(master),
            }
        }
    })
}

/// Works out the write to `target`, unless the target shows the value already or its write policy keeps what it has.
fn propose(
    known: &Known<'_>,
    field: &FieldMapping,
    raw: &Pair<Option<Vec<Value>>>,
    target: Side,
    decision: Decision,
) -> Result<Proposal, Stop> {
    let source = target.other();
    let Some(source_raw) = raw.of(source) else { return Err(Stop::Look(source)) };
    let current = raw.of(target).as_deref();
    let lens = field.lens.of(target);
    if current.is_none() && lens.needs_current() {
        return Err(Stop::Look(target));
    }
    let kept = Ok(Proposal::of(Decision::Kept(target)));
    if known.leave_out.contains(&field.name) {
        return kept;
    }
    let view = carry(known, field, source, source_raw)?;
    match field.write.of(target) {
        WritePolicy::Always | WritePolicy::UnlessTaken => {}
        WritePolicy::FillEmpty => {
            let target_empty = match current {
                Some(values) => lens.canonical(&field.equality, values)?.is_null(),
                None => {
                    let marks = known.base.and_then(|base| base.0.get(&field.name));
                    marks.is_some_and(|marks| *marks.of(target) == crate::Mark::Empty)
                }
            };
            if !target_empty {
                return kept;
            }
        }
        WritePolicy::NeverClear => {
            if field.equality.normal(&view).is_null() {
                return kept;
            }
        }
    }
    if let Some(values) = current
        && field.equality.same(&lens.get(values)?, &view)
    {
        return Ok(Proposal::of(Decision::Agree));
    }
    let values = lens.put(&view, current)?;
    let values = lens.fields().into_iter().cloned().zip(values).collect();
    Ok(Proposal { decision, values, loss: None })
}

fn loss(field: &FieldMapping, raw: &Pair<Option<Vec<Value>>>, side: Side) -> Option<LossRecord> {
    raw.of(side).clone().map(|raw| LossRecord { field: field.name.clone(), side, raw })
}

/// The view of a side's value, in the terms of the other side: a reference becomes the counterpart's id.
fn carry(known: &Known<'_>, field: &FieldMapping, from: Side, raw: &[Value]) -> Result<Value, Stop> {
    let view = field.lens.of(from).get(raw)?;
    let Some(parent) = field.lens.of(from).parent() else { return Ok(view) };
    match view {
        Value::Reference(id) => match known.refs.state(parent, from, &id) {
            RefState::Linked(other) => Ok(Value::Reference(other)),
            RefState::Never => Ok(Value::Null),
            RefState::NotYet => Err(Stop::Wait { parent: parent.clone(), side: from, id }),
        },
        Value::Null
        | Value::Bool(_)
        | Value::Integer(_)
        | Value::Decimal(_)
        | Value::Text(_)
        | Value::Date(_)
        | Value::DateTime(_)
        | Value::Set(_) => Ok(view),
    }
}

/// Whether both sides show the same, in the terms of the right side. A reference whose record is not linked yet is not the same as any.
fn same_across(known: &Known<'_>, field: &FieldMapping, raw: &Pair<Option<Vec<Value>>>) -> Result<bool, Stop> {
    let (Some(left), Some(right)) = (&raw.left, &raw.right) else { return Ok(false) };
    let right = field.lens.right.get(right)?;
    match carry(known, field, Side::Left, left) {
        Ok(left) => Ok(field.equality.same(&left, &right)),
        Err(Stop::Wait { .. }) => Ok(false),
        Err(stop) => Err(stop),
    }
}
