//! Two records that belong together: all their fields, in one plan.

use std::collections::BTreeMap;

use syncline_model::mutant::{Mutant, planted};
use syncline_model::{FieldName, Side, Value};

use super::field::{Proposal, Stop, decide};
use super::{Known, Sight, writes as decided_to_write};
use crate::plan::{Decision, FieldOutcome, HoldReason, LinkChange, Plan, ProblemNote, SeenMarks, Verdict, Write};
use crate::spec::Pair;

/// The three-way merge of two live records; without a base, a first link.
pub(super) fn merge(known: &Known<'_>) -> Plan {
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
            Err(Stop::Later(side)) => Proposal::of(Decision::Awaits(side)),
            Err(Stop::Wait { parent, side, id }) => return Plan::ends(Verdict::Wait { parent, side, id }),
            Err(Stop::Look(side)) => return Plan::ends(Verdict::Look(side)),
        };
        for (side, values) in [(Side::Left, proposal.values.left), (Side::Right, proposal.values.right)] {
            if decided_to_write(proposal.decision, side) {
                writes.of_mut(side).extend(values);
            }
        }
        if proposal.decision == Decision::Held {
            plan.held_fields.push(field.name.clone());
        }
        plan.losses.extend(proposal.loss.filter(|_| !planted(Mutant::LossUnrecorded)));
        plan.fields.push(FieldOutcome {
            field: field.name.clone(),
            decision: proposal.decision,
            owner_not_found: proposal.owner_not_found,
            seen: SeenMarks(proposal.seen),
        });
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
    let id = known.id(side)?;
    (!fields.is_empty()).then(|| Write::Update { id: id.clone(), fields })
}

/// The other's id, where the record was read and does not carry it, and has not been refused it.
fn add_link_field(known: &Known<'_>, side: Side, writes: &mut BTreeMap<FieldName, Value>) {
    let (Some(link_field), Some(other), Sight::Seen(record)) =
        (known.mapping.link_field.of(side), known.id(side.other()), known.sight.of(side))
    else {
        return;
    };
    if known.leave_out.contains(link_field.as_str()) {
        return;
    }
    let carried = record.fields.get(link_field);
    if carried.is_some_and(|value| value.as_text().ok().flatten() != Some(other.as_str())) {
        writes.insert(link_field.clone(), Value::text(other.as_str()));
    }
}
