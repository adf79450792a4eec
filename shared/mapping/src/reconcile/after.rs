//! The base after a plan: what each side now stores, field by field.

use syncline_model::{FieldName, Record, Side, Value};

use super::{Known, Sight, raw_of, written_side};
use crate::base::{Base, FieldBase};
use crate::plan::{Decision, Plan, Write};
use crate::spec::{FieldMapping, Pair};

/// The base once a plan's writes were made: each side's mark is of what that side stores, as `stored` tells, or else of what was sent.
/// A field keeps its old base, so that it is decided again, where its write was not made, where a person decides, where a side that was
/// read does not show it, and where the plan ended before it came to fields.
pub fn base_after(known: &Known<'_>, plan: &Plan, made: Pair<bool>, stored: Pair<Option<&Record>>) -> Base {
    let mut base = Base::default();
    for field in &known.mapping.fields {
        let before = known.base.and_then(|old| old.0.get(&field.name));
        let decision = plan.fields.iter().find(|outcome| outcome.field == field.name).map(|outcome| outcome.decision);
        let marks = match decision {
            Some(decision) if is_settled(known, field, decision, made) => marks_after(known, plan, field, decision, made, stored, before),
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
        Sight::Seen(record) => raw_of(field, side, record).is_none(),
        Sight::Unchanged | Sight::Unread | Sight::Gone | Sight::Nothing => false,
    };
    decision != Decision::Held && written_side(decision).is_none_or(|side| *made.of(side)) && !hidden(Side::Left) && !hidden(Side::Right)
}

fn marks_after(
    known: &Known<'_>,
    plan: &Plan,
    field: &FieldMapping,
    decision: Decision,
    made: Pair<bool>,
    stored: Pair<Option<&Record>>,
    before: Option<&FieldBase>,
) -> Option<FieldBase> {
    let target = written_side(decision);
    let mark = |side: Side| {
        let lens = field.lens.of(side);
        let told = stored.of(side).and_then(|record| raw_of(field, side, record));
        let raw = match (target == Some(side), known.sight.of(side)) {
            // What the vendor says that it stores; where it did not say, what was sent.
            (true, sight) => told.or_else(|| sent(plan.write(side), field, side, *sight)),
            (false, Sight::Seen(record)) => raw_of(field, side, record),
            // A record that was just made: its vendor's answer, where it told.
            (false, Sight::Nothing) if *made.of(side) => told.or_else(|| sent(plan.write(side), field, side, Sight::Nothing)),
            (false, Sight::Nothing | Sight::Unchanged | Sight::Unread | Sight::Gone) => None,
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
