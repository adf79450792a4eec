//! Recorded answers: each decodes as its sheet says, and what it means survives the way through the connector and its simulator.

use std::collections::{BTreeMap, BTreeSet};

use syncline_conformance::{Lab, Means, Recorded, Sheet, fixtures, meaning, sheets};
use syncline_engine::ports::connector::{BadRecord, Outcome, WriteAction};
use syncline_model::{Fault, FieldName, FieldType, ObjectSchema, Problem, Record, Value};

use crate::examine;

fn decoded(sheet: &Sheet, recorded: &Recorded) -> Result<Vec<Result<Record, BadRecord>>, Fault> {
    let body = std::fs::read(fixtures(sheet).join(recorded.file)).unwrap();
    syncline_registry::vendor(sheet.system).unwrap().decode(&recorded.kind.into(), &body)
}

fn means(sheet: &Sheet, recorded: &Recorded) -> Means {
    match decoded(sheet, recorded) {
        Ok(rows) => {
            let good = rows.iter().filter(|row| row.is_ok()).count();
            Means::Rows { good, bad: rows.len() - good }
        }
        Err(fault) => Means::Fault(fault.code()),
    }
}

#[test]
fn every_recorded_answer_is_on_the_sheet_of_its_vendor() {
    for sheet in sheets() {
        let files = std::fs::read_dir(fixtures(sheet)).unwrap_or_else(|error| panic!("{}: {error}", sheet.system));
        let paths = files.map(|file| file.unwrap().path()).filter(|path| path.extension().is_some_and(|its| its == "json"));
        let there: BTreeSet<String> = paths.map(|path| path.file_name().unwrap().to_string_lossy().into_owned()).collect();
        let on_sheet: BTreeSet<String> = sheet.recorded.iter().map(|recorded| recorded.file.to_owned()).collect();
        assert_eq!(there, on_sheet, "{}", sheet.system);
    }
}

#[test]
fn every_recorded_answer_means_what_the_sheet_says() {
    let mut differs = Vec::new();
    for sheet in sheets() {
        for recorded in sheet.recorded {
            let found = means(sheet, recorded);
            if found != recorded.means {
                differs.push(format!("{} {} as {}: {found:?}", sheet.system, recorded.file, recorded.kind));
            }
        }
    }
    assert!(differs.is_empty(), "{}", differs.join("\n"));
}

/// Whether a field names another record by its number alone.
fn is_foreign(name: &FieldName) -> bool {
    name.as_str().ends_with("_id")
}

/// Of a recorded record, what can be written: described here too, and given a value. A reference goes to a parent that is there.
fn writable(lab: &Lab, schema: &ObjectSchema, record: &Record) -> BTreeMap<FieldName, Value> {
    let mut fields = BTreeMap::new();
    for (name, value) in record.fields.iter().filter(|(_, value)| !value.is_null()) {
        let Some(field) = schema.field(name.as_str()).filter(|field| field.creatable) else { continue };
        let value = match &field.field_type {
            FieldType::Reference { to } => to.iter().find_map(|kind| lab.parent(kind, 900)).map(Value::Reference),
            // The number of somebody who is not in this account.
            FieldType::Integer if is_foreign(name) => None,
            FieldType::Bool
            | FieldType::Integer
            | FieldType::Decimal
            | FieldType::Text
            | FieldType::Email
            | FieldType::Phone
            | FieldType::Date
            | FieldType::DateTime
            | FieldType::Choice { .. }
            | FieldType::Set { .. }
            | FieldType::Id
            | FieldType::Other(_) => Some(value.clone()),
        };
        fields.extend(value.map(|value| (name.clone(), value)));
    }
    fields
}

#[test]
fn recorded_records_go_through_the_connector_and_mean_the_same() {
    let carried = std::cell::Cell::new(0);
    examine(async |candidate| {
        let schema = Lab::new(candidate).schema().await;
        for recorded in candidate.sheet.recorded.iter().filter(|recorded| recorded.kind == candidate.object.kind) {
            for record in decoded(candidate.sheet, recorded).into_iter().flatten().flatten() {
                let lab = Lab::new(candidate);
                let recorded_fields = writable(&lab, &schema, &record);
                if recorded_fields.is_empty() || !lab.creates() || !lab.gets() {
                    continue;
                }
                // What a create needs and the recording does not show comes from the sheet.
                let mut fields = lab.values(&schema, &(candidate.object.record)(1));
                fields.extend(recorded_fields.clone());
                let create = WriteAction::Create { fields, once: None };
                let selection = lab.selecting(recorded_fields.keys().cloned());
                let outcome = lab.connector().write(&selection, &[create], lab.by()).await.unwrap().remove(0);
                // What belongs to another record, by its kind and its number, cannot be made here.
                let foreign = |problem: &Problem| problem.field.as_ref().is_some_and(is_foreign);
                if matches!(&outcome, Outcome::Failed(Fault::Rejected { problems }) if problems.iter().all(foreign)) {
                    continue;
                }
                let Outcome::Written { id, .. } = outcome else { panic!("{}: {outcome:?}", recorded.file) };
                let got = lab.connector().get(&selection, &[id], lab.by()).await.unwrap().remove(0).unwrap();
                for (name, value) in &recorded_fields {
                    assert_eq!(meaning(got.field(name.as_str())), meaning(Some(value)), "{}: {name}", recorded.file);
                }
                carried.set(carried.get() + recorded_fields.len());
            }
        }
    });
    assert!(carried.get() > 10, "hardly a recorded value was carried");
}
