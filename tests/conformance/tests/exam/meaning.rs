//! A connector and its simulator agree on what people type, for all that people may type.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value as Json, json};
use syncline_conformance::{Candidate, Lab, meaning, same};
use syncline_engine::ports::connector::{Outcome, Selection, WriteAction};
use syncline_model::{FieldName, ObjectSchema, Record, RecordId};
use syncline_simulator::Fields;

use crate::{examine_each, run};

/// Histories a candidate; each has several records.
const CASES: u32 = 12;
/// Records of one history.
const RECORDS_MAX: usize = 6;

/// What people type into a field of text.
fn any_typed() -> impl Strategy<Value = String> {
    let odd = select(vec![
        "",
        " ",
        "\t",
        "null",
        "true",
        "0012",
        "12",
        "-7.50",
        "O'Neill",
        "say \"hi\"",
        "back\\slash",
        "a;b",
        "<b>bold</b> & more",
        "100%",
        "line one\nline two",
        "line one\r\nline two",
        "zero\u{200b}width",
        "e\u{301}",
        "\u{1f469}\u{200d}\u{1f4bb}",
        "ﬁne",
        "ŞIĞ",
        "{}",
        "[]",
        "2026-02-11x",
    ]);
    prop_oneof![
        3 => odd.prop_map(str::to_owned),
        2 => "[ a-zA-ZäöüßéşłŻ日本語'’&.-]{0,30}",
        2 => "\\+?[0-9 ()/.-]{0,20}",
        1 => "\\PC{0,30}",
    ]
}

/// A record's typed fields by their place on the sheet.
fn any_history(fields: usize) -> impl Strategy<Value = Vec<Vec<Option<String>>>> {
    vec(vec(proptest::option::weighted(0.7, any_typed()), fields), 1..RECORDS_MAX)
}

struct Scene {
    lab: Lab,
    schema: ObjectSchema,
    selection: Selection,
}

impl Scene {
    async fn new(candidate: Candidate) -> Self {
        let lab = Lab::new(candidate);
        let typed = candidate.object.typed.iter().map(|name| (*name).to_owned());
        let names = (candidate.object.record)(0).into_keys().chain(typed).collect::<std::collections::BTreeSet<String>>();
        Self { schema: lab.schema().await, selection: lab.selecting(names), lab }
    }

    fn fields(&self, number: u32, texts: &[Option<String>]) -> Fields {
        let object = self.lab.candidate.object;
        let mut fields = (object.record)(number);
        let typed = object.typed.iter().zip(texts);
        fields.extend(typed.filter_map(|(name, text)| Some(((*name).to_owned(), json!(text.as_ref()?)))));
        fields
    }

    async fn read(&self, ids: &[RecordId]) -> Vec<Record> {
        let found = self.lab.connector().get(&self.selection, ids, self.lab.by()).await.unwrap();
        found.into_iter().map(|record| record.expect("the record is live")).collect()
    }

    fn agrees(&self, record: &Record, own: &Record) -> Result<(), TestCaseError> {
        for field in &self.selection.fields {
            prop_assert!(
                same(record, own, field.as_str()),
                "{field}: read {}, held {}",
                meaning(record.field(field.as_str())),
                meaning(own.field(field.as_str()))
            );
        }
        Ok(())
    }
}

/// A text as it is compared where vendors trim, and end lines in their own way.
fn trimmed(json: &Json) -> String {
    json.as_str().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What was typed in reads back as the account holds it, and means what was typed.
async fn typed_in(candidate: Candidate, history: &[Vec<Option<String>>]) -> Result<(), TestCaseError> {
    let scene = Scene::new(candidate).await;
    let mut made: Vec<(RecordId, Fields)> = Vec::new();
    for (number, texts) in (0..).zip(history) {
        let fields = scene.fields(number, texts);
        // The vendor may refuse a value; then there is nothing to read.
        if let Ok(id) = scene.lab.type_in(&fields) {
            made.push((id, fields));
        }
    }
    let truth = scene.lab.truth();
    let ids: Vec<RecordId> = made.iter().map(|(id, _)| id.clone()).collect();
    for (record, (id, fields)) in scene.read(&ids).await.iter().zip(&made) {
        scene.agrees(record, &truth[id])?;
        for name in candidate.object.typed {
            let typed = fields.get(*name).map(trimmed).unwrap_or_default();
            prop_assert_eq!(trimmed(&meaning(record.field(name))), typed, "{}", name);
        }
    }
    Ok(())
}

/// What we write is what the account then holds; what we are told is stored is what it holds; and writing it again changes nothing.
async fn written(candidate: Candidate, history: &[Vec<Option<String>>]) -> Result<(), TestCaseError> {
    let scene = Scene::new(candidate).await;
    let most = usize::try_from(candidate.facts.bounds.write_records_max).unwrap();
    let values: Vec<_> = (0..).zip(history).map(|(number, texts)| scene.lab.values(&scene.schema, &scene.fields(number, texts))).collect();
    let creates: Vec<WriteAction> = values.iter().map(|fields| WriteAction::Create { fields: fields.clone(), once: None }).collect();
    let mut outcomes = Vec::new();
    for group in creates.chunks(most) {
        outcomes.extend(scene.lab.connector().write(&scene.selection, group, scene.lab.by()).await.unwrap());
    }
    let truth = scene.lab.truth();
    for (fields, outcome) in values.iter().zip(outcomes) {
        let Outcome::Written { id, stored, .. } = outcome else { continue };
        if let Some(stored) = stored {
            scene.agrees(&stored, &truth[&id])?;
        }
        let record = scene.read(std::slice::from_ref(&id)).await.remove(0);
        scene.agrees(&record, &truth[&id])?;
        for name in candidate.object.typed {
            let sent = meaning(fields.get(*name));
            prop_assert_eq!(trimmed(&meaning(record.field(name))), trimmed(&sent), "{}", name);
        }
        let may_change = |name: &FieldName| scene.schema.field(name.as_str()).is_none_or(|field| field.updatable);
        let back = record.fields.clone().into_iter().filter(|(name, _)| may_change(name)).collect();
        let again = WriteAction::Update { id: id.clone(), fields: back, expected: None };
        let outcome = scene.lab.connector().write(&scene.selection, &[again], scene.lab.by()).await.unwrap().remove(0);
        prop_assert!(matches!(outcome, Outcome::Written { .. }), "what was read cannot be written back: {:?}", outcome);
        let after = scene.read(&[id]).await.remove(0);
        prop_assert!(after.fields == record.fields, "what was read and written back reads otherwise");
    }
    Ok(())
}

fn for_all(candidate: Candidate, holds: impl Fn(&[Vec<Option<String>>]) -> Result<(), TestCaseError>) {
    let config = Config { cases: CASES, failure_persistence: None, ..Config::default() };
    let strategy = any_history(candidate.object.typed.len());
    TestRunner::new_with_rng(config, proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha))
        .run(&strategy, |history| holds(&history))
        .unwrap_or_else(|trouble| panic!("{trouble}"));
}

#[test]
fn what_people_type_reads_back_as_the_account_holds_it() {
    examine_each(|candidate| {
        if Lab::new(candidate).gets() {
            for_all(candidate, |history| run(typed_in(candidate, history)));
        }
    });
}

#[test]
fn what_is_written_reads_back_and_can_be_written_again() {
    examine_each(|candidate| {
        let lab = Lab::new(candidate);
        if lab.creates() && lab.gets() {
            for_all(candidate, |history| run(written(candidate, history)));
        }
    });
}
