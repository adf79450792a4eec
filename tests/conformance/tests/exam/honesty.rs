//! Capabilities: what is declared is examined elsewhere; what is not declared is refused here, never answered with an empty success.

use syncline_conformance::{Lab, Place};
use syncline_engine::ports::connector::{FieldWish, FindKey, Outcome, Selection, WriteAction};
use syncline_model::{CallError, Fault, FieldSchema, FieldType, ObjectKind, Value};

use crate::examine;

fn unsupported<T: std::fmt::Debug>(answer: &Result<T, CallError>) {
    assert!(matches!(answer, Err(error) if matches!(error.fault, Fault::Unsupported { .. })), "{answer:?}");
}

#[test]
fn what_is_not_declared_is_refused() {
    examine(async |candidate| {
        let lab = Lab::new(candidate);
        let ids = lab.plant(0..2);
        let selection = lab.selection();
        if !lab.lists() {
            unsupported(&lab.page(&selection, &Place::Scan).await);
        }
        if !lab.tells() {
            unsupported(&lab.page(&selection, &Place::Since(lab.now())).await);
        }
        if !lab.gets() {
            unsupported(&lab.connector().get(&selection, &ids, lab.by()).await);
        }
        if !lab.finds() {
            let key = FindKey { field: candidate.object.name.into(), value: Value::text("Somebody") };
            unsupported(&lab.connector().find(&selection, &[key], lab.by()).await);
        }
        let before = lab.live_ids();
        let schema = lab.schema().await;
        let undeclared =
            [(lab.creates(), lab.create(&schema, 50)), (candidate.facts.can_delete, WriteAction::Delete { id: ids[0].clone() })];
        let change = (lab.writes(), lab.update(&ids[0], "Never written"));
        for (_, action) in undeclared.into_iter().chain([change]).filter(|(declared, _)| !declared) {
            match lab.connector().write(&selection, &[action], lab.by()).await {
                Ok(outcomes) => assert!(matches!(outcomes.as_slice(), [Outcome::Failed(Fault::Unsupported { .. })]), "{outcomes:?}"),
                Err(error) => unsupported::<()>(&Err(error)),
            }
        }
        assert_eq!(lab.live_ids(), before);
    });
}

#[test]
fn a_restore_happens_or_is_refused() {
    examine(async |candidate| {
        let lab = Lab::new(candidate);
        let ids = lab.plant(0..2);
        lab.delete(&ids[0]);
        let restore = WriteAction::Restore { id: ids[0].clone() };
        match lab.connector().write(&lab.selection(), &[restore], lab.by()).await.map(|mut outcomes| outcomes.remove(0)) {
            Ok(Outcome::Written { .. }) => assert!(lab.live_ids().contains(&ids[0]), "said to be back, and is not"),
            Ok(Outcome::Failed(fault)) => {
                assert!(matches!(fault, Fault::Unsupported { .. }), "{fault:?}");
                assert!(!lab.live_ids().contains(&ids[0]));
            }
            Err(error) => unsupported::<()>(&Err(error)),
        }
    });
}

#[test]
fn an_object_that_nobody_has_is_refused_by_every_question() {
    examine(async |candidate| {
        let lab = Lab::new(candidate);
        let ids = lab.plant(0..1);
        let kind = ObjectKind::new("unheard_of");
        let selection = Selection { kind: kind.clone(), fields: vec![candidate.object.name.into()] };
        let key = FindKey { field: candidate.object.name.into(), value: Value::text("Somebody") };
        unsupported(&lab.connector().describe(&kind, lab.by()).await);
        unsupported(&lab.page(&selection, &Place::Scan).await);
        unsupported(&lab.page(&selection, &Place::Since(lab.now())).await);
        unsupported(&lab.connector().get(&selection, &ids, lab.by()).await);
        unsupported(&lab.connector().find(&selection, &[key], lab.by()).await);
        let update = lab.update(&ids[0], "Never written");
        match lab.connector().write(&selection, &[update], lab.by()).await {
            Ok(outcomes) => assert!(matches!(outcomes.as_slice(), [Outcome::Failed(Fault::Unsupported { .. })]), "{outcomes:?}"),
            Err(error) => unsupported::<()>(&Err(error)),
        }
        let mut schema = FieldSchema::new("unheard_of__c", "Unheard of", FieldType::Text);
        schema.custom = true;
        unsupported(&lab.connector().provision(&FieldWish { kind, schema }, lab.by()).await);
    });
}
