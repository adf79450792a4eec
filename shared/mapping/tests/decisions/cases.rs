//! One field in every situation: who changed it, what it flows like, and what stands there.

use syncline_mapping::{Conflict, Decision, Drift, FieldMapping, Flow, Lens, WritePolicy, has_changed};
use syncline_model::{Record, Side, Value};

use crate::scene::{Scene, Spot, at, mapping, marker, record, said, two_way};

/// How a side stands now, beside what it stored when the two last agreed.
#[derive(Clone, Copy)]
enum Now {
    Is(&'static str),
    /// Read, and the vendor does not show the field.
    Hidden,
    Unchanged,
    Unread,
}
use Now::{Hidden, Is, Unchanged, Unread};

fn spot(side: Side, now: Now) -> Spot {
    match now {
        Is(text) => Spot::Seen(record(side, &[(side.of("l", "r"), text)])),
        Hidden => Spot::Seen(record(side, &[])),
        Unchanged => Spot::Unchanged,
        Unread => Spot::Unread,
    }
}

fn one_field(tweak: fn(&mut FieldMapping)) -> syncline_mapping::ObjectMapping {
    let mut field = two_way("f", Lens::Field("l".into()), Lens::Field("r".into()));
    tweak(&mut field);
    mapping(vec![field])
}

type Row = (&'static str, fn(&mut FieldMapping), Option<(&'static str, &'static str)>, Now, Now, &'static str);

fn scene(tweak: fn(&mut FieldMapping), base: Option<(&str, &str)>, left: Now, right: Now) -> Scene {
    let scene = Scene::new(one_field(tweak), spot(Side::Left, left), spot(Side::Right, right));
    match base {
        Some((l, r)) => scene.linked(&record(Side::Left, &[("l", l)]), &record(Side::Right, &[("r", r)])),
        None => scene,
    }
}

fn check(rows: &[Row]) {
    for (why, tweak, base, left, right, expected) in rows {
        assert_eq!(scene(*tweak, *base, *left, *right).said(), *expected, "{why}");
    }
}

const PLAIN: fn(&mut FieldMapping) = |_| {};
const TO_RIGHT: fn(&mut FieldMapping) = |field| field.flow = Flow::ToRight;
const TO_LEFT: fn(&mut FieldMapping) = |field| field.flow = Flow::ToLeft;
const LEAVE: fn(&mut FieldMapping) = |field| {
    field.flow = Flow::ToRight;
    field.drift = Drift::Leave;
};
const FILL: fn(&mut FieldMapping) = |field| {
    field.write.left = WritePolicy::FillEmpty;
    field.write.right = WritePolicy::FillEmpty;
};
const NEVER_CLEAR: fn(&mut FieldMapping) = |field| field.write.right = WritePolicy::NeverClear;
const HOLD: fn(&mut FieldMapping) = |field| field.conflict = Conflict::Hold;

#[test]
fn three_way_merge_of_a_linked_field() {
    let same = Some(("a", "a"));
    check(&[
        ("nothing changed", PLAIN, same, Is("a"), Is("a"), "no change"),
        ("left changed", PLAIN, same, Is("b"), Is("a"), "update r1 r=\"b\""),
        ("right changed", PLAIN, same, Is("a"), Is("b"), "update l1 l=\"b\""),
        ("both to the same", PLAIN, same, Is("b"), Is("b"), "no change"),
        ("both apart", PLAIN, same, Is("b"), Is("c"), "update r1 r=\"b\"; loses right f \"c\""),
        ("each side is measured by its own base", PLAIN, Some(("a", "A.")), Is("a"), Is("A."), "no change"),
        ("left came to what right shows", PLAIN, Some(("a", "b")), Is("b"), Is("b"), "no change"),
        ("white space is no change", PLAIN, same, Is("a "), Is(" a"), "no change"),
        ("left changed, right is as it was", PLAIN, same, Is("b"), Unchanged, "update r1 r=\"b\""),
        ("right changed, left is as it was", PLAIN, same, Unchanged, Is("b"), "update l1 l=\"b\""),
        ("both as they were", PLAIN, same, Unchanged, Unchanged, "no change"),
        ("left was not read", PLAIN, same, Unread, Is("b"), "look left"),
        ("right was not read", PLAIN, same, Is("a"), Unread, "look right"),
    ]);
}

/// Phones are compared as numbers and written as they were typed.
#[test]
fn a_phone_crosses_as_it_was_typed() {
    let phone: fn(&mut FieldMapping) = |field| field.equality = syncline_mapping::Equality::Phone { region: Some("DE".to_owned()) };
    let same = Some(("+49 171 5550143", "+49 171 5550143"));
    check(&[
        ("another spelling is no change", phone, same, Is("0171 / 555 0143"), Is("+49 171 5550143"), "no change"),
        ("another number, as typed", phone, same, Is("0171 / 555 0144"), Is("+49 171 5550143"), "update r1 r=\"0171 / 555 0144\""),
        ("the same, the other way", phone, same, Is("+49 171 5550143"), Is("(0171) 555-0144"), "update l1 l=\"(0171) 555-0144\""),
        ("both to one number", phone, same, Is("0171 5550144"), Is("+491715550144"), "no change"),
    ]);
}

#[test]
fn fs_3_fs_4_one_way_and_drift() {
    let same = Some(("a", "a"));
    check(&[
        ("the source's change goes", TO_RIGHT, same, Is("b"), Is("a"), "update r1 r=\"b\""),
        ("the source's change goes, the other way", TO_LEFT, same, Is("a"), Is("b"), "update l1 l=\"b\""),
        ("drift is overwritten and stands in the history", TO_RIGHT, same, Is("a"), Is("b"), "update r1 r=\"a\"; loses right f \"b\""),
        ("drift on the left", TO_LEFT, same, Is("b"), Is("a"), "update l1 l=\"a\"; loses left f \"b\""),
        ("to overwrite drift the source must be seen", TO_RIGHT, same, Unchanged, Is("b"), "look left"),
        ("drift is left", LEAVE, same, Is("a"), Is("b"), "no change"),
        ("drift is left without a look at the source", LEAVE, same, Unchanged, Is("b"), "no change"),
        ("both changed: the source wins", LEAVE, same, Is("b"), Is("c"), "update r1 r=\"b\"; loses right f \"c\""),
        ("both changed: the source wins, not the master", TO_LEFT, same, Is("b"), Is("c"), "update l1 l=\"c\"; loses left f \"b\""),
        ("drift to what the source shows", TO_RIGHT, Some(("b", "a")), Is("b"), Is("b"), "no change"),
    ]);
}

#[test]
fn drift_that_was_left_stays_until_the_source_changes() {
    let mut scene = scene(LEAVE, Some(("a", "a")), Is("a"), Is("b"));
    let plan = scene.plan();
    assert_eq!(plan.fields[0].decision, Decision::Drifted(Side::Right));
    scene.base = Some(scene.base_after(&plan, (true, true), (None, None)));
    assert_eq!(scene.said(), "no change");
    scene.spots.left = spot(Side::Left, Is("c"));
    assert_eq!(scene.said(), "update r1 r=\"c\"");
}

#[test]
fn fs_10_fill_empty() {
    check(&[
        ("an empty target is filled", FILL, Some(("", "")), Is("b"), Is(""), "update r1 r=\"b\""),
        ("a target known to be empty is filled unread", FILL, Some(("", "")), Is("b"), Unchanged, "update r1 r=\"b\""),
        ("a value is never replaced", FILL, Some(("a", "a")), Is("b"), Is("a"), "no change"),
        ("a value is never replaced unread", FILL, Some(("a", "a")), Is("b"), Unchanged, "no change"),
        ("nor is it cleared", FILL, Some(("a", "a")), Is(""), Is("a"), "no change"),
        ("both changed: each keeps its own", FILL, Some(("a", "a")), Is("b"), Is("c"), "no change"),
        ("first link, empty", FILL, None, Is("b"), Is(""), "update r1 r=\"b\"; join"),
        ("first link, blank counts as empty", FILL, None, Is("b"), Is("  "), "update r1 r=\"b\"; join"),
        ("first link, other value", FILL, None, Is("b"), Is("c"), "no change; join"),
    ]);
}

#[test]
fn fs_11_a_null_clears_only_after_the_first_link() {
    check(&[
        ("first link: left is empty", PLAIN, None, Is(""), Is("b"), "update l1 l=\"b\"; join"),
        ("first link: right is empty", PLAIN, None, Is("b"), Is(""), "update r1 r=\"b\"; join"),
        ("first link, one way: an empty source clears nothing", TO_RIGHT, None, Is(""), Is("b"), "no change; join"),
        ("first link, one way: an empty target is filled", TO_RIGHT, None, Is("b"), Is(""), "update r1 r=\"b\"; join"),
        ("first link: both empty", PLAIN, None, Is(""), Is(""), "no change; join"),
        ("first link: both the same", PLAIN, None, Is("b"), Is("b "), "no change; join"),
        ("first link: they differ", PLAIN, None, Is("b"), Is("c"), "update r1 r=\"b\"; loses right f \"c\"; join"),
        ("from then on a null clears", PLAIN, Some(("a", "a")), Is(""), Is("a"), "update r1 r=null"),
        ("and the other way", PLAIN, Some(("a", "a")), Is("a"), Is(""), "update l1 l=null"),
        ("a cleared master wins", PLAIN, Some(("a", "a")), Is(""), Is("b"), "update r1 r=null; loses right f \"b\""),
        ("never_clear keeps it", NEVER_CLEAR, Some(("a", "a")), Is(""), Is("a"), "no change"),
        ("never_clear writes values", NEVER_CLEAR, Some(("a", "a")), Is("b"), Is("a"), "update r1 r=\"b\""),
        ("never_clear holds for conflicts", NEVER_CLEAR, Some(("a", "a")), Is(""), Is("b"), "no change"),
        ("unlinked, and not read", PLAIN, None, Is("a"), Unread, "look right"),
        ("unlinked, there is nothing to be unchanged from", PLAIN, None, Unchanged, Is("a"), "look left"),
    ]);
}

#[test]
fn a_source_that_was_empty_at_the_first_link_clears_nothing_later_either() {
    let mut scene = scene(TO_RIGHT, None, Is(""), Is("b"));
    scene.base = Some(scene.base_after(&scene.plan(), (true, true), (None, None)));
    assert_eq!(scene.said(), "no change");
}

#[test]
fn conflicts_that_a_person_decides() {
    check(&[
        ("held", HOLD, Some(("a", "a")), Is("b"), Is("c"), "hold BothChanged { fields: [\"f\"] }"),
        ("held on a first link", HOLD, None, Is("b"), Is("c"), "hold BothChanged { fields: [\"f\"] }; join"),
        ("no conflict, no hold", HOLD, Some(("a", "a")), Is("b"), Is("a"), "update r1 r=\"b\""),
        ("an empty side is no conflict on a first link", HOLD, None, Is("b"), Is(""), "update r1 r=\"b\"; join"),
    ]);
    // The base stays, so that it is held again, until one side gives in.
    let mut scene = scene(HOLD, Some(("a", "a")), Is("b"), Is("c"));
    let before = scene.base.clone();
    scene.base = Some(scene.base_after(&scene.plan(), (true, true), (None, None)));
    assert_eq!(scene.base, before);
    scene.spots.right = spot(Side::Right, Is("b"));
    assert_eq!(scene.said(), "no change");
    scene.spots.right = spot(Side::Right, Is("a"));
    assert_eq!(scene.said(), "update r1 r=\"b\"");
}

#[test]
fn the_later_side_wins_and_the_master_breaks_ties() {
    let rows = [
        (Some(5), Some(4), Side::Right, "update r1 r=\"b\"; loses right f \"c\""),
        (Some(4), Some(5), Side::Left, "update l1 l=\"c\"; loses left f \"b\""),
        (Some(4), Some(4), Side::Right, "update l1 l=\"c\"; loses left f \"b\""),
        (Some(4), None, Side::Right, "update l1 l=\"c\"; loses left f \"b\""),
        (None, Some(4), Side::Left, "update r1 r=\"b\"; loses right f \"c\""),
    ];
    for (left, right, master, expected) in rows {
        let stamped = |side: Side, text: &str, stamp: Option<i64>| {
            let record = record(side, &[(side.of("l", "r"), text)]);
            Spot::Seen(stamp.map_or(record.clone(), |second| at(record, second)))
        };
        let mut scene = scene(|field| field.conflict = Conflict::Latest, Some(("a", "a")), Is("b"), Is("c"));
        scene.spots.left = stamped(Side::Left, "b", left);
        scene.spots.right = stamped(Side::Right, "c", right);
        scene.master = master;
        assert_eq!(scene.said(), expected, "{left:?} {right:?}");
    }
}

#[test]
fn the_opt_out_wins_whoever_is_master() {
    let flag = |side: Side, value: Option<bool>| {
        Spot::Seen(record(side, &[]).with_field(side.of("l", "r"), value.map_or(Value::Null, Value::Bool)))
    };
    let rows = [
        (Some(false), Some(true), "update l1 l=true; loses left f false; join"),
        (Some(true), Some(false), "update r1 r=true; loses right f false; join"),
        (Some(true), None, "update r1 r=true; join"),
        (Some(false), Some(false), "no change; join"),
    ];
    for master in [Side::Left, Side::Right] {
        for (left, right, expected) in rows {
            let mut scene = scene(|field| field.conflict = Conflict::OptOutWins, None, Is(""), Is(""));
            scene.spots.left = flag(Side::Left, left);
            scene.spots.right = flag(Side::Right, right);
            scene.master = master;
            assert_eq!(scene.said(), expected, "{left:?} {right:?} {master}");
        }
    }
    // Taking an opt-out back on one side alone is no conflict.
    let mut scene = scene(|field| field.conflict = Conflict::OptOutWins, None, Is(""), Is(""));
    let on = |side: Side| record(side, &[]).with_field(side.of("l", "r"), Value::Bool(true));
    scene = scene.linked(&on(Side::Left), &on(Side::Right));
    scene.spots.left = flag(Side::Left, Some(false));
    scene.spots.right = flag(Side::Right, Some(true));
    assert_eq!(scene.said(), "update r1 r=false");
}

/// The left says who may be written to, the right who may not.
#[test]
fn sz_4_the_opt_out_wins_also_over_an_opt_in_that_is_turned_round() {
    let flagged = |side: Side, value: bool| record(side, &[]).with_field(side.of("l", "r"), Value::Bool(value));
    let inverted = |master: Side| {
        let tweak: fn(&mut FieldMapping) = |field| {
            field.conflict = Conflict::OptOutWins;
            field.lens.left = Lens::Not("l".into());
        };
        let mut scene = scene(tweak, None, Is(""), Is(""));
        scene.master = master;
        scene
    };
    let rows = [
        // What the two agreed on, and what stands there now: opted in on the left, opted out on the right.
        ((true, false), (false, false), "update r1 r=true"),
        ((true, false), (true, true), "update l1 l=false"),
        ((false, true), (true, true), "update r1 r=false"),
        ((false, true), (false, false), "update l1 l=true"),
        ((true, false), (false, true), "no change"),
    ];
    for master in [Side::Left, Side::Right] {
        for (base, now, expected) in rows {
            let mut scene = inverted(master).linked(&flagged(Side::Left, base.0), &flagged(Side::Right, base.1));
            scene.spots.left = Spot::Seen(flagged(Side::Left, now.0));
            scene.spots.right = Spot::Seen(flagged(Side::Right, now.1));
            assert_eq!(scene.said(), expected, "{base:?} {now:?} {master}");
        }
        // A first link of two that differ: whoever opted out wins, whoever is master.
        for (now, expected) in [((true, true), "update l1 l=false"), ((false, false), "update r1 r=true")] {
            let mut scene = inverted(master);
            scene.spots.left = Spot::Seen(flagged(Side::Left, now.0));
            scene.spots.right = Spot::Seen(flagged(Side::Right, now.1));
            assert!(scene.said().starts_with(expected), "{} {now:?} {master}", scene.said());
        }
    }
}

#[test]
fn fs_12_a_value_that_the_target_refused_is_left_out() {
    let unless_taken: fn(&mut FieldMapping) = |field| field.write.right = WritePolicy::UnlessTaken;
    let mut scene = scene(unless_taken, Some(("a", "a")), Is("b"), Is("a"));
    assert_eq!(scene.said(), "update r1 r=\"b\"");
    scene.leave_out.insert("f".to_owned());
    let plan = scene.plan();
    assert_eq!((said(&plan).as_str(), plan.fields[0].decision), ("no change", Decision::Kept(Side::Right)));
    // It is not tried again until the value changes.
    scene.base = Some(scene.base_after(&plan, (true, true), (None, None)));
    scene.leave_out.clear();
    assert_eq!(scene.said(), "no change");
    scene.spots.left = spot(Side::Left, Is("c"));
    assert_eq!(scene.said(), "update r1 r=\"c\"");
}

#[test]
fn a_hidden_field_rests_and_forgets_nothing() {
    let mut scene = scene(PLAIN, Some(("a", "a")), Hidden, Is("b"));
    let before = scene.base.clone();
    let plan = scene.plan();
    assert_eq!(said(&plan), "no change");
    scene.base = Some(scene.base_after(&plan, (true, true), (None, None)));
    assert_eq!(scene.base, before, "the right side's change still waits");
    scene.spots.left = spot(Side::Left, Is("a"));
    assert_eq!(scene.said(), "update l1 l=\"b\"");
    check(&[
        ("hidden on a first link", PLAIN, None, Is("a"), Hidden, "no change; join"),
        ("hidden where the other is as it was", PLAIN, Some(("a", "a")), Unchanged, Hidden, "no change"),
    ]);
}

#[test]
fn what_a_record_does_not_have_waits_until_it_has_it() {
    // A lead has no such field, which its vendor says when it is made, or when it is read. The contact that it becomes has it: empty, or as it was.
    let without = record(Side::Right, &[]);
    for (base, sight, answer) in [
        (None, Spot::Nothing, Some(&without)),
        (None, Spot::Seen(without.clone()), None),
        (Some(("b", "a")), spot(Side::Right, Is("a")), Some(&without)),
    ] {
        let mut scene = scene(PLAIN, base, Is("b"), Unread);
        scene.spots.right = sight;
        if base.is_some() {
            scene.spots.left = spot(Side::Left, Is("c"));
        }
        scene.base = Some(scene.base_after(&scene.plan(), (true, true), (None, answer)));
        let quiet =
            |scene: &Scene, record: &Record| !has_changed(&scene.mapping, &scene.marker, scene.base.as_ref().unwrap(), Side::Left, record);
        let Spot::Seen(left) = scene.spots.left.clone() else { panic!("seen") };
        assert!(quiet(&scene, &left), "a change that waits is no news");
        // A later edit waits too, whether the lead was read or is as it was.
        for lead in [Spot::Seen(without.clone()), Spot::Unchanged] {
            scene.spots.right = lead;
            let later = record(Side::Left, &[("l", "d")]);
            scene.spots.left = Spot::Seen(later.clone());
            assert_eq!(scene.said(), "no change");
            scene.base = Some(scene.base_after(&scene.plan(), (true, true), (None, None)));
            assert!(quiet(&scene, &later));
        }
        for (first, said) in [("", "update r1 r=\"d\""), ("a", "update r1 r=\"d\"; loses right f \"a\"")] {
            let has = record(Side::Right, &[("r", first)]);
            assert!(has_changed(&scene.mapping, &scene.marker, scene.base.as_ref().unwrap(), Side::Right, &has));
            scene.spots.right = Spot::Seen(has);
            assert_eq!(scene.said(), said);
        }
        scene.spots.left = Spot::Unchanged;
        assert_eq!(scene.said(), "look left");
    }
}

#[test]
fn a_record_that_moved_to_where_it_has_no_such_field_is_not_emptied_by_it() {
    let fields = ["kept", "left"].map(|name| two_way(name, Lens::Field(format!("l{name}").into()), Lens::Field(format!("r{name}").into())));
    let (left, right) = ([("lkept", "b"), ("lleft", "x")], [("rkept", "a"), ("rleft", "x")]);
    let right = record(Side::Right, &right);
    let scene = Scene::new(mapping(fields.into()), Spot::Seen(record(Side::Left, &left)), Spot::Seen(right.clone()));
    let mut scene = scene.linked(&record(Side::Left, &[("lkept", "a"), ("lleft", "x")]), &right);
    let moved = record(Side::Right, &[("rkept", "b")]);
    scene.base = Some(scene.base_after(&scene.plan(), (true, true), (None, Some(&moved))));
    scene.spots.right = Spot::Seen(moved);
    assert_eq!(scene.said(), "no change");
    // It moves on to where it has the field, empty: nobody emptied it.
    scene.spots.right = Spot::Seen(record(Side::Right, &[("rkept", "b"), ("rleft", "")]));
    assert_eq!(scene.said(), "update r1 rleft=\"x\"");
}

#[test]
fn a_field_that_is_new_to_the_mapping_is_a_first_link_for_itself_alone() {
    let fields = |names: &[&str]| {
        names.iter().map(|name| two_way(name, Lens::Field(format!("l{name}").into()), Lens::Field(format!("r{name}").into()))).collect()
    };
    let left = |old: &str, new: &str| record(Side::Left, &[("lold", old), ("lnew", new)]);
    let right = |old: &str, new: &str| record(Side::Right, &[("rold", old), ("rnew", new)]);
    let old = mapping(fields(&["old"]));
    let base = Scene::new(old, Spot::Nothing, Spot::Nothing).linked(&left("a", ""), &right("a", "")).base;
    let mut scene = Scene::new(mapping(fields(&["old", "new"])), Spot::Seen(left("", "")), Spot::Seen(right("a", "n")));
    scene.base = base;
    assert_eq!(scene.said(), "update l1 lnew=\"n\"; update r1 rold=null", "the old field is cleared, the new one filled");
    scene.spots.left = Spot::Unchanged;
    assert_eq!(scene.said(), "look left", "there is no base to be unchanged from");
    let Spot::Seen(record) = scene.spots.right.clone() else { panic!("seen") };
    assert!(has_changed(&scene.mapping, &scene.marker, scene.base.as_ref().unwrap(), Side::Right, &record));
}

#[test]
fn an_ended_plan_keeps_the_base() {
    // Looking, waiting, holding and skipping decide no field; a base made of them must not forget what was agreed.
    let scene = scene(PLAIN, Some(("a", "a")), Is("b"), Unread);
    let plan = scene.plan();
    assert_eq!(said(&plan), "look right");
    assert_eq!(Some(scene.base_after(&plan, (true, true), (None, None))), scene.base);
}

#[test]
fn a_write_that_was_not_made_is_proposed_again() {
    let mut scene = scene(PLAIN, Some(("a", "a")), Is("b"), Is("a"));
    let plan = scene.plan();
    scene.base = Some(scene.base_after(&plan, (true, false), (None, None)));
    assert_eq!(scene.plan(), plan);
}

#[test]
fn an_echo_is_no_change_where_the_vendor_stores_its_own_form() {
    let scene = scene(PLAIN, Some(("a", "a")), Is("b"), Is("a"));
    let stored: Record = record(Side::Right, &[("r", "B!")]);
    let base = scene.base_after(&scene.plan(), (true, true), (None, Some(&stored)));
    let changed = |record: &Record| has_changed(&scene.mapping, &scene.marker, &base, Side::Right, record);
    assert!(!changed(&stored));
    assert!(changed(&record(Side::Right, &[("r", "b")])));
    assert!(changed(&record(Side::Right, &[("r", "")])));
    assert!(!changed(&record(Side::Right, &[])), "what was not read tells nothing");
    let other_key = syncline_mapping::Marker::new([8; 32], syncline_mapping::Retain::Fingerprints);
    assert!(has_changed(&scene.mapping, &other_key, &base, Side::Right, &stored), "prints tell nothing without the key");
    let plain = marker(syncline_mapping::Retain::Values).mark("f", &Value::text("B!"));
    assert!(!format!("{base:?} {plain:?}").contains("B!"), "values stay out of debug output");
}
