//! Records by id.

use syncline_conformance::{Lab, same};
use syncline_model::{Presence, RecordId};

use crate::examine;

#[test]
fn records_are_read_in_the_order_of_the_ids() {
    examine(async |candidate| {
        let lab = Lab::new(candidate);
        if !lab.gets() {
            return;
        }
        let ids = lab.plant(0..7);
        lab.delete(&ids[2]);
        let absent = RecordId::new(candidate.object.absent);
        let asked = [&ids[5], &ids[2], &absent, &ids[0], &ids[6], &ids[5]].map(Clone::clone);
        let found = lab.connector().get(&lab.selection(), &asked, lab.by()).await.unwrap();
        let truth = lab.truth();
        for (id, found) in asked.iter().zip(&found) {
            match (truth.get(id), found) {
                (Some(own), Some(found)) => {
                    assert!(found.is_live());
                    let differs: Vec<_> = lab.selection().fields.into_iter().filter(|field| !same(found, own, field.as_str())).collect();
                    assert!(differs.is_empty(), "{differs:?} of {id} are not what the account holds");
                }
                (Some(_), None) => panic!("{id} is live, and was not found"),
                (None, Some(found)) => {
                    assert!(*id == ids[2], "a record that never was");
                    assert_eq!(found.presence, Presence::Deleted);
                }
                (None, None) => assert!(*id == absent || !candidate.facts.lists_deletes, "a deleted record says that it is"),
            }
        }
    });
}

#[test]
fn as_many_as_declared_are_read_in_one_question() {
    examine(async |candidate| {
        let lab = Lab::new(candidate);
        if !lab.gets() {
            return;
        }
        let most = candidate.facts.bounds.get_records_max;
        let ids = lab.plant(0..most);
        let found = lab.connector().get(&lab.selection(), &ids, lab.by()).await.unwrap();
        assert_eq!(found.iter().flatten().filter(|record| record.is_live()).count(), ids.len());
        assert!(lab.connector().get(&lab.selection(), &[], lab.by()).await.unwrap().is_empty());
    });
}

#[test]
fn an_id_of_another_form_is_no_record() {
    examine(async |candidate| {
        let lab = Lab::new(candidate);
        if !lab.gets() {
            return;
        }
        let ids = lab.plant(0..1);
        let asked = ["no-id-of-this-vendor".into(), ids[0].clone(), "../x'; --".into()];
        let found = lab.connector().get(&lab.selection(), &asked, lab.by()).await.unwrap();
        assert_eq!(found.iter().map(Option::is_some).collect::<Vec<_>>(), [false, true, false]);
    });
}
