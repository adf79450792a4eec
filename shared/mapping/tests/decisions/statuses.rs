//! A field whose two sides name states in words of their own: many of one side's share one of the other's, and some are nobody's business.

use proptest::prelude::*;
use syncline_mapping::{Decision, Drift, FieldMapping, Flow, Lens, Occasion, Others, Pair, Retain, ValueMap, has_changed};
use syncline_model::{Side, Value};

use crate::scene::{SIDES, Scene, Spot, base_of, mapping, marker, raw, record, said, two_way};

const PHONE: &[(&str, &str)] = &[("available", "online"), ("unavailable", "offline"), ("lunch", "offline"), ("training", "offline")];
const DESK: &[(&str, &str)] = &[("online", "online"), ("offline", "offline"), ("away", "offline"), ("transfers", "offline")];
/// Not in the tables.
const SCHEDULE: &str = "schedule";
const CUSTOM: &str = "gardening";

fn table(field: &str, pairs: &[(&str, &str)]) -> Lens {
    let pairs = pairs.iter().map(|(raw, view)| ((*raw).to_owned(), (*view).to_owned())).collect();
    Lens::Mapped { field: field.into(), map: ValueMap { pairs, others: Others::Leave } }
}

fn status(flow: Flow, drift: Drift) -> FieldMapping {
    FieldMapping { flow, drift, ..two_way("status", table("phone", PHONE), table("desk", DESK)) }
}

fn spot(side: Side, text: &str) -> Spot {
    Spot::Seen(record(side, &[(side.of("phone", "desk"), text)]))
}

/// The pair linked, with the statuses that it had when it last agreed, and now.
fn linked(flow: Flow, drift: Drift, before: (&str, &str), now: (&str, &str)) -> Scene {
    let scene = Scene::new(mapping(vec![status(flow, drift)]), spot(Side::Left, now.0), spot(Side::Right, now.1));
    scene.linked(&record(Side::Left, &[("phone", before.0)]), &record(Side::Right, &[("desk", before.1)]))
}

fn met(flow: Flow, drift: Drift, occasion: Occasion, now: (&str, &str)) -> Scene {
    let scene = Scene::new(mapping(vec![status(flow, drift)]), spot(Side::Left, now.0), spot(Side::Right, now.1));
    Scene { occasion, ..scene }
}

#[test]
fn az_3_az_4_each_source_has_its_words_for_the_target() {
    let (to_desk, to_phone) = (Flow::ToRight, Flow::ToLeft);
    let rows = [
        (to_desk, ("available", "online"), ("unavailable", "online"), "update r1 desk=\"offline\""),
        (to_desk, ("unavailable", "offline"), ("available", "offline"), "update r1 desk=\"online\""),
        (to_phone, ("available", "online"), ("available", "away"), "update l1 phone=\"unavailable\""),
        (to_phone, ("available", "online"), ("available", "transfers"), "update l1 phone=\"unavailable\""),
        (to_phone, ("unavailable", "offline"), ("unavailable", "online"), "update l1 phone=\"available\""),
    ];
    for (flow, before, now, expected) in rows {
        assert_eq!(linked(flow, Drift::Leave, before, now).said(), expected, "{before:?} {now:?}");
    }
}

#[test]
fn az_5_what_a_table_does_not_name_is_neither_written_nor_an_error() {
    for flow in [Flow::Both, Flow::ToRight, Flow::ToLeft] {
        for (now, why) in [
            ((SCHEDULE, "online"), "the source"),
            (("available", CUSTOM), "the target"),
            ((SCHEDULE, CUSTOM), "both"),
            (("unavailable", CUSTOM), "the source's change does not take the target's own status away"),
        ] {
            let scene = linked(flow, Drift::Overwrite, ("available", "online"), now);
            let plan = scene.plan();
            assert_eq!((said(&plan).as_str(), plan.fields[0].decision), ("no change", Decision::LeftAlone), "{flow:?}: {why}");
            // It is settled: neither is looked at again before it changes.
            let base = scene.base_after(&plan, (true, true), (None, None));
            for side in SIDES {
                let Spot::Seen(record) = scene.spots.of(side) else { panic!("seen") };
                assert!(!has_changed(&scene.mapping, &scene.marker, &base, side, record), "{flow:?}: {why}");
            }
        }
    }
    // Back from it, the source has changed.
    let mut scene = linked(Flow::ToRight, Drift::Leave, ("available", "online"), (SCHEDULE, "online"));
    scene.base = Some(scene.base_after(&scene.plan(), (true, true), (None, None)));
    scene.spots.left = spot(Side::Left, "unavailable");
    assert_eq!(scene.said(), "update r1 desk=\"offline\"");
    // A table on one side leaves the other's words alone that it has no place for.
    let field = FieldMapping { flow: Flow::Both, ..two_way("status", table("phone", PHONE), Lens::Field("desk".into())) };
    let scene = Scene::new(mapping(vec![field]), spot(Side::Left, "available"), spot(Side::Right, CUSTOM));
    assert_eq!(scene.said(), "no change; join");
    let alone = Scene { spots: Pair::new(Spot::Nothing, spot(Side::Right, CUSTOM)), ..scene };
    assert_eq!(alone.said(), "create left ; join", "the record is made, without it");
}

#[test]
fn az_6_one_way_the_source_s_word_replaces_a_reason_of_the_same_meaning() {
    for (before, now) in [
        // The reason was given since, and seen or not.
        (("available", "online"), ("lunch", "offline")),
        (("lunch", "online"), ("lunch", "offline")),
    ] {
        let said = linked(Flow::ToLeft, Drift::Leave, before, now).said();
        assert!(said.starts_with("update l1 phone=\"unavailable\""), "{before:?}: {said}");
    }
    // Another word for the same is no change of the source.
    assert_eq!(linked(Flow::ToLeft, Drift::Leave, ("lunch", "away"), ("lunch", "offline")).said(), "no change");
}

#[test]
fn az_7_nothing_is_written_over_the_target_until_the_source_changes() {
    let drifted = linked(Flow::ToRight, Drift::Leave, ("available", "online"), ("available", "away"));
    assert_eq!((drifted.said().as_str(), drifted.plan().fields[0].decision), ("no change", Decision::Drifted(Side::Right)));
    let rows = [
        (Drift::Leave, Occasion::Joined, "no change; join"),
        (Drift::Leave, Occasion::Edited(Side::Right), "no change; join"),
        (Drift::Leave, Occasion::Edited(Side::Left), "update r1 desk=\"online\"; loses right status \"away\"; join"),
        (Drift::Leave, Occasion::BothEdited, "update r1 desk=\"online\"; loses right status \"away\"; join"),
        (Drift::Overwrite, Occasion::Joined, "update r1 desk=\"online\"; loses right status \"away\"; join"),
        (Drift::Overwrite, Occasion::Edited(Side::Right), "update r1 desk=\"online\"; loses right status \"away\"; join"),
        (Drift::Overwrite, Occasion::Listed, "no change; join"),
    ];
    for (drift, occasion, expected) in rows {
        assert_eq!(met(Flow::ToRight, drift, occasion, ("available", "away")).said(), expected, "{drift:?} {occasion:?}");
    }
}

#[test]
fn what_a_first_listing_shows_is_linked_as_it_is_and_measured_from_there() {
    let mut scene = met(Flow::Both, Drift::Overwrite, Occasion::Listed, ("available", "away"));
    let plan = scene.plan();
    assert_eq!(plan.fields[0].decision, Decision::LeftAlone);
    scene.base = Some(scene.base_after(&plan, (true, true), (None, None)));
    scene.occasion = Occasion::Edited(Side::Left);
    assert_eq!(scene.said(), "no change");
    scene.spots.left = spot(Side::Left, "lunch");
    assert_eq!(scene.said(), "no change", "the other side says as much");
    scene.spots.right = spot(Side::Right, "online");
    scene.spots.left = spot(Side::Left, "available");
    assert_eq!(scene.said(), "no change");
    let mut new = met(Flow::Both, Drift::Overwrite, Occasion::Listed, ("available", "away"));
    new.spots.right = Spot::Nothing;
    assert_eq!(new.said(), "skip NotChangedYet");
}

#[test]
fn az_11_a_reason_survives_the_trip_and_another_meaning_does_not_bring_it_back() {
    let mut scene = linked(Flow::Both, Drift::Overwrite, ("available", "online"), ("lunch", "online"));
    let step = |scene: &mut Scene, expected: &str| {
        let plan = scene.plan();
        assert_eq!(said(&plan), expected);
        let mut base = scene.base_after(&plan, (true, true), (None, None));
        for side in SIDES {
            if let Some(syncline_mapping::Write::Update { fields, .. }) = plan.write(side) {
                let text = fields.values().next().unwrap().as_text().unwrap().unwrap().to_owned();
                *scene.spots.of_mut(side) = spot(side, &text);
            }
        }
        std::mem::swap(&mut base, scene.base.as_mut().unwrap());
        assert_eq!(scene.said(), "no change", "no echo");
    };
    step(&mut scene, "update r1 desk=\"offline\"");
    // Other words of the desk for the same keep the reason.
    scene.spots.right = spot(Side::Right, "away");
    step(&mut scene, "no change");
    scene.spots.right = spot(Side::Right, "online");
    step(&mut scene, "update l1 phone=\"available\"");
    scene.spots.right = spot(Side::Right, "offline");
    step(&mut scene, "update l1 phone=\"unavailable\"");
}

fn named(side: Side) -> impl Strategy<Value = &'static str> {
    prop::sample::select(side.of(PHONE, DESK).iter().map(|(raw, _)| *raw).collect::<Vec<_>>())
}

fn word(side: Side) -> impl Strategy<Value = &'static str> {
    prop_oneof![4 => named(side), 1 => Just(side.of(SCHEDULE, CUSTOM))]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever happens to a pair, in whichever direction: after its own plan there is nothing left to do, no side's echo counts, and a side whose
    /// value is not synced is not written.
    #[test]
    fn statuses_come_to_rest(
        flow in prop::sample::select(vec![Flow::Both, Flow::ToLeft, Flow::ToRight]),
        drift in prop::sample::select(vec![Drift::Leave, Drift::Overwrite]),
        occasion in prop::sample::select(vec![Occasion::Joined, Occasion::Listed, Occasion::Edited(Side::Left), Occasion::Edited(Side::Right)]),
        before in prop::option::of((word(Side::Left), word(Side::Right))),
        now in (word(Side::Left), word(Side::Right)),
    ) {
        let mut scene = met(flow, drift, occasion, now);
        if let Some((left, right)) = before {
            let (left, right) = (record(Side::Left, &[("phone", left)]), record(Side::Right, &[("desk", right)]));
            scene.base = Some(base_of(&scene.mapping, &marker(Retain::Fingerprints), &left, &right));
        }
        let plan = scene.plan();
        let alone = now.0 == SCHEDULE || now.1 == CUSTOM;
        prop_assert!(!alone || (plan.left.is_none() && plan.right.is_none()), "{}", said(&plan));
        let base = scene.base_after(&plan, (true, true), (None, None));
        for side in SIDES {
            if let Some(syncline_mapping::Write::Update { fields, .. }) = plan.write(side) {
                let text = fields.values().next().and_then(|value| value.as_text().ok().flatten()).unwrap_or_default().to_owned();
                *scene.spots.of_mut(side) = spot(side, &text);
            }
        }
        for side in SIDES {
            let Spot::Seen(record) = scene.spots.of(side) else { continue };
            prop_assert!(!has_changed(&scene.mapping, &scene.marker, &base, side, record));
        }
        scene.base = Some(base);
        prop_assert_eq!(scene.said(), "no change");
    }

    /// Both ways the two sides mean the same in the end, unless one shows what is not synced.
    #[test]
    fn both_ways_they_agree(before in (named(Side::Left), named(Side::Right)), now in (named(Side::Left), named(Side::Right))) {
        let mut scene = linked(Flow::Both, Drift::Overwrite, before, now);
        // What agreed meant the same.
        let field = scene.mapping.fields[0].clone();
        let view = |side: Side, text: &str| field.lens.of(side).get(&[Value::text(text)]).unwrap();
        prop_assume!(view(Side::Left, before.0) == view(Side::Right, before.1));
        let plan = scene.plan();
        for side in SIDES {
            if let Some(syncline_mapping::Write::Update { fields, .. }) = plan.write(side) {
                let text = fields.values().next().and_then(|value| value.as_text().ok().flatten()).unwrap_or_default().to_owned();
                *scene.spots.of_mut(side) = spot(side, &text);
            }
        }
        let shown = |side: Side| {
            let Spot::Seen(record) = scene.spots.of(side) else { return None };
            field.lens.of(side).get(&raw(&field, side, record)?).ok()
        };
        prop_assert_eq!(shown(Side::Left), shown(Side::Right));
    }
}
