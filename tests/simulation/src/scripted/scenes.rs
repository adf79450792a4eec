//! The scenes: in each exactly one thing happens.

use serde_json::json;
use syncline_model::Side;
use syncline_simulator::Fields;

use super::stage::{Kind, Stage, company, email, person, reference, title};

/// One thing that happens, and what must be there in the end.
pub struct Scene {
    pub name: &'static str,
    /// What happened before, and came to rest each time.
    pub before: &'static [fn(&mut Stage)],
    pub act: fn(&mut Stage),
    /// Whether the act comes before the sync is turned on, which then begins with a backfill.
    pub backfill: bool,
    /// Companies and contacts that are live on both sides and linked with each other.
    pub pairs: [usize; 2],
    /// Contacts that are live without a live counterpart, by side.
    pub alone: [usize; 2],
    /// Records that a person must decide on.
    pub held: usize,
    /// Records that the vendors stored for us since the act, by side: none of them is one too many.
    pub created: [usize; 2],
}

use Side::{Left, Right};

/// Every scene.
pub const SCENES: &[Scene] = &[
    Scene { act: pair_from_left, created: [0, 1], ..scene("create-left", [0, 1]) },
    Scene { act: |stage| drop(stage.create(Right, Kind::Contact, &person(Right, 1))), created: [1, 0], ..scene("create-right", [0, 1]) },
    Scene { act: create_on_both, ..scene("create-both", [0, 1]) },
    // Each of two who share a number gets a counterpart of its own, also where one's was just made when the other's is looked for.
    Scene { act: |stage| lookalikes(stage, Left), created: [0, 2], ..scene("lookalikes-left", [0, 2]) },
    Scene { act: |stage| lookalikes(stage, Right), created: [2, 0], ..scene("lookalikes-right", [0, 2]) },
    Scene { before: &[pair_from_left], act: |stage| edit(stage, Left), ..scene("update-left", [0, 1]) },
    Scene { before: &[pair_from_left], act: |stage| edit(stage, Right), ..scene("update-right", [0, 1]) },
    Scene { before: &[pair_from_left], act: edit_both, ..scene("update-both", [0, 1]) },
    // A deletion at Freshdesk is not carried over by this recipe: the other record stays, and the link waits for the record's return.
    Scene { before: &[pair_from_left], act: |stage| delete(stage, Left), alone: [0, 1], ..scene("delete-left", [0, 0]) },
    Scene { before: &[pair_from_left], act: |stage| delete(stage, Right), ..scene("delete-right", [0, 0]) },
    Scene { before: &[pair_from_left, |stage| delete(stage, Left)], act: |stage| restore(stage, Left), ..scene("restore-left", [0, 1]) },
    // The link field of the deleted contact keeps the unique id, so no new contact can have it: a person restores or frees it.
    Scene {
        before: &[pair_from_left, |stage| delete(stage, Right)],
        act: |stage| restore(stage, Right),
        alone: [0, 1],
        held: 1,
        ..scene("restore-right", [0, 0])
    },
    // Freshdesk does not tell a merge from a deletion once the winner has the loser's email: the loser's counterpart stays.
    Scene { before: &[two_pairs], act: |stage| merge(stage, Left), alone: [0, 1], ..scene("merge-left", [0, 1]) },
    Scene { before: &[without_mobile], act: |stage| succeed(stage, Left), alone: [0, 1], created: [0, 1], ..scene("succeed-left", [0, 1]) },
    // Both were linked: which of the counterparts is the right one, a person says.
    Scene { before: &[two_pairs], act: |stage| merge(stage, Right), alone: [1, 0], held: 1, ..scene("merge-right", [0, 1]) },
    // Only the loser was linked: its link moves to the survivor.
    Scene { before: &[without_mobile], act: |stage| succeed(stage, Right), ..scene("succeed-right", [0, 1]) },
    Scene { act: |stage| drop(child(stage, Left)), created: [0, 2], ..scene("child-left", [1, 1]) },
    Scene { act: |stage| drop(child(stage, Right)), created: [2, 0], ..scene("child-right", [1, 1]) },
    // The contact is told of by a webhook before its company is known: it waits for it.
    Scene { act: |stage| hinted_child(stage, Left), created: [0, 2], ..scene("waiting-left", [1, 1]) },
    Scene { act: |stage| hinted_child(stage, Right), created: [2, 0], ..scene("waiting-right", [1, 1]) },
    Scene { before: &[employed], act: |stage| change_company(stage, Left), ..scene("new-company-left", [2, 1]) },
    Scene { before: &[employed], act: |stage| change_company(stage, Right), ..scene("new-company-right", [2, 1]) },
    Scene { act: accounts, backfill: true, created: [2, 2], ..scene("backfill", [1, 6]) },
];

const fn scene(name: &'static str, pairs: [usize; 2]) -> Scene {
    Scene { name, before: &[], act: |_| (), backfill: false, pairs, alone: [0, 0], held: 0, created: [0, 0] }
}

fn pair_from_left(stage: &mut Stage) {
    stage.create(Left, Kind::Contact, &person(Left, 1));
}

fn without_mobile(stage: &mut Stage) {
    stage.create(Left, Kind::Contact, &person(Left, 2));
}

fn two_pairs(stage: &mut Stage) {
    stage.create(Left, Kind::Contact, &person(Left, 1));
    stage.create(Right, Kind::Contact, &person(Right, 2));
}

/// The same person on both sides at once.
fn create_on_both(stage: &mut Stage) {
    stage.create(Left, Kind::Contact, &person(Left, 1));
    stage.create(Right, Kind::Contact, &person(Right, 1));
}

/// Two new contacts that share a mobile number.
fn lookalikes(stage: &mut Stage, side: Side) {
    let mobile = side.of("mobile", "MobilePhone");
    let shared = person(side, 1).get(mobile).cloned();
    for number in [1, 2] {
        let mut fields = person(side, number);
        fields.extend(shared.clone().map(|shared| (mobile.to_owned(), shared)));
        stage.create(side, Kind::Contact, &fields);
    }
}

fn one(stage: &Stage, side: Side, number: u32) -> String {
    // The vendor may have spelled the mobile its own way.
    stage.find(side, Kind::Contact, &person(side, number).into_iter().filter(|(name, _)| name == email(side)).collect())
}

fn edit(stage: &mut Stage, side: Side) {
    let id = one(stage, side, 1);
    stage.edit(side, Kind::Contact, &id, &title(side, "Zq000010"));
}

/// One field of the same pair on each side.
fn edit_both(stage: &mut Stage) {
    edit(stage, Left);
    let id = one(stage, Right, 1);
    stage.edit(Right, Kind::Contact, &id, &[("MobilePhone".to_owned(), json!("+491710000011"))].into());
}

fn delete(stage: &mut Stage, side: Side) {
    let id = one(stage, side, 1);
    stage.deleted = Some(id.clone());
    stage.delete(side, Kind::Contact, &id);
}

fn restore(stage: &mut Stage, side: Side) {
    let id = stage.deleted.take().unwrap_or_default();
    stage.restore(side, Kind::Contact, &id);
}

fn merge(stage: &mut Stage, side: Side) {
    let (survivor, loser) = (one(stage, side, 1), one(stage, side, 2));
    stage.merge(side, Kind::Contact, &survivor, &loser);
}

/// A new record of the same name takes the place of one that is linked, before anybody else saw it.
fn succeed(stage: &mut Stage, side: Side) {
    let loser = one(stage, side, 2);
    let mut fields = person(side, 2);
    fields.insert(email(side).to_owned(), json!("zq000020@example.test"));
    let survivor = stage.create(side, Kind::Contact, &fields);
    stage.merge(side, Kind::Contact, &survivor, &loser);
}

fn employed_at(side: Side, number: u32, parent: &str) -> Fields {
    let mut fields = person(side, number);
    fields.insert(reference(side).to_owned(), json!(parent));
    fields
}

/// A contact together with its company.
fn child(stage: &mut Stage, side: Side) -> String {
    let parent = stage.create(side, Kind::Company, &company(side, 7));
    stage.create(side, Kind::Contact, &employed_at(side, 1, &parent))
}

fn hinted_child(stage: &mut Stage, side: Side) {
    let id = child(stage, side);
    stage.hint(side, Kind::Contact, &id);
}

/// A contact in the first of two companies.
fn employed(stage: &mut Stage) {
    drop(child(stage, Left));
    stage.create(Right, Kind::Company, &company(Right, 8));
}

fn change_company(stage: &mut Stage, side: Side) {
    let (id, parent) = (one(stage, side, 1), stage.find(side, Kind::Company, &company(side, 8)));
    stage.edit(side, Kind::Contact, &id, &[(reference(side).to_owned(), json!(parent))].into());
}

/// Two accounts that never met, half of whose people are the same.
fn accounts(stage: &mut Stage) {
    for (side, numbers) in [(Left, [1, 2, 3, 4]), (Right, [1, 2, 5, 6])] {
        let parent = stage.create(side, Kind::Company, &company(side, 7));
        for number in numbers {
            let fields = if number % 2 == 1 { employed_at(side, number, &parent) } else { person(side, number) };
            stage.create(side, Kind::Contact, &fields);
        }
    }
}
