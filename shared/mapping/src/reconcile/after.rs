//! The base after a plan: what each side now stores, field by field.

use syncline_model::mutant::{Mutant, planted};
use syncline_model::{FieldName, Record, Side, Value};

use super::field::marks_of;
use super::sets::items;
use super::{Known, Sight, raw_of, shows, writes};
use crate::FieldProblem;
use crate::base::{Base, FieldBase, Mark, Marker};
use crate::lens::Lens;
use crate::plan::{Decision, FieldOutcome, Plan, Write};
use crate::spec::{FieldMapping, Pair};

/// The base once a plan's writes were made: each side's mark is of what that side stores, as `stored` tells, or else of what was sent.
/// A field keeps its old base, so that it is decided again, where its write was not made or follows, where a person decides, where a side that was
/// read does not show it, and where the plan ended before it came to fields. `known` is what the plan was made from.
pub fn base_after(known: &Known<'_>, plan: &Plan, made: Pair<bool>, stored: Pair<Option<&Record>>) -> Base {
    let mut base = Base::default();
    for (place, field) in known.mapping.fields.iter().enumerate() {
        let before = known.base.and_then(|old| old.0.get(&field.name));
        // A plan that came to fields has them in the mapping's order.
        let outcome = plan.fields.get(place).filter(|outcome| outcome.field == field.name);
        let marks = match outcome {
            Some(outcome) if is_settled(known, field, outcome.decision, made) => {
                marks_after(known, plan, field, outcome, made, stored, before)
            }
            Some(_) | None => before.cloned(),
        };
        if let Some(marks) = marks {
            base.0.insert(field.name.clone(), marks);
        }
    }
    base
}

fn is_settled(known: &Known<'_>, field: &FieldMapping, decision: Decision, made: Pair<bool>) -> bool {
    // While one side hides the field, the other's change waits: a base that moved on would forget it.
    let hidden = |side: Side| match known.sight.of(side) {
        Sight::Seen(record) => !shows(field, side, record),
        Sight::Unchanged | Sight::Unread | Sight::Gone | Sight::Nothing => false,
    };
    (decision != Decision::Held || planted(Mutant::HeldFieldSettled))
        && !matches!(decision, Decision::Awaits(_))
        && [Side::Left, Side::Right].into_iter().all(|side| !writes(decision, side) || *made.of(side))
        && !hidden(Side::Left)
        && !hidden(Side::Right)
}

fn marks_after(
    known: &Known<'_>,
    plan: &Plan,
    field: &FieldMapping,
    outcome: &FieldOutcome,
    made: Pair<bool>,
    stored: Pair<Option<&Record>>,
    before: Option<&FieldBase>,
) -> Option<FieldBase> {
    let mut marks: Pair<Option<Mark>> = Pair::default();
    let mut raw: Pair<Option<Vec<Value>>> = Pair::default();
    for side in [Side::Left, Side::Right] {
        let told = || stored.of(side).and_then(|record| raw_of(field, side, record));
        *raw.of_mut(side) = match (writes(outcome.decision, side), known.sight.of(side)) {
            // What the vendor says that it stores; where it did not say, what was sent.
            (true, sight) => told().filter(|_| !planted(Mutant::BaseFromSent)).or_else(|| sent(plan.write(side), field, side, *sight)),
            (false, Sight::Seen(_)) if outcome.seen.0.of(side).is_some() => {
                marks.of_mut(side).clone_from(outcome.seen.0.of(side));
                continue;
            }
            (false, Sight::Seen(record)) => raw_of(field, side, record),
            // A record that was just made: its vendor's answer, where it told.
            (false, Sight::Nothing) if *made.of(side) => told().or_else(|| sent(plan.write(side), field, side, Sight::Nothing)),
            (false, Sight::Nothing | Sight::Unchanged | Sight::Unread | Sight::Gone) => None,
        };
        if raw.of(side).is_none() {
            *marks.of_mut(side) = before.map(|marks| marks.of(side).clone());
        }
    }
    let fresh = marks_of(known.marker, field, Pair::new(raw.left.as_deref(), raw.right.as_deref()));
    let left = fresh.left.map_or(marks.left, Result::ok)?;
    let right = fresh.right.map_or(marks.right, Result::ok)?;
    let now = |side: Side| match (raw.of(side), known.sight.of(side)) {
        (Some(raw), _) => raw.first(),
        (None, Sight::Seen(record)) => field.lens.of(side).fields().first().and_then(|name| record.fields.get(*name)),
        (None, Sight::Unchanged | Sight::Unread | Sight::Gone | Sight::Nothing) => None,
    };
    let prints = |side: Side| {
        let told = now(side).and_then(|value| item_prints(known.marker, field, side, value));
        let before = || before.and_then(|marks| marks.items.as_ref()).map(|items| items.of(side).to_vec());
        if now(side).is_some() { told } else { before() }
    };
    let items = prints(Side::Left).zip(prints(Side::Right)).and_then(|(left, right)| known.marker.item_prints(left, right));
    // Of an owner who was not looked at again, what was known holds.
    let unseen = |side: &Side| now(*side).is_none();
    let remembered = || before.and_then(|marks| marks.owner_not_found).filter(unseen);
    let owner_not_found = outcome.owner_not_found.as_ref().map(|unknown| unknown.side).or_else(remembered);
    Some(FieldBase { left, right, items, owner_not_found })
}

/// The base that two raw values give as they stand, taken as agreed.
///
/// # Errors
/// Where a side's value is none that its lens reads.
pub fn field_base(marker: &Marker, field: &FieldMapping, left: &[Value], right: &[Value]) -> Result<FieldBase, FieldProblem> {
    let mark =
        |side: Side, raw: &[Value]| field.lens.of(side).canonical(&field.equality, raw).map(|normal| marker.mark(&field.name, &normal));
    let prints = |side: Side, raw: &[Value]| raw.first().and_then(|value| item_prints(marker, field, side, value));
    let items = prints(Side::Left, left).zip(prints(Side::Right, right)).and_then(|(left, right)| marker.item_prints(left, right));
    Ok(FieldBase { items, ..FieldBase::new(mark(Side::Left, left)?, mark(Side::Right, right)?) })
}

/// The prints of a set's items, in the order of their normal forms; `None` for what is no set.
fn item_prints(marker: &Marker, field: &FieldMapping, side: Side, value: &Value) -> Option<Vec<String>> {
    // Most fields are texts: of these not even a view is made.
    let could_be = match field.lens.of(side) {
        Lens::CommaText(_) => true,
        Lens::Field(_) => matches!(value, Value::Set(_) | Value::Null),
        Lens::FullName { .. } | Lens::Mapped { .. } | Lens::Not(_) | Lens::Owner { .. } | Lens::Reference { .. } => false,
    };
    if !could_be || field.whole_sets {
        return None;
    }
    let view = field.lens.of(side).get(std::slice::from_ref(value)).ok()?;
    Some(items(&field.equality, &view)?.keys().map(|item| marker.item_print(&field.name, item)).collect())
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
