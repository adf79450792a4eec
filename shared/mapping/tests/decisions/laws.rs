//! What holds for every mapping and every pair of records.

use proptest::prelude::*;
use syncline_mapping::{Decision, HoldReason, Pair, Plan, Retain, Verdict, Write, WritePolicy, has_changed};
use syncline_model::{Record, Side, Value};

use crate::scene::{SIDES, Spot, base_of, marker, raw, said};
use crate::world::{OPEN, PLAIN, Quirks, WILD, World, any_joined, any_linked, any_record, any_strangers, carry_out};

fn any_world() -> impl Strategy<Value = World> {
    prop_oneof![any_strangers(WILD), any_linked(WILD)]
}

fn is_quiet(world: &mut World) -> Result<(), TestCaseError> {
    let plan = world.plan();
    prop_assert!(plan.left.is_none() && plan.right.is_none(), "{}", said(&plan));
    match &plan.verdict {
        Verdict::NoChange => prop_assert!(plan.held_fields.is_empty()),
        Verdict::Hold(HoldReason::BothChanged { fields }) => prop_assert_eq!(fields, &plan.held_fields),
        Verdict::Write | Verdict::Skip(_) | Verdict::Hold(_) | Verdict::Wait { .. } | Verdict::Look(_) => {
            return Err(TestCaseError::fail(said(&plan)));
        }
    }
    prop_assert!(plan.losses.is_empty());
    Ok(())
}

fn edited(world: &World, side: Side, edit: &Record) -> Record {
    let version = world.now.of(side).version.unwrap();
    edit.clone().with_version(version)
}

fn odd_value() -> impl Strategy<Value = Value> {
    prop::sample::select(vec![
        Value::Integer(3),
        Value::Bool(true),
        Value::text("unknown, to every map"),
        Value::set(["with, comma".to_owned()]),
        Value::Reference("nobody".into()),
        Value::DateTime(syncline_model::Timestamp::UNIX_EPOCH),
    ])
}

fn any_spot(side: Side) -> impl Strategy<Value = Spot> {
    let odd = (any_record(side, WILD), prop::collection::vec((0..20_usize, odd_value()), 0..3)).prop_map(|(mut record, odd)| {
        let names: Vec<_> = record.fields.keys().cloned().collect();
        for (index, value) in odd {
            record.fields.insert(names[index % names.len()].clone(), value);
        }
        Spot::Seen(record)
    });
    prop_oneof![4 => odd, 1 => Just(Spot::Unchanged), 1 => Just(Spot::Unread), 1 => Just(Spot::Gone), 1 => Just(Spot::Nothing)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    /// Total and deterministic, for sights and values of every kind; and no plan writes what it does not say.
    #[test]
    fn every_input_has_one_answer(
        world in any_world(),
        left in any_spot(Side::Left),
        right in any_spot(Side::Right),
        deletes in any::<(bool, bool)>(),
        left_out in any::<bool>(),
        made in any::<(bool, bool)>(),
    ) {
        let mut scene = world.scene;
        scene.spots = Pair::new(left, right);
        let policy = |propagate| if propagate { syncline_mapping::DeletePolicy::Propagate } else { syncline_mapping::DeletePolicy::Ignore };
        scene.mapping.deletes = Pair::new(policy(deletes.0), policy(deletes.1));
        scene.leave_out.extend(scene.mapping.fields.first().filter(|_| left_out).map(|field| field.name.clone()));
        let plan = scene.plan();
        prop_assert_eq!(&scene.plan(), &plan);
        prop_assert_eq!(plan.verdict == Verdict::Write, plan.left.is_some() || plan.right.is_some(), "{}", said(&plan));
        let named: Vec<&String> = plan.fields.iter().map(|outcome| &outcome.field).collect();
        let mapped: Vec<&String> = scene.mapping.fields.iter().map(|field| &field.name).collect();
        prop_assert!(named.is_empty() || named == mapped, "fields are all there, in the mapping's order");
        if left_out {
            let touched = plan.fields.iter().find(|outcome| scene.leave_out.contains(&outcome.field)).map(|outcome| outcome.decision);
            prop_assert!(!matches!(touched, Some(Decision::Write(_) | Decision::Won(_))), "what is left out is not written");
        }
        for side in SIDES {
            if let Some(Write::Update { fields, .. }) = plan.write(side) {
                prop_assert!(!fields.is_empty());
                prop_assert!(fields.keys().all(|name| scene.mapping.selection(side).contains(name)));
            }
        }
        let base = scene.base_after(&plan, made, (None, None));
        prop_assert!(base.0.keys().all(|name| mapped.contains(&name)));
        if plan.fields.is_empty() && let Some(before) = &scene.base {
            prop_assert_eq!(&base, before);
        }
    }

    /// After its own plan, carried out by vendors that store their own form, there is nothing left to do; and no side's echo counts.
    #[test]
    fn quiet_after_its_own_plan(mut world in any_world()) {
        let plan = world.plan();
        world.carry_out(&plan, (true, true));
        is_quiet(&mut world)?;
        let base = world.scene.base.clone().unwrap();
        let all_known = world.scene.mapping.fields.iter().all(|field| base.0.contains_key(&field.name));
        let hidden = |field| SIDES.into_iter().any(|side| raw(field, side, world.now.of(side)).is_none());
        if plan.held_fields.is_empty() && all_known && !world.scene.mapping.fields.iter().any(hidden) {
            for side in SIDES {
                prop_assert!(!has_changed(&world.scene.mapping, &world.scene.marker, &base, side, world.now.of(side)));
            }
        }
    }

    /// Where only one of the two writes was made, the other is proposed again, as it was; then it is quiet.
    #[test]
    fn a_half_made_plan_is_completed(mut world in any_world(), left_made in any::<bool>()) {
        // An unread side may show the value already, and then needs no write once it is read.
        world.see_both();
        let plan = world.plan();
        world.carry_out(&plan, (left_made, !left_made));
        let (done, open) = if left_made { (Side::Left, Side::Right) } else { (Side::Right, Side::Left) };
        let again: Plan = world.plan();
        prop_assert_eq!(again.write(open), plan.write(open));
        prop_assert_eq!(again.write(done), None);
        world.carry_out(&again, (true, true));
        is_quiet(&mut world)?;
    }

    /// A vendor that stores what it is sent need not tell: what was sent gives the same base. Only of a field that one side does not have, an answer tells
    /// what nobody sent.
    #[test]
    fn what_was_sent_stands_in_for_an_answer(mut world in any_world()) {
        world.quirks = Quirks::NONE;
        let plan = world.plan();
        let told = {
            let mut world = world.clone();
            world.carry_out(&plan, (true, true));
            world.scene.base
        };
        let sent = world.scene.base_after(&plan, (true, true), (None, None));
        let mut told = told.unwrap_or_default();
        told.0.retain(|field, marks| marks.absent.is_none() || sent.0.contains_key(field));
        prop_assert_eq!(sent, told);
    }

    /// Fields that go both ways without a condition agree when the plan has been carried out.
    #[test]
    fn both_sides_agree_afterwards(
        mut world in any_joined(PLAIN),
        edits in (any_record(Side::Left, PLAIN), any_record(Side::Right, PLAIN)),
        who in any::<(bool, bool)>(),
    ) {
        for (side, edit, edits_now) in [(Side::Left, &edits.0, who.0), (Side::Right, &edits.1, who.1)] {
            if edits_now {
                *world.now.of_mut(side) = edited(&world, side, edit);
            }
        }
        world.see_both();
        let plan = world.plan();
        prop_assert!(plan.held_fields.is_empty());
        world.carry_out(&plan, (true, true));
        for field in &world.scene.mapping.fields {
            let left = world.view(field, Side::Left, &world.now.left);
            prop_assert!(left == world.view(field, Side::Right, &world.now.right), "{} differs", field.name);
        }
    }

    /// What one side alone changed is on both sides afterwards; what lost a conflict stands in the losses, to the letter.
    #[test]
    fn no_update_is_lost(
        mut world in any_joined(PLAIN),
        edits in (any_record(Side::Left, PLAIN), any_record(Side::Right, PLAIN)),
        right_edits in any::<bool>(),
    ) {
        let before = world.now.clone();
        world.now.left = edited(&world, Side::Left, &edits.0);
        if right_edits {
            world.now.right = edited(&world, Side::Right, &edits.1);
        }
        let wrote = world.now.clone();
        world.see_both();
        let plan = world.plan();
        world.carry_out(&plan, (true, true));
        for field in &world.scene.mapping.fields {
            let view = |side: Side, records: &Pair<Record>| world.view(field, side, records.of(side));
            let changed = |side: Side| view(side, &before) != view(side, &wrote);
            for side in SIDES {
                // Of a set that both changed, each item is judged by itself: see `sets`.
                let merged = matches!(plan.fields.iter().find(|outcome| outcome.field == field.name), Some(outcome) if matches!(outcome.decision, Decision::Merged { .. }));
                if !changed(side) || merged || field.name == "tags" && changed(side.other()) {
                    continue;
                }
                let everywhere = SIDES.into_iter().all(|shown| view(shown, &world.now) == view(side, &wrote));
                let lost = plan.losses.iter().any(|loss| {
                    loss.field == field.name && loss.side == side && Some(&loss.raw) == raw(field, side, wrote.of(side)).as_ref()
                });
                prop_assert!(everywhere || (lost && changed(side.other())), "{} of {side} is nowhere", field.name);
            }
            if !changed(Side::Left) && !changed(Side::Right) {
                prop_assert!(plan.losses.iter().all(|loss| loss.field != field.name));
                prop_assert!(SIDES.into_iter().all(|side| raw(field, side, world.now.of(side)) == raw(field, side, wrote.of(side))));
            }
        }
    }

    /// Keyed hashes decide as the values themselves do.
    #[test]
    fn fingerprints_decide_like_values(world in any_linked(WILD), old in (any_record(Side::Left, WILD), any_record(Side::Right, WILD))) {
        let plan = |retain: Retain| {
            let mut world = world.clone();
            world.scene.marker = marker(retain);
            world.scene.base = Some(base_of(&world.scene.mapping, &world.scene.marker, &old.0, &old.1));
            world.scene.plan()
        };
        prop_assert_eq!(plan(Retain::Fingerprints), plan(Retain::Values));
    }

    /// A first link empties nothing, whatever the policies are.
    #[test]
    fn a_first_link_never_clears(mut world in any_strangers(WILD)) {
        let before = world.now.clone();
        let plan = world.plan();
        world.carry_out(&plan, (true, true));
        for field in &world.scene.mapping.fields {
            for side in SIDES {
                let is_empty = |records: &Pair<Record>| {
                    let raw = raw(field, side, records.of(side));
                    raw.is_none_or(|raw| field.lens.of(side).canonical(&field.equality, &raw).unwrap().is_null())
                };
                prop_assert!(is_empty(&before) || !is_empty(&world.now), "{} on the {side}", field.name);
            }
        }
    }

    /// A write policy of the target is never broken by a plan between linked records.
    #[test]
    fn write_policies_hold(mut world in any_linked(OPEN)) {
        let plan = world.plan();
        for field in &world.scene.mapping.fields {
            for side in SIDES {
                let Some(Write::Update { fields, .. }) = plan.write(side) else { continue };
                let Some(_) = field.lens.of(side).fields().into_iter().find(|name| fields.contains_key(*name)) else { continue };
                prop_assert!(field.flow.reaches(side), "{} does not flow to the {side}", field.name);
                let was_empty = world.view(field, side, world.now.of(side)).is_none_or(|view| view.is_null());
                let own = raw(field, side, world.now.of(side)).unwrap();
                let was_blank = field.lens.of(side).canonical(&field.equality, &own).unwrap().is_null();
                let clears = field.lens.of(side).fields().into_iter().all(|name| fields.get(name).is_none_or(Value::is_null));
                match field.write.of(side) {
                    WritePolicy::Always | WritePolicy::UnlessTaken => {}
                    WritePolicy::FillEmpty => prop_assert!(was_empty && was_blank, "{} was full", field.name),
                    WritePolicy::NeverClear => prop_assert!(!clears, "{} is cleared", field.name),
                }
            }
        }
    }

    /// A record that was just made is an echo, and asks for nothing more.
    #[test]
    fn quiet_after_a_creation(mut world in any_strangers(OPEN), from_left in any::<bool>()) {
        let from = if from_left { Side::Left } else { Side::Right };
        let to = from.other();
        *world.scene.spots.of_mut(to) = Spot::Nothing;
        let plan = world.plan();
        prop_assert_eq!(&plan.verdict, &Verdict::Write);
        let answer = carry_out(plan.write(to).unwrap(), None, to, world.quirks);
        let stored = to.of((Some(&answer), None), (None, Some(&answer)));
        let base = world.scene.base_after(&plan, (true, true), stored);
        prop_assert_eq!(base.0.len(), world.scene.mapping.fields.len());
        *world.now.of_mut(to) = answer.clone();
        prop_assert!(!has_changed(&world.scene.mapping, &world.scene.marker, &base, to, &answer));
        prop_assert!(!has_changed(&world.scene.mapping, &world.scene.marker, &base, from, world.now.of(from)));
        world.scene.base = Some(base);
        world.see_both();
        is_quiet(&mut world)?;
    }

    /// An edit that changes what a mapped field shows is seen, and only that.
    #[test]
    fn an_edit_is_a_change(mut world in any_joined(PLAIN), left in any_record(Side::Left, PLAIN), right in any_record(Side::Right, PLAIN)) {
        world.see_both();
        let base = world.scene.base.clone().unwrap();
        for (side, edit) in [(Side::Left, left), (Side::Right, right)] {
            let differs = world.scene.mapping.fields.iter().any(|field| {
                world.view(field, side, world.now.of(side)) != world.view(field, side, &edit)
            });
            prop_assert_eq!(has_changed(&world.scene.mapping, &world.scene.marker, &base, side, &edit), differs);
        }
    }
}
