//! Writing to a side that gives no record back. The base stands for what is there; each write carries the whole record, so that it comes out the
//! same whether the vendor keeps or drops what a write does not name; and a create is the vendor's own upsert by our id.

use syncline_mapping::{Decision, Known, Occasion, Plan, Sight, Verdict, Write as PlannedWrite, WritePolicy, reconcile};
use syncline_model::{Record, RecordId, Side, Value};

use super::job::{Job, Place};
use crate::EngineError;
use crate::entry;

/// Decides about a record of which nothing can be read on the `target` side: the plan of [`reconcile`], with the whole record in its update. One is
/// made also where somebody asked for the record to be sent again (`resend`), and where a field could be decided only if the counterpart were
/// seen: it gets what a new record would get. Pure.
pub(crate) fn decide(known: &Known<'_>, target: Side, resend: bool) -> Plan {
    let plan = reconcile(known);
    let is_live = matches!(known.sight.of(target.other()), Sight::Seen(_));
    let Some(id) = known.ids.of(target).filter(|_| is_live) else { return plan };
    let changed = match (&plan.verdict, plan.write(target)) {
        (Verdict::Write, Some(PlannedWrite::Update { fields, .. })) => Some(fields.clone()),
        (Verdict::NoChange, _) if resend => None,
        (Verdict::Look(side), _) if *side == target => None,
        (Verdict::Write | Verdict::NoChange | Verdict::Look(_) | Verdict::Skip(_) | Verdict::Hold(_) | Verdict::Wait { .. }, _) => {
            return plan;
        }
    };
    let (mut ids, mut sight) = (known.ids, known.sight);
    *ids.of_mut(target) = None;
    *sight.of_mut(target) = Sight::Nothing;
    let anew = reconcile(&Known { base: None, ids, sight, occasion: Occasion::Edited(target.other()), ..*known });
    let Some(PlannedWrite::Create { fields }) = anew.write(target) else { return if changed.is_some() { plan } else { anew } };
    let mut fields = fields.clone();
    if let Some(link_field) = known.mapping.link_field.of(target) {
        // It is the record's id there, and the write goes by it.
        fields.remove(link_field);
    }
    let is_partial = changed.is_some();
    fields.extend(changed.unwrap_or_default());
    if !is_partial {
        // What is empty here may have a value there.
        let written = |name: &str| anew.fields.iter().any(|outcome| outcome.field == name && outcome.decision == Decision::Write(target));
        for mapped in &known.mapping.fields {
            if written(&mapped.name) && *mapped.write.of(target) == WritePolicy::Always {
                for name in mapped.lens.of(target).fields() {
                    fields.entry(name.clone()).or_insert(Value::Null);
                }
            }
        }
    }
    let mut whole = if is_partial { plan } else { anew };
    let write = Some(PlannedWrite::Update { id: id.clone(), fields });
    match target {
        Side::Left => whole.left = write,
        Side::Right => whole.right = write,
    }
    whole
}

/// Reads what is stored under the keys of records that were just made: our id is given again to a record that comes back after its end, and then
/// its key is not free.
pub(super) async fn own_entries(place: Place<'_>, results: &mut [(Job, Plan, RecordId, Option<Record>)]) -> Result<(), EngineError> {
    let ids: Vec<RecordId> = results.iter().filter(|(job, ..)| job.standing.link.is_none()).map(|(_, _, id, _)| id.clone()).collect();
    if ids.is_empty() {
        return Ok(());
    }
    let store = place.engine.store.as_ref();
    let standings = entry::standings(store, &place.sync.name, &place.mapping.name, place.target(), &ids).await?;
    for (job, _, id, _) in results.iter_mut().filter(|(job, ..)| job.standing.link.is_none()) {
        job.other_own = standings.get(id).map(|standing| standing.own.clone());
    }
    Ok(())
}
