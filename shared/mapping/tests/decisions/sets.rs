//! Sets that both sides changed: additions and removals of both are kept.

use proptest::prelude::*;
use syncline_mapping::{Base, Conflict, Decision, FieldMapping, Lens, Retain, WritePolicy};
use syncline_model::{Record, Side, Value};

use crate::scene::{SIDES, Scene, Spot, mapping, marker, record, said, two_way};
use crate::world::{PLAIN, Quirks, any_joined, any_record};

fn tags(text: &str) -> Value {
    Value::set(text.split_whitespace().map(str::to_owned))
}

fn left(text: &str) -> Record {
    record(Side::Left, &[]).with_field("tags", tags(text))
}

/// The same in a text field, with commas.
fn right(text: &str) -> Record {
    record(Side::Right, &[]).with_field("Tags__c", Value::text(text.split_whitespace().collect::<Vec<_>>().join(",")))
}

fn field() -> FieldMapping {
    two_way("tags", Lens::Field("tags".into()), Lens::CommaText("Tags__c".into()))
}

fn scene(field: FieldMapping, base: Option<(&str, &str)>, now: (&str, &str), retain: Retain) -> Scene {
    let mut scene = Scene::new(mapping(vec![field]), Spot::Seen(left(now.0)), Spot::Seen(right(now.1)));
    scene.marker = marker(retain);
    match base {
        Some((l, r)) => scene.linked(&left(l), &right(r)),
        // Linked, and nothing agreed on in this field yet.
        None => Scene { base: Some(Base::default()), ..scene },
    }
}

#[test]
fn fs_13_both_sides_changes_of_tags_are_kept() {
    let cases = [
        // base; left and right now; what is written
        (Some(("a", "a")), ("a b", "a c"), "update l1 tags=[\"a\",\"b\",\"c\"] update r1 Tags__c=\"a,b,c\""),
        (Some(("a b", "a b")), ("a", "a b c"), "update l1 tags=[\"a\",\"c\"] update r1 Tags__c=\"a,c\""),
        (Some(("a b", "a b")), ("b", "a"), "update l1 tags=null update r1 Tags__c=null"),
        (Some(("a", "a")), ("a b", "b a"), "no change"),
        (Some(("a", "a")), ("a b", "a"), "update r1 Tags__c=\"a,b\""),
        (Some(("a x", "a")), ("a b x", "a c"), "update l1 tags=[\"a\",\"b\",\"c\",\"x\"] update r1 Tags__c=\"a,b,c\""),
        // Nothing was agreed on yet: a first link takes nothing away.
        (None, ("a", "b"), "update l1 tags=[\"a\",\"b\"] update r1 Tags__c=\"a,b\""),
    ];
    for retain in [Retain::Fingerprints, Retain::Values] {
        for (base, now, expected) in cases {
            assert_eq!(scene(field(), base, now, retain).said().replace("; ", " "), expected, "{retain:?} {base:?} {now:?}");
        }
    }
}

#[test]
fn a_tag_with_a_comma_is_reported_and_not_split() {
    let mut scene = scene(field(), Some(("a", "a")), ("a", "a c"), Retain::Fingerprints);
    scene.spots.left = Spot::Seen(record(Side::Left, &[]).with_field("tags", Value::set(["a".to_owned(), "x,y".to_owned()])));
    assert!(scene.said().starts_with("hold"), "{}", scene.said());
}

#[test]
fn who_names_a_policy_means_the_whole_set() {
    let whole = |conflict: Conflict| FieldMapping { whole_sets: true, conflict, ..field() };
    let both = |field| scene(field, Some(("a", "a")), ("a b", "a c"), Retain::Fingerprints);
    assert_eq!(both(whole(Conflict::Master)).said(), "update r1 Tags__c=\"a,b\"; loses right tags \"a,c\"");
    assert!(matches!(both(whole(Conflict::Hold)).plan().fields[0].decision, Decision::Held));
    let mut fills = field();
    fills.write.right = WritePolicy::FillEmpty;
    assert!(!matches!(both(fills).plan().fields[0].decision, Decision::Merged { .. }));
}

/// A base that was stored before items were marked: the set is decided as a whole, and its items are marked from then on.
#[test]
fn a_base_without_items_decides_the_whole_set_once() {
    let mut scene = scene(field(), Some(("a", "a")), ("a b", "a c"), Retain::Fingerprints);
    let base = scene.base.as_mut().unwrap();
    base.0.get_mut("tags").unwrap().items = None;
    let plan = scene.plan();
    assert_eq!(said(&plan), "update r1 Tags__c=\"a,b\"; loses right tags \"a,c\"");
    assert!(scene.base_after(&plan, (true, true), (None, None)).0["tags"].items.is_some());
}

#[test]
fn items_rest_as_keyed_hashes_once_where_both_sides_are_alike() {
    let alike = scene(field(), Some(("gold silver", "silver gold")), ("", ""), Retain::Fingerprints).base.unwrap();
    let text = serde_json::to_string(&alike).unwrap();
    assert!(!text.contains("gold") && text.contains("\"s\":{\"l\":["), "{text}");
    assert!(!text.contains("\"s\":{\"l\":[],\"r\""), "{text}");
    let read: syncline_mapping::Base = serde_json::from_str(&text).unwrap();
    assert_eq!(read, alike);
    let old: syncline_mapping::Base = serde_json::from_str(r#"{"tags":{"l":"e","r":{"h":"x"}}}"#).unwrap();
    assert!(old.0["tags"].items.is_none() && old.0["tags"].owner_not_found.is_none());
}

fn shown(side: Side, record: &Record) -> Vec<String> {
    let field = field();
    let view = field.lens.of(side).get(&crate::scene::raw(&field, side, record).unwrap()).unwrap();
    if let Value::Set(items) = field.equality.normal(&view) { items.into_iter().collect() } else { Vec::new() }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    /// What either side's users added is on both sides afterwards, what they removed is on neither unless the other's users added it, and nothing
    /// else came or went. Then it is quiet.
    #[test]
    fn additions_and_removals_of_both_arrive(
        mut world in any_joined(PLAIN),
        left_edit in any_record(Side::Left, PLAIN),
        right_edit in any_record(Side::Right, PLAIN),
        values in any::<bool>(),
    ) {
        world.scene.mapping = mapping(vec![field()]);
        world.quirks = Quirks::NONE;
        world.scene.base = None;
        world.scene.marker = marker(if values { Retain::Values } else { Retain::Fingerprints });
        let plan = world.plan();
        world.carry_out(&plan, (true, true));
        let before = shown(Side::Left, &world.now.left);
        prop_assert_eq!(&before, &shown(Side::Right, &world.now.right));
        world.now.left = left_edit;
        world.now.right = right_edit;
        world.see_both();
        let edited = [shown(Side::Left, &world.now.left), shown(Side::Right, &world.now.right)];
        let plan = world.plan();
        world.carry_out(&plan, (true, true));
        let after = shown(Side::Left, &world.now.left);
        prop_assert_eq!(&after, &shown(Side::Right, &world.now.right));
        for item in before.iter().chain(edited.iter().flatten()) {
            let added = edited.iter().any(|items| items.contains(item)) && !before.contains(item);
            let removed = before.contains(item) && edited.iter().any(|items| !items.contains(item));
            prop_assert_eq!(after.contains(item), added || (before.contains(item) && !removed), "{}", item);
        }
        prop_assert!(plan.losses.is_empty());
        let quiet = world.plan();
        prop_assert!(SIDES.into_iter().all(|side| quiet.write(side).is_none()), "{}", said(&quiet));
    }
}
