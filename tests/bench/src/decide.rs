//! Deciding alone, of Freshdesk and Salesforce: `reconcile` over a linked pair of which one side was edited, beside reading and writing the same record's JSON.

use std::collections::BTreeSet;
use std::hint::black_box;

use serde_json::Value as Json;
use syncline_engine::Sync;
use syncline_mapping::{Base, Known, ObjectMapping, Occasion, Pair, RefState, Refs, Rules, Sight, Verdict, base_after, reconcile};
use syncline_model::{Record, RecordId, Side, Value};

use crate::people;
use crate::process;
use crate::report::{Aim, Amount, Figure, Report};
use crate::scene::Scene;
use crate::unmeasured::{Measured, Unmeasured};

const SECTION: &str = "deciding";

/// A pair of records, and what is known of it.
struct Couple<'a> {
    sync: &'a Sync,
    mapping: &'a ObjectMapping,
    left: Record,
    right: Record,
    refs: Refs,
    nothing_left_out: BTreeSet<String>,
}

pub(crate) async fn measure(scene: &Scene, report: &mut Report) -> Measured<()> {
    let sync = scene.sync()?;
    let mapping = scene.mapping()?;
    let (left_id, right_id) = a_pair(scene)?;
    let left = read(scene, mapping, Side::Left, &left_id).await?;
    let right = read(scene, mapping, Side::Right, &right_id).await?;
    let refs = references(mapping, &left, &right);
    let mut couple = Couple { sync, mapping, left, right, refs, nothing_left_out: BTreeSet::new() };
    let agreed = couple.plan(scene, None);
    if agreed.verdict != Verdict::NoChange {
        return Err(Unmeasured::new("a decision", "the pair does not agree before it is edited"));
    }
    let base = couple.base_after(scene, None, &agreed, Pair::new(false, false));
    couple.left = couple.left.clone().with_field("name", Value::text("Ida Othername"));
    let plan = couple.plan(scene, Some(&base));
    if plan.verdict != Verdict::Write {
        return Err(Unmeasured::new("a decision", "an edit is not to be written"));
    }

    let times = scene.size.decisions;
    let decide_ns = average_ns(times, || drop(black_box(couple.plan(scene, Some(black_box(&base))))))?;
    let both_ns = average_ns(times, || {
        let plan = couple.plan(scene, Some(black_box(&base)));
        drop(black_box(couple.base_after(scene, Some(&base), &plan, Pair::new(false, true))));
    })?;
    let body = people::show_at_freshdesk(scene, &left_id)?;
    let other = people::show_at_salesforce(scene, &right_id)?;
    let parse_ns = average_ns(times, || drop(black_box(parse_and_print(black_box(&body)))))?;
    let pair_ns = average_ns(times, || {
        drop(black_box(parse_and_print(black_box(&body))));
        drop(black_box(parse_and_print(black_box(&other))));
    })?;

    let ms = |ns: u64| Amount::per(ns, 1_000);
    let aim = Aim::AtMost(Amount::count(50));
    report.add(Figure::new(SECTION, "reconcile, one field of a linked record edited", ms(decide_ns), "µs CPU/record").aim(aim));
    report.add(Figure::new(SECTION, "reconcile and the link's new base", ms(both_ns), "µs CPU/record").aim(aim));
    report.add(Figure::new(SECTION, "the same record's JSON parsed and printed by serde_json", ms(parse_ns), "µs CPU/record"));
    report.add(Figure::new(SECTION, "both sides' JSON parsed and printed by serde_json", ms(pair_ns), "µs CPU/record"));
    report.add(Figure::new(SECTION, "reconcile : JSON of the record", Amount::per(decide_ns, parse_ns), "times"));
    report.add(Figure::new(SECTION, "reconcile : JSON of both sides' records", Amount::per(decide_ns, pair_ns), "times"));
    Ok(())
}

impl Couple<'_> {
    fn known<'a>(&'a self, scene: &'a Scene, base: Option<&'a Base>) -> Known<'a> {
        let rules: Rules = self.sync.rules;
        Known {
            mapping: self.mapping,
            rules,
            marker: &scene.engine.marker,
            base,
            ids: Pair::new(Some(&self.left.id), Some(&self.right.id)),
            sight: Pair::new(Sight::Seen(&self.left), Sight::Seen(&self.right)),
            refs: &self.refs,
            occasion: Occasion::Edited(Side::Left),
            leave_out: &self.nothing_left_out,
        }
    }

    fn plan(&self, scene: &Scene, base: Option<&Base>) -> syncline_mapping::Plan {
        reconcile(&self.known(scene, base))
    }

    fn base_after(&self, scene: &Scene, base: Option<&Base>, plan: &syncline_mapping::Plan, made: Pair<bool>) -> Base {
        base_after(&self.known(scene, base), plan, made, Pair::default())
    }
}

/// A person whom nobody has edited, by their ids on both sides.
fn a_pair(scene: &Scene) -> Measured<(String, String)> {
    let last = people::everybody(scene, Side::Left)?
        .into_iter()
        .filter(|contact| contact.number.is_multiple_of(2))
        .max_by_key(|contact| contact.number);
    let left = last.ok_or_else(|| Unmeasured::new("a decision", "there is no contact"))?;
    let right = people::everybody(scene, Side::Right)?.into_iter().find(|contact| contact.number == left.number);
    let right = right.ok_or_else(|| Unmeasured::new("a decision", "a contact has no counterpart"))?;
    Ok((left.id, right.id))
}

/// The record as the worker reads it.
async fn read(scene: &Scene, mapping: &ObjectMapping, side: Side, id: &str) -> Measured<Record> {
    let sync = scene.sync()?;
    let ids = [RecordId::from(id)];
    let got = sync.ends.of(side).connector.get(&sync.selection(mapping, side), &ids, scene.by()).await;
    let got = got.map_err(|error| Unmeasured::new("a decision", error))?;
    got.into_iter().flatten().next().ok_or_else(|| Unmeasured::new("a decision", "the record is gone"))
}

/// The records that the two refer to are each other's counterparts.
fn references(mapping: &ObjectMapping, left: &Record, right: &Record) -> Refs {
    let mut refs = Refs::default();
    for field in &mapping.fields {
        let Some(parent) = field.lens.left.parent() else { continue };
        let id = |lens: &syncline_mapping::Lens, record: &Record| {
            let mut values = lens.fields().into_iter().filter_map(|name| record.fields.get(name).cloned());
            values.find_map(|value| if let Value::Reference(id) = value { Some(id) } else { None })
        };
        if let (Some(one), Some(other)) = (id(&field.lens.left, left), id(&field.lens.right, right)) {
            refs.insert(parent.clone(), Side::Left, one.clone(), RefState::Linked(other.clone()));
            refs.insert(parent.clone(), Side::Right, other, RefState::Linked(one));
        }
    }
    refs
}

fn parse_and_print(body: &[u8]) -> Option<String> {
    let value: Json = serde_json::from_slice(body).ok()?;
    serde_json::to_string(&value).ok()
}

/// CPU time of one turn, in nanoseconds, over so many after a tenth to warm up.
fn average_ns(times: u32, mut act: impl FnMut()) -> Measured<u64> {
    for _ in 0..times / 10 {
        act();
    }
    let before = process::thread_cpu_ns()?;
    for _ in 0..times {
        act();
    }
    let spent = process::thread_cpu_ns()?.saturating_sub(before);
    Ok((spent / u64::from(times)).max(1))
}
