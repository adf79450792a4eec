//! A record without a counterpart: the counterpart to make, or why there will be none.

use std::collections::BTreeMap;

use syncline_model::{FieldName, Record, Side, Value};

use super::field::{self, Stop};
use super::{Known, Occasion, raw_of};
use crate::Equality;
use crate::plan::{Decision, FieldOutcome, HoldReason, LinkChange, Plan, ProblemNote, SeenMarks, SkipReason, Verdict, Write};

pub(super) fn create(known: &Known<'_>, from: Side, record: &Record) -> Plan {
    let to = from.other();
    let mapping = known.mapping;
    if !mapping.create.of(to) {
        return Plan::ends(Verdict::Skip(SkipReason::NotCreatedThere));
    }
    if known.occasion == Occasion::Listed {
        return Plan::ends(Verdict::Skip(SkipReason::NotChangedYet));
    }
    let mut fields = BTreeMap::new();
    let mut outcomes = Vec::new();
    let mut problems = Vec::new();
    for field in &mapping.fields {
        let mut decision = Decision::Kept(to);
        let mut owner_not_found = None;
        if field.flow.reaches(to)
            && !known.leave_out.contains(&field.name)
            && let Some(raw) = raw_of(field, from, record)
        {
            match field::carried_anew(known, field, from, &raw) {
                Ok(None) => decision = Decision::LeftAlone,
                Ok(Some(anew)) => {
                    decision = Decision::Write(to);
                    owner_not_found = anew.owner_not_found;
                    for (name, value) in field.lens.of(to).fields().into_iter().zip(anew.values) {
                        // Blanks are nothing to a vendor that needs a value.
                        if !Equality::Exact.normal(&value).is_null() {
                            fields.insert(name.clone(), value);
                        }
                    }
                }
                Err(Stop::Problem(problem)) => problems.push(ProblemNote::from(problem)),
                Err(Stop::Wait { parent, side, id }) => return Plan::ends(Verdict::Wait { parent, side, id }),
                Err(Stop::Later(side)) => decision = Decision::Awaits(side),
                Err(Stop::Look(side)) => return Plan::ends(Verdict::Look(side)),
            }
        }
        outcomes.push(FieldOutcome { field: field.name.clone(), decision, owner_not_found, seen: SeenMarks::default() });
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
