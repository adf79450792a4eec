//! Owners: the user of the other side with the same email, else the fallback user, who does not bounce.

use syncline_mapping::{Base, Decision, FieldMapping, Lens, OwnerNotFound};
use syncline_model::{Record, Side, Value};

use crate::scene::{Scene, Spot, mapping, record, two_way};

fn owner(name: &str, fallback: &str) -> Lens {
    Lens::Owner { field: name.into(), fallback: Some(fallback.into()) }
}

fn field() -> FieldMapping {
    two_way("owner", owner("owner_id", "main@left.example"), owner("OwnerId", "main@right.example"))
}

fn owned(side: Side, user: &str) -> Record {
    let value = if user.is_empty() { Value::Null } else { Value::Reference(user.into()) };
    record(side, &[]).with_field(side.of("owner_id", "OwnerId"), value)
}

/// Ida is l-ida and r-ida; l-bob and r-cy are known on their own side only; the main users are known on both.
fn scene(base: Option<(&str, &str)>, now: (&str, &str)) -> Scene {
    let spot = |side: Side, user: &str| Spot::Seen(owned(side, user));
    let mut scene = Scene::new(mapping(vec![field()]), spot(Side::Left, now.0), spot(Side::Right, now.1));
    for (left, right) in [("l-ida", "r-ida"), ("l-main", "r-main")] {
        scene.refs.insert_user(Side::Left, left.into(), right.into());
        scene.refs.insert_user(Side::Right, right.into(), left.into());
    }
    scene.refs.insert_named_user(Side::Left, "main@left.example".into(), "l-main".into());
    scene.refs.insert_named_user(Side::Right, "main@right.example".into(), "r-main".into());
    match base {
        Some((l, r)) => scene.linked(&owned(Side::Left, l), &owned(Side::Right, r)),
        // Linked, and nothing agreed on in this field yet.
        None => Scene { base: Some(Base::default()), ..scene },
    }
}

fn not_found(scene: &Scene) -> Option<OwnerNotFound> {
    scene.plan().fields[0].owner_not_found.clone()
}

fn unknown(side: Side, user: &str) -> OwnerNotFound {
    OwnerNotFound { side, user: user.into() }
}

#[test]
fn sz_3_the_user_with_the_same_email_and_else_the_main_user() {
    let same = Some(("l-main", "r-main"));
    let cases = [
        ("found", same, ("l-ida", "r-main"), "update r1 OwnerId=\"r-ida\"", None),
        ("found, the other way", same, ("l-main", "r-ida"), "update l1 owner_id=\"l-ida\"", None),
        ("unknown there", Some(("l-ida", "r-ida")), ("l-bob", "r-ida"), "update r1 OwnerId=\"r-main\"", Some(unknown(Side::Left, "l-bob"))),
        ("unknown here", Some(("l-ida", "r-ida")), ("l-ida", "r-cy"), "update l1 owner_id=\"l-main\"", Some(unknown(Side::Right, "r-cy"))),
        ("both to one person", same, ("l-ida", "r-ida"), "no change", None),
        ("a first link of one person", None, ("l-ida", "r-ida"), "no change", None),
        ("a first link, the master's owner", None, ("l-ida", "r-main"), "update r1 OwnerId=\"r-ida\"; loses right owner \"r-main\"", None),
        ("at a first link nobody gives way to a stand-in", None, ("l-bob", "r-ida"), "no change", Some(unknown(Side::Left, "l-bob"))),
        ("at a first link the stand-in fills", None, ("l-bob", ""), "update r1 OwnerId=\"r-main\"", Some(unknown(Side::Left, "l-bob"))),
    ];
    for (why, base, now, expected, missing) in cases {
        let scene = scene(base, now);
        assert_eq!(scene.said(), expected, "{why}");
        assert_eq!(not_found(&scene), missing, "{why}");
    }
}

#[test]
fn a_stand_in_is_nobodys_edit() {
    let mut scene = scene(Some(("l-ida", "r-ida")), ("l-bob", "r-ida"));
    let plan = scene.plan();
    scene.base = Some(scene.base_after(&plan, (true, true), (None, None)));
    scene.spots.right = Spot::Seen(owned(Side::Right, "r-main"));
    assert_eq!(scene.said(), "no change");
    assert_eq!(not_found(&scene), Some(unknown(Side::Left, "l-bob")), "it stays listed");
    // Somebody else over there: that is an edit, and the record is no longer listed.
    scene.spots.right = Spot::Seen(owned(Side::Right, "r-ida"));
    assert_eq!(scene.said(), "update l1 owner_id=\"l-ida\"");
    assert_eq!(not_found(&scene), None);
    // Nor does it bounce where the base was lost.
    scene.base = Some(Base::default());
    scene.spots.right = Spot::Seen(owned(Side::Right, "r-main"));
    assert_eq!(scene.said(), "no change");
    // The same where the right one is unknown on the left.
    scene.spots.left = Spot::Seen(owned(Side::Left, "l-main"));
    scene.spots.right = Spot::Seen(owned(Side::Right, "r-cy"));
    assert_eq!((scene.said().as_str(), not_found(&scene)), ("no change", Some(unknown(Side::Right, "r-cy"))));
}

#[test]
fn who_becomes_known_gets_the_record_back() {
    let mut scene = scene(Some(("l-ida", "r-ida")), ("l-bob", "r-ida"));
    let plan = scene.plan();
    scene.base = Some(scene.base_after(&plan, (true, true), (None, None)));
    scene.spots.right = Spot::Seen(owned(Side::Right, "r-main"));
    scene.refs.insert_user(Side::Left, "l-bob".into(), "r-bob".into());
    assert_eq!(scene.said(), "update r1 OwnerId=\"r-bob\"");
    let plan = scene.plan();
    let base = scene.base_after(&plan, (true, true), (None, None));
    assert_eq!(base.0["owner"].owner_not_found, None);
}

#[test]
fn without_a_stand_in_the_owner_stays() {
    let mut scene = scene(Some(("l-ida", "r-ida")), ("l-bob", "r-ida"));
    scene.mapping.fields[0].lens.right = Lens::Owner { field: "OwnerId".into(), fallback: None };
    assert_eq!((scene.said().as_str(), not_found(&scene)), ("no change", Some(unknown(Side::Left, "l-bob"))));
    assert_eq!(scene.plan().fields[0].decision, Decision::Kept(Side::Right));
}

#[test]
fn a_new_record_gets_its_owner_or_the_stand_in() {
    for (user, expected, missing) in [("l-ida", "r-ida", None), ("l-bob", "r-main", Some(unknown(Side::Left, "l-bob")))] {
        let mut scene = scene(None, (user, ""));
        scene.base = None;
        scene.spots.right = Spot::Nothing;
        let plan = scene.plan();
        assert!(scene.said().contains(&format!("OwnerId=\"{expected}\"")), "{}", scene.said());
        assert_eq!(plan.fields[0].owner_not_found, missing);
        assert_eq!(scene.base_after(&plan, (true, true), (None, None)).0["owner"].owner_not_found, missing.map(|unknown| unknown.side));
    }
}

#[test]
fn an_email_in_a_text_is_an_owner_too() {
    let mut scene = scene(Some(("l-main", "r-main")), ("l-main", "r-main"));
    scene.spots.left = Spot::Seen(record(Side::Left, &[("owner_id", "l-ida")]));
    assert_eq!(scene.said(), "update r1 OwnerId=\"r-ida\"");
}
