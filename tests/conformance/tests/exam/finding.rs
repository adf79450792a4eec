//! Records by key.

use serde_json::json;
use syncline_conformance::{Lab, value_of};
use syncline_engine::ports::connector::FindKey;
use syncline_model::{Fault, FieldType, ObjectSchema, RecordId, Value};

use crate::examine;

fn is_set(schema: &ObjectSchema, field: &str) -> bool {
    matches!(schema.field(field).unwrap().field_type, FieldType::Set { .. })
}

/// A person's record that carries this value in this field.
fn plant_with(lab: &Lab, schema: &ObjectSchema, number: u32, field: &str, value: &str) -> RecordId {
    lab.plant_with(number, field, if is_set(schema, field) { json!([value]) } else { json!(value) })
}

fn key(schema: &ObjectSchema, field: &str, value: &str) -> FindKey {
    let field_type = &schema.field(field).unwrap().field_type;
    FindKey { field: field.into(), value: value_of(&json!(value), field_type) }
}

async fn found(lab: &Lab, keys: &[FindKey]) -> Vec<Vec<RecordId>> {
    let found = lab.connector().find(&lab.selection(), keys, lab.by()).await.unwrap();
    found.into_iter().map(|records| records.into_iter().map(|record| record.id).collect()).collect()
}

#[test]
fn each_declared_key_finds_its_record_and_no_other() {
    examine(async |candidate| {
        let lab = Lab::new(candidate);
        if !lab.finds() {
            return;
        }
        let schema = lab.schema().await;
        lab.plant(0..20);
        let mut sought = Vec::new();
        let mut number = 100;
        for known in candidate.object.keys {
            for value in known.values {
                number += 1;
                let id = plant_with(&lab, &schema, number, known.field, value);
                sought.push((key(&schema, known.field, value), Some(id.clone())));
                if known.folds_case {
                    sought.push((key(&schema, known.field, &value.to_uppercase().replace("SS", "ß")), Some(id.clone())));
                }
                sought.push((key(&schema, known.field, &format!("0{value}")), None));
            }
        }
        lab.pass_find_lag();
        let most = usize::try_from(candidate.facts.bounds.find_keys_max).unwrap();
        for group in sought.chunks(most) {
            let keys: Vec<FindKey> = group.iter().map(|(key, _)| key.clone()).collect();
            for ((key, id), found) in group.iter().zip(found(&lab, &keys).await) {
                assert_eq!(found, id.iter().cloned().collect::<Vec<_>>(), "by {} {}", key.field, key.value.to_plain());
            }
        }
    });
}

#[test]
fn a_record_is_found_as_soon_as_declared_and_not_once_it_is_deleted() {
    examine(async |candidate| {
        let lab = Lab::new(candidate);
        if !lab.finds() {
            return;
        }
        let schema = lab.schema().await;
        for (number, known) in (100..).zip(candidate.object.keys) {
            let value = known.values[0];
            let sought = [key(&schema, known.field, value)];
            let id = plant_with(&lab, &schema, number, known.field, value);
            lab.pass_find_lag();
            assert_eq!(found(&lab, &sought).await, [vec![id.clone()]], "by {}", known.field);
            lab.delete(&id);
            lab.pass_find_lag();
            assert_eq!(found(&lab, &sought).await, [Vec::<RecordId>::new()], "by {}, after its deletion", known.field);
        }
    });
}

#[test]
fn several_records_with_one_value_are_all_found() {
    examine(async |candidate| {
        let lab = Lab::new(candidate);
        if !lab.finds() {
            return;
        }
        let schema = lab.schema().await;
        for known in candidate.object.keys.iter().filter(|known| !schema.field(known.field).unwrap().unique) {
            let number = 300;
            let ids: Vec<RecordId> = (number..number + 3)
                .filter_map(|number| {
                    let mut fields = (candidate.object.record)(number);
                    fields.insert(known.field.to_owned(), json!(known.values[0]));
                    lab.type_in(&fields).ok()
                })
                .collect();
            lab.pass_find_lag();
            let mut all = found(&lab, &[key(&schema, known.field, known.values[0])]).await.remove(0);
            all.sort();
            let mut wanted = ids.clone();
            wanted.sort();
            assert_eq!(all, wanted, "by {}", known.field);
            for id in &ids {
                lab.delete(id);
            }
        }
    });
}

#[test]
fn a_field_that_cannot_be_searched_is_refused_and_an_empty_value_finds_nobody() {
    examine(async |candidate| {
        let lab = Lab::new(candidate);
        if !lab.finds() {
            return;
        }
        let schema = lab.schema().await;
        lab.plant(0..3);
        let unsearchable = [key(&schema, candidate.object.unsearchable, "Examined role 1")];
        let refused = lab.connector().find(&lab.selection(), &unsearchable, lab.by()).await;
        assert!(matches!(&refused, Err(error) if matches!(error.fault, Fault::Unsupported { .. })), "{refused:?}");
        for known in candidate.object.keys {
            let empty = [FindKey { field: known.field.into(), value: Value::Null }];
            match lab.connector().find(&lab.selection(), &empty, lab.by()).await {
                Ok(found) => assert!(found[0].is_empty(), "an empty {} found somebody", known.field),
                Err(error) => assert!(matches!(error.fault, Fault::Unsupported { .. }), "{error}"),
            }
        }
    });
}
