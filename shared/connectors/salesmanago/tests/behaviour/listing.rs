//! Lists that belong to owners, move while they are read, and take windows of thirty days at most.

use std::collections::BTreeSet;

use serde_json::json;
use syncline_model::RecordId;
use syncline_salesmanago_sim::{ModifiedList, Profile, SECOND_OWNER_EMAIL};

use crate::scene::Scene;

fn contact(scene: &Scene, number: usize, owner: &str) -> RecordId {
    scene.type_in(&[("email", json!(format!("person{number}@a.example"))), ("mainContactOwner", json!(owner))])
}

#[tokio::test]
async fn every_owners_contacts_are_listed_unless_the_settings_name_some() {
    for (settings, expected) in [(vec![], 2), (vec![("owners", SECOND_OWNER_EMAIL)], 1)] {
        let scene = Scene::new(Profile::default(), &settings);
        let before = scene.now();
        contact(&scene, 1, "admin@acme.example");
        contact(&scene, 2, SECOND_OWNER_EMAIL);
        // A contact that several users share stands in the list of each.
        let told: BTreeSet<_> = scene.changes(before, |_| {}).await.into_iter().map(|record| record.id).collect();
        assert!(told.len() >= expected, "{settings:?}: {}", told.len());
    }
}

#[tokio::test]
async fn what_is_edited_while_its_list_is_read_pulls_nobody_out_of_it() {
    for modified_list in [ModifiedList::State, ModifiedList::Log] {
        let scene = Scene::new(Profile { modified_list, ..Profile::default() }, &[("owners", "admin@acme.example")]);
        let before = scene.now();
        let ids: Vec<RecordId> = (0..650).map(|number| contact(&scene, number, "admin@acme.example")).collect();
        scene.pass(60);
        let told = scene
            .changes(before, |page| {
                scene.pass(1);
                for id in ids.iter().skip(page * 20).take(20) {
                    scene.edit(id, "company", json!(format!("Edited {page}")));
                }
            })
            .await;
        let seen: BTreeSet<&RecordId> = told.iter().map(|record| &record.id).collect();
        // Those that were edited come with the next listing; the others must all be here.
        let pages = told.len().div_ceil(200) + 4;
        let lost = ids.iter().skip((pages + 1) * 20).filter(|id| !seen.contains(id)).count();
        assert_eq!(lost, 0, "{modified_list:?}");
    }
}

#[tokio::test]
async fn a_long_silence_is_read_in_windows() {
    let scene = Scene::new(Profile::default(), &[("owners", "admin@acme.example")]);
    let before = scene.now();
    let mut made = BTreeSet::new();
    for number in 0..5 {
        scene.pass(20 * 86_400);
        made.insert(contact(&scene, number, "admin@acme.example"));
    }
    scene.pass(60);
    let told: BTreeSet<RecordId> = scene.changes(before, |_| {}).await.into_iter().map(|record| record.id).collect();
    assert_eq!(told, made);
    assert!(scene.calls("/paginatedModifiedContacts") >= 4, "a hundred days are four windows");
}
