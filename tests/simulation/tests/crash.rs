//! Crash at every point: each scene is told once without trouble, and then once for every point at which it can be cut.
//!
//! A point is an effect, or its way back: "the vendor acted, and we do not know it" is a point of its own.

#![allow(clippy::panic, clippy::print_stdout, reason = "a test names what is wrong, and how far it walked")]

use syncline_simulation::house::Role;
use syncline_simulation::scripted::{Course, Loss, SCENES, Scene, Sight, Trouble, play};

/// A scene's walks, one test each. The number is what the scene has of effects, at the least: a walk that shrinks is noticed.
macro_rules! walks {
    ($($module:ident, $name:literal, $effects:literal;)*) => {
        /// Who walks through what, and how far.
        const WALKS: &[(&str, u64)] = &[$(($name, $effects)),*];

        $(mod $module {
            use super::Sight;

            #[test]
            fn killed_at_every_effect() {
                super::walk($name, &[Sight::Late], super::kills);
            }

            #[test]
            fn every_call_goes_wrong() {
                super::walk($name, &[Sight::Late], super::calls);
            }

            #[test]
            fn store_and_queue_go_wrong_at_every_point() {
                super::walk($name, &[Sight::Late], super::store_and_queue);
            }
        })*
    };
}

walks! {
    create_left, "create-left", 110;
    create_right, "create-right", 95;
    create_both, "create-both", 95;
    lookalikes_left, "lookalikes-left", 110;
    lookalikes_right, "lookalikes-right", 95;
    update_left, "update-left", 80;
    update_right, "update-right", 60;
    update_both, "update-both", 70;
    delete_left, "delete-left", 90;
    delete_right, "delete-right", 70;
    restore_left, "restore-left", 75;
    restore_right, "restore-right", 95;
    merge_left, "merge-left", 110;
    succeed_left, "succeed-left", 110;
    merge_right, "merge-right", 60;
    succeed_right, "succeed-right", 95;
    child_left, "child-left", 160;
    child_right, "child-right", 120;
    waiting_left, "waiting-left", 150;
    waiting_right, "waiting-right", 120;
    new_company_left, "new-company-left", 90;
    new_company_right, "new-company-right", 70;
    backfill, "backfill", 220;
}

#[test]
fn every_scene_is_walked_through() {
    let walked: Vec<&str> = WALKS.iter().map(|(name, _)| *name).collect();
    let scenes: Vec<&str> = SCENES.iter().map(|scene| scene.name).collect();
    assert_eq!(walked, scenes);
}

#[test]
fn a_scene_is_the_same_each_time() {
    let trouble = Trouble::Kill(vec![40]);
    let [once, again] = [(); 2].map(|()| play(scene("child-left"), Sight::Late, &trouble, true));
    assert_eq!(once.lines, again.lines);
    assert_eq!(once.remains, again.remains);
}

fn scene(name: &str) -> &'static Scene {
    SCENES.iter().find(|scene| scene.name == name).unwrap_or_else(|| panic!("there is no scene {name}"))
}

fn kills(untroubled: &Course) -> Vec<Trouble> {
    (0..untroubled.points.effects).map(|effect| Trouble::Kill(vec![effect])).collect()
}

fn calls(untroubled: &Course) -> Vec<Trouble> {
    (0..untroubled.points.calls).flat_map(|call| Loss::ALL.map(|loss| Trouble::Call(call, loss))).collect()
}

fn store_and_queue(untroubled: &Course) -> Vec<Trouble> {
    let points = untroubled.points;
    let reads = (0..points.reads).map(Trouble::ReadRefused);
    let writes = (0..points.writes).flat_map(|write| [Trouble::WriteRefused(write), Trouble::WriteAnswerLost(write)]);
    let sends = (0..points.sends).flat_map(|send| [Trouble::SendBrokeOff(send), Trouble::SendAnswerLost(send)]);
    reads.chain(writes).chain(sends).collect()
}

/// The scene without a trouble, which must be as it should be.
fn untroubled(scene: &Scene, sight: Sight) -> Course {
    let course = play(scene, sight, &Trouble::None, false);
    assert!(course.problems.is_empty(), "{}", complaint(scene, sight, &Trouble::None, &course, &course.problems));
    let least = WALKS.iter().find(|(name, _)| *name == scene.name).map_or(u64::MAX, |(_, least)| *least);
    assert!(course.points.effects >= least, "{} {sight}: only {:?}", scene.name, course.points);
    course
}

/// Plays a scene with each of the troubles that its untroubled course offers.
fn walk(name: &str, sights: &[Sight], troubles: fn(&Course) -> Vec<Trouble>) {
    let scene = scene(name);
    let (mut points, mut broken) = (0, Vec::new());
    for &sight in sights {
        let best = untroubled(scene, sight);
        for trouble in troubles(&best) {
            points += 1;
            broken.extend(complaint_about(scene, sight, &trouble, &best));
        }
    }
    judge(name, points, &broken);
}

fn judge(name: &str, points: usize, broken: &[String]) {
    println!("{name}: {points} points");
    assert!(points > 0, "no point was walked");
    assert!(broken.is_empty(), "{} of {points} points end badly:\n{}", broken.len(), broken.join("\n"));
}

fn complaint_about(scene: &Scene, sight: Sight, trouble: &Trouble, best: &Course) -> Option<String> {
    let course = play(scene, sight, trouble, false);
    let mut problems = course.problems.clone();
    if problems.is_empty() && course.remains != best.remains {
        problems.push(format!("what remains differs: {:?}, and without trouble {:?}", course.remains, best.remains));
    }
    (!problems.is_empty()).then(|| complaint(scene, sight, trouble, &course, &problems))
}

fn complaint(scene: &Scene, sight: Sight, trouble: &Trouble, course: &Course, problems: &[String]) -> String {
    let mut who = Vec::new();
    if let Trouble::Kill(effects) = trouble {
        let doer = |effect: &u64| course.doers.get(usize::try_from(*effect).ok()?).copied()?;
        who.extend(effects.iter().map(doer));
    }
    let (name, problems) = (scene.name, problems.join("; "));
    format!(
        "{name} {sight} {trouble} {who:?}: {problems}\n  its story: cargo run -p syncline-simulation --example scene -- {name} {sight} {trouble}"
    )
}

/// Who tries again after the first death dies too, at every point of the work that the first left undone.
fn walk_in_pairs(name: &str, works: fn(Role) -> bool, every: usize) {
    let (scene, sight) = (scene(name), Sight::Late);
    let best = untroubled(scene, sight);
    let at_work = |course: &Course, from: usize| -> Vec<u64> {
        let doers = course.doers.iter().enumerate().skip(from);
        doers.filter(|(_, role)| role.is_some_and(works)).filter_map(|(effect, _)| u64::try_from(effect).ok()).collect()
    };
    let (mut points, mut broken) = (0, Vec::new());
    for (place, first) in at_work(&best, 0).into_iter().enumerate() {
        let course = play(scene, sight, &Trouble::Kill(vec![first]), false);
        let from = usize::try_from(first).unwrap_or(usize::MAX).saturating_add(1);
        // Of a long retry one point in so many, other ones for each first death: together they leave none out.
        for second in at_work(&course, from).into_iter().skip(place % every).step_by(every) {
            points += 1;
            broken.extend(complaint_about(scene, sight, &Trouble::Kill(vec![first, second]), &best));
        }
    }
    judge(name, points, &broken);
}

#[test]
fn killed_at_every_effect_of_a_create_while_vendors_show_it_at_once() {
    for name in ["create-left", "create-right", "create-both"] {
        walk(name, &[Sight::Clear], kills);
    }
}

#[test]
fn killed_twice_while_creating_at_the_right() {
    walk_in_pairs("create-left", |role| matches!(role, Role::Write(_)), 1);
}

#[test]
fn killed_twice_while_creating_at_the_left() {
    walk_in_pairs("create-right", |role| matches!(role, Role::Write(_)), 1);
}

#[test]
fn killed_twice_while_filling_back() {
    walk_in_pairs("backfill", |role| matches!(role, Role::Write(_) | Role::Backfill), 40);
}
