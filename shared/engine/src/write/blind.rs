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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use syncline_mapping::{
        Base, Conflict, Drift, Equality, FieldMapping, Flow, Lens, Marker, ObjectMapping, Pair, Refs, Retain, Rules, base_after,
    };

    use super::*;

    fn mapping(fields: &[&str]) -> ObjectMapping {
        let field = |name: &&str| FieldMapping {
            name: (*name).to_owned(),
            lens: Pair::new(Lens::Field((*name).into()), Lens::Field(format!("{name}_there").as_str().into())),
            flow: Flow::ToRight,
            equality: Equality::Exact,
            conflict: Conflict::Master,
            whole_sets: false,
            write: Pair::default(),
            drift: Drift::default(),
        };
        ObjectMapping {
            name: "people".into(),
            kind: Pair::new("contact".into(), "Contacts".into()),
            fields: fields.iter().map(field).collect(),
            match_keys: Vec::new(),
            link_field: Pair::new(None, Some("id".into())),
            create: Pair::new(false, true),
            deletes: Pair::default(),
            need_one_of: Pair::default(),
            required: Pair::default(),
        }
    }

    fn record(fields: &[(&str, &str)]) -> Record {
        let mut record = Record::new("contact".into(), "1".into());
        for name in ["name", "email", "city"] {
            let value = fields.iter().find(|(known, _)| *known == name).map_or(Value::Null, |(_, text)| Value::text(*text));
            record.fields.insert(name.into(), value);
        }
        record
    }

    /// What is decided about a record that was made there with the fields of `before`, and shows `now` here.
    fn decided(before: (&[&str], &Record), now: (&[&str], &Record), resend: bool) -> Plan {
        let (marker, refs, leave_out) = (Marker::new([7; 32], Retain::Fingerprints), Refs::default(), BTreeSet::new());
        let (id, there) = (RecordId::from("1"), RecordId::from("there-1"));
        let (mapped, mapped_now) = (mapping(before.0), mapping(now.0));
        let known = Known {
            mapping: &mapped,
            rules: Rules { master: Side::Left },
            marker: &marker,
            base: None,
            ids: Pair::new(Some(&id), None),
            sight: Pair::new(Sight::Seen(before.1), Sight::Nothing),
            refs: &refs,
            occasion: Occasion::Edited(Side::Left),
            leave_out: &leave_out,
        };
        let made = decide(&known, Side::Right, false);
        assert!(matches!(&made.right, Some(PlannedWrite::Create { fields }) if fields["id"] == Value::text("1")), "{made:?}");
        let base: Base = base_after(&known, &made, Pair::new(false, true), Pair::default());
        let ids = Pair::new(Some(&id), Some(&there));
        let sight = Pair::new(Sight::Seen(now.1), Sight::Unchanged);
        decide(&Known { mapping: &mapped_now, base: Some(&base), ids, sight, ..known }, Side::Right, resend)
    }

    /// The fields of the update, each with its text; `None`: nothing is written.
    fn sent(plan: &Plan) -> Option<Vec<(String, Option<String>)>> {
        let Some(PlannedWrite::Update { id, fields }) = &plan.right else { return None };
        assert_eq!(id.as_str(), "there-1");
        let text = |value: &Value| value.as_text().ok().flatten().map(str::to_owned);
        Some(fields.iter().map(|(name, value)| (name.to_string(), text(value))).collect())
    }

    fn fields(wanted: &[(&str, Option<&str>)]) -> Vec<(String, Option<String>)> {
        wanted.iter().map(|(name, text)| ((*name).to_owned(), text.map(str::to_owned))).collect()
    }

    const TWO: &[&str] = &["name", "email"];
    const THREE: &[&str] = &["name", "email", "city"];

    #[test]
    fn an_update_carries_the_whole_record_and_what_was_emptied() {
        let before = record(&[("name", "Ida"), ("email", "ida@a.example")]);
        let plan = decided((TWO, &before), (TWO, &record(&[("name", "Ida Nowak"), ("email", "ida@a.example")])), false);
        assert_eq!(sent(&plan), Some(fields(&[("email_there", Some("ida@a.example")), ("name_there", Some("Ida Nowak"))])));
        let plan = decided((TWO, &before), (TWO, &record(&[("name", "Ida")])), false);
        assert_eq!(sent(&plan), Some(fields(&[("email_there", None), ("name_there", Some("Ida"))])));
    }

    #[test]
    fn what_the_base_knows_is_sent_only_to_who_asks_for_it_empty_fields_too() {
        let ida = record(&[("name", "Ida")]);
        let plan = decided((TWO, &ida), (TWO, &ida), false);
        assert_eq!((&plan.verdict, sent(&plan)), (&Verdict::NoChange, None));
        let plan = decided((TWO, &ida), (TWO, &ida), true);
        let all = fields(&[("email_there", None), ("name_there", Some("Ida"))]);
        assert_eq!((&plan.verdict, sent(&plan)), (&Verdict::Write, Some(all)));
    }

    #[test]
    fn a_field_that_is_new_to_the_mapping_is_sent_though_nobody_sees_what_is_there() {
        let ida = record(&[("name", "Ida"), ("city", "Bonn")]);
        let plan = decided((TWO, &ida), (THREE, &ida), false);
        let sent = sent(&plan).unwrap_or_default();
        assert!(sent.contains(&("city_there".to_owned(), Some("Bonn".to_owned()))), "{plan:?}");
        assert!(sent.contains(&("name_there".to_owned(), Some("Ida".to_owned()))), "{plan:?}");
    }
}
